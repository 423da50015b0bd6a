//! The customer portal. Who has its address may use it, for a while; what its forms post must bring the session's id too,
//! which the address does not show.

use super::answer::{self, Trouble, answer, to_the_end};
use super::ask::{Ask, BadPost};
use super::assets;
use super::checkout::{own_origin, script_words};
use super::frame::{Action, Frame, Notice, Policy, Script, Shop, Tone, html, trouble};
use super::text::{self, web_address};
use super::words::{Portal as PortalWords, Said, Words};
use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use billing::change::Switch;
use billing::checkout::{ProductRef, VERIFICATION};
use billing::face::{Fields, next_billing_date, next_discount};
use billing::model::proration::Timing;
use billing::model::{ChargeStatus, Failure, InvoiceStatus, OrderStatus, Status, SubscriptionId};
use billing::portal::PortalView;
use billing::repo::{Card, PortalSession, Product, Settings, Subscription};
use billing::{Billing, Error, Scope};
use catalogue::recur::{BadRequest, Conflict, Resource, StateRefusal};
use catalogue::{Coded as _, RecurError};
use kernel::{Locale, Timestamp};
use serde_json::{Value, json};

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
    payments: Vec<Payment>,
    back: Option<Action>,
    done: Option<&'static str>,
    alert: Option<String>,
}

