use kernel::Timestamp;
use std::time::Duration;
use store::{Statement, StoreError, Tx, params, statements};

/// Work that has not moved for so long stands still.
const STILL: Duration = Duration::from_secs(3600);

statements! {
    AFFAIRS = "SELECT (SELECT COUNT(*) FROM forms_organizations), (SELECT COUNT(*) FROM forms_keys WHERE state = 'enabled'), \
        (SELECT COUNT(*) FROM forms_jobs WHERE state IN ('waiting', 'running') AND updated_at < $1), \
        (SELECT COUNT(*) FROM webhook_endpoints WHERE owner LIKE 'forms:%' AND disabled_reason = 'failing')";
}

pub(super) fn all_statements() -> Vec<Statement> {
    STATEMENTS.to_vec()
}

/// What an operator wants to know, over all organizations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Affairs {
    /// How many organizations there are.
    pub organizations: i64,
    /// How many keys can be used.
    pub keys: i64,
    /// Works on many records that do not go on.
    pub stalled: i64,
    /// Webhook endpoints that were switched off because they failed too long.
    pub endpoints_off: i64,
}

impl Affairs {
    /// How things are at `now`.
    pub fn at(tx: &mut Tx<'_>, now: Timestamp) -> Result<Self, StoreError> {
        let still = now.minus(STILL);
        tx.query_one(AFFAIRS, params![still], |row| {
            Ok(Self {
                organizations: row.get(0)?,
                keys: row.get(1)?,
                stalled: row.get(2)?,
                endpoints_off: row.get(3)?,
            })
        })
    }
}
