//! Webhooks, events, keys and the test clock.

use super::{CREATED, DELIVERY, ENDPOINT, EVENT, KEY, NEXT_MONTH, SUBSCRIPTION, page};
use crate::face::openapi::schema::{
    Named, always, boolean, integer, list, null_or, object, one_of, or_null, quiet, reference,
    request, said, text, time, url,
};
use crate::model::EventKind;
use serde_json::json;

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

pub fn keeping() -> Vec<Named> {
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
                            "Signs the bodies. `null` when the answer is a repeated one.",
                            or_null(text("whsec_2yX8dQv0Zk7rJ4mT9bW1cN6hLs3pAeFu")),
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
                    vec![(
                        "key",
                        said(
                            "`null` when the answer is a repeated one.",
                            or_null(text("sk_test_4fQmZ1uT8vKc2wYh6nRb0eXj9sLpDa3G")),
                        ),
                    )],
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
