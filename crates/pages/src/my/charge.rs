//! One charge: how far it is, the way to the gateway and back.

use super::frame::{Frame, Words, html, told, trouble};
use super::session::{Person, enter, form_of};
use super::words::ChargeWords;
use crate::ask::Ask;
use crate::billing::text;
use crate::forms::text::time;
use crate::query;
use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use catalogue::PlatformError;
use catalogue::platform::Subject;
use orders::Orders;
use orders::charges::{Owner, PayForm};
use orders::model::{ChargeId, ChargeStatus, PaymentType};
use orders::repo::charges::Charge;

/// A charge in a list.
pub struct ChargeRow {
    pub number: String,
    pub href: String,
    pub at: String,
    pub what: String,
    pub amount: String,
    pub status: &'static str,
    pub tone: &'static str,
}

impl ChargeRow {
    /// As the first page shows it.
    pub fn new(ask: &Ask, charge: &Charge) -> Self {
        let words = &Words::to(ask).charge;
        let (status, tone) = status_of(words, charge.credit_charge_status);
        Self {
            number: charge.credit_charge_number.clone(),
            href: ask.link(&path(charge.credit_charge_id)),
            at: time(charge.created_at),
            what: (words.credits)(&text::grouped(charge.quantity)),
            amount: text::money(charge.total),
            status,
            tone,
        }
    }
}

const fn status_of(words: &ChargeWords, status: ChargeStatus) -> (&'static str, &'static str) {
    match status {
        ChargeStatus::WaitPayment => (words.wait_payment, "plain"),
        ChargeStatus::Complete => (words.complete, "good"),
        ChargeStatus::Fail => (words.fail, "bad"),
        ChargeStatus::Cancel => (words.cancelled, "plain"),
        ChargeStatus::Expire => (words.expired, "plain"),
    }
}

fn path(id: ChargeId) -> String {
    format!("/my/charges/{id}")
}

