//! Signing in and out.

use super::frame::{Frame, Words, html, told, trouble};
use super::session::{self, Visit, enter, form_of};
use super::words::SignInWords;
use super::{HOME, SIGN_IN};
use crate::ask::Ask;
use crate::query;
use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use kernel::Secret;
use orders::Orders;

/// Longer ones open nothing, and are expensive to look at.
const LONGEST_PASSWORD: usize = 1024;

#[derive(Template)]
#[template(path = "my/sign_in.html")]
struct Page {
    frame: Frame,
    words: &'static SignInWords,
    action: String,
    form_token: String,
    next: String,
    email: String,
    alert: Option<String>,
}

impl Page {
    fn new(ask: &Ask, visit: &Visit) -> Self {
        let words = Words::to(ask);
        Self {
            frame: Frame::new(ask, None, words.sign_in.title),
            words: &words.sign_in,
            action: ask.link(SIGN_IN),
            form_token: visit.form_token(),
            next: ask.query("next"),
            email: String::new(),
            alert: None,
        }
    }

    fn answer(&self, orders: &Orders, visit: &Visit, status: StatusCode) -> Response {
        let mut response = html(status, &self.frame, self);
        visit.keep(orders, &mut response);
        response
    }
}

/// Asks for address and password.
pub async fn page(State(orders): State<Orders>, ask: Ask) -> Response {
    let visit = Visit::of(&orders, &ask);
    Page::new(&ask, &visit).answer(&orders, &visit, StatusCode::OK)
}

/// Begins a session, and leads to where its owner was going.
pub async fn submit(State(orders): State<Orders>, ask: Ask, body: Body) -> Response {
    let words = &Words::to(&ask).sign_in;
    let visit = Visit::of(&orders, &ask);
    let mut page = Page::new(&ask, &visit);
    let Some(fields) = Visit::form(&orders, &ask, body).await else {
        page.alert = Some(words.again.to_owned());
        return page.answer(&orders, &visit, StatusCode::FORBIDDEN);
    };
    let field = |name| query::value(&fields, name);
    page.next = field("next");
    page.email = field("email").trim().to_owned();
    let password = field("password");
    if page.email.is_empty() || password.is_empty() {
        page.alert = Some(words.both.to_owned());
        return page.answer(&orders, &visit, StatusCode::BAD_REQUEST);
    }
    let password = Secret::new(password.chars().take(LONGEST_PASSWORD).collect());
    let header = orders.accounts_config().client_address_header.as_deref();
    let email = page.email.to_lowercase();
    let begun = orders.log_in(&email, &password, ask.address(header)).await;
    match begun {
        Ok(begun) => {
            let to = ask.link(way_on(&page.next));
            let mut response = Redirect::to(&to).into_response();
            let session = &begun.session;
            let (until, now) = (session.expires_at, session.created_at);
            session::begin(&orders, &mut response, &begun.access_token, until, now);
            response
        }
        Err(error) => match told(&ask, &error) {
            Some((status, text)) => {
                page.alert = Some(text);
                page.answer(&orders, &visit, status)
            }
            None => trouble(&ask, None, &error),
        },
    }
}

/// Ends the session, here and in the API.
pub async fn sign_out(State(orders): State<Orders>, ask: Ask, body: Body) -> Response {
    let person = match enter(&orders, &ask).await {
        Ok(person) => person,
        Err(response) => return response,
    };
    if let Err(response) = form_of(&orders, &ask, &person, body).await {
        return response;
    }
    let session = person.session.account_session_id;
    if let Err(error) = orders.end_session(person.id(), session).await {
        return trouble(&ask, Some(&person), &error);
    }
    let mut response = Redirect::to(&ask.link(SIGN_IN)).into_response();
    session::end(&orders, &mut response);
    response
}

/// There is nothing to see where the form posts to.
pub async fn signed_out(ask: Ask) -> Response {
    Redirect::to(&ask.link(HOME)).into_response()
}

/// A page of ours; an address that leads elsewhere, or is none, leads home.
fn way_on(next: &str) -> &str {
    let below = next.strip_prefix(HOME).is_some_and(|rest| {
        rest.starts_with('/')
            && rest
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"/-".contains(&b))
    });
    if below { next } else { HOME }
}

#[cfg(test)]
mod tests {
    use super::way_on;

    #[test]
    fn signing_in_leads_to_pages_of_ours_only() {
        let ours = "/my/charges/01999d1c-3c00-7e52-b6d1-92aa0c4e8d03";
        assert_eq!(way_on(ours), ours);
        for next in [
            "",
            "/my",
            "/myself",
            "//evil.example",
            "https://evil.example",
            "/my//\\evil",
            "/my/../x",
            "/my/x?y",
            "/my/x\r\nb: c",
        ] {
            assert_eq!(way_on(next), "/my", "{next}");
        }
    }
}
