//! Cards, and what the test cards make happen.

use super::faults::{GatewayFault, Quirk};
use kernel::Timestamp;
use serde::{Deserialize, Serialize};

/// Test cards that simply pay. The first two are for single payments, then four for instalments, then UnionPay.
const PAYING: [&str; 7] = [
    "4147631000000001",
    "3560511000000001",
    "4147632000000001",
    "3560512000000001",
    "4741502000000001",
    "3560562000000001",
    "6200000000000001",
];
const ECI_MISMATCH: [&str; 2] = ["4147631000000002", "3560511000000002"];
/// What our own test cards start with; three digits follow.
const OURS: &str = "4147631000000";
const UNION_PAY: &str = "62";

/// `ResCode` of a paid charge.
pub const APPROVED: &str = "00";
/// `ResCode` of a card that no bank knows, as are all that are not test cards.
const UNKNOWN_CARD: &str = "14";
/// `ResCode` when the buyer refuses on the 3-D page.
const REFUSED_BY_BUYER: &str = "05";
/// `ResCode` when the card's bank does not answer.
pub const SILENT: &str = "91";

/// A card as the gateway keeps it: without its number, unless that is a test card's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// The first six digits.
    pub six: String,
    /// The last four.
    pub four: String,
    /// `MMYY`.
    pub expiry: String,
    test_number: Option<String>,
}

/// What is wrong with a card's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardFault {
    Number,
    Length,
    Expiry,
    Expired,
    Cvc,
}

/// How a charge ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Paid,
    /// Refused with this `ResCode`.
    Declined(String),
    /// Authorized, and cancelled because the 3-D result does not fit.
    Cancelled,
    /// The bank is silent for now.
    Undecided {
        then_paid: bool,
    },
    /// The buyer is asked first.
    Challenged,
}

/// How a card reaches the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// The buyer typed it.
    Typed,
    /// By its `CreditHash`.
    Bound,
    /// The buyer has answered the 3-D page with yes.
    Approved,
    /// The buyer has answered the 3-D page with no.
    Refused,
}

enum Behaviour {
    Pay,
    Decline(String),
    DeclineLater(String),
    EciMismatch,
    Unknown { then_paid: bool },
    Challenge,
}

impl Card {
    /// Reads what a buyer typed or a shop sent. `expiry` is `MMYY`, a slash and spaces aside; a card is good
    /// to the end of that month.
    pub fn read(number: &str, expiry: &str, cvc: &str, now: Timestamp) -> Result<Self, CardFault> {
        let compact = |text: &str, ignored: &[char]| text.replace(ignored, "");
        let number = compact(number, &[' ', '-']);
        if !is_digits(&number) {
            return Err(CardFault::Number);
        }
        if !(13..=19).contains(&number.len()) {
            return Err(CardFault::Length);
        }
        let expiry = compact(expiry, &[' ', '/']);
        if !is_month(&expiry) {
            return Err(CardFault::Expiry);
        }
        if has_passed(&expiry, now) {
            return Err(CardFault::Expired);
        }
        if cvc.len() != 3 || !is_digits(cvc) {
            return Err(CardFault::Cvc);
        }
        Ok(Self {
            six: number[..6].into(),
            four: number[number.len() - 4..].into(),
            expiry,
            test_number: behaviour(&number).map(|_| number),
        })
    }

    /// How a charge of it ends.
    pub fn verdict(
        &self,
        presence: Presence,
        wants_3d: bool,
        fault: Option<GatewayFault>,
    ) -> Verdict {
        let answered = matches!(presence, Presence::Approved | Presence::Refused);
        let challenge = wants_3d && !answered;
        match (self.behaviour(), presence) {
            (_, Presence::Refused) => Verdict::Declined(REFUSED_BY_BUYER.into()),
            (Behaviour::Challenge | Behaviour::EciMismatch, _) if challenge => Verdict::Challenged,
            (Behaviour::EciMismatch, _) => Verdict::Cancelled,
            (Behaviour::Decline(code), _) | (Behaviour::DeclineLater(code), Presence::Bound) => {
                Verdict::Declined(code)
            }
            (Behaviour::Unknown { then_paid }, _) => Verdict::Undecided { then_paid },
            (Behaviour::Pay | Behaviour::Challenge | Behaviour::DeclineLater(_), _) => {
                match fault {
                    Some(GatewayFault::Unknown { then_paid }) => Verdict::Undecided { then_paid },
                    _ => Verdict::Paid,
                }
            }
        }
    }

