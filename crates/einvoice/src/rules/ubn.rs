//! Unified business numbers (統一編號).

use super::text::{is_letters_and_digits, text_of_a_form};
use std::fmt;
use std::str::FromStr;

/// The number of a business or organization that buys: eight digits whose checksum is right.
///
/// A right checksum does not say that the business exists, and a business that is in no public register (government
/// bodies, hospitals, welfare committees) can still have a number.
///
/// ```
/// use einvoice::rules::ubn::{Ubn, UbnError};
///
/// assert!("04595252".parse::<Ubn>().is_ok());
/// assert_eq!("12345678".parse::<Ubn>(), Err(UbnError::Checksum));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ubn(String);

/// Why a text is no number of a business.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UbnError {
    /// It is not eight digits.
    #[error("a unified business number has eight digits")]
    Form,
    /// Its checksum is wrong.
    #[error("the checksum of the unified business number is wrong")]
    Checksum,
    /// Eight zeros: the checksum is right, but it stands for "no business".
    #[error("eight zeros are no unified business number")]
    Zeros,
}

const WEIGHTS: [u32; 8] = [1, 2, 1, 2, 1, 2, 4, 1];
/// Half of what it was until March 2023, when the numbers ran out.
const MODULUS: u32 = 5;

impl Ubn {
    /// The eight digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Ubn {
    type Err = UbnError;

    fn from_str(text: &str) -> Result<Self, UbnError> {
        if !is_letters_and_digits(text, 0, 8) {
            return Err(UbnError::Form);
        }
        if text == "00000000" {
            return Err(UbnError::Zeros);
        }
        match is_right(text.as_bytes()) {
            true => Ok(Self(text.to_owned())),
            false => Err(UbnError::Checksum),
        }
    }
}

impl fmt::Display for Ubn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_right(digits: &[u8]) -> bool {
    let sum = sum(digits);
    // 7 times its weight is 28, and 2 + 8 = 10 may count as 1 or as 0.
    let seven = digits.get(6) == Some(&b'7');
    sum.is_multiple_of(MODULUS) || (seven && (sum + 1).is_multiple_of(MODULUS))
}

/// The digits of all products, added up.
fn sum(digits: &[u8]) -> u32 {
    let products = digits.iter().zip(WEIGHTS);
    let products = products.map(|(digit, weight)| u32::from(digit.saturating_sub(b'0')) * weight);
    products.map(|product| product / 10 + product % 10).sum()
}

text_of_a_form! {
    /// The number of the business that sells: eight digits. No checksum, because the test accounts of the providers
    /// (`12345678`) have none that is right.
    pub struct SellerUbn: "a seller's unified business number: eight digits", |text| is_letters_and_digits(text, 0, 8);
}

impl From<Ubn> for SellerUbn {
    fn from(ubn: Ubn) -> Self {
        Self(ubn.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SUMS: &[(&str, u32)] = &[
        ("04595257", 40),
        ("04595252", 35),
        ("10458575", 30),
        ("10458574", 29),
        ("10458570", 25),
        ("10458576", 31),
        ("12345670", 34),
        ("12345671", 35),
        ("12345675", 39),
        ("12345676", 40),
        ("12222538", 25),
        ("28080623", 30),
        ("53212539", 30),
        ("24536806", 40),
        ("97025978", 50),
        ("12345678", 42),
        ("12345672", 36),
        ("04595253", 36),
        ("28080624", 31),
        ("87654321", 39),
        ("24536807", 41),
        ("10000000", 1),
    ];

    const VALID: &[&str] = &[
        "04595257", "04595252", "10458575", "10458574", "10458570", "12345670", "12345671",
        "12345675", "12345676", "12222538", "12222533", "24536806", "53212539", "28080623",
        "97025978",
    ];

    const INVALID: &[&str] = &[
        "10458576", "12345678", "12345672", "04595253", "28080624", "87654321", "24536807",
        "10000000",
    ];

    #[test]
    fn sums_are_those_of_the_published_examples() {
        for (number, expected) in SUMS {
            assert_eq!(sum(number.as_bytes()), *expected, "{number}");
        }
    }

    #[test]
    fn the_rule_of_2023_decides() {
        for number in VALID {
            assert!(number.parse::<Ubn>().is_ok(), "{number}");
        }
        for number in INVALID {
            assert_eq!(number.parse::<Ubn>(), Err(UbnError::Checksum), "{number}");
        }
        assert_eq!("00000000".parse::<Ubn>(), Err(UbnError::Zeros));
        for form in [
            "",
            "1234567",
            "123456789",
            "1234567a",
            "１２３４５６７５",
            " 4595257",
        ] {
            assert_eq!(form.parse::<Ubn>(), Err(UbnError::Form), "{form}");
        }
    }

    #[test]
    fn a_seller_needs_no_checksum() {
        assert!("12345678".parse::<SellerUbn>().is_ok());
        assert!("1234567".parse::<SellerUbn>().is_err());
    }

    proptest! {
        /// Whoever passed the old rule passes the new one.
        #[test]
        fn numbers_from_before_2023_stay_valid(number in "[0-9]{8}") {
            let z = sum(number.as_bytes());
            let seven = number.as_bytes()[6] == b'7';
            let old = z.is_multiple_of(10) || (seven && (z + 1).is_multiple_of(10));
            prop_assert!(!old || number == "00000000" || number.parse::<Ubn>().is_ok());
        }

        /// The weight of the last digit is 1: one in five is right, or two where the seventh is 7.
        #[test]
        fn one_last_digit_in_five_is_right(head in "[0-9]{7}") {
            prop_assume!(head != "0000000");
            let right = (0..10).filter(|last| format!("{head}{last}").parse::<Ubn>().is_ok()).count();
            prop_assert_eq!(right, if head.ends_with('7') { 4 } else { 2 });
        }

        #[test]
        fn any_text_is_read_without_panic(text in ".*") {
            if let Ok(ubn) = text.parse::<Ubn>() {
                prop_assert_eq!(ubn.to_string(), text);
            }
        }
    }
}
