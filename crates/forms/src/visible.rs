//! What a caller sees, by its id.

use crate::repo::{Code, Record};
use crate::{Result, Scope};
use catalogue::OpenapiV2Error;
use catalogue::openapi_v2::Resource;
use store::{Statement, Tx, params};

/// The code.
pub(crate) fn code(tx: &mut Tx<'_>, scope: &Scope, code_id: i64) -> Result<Code> {
    Code::first(tx, Code::BY_ID, params![code_id, scope.org_id])?
        .filter(|found| scope.sees(found.org_id, found.project_id))
        .ok_or_else(|| Resource::Code.into())
}

/// The record.
pub(crate) fn record(tx: &mut Tx<'_>, scope: &Scope, record_id: i64) -> Result<Record> {
    one_record(tx, scope, Record::BY_ID, record_id)
}

/// The record, locked until the transaction ends.
pub(crate) fn lock_record(tx: &mut Tx<'_>, scope: &Scope, record_id: i64) -> Result<Record> {
    one_record(tx, scope, Record::LOCK, record_id)
}

fn one_record(tx: &mut Tx<'_>, scope: &Scope, select: Statement, record_id: i64) -> Result<Record> {
    let found = Record::first(tx, select, params![record_id, scope.org_id])?;
    seen(scope, found)
}

/// A record that was found, if it is there for the caller.
pub(crate) fn seen(scope: &Scope, found: Option<Record>) -> Result<Record> {
    found
        .filter(|record| record.deleted_at.is_none())
        .filter(|record| scope.sees(record.org_id, record.project_id))
        .ok_or_else(|| OpenapiV2Error::RecordNotFound.into())
}
