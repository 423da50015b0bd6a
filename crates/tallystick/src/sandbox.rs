//! The sandbox: fixtures and faults over HTTP, for scenarios, tests and people who try things out.
//!
//! Only `demo` and `serve --sandbox` open it. Fixtures go through the same use cases as everything
//! else, or do real damage to rows of their own; no code is ever forced.
//!
//! - `POST /sandbox/given` `{"given": ["an organization with 50 credits", …]}` → variables
//! - `POST /sandbox/advance` `{"minutes": 90}`: moves the simulators' time where it stands still
//! - `POST /sandbox/gateway` `{"fault": "down" | "html" | "bad_hash" | "unknown_then_paid" | "unknown_then_failed" | "slow" | "lost" | null, "shop_enabled": true}`
//! - `POST /sandbox/einvoice` `{"fault": "down" | "html" | "slow" | "lost" | "unsealed" | null}`: for single invoices there are test mail addresses
//! - `POST /sandbox/supplier` `{"fault": "down" | "out_of_funds" | "garbled" | "lost" | null}`

mod charges;
mod invoices;
mod people;

use crate::recur::Recur;
use crate::seed;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use billing::model::{Buyer, KeyKind};
use forms::Forms;
use forms::model::KeyState;
use forms::model::code::CodeStatus;
use forms::repo::{Code, Upload};
use httpkit::{Reply, body};
use kernel::{Credits, ManualClock};
use orders::Orders;
use orders::model::OrganizationId;
use serde::Deserialize;
use simulators::{EinvoiceProviders, Fault, GatewayFault, Supplier};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use store::{params, statements};

statements! {
    DAMAGE = "UPDATE billing_subscriptions SET plan = '{}' WHERE subscription_id = $1";
    LOSE_ACCOUNT = "DELETE FROM credit_accounts WHERE account_id = $1";
    DAMAGE_RECORD = "UPDATE forms_records SET fields = '{' WHERE record_id = $1";
}

const LARGEST_BODY: usize = 16 * 1024;

/// Under here is a second gateway of the face `openapi_v2`, whose module does not answer.
pub const DETACHED: &str = "/sandbox/detached";

/// What the sandbox acts on.
#[derive(Clone)]
pub struct Sandbox {
    orders: Orders,
    recur: Recur,
    forms: Forms,
    supplier: Supplier,
    einvoices: EinvoiceProviders,
    still: Option<Arc<ManualClock>>,
}

/// Names for scenarios, as in `{{private_key}}`.
pub type Variables = BTreeMap<String, String>;

impl Sandbox {
    /// A sandbox over a wired server. `still`: the simulators' clock, if it only moves when told to.
    pub const fn new(
        orders: Orders,
        recur: Recur,
        forms: Forms,
        supplier: Supplier,
        einvoices: EinvoiceProviders,
        still: Option<Arc<ManualClock>>,
    ) -> Self {
        Self {
            orders,
            recur,
            forms,
            supplier,
            einvoices,
            still,
        }
    }

