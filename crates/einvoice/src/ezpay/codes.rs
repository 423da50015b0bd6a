//! ezPay's codes.

use crate::codes::{Cause, Code, Entry, entry};
use crate::outcome::Denial;
use crate::provider::ProviderId;

pub(crate) const CODES: &[Entry] = &[
    entry(
        "KEY10002",
        Cause::Credentials,
        "cannot be decrypted: wrong keys, or keys of the other server",
    ),
    entry("KEY10004", Cause::Invalid, "incomplete"),
    entry(
        "KEY10006",
        Cause::Account,
        "the merchant has not subscribed to it",
    ),
    entry(
        "KEY10007",
        Cause::Credentials,
        "the timestamp is more than 30 minutes old",
    ),
    entry("KEY10010", Cause::Account, "the merchant's id is empty"),
    entry("KEY10011", Cause::Invalid, "PostData_ is empty"),
    entry("KEY10012", Cause::Invalid, "the content is wrong"),
    entry("KEY10013", Cause::Invalid, "the content is empty"),
    entry("KEY10014", Cause::Unavailable, "time-out"),
    entry("KEY10015", Cause::Invalid, "the amount has the wrong form"),
    entry("INV10003", Cause::Invalid, "a line has the wrong form"),
    entry(
        "INV10004",
        Cause::Invalid,
        "the amount of a line is not its price times its count",
    ),
    entry("INV10006", Cause::Invalid, "the tax rate is wrong"),
    entry(
        "INV10012",
        Cause::Invalid,
        "the amounts do not go with the tax type",
    ),
    entry("INV10013", Cause::Invalid, "fields are missing or wrong"),
    entry(
        "INV10014",
        Cause::Invalid,
        "the reference has the wrong form",
    ),
    entry("INV10015", Cause::Invalid, "a field is too long"),
    entry("INV10016", Cause::Invalid, "an amount is wrong"),
    entry(
        "INV10017",
        Cause::Invalid,
        "this version knows no mixed taxes",
    ),
    entry(
        "INV10019",
        Cause::Invalid,
        "a field has characters that are not allowed",
    ),
    entry("INV10020", Cause::Account, "suspended"),
    entry("INV10021", Cause::Account, "ended"),
    entry("INV20006", Cause::NotFound, "no such invoice"),
    entry("INV70001", Cause::Invalid, "the void has the wrong form"),
    entry(
        "INV70002",
        Cause::TooEarly,
        "the transmission to the tax authority failed: cannot be voided",
    ),
    entry("INV90005", Cause::Account, "the contract is not in force"),
    entry("INV90006", Cause::NumbersUsedUp, "the quota is used up"),
    entry("NOR10001", Cause::Unavailable, "the network is disturbed"),
    entry(
        "LIB10003",
        Cause::DuplicateReference,
        "the reference was used before",
    ),
    entry("LIB10005", Cause::AlreadyVoided, "voided already"),
    entry(
        "LIB10007",
        Cause::HasAllowance,
        "cannot be voided: it has an allowance",
    ),
    entry("LIB10008", Cause::TooLate, "too late to void"),
    entry(
        "LIB10009",
        Cause::TooEarly,
        "cannot be voided before the tax authority has it",
    ),
    entry(
        "LIB10014",
        Cause::Unavailable,
        "a void was asked for within the last 24 hours",
    ),
    entry(
        "IAI10001",
        Cause::Invalid,
        "the void of the allowance is incomplete",
    ),
    entry("IAI10002", Cause::NotFound, "no such allowance"),
    entry(
        "IAI10003",
        Cause::Unavailable,
        "the allowance could not be changed",
    ),
    entry(
        "IAI10004",
        Cause::Invalid,
        "the void of the allowance is wrong",
    ),
    entry(
        "IAI10005",
        Cause::Unavailable,
        "the void of the allowance could not be stored",
    ),
    entry(
        "IAI10006",
        Cause::Unavailable,
        "the void of the allowance failed",
    ),
    entry("API10001", Cause::Invalid, "the look-up is incomplete"),
    entry("API10002", Cause::NotFound, "the look-up found nothing"),
    entry("API10004", Cause::Invalid, "the look-up is wrong"),
    entry("CBC10001", Cause::Invalid, "the look-up lacks something"),
    entry("CBC10002", Cause::Invalid, "the look-up failed"),
    entry("CBC10003", Cause::Unavailable, "the tax authority failed"),
    entry(
        "CBC10004",
        Cause::Unavailable,
        "the tax authority cannot be reached",
    ),
];

/// What codes begin with that say what is wrong with a request.
const FAMILIES: [&str; 4] = ["KEY", "INV", "LIB", "IAI"];

pub(super) fn denial(code: &str, message: String) -> Denial {
    let code = Code::new(ProviderId::Ezpay, code);
    let known = FAMILIES.iter().any(|family| code.code.starts_with(family));
    let otherwise = match known {
        true => Cause::Invalid,
        false => Cause::Unavailable,
    };
    Denial {
        cause: code.cause().unwrap_or(otherwise),
        code,
        message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_codes_are_refusals_only_in_known_families() {
        let cause = |code| denial(code, String::new()).cause;
        assert_eq!(cause("LIB10008"), Cause::TooLate);
        assert_eq!(cause("INV19999"), Cause::Invalid);
        assert_eq!(cause("ERR00001"), Cause::Unavailable);
        assert_eq!(cause("NOR10001"), Cause::Unavailable);
    }
}
