//! E-invoices for credit that was paid for. Their life is that of `invoicing`; here is what they have to do with charges, and
//! what the API calls everything.

mod payment;
mod refusals;
mod response;

pub use refusals::{Names, fields_of};
pub use response::{AllowanceResponse, InvoiceResponse, Item, PrintUrlResponse};

use crate::charges::Owner;
use crate::model::{ChargeId, ChargeStatus, OrganizationId, PaymentType};
use crate::repo::charges::Charge;
use crate::{Error, Orders, Result};
use catalogue::PlatformError;
use catalogue::platform::FieldError;
use einvoice::invoice::Draft;
use invoicing::allow::Given;
use invoicing::model::{self, InvoiceId, NewInvoice, ProviderName, Seller, reference_of};
use invoicing::repo::{Allowance, Invoice};
use refusals::Step;

/// In whose books an organization's invoices are.
pub fn owner(organization: OrganizationId) -> model::Owner {
    model::Owner {
        seller: Seller::Orders,
        id: organization.to_string(),
    }
}

/// What was paid; or is about to be, where the invoice comes with the payment.
fn may_be_invoiced(charge: &Charge, provider: ProviderName) -> bool {
    match charge.credit_charge_status {
        ChargeStatus::Complete => true,
        ChargeStatus::WaitPayment => {
            provider == ProviderName::PayUni && charge.payment_type == PaymentType::PayUni
        }
        ChargeStatus::Fail | ChargeStatus::Cancel | ChargeStatus::Expire => false,
    }
}

impl Orders {
    /// Stores a draft for a charge that was paid. Its lines come to what was paid.
    pub async fn create_invoice(
        &self,
        organization: OrganizationId,
        charge: ChargeId,
        provider: ProviderName,
        mut draft: Draft,
    ) -> Result<Invoice> {
        let charge = self
            .charge(Owner::Organization(organization), charge)
            .await?;
        if !may_be_invoiced(&charge, provider) {
            return Err(PlatformError::CreditChargeStatusIncorrect.into());
        }
        let names = Names::of(&draft);
        let failed = |error| refusals::of(error, Step::Create, &names);
        let invoice_id = self.invoicing().new_invoice_id();
        draft.reference = reference_of(invoice_id);
        let content = invoicing::offered(provider, &draft).map_err(failed)?;
        if content.amounts().total != charge.total {
            let error = PlatformError::ValueOutOfRange {
                property: "items".into(),
                min: charge.total,
                max: charge.total,
            };
            return Err(PlatformError::fields(vec![FieldError::at("items", error)]).into());
        }
        let new = NewInvoice {
            invoice_id,
            owner: owner(organization),
            sale: charge.credit_charge_id.to_string(),
            provider,
            draft,
        };
        self.invoicing().create(new).await.map_err(failed)
    }

    /// Has an invoice issued.
    pub async fn issue_invoice(&self, who: OrganizationId, id: InvoiceId) -> Result<Invoice> {
        let issued = self.invoicing().issue(&owner(who), id).await;
        issued.map_err(|error| refusals::of(error, Step::Issue, &Names::default()))
    }

    /// Has an invoice voided.
    pub async fn void_invoice(
        &self,
        who: OrganizationId,
        id: InvoiceId,
        reason: &str,
    ) -> Result<Invoice> {
        let voided = self.invoicing().void(&owner(who), id, reason).await;
        voided.map_err(|error| refusals::of(error, Step::Void, &Names::default()))
    }

    /// Gives an invoice up that was never issued.
    pub async fn discard_invoice(&self, who: OrganizationId, id: InvoiceId) -> Result<Invoice> {
        let discarded = self.invoicing().discard(&owner(who), id).await;
        discarded.map_err(|error| refusals::of(error, Step::Void, &Names::default()))
    }

    /// Gives money back on an invoice.
    pub async fn give_allowance(
        &self,
        who: OrganizationId,
        id: InvoiceId,
        given: Given,
    ) -> Result<Allowance> {
        let names = match given {
            Given::Lines(_) => Names::default(),
            Given::Amount(_) | Given::UpTo(_) => Names::of_amount(),
        };
        if let Given::Amount(amount) = given {
            let invoice = self.invoice(who, id, false).await?;
            let left = invoice.total - invoice.credited;
            if amount > left && left > 0 {
                let error = PlatformError::ValueOutOfRange {
                    property: "amount".into(),
                    min: 1,
                    max: left,
                };
                return Err(PlatformError::fields(vec![FieldError::at("amount", error)]).into());
            }
        }
        let made = self.invoicing().allowance(&owner(who), id, given).await;
        made.map_err(|error| refusals::of(error, Step::Void, &names))
    }

    /// An invoice, as it is stored or as its provider has it.
    pub async fn invoice(
        &self,
        who: OrganizationId,
        id: InvoiceId,
        refresh: bool,
    ) -> Result<Invoice> {
        let found = match refresh {
            true => self.invoicing().refresh(&owner(who), id).await,
            false => self.invoicing().find(&owner(who), id).await,
        };
        found.map_err(|error| refusals::of(error, Step::Get, &Names::default()))
    }

    /// Where an invoice can be printed, for a while.
    pub async fn invoice_print_url(
        &self,
        who: OrganizationId,
        id: InvoiceId,
    ) -> Result<PrintUrlResponse> {
        let url = self.invoicing().print_url(&owner(who), id).await;
        let url = url.map_err(|error| refusals::of(error, Step::Print, &Names::default()))?;
        Ok(PrintUrlResponse {
            expire_date_time: self.now().plus(url.lasts),
            url: url.url,
        })
    }
}

impl From<invoicing::Error> for Error {
    /// Where nothing that a client did can be the cause.
    fn from(error: invoicing::Error) -> Self {
        Self::Failed(error.to_string())
    }
}
