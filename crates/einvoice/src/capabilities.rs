//! What a provider offers: decided from a table, before anything is sent.

use crate::invoice::{Allowance, Field, Invoice, Limit, LineField, Problem, Violation};
use crate::provider::{Operation, ProviderId};
use crate::rules::amount::Pricing;
use crate::rules::carrier::{Receive, ReceiveType};
use crate::rules::tax::{LineTax, TaxKind};
use std::time::Duration;

/// What a provider offers, and within which limits.
///
/// ```
/// use einvoice::rules::carrier::ReceiveType;
/// use einvoice::rules::tax::TaxKind;
/// use einvoice::{ezpay, payuni};
///
/// assert!(!payuni::CAPABILITIES.allows_receive(ReceiveType::Paper));
/// assert!(!payuni::CAPABILITIES.allows_tax(TaxKind::Exempt, false));
/// assert!(ezpay::CAPABILITIES.allows_tax(TaxKind::Mixed, false));
/// assert!(!ezpay::CAPABILITIES.allows_tax(TaxKind::Mixed, true));
/// ```
#[derive(Debug)]
pub struct Capabilities {
    /// Whose these are.
    pub provider: ProviderId,
    /// What can be called.
    pub operations: &'static [Operation],
    /// How invoices can be received.
    pub receive: &'static [ReceiveType],
    /// Whether a company's invoice can go on a carrier.
    pub company_on_carrier: bool,
    /// What invoices can be taxed with.
    pub tax: &'static [TaxKind],
    /// Whether a company's invoice can be taxed line by line.
    pub mixed_for_companies: bool,
    /// Whether consumers' invoices can have prices without tax.
    pub exclusive_for_consumers: bool,
    /// What the provider needs to know about the buyer.
    pub needs: Needs,
    /// How long texts may be, and how many lines.
    pub limits: Limits,
    /// Whether an allowance has the merchant's own number, so that the same one is never made twice. Where it has
    /// none, look before repeating one whose answer was lost.
    pub own_allowance_numbers: bool,
    /// Whether one allowance can have lines that are taxed differently.
    pub mixed_allowances: bool,
    /// How long the address of a printed invoice can be opened.
    pub print_url_lasts: Option<Duration>,
    /// The day of the month after an invoice's period until which it can be voided
    /// ([`Period::void_until`](crate::rules::period::Period::void_until)). The provider has the last word.
    pub void_until: u8,
}

/// What a provider needs to know about the buyer, beyond the rules for all.
#[derive(Debug)]
pub struct Needs {
    /// Paper and companies' invoices: name, address, and phone or mail address.
    pub contact_on_paper: bool,
    /// Member carriers: which of the ways to find the member.
    pub member: MemberNeeds,
    /// Any invoice: the buyer's name.
    pub name: bool,
    /// Every mixed invoice: the customs mark, though nothing on it be zero-rated.
    pub customs_when_mixed: bool,
}

/// How a provider finds the member whose carrier it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MemberNeeds {
    /// By mail address.
    Email,
    /// By mail address or phone.
    EmailOrPhone,
}

/// How long texts may be.
#[derive(Debug)]
pub struct Limits {
    /// The merchant's reference.
    pub reference: Limit,
    /// Whether the reference may have other than ASCII letters, digits and `_`.
    pub reference_is_word: bool,
    /// A consumer's name.
    pub name: Limit,
    /// A company's name.
    pub company_name: Limit,
    /// The address.
    pub address: Limit,
    /// The phone number.
    pub phone: Limit,
    /// The mail address.
    pub email: Limit,
    /// The remark.
    pub remark: Limit,
    /// The name of a line.
    pub line_name: Limit,
    /// The unit of a line.
    pub unit: Limit,
    /// The number of lines.
    pub lines: usize,
    /// A character that lines cannot have, because it separates them.
    pub separator: Option<char>,
    /// Why something is voided.
    pub reason: Limit,
    /// The number of an allowance.
    pub allowance_number: Limit,
}

impl Capabilities {
    /// Whether this can be called.
    pub fn offers(&self, operation: Operation) -> bool {
        self.operations.contains(&operation)
    }

    /// Whether invoices can be received so.
    pub fn allows_receive(&self, kind: ReceiveType) -> bool {
        self.receive.contains(&kind)
    }

    /// Whether invoices can be taxed so, for companies or for consumers.
    pub fn allows_tax(&self, kind: TaxKind, company: bool) -> bool {
        self.tax.contains(&kind) && (kind != TaxKind::Mixed || !company || self.mixed_for_companies)
    }

    /// Everything about an invoice that this provider does not offer.
    pub fn check(&self, invoice: &Invoice) -> Result<(), Vec<Violation>> {
        let mut found = Found::default();
        self.check_kinds(invoice, &mut found);
        self.check_needs(invoice, &mut found);
        self.check_texts(invoice, &mut found);
        found.result()
    }

