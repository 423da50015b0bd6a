//! `[einvoice]`.

use super::{env, http_url, seconds_of};
use ::einvoice::{amego, ecpay, ezpay};
use anyhow::{Context, Result, bail, ensure};
use invoicing::Settings;
use kernel::Secret;
use serde::Deserialize;
use std::time::Duration;

/// A step asks up to three times, and whoever takes it is given two minutes.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(35);

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct EinvoiceSection {
    timeout_seconds: Option<f64>,
    ec_pay: KeyedSection,
    ez_pay: KeyedSection,
    amego: AmegoSection,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct KeyedSection {
    url: Option<String>,
    merchant_id: Option<String>,
    hash_key: Option<String>,
    hash_iv: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct AmegoSection {
    url: Option<String>,
    seller: Option<String>,
    app_key: Option<String>,
}

impl EinvoiceSection {
    /// The accounts with providers. `pay_uni`: whether there is a shop at PAYUNi.
    pub(super) fn resolve(self, pay_uni: bool) -> Result<Settings> {
        let defaults = Settings::default();
        let timeout = match self.timeout_seconds {
            Some(seconds) => seconds_of(seconds, "einvoice.timeout_seconds")?,
            None => defaults.timeout,
        };
        ensure!(
            timeout <= LONGEST_TIMEOUT,
            "einvoice.timeout_seconds: at most {}",
            LONGEST_TIMEOUT.as_secs()
        );
        let ec_pay = match self.ec_pay.keys("ec_pay", "ECPAY", ecpay::PRODUCTION)? {
            Some(Keyed { url, id, key, iv }) => {
                let merchant = ecpay::Merchant::new(id, &key, &iv).context("einvoice.ec_pay")?;
                Some((url, merchant))
            }
            None => None,
        };
        let ez_pay = match self.ez_pay.keys("ez_pay", "EZPAY", ezpay::PRODUCTION)? {
            Some(Keyed { url, id, key, iv }) => {
                let merchant = ezpay::Merchant::new(id, &key, &iv).context("einvoice.ez_pay")?;
                Some((url, merchant))
            }
            None => None,
        };
        Ok(Settings {
            timeout,
            ec_pay,
            ez_pay,
            amego: self.amego.resolve()?,
            pay_uni,
        })
    }
}

/// A server, and a merchant's id and keys there.
struct Keyed {
    url: String,
    id: String,
    key: Secret<String>,
    iv: Secret<String>,
}

impl KeyedSection {
    fn keys(self, name: &str, variable: &str, server: &str) -> Result<Option<Keyed>> {
        let or = |field: &str, value| env(&format!("TALLYSTICK_{variable}_{field}")).or(value);
        match (
            or("MERCHANT_ID", self.merchant_id),
            or("HASH_KEY", self.hash_key),
            or("HASH_IV", self.hash_iv),
        ) {
            (Some(id), Some(key), Some(iv)) => {
                let url = self.url.unwrap_or_else(|| server.to_owned());
                let url = http_url(&url, &format!("einvoice.{name}.url"))?;
                Ok(Some(Keyed {
                    url,
                    id,
                    key: Secret::new(key),
                    iv: Secret::new(iv),
                }))
            }
            (None, None, None) => Ok(None),
            _ => bail!(
                "einvoice.{name} needs merchant_id, hash_key and hash_iv, all three (or TALLYSTICK_{variable}_MERCHANT_ID, …_HASH_KEY, …_HASH_IV)"
            ),
        }
    }
}

impl AmegoSection {
    fn resolve(self) -> Result<Option<(String, amego::Seller)>> {
        match (
            env("TALLYSTICK_AMEGO_SELLER").or(self.seller),
            env("TALLYSTICK_AMEGO_APP_KEY").or(self.app_key),
        ) {
            (Some(seller), Some(key)) => {
                let url = self.url.as_deref().unwrap_or(amego::SERVER);
                let seller = seller.parse().context("einvoice.amego.seller")?;
                let seller = amego::Seller::new(seller, Secret::new(key));
                let seller = seller.context("einvoice.amego.app_key")?;
                Ok(Some((http_url(url, "einvoice.amego.url")?, seller)))
            }
            (None, None) => Ok(None),
            _ => bail!(
                "einvoice.amego needs seller and app_key, both (or TALLYSTICK_AMEGO_SELLER, TALLYSTICK_AMEGO_APP_KEY)"
            ),
        }
    }
}
