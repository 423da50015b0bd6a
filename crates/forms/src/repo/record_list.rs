//! Lists of records: SQL put together from fixed parts and bound parameters.

use super::{Certificate, Code, Record, Template};
use crate::model::{CodeId, OrgId, ProjectId, RecordId, TplId};
use kernel::Timestamp;
use std::fmt::Write as _;
use store::{Param, Row, StoreError, Tx};

/// From how many characters on the index of the texts finds a piece of text.
const INDEXED: usize = 3;

/// Which records. What is `None` does not restrict them.
#[derive(Clone, Debug)]
pub struct RecordSearch {
    /// Whose.
    pub org_id: OrgId,
    /// Of these projects.
    pub project_ids: Option<Vec<ProjectId>>,
    /// Of this form.
    pub tpl_id: Option<TplId>,
    /// Of this code.
    pub code_id: Option<CodeId>,
    /// Of the codes in the folder with this path, and in the folders within.
    pub category_path: Option<String>,
    /// 0 filled forms, 3 changes of state, 7 edits of codes.
    pub kind: Option<i64>,
    /// Made then or later.
    pub from: Option<Timestamp>,
    /// Made before.
    pub before: Option<Timestamp>,
    /// A piece of their text, in lower case; not empty.
    pub text: Option<String>,
}

/// SQL and its parameters.
struct Sql<'a> {
    text: String,
    params: Vec<Param<'a>>,
}

impl<'a> Sql<'a> {
    fn new(text: String) -> Self {
        Self {
            text,
            params: Vec::new(),
        }
    }

    /// Adds a parameter; its placeholder.
    fn bind(&mut self, param: impl Into<Param<'a>>) -> String {
        self.params.push(param.into());
        format!("${}", self.params.len())
    }

    /// Adds `condition`, in which `?` is the parameter.
    fn and(&mut self, condition: &str, param: impl Into<Param<'a>>) {
        let placeholder = self.bind(param);
        let condition = condition.replace('?', &placeholder);
        let _ = write!(self.text, " AND {condition}");
    }

    fn of_projects(&mut self, project_ids: Option<&[ProjectId]>) {
        let Some(ids) = project_ids else { return };
        let ids: Vec<String> = ids.iter().map(|id| self.bind(*id)).collect();
        // A list without members is no SQL.
        let among = if ids.is_empty() {
            " AND 1 = 0".to_owned()
        } else {
            format!(" AND project_id IN ({})", ids.join(", "))
        };
        self.text.push_str(&among);
    }
}

/// The codes in a folder, whose path is `?`, and in the folders within.
const CODES_WITHIN: &str = "status <> 'deleted' AND category_id IN (SELECT category_id FROM forms_categories \
    WHERE org_id = $1 AND substr(path, 1, length(?)) = ? AND deleted_at IS NULL)";

impl RecordSearch {
    fn sql<'a>(&'a self, columns: &str) -> Sql<'a> {
        let mut sql = Sql::new(format!(
            "SELECT {columns} FROM forms_records WHERE org_id = $1 AND deleted_at IS NULL"
        ));
        sql.params.push(self.org_id.into());
        sql.of_projects(self.project_ids.as_deref());
        if let Some(tpl_id) = self.tpl_id {
            sql.and("tpl_id = ?", tpl_id);
        }
        if let Some(code_id) = self.code_id {
            sql.and("code_id = ?", code_id);
        }
        if let Some(path) = &self.category_path {
            let codes =
                format!("code_id IN (SELECT code_id FROM forms_codes WHERE {CODES_WITHIN})");
            sql.and(&codes, path);
        }
        if let Some(kind) = self.kind {
            sql.and("kind = ?", kind);
        }
        if let Some(from) = self.from {
            sql.and("submit_at >= ?", from);
        }
        if let Some(before) = self.before {
            sql.and("submit_at < ?", before);
        }
        if let Some(text) = &self.text {
            sql.with_text(text);
        }
        sql
    }

    /// How many there are.
    pub fn count(&self, tx: &mut Tx<'_>) -> Result<i64, StoreError> {
        let sql = self.sql("COUNT(*)");
        let found = tx.query_dynamic(&sql.text, &sql.params, |row| row.get(0))?;
        Ok(found.first().copied().unwrap_or_default())
    }

    /// At most so many, oldest or newest first, that come after each of the records `after` in that order.
    pub fn page(
        &self,
        tx: &mut Tx<'_>,
        oldest_first: bool,
        after: &[RecordId],
        most: i64,
    ) -> Result<Vec<Record>, StoreError> {
        let (beyond, order) = if oldest_first {
            ("record_id > ?", "ASC")
        } else {
            ("record_id < ?", "DESC")
        };
        let mut sql = self.sql(Record::COLUMNS);
        for record_id in after {
            sql.and(beyond, *record_id);
        }
        let most = sql.bind(most);
        let _ = write!(sql.text, " ORDER BY record_id {order} LIMIT {most}");
        tx.query_dynamic(&sql.text, &sql.params, Record::read)
    }
}

