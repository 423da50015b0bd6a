use super::Offer;
use crate::model::period::{Interval, IntervalUnit};
use crate::model::{AccountId, ProductId, ProductType, Terms};
use kernel::Timestamp;
use serde_json::{Map, Value};
use store::record::{Column as _, Json};
use store::{StoreError, Tx, params, record, statements};
use vouchers::Place;

record! {
    /// Something that is sold.
    pub struct Product in "billing_products" key product_id {
        /// Its id.
        product_id: ProductId,
        /// Whose it is.
        account_id: AccountId,
        /// Its name in addresses and code; one of a kind in its account.
        slug: String,
        /// Its name for people.
        name: String,
        /// What it is.
        description: Option<String>,
        /// What it is.
        product_type: ProductType,
        /// Whole dollars.
        price: i64,
        /// Of a subscription: what a period is counted in.
        interval_unit: Option<IntervalUnit>,
        /// Of a subscription: how many of them.
        interval_count: Option<u32>,
        /// Of a subscription: how many days are free at first.
        trial_days: Option<u32>,
        /// Of a subscription: for how many days the right outlasts an unpaid period.
        grace_days: u32,
        /// Of a subscription: on which days after the first failure a charge is tried again.
        retry_days: Json<Vec<u32>>,
        /// Of a pack of credits: how many.
        credits: Option<i64>,
        /// Products that are variants of each other share it.
        product_family: Option<String>,
        /// Lists show lower ones first.
        display_order: i64,
        /// The merchant's own.
        metadata: Json<Map<String, Value>>,
        /// Where each payment gives a certificate, if it gives one.
        certificate: Option<Json<Place>>,
        /// Whether it is sold.
        active: bool,
        /// When it was made.
        created_at: Timestamp,
        /// When it was last changed.
        updated_at: Timestamp,
    }
    select {
        /// `$1` id, `$2` account.
        BY_ID = "WHERE product_id = $1 AND account_id = $2";
        /// `$1` id, `$2` account; nobody else may change it until the transaction ends.
        LOCK = "WHERE product_id = $1 AND account_id = $2 /* for update */";
        /// `$1` slug, `$2` account.
        BY_SLUG = "WHERE slug = $1 AND account_id = $2";
        /// `$1` account, `$2` type or ''.
        ON_SALE = "WHERE account_id = $1 AND active = 1 AND ($2 = '' OR product_type = $2) ORDER BY display_order, product_id";
        /// `$1` account, `$2` type or '', on sale or not.
        OF_ACCOUNT = "WHERE account_id = $1 AND ($2 = '' OR product_type = $2) ORDER BY display_order, product_id";
    }
}

statements! {
    SET_CERTIFICATE = "UPDATE billing_products SET certificate = $2, updated_at = $3 \
        WHERE product_id = $1 AND product_type IN ('SUBSCRIPTION', 'ONE_TIME')";
}

impl Product {
    /// The operator's own, so no account is named. False when there is no such product that could give certificates.
    pub fn set_certificate(
        tx: &mut Tx<'_>,
        product: ProductId,
        place: Option<Place>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let place = place.map(Json);
        let changed = tx.execute(SET_CERTIFICATE, params![product, place.param(), now])?;
        Ok(changed == 1)
    }

    /// How long a period is; `None` of what is bought once.
    pub fn interval(&self) -> Option<Interval> {
        Interval::new(self.interval_unit?, self.interval_count?).ok()
    }

    /// What a subscription to it begins with; `None` of what is bought once.
    pub fn offer(&self) -> Option<Offer> {
        Some(Offer {
            terms: self.terms()?,
            trial_days: self.trial_days.unwrap_or(0),
        })
    }

    /// The terms of a subscription to it; `None` of what is bought once.
    pub fn terms(&self) -> Option<Terms> {
        Some(Terms {
            price: self.price,
            interval: self.interval()?,
            grace_days: self.grace_days,
            retry_days: self.retry_days.0.clone(),
        })
    }
}
