//! The operations of the API: their envelopes, the order of the checks, the codes and the answers.

use super::cards::is_digits;
use super::faults::Quirk;
use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::Limited;
use payuni::envelope::{OpenError, Sealed, Shop};
use payuni::fields::Fields;
use serde_json::{Value, json};
use std::time::Duration;
use store::StoreError;

const LARGEST_BODY: usize = 256 * 1024;
const ARRIVAL: Duration = Duration::from_secs(15);
const LONGEST_TRADE_NO: usize = 25;

/// An operation of the API.
///
/// Codes are per operation. Tables of `CREDIT`, `CLOSE` and `CANCEL` are not public: where only the range
/// of a code is known, the number here is the hosted page's one for the same fault.
#[derive(Debug)]
pub struct Operation {
    pub path: &'static str,
    versions: &'static [&'static str],
    reply_version: &'static str,
    prefix: &'static str,
    /// Another shop's `MerID` inside; `Timestamp` missing; `Timestamp` not an integer.
    codes: (u16, u16, u16),
}

pub const UPP: Operation = Operation {
    path: "/api/upp",
    versions: &["1.0", "2.0"],
    reply_version: "2.0",
    prefix: "UPP",
    codes: (2111, 2008, 2009),
};
pub const CREDIT: Operation = Operation {
    path: "/api/credit",
    versions: &["1.0", "1.1", "1.2", "1.3"],
    reply_version: "1.2",
    prefix: "CREDIT",
    codes: (2001, 2008, 2009),
};
pub const TRADE_QUERY: Operation = Operation {
    path: "/api/trade/query",
    versions: &["1.0", "2.0"],
    reply_version: "2.0",
    prefix: "QUERY",
    codes: (2001, 2007, 2008),
};
pub const TRADE_CLOSE: Operation = Operation {
    path: "/api/trade/close",
    versions: &["1.0"],
    reply_version: "1.0",
    prefix: "CLOSE",
    codes: (2001, 2007, 2008),
};
pub const TRADE_CANCEL: Operation = Operation {
    path: "/api/trade/cancel",
    versions: &["1.0"],
    reply_version: "1.0",
    prefix: "CANCEL",
    codes: (2001, 2003, 2004),
};
pub const BIND_QUERY: Operation = Operation {
    path: "/api/credit_bind/query",
    versions: &["1.0"],
    reply_version: "1.0",
    prefix: "QUERY",
    codes: (1001, 2007, 2008),
};
pub const BIND_CANCEL: Operation = Operation {
    path: "/api/credit_bind/cancel",
    versions: &["1.0"],
    reply_version: "1.0",
    prefix: "CANCEL",
    codes: (2001, 2003, 2004),
};
pub const TOKEN_GET: Operation = Operation {
    path: "/api/iframe/token_get",
    versions: &["3.0"],
    reply_version: "3.0",
    prefix: "TOKEN",
    codes: (2004, 2011, 2012),
};
pub const MERCHANT_TRADE: Operation = Operation {
    path: "/api/iframe/merchant_trade",
    versions: &["1.0"],
    reply_version: "1.2",
    prefix: "IFTRADE",
    codes: (2005, 2012, 2013),
};

/// A code and what comes with it.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub code: String,
    pub message: String,
    /// Inner fields after `Status`, `Message` and `MerID`.
    extra: Fields,
    /// Whether the caller has proved to be the shop, so that the answer can be sealed.
    sealed: bool,
}

impl Refusal {
    fn envelope(code: &str, message: &str) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            extra: Fields::new(),
            sealed: false,
        }
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.extra.push(name, value);
        self
    }

    fn fields(self, mer_id: &str) -> Fields {
        let head = Fields::new()
            .with("Status", self.code)
            .with("Message", self.message)
            .with("MerID", mer_id);
        let extra = self.extra;
        extra.iter().fold(head, |all, (n, v)| all.with(n, v))
    }
}

