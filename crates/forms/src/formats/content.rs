//! What a code shows, as Markdown.

use crate::model::code::{ContentField, ContentKind};
use std::fmt::Write as _;

/// The title, the address, and one paragraph for each field.
pub(crate) fn markdown(title: &str, url: &str, fields: &[ContentField]) -> String {
    let mut text = format!("# {}\n\n<{url}>\n", escape(title));
    for field in fields {
        let (title, value) = (escape(&field.title), &field.value);
        let _ = match field.kind {
            _ if value.is_empty() => write!(text, "\n**{title}**:\n"),
            ContentKind::Image => write!(text, "\n![{title}]({})\n", link(value)),
            ContentKind::Url | ContentKind::File => {
                write!(
                    text,
                    "\n**{title}**: [{}]({})\n",
                    escape(value),
                    link(value)
                )
            }
            _ => write!(text, "\n**{title}**: {}\n", escape(value)),
        };
    }
    text
}

/// Has Markdown take every character for itself. Lines stay lines; blanks at their beginnings, which could mean something, go.
fn escape(text: &str) -> String {
    let lines = text.lines().map(|line| escape_line(line.trim()));
    lines.collect::<Vec<_>>().join("  \n")
}

fn escape_line(line: &str) -> String {
    let mut escaped = String::with_capacity(line.len());
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    for (index, character) in line.char_indices() {
        let next = line[index..].chars().nth(1);
        let stands_alone = !next.is_some_and(char::is_alphanumeric);
        let begins_block = match character {
            '#' | '-' | '+' | '=' => index == 0 && stands_alone,
            '.' | ')' => index > 0 && index == digits && stands_alone,
            _ => false,
        };
        if begins_block || "\\`*_[]<>&|~!".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// An address between brackets.
fn link(address: &str) -> String {
    let quoted = address.chars().map(|character| match character {
        '(' => "%28".to_owned(),
        ')' => "%29".to_owned(),
        '<' => "%3C".to_owned(),
        '>' => "%3E".to_owned(),
        '\\' => "%5C".to_owned(),
        _ if character.is_whitespace() || character.is_control() => String::new(),
        _ => character.to_string(),
    });
    quoted.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_become_paragraphs_and_nothing_else() {
        let field = |kind, title: &str, value: &str| ContentField {
            field_id: 1,
            kind,
            title: title.into(),
            value: value.into(),
        };
        let fields = [
            field(
                ContentKind::Text,
                "Notes",
                "50.5 *hot*\n# no heading\n - no item\n1. no list\n<b>&amp;</b>",
            ),
            field(ContentKind::Url, "Manual", "https://example.com/a(b) c"),
            field(ContentKind::Image, "Photo", "https://example.com/p.png"),
            field(ContentKind::Number, "Load", ""),
        ];
        insta::assert_snapshot!(markdown("Pump [3]", "https://t.example/o1/q1", &fields), @r"
        # Pump \[3\]

        <https://t.example/o1/q1>

        **Notes**: 50.5 \*hot\*  
        \# no heading  
        \- no item  
        1\. no list  
        \<b\>\&amp;\</b\>

        **Manual**: [https://example.com/a(b) c](https://example.com/a%28b%29c)

        ![Photo](https://example.com/p.png)

        **Load**:
        ");
    }
}
