//! `/openapi/openapi_v2.json`: the description of the face, OpenAPI 3.1.
//!
//! `operations` is the table of methods, `refusals` what each of them can be refused with, and there is a file for each module
//! with what its methods take and answer. The bodies of refusals come from sample errors, answered by the code that
//! answers the real ones; the other examples follow from the schemas.

mod ancestor;
mod bulk;
mod certificates;
mod codes;
mod forms;
mod operations;
mod records;
mod refusals;
mod shapes;
#[cfg(test)]
mod tests;
mod uploads;
mod webhooks;

pub use operations::{Operation, operation, operations};

use crate::FormsConfig;
use httpkit::openapi::{self, headers_of};
use httpkit::schema::{Named, example, reference};
use refusals::Sample;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What of a refusal is in a language.
const WORDS: &str = "`message` and `message_detail`";

/// The tags, in the order of the document: the modules, and what came before them.
const TAGS: &[(&str, &str)] = &[
    (
        "record",
        "What was filled in; its approval; its certificate and who verified it.",
    ),
    ("forms", "What can be filled in."),
    ("qrcodes", "What is scanned, and what can be done with it."),
    ("categories", "The folders that codes are in."),
    ("states", "What state a code can be in."),
    ("uploads", "Files that submissions refer to."),
    ("webhooks", "Who is told what happens."),
    ("v1", "The ancestor of the verification."),
];

/// The description of the face, OpenAPI 3.1.
pub fn document() -> Value {
    let schemas = schemas();
    let mut paths = Map::new();
    for operation in operations() {
        let described = describe(&operation, &schemas);
        paths.insert(operation.path(), json!({ "post": described }));
    }
    paths.insert(
        ancestor::PATH.to_owned(),
        json!({"post": ancestor::describe(&schemas)}),
    );
    let tags: Vec<Value> = TAGS
        .iter()
        .map(|(name, description)| json!({"name": name, "description": description}))
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Codes, forms, records and certificates",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Have forms filled in by whoever scans a code, and verify the certificates that come of it.",
            "description": introduction(),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": tags,
        "externalDocs": {"description": "The error codes", "url": "/docs/errors/openapi_v2"},
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "An API key: `tk_…`."},
            },
            "parameters": parameters(),
            "headers": openapi::headers(WORDS),
            "schemas": schemas,
        },
    })
}

fn schemas() -> Map<String, Value> {
    let all = [
        shapes::schemas(),
        records::schemas(),
        certificates::schemas(),
        bulk::schemas(),
        forms::schemas(),
        codes::schemas(),
        uploads::schemas(),
        webhooks::schemas(),
        ancestor::schemas(),
    ];
    let all = all.into_iter().flatten();
    all.map(|(name, schema): Named| (name.to_owned(), schema))
        .collect()
}

fn introduction() -> String {
    let config = FormsConfig::default();
    let rate = match config.rate_limit {
        Some(limit) => {
            format!("{limit} requests in any two seconds, unless the operator says otherwise")
        }
        None => "no limit, unless the operator says otherwise".into(),
    };
    format!(
        "**Methods.** Each is `POST /api/v2/rpc/{{module}}/{{method}}` with a JSON object; a method without parameters takes an empty body too. \
         Success is `{{\"code\": 0, \"message\": \"ok\", \"data\": …}}`.\n\n\
         **Keys.** `Authorization: Bearer tk_…`. A key belongs to one organization, may see some of its projects only, and has rights: to read, to write \
         (methods with `x-writes`), to reverse verifications. What a key does not see does not exist for it.\n\n\
         **Values.** Ids are whole numbers up to 2^53 − 1. `null` counts as absent, and parameters that a method does not have are ignored. A whole number may be \
         written `3.0`, a boolean 1 or 0. Texts lose the blanks around them. Times of answers come twice: `…_at` in unix seconds and `…_at_iso`. New properties \
         may be added to answers.\n\n\
         **Refusals.** Every refusal has the body `ErrorResponse`; its `code` is the HTTP status. Decide by `error_code`, and by `code` where there is none. Everything that is wrong \
         with the parameters is told at once (100301), before a wrong `version` (100302), a wrong `format` (100305), and anything else. Each method lists the codes it can \
         answer (`x-error-codes`).\n\n\
         **Languages.** `message` and `message_detail` are in the language that `Accept-Language` asks for: English, Traditional Chinese or Simplified Chinese.\n\n\
         **Rate limit.** For each key {rate}. Beyond it: 429 with `Retry-After`.\n\n\
         **Repeating a change.** Send an `Idempotency-Key`: the same request with the same key is carried out once and answered as the first time, refusals included, \
         with `Idempotent-Replayed: true`; secrets that are shown once are `null` then. The same key with another request is 100301. Faults of the server are not kept: \
         repeat the request. A verification has its `nonce` for the same purpose, which also holds across keys.\n\n\
         **Certificates offline.** `GET /.well-known/tallystick-certificates.json` has the public key that the texts of certificates' QR codes are signed with."
    )
}

