//! What every page has around its content, and the policy it is sent with.

use super::assets;
use super::words::{Said, Words};
use crate::ask::{Ask, Language};
use crate::links::{origin, web_address};
use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use billing::repo::Account;
use billing::{Billing, Error};
use catalogue::recur::{BadRequest, StateRefusal};
use catalogue::{Coded as _, RecurError};

/// Whose page it is.
#[derive(Clone, Debug)]
pub struct Shop {
    /// The merchant's name.
    pub name: String,
    /// Whether money really moves.
    pub livemode: bool,
    logo: Option<String>,
    accent: Option<String>,
}

impl Shop {
    /// The merchant of an account.
    pub async fn of(billing: &Billing, account: &Account) -> billing::Result<Self> {
        let branding = &account.settings.0.branding;
        let logo = branding.logo_url.as_deref().and_then(web_address);
        Ok(Self {
            name: billing.merchant_name(account.merchant_id).await?,
            livemode: account.livemode,
            logo: logo
                .filter(|logo| origin(logo).is_some())
                .map(str::to_owned),
            accent: branding.accent.as_deref().and_then(assets::accent_href),
        })
    }
}

/// What a page may load, and who may show it in a frame.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Where the card gateway's script comes from.
    pub gateway: Option<String>,
    /// Whether pages of merchants may show it.
    pub framed: bool,
}

/// What every page has around its content.
pub struct Frame {
    pub words: &'static Words,
    pub lang: &'static str,
    pub title: String,
    pub style: String,
    pub accent: Option<String>,
    pub merchant: String,
    pub logo: Option<String>,
    pub sandbox: bool,
    pub theme: &'static str,
    pub languages: Vec<Language>,
    pub policy: Policy,
}

impl Frame {
    /// Around a page of a merchant, or of nobody.
    pub fn new(ask: &Ask, shop: Option<&Shop>, title: impl Into<String>) -> Self {
        let theme = match ask.query("theme").as_str() {
            "dark" => "dark",
            "light" => "light",
            _ => "auto",
        };
        Self {
            words: ask.words(),
            lang: ask.locale().tag(),
            title: title.into(),
            style: assets::STYLE.href(),
            accent: shop.and_then(|shop| shop.accent.clone()),
            merchant: shop.map(|shop| shop.name.clone()).unwrap_or_default(),
            logo: shop.and_then(|shop| shop.logo.clone()),
            sandbox: shop.is_some_and(|shop| !shop.livemode),
            theme,
            languages: ask.languages(),
            policy: Policy::default(),
        }
    }

    /// With a policy of its own.
    pub fn with(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    fn content_security(&self) -> String {
        let gateway = self.policy.gateway.as_deref().and_then(origin);
        let logo = self.logo.as_deref().and_then(origin);
        let and = |origin: Option<&str>| {
            origin
                .map(|origin| format!(" {origin}"))
                .unwrap_or_default()
        };
        format!(
            "default-src 'none'; script-src 'self'{gateway}; connect-src 'self'{gateway}; frame-src{frames}; \
             style-src 'self'; img-src 'self' data:{logo}; form-action 'self'; base-uri 'none'; \
             frame-ancestors {ancestors}",
            gateway = and(gateway),
            frames = gateway.map_or_else(|| " 'none'".to_owned(), |origin| format!(" {origin}")),
            logo = and(logo),
            ancestors = if self.policy.framed { "*" } else { "'none'" },
        )
    }
}

/// A link or a button of a notice.
pub struct Action {
    pub label: String,
    pub href: String,
}

/// How a notice looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Good,
    Bad,
    Wait,
}

impl Tone {
    const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Wait => "wait",
        }
    }
}

/// A page that says one thing.
#[derive(Template)]
#[template(path = "billing/notice.html")]
pub struct Notice {
    frame: Frame,
    title: String,
    lines: Vec<String>,
    tone: &'static str,
    action: Option<Action>,
    /// What there is to see besides.
    besides: Option<Action>,
    /// Whether it is loaded again in a moment.
    refreshes: bool,
    /// What a script of the page goes by.
    script: Option<Script>,
}

/// The script of a page and what it is told.
pub struct Script {
    pub hrefs: Vec<String>,
    pub state: &'static str,
    pub door: String,
    pub embedded: bool,
    /// JSON.
    pub words: String,
}

impl Notice {
    /// Says this.
    pub fn new(frame: Frame, tone: Tone, said: &Said) -> Self {
        Self {
            title: said.title.to_owned(),
            lines: vec![said.text.to_owned()],
            tone: tone.name(),
            action: None,
            besides: None,
            refreshes: false,
            script: None,
            frame,
        }
    }

    /// Says other things below the heading.
    pub fn saying(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.lines = lines.into_iter().collect();
        self
    }

    /// Offers a way on.
    pub fn offering(mut self, label: impl Into<String>, href: Option<&str>) -> Self {
        self.action = href.map(|href| Action {
            label: label.into(),
            href: href.to_owned(),
        });
        self
    }

    /// Offers something to see besides; without an address, which it will have in a moment, the page is loaded again.
    pub fn showing(mut self, label: &str, href: Option<String>) -> Self {
        self.refreshes = href.is_none();
        self.besides = href.map(|href| Action {
            label: label.to_owned(),
            href,
        });
        self
    }

    /// Runs a script.
    pub fn running(mut self, script: Script) -> Self {
        self.script = Some(script);
        self
    }

    /// As an answer.
    pub fn answer(&self, status: StatusCode) -> Response {
        html(status, &self.frame, self)
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
        (header::VARY, HeaderValue::from_static("accept-language")),
        (header::CONTENT_SECURITY_POLICY, policy),
    ];
    (status, headers, Html(body)).into_response()
}

/// The page that stands in for one that cannot be shown.
pub fn trouble(ask: &Ask, shop: Option<&Shop>, policy: Policy, error: &Error) -> Response {
    let words = ask.words();
    let (status, said) = match error {
        Error::Failed(cause) | Error::Raced(cause) => {
            tracing::error!(cause, "a page could not be shown");
            (StatusCode::INTERNAL_SERVER_ERROR, &words.failed)
        }
        Error::Refused(RecurError::NotFound { .. } | RecurError::Unauthorized { .. }) => {
            (StatusCode::NOT_FOUND, &words.missing)
        }
        Error::Refused(RecurError::BadRequest {
            reason: BadRequest::State(StateRefusal::PortalSessionEnded),
        }) => (StatusCode::GONE, &words.portal.ended),
        Error::Refused(_) => (StatusCode::BAD_REQUEST, &words.failed),
    };
    let frame = Frame::new(ask, shop, said.title).with(policy);
    let notice = Notice::new(frame, Tone::Plain, said);
    match error {
        Error::Refused(refused) if status == StatusCode::BAD_REQUEST => notice
            .saying([refused.message(ask.locale())])
            .answer(status),
        _ => notice.answer(status),
    }
}
