//! What webhooks say: a record was filled in, edited or approved, or a certificate got another status.

use crate::certificate::NewCertificate;
use crate::face::times;
use crate::model::audit::standing;
use crate::model::form::{Definition, FieldType};
use crate::model::value::{Filled, shown};
use crate::model::{AuditStatus, EventKind, OrgId, Person, RecordId};
use crate::records::view;
use crate::repo::{Certificate, Code, Organization, Record, State};
use crate::submit::Submitted;
use crate::uploads::upload_path;
use crate::verify::Success;
use crate::{Error, Forms, RecordView, Result};
use kernel::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use store::{Tx, params};
use webhooks::{Config, Contract, Event, Kinds, NewEvent};

/// What the contract says of webhooks.
pub const WEBHOOKS: Contract = Contract {
    job_kind: "forms.webhook",
    header_prefix: "X-Tallystick-",
    body,
};

/// How the contract has them delivered: answered within 5 seconds, tried again up to five times.
pub fn delivery() -> Config {
    Config {
        timeout: Duration::from_secs(5),
        retry_after: [15, 60, 4 * 60, 16 * 60, 3600]
            .map(Duration::from_secs)
            .to_vec(),
        ..Config::default()
    }
}

fn body(event: &Event, _: &str) -> String {
    let (time, kind) = (times::plain(event.occurred_at), Value::from(&*event.kind));
    format!(
        r#"{{"time":"{time}","event":{kind},"data":{}}}"#,
        event.data
    )
}

/// An organization, as the webhooks know it.
pub(crate) fn owner(org_id: OrgId) -> String {
    format!("forms:{org_id}")
}

/// Something that a transaction has done.
#[derive(Clone, Debug)]
pub(crate) struct Happened {
    kind: EventKind,
    record_id: RecordId,
    change: Option<Change>,
}

/// What became of a certificate.
#[derive(Clone, Debug)]
struct Change {
    certificate: Certificate,
    /// The status before; `None`: it was issued.
    from: Option<String>,
}

impl Happened {
    /// What happened to a record, and the certificate that was issued thereby, if one was.
    pub fn to_record(kind: EventKind, done: &Submitted, new: &NewCertificate) -> Vec<Self> {
        let record_id = done.record.record_id;
        let record = Self {
            kind,
            record_id,
            change: None,
        };
        let issued = done.certificate.as_ref().filter(|c| new.became(c));
        let issued = issued.map(|certificate| Self::to_certificate(certificate, None));
        std::iter::once(record).chain(issued).collect()
    }

    /// A verification, or that one was set back.
    pub fn verification(done: &Success) -> Self {
        let from = done.verification.from_status.clone();
        Self::to_certificate(&done.standing.certificate, from)
    }

    /// What happened to a certificate whose status was `from`.
    pub fn to_certificate(certificate: &Certificate, from: Option<String>) -> Self {
        Self {
            kind: EventKind::CertificateStatus,
            record_id: certificate.record_id,
            change: Some(Change {
                certificate: certificate.clone(),
                from,
            }),
        }
    }
}

/// Tells an organization's endpoints what one transaction has done. Depends on nothing else, so the transaction can be run
/// again; while nobody listens it does nothing.
#[derive(Clone, Debug)]
pub(crate) struct Teller(Option<Arc<Audience>>);

#[derive(Debug)]
struct Audience {
    org_id: OrgId,
    public_url: String,
    wanted: Arc<[Kinds]>,
    /// The id of the first event; those of the others follow.
    first: u128,
}

impl Forms {
    /// Whoever is to be told what happens in an organization.
    pub(crate) async fn teller(&self, org_id: OrgId) -> Result<Teller> {
        let wanted = self.webhooks().wanted(&owner(org_id)).await;
        let wanted = wanted.map_err(|error| match error {
            webhooks::Error::Store(error) => error.into(),
            other => Error::Failed(other.to_string()),
        })?;
        if wanted.is_empty() {
            return Ok(Teller(None));
        }
        Ok(Teller(Some(Arc::new(Audience {
            org_id,
            public_url: self.config().public_url.clone(),
            wanted,
            first: u128::from_be_bytes(self.rng().bytes()),
        }))))
    }
}

