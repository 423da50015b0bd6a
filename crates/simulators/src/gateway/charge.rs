//! Paying a trade: the one place where money would move.

use super::cards::{Card, Presence, Verdict};
use super::faults::{GatewayFault, Quirk};
use super::invoice::{self, GatewayInvoices};
use super::notify::{self, Event};
use super::protocol::Failure;
use super::repo;
use super::trade::{Method, Trade, TradeStatus};
use crate::einvoice::Around;
use kernel::{Rng, Timestamp};
use payuni::envelope::Shop;
use std::fmt::Write as _;
use std::time::Duration;
use store::{StoreError, Tx};

/// So long a number of the shop cannot be used again.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(600);

/// What chance decides about a trade, made before the transaction, which may run twice.
#[derive(Clone, Debug)]
pub struct Draw {
    pub trade_no: String,
    pub auth_code: String,
    pub credit_hash: String,
    /// Fourteen digits.
    pub pay_number: String,
}

impl Draw {
    pub fn new(now: Timestamp, rng: &Rng) -> Self {
        let seconds = now.micros().max(0) / 1_000_000;
        let hash = rng.bytes::<32>();
        Self {
            trade_no: format!("{seconds}{:09}", rng.below(1_000_000_000)),
            auth_code: format!("{:06}", rng.below(1_000_000)),
            credit_hash: hex(&hash).to_ascii_uppercase(),
            pay_number: format!("{:05}{:09}", rng.below(100_000), rng.below(1_000_000_000)),
        }
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What a charge depends on apart from the trade and the card.
#[derive(Clone)]
pub struct Circumstances {
    pub shop: Shop,
    pub now: Timestamp,
    /// For how long an undecided charge stays so.
    pub undecided: Duration,
    pub fault: Option<GatewayFault>,
    pub draw: Draw,
    /// How invoices are issued, if they are, and what chance decides about one.
    pub invoices: Option<(GatewayInvoices, Around)>,
}

/// The attempt number of a new trade, or `None` while the shop's number is taken.
///
/// PAYUNi documents the ten minutes only and promises nothing for later. This gateway refuses the
/// number of a paid trade for good, which nobody may rely on.
pub fn next_attempt(
    tx: &mut Tx<'_>,
    mer_trade_no: &str,
    now: Timestamp,
) -> Result<Option<i64>, StoreError> {
    let Some(latest) = repo::latest_trade(tx, mer_trade_no)? else {
        return Ok(Some(1));
    };
    let taken =
        now.since(latest.created_at) < DUPLICATE_WINDOW || latest.status(now) == TradeStatus::Paid;
    Ok((!taken).then_some(latest.attempt + 1))
}

/// Pays a trade with a card, or tries to; binds the card and queues the notifies. The caller stores the trade.
pub fn pay_by_card(
    tx: &mut Tx<'_>,
    trade: &mut Trade,
    card: &Card,
    presence: Presence,
    around: &Circumstances,
) -> Result<(), Failure> {
    let verdict = card.verdict(presence, trade.wants_3d, around.fault);
    let quirk = card.quirk();
    trade.method = Some(Method::Card);
    trade.card = Some(card.clone());
    let challenged = verdict == Verdict::Challenged;
    trade.decide(
        verdict,
        &around.draw.auth_code,
        around.now,
        around.undecided,
    );
    if challenged {
        return Ok(());
    }
    let decided_at = trade.decided_at.unwrap_or(around.now);
    if trade.outcome == TradeStatus::Paid && trade.binding.is_agreed() {
        let fresh = &around.draw.credit_hash;
        trade.bound = Some(repo::bind(tx, &trade.binding, card, fresh, decided_at)?);
    }
    notify::queue(tx, &around.shop, trade, Event::Decided, decided_at)?;
    if quirk == Some(Quirk::NotifyTwice) {
        notify::queue(tx, &around.shop, trade, Event::DecidedAgain, decided_at)?;
    }
    invoice::issue(tx, trade, around, decided_at)?;
    Ok(())
}
