//! `qrcodes`, `categories` and `states`.

use super::operations::Operation;
use super::refusals;
use super::shapes::{
    CATEGORY_ID, CODE_ID, CODE_URL, CODING, LONGEST_ADDRESS, PROJECT_ID, RECORD_ID, STATE_ID,
    STATE_VALUE_ID, TPL_ID, at_most, filled, format, formatted, id, id_or_zero, iso, maybe_iso,
    maybe_seconds, moment, or, seconds, up_to, version, with_example,
};
use crate::model::code::{CodeStatus, ContentKind, FILL_FORM, UPDATE_STATE};
use catalogue::openapi_v2::{Problem, Resource};
use httpkit::schema::{
    Named, always, boolean, integer, list, object, one_of, or_null, quiet, reference, request,
    said, text, url, within,
};
use serde_json::{Value, json};

const FIELD_ID: i64 = CODE_ID + 1;

pub fn operations() -> Vec<Operation> {
    let mut operations = reading();
    operations.extend(writing());
    operations.extend(categories());
    operations.extend(states());
    operations
}

fn reading() -> Vec<Operation> {
    vec![
        Operation::new("qrcodes/getContent", "Read what a code shows")
            .takes(
                &["qrcode"],
                vec![
                    ("qrcode", qrcode()),
                    format(&["json", "markdown"]),
                    version(),
                ],
            )
            .answers(formatted(
                &["json", "markdown"],
                &[
                    reference("CodeContent"),
                    json!({"type": "string", "description": "Markdown."}),
                ],
            ))
            .refused(no_code_of_text()),
        Operation::new("qrcodes/getOperation", "Read what can be done with a code")
            .about("One row for each element: an operation with two elements has two.")
            .takes(&["qrcode"], vec![("qrcode", qrcode())])
            .answers(list(operation_row()))
            .refused(no_code_of_text()),
        Operation::new("qrcodes/getList", "List codes")
            .about("The newest first.")
            .takes(
                &[],
                vec![
                    ("category_id", quiet(id(CATEGORY_ID))),
                    (
                        "include_children",
                        said(
                            "Whether codes in the categories in it count.",
                            or(true, boolean(true)),
                        ),
                    ),
                    (
                        "search_key",
                        said("A piece of the title or the coding.", up_to(100, "前台")),
                    ),
                    ("page", or(1, within(1, 1_000_000, 1))),
                    ("page_size", or(10, within(1, 50, 10))),
                ],
            )
            .answers(object(
                "A page of codes.",
                vec![
                    ("list", list(reference("Code"))),
                    ("page", reference("Page")),
                ],
            ))
            .refused(refusals::category()),
    ]
}

fn writing() -> Vec<Operation> {
    let parts_unknown = || {
        [
            refusals::unknown("operations[0].elements[0].element_value"),
            refusals::not_found(Resource::Category),
            refusals::contradicts("category_id", "project_id"),
        ]
    };
    let project = said(
        "Default: the category's, or the first that the key sees.",
        quiet(id(PROJECT_ID)),
    );
    let new = [vec![("project_id", project)], parts(false)].concat();
    let changed = [vec![("code_id", id(CODE_ID))], parts(true)].concat();
    vec![
        Operation::new("qrcodes/create", "Make a code")
            .takes(&["title"], new)
            .answers(one())
            .refused(parts_unknown()),
        Operation::new("qrcodes/update", "Change a code")
            .about("What is absent stays; lists are replaced as a whole. Another content is written down as a record of type 7.")
            .takes(&["code_id"], changed)
            .answers(one())
            .refused([
                refusals::unknown("fields[0].field_id"),
                refusals::not_found(Resource::Code),
            ])
            .refused(parts_unknown()),
        Operation::new("qrcodes/setStatus", "Switch a code off or on, or delete it")
            .about("Only a code that is `enabled` and has not expired takes submissions (100314). Deleting is for good.")
            .takes(
                &["code_id", "status"],
                vec![
                    ("code_id", id(CODE_ID)),
                    ("status", one_of(CodeStatus::NAMES, "enabled")),
                ],
            )
            .answers(one())
            .refused([refusals::not_found(Resource::Code)]),
        Operation::new("qrcodes/updateState", "Bring a code into a state")
            .about("Written down as a record of type 3.")
            .takes(
                &["code_id", "state_id", "state_value_id"],
                vec![
                    ("code_id", id(CODE_ID)),
                    ("state_id", id(STATE_ID)),
                    ("state_value_id", id(STATE_VALUE_ID)),
                ],
            )
            .answers(object(
                "The code, and the record of the change; none if it was in that state already.",
                vec![
                    ("meta", reference("Code")),
                    ("record_id", or_null(id(RECORD_ID))),
                ],
            ))
            .refused([
                refusals::not_found(Resource::Code),
                refusals::not_found(Resource::State),
                refusals::unknown("state_value_id"),
            ]),
    ]
}

