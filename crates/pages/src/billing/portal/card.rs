//! A new card: its form, and what becomes of it.

use super::{enter, refuse_unless, stay};
use crate::ask::Ask;
use crate::billing::answer::{self, Trouble, answer, to_the_end};
use crate::billing::assets;
use crate::billing::checkout::{own_origin, script_words};
use crate::billing::frame::{Action, Frame, Policy, Script, html, trouble};
use crate::billing::text;
use crate::billing::words::Portal as PortalWords;
use crate::query;
use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use billing::checkout::VERIFICATION;
use billing::face::Fields;
use billing::model::{ChargeStatus, Failure};
use billing::{Billing, Error};
use catalogue::RecurError;
use catalogue::recur::Conflict;
use serde_json::{Value, json};

/// The form for a new card.
#[derive(Template)]
#[template(path = "billing/card.html")]
struct Page {
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
pub async fn page(State(billing): State<Billing>, mut ask: Ask) -> Response {
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
    let page = Page {
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
        done: query::href(&visitor.link(&ask, ""), &[("done", "card")]),
        leave: Action {
            label: words.back.to_owned(),
            href: visitor.link(&ask, ""),
        },
    };
    html(StatusCode::OK, &page.frame, &page)
}

/// A new token for that form.
pub async fn token(State(billing): State<Billing>, mut ask: Ask, body: Body) -> Response {
    let result = async {
        ask.json(&billing.config().public_url, body).await?;
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
pub async fn change(State(billing): State<Billing>, mut ask: Ask, body: Body) -> Response {
    let result = async {
        let mut fields = Fields::of_body(ask.json(&billing.config().public_url, body).await?);
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
pub async fn status(State(billing): State<Billing>, mut ask: Ask) -> Response {
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
