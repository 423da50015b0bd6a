//! What is asked, as JSON in the documented order.

use crate::invoice::{Allowance, Invoice, Line};
use crate::rules::amount::Pricing;
use crate::rules::carrier::{Receive, ReceiveType};
use crate::rules::period::Date;
use crate::rules::tax::{Customs, TaxType, ZeroRateReason};
use serde::Serialize;

/// Of what, where nobody says.
const UNIT: &str = "式";

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Issue<'a> {
    #[serde(rename = "MerchantID")]
    merchant_id: &'a str,
    relate_number: &'a str,
    customer_identifier: &'a str,
    customer_name: &'a str,
    customer_addr: &'a str,
    customer_phone: &'a str,
    customer_email: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    clearance_mark: Option<&'static str>,
    print: &'static str,
    donation: &'static str,
    love_code: &'a str,
    carrier_type: &'static str,
    carrier_num: &'a str,
    tax_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    zero_tax_rate_reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    special_tax_type: Option<u8>,
    sales_amount: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice_remark: Option<&'a str>,
    inv_type: &'static str,
    #[serde(rename = "vat")]
    vat: &'static str,
    items: Vec<Item<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Item<'a> {
    item_seq: usize,
    item_name: &'a str,
    item_count: i64,
    item_word: &'a str,
    item_price: i64,
    item_tax_type: &'static str,
    item_amount: i64,
}

impl<'a> Issue<'a> {
    pub fn new(merchant_id: &'a str, invoice: &'a Invoice) -> Self {
        let buyer = invoice.buyer();
        let printed = matches!(
            invoice.receive_type(),
            ReceiveType::Paper | ReceiveType::Company
        );
        let (carrier_type, carrier_num) = match invoice.receive() {
            Receive::Paper | Receive::Donation(_) => ("", ""),
            Receive::Member => ("1", ""),
            Receive::CitizenCertificate(certificate) => ("2", certificate.as_str()),
            Receive::MobileBarcode(barcode) => ("3", barcode.as_str()),
        };
        let love_code = match invoice.receive() {
            Receive::Donation(code) => code.as_str(),
            _ => "",
        };
        Self {
            merchant_id,
            relate_number: invoice.reference(),
            customer_identifier: buyer.ubn.as_ref().map_or("", |ubn| ubn.as_str()),
            customer_name: buyer.name.as_deref().unwrap_or_default(),
            customer_addr: buyer.address.as_deref().unwrap_or_default(),
            customer_phone: buyer.phone.as_deref().unwrap_or_default(),
            customer_email: buyer.email.as_deref().unwrap_or_default(),
            clearance_mark: invoice.customs.map(Customs::digit),
            print: if printed { "1" } else { "0" },
            donation: if love_code.is_empty() { "0" } else { "1" },
            love_code,
            carrier_type,
            carrier_num,
            tax_type: invoice.tax_type().kind().digit(),
            zero_tax_rate_reason: invoice.zero_rate_reason.map(ZeroRateReason::number),
            special_tax_type: match invoice.tax_type() {
                TaxType::Special(rate) => Some(rate.number()),
                _ => None,
            },
            sales_amount: invoice.amounts().total,
            invoice_remark: invoice.remark.as_deref(),
            inv_type: invoice.tax_type().series(),
            vat: match invoice.pricing() {
                Pricing::Inclusive => "1",
                Pricing::Exclusive => "0",
            },
            items: items(invoice.lines()),
        }
    }
}

fn items(lines: &[Line]) -> Vec<Item<'_>> {
    let items = lines.iter().zip(1..).map(|(line, item_seq)| Item {
        item_seq,
        item_name: &line.name,
        item_count: line.count,
        item_word: line.unit.as_deref().unwrap_or(UNIT),
        item_price: line.price,
        item_tax_type: line.tax.digit(),
        item_amount: line.amount,
    });
    items.collect()
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetIssue<'a> {
    #[serde(rename = "MerchantID")]
    pub merchant_id: &'a str,
    pub relate_number: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Invalid<'a> {
    #[serde(rename = "MerchantID")]
    pub merchant_id: &'a str,
    pub invoice_no: &'a str,
    pub invoice_date: String,
    pub reason: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NewAllowance<'a> {
    #[serde(rename = "MerchantID")]
    merchant_id: &'a str,
    invoice_no: &'a str,
    invoice_date: String,
    allowance_notify: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notify_mail: Option<&'a str>,
    allowance_amount: i64,
    items: Vec<Item<'a>>,
}

impl<'a> NewAllowance<'a> {
    pub fn new(merchant_id: &'a str, allowance: &'a Allowance) -> Self {
        let mail = allowance.buyer.email.as_deref();
        Self {
            merchant_id,
            invoice_no: allowance.invoice.number.as_str(),
            invoice_date: Date::of(allowance.invoice.issued_at).to_string(),
            // By mail, or not at all.
            allowance_notify: if mail.is_some() { "E" } else { "N" },
            customer_name: allowance.buyer.name.as_deref(),
            notify_mail: mail,
            allowance_amount: allowance.amounts.total,
            items: items(&allowance.lines),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AllowanceInvalid<'a> {
    #[serde(rename = "MerchantID")]
    pub merchant_id: &'a str,
    pub invoice_no: &'a str,
    pub allowance_no: &'a str,
    pub reason: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct InvoicePrint<'a> {
    #[serde(rename = "MerchantID")]
    pub merchant_id: &'a str,
    pub invoice_no: &'a str,
    pub invoice_date: String,
    pub print_style: u8,
    pub is_showing_detail: u8,
}
