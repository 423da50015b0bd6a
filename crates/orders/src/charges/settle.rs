//! What becomes of a charge when somebody reports about a payment. Whoever comes second changes nothing.

use super::gateway::Notified;
use crate::model::{ChargeStatus, NoticeOutcome, Report, TradeState, Verdict, Via};
use crate::repo::charges::{Charge, Notice, Trade};
use crate::repo::organizations::account_of;
use crate::{Error, Orders, Result};
use catalogue::PlatformError;
use catalogue::platform::Credential;
use kernel::{Credits, Id, Timestamp};
use ledger::{Posting, PostingId, PostingKind};
use std::sync::Arc;
use store::{StoreError, Tx, params};

/// Reports that change nothing are written down so often a minute: whoever has seen one can send it again and again.
const REPEATS_KEPT: u32 = 60;

/// What came of a report about a trade of ours.
#[derive(Clone, Debug)]
pub struct Settled {
    /// The charge as it is now.
    pub charge: Charge,
    /// What came of the report.
    pub outcome: NoticeOutcome,
}

/// What the transaction needs; made outside of it, so that it can be run again.
struct Draft {
    report: Report,
    via: Via,
    notice: Id<Notice>,
    posting: PostingId,
    record_number: String,
    /// Whether it is written down when it changes nothing.
    keep_repeats: bool,
    now: Timestamp,
}

impl Orders {
    /// Takes a notice of the gateway, as its server or the payer's browser posted it. `Ok(None)`: it was made with the shop's keys, and
    /// is not about a trade.
    ///
    /// # Errors
    ///
    /// `token_validation_failed` when it was not made with the shop's keys, `pay_uni_order_not_found` when its trade is none of ours.
    pub async fn take_notice(&self, body: &[u8], via: Via) -> Result<Option<Settled>> {
        let read = self
            .inner
            .pay_uni
            .as_ref()
            .and_then(|gateway| gateway.read(body));
        match read {
            Some(Notified::Trade(report)) => Ok(Some(self.settle(report, via).await?)),
            Some(Notified::Invoice {
                mer_trade_no,
                notice,
            }) => {
                self.take_invoice_notice(&mer_trade_no, notice).await?;
                Ok(None)
            }
            Some(Notified::NoTrade) => Ok(None),
            None => {
                self.note(None, via, NoticeOutcome::Forged).await?;
                Err(PlatformError::TokenValidationFailed {
                    what: Credential::NoticeHash,
                }
                .into())
            }
        }
    }

    /// Does what follows from a report, in one transaction: the credit is given once for a charge, for the first payment of its exact
    /// amount; what else is paid is kept to be given back.
    ///
    /// # Errors
    ///
    /// `pay_uni_order_not_found` when the trade is none of ours.
    pub(super) async fn settle(&self, report: Report, via: Via) -> Result<Settled> {
        let now = self.now();
        let number = self.credit_record_number(now).await?;
        let draft = Arc::new(Draft {
            notice: self.new_id(now),
            posting: self.new_id(now),
            record_number: number.to_string(),
            keep_repeats: self.keeps_repeats(now).await?,
            report,
            via,
            now,
        });
        let settled = {
            let draft = Arc::clone(&draft);
            self.db().write(move |tx| settle(tx, &draft)).await
        };
        if matches!(&settled, Ok(None)) {
            self.inner.numbers.give_back(number).await;
            let mer_trade_no = draft.report.mer_trade_no.as_str();
            self.note(Some(mer_trade_no), via, NoticeOutcome::UnknownTrade)
                .await?;
        } else if let Ok(Some(settled)) = &settled {
            if settled.outcome != NoticeOutcome::Credited {
                self.inner.numbers.give_back(number).await;
            }
            tell_operator(settled, &draft.report);
        }
        settled?.ok_or(PlatformError::PayUniOrderNotFound.into())
    }

    async fn keeps_repeats(&self, now: Timestamp) -> Result<bool, StoreError> {
        let quotas = &self.inner.quotas;
        let taken = quotas.take(self.db(), "charges.notices", REPEATS_KEPT, now);
        Ok(taken.await?.is_ok())
    }

