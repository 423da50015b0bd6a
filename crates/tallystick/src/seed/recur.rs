//! A merchant of subscription billing, with products and a customer who has paid.

use crate::recur::Recur;
use anyhow::{Context, Result, ensure};
use billing::checkout::{Begun, Identify, NewCheckout, Paid, ProductRef};
use billing::model::period::IntervalUnit;
use billing::model::{
    AccountId, Buyer, CustomerId, KeyKind, ProductId, ProductType, SubscriptionId,
};
use billing::repo::Product;
use billing::{Billing, Scope};
use kernel::Secret;
use store::StoreError;
use store::record::Json;

/// A card that is always charged.
pub const GOOD_CARD: &str = "4147631000000001";
/// A card without funds.
pub const POOR_CARD: &str = "4147631000000151";

/// A merchant to try things with.
#[derive(Clone, Debug)]
pub struct Merchant {
    /// Its sandbox.
    pub account: AccountId,
    /// A secret key of the sandbox, which may make keys.
    pub secret_key: Secret<String>,
    /// A publishable key of the sandbox.
    pub publishable_key: Secret<String>,
    /// Its products by name.
    pub products: [(&'static str, ProductId); 5],
    /// A customer with an active subscription to `monthly`.
    pub customer_id: CustomerId,
    /// The customer's address.
    pub email: String,
    /// That subscription.
    pub subscription_id: SubscriptionId,
}

impl Merchant {
    /// A product by its name.
    pub fn product(&self, name: &str) -> Option<ProductId> {
        self.products
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, id)| *id)
    }
}

pub(super) struct Shelf {
    pub name: &'static str,
    pub slug: &'static str,
    pub title: &'static str,
    pub kind: ProductType,
    pub price: i64,
    pub interval: Option<IntervalUnit>,
    pub trial_days: Option<u32>,
    pub credits: Option<i64>,
}

const SHELVES: [Shelf; 5] = [
    Shelf {
        name: "monthly",
        slug: "pro-monthly",
        title: "Pro",
        kind: ProductType::Subscription,
        price: 299,
        interval: Some(IntervalUnit::Month),
        trial_days: None,
        credits: None,
    },
    Shelf {
        name: "yearly",
        slug: "pro-yearly",
        title: "Pro, a year",
        kind: ProductType::Subscription,
        price: 2990,
        interval: Some(IntervalUnit::Year),
        trial_days: None,
        credits: None,
    },
    Shelf {
        name: "one_time",
        slug: "handbook",
        title: "Handbook",
        kind: ProductType::OneTime,
        price: 590,
        interval: None,
        trial_days: None,
        credits: None,
    },
    Shelf {
        name: "trial",
        slug: "studio",
        title: "Studio",
        kind: ProductType::Subscription,
        price: 499,
        interval: Some(IntervalUnit::Month),
        trial_days: Some(14),
        credits: None,
    },
    Shelf {
        name: "credits",
        slug: "credits-100",
        title: "100 credits",
        kind: ProductType::Credits,
        price: 100,
        interval: None,
        trial_days: None,
        credits: Some(100),
    },
];

/// Makes a merchant. The server must be reachable: the customer's payment goes through its gateway.
pub async fn merchant(recur: &Recur, name: &str) -> Result<Merchant> {
    let billing = &recur.billing;
    let made = billing.create_merchant(name).await?;
    let account = made.sandbox;
    let secret = billing
        .create_key(account, KeyKind::Secret, "sandbox", true, None)
        .await?;
    let publishable = billing
        .create_key(account, KeyKind::Publishable, "sandbox", false, None)
        .await?;
    let scope = billing.scope(account).await?;
    let mut products = [("", ProductId::from_u128(0)); 5];
    for (place, shelf) in products.iter_mut().zip(&SHELVES) {
        *place = (shelf.name, stock(billing, &scope, shelf).await?);
    }
    let email = "mei@example.com".to_owned();
    let buyer = Buyer {
        email: Some(email.clone()),
        name: Some("Mei Lin".into()),
        external_id: Some("user_1".into()),
    };
    let paid = buy(recur, &scope, products[0].1, buyer, GOOD_CARD).await?;
    let Paid::Done {
        checkout,
        subscription,
        ..
    } = paid
    else {
        anyhow::bail!("the first payment was not made: {paid:?}");
    };
    Ok(Merchant {
        account,
        secret_key: secret.secret,
        publishable_key: publishable.secret,
        products,
        customer_id: checkout
            .customer_id
            .context("a paid checkout has a customer")?,
        email,
        subscription_id: subscription
            .context("a subscription began")?
            .subscription_id,
    })
}

pub(super) async fn stock(billing: &Billing, scope: &Scope, shelf: &Shelf) -> Result<ProductId> {
    let now = scope.now;
    let product = Product {
        product_id: billing.new_id(),
        account_id: scope.account_id,
        slug: shelf.slug.into(),
        name: shelf.title.into(),
        description: None,
        product_type: shelf.kind,
        price: shelf.price,
        interval_unit: shelf.interval,
        interval_count: shelf.interval.map(|_| 1),
        trial_days: shelf.trial_days,
        grace_days: 3,
        retry_days: Json(vec![1, 2, 3]),
        credits: shelf.credits,
        product_family: shelf.slug.strip_prefix("pro-").map(|_| "pro".into()),
        display_order: 0,
        metadata: Json::default(),
        certificate: None,
        active: true,
        created_at: now,
        updated_at: now,
    };
    let id = product.product_id;
    let stored: Result<(), StoreError> = billing.db().write(move |tx| product.insert(tx)).await;
    stored?;
    Ok(id)
}

/// Begins a checkout of a merchant's own page, types a test card into its form and pays.
pub async fn buy(
    recur: &Recur,
    scope: &Scope,
    product: ProductId,
    buyer: Buyer,
    card: &str,
) -> Result<Paid> {
    let begun = begin(recur, scope, product, buyer, card).await?;
    Ok(recur.billing.pay(scope, begun.checkout.checkout_id).await?)
}

/// Begins a checkout of a merchant's own page and types a test card into its form.
pub async fn begin(
    recur: &Recur,
    scope: &Scope,
    product: ProductId,
    buyer: Buyer,
    card: &str,
) -> Result<Begun> {
    let new = NewCheckout {
        product: ProductRef::Id(product.to_string()),
        purpose: None,
        buyer,
        look_for_duplicate: Identify::EmailOrExternalId,
        promotion_code: None,
        success_url: None,
        cancel_url: None,
        metadata: None,
        origin: Some(recur.billing.config().public_url.clone()),
        payment_link_id: None,
    };
    let begun = recur.billing.begin_checkout(scope, new).await?;
    let token = begun.checkout.sdk_token.as_deref();
    let token = token.context("a checkout of a page has a token")?;
    ensure!(
        recur.gateway.type_card(token, card).await?,
        "the card form refused the card"
    );
    Ok(begun)
}
