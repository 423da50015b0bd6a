//! `webhooks`: who is told what happens.

use super::operations::Operation;
use super::refusals;
use super::shapes::{
    LONGEST_ADDRESS, RECORD_ID, at_most, filled, id, iso, maybe_iso, maybe_seconds, or, seconds,
    version, with_example,
};
use crate::model::EventKind;
use ::webhooks::{DeliveryStatus, MOST_ENDPOINTS};
use catalogue::openapi_v2::{Problem, Resource};
use httpkit::schema::{
    Named, boolean, integer, list, object, one_of, or_null, quiet, reference, said, text, url,
    within,
};
use serde_json::{Value, json};

const ENDPOINT_ID: &str = "01999d1c-2f60-7c3a-9b52-6e0d4a8f1c77";
const DELIVERY_ID: &str = "01999d1c-3a10-7d52-8c41-2f9b6e7d5a08";
const EVENT_ID: &str = "01999d1c-3a0f-7b11-9e63-4c8a7d6f5b12";
const URL: &str = "https://shop.example/webhooks";

pub fn operations() -> Vec<Operation> {
    let whole = || refusals::not_found(Resource::WholeOrganization);
    let endpoint = || [whole(), refusals::not_found(Resource::WebhookEndpoint)];
    vec![
        Operation::new("webhooks/create", "Be told what happens")
            .about(
                "Events of the whole organization are sent to the address, signed with a secret that is shown this once. A key that sees some projects only \
                 finds no webhooks.",
            )
            .takes(&["url"], vec![("url", address()), ("events", events()), version()])
            .answers(object(
                "The endpoint, and its secret.",
                vec![
                    ("endpoint", reference("WebhookEndpoint")),
                    (
                        "secret",
                        said(
                            "Shown this once: `null` when an `Idempotency-Key` is used again.",
                            or_null(text("whsec_7q3vN0kq5d8uS1xw")),
                        ),
                    ),
                ],
            ))
            .refused([
                refusals::parameter("url", Problem::UnsafeUrl),
                refusals::too_many("endpoints", i64::try_from(MOST_ENDPOINTS).unwrap_or(i64::MAX)),
                whole(),
            ]),
        Operation::new("webhooks/getList", "List endpoints")
            .takes(&[], vec![version()])
            .answers(object("A list.", vec![("list", list(reference("WebhookEndpoint")))]))
            .refused([whole()]),
        Operation::new("webhooks/update", "Change an endpoint")
            .about("What is absent stays. `enabled` brings back one that was disabled because every attempt failed.")
            .takes(
                &["endpoint_id"],
                vec![
                    ("endpoint_id", uuid(ENDPOINT_ID)),
                    ("url", address()),
                    ("events", events()),
                    ("enabled", boolean(true)),
                    version(),
                ],
            )
            .answers(object(
                "The endpoint.",
                vec![("endpoint", reference("WebhookEndpoint"))],
            ))
            .refused([refusals::parameter("url", Problem::UnsafeUrl)])
            .refused(endpoint()),
        Operation::new("webhooks/delete", "Delete an endpoint")
            .takes(
                &["endpoint_id"],
                vec![("endpoint_id", uuid(ENDPOINT_ID)), version()],
            )
            .answers(reference("Nothing"))
            .refused(endpoint()),
        Operation::new("webhooks/getDeliveries", "List what was sent to an endpoint")
            .about("The newest first.")
            .takes(
                &["endpoint_id"],
                vec![
                    ("endpoint_id", uuid(ENDPOINT_ID)),
                    ("status", quiet(one_of(DeliveryStatus::NAMES, "failed"))),
                    ("page_size", or(10, within(1, 50, 10))),
                    (
                        "page_token",
                        said("The `next_page_token` of the page before.", quiet(uuid(DELIVERY_ID))),
                    ),
                    version(),
                ],
            )
            .answers(object(
                "A part of a list.",
                vec![
                    ("list", list(reference("WebhookDelivery"))),
                    ("page_size", integer(10)),
                    ("has_more", boolean(false)),
                    ("next_page_token", with_example(or_null(text("")), Value::Null)),
                ],
            ))
            .refused([refusals::unknown("page_token")])
            .refused(endpoint()),
        Operation::new("webhooks/resend", "Send something again, now")
            .takes(
                &["delivery_id"],
                vec![("delivery_id", uuid(DELIVERY_ID)), version()],
            )
            .answers(resent())
            .refused([
                refusals::wrong_state("delivery_id", "disabled"),
                whole(),
                refusals::not_found(Resource::WebhookDelivery),
            ]),
    ]
}

