use einvoice::invoice::DraftReceive;
use einvoice::rules::tax::LineTax;
use invoicing::model::{
    AllowanceId, AllowanceStatus, InvoiceId, ProviderName, ReceiveName, Status, TaxName,
};
use invoicing::repo::{Allowance, Invoice};
use kernel::Timestamp;
use serde::Serialize;

/// An invoice in the form in which the API shows it (`InvoiceResponse`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InvoiceResponse {
    /// Its id.
    pub invoice_id: InvoiceId,
    /// The charge it is for.
    pub credit_charge_id: String,
    /// Its number, once it is issued.
    pub invoice_number: Option<String>,
    /// The four digits beside it.
    pub random_code: Option<String>,
    /// Who transmits it.
    pub invoice_provider: ProviderName,
    /// How the buyer gets it.
    pub invoice_receive_type: ReceiveName,
    /// What it is taxed with.
    pub invoice_tax_type: TaxName,
    /// How far it is.
    pub invoice_status: Status,
    /// Whole TWD.
    pub total: i64,
    /// The tax in it, whole TWD.
    pub tax_amount: i64,
    /// What was given back on it, whole TWD.
    pub allowance_total: i64,
    /// The buyer.
    pub buyer_name: Option<String>,
    /// The buyer's business number.
    pub buyer_tax_id: Option<String>,
    /// The buyer's mail address.
    pub email: Option<String>,
    /// The buyer's carrier.
    pub carrier_id: Option<String>,
    /// Whom it is donated to.
    pub love_code: Option<String>,
    /// What was sold.
    pub items: Vec<Item>,
    /// Why it was voided, or is to be.
    pub void_reason: Option<String>,
    /// When it was issued.
    pub issue_date_time: Option<Timestamp>,
    /// Since when it does not count.
    pub void_date_time: Option<Timestamp>,
    /// When the draft was made.
    pub create_date_time: Timestamp,
    /// When its status last changed.
    pub update_date_time: Option<Timestamp>,
}

/// A line of an invoice or an allowance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// What was sold.
    pub name: String,
    /// How many.
    pub count: i64,
    /// The price of one with tax, in whole TWD.
    pub price: i64,
    /// What it is taxed with, on mixed invoices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_type: Option<TaxName>,
}

impl Item {
    fn of(line: &einvoice::invoice::DraftLine) -> Self {
        Self {
            name: line.name.clone(),
            count: line.count,
            price: line.price,
            tax_type: line.tax.map(|tax| match tax {
                LineTax::Taxable => TaxName::Taxable,
                LineTax::ZeroRated => TaxName::ZeroTaxRate,
                LineTax::Exempt => TaxName::TaxFree,
            }),
        }
    }
}

impl InvoiceResponse {
    /// An invoice as the API shows it.
    pub fn of(invoice: &Invoice) -> Result<Self, invoicing::Error> {
        let tax_amount = invoice.content()?.amounts().tax;
        let draft = &invoice.draft.0;
        let (carrier_id, love_code) = match &draft.receive {
            DraftReceive::MobileBarcode(id) | DraftReceive::CitizenCertificate(id) => {
                (Some(id.clone()), None)
            }
            DraftReceive::Donation(code) => (None, Some(code.clone())),
            DraftReceive::Paper | DraftReceive::Member => (None, None),
        };
        Ok(Self {
            invoice_id: invoice.invoice_id,
            credit_charge_id: invoice.sale.clone(),
            invoice_number: invoice.invoice_number.clone(),
            random_code: invoice.random_code.clone(),
            invoice_provider: invoice.provider,
            invoice_receive_type: invoice.receive_type,
            invoice_tax_type: invoice.tax_type,
            invoice_status: invoice.status,
            total: invoice.total,
            tax_amount,
            allowance_total: invoice.credited,
            buyer_name: draft.buyer.name.clone(),
            buyer_tax_id: draft.buyer.ubn.clone(),
            email: draft.buyer.email.clone(),
            carrier_id,
            love_code,
            items: draft.lines.iter().map(Item::of).collect(),
            void_reason: invoice.void_reason.clone(),
            issue_date_time: invoice.issued_at,
            void_date_time: invoice.voided_at,
            create_date_time: invoice.created_at,
            update_date_time: invoice.updated_at,
        })
    }
}

/// An allowance in the form in which the API shows it (`AllowanceResponse`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AllowanceResponse {
    /// Its id.
    pub allowance_id: AllowanceId,
    /// The invoice.
    pub invoice_id: InvoiceId,
    /// Its number.
    pub allowance_number: String,
    /// `made`.
    pub allowance_status: AllowanceStatus,
    /// Whole TWD.
    pub total: i64,
    /// What was given back.
    pub items: Vec<Item>,
    /// When it was asked for.
    pub create_date_time: Timestamp,
}

impl AllowanceResponse {
    /// An allowance as the API shows it.
    pub fn of(allowance: &Allowance) -> Self {
        let number = allowance.provider_number.as_ref();
        Self {
            allowance_id: allowance.allowance_id,
            invoice_id: allowance.invoice_id,
            allowance_number: number.unwrap_or(&allowance.number).clone(),
            allowance_status: allowance.status,
            total: allowance.total,
            items: allowance.lines.0.iter().map(Item::of).collect(),
            create_date_time: allowance.created_at,
        }
    }
}

/// Where an invoice can be printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PrintUrlResponse {
    /// The address, for a browser. Whoever has it sees the invoice.
    pub url: String,
    /// Until when it can be opened.
    pub expire_date_time: Timestamp,
}
