//! `record`: certificates, their verification, and who may verify.

use super::operations::Operation;
use super::refusals;
use super::shapes::{
    API_KEY_ID, AUTHORIZATION_ID, CERTIFICATE, CERTIFICATE_URL, CODE_ID, LONGEST_ADDRESS, ORG_ID,
    RECORD_CODING, RECORD_ID, RECORD_NUMBER, RECORD_URL, TPL_ID, VERIFICATION_ID, a_person,
    at_most, filled, id, id_or_zero, iso, maybe_iso, maybe_seconds, moment, or, seconds, up_to,
    version, with_example,
};
use crate::model::AuditStatus;
use crate::model::certificate::{SET, SET_NEXT};
use crate::repo::Outcome;
use catalogue::openapi_v2::{Problem, Resource, VerificationProblem};
use httpkit::schema::{
    Named, boolean, integer, list, object, one_of, or_null, quiet, reference, request, said,
    sometimes, text, url, within,
};
use serde_json::{Value, json};

const REQUIRED: [&str; 2] = ["certificate_code", "action_type"];

pub fn operations() -> Vec<Operation> {
    let mut operations = verification();
    operations.extend(authorization());
    operations
}

fn verification() -> Vec<Operation> {
    vec![
        Operation::new("record/verifyCertificate", "Verify a certificate")
            .about(
                "Moves the certificate to its next status, or with `set_certificate_status` to the one that you name, if it has the one that you expect. \
                 Of any number of verifications at the same time one succeeds. Every attempt is logged (`record/getVerifications`). Send a \
                 `nonce` of your own for each scan: the same verification with the same nonce is answered as the first time.",
            )
            .takes(&REQUIRED, with_version(wanted()))
            .answers(reference("Verified"))
            .refused(refusals::verification()),
        Operation::new("record/verifyCertificates", "Verify several certificates")
            .about(
                "In this order and in one transaction. A refusal of one does not touch the others: each result is a success or a refusal of \
                 `record/verifyCertificate`.",
            )
            .takes(
                &["items"],
                with_version(vec![(
                    "items",
                    at_most(100, request("One verification.", &REQUIRED, wanted())),
                )]),
            )
            .answers(object(
                "What came of each.",
                vec![(
                    "results",
                    list(json!({"anyOf": [reference("VerifiedItem"), reference("ErrorResponse")]})),
                )],
            )),
        Operation::new("record/getCertificate", "Look at a certificate")
            .about(
                "By its code or address, by its record, or by both, which must agree. Changes nothing. `verifiable` says whether this key could verify it now, `reason_error_code` \
                 what would stand against it.",
            )
            .takes(
                &[],
                vec![
                    ("certificate_code", up_to(LONGEST_ADDRESS, CERTIFICATE)),
                    ("record_id", id(RECORD_ID)),
                    version(),
                ],
            )
            .answers(reference("Certificate"))
            .refused([
                refusals::needs_one_of(&["certificate_code", "record_id"]),
                refusals::contradicts("record_id", "certificate_code"),
                refusals::no_certificate(),
                refusals::no_record(),
                refusals::other_organization(),
            ]),
        Operation::new("record/getVerifications", "List attempts to verify")
            .about("Newest first, refused ones too.")
            .takes(
                &[],
                vec![
                    ("certificate_code", quiet(up_to(LONGEST_ADDRESS, CERTIFICATE))),
                    ("record_id", id(RECORD_ID)),
                    ("outcome", quiet(one_of(Outcome::NAMES, "verified"))),
                    ("page_size", or(10, within(1, 50, 10))),
                    (
                        "page_token",
                        said("The `next_page_token` of the page before.", quiet(up_to(32, ""))),
                    ),
                    version(),
                ],
            )
            .answers(object(
                "A part of a list.",
                vec![
                    ("list", list(listed_attempt())),
                    ("has_more", boolean(false)),
                    ("next_page_token", with_example(or_null(text("")), Value::Null)),
                ],
            ))
            .refused([refusals::other_organization()]),
        Operation::new("record/reverseVerification", "Take a verification back")
            .about(
                "Sets the certificate back to the status before its latest verification, within the time that the operator allows (an hour unless set otherwise). The key needs the \
                 right to reverse.",
            )
            .takes(
                &["verification_id"],
                vec![
                    ("verification_id", id(VERIFICATION_ID)),
                    ("reason", up_to(500, "扫错了")),
                    version(),
                ],
            )
            .answers(reference("ReversedVerification"))
            .refused([
                refusals::not_found(Resource::Verification),
                refusals::not_verified(VerificationProblem::TooLate),
                refusals::not_verified(VerificationProblem::NotLatest),
            ]),
    ]
}

