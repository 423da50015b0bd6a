//! Checkouts: selling one product to one buyer.
//!
//! [`Billing::begin_checkout`] prices it, [`Billing::pay`] asks for the money. Paying again is harmless: whoever pays a checkout
//! that is being paid waits for the outcome, and one that is paid is answered as it was.

use crate::charge::{self, NewCharge, Source};
use crate::coupons::{Applicant, evaluate};
use crate::customers::{self, is_buyer_known};
use crate::gateway::{Addresses, SDK_TOKEN_LIFE};
use crate::model::{
    Buyer, ChargePurpose, ChargeStatus, CheckoutId, CheckoutStatus, EventKind, Failure,
    OrderReason, OrderStatus, PaymentLinkId, ProductType, Purpose, Status,
};
use crate::repo::{
    AppliedCode, Charge, Checkout, Customer, Order, PaymentLink, Product, Redemption, Subscription,
    lock_customer, payments_of_link, take_redemption,
};
use crate::settle::{DUPLICATE, Settled, complete_checkout, settle};
use crate::work::Work;
use crate::{Billing, Error, Result, Scope, digest, events};
use catalogue::RecurError;
use catalogue::recur::{BadRequest, Conflict, PromotionRefusal, Resource, StateRefusal};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;
use store::record::Json;
use store::{Tx, params};

/// What verifies a card when nothing else is to be paid: whole dollars, given back at once.
pub const VERIFICATION: i64 = 2;
/// How often a request looks whether another has paid the checkout.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Which product is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProductRef {
    /// By its id.
    Id(String),
    /// By its slug.
    Slug(String),
}

/// What a checkout is begun with.
#[derive(Clone, Debug)]
pub struct NewCheckout {
    /// What is sold.
    pub product: ProductRef,
    /// What for; `None`: what the product suggests.
    pub purpose: Option<Purpose>,
    /// Who buys, as far as is known.
    pub buyer: Buyer,
    /// Which parts of the buyer make a second subscription be looked for.
    pub look_for_duplicate: Identify,
    /// The code that applies.
    pub promotion_code: Option<String>,
    /// Where the buyer goes after paying.
    pub success_url: Option<String>,
    /// Where the buyer goes who does not pay.
    pub cancel_url: Option<String>,
    /// The merchant's own.
    pub metadata: Option<Map<String, Value>>,
    /// The origin of the page with the card form; `None`: the hosted page, which asks for its form itself.
    pub origin: Option<String>,
    /// The link that began it.
    pub payment_link_id: Option<PaymentLinkId>,
}

/// By what a buyer is recognized when a second subscription is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identify {
    /// By the address only.
    Email,
    /// By the address or the merchant's own id.
    EmailOrExternalId,
}

/// A checkout that was begun.
#[derive(Clone, Debug)]
pub struct Begun {
    /// The checkout.
    pub checkout: Checkout,
    /// What is sold.
    pub product: Product,
    /// The secret that the buyer's browser needs.
    pub client_secret: String,
}

/// What came of paying.
#[derive(Clone, Debug)]
pub enum Paid {
    /// It is paid.
    Done {
        /// The checkout.
        checkout: Box<Checkout>,
        /// The subscription that began.
        subscription: Option<Box<Subscription>>,
        /// The charge; `None`: nothing was to be paid.
        charge: Option<Box<Charge>>,
    },
    /// The buyer has to pass 3-D Secure.
    RequiresAction {
        /// Where.
        url: String,
    },
    /// It was refused.
    Declined(Failure),
}

enum Begin {
    Over(Paid),
    Wait,
    Charge(Box<Charge>, Box<Product>),
}