    /// Sets up a fixture by its name.
    async fn given(&self, name: &str, variables: &mut Variables) -> Result<(), String> {
        let internal = |error: orders::Error| format!("{error:?}");
        let words: Vec<&str> = name.split_whitespace().collect();
        match words.as_slice() {
            ["an", "organization", "with", credits, "credits"] => {
                let credits: i64 = credits.parse().map_err(|_| "credits is a number")?;
                self.organization(credits, variables)
                    .await
                    .map_err(internal)?;
            }
            ["a", "disabled", "organization"] => {
                let id = self.organization(1000, variables).await.map_err(internal)?;
                let disabled = self.orders.set_organization_enabled(id, false).await;
                disabled.map_err(internal)?;
            }
            ["a", "revoked", "private", "key"] => {
                let id = self.organization(1000, variables).await.map_err(internal)?;
                let (key, secret) = self
                    .orders
                    .create_key(id, "revoked", None)
                    .await
                    .map_err(internal)?;
                self.orders
                    .revoke_key(key.private_key_id)
                    .await
                    .map_err(internal)?;
                variables.insert("private_key".into(), secret.expose().clone());
            }
            [
                "an",
                "organization",
                "whose",
                "credit",
                "account",
                "is",
                "missing",
            ] => {
                let id = self.organization(0, variables).await.map_err(internal)?;
                self.orders
                    .db()
                    .write(move |tx| tx.execute(LOSE_ACCOUNT, params![id]))
                    .await
                    .map_err(|e| e.to_string())?;
            }
            ["a", "merchant"] => drop(self.merchant(variables).await?),
            ["a", "revoked", "secret", "key"] => {
                let merchant = self.merchant(variables).await?;
                let billing = &self.recur.billing;
                let made = billing
                    .create_key(merchant.account, KeyKind::Secret, "revoked", false, None)
                    .await
                    .map_err(|e| e.to_string())?;
                let revoked = billing.revoke_key(merchant.account, made.key.key_id).await;
                revoked.map_err(|e| e.to_string())?;
                variables.insert("secret_key".into(), made.secret.expose().clone());
            }
            ["a", "checkout", "whose", "card", "is", "declined"] => {
                self.checkout_with(seed::recur::POOR_CARD, variables)
                    .await?;
            }
            [
                "a",
                "merchant",
                "who",
                "used",
                "up",
                "the",
                "requests",
                "of",
                "this",
                "minute",
            ] => {
                let merchant = self.merchant(variables).await?;
                let used = self
                    .recur
                    .billing
                    .use_up_quota(merchant.secret_key.expose())
                    .await;
                used.map_err(|e| e.to_string())?;
            }
            ["a", "merchant", "whose", "data", "is", "damaged"] => {
                let merchant = self.merchant(variables).await?;
                self.orders
                    .db()
                    .write(move |tx| tx.execute(DAMAGE, params![merchant.subscription_id]))
                    .await
                    .map_err(|e| e.to_string())?;
            }
            other => {
                if let Some(done) = self.given_people(other, variables).await {
                    return done;
                }
                if let Some(done) = self.given_charges(other, variables).await {
                    return done;
                }
                if let Some(done) = self.given_invoices(other, variables).await {
                    return done;
                }
                return self.given_forms(other, name, variables).await;
            }
        }
        Ok(())
    }

    /// Fixtures of the face `openapi_v2`.
    async fn given_forms(
        &self,
        words: &[&str],
        name: &str,
        variables: &mut Variables,
    ) -> Result<(), String> {
        match words {
            ["an", "organization", "with", "forms"] => {
                self.forms_organization("", variables).await?;
            }
            ["another", "organization", "with", "forms"] => {
                self.forms_organization("other.", variables).await?;
            }
            ["a", "disabled", "API", "key"] => {
                let made = self.forms_organization("", variables).await?;
                let disable =
                    self.forms
                        .set_key_state(made.org_id, made.api_key_id, KeyState::Disabled);
                disable.await.map_err(|e| e.to_string())?;
            }
            ["an", "API", "key", "that", "used", "up", "its", "requests"] => {
                let made = self.forms_organization("", variables).await?;
                let used = self.forms.use_up_quota(made.api_key.expose()).await;
                used.map_err(|e| e.to_string())?;
            }
            ["a", "record", "whose", "data", "is", "damaged"] => {
                let made = self.forms_organization("", variables).await?;
                self.orders
                    .db()
                    .write(move |tx| tx.execute(DAMAGE_RECORD, params![made.record_id]))
                    .await
                    .map_err(|e| e.to_string())?;
            }
            ["an", "upload", "that", "has", "expired"] => {
                let made = self.forms_organization("", variables).await?;
                let then = self.forms.now();
                let upload = Upload {
                    upload_id: format!("u{:0>16}", made.record_id % 10_000_000_000_000_000),
                    org_id: made.org_id,
                    name: "photo.png".into(),
                    content_type: "image/png".into(),
                    size: 8,
                    body: "iVBORw0KGgo=".into(),
                    record_id: None,
                    expire_at: then,
                    created_at: then,
                };
                variables.insert("upload_id".into(), upload.upload_id.clone());
                self.insert(move |tx| upload.insert(tx)).await?;
            }
            ["a", "category", "with", "too", "many", "codes"] => {
                let made = self.forms_organization("", variables).await?;
                self.crowd(&made, variables).await?;
            }
            _ => return Err(format!("there is no fixture `{name}`")),
        }
        Ok(())
    }

