//! Values that are texts.

use super::{Reading, Value};
use crate::model::form::{Field, FieldType};
use catalogue::openapi_v2::{FieldProblem, ValueForm};
use unicode_normalization::UnicodeNormalization as _;

/// Most characters of a line, unless the field says otherwise.
pub(super) const LONGEST_LINE: i64 = 500;
/// Most characters of lines, unless the field says otherwise.
const LONGEST_LINES: i64 = 5000;
/// How dates may be written; the third is usual.
pub const DATE_FORMATS: [&str; 4] = ["YYYY", "YYYY-MM", "YYYY-MM-DD", "YYYY-MM-DD HH:mm"];
/// How times may be written; the first is usual.
pub const TIME_FORMATS: [&str; 2] = ["HH:mm", "HH:mm:ss"];

/// How a field wants its dates or times.
pub fn format_of(field: &Field) -> &'static str {
    let (formats, usual): (&[&'static str], _) = match field.field_type {
        FieldType::Time => (&TIME_FORMATS, TIME_FORMATS[0]),
        _ => (&DATE_FORMATS, DATE_FORMATS[2]),
    };
    let wanted = field.rules.format.as_deref();
    let found = formats.iter().find(|format| Some(**format) == wanted);
    found.copied().unwrap_or(usual)
}

pub(super) fn read(field: &Field, value: &Value, reading: &mut Reading<'_>) -> Option<Value> {
    let Some(text) = value.as_str() else {
        return reading.misshapen("\"…\"");
    };
    let text = match field.field_type {
        FieldType::TextArea => lines(text),
        _ => line(text),
    };
    match field.field_type {
        FieldType::Tel | FieldType::CustomerMobile => {
            written(is_mobile(&text), text, ValueForm::Mobile, reading)
        }
        FieldType::Identity | FieldType::OcrIdentity => {
            let text = text.to_ascii_uppercase();
            written(is_identity(&text), text, ValueForm::Identity, reading)
        }
        FieldType::CarNumber => {
            let text = plate(&text);
            written(is_plate(&text), text, ValueForm::Plate, reading)
        }
        FieldType::Date | FieldType::Time => moment(field, text, reading),
        FieldType::TextArea => short(
            text,
            field.rules.max_length.unwrap_or(LONGEST_LINES),
            reading,
        ),
        _ => short(
            text,
            field.rules.max_length.unwrap_or(LONGEST_LINE),
            reading,
        ),
    }
}

fn written(
    right: bool,
    text: String,
    expected: ValueForm,
    reading: &mut Reading<'_>,
) -> Option<Value> {
    if right {
        Some(text.into())
    } else {
        reading.refuse(FieldProblem::Format { expected })
    }
}

/// The text if it has at most `max` characters.
pub(super) fn short(text: String, max: i64, reading: &mut Reading<'_>) -> Option<Value> {
    if i64::try_from(text.chars().count()).is_ok_and(|length| length <= max) {
        Some(text.into())
    } else {
        reading.refuse(FieldProblem::TooLong { max })
    }
}

/// One line: control characters are blanks, and there are none around it.
pub(crate) fn line(text: &str) -> String {
    let plain: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    plain.trim().to_owned()
}

/// Lines that end alike, without other control characters than tabs.
fn lines(text: &str) -> String {
    let plain: String = text
        .replace("\r\n", "\n")
        .replace('\r', "\n")
        .chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .collect();
    plain.trim().to_owned()
}

/// As texts are compared: characters that are variants of others as those (NFKC), in lower case, without what is not seen, single
/// blanks.
pub(crate) fn comparable(text: &str) -> String {
    let seen = text.nfkc().filter(|c| !is_unseen(*c));
    let lower = seen.collect::<String>().to_lowercase();
    let final_sigma = lower.replace('ς', "σ");
    final_sigma.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Soft hyphens, joiners, marks of direction, and the like.
const fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}')
}

fn is_mobile(text: &str) -> bool {
    matches!(text.as_bytes(), [b'1', b'3'..=b'9', rest @ ..]
        if rest.len() == 9 && rest.iter().all(u8::is_ascii_digit))
}

/// GB 11643: the last of 18 characters is the check digit of the others (ISO 7064, mod 11-2).
fn is_identity(text: &str) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECK: &[u8; 11] = b"10X98765432";
    let Some((last, digits)) = text.as_bytes().split_last() else {
        return false;
    };
    if digits.len() != 17 || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let weighed = digits.iter().zip(WEIGHTS);
    let sum: u32 = weighed
        .map(|(d, weight)| u32::from(d - b'0') * weight)
        .sum();
    usize::try_from(sum % 11).is_ok_and(|index| CHECK.get(index) == Some(last))
}

