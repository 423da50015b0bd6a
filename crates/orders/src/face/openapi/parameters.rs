//! Parameters and headers.

use super::operations::{Input, Operation};
use super::schemas::uuid;
use crate::OrdersConfig;
use crate::face::limits::{LARGEST_PAGE, LARGEST_SKIP, LONGEST_IDEMPOTENCY_KEY};
use crate::odata::{Entity, Field, Kind};
use serde_json::{Value, json};

/// `components.parameters`.
pub fn shared() -> Value {
    let hours = OrdersConfig::default().idempotency_lifetime.as_secs() / 3600;
    let idempotency = format!(
        "Names this request. The same request (method, path and body) with the same key is carried out once and answered as the first \
         time, refusals included, with `Idempotent-Replayed: true`. Another request with the same key is refused with \
         `conflicting_parameters`. Faults of the server are not kept: repeat the request. A key counts for {hours} hours unless the \
         operator sets another time."
    );
    json!({
        "AcceptLanguage": {
            "name": "Accept-Language",
            "in": "header",
            "description": "The language of `message`: `en` (the default), `zh-TW` or `zh-CN`.",
            "schema": {"type": "string"},
            "example": "zh-TW",
        },
        "RequestId": {
            "name": "X-Request-Id",
            "in": "header",
            "description": "Names the request in logs; it comes back in the answer. Other values than described here are replaced.",
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
        },
        "IdempotencyKey": {
            "name": "Idempotency-Key",
            "in": "header",
            "description": idempotency,
            "schema": {
                "type": "string",
                "minLength": 1,
                "maxLength": LONGEST_IDEMPOTENCY_KEY,
                "pattern": "^[!-~]+$",
            },
            "example": "0b8f5d0e-order-1",
        },
        "OrganizationId": {
            "name": "organization_id",
            "in": "query",
            "description": "If sent, it must be the organization of the key.",
            "schema": uuid(),
        },
        "OrderId": {
            "name": "order_id",
            "in": "path",
            "required": true,
            "description": "The order.",
            "schema": uuid(),
        },
        "Skip": {
            "name": "$skip",
            "in": "query",
            "description": "How many rows to leave out.",
            "schema": {"type": "integer", "minimum": 0, "maximum": LARGEST_SKIP, "default": 0},
        },
        "Top": {
            "name": "$top",
            "in": "query",
            "description": "How many rows to answer with, at most.",
            "schema": {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": LARGEST_PAGE},
        },
    })
}

/// `components.headers`.
pub fn headers() -> Value {
    json!({
        "X-Request-Id": {
            "description": "Names the request in logs.",
            "schema": {"type": "string"},
        },
        "Content-Language": {
            "description": "The language of `message`.",
            "schema": {"type": "string", "enum": kernel::Locale::ALL.map(kernel::Locale::tag)},
        },
        "Retry-After": {
            "description": "Seconds to wait.",
            "schema": {"type": "integer", "minimum": 1},
        },
        "Idempotent-Replayed": {
            "description": "`true` when the request was carried out before and this is its answer.",
            "schema": {"type": "string", "const": "true"},
        },
    })
}

/// A header of [`headers`].
pub fn header_reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/headers/{name}")})
}

/// The parameters of an operation.
pub fn of(operation: &Operation) -> Vec<Value> {
    let mut parameters = Vec::new();
    if operation.path.contains("{order_id}") {
        parameters.push(shared_reference("OrderId"));
    }
    match operation.input {
        Input::None => parameters.push(shared_reference("OrganizationId")),
        Input::List {
            entity,
            filters,
            orderby,
        } => {
            parameters.push(shared_reference("OrganizationId"));
            parameters.push(filter(entity, filters));
            parameters.push(order_by(entity, orderby));
            parameters.extend(["Skip", "Top"].map(shared_reference));
        }
        Input::Body { .. } => parameters.push(shared_reference("IdempotencyKey")),
    }
    parameters.extend(["AcceptLanguage", "RequestId"].map(shared_reference));
    parameters
}

fn shared_reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/parameters/{name}")})
}

fn filter(entity: &Entity, filters: &[&str]) -> Value {
    let mut description = format!(
        "An OData v4 expression. Operators: `eq`, `ne`, `gt`, `ge`, `lt`, `le`, `in`, `and`, `or`, `not`. Functions: `contains()`, \
         `cast()`, `any()`, `all()`. Texts and enum values stand in single quotes; ids, numbers and date-times do not. In a URL, write the \
         `+` of an offset as `%2B`.\n\nFields:\n{}",
        fields(entity)
    );
    for collection in entity.collections {
        description += &format!(
            "\n\nOf each element of `{0}`, in `{0}/any(…)` and `{0}/all(…)`:\n{1}",
            collection.name,
            fields(collection.entity)
        );
    }
    let examples: serde_json::Map<String, Value> = filters
        .iter()
        .map(|filter| ((*filter).to_owned(), json!({"value": filter})))
        .collect();
    json!({
        "name": "$filter",
        "in": "query",
        "description": description,
        "schema": {"type": "string"},
        "examples": examples,
    })
}

fn order_by(entity: &Entity, orderby: &str) -> Value {
    let sortable = entity.fields.iter().filter(|field| field.sort);
    let names: Vec<String> = sortable.map(|field| format!("`{}`", field.name)).collect();
    json!({
        "name": "$orderby",
        "in": "query",
        "description": format!(
            "Up to 5 fields, separated by commas, each with `asc` (the default) or `desc`. Fields: {}.",
            names.join(", ")
        ),
        "schema": {"type": "string"},
        "example": orderby,
    })
}

/// A list of the fields that `$filter` may use.
fn fields(entity: &Entity) -> String {
    let filterable = entity.fields.iter().filter(|field| field.filter);
    let lines: Vec<String> = filterable.map(field).collect();
    lines.join("\n")
}

fn field(field: &Field) -> String {
    let kind = match field.kind {
        Kind::Guid => "UUID".to_owned(),
        Kind::String => "text".to_owned(),
        Kind::Int32 | Kind::Int64 => "whole number".to_owned(),
        Kind::Decimal { .. } => "number".to_owned(),
        Kind::Boolean => "`true` or `false`".to_owned(),
        Kind::DateTime => "date-time with an offset".to_owned(),
        Kind::Enum { values, .. } => format!("one of `{}`", values.join("`, `")),
    };
    let or_null = if field.nullable { ", or `null`" } else { "" };
    format!("- `{}`: {kind}{or_null}", field.name)
}
