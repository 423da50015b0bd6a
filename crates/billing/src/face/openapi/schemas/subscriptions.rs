//! What customers have subscribed to.

use super::{
    CREATED, CUSTOMER, NEXT_MONTH, OTHER_PRODUCT, PRODUCT, SUBSCRIPTION, page, products::units,
};
use crate::face::openapi::schema::{
    Named, always, boolean, dollars, integer, list, metadata, null_or, object, one_of, or_null,
    quiet, reference, request, said, sometimes, text, time,
};
use crate::model::Status;
use crate::model::proration::{SwitchKind, Timing};
use serde_json::json;

pub fn subscriptions() -> Vec<Named> {
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
