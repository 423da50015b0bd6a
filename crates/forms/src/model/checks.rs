//! What must hold for a form, whoever made it. Paths are those of `forms/create`.

use super::audit::AuditConfig;
use super::certificate::{CertificateConfig, Status};
use super::form::{Choice, Definition, Field, FieldType};
use super::limits::{Limits, Window};
use super::value::texts;
use catalogue::openapi_v2::{Issue, Problem};
use std::collections::BTreeSet;

/// Most fields of a form.
pub const MOST_FIELDS: usize = 200;

/// What is wrong, as it is found.
struct Issues<'a>(&'a mut Vec<Issue>);

impl Issues<'_> {
    fn at(&mut self, path: impl Into<String>, problem: Problem) {
        self.0.push(Issue::at(path.into(), problem));
    }
}

/// What is asked for.
pub fn definition(definition: &Definition, issues: &mut Vec<Issue>) {
    let mut issues = Issues(issues);
    match definition.fields().count() {
        0 => {
            let fields = vec!["fields"];
            issues.at("groups", Problem::NeedsOneOf(fields));
        }
        1..=MOST_FIELDS => {}
        _ => {
            let max = i64::try_from(MOST_FIELDS).unwrap_or(i64::MAX);
            issues.at("groups", Problem::TooMany { max });
        }
    }
    let mut groups = Seen::default();
    let mut fields = Seen::default();
    let mut short_names = Seen::default();
    for (g, group) in definition.groups.iter().enumerate() {
        let path = format!("groups[{g}]");
        groups.see(group.group_id, || format!("{path}.group_id"), &mut issues);
        for (f, field) in group.fields.iter().enumerate() {
            let path = format!("{path}.fields[{f}]");
            fields.see(field.field_id, || format!("{path}.field_id"), &mut issues);
            if !field.field_short_name.is_empty() {
                let path = || format!("{path}.field_short_name");
                short_names.see(field.field_short_name.as_str(), path, &mut issues);
            }
            check_field(field, &path, &mut issues);
        }
    }
}

/// What may stand once only.
struct Seen<T>(BTreeSet<T>);

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Self(BTreeSet::new())
    }
}

impl<T: Ord> Seen<T> {
    fn see(&mut self, value: T, path: impl Fn() -> String, issues: &mut Issues<'_>) {
        if !self.0.insert(value) {
            issues.at(path(), Problem::Taken);
        }
    }
}

fn contradicts(other: &'static str) -> Problem {
    Problem::Contradicts {
        other: other.into(),
    }
}

fn check_field(field: &Field, path: &str, issues: &mut Issues<'_>) {
    let rules = &field.rules;
    match field.field_type {
        FieldType::Sex | FieldType::Radio | FieldType::Checkbox => {
            options(&rules.options, path, issues);
        }
        FieldType::ChainedSelects => chained(&rules.options, path, issues),
        FieldType::Checklist => {
            if rules.items.is_empty() {
                issues.at(format!("{path}.items"), Problem::Required);
            }
            let mut ids = Seen::default();
            for (i, item) in rules.items.iter().enumerate() {
                ids.see(
                    item.item_id,
                    || format!("{path}.items[{i}].item_id"),
                    issues,
                );
            }
        }
        FieldType::Matrix | FieldType::DynamicMatrix => {
            if rules.columns.is_empty() {
                issues.at(format!("{path}.columns"), Problem::Required);
            }
            let mut ids = Seen::default();
            for (c, column) in rules.columns.iter().enumerate() {
                let path = format!("{path}.columns[{c}]");
                ids.see(column.column_id, || format!("{path}.column_id"), issues);
                if matches!(column.column_type.as_str(), "radio" | "checkbox") {
                    options(&column.options, &path, issues);
                }
            }
        }
        FieldType::Date | FieldType::Time => moments(field, path, issues),
        _ => {}
    }
    if rules.min > rules.max && rules.max.is_some() {
        issues.at(format!("{path}.max"), contradicts("min"));
    }
    if rules.min_count > rules.max_count && rules.max_count.is_some() {
        issues.at(format!("{path}.max_count"), contradicts("min_count"));
    }
    let most = i64::try_from(rules.options.len()).unwrap_or(i64::MAX);
    if field.field_type == FieldType::Checkbox && rules.min_count.is_some_and(|min| min > most) {
        issues.at(format!("{path}.min_count"), contradicts("options"));
    }
}

