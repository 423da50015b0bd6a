use crate::model::{AccountId, CheckoutId, CustomerId, PaymentLinkId, PortalSessionId, ProductId};
use kernel::Timestamp;
use serde_json::{Map, Value};
use store::record::Json;
use store::{StoreError, Tx, params, record, statements, text_enum};

statements! {
    COUNT = "UPDATE billing_payment_links SET view_count = view_count + $2, session_count = session_count + $3, \
        completed_count = completed_count + $4 WHERE payment_link_id = $1";
    /// Payments that were made, or are under way.
    PAID_BY_LINK = "SELECT COUNT(*) FROM billing_checkouts WHERE payment_link_id = $1 AND checkout_id <> $2 \
        AND status IN ('PROCESSING', 'REQUIRES_ACTION', 'SUCCEEDED')";
}

text_enum! {
    /// Whether a payment link asks for a card when nothing is to be paid.
    pub enum CollectPaymentMethod {
        /// Yes.
        Always = "always",
        /// No.
        IfRequired = "if_required",
    }
}

record! {
    /// A permanent address at which one product is sold.
    pub struct PaymentLink in "billing_payment_links" key payment_link_id {
        /// Its id.
        payment_link_id: PaymentLinkId,
        /// Whose it is.
        account_id: AccountId,
        /// Its part of the address.
        url_id: String,
        /// What is sold.
        product_id: ProductId,
        /// The code that applies.
        promotion_code: Option<String>,
        /// Whether a card is asked for when nothing is to be paid.
        collect_payment_method: CollectPaymentMethod,
        /// Where the buyer goes afterwards.
        success_url: Option<String>,
        /// How often it can be used.
        max_completions: Option<i64>,
        /// The merchant's own.
        metadata: Option<Json<Map<String, Value>>>,
        /// Whether it is open.
        active: bool,
        /// How often it was opened.
        view_count: i64,
        /// How many checkouts it began.
        session_count: i64,
        /// How many were paid.
        completed_count: i64,
        /// When it was made.
        created_at: Timestamp,
        /// When it was last changed.
        updated_at: Timestamp,
    }
    select {
        /// `$1` id, `$2` account.
        BY_ID = "WHERE payment_link_id = $1 AND account_id = $2";
        /// `$1` id, `$2` account; nobody else may change it until the transaction ends.
        LOCK = "WHERE payment_link_id = $1 AND account_id = $2 /* for update */";
        /// `$1` part of the address.
        BY_URL = "WHERE url_id = $1";
        /// `$1` account, `$2` id to start after or '', `$3` how many; newest first.
        PAGE = "WHERE account_id = $1 AND ($2 = '' OR payment_link_id < $2) ORDER BY payment_link_id DESC LIMIT $3";
    }
}

/// How many checkouts of a link, besides this one, are paid or being paid.
pub fn payments_of_link(
    tx: &mut Tx<'_>,
    link: PaymentLinkId,
    checkout: CheckoutId,
) -> Result<i64, StoreError> {
    tx.query_one(PAID_BY_LINK, params![link, checkout], |row| row.get(0))
}

/// Counts what happened at a link.
pub fn count_link(
    tx: &mut Tx<'_>,
    link: PaymentLinkId,
    views: i64,
    sessions: i64,
    completions: i64,
) -> Result<(), StoreError> {
    let counted = tx.execute(COUNT, params![link, views, sessions, completions]);
    counted.map(drop)
}

record! {
    /// Access of one customer to the portal, for a while.
    pub struct PortalSession in "billing_portal_sessions" key portal_session_id {
        /// Its id.
        portal_session_id: PortalSessionId,
        /// In which account.
        account_id: AccountId,
        /// SHA-256 of the part of the address, in hex.
        token_hash: String,
        /// Whose.
        customer_id: CustomerId,
        /// Where the portal leads back to.
        return_url: String,
        /// In which language; `None`: the browser's.
        locale: Option<String>,
        /// When it was revoked.
        revoked_at: Option<Timestamp>,
        /// When it was first opened.
        accessed_at: Option<Timestamp>,
        /// Until when it counts.
        expires_at: Timestamp,
        /// When it was made.
        created_at: Timestamp,
    }
    select {
        /// `$1` digest.
        BY_TOKEN = "WHERE token_hash = $1";
        /// `$1` id, `$2` account.
        BY_ID = "WHERE portal_session_id = $1 AND account_id = $2";
        /// `$1` id, `$2` account; nobody else may change it until the transaction ends.
        LOCK = "WHERE portal_session_id = $1 AND account_id = $2 /* for update */";
    }
}
