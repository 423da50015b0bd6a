//! The customer portal. Who has its address may use it, for a while; what its forms post must bring the session's id too,
//! which the address does not show.

mod card;
pub mod einvoice;
mod receipt;
mod subscriptions;

use super::answer;
use super::frame::{Action, Frame, Policy, Shop, html, trouble};
use super::text;
use super::words::{Portal as PortalWords, Words};
use crate::ask::Ask;
use crate::links::web_address;
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use billing::face::{next_billing_date, next_discount};
use billing::model::{Failure, InvoiceStatus, OrderStatus, Status, SubscriptionId};
use billing::portal::PortalView;
use billing::repo::{Card, PortalSession, Product, Settings, Subscription};
use billing::{Billing, Error, Scope};
use catalogue::recur::{BadRequest, StateRefusal};
use catalogue::{Coded as _, RecurError};
use kernel::{Locale, Timestamp};

pub fn routes() -> Router<Billing> {
    Router::new()
        .route("/portal/s/{token}", get(page))
        .route("/portal/s/{token}/card", get(card::page).post(card::change))
        .route("/portal/s/{token}/card/token", post(card::token))
        .route("/portal/s/{token}/card/status", get(card::status))
        .route("/portal/s/{token}/receipts/{id}", get(receipt::page))
        .route(
            "/portal/s/{token}/einvoice",
            get(einvoice::page).post(einvoice::change),
        )
        .route(
            "/portal/s/{token}/{subscription}/cancel",
            get(subscriptions::ask_cancel).post(subscriptions::cancel),
        )
        .route(
            "/portal/s/{token}/{subscription}/resume",
            post(subscriptions::resume),
        )
        .route(
            "/portal/s/{token}/{subscription}/switch",
            get(subscriptions::ask_switch).post(subscriptions::switch),
        )
        .route(
            "/portal/s/{token}/{subscription}/unschedule",
            post(subscriptions::unschedule),
        )
}

/// Who is in the portal.
pub struct Visitor {
    pub scope: Scope,
    pub session: PortalSession,
    pub shop: Shop,
    settings: Settings,
    /// The address of the portal.
    home: String,
}

impl Visitor {
    /// The address of a page of the portal.
    pub fn link(&self, ask: &Ask, path: &str) -> String {
        ask.link(&format!("{}{path}", self.home))
    }
}

/// Lets in who has the address. The session's language is used unless the address names one.
pub async fn enter(billing: &Billing, ask: &mut Ask) -> billing::Result<Visitor> {
    let token = ask.param("token").to_owned();
    let (scope, session) = billing.portal_session(&token).await?;
    if let Some(locale) = session.locale.as_deref().and_then(Locale::from_tag) {
        ask.prefer(locale);
    }
    let account = billing.account(scope.account_id).await?;
    Ok(Visitor {
        shop: Shop::of(billing, &account).await?,
        settings: account.settings.0,
        home: format!("/portal/s/{token}"),
        scope,
        session,
    })
}

/// One subscription on the page.
struct Row {
    id: SubscriptionId,
    plan: String,
    price: String,
    status: &'static str,
    tone: &'static str,
    lines: Vec<String>,
    warning: Option<String>,
    can_cancel: bool,
    can_resume: bool,
    can_switch: bool,
    can_unschedule: bool,
}

impl Row {
    fn new(ask: &Ask, view: &PortalView, subscription: &Subscription, product: &Product) -> Self {
        let (words, locale) = (ask.words(), ask.locale());
        let plan = &subscription.plan.0;
        let settings = &view.settings;
        let runs = matches!(subscription.status, Status::Trial | Status::Active);
        let ends = runs && subscription.cancel_at_period_end;
        let (status, tone) = match subscription.status {
            _ if ends => (words.status.ending, "plain"),
            Status::Pending => (words.status.pending, "plain"),
            Status::Trial => (words.status.trial, "good"),
            Status::Active => (words.status.active, "good"),
            Status::PastDue => (words.status.past_due, "bad"),
            Status::Paused => (words.status.paused, "plain"),
            Status::Canceled => (words.status.canceled, "plain"),
            Status::Expired => (words.status.expired, "plain"),
        };
        let day = |at: Timestamp| text::day(at, locale);
        let period_end = day(subscription.current_period_end);
        let mut lines = Vec::new();
        if subscription.status == Status::Trial {
            lines.push((words.portal.trial_until)(&period_end));
        }
        if ends {
            lines.push((words.portal.ends_on)(&period_end));
        } else if runs && let Some(next) = next_billing_date(subscription) {
            let price = subscription
                .scheduled
                .0
                .as_ref()
                .map_or(plan.price, |next| next.terms.price);
            let amount = price - next_discount(subscription).min(price);
            let amount = (amount - subscription.credit_left).max(0);
            lines.push((words.portal.next_charge)(&day(next), &text::money(amount)));
        }
        if let Some(ended) = subscription
            .ended_at
            .filter(|_| subscription.status.is_over())
        {
            lines.push((words.portal.ended_on)(&day(ended)));
        }
        let scheduled = subscription
            .scheduled
            .0
            .as_ref()
            .filter(|_| !subscription.status.is_over());
        if let Some(scheduled) = scheduled {
            let target = view
                .products
                .iter()
                .find(|product| product.product_id == scheduled.product_id);
            let name = target.map_or_else(
                || scheduled.product_id.to_string(),
                |product| product.name.clone(),
            );
            lines.push((words.portal.scheduled)(&name, &period_end));
        }
        let others = view
            .products
            .iter()
            .any(|other| other.product_id != subscription.product_id);
        Self {
            id: subscription.subscription_id,
            plan: product.name.clone(),
            price: format!(
                "{} {}",
                text::money(plan.price),
                text::period(&words.summary.per, plan.interval)
            ),
            status,
            tone,
            lines,
            warning: (subscription.status == Status::PastDue)
                .then(|| (words.portal.past_due)(&day(subscription.access_ends_at()))),
            can_cancel: !settings.portal_forbids_cancel && !subscription.status.is_over() && !ends,
            can_resume: ends,
            can_switch: !settings.portal_forbids_switch && runs && !ends && others,
            can_unschedule: !settings.portal_forbids_switch && scheduled.is_some(),
        }
    }
}

