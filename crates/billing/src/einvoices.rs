//! E-invoices (統一發票) of what was paid: asked for in the transaction of the payment, issued by a job of [`invoicing`], and taken back, in
//! whole or in part, when money is given back. What became of each is an event.

use crate::model::{
    AccountId, CheckoutId, CustomerId, EventKind, InvoiceId as BillId, OrderId, ProductId,
};
use crate::repo::{
    Account, Checkout, Customer, EinvoiceBuyer, EinvoiceDefault, EinvoiceSettings, Invoice as Bill,
    Order, Product,
};
use crate::work::Work;
use crate::{Billing, Error, Result, Scope, events};
use catalogue::recur::Resource;
use einvoice::invoice::{Draft, DraftBuyer, DraftLine, DraftReceive, Violation};
use invoicing::Reason;
use invoicing::allow::Given;
use invoicing::jobs::{CHANGED, Told};
use invoicing::model::{Change, NewInvoice, Owner, Seller, Status};
use invoicing::providers::capabilities;
use invoicing::repo::Invoice;
use serde::{Deserialize, Serialize};
use store::jobs::{self, Job, NewJob};
use store::record::Json;
use store::{StoreError, Tx, params};

/// Has an e-invoice follow what was given back. Payload: [`Refunded`], as JSON.
pub const REFUNDED: &str = "billing.einvoice_refunded";

/// What the tax authority is told of why an invoice is voided.
const VOID_REASON: &str = "退款";
/// What is open takes a while: the first look comes after half a minute, as if so many had been in vain.
const LOOKS_SPARED: i64 = 5;

/// What was paid.
pub(crate) struct Paid {
    /// The order or invoice.
    pub sale: String,
    /// Whole TWD.
    pub amount: i64,
    /// For what.
    pub product_id: ProductId,
    /// By whom.
    pub customer_id: CustomerId,
}

#[derive(Serialize, Deserialize)]
struct Refunded {
    account: String,
    sale: String,
}

/// How a customer gets e-invoices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuyerChoice {
    /// How.
    pub receive: DraftReceive,
    /// The name on them; needed for companies.
    pub name: Option<String>,
    /// A company's business number.
    pub ubn: Option<String>,
    /// The postal address; some providers need it for what is on paper.
    pub address: Option<String>,
}

fn owner_of(account: AccountId) -> Owner {
    Owner {
        seller: Seller::Billing,
        id: account.to_string(),
    }
}

/// Asks for the e-invoice of a payment, if the merchant wants any. One that cannot be is told of, and stops no payment.
pub(crate) fn issue(tx: &mut Tx<'_>, work: &Work, paid: &Paid) -> Result<()> {
    let account = Account::first(tx, Account::BY_ID, params![work.account()])?;
    let settings = account.and_then(|account| account.settings.0.einvoices);
    let Some(settings) = settings.filter(|_| paid.amount > 0) else {
        return Ok(());
    };
    let new = NewInvoice {
        invoice_id: work.uuid(),
        owner: owner_of(work.account()),
        sale: paid.sale.clone(),
        provider: settings.provider,
        draft: draft(tx, work, paid, settings)?,
    };
    let real = work.scope.real;
    match invoicing::create(tx, &new, real) {
        Ok(invoice) => {
            invoicing::issue_later(tx, invoice, work.uuid(), real)?;
            Ok(())
        }
        Err(invoicing::Error::Store(error)) => Err(error.into()),
        Err(refused) => {
            let failure = refused.to_string();
            tracing::warn!(sale = paid.sale, failure, "no e-invoice can be issued");
            events::einvoice_refused(tx, work, &paid.sale, paid.amount, &failure)
        }
    }
}

