//! A trade and its life. Nothing ticks: where a trade is follows from the time at which somebody asks.

use super::cards::{self, Card, Verdict};
use super::invoice::Wish;
use crate::micros;
use kernel::Timestamp;
use payuni::fields::Fields;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Until then a refund can be taken back.
const REFUND_PENDING: Duration = Duration::from_secs(60);

const DAY: Duration = Duration::from_secs(24 * 3600);
/// How long a buyer has for the 3-D page.
const CHALLENGE_LIFE: Duration = Duration::from_secs(600);

/// `TradeStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TradeStatus {
    /// A number to pay with has been issued.
    Numbered,
    Paid,
    Failed,
    Cancelled,
    Expired,
    /// The bank has not said yet.
    Undecided,
    Unpaid,
}

/// `CloseStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseStatus {
    Requested,
    Captured,
    Undone,
    Processing,
    NotRequested,
}

/// Where a trade came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Channel {
    Background,
    HostedPage,
    CardForm,
}

/// What it is paid with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Method {
    Card,
    Atm,
    Cvs,
}

/// Whether the card shall be chargeable again, and under which name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// `UseTokenType`: 1 agreed unless the buyer unticks it, 2 remembered for the buyer only, 3 forced.
    pub use_token_type: Option<String>,
    pub credit_token: String,
    /// `CreditTokenType`.
    pub credit_token_type: String,
    /// `MMYY`; the card's own expiry without it.
    pub expires: Option<String>,
}

impl Binding {
    /// Whether the shop gets a `CreditHash`.
    pub fn is_agreed(&self) -> bool {
        matches!(self.use_token_type.as_deref(), Some("1" | "3"))
    }

    /// Whether the buyer may say no.
    pub fn is_optional(&self) -> bool {
        self.use_token_type.as_deref() == Some("1")
    }
}

/// A card that was bound by a trade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    pub credit_hash: String,
    /// `MMYY`.
    pub life: String,
}

/// A virtual account or a code for a store's machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayNumber {
    pub bank: String,
    pub number: String,
}

/// A trade in the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trade {
    pub trade_no: String,
    pub mer_trade_no: String,
    pub attempt: i64,
    pub channel: Channel,
    pub amount: i64,
    pub product: String,
    /// What the buyer may choose from on the hosted page.
    pub methods: Vec<Method>,
    pub method: Option<Method>,
    pub wants_3d: bool,
    pub card_inst: String,
    pub binding: Binding,
    pub notify_url: Option<String>,
    pub return_url: Option<String>,
    pub back_url: Option<String>,
    /// `Lang`.
    pub language: Option<String>,
    pub atm_bank: String,
    #[serde(with = "micros::optional")]
    pub number_expires_at: Option<Timestamp>,

    #[serde(with = "micros")]
    pub created_at: Timestamp,
    /// Until when it can be paid, while it is not.
    #[serde(with = "micros::optional")]
    pub expires_at: Option<Timestamp>,
    /// What it is from `decided_at` on.
    pub outcome: TradeStatus,
    #[serde(with = "micros::optional")]
    pub decided_at: Option<Timestamp>,
    pub card: Option<Card>,
    pub res_code: String,
    pub auth_code: String,
    pub number: Option<PayNumber>,
    pub bound: Option<Bound>,
    pub capture: Capture,
    pub refund: Refund,
    /// The invoice that shall come with it.
    #[serde(default)]
    pub invoice: Option<Wish>,
}

/// Taking the authorized money.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capture {
    /// When the shop asked for it; by itself it happens at the end of the day.
    #[serde(with = "micros::optional")]
    pub requested_at: Option<Timestamp>,
    pub amount: i64,
    pub undone: bool,
    /// Asked for, it is taken up after so many microseconds, and done after twice as many.
    pub step: u64,
}

impl Capture {
    const fn step(&self) -> Duration {
        Duration::from_micros(self.step)
    }
}

/// Giving it back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    pub total: i64,
    /// The latest one, which is part of the total.
    pub latest: i64,
    #[serde(with = "micros::optional")]
    pub requested_at: Option<Timestamp>,
    pub undone: bool,
}

impl TradeStatus {
    pub const fn code(self) -> &'static str {
        match self {
            Self::Numbered => "0",
            Self::Paid => "1",
            Self::Failed => "2",
            Self::Cancelled => "3",
            Self::Expired => "4",
            Self::Undecided => "8",
            Self::Unpaid => "9",
        }
    }
}

