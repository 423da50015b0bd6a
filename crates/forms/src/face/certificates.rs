//! Methods of `certificates`.

use super::params::{LARGEST_ID, Params};
use super::{Caller, Data, Method, check_version, data, reads, times, writes};
use crate::address::Address;
use crate::authorize::NewAuthorization;
use crate::model::Person;
use crate::model::certificate::{SET, SET_NEXT, Status};
use crate::repo::{Attempt, Attempts, Authorization, Outcome, Verification};
use crate::verify::{Action, Attempted, Request, Success};
use crate::{Error, Forms, Result};
use catalogue::OpenapiV2Error;
use catalogue::openapi_v2::{AuthorizationProblem, ErrorResponse, MissingRight, Problem};
use kernel::{Locale, Timestamp};
use serde::Serialize;

pub(super) const METHODS: &[Method] = &[
    writes!("record/verifyCertificate", verify_certificate),
    writes!("record/verifyCertificates", verify_certificates),
    reads!("record/getCertificate", get_certificate),
    reads!("record/getVerifications", get_verifications),
    writes!("record/reverseVerification", reverse_verification),
    writes!("record/createAuthorizationCode", create_authorization_code),
    reads!("record/getAuthorizationCodes", get_authorization_codes),
    writes!("record/revokeAuthorizationCode", revoke_authorization_code),
];

/// Longest address that is taken for a code: the text of a QR code carries a signature.
pub(super) const LONGEST_CODE: i64 = 2048;
/// Longest name of a status.
pub(super) const LONGEST_STATUS: i64 = 200;
const LONGEST_NONCE: i64 = 64;
const MOST_ITEMS: usize = 100;
const MOST_USES: i64 = 1_000_000_000;

/// What a verification answers.
#[derive(Serialize)]
struct VerifiedBody {
    verification_id: i64,
    owner_record_number: String,
    record_id: i64,
    org_id: i64,
    tpl_id: i64,
    code_id: i64,
    record_add_time: String,
    from_certificate_status: Option<String>,
    certificate_status: Option<String>,
    verified_at: i64,
    verified_at_iso: String,
    is_final: bool,
}

impl From<Success> for VerifiedBody {
    fn from(success: Success) -> Self {
        let Success {
            verification,
            standing,
        } = success;
        let (verified_at, verified_at_iso) = times::both(verification.at);
        let status = verification.to_status.as_deref();
        let status = status.and_then(|status| standing.config.status(status));
        Self {
            verification_id: verification.verification_id,
            owner_record_number: standing.record_number,
            record_id: standing.certificate.record_id,
            org_id: standing.certificate.org_id,
            tpl_id: standing.certificate.tpl_id,
            code_id: standing.certificate.code_id,
            record_add_time: times::iso(standing.submit_at),
            from_certificate_status: verification.from_status,
            is_final: status.is_some_and(|status| status.is_final),
            certificate_status: verification.to_status,
            verified_at,
            verified_at_iso,
        }
    }
}

/// Reads the parameters of one verification.
fn verification_request(params: &mut Params) -> Request {
    let presented = params.required_text("certificate_code", LONGEST_CODE);
    let action = params.required_text("action_type", 64);
    let mut status = |name| {
        if action == SET {
            params.required_text(name, LONGEST_STATUS)
        } else {
            params.text(name, LONGEST_STATUS).unwrap_or_default()
        }
    };
    let (to, from) = (
        status("to_certificate_status"),
        status("from_certificate_status"),
    );
    let action = match &*action {
        SET => Some(Action::Set { from, to }),
        SET_NEXT => Some(Action::Next),
        _ => None,
    };
    let authorization_code = params.text("authorization_code", 64);
    Request {
        presented,
        action,
        tpl_id: params.integer("tpl_id", 0, LARGEST_ID).unwrap_or(0),
        code_id: params.integer("code_id", 0, LARGEST_ID).unwrap_or(0),
        authorization_code: authorization_code.filter(|code| !code.is_empty()),
        operator: person(params, "operator"),
        nonce: nonce(params),
    }
}

fn nonce(params: &mut Params) -> Option<String> {
    let nonce = params.text("nonce", LONGEST_NONCE)?;
    if nonce.is_empty() {
        let (min, max) = (1, LONGEST_NONCE);
        params.issue("nonce", Problem::Length { min, max });
    } else if !nonce.bytes().all(|byte| byte.is_ascii_graphic()) {
        params.issue("nonce", Problem::Malformed);
    }
    Some(nonce)
}

