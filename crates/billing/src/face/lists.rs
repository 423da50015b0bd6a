//! Reading rows of the caller's account.

use super::fields::{PageOf, page_of};
use crate::model::AccountId;
use crate::{Billing, Error, Result, Scope};
use catalogue::recur::Resource;
use serde_json::{Map, Value};
use store::{StoreError, Tx};

/// A page of rows, as the contract wraps it. `rows` is given the account, the id to start after and how many.
pub async fn page<T: Send + 'static>(
    billing: &Billing,
    scope: &Scope,
    page: PageOf,
    mut rows: impl FnMut(&mut Tx<'_>, AccountId, &str, i64) -> Result<Vec<T>, StoreError>
    + Send
    + 'static,
    object: impl Fn(&T) -> Value,
) -> Result<Map<String, Value>> {
    let (account, wanted) = (scope.account_id, page.clone());
    let rows = billing
        .db()
        .scan(move |tx| rows(tx, account, &wanted.after, wanted.limit + 1))
        .await?;
    Ok(page_of(&page, rows, object, scope.livemode))
}

/// One row, which must be there.
pub async fn row<T: Send + 'static>(
    billing: &Billing,
    what: Resource,
    find: impl FnMut(&mut Tx<'_>) -> Result<Option<T>, StoreError> + Send + 'static,
) -> Result<T> {
    let found = billing.db().read(find).await?;
    found.ok_or_else(|| Error::from(what))
}
