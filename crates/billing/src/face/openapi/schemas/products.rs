//! What is sold.

use super::{CREATED, PRODUCT};
use crate::face::openapi::schema::{
    Named, always, boolean, dollars, integer, list, metadata, null_or, object, one_of, or_null,
    quiet, reference, request, said, text, time, within,
};
use crate::manage::products::{HIGHEST_PRICE, LOWEST_PRICE};
use crate::model::ProductType;
use crate::model::period::IntervalUnit;
use serde_json::json;

pub fn units() -> Vec<&'static str> {
    IntervalUnit::NAMES
        .iter()
        .filter_map(|name| IntervalUnit::of(name))
        .map(IntervalUnit::lower)
        .collect()
}

pub fn products() -> Vec<Named> {
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