impl CloseStatus {
    pub const fn code(self) -> &'static str {
        match self {
            Self::Requested => "1",
            Self::Captured => "2",
            Self::Undone => "3",
            Self::Processing => "7",
            Self::NotRequested => "9",
        }
    }
}

impl Channel {
    /// `Gateway`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Background => "1",
            Self::HostedPage => "2",
            Self::CardForm => "9",
        }
    }

    /// What the codes about its payment begin with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Background => "CREDIT",
            Self::HostedPage => "UPP",
            Self::CardForm => "IFTRADE",
        }
    }

    /// `Version` of what is sent about it.
    pub const fn version(self) -> &'static str {
        match self {
            Self::HostedPage => "2.0",
            Self::Background | Self::CardForm => "1.2",
        }
    }
}

impl Method {
    /// `PaymentType`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Card => "1",
            Self::Atm => "2",
            Self::Cvs => "3",
        }
    }

    /// The amounts it takes, in TWD.
    pub const fn amounts(self) -> std::ops::RangeInclusive<i64> {
        match self {
            Self::Card => 1..=199_999,
            Self::Atm => 15..=49_999,
            Self::Cvs => 30..=20_000,
        }
    }
}

impl Trade {
    pub fn status(&self, now: Timestamp) -> TradeStatus {
        match self.outcome {
            TradeStatus::Unpaid | TradeStatus::Numbered
                if self.expires_at.is_some_and(|end| end <= now) =>
            {
                TradeStatus::Expired
            }
            _ if self.decided_at.is_some_and(|at| at > now) => TradeStatus::Undecided,
            outcome => outcome,
        }
    }

    /// Whether the buyer is on the 3-D page.
    pub fn is_challenged(&self, now: Timestamp) -> bool {
        self.status(now) == TradeStatus::Unpaid && self.card.is_some()
    }