#[derive(Template)]
#[template(path = "my/charge.html")]
struct Page {
    frame: Frame,
    words: &'static ChargeWords,
    heading: &'static str,
    text: String,
    tone: &'static str,
    facts: Vec<(&'static str, String)>,
    bank_account: Option<String>,
    pay: Option<String>,
    cancel: Option<String>,
    /// Where to buy the same again.
    again: Option<String>,
    /// This page, for somebody who waits.
    reload: Option<String>,
    home: String,
    form_token: String,
    alert: Option<String>,
}

/// A charge that a person can see, and whether it is theirs to pay and to give up.
struct Seen {
    charge: Charge,
    is_own: bool,
}

/// The charge of the path: those who belong to its organization see it.
async fn find(orders: &Orders, ask: &Ask, person: &Person) -> orders::Result<Seen> {
    let charge = orders
        .charge_of_member(person.session, charge_id(ask)?)
        .await?;
    Ok(Seen {
        is_own: charge.account_id == Some(person.id()),
        charge,
    })
}

fn charge_id(ask: &Ask) -> orders::Result<ChargeId> {
    let missing = PlatformError::DataNotExist {
        what: Subject::Charge,
    };
    Ok(ask.param("credit_charge_id").parse().map_err(|_| missing)?)
}

/// How far a charge is.
pub async fn page(State(orders): State<Orders>, ask: Ask) -> Response {
    let person = match enter(&orders, &ask).await {
        Ok(person) => person,
        Err(response) => return response,
    };
    let shown = show(&orders, &ask, &person, None).await;
    shown.unwrap_or_else(|error| trouble(&ask, Some(&person), &error))
}

/// `alert`: what went wrong, and the status that says so.
async fn show(
    orders: &Orders,
    ask: &Ask,
    person: &Person,
    alert: Option<(StatusCode, String)>,
) -> orders::Result<Response> {
    let Seen { charge, is_own } = find(orders, ask, person).await?;
    let words = &Words::to(ask).charge;
    let id = charge.credit_charge_id;
    let (_, tone) = status_of(words, charge.credit_charge_status);
    let waits = charge.credit_charge_status == ChargeStatus::WaitPayment;
    let over_gateway = charge.payment_type == PaymentType::PayUni;
    let total = text::money(charge.total);
    let quantity = text::grouped(charge.quantity);
    let (heading, text) = match charge.credit_charge_status {
        ChargeStatus::WaitPayment if over_gateway => {
            (words.waiting.title, words.waiting.text.to_owned())
        }
        ChargeStatus::WaitPayment => (words.transfer.title, words.transfer.text.to_owned()),
        ChargeStatus::Complete => {
            let balance = orders.balance(charge.organization_id).await?;
            let balance = balance.map_or(0, kernel::Credits::get);
            let text = (words.credited)(&quantity, &text::grouped(balance));
            (words.complete, text)
        }
        ChargeStatus::Fail => (words.failed.title, words.failed.text.to_owned()),
        ChargeStatus::Cancel => (words.given_up.title, words.given_up.text.to_owned()),
        ChargeStatus::Expire => (words.too_late.title, words.too_late.text.to_owned()),
    };
    let mut facts = vec![
        (words.number, charge.credit_charge_number.clone()),
        (words.buys, (words.credits)(&quantity)),
        (words.total, total),
        (words.made, time(charge.created_at)),
    ];
    if waits {
        facts.push((words.until, time(charge.expires_at)));
    }
    if let Some(number) = &charge.pay_uni_trade_no {
        facts.push((words.gateway_number, number.clone()));
    }
    let own_door = |step: &str| ask.link(&format!("{}/{step}", path(id)));
    let again = query::href(
        &format!("/my/{}/top-up", charge.organization_id),
        &[("quantity", &charge.quantity.to_string())],
    );
    let ended_unpaid = !waits && charge.credit_charge_status != ChargeStatus::Complete;
    let (status, alert) = match alert {
        Some((status, alert)) => (status, Some(alert)),
        None => (StatusCode::OK, None),
    };
    let page = Page {
        frame: Frame::new(ask, Some(person), words.title),
        words,
        heading,
        text,
        tone: if waits { "wait" } else { tone },
        facts,
        bank_account: orders
            .charge_response(&charge)
            .bank_account
            .filter(|_| waits),
        pay: (waits && over_gateway && is_own).then(|| own_door("pay")),
        cancel: (waits && is_own).then(|| own_door("cancel")),
        again: ended_unpaid.then(|| ask.link(&again)),
        reload: waits.then(|| ask.link(&path(id))),
        home: ask.link(super::HOME),
        form_token: person.form_token(),
        alert,
    };
    Ok(html(status, &page.frame, &page))
}

/// Where forms post to there is nothing to see: the charge is shown, to somebody who changes the language there or had to sign in first.
pub async fn instead(ask: Ask) -> Response {
    match charge_id(&ask) {
        Ok(id) => Redirect::to(&ask.link(&path(id))).into_response(),
        Err(error) => trouble(&ask, None, &error),
    }
}

/// Begins an attempt at paying.
pub async fn pay(State(orders): State<Orders>, ask: Ask, body: Body) -> Response {
    act(&orders, &ask, body, async |person: &Person| {
        hand_over(&orders, &ask, person, charge_id(&ask)?).await
    })
    .await
}

/// Gives the charge up.
pub async fn cancel(State(orders): State<Orders>, ask: Ask, body: Body) -> Response {
    act(&orders, &ask, body, async |person: &Person| {
        let id = charge_id(&ask)?;
        orders
            .cancel_charge(Owner::Account(person.id()), id)
            .await?;
        Ok(Redirect::to(&ask.link(&path(id))).into_response())
    })
    .await
}

/// Does something for the person whose form this is; what is refused is said on the charge's page.
async fn act(
    orders: &Orders,
    ask: &Ask,
    body: Body,
    run: impl AsyncFnOnce(&Person) -> orders::Result<Response>,
) -> Response {
    let person = match enter(orders, ask).await {
        Ok(person) => person,
        Err(response) => return response,
    };
    if let Err(response) = form_of(orders, ask, &person, body).await {
        return response;
    }
    let error = match run(&person).await {
        Ok(response) => return response,
        Err(error) => error,
    };
    let shown = match told(ask, &error) {
        Some(alert) => show(orders, ask, &person, Some(alert)).await,
        None => Err(error),
    };
    shown.unwrap_or_else(|error| trouble(ask, Some(&person), &error))
}

/// The page whose form takes the browser to the gateway.
#[derive(Template)]
#[template(path = "my/hand_over.html")]
struct HandOver {
    frame: Frame,
    words: &'static ChargeWords,
    form: PayForm,
    back: String,
}

/// Begins an attempt at paying a charge of the person.
pub async fn hand_over(
    orders: &Orders,
    ask: &Ask,
    person: &Person,
    id: ChargeId,
) -> orders::Result<Response> {
    let words = &Words::to(ask).charge;
    let form = orders.pay_charge(Owner::Account(person.id()), id).await?;
    let page = HandOver {
        frame: Frame::new(ask, Some(person), words.hand_over.title).posting_to(&form.url),
        words,
        back: ask.link(&path(id)),
        form,
    };
    Ok(html(StatusCode::OK, &page.frame, &page))
}
