//! The page on which an invoice can be printed.

use super::EinvoiceProviders;
use super::books::{Invoice, date_time};
use super::protocol::Answer;
use super::repo;
use askama::Template;
use axum::extract::{RawPathParams, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

#[derive(Template)]
#[template(path = "einvoice/proof.html")]
struct Page {
    invoice: Invoice,
    issued_at: String,
    period: String,
    barcode: String,
    left: String,
    right: String,
}

/// `GET /print/{token}`: 404 once the address has expired.
pub(super) async fn print(
    State(providers): State<EinvoiceProviders>,
    params: RawPathParams,
) -> Response {
    let token = params.iter().map(|(_, token)| token.to_owned()).next();
    let (token, now) = (token.unwrap_or_default(), providers.now());
    let found = providers
        .shared
        .db
        .read(move |tx| repo::print(tx, &token, now))
        .await;
    let invoice = match found {
        Ok(Some(invoice)) => invoice,
        Ok(None) => return (StatusCode::NOT_FOUND, Answer::Html).into_response(),
        Err(error) => return Answer::from(error).into_response(),
    };
    let config = &providers.shared.config;
    let Some(proof) = invoice.proof(&config.seller) else {
        return (StatusCode::NOT_FOUND, Answer::Html).into_response();
    };
    let [left, right] = proof
        .qr(&config.qr_key, super::books::QR_CAPACITY)
        .unwrap_or_default();
    let page = Page {
        issued_at: date_time(invoice.issued_at),
        period: proof.date.period().to_string(),
        barcode: proof.barcode(),
        left,
        right,
        invoice,
    };
    match page.render() {
        Ok(html) => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
        Err(_) => Answer::Down.into_response(),
    }
}
