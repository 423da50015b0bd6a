//! `forms`, and `record/getFormList`.

use super::operations::Operation;
use super::refusals;
use super::shapes::{
    API_KEY_ID, ORG_ID, PROJECT_ID, STAGE_ID, TPL_ID, at_most, filled, format, formatted, id,
    integer_from, iso, maybe_iso, maybe_seconds, moment, number, or, seconds, up_to, version,
    with_example,
};
use crate::model::certificate::{SET, SET_NEXT};
use crate::model::checks::MOST_FIELDS;
use crate::model::form::FieldType;
use crate::model::limits::LimitPeriod;
use crate::model::value::texts::{DATE_FORMATS, TIME_FORMATS};
use httpkit::schema::{
    Named, always, boolean, integer, list, object, one_of, quiet, reference, request, said,
    sometimes, text, within,
};
use serde_json::{Map, Value, json};

const COLUMN_TYPES: &[&str] = &["text", "number", "date", "radio", "checkbox"];

pub fn operations() -> Vec<Operation> {
    vec![
        Operation::new("forms/getTemplate", "Read a form")
            .about("With the ids that `record/addRecord` wants: of fields, options, items and columns.")
            .takes(
                &["tpl_id"],
                vec![("tpl_id", id(TPL_ID)), format(&["json"]), version()],
            )
            .answers(formatted(&["json"], &[reference("Form")]))
            .refused([refusals::no_form()]),
        listing("record/getFormList", "List forms"),
        listing("forms/getList", "List forms, as `record/getFormList` does"),
        Operation::new("forms/create", "Make a form")
            .about("Ids of groups, fields, options, items, columns and stages are given out; those that are sent mean nothing.")
            .takes(&["name", "groups"], parts(false))
            .answers(reference("Form"))
            .refused([refusals::unknown("project_id")]),
        Operation::new("forms/update", "Change a form")
            .about(
                "What is absent stays. What is there replaces what was, as a whole: parts with the id that they have stay what they are, those without one are new, and those \
                 that are not there go. A field keeps its type. Statuses that certificates have and stages that records wait for stay, and a field becomes unique only when \
                 no two records hold the same value.",
            )
            .takes(&["tpl_id"], parts(true))
            .answers(reference("Form"))
            .refused([
                refusals::unknown("groups[0].fields[0].field_id"),
                refusals::contradicts("groups[0].fields[0].field_type", "field_id"),
                refusals::in_use("certificate_config.statuses", "待核销"),
                refusals::held_twice("groups[0].fields[0].settings.is_unique"),
                refusals::no_form(),
            ]),
        Operation::new("forms/delete", "Delete a form")
            .about("Its records stay; nothing more can be filled in, and its certificates can no longer be verified (100321).")
            .takes(&["tpl_id"], vec![("tpl_id", id(TPL_ID))])
            .answers(reference("Nothing"))
            .refused([refusals::no_form()]),
    ]
}

fn listing(name: &'static str, summary: &'static str) -> Operation {
    Operation::new(name, summary)
        .about("The newest first. `search_key` and `number` combine.")
        .takes(
            &[],
            vec![
                ("page", or(1, within(1, 1_000_000_000, 1))),
                ("page_size", or(10, within(1, 20, 10))),
                (
                    "search_key",
                    said(
                        "A piece of the name, the note or the number.",
                        up_to(100, "访客"),
                    ),
                ),
                (
                    "number",
                    said("The whole number.", quiet(up_to(100, "D32"))),
                ),
                version(),
            ],
        )
        .answers(reference("FormList"))
}

pub fn schemas() -> Vec<Named> {
    vec![
        ("Form", form()),
        ("FormList", form_list()),
        ("Field", field()),
        (
            "FieldSettings",
            object("What holds for a field of any type.", settings(&boolean)),
        ),
        ("Limits", limits()),
        ("CertificateConfig", certificate_config()),
    ]
}

