use super::recur::RecurProducts;
use super::{open_orders, or_none, print};
use crate::config::{Config, Flags, ServeFlags};
use anyhow::{Context, Result, ensure};
use kernel::{Credits, Timestamp};
use orders::Orders;
use orders::model::{OrganizationId, Price, PrivateKeyId, ProductId};
use serde_json::json;
use std::fmt::Write as _;
use std::path::PathBuf;

#[derive(clap::Subcommand)]
pub enum Keys {
    /// Create a key for an organization; it is shown this once
    Create {
        /// The organization's id (tallystick organizations list)
        organization: OrganizationId,
        /// What the key is for
        #[arg(long, default_value = "")]
        label: String,
        /// When the key stops being valid: 2027-01-01T00:00:00+08:00
        #[arg(long)]
        expires: Option<Timestamp>,
    },
    /// List keys
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Revoke a key, on every node
    Revoke {
        /// The key's id (tallystick keys list)
        id: PrivateKeyId,
    },
}

#[derive(clap::Subcommand)]
pub enum Organizations {
    /// Create an organization
    Create {
        /// Its name, 1 to 64 characters
        name: String,
        /// Credit to start with
        #[arg(long, default_value_t = 0)]
        credit: i64,
    },
    /// List organizations with their balances
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Let an organization's keys work again
    Enable {
        /// Its id
        organization: OrganizationId,
    },
    /// Have an organization's keys refused
    Disable {
        /// Its id
        organization: OrganizationId,
    },
    /// List the people who belong to an organization
    Members {
        /// Its id
        organization: OrganizationId,
    },
    /// Make an account a member of an organization
    Join {
        /// Its id
        organization: OrganizationId,
        /// The account's e-mail address (tallystick accounts list)
        email: String,
    },
    /// End a membership; unlike over the API, also the last one
    Leave {
        /// Its id
        organization: OrganizationId,
        /// The account's e-mail address
        email: String,
    },
    /// Give an organization credit; a negative amount takes some back
    Credit {
        /// Its id
        organization: OrganizationId,
        /// Whole credits
        #[arg(allow_negative_numbers = true)]
        amount: i64,
    },
}

#[derive(clap::Subcommand)]
pub enum Products {
    #[command(flatten)]
    Orders(OrderProducts),
    /// Products of subscription billing, on a running server: list, add, set
    #[command(subcommand)]
    Recur(RecurProducts),
}

#[derive(clap::Subcommand)]
pub enum OrderProducts {
    /// List products
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take over the supplier's services as products, off sale at first, and update those there are
    Import {
        /// Percent added to the supplier's rate to make the price of a new product
        #[arg(long, default_value_t = 50)]
        markup: u32,
    },
    /// Put a product on or off sale, or change its price
    Set {
        /// Its id
        product: ProductId,
        /// Whether it can be ordered
        #[arg(long)]
        on_sale: Option<bool>,
        /// Price of one unit in credits, with up to three decimals: 1.2
        #[arg(long)]
        price: Option<Price>,
    },
}

#[derive(clap::Args)]
pub struct Backup {
    /// The file to write; it must not exist
    file: PathBuf,
}

impl Keys {
    pub async fn run(self, flags: &Flags) -> Result<()> {
        let orders = open_orders(flags).await?;
        match self {
            Self::Create {
                organization,
                label,
                expires,
            } => {
                exists(&orders, organization).await?;
                let created = orders.create_key(organization, &label, expires).await;
                let (key, secret) = created?;
                let secret = secret.expose();
                print(&format!(
                    "{secret}\n\nid {}. The key is not shown again.",
                    key.private_key_id
                ))?;
            }
            Self::List { json } => {
                let keys = orders.keys().await?;
                if json {
                    print(&format!("{:#}", json!(keys)))?;
                } else {
                    let mut text = String::new();
                    for key in keys {
                        let state = match key.revoked_at {
                            Some(at) => format!("revoked {at}"),
                            None => "valid".into(),
                        };
                        let _ = writeln!(
                            text,
                            "{}  organization {}  …{}  {state}  {}",
                            key.private_key_id, key.organization_id, key.hint, key.label
                        );
                    }
                    print(&or_none(
                        text,
                        "no keys: tallystick keys create ORGANIZATION",
                    ))?;
                }
            }
            Self::Revoke { id } => {
                let revoked = orders.revoke_key(id).await?;
                ensure!(revoked, "there is no valid key with the id {id}");
                print("revoked")?;
            }
        }
        close(&orders).await
    }
}

