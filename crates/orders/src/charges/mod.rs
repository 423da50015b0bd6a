//! Buying credit: a charge is made, paid over the gateway or by transfer, and the credit is given once.
//!
//! Whatever is known of a payment goes through [`settle`]; [`reconcile`] asks the gateway about what nobody has reported.

mod gateway;
mod operator;
mod reconcile;
mod settle;
mod transfer;

pub use gateway::{PayForm, PayUni};
pub use reconcile::Reconciled;
pub use settle::Settled;
pub use transfer::Proof;

use crate::model::{
    Account, AccountId, ChargeId, ChargeStatus, ChargesConfig, OrganizationId, PaymentType,
    SessionHolder,
};
use crate::repo::charges::Charge;
use crate::repo::{accounts, profiles};
use crate::{Error, Orders, Result};
use catalogue::PlatformError;
use catalogue::platform::{Subject, SupportReason};
use files::FileId;
use httpkit::Reply;
use kernel::Timestamp;
use payuni::client::Method;
use serde::Serialize;
use std::ops::RangeInclusive;
use std::sync::Arc;
use store::idempotency::{self, Found, Key};
use store::{StoreError, Tx, params};

/// On whose behalf a charge is looked at or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The organization that gets the credit.
    Organization(OrganizationId),
    /// The person who made the charge.
    Account(AccountId),
}

impl Owner {
    fn check(self, charge: &Charge) -> Result<(), PlatformError> {
        match self {
            Self::Organization(id) if charge.organization_id != id => {
                Err(PlatformError::CreditChargeNotBelongOrganization)
            }
            Self::Account(id) if charge.account_id != Some(id) => {
                Err(PlatformError::CreditChargeNotBelongAccount)
            }
            Self::Organization(_) | Self::Account(_) => Ok(()),
        }
    }
}

/// A charge to be, its fields checked.
#[derive(Clone, Debug)]
pub struct NewCharge {
    /// Who gets the credit.
    pub organization: OrganizationId,
    /// The person who makes it; `None`: no person does.
    pub account: Option<AccountId>,
    /// Credits.
    pub quantity: i64,
    /// How it will be paid.
    pub payment_type: PaymentType,
    /// Where the payer's browser goes afterwards.
    pub return_url: Option<String>,
}

/// What became of a request to make a charge.
#[derive(Clone, Debug)]
pub enum Made {
    /// It was made now.
    Now(Box<Charge>),
    /// The request had been answered before.
    Before(Found),
}

/// A charge in the form in which the API shows it (`CreditChargeResponse`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChargeResponse {
    /// Its id.
    pub credit_charge_id: ChargeId,
    /// Its number for people.
    pub credit_charge_number: String,
    /// Who gets the credit.
    pub organization_id: OrganizationId,
    /// The person who made it.
    pub account_id: Option<AccountId>,
    /// Credits.
    pub quantity: i64,
    /// What they cost: whole TWD.
    pub total: i64,
    /// How it is paid.
    pub payment_type: PaymentType,
    /// How far it is.
    pub credit_charge_status: ChargeStatus,
    /// The gateway's number.
    pub pay_uni_trade_no: Option<String>,
    /// Where to transfer the total to, in words for people; of transfers only.
    pub bank_account: Option<String>,
    /// The last five digits of the bank account that the transfer came from.
    pub last_five: Option<String>,
    /// The proof of the transfer.
    pub file_id: Option<FileId>,
    /// Until when it can be paid.
    pub expire_date_time: Timestamp,
    /// When it was made.
    pub create_date_time: Timestamp,
    /// When its status last changed.
    pub update_date_time: Option<Timestamp>,
}

impl Orders {
    /// Makes a charge that waits to be paid.
    ///
    /// # Errors
    ///
    /// `credit_charge_payment_type_incorrect` when it is to be paid with credit, `contact_customer_service` when it is to be transferred and
    /// there is no account to transfer it to.
    pub async fn create_charge(&self, new: NewCharge) -> Result<Charge> {
        match self.create_charge_once(new, None).await? {
            Made::Now(charge) => Ok(*charge),
            Made::Before(_) => Err(Error::Failed("answered before without a key".into())),
        }
    }

    /// The same for a request with an idempotency key, whose answer is stored with the charge.
    pub async fn create_charge_once(&self, new: NewCharge, key: Option<Key>) -> Result<Made> {
        if new.payment_type == PaymentType::Credit {
            return Err(PlatformError::CreditChargePaymentTypeIncorrect.into());
        }
        let now = self.now();
        let config = &self.inner.config.charges;
        if new.payment_type == PaymentType::BankTransfer && config.bank_account.is_none() {
            let reason = SupportReason::NoBankAccount;
            return Err(PlatformError::ContactCustomerService { reason }.into());
        }
        let number = self.inner.numbers.next(self.db(), "CC", now).await?;
        let charge = Arc::new(Charge {
            credit_charge_id: self.new_id(now),
            organization_id: new.organization,
            account_id: new.account,
            credit_charge_number: number.to_string(),
            quantity: new.quantity,
            total: config.total(new.quantity),
            payment_type: new.payment_type,
            credit_charge_status: ChargeStatus::WaitPayment,
            return_url: new.return_url,
            pay_uni_trade_no: None,
            file_id: None,
            last_five: None,
            remitted_at: None,
            expires_at: now.plus(config.expire_after),
            created_at: now,
            updated_at: None,
            completed_at: None,
        });
        let row = Arc::clone(&charge);
        let reply = Reply::ok(&self.charge_response(&charge));
        let found: Option<Found> = self
            .db()
            .write(move |tx| {
                let reference = row.credit_charge_id.to_string();
                if let Some(key) = &key {
                    if let Some(found) = idempotency::claim(tx, key, Some(&reference), now)? {
                        return Ok(Some(found));
                    }
                    let body = String::from_utf8_lossy(&reply.body);
                    idempotency::answer(tx, key, reply.status.as_u16(), &body)?;
                }
                row.insert(tx)?;
                Ok::<_, Error>(None)
            })
            .await?;
        Ok(match found {
            Some(found) => Made::Before(found),
            None => Made::Now(Box::new(Arc::unwrap_or_clone(charge))),
        })
    }