/// What a form consists of, in a request. `old`: it is there already.
fn parts(old: bool) -> Vec<Named> {
    let mut parts = match old {
        true => vec![("tpl_id", id(TPL_ID))],
        false => vec![(
            "project_id",
            said(
                "Default: the first that the key sees.",
                quiet(id(PROJECT_ID)),
            ),
        )],
    };
    parts.extend([
        ("name", filled(200, "访客登记")),
        ("note", said("For yourself.", up_to(500, "前台"))),
        ("description", said("For whoever fills it in.", up_to(5000, "请如实填写"))),
        ("submit_button_title", said("Empty: `提交`.", up_to(50, "提交登记"))),
        ("groups", with_example(at_most(50, new_group(old)), json!([example_group()]))),
        ("limits", new_limits()),
        ("audit_config", new_audit(old)),
        ("certificate_config", new_certificate_config()),
        (
            "settings",
            request(
                "What else it says.",
                &[],
                vec![(
                    "strict_required",
                    said(
                        "Whether a required field that is absent from a submission is refused like an empty one.",
                        or(false, boolean(false)),
                    ),
                )],
            ),
        ),
        version(),
    ]);
    parts
}

/// The id of a part: in a change only.
fn own_id(name: &'static str, old: bool) -> Option<Named> {
    let kept = said("Of one that is there. Absent: a new one.", quiet(id(1)));
    old.then_some((name, kept))
}

fn part(description: &str, required: &[&str], own: Option<Named>, others: Vec<Named>) -> Value {
    request(
        description,
        required,
        own.into_iter().chain(others).collect(),
    )
}

fn new_group(old: bool) -> Value {
    part(
        "Fields that are shown together.",
        &[],
        own_id("group_id", old),
        vec![
            ("group_title", up_to(200, "基本信息")),
            (
                "show_group_title",
                said("Default: whether there is a title.", boolean(true)),
            ),
            ("is_page_break_group", or(false, boolean(false))),
            ("fields", at_most(MOST_FIELDS, new_field(old))),
        ],
    )
}

fn settings(flag: &dyn Fn(bool) -> Value) -> Vec<Named> {
    vec![
        ("is_required", flag(true)),
        (
            "is_hidden",
            said("Public pages do not show it.", flag(false)),
        ),
        ("is_result", flag(false)),
        (
            "is_masked",
            said("Public pages show it in part.", flag(false)),
        ),
        (
            "is_unique",
            said(
                "Each value may stand in one record of the form.",
                flag(false),
            ),
        ),
        ("is_highlight", flag(false)),
    ]
}

fn new_field(old: bool) -> Value {
    let formats: Vec<&str> = DATE_FORMATS.iter().chain(&TIME_FORMATS).copied().collect();
    let options = at_most(500, new_option(old));
    let item = part(
        "An item.",
        &["title"],
        own_id("item_id", old),
        vec![("title", filled(200, ""))],
    );
    let column = part(
        "A column.",
        &["title"],
        own_id("column_id", old),
        vec![
            ("title", filled(200, "")),
            ("column_type", or("text", one_of(COLUMN_TYPES, "text"))),
            (
                "options",
                said("Of `radio` and `checkbox`.", options.clone()),
            ),
        ],
    );
    let flags = settings(&|example| or(false, boolean(example)));
    part(
        "One thing that is asked for.",
        &["field_type", "field_title"],
        own_id("field_id", old),
        vec![
            ("field_type", one_of(FieldType::NAMES, "name")),
            ("field_title", filled(200, "姓名")),
            (
                "field_desc",
                said("What is shown beneath the title.", up_to(5000, "")),
            ),
            (
                "field_short_name",
                said("A name for programs.", up_to(64, "")),
            ),
            (
                "settings",
                request("What holds for a field of any type.", &[], flags),
            ),
            (
                "options",
                said(
                    "Of `sex`, `radio`, `checkbox` and `chained_selects`.",
                    options,
                ),
            ),
            ("items", said("Of `checklist`.", at_most(200, item))),
            (
                "columns",
                said("Of `matrix` and `dynamic_matrix`.", at_most(50, column)),
            ),
            (
                "min_count",
                said(
                    "Of `checkbox` and `dynamic_matrix`, and of files (up to 100): the fewest.",
                    within(0, 500, 1),
                ),
            ),
            (
                "max_count",
                said(
                    "Of `checkbox` and `dynamic_matrix`, and of files (up to 100): the most.",
                    within(1, 500, 3),
                ),
            ),
            ("min", said("Of `number`.", number(0.0))),
            ("max", said("Of `number`.", number(100.0))),
            ("decimals", said("Of `number`: the most.", within(0, 10, 1))),
            (
                "format",
                said(
                    "Of `date` (default `YYYY-MM-DD`) and `time` (default `HH:mm`).",
                    one_of(&formats, "YYYY-MM-DD"),
                ),
            ),
            (
                "earliest",
                said(
                    "Of `date` and `time`, in the field's format.",
                    up_to(16, "2026-01-01"),
                ),
            ),
            (
                "latest",
                said(
                    "Of `date` and `time`, in the field's format.",
                    up_to(16, "2026-12-31"),
                ),
            ),
            ("max_length", said("Of texts.", within(1, 20_000, 64))),
        ],
    )
}

