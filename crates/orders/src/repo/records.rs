//! Credit records: an organization's postings, as the API lists them; and what all lists share.

use crate::model::{Order, OrganizationId};
use crate::odata::{Bind, Entity, Field, Kind, ListQuery};
use kernel::{Credits, Timestamp};
use ledger::PostingId;
use serde::Serialize;
use store::{Param, Row, StoreError, Tx};

/// One movement of credit (`OrganizationCreditRecordResponse`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CreditRecord {
    /// Its id.
    pub organization_credit_record_id: PostingId,
    /// Its number for people.
    pub organization_credit_record_number: String,
    /// How much: negative for a decrease.
    pub quantity: Credits,
    /// `increase` or `decrease`.
    pub r#type: &'static str,
    /// The order that it belongs to, without its lines.
    pub order: Option<Order>,
    /// When.
    pub create_date_time: Timestamp,
}

const COLUMNS: &str = "p.posting_id, p.number, p.amount, p.created_at, o.order_id, o.order_number, \
    o.payment_type, o.order_status, o.payment_status, o.total, o.created_at, o.updated_at";

/// The list of credit records, as OData sees it.
pub static ENTITY: Entity = Entity {
    name: "OrganizationCreditRecordResponse",
    fields: &[
        Field::new("quantity", "p.amount", Kind::Int64),
        Field::new(
            "type",
            "(CASE WHEN p.amount < 0 THEN 'decrease' ELSE 'increase' END)",
            Kind::Enum {
                type_name: "OrganizationCreditRecordType",
                values: &["increase", "decrease"],
            },
        ),
        Field::new("create_date_time", "p.created_at", Kind::DateTime),
    ],
    collections: &[],
};

/// The records of an organization that a query asks for, and how many there are in all.
pub fn list(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    query: &ListQuery,
) -> Result<(Vec<CreditRecord>, i64), StoreError> {
    page(
        tx,
        query,
        COLUMNS,
        "postings p LEFT JOIN orders o ON o.organization_id = p.account_id AND o.order_id = p.reference \
         WHERE p.account_id = $1",
        &[Param::from(organization)],
        "p.posting_id DESC",
        |row| {
            let quantity: Credits = row.get(2)?;
            let has_order = row.get::<Option<String>>(4)?.is_some();
            Ok(CreditRecord {
                organization_credit_record_id: row.get(0)?,
                organization_credit_record_number: row.get(1)?,
                quantity,
                r#type: if quantity < Credits::ZERO {
                    "decrease"
                } else {
                    "increase"
                },
                order: if has_order {
                    Some(super::orders::order(row, 4)?)
                } else {
                    None
                },
                create_date_time: row.get(3)?,
            })
        },
    )
}

/// One page of a list, and the count of the whole. `source` is `<tables> WHERE <condition>` with
/// `fixed` as its parameters.
pub fn page<T>(
    tx: &mut Tx<'_>,
    query: &ListQuery,
    columns: &str,
    source: &str,
    fixed: &[Param<'_>],
    default_order: &'static str,
    map: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<(Vec<T>, i64), StoreError> {
    let mut params = fixed.to_vec();
    let mut source = source.to_owned();
    if let Some((condition, binds)) = query.condition(params.len() + 1) {
        source = format!("{source} AND ({condition})");
        params.extend(binds.into_iter().map(|bind| match bind {
            Bind::Int(value) => Param::from(value),
            Bind::Text(text) => Param::from(text),
        }));
    }
    let counts = tx.query_dynamic(&format!("SELECT COUNT(*) FROM {source}"), &params, |row| {
        row.get(0)
    })?;
    let count = counts.first().copied().unwrap_or(0);
    let order = query.order(default_order);
    let (limit, offset) = (params.len() + 1, params.len() + 2);
    params.extend([Param::from(query.top()), Param::from(query.skip())]);
    let rows = tx.query_dynamic(
        &format!(
            "SELECT {columns} FROM {source} ORDER BY {order} LIMIT CAST(${limit} AS BIGINT) OFFSET CAST(${offset} AS BIGINT)"
        ),
        &params,
        map,
    )?;
    Ok((rows, count))
}