impl Billing {
    /// Begins a checkout: prices it, and looks for a second subscription when the buyer is known.
    pub async fn begin_checkout(&self, scope: &Scope, new: NewCheckout) -> Result<Begun> {
        let hosted = new.origin.is_none();
        let id = CheckoutId::new(scope.now, self.rng());
        let client_secret = self.token(&format!("pi_secret_{id}_"), 24);
        let session_id = hosted.then(|| self.token("cs_", 32));
        let account = scope.account_id;
        let new = Arc::new(new);
        let (wanted, within) = (Arc::clone(&new), *scope);
        let product = self
            .db()
            .read(move |tx| {
                let prepared = prepare(tx, &Work::new(within, 0), &wanted)?;
                Ok::<_, Error>(prepared.product)
            })
            .await?;
        // Before anything is stored: a gateway that cannot be reached leaves nothing behind.
        let credit_token = id.to_string();
        let sdk_token = match &new.origin {
            Some(origin) => Some(
                self.gateways()
                    .of(scope.livemode)?
                    .sdk_token(
                        origin,
                        &credit_token,
                        keeps_card(&product, new.purpose),
                        scope.real,
                    )
                    .await?,
            ),
            None => None,
        };
        let (life, max_attempts) = (self.config().checkout_life, self.config().max_attempts);
        let secret_hash = digest(&client_secret);
        let checkout = self
            .write(scope, move |tx, work| {
                let Prepared {
                    product,
                    purpose,
                    customer,
                    applied,
                } = prepare(tx, work, &new)?;
                let buyer = &new.buyer;
                let mut checkout = Checkout {
                    checkout_id: id,
                    account_id: account,
                    session_id: session_id.clone(),
                    number: work.number("CHK", id),
                    client_secret_hash: secret_hash.clone(),
                    product_id: product.product_id,
                    purpose,
                    status: CheckoutStatus::RequiresPaymentMethod,
                    price: product.price,
                    plan: Json(product.offer()),
                    amount_off: 0,
                    charged: 0,
                    coupon: Json(None),
                    buyer: Json(buyer.clone()),
                    buyer_known: is_buyer_known(buyer, new.look_for_duplicate),
                    customer_id: customer.map(|c| c.customer_id),
                    subscription_id: None,
                    order_id: None,
                    payment_link_id: new.payment_link_id,
                    success_url: new.success_url.clone(),
                    cancel_url: new.cancel_url.clone(),
                    metadata: new.metadata.clone().map(Json),
                    origin: new.origin.clone(),
                    sdk_token: sdk_token.clone(),
                    sdk_token_expires_at: sdk_token
                        .is_some()
                        .then(|| work.scope.real.plus(SDK_TOKEN_LIFE)),
                    credit_token: credit_token.clone(),
                    attempts: 0,
                    max_attempts,
                    refusal: Json(None),
                    expires_at: work.now().plus(life),
                    created_at: work.now(),
                    completed_at: None,
                };
                price(&mut checkout, applied);
                checkout.insert(tx)?;
                events::checkout(tx, work, EventKind::CheckoutCreated, &checkout)?;
                Ok(checkout)
            })
            .await?;
        Ok(Begun {
            checkout,
            product,
            client_secret,
        })
    }

    /// Applies a promotion code to a checkout, instead of the one it may have.
    pub async fn apply_code(
        &self,
        scope: &Scope,
        id: CheckoutId,
        code: &str,
    ) -> Result<(Checkout, Product)> {
        let code = code.to_owned();
        self.write(scope, move |tx, work| {
            let (mut checkout, product) = open_checkout(tx, work, id)?;
            let customer = customers::recognize(tx, work.account(), &checkout.buyer.0)?;
            let applicant = Applicant {
                customer: customer.as_ref(),
                checkout: Some(id),
            };
            let applied = evaluate(tx, work, &code, &product, &applicant)?;
            price(&mut checkout, Some(applied));
            checkout.save(tx)?;
            Ok((checkout, product))
        })
        .await
    }

    /// Takes the promotion code off a checkout.
    pub async fn remove_code(&self, scope: &Scope, id: CheckoutId) -> Result<Checkout> {
        self.write(scope, move |tx, work| {
            let (mut checkout, _) = open_checkout(tx, work, id)?;
            price(&mut checkout, None);
            checkout.save(tx)?;
            Ok(checkout)
        })
        .await
    }

