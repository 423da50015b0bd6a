//! Amego's codes.

use crate::codes::{Cause, Code, Entry, entry};
use crate::outcome::Denial;
use crate::provider::ProviderId;

pub(crate) const CODES: &[Entry] = &[
    entry("10", Cause::Unavailable, "maintenance"),
    entry("11", Cause::Credentials, "no seller"),
    entry(
        "12",
        Cause::Credentials,
        "the seller is not that of the account",
    ),
    entry("13", Cause::Account, "the account is not active"),
    entry("14", Cause::Account, "not from this IP address"),
    entry(
        "15",
        Cause::Credentials,
        "the time is wrong by more than a minute",
    ),
    entry("16", Cause::Credentials, "the signature is wrong"),
    entry("17", Cause::Invalid, "the data is wrong"),
    entry("18", Cause::Unavailable, "the database cannot be reached"),
    entry("19", Cause::Account, "suspended"),
    entry("20", Cause::Invalid, "the data is wrong"),
    entry("21", Cause::Unavailable, "too busy"),
    entry(
        "22",
        Cause::Account,
        "the account has not subscribed to the API",
    ),
    entry("23", Cause::Invalid, "the data is not a list"),
    entry("31", Cause::Invalid, "the kind of query does not exist"),
    entry("32", Cause::Invalid, "a parameter of the query is wrong"),
    entry("33", Cause::Invalid, "a parameter of the query is wrong"),
    entry("34", Cause::Invalid, "a parameter of the query is wrong"),
    entry("35", Cause::Invalid, "a parameter of the print is wrong"),
    entry("36", Cause::Invalid, "a parameter of the print is wrong"),
    entry("51", Cause::TooLate, "too old to be found"),
    entry("52", Cause::Unavailable, "a change is under way"),
    entry(
        "53",
        Cause::NotPrintable,
        "on a carrier, or of a type that is not printed",
    ),
    entry("55", Cause::Invalid, "the condition is wrong"),
    entry("56", Cause::NotPrintable, "without an amount"),
    entry("71", Cause::NotFound, "nothing found"),
    entry("99", Cause::Invalid, "a field is wrong"),
    entry(
        "3040111",
        Cause::NumbersUsedUp,
        "no numbers for this period",
    ),
    entry(
        "3040121",
        Cause::Invalid,
        "the buyer's business number has the wrong length",
    ),
    entry(
        "3040122",
        Cause::Invalid,
        "the buyer's business number is wrong",
    ),
    entry(
        "3040123",
        Cause::Invalid,
        "the buyer's name is empty or too long",
    ),
    entry(
        "3040132",
        Cause::UnknownCarrier,
        "the carrier is not registered",
    ),
    entry(
        "3040137",
        Cause::UnknownCarrier,
        "the love code is not registered",
    ),
    entry("3040144", Cause::Invalid, "the tax of a line is wrong"),
    entry(
        "3040162",
        Cause::Invalid,
        "prices without tax are for companies only",
    ),
    entry(
        "3040171",
        Cause::DuplicateReference,
        "the reference was used before",
    ),
    entry("3040174", Cause::Invalid, "the amounts are wrong"),
    entry("3040179", Cause::Invalid, "a zero rate lacks its marks"),
    entry("3040191", Cause::NumbersUsedUp, "no number left"),
    entry("3040192", Cause::Invalid, "the print format is wrong"),
    entry("3050111", Cause::Invalid, "a parameter is wrong"),
    entry("3050112", Cause::Invalid, "the data is not a list"),
    entry(
        "3050121",
        Cause::TooEarly,
        "the invoice is still being issued",
    ),
    entry(
        "3050122",
        Cause::AlreadyVoided,
        "the invoice has been voided",
    ),
    entry("3050123", Cause::Other, "the invoice has been cancelled"),
    entry("3050124", Cause::Invalid, "of a type that is not voided"),
    entry("3050125", Cause::NotFound, "no such invoice"),
    entry("3050126", Cause::TooLate, "too late to void"),
    entry("3050131", Cause::AlreadyVoided, "a void is under way"),
    entry(
        "3050141",
        Cause::HasAllowance,
        "the invoice has had an allowance",
    ),
    entry(
        "4040152",
        Cause::Other,
        "the invoice's state allows no allowance",
    ),
    entry(
        "4040153",
        Cause::Other,
        "the invoice's state allows no allowance",
    ),
    entry(
        "4040154",
        Cause::Other,
        "the invoice's state allows no allowance",
    ),
    entry("4040156", Cause::NotFound, "no such invoice"),
    entry(
        "4040161",
        Cause::DuplicateReference,
        "an allowance with this number exists",
    ),
    entry(
        "4040162",
        Cause::Other,
        "the allowance's state does not allow it",
    ),
    entry(
        "4040163",
        Cause::Other,
        "the allowance's state does not allow it",
    ),
    entry(
        "4050121",
        Cause::TooEarly,
        "the allowance is still being made",
    ),
    entry(
        "4050131",
        Cause::AlreadyVoided,
        "the allowance has been voided",
    ),
    entry(
        "4050132",
        Cause::Other,
        "the allowance's state does not allow a void",
    ),
    entry(
        "4050133",
        Cause::Other,
        "the allowance's state does not allow a void",
    ),
    entry(
        "4050134",
        Cause::Other,
        "the allowance's state does not allow a void",
    ),
    entry(
        "4050135",
        Cause::Other,
        "the allowance's state does not allow a void",
    ),
    entry(
        "4050141",
        Cause::Other,
        "the allowance's state does not allow a void",
    ),
    entry(
        "9000111",
        Cause::Invalid,
        "the mobile barcode has the wrong form",
    ),
    entry(
        "9000112",
        Cause::Invalid,
        "the mobile barcode has the wrong form",
    ),
    entry(
        "9000113",
        Cause::UnknownCarrier,
        "the mobile barcode is not registered",
    ),
];

/// What codes begin with that say what is wrong with one invoice or allowance.
const FAMILIES: [&str; 4] = ["3040", "3050", "4040", "4050"];

pub(super) fn denial(number: i64, message: String) -> Denial {
    let code = Code::new(ProviderId::Amego, number.to_string());
    let family = FAMILIES.iter().any(|family| code.code.starts_with(family));
    let otherwise = match family && code.code.len() == 7 {
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
        assert_eq!(cause(3_050_126), Cause::TooLate);
        assert_eq!(cause(3_040_199), Cause::Invalid);
        assert_eq!(cause(98), Cause::Unavailable);
        assert_eq!(cause(304), Cause::Unavailable);
        assert_eq!(cause(21), Cause::Unavailable);
    }
}
