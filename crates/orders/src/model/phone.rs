//! Phone numbers, by the metadata of libphonenumber.

use phonenumber::metadata::DATABASE;
use phonenumber::{Mode, Type, country};

/// Longest text that is looked at.
const LONGEST: usize = 40;

/// Why a text is no number that a message can be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneRefusal {
    /// It is no number that exists in its numbering plan.
    Invalid,
    /// It is a number, but not a mobile one.
    NotMobile,
}

/// A mobile number in E.164. Numbers without a country code are Taiwan's. In numbering plans that give mobile and fixed lines the
/// same numbers, every one may be mobile.
pub fn mobile(text: &str) -> Result<String, PhoneRefusal> {
    let text: String = text.trim().chars().map(narrow).collect();
    if text.len() > LONGEST {
        return Err(PhoneRefusal::Invalid);
    }
    let number = phonenumber::parse(Some(country::TW), &text).map_err(|_| PhoneRefusal::Invalid)?;
    // A message reaches no extension.
    if !number.is_valid() || number.extension().is_some() {
        return Err(PhoneRefusal::Invalid);
    }
    match number.number_type(&DATABASE) {
        Type::Mobile | Type::FixedLineOrMobile => Ok(number.format().mode(Mode::E164).to_string()),
        _ => Err(PhoneRefusal::NotMobile),
    }
}

/// Full-width digits and signs, as Chinese input methods write them, in ASCII.
fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' => ' ',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn mobile_numbers_are_told_from_others() {
        for (text, e164) in [
            ("0912345678", "+886912345678"),
            ("+886912345678", "+886912345678"),
            ("886912345678", "+886912345678"),
            ("0912-345-678", "+886912345678"),
            ("０９１２３４５６７８", "+886912345678"),
            ("+85261234567", "+85261234567"),
            ("+14155552671", "+14155552671"),
        ] {
            assert_eq!(mobile(text), Ok(e164.into()), "{text}");
        }
        for fixed in ["0223456789", "+886223456789", "0800123456", "0990123456"] {
            assert_eq!(mobile(fixed), Err(PhoneRefusal::NotMobile), "{fixed}");
        }
        let long = "0".repeat(1000);
        for bad in [
            "",
            "abc",
            "12345",
            "+886123",
            "09123456",
            "091234567890",
            "0912345678#123",
            &long,
        ] {
            assert_eq!(mobile(bad), Err(PhoneRefusal::Invalid), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_a_number_stays_one(text in "\\PC{0,20}|\\+?[0-9 -]{5,16}") {
            if let Ok(number) = mobile(&text) {
                prop_assert_eq!(mobile(&number), Ok(number));
            }
        }
    }
}
