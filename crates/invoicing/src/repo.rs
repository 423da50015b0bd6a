//! Rows and SQL.

use crate::error::{Error, Result};
use crate::model::{
    AllowanceId, AllowanceStatus, Asked, AttemptId, Ended, InvoiceId, Operation, Owner,
    ProviderName, ReceiveName, Seller, Status, TaxName,
};
use einvoice::invoice::{self, Draft, DraftLine};
use einvoice::provider::{Issued, Printed, Wanted};
use kernel::Timestamp;
use store::record::Json;
use store::{Statement, StoreError, Tx, params, record, statements};

record! {
    /// An e-invoice.
    pub struct Invoice in "einvoices" key invoice_id {
        /// Its id.
        invoice_id: InvoiceId,
        /// Whose sale it is.
        seller: Seller,
        /// In whose books it is, in the seller's: an organization, an account.
        owner: String,
        /// What was sold, in the seller's books.
        sale: String,
        /// Who transmits it.
        provider: ProviderName,
        /// Ours at the provider.
        reference: String,
        /// How the buyer gets it.
        receive_type: ReceiveName,
        /// What it is taxed with.
        tax_type: TaxName,
        /// Whole TWD.
        total: i64,
        /// What is on it.
        draft: Json<Draft>,
        /// What is known of it for certain.
        status: Status,
        /// What the provider was asked for without that its answer is known.
        asked: Option<Asked>,
        /// Whether a refusal that may pass is answered by asking again.
        automatic: bool,
        /// How often the provider was asked for something.
        attempts: i64,
        /// How often what has no answer was looked at since it was asked for.
        checks: i64,
        /// Until when somebody asks the provider.
        claimed_until: Option<Timestamp>,
        /// When it is looked at again.
        check_at: Option<Timestamp>,
        /// Its number, once it is issued.
        invoice_number: Option<String>,
        /// Its random code, once it is issued.
        random_code: Option<String>,
        /// When it was issued.
        issued_at: Option<Timestamp>,
        /// What is printed on a paper proof for machines, where the provider has told.
        printed: Json<Option<Printed>>,
        /// What was given back on it, in whole TWD.
        credited: i64,
        /// Why it was voided, or is to be.
        void_reason: Option<String>,
        /// Since when it does not count.
        voided_at: Option<Timestamp>,
        /// For the operator: why the last step was not done.
        failure: Option<String>,
        /// When the draft was made.
        created_at: Timestamp,
        /// When its status last changed.
        updated_at: Option<Timestamp>,
    }
    select {
        /// `$1` id.
        BY_ID = "WHERE invoice_id = $1";
        /// `$1` id; nobody else may change it until the transaction ends.
        LOCK = "WHERE invoice_id = $1 /* for update */";
        /// `$1` id, `$2` seller, `$3` owner.
        OF_OWNER = "WHERE invoice_id = $1 AND seller = $2 AND owner = $3";
        /// `$1` id, `$2` seller, `$3` owner; nobody else may change it until the transaction ends.
        LOCK_OF_OWNER = "WHERE invoice_id = $1 AND seller = $2 AND owner = $3 /* for update */";
        /// `$1` seller, `$2` owner, `$3` sale: those that count and those that do not, newest first.
        OF_SALE = "WHERE seller = $1 AND owner = $2 AND sale = $3 ORDER BY invoice_id DESC";
        /// `$1` at most so many: newest first, whoever sells. For the operator.
        NEWEST = "ORDER BY invoice_id DESC LIMIT $1";
        /// `$1` status, `$2` at most so many: newest first, whoever sells. For the operator.
        NEWEST_IN = "WHERE status = $1 ORDER BY invoice_id DESC LIMIT $2";
        /// `$1` at most so many: those that have something open, newest first, whoever sells. For the operator.
        NEWEST_OPEN = "WHERE check_at IS NOT NULL ORDER BY invoice_id DESC LIMIT $1";
    }
}

record! {
    /// Money given back on an issued invoice.
    pub struct Allowance in "einvoice_allowances" key allowance_id {
        /// Its id.
        allowance_id: AllowanceId,
        /// The invoice.
        invoice_id: InvoiceId,
        /// Ours.
        number: String,
        /// The provider's, where it has its own and has told.
        provider_number: Option<String>,
        /// How far it is.
        status: AllowanceStatus,
        /// Whole TWD.
        total: i64,
        /// What is given back.
        lines: Json<Vec<DraftLine>>,
        /// When it was asked for.
        created_at: Timestamp,
        /// When it was made.
        made_at: Option<Timestamp>,
    }
    select {
        /// `$1` id.
        BY_ID = "WHERE allowance_id = $1";
        /// `$1` invoice: oldest first.
        OF_INVOICE = "WHERE invoice_id = $1 ORDER BY allowance_id";
        /// `$1` invoice: the one that has no answer.
        OPEN = "WHERE invoice_id = $1 AND status = 'asked'";
    }
}

