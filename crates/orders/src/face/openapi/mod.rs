//! `/openapi/platform.json`: the description of the face, OpenAPI 3.1.
//!
//! [`operations`] is the table of operations, `refusals` what each of them can be refused with. The codes and the bodies
//! in the document come from sample errors, answered by the code that answers the real ones.

mod charges;
mod files;
mod invoices;
mod operations;
mod parameters;
mod people;
mod refusals;
mod schemas;
#[cfg(test)]
mod tests;
mod values;

pub use operations::{CallerKind, Operation, lists, operations};

use crate::OrdersConfig;
use httpkit::openapi::{self, headers_of};
use operations::{Input, TAGS};
use refusals::Sample;
use schemas::{reference, schemas};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What of a refusal is in a language.
const WORDS: &str = "`message`";

/// The description of the face, OpenAPI 3.1.
pub fn document() -> Value {
    let mut paths = Map::new();
    for operation in operations() {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method.to_ascii_lowercase()] = describe(operation);
    }
    let tags: Vec<Value> = TAGS
        .iter()
        .map(|(name, description)| json!({"name": name, "description": description}))
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Order platform",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Order products on prepaid credit, and follow the orders.",
            "description": introduction(),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"apiKey": []}],
        "tags": tags,
        "externalDocs": {"description": "The error codes", "url": "/docs/errors/platform"},
        "paths": paths,
        "components": {
            "securitySchemes": {
                "apiKey": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "x-api-key",
                    "description": "The private key of an organization. Keep it on your server.",
                },
                "accessToken": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The access token of a person's session (`POST /account/login`).",
                },
            },
            "parameters": parameters::shared(),
            "headers": openapi::headers(WORDS),
            "schemas": schemas(),
        },
    })
}

fn introduction() -> String {
    let limit = match OrdersConfig::default().rate_limit {
        Some(limit) => format!("{limit} requests a minute"),
        None => "no limit".into(),
    };
    format!(
        "**Keys.** Every call under `/platform` carries the private key of an organization in `x-api-key`, and sees and changes that \
         organization's data only.\n\n\
         **People.** Calls under `/account` carry the access token of a person's session in `Authorization: Bearer`, which `POST \
         /account/login` gives. A person acts for the organizations that they are a member of.\n\n\
         **Refusals.** Every refusal has the body `ErrorResponse`; decide by `result_code`. Each operation lists the codes it can answer \
         (`x-result-codes`) and those that can stand in an item of `validation_failed_responses` (`x-field-codes`). The checks run in this \
         order: the key, the rate limit, the organization's state, the fields (all that are wrong are reported at once), what the request \
         names, the rules of the product, the credit, the supplier. A path that no operation has is answered with HTTP 404 and \
         [`data_not_exist`](/docs/errors/platform/data_not_exist), a method that a path does not take with HTTP 405 and the same code.\n\n\
         **Languages.** `message` is in the language that `Accept-Language` asks for: English, Traditional Chinese or Simplified Chinese.\n\n\
         **Values.** Ids are UUIDs, date-times ISO 8601 with an offset (answers use `+08:00`), amounts whole credits. New properties and \
         enum values may be added.\n\n\
         **Rate limit.** Each key may send a number of requests a minute ({limit} unless the operator sets another number). Beyond it: \
         HTTP 429 with `Retry-After`.\n\n\
         **Repeating a POST.** Send an `Idempotency-Key`, and a repeated request changes nothing: it is answered as the first one was."
    )
}

fn describe(operation: &Operation) -> Value {
    let mut described = json!({
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "parameters": parameters::of(operation),
        "responses": responses(operation),
        "x-result-codes": operation.result_codes(),
        "x-field-codes": operation.field_codes(),
    });
    match operation.caller {
        CallerKind::Key => {}
        CallerKind::Person => described["security"] = json!([{"accessToken": []}]),
        CallerKind::Anybody => described["security"] = json!([]),
    }
    if let Input::Body {
        schema,
        required,
        examples,
    } = operation.input
    {
        let examples: Map<String, Value> = examples
            .iter()
            .map(|(name, example)| ((*name).to_owned(), json!({"value": example()})))
            .collect();
        described["requestBody"] = json!({
            "required": required,
            "content": {"application/json": {"schema": reference(schema), "examples": examples}},
        });
    }
    if let Input::Form(schema) = operation.input {
        described["requestBody"] = json!({
            "required": true,
            "content": {"multipart/form-data": {"schema": reference(schema)}},
        });
    }
    described
}

