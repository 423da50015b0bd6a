//! Finding records.

use crate::address::Address;
use crate::model::{CodeId, RecordId, TplId};
use crate::repo::{
    Category, Certificate, Code, Record, RecordSearch, Referents, Template, code_count,
};
use crate::submit::searchable;
use crate::templates::seen_template;
use crate::{Error, Forms, Result, Scope, visible};
use catalogue::OpenapiV2Error;
use catalogue::openapi_v2::Problem;
use kernel::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use store::{Tx, params};

/// A record with what it refers to.
#[derive(Clone, Debug)]
pub struct RecordView {
    /// It.
    pub record: Record,
    /// Its code, though it be deleted.
    pub code: Arc<Code>,
    /// Its form, though it be deleted; `None`: it is no filled form.
    pub template: Option<Arc<Template>>,
    /// Its certificate, if it has one.
    pub certificate: Option<Certificate>,
}

/// How a record is named; at least one of these.
#[derive(Clone, Debug)]
pub struct NamedRecord {
    /// By its id.
    pub record_id: Option<RecordId>,
    /// By its address.
    pub address: Option<Address>,
}

/// Which records. What is `None` does not restrict them.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// A piece of what was filled in, or of the number or the submitter.
    pub text: Option<String>,
    /// The form.
    pub tpl_id: Option<TplId>,
    /// The code.
    pub code_id: Option<CodeId>,
    /// A folder: its codes, and those of the folders within.
    pub category_id: Option<i64>,
    /// 3 changes of state, 7 edits of codes; filled forms are no kind that can be asked for alone.
    pub kind: Option<i64>,
    /// Made in this second or later.
    pub from: Option<Timestamp>,
    /// Made in this second or earlier.
    pub until: Option<Timestamp>,
}

/// What part of a list, in which order.
#[derive(Clone, Debug)]
pub struct Page {
    /// Oldest first, instead of newest first.
    pub oldest_first: bool,
    /// It begins after each of these records.
    pub after: Vec<RecordId>,
    /// At most so many.
    pub size: i64,
    /// Whether all are counted.
    pub counts: bool,
}

/// A part of a list.
#[derive(Clone, Debug)]
pub struct Records {
    /// In the order asked for.
    pub list: Vec<RecordView>,
    /// Whether others come after these.
    pub has_more: bool,
    /// How many there are on all pages.
    pub total: Option<i64>,
}

const SECOND: Duration = Duration::from_secs(1);

impl Forms {
    /// A record.
    ///
    /// # Errors
    /// 100316 for an address of another organization, 100303, and 100301 when id and address are of different records.
    pub async fn record(&self, scope: &Scope, named: NamedRecord) -> Result<RecordView> {
        let scope = scope.clone();
        self.read(move |tx| {
            let record = find(tx, &scope, &named)?;
            let mut views = view(tx, vec![record])?;
            views
                .pop()
                .ok_or_else(|| OpenapiV2Error::RecordNotFound.into())
        })
        .await
    }

    /// Part of a list of records.
    ///
    /// # Errors
    /// 100304 and 404 for a form and a code that is not seen, 100317 and 100318 for a folder with none or too many codes.
    pub async fn records(&self, scope: &Scope, filter: Filter, page: Page) -> Result<Records> {
        let (scope, most_codes) = (scope.clone(), self.config().most_codes);
        self.db()
            .scan(move |tx| {
                let search = search(tx, &scope, &filter, most_codes)?;
                let total = match page.counts {
                    true => Some(search.count(tx)?),
                    false => None,
                };
                let size = usize::try_from(page.size).unwrap_or_default();
                let mut records = search.page(tx, page.oldest_first, &page.after, page.size + 1)?;
                let has_more = records.len() > size;
                records.truncate(size);
                Ok(Records {
                    list: view(tx, records)?,
                    has_more,
                    total,
                })
            })
            .await
    }
}

fn find(tx: &mut Tx<'_>, scope: &Scope, named: &NamedRecord) -> Result<Record> {
    let Some(address) = &named.address else {
        return visible::record(tx, scope, named.record_id.unwrap_or_default());
    };
    let org_code = address.org_code.as_ref();
    if org_code.is_some_and(|code| *code != scope.org_code) {
        return Err(OpenapiV2Error::OrganizationMismatch.into());
    }
    let found = Record::first(tx, Record::BY_CODING, params![&address.coding])?;
    let record = visible::seen(scope, found)?;
    if named.record_id.is_some_and(|id| id != record.record_id) {
        let other = "record_id".into();
        return Err(Error::at("record_url", Problem::Contradicts { other }));
    }
    Ok(record)
}

pub(crate) fn search(
    tx: &mut Tx<'_>,
    scope: &Scope,
    filter: &Filter,
    most_codes: i64,
) -> Result<RecordSearch> {
    if let Some(tpl_id) = filter.tpl_id {
        seen_template(tx, scope, tpl_id)?;
    }
    if let Some(code_id) = filter.code_id {
        visible::code(tx, scope, code_id)?;
    }
    let category_path = match filter.category_id {
        Some(id) => Some(category(tx, scope, id, most_codes)?),
        None => None,
    };
    let text = filter.text.as_deref().map(searchable);
    Ok(RecordSearch {
        org_id: scope.org_id,
        project_ids: scope.project_ids.clone(),
        tpl_id: filter.tpl_id,
        code_id: filter.code_id,
        category_path,
        kind: filter.kind,
        from: filter.from.map(second),
        before: filter.until.map(|until| second(until).plus(SECOND)),
        text: text.filter(|text| !text.is_empty()),
    })
}

/// Times are sent to the second, so a record made within it was made then.
fn second(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(at.micros() - at.micros().rem_euclid(1_000_000))
}

/// The path of a folder that stands for some codes, and not too many.
fn category(tx: &mut Tx<'_>, scope: &Scope, category_id: i64, most_codes: i64) -> Result<String> {
    let found = Category::first(tx, Category::BY_ID, params![category_id, scope.org_id])?;
    let path = found.ok_or(OpenapiV2Error::NoCodesInCategory)?.path;
    let projects = scope.project_ids.as_deref();
    let further = most_codes.saturating_add(1);
    match code_count(tx, scope.org_id, projects, &path, further)? {
        0 => Err(OpenapiV2Error::NoCodesInCategory.into()),
        codes if codes > most_codes => {
            let limit = most_codes;
            Err(OpenapiV2Error::TooManyCodes { limit }.into())
        }
        _ => Ok(path),
    }
}

/// Records with what they refer to.
pub(crate) fn view(tx: &mut Tx<'_>, records: Vec<Record>) -> Result<Vec<RecordView>> {
    let referents = Referents::of(tx, &records)?;
    let codes = by_id(referents.codes, |code| code.code_id);
    let templates = by_id(referents.templates, |template| template.tpl_id);
    let mut certificates: HashMap<RecordId, Certificate> = referents
        .certificates
        .into_iter()
        .map(|certificate| (certificate.record_id, certificate))
        .collect();
    let views = records.into_iter().map(|record| {
        let code = codes.get(&record.code_id).cloned();
        Ok(RecordView {
            code: code.ok_or_else(|| Error::Failed("a record without its code".into()))?,
            template: record.tpl_id.and_then(|id| templates.get(&id).cloned()),
            certificate: certificates.remove(&record.record_id),
            record,
        })
    });
    views.collect()
}

fn by_id<T>(rows: Vec<T>, id: impl Fn(&T) -> i64) -> HashMap<i64, Arc<T>> {
    let rows = rows.into_iter().map(|row| (id(&row), Arc::new(row)));
    rows.collect()
}