/// One payment on the page.
struct Payment {
    at: Timestamp,
    day: String,
    what: String,
    status: &'static str,
    tone: &'static str,
    amount: String,
    receipt: Option<String>,
    certificate: Option<String>,
}

/// The kept card that pays.
struct KeptCard {
    ending: String,
    expires: Option<String>,
}

/// The portal's first page.
#[derive(Template)]
#[template(path = "billing/portal.html")]
struct Page {
    frame: Frame,
    words: &'static PortalWords,
    customer: String,
    home: String,
    lang: String,
    session: String,
    subscriptions: Vec<Row>,
    card: Option<KeptCard>,
    change_card: Option<String>,
    einvoice: Option<Action>,
    payments: Vec<Payment>,
    back: Option<Action>,
    done: Option<&'static str>,
    alert: Option<String>,
}

impl Page {
    fn new(ask: &Ask, visitor: &Visitor, view: &PortalView) -> Self {
        let words = ask.words();
        // What was never paid for is no subscription to its customer.
        let began = view
            .subscriptions
            .iter()
            .filter(|(subscription, _)| subscription.started_at.is_some());
        let mut subscriptions: Vec<&(Subscription, Product)> = began.collect();
        subscriptions.sort_by_key(|(subscription, _)| subscription.status.is_over());
        let customer = [&view.customer.name, &view.customer.email];
        let back = web_address(&view.session.return_url);
        Self {
            frame: Frame::new(ask, Some(&visitor.shop), words.portal.title),
            words: &words.portal,
            customer: customer
                .into_iter()
                .flatten()
                .cloned()
                .collect::<Vec<_>>()
                .join(" · "),
            home: visitor.home.clone(),
            lang: ask.link(""),
            session: view.session.portal_session_id.to_string(),
            subscriptions: subscriptions
                .into_iter()
                .map(|(s, p)| Row::new(ask, view, s, p))
                .collect(),
            card: paying_card(view).map(|card| KeptCard {
                ending: (words.portal.card_ending)(&card.last_four),
                expires: card
                    .expires
                    .as_deref()
                    .map(|month| (words.portal.card_expires)(&text::expiry(month))),
            }),
            change_card: (!view.settings.portal_forbids_card).then(|| visitor.link(ask, "/card")),
            einvoice: view.settings.einvoices.map(|_| Action {
                label: einvoice::words(ask.locale()).title.to_owned(),
                href: visitor.link(ask, "/einvoice"),
            }),
            payments: payments(ask, visitor, view),
            back: back.map(|href| Action {
                label: (words.return_to)(&visitor.shop.name),
                href: href.to_owned(),
            }),
            done: match ask.query("done").as_str() {
                "einvoice" => Some(einvoice::words(ask.locale()).saved),
                code => done_text(words, code),
            },
            alert: None,
        }
    }
}

