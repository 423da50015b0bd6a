//! Calls to the gateway, one method each.
//!
//! A charge answers with a [`Decision`], everything else with a `Result`. Nothing is retried
//! and nothing is logged here.

mod bind;
mod credit;
mod iframe;
mod trade;
mod upp;

pub use bind::{BindKey, BindStatus, Binding, CreditToken, InvalidCreditToken, TokenScope};
pub use credit::Charge;
pub use iframe::{MerchantTrade, SdkToken};
pub use trade::CloseType;
pub use upp::{Consent, Method, Page, TokenUse, UppForm};

use crate::codes::Endpoint;
use crate::envelope::Shop;
use crate::fields::Fields;
use crate::status::{self, Answer, Decision, Undecided};
use crate::trade::MerTradeNo;
use kernel::Timestamp;
use reqwest::header::{CONTENT_TYPE, USER_AGENT};
use std::error::Error as _;

/// Longer than any answer: a query of one trade has about a kilobyte.
const ANSWER_BYTES: usize = 256 * 1024;

/// Calls for one shop.
///
/// ```no_run
/// use kernel::{Secret, Timestamp};
/// use payuni::client::{Charge, Client, Order};
/// use payuni::envelope::Shop;
/// use payuni::status::Decision;
///
/// # async fn example(http: reqwest::Client, key: Secret<String>, iv: Secret<String>, stored_card: Secret<String>, now: Timestamp) -> Result<(), Box<dyn std::error::Error>> {
/// let shop = Shop::new("TEST001", key, iv)?;
/// let client = Client::new(http, "https://sandbox-api.payuni.com.tw/api", shop);
/// let order = Order::new("sub_20260115_001".parse()?, 299, "One month");
/// match client.credit(&Charge::new(order, stored_card), now).await {
///     Decision::Succeeded(trade) => println!("paid: {}", trade.trade_no),
///     Decision::Failed(failure) => println!("not paid: {}", failure.code),
///     Decision::Undecided(reason) => println!("ask trade_query later: {reason}"),
///     Decision::Requires3D { url } => println!("send the payer to {url}"),
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base_url: String,
    shop: Shop,
}

/// What is paid for.
#[derive(Clone, Debug)]
pub struct Order {
    /// The merchant's number, new for every attempt.
    pub mer_trade_no: MerTradeNo,
    /// Whole TWD; a card can be charged 1 to 199 999.
    pub amount: i64,
    /// At most 550 characters are kept; `;` separates items.
    pub description: String,
    /// The payer's address.
    pub email: Option<String>,
    /// Where the payer's browser posts the result, after a hosted page or 3-D.
    pub return_url: Option<String>,
    /// Where the gateway posts the result; on port 80 or 443.
    pub notify_url: Option<String>,
}

impl Order {
    /// An order without addresses.
    pub fn new(mer_trade_no: MerTradeNo, amount: i64, description: impl Into<String>) -> Self {
        Self {
            mer_trade_no,
            amount,
            description: description.into(),
            email: None,
            return_url: None,
            notify_url: None,
        }
    }

    fn addresses(&self, fields: Fields) -> Fields {
        fields
            .with_some("UsrMail", self.email.as_deref())
            .with_some("ReturnURL", self.return_url.as_deref())
            .with_some("NotifyURL", self.notify_url.as_deref())
    }
}

impl Client {
    /// Calls below `base_url`, such as `https://api.payuni.com.tw/api`. `http` should have a time-out of more than
    /// the 60 seconds the gateway waits for a bank, and follow no redirects.
    pub fn new(http: reqwest::Client, base_url: impl Into<String>, shop: Shop) -> Self {
        let mut base_url = base_url.into();
        base_url.truncate(base_url.trim_end_matches('/').len());
        Self {
            http,
            base_url,
            shop,
        }
    }

    /// The shop that calls.
    pub const fn shop(&self) -> &Shop {
        &self.shop
    }

    fn url(&self, endpoint: Endpoint) -> String {
        format!("{}/{}", self.base_url, endpoint.path())
    }

    fn fields(&self) -> Fields {
        Fields::new().with("MerID", self.shop.mer_id())
    }

    fn form(&self, endpoint: Endpoint, fields: &Fields) -> Fields {
        let sealed = self.shop.seal(fields);
        self.fields()
            .with("Version", endpoint.version())
            .with("EncryptInfo", sealed.encrypt_info)
            .with("HashInfo", sealed.hash_info)
    }

    async fn charge(&self, endpoint: Endpoint, order: &Order, fields: &Fields) -> Decision {
        let answer = match self.post(endpoint, fields).await {
            Ok(answer) => answer,
            Err(undecided) => return Decision::Undecided(undecided),
        };
        if let Answer::Sealed(fields) = &answer
            && names_another(fields, "MerTradeNo", order.mer_trade_no.as_str())
        {
            return Decision::Undecided(Undecided::Mismatch);
        }
        match status::decide_answer(endpoint, &answer) {
            Decision::Succeeded(trade) if trade.amount != order.amount => {
                Decision::Undecided(Undecided::Mismatch)
            }
            decision => decision,
        }
    }

    async fn post(&self, endpoint: Endpoint, fields: &Fields) -> Result<Answer, Undecided> {
        let request = self
            .http
            .post(self.url(endpoint))
            .header(USER_AGENT, "payuni")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(self.form(endpoint, fields).encode());
        let mut response = request.send().await.map_err(no_answer)?;
        if !response.status().is_success() {
            return Err(Undecided::Http(response.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(no_answer)? {
            if body.len() + chunk.len() > ANSWER_BYTES {
                return Err(Undecided::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        status::read(&body, &self.shop)
    }
}

/// Envelopes can be replayed: an answer that says what it is about must be about what was asked.
fn names_another(fields: &Fields, name: &str, asked: &str) -> bool {
    fields.get(name).is_some_and(|value| value != asked)
}

fn seconds(now: Timestamp) -> String {
    now.micros().div_euclid(1_000_000).to_string()
}

fn no_answer(error: reqwest::Error) -> Undecided {
    if error.is_timeout() {
        return Undecided::TimedOut;
    }
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    Undecided::Unreachable(text)
}
