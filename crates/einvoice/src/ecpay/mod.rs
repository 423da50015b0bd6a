//! ECPay (綠界): invoices to consumers and companies over its JSON API, whose content is encrypted with AES.

mod codes;
mod envelope;
mod request;

pub(crate) use codes::CODES;
pub use envelope::{KeyError, Merchant};

use crate::capabilities::{Capabilities, Limits, MemberNeeds, Needs};
use crate::invoice::{Allowance, Invoice, Limit};
use crate::outcome::{Attempt, Undecided};
use crate::provider::{
    Allowed, Driver, Found, Issued, Operation, PrintUrl, Printed, ProviderId, Wanted,
};
use crate::rules::carrier::ReceiveType;
use crate::rules::period::Date;
use crate::rules::tax::TaxKind;
use crate::transport::{Body, Object, Transport, taipei};
use kernel::Timestamp;
use serde::Serialize;
use std::time::Duration;

/// What ECPay offers. Its documents forbid a company's invoice on a carrier, its servers accept it.
pub const CAPABILITIES: Capabilities = Capabilities {
    provider: ProviderId::Ecpay,
    operations: &[
        Operation::Issue,
        Operation::Query,
        Operation::Void,
        Operation::Allowance,
        Operation::VoidAllowance,
        Operation::PrintUrl,
    ],
    receive: &ReceiveType::ALL,
    company_on_carrier: true,
    tax: &TaxKind::ALL,
    mixed_for_companies: true,
    exclusive_for_consumers: true,
    needs: Needs {
        contact_on_paper: true,
        member: MemberNeeds::EmailOrPhone,
        name: false,
        customs_when_mixed: true,
    },
    limits: Limits {
        reference: Limit::Chars(30),
        reference_is_word: false,
        name: Limit::Chars(60),
        company_name: Limit::Chars(60),
        address: Limit::Chars(100),
        phone: Limit::Chars(20),
        email: Limit::Chars(80),
        remark: Limit::Chars(200),
        line_name: Limit::Chars(100),
        unit: Limit::Chars(6),
        lines: 200,
        separator: None,
        reason: Limit::Chars(20),
        allowance_number: Limit::Chars(20),
    },
    own_allowance_numbers: false,
    mixed_allowances: true,
    print_url_lasts: Some(PRINT_URL_LASTS),
    void_until: 13,
};

/// The production server.
pub const PRODUCTION: &str = "https://einvoice.ecpay.com.tw";
/// The test server.
pub const STAGE: &str = "https://einvoice-stage.ecpay.com.tw";

const PRINT_URL_LASTS: Duration = Duration::from_secs(60 * 60);

/// ECPay, for one merchant.
///
/// ```no_run
/// use einvoice::ecpay::{self, Ecpay, Merchant};
/// use einvoice::invoice::{Draft, DraftLine};
/// use einvoice::provider::Provider;
/// use kernel::{Secret, Timestamp};
///
/// # async fn example(http: reqwest::Client, key: Secret<String>, iv: Secret<String>, now: Timestamp) -> Result<(), Box<dyn std::error::Error>> {
/// let ecpay = Ecpay::new(http, ecpay::STAGE, Merchant::new("2000132", &key, &iv)?);
/// let mut draft = Draft::new("PB20260115001");
/// draft.receive = einvoice::invoice::DraftReceive::MobileBarcode("/ABC1234".into());
/// draft.lines.push(DraftLine::new("月租方案", 1, 299));
/// let invoice = draft.check().map_err(|wrong| format!("{wrong:?}"))?;
/// if let Some(issued) = ecpay.issue(&invoice, now).await.done() {
///     println!("{}", issued.number);
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Ecpay {
    transport: Transport,
    merchant: Merchant,
}

impl Ecpay {
    /// Calls to the server at `base_url`, such as [`STAGE`]. `http` should have a time-out of at least 30 seconds and
    /// follow no redirects.
    pub fn new(http: reqwest::Client, base_url: impl Into<String>, merchant: Merchant) -> Self {
        Self {
            transport: Transport::new(http, base_url),
            merchant,
        }
    }

    /// The content of the answer, if it says that it was done.
    async fn call(&self, path: &str, data: &impl Serialize, now: Timestamp) -> Attempt<Object> {
        let body = self.merchant.seal(data, now);
        let path = format!("/B2CInvoice/{path}");
        let (status, body) = self.transport.exchange(&path, Body::Json, body).await?;
        let content = self.merchant.open(status, &body)?;
        match content.number("RtnCode").ok_or(Undecided::Incomplete)? {
            1 => Ok(content),
            code => {
                let message = content.text("RtnMsg").unwrap_or_default();
                Err(codes::denial(code, message).into())
            }
        }
    }
}

