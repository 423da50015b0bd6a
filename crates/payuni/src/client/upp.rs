use super::bind::{CreditToken, TokenScope};
use super::{Client, Order, seconds};
use crate::codes::Endpoint;
use crate::fields::Fields;
use kernel::Timestamp;

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

/// A hosted payment page for cards.
#[derive(Clone, Debug)]
pub struct Page {
    /// What is paid for.
    pub order: Order,
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
    /// A page in Chinese that stores nothing.
    pub const fn new(order: Order) -> Self {
        Self {
            order,
            store: None,
            back_url: None,
            lifetime_seconds: None,
            english: false,
            three_d: false,
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
            .with("Credit", "1")
            .with_some("API3D", page.three_d.then_some("1"))
            .with_some("Lang", page.english.then_some("en"));
        if let Some(store) = &page.store {
            fields = store.write(fields);
        }
        UppForm {
            action: self.url(Endpoint::Upp),
            fields: self.form(Endpoint::Upp, &fields),
        }
    }
}
