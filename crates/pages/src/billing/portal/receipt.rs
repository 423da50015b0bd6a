//! Receipts, to be printed.

use super::{Visitor, enter};
use crate::ask::Ask;
use crate::billing::assets;
use crate::billing::frame::{Frame, Policy, html, trouble};
use crate::billing::text;
use crate::billing::words::ReceiptWords;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use billing::Billing;
use billing::model::{InvoiceReason, OrderStatus};
use billing::receipt::{Bill, Receipt};

/// A receipt.
#[derive(Template)]
#[template(path = "billing/receipt.html")]
struct Page {
    frame: Frame,
    words: &'static ReceiptWords,
    number: String,
    paid_on: String,
    paid_with: Option<String>,
    billed_to: Vec<String>,
    item: String,
    period: Option<String>,
    status: &'static str,
    subtotal: String,
    discount: Option<String>,
    discount_label: &'static str,
    credit: Option<String>,
    total: String,
    refunded: Option<String>,
    back: String,
    script: String,
}

/// The receipt of an order or an invoice.
pub async fn page(State(billing): State<Billing>, mut ask: Ask) -> Response {
    let id = ask.param("id").to_owned();
    let found = async {
        let visitor = enter(&billing, &mut ask).await?;
        let receipt = billing
            .portal_receipt(&visitor.scope, &visitor.session, &id)
            .await?;
        let view = billing
            .portal_view(&visitor.scope, visitor.session.clone())
            .await?;
        Ok((visitor, receipt, view.customer))
    };
    let (visitor, receipt, customer) = match found.await {
        Ok(found) => found,
        Err(error) => return trouble(&ask, None, Policy::default(), &error),
    };
    let billed_to = [customer.name, customer.email]
        .into_iter()
        .flatten()
        .collect();
    let page = Page::new(&ask, &visitor, receipt, billed_to);
    html(StatusCode::OK, &page.frame, &page)
}

impl Page {
    fn new(ask: &Ask, visitor: &Visitor, receipt: Receipt, billed_to: Vec<String>) -> Self {
        let (words, locale) = (ask.words(), ask.locale());
        let Receipt {
            bill,
            product,
            card,
            paid_at,
        } = receipt;
        let off = |amount: i64| (amount > 0).then(|| text::money(-amount));
        let (number, subtotal, discount, credit, total, refunded, period) = match &bill {
            Bill::Order(order) => (
                order.order_id.to_string(),
                order.subtotal,
                order.discount,
                0,
                order.amount,
                order.refunded_amount,
                None,
            ),
            Bill::Invoice(invoice) => (
                invoice.number.clone(),
                invoice.subtotal,
                invoice.discount,
                invoice.credit_applied,
                invoice.amount,
                invoice.refunded_amount,
                Some((invoice.period_start, invoice.period_end)),
            ),
        };
        // Of a switch, what is taken off is the rest of the old plan.
        let (item, discount_label) = match &bill {
            Bill::Invoice(invoice) if invoice.billing_reason == InvoiceReason::Update => (
                format!("{} · {}", product.name, words.portal.switch),
                words.portal.preview_credit,
            ),
            _ => (product.name, words.receipt.discount),
        };
        let status = match &bill {
            Bill::Order(order) if order.status == OrderStatus::Refunded => words.status.refunded,
            _ if refunded >= total && total > 0 => words.status.refunded,
            _ if refunded > 0 => words.status.partially_refunded,
            _ => words.status.paid,
        };
        Self {
            frame: Frame::new(ask, Some(&visitor.shop), words.receipt.title),
            words: &words.receipt,
            number,
            paid_on: text::day(paid_at, locale),
            paid_with: card.map(|card| (words.portal.card_ending)(&card.last_four)),
            billed_to,
            item,
            period: period.map(|(start, end)| {
                format!("{} – {}", text::day(start, locale), text::day(end, locale))
            }),
            status,
            subtotal: text::money(subtotal),
            discount: off(discount),
            discount_label,
            credit: off(credit),
            total: text::money(total),
            refunded: off(refunded),
            back: visitor.link(ask, ""),
            script: assets::PORTAL.href(),
        }
    }
}
