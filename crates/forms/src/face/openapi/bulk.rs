//! `record`: work on many records at once.

use super::operations::Operation;
use super::refusals;
use super::shapes::{
    CERTIFICATE, CODE_ID, FIELD_IDS, RECORD_ID, RECORD_NUMBER, TPL_ID, UPLOAD_ID, at_most, filled,
    id, iso, maybe_iso, maybe_seconds, moment, or, seconds, up_to, version, with_example,
};
use crate::bulk::{ExportFormat, JobState};
use catalogue::openapi_v2::{Resource, SheetProblem};
use httpkit::schema::{
    Named, boolean, integer, list, object, one_of, or_null, quiet, reference, said, sometimes,
    text, url, within,
};
use serde_json::{Value, json};

const JOB_ID: i64 = 71_399_639_097_345;

pub fn operations() -> Vec<Operation> {
    let too_many_open = refusals::too_many_requests;
    vec![
        Operation::new("record/importRecords", "Fill a form in with the rows of a file")
            .about(
                "The file is an upload: CSV in UTF-8 or XLSX, with a header row whose titles are those of fields, at most 10 000 rows. Each row is checked and submitted like \
                 `record/addRecord` does; a row that is refused does not keep the others back. Answers at once: `record/getJob` says how far it is. 429 also while 20 jobs \
                 of the organization have not ended.",
            )
            .takes(
                &["tpl_id", "code_id", "upload_id"],
                vec![
                    ("tpl_id", id(TPL_ID)),
                    ("code_id", id(CODE_ID)),
                    ("upload_id", filled(64, UPLOAD_ID)),
                    ("mapping", mapping()),
                    (
                        "dry_run",
                        said("Check the rows, and make no records.", or(false, boolean(false))),
                    ),
                    version(),
                ],
            )
            .answers(reference("JobInShort"))
            .refused([
                refusals::sheet("upload_id", SheetProblem::UnknownColumn { name: "备注".into() }),
                refusals::unknown("mapping.电话"),
                refusals::no_form(),
                refusals::not_found(Resource::Code),
                refusals::not_found(Resource::Upload),
            ])
            .refused(refusals::place())
            .refused([refusals::upload_expired(), too_many_open()]),
        Operation::new("record/exportRecords", "Write the records of a form into a file")
            .about("CSV or XLSX, with titles in the language of the request. Answers at once: `record/getJob` has the file when it is done.")
            .takes(
                &["tpl_id", "format"],
                vec![
                    ("tpl_id", id(TPL_ID)),
                    ("format", one_of(ExportFormat::NAMES, "csv")),
                    ("code_id", quiet(id(CODE_ID))),
                    (
                        "search_key",
                        said(
                            "A piece of what was filled in, of the record's number or of the submitter.",
                            quiet(up_to(200, "")),
                        ),
                    ),
                    ("start_time", moment("2026-06-01")),
                    ("end_time", moment("2026-06-30 23:59:59")),
                    version(),
                ],
            )
            .answers(reference("JobInShort"))
            .refused([
                refusals::too_many("tpl_id", 50_000),
                refusals::no_form(),
                too_many_open(),
            ]),
        Operation::new("record/issueCertificates", "Give records the certificates that they have not")
            .about("To the records that are named, or with `all` to every one of the form that needs no approval or has it. For records from before the form had certificates.")
            .takes(
                &["tpl_id"],
                vec![
                    ("tpl_id", id(TPL_ID)),
                    ("record_ids", at_most(10_000, id(RECORD_ID))),
                    (
                        "all",
                        said("Instead of `record_ids`.", or(false, quiet(boolean(false)))),
                    ),
                    version(),
                ],
            )
            .answers(reference("JobInShort"))
            .refused([
                refusals::needs_one_of(&["record_ids", "all"]),
                refusals::contradicts("all", "record_ids"),
                refusals::no_form(),
                refusals::not_enabled(),
                too_many_open(),
            ]),
        Operation::new("record/cancelJob", "Have a job not go on")
            .about("What was done stays.")
            .takes(&["job_id"], vec![("job_id", id(JOB_ID)), version()])
            .answers(reference("JobInShort"))
            .refused([
                refusals::wrong_state("job_id", "done"),
                refusals::not_found(Resource::Job),
            ]),
        Operation::new("record/getJob", "Ask how far a job is, and what came of it")
            .about("Kept for 30 days.")
            .takes(
                &["job_id"],
                vec![
                    ("job_id", id(JOB_ID)),
                    (
                        "report",
                        said(
                            "`errors`: what was refused, the default for imports; `all`: every item, the default for others.",
                            one_of(&["errors", "all"], "all"),
                        ),
                    ),
                    ("page", or(1, within(1, 1_000_000, 1))),
                    ("page_size", or(20, within(1, 100, 20))),
                    version(),
                ],
            )
            .answers(reference("Job"))
            .refused([refusals::not_found(Resource::Job)]),
    ]
}

