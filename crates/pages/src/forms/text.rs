//! Times as people read them, and what is shown in part.

use kernel::Timestamp;

/// `2026-06-02 12:30 (UTC+8)`.
pub fn time(at: Timestamp) -> String {
    readable(&at.to_string())
}

/// The same of `2026-06-02T12:30:00+08:00`.
pub fn readable(at: &str) -> String {
    match at.get(..16) {
        Some(minute) => format!("{} (UTC+8)", minute.replacen('T', " ", 1)),
        None => at.to_owned(),
    }
}

/// A text with most of it hidden: `138****8000`, `张*`.
pub fn masked(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let (head, tail) = match characters.len() {
        0 => return String::new(),
        1 => (0, 0),
        2 | 3 => (1, 0),
        4..=6 => (1, 1),
        7..=10 => (2, 2),
        _ => (3, 4),
    };
    let stars = characters.len() - head - tail;
    let mut masked: String = characters.iter().take(head).collect();
    // How long a long text is tells something of it.
    masked.extend(std::iter::repeat_n('*', stars.min(12)));
    masked.extend(characters.iter().skip(characters.len() - tail));
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_shown_in_part() {
        for (text, shown) in [
            ("", ""),
            ("张", "*"),
            ("张三", "张*"),
            ("张三丰", "张**"),
            ("Mei Lin", "Me***in"),
            ("13800138000", "138****8000"),
            ("11010519491231002X", "110***********002X"),
        ] {
            assert_eq!(masked(text), shown);
        }
        assert_eq!(masked(&"x".repeat(500)).chars().count(), 19);
    }

    #[test]
    fn times_are_those_of_the_contract() {
        let at: Timestamp = "2026-06-01T16:30:09Z".parse().unwrap();
        assert_eq!(time(at), "2026-06-02 00:30 (UTC+8)");
        assert_eq!(readable("?"), "?");
    }
}
