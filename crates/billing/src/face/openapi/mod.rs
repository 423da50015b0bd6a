//! `/openapi/recur.json`: the description of the face, OpenAPI 3.1.
//!
//! `operations` is the table of operations, `refusals` what each of them can be refused with, `schemas` what requests and answers
//! are made of. The bodies of refusals come from sample errors, answered by the code that answers the real ones; the other
//! examples follow from the schemas.

mod operations;
mod refusals;
mod schema;
mod schemas;
#[cfg(test)]
mod tests;

pub use operations::{Operation, lists, operation, operations};

use crate::BillingConfig;
use httpkit::openapi::{self, headers_of};
use operations::{Auth, TAGS};
use refusals::Sample;
use schema::{example, reference};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What of a refusal is in a language.
const WORDS: &str = "`error.message`";

/// The description of the face, OpenAPI 3.1.
pub fn document() -> Value {
    let schemas = schemas::schemas();
    let mut paths = Map::new();
    for operation in operations() {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method.to_ascii_lowercase()] = describe(&operation, &schemas);
    }
    let tags: Vec<Value> = TAGS
        .iter()
        .map(|(name, description)| json!({"name": name, "description": description}))
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Subscription billing",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Sell once, or again each period.",
            "description": introduction(),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": tags,
        "externalDocs": {"description": "The error codes", "url": "/docs/errors/recur"},
        "paths": paths,
        "components": {
            "securitySchemes": security_schemes(),
            "parameters": parameters(),
            "headers": openapi::headers(WORDS),
            "schemas": schemas,
        },
    })
}

fn introduction() -> String {
    let config = BillingConfig::default();
    let limit = |limit: Option<u32>| limit.map_or("no limit".into(), |limit| limit.to_string());
    let (sandbox, live) = (
        limit(config.sandbox_rate_limit),
        limit(config.live_rate_limit),
    );
    format!(
        "**Keys.** `sk_test_…` and `pk_test_…` see the sandbox, `sk_live_…` and `pk_live_…` production: two sets of data that know nothing of each other. \
         A secret key (`sk_`) stays on your server and may do everything; a publishable key (`pk_`) may stand in a page and do what selling needs. \
         Send either as `Authorization: Bearer …`, or as `X-Recur-Secret-Key` or `X-Recur-Publishable-Key`.\n\n\
         **Names.** Fields of requests and queries are described in `snake_case`; `camelCase` is accepted for each of them. Answers are in `snake_case`, with the \
         few `camelCase` copies that the published SDKs read. Every path exists under `/api/v1` too.\n\n\
         **Values.** Money is whole New Taiwan dollars: 299 is NT$299. Times are ISO 8601 in UTC. A blank text or `null` counts as absent. New properties and \
         new values of enumerations may be added.\n\n\
         **Refusals.** Every refusal has the body `ErrorResponse`; decide by `error.code`. Each operation lists the codes it can answer (`x-error-codes`). Fields that are \
         missing are said first (`bad_request`), then everything that is wrong with those that are there (`validation_error`). An unknown path is `not_found`, \
         a method that a path does not take HTTP 405 with `bad_request`.\n\n\
         **Languages.** `error.message` is in the language that `Accept-Language` asks for: English, Traditional Chinese or Simplified Chinese.\n\n\
         **Lists.** `limit` (1 to 100, 10 when absent) and `starting_after`, the `next_cursor` of the page before.\n\n\
         **Rate limit.** Requests a minute for each key, unless the operator says otherwise: {sandbox} in the sandbox, {live} in production. Beyond it: \
         `rate_limit_exceeded` with `Retry-After`.\n\n\
         **Repeating a POST.** Where `Idempotency-Key` is described, send one: the same request with the same key is carried out once and answered as the first time, \
         refusals included, with `Idempotent-Replayed: true`. The same key with another request is a `conflict`. Faults of the server are not kept: repeat the request."
    )
}

fn security_schemes() -> Value {
    let header = |name: &str, description: &str| json!({"type": "apiKey", "in": "header", "name": name, "description": description});
    json!({
        "bearer": {"type": "http", "scheme": "bearer", "description": "A secret key, or where one is enough a publishable key."},
        "secretKey": header("X-Recur-Secret-Key", "A secret key: `sk_test_…` or `sk_live_…`. Keep it on your server."),
        "publishableKey": header("X-Recur-Publishable-Key", "A publishable key: `pk_test_…` or `pk_live_…`."),
    })
}

fn security(auth: Auth) -> Value {
    match auth {
        Auth::SecretKey => json!([{"bearer": []}, {"secretKey": []}]),
        Auth::AnyKey => json!([{"bearer": []}, {"secretKey": []}, {"publishableKey": []}]),
        Auth::None => json!([]),
    }
}