    /// Everything about an allowance that this provider does not offer.
    pub fn check_allowance(&self, allowance: &Allowance) -> Result<(), Vec<Violation>> {
        let mut found = Found::default();
        if self.own_allowance_numbers {
            let limit = self.limits.allowance_number;
            found.length(Field::AllowanceNumber, Some(&allowance.number), limit);
        }
        let first = allowance.lines.first().map(|line| line.tax);
        let alike = allowance.lines.iter().all(|line| Some(line.tax) == first);
        if !alike && !self.mixed_allowances {
            found.complain(Field::TaxType, Problem::NotOffered);
        }
        self.check_lines(&allowance.lines, &mut found);
        found.result()
    }

    /// Whether this provider takes a reason for a void.
    pub fn check_reason(&self, reason: &str) -> Result<(), Vec<Violation>> {
        let mut found = Found::default();
        if reason.trim().is_empty() {
            found.complain(Field::Reason, Problem::Missing);
        }
        found.length(Field::Reason, Some(reason), self.limits.reason);
        found.result()
    }

    fn check_kinds(&self, invoice: &Invoice, found: &mut Found) {
        let company = invoice.is_company();
        let off_carrier = !company || self.company_on_carrier || !invoice.receive.is_carrier();
        if !self.allows_receive(invoice.receive_type()) || !off_carrier {
            found.complain(Field::ReceiveType, Problem::NotOffered);
        }
        if !self.allows_tax(invoice.tax_type.kind(), company) {
            found.complain(Field::TaxType, Problem::NotOffered);
        }
        if invoice.pricing == Pricing::Exclusive && !company && !self.exclusive_for_consumers {
            found.complain(Field::Pricing, Problem::NotOffered);
        }
    }

    fn check_needs(&self, invoice: &Invoice, found: &mut Found) {
        let Invoice { buyer, .. } = invoice;
        let printed = matches!(
            invoice.receive_type(),
            ReceiveType::Paper | ReceiveType::Company
        );
        let contact = printed && self.needs.contact_on_paper;
        // A company without a name is wrong with every provider.
        if (contact || self.needs.name) && buyer.name.is_none() {
            found.complain(Field::BuyerName, Problem::Missing);
        }
        if contact && buyer.address.is_none() {
            found.complain(Field::BuyerAddress, Problem::Missing);
        }
        let member = (invoice.receive == Receive::Member).then_some(self.needs.member);
        let reachable = buyer.email.is_some() || buyer.phone.is_some();
        let email = match member {
            Some(MemberNeeds::Email) => buyer.email.is_some(),
            Some(MemberNeeds::EmailOrPhone) => reachable,
            None => true,
        };
        if !email || (contact && !reachable) {
            found.complain(Field::BuyerEmail, Problem::Missing);
        }
        let zero_rated = invoice.lines.iter().any(|l| l.tax == LineTax::ZeroRated);
        if self.needs.customs_when_mixed
            && invoice.tax_type.kind() == TaxKind::Mixed
            && !zero_rated
            && invoice.customs.is_none()
        {
            found.complain(Field::Customs, Problem::Missing);
        }
    }

    fn check_texts(&self, invoice: &Invoice, found: &mut Found) {
        let (limits, buyer) = (&self.limits, &invoice.buyer);
        let name = match invoice.is_company() {
            true => limits.company_name,
            false => limits.name,
        };
        let reference = invoice.reference.as_str();
        found.length(Field::Reference, Some(reference), limits.reference);
        let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        if limits.reference_is_word && !reference.bytes().all(is_word) {
            let form = Problem::Malformed("letters, digits and _ of ASCII");
            found.complain(Field::Reference, form);
        }
        for (field, text, limit) in [
            (Field::BuyerName, &buyer.name, name),
            (Field::BuyerAddress, &buyer.address, limits.address),
            (Field::BuyerPhone, &buyer.phone, limits.phone),
            (Field::BuyerEmail, &buyer.email, limits.email),
            (Field::Remark, &invoice.remark, limits.remark),
        ] {
            found.length(field, text.as_deref(), limit);
        }
        self.check_lines(&invoice.lines, found);
    }

    fn check_lines(&self, lines: &[crate::invoice::Line], found: &mut Found) {
        let limits = &self.limits;
        if lines.len() > limits.lines {
            found.complain(Field::Lines, Problem::TooMany(limits.lines));
        }
        for (index, line) in lines.iter().enumerate() {
            for (field, text, limit) in [
                (LineField::Name, Some(line.name.as_str()), limits.line_name),
                (LineField::Unit, line.unit.as_deref(), limits.unit),
            ] {
                let field = Field::Line(index, field);
                found.length(field, text, limit);
                if let (Some(text), Some(separator)) = (text, limits.separator)
                    && text.contains(separator)
                {
                    found.complain(field, Problem::Malformed("text without |"));
                }
            }
        }
    }
}

#[derive(Default)]
struct Found(Vec<Violation>);

impl Found {
    fn complain(&mut self, field: Field, problem: Problem) {
        self.0.push(Violation { field, problem });
    }

    fn length(&mut self, field: Field, text: Option<&str>, limit: Limit) {
        if text.is_some_and(|text| !limit.allows(text)) {
            self.complain(field, Problem::TooLong(limit));
        }
    }

    fn result(self) -> Result<(), Vec<Violation>> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(self.0)
        }
    }
}