fn authorization() -> Vec<Operation> {
    vec![
        Operation::new("record/createAuthorizationCode", "Give somebody the right to verify")
            .about("Makes a code that whoever has it sends as `authorization_code`. It is shown this once.")
            .takes(
                &["tpl_id"],
                vec![
                    ("tpl_id", id(TPL_ID)),
                    (
                        "expire_at",
                        said("When it ends to count. Default: never.", moment("2099-12-31T18:00:00+08:00")),
                    ),
                    (
                        "max_uses",
                        said("How many verifications it is good for. Default: any number.", within(1, 1_000_000_000, 500)),
                    ),
                    ("holder", a_person("Who gets it: stands for `operator` where a verification has none.")),
                    version(),
                ],
            )
            .answers(reference("NewAuthorizationCode"))
            .refused([
                refusals::parameter("expire_at", Problem::NotAfter { field: "now" }),
                refusals::no_form(),
            ]),
        Operation::new("record/getAuthorizationCodes", "List the authorization codes of a form")
            .about("Newest first, with the last letters of each.")
            .takes(&["tpl_id"], vec![("tpl_id", id(TPL_ID)), version()])
            .answers(object("A list.", vec![("list", list(reference("AuthorizationCode")))]))
            .refused([refusals::no_form()]),
        Operation::new("record/revokeAuthorizationCode", "Take an authorization code back")
            .about("Doing it twice is no error.")
            .takes(
                &["authorization_id"],
                vec![("authorization_id", id(AUTHORIZATION_ID)), version()],
            )
            .answers(reference("AuthorizationCode"))
            .refused([refusals::not_found(Resource::Authorization)]),
    ]
}

fn with_version(mut parameters: Vec<Named>) -> Vec<Named> {
    parameters.push(version());
    parameters
}

/// The parameters of one verification.
fn wanted() -> Vec<Named> {
    let status = |description, example| said(description, up_to(200, example));
    let scope = |description| said(description, quiet(id_or_zero(0)));
    vec![
        (
            "certificate_code",
            said(
                "The certificate's code, its address, or the whole text of its QR code.",
                filled(LONGEST_ADDRESS, CERTIFICATE),
            ),
        ),
        (
            "action_type",
            said(
                &format!("`{SET}` or `{SET_NEXT}`; anything else is 100325."),
                filled(64, SET_NEXT),
            ),
        ),
        (
            "to_certificate_status",
            quiet(status(
                "Of `set_certificate_status`, where it must be there: the status aimed at.",
                "",
            )),
        ),
        (
            "from_certificate_status",
            quiet(status(
                "Of `set_certificate_status`, where it must be there: the status that you expect.",
                "",
            )),
        ),
        (
            "tpl_id",
            scope("Verify certificates of this form only; 0: of any."),
        ),
        (
            "code_id",
            scope("Verify certificates of this code only; 0: of any."),
        ),
        (
            "authorization_code",
            said(
                "What gives the right to verify where the form allows or wants it. Case, dashes and blanks do not count.",
                quiet(up_to(64, "")),
            ),
        ),
        ("operator", a_person("Who verifies.")),
        (
            "nonce",
            said("Your own name for this scan.", {
                let mut nonce = filled(64, "5f0c1b9e-6c5e-4c0b-9a55-0b8f6f0d7f11");
                nonce["pattern"] = "^[!-~]+$".into();
                nonce
            }),
        ),
    ]
}

pub fn schemas() -> Vec<Named> {
    vec![
        ("Verified", verified()),
        (
            "VerifiedItem",
            object(
                "One success.",
                vec![
                    ("code", json!({"type": "integer", "const": 0})),
                    ("message", text("ok")),
                    ("data", reference("Verified")),
                ],
            ),
        ),
        ("Certificate", certificate()),
        ("CertificateStatus", status()),
        ("Attempt", attempt(Vec::new())),
        ("ReversedVerification", reversed()),
        ("NewAuthorizationCode", new_authorization()),
        ("AuthorizationCode", authorization_code()),
    ]
}

fn verified() -> Value {
    object(
        "A verification.",
        vec![
            ("verification_id", id(VERIFICATION_ID)),
            ("owner_record_number", text(RECORD_NUMBER)),
            ("record_id", id(RECORD_ID)),
            ("org_id", id(ORG_ID)),
            ("tpl_id", id(TPL_ID)),
            ("code_id", id(CODE_ID)),
            ("record_add_time", iso()),
            ("from_certificate_status", or_null(text("待核销"))),
            ("certificate_status", or_null(text("已核销"))),
            ("verified_at", seconds()),
            ("verified_at_iso", iso()),
            (
                "is_final",
                said("Whether the certificate is used up.", boolean(true)),
            ),
        ],
    )
}

fn status() -> Value {
    object(
        "A status of a form's certificates.",
        vec![
            ("name", text("待核销")),
            ("is_initial", boolean(true)),
            ("is_final", boolean(false)),
            (
                "next",
                said(
                    "What may come after it; the first is the next one.",
                    list(text("已核销")),
                ),
            ),
        ],
    )
}

