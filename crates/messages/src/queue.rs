//! Messages that wait to be sent, and the job that sends them.

use crate::{Mail, Mailer, SendError, Stamp, Text, Texter};
use kernel::{Clock, Rng, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use store::jobs::{self, Job, JobId, NewJob};
use store::{Db, StoreError, Tx};

/// Sends one message.
pub const SEND: &str = "messages.send";

/// For how long sending a message is tried at most.
pub const LONGEST_USE: Duration = Duration::from_secs(24 * 3600);

#[derive(Serialize, Deserialize)]
struct Waiting {
    message: Message,
    /// UTC microseconds.
    give_up_at: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Message {
    Mail(Mail),
    Text(Text),
}

/// Has a mail sent, once the transaction is committed. It is given up when it could not be sent within `useful_for`, at most
/// [`LONGEST_USE`].
pub fn enqueue_mail(
    tx: &mut Tx<'_>,
    id: JobId,
    mail: &Mail,
    useful_for: Duration,
    now: Timestamp,
) -> Result<(), StoreError> {
    enqueue(tx, id, Message::Mail(mail.clone()), useful_for, now)
}

/// Has a text message sent, once the transaction is committed. It is given up when it could not be sent within `useful_for`, such as the life of
/// the code in it, at most [`LONGEST_USE`].
pub fn enqueue_text(
    tx: &mut Tx<'_>,
    id: JobId,
    text: &Text,
    useful_for: Duration,
    now: Timestamp,
) -> Result<(), StoreError> {
    enqueue(tx, id, Message::Text(text.clone()), useful_for, now)
}

fn enqueue(
    tx: &mut Tx<'_>,
    id: JobId,
    message: Message,
    useful_for: Duration,
    now: Timestamp,
) -> Result<(), StoreError> {
    let waiting = Waiting {
        message,
        give_up_at: now.plus(useful_for.min(LONGEST_USE)).micros(),
    };
    let payload = serde_json::to_string(&waiting).map_err(StoreError::corrupt)?;
    let job = NewJob {
        id,
        kind: SEND,
        dedupe_key: None,
        payload: &payload,
        run_at: now,
        leased_to: None,
    };
    jobs::enqueue(tx, &job, now)
}

/// Sends what is enqueued. Cheap to clone.
#[derive(Clone)]
pub struct Messages {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    clock: Arc<dyn Clock>,
    rng: Arc<Rng>,
    mailer: Arc<dyn Mailer>,
    texter: Arc<dyn Texter>,
}

impl Messages {
    /// Sends what is enqueued in `db` by these drivers.
    pub fn new(
        db: Db,
        clock: Arc<dyn Clock>,
        rng: Arc<Rng>,
        mailer: Arc<dyn Mailer>,
        texter: Arc<dyn Texter>,
    ) -> Self {
        let inner = Inner {
            db,
            clock,
            rng,
            mailer,
            texter,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Carries out a leased job of the kind [`SEND`]: makes one attempt. If its end cannot be stored, the lease runs out and the
    /// attempt is made again.
    pub async fn run_job(&self, job: Job) {
        let id = job.id;
        let stored = match self.attempt(&job).await {
            Ok(()) => self.complete(job).await,
            Err(Attempt::Again(at, reason)) => {
                tracing::warn!(message = %id, reason, "a message was not sent, and will be tried again");
                let again = move |tx: &mut Tx<'_>| jobs::reschedule(tx, &job, at, Some(&reason));
                self.inner.db.write(again).await
            }
            Err(Attempt::Never(reason)) => {
                tracing::error!(message = %id, reason, "a message is given up");
                self.complete(job).await
            }
        };
        if let Err(error) = stored {
            tracing::error!(message = %id, %error, "what became of a message was not stored");
        }
    }

    async fn attempt(&self, job: &Job) -> Result<(), Attempt> {
        // What the error would say may be a part of the message.
        let waiting: Waiting = serde_json::from_str(&job.payload)
            .map_err(|_| Attempt::Never("its row is damaged".into()))?;
        let give_up_at = Timestamp::from_micros(waiting.give_up_at);
        if self.inner.clock.now() >= give_up_at {
            let reason = "it was not sent while it was of use";
            return Err(Attempt::Never(reason.into()));
        }
        let stamp = Stamp {
            id: job.id.to_string(),
            written_at: job.created_at,
        };
        let sent = match &waiting.message {
            Message::Mail(mail) => self.inner.mailer.send_mail(mail, &stamp).await,
            Message::Text(text) => self.inner.texter.send_text(text, &stamp).await,
        };
        sent.map_err(|error| match error {
            SendError::Refused(_) => Attempt::Never(error.to_string()),
            SendError::NotNow(_) => {
                let wait = jobs::back_off(job.attempts, self.inner.rng.below(1000));
                let at = self.inner.clock.now().plus(wait);
                if at < give_up_at {
                    Attempt::Again(at, error.to_string())
                } else {
                    Attempt::Never(error.to_string())
                }
            }
        })
    }

    async fn complete(&self, job: Job) -> Result<bool, StoreError> {
        let complete = move |tx: &mut Tx<'_>| jobs::complete(tx, &job);
        self.inner.db.write(complete).await
    }
}

/// What follows an attempt that did not send the message.
enum Attempt {
    Again(Timestamp, String),
    Never(String),
}
