//! Certificates of what was sold elsewhere on this server: the form is filled in for the buyer once a seller wants it, verifying the
//! certificate to its end redeems the voucher, and what the seller takes back does not count any more.

use crate::certificate::{check_enabled, path};
use crate::events::Happened;
use crate::jobs::drop_job;
use crate::model::form::{Definition, FieldType};
use crate::model::value::Entry;
use crate::model::{EventKind, OrgId, Person, RecordId};
use crate::repo::{Certificate, Organization, Standing, Template};
use crate::submit::{Filler, Made, Submission, fill_in};
use crate::templates::seen_template;
use crate::{Error, Forms, Result, Scope, visible};
use catalogue::OpenapiV2Error;
use catalogue::openapi_v2::RevocationReason;
use kernel::{Locale, Timestamp};
use std::time::Duration;
use store::jobs::{self, Job, JobId};
use store::{Tx, params};
use vouchers::{Facts, Place, Reason, Voucher, VoucherId};

/// What could not be filled in is tried again at least this often: the form may have been mended.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// The voucher of a certificate, if it has one. Until the transaction ends nobody takes it back.
pub(crate) fn hold(tx: &mut Tx<'_>, standing: &Standing) -> Result<Option<Voucher>> {
    Ok(match standing.voucher {
        Some(voucher_id) => Voucher::first(tx, Voucher::LOCK, params![voucher_id])?,
        None => None,
    })
}

/// A certificate was verified to its end: the right is used up, and whoever sold it learns of it.
pub(crate) fn redeem(tx: &mut Tx<'_>, voucher: &Voucher, now: Timestamp, job: JobId) -> Result<()> {
    if voucher.redeem(tx, now)? {
        vouchers::tell_seller(tx, voucher.voucher_id, job, now)?;
    }
    Ok(())
}

/// A stored reason, for people.
pub fn revocation(stored: &str) -> RevocationReason {
    match Reason::of(stored) {
        Some(Reason::Refunded) => RevocationReason::Refunded,
        Some(Reason::OrderCancelled) => RevocationReason::OrderCancelled,
        Some(Reason::SubscriptionEnded) => RevocationReason::SubscriptionEnded,
        Some(Reason::Replaced) => RevocationReason::Replaced,
        None => RevocationReason::Other {
            text: stored.to_owned(),
        },
    }
}

impl Forms {
    /// Whether certificates could be issued there: 100304 and 404 when there is no such form or code, 100306 when the code does
    /// not have the form, 100321 when the form has no certificates.
    pub async fn check_place(&self, place: Place) -> Result<()> {
        let now = self.now();
        self.read(move |tx| {
            let scope = home(tx, place, now)?;
            let template = seen_template(tx, &scope, place.tpl_id)?;
            let code = visible::code(tx, &scope, place.code_id)?;
            let mut operations = code.operations.0.iter();
            if !operations.any(|operation| operation.fills_in(place.tpl_id)) {
                return Err(OpenapiV2Error::FormNotAssigned.into());
            }
            check_enabled(&template)
        })
        .await
    }

