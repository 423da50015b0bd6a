//! Orders, invoices, charges, refunds.

use super::{
    CHARGE, CHECKOUT, CREATED, CUSTOMER, INVOICE, NEXT_MONTH, ORDER, PRODUCT, REFUND, SUBSCRIPTION,
    page,
};
use crate::face::openapi::schema::{
    Named, always, boolean, dollars, integer, metadata, null_or, object, one_of, or_null, quiet,
    request, said, text, time, within,
};
use crate::manage::products::HIGHEST_PRICE;
use crate::model::{
    ChargeStatus, InvoiceReason, InvoiceStatus, OrderReason, OrderStatus, RefundReason,
    RefundStatus,
};
use serde_json::json;

pub fn accounting() -> Vec<Named> {
    vec![
        (
            "Order",
            object(
                "What was bought at a checkout: a one-time purchase, or the first payment of a subscription.",
                vec![
                    ("object", always("order")),
                    ("id", text(ORDER)),
                    ("checkout_id", text(CHECKOUT)),
                    ("subscription_id", or_null(text(SUBSCRIPTION))),
                    ("customer_id", text(CUSTOMER)),
                    ("product_id", text(PRODUCT)),
                    (
                        "billing_reason",
                        one_of(OrderReason::NAMES, "SUBSCRIPTION_CREATE"),
                    ),
                    ("payment_method", always("card")),
                    ("status", one_of(OrderStatus::NAMES, "PAID")),
                    ("subtotal", dollars(299)),
                    ("discount", dollars(0)),
                    ("amount", dollars(299)),
                    ("refunded_amount", dollars(0)),
                    ("currency", always("TWD")),
                    ("metadata", null_or(metadata())),
                    ("created_at", time(CREATED)),
                    ("paid_at", or_null(time(CREATED))),
                ],
            ),
        ),
        ("OrderList", page("Order", Vec::new())),
        (
            "Invoice",
            object(
                "What a renewal or a switch costs.",
                vec![
                    ("object", always("invoice")),
                    ("id", text(INVOICE)),
                    ("invoice_number", text("INV20260201000001")),
                    ("subscription_id", text(SUBSCRIPTION)),
                    ("customer_id", text(CUSTOMER)),
                    ("product_id", text(PRODUCT)),
                    (
                        "billing_reason",
                        one_of(InvoiceReason::NAMES, "SUBSCRIPTION_CYCLE"),
                    ),
                    ("status", one_of(InvoiceStatus::NAMES, "PAID")),
                    ("subtotal", dollars(299)),
                    ("discount", dollars(0)),
                    (
                        "credit_applied",
                        said("Credit of an earlier switch.", dollars(0)),
                    ),
                    ("amount", dollars(299)),
                    ("refunded_amount", dollars(0)),
                    ("currency", always("TWD")),
                    ("period_start", time(NEXT_MONTH)),
                    ("period_end", time("2026-03-01T00:00:00.000Z")),
                    ("attempt_count", integer(1)),
                    ("next_retry_at", null_or(time("2026-02-02T00:00:00.000Z"))),
                    ("created_at", time(NEXT_MONTH)),
                    ("paid_at", or_null(time(NEXT_MONTH))),
                ],
            ),
        ),
        ("InvoiceList", page("Invoice", Vec::new())),
        (
            "Charge",
            object(
                "Money asked for from a card.",
                vec![
                    ("object", always("charge")),
                    ("id", text(CHARGE)),
                    ("status", one_of(ChargeStatus::NAMES, "SUCCEEDED")),
                    ("amount", dollars(299)),
                    ("refunded_amount", dollars(0)),
                    ("currency", always("TWD")),
                    ("failure_code", null_or(text("INSUFFICIENT_FUNDS"))),
                    ("failure_message", null_or(text("insufficient funds"))),
                    ("created_at", time(CREATED)),
                ],
            ),
        ),
        (
            "Refund",
            object(
                "Money given back.",
                vec![
                    ("object", always("refund")),
                    ("id", text(REFUND)),
                    ("refund_number", text("REF20260102000001")),
                    ("charge_id", text(CHARGE)),
                    ("order_id", or_null(text(ORDER))),
                    ("invoice_id", null_or(text(INVOICE))),
                    ("subscription_id", or_null(text(SUBSCRIPTION))),
                    ("customer_id", or_null(text(CUSTOMER))),
                    ("amount", dollars(100)),
                    ("currency", always("TWD")),
                    ("status", one_of(RefundStatus::NAMES, "SUCCEEDED")),
                    (
                        "reason",
                        one_of(RefundReason::NAMES, "REQUESTED_BY_CUSTOMER"),
                    ),
                    ("reason_detail", null_or(text("arrived late"))),
                    ("original_amount", said("Of the charge.", dollars(299))),
                    (
                        "refunded_amount",
                        said("Of the charge, so far.", dollars(100)),
                    ),
                    ("failure_code", null_or(text("REFUND03001"))),
                    ("failure_message", null_or(text("over the limit"))),
                    ("created_at", time(CREATED)),
                    ("settled_at", or_null(time(CREATED))),
                ],
            ),
        ),
        ("RefundList", page("Refund", Vec::new())),
        (
            "RefundCreate",
            request(
                "What to give back.",
                &[],
                vec![
                    (
                        "order_id",
                        said("This, or `invoice_id`, or `charge_id`.", text(ORDER)),
                    ),
                    ("invoice_id", quiet(text(INVOICE))),
                    ("charge_id", quiet(text(CHARGE))),
                    (
                        "amount",
                        said(
                            "Whole dollars. Default: all that is left.",
                            within(1, HIGHEST_PRICE, 100),
                        ),
                    ),
                    (
                        "reason",
                        one_of(
                            &["REQUESTED_BY_CUSTOMER", "DUPLICATE", "FRAUDULENT", "OTHER"],
                            "REQUESTED_BY_CUSTOMER",
                        ),
                    ),
                    (
                        "reason_detail",
                        quiet(json!({"type": "string", "maxLength": 1000})),
                    ),
                    (
                        "cancel_subscription",
                        said(
                            "Also cancel the subscription now. Default: `false`.",
                            quiet(boolean(true)),
                        ),
                    ),
                ],
            ),
        ),
    ]
}
