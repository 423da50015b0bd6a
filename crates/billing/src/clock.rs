//! The test clock of a sandbox: time goes on as far as it is told to, and everything due happens on the way, in order.

use crate::model::{AccountId, Due};
use crate::renew::{DueThing, due_things};
use crate::repo::{advance_clock, release_clock, take_clock};
use crate::settle::Settled;
use crate::{Billing, Result, Scope};
use catalogue::recur::{Conflict, StateRefusal};
use kernel::Timestamp;
use std::collections::HashMap;
use std::time::Duration;
use store::StoreError;

/// How long somebody may advance a clock without a sign of life.
const LEASE: Duration = Duration::from_secs(120);
/// How long one call works; what is left is done by the next.
const BUDGET: Duration = Duration::from_secs(20);
/// How often one thing is done at one instant: a last try, then the end.
const MOST_TIMES: u32 = 4;
/// Most things that a report lists.
const MOST_LISTED: usize = 1000;

/// What happened while the clock was advanced.
#[derive(Clone, Debug)]
pub struct Advanced {
    /// The time it was before.
    pub from: Timestamp,
    /// The time it is now.
    pub now: Timestamp,
    /// Whether the wanted time is reached; if not, call again.
    pub reached: bool,
    /// How many things happened.
    pub count: usize,
    /// The first of them, in order.
    pub happened: Vec<Happened>,
}

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct Happened {
    /// When.
    pub at: Timestamp,
    /// To what.
    pub object: String,
    /// What: `trial_notice`, `renewal`, `retry`, `grace_end`, `period_end`, `charge_check` or `refund`.
    pub what: &'static str,
    /// What came of the charge, if there was one: `paid`, `declined` or `undecided`.
    pub charge: Option<&'static str>,
}

impl Billing {
    /// Advances the clock of a sandbox to `target` on it.
    pub async fn advance_clock(&self, scope: &Scope, target: Timestamp) -> Result<Advanced> {
        if scope.livemode {
            return Err(StateRefusal::ClockSandboxOnly.into());
        }
        if target <= scope.now {
            return Err(StateRefusal::ClockBackwards.into());
        }
        let lease = self.token("clock_", 16);
        let (account, name) = (scope.account_id, lease.clone());
        let (real, until) = (scope.real, scope.real.plus(LEASE));
        let taken: Result<bool, StoreError> = self
            .db()
            .write(move |tx| take_clock(tx, account, &name, until, real))
            .await;
        if !taken? {
            return Err(Conflict::ClockAdvancing.into());
        }
        let advanced = self.advance_with(scope, target, &lease).await;
        self.db()
            .write(move |tx| {
                release_clock(tx, account, &lease)?;
                tx.invalidate_caches()
            })
            .await?;
        advanced
    }

    async fn advance_with(
        &self,
        start: &Scope,
        target: Timestamp,
        lease: &str,
    ) -> Result<Advanced> {
        let account = start.account_id;
        let deadline = tokio::time::Instant::now() + BUDGET;
        let mut advanced = Advanced {
            from: start.now,
            now: start.now,
            reached: false,
            count: 0,
            happened: Vec::new(),
        };
        // What does not go away by being done is left alone after a few times.
        let mut times: HashMap<(Option<Timestamp>, String), u32> = HashMap::new();
        while tokio::time::Instant::now() < deadline {
            let due = self
                .db()
                .read(move |tx| due_things(tx, account, target, 64))
                .await?;
            let next = due.into_iter().find(|(at, thing)| {
                // What the gateway decides takes real time, and none passes here: asking a few times is enough, and the
                // jobs go on asking.
                let at = matches!(thing, DueThing::Subscription(_)).then_some(*at);
                let times = times.entry((at, thing.object())).or_default();
                *times += 1;
                *times <= MOST_TIMES
            });
            let Some((at, thing)) = next else {
                advanced.now = self.set_clock(account, target, lease).await?;
                advanced.reached = true;
                break;
            };
            let now = self.set_clock(account, at.max(advanced.now), lease).await?;
            advanced.now = now;
            let scope = Scope {
                now,
                real: self.real_now(),
                ..*start
            };
            let (what, charge) = self.do_due(&scope, thing).await?;
            advanced.count += 1;
            if advanced.happened.len() < MOST_LISTED {
                let object = thing.object();
                advanced.happened.push(Happened {
                    at: now,
                    object,
                    what,
                    charge,
                });
            }
        }
        Ok(advanced)
    }

    /// Has the clock show `time`, or the time it shows if that is later; returns what it shows.
    async fn set_clock(
        &self,
        account: AccountId,
        time: Timestamp,
        lease: &str,
    ) -> Result<Timestamp> {
        let real = self.real_now();
        let offset = time.micros().saturating_sub(real.micros()).max(0);
        let (lease, until) = (lease.to_owned(), real.plus(LEASE));
        let kept: Result<bool, StoreError> = self
            .db()
            .write(move |tx| advance_clock(tx, account, &lease, offset, until))
            .await;
        if !kept? {
            // Real time alone has carried it further, or the lease was lost; either way nothing goes back.
            let account = self.account(account).await?;
            return Ok(Timestamp::from_micros(
                real.micros().saturating_add(account.clock_offset),
            ));
        }
        Ok(Timestamp::from_micros(real.micros().saturating_add(offset)))
    }

    /// Does one thing that is due.
    pub(crate) async fn do_due(
        &self,
        scope: &Scope,
        thing: DueThing,
    ) -> Result<(&'static str, Option<&'static str>)> {
        match thing {
            DueThing::Subscription(id) => {
                let done = self.run_subscription(scope, id).await?;
                let what = done.as_ref().map_or("nothing", |done| match done.due {
                    Due::TrialNotice => "trial_notice",
                    Due::Renewal => "renewal",
                    Due::End => "period_end",
                    Due::Retry => "retry",
                    Due::GraceEnd => "grace_end",
                });
                let charge = done
                    .and_then(|done| done.charge)
                    .map(|settled| match settled {
                        Settled::Paid => "paid",
                        Settled::Declined(_) | Settled::NoCard => "declined",
                        Settled::RequiresAction { .. }
                        | Settled::Duplicate { .. }
                        | Settled::Undecided => "undecided",
                    });
                Ok((what, charge))
            }
            DueThing::Charge(id) => {
                self.run_charge(scope, id).await?;
                Ok(("charge_check", None))
            }
            DueThing::Refund(id) => {
                self.run_refund(scope, id).await?;
                Ok(("refund", None))
            }
        }
    }
}

impl DueThing {
    pub(crate) fn object(self) -> String {
        match self {
            Self::Subscription(id) => id.to_string(),
            Self::Charge(id) => id.to_string(),
            Self::Refund(id) => id.to_string(),
        }
    }
}