fn new_option(old: bool) -> Value {
    let parent = old.then_some(("parent_id", said("The same, by its id.", quiet(id(1)))));
    let mut others = vec![
        ("title", filled(200, "")),
        (
            "is_other",
            said(
                "Whether it takes a text of its own.",
                or(false, boolean(false)),
            ),
        ),
        (
            "parent",
            said(
                "Of `chained_selects`: the option that it depends on, by its place in the list from 0.",
                quiet(integer_from(0)),
            ),
        ),
    ];
    others.extend(parent);
    part("An option.", &["title"], own_id("option_id", old), others)
}

/// Fields of several types, as requests have them.
fn example_group() -> Value {
    json!({
        "group_title": "基本信息",
        "fields": [
            {"field_type": "name", "field_title": "姓名", "settings": {"is_required": true}, "max_length": 64},
            {"field_type": "tel", "field_title": "手机", "settings": {"is_unique": true}},
            {"field_type": "radio", "field_title": "来访目的", "options": [{"title": "拜访"}, {"title": "其他", "is_other": true}]},
            {"field_type": "checkbox", "field_title": "携带物品", "options": [{"title": "电脑"}, {"title": "相机"}, {"title": "工具"}], "min_count": 1, "max_count": 3},
            {"field_type": "number", "field_title": "体温", "min": 30, "max": 45, "decimals": 1},
            {"field_type": "date", "field_title": "日期", "format": "YYYY-MM-DD", "earliest": "2026-01-01", "latest": "2026-12-31"},
            {"field_type": "checklist", "field_title": "确认", "items": [{"title": "已阅读须知"}]},
            {"field_type": "matrix", "field_title": "车辆", "columns": [{"title": "车牌"}, {"title": "类型", "column_type": "radio", "options": [{"title": "轿车"}, {"title": "货车"}]}]},
        ],
    })
}

/// The same as it is answered: with ids, and with everything that was left to its default.
fn answered_group() -> Value {
    let mut ids = TPL_ID + 1..;
    let mut id = || ids.next().unwrap_or_default();
    let group_id = id();
    let mut group = example_group();
    let fields = group["fields"].as_array_mut();
    for field in fields.into_iter().flatten() {
        let settings = std::mem::take(&mut field["settings"]);
        let flag = |name: &str| settings[name] == true;
        field["field_id"] = id().into();
        field["field_desc"] = "".into();
        field["field_short_name"] = "".into();
        field["group_id"] = group_id.into();
        field["settings"] = settings_named(flag);
        for (list, name) in [
            ("options", "option_id"),
            ("items", "item_id"),
            ("columns", "column_id"),
        ] {
            let parts = field.get_mut(list).and_then(Value::as_array_mut);
            for part in parts.into_iter().flatten() {
                part[name] = id().into();
                match list {
                    "options" => complete_option(part),
                    "columns" => complete_column(part, &mut id),
                    _ => {}
                }
            }
        }
    }
    group["group_id"] = group_id.into();
    group["show_group_title"] = true.into();
    group["is_page_break_group"] = false.into();
    group
}

