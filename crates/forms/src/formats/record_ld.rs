//! Records in the words of schema.org.

use super::record::Addresses;
use crate::RecordView;
use crate::model::value;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct Report<'a> {
    #[serde(rename = "@context")]
    context: &'static str,
    #[serde(rename = "@type")]
    kind: &'static str,
    #[serde(rename = "@id")]
    id: String,
    identifier: &'a str,
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(rename = "dateCreated")]
    date_created: String,
    #[serde(rename = "dateModified")]
    date_modified: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    creator: Option<Creator<'a>>,
    about: About<'a>,
    #[serde(rename = "additionalProperty")]
    additional_property: Vec<PropertyValue<'a>>,
}

#[derive(Debug, Serialize)]
struct Creator<'a> {
    #[serde(rename = "@type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    telephone: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct About<'a> {
    #[serde(rename = "@type")]
    kind: &'static str,
    #[serde(rename = "@id")]
    id: String,
    identifier: &'a str,
    name: &'a str,
    url: String,
}

#[derive(Debug, Serialize)]
struct PropertyValue<'a> {
    #[serde(rename = "@type")]
    kind: &'static str,
    #[serde(rename = "propertyID")]
    id: String,
    name: &'a str,
    value: String,
}

impl<'a> Report<'a> {
    pub(super) fn of(view: &'a RecordView, addresses: Addresses<'_>) -> Self {
        let RecordView { record, code, .. } = view;
        let template = view.template.as_ref();
        let definition = template.map(|t| t.definition.0.clone()).unwrap_or_default();
        let properties = record.fields.0.iter().map(|filled| PropertyValue {
            kind: "PropertyValue",
            id: filled.field_id.to_string(),
            name: &filled.field_title,
            value: value::shown(&definition, filled),
        });
        let submitter = &record.submitter.0;
        let is_known = submitter.name.is_some() || submitter.phone.is_some();
        Self {
            context: "https://schema.org",
            kind: "Report",
            id: addresses(&record.coding),
            identifier: &record.record_number,
            url: addresses(&record.coding),
            name: template.map(|template| template.name.as_str()),
            date_created: record.submit_at.to_string(),
            date_modified: record.updated_at.to_string(),
            creator: is_known.then_some(Creator {
                kind: "Person",
                name: submitter.name.as_deref(),
                telephone: submitter.phone.as_deref(),
            }),
            about: About {
                kind: "Thing",
                id: addresses(&code.coding),
                identifier: &code.coding,
                name: &code.title,
                url: addresses(&code.coding),
            },
            additional_property: properties.collect(),
        }
    }
}
