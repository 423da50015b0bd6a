//! Types.

use einvoice::invoice::Draft;
use einvoice::provider::ProviderId;
use einvoice::rules::carrier::ReceiveType;
use einvoice::rules::tax::TaxKind;
use kernel::Id;
use store::text_enum;

/// Marks the type of invoice ids.
#[derive(Debug)]
pub enum InvoiceTag {}
/// Names an e-invoice.
pub type InvoiceId = Id<InvoiceTag>;

/// Marks the type of allowance ids.
#[derive(Debug)]
pub enum AllowanceTag {}
/// Names an allowance.
pub type AllowanceId = Id<AllowanceTag>;

/// Marks the type of attempt ids.
#[derive(Debug)]
pub enum AttemptTag {}
/// Names an attempt.
pub type AttemptId = Id<AttemptTag>;

text_enum! {
    /// Whose sale it is.
    pub enum Seller {
        /// The order platform: credit charges.
        Orders = "orders",
        /// Subscription billing: paid orders and invoices.
        Billing = "billing",
    }
}

/// In whose books an invoice is. Nobody sees another owner's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The seller.
    pub seller: Seller,
    /// The tenant, in the seller's books: an organization, an account.
    pub id: String,
}

text_enum! {
    /// Who transmits invoices, as stored and sent.
    pub enum ProviderName {
        /// ECPay (綠界).
        EcPay = "ec_pay",
        /// ezPay (簡單付).
        EzPay = "ez_pay",
        /// Amego (光貿).
        Amego = "amego",
        /// What PAYUNi (統一金流) issues with its payments.
        PayUni = "pay_uni",
    }
}

impl From<ProviderName> for ProviderId {
    fn from(name: ProviderName) -> Self {
        match name {
            ProviderName::EcPay => Self::Ecpay,
            ProviderName::EzPay => Self::Ezpay,
            ProviderName::Amego => Self::Amego,
            ProviderName::PayUni => Self::Payuni,
        }
    }
}

text_enum! {
    /// How the buyer gets an invoice, as stored and sent.
    pub enum ReceiveName {
        /// On paper.
        Print = "print",
        /// In the account with the provider.
        MemberCarrier = "member_carrier",
        /// On a phone.
        MobileBarcode = "mobile_barcode",
        /// On a citizen digital certificate.
        CitizenCertificate = "citizen_certificate",
        /// Not at all: it is donated.
        Donate = "donate",
        /// As a company, with a business number.
        Company = "company",
    }
}

impl From<ReceiveType> for ReceiveName {
    fn from(kind: ReceiveType) -> Self {
        match kind {
            ReceiveType::Paper => Self::Print,
            ReceiveType::Member => Self::MemberCarrier,
            ReceiveType::MobileBarcode => Self::MobileBarcode,
            ReceiveType::CitizenCertificate => Self::CitizenCertificate,
            ReceiveType::Donation => Self::Donate,
            ReceiveType::Company => Self::Company,
        }
    }
}

text_enum! {
    /// What an invoice is taxed with, as stored and sent.
    pub enum TaxName {
        /// 5 %.
        Taxable = "taxable",
        /// 0 %, with a reason.
        ZeroTaxRate = "zero_tax_rate",
        /// Not at all.
        TaxFree = "tax_free",
        /// A rate of its own for certain trades.
        Special = "special",
        /// Each line with its own.
        Mixed = "mixed",
    }
}

impl From<TaxKind> for TaxName {
    fn from(kind: TaxKind) -> Self {
        match kind {
            TaxKind::Taxable => Self::Taxable,
            TaxKind::ZeroRated => Self::ZeroTaxRate,
            TaxKind::Exempt => Self::TaxFree,
            TaxKind::Special => Self::Special,
            TaxKind::Mixed => Self::Mixed,
        }
    }
}

text_enum! {
    /// What is known of an invoice for certain.
    pub enum Status {
        /// Nobody was asked for it so far.
        Draft = "draft",
        /// It has a number and counts.
        Issued = "issued",
        /// The provider has refused it, or has not answered.
        IssueFailed = "issue_failed",
        /// It does not count: voided, or given up before it was issued.
        Void = "void",
    }
}

text_enum! {
    /// What a provider was asked for without that its answer is known.
    pub enum Asked {
        /// To issue the invoice.
        Issue = "issue",
        /// To void it.
        Void = "void",
        /// To give money back on it.
        Allowance = "allowance",
    }
}

text_enum! {
    /// How far an allowance is.
    pub enum AllowanceStatus {
        /// The provider was asked for it.
        Asked = "asked",
        /// It was made.
        Made = "made",
        /// The provider has refused it.
        Refused = "refused",
    }
}

text_enum! {
    /// What a provider is asked, as logged.
    pub enum Operation {
        /// To issue an invoice.
        Issue = "issue",
        /// What it knows of one.
        Query = "query",
        /// To void one.
        Void = "void",
        /// To give money back on one.
        Allowance = "allowance",
        /// Where one can be printed.
        PrintUrl = "print_url",
    }
}

text_enum! {
    /// What became of an attempt, as logged.
    pub enum Ended {
        /// It was done.
        Done = "done",
        /// It was refused.
        Refused = "refused",
        /// There was no answer that says.
        Undecided = "undecided",
    }
}

text_enum! {
    /// What happened to an invoice, for its seller.
    pub enum Change {
        /// It was issued.
        Issued = "issued",
        /// It was refused for good, or until somebody asks again.
        IssueFailed = "issue_failed",
        /// It was voided.
        Voided = "voided",
        /// Money was given back on it.
        AllowanceMade = "allowance_made",
    }
}

/// An invoice to be.
#[derive(Clone, Debug)]
pub struct NewInvoice {
    /// Its id.
    pub invoice_id: InvoiceId,
    /// In whose books.
    pub owner: Owner,
    /// What was sold, in the seller's books: one invoice each that counts.
    pub sale: String,
    /// Who transmits it.
    pub provider: ProviderName,
    /// What is on it. Its reference is set by [`create`](crate::create()).
    pub draft: Draft,
}

/// Our reference of an invoice at its provider: 20 upper-case letters and digits, which every provider takes.
///
/// ```
/// use invoicing::model::reference_of;
///
/// let id = "01999d1c-3c00-7e52-b6d1-92aa0c4e8d03".parse()?;
/// assert_eq!(reference_of(id), "0MG78ECQO0E9G40QQM83");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn reference_of(id: InvoiceId) -> String {
    short(id.to_u128(), 11)
}

/// Our number of an allowance: 16 upper-case letters and digits, which every provider takes.
pub fn number_of(id: AllowanceId) -> String {
    short(id.to_u128(), 7)
}

/// The time of an id in nine digits of base 36, and so many of its random part.
fn short(id: u128, random: usize) -> String {
    let mut text = base36(id >> 80, 9);
    text.push_str(&base36(id & ((1 << 62) - 1), random));
    text
}

/// The last `digits` digits.
fn base36(mut value: u128, digits: usize) -> String {
    let mut text = vec![b'0'; digits];
    for place in text.iter_mut().rev() {
        let digit = u8::try_from(value % 36).unwrap_or_default();
        *place = match digit {
            0..=9 => b'0' + digit,
            _ => b'A' + digit - 10,
        };
        value /= 36;
    }
    text.into_iter().map(char::from).collect()
}
