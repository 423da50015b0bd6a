//! Verifying certificates, one or many at once, and the log of every attempt.

use crate::address::Address;
use crate::events::Happened;
use crate::model::certificate::{CertificateConfig, SET, SET_NEXT};
use crate::model::{Person, TplId};
use crate::repo::{
    Attempt, Attempts, Authorization, Certificate, Outcome, Standing, Template, Verification,
};
use crate::{Forms, Result, Scope, authorize, digest, voucher};
use catalogue::OpenapiV2Error;
use catalogue::openapi_v2::{
    ActionProblem, AuthorizationProblem, CertificateProblem, StatusProblem, TargetProblem,
    VerificationProblem,
};
use kernel::Timestamp;
use std::sync::Arc;
use store::jobs::JobId;
use store::record::Json;
use store::{Tx, params};

/// So many characters are kept of what was presented.
const KEPT: usize = 256;

/// What is to be done with a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Set its status.
    Set {
        /// Which it must have.
        from: String,
        /// Which it gets.
        to: String,
    },
    /// Go on to the next status.
    Next,
}

impl Action {
    /// As the form's settings name it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Set { .. } => SET,
            Self::Next => SET_NEXT,
        }
    }
}

/// A verification that is asked for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The code, or an address with it.
    pub presented: String,
    /// What to do; `None`: something that does not exist.
    pub action: Option<Action>,
    /// The form that the certificate must be of; 0: any.
    pub tpl_id: i64,
    /// The code that the certificate's record must be of; 0: any.
    pub code_id: i64,
    /// An authorization code.
    pub authorization_code: Option<String>,
    /// Who verifies.
    pub operator: Person,
    /// What makes a retried call return the first success.
    pub nonce: Option<String>,
}

/// A verification that succeeded, now or under the same nonce before.
#[derive(Clone, Debug, PartialEq)]
pub struct Success {
    /// Its entry in the log.
    pub verification: Verification,
    /// The certificate with its record.
    pub standing: Standing,
}

/// What came of an attempt. A refusal is a value, because the log of it must last.
pub type Attempted = Result<Success, OpenapiV2Error>;

/// A request with what follows from it alone.
struct Prepared {
    request: Request,
    coding: String,
    /// What is wrong with the code without looking it up.
    code: Result<(), OpenapiV2Error>,
    authorization_hash: Option<String>,
    hash: String,
}

impl Prepared {
    fn new(forms: &Forms, scope: &Scope, request: Request) -> Self {
        let address = Address::parse(&request.presented);
        let coding = address.as_ref().map(|address| address.coding.clone());
        let (from, to) = match &request.action {
            Some(Action::Set { from, to }) => (Some(from), Some(to)),
            _ => (None, None),
        };
        let action = request.action.as_ref().map(Action::name);
        let asked = serde_json::json!([coding, action, to, from]);
        Self {
            coding: coding.unwrap_or_default(),
            code: forms.check_presented(scope, address.as_ref()),
            authorization_hash: request
                .authorization_code
                .as_deref()
                .map(authorize::code_hash),
            hash: digest(&asked.to_string()),
            request,
        }
    }

    /// The certificate, if whoever asks sees it.
    fn find(&self, tx: &mut Tx<'_>, scope: &Scope) -> Result<Result<Standing, OpenapiV2Error>> {
        let unless = |problem| OpenapiV2Error::InvalidCertificateCode { problem };
        if let Err(error) = &self.code {
            return Ok(Err(error.clone()));
        }
        let nonce = self.request.nonce.as_deref();
        let found = Standing::of_coding(tx, &self.coding, scope.org_id, nonce)?;
        let seen = found.filter(|found| scope.sees(found.certificate.org_id, found.project_id));
        Ok(match seen {
            None => Err(unless(CertificateProblem::Unknown)),
            Some(found) if found.record_deleted => Err(unless(CertificateProblem::Deleted)),
            Some(found) => Ok(found),
        })
    }
}

impl Forms {
    /// Verifies a certificate. The attempt is logged whatever comes of it.
    pub async fn verify(&self, scope: &Scope, request: Request) -> Result<Success> {
        let attempted = self.verify_all(scope, vec![request]).await?.pop();
        let attempted = attempted.ok_or_else(|| crate::Error::Failed("nothing was done".into()))?;
        Ok(attempted?)
    }

