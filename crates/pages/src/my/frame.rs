//! What every page has around its content, and the policy it is sent with.

use super::session::Person;
pub use super::words::Words;
use super::{GO, STYLE};
use crate::ask::{Ask, Language};
use crate::links::origin;
use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use catalogue::{Coded as _, PlatformError};
use orders::Error;

/// What every page has around its content.
pub struct Frame {
    pub words: &'static Words,
    pub lang: &'static str,
    pub title: String,
    pub style: String,
    pub languages: Vec<Language>,
    /// Who is signed in.
    pub person: Option<Signed>,
    /// Where a form of the page posts to, apart from here.
    elsewhere: Option<String>,
}

/// Who is signed in, and the way out.
pub struct Signed {
    pub email: String,
    pub form_token: String,
    pub home: String,
    pub sign_out: String,
}

impl Frame {
    /// Around a page of a person, or of nobody.
    pub fn new(ask: &Ask, person: Option<&Person>, title: impl Into<String>) -> Self {
        Self {
            words: Words::to(ask),
            lang: ask.locale().tag(),
            title: title.into(),
            style: STYLE.href(),
            languages: ask.languages(),
            person: person.map(|person| Signed {
                email: person.account.email.clone(),
                form_token: person.form_token(),
                home: ask.link(super::HOME),
                sign_out: ask.link("/my/sign-out"),
            }),
            elsewhere: None,
        }
    }

    /// Of a page with a form that posts to this address, by itself where scripts run.
    pub fn posting_to(mut self, url: &str) -> Self {
        self.elsewhere = origin(url).map(str::to_owned);
        self
    }

    /// The script of such a page.
    pub fn script(&self) -> String {
        GO.href()
    }

    fn content_security(&self) -> String {
        let (script, elsewhere) = match &self.elsewhere {
            // The gateway may send the browser on to other hosts of its own, which count as the form's target, too.
            Some(origin) if origin.starts_with("https://") => {
                (" script-src 'self';", " https:".into())
            }
            Some(origin) => (" script-src 'self';", format!(" {origin}")),
            None => ("", String::new()),
        };
        format!(
            "default-src 'none';{script} style-src 'self'; img-src data:; form-action 'self'{elsewhere}; base-uri 'none'; \
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
    let headers = [
        (
            header::CONTENT_LANGUAGE,
            HeaderValue::from_static(frame.lang),
        ),
        (
            header::VARY,
            HeaderValue::from_static("accept-language, cookie"),
        ),
        (header::CONTENT_SECURITY_POLICY, policy),
    ];
    (status, headers, Html(body)).into_response()
}

/// A page that says one thing.
#[derive(Template)]
#[template(path = "my/notice.html")]
pub struct Notice {
    frame: Frame,
    text: String,
}

impl Notice {
    /// As an answer.
    pub fn answer(&self, status: StatusCode) -> Response {
        html(status, &self.frame, self)
    }
}

/// A page that says this under the frame's title.
pub fn notice(frame: Frame, text: impl Into<String>) -> Notice {
    let text = text.into();
    Notice { frame, text }
}

/// What a person is told of an error that is theirs to know; `None`: it is ours, and logged.
pub fn told(ask: &Ask, error: &Error) -> Option<(StatusCode, String)> {
    match error {
        Error::Refused(refused) => {
            let (status, _) = refused.respond(ask.locale());
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
            Some((status, refused.message(ask.locale())))
        }
        Error::TooMany { retry_after } => {
            let minutes = retry_after.as_secs().div_ceil(60).max(1);
            let text = (Words::to(ask).too_many)(&minutes.to_string());
            Some((StatusCode::TOO_MANY_REQUESTS, text))
        }
        Error::Failed(cause) => {
            tracing::error!(cause, "a page could not be shown");
            None
        }
    }
}

/// The page that stands in for one that cannot be shown.
pub fn trouble(ask: &Ask, person: Option<&Person>, error: &Error) -> Response {
    let words = Words::to(ask);
    let said = |said: &super::words::Said, status| {
        notice(Frame::new(ask, person, said.title), said.text).answer(status)
    };
    match error {
        // Whose it is instead is nobody's business.
        Error::Refused(
            PlatformError::DataNotExist { .. }
            | PlatformError::OrganizationNotBelongAccount
            | PlatformError::OrganizationIdIncorrect
            | PlatformError::CreditChargeNotBelongAccount,
        ) => said(&words.missing, StatusCode::NOT_FOUND),
        error => match told(ask, error) {
            Some((status, text)) => {
                notice(Frame::new(ask, person, words.refused), text).answer(status)
            }
            None => said(&words.failed, StatusCode::INTERNAL_SERVER_ERROR),
        },
    }
}
