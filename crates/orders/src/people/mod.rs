//! Use cases of people: accounts and their sessions, and the organizations that they are members of.

mod accounts;
mod membership;
mod passwords;
mod verification;

pub use accounts::{LoggedIn, NewAccount};
pub use membership::{Change, NewOrganization, OrganizationDetail};
pub use passwords::Passwords;

use crate::{Error, Orders, Result};
use httpkit::idempotency::hex;
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use std::time::Duration;

/// What may be set.
#[derive(Clone, Debug)]
pub struct AccountsConfig {
    /// How long a session counts.
    pub session_life: Duration,
    /// How long a code sent to a phone counts.
    pub code_life: Duration,
    /// Whether an account can be made only with a code that was sent to its phone.
    pub verify_phones: bool,
    /// How often an address may try to log in, to whatever account, in a quarter of an hour: one password tried on many.
    pub log_ins_from_one_address: u32,
    /// The header in which a proxy tells where requests come from; `None`: there is no proxy.
    pub client_address_header: Option<String>,
}

impl Default for AccountsConfig {
    fn default() -> Self {
        Self {
            session_life: Duration::from_secs(12 * 3600),
            code_life: Duration::from_secs(10 * 60),
            verify_phones: false,
            log_ins_from_one_address: 60,
            client_address_header: None,
        }
    }
}

/// So often in such a time.
#[derive(Clone, Copy, Debug)]
struct Limit(u32, Duration);

const QUARTER: Duration = Duration::from_secs(15 * 60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Whether a text is an e-mail address that mail can be sent to: one bare address whose domain has a dot, without quotes.
pub fn is_email(text: &str) -> bool {
    let options = email_address::Options::default()
        .with_required_tld()
        .without_domain_literal()
        .without_display_text();
    let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '"';
    text.chars().all(is_plain)
        && email_address::EmailAddress::parse_with_options(text, options).is_ok()
        && messages::Mail::new(text, None, "", "").is_ok()
}

impl Orders {
    /// The settings of accounts.
    pub fn accounts_config(&self) -> &AccountsConfig {
        &self.inner.config.accounts
    }

    /// Counts one more `what` of `whom`.
    async fn count(&self, what: &str, whom: &str, limit: Limit) -> Result<()> {
        // Whom it is about may be secret, and long.
        let quota = format!("{what}:{}", hex(&Sha256::digest(whom)[..16]));
        let Limit(most, window) = limit;
        let taken = self
            .inner
            .quotas
            .take_in(self.db(), &quota, most, window, self.now())
            .await?;
        taken.map_err(|exhausted| Error::TooMany {
            retry_after: exhausted.retry_after,
        })
    }

    /// Counts one more `what` of an address. Nobody knows where a request in process comes from.
    async fn count_from(&self, what: &str, from: Option<IpAddr>, limit: Limit) -> Result<()> {
        match from {
            Some(from) => self.count(what, &from.to_string(), limit).await,
            None => Ok(()),
        }
    }
}
