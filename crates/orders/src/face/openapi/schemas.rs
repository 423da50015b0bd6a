//! `components.schemas`.

use super::charges;
use super::files;
use super::invoices;
use super::people;
use crate::face::fields::MOST_IDS;
use crate::face::limits::{LARGEST_NUMBER, LONGEST_COMMENTS, LONGEST_LINK, LONGEST_USERNAME};
use crate::model::{
    DelayMinutes, DynamicProbability, IncreaseSpeed, OrderStatus, PaymentStatus, PaymentType,
    ProductType, ServiceType,
};
use crate::odata::{Entity, Kind};
use crate::repo::records;
use catalogue::PlatformError;
use serde_json::{Map, Value, json};

/// Every schema, by name.
pub fn schemas() -> Value {
    let all: Map<String, Value> = [
        enums(),
        errors(),
        answers(),
        orders(),
        requests(),
        charges::schemas(),
        invoices::schemas(),
        people::schemas(),
        files::schemas(),
    ]
    .concat()
    .into_iter()
    .map(|(name, schema)| (name.to_owned(), schema))
    .collect();
    all.into()
}

/// `{"$ref": …}`.
pub fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

pub(super) type Named = (&'static str, Value);

fn enums() -> Vec<Named> {
    let codes: Vec<&str> = PlatformError::ENTRIES.iter().map(|e| e.code).collect();
    vec![
        (
            "ResultCode",
            literals(
                "What went wrong; each code has a page under `/docs/errors/platform/`.",
                &codes,
            ),
        ),
        (
            "OrderStatus",
            literals(
                "How far an order is. `complete`, `partial`, `cancel` and `fail` are final.",
                OrderStatus::LITERALS,
            ),
        ),
        (
            "PaymentStatus",
            literals(
                "Whether an order is paid. `refund`: the whole amount was given back.",
                PaymentStatus::LITERALS,
            ),
        ),
        (
            "PaymentType",
            literals("How an order is paid.", PaymentType::LITERALS),
        ),
        (
            "ProductType",
            literals("Which operation orders a product.", ProductType::LITERALS),
        ),
        (
            "ServiceType",
            literals("Who delivers a product.", ServiceType::LITERALS),
        ),
        (
            "DynamicProbability",
            literals(
                "How much a product's delivery varies.",
                DynamicProbability::LITERALS,
            ),
        ),
        (
            "IncreaseSpeed",
            literals("How fast a product is delivered.", IncreaseSpeed::LITERALS),
        ),
        (
            "DelayMinutes",
            literals(
                "How long after a new post a subscription starts to deliver; the number is minutes.",
                DelayMinutes::LITERALS,
            ),
        ),
        (
            "OrganizationCreditRecordType",
            literals(
                "Which way the credit moved.",
                enum_values(&records::ENTITY, "type"),
            ),
        ),
    ]
}

fn errors() -> Vec<Named> {
    vec![
        (
            "ErrorResponse",
            record(
                "The body of every refusal.",
                vec![
                    (
                        "message",
                        described(
                            text(),
                            "For people, in the language of the request. Decide by `result_code`.",
                        ),
                    ),
                    ("result_code", reference("ResultCode")),
                    (
                        "validation_failed_responses",
                        described(
                            nullable(list(reference("ValidationFailedResponse"))),
                            "The fields or elements at fault, when there are any.",
                        ),
                    ),
                    (
                        "odata",
                        described(
                            nullable(text()),
                            "What is wrong with the query options, when they are at fault.",
                        ),
                    ),
                ],
            ),
        ),
        (
            "ValidationFailedResponse",
            record(
                "One field or element at fault.",
                vec![
                    ("result_code", reference("ResultCode")),
                    (
                        "message",
                        described(text(), "For people, in the language of the request."),
                    ),
                    (
                        "property_name",
                        described(
                            nullable(text()),
                            "Its path, such as `product_id` or `order_ids[1]`; `null` when it is the body as a whole.",
                        ),
                    ),
                ],
            ),
        ),
    ]
}

fn answers() -> Vec<Named> {
    vec![
        (
            "OrganizationResponse",
            record(
                "An organization.",
                vec![
                    ("organization_id", uuid()),
                    (
                        "name",
                        json!({"type": "string", "minLength": 1, "maxLength": 64}),
                    ),
                ],
            ),
        ),
        (
            "OrganizationCreditBalanceResponse",
            record("A credit balance.", vec![("balance", credits())]),
        ),
        (
            "OrganizationCreditRecordResponse",
            record(
                "One movement of credit.",
                vec![
                    ("organization_credit_record_id", uuid()),
                    ("organization_credit_record_number", number_for_people("CR")),
                    (
                        "quantity",
                        described(credits(), "Negative for a `decrease`."),
                    ),
                    ("type", reference("OrganizationCreditRecordType")),
                    (
                        "order",
                        described(
                            nullable(reference("OrderResponse")),
                            "The order that it belongs to, its `order_detail` left empty.",
                        ),
                    ),
                    ("create_date_time", date_time()),
                ],
            ),
        ),
        (
            "OrganizationCreditRecordResponsePagedResponse",
            paged("OrganizationCreditRecordResponse"),
        ),
        (
            "ProductResponse",
            record(
                "Something that can be ordered.",
                vec![
                    ("product_id", uuid()),
                    ("title", text()),
                    ("description", text()),
                    ("product_type", reference("ProductType")),
                    (
                        "product_category",
                        described(
                            text(),
                            "Such as `instagram_fans`. Products of category `instagram_story` are ordered by `username`.",
                        ),
                    ),
                    (
                        "main_product_category",
                        described(text(), "Such as `instagram`."),
                    ),
                    ("price", price()),
                    (
                        "min",
                        described(count(), "The smallest quantity of an order."),
                    ),
                    (
                        "max",
                        described(count(), "The largest quantity of an order."),
                    ),
                    ("order_no", described(integer(), "Its place in lists.")),
                    ("dynamic_probability", reference("DynamicProbability")),
                    ("increase_speed", reference("IncreaseSpeed")),
                    ("service_type", reference("ServiceType")),
                    ("create_date_time", date_time()),
                    ("update_date_time", nullable(date_time())),
                    ("ch2_product", nullable(reference("Ch2Product"))),
                    (
                        "ch1_product",
                        described(
                            json!({"type": "null"}),
                            "Reserved for products of channel 1.",
                        ),
                    ),
                ],
            ),
        ),
        (
            "Ch2Product",
            record(
                "The supplier's service behind a product of channel 2.",
                vec![
                    ("name", text()),
                    (
                        "rate",
                        described(
                            text(),
                            "The supplier's rate, a decimal number as text. What you pay is `price`.",
                        ),
                    ),
                    ("min", integer()),
                    ("max", integer()),
                    (
                        "is_drip_feed",
                        described(flag(), "Whether it can be delivered in runs."),
                    ),
                    (
                        "is_refillable",
                        described(flag(), "Whether what was lost can be delivered again."),
                    ),
                    (
                        "is_cancelable",
                        described(flag(), "Whether a running order can be cancelled."),
                    ),
                ],
            ),
        ),
        ("ProductResponsePagedResponse", paged("ProductResponse")),
    ]
}

fn orders() -> Vec<Named> {
    vec![
        (
            "OrderResponse",
            record(
                "An order.",
                vec![
                    ("order_id", uuid()),
                    ("order_number", number_for_people("ORD")),
                    ("payment_type", reference("PaymentType")),
                    ("order_status", reference("OrderStatus")),
                    ("payment_status", reference("PaymentStatus")),
                    ("total", described(credits(), "What it costs.")),
                    (
                        "order_detail",
                        described(
                            list(reference("OrderDetail")),
                            "What was ordered; empty in the answer to an order and in credit records.",
                        ),
                    ),
                    ("create_date_time", date_time()),
                    (
                        "update_date_time",
                        described(nullable(date_time()), "When its status last changed."),
                    ),
                ],
            ),
        ),
        (
            "OrderDetail",
            record_with(
                vec![(
                    "certificate_url",
                    described(
                        text(),
                        "Of a product that is a certificate: where it is, once it is issued. Verifying it completes the order.",
                    ),
                )],
                "One line of an order. What the kind of product does not use is `null`.",
                vec![
                    ("order_detail_id", uuid()),
                    ("product_id", uuid()),
                    (
                        "title",
                        described(text(), "The product's title when it was ordered."),
                    ),
                    ("product_type", reference("ProductType")),
                    (
                        "price",
                        described(price(), "For one unit, when it was ordered."),
                    ),
                    ("subtotal", described(credits(), "What the line costs.")),
                    ("quantity", nullable(number())),
                    ("link", nullable(text())),
                    ("username", nullable(text())),
                    ("comments", nullable(text())),
                    ("runs", nullable(number())),
                    ("interval_minutes", nullable(number())),
                    ("min_quantity", nullable(number())),
                    ("max_quantity", nullable(number())),
                    ("delay_minutes", nullable(reference("DelayMinutes"))),
                    ("new_post_count", nullable(number())),
                    ("old_post_count", nullable(number())),
                    ("expiry_date", nullable(date_time())),
                    (
                        "start_count",
                        described(
                            nullable(integer()),
                            "The count that the supplier started from.",
                        ),
                    ),
                    (
                        "remains",
                        described(nullable(integer()), "How many units are still to come."),
                    ),
                ],
            ),
        ),
        ("OrderResponsePagedResponse", paged("OrderResponse")),
        ("OrderResponseValues", values("OrderResponse")),
        (
            "RefillResponse",
            record(
                "A refill that the supplier accepted.",
                vec![("order_id", uuid()), ("refill_id", uuid())],
            ),
        ),
        ("RefillResponseValues", values("RefillResponse")),
        (
            "CancelResponse",
            record(
                "An order that was cancelled.",
                vec![
                    ("order_id", uuid()),
                    ("order_status", reference("OrderStatus")),
                ],
            ),
        ),
        ("CancelResponseValues", values("CancelResponse")),
    ]
}

fn requests() -> Vec<Named> {
    let order = || {
        vec![
            (
                "product_id",
                described(uuid(), "From `GET /platform/product`."),
            ),
            organization_id(),
        ]
    };
    let with = |own: Vec<Named>| [order(), own].concat();
    let story = "Required for products of category `instagram_story`, and only for those.";
    let no_story = "Required unless the product's category is `instagram_story`. Not together with `username`.";
    vec![
        (
            "Ch2DefaultOrderRequest",
            request(
                &["product_id", "quantity"],
                with(vec![
                    (
                        "quantity",
                        described(
                            number(),
                            "Between the product's `min` and `max`; of each run, if there are several.",
                        ),
                    ),
                    (
                        "runs",
                        described(
                            nullable(number()),
                            "How often `quantity` is delivered. Needs `interval_minutes`.",
                        ),
                    ),
                    (
                        "interval_minutes",
                        described(
                            nullable(number()),
                            "Minutes between two runs. Needs `runs`.",
                        ),
                    ),
                    ("link", described(nullable(link()), no_story)),
                    ("username", described(nullable(username()), story)),
                ]),
            ),
        ),
        (
            "Ch2CommentLikesOrderRequest",
            request(
                &["product_id", "quantity", "link", "username"],
                with(vec![
                    (
                        "quantity",
                        described(number(), "Between the product's `min` and `max`."),
                    ),
                    ("link", described(link(), "The post.")),
                    (
                        "username",
                        described(username(), "The account whose comment gets the likes."),
                    ),
                ]),
            ),
        ),
        (
            "Ch2CustomCommentsOrderRequest",
            request(
                &["product_id", "comments", "link"],
                with(vec![
                    (
                        "comments",
                        json!({
                            "type": "string",
                            "minLength": 1,
                            "maxLength": LONGEST_COMMENTS,
                            "description": "One comment a line. The lines that are not blank count as the quantity.",
                        }),
                    ),
                    ("link", described(link(), "The post.")),
                ]),
            ),
        ),
        (
            "Ch2SubscriptionsOrderRequest",
            request(
                &["product_id", "username", "min_quantity", "max_quantity"],
                with(vec![
                    ("username", described(username(), "The account.")),
                    (
                        "min_quantity",
                        described(
                            number(),
                            "For each post, at least. At least the product's `min`.",
                        ),
                    ),
                    (
                        "max_quantity",
                        described(
                            number(),
                            "For each post, at most. At most the product's `max`.",
                        ),
                    ),
                    (
                        "delay_minutes",
                        described(
                            nullable(reference("DelayMinutes")),
                            "From a new post to its delivery.",
                        ),
                    ),
                    (
                        "new_post_count",
                        described(
                            nullable(number()),
                            "Posts to come. Required without `old_post_count`.",
                        ),
                    ),
                    (
                        "old_post_count",
                        described(nullable(number()), "Posts that are there already."),
                    ),
                    (
                        "expiry_date",
                        described(
                            nullable(date_time()),
                            "When it ends, with an offset; in the future.",
                        ),
                    ),
                ]),
            ),
        ),
        (
            "OrderBatchRequest",
            request(
                &["order_ids"],
                vec![
                    (
                        "order_ids",
                        json!({
                            "type": "array",
                            "items": uuid(),
                            "minItems": 1,
                            "maxItems": MOST_IDS,
                            "description": "The orders; one that is there twice counts once.",
                        }),
                    ),
                    organization_id(),
                ],
            ),
        ),
        (
            "OrderFollowUpRequest",
            request(&[], vec![organization_id()]),
        ),
    ]
}

pub(super) fn organization_id() -> Named {
    let text = "If sent, it must be the organization of the key.";
    ("organization_id", described(nullable(uuid()), text))
}

/// An object with all of its properties, always.
pub(super) fn record(description: &str, properties: Vec<Named>) -> Value {
    let required: Vec<&str> = properties.iter().map(|(name, _)| *name).collect();
    json!({
        "type": "object",
        "description": description,
        "required": required,
        "properties": named(properties),
    })
}

/// A record with properties that need not be there.
pub(super) fn record_with(
    optional: Vec<Named>,
    description: &str,
    properties: Vec<Named>,
) -> Value {
    let mut schema = record(description, properties);
    if let (Some(all), Value::Object(more)) =
        (schema["properties"].as_object_mut(), named(optional))
    {
        all.extend(more);
    }
    schema
}

pub(super) fn request(required: &[&str], properties: Vec<Named>) -> Value {
    let mut schema = json!({
        "type": "object",
        "description": "An optional field may be left out or `null`. Other fields are ignored.",
        "properties": named(properties),
    });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn named(properties: Vec<Named>) -> Value {
    let properties = properties
        .into_iter()
        .map(|(name, schema)| (name.to_owned(), schema));
    properties.collect::<Map<_, _>>().into()
}

pub(super) fn paged(element: &str) -> Value {
    record(
        "A page of a list.",
        vec![
            ("value", list(reference(element))),
            (
                "@odata.count",
                described(
                    json!({"type": "integer", "format": "int64", "minimum": 0}),
                    "How many there are in all: after `$filter`, before `$skip` and `$top`.",
                ),
            ),
        ],
    )
}

pub(super) fn values(element: &str) -> Value {
    record(
        "One element for each order.",
        vec![("value", list(reference(element)))],
    )
}

pub(super) fn described(mut schema: Value, description: &str) -> Value {
    schema["description"] = description.into();
    schema
}

/// The schema, or `null`.
pub(super) fn nullable(mut schema: Value) -> Value {
    match schema.as_object_mut().and_then(|s| s.remove("type")) {
        Some(kind) => {
            schema["type"] = json!([kind, "null"]);
            schema
        }
        None => json!({"anyOf": [schema, {"type": "null"}]}),
    }
}

pub(super) fn literals(description: &str, values: &[&str]) -> Value {
    json!({"type": "string", "description": description, "enum": values})
}

pub(super) fn enum_values(entity: &'static Entity, field: &str) -> &'static [&'static str] {
    let found = entity.fields.iter().find(|f| f.name == field);
    match found.map(|f| f.kind) {
        Some(Kind::Enum { values, .. }) => values,
        _ => &[],
    }
}

pub(super) fn list(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

pub(super) fn text() -> Value {
    json!({"type": "string"})
}

pub(super) fn flag() -> Value {
    json!({"type": "boolean"})
}

pub(super) fn integer() -> Value {
    json!({"type": "integer", "format": "int64"})
}

pub(super) fn count() -> Value {
    json!({"type": "integer", "format": "int64", "minimum": 0})
}

pub(super) fn credits() -> Value {
    json!({"type": "integer", "format": "int64", "description": "Credits."})
}

pub(super) fn price() -> Value {
    json!({
        "type": "number",
        "minimum": 0,
        "description": "Credits for one unit, with up to three decimals.",
    })
}

pub(super) fn number() -> Value {
    json!({"type": "integer", "format": "int32", "minimum": 1, "maximum": LARGEST_NUMBER})
}

pub fn uuid() -> Value {
    json!({"type": "string", "format": "uuid"})
}

pub(super) fn date_time() -> Value {
    json!({"type": "string", "format": "date-time", "description": "ISO 8601 with an offset."})
}

pub(super) fn link() -> Value {
    json!({"type": "string", "format": "uri", "minLength": 1, "maxLength": LONGEST_LINK})
}

pub(super) fn username() -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": LONGEST_USERNAME})
}

pub(super) fn number_for_people(prefix: &str) -> Value {
    json!({
        "type": "string",
        "pattern": format!("^{prefix}-[0-9]{{12,}}$"),
        "description": format!("For people: `{prefix}-`, the day it was made and a number of that day."),
    })
}
