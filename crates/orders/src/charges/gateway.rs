//! The gateway: the form that takes a payer to its page, and what its reports say.

use super::{Owner, lock, of_type, waiting};
use crate::model::{ChargeId, ChargeStatus, PaymentType, Report, TradeState, Verdict};
use crate::repo::charges::{Charge, Trade};
use crate::{Error, Orders, Result};
use catalogue::PlatformError;
use catalogue::platform::SupportReason;
use einvoice::outcome::Outcome;
use einvoice::payuni::{self as payuni_invoice, Notice};
use httpkit::idempotency::hex;
use kernel::Timestamp;
use payuni::client::{Client, Method, Order, Page};
use payuni::codes::Endpoint;
use payuni::fields::Fields;
use payuni::status::{self, Decision, Undecided};
use payuni::trade::{QueryRow, TradeStatus};
use serde::Serialize;
use std::ops::RangeInclusive;
use std::time::Duration;
use store::params;

/// The most attempts at paying one charge.
const MOST_TRADES: usize = 20;
/// The gateway takes trade numbers of so many characters.
const LONGEST_NUMBER: usize = 25;
/// After how long an attempt that nobody reported about is asked about.
pub(super) const FIRST_CHECK: Duration = Duration::from_secs(120);

/// The gateway that charges are paid over: PAYUNi, or its simulator, which speaks the same wire.
#[derive(Clone, Debug)]
pub struct PayUni {
    /// Calls, and the shop.
    pub client: Client,
    /// Where the payer's browser posts the form.
    pub page_url: String,
    /// What the payer may choose from, as far as the amount allows.
    pub methods: Vec<Method>,
    /// Whether payers by card shall pass 3-D Secure.
    pub three_d: bool,
}

/// A form that the payer's browser posts to `url`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PayForm {
    /// Where to.
    pub url: String,
    /// A field of the form, as are the others.
    #[serde(rename = "MerID")]
    pub mer_id: String,
    /// Of the message.
    #[serde(rename = "Version")]
    pub version: String,
    /// What is paid for, sealed.
    #[serde(rename = "EncryptInfo")]
    pub encrypt_info: String,
    /// The seal.
    #[serde(rename = "HashInfo")]
    pub hash_info: String,
}

impl PayUni {
    /// The totals that can be paid, in TWD.
    pub fn totals(&self) -> RangeInclusive<i64> {
        let least = self.methods.iter().map(|m| *m.amounts().start()).min();
        let most = self.methods.iter().map(|m| *m.amounts().end()).max();
        least.unwrap_or(1)..=most.unwrap_or(0)
    }