/// A person: what is blank is not known.
fn person(params: &mut Params, name: &str) -> Person {
    let Some(mut params_of) = params.object(name) else {
        return Person::default();
    };
    let mut text = |name, max| {
        let text = params_of.text(name, max);
        text.filter(|text| !text.is_empty())
    };
    let person = Person {
        id: text("id", 64),
        name: text("name", 64),
        phone: text("phone", 32),
    };
    params.absorb(params_of);
    person
}

async fn verify_certificate(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let version = check_version(&params);
    let request = verification_request(&mut params);
    params.finish()?;
    version?;
    let request = Request {
        nonce: request.nonce.or(caller.once),
        ..request
    };
    let success = forms.verify(&caller.scope, request).await?;
    data(&VerifiedBody::from(success))
}

/// What came of one item.
#[derive(Serialize)]
#[serde(untagged)]
enum ItemBody {
    Done {
        code: u16,
        message: &'static str,
        data: VerifiedBody,
    },
    Refused(ErrorResponse),
}

impl ItemBody {
    fn new(attempted: Attempted, locale: Locale) -> Self {
        match attempted {
            Ok(success) => Self::Done {
                code: 0,
                message: "ok",
                data: success.into(),
            },
            Err(error) => Self::Refused(error.respond(locale).1),
        }
    }
}

#[derive(Serialize)]
struct ItemsBody {
    results: Vec<ItemBody>,
}

async fn verify_certificates(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let version = check_version(&params);
    let items = params.objects("items", MOST_ITEMS);
    if items.is_none() && !params.has("items") {
        params.issue("items", Problem::Required);
    }
    params.finish()?;
    version?;
    // What is wrong with the parameters of one item does not keep the others from being verified.
    let mut read = Vec::new();
    let mut requests = Vec::new();
    for mut item in items.into_iter().flatten() {
        let request = verification_request(&mut item);
        match item.finish() {
            Ok(()) => {
                requests.push(request);
                read.push(Ok(()));
            }
            Err(Error::Refused(error)) => read.push(Err(error)),
            Err(failed) => return Err(failed),
        }
    }
    let attempted = forms.verify_all(&caller.scope, requests).await?;
    let mut attempted = attempted.into_iter();
    let results = read.into_iter().filter_map(|read| match read {
        Ok(()) => attempted.next(),
        Err(error) => Some(Err(error)),
    });
    let results = results
        .map(|attempted| ItemBody::new(attempted, caller.locale))
        .collect();
    data(&ItemsBody { results })
}

/// An attempt to verify.
#[derive(Serialize)]
struct AttemptBody {
    verification_id: i64,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<i64>,
    presented: String,
    from_certificate_status: Option<String>,
    certificate_status: Option<String>,
    operator: Person,
    api_key_id: Option<i64>,
    authorization_id: Option<i64>,
    nonce: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reverses: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    attempted_at: i64,
    attempted_at_iso: String,
}

impl From<Verification> for AttemptBody {
    fn from(attempt: Verification) -> Self {
        let (attempted_at, attempted_at_iso) = times::both(attempt.at);
        Self {
            verification_id: attempt.verification_id,
            outcome: attempt.outcome,
            error_code: attempt.error_code,
            presented: attempt.presented,
            from_certificate_status: attempt.from_status,
            certificate_status: attempt.to_status,
            operator: attempt.operator.0,
            api_key_id: attempt.api_key_id,
            authorization_id: attempt.authorization_id,
            nonce: attempt.nonce,
            reverses: attempt.reverses,
            reason: attempt.reason,
            attempted_at,
            attempted_at_iso,
        }
    }
}

#[derive(Serialize)]
struct CertificateBody {
    certificate_code: String,
    certificate_url: String,
    /// The text of the QR code: the address, signed.
    qr_text: String,
    title: String,
    body: String,
    certificate_status: String,
    is_final: bool,
    statuses: Vec<Status>,
    verifiable: bool,
    reason_error_code: Option<u32>,
    revoked: Option<String>,
    issued_at: i64,
    issued_at_iso: String,
    record: RecordBody,
    history: Vec<AttemptBody>,
}

#[derive(Serialize)]
struct RecordBody {
    record_id: i64,
    record_number: String,
    record_code: String,
    record_url: String,
    submit_at: i64,
    submit_at_iso: String,
    audit_status: &'static str,
    tpl_id: i64,
    form_name: String,
    code_id: i64,
}