record! {
    /// An answer of a provider, or the lack of one. Rows are never changed.
    pub struct Attempt in "einvoice_attempts" key attempt_id {
        /// Its id.
        attempt_id: AttemptId,
        /// The invoice.
        invoice_id: InvoiceId,
        /// What was asked.
        operation: Operation,
        /// What became of it.
        outcome: Ended,
        /// The provider's code and words.
        detail: Option<String>,
        /// When.
        at: Timestamp,
    }
    select {
        /// `$1` invoice: oldest first.
        OF_INVOICE = "WHERE invoice_id = $1 ORDER BY attempt_id";
    }
}

statements! {
    DUE = "SELECT invoice_id FROM einvoices WHERE check_at <= $1 ORDER BY check_at LIMIT $2";
    OPEN = "SELECT invoice_id FROM einvoices WHERE check_at IS NOT NULL ORDER BY check_at LIMIT $1";
    STATE = "SELECT COUNT(CASE WHEN asked IS NOT NULL AND COALESCE(updated_at, created_at) < $1 THEN 1 END), \
        COUNT(CASE WHEN status = 'issue_failed' AND asked IS NULL THEN 1 END) FROM einvoices";
}

/// Every statement.
pub fn all_statements() -> Vec<Statement> {
    [
        Invoice::STATEMENTS,
        Allowance::STATEMENTS,
        Attempt::STATEMENTS,
        STATEMENTS,
    ]
    .concat()
}

/// Which invoices are to be looked at by `now`, the longest due first.
pub(crate) fn due(
    tx: &mut Tx<'_>,
    now: Timestamp,
    most: i64,
) -> Result<Vec<InvoiceId>, StoreError> {
    tx.query(DUE, params![now, most], |row| row.get(0))
}

/// Which invoices have something open, due or not.
pub(crate) fn open(tx: &mut Tx<'_>, most: i64) -> Result<Vec<InvoiceId>, StoreError> {
    tx.query(OPEN, params![most], |row| row.get(0))
}

/// What an operator should look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// Invoices of which has not been known since `before` whether something was done.
    pub undecided: i64,
    /// Invoices that were refused and wait for somebody.
    pub failed: i64,
}

/// How invoices stand.
pub fn state(tx: &mut Tx<'_>, before: Timestamp) -> Result<State, StoreError> {
    tx.query_one(STATE, params![before], |row| {
        Ok(State {
            undecided: row.get(0)?,
            failed: row.get(1)?,
        })
    })
}

impl Invoice {
    /// In whose books it is.
    pub fn owner(&self) -> Owner {
        Owner {
            seller: self.seller,
            id: self.owner.clone(),
        }
    }

    /// An owner's invoice.
    pub fn find(tx: &mut Tx<'_>, owner: &Owner, id: InvoiceId) -> Result<Self> {
        let key = params![id, owner.seller.name(), &owner.id];
        let found = Self::first(tx, Self::OF_OWNER, key)?;
        found.ok_or(Error::NotFound)
    }

    /// An owner's invoice, which nobody else may change until the transaction ends.
    pub(crate) fn lock(tx: &mut Tx<'_>, owner: &Owner, id: InvoiceId) -> Result<Self> {
        let key = params![id, owner.seller.name(), &owner.id];
        let found = Self::first(tx, Self::LOCK_OF_OWNER, key)?;
        found.ok_or(Error::NotFound)
    }

    /// What is on it, which was checked when it was stored.
    pub fn content(&self) -> Result<invoice::Invoice> {
        let broken = |wrong| Error::Broken(format!("invoice {}: {wrong:?}", self.invoice_id));
        self.draft.0.check().map_err(broken)
    }

    /// Which one it is at the provider.
    pub(crate) fn wanted(&self) -> Wanted {
        Wanted {
            reference: self.reference.clone(),
            total: self.total,
        }
    }

    /// It as it was issued.
    pub fn issued(&self) -> Result<Issued> {
        let issued = (|| {
            Some(Issued {
                reference: self.reference.clone(),
                number: self.invoice_number.as_deref()?.parse().ok()?,
                issued_at: self.issued_at?,
                random: self.random_code.as_deref()?.parse().ok()?,
                total: self.total,
                printed: self.printed.0.clone(),
            })
        })();
        let broken = || Error::Broken(format!("invoice {} has no number", self.invoice_id));
        issued.ok_or_else(broken)
    }
}
