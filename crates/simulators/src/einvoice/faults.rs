//! What can be made to go wrong: for everybody with an [`EinvoiceFault`], for one invoice with a test address of mail.

use std::time::Duration;

/// A fault of all providers, until it is taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EinvoiceFault {
    /// HTTP 503 to everything; nothing is done.
    Down,
    /// HTTP 200 with a page of HTML to everything; nothing is done.
    Html,
    /// Everything is done, and answered this much later.
    Silence(Duration),
    /// Everything is done, and the connection breaks instead of an answer.
    LostAnswer,
    /// Everything is done, and answered as if with another merchant's keys. Amego, which signs nothing, leaves out
    /// what was asked for.
    Unsealed,
    /// Everything is refused with this code of the provider; nothing is done.
    Refuse(String),
}

/// A provider's codes for the test addresses that are refused.
#[derive(Clone, Copy, Debug)]
pub(super) struct Codes {
    pub numbers_used_up: &'static str,
    pub duplicate: &'static str,
    pub unavailable: &'static str,
    pub invalid: &'static str,
}

const TEST_HOST: &str = "@einvoice.test";

const LATER: &str = "-later";

/// What a request is about.
#[derive(Clone, Debug)]
pub(super) enum About {
    /// An invoice to be, of a buyer with this mail address.
    New(String),
    /// The invoice with this reference, or this number.
    Issued { reference: String, number: String },
}

/// What a buyer's mail address asks for, as test cards do at payment providers: `numbers-used-up@einvoice.test` when the
/// invoice is issued, `down-later@einvoice.test` with everything after that.
pub(super) fn of_mail(
    mail: &str,
    later: bool,
    codes: &Codes,
    silence: Duration,
) -> Option<EinvoiceFault> {
    let refuse = |code: &str| EinvoiceFault::Refuse(code.to_owned());
    let mut name = mail.strip_suffix(TEST_HOST)?;
    if later {
        name = name.strip_suffix(LATER)?;
    }
    Some(match name {
        "down" => EinvoiceFault::Down,
        "html" => EinvoiceFault::Html,
        "silence" => EinvoiceFault::Silence(silence),
        "lost" => EinvoiceFault::LostAnswer,
        "unsealed" => EinvoiceFault::Unsealed,
        "numbers-used-up" => refuse(codes.numbers_used_up),
        "duplicate" => refuse(codes.duplicate),
        "unavailable" => refuse(codes.unavailable),
        "invalid" => refuse(codes.invalid),
        _ => return None,
    })
}
