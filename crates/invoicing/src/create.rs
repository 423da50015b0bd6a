use crate::jobs;
use crate::model::{Asked, InvoiceId, NewInvoice, ProviderName, Status, reference_of};
use crate::providers::capabilities;
use crate::repo::Invoice;
use crate::{Error, Invoicing, NotCreated, Result, Unoffered};
use einvoice::invoice::{self, Draft, Field, Problem};
use kernel::Timestamp;
use store::jobs::JobId;
use store::record::Json;
use store::{StoreError, Tx};

/// Stores a draft in the seller's own transaction. Refused are what is wrong with it by the rules for all of them, what its
/// provider does not offer (decided from its capabilities, nobody is asked), and a second invoice for one sale. Whether the
/// owner has an account with the provider is for the caller to know.
pub fn create(tx: &mut Tx<'_>, new: &NewInvoice, now: Timestamp) -> Result<Invoice> {
    let mut draft = new.draft.clone();
    draft.reference = reference_of(new.invoice_id);
    let content = offered(new.provider, &draft)?;
    if content.amounts().total < 1 {
        return Err(Error::NotCreated(NotCreated::NoAmount));
    }
    let invoice = Invoice {
        invoice_id: new.invoice_id,
        seller: new.owner.seller,
        owner: new.owner.id.clone(),
        sale: new.sale.clone(),
        provider: new.provider,
        reference: draft.reference.clone(),
        receive_type: content.receive_type().into(),
        tax_type: content.tax_type().kind().into(),
        total: content.amounts().total,
        draft: Json(draft),
        status: Status::Draft,
        asked: None,
        automatic: false,
        attempts: 0,
        checks: 0,
        claimed_until: None,
        check_at: None,
        invoice_number: None,
        random_code: None,
        issued_at: None,
        printed: Json(None),
        credited: 0,
        void_reason: None,
        voided_at: None,
        failure: None,
        created_at: now,
        updated_at: None,
    };
    invoice.insert(tx).map_err(|error| match error {
        StoreError::Unique(_) => Error::NotCreated(NotCreated::AlreadyInvoiced),
        other => other.into(),
    })?;
    Ok(invoice)
}

/// The draft, checked. Refused is what is wrong with it by the rules for all; then what the provider does not offer: the way to get
/// it, the tax, everything else about it.
pub fn offered(provider: ProviderName, draft: &Draft) -> Result<invoice::Invoice> {
    let content = draft.check().map_err(Error::Invalid)?;
    let Err(violations) = capabilities(provider).check(&content) else {
        return Ok(content);
    };
    let not_offered = |field| {
        violations
            .iter()
            .any(|v| v.field == field && v.problem == Problem::NotOffered)
    };
    Err(if not_offered(Field::ReceiveType) {
        Error::Unoffered(Unoffered::Receive)
    } else if not_offered(Field::TaxType) {
        Error::Unoffered(Unoffered::Tax)
    } else {
        Error::Invalid(violations)
    })
}

/// Has a draft issued by a job, by the same transaction: tried again for some days when the provider does not answer or refuses
/// for a reason that may pass.
pub fn issue_later(
    tx: &mut Tx<'_>,
    mut invoice: Invoice,
    job: JobId,
    now: Timestamp,
) -> Result<Invoice, StoreError> {
    invoice.asked = Some(Asked::Issue);
    invoice.automatic = true;
    invoice.check_at = Some(now);
    invoice.save(tx)?;
    jobs::enqueue_settle(tx, invoice.invoice_id, job, now)?;
    Ok(invoice)
}

impl Invoicing {
    /// Stores a draft.
    pub async fn create(&self, new: NewInvoice) -> Result<Invoice> {
        let provider = self.inner.providers.provider(&new.owner, new.provider);
        if provider.await?.is_none() {
            return Err(Error::NotCreated(NotCreated::NotConfigured));
        }
        let now = self.now();
        self.db().write(move |tx| create(tx, &new, now)).await
    }

    /// The id of an invoice to be.
    pub fn new_invoice_id(&self) -> InvoiceId {
        self.new_id(self.now())
    }
}