    /// Whether the buyer has still to choose on the hosted page.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.status(now) == TradeStatus::Unpaid && self.card.is_none()
    }

    /// Ends the payment by card, or has the buyer asked.
    pub fn decide(
        &mut self,
        verdict: Verdict,
        auth_code: &str,
        now: Timestamp,
        undecided: Duration,
    ) {
        let (outcome, code, at) = match verdict {
            Verdict::Paid => (TradeStatus::Paid, cards::APPROVED.into(), now),
            Verdict::Declined(code) => (TradeStatus::Failed, code, now),
            Verdict::Cancelled => (TradeStatus::Cancelled, cards::APPROVED.into(), now),
            Verdict::Undecided { then_paid: true } => (
                TradeStatus::Paid,
                cards::APPROVED.into(),
                now.plus(undecided),
            ),
            Verdict::Undecided { then_paid: false } => (
                TradeStatus::Failed,
                cards::SILENT.into(),
                now.plus(undecided),
            ),
            Verdict::Challenged => {
                self.expires_at = Some(now.plus(CHALLENGE_LIFE));
                return;
            }
        };
        if code == cards::APPROVED {
            self.auth_code = auth_code.into();
        }
        self.outcome = outcome;
        self.res_code = code;
        self.decided_at = Some(at);
    }

    /// When the gateway captures it if nobody else does: at the end of the day of the authorization, in Taipei.
    fn captured_by_itself_at(&self) -> Option<Timestamp> {
        let waits = self.method == Some(Method::Card) && !self.capture.undone;
        let paid_at = self.decided_at.filter(|_| waits)?;
        Some(paid_at.day().start().plus(DAY))
    }

    /// When the money was taken, or will be.
    pub fn captured_at(&self) -> Option<Timestamp> {
        match self.capture.requested_at {
            Some(at) => Some(at.plus(self.capture.step() * 2)),
            None => self.captured_by_itself_at(),
        }
    }

    pub fn close_status(&self, now: Timestamp) -> CloseStatus {
        if self.outcome != TradeStatus::Paid || self.method != Some(Method::Card) {
            return CloseStatus::NotRequested;
        }
        if self.captured_at().is_some_and(|at| at <= now) {
            return CloseStatus::Captured;
        }
        match self.capture.requested_at {
            Some(at) if now.since(at) >= self.capture.step() => CloseStatus::Processing,
            Some(_) => CloseStatus::Requested,
            None if self.capture.undone => CloseStatus::Undone,
            None => CloseStatus::NotRequested,
        }
    }

    /// What was captured, or is about to be.
    pub fn close_amount(&self, now: Timestamp) -> i64 {
        match self.close_status(now) {
            CloseStatus::NotRequested | CloseStatus::Undone => 0,
            _ if self.capture.requested_at.is_some() => self.capture.amount,
            _ => self.amount,
        }
    }

    /// What can still be refunded.
    pub fn remaining(&self, now: Timestamp) -> i64 {
        self.close_amount(now) - self.refund.total
    }

    /// `RefundStatus`: 1 requested, 2 done, 3 taken back; `None` without a refund.
    pub fn refund_status(&self, now: Timestamp) -> Option<&'static str> {
        let at = self.refund.requested_at?;
        Some(match () {
            () if self.refund.undone => "3",
            () if now.since(at) < REFUND_PENDING => "1",
            () => "2",
        })
    }

    /// The inner fields of an answer or a notify about the payment, as they are at `at`.
    pub fn fields(&self, mer_id: &str, at: Timestamp) -> Fields {
        let status = self.status(at);
        let (word, message) = self.verdict_words(status);
        let fields = Fields::new()
            .with("Status", word)
            .with("Message", message)
            .with("MerID", mer_id)
            .with("MerTradeNo", &self.mer_trade_no)
            .with("Gateway", self.channel.code())
            .with("TradeNo", &self.trade_no)
            .with("TradeAmt", self.amount.to_string())
            .with("TradeStatus", status.code())
            .with("PaymentType", self.method.map_or("", Method::code));
        match (&self.card, &self.number) {
            (Some(card), _) => self.card_fields(fields, card, status),
            (None, Some(number)) => fields
                .with("BankType", &number.bank)
                .with("PayNo", &number.number)
                .with("PaySet", "1")
                .with_some("ExpireDate", self.expires_at.map(date_time)),
            (None, None) => fields,
        }
    }

    fn card_fields(&self, fields: Fields, card: &Card, status: TradeStatus) -> Fields {
        let known = !matches!(status, TradeStatus::Undecided | TradeStatus::Unpaid);
        let res_code = if known { &*self.res_code } else { "" };
        let message = if known {
            cards::res_code_message(res_code)
        } else {
            ""
        };
        let authorized = self.decided_at.unwrap_or(self.created_at);
        let fields = fields
            .with("CardBank", "812")
            .with("Card6No", &card.six)
            .with("Card4No", &card.four)
            .with("CardInst", &self.card_inst)
            .with("FirstAmt", "0")
            .with("EachAmt", "0")
            .with("ResCode", res_code)
            .with("ResCodeMsg", message)
            .with("AuthCode", if known { &*self.auth_code } else { "" })
            .with("AuthBank", "812")
            .with("AuthBankName", "模擬銀行")
            .with("AuthType", card.auth_type())
            .with("AuthDay", authorized.day().to_string())
            .with("AuthTime", date_time(authorized)[11..].replace(':', ""));
        match &self.bound {
            Some(bound) if status == TradeStatus::Paid => fields
                .with("CreditHash", &bound.credit_hash)
                .with("CreditLife", &bound.life),
            _ => fields,
        }
    }

    /// `Status` and `Message`. The code of a refusal by the bank is the hosted page's documented one; for the
    /// other channels none is known, and it has the same number.
    fn verdict_words(&self, status: TradeStatus) -> (String, &'static str) {
        let refused = format!("{}03020", self.channel.prefix());
        match status {
            TradeStatus::Paid if self.method == Some(Method::Card) => {
                ("SUCCESS".into(), "授權成功")
            }
            TradeStatus::Paid => ("SUCCESS".into(), "付款成功"),
            TradeStatus::Numbered if self.method == Some(Method::Atm) => {
                ("SUCCESS".into(), "(ATM)建立成功")
            }
            TradeStatus::Numbered => ("SUCCESS".into(), "(CVS)建立成功"),
            TradeStatus::Undecided => ("UNKNOWN".into(), "銀行未回應"),
            TradeStatus::Unpaid => ("UNKNOWN".into(), "待付款"),
            TradeStatus::Cancelled => (refused, "3D驗證不符，授權已取消"),
            TradeStatus::Failed => (refused, "授權失敗"),
            TradeStatus::Expired => (refused, "交易逾期"),
        }
    }
}

/// `YYYY-MM-DD HH:II:SS`.
pub fn date_time(time: Timestamp) -> String {
    let text = time.to_string();
    format!("{} {}", &text[..10], &text[11..19])
}
