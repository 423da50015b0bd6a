//! `components.schemas`: what answers and requests are made of.

mod accounting;
mod customers;
mod keeping;
mod portal;
mod products;
mod promotions;
mod selling;
mod subscriptions;

use crate::face::openapi::schema::{
    Named, always, boolean, list, null_or, object, one_of, reference, request, said, sometimes,
    text,
};
use crate::model::Status;
use catalogue::RecurError;
use serde_json::{Map, Value};

const CREATED: &str = "2026-01-01T00:00:00.000Z";
const NEXT_MONTH: &str = "2026-02-01T00:00:00.000Z";
const SOON: &str = "2026-01-01T00:30:00.000Z";
pub const PRODUCT: &str = "prod_01kdvf2y1c5tq8b3m7w0r4h6ja";
const OTHER_PRODUCT: &str = "prod_01kdvf2y1d7wn4c9p2x5t8k1ms";
pub const CUSTOMER: &str = "cus_01kdvf3z2e6vr9d4n8y1s5j7kb";
pub const SUBSCRIPTION: &str = "sub_01kdvf40a3f7ws0e5p9z2t6k8m";
pub const CHECKOUT: &str = "chk_01kdvf3ysq8x1g6r0b4v7m2n9c";
pub const SESSION: &str = "cs_5Jb2kRtq8WvX1nYz7LmP4dQe";
pub const ORDER: &str = "ord_01kdvf402k9y2h7s1c5w8n3p0d";
pub const INVOICE: &str = "inv_01kf8n6q4m0z3j8t2d6x9p4r1e";
pub const CHARGE: &str = "ch_01kdvf401h8w1f6q0a4t7k2m9b";
pub const REFUND: &str = "re_01kf8p7r5n1a4k9v3e7y0q5s2f";
pub const COUPON: &str = "cpn_01kdvf5a6p2b5m0w4f8z1r6t3g";
pub const PROMOTION_CODE: &str = "promo_01kdvf5b7q3c6n1x5g9a2s7v4h";
const REDEMPTION: &str = "red_01kdvf5c8r4d7p2y6h0b3t8w5j";
pub const PAYMENT_LINK: &str = "pl_01kdvf5d9s5e8q3z7j1c4v9x6k";
pub const PORTAL_SESSION: &str = "portal_session_01kdvf5e0t6f9r4a8k2d5w0y7m";
pub const KEY: &str = "key_01kdvf5f1v7g0s5b9m3e6x1z8n";
pub const ENDPOINT: &str = "we_01kdvf5g2w8h1t6c0n4f7y2a9p";
pub const DELIVERY: &str = "whd_01kdvf5h3x9j2v7d1p5g8z3b0q";
pub const EVENT: &str = "evt_bc4114517b94e6aa2a4f2693a6ac3df7";
pub const CLIENT_SECRET: &str = "pi_secret_chk_01kdvf3ysq8x1g6r0b4v7m2n9c_9f2c41d7";

/// Every schema, by name.
pub fn schemas() -> Map<String, Value> {
    [
        errors(),
        products::products(),
        customers::customers(),
        selling::selling(),
        subscriptions::subscriptions(),
        accounting::accounting(),
        promotions::promotions(),
        portal::portal(),
        keeping::keeping(),
    ]
    .into_iter()
    .flatten()
    .map(|(name, schema)| (name.to_owned(), schema))
    .collect()
}

fn errors() -> Vec<Named> {
    let codes: Vec<&str> = RecurError::ENTRIES.iter().map(|entry| entry.code).collect();
    vec![
        (
            "ErrorResponse",
            object(
                "The body of every refusal.",
                vec![
                    ("error", reference("Error")),
                    (
                        "message",
                        said(
                            "`error.message` again, where browser SDKs look for it.",
                            text("Missing API key"),
                        ),
                    ),
                    (
                        "details",
                        said(
                            "`error.message` again, where browser SDKs look for it.",
                            text("Missing API key"),
                        ),
                    ),
                ],
            ),
        ),
        (
            "Error",
            sometimes(
                object(
                    "What went wrong. Decide by `code`.",
                    vec![
                        ("code", one_of(&codes, "unauthorized")),
                        (
                            "message",
                            said(
                                "For people, in the language of the request.",
                                text("Missing API key"),
                            ),
                        ),
                        (
                            "doc_url",
                            said("The code's page.", text("/docs/errors/recur/unauthorized")),
                        ),
                        (
                            "type",
                            one_of(
                                &["authentication_error", "invalid_request_error", "api_error"],
                                "authentication_error",
                            ),
                        ),
                        (
                            "details",
                            said(
                                "What is known beyond the message.",
                                list(reference("ErrorDetail")),
                            ),
                        ),
                    ],
                ),
                &["details"],
            ),
        ),
        (
            "ErrorDetail",
            request(
                "Of `validation_error`: `path`, `message`, `code` of a field. Of `payment_required`: `failure_code`, `failure_message`, \
                 `can_retry`. Of `conflict`: `existing_subscription_id` and its `status`.",
                &[],
                vec![
                    ("path", said("The field, as you spelled it.", text("email"))),
                    ("message", text("Invalid email format")),
                    ("code", text("invalid_type")),
                    ("failure_code", text("INSUFFICIENT_FUNDS")),
                    ("failure_message", text("insufficient funds")),
                    (
                        "can_retry",
                        said("Whether the same card may be tried again.", boolean(false)),
                    ),
                    ("existing_subscription_id", text(SUBSCRIPTION)),
                    ("status", one_of(Status::NAMES, "ACTIVE")),
                ],
            ),
        ),
    ]
}

/// What every page of a list has, around `items`.
fn page(items: &str, more: Vec<Named>) -> Value {
    let mut properties = vec![
        ("object", always("list")),
        ("data", list(reference(items))),
        ("has_more", boolean(false)),
        (
            "next_cursor",
            said(
                "For `starting_after`, when there are more.",
                null_or(text(CUSTOMER)),
            ),
        ),
        ("livemode", boolean(false)),
    ];
    properties.extend(more);
    object("A page of a list, the newest first.", properties)
}
