//! What a method can be refused with: sample errors, answered by the code that answers the real ones.

use super::operations::Operation;
use crate::gateway::{LARGEST_BODY, OpenapiV2Face};
use catalogue::OpenapiV2Error as E;
use catalogue::openapi_v2::{
    ActionProblem, AuthorizationProblem, CertificateProblem, CodeProblem, FieldIssue, FieldProblem,
    Issue, JsonType, KeyProblem, KeyState, MissingRight, Period, Problem, Resource, SheetProblem,
    StatusProblem, TargetProblem, TimeProblem, UpstreamFault, ValueForm, VerificationProblem,
};
use httpkit::{Face as _, Transport};
use kernel::Locale;
use serde_json::Value;
use std::borrow::Cow;

/// One refusal as it is sent.
pub struct Sample {
    /// HTTP status.
    pub status: u16,
    /// An `ErrorResponse`.
    pub body: Value,
}

impl Sample {
    /// The code: `error_code`, or `code` where there is none.
    pub fn code(&self) -> String {
        let code = self.body.get("error_code").unwrap_or(&self.body["code"]);
        code.to_string()
    }
}

impl From<E> for Sample {
    fn from(error: E) -> Self {
        let (status, body) = error.respond(Locale::En);
        // An `ErrorResponse` has string keys only: it always serializes.
        let body = serde_json::to_value(body).unwrap_or_default();
        Self { status, body }
    }
}

impl From<Transport> for Sample {
    fn from(transport: Transport) -> Self {
        let reply = OpenapiV2Face.transport(transport).render(Locale::En, "");
        Self {
            status: reply.status.as_u16(),
            body: serde_json::from_slice(&reply.body).unwrap_or_default(),
        }
    }
}

/// Everything that a method can be refused with.
pub fn of(operation: &Operation) -> Vec<Sample> {
    let mut samples = key(operation.writes);
    samples.push(parameter("body", Problem::NotJson).into());
    samples.push(
        Transport::BodyTooLarge {
            limit: LARGEST_BODY,
        }
        .into(),
    );
    samples.push(Transport::BodyIncomplete.into());
    samples.extend(
        of_parameters(&operation.request)
            .into_iter()
            .map(Sample::from),
    );
    if operation.writes {
        let problems = [Problem::Malformed, Problem::KeyReused, Problem::KeyInUse];
        let problems = problems.map(|problem| parameter("Idempotency-Key", problem));
        samples.extend(problems.map(Sample::from));
    }
    samples.extend(operation.refusals.iter().cloned().map(Sample::from));
    samples.extend(upstream());
    samples
}

/// What the key, and how often it is used, can be refused for.
pub fn key(writes: bool) -> Vec<Sample> {
    let unauthorized = |problem| E::Unauthorized { problem };
    let disabled = |state| E::ApiKeyDisabled { state };
    let mut samples = vec![
        unauthorized(KeyProblem::Missing).into(),
        unauthorized(KeyProblem::Unknown).into(),
        disabled(KeyState::Disabled).into(),
        disabled(KeyState::Revoked).into(),
        E::TooManyRequests.into(),
    ];
    if writes {
        samples.push(
            E::Forbidden {
                right: MissingRight::Write,
            }
            .into(),
        );
    }
    samples
}

/// What the module behind the gateway can be at fault for.
pub fn upstream() -> Vec<Sample> {
    let faults = [
        UpstreamFault::Unreachable,
        UpstreamFault::TimedOut,
        UpstreamFault::Unreadable,
        UpstreamFault::Resting,
    ];
    let incident = "01999d1c-2f60-7c3a-9b52-6e0d4a8f1c77".into();
    let system_error = E::SystemError { incident };
    let faults = faults.map(|fault| E::BadGateway { fault });
    let missing = not_found(Resource::Upstream);
    let all = faults.into_iter().chain([system_error, missing]);
    all.map(Sample::from).collect()
}

/// What can be wrong with the parameters: those that are missing, the first one of a wrong form, and the two that have
/// codes of their own.
pub fn of_parameters(schema: &Value) -> Vec<E> {
    let required = schema["required"].as_array().into_iter().flatten();
    let missing: Vec<Issue> = required
        .filter_map(|name| Some(Issue::at(name.as_str()?.to_owned(), Problem::Required)))
        .collect();
    let mut errors = Vec::new();
    if !missing.is_empty() {
        errors.push(E::InvalidRequestParameters { issues: missing });
    }
    let properties = schema["properties"].as_object();
    let property = |name: &str| properties?.get(name);
    let mut others = properties.into_iter().flatten();
    let wrong = others.find(|(name, schema)| *name != "version" && !is_written_in(schema));
    errors.extend(wrong.map(|(name, schema)| parameter(name.clone(), problem_of(schema))));
    if property("version").is_some() {
        let version = "v3".into();
        errors.push(E::UnsupportedVersion { version });
    }
    let format = property("format").filter(|format| is_written_in(format));
    if let Some(formats) = format.and_then(|format| format["enum"].as_array()) {
        let known = ["json", "json-ld", "markdown"].into_iter();
        let allowed = known.filter(|name| formats.iter().any(|format| format == name));
        let allowed = allowed.collect();
        errors.push(E::UnsupportedOutputFormat { allowed });
    }
    errors
}

/// Whether it is the `format` that a resource is written in, which has a code of its own.
fn is_written_in(schema: &Value) -> bool {
    schema["default"] == "json"
}

