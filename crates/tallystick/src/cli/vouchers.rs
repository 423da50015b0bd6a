//! Products that are had by showing a certificate, and what was paid for and has none yet.

use super::{open_orders, or_none, print};
use crate::config::Flags;
use anyhow::{Context, Result, bail, ensure};
use billing::model::ProductId as RecurProductId;
use kernel::Locale;
use orders::model::Price;
use serde_json::{Value, json};
use std::fmt::Write as _;
use store::{StoreError, params};
use vouchers::{Place, Voucher};

#[derive(clap::Subcommand)]
pub enum Vouchers {
    /// Put a product on sale on the order platform whose delivery is a certificate
    ///
    /// An order of it is paid with credit, and `certificate_url` in its detail leads to the certificate. The order is complete once
    /// that is verified, and can be cancelled until then.
    Sell {
        /// What it is called
        title: String,
        /// Price of one in credits, with up to three decimals
        #[arg(long)]
        price: Price,
        /// Most that can be ordered at once
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(i64).range(1..=1_000_000))]
        max: i64,
        #[command(flatten)]
        place: PlaceArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Have a product of subscription billing give a certificate for each payment from now on
    ///
    /// Who paid finds it on the page that says thank you, in the portal, and in the customer's entitlements. Of a subscription it
    /// counts for the period that was paid.
    Attach {
        /// The product's id, prod_… (tallystick products recur list)
        product: RecurProductId,
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Have a product of subscription billing give none any more; those that were given stay
    Detach {
        /// The product's id
        product: RecurProductId,
    },
    /// List what was paid for and could not be given a certificate so far, and why
    Waiting {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Where certificates come from.
#[derive(Clone, Copy, clap::Args)]
pub struct PlaceArgs {
    /// The form that issues them, its tpl_id
    #[arg(long, value_name = "TPL_ID")]
    form: i64,
    /// The code that it is filled in for, its code_id
    #[arg(long, value_name = "CODE_ID")]
    code: i64,
}

impl Vouchers {
    pub async fn run(self, flags: &Flags) -> Result<()> {
        match self {
            Self::Sell {
                title,
                price,
                max,
                place,
                json,
            } => {
                let place = place.checked(flags).await?;
                let orders = open_orders(flags).await?;
                let made = orders
                    .sell_certificates(title.trim(), price, max, place)
                    .await;
                orders.db().close().await;
                let product = made?;
                if json {
                    let row = json!({"product_id": product.product_id, "title": product.title,
                        "product_type": product.product_type, "price": product.price, "min": product.min, "max": product.max});
                    return print(&format!("{row:#}"));
                }
                print(&format!("{}  on sale", product.product_id))
            }
            Self::Attach { product, place } => {
                let place = place.checked(flags).await?;
                attach(flags, product, Some(place)).await
            }
            Self::Detach { product } => attach(flags, product, None).await,
            Self::Waiting { json } => waiting(flags, json).await,
        }
    }
}

impl PlaceArgs {
    /// The place, if certificates can be issued there.
    async fn checked(self, flags: &Flags) -> Result<Place> {
        let place = Place {
            tpl_id: self.form,
            code_id: self.code,
        };
        let forms = super::forms::open(flags).await?;
        let checked = forms.check_place(place).await;
        forms.db().close().await;
        match checked {
            Ok(()) => Ok(place),
            Err(forms::Error::Refused(refusal)) => bail!(
                "form {} and code {}: {}\nA form that issues certificates (certificate_config.enabled), and a code with an operation that fills \
                 it in, are needed: see docs/openapi_v2.md",
                self.form,
                self.code,
                refusal.in_full(Locale::En)
            ),
            Err(error) => Err(error).context("looking at form and code"),
        }
    }
}

async fn attach(flags: &Flags, product: RecurProductId, place: Option<Place>) -> Result<()> {
    let billing = super::merchants::open(flags).await?;
    let changed = billing.set_certificate(product, place).await;
    billing.db().close().await;
    ensure!(
        changed?,
        "there is no product {product} that is bought once or subscribed to"
    );
    print("changed")
}

async fn waiting(flags: &Flags, json: bool) -> Result<()> {
    let orders = open_orders(flags).await?;
    let read: Result<Vec<Voucher>, StoreError> = orders
        .db()
        .read(|tx| Voucher::all(tx, Voucher::REFUSED, params![]))
        .await;
    orders.db().close().await;
    let found = read?;
    if json {
        let rows: Vec<Value> = found
            .iter()
            .map(|v| {
                json!({"voucher_id": v.voucher_id, "seller": v.seller, "payment": v.payment, "product": v.facts.0.product,
                    "tpl_id": v.tpl_id, "code_id": v.code_id, "refusal": v.refusal, "wanted_at": v.wanted_at})
            })
            .collect();
        return print(&format!("{:#}", json!(rows)));
    }
    let mut text = String::new();
    for v in found {
        let why = v.refusal.as_deref().unwrap_or_default();
        let _ = writeln!(
            text,
            "{}  {} {}  {}  form {} code {}: {why}",
            v.wanted_at,
            v.seller.name(),
            v.payment,
            v.facts.0.product,
            v.tpl_id,
            v.code_id
        );
    }
    print(&or_none(
        text,
        "everything that was paid for has its certificate",
    ))
}
