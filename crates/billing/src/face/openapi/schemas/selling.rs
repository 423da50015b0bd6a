//! Checkouts, on the hosted page and on the merchant's own.

use super::{
    CHECKOUT, CLIENT_SECRET, CREATED, CUSTOMER, NEXT_MONTH, ORDER, PRODUCT, SESSION, SOON,
    SUBSCRIPTION, products::units,
};
use crate::face::openapi::schema::{
    Named, always, boolean, dollars, email, integer, metadata, null_or, object, one_of, or_null,
    quiet, reference, request, said, sometimes, text, time, url,
};
use crate::model::discount::{DiscountType, DurationType};
use crate::model::period::IntervalUnit;
use crate::model::{CheckoutStatus, ProductType, Purpose, Status};
use serde_json::json;

fn buying() -> Vec<Named> {
    vec![
        (
            "product_id",
            said("This, or `product_slug`.", text(PRODUCT)),
        ),
        ("product_slug", quiet(text("pro-monthly"))),
        ("customer_email", email()),
        ("customer_name", text("Mei Lin")),
        (
            "external_customer_id",
            said("Your own id of the customer.", quiet(text("user_1"))),
        ),
        ("promotion_code", quiet(text("SAVE100"))),
        (
            "success_url",
            said(
                "`{CHECKOUT_SESSION_ID}` in it becomes the session's id.",
                quiet(url("https://shop.example/thanks")),
            ),
        ),
        ("cancel_url", quiet(url("https://shop.example/plans"))),
        (
            "metadata",
            said(
                "With a secret key only. Webhooks of this purchase show it.",
                quiet(metadata()),
            ),
        ),
    ]
}

