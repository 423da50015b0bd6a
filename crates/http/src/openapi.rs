//! What the OpenAPI documents of all faces have in common: headers, parameters and how operations refer to them.

use serde_json::{Map, Value, json};

/// The headers of answers. `words`: the members of a refusal that are in a language.
pub fn headers(words: &str) -> Value {
    json!({
        "X-Request-Id": {
            "description": "Names the request in logs.",
            "schema": {"type": "string"},
        },
        "Content-Language": {
            "description": format!("The language of {words}."),
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

/// The headers with these names, of an answer.
pub fn headers_of(names: &[&str]) -> Value {
    let headers = names.iter().map(|name| {
        (
            (*name).to_owned(),
            json!({"$ref": format!("#/components/headers/{name}")}),
        )
    });
    headers.collect::<Map<_, _>>().into()
}

/// The header `Accept-Language`. `words`: as for [`headers`].
pub fn accept_language(words: &str, example: &str) -> Value {
    json!({
        "name": "Accept-Language",
        "in": "header",
        "description": format!("The language of {words}: `en` (the default), `zh-TW` or `zh-CN`."),
        "schema": {"type": "string"},
        "example": example,
    })
}

/// The header `X-Request-Id` of a request.
pub fn request_id() -> Value {
    json!({
        "name": "X-Request-Id",
        "in": "header",
        "description": "Names the request in logs; it comes back in the answer. Other values than described here are replaced.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
    })
}

/// The header `Idempotency-Key`.
pub fn idempotency_key(description: &str, example: &str) -> Value {
    json!({
        "name": "Idempotency-Key",
        "in": "header",
        "description": description,
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
        "example": example,
    })
}

/// A shared parameter, of an operation.
pub fn parameter(name: &str) -> Value {
    json!({"$ref": format!("#/components/parameters/{name}")})
}

/// What is said of an operation, before its request and what only its face says. An empty `description` is left out.
pub fn operation(id: &str, tag: &str, (summary, description): (&str, &str)) -> Value {
    let mut described = json!({"operationId": id, "tags": [tag], "summary": summary});
    if !description.is_empty() {
        described["description"] = description.into();
    }
    described
}
