//! Text messages over HTTP: one `POST` for each, in whatever form the provider wants it.

use crate::{SendError, Sending, Stamp, Text, Texter};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use kernel::Secret;
use serde_json::{Map, Value};
use std::time::Duration;

/// How to reach a provider of text messages. In every value of fields and headers, `{{to}}` stands for the number, `{{text}}` for the
/// message, `{{id}}` for its id and `{{secret}}` for our secret there.
#[derive(Clone, Debug)]
pub struct HttpTexterConfig {
    /// The provider's address.
    pub url: Secret<String>,
    /// What is sent.
    pub fields: Fields,
    /// Headers besides the content type.
    pub headers: Vec<(String, String)>,
    /// Our secret there.
    pub secret: Option<Secret<String>>,
    /// How long an answer may take.
    pub timeout: Duration,
}

/// The body of a request, before the placeholders are filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fields {
    /// JSON.
    Json(Map<String, Value>),
    /// A form, URL-encoded.
    Form(Vec<(String, String)>),
}

/// Sends text messages as an operator has described it. An answer of 2xx means that the provider has the message.
#[derive(Clone, Debug)]
pub struct HttpTexter {
    config: HttpTexterConfig,
    client: reqwest::Client,
}

impl HttpTexter {
    /// A driver. It connects when it is first used.
    pub fn new(config: HttpTexterConfig) -> Result<Self, reqwest::Error> {
        let client = httpkit::outgoing::client(config.timeout)?;
        Ok(Self { config, client })
    }

    fn headers(&self, fill: &impl Fn(&str) -> String) -> Result<HeaderMap, SendError> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.config.headers {
            let unusable = || SendError::NotNow(format!("the header {name} cannot be sent"));
            let name: HeaderName = name.parse().map_err(|_| unusable())?;
            let mut value = HeaderValue::from_str(&fill(value)).map_err(|_| unusable())?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(headers)
    }

    async fn post(&self, text: &Text, stamp: &Stamp) -> Result<(), SendError> {
        let secret = self.config.secret.as_ref().map(Secret::expose);
        let values = [
            ("to", text.to()),
            ("text", text.body()),
            ("id", &stamp.id),
            ("secret", secret.map_or("", String::as_str)),
        ];
        let fill = |template: &str| fill(template, &values);
        let request = self
            .client
            .post(self.config.url.expose())
            .headers(self.headers(&fill)?);
        let request = match &self.config.fields {
            Fields::Json(fields) => request.json(&filled(fields, &fill)),
            Fields::Form(fields) => {
                let form: Vec<_> = fields.iter().map(|(k, v)| (k, fill(v))).collect();
                request.form(&form)
            }
        };
        // What an error says ends with the address, which may hold a secret.
        let answer = request.send().await;
        let status = answer
            .map_err(|error| SendError::NotNow(error.without_url().to_string()))?
            .status();
        let said = format!("the provider of text messages answered {}", status.as_u16());
        match status {
            status if status.is_success() => Ok(()),
            // They are about the message. Others can be about us, and be mended.
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
                Err(SendError::Refused(said))
            }
            _ => Err(SendError::NotNow(said)),
        }
    }
}

impl Texter for HttpTexter {
    fn send_text<'a>(&'a self, text: &'a Text, stamp: &'a Stamp) -> Sending<'a> {
        Box::pin(self.post(text, stamp))
    }
}

fn filled(fields: &Map<String, Value>, fill: &impl Fn(&str) -> String) -> Map<String, Value> {
    let pairs = fields.iter();
    pairs
        .map(|(name, value)| (name.clone(), filled_value(value, fill)))
        .collect()
}

fn filled_value(value: &Value, fill: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(fill(text)),
        Value::Array(items) => items.iter().map(|item| filled_value(item, fill)).collect(),
        Value::Object(fields) => Value::Object(filled(fields, fill)),
        other => other.clone(),
    }
}

/// Puts values in the places of their names, all at once: what a value says is never taken for a placeholder.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        let named = after.split_once("}}").and_then(|(name, after)| {
            let value = values.iter().find(|(known, _)| *known == name.trim());
            value.map(|(_, value)| (*value, after))
        });
        match named {
            Some((value, after)) => {
                filled.push_str(value);
                rest = after;
            }
            None => {
                filled.push_str("{{");
                rest = after;
            }
        }
    }
    filled + rest
}
