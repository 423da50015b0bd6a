//! The life of a subscription: one table of moves, and what falls due when.

use super::period::Interval;
use super::proration::{Plan, SwitchKind};
use super::{EventKind, ProductId};
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use store::text_enum;

text_enum! {
    /// Where a subscription stands.
    pub enum Status {
        /// Not paid for yet.
        Pending = "PENDING",
        /// Free until the trial ends.
        Trial = "TRIAL",
        /// Paid.
        Active = "ACTIVE",
        /// The last charge failed; the grace period runs.
        PastDue = "PAST_DUE",
        /// Stopped by the merchant or the customer, to go on later.
        Paused = "PAUSED",
        /// Ended by somebody's wish.
        Canceled = "CANCELED",
        /// Ended for want of payment.
        Expired = "EXPIRED",
    }
}

impl Status {
    /// Whether it gives its right, and bars a second subscription to the same product.
    pub const fn is_valid(self) -> bool {
        matches!(self, Self::Trial | Self::Active | Self::PastDue)
    }

    /// Whether nothing more can happen to it.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Canceled | Self::Expired)
    }
}

/// What happens to a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Trigger {
    /// The first charge succeeded.
    Activate,
    /// The charge that verifies the card of a trial succeeded.
    StartTrial,
    /// The trial is about to end.
    NoticeTrialEnd,
    /// A period was paid for.
    Renew,
    /// A period's charge failed; there is a grace period.
    FailWithGrace,
    /// A period's charge failed; there is no grace period.
    FailWithoutGrace,
    /// Another charge of a period failed during the grace period.
    FailAgain,
    /// There was no card to charge; there is a grace period.
    LackCard,
    /// There was no card to charge, and there is no grace period.
    LackCardWithoutGrace,
    /// The grace period is over.
    RunOutOfGrace,
    /// Cancelled as from now.
    CancelNow,
    /// To be cancelled at the end of the period.
    CancelLater,
    /// That wish is withdrawn.
    Reactivate,
    /// The period of a subscription that is to be cancelled has ended.
    EndPeriod,
    /// Stopped for a while.
    Pause,
    /// Goes on, within the paid period.
    Resume,
    /// Goes on, within the trial.
    ResumeTrial,
    /// Changed to a dearer or an equal product.
    Upgrade,
    /// Changed to a cheaper product.
    Downgrade,
    /// A change was scheduled.
    Schedule,
    /// The scheduled change was withdrawn.
    Unschedule,
    /// The scheduled change was made.
    ExecuteSchedule,
}

/// One row of [`TRANSITIONS`].
#[derive(Clone, Copy, Debug)]
pub struct Transition {
    /// What happens.
    pub trigger: Trigger,
    /// In which states it can happen.
    pub from: &'static [Status],
    /// The state afterwards; `None`: the same.
    pub to: Option<Status>,
    /// The events that tell of it.
    pub events: &'static [EventKind],
}