async fn get_certificate(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let version = check_version(&params);
    let presented = params.text("certificate_code", LONGEST_CODE);
    let record_id = params.id("record_id");
    if !params.has("certificate_code") && !params.has("record_id") {
        let either = vec!["certificate_code", "record_id"];
        params.issue("certificate_code", Problem::NeedsOneOf(either));
    }
    params.finish()?;
    version?;
    let scope = &caller.scope;
    let shown = forms.certificate(scope, presented, record_id).await?;
    let standing = shown.standing;
    let certificate = standing.certificate;
    let (issued_at, issued_at_iso) = times::both(certificate.issued_at);
    let (submit_at, submit_at_iso) = times::both(standing.submit_at);
    let config = standing.config;
    let status = config.status(&certificate.status);
    data(&CertificateBody {
        certificate_code: certificate.coding,
        certificate_url: shown.url,
        qr_text: shown.qr_text,
        is_final: status.is_some_and(|status| status.is_final),
        certificate_status: certificate.status,
        title: config.title,
        body: config.body,
        statuses: config.statuses,
        verifiable: shown.verifiable,
        reason_error_code: shown.reason.and_then(|reason| reason.error_code()),
        revoked: certificate.revoked,
        issued_at,
        issued_at_iso,
        record: RecordBody {
            record_id: certificate.record_id,
            record_url: forms.public_url(&scope.org_code, &standing.record_coding),
            record_number: standing.record_number,
            record_code: standing.record_coding,
            submit_at,
            submit_at_iso,
            audit_status: standing.audit_status.name(),
            tpl_id: certificate.tpl_id,
            form_name: standing.form_name,
            code_id: certificate.code_id,
        },
        history: shown.history.into_iter().map(Into::into).collect(),
    })
}

#[derive(Serialize)]
struct ListedAttempt {
    #[serde(flatten)]
    attempt: AttemptBody,
    certificate_code: Option<String>,
    record_id: Option<i64>,
}

impl From<Attempt> for ListedAttempt {
    fn from(attempt: Attempt) -> Self {
        Self {
            attempt: attempt.verification.into(),
            certificate_code: attempt.coding,
            record_id: attempt.record_id,
        }
    }
}

#[derive(Serialize)]
struct AttemptsBody {
    list: Vec<ListedAttempt>,
    has_more: bool,
    next_page_token: Option<String>,
}

async fn get_verifications(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let version = check_version(&params);
    let presented = params.text("certificate_code", LONGEST_CODE);
    let record_id = params.id("record_id");
    let outcome = params.one_of("outcome", Outcome::NAMES);
    let page_size = params.integer("page_size", 1, 50).unwrap_or(10);
    let token = params
        .text("page_token", 32)
        .filter(|token| !token.is_empty());
    let before = token.map(|token| token.parse::<i64>().ok().filter(|id| *id > 0));
    if before == Some(None) {
        params.issue("page_token", Problem::Malformed);
    }
    params.finish()?;
    version?;
    // What is no code is no certificate's: nothing is found.
    let coding = presented
        .map(|presented| match Address::parse(&presented) {
            Some(address) => {
                address.check_organization(&caller.scope.org_code)?;
                Ok(address.coding)
            }
            None => Ok(presented),
        })
        .transpose()
        .map_err(Error::Refused)?;
    let wanted = Attempts {
        coding,
        record_id,
        outcome: outcome.and_then(Outcome::of),
        before: before.flatten(),
        limit: page_size + 1,
        ..Attempts::default()
    };
    let mut attempts = forms.attempts(&caller.scope, wanted).await?;
    let size = usize::try_from(page_size).unwrap_or(usize::MAX);
    let has_more = attempts.len() > size;
    attempts.truncate(size);
    let last = attempts.last().filter(|_| has_more);
    data(&AttemptsBody {
        next_page_token: last.map(|last| last.verification.verification_id.to_string()),
        has_more,
        list: attempts.into_iter().map(Into::into).collect(),
    })
}

#[derive(Serialize)]
struct ReversedBody {
    verification_id: i64,
    reverses: Option<i64>,
    record_id: i64,
    from_certificate_status: Option<String>,
    certificate_status: Option<String>,
    reversed_at: i64,
    reversed_at_iso: String,
}