    fn form(
        &self,
        charge: &Charge,
        trade: &Trade,
        invoice: Vec<(&'static str, String)>,
        public_url: &str,
    ) -> Result<PayForm> {
        let number = trade.mer_trade_no.parse();
        let number = number.map_err(|error| Error::Failed(format!("{error}")))?;
        let description = format!("{} credits", charge.quantity);
        let mut order = Order::new(number, trade.amount, description);
        let id = charge.credit_charge_id;
        order.notify_url = Some(format!("{public_url}/callback/pay-uni/notify"));
        order.return_url = Some(format!("{public_url}/callback/pay-uni/return/{id}"));
        let mut page = Page::new(order);
        page.methods.clone_from(&self.methods);
        page.methods.retain(|m| m.amounts().contains(&trade.amount));
        let numbers = page.methods.iter().any(|method| *method != Method::Card);
        page.number_until = numbers.then_some(charge.expires_at);
        page.back_url = Some(charge.way_back(public_url));
        page.three_d = self.three_d;
        page.invoice = invoice;
        let form = self.client.upp(&page, trade.created_at).fields;
        let field = |name| form.get(name).unwrap_or_default().to_owned();
        Ok(PayForm {
            url: self.page_url.clone(),
            mer_id: field("MerID"),
            version: field("Version"),
            encrypt_info: field("EncryptInfo"),
            hash_info: field("HashInfo"),
        })
    }

    /// What a notice says, if it was made with the shop's keys and is about a trade.
    pub(super) fn read(&self, body: &[u8]) -> Option<Notified> {
        let fields = payuni::notify::parse_notify(body, self.client.shop()).ok()?;
        let number = fields.get("MerTradeNo").filter(|number| !number.is_empty());
        let invoice = payuni_invoice::read_notice(|name| fields.get(name));
        Some(match (number, invoice) {
            (Some(number), Some(notice)) => Notified::Invoice {
                mer_trade_no: number.to_owned(),
                notice,
            },
            (Some(number), None) => Notified::Trade(report(number, &fields)),
            (None, _) => Notified::NoTrade,
        })
    }
}

/// What a notice that was made with the shop's keys is about.
pub(super) enum Notified {
    /// A trade.
    Trade(Report),
    /// The invoice that came with a trade.
    Invoice {
        mer_trade_no: String,
        notice: Outcome<Notice>,
    },
    /// Nothing that has a trade's number.
    NoTrade,
}

fn report(number: &str, fields: &Fields) -> Report {
    let text = |name: &str| {
        let value = fields.get(name).filter(|value| !value.is_empty())?;
        Some(storable(value))
    };
    let verdict = match status::decide_sealed(Endpoint::Upp, fields) {
        Decision::Succeeded(_) => Verdict::Paid,
        Decision::Failed(_) => Verdict::Ended(match fields.get("TradeStatus") {
            Some("3") => ChargeStatus::Cancel,
            Some("4") => ChargeStatus::Expire,
            _ => ChargeStatus::Fail,
        }),
        Decision::Undecided(Undecided::Pending(_) | Undecided::Unknown) => Verdict::Pending,
        Decision::Undecided(_) | Decision::Requires3D { .. } => Verdict::Undecided,
    };
    Report {
        mer_trade_no: storable(number),
        trade_no: text("TradeNo"),
        trade_status: text("TradeStatus"),
        amount: fields.get("TradeAmt").and_then(|text| text.parse().ok()),
        verdict,
    }
}

/// PostgreSQL stores no NUL, and nothing of the gateway's is that long.
fn storable(text: &str) -> String {
    let shown = |c| {
        if c == '\0' {
            char::REPLACEMENT_CHARACTER
        } else {
            c
        }
    };
    text.chars().take(64).map(shown).collect()
}

/// What the gateway answered to a question.
pub(super) fn answer(row: QueryRow) -> Report {
    let (digit, verdict) = match row.trade_status {
        TradeStatus::NumberIssued => ("0", Verdict::Pending),
        TradeStatus::Paid => ("1", Verdict::Paid),
        TradeStatus::Failed => ("2", Verdict::Ended(ChargeStatus::Fail)),
        TradeStatus::Cancelled => ("3", Verdict::Ended(ChargeStatus::Cancel)),
        TradeStatus::Expired => ("4", Verdict::Ended(ChargeStatus::Expire)),
        TradeStatus::AwaitingConfirmation => ("8", Verdict::Pending),
        TradeStatus::Unpaid => ("9", Verdict::Pending),
    };
    Report {
        mer_trade_no: row.mer_trade_no,
        trade_no: Some(row.trade_no),
        trade_status: Some(digit.into()),
        amount: Some(row.amount),
        // A row that is not complete may change.
        verdict: if row.complete {
            verdict
        } else {
            Verdict::Pending
        },
    }
}

impl Charge {
    /// Where the payer's browser goes afterwards: to whoever made the charge, or to our page about it.
    pub fn way_back(&self, public_url: &str) -> String {
        let id = self.credit_charge_id;
        let own = || format!("{public_url}/my/charges/{id}");
        let Some(mut url) = self.return_url.as_deref().and_then(|url| url.parse().ok()) else {
            return own();
        };
        let url: &mut reqwest::Url = &mut url;
        url.query_pairs_mut()
            .append_pair("credit_charge_id", &id.to_string());
        url.to_string()
    }
}

impl Orders {
    /// The gateway, if there is one.
    pub fn pay_uni(&self) -> Result<&PayUni> {
        let missing = PlatformError::ContactCustomerService {
            reason: SupportReason::NoPaymentGateway,
        };
        self.inner.pay_uni.as_deref().ok_or(missing.into())
    }

    /// Begins an attempt at paying a charge: the form that the payer's browser posts to the gateway. Each has a number of its own: the
    /// gateway refuses one for ten minutes after it was used, and afterwards would take money for it again.
    pub async fn pay_charge(&self, owner: Owner, id: ChargeId) -> Result<PayForm> {
        let now = self.now();
        let random = hex(&self.inner.rng.bytes::<8>());
        let gateway = self.inner.pay_uni.clone();
        let (charge, trade) = self
            .db()
            .write(move |tx| {
                let charge = lock(tx, owner, id)?;
                of_type(&charge, PaymentType::PayUni)?;
                waiting(&charge, now)?;
                let refused = |reason| PlatformError::ContactCustomerService { reason };
                if gateway.is_none() {
                    return Err(refused(SupportReason::NoPaymentGateway).into());
                }
                let trades = Trade::all(tx, Trade::OF_CHARGE, params![id])?;
                if trades.len() >= MOST_TRADES {
                    return Err(refused(SupportReason::TooManyPayments).into());
                }
                let trade = begin(&charge, &random, now);
                trade.insert(tx)?;
                Ok::<_, Error>((charge, trade))
            })
            .await?;
        let invoice = self.invoice_fields(&charge).await?;
        self.pay_uni()?
            .form(&charge, &trade, invoice, self.public_url())
    }
}

fn begin(charge: &Charge, random: &str, now: Timestamp) -> Trade {
    let number = format!("{}-{random}", charge.credit_charge_number);
    Trade {
        mer_trade_no: number.chars().take(LONGEST_NUMBER).collect(),
        credit_charge_id: charge.credit_charge_id,
        organization_id: charge.organization_id,
        amount: charge.total,
        trade_state: TradeState::Open,
        trade_no: None,
        paid_amount: None,
        checks: 0,
        check_at: Some(now.plus(FIRST_CHECK)),
        created_at: now,
        decided_at: None,
        handled_at: None,
    }
}
