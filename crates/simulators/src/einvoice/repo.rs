//! The providers' books.

use super::books::{Allowance, Invoice, number};
use einvoice::provider::ProviderId;
use kernel::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::{Row, StoreError, Tx, params, statements};

statements! {
    OPEN_RANGE = "INSERT INTO sim_einvoice_ranges (provider, period, track, next, last) VALUES ($1, $2, $3, 0, $4) \
        ON CONFLICT (provider, period) DO NOTHING";
    NEXT_NUMBER = "UPDATE sim_einvoice_ranges SET next = next + 1 \
        WHERE provider = $1 AND period = $2 AND next <= last RETURNING track, next";
    BY_REFERENCE = "SELECT invoice FROM sim_einvoice_invoices WHERE provider = $1 AND reference = $2";
    BY_NUMBER = "SELECT invoice FROM sim_einvoice_invoices WHERE provider = $1 AND number = $2";
    /// Locks the row, so that what is made of it is not lost to another node.
    LOCK = "UPDATE sim_einvoice_invoices SET reference = reference WHERE provider = $1 AND number = $2 RETURNING invoice";
    INSERT = "INSERT INTO sim_einvoice_invoices (provider, reference, number, invoice) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (provider, reference) DO NOTHING";
    UPDATE = "UPDATE sim_einvoice_invoices SET invoice = $3 WHERE provider = $1 AND number = $2";
    INVOICES = "SELECT invoice FROM sim_einvoice_invoices WHERE provider = $1 ORDER BY reference";
    INSERT_ALLOWANCE = "INSERT INTO sim_einvoice_allowances (provider, allowance_number, allowance) VALUES ($1, $2, $3) \
        ON CONFLICT (provider, allowance_number) DO NOTHING";
    LOCK_ALLOWANCE = "UPDATE sim_einvoice_allowances SET provider = provider \
        WHERE provider = $1 AND allowance_number = $2 RETURNING allowance";
    UPDATE_ALLOWANCE = "UPDATE sim_einvoice_allowances SET allowance = $3 WHERE provider = $1 AND allowance_number = $2";
    INSERT_PRINT = "INSERT INTO sim_einvoice_prints (token, provider, number, expires_at) VALUES ($1, $2, $3, $4)";
    PRINT = "SELECT i.invoice FROM sim_einvoice_prints p \
        JOIN sim_einvoice_invoices i ON i.provider = p.provider AND i.number = p.number \
        WHERE p.token = $1 AND p.expires_at > $2";
}

const fn key(provider: ProviderId) -> &'static str {
    match provider {
        ProviderId::Ecpay => "ecpay",
        ProviderId::Ezpay => "ezpay",
        ProviderId::Amego => "amego",
        ProviderId::Payuni => "payuni",
    }
}

/// The next number of a period; `None` when they are used up.
pub fn next_number(
    tx: &mut Tx<'_>,
    provider: ProviderId,
    period: &str,
    track: &str,
    last: i64,
) -> Result<Option<String>, StoreError> {
    tx.execute(OPEN_RANGE, params![key(provider), period, track, last])?;
    tx.query_opt(NEXT_NUMBER, params![key(provider), period], |row| {
        let (track, next): (String, i64) = (row.get(0)?, row.get(1)?);
        Ok(number(&track, next - 1))
    })
}

pub fn by_reference(
    tx: &mut Tx<'_>,
    provider: ProviderId,
    reference: &str,
) -> Result<Option<Invoice>, StoreError> {
    tx.query_opt(BY_REFERENCE, params![key(provider), reference], document)
}

pub fn by_number(
    tx: &mut Tx<'_>,
    provider: ProviderId,
    number: &str,
) -> Result<Option<Invoice>, StoreError> {
    tx.query_opt(BY_NUMBER, params![key(provider), number], document)
}

/// An invoice that this transaction is going to change.
pub fn lock(
    tx: &mut Tx<'_>,
    provider: ProviderId,
    number: &str,
) -> Result<Option<Invoice>, StoreError> {
    tx.query_opt(LOCK, params![key(provider), number], document)
}

/// Whether it is in the books now. If not, another one has its reference.
pub fn insert(
    tx: &mut Tx<'_>,
    provider: ProviderId,
    invoice: &Invoice,
) -> Result<bool, StoreError> {
    let inserted = tx.execute(
        INSERT,
        params![
            key(provider),
            &invoice.order.reference,
            &invoice.number,
            written(invoice)?
        ],
    )?;
    Ok(inserted == 1)
}

pub fn update(tx: &mut Tx<'_>, provider: ProviderId, invoice: &Invoice) -> Result<(), StoreError> {
    tx.enqueue(
        UPDATE,
        params![key(provider), &invoice.number, written(invoice)?],
    )
}

pub fn invoices(tx: &mut Tx<'_>, provider: ProviderId) -> Result<Vec<Invoice>, StoreError> {
    tx.query(INVOICES, params![key(provider)], document)
}

/// Whether it is in the books now. If not, another one has its number.
pub fn insert_allowance(
    tx: &mut Tx<'_>,
    provider: ProviderId,
    number: &str,
    allowance: &Allowance,
) -> Result<bool, StoreError> {
    let inserted = tx.execute(
        INSERT_ALLOWANCE,
        params![key(provider), number, written(allowance)?],
    )?;
    Ok(inserted == 1)
}

/// An allowance that this transaction is going to change.
pub fn lock_allowance(
    tx: &mut Tx<'_>,
    provider: ProviderId,
    number: &str,
) -> Result<Option<Allowance>, StoreError> {
    tx.query_opt(LOCK_ALLOWANCE, params![key(provider), number], document)
}

pub fn update_allowance(
    tx: &mut Tx<'_>,
    provider: ProviderId,
    number: &str,
    allowance: &Allowance,
) -> Result<(), StoreError> {
    tx.enqueue(
        UPDATE_ALLOWANCE,
        params![key(provider), number, written(allowance)?],
    )
}

pub fn insert_print(
    tx: &mut Tx<'_>,
    token: &str,
    provider: ProviderId,
    number: &str,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    tx.enqueue(
        INSERT_PRINT,
        params![token, key(provider), number, expires_at],
    )
}

/// The invoice behind an address that has not expired.
pub fn print(tx: &mut Tx<'_>, token: &str, now: Timestamp) -> Result<Option<Invoice>, StoreError> {
    tx.query_opt(PRINT, params![token, now], document)
}

fn document<T: DeserializeOwned>(row: &Row<'_>) -> Result<T, StoreError> {
    let text: String = row.get(0)?;
    serde_json::from_str(&text).map_err(StoreError::corrupt)
}

fn written<T: Serialize>(document: &T) -> Result<String, StoreError> {
    serde_json::to_string(document).map_err(StoreError::corrupt)
}
