//! `[mail]`, `[sms]`, and where messages go without them.

use super::{env, http_url, seconds_of};
use anyhow::{Context, Result};
use kernel::Secret;
use messages::{Fields, HttpTexterConfig, Mailbox, SmtpConfig, Tls};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use store::DatabaseUrl;

/// A job's lease is a minute.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(40);
/// The folder for what nobody is configured to deliver.
const OUTBOX: &str = "outbox";

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct MailSection {
    host: Option<String>,
    port: Option<u16>,
    tls: Option<TlsMode>,
    authority_file: Option<PathBuf>,
    username: Option<String>,
    password: Option<String>,
    from: Option<String>,
    timeout_seconds: Option<f64>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum TlsMode {
    None,
    #[default]
    StartTls,
    Tls,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SmsSection {
    url: Option<String>,
    secret: Option<String>,
    format: Option<Format>,
    fields: Option<Map<String, Value>>,
    headers: BTreeMap<String, String>,
    timeout_seconds: Option<f64>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Json,
    Form,
}

impl MailSection {
    pub(super) fn resolve(self) -> Result<Option<SmtpConfig>> {
        let Some(host) = env("TALLYSTICK_MAIL_HOST").or(self.host) else {
            return Ok(None);
        };
        let from = env("TALLYSTICK_MAIL_FROM").or(self.from);
        let from =
            from.context("mail.from: write whom mails are from, such as Shop <shop@example.com>")?;
        let from: Mailbox = from.parse().context("mail.from")?;
        let password = env("TALLYSTICK_MAIL_PASSWORD").or(self.password);
        let credentials = match (env("TALLYSTICK_MAIL_USERNAME").or(self.username), password) {
            (Some(user), Some(password)) => Some((user, Secret::new(password))),
            (None, None) => None,
            _ => anyhow::bail!(
                "mail.username and mail.password go together (or TALLYSTICK_MAIL_USERNAME, TALLYSTICK_MAIL_PASSWORD)"
            ),
        };
        let tls = match self.tls.unwrap_or_default() {
            TlsMode::None => Tls::None,
            TlsMode::StartTls => Tls::StartTls,
            TlsMode::Tls => Tls::Wrapped,
        };
        anyhow::ensure!(
            tls != Tls::None || credentials.is_none() || is_this_machine(&host),
            "mail.tls: a password is not sent over the network in the clear; write starttls or tls"
        );
        let authority = match &self.authority_file {
            Some(path) if !path.as_os_str().is_empty() => {
                let read = std::fs::read(path);
                Some(read.with_context(|| format!("mail.authority_file: {}", path.display()))?)
            }
            _ => None,
        };
        Ok(Some(SmtpConfig {
            host,
            port: self.port.unwrap_or(tls.port()),
            tls,
            authority,
            credentials,
            from,
            timeout: timeout(self.timeout_seconds, "mail.timeout_seconds", 20)?,
        }))
    }
}

impl SmsSection {
    pub(super) fn resolve(self) -> Result<Option<HttpTexterConfig>> {
        let Some(url) = env("TALLYSTICK_SMS_URL").or(self.url) else {
            return Ok(None);
        };
        let fields = self.fields.unwrap_or_else(|| {
            let field = |name: &str| (name.to_owned(), format!("{{{{{name}}}}}").into());
            Map::from_iter([field("to"), field("text")])
        });
        let fields = match self.format.unwrap_or_default() {
            Format::Json => Fields::Json(fields),
            Format::Form => Fields::Form(
                fields
                    .into_iter()
                    .map(|(name, value)| match value {
                        Value::String(text) => Ok((name, text)),
                        _ => anyhow::bail!("sms.fields.{name}: a form has strings only"),
                    })
                    .collect::<Result<_>>()?,
            ),
        };
        Ok(Some(HttpTexterConfig {
            url: Secret::new(http_url(&url, "sms.url")?),
            fields,
            headers: self.headers.into_iter().collect(),
            secret: env("TALLYSTICK_SMS_SECRET")
                .or(self.secret)
                .map(Secret::new),
            timeout: timeout(self.timeout_seconds, "sms.timeout_seconds", 10)?,
        }))
    }
}

/// Where messages go that nobody is configured to deliver: beside the database, or for one on another machine in the working
/// folder. `None`: the database goes away with the process, and so may they.
pub(super) fn outbox(configured: Option<PathBuf>, database: &DatabaseUrl) -> Option<PathBuf> {
    configured.or_else(|| match database {
        DatabaseUrl::SqliteFile(path) => Some(path.parent().unwrap_or(Path::new("")).join(OUTBOX)),
        DatabaseUrl::SqliteMemory => None,
        DatabaseUrl::Postgres(_) => Some(OUTBOX.into()),
    })
}

fn is_this_machine(host: &str) -> bool {
    let address: Option<std::net::IpAddr> = host.parse().ok();
    host == "localhost" || address.is_some_and(|address| address.is_loopback())
}

fn timeout(seconds: Option<f64>, name: &str, default: u64) -> Result<Duration> {
    let timeout = match seconds {
        Some(seconds) => seconds_of(seconds, name)?,
        None => Duration::from_secs(default),
    };
    anyhow::ensure!(
        timeout <= LONGEST_TIMEOUT,
        "{name}: at most {} seconds, so that a job's lease outlives the attempt",
        LONGEST_TIMEOUT.as_secs()
    );
    Ok(timeout)
}