fn settings_named(flag: impl Fn(&str) -> bool) -> Value {
    let all = settings(&boolean);
    let all = all
        .iter()
        .map(|(name, _)| ((*name).to_owned(), flag(name).into()));
    all.collect::<Map<String, Value>>().into()
}

fn complete_option(option: &mut Value) {
    option["is_other"] = (option["is_other"] == true).into();
}

fn complete_column(column: &mut Value, id: &mut impl FnMut() -> i64) {
    if column.get("column_type").is_none() {
        column["column_type"] = "text".into();
    }
    let options = column.get_mut("options").and_then(Value::as_array_mut);
    for option in options.into_iter().flatten() {
        option["option_id"] = id().into();
        complete_option(option);
    }
}

fn limit(example: i64, period: &str) -> Vec<Named> {
    vec![
        ("count", within(1, 1_000_000_000, example)),
        ("period", one_of(LimitPeriod::NAMES, period)),
    ]
}

fn new_limits() -> Value {
    let limit = |description, count, period| {
        request(description, &["count", "period"], limit(count, period))
    };
    let slot = request(
        "Hours of some days of the week, at +08:00.",
        &["from", "to"],
        vec![
            (
                "weekdays",
                said("1 is Monday, 7 Sunday. Default: every day.", weekdays()),
            ),
            (
                "from",
                said("`HH:MM`, the first minute.", filled(5, "09:00")),
            ),
            (
                "to",
                said(
                    "`HH:MM`, the first minute after it; before `from`: of the next day.",
                    filled(5, "18:00"),
                ),
            ),
        ],
    );
    let window = request(
        "When.",
        &[],
        vec![
            ("start_at", said("The first instant.", moment("2026-06-01"))),
            (
                "end_at",
                said("The first instant after it.", moment("2099-01-01")),
            ),
            ("slots", said("Default: at all hours.", at_most(50, slot))),
        ],
    );
    request(
        "When, and how often, it may be filled in. Days, months and years are those of +08:00.",
        &[],
        vec![
            (
                "per_user",
                limit("How often by one person, for each code.", 3, "day"),
            ),
            (
                "total",
                limit("How often by all, for each code.", 500, "total"),
            ),
            ("window", window),
        ],
    )
}

fn weekdays() -> Value {
    let days = at_most(7, json!({"type": "integer", "minimum": 1, "maximum": 7}));
    with_example(days, json!([1, 2, 3, 4, 5, 6, 7]))
}

fn limits() -> Value {
    let limit = |description, count, period| object(description, limit(count, period));
    let slot = object(
        "Hours of some days of the week, at +08:00.",
        vec![
            ("weekdays", weekdays()),
            ("from", text("09:00")),
            ("to", text("18:00")),
        ],
    );
    let window = object(
        "When.",
        vec![
            ("start_at", seconds()),
            ("end_at", seconds()),
            ("slots", list(slot)),
        ],
    );
    let schema = object(
        "When, and how often, it may be filled in. What does not limit is absent.",
        vec![
            (
                "per_user",
                limit("How often by one person, for each code.", 3, "day"),
            ),
            (
                "total",
                limit("How often by all, for each code.", 500, "total"),
            ),
            (
                "window",
                sometimes(window, &["start_at", "end_at", "slots"]),
            ),
        ],
    );
    sometimes(schema, &["per_user", "total", "window"])
}

fn new_audit(old: bool) -> Value {
    let stage = part(
        "A stage; its place in the list is its level.",
        &["title"],
        own_id("id", old),
        vec![("title", filled(200, "初审"))],
    );
    request(
        "How records are approved.",
        &[],
        vec![
            ("enabled", or(false, boolean(true))),
            ("stages", at_most(20, stage)),
        ],
    )
}

