use super::{or_none, print};
use crate::config::{Config, Flags, ServeFlags};
use crate::einvoices::Einvoices;
use crate::recur::Recur;
use anyhow::{Context, Result, bail, ensure};
use billing::model::{AccountId, KeyId, KeyKind, MerchantId};
use billing::repo::{Account, ApiKey, EinvoiceDefault, EinvoiceSettings, Merchant};
use billing::{Billing, NewKey};
use clap::ValueEnum;
use invoicing::model::{Owner, ProviderName, Seller};
use kernel::Timestamp;
use serde_json::{Value, json};
use std::fmt::Write as _;
use store::{StoreError, params};

const LONGEST_NAME: usize = 64;

#[derive(clap::Subcommand)]
pub enum Merchants {
    /// Create a merchant with a sandbox and a production account, and two sandbox keys, shown this once
    Create {
        /// Its name as buyers see it, 1 to 64 characters
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List merchants
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Create a key; it is shown this once
    Key {
        /// The merchant's id (tallystick merchants list)
        merchant: MerchantId,
        /// secret for a server, publishable for a page
        #[arg(long = "type", value_name = "TYPE", default_value = "secret")]
        kind: Kind,
        /// sandbox, or production, where money really moves
        #[arg(long, default_value = "sandbox")]
        environment: Environment,
        /// What the key is for
        #[arg(long, default_value = "")]
        name: String,
        /// Let the key make and revoke keys over the API
        #[arg(long)]
        manages_keys: bool,
        /// When the key stops being valid: 2027-01-01T00:00:00+08:00
        #[arg(long)]
        expires: Option<Timestamp>,
    },
    /// List the keys of a merchant
    Keys {
        /// The merchant's id (tallystick merchants list)
        merchant: MerchantId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Issue e-invoices (統一發票) of what a merchant's customers pay, or stop doing so
    ///
    /// From then on every paid order and invoice gets one, refunds void it or give money back on it, and webhooks tell of it
    /// (einvoice.issued, einvoice.issue_failed, einvoice.voided, einvoice.allowance_created). Sandboxes use simulated providers,
    /// production the accounts in [einvoice] of tallystick.toml. Customers choose in the portal how they get theirs.
    #[command(
        after_long_help = "Examples:\n  tallystick merchants einvoices MERCHANT --provider ec_pay\n  tallystick merchants einvoices MERCHANT --provider amego --receive print --environment production\n  tallystick merchants einvoices MERCHANT --off\n  tallystick invoices list"
    )]
    Einvoices {
        /// The merchant's id (tallystick merchants list)
        merchant: MerchantId,
        /// Who transmits them: ec_pay, ez_pay or amego
        #[arg(long, value_parser = provider, required_unless_present = "off", conflicts_with = "off")]
        provider: Option<ProviderName>,
        /// How customers get them who have not said so: member_carrier (by mail) or print
        #[arg(long, value_parser = receive, default_value = "member_carrier")]
        receive: EinvoiceDefault,
        /// sandbox, or production
        #[arg(long, default_value = "sandbox")]
        environment: Environment,
        /// Issue none any more
        #[arg(long)]
        off: bool,
    },
    /// Revoke a key, on every node
    Revoke {
        /// The key's id (tallystick merchants keys)
        key: KeyId,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    Secret,
    Publishable,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Environment {
    Sandbox,
    Production,
}

impl Merchants {
    pub async fn run(self, flags: &Flags) -> Result<()> {
        let billing = open(flags).await?;
        let done = self.run_with(&billing).await;
        billing.db().close().await;
        done
    }

    async fn run_with(self, billing: &Billing) -> Result<()> {
        match self {
            Self::Create { name, json } => create(billing, name.trim(), json).await,
            Self::List { json } => list(billing, json).await,
            Self::Key {
                merchant,
                kind,
                environment,
                name,
                manages_keys,
                expires,
            } => {
                let livemode = environment == Environment::Production;
                ensure!(
                    !livemode || billing.gateways().of(true).is_ok(),
                    "production needs a shop at PAYUNi: set [payuni] in tallystick.toml (tallystick config example), then make the key"
                );
                ensure!(
                    !manages_keys || kind == Kind::Secret,
                    "a publishable key stands in pages, where anybody reads it: only a secret key can manage keys"
                );
                ensure!(
                    expires.is_none_or(|end| end > billing.real_now()),
                    "--expires lies in the past"
                );
                let kind = match kind {
                    Kind::Secret => KeyKind::Secret,
                    Kind::Publishable => KeyKind::Publishable,
                };
                let account = account(billing, merchant, livemode).await?.account_id;
                let made = billing
                    .create_key(account, kind, &name, manages_keys, expires)
                    .await?;
                print(&shown_once(&made))
            }
            Self::Einvoices {
                merchant,
                provider,
                receive,
                environment,
                off: _,
            } => {
                let livemode = environment == Environment::Production;
                let account = account(billing, merchant, livemode).await?.account_id;
                let settings = provider.map(|provider| EinvoiceSettings { provider, receive });
                einvoices(billing, account, settings).await
            }
            Self::Keys { merchant, json } => keys(billing, merchant, json).await,
            Self::Revoke { key } => revoke(billing, key).await,
        }
    }
}

fn provider(text: &str) -> Result<ProviderName, String> {
    // What PAYUNi issues comes with its payments, and its card payments for billing bring none.
    ProviderName::of(text)
        .filter(|name| *name != ProviderName::PayUni)
        .ok_or_else(|| "write ec_pay, ez_pay or amego".into())
}

fn receive(text: &str) -> Result<EinvoiceDefault, String> {
    EinvoiceDefault::of(text).ok_or_else(|| EinvoiceDefault::NAMES.join(" or "))
}

async fn einvoices(
    billing: &Billing,
    account: AccountId,
    settings: Option<EinvoiceSettings>,
) -> Result<()> {
    if let Some(settings) = settings {
        let owner = Owner {
            seller: Seller::Billing,
            id: account.to_string(),
        };
        let offered = billing.invoicing().capabilities(&owner, settings.provider);
        ensure!(
            offered.await?.is_some(),
            "there is no account with {0}: set [einvoice.{0}] in tallystick.toml (tallystick config example)",
            settings.provider.name()
        );
    }
    billing.set_einvoices(account, settings).await?;
    print(match settings {
        Some(_) => "e-invoices are issued from now on: tallystick invoices list",
        None => "no e-invoices are issued any more; refunds still follow those that were",
    })
}

async fn create(billing: &Billing, name: &str, json: bool) -> Result<()> {
    ensure!(
        (1..=LONGEST_NAME).contains(&name.chars().count()),
        "a name has 1 to {LONGEST_NAME} characters"
    );
    let made = billing.create_merchant(name).await?;
    let secret = billing
        .create_key(made.sandbox, KeyKind::Secret, "first", true, None)
        .await?;
    let publishable = billing
        .create_key(made.sandbox, KeyKind::Publishable, "first", false, None)
        .await?;
    let (secret, publishable) = (secret.secret.expose(), publishable.secret.expose());
    if json {
        let merchant = json!({
            "merchant_id": made.merchant.merchant_id,
            "name": made.merchant.name,
            "sandbox_account_id": made.sandbox,
            "production_account_id": made.live,
            "secret_key": secret,
            "publishable_key": publishable,
        });
        return print(&format!("{merchant:#}"));
    }
    print(&format!(
        "merchant         {}\nsecret key       {secret}\npublishable key  {publishable}\n\n\
         The keys are for the sandbox and are not shown again. The secret key may make others.\n\
         Next, with the server running (tallystick serve, with --sandbox to try it): TALLYSTICK_KEY={secret} tallystick products recur add \"Pro\" --price 299 --period monthly",
        made.merchant.merchant_id
    ))
}

async fn list(billing: &Billing, json: bool) -> Result<()> {
    let merchants = billing.merchants().await?;
    if json {
        let rows: Vec<Value> = merchants
            .iter()
            .map(|m| json!({"merchant_id": m.merchant_id, "name": m.name, "created_at": m.created_at}))
            .collect();
        return print(&format!("{:#}", json!(rows)));
    }
    let lines = merchants
        .iter()
        .map(|m| format!("{}  {}\n", m.merchant_id, m.name));
    print(&or_none(
        lines.collect(),
        "no merchants: tallystick merchants create NAME",
    ))
}

async fn keys(billing: &Billing, merchant: MerchantId, json: bool) -> Result<()> {
    let mut found = Vec::new();
    for livemode in [false, true] {
        let account = account(billing, merchant, livemode).await?.account_id;
        found.extend(
            keys_of(billing, account)
                .await?
                .into_iter()
                .map(|key| (key, livemode)),
        );
    }
    if json {
        let rows: Vec<Value> = found
            .iter()
            .map(|(key, livemode)| {
                json!({"key_id": key.key_id, "type": key.kind, "environment": environment(*livemode), "name": key.name, "hint": key.hint,
                    "manages_keys": key.manages_keys, "created_at": key.created_at, "expires_at": key.expires_at, "revoked_at": key.revoked_at})
            })
            .collect();
        return print(&format!("{:#}", json!(rows)));
    }
    let mut text = String::new();
    for (key, _) in found {
        let state = match (key.revoked_at, key.expires_at) {
            (Some(at), _) => format!("revoked {at}"),
            (None, Some(end)) if end <= billing.real_now() => format!("expired {end}"),
            (None, _) => "valid".into(),
        };
        let right = if key.manages_keys {
            "  manages keys"
        } else {
            ""
        };
        let _ = writeln!(
            text,
            "{}  {}  {state}{right}  {}",
            key.key_id, key.hint, key.name
        );
    }
    print(&or_none(text, "no keys: tallystick merchants key MERCHANT"))
}

async fn revoke(billing: &Billing, id: KeyId) -> Result<()> {
    for merchant in billing.merchants().await? {
        for livemode in [false, true] {
            let account = account(billing, merchant.merchant_id, livemode)
                .await?
                .account_id;
            if keys_of(billing, account)
                .await?
                .iter()
                .any(|key| key.key_id == id)
            {
                billing.revoke_key(account, id).await?;
                return print("revoked");
            }
        }
    }
    bail!("there is no key with the id {id}: tallystick merchants keys MERCHANT")
}

const fn environment(livemode: bool) -> &'static str {
    if livemode { "production" } else { "sandbox" }
}

fn shown_once(made: &NewKey) -> String {
    format!(
        "{}\n\nid {}. The key is not shown again.",
        made.secret.expose(),
        made.key.key_id
    )
}

async fn account(billing: &Billing, merchant: MerchantId, livemode: bool) -> Result<Account> {
    let known: Vec<Merchant> = billing.merchants().await?;
    ensure!(
        known.iter().any(|m| m.merchant_id == merchant),
        "there is no merchant with the id {merchant}: tallystick merchants list"
    );
    Ok(billing.account_of(merchant, livemode).await?)
}

async fn keys_of(billing: &Billing, account: AccountId) -> Result<Vec<ApiKey>> {
    let keys: Result<_, StoreError> = billing
        .db()
        .read(move |tx| ApiKey::all(tx, ApiKey::PAGE, params![account, "", i64::MAX]))
        .await;
    Ok(keys?)
}

/// Subscription billing over the configured database, for commands that serve nothing.
pub(super) async fn open(flags: &Flags) -> Result<Billing> {
    let config = Config::load(flags, &ServeFlags::default(), super::DEFAULT_DATABASE)?;
    super::start_log(flags.log.as_deref().unwrap_or("warn"), config.log_format)?;
    let parts = super::serving::parts(super::open_migrated(&config).await?);
    let public_url = config.public_url.clone().unwrap_or_default();
    let einvoices = Einvoices::build(&parts, &config, config.listen, &public_url, false)?;
    let invoicing = einvoices.invoicing;
    let recur = Recur::build(&parts, &config, config.listen, &public_url, invoicing)
        .context("subscription billing")?;
    Ok(recur.billing)
}
