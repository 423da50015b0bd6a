//! Filling in forms.

use crate::certificate::{NewCertificate, issue_first};
use crate::events::Happened;
use crate::model::code::{CodeStatus, Operation};
use crate::model::form::Definition;
use crate::model::limits::Limit;
use crate::model::value::{self, Checked, Entry, Filled, UploadState};
use crate::model::{CodeId, EventKind, Person, RecordId, TplId};
use crate::repo::{
    Certificate, Code, Record, State, Template, Upload, count, next_number, put_text, uniques,
};
use crate::templates::{self, seen_template};
use crate::{Error, Forms, Result, Scope, coding, visible};
use catalogue::OpenapiV2Error;
use catalogue::openapi_v2::{CodeProblem, FieldIssue, FieldProblem};
use std::collections::HashMap;
use store::idempotency::{self, Found, Key};
use store::record::Json;
use store::{StoreError, Tx, params};

/// How a record came about that a program made.
const BY_PROGRAM: &str = "API";
/// How a record came about that somebody made who scanned the code.
const BY_SCAN: &str = "扫一扫填写";
/// How a record came about that was paid for.
const BY_PAYMENT: &str = "付款签发";

/// What is filled in, and where.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The code.
    pub code_id: CodeId,
    /// The form.
    pub tpl_id: TplId,
    /// What is filled in.
    pub entries: Vec<Entry>,
    /// Who fills it in.
    pub submitter: Person,
    /// Names this submission among those of the form and code: sent again, it is carried out once.
    pub once: Option<String>,
}

/// A record that was made or changed.
#[derive(Clone, Debug)]
pub struct Submitted {
    /// It.
    pub record: Record,
    /// Its certificate, if it has one.
    pub certificate: Option<Certificate>,
}

/// What a submission needs that no transaction may make.
pub(crate) struct Made {
    record_id: RecordId,
    coding: String,
    certificate: NewCertificate,
}

impl Made {
    /// What the record's certificate is made of.
    pub(crate) const fn certificate(&self) -> &NewCertificate {
        &self.certificate
    }

    /// For one try of one submission.
    pub(crate) fn new(forms: &Forms) -> Self {
        Self {
            record_id: forms.new_id(),
            coding: coding::random(forms.rng(), 'r', 16),
            certificate: forms.new_certificate(),
        }
    }
}

impl Forms {
    /// Fills a form in. What may be done so often only, or hold a value once only, is counted and taken in the transaction
    /// that makes the record.
    ///
    /// # Errors
    /// 100304, 404 and 100306 to 100314, in the order of the checks: form, code, assignment, state of the code, time, limits,
    /// fields, values that exist.
    pub async fn submit(&self, scope: &Scope, new: Submission) -> Result<Submitted> {
        let (scope, teller) = (scope.clone(), self.teller(scope.org_id).await?);
        self.write(Made::new, move |tx, made| {
            if let Some(done) = done_before(tx, &scope, &new, made)? {
                return Ok(done);
            }
            let submitted = fill_in(tx, &scope, Filler::of(&scope), &new, made)?;
            teller.tell(tx, scope.now, || {
                Happened::to_record(EventKind::Submit, &submitted, made.certificate())
            })?;
            Ok(submitted)
        })
        .await
    }
}

/// What the same submission came to when it was sent before.
fn done_before(
    tx: &mut Tx<'_>,
    scope: &Scope,
    new: &Submission,
    made: &Made,
) -> Result<Option<Submitted>> {
    let Some(once) = &new.once else {
        return Ok(None);
    };
    let key = Key {
        scope: format!("forms.fill:{}:{}", new.tpl_id, new.code_id),
        key: once.clone(),
        fingerprint: String::new(),
    };
    let record_id = made.record_id.to_string();
    let Some(found) = idempotency::claim(tx, &key, Some(&record_id), scope.now)? else {
        return Ok(None);
    };
    let Found::Unanswered { reference } = found else {
        return Ok(None);
    };
    let record_id = reference.and_then(|id| id.parse::<RecordId>().ok());
    let of = params![record_id, scope.org_id];
    let Some(record) = Record::first(tx, Record::BY_ID, of)? else {
        return Ok(None);
    };
    let certificate = Certificate::first(tx, Certificate::OF_RECORD, params![record_id])?;
    Ok(Some(Submitted {
        record,
        certificate,
    }))
}