impl Page {
    fn new(ask: &Ask, visitor: &Visitor, view: &PortalView) -> Self {
        let words = ask.words();
        let wanted: Vec<_> = view
            .subscriptions
            .iter()
            .filter(|(s, _)| s.status != Status::Pending)
            .collect();
        let is_over = |subscription: &Subscription| subscription.status.is_over();
        let mut subscriptions: Vec<&&(Subscription, Product)> = wanted.iter().collect();
        subscriptions.sort_by_key(|(subscription, _)| is_over(subscription));
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
            payments: payments(ask, visitor, view),
            back: back.map(|href| Action {
                label: (words.return_to)(&visitor.shop.name),
                href: href.to_owned(),
            }),
            done: done_text(words, &ask.query("done")),
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
    let name = |id| {
        let products = view
            .subscriptions
            .iter()
            .map(|(_, product)| product)
            .chain(&view.products);
        let found = products
            .into_iter()
            .find(|product| product.product_id == id);
        found
            .map(|product| product.name.clone())
            .unwrap_or_default()
    };
    let link = |id: String| visitor.link(ask, &format!("/receipts/{id}"));
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
            receipt: Some(link(order.order_id.to_string())),
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

/// What to do with a subscription, before it is done.
#[derive(Template)]
#[template(path = "billing/confirm.html")]
struct Confirm {
    frame: Frame,
    title: String,
    lines: Vec<String>,
    costs: Vec<(&'static str, String)>,
    action: String,
    session: String,
    /// The product switched to.
    to: Option<String>,
    go: &'static str,
    danger: bool,
    leave: Action,
}

/// The subscription that the path names, if it is the visitor's.
async fn own(billing: &Billing, ask: &Ask, visitor: &Visitor) -> billing::Result<Subscription> {
    let id = ask
        .param("subscription")
        .parse()
        .map_err(|_| Resource::Subscription)?;
    billing
        .portal_subscription(&visitor.scope, &visitor.session, id)
        .await
}

fn refuse_unless(offered: bool) -> billing::Result<()> {
    if offered {
        Ok(())
    } else {
        Err(StateRefusal::PortalFeatureOff.into())
    }
}

async fn product_name(
    billing: &Billing,
    visitor: &Visitor,
    subscription: &Subscription,
) -> billing::Result<String> {
    let view = billing
        .portal_view(&visitor.scope, visitor.session.clone())
        .await?;
    let found = view
        .subscriptions
        .into_iter()
        .find(|(s, _)| s.subscription_id == subscription.subscription_id);
    Ok(found.map(|(_, product)| product.name).unwrap_or_default())
}

/// Asks whether a subscription shall be cancelled.
pub async fn ask_cancel(State(billing): State<Billing>, mut ask: Ask) -> Response {
    let visitor = match enter(&billing, &mut ask).await {
        Ok(visitor) => visitor,
        Err(error) => return trouble(&ask, None, Policy::default(), &error),
    };
    let found = async {
        refuse_unless(!visitor.settings.portal_forbids_cancel)?;
        let subscription = own(&billing, &ask, &visitor).await?;
        let plan = product_name(&billing, &visitor, &subscription).await?;
        Ok((subscription, plan))
    };
    let (subscription, plan) = match found.await {
        Ok(found) => found,
        Err(error) => return stay(&billing, &ask, &visitor, &error).await,
    };
    let words = &ask.words().portal;
    let later = matches!(subscription.status, Status::Trial | Status::Active);
    let page = Confirm {
        frame: Frame::new(&ask, Some(&visitor.shop), words.cancel),
        title: (words.cancel_title)(&plan),
        lines: vec![match later {
            true => (words.cancel_later)(&text::day(subscription.current_period_end, ask.locale())),
            false => words.cancel_now.to_owned(),
        }],
        costs: Vec::new(),
        action: visitor.link(&ask, &format!("/{}/cancel", subscription.subscription_id)),
        session: visitor.session.portal_session_id.to_string(),
        to: None,
        go: words.cancel,
        danger: true,
        leave: Action {
            label: words.keep.to_owned(),
            href: visitor.link(&ask, ""),
        },
    };
    html(StatusCode::OK, &page.frame, &page)
}

/// A plan to choose.
struct Choice {
    id: String,
    name: String,
    description: Option<String>,
    price: String,
    current: bool,
}

/// The plans to choose from.
#[derive(Template)]
#[template(path = "billing/plans.html")]
struct Plans {
    frame: Frame,
    words: &'static PortalWords,
    intro: String,
    action: String,
    lang: &'static str,
    choices: Vec<Choice>,
    leave: Action,
}

/// Shows the plans, or what switching to one of them costs.
pub async fn ask_switch(State(billing): State<Billing>, mut ask: Ask) -> Response {
    let visitor = match enter(&billing, &mut ask).await {
        Ok(visitor) => visitor,
        Err(error) => return trouble(&ask, None, Policy::default(), &error),
    };
    let to = ask.query("to");
    let shown = async {
        refuse_unless(!visitor.settings.portal_forbids_switch)?;
        let subscription = own(&billing, &ask, &visitor).await?;
        if to.is_empty() {
            let view = billing
                .portal_view(&visitor.scope, visitor.session.clone())
                .await?;
            return Ok(show_plans(&ask, &visitor, &view, &subscription));
        }
        let wanted = ProductRef::Id(to.clone());
        let switch = billing
            .preview_switch(&visitor.scope, subscription.subscription_id, wanted)
            .await?;
        Ok(show_preview(&ask, &visitor, &switch))
    };
    match shown.await {
        Ok(response) => response,
        Err(error) => stay(&billing, &ask, &visitor, &error).await,
    }
}

fn show_plans(
    ask: &Ask,
    visitor: &Visitor,
    view: &PortalView,
    subscription: &Subscription,
) -> Response {
    let words = ask.words();
    let choices: Vec<Choice> = view
        .products
        .iter()
        .filter_map(|product| {
            let interval = product.interval()?;
            Some(Choice {
                id: product.product_id.to_string(),
                name: product.name.clone(),
                description: product.description.clone(),
                price: format!(
                    "{} {}",
                    text::money(product.price),
                    text::period(&words.summary.per, interval)
                ),
                current: product.product_id == subscription.product_id,
            })
        })
        .collect();
    let current = view
        .subscriptions
        .iter()
        .find(|(s, _)| s.subscription_id == subscription.subscription_id);
    let current = current
        .map(|(_, product)| product.name.as_str())
        .unwrap_or_default();
    let page = Plans {
        frame: Frame::new(ask, Some(&visitor.shop), words.portal.switch_title),
        words: &words.portal,
        intro: (words.portal.switch_intro)(current),
        action: format!("{}/{}/switch", visitor.home, subscription.subscription_id),
        lang: ask.locale().tag(),
        choices,
        leave: Action {
            label: words.back.to_owned(),
            href: visitor.link(ask, ""),
        },
    };
    html(StatusCode::OK, &page.frame, &page)
}

fn show_preview(ask: &Ask, visitor: &Visitor, switch: &Switch) -> Response {
    let (words, locale) = (ask.words(), ask.locale());
    let portal = &words.portal;
    let id = switch.subscription.subscription_id;
    let quote = &switch.quote;
    let mut costs = Vec::new();
    let mut lines = Vec::new();
    if switch.timing == Timing::Immediate {
        costs.push((portal.preview_charge, text::money(quote.charge)));
        if quote.credit > 0 {
            costs.push((portal.preview_credit, text::money(-quote.credit)));
        }
        costs.push((portal.preview_now, text::money(quote.amount_due)));
        if quote.credit_left > 0 {
            lines.push((portal.preview_left)(&text::money(quote.credit_left)));
        }
    } else {
        lines.push((portal.preview_later)(&text::day(
            switch.subscription.current_period_end,
            locale,
        )));
    }
    if let Some(interval) = switch.target.interval() {
        let every = text::period(&words.summary.every, interval);
        lines.push((portal.preview_then)(
            &text::money(switch.target.price),
            &every,
        ));
    }
    let page = Confirm {
        frame: Frame::new(ask, Some(&visitor.shop), portal.switch_title),
        title: format!("{}: {}", portal.switch_title, switch.target.name),
        lines,
        costs,
        action: visitor.link(ask, &format!("/{id}/switch")),
        session: visitor.session.portal_session_id.to_string(),
        to: Some(switch.target.product_id.to_string()),
        go: portal.confirm_switch,
        danger: false,
        leave: Action {
            label: words.back.to_owned(),
            href: visitor.link(ask, &format!("/{id}/switch")),
        },
    };
    html(StatusCode::OK, &page.frame, &page)
}

/// A form that a visitor posts.
struct Posted {
    visitor: Visitor,
    form: String,
}

/// Reads a form of the portal; otherwise the answer is ready.
async fn posted(billing: &Billing, ask: &mut Ask, body: Body) -> Result<Posted, Response> {
    let visitor = match enter(billing, ask).await {
        Ok(visitor) => visitor,
        Err(error) => return Err(trouble(ask, None, Policy::default(), &error)),
    };
    let form = ask.form(billing, body).await;
    let id = visitor.session.portal_session_id.to_string();
    match form.and_then(|form| match crate::query::value(&form, "session") == id {
        true => Ok(form),
        false => Err(BadPost::Sender),
    }) {
        Ok(form) => Ok(Posted { visitor, form }),
        Err(_) => {
            let text = ask.words().portal.elsewhere;
            let said = Said {
                title: ask.words().failed.title,
                text,
            };
            let frame = Frame::new(ask, Some(&visitor.shop), said.title);
            let notice = Notice::new(frame, Tone::Bad, &said);
            let home = visitor.link(ask, "");
            Err(notice
                .offering(ask.words().back, Some(&home))
                .answer(StatusCode::FORBIDDEN))
        }
    }
}

/// Leads back to the portal after something was done or refused.
async fn conclude(
    billing: &Billing,
    ask: &Ask,
    visitor: &Visitor,
    done: billing::Result<&'static str>,
) -> Response {
    match done {
        Ok(code) => {
            let home = crate::query::href(&visitor.link(ask, ""), &[("done", code)]);
            Redirect::to(&home).into_response()
        }
        Err(error) => stay(billing, ask, visitor, &error).await,
    }
}

/// The portal's first page with what went wrong.
async fn stay(billing: &Billing, ask: &Ask, visitor: &Visitor, error: &Error) -> Response {
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

/// Cancels a subscription: at the end of its period where there is one.
pub async fn cancel(State(billing): State<Billing>, mut ask: Ask, body: Body) -> Response {
    let Posted { visitor, .. } = match posted(&billing, &mut ask, body).await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let done = async {
        refuse_unless(!visitor.settings.portal_forbids_cancel)?;
        let id = own(&billing, &ask, &visitor).await?.subscription_id;
        let reason = Some("requested_by_customer".to_owned());
        billing.cancel(&visitor.scope, id, true, reason).await?;
        Ok("canceled")
    };
    conclude(&billing, &ask, &visitor, done.await).await
}

/// Withdraws a cancellation.
pub async fn resume(State(billing): State<Billing>, mut ask: Ask, body: Body) -> Response {
    let Posted { visitor, .. } = match posted(&billing, &mut ask, body).await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let done = async {
        let subscription = own(&billing, &ask, &visitor).await?;
        // Who has paused a subscription, and why, is the merchant's business.
        if !subscription.cancel_at_period_end {
            return Err(StateRefusal::SubscriptionNotCanceled.into());
        }
        billing
            .resume(&visitor.scope, subscription.subscription_id)
            .await?;
        Ok("resumed")
    };
    conclude(&billing, &ask, &visitor, done.await).await
}

/// Switches to another plan.
pub async fn switch(State(billing): State<Billing>, mut ask: Ask, body: Body) -> Response {
    let Posted { visitor, form } = match posted(&billing, &mut ask, body).await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let done = async {
        refuse_unless(!visitor.settings.portal_forbids_switch)?;
        let id = own(&billing, &ask, &visitor).await?.subscription_id;
        let target = ProductRef::Id(crate::query::value(&form, "to"));
        let (cashier, scope) = (billing.clone(), visitor.scope);
        let switch = to_the_end(async move { cashier.switch(&scope, id, target).await }).await?;
        Ok(match switch.timing {
            Timing::Immediate => "switched",
            Timing::PeriodEnd => "scheduled",
        })
    };
    conclude(&billing, &ask, &visitor, done.await).await
}

/// Withdraws a switch that waits for the period's end.
pub async fn unschedule(State(billing): State<Billing>, mut ask: Ask, body: Body) -> Response {
    let Posted { visitor, .. } = match posted(&billing, &mut ask, body).await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let done = async {
        refuse_unless(!visitor.settings.portal_forbids_switch)?;
        let id = own(&billing, &ask, &visitor).await?.subscription_id;
        billing.unschedule(&visitor.scope, id).await?;
        Ok("unscheduled")
    };
    conclude(&billing, &ask, &visitor, done.await).await
}

/// The form for a new card.
#[derive(Template)]
#[template(path = "billing/card.html")]
struct CardPage {
    frame: Frame,
    words: &'static PortalWords,
    intro: String,
    script_url: String,
    environment: &'static str,
    script: Script,
    done: String,
    leave: Action,
}

/// The form for a new card.
pub async fn card(State(billing): State<Billing>, mut ask: Ask) -> Response {
    let visitor = match enter(&billing, &mut ask).await {
        Ok(visitor) => visitor,
        Err(error) => return trouble(&ask, None, Policy::default(), &error),
    };
    let script_url = refuse_unless(!visitor.settings.portal_forbids_card).and_then(|()| {
        Ok(billing
            .gateways()
            .of(visitor.scope.livemode)?
            .script_url
            .clone())
    });
    let script_url = match script_url {
        Ok(url) => url,
        Err(error) => return stay(&billing, &ask, &visitor, &error).await,
    };
    let words = ask.words();
    let policy = Policy {
        gateway: Some(script_url.clone()),
        framed: false,
    };
    let page = CardPage {
        frame: Frame::new(&ask, Some(&visitor.shop), words.portal.change_card).with(policy),
        words: &words.portal,
        intro: (words.portal.card_intro)(&text::money(VERIFICATION)),
        script_url,
        environment: if visitor.scope.livemode { "P" } else { "S" },
        script: Script {
            hrefs: vec![assets::CARD.href(), assets::PORTAL.href()],
            state: "card",
            door: format!("{}/card", visitor.home),
            embedded: false,
            words: script_words(words),
        },
        done: crate::query::href(&visitor.link(&ask, ""), &[("done", "card")]),
        leave: Action {
            label: words.back.to_owned(),
            href: visitor.link(&ask, ""),
        },
    };
    html(StatusCode::OK, &page.frame, &page)
}

/// A new token for that form.
pub async fn card_token(State(billing): State<Billing>, mut ask: Ask, body: Body) -> Response {
    let result = async {
        ask.json(&billing, body).await?;
        let visitor = enter(&billing, &mut ask).await?;
        refuse_unless(!visitor.settings.portal_forbids_card)?;
        let customer = visitor.session.customer_id;
        let token = billing
            .card_token(&visitor.scope, customer, own_origin(&billing))
            .await?;
        Ok(json!({"token": token}))
    };
    let result = result.await;
    answer(&ask, result)
}

/// Verifies the card that was typed into the form, and uses it from now on.
pub async fn change_card(State(billing): State<Billing>, mut ask: Ask, body: Body) -> Response {
    let result = async {
        let mut fields = Fields::of_body(ask.json(&billing, body).await?);
        let token = fields.required_text("token");
        fields.finish()?;
        let visitor = enter(&billing, &mut ask).await?;
        refuse_unless(!visitor.settings.portal_forbids_card)?;
        let (cashier, scope, customer) =
            (billing.clone(), visitor.scope, visitor.session.customer_id);
        let changed =
            to_the_end(async move { cashier.change_card(&scope, customer, token).await }).await;
        Ok(match changed {
            Ok(None) => json!({"done": true}),
            Ok(Some(url)) => json!({"redirect_3d": url}),
            Err(Error::Refused(RecurError::Conflict {
                conflict: Conflict::PaymentInProgress,
            })) => {
                json!({"state": "pending"})
            }
            Err(Error::Refused(RecurError::PaymentRequired { failure })) => {
                let failure = Failure {
                    code: failure.code().to_owned(),
                    detail: String::new(),
                };
                answer::failure(&ask, &failure)
            }
            Err(error) => return Err(error.into()),
        })
    };
    let result: Result<Value, Trouble> = result.await;
    answer(&ask, result)
}

/// How the change of the card is going.
pub async fn card_status(State(billing): State<Billing>, mut ask: Ask) -> Response {
    let result = async {
        let visitor = enter(&billing, &mut ask).await?;
        let Some(charge) = billing.card_change(visitor.session.customer_id).await? else {
            return Ok(json!({"state": "open"}));
        };
        Ok(match charge.status {
            ChargeStatus::Pending => json!({"state": "pending"}),
            ChargeStatus::RequiresAction => {
                json!({"state": "challenge", "redirect_3d": charge.three_d_url})
            }
            ChargeStatus::Succeeded | ChargeStatus::Refunded => {
                json!({"state": "done", "done": true})
            }
            ChargeStatus::Failed => match &charge.failure.0 {
                Some(failure) => answer::failure(&ask, failure),
                None => json!({"state": "open"}),
            },
        })
    };
    let result: billing::Result<Value> = result.await;
    answer(&ask, result.map_err(Trouble::Billing))
}
