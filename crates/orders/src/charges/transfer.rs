//! Bank transfers: the proof that a person sends, and what the operator says of it.

use super::settle::{complete, credit};
use super::{NO_CHARGE, Owner, lock, of_type, waiting};
use crate::model::{ChargeId, ChargeStatus, NoticeOutcome, PaymentType, Via};
use crate::repo::charges::{Charge, Notice};
use crate::{Error, Orders, Result};
use catalogue::PlatformError;
use kernel::{Id, Timestamp};
use store::params;

impl Orders {
    /// Takes the proof of a transfer: the operator compares it with the bank's statement. A later one replaces it.
    pub async fn remit_charge(
        &self,
        owner: Owner,
        id: ChargeId,
        file_id: String,
        last_five: String,
    ) -> Result<Charge> {
        let now = self.now();
        self.db()
            .write(move |tx| {
                let mut charge = lock(tx, owner, id)?;
                of_type(&charge, PaymentType::BankTransfer)?;
                waiting(&charge, now)?;
                charge.file_id = Some(file_id.clone());
                charge.last_five = Some(last_five.clone());
                charge.remitted_at = Some(now);
                charge.updated_at = Some(now);
                charge.save(tx)?;
                Ok::<_, Error>(charge)
            })
            .await
    }

    /// The operator has seen the money of a transfer, whatever had become of the charge meanwhile.
    ///
    /// # Errors
    ///
    /// `credit_charge_status_incorrect` when the credit has been given already.
    pub async fn confirm_transfer(&self, id: ChargeId) -> Result<Charge> {
        let now = self.now();
        let number = self.credit_record_number(now).await?.to_string();
        let (notice, posting) = (self.new_id(now), self.new_id(now));
        self.db()
            .write(move |tx| {
                let charge = Charge::first(tx, Charge::LOCK, params![id])?;
                let mut charge = charge.ok_or(NO_CHARGE)?;
                of_type(&charge, PaymentType::BankTransfer)?;
                if charge.credit_charge_status == ChargeStatus::Complete {
                    return Err(PlatformError::CreditChargeStatusIncorrect.into());
                }
                complete(&mut charge, now);
                credit(tx, &charge, posting, &number, now)?;
                charge.save(tx)?;
                by_operator(notice, &charge, NoticeOutcome::Credited, now).insert(tx)?;
                Ok::<_, Error>(charge)
            })
            .await
    }

    /// The operator has not seen the money of a transfer, and it will not come.
    pub async fn reject_transfer(&self, id: ChargeId) -> Result<Charge> {
        let now = self.now();
        let notice = self.new_id(now);
        self.db()
            .write(move |tx| {
                let charge = Charge::first(tx, Charge::LOCK, params![id])?;
                let mut charge = charge.ok_or(NO_CHARGE)?;
                of_type(&charge, PaymentType::BankTransfer)?;
                if charge.credit_charge_status != ChargeStatus::WaitPayment {
                    return Err(PlatformError::CreditChargeStatusIncorrect.into());
                }
                charge.credit_charge_status = ChargeStatus::Fail;
                charge.updated_at = Some(now);
                charge.save(tx)?;
                by_operator(notice, &charge, NoticeOutcome::Ended, now).insert(tx)?;
                Ok::<_, Error>(charge)
            })
            .await
    }
}

fn by_operator(id: Id<Notice>, charge: &Charge, outcome: NoticeOutcome, now: Timestamp) -> Notice {
    Notice {
        notice_id: id,
        credit_charge_id: Some(charge.credit_charge_id),
        mer_trade_no: None,
        trade_no: None,
        via: Via::Operator,
        trade_status: None,
        amount: Some(charge.total),
        outcome,
        created_at: now,
    }
}
