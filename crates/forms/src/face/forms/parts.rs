//! Reads what a form consists of. What it means together is checked afterwards ([`crate::model::checks`]).

use super::Params;
use crate::Forms;
use crate::model::Person;
use crate::model::audit::{AuditConfig, Stage};
use crate::model::certificate::{CertificateConfig, SET, SET_NEXT, Status, Verifiers};
use crate::model::checks::MOST_FIELDS;
use crate::model::form::{
    Choice, Column, Definition, Field, FieldType, FormSettings, Group, Item, Rules, Settings,
};
use crate::model::limits::{Limit, LimitPeriod, Limits, Slot, Window};
use crate::model::value::texts::{DATE_FORMATS, TIME_FORMATS};
use crate::repo::Template;
use crate::templates::{LONGEST_NAME, TemplateChange};
use catalogue::openapi_v2::Problem;

const MOST_GROUPS: usize = 50;
const MOST_OPTIONS: usize = 500;
const MOST_ITEMS: usize = 200;
const MOST_COLUMNS: usize = 50;
const MOST_STAGES: usize = 20;
const MOST_STATUSES: usize = 50;
const MOST_SLOTS: usize = 50;
const MOST_VERIFIERS: usize = 500;
const LONGEST_TITLE: i64 = 200;
const LONGEST_TEXT: i64 = 5000;
const COLUMN_TYPES: &[&str] = &["text", "number", "date", "radio", "checkbox"];
const METHODS: &[&str] = &[SET, SET_NEXT];

/// Reads the parts of a form and gives ids to new ones.
pub(super) struct Reader<'f> {
    pub forms: &'f Forms,
    /// `None`: the form is new, and ids that are sent mean nothing. Otherwise the form that is changed, if it is seen.
    pub stored: Option<Option<&'f Template>>,
}