    /// Keeps what the buyer typed on the hosted page.
    pub async fn set_buyer(&self, scope: &Scope, id: CheckoutId, buyer: Buyer) -> Result<Checkout> {
        self.write(scope, move |tx, work| {
            let (mut checkout, _) = open_checkout(tx, work, id)?;
            // What the merchant's page said stays, and so does what a payment was tried with.
            let settled = checkout.is_buyer_settled();
            let known = &mut checkout.buyer.0;
            known.email = match known.email.take() {
                Some(email) if settled => Some(email),
                typed => buyer.email.clone().or(typed),
            };
            known.name = buyer.name.clone().or_else(|| known.name.take());
            known.external_id = known
                .external_id
                .take()
                .or_else(|| buyer.external_id.clone());
            checkout.save(tx)?;
            Ok(checkout)
        })
        .await
    }

    /// A new token for the card form, on a page of `origin`.
    pub async fn refresh_sdk_token(
        &self,
        scope: &Scope,
        id: CheckoutId,
        origin: &str,
    ) -> Result<Checkout> {
        let (checkout, product) = self
            .write(scope, move |tx, work| open_checkout(tx, work, id))
            .await?;
        let token = self
            .gateways()
            .of(scope.livemode)?
            .sdk_token(
                origin,
                &checkout.credit_token,
                keeps_card(&product, Some(checkout.purpose)),
                scope.real,
            )
            .await?;
        let origin = origin.to_owned();
        self.write(scope, move |tx, work| {
            let (mut checkout, _) = open_checkout(tx, work, id)?;
            checkout.sdk_token = Some(token.clone());
            checkout.sdk_token_expires_at = Some(work.scope.real.plus(SDK_TOKEN_LIFE));
            checkout.origin = Some(origin.clone());
            checkout.save(tx)?;
            Ok(checkout)
        })
        .await
    }

    /// Pays a checkout with the card that was typed into its form.
    pub async fn pay(&self, scope: &Scope, id: CheckoutId) -> Result<Paid> {
        let deadline = tokio::time::Instant::now() + self.config().payment_wait;
        loop {
            match self
                .write(scope, move |tx, work| begin_payment(tx, work, id))
                .await?
            {
                Begin::Over(paid) => return Ok(paid),
                Begin::Charge(charge, product) => {
                    return self.take_first_payment(scope, *charge, &product).await;
                }
                Begin::Wait if tokio::time::Instant::now() < deadline => {
                    tokio::time::sleep(LOOK_EVERY).await;
                }
                Begin::Wait => return Err(Conflict::PaymentInProgress.into()),
            }
        }
    }

    async fn take_first_payment(
        &self,
        scope: &Scope,
        charge: Charge,
        product: &Product,
    ) -> Result<Paid> {
        let gateway = self.gateways().of(scope.livemode)?;
        let outcome = gateway
            .take(
                &charge,
                None,
                &product.name,
                &self.addresses(scope.livemode),
                scope.real,
            )
            .await;
        let id = charge.charge_id;
        let checkout = charge.reference.parse().map_err(|_| Resource::Checkout)?;
        let settled = self
            .write(scope, move |tx, work| settle(tx, work, id, &outcome))
            .await?;
        match settled {
            Settled::Undecided => Err(Conflict::PaymentInProgress.into()),
            settled => self.paid(scope, checkout, settled).await,
        }
    }

    /// What a settled charge means for who pays the checkout.
    pub(crate) async fn paid(
        &self,
        scope: &Scope,
        id: CheckoutId,
        settled: Settled,
    ) -> Result<Paid> {
        match settled {
            Settled::Paid => {
                self.write(scope, move |tx, work| {
                    let checkout = lock(tx, work, id)?;
                    done(tx, work, checkout)
                })
                .await
            }
            Settled::RequiresAction { url } => Ok(Paid::RequiresAction { url }),
            Settled::Declined(failure) => Ok(Paid::Declined(failure)),
            Settled::NoCard => Err(StateRefusal::NoPaymentMethod.into()),
            Settled::Duplicate { existing, status } => Err(duplicate(existing, status)),
            Settled::Undecided => Err(Conflict::PaymentInProgress.into()),
        }
    }

