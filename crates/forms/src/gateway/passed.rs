//! What a module answered, as far as it can be read, and how its refusals reach the client.

use crate::face::Data;
use catalogue::openapi_v2::{ErrorResponse, Resource, UpstreamFault};
use catalogue::{Entry, OpenapiV2Error};
use http::StatusCode;
use httpkit::{Dialect, Refusal, Reply};
use kernel::Locale;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// Statuses that may be an answer's own code.
const REFUSALS: std::ops::RangeInclusive<u64> = 400..=599;

/// A refusal in the module's own words, which reach the client unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedThrough {
    code: u16,
    error_code: Option<u32>,
    message: String,
    message_detail: String,
}

impl Dialect for PassedThrough {
    fn code(&self) -> &'static str {
        let code = self.error_code.unwrap_or_else(|| self.code.into());
        entry(code).map_or("unknown", |entry| entry.code)
    }

    fn render(&self, _: Locale, _: &str) -> Reply {
        let body = ErrorResponse {
            code: self.code,
            error_code: self.error_code,
            message: self.message.clone(),
            message_detail: self.message_detail.clone(),
        };
        let status = StatusCode::from_u16(self.code).unwrap_or(StatusCode::BAD_GATEWAY);
        Reply::new(status, &body)
    }
}

/// The members of an answer, whatever their types. Others are dropped.
#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    code: Value,
    #[serde(default)]
    error_code: Value,
    #[serde(default)]
    message: Value,
    #[serde(default)]
    message_detail: Value,
    data: Option<Data>,
}

fn entry(code: u32) -> Option<&'static Entry> {
    let code = code.to_string();
    OpenapiV2Error::ENTRIES.iter().find(|e| e.code == code)
}

impl Envelope {
    fn parse(body: &[u8]) -> Option<Self> {
        // An array would pass for a struct.
        let object = body.trim_ascii_start().starts_with(b"{");
        object.then(|| serde_json::from_slice(body).ok()).flatten()
    }

    /// The module's code. `Err`: it has one that is no code.
    fn module_code(&self) -> Result<Option<u32>, ()> {
        match &self.error_code {
            Value::Null => Ok(None),
            code => match code.as_u64().map(u32::try_from) {
                Some(Ok(code)) => Ok(Some(code).filter(|code| *code != 0)),
                _ => Err(()),
            },
        }
    }

    fn refusal(self, error_code: Option<u32>) -> PassedThrough {
        let known = error_code.and_then(entry);
        let own = self.code.as_u64().filter(|code| REFUSALS.contains(code));
        let own = own.and_then(|code| u16::try_from(code).ok());
        let text = |value: Value| match value {
            Value::String(text) => Some(text),
            _ => None,
        };
        let message = text(self.message);
        let documented = || {
            known
                .map_or("", |entry| entry.message(Locale::En))
                .to_owned()
        };
        PassedThrough {
            code: known.map(|entry| entry.status).or(own).unwrap_or(400),
            error_code,
            message: message.unwrap_or_else(documented),
            message_detail: text(self.message_detail).unwrap_or_default(),
        }
    }
}

impl PassedThrough {
    /// Reads the body of a refusal. One without `error_code` counts only if it says what its status says, and that is a
    /// code of the contract: anything on the way to a module may answer JSON.
    pub fn read(status: StatusCode, body: &[u8]) -> Option<Self> {
        let envelope = Envelope::parse(body)?;
        let error_code = envelope.module_code().ok()?;
        let contract = || {
            let code = u32::from(status.as_u16());
            envelope.code.as_u64() == Some(code.into())
                && envelope.message.is_string()
                && entry(code).is_some()
        };
        if error_code.is_none() && !contract() {
            return None;
        }
        Some(envelope.refusal(error_code))
    }
}

/// Reads an answer; `body` is `None` if it is not JSON by its own account, or more than anybody wants to read.
pub fn read(
    status: StatusCode,
    body: Option<&[u8]>,
) -> Result<Result<Data, Refusal>, UpstreamFault> {
    let read = if status.is_success() {
        body.and_then(success)
    } else {
        body.and_then(|body| Some(Err(PassedThrough::read(status, body)?.into())))
    };
    match read {
        Some(outcome) => Ok(outcome),
        None if status == StatusCode::NOT_FOUND => Ok(Err(OpenapiV2Error::NotFound {
            what: Resource::Upstream,
        }
        .into())),
        None => Err(UpstreamFault::Unreadable),
    }
}

/// An answer with a status of success, which may be a refusal all the same. An object that has neither code is neither.
fn success(body: &[u8]) -> Option<Result<Data, Refusal>> {
    let envelope = Envelope::parse(body)?;
    let error_code = envelope.module_code().ok()?;
    match (envelope.code.as_i64(), error_code) {
        (Some(0), None) => Some(Ok(envelope.data.unwrap_or_else(null))),
        (None, None) => None,
        _ => Some(Err(envelope.refusal(error_code).into())),
    }
}