fn responses(operation: &Operation) -> Value {
    let mut headers = vec!["X-Request-Id", "Content-Language"];
    if operation.is_repeatable() {
        headers.push("Idempotent-Replayed");
    }
    let content = if operation.answer == files::BYTES {
        let bytes = json!({"schema": {"type": "string", "format": "binary"}});
        let kinds = ::files::kind::PAPERS.iter();
        kinds
            .map(|kind| ((*kind).to_owned(), bytes.clone()))
            .collect()
    } else {
        json!({"application/json": {
            "schema": reference(operation.answer),
            "examples": {"ok": {"value": (operation.example)()}},
        }})
    };
    let ok = json!({"description": "Done.", "headers": headers_of(&headers), "content": content});
    let samples = (operation.refusals)();
    let mut by_status: BTreeMap<u16, Vec<&Sample>> = BTreeMap::new();
    for sample in &samples {
        by_status.entry(sample.status).or_default().push(sample);
    }
    let refusals = by_status
        .into_iter()
        .map(|(status, samples)| (status.to_string(), refusal(status, &samples)));
    [("200".to_owned(), ok)]
        .into_iter()
        .chain(refusals)
        .collect::<Map<_, _>>()
        .into()
}

/// All refusals with one status.
fn refusal(status: u16, samples: &[&Sample]) -> Value {
    let codes: BTreeSet<&str> = samples.iter().map(|s| s.code()).collect();
    let fields: BTreeSet<&str> = samples.iter().flat_map(|s| s.field_codes()).collect();
    let mut description = format!("{}\n\nCodes: {}.", meaning(status), links(&codes));
    if !fields.is_empty() {
        description += &format!("\n\nOf fields: {}.", links(&fields));
    }
    let mut headers = vec!["X-Request-Id", "Content-Language"];
    if matches!(status, 429 | 503) {
        headers.push("Retry-After");
    }
    let mut examples = Map::new();
    for sample in samples {
        let example = json!({"summary": summary(sample), "value": sample.body});
        examples.insert(key(&examples, sample), example);
    }
    json!({
        "description": description,
        "headers": headers_of(&headers),
        "content": {"application/json": {"schema": reference("ErrorResponse"), "examples": examples}},
    })
}

/// The result code; for further examples of the same code the fields at fault, or a number, follow it.
fn key(taken: &Map<String, Value>, sample: &Sample) -> String {
    let code = sample.code();
    let fields: Vec<String> = sample.items().map(words).collect();
    let detailed = format!("{code} > {}", fields.join(", "));
    let numbered = (2..).map(|n| format!("{code} {n}"));
    [code.to_owned()]
        .into_iter()
        .chain((!fields.is_empty()).then_some(detailed))
        .chain(numbered)
        .find(|key| !taken.contains_key(key))
        .unwrap_or_default()
}

/// `code property` of an item.
fn words(item: &Value) -> String {
    let words = [&item["result_code"], &item["property_name"]];
    let words: Vec<&str> = words.into_iter().filter_map(Value::as_str).collect();
    words.join(" ")
}

fn summary(sample: &Sample) -> String {
    let own = sample.body["odata"].as_str();
    let own = own.or_else(|| sample.body["message"].as_str());
    let items = sample.items().filter_map(|item| item["message"].as_str());
    let texts: Vec<&str> = own.into_iter().chain(items).collect();
    texts.join(" ")
}

fn links(codes: &BTreeSet<&str>) -> String {
    let links: Vec<String> = codes
        .iter()
        .map(|code| format!("[`{code}`](/docs/errors/platform/{code})"))
        .collect();
    links.join(", ")
}

fn meaning(status: u16) -> &'static str {
    match status {
        400 => "The request breaks a rule, or something it depends on stands in the way.",
        401 => "The key is not valid. Nothing else was looked at.",
        408 => "The body did not arrive in time. Nothing was done.",
        413 => "The body is too large. Nothing was done.",
        429 => "The key has sent too many requests. Nothing was done; wait as `Retry-After` says.",
        500 => "A fault of the server. `message` names the incident.",
        503 => {
            "The server did not finish in time. Whether the request was carried out is not known."
        }
        _ => "The request was refused.",
    }
}
