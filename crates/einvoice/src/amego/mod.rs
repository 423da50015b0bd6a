//! Amego (光貿): signed forms of JSON. The invoices PAYUNi issues are made here too.

mod codes;
mod envelope;
mod request;

pub(crate) use codes::CODES;
pub use envelope::{KeyError, Seller};

use crate::capabilities::{Capabilities, Limits, MemberNeeds, Needs};
use crate::invoice::{Allowance, Invoice, Limit};
use crate::outcome::{Attempt, Undecided};
use crate::provider::{
    Allowed, Driver, Found, Issued, Operation, PrintUrl, Printed, ProviderId, Wanted,
};
use crate::rules::carrier::ReceiveType;
use crate::rules::tax::TaxKind;
use crate::transport::{Body, Object, Transport, taipei};
use kernel::Timestamp;
use serde::Serialize;
use std::time::Duration;

/// What Amego offers. It never voids an invoice that has had an allowance, even one that was voided since.
pub const CAPABILITIES: Capabilities = Capabilities {
    provider: ProviderId::Amego,
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
    exclusive_for_consumers: false,
    needs: Needs {
        contact_on_paper: false,
        member: MemberNeeds::EmailOrPhone,
        name: false,
        customs_when_mixed: false,
    },
    limits: Limits {
        reference: Limit::Chars(40),
        reference_is_word: false,
        name: Limit::Chars(60),
        company_name: Limit::Chars(60),
        address: Limit::Chars(100),
        phone: Limit::Chars(26),
        email: Limit::Chars(80),
        remark: Limit::Chars(200),
        line_name: Limit::Chars(256),
        unit: Limit::Chars(6),
        lines: 9_999,
        separator: None,
        // It takes none.
        reason: Limit::Chars(200),
        allowance_number: Limit::Chars(16),
    },
    own_allowance_numbers: true,
    mixed_allowances: true,
    print_url_lasts: Some(PRINT_URL_LASTS),
    void_until: 15,
};

/// The server, for tests too: the seller decides.
pub const SERVER: &str = "https://invoice-api.amego.tw";

const PRINT_URL_LASTS: Duration = Duration::from_secs(10 * 60);

/// Amego, for one seller.
///
/// ```
/// use einvoice::amego::{self, Amego, Seller};
/// use kernel::Secret;
///
/// # fn example(http: reqwest::Client, key: Secret<String>) -> Result<Amego, Box<dyn std::error::Error>> {
/// Ok(Amego::new(http, amego::SERVER, Seller::new("12345678".parse()?, key)?))
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Amego {
    transport: Transport,
    seller: Seller,
}

impl Amego {
    /// Calls to the server at `base_url`, such as [`SERVER`]. `http` should have a time-out of at least 30 seconds and
    /// follow no redirects. The time of calls must be right to the minute.
    pub fn new(http: reqwest::Client, base_url: impl Into<String>, seller: Seller) -> Self {
        Self {
            transport: Transport::new(http, base_url),
            seller,
        }
    }

    /// The answer, if it says that it was done.
    async fn call(&self, path: &str, data: &impl Serialize, now: Timestamp) -> Attempt<Object> {
        // Structs of texts and numbers are always written.
        let data = serde_json::to_string(data).unwrap_or_default();
        let body = self.seller.seal(&data, now);
        let path = format!("/json/{path}");
        let answer = self.transport.post(&path, Body::Form, body).await?;
        match answer.number("code").ok_or(Undecided::Incomplete)? {
            0 => Ok(answer),
            code => {
                let message = answer.text("msg").unwrap_or_default();
                Err(codes::denial(code, message).into())
            }
        }
    }
}

impl Driver for Amego {
    const CAPABILITIES: &'static Capabilities = &CAPABILITIES;

    async fn issue(&self, invoice: &Invoice, now: Timestamp) -> Attempt<Issued> {
        CAPABILITIES.check(invoice)?;
        let data = request::Issue::new(invoice);
        let answer = self.call("f0401", &data, now).await?;
        let issued = (|| {
            let seconds = answer.number("invoice_time")?;
            Some(Issued {
                reference: invoice.reference().to_owned(),
                number: answer.parsed("invoice_number")?,
                issued_at: Timestamp::from_micros(seconds.checked_mul(1_000_000)?),
                random: answer.parsed("random_number")?,
                total: invoice.amounts().total,
                printed: (|| {
                    Some(Printed {
                        barcode: answer.text("barcode")?,
                        left: answer.text("qrcode_left")?,
                        right: answer.text("qrcode_right")?,
                    })
                })(),
            })
        })();
        Ok(issued.ok_or(Undecided::Incomplete)?)
    }

    async fn query(&self, wanted: &Wanted, now: Timestamp) -> Attempt<Option<Found>> {
        let data = request::QueryOrder {
            kind: "order",
            order_id: &wanted.reference,
        };
        let answer = match self.call("invoice_query", &data, now).await {
            Err(stop) if stop.is_absent() => return Ok(None),
            other => other?,
        };
        let data = answer.object("data").ok_or(Undecided::Incomplete)?;
        let found = found(&data).ok_or(Undecided::Incomplete)?;
        if found.issued.reference != wanted.reference {
            return Err(Undecided::Mismatch.into());
        }
        Ok(Some(found))
    }

    async fn void(&self, invoice: &Issued, reason: &str, now: Timestamp) -> Attempt<()> {
        CAPABILITIES.check_reason(reason)?;
        let data = [request::Cancel {
            cancel_invoice_number: invoice.number.as_str(),
        }];
        self.call("f0501", &data, now).await?;
        Ok(())
    }

    async fn allowance(&self, allowance: &Allowance, now: Timestamp) -> Attempt<Allowed> {
        CAPABILITIES.check_allowance(allowance)?;
        let data = [request::NewAllowance::new(allowance, now).ok_or(Undecided::Incomplete)?];
        self.call("g0401", &data, now).await?;
        Ok(Allowed {
            number: allowance.number().to_owned(),
            invoice: allowance.invoice().number.clone(),
            total: allowance.amounts().total,
            remaining: None,
        })
    }

    async fn void_allowance(&self, allowed: &Allowed, reason: &str, now: Timestamp) -> Attempt<()> {
        CAPABILITIES.check_reason(reason)?;
        let data = [request::CancelAllowance {
            cancel_allowance_number: &allowed.number,
        }];
        self.call("g0501", &data, now).await?;
        Ok(())
    }

    async fn print_url(&self, invoice: &Issued, now: Timestamp) -> Attempt<PrintUrl> {
        let data = request::InvoiceFile {
            kind: "invoice",
            invoice_number: invoice.number.as_str(),
            download_style: 0,
        };
        let answer = self.call("invoice_file", &data, now).await?;
        let url = answer
            .object("data")
            .and_then(|data| data.web_address("file_url"));
        Ok(PrintUrl {
            url: url.ok_or(Undecided::Incomplete)?,
            lasts: PRINT_URL_LASTS,
        })
    }
}

fn found(data: &Object) -> Option<Found> {
    let date = data.text("invoice_date")?;
    let (year, month_day) = date.split_at_checked(4)?;
    let (month, day) = month_day.split_at_checked(2)?;
    let time = data.text("invoice_time")?;
    Some(Found {
        issued: Issued {
            reference: data.text("order_id")?,
            number: data.parsed("invoice_number")?,
            issued_at: taipei(&format!("{year}-{month}-{day} {time}"))?,
            random: data.parsed("random_number")?,
            total: data.number("total_amount")?,
            printed: None,
        },
        voided: data.number("cancel_date").unwrap_or_default() > 0,
        credited: None,
    })
}