/// Why a request is not carried out.
#[derive(Debug)]
pub enum Failure {
    Refused(Refusal),
    Store(StoreError),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Operation {
    pub fn refuse(&self, number: u16, message: impl Into<String>) -> Refusal {
        Refusal {
            code: format!("{}{number:05}", self.prefix),
            message: message.into(),
            extra: Fields::new(),
            sealed: true,
        }
    }

    /// Opens the envelope of a request: its form, then the shop, then the hash, then what every operation has inside.
    pub fn open(&self, outer: &Fields, shop: &Shop, enabled: bool) -> Result<Fields, Refusal> {
        let given = |name| outer.get(name).filter(|value| !value.is_empty());
        let refused = Refusal::envelope;
        let version = given("Version").ok_or_else(|| refused("API00002", "未設定版本"))?;
        if !self.versions.contains(&version) {
            return Err(refused("API00003", "無對應的程式版本"));
        }
        let encrypted = given("EncryptInfo").ok_or_else(|| refused("API00004", "無加密資料"))?;
        let hash = given("HashInfo").ok_or_else(|| refused("API00005", "無雜湊資料"))?;
        if encrypted.len() % 2 == 1 || !encrypted.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(refused("API00010", "加密資料格式錯誤"));
        }
        if hash.len() != 64 || !hash.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(refused("API00011", "雜湊資料格式錯誤"));
        }
        let mer_id = given("MerID").ok_or_else(|| refused("DEF01001", "無商店代號"))?;
        if mer_id != shop.mer_id() {
            return Err(refused("DEF01005", "查無商店"));
        }
        if !enabled {
            return Err(refused("DEF01006", "商店未啟用"));
        }
        let (other_shop, no_time, not_a_time) = self.codes;
        let inner = shop.open(encrypted, hash).map_err(|error| match error {
            OpenError::Hash => refused("DEF01007", "雜湊比對不符"),
            OpenError::OtherShop => self.refuse(other_shop, "商店代號不符"),
            _ => refused("DEF01002", "解密失敗"),
        })?;
        if text(&inner, "MerID").is_none() {
            return Err(self.refuse(other_shop, "無商店代號"));
        }
        // No database takes it.
        if inner
            .iter()
            .any(|(n, v)| n.contains('\0') || v.contains('\0'))
        {
            return Err(refused("API00010", "加密資料格式錯誤"));
        }
        // How old a timestamp may be is not documented, and the shop's clock is not the simulated one.
        let time = text(&inner, "Timestamp").ok_or_else(|| self.refuse(no_time, "無時間戳記"))?;
        if !is_digits(time) {
            return Err(self.refuse(not_a_time, "時間戳記須為整數"));
        }
        Ok(inner)
    }

    /// The shop's number of a trade; `codes` for one that is missing, too long, or of other characters.
    pub fn mer_trade_no(&self, inner: &Fields, codes: (u16, u16, u16)) -> Result<String, Refusal> {
        let (missing, long, format) = codes;
        let number =
            text(inner, "MerTradeNo").ok_or_else(|| self.refuse(missing, "無商店訂單編號"))?;
        if number.len() > LONGEST_TRADE_NO {
            return Err(self.refuse(long, "商店訂單編號過長"));
        }
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if !number.bytes().all(allowed) {
            return Err(self.refuse(format, "商店訂單編號格式錯誤"));
        }
        Ok(number.into())
    }

    /// `TradeAmt`; `codes` for one that is missing, no integer, or outside of `allowed`.
    pub fn amount(
        &self,
        inner: &Fields,
        codes: (u16, u16, u16),
        allowed: std::ops::RangeInclusive<i64>,
    ) -> Result<i64, Refusal> {
        let (missing, not_integer, outside) = codes;
        let text = text(inner, "TradeAmt").ok_or_else(|| self.refuse(missing, "無訂單金額"))?;
        let amount = Some(text).filter(|text| is_digits(text));
        amount
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| self.refuse(not_integer, "訂單金額須為整數"))
            .and_then(|amount| match allowed.contains(&amount) {
                true => Ok(amount),
                false => Err(self.refuse(outside, "訂單金額錯誤")),
            })
    }
}

/// A field, trimmed. An empty one is as good as none.
pub fn text<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields
        .get(name)
        .map(str::trim)
        .filter(|value| !value.is_empty())
}

