//! Configuration: flags over environment over `tallystick.toml` over defaults.

mod captcha;
mod charges;
mod einvoice;
mod files;
mod messages;

pub use captcha::CaptchaConfig;
pub use files::StorageConfig;

use self::captcha::CaptchaSection;
use self::charges::ChargesSection;
use self::einvoice::EinvoiceSection;
use self::files::FilesSection;
use self::messages::{MailSection, SmsSection};
use anyhow::{Context, Result};
use kernel::Secret;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use store::DatabaseUrl;

/// A job's lease is a minute.
const LONGEST_SUPPLIER_TIMEOUT: Duration = Duration::from_secs(40);

/// How long the secret of gateways and modules may be.
const MODULE_SECRET: std::ops::RangeInclusive<usize> = 16..=256;

/// The embedded example, every key commented.
pub const EXAMPLE: &str = include_str!("config.example.toml");

/// The settings that `serve` and its kin share. Every flag has an environment variable of the same name.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Flags {
    /// Configuration file [default: tallystick.toml, if there is one]
    #[arg(
        long,
        env = "TALLYSTICK_CONFIG",
        value_name = "FILE",
        global = true,
        help_heading = "Everywhere"
    )]
    pub config: Option<PathBuf>,
    /// Database: sqlite:PATH, sqlite::memory: or postgres://USER:PASSWORD@HOST/NAME [env: DATABASE_URL]
    #[arg(long, value_name = "URL", global = true, help_heading = "Everywhere")]
    pub database: Option<String>,
    /// Log filter, such as info or debug,store=trace
    #[arg(
        long,
        env = "TALLYSTICK_LOG",
        value_name = "FILTER",
        global = true,
        help_heading = "Everywhere"
    )]
    pub log: Option<String>,
    /// Log format: text or json
    #[arg(
        long,
        env = "TALLYSTICK_LOG_FORMAT",
        value_name = "FORMAT",
        global = true,
        help_heading = "Everywhere"
    )]
    pub log_format: Option<LogFormat>,
}

/// The settings of a serving process.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ServeFlags {
    /// Address to listen on
    #[arg(long, env = "TALLYSTICK_LISTEN", value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Requests a minute for each key, or off
    #[arg(long, env = "TALLYSTICK_RATE_LIMIT", value_name = "N|off")]
    pub rate_limit: Option<Limit>,
    /// Seconds that an order waits for the supplier's verdict; 0 sends orders in the background only
    #[arg(long, env = "TALLYSTICK_VERDICT_WAIT", value_name = "SECONDS")]
    pub verdict_wait: Option<f64>,
    /// Whether this process carries out background jobs
    #[arg(long, env = "TALLYSTICK_JOBS", value_name = "on|off")]
    pub jobs: Option<Switch>,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "they say it")]
pub enum Switch {
    On,
    Off,
}

/// A number, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// At most so many.
    At(u32),
    /// No limit.
    Off,
}

impl std::str::FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self::Off),
            _ => match text.parse() {
                Ok(n) if n > 0 => Ok(Self::At(n)),
                _ => Err("write a number of requests, at least 1, or off".into()),
            },
        }
    }
}