    /// Verifies certificates in one transaction; of one that is there twice, the first comes first. A refusal of one does not touch the others.
    pub async fn verify_all(
        &self,
        scope: &Scope,
        requests: Vec<Request>,
    ) -> Result<Vec<Attempted>> {
        let count = requests.len();
        let prepared = requests
            .into_iter()
            .map(|request| Prepared::new(self, scope, request));
        let asked = Arc::new((scope.clone(), prepared.collect::<Vec<_>>()));
        let make = move |forms: &Self| (0..count).map(|_| Ids::new(forms)).collect::<Vec<_>>();
        let teller = self.teller(scope.org_id).await?;
        self.write(make, move |tx, ids| {
            let (scope, prepared) = &*asked;
            // Certificates are locked in one order, so that two batches cannot wait for each other.
            let mut each: Vec<_> = prepared.iter().zip(ids).enumerate().collect();
            each.sort_by(|(_, (one, _)), (_, (other, _))| one.coding.cmp(&other.coding));
            let mut attempted = Vec::with_capacity(each.len());
            for (place, (prepared, ids)) in each {
                attempted.push((place, attempt(tx, scope, prepared, *ids)?));
            }
            attempted.sort_by_key(|(place, _)| *place);
            let attempted: Vec<Attempted> = attempted.into_iter().map(|(_, done)| done).collect();
            // A success that was answered again happened earlier.
            let is_new = |done: &&Success| {
                let id = done.verification.verification_id;
                ids.iter().any(|ids| ids.verification_id == id)
            };
            teller.tell(tx, scope.now, || {
                let verified = attempted.iter().flatten().filter(is_new);
                verified.map(Happened::verification).collect()
            })?;
            Ok(attempted)
        })
        .await
    }

    /// Attempts to verify, newest first. `wanted` names no organization and no projects: these are the scope's.
    pub async fn attempts(&self, scope: &Scope, wanted: Attempts) -> Result<Vec<Attempt>> {
        let wanted = Attempts {
            org_id: scope.org_id,
            project_ids: scope.project_ids.clone(),
            api_key_id: scope.api_key_id,
            ..wanted
        };
        self.db().scan(move |tx| Ok(wanted.list(tx)?)).await
    }
}

/// What one attempt needs that no transaction may make.
#[derive(Clone, Copy)]
struct Ids {
    verification_id: i64,
    job: JobId,
}

impl Ids {
    fn new(forms: &Forms) -> Self {
        Self {
            verification_id: forms.new_id(),
            job: forms.new_job_id(),
        }
    }
}

/// One attempt: checked, carried out and logged.
fn attempt(tx: &mut Tx<'_>, scope: &Scope, prepared: &Prepared, ids: Ids) -> Result<Attempted> {
    let request = &prepared.request;
    let mut entry = Verification {
        verification_id: ids.verification_id,
        org_id: scope.org_id,
        certificate_id: None,
        presented: request.presented.chars().take(KEPT).collect(),
        outcome: Outcome::Refused,
        error_code: None,
        from_status: None,
        to_status: None,
        operator: Json(request.operator.clone()),
        api_key_id: scope.api_key_id,
        authorization_id: None,
        nonce: request.nonce.clone(),
        request_hash: prepared.hash.clone(),
        reverses: None,
        reason: None,
        at: scope.now,
    };
    let found = prepared.find(tx, scope)?;
    if let Ok(standing) = &found {
        entry.certificate_id = Some(standing.certificate.certificate_id);
        entry.from_status = Some(standing.certificate.status.clone());
        if request.action.is_some() && standing.answered.is_some() {
            let problem = VerificationProblem::NonceReused;
            let error = OpenapiV2Error::VerificationFailed { problem };
            return refuse_unless_done(tx, prepared, standing, entry, error);
        }
    }
    let authorization = match &prepared.authorization_hash {
        None => None,
        Some(hash) => {
            let by_code = Authorization::BY_CODE;
            let known = Authorization::first(tx, by_code, params![hash, scope.org_id])?;
            Some(match known {
                Some(known) if sees_form(tx, scope, known.tpl_id)? => Some(known),
                _ => None,
            })
        }
    };
    let authorization = authorization.as_ref().map(Option::as_ref);
    if let Some(Some(authorization)) = authorization {
        entry.authorization_id = Some(authorization.authorization_id);
        if entry.operator.0 == Person::default() {
            entry.operator = authorization.holder.clone();
        }
    }
    let to = decide(scope, request, found.as_ref(), authorization).map(str::to_owned);
    match (to, found) {
        (Ok(to), Ok(standing)) => carry_out(tx, scope, prepared, standing, to, entry, ids.job),
        (Err(error), Ok(standing)) => refuse_unless_done(tx, prepared, &standing, entry, error),
        (Err(error), Err(_)) | (Ok(_), Err(error)) => refuse(tx, entry, error),
    }
}