fn problem_of(schema: &Value) -> Problem {
    let bound = |name: &str| schema[name].as_i64();
    let expected = match schema["type"].as_str() {
        Some("integer") => match (bound("minimum"), bound("maximum")) {
            (Some(min), Some(max)) => return Problem::OutOfRange { min, max },
            _ => JsonType::Integer,
        },
        Some("boolean") => JsonType::Boolean,
        Some("array") => JsonType::List,
        Some("string") => match bound("maxLength") {
            Some(max) => {
                let min = bound("minLength").unwrap_or(0);
                return Problem::Length { min, max };
            }
            None => JsonType::Text,
        },
        Some(_) => JsonType::Object,
        None => return Problem::InvalidTime,
    };
    Problem::InvalidType { expected }
}

/// A parameter is wrong.
pub fn parameter(path: impl Into<Cow<'static, str>>, problem: Problem) -> E {
    let issues = vec![Issue::at(path, problem)];
    E::InvalidRequestParameters { issues }
}

/// One of some parameters must be there.
pub fn needs_one_of(names: &[&'static str]) -> E {
    let first = names.first().copied().unwrap_or_default();
    parameter(first, Problem::NeedsOneOf(names.to_vec()))
}

/// Two parameters do not go together.
pub fn contradicts(path: &'static str, other: &'static str) -> E {
    let other = other.into();
    parameter(path, Problem::Contradicts { other })
}

/// A parameter names something that does not exist.
pub fn unknown(path: &'static str) -> E {
    parameter(path, Problem::Unknown)
}

/// Records need what a parameter would take away.
pub fn in_use(path: &'static str, name: &str) -> E {
    let names = name.into();
    parameter(path, Problem::InUse { names })
}

/// Records hold the same value in a field that would be unique.
pub fn held_twice(path: &'static str) -> E {
    let records = "L1, L2".into();
    parameter(path, Problem::HeldTwice { records })
}

/// The state of what is named does not allow it.
pub fn wrong_state(path: &'static str, state: &'static str) -> E {
    let state = state.into();
    parameter(path, Problem::WrongState { state })
}

/// There are as many as there may be.
pub fn too_many(path: &'static str, max: i64) -> E {
    parameter(path, Problem::TooMany { max })
}

/// What is named does not exist, or is not seen.
pub const fn not_found(what: Resource) -> E {
    E::NotFound { what }
}

/// There is no such record.
pub const fn no_record() -> E {
    E::RecordNotFound
}

/// There is no such form.
pub const fn no_form() -> E {
    E::FormNotFound
}

/// The address is another organization's.
pub const fn other_organization() -> E {
    E::OrganizationMismatch
}

/// The category stands for no codes, or for too many.
pub fn category() -> [E; 2] {
    [E::NoCodesInCategory, E::TooManyCodes { limit: 1000 }]
}

/// What was filled in is refused.
pub fn filled_in() -> [E; 4] {
    let issue = |field: &str, problem| {
        let field = field.into();
        vec![FieldIssue { field, problem }]
    };
    let expected = ValueForm::Mobile;
    [
        E::RequiredFieldEmpty {
            issues: issue("姓名", FieldProblem::Empty),
        },
        E::FieldValidationFailed {
            issues: issue("手机", FieldProblem::Format { expected }),
        },
        E::ResourceExpired {
            issues: issue("照片", FieldProblem::UploadExpired),
        },
        E::DuplicateSubmission {
            issues: issue("手机", FieldProblem::Duplicate),
        },
    ]
}

/// An upload was not submitted in time.
pub fn upload_expired() -> E {
    let problem = FieldProblem::UploadExpired;
    let field = "upload_id".into();
    E::ResourceExpired {
        issues: vec![FieldIssue { field, problem }],
    }
}

/// The code, or the time, takes no submissions.
pub fn place() -> [E; 3] {
    [
        E::FormNotAssigned,
        E::NotInThisCodeState {
            problem: CodeProblem::Disabled,
        },
        E::NotAtThisTime {
            problem: TimeProblem::Over {
                until: "2026-06-01T18:00:00+08:00".into(),
            },
        },
    ]
}

/// It was submitted as often as it may be.
pub const fn limits() -> [E; 2] {
    [
        E::FormLimitReached {
            limit: 100,
            period: Period::Total,
        },
        E::UserLimitReached {
            limit: 1,
            period: Period::Day,
        },
    ]
}

/// The file is no table that can be worked with.
pub fn sheet(path: &'static str, problem: SheetProblem) -> E {
    parameter(path, Problem::Sheet { problem })
}

/// There is as much to do as may be.
pub const fn too_many_requests() -> E {
    E::TooManyRequests
}

/// The form has no certificates, or none that can be verified.
pub const fn not_enabled() -> E {
    E::VerificationNotEnabled
}

/// The code is no certificate's.
pub const fn no_certificate() -> E {
    E::InvalidCertificateCode {
        problem: CertificateProblem::Forged,
    }
}

/// A verification, or its reversal, came to nothing.
pub const fn not_verified(problem: VerificationProblem) -> E {
    E::VerificationFailed { problem }
}

/// A verification is refused.
pub fn verification() -> Vec<E> {
    let used = "已核销".to_owned();
    vec![
        E::InvalidAction {
            problem: ActionProblem::Unknown,
        },
        E::InvalidAuthorizationCode {
            problem: AuthorizationProblem::Expired,
        },
        no_certificate(),
        other_organization(),
        E::ScopeMismatch {
            parameters: vec!["tpl_id"],
        },
        not_enabled(),
        E::NoPermissionToVerify,
        E::IdentityRequired {
            fields: vec!["operator.name", "operator.phone"],
        },
        E::RecordNotApproved {
            status: "pending".into(),
        },
        E::NotInThisStatus {
            problem: StatusProblem::Final { status: used },
        },
        E::InvalidTargetStatus {
            problem: TargetProblem::Unknown {
                status: "已退款".into(),
            },
        },
        not_verified(VerificationProblem::Overtaken),
    ]
}