fn options(options: &[Choice], path: &str, issues: &mut Issues<'_>) {
    if options.is_empty() {
        issues.at(format!("{path}.options"), Problem::Required);
    }
    let (mut ids, mut titles, mut others) = (Seen::default(), Seen::default(), Seen::default());
    for (o, option) in options.iter().enumerate() {
        let path = format!("{path}.options[{o}]");
        ids.see(option.option_id, || format!("{path}.option_id"), issues);
        titles.see(option.title.as_str(), || format!("{path}.title"), issues);
        if option.is_other {
            others.see((), || format!("{path}.is_other"), issues);
        }
    }
}

/// Each option depends on one before it, or on none.
fn chained(options: &[Choice], path: &str, issues: &mut Issues<'_>) {
    if options.is_empty() {
        issues.at(format!("{path}.options"), Problem::Required);
    }
    let mut ids = BTreeSet::new();
    let mut titles = Seen::default();
    for (o, option) in options.iter().enumerate() {
        let path = format!("{path}.options[{o}]");
        if option
            .parent_id
            .is_some_and(|parent| !ids.contains(&parent))
        {
            issues.at(format!("{path}.parent_id"), Problem::Unknown);
        }
        if !ids.insert(option.option_id) {
            issues.at(format!("{path}.option_id"), Problem::Taken);
        }
        let title = (option.parent_id, option.title.as_str());
        titles.see(title, || format!("{path}.title"), issues);
        if option.is_other {
            issues.at(format!("{path}.is_other"), contradicts("field_type"));
        }
    }
}

fn moments(field: &Field, path: &str, issues: &mut Issues<'_>) {
    let format = texts::format_of(field);
    let ends = [
        ("earliest", &field.rules.earliest),
        ("latest", &field.rules.latest),
    ];
    let mut all_right = true;
    for (name, end) in ends {
        if end
            .as_ref()
            .is_some_and(|end| !texts::is_moment(format, end))
        {
            issues.at(format!("{path}.{name}"), Problem::Malformed);
            all_right = false;
        }
    }
    if let [(_, Some(earliest)), (name, Some(latest))] = ends
        && all_right
        && latest < earliest
    {
        let field = "earliest";
        issues.at(format!("{path}.{name}"), Problem::NotAfter { field });
    }
}

/// When, and how often.
pub fn limits(limits: &Limits, issues: &mut Vec<Issue>) {
    let mut issues = Issues(issues);
    for (name, limit) in [("per_user", &limits.per_user), ("total", &limits.total)] {
        if limit.is_some_and(|limit| limit.count < 1) {
            let range = Problem::OutOfRange {
                min: 1,
                max: i64::MAX,
            };
            issues.at(format!("limits.{name}.count"), range);
        }
    }
    let Some(Window {
        start_at,
        end_at,
        slots,
    }) = &limits.window
    else {
        return;
    };
    if end_at.is_some() && start_at.is_some() && end_at <= start_at {
        let field = "start_at";
        issues.at("limits.window.end_at", Problem::NotAfter { field });
    }
    for (s, slot) in slots.iter().enumerate() {
        let path = format!("limits.window.slots[{s}]");
        for (d, day) in slot.weekdays.iter().enumerate() {
            if !(1..=7).contains(day) {
                let range = Problem::OutOfRange { min: 1, max: 7 };
                issues.at(format!("{path}.weekdays[{d}]"), range);
            }
        }
        match slot.minutes() {
            None => issues.at(path, Problem::Malformed),
            Some((from, to)) if from == to => {
                issues.at(format!("{path}.to"), contradicts("from"));
            }
            Some(_) => {}
        }
    }
}

/// How records are approved.
pub fn audit(audit: &AuditConfig, issues: &mut Vec<Issue>) {
    let mut issues = Issues(issues);
    if audit.enabled && audit.stages.is_empty() {
        issues.at("audit_config.stages", Problem::Required);
    }
    let (mut ids, mut levels) = (Seen::default(), Seen::default());
    for (s, stage) in audit.stages.iter().enumerate() {
        let path = format!("audit_config.stages[{s}]");
        ids.see(stage.id, || format!("{path}.id"), &mut issues);
        levels.see(stage.level, || format!("{path}.level"), &mut issues);
    }
}