/// Locks are taken in one order: counters, values, uploads, form, number. The number has every other submission of the
/// organization wait, so it comes last, and what follows travels with the commit.
pub(crate) fn fill_in(
    tx: &mut Tx<'_>,
    scope: &Scope,
    filler: Filler,
    new: &Submission,
    made: &Made,
) -> Result<Submitted> {
    let place = Place::open(tx, scope, new.tpl_id, new.code_id)?;
    let subject = identity(scope, &new.submitter);
    let input = Input {
        filler,
        entries: &new.entries,
        subject: &subject,
    };
    let accepted = place.accept(tx, scope, input, made, &mut Real)?;
    accepted.hold(tx, scope, &place)?;
    let origin = Origin {
        number: next_number(tx, scope.org_id, "L")?,
        method: filler.method(),
        submitter: &new.submitter,
    };
    accepted.record(tx, scope, &place, origin)
}

/// Who fills a form in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filler {
    /// A program with a key.
    Program,
    /// Somebody in front of a public page.
    Visitor,
    /// This server, for somebody who paid.
    House,
}

impl Filler {
    /// Whoever acts in this scope.
    pub(crate) const fn of(scope: &Scope) -> Self {
        match scope.api_key_id {
            Some(_) => Self::Program,
            None => Self::Visitor,
        }
    }

    const fn method(self) -> &'static str {
        match self {
            Self::Program => BY_PROGRAM,
            Self::Visitor => BY_SCAN,
            Self::House => BY_PAYMENT,
        }
    }
}

/// What is filled in.
#[derive(Clone, Copy)]
pub(crate) struct Input<'a> {
    pub filler: Filler,
    pub entries: &'a [Entry],
    /// Whose submissions are counted together.
    pub subject: &'a str,
}

/// What a submission takes that may be taken so often only.
pub(crate) trait Claims {
    /// Counts one submission, unless there were `most` in the period already; says whether it did.
    fn count(
        &mut self,
        tx: &mut Tx<'_>,
        of: (TplId, CodeId),
        subject: &str,
        period: &str,
        most: i64,
    ) -> Result<bool, StoreError>;

    /// Takes values, field and hash, for a record; gives the fields whose value another one has.
    fn take(
        &mut self,
        tx: &mut Tx<'_>,
        tpl_id: TplId,
        record_id: RecordId,
        values: &[(i64, String)],
    ) -> Result<Vec<i64>, StoreError>;
}

/// Takes it.
pub(crate) struct Real;

impl Claims for Real {
    fn count(
        &mut self,
        tx: &mut Tx<'_>,
        of: (TplId, CodeId),
        subject: &str,
        period: &str,
        most: i64,
    ) -> Result<bool, StoreError> {
        count(tx, of, subject, period, most)
    }

    fn take(
        &mut self,
        tx: &mut Tx<'_>,
        tpl_id: TplId,
        record_id: RecordId,
        values: &[(i64, String)],
    ) -> Result<Vec<i64>, StoreError> {
        uniques::add(tx, tpl_id, record_id, values)
    }
}

/// A form and a code for which it can be filled in now.
pub(crate) struct Place {
    pub template: Template,
    pub code_id: CodeId,
}

/// A submission that nothing speaks against: what it counts for and the values it holds are its own.
pub(crate) struct Accepted<'m> {
    made: &'m Made,
    filled: Vec<Filled>,
    uploads: Vec<String>,
}

/// Where a record comes from.
pub(crate) struct Origin<'a> {
    /// Of its record number.
    pub number: i64,
    /// How it came about.
    pub method: &'a str,
    /// Who filled the form in.
    pub submitter: &'a Person,
}

impl Place {
    /// Form, code, assignment, state of the code, time.
    pub(crate) fn open(
        tx: &mut Tx<'_>,
        scope: &Scope,
        tpl_id: TplId,
        code_id: CodeId,
    ) -> Result<Self> {
        let template = seen_template(tx, scope, tpl_id)?;
        let code = visible::code(tx, scope, code_id)?;
        check_code(tx, scope, &code, template.tpl_id)?;
        if let Some(problem) = template.limits.0.refuse_at(scope.now) {
            return Err(OpenapiV2Error::NotAtThisTime { problem }.into());
        }
        let code_id = code.code_id;
        Ok(Self { template, code_id })
    }

