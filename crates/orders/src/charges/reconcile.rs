//! Asks the gateway about payments that nobody has reported, and closes charges that nobody has paid.

use super::gateway::{FIRST_CHECK, answer};
use super::{Owner, of_type};
use crate::model::{ChargeId, PaymentType, Via};
use crate::repo::charges::{self, Charge, Trade};
use crate::{Error, Orders, Result};
use catalogue::PlatformError;
use catalogue::platform::SupportReason;
use kernel::Timestamp;
use payuni::trade::MerTradeNo;
use std::time::Duration;
use store::jobs::Job;
use store::{StoreError, Tx, params};
use tokio::task::JoinSet;

/// Attempts asked about at once.
const AT_ONCE: i64 = 16;
/// The longest time between two questions about an attempt.
const LONGEST_INTERVAL: Duration = Duration::from_secs(6 * 3600);
/// For how long after the end of its charge an attempt is asked about: numbers can be paid until the end of that day.
const AFTER_END: Duration = Duration::from_secs(24 * 3600);
/// For how long after that the last question is repeated while it is not answered.
const UNANSWERED: Duration = Duration::from_secs(14 * 24 * 3600);
/// A round that takes longer is continued by the next: a job has its lease for a minute only.
const LONGEST_ROUND: Duration = Duration::from_secs(30);
/// The shortest and the longest time between two rounds.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Attempts that the gateway was asked about.
    pub asked: usize,
    /// How many of those it knows.
    pub known: usize,
    /// Questions without an answer that can be used.
    pub unanswered: usize,
    /// Charges that nobody has paid in time.
    pub expired: u64,
}

impl Orders {
    /// Asks the gateway now about every attempt that is due, and marks the charges that are overdue.
    pub async fn reconcile_charges(&self) -> Result<Reconciled> {
        let now = self.now();
        let expire = move |tx: &mut Tx<'_>| charges::expire(tx, now);
        let expired: Result<u64, StoreError> = self.db().write(expire).await;
        let mut done = Reconciled {
            expired: expired?,
            ..Reconciled::default()
        };
        if self.inner.pay_uni.is_none() {
            return Ok(done);
        }
        loop {
            let due: Result<Vec<Trade>, StoreError> = self
                .db()
                .read(move |tx| Trade::all(tx, Trade::DUE, params![now, AT_ONCE]))
                .await;
            let due = due?;
            if due.is_empty() || self.now().since(now) > LONGEST_ROUND {
                return Ok(done);
            }
            let mut asked = JoinSet::new();
            for trade in due {
                let orders = self.clone();
                asked.spawn(async move { orders.check_due(trade, now).await });
            }
            while let Some(joined) = asked.join_next().await {
                let checked = joined.map_err(|error| Error::Failed(error.to_string()))?;
                match checked? {
                    Checked::Known => (done.asked, done.known) = (done.asked + 1, done.known + 1),
                    Checked::Unknown => done.asked += 1,
                    Checked::Unanswered => {
                        (done.asked, done.unanswered) = (done.asked + 1, done.unanswered + 1);
                    }
                    Checked::Others => {}
                }
            }
        }
    }

    /// Takes a due attempt up, unless another node has, and asks about it.
    async fn check_due(&self, trade: Trade, now: Timestamp) -> Result<Checked> {
        let claimed = trade.clone();
        let taken: Result<Option<Timestamp>, StoreError> = self
            .db()
            .write(move |tx| {
                let id = claimed.credit_charge_id;
                let charge = Charge::first(tx, Charge::BY_ID, params![id])?;
                let end = charge.map_or(claimed.created_at, |charge| charge.expires_at);
                let next = next_check(claimed.checks, end, now);
                let taken = charges::claim_check(tx, &claimed, next)?;
                Ok(taken.then_some(end))
            })
            .await;
        let Some(end) = taken? else {
            return Ok(Checked::Others);
        };
        let checked = self.ask(&trade.mer_trade_no).await?;
        let last = end.plus(AFTER_END);
        if matches!(checked, Checked::Unanswered) && now >= last && now < last.plus(UNANSWERED) {
            let again = now.plus(LONGEST_INTERVAL);
            let ask = move |tx: &mut Tx<'_>| charges::check_again(tx, &trade.mer_trade_no, again);
            let asked: Result<(), StoreError> = self.db().write(ask).await;
            asked?;
        }
        Ok(checked)
    }