impl Teller {
    /// Publishes what the transaction has done. Others who publish for the organization wait until it ends, so this comes last.
    pub fn tell(
        &self,
        tx: &mut Tx<'_>,
        now: Timestamp,
        happened: impl FnOnce() -> Vec<Happened>,
    ) -> Result<()> {
        let Some(audience) = &self.0 else {
            return Ok(());
        };
        let mut happened = happened();
        let is_wanted =
            |what: &Happened| audience.wanted.iter().any(|w| w.include(what.kind.name()));
        happened.retain(is_wanted);
        if happened.is_empty() {
            return Ok(());
        }
        let described = audience.describe(tx, &happened)?;
        for ((what, data), index) in happened.iter().zip(&described).zip(0_u128..) {
            let event = NewEvent {
                id: &format!("evt_{:032x}", audience.first.wrapping_add(index)),
                owner: &owner(audience.org_id),
                kind: what.kind.name(),
                object_id: &what.record_id.to_string(),
                data,
                at: now,
            };
            webhooks::publish(tx, &WEBHOOKS, &event, now)?;
        }
        Ok(())
    }
}

impl Audience {
    /// `data` of each event.
    fn describe(&self, tx: &mut Tx<'_>, happened: &[Happened]) -> Result<Vec<Value>> {
        let gone = |what: &str| Error::Failed(format!("an event without its {what}"));
        let organization = Organization::first(tx, Organization::BY_ID, params![self.org_id])?;
        let organization = organization.ok_or_else(|| gone("organization"))?;
        let ids: BTreeSet<RecordId> = happened.iter().map(|what| what.record_id).collect();
        let mut records = Vec::new();
        for id in ids {
            let found = Record::first(tx, Record::ANY_BY_ID, params![id, self.org_id])?;
            records.push(found.ok_or_else(|| gone("record"))?);
        }
        let views = view(tx, records)?;
        let mut described = BTreeMap::new();
        let urls = Urls {
            public: &self.public_url,
            org_code: &organization.org_code,
        };
        for view in views {
            let code = urls.code(tx, &view.code)?;
            described.insert(view.record.record_id, (urls.record(&view), code, view));
        }
        let data = happened.iter().map(|what| {
            let known = described.get(&what.record_id);
            let (record, code, view) = known.ok_or_else(|| gone("record"))?;
            let mut data = json!({"ref_data": record, "ref_qrcode": code});
            if let (Some(change), Some(data)) = (&what.change, data.as_object_mut()) {
                data.insert("certificate".into(), urls.certificate(view, change));
            }
            Ok(data)
        });
        data.collect()
    }
}

/// Where the things of an organization are.
struct Urls<'a> {
    public: &'a str,
    org_code: &'a str,
}