impl Organizations {
    pub async fn run(self, flags: &Flags) -> Result<()> {
        let orders = open_orders(flags).await?;
        match self {
            Self::Create { name, credit } => {
                ensure!(credit >= 0, "credit to start with cannot be negative");
                let organization = orders.create_organization(&name).await?;
                let id = organization.organization_id;
                if credit > 0 {
                    orders.grant_credit(id, Credits::new(credit)).await?;
                }
                print(&id.to_string())?;
            }
            Self::List { json } => {
                let mut rows = Vec::new();
                for organization in orders.organizations().await? {
                    let balance = orders.balance(organization.organization_id).await;
                    rows.push((organization, balance?));
                }
                if json {
                    let rows: Vec<_> = rows
                        .iter()
                        .map(|(o, balance)| json!({"organization": o, "balance": balance}))
                        .collect();
                    print(&format!("{:#}", json!(rows)))?;
                } else {
                    let mut text = String::new();
                    for (o, balance) in rows {
                        let state = if o.enabled { "enabled " } else { "disabled" };
                        let balance = balance.map_or("no account".into(), |b| b.to_string());
                        let _ = writeln!(
                            text,
                            "{}  {state}  {balance:>12} credits  {}",
                            o.organization_id, o.name
                        );
                    }
                    print(&or_none(
                        text,
                        "no organizations: tallystick organizations create NAME",
                    ))?;
                }
            }
            Self::Enable { organization } => set_enabled(&orders, organization, true).await?,
            Self::Disable { organization } => set_enabled(&orders, organization, false).await?,
            Self::Members { organization } => {
                exists(&orders, organization).await?;
                let members = orders.all_members(organization).await?;
                let lines = members
                    .iter()
                    .map(|m| format!("{}  {}", m.account_id, m.email));
                let lines: Vec<String> = lines.collect();
                print(&or_none(
                    lines.join("\n"),
                    "nobody: tallystick organizations join ORGANIZATION EMAIL",
                ))?;
            }
            Self::Join {
                organization,
                email,
            } => {
                exists(&orders, organization).await?;
                let account = super::accounts::account(&orders, &email).await?;
                orders.join(organization, account.account_id).await?;
                print("member")?;
            }
            Self::Leave {
                organization,
                email,
            } => {
                let account = super::accounts::account(&orders, &email).await?;
                let left = orders.expel(organization, account.account_id).await?;
                ensure!(left, "{email} is no member of it");
                print("no member")?;
            }
            Self::Credit {
                organization,
                amount,
            } => {
                exists(&orders, organization).await?;
                ensure!(amount != 0, "the amount is zero");
                let balance = orders
                    .grant_credit(organization, Credits::new(amount))
                    .await;
                print(&format!("balance: {} credits", balance?))?;
            }
        }
        close(&orders).await
    }
}

impl Products {
    pub async fn run(self, flags: &Flags) -> Result<()> {
        match self {
            Self::Orders(products) => products.run(flags).await,
            Self::Recur(products) => products.run().await,
        }
    }
}

impl OrderProducts {
    async fn run(self, flags: &Flags) -> Result<()> {
        let orders = open_orders(flags).await?;
        match self {
            Self::List { json } => {
                let products = orders.products().await?;
                if json {
                    let rows: Vec<_> = products
                        .iter()
                        .map(|p| {
                            json!({"product_id": p.product_id, "title": p.title, "product_type": p.product_type,
                                "on_sale": p.on_sale, "price": p.price, "min": p.min, "max": p.max,
                                "service": p.service.as_ref().map(|s| &s.id)})
                        })
                        .collect();
                    print(&format!("{:#}", json!(rows)))?;
                } else {
                    let mut text = String::new();
                    for p in products {
                        let state = if p.on_sale { "on sale " } else { "off sale" };
                        let _ = writeln!(
                            text,
                            "{}  {state}  {:<20} {:>8} credits a unit  {}..{}  {}",
                            p.product_id,
                            p.product_type.literal(),
                            json!(p.price),
                            p.min,
                            p.max,
                            p.title
                        );
                    }
                    print(&or_none(text, "no products: tallystick products import"))?;
                }
            }
            Self::Import { markup } => {
                let imported = orders.import_services(markup).await?;
                let mut text = format!(
                    "{} new and off sale, {} updated, {} taken off sale because the supplier no longer offers them",
                    imported.new, imported.updated, imported.withdrawn
                );
                for (service, kind) in imported.skipped {
                    let _ = write!(
                        text,
                        "\nskipped service {service}: {kind} cannot be ordered here"
                    );
                }
                print(&text)?;
            }
            Self::Set {
                product,
                on_sale,
                price,
            } => {
                ensure!(
                    on_sale.is_some() || price.is_some(),
                    "nothing to change: give --on-sale or --price"
                );
                let found = orders.change_product(product, on_sale, price).await;
                ensure!(found?, "there is no product with the id {product}");
                print("changed")?;
            }
        }
        close(&orders).await
    }
}

impl Backup {
    pub async fn run(self, flags: &Flags) -> Result<()> {
        let config = Config::load(flags, &ServeFlags::default(), super::DEFAULT_DATABASE)?;
        let file = self
            .file
            .to_str()
            .context("the file's name is not UTF-8")?
            .to_owned();
        ensure!(!self.file.exists(), "{file} exists already");
        super::ensure_exists(&config.database)?;
        let db = store::Db::open(&config.database)
            .await
            .with_context(|| format!("opening {}", config.database))?;
        let copied = db.backup(file.clone()).await;
        db.close().await;
        copied.context("backing up")?;
        print(&format!("{} copied to {file}", config.database))
    }
}

async fn exists(orders: &Orders, organization: OrganizationId) -> Result<()> {
    let found = orders.organizations().await?;
    ensure!(
        found.iter().any(|o| o.organization_id == organization),
        "there is no organization with the id {organization}"
    );
    Ok(())
}

async fn set_enabled(orders: &Orders, organization: OrganizationId, enabled: bool) -> Result<()> {
    let found = orders.set_organization_enabled(organization, enabled).await;
    ensure!(
        found?,
        "there is no organization with the id {organization}"
    );
    print(if enabled { "enabled" } else { "disabled" })
}

async fn close(orders: &Orders) -> Result<()> {
    orders.db().close().await;
    Ok(())
}
