//! Reads a body field by field, so that all that is wrong with it is said at once.

use super::limits::{LARGEST_NUMBER, LONGEST_COMMENTS, LONGEST_LINK, LONGEST_USERNAME};
use crate::model::DelayMinutes;
use crate::model::phone::{self, PhoneRefusal};
use crate::people::is_email;
use catalogue::PlatformError;
use catalogue::platform::{FieldError, Format, Property};
use einvoice::rules::ubn::Ubn;
use kernel::{Id, Secret, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::ops::RangeInclusive;

/// Numbers in bodies.
const INT32: RangeInclusive<i64> = 1..=LARGEST_NUMBER;
/// The most ids in one call: what suppliers take.
pub const MOST_IDS: i64 = 100;

/// A field as it was sent: any JSON, checked when it is read. Absent and `null` are the same.
pub type Sent<'a> = Option<&'a RawValue>;

/// Parses a body whose fields are [`Sent`] values. Fields that `T` does not have are let pass.
pub fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, PlatformError> {
    let body = if body.is_empty() { b"{}" } else { body };
    let object = std::str::from_utf8(body)
        .ok()
        .filter(|text| text.trim_start().starts_with('{'))
        .and_then(|text| serde_json::from_str(text).ok());
    object.ok_or_else(|| {
        PlatformError::fields(vec![FieldError {
            property: None,
            error: PlatformError::InvalidFormat {
                property: "body".into(),
                expected: Format::JsonObject,
            },
        }])
    })
}

/// Collects what is wrong.
#[derive(Default)]
pub struct Fields {
    errors: Vec<FieldError>,
}

impl Fields {
    /// The collected errors, if there are any.
    pub fn finish(self) -> Result<(), PlatformError> {
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(PlatformError::fields(self.errors))
        }
    }

    /// An error of a field.
    pub fn push(&mut self, property: impl Into<Property>, error: PlatformError) {
        self.errors.push(FieldError::at(property, error));
    }

    /// Errors that were found elsewhere, but for those of fields that have one already.
    pub fn extend(&mut self, errors: impl IntoIterator<Item = FieldError>) {
        let known: Vec<Option<Property>> = self.errors.iter().map(|e| e.property.clone()).collect();
        let new = errors.into_iter().filter(|e| !known.contains(&e.property));
        self.errors.extend(new);
    }

    /// A field must be there; one that is there but wrong has its own error already.
    pub fn require(&mut self, property: impl Into<Property>, sent: Sent<'_>) {
        if is_blank(sent) {
            let property = property.into();
            let error = PlatformError::FieldIsRequired {
                property: property.clone(),
            };
            self.push(property, error);
        }
    }

    /// A whole number in 1..=10000000.
    pub fn int32(&mut self, property: &'static str, sent: Sent<'_>) -> Option<i64> {
        self.whole(property, sent, INT32)
    }

    /// A whole number within limits.
    pub fn whole(
        &mut self,
        property: impl Into<Property>,
        sent: Sent<'_>,
        limits: RangeInclusive<i64>,
    ) -> Option<i64> {
        let text = present(sent)?;
        let property = property.into();
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            self.invalid(property, Format::Integer);
            return None;
        }
        // Digits that do not fit are a number all the same, only far too large.
        let value = text.parse().ok().filter(|n| limits.contains(n));
        if value.is_none() {
            self.out_of_range(property, *limits.start(), *limits.end());
        }
        value
    }

    /// A number that another one must not fall below.
    pub fn at_most(&mut self, property: &'static str, value: Option<i64>, limit: Option<i64>) {
        if let (Some(value), Some(limit)) = (value, limit)
            && value > limit
        {
            self.out_of_range(property, *INT32.start(), limit);
        }
    }

    /// A number within limits of its own.
    pub fn within(
        &mut self,
        property: &'static str,
        value: Option<i64>,
        limits: RangeInclusive<i64>,
    ) {
        if value.is_some_and(|value| !limits.contains(&value)) {
            self.out_of_range(property, *limits.start(), *limits.end());
        }
    }

    /// One of some names.
    pub fn one_of<T>(
        &mut self,
        property: impl Into<Property>,
        sent: Sent<'_>,
        of: impl FnOnce(&str) -> Option<T>,
        allowed: &[&str],
    ) -> Option<T> {
        let property = property.into();
        let text = self.text(property.clone(), sent, Format::Text)?;
        let value = of(&text);
        if value.is_none() {
            let error = PlatformError::NotAllowedEnumValues {
                property: property.clone(),
                allowed: allowed.join(", "),
            };
            self.push(property, error);
        }
        value
    }

    /// Five decimal digits, as a string.
    pub fn five_digits(&mut self, property: &'static str, sent: Sent<'_>) -> Option<String> {
        let expected = Format::FiveDigits;
        let text = self.text(property, sent, expected)?;
        if text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit()) {
            return Some(text);
        }
        self.invalid(property, expected);
        None
    }

    /// A UUID.
    pub fn uuid<T>(&mut self, property: &'static str, sent: Sent<'_>) -> Option<Id<T>> {
        let text = self.text(property, sent, Format::Uuid)?;
        let id = text.trim().parse().ok();
        if id.is_none() {
            self.invalid(property, Format::Uuid);
        }
        id
    }

    /// An absolute http or https address.
    pub fn link(&mut self, property: &'static str, sent: Sent<'_>) -> Option<String> {
        let text = self.text(property, sent, Format::Url)?;
        let url = reqwest::Url::parse(text.trim());
        let absolute = url.is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.host_str().is_some_and(|h| !h.is_empty())
        });
        if !absolute {
            self.invalid(property, Format::Url);
            return None;
        }
        self.length(property, text.trim().to_owned(), LONGEST_LINK)
    }

    /// An account's name.
    pub fn username(&mut self, property: &'static str, sent: Sent<'_>) -> Option<String> {
        let text = self.text(property, sent, Format::Text)?;
        self.length(property, text.trim().to_owned(), LONGEST_USERNAME)
    }

    /// An e-mail address, in lower case.
    pub fn email(&mut self, property: &'static str, sent: Sent<'_>) -> Option<String> {
        let text = self.text(property, sent, Format::Text)?;
        let text = text.trim().to_lowercase();
        if !is_email(&text) {
            let error = PlatformError::InvalidEmailFormat {
                property: property.into(),
            };
            self.push(property, error);
            return None;
        }
        Some(text)
    }

    /// A mobile phone number, in E.164.
    pub fn mobile(&mut self, property: &'static str, sent: Sent<'_>) -> Option<String> {
        let text = self.text(property, sent, Format::Text)?;
        let property_name = property.into();
        let error = match phone::mobile(&text) {
            Ok(number) => return Some(number),
            Err(PhoneRefusal::Invalid) => PlatformError::PhoneNumberInvalid {
                property: property_name,
            },
            Err(PhoneRefusal::NotMobile) => PlatformError::MobilePhoneOnly {
                property: property_name,
            },
        };
        self.push(property, error);
        None
    }

    /// A text of so many characters, without white space around it.
    pub fn line(
        &mut self,
        property: &'static str,
        sent: Sent<'_>,
        length: RangeInclusive<i64>,
    ) -> Option<String> {
        let text = self.text(property, sent, Format::Text)?;
        self.length_in(property, text.trim().to_owned(), length)
    }

    /// A text whose length and form others know.
    pub fn plain(&mut self, property: impl Into<Property>, sent: Sent<'_>) -> Option<String> {
        let text = self.text(property, sent, Format::Text)?;
        Some(text.trim().to_owned())
    }

    /// The elements of a list that has some; `None` when it is none, or has none.
    pub fn elements<'a>(
        &mut self,
        property: &'static str,
        sent: Sent<'a>,
    ) -> Option<Vec<&'a RawValue>> {
        let Some(text) = present(sent) else {
            self.require(property, None);
            return None;
        };
        let Ok(elements) = serde_json::from_str::<Vec<&RawValue>>(text) else {
            self.invalid(property, Format::List);
            return None;
        };
        if elements.is_empty() {
            let error = PlatformError::SequenceAtLeastOneElement {
                property: property.into(),
            };
            self.push(property, error);
            return None;
        }
        Some(elements)
    }

    /// An element of a list that is an object of [`Sent`] values.
    pub fn object<'a, T: Deserialize<'a>>(
        &mut self,
        property: impl Into<Property>,
        element: &'a RawValue,
    ) -> Option<T> {
        let text = Some(element.get()).filter(|text| text.starts_with('{'));
        let object = text.and_then(|text| serde_json::from_str(text).ok());
        if object.is_none() {
            self.invalid(property, Format::JsonObject);
        }
        object
    }

    /// A secret of so many characters, exactly as it was sent.
    pub fn secret(
        &mut self,
        property: &'static str,
        sent: Sent<'_>,
        length: RangeInclusive<i64>,
    ) -> Option<Secret<String>> {
        let text = self.text(property, sent, Format::Text)?;
        self.length_in(property, text, length).map(Secret::new)
    }

    /// A uniform number of a business.
    pub fn tax_id(&mut self, property: &'static str, sent: Sent<'_>) -> Option<String> {
        let text = self.text(property, sent, Format::Text)?;
        let number: Option<Ubn> = text.trim().parse().ok();
        if number.is_none() {
            self.invalid(property, Format::TaxId);
        }
        number.map(|number| number.to_string())
    }

    /// `true` or `false`.
    pub fn flag(&mut self, property: &'static str, sent: Sent<'_>) -> Option<bool> {
        let flag = serde_json::from_str(present(sent)?).ok();
        if flag.is_none() {
            self.invalid(property, Format::Boolean);
        }
        flag
    }

    /// Comments, one a line.
    pub fn comments(&mut self, property: &'static str, sent: Sent<'_>) -> Option<String> {
        let text = self.text(property, sent, Format::Text)?;
        self.length(property, text, LONGEST_COMMENTS)
    }

    /// A delay.
    pub fn delay(&mut self, property: &'static str, sent: Sent<'_>) -> Option<DelayMinutes> {
        let of = DelayMinutes::from_literal;
        self.one_of(property, sent, of, DelayMinutes::LITERALS)
    }

    /// An ISO 8601 date-time with an offset.
    pub fn date_time(&mut self, property: &'static str, sent: Sent<'_>) -> Option<Timestamp> {
        let text = self.text(property, sent, Format::DateTime)?;
        let at = text.trim().parse().ok();
        if at.is_none() {
            self.invalid(property, Format::DateTime);
        }
        at
    }

    /// 1 to 100 UUIDs.
    pub fn uuids<T>(&mut self, property: &'static str, sent: Sent<'_>) -> Vec<Id<T>> {
        let Some(elements) = self.elements(property, sent) else {
            return Vec::new();
        };
        if i64::try_from(elements.len()).unwrap_or(i64::MAX) > MOST_IDS {
            self.out_of_range(property, 1, MOST_IDS);
            return Vec::new();
        }
        let mut ids = Vec::new();
        for (place, element) in elements.into_iter().enumerate() {
            let id = serde_json::from_str::<String>(element.get()).ok();
            match id.and_then(|id| id.trim().parse().ok()) {
                Some(id) => ids.push(id),
                None => {
                    let property: Property = format!("{property}[{place}]").into();
                    let error = PlatformError::InvalidFormat {
                        property: property.clone(),
                        expected: Format::Uuid,
                    };
                    self.errors.push(FieldError::at(property, error));
                }
            }
        }
        ids
    }

    /// A JSON string that is not blank. Neither database stores NUL in text.
    fn text(
        &mut self,
        property: impl Into<Property>,
        sent: Sent<'_>,
        expected: Format,
    ) -> Option<String> {
        if is_blank(sent) {
            return None;
        }
        let text = serde_json::from_str::<String>(present(sent)?).ok();
        let text = text.filter(|text| !text.contains('\0'));
        if text.is_none() {
            self.invalid(property, expected);
        }
        text
    }

    fn length(&mut self, property: &'static str, text: String, max: i64) -> Option<String> {
        self.length_in(property, text, 1..=max)
    }

    fn length_in(
        &mut self,
        property: &'static str,
        text: String,
        range: RangeInclusive<i64>,
    ) -> Option<String> {
        let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
        if range.contains(&length) {
            return Some(text);
        }
        let (min, max) = range.into_inner();
        let error = PlatformError::StringLengthOutOfRange {
            property: property.into(),
            min,
            max,
        };
        self.push(property, error);
        None
    }

    fn invalid(&mut self, property: impl Into<Property>, expected: Format) {
        let property = property.into();
        let error = PlatformError::InvalidFormat {
            property: property.clone(),
            expected,
        };
        self.push(property, error);
    }

    fn out_of_range(&mut self, property: impl Into<Property>, min: i64, max: i64) {
        let property = property.into();
        let error = PlatformError::ValueOutOfRange {
            property: property.clone(),
            min,
            max,
        };
        self.push(property, error);
    }
}

fn present(sent: Sent<'_>) -> Option<&str> {
    sent.map(RawValue::get).filter(|text| *text != "null")
}

/// Absent, `null`, or a string of nothing but white space.
pub fn is_blank(sent: Sent<'_>) -> bool {
    let Some(text) = present(sent) else {
        return true;
    };
    text.starts_with('"')
        && serde_json::from_str::<String>(text).is_ok_and(|text| text.trim().is_empty())
}