    /// Where the gateway reports to.
    pub(crate) fn addresses(&self, livemode: bool) -> Addresses {
        let environment = if livemode { "live" } else { "sandbox" };
        Addresses {
            return_url: self.url(&format!("/callback/recur/{environment}/return")),
            notify_url: self.url(&format!("/callback/recur/{environment}/notify")),
        }
    }

    /// Where a session's hosted page is.
    pub fn session_url(&self, checkout: &Checkout) -> String {
        let session = checkout.session_id.as_deref().unwrap_or_default();
        self.url(&format!("/checkout/{session}"))
    }

    /// Where the buyer goes who has paid.
    pub fn success_url(&self, checkout: &Checkout) -> String {
        let session = checkout.session_id.as_deref().unwrap_or_default();
        match &checkout.success_url {
            Some(url) => url.replace("{CHECKOUT_SESSION_ID}", session),
            None => self.url(&format!("/checkout/{session}")),
        }
    }

    /// A checkout of any account: its id cannot be guessed.
    pub async fn find_checkout(&self, id: CheckoutId) -> Result<Checkout> {
        let find = move |tx: &mut Tx<'_>| Checkout::first(tx, Checkout::BY_ID, params![id]);
        let found: Result<_, store::StoreError> = self.db().read(find).await;
        found?.ok_or_else(|| Resource::Checkout.into())
    }

    /// A checkout by its session id, of any account: it cannot be guessed.
    pub async fn find_session(&self, session_id: &str) -> Result<Checkout> {
        let session_id = session_id.to_owned();
        let find =
            move |tx: &mut Tx<'_>| Checkout::first(tx, Checkout::BY_SESSION, params![&session_id]);
        let found: Result<_, store::StoreError> = self.db().read(find).await;
        found?.ok_or_else(|| Resource::CheckoutSession.into())
    }
}

/// What a checkout is made of.
struct Prepared {
    product: Product,
    purpose: Purpose,
    customer: Option<Customer>,
    applied: Option<AppliedCode>,
}

/// Finds what a checkout is made of, or why it cannot be.
fn prepare(tx: &mut Tx<'_>, work: &Work, new: &NewCheckout) -> Result<Prepared> {
    let product = find_product(tx, work.account(), &new.product)?;
    let purpose = purpose_of(&product, new.purpose)?;
    let customer = customers::recognize(tx, work.account(), &new.buyer)?;
    if let Some(customer) = &customer {
        customers::refuse_banned(customer)?;
        if purpose == Purpose::Subscription && is_buyer_known(&new.buyer, new.look_for_duplicate) {
            refuse_duplicate(tx, customer.customer_id, product.product_id)?;
        }
    }
    let applied = match &new.promotion_code {
        Some(code) => {
            let applicant = Applicant {
                customer: customer.as_ref(),
                checkout: None,
            };
            Some(evaluate(tx, work, code, &product, &applicant)?)
        }
        None => None,
    };
    Ok(Prepared {
        product,
        purpose,
        customer,
        applied,
    })
}

