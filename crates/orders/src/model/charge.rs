use super::Price;
use kernel::Id;
use std::time::Duration;
use store::text_enum;

/// Marks the type of charge ids.
#[derive(Debug)]
pub enum ChargeTag {}
/// Names a purchase of credit.
pub type ChargeId = Id<ChargeTag>;

text_enum! {
    /// How far a purchase of credit is.
    pub enum ChargeStatus {
        /// Nobody has paid.
        WaitPayment = "wait_payment",
        /// Paid, and the credit given: final.
        Complete = "complete",
        /// The payment failed.
        Fail = "fail",
        /// Whoever made it changed their mind, or the payment was cancelled.
        Cancel = "cancel",
        /// Nobody paid in time.
        Expire = "expire",
    }
}

text_enum! {
    /// What is known of one attempt at paying.
    pub enum TradeState {
        /// Nothing.
        Open = "open",
        /// Paid, and the credit given for it.
        Paid = "paid",
        /// Paid after the charge had been: to be given back.
        Surplus = "surplus",
        /// Another amount was paid: to be given back.
        Mismatch = "mismatch",
        /// Declined.
        Fail = "fail",
        /// Cancelled.
        Cancel = "cancel",
        /// Not paid in time.
        Expire = "expire",
    }
}

impl TradeState {
    /// Whether the gateway has said what became of it.
    pub const fn is_decided(self) -> bool {
        !matches!(self, Self::Open | Self::Mismatch)
    }
}

text_enum! {
    /// Who reports about a payment.
    pub enum Via {
        /// The gateway's server.
        Notify = "notify",
        /// The payer's browser.
        Return = "return",
        /// The gateway, when it was asked.
        Query = "query",
        /// The operator.
        Operator = "operator",
    }
}

text_enum! {
    /// What came of a report.
    pub enum NoticeOutcome {
        /// The credit was given.
        Credited = "credited",
        /// It said what was known already.
        Repeated = "repeated",
        /// It came after the charge had been paid: that money goes back.
        Surplus = "surplus",
        /// It named another amount than was asked for: that money goes back.
        Mismatch = "mismatch",
        /// The attempt has ended without money.
        Ended = "ended",
        /// The attempt is still under way.
        Pending = "pending",
        /// Its number belongs to no charge.
        UnknownTrade = "unknown_trade",
        /// It was not made with the shop's keys.
        Forged = "forged",
        /// It was made with the shop's keys and does not say what became of the trade.
        Undecided = "undecided",
    }
}

/// What credit costs and how it is paid for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargesConfig {
    /// The price of a credit, in TWD.
    pub credit_price: Price,
    /// How long a charge can be paid.
    pub expire_after: Duration,
    /// Where transfers go, in words for people; `None`: transfers are agreed upon otherwise.
    pub bank_account: Option<String>,
}

impl Default for ChargesConfig {
    fn default() -> Self {
        Self {
            credit_price: Price::from_thousandths(1000),
            expire_after: Duration::from_secs(72 * 3600),
            bank_account: None,
        }
    }
}

impl ChargesConfig {
    /// What `quantity` credits cost: whole TWD, rounded up, never nothing.
    pub fn total(&self, quantity: i64) -> i64 {
        self.credit_price.total(quantity).get().max(1)
    }

    /// The most credits that cost no more than `limit` TWD.
    pub fn most_for(&self, limit: i64) -> i64 {
        let price = i128::from(self.credit_price.thousandths()).max(1);
        i64::try_from(i128::from(limit) * 1000 / price).unwrap_or(i64::MAX)
    }
}
