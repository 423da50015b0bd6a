//! Methods of `record`: records themselves.

use super::{Caller, Data, Method, check_version, data, reads, times, writes};
use crate::address::Address;
use crate::face::params::{LARGEST_ID, Params};
use crate::formats::{self, Format, Heading, Wrapped, Written};
use crate::model::value::Entry;
use crate::model::{AuditStatus, Person, RecordId};
use crate::{Filter, Forms, NamedRecord, Page, Result, Review, Scope, Submission, Submitted};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use catalogue::openapi_v2::Problem;
use serde::Serialize;

pub(super) const METHODS: &[Method] = &[
    reads!("record/getRecord", get_record),
    reads!("record/getRecords", get_records),
    writes!("record/addRecord", add_record),
    writes!("record/updateRecord", update_record),
    writes!("record/deleteRecord", delete_record),
    writes!("record/auditRecord", audit_record),
];

/// Most fields in a request.
const MOST_FIELDS: usize = 1000;
/// Longest piece of text that is searched for.
const LONGEST_SEARCH: i64 = 200;
/// The order of a list unless another is asked for.
const NEWEST_FIRST: &str = "submit_at,desc";
/// The other order.
const OLDEST_FIRST: &str = "submit_at,asc";

async fn get_record(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let record_id = params.id("record_id");
    let address = params.text("record_url", 2000).and_then(|text| {
        let address = Address::parse(&text);
        if address.is_none() {
            params.issue("record_url", Problem::Malformed);
        }
        address
    });
    if !params.has("record_id") && !params.has("record_url") {
        let problem = Problem::NeedsOneOf(vec!["record_id", "record_url"]);
        params.issue("record_id", problem);
    }
    let heading = formats::finish(params, Format::ALL)?;
    let named = NamedRecord { record_id, address };
    let view = forms.record(&caller.scope, named).await?;
    let addresses = |coding: &str| forms.public_url(&caller.scope.org_code, coding);
    data(&Wrapped {
        heading,
        data: formats::write(heading.format, &view, &addresses),
    })
}

#[derive(Serialize)]
struct List<'a> {
    #[serde(flatten)]
    heading: Heading,
    list: Vec<Written<'a>>,
    page_size: i64,
    has_more: bool,
    next_page_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_count: Option<i64>,
}

async fn get_records(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let filter = filter(&mut params);
    let order = params.one_of("order_by", &[NEWEST_FIRST, OLDEST_FIRST]);
    let oldest_first = order == Some(OLDEST_FIRST);
    let size = params.integer("page_size", 1, 50).unwrap_or(10);
    let counts = params.integer("get_total_count", 0, 1) != Some(0);
    let from_token = page_token(&mut params, oldest_first);
    // 0 is what a caller sends who has no last record yet.
    let last = params.integer("last_record_id", 0, LARGEST_ID);
    let after = from_token.into_iter().chain(last.filter(|id| *id > 0));
    let page = Page {
        oldest_first,
        after: after.collect(),
        size,
        counts,
    };
    let heading = formats::finish(params, Format::ALL)?;

    let found = forms.records(&caller.scope, filter, page).await?;
    let addresses = |coding: &str| forms.public_url(&caller.scope.org_code, coding);
    let list = found.list.iter();
    let last = found.list.last().filter(|_| found.has_more);
    data(&List {
        heading,
        list: list
            .map(|view| formats::write(heading.format, view, &addresses))
            .collect(),
        page_size: size,
        has_more: found.has_more,
        next_page_token: last.map(|view| token(oldest_first, view.record.record_id)),
        total_count: found.total,
    })
}

/// What restricts records by their text and time.
pub(super) fn span(params: &mut Params) -> Filter {
    let filter = Filter {
        text: params.text("search_key", LONGEST_SEARCH),
        from: params.time("start_time"),
        until: params.time("end_time"),
        ..Filter::default()
    };
    if filter.until < filter.from && filter.until.is_some() {
        let field = "start_time";
        params.issue("end_time", Problem::NotAfter { field });
    }
    filter
}

fn filter(params: &mut Params) -> Filter {
    let mut filter = span(params);
    match params.integer("record_type", 0, 7) {
        None | Some(0) => {}
        Some(kind @ (3 | 7)) => filter.kind = Some(kind),
        Some(_) => {
            let allowed = vec!["0", "3", "7"];
            params.issue("record_type", Problem::NotOneOf { allowed });
        }
    }
    if let Some(mut filters) = params.object("filters") {
        if let Some(mut template) = filters.object("record_template") {
            filter.tpl_id = template.id("id");
            filters.absorb(template);
        }
        if let Some(mut code) = filters.object("qrcode") {
            filter.code_id = code.id("id");
            filter.category_id = code.id("category_id");
            filters.absorb(code);
        }
        params.absorb(filters);
    }
    filter
}

/// What leads to the page after a record. It begins with its own version.
fn token(oldest_first: bool, last: RecordId) -> String {
    let order = if oldest_first { "asc" } else { "desc" };
    URL_SAFE_NO_PAD.encode(format!("1:{order}:{last}"))
}