    /// Writes down a report that is about no charge.
    async fn note(
        &self,
        mer_trade_no: Option<&str>,
        via: Via,
        outcome: NoticeOutcome,
    ) -> Result<()> {
        tracing::warn!(
            mer_trade_no,
            via = via.name(),
            outcome = outcome.name(),
            "a payment notice was refused"
        );
        let now = self.now();
        if !self.keeps_repeats(now).await? {
            return Ok(());
        }
        let notice = Notice {
            notice_id: self.new_id(now),
            credit_charge_id: None,
            mer_trade_no: mer_trade_no.map(|number| number.chars().take(64).collect()),
            trade_no: None,
            via,
            trade_status: None,
            amount: None,
            outcome,
            created_at: now,
        };
        let kept: Result<(), StoreError> = self.db().write(move |tx| notice.insert(tx)).await;
        Ok(kept?)
    }
}

/// The transaction. `None`: the trade is none of ours.
fn settle(tx: &mut Tx<'_>, draft: &Draft) -> Result<Option<Settled>> {
    let Draft { report, now, .. } = draft;
    let number = report.mer_trade_no.as_str();
    let Some(trade) = Trade::first(tx, Trade::BY_NUMBER, params![number])? else {
        return Ok(None);
    };
    let id = trade.credit_charge_id;
    // What is read before the lock may have changed until it is held.
    let charge = Charge::first(tx, Charge::LOCK, params![id])?;
    let trades = Trade::all(tx, Trade::OF_CHARGE, params![id])?;
    let mut charge = charge.ok_or_else(|| Error::Failed("the trade's charge is gone".into()))?;
    let (mut own, others): (Vec<_>, Vec<_>) =
        trades.into_iter().partition(|t| t.mer_trade_no == number);
    let mut trade = own.pop().unwrap_or(trade);
    let before = (charge.clone(), trade.clone());
    let outcome = if report.is_another_payment_of(&trade) {
        let known = |number: &str| others.iter().any(|t| t.mer_trade_no == number);
        let exact = report.amount == Some(trade.amount);
        if exact && trade.trade_state == TradeState::Mismatch {
            // The credit is given for this one; what was paid before stays to be given back.
            let earlier = aside(&trade);
            if !known(&earlier.mer_trade_no) {
                earlier.insert(tx)?;
            }
            trade.trade_state = TradeState::Open;
            trade.handled_at = None;
            apply(&mut charge, &mut trade, true, report, *now)
        } else {
            let outcome = if exact {
                (TradeState::Surplus, NoticeOutcome::Surplus)
            } else {
                (TradeState::Mismatch, NoticeOutcome::Mismatch)
            };
            let second = aside(&Trade {
                trade_state: outcome.0,
                trade_no: report.trade_no.clone(),
                paid_amount: report.amount,
                decided_at: Some(*now),
                handled_at: None,
                ..trade.clone()
            });
            if known(&second.mer_trade_no) {
                NoticeOutcome::Repeated
            } else {
                second.insert(tx)?;
                outcome.1
            }
        }
    } else {
        let open = others.iter().any(|t| t.trade_state == TradeState::Open);
        apply(&mut charge, &mut trade, open, report, *now)
    };
    if outcome == NoticeOutcome::Credited {
        credit(tx, &charge, draft.posting, &draft.record_number, *now)?;
    }
    if charge != before.0 {
        charge.save(tx)?;
    }
    if trade != before.1 {
        trade.save(tx)?;
    }
    if changes_something(outcome) || draft.keep_repeats {
        let notice = Notice {
            notice_id: draft.notice,
            credit_charge_id: Some(id),
            mer_trade_no: Some(trade.mer_trade_no),
            trade_no: report.trade_no.clone(),
            via: draft.via,
            trade_status: report.trade_status.clone(),
            amount: report.amount,
            outcome,
            created_at: *now,
        };
        notice.insert(tx)?;
    }
    Ok(Some(Settled { charge, outcome }))
}

const fn changes_something(outcome: NoticeOutcome) -> bool {
    matches!(
        outcome,
        NoticeOutcome::Credited
            | NoticeOutcome::Surplus
            | NoticeOutcome::Mismatch
            | NoticeOutcome::Ended
    )
}

