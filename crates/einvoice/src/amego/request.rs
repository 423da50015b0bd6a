//! What is asked, as JSON in the documented order.

use crate::invoice::{Allowance, Buyer, Invoice, untaxed};
use crate::rules::amount::Pricing;
use crate::rules::carrier::Receive;
use crate::rules::period::Date;
use crate::rules::tax::{Customs, LineTax, TaxKind, TaxType, ZeroRateReason};
use kernel::Timestamp;
use serde::Serialize;

/// No company.
const NOBODY: &str = "0000000000";
/// Who buys, where nobody says.
const CONSUMER: &str = "消費者";

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Issue<'a> {
    order_id: &'a str,
    buyer_identifier: &'a str,
    buyer_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    buyer_address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    buyer_telephone_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    buyer_email_address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    main_remark: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    carrier_type: Option<&'static str>,
    #[serde(rename = "CarrierId1", skip_serializing_if = "Option::is_none")]
    carrier_id_1: Option<String>,
    #[serde(rename = "CarrierId2", skip_serializing_if = "Option::is_none")]
    carrier_id_2: Option<String>,
    #[serde(rename = "NPOBAN", skip_serializing_if = "Option::is_none")]
    npoban: Option<&'a str>,
    product_item: Vec<Item<'a>>,
    sales_amount: i64,
    free_tax_sales_amount: i64,
    zero_tax_sales_amount: i64,
    tax_type: u8,
    tax_rate: &'static str,
    tax_amount: i64,
    total_amount: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    customs_clearance_mark: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zero_tax_rate_reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail_vat: Option<u8>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Item<'a> {
    description: &'a str,
    quantity: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'a str>,
    unit_price: i64,
    amount: i64,
    tax_type: u8,
}

impl<'a> Issue<'a> {
    pub fn new(invoice: &'a Invoice) -> Self {
        let (buyer, amounts) = (invoice.buyer(), invoice.amounts());
        let (carrier_type, carrier_id) = match carrier(invoice) {
            Some((kind, id)) => (Some(kind), Some(id)),
            None => (None, None),
        };
        // Tax is told apart for companies only.
        let (sales_amount, tax_amount) = match invoice.is_company() {
            true => (amounts.taxable, amounts.tax),
            false => (amounts.taxable + amounts.tax, 0),
        };
        let items = invoice.lines().iter().map(|line| Item {
            description: &line.name,
            quantity: line.count,
            unit: line.unit.as_deref(),
            unit_price: line.price,
            amount: line.amount,
            tax_type: line_tax(line.tax),
        });
        Self {
            order_id: invoice.reference(),
            buyer_identifier: identifier(buyer),
            buyer_name: buyer.name.as_deref().unwrap_or(CONSUMER),
            buyer_address: buyer.address.as_deref(),
            buyer_telephone_number: buyer.phone.as_deref(),
            buyer_email_address: buyer.email.as_deref(),
            main_remark: invoice.remark.as_deref(),
            carrier_type,
            carrier_id_1: carrier_id.clone(),
            carrier_id_2: carrier_id,
            npoban: match invoice.receive() {
                Receive::Donation(code) => Some(code.as_str()),
                _ => None,
            },
            product_item: items.collect(),
            sales_amount,
            free_tax_sales_amount: amounts.exempt,
            zero_tax_sales_amount: amounts.zero_rated,
            tax_type: tax_type(invoice.tax_type().kind()),
            tax_rate: tax_rate(invoice.tax_type()),
            tax_amount,
            total_amount: amounts.total,
            customs_clearance_mark: invoice.customs.map(Customs::digit),
            zero_tax_rate_reason: invoice.zero_rate_reason.map(ZeroRateReason::number),
            detail_vat: (invoice.pricing() == Pricing::Exclusive).then_some(0),
        }
    }
}

fn carrier(invoice: &Invoice) -> Option<(&'static str, String)> {
    let buyer = invoice.buyer();
    Some(match invoice.receive() {
        Receive::Paper | Receive::Donation(_) => return None,
        Receive::MobileBarcode(barcode) => ("3J0002", barcode.to_string()),
        Receive::CitizenCertificate(certificate) => ("CQ0001", certificate.to_string()),
        Receive::Member => {
            let phone = buyer.phone.as_ref().map(|phone| format!("a{phone}"));
            let id = buyer.email.clone().or(phone);
            ("amego", id.unwrap_or_default())
        }
    })
}