pub fn selling() -> Vec<Named> {
    let mut session = buying();
    for (name, schema) in &mut session {
        if *name == "success_url" {
            *schema = said(
                "Where the buyer goes after paying. `{CHECKOUT_SESSION_ID}` in it becomes the session's id.",
                url("https://shop.example/thanks?session={CHECKOUT_SESSION_ID}"),
            );
        }
        if *name == "cancel_url" {
            *schema = said(
                "Required with a publishable key.",
                url("https://shop.example/plans"),
            );
        }
    }
    session.push((
        "mode",
        said(
            "Default: what the product's type suggests. `SETUP` only keeps a card.",
            quiet(one_of(Purpose::NAMES, "SUBSCRIPTION")),
        ),
    ));
    let shown = vec![
        ("id", text(SESSION)),
        ("object", always("checkout.session")),
        ("status", one_of(&["OPEN", "COMPLETED", "EXPIRED"], "OPEN")),
        ("mode", one_of(Purpose::NAMES, "SUBSCRIPTION")),
        (
            "url",
            said(
                "Send the buyer there.",
                url("http://localhost:8080/checkout/cs_5Jb2kRtq8WvX1nYz7LmP4dQe"),
            ),
        ),
        ("checkout_id", text(CHECKOUT)),
        ("product_id", text(PRODUCT)),
        ("subtotal", dollars(299)),
        ("discount", dollars(0)),
        ("amount", dollars(299)),
        ("currency", always("TWD")),
        ("customer_id", null_or(text(CUSTOMER))),
        ("customer_email", or_null(email())),
        ("subscription_id", null_or(text(SUBSCRIPTION))),
        ("order_id", null_or(text(ORDER))),
        (
            "success_url",
            or_null(url(
                "https://shop.example/thanks?session={CHECKOUT_SESSION_ID}",
            )),
        ),
        ("cancel_url", or_null(url("https://shop.example/plans"))),
        ("metadata", null_or(metadata())),
        ("livemode", boolean(false)),
        ("created_at", time(CREATED)),
        ("completed_at", null_or(time(CREATED))),
        ("expires_at", time(SOON)),
    ];
    let mut made = shown.clone();
    made.push(("client_secret", text(CLIENT_SECRET)));
    vec![
        (
            "CheckoutSessionCreate",
            request("A hosted checkout.", &["success_url"], session),
        ),
        ("CheckoutSession", object("A hosted checkout.", shown)),
        (
            "CheckoutSessionCreated",
            object(
                "A hosted checkout, with the secret that is shown this once.",
                made,
            ),
        ),
        (
            "CheckoutCreate",
            request("A checkout on your own page.", &[], buying()),
        ),
        (
            "SubscriptionCreate",
            request(
                "The first payment of a subscription.",
                &["customer_email"],
                buying(),
            ),
        ),
        (
            "CheckoutBegun",
            sometimes(
                object(
                    "A checkout, with what the card form needs.",
                    vec![
                        ("checkout", reference("CheckoutOfPage")),
                        ("product", reference("ProductOfPage")),
                        ("livemode", boolean(false)),
                        (
                            "sdk_token",
                            said(
                                "Opens the gateway's card form.",
                                or_null(text("ade97fdb60446556f4ea541de519b1aa")),
                            ),
                        ),
                        (
                            "sdk_token_expires_at",
                            or_null(time("2026-01-01T00:10:00.000Z")),
                        ),
                        (
                            "credit_token",
                            said("Of subscriptions.", or_null(text(CHECKOUT))),
                        ),
                        (
                            "sdk_timestamp",
                            said("Of subscriptions.", or_null(integer(1_767_225_600))),
                        ),
                    ],
                ),
                &["credit_token", "sdk_timestamp"],
            ),
        ),
        (
            "CheckoutOfPage",
            object(
                "A checkout.",
                vec![
                    ("id", text(CHECKOUT)),
                    ("client_secret", text(CLIENT_SECRET)),
                    ("checkout_number", text("CHK20260101000001")),
                    (
                        "status",
                        one_of(CheckoutStatus::NAMES, "REQUIRES_PAYMENT_METHOD"),
                    ),
                    ("product_id", text(PRODUCT)),
                    ("product_type", one_of(ProductType::NAMES, "SUBSCRIPTION")),
                    ("amount", dollars(299)),
                    ("currency", always("TWD")),
                    ("expires_at", time(SOON)),
                    ("max_attempts", integer(5)),
                    ("current_attempts", integer(0)),
                ],
            ),
        ),
        (
            "ProductOfPage",
            object(
                "What is bought.",
                vec![
                    ("id", text(PRODUCT)),
                    ("name", text("Pro")),
                    ("price", dollars(299)),
                    ("interval", or_null(one_of(&units(), "month"))),
                    ("description", null_or(text("Everything, for teams"))),
                ],
            ),
        ),
        (
            "CardForm",
            sometimes(
                object(
                    "What the card form needs.",
                    vec![
                        (
                            "sdk_token",
                            or_null(text("ade97fdb60446556f4ea541de519b1aa")),
                        ),
                        (
                            "sdk_token_expires_at",
                            or_null(time("2026-01-01T00:10:00.000Z")),
                        ),
                        ("credit_token", or_null(text(CHECKOUT))),
                        ("sdk_timestamp", or_null(integer(1_767_225_600))),
                    ],
                ),
                &["credit_token", "sdk_timestamp"],
            ),
        ),
        (
            "ClientSecret",
            request(
                "Shows that you began the checkout.",
                &["client_secret"],
                vec![("client_secret", text(CLIENT_SECRET))],
            ),
        ),
        (
            "CheckoutShown",
            object(
                "A checkout and its last charge.",
                vec![
                    ("checkout", reference("CheckoutNow")),
                    ("last_charge", or_null(reference("Charge"))),
                ],
            ),
        ),
        (
            "CheckoutNow",
            object(
                "A checkout.",
                vec![
                    ("id", text(CHECKOUT)),
                    ("checkout_number", text("CHK20260101000001")),
                    ("status", one_of(CheckoutStatus::NAMES, "SUCCEEDED")),
                    ("product_id", text(PRODUCT)),
                    ("amount", dollars(299)),
                    ("currency", always("TWD")),
                    ("order_id", or_null(text(ORDER))),
                    ("subscription_id", or_null(text(SUBSCRIPTION))),
                    ("expires_at", time(SOON)),
                    ("max_attempts", integer(5)),
                    ("current_attempts", integer(1)),
                ],
            ),
        ),
        (
            "CheckoutStatusShown",
            object(
                "How far a checkout is, spelled as browser SDKs read it.",
                vec![(
                    "checkout",
                    object(
                        "A checkout.",
                        vec![
                            ("id", text(CHECKOUT)),
                            ("status", one_of(CheckoutStatus::NAMES, "SUCCEEDED")),
                            ("orderId", or_null(text(ORDER))),
                            ("order_id", or_null(text(ORDER))),
                        ],
                    ),
                )],
            ),
        ),
        (
            "CheckoutPay",
            request(
                "What browser SDKs send. None of it is needed: the checkout knows its own token.",
                &[],
                vec![
                    ("credit_token", text(CHECKOUT)),
                    ("timestamp", quiet(json!({"type": ["integer", "string"]}))),
                ],
            ),
        ),
        (
            "CheckoutPaid",
            request(
                "Paid; or, with `requires3D`, where the buyer passes 3-D Secure; or, to `X-Recur-SDK-Type: react`, declined.",
                &["success"],
                vec![
                    ("success", boolean(true)),
                    ("subscription", or_null(reference("SubscriptionOfPage"))),
                    ("charge", or_null(reference("Charge"))),
                    (
                        "payment_intent",
                        object("The checkout.", vec![("id", text(CHECKOUT))]),
                    ),
                    ("order_id", or_null(text(ORDER))),
                    ("requires3D", quiet(boolean(true))),
                    ("requires_3d", quiet(boolean(true))),
                    (
                        "redirect_url",
                        said(
                            "Where the buyer passes 3-D Secure.",
                            quiet(url("https://gateway.example/3d")),
                        ),
                    ),
                    ("redirectUrl", quiet(url("https://gateway.example/3d"))),
                    (
                        "failure",
                        quiet(json!({
                            "type": "object",
                            "description": "Why the card was declined.",
                            "properties": {
                                "code": {"type": "string"},
                                "message": {"type": "string"},
                                "can_retry": {"type": "boolean"},
                            },
                            "required": ["code", "message", "can_retry"],
                        })),
                    ),
                ],
            ),
        ),
        (
            "SubscriptionOfPage",
            object(
                "The subscription that began.",
                vec![
                    ("id", text(SUBSCRIPTION)),
                    ("status", one_of(Status::NAMES, "ACTIVE")),
                    ("product_id", text(PRODUCT)),
                    ("billing_period", text("MONTHLY")),
                    ("billingPeriod", text("MONTHLY")),
                    ("current_period_start", time(CREATED)),
                    ("current_period_end", time(NEXT_MONTH)),
                ],
            ),
        ),
        (
            "CodeTyped",
            request(
                "A promotion code.",
                &["code"],
                vec![("code", text("SAVE100"))],
            ),
        ),
        (
            "DiscountShown",
            object(
                "What the code gives, spelled as browser SDKs read it.",
                vec![("discount", or_null(reference("Discount")))],
            ),
        ),
        (
            "DiscountRemoved",
            object(
                "No code applies now.",
                vec![("discount", json!({"type": "null", "const": null}))],
            ),
        ),
        (
            "Discount",
            object(
                "What a code gives at a checkout.",
                vec![
                    ("code", or_null(text("SAVE100"))),
                    ("couponName", text("New year")),
                    ("discountType", one_of(DiscountType::NAMES, "FIXED_AMOUNT")),
                    (
                        "discountAmount",
                        said("Whole dollars off the first payment.", integer(100)),
                    ),
                    ("duration", one_of(DurationType::NAMES, "ONCE")),
                    (
                        "durationMonths",
                        said("For how many periods.", null_or(integer(3))),
                    ),
                    ("bonusTrialDays", null_or(integer(7))),
                    ("bonusMonths", null_or(integer(1))),
                    (
                        "productInterval",
                        or_null(one_of(IntervalUnit::NAMES, "MONTH")),
                    ),
                    ("productIntervalCount", or_null(integer(1))),
                    ("productPrice", integer(299)),
                ],
            ),
        ),
    ]
}