fn begin_payment(tx: &mut Tx<'_>, work: &Work, id: CheckoutId) -> Result<Begin> {
    let mut checkout = lock(tx, work, id)?;
    if checkout.status == CheckoutStatus::Succeeded {
        return done(tx, work, checkout).map(Begin::Over);
    }
    let open = Charge::all(tx, Charge::OF_REFERENCE, params![id])?
        .into_iter()
        .find(|charge| charge.status.is_open());
    if let Some(charge) = open {
        return Ok(match (charge.status, charge.three_d_url) {
            (ChargeStatus::RequiresAction, Some(url)) => Begin::Over(Paid::RequiresAction { url }),
            _ => Begin::Wait,
        });
    }
    if let (Some(failure), Some(customer)) = (&checkout.refusal.0, checkout.customer_id)
        && failure.code == DUPLICATE
    {
        refuse_duplicate(tx, customer, checkout.product_id)?;
    }
    refuse_closed(&checkout, work)?;
    if checkout.attempts >= checkout.max_attempts {
        return Err(StateRefusal::MaxAttempts.into());
    }
    let product = Product::first(
        tx,
        Product::BY_ID,
        params![checkout.product_id, work.account()],
    )?
    .ok_or(Resource::Product)?;
    if checkout.charged > 0 && checkout.sdk_token.is_none() {
        return Err(StateRefusal::NoPaymentMethod.into());
    }
    if let Some(link) = checkout.payment_link_id {
        refuse_used_up(tx, work, link, id)?;
    }
    let customer = customers::ensure(tx, work, checkout.customer_id, &checkout.buyer.0)?;
    customers::refuse_banned(&customer)?;
    lock_customer(tx, customer.customer_id, work.account())?;
    checkout.customer_id = Some(customer.customer_id);
    // Whose buyer was known is refused before money moves; otherwise the contract has the payment made first.
    if checkout.purpose == Purpose::Subscription && checkout.buyer_known {
        refuse_duplicate(tx, customer.customer_id, product.product_id)?;
    }
    if let Some(applied) = &checkout.coupon.0 {
        let code = applied.terms.promotion_code.clone().unwrap_or_default();
        let applicant = Applicant {
            customer: Some(&customer),
            checkout: Some(id),
        };
        evaluate(tx, work, &code, &product, &applicant)?;
        let redemption = Redemption {
            redemption_id: work.id(),
            account_id: work.account(),
            promotion_code_id: applied.promotion_code_id,
            customer_id: customer.customer_id,
            checkout_id: id,
            amount_off: checkout.amount_off,
            created_at: work.now(),
        };
        if !take_redemption(tx, &redemption)? {
            let reason = PromotionRefusal::RedemptionLimit;
            return Err(BadRequest::PromotionCode { code, reason }.into());
        }
    }
    if checkout.purpose == Purpose::Subscription && checkout.subscription_id.is_none() {
        let subscription = pending_subscription(work, &checkout, &product)?;
        subscription.insert(tx)?;
        events::subscription(
            tx,
            work,
            EventKind::SubscriptionCreated,
            &subscription,
            None,
        )?;
        checkout.subscription_id = Some(subscription.subscription_id);
    }
    if checkout.purpose != Purpose::Setup {
        // The coupon may have changed since the last attempt.
        let mut order = order_of(work, &checkout)?;
        if let Some(id) = checkout.order_id {
            let before = Order::first(tx, Order::LOCK, params![id])?.ok_or(Resource::Order)?;
            (order.order_id, order.created_at) = (id, before.created_at);
        }
        order.save(tx)?;
        checkout.order_id = Some(order.order_id);
    }
    checkout.attempts += 1;
    checkout.refusal = Json(None);
    if checkout.charged == 0 {
        complete_checkout(tx, work, &mut checkout, None)?;
        return done(tx, work, checkout).map(Begin::Over);
    }
    let new = NewCharge {
        purpose: ChargePurpose::Checkout,
        reference: id.to_string(),
        customer_id: checkout.customer_id,
        source: Source::Form(checkout.sdk_token.clone()),
        amount: checkout.charged,
    };
    let charge = charge::begin(tx, work, new)?;
    checkout.status = CheckoutStatus::Processing;
    checkout.save(tx)?;
    Ok(Begin::Charge(Box::new(charge), Box::new(product)))
}

