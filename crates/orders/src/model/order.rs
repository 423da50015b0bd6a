use super::{
    DelayMinutes, OrderStatus, PaymentStatus, PaymentType, Price, Product, ProductId, ProductType,
};
use catalogue::PlatformError;
use catalogue::platform::{FieldError, OrderRefusal};
use kernel::{Credits, Id, Timestamp};
use serde::Serialize;

/// An order, in the form in which the API shows it (`OrderResponse`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Order {
    /// Its id.
    pub order_id: OrderId,
    /// Its number for people.
    pub order_number: String,
    /// How it is paid.
    pub payment_type: PaymentType,
    /// How far it is.
    pub order_status: OrderStatus,
    /// Whether it is paid.
    pub payment_status: PaymentStatus,
    /// What it costs, in credits.
    pub total: Credits,
    /// What was ordered. Empty in the answer to the order itself, as documented.
    pub order_detail: Vec<Detail>,
    /// When it was placed.
    pub create_date_time: Timestamp,
    /// When its status last changed.
    pub update_date_time: Option<Timestamp>,
}

/// Names an order.
pub type OrderId = Id<Order>;

/// One line of an order (`OrderDetail`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Detail {
    /// Its id.
    pub order_detail_id: Id<Detail>,
    /// The product.
    pub product_id: ProductId,
    /// The product's title when it was ordered.
    pub title: String,
    /// The product's type.
    pub product_type: ProductType,
    /// The price of a unit when it was ordered.
    pub price: Price,
    /// What the line costs, in credits.
    pub subtotal: Credits,
    /// What was asked for.
    #[serde(flatten)]
    pub specification: Specification,
    /// The count that the supplier started from.
    pub start_count: Option<i64>,
    /// How many units are still to come.
    pub remains: Option<i64>,
    /// Where the certificate is that was ordered, once it is issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_url: Option<String>,
}

/// What an order asks for. Each kind of product uses its own part of it; the rest is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Specification {
    /// Units, for each run.
    pub quantity: Option<i64>,
    /// Where to.
    pub link: Option<String>,
    /// Whom to.
    pub username: Option<String>,
    /// One comment a line.
    pub comments: Option<String>,
    /// How often `quantity` is delivered.
    pub runs: Option<i64>,
    /// Between two runs.
    pub interval_minutes: Option<i64>,
    /// For each post of a subscription, at least.
    pub min_quantity: Option<i64>,
    /// For each post of a subscription, at most.
    pub max_quantity: Option<i64>,
    /// From a new post to its delivery.
    pub delay_minutes: Option<DelayMinutes>,
    /// Posts to come.
    pub new_post_count: Option<i64>,
    /// Posts that are there already.
    pub old_post_count: Option<i64>,
    /// When a subscription ends.
    pub expiry_date: Option<Timestamp>,
}

impl Specification {
    /// How many units are charged.
    pub fn units(&self, product_type: ProductType) -> i64 {
        let or_zero = |n: Option<i64>| n.unwrap_or(0);
        match product_type {
            ProductType::Ch2Subscriptions => or_zero(self.max_quantity)
                .saturating_mul(or_zero(self.new_post_count) + or_zero(self.old_post_count)),
            ProductType::Ch2CustomComments => self.comment_lines(),
            ProductType::Ch1Default | ProductType::Ch2Default | ProductType::Ch2CommentLikes => {
                or_zero(self.quantity).saturating_mul(self.runs.unwrap_or(1))
            }
        }
    }

    /// The lines of `comments` that are not blank.
    fn comment_lines(&self) -> i64 {
        let comments = self.comments.as_deref().unwrap_or_default();
        let lines = comments.lines().filter(|line| !line.trim().is_empty());
        i64::try_from(lines.count()).unwrap_or(i64::MAX)
    }

    /// Whether `product` can be ordered like this, by the endpoint of `endpoint`: category, state and
    /// type, expiry, minimum, maximum; the first rule broken counts.
    pub fn check(
        &self,
        product: &Product,
        endpoint: ProductType,
        now: Timestamp,
    ) -> Result<(), PlatformError> {
        if endpoint == ProductType::Ch2Default {
            self.check_category(product)?;
        }
        let refuse = |reason| Err(PlatformError::CreateOrderFailed { reason });
        if !product.on_sale {
            return refuse(OrderRefusal::OffSale);
        }
        if product.product_type != endpoint {
            return refuse(OrderRefusal::WrongProductType);
        }
        if self.runs.is_some() && !product.is_drip_feed {
            return refuse(OrderRefusal::NoDripFeed);
        }
        if self.expiry_date.is_some_and(|expiry| expiry <= now) {
            return Err(PlatformError::InvalidExpiryDate);
        }
        let lines = (endpoint == ProductType::Ch2CustomComments).then(|| self.comment_lines());
        let least = lines.or(self.quantity).or(self.min_quantity);
        let most = lines.or(self.quantity).or(self.max_quantity);
        if least.is_some_and(|n| n < product.min) {
            return Err(PlatformError::BelowMinimumQuantity { min: product.min });
        }
        if most.is_some_and(|n| n > product.max) {
            return Err(PlatformError::ExceedsMaximumQuantity { max: product.max });
        }
        Ok(())
    }

    /// Stories are ordered by username, everything else by link.
    fn check_category(&self, product: &Product) -> Result<(), PlatformError> {
        let (property, value) = if product.is_story() {
            ("username", &self.username)
        } else {
            ("link", &self.link)
        };
        if value.is_some() {
            return Ok(());
        }
        let required = PlatformError::FieldIsRequired {
            property: property.into(),
        };
        Err(PlatformError::fields(vec![FieldError::at(
            property, required,
        )]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_follow_the_kind_of_product() {
        let specification = Specification {
            quantity: Some(50),
            runs: Some(3),
            comments: Some("one\r\n\n two\n   \nthree".into()),
            max_quantity: Some(20),
            new_post_count: Some(4),
            old_post_count: Some(1),
            ..Specification::default()
        };
        assert_eq!(specification.units(ProductType::Ch2Default), 150);
        assert_eq!(specification.units(ProductType::Ch2CustomComments), 3);
        assert_eq!(specification.units(ProductType::Ch2Subscriptions), 100);
    }
}
