//! Form fields, written and read as PHP does.

use std::collections::HashMap;
use std::fmt;

/// Names and values in the order in which they are sent.
///
/// `Debug` shows the names only: values may be card data.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, String)>);

/// A name or a value is not UTF-8 once decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a form field is not UTF-8")]
pub struct NotUtf8;

impl Fields {
    /// None yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// These fields and one more.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.push(name, value);
        self
    }

    /// These fields and, when there is a value, one more.
    #[must_use]
    pub fn with_some(self, name: impl Into<String>, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Adds a field at the end.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    /// The value of `name`; the last one if there are several, as in PHP.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().rev().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The pairs in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }

    /// As PHP's `http_build_query` writes it.
    pub fn encode(&self) -> String {
        let mut out = String::new();
        for (name, value) in &self.0 {
            if !out.is_empty() {
                out.push('&');
            }
            encode_into(&mut out, name);
            out.push('=');
            encode_into(&mut out, value);
        }
        out
    }

    /// Reads what [`encode`](Self::encode) or any other form encoder writes. Names are decoded too:
    /// `Result%5B0%5D%5BTradeNo%5D` is `Result[0][TradeNo]`. A stray `%` stands for itself.
    pub fn decode(text: &str) -> Result<Self, NotUtf8> {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        });
        pairs.collect::<Result<_, _>>().map(Self)
    }

    /// The rows of a nested PHP array: for `Result`, the fields `Result[i][X]` as one `Fields` of `X` for each `i`.
    pub fn rows(&self, array: &str) -> Vec<Self> {
        let mut rows: Vec<Self> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        for (name, value) in self.iter() {
            let Some((index, column)) = row_and_column(name, array) else {
                continue;
            };
            let place = *places.entry(index).or_insert(rows.len());
            if place == rows.len() {
                rows.push(Self::new());
            }
            rows[place].push(column, value);
        }
        rows
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

fn row_and_column<'a>(name: &'a str, array: &str) -> Option<(&'a str, &'a str)> {
    let inner = name.strip_prefix(array)?.strip_prefix('[')?;
    inner.strip_suffix(']')?.split_once("][")
}

fn encode_into(out: &mut String, text: &str) {
    for part in form_urlencoded::byte_serialize(text.as_bytes()) {
        // The one difference between the URL standard and PHP.
        out.push_str(if part == "*" { "%2A" } else { part });
    }
}

fn decode(text: &str) -> Result<String, NotUtf8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        out.push(match (byte, after) {
            (b'+', _) => b' ',
            (b'%', [high, low, after @ ..]) => match (nibble(*high), nibble(*low)) {
                (Some(high), Some(low)) => {
                    rest = after;
                    high << 4 | low
                }
                _ => byte,
            },
            _ => byte,
        });
    }
    String::from_utf8(out).map_err(|_| NotUtf8)
}

/// The value of a hexadecimal digit.
pub(crate) fn nibble(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|n| n.try_into().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fields_are_written_as_php_writes_them() {
        let fields = Fields::new()
            .with("ProdDesc", "月租方案 1 個月")
            .with("odd", "*~!'()-_.&=+%");
        assert_eq!(
            fields.encode(),
            "ProdDesc=%E6%9C%88%E7%A7%9F%E6%96%B9%E6%A1%88+1+%E5%80%8B%E6%9C%88\
             &odd=%2A%7E%21%27%28%29-_.%26%3D%2B%25"
        );
    }

    #[test]
    fn names_are_decoded_and_arrays_are_rows() {
        let text = "Status=SUCCESS&Result%5B0%5D%5BTradeNo%5D=1&Result[1][TradeNo]=2&Result[0][Amt]=9&Results[0][A]=7&Result[x]=8";
        let fields = Fields::decode(text).unwrap();
        assert_eq!(fields.get("Result[0][TradeNo]"), Some("1"));
        assert_eq!(
            fields.rows("Result"),
            [
                Fields::new().with("TradeNo", "1").with("Amt", "9"),
                Fields::new().with("TradeNo", "2"),
            ]
        );
        assert!(fields.rows("Other").is_empty());
    }

    #[test]
    fn decoding_is_lenient_about_form_but_not_about_utf_8() {
        let fields = Fields::decode("&a&b=1=2&&c=%zz%4&d=%e4%b8%ad&a=last&").unwrap();
        assert_eq!(fields.get("a"), Some("last"));
        assert_eq!(fields.get("b"), Some("1=2"));
        assert_eq!(fields.get("c"), Some("%zz%4"));
        assert_eq!(fields.get("d"), Some("中"));
        assert_eq!(Fields::decode("a=%ff"), Err(NotUtf8));
        assert_eq!(Fields::decode("%ff=a"), Err(NotUtf8));
    }

    #[test]
    fn debug_shows_no_values() {
        let fields = Fields::new().with("CardNo", "4147631000000001");
        assert_eq!(format!("{fields:?}"), r#"{"CardNo"}"#);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(pairs: Vec<(String, String)>) {
            let mut fields = Fields::new();
            for (name, value) in pairs {
                fields.push(format!("n{name}"), value);
            }
            prop_assert_eq!(Fields::decode(&fields.encode()), Ok(fields));
        }

        #[test]
        fn any_text_is_decoded_without_panic(text in ".*") {
            if let Ok(fields) = Fields::decode(&text) {
                fields.rows("Result");
            }
        }
    }
}
