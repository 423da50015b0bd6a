//! How far an order is: a pure function of the order and the time.

use super::order::{Fate, Order, Task};
use kernel::Timestamp;
use std::fmt;
use std::time::Duration;

/// How fast the supplier delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// From an order until delivery starts; until then it is pending.
    pub start_after: Duration,
    /// How long 1000 units take.
    pub per_1000: Duration,
    /// How often an account with a subscription posts something.
    pub post_every: Duration,
}

impl Default for Delivery {
    /// Starts after 30 seconds, delivers 1000 units a minute; accounts post hourly.
    fn default() -> Self {
        Self {
            start_after: Duration::from_secs(30),
            per_1000: Duration::from_secs(60),
            post_every: Duration::from_secs(3600),
        }
    }
}

/// The states of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Not started.
    Pending,
    /// Being delivered.
    InProgress,
    /// Over: delivered, or a subscription that has expired.
    Completed,
    /// Over, with only a part delivered.
    Partial,
    /// Over, with nothing delivered.
    Canceled,
}

impl Status {
    /// Whether anything is still to come.
    pub const fn is_running(self) -> bool {
        matches!(self, Self::Pending | Self::InProgress)
    }
}

impl fmt::Display for Status {
    /// The protocol's word.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pending => "Pending",
            Self::InProgress => "In progress",
            Self::Completed => "Completed",
            Self::Partial => "Partial",
            Self::Canceled => "Canceled",
        })
    }
}

/// How far an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub status: Status,
    pub delivered: i64,
    pub total: i64,
}

impl Progress {
    pub const fn remains(self) -> i64 {
        self.total - self.delivered
    }

    /// For how many units the supplier charges.
    pub const fn charged(self) -> i64 {
        if self.status.is_running() {
            self.total
        } else {
            self.delivered
        }
    }
}

/// How far `order` is at `now`.
pub fn progress(order: &Order, delivery: &Delivery, now: Timestamp) -> Progress {
    let total = order.task.total();
    let expires = order.task.subscription.and_then(|s| s.expires_at);
    let expired = expires.is_some_and(|at| at <= now);
    let stopped = order
        .stopped_at
        .is_some_and(|at| at <= now && expires.is_none_or(|expiry| at < expiry));
    let until = [order.stopped_at, expires]
        .into_iter()
        .flatten()
        .fold(now, Timestamp::min);
    let elapsed = until.since(order.created_at);

    let started = micros(elapsed) >= micros(delivery.start_after);
    let most = match order.fate {
        Fate::Normal | Fate::Forgotten => total,
        Fate::Partial => total / 2,
        Fate::Canceled | Fate::Never => 0,
    };
    let delivered = delivered(&order.task, delivery, elapsed).min(most);
    let status = if stopped && delivered == 0 {
        Status::Canceled
    } else if order.fate == Fate::Never || !(started || expired) {
        Status::Pending
    } else if order.fate == Fate::Canceled {
        Status::Canceled
    } else if delivered == total {
        Status::Completed
    } else if stopped || delivered == most {
        Status::Partial
    } else if expired {
        Status::Completed
    } else {
        Status::InProgress
    };
    Progress {
        status,
        delivered,
        total,
    }
}

fn delivered(task: &Task, delivery: &Delivery, elapsed: Duration) -> i64 {
    let start = micros(delivery.start_after);
    let waves = match task.subscription {
        None => [
            Wave {
                first: start,
                every: minutes(task.interval_minutes),
                count: task.runs.into(),
            },
            Wave::default(),
        ],
        Some(subscription) => {
            let first = start + minutes(subscription.delay_minutes);
            let every = micros(delivery.post_every);
            [
                Wave {
                    first,
                    every: 0,
                    count: subscription.old_posts.into(),
                },
                Wave {
                    first: first + every,
                    every,
                    count: task.runs.into(),
                },
            ]
        }
    };
    let units = waves
        .iter()
        .map(|wave| wave.delivered(task.quantity.into(), delivery, micros(elapsed)))
        .sum::<i128>();
    i64::try_from(units).unwrap_or(i64::MAX)
}

/// Runs that start at equal distances and deliver the same quantity each. Times in microseconds.
#[derive(Clone, Copy, Default)]
struct Wave {
    first: i128,
    every: i128,
    count: i128,
}

impl Wave {
    fn started(&self, elapsed: i128) -> i128 {
        let since = elapsed - self.first;
        match since.checked_div(self.every) {
            _ if since < 0 => 0,
            None => self.count,
            Some(later) => (later + 1).min(self.count),
        }
    }