/// Certificates: one status is initial, one at least final, and every one is reached.
pub fn certificate(config: &CertificateConfig, issues: &mut Vec<Issue>) {
    let mut issues = Issues(issues);
    let path = "certificate_config.statuses";
    if config.methods.is_empty() {
        issues.at("certificate_config.methods", Problem::Required);
    }
    let statuses = &config.statuses;
    if !statuses.iter().any(|status| status.is_initial) {
        issues.at(path, Problem::NeedsOneOf(vec!["is_initial"]));
    }
    if !statuses.iter().any(|status| status.is_final) {
        issues.at(path, Problem::NeedsOneOf(vec!["is_final"]));
    }
    let (mut names, mut initials) = (Seen::default(), Seen::default());
    let reached = reached(config);
    for (s, status) in statuses.iter().enumerate() {
        let path = format!("{path}[{s}]");
        names.see(status.name.as_str(), || format!("{path}.name"), &mut issues);
        if status.is_initial {
            initials.see((), || format!("{path}.is_initial"), &mut issues);
        }
        if status.is_final && !status.next.is_empty() {
            issues.at(format!("{path}.next"), contradicts("is_final"));
        }
        let mut nexts = Seen::default();
        for (n, next) in status.next.iter().enumerate() {
            let path = || format!("{path}.next[{n}]");
            nexts.see(next.as_str(), path, &mut issues);
            if *next == status.name {
                issues.at(path(), contradicts("name"));
            } else if config.status(next).is_none() {
                issues.at(path(), Problem::Unknown);
            }
        }
        if config.initial().is_some() && !reached.contains(status.name.as_str()) {
            issues.at(path, contradicts("next"));
        }
    }
}

/// The names of the statuses that certificates can come to have.
fn reached(config: &CertificateConfig) -> BTreeSet<&str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&Status> = config.initial().into_iter().collect();
    while let Some(status) = open.pop() {
        if reached.insert(status.name.as_str()) {
            let next = status.next.iter().filter_map(|name| config.status(name));
            open.extend(next);
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;
    use catalogue::Param as _;
    use kernel::Locale;

    fn told(issues: Vec<Issue>) -> String {
        issues.text(Locale::En).into_owned()
    }

    fn statuses(statuses: &[(&str, bool, bool, &[&str])]) -> String {
        let status = |(name, is_initial, is_final, next): &(&str, bool, bool, &[&str])| Status {
            name: (*name).into(),
            is_initial: *is_initial,
            is_final: *is_final,
            next: next.iter().map(|next| (*next).into()).collect(),
        };
        let config = CertificateConfig {
            statuses: statuses.iter().map(status).collect(),
            ..CertificateConfig::default()
        };
        let mut issues = Vec::new();
        certificate(&config, &mut issues);
        told(issues)
    }

    #[test]
    fn statuses_form_a_flow_from_one_to_some() {
        let mut issues = Vec::new();
        certificate(&CertificateConfig::default(), &mut issues);
        assert_eq!(told(issues), "");
        assert_eq!(
            statuses(&[
                ("a", true, false, &["b", "c"]),
                ("b", false, false, &["a", "c"]),
                ("c", false, true, &[])
            ]),
            ""
        );
        insta::assert_snapshot!(
            statuses(&[]),
            @"certificate_config.statuses provide one of: is_initial; certificate_config.statuses provide one of: is_final"
        );
        insta::assert_snapshot!(
            statuses(&[("a", true, false, &["a", "x", "b", "b"]), ("b", true, true, &["a"]), ("b", false, true, &[]), ("d", false, true, &[])]),
            @"certificate_config.statuses[0].next[0] contradicts name; certificate_config.statuses[0].next[1] does not exist; certificate_config.statuses[0].next[3] is already in use; certificate_config.statuses[1].is_initial is already in use; certificate_config.statuses[1].next contradicts is_final; certificate_config.statuses[2].name is already in use; certificate_config.statuses[3] contradicts next"
        );
    }
}
