//! One attempt at one delivery.

use crate::publish::hurry;
use crate::repo::deliveries::{self, Attempt, Delivery, DeliveryId, DeliveryStatus};
use crate::repo::endpoints::{self, Signer};
use crate::repo::events::{self, Event};
use crate::send::{Message, send};
use crate::{Result, Webhooks};
use kernel::Timestamp;
use std::time::Duration;
use store::jobs::{self, Job};
use store::{StoreError, Tx};

/// The longest that a delivery goes without anybody asking whether its turn has come.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

enum Step {
    /// There is nothing to send any more.
    Nothing,
    /// The endpoint has been disabled.
    GiveUp,
    /// An earlier event about the object comes first.
    Wait,
    Send(Box<Parcel>),
}

struct Parcel {
    delivery: Delivery,
    event: Event,
    signer: Signer,
}

impl Webhooks {
    /// Carries out a leased job of [`Contract::job_kind`](crate::Contract::job_kind): makes one attempt at its delivery, and
    /// stores what came of it. If that cannot be stored, the lease runs out and the attempt is made again.
    pub async fn run_job(&self, job: Job) {
        if let Err(error) = self.deliver(&job).await {
            tracing::error!(kind = job.kind, ?error, "a job failed");
        }
    }

    async fn deliver(&self, job: &Job) -> Result<()> {
        let id: DeliveryId = serde_json::from_str::<String>(&job.payload)
            .map_err(StoreError::corrupt)?
            .parse()
            .map_err(StoreError::corrupt)?;
        match self.db().read(move |tx| next_step(tx, id)).await? {
            Step::Nothing => self.close(job, None).await,
            Step::GiveUp => self.close(job, Some(id)).await,
            Step::Wait => self.postpone(job).await,
            Step::Send(parcel) => {
                let endpoint = &parcel.signer.endpoint;
                let failing = endpoint.failing_since.is_some();
                match self.inner.lanes.enter(endpoint.id, failing) {
                    Some(_lane) => self.attempt(job, *parcel).await,
                    None => self.postpone(job).await,
                }
            }
        }
    }

    async fn attempt(&self, job: &Job, parcel: Parcel) -> Result<()> {
        let attempted_at = self.now();
        let Parcel {
            delivery,
            event,
            signer: Signer { endpoint, secret },
        } = parcel;
        let message = Message {
            url: &endpoint.url,
            secret: &secret,
            body: (self.inner.contract.body)(&event, &endpoint.options),
            event: &event,
        };
        let (client, reach) = (&self.inner.client, self.inner.config.reach);
        let answer = send(client, reach, &self.inner.contract, message, attempted_at).await;
        let attempt = Attempt {
            attempt: delivery.attempts + 1,
            status: answer.status.map(i64::from),
            error: answer.error,
            response: answer.response,
            duration: self.now().since(attempted_at),
            attempted_at,
        };
        self.settle(job, delivery, attempt).await
    }

    async fn settle(&self, job: &Job, delivery: Delivery, attempt: Attempt) -> Result<()> {
        let now = self.now();
        let next_attempt_at = attempt
            .error
            .as_ref()
            .and_then(|_| self.wait_after(attempt.attempt))
            .map(|wait| now.plus(wait));
        let patience = i64::try_from(self.inner.config.disable_after.as_micros());
        let patience_began =
            Timestamp::from_micros(now.micros().saturating_sub(patience.unwrap_or(i64::MAX)));
        let job = job.clone();
        self.db()
            .write(move |tx| {
                let error = attempt.error.as_deref();
                let ours = match next_attempt_at {
                    Some(at) => jobs::reschedule(tx, &job, at, error)?,
                    None => jobs::complete(tx, &job)?,
                };
                // Another node has taken the delivery over, and stores what comes of it.
                if !ours {
                    return Ok(());
                }
                let (id, endpoint) = (delivery.id, delivery.endpoint);
                // Deleted meanwhile, by its owner or because it was old.
                if deliveries::find(tx, id)?.is_none() {
                    return Ok(());
                }
                let disabled = match error {
                    Some(_) => endpoints::note_failure(tx, endpoint, now, patience_began)?,
                    None => {
                        endpoints::note_success(tx, endpoint)?;
                        false
                    }
                };
                deliveries::settle(tx, id, &attempt, next_attempt_at, now)?;
                if disabled {
                    deliveries::give_up_all(tx, endpoint, now)?;
                    tx.invalidate_caches()?;
                } else if delivery.attempts == 0
                    && let Some(successor) = deliveries::successor(tx, &delivery)?
                {
                    hurry(tx, successor, now)?;
                }
                Ok(())
            })
            .await
    }

    /// How long to wait after this attempt, counted from 1, has failed; `None`: it was the last.
    fn wait_after(&self, attempt: i64) -> Option<Duration> {
        let index = usize::try_from(attempt - 1).ok()?;
        let wait = *self.inner.config.retry_after.get(index)?;
        Some(wait * (900 + self.inner.rng.below(201)) / 1000)
    }

    async fn close(&self, job: &Job, given_up: Option<DeliveryId>) -> Result<()> {
        let (job, now) = (job.clone(), self.now());
        self.db()
            .write(move |tx| {
                if jobs::complete(tx, &job)?
                    && let Some(id) = given_up
                {
                    deliveries::give_up(tx, id, now)?;
                }
                Ok(())
            })
            .await
    }

    async fn postpone(&self, job: &Job) -> Result<()> {
        let wait = jobs::back_off(job.attempts, self.inner.rng.below(1000)).min(LONGEST_WAIT);
        let (job, at) = (job.clone(), self.now().plus(wait));
        self.db()
            .write(move |tx| Ok(jobs::reschedule(tx, &job, at, None).map(drop)?))
            .await
    }
}

fn next_step(tx: &mut Tx<'_>, id: DeliveryId) -> Result<Step> {
    let Some(delivery) = deliveries::find(tx, id)? else {
        return Ok(Step::Nothing);
    };
    let signer = endpoints::find(tx, delivery.endpoint)?;
    let event = events::find(tx, &delivery.event_id)?;
    let (DeliveryStatus::Pending, Some(signer), Some(event)) = (delivery.status, signer, event)
    else {
        return Ok(Step::Nothing);
    };
    if signer.endpoint.disabled.is_some() {
        return Ok(Step::GiveUp);
    }
    if deliveries::must_wait(tx, &delivery)? {
        return Ok(Step::Wait);
    }
    Ok(Step::Send(Box::new(Parcel {
        delivery,
        event,
        signer,
    })))
}