fn parameters() -> Value {
    let key = "Names this request, so that sending it again changes nothing.";
    json!({
        "AcceptLanguage": openapi::accept_language(WORDS, "zh-CN"),
        "RequestId": openapi::request_id(),
        "IdempotencyKey": openapi::idempotency_key(key, "0b8f5d0e-visit-1"),
    })
}

fn parameters_of(writes: bool) -> Vec<Value> {
    let key = writes.then_some("IdempotencyKey");
    let all = key.into_iter().chain(["AcceptLanguage", "RequestId"]);
    all.map(openapi::parameter).collect()
}

fn describe(operation: &Operation, schemas: &Map<String, Value>) -> Value {
    let said = (operation.summary, operation.description);
    let mut described = openapi::operation(&operation.id(), operation.module(), said);
    described["parameters"] = parameters_of(operation.writes).into();
    described["requestBody"] = body(&operation.request, schemas);
    described["responses"] = responses(operation, schemas);
    described["x-error-codes"] = json!(operation.codes());
    described["x-writes"] = operation.writes.into();
    described
}

fn body(schema: &Value, schemas: &Map<String, Value>) -> Value {
    json!({
        "required": schema.get("required").is_some(),
        "content": {"application/json": {
            "schema": schema,
            "examples": {"request": {"value": example(schemas, schema)}},
        }},
    })
}

fn responses(operation: &Operation, schemas: &Map<String, Value>) -> Value {
    let mut headers = vec!["X-Request-Id", "Content-Language"];
    if operation.writes {
        headers.push("Idempotent-Replayed");
    }
    let envelope = shapes::envelope(&operation.answer);
    let done = json!({
        "description": "Done.",
        "headers": headers_of(&headers),
        "content": {"application/json": {
            "schema": envelope,
            "examples": {"ok": {"value": example(schemas, &envelope)}},
        }},
    });
    let samples = refusals::of(operation);
    let mut by_status: BTreeMap<u16, Vec<&Sample>> = BTreeMap::new();
    for sample in &samples {
        by_status.entry(sample.status).or_default().push(sample);
    }
    let refusals = by_status
        .into_iter()
        .map(|(status, samples)| (status.to_string(), refusal(status, &samples)));
    [("200".to_owned(), done)]
        .into_iter()
        .chain(refusals)
        .collect::<Map<_, _>>()
        .into()
}

/// All refusals with one status.
fn refusal(status: u16, samples: &[&Sample]) -> Value {
    let codes: BTreeSet<String> = samples.iter().map(|sample| sample.code()).collect();
    let links: Vec<String> = codes
        .iter()
        .map(|code| format!("[`{code}`](/docs/errors/openapi_v2/{code})"))
        .collect();
    let mut headers = vec!["X-Request-Id", "Content-Language"];
    if status == 429 {
        headers.push("Retry-After");
    }
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut examples = Map::new();
    for sample in samples {
        let code = sample.code();
        let count = seen.entry(code.clone()).or_default();
        *count += 1;
        let key = match *count {
            1 => code,
            count => format!("{code} {count}"),
        };
        let body = &sample.body;
        let (message, detail) = (&body["message"], &body["message_detail"]);
        let words = [message, detail].map(|text| text.as_str().unwrap_or_default());
        let summary = words.join(": ");
        let summary = summary.trim_end_matches(": ");
        examples.insert(key, json!({"summary": summary, "value": body}));
    }
    json!({
        "description": format!("{}\n\nCodes: {}.", meaning(status), links.join(", ")),
        "headers": headers_of(&headers),
        "content": {"application/json": {"schema": reference("ErrorResponse"), "examples": examples}},
    })
}

fn meaning(status: u16) -> &'static str {
    match status {
        400 => {
            "A parameter makes no sense, or a rule of the form, the code or the certificate stands against it."
        }
        401 => "The key is missing, unknown, disabled or revoked.",
        403 => "The key is right, but may not do this.",
        404 => "What the request names does not exist, or the key does not see it.",
        429 => "The key has sent too many requests. Nothing was done; wait as `Retry-After` says.",
        502 => {
            "The module behind the gateway failed or was not reached in time. Whether a change was made is not known: repeat it with the same `Idempotency-Key`."
        }
        _ => "The request was refused.",
    }
}
