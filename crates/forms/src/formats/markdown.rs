/// Text as one line of Markdown that shows it as it is: nothing in it is markup, a link or a line of its own.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let lines = text.lines().map(str::trim);
    for (index, line) in lines.filter(|line| !line.is_empty()).enumerate() {
        if index > 0 {
            escaped.push_str("<br>");
        }
        let mut before = ' ';
        for c in line.chars().filter(|c| !c.is_control() || *c == '\t') {
            // Bare addresses become links in many dialects: they begin with `scheme:`, `www.` or contain `@`.
            let is_markup = matches!(
                c,
                '\\' | '`'
                    | '*'
                    | '_'
                    | '{'
                    | '}'
                    | '['
                    | ']'
                    | '<'
                    | '>'
                    | '('
                    | ')'
                    | '#'
                    | '+'
                    | '-'
                    | '!'
                    | '|'
                    | '~'
                    | '&'
                    | '@'
                    | '='
                    | '$'
                    | '^'
                    | ':'
            );
            let ends_number = matches!(c, '.') && before.is_ascii_digit();
            let in_www = c == '.' && before.eq_ignore_ascii_case(&'w');
            if is_markup || ends_number || in_www {
                escaped.push('\\');
            }
            escaped.push(c);
            before = c;
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_is_markup() {
        assert_eq!(
            escape("*a* [b](javascript:c) <d>"),
            r"\*a\* \[b\]\(javascript\:c\) \<d\>"
        );
        assert_eq!(escape("# 1. 灭火器\n\n- ok"), r"\# 1\. 灭火器<br>\- ok");
        assert_eq!(escape("www.example.com"), r"www\.example.com");
        assert_eq!(escape("12.5 km, 张三"), r"12\.5 km, 张三");
    }

    proptest! {
        #[test]
        fn a_text_is_one_line_and_keeps_its_words(text in "\\PC*") {
            let escaped = escape(&text);
            prop_assert!(!escaped.contains('\n'));
            prop_assert!(!escaped.replace("<br>", "").replace("\\<", "").contains('<'));
        }
    }
}