fn identifier(buyer: &Buyer) -> &str {
    buyer.ubn.as_ref().map_or(NOBODY, |ubn| ubn.as_str())
}

const fn tax_type(kind: TaxKind) -> u8 {
    match kind {
        TaxKind::Taxable => 1,
        TaxKind::ZeroRated => 2,
        TaxKind::Exempt => 3,
        TaxKind::Special => 4,
        TaxKind::Mixed => 9,
    }
}

const fn line_tax(tax: LineTax) -> u8 {
    match tax {
        LineTax::Taxable => 1,
        LineTax::ZeroRated => 2,
        LineTax::Exempt => 3,
    }
}

const fn tax_rate(tax_type: TaxType) -> &'static str {
    match tax_type.percent() {
        0 => "0",
        1 => "0.01",
        2 => "0.02",
        15 => "0.15",
        25 => "0.25",
        _ => "0.05",
    }
}

#[derive(Serialize)]
pub(super) struct QueryOrder<'a> {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub order_id: &'a str,
}

#[derive(Serialize)]
pub(super) struct InvoiceFile<'a> {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub invoice_number: &'a str,
    pub download_style: u8,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Cancel<'a> {
    pub cancel_invoice_number: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CancelAllowance<'a> {
    pub cancel_allowance_number: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NewAllowance<'a> {
    allowance_number: &'a str,
    allowance_date: String,
    /// `2`: the seller makes it.
    allowance_type: &'static str,
    buyer_identifier: &'a str,
    buyer_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    buyer_email_address: Option<&'a str>,
    product_item: Vec<AllowanceItem<'a>>,
    tax_amount: i64,
    /// Without tax.
    total_amount: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AllowanceItem<'a> {
    original_invoice_number: &'a str,
    original_invoice_date: String,
    original_description: &'a str,
    quantity: i64,
    unit_price: serde_json::Number,
    amount: i64,
    tax: i64,
    tax_type: u8,
}

impl<'a> NewAllowance<'a> {
    /// `None` when the lines come to nothing but the allowance does not, which none does.
    pub fn new(allowance: &'a Allowance, now: Timestamp) -> Option<Self> {
        let shares = untaxed(&allowance.lines, &allowance.amounts)?;
        let issued = Date::of(allowance.invoice.issued_at).compact();
        let lines = allowance.lines.iter().zip(&shares);
        let items = lines.map(|(line, share)| AllowanceItem {
            original_invoice_number: allowance.invoice.number.as_str(),
            original_invoice_date: issued.clone(),
            original_description: &line.name,
            quantity: line.count,
            unit_price: unit_price(share.amount, line.count),
            amount: share.amount,
            tax: share.tax,
            tax_type: line_tax(line.tax),
        });
        Some(Self {
            allowance_number: &allowance.number,
            allowance_date: Date::of(now).compact(),
            allowance_type: "2",
            buyer_identifier: identifier(&allowance.buyer),
            buyer_name: allowance.buyer.name.as_deref().unwrap_or(CONSUMER),
            buyer_email_address: allowance.buyer.email.as_deref(),
            product_item: items.collect(),
            tax_amount: allowance.amounts.tax,
            total_amount: allowance.amounts.net(),
        })
    }
}

/// Prices may have seven decimals, so that prices without tax can be multiplied out.
fn unit_price(amount: i64, count: i64) -> serde_json::Number {
    if amount % count == 0 {
        return (amount / count).into();
    }
    #[expect(clippy::cast_precision_loss, reason = "amounts have at most 33 bits")]
    let price = amount as f64 / count as f64;
    let rounded = (price * 1e7).round() / 1e7;
    serde_json::Number::from_f64(rounded).unwrap_or_else(|| amount.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_have_at_most_seven_decimals() {
        assert_eq!(unit_price(10, 5).to_string(), "2");
        assert_eq!(unit_price(10, 3).to_string(), "3.3333333");
    }
}
