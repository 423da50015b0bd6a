//! A circuit breaker: an upstream that keeps failing is left alone for a while.

use kernel::Timestamp;
use std::time::Duration;

/// Lets calls through until several in a row have failed, then none for a while, then one that decides.
#[derive(Debug)]
pub struct Breaker {
    failures: u32,
    pause: Duration,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Calls go through; so many have failed since the last that did not.
    Closed { failed: u32 },
    /// None goes through before this time. Then one does, and there is a time again: should that one never be heard
    /// of, the next goes through.
    Open { until: Timestamp },
}

/// A call that went through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// One of many.
    Usual,
    /// The one that decides.
    Probe,
}

impl Breaker {
    /// Opens after so many `failures` in a row, for a `pause`.
    pub const fn new(failures: u32, pause: Duration) -> Self {
        Self {
            failures,
            pause,
            state: State::Closed { failed: 0 },
        }
    }

    /// Whether a call may be made now. What became of it is to be told by [`Self::report`].
    pub fn admit(&mut self, now: Timestamp) -> Option<Admitted> {
        match self.state {
            State::Closed { .. } => Some(Admitted::Usual),
            State::Open { until } if until <= now => {
                self.open(now);
                Some(Admitted::Probe)
            }
            State::Open { .. } => None,
        }
    }

    /// Tells whether an admitted call reached the upstream.
    pub fn report(&mut self, admitted: Admitted, reached: bool, now: Timestamp) {
        match (self.state, admitted) {
            (State::Closed { .. }, _) | (State::Open { .. }, Admitted::Probe) if reached => {
                self.state = State::Closed { failed: 0 };
            }
            (State::Closed { failed }, _) => {
                let failed = failed.saturating_add(1);
                self.state = State::Closed { failed };
                if failed >= self.failures {
                    self.open(now);
                }
            }
            (State::Open { .. }, Admitted::Probe) => self.open(now),
            // Begun before it opened: too old to decide.
            (State::Open { .. }, Admitted::Usual) => {}
        }
    }

    fn open(&mut self, now: Timestamp) {
        self.state = State::Open {
            until: now.plus(self.pause),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PAUSE: Duration = Duration::from_secs(5);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn opened() -> Breaker {
        let mut breaker = Breaker::new(3, PAUSE);
        for _ in 0..3 {
            assert_eq!(breaker.admit(at(0)), Some(Admitted::Usual));
            breaker.report(Admitted::Usual, false, at(0));
        }
        breaker
    }

    #[test]
    fn it_opens_after_failures_in_a_row_only() {
        let mut breaker = Breaker::new(3, PAUSE);
        for reached in [false, false, true, false, false] {
            breaker.report(Admitted::Usual, reached, at(0));
            assert_eq!(breaker.admit(at(0)), Some(Admitted::Usual));
        }
        breaker.report(Admitted::Usual, false, at(0));
        assert_eq!(breaker.admit(at(0)), None);
        assert_eq!(breaker.admit(at(4)), None);
    }

    #[test]
    fn one_probe_goes_through_after_the_pause_and_decides() {
        let mut breaker = opened();
        assert_eq!(breaker.admit(at(5)), Some(Admitted::Probe));
        assert_eq!(breaker.admit(at(5)), None, "one only");
        breaker.report(Admitted::Probe, false, at(6));
        assert_eq!(breaker.admit(at(10)), None, "it rests again");
        assert_eq!(breaker.admit(at(11)), Some(Admitted::Probe));
        breaker.report(Admitted::Probe, true, at(11));
        assert_eq!(breaker.admit(at(11)), Some(Admitted::Usual));
        breaker.report(Admitted::Usual, false, at(11));
        assert_eq!(breaker.admit(at(11)), Some(Admitted::Usual), "counts anew");
    }

    #[test]
    fn a_probe_that_is_never_heard_of_blocks_nothing_for_ever() {
        let mut breaker = opened();
        assert_eq!(breaker.admit(at(5)), Some(Admitted::Probe));
        assert_eq!(breaker.admit(at(9)), None);
        assert_eq!(breaker.admit(at(10)), Some(Admitted::Probe));
    }

    #[test]
    fn stragglers_neither_close_nor_prolong() {
        let mut breaker = opened();
        breaker.report(Admitted::Usual, true, at(1));
        assert_eq!(breaker.admit(at(1)), None);
        breaker.report(Admitted::Usual, false, at(4));
        assert_eq!(breaker.admit(at(5)), Some(Admitted::Probe));
    }

    proptest! {
        /// A dead upstream is called `failures` times, then at most once a pause.
        #[test]
        fn a_dead_upstream_is_cheap(failures in 1_u32..8, steps in prop::collection::vec(0_i64..4, 1..200)) {
            let mut breaker = Breaker::new(failures, PAUSE);
            let (mut now, mut called) = (0, 0_i64);
            for step in steps {
                now += step;
                if let Some(admitted) = breaker.admit(at(now)) {
                    called += 1;
                    breaker.report(admitted, false, at(now));
                }
            }
            prop_assert!(called <= i64::from(failures) + now / 5);
        }
    }
}