    /// Limits, fields, values that exist. What it counted and took has to
    /// be undone when it refuses.
    pub(crate) fn accept<'m>(
        &self,
        tx: &mut Tx<'_>,
        scope: &Scope,
        input: Input<'_>,
        made: &'m Made,
        claims: &mut impl Claims,
    ) -> Result<Accepted<'m>> {
        let template = &self.template;
        let Input {
            filler,
            entries,
            subject,
        } = input;
        self.count_within_limits(tx, scope, subject, claims)?;
        let definition = &template.definition.0;
        let Checked { filled, uploads } = match filler {
            Filler::Program => {
                let strict = template.settings.0.strict_required;
                check(tx, scope, definition, entries, strict)?
            }
            // Who fills in what is shown leaves nothing out that is required, and cannot fill in what is not shown.
            Filler::Visitor => check(tx, scope, &definition.without_hidden(), entries, true)?,
            // Who paid gets what was paid for, though not everything about them be known.
            Filler::House => check(tx, scope, &definition.without_required(), entries, false)?,
        };
        hold_uniques(
            tx,
            template,
            made.record_id,
            &filled,
            |tx, of, id, values| claims.take(tx, of, id, values),
        )?;
        Ok(Accepted {
            made,
            filled,
            uploads,
        })
    }

    fn count_within_limits(
        &self,
        tx: &mut Tx<'_>,
        scope: &Scope,
        subject: &str,
        claims: &mut impl Claims,
    ) -> Result<()> {
        let limits = &self.template.limits.0;
        let of = (self.template.tpl_id, self.code_id);
        let mut counted = |limit: &Limit, subject: &str| {
            let period = limit.period.key(scope.now);
            claims.count(tx, of, subject, &period, limit.count)
        };
        if let Some(total) = &limits.total
            && !counted(total, "")?
        {
            return Err(OpenapiV2Error::FormLimitReached {
                limit: total.count,
                period: total.period.period(),
            }
            .into());
        }
        if let Some(own) = &limits.per_user
            && !counted(own, subject)?
        {
            return Err(OpenapiV2Error::UserLimitReached {
                limit: own.count,
                period: own.period.period(),
            }
            .into());
        }
        Ok(())
    }
}

impl<'m> Accepted<'m> {
    /// What its certificate is made of.
    pub(crate) const fn certificate(&self) -> &'m NewCertificate {
        &self.made.certificate
    }

    /// Takes the last of what others wait for, except the number.
    pub(crate) fn hold(&self, tx: &mut Tx<'_>, scope: &Scope, place: &Place) -> Result<()> {
        keep_uploads(tx, scope, self.made.record_id, self.uploads.clone())?;
        place.template.set_active(tx, scope.now)?;
        templates::hold(tx, &place.template)
    }

    /// Makes the record.
    pub(crate) fn record(
        self,
        tx: &mut Tx<'_>,
        scope: &Scope,
        place: &Place,
        origin: Origin<'_>,
    ) -> Result<Submitted> {
        let (made, template, now) = (self.made, &place.template, scope.now);
        let (audit_status, audit_level) = template.audit.0.begin();
        let record = Record {
            record_id: made.record_id,
            org_id: template.org_id,
            project_id: template.project_id,
            tpl_id: Some(template.tpl_id),
            code_id: place.code_id,
            kind: 0,
            record_number: format!("L{}", origin.number),
            coding: made.coding.clone(),
            method: origin.method.into(),
            submitter: Json(origin.submitter.clone()),
            api_key_id: scope.api_key_id,
            fields: Json(self.filled),
            audit_status,
            audit_level,
            audits: Json(Vec::new()),
            submit_at: now,
            updated_at: now,
            deleted_at: None,
        };
        record.append(tx)?;
        let certificate = issue_first(tx, &made.certificate, template, &record, now)?;
        put_text(tx, record.record_id, &search_text(template, &record))?;
        Ok(Submitted {
            record,
            certificate,
        })
    }
}

/// Whether the form can be filled in for the code as they are, and now.
pub(crate) fn check_fillable(
    tx: &mut Tx<'_>,
    scope: &Scope,
    code: &Code,
    template: &Template,
) -> Result<()> {
    check_code(tx, scope, code, template.tpl_id)?;
    match template.limits.0.refuse_at(scope.now) {
        Some(problem) => Err(OpenapiV2Error::NotAtThisTime { problem }.into()),
        None => Ok(()),
    }
}

/// Why a code is not in use.
pub(crate) fn out_of_use(code: &Code, scope: &Scope) -> Option<CodeProblem> {
    if code.status != CodeStatus::Enabled {
        return Some(CodeProblem::Disabled);
    }
    let is_over = code.expire_at.is_some_and(|end| end <= scope.now);
    is_over.then_some(CodeProblem::Expired)
}

/// Whether the form can be filled in for the code as it is.
fn check_code(tx: &mut Tx<'_>, scope: &Scope, code: &Code, tpl_id: TplId) -> Result<()> {
    let operations = code.operations.0.iter().filter(|op| op.fills_in(tpl_id));
    let operations: Vec<&Operation> = operations.collect();
    let Some(first) = operations.first() else {
        return Err(OpenapiV2Error::FormNotAssigned.into());
    };
    let refuse = |problem| Err(OpenapiV2Error::NotInThisCodeState { problem }.into());
    if let Some(problem) = out_of_use(code, scope) {
        return refuse(problem);
    }
    if operations.iter().any(|op| forbidding(op, code).is_none()) {
        return Ok(());
    }
    let Some(state_id) = forbidding(first, code) else {
        return Ok(());
    };
    let state = match state_id.parse::<i64>() {
        Ok(id) => State::first(tx, State::BY_ID, params![id, scope.org_id])?,
        Err(_) => None,
    };
    let words = state.map(|state| {
        let value = code.states.0.get(state_id);
        let mut choices = state.choices.0.into_iter();
        let current = choices.find(|choice| Some(&choice.id) == value);
        current.map_or(state.title, |choice| choice.text)
    });
    refuse(CodeProblem::State {
        state: words.unwrap_or_else(|| state_id.to_owned()),
    })
}

