//! Parameters.

use super::WORDS;
use super::operations::{CallerKind, Input, Operation};
use super::schemas::uuid;
use crate::OrdersConfig;
use crate::face::limits::{LARGEST_PAGE, LARGEST_SKIP, LONGEST_IDEMPOTENCY_KEY};
use crate::odata::{Entity, Field, Kind};
use httpkit::openapi;
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
        "AcceptLanguage": openapi::accept_language(WORDS, "zh-TW"),
        "RequestId": openapi::request_id(),
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

/// The parameters of an operation.
pub fn of(operation: &Operation) -> Vec<Value> {
    let mut parameters = Vec::new();
    parameters.extend(operation.path.split('/').filter_map(path_parameter));
    let with_key = operation.caller == CallerKind::Key;
    match operation.input {
        Input::None if with_key && operation.method == "GET" => {
            parameters.push(openapi::parameter("OrganizationId"));
        }
        Input::None => {}
        Input::Refresh => {
            parameters.push(openapi::parameter("OrganizationId"));
            parameters.push(json!({
                "name": "refresh",
                "in": "query",
                "description": "Whether the provider is asked first.",
                "schema": {"type": "boolean", "default": false},
            }));
        }
        Input::List {
            entity,
            filters,
            orderby,
        } => {
            if with_key {
                parameters.push(openapi::parameter("OrganizationId"));
            }
            parameters.push(filter(entity, filters));
            parameters.push(order_by(entity, orderby));
            parameters.extend(["Skip", "Top"].map(openapi::parameter));
        }
        Input::Body { .. } | Input::Form(_) => {}
    }
    if operation.is_repeatable() {
        parameters.push(openapi::parameter("IdempotencyKey"));
    }
    parameters.extend(["AcceptLanguage", "RequestId"].map(openapi::parameter));
    parameters
}

/// The parameter that a part of a path is, such as `{order_id}`.
fn path_parameter(part: &str) -> Option<Value> {
    let name = part.strip_prefix('{')?.strip_suffix('}')?;
    let what = name.trim_end_matches("_id").replace('_', " ");
    Some(json!({
        "name": name,
        "in": "path",
        "required": true,
        "description": format!("The {what}."),
        "schema": uuid(),
    }))
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