fn categories() -> Vec<Operation> {
    let name = || filled(64, "一楼");
    let category = || object("A category.", vec![("category", reference("Category"))]);
    let parent = || id_or_zero(0);
    vec![
        Operation::new("categories/getList", "List categories").answers(object(
            "The categories that are in no other.",
            vec![("tree", list(reference("CategoryNode")))],
        )),
        Operation::new("categories/create", "Make a category")
            .about("Up to ten may stand in one another.")
            .takes(
                &["name"],
                vec![
                    ("name", name()),
                    (
                        "parent_id",
                        said("The category it is in; 0: none.", or(0, parent())),
                    ),
                    (
                        "project_id",
                        said(
                            "Default: the parent's, or the first that the key sees.",
                            quiet(id(PROJECT_ID)),
                        ),
                    ),
                ],
            )
            .answers(category())
            .refused([
                refusals::contradicts("parent_id", "project_id"),
                refusals::parameter("depth", Problem::OutOfRange { min: 1, max: 10 }),
                refusals::too_many("categories", 10_000),
                refusals::not_found(Resource::Category),
            ]),
        Operation::new("categories/update", "Rename or move a category")
            .takes(
                &["id"],
                vec![
                    ("id", id(CATEGORY_ID)),
                    ("name", name()),
                    (
                        "parent_id",
                        said("The category it is to be in; 0: none.", parent()),
                    ),
                ],
            )
            .answers(category())
            .refused([
                refusals::contradicts("parent_id", "id"),
                refusals::parameter("depth", Problem::OutOfRange { min: 1, max: 10 }),
                refusals::not_found(Resource::Category),
            ]),
        Operation::new("categories/delete", "Delete a category")
            .about("With the categories and the codes in it, for good.")
            .takes(&["id"], vec![("id", id(CATEGORY_ID))])
            .answers(object(
                "How many went.",
                vec![
                    ("deleted_categories", integer(1)),
                    ("deleted_codes", integer(0)),
                ],
            ))
            .refused([refusals::not_found(Resource::Category)]),
    ]
}

fn states() -> Vec<Operation> {
    let value = request("A value.", &["text"], vec![("text", filled(64, "正常"))]);
    vec![
        Operation::new("states/getList", "List groups of states")
            .answers(object("A list.", vec![("list", list(reference("State")))])),
        Operation::new("states/create", "Make a group of states")
            .about("A code has at most one of its values at a time.")
            .takes(
                &["title", "values"],
                vec![
                    ("title", filled(64, "设备状态")),
                    (
                        "values",
                        with_example(
                            at_most(50, value),
                            json!([{"text": "正常"}, {"text": "停用"}]),
                        ),
                    ),
                    ("project_id", quiet(id(PROJECT_ID))),
                ],
            )
            .answers(object("The group.", vec![("state", reference("State"))]))
            .refused([
                refusals::parameter("values[1].text", Problem::Taken),
                refusals::too_many("states", 1000),
            ]),
    ]
}

fn qrcode() -> Value {
    said(
        "The code's address, or what it ends with.",
        filled(LONGEST_ADDRESS, CODE_URL),
    )
}

fn no_code_of_text() -> [catalogue::OpenapiV2Error; 2] {
    [
        refusals::other_organization(),
        refusals::not_found(Resource::Code),
    ]
}

/// What a code consists of, in a request. `old`: it is there already.
fn parts(old: bool) -> Vec<Named> {
    let own = said(
        "Of one that is there. Absent: a new one.",
        quiet(id(FIELD_ID)),
    );
    let mut field = vec![
        ("type", or("text", one_of(ContentKind::NAMES, "text"))),
        ("title", filled(100, "位置")),
        (
            "value",
            said(
                "Of `number`, `date`, `url`, `image` and `file`: such a one, or empty.",
                up_to(5000, "一楼大厅"),
            ),
        ),
    ];
    if old {
        field.insert(0, ("field_id", own));
    }
    let element = request(
        "One step.",
        &["element_type", "element_value"],
        vec![
            (
                "element_type",
                said(
                    "1: update a state; 2: fill in a form.",
                    within(UPDATE_STATE, FILL_FORM, FILL_FORM),
                ),
            ),
            (
                "element_value",
                said("The state's or the form's id.", id(TPL_ID)),
            ),
        ],
    );
    let operation = request(
        "Something that can be done with the code.",
        &["name", "elements"],
        vec![
            ("name", filled(100, "登记")),
            ("description", up_to(1000, "进入前请登记")),
            ("elements", at_most(20, element)),
            ("allowed_state_values", allowed()),
        ],
    );
    vec![
        ("title", filled(200, "前台")),
        (
            "category_id",
            said("The category it is in; 0: none.", quiet(id_or_zero(0))),
        ),
        (
            "fields",
            said(
                "What it shows.",
                at_most(200, request("A field.", &["title"], field)),
            ),
        ),
        (
            "operations",
            said(
                "What can be done with it.",
                no_example(at_most(20, operation)),
            ),
        ),
        (
            "expire_at",
            said(
                "When it ends to be in use; 0: never.",
                moment("2099-12-31T18:00:00+08:00"),
            ),
        ),
    ]
}

