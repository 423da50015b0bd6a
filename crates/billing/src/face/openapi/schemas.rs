//! `components.schemas`: what answers and requests are made of.

use super::schema::{
    Named, always, boolean, dollars, email, integer, list, metadata, null_or, object, one_of,
    or_null, quiet, reference, request, said, sometimes, text, time, url, within,
};
use crate::manage::products::{HIGHEST_PRICE, LOWEST_PRICE};
use crate::model::discount::{DiscountType, DurationType};
use crate::model::period::IntervalUnit;
use crate::model::proration::{SwitchKind, Timing};
use crate::model::{
    ChargeStatus, CheckoutStatus, CustomerStatus, Eligibility, EventKind, InvoiceReason,
    InvoiceStatus, OrderReason, OrderStatus, ProductType, Purpose, RefundReason, RefundStatus,
    Status,
};
use crate::repo::CollectPaymentMethod;
use catalogue::RecurError;
use serde_json::{Map, Value, json};

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
        products(),
        customers(),
        selling(),
        subscriptions(),
        accounting(),
        promotions(),
        portal(),
        keeping(),
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

fn units() -> Vec<&'static str> {
    IntervalUnit::NAMES
        .iter()
        .filter_map(|name| IntervalUnit::of(name))
        .map(IntervalUnit::lower)
        .collect()
}

fn products() -> Vec<Named> {
    vec![
        (
            "Product",
            object(
                "Something that is sold.",
                vec![
                    ("object", always("product")),
                    ("id", text(PRODUCT)),
                    ("name", text("Pro")),
                    (
                        "slug",
                        said("Its name in addresses and code.", text("pro-monthly")),
                    ),
                    ("description", null_or(text("Everything, for teams"))),
                    ("type", one_of(ProductType::NAMES, "SUBSCRIPTION")),
                    ("billing_period", text("MONTHLY")),
                    ("interval", or_null(one_of(&units(), "month"))),
                    ("interval_count", or_null(integer(1))),
                    ("price", dollars(299)),
                    ("currency", always("TWD")),
                    ("trial_days", null_or(integer(14))),
                    (
                        "grace_period_days",
                        said(
                            "For how many days the right outlasts an unpaid period.",
                            integer(3),
                        ),
                    ),
                    (
                        "retry_days",
                        said(
                            "On which days after the first failure a charge is tried again.",
                            list(integer(1)),
                        ),
                    ),
                    (
                        "credits",
                        said("How many credits are in the pack.", null_or(integer(100))),
                    ),
                    ("metadata", metadata()),
                    (
                        "product_family",
                        said("Variants of one product share it.", or_null(text("pro"))),
                    ),
                    ("display_order", integer(0)),
                    ("active", said("Whether it is sold.", boolean(true))),
                    ("created_at", time(CREATED)),
                    ("updated_at", time(CREATED)),
                ],
            ),
        ),
        (
            "ProductList",
            object(
                "Everything on sale.",
                vec![("products", list(reference("Product")))],
            ),
        ),
        (
            "ProductCreate",
            request("A product.", &["name", "price"], product_fields(true)),
        ),
        (
            "ProductUpdate",
            request(
                "What changes; the rest stays. Subscriptions that run keep their terms.",
                &[],
                product_fields(false),
            ),
        ),
    ]
}

