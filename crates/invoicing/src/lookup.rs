//! Looking: what is stored, what the provider has, and where it can be printed.

use crate::model::{InvoiceId, Operation, Owner, Status};
use crate::repo::{Attempt, Invoice};
use crate::settle::{Answer, Existing, adopt};
use crate::{Error, Failure, Invoicing, Reason, Result, WrongStatus};
use einvoice::outcome::Outcome;
use einvoice::provider::PrintUrl;
use store::params;

impl Invoicing {
    /// An owner's invoice as it is stored.
    pub async fn find(&self, owner: &Owner, id: InvoiceId) -> Result<Invoice> {
        let owner = owner.clone();
        self.db()
            .read(move |tx| Invoice::find(tx, &owner, id))
            .await
    }

    /// In whose books an invoice is; for the operator, who may see all of them.
    pub async fn owner_of(&self, id: InvoiceId) -> Result<Option<Owner>> {
        let find = move |tx: &mut store::Tx<'_>| Invoice::first(tx, Invoice::BY_ID, params![id]);
        let found: Result<Option<Invoice>, store::StoreError> = self.db().read(find).await;
        Ok(found?.map(|invoice| invoice.owner()))
    }

    /// The invoices of a sale: the one that counts, if any, and those before it.
    pub async fn of_sale(&self, owner: &Owner, sale: &str) -> Result<Vec<Invoice>> {
        let (owner, sale) = (owner.clone(), sale.to_owned());
        self.db()
            .read(move |tx| {
                let key = params![owner.seller.name(), &owner.id, &sale];
                Ok(Invoice::all(tx, Invoice::OF_SALE, key)?)
            })
            .await
    }

    /// An owner's invoice as its provider has it: what happened there is taken over. A draft is nowhere but here.
    /// [`Error::Provider`] when the provider does not tell, or contradicts what is stored, which stays.
    pub async fn refresh(&self, owner: &Owner, id: InvoiceId) -> Result<Invoice> {
        let invoice = self.find(owner, id).await?;
        if invoice.attempts == 0 {
            return Ok(invoice);
        }
        let answer: Answer<Option<_>> = match self.provider_of(&invoice).await? {
            Some(provider) => match provider.query(&invoice.wanted(), self.now()).await {
                Outcome::Done(found) => Answer::Done(found),
                other => other.into(),
            },
            None => Answer::Refused(Failure::not_configured()),
        };
        let (invoice, failure) = self
            .settle(
                id,
                Operation::Query,
                answer,
                move |_, invoice, answer, moment| {
                    let mut change = None;
                    let failure = match answer {
                        Answer::Done(Some(found)) => {
                            let existing = Existing {
                                issued: found.issued.clone(),
                                voided: found.voided,
                            };
                            match adopt(invoice, &existing, moment.now) {
                                Ok(happened) => {
                                    change = happened;
                                    None
                                }
                                Err(contradiction) => Some(contradiction),
                            }
                        }
                        // It never was there, as far as is known.
                        Answer::Done(None) if invoice.invoice_number.is_none() => None,
                        Answer::Done(None) => Some(Failure::because(
                            Reason::NotFound,
                            "the provider does not find it",
                        )),
                        Answer::Refused(failure) | Answer::Undecided(failure) => {
                            Some(failure.clone())
                        }
                    };
                    Ok(((invoice.clone(), failure), change))
                },
            )
            .await?;
        failure.map_or(Ok(invoice), |failure| Err(failure.into()))
    }

    /// Where an issued invoice can be printed, for a while. [`Error::Provider`] when there is no paper of it, or the provider gives
    /// no address.
    pub async fn print_url(&self, owner: &Owner, id: InvoiceId) -> Result<PrintUrl> {
        let invoice = self.find(owner, id).await?;
        if invoice.status != Status::Issued {
            return Err(Error::WrongStatus(WrongStatus::Is(invoice.status)));
        }
        if !matches!(
            invoice.draft.0.receive,
            einvoice::invoice::DraftReceive::Paper
        ) {
            let detail = "on a carrier, or donated";
            return Err(Failure::because(Reason::NotPrintable, detail).into());
        }
        let provider = self.provider_of(&invoice).await?;
        let provider = provider.ok_or_else(Failure::not_configured)?;
        let issued = invoice.issued()?;
        let answer: Answer<PrintUrl> = provider.print_url(&issued, self.now()).await.into();
        self.log(id, Operation::PrintUrl, &answer).await?;
        match answer {
            Answer::Done(url) => Ok(url),
            Answer::Refused(failure) | Answer::Undecided(failure) => Err(failure.into()),
        }
    }

    /// What providers have answered about an owner's invoice: oldest first.
    pub async fn attempts(&self, owner: &Owner, id: InvoiceId) -> Result<Vec<Attempt>> {
        let owner = owner.clone();
        self.db()
            .read(move |tx| {
                Invoice::find(tx, &owner, id)?;
                Ok(Attempt::all(tx, Attempt::OF_INVOICE, params![id])?)
            })
            .await
    }
}