/// Every move that a subscription can make. Nothing else changes a status.
pub const TRANSITIONS: &[Transition] = {
    use EventKind as E;
    use Status as S;
    use Trigger as T;
    const fn row(
        trigger: Trigger,
        from: &'static [Status],
        to: Option<Status>,
        events: &'static [EventKind],
    ) -> Transition {
        Transition {
            trigger,
            from,
            to,
            events,
        }
    }
    &[
        row(
            T::Activate,
            &[S::Pending],
            Some(S::Active),
            &[E::SubscriptionActivated],
        ),
        row(
            T::StartTrial,
            &[S::Pending],
            Some(S::Trial),
            &[E::SubscriptionActivated],
        ),
        row(
            T::NoticeTrialEnd,
            &[S::Trial],
            None,
            &[E::SubscriptionTrialEnding],
        ),
        row(
            T::Renew,
            &[S::Trial, S::Active, S::PastDue, S::Paused],
            Some(S::Active),
            &[E::SubscriptionRenewed],
        ),
        row(
            T::FailWithGrace,
            &[S::Trial, S::Active],
            Some(S::PastDue),
            &[E::SubscriptionPastDue],
        ),
        row(
            T::FailWithoutGrace,
            &[S::Trial, S::Active],
            Some(S::Expired),
            &[E::SubscriptionExpired],
        ),
        row(T::FailAgain, &[S::PastDue], None, &[]),
        row(
            T::LackCard,
            &[S::Trial, S::Active],
            Some(S::PastDue),
            &[E::SubscriptionPaymentMethodRequired],
        ),
        row(
            T::LackCardWithoutGrace,
            &[S::Trial, S::Active],
            Some(S::Expired),
            &[E::SubscriptionRevoked],
        ),
        row(
            T::RunOutOfGrace,
            &[S::PastDue],
            Some(S::Expired),
            &[E::SubscriptionExpired],
        ),
        row(
            T::CancelNow,
            &[S::Pending, S::Trial, S::Active, S::PastDue, S::Paused],
            Some(S::Canceled),
            &[E::SubscriptionCancelled],
        ),
        row(
            T::CancelLater,
            &[S::Trial, S::Active],
            None,
            &[E::SubscriptionCancelled],
        ),
        row(T::Reactivate, &[S::Trial, S::Active], None, &[]),
        row(
            T::EndPeriod,
            &[S::Trial, S::Active],
            Some(S::Canceled),
            &[E::SubscriptionCancelled],
        ),
        row(T::Pause, &[S::Trial, S::Active], Some(S::Paused), &[]),
        row(T::Resume, &[S::Paused], Some(S::Active), &[]),
        row(T::ResumeTrial, &[S::Paused], Some(S::Trial), &[]),
        row(
            T::Upgrade,
            &[S::Trial, S::Active],
            None,
            &[E::SubscriptionUpgraded],
        ),
        row(
            T::Downgrade,
            &[S::Trial, S::Active],
            None,
            &[E::SubscriptionDowngraded],
        ),
        row(
            T::Schedule,
            &[S::Trial, S::Active],
            None,
            &[E::SubscriptionScheduleCreated],
        ),
        row(
            T::Unschedule,
            &[S::Trial, S::Active, S::PastDue, S::Paused],
            None,
            &[E::SubscriptionScheduleCancelled],
        ),
        row(
            T::ExecuteSchedule,
            &[S::Trial, S::Active, S::PastDue, S::Paused],
            None,
            &[E::SubscriptionScheduleExecuted, E::SubscriptionDowngraded],
        ),
    ]
};

/// A move that was made: the state afterwards and the events that tell of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// The state afterwards.
    pub to: Status,
    /// The events.
    pub events: &'static [EventKind],
}

/// The table has no such move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IllegalMove {
    /// The state it was in.
    pub from: Status,
    /// What could not happen.
    pub trigger: Trigger,
}

/// What `trigger` does to a subscription that is `from`.
pub fn apply(from: Status, trigger: Trigger) -> Result<Move, IllegalMove> {
    TRANSITIONS
        .iter()
        .find(|row| row.trigger == trigger && row.from.contains(&from))
        .map(|row| Move {
            to: row.to.unwrap_or(from),
            events: row.events,
        })
        .ok_or(IllegalMove { from, trigger })
}

/// On what terms a subscription runs: those of its product when it began or was switched. Later changes
/// of the product do not change them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Whole dollars each period.
    pub price: i64,
    /// How long a period is.
    pub interval: Interval,
    /// For how many days the right outlasts an unpaid period.
    pub grace_days: u32,
    /// On which days after the first failure the charge is tried again.
    pub retry_days: Vec<u32>,
}

impl Terms {
    /// What proration knows of them.
    pub const fn plan(&self) -> Plan {
        Plan {
            price: self.price,
            interval: self.interval,
        }
    }

    /// How long the right outlasts an unpaid period.
    pub fn grace(&self) -> Duration {
        days(self.grace_days)
    }

    /// When the charge is tried again that has failed `attempts` times, the first time at `failed_at`.
    pub fn retry_at(&self, failed_at: Timestamp, attempts: u32) -> Option<Timestamp> {
        let index = usize::try_from(attempts.checked_sub(1)?).ok()?;
        self.retry_days
            .get(index)
            .map(|day| failed_at.plus(days(*day)))
    }
}

/// A change that is made when the period ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scheduled {
    /// The product from then on.
    pub product_id: ProductId,
    /// Its terms.
    pub terms: Terms,
    /// What kind of change it is.
    pub kind: SwitchKind,
}

/// What falls due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// The trial is about to end.
    TrialNotice,
    /// The period ends and the next is to be paid for.
    Renewal,
    /// The period ends, and with it the subscription.
    End,
    /// A failed charge is to be tried again.
    Retry,
    /// The grace period is over.
    GraceEnd,
}

