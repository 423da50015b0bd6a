//! Coupons, promotion codes, payment links.

use super::{
    CHECKOUT, COUPON, CREATED, CUSTOMER, PAYMENT_LINK, PRODUCT, PROMOTION_CODE, REDEMPTION, page,
};
use crate::face::openapi::schema::{
    Named, always, boolean, dollars, email, integer, list, metadata, null_or, object, one_of,
    or_null, quiet, reference, request, said, text, time, url, within,
};
use crate::model::discount::{DiscountType, DurationType};
use crate::model::{Eligibility, ProductType};
use crate::repo::CollectPaymentMethod;
use serde_json::{Value, json};

pub fn promotions() -> Vec<Named> {
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