impl Reader<'_> {
    pub(super) fn read(&self, params: &mut Params) -> TemplateChange {
        let name = if self.stored.is_none() {
            Some(params.required_text("name", LONGEST_NAME))
        } else {
            params
                .has("name")
                .then(|| params.required_text("name", LONGEST_NAME))
        };
        if self.stored.is_none() && !params.has("groups") {
            params.issue("groups", Problem::Required);
        }
        let old = self.stored.flatten().map(|template| &template.definition.0);
        TemplateChange {
            name,
            note: params.text("note", 500),
            description: params.text("description", LONGEST_TEXT),
            submit_button_title: params.text("submit_button_title", 50),
            definition: self.definition(params, old),
            limits: nested(params, "limits", limits),
            audit: nested(params, "audit_config", |params| self.audit(params)),
            certificate: nested(params, "certificate_config", certificate),
            settings: nested(params, "settings", |params| FormSettings {
                strict_required: params.flag("strict_required").unwrap_or(false),
            }),
        }
    }

    /// The id of a part: its own if the form has it (`known`), or a new one.
    fn id(&self, params: &mut Params, name: &str, known: impl Fn(i64) -> bool) -> i64 {
        let kept = match self.stored {
            None => None,
            Some(template) => params.id(name).inspect(|id| {
                if template.is_some() && !known(*id) {
                    params.issue(name, Problem::Unknown);
                }
            }),
        };
        kept.unwrap_or_else(|| self.forms.new_id())
    }

    fn definition(&self, params: &mut Params, old: Option<&Definition>) -> Option<Definition> {
        let groups = params.objects("groups", MOST_GROUPS)?;
        let groups = each(params, groups, |params| {
            let groups = || old.into_iter().flat_map(|old| &old.groups);
            let known = |id| groups().any(|group| group.group_id == id);
            let group_id = self.id(params, "group_id", known);
            let group_title = params
                .text("group_title", LONGEST_TITLE)
                .unwrap_or_default();
            let shown = params.flag("show_group_title");
            let fields = params.objects("fields", MOST_FIELDS).unwrap_or_default();
            Group {
                group_id,
                show_group_title: shown.unwrap_or(!group_title.is_empty()),
                group_title,
                is_page_break_group: params.flag("is_page_break_group").unwrap_or(false),
                fields: each(params, fields, |params| self.field(params, old)),
            }
        });
        Some(Definition { groups })
    }

    fn field(&self, params: &mut Params, old: Option<&Definition>) -> Field {
        let old_field = |id| old.and_then(|old| old.field(id));
        let field_id = self.id(params, "field_id", |id| old_field(id).is_some());
        let old = old_field(field_id);
        if !params.has("field_type") {
            params.issue("field_type", Problem::Required);
        }
        let field_type = params.one_of("field_type", FieldType::NAMES);
        let field_type = field_type.and_then(FieldType::of);
        if let (Some(old), Some(field_type)) = (old, field_type)
            && old.field_type != field_type
        {
            let other = "field_id".into();
            params.issue("field_type", Problem::Contradicts { other });
        }
        let settings = nested(params, "settings", |params| {
            let mut flag = |name| params.flag(name).unwrap_or(false);
            Settings {
                is_required: flag("is_required"),
                is_hidden: flag("is_hidden"),
                is_result: flag("is_result"),
                is_masked: flag("is_masked"),
                is_unique: flag("is_unique"),
                is_highlight: flag("is_highlight"),
            }
        });
        let rules = field_type.map(|field_type| self.rules(params, field_type, old));
        Field {
            field_id,
            field_title: params.required_text("field_title", LONGEST_TITLE),
            field_desc: params.text("field_desc", LONGEST_TEXT).unwrap_or_default(),
            // What has no type is refused; any stands in for it here.
            field_type: field_type.unwrap_or(FieldType::Description),
            field_short_name: params.text("field_short_name", 64).unwrap_or_default(),
            settings: settings.unwrap_or_default(),
            rules: rules.unwrap_or_default(),
        }
    }

    /// The rules that the type has; others mean nothing.
    fn rules(&self, params: &mut Params, field_type: FieldType, old: Option<&Field>) -> Rules {
        let mut rules = Rules::default();
        let old = old.map(|old| &old.rules);
        match field_type {
            FieldType::Sex | FieldType::Radio | FieldType::Checkbox | FieldType::ChainedSelects => {
                let chained = field_type == FieldType::ChainedSelects;
                let old = old.map_or(&[][..], |old| &old.options);
                rules.options = self.options(params, old, chained);
                if field_type == FieldType::Sex && !params.has("options") {
                    rules.options = self.sexes(old);
                }
            }
            FieldType::Checklist => {
                let old = old.map_or(&[][..], |old| &old.items);
                let items = params.objects("items", MOST_ITEMS).unwrap_or_default();
                rules.items = each(params, items, |params| Item {
                    item_id: self.id(params, "item_id", |id| {
                        old.iter().any(|item| item.item_id == id)
                    }),
                    title: params.required_text("title", LONGEST_TITLE),
                });
            }
            FieldType::Matrix | FieldType::DynamicMatrix => {
                let old = old.map_or(&[][..], |old| &old.columns);
                let columns = params.objects("columns", MOST_COLUMNS).unwrap_or_default();
                rules.columns = each(params, columns, |params| self.column(params, old));
            }
            FieldType::Number => {
                (rules.min, rules.max) = (params.number("min"), params.number("max"));
                let decimals = params.integer("decimals", 0, 10);
                rules.decimals = decimals.and_then(|decimals| u32::try_from(decimals).ok());
            }
            FieldType::Date | FieldType::Time => {
                let (formats, usual): (&[&'static str], _) = match field_type {
                    FieldType::Date => (&DATE_FORMATS, DATE_FORMATS[2]),
                    _ => (&TIME_FORMATS, TIME_FORMATS[0]),
                };
                let format = params.one_of("format", formats).unwrap_or(usual);
                rules.format = Some(format.into());
                rules.earliest = params.text("earliest", 16);
                rules.latest = params.text("latest", 16);
            }
            FieldType::Name
            | FieldType::Recorder
            | FieldType::JobNumber
            | FieldType::Text
            | FieldType::TextArea
            | FieldType::Address
            | FieldType::OwnerAddress
            | FieldType::CustomerName => {
                rules.max_length = params.integer("max_length", 1, 20_000);
            }
            _ => {}
        }
        let most_counted = match field_type {
            FieldType::Checkbox | FieldType::DynamicMatrix => Some(500),
            FieldType::Image | FieldType::Video | FieldType::Audio | FieldType::File => Some(100),
            _ => None,
        };
        if let Some(most) = most_counted {
            rules.min_count = params.integer("min_count", 0, most);
            rules.max_count = params.integer("max_count", 1, most);
        }
        rules
    }

    fn sexes(&self, old: &[Choice]) -> Vec<Choice> {
        if !old.is_empty() {
            return old.to_vec();
        }
        let option = |title: &str| Choice {
            option_id: self.forms.new_id(),
            title: title.into(),
            ..Choice::default()
        };
        vec![option("男"), option("女")]
    }

    fn options(&self, params: &mut Params, old: &[Choice], chained: bool) -> Vec<Choice> {
        let options = params.objects("options", MOST_OPTIONS).unwrap_or_default();
        let mut ids: Vec<i64> = Vec::new();
        each(params, options, |params| {
            let known = |id| old.iter().any(|option| option.option_id == id);
            let option_id = self.id(params, "option_id", known);
            let parent_id = if chained { parent(params, &ids) } else { None };
            ids.push(option_id);
            Choice {
                option_id,
                title: params.required_text("title", LONGEST_TITLE),
                is_other: params.flag("is_other").unwrap_or(false),
                parent_id,
            }
        })
    }

    fn column(&self, params: &mut Params, old: &[Column]) -> Column {
        let find = |id| old.iter().find(|column| column.column_id == id);
        let column_id = self.id(params, "column_id", |id| find(id).is_some());
        let old = find(column_id).map_or(&[][..], |old| &old.options);
        let column_type = params.one_of("column_type", COLUMN_TYPES).unwrap_or("text");
        Column {
            column_id,
            title: params.required_text("title", LONGEST_TITLE),
            column_type: column_type.into(),
            options: match column_type {
                "radio" | "checkbox" => self.options(params, old, false),
                _ => Vec::new(),
            },
        }
    }

    fn audit(&self, params: &mut Params) -> AuditConfig {
        let old = self.stored.flatten().map(|template| &template.audit.0);
        let old = old.map_or(&[][..], |old| &old.stages);
        let stages = params.objects("stages", MOST_STAGES).unwrap_or_default();
        let mut levels = 1..;
        let stages = each(params, stages, |params| Stage {
            id: self.id(params, "id", |id| old.iter().any(|stage| stage.id == id)),
            title: params.required_text("title", LONGEST_TITLE),
            level: levels.next().unwrap_or_default(),
        });
        AuditConfig {
            enabled: params.flag("enabled").unwrap_or(false),
            stages,
        }
    }
}

