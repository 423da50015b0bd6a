//! Certificates: issued with their records, and shown.

use crate::address::Address;
use crate::model::certificate::SET_NEXT;
use crate::model::{AuditStatus, RecordId, Right};
use crate::offline::Claims;
use crate::repo::{Certificate, Record, Standing, Template, Verification};
use crate::verify::{Action, Request, decide};
use crate::{Error, Forms, Result, Scope, visible};
use axum::Router;
use axum::response::IntoResponse as _;
use axum::routing::get;
use catalogue::OpenapiV2Error;
use catalogue::openapi_v2::{CertificateProblem, Problem};
use http::header;
use httpkit::Reply;
use kernel::Timestamp;
use serde_json::json;
use store::{Tx, params};
use vouchers::Voucher;

/// Most characters of a title in a signed text: a QR code should not become too fine to be scanned.
const LONGEST_TITLE: usize = 40;

/// What a certificate needs that no transaction may make.
#[derive(Clone, Debug)]
pub(crate) struct NewCertificate {
    certificate_id: i64,
    coding: String,
}

impl NewCertificate {
    /// Whether it became this one, which otherwise was there before.
    pub(crate) const fn became(&self, certificate: &Certificate) -> bool {
        self.certificate_id == certificate.certificate_id
    }
}

impl Forms {
    /// Id and code of a certificate that may be issued.
    pub(crate) fn new_certificate(&self) -> NewCertificate {
        NewCertificate {
            certificate_id: self.new_id(),
            coding: self.secrets().certificate_coding(self.rng()),
        }
    }
}

/// A certificate as it is shown.
#[derive(Clone, Debug)]
pub struct Shown {
    /// It, with its record.
    pub standing: Standing,
    /// Its public address.
    pub url: String,
    /// The text of its QR code: the address with what can be checked offline.
    pub qr_text: String,
    /// Whether whoever asks could verify it now.
    pub verifiable: bool,
    /// The documented reason why not.
    pub reason: Option<OpenapiV2Error>,
    /// The attempts to verify it, newest first, at most 100.
    pub history: Vec<Verification>,
}

impl Forms {
    /// Shows a certificate, by its code (or an address with it), by its record, or by both, which must agree.
    /// 100320 and 100316 as for a verification; 100303 when the scope sees no such record.
    pub async fn certificate(
        &self,
        scope: &Scope,
        presented: Option<String>,
        record_id: Option<RecordId>,
    ) -> Result<Shown> {
        let coding = presented
            .map(|presented| {
                let address = Address::parse(&presented);
                self.check_presented(scope, address.as_ref())?;
                Ok::<_, Error>(address.map_or_else(String::new, |address| address.coding))
            })
            .transpose()?;
        let asking = scope.clone();
        let (standing, history) = self
            .read(move |tx| {
                let standing = find(tx, &asking, coding.as_deref(), record_id)?;
                let of = params![standing.certificate.certificate_id];
                let history = Verification::all(tx, Verification::OF_CERTIFICATE, of)?;
                Ok((standing, history))
            })
            .await?;
        let reason = decide(scope, &next_step(&standing), Ok(&standing), None).err();
        let Certificate { coding, .. } = &standing.certificate;
        let url = self.public_url(&scope.org_code, coding);
        let qr_text = self.secrets().sign(&url, &claims(scope, &standing));
        Ok(Shown {
            verifiable: reason.is_none() && self.may_write(scope).await?,
            standing,
            url,
            qr_text,
            reason,
            history,
        })
    }

    /// Whether the code was made here and its address, if there is one, is the organization's.
    pub(crate) fn check_presented(
        &self,
        scope: &Scope,
        address: Option<&Address>,
    ) -> Result<(), OpenapiV2Error> {
        let invalid = |problem| OpenapiV2Error::InvalidCertificateCode { problem };
        let address = address.ok_or_else(|| invalid(CertificateProblem::NoCertificate))?;
        let checked = self.secrets().check_certificate(&address.coding);
        checked.map_err(invalid)?;
        address.check_organization(&scope.org_code)
    }

    async fn may_write(&self, scope: &Scope) -> Result<bool> {
        let Some(api_key_id) = scope.api_key_id else {
            return Ok(true);
        };
        let holder = self.key_by_id(api_key_id).await?;
        Ok(holder.is_some_and(|holder| holder.key.rights.0.contains(&Right::Write)))
    }
}

