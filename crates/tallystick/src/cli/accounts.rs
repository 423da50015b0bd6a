//! People of the order platform: their accounts, and what operators change of them.

use super::{open_orders, or_none, print};
use crate::config::Flags;
use anyhow::{Context, Result, ensure};
use orders::Orders;
use orders::model::{Account, phone};
use orders::people::NewAccount;
use serde_json::json;
use std::fmt::Write as _;

#[derive(clap::Subcommand)]
pub enum Accounts {
    /// Create an account; its password is made up, and shown this once
    Create {
        /// E-mail address
        email: String,
        /// Mobile phone; without a country code it is Taiwan's
        #[arg(long)]
        phone: String,
    },
    /// List accounts
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Give an account a new password, which is made up and shown this once, and end its sessions
    Password {
        /// E-mail address
        email: String,
    },
    /// Let an account enable and disable organizations, and act for all of them
    Operator {
        /// E-mail address
        email: String,
        /// Take that back
        #[arg(long)]
        revoke: bool,
    },
    /// Let an account log in again
    Enable {
        /// E-mail address
        email: String,
    },
    /// End an account's sessions and let it log in no more
    Disable {
        /// E-mail address
        email: String,
    },
}

impl Accounts {
    pub async fn run(self, flags: &Flags) -> Result<()> {
        let orders = open_orders(flags).await?;
        match self {
            Self::Create { email, phone } => create(&orders, &email, &phone).await?,
            Self::List { json } => list(&orders, json).await?,
            Self::Password { email } => {
                let account = account(&orders, &email).await?;
                let password = orders.made_up_password();
                orders
                    .set_password(account.account_id, None, &password)
                    .await?;
                print(&format!(
                    "{}\n\nThe password is not shown again. The account's sessions have ended.",
                    password.expose()
                ))?;
            }
            Self::Operator { email, revoke } => {
                let account = account(&orders, &email).await?;
                orders
                    .set_account_operator(account.account_id, !revoke)
                    .await?;
                print(if revoke { "no operator" } else { "operator" })?;
            }
            Self::Enable { email } => set_enabled(&orders, &email, true).await?,
            Self::Disable { email } => set_enabled(&orders, &email, false).await?,
        }
        orders.db().close().await;
        Ok(())
    }
}

async fn create(orders: &Orders, email: &str, phone: &str) -> Result<()> {
    let phone = phone::mobile(phone)
        .map_err(|_| anyhow::anyhow!("{phone} is not the number of a mobile phone"))?;
    let is_address = orders::people::is_email(email);
    ensure!(is_address, "{email} is not an e-mail address");
    let password = orders.made_up_password();
    let new = NewAccount {
        email: email.to_lowercase(),
        phone,
        password: password.clone(),
        verification_code: None,
    };
    let account = orders.register(new, None).await?;
    print(&format!(
        "{}\n\nid {}. The password is not shown again.",
        password.expose(),
        account.account_id
    ))
}

async fn list(orders: &Orders, as_json: bool) -> Result<()> {
    let accounts = orders.all_accounts().await?;
    if as_json {
        let rows: Vec<_> = accounts
            .iter()
            .map(|account| {
                json!({"account_id": account.account_id, "email": account.email, "phone": account.phone,
                    "phone_verified_at": account.phone_verified_at, "operator": account.is_operator,
                    "enabled": account.enabled, "created_at": account.created_at})
            })
            .collect();
        return print(&format!("{:#}", json!(rows)));
    }
    let mut text = String::new();
    for account in accounts {
        let state = if account.enabled {
            "enabled "
        } else {
            "disabled"
        };
        let operator = if account.is_operator { "operator" } else { "" };
        let _ = writeln!(
            text,
            "{}  {state}  {}  {}  {operator}",
            account.account_id, account.email, account.phone
        );
    }
    print(&or_none(
        text,
        "no accounts: tallystick accounts create EMAIL --phone PHONE",
    ))
}

async fn set_enabled(orders: &Orders, email: &str, enabled: bool) -> Result<()> {
    let account = account(orders, email).await?;
    orders
        .set_account_enabled(account.account_id, enabled)
        .await?;
    print(if enabled { "enabled" } else { "disabled" })
}

/// The account with an address.
pub async fn account(orders: &Orders, email: &str) -> Result<Account> {
    let found = orders.account_by_email(&email.to_lowercase()).await?;
    found.with_context(|| {
        format!("there is no account with the address {email} (tallystick accounts list)")
    })
}
