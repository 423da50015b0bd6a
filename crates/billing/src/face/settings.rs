//! `/portal/configuration`: what an account's portal allows, and how its pages look.

use super::call::{Secret, SecretPost};
use super::fields::Fields;
use crate::manage::portal::PortalChange;
use crate::repo::Settings;
use crate::{Billing, Scope};
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use catalogue::recur::Problem;
use httpkit::{Refusal, Reply};
use serde_json::{Value, json};

/// The id of an account's only configuration.
pub const CONFIGURATION: &str = "default";

pub fn routes() -> Router<Billing> {
    Router::new().route(
        "/portal/configuration",
        get(show).patch(update).post(update),
    )
}

fn object(settings: &Settings, scope: &Scope) -> Value {
    json!({
        "object": "portal.configuration",
        "id": CONFIGURATION,
        "return_url": settings.portal_return_url,
        "allow_cancel": !settings.portal_forbids_cancel,
        "allow_plan_change": !settings.portal_forbids_switch,
        "allow_payment_update": !settings.portal_forbids_card,
        "logo_url": settings.branding.logo_url,
        "accent_color": settings.branding.accent,
        "livemode": scope.livemode,
    })
}

async fn show(State(billing): State<Billing>, Secret(caller): Secret) -> Result<Reply, Refusal> {
    let account = billing.account(caller.scope().account_id).await?;
    Ok(Reply::ok(&object(&account.settings.0, caller.scope())))
}

async fn update(
    State(billing): State<Billing>,
    SecretPost(post): SecretPost,
) -> Result<Reply, Refusal> {
    let mut fields = post.fields()?;
    let change = PortalChange {
        return_url: fields.nullable("return_url", Fields::url),
        allow_cancel: fields.boolean("allow_cancel"),
        allow_plan_change: fields.boolean("allow_plan_change"),
        allow_payment_update: fields.boolean("allow_payment_update"),
        logo_url: fields.nullable("logo_url", Fields::url),
        accent: fields.nullable("accent_color", color),
    };
    fields.finish()?;
    let settings = billing.update_portal(post.scope(), change).await?;
    Ok(Reply::ok(&object(&settings, post.scope())))
}

/// `#rrggbb`: it ends up in a style sheet.
fn color(fields: &mut Fields, name: &str) -> Option<String> {
    let color = fields.text(name)?;
    let digits = color.strip_prefix('#').unwrap_or_default();
    if digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Some(color.to_ascii_lowercase());
    }
    fields.wrong(name, Problem::InvalidCharacters);
    None
}
