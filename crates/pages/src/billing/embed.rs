//! The forms that merchants' pages show in frames.

use super::answer::answer;
use super::assets;
use super::checkout::{Sale, Setting, own_origin, script_words, show};
use super::frame::{Frame, Policy, Script, html, trouble};
use crate::ask::Ask;
use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use billing::Billing;
use billing::checkout::{Begun, ProductRef};
use billing::face::Fields;
use billing::gateway::SDK_TOKEN_LIFE;
use serde_json::json;

/// The checkout page of a checkout that the merchant's page began.
pub async fn checkout(State(billing): State<Billing>, ask: Ask) -> Response {
    let (key, id, secret) = (
        ask.query("key"),
        ask.query("id"),
        ask.query("client_secret"),
    );
    let found =
        async { Sale::of(&billing, billing.open_embedded(&key, &id, &secret).await?).await }.await;
    match found {
        Ok(sale) => show(&billing, &ask, &sale, &secret, Setting::Embedded),
        Err(error) => trouble(
            &ask,
            None,
            Policy {
                gateway: None,
                framed: true,
            },
            &error,
        ),
    }
}

/// Card fields and nothing else.
#[derive(Template)]
#[template(path = "billing/elements.html")]
struct Elements {
    frame: Frame,
    key: String,
    product: String,
    script_url: String,
    environment: &'static str,
    script: Script,
}

/// Card fields for a page that confirms by itself.
pub async fn elements(State(billing): State<Billing>, ask: Ask) -> Response {
    let key = ask.query("key");
    let gateway = async {
        let seen = billing.authenticate(Some(&key)).await?;
        let gateway = billing.gateways().of(seen.holder.livemode)?;
        Ok((gateway.script_url.clone(), seen.holder.livemode))
    };
    let (script_url, livemode) = match gateway.await {
        Ok(found) => found,
        Err(error) => {
            return trouble(
                &ask,
                None,
                Policy {
                    gateway: None,
                    framed: true,
                },
                &error,
            );
        }
    };
    let policy = Policy {
        gateway: Some(script_url.clone()),
        framed: true,
    };
    let page = Elements {
        frame: Frame::new(&ask, None, ask.words().card.title).with(policy),
        product: ask.query("product"),
        key,
        script_url,
        environment: if livemode { "P" } else { "S" },
        script: Script {
            hrefs: vec![assets::CARD.href(), assets::ELEMENTS.href()],
            state: "elements",
            door: String::from("/embed/elements/session"),
            embedded: true,
            words: script_words(ask.words()),
        },
    };
    html(StatusCode::OK, &page.frame, &page)
}

/// Begins the checkout that the card fields are for.
pub async fn begin(State(billing): State<Billing>, ask: Ask, body: Body) -> Response {
    let result = async {
        let mut fields = Fields::of_body(ask.json(&billing.config().public_url, body).await?);
        let key = fields.required_text("key");
        let product = fields.text("product");
        fields.finish()?;
        let product = product.map(|name| match name.starts_with("prod_") {
            true => ProductRef::Id(name),
            false => ProductRef::Slug(name),
        });
        let Begun {
            checkout,
            client_secret,
            ..
        } = billing
            .open_card_form(&key, product, own_origin(&billing))
            .await?;
        let given = checkout.sdk_token_expires_at.map(|until| {
            let life = i64::try_from(SDK_TOKEN_LIFE.as_secs()).unwrap_or_default();
            until.micros() / 1_000_000 - life
        });
        Ok(json!({
            "sessionId": checkout.checkout_id,
            "timestamp": given,
            "creditToken": checkout.credit_token,
            "sdkToken": checkout.sdk_token,
            "door": format!("/checkout/{client_secret}"),
        }))
    };
    answer(&ask, result.await)
}
