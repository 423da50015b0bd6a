//! `/products`: what is sold.

use super::call::{Caller, Id, Post, SecretPost};
use super::fields::Fields;
use super::objects::product_object;
use crate::manage::products::{
    GRACE_DAYS, HIGHEST_PRICE, LONGEST_SLUG, LOWEST_PRICE, ProductDraft, is_slug,
};
use crate::model::period::{Interval, IntervalUnit};
use crate::model::{KeyKind, ProductType};
use crate::repo::Product;
use crate::{Billing, Error, Result};
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use catalogue::recur::{Problem, Resource};
use http::StatusCode;
use httpkit::{Refusal, Reply};
use serde_json::{Value, json};
use store::{StoreError, params};

const LONGEST_NAME: usize = 100;
const LONGEST_DESCRIPTION: usize = 2000;
const LONGEST_TRIAL: i64 = 730;
const LONGEST_GRACE: i64 = 60;
const MOST_CREDITS: i64 = 1_000_000_000;

/// What only subscriptions have.
const OF_SUBSCRIPTIONS: [&str; 5] = [
    "interval",
    "interval_count",
    "trial_days",
    "grace_period_days",
    "retry_days",
];
const INTERVALS: &[&str] = &["day", "week", "month", "year"];
const BILLING_PERIODS: &[&str] = &["WEEKLY", "MONTHLY", "QUARTERLY", "YEARLY"];

pub fn routes() -> Router<Billing> {
    Router::new()
        .route("/products", get(list).post(create))
        .route("/products/{id}", get(show).patch(update).post(update))
}

/// What is on sale, all of it: the SDKs ask for no pages.
async fn list(State(billing): State<Billing>, caller: Caller) -> Result<Reply, Refusal> {
    let mut fields = caller.fields();
    let kind = fields.choice("type", ProductType::NAMES, ProductType::of);
    let inactive = fields.boolean("include_inactive").unwrap_or(false);
    fields.finish()?;
    if inactive {
        caller.seen.require_secret()?;
    }
    let account = caller.scope().account_id;
    let kind = kind.map_or("", ProductType::name);
    let select = if inactive {
        Product::OF_ACCOUNT
    } else {
        Product::ON_SALE
    };
    let products: Result<Vec<Product>, StoreError> = billing
        .db()
        .scan(move |tx| Product::all(tx, select, params![account, kind]))
        .await;
    let products: Vec<Value> = products
        .map_err(Error::from)?
        .iter()
        .map(product_object)
        .collect();
    Ok(Reply::ok(&json!({ "products": products })))
}

async fn show(
    State(billing): State<Billing>,
    caller: Caller,
    Id(wanted): Id,
) -> Result<Reply, Refusal> {
    let product = billing.product(caller.scope(), &wanted).await?;
    if !product.active && caller.seen.holder.kind == KeyKind::Publishable {
        return Err(Error::from(Resource::Product).into());
    }
    Ok(Reply::ok(&product_object(&product)))
}

async fn create(
    State(billing): State<Billing>,
    SecretPost(post): SecretPost,
) -> Result<Response, Refusal> {
    post.once(&billing, async || {
        let mut fields = post.fields()?;
        let kind = fields.choice("type", ProductType::NAMES, ProductType::of);
        let recurring = fields.has("interval") || fields.has("billing_period");
        let kind = kind.unwrap_or(if recurring {
            ProductType::Subscription
        } else {
            ProductType::OneTime
        });
        let name = match fields.required_text("name").as_str() {
            "" => None,
            _ => fields.text_within("name", LONGEST_NAME),
        };
        if !fields.has("price") {
            fields.missing("price");
        }
        if kind == ProductType::Subscription && !recurring {
            fields.missing("billing_period");
        }
        if kind == ProductType::Credits && !fields.has("credits") {
            fields.missing("credits");
        }
        let mut draft = draft(&mut fields, kind, GRACE_DAYS);
        draft.name = name;
        fields.finish()?;
        let product = billing.create_product(post.scope(), kind, draft).await?;
        Ok(Reply::new(StatusCode::CREATED, &product_object(&product)))
    })
    .await
}