/// The option that one depends on: by `parent`, its place in the list from 0, or by `parent_id`. It comes before.
fn parent(params: &mut Params, earlier: &[i64]) -> Option<i64> {
    if !params.has("parent") {
        return params.id("parent_id");
    }
    let place = params.integer("parent", 0, i64::MAX)?;
    let found = usize::try_from(place).ok().and_then(|at| earlier.get(at));
    if found.is_none() {
        params.issue("parent", Problem::Unknown);
    }
    found.copied()
}

fn nested<T>(params: &mut Params, name: &str, read: impl FnOnce(&mut Params) -> T) -> Option<T> {
    let mut object = params.object(name)?;
    let value = read(&mut object);
    params.absorb(object);
    Some(value)
}

fn each<T>(
    params: &mut Params,
    objects: Vec<Params>,
    mut read: impl FnMut(&mut Params) -> T,
) -> Vec<T> {
    let mut values = Vec::with_capacity(objects.len());
    for mut object in objects {
        values.push(read(&mut object));
        params.absorb(object);
    }
    values
}

fn limits(params: &mut Params) -> Limits {
    Limits {
        per_user: nested(params, "per_user", limit),
        total: nested(params, "total", limit),
        window: nested(params, "window", window),
    }
}

fn limit(params: &mut Params) -> Limit {
    for name in ["count", "period"] {
        if !params.has(name) {
            params.issue(name, Problem::Required);
        }
    }
    let period = params.one_of("period", LimitPeriod::NAMES);
    Limit {
        count: params.integer("count", 1, 1_000_000_000).unwrap_or(1),
        period: period
            .and_then(LimitPeriod::of)
            .unwrap_or(LimitPeriod::Total),
    }
}

