//! What has happened, for those who ask.

use crate::repo::events::{self, Event};
use crate::{Error, Result, Webhooks};
use store::Tx;

impl Webhooks {
    /// One event.
    pub async fn event(&self, owner: &str, id: &str) -> Result<Event> {
        let (owner, id) = (owner.to_owned(), id.to_owned());
        self.db().read(move |tx| find(tx, &owner, &id)).await
    }

    /// Up to `limit` events of the owner after this one, or from the first one that is kept, in their order. Nothing is ever
    /// inserted before an event that has been returned.
    pub async fn events_after(
        &self,
        owner: &str,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Vec<Event>> {
        let (owner, after) = (owner.to_owned(), after.map(str::to_owned));
        self.db()
            .scan(move |tx| {
                let after = match &after {
                    Some(id) => find(tx, &owner, id)?.seq,
                    None => 0,
                };
                Ok(events::after(tx, &owner, after, limit)?)
            })
            .await
    }

    /// Up to `limit` events of the owner before this one, or the newest ones, the newest first.
    pub async fn recent_events(
        &self,
        owner: &str,
        before: Option<&str>,
        limit: i64,
    ) -> Result<Vec<Event>> {
        let (owner, before) = (owner.to_owned(), before.map(str::to_owned));
        self.db()
            .scan(move |tx| {
                let before = match &before {
                    Some(id) => find(tx, &owner, id)?.seq,
                    None => i64::MAX,
                };
                Ok(events::before(tx, &owner, before, limit)?)
            })
            .await
    }
}

fn find(tx: &mut Tx<'_>, owner: &str, id: &str) -> Result<Event> {
    events::find(tx, id)?
        .filter(|event| event.owner == owner)
        .ok_or(Error::NotFound)
}