    async fn insert(
        &self,
        insert: impl Fn(&mut store::Tx<'_>) -> Result<(), store::StoreError> + Send + 'static,
    ) -> Result<(), String> {
        let inserted = self.orders.db().write(move |tx| insert(tx)).await;
        inserted.map_err(|e: store::StoreError| e.to_string())
    }

    async fn forms_organization(
        &self,
        prefix: &str,
        variables: &mut Variables,
    ) -> Result<seed::forms::Organization, String> {
        let made = seed::forms::organization(&self.forms, "Scenario").await;
        let made = made.map_err(|e| format!("{e:#}"))?;
        for (name, value) in made.variables() {
            variables.insert(format!("{prefix}{name}"), value);
        }
        Ok(made)
    }

    /// A category with one code more than a request may cover.
    async fn crowd(
        &self,
        made: &seed::forms::Organization,
        variables: &mut Variables,
    ) -> Result<(), String> {
        let forms = &self.forms;
        let category = forms
            .create_category(&made.scope, "Crowded", None, None)
            .await;
        let category = category.map_err(|e| e.to_string())?;
        let count = forms.config().most_codes + 1;
        let now = forms.now();
        let codes: Vec<Code> = (0..count)
            .map(|n| Code {
                code_id: forms.new_id(),
                org_id: made.org_id,
                project_id: category.project_id,
                category_id: Some(category.category_id),
                coding: format!("q{}x{n}", made.org_code),
                title: format!("Code {n}"),
                content: Default::default(),
                operations: Default::default(),
                states: Default::default(),
                status: CodeStatus::Enabled,
                expire_at: None,
                created_at: now,
                updated_at: now,
            })
            .collect();
        self.insert(move |tx| codes.iter().try_for_each(|code| code.insert(tx)))
            .await?;
        variables.insert("category_id".into(), category.category_id.to_string());
        Ok(())
    }

    async fn organization(
        &self,
        credits: i64,
        variables: &mut Variables,
    ) -> orders::Result<OrganizationId> {
        let (id, key) = seed::organization(&self.orders, "Scenario", Credits::new(credits)).await?;
        variables.insert("organization_id".into(), id.to_string());
        variables.insert("private_key".into(), key.expose().clone());
        Ok(id)
    }
}

impl Sandbox {
    async fn merchant(&self, variables: &mut Variables) -> Result<seed::recur::Merchant, String> {
        let merchant = seed::recur::merchant(&self.recur, "Scenario").await;
        let merchant = merchant.map_err(|e| format!("{e:#}"))?;
        for (name, id) in merchant.products {
            variables.insert(format!("product.{name}"), id.to_string());
        }
        for (name, value) in [
            ("secret_key", merchant.secret_key.expose().clone()),
            ("publishable_key", merchant.publishable_key.expose().clone()),
            ("customer.id", merchant.customer_id.to_string()),
            ("customer.email", merchant.email.clone()),
            ("subscription.id", merchant.subscription_id.to_string()),
        ] {
            variables.insert(name.into(), value);
        }
        Ok(merchant)
    }