/// Refuses when as many others have paid at the link, or are paying, as may. Until the transaction ends nobody begins to.
fn refuse_used_up(
    tx: &mut Tx<'_>,
    work: &Work,
    link: PaymentLinkId,
    checkout: CheckoutId,
) -> Result<()> {
    let link = PaymentLink::first(tx, PaymentLink::LOCK, params![link, work.account()])?
        .ok_or(Resource::PaymentLink)?;
    if let Some(most) = link.max_completions
        && payments_of_link(tx, link.payment_link_id, checkout)? >= most
    {
        return Err(StateRefusal::PaymentLinkInactive.into());
    }
    Ok(())
}

fn done(tx: &mut Tx<'_>, work: &Work, checkout: Checkout) -> Result<Paid> {
    let subscription = match checkout.subscription_id {
        Some(id) => Subscription::first(tx, Subscription::BY_ID, params![id, work.account()])?,
        None => None,
    };
    let charge = Charge::first(tx, Charge::PAID, params![checkout.checkout_id])?;
    Ok(Paid::Done {
        checkout: Box::new(checkout),
        subscription: subscription.map(Box::new),
        charge: charge.map(Box::new),
    })
}

fn pending_subscription(
    work: &Work,
    checkout: &Checkout,
    product: &Product,
) -> Result<Subscription> {
    let offer = checkout.plan.0.as_ref().ok_or(StateRefusal::ProductType)?;
    let customer_id = checkout.customer_id.ok_or(Resource::Customer)?;
    Ok(Subscription {
        subscription_id: work.id(),
        account_id: work.account(),
        customer_id,
        product_id: product.product_id,
        checkout_id: Some(checkout.checkout_id),
        card_id: None,
        status: Status::Pending,
        plan: Json(offer.terms.clone()),
        anchor: work.now(),
        next_period: 0,
        current_period_start: work.now(),
        current_period_end: work.now(),
        period_paid: 0,
        trial_ends_at: None,
        trial_noticed: false,
        coupon: Json(None),
        periods_discounted: 0,
        credit_left: 0,
        credited: Json::default(),
        cancel_at_period_end: false,
        cancel_reason: None,
        canceled_at: None,
        ended_at: None,
        past_due_since: None,
        next_retry_at: None,
        grace_ends_at: None,
        paused_at: None,
        scheduled: Json(None),
        open_invoice_id: None,
        collecting: false,
        next_action_at: None,
        metadata: checkout.metadata.clone(),
        started_at: None,
        created_at: work.now(),
        updated_at: work.now(),
    })
}

fn order_of(work: &Work, checkout: &Checkout) -> Result<Order> {
    let customer_id = checkout.customer_id.ok_or(Resource::Customer)?;
    // Where only the card is verified, that is what the order is for.
    let verified = checkout.charged != checkout.amount();
    Ok(Order {
        order_id: work.id(),
        account_id: work.account(),
        checkout_id: checkout.checkout_id,
        subscription_id: checkout.subscription_id,
        customer_id,
        product_id: checkout.product_id,
        billing_reason: match checkout.purpose {
            Purpose::Subscription => OrderReason::SubscriptionCreate,
            Purpose::Payment | Purpose::Setup => OrderReason::Purchase,
        },
        status: OrderStatus::Pending,
        subtotal: if verified {
            checkout.charged
        } else {
            checkout.price
        },
        discount: if verified { 0 } else { checkout.amount_off },
        amount: checkout.charged,
        refunded_amount: 0,
        metadata: checkout.metadata.clone(),
        created_at: work.now(),
        paid_at: None,
    })
}

/// Sets what the coupon takes off and what the card is charged.
pub(crate) fn price(checkout: &mut Checkout, applied: Option<AppliedCode>) {
    let effect = applied.as_ref().map(|applied| applied.terms.effect);
    let off = effect.map_or(0, |effect| {
        crate::model::discount::amount_off(effect, checkout.price)
    });
    let trial = trial_days(checkout, applied.as_ref());
    checkout.amount_off = off;
    checkout.charged = match checkout.purpose {
        Purpose::Setup => VERIFICATION,
        Purpose::Subscription if trial > 0 || off == checkout.price => VERIFICATION,
        Purpose::Payment | Purpose::Subscription => checkout.price - off,
    };
    checkout.coupon = Json(applied);
}