/// A plate as it is compared: upper case, without blanks and dots.
fn plate(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '·' | '•' | '.' | '-'))
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

const PROVINCES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";

fn is_plate(text: &str) -> bool {
    let letter = |c: &char| c.is_ascii_uppercase() && !matches!(c, 'I' | 'O');
    let digit = char::is_ascii_digit;
    let either = |c: &char| letter(c) || digit(c);
    let chars: Vec<char> = text.chars().collect();
    match chars.as_slice() {
        // Embassies.
        ['使', rest @ ..] | [rest @ .., '使'] => rest.len() == 6 && rest.iter().all(digit),
        // The armed police.
        ['W', 'J', rest @ ..] => {
            let rest = match rest {
                [province, rest @ ..] if PROVINCES.contains(*province) => rest,
                rest => rest,
            };
            matches!(rest, [middle @ .., last] if middle.len() == 4 && middle.iter().all(digit)
                && (digit(last) || "JBXTHSD".contains(*last)))
        }
        [province, office, rest @ ..] if PROVINCES.contains(*province) => {
            let office = letter(office) || *office == 'O';
            office
                && match rest {
                    [middle @ .., last] if middle.len() == 4 => {
                        middle.iter().all(either)
                            && (either(last) || "挂学警港澳领试超".contains(*last))
                    }
                    // Cars of new energy: small ones, then large ones.
                    [kind, second, number @ ..] if number.len() == 4 => {
                        let kinds = |c: &char| "ABCDEFGHJK".contains(*c);
                        (kinds(kind) && either(second) && number.iter().all(digit))
                            || (rest.iter().take(5).all(digit) && number.last().is_some_and(kinds))
                    }
                    _ => false,
                }
        }
        // The army.
        [arm, unit, number @ ..] => {
            "VKHBSLJNGCEFM".contains(*arm)
                && letter(unit)
                && number.len() == 5
                && number.iter().all(digit)
        }
        _ => false,
    }
}

fn moment(field: &Field, text: String, reading: &mut Reading<'_>) -> Option<Value> {
    let format = format_of(field);
    if !is_moment(format, &text) {
        let expected = ValueForm::Pattern(format);
        return reading.refuse(FieldProblem::Format { expected });
    }
    let (earliest, latest) = (&field.rules.earliest, &field.rules.latest);
    let early = earliest.as_ref().is_some_and(|earliest| text < *earliest);
    let late = latest.as_ref().is_some_and(|latest| text > *latest);
    if early || late {
        return reading.refuse(FieldProblem::Range {
            min: earliest.clone().unwrap_or_else(|| "…".into()),
            max: latest.clone().unwrap_or_else(|| "…".into()),
        });
    }
    Some(text.into())
}

/// Whether the text is a date or time in a format such as `YYYY-MM-DD HH:mm`.
pub fn is_moment(format: &str, text: &str) -> bool {
    if format.len() != text.len() {
        return false;
    }
    let (mut year, mut month, mut day) = (0_i16, 0_i8, 0_i8);
    let (mut hour, mut minute, mut second) = (0_i8, 0_i8, 0_i8);
    for (wanted, given) in format.bytes().zip(text.bytes()) {
        let Some(part) = (match wanted {
            b'Y' => None,
            b'M' => Some(&mut month),
            b'D' => Some(&mut day),
            b'H' => Some(&mut hour),
            b'm' => Some(&mut minute),
            b's' => Some(&mut second),
            _ if wanted == given => continue,
            _ => return false,
        }) else {
            if !given.is_ascii_digit() {
                return false;
            }
            year = year * 10 + i16::from(given - b'0');
            continue;
        };
        let digit = given.wrapping_sub(b'0');
        let Some(digit) = i8::try_from(digit).ok().filter(|d| (0..=9).contains(d)) else {
            return false;
        };
        *part = *part * 10 + digit;
    }
    let (dated, with_month, with_day) = (
        format.contains('Y'),
        format.contains("MM"),
        format.contains("DD"),
    );
    let year = if dated { year } else { 2000 };
    let month = if with_month { month } else { 1 };
    let day = if with_day { day } else { 1 };
    year >= 1
        && jiff::civil::Date::new(year, month, day).is_ok()
        && jiff::civil::Time::new(hour, minute, second, 0).is_ok()
}

