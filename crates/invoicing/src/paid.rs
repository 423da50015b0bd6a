use crate::model::{Asked, Change, Operation, Owner, ProviderName, Status};
use crate::repo::Invoice;
use crate::settle::{Answer, Existing, adopt, turn};
use crate::{Failure, Invoicing, Result};
use einvoice::outcome::Outcome;
use einvoice::payuni::Notice;
use kernel::Timestamp;

impl Invoicing {
    /// The draft that is to come with the payment of a sale, if there is one.
    pub async fn to_come_with_payment(&self, owner: &Owner, sale: &str) -> Result<Option<Invoice>> {
        let found = self.of_sale(owner, sale).await?;
        Ok(found.into_iter().find(|invoice| {
            invoice.provider == ProviderName::PayUni
                && matches!(invoice.status, Status::Draft | Status::IssueFailed)
        }))
    }

    /// Takes what the gateway tells of the invoice that came with a payment. `None`: nobody has asked for one.
    pub async fn take_notice(
        &self,
        owner: &Owner,
        sale: &str,
        notice: Outcome<Notice>,
    ) -> Result<Option<Invoice>> {
        let found = self.of_sale(owner, sale).await?;
        let found = found
            .into_iter()
            .filter(|invoice| invoice.provider == ProviderName::PayUni);
        // The one that counts, if there is one.
        let Some(invoice) = found.min_by_key(|invoice| invoice.status == Status::Void) else {
            return Ok(None);
        };
        let answer = match notice {
            Outcome::Done(Notice::Issued(issued)) => Answer::Done(Existing {
                issued,
                voided: false,
            }),
            Outcome::Done(Notice::Voided(issued)) => Answer::Done(Existing {
                issued,
                voided: true,
            }),
            Outcome::Refused(refusal) => Answer::Refused(Failure::refused(&refusal)),
            Outcome::Undecided(undecided) => Answer::Undecided(Failure::undecided(&undecided)),
        };
        let settled = self.settle(
            invoice.invoice_id,
            Operation::Issue,
            answer,
            |_, invoice, answer, moment| {
                let change = settle(invoice, answer, moment.now);
                Ok((invoice.clone(), change))
            },
        );
        Ok(Some(settled.await?))
    }
}

fn settle(invoice: &mut Invoice, answer: &Answer<Existing>, now: Timestamp) -> Option<Change> {
    let failure = match answer {
        Answer::Done(existing) => match adopt(invoice, existing, now) {
            Ok(change) => return change,
            Err(contradiction) => contradiction,
        },
        Answer::Refused(failure) | Answer::Undecided(failure) => failure.clone(),
    };
    tracing::error!(invoice = %invoice.invoice_id, %failure, "the invoice of a payment");
    invoice.failure = Some(failure.detail);
    let refused = matches!(answer, Answer::Refused(_));
    if refused && invoice.status == Status::Draft && invoice.asked != Some(Asked::Issue) {
        turn(invoice, Status::IssueFailed, now);
        return Some(Change::IssueFailed);
    }
    None
}
