//! What the operator does: organizations, keys, credit, products.

use crate::model::{
    DynamicProbability, IncreaseSpeed, Organization, OrganizationId, Price, PrivateKey,
    PrivateKeyId, Product, ProductId, ProductType, ServiceType, SupplierService, hash_of_key,
    new_key,
};
use crate::repo::organizations::{self, account_of};
use crate::repo::products;
use crate::supplier::{Service, certificates};
use crate::{Error, Orders, Result};
use kernel::{Credits, Secret, Timestamp};
use ledger::{Posting, PostingKind};
use vouchers::Place;

/// What [`Orders::import_services`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Products made.
    pub new: usize,
    /// Products whose supplier's figures were updated.
    pub updated: usize,
    /// Products taken off sale, because their service is no longer offered.
    pub withdrawn: usize,
    /// Services of types that no operation orders, or without a readable rate: id and what they are.
    pub skipped: Vec<(String, String)>,
}

impl Orders {
    /// Makes an enabled organization with an empty credit account. The name has 1 to 64 characters.
    pub async fn create_organization(&self, name: &str) -> Result<Organization> {
        if !(1..=64).contains(&name.chars().count()) {
            return Err(Error::Failed(
                "an organization's name has 1 to 64 characters".into(),
            ));
        }
        let now = self.now();
        let organization = Organization {
            organization_id: self.new_id(now),
            name: name.to_owned(),
            enabled: true,
            created_at: now,
        };
        let row = organization.clone();
        self.db()
            .write(move |tx| organizations::insert(tx, &row))
            .await?;
        Ok(organization)
    }

    /// Every organization, the oldest first.
    pub async fn organizations(&self) -> Result<Vec<Organization>> {
        Ok(self.db().read(organizations::list).await?)
    }

    /// Enables or disables an organization; `false` when there is none.
    pub async fn set_organization_enabled(
        &self,
        organization: OrganizationId,
        enabled: bool,
    ) -> Result<bool> {
        Ok(self
            .db()
            .write(move |tx| organizations::set_enabled(tx, organization, enabled))
            .await?)
    }

    /// Gives an organization credit, or takes some back; returns the new balance.
    pub async fn grant_credit(
        &self,
        organization: OrganizationId,
        amount: Credits,
    ) -> Result<Credits> {
        let now = self.now();
        let id = self.new_id(now);
        let number = self.credit_record_number(now).await?.to_string();
        self.db()
            .write(move |tx| {
                let posting = Posting {
                    id,
                    account: account_of(organization),
                    number: &number,
                    amount,
                    kind: PostingKind::Grant,
                    reference: &id.to_string(),
                };
                ledger::post(tx, &posting, now).map_err(Error::from)
            })
            .await
    }

    /// An organization's balance; `None` when there is no such organization.
    pub async fn balance(&self, organization: OrganizationId) -> Result<Option<Credits>> {
        Ok(self
            .db()
            .read(move |tx| ledger::balance(tx, account_of(organization)))
            .await?)
    }

    /// Makes a key. It is returned this once; only its hash is kept.
    pub async fn create_key(
        &self,
        organization: OrganizationId,
        label: &str,
        expires_at: Option<Timestamp>,
    ) -> Result<(PrivateKey, Secret<String>)> {
        let now = self.now();
        let secret = new_key(&self.inner.rng);
        let text = secret.expose();
        let key = PrivateKey {
            private_key_id: self.new_id(now),
            organization_id: organization,
            created_by: None,
            label: label.chars().take(64).collect(),
            hint: text[text.len() - 4..].to_owned(),
            created_at: now,
            expires_at,
            revoked_at: None,
        };
        let (row, hash) = (key.clone(), hash_of_key(text));
        self.db()
            .write(move |tx| organizations::insert_key(tx, &row, &hash))
            .await?;
        Ok((key, secret))
    }

    /// Every key, the oldest first.
    pub async fn keys(&self) -> Result<Vec<PrivateKey>> {
        Ok(self.db().read(organizations::list_keys).await?)
    }

    /// Revokes a key on every node; `false` when it does not exist or was revoked before.
    pub async fn revoke_key(&self, key: PrivateKeyId) -> Result<bool> {
        let now = self.now();
        Ok(self
            .db()
            .write(move |tx| organizations::revoke_key(tx, key, now))
            .await?)
    }

    /// Every product, on sale or not.
    pub async fn products(&self) -> Result<Vec<Product>> {
        Ok(self.db().read(products::all).await?)
    }

    /// Stores a product, or changes the one with its id.
    pub async fn put_product(&self, product: Product) -> Result<()> {
        Ok(self
            .db()
            .write(move |tx| products::upsert(tx, &product))
            .await?)
    }

    /// Takes over what the supplier offers: a new service becomes a product off sale, with the
    /// supplier's rate and `markup_percent` on it as its price; of one that is known, the supplier's own
    /// figures are updated; one that is no longer offered goes off sale.
    pub async fn import_services(&self, markup_percent: u32) -> Result<Imported> {
        let services = self.supplier().services().await;
        let services = services.map_err(|e| Error::Failed(format!("the supplier: {e}")))?;
        if services.is_empty() {
            return Err(Error::Failed(
                "the supplier offers no services; nothing was changed".into(),
            ));
        }
        let now = self.now();
        let known = self.products().await?;
        let mut imported = Imported::default();
        for service in &services {
            let Some(product_type) = product_type(&service.kind) else {
                imported
                    .skipped
                    .push((service.id.clone(), service.kind.clone()));
                continue;
            };
            let same = known
                .iter()
                .find(|p| p.service.as_ref().is_some_and(|s| s.id == service.id));
            match same {
                Some(product) => {
                    imported.updated += 1;
                    self.put_product(with_service(product.clone(), service, now))
                        .await?;
                }
                None => {
                    let Some(price) = price(&service.rate, markup_percent) else {
                        let why = format!("{} at the rate {:?}", service.kind, service.rate);
                        imported.skipped.push((service.id.clone(), why));
                        continue;
                    };
                    imported.new += 1;
                    let id = self.new_id(now);
                    let product = new_product(id, service, product_type, price, now);
                    self.put_product(product).await?;
                }
            }
        }
        for product in known {
            let gone = product
                .service
                .as_ref()
                .filter(|s| !certificates::is_certificate(&s.id))
                .is_some_and(|s| services.iter().all(|offered| offered.id != s.id));
            if gone && product.on_sale {
                imported.withdrawn += 1;
                let product = Product {
                    on_sale: false,
                    updated_at: Some(now),
                    ..product
                };
                self.put_product(product).await?;
            }
        }
        Ok(imported)
    }