fn page_token(params: &mut Params, oldest_first: bool) -> Option<RecordId> {
    let text = params.text("page_token", 200)?;
    // What a caller sends who has no token yet.
    if text.is_empty() {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(&text).unwrap_or_default();
    let known = String::from_utf8(bytes).unwrap_or_default();
    let mut parts = known.split(':');
    let last = match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some("1"), Some(order @ ("asc" | "desc")), Some(last), None) => {
            last.parse().ok().map(|last| (order == "asc", last))
        }
        _ => None,
    };
    let problem = match last {
        Some((order, last)) if order == oldest_first => return Some(last),
        Some(_) => Problem::Contradicts {
            other: "order_by".into(),
        },
        None => Problem::Malformed,
    };
    params.issue("page_token", problem);
    None
}

async fn add_record(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let new = Submission {
        once: caller.once,
        code_id: params.required_id("code_id"),
        tpl_id: params.required_id("tpl_id"),
        entries: entries(&mut params),
        submitter: person(&mut params, "submitter"),
    };
    finish(params)?;
    let submitted = forms.submit(&caller.scope, new).await?;
    data(&SubmittedJson::of(&forms, &caller.scope, &submitted))
}

async fn update_record(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let record_id = params.required_id("record_id");
    let entries = entries(&mut params);
    finish(params)?;
    let scope = &caller.scope;
    let submitted = forms.update_record(scope, record_id, entries).await?;
    data(&SubmittedJson::of(&forms, scope, &submitted))
}

async fn delete_record(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let record_id = params.required_id("record_id");
    finish(params)?;
    forms.delete_record(&caller.scope, record_id).await?;
    data(&serde_json::json!({}))
}

async fn audit_record(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let record_id = params.required_id("record_id");
    let action = params.one_of("action", &["pass", "reject"]);
    if !params.has("action") {
        params.issue("action", Problem::Required);
    }
    let review = Review {
        record_id,
        passes: action == Some("pass"),
        stage_id: params.id("stage_id"),
        reply: params.text("reply", 1000).unwrap_or_default(),
        by: person(&mut params, "operator"),
    };
    finish(params)?;
    let reviewed = forms.review(&caller.scope, review).await?;
    let record = &reviewed.record;
    data(&ReviewedJson {
        audit_status: record.audit_status,
        current_level: record.audit_level,
        certificate: CertificateJson::of(&forms, &caller.scope, &reviewed),
    })
}

/// Ends the reading: what is wrong with parameters is told before a wrong version.
pub(super) fn finish(params: Params) -> Result<()> {
    let version = check_version(&params);
    params.finish()?;
    version
}

fn entries(params: &mut Params) -> Vec<Entry> {
    if !params.has("fields") {
        params.issue("fields", Problem::Required);
    }
    let items = params.objects("fields", MOST_FIELDS).unwrap_or_default();
    let entries = items.into_iter().map(|mut item| {
        let entry = Entry {
            field_id: item.required_id("field_id"),
            field_type: item.required_text("field_type", 64),
            field_value: item.take("field_value"),
        };
        params.absorb(item);
        entry
    });
    entries.collect()
}

fn person(params: &mut Params, name: &str) -> Person {
    let Some(mut given) = params.object(name) else {
        return Person::default();
    };
    let mut text = |name, max| given.text(name, max).filter(|text| !text.is_empty());
    let person = Person {
        id: text("id", 64),
        name: text("name", 64),
        phone: text("phone", 32),
    };
    params.absorb(given);
    person
}

#[derive(Serialize)]
struct SubmittedJson<'a> {
    record_id: RecordId,
    record_number: &'a str,
    record_code: &'a str,
    record_url: String,
    submit_at: i64,
    submit_at_iso: String,
    audit_status: AuditStatus,
    certificate: Option<CertificateJson<'a>>,
}

#[derive(Serialize)]
struct ReviewedJson<'a> {
    audit_status: AuditStatus,
    current_level: i64,
    certificate: Option<CertificateJson<'a>>,
}

#[derive(Serialize)]
struct CertificateJson<'a> {
    certificate_code: &'a str,
    certificate_url: String,
    certificate_status: &'a str,
}

impl<'a> SubmittedJson<'a> {
    fn of(forms: &Forms, scope: &Scope, submitted: &'a Submitted) -> Self {
        let record = &submitted.record;
        let (submit_at, submit_at_iso) = times::both(record.submit_at);
        Self {
            record_id: record.record_id,
            record_number: &record.record_number,
            record_code: &record.coding,
            record_url: forms.public_url(&scope.org_code, &record.coding),
            submit_at,
            submit_at_iso,
            audit_status: record.audit_status,
            certificate: CertificateJson::of(forms, scope, submitted),
        }
    }
}

impl<'a> CertificateJson<'a> {
    fn of(forms: &Forms, scope: &Scope, submitted: &'a Submitted) -> Option<Self> {
        let certificate = submitted.certificate.as_ref()?;
        Some(Self {
            certificate_code: &certificate.coding,
            certificate_url: forms.public_url(&scope.org_code, &certificate.coding),
            certificate_status: &certificate.status,
        })
    }
}