/// Operations name forms of yours: an example's form would not be there.
fn no_example(schema: Value) -> Value {
    with_example(schema, json!([]))
}

fn allowed() -> Value {
    json!({
        "type": "object",
        "description": "The values of states in which it can be done, from the state's id to a list of ids of values. Default: in all.",
        "additionalProperties": {"type": "array", "maxItems": 50, "items": {"type": "integer", "format": "int64"}},
        "maxProperties": 20,
        "examples": [{STATE_ID.to_string(): [STATE_VALUE_ID]}],
    })
}

fn one() -> Value {
    object("The code.", vec![("meta", reference("Code"))])
}

pub fn schemas() -> Vec<Named> {
    vec![
        ("Code", code()),
        ("CodeContent", content()),
        ("Category", object("A category.", category())),
        ("CategoryNode", node()),
        ("State", state()),
    ]
}

fn code() -> Value {
    let category = object(
        "The category it is in.",
        vec![("id", id(CATEGORY_ID)), ("name", text("一楼"))],
    );
    let state = object(
        "A state it is in.",
        vec![
            ("state_id", id(STATE_ID)),
            ("state_value_id", id(STATE_VALUE_ID)),
        ],
    );
    object(
        "A code.",
        vec![
            ("id", id(CODE_ID)),
            ("title", text("前台")),
            ("coding", text(CODING)),
            ("url", url(CODE_URL)),
            ("kind", always("NORMAL")),
            (
                "status",
                one_of(&["enabled", "disabled", "deleted", "expired"], "enabled"),
            ),
            ("project_id", id(PROJECT_ID)),
            ("category", or_null(category)),
            ("states", list(state)),
            ("created_at", seconds()),
            ("created_at_iso", iso()),
            ("updated_at", seconds()),
            ("updated_at_iso", iso()),
            ("expire_at", maybe_seconds()),
            ("expire_at_iso", maybe_iso()),
        ],
    )
}

fn content() -> Value {
    let meta = object(
        "The code.",
        vec![
            ("id", id(CODE_ID)),
            ("title", text("前台")),
            ("url", url(CODE_URL)),
            ("coding", text(CODING)),
        ],
    );
    let field = object(
        "A field.",
        vec![
            ("field_id", id(FIELD_ID)),
            ("type", one_of(ContentKind::NAMES, "text")),
            ("title", text("位置")),
            ("value", text("一楼大厅")),
        ],
    );
    object(
        "What a code shows.",
        vec![("meta", meta), ("fields", list(field))],
    )
}

fn operation_row() -> Value {
    object(
        "One element of an operation.",
        vec![
            ("operation_name", text("登记")),
            ("operation_description", text("进入前请登记")),
            (
                "element_type",
                said("1: update a state; 2: fill in a form.", integer(FILL_FORM)),
            ),
            (
                "element_type_title",
                one_of(&["更新状态", "填写表单"], "填写表单"),
            ),
            (
                "element_value",
                said("The state's or the form's id.", id(TPL_ID)),
            ),
        ],
    )
}

fn category() -> Vec<Named> {
    vec![
        ("id", id(CATEGORY_ID)),
        (
            "parent_id",
            with_example(or_null(id(CATEGORY_ID)), Value::Null),
        ),
        ("name", text("一楼")),
        ("project_id", id(PROJECT_ID)),
        ("created_at", seconds()),
        ("created_at_iso", iso()),
    ]
}

fn node() -> Value {
    let mut properties = category();
    let children = with_example(list(reference("CategoryNode")), json!([]));
    properties.push(("children", said("The categories in it.", children)));
    object("A category with those in it.", properties)
}

fn state() -> Value {
    let value = object(
        "A value.",
        vec![("id", id(STATE_VALUE_ID)), ("text", text("正常"))],
    );
    object(
        "A group of states.",
        vec![
            ("id", id(STATE_ID)),
            ("title", text("设备状态")),
            ("project_id", id(PROJECT_ID)),
            ("values", list(value)),
            ("created_at", seconds()),
            ("created_at_iso", iso()),
        ],
    )
}
