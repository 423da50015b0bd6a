//! Query strings, read the way browsers write them: nothing that comes in is an error.

use std::fmt::Write as _;

/// The first value of `name`; empty when there is none. NUL and bytes that are no UTF-8 become U+FFFD, a `%`
/// that starts no escape stays a `%`.
pub fn value(query: &str, name: &str) -> String {
    query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .find(|(key, _)| decode(key) == name)
        .map(|(_, value)| decode(value))
        .unwrap_or_default()
}

/// `path` with the pairs whose value is not empty.
pub fn href(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut href = path.to_owned();
    let mut separator = if path.contains('?') { '&' } else { '?' };
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        href.push(separator);
        href.push_str(name);
        href.push('=');
        encode(value, &mut href);
        separator = '&';
    }
    href
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let escape = |at: usize| bytes.get(at).and_then(|b| char::from(*b).to_digit(16));
        match (bytes[i], escape(i + 1), escape(i + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                i += 3;
            }
            (b'+', ..) => {
                decoded.push(b' ');
                i += 1;
            }
            (byte, ..) => {
                decoded.push(byte);
                i += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).replace('\0', "\u{FFFD}")
}

fn encode(text: &str, into: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            into.push(char::from(byte));
        } else {
            let _ = write!(into, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let href = href(
            "/x",
            &[("q", "訂單 & a=b%"), ("status", ""), ("lang", "en")],
        );
        assert_eq!(href, "/x?q=%E8%A8%82%E5%96%AE%20%26%20a%3Db%25&lang=en");
        let (_, query) = href.split_once('?').unwrap();
        assert_eq!(value(query, "q"), "訂單 & a=b%");
        assert_eq!(value(query, "lang"), "en");
        assert_eq!(value(query, "status"), "");
    }

    #[test]
    fn broken_escapes_are_taken_as_they_are() {
        assert_eq!(value("q=100%", "q"), "100%");
        assert_eq!(value("q=%4", "q"), "%4");
        assert_eq!(value("q=%zz", "q"), "%zz");
        assert_eq!(value("q=%ff+%C3%A9", "q"), "\u{fffd} é");
        assert_eq!(value("&&=&q", "q"), "");
        assert_eq!(value("%71=a&q=b", "q"), "a");
    }
}
