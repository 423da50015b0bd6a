//! Wires what every face may need of the outside world: who delivers messages, who tells robots, and who keeps files.

use crate::app::Parts;
use crate::config::{CaptchaConfig, Config, StorageConfig};
use ::files::{Files, Storage};
use anyhow::{Context, Result};
use captcha::{ProofOfWork, RobotCheck, SiteVerify};
use messages::{HttpTexter, Mailbox, Mailer, Messages, Outbox, Smtp, Texter};
use std::path::PathBuf;
use std::sync::Arc;

/// Where the simulated captcha service is reached in a sandbox, for `captcha.url`.
pub const SIMULATED_CAPTCHA: &str = "/simulators/captcha";

/// Whom mails in the outbox are from when nobody says.
const NOBODY: &str = "Tallystick <tallystick@localhost>";

/// Who delivers mail and text messages. In a sandbox everything goes to the outbox: its people are made up.
pub fn messages(parts: &Parts, config: &Config, sandbox: bool) -> Result<Messages> {
    let mail = config.mail.clone().filter(|_| !sandbox);
    let sms = config.sms.clone().filter(|_| !sandbox);
    let outbox = outbox(parts, config)?;
    let mailer: Arc<dyn Mailer> = match mail {
        Some(smtp) => Arc::new(Smtp::new(smtp).context("the connector for mail")?),
        None => Arc::new(outbox.clone()),
    };
    let texter: Arc<dyn Texter> = match sms {
        Some(sms) => Arc::new(HttpTexter::new(sms).context("the connector for text messages")?),
        None => Arc::new(outbox),
    };
    Ok(Messages::new(
        parts.db.clone(),
        Arc::clone(&parts.clock),
        Arc::clone(&parts.rng),
        mailer,
        texter,
    ))
}

fn outbox(parts: &Parts, config: &Config) -> Result<Outbox> {
    let folder = config
        .outbox
        .clone()
        .unwrap_or_else(|| temporary(parts, "outbox"));
    let from: Mailbox = match &config.mail {
        Some(mail) => mail.from.clone(),
        None => NOBODY.parse().context("the address of nobody")?,
    };
    Ok(Outbox::new(folder, from))
}

/// Who tells people from robots.
pub fn robots(parts: &Parts, config: &Config) -> Result<Arc<dyn RobotCheck>> {
    Ok(match &config.captcha {
        CaptchaConfig::SiteVerify(service) => {
            let service = SiteVerify::new(service.clone());
            Arc::new(service.context("the connector to the captcha service")?)
        }
        CaptchaConfig::ProofOfWork(work) => Arc::new(ProofOfWork::new(
            parts.db.clone(),
            Arc::clone(&parts.clock),
            Arc::clone(&parts.rng),
            work.clone(),
        )),
    })
}

/// Where the files are that people send.
pub fn files(parts: &Parts, config: &Config) -> Result<Files> {
    let storage = match &config.storage {
        StorageConfig::Folder(folder) => {
            let folder = folder.clone();
            Storage::folder(&folder.unwrap_or_else(|| temporary(parts, "files")))
        }
        StorageConfig::S3(bucket) => Storage::s3(bucket),
    };
    Ok(Files::new(
        parts.db.clone(),
        Arc::clone(&parts.clock),
        Arc::clone(&parts.rng),
        storage.context("the storage of files")?,
        config.files.clone(),
    ))
}

/// A folder that nobody else on this machine can guess, and so have made beforehand.
fn temporary(parts: &Parts, what: &str) -> PathBuf {
    let name = u128::from_le_bytes(parts.rng.bytes());
    std::env::temp_dir().join(format!("tallystick-{what}-{name:032x}"))
}