    /// There may be millions of runs under way at a time, so they are not counted one by one.
    fn delivered(&self, quantity: i128, delivery: &Delivery, elapsed: i128) -> i128 {
        let started = self.started(elapsed);
        let per_1000 = micros(delivery.per_1000);
        if per_1000 == 0 {
            return started * quantity;
        }
        let one_run = quantity * per_1000;
        let finished = self.started(elapsed - (one_run + 999) / 1000);
        let running = started - finished;
        let sum_of_numbers = (finished + started - 1) * running / 2;
        let time_spent = running * (elapsed - self.first) - self.every * sum_of_numbers;
        (finished * one_run + 1000 * time_spent) / per_1000
    }
}

fn minutes(minutes: i64) -> i128 {
    i128::from(minutes) * 60_000_000
}

/// At most a thousand years: beyond that the products above could overflow.
fn micros(duration: Duration) -> i128 {
    const LONGEST: Duration = Duration::from_secs(1000 * 366 * 86_400);
    i128::try_from(duration.min(LONGEST).as_micros()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::order::{MOST_RUNS, MOST_UNITS, Subscription};
    use super::*;
    use proptest::prelude::*;

    const DAY: i64 = 86_400_000_000;

    fn durations() -> impl Strategy<Value = Duration> {
        prop_oneof![
            Just(Duration::ZERO),
            (0..100_000u64).prop_map(Duration::from_secs),
            (0..1_000_000_000u64).prop_map(Duration::from_micros),
            Just(Duration::MAX),
        ]
    }

    fn times() -> impl Strategy<Value = i64> {
        prop_oneof![0..DAY, 0..400 * DAY, Just(i64::MAX)]
    }

    fn orders() -> impl Strategy<Value = Order> {
        let subscription = (0..=MOST_RUNS, 0..=600i64, proptest::option::of(times())).prop_map(
            |(old_posts, delay_minutes, expires)| Subscription {
                old_posts,
                delay_minutes,
                expires_at: expires.map(Timestamp::from_micros),
            },
        );
        (
            prop_oneof![1..100i64, 1..=MOST_UNITS],
            prop_oneof![1..10i64, 1..=MOST_RUNS],
            prop_oneof![Just(0), 1..100i64, 1..=MOST_RUNS],
            proptest::option::of(subscription),
            proptest::option::of(times()),
            proptest::sample::select(vec![
                Fate::Normal,
                Fate::Partial,
                Fate::Canceled,
                Fate::Never,
            ]),
        )
            .prop_map(
                |(quantity, runs, interval_minutes, subscription, stopped, fate)| Order {
                    fate,
                    stopped_at: stopped.map(Timestamp::from_micros),
                    task: Task {
                        quantity,
                        runs,
                        interval_minutes,
                        subscription,
                        ..Task::default()
                    },
                    ..Order::example()
                },
            )
    }

    fn deliveries() -> impl Strategy<Value = Delivery> {
        (durations(), durations(), durations()).prop_map(|(start_after, per_1000, post_every)| {
            Delivery {
                start_after,
                per_1000,
                post_every,
            }
        })
    }

    proptest! {
        #[test]
        fn progress_never_goes_back_nor_too_far(
            order in orders(),
            delivery in deliveries(),
            mut moments in proptest::collection::vec(times(), 2..20),
        ) {
            moments.sort_unstable();
            let mut before = progress(&order, &delivery, Timestamp::from_micros(0));
            for moment in moments {
                let now = progress(&order, &delivery, Timestamp::from_micros(moment));
                prop_assert!(now.delivered >= before.delivered, "{before:?} {now:?}");
                prop_assert!((0..=now.total).contains(&now.delivered), "{now:?}");
                prop_assert!(before.status.is_running() || now == before, "{before:?} {now:?}");
                prop_assert!(now.status != Status::Pending || now.delivered == 0, "{now:?}");
                before = now;
            }
        }

        #[test]
        fn the_sum_over_runs_is_right(
            quantity in 1..50i64,
            runs in 1..20i64,
            interval_minutes in 0..5i64,
            per_1000 in 1..10_000u64,
            seconds in 0..6000u64,
        ) {
            let delivery = Delivery {
                start_after: Duration::ZERO,
                per_1000: Duration::from_secs(per_1000),
                post_every: Duration::ZERO,
            };
            let task = Task { quantity, runs, interval_minutes, ..Task::default() };
            // In thousandths of a unit and seconds, run by run.
            let each = (0..runs).map(|run| {
                let spent = (i64::try_from(seconds).unwrap() - run * interval_minutes * 60).max(0);
                (spent * 1000).min(quantity * i64::try_from(per_1000).unwrap())
            });
            let expected = each.sum::<i64>() / i64::try_from(per_1000).unwrap();
            prop_assert_eq!(
                delivered(&task, &delivery, Duration::from_secs(seconds)),
                expected
            );
        }
    }
}
