//! What several schemas share: identifiers, times, people, pages, and the values that examples are made of.

use crate::face::params::LARGEST_ID;
use crate::formats::Format;
use httpkit::schema::{
    Named, always, integer, list, object, one_of, or_null, quiet, reference, request, said,
    sometimes, text, within,
};
use serde_json::{Value, json};

pub const ORG_ID: i64 = 71_399_639_080_960;
pub const PROJECT_ID: i64 = 71_399_639_080_961;
pub const TPL_ID: i64 = 71_399_639_089_153;
pub const CODE_ID: i64 = 71_399_639_091_201;
pub const RECORD_ID: i64 = 71_399_639_093_249;
pub const STAGE_ID: i64 = 71_399_639_089_170;
pub const CATEGORY_ID: i64 = 71_399_639_085_057;
pub const STATE_ID: i64 = 71_399_639_087_105;
pub const STATE_VALUE_ID: i64 = 71_399_639_087_106;
pub const VERIFICATION_ID: i64 = 71_399_639_095_297;
pub const AUTHORIZATION_ID: i64 = 71_399_639_090_177;
pub const API_KEY_ID: i64 = 71_399_639_081_985;
/// The fields of the form in the examples: name, mobile, purpose; and the option that is chosen.
pub const FIELD_IDS: [i64; 3] = [71_399_639_089_155, 71_399_639_089_156, 71_399_639_089_159];
pub const OPTION_ID: i64 = 71_399_639_089_160;

pub const CODING: &str = "qB4k8Tn2W";
pub const CODE_URL: &str = "https://qr.example.com/oEuE2E7xK/qB4k8Tn2W";
pub const RECORD_CODING: &str = "rH3m9Pz5D";
pub const RECORD_URL: &str = "https://qr.example.com/oEuE2E7xK/rH3m9Pz5D";
pub const CERTIFICATE: &str = "vJ9AgZUD7kQ2mWx4Rn8Tb5Lc3Yp6Hs";
pub const CERTIFICATE_URL: &str = "https://qr.example.com/oEuE2E7xK/vJ9AgZUD7kQ2mWx4Rn8Tb5Lc3Yp6Hs";
pub const UPLOAD_ID: &str = "uT5n8Wq2Zr4Kx7Bm9";
pub const RECORD_NUMBER: &str = "L1271755";

const AT: i64 = 1_780_374_600;
const AT_ISO: &str = "2026-06-02 12:30:00(UTC+08:00)";

/// The most characters of an address.
pub const LONGEST_ADDRESS: i64 = 2048;

/// An id.
pub fn id(example: i64) -> Value {
    let mut schema = within(1, LARGEST_ID, example);
    schema["format"] = "int64".into();
    schema
}

/// An id, or 0 where that stands for none.
pub fn id_or_zero(example: i64) -> Value {
    let mut schema = id(example);
    schema["minimum"] = 0.into();
    schema
}

/// A text of at most `max` characters.
pub fn up_to(max: i64, example: &str) -> Value {
    let mut schema = text(example);
    schema["maxLength"] = max.into();
    schema
}

/// A text of 1 to `max` characters.
pub fn filled(max: i64, example: &str) -> Value {
    let mut schema = up_to(max, example);
    schema["minLength"] = 1.into();
    schema
}

/// A list of at most `max` items.
pub fn at_most(max: usize, items: Value) -> Value {
    let mut schema = list(items);
    schema["maxItems"] = max.into();
    schema
}

/// A parameter that counts as `value` when it is absent.
pub fn or(value: impl Into<Value>, mut schema: Value) -> Value {
    schema["default"] = value.into();
    schema
}

/// A whole number that is not below `min`.
pub fn integer_from(min: i64) -> Value {
    json!({"type": "integer", "minimum": min, "examples": [min]})
}

/// A number.
pub fn number(example: f64) -> Value {
    json!({"type": "number", "examples": [example]})
}

/// A time in a request.
pub fn moment(example: &str) -> Value {
    json!({
        "description": "Unix seconds, as a number or a text, or ISO 8601; without an offset it is at +08:00.",
        "anyOf": [
            {"type": "integer", "minimum": 0, "maximum": 253_402_300_799_i64},
            {"type": "string"},
        ],
        "examples": [example],
    })
}

/// A time in an answer, as unix seconds.
pub fn seconds() -> Value {
    said("Unix seconds.", integer(AT))
}

