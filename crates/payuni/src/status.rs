//! What an answer means. The signed inside of the envelope decides; what is outside can be forged.

use crate::codes::{CardFailure, Code, Endpoint};
use crate::envelope::{OpenError, Shop};
use crate::fields::Fields;
use crate::trade::{TradeReply, TradeStatus, text};
use serde_json::Value;

/// What became of a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Paid: the inner status is `SUCCESS` and the trade status 1.
    Succeeded(Box<TradeReply>),
    /// Certainly not paid.
    Failed(Box<Failure>),
    /// Nobody knows yet: wait for a notice, or query. Never charge again under another number, never tell the payer
    /// that it failed.
    Undecided(Undecided),
    /// The payer's browser must go there first.
    Requires3D {
        /// Where to.
        url: String,
    },
}

/// Why a charge failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The answer's status. It is `SUCCESS` when the charge was carried out but the trade status says that it failed.
    pub code: Code,
    /// The gateway's words, in Chinese, for the operator.
    pub message: String,
    /// What it was about the card, if it was the card.
    pub card: Option<CardFailure>,
    /// The failed trade, where the answer describes one.
    pub trade: Option<TradeReply>,
}

/// Why an answer, or the lack of one, decides nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undecided {
    /// No answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// No answer, for this reason.
    #[error("no answer: {0}")]
    Unreachable(String),
    /// An answer with an HTTP status other than 2xx.
    #[error("answered with HTTP status {0}")]
    Http(u16),
    /// The answer is longer than any the gateway gives.
    #[error("the answer is too long")]
    TooLong,
    /// The answer is not a JSON object; a wrong path is answered with HTML.
    #[error("the answer is not a JSON object")]
    NotJson,
    /// The envelope is not ours.
    #[error("the answer's envelope: {0}")]
    Envelope(#[from] OpenError),
    /// A success without an envelope.
    #[error("a success without an envelope")]
    Unsealed,
    /// `UNKNOWN`: the bank has not answered.
    #[error("the bank has not answered")]
    Unknown,
    /// The trade exists and has not ended.
    #[error("the trade is in status {0:?}")]
    Pending(TradeStatus),
    /// A trade of this number exists: the query tells what became of it.
    #[error("a trade of this number exists")]
    Repeated,
    /// A code that does not exclude that something was done.
    #[error("answered {0}")]
    Code(Code),
    /// The answer lacks what it must have, or contradicts itself.
    #[error("the answer is incomplete or contradicts itself")]
    Incomplete,
    /// The answer is about something else than what was asked.
    #[error("the answer is about another trade or amount")]
    Mismatch,
}

/// Why a call that is not a charge did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// It certainly was not done.
    #[error("refused with {code}: {message}")]
    Refused {
        /// For this reason.
        code: Code,
        /// The gateway's words, in Chinese, for the operator.
        message: String,
    },
    /// It may have been done.
    #[error(transparent)]
    Undecided(#[from] Undecided),
}

/// The content of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// From an envelope of ours.
    Sealed(Fields),
    /// An answer without an envelope: `Status`, `Message` and `URL`. Anybody could have written it.
    Plain(Fields),
}

/// Reads the body of an answer.
pub fn read(body: &[u8], shop: &Shop) -> Result<Answer, Undecided> {
    let outer: Value = serde_json::from_slice(body).map_err(|_| Undecided::NotJson)?;
    let outer = outer.as_object().ok_or(Undecided::NotJson)?;
    let get = |name: &str| outer.get(name).and_then(Value::as_str).unwrap_or_default();
    if !["", shop.mer_id()].contains(&get("MerID")) {
        return Err(OpenError::OtherShop.into());
    }
    if !get("EncryptInfo").is_empty() {
        return Ok(Answer::Sealed(
            shop.open(get("EncryptInfo"), get("HashInfo"))?,
        ));
    }
    let mut fields = Fields::new();
    for name in ["Status", "Message", "URL"] {
        if !get(name).is_empty() {
            fields.push(name, get(name));
        }
    }
    Ok(Answer::Plain(fields))
}

/// What the body of the answer to a charge means.
///
/// ```
/// # use kernel::Secret;
/// # use payuni::{codes::Endpoint, envelope::Shop, status::{self, Decision, Undecided}};
/// # let shop = Shop::new("TEST001", Secret::new("k".repeat(32)), Secret::new("i".repeat(16))).unwrap();
/// let forged = br#"{"Status":"SUCCESS","Message":"paid, trust me"}"#;
/// assert_eq!(
///     status::decide(Endpoint::Credit, forged, &shop),
///     Decision::Undecided(Undecided::Unsealed)
/// );
/// ```
pub fn decide(endpoint: Endpoint, body: &[u8], shop: &Shop) -> Decision {
    match read(body, shop) {
        Ok(answer) => decide_answer(endpoint, &answer),
        Err(undecided) => Decision::Undecided(undecided),
    }
}

