use crate::search;
use crate::views::{Code, List, Missing};
use crate::visit::Visit;
use askama::Template;
use axum::extract::RawPathParams;
use axum::extract::rejection::RawPathParamsRejection;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};

/// Path parameters: not UTF-8 at worst, which names no page either.
type Params = Result<RawPathParams, RawPathParamsRejection>;

pub async fn index(visit: Visit) -> Response {
    html(StatusCode::OK, &visit, &List::new(&visit, None))
}

pub async fn without_slash(visit: Visit) -> Redirect {
    Redirect::permanent(&visit.link("/docs/errors"))
}

pub async fn face(visit: Visit, params: Params) -> Response {
    let name = param(&params, "face");
    match search::face(name) {
        Some(face) => html(StatusCode::OK, &visit, &List::new(&visit, Some(face))),
        None => missing(&visit, name),
    }
}

pub async fn code(visit: Visit, params: Params) -> Response {
    let path = format!("{}/{}", param(&params, "face"), param(&params, "code"));
    match catalogue::entries().find(|entry| entry.path() == path) {
        Some(entry) => html(StatusCode::OK, &visit, &Code::new(&visit, entry)),
        None => missing(&visit, &path),
    }
}

fn missing(visit: &Visit, asked: &str) -> Response {
    html(StatusCode::NOT_FOUND, visit, &Missing::new(visit, asked))
}

fn param<'a>(params: &'a Params, name: &str) -> &'a str {
    let values = params.as_ref().map(|params| params.iter());
    values
        .ok()
        .and_then(|mut values| values.find(|(key, _)| *key == name))
        .map_or("", |(_, value)| value)
}

fn html(status: StatusCode, visit: &Visit, page: &impl Template) -> Response {
    match page.render() {
        Ok(page) => {
            let headers = [
                (header::CONTENT_LANGUAGE, visit.locale.tag()),
                (header::VARY, "accept-language"),
                (header::CACHE_CONTROL, "no-cache"),
            ];
            (status, headers, Html(page)).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