/// The statuses unless others are named.
fn statuses() -> Value {
    json!([
        {"name": "待核销", "is_initial": true, "is_final": false, "next": ["已核销"]},
        {"name": "已核销", "is_initial": false, "is_final": true, "next": []},
    ])
}

fn new_certificate_config() -> Value {
    let status = request(
        "A status.",
        &["name"],
        vec![
            ("name", filled(32, "待核销")),
            (
                "is_initial",
                said("Of one status.", or(false, boolean(true))),
            ),
            (
                "is_final",
                said("Of at least one.", or(false, boolean(false))),
            ),
            (
                "next",
                said(
                    "What may come after it; the first is the next one. Default: the one after it in the list, unless it is final.",
                    at_most(50, filled(32, "已核销")),
                ),
            ),
        ],
    );
    let member = request(
        "A person.",
        &["phone"],
        vec![
            ("id", quiet(up_to(64, ""))),
            ("name", up_to(64, "王强")),
            ("phone", filled(32, "13900139000")),
        ],
    );
    let verifiers = request(
        "Who may verify. When nothing is listed: every key that may write.",
        &[],
        vec![
            (
                "members",
                said(
                    "Who is named as `operator`, by phone.",
                    at_most(500, member),
                ),
            ),
            ("api_keys", quiet(at_most(500, quiet(id(API_KEY_ID))))),
            (
                "allow_authorization_code",
                said(
                    "Whoever has an authorization code; nobody else, when nobody is listed.",
                    or(false, boolean(true)),
                ),
            ),
        ],
    );
    let methods = at_most(2, one_of(&[SET, SET_NEXT], SET));
    request(
        "Whether records get certificates, and how these are verified.",
        &[],
        vec![
            ("enabled", or(false, boolean(true))),
            (
                "verifiable",
                said(
                    "Whether certificates can be verified.",
                    or(true, boolean(true)),
                ),
            ),
            (
                "methods",
                said(
                    "Default: both.",
                    with_example(methods, json!([SET, SET_NEXT])),
                ),
            ),
            (
                "statuses",
                said(
                    "Default: 待核销, then 已核销.",
                    with_example(at_most(50, status), statuses()),
                ),
            ),
            ("verifiers", verifiers),
            (
                "require_identity",
                said(
                    "Whether a verification must say who verifies: name and phone.",
                    or(false, boolean(false)),
                ),
            ),
            ("title", up_to(200, "入场凭证")),
            ("body", up_to(5000, "请在入口出示")),
        ],
    )
}

fn certificate_config() -> Value {
    let verifiers = object(
        "Who may verify. When nothing is listed: every key that may write.",
        vec![
            (
                "members",
                with_example(
                    list(reference("Person")),
                    json!([{"name": "王强", "phone": "13900139000"}]),
                ),
            ),
            ("api_keys", with_example(list(id(API_KEY_ID)), json!([]))),
            ("allow_authorization_code", boolean(true)),
        ],
    );
    object(
        "Whether records get certificates, and how these are verified.",
        vec![
            ("enabled", boolean(true)),
            ("verifiable", boolean(true)),
            (
                "methods",
                with_example(list(one_of(&[SET, SET_NEXT], SET)), json!([SET, SET_NEXT])),
            ),
            (
                "statuses",
                with_example(list(reference("CertificateStatus")), statuses()),
            ),
            ("verifiers", verifiers),
            ("require_identity", boolean(false)),
            ("title", text("入场凭证")),
            ("body", text("请在入口出示")),
        ],
    )
}

