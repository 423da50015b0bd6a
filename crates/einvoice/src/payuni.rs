//! What PAYUNi (統一金流) issues by itself with a payment. There is nothing to call: the wishes for the invoice are
//! fields of the payment, and what became of them comes in a notice. Amego makes these invoices; whoever wants
//! more than the payment gateway passes on calls [`amego`](crate::amego).
//!
//! The envelope of payments and notices is the business of the gateway's client; here are the fields in it.

use crate::capabilities::{Capabilities, Limits, MemberNeeds, Needs};
use crate::codes::{Cause, Code, Entry, entry};
use crate::invoice::{Invoice, Limit, Violation};
use crate::outcome::{Attempt, Denial, Outcome, Refusal, Undecided};
use crate::provider::{Driver, Issued, Printed, ProviderId};
use crate::rules::carrier::{Receive, ReceiveType};
use crate::rules::tax::TaxKind;
use crate::transport::taipei;

/// What PAYUNi offers: nothing on paper but for companies, everything taxed with 5 %. A love code must be one that
/// the shop offers.
pub const CAPABILITIES: Capabilities = Capabilities {
    provider: ProviderId::Payuni,
    operations: &[],
    receive: &[
        ReceiveType::Member,
        ReceiveType::MobileBarcode,
        ReceiveType::CitizenCertificate,
        ReceiveType::Donation,
        ReceiveType::Company,
    ],
    company_on_carrier: false,
    tax: &[TaxKind::Taxable],
    mixed_for_companies: false,
    exclusive_for_consumers: false,
    needs: Needs {
        contact_on_paper: false,
        member: MemberNeeds::Email,
        name: true,
        customs_when_mixed: false,
    },
    limits: Limits {
        reference: Limit::Chars(25),
        reference_is_word: false,
        name: Limit::Chars(60),
        company_name: Limit::Chars(60),
        address: Limit::Chars(100),
        phone: Limit::Chars(20),
        email: Limit::Chars(80),
        remark: Limit::Chars(200),
        line_name: Limit::Chars(256),
        unit: Limit::Chars(6),
        lines: 9_999,
        separator: None,
        reason: Limit::Chars(20),
        allowance_number: Limit::Chars(16),
    },
    own_allowance_numbers: false,
    mixed_allowances: false,
    print_url_lasts: None,
    void_until: 15,
};

pub(crate) const CODES: &[Entry] = &[
    entry("FAIL", Cause::Other, "the invoice was not issued"),
    entry("TOKEN02028", Cause::Invalid, "no buyer's name"),
    entry("TOKEN02029", Cause::Invalid, "no type of carrier"),
    entry(
        "TOKEN02030",
        Cause::Invalid,
        "the type of carrier is unknown",
    ),
    entry("TOKEN02031", Cause::Invalid, "no carrier"),
    entry(
        "TOKEN02032",
        Cause::Invalid,
        "the carrier has the wrong form",
    ),
    entry(
        "TOKEN02033",
        Cause::Invalid,
        "the carrier has the wrong length",
    ),
    entry(
        "TOKEN02034",
        Cause::UnknownCarrier,
        "the shop offers no donation",
    ),
    entry(
        "TOKEN02035",
        Cause::UnknownCarrier,
        "the shop does not offer this love code",
    ),
    entry(
        "TOKEN02036",
        Cause::UnknownCarrier,
        "the mobile barcode is wrong",
    ),
    entry("IFTRADE02021", Cause::Invalid, "no buyer's name"),
    entry("IFTRADE02022", Cause::Invalid, "no type of carrier"),
    entry(
        "IFTRADE02023",
        Cause::Invalid,
        "the type of carrier is unknown",
    ),
    entry("IFTRADE02024", Cause::Invalid, "no carrier"),
    entry(
        "IFTRADE02025",
        Cause::Invalid,
        "the carrier has the wrong form",
    ),
    entry(
        "IFTRADE02026",
        Cause::Invalid,
        "the carrier has the wrong length",
    ),
    entry(
        "IFTRADE02027",
        Cause::UnknownCarrier,
        "the shop offers no donation",
    ),
    entry(
        "IFTRADE02028",
        Cause::UnknownCarrier,
        "the shop does not offer this love code",
    ),
    entry(
        "IFTRADE02029",
        Cause::UnknownCarrier,
        "the mobile barcode is wrong",
    ),
    entry(
        "UPP02084",
        Cause::Invalid,
        "the wish for an invoice has the wrong form",
    ),
    entry("UPP02085", Cause::Account, "the shop issues no invoices"),
];

