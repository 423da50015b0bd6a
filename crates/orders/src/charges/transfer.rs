//! Bank transfers: the proof that a person sends, and what the operator says of it.

use super::settle::{complete, credit};
use super::{NO_CHARGE, Owner, lock, of_type, waiting};
use crate::model::{ChargeId, ChargeStatus, NoticeOutcome, PaymentType, Via};
use crate::repo::charges::{Charge, Notice};
use crate::uploads::{Named, attach, not_temporary, not_there};
use crate::{Error, Orders, Result};
use catalogue::PlatformError;
use files::{File, FileId};
use kernel::{Id, Timestamp};
use store::params;

/// What shows that money was transferred.
#[derive(Clone, Debug)]
pub struct Proof {
    /// A picture of it, or whatever else the bank gave out.
    pub file_id: FileId,
    /// The last five digits of the bank account that it came from.
    pub last_five: String,
}

impl Orders {
    /// Takes the proof of a transfer: the operator compares it with the bank's statement. A later one replaces it.
    ///
    /// # Errors
    ///
    /// `file_type_must_be_temp` of `file_id` when the file is attached to something, `data_not_exist` when the organization of the charge
    /// has no such file.
    pub async fn remit_charge(&self, owner: Owner, id: ChargeId, proof: Proof) -> Result<Charge> {
        let organization = match owner {
            Owner::Organization(id) => id,
            Owner::Account(_) => self.charge(owner, id).await?.organization_id,
        };
        let holder = files::Owner::organization(organization);
        let file = self.named_file(holder, proof.file_id).await?;
        if file == Named::Attached {
            return Err(PlatformError::fields(vec![not_temporary("file_id")]).into());
        }
        let now = self.now();
        self.db()
            .write(move |tx| {
                let mut charge = lock(tx, owner, id)?;
                if file == Named::NotThere {
                    return Err(not_there().into());
                }
                of_type(&charge, PaymentType::BankTransfer)?;
                waiting(&charge, now)?;
                attach(tx, holder, "file_id", proof.file_id, &id.to_string(), now)?;
                if let Some(replaced) = charge.file_id.replace(proof.file_id) {
                    File::let_go(tx, holder, replaced, now)?;
                }
                charge.last_five = Some(proof.last_five.clone());
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