fn draft(tx: &mut Tx<'_>, work: &Work, paid: &Paid, settings: EinvoiceSettings) -> Result<Draft> {
    let customer = params![paid.customer_id, work.account()];
    let customer = Customer::first(tx, Customer::BY_ID, customer)?.ok_or(Resource::Customer)?;
    let product = params![paid.product_id, work.account()];
    let product = Product::first(tx, Product::BY_ID, product)?.ok_or(Resource::Product)?;
    let said = said_by(tx, work.account(), &paid.customer_id.to_string())?;
    // Set when the draft is stored.
    let mut draft = Draft::new("");
    draft.buyer.email = customer.email;
    draft.buyer.name = customer.name;
    match said {
        Some(said) => {
            draft.receive = said.receive.0;
            draft.buyer.ubn = said.ubn;
            draft.buyer.address = said.address;
            draft.buyer.name = said.name.or(draft.buyer.name);
        }
        None => {
            let by_mail = settings.receive == EinvoiceDefault::MemberCarrier;
            if by_mail && draft.buyer.email.is_some() {
                draft.receive = DraftReceive::Member;
            }
        }
    }
    draft.lines = vec![DraftLine::new(product.name, 1, paid.amount)];
    Ok(draft)
}

/// Has the e-invoice of an order or invoice follow what was given back of it.
pub(crate) fn refunded(tx: &mut Tx<'_>, work: &Work, sale: &str) -> Result<()> {
    let of_sale = params![Seller::Billing.name(), work.account().to_string(), sale];
    if Invoice::first(tx, Invoice::OF_SALE, of_sale)?.is_none() {
        return Ok(());
    }
    let payload = Refunded {
        account: work.account().to_string(),
        sale: sale.to_owned(),
    };
    let payload = serde_json::to_string(&payload).map_err(StoreError::corrupt)?;
    let real = work.scope.real;
    let job = NewJob {
        id: work.uuid(),
        kind: REFUNDED,
        // One for each refund: what comes while another is at it is not overlooked.
        dedupe_key: None,
        payload: &payload,
        run_at: real,
        leased_to: None,
    };
    Ok(jobs::enqueue(tx, &job, real)?)
}

/// What comes of looking at an e-invoice after a refund.
enum Step {
    /// There is nothing (more) to do.
    Done,
    /// Something else is open.
    Later,
}

impl Billing {
    /// Whether a job is for [`Billing::run_einvoice_job`].
    pub(crate) fn is_einvoice_job(kind: &str) -> bool {
        [REFUNDED, CHANGED].contains(&kind)
    }

    pub(crate) async fn run_einvoice_job(&self, job: &Job) -> Result<()> {
        match job.kind.as_str() {
            CHANGED => self.tell_of_einvoice(job).await,
            _ => self.run_refunded(job).await,
        }
    }

    /// Tells the merchant what became of an e-invoice, once.
    async fn tell_of_einvoice(&self, job: &Job) -> Result<()> {
        let broken = || Error::Failed(format!("the job's payload is {}", job.payload));
        let (id, change) = Told::of(&job.payload).ok_or_else(broken)?;
        let read = move |tx: &mut Tx<'_>| Invoice::first(tx, Invoice::BY_ID, params![id]);
        let found: Result<Option<Invoice>, StoreError> = self.db().read(read).await;
        let invoice = found?.ok_or_else(broken)?;
        let account: AccountId = invoice.owner.parse().map_err(|_| broken())?;
        let scope = self.scope(account).await?;
        let job = job.clone();
        self.write(&scope, move |tx, work| {
            // Whoever has taken it over tells.
            if !jobs::complete(tx, &job)? {
                return Ok(());
            }
            let kind = match change {
                Change::Issued => EventKind::EinvoiceIssued,
                Change::IssueFailed => EventKind::EinvoiceIssueFailed,
                Change::Voided => EventKind::EinvoiceVoided,
                Change::AllowanceMade => EventKind::EinvoiceAllowanceCreated,
            };
            events::einvoice(tx, work, kind, &invoice)
        })
        .await
    }

    async fn run_refunded(&self, job: &Job) -> Result<()> {
        let broken = || Error::Failed(format!("the job's payload is {}", job.payload));
        let payload: Refunded = serde_json::from_str(&job.payload).map_err(|_| broken())?;
        let account: AccountId = payload.account.parse().map_err(|_| broken())?;
        let step = self.follow_refund(account, &payload.sale).await?;
        let wait = jobs::back_off(job.attempts + LOOKS_SPARED, self.rng().below(1000));
        let (job, at) = (job.clone(), self.real_now().plus(wait));
        let ended: Result<bool, StoreError> = self
            .db()
            .write(move |tx| match step {
                Step::Done => jobs::complete(tx, &job),
                Step::Later => jobs::reschedule(tx, &job, at, None),
            })
            .await;
        ended?;
        Ok(())
    }

