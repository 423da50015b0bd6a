//! The customer portal, and the card form that stands alone.

use super::{CHECKOUT, CREATED, CUSTOMER, ORDER, PORTAL_SESSION, PRODUCT};
use crate::face::openapi::schema::{
    Named, always, boolean, email, metadata, null_or, object, one_of, or_null, quiet, reference,
    request, said, text, time, url,
};
use serde_json::json;

pub fn portal() -> Vec<Named> {
    let session = object(
        "Access of one customer to the portal, for a while; spelled as the documentation and as the server SDK have it.",
        vec![
            ("id", text(PORTAL_SESSION)),
            ("object", always("portal.session")),
            (
                "url",
                said(
                    "Send the customer there. Known only when the session is made.",
                    or_null(url("http://localhost:8080/portal/s/ps_abc")),
                ),
            ),
            ("return_url", url("https://shop.example/account")),
            ("returnUrl", url("https://shop.example/account")),
            ("customer_id", text(CUSTOMER)),
            ("customerId", text(CUSTOMER)),
            ("locale", or_null(one_of(&["zh-TW", "en"], "zh-TW"))),
            (
                "status",
                one_of(&["active", "expired", "revoked"], "active"),
            ),
            ("expires_at", time("2026-01-01T01:00:00.000Z")),
            ("expiresAt", time("2026-01-01T01:00:00.000Z")),
            ("accessed_at", null_or(time(CREATED))),
            ("accessedAt", null_or(time(CREATED))),
            ("created_at", time(CREATED)),
            ("createdAt", time(CREATED)),
            ("livemode", boolean(false)),
        ],
    );
    let may = |what: &str| said(what, boolean(true));
    vec![
        ("PortalSession", session),
        (
            "PortalSessionCreate",
            request(
                "Whose portal.",
                &[],
                vec![
                    (
                        "customer_id",
                        said(
                            "This counts before `external_id`, and that before `email`.",
                            text(CUSTOMER),
                        ),
                    ),
                    ("external_id", quiet(text("user_1"))),
                    ("email", quiet(email())),
                    (
                        "return_url",
                        said(
                            "Default: the configuration's.",
                            url("https://shop.example/account"),
                        ),
                    ),
                    ("configuration_id", quiet(always("default"))),
                    ("locale", quiet(one_of(&["zh-TW", "en"], "zh-TW"))),
                ],
            ),
        ),
        (
            "PortalConfiguration",
            object(
                "What the portal allows, and how your pages look.",
                vec![
                    ("object", always("portal.configuration")),
                    ("id", always("default")),
                    ("return_url", or_null(url("https://shop.example/account"))),
                    ("allow_cancel", may("Whether customers may cancel.")),
                    ("allow_plan_change", may("Whether they may switch plans.")),
                    (
                        "allow_payment_update",
                        may("Whether they may change their card."),
                    ),
                    ("logo_url", null_or(url("https://shop.example/logo.png"))),
                    ("accent_color", or_null(text("#0a7d4b"))),
                    ("livemode", boolean(false)),
                ],
            ),
        ),
        (
            "PortalConfigurationUpdate",
            request(
                "What changes; the rest stays.",
                &[],
                vec![
                    ("return_url", url("https://shop.example/account")),
                    ("allow_cancel", boolean(true)),
                    ("allow_plan_change", boolean(true)),
                    ("allow_payment_update", boolean(true)),
                    ("logo_url", quiet(url("https://shop.example/logo.png"))),
                    (
                        "accent_color",
                        json!({"type": "string", "pattern": "^#[0-9a-fA-F]{6}$", "examples": ["#0a7d4b"]}),
                    ),
                ],
            ),
        ),
        (
            "ElementsConfirm",
            request(
                "Who buys what, with the card in the form of this session.",
                &["session_id", "product_id", "email"],
                vec![
                    (
                        "session_id",
                        said("Of the form's ready message.", text(CHECKOUT)),
                    ),
                    ("product_id", said("An id or a slug.", text(PRODUCT))),
                    ("email", email()),
                    ("name", text("Mei Lin")),
                    ("phone", quiet(text("0912345678"))),
                    ("external_customer_id", quiet(text("user_1"))),
                    ("metadata", quiet(metadata())),
                    ("success_url", quiet(url("https://shop.example/thanks"))),
                    ("cancel_url", quiet(url("https://shop.example/plans"))),
                ],
            ),
        ),
        (
            "ElementsConfirmed",
            request(
                "Paid, or where the buyer passes 3-D Secure.",
                &["status"],
                vec![
                    (
                        "status",
                        one_of(&["succeeded", "requires_action"], "succeeded"),
                    ),
                    ("checkout_id", text(CHECKOUT)),
                    ("order_id", or_null(text(ORDER))),
                    ("subscription", or_null(reference("Subscription"))),
                    ("charge", or_null(reference("Charge"))),
                    ("redirectUrl", quiet(url("https://gateway.example/3d"))),
                    ("redirect_url", quiet(url("https://gateway.example/3d"))),
                ],
            ),
        ),
    ]
}
