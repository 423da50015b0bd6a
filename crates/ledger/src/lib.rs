//! Credit accounts and their append-only postings.
//!
//! The balance of an account is the sum of its postings and never below zero: the database refuses
//! both a debit that is not covered and a second posting of a kind for the same reference. Postings
//! are never changed or deleted; a mistake is corrected by another posting.

use kernel::{Credits, Id, Timestamp};
use std::fmt;
use store::{StoreError, Tx, params, statements};

statements! {
    OPEN = "INSERT INTO credit_accounts (account_id, balance) VALUES ($1, 0)";
    BALANCE = "SELECT balance FROM credit_accounts WHERE account_id = $1";
    MOVE = "UPDATE credit_accounts SET balance = balance + $2 \
        WHERE account_id = $1 AND balance + $2 >= 0 RETURNING balance";
    APPEND = "INSERT INTO postings (account_id, posting_id, number, amount, kind, reference, balance_after, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    UNBALANCED = "SELECT a.account_id FROM credit_accounts a LEFT JOIN postings p ON p.account_id = a.account_id \
        GROUP BY a.account_id, a.balance HAVING a.balance <> COALESCE(SUM(p.amount), 0)";
}

/// The largest balance: every integer up to it is exact in JSON too.
pub const LARGEST_BALANCE: Credits = Credits::new(9_007_199_254_740_991);

/// Marks the type of account ids. An organization's account has the organization's id.
#[derive(Debug)]
pub enum AccountTag {}
/// Names an account.
pub type AccountId = Id<AccountTag>;

/// Marks the type of posting ids.
#[derive(Debug)]
pub enum PostingTag {}
/// Names a posting.
pub type PostingId = Id<PostingTag>;

/// Why credit moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostingKind {
    /// Credit given by the operator; the reference is the posting's own.
    Grant,
    /// An order is paid; the reference is the order.
    Order,
    /// What an order did not deliver is given back; the reference is the order.
    Refund,
    /// Credit that an organization paid for; the reference is the charge.
    Charge,
    /// Credits bought by the customer of a merchant; the reference is the order.
    Purchase,
    /// Credits that a merchant took for what its customer used; the reference is the posting's own.
    Usage,
}

impl PostingKind {
    /// As stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::Order => "order",
            Self::Refund => "refund",
            Self::Charge => "charge",
            Self::Purchase => "purchase",
            Self::Usage => "usage",
        }
    }
}

/// A movement of credit.
#[derive(Clone, Debug)]
pub struct Posting<'a> {
    /// Its id.
    pub id: PostingId,
    /// The account.
    pub account: AccountId,
    /// Its number for people.
    pub number: &'a str,
    /// Positive for a credit, negative for a debit; never zero.
    pub amount: Credits,
    /// Why.
    pub kind: PostingKind,
    /// For what: together with the kind it can be posted once only.
    pub reference: &'a str,
}

/// Why a posting was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerError {
    /// The debit is not covered.
    NotEnough {
        /// The balance.
        available: Credits,
    },
    /// The balance would be beyond [`LARGEST_BALANCE`].
    TooMuch,
    /// There is no such account.
    NoAccount,
    /// The database failed.
    Store(StoreError),
}

impl From<StoreError> for LedgerError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotEnough { available } => write!(f, "only {available} credits are available"),
            Self::TooMuch => f.write_str("the balance would be too large"),
            Self::NoAccount => f.write_str("there is no such credit account"),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for LedgerError {}

/// Opens an account with a balance of zero.
pub fn open(tx: &mut Tx<'_>, account: AccountId) -> Result<(), StoreError> {
    tx.execute(OPEN, params![account]).map(drop)
}

/// The balance; `None` when there is no such account.
pub fn balance(tx: &mut Tx<'_>, account: AccountId) -> Result<Option<Credits>, StoreError> {
    tx.query_opt(BALANCE, params![account], |row| row.get(0))
}