/// What the opened content of an answer to a charge, or of a notice of it, means.
pub fn decide_sealed(endpoint: Endpoint, fields: &Fields) -> Decision {
    let Some(status) = text(fields, "Status") else {
        return Decision::Undecided(Undecided::Incomplete);
    };
    let code = Code::new(endpoint, status);
    // Whatever else is said is not about the trade that has the number.
    if code.is_repeated() {
        return Decision::Undecided(Undecided::Repeated);
    }
    let trade_status = match fields.get("TradeStatus") {
        None | Some("") => None,
        Some(digit) => match TradeStatus::from_digit(digit) {
            Some(status) => Some(status),
            None => return Decision::Undecided(Undecided::Incomplete),
        },
    };
    match (code.code.as_str(), trade_status) {
        ("SUCCESS", Some(TradeStatus::Paid)) => TradeReply::read(fields)
            .map_or(Decision::Undecided(Undecided::Incomplete), |trade| {
                Decision::Succeeded(Box::new(trade))
            }),
        ("SUCCESS", None) => match three_d_url(fields) {
            Some(url) => Decision::Requires3D { url },
            None => Decision::Undecided(Undecided::Incomplete),
        },
        ("UNKNOWN", _) => Decision::Undecided(Undecided::Unknown),
        (_, Some(TradeStatus::Failed | TradeStatus::Cancelled | TradeStatus::Expired)) => {
            Decision::Failed(Box::new(failure(code, fields)))
        }
        (_, Some(TradeStatus::Paid)) => Decision::Undecided(Undecided::Incomplete),
        (_, Some(pending)) => Decision::Undecided(Undecided::Pending(pending)),
        (_, None) => refused(code, fields),
    }
}

pub(crate) fn decide_answer(endpoint: Endpoint, answer: &Answer) -> Decision {
    let fields = match answer {
        Answer::Sealed(fields) => return decide_sealed(endpoint, fields),
        Answer::Plain(fields) => fields,
    };
    match fields.get("Status") {
        Some("SUCCESS") => match three_d_url(fields) {
            Some(url) => Decision::Requires3D { url },
            None => Decision::Undecided(Undecided::Unsealed),
        },
        Some("UNKNOWN") => Decision::Undecided(Undecided::Unknown),
        Some(status) => refused(Code::new(endpoint, status), fields),
        None => Decision::Undecided(Undecided::Incomplete),
    }
}

/// The content of the answer to a call that is not a charge.
pub(crate) fn accept(endpoint: Endpoint, answer: Answer) -> Result<Fields, CallError> {
    let (sealed, fields) = match answer {
        Answer::Sealed(fields) => (true, fields),
        Answer::Plain(fields) => (false, fields),
    };
    match fields.get("Status") {
        Some("SUCCESS") if sealed => Ok(fields),
        Some("SUCCESS") => Err(Undecided::Unsealed.into()),
        Some("UNKNOWN") => Err(Undecided::Unknown.into()),
        Some(status) => {
            let code = Code::new(endpoint, status);
            Err(if code.is_final() {
                CallError::Refused {
                    code,
                    message: message(&fields),
                }
            } else {
                CallError::Undecided(Undecided::Code(code))
            })
        }
        None => Err(Undecided::Incomplete.into()),
    }
}

fn refused(code: Code, fields: &Fields) -> Decision {
    if code.is_repeated() {
        Decision::Undecided(Undecided::Repeated)
    } else if code.is_final() {
        Decision::Failed(Box::new(failure(code, fields)))
    } else {
        Decision::Undecided(Undecided::Code(code))
    }
}

fn failure(code: Code, fields: &Fields) -> Failure {
    let res_code = fields.get("ResCode").unwrap_or_default();
    Failure {
        card: CardFailure::from_res_code(res_code).or_else(|| code.card_failure()),
        message: message(fields),
        trade: TradeReply::read(fields),
        code,
    }
}

fn message(fields: &Fields) -> String {
    let message = text(fields, "Message").or_else(|| text(fields, "ResCodeMsg"));
    message.unwrap_or_default()
}

fn three_d_url(fields: &Fields) -> Option<String> {
    let url = reqwest::Url::parse(fields.get("URL")?).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.into())
}