fn form() -> Value {
    let head = object(
        "Its name, and what stands around what it asks for.",
        vec![
            ("id", id(TPL_ID)),
            ("name", text("访客登记")),
            ("type", json!({"type": "integer", "const": 0})),
            ("type_text", always("普通表单")),
            ("number", text("D32")),
            ("description", text("请如实填写")),
            ("submit_button_title", text("提交登记")),
            ("created_at_iso", iso()),
            ("updated_at_iso", iso()),
        ],
    );
    let group = object(
        "Fields that are shown together.",
        vec![
            ("group_id", id(TPL_ID + 1)),
            ("group_title", text("基本信息")),
            ("show_group_title", boolean(true)),
            ("is_page_break_group", boolean(false)),
            ("fields", list(reference("Field"))),
        ],
    );
    let stage = object(
        "A stage.",
        vec![
            ("id", id(STAGE_ID)),
            ("title", text("初审")),
            ("level", said("From 1.", integer(1))),
        ],
    );
    let audit = object(
        "How records are approved.",
        vec![("enabled", boolean(true)), ("stages", list(stage))],
    );
    object(
        "A form.",
        vec![
            ("form", head),
            ("org", object("Whose it is.", vec![("id", id(ORG_ID))])),
            (
                "project",
                object("In which project it is.", vec![("id", id(PROJECT_ID))]),
            ),
            (
                "groups",
                with_example(list(group), json!([answered_group()])),
            ),
            ("audit_config", audit),
            ("limits", reference("Limits")),
            ("certificate_config", reference("CertificateConfig")),
            (
                "settings",
                object(
                    "What else it says.",
                    vec![("strict_required", boolean(false))],
                ),
            ),
        ],
    )
}

fn field() -> Value {
    let option = || {
        let schema = object(
            "An option.",
            vec![
                ("option_id", id(1)),
                ("title", text("")),
                ("is_other", boolean(false)),
                (
                    "parent_id",
                    said(
                        "Of `chained_selects`: the option that it depends on.",
                        id(1),
                    ),
                ),
            ],
        );
        sometimes(schema, &["parent_id"])
    };
    let item = object("An item.", vec![("item_id", id(1)), ("title", text(""))]);
    let column = object(
        "A column.",
        vec![
            ("column_id", id(1)),
            ("title", text("")),
            ("column_type", one_of(COLUMN_TYPES, "text")),
            ("options", list(option())),
        ],
    );
    let rules = vec![
        ("options", list(option())),
        ("items", list(item)),
        ("columns", list(sometimes(column, &["options"]))),
        ("min_count", integer(1)),
        ("max_count", integer(3)),
        ("min", number(0.0)),
        ("max", number(100.0)),
        ("decimals", integer(1)),
        ("format", text("YYYY-MM-DD")),
        ("earliest", text("2026-01-01")),
        ("latest", text("2026-12-31")),
        ("max_length", integer(64)),
    ];
    let optional: Vec<&str> = rules.iter().map(|(name, _)| *name).collect();
    let mut properties = vec![
        ("field_id", id(TPL_ID + 2)),
        ("field_title", text("姓名")),
        ("field_desc", text("")),
        ("field_type", one_of(FieldType::NAMES, "name")),
        ("field_short_name", text("")),
        ("group_id", id(TPL_ID + 1)),
        ("settings", reference("FieldSettings")),
    ];
    properties.extend(rules);
    let description = "One thing that is asked for, with the rules of its type.";
    sometimes(object(description, properties), &optional)
}

fn form_list() -> Value {
    let project = object(
        "In which project it is.",
        vec![("id", id(PROJECT_ID)), ("name", text("Default"))],
    );
    let item = object(
        "A form in a list.",
        vec![
            ("id", id(TPL_ID)),
            ("name", text("访客登记")),
            ("type", json!({"type": "integer", "const": 0})),
            ("type_text", always("普通表单")),
            ("number", text("D32")),
            ("note", text("前台")),
            ("created_at", seconds()),
            ("created_at_iso", iso()),
            ("updated_at", seconds()),
            ("updated_at_iso", iso()),
            (
                "active_at",
                said("When it was last filled in.", maybe_seconds()),
            ),
            ("active_at_iso", maybe_iso()),
            ("project", project),
        ],
    );
    object(
        "A page of forms.",
        vec![
            ("version", always("v1")),
            ("list", list(item)),
            ("page", reference("Page")),
        ],
    )
}