/// For how many days the subscription that begins here is free.
pub(crate) fn trial_days(checkout: &Checkout, applied: Option<&AppliedCode>) -> u32 {
    let own = checkout.plan.0.as_ref().map_or(0, |offer| offer.trial_days);
    applied.map_or(own, |applied| applied.terms.trial_days(own))
}

fn keeps_card(product: &Product, purpose: Option<Purpose>) -> bool {
    product.product_type == ProductType::Subscription || purpose == Some(Purpose::Setup)
}

pub(crate) fn purpose_of(product: &Product, wanted: Option<Purpose>) -> Result<Purpose> {
    let own = match product.product_type {
        ProductType::Subscription => Purpose::Subscription,
        ProductType::OneTime | ProductType::Credits | ProductType::Donation => Purpose::Payment,
    };
    match wanted {
        None => Ok(own),
        Some(Purpose::Setup) => Ok(Purpose::Setup),
        Some(wanted) if wanted == own => Ok(own),
        Some(_) => Err(StateRefusal::ProductType.into()),
    }
}

/// A product on sale.
pub(crate) fn find_product(
    tx: &mut Tx<'_>,
    account: crate::model::AccountId,
    wanted: &ProductRef,
) -> Result<Product> {
    let found = match wanted {
        ProductRef::Id(id) => Product::first(tx, Product::BY_ID, params![id, account])?,
        ProductRef::Slug(slug) => Product::first(tx, Product::BY_SLUG, params![slug, account])?,
    };
    found
        .filter(|product| product.active)
        .ok_or_else(|| Resource::Product.into())
}

pub(crate) fn lock(tx: &mut Tx<'_>, work: &Work, id: CheckoutId) -> Result<Checkout> {
    Checkout::first(tx, Checkout::LOCK, params![id])?
        .filter(|checkout| checkout.account_id == work.account())
        .ok_or_else(|| Resource::Checkout.into())
}

/// A checkout that can be changed, locked.
pub(crate) fn open_checkout(
    tx: &mut Tx<'_>,
    work: &Work,
    id: CheckoutId,
) -> Result<(Checkout, Product)> {
    let checkout = lock(tx, work, id)?;
    refuse_closed(&checkout, work)?;
    if checkout.status != CheckoutStatus::RequiresPaymentMethod {
        return Err(StateRefusal::CheckoutNotPayable.into());
    }
    let product = Product::first(
        tx,
        Product::BY_ID,
        params![checkout.product_id, work.account()],
    )?
    .ok_or(Resource::Product)?;
    Ok((checkout, product))
}

fn refuse_closed(checkout: &Checkout, work: &Work) -> Result<()> {
    match checkout.status {
        CheckoutStatus::Succeeded | CheckoutStatus::Canceled => {
            Err(StateRefusal::CheckoutClosed.into())
        }
        _ if checkout.expires_at <= work.now() => Err(StateRefusal::CheckoutExpired.into()),
        _ => Ok(()),
    }
}

/// Refuses when the customer has a valid subscription to the product.
pub(crate) fn refuse_duplicate(
    tx: &mut Tx<'_>,
    customer: crate::model::CustomerId,
    product: crate::model::ProductId,
) -> Result<()> {
    match Subscription::first(tx, Subscription::VALID, params![customer, product])? {
        Some(existing) => Err(duplicate(existing.subscription_id, existing.status)),
        None => Ok(()),
    }
}

fn duplicate(existing: crate::model::SubscriptionId, status: Status) -> Error {
    RecurError::Conflict {
        conflict: Conflict::DuplicateSubscription {
            existing_subscription_id: existing.to_string(),
            status: status.name(),
        },
    }
    .into()
}