/// The keys that signed texts of certificates are checked with: `GET /.well-known/tallystick-certificates.json`.
pub fn well_known(forms: &Forms) -> Router {
    let key = json!({ "alg": "Ed25519", "public_key": forms.secrets().public_key() });
    let reply = Reply::ok(&json!({ "keys": [key] }));
    let answer = async move || {
        let headers = [
            (header::CACHE_CONTROL, "public, max-age=3600"),
            (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        ];
        (headers, reply.clone()).into_response()
    };
    Router::new().route("/.well-known/tallystick-certificates.json", get(answer))
}

fn find(
    tx: &mut Tx<'_>,
    scope: &Scope,
    coding: Option<&str>,
    record_id: Option<RecordId>,
) -> Result<Standing> {
    let invalid = |problem| Error::from(OpenapiV2Error::InvalidCertificateCode { problem });
    let found = match (coding, record_id) {
        (Some(coding), _) => Standing::of_coding(tx, coding, scope.org_id, None)?,
        (None, Some(record_id)) => Standing::of_record(tx, record_id, scope.org_id)?,
        (None, None) => None,
    };
    let seen = found.filter(|found| scope.sees(found.certificate.org_id, found.project_id));
    let Some(standing) = seen else {
        let problem = match (coding, record_id) {
            (None, Some(record_id)) => match visible::record(tx, scope, record_id)?.audit_status {
                AuditStatus::Pending => CertificateProblem::NotApproved,
                AuditStatus::Rejected => CertificateProblem::Rejected,
                AuditStatus::None | AuditStatus::Approved => CertificateProblem::NotIssued,
            },
            _ => CertificateProblem::Unknown,
        };
        return Err(invalid(problem));
    };
    if record_id.is_some_and(|record_id| record_id != standing.certificate.record_id) {
        let other = "certificate_code".into();
        return Err(Error::at("record_id", Problem::Contradicts { other }));
    }
    match standing.record_deleted {
        true if coding.is_some() => Err(invalid(CertificateProblem::Deleted)),
        true => Err(OpenapiV2Error::RecordNotFound.into()),
        false => Ok(standing),
    }
}

/// The verification that would come next.
fn next_step(standing: &Standing) -> Request {
    let config = &standing.config;
    let status = &standing.certificate.status;
    let next = config.status(status).and_then(|status| status.next.first());
    let action = match next {
        Some(to) if !config.methods.iter().any(|method| method == SET_NEXT) => Action::Set {
            from: status.clone(),
            to: to.clone(),
        },
        _ => Action::Next,
    };
    Request {
        action: Some(action),
        ..Request::default()
    }
}

fn claims(scope: &Scope, standing: &Standing) -> Claims {
    let certificate = &standing.certificate;
    let title = match &*standing.config.title {
        "" => &standing.form_name,
        title => title,
    };
    Claims::new(
        certificate.coding.clone(),
        scope.org_code.clone(),
        certificate.tpl_id,
        standing.record_number.clone(),
        certificate.issued_at.micros().div_euclid(1_000_000),
        title.chars().take(LONGEST_TITLE).collect(),
    )
}

/// Whether the form has certificates.
pub(crate) fn check_enabled(template: &Template) -> Result<()> {
    if template.certificate.0.enabled {
        Ok(())
    } else {
        Err(OpenapiV2Error::VerificationNotEnabled.into())
    }
}

/// Issues the certificate of a record, if its form has them and the record counts; not twice.
pub(crate) fn issue_when_due(
    tx: &mut Tx<'_>,
    new: &NewCertificate,
    template: &Template,
    record: &Record,
    scope: &Scope,
) -> Result<Option<Certificate>> {
    if initial_status(template, record).is_none() {
        return Ok(None);
    }
    let found = Certificate::first(tx, Certificate::OF_RECORD, params![record.record_id])?;
    if found.is_some() {
        return Ok(found);
    }
    let issued = issue_first(tx, new, template, record, scope.now)?;
    let voucher = Voucher::first(tx, Voucher::OF_RECORD, params![record.record_id])?;
    if let (Some(certificate), Some(voucher)) = (&issued, voucher) {
        vouchers::issued(tx, record.record_id, &path(scope, certificate))?;
        if let Some(reason) = voucher.revoked {
            let (record_id, org_id) = (record.record_id, record.org_id);
            Certificate::revoke(tx, record_id, org_id, reason.name(), scope.now)?;
        }
    }
    Ok(issued)
}

/// Where a certificate is on this server.
pub(crate) fn path(scope: &Scope, certificate: &Certificate) -> String {
    format!("/{}/{}", scope.org_code, certificate.coding)
}

/// The same for a record that has none yet.
pub(crate) fn issue_first(
    tx: &mut Tx<'_>,
    new: &NewCertificate,
    template: &Template,
    record: &Record,
    now: Timestamp,
) -> Result<Option<Certificate>> {
    let Some(initial) = initial_status(template, record) else {
        return Ok(None);
    };
    let certificate = Certificate {
        certificate_id: new.certificate_id,
        org_id: record.org_id,
        record_id: record.record_id,
        tpl_id: template.tpl_id,
        code_id: record.code_id,
        coding: new.coding.clone(),
        status: initial.to_owned(),
        revoked: None,
        issued_at: now,
        updated_at: now,
    };
    certificate.append(tx)?;
    Ok(Some(certificate))
}

/// What the certificate of a record begins with, if it is to have one.
fn initial_status<'t>(template: &'t Template, record: &Record) -> Option<&'t str> {
    let config = &template.certificate.0;
    let due = config.enabled && record.audit_status.is_good();
    let initial = config.initial().filter(|_| due)?;
    Some(&initial.name)
}
