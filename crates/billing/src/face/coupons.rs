//! `/coupons`: the rules that promotion codes give.

use super::call::{Id, Secret, SecretPost, parse};
use super::fields::Fields;
use super::lists;
use super::objects::coupon_object;
use crate::manage::coupons::{CouponChange, NewCoupon};
use crate::manage::products::HIGHEST_PRICE;
use crate::model::discount::{DiscountType, DurationType, Effect, Repeat};
use crate::model::{CouponId, ProductId};
use crate::repo::Coupon;
use crate::{Billing, Result};
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use catalogue::recur::{Problem, Resource};
use http::StatusCode;
use httpkit::{Refusal, Reply};
use store::params;

const MOST_PERIODS: i64 = 1200;
const MOST_PRODUCTS: usize = 100;

/// What cannot be changed: codes have been given out for it.
const FIXED: [&str; 9] = [
    "discount_type",
    "discount_amount",
    "duration",
    "duration_months",
    "duration_periods",
    "bonus_trial_days",
    "bonus_months",
    "minimum_amount",
    "product_ids",
];

pub fn routes() -> Router<Billing> {
    Router::new()
        .route("/coupons", get(list).post(create))
        .route(
            "/coupons/{id}",
            get(show).patch(update).post(update).delete(deactivate),
        )
}

async fn list(State(billing): State<Billing>, Secret(caller): Secret) -> Result<Reply, Refusal> {
    let mut fields = caller.fields();
    let page = fields.page();
    fields.finish()?;
    let rows = |tx: &mut store::Tx<'_>, account, after: &str, limit| {
        Coupon::all(tx, Coupon::PAGE, params![account, after, limit])
    };
    let list = lists::page(&billing, caller.scope(), page, rows, coupon_object).await?;
    Ok(Reply::ok(&list))
}

async fn show(
    State(billing): State<Billing>,
    Secret(caller): Secret,
    Id(id): Id,
) -> Result<Reply, Refusal> {
    let id: CouponId = parse(&id, Resource::Coupon)?;
    let account = caller.scope().account_id;
    let find = move |tx: &mut store::Tx<'_>| Coupon::first(tx, Coupon::BY_ID, params![id, account]);
    let coupon = lists::row(&billing, Resource::Coupon, find).await?;
    Ok(Reply::ok(&coupon_object(&coupon)))
}

async fn create(
    State(billing): State<Billing>,
    SecretPost(post): SecretPost,
) -> Result<Response, Refusal> {
    post.once(&billing, async || {
        let mut fields = post.fields()?;
        let effect = effect(&mut fields);
        let duration = duration(&mut fields);
        let small = |number: Option<i64>| number.and_then(|number| u32::try_from(number).ok());
        let name = fields.required_text("name");
        let bonus_trial_days = small(fields.integer("bonus_trial_days", 1, 730));
        let bonus_months = small(fields.integer("bonus_months", 1, 24));
        let minimum_amount = fields.integer("minimum_amount", 0, HIGHEST_PRICE);
        let product_ids = product_ids(&mut fields);
        let metadata = fields.object("metadata").unwrap_or_default();
        fields.finish()?;
        // Whatever makes either of them absent has been said.
        let (Some(effect), Some(duration)) = (effect, duration) else {
            return Err(Refusal::internal(
                "a coupon's rule was read and is not there",
            ));
        };
        let new = NewCoupon {
            name,
            effect,
            duration,
            bonus_trial_days,
            bonus_months,
            minimum_amount,
            product_ids,
            metadata,
        };
        let coupon = billing.create_coupon(post.scope(), new).await?;
        Ok(Reply::new(StatusCode::CREATED, &coupon_object(&coupon)))
    })
    .await
}

fn effect(fields: &mut Fields) -> Option<Effect> {
    if !fields.has("discount_amount") {
        fields.missing("discount_amount");
    }
    if fields.required_text("discount_type").is_empty() {
        return None;
    }
    let kind = fields.choice("discount_type", DiscountType::NAMES, DiscountType::of)?;
    let (min, max) = match kind {
        DiscountType::FixedAmount => (1, HIGHEST_PRICE),
        DiscountType::Percentage => (1, 100),
        DiscountType::FirstPeriodPrice => (0, HIGHEST_PRICE),
    };
    Effect::new(kind, fields.integer("discount_amount", min, max)?).ok()
}

fn duration(fields: &mut Fields) -> Option<Repeat> {
    let kind = match fields.text("duration") {
        Some(_) => fields.choice("duration", DurationType::NAMES, DurationType::of)?,
        None => DurationType::Once,
    };
    let name = if fields.has("duration_periods") {
        "duration_periods"
    } else {
        "duration_months"
    };
    let periods = match (kind, fields.has(name)) {
        (DurationType::Repeating, false) => {
            fields.missing("duration_months");
            return None;
        }
        (DurationType::Repeating, true) => Some(fields.integer(name, 1, MOST_PERIODS)?),
        (DurationType::Once | DurationType::Forever, true) => {
            fields.wrong(name, Problem::NotAllowedHere);
            return None;
        }
        (DurationType::Once | DurationType::Forever, false) => None,
    };
    Repeat::new(
        kind,
        periods.and_then(|periods| u32::try_from(periods).ok()),
    )
    .ok()
}

/// The products named; what is no product's id is said to be wrong.
fn product_ids(fields: &mut Fields) -> Vec<ProductId> {
    let mut ids: Vec<ProductId> = Vec::new();
    for (index, text) in fields
        .texts("product_ids", MOST_PRODUCTS)
        .unwrap_or_default()
        .iter()
        .enumerate()
    {
        match text.parse() {
            Ok(id) if !ids.contains(&id) => ids.push(id),
            Ok(_) => {}
            Err(_) => fields.wrong(&format!("product_ids[{index}]"), Problem::InvalidCharacters),
        }
    }
    ids
}

async fn update(
    State(billing): State<Billing>,
    SecretPost(mut post): SecretPost,
) -> Result<Reply, Refusal> {
    let id = parse(&post.path("id").await, Resource::Coupon)?;
    let mut fields = post.fields()?;
    for name in FIXED {
        if fields.has(name) {
            fields.wrong(name, Problem::NotAllowedHere);
        }
    }
    let change = CouponChange {
        name: fields.text("name"),
        active: fields.boolean("active"),
        metadata: fields.object("metadata"),
    };
    fields.finish()?;
    let coupon = billing.update_coupon(post.scope(), id, change).await?;
    Ok(Reply::ok(&coupon_object(&coupon)))
}

async fn deactivate(
    State(billing): State<Billing>,
    Secret(caller): Secret,
    Id(id): Id,
) -> Result<Reply, Refusal> {
    let id = parse(&id, Resource::Coupon)?;
    let change = CouponChange {
        active: Some(false),
        ..CouponChange::default()
    };
    let coupon = billing.update_coupon(caller.scope(), id, change).await?;
    Ok(Reply::ok(&coupon_object(&coupon)))
}