/// Whether whoever asks sees a form, though it be deleted.
fn sees_form(tx: &mut Tx<'_>, scope: &Scope, tpl_id: TplId) -> Result<bool> {
    if scope.project_ids.is_none() {
        return Ok(true);
    }
    let form = Template::first(tx, Template::ANY_BY_ID, params![tpl_id, scope.org_id])?;
    Ok(form.is_some_and(|form| scope.sees(form.org_id, form.project_id)))
}

/// What all checks allow, unless somebody else is ahead.
fn carry_out(
    tx: &mut Tx<'_>,
    scope: &Scope,
    prepared: &Prepared,
    mut standing: Standing,
    to: String,
    mut entry: Verification,
    job: JobId,
) -> Result<Attempted> {
    // Whoever sold it may take it back at this very moment.
    let voucher = voucher::hold(tx, &standing)?;
    if let Some(reason) = voucher.as_ref().and_then(|voucher| voucher.revoked) {
        let reason = voucher::revocation(reason.name());
        let problem = StatusProblem::Revoked { reason };
        let error = OpenapiV2Error::NotInThisStatus { problem };
        return refuse_unless_done(tx, prepared, &standing, entry, error);
    }
    if let Some(authorization_id) = entry.authorization_id
        && !Authorization::use_once(tx, authorization_id)?
    {
        let problem = AuthorizationProblem::UsedUp;
        let error = OpenapiV2Error::InvalidAuthorizationCode { problem };
        return refuse_unless_done(tx, prepared, &standing, entry, error);
    }
    let Some(at) = standing.certificate.set_status(tx, &to, scope.now)? else {
        if let Some(authorization_id) = entry.authorization_id {
            Authorization::give_back(tx, authorization_id)?;
        }
        let problem = VerificationProblem::Overtaken;
        let error = OpenapiV2Error::VerificationFailed { problem };
        return refuse_unless_done(tx, prepared, &standing, entry, error);
    };
    if let Some(voucher) = voucher.filter(|_| standing.config.is_final(&to)) {
        voucher::redeem(tx, &voucher, scope.now, job)?;
    }
    standing.certificate.status.clone_from(&to);
    standing.certificate.updated_at = at;
    entry.outcome = Outcome::Verified;
    entry.to_status = Some(to);
    entry.at = at;
    entry.append(tx)?;
    Ok(Ok(Success {
        verification: entry,
        standing,
    }))
}

/// Refuses, unless the nonce stands for a success of the same request, which is answered again. It may have been committed
/// a moment ago, and be the very reason of the refusal.
fn refuse_unless_done(
    tx: &mut Tx<'_>,
    prepared: &Prepared,
    standing: &Standing,
    entry: Verification,
    error: OpenapiV2Error,
) -> Result<Attempted> {
    let done = match &prepared.request.nonce {
        Some(nonce) => {
            let used = params![entry.org_id, nonce];
            Verification::first(tx, Verification::BY_NONCE, used)?
        }
        None => None,
    };
    match done.filter(|done| done.request_hash == prepared.hash) {
        Some(verification) => Ok(Ok(Success {
            verification,
            standing: standing.clone(),
        })),
        None => refuse(tx, entry, error),
    }
}

fn refuse(tx: &mut Tx<'_>, entry: Verification, error: OpenapiV2Error) -> Result<Attempted> {
    let entry = Verification {
        error_code: Some(error.error_code().map_or(0, i64::from)),
        ..entry
    };
    entry.append(tx)?;
    Ok(Err(error))
}