    /// What happens to the answer about a charge of it.
    pub fn quirk(&self) -> Option<Quirk> {
        Some(match self.test_number.as_deref()?.strip_prefix(OURS)? {
            "500" => Quirk::Slow,
            "501" => Quirk::Html,
            "502" => Quirk::BadHash,
            "503" => Quirk::NotifyTwice,
            "504" => Quirk::NotifyFirst,
            _ => return None,
        })
    }

    /// `AuthType`.
    pub fn auth_type(&self) -> &'static str {
        if self.six.starts_with(UNION_PAY) {
            "7"
        } else {
            "1"
        }
    }

    fn behaviour(&self) -> Behaviour {
        self.test_number
            .as_deref()
            .and_then(behaviour)
            .unwrap_or_else(|| Behaviour::Decline(UNKNOWN_CARD.into()))
    }
}

/// What a test card makes happen; `None` for other cards.
fn behaviour(number: &str) -> Option<Behaviour> {
    if PAYING.contains(&number) {
        return Some(Behaviour::Pay);
    }
    if ECI_MISMATCH.contains(&number) {
        return Some(Behaviour::EciMismatch);
    }
    let ending = number
        .strip_prefix(OURS)
        .filter(|ending| ending.len() == 3)?;
    Some(match ending {
        "291" => Behaviour::Unknown { then_paid: true },
        "292" => Behaviour::Unknown { then_paid: false },
        "303" => Behaviour::Challenge,
        "500" | "501" | "502" | "503" | "504" => Behaviour::Pay,
        "100" | "400" => return None,
        _ if ending.starts_with('1') => Behaviour::Decline(ending[1..].into()),
        _ if ending.starts_with('4') => Behaviour::DeclineLater(ending[1..].into()),
        _ => return None,
    })
}

/// What a `ResCode` means, in the gateway's words.
pub fn res_code_message(code: &str) -> &'static str {
    match code {
        APPROVED => "授權成功(模擬)",
        "05" => "拒絕交易",
        "12" => "無效交易",
        "13" => "金額錯誤",
        UNKNOWN_CARD => "卡號錯誤",
        "41" => "掛失卡",
        "43" => "失竊卡",
        "51" => "餘額不足",
        "54" => "卡片過期",
        "55" => "密碼錯誤",
        "57" | "58" => "不允許的交易",
        "59" | "62" => "管制卡",
        "61" => "超過限額",
        SILENT => "發卡行無回應",
        _ => "授權失敗",
    }
}

pub fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a text is `MMYY`.
pub fn is_month(text: &str) -> bool {
    text.len() == 4 && is_digits(text) && ("01"..="12").contains(&&text[..2])
}

/// Whether the month `MMYY` is over.
pub fn has_passed(month: &str, now: Timestamp) -> bool {
    let today = now.day().to_string();
    let (mm, yy) = month.split_at(2);
    (yy, mm) < (&today[2..4], &today[4..6])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-06-30T23:59:59+08:00".parse().unwrap()
    }

    #[test]
    fn card_data_is_checked_field_by_field() {
        let read = |number, expiry, cvc| Card::read(number, expiry, cvc, now()).map(|c| c.expiry);
        assert_eq!(
            read("4147 6310-0000 0001", "06 / 26", "123"),
            Ok("0626".into())
        );
        for (number, expiry, cvc, fault) in [
            ("", "0630", "123", CardFault::Number),
            ("4147é31000000001", "0630", "123", CardFault::Number),
            ("414763100000", "0630", "123", CardFault::Length),
            ("4147631000000001", "1330", "123", CardFault::Expiry),
            ("4147631000000001", "630", "123", CardFault::Expiry),
            ("4147631000000001", "0526", "123", CardFault::Expired),
            ("4147631000000001", "1225", "123", CardFault::Expired),
            ("4147631000000001", "0626", "12", CardFault::Cvc),
            ("4147631000000001", "0626", "12a", CardFault::Cvc),
        ] {
            assert_eq!(read(number, expiry, cvc), Err(fault), "{number} {expiry}");
        }
    }

    #[test]
    fn only_test_cards_are_kept_with_their_number() {
        let kept = |number| {
            Card::read(number, "0630", "123", now())
                .unwrap()
                .test_number
        };
        assert_eq!(kept("4147631000000151"), Some("4147631000000151".into()));
        for real in [
            "4111111111111111",
            "41476310000001510",
            "4147631000000100",
            "4147631000000600",
        ] {
            assert_eq!(kept(real), None, "{real}");
        }
    }
}
