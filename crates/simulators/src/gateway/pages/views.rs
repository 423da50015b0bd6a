//! The templates' data.

use super::words::Words;
use crate::gateway::cards::CardFault;
use crate::gateway::trade::{Method, PayNumber, Trade, TradeStatus, date_time};
use askama::Template;
use kernel::Locale;
use payuni::fields::Fields;

/// What every page has around its content.
pub struct Frame {
    pub words: &'static Words,
    pub lang: &'static str,
    /// The path of the gateway.
    pub base: String,
}

impl Frame {
    pub const fn new(locale: Locale, base: String) -> Self {
        Self {
            words: Words::of(locale),
            lang: locale.tag(),
            base,
        }
    }
}

/// A form for the shop.
pub struct Back {
    pub url: String,
    pub fields: Fields,
}

/// What is paid for.
pub struct Summary {
    amount: String,
    product: String,
    order_number: String,
}

impl Summary {
    fn new(trade: &Trade) -> Self {
        Self {
            amount: format!("NT$ {}", grouped(trade.amount)),
            product: trade.product.clone(),
            order_number: trade.mer_trade_no.clone(),
        }
    }
}

#[derive(Template)]
#[template(path = "gateway/pay.html")]
pub struct Pay {
    frame: Frame,
    summary: Summary,
    action: String,
    card: bool,
    atm: bool,
    cvs: bool,
    /// Whether the buyer may say whether the card is kept.
    may_keep: bool,
    is_kept: bool,
    number_fault: Option<&'static str>,
    expiry_fault: Option<&'static str>,
    cvc_fault: Option<&'static str>,
    back_url: Option<String>,
}

impl Pay {
    pub fn new(frame: Frame, trade: &Trade, fault: Option<CardFault>) -> Self {
        let words = frame.words;
        let takes = |method| trade.methods.contains(&method);
        let of = |message: &'static str, faults: &[CardFault]| {
            fault
                .filter(|fault| faults.contains(fault))
                .map(|_| message)
        };
        let expiry_fault = of(words.bad_expiry, &[CardFault::Expiry]);
        Self {
            summary: Summary::new(trade),
            action: format!("{}/pay/{}", frame.base, trade.trade_no),
            card: takes(Method::Card),
            atm: takes(Method::Atm),
            cvs: takes(Method::Cvs),
            may_keep: trade.binding.is_optional(),
            is_kept: trade.binding.is_agreed() && !trade.binding.is_optional(),
            number_fault: of(words.bad_number, &[CardFault::Number, CardFault::Length]),
            expiry_fault: expiry_fault.or(of(words.expired_card, &[CardFault::Expired])),
            cvc_fault: of(words.bad_cvc, &[CardFault::Cvc]),
            back_url: trade.back_url.clone(),
            frame,
        }
    }
}

#[derive(Template)]
#[template(path = "gateway/number.html")]
pub struct Number {
    frame: Frame,
    summary: Summary,
    action: String,
    bank: String,
    label: &'static str,
    number: String,
    until: String,
    back: Option<Back>,
}

impl Number {
    pub fn new(frame: Frame, trade: &Trade, number: &PayNumber, back: Option<Back>) -> Self {
        Self {
            summary: Summary::new(trade),
            action: format!("{}/pay/{}", frame.base, trade.trade_no),
            bank: number.bank.clone(),
            label: match trade.method {
                Some(Method::Atm) => frame.words.account,
                _ => frame.words.code,
            },
            number: number.number.clone(),
            until: trade.expires_at.map(date_time).unwrap_or_default(),
            back,
            frame,
        }
    }
}

#[derive(Template)]
#[template(path = "gateway/challenge.html")]
pub struct Challenge {
    frame: Frame,
    summary: Summary,
    action: String,
    card: String,
}

impl Challenge {
    pub fn new(frame: Frame, trade: &Trade) -> Self {
        let four = trade.card.as_ref().map_or("", |card| &card.four);
        Self {
            summary: Summary::new(trade),
            // The hosted page may have shown this under its own address.
            action: format!("{}/3d/{}", frame.base, trade.trade_no),
            frame,
            card: format!("•••• {four}"),
        }
    }
}

#[derive(Template)]
#[template(path = "gateway/result.html")]
pub struct ResultPage {
    frame: Frame,
    summary: Summary,
    title: &'static str,
    is_paid: bool,
    back: Option<Back>,
    /// Whether the form for the shop sends itself.
    go_back: bool,
}

impl ResultPage {
    pub fn new(
        frame: Frame,
        trade: &Trade,
        status: TradeStatus,
        back: Option<Back>,
        go_back: bool,
    ) -> Self {
        let words = frame.words;
        Self {
            summary: Summary::new(trade),
            title: match status {
                TradeStatus::Paid => words.paid,
                TradeStatus::Failed => words.failed,
                TradeStatus::Cancelled => words.cancelled,
                TradeStatus::Expired => words.expired,
                TradeStatus::Numbered | TradeStatus::Undecided | TradeStatus::Unpaid => {
                    words.undecided
                }
            },
            is_paid: status == TradeStatus::Paid,
            back,
            go_back,
            frame,
        }
    }
}

#[derive(Template)]
#[template(path = "gateway/problem.html")]
pub struct Problem {
    frame: Frame,
    text: &'static str,
    detail: String,
}

impl Problem {
    pub fn new(frame: Frame, text: &'static str, detail: &str) -> Self {
        Self {
            frame,
            text,
            detail: detail.into(),
        }
    }
}

/// `1299` as `1,299`.
fn grouped(amount: i64) -> String {
    let digits = amount.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
