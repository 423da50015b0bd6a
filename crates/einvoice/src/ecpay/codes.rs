//! ECPay's codes. Its numbers follow no plan and many refusals share one, so the words decide where the number is
//! not known.

use crate::codes::{Cause, Code, Entry, entry};
use crate::outcome::Denial;
use crate::provider::ProviderId;

pub(crate) const CODES: &[Entry] = &[
    entry("2", Cause::NotFound, "no such invoice"),
    entry("1100040", Cause::NumbersUsedUp, "the numbers are used up"),
    entry("1600003", Cause::NotFound, "no such invoice number"),
    entry("2000039", Cause::NotFound, "no such allowance"),
    entry(
        "2000063",
        Cause::AlreadyVoided,
        "the allowance has been voided",
    ),
    entry("2020001", Cause::UnknownCarrier, "the love code is wrong"),
    entry("4000001", Cause::NotFound, "no such transaction"),
    entry(
        "5000007",
        Cause::Invalid,
        "a zero rate or mixed taxes need the customs mark",
    ),
    entry(
        "5000015",
        Cause::Invalid,
        "what is on a carrier is not printed",
    ),
    entry(
        "5000022",
        Cause::Invalid,
        "the total is not that of the lines",
    ),
    entry(
        "5000028",
        Cause::Invalid,
        "a company's invoice is printed or on a carrier",
    ),
    entry(
        "5070250",
        Cause::Other,
        "an allowance that was agreed to online cannot be taken back",
    ),
    entry(
        "5070357",
        Cause::DuplicateReference,
        "the reference was used before",
    ),
    entry(
        "5070450",
        Cause::HasAllowance,
        "the invoice has an allowance",
    ),
    entry(
        "5070453",
        Cause::AlreadyVoided,
        "the invoice has been voided",
    ),
    entry("6000015", Cause::Account, "the buyer is not registered"),
    entry(
        "9000001",
        Cause::Unavailable,
        "the tax authority did not answer",
    ),
    entry("10100058", Cause::Credentials, "the timestamp is too old"),
    entry(
        "TransCode 104",
        Cause::Credentials,
        "the timestamp is too old",
    ),
    entry("TransCode 110", Cause::Credentials, "cannot be decrypted"),
    entry("TransCode 111", Cause::Invalid, "nothing in the envelope"),
    entry(
        "TransCode 115",
        Cause::Account,
        "the merchant is unknown or has not subscribed",
    ),
];

/// Words of refusals, the more particular ones first.
const WORDS: &[(&[&str], Cause)] = &[
    (
        &["忙碌", "稍後再試", "逾時", "系統異常", "系統錯誤"],
        Cause::Unavailable,
    ),
    (&["作廢過", "已作廢"], Cause::AlreadyVoided),
    (&["被折讓過", "已折讓", "折讓單，無法"], Cause::HasAllowance),
    (&["重複", "重覆"], Cause::DuplicateReference),
    (&["用完", "用罄", "已無可用"], Cause::NumbersUsedUp),
    (
        &["商編號不存在", "特店編號", "平台商編號", "未申請", "未開通"],
        Cause::Account,
    ),
    (
        &["解密", "加密", "簽章", "金鑰", "時間戳", "Timestamp"],
        Cause::Credentials,
    ),
    (
        &[
            "條碼不存在",
            "載具編號不存在",
            "載具不存在",
            "愛心碼不存在",
            "捐贈碼不存在",
        ],
        Cause::UnknownCarrier,
    ),
    (&["查無", "不存在", "無發票號碼資料"], Cause::NotFound),
    (&["超過作廢", "作廢期限", "已過期限"], Cause::TooLate),
    (&["金額大於", "超過可折讓", "折讓金額不可"], Cause::TooMuch),
    (&["無法列印", "不可列印"], Cause::NotPrintable),
];

/// A refusal inside the envelope.
pub(super) fn denial(number: i64, message: String) -> Denial {
    let code = Code::new(ProviderId::Ecpay, number.to_string());
    let cause = code.cause().or_else(|| by_words(&message));
    Denial {
        // It was understood and not done.
        cause: cause.unwrap_or(Cause::Invalid),
        code,
        message,
    }
}

/// A refusal of the envelope itself, whose numbers are others.
pub(super) fn unread(number: i64, message: String) -> Denial {
    let code = Code::new(ProviderId::Ecpay, format!("TransCode {number}"));
    let cause = code.cause().or_else(|| by_words(&message));
    Denial {
        cause: cause.unwrap_or(Cause::Unavailable),
        code,
        message,
    }
}

fn by_words(message: &str) -> Option<Cause> {
    let (_, cause) = WORDS
        .iter()
        .find(|(words, _)| words.iter().any(|word| message.contains(word)))?;
    Some(*cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_decide_first_then_words() {
        for (number, message, cause) in [
            (2, "查無發票資料，請重新確認", Cause::NotFound),
            (1600003, "無發票號碼資料", Cause::NotFound),
            (4000001, "不存在此交易單號", Cause::NotFound),
            (1100040, "發票字軌已用完", Cause::NumbersUsedUp),
            (0, "發票已作廢過", Cause::AlreadyVoided),
            (
                5070450,
                "該發票已被折讓過，無法直接作廢發票",
                Cause::HasAllowance,
            ),
            (2000063, "該折讓單已作廢過，請確認", Cause::AlreadyVoided),
            (2000039, "查無折讓單資料，請確認!", Cause::NotFound),
            (0, "自訂編號不可重複", Cause::DuplicateReference),
            (
                5070357,
                "B2C開立發票 自訂編號重覆，請重新設定",
                Cause::DuplicateReference,
            ),
            (
                5070453,
                "B2C作廢發票 該發票已被作廢過",
                Cause::AlreadyVoided,
            ),
            (0, "特店編號不存在", Cause::Account),
            (0, "手機條碼不存在", Cause::UnknownCarrier),
            (0, "平台商編號不存在", Cause::Account),
            (0, "資料解密錯誤，請確認金鑰", Cause::Credentials),
            (0, "簽章驗證失敗", Cause::Credentials),
            (0, "系統忙碌中，請稍後再試", Cause::Unavailable),
            (
                0,
                "驗證發票金額發現錯誤，與商品合計金額不符",
                Cause::Invalid,
            ),
            (9000001, "", Cause::Unavailable),
        ] {
            assert_eq!(
                denial(number, message.into()).cause,
                cause,
                "{number} {message}"
            );
        }
    }

    #[test]
    fn a_number_of_the_envelope_is_not_one_inside() {
        let cause = |number, message: &str| unread(number, message.into()).cause;
        assert_eq!(cause(2, "未知"), Cause::Unavailable);
        assert_eq!(
            cause(110, "The parameter [Data] decrypt fail."),
            Cause::Credentials
        );
        assert_eq!(cause(0, "特店編號不存在"), Cause::Account);
    }
}
