//! From the characters of an expression to its tokens.

use super::number::Number;
use super::{moment, text};

/// A piece of an expression.
#[derive(Clone, Debug)]
pub(super) enum Token {
    Open,
    Close,
    Comma,
    Colon,
    Slash,
    /// A string, its quotes undone.
    Text(String),
    /// In lower case.
    Guid(String),
    Number(Number),
    /// Seconds since 1970.
    Moment(Number),
    /// A date without a time.
    Date,
    /// A name or keyword.
    Word(String),
    End,
}

/// A token and the character it begins at.
pub(super) type Placed = (Token, usize);

/// Splits an expression; the last token is [`Token::End`].
pub(super) fn tokens(source: &str) -> Result<Vec<Placed>, String> {
    let mut lexer = Lexer {
        source,
        chars: source.chars().collect(),
        at: 0,
    };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_while(char::is_whitespace);
        let start = lexer.at;
        let token = lexer.token()?;
        let last = matches!(token, Token::End);
        tokens.push((token, start));
        if last {
            return Ok(tokens);
        }
    }
}

struct Lexer<'a> {
    source: &'a str,
    chars: Vec<char>,
    at: usize,
}

impl Lexer<'_> {
    fn token(&mut self) -> Result<Token, String> {
        let Some(&first) = self.chars.get(self.at) else {
            return Ok(Token::End);
        };
        if is_word(first) || first == '-' {
            return self.run(first);
        }
        let start = self.at;
        self.at += 1;
        match first {
            '(' => Ok(Token::Open),
            ')' => Ok(Token::Close),
            ',' => Ok(Token::Comma),
            ':' => Ok(Token::Colon),
            '/' => Ok(Token::Slash),
            '\'' => self.string(),
            _ => Err(text::syntax_error(start, self.source)),
        }
    }

    fn skip_while(&mut self, wanted: impl Fn(char) -> bool) {
        let rest = &self.chars[self.at..];
        self.at += rest.iter().take_while(|c| wanted(**c)).count();
    }

    /// The rest of a string whose opening quote is read.
    fn string(&mut self) -> Result<Token, String> {
        let mut value = String::new();
        while let Some(&next) = self.chars.get(self.at) {
            self.at += 1;
            if next != '\'' {
                value.push(next);
            } else if self.chars.get(self.at) == Some(&'\'') {
                self.at += 1;
                value.push('\'');
            } else {
                return Ok(Token::Text(value));
            }
        }
        Err(text::unterminated_string(self.at, self.source))
    }

    /// Everything up to the next separator: a literal or a word.
    fn run(&mut self, first: char) -> Result<Token, String> {
        let start = self.at;
        let literal = !(first.is_alphabetic() || first == '_');
        self.skip_while(|c| is_word(c) || matches!(c, '.' | '-') || (literal && is_literal(c)));
        let run: String = self.chars[start..self.at].iter().collect();
        classify(&run)
            .or_else(|| self.moment_with_lost_plus(&run))
            .ok_or_else(|| text::syntax_error(start, self.source))
    }

    /// A plus sign that was not percent-encoded arrives as a space.
    fn moment_with_lost_plus(&mut self, run: &str) -> Option<Token> {
        const OFFSET_LENGTH: usize = " 08:00".len();
        let end = self.at + OFFSET_LENGTH;
        let (space, offset) = self.chars.get(self.at..end)?.split_first()?;
        let offset: String = offset.iter().collect();
        let cut = self.chars.get(end).is_some_and(|c| is_word(*c));
        if *space != ' ' || cut {
            return None;
        }
        let moment = moment::parse(&format!("{run}+{offset}"))?;
        self.at = end;
        Some(Token::Moment(moment))
    }
}

fn classify(run: &str) -> Option<Token> {
    if is_guid(run) {
        return Some(Token::Guid(run.to_ascii_lowercase()));
    }
    if is_name(run) {
        return Some(Token::Word(run.to_owned()));
    }
    if moment::is_date(run) {
        return Some(Token::Date);
    }
    let number = Number::parse(run).map(Token::Number);
    number.or_else(|| moment::parse(run).map(Token::Moment))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// What dates and numbers hold besides the characters of words.
fn is_literal(c: char) -> bool {
    matches!(c, ':' | '+')
}

/// A name, perhaps qualified: `order_status`, `Edm.String`.
fn is_name(run: &str) -> bool {
    run.split('.').all(|part| {
        part.starts_with(|c: char| c.is_alphabetic() || c == '_') && part.chars().all(is_word)
    })
}

fn is_guid(run: &str) -> bool {
    let groups: Vec<&str> = run.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.concat().bytes().all(|byte| byte.is_ascii_hexdigit())
}