/// The file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct File {
    listen: Option<SocketAddr>,
    database: Option<String>,
    log: Option<String>,
    log_format: Option<LogFormat>,
    rate_limit: Option<toml::Value>,
    jobs: Option<Switch>,
    request_timeout_seconds: Option<f64>,
    shutdown_grace_seconds: Option<f64>,
    public_url: Option<String>,
    outbox: Option<PathBuf>,
    orders: OrdersSection,
    accounts: AccountsSection,
    charges: ChargesSection,
    supplier: SupplierSection,
    billing: BillingSection,
    payuni: PayuniSection,
    webhooks: WebhooksSection,
    forms: FormsSection,
    mail: MailSection,
    sms: SmsSection,
    captcha: CaptchaSection,
    einvoice: EinvoiceSection,
    files: FilesSection,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct BillingSection {
    sandbox_rate_limit: Option<toml::Value>,
    production_rate_limit: Option<toml::Value>,
    checkout_minutes: Option<f64>,
    max_attempts: Option<u32>,
    portal_minutes: Option<f64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PayuniSection {
    url: Option<String>,
    script_url: Option<String>,
    mer_id: Option<String>,
    hash_key: Option<String>,
    hash_iv: Option<String>,
    three_d: Option<bool>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WebhooksSection {
    timeout_seconds: Option<f64>,
    retry_minutes: Option<Vec<f64>>,
    disable_after_hours: Option<f64>,
    keep_days: Option<f64>,
    allow_private: Option<bool>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct FormsSection {
    rate_limit: Option<toml::Value>,
    public_rate_limit: Option<toml::Value>,
    client_address_header: Option<String>,
    most_codes: Option<u32>,
    upload_hours: Option<f64>,
    reversal_minutes: Option<f64>,
    upstream_timeout_seconds: Option<f64>,
    webhook_timeout_seconds: Option<f64>,
    webhook_retry_seconds: Option<Vec<f64>>,
    module_secret: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct OrdersSection {
    verdict_wait_seconds: Option<f64>,
    follow_interval_seconds: Option<f64>,
    give_up_after_hours: Option<f64>,
    idempotency_hours: Option<f64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct AccountsSection {
    session_hours: Option<f64>,
    code_minutes: Option<f64>,
    verify_phones: Option<bool>,
    log_ins_from_one_address: Option<u32>,
    client_address_header: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct SupplierSection {
    url: Option<String>,
    key: Option<String>,
    timeout_seconds: Option<f64>,
    reference_field: Option<String>,
}

/// What is in force.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The database.
    pub database: DatabaseUrl,
    /// The log filter.
    pub log: String,
    /// The log format.
    pub log_format: LogFormat,
    /// Whether this process carries out jobs.
    pub jobs: bool,
    /// How long an operation may take.
    pub request_timeout: Duration,
    /// How long requests under way may take to end when the server stops.
    pub shutdown_grace: Duration,
    /// The order platform's settings.
    pub orders: orders::OrdersConfig,
    /// What may be chosen from on the gateway's page when credit is paid for; `None`: nobody says.
    pub charge_methods: Option<Vec<payuni::client::Method>>,
    /// How to reach the supplier; `None`: not configured.
    pub supplier: Option<orders::supplier::PanelConfig>,
    /// Where browsers reach this server, without a slash at the end; `None`: where it listens.
    pub public_url: Option<String>,
    /// Billing's settings.
    pub billing: billing::BillingConfig,
    /// The card gateway of production; `None`: not configured.
    pub payuni: Option<PayuniConfig>,
    /// How billing's webhooks are sent.
    pub webhooks: webhooks::Config,
    /// How long webhook events can be looked at and sent again.
    pub events_kept: Duration,
    /// How webhooks of codes, forms and certificates are sent.
    pub forms_webhooks: webhooks::Config,
    /// The settings of codes, forms and certificates.
    pub forms: forms::FormsConfig,
    /// What a gateway and a module in processes of their own know each other by; `None`: not configured.
    pub module_secret: Option<Secret<String>>,
    /// Who delivers mail; `None`: it goes to the outbox.
    pub mail: Option<::messages::SmtpConfig>,
    /// Who delivers text messages; `None`: they go to the outbox.
    pub sms: Option<::messages::HttpTexterConfig>,
    /// The folder for messages that nobody delivers; `None`: a temporary one.
    pub outbox: Option<PathBuf>,
    /// How robots are told.
    pub captcha: CaptchaConfig,
    /// The accounts with e-invoice providers of whoever runs this server.
    pub einvoice: invoicing::Settings,
    /// How large files may be, and how long they wait.
    pub files: ::files::FilesConfig,
    /// Where files are.
    pub storage: StorageConfig,
}

/// The card gateway of production.
#[derive(Clone, Debug)]
pub struct PayuniConfig {
    /// Its API, without a slash at the end.
    pub url: String,
    /// The card form's script.
    pub script_url: String,
    /// Our shop there.
    pub shop: payuni::envelope::Shop,
    /// Whether buyers shall pass 3-D Secure.
    pub three_d: bool,
}

/// How long webhook events are kept when nobody says.
const EVENTS_KEPT: Duration = Duration::from_secs(90 * 24 * 3600);

impl Config {
    /// What cannot be used as it is configured: what, why, and what to do about it. Codes, forms and certificates need nothing.
    pub fn unused(&self) -> Vec<(&'static str, &'static str, &'static str)> {
        let supplier = (
            "supplier",
            "not configured: orders are refused, but those of certificates",
            "set supplier.url and supplier.key, or serve with --sandbox for a simulated one",
        );
        let payuni = (
            "payuni",
            "not configured: production keys of subscription billing cannot be used to sell, and credit cannot be paid for over PAYUNi",
            "set payuni.mer_id, payuni.hash_key and payuni.hash_iv",
        );
        let mail = (
            "mail",
            "not configured: mails are written to the outbox folder, and reach nobody",
            "set mail.host and mail.from",
        );
        let sms = (
            "sms",
            "not configured: text messages are written to the outbox folder, and reach nobody",
            "set sms.url",
        );
        let missing = [
            self.supplier.is_none().then_some(supplier),
            self.payuni.is_none().then_some(payuni),
            self.mail.is_none().then_some(mail),
            self.sms.is_none().then_some(sms),
        ];
        missing.into_iter().flatten().collect()
    }

    /// Puts the layers together. `default_database`: where data goes when nobody says.
    pub fn load(flags: &Flags, serve: &ServeFlags, default_database: &str) -> Result<Self> {
        let file = File::read(flags.config.as_deref())?;
        let database = flags
            .database
            .clone()
            .or_else(|| std::env::var("DATABASE_URL").ok())
            .or(file.database);
        let database = database.as_deref().unwrap_or(default_database);
        let database: DatabaseUrl = database.parse().context("the database address")?;
        let defaults = orders::OrdersConfig::default();
        let charge_methods = file.charges.methods()?;
        let keep_days = file.webhooks.keep_days;
        let webhooks = file.webhooks.resolve()?;
        let payuni = file.payuni.resolve()?;
        let or = |value: Option<f64>, name, default| match value {
            Some(seconds) => seconds_of(seconds, name),
            None => Ok(default),
        };
        let hours = |value: Option<f64>| value.map(|hours| hours * 3600.0);
        let rate_limit = match (serve.rate_limit, &file.rate_limit) {
            (Some(limit), _) => Some(limit),
            (None, Some(value)) => {
                let text = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                Some(
                    text.parse()
                        .map_err(anyhow::Error::msg)
                        .context("rate_limit")?,
                )
            }
            (None, None) => None,
        };
        let supplier = match (
            env("TALLYSTICK_SUPPLIER_URL").or(file.supplier.url),
            env("TALLYSTICK_SUPPLIER_KEY").or(file.supplier.key),
        ) {
            (Some(url), Some(key)) => Some(orders::supplier::PanelConfig {
                url: http_url(&url, "supplier.url")?,
                key: Secret::new(key),
                timeout: or(
                    file.supplier.timeout_seconds,
                    "supplier.timeout_seconds",
                    Duration::from_secs(10),
                )?,
                reference_field: file
                    .supplier
                    .reference_field
                    .filter(|field| !field.is_empty()),
            }),
            (None, None) => None,
            _ => anyhow::bail!(
                "the supplier needs both an address and a key: set supplier.url and supplier.key, or TALLYSTICK_SUPPLIER_URL and TALLYSTICK_SUPPLIER_KEY"
            ),
        };
        anyhow::ensure!(
            supplier
                .as_ref()
                .is_none_or(|s| s.timeout <= LONGEST_SUPPLIER_TIMEOUT),
            "supplier.timeout_seconds: at most {} seconds, so that a job's lease outlives the call",
            LONGEST_SUPPLIER_TIMEOUT.as_secs()
        );
        Ok(Self {
            listen: serve
                .listen
                .or(file.listen)
                .unwrap_or(([127, 0, 0, 1], 8080).into()),
            outbox: messages::outbox(file.outbox, &database),
            files: file.files.limits()?,
            storage: file.files.storage(&database)?,
            database,
            log: flags
                .log
                .clone()
                .or(file.log)
                .unwrap_or_else(|| "info".into()),
            log_format: flags.log_format.or(file.log_format).unwrap_or_default(),
            jobs: serve.jobs.or(file.jobs) != Some(Switch::Off),
            request_timeout: or(
                file.request_timeout_seconds,
                "request_timeout_seconds",
                Duration::from_secs(30),
            )?,
            shutdown_grace: or(
                file.shutdown_grace_seconds,
                "shutdown_grace_seconds",
                Duration::from_secs(20),
            )?,
            orders: orders::OrdersConfig {
                public_url: String::new(),
                verdict_wait: or(
                    serve.verdict_wait.or(file.orders.verdict_wait_seconds),
                    "verdict wait",
                    defaults.verdict_wait,
                )?,
                follow_interval: or(
                    file.orders.follow_interval_seconds,
                    "orders.follow_interval_seconds",
                    defaults.follow_interval,
                )?,
                give_up_after: or(
                    hours(file.orders.give_up_after_hours),
                    "orders.give_up_after_hours",
                    defaults.give_up_after,
                )?,
                idempotency_lifetime: or(
                    hours(file.orders.idempotency_hours),
                    "orders.idempotency_hours",
                    defaults.idempotency_lifetime,
                )?,
                rate_limit: match rate_limit {
                    Some(Limit::Off) => None,
                    Some(Limit::At(limit)) => Some(limit),
                    None => defaults.rate_limit,
                },
                accounts: file.accounts.resolve()?,
                charges: file.charges.resolve()?,
            },
            charge_methods,
            supplier,
            public_url: match env("TALLYSTICK_PUBLIC_URL").or(file.public_url) {
                Some(url) => Some(
                    http_url(&url, "public_url")?
                        .trim_end_matches('/')
                        .to_owned(),
                ),
                None => None,
            },
            billing: file.billing.resolve()?,
            einvoice: file.einvoice.resolve(payuni.is_some())?,
            payuni,
            events_kept: match keep_days {
                Some(days) => seconds_of(days * 24.0 * 3600.0, "webhooks.keep_days")?,
                None => EVENTS_KEPT,
            },
            forms_webhooks: file.forms.webhooks(&webhooks)?,
            webhooks,
            module_secret: file.forms.secret()?,
            forms: file.forms.resolve()?,
            mail: file.mail.resolve()?,
            sms: file.sms.resolve()?,
            captcha: file.captcha.resolve()?,
        })
    }
}

impl BillingSection {
    fn resolve(self) -> Result<billing::BillingConfig> {
        let defaults = billing::BillingConfig::default();
        let limit = |value: Option<toml::Value>, name, default| match value {
            Some(value) => limit_of(&value).context(name),
            None => Ok(default),
        };
        let minutes = |value: Option<f64>, name, default| match value {
            Some(minutes) => seconds_of(minutes * 60.0, name),
            None => Ok(default),
        };
        Ok(billing::BillingConfig {
            sandbox_rate_limit: limit(
                self.sandbox_rate_limit,
                "billing.sandbox_rate_limit",
                defaults.sandbox_rate_limit,
            )?,
            live_rate_limit: limit(
                self.production_rate_limit,
                "billing.production_rate_limit",
                defaults.live_rate_limit,
            )?,
            checkout_life: minutes(
                self.checkout_minutes,
                "billing.checkout_minutes",
                defaults.checkout_life,
            )?,
            max_attempts: self.max_attempts.unwrap_or(defaults.max_attempts).max(1),
            portal_life: minutes(
                self.portal_minutes,
                "billing.portal_minutes",
                defaults.portal_life,
            )?,
            ..defaults
        })
    }
}

impl PayuniSection {
    fn resolve(self) -> Result<Option<PayuniConfig>> {
        let (mer_id, key, iv) = match (
            env("TALLYSTICK_PAYUNI_MER_ID").or(self.mer_id),
            env("TALLYSTICK_PAYUNI_HASH_KEY").or(self.hash_key),
            env("TALLYSTICK_PAYUNI_HASH_IV").or(self.hash_iv),
        ) {
            (Some(mer_id), Some(key), Some(iv)) => (mer_id, key, iv),
            (None, None, None) => return Ok(None),
            _ => anyhow::bail!(
                "PAYUNi needs payuni.mer_id, payuni.hash_key and payuni.hash_iv, all three (or TALLYSTICK_PAYUNI_MER_ID, …_HASH_KEY, …_HASH_IV)"
            ),
        };
        let url = self
            .url
            .as_deref()
            .unwrap_or("https://api.payuni.com.tw/api");
        let script_url = self
            .script_url
            .as_deref()
            .unwrap_or("https://vendor.payuni.com.tw/sdk/uni-payment.js");
        Ok(Some(PayuniConfig {
            url: http_url(url, "payuni.url")?,
            script_url: http_url(script_url, "payuni.script_url")?,
            shop: payuni::envelope::Shop::new(mer_id, Secret::new(key), Secret::new(iv))
                .context("payuni.hash_key and payuni.hash_iv")?,
            three_d: self.three_d.unwrap_or(true),
        }))
    }
}

impl AccountsSection {
    fn resolve(self) -> Result<orders::people::AccountsConfig> {
        let defaults = orders::people::AccountsConfig::default();
        let time = |value: Option<f64>, unit, name, default| match value {
            Some(number) => seconds_of(number * unit, name),
            None => Ok(default),
        };
        Ok(orders::people::AccountsConfig {
            session_life: time(
                self.session_hours,
                3600.0,
                "accounts.session_hours",
                defaults.session_life,
            )?,
            code_life: time(
                self.code_minutes,
                60.0,
                "accounts.code_minutes",
                defaults.code_life,
            )?,
            verify_phones: self.verify_phones.unwrap_or(defaults.verify_phones),
            log_ins_from_one_address: self
                .log_ins_from_one_address
                .unwrap_or(defaults.log_ins_from_one_address),
            client_address_header: self.client_address_header,
        })
    }
}

impl WebhooksSection {
    fn resolve(self) -> Result<webhooks::Config> {
        let defaults = webhooks::Config::default();
        Ok(webhooks::Config {
            timeout: match self.timeout_seconds {
                Some(seconds) => seconds_of(seconds, "webhooks.timeout_seconds")?,
                None => defaults.timeout,
            },
            retry_after: match self.retry_minutes {
                Some(minutes) => minutes
                    .into_iter()
                    .map(|minutes| seconds_of(minutes * 60.0, "webhooks.retry_minutes"))
                    .collect::<Result<_>>()?,
                None => defaults.retry_after,
            },
            disable_after: match self.disable_after_hours {
                Some(hours) => seconds_of(hours * 3600.0, "webhooks.disable_after_hours")?,
                None => defaults.disable_after,
            },
            reach: if self.allow_private == Some(true) {
                webhooks::Reach::AllowPrivate
            } else {
                defaults.reach
            },
            ..defaults
        })
    }
}

impl FormsSection {
    fn resolve(self) -> Result<forms::FormsConfig> {
        let defaults = forms::FormsConfig::default();
        let time = |value: Option<f64>, unit, name, default| match value {
            Some(number) => seconds_of(number * unit, name),
            None => Ok(default),
        };
        Ok(forms::FormsConfig {
            rate_limit: match self.rate_limit {
                Some(value) => limit_of(&value).context("forms.rate_limit")?,
                None => defaults.rate_limit,
            },
            public_rate_limit: match self.public_rate_limit {
                Some(value) => limit_of(&value).context("forms.public_rate_limit")?,
                None => defaults.public_rate_limit,
            },
            client_address_header: self.client_address_header,
            most_codes: self.most_codes.map_or(defaults.most_codes, i64::from),
            upload_life: time(
                self.upload_hours,
                3600.0,
                "forms.upload_hours",
                defaults.upload_life,
            )?,
            reversal_time: time(
                self.reversal_minutes,
                60.0,
                "forms.reversal_minutes",
                defaults.reversal_time,
            )?,
            upstream_timeout: time(
                self.upstream_timeout_seconds,
                1.0,
                "forms.upstream_timeout_seconds",
                defaults.upstream_timeout,
            )?,
            ..defaults
        })
    }

    /// Endpoints may be where `others` may be, and are given up as they are.
    fn webhooks(&self, others: &webhooks::Config) -> Result<webhooks::Config> {
        let defaults = forms::delivery();
        Ok(webhooks::Config {
            timeout: match self.webhook_timeout_seconds {
                Some(seconds) => seconds_of(seconds, "forms.webhook_timeout_seconds")?,
                None => defaults.timeout,
            },
            retry_after: match &self.webhook_retry_seconds {
                Some(seconds) => seconds
                    .iter()
                    .map(|seconds| seconds_of(*seconds, "forms.webhook_retry_seconds"))
                    .collect::<Result<_>>()?,
                None => defaults.retry_after,
            },
            disable_after: others.disable_after,
            reach: others.reach,
            ..defaults
        })
    }

    fn secret(&self) -> Result<Option<Secret<String>>> {
        let Some(secret) = env("TALLYSTICK_MODULE_SECRET").or(self.module_secret.clone()) else {
            return Ok(None);
        };
        let visible = secret.bytes().all(|byte| byte.is_ascii_graphic());
        anyhow::ensure!(
            visible && MODULE_SECRET.contains(&secret.len()),
            "forms.module_secret: write {} to {} visible ASCII characters that nobody can guess, such as `openssl rand -hex 32` makes",
            MODULE_SECRET.start(),
            MODULE_SECRET.end()
        );
        Ok(Some(Secret::new(secret)))
    }
}

fn limit_of(value: &toml::Value) -> Result<Option<u32>> {
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    match text.parse().map_err(anyhow::Error::msg)? {
        Limit::Off => Ok(None),
        Limit::At(limit) => Ok(Some(limit)),
    }
}

impl File {
    fn read(path: Option<&Path>) -> Result<Self> {
        let (path, required) = match path {
            Some(path) => (path, true),
            None => (Path::new("tallystick.toml"), false),
        };
        match std::fs::read_to_string(path) {
            Ok(text) => toml::from_str(&text)
                .with_context(|| format!("{} (see `tallystick config example`)", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !required => {
                Ok(Self::default())
            }
            Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
        }
    }
}

fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn seconds_of(seconds: f64, name: &str) -> Result<Duration> {
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|d| *d <= Duration::from_secs(10 * 365 * 24 * 3600))
        .with_context(|| format!("{name}: {seconds} is not a length of time"))
}

fn http_url(text: &str, name: &str) -> Result<String> {
    let url = reqwest::Url::parse(text).context(name.to_owned())?;
    anyhow::ensure!(
        matches!(url.scheme(), "http" | "https") && url.host().is_some(),
        "{name} must begin with http:// or https://"
    );
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Uncommented, the example says exactly what is in force without a file.
    #[test]
    fn the_example_shows_the_defaults() {
        let uncommented: String = EXAMPLE
            .lines()
            .filter_map(|line| match line.strip_prefix("# ") {
                Some(_) => None,
                None => Some(line.strip_prefix('#').unwrap_or(line)),
            })
            .filter(|line| {
                ![
                    "url",
                    "key",
                    "methods",
                    "bank_account",
                    "public_url",
                    "mer_id",
                    "hash_",
                    "script_url",
                    "three_d",
                    "module_secret",
                    "client_address_header",
                    "merchant_id",
                    "seller",
                    "app_key",
                    "host",
                    "port",
                    "tls",
                    "authority_file",
                    "username",
                    "password",
                    "from",
                    "format",
                    "fields",
                    "headers",
                    "secret",
                    "s3_",
                ]
                .iter()
                .any(|name| line.starts_with(name))
            })
            .map(|line| format!("{line}\n"))
            .collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("example.toml");
        std::fs::write(&path, uncommented).unwrap();
        let flags = Flags {
            config: Some(path),
            ..Flags::default()
        };
        let example = Config::load(&flags, &ServeFlags::default(), "sqlite::memory:").unwrap();
        let flags = Flags {
            config: Some("/dev/null".into()),
            database: Some("sqlite:tallystick.db".into()),
            ..Flags::default()
        };
        let defaults = Config::load(&flags, &ServeFlags::default(), "sqlite::memory:").unwrap();
        assert_eq!(format!("{example:?}"), format!("{defaults:?}"));
    }

    #[test]
    fn a_misspelt_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bad.toml");
        std::fs::write(&path, "lisen = \"127.0.0.1:1\"\n").unwrap();
        let flags = Flags {
            config: Some(path),
            ..Flags::default()
        };
        let error = Config::load(&flags, &ServeFlags::default(), "sqlite::memory:").unwrap_err();
        assert!(format!("{error:#}").contains("lisen"), "{error:#}");
    }
}