/// The rule: what a report about a trade makes of it and of its charge. `others_open`: whether another attempt may still be paid.
fn apply(
    charge: &mut Charge,
    trade: &mut Trade,
    others_open: bool,
    report: &Report,
    now: Timestamp,
) -> NoticeOutcome {
    let is_paid = matches!(trade.trade_state, TradeState::Paid | TradeState::Surplus);
    match report.verdict {
        _ if is_paid => NoticeOutcome::Repeated,
        Verdict::Paid if report.amount == Some(trade.amount) => {
            name(charge, trade, report);
            trade.paid_amount = report.amount;
            trade.decided_at = Some(now);
            trade.check_at = None;
            if charge.credit_charge_status == ChargeStatus::Complete {
                trade.trade_state = TradeState::Surplus;
                return NoticeOutcome::Surplus;
            }
            trade.trade_state = TradeState::Paid;
            complete(charge, now);
            NoticeOutcome::Credited
        }
        Verdict::Paid => {
            let told_before =
                trade.trade_state == TradeState::Mismatch && trade.paid_amount == report.amount;
            if told_before {
                return NoticeOutcome::Repeated;
            }
            name(charge, trade, report);
            trade.trade_state = TradeState::Mismatch;
            trade.paid_amount = report.amount;
            trade.handled_at = None;
            NoticeOutcome::Mismatch
        }
        Verdict::Ended(status) if trade.trade_state == TradeState::Open => {
            name(charge, trade, report);
            trade.trade_state = match status {
                ChargeStatus::Cancel => TradeState::Cancel,
                ChargeStatus::Expire => TradeState::Expire,
                ChargeStatus::Fail | ChargeStatus::WaitPayment | ChargeStatus::Complete => {
                    TradeState::Fail
                }
            };
            trade.decided_at = Some(now);
            trade.check_at = None;
            if charge.credit_charge_status == ChargeStatus::WaitPayment && !others_open {
                charge.credit_charge_status = status;
                charge.updated_at = Some(now);
            }
            NoticeOutcome::Ended
        }
        Verdict::Ended(_) => NoticeOutcome::Repeated,
        Verdict::Pending => {
            if trade.trade_state == TradeState::Open {
                name(charge, trade, report);
            }
            NoticeOutcome::Pending
        }
        Verdict::Undecided => {
            // The gateway knows better.
            if trade.trade_state == TradeState::Open {
                trade.check_at = trade.check_at.map(|at| at.min(now));
            }
            NoticeOutcome::Undecided
        }
    }
}

/// Keeps the gateway's number, which people name at its console. The one that paid stays.
fn name(charge: &mut Charge, trade: &mut Trade, report: &Report) {
    if report.trade_no.is_none() {
        return;
    }
    trade.trade_no.clone_from(&report.trade_no);
    if charge.credit_charge_status != ChargeStatus::Complete {
        charge.pay_uni_trade_no.clone_from(&report.trade_no);
    }
}

pub(super) fn complete(charge: &mut Charge, now: Timestamp) {
    charge.credit_charge_status = ChargeStatus::Complete;
    charge.updated_at = Some(now);
    charge.completed_at = Some(now);
}

impl Report {
    /// Whether the gateway took money another time under one number.
    fn is_another_payment_of(&self, trade: &Trade) -> bool {
        let has_money = matches!(
            trade.trade_state,
            TradeState::Paid | TradeState::Surplus | TradeState::Mismatch
        );
        has_money
            && self.verdict == Verdict::Paid
            && self.trade_no.is_some()
            && self.trade_no != trade.trade_no
    }
}

/// A row of its own for one of several payments under one number; nobody asks about it any more.
fn aside(trade: &Trade) -> Trade {
    let trade_no = trade.trade_no.as_deref().unwrap_or_default();
    Trade {
        mer_trade_no: format!("{}#{trade_no}", trade.mer_trade_no),
        check_at: None,
        ..trade.clone()
    }
}

/// Gives the credit of a charge. The ledger takes one posting for a charge, whoever tries.
pub(super) fn credit(
    tx: &mut Tx<'_>,
    charge: &Charge,
    posting: PostingId,
    record_number: &str,
    now: Timestamp,
) -> Result<()> {
    let posting = Posting {
        id: posting,
        account: account_of(charge.organization_id),
        number: record_number,
        amount: Credits::new(charge.quantity),
        kind: PostingKind::Charge,
        reference: &charge.credit_charge_id.to_string(),
    };
    ledger::post(tx, &posting, now)?;
    Ok(())
}

fn tell_operator(settled: &Settled, report: &Report) {
    let charge = &settled.charge.credit_charge_number;
    let (trade, amount) = (&report.mer_trade_no, report.amount);
    match settled.outcome {
        NoticeOutcome::Surplus => {
            tracing::warn!(%charge, %trade, amount, "paid a second time: give this payment back");
        }
        NoticeOutcome::Mismatch => {
            tracing::warn!(%charge, %trade, amount, "paid another amount: no credit was given for it");
        }
        NoticeOutcome::Credited => tracing::info!(%charge, %trade, "a charge was paid"),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