impl<'a> Sql<'a> {
    fn with_text(&mut self, text: &'a str) {
        if text.chars().count() < INDEXED {
            // The index has nothing to offer: records are looked at in order, until the page is full.
            let contains = "EXISTS (SELECT 1 FROM forms_texts WHERE forms_texts.rowid = forms_records.record_id \
                AND instr(forms_texts.text, ?) > 0)";
            return self.and(contains, text);
        }
        // The index knows LIKE, whose wildcards stand for more than the text has; instr() is exact.
        let like = format!("%{}%", text.replace(['%', '_', '\\'], "_"));
        let like = self.bind(like);
        let contains = format!(
            "record_id IN (SELECT rowid FROM forms_texts WHERE text LIKE {like} AND instr(text, ?) > 0)"
        );
        self.and(&contains, text);
    }
}

/// How many codes there are in the folder with this path and in the folders within, of these projects; counts no further
/// than `most`.
pub fn code_count(
    tx: &mut Tx<'_>,
    org_id: OrgId,
    project_ids: Option<&[ProjectId]>,
    category_path: &str,
    most: i64,
) -> Result<i64, StoreError> {
    let mut sql = Sql::new("SELECT 1 FROM forms_codes WHERE org_id = $1".into());
    sql.params.push(org_id.into());
    sql.and(CODES_WITHIN, category_path);
    sql.of_projects(project_ids);
    let most = sql.bind(most);
    let text = format!("SELECT COUNT(*) FROM ({} LIMIT {most}) AS found", sql.text);
    let found = tx.query_dynamic(&text, &sql.params, |row| row.get(0))?;
    Ok(found.first().copied().unwrap_or_default())
}

/// What records refer to, though it be deleted.
#[derive(Clone, Debug)]
pub struct Referents {
    /// Their codes.
    pub codes: Vec<Code>,
    /// The forms of those that are filled forms.
    pub templates: Vec<Template>,
    /// The certificates of those that have one.
    pub certificates: Vec<Certificate>,
}

impl Referents {
    /// What these records refer to.
    pub fn of(tx: &mut Tx<'_>, records: &[Record]) -> Result<Self, StoreError> {
        let codes = records.iter().map(|record| record.code_id);
        let templates = records.iter().filter_map(|record| record.tpl_id);
        let ids = records.iter().map(|record| record.record_id);
        let codes_sql = format!("SELECT {} FROM forms_codes WHERE code_id", Code::COLUMNS);
        let templates_sql = format!(
            "SELECT {} FROM forms_templates WHERE tpl_id",
            Template::COLUMNS
        );
        let certificates_sql = format!(
            "SELECT {} FROM forms_certificates WHERE record_id",
            Certificate::COLUMNS
        );
        Ok(Self {
            codes: among(tx, &codes_sql, codes.collect(), Code::read)?,
            templates: among(tx, &templates_sql, templates.collect(), Template::read)?,
            certificates: among(tx, &certificates_sql, ids.collect(), Certificate::read)?,
        })
    }
}

/// What `select` finds, which ends with the column that has one of the ids.
fn among<T>(
    tx: &mut Tx<'_>,
    select: &str,
    mut ids: Vec<i64>,
    read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new(select.to_owned());
    let places: Vec<String> = ids.into_iter().map(|id| sql.bind(id)).collect();
    let _ = write!(sql.text, " IN ({})", places.join(", "));
    tx.query_dynamic(&sql.text, &sql.params, read)
}