/// An address that a notify or a form can go to; other schemes are as good as none.
pub fn address(fields: &Fields, name: &str) -> Option<String> {
    let url = text(fields, name)?;
    let web = url.starts_with("http://") || url.starts_with("https://");
    web.then(|| url.to_owned())
}

/// Reads a form. A body that is too large, too slow or not UTF-8 is as good as an empty one.
pub async fn read_form(body: Body) -> Fields {
    let read = tokio::time::timeout(ARRIVAL, axum::body::to_bytes(body, LARGEST_BODY)).await;
    let Ok(Ok(bytes)) = read else {
        return Fields::new();
    };
    let text = std::str::from_utf8(&bytes).unwrap_or_default();
    Fields::decode(text).unwrap_or_default()
}

/// What an operation answers.
#[derive(Clone, Debug)]
pub struct Reply {
    pub fields: Fields,
    pub quirk: Option<Quirk>,
}

impl From<Fields> for Reply {
    fn from(fields: Fields) -> Self {
        Self {
            fields,
            quirk: None,
        }
    }
}

/// The five fields of an answer, a notify or a return.
pub fn enveloped(shop: &Shop, version: &str, inner: &Fields) -> Fields {
    let Sealed {
        encrypt_info,
        hash_info,
    } = shop.seal(inner);
    Fields::new()
        .with("Status", inner.get("Status").unwrap_or_default())
        .with("MerID", shop.mer_id())
        .with("Version", version)
        .with("EncryptInfo", encrypt_info)
        .with("HashInfo", hash_info)
}

/// What is sent.
#[derive(Debug)]
pub enum Answer {
    Json(Value),
    /// HTTP 503.
    Down,
    /// A page instead of an answer.
    Html,
    /// The connection breaks in the middle of the answer.
    Lost,
}

impl Answer {
    pub fn of(operation: &Operation, shop: &Shop, outcome: Result<Reply, Failure>) -> Self {
        let sealed = |inner: &Fields| {
            let envelope = enveloped(shop, operation.reply_version, inner);
            Self::Json(object(&envelope))
        };
        match outcome {
            Ok(reply) => match reply.quirk {
                Some(Quirk::Html) => Self::Html,
                Some(Quirk::BadHash) => sealed(&reply.fields).with_bad_hash(),
                Some(Quirk::Slow | Quirk::NotifyTwice | Quirk::NotifyFirst) | None => {
                    sealed(&reply.fields)
                }
            },
            Err(Failure::Refused(refusal)) if refusal.sealed => {
                sealed(&refusal.fields(shop.mer_id()))
            }
            Err(Failure::Refused(refusal)) => Self::Json(json!({
                "Status": refusal.code,
                "Message": refusal.message,
                "MerID": "",
                "Version": operation.reply_version,
            })),
            Err(Failure::Store(error)) => {
                tracing::error!(%error, "the simulated gateway cannot use its database");
                Self::Down
            }
        }
    }

    /// The same with a hash that does not fit.
    pub fn with_bad_hash(self) -> Self {
        match self {
            Self::Json(Value::Object(mut fields)) if fields.contains_key("HashInfo") => {
                fields.insert("HashInfo".into(), "0".repeat(64).into());
                Self::Json(Value::Object(fields))
            }
            other => other,
        }
    }
}

/// Fields as a JSON object; the last of several with one name.
pub fn object(fields: &Fields) -> Value {
    fields
        .iter()
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .collect()
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let json = [(header::CONTENT_TYPE, "application/json")];
        let html = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
        match self {
            Self::Json(value) => (json, value.to_string()).into_response(),
            Self::Down => (
                StatusCode::SERVICE_UNAVAILABLE,
                html,
                "<!doctype html>\n<title>503</title>\n<h1>503 Service Unavailable</h1>\n",
            )
                .into_response(),
            Self::Html => (
                html,
                "<!doctype html>\n<title>PAYUNi</title>\n<div id=\"app\"></div>\n",
            )
                .into_response(),
            // A body over its limit fails at once, whereupon the server closes the connection.
            Self::Lost => (json, Body::new(Limited::new(Body::from("{}"), 0))).into_response(),
        }
    }
}
