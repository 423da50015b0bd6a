//! Who is in front of a page, and whether a form is one of theirs.

use super::frame::{self, Frame};
use super::{HOME, SIGN_IN};
use crate::ask::Ask;
use crate::query;
use axum::body::Body;
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use kernel::{Secret, Timestamp};
use orders::Orders;
use orders::model::{Account, AccountId, SessionHolder};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// The cookie of a session: its access token.
const SESSION: &str = "tallystick_session";
/// The cookie of somebody who has none yet.
const VISIT: &str = "tallystick_visit";
/// Longer ones are none of ours.
const LONGEST_COOKIE: usize = 128;
/// The field of every form.
const FORM_TOKEN: &str = "form_token";

/// Somebody with a session.
pub struct Person {
    /// Their session.
    pub session: SessionHolder,
    /// They.
    pub account: Account,
    token: Secret<String>,
}

impl Person {
    /// Their id.
    pub const fn id(&self) -> AccountId {
        self.account.account_id
    }

    /// What their forms carry.
    pub fn form_token(&self) -> String {
        form_token(self.token.expose())
    }
}

/// Lets in who has a session; everybody else is asked to sign in first, and comes back.
pub async fn enter(orders: &Orders, ask: &Ask) -> Result<Person, Response> {
    let token = cookie(ask, SESSION);
    let found = async {
        let Some(token) = token else {
            return Ok(None);
        };
        let Some(session) = orders.session_holder(token).await? else {
            return Ok(None);
        };
        let account = orders.account(session.account_id).await?;
        Ok(account.map(|account| Person {
            session,
            account,
            token: Secret::new(token.to_owned()),
        }))
    };
    let found: orders::Result<_> = found.await;
    match found {
        Ok(Some(person)) => Ok(person),
        Ok(None) => {
            let sign_in = query::href(SIGN_IN, &[("next", ask.path())]);
            Err(Redirect::to(&ask.link(&sign_in)).into_response())
        }
        Err(error) => Err(frame::trouble(ask, None, &error)),
    }
}

/// The fields of a form that this person was shown. What another site made a browser send is refused.
pub async fn form_of(
    orders: &Orders,
    ask: &Ask,
    person: &Person,
    body: Body,
) -> Result<String, Response> {
    let elsewhere = || {
        let words = &frame::Words::to(ask).elsewhere;
        let frame = Frame::new(ask, Some(person), words.title);
        frame::notice(frame, words.text).answer(StatusCode::FORBIDDEN)
    };
    let fields = ask.form(orders.public_url(), body).await;
    let fields = fields.map_err(|_| elsewhere())?;
    if carries(&fields, person.token.expose()) {
        Ok(fields)
    } else {
        Err(elsewhere())
    }
}

/// Somebody who has not signed in: a random cookie, so that nobody else can make their browser sign in as themselves.
pub struct Visit(String);

impl Visit {
    /// The one that the browser names, or a new one.
    pub fn of(orders: &Orders, ask: &Ask) -> Self {
        let named = cookie(ask, VISIT).map(str::to_owned);
        Self(named.unwrap_or_else(|| orders.fresh_secret().expose().clone()))
    }

    /// What their form carries.
    pub fn form_token(&self) -> String {
        form_token(&self.0)
    }

    /// Gives the cookie to the browser.
    pub fn keep(&self, orders: &Orders, response: &mut Response) {
        set_cookie(orders, response, VISIT, &self.0, 3600);
    }

    /// The fields of the form that this browser was shown; `None`: it was not.
    pub async fn form(orders: &Orders, ask: &Ask, body: Body) -> Option<String> {
        let visit = cookie(ask, VISIT)?;
        let fields = ask.form(orders.public_url(), body).await.ok()?;
        carries(&fields, visit).then_some(fields)
    }
}

/// Gives the browser the session that begins.
pub fn begin(
    orders: &Orders,
    response: &mut Response,
    token: &Secret<String>,
    until: Timestamp,
    now: Timestamp,
) {
    let seconds = until.since(now).as_secs();
    set_cookie(orders, response, SESSION, token.expose(), seconds);
    set_cookie(orders, response, VISIT, "", 0);
}

/// Takes the session away from the browser.
pub fn end(orders: &Orders, response: &mut Response) {
    set_cookie(orders, response, SESSION, "", 0);
}

fn set_cookie(orders: &Orders, response: &mut Response, name: &str, value: &str, seconds: u64) {
    let secure = if orders.public_url().starts_with("https://") {
        "; Secure"
    } else {
        ""
    };
    let cookie =
        format!("{name}={value}; Path={HOME}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

fn cookie<'a>(ask: &'a Ask, name: &str) -> Option<&'a str> {
    let pairs = ask.header(COOKIE.as_str())?.split(';');
    let mut named = pairs.filter_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='));
    let plain = |value: &&str| {
        let letters = value
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_');
        letters && (1..=LONGEST_COOKIE).contains(&value.len())
    };
    named.next().filter(plain)
}

/// Follows from the cookie, and tells nothing of it.
fn form_token(cookie: &str) -> String {
    let digest = Sha256::digest(format!("form\n{cookie}"));
    digest[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn carries(fields: &str, cookie: &str) -> bool {
    let carried = query::value(fields, FORM_TOKEN);
    carried
        .as_bytes()
        .ct_eq(form_token(cookie).as_bytes())
        .into()
}
