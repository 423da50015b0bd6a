//! The public pages of codes, records and certificates: what people see who scan a QR code, and the forms that they
//! fill in there. Every form works without script.
//!
//! The address of a record or a certificate is what gives access to it, so no page tells anybody where it was, and none
//! but those of codes may be indexed. What pages post must come from a page of this server.

mod certificate;
mod code;
mod fill;
mod frame;
mod record;
mod shown;
#[cfg(test)]
mod tests;
pub(crate) mod text;
mod typed;
mod values;
mod widgets;
mod words;

use crate::ask::Ask;
use crate::assets::{self, Asset, CSS};
use crate::nothing_here;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;
use axum::routing::{get, post};
use catalogue::openapi_v2::Resource;
use forms::{Forms, Scope};

static STYLE: Asset = Asset::new(
    "/assets/forms/pages.css",
    CSS,
    concat!(
        include_str!("../../assets/billing.css"),
        include_str!("../../assets/forms.css")
    ),
);

/// Characters of an organization's code.
const ORG_CODE: usize = 9;

/// `/{org}/{coding}` and what is below it, for whatever no other route takes: what is no public address is answered like
/// anything else that is not there. Style: `/assets/forms/…`.
pub fn router(forms: Forms) -> Router {
    let pages = Router::new()
        .route("/{org}/{coding}", get(show).fallback(nothing_here))
        .route(
            "/{org}/{coding}/fill/{tpl_id}",
            get(fill::page).post(fill::submit).fallback(nothing_here),
        )
        .route(
            "/{org}/{coding}/verify",
            post(certificate::verify).fallback(nothing_here),
        )
        .with_state(forms);
    pages.merge(assets::routes(&[&STYLE], Router::new()))
}

/// What an address names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Code,
    CodeMarkdown,
    Record,
    Certificate,
}

/// The kind of thing that an address can name; `None`: it is no public address.
fn kind(ask: &Ask) -> Option<Kind> {
    let (org, coding) = (ask.param("org"), ask.param("coding"));
    let (coding, is_markdown) = match coding.strip_suffix(".md") {
        Some(coding) => (coding, true),
        None => (coding, false),
    };
    let is_plain = |text: &str| text.len() > 1 && text.bytes().all(|b| b.is_ascii_alphanumeric());
    let names_organization = org.len() == ORG_CODE && org.starts_with('o') && is_plain(org);
    if !names_organization || !is_plain(coding) {
        return None;
    }
    match (coding.as_bytes().first(), is_markdown) {
        (Some(b'q'), false) => Some(Kind::Code),
        (Some(b'q'), true) => Some(Kind::CodeMarkdown),
        (Some(b'r'), false) => Some(Kind::Record),
        (Some(b'v'), false) => Some(Kind::Certificate),
        _ => None,
    }
}

async fn show(State(forms): State<Forms>, ask: Ask) -> Response {
    let page = match kind(&ask) {
        Some(Kind::Code) => code::page(&forms, &ask).await,
        Some(Kind::CodeMarkdown) => code::markdown(&forms, &ask).await,
        Some(Kind::Record) => record::page(&forms, &ask).await,
        Some(Kind::Certificate) => certificate::page(&forms, &ask).await,
        None => return nothing_here().await,
    };
    keep_private(page)
}

/// In front of whose page somebody is.
struct Visitor {
    organization: String,
    scope: Scope,
}

impl Visitor {
    /// Of the organization that the address names; 404 when there is none.
    async fn enter(forms: &Forms, ask: &Ask) -> forms::Result<Self> {
        let found = forms.public_organization(ask.param("org")).await?;
        let (organization, scope) = found.ok_or(Resource::Code)?;
        Ok(Self {
            organization: organization.name,
            scope,
        })
    }

    /// The path of a thing of the organization.
    fn path(&self, coding: &str) -> String {
        format!("/{}/{coding}", self.scope.org_code)
    }
}

fn keep_private(mut response: Response) -> Response {
    let headers: [(HeaderName, &str); 3] = [
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    response.headers_mut().extend(headers);
    response
}