/// The same time in words.
pub fn iso() -> Value {
    json!({
        "type": "string",
        "description": "The same as `YYYY-MM-DD HH:MM:SS(UTC+08:00)`.",
        "pattern": r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\(UTC\+08:00\)$",
        "examples": [AT_ISO],
    })
}

/// Unix seconds that may not be there.
pub fn maybe_seconds() -> Value {
    or_null(seconds())
}

/// The same in words.
pub fn maybe_iso() -> Value {
    or_null(iso())
}

/// `version`, as requests have it.
pub fn version() -> Named {
    let schema = json!({"type": "string", "enum": ["v1"]});
    (
        "version",
        said(
            "The version of the answer's form: `v1` is the only one.",
            schema,
        ),
    )
}

/// `format`, as requests have it.
pub fn format(formats: &[&str]) -> Named {
    let schema = or("json", one_of(formats, "json"));
    ("format", said("How the answer is written.", schema))
}

/// A resource in one of its formats.
pub fn formatted(formats: &[&str], data: &[Value]) -> Value {
    let data = match data {
        [one] => one.clone(),
        several => json!({"anyOf": several}),
    };
    let mut properties = heading(formats);
    properties.push(("data", data));
    let schema = object("A resource in one of its formats.", properties);
    sometimes(schema, &["version"])
}

/// `format`, `version` and `content_type`, as answers have them.
pub fn heading(formats: &[&str]) -> Vec<Named> {
    let version = quiet(one_of(&["v1"], "v1"));
    let content_types: Vec<&str> = formats.iter().map(|name| content_type(name)).collect();
    vec![
        ("format", one_of(formats, "json")),
        ("version", said("Answered to those who sent it.", version)),
        ("content_type", one_of(&content_types, content_type("json"))),
    ]
}

fn content_type(format: &str) -> &'static str {
    let format = Format::of(format).unwrap_or(Format::Json);
    format.content_type()
}

/// Whoever does something, as requests and some answers have it.
fn person() -> Value {
    request(
        "Somebody, as far as is known.",
        &[],
        vec![
            (
                "id",
                said("Your own id of that person.", up_to(64, "u-1001")),
            ),
            ("name", up_to(64, "林美")),
            ("phone", up_to(32, "13800138000")),
        ],
    )
}

fn contact() -> Value {
    object(
        "Somebody, as far as is known.",
        vec![
            ("name", or_null(text("林美"))),
            ("phone", or_null(text("13800138000"))),
        ],
    )
}

fn page() -> Value {
    object(
        "Which part of a list this is.",
        vec![
            ("current_page", integer(1)),
            ("last_page", said("At least 1.", integer(1))),
            ("page_size", integer(10)),
            (
                "total",
                said("How many there are on all pages.", integer(1)),
            ),
        ],
    )
}

fn refusal() -> Value {
    let schema = object(
        "Every refusal has this body.",
        vec![
            ("code", said("The HTTP status again.", integer(400))),
            (
                "error_code",
                said(
                    "The business error. Absent where only the gateway refused.",
                    integer(100_301),
                ),
            ),
            (
                "message",
                said(
                    "The documented words, in the language of the request.",
                    text("Invalid request parameters"),
                ),
            ),
            (
                "message_detail",
                said(
                    "What exactly is wrong, in the language of the request; empty where the message says it all.",
                    text("tpl_id is required"),
                ),
            ),
        ],
    );
    sometimes(schema, &["error_code"])
}

/// The components that belong to no module.
pub fn schemas() -> Vec<Named> {
    vec![
        ("ErrorResponse", refusal()),
        ("Person", person()),
        ("Contact", contact()),
        ("Page", page()),
        (
            "Nothing",
            with_example(object("Nothing.", Vec::new()), json!({})),
        ),
    ]
}

/// The same with this example.
pub fn with_example(mut schema: Value, example: Value) -> Value {
    schema["examples"] = json!([example]);
    schema
}

/// The envelope of a success.
pub fn envelope(data: &Value) -> Value {
    object(
        "Success.",
        vec![
            ("code", json!({"type": "integer", "const": 0})),
            ("message", always("ok")),
            ("data", data.clone()),
        ],
    )
}

/// A person in a request or an answer.
pub fn a_person(description: &str) -> Value {
    said(description, reference("Person"))
}