async fn reverse_verification(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    if !caller.may_reverse {
        return Err(OpenapiV2Error::Forbidden {
            right: MissingRight::Reverse,
        }
        .into());
    }
    let version = check_version(&params);
    let verification_id = params.required_id("verification_id");
    let reason = params.text("reason", 500).filter(|text| !text.is_empty());
    params.finish()?;
    version?;
    let scope = &caller.scope;
    let reversed = forms.reverse(scope, verification_id, reason).await?;
    let entry = reversed.verification;
    let (reversed_at, reversed_at_iso) = times::both(entry.at);
    data(&ReversedBody {
        verification_id: entry.verification_id,
        reverses: entry.reverses,
        record_id: reversed.standing.certificate.record_id,
        from_certificate_status: entry.from_status,
        certificate_status: entry.to_status,
        reversed_at,
        reversed_at_iso,
    })
}

#[derive(Serialize)]
struct AuthorizationBody {
    authorization_id: i64,
    tpl_id: i64,
    /// The last letters of the code.
    hint: String,
    holder: Person,
    /// `active`, `revoked`, `expired` or `used_up`.
    status: &'static str,
    expire_at: Option<i64>,
    expire_at_iso: Option<String>,
    max_uses: Option<i64>,
    uses: i64,
    created_at: i64,
    created_at_iso: String,
}

impl AuthorizationBody {
    fn new(authorization: Authorization, now: Timestamp) -> Self {
        let (created_at, created_at_iso) = times::both(authorization.created_at);
        let (expire_at, expire_at_iso) = end(&authorization);
        Self {
            status: match authorization.problem(now) {
                None => "active",
                Some(AuthorizationProblem::Revoked) => "revoked",
                Some(AuthorizationProblem::Expired) => "expired",
                Some(_) => "used_up",
            },
            authorization_id: authorization.authorization_id,
            tpl_id: authorization.tpl_id,
            hint: authorization.hint,
            holder: authorization.holder.0,
            expire_at,
            expire_at_iso,
            max_uses: authorization.max_uses,
            uses: authorization.uses,
            created_at,
            created_at_iso,
        }
    }
}

fn end(authorization: &Authorization) -> (Option<i64>, Option<String>) {
    authorization.expire_at.map(times::both).unzip()
}

#[derive(Serialize)]
struct NewAuthorizationBody {
    authorization_id: i64,
    authorization_code: String,
    expire_at: Option<i64>,
    expire_at_iso: Option<String>,
    max_uses: Option<i64>,
}

async fn create_authorization_code(
    forms: Forms,
    caller: Caller,
    mut params: Params,
) -> Result<Data> {
    let version = check_version(&params);
    let new = NewAuthorization {
        tpl_id: params.required_id("tpl_id"),
        expire_at: params.time("expire_at"),
        max_uses: params.integer("max_uses", 1, MOST_USES),
        holder: person(&mut params, "holder"),
    };
    if new.expire_at.is_some_and(|end| end <= caller.scope.now) {
        params.issue("expire_at", Problem::NotAfter { field: "now" });
    }
    params.finish()?;
    version?;
    let (authorization, code) = forms.authorize(&caller.scope, new).await?;
    let (expire_at, expire_at_iso) = end(&authorization);
    data(&NewAuthorizationBody {
        authorization_id: authorization.authorization_id,
        authorization_code: code.expose().clone(),
        expire_at,
        expire_at_iso,
        max_uses: authorization.max_uses,
    })
}

#[derive(Serialize)]
struct AuthorizationsBody {
    list: Vec<AuthorizationBody>,
}

async fn get_authorization_codes(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let version = check_version(&params);
    let tpl_id = params.required_id("tpl_id");
    params.finish()?;
    version?;
    let (scope, now) = (&caller.scope, caller.scope.now);
    let list = forms.authorizations(scope, tpl_id).await?;
    let list = list.into_iter();
    let list = list.map(|each| AuthorizationBody::new(each, now)).collect();
    data(&AuthorizationsBody { list })
}

async fn revoke_authorization_code(
    forms: Forms,
    caller: Caller,
    mut params: Params,
) -> Result<Data> {
    let version = check_version(&params);
    let authorization_id = params.required_id("authorization_id");
    params.finish()?;
    version?;
    let scope = &caller.scope;
    let revoked = forms.revoke_authorization(scope, authorization_id).await?;
    data(&AuthorizationBody::new(revoked, scope.now))
}
