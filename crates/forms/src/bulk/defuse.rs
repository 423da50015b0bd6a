//! Cells of CSV that no spreadsheet takes for a formula.

/// What formulas begin with, also where it is written in full width.
const DANGEROUS: [char; 11] = ['=', '+', '-', '@', '|', '\t', '\r', '＝', '＋', '－', '＠'];

fn is_dangerous(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(DANGEROUS)
}

/// With an apostrophe in front where a spreadsheet would take the text for a formula. [`undo`] takes it away again.
pub fn defuse(text: &str) -> String {
    if is_dangerous(text) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// What [`defuse`] was given.
pub fn undo(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if is_dangerous(rest) => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn formulas_become_text() {
        for (text, defused) in [
            ("=1+1", "'=1+1"),
            ("+86", "'+86"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("'=1", "''=1"),
            ("it's", "it's"),
            ("'quoted'", "'quoted'"),
            ("", ""),
        ] {
            assert_eq!(defuse(text), defused);
            assert_eq!(undo(defused), text);
        }
    }

    proptest! {
        #[test]
        fn every_text_comes_back(text in "['=+@a-]{0,5}") {
            let defused = defuse(&text);
            prop_assert!(!defused.starts_with(DANGEROUS));
            prop_assert_eq!(undo(&defused), text);
        }
    }
}