    /// Asks what became of an attempt, and does what follows from the answer.
    async fn ask(&self, mer_trade_no: &str) -> Result<Checked> {
        let number = mer_trade_no.parse();
        let number = number.map_err(|error| Error::Failed(format!("{error}")))?;
        match self
            .pay_uni()?
            .client
            .trade_query(&number, self.now())
            .await
        {
            Ok(Some(row)) => {
                self.settle(answer(row), Via::Query).await?;
                Ok(Checked::Known)
            }
            Ok(None) => Ok(Checked::Unknown),
            Err(error) => {
                tracing::warn!(mer_trade_no, %error, "the gateway did not say what became of a payment");
                Ok(Checked::Unanswered)
            }
        }
    }

    /// Asks the gateway how a charge is, and answers with the charge as it stands then.
    ///
    /// # Errors
    ///
    /// `credit_charge_payment_type_incorrect` for a charge that is not paid over the gateway, `pay_uni_order_not_found` when the gateway
    /// knows none of its attempts, `contact_customer_service` when it does not answer.
    pub async fn sync_charge(&self, owner: Owner, id: ChargeId) -> Result<Charge> {
        let charge = self.charge(owner, id).await?;
        of_type(&charge, PaymentType::PayUni)?;
        self.pay_uni()?;
        let trades: Result<Vec<Trade>, StoreError> = self
            .db()
            .read(move |tx| Trade::all(tx, Trade::OF_CHARGE, params![id]))
            .await;
        let trades = trades?;
        let mut known = trades.iter().any(|trade| trade.trade_no.is_some());
        let mut unanswered = false;
        let mut failed = None;
        let mut asked = JoinSet::new();
        for trade in trades {
            // What was set aside has no number that the gateway knows.
            let has_number = trade.mer_trade_no.parse::<MerTradeNo>().is_ok();
            if has_number && !trade.trade_state.is_decided() {
                let orders = self.clone();
                asked.spawn(async move { orders.ask(&trade.mer_trade_no).await });
            }
        }
        while let Some(joined) = asked.join_next().await {
            match joined.map_err(|error| Error::Failed(error.to_string()))? {
                Ok(Checked::Known) => known = true,
                Ok(Checked::Unanswered) => unanswered = true,
                Ok(Checked::Unknown | Checked::Others) => {}
                // The others are asked about all the same.
                Err(error) => failed = Some(error),
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        if unanswered {
            let reason = SupportReason::PaymentGatewayUnavailable;
            return Err(PlatformError::ContactCustomerService { reason }.into());
        }
        if !known {
            return Err(PlatformError::PayUniOrderNotFound.into());
        }
        self.charge(owner, id).await
    }

    pub(crate) async fn run_charges(&self, job: &Job) -> Result<()> {
        let reconciled = self.reconcile_charges().await;
        let next: Option<Timestamp> = self.db().read(charges::next_check).await?;
        let now = self.now();
        let latest = now.plus(LONGEST_PAUSE);
        let next = next
            .unwrap_or(latest)
            .clamp(now.plus(SHORTEST_PAUSE), latest);
        self.run_again(job, next).await?;
        reconciled.map(drop)
    }
}

/// What came of a question.
enum Checked {
    /// The gateway knows the trade.
    Known,
    /// It does not: the payer has not sent the form, so far.
    Unknown,
    /// There is no answer, or none that can be used.
    Unanswered,
    /// Another node asks.
    Others,
}

/// When an attempt is asked about after it was `checks` times before: at growing intervals, a last time when it cannot be paid any
/// more.
fn next_check(checks: u32, end: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let last = end.plus(AFTER_END);
    let interval = FIRST_CHECK
        .saturating_mul(1 << checks.min(16))
        .min(LONGEST_INTERVAL);
    (now < last).then(|| now.plus(interval).min(last))
}