fn product_fields(create: bool) -> Vec<Named> {
    let mut fields = vec![
        (
            "name",
            json!({"type": "string", "maxLength": 100, "examples": ["Pro"]}),
        ),
        (
            "price",
            said(
                "Whole New Taiwan dollars.",
                within(LOWEST_PRICE, HIGHEST_PRICE, 299),
            ),
        ),
        (
            "slug",
            said(
                "Letters, digits and hyphens, of no other product. Default: made of the name.",
                text("pro-monthly"),
            ),
        ),
        ("description", quiet(text(""))),
        (
            "trial_days",
            said("Of subscriptions.", quiet(within(1, 730, 14))),
        ),
        (
            "grace_period_days",
            said(
                "For how many days the right outlasts an unpaid period. Default: 3.",
                quiet(within(0, 60, 3)),
            ),
        ),
        (
            "retry_days",
            said(
                "On which days after the first failure a charge is tried again, in order and within the grace period. Default: 1, 2, 3.",
                list(quiet(integer(1))),
            ),
        ),
        (
            "credits",
            said(
                "How many credits are in the pack: of `CREDITS`.",
                quiet(integer(100)),
            ),
        ),
        (
            "product_family",
            said("Variants of one product share it.", quiet(text("pro"))),
        ),
        (
            "display_order",
            said("Lists show lower ones first.", quiet(integer(0))),
        ),
        ("metadata", quiet(metadata())),
        ("active", said("Whether it is sold.", quiet(boolean(true)))),
        (
            "interval",
            said(
                "With `interval_count`, instead of `billing_period`.",
                quiet(one_of(&units(), "month")),
            ),
        ),
        (
            "interval_count",
            said("3 of `month` are a quarter. Default: 1.", quiet(integer(1))),
        ),
    ];
    let period = one_of(&["WEEKLY", "MONTHLY", "QUARTERLY", "YEARLY"], "MONTHLY");
    let kind = said(
        "Default: `SUBSCRIPTION` if a period is named, `ONE_TIME` otherwise. It cannot be changed.",
        one_of(ProductType::NAMES, "SUBSCRIPTION"),
    );
    if create {
        fields.extend([
            ("type", kind),
            ("billing_period", said("Of subscriptions.", period)),
        ]);
    } else {
        fields.extend([("type", quiet(kind)), ("billing_period", quiet(period))]);
    }
    fields
}

fn customer_fields() -> Vec<Named> {
    vec![
        ("object", always("customer")),
        ("id", text(CUSTOMER)),
        ("email", or_null(email())),
        ("name", or_null(text("Mei Lin"))),
        ("external_id", said("Your own id.", or_null(text("user_1")))),
        ("email_verified", boolean(false)),
        (
            "status",
            said(
                "`BANNED` customers cannot buy.",
                one_of(CustomerStatus::NAMES, "ACTIVE"),
            ),
        ),
        ("metadata", metadata()),
        ("created_at", time(CREATED)),
        ("updated_at", time(CREATED)),
    ]
}

fn customer_brief() -> Vec<Named> {
    vec![
        ("id", text(CUSTOMER)),
        ("email", or_null(email())),
        ("name", or_null(text("Mei Lin"))),
        ("external_id", or_null(text("user_1"))),
    ]
}

fn customers() -> Vec<Named> {
    let mut one = customer_fields();
    one.push(("livemode", boolean(false)));
    let mut listed = customer_fields();
    listed.extend([
        ("subscriptions_count", integer(1)),
        ("orders_count", integer(1)),
    ]);
    vec![
        ("Customer", object("Somebody who buys.", one)),
        ("CustomerOfList", object("Somebody who buys.", listed)),
        ("CustomerList", page("CustomerOfList", Vec::new())),
        (
            "CustomerBrief",
            object("Somebody who buys, in short.", customer_brief()),
        ),
        (
            "CustomerCreate",
            request(
                "A customer.",
                &["email"],
                vec![
                    ("email", said("Cannot be changed later.", email())),
                    ("name", text("Mei Lin")),
                    (
                        "external_id",
                        said("Your own id, of no other customer.", text("user_1")),
                    ),
                    ("metadata", quiet(metadata())),
                ],
            ),
        ),
        (
            "CustomerUpdate",
            request(
                "What changes; the rest stays.",
                &[],
                vec![
                    ("name", text("Mei Lin")),
                    ("external_id", quiet(text("user_1"))),
                    ("status", quiet(one_of(CustomerStatus::NAMES, "ACTIVE"))),
                    ("metadata", quiet(metadata())),
                ],
            ),
        ),
        (
            "Entitlements",
            object(
                "What a customer may use now. Somebody unknown may use nothing: `customer` is `null` and the list empty.",
                vec![
                    ("customer", or_null(reference("CustomerBrief"))),
                    (
                        "subscription",
                        said(
                            "The newest subscription that is valid.",
                            or_null(reference("EntitledSubscription")),
                        ),
                    ),
                    ("entitlements", list(reference("Entitlement"))),
                ],
            ),
        ),
        (
            "EntitledSubscription",
            object(
                "A subscription, in short.",
                vec![
                    ("id", text(SUBSCRIPTION)),
                    ("status", one_of(Status::NAMES, "ACTIVE")),
                    ("product", reference("EntitledProduct")),
                    ("current_period_end", time(NEXT_MONTH)),
                ],
            ),
        ),
        (
            "EntitledProduct",
            object(
                "A product, in short.",
                vec![
                    ("id", text(PRODUCT)),
                    ("slug", text("pro-monthly")),
                    ("name", text("Pro")),
                ],
            ),
        ),
        (
            "Entitlement",
            sometimes(
                object(
                    "The right to use one product.",
                    vec![
                        ("product", said("The product's slug.", text("pro-monthly"))),
                        ("product_id", text(PRODUCT)),
                        (
                            "status",
                            said(
                                "`canceled`: until `expires_at` only. `past_due`: in the grace period. `purchased`: for good.",
                                one_of(
                                    &["active", "trialing", "past_due", "canceled", "purchased"],
                                    "active",
                                ),
                            ),
                        ),
                        ("source", one_of(&["subscription", "order"], "subscription")),
                        ("source_id", text(SUBSCRIPTION)),
                        ("granted_at", time(CREATED)),
                        ("expires_at", or_null(time(NEXT_MONTH))),
                        ("subscription_id", text(SUBSCRIPTION)),
                    ],
                ),
                &["subscription_id"],
            ),
        ),
        (
            "Credits",
            object(
                "The credits of a customer.",
                vec![("balance", integer(120))],
            ),
        ),
        (
            "CreditsDeduct",
            request(
                "Credits that were used.",
                &["amount"],
                vec![
                    ("amount", within(1, 1_000_000_000_000, 10)),
                    ("description", text("10 pages")),
                ],
            ),
        ),
    ]
}

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