/// Moves credit and appends the posting; returns the new balance. The posting of zero credits is none.
pub fn post(
    tx: &mut Tx<'_>,
    posting: &Posting<'_>,
    now: Timestamp,
) -> Result<Credits, LedgerError> {
    let Posting {
        account, amount, ..
    } = *posting;
    if amount == Credits::ZERO {
        return balance(tx, account)?.ok_or(LedgerError::NoAccount);
    }
    if amount > LARGEST_BALANCE {
        return Err(LedgerError::TooMuch);
    }
    let moved = tx.query_opt(MOVE, params![account, amount], |row| row.get(0));
    let balance_after: Credits = match moved {
        Ok(Some(balance)) => balance,
        Ok(None) => {
            return Err(match balance(tx, account)? {
                Some(available) => LedgerError::NotEnough { available },
                None => LedgerError::NoAccount,
            });
        }
        Err(StoreError::Constraint(_)) => return Err(LedgerError::TooMuch),
        Err(error) => return Err(error.into()),
    };
    tx.enqueue(
        APPEND,
        params![
            account,
            posting.id,
            posting.number,
            amount,
            posting.kind.name(),
            posting.reference,
            balance_after,
            now,
        ],
    )?;
    Ok(balance_after)
}

/// The accounts whose balance is not the sum of their postings: none, ever.
pub fn unbalanced(tx: &mut Tx<'_>) -> Result<Vec<AccountId>, StoreError> {
    tx.query(UNBALANCED, &[], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Rng;
    use proptest::prelude::*;
    use store::{DatabaseUrl, Db};

    const NOW: Timestamp = Timestamp::from_micros(1_780_000_000_000_000);

    /// What is tried: an amount, and for which of a few references, so that some are tried twice.
    fn postings() -> impl Strategy<Value = Vec<(i64, u8)>> {
        let amount = prop_oneof![
            -1000i64..1000,
            Just(0),
            Just(i64::MAX),
            Just(i64::MIN),
            Just(LARGEST_BALANCE.get()),
            Just(-LARGEST_BALANCE.get()),
        ];
        prop::collection::vec((amount, 0u8..40), 1..60)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// Whatever is tried, the books are those of a ledger that takes a posting only when its reference is new and the
        /// balance stays between zero and the largest.
        #[test]
        fn the_books_always_balance(tried in postings()) {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let db = Db::open(&DatabaseUrl::SqliteMemory).await.unwrap();
                db.migrate(NOW).await.unwrap();
                let rng = Rng::seeded(3);
                let account = Id::new(NOW, &rng);
                db.write(move |tx| open(tx, account)).await.unwrap();
                let (mut balance_expected, mut seen) = (0i64, std::collections::HashSet::new());
                for (n, (amount, reference)) in tried.into_iter().enumerate() {
                    let id = Id::new(NOW, &rng);
                    let posted: Result<Credits, LedgerError> = db
                        .write(move |tx| {
                            let posting = Posting {
                                id,
                                account,
                                number: &format!("CR-{n}"),
                                amount: Credits::new(amount),
                                kind: PostingKind::Order,
                                reference: &reference.to_string(),
                            };
                            post(tx, &posting, NOW)
                        })
                        .await;
                    let after = i128::from(balance_expected) + i128::from(amount);
                    let fits = (0..=i128::from(LARGEST_BALANCE.get())).contains(&after);
                    let taken = amount == 0 || (fits && seen.insert(reference));
                    prop_assert_eq!(posted.is_ok(), taken, "{:?} of {}", posted, amount);
                    if taken {
                        balance_expected += amount;
                    }
                    let now_there: Result<Option<Credits>, StoreError> =
                        db.read(move |tx| balance(tx, account)).await;
                    prop_assert_eq!(now_there, Ok(Some(Credits::new(balance_expected))));
                }
                prop_assert_eq!(db.scan(unbalanced).await, Ok(vec![]));
                db.close().await;
                Ok(())
            })?;
        }
    }
}
