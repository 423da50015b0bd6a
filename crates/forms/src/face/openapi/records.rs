//! `record`: records, and the approval of records.

use super::operations::Operation;
use super::refusals;
use super::shapes::{
    self, CERTIFICATE, CERTIFICATE_URL, CODE_ID, CODE_URL, CODING, FIELD_IDS, OPTION_ID,
    RECORD_CODING, RECORD_ID, RECORD_NUMBER, RECORD_URL, STAGE_ID, TPL_ID, a_person, at_most,
    filled, format, formatted, id, id_or_zero, iso, maybe_iso, maybe_seconds, moment, number, or,
    seconds, up_to, version, with_example,
};
use crate::model::AuditStatus;
use crate::model::form::FieldType;
use catalogue::openapi_v2::Resource;
use httpkit::schema::{
    Named, always, boolean, integer, list, object, one_of, or_null, quiet, reference, request,
    said, sometimes, text, url, within,
};
use serde_json::{Value, json};

const FORMATS: &[&str] = &["json", "json-ld", "markdown"];

const SHAPES: &str = "By the field's type.\n\n\
    | type | value |\n| --- | --- |\n\
    | `name`, `tel`, `recorder`, `identity`, `ocr_identity`, `job_number`, `carnumber`, `text`, `textarea`, `customer_name`, `customer_mobile`, \
    `owner_address`, `date`, `time` | a text |\n\
    | `number` | `{\"value\": 30.6}` |\n\
    | `sex`, `radio` | `{\"option_id\": 1, \"custom_text\": \"…\"}` |\n\
    | `checkbox` | `{\"values\": [{\"option_id\": 1}]}` |\n\
    | `chained_selects` | `{\"path\": [1, 2]}` |\n\
    | `checklist` | `{\"items\": [{\"item_id\": 1, \"value\": 1, \"remark\": \"…\"}]}` |\n\
    | `matrix` | `{\"cells\": [{\"column_id\": 1, \"value\": …}]}`: a text, a number, an option or options |\n\
    | `dynamic_matrix` | `{\"rows\": [{\"cells\": […]}]}` |\n\
    | `address` | `{\"address\": \"…\", \"lat\": 22.5, \"log\": 114.1}` |\n\
    | `image`, `video`, `audio`, `file`, `signature` | `[{\"upload_id\": \"…\", \"title\": \"…\"}]` or `[{\"url\": \"…\"}]` |\n\n\
    `description` takes nothing.";