fn done_text(words: &'static Words, code: &str) -> Option<&'static str> {
    let done = &words.portal.done;
    Some(match code {
        "canceled" => done.canceled,
        "resumed" => done.resumed,
        "switched" => done.switched,
        "scheduled" => done.scheduled,
        "unscheduled" => done.unscheduled,
        "card" => done.card,
        _ => return None,
    })
}

/// The card of a running subscription, or else the newest one.
fn paying_card(view: &PortalView) -> Option<&Card> {
    let running = view
        .subscriptions
        .iter()
        .map(|(s, _)| s)
        .find(|s| !s.status.is_over() && s.card_id.is_some());
    let card = running.and_then(|s| {
        view.cards
            .iter()
            .find(|card| Some(card.card_id) == s.card_id)
    });
    card.or(view.cards.first())
}

/// What was paid or is to be paid, newest first.
fn payments(ask: &Ask, visitor: &Visitor, view: &PortalView) -> Vec<Payment> {
    let (words, locale) = (ask.words(), ask.locale());
    let name = |id| view.names.get(&id).cloned().unwrap_or_default();
    let link = |id: String| visitor.link(ask, &format!("/receipts/{id}"));
    let certificate = |payment: &str| {
        let path = view.given.get(payment).and_then(|g| g.path.as_deref());
        path.map(|path| ask.link(path))
    };
    let orders = view.orders.iter().filter_map(|order| {
        let (status, tone) = match order.status {
            OrderStatus::Pending => return None,
            OrderStatus::Paid => (words.status.paid, "good"),
            OrderStatus::Refunded => (words.status.refunded, "plain"),
            OrderStatus::PartiallyRefunded => (words.status.partially_refunded, "plain"),
        };
        let at = order.paid_at.unwrap_or(order.created_at);
        Some(Payment {
            at,
            day: text::day(at, locale),
            what: name(order.product_id),
            status,
            tone,
            amount: text::money(order.amount),
            // What went back before it was booked has none.
            receipt: order.paid_at.map(|_| link(order.order_id.to_string())),
            certificate: certificate(&order.order_id.to_string()),
        })
    });
    let invoices = view.invoices.iter().filter_map(|invoice| {
        let (status, tone) = match invoice.status {
            InvoiceStatus::Void => return None,
            InvoiceStatus::Paid
                if invoice.refunded_amount >= invoice.amount && invoice.amount > 0 =>
            {
                (words.status.refunded, "plain")
            }
            InvoiceStatus::Paid if invoice.refunded_amount > 0 => {
                (words.status.partially_refunded, "plain")
            }
            InvoiceStatus::Paid => (words.status.paid, "good"),
            InvoiceStatus::Open => (words.status.open, "bad"),
            InvoiceStatus::Uncollectible => (words.status.uncollectible, "bad"),
        };
        let at = invoice.paid_at.unwrap_or(invoice.created_at);
        Some(Payment {
            at,
            day: text::day(at, locale),
            what: name(invoice.product_id),
            status,
            tone,
            amount: text::money(invoice.amount),
            receipt: invoice
                .paid_at
                .map(|_| link(invoice.invoice_id.to_string())),
            certificate: certificate(&invoice.invoice_id.to_string()),
        })
    });
    let mut payments: Vec<Payment> = orders.chain(invoices).collect();
    payments.sort_by_key(|payment| std::cmp::Reverse(payment.at));
    payments
}

/// The portal's first page.
pub async fn page(State(billing): State<Billing>, mut ask: Ask) -> Response {
    match enter(&billing, &mut ask).await {
        Ok(visitor) => overview(&billing, &ask, &visitor, StatusCode::OK, None).await,
        Err(error) => trouble(&ask, None, Policy::default(), &error),
    }
}

async fn overview(
    billing: &Billing,
    ask: &Ask,
    visitor: &Visitor,
    status: StatusCode,
    alert: Option<String>,
) -> Response {
    match billing
        .portal_view(&visitor.scope, visitor.session.clone())
        .await
    {
        Ok(view) => {
            let mut page = Page::new(ask, visitor, &view);
            if alert.is_some() {
                page.done = None;
            }
            page.alert = alert;
            html(status, &page.frame, &page)
        }
        Err(error) => trouble(ask, Some(&visitor.shop), Policy::default(), &error),
    }
}

/// The portal's first page with what went wrong.
pub async fn stay(billing: &Billing, ask: &Ask, visitor: &Visitor, error: &Error) -> Response {
    match error {
        Error::Refused(refused) if !matches!(refused, RecurError::NotFound { .. }) => {
            let status = refused
                .entry()
                .http_status()
                .and_then(|status| StatusCode::from_u16(status).ok());
            let message = match refused {
                RecurError::BadRequest {
                    reason: BadRequest::State(StateRefusal::PortalFeatureOff),
                } => ask.words().portal.not_allowed.to_owned(),
                RecurError::PaymentRequired { failure } => {
                    let failure = Failure {
                        code: failure.code().to_owned(),
                        detail: String::new(),
                    };
                    answer::declined(ask, &failure).0
                }
                refused => refused.message(ask.locale()),
            };
            overview(
                billing,
                ask,
                visitor,
                status.unwrap_or(StatusCode::BAD_REQUEST),
                Some(message),
            )
            .await
        }
        error => trouble(ask, Some(&visitor.shop), Policy::default(), error),
    }
}

pub fn refuse_unless(offered: bool) -> billing::Result<()> {
    if offered {
        Ok(())
    } else {
        Err(StateRefusal::PortalFeatureOff.into())
    }
}
