//! What all providers do with their books, and the rules they keep to.

use super::protocol::Failure;
use super::repo;
use crate::micros;
use einvoice::provider::ProviderId;
use einvoice::rules::number::BOOK;
use einvoice::rules::period::{Date, Period};
use einvoice::rules::proof::{Proof, ProofLine};
use einvoice::rules::ubn::SellerUbn;
use kernel::{Rng, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use store::{StoreError, Tx};

/// An invoice in the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Invoice {
    pub number: String,
    pub random: String,
    #[serde(with = "micros")]
    pub issued_at: Timestamp,
    pub order: Order,
    #[serde(with = "micros::optional")]
    pub voided_at: Option<Timestamp>,
    /// What is given back by allowances that have not been voided.
    pub credited: i64,
    /// Whether it has ever had an allowance.
    pub ever_credited: bool,
}

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Order {
    pub reference: String,
    pub buyer_ubn: String,
    pub buyer_name: String,
    pub receive: Receive,
    pub tax_type: String,
    /// Without tax; 0 where tax is not told apart.
    pub net: i64,
    pub tax: i64,
    pub total: i64,
    pub lines: Vec<Line>,
    /// The request itself, where one that is sent again is recognized by it.
    pub request: String,
    /// The buyer's, which can ask for a fault.
    #[serde(default)]
    pub mail: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Receive {
    #[default]
    Paper,
    Carrier(String),
    Donation(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub name: String,
    pub count: i64,
    pub price: i64,
}

/// An allowance in the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Allowance {
    pub invoice: String,
    pub total: i64,
    #[serde(with = "micros::optional")]
    pub voided_at: Option<Timestamp>,
}

/// An invoice in the books, for tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulatedInvoice {
    /// The merchant's reference.
    pub reference: String,
    /// Its number.
    pub number: String,
    /// Its total in whole TWD.
    pub total: i64,
    /// Whether it has been voided.
    pub voided: bool,
    /// What has been given back on it in whole TWD.
    pub credited: i64,
}

impl SimulatedInvoice {
    pub(super) fn of(invoice: &Invoice) -> Self {
        Self {
            reference: invoice.order.reference.clone(),
            number: invoice.number.clone(),
            total: invoice.order.total,
            voided: invoice.voided_at.is_some(),
            credited: invoice.credited,
        }
    }
}

/// Why the books do not allow something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    /// The reference is that of this invoice.
    Duplicate(Box<Invoice>),
    NumbersUsedUp,
    NotFound,
    AlreadyVoided,
    HasAllowance,
    TooLate,
    TooEarly,
    TooMuch,
    NotPrintable,
}

/// What an issue depends on apart from the order, made before the transaction, which may run twice.
#[derive(Clone, Debug)]
pub(crate) struct Around {
    pub now: Timestamp,
    /// How many numbers there are in a period.
    pub numbers: u32,
    pub random: String,
    /// Sixteen digits.
    pub serial: String,
    /// For an address that cannot be guessed.
    pub token: String,
}

