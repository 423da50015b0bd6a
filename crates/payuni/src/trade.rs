//! Trades: their numbers, their states, and what replies say about them.

use crate::fields::Fields;
use kernel::Secret;
use std::fmt;
use std::str::FromStr;

/// The merchant's number of a trade: 1 to 25 of `A-Z a-z 0-9 _ -`. The gateway refuses a number for ten minutes after
/// its use, and no longer: that it is never used twice is the merchant's care.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MerTradeNo(String);

/// The text cannot be a [`MerTradeNo`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a trade number has 1 to 25 of the characters A-Z, a-z, 0-9, _ and -")]
pub struct InvalidMerTradeNo;

/// `TradeStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TradeStatus {
    /// 0: a number to pay with was issued.
    NumberIssued,
    /// 1
    Paid,
    /// 2
    Failed,
    /// 3
    Cancelled,
    /// 4
    Expired,
    /// 8: the bank has not answered.
    AwaitingConfirmation,
    /// 9
    Unpaid,
}

/// `CloseStatus`: how far a capture is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseStatus {
    /// 1
    Requested,
    /// 2: from here money goes back by refund, before by cancelling.
    Captured,
    /// 3
    Cancelled,
    /// 7
    Processing,
    /// 9
    NotRequested,
}

/// `RefundStatus`: how far a refund is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefundStatus {
    /// 1
    Requested,
    /// 2
    Done,
    /// 3
    Cancelled,
    /// 8
    Processing,
}

/// A trade as the reply to a charge, or a notice of it, tells it. Amounts are whole TWD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TradeReply {
    /// The gateway's number.
    pub trade_no: String,
    /// The merchant's number.
    pub mer_trade_no: String,
    /// What was asked for.
    pub amount: i64,
    /// What became of it.
    pub trade_status: TradeStatus,
    /// The first six digits of the card.
    pub card6: Option<String>,
    /// The last four digits of the card.
    pub card4: Option<String>,
    /// The issuer's three digits; `-` for a foreign one.
    pub bank: Option<String>,
    /// The issuer's answer; `00` is yes.
    pub res_code: Option<String>,
    /// The issuer's authorization.
    pub auth_code: Option<String>,
    /// The stored card, to charge again. It is told here and never by a query.
    pub credit_hash: Option<Secret<String>>,
    /// Until when the stored card is good: MMYY.
    pub credit_life: Option<String>,
}

/// A trade as `trade/query` tells it. Amounts are whole TWD; days are Taipei's `YYYY-MM-DD HH:MM:SS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryRow {
    /// The gateway's number.
    pub trade_no: String,
    /// The merchant's number.
    pub mer_trade_no: String,
    /// What was asked for.
    pub amount: i64,
    /// What became of it: nothing else in the row decides that.
    pub trade_status: TradeStatus,
    /// Whether the row is complete; one that is not may change, ask again after ten minutes.
    pub complete: bool,
    /// When it was made.
    pub create_day: Option<String>,
    /// When it was paid. Failed trades have it, too.
    pub payment_day: Option<String>,
    /// The first six digits of the card.
    pub card6: Option<String>,
    /// The last four digits of the card.
    pub card4: Option<String>,
    /// The card's expiry: MMYY.
    pub card_exp: Option<String>,
    /// The issuer's three digits; `-` for a foreign one.
    pub bank: Option<String>,
    /// The issuer's authorization.
    pub auth_code: Option<String>,
    /// How far the capture is.
    pub close_status: Option<CloseStatus>,
    /// What is or will be captured.
    pub close_amount: Option<i64>,
    /// What can still be refunded.
    pub remain_amount: Option<i64>,
    /// How far the last refund is.
    pub refund_status: Option<RefundStatus>,
    /// What is refunded.
    pub refund_amount: Option<i64>,
    /// When it was refunded.
    pub refund_day: Option<String>,
}

impl MerTradeNo {
    /// The number as it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MerTradeNo {
    type Err = InvalidMerTradeNo;

    fn from_str(text: &str) -> Result<Self, InvalidMerTradeNo> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
        if (1..=25).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidMerTradeNo)
        }
    }
}

