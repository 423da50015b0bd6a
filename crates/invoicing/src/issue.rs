//! Issuing. The first attempt issues; every further one asks by our reference first, so that what was done without our knowing is
//! found and not done twice.

use crate::model::{Asked, Change, InvoiceId, Operation, Owner, Status};
use crate::repo::Invoice;
use crate::settle::{Answer, Claimed, Existing, Moment, adopt, postpone, release, turn};
use crate::{Error, Failure, Invoicing, Result, WrongStatus};
use einvoice::provider::issue_once;
use kernel::Timestamp;
use std::time::Duration;
use store::jobs::back_off;

/// After refusals that may pass, an automatic issue is tried again after a minute, doubled each time up to this, …
const LONGEST_PAUSE: Duration = Duration::from_secs(6 * 3600);
/// … and so many times in all: some three days.
const MOST_TRIES: i64 = 20;

impl Invoicing {
    /// Has the provider issue a draft, or one that was not issued before. [`Error::Provider`] says why it was not, or that nobody
    /// knows: then it stays `issue_failed` until a later look finds out, and may turn out to have been issued.
    pub async fn issue(&self, owner: &Owner, id: InvoiceId) -> Result<Invoice> {
        let allowed = |invoice: &Invoice| match invoice.status {
            Status::Draft | Status::IssueFailed => Ok(()),
            status => Err(Error::WrongStatus(WrongStatus::Is(status))),
        };
        let claimed = self.claim(owner, id, Asked::Issue, allowed).await?;
        self.ask_to_issue(claimed).await
    }

    pub(crate) async fn ask_to_issue(&self, claimed: Claimed) -> Result<Invoice> {
        let Claimed { invoice, resumed } = claimed;
        let answer = match self.provider_of(&invoice).await? {
            Some(provider) => {
                let content = invoice.content()?;
                let now = self.now();
                Answer::of_issue(match invoice.attempts {
                    ..=1 => provider.issue(&content, now).await,
                    _ => issue_once(&*provider, &content, now).await,
                })
            }
            None => Answer::not_configured(resumed),
        };
        let attempt = invoice.attempts;
        let (invoice, failure) = self
            .settle(
                invoice.invoice_id,
                Operation::Issue,
                answer,
                move |_, invoice, answer, moment| {
                    let (failure, change) = settle(invoice, answer, attempt, moment);
                    Ok(((invoice.clone(), failure), change))
                },
            )
            .await?;
        match failure {
            // Somebody else may have been told that it is issued.
            Some(failure) if invoice.status != Status::Issued => Err(failure.into()),
            _ => Ok(invoice),
        }
    }
}

/// Takes an answer to an invoice. `attempt` is whose answer it is.
fn settle(
    invoice: &mut Invoice,
    answer: &Answer<Existing>,
    attempt: i64,
    moment: Moment,
) -> (Option<Failure>, Option<Change>) {
    let now = moment.now;
    let failure = match answer {
        Answer::Done(existing) => match adopt(invoice, existing, now) {
            Ok(change) => {
                let voided = (invoice.status == Status::Void).then(|| {
                    let detail = "it was issued, and voided at the provider since";
                    Failure::because(crate::Reason::VoidedElsewhere, detail)
                });
                return (voided, change);
            }
            Err(contradiction) => contradiction,
        },
        Answer::Refused(failure) | Answer::Undecided(failure) => failure.clone(),
    };
    // What another has taken over is the other's.
    if invoice.attempts != attempt || invoice.asked != Some(Asked::Issue) {
        return (Some(failure), None);
    }
    invoice.failure = Some(failure.detail.clone());
    turn(invoice, Status::IssueFailed, now);
    let change = match answer {
        Answer::Refused(_) if invoice.automatic && again_later(invoice, &failure) => {
            let until = now.plus(pause(invoice.checks));
            postpone(invoice, until);
            None
        }
        Answer::Refused(_) => {
            release(invoice);
            Some(Change::IssueFailed)
        }
        Answer::Done(_) | Answer::Undecided(_) => {
            postpone(invoice, look_again(invoice, moment));
            None
        }
    };
    (Some(failure), change)
}

fn again_later(invoice: &Invoice, failure: &Failure) -> bool {
    failure.reason.may_pass() && invoice.attempts < MOST_TRIES
}

fn pause(checks: i64) -> Duration {
    let doubled = 1_u32 << u32::try_from(checks.clamp(0, 10)).unwrap_or(0);
    (Duration::from_secs(60) * doubled).min(LONGEST_PAUSE)
}

/// When somebody looks again at what has no answer: soon at first, and never seldom.
pub(crate) fn look_again(invoice: &Invoice, moment: Moment) -> Timestamp {
    moment.now.plus(back_off(invoice.checks + 1, moment.spread))
}