/// Whether the text is an address that browsers open: http or https, with a host.
pub(crate) fn is_link(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    let known = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '\\');
    known && !host.is_empty() && text.len() <= 2000 && !text.contains(odd)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn identity_numbers_have_a_check_digit() {
        for right in ["11010519491231002X", "440524188001010014"] {
            assert!(is_identity(right), "{right}");
        }
        for wrong in [
            "",
            "110105194912310021",
            "11010519491231002",
            "11010519491231002XX",
            "1101051949123100２X",
            "X1010519491231002X",
        ] {
            assert!(!is_identity(wrong), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn one_check_digit_of_eleven_is_right(digits in "[0-9]{17}") {
            let right = "0123456789X".chars().filter(|c| is_identity(&format!("{digits}{c}")));
            prop_assert_eq!(right.count(), 1);
        }

        #[test]
        fn a_wrong_digit_is_found(digits in "[0-9]{17}", at in 0_usize..17, by in 1_u8..10) {
            let last = "0123456789X".chars().find(|c| is_identity(&format!("{digits}{c}")));
            let mut bytes = format!("{digits}{}", last.unwrap()).into_bytes();
            bytes[at] = b'0' + (bytes[at] - b'0' + by) % 10;
            prop_assert!(!is_identity(&String::from_utf8(bytes).unwrap()));
        }

        #[test]
        fn normal_texts_stay_as_they_are(text in any::<String>()) {
            prop_assert_eq!(line(&line(&text)), line(&text));
            prop_assert_eq!(lines(&lines(&text)), lines(&text));
            let once = comparable(&text);
            prop_assert_eq!(comparable(&once), once);
            prop_assert_eq!(plate(&plate(&text)), plate(&text));
        }
    }

    #[test]
    fn plates() {
        for (written, is_one) in [
            ("京A12345", true),
            ("粤b·8h9k2", true),
            ("沪A 1234挂", true),
            ("粤Z1234港", true),
            ("京O12345", true),
            ("粤BD12345", true),
            ("粤BDA1234", true),
            ("京A12345D", true),
            ("使014578", true),
            ("224001使", true),
            ("沪A0023领", true),
            ("WJ京1234X", true),
            ("WJ12345", true),
            ("VA12345", true),
            ("", false),
            ("京", false),
            ("京A", false),
            ("京A1234", false),
            ("京A123456", false),
            ("京1A2345", false),
            ("京AI2345", false),
            ("京A1O345", false),
            ("粤BZ12345", false),
            ("粤BD1234A", false),
            ("A12345", false),
            ("英A12345", false),
            ("京A挂2345", false),
            ("使12345", false),
        ] {
            assert_eq!(is_plate(&plate(written)), is_one, "{written}");
        }
    }

    #[test]
    fn mobile_numbers() {
        for (text, is_one) in [
            ("13800138000", true),
            ("19912345678", true),
            ("12800138000", false),
            ("1380013800", false),
            ("138001380001", false),
            ("+8613800138000", false),
            ("1380013800a", false),
            ("１３800138000", false),
        ] {
            assert_eq!(is_mobile(text), is_one, "{text}");
        }
    }

    #[test]
    fn dates_and_times() {
        for (format, text, is_one) in [
            ("YYYY", "2026", true),
            ("YYYY", "0000", false),
            ("YYYY", "26", false),
            ("YYYY-MM", "2026-12", true),
            ("YYYY-MM", "2026-13", false),
            ("YYYY-MM", "2026/12", false),
            ("YYYY-MM-DD", "2028-02-29", true),
            ("YYYY-MM-DD", "2026-02-29", false),
            ("YYYY-MM-DD", "2026-2-9", false),
            ("YYYY-MM-DD", "2026-00-01", false),
            ("YYYY-MM-DD", "２026-01", false),
            ("YYYY-MM-DD HH:mm", "2026-06-01 23:59", true),
            ("YYYY-MM-DD HH:mm", "2026-06-01T23:59", false),
            ("YYYY-MM-DD HH:mm", "2026-06-01 24:00", false),
            ("HH:mm", "00:00", true),
            ("HH:mm", "23:60", false),
            ("HH:mm", "ab:cd", false),
            ("HH:mm:ss", "12:30:59", true),
            ("HH:mm:ss", "12:30:60", false),
        ] {
            assert_eq!(is_moment(format, text), is_one, "{format} {text}");
        }
    }

    #[test]
    fn links() {
        for (text, is_one) in [
            ("https://example.com/图.png?a=1#b", true),
            ("HTTP://127.0.0.1:8080", true),
            ("https:///a", false),
            ("ftp://example.com/a", false),
            ("javascript://example.com", false),
            ("example.com/a.png", false),
            ("https://example.com/a b", false),
            ("https://example.com/\"onload", false),
            ("", false),
        ] {
            assert_eq!(is_link(text), is_one, "{text}");
        }
    }
}
