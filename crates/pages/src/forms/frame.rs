//! What every page has around its content, and the policy it is sent with.

use super::Visitor;
use super::words::{Said, Words};
use crate::ask::{Ask, Language};
use crate::links::origin;
use askama::Template;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use catalogue::OpenapiV2Error;
use forms::{Error, Forms};

/// Most places outside of this server that the pictures of one page come from.
const MOST_PLACES: usize = 20;

/// What every page has around its content.
pub struct Frame {
    pub words: &'static Words,
    pub lang: &'static str,
    pub title: String,
    pub style: String,
    pub organization: String,
    pub languages: Vec<Language>,
    /// The address of the same as Markdown.
    pub markdown: Option<String>,
    /// Where pictures come from, apart from here.
    places: Vec<String>,
    indexed: bool,
}

impl Frame {
    /// Around a page of an organization, or of nobody.
    pub fn new(ask: &Ask, visitor: Option<&Visitor>, title: impl Into<String>) -> Self {
        Self {
            words: Words::to(ask),
            lang: ask.locale().tag(),
            title: title.into(),
            style: super::STYLE.href(),
            organization: visitor.map_or_else(String::new, |v| v.organization.clone()),
            languages: ask.languages(),
            markdown: None,
            places: Vec::new(),
            indexed: false,
        }
    }

    /// Of a page that search engines may keep.
    pub fn indexed(mut self) -> Self {
        self.indexed = true;
        self
    }

    /// Has the page load a picture from elsewhere; false: there are too many, or that is no address.
    pub fn allow_picture(&mut self, url: &str) -> bool {
        let Some(place) = origin(url) else {
            return false;
        };
        let is_known = self.places.iter().any(|known| known == place);
        if !is_known && self.places.len() < MOST_PLACES {
            self.places.push(place.to_owned());
            return true;
        }
        is_known
    }

    fn content_security(&self) -> String {
        let places: String = self.places.iter().map(|p| format!(" {p}")).collect();
        format!(
            "default-src 'none'; style-src 'self'; img-src 'self' data:{places}; form-action 'self'; base-uri 'none'; \
             frame-ancestors 'none'"
        )
    }
}

/// A page as an answer.
pub fn html(status: StatusCode, frame: &Frame, page: &impl Template) -> Response {
    let (Ok(body), Ok(policy)) = (
        page.render(),
        HeaderValue::from_str(&frame.content_security()),
    ) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let fixed = HeaderValue::from_static;
    let headers = [
        (header::CONTENT_LANGUAGE, fixed(frame.lang)),
        (header::VARY, fixed("accept-language")),
        (header::CONTENT_SECURITY_POLICY, policy),
    ];
    let mut response = (status, headers, Html(body)).into_response();
    if !frame.indexed {
        let robots = HeaderName::from_static("x-robots-tag");
        response.headers_mut().insert(robots, fixed("noindex"));
    }
    response
}

/// A link.
pub struct Link {
    pub label: String,
    pub href: String,
}

/// A page that says one thing.
#[derive(Template)]
#[template(path = "forms/notice.html")]
pub struct Notice {
    frame: Frame,
    lines: Vec<String>,
    back: Option<Link>,
}

impl Notice {
    /// Says this under the frame's title. Lines that are empty are left out.
    pub fn new(frame: Frame, lines: impl IntoIterator<Item = String>) -> Self {
        Self {
            frame,
            lines: lines.into_iter().filter(|line| !line.is_empty()).collect(),
            back: None,
        }
    }

    /// Offers a way on.
    pub fn offering(mut self, label: &str, href: String) -> Self {
        let label = label.to_owned();
        self.back = Some(Link { label, href });
        self
    }

    /// As an answer.
    pub fn answer(&self, status: StatusCode) -> Response {
        html(status, &self.frame, self)
    }
}

/// A page that says this.
pub fn notice(ask: &Ask, visitor: Option<&Visitor>, said: &Said) -> Notice {
    let frame = Frame::new(ask, visitor, said.title);
    Notice::new(frame, [said.text.to_owned()])
}

/// The page for an address that sends more forms than it may, if it does.
pub async fn too_many(forms: &Forms, ask: &Ask, visitor: &Visitor) -> Option<Response> {
    let header = forms.config().client_address_header.as_deref();
    // Nobody knows where a request in process comes from.
    let address = ask.address(header)?;
    let exhausted = match forms.count_visit(address).await {
        Ok(Ok(())) => return None,
        Ok(Err(exhausted)) => exhausted,
        Err(error) => return Some(trouble(ask, Some(visitor), &error)),
    };
    let notice = notice(ask, Some(visitor), &Words::to(ask).too_many);
    let mut response = notice.answer(StatusCode::TOO_MANY_REQUESTS);
    let seconds = exhausted.retry_after.as_millis().div_ceil(1000);
    if let Ok(seconds) = u64::try_from(seconds) {
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    Some(response)
}

/// The page that stands in for one that cannot be shown.
pub fn trouble(ask: &Ask, visitor: Option<&Visitor>, error: &Error) -> Response {
    let words = Words::to(ask);
    let refused = match error {
        Error::Failed(cause) | Error::Raced(cause) => {
            tracing::error!(cause, "a public page could not be shown");
            let notice = notice(ask, visitor, &words.failed);
            return notice.answer(StatusCode::INTERNAL_SERVER_ERROR);
        }
        Error::Refused(refused) => refused,
    };
    match refused {
        OpenapiV2Error::NotFound { .. }
        | OpenapiV2Error::FormNotFound
        | OpenapiV2Error::RecordNotFound
        | OpenapiV2Error::InvalidCertificateCode { .. } => {
            notice(ask, visitor, &words.missing).answer(StatusCode::NOT_FOUND)
        }
        refused => {
            let (status, body) = refused.respond(ask.locale());
            let frame = Frame::new(ask, visitor, body.message);
            Notice::new(frame, [body.message_detail]).answer(status_of(status))
        }
    }
}

/// A documented status.
pub fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST)
}
