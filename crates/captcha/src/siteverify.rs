//! The protocol that hCaptcha, reCAPTCHA and Turnstile share: a form with `secret`, `response` and `remoteip`, answered by JSON with
//! `success`, `hostname` and `error-codes`.

use crate::{Challenge, Checking, Reason, RobotCheck, Verdict};
use kernel::Secret;
use serde::Deserialize;
use std::net::IpAddr;
use std::time::Duration;

/// Longer tokens are none: reCAPTCHA's and Turnstile's have about 2048 letters at most.
const LONGEST_TOKEN: usize = 4096;
/// So much of an error code is logged.
const LONGEST_CODE: usize = 40;
/// Larger answers are not read.
const LARGEST_ANSWER: usize = 64 * 1024;

/// How to reach a service.
#[derive(Clone, Debug)]
pub struct SiteVerifyConfig {
    /// Its address, such as `https://api.hcaptcha.com/siteverify`.
    pub url: String,
    /// Our secret there.
    pub secret: Secret<String>,
    /// The host that tokens have to come from; `None`: whichever the service lets them come from.
    pub hostname: Option<String>,
    /// How long an answer may take.
    pub timeout: Duration,
}

/// Asks a service. What it does not answer, or answers about our secret, is [`Verdict::Unavailable`].
#[derive(Clone, Debug)]
pub struct SiteVerify {
    config: SiteVerifyConfig,
    client: reqwest::Client,
}

#[derive(Deserialize)]
struct Answer {
    success: bool,
    hostname: Option<String>,
    #[serde(default, rename = "error-codes")]
    error_codes: Vec<String>,
}

impl SiteVerify {
    /// A driver. It connects when it is first used.
    pub fn new(config: SiteVerifyConfig) -> Result<Self, reqwest::Error> {
        let client = httpkit::outgoing::client(config.timeout)?;
        Ok(Self { config, client })
    }

    async fn ask(&self, token: &str, remote_ip: Option<IpAddr>) -> Result<Answer, String> {
        let mut form = vec![
            ("secret", self.config.secret.expose().clone()),
            ("response", token.to_owned()),
        ];
        if let Some(address) = remote_ip {
            form.push(("remoteip", address.to_string()));
        }
        let said = |error: reqwest::Error| error.without_url().to_string();
        let sent = self.client.post(&self.config.url).form(&form).send().await;
        let mut response = sent.map_err(said)?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(said)? {
            if body.len() + chunk.len() > LARGEST_ANSWER {
                return Err("the answer is too large".into());
            }
            body.extend_from_slice(&chunk);
        }
        // Turnstile answers what it refuses with 4xx and the same JSON.
        if status.is_server_error() {
            return Err(format!("HTTP {}", status.as_u16()));
        }
        serde_json::from_slice(&body).map_err(|_| {
            format!(
                "HTTP {} with an answer that cannot be read",
                status.as_u16()
            )
        })
    }

    fn verdict(&self, answer: &Answer) -> Verdict {
        if answer.success {
            let expected = self.config.hostname.as_deref();
            let right = expected.is_none_or(|expected| {
                let named = answer.hostname.as_deref();
                named.is_some_and(|named| named.eq_ignore_ascii_case(expected))
            });
            return if right {
                Verdict::Passed
            } else {
                Verdict::Refused(Reason::Invalid)
            };
        }
        let mut reason = Reason::Invalid;
        for code in &answer.error_codes {
            match code.as_str() {
                "missing-input-response" | "invalid-input-response" => {}
                "timeout-or-duplicate"
                | "expired-input-response"
                | "already-seen-response"
                | "invalid-or-already-seen-response" => reason = Reason::ExpiredOrUsed,
                // About our secret, our request or the service itself.
                other => {
                    let visible = other.chars().filter(char::is_ascii_graphic);
                    let code: String = visible.take(LONGEST_CODE).collect();
                    return Verdict::Unavailable(format!("the service answers {code}"));
                }
            }
        }
        Verdict::Refused(reason)
    }
}

impl RobotCheck for SiteVerify {
    fn check<'a>(&'a self, token: &'a str, remote_ip: Option<IpAddr>) -> Checking<'a, Verdict> {
        Box::pin(async move {
            if token.len() > LONGEST_TOKEN {
                return Verdict::Refused(Reason::Invalid);
            }
            match self.ask(token, remote_ip).await {
                Ok(answer) => self.verdict(&answer),
                Err(why) => Verdict::Unavailable(why),
            }
        })
    }

    fn challenge(&self) -> Checking<'_, Result<Option<Challenge>, String>> {
        Box::pin(std::future::ready(Ok(None)))
    }
}
