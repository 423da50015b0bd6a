//! The customer portal: for a while, one customer may look after its own subscriptions.

use crate::charge::{self, NewCharge, Source};
use crate::checkout::VERIFICATION;
use crate::gateway::Outcome;
use crate::model::{
    ChargePurpose, ChargeStatus, CustomerId, PortalSessionId, ProductId, Status, SubscriptionId,
};
use crate::repo::{
    Account, Card, Charge, Customer, Invoice, Order, PortalSession, Product, Settings, Subscription,
};
use crate::settle::{Settled, give_up, settle};
use crate::{Billing, Given, Result, Scope, digest};
use catalogue::recur::{BadRequest, Conflict, Resource, StateRefusal};
use kernel::Timestamp;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use store::{StoreError, Tx, params};

/// A session that was made.
#[derive(Clone, Debug)]
pub struct NewPortalSession {
    /// The session.
    pub session: PortalSession,
    /// The part of its address. It is known this once.
    pub token: String,
}

/// What the portal shows.
#[derive(Clone, Debug)]
pub struct PortalView {
    /// The session.
    pub session: PortalSession,
    /// What the merchant has chosen.
    pub settings: Settings,
    /// The merchant's name.
    pub merchant: String,
    /// Whose portal it is.
    pub customer: Customer,
    /// Its subscriptions, newest first, each with its product.
    pub subscriptions: Vec<(Subscription, Product)>,
    /// Its cards, newest first.
    pub cards: Vec<Card>,
    /// What it paid at checkouts, newest first.
    pub orders: Vec<Order>,
    /// What it paid for renewals and switches, newest first.
    pub invoices: Vec<Invoice>,
    /// What it could switch to.
    pub products: Vec<Product>,
    /// The names of everything it paid for.
    pub names: HashMap<ProductId, String>,
    /// What payments gave certificates, by the id of the order or invoice.
    pub given: HashMap<String, Given>,
}

impl Billing {
    /// Makes a session for a customer.
    pub async fn create_portal_session(
        &self,
        scope: &Scope,
        customer_id: CustomerId,
        return_url: Option<String>,
        locale: Option<String>,
    ) -> Result<NewPortalSession> {
        let settings = self.account(scope.account_id).await?.settings.0;
        let return_url = return_url
            .or(settings.portal_return_url)
            .ok_or(BadRequest::ReturnUrlMissing)?;
        let token = self.token("ps_", 40);
        let session = PortalSession {
            portal_session_id: PortalSessionId::new(scope.now, self.rng()),
            account_id: scope.account_id,
            token_hash: digest(&token),
            customer_id,
            return_url,
            locale,
            revoked_at: None,
            accessed_at: None,
            expires_at: scope.now.plus(self.config().portal_life),
            created_at: scope.now,
        };
        let stored = session.clone();
        let inserted: Result<(), StoreError> = self.db().write(move |tx| stored.insert(tx)).await;
        inserted?;
        Ok(NewPortalSession { session, token })
    }