fn window(params: &mut Params) -> Window {
    let mut at = |name| {
        let time = params.time(name)?;
        Some(time.micros().div_euclid(1_000_000))
    };
    let (start_at, end_at) = (at("start_at"), at("end_at"));
    let slots = params.objects("slots", MOST_SLOTS).unwrap_or_default();
    let slots = each(params, slots, |params| Slot {
        weekdays: params.ids("weekdays", 7).unwrap_or_default(),
        from: params.required_text("from", 5),
        to: params.required_text("to", 5),
    });
    Window {
        start_at,
        end_at,
        slots,
    }
}

fn certificate(params: &mut Params) -> CertificateConfig {
    let usual = CertificateConfig::default();
    let methods = params.has("methods").then(|| methods(params));
    let statuses = params.objects("statuses", MOST_STATUSES);
    let statuses = statuses.map(|statuses| statuses_of(params, statuses));
    let verifiers = nested(params, "verifiers", |params| {
        let members = params
            .objects("members", MOST_VERIFIERS)
            .unwrap_or_default();
        Verifiers {
            members: each(params, members, |params| Person {
                id: params.text("id", 64),
                name: params.text("name", 64),
                phone: Some(params.required_text("phone", 32)),
            }),
            api_keys: params.ids("api_keys", MOST_VERIFIERS).unwrap_or_default(),
            allow_authorization_code: params.flag("allow_authorization_code").unwrap_or(false),
        }
    });
    CertificateConfig {
        enabled: params.flag("enabled").unwrap_or(usual.enabled),
        verifiable: params.flag("verifiable").unwrap_or(usual.verifiable),
        methods: methods.unwrap_or(usual.methods),
        statuses: statuses.unwrap_or(usual.statuses),
        verifiers: verifiers.unwrap_or(usual.verifiers),
        require_identity: params.flag("require_identity").unwrap_or(false),
        title: params.text("title", LONGEST_TITLE).unwrap_or_default(),
        body: params.text("body", LONGEST_TEXT).unwrap_or_default(),
    }
}

fn methods(params: &mut Params) -> Vec<String> {
    let sent = params
        .texts("methods", METHODS.len(), 64)
        .unwrap_or_default();
    for (index, method) in sent.iter().enumerate() {
        if !METHODS.contains(&method.as_str()) {
            let allowed = METHODS.to_vec();
            params.issue(&format!("methods[{index}]"), Problem::NotOneOf { allowed });
        } else if sent.iter().take(index).any(|other| other == method) {
            params.issue(&format!("methods[{index}]"), Problem::Taken);
        }
    }
    sent
}

/// The statuses. Where one that is not final says nothing of what comes next, it is the one after it in the list.
fn statuses_of(params: &mut Params, statuses: Vec<Params>) -> Vec<Status> {
    let mut told = Vec::with_capacity(statuses.len());
    let mut statuses = each(params, statuses, |params| {
        told.push(params.has("next"));
        Status {
            name: params.required_text("name", 32),
            is_initial: params.flag("is_initial").unwrap_or(false),
            is_final: params.flag("is_final").unwrap_or(false),
            next: params.texts("next", MOST_STATUSES, 32).unwrap_or_default(),
        }
    });
    let names: Vec<String> = statuses.iter().map(|status| status.name.clone()).collect();
    let nexts = names.into_iter().skip(1);
    for ((status, told), next) in statuses.iter_mut().zip(told).zip(nexts) {
        if !told && !status.is_final {
            status.next = vec![next];
        }
    }
    statuses
}
