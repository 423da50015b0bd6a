use crate::{Facts, NewVoucher, Reason, Seller, VoucherId};
use kernel::Timestamp;
use store::record::{Column as _, Json};
use store::{Statement, StoreError, Tx, params, record, statements};

record! {
    /// A right that is had by showing a certificate.
    pub struct Voucher in "vouchers" key voucher_id {
        /// Its id.
        voucher_id: VoucherId,
        /// Who sold it.
        seller: Seller,
        /// What was paid, in the seller's books: an order or an invoice.
        payment: String,
        /// What that is a part of, in the seller's books: a subscription, or the payment itself.
        sale: String,
        /// The form.
        tpl_id: i64,
        /// The code.
        code_id: i64,
        /// What the form is filled in with.
        facts: Json<Facts>,
        /// The record of the form, once it is filled in.
        record_id: Option<i64>,
        /// Where the certificate is on this server, once it is issued: `/o…/v…`.
        path: Option<String>,
        /// Why the form could not be filled in so far.
        refusal: Option<String>,
        /// When it was paid.
        wanted_at: Timestamp,
        /// When the certificate was verified to its end.
        redeemed_at: Option<Timestamp>,
        /// Why it does not count any more.
        revoked: Option<Reason>,
        /// Since when.
        revoked_at: Option<Timestamp>,
    }
    select {
        /// `$1` id.
        BY_ID = "WHERE voucher_id = $1";
        /// `$1` id; nobody else may change it until the transaction ends.
        LOCK = "WHERE voucher_id = $1 /* for update */";
        /// `$1` record of the form; nobody else may change it until the transaction ends.
        OF_RECORD = "WHERE record_id = $1 /* for update */";
        /// `$1` seller, `$2` payment.
        OF_PAYMENT = "WHERE seller = $1 AND payment = $2";
        /// `$1` seller, `$2` sale: newest first.
        OF_SALE = "WHERE seller = $1 AND sale = $2 ORDER BY wanted_at DESC, voucher_id DESC";
        /// Those whose form could not be filled in so far, oldest first.
        REFUSED = "WHERE refusal IS NOT NULL AND record_id IS NULL AND revoked IS NULL ORDER BY wanted_at LIMIT 100";
    }
}

statements! {
    WANT = "INSERT INTO vouchers (voucher_id, seller, payment, sale, tpl_id, code_id, facts, wanted_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (seller, payment) DO NOTHING";
    FILL_IN = "UPDATE vouchers SET record_id = $2, refusal = NULL WHERE voucher_id = $1 AND record_id IS NULL AND revoked IS NULL";
    ISSUE = "UPDATE vouchers SET path = $2 WHERE record_id = $1";
    REFUSE = "UPDATE vouchers SET refusal = $2 WHERE voucher_id = $1 AND record_id IS NULL";
    REDEEM = "UPDATE vouchers SET redeemed_at = $2 WHERE voucher_id = $1 AND redeemed_at IS NULL AND revoked IS NULL";
    RESTORE = "UPDATE vouchers SET redeemed_at = NULL WHERE voucher_id = $1 AND revoked IS NULL";
    REVOKE = "UPDATE vouchers SET revoked = $2, revoked_at = $3 WHERE voucher_id = $1 AND revoked IS NULL";
    REVOKE_UNREDEEMED = "UPDATE vouchers SET revoked = $2, revoked_at = $3 WHERE voucher_id = $1 AND revoked IS NULL AND redeemed_at IS NULL";
    REINSTATE = "UPDATE vouchers SET revoked = NULL, revoked_at = NULL WHERE voucher_id = $1 AND revoked = $2";
}

pub fn all_statements() -> Vec<Statement> {
    [Voucher::STATEMENTS, STATEMENTS].concat()
}

/// Adds a voucher to the transaction that takes the money; `false` when there is one for the payment, which stays.
pub fn want(tx: &mut Tx<'_>, new: &NewVoucher, now: Timestamp) -> Result<bool, StoreError> {
    let facts = Json(new.facts.clone());
    let row = params![
        new.voucher_id,
        new.seller.name(),
        &new.payment,
        &new.sale,
        new.place.tpl_id,
        new.place.code_id,
        facts.param(),
        now
    ];
    Ok(tx.execute(WANT, row)? == 1)
}

impl Voucher {
    /// The form was filled in for it; `false` when it was before, or the voucher was revoked.
    pub fn fill_in(&self, tx: &mut Tx<'_>, record_id: i64) -> Result<bool, StoreError> {
        let filled = tx.execute(FILL_IN, params![self.voucher_id, record_id])?;
        Ok(filled == 1)
    }

    /// The form could not be filled in.
    pub fn refuse(&self, tx: &mut Tx<'_>, why: &str) -> Result<(), StoreError> {
        tx.enqueue(REFUSE, params![self.voucher_id, why])
    }

    /// The right was used; `false` when it had been before, or does not count any more.
    pub fn redeem(&self, tx: &mut Tx<'_>, now: Timestamp) -> Result<bool, StoreError> {
        let redeemed = tx.execute(REDEEM, params![self.voucher_id, now])?;
        Ok(redeemed == 1)
    }

    /// The use was undone.
    pub fn restore(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.enqueue(RESTORE, params![self.voucher_id])
    }

    /// It does not count any more, used or not; `false` when it did not before.
    pub fn revoke(
        &self,
        tx: &mut Tx<'_>,
        reason: Reason,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let revoked = tx.execute(REVOKE, params![self.voucher_id, reason.name(), now])?;
        Ok(revoked == 1)
    }

    /// The same, unless it was used.
    pub fn revoke_unredeemed(
        &self,
        tx: &mut Tx<'_>,
        reason: Reason,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let row = params![self.voucher_id, reason.name(), now];
        Ok(tx.execute(REVOKE_UNREDEEMED, row)? == 1)
    }

    /// It counts again, if this was the reason why it did not; says whether it was.
    pub fn reinstate(&self, tx: &mut Tx<'_>, reason: Reason) -> Result<bool, StoreError> {
        let row = params![self.voucher_id, reason.name()];
        Ok(tx.execute(REINSTATE, row)? == 1)
    }
}

/// The certificate of a record was issued: should a voucher wait for it, that is where it is.
pub fn issued(tx: &mut Tx<'_>, record_id: i64, path: &str) -> Result<(), StoreError> {
    tx.enqueue(ISSUE, params![record_id, path])
}