impl Driver for Ecpay {
    const CAPABILITIES: &'static Capabilities = &CAPABILITIES;

    async fn issue(&self, invoice: &Invoice, now: Timestamp) -> Attempt<Issued> {
        CAPABILITIES.check(invoice)?;
        let data = request::Issue::new(self.merchant.id(), invoice);
        let content = self.call("Issue", &data, now).await?;
        let issued = (|| {
            Some(Issued {
                reference: invoice.reference().to_owned(),
                number: content.parsed("InvoiceNo")?,
                issued_at: taipei(&content.text("InvoiceDate")?)?,
                random: content.parsed("RandomNumber")?,
                total: invoice.amounts().total,
                printed: None,
            })
        })();
        Ok(issued.ok_or(Undecided::Incomplete)?)
    }

    async fn query(&self, wanted: &Wanted, now: Timestamp) -> Attempt<Option<Found>> {
        let data = request::GetIssue {
            merchant_id: self.merchant.id(),
            relate_number: &wanted.reference,
        };
        let content = match self.call("GetIssue", &data, now).await {
            Err(stop) if stop.is_absent() => return Ok(None),
            other => other?,
        };
        let found = found(&content).ok_or(Undecided::Incomplete)?;
        if found.issued.reference != wanted.reference {
            return Err(Undecided::Mismatch.into());
        }
        Ok(Some(found))
    }

    async fn void(&self, invoice: &Issued, reason: &str, now: Timestamp) -> Attempt<()> {
        CAPABILITIES.check_reason(reason)?;
        let data = request::Invalid {
            merchant_id: self.merchant.id(),
            invoice_no: invoice.number.as_str(),
            invoice_date: Date::of(invoice.issued_at).to_string(),
            reason,
        };
        let content = self.call("Invalid", &data, now).await?;
        content.must_be_about("InvoiceNo", invoice.number.as_str())
    }

    async fn allowance(&self, allowance: &Allowance, now: Timestamp) -> Attempt<Allowed> {
        CAPABILITIES.check_allowance(allowance)?;
        let data = request::NewAllowance::new(self.merchant.id(), allowance);
        let content = self.call("Allowance", &data, now).await?;
        let invoice = &allowance.invoice().number;
        content.must_be_about("IA_Invoice_No", invoice.as_str())?;
        Ok(Allowed {
            number: content.text("IA_Allow_No").ok_or(Undecided::Incomplete)?,
            invoice: invoice.clone(),
            total: allowance.amounts().total,
            remaining: content.number("IA_Remain_Allowance_Amt"),
        })
    }

    async fn void_allowance(&self, allowed: &Allowed, reason: &str, now: Timestamp) -> Attempt<()> {
        CAPABILITIES.check_reason(reason)?;
        let data = request::AllowanceInvalid {
            merchant_id: self.merchant.id(),
            invoice_no: allowed.invoice.as_str(),
            allowance_no: &allowed.number,
            reason,
        };
        self.call("AllowanceInvalid", &data, now).await?;
        Ok(())
    }

    async fn print_url(&self, invoice: &Issued, now: Timestamp) -> Attempt<PrintUrl> {
        let data = request::InvoicePrint {
            merchant_id: self.merchant.id(),
            invoice_no: invoice.number.as_str(),
            invoice_date: Date::of(invoice.issued_at).to_string(),
            print_style: 1,
            is_showing_detail: 1,
        };
        let content = self.call("InvoicePrint", &data, now).await?;
        let url = content.web_address("InvoiceHtml");
        Ok(PrintUrl {
            url: url.ok_or(Undecided::Incomplete)?,
            lasts: PRINT_URL_LASTS,
        })
    }
}

fn found(content: &Object) -> Option<Found> {
    let total = content.number("IIS_Sales_Amount")?;
    let printed = |name| content.text(name);
    // A cancelled invoice has never been valid, which is as good as voided.
    let voided = match content.text("IIS_Invalid_Status")?.as_str() {
        "1" => true,
        "0" => content.text("IIS_Issue_Status").as_deref() == Some("0"),
        _ => return None,
    };
    Some(Found {
        issued: Issued {
            reference: content.text("IIS_Relate_Number")?,
            number: content.parsed("IIS_Number")?,
            issued_at: taipei(&content.text("IIS_Create_Date")?)?,
            random: content.parsed("IIS_Random_Number")?,
            total,
            printed: (|| {
                Some(Printed {
                    barcode: printed("PosBarCode")?,
                    left: printed("QRCode_Left")?,
                    right: printed("QRCode_Right")?,
                })
            })(),
        },
        voided,
        credited: content
            .number("IIS_Remain_Allowance_Amt")
            .and_then(|remaining| total.checked_sub(remaining)),
    })
}