fn parameters() -> Value {
    let key = "Names this request, so that sending it again changes nothing.";
    json!({
        "AcceptLanguage": openapi::accept_language(WORDS, "zh-TW"),
        "RequestId": openapi::request_id(),
        "IdempotencyKey": openapi::idempotency_key(key, "0b8f5d0e-order-1"),
        "Id": {
            "name": "id",
            "in": "path",
            "required": true,
            "description": "What it is about.",
            "schema": {"type": "string"},
        },
    })
}

fn describe(operation: &Operation, schemas: &Map<String, Value>) -> Value {
    let said = (operation.summary, operation.description);
    let mut described = openapi::operation(operation.id, operation.tag, said);
    described["security"] = security(operation.auth);
    described["parameters"] = parameters_of(operation).into();
    described["responses"] = responses(operation, schemas);
    described["x-error-codes"] = json!(operation.codes_with(schemas));
    if let Some(name) = operation.body {
        let schema = &schemas[name];
        described["requestBody"] = json!({
            "required": schema.get("required").is_some(),
            "content": {"application/json": {
                "schema": reference(name),
                "examples": {"request": {"value": example(schemas, schema)}},
            }},
        });
    }
    described
}

fn parameters_of(operation: &Operation) -> Vec<Value> {
    let path = operation
        .path_parameters()
        .map(|_| openapi::parameter("Id"));
    let query = operation.query.iter().map(|(name, schema)| {
        let mut schema = schema.clone();
        let mut parameter = json!({"name": name, "in": "query"});
        if let Some(schema) = schema.as_object_mut() {
            if let Some(description) = schema.remove("description") {
                parameter["description"] = description;
            }
            if let Some(example) = schema
                .remove("examples")
                .and_then(|examples| examples.get(0).cloned())
            {
                parameter["example"] = example;
            }
        }
        parameter["schema"] = schema;
        parameter
    });
    let mut parameters: Vec<Value> = path.chain(query).collect();
    if operation.idempotent {
        parameters.push(openapi::parameter("IdempotencyKey"));
    }
    parameters.extend(["AcceptLanguage", "RequestId"].map(openapi::parameter));
    parameters
}

fn responses(operation: &Operation, schemas: &Map<String, Value>) -> Value {
    let mut headers = vec!["X-Request-Id", "Content-Language"];
    if operation.idempotent {
        headers.push("Idempotent-Replayed");
    }
    let (status, answer) = operation.answer;
    let done = json!({
        "description": "Done.",
        "headers": headers_of(&headers),
        "content": {"application/json": {
            "schema": reference(answer),
            "examples": {"ok": {"value": example(schemas, &schemas[answer])}},
        }},
    });
    let samples = refusals::of(operation, schemas);
    let mut by_status: BTreeMap<u16, Vec<&Sample>> = BTreeMap::new();
    for sample in &samples {
        by_status.entry(sample.status).or_default().push(sample);
    }
    let refusals = by_status
        .into_iter()
        .map(|(status, samples)| (status.to_string(), refusal(status, &samples)));
    [(status.to_string(), done)]
        .into_iter()
        .chain(refusals)
        .collect::<Map<_, _>>()
        .into()
}

/// All refusals with one status.
fn refusal(status: u16, samples: &[&Sample]) -> Value {
    let codes: BTreeSet<&str> = samples.iter().map(|sample| sample.code()).collect();
    let links: Vec<String> = codes
        .iter()
        .map(|code| format!("[`{code}`](/docs/errors/recur/{code})"))
        .collect();
    let mut headers = vec!["X-Request-Id", "Content-Language"];
    if matches!(status, 429 | 503) {
        headers.push("Retry-After");
    }
    let mut examples = Map::new();
    for sample in samples {
        let same = examples
            .keys()
            .filter(|key: &&String| key.split(' ').next() == Some(sample.code()))
            .count();
        let key = match same {
            0 => sample.code().to_owned(),
            _ => format!("{} {}", sample.code(), same + 1),
        };
        let summary = &sample.body["error"]["message"];
        examples.insert(key, json!({"summary": summary, "value": sample.body}));
    }
    json!({
        "description": format!("{}\n\nCodes: {}.", meaning(status), links.join(", ")),
        "headers": headers_of(&headers),
        "content": {"application/json": {"schema": reference("ErrorResponse"), "examples": examples}},
    })
}

fn meaning(status: u16) -> &'static str {
    match status {
        400 => "Something is missing or makes no sense, or the state of things does not allow it.",
        401 => "The key is missing or not valid. Nothing else was looked at.",
        402 => "The payment failed.",
        403 => "The key is right, but may not do this.",
        404 => "What the request names does not exist.",
        408 => "The body did not arrive in time. Nothing was done.",
        409 => "The request collides with something that exists or is under way.",
        413 => "The body is too large. Nothing was done.",
        422 => "At least one field has the wrong form; every one that has is listed.",
        429 => "The key has sent too many requests. Nothing was done; wait as `Retry-After` says.",
        500 => "A fault of the server. `X-Request-Id` names it.",
        503 => {
            "The server did not finish in time. Whether the request was carried out is not known."
        }
        _ => "The request was refused.",
    }
}
