//! Who buys, and what they may use.

use super::{CREATED, CUSTOMER, NEXT_MONTH, PRODUCT, SUBSCRIPTION, page};
use crate::face::openapi::schema::{
    Named, always, boolean, email, integer, list, metadata, object, one_of, or_null, quiet,
    reference, request, said, sometimes, text, time, within,
};
use crate::model::{CustomerStatus, Status};
use crate::voucher::GivenStatus;

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

pub fn customers() -> Vec<Named> {
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
                        (
                            "certificate",
                            said(
                                "Of a product that is had by showing a certificate: the one that was given last.",
                                reference("GivenCertificate"),
                            ),
                        ),
                    ],
                ),
                &["subscription_id", "certificate"],
            ),
        ),
        (
            "GivenCertificate",
            object(
                "What a payment gave.",
                vec![
                    (
                        "url",
                        said(
                            "Its page; `null` until it is issued.",
                            or_null(text(
                                "https://pay.example.com/oQ8zL2kVt/v1h5Zz2VqG4oYp0xS1kq7mRtB3n",
                            )),
                        ),
                    ),
                    (
                        "status",
                        said(
                            "`used`: it was verified to its end. `revoked`: paid back, or the right has ended.",
                            one_of(GivenStatus::NAMES, "issued"),
                        ),
                    ),
                    ("used_at", or_null(time(CREATED))),
                ],
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
