//! `/promotion-codes`: what buyers type to get a coupon. Answers come as `{success, data}`.

use super::call::{Id, Post, Secret, SecretPost, parse};
use super::checkouts::product_of;
use super::fields::Fields;
use super::lists;
use super::objects::{promotion_code_object, redemption_object};
use crate::manage::products::HIGHEST_PRICE;
use crate::manage::promotion_codes::{CodeRules, NewPromotionCode, Offer};
use crate::model::{Eligibility, PromotionCodeId};
use crate::repo::{PromotionCode, Redemption};
use crate::{Billing, Result, Scope};
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use catalogue::recur::{Problem, Resource};
use http::StatusCode;
use httpkit::{Refusal, Reply};
use serde_json::{Value, json};
use store::{Tx, params};

const MOST_REDEMPTIONS: i64 = 1_000_000_000;
const SHORTEST_CODE: i64 = 3;
const LONGEST_CODE: i64 = 20;

/// What cannot be changed: the code has been given out as it is.
const FIXED: [&str; 4] = [
    "code",
    "coupon_id",
    "customer_eligibility",
    "restricted_to_customer_id",
];

pub fn routes() -> Router<Billing> {
    Router::new()
        .route("/promotion-codes", get(list).post(create))
        .route("/promotion-codes/validate", post(validate))
        .route(
            "/promotion-codes/{id}",
            get(show).patch(update).post(update).delete(disable),
        )
        .route("/promotion-codes/{id}/redemptions", get(redemptions))
}

fn success(data: &Value) -> Value {
    json!({"success": true, "data": data})
}

fn answer(code: &PromotionCode) -> Value {
    success(&promotion_code_object(code))
}

async fn list(State(billing): State<Billing>, Secret(caller): Secret) -> Result<Reply, Refusal> {
    let mut fields = caller.fields();
    let page = fields.page();
    fields.finish()?;
    let rows = |tx: &mut Tx<'_>, account, after: &str, limit| {
        PromotionCode::all(tx, PromotionCode::PAGE, params![account, after, limit])
    };
    let mut list = lists::page(&billing, caller.scope(), page, rows, promotion_code_object).await?;
    list.insert("success".into(), true.into());
    Ok(Reply::ok(&list))
}

async fn create(
    State(billing): State<Billing>,
    SecretPost(post): SecretPost,
) -> Result<Response, Refusal> {
    post.once(&billing, async || {
        let mut fields = post.fields()?;
        let coupon = fields.required_text("coupon_id");
        let code = code(&mut fields);
        let eligibility =
            fields.choice("customer_eligibility", Eligibility::NAMES, Eligibility::of);
        let customer = fields.text("restricted_to_customer_id");
        let rules = rules(&mut fields);
        fields.finish()?;
        let new = NewPromotionCode {
            coupon_id: parse(&coupon, Resource::Coupon)?,
            code,
            customer_eligibility: eligibility.unwrap_or(Eligibility::All),
            restricted_to_customer_id: match customer {
                Some(id) => Some(parse(&id, Resource::Customer)?),
                None => None,
            },
            rules,
        };
        let code = billing.create_promotion_code(post.scope(), new).await?;
        Ok(Reply::new(StatusCode::CREATED, &answer(&code)))
    })
    .await
}

fn code(fields: &mut Fields) -> String {
    let code = fields.required_text("code");
    let length = i64::try_from(code.len()).unwrap_or(i64::MAX);
    if code
        .bytes()
        .any(|b| !b.is_ascii_uppercase() && !b.is_ascii_digit())
    {
        fields.wrong("code", Problem::InvalidCharacters);
    } else if length > LONGEST_CODE {
        fields.wrong("code", Problem::TooLong { max: LONGEST_CODE });
    } else if (1..SHORTEST_CODE).contains(&length) {
        fields.wrong("code", Problem::TooShort { min: SHORTEST_CODE });
    }
    code
}

