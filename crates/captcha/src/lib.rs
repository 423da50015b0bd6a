//! Whether somebody is a robot: a service that speaks the siteverify protocol, or a proof of work of our own.
//!
//! [`ProofOfWork`] needs nobody else: a client fetches a [`Challenge`], [`solve`]s it and sends the solution as its token.
//! [`SiteVerify`] asks hCaptcha, reCAPTCHA or Turnstile about the token that their script gave the page.

mod challenge;
mod proof_of_work;
mod siteverify;
#[cfg(test)]
mod tests;

pub use challenge::{Challenge, solve};
pub use proof_of_work::{FORGET, ProofOfWork, ProofOfWorkConfig, forget};
pub use siteverify::{SiteVerify, SiteVerifyConfig};

use std::net::IpAddr;
use std::pin::Pin;

/// What a check returns.
pub type Checking<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Tells people from robots by a token that came with a request.
pub trait RobotCheck: Send + Sync + 'static {
    /// Whether the token proves a person, or work. It counts once: what is refused for another reason afterwards needs a new
    /// one. `remote_ip`: the client's address, if it is known.
    fn check<'a>(&'a self, token: &'a str, remote_ip: Option<IpAddr>) -> Checking<'a, Verdict>;

    /// A new challenge; `None` where clients get theirs elsewhere.
    fn challenge(&self) -> Checking<'_, Result<Option<Challenge>, String>>;
}

/// What a check has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No robot, as far as can be told.
    Passed,
    /// The token proves nothing. It is the client's to get another one.
    Refused(Reason),
    /// Nobody knows: whoever should say did not, for a reason that is ours to mend, and that is in the text. It must not count as
    /// refused, since no token would help, nor as passed.
    Unavailable(String),
}

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It was not made for us, or does not solve its challenge.
    Invalid,
    /// It was used before, or came too late.
    ExpiredOrUsed,
}

/// Every statement of this crate.
pub fn statements() -> Vec<store::Statement> {
    proof_of_work::STATEMENTS.to_vec()
}
