//! Buying credit for an organization.

use super::charge::hand_over;
use super::frame::{Frame, Words, html, told, trouble};
use super::session::{Person, enter, form_of};
use super::words::TopUpWords;
use crate::ask::Ask;
use crate::billing::text;
use crate::query;
use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use catalogue::PlatformError;
use catalogue::platform::Subject;
use orders::charges::{Made, NewCharge};
use orders::model::{OrganizationId, PaymentType};
use orders::people::OrganizationDetail;
use orders::{Error, Orders};
use std::ops::RangeInclusive;
use store::idempotency::{Found, Key};

/// What transfers may be of.
const TRANSFERABLE: RangeInclusive<i64> = 1..=10_000_000;

#[derive(Template)]
#[template(path = "my/top_up.html")]
struct Page {
    frame: Frame,
    words: &'static TopUpWords,
    organization: String,
    balance: String,
    price: String,
    limits: String,
    action: String,
    home: String,
    form_token: String,
    /// Names this form, so that sent twice it buys once.
    once: String,
    quantity: String,
    by_transfer: bool,
    can_pay: bool,
    can_transfer: bool,
    error: Option<String>,
    alert: Option<String>,
}

/// The organization of the path, if the person belongs to it and it is enabled.
async fn organization(
    orders: &Orders,
    ask: &Ask,
    person: &Person,
) -> orders::Result<OrganizationDetail> {
    let id: OrganizationId = ask
        .param("organization_id")
        .parse()
        .map_err(|_| missing())?;
    let detail = orders.organization_of(person.session, id).await?;
    if !detail.enable {
        return Err(PlatformError::OrganizationDisable.into());
    }
    Ok(detail)
}

/// `1.2` of 1200 thousandths.
fn price(thousandths: i64) -> String {
    let (whole, rest) = (thousandths / 1000, thousandths % 1000);
    let text = format!("{}.{rest:03}", text::grouped(whole));
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn missing() -> Error {
    PlatformError::DataNotExist {
        what: Subject::Operation,
    }
    .into()
}

impl Page {
    async fn new(
        orders: &Orders,
        ask: &Ask,
        person: &Person,
        organization: OrganizationDetail,
    ) -> orders::Result<Self> {
        let words = &Words::to(ask).top_up;
        let id = organization.organization_id;
        let balance = orders.balance(id).await?;
        let balance =
            balance.ok_or_else(|| Error::Failed("the credit account is missing".into()))?;
        let config = orders.charges_config();
        let payable = orders.payable_quantities();
        Ok(Self {
            frame: Frame::new(ask, Some(person), words.title),
            words,
            organization: organization.name,
            balance: text::grouped(balance.get()),
            price: (words.price)(&price(config.credit_price.thousandths())),
            limits: (words.limits)(
                &text::grouped(*payable.start()),
                &text::grouped(*payable.end()),
            ),
            action: ask.link(&format!("/my/{id}/top-up")),
            home: ask.link(super::HOME),
            form_token: person.form_token(),
            once: orders.fresh_id::<Self>().to_string(),
            quantity: String::new(),
            by_transfer: false,
            can_pay: orders.pay_uni().is_ok(),
            can_transfer: config.bank_account.is_some(),
            error: None,
            alert: None,
        })
    }
}

/// Asks how much.
pub async fn page(State(orders): State<Orders>, ask: Ask) -> Response {
    let person = match enter(&orders, &ask).await {
        Ok(person) => person,
        Err(response) => return response,
    };
    let shown = async {
        let organization = organization(&orders, &ask, &person).await?;
        Page::new(&orders, &ask, &person, organization).await
    };
    match shown.await {
        Ok(mut page) => {
            let wanted = ask.query("quantity");
            if wanted.parse::<u32>().is_ok() {
                page.quantity = wanted;
            }
            html(StatusCode::OK, &page.frame, &page)
        }
        Err(error) => trouble(&ask, Some(&person), &error),
    }
}

/// Makes a charge, and takes the browser to where it is paid.
pub async fn submit(State(orders): State<Orders>, ask: Ask, body: Body) -> Response {
    let person = match enter(&orders, &ask).await {
        Ok(person) => person,
        Err(response) => return response,
    };
    let fields = match form_of(&orders, &ask, &person, body).await {
        Ok(fields) => fields,
        Err(response) => return response,
    };
    let bought = buy(&orders, &ask, &person, &fields).await;
    bought.unwrap_or_else(|error| trouble(&ask, Some(&person), &error))
}

async fn buy(
    orders: &Orders,
    ask: &Ask,
    person: &Person,
    fields: &str,
) -> orders::Result<Response> {
    let words = &Words::to(ask).top_up;
    let field = |name| query::value(fields, name);
    let organization = organization(orders, ask, person).await?;
    let id = organization.organization_id;
    let mut page = Page::new(orders, ask, person, organization).await?;
    page.quantity = field("quantity").trim().to_owned();
    page.by_transfer =
        page.can_transfer && field("payment_type") == PaymentType::BankTransfer.literal();
    let (payment_type, allowed) = if page.by_transfer {
        (PaymentType::BankTransfer, TRANSFERABLE)
    } else {
        (PaymentType::PayUni, orders.payable_quantities())
    };
    let quantity = page.quantity.replace(',', "").parse::<i64>().ok();
    let Some(quantity) = quantity.filter(|quantity| allowed.contains(quantity)) else {
        page.error = Some((words.not_in_range)(
            &text::grouped(*allowed.start()),
            &text::grouped(*allowed.end()),
        ));
        return Ok(html(StatusCode::BAD_REQUEST, &page.frame, &page));
    };
    let new = NewCharge {
        organization: id,
        account: Some(person.id()),
        quantity,
        payment_type,
        return_url: None,
    };
    let once = Key {
        scope: person.id().to_string(),
        // No form of ours has a longer one.
        key: format!(
            "page {}",
            field("once").chars().take(36).collect::<String>()
        ),
        fingerprint: format!("{id} {quantity} {}", payment_type.literal()),
    };
    match orders.create_charge_once(new, Some(once)).await {
        Ok(Made::Now(charge)) if payment_type == PaymentType::PayUni => {
            hand_over(orders, ask, person, charge.credit_charge_id).await
        }
        Ok(Made::Now(charge)) => Ok(to_charge(ask, &charge.credit_charge_id.to_string())),
        Ok(Made::Before(found)) => {
            let made = match &found {
                Found::Answered { body, .. } => serde_json::from_str(body).ok(),
                _ => None,
            };
            let made = made.and_then(|made: serde_json::Value| {
                made["credit_charge_id"].as_str().map(str::to_owned)
            });
            match made {
                Some(made) => Ok(to_charge(ask, &made)),
                None => {
                    page.alert = Some(words.sent_before.to_owned());
                    Ok(html(StatusCode::CONFLICT, &page.frame, &page))
                }
            }
        }
        Err(error) => match told(ask, &error) {
            Some((status, text)) => {
                page.alert = Some(text);
                Ok(html(status, &page.frame, &page))
            }
            None => Err(error),
        },
    }
}

fn to_charge(ask: &Ask, id: &str) -> Response {
    Redirect::to(&ask.link(&format!("/my/charges/{id}"))).into_response()
}
