use super::Price;
use kernel::Id;
use std::ops::RangeInclusive;
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

    /// How many credits cost no less and no more than `totals`, in TWD.
    pub fn quantities(&self, totals: RangeInclusive<i64>) -> RangeInclusive<i64> {
        let price = i128::from(self.credit_price.thousandths()).max(1);
        let credits = |total: i64| i64::try_from(i128::from(total) * 1000 / price);
        let least = credits(totals.start() - 1).map_or(i64::MAX, |below| below + 1);
        least..=credits(*totals.end()).unwrap_or(i64::MAX)
    }
}

/// What a report about a trade says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Money came.
    Paid,
    /// None will.
    Ended(ChargeStatus),
    /// Nobody has paid yet.
    Pending,
    /// It contradicts itself, or is about something else.
    Undecided,
}

/// A report about a trade: of the gateway's server, of the payer's browser, or the answer to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Names the trade.
    pub mer_trade_no: String,
    /// The gateway's number.
    pub trade_no: Option<String>,
    /// `TradeStatus` as it was told.
    pub trade_status: Option<String>,
    /// Whole TWD.
    pub amount: Option<i64>,
    /// What it means.
    pub verdict: Verdict,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The limits of the quantity are those of the total, to the dollar.
        #[test]
        fn quantities_are_those_whose_total_can_be_paid(
            thousandths in 1i64..100_000,
            least in 1i64..50,
            more in 0i64..200_000,
        ) {
            let config = ChargesConfig {
                credit_price: Price::from_thousandths(thousandths),
                ..ChargesConfig::default()
            };
            let totals = least..=least + more;
            let quantities = config.quantities(totals.clone());
            for quantity in [*quantities.start(), *quantities.end()] {
                if !quantities.is_empty() {
                    prop_assert!(totals.contains(&config.total(quantity)));
                }
            }
            prop_assert!(config.total(*quantities.end() + 1) > *totals.end());
            if *quantities.start() > 1 {
                prop_assert!(config.total(*quantities.start() - 1) < *totals.start());
            }
        }
    }
}