    /// Puts a product on sale that is delivered as a certificate. The title has 1 to 200 characters.
    pub async fn sell_certificates(
        &self,
        title: &str,
        price: Price,
        max: i64,
        place: Place,
    ) -> Result<Product> {
        if !(1..=200).contains(&title.chars().count()) {
            return Err(Error::Failed("a title has 1 to 200 characters".into()));
        }
        let now = self.now();
        let service = Service {
            id: certificates::service_of(place),
            name: title.to_owned(),
            kind: String::new(),
            category: "Certificate".into(),
            rate: String::new(),
            min: 1,
            max,
            drip_feed: false,
            refill: false,
            cancel: true,
        };
        let id = self.new_id(now);
        let product = Product {
            on_sale: true,
            ..new_product(id, &service, ProductType::Ch2Default, price, now)
        };
        self.put_product(product.clone()).await?;
        Ok(product)
    }

    /// Changes whether a product is on sale, and its price; `false` when there is none.
    pub async fn change_product(
        &self,
        id: ProductId,
        on_sale: Option<bool>,
        price: Option<Price>,
    ) -> Result<bool> {
        let find = move |tx: &mut store::Tx<'_>| products::find(tx, id);
        let Some(product) = self.db().read(find).await? else {
            return Ok(false);
        };
        let now = self.now();
        self.put_product(Product {
            on_sale: on_sale.unwrap_or(product.on_sale),
            price: price.unwrap_or(product.price),
            updated_at: Some(now),
            ..product
        })
        .await?;
        Ok(true)
    }
}

fn product_type(kind: &str) -> Option<ProductType> {
    Some(match kind {
        "Default" => ProductType::Ch2Default,
        "Comment Likes" => ProductType::Ch2CommentLikes,
        "Custom Comments" => ProductType::Ch2CustomComments,
        "Subscriptions" => ProductType::Ch2Subscriptions,
        _ => return None,
    })
}

fn with_service(product: Product, service: &Service, now: Timestamp) -> Product {
    Product {
        min: service.min,
        max: service.max.max(service.min),
        service: Some(SupplierService {
            id: service.id.clone(),
            name: service.name.clone(),
            rate: service.rate.clone(),
            min: service.min,
            max: service.max,
        }),
        is_drip_feed: service.drip_feed,
        is_refillable: service.refill,
        is_cancelable: service.cancel,
        updated_at: Some(now),
        ..product
    }
}

fn new_product(
    id: ProductId,
    service: &Service,
    product_type: ProductType,
    price: Price,
    now: Timestamp,
) -> Product {
    let category: String = service
        .category
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    let main = category.split('_').next().unwrap_or_default().to_owned();
    let product = Product {
        product_id: id,
        title: service.name.clone(),
        description: service.category.clone(),
        product_type,
        product_category: category,
        main_product_category: main,
        price,
        min: service.min,
        max: service.max.max(service.min),
        order_no: service.id.parse().unwrap_or(0),
        dynamic_probability: DynamicProbability::Medium,
        increase_speed: IncreaseSpeed::Medium,
        service_type: ServiceType::Channel2,
        on_sale: false,
        created_at: now,
        updated_at: None,
        service: None,
        is_drip_feed: false,
        is_refillable: false,
        is_cancelable: false,
    };
    Product {
        updated_at: None,
        ..with_service(product, service, now)
    }
}

/// Suppliers' rates are for 1000 units, which is what thousandths for one unit are. Rounded up; `None`
/// when the rate is no plain decimal above zero.
fn price(rate: &str, markup_percent: u32) -> Option<Price> {
    let (whole, fraction) = rate.split_once('.').unwrap_or((rate, ""));
    let digits = format!("{whole}{fraction:0<9}");
    let plain =
        !whole.is_empty() && fraction.len() <= 9 && digits.bytes().all(|b| b.is_ascii_digit());
    let billionths: i128 = digits.parse().ok().filter(|n| plain && *n > 0)?;
    let marked_up = billionths.checked_mul(i128::from(markup_percent) + 100)?;
    let credits = (marked_up + 99_999_999_999).div_euclid(100_000_000_000);
    i64::try_from(credits).ok().map(Price::from_thousandths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_for_a_thousand_becomes_a_price_for_one() {
        let thousandths = |n| Some(Price::from_thousandths(n));
        assert_eq!(price("12", 0), thousandths(12));
        assert_eq!(price("1200", 0), thousandths(1200));
        assert_eq!(price("0.90", 50), thousandths(2));
        assert_eq!(price("0.00001", 0), thousandths(1));
        for bad in ["rubbish", "1,200.50", "", "0", "-1", "1e3"] {
            assert_eq!(price(bad, 50), None, "{bad}");
        }
    }
}
