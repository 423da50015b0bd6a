//! Customers and their credits.

use crate::checkout::Identify;
use crate::model::{AccountId, Buyer, CustomerId, CustomerStatus, EventKind, email_key};
use crate::repo::Customer;
use crate::work::Work;
use crate::{Result, events};
use catalogue::recur::{Resource, StateRefusal};
use kernel::{Credits, Id};
use ledger::{LedgerError, Posting, PostingKind};
use store::record::Json;
use store::{StoreError, Tx, params};

/// The customer that a buyer is: by the merchant's own id first, by address otherwise.
pub(crate) fn recognize(
    tx: &mut Tx<'_>,
    account: AccountId,
    buyer: &Buyer,
) -> Result<Option<Customer>, StoreError> {
    if let Some(external_id) = &buyer.external_id
        && let Some(found) =
            Customer::first(tx, Customer::BY_EXTERNAL_ID, params![external_id, account])?
    {
        return Ok(Some(found));
    }
    match &buyer.email {
        Some(email) => Customer::first(tx, Customer::BY_EMAIL, params![email_key(email), account]),
        None => Ok(None),
    }
}

/// Whether enough is said of a buyer to look for a second subscription.
pub(crate) fn is_buyer_known(buyer: &Buyer, identify: Identify) -> bool {
    buyer.email.is_some()
        || (identify == Identify::EmailOrExternalId && buyer.external_id.is_some())
}

pub(crate) fn refuse_banned(customer: &Customer) -> Result<()> {
    match customer.status {
        CustomerStatus::Active => Ok(()),
        CustomerStatus::Banned => Err(StateRefusal::CustomerBanned.into()),
    }
}

/// The customer that a buyer is, made if there is none; a name is added where there was none.
pub(crate) fn ensure(
    tx: &mut Tx<'_>,
    work: &Work,
    known: Option<CustomerId>,
    buyer: &Buyer,
) -> Result<Customer> {
    let found = match known {
        Some(id) => Some(
            Customer::first(tx, Customer::BY_ID, params![id, work.account()])?
                .ok_or(Resource::Customer)?,
        ),
        None => recognize(tx, work.account(), buyer)?,
    };
    let Some(mut customer) = found else {
        let customer = new_customer(work, buyer);
        customer.insert(tx)?;
        events::customer_changed(tx, work, EventKind::CustomerCreated, &customer)?;
        return Ok(customer);
    };
    // Locked, so that what the merchant changes meanwhile stays.
    customer = Customer::first(
        tx,
        Customer::LOCK,
        params![customer.customer_id, work.account()],
    )?
    .ok_or(Resource::Customer)?;
    let before = customer.clone();
    if customer.name.is_none() {
        customer.name.clone_from(&buyer.name);
    }
    // Address and external id stay as they are: a page may say anything, and whoever has either gets into the portal.
    if customer != before {
        customer.updated_at = work.now();
        customer.save(tx)?;
        events::customer_changed(tx, work, EventKind::CustomerUpdated, &customer)?;
    }
    Ok(customer)
}

/// A customer that is not stored yet.
pub(crate) fn new_customer(work: &Work, buyer: &Buyer) -> Customer {
    Customer {
        customer_id: work.id(),
        account_id: work.account(),
        email: buyer.email.clone(),
        email_key: buyer.email.as_deref().map(email_key),
        name: buyer.name.clone(),
        external_id: buyer.external_id.clone(),
        status: CustomerStatus::Active,
        email_verified: false,
        metadata: Json::default(),
        created_at: work.now(),
        updated_at: work.now(),
    }
}

fn credit_account(customer: CustomerId) -> ledger::AccountId {
    Id::from_u128(customer.to_u128())
}

/// The credits a customer has.
pub(crate) fn credits_of(tx: &mut Tx<'_>, customer: CustomerId) -> Result<i64, StoreError> {
    Ok(ledger::balance(tx, credit_account(customer))?.map_or(0, Credits::get))
}

/// Adds bought credits, once for each reference.
pub(crate) fn add_credits(
    tx: &mut Tx<'_>,
    work: &Work,
    customer: CustomerId,
    credits: i64,
    reference: &str,
) -> Result<()> {
    if ledger::balance(tx, credit_account(customer))?.is_none() {
        ledger::open(tx, credit_account(customer))?;
    }
    post(
        tx,
        work,
        customer,
        credits,
        PostingKind::Purchase,
        reference,
    )?;
    Ok(())
}

/// Takes credits for the merchant; returns what is left.
pub(crate) fn deduct_credits(
    tx: &mut Tx<'_>,
    work: &Work,
    customer: CustomerId,
    credits: i64,
    reference: &str,
) -> Result<i64> {
    match post(tx, work, customer, -credits, PostingKind::Usage, reference) {
        Err(LedgerError::NoAccount) => Err(StateRefusal::InsufficientCredits.into()),
        other => Ok(other?.get()),
    }
}

/// Takes back credits whose price is given back, as far as they are left.
pub(crate) fn take_back_credits(
    tx: &mut Tx<'_>,
    work: &Work,
    customer: CustomerId,
    credits: i64,
    reference: &str,
) -> Result<()> {
    let left = credits_of(tx, customer)?.min(credits);
    if left > 0 {
        post(tx, work, customer, -left, PostingKind::Refund, reference)?;
    }
    Ok(())
}

fn post(
    tx: &mut Tx<'_>,
    work: &Work,
    customer: CustomerId,
    amount: i64,
    kind: PostingKind,
    reference: &str,
) -> Result<Credits, LedgerError> {
    let id = Id::from_u128(work.id::<crate::model::RedemptionTag>().to_u128());
    let posting = Posting {
        id,
        account: credit_account(customer),
        number: &id.to_string(),
        amount: Credits::new(amount),
        kind,
        reference,
    };
    ledger::post(tx, &posting, work.now())
}
