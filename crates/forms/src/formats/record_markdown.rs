//! Records as text for people.

use super::escape;
use super::record::Addresses;
use crate::RecordView;
use crate::face::times;
use crate::model::AuditStatus;
use crate::model::value;

/// A heading, a block of what is known of every record, and a line for each field. Its labels are the names that JSON has,
/// as they are in no language; titles and values are as the organization wrote them.
pub(super) fn write(view: &RecordView, addresses: Addresses<'_>) -> String {
    let RecordView { record, code, .. } = view;
    let mut lines = vec![
        format!("# {}", escape(&record.record_number)),
        String::new(),
    ];
    let mut about = |label: &str, text: &str| lines.push(format!("- {label}: {text}"));
    about("record\\_number", &escape(&record.record_number));
    if let Some(template) = &view.template {
        let (name, number) = (escape(&template.name), escape(&template.number));
        about("record\\_template", &format!("{name} ({number})"));
    }
    let link = |title: &str, coding: &str| format!("[{}](<{}>)", escape(title), addresses(coding));
    about("qrcode", &link(&code.title, &code.coding));
    about("submit\\_at", &times::iso(record.submit_at));
    let submitter = &record.submitter.0;
    let who = [&submitter.name, &submitter.phone];
    let who: Vec<String> = who.into_iter().flatten().map(|text| escape(text)).collect();
    if !who.is_empty() {
        about("recorder", &who.join(" "));
    }
    if record.audit_status != AuditStatus::None {
        about("audit\\_status", record.audit_status.name());
    }
    if let Some(certificate) = &view.certificate {
        about(
            "certificate",
            &link(&certificate.status, &certificate.coding),
        );
    }
    lines.push(String::new());
    let template = view.template.as_ref();
    let definition = template.map(|t| t.definition.0.clone()).unwrap_or_default();
    for filled in &record.fields.0 {
        let shown = escape(&value::shown(&definition, filled));
        let line = format!("- **{}**: {shown}", escape(&filled.field_title));
        lines.push(line.trim_end().to_owned());
    }
    lines.push(String::new());
    lines.join("\n")
}
