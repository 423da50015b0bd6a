//! `[captcha]`.

use super::{env, http_url, seconds_of};
use ::captcha::{ProofOfWorkConfig, SiteVerifyConfig};
use anyhow::Result;
use kernel::Secret;
use serde::Deserialize;
use std::time::Duration;

/// More would take a fast machine minutes.
const HARDEST: u8 = 30;

/// How robots are told.
#[derive(Clone, Debug)]
pub enum CaptchaConfig {
    /// By a service.
    SiteVerify(SiteVerifyConfig),
    /// By work, which needs nobody else.
    ProofOfWork(ProofOfWorkConfig),
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct CaptchaSection {
    difficulty: Option<u8>,
    challenge_minutes: Option<f64>,
    url: Option<String>,
    secret: Option<String>,
    hostname: Option<String>,
    timeout_seconds: Option<f64>,
}

impl CaptchaSection {
    pub(super) fn resolve(self) -> Result<CaptchaConfig> {
        let defaults = ProofOfWorkConfig::default();
        let difficulty = self.difficulty.unwrap_or(defaults.difficulty);
        anyhow::ensure!(
            difficulty <= HARDEST,
            "captcha.difficulty: at most {HARDEST}, since each bit more doubles the work"
        );
        let lifetime = match self.challenge_minutes {
            Some(minutes) => seconds_of(minutes * 60.0, "captcha.challenge_minutes")?,
            None => defaults.lifetime,
        };
        let url = env("TALLYSTICK_CAPTCHA_URL").or(self.url);
        match (url, env("TALLYSTICK_CAPTCHA_SECRET").or(self.secret)) {
            (Some(url), Some(secret)) => Ok(CaptchaConfig::SiteVerify(SiteVerifyConfig {
                url: http_url(&url, "captcha.url")?,
                secret: Secret::new(secret),
                hostname: self.hostname,
                timeout: match self.timeout_seconds {
                    Some(seconds) => seconds_of(seconds, "captcha.timeout_seconds")?,
                    None => Duration::from_secs(5),
                },
            })),
            (None, None) => Ok(CaptchaConfig::ProofOfWork(ProofOfWorkConfig {
                difficulty,
                lifetime,
            })),
            _ => anyhow::bail!(
                "a captcha service needs both an address and a secret: set captcha.url and captcha.secret, or TALLYSTICK_CAPTCHA_URL and TALLYSTICK_CAPTCHA_SECRET"
            ),
        }
    }
}
