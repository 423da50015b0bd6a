//! What can be made to go wrong: for everybody with a [`Fault`], for one order with a test link.

use std::time::Duration;

/// A fault of the whole supplier, until it is taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Our account there is empty: new orders are refused.
    OutOfFunds,
    /// HTTP 503 to everything; nothing is done.
    Down,
    /// Everything is done, and answered this much later.
    Slow(Duration),
    /// HTTP 200 with a page of HTML to everything; nothing is done.
    Garbled,
    /// Everything is done, and the connection breaks instead of an answer.
    LoseAnswer,
    /// Our key is refused.
    InvalidKey,
}

const TEST_HOST: &str = "supplier.test/";

/// What a test link asks for, as test cards do at payment providers: `https://supplier.test/partial`.
/// Where an order has a user name instead of a link, `supplier.test/partial` is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestLink {
    OutOfFunds,
    Down,
    Garbled,
    Slow,
    Refused,
    Duplicate,
    Comment,
    Withdrawn,
    Forgotten,
    Lost,
    Partial,
    Canceled,
    Never,
}

impl TestLink {
    /// The first segment of the path decides; what follows it serves to tell links apart.
    pub fn of(link: &str) -> Option<Self> {
        let rest = ["https://", "http://", "@"]
            .iter()
            .find_map(|prefix| strip_prefix(link, prefix))
            .unwrap_or(link);
        let path = strip_prefix(rest, TEST_HOST)?;
        Some(match path.split(['/', '?', '#']).next()? {
            "out-of-funds" => Self::OutOfFunds,
            "down" => Self::Down,
            "garbled" => Self::Garbled,
            "slow" => Self::Slow,
            "refused" => Self::Refused,
            "duplicate" => Self::Duplicate,
            "comment" => Self::Comment,
            "withdrawn" => Self::Withdrawn,
            "forgotten" => Self::Forgotten,
            "lost" => Self::Lost,
            "partial" => Self::Partial,
            "canceled" => Self::Canceled,
            "never" => Self::Never,
            _ => return None,
        })
    }
}

fn strip_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_links_are_told_from_others() {
        for link in [
            "https://supplier.test/never",
            "HTTP://Supplier.Test/never/",
            "supplier.test/never",
            "@supplier.test/never",
            "https://supplier.test/never/17?x#y",
        ] {
            assert_eq!(TestLink::of(link), Some(TestLink::Never), "{link}");
        }
        for link in [
            "",
            "é",
            "https://supplier.test",
            "https://supplier.test/",
            "https://supplier.test/else",
            "https://supplier.test.example/never",
            "https://example.com/supplier.test/never",
        ] {
            assert_eq!(TestLink::of(link), None, "{link}");
        }
    }
}