pub fn operations() -> Vec<Operation> {
    vec![
        Operation::new("record/getRecord", "Read a record")
            .about("By its id, its public address, or both, which must agree.")
            .takes(
                &[],
                vec![
                    ("record_id", id(RECORD_ID)),
                    ("record_url", up_to(2000, RECORD_URL)),
                    format(FORMATS),
                    version(),
                ],
            )
            .answers(formatted(FORMATS, &written()))
            .refused([
                refusals::needs_one_of(&["record_id", "record_url"]),
                refusals::contradicts("record_url", "record_id"),
                refusals::no_record(),
                refusals::other_organization(),
            ]),
        Operation::new("record/getRecords", "Search records")
            .about("Newest first unless `order_by` says otherwise. A filter by code and one by form combine; without filters, everything that the key sees.")
            .takes(&[], search())
            .answers(found())
            .refused([
                refusals::contradicts("page_token", "order_by"),
                refusals::no_form(),
                refusals::not_found(Resource::Code),
            ])
            .refused(refusals::category()),
        Operation::new("record/addRecord", "Fill a form in")
            .about(
                "For a code whose operations include the form. `fields` has one entry for each field that is filled in; a required field that is absent is accepted \
                 unless the form has `strict_required`, one that is there must not be empty. A form with approval keeps the record `pending`; otherwise, \
                 if the form has certificates, one is issued at once. Limits for each person count by `submitter.id`, or else \
                 `submitter.phone`, or else the key.",
            )
            .takes(
                &["code_id", "tpl_id", "fields"],
                vec![
                    ("code_id", id(CODE_ID)),
                    ("tpl_id", id(TPL_ID)),
                    ("fields", entries()),
                    ("submitter", a_person("Who fills the form in.")),
                    version(),
                ],
            )
            .answers(reference("SubmittedRecord"))
            .refused([refusals::no_form(), refusals::not_found(Resource::Code)])
            .refused(refusals::place())
            .refused(refusals::limits())
            .refused(refusals::filled_in()),
        Operation::new("record/updateRecord", "Change what was filled in")
            .about("Fields that are not in `fields` stay. A record whose form has approval is to be approved again.")
            .takes(
                &["record_id", "fields"],
                vec![("record_id", id(RECORD_ID)), ("fields", entries()), version()],
            )
            .answers(reference("SubmittedRecord"))
            .refused([
                refusals::wrong_state("record_id", "record_type 3"),
                refusals::no_record(),
                refusals::no_form(),
            ])
            .refused(refusals::filled_in()),
        Operation::new("record/deleteRecord", "Delete a record")
            .about("For good. Its certificate is no certificate any more (100320), and values that may stand once are free.")
            .takes(&["record_id"], vec![("record_id", id(RECORD_ID)), version()])
            .answers(reference("Nothing"))
            .refused([refusals::no_record()]),
        Operation::new("record/auditRecord", "Approve or reject a record")
            .about(
                "Decides for the stage whose turn it is. `pass` hands it to the next stage, or approves it and has its certificate issued; `reject` \
                 ends the approval. Of two decisions for one stage at the same time the second is refused.",
            )
            .takes(
                &["record_id", "action"],
                vec![
                    ("record_id", id(RECORD_ID)),
                    ("action", one_of(&["pass", "reject"], "pass")),
                    (
                        "stage_id",
                        said(
                            "The stage that you decide for. Default: the one whose turn it is.",
                            quiet(id(STAGE_ID)),
                        ),
                    ),
                    ("reply", up_to(1000, "已核对")),
                    ("operator", a_person("Who decides.")),
                    version(),
                ],
            )
            .answers(reference("ReviewedRecord"))
            .refused([
                refusals::wrong_state("action", "approved"),
                refusals::wrong_state("stage_id", "初审"),
                refusals::no_record(),
            ]),
    ]
}

fn written() -> Vec<Value> {
    vec![
        reference("Record"),
        reference("RecordReport"),
        json!({"type": "string", "description": "Markdown."}),
    ]
}

fn search() -> Vec<Named> {
    let template = request("The form.", &[], vec![("id", id(TPL_ID))]);
    let category = quiet(id(1));
    let code = request(
        "The code, or those of a category.",
        &[],
        vec![
            ("id", id(CODE_ID)),
            (
                "category_id",
                said(
                    "A category: its codes, and those of the categories in it.",
                    category,
                ),
            ),
        ],
    );
    let kinds = json!({"type": "integer", "enum": [0, 3, 7], "examples": [0]});
    vec![
        (
            "search_key",
            said(
                "A piece of what was filled in, of the record's number or of the submitter.",
                quiet(up_to(200, "")),
            ),
        ),
        (
            "filters",
            request(
                "Restrictions, which combine.",
                &[],
                vec![("record_template", template), ("qrcode", code)],
            ),
        ),
        (
            "record_type",
            said(
                "0: all; 3: changes of a code's state; 7: edits of a code.",
                or(0, kinds),
            ),
        ),
        ("start_time", moment("2026-06-01")),
        ("end_time", moment("2026-06-30 23:59:59")),
        ("page_size", or(10, within(1, 50, 10))),
        (
            "page_token",
            said(
                "The `next_page_token` of the page before, with the same `order_by`.",
                quiet(up_to(200, "")),
            ),
        ),
        (
            "last_record_id",
            said("Go on after this record; 0: begin.", quiet(id_or_zero(0))),
        ),
        (
            "order_by",
            or(
                "submit_at,desc",
                one_of(&["submit_at,desc", "submit_at,asc"], "submit_at,desc"),
            ),
        ),
        (
            "get_total_count",
            said(
                "1: count all; 0: do not, which is faster.",
                or(1, within(0, 1, 1)),
            ),
        ),
        format(FORMATS),
        version(),
    ]
}

fn found() -> Value {
    let mut properties = shapes::heading(FORMATS);
    properties.extend([
        ("list", list(json!({"anyOf": written()}))),
        ("page_size", integer(10)),
        ("has_more", boolean(false)),
        (
            "next_page_token",
            with_example(or_null(text("")), Value::Null),
        ),
        (
            "total_count",
            said("Absent if it was not asked for.", integer(1)),
        ),
    ]);
    let schema = object("A part of a list.", properties);
    sometimes(schema, &["version", "total_count"])
}

