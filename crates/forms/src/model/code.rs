//! Codes: what they show, and what can be done with them.

use catalogue::openapi_v2::{JsonType, Problem};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

store::text_enum! {
    /// Whether a code is in use.
    pub enum CodeStatus {
        /// It is.
        Enabled = "enabled",
        /// Not at present.
        Disabled = "disabled",
        /// Never again.
        Deleted = "deleted",
    }
}

/// The element of an operation that changes a state.
pub const UPDATE_STATE: i64 = 1;
/// The element of an operation that has a form filled in.
pub const FILL_FORM: i64 = 2;

/// What a code shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentField {
    /// Its id, of no other field of the code.
    pub field_id: i64,
    /// What its value is.
    #[serde(rename = "type")]
    pub kind: ContentKind,
    /// Its title.
    pub title: String,
    /// What it says.
    pub value: String,
}

/// What can be done with a code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// What it consists of.
    pub elements: Vec<Element>,
    /// The values of states in which it can be done: `state id` to value ids. Empty: in all.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub allowed_state_values: BTreeMap<String, Vec<i64>>,
}

impl Operation {
    /// Whether it includes filling this form in.
    pub fn fills_in(&self, tpl_id: i64) -> bool {
        let mut elements = self.elements.iter();
        elements.any(|e| e.element_type == FILL_FORM && e.element_value == tpl_id)
    }
}

/// One step of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Element {
    /// [`UPDATE_STATE`] or [`FILL_FORM`].
    pub element_type: i64,
    /// The state's or the form's id.
    pub element_value: i64,
}

/// A value that a state can have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateValue {
    /// Its id, of no other value of the state.
    pub id: i64,
    /// Its words.
    pub text: String,
}

store::text_enum! {
    /// What the value of a content field is.
    pub enum ContentKind {
        /// Words.
        Text = "text",
        /// A number.
        Number = "number",
        /// A day, `2026-06-02`.
        Date = "date",
        /// An address.
        Url = "url",
        /// The address of a picture.
        Image = "image",
        /// The address of a file.
        File = "file",
    }
}

impl ContentKind {
    /// What is wrong with a value of this kind. Every kind may be empty.
    pub fn problem(self, value: &str) -> Option<Problem> {
        if value.is_empty() {
            return None;
        }
        match self {
            Self::Text => None,
            Self::Number => {
                let good = value.parse::<f64>().is_ok_and(f64::is_finite);
                let expected = JsonType::Number;
                (!good).then_some(Problem::InvalidType { expected })
            }
            Self::Date => {
                let good = value.len() == 10 && value.parse::<jiff::civil::Date>().is_ok();
                (!good).then_some(Problem::InvalidTime)
            }
            Self::Url | Self::Image | Self::File => {
                (!is_web_address(value)).then_some(Problem::Malformed)
            }
        }
    }
}

/// Whether pages may link it: `javascript:` and the like may not become links.
fn is_web_address(text: &str) -> bool {
    reqwest::Url::parse(text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fit_their_kind() {
        use ContentKind::{Date, File, Image, Number, Text, Url};
        for (kind, value) in [
            (Text, "anything"),
            (Number, "-30.5"),
            (Date, "2026-02-28"),
            (Url, "https://example.com/a?b=c"),
            (Image, "http://example.com/a.png"),
            (File, ""),
        ] {
            assert_eq!(kind.problem(value), None, "{value}");
        }
        for (kind, value) in [
            (Number, "many"),
            (Number, "inf"),
            (Number, "NaN"),
            (Date, "2026-02-30"),
            (Date, "20260228"),
            (Url, "javascript:alert(1)"),
            (Url, "/relative"),
            (Image, "data:image/png;base64,AAAA"),
            (File, "ftp://example.com/a"),
        ] {
            assert!(kind.problem(value).is_some(), "{value}");
        }
    }
}
