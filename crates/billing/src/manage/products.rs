//! Products. What changes in one is for new subscriptions: those that run keep their terms.

use super::{set, taken};
use crate::model::period::Interval;
use crate::model::{AccountId, EventKind, ProductId, ProductType};
use crate::repo::Product;
use crate::{Billing, Result, Scope, events};
use catalogue::recur::{BadRequest, Conflict, Resource};
use serde_json::{Map, Value};
use store::record::Json;
use store::{Tx, params};

/// Lowest price, whole dollars.
pub const LOWEST_PRICE: i64 = 30;
/// Highest price, whole dollars: what a card payment may be at most.
pub const HIGHEST_PRICE: i64 = 199_999;
/// Longest slug.
pub const LONGEST_SLUG: usize = 64;
/// For how many days the right outlasts an unpaid period, unless the merchant says otherwise.
pub const GRACE_DAYS: u32 = 3;
/// On which days after the first failure a charge is tried again, unless the merchant says otherwise.
const RETRY_DAYS: [u32; 3] = [1, 2, 3];

/// What a merchant says of a product; `None`: nothing.
#[derive(Clone, Debug, Default)]
pub struct ProductDraft {
    /// Its name for people.
    pub name: Option<String>,
    /// Its name in addresses and code: letters, digits and hyphens.
    pub slug: Option<String>,
    /// What it is.
    pub description: Option<Option<String>>,
    /// Whole dollars.
    pub price: Option<i64>,
    /// How long a period is.
    pub interval: Option<Interval>,
    /// How many days are free at first.
    pub trial_days: Option<Option<u32>>,
    /// For how many days the right outlasts an unpaid period.
    pub grace_days: Option<u32>,
    /// On which days after the first failure a charge is tried again, in order.
    pub retry_days: Option<Vec<u32>>,
    /// How many credits are in the pack.
    pub credits: Option<i64>,
    /// Variants of one product share it.
    pub product_family: Option<Option<String>>,
    /// Lists show lower ones first.
    pub display_order: Option<i64>,
    /// The merchant's own.
    pub metadata: Option<Map<String, Value>>,
    /// Whether it is sold.
    pub active: Option<bool>,
}

impl ProductDraft {
    fn apply(&self, product: &mut Product) {
        set(&mut product.name, self.name.as_ref());
        set(&mut product.slug, self.slug.as_ref());
        set(&mut product.description, self.description.as_ref());
        set(&mut product.price, self.price.as_ref());
        if let Some(interval) = self.interval {
            product.interval_unit = Some(interval.unit());
            product.interval_count = Some(interval.count());
        }
        set(&mut product.trial_days, self.trial_days.as_ref());
        set(&mut product.grace_days, self.grace_days.as_ref());
        set(&mut product.retry_days.0, self.retry_days.as_ref());
        product
            .retry_days
            .0
            .retain(|day| *day <= product.grace_days);
        set(&mut product.credits, self.credits.map(Some).as_ref());
        set(&mut product.product_family, self.product_family.as_ref());
        set(&mut product.display_order, self.display_order.as_ref());
        set(&mut product.metadata.0, self.metadata.as_ref());
        set(&mut product.active, self.active.as_ref());
    }
}

impl Billing {
    /// Puts a product on the shelf. Without a slug it gets one made of its name.
    pub async fn create_product(
        &self,
        scope: &Scope,
        product_type: ProductType,
        draft: ProductDraft,
    ) -> Result<Product> {
        self.write(scope, move |tx, work| {
            let product_id: ProductId = work.id();
            let subscription = product_type == ProductType::Subscription;
            let mut product = Product {
                product_id,
                account_id: work.account(),
                slug: String::new(),
                name: String::new(),
                description: None,
                product_type,
                price: 0,
                interval_unit: None,
                interval_count: None,
                trial_days: None,
                grace_days: if subscription { GRACE_DAYS } else { 0 },
                retry_days: Json(RETRY_DAYS.to_vec()),
                credits: None,
                product_family: None,
                display_order: 0,
                metadata: Json::default(),
                certificate: None,
                active: true,
                created_at: work.now(),
                updated_at: work.now(),
            };
            draft.apply(&mut product);
            if subscription && product.interval_unit.is_none() {
                return Err(BadRequest::MissingFields(vec!["billing_period".into()]).into());
            }
            if draft.slug.is_none() {
                product.slug = free_slug(tx, &product)?;
            } else {
                refuse_taken_slug(tx, &product)?;
            }
            match &draft.slug {
                Some(_) => product.insert(tx).map_err(taken("slug"))?,
                // Taken in this very moment: run again, another is found.
                None => product.insert(tx)?,
            }
            events::product(tx, work, EventKind::ProductCreated, &product)?;
            Ok(product)
        })
        .await
    }

    /// Changes a product. Its type stays.
    pub async fn update_product(
        &self,
        scope: &Scope,
        id: ProductId,
        draft: ProductDraft,
    ) -> Result<Product> {
        self.write(scope, move |tx, work| {
            let mut product = Product::first(tx, Product::LOCK, params![id, work.account()])?
                .ok_or(Resource::Product)?;
            draft.apply(&mut product);
            refuse_taken_slug(tx, &product)?;
            product.updated_at = work.now();
            product.save(tx).map_err(taken("slug"))?;
            events::product(tx, work, EventKind::ProductUpdated, &product)?;
            Ok(product)
        })
        .await
    }

    /// A product by its id or slug, on sale or not.
    pub async fn product(&self, scope: &Scope, wanted: &str) -> Result<Product> {
        let (account, wanted) = (scope.account_id, wanted.to_owned());
        self.db()
            .read(move |tx| {
                let found = match wanted.parse::<ProductId>() {
                    Ok(id) => Product::first(tx, Product::BY_ID, params![id, account])?,
                    Err(_) if is_slug(&wanted) => by_slug(tx, account, &wanted)?,
                    Err(_) => None,
                };
                found.ok_or_else(|| Resource::Product.into())
            })
            .await
    }
}

/// Whether a text has the characters of a slug.
pub fn is_slug(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn by_slug(tx: &mut Tx<'_>, account: AccountId, slug: &str) -> Result<Option<Product>> {
    Ok(Product::first(
        tx,
        Product::BY_SLUG,
        params![slug, account],
    )?)
}

fn refuse_taken_slug(tx: &mut Tx<'_>, product: &Product) -> Result<()> {
    match by_slug(tx, product.account_id, &product.slug)? {
        Some(other) if other.product_id != product.product_id => {
            Err(Conflict::Taken("slug").into())
        }
        _ => Ok(()),
    }
}

/// The name's slug, with the end of the product's id if the name gives none or another product has it.
fn free_slug(tx: &mut Tx<'_>, product: &Product) -> Result<String> {
    let slug = slug_of(&product.name);
    if !slug.is_empty() && by_slug(tx, product.account_id, &slug)?.is_none() {
        return Ok(slug);
    }
    let id = product.product_id.to_string();
    let tail = id.get(id.len().saturating_sub(8)..).unwrap_or_default();
    let stem = if slug.is_empty() { "product" } else { &slug };
    let room = LONGEST_SLUG - 1 - tail.len();
    Ok(format!("{}-{tail}", stem.get(..room).unwrap_or(stem)))
}

/// The letters and digits of a name, in lower case, with hyphens between.
fn slug_of(name: &str) -> String {
    let words: Vec<String> = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let mut slug = words.join("-");
    slug.truncate(LONGEST_SLUG);
    slug.trim_end_matches('-').to_owned()
}