    /// Makes the e-invoice of a sale say what was given back: whatever ran before, or runs at the same time, it is given back once.
    async fn follow_refund(&self, account: AccountId, sale: &str) -> Result<Step> {
        let name = sale.to_owned();
        let look = move |tx: &mut Tx<'_>| {
            let of_sale = params![Seller::Billing.name(), account.to_string(), &name];
            let found = Invoice::first(tx, Invoice::OF_SALE, of_sale)?;
            Ok((found, given_back(tx, account, &name)?))
        };
        let looked: Result<(Option<Invoice>, i64), StoreError> = self.db().read(look).await;
        let (Some(invoice), given_back) = looked? else {
            return Ok(Step::Done);
        };
        let whole = given_back >= invoice.total;
        let (owner, id) = (owner_of(account), invoice.invoice_id);
        let invoicing = self.invoicing();
        let done = match invoice.status {
            Status::Void => return Ok(Step::Done),
            _ if invoice.asked.is_some() => return Ok(Step::Later),
            // It was certainly not issued, and need not be.
            Status::Draft | Status::IssueFailed if whole => {
                invoicing.discard(&owner, id).await.map(drop)
            }
            Status::Draft | Status::IssueFailed => return Ok(Step::Done),
            Status::Issued if invoice.credited >= given_back => return Ok(Step::Done),
            Status::Issued if whole && invoice.credited == 0 => {
                match invoicing.void(&owner, id, VOID_REASON).await {
                    Err(invoicing::Error::Provider(refused)) if !refused.reason.may_pass() => {
                        // Its period is closed, or the provider does not void: money is given back on it instead.
                        let rest = Given::UpTo(given_back);
                        invoicing.allowance(&owner, id, rest).await.map(drop)
                    }
                    voided => voided.map(drop),
                }
            }
            Status::Issued => {
                let rest = Given::UpTo(given_back);
                invoicing.allowance(&owner, id, rest).await.map(drop)
            }
        };
        match done {
            // Another refund may have come meanwhile: the next look finds nothing to do.
            Ok(()) => Ok(Step::Done),
            Err(invoicing::Error::WrongStatus(_) | invoicing::Error::Invalid(_)) => Ok(Step::Later),
            Err(invoicing::Error::Provider(refused)) if refused.reason.may_pass() => {
                Ok(Step::Later)
            }
            Err(invoicing::Error::Provider(refused)) if refused.reason == Reason::Mismatch => {
                Ok(Step::Later)
            }
            Err(invoicing::Error::Provider(refused)) => {
                tracing::error!(sale, failure = %refused, "an e-invoice does not say what was given back");
                Ok(Step::Done)
            }
            Err(error) => Err(Error::Failed(error.to_string())),
        }
    }

    /// How a customer gets e-invoices; `None`: nobody has said so.
    pub async fn einvoice_buyer(
        &self,
        scope: &Scope,
        customer: CustomerId,
    ) -> Result<Option<BuyerChoice>> {
        let account = scope.account_id;
        let read = move |tx: &mut Tx<'_>| said_by(tx, account, &customer.to_string());
        let found: Result<Option<EinvoiceBuyer>, StoreError> = self.db().read(read).await;
        Ok(found?.map(|said| BuyerChoice {
            receive: said.receive.0,
            name: said.name,
            ubn: said.ubn,
            address: said.address,
        }))
    }

    /// Has a customer get e-invoices so from now on. Refused with all that is wrong with it, by the rules for all of them and by what the
    /// merchant's provider offers.
    pub async fn choose_einvoice(
        &self,
        scope: &Scope,
        customer: CustomerId,
        choice: BuyerChoice,
    ) -> Result<Result<(), Vec<Violation>>> {
        self.write(scope, move |tx, work| {
            let who = params![customer, work.account()];
            let found = Customer::first(tx, Customer::LOCK, who)?.ok_or(Resource::Customer)?;
            let known = DraftBuyer {
                email: found.email,
                name: found.name,
                ..DraftBuyer::default()
            };
            choose(tx, work, &customer.to_string(), &choice, known)
        })
        .await
    }

    /// Has whoever buys at a checkout get e-invoices so, this one and those that follow.
    pub async fn choose_einvoice_at(
        &self,
        scope: &Scope,
        checkout: CheckoutId,
        choice: BuyerChoice,
    ) -> Result<Result<(), Vec<Violation>>> {
        self.write(scope, move |tx, work| {
            let found = Checkout::first(tx, Checkout::BY_ID, params![checkout])?
                .filter(|found| found.account_id == work.account())
                .ok_or(Resource::Checkout)?;
            let known = DraftBuyer {
                email: found.buyer.0.email,
                name: found.buyer.0.name,
                ..DraftBuyer::default()
            };
            choose(tx, work, &checkout.to_string(), &choice, known)
        })
        .await
    }

    /// Switches e-invoices of an account on, or off.
    pub async fn set_einvoices(
        &self,
        account: AccountId,
        settings: Option<EinvoiceSettings>,
    ) -> Result<()> {
        let set = move |tx: &mut Tx<'_>| {
            let found = Account::first(tx, Account::LOCK, params![account])?;
            let mut account =
                found.ok_or_else(|| Error::Failed(format!("there is no account {account}")))?;
            account.settings.0.einvoices = settings;
            Ok(account.save(tx)?)
        };
        self.db().write(set).await
    }
}

