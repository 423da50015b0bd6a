//! Notifies: what the gateway tells the shop's server by itself, again and again until it answers HTTP 200.

use super::Gateway;
use super::protocol::enveloped;
use super::repo::{self, DueNotify};
use super::trade::Trade;
use axum::http::{StatusCode, header};
use kernel::Timestamp;
use payuni::envelope::Shop;
use std::sync::atomic::Ordering;
use std::time::Duration;
use store::{StoreError, Tx};

/// After so many the shop is not asked any more.
const MOST_ATTEMPTS: i64 = 20;
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// What a notify tells. Each is told once per trade.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    NumberIssued,
    Decided,
    DecidedAgain,
}

impl Event {
    const fn name(self) -> &'static str {
        match self {
            Self::NumberIssued => "number",
            Self::Decided => "decided",
            Self::DecidedAgain => "again",
        }
    }
}

/// Queues a notify, due at `at`, which tells what the trade is then. A shop that named no address gets none.
pub fn queue(
    tx: &mut Tx<'_>,
    shop: &Shop,
    trade: &Trade,
    event: Event,
    at: Timestamp,
) -> Result<(), StoreError> {
    let Some(url) = &trade.notify_url else {
        return Ok(());
    };
    let inner = trade.fields(shop.mer_id(), at);
    let body = enveloped(shop, trade.channel.version(), &inner).encode();
    let id = format!("{}-{}", trade.trade_no, event.name());
    repo::insert_notify(tx, &id, &trade.trade_no, url, &body, at)
}

impl Gateway {
    /// Sends the notifies that are due by the gateway's clock, and returns how many the shop took. One that it
    /// does not take with HTTP 200 is due again later.
    pub async fn deliver_notifies(&self) -> Result<usize, StoreError> {
        let now = self.now();
        let mut delivered = 0;
        let due = self.shared.db.scan(move |tx| repo::due_notifies(tx, now));
        for notify in due.await? {
            let next_at = self.next_attempt_at(notify.attempts, now);
            let claim = notify.clone();
            let claimed = self
                .shared
                .db
                .write(move |tx| repo::claim_notify(tx, &claim, next_at));
            if !claimed.await? || !self.send(&notify).await {
                continue;
            }
            self.shared
                .db
                .write(move |tx| repo::notify_delivered(tx, &notify.id, now))
                .await?;
            delivered += 1;
        }
        Ok(delivered)
    }

    /// Attempts what is due without keeping anybody waiting.
    pub(super) fn deliver_soon(&self) {
        let gateway = self.clone();
        gateway.shared.deliver.store(true, Ordering::SeqCst);
        tokio::spawn(async move {
            let shared = &gateway.shared;
            // One at a time: who comes while another is at it leaves its own to that one, which looks again.
            while shared.deliver.load(Ordering::SeqCst)
                && let Ok(_one) = shared.delivering.try_lock()
            {
                while shared.deliver.swap(false, Ordering::SeqCst) {
                    if let Err(error) = gateway.deliver_notifies().await {
                        tracing::warn!(%error, "the simulated gateway could not deliver its notifies");
                    }
                }
            }
        });
    }

    async fn send(&self, notify: &DueNotify) -> bool {
        let sent = self
            .shared
            .http
            .post(&notify.url)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(notify.body.clone())
            .send()
            .await;
        sent.is_ok_and(|answer| answer.status() == StatusCode::OK)
    }

    /// The pause doubles from one attempt to the next.
    fn next_attempt_at(&self, attempts: i64, now: Timestamp) -> Option<Timestamp> {
        let doublings = u32::try_from(attempts).unwrap_or(u32::MAX).min(20);
        let pause = self
            .shared
            .config
            .notify_pause
            .saturating_mul(1 << doublings);
        (attempts + 1 < MOST_ATTEMPTS).then(|| now.plus(pause.min(LONGEST_PAUSE)))
    }
}