fn null() -> Data {
    RawValue::NULL.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Status and body that the client sees, or the fault.
    fn seen(status: u16, body: &str) -> String {
        let status = StatusCode::from_u16(status).unwrap();
        match read(status, Some(body.as_bytes())) {
            Ok(Ok(data)) => format!("data {}", data.get()),
            Ok(Err(Refusal::Coded(error))) => {
                let reply = error.render(Locale::En, "");
                let body = String::from_utf8(reply.body.to_vec()).unwrap();
                format!("{} {} {body}", reply.status.as_u16(), error.code())
            }
            Ok(Err(_)) => panic!("no code"),
            Err(fault) => format!("{fault:?}"),
        }
    }

    #[test]
    fn data_passes_as_it_is() {
        assert_eq!(
            seen(
                200,
                r#"{"code":0,"message":"ok","data":{"b":1.50,"a":"\u4f60"}}"#
            ),
            r#"data {"b":1.50,"a":"\u4f60"}"#
        );
        assert_eq!(seen(201, r#" {"data":[],"code":0,"x":1} "#), "data []");
        assert_eq!(seen(200, r#"{"code":0,"error_code":0}"#), "data null");
        assert_eq!(seen(200, r#"{"code":0,"error_code":null}"#), "data null");
    }

    #[test]
    fn refusals_keep_code_and_words() {
        let cases = [
            // The status of a known code is the catalogue's.
            (
                200,
                r#"{"code":0,"error_code":100303,"message":"m","message_detail":"d"}"#,
                r#"404 100303 {"code":404,"error_code":100303,"message":"m","message_detail":"d"}"#,
            ),
            (
                500,
                r#"{"error_code":100328,"message":"沒有權限"}"#,
                r#"403 100328 {"code":403,"error_code":100328,"message":"沒有權限","message_detail":""}"#,
            ),
            (
                404,
                r#"{"code":404,"error_code":100320,"message":"m","trace":"x"}"#,
                r#"400 100320 {"code":400,"error_code":100320,"message":"m","message_detail":""}"#,
            ),
            (
                400,
                r#"{"error_code":100306}"#,
                r#"400 100306 {"code":400,"error_code":100306,"message":"Form not assigned to this code","message_detail":""}"#,
            ),
            // That of others is their own, if it can be.
            (
                418,
                r#"{"code":409,"error_code":100330,"message":"m"}"#,
                r#"409 unknown {"code":409,"error_code":100330,"message":"m","message_detail":""}"#,
            ),
            (
                503,
                r#"{"code":200,"error_code":7,"message":"m"}"#,
                r#"400 unknown {"code":400,"error_code":7,"message":"m","message_detail":""}"#,
            ),
            (
                503,
                r#"{"code":"503","error_code":7,"message":[]}"#,
                r#"400 unknown {"code":400,"error_code":7,"message":"","message_detail":""}"#,
            ),
            // Without one, an answer of the contract.
            (
                404,
                r#"{"code":404,"message":"m","message_detail":"Code not found"}"#,
                r#"404 404 {"code":404,"message":"m","message_detail":"Code not found"}"#,
            ),
            (
                200,
                r#"{"code":403,"message":"m"}"#,
                r#"403 403 {"code":403,"message":"m","message_detail":""}"#,
            ),
            (
                200,
                r#"{"code":1021,"message":"m","data":null}"#,
                r#"400 400 {"code":400,"message":"m","message_detail":""}"#,
            ),
        ];
        for (status, body, expected) in cases {
            assert_eq!(seen(status, body), expected, "{status} {body}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_502_or_404() {
        let not_found = r#"404 404 {"code":404,"message":"Resource not found or no permission","message_detail":"The upstream answered 404"}"#;
        let bodies = [
            "",
            " ",
            "<html>",
            "{",
            r#"{"code":0,"data":"#,
            "null",
            "0",
            "[]",
            r#"[0,null,"ok","",{}]"#,
            "{}",
            r#"{"message":"no healthy upstream"}"#,
            r#"{"error_code":"100301","message":"m"}"#,
            r#"{"code":0,"error_code":"100301","message":"m"}"#,
            r#"{"error_code":100301.5}"#,
            r#"{"error_code":-1}"#,
            r#"{"error_code":4294967296}"#,
            r#"{"error_code":{}}"#,
            r#"{"code":"0","data":1}"#,
            r#"{"code":0} x"#,
            r#"{"code":0,"code":0}"#,
        ];
        for body in bodies {
            for status in [200, 204, 302, 400, 401, 429, 500, 502, 503] {
                assert_eq!(seen(status, body), "Unreadable", "{status} {body}");
            }
            assert_eq!(seen(404, body), not_found, "{body}");
        }
        // The code is not the status, or no code of the contract.
        for (status, code) in [(400, 404), (503, 503), (500, 502), (302, 400)] {
            let body = format!(r#"{{"code":{code},"message":"m"}}"#);
            assert_eq!(seen(status, &body), "Unreadable", "{status} {body}");
        }
        assert!(matches!(
            read(StatusCode::OK, None),
            Err(UpstreamFault::Unreadable)
        ));
        assert!(matches!(read(StatusCode::NOT_FOUND, None), Ok(Err(_))));
    }
}
