//! Following orders until they have ended, and giving back what was not delivered.

use crate::dispatch::{Refund, end};
use crate::model::{OrderStatus, PaymentStatus, ProductType};
use crate::repo::orders::{self, Line};
use crate::supplier::{Progress, State, SupplierError};
use crate::{Orders, Result};
use kernel::{Credits, Timestamp};
use std::collections::HashMap;
use std::time::{Duration, Instant};
use store::Tx;
use tokio::task::JoinSet;

/// As many as suppliers take in one request.
pub const MOST_AT_ONCE: i64 = 100;
/// After so many requests, or so long, other jobs have their turn; well before the lease ends.
const MOST_ROUNDS: usize = 20;
const LONGEST_ROUND: Duration = Duration::from_secs(15);
/// An order that takes long is asked about less and less often, down to this.
const LONGEST_INTERVAL: Duration = Duration::from_secs(3600);

impl Orders {
    /// Asks the supplier about orders that are due, [`MOST_ROUNDS`] times as many as it takes at once
    /// at most; returns how many there were.
    pub async fn follow_due(&self) -> Result<usize> {
        let mut followed = 0;
        let started = Instant::now();
        for _ in 0..MOST_ROUNDS {
            if started.elapsed() > LONGEST_ROUND {
                break;
            }
            let now = self.now();
            let lines: Vec<Line> = self
                .db()
                .read(move |tx| orders::lines_to_check(tx, now, MOST_AT_ONCE))
                .await?;
            if lines.is_empty() {
                break;
            }
            followed += lines.len();
            let numbers: Vec<String> = lines
                .iter()
                .filter_map(|l| l.supplier_order.clone())
                .collect();
            let answers = self.supplier().status(&numbers).await;
            let mut answers = answers.unwrap_or_else(|error| {
                tracing::warn!(%error, "the supplier did not say how far orders are");
                HashMap::new()
            });
            // At once, so that their commits can be shared.
            let mut applying = JoinSet::new();
            for line in lines {
                let answer = line.supplier_order.as_ref().and_then(|n| answers.remove(n));
                let orders = self.clone();
                applying.spawn(async move { orders.apply(line, answer).await });
            }
            for applied in applying.join_all().await {
                if let Err(error) = applied {
                    tracing::error!(?error, "writing down how far an order is failed");
                }
            }
        }
        Ok(followed)
    }

    /// Asks how far one order is.
    pub(crate) async fn follow_one(&self, line: Line) -> Result<()> {
        let Some(number) = line.supplier_order.clone() else {
            return Ok(());
        };
        let answers = self.supplier().status(std::slice::from_ref(&number)).await;
        let answer = answers.unwrap_or_default().remove(&number);
        self.apply(line, answer).await.map(drop)
    }

    /// Writes down what the supplier said of one order. Returns the refusal, if it was one.
    pub(crate) async fn apply(
        &self,
        line: Line,
        answer: Option<Result<Progress, SupplierError>>,
    ) -> Result<Option<SupplierError>> {
        let now = self.now();
        let check_at = now.plus(self.interval(line.checked_times));
        let progress = match answer {
            Some(Ok(progress)) => progress,
            Some(Err(error)) => {
                tracing::warn!(order = %line.order, %error, "the supplier's word on an order");
                self.check_later(line, check_at).await?;
                return Ok(Some(error));
            }
            None => {
                self.check_later(line, check_at).await?;
                return Ok(None);
            }
        };
        let outcome = Outcome::of(&line, &progress);
        let refund = match outcome.refund {
            Some(amount) => Some(Refund {
                posting: self.new_id(now),
                number: self.credit_record_number(now).await?,
                amount,
            }),
            None => None,
        };
        self.db()
            .write(move |tx| {
                record(
                    tx,
                    &line,
                    &progress,
                    outcome,
                    refund.as_ref(),
                    check_at,
                    now,
                )
            })
            .await?;
        Ok(None)
    }

    async fn check_later(&self, line: Line, at: Timestamp) -> Result<()> {
        Ok(self
            .db()
            .write(move |tx| orders::set_check(tx, &line, at))
            .await?)
    }

    fn interval(&self, checked_times: i64) -> Duration {
        let first = self.inner.config.follow_interval;
        // Doubles every eight checks.
        let doublings = u32::try_from(checked_times / 8).unwrap_or(u32::MAX).min(16);
        first
            .saturating_mul(1 << doublings)
            .min(LONGEST_INTERVAL.max(first))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Outcome {
    status: OrderStatus,
    refund: Option<Credits>,
}

impl Outcome {
    /// What a state of the supplier's means for the order. A partial delivery costs what the units
    /// delivered cost; a cancelled order costs nothing. A subscription is completed when it expires,
    /// which may leave posts that never came: they are a partial delivery too.
    fn of(line: &Line, progress: &Progress) -> Self {
        let remains = progress.remains.unwrap_or(0).clamp(0, line.units);
        let expired = line.detail.product_type == ProductType::Ch2Subscriptions && remains > 0;
        let (status, refund) = match progress.state {
            State::Pending => (OrderStatus::Establish, None),
            State::Processing => (OrderStatus::Processing, None),
            State::InProgress => (OrderStatus::InProgress, None),
            State::Completed if !expired => (OrderStatus::Complete, None),
            State::Canceled => (OrderStatus::Cancel, Some(line.detail.subtotal)),
            State::Completed | State::Partial => {
                let owed = line.detail.price.total(line.units - remains);
                let refund = line.detail.subtotal.minus(owed).unwrap_or(Credits::ZERO);
                (OrderStatus::Partial, Some(refund.max(Credits::ZERO)))
            }
        };
        Self { status, refund }
    }
}

fn record(
    tx: &mut Tx<'_>,
    line: &Line,
    progress: &Progress,
    outcome: Outcome,
    refund: Option<&Refund>,
    check_at: Timestamp,
    now: Timestamp,
) -> Result<()> {
    let remains = match outcome.status {
        OrderStatus::Complete => Some(0),
        _ => progress.remains.map(|n| n.clamp(0, line.units)),
    };
    let check_at = (!outcome.status.has_ended()).then_some(check_at);
    orders::set_progress(tx, line, progress.start_count, remains, check_at)?;
    if outcome.status.has_ended() {
        end(tx, line, outcome.status, refund, now)?;
    } else {
        let (organization, order) = (line.organization, line.order);
        orders::set_status(
            tx,
            organization,
            order,
            outcome.status,
            PaymentStatus::Complete,
            now,
        )?;
    }
    Ok(())
}