impl fmt::Display for MerTradeNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TradeStatus {
    /// The status of this digit, if it is one of those a card trade has.
    pub fn from_digit(digit: &str) -> Option<Self> {
        Some(match digit {
            "0" => Self::NumberIssued,
            "1" => Self::Paid,
            "2" => Self::Failed,
            "3" => Self::Cancelled,
            "4" => Self::Expired,
            "8" => Self::AwaitingConfirmation,
            "9" => Self::Unpaid,
            _ => return None,
        })
    }
}

impl CloseStatus {
    fn from_digit(digit: &str) -> Option<Self> {
        Some(match digit {
            "1" => Self::Requested,
            "2" => Self::Captured,
            "3" => Self::Cancelled,
            "7" => Self::Processing,
            "9" => Self::NotRequested,
            _ => return None,
        })
    }
}

impl RefundStatus {
    fn from_digit(digit: &str) -> Option<Self> {
        Some(match digit {
            "1" => Self::Requested,
            "2" => Self::Done,
            "3" => Self::Cancelled,
            "8" => Self::Processing,
            _ => return None,
        })
    }
}

impl TradeReply {
    /// `None` when a number, the amount or the status is missing or unreadable.
    pub fn read(fields: &Fields) -> Option<Self> {
        Some(Self {
            trade_no: text(fields, "TradeNo")?,
            mer_trade_no: text(fields, "MerTradeNo")?,
            amount: amount(fields, "TradeAmt")?,
            trade_status: fields
                .get("TradeStatus")
                .and_then(TradeStatus::from_digit)?,
            card6: text(fields, "Card6No"),
            card4: text(fields, "Card4No"),
            bank: text(fields, "CardBank"),
            res_code: text(fields, "ResCode"),
            auth_code: text(fields, "AuthCode"),
            credit_hash: text(fields, "CreditHash").map(Secret::new),
            credit_life: text(fields, "CreditLife"),
        })
    }
}

impl QueryRow {
    /// `None` when a number, the amount or the status is missing or unreadable.
    pub fn read(row: &Fields) -> Option<Self> {
        Some(Self {
            trade_no: text(row, "TradeNo")?,
            mer_trade_no: text(row, "MerTradeNo")?,
            amount: amount(row, "TradeAmt")?,
            trade_status: row.get("TradeStatus").and_then(TradeStatus::from_digit)?,
            complete: row.get("DataSource") != Some("B"),
            create_day: text(row, "CreateDay"),
            payment_day: text(row, "PaymentDay"),
            card6: text(row, "Card6No"),
            card4: text(row, "Card4No"),
            card_exp: text(row, "CardExp"),
            bank: text(row, "CardBank"),
            auth_code: text(row, "AuthCode"),
            close_status: row.get("CloseStatus").and_then(CloseStatus::from_digit),
            close_amount: amount(row, "CloseAmt"),
            remain_amount: amount(row, "RemainAmt"),
            refund_status: row.get("RefundStatus").and_then(RefundStatus::from_digit),
            refund_amount: amount(row, "RefundAmt"),
            refund_day: text(row, "RefundDay"),
        })
    }
}

/// The value of a field that is there and not empty.
pub(crate) fn text(fields: &Fields, name: &str) -> Option<String> {
    let value = fields.get(name).filter(|value| !value.is_empty());
    value.map(str::to_owned)
}

fn amount(fields: &Fields, name: &str) -> Option<i64> {
    let amount = fields.get(name)?.parse().ok();
    amount.filter(|amount| *amount >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trade_numbers_have_1_to_25_plain_characters() {
        for good in ["a", "sub_20260115-001", &"x".repeat(25)] {
            assert_eq!(good.parse::<MerTradeNo>().unwrap().as_str(), good);
        }
        for bad in ["", "a b", "a.b", "訂單", "a\n", &"x".repeat(26)] {
            assert_eq!(bad.parse::<MerTradeNo>(), Err(InvalidMerTradeNo), "{bad}");
        }
    }

    #[test]
    fn a_reply_without_a_readable_amount_is_no_trade() {
        let reply = |amount: &str| {
            let fields = Fields::new().with("TradeNo", "1").with("MerTradeNo", "a");
            TradeReply::read(&fields.with("TradeStatus", "1").with("TradeAmt", amount))
        };
        assert_eq!(reply("299").unwrap().amount, 299);
        for bad in ["", "-1", "2.5", "NT$5", "99999999999999999999"] {
            assert!(reply(bad).is_none(), "{bad}");
        }
    }
}