/// The status that the certificate is to get, or why it gets none: the first reason in the documented order.
/// `authorization`: the one that was presented, if any; within, whether there is such a one.
pub(crate) fn decide<'a>(
    scope: &Scope,
    request: &'a Request,
    found: Result<&'a Standing, &OpenapiV2Error>,
    authorization: Option<Option<&Authorization>>,
) -> Result<&'a str, OpenapiV2Error> {
    let invalid = |problem| OpenapiV2Error::InvalidAction { problem };
    let action = request.action.as_ref();
    let action = action.ok_or_else(|| invalid(ActionProblem::Unknown))?;
    let authorization = authorization
        .map(|known| usable(known, scope.now))
        .transpose()
        .map_err(|problem| OpenapiV2Error::InvalidAuthorizationCode { problem })?;
    let standing = found.map_err(Clone::clone)?;
    let (certificate, config) = (&standing.certificate, &standing.config);
    let is_elsewhere = authorization.is_some_and(|known| known.tpl_id != certificate.tpl_id);
    let problem = if is_elsewhere {
        Some(AuthorizationProblem::OtherForm)
    } else if authorization.is_none() && needs_code(config) {
        Some(AuthorizationProblem::Missing)
    } else {
        None
    };
    if let Some(problem) = problem {
        return Err(OpenapiV2Error::InvalidAuthorizationCode { problem });
    }
    let wanted = [
        ("tpl_id", request.tpl_id, certificate.tpl_id),
        ("code_id", request.code_id, certificate.code_id),
    ];
    let other = wanted
        .iter()
        .filter(|(_, wanted, is)| *wanted != 0 && wanted != is);
    let parameters: Vec<&'static str> = other.map(|(name, ..)| *name).collect();
    if !parameters.is_empty() {
        return Err(OpenapiV2Error::ScopeMismatch { parameters });
    }
    if !config.enabled || !config.verifiable || standing.form_deleted {
        return Err(OpenapiV2Error::VerificationNotEnabled);
    }
    if !config.methods.iter().any(|method| method == action.name()) {
        return Err(invalid(ActionProblem::SwitchedOff));
    }
    let (key, operator) = (scope.api_key_id, &request.operator);
    if !may_verify(config, key, operator, authorization.is_some()) {
        return Err(OpenapiV2Error::NoPermissionToVerify);
    }
    let holder = authorization.map(|known| &known.holder.0);
    if config.require_identity && !holder.is_some_and(|holder| lacks(holder).is_empty()) {
        let fields = lacks(operator);
        if !fields.is_empty() {
            return Err(OpenapiV2Error::IdentityRequired { fields });
        }
    }
    if !standing.audit_status.is_good() {
        let status = standing.audit_status.name().to_owned();
        return Err(OpenapiV2Error::RecordNotApproved { status });
    }
    step(certificate, config, action)
}

/// The status that an action leads to.
fn step<'a>(
    certificate: &'a Certificate,
    config: &'a CertificateConfig,
    action: &'a Action,
) -> Result<&'a str, OpenapiV2Error> {
    let status = certificate.status.clone();
    let current = config.status(&status);
    let unfit = |problem| Err(OpenapiV2Error::NotInThisStatus { problem });
    if let Some(reason) = &certificate.revoked {
        let reason = voucher::revocation(reason);
        return unfit(StatusProblem::Revoked { reason });
    }
    if config.is_final(&status) {
        return unfit(StatusProblem::Final { status });
    }
    let next = current.map_or(&[][..], |current| &current.next);
    let problem = match action {
        Action::Set { from, .. } if *from != status => {
            let expected = from.clone();
            let current = status;
            return unfit(StatusProblem::Unexpected { current, expected });
        }
        Action::Set { to, .. } if config.status(to).is_none() => {
            let status = to.clone();
            TargetProblem::Unknown { status }
        }
        Action::Set { to, .. } if *to == status => TargetProblem::Same { status },
        Action::Set { to, .. } if next.contains(to) => return Ok(to),
        Action::Set { to, .. } => {
            let to = to.clone();
            TargetProblem::Unreachable { from: status, to }
        }
        Action::Next => match next.first().filter(|to| config.status(to).is_some()) {
            Some(to) => return Ok(to),
            None => TargetProblem::NoNext { status },
        },
    };
    Err(OpenapiV2Error::InvalidTargetStatus { problem })
}

/// An authorization code that counts.
fn usable(
    known: Option<&Authorization>,
    now: Timestamp,
) -> Result<&Authorization, AuthorizationProblem> {
    let known = known.ok_or(AuthorizationProblem::Unknown)?;
    known.problem(now).map_or(Ok(known), Err)
}

/// Whether nobody may verify without an authorization code.
const fn needs_code(config: &CertificateConfig) -> bool {
    let verifiers = &config.verifiers;
    verifiers.allow_authorization_code
        && verifiers.members.is_empty()
        && verifiers.api_keys.is_empty()
}

fn may_verify(
    config: &CertificateConfig,
    api_key_id: Option<i64>,
    operator: &Person,
    has_code: bool,
) -> bool {
    let verifiers = &config.verifiers;
    let nobody_listed = verifiers.members.is_empty() && verifiers.api_keys.is_empty();
    let is_open = nobody_listed && !verifiers.allow_authorization_code;
    let by_key = api_key_id.is_some_and(|key| is_open || verifiers.api_keys.contains(&key));
    let mut members = verifiers.members.iter();
    let by_phone = operator.phone.is_some() && members.any(|member| member.phone == operator.phone);
    by_key || by_phone || (has_code && verifiers.allow_authorization_code)
}

/// What is not known of a person who must be known.
fn lacks(person: &Person) -> Vec<&'static str> {
    let known = [
        ("operator.name", &person.name),
        ("operator.phone", &person.phone),
    ];
    let unknown = known.iter().filter(|(_, value)| value.is_none());
    unknown.map(|(field, _)| *field).collect()
}