    /// What credit costs and how it is paid for.
    pub fn charges_config(&self) -> &ChargesConfig {
        &self.inner.config.charges
    }

    /// How many credits can be paid for at once over the gateway.
    pub fn payable_quantities(&self) -> RangeInclusive<i64> {
        let gateway = self.inner.pay_uni.as_ref();
        let totals = gateway.map_or(Method::Card.amounts(), |gateway| gateway.totals());
        self.inner.config.charges.quantities(totals)
    }

    /// A charge as the API shows it.
    pub fn charge_response(&self, charge: &Charge) -> ChargeResponse {
        let transfer = charge.payment_type == PaymentType::BankTransfer;
        let bank_account = self.inner.config.charges.bank_account.clone();
        ChargeResponse {
            credit_charge_id: charge.credit_charge_id,
            credit_charge_number: charge.credit_charge_number.clone(),
            organization_id: charge.organization_id,
            account_id: charge.account_id,
            quantity: charge.quantity,
            total: charge.total,
            payment_type: charge.payment_type,
            credit_charge_status: charge.credit_charge_status,
            pay_uni_trade_no: charge.pay_uni_trade_no.clone(),
            bank_account: bank_account.filter(|_| transfer),
            last_five: charge.last_five.clone(),
            file_id: charge.file_id,
            expire_date_time: charge.expires_at,
            create_date_time: charge.created_at,
            update_date_time: charge.updated_at,
        }
    }

    /// The charge with this id, if it is the owner's.
    pub async fn charge(&self, owner: Owner, id: ChargeId) -> Result<Charge> {
        self.db()
            .read(move |tx| {
                let charge = Charge::first(tx, Charge::BY_ID, params![id])?.ok_or(NO_CHARGE)?;
                owner.check(&charge)?;
                Ok::<_, Error>(charge)
            })
            .await
    }

    /// The charge with this id, if it is of an organization that the account may act for.
    pub async fn charge_of_member(&self, who: SessionHolder, id: ChargeId) -> Result<Charge> {
        let find = move |tx: &mut Tx<'_>| Charge::first(tx, Charge::BY_ID, params![id]);
        let found: Result<_, StoreError> = self.db().read(find).await;
        let charge = found?.ok_or(NO_CHARGE)?;
        self.organization_of(who, charge.organization_id).await?;
        Ok(charge)
    }

    /// Gives a charge up that nobody has paid. Money that comes all the same is credited: it was paid.
    pub async fn cancel_charge(&self, owner: Owner, id: ChargeId) -> Result<Charge> {
        let now = self.now();
        self.db()
            .write(move |tx| {
                let mut charge = lock(tx, owner, id)?;
                waiting(&charge, now)?;
                charge.credit_charge_status = ChargeStatus::Cancel;
                charge.updated_at = Some(now);
                charge.save(tx)?;
                Ok::<_, Error>(charge)
            })
            .await
    }

    /// The newest charges of an organization.
    pub async fn charges_of(&self, organization: OrganizationId, most: i64) -> Result<Vec<Charge>> {
        let find =
            move |tx: &mut Tx<'_>| Charge::all(tx, Charge::NEWEST_OF, params![organization, most]);
        let found: Result<_, StoreError> = self.db().read(find).await;
        Ok(found?)
    }
}

const NO_CHARGE: PlatformError = PlatformError::DataNotExist {
    what: Subject::Charge,
};

/// The owner's charge; nobody else changes it until the transaction ends.
fn lock(tx: &mut Tx<'_>, owner: Owner, id: ChargeId) -> Result<Charge> {
    let charge = Charge::first(tx, Charge::LOCK, params![id])?.ok_or(NO_CHARGE)?;
    owner.check(&charge)?;
    if let Owner::Account(person) = owner {
        still_a_member(tx, person, charge.organization_id)?;
    }
    Ok(charge)
}

/// Who made a charge may have left the organization since.
fn still_a_member(tx: &mut Tx<'_>, person: AccountId, id: OrganizationId) -> Result<()> {
    let account = Account::first(tx, Account::BY_ID, params![person])?;
    let is_operator = account.is_some_and(|account| account.is_operator);
    if !is_operator && !accounts::is_member(tx, id, person)? {
        return Err(PlatformError::OrganizationNotBelongAccount.into());
    }
    let organization = profiles::find(tx, id)?;
    if organization.is_none_or(|organization| !organization.enable) {
        return Err(PlatformError::OrganizationDisable.into());
    }
    Ok(())
}

/// Whether a charge can still be paid or given up. What is overdue may not have been marked so yet.
fn waiting(charge: &Charge, now: Timestamp) -> Result<(), PlatformError> {
    let overdue = charge.expires_at <= now && charge.remitted_at.is_none();
    if charge.credit_charge_status != ChargeStatus::WaitPayment || overdue {
        return Err(PlatformError::CreditChargeStatusIncorrect);
    }
    Ok(())
}

fn of_type(charge: &Charge, payment_type: PaymentType) -> Result<(), PlatformError> {
    if charge.payment_type != payment_type {
        return Err(PlatformError::CreditChargePaymentTypeIncorrect);
    }
    Ok(())
}
