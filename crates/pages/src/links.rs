//! Addresses that pages lead to.

/// An address that a page may lead to: http or https, nothing that runs.
pub fn web_address(url: &str) -> Option<&str> {
    let is_web = ["http://", "https://"].iter().any(|scheme| {
        url.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    (is_web && !url.chars().any(|c| c.is_control() || c.is_whitespace())).then_some(url)
}

/// Scheme, host and port of an address, if they can stand in a header.
pub fn origin(url: &str) -> Option<&str> {
    let url = web_address(url)?;
    let host = url.find("://")? + 3;
    let end = url[host..]
        .find(['/', '?', '#'])
        .map_or(url.len(), |at| host + at);
    let usable = |b: u8| b.is_ascii_alphanumeric() || b".-:[]".contains(&b);
    (end > host && url[host..end].bytes().all(usable)).then_some(&url[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_are_led_to() {
        assert_eq!(
            web_address("https://shop.example/a?b"),
            Some("https://shop.example/a?b")
        );
        assert_eq!(
            web_address("HTTP://shop.example"),
            Some("HTTP://shop.example")
        );
        for url in [
            "javascript:alert(1)",
            " https://x",
            "java\nscript:x",
            "//x",
            "data:text/html,x",
            "https://x y",
            "",
        ] {
            assert_eq!(web_address(url), None, "{url}");
        }
    }

    #[test]
    fn origins_carry_nothing_into_headers() {
        assert_eq!(
            origin("https://pay.example:8443/sdk/a.js?b"),
            Some("https://pay.example:8443")
        );
        assert_eq!(origin("http://[::1]:3000"), Some("http://[::1]:3000"));
        for url in [
            "https://",
            "https://a;script-src *",
            "https://a'b/",
            "ftp://a",
        ] {
            assert_eq!(origin(url), None, "{url}");
        }
    }
}