/// Whoever has paid at a checkout gets e-invoices as was said there.
pub(crate) fn remember(
    tx: &mut Tx<'_>,
    work: &Work,
    checkout: CheckoutId,
    customer: CustomerId,
) -> Result<()> {
    if let Some(said) = said_by(tx, work.account(), &checkout.to_string())? {
        let said = EinvoiceBuyer {
            subject: customer.to_string(),
            ..said
        };
        said.save(tx)?;
    }
    Ok(())
}

fn said_by(
    tx: &mut Tx<'_>,
    account: AccountId,
    subject: &str,
) -> Result<Option<EinvoiceBuyer>, StoreError> {
    EinvoiceBuyer::first(tx, EinvoiceBuyer::OF, params![subject, account])
}

/// `known`: what else is known of the buyer.
fn choose(
    tx: &mut Tx<'_>,
    work: &Work,
    subject: &str,
    choice: &BuyerChoice,
    known: DraftBuyer,
) -> Result<Result<(), Vec<Violation>>> {
    let account = Account::first(tx, Account::BY_ID, params![work.account()])?;
    let settings = account.and_then(|account| account.settings.0.einvoices);
    let mut draft = Draft::new("CHECK");
    draft.receive = choice.receive.clone();
    draft.buyer = DraftBuyer {
        name: choice.name.clone().or(known.name),
        ubn: choice.ubn.clone(),
        address: choice.address.clone(),
        ..known
    };
    draft.lines = vec![DraftLine::new("-", 1, 100)];
    let checked = draft.check().and_then(|content| match settings {
        Some(settings) => capabilities(settings.provider).check(&content),
        None => Ok(()),
    });
    if let Err(wrong) = checked {
        return Ok(Err(wrong));
    }
    let said = EinvoiceBuyer {
        subject: subject.to_owned(),
        account_id: work.account(),
        receive: Json(choice.receive.clone()),
        name: choice.name.clone(),
        ubn: choice.ubn.clone(),
        address: choice.address.clone(),
        updated_at: work.now(),
    };
    said.save(tx)?;
    Ok(Ok(()))
}

/// What was given back of an order or invoice, in whole TWD.
fn given_back(tx: &mut Tx<'_>, account: AccountId, sale: &str) -> Result<i64, StoreError> {
    if let Ok(order) = sale.parse::<OrderId>() {
        let order = Order::first(tx, Order::BY_ID, params![order, account])?;
        return Ok(order.map_or(0, |order| order.refunded_amount));
    }
    let Ok(bill) = sale.parse::<BillId>() else {
        return Ok(0);
    };
    let bill = Bill::first(tx, Bill::BY_ID, params![bill, account])?;
    Ok(bill.map_or(0, |bill| bill.refunded_amount))
}
