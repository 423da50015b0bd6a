//! ezPay (簡單付): forms whose content is encrypted with AES, answers in JSON with a check code.

mod codes;
mod envelope;
mod request;

pub(crate) use codes::CODES;
pub use envelope::{KeyError, Merchant};

use crate::capabilities::{Capabilities, Limits, MemberNeeds, Needs};
use crate::invoice::{Allowance, Invoice, Limit};
use crate::outcome::{Attempt, Undecided};
use crate::provider::{Allowed, Driver, Found, Issued, Operation, Printed, ProviderId, Wanted};
use crate::rules::carrier::ReceiveType;
use crate::rules::tax::TaxKind;
use crate::transport::{Body, Object, Transport, taipei};
use kernel::Timestamp;

/// What ezPay offers. Companies' invoices are printed; there is no address for printing, only a page of its own to
/// which a browser posts a search.
pub const CAPABILITIES: Capabilities = Capabilities {
    provider: ProviderId::Ezpay,
    operations: &[
        Operation::Issue,
        Operation::Query,
        Operation::Void,
        Operation::Allowance,
        Operation::VoidAllowance,
    ],
    receive: &ReceiveType::ALL,
    company_on_carrier: false,
    tax: &[
        TaxKind::Taxable,
        TaxKind::ZeroRated,
        TaxKind::Exempt,
        TaxKind::Mixed,
    ],
    mixed_for_companies: false,
    exclusive_for_consumers: false,
    needs: Needs {
        contact_on_paper: false,
        member: MemberNeeds::Email,
        name: false,
        customs_when_mixed: false,
    },
    limits: Limits {
        reference: Limit::Chars(20),
        reference_is_word: true,
        name: Limit::Chars(30),
        company_name: Limit::Chars(60),
        address: Limit::Chars(100),
        phone: Limit::Chars(20),
        email: Limit::Chars(50),
        remark: Limit::Chars(200),
        line_name: Limit::Chars(request::LONGEST_NAME),
        unit: Limit::Chars(2),
        lines: 999,
        separator: Some('|'),
        reason: Limit::Bytes(20),
        allowance_number: Limit::Chars(20),
    },
    own_allowance_numbers: false,
    mixed_allowances: false,
    print_url_lasts: None,
    void_until: 14,
};

/// The production server.
pub const PRODUCTION: &str = "https://inv.ezpay.com.tw";
/// The test server, where merchants register apart.
pub const TEST: &str = "https://cinv.ezpay.com.tw";

/// ezPay, for one merchant.
///
/// ```
/// use einvoice::ezpay::{self, Ezpay, Merchant};
/// use kernel::Secret;
///
/// # fn example(http: reqwest::Client, key: Secret<String>, iv: Secret<String>) -> Result<Ezpay, ezpay::KeyError> {
/// Ok(Ezpay::new(http, ezpay::TEST, Merchant::new("3622183", &key, &iv)?))
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Ezpay {
    transport: Transport,
    merchant: Merchant,
}

impl Ezpay {
    /// Calls to the server at `base_url`, such as [`TEST`]. `http` should have a time-out of at least 30 seconds and
    /// follow no redirects.
    pub fn new(http: reqwest::Client, base_url: impl Into<String>, merchant: Merchant) -> Self {
        Self {
            transport: Transport::new(http, base_url),
            merchant,
        }
    }

    /// The result in the answer, if that says that it was done.
    async fn call(&self, path: &str, fields: request::Fields) -> Attempt<Object> {
        let body = self.merchant.seal(&fields);
        let outer = self.transport.post(path, Body::Form, body).await?;
        match outer.text("Status").as_deref() {
            Some("SUCCESS") => Ok(outer.object("Result").ok_or(Undecided::Incomplete)?),
            Some(code) => {
                let message = outer.text("Message").unwrap_or_default();
                Err(codes::denial(code, message).into())
            }
            None => Err(Undecided::Incomplete.into()),
        }
    }
}

impl Driver for Ezpay {
    const CAPABILITIES: &'static Capabilities = &CAPABILITIES;

    async fn issue(&self, invoice: &Invoice, now: Timestamp) -> Attempt<Issued> {
        CAPABILITIES.check(invoice)?;
        let fields = request::issue(invoice, now).ok_or(Undecided::Incomplete)?;
        let result = self.call("/Api/invoice_issue", fields).await?;
        self.merchant.check(&result)?;
        let issued = issued(&result).ok_or(Undecided::Incomplete)?;
        let wanted = Wanted::of(invoice);
        if issued.reference != wanted.reference || issued.total != wanted.total {
            return Err(Undecided::Mismatch.into());
        }
        Ok(issued)
    }

    async fn query(&self, wanted: &Wanted, now: Timestamp) -> Attempt<Option<Found>> {
        let fields = request::search(wanted, now);
        let result = match self.call("/Api/invoice_search", fields).await {
            Err(stop) if stop.is_absent() => return Ok(None),
            other => other?,
        };
        self.merchant.check(&result)?;
        let issued = issued(&result).ok_or(Undecided::Incomplete)?;
        if issued.reference != wanted.reference || issued.total != wanted.total {
            return Err(Undecided::Mismatch.into());
        }
        let voided = match result.text("InvoiceStatus").as_deref() {
            Some("1") => false,
            Some("2") => true,
            _ => return Err(Undecided::Incomplete.into()),
        };
        Ok(Some(Found {
            issued,
            voided,
            credited: None,
        }))
    }

    async fn void(&self, invoice: &Issued, reason: &str, now: Timestamp) -> Attempt<()> {
        CAPABILITIES.check_reason(reason)?;
        let number = invoice.number.as_str();
        let fields = request::void(number, reason, now);
        let result = self.call("/Api/invoice_invalid", fields).await?;
        result.must_be_about("InvoiceNumber", number)
    }

    async fn allowance(&self, allowance: &Allowance, now: Timestamp) -> Attempt<Allowed> {
        CAPABILITIES.check_allowance(allowance)?;
        let fields = request::allowance(allowance, now).ok_or(Undecided::Incomplete)?;
        let result = self.call("/Api/allowance_issue", fields).await?;
        let invoice = &allowance.invoice().number;
        result.must_be_about("InvoiceNumber", invoice.as_str())?;
        Ok(Allowed {
            number: result.text("AllowanceNo").ok_or(Undecided::Incomplete)?,
            invoice: invoice.clone(),
            total: allowance.amounts().total,
            remaining: result.number("RemainAmt"),
        })
    }

    async fn void_allowance(&self, allowed: &Allowed, reason: &str, now: Timestamp) -> Attempt<()> {
        CAPABILITIES.check_reason(reason)?;
        let fields = request::void_allowance(&allowed.number, reason, now);
        let result = self.call("/Api/allowanceInvalid", fields).await?;
        result.must_be_about("AllowanceNo", &allowed.number)
    }
}

fn issued(result: &Object) -> Option<Issued> {
    let printed = |name| result.text(name);
    Some(Issued {
        reference: result.text("MerchantOrderNo")?,
        number: result.parsed("InvoiceNumber")?,
        issued_at: taipei(&result.text("CreateTime")?)?,
        random: result.parsed("RandomNum")?,
        total: result.number("TotalAmt")?,
        printed: (|| {
            Some(Printed {
                barcode: printed("BarCode")?,
                left: printed("QRcodeL")?,
                right: printed("QRcodeR")?,
            })
        })(),
    })
}
