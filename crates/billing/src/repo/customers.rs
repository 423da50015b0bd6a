use crate::model::{AccountId, CardId, CustomerId, CustomerStatus};
use kernel::{Secret, Timestamp};
use serde_json::{Map, Value};
use store::record::{Column, Json};
use store::{FromColumn, Param, Row, StoreError, Tx, params, record, statements};

statements! {
    COUNTS = "SELECT (SELECT COUNT(*) FROM billing_subscriptions s WHERE s.customer_id = $1), \
        (SELECT COUNT(*) FROM billing_orders o WHERE o.customer_id = $1 AND o.status <> 'PENDING')";
}

record! {
    /// Who buys.
    pub struct Customer in "billing_customers" key customer_id {
        /// Its id.
        customer_id: CustomerId,
        /// Whose customer.
        account_id: AccountId,
        /// Email address as it was typed.
        email: Option<String>,
        /// Email address as addresses are compared.
        email_key: Option<String>,
        /// Name.
        name: Option<String>,
        /// The merchant's own id.
        external_id: Option<String>,
        /// Whether it may buy.
        status: CustomerStatus,
        /// Whether the address is known to be the customer's.
        email_verified: bool,
        /// The merchant's own.
        metadata: Json<Map<String, Value>>,
        /// When it was made.
        created_at: Timestamp,
        /// When it was last changed.
        updated_at: Timestamp,
    }
    select {
        /// `$1` id, `$2` account.
        BY_ID = "WHERE customer_id = $1 AND account_id = $2";
        /// `$1` id, `$2` account; nobody else may change it until the transaction ends.
        LOCK = "WHERE customer_id = $1 AND account_id = $2 /* for update */";
        /// `$1` address as compared, `$2` account.
        BY_EMAIL = "WHERE email_key = $1 AND account_id = $2";
        /// `$1` the merchant's id, `$2` account.
        BY_EXTERNAL_ID = "WHERE external_id = $1 AND account_id = $2";
        /// `$1` account, `$2` id to start after or '', `$3` how many, `$4` address or '', `$5` status or ''; newest first.
        PAGE = "WHERE account_id = $1 AND ($2 = '' OR customer_id < $2) AND ($4 = '' OR email_key = $4) \
            AND ($5 = '' OR status = $5) ORDER BY customer_id DESC LIMIT $3";
    }
}

record! {
    /// A card that can be charged.
    pub struct Card in "billing_cards" key card_id {
        /// Its id.
        card_id: CardId,
        /// In which account.
        account_id: AccountId,
        /// Whose card.
        customer_id: CustomerId,
        /// What the gateway charges it by.
        token: CardToken,
        /// Its first six digits.
        first_six: String,
        /// Its last four digits.
        last_four: String,
        /// `MMYY`.
        expires: Option<String>,
        /// When it was kept.
        created_at: Timestamp,
        /// When it was removed.
        removed_at: Option<Timestamp>,
    }
    select {
        /// `$1` id, `$2` account.
        BY_ID = "WHERE card_id = $1 AND account_id = $2 AND removed_at IS NULL";
        /// `$1` customer, `$2` account: the newest first.
        OF_CUSTOMER = "WHERE customer_id = $1 AND account_id = $2 AND removed_at IS NULL ORDER BY card_id DESC";
    }
}

/// What the gateway charges a card by. Hidden from logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardToken(pub Secret<String>);

impl FromColumn for CardToken {
    fn from_column(row: &Row<'_>, index: usize) -> Result<Self, StoreError> {
        Ok(Self(Secret::new(row.get(index)?)))
    }
}

impl Column for CardToken {
    fn param(&self) -> Param<'_> {
        Param::from(self.0.expose())
    }
}

/// Makes everybody else who decides about this customer wait until the transaction ends.
pub fn lock_customer(
    tx: &mut Tx<'_>,
    customer: CustomerId,
    account: AccountId,
) -> Result<(), StoreError> {
    Customer::first(tx, Customer::LOCK, params![customer, account]).map(drop)
}

/// How many subscriptions and paid orders a customer has.
pub fn counts(tx: &mut Tx<'_>, customer: CustomerId) -> Result<(i64, i64), StoreError> {
    tx.query_one(COUNTS, params![customer], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}