impl Urls<'_> {
    fn of(&self, coding: &str) -> String {
        format!("{}/{}/{coding}", self.public, self.org_code)
    }

    fn record(&self, view: &RecordView) -> Value {
        let (record, template) = (&view.record, view.template.as_deref());
        let Person { name, phone, .. } = &record.submitter.0;
        let none = Definition::default();
        let definition = template.map_or(&none, |template| &template.definition.0);
        let mut fields = Map::new();
        for filled in &record.fields.0 {
            if let Some(value) = self.value(definition, filled) {
                put(&mut fields, &filled.field_title, value);
            }
        }
        let mut data = json!({
            "created_at": times::plain(record.submit_at),
            "serial_number": record.record_number,
            "web_url": self.of(&record.coding),
            "form": {
                "number": template.map(|template| &template.number),
                "name": template.map(|template| &template.name),
            },
            "submitter": {"name": name, "phone_number": phone},
            "fields": fields,
        });
        if let (Some(state), Some(data)) = (review_state(view), data.as_object_mut()) {
            // What changes the state of a record's approval, and nothing else, changes the record.
            let time = times::plain(record.updated_at);
            data.insert("review".into(), json!({"state": state, "time": time}));
        }
        data
    }

    /// Pictures are told by their addresses, other files are not told.
    fn value(&self, definition: &Definition, filled: &Filled) -> Option<Value> {
        match filled.field_type {
            FieldType::Image | FieldType::Signature => {
                let files = filled.field_value.as_array().into_iter().flatten();
                let urls: Vec<String> = files.filter_map(|file| self.file(file)).collect();
                Some(json!({"preview_url": urls.first(), "urls": urls}))
            }
            FieldType::Video | FieldType::Audio | FieldType::File => None,
            _ => Some(shown(definition, filled).into()),
        }
    }

    fn file(&self, file: &Value) -> Option<String> {
        let text = |name| file.get(name).and_then(Value::as_str);
        let upload = text("upload_id").map(|id| format!("{}{}", self.public, upload_path(id)));
        upload.or_else(|| text("url").map(str::to_owned))
    }

    fn code(&self, tx: &mut Tx<'_>, code: &Code) -> Result<Value> {
        let mut fields = Map::new();
        for field in &code.content.0 {
            put(&mut fields, &field.title, field.value.as_str().into());
        }
        let mut states = Map::new();
        for (state_id, value) in &code.states.0 {
            let Ok(state_id) = state_id.parse::<i64>() else {
                continue;
            };
            let found = State::first(tx, State::BY_ID, params![state_id, code.org_id])?;
            let Some(state) = found else { continue };
            let mut choices = state.choices.0.into_iter();
            if let Some(choice) = choices.find(|choice| choice.id == *value) {
                put(&mut states, &state.title, choice.text.into());
            }
        }
        Ok(json!({
            "name": code.title,
            "type": "NORMAL",
            "code": code.coding,
            "web_url": self.of(&code.coding),
            "fields": fields,
            "state": states,
        }))
    }

    fn certificate(&self, view: &RecordView, change: &Change) -> Value {
        let Certificate {
            coding,
            status,
            revoked,
            ..
        } = &change.certificate;
        let config = view.template.as_ref().map(|t| &t.certificate.0);
        let known = config.and_then(|config| config.status(status));
        json!({
            "code": coding,
            "url": self.of(coding),
            "status": status,
            "from_status": change.from,
            "is_final": known.is_some_and(|status| status.is_final),
            "revoked": revoked,
        })
    }
}

/// Puts a value under a title; under `title (2)` when another one has the title.
fn put(map: &mut Map<String, Value>, title: &str, value: Value) {
    let numbered = (2..).map(|number: u32| format!("{title} ({number})"));
    let mut names = std::iter::once(title.to_owned()).chain(numbered);
    if let Some(name) = names.find(|name| !map.contains_key(name)) {
        map.insert(name, value);
    }
}

/// How far the approval of a record is; `None`: it has none.
fn review_state(view: &RecordView) -> Option<&'static str> {
    let (record, template) = (&view.record, view.template.as_ref());
    let stages = template.map_or(&[][..], |template| &template.audit.0.stages);
    let (status, level) = (record.audit_status, record.audit_level);
    let begun = || {
        let decided = standing(stages, &record.audits.0, status, level);
        decided.iter().any(|(_, decision)| decision.is_some())
    };
    match status {
        AuditStatus::None => None,
        AuditStatus::Pending if begun() => Some("审核中"),
        AuditStatus::Pending => Some("待审核"),
        AuditStatus::Approved => Some("审核通过"),
        AuditStatus::Rejected => Some("审核不通过"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_that_is_there_twice_loses_nothing() {
        let mut map = Map::new();
        for value in ["1", "2", "3"] {
            put(&mut map, "a", value.into());
        }
        put(&mut map, "", "4".into());
        let expected = json!({"a": "1", "a (2)": "2", "a (3)": "3", "": "4"});
        assert_eq!(Value::from(map), expected);
    }

    #[test]
    fn the_body_is_the_contracts() {
        let at: Timestamp = "2026-06-01T04:30:00.9Z".parse().unwrap();
        let event = Event {
            id: "evt_1".into(),
            owner: owner(1),
            seq: 1,
            kind: "FORM_DATA_SUBMIT".into(),
            object_id: "2".into(),
            data: json!({"ref_data": {}}),
            occurred_at: at,
            created_at: at,
        };
        assert_eq!(
            body(&event, ""),
            r#"{"time":"2026-06-01 12:30:00","event":"FORM_DATA_SUBMIT","data":{"ref_data":{}}}"#
        );
    }
}