impl Around {
    pub fn new(now: Timestamp, numbers: u32, rng: &Rng) -> Self {
        let token = rng.bytes::<16>();
        Self {
            now,
            numbers,
            random: format!("{:04}", rng.below(10_000)),
            serial: format!("{}{:08}", Date::of(now).compact(), rng.below(100_000_000)),
            token: token.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}

/// What a provider does not allow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    pub provider: ProviderId,
    /// The day of the month after a period until which its invoices are voided.
    pub void_until: u8,
    /// Whether an allowance stands in the way of a void even when it has been voided.
    pub remembers_allowances: bool,
    /// How long after the start of the day of issue a void is possible.
    pub void_after: Option<Duration>,
}

pub(crate) fn issue(
    tx: &mut Tx<'_>,
    provider: ProviderId,
    order: Order,
    around: &Around,
) -> Result<Invoice, Failure> {
    if let Some(invoice) = repo::by_reference(tx, provider, &order.reference)? {
        return Err(Denied::Duplicate(Box::new(invoice)).into());
    }
    let period = Date::of(around.now).period();
    let last = i64::from(around.numbers) - 1;
    let number = repo::next_number(
        tx,
        provider,
        &period.to_string(),
        &track(provider, period),
        last,
    )?;
    let number = number.ok_or(Denied::NumbersUsedUp)?;
    let invoice = Invoice {
        number,
        random: around.random.clone(),
        issued_at: around.now,
        order,
        voided_at: None,
        credited: 0,
        ever_credited: false,
    };
    if !repo::insert(tx, provider, &invoice)? {
        // Another transaction has put one with its reference there meanwhile.
        return Err(
            match repo::by_reference(tx, provider, &invoice.order.reference)? {
                Some(other) => Denied::Duplicate(Box::new(other)).into(),
                None => Denied::NumbersUsedUp.into(),
            },
        );
    }
    Ok(invoice)
}

/// Two letters, which nobody else has within the next years.
fn track(provider: ProviderId, period: Period) -> String {
    let first = match provider {
        ProviderId::Ecpay => 'E',
        ProviderId::Ezpay => 'Z',
        ProviderId::Amego => 'A',
        ProviderId::Payuni => 'P',
    };
    // Years and months of the Republic: six periods a year.
    let label: u32 = period.to_string().parse().unwrap_or_default();
    let index = (label / 100 * 6 + label % 100 / 2) % 26;
    let second = char::from_digit(index + 10, 36).unwrap_or('a');
    format!("{first}{}", second.to_ascii_uppercase())
}

pub(super) fn void(
    tx: &mut Tx<'_>,
    policy: &Policy,
    number: &str,
    now: Timestamp,
) -> Result<Invoice, Failure> {
    let mut invoice = repo::lock(tx, policy.provider, number)?.ok_or(Denied::NotFound)?;
    if invoice.voided_at.is_some() {
        return Err(Denied::AlreadyVoided.into());
    }
    if invoice.credited > 0 || (policy.remembers_allowances && invoice.ever_credited) {
        return Err(Denied::HasAllowance.into());
    }
    let issued = Date::of(invoice.issued_at);
    if Date::of(now) > issued.period().void_until(policy.void_until) {
        return Err(Denied::TooLate.into());
    }
    let ready = policy.void_after;
    let ready = ready.map(|after| invoice.issued_at.day().start().plus(after));
    if ready.is_some_and(|ready| now < ready) {
        return Err(Denied::TooEarly.into());
    }
    invoice.voided_at = Some(now);
    repo::update(tx, policy.provider, &invoice)?;
    Ok(invoice)
}

/// Voids without asking anybody, as somebody does at the provider's console.
pub(crate) fn void_silently(
    tx: &mut Tx<'_>,
    provider: ProviderId,
    reference: &str,
    now: Timestamp,
) -> Result<Option<Invoice>, StoreError> {
    let Some(found) = repo::by_reference(tx, provider, reference)? else {
        return Ok(None);
    };
    let Some(mut invoice) = repo::lock(tx, provider, &found.number)? else {
        return Ok(None);
    };
    if invoice.voided_at.is_some() {
        return Ok(None);
    }
    invoice.voided_at = Some(now);
    repo::update(tx, provider, &invoice)?;
    Ok(Some(invoice))
}

/// The invoice as it is then.
pub(super) fn allow(
    tx: &mut Tx<'_>,
    policy: &Policy,
    number: &str,
    allowance_number: &str,
    total: i64,
) -> Result<Invoice, Failure> {
    let mut invoice = repo::lock(tx, policy.provider, number)?.ok_or(Denied::NotFound)?;
    if invoice.voided_at.is_some() {
        return Err(Denied::AlreadyVoided.into());
    }
    if total < 1 || total > invoice.remaining() {
        return Err(Denied::TooMuch.into());
    }
    let allowance = Allowance {
        invoice: number.to_owned(),
        total,
        voided_at: None,
    };
    if !repo::insert_allowance(tx, policy.provider, allowance_number, &allowance)? {
        return Err(Denied::Duplicate(Box::new(invoice)).into());
    }
    invoice.credited += total;
    invoice.ever_credited = true;
    repo::update(tx, policy.provider, &invoice)?;
    Ok(invoice)
}

/// The invoice as it is then. A wire that names it is told when the allowance is another's.
pub(super) fn void_allowance(
    tx: &mut Tx<'_>,
    policy: &Policy,
    number: Option<&str>,
    allowance_number: &str,
    now: Timestamp,
) -> Result<Invoice, Failure> {
    let found = repo::lock_allowance(tx, policy.provider, allowance_number)?;
    let mut allowance = found.ok_or(Denied::NotFound)?;
    if number.is_some_and(|number| number != allowance.invoice) {
        return Err(Denied::NotFound.into());
    }
    if allowance.voided_at.is_some() {
        return Err(Denied::AlreadyVoided.into());
    }
    let locked = repo::lock(tx, policy.provider, &allowance.invoice)?;
    let mut invoice = locked.ok_or(Denied::NotFound)?;
    invoice.credited -= allowance.total;
    allowance.voided_at = Some(now);
    repo::update_allowance(tx, policy.provider, allowance_number, &allowance)?;
    repo::update(tx, policy.provider, &invoice)?;
    Ok(invoice)
}

/// A token under which the invoice can be printed for as long as `lasts`.
pub(super) fn printable(
    tx: &mut Tx<'_>,
    provider: ProviderId,
    number: &str,
    lasts: Duration,
    around: &Around,
) -> Result<String, Failure> {
    let invoice = repo::by_number(tx, provider, number)?.ok_or(Denied::NotFound)?;
    if invoice.order.receive != Receive::Paper || invoice.order.total == 0 {
        return Err(Denied::NotPrintable.into());
    }
    let expires_at = around.now.plus(lasts);
    repo::insert_print(tx, &around.token, provider, number, expires_at)?;
    Ok(around.token.clone())
}

impl Invoice {
    pub fn remaining(&self) -> i64 {
        self.order.total - self.credited
    }

    /// What machines read on its paper proof; `None` for what no invoice in these books has.
    pub fn proof(&self, seller: &SellerUbn) -> Option<Proof> {
        let lines = self.order.lines.iter().map(|line| ProofLine {
            name: line.name.clone(),
            count: line.count,
            price: line.price,
        });
        Some(Proof {
            number: self.number.parse().ok()?,
            date: Date::of(self.issued_at),
            random: self.random.parse().ok()?,
            net: self.order.net,
            total: self.order.total,
            buyer: self.order.buyer_ubn.parse().ok(),
            seller: seller.clone(),
            lines: lines.collect(),
        })
    }
}

/// `YYYY-MM-DD hh:mm:ss` in Taipei.
pub(crate) fn date_time(time: Timestamp) -> String {
    let text = time.to_string();
    let (date, time) = (text.get(..10), text.get(11..19));
    format!("{} {}", date.unwrap_or_default(), time.unwrap_or_default())
}

/// The number of `next` in a range that begins with a book.
pub(super) fn number(track: &str, next: i64) -> String {
    format!("{track}{:08}", i64::from(BOOK) + next)
}

/// So much fits in a QR code of version 10 at level L.
pub(crate) const QR_CAPACITY: usize = 271;