/// The fields of a payment that ask for the invoice, to be put beside the others in its envelope. The hosted page wants
/// `TradeInvoice=1` besides.
///
/// ```
/// use einvoice::invoice::{Draft, DraftLine, DraftReceive};
/// use einvoice::payuni;
///
/// let mut draft = Draft::new("PB20260115001");
/// draft.buyer.name = Some("王大品".into());
/// draft.receive = DraftReceive::MobileBarcode("/ABC1234".into());
/// draft.lines = vec![DraftLine::new("月租方案", 1, 299)];
/// let invoice = draft.check().expect("nothing wrong");
/// assert_eq!(
///     payuni::payment_fields(&invoice).expect("offered"),
///     [("CarrierType", "3J0002"), ("CarrierInfo", "/ABC1234"), ("InvBuyerName", "王大品")]
///         .map(|(name, value)| (name, value.to_owned()))
/// );
/// ```
pub fn payment_fields(invoice: &Invoice) -> Result<Vec<(&'static str, String)>, Vec<Violation>> {
    CAPABILITIES.check(invoice)?;
    let buyer = invoice.buyer();
    let (kind, info) = match invoice.receive() {
        Receive::Paper => (
            "Company",
            buyer
                .ubn
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
        ),
        Receive::Member => ("amego", String::new()),
        Receive::MobileBarcode(barcode) => ("3J0002", barcode.to_string()),
        Receive::CitizenCertificate(certificate) => ("CQ0001", certificate.to_string()),
        Receive::Donation(code) => ("Donate", code.to_string()),
    };
    let mut fields = vec![
        ("CarrierType", kind.to_owned()),
        ("CarrierInfo", info),
        ("InvBuyerName", buyer.name.clone().unwrap_or_default()),
    ];
    if let (Receive::Member, Some(email)) = (invoice.receive(), &buyer.email) {
        fields.push(("UsrMail", email.clone()));
    }
    Ok(fields)
}

/// What a notice tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The invoice has been issued.
    Issued(Issued),
    /// It has been voided.
    Voided(Issued),
}

/// Reads a notice of an invoice, given its fields by name as the envelope had them. `None` when it is about something
/// else: payments, invoices and deliveries share an address.
///
/// A refusal means that the payment has no invoice.
pub fn read_notice<'a>(field: impl Fn(&str) -> Option<&'a str>) -> Option<Outcome<Notice>> {
    let field = |name: &str| field(name).filter(|value| !value.is_empty());
    let kind = field("InvoiceNotifyType")?;
    Some(Outcome::from(notice(kind, field)))
}

fn notice<'a>(kind: &str, field: impl Fn(&str) -> Option<&'a str>) -> Attempt<Notice> {
    let status = field("Status").ok_or(Undecided::Incomplete)?;
    match (status, field("InvoiceStatus")) {
        // What was not voided is still valid, and no news.
        ("SUCCESS", Some("1" | "5")) => {}
        ("FAIL", _) | ("SUCCESS", Some("2")) if kind == "C0401" => {
            let code = Code::new(ProviderId::Payuni, "FAIL");
            return Err(Refusal::Denied(Denial {
                cause: Cause::Other,
                message: field("InvoiceInfo").unwrap_or_default().to_owned(),
                code,
            })
            .into());
        }
        _ => return Err(Undecided::Incomplete.into()),
    }
    let issued = issued(&field).ok_or(Undecided::Incomplete)?;
    match (kind, field("InvoiceStatus")) {
        ("C0401", Some("1")) => Ok(Notice::Issued(issued)),
        ("C0501", Some("5")) => Ok(Notice::Voided(issued)),
        _ => Err(Undecided::Incomplete.into()),
    }
}

fn issued<'a>(field: &impl Fn(&str) -> Option<&'a str>) -> Option<Issued> {
    Some(Issued {
        reference: field("MerTradeNo")?.to_owned(),
        number: field("InvoiceNo")?.parse().ok()?,
        issued_at: taipei(field("InvoiceTime")?)?,
        random: field("InvoiceRandom")?.parse().ok()?,
        total: field("TradeAmt")?.parse().ok()?,
        printed: (|| {
            Some(Printed {
                barcode: field("Barcode")?.to_owned(),
                left: field("QrcodeLeft")?.to_owned(),
                right: field("QrcodeRight")?.to_owned(),
            })
        })(),
    })
}

/// PAYUNi among the providers: knows what it offers, and refuses every call.
#[derive(Clone, Copy, Debug, Default)]
pub struct Payuni;

impl Driver for Payuni {
    const CAPABILITIES: &'static Capabilities = &CAPABILITIES;
}