fn mapping() -> Value {
    json!({
        "type": "object",
        "description": "The fields of columns whose titles are not those of fields: from the title to the field's id, 0 or `null` for a column to be left out.",
        "additionalProperties": {"type": ["integer", "null"], "format": "int64", "minimum": 0},
        "maxProperties": 500,
        "examples": [{"电话": FIELD_IDS[1], "备注": 0}],
    })
}

pub fn schemas() -> Vec<Named> {
    vec![
        (
            "JobInShort",
            object("A job in short.", in_short("waiting", 0, 0)),
        ),
        ("Job", job()),
    ]
}

fn in_short(state: &str, done: i64, failed: i64) -> Vec<Named> {
    vec![
        ("job_id", id(JOB_ID)),
        (
            "kind",
            one_of(&["import", "export", "certificates"], "import"),
        ),
        ("state", one_of(JobState::NAMES, state)),
        ("total", said("Items in all.", integer(2))),
        ("done", said("Those that were dealt with.", integer(done))),
        (
            "failed",
            said("Those of them that were refused.", integer(failed)),
        ),
    ]
}

fn job() -> Value {
    let file = object(
        "The file that an export made, while it is kept.",
        vec![
            ("upload_id", text(UPLOAD_ID)),
            ("name", text("访客登记.csv")),
            ("content_type", text("text/csv")),
            ("size", said("Bytes.", integer(1024))),
            (
                "url",
                url("https://qr.example.com/f/uploads/uT5n8Wq2Zr4Kx7Bm9"),
            ),
            ("expire_at", seconds()),
            ("expire_at_iso", iso()),
        ],
    );
    let error = json!({"anyOf": [reference("ErrorResponse"), {"type": "null"}]});
    let mut properties = in_short("done", 2, 1);
    properties.extend([
        ("tpl_id", id(TPL_ID)),
        ("dry_run", boolean(false)),
        ("created_at", seconds()),
        ("created_at_iso", iso()),
        ("ended_at", maybe_seconds()),
        ("ended_at_iso", maybe_iso()),
        (
            "error",
            said("Why it could not go on.", with_example(error, Value::Null)),
        ),
        ("file", with_example(or_null(file), Value::Null)),
        ("report", report()),
        ("page", reference("Page")),
    ]);
    object("A job, and what came of it.", properties)
}

fn report() -> Value {
    let names = [
        "row",
        "record_id",
        "record_number",
        "certificate_code",
        "code",
        "error_code",
        "message",
        "message_detail",
    ];
    let item = object(
        "What came of one item: what was made, or the refusal.",
        vec![
            (
                "row",
                said(
                    "The row of the file, from 1, the header included.",
                    integer(2),
                ),
            ),
            ("record_id", id(RECORD_ID)),
            ("record_number", text(RECORD_NUMBER)),
            ("certificate_code", text(CERTIFICATE)),
            ("code", integer(400)),
            ("error_code", integer(100_309)),
            ("message", text("Field validation failed")),
            (
                "message_detail",
                text("手机: must be a mobile number of 11 digits"),
            ),
        ],
    );
    with_example(
        list(sometimes(item, &names)),
        json!([
            {"row": 2, "record_id": RECORD_ID, "record_number": RECORD_NUMBER},
            {
                "row": 3,
                "code": 400,
                "error_code": 100_309,
                "message": "Field validation failed",
                "message_detail": "手机: must be a mobile number of 11 digits",
            },
        ]),
    )
}