    /// A checkout of somebody new, with a card typed into its form.
    async fn checkout_with(&self, card: &str, variables: &mut Variables) -> Result<(), String> {
        let merchant = self.merchant(variables).await?;
        let billing = &self.recur.billing;
        let scope = billing
            .scope(merchant.account)
            .await
            .map_err(|e| e.to_string())?;
        let product = merchant.product("one_time").ok_or("no such product")?;
        let begun = seed::recur::begin(&self.recur, &scope, product, Buyer::default(), card).await;
        let begun = begun.map_err(|e| format!("{e:#}"))?;
        variables.insert("checkout.id".into(), begun.checkout.checkout_id.to_string());
        variables.insert("checkout.client_secret".into(), begun.client_secret);
        Ok(())
    }
}

/// The routes.
pub fn router(sandbox: Sandbox) -> Router {
    Router::new()
        .route("/sandbox/given", post(given))
        .route("/sandbox/advance", post(advance))
        .route("/sandbox/supplier", post(supplier))
        .route("/sandbox/gateway", post(gateway))
        .route("/sandbox/einvoice", post(invoices::einvoice))
        .layer(middleware::from_fn(refuse_pages))
        .with_state(sandbox)
}

/// Pages of other sites must not reach a sandbox on a developer's machine. Browsers name the page's
/// origin with every `POST`; programs name none.
async fn refuse_pages(request: Request, next: Next) -> Response {
    if request.headers().contains_key(header::ORIGIN) {
        return refuse("the sandbox is for programs, not for pages in a browser".into());
    }
    next.run(request).await
}

#[derive(Deserialize)]
struct Given {
    given: Vec<String>,
}

async fn given(State(sandbox): State<Sandbox>, body: Body) -> Result<Reply, Response> {
    let wanted: Given = read(body).await?;
    let mut variables = Variables::new();
    for (name, id) in seed::products() {
        variables.insert(format!("product.{name}"), id.to_string());
    }
    for name in wanted.given.iter().take(16) {
        sandbox.given(name, &mut variables).await.map_err(refuse)?;
    }
    Ok(Reply::ok(&variables))
}

#[derive(Deserialize)]
struct Advance {
    minutes: u32,
}

async fn advance(State(sandbox): State<Sandbox>, body: Body) -> Result<Reply, Response> {
    let wanted: Advance = read(body).await?;
    let clock = sandbox
        .still
        .as_ref()
        .ok_or_else(|| refuse("the simulators' time moves by itself here".into()))?;
    let now = clock.advance(Duration::from_secs(u64::from(wanted.minutes) * 60));
    Ok(Reply::ok(&serde_json::json!({ "now": now })))
}

#[derive(Deserialize)]
struct GatewayWish {
    #[serde(default)]
    fault: Option<String>,
    shop_enabled: Option<bool>,
}

async fn gateway(State(sandbox): State<Sandbox>, body: Body) -> Result<Reply, Response> {
    let wish: GatewayWish = read(body).await?;
    let fault = match wish.fault.as_deref() {
        None => None,
        Some("down") => Some(GatewayFault::Down),
        Some("html") => Some(GatewayFault::Html),
        Some("bad_hash") => Some(GatewayFault::BadHash),
        Some("unknown_then_paid") => Some(GatewayFault::Unknown { then_paid: true }),
        Some("unknown_then_failed") => Some(GatewayFault::Unknown { then_paid: false }),
        Some("slow") => Some(GatewayFault::SlowAnswer(Duration::from_secs(5))),
        Some("lost") => Some(GatewayFault::LostAnswer),
        Some(other) => {
            return Err(refuse(format!(
                "`{other}` is no fault: down, html, bad_hash, unknown_then_paid, unknown_then_failed, slow, lost or null"
            )));
        }
    };
    let gateway = &sandbox.recur.gateway;
    gateway.set_fault(fault);
    if let Some(enabled) = wish.shop_enabled {
        let set = gateway.set_shop_enabled(enabled).await;
        set.map_err(|error| refuse(error.to_string()))?;
    }
    Ok(Reply::ok(&serde_json::json!({
        "fault": wish.fault,
        "shop_enabled": wish.shop_enabled,
    })))
}

#[derive(Deserialize)]
struct Wish {
    fault: Option<String>,
}

async fn supplier(State(sandbox): State<Sandbox>, body: Body) -> Result<Reply, Response> {
    let wish: Wish = read(body).await?;
    let fault = match wish.fault.as_deref() {
        None => None,
        Some("out_of_funds") => Some(Fault::OutOfFunds),
        Some("down") => Some(Fault::Down),
        Some("garbled") => Some(Fault::Garbled),
        Some("lost") => Some(Fault::LoseAnswer),
        Some("invalid_key") => Some(Fault::InvalidKey),
        Some("slow") => Some(Fault::Slow(Duration::from_secs(7))),
        Some(other) => {
            return Err(refuse(format!(
                "`{other}` is no fault: out_of_funds, down, slow, garbled, lost, invalid_key or null"
            )));
        }
    };
    sandbox.supplier.set_fault(fault);
    Ok(Reply::ok(&serde_json::json!({ "fault": wish.fault })))
}

async fn read<T: for<'a> Deserialize<'a>>(body: Body) -> Result<T, Response> {
    let body = body::read(body, LARGEST_BODY)
        .await
        .map_err(|_| refuse("the body could not be read".into()))?;
    serde_json::from_slice(&body).map_err(|e| refuse(format!("the body: {e}")))
}

fn refuse(message: String) -> Response {
    let body = serde_json::json!({ "error": message });
    Reply::new(StatusCode::BAD_REQUEST, &body).into_response()
}