    /// Has the certificate of a voucher follow it: fills the form in, or revokes the certificate or has it count again. What is
    /// so already stays. Gives the voucher as it is then.
    ///
    /// # Errors
    /// As for a submission, when the form cannot be filled in.
    pub async fn certify(&self, voucher_id: VoucherId) -> Result<Voucher> {
        let find = move |tx: &mut Tx<'_>| {
            let found = Voucher::first(tx, Voucher::BY_ID, params![voucher_id])?;
            found.ok_or_else(|| Error::Failed(format!("there is no voucher {voucher_id}")))
        };
        let voucher = self.read(find).await?;
        match (voucher.record_id, voucher.revoked) {
            (None, None) => self.fill_in_for(voucher).await?,
            (None, Some(_)) => {}
            (Some(record_id), revoked) => self.follow(record_id, revoked).await?,
        }
        self.read(find).await
    }

    /// Carries out a job about a voucher.
    pub(crate) async fn run_certify(&self, job: &Job) -> Result<()> {
        let Some(voucher_id) = vouchers::voucher_of(&job.payload) else {
            return Err(Error::Failed("a job about no voucher".into()));
        };
        let refusal = match self.certify(voucher_id).await {
            Ok(_) => None,
            Err(Error::Refused(refusal)) => Some(refusal.in_full(Locale::En)),
            Err(error) => return Err(error),
        };
        let Some(refusal) = refusal else {
            let job = job.clone();
            return self.write(|_| (), move |tx, ()| drop_job(tx, &job)).await;
        };
        tracing::warn!(voucher = %voucher_id, refusal, "no certificate could be issued for what was paid");
        let pause = jobs::back_off(job.attempts, self.rng().below(1000)).min(LONGEST_PAUSE);
        let (job, again) = (job.clone(), self.now().plus(pause));
        let run = move |tx: &mut Tx<'_>, (): &()| {
            if let Some(voucher) = Voucher::first(tx, Voucher::LOCK, params![voucher_id])? {
                voucher.refuse(tx, &refusal)?;
            }
            jobs::reschedule(tx, &job, again, Some(&refusal))?;
            Ok(())
        };
        self.write(|_| (), run).await
    }

    async fn fill_in_for(&self, voucher: Voucher) -> Result<()> {
        let (place, now) = (place_of(&voucher), self.now());
        let scope = self.read(move |tx| home(tx, place, now)).await?;
        let teller = self.teller(scope.org_id).await?;
        self.write(Made::new, move |tx, made| {
            let held = Voucher::first(tx, Voucher::LOCK, params![voucher.voucher_id])?;
            let is_wanted = |held: &Voucher| held.record_id.is_none() && held.revoked.is_none();
            if !held.as_ref().is_some_and(is_wanted) {
                return Ok(());
            }
            let template = seen_template(tx, &scope, place.tpl_id)?;
            check_enabled(&template)?;
            let facts = &voucher.facts.0;
            let new = Submission {
                code_id: place.code_id,
                tpl_id: place.tpl_id,
                entries: entries(&template.definition.0, facts),
                submitter: Person {
                    id: facts.holder_id.clone(),
                    name: facts.name.clone(),
                    phone: None,
                },
                once: None,
            };
            let done = fill_in(tx, &scope, Filler::House, &new, made)?;
            voucher.fill_in(tx, done.record.record_id)?;
            if let Some(certificate) = &done.certificate {
                vouchers::issued(tx, done.record.record_id, &path(&scope, certificate))?;
            }
            teller.tell(tx, now, || {
                Happened::to_record(EventKind::Submit, &done, made.certificate())
            })
        })
        .await
    }

    /// Has the certificate of a record count, or not, as its voucher does.
    async fn follow(&self, record_id: RecordId, revoked: Option<Reason>) -> Result<()> {
        let find = move |tx: &mut Tx<'_>| {
            Ok(Certificate::first(
                tx,
                Certificate::OF_RECORD,
                params![record_id],
            )?)
        };
        let Some(certificate) = self.read(find).await? else {
            // It waits for approval: issued, it will not count.
            return Ok(());
        };
        let was = certificate.revoked.as_deref().and_then(Reason::of);
        match (revoked, was) {
            (Some(reason), _) => {
                self.revoke_certificate(certificate.org_id, record_id, reason.name())
                    .await?;
            }
            (None, Some(reason)) => {
                let change = move |tx: &mut Tx<'_>, org_id, now| {
                    Certificate::reinstate(tx, record_id, org_id, reason.name(), now)
                };
                self.change(certificate.org_id, record_id, change).await?;
            }
            (None, None) => {}
        }
        Ok(())
    }

    /// Has the certificate of a record not count any more: verifications are refused with `reason`, the name of a [`Reason`] or
    /// any text. False when it has none, or did not count before.
    pub async fn revoke_certificate(
        &self,
        org_id: OrgId,
        record_id: RecordId,
        reason: &str,
    ) -> Result<bool> {
        let reason = reason.to_owned();
        let change = move |tx: &mut Tx<'_>, org_id, now| {
            Certificate::revoke(tx, record_id, org_id, &reason, now)
        };
        self.change(org_id, record_id, change).await
    }

    /// Changes whether a certificate counts, and tells of it if it did change.
    async fn change(
        &self,
        org_id: OrgId,
        record_id: RecordId,
        change: impl Fn(&mut Tx<'_>, OrgId, Timestamp) -> Result<bool, store::StoreError>
        + Send
        + Sync
        + 'static,
    ) -> Result<bool> {
        let (teller, now) = (self.teller(org_id).await?, self.now());
        let run = move |tx: &mut Tx<'_>, (): &()| {
            let changed = change(tx, org_id, now)?;
            if changed {
                let found = Certificate::first(tx, Certificate::OF_RECORD, params![record_id])?;
                let told = |c: &Certificate| Happened::to_certificate(c, Some(c.status.clone()));
                teller.tell(tx, now, || found.iter().map(told).collect())?;
            }
            Ok(changed)
        };
        self.write(|_| (), run).await
    }
}

const fn place_of(voucher: &Voucher) -> Place {
    Place {
        tpl_id: voucher.tpl_id,
        code_id: voucher.code_id,
    }
}

/// The form's organization, all of which is seen.
fn home(tx: &mut Tx<'_>, place: Place, now: Timestamp) -> Result<Scope> {
    let template = Template::first(tx, Template::WHOSE, params![place.tpl_id])?;
    let org_id = template.ok_or(OpenapiV2Error::FormNotFound)?.org_id;
    let organization = Organization::first(tx, Organization::BY_ID, params![org_id])?;
    let gone = || Error::Failed("a form without its organization".into());
    Ok(Scope {
        org_id,
        org_code: organization.ok_or_else(gone)?.org_code,
        api_key_id: None,
        project_ids: None,
        now,
    })
}

/// What is known of a sale, in the fields that ask for it: by their short names, and the first one for a name.
fn entries(definition: &Definition, facts: &Facts) -> Vec<Entry> {
    let mut name = facts.name.clone();
    let mut known = |field: &crate::model::form::Field| {
        let by_name = match &*field.field_short_name {
            "product" => Some(facts.product.clone()),
            "reference" => Some(facts.reference.clone()),
            "email" => facts.email.clone(),
            "quantity" => facts.quantity.map(|quantity| quantity.to_string()),
            "name" => facts.name.clone(),
            _ => None,
        };
        let asks_name = matches!(field.field_type, FieldType::Name | FieldType::CustomerName);
        by_name.or_else(|| name.take_if(|_| asks_name))
    };
    let filled = definition.fields().filter_map(|field| {
        let text = known(field)?;
        let field_value = match field.field_type {
            FieldType::Number => serde_json::json!({ "value": text.parse::<i64>().ok()? }),
            FieldType::Name
            | FieldType::CustomerName
            | FieldType::Recorder
            | FieldType::Text
            | FieldType::TextArea => text.into(),
            _ => return None,
        };
        Some(Entry {
            field_id: field.field_id,
            field_type: field.field_type.name().into(),
            field_value,
        })
    });
    filled.collect()
}