fn rules(fields: &mut Fields) -> CodeRules {
    let rules = CodeRules {
        active: fields.boolean("active"),
        valid_from: fields.nullable("valid_from", Fields::date),
        valid_until: fields.nullable("valid_until", Fields::date),
        max_redemptions: fields
            .nullable("max_redemptions", |f, n| f.integer(n, 1, MOST_REDEMPTIONS)),
        max_redemptions_per_customer: fields.nullable("max_redemptions_per_customer", |f, n| {
            f.integer(n, 1, MOST_REDEMPTIONS)
        }),
        minimum_amount: fields.nullable("minimum_amount", |f, n| f.integer(n, 0, HIGHEST_PRICE)),
        metadata: fields.nullable("metadata", Fields::object),
    };
    if let (Some(from), Some(until)) = (rules.valid_from, rules.valid_until)
        && until <= from
    {
        fields.wrong(
            "valid_until",
            Problem::NotAfter {
                field: "valid_from",
            },
        );
    }
    rules
}

async fn found(billing: &Billing, scope: &Scope, id: &str) -> Result<PromotionCode> {
    let id: PromotionCodeId = parse(id, Resource::PromotionCode)?;
    let account = scope.account_id;
    let find =
        move |tx: &mut Tx<'_>| PromotionCode::first(tx, PromotionCode::BY_ID, params![id, account]);
    lists::row(billing, Resource::PromotionCode, find).await
}

async fn show(
    State(billing): State<Billing>,
    Secret(caller): Secret,
    Id(id): Id,
) -> Result<Reply, Refusal> {
    let code = found(&billing, caller.scope(), &id).await?;
    Ok(Reply::ok(&answer(&code)))
}

async fn update(
    State(billing): State<Billing>,
    SecretPost(mut post): SecretPost,
) -> Result<Reply, Refusal> {
    let id = parse(&post.path("id").await, Resource::PromotionCode)?;
    let mut fields = post.fields()?;
    for name in FIXED {
        if fields.has(name) {
            fields.wrong(name, Problem::NotAllowedHere);
        }
    }
    let rules = rules(&mut fields);
    fields.finish()?;
    let code = billing
        .update_promotion_code(post.scope(), id, rules)
        .await?;
    Ok(Reply::ok(&answer(&code)))
}

async fn disable(
    State(billing): State<Billing>,
    Secret(caller): Secret,
    Id(id): Id,
) -> Result<Reply, Refusal> {
    let id = parse(&id, Resource::PromotionCode)?;
    let rules = CodeRules {
        active: Some(false),
        ..CodeRules::default()
    };
    let code = billing
        .update_promotion_code(caller.scope(), id, rules)
        .await?;
    Ok(Reply::ok(&answer(&code)))
}

async fn redemptions(
    State(billing): State<Billing>,
    Secret(caller): Secret,
    Id(id): Id,
) -> Result<Reply, Refusal> {
    let mut fields = caller.fields();
    let page = fields.page();
    fields.finish()?;
    let id = found(&billing, caller.scope(), &id)
        .await?
        .promotion_code_id;
    let rows = move |tx: &mut Tx<'_>, account, after: &str, limit| {
        Redemption::all(tx, Redemption::OF_CODE, params![id, account, after, limit])
    };
    let mut list = lists::page(&billing, caller.scope(), page, rows, redemption_object).await?;
    list.insert("success".into(), true.into());
    Ok(Reply::ok(&list))
}

async fn validate(State(billing): State<Billing>, post: Post) -> Result<Reply, Refusal> {
    let mut fields = post.fields()?;
    let code = fields.required_text("code");
    let product = product_of(&mut fields);
    let email = fields.email("customer_email");
    fields.finish()?;
    let offer = billing.offer(post.scope(), &code, product, email).await?;
    Ok(Reply::ok(&success(&offer_object(&offer))))
}

/// What a code would do, spelled as the browser SDK reads the discount of a checkout.
fn offer_object(offer: &Offer) -> Value {
    let Offer {
        applied,
        product,
        amount_off,
    } = offer;
    let terms = &applied.terms;
    json!({
        "valid": true,
        "code": terms.promotion_code,
        "promotion_code_id": applied.promotion_code_id,
        "discount": {
            "code": terms.promotion_code,
            "couponName": terms.name,
            "discountType": terms.effect.discount_type(),
            "discountAmount": amount_off,
            "duration": terms.duration.duration_type(),
            "durationMonths": terms.duration.periods(),
            "bonusTrialDays": terms.bonus_trial_days,
            "bonusMonths": terms.bonus_months,
            "productInterval": product.interval_unit,
            "productIntervalCount": product.interval_count,
            "productPrice": product.price,
        },
        "amount": product.price - amount_off,
        "amount_off": amount_off,
        "currency": "TWD",
    })
}