fn certificate() -> Value {
    let record = object(
        "Its record.",
        vec![
            ("record_id", id(RECORD_ID)),
            ("record_number", text(RECORD_NUMBER)),
            ("record_code", text(RECORD_CODING)),
            ("record_url", url(RECORD_URL)),
            ("submit_at", seconds()),
            ("submit_at_iso", iso()),
            ("audit_status", one_of(AuditStatus::NAMES, "none")),
            ("tpl_id", id(TPL_ID)),
            ("form_name", text("访客登记")),
            ("code_id", id(CODE_ID)),
        ],
    );
    object(
        "A certificate.",
        vec![
            ("certificate_code", text(CERTIFICATE)),
            ("certificate_url", url(CERTIFICATE_URL)),
            (
                "qr_text",
                said(
                    "The text of its QR code: the address with what it says, signed, which can be checked without the server.",
                    text(&format!("{CERTIFICATE_URL}#s=WzEsInZKOUFn….Miyh-nTG…")),
                ),
            ),
            ("title", text("入场凭证")),
            ("body", text("请在入口出示")),
            ("certificate_status", text("待核销")),
            ("is_final", boolean(false)),
            ("statuses", list(reference("CertificateStatus"))),
            (
                "verifiable",
                said("Whether this key could verify it now.", boolean(true)),
            ),
            (
                "reason_error_code",
                said(
                    "What would stand against it.",
                    with_example(or_null(integer(0)), Value::Null),
                ),
            ),
            (
                "revoked",
                said(
                    "Why it does not count any more.",
                    with_example(or_null(text("")), Value::Null),
                ),
            ),
            ("issued_at", seconds()),
            ("issued_at_iso", iso()),
            ("record", record),
            (
                "history",
                said(
                    "The attempts to verify it, newest first, at most 100.",
                    list(reference("Attempt")),
                ),
            ),
        ],
    )
}

fn attempt(more: Vec<Named>) -> Value {
    let none = |schema| with_example(or_null(schema), Value::Null);
    let mut properties = vec![
        ("verification_id", id(VERIFICATION_ID)),
        ("outcome", one_of(Outcome::NAMES, "verified")),
        (
            "error_code",
            said(
                "Why it was refused; 0: for a reason without a code.",
                quiet(integer(0)),
            ),
        ),
        (
            "presented",
            said(
                "What was scanned, its first 256 characters.",
                text(CERTIFICATE),
            ),
        ),
        ("from_certificate_status", or_null(text("待核销"))),
        ("certificate_status", or_null(text("已核销"))),
        ("operator", a_person("Who verified.")),
        ("api_key_id", or_null(id(API_KEY_ID))),
        ("authorization_id", none(id(AUTHORIZATION_ID))),
        (
            "nonce",
            or_null(text("5f0c1b9e-6c5e-4c0b-9a55-0b8f6f0d7f11")),
        ),
        (
            "reverses",
            said(
                "The verification that was taken back.",
                quiet(id(VERIFICATION_ID)),
            ),
        ),
        ("reason", said("Why it was taken back.", quiet(text("")))),
        ("attempted_at", seconds()),
        ("attempted_at_iso", iso()),
    ];
    properties.extend(more);
    sometimes(
        object("An attempt to verify.", properties),
        &["error_code", "reverses", "reason"],
    )
}

fn listed_attempt() -> Value {
    attempt(vec![
        ("certificate_code", or_null(text(CERTIFICATE))),
        ("record_id", or_null(id(RECORD_ID))),
    ])
}

fn reversed() -> Value {
    object(
        "A verification taken back.",
        vec![
            (
                "verification_id",
                said("The entry in the log.", id(VERIFICATION_ID + 1)),
            ),
            ("reverses", or_null(id(VERIFICATION_ID))),
            ("record_id", id(RECORD_ID)),
            ("from_certificate_status", or_null(text("已核销"))),
            ("certificate_status", or_null(text("待核销"))),
            ("reversed_at", seconds()),
            ("reversed_at_iso", iso()),
        ],
    )
}

fn new_authorization() -> Value {
    object(
        "An authorization code that was made.",
        vec![
            ("authorization_id", id(AUTHORIZATION_ID)),
            (
                "authorization_code",
                said(
                    "Shown this once: `null` when an `Idempotency-Key` is used again.",
                    or_null(text("7KQM-2F9D-XW4H")),
                ),
            ),
            ("expire_at", maybe_seconds()),
            ("expire_at_iso", maybe_iso()),
            ("max_uses", or_null(integer(500))),
        ],
    )
}

fn authorization_code() -> Value {
    object(
        "An authorization code.",
        vec![
            ("authorization_id", id(AUTHORIZATION_ID)),
            ("tpl_id", id(TPL_ID)),
            ("hint", said("Its last letters.", text("XW4H"))),
            ("holder", a_person("Who has it.")),
            (
                "status",
                one_of(&["active", "revoked", "expired", "used_up"], "active"),
            ),
            ("expire_at", maybe_seconds()),
            ("expire_at_iso", maybe_iso()),
            ("max_uses", or_null(integer(500))),
            ("uses", integer(0)),
            ("created_at", seconds()),
            ("created_at_iso", iso()),
        ],
    )
}