async fn update(
    State(billing): State<Billing>,
    SecretPost(mut post): SecretPost,
) -> Result<Reply, Refusal> {
    let product = found(&billing, &mut post).await?;
    let mut fields = post.fields()?;
    let kind = fields.choice("type", ProductType::NAMES, ProductType::of);
    if kind.is_some_and(|kind| kind != product.product_type) {
        fields.wrong("type", Problem::NotAllowedHere);
    }
    let mut draft = draft(&mut fields, product.product_type, product.grace_days);
    draft.name = fields.text_within("name", LONGEST_NAME);
    fields.finish()?;
    let product = billing
        .update_product(post.scope(), product.product_id, draft)
        .await?;
    Ok(Reply::ok(&product_object(&product)))
}

async fn found(billing: &Billing, post: &mut Post) -> Result<Product> {
    let wanted = post.path("id").await;
    billing.product(post.scope(), &wanted).await
}

/// What the request says of a product of this type, but for its name; `grace_days`: those that count if it does not say.
fn draft(fields: &mut Fields, kind: ProductType, grace_days: u32) -> ProductDraft {
    let subscription = kind == ProductType::Subscription;
    if !subscription {
        refuse(fields, &OF_SUBSCRIPTIONS);
        let period = fields.text("billing_period");
        if period.is_some_and(|period| period != "ONE_TIME") {
            fields.wrong("billing_period", Problem::NotAllowedHere);
        }
    }
    if kind != ProductType::Credits {
        refuse(fields, &["credits"]);
    }
    let mut draft = ProductDraft {
        slug: slug(fields),
        description: fields.nullable("description", |f, n| f.text_within(n, LONGEST_DESCRIPTION)),
        price: fields.integer("price", LOWEST_PRICE, HIGHEST_PRICE),
        product_family: fields.nullable("product_family", |f, n| f.text_within(n, LONGEST_NAME)),
        display_order: fields.integer("display_order", -1_000_000, 1_000_000),
        metadata: fields.object("metadata"),
        active: fields.boolean("active"),
        ..ProductDraft::default()
    };
    if kind == ProductType::Credits {
        draft.credits = fields.integer("credits", 1, MOST_CREDITS);
    }
    if subscription {
        draft.interval = interval(fields);
        draft.trial_days =
            fields.nullable("trial_days", |f, n| small(f.integer(n, 1, LONGEST_TRIAL)));
        draft.grace_days = small(fields.integer("grace_period_days", 0, LONGEST_GRACE));
        draft.retry_days = retry_days(fields, draft.grace_days.unwrap_or(grace_days));
    }
    draft
}

fn refuse(fields: &mut Fields, names: &[&str]) {
    for name in names {
        if fields.has(name) {
            fields.wrong(name, Problem::NotAllowedHere);
        }
    }
}

fn small(number: Option<i64>) -> Option<u32> {
    number.and_then(|number| u32::try_from(number).ok())
}

fn slug(fields: &mut Fields) -> Option<String> {
    let slug = fields.text_within("slug", LONGEST_SLUG)?;
    if is_slug(&slug) {
        return Some(slug);
    }
    fields.wrong("slug", Problem::InvalidCharacters);
    None
}

/// How long a period is: `interval` and `interval_count`, or one of the names of `billing_period`.
fn interval(fields: &mut Fields) -> Option<Interval> {
    if fields.has("interval") {
        let unit = fields.choice("interval", INTERVALS, |name| {
            IntervalUnit::ALL
                .iter()
                .copied()
                .find(|unit| unit.lower() == name)
        })?;
        let count = match fields.has("interval_count") {
            true => fields.integer("interval_count", 1, unit.most().into())?,
            false => 1,
        };
        return Interval::new(unit, u32::try_from(count).ok()?).ok();
    }
    refuse(fields, &["interval_count"]);
    let (unit, count) = fields.choice("billing_period", BILLING_PERIODS, |name| match name {
        "WEEKLY" => Some((IntervalUnit::Week, 1)),
        "MONTHLY" => Some((IntervalUnit::Month, 1)),
        "QUARTERLY" => Some((IntervalUnit::Month, 3)),
        "YEARLY" => Some((IntervalUnit::Year, 1)),
        _ => None,
    })?;
    Interval::new(unit, count).ok()
}

fn retry_days(fields: &mut Fields, grace_days: u32) -> Option<Vec<u32>> {
    let days = fields.integers("retry_days", 60, 1, grace_days.into())?;
    if days.windows(2).any(|pair| pair[0] >= pair[1]) {
        fields.wrong(
            "retry_days",
            Problem::NotAfter {
                field: "retry_days[n-1]",
            },
        );
        return None;
    }
    days.into_iter()
        .map(|day| u32::try_from(day).ok())
        .collect()
}
