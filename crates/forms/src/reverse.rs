//! Setting a verification back.

use crate::events::Happened;
use crate::repo::{Outcome, Standing, Verification};
use crate::verify::Success;
use crate::{Forms, Result, Scope, digest, voucher};
use catalogue::OpenapiV2Error;
use catalogue::openapi_v2::{Resource, VerificationProblem};
use store::params;
use store::record::Json;

impl Forms {
    /// Sets a certificate back to the status before its latest verification, within the time for that. 404 when the scope
    /// sees no such verification; 100319 when it is too late, or something has become of the certificate since.
    pub async fn reverse(
        &self,
        scope: &Scope,
        verification_id: i64,
        reason: Option<String>,
    ) -> Result<Success> {
        let (scope, teller) = (scope.clone(), self.teller(scope.org_id).await?);
        let time = self.config().reversal_time;
        self.write(Self::new_id, move |tx, id| {
            let refuse = |problem| Err(OpenapiV2Error::VerificationFailed { problem }.into());
            let known = params![verification_id, scope.org_id];
            let verification = Verification::first(tx, Verification::BY_ID, known)?;
            let verification = verification.ok_or(Resource::Verification)?;
            let found = match verification.certificate_id {
                Some(certificate_id) => Standing::of_id(tx, certificate_id, scope.org_id)?,
                None => None,
            };
            let mut standing = found
                .filter(|found| !found.record_deleted)
                .filter(|found| scope.sees(found.certificate.org_id, found.project_id))
                .ok_or(Resource::Verification)?;
            let certificate = &standing.certificate;
            let (Outcome::Verified, Some(from), Some(to)) = (
                verification.outcome,
                &verification.from_status,
                &verification.to_status,
            ) else {
                return refuse(VerificationProblem::NotLatest);
            };
            if scope.now.since(verification.at) > time {
                return refuse(VerificationProblem::TooLate);
            }
            if certificate.updated_at != verification.at || certificate.revoked.is_some() {
                return refuse(VerificationProblem::NotLatest);
            }
            let voucher = voucher::hold(tx, &standing)?;
            if voucher.as_ref().is_some_and(|held| held.revoked.is_some()) {
                return refuse(VerificationProblem::NotLatest);
            }
            let certificate = &mut standing.certificate;
            let Some(at) = certificate.set_status(tx, from, scope.now)? else {
                return refuse(VerificationProblem::NotLatest);
            };
            if let Some(voucher) = voucher {
                voucher.restore(tx)?;
            }
            certificate.status.clone_from(from);
            certificate.updated_at = at;
            let entry = Verification {
                verification_id: *id,
                org_id: scope.org_id,
                certificate_id: verification.certificate_id,
                presented: certificate.coding.clone(),
                outcome: Outcome::Reversed,
                error_code: None,
                from_status: Some(to.clone()),
                to_status: Some(from.clone()),
                operator: Json::default(),
                api_key_id: scope.api_key_id,
                authorization_id: None,
                nonce: None,
                request_hash: digest(&format!("reverse {verification_id}")),
                reverses: Some(verification_id),
                reason: reason.clone(),
                at,
            };
            entry.append(tx)?;
            let done = Success {
                verification: entry,
                standing,
            };
            teller.tell(tx, scope.now, || vec![Happened::verification(&done)])?;
            Ok(done)
        })
        .await
    }
}