fn selling() -> Vec<Named> {
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

fn subscriptions() -> Vec<Named> {
    vec![
        (
            "Subscription",
            sometimes(
                object(
                    "What a customer has subscribed to.",
                    vec![
                        ("object", always("subscription")),
                        ("id", text(SUBSCRIPTION)),
                        ("status", one_of(Status::NAMES, "ACTIVE")),
                        ("customer_id", text(CUSTOMER)),
                        (
                            "customer",
                            said("Not in lists of one customer.", reference("CustomerBrief")),
                        ),
                        ("product_id", text(PRODUCT)),
                        ("product_slug", text("pro-monthly")),
                        ("product_name", text("Pro")),
                        (
                            "amount",
                            said("A period's price when it was bought.", dollars(299)),
                        ),
                        ("currency", always("TWD")),
                        ("interval", one_of(&units(), "month")),
                        ("interval_count", integer(1)),
                        ("current_period_start", time(CREATED)),
                        ("current_period_end", time(NEXT_MONTH)),
                        ("cancel_at_period_end", boolean(false)),
                        ("canceled_at", null_or(time(CREATED))),
                        ("cancel_reason", null_or(text("too expensive"))),
                        ("started_at", or_null(time(CREATED))),
                        ("ended_at", null_or(time(CREATED))),
                        ("paused_at", null_or(time(CREATED))),
                        ("trial_ends_at", null_or(time(CREATED))),
                        (
                            "grace_ends_at",
                            said(
                                "Until when it may be paid after a failed charge.",
                                null_or(time(CREATED)),
                            ),
                        ),
                        (
                            "next_billing_date",
                            said("When the card is charged next.", or_null(time(NEXT_MONTH))),
                        ),
                        (
                            "coupon",
                            null_or(json!({
                                "type": "object",
                                "properties": {
                                    "id": {"type": "string"},
                                    "name": {"type": "string"},
                                    "promotion_code": {"type": ["string", "null"]},
                                },
                                "required": ["id", "name", "promotion_code"],
                            })),
                        ),
                        ("coupon_remaining_cycles", null_or(integer(2))),
                        (
                            "discount_amount",
                            said("What the coupon takes off the next period.", integer(0)),
                        ),
                        (
                            "credit_balance",
                            said(
                                "Left over from a switch; taken off the next invoice.",
                                integer(0),
                            ),
                        ),
                        ("scheduled_change", null_or(reference("ScheduledChange"))),
                        ("metadata", null_or(metadata())),
                        ("created_at", time(CREATED)),
                        ("updated_at", time(CREATED)),
                    ],
                ),
                &["customer"],
            ),
        ),
        (
            "ScheduledChange",
            object(
                "A switch that waits for the period's end.",
                vec![
                    ("product_id", text(OTHER_PRODUCT)),
                    ("switch_type", one_of(SwitchKind::NAMES, "DOWNGRADE")),
                    ("scheduled_for", time(NEXT_MONTH)),
                ],
            ),
        ),
        (
            "SubscriptionList",
            page(
                "Subscription",
                vec![
                    (
                        "has_active_subscription",
                        said(
                            "Whether any that is asked for is `ACTIVE`, `TRIAL` or `PAST_DUE`.",
                            boolean(true),
                        ),
                    ),
                    (
                        "subscriptions",
                        said(
                            "`data` under its older name.",
                            list(reference("Subscription")),
                        ),
                    ),
                ],
            ),
        ),
        (
            "SubscriptionCancel",
            request(
                "When it ends.",
                &[],
                vec![
                    (
                        "cancel_at_period_end",
                        said("`false` ends it now. Default: `true`.", boolean(true)),
                    ),
                    ("reason", text("too expensive")),
                ],
            ),
        ),
        (
            "SubscriptionSwitch",
            request(
                "To which product.",
                &[],
                vec![
                    (
                        "target_product_id",
                        said("This, or `target_product_slug`.", text(OTHER_PRODUCT)),
                    ),
                    ("target_product_slug", quiet(text("pro-yearly"))),
                ],
            ),
        ),
        (
            "SwitchPreview",
            object("What a switch would mean.", switch_fields()),
        ),
        (
            "Switched",
            object("What was done.", {
                let mut fields = switch_fields();
                fields.extend([
                    ("success", boolean(true)),
                    ("subscription", reference("Subscription")),
                    (
                        "invoice",
                        said("What was charged at once.", or_null(reference("Invoice"))),
                    ),
                ]);
                fields
            }),
        ),
        (
            "Proration",
            object(
                "The money of a switch at once.",
                vec![
                    (
                        "credit",
                        said("Given back for the rest of the old period.", dollars(150)),
                    ),
                    (
                        "charge",
                        said(
                            "The new plan, for the rest of the period or a whole new one.",
                            dollars(330),
                        ),
                    ),
                    (
                        "credit_left",
                        said(
                            "Credit beyond the charge: taken off the next invoice.",
                            dollars(0),
                        ),
                    ),
                ],
            ),
        ),
    ]
}

fn switch_fields() -> Vec<Named> {
    vec![
        ("switch_type", one_of(SwitchKind::NAMES, "UPGRADE")),
        ("effective", one_of(Timing::NAMES, "IMMEDIATE")),
        ("scheduled_for", null_or(time(NEXT_MONTH))),
        ("target_product_id", text(OTHER_PRODUCT)),
        ("amount_due", said("Charged at once.", dollars(180))),
        ("proration", or_null(reference("Proration"))),
        ("currency", always("TWD")),
    ]
}

fn accounting() -> Vec<Named> {
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

fn promotions() -> Vec<Named> {
    vec![
        (
            "Coupon",
            object(
                "The rule of a discount.",
                vec![
                    ("object", always("coupon")),
                    ("id", text(COUPON)),
                    ("name", text("New year")),
                    ("discount_type", one_of(DiscountType::NAMES, "FIXED_AMOUNT")),
                    (
                        "discount_amount",
                        said("Whole dollars; of `PERCENTAGE`, per cent.", integer(100)),
                    ),
                    ("duration", one_of(DurationType::NAMES, "REPEATING")),
                    (
                        "duration_months",
                        said("For how many periods: of `REPEATING`.", or_null(integer(3))),
                    ),
                    ("bonus_trial_days", null_or(integer(7))),
                    ("bonus_months", null_or(integer(1))),
                    ("minimum_amount", null_or(integer(200))),
                    (
                        "product_ids",
                        said("Empty: all products.", list(text(PRODUCT))),
                    ),
                    ("active", boolean(true)),
                    ("metadata", metadata()),
                    ("created_at", time(CREATED)),
                    ("updated_at", time(CREATED)),
                ],
            ),
        ),
        ("CouponList", page("Coupon", Vec::new())),
        (
            "CouponCreate",
            request(
                "The rule of a discount.",
                &["name", "discount_type", "discount_amount"],
                vec![
                    ("name", text("New year")),
                    ("discount_type", one_of(DiscountType::NAMES, "FIXED_AMOUNT")),
                    (
                        "discount_amount",
                        said(
                            "Whole dollars off; of `PERCENTAGE`, 1 to 100; of `FIRST_PERIOD_PRICE`, what the first period costs.",
                            integer(100),
                        ),
                    ),
                    (
                        "duration",
                        said("Default: `ONCE`.", one_of(DurationType::NAMES, "REPEATING")),
                    ),
                    (
                        "duration_months",
                        said("For how many periods: of `REPEATING`.", within(1, 1200, 3)),
                    ),
                    ("bonus_trial_days", quiet(within(1, 730, 7))),
                    (
                        "bonus_months",
                        said(
                            "Free months before the first renewal.",
                            quiet(within(1, 24, 1)),
                        ),
                    ),
                    (
                        "minimum_amount",
                        said("From which price on it counts.", quiet(integer(200))),
                    ),
                    (
                        "product_ids",
                        said("Default: all products.", list(quiet(text(PRODUCT)))),
                    ),
                    ("metadata", quiet(metadata())),
                ],
            ),
        ),
        (
            "CouponUpdate",
            request(
                "What changes; the rest stays.",
                &[],
                vec![
                    ("name", text("New year, again")),
                    ("active", quiet(boolean(false))),
                    ("metadata", quiet(metadata())),
                ],
            ),
        ),
        (
            "PromotionCode",
            object(
                "What buyers type to get a coupon.",
                vec![
                    ("id", text(PROMOTION_CODE)),
                    ("code", text("SAVE100")),
                    ("coupon_id", text(COUPON)),
                    ("active", boolean(true)),
                    ("valid_from", null_or(time(CREATED))),
                    ("valid_until", or_null(time("2026-06-30T15:59:59.000Z"))),
                    ("max_redemptions", or_null(integer(100))),
                    ("max_redemptions_per_customer", or_null(integer(1))),
                    ("current_redemptions", integer(0)),
                    ("minimum_amount", null_or(integer(200))),
                    ("customer_eligibility", one_of(Eligibility::NAMES, "ALL")),
                    ("restricted_to_customer_id", null_or(text(CUSTOMER))),
                    ("metadata", null_or(metadata())),
                    ("created_at", time(CREATED)),
                    ("updated_at", time(CREATED)),
                ],
            ),
        ),
        (
            "PromotionCodeAnswer",
            answer("A promotion code.", reference("PromotionCode")),
        ),
        (
            "PromotionCodeList",
            page("PromotionCode", vec![("success", boolean(true))]),
        ),
        (
            "PromotionCodeCreate",
            request("A promotion code.", &["coupon_id", "code"], {
                let mut fields = code_rules();
                fields.extend([
                    ("coupon_id", text(COUPON)),
                    (
                        "code",
                        json!({"type": "string", "pattern": "^[A-Z0-9]{3,20}$", "minLength": 3, "maxLength": 20, "examples": ["SAVE100"]}),
                    ),
                    ("customer_eligibility", said("Default: `ALL`.", quiet(one_of(Eligibility::NAMES, "ALL")))),
                    ("restricted_to_customer_id", quiet(text(CUSTOMER))),
                ]);
                fields
            }),
        ),
        (
            "PromotionCodeUpdate",
            request("What changes; the rest stays.", &[], code_rules()),
        ),
        (
            "PromotionCodeValidate",
            request(
                "A code, a product, and who wants it.",
                &["code"],
                vec![
                    ("code", text("SAVE100")),
                    (
                        "product_id",
                        said("This, or `product_slug`.", text(PRODUCT)),
                    ),
                    ("product_slug", quiet(text("pro-monthly"))),
                    ("customer_email", quiet(email())),
                ],
            ),
        ),
        (
            "PromotionCodeOffer",
            answer(
                "What the code would do.",
                object(
                    "An offer.",
                    vec![
                        ("valid", boolean(true)),
                        ("code", or_null(text("SAVE100"))),
                        ("promotion_code_id", text(PROMOTION_CODE)),
                        ("discount", reference("Discount")),
                        ("amount", said("The first payment.", dollars(199))),
                        ("amount_off", dollars(100)),
                        ("currency", always("TWD")),
                    ],
                ),
            ),
        ),
        (
            "RedemptionList",
            page("Redemption", vec![("success", boolean(true))]),
        ),
        (
            "Redemption",
            object(
                "A use of a promotion code.",
                vec![
                    ("id", text(REDEMPTION)),
                    ("promotion_code_id", text(PROMOTION_CODE)),
                    ("customer_id", or_null(text(CUSTOMER))),
                    ("checkout_id", text(CHECKOUT)),
                    ("discount_amount", integer(100)),
                    ("created_at", time(CREATED)),
                ],
            ),
        ),
        (
            "PaymentLink",
            object(
                "A permanent address at which one product is sold.",
                vec![
                    ("id", text(PAYMENT_LINK)),
                    ("object", always("payment_link")),
                    ("url", url("http://localhost:8080/buy/7sY3cxcrX1T1ep4")),
                    ("url_id", text("7sY3cxcrX1T1ep4")),
                    ("active", boolean(true)),
                    ("product_id", text(PRODUCT)),
                    ("product", reference("ProductOfLink")),
                    ("promotion_code", or_null(text("SAVE100"))),
                    (
                        "collect_payment_method",
                        one_of(CollectPaymentMethod::NAMES, "always"),
                    ),
                    ("success_url", or_null(url("https://shop.example/thanks"))),
                    ("max_completions", or_null(integer(100))),
                    ("metadata", null_or(metadata())),
                    ("environment", one_of(&["SANDBOX", "PRODUCTION"], "SANDBOX")),
                    ("view_count", integer(0)),
                    ("session_count", integer(0)),
                    ("completed_count", integer(0)),
                    ("created_at", time(CREATED)),
                    ("updated_at", time(CREATED)),
                ],
            ),
        ),
        ("PaymentLinkList", page("PaymentLink", Vec::new())),
        (
            "PaymentLinkCreate",
            request(
                "What the link sells.",
                &[],
                vec![
                    (
                        "product_id",
                        said("This, or `product_slug`.", text(PRODUCT)),
                    ),
                    ("product_slug", quiet(text("pro-monthly"))),
                    (
                        "promotion_code",
                        said("It applies to every visit.", quiet(text("SAVE100"))),
                    ),
                    (
                        "collect_payment_method",
                        said(
                            "Default: `always`.",
                            quiet(one_of(CollectPaymentMethod::NAMES, "always")),
                        ),
                    ),
                    ("success_url", url("https://shop.example/thanks")),
                    (
                        "max_completions",
                        said(
                            "How often it can be used. Default: as often as you like.",
                            integer(100),
                        ),
                    ),
                    ("metadata", quiet(metadata())),
                    ("active", quiet(boolean(true))),
                ],
            ),
        ),
        (
            "PaymentLinkUpdate",
            request(
                "What changes; the rest stays.",
                &[],
                vec![
                    ("active", boolean(false)),
                    ("success_url", quiet(url("https://shop.example/thanks"))),
                    ("max_completions", quiet(integer(100))),
                    ("metadata", quiet(metadata())),
                ],
            ),
        ),
        (
            "ProductOfLink",
            object(
                "What a link sells.",
                vec![
                    ("id", text(PRODUCT)),
                    ("name", text("Pro")),
                    ("slug", text("pro-monthly")),
                    ("price", dollars(299)),
                    ("currency", always("TWD")),
                    ("type", one_of(ProductType::NAMES, "SUBSCRIPTION")),
                ],
            ),
        ),
    ]
}

/// `{success, data}`.
fn answer(description: &str, data: Value) -> Value {
    object(
        description,
        vec![("success", boolean(true)), ("data", data)],
    )
}

fn code_rules() -> Vec<Named> {
    vec![
        ("active", quiet(boolean(true))),
        ("valid_from", quiet(time(CREATED))),
        (
            "valid_until",
            said("Later than `valid_from`.", time("2026-06-30T15:59:59.000Z")),
        ),
        ("max_redemptions", said("How often in all.", integer(100))),
        (
            "max_redemptions_per_customer",
            said("Default: 1.", quiet(integer(1))),
        ),
        (
            "minimum_amount",
            said("From which price on it counts.", quiet(integer(200))),
        ),
        ("metadata", quiet(metadata())),
    ]
}

fn portal() -> Vec<Named> {
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

fn endpoint_fields() -> Vec<Named> {
    vec![
        ("object", always("webhook_endpoint")),
        ("id", text(ENDPOINT)),
        ("url", url("https://shop.example/webhooks")),
        (
            "events",
            said("`*`: all.", list(text("subscription.renewed"))),
        ),
        (
            "upper_case",
            said(
                "Whether names of states come in capitals, as the API answers them.",
                boolean(false),
            ),
        ),
        ("enabled", boolean(true)),
        (
            "disabled_reason",
            said(
                "`failing`: every attempt failed for too long.",
                null_or(one_of(&["owner", "failing"], "failing")),
            ),
        ),
        ("failing_since", null_or(time(CREATED))),
        ("created_at", time(CREATED)),
        ("updated_at", time(CREATED)),
        ("livemode", boolean(false)),
    ]
}

fn delivery_fields() -> Vec<Named> {
    vec![
        ("object", always("webhook_delivery")),
        ("id", text(DELIVERY)),
        ("webhook_endpoint_id", text(ENDPOINT)),
        ("event_id", text(EVENT)),
        ("event_type", text("subscription.renewed")),
        ("object_id", text(SUBSCRIPTION)),
        (
            "status",
            one_of(&["pending", "succeeded", "failed"], "succeeded"),
        ),
        ("attempt_count", integer(1)),
        ("next_attempt_at", null_or(time(CREATED))),
        ("response_status", or_null(integer(200))),
        ("error", null_or(text("answered 500 Internal Server Error"))),
        ("created_at", time(CREATED)),
        ("completed_at", or_null(time(CREATED))),
    ]
}

fn key_fields() -> Vec<Named> {
    vec![
        ("object", always("api_key")),
        ("id", text(KEY)),
        ("type", one_of(&["PUBLISHABLE", "SECRET"], "SECRET")),
        ("environment", one_of(&["SANDBOX", "PRODUCTION"], "SANDBOX")),
        ("name", text("shop")),
        ("hint", text("sk_test_…x7Qd")),
        (
            "manages_keys",
            said("Whether it may make and revoke keys.", boolean(false)),
        ),
        ("created_at", time(CREATED)),
        ("expires_at", null_or(time(CREATED))),
        ("revoked_at", null_or(time(CREATED))),
    ]
}

fn keeping() -> Vec<Named> {
    let with = |mut fields: Vec<Named>, more: Vec<Named>| {
        fields.extend(more);
        fields
    };
    let kinds = || {
        let mut names = vec!["*"];
        names.extend(EventKind::NAMES);
        list(one_of(&names, "subscription.renewed"))
    };
    vec![
        (
            "Empty",
            request("Nothing is read from it.", &[], Vec::new()),
        ),
        (
            "WebhookEndpoint",
            object("Who is told what happens.", endpoint_fields()),
        ),
        ("WebhookEndpointList", page("WebhookEndpoint", Vec::new())),
        (
            "WebhookEndpointShown",
            object(
                "Who is told what happens, and how that has gone.",
                with(
                    endpoint_fields(),
                    vec![(
                        "deliveries",
                        object(
                            "As far as they are kept.",
                            vec![
                                ("succeeded", integer(12)),
                                ("failed", integer(0)),
                                ("pending", integer(1)),
                                ("last_completed_at", or_null(time(CREATED))),
                            ],
                        ),
                    )],
                ),
            ),
        ),
        (
            "WebhookEndpointWithSecret",
            object(
                "Who is told what happens, with the secret that is shown this once.",
                with(
                    endpoint_fields(),
                    vec![(
                        "secret",
                        said(
                            "Signs the bodies.",
                            text("whsec_2yX8dQv0Zk7rJ4mT9bW1cN6hLs3pAeFu"),
                        ),
                    )],
                ),
            ),
        ),
        (
            "WebhookEndpointCreate",
            request(
                "Where to send which events.",
                &["url"],
                vec![
                    (
                        "url",
                        said(
                            "https, and public unless the operator allows otherwise.",
                            url("https://shop.example/webhooks"),
                        ),
                    ),
                    ("events", said("Default: all.", kinds())),
                    ("upper_case", quiet(boolean(false))),
                ],
            ),
        ),
        (
            "WebhookEndpointUpdate",
            request(
                "What changes; the rest stays.",
                &[],
                vec![
                    ("url", quiet(url("https://shop.example/webhooks"))),
                    ("events", quiet(kinds())),
                    ("upper_case", quiet(boolean(false))),
                    (
                        "enabled",
                        said("Enabling forgives all failures.", boolean(true)),
                    ),
                ],
            ),
        ),
        (
            "WebhookEndpointDeleted",
            object(
                "It is gone, with its deliveries.",
                vec![
                    ("object", always("webhook_endpoint")),
                    ("id", text(ENDPOINT)),
                    ("deleted", boolean(true)),
                ],
            ),
        ),
        (
            "WebhookTest",
            request(
                "Which event to pretend.",
                &[],
                vec![(
                    "type",
                    said(
                        "Default: `checkout.completed`.",
                        one_of(EventKind::NAMES, "subscription.renewed"),
                    ),
                )],
            ),
        ),
        (
            "WebhookDelivery",
            object("One event on its way to one endpoint.", delivery_fields()),
        ),
        ("WebhookDeliveryList", page("WebhookDelivery", Vec::new())),
        (
            "WebhookDeliveryShown",
            object(
                "One event on its way to one endpoint, with its attempts.",
                with(
                    delivery_fields(),
                    vec![
                        ("attempts", list(reference("WebhookAttempt"))),
                        (
                            "request_body",
                            said(
                                "As the next attempt would send it.",
                                text("{\"id\":\"evt_…\"}"),
                            ),
                        ),
                    ],
                ),
            ),
        ),
        (
            "WebhookAttempt",
            object(
                "One request to the endpoint.",
                vec![
                    ("attempt", integer(1)),
                    ("response_status", or_null(integer(200))),
                    (
                        "response_body",
                        said("The start of it.", or_null(text("ok"))),
                    ),
                    ("error", null_or(text("no answer in time"))),
                    ("duration_ms", integer(84)),
                    ("attempted_at", time(CREATED)),
                ],
            ),
        ),
        (
            "Event",
            object(
                "Something that happened.",
                vec![
                    ("object", always("event")),
                    ("id", text(EVENT)),
                    ("type", one_of(EventKind::NAMES, "subscription.renewed")),
                    (
                        "object_id",
                        said("What it happened to.", text(SUBSCRIPTION)),
                    ),
                    ("timestamp", time(NEXT_MONTH)),
                    (
                        "data",
                        json!({
                            "type": "object",
                            "description": "The object as it was then.",
                            "additionalProperties": true,
                            "examples": [{"id": SUBSCRIPTION, "status": "ACTIVE"}],
                        }),
                    ),
                ],
            ),
        ),
        ("EventList", page("Event", Vec::new())),
        (
            "ApiKey",
            object("A key; the key itself is not kept.", key_fields()),
        ),
        (
            "ApiKeyCreated",
            object(
                "A key that was made. It is shown this once.",
                with(
                    key_fields(),
                    vec![("key", text("sk_test_4fQmZ1uT8vKc2wYh6nRb0eXj9sLpDa3G"))],
                ),
            ),
        ),
        ("ApiKeyList", page("ApiKey", Vec::new())),
        (
            "ApiKeyCreate",
            request(
                "A key of this environment.",
                &["type"],
                vec![
                    ("type", one_of(&["PUBLISHABLE", "SECRET"], "SECRET")),
                    (
                        "name",
                        json!({"type": "string", "maxLength": 100, "examples": ["shop"]}),
                    ),
                    ("expires_at", said("In real time.", quiet(time(NEXT_MONTH)))),
                    (
                        "manages_keys",
                        said(
                            "Whether it may make and revoke keys: of secret keys.",
                            quiet(boolean(true)),
                        ),
                    ),
                ],
            ),
        ),
        (
            "TestClock",
            object(
                "The time of the sandbox.",
                vec![
                    ("object", always("test_clock")),
                    ("now", time(NEXT_MONTH)),
                    ("real_now", time(CREATED)),
                    ("offset_seconds", integer(2_678_400)),
                ],
            ),
        ),
        (
            "TestClockAdvance",
            request(
                "How far, or to when.",
                &[],
                vec![
                    (
                        "by",
                        said(
                            "`32d`, `1mo`, `1y2mo3d4h`, or ISO 8601. This, or `to`.",
                            text("32d"),
                        ),
                    ),
                    ("to", quiet(time("2026-03-01T00:00:00.000Z"))),
                ],
            ),
        ),
        (
            "TestClockAdvanced",
            object(
                "What happened on the way, in order.",
                vec![
                    ("object", always("test_clock")),
                    ("from", time(CREATED)),
                    ("now", time(NEXT_MONTH)),
                    (
                        "reached",
                        said(
                            "Whether the time asked for is reached; if not, ask again.",
                            boolean(true),
                        ),
                    ),
                    ("count", said("How many things happened.", integer(1))),
                    (
                        "happened",
                        said("The first 1000 of them.", list(reference("Happened"))),
                    ),
                ],
            ),
        ),
        (
            "Happened",
            object(
                "Something that fell due.",
                vec![
                    ("at", time(NEXT_MONTH)),
                    ("object", text(SUBSCRIPTION)),
                    (
                        "what",
                        one_of(
                            &[
                                "trial_notice",
                                "renewal",
                                "retry",
                                "grace_end",
                                "period_end",
                                "charge_check",
                                "refund",
                                "nothing",
                            ],
                            "renewal",
                        ),
                    ),
                    (
                        "charge",
                        or_null(one_of(&["paid", "declined", "undecided"], "paid")),
                    ),
                ],
            ),
        ),
    ]
}
