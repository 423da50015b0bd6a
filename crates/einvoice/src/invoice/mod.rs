//! An invoice before it is issued: a [`Draft`] as somebody filled it in, and the [`Invoice`] that passed every rule.

mod allowance;
mod check;
mod lines;
mod violation;

pub use allowance::Allowance;
pub(crate) use lines::{Untaxed, untaxed};
pub use violation::{Field, Limit, LineField, Problem, Violation};

use crate::rules::amount::{Amounts, Pricing};
use crate::rules::carrier::{Receive, ReceiveType};
use crate::rules::tax::{Customs, LineTax, TaxType, ZeroRateReason};
use crate::rules::ubn::Ubn;
use serde::{Deserialize, Serialize};

/// The most lines an invoice can have.
pub const MAX_LINES: usize = 9_999;

/// What somebody wants on an invoice, unchecked. Written with serde it can be kept until it is issued.
///
/// ```
/// use einvoice::invoice::{Draft, DraftLine, DraftReceive, Field, Problem};
///
/// let mut draft = Draft::new("PB20260115001");
/// draft.receive = DraftReceive::MobileBarcode("/ABC1234".into());
/// draft.lines = vec![DraftLine::new("月租方案", 1, 299)];
/// let invoice = draft.check().expect("nothing wrong");
/// assert_eq!(invoice.amounts().tax, 14);
///
/// draft.receive = DraftReceive::Donation("12".into());
/// draft.buyer.ubn = Some("12345678".into());
/// draft.lines[0].count = 0;
/// // Everything that is wrong is told at once.
/// assert_eq!(draft.check().unwrap_err().len(), 5);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The merchant's own reference, new for every invoice: it makes a repeated issue the same invoice.
    pub reference: String,
    /// Who buys.
    pub buyer: DraftBuyer,
    /// How the buyer gets it.
    pub receive: DraftReceive,
    /// What it is taxed with.
    pub tax_type: TaxType,
    /// Whether prices contain the tax.
    pub pricing: Pricing,
    /// What is sold: 1 to [`MAX_LINES`].
    pub lines: Vec<DraftLine>,
    /// How zero-rated goods leave the country: needed with anything zero-rated.
    pub customs: Option<Customs>,
    /// Why something is zero-rated: needed with anything zero-rated.
    pub zero_rate_reason: Option<ZeroRateReason>,
    /// A remark, at most 200 characters.
    pub remark: Option<String>,
}

/// Who buys, unchecked. Empty texts are as good as none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DraftBuyer {
    /// Needed for companies.
    pub name: Option<String>,
    /// A company's business number.
    pub ubn: Option<String>,
    /// The postal address.
    pub address: Option<String>,
    /// The phone number.
    pub phone: Option<String>,
    /// The mail address.
    pub email: Option<String>,
}

/// How the buyer gets it, unchecked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DraftReceive {
    /// On paper, or as a company.
    #[default]
    Paper,
    /// In the account with the provider.
    Member,
    /// On a phone: `/` and seven characters.
    MobileBarcode(String),
    /// On a certificate: two letters and fourteen digits.
    CitizenCertificate(String),
    /// As a donation: three to seven digits.
    Donation(String),
}

/// A line, unchecked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftLine {
    /// What is sold.
    pub name: String,
    /// How many, at least 1.
    pub count: i64,
    /// Of what.
    pub unit: Option<String>,
    /// The price of one in whole TWD; negative for a discount.
    pub price: i64,
    /// What it is taxed with: needed on mixed invoices.
    pub tax: Option<LineTax>,
}

impl Draft {
    /// A taxable draft on paper, whose prices contain the tax, without lines.
    pub fn new(reference: impl Into<String>) -> Self {
        Self {
            reference: reference.into(),
            buyer: DraftBuyer::default(),
            receive: DraftReceive::default(),
            tax_type: TaxType::Taxable,
            pricing: Pricing::default(),
            lines: Vec::new(),
            customs: None,
            zero_rate_reason: None,
            remark: None,
        }
    }

    /// The invoice, or everything that is wrong with it by the rules for all of them. What one provider does not
    /// offer is [`Capabilities::check`](crate::capabilities::Capabilities::check).
    pub fn check(&self) -> Result<Invoice, Vec<Violation>> {
        check::draft(self)
    }
}

impl DraftLine {
    /// A line of `count` at `price` whole TWD each.
    pub fn new(name: impl Into<String>, count: i64, price: i64) -> Self {
        Self {
            name: name.into(),
            count,
            unit: None,
            price,
            tax: None,
        }
    }
}

/// An invoice that obeys every rule. Made by [`Draft::check`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice {
    pub(crate) reference: String,
    pub(crate) buyer: Buyer,
    pub(crate) receive: Receive,
    pub(crate) tax_type: TaxType,
    pub(crate) pricing: Pricing,
    pub(crate) lines: Vec<Line>,
    pub(crate) customs: Option<Customs>,
    pub(crate) zero_rate_reason: Option<ZeroRateReason>,
    pub(crate) remark: Option<String>,
    pub(crate) amounts: Amounts,
}

/// Who buys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Buyer {
    /// The name.
    pub name: Option<String>,
    /// A company's business number.
    pub ubn: Option<Ubn>,
    /// The postal address.
    pub address: Option<String>,
    /// The phone number.
    pub phone: Option<String>,
    /// The mail address.
    pub email: Option<String>,
}

/// A line of an invoice or an allowance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What is sold.
    pub name: String,
    /// How many, at least 1.
    pub count: i64,
    /// Of what.
    pub unit: Option<String>,
    /// The price of one in whole TWD.
    pub price: i64,
    /// Price times count.
    pub amount: i64,
    /// What it is taxed with.
    pub tax: LineTax,
}

impl Invoice {
    /// The merchant's own reference.
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// Who buys.
    pub const fn buyer(&self) -> &Buyer {
        &self.buyer
    }

    /// How the buyer gets it.
    pub const fn receive(&self) -> &Receive {
        &self.receive
    }

    /// The kind of it.
    pub const fn receive_type(&self) -> ReceiveType {
        self.receive.kind(self.is_company())
    }

    /// Whether the buyer has a business number.
    pub const fn is_company(&self) -> bool {
        self.buyer.ubn.is_some()
    }

    /// What it is taxed with.
    pub const fn tax_type(&self) -> TaxType {
        self.tax_type
    }

    /// Whether prices contain the tax.
    pub const fn pricing(&self) -> Pricing {
        self.pricing
    }

    /// What is sold.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The amounts in whole TWD.
    pub const fn amounts(&self) -> &Amounts {
        &self.amounts
    }
}