/// The entries of a submission.
fn entries() -> Value {
    let entry = request(
        "What is filled into one field.",
        &["field_id", "field_type"],
        vec![
            ("field_id", id(FIELD_IDS[0])),
            (
                "field_type",
                said("The field's type, as the form has it.", filled(64, "name")),
            ),
            ("field_value", reference("FieldValue")),
        ],
    );
    let [name, mobile, purpose] = FIELD_IDS;
    with_example(
        at_most(1000, entry),
        json!([
            {"field_id": name, "field_type": "name", "field_value": "林美"},
            {"field_id": mobile, "field_type": "tel", "field_value": "13800138000"},
            {"field_id": purpose, "field_type": "radio", "field_value": {"option_id": OPTION_ID}},
        ]),
    )
}

pub fn schemas() -> Vec<Named> {
    vec![
        ("FieldValue", field_value()),
        ("FilledField", filled_field()),
        ("Record", record()),
        ("RecordReport", report()),
        ("SubmittedRecord", submitted()),
        ("ReviewedRecord", reviewed()),
        ("IssuedCertificate", issued()),
    ]
}

/// The shapes of values, by type.
fn field_value() -> Value {
    let option = || {
        let properties = vec![
            ("option_id", id(OPTION_ID)),
            (
                "custom_text",
                said("Of the option \"other\" alone.", quiet(text(""))),
            ),
        ];
        request("An option.", &["option_id"], properties)
    };
    let options = || request("Options.", &["values"], vec![("values", list(option()))]);
    let cell_value = json!({"anyOf": [text("A3"), number(1.5), option(), options()]});
    let cell = || {
        let properties = vec![("column_id", id(1)), ("value", cell_value.clone())];
        request("A cell.", &["column_id"], properties)
    };
    let item = request(
        "An item: 0 not filled in, 1 yes, 2 no, 3 not applicable.",
        &["item_id", "value"],
        vec![
            ("item_id", id(1)),
            ("value", within(0, 3, 1)),
            ("remark", quiet(text(""))),
        ],
    );
    let file = request(
        "A file: an upload, or an address.",
        &[],
        vec![
            ("upload_id", text(shapes::UPLOAD_ID)),
            ("url", quiet(url(""))),
            ("title", quiet(text(""))),
        ],
    );
    let place = request(
        "A place.",
        &["address"],
        vec![
            ("address", text("深圳市南山区")),
            (
                "lat",
                json!({"type": "number", "minimum": -90, "maximum": 90}),
            ),
            (
                "log",
                json!({"type": "number", "minimum": -180, "maximum": 180}),
            ),
        ],
    );
    let one = |name, schema| request("", &[name], vec![(name, schema)]);
    let row = one("cells", list(cell()));
    json!({
        "description": SHAPES,
        "anyOf": [
            text("林美"),
            one("value", number(30.6)),
            option(),
            options(),
            one("path", list(id(OPTION_ID))),
            one("items", list(item)),
            one("cells", list(cell())),
            one("rows", list(row)),
            place,
            list(file),
            {"type": "null"},
        ],
    })
}

fn filled_field() -> Value {
    object(
        "What was filled into one field.",
        vec![
            ("field_id", id(FIELD_IDS[0])),
            (
                "field_title",
                said("As it was when it was filled in.", text("姓名")),
            ),
            ("field_type", one_of(FieldType::NAMES, "name")),
            ("field_value", reference("FieldValue")),
        ],
    )
}

fn named() -> Vec<Named> {
    vec![
        ("record_id", id(RECORD_ID)),
        ("record_number", text(RECORD_NUMBER)),
        ("record_code", text(RECORD_CODING)),
        ("record_url", url(RECORD_URL)),
        ("submit_at", seconds()),
        ("submit_at_iso", iso()),
    ]
}

