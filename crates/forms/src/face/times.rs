//! Times as they are sent.

use kernel::Timestamp;

/// Unix seconds, and the same as `2026-06-02 12:30:00(UTC+08:00)`.
pub(crate) fn both(at: Timestamp) -> (i64, String) {
    (seconds(at), iso(at))
}

/// [`both`] of a time that may not be there.
pub(crate) fn maybe(at: Option<Timestamp>) -> (Option<i64>, Option<String>) {
    at.map(both).unzip()
}

/// Unix seconds.
pub(crate) const fn seconds(at: Timestamp) -> i64 {
    at.micros().div_euclid(1_000_000)
}

/// `2026-06-02 12:30:00(UTC+08:00)`.
pub(crate) fn iso(at: Timestamp) -> String {
    format!("{}(UTC+08:00)", plain(at))
}

/// `2026-06-02 12:30:00`, at +08:00.
pub(crate) fn plain(at: Timestamp) -> String {
    let text = at.to_string();
    text.replacen('T', " ", 1).replace("+08:00", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_sent_in_two_ways() {
        let at = "2026-06-01T04:30:00.9Z".parse().unwrap();
        let expected = (1_780_288_200, "2026-06-01 12:30:00(UTC+08:00)".to_owned());
        assert_eq!(both(at), expected);
        assert_eq!(maybe(None), (None, None));
    }
}