fn uuid(example: &str) -> Value {
    let mut schema = filled(36, example);
    schema["format"] = "uuid".into();
    schema
}

fn address() -> Value {
    said(
        "https and public, unless the operator allows otherwise.",
        filled(LONGEST_ADDRESS, URL),
    )
}

fn events() -> Value {
    let kinds = at_most(
        EventKind::ALL.len(),
        one_of(EventKind::NAMES, "FORM_DATA_SUBMIT"),
    );
    said(
        "Which events. Default, and what an empty list stands for: all, those to come included.",
        with_example(kinds, json!(EventKind::NAMES)),
    )
}

pub fn schemas() -> Vec<Named> {
    vec![
        ("WebhookEndpoint", endpoint()),
        ("WebhookDelivery", delivery()),
    ]
}

fn endpoint() -> Value {
    let reason = or_null(one_of(&["owner", "failing"], "failing"));
    let none = |schema| with_example(schema, Value::Null);
    object(
        "Where events are sent.",
        vec![
            ("endpoint_id", uuid(ENDPOINT_ID)),
            ("url", url(URL)),
            (
                "events",
                with_example(list(one_of(EventKind::NAMES, "")), json!(EventKind::NAMES)),
            ),
            ("enabled", boolean(true)),
            (
                "disabled_reason",
                said(
                    "`owner`: by `webhooks/update`; `failing`: because every attempt failed.",
                    none(reason),
                ),
            ),
            ("failing_since", none(maybe_seconds())),
            ("failing_since_iso", none(maybe_iso())),
            ("created_at", seconds()),
            ("created_at_iso", iso()),
            ("updated_at", seconds()),
            ("updated_at_iso", iso()),
        ],
    )
}

fn delivery() -> Value {
    object(
        "An event on its way to an endpoint.",
        vec![
            ("delivery_id", uuid(DELIVERY_ID)),
            ("endpoint_id", uuid(ENDPOINT_ID)),
            ("event_id", text(EVENT_ID)),
            ("event", one_of(EventKind::NAMES, "FORM_DATA_SUBMIT")),
            ("record_id", or_null(id(RECORD_ID))),
            ("status", one_of(DeliveryStatus::NAMES, "succeeded")),
            ("attempts", integer(1)),
            ("response_status", or_null(integer(200))),
            ("error", with_example(or_null(text("")), Value::Null)),
            ("created_at", seconds()),
            ("created_at_iso", iso()),
            (
                "next_attempt_at",
                with_example(maybe_seconds(), Value::Null),
            ),
            (
                "next_attempt_at_iso",
                with_example(maybe_iso(), Value::Null),
            ),
            ("completed_at", maybe_seconds()),
            ("completed_at_iso", maybe_iso()),
        ],
    )
}

fn resent() -> Value {
    let attempt = object(
        "An attempt.",
        vec![
            ("attempt", said("From 1.", integer(1))),
            ("response_status", or_null(integer(200))),
            (
                "response_body",
                said("The start of it.", or_null(text("ok"))),
            ),
            ("error", with_example(or_null(text("")), Value::Null)),
            ("duration_ms", integer(83)),
            ("attempted_at", seconds()),
            ("attempted_at_iso", iso()),
        ],
    );
    object(
        "A delivery with what is known of it.",
        vec![
            ("delivery", reference("WebhookDelivery")),
            ("attempts", list(attempt)),
            (
                "request_body",
                said(
                    "What is sent.",
                    text(
                        "{\"time\": \"2026-06-02 12:30:00\", \"event\": \"FORM_DATA_SUBMIT\", \"data\": {}}",
                    ),
                ),
            ),
        ],
    )
}
