//! Files of strangers, served in our name.

use http::{HeaderName, HeaderValue, header};
use std::fmt::Write as _;

/// The headers of a file that is to be saved and nothing else: no browser shows it, runs it or takes it for another type.
pub fn headers(name: &str, content_type: &str) -> [(HeaderName, HeaderValue); 4] {
    let fixed = HeaderValue::from_static;
    let content_type = HeaderValue::from_str(content_type);
    [
        (
            header::CONTENT_TYPE,
            content_type.unwrap_or(fixed("application/octet-stream")),
        ),
        (header::CONTENT_DISPOSITION, attachment(name)),
        (header::X_CONTENT_TYPE_OPTIONS, fixed("nosniff")),
        (
            header::CONTENT_SECURITY_POLICY,
            fixed("default-src 'none'; sandbox"),
        ),
    ]
}

/// `attachment` under a name: in ASCII for old clients, as it is for the others.
fn attachment(name: &str) -> HeaderValue {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ');
    let ascii: String = name
        .chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    let text = format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{encoded}");
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out_of_their_header() {
        assert_eq!(
            attachment("报告 \"1\".pdf"),
            "attachment; filename=\"__ _1_.pdf\"; filename*=UTF-8''%E6%8A%A5%E5%91%8A%20%221%22.pdf"
        );
        assert_eq!(
            attachment("a\r\nSet-Cookie: b"),
            "attachment; filename=\"a__Set-Cookie_ b\"; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20b"
        );
    }
}