fn record() -> Value {
    let code = object(
        "The code.",
        vec![
            ("id", id(CODE_ID)),
            ("title", text("前台")),
            ("url", url(CODE_URL)),
            ("coding", text(CODING)),
        ],
    );
    let template = object(
        "The form; `null` for what is no filled form.",
        vec![
            ("id", id(TPL_ID)),
            ("name", text("访客登记")),
            ("number", text("D32")),
        ],
    );
    let certificate = object(
        "Its certificate, if it has one.",
        vec![
            ("code", text(CERTIFICATE)),
            ("url", url(CERTIFICATE_URL)),
            ("status", text("待核销")),
            ("is_final", boolean(false)),
        ],
    );
    let mut properties = named();
    properties.extend([
        ("updated_at", seconds()),
        ("updated_at_iso", iso()),
        ("submit_method", text("API")),
        ("recorder", said("Who filled it in.", reference("Contact"))),
        (
            "record_type",
            said(
                "0: a filled form; 3: a change of a code's state; 7: an edit of a code.",
                integer(0),
            ),
        ),
        ("qrcode", code),
        ("record_template", or_null(template)),
        ("fields", list(reference("FilledField"))),
        ("audit", audit()),
        ("certificate", or_null(certificate)),
        (
            "trusted_notary",
            json!({"type": "null", "examples": [null]}),
        ),
    ]);
    object("A record.", properties)
}

fn audit() -> Value {
    let stage = object(
        "A stage, and what it has decided.",
        vec![
            ("id", id(STAGE_ID)),
            ("title", text("初审")),
            ("level", integer(1)),
            ("action", or_null(one_of(&["pass", "reject"], "pass"))),
            ("reply", or_null(text("已核对"))),
            (
                "operator",
                json!({"anyOf": [reference("Contact"), {"type": "null"}]}),
            ),
            ("decided_at", maybe_seconds()),
            ("decided_at_iso", maybe_iso()),
        ],
    );
    object(
        "Its approval.",
        vec![
            (
                "enabled",
                said("Whether it needs or needed any.", boolean(true)),
            ),
            ("status", one_of(AuditStatus::NAMES, "approved")),
            (
                "current_level",
                said("The level that decides next; 0: none.", integer(0)),
            ),
            ("stages", list(stage)),
        ],
    )
}

/// A record in the words of schema.org.
fn report() -> Value {
    let date_time = || {
        with_example(
            json!({"type": "string", "format": "date-time"}),
            json!("2026-06-02T12:30:00+08:00"),
        )
    };
    let creator = object(
        "Who filled it in.",
        vec![
            ("@type", always("Person")),
            ("name", text("林美")),
            ("telephone", text("13800138000")),
        ],
    );
    let about = object(
        "The code.",
        vec![
            ("@type", always("Thing")),
            ("@id", url(CODE_URL)),
            ("identifier", text(CODING)),
            ("name", text("前台")),
            ("url", url(CODE_URL)),
        ],
    );
    let property = object(
        "What was filled into one field, as text.",
        vec![
            ("@type", always("PropertyValue")),
            ("propertyID", text("71399639089155")),
            ("name", text("姓名")),
            ("value", text("林美")),
        ],
    );
    let schema = object(
        "A record in the words of schema.org.",
        vec![
            ("@context", always("https://schema.org")),
            ("@type", always("Report")),
            ("@id", url(RECORD_URL)),
            ("identifier", text(RECORD_NUMBER)),
            ("url", url(RECORD_URL)),
            ("name", text("访客登记")),
            ("dateCreated", date_time()),
            ("dateModified", date_time()),
            ("creator", sometimes(creator, &["name", "telephone"])),
            ("about", about),
            ("additionalProperty", list(property)),
        ],
    );
    sometimes(schema, &["name", "creator"])
}

fn issued() -> Value {
    object(
        "A certificate that was issued.",
        vec![
            ("certificate_code", text(CERTIFICATE)),
            ("certificate_url", url(CERTIFICATE_URL)),
            ("certificate_status", text("待核销")),
        ],
    )
}

fn maybe_issued() -> Value {
    let none = "`null`: the form has none, or the record is not approved.";
    said(none, or_null(reference("IssuedCertificate")))
}

fn submitted() -> Value {
    let mut properties = named();
    properties.extend([
        ("audit_status", one_of(AuditStatus::NAMES, "none")),
        ("certificate", maybe_issued()),
    ]);
    object("A record that was made or changed.", properties)
}

fn reviewed() -> Value {
    object(
        "What came of a decision.",
        vec![
            ("audit_status", one_of(AuditStatus::NAMES, "approved")),
            (
                "current_level",
                said("The level that decides next; 0: none.", integer(0)),
            ),
            ("certificate", maybe_issued()),
        ],
    )
}
