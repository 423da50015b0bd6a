//! `POST /api/v1/certificate/verification`.

use super::operations::operation;
use super::refusals::{self, Sample};
use super::shapes::{
    CERTIFICATE_URL, LONGEST_ADDRESS, ORG_ID, RECORD_ID, RECORD_NUMBER, filled, id, id_or_zero,
    up_to, with_example,
};
use super::{body, headers_of, parameters_of};
use crate::face::v1;
use crate::model::certificate::{SET, SET_NEXT};
use httpkit::schema::{Named, always, example, object, quiet, reference, request, said, text};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Where it is.
pub const PATH: &str = "/api/v1/certificate/verification";

pub fn describe(schemas: &Map<String, Value>) -> Value {
    json!({
        "operationId": "v1CertificateVerification",
        "tags": ["v1"],
        "summary": "Verify a certificate, the old way",
        "description": "Carries out `record/verifyCertificate` and speaks in camel case. `code` in the body decides: 0 success, 1021 the verification failed, 1022 its parameters are wrong; these come with \
            HTTP 200. 400, 403 (no valid key, or it may not write) and 500 are also the HTTP status.",
        "parameters": parameters_of(true),
        "requestBody": body(&wanted(), schemas),
        "responses": responses(schemas),
        "x-error-codes": ["400", "403", "500", "1021", "1022"],
        "x-writes": true,
    })
}

fn wanted() -> Value {
    let status = |description, example| quiet(said(description, up_to(200, example)));
    let scope = |description| said(description, id_or_zero(0));
    request(
        "The parameters.",
        &["certificateCode", "actionType"],
        vec![
            ("certificateCode", filled(LONGEST_ADDRESS, CERTIFICATE_URL)),
            (
                "actionType",
                said(&format!("`{SET}` or `{SET_NEXT}`."), filled(64, SET_NEXT)),
            ),
            (
                "toCertificateStatus",
                status("Of `set_certificate_status`: the status aimed at.", ""),
            ),
            (
                "fromCertificateStatus",
                status(
                    "Of `set_certificate_status`: the status that you expect.",
                    "",
                ),
            ),
            (
                "recordTplId",
                scope("Verify certificates of this form only; 0: of any."),
            ),
            (
                "recordCodeId",
                scope("Verify certificates of this code only; 0: of any."),
            ),
        ],
    )
}

pub fn schemas() -> Vec<Named> {
    let time = json!({"type": "string", "pattern": r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$"});
    let verified = object(
        "A verification.",
        vec![
            ("ownerRecordNumber", text(RECORD_NUMBER)),
            ("recordId", id(RECORD_ID)),
            ("orgId", id(ORG_ID)),
            (
                "recordAddTime",
                said(
                    "At +08:00.",
                    with_example(time, json!("2026-06-02 12:30:00")),
                ),
            ),
            ("certificateStatus", text("已核销")),
        ],
    );
    let success = object(
        "Success.",
        vec![
            ("code", json!({"type": "integer", "const": 0})),
            ("message", always("ok")),
            ("data", verified),
        ],
    );
    let refusal = object(
        "A refusal.",
        vec![
            (
                "code",
                json!({"type": "integer", "enum": [400, 403, 500, 1021, 1022]}),
            ),
            ("message", text("")),
            ("data", json!({"type": "null"})),
        ],
    );
    vec![("V1Verified", success), ("V1Refusal", refusal)]
}

/// The refusals of `record/verifyCertificate` in the ancestor's codes, and success.
fn responses(schemas: &Map<String, Value>) -> Value {
    let mut by_status: BTreeMap<u16, Map<String, Value>> = BTreeMap::new();
    let success = json!({"value": example(schemas, &schemas["V1Verified"])});
    by_status
        .entry(200)
        .or_default()
        .insert("ok".into(), success);
    let verification = operation("record/verifyCertificate");
    let refused = verification
        .into_iter()
        .flat_map(|operation| operation.refusals);
    let of_parameters = refusals::of_parameters(&wanted()).into_iter();
    let mut samples = refusals::key(true);
    samples.extend(of_parameters.chain(refused).map(Sample::from));
    samples.extend(refusals::upstream());
    for sample in samples {
        let code = sample.code();
        let (status, said) = v1::in_its_codes(sample.body);
        let key = format!("{} {code}", said["code"]);
        let examples = by_status.entry(status).or_default();
        examples
            .entry(key)
            .or_insert_with(|| json!({"summary": said["message"], "value": said}));
    }
    let headers = headers_of(&["X-Request-Id", "Content-Language"]);
    let responses = by_status.into_iter().map(|(status, examples)| {
        let (description, schema) = match status {
            200 => (
                "Done (0), or refused (1021, 1022).",
                json!({"anyOf": [reference("V1Verified"), reference("V1Refusal")]}),
            ),
            _ => ("Refused.", reference("V1Refusal")),
        };
        let response = json!({
            "description": description,
            "headers": headers,
            "content": {"application/json": {"schema": schema, "examples": examples}},
        });
        (status.to_string(), response)
    });
    responses.collect::<Map<_, _>>().into()
}
