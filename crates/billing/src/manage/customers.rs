//! Customers, as their merchant knows them, and their credits.

use super::{set, taken};
use crate::customers::{credits_of, deduct_credits, new_customer};
use crate::model::{Buyer, CustomerId, CustomerStatus, EventKind, email_key};
use crate::repo::Customer;
use crate::work::Work;
use crate::{Billing, Error, Result, Scope, events};
use catalogue::RecurError;
use catalogue::recur::{Conflict, PaymentFailure, Resource, StateRefusal};
use serde_json::{Map, Value};
use store::{Tx, params};

/// What a merchant says of a customer; `None`: nothing.
#[derive(Clone, Debug, Default)]
pub struct CustomerDraft {
    /// Name.
    pub name: Option<Option<String>>,
    /// The merchant's own id.
    pub external_id: Option<Option<String>>,
    /// Whether it may buy.
    pub status: Option<CustomerStatus>,
    /// The merchant's own.
    pub metadata: Option<Map<String, Value>>,
}

impl CustomerDraft {
    fn apply(&self, customer: &mut Customer) {
        set(&mut customer.name, self.name.as_ref());
        set(&mut customer.external_id, self.external_id.as_ref());
        set(&mut customer.status, self.status.as_ref());
        set(&mut customer.metadata.0, self.metadata.as_ref());
    }
}

impl Billing {
    /// Makes a customer.
    pub async fn create_customer(
        &self,
        scope: &Scope,
        email: String,
        draft: CustomerDraft,
    ) -> Result<Customer> {
        self.write(scope, move |tx, work| {
            let buyer = Buyer {
                email: Some(email.clone()),
                ..Buyer::default()
            };
            let mut customer = new_customer(work, &buyer);
            draft.apply(&mut customer);
            let of_address = params![email_key(&email), work.account()];
            if Customer::first(tx, Customer::BY_EMAIL, of_address)?.is_some() {
                return Err(Conflict::Taken("email").into());
            }
            refuse_taken_external_id(tx, &customer)?;
            customer.insert(tx).map_err(taken("email"))?;
            events::customer_changed(tx, work, EventKind::CustomerCreated, &customer)?;
            Ok(customer)
        })
        .await
    }

    /// Changes a customer. Its address stays.
    pub async fn update_customer(
        &self,
        scope: &Scope,
        id: CustomerId,
        draft: CustomerDraft,
    ) -> Result<Customer> {
        self.write(scope, move |tx, work| {
            let mut customer = Customer::first(tx, Customer::LOCK, params![id, work.account()])?
                .ok_or(Resource::Customer)?;
            draft.apply(&mut customer);
            refuse_taken_external_id(tx, &customer)?;
            customer.updated_at = work.now();
            customer.save(tx).map_err(taken("external_id"))?;
            events::customer_changed(tx, work, EventKind::CustomerUpdated, &customer)?;
            Ok(customer)
        })
        .await
    }

    /// A customer.
    pub async fn customer(&self, scope: &Scope, id: CustomerId) -> Result<Customer> {
        let account = scope.account_id;
        self.db()
            .read(move |tx| {
                let found = Customer::first(tx, Customer::BY_ID, params![id, account])?;
                found.ok_or_else(|| Resource::Customer.into())
            })
            .await
    }

    /// The credits a customer has.
    pub async fn credits(&self, scope: &Scope, id: CustomerId) -> Result<i64> {
        let account = scope.account_id;
        self.db()
            .read(move |tx| {
                Customer::first(tx, Customer::BY_ID, params![id, account])?
                    .ok_or(Resource::Customer)?;
                Ok::<_, Error>(credits_of(tx, id)?)
            })
            .await
    }

    /// Takes credits for what a customer has used; returns what is left.
    pub async fn deduct_credits(
        &self,
        scope: &Scope,
        id: CustomerId,
        credits: i64,
        description: Option<String>,
    ) -> Result<i64> {
        self.write(scope, move |tx, work| {
            Customer::first(tx, Customer::BY_ID, params![id, work.account()])?
                .ok_or(Resource::Customer)?;
            deduct(tx, work, id, credits, description.as_deref())
        })
        .await
    }
}

fn deduct(
    tx: &mut Tx<'_>,
    work: &Work,
    id: CustomerId,
    credits: i64,
    description: Option<&str>,
) -> Result<i64> {
    let short = Error::from(StateRefusal::InsufficientCredits);
    // One of a kind, with the merchant's words after it.
    let reference = format!(
        "{} {}",
        work.id::<crate::model::RedemptionTag>(),
        description.unwrap_or_default()
    );
    deduct_credits(tx, work, id, credits, reference.trim_end()).map_err(|error| {
        if error == short {
            let failure = PaymentFailure::InsufficientCredits;
            RecurError::PaymentRequired { failure }.into()
        } else {
            error
        }
    })
}

fn refuse_taken_external_id(tx: &mut Tx<'_>, customer: &Customer) -> Result<()> {
    let Some(external_id) = &customer.external_id else {
        return Ok(());
    };
    match Customer::first(
        tx,
        Customer::BY_EXTERNAL_ID,
        params![external_id, customer.account_id],
    )? {
        Some(other) if other.customer_id != customer.customer_id => {
            Err(Conflict::Taken("external_id").into())
        }
        _ => Ok(()),
    }
}
