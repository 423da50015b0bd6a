//! What customers do with a subscription: cancel it, take that back, switch the plan. Each step is a plain form.

use super::{Visitor, enter, refuse_unless, stay};
use crate::ask::{Ask, BadPost};
use crate::billing::answer::to_the_end;
use crate::billing::frame::{Action, Frame, Notice, Policy, Tone, html, trouble};
use crate::billing::text;
use crate::billing::words::{Portal as PortalWords, Said};
use crate::query;
use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use billing::Billing;
use billing::change::Switch;
use billing::checkout::ProductRef;
use billing::model::Status;
use billing::model::proration::Timing;
use billing::portal::PortalView;
use billing::repo::Subscription;
use catalogue::recur::{Resource, StateRefusal};

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
        title: format!("{} · {}", portal.switch_title, switch.target.name),
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
pub(super) struct Posted {
    pub visitor: Visitor,
    pub form: String,
}

/// Reads a form of the portal; otherwise the answer is ready.
pub(super) async fn posted(
    billing: &Billing,
    ask: &mut Ask,
    body: Body,
) -> Result<Posted, Response> {
    let visitor = match enter(billing, ask).await {
        Ok(visitor) => visitor,
        Err(error) => return Err(trouble(ask, None, Policy::default(), &error)),
    };
    let form = ask.form(&billing.config().public_url, body).await;
    let id = visitor.session.portal_session_id.to_string();
    match form.and_then(|form| match query::value(&form, "session") == id {
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
pub(super) async fn conclude(
    billing: &Billing,
    ask: &Ask,
    visitor: &Visitor,
    done: billing::Result<&'static str>,
) -> Response {
    match done {
        Ok(code) => {
            let home = query::href(&visitor.link(ask, ""), &[("done", code)]);
            Redirect::to(&home).into_response()
        }
        Err(error) => stay(billing, ask, visitor, &error).await,
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
        let target = ProductRef::Id(query::value(&form, "to"));
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