    /// The session with this part of the address, and the scope it gives.
    pub async fn portal_session(&self, token: &str) -> Result<(Scope, PortalSession)> {
        let hash = digest(token);
        let find = move |tx: &mut Tx<'_>| {
            PortalSession::first(tx, PortalSession::BY_TOKEN, params![&hash])
        };
        let found: Result<_, StoreError> = self.db().read(find).await;
        let session = found?.ok_or(Resource::PortalSession)?;
        let scope = self.scope(session.account_id).await?;
        if session.revoked_at.is_some() || session.expires_at <= scope.now {
            return Err(StateRefusal::PortalSessionEnded.into());
        }
        Ok((scope, session))
    }

    /// What the portal shows to who holds a session.
    pub async fn portal_view(&self, scope: &Scope, session: PortalSession) -> Result<PortalView> {
        self.write(scope, move |tx, work| {
            let id = session.portal_session_id;
            let mut session =
                PortalSession::first(tx, PortalSession::LOCK, params![id, work.account()])?
                    .ok_or(Resource::PortalSession)?;
            if session.accessed_at.is_none() {
                session.accessed_at = Some(work.now());
                session.save(tx)?;
            }
            let (customer, account) = (session.customer_id, work.account());
            let found = Account::first(tx, Account::BY_ID, params![account])?
                .ok_or(Resource::PortalSession)?;
            let merchant = crate::repo::Merchant::first(
                tx,
                crate::repo::Merchant::BY_ID,
                params![found.merchant_id],
            )?;
            let mut subscriptions = Vec::new();
            for subscription in Subscription::all(tx, Subscription::OF_CUSTOMER, params![customer])?
            {
                let product = Product::first(
                    tx,
                    Product::BY_ID,
                    params![subscription.product_id, account],
                )?;
                subscriptions.push((subscription, product.ok_or(Resource::Product)?));
            }
            let orders = Order::all(tx, Order::PAGE, params![account, "", 50, customer])?;
            let invoices = Invoice::all(tx, Invoice::PAGE, params![account, "", 50, customer, ""])?;
            let bought = orders.iter().map(|order| order.product_id);
            let renewed = invoices.iter().map(|invoice| invoice.product_id);
            let (mut names, mut certified) = (HashMap::new(), HashSet::new());
            for id in bought.chain(renewed) {
                if let Entry::Vacant(place) = names.entry(id)
                    && let Some(product) = Product::first(tx, Product::BY_ID, params![id, account])?
                {
                    if product.certificate.is_some() {
                        certified.insert(id);
                    }
                    place.insert(product.name);
                }
            }
            let orders_given = orders
                .iter()
                .map(|o| (o.product_id, o.order_id.to_string()));
            let renewals = invoices.iter();
            let renewals_given = renewals.map(|i| (i.product_id, i.invoice_id.to_string()));
            let mut given = HashMap::new();
            for (product, payment) in orders_given.chain(renewals_given) {
                if certified.contains(&product)
                    && let Some(found) = Given::for_payment(tx, &payment)?
                {
                    given.insert(payment, found);
                }
            }
            Ok(PortalView {
                settings: found.settings.0,
                merchant: merchant.map(|merchant| merchant.name).unwrap_or_default(),
                customer: Customer::first(tx, Customer::BY_ID, params![customer, account])?
                    .ok_or(Resource::Customer)?,
                subscriptions,
                cards: Card::all(tx, Card::OF_CUSTOMER, params![customer, account])?,
                orders,
                invoices,
                products: Product::all(tx, Product::ON_SALE, params![account, "SUBSCRIPTION"])?,
                names,
                given,
                session,
            })
        })
        .await
    }

    /// A subscription of the session's customer.
    pub async fn portal_subscription(
        &self,
        scope: &Scope,
        session: &PortalSession,
        id: SubscriptionId,
    ) -> Result<Subscription> {
        let subscription = self.subscription(scope, id).await?;
        if subscription.customer_id != session.customer_id {
            return Err(Resource::Subscription.into());
        }
        Ok(subscription)
    }

    /// A token for the form in which a customer types a new card, on a page of `origin`.
    pub async fn card_token(
        &self,
        scope: &Scope,
        customer: CustomerId,
        origin: &str,
    ) -> Result<String> {
        self.gateways()
            .of(scope.livemode)?
            .sdk_token(origin, &customer.to_string(), true, scope.real)
            .await
    }

    /// Verifies the card that was typed into the form with `sdk_token`, and uses it from now on. Either it is verified, or the
    /// answer is where the buyer passes 3-D Secure.
    pub async fn change_card(
        &self,
        scope: &Scope,
        customer: CustomerId,
        sdk_token: String,
    ) -> Result<Option<String>> {
        let charge = self
            .write(scope, move |tx, work| {
                let reference = customer.to_string();
                let under_way = Charge::all(tx, Charge::OF_REFERENCE, params![&reference])?;
                for earlier in under_way
                    .into_iter()
                    .filter(|charge| charge.status.is_open())
                {
                    if earlier.status == ChargeStatus::Pending {
                        return Err(Conflict::PaymentInProgress.into());
                    }
                    // Another card instead of waiting for 3-D Secure. Should that be passed after all, its money goes back.
                    give_up(tx, work, earlier.charge_id)?;
                }
                let new = NewCharge {
                    purpose: ChargePurpose::Card,
                    reference,
                    customer_id: Some(customer),
                    source: Source::Form(Some(sdk_token.clone())),
                    amount: VERIFICATION,
                };
                charge::begin(tx, work, new)
            })
            .await?;
        let outcome: Outcome = self
            .gateways()
            .of(scope.livemode)?
            .take(
                &charge,
                None,
                "card verification",
                &self.addresses(scope.livemode),
                scope.real,
            )
            .await;
        let id = charge.charge_id;
        match self
            .write(scope, move |tx, work| settle(tx, work, id, &outcome))
            .await?
        {
            Settled::Paid => {
                // What is overdue is paid with it now, before the customer looks again.
                self.collect_overdue(scope, customer).await?;
                Ok(None)
            }
            Settled::NoCard => Err(StateRefusal::NoPaymentMethod.into()),
            Settled::RequiresAction { url } => Ok(Some(url)),
            Settled::Declined(failure) => Err(crate::change::declined(&failure.code)),
            Settled::Duplicate { .. } | Settled::Undecided => {
                Err(Conflict::PaymentInProgress.into())
            }
        }
    }

    /// The charge that verifies the card which a customer typed last.
    pub async fn card_change(&self, customer: CustomerId) -> Result<Option<Charge>> {
        let find =
            move |tx: &mut Tx<'_>| Charge::first(tx, Charge::OF_REFERENCE, params![customer]);
        let found: Result<_, StoreError> = self.db().read(find).await;
        Ok(found?)
    }

    async fn collect_overdue(&self, scope: &Scope, customer: CustomerId) -> Result<()> {
        let found: Result<Vec<Subscription>, StoreError> = self
            .db()
            .read(move |tx| Subscription::all(tx, Subscription::OF_CUSTOMER, params![customer]))
            .await;
        for subscription in found? {
            if subscription.status == Status::PastDue {
                self.run_subscription(scope, subscription.subscription_id)
                    .await?;
            }
        }
        Ok(())
    }

    /// A report of the gateway about a charge; `None` when it is about none of ours. `account_now` decides nothing: a
    /// report is taken at the account's present time.
    pub async fn notice(&self, livemode: bool, body: &[u8]) -> Result<Option<(Charge, Settled)>> {
        let Some((number, amount, outcome)) = self.gateways().of(livemode)?.read_notice(body)
        else {
            return Ok(None);
        };
        let find = move |tx: &mut Tx<'_>| Charge::first(tx, Charge::BY_TRADE, params![&number]);
        let found: Result<_, StoreError> = self.db().read(find).await;
        let Some(charge) = found?.filter(|charge| charge.amount == amount) else {
            return Ok(None);
        };
        let scope = self.scope(charge.account_id).await?;
        if scope.livemode != livemode {
            return Ok(None);
        }
        let id = charge.charge_id;
        let settled = self
            .write(&scope, move |tx, work| settle(tx, work, id, &outcome))
            .await?;
        Ok(Some((charge, settled)))
    }
}

/// The time until which a session counts, as the contract names its states.
pub fn session_status(session: &PortalSession, now: Timestamp) -> &'static str {
    if session.revoked_at.is_some() {
        "revoked"
    } else if session.expires_at <= now {
        "expired"
    } else {
        "active"
    }
}