/// How long before its end a trial's end is announced.
const TRIAL_NOTICE: Duration = Duration::from_secs(3 * 24 * 3600);

/// What of a subscription decides when something falls due.
#[derive(Clone, Copy, Debug)]
pub struct Timetable {
    /// Where it stands.
    pub status: Status,
    /// Whether a charge is under way, which decides what comes next.
    pub collecting: bool,
    /// The end of the paid period or the trial.
    pub period_end: Timestamp,
    /// When the trial began, if its end has not been announced.
    pub unannounced_trial: Option<Timestamp>,
    /// Whether it ends with the period.
    pub cancel_at_period_end: bool,
    /// When a failed charge is tried again.
    pub next_retry_at: Option<Timestamp>,
    /// When the grace period is over.
    pub grace_ends_at: Option<Timestamp>,
}

impl Timetable {
    /// What falls due next, and when.
    pub fn next(&self) -> Option<(Timestamp, Due)> {
        if self.collecting {
            return None;
        }
        match self.status {
            Status::Trial | Status::Active => {
                if let Some(began) = self.unannounced_trial {
                    let lead = Timestamp::from_micros(
                        self.period_end
                            .micros()
                            .saturating_sub(micros(TRIAL_NOTICE)),
                    );
                    return Some((lead.max(began), Due::TrialNotice));
                }
                let due = if self.cancel_at_period_end {
                    Due::End
                } else {
                    Due::Renewal
                };
                Some((self.period_end, due))
            }
            Status::PastDue => {
                let retry = self.next_retry_at.map(|at| (at, Due::Retry));
                let end = self.grace_ends_at.map(|at| (at, Due::GraceEnd));
                match (retry, end) {
                    (Some(retry), Some(end)) => Some(if retry.0 <= end.0 { retry } else { end }),
                    (one, other) => one.or(other),
                }
            }
            Status::Pending | Status::Paused | Status::Canceled | Status::Expired => None,
        }
    }
}

fn days(n: u32) -> Duration {
    Duration::from_secs(u64::from(n) * 24 * 3600)
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_trigger_has_one_row() {
        let triggers: BTreeSet<Trigger> = TRANSITIONS.iter().map(|row| row.trigger).collect();
        assert_eq!(triggers.len(), TRANSITIONS.len());
    }

    #[test]
    fn what_is_over_stays_over() {
        for row in TRANSITIONS {
            assert!(!row.from.iter().any(|from| from.is_over()), "{row:?}");
        }
    }

    #[test]
    fn every_change_of_what_a_customer_may_use_is_told() {
        for row in TRANSITIONS {
            let silent = [Trigger::Pause, Trigger::Resume, Trigger::ResumeTrial];
            for from in row.from {
                let to = row.to.unwrap_or(*from);
                if from.is_valid() != to.is_valid() && !silent.contains(&row.trigger) {
                    assert!(!row.events.is_empty(), "{row:?}");
                }
            }
        }
    }

    fn triggers() -> impl Strategy<Value = Trigger> {
        proptest::sample::select(
            TRANSITIONS
                .iter()
                .map(|row| row.trigger)
                .collect::<Vec<_>>(),
        )
    }

    proptest! {
        #[test]
        fn no_walk_leaves_the_table(walk in proptest::collection::vec(triggers(), 0..40)) {
            let mut status = Status::Pending;
            let mut paid = false;
            for trigger in walk {
                match apply(status, trigger) {
                    Ok(made) => {
                        paid |= matches!(trigger, Trigger::Activate | Trigger::StartTrial);
                        status = made.to;
                    }
                    Err(refused) => prop_assert_eq!(refused.from, status),
                }
                // Nothing is given before a charge has succeeded.
                prop_assert!(paid || !status.is_valid());
            }
        }

        #[test]
        fn a_valid_subscription_always_has_something_due(
            status in proptest::sample::select(vec![Status::Trial, Status::Active]),
            announced: bool, cancel: bool, end in 0..i64::MAX / 2,
        ) {
            let schedule = Timetable {
                status, collecting: false, period_end: Timestamp::from_micros(end),
                unannounced_trial: (!announced).then_some(Timestamp::from_micros(0)),
                cancel_at_period_end: cancel, next_retry_at: None, grace_ends_at: None,
            };
            let (at, _) = schedule.next().unwrap();
            prop_assert!(at.micros() <= end);
        }
    }
}
