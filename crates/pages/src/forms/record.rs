//! The page of a record: what was filled in, and what came of it.

use super::Visitor;
use super::frame::{Frame, Link, html, trouble};
use super::shown::{Kind, People, Shown, fields};
use super::text::time;
use super::words::{RecordWords, Words};
use crate::ask::Ask;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use forms::model::AuditStatus;
use forms::{Address, Forms, NamedRecord, RecordView};

#[derive(Template)]
#[template(path = "forms/record.html")]
struct Page {
    frame: Frame,
    words: &'static RecordWords,
    /// Whether it was made a moment ago.
    is_new: bool,
    number: String,
    form: Option<String>,
    code: Link,
    submitted: String,
    /// How far its approval is: a tone and words.
    status: Option<(&'static str, &'static str)>,
    waits: bool,
    fields: Vec<Shown>,
    certificate: Option<Certificate>,
}

struct Certificate {
    title: String,
    status: String,
    href: String,
    picture: String,
}

/// The page of the record that the address names.
pub async fn page(forms: &Forms, ask: &Ask) -> Response {
    let visitor = match Visitor::enter(forms, ask).await {
        Ok(visitor) => visitor,
        Err(error) => return trouble(ask, None, &error),
    };
    let named = NamedRecord {
        record_id: None,
        address: Address::parse(ask.param("coding")),
    };
    match forms.record(&visitor.scope, named).await {
        Ok(view) => {
            let page = Page::new(ask, &visitor, &view);
            html(StatusCode::OK, &page.frame, &page)
        }
        Err(error) => trouble(ask, Some(&visitor), &error),
    }
}

/// The address of the QR image of a thing.
pub fn picture_of(visitor: &Visitor, coding: &str) -> String {
    format!("/f/qr/{}/{coding}.svg", visitor.scope.org_code)
}

impl Page {
    fn new(ask: &Ask, visitor: &Visitor, view: &RecordView) -> Self {
        let all = Words::to(ask);
        let words = &all.record;
        let record = &view.record;
        let template = view.template.as_deref();
        let config = template.map(|template| &template.certificate.0);
        let status = match record.audit_status {
            AuditStatus::None => None,
            AuditStatus::Pending => Some(("note", words.pending)),
            AuditStatus::Approved => Some(("good", words.approved)),
            AuditStatus::Rejected => Some(("bad", words.rejected)),
        };
        let certificate = view.certificate.as_ref().map(|certificate| {
            let title = config.map(|config| config.title.as_str());
            Certificate {
                title: title
                    .filter(|title| !title.is_empty())
                    .unwrap_or(words.certificate)
                    .to_owned(),
                status: all.certificate.status(&certificate.status).to_owned(),
                href: ask.link(&visitor.path(&certificate.coding)),
                picture: picture_of(visitor, &certificate.coding),
            }
        });
        Self {
            frame: Frame::new(ask, Some(visitor), (words.title)(&record.record_number)),
            is_new: ask.query("submitted") == "1",
            number: record.record_number.clone(),
            form: template.map(|template| template.name.clone()),
            code: Link {
                label: view.code.title.clone(),
                href: ask.link(&visitor.path(&view.code.coding)),
            },
            submitted: time(record.submit_at),
            status,
            waits: record.audit_status == AuditStatus::Pending
                && config.is_some_and(|config| config.enabled),
            fields: fields(view, People::AsSet, all),
            certificate,
            words,
        }
    }
}
