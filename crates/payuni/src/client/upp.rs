use super::bind::{CreditToken, TokenScope};
use super::{Client, Order, seconds};
use crate::codes::Endpoint;
use crate::fields::Fields;
use kernel::Timestamp;
use std::ops::RangeInclusive;

/// How a card is stored with the first payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenUse {
    /// What the payer is asked.
    pub consent: Consent,
    /// The merchant's name for the payer.
    pub credit_token: CreditToken,
    /// Where the stored card can be used.
    pub scope: TokenScope,
}

/// What the payer is asked about storing the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Consent {
    /// 1: to agree to later charges; it can be unticked.
    Asked,
    /// 2: to have the card remembered for the next visit only. No later charges.
    RememberOnly,
    /// 3: to agree to later charges, or not to pay.
    Required,
}

/// A way of paying on the hosted page. The shop must have it switched on, or the page is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// By card, at once.
    Card,
    /// By transfer to an account number made for the trade.
    Atm,
    /// At a convenience store, with a code.
    Cvs,
}

impl Method {
    /// The amounts it takes, in whole TWD.
    pub const fn amounts(self) -> RangeInclusive<i64> {
        match self {
            Self::Card => 1..=199_999,
            Self::Atm => 15..=49_999,
            Self::Cvs => 30..=20_000,
        }
    }

    const fn switch(self) -> &'static str {
        match self {
            Self::Card => "Credit",
            Self::Atm => "ATM",
            Self::Cvs => "CVS",
        }
    }
}

/// A hosted payment page.
#[derive(Clone, Debug)]
pub struct Page {
    /// What is paid for.
    pub order: Order,
    /// What the payer may choose from.
    pub methods: Vec<Method>,
    /// Until the end of which day, in Taipei, an ATM or store number can be paid: 7 days at most where stores are offered, 180
    /// otherwise.
    pub number_until: Option<Timestamp>,
    /// How the card is stored, if it shall be.
    pub store: Option<TokenUse>,
    /// Where the page's "back" goes.
    pub back_url: Option<String>,
    /// How long the page can be paid: 60 to 600 seconds, 600 if not said.
    pub lifetime_seconds: Option<u16>,
    /// Whether the page is in English instead of Chinese.
    pub english: bool,
    /// Whether the payer shall confirm with the issuer.
    pub three_d: bool,
    /// The fields that ask for an invoice with the payment; empty: none is asked for.
    pub invoice: Vec<(&'static str, String)>,
}

/// A form that the payer's browser has to post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UppForm {
    /// Where to.
    pub action: String,
    /// Its hidden fields.
    pub fields: Fields,
}

impl TokenUse {
    pub(super) fn write(&self, fields: Fields) -> Fields {
        let consent = match self.consent {
            Consent::Asked => "1",
            Consent::RememberOnly => "2",
            Consent::Required => "3",
        };
        fields
            .with("UseTokenType", consent)
            .with("CreditToken", self.credit_token.as_str())
            .with("CreditTokenType", self.scope.number())
    }
}

impl Page {
    /// A page in Chinese for cards that stores nothing.
    pub fn new(order: Order) -> Self {
        Self {
            order,
            methods: vec![Method::Card],
            number_until: None,
            store: None,
            back_url: None,
            lifetime_seconds: None,
            english: false,
            three_d: false,
            invoice: Vec::new(),
        }
    }
}

impl Client {
    /// The form that takes a payer to the hosted page (`upp`). Nothing is sent from here.
    pub fn upp(&self, page: &Page, now: Timestamp) -> UppForm {
        let order = &page.order;
        let fields = self
            .fields()
            .with("MerTradeNo", order.mer_trade_no.as_str())
            .with("TradeAmt", order.amount.to_string())
            .with("Timestamp", seconds(now))
            .with("ProdDesc", &order.description);
        let mut fields = order
            .addresses(fields)
            .with_some("BackURL", page.back_url.as_deref())
            .with_some(
                "TradeLExpireSec",
                page.lifetime_seconds.map(|s| s.to_string()),
            )
            .with_some("ExpireDate", page.number_until.map(day));
        for method in &page.methods {
            fields.push(method.switch(), "1");
        }
        let mut fields = fields
            .with_some("API3D", page.three_d.then_some("1"))
            .with_some("Lang", page.english.then_some("en"));
        if let Some(store) = &page.store {
            fields = store.write(fields);
        }
        if !page.invoice.is_empty() {
            fields.push("TradeInvoice", "1");
        }
        for (name, value) in &page.invoice {
            fields.push(*name, value);
        }
        UppForm {
            action: self.url(Endpoint::Upp),
            fields: self.form(Endpoint::Upp, &fields),
        }
    }
}

/// `YYYY-MM-DD`, in Taipei.
fn day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}