/// The state that forbids an operation: its value is none of those in which it is allowed.
pub(crate) fn forbidding<'a>(operation: &'a Operation, code: &Code) -> Option<&'a str> {
    let mut states = operation.allowed_state_values.iter();
    let forbidding = states.find(|(state_id, allowed)| {
        let value = code.states.0.get(*state_id);
        !value.is_some_and(|value| allowed.contains(value))
    });
    forbidding.map(|(state_id, _)| state_id.as_str())
}

/// Whose submissions are counted together: never empty.
fn identity(scope: &Scope, submitter: &Person) -> String {
    if let Some(id) = &submitter.id {
        return format!("id:{id}");
    }
    if let Some(phone) = &submitter.phone {
        let digits = phone.chars().filter(|c| !c.is_whitespace() && *c != '-');
        return format!("phone:{}", digits.collect::<String>());
    }
    let key = scope.api_key_id.map(|id| id.to_string());
    format!("key:{}", key.unwrap_or_default())
}

/// Checks what is filled in. `strict`: required fields that are absent are refused like empty ones.
pub(crate) fn check(
    tx: &mut Tx<'_>,
    scope: &Scope,
    definition: &Definition,
    entries: &[Entry],
    strict: bool,
) -> Result<Checked> {
    let mut uploads = HashMap::new();
    for upload_id in value::uploads_of(entries) {
        let state = Upload::state(tx, &upload_id, scope.org_id, scope.now)?;
        uploads.insert(upload_id, state);
    }
    let state = |upload_id: &str| {
        let known = uploads.get(upload_id).cloned();
        known.unwrap_or(UploadState::Unknown)
    };
    let checked = value::check(definition, entries, strict, &state)?;
    Ok(checked)
}

/// Has a record hold values that stand in one record only; `hold` gives the fields whose value another one has.
pub(crate) fn hold_uniques(
    tx: &mut Tx<'_>,
    template: &Template,
    record_id: RecordId,
    filled: &[Filled],
    hold: impl FnOnce(&mut Tx<'_>, TplId, RecordId, &[(i64, String)]) -> Result<Vec<i64>, StoreError>,
) -> Result<()> {
    let values = value::unique_values(&template.definition.0, filled);
    let mut wanted: Vec<_> = values
        .iter()
        .map(|(field_id, _, hash)| (*field_id, hash.clone()))
        .collect();
    // Whoever takes several takes them in this order.
    wanted.sort();
    let refused = hold(tx, template.tpl_id, record_id, &wanted)?;
    if refused.is_empty() {
        return Ok(());
    }
    let issues = values
        .into_iter()
        .filter(|(field_id, ..)| refused.contains(field_id))
        .map(|(_, field, _)| FieldIssue {
            field,
            problem: FieldProblem::Duplicate,
        });
    Err(OpenapiV2Error::DuplicateSubmission {
        issues: issues.collect(),
    }
    .into())
}

/// Has a record keep what it refers to.
pub(crate) fn keep_uploads(
    tx: &mut Tx<'_>,
    scope: &Scope,
    record_id: RecordId,
    mut uploads: Vec<String>,
) -> Result<()> {
    uploads.sort();
    for upload_id in uploads {
        let kept = Upload::keep(tx, &upload_id, scope.org_id, record_id)?;
        // What another record keeps may be referred to; what was just forgotten may not.
        if !kept && Upload::state(tx, &upload_id, scope.org_id, scope.now)? == UploadState::Unknown
        {
            return Err(Error::Raced(format!("upload {upload_id} is gone")));
        }
    }
    Ok(())
}

/// What a record is found by.
pub(crate) fn search_text(template: &Template, record: &Record) -> String {
    let submitter = &record.submitter.0;
    let who = [&submitter.name, &submitter.phone, &submitter.id];
    let fields = record.fields.0.iter();
    let parts = std::iter::once(record.record_number.clone())
        .chain(fields.map(|filled| value::shown(&template.definition.0, filled)))
        .chain(who.into_iter().flatten().cloned());
    searchable(&parts.collect::<Vec<_>>().join("\n"))
}

/// Text as it is searched: in lower case, each character by itself, so that a piece of a text is the same as in the text.
pub(crate) fn searchable(text: &str) -> String {
    text.chars()
        .filter(|c| *c != '\0')
        .flat_map(char::to_lowercase)
        .collect()
}
