//! `[charges]`.

use super::seconds_of;
use anyhow::{Context, Result, ensure};
use orders::model::{ChargesConfig, Price};
use payuni::client::Method;
use serde::Deserialize;
use std::time::Duration;

/// Numbers for convenience stores can be paid for seven days at most.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ChargesSection {
    credit_price: Option<toml::Value>,
    expire_hours: Option<f64>,
    methods: Option<Vec<String>>,
    bank_account: Option<String>,
}

impl ChargesSection {
    /// What may be chosen from on the gateway's page; `None`: nobody says.
    pub(super) fn methods(&self) -> Result<Option<Vec<Method>>> {
        let Some(names) = &self.methods else {
            return Ok(None);
        };
        ensure!(!names.is_empty(), "charges.methods: name at least one");
        let methods = names.iter().map(|name| match name.as_str() {
            "card" => Ok(Method::Card),
            "atm" => Ok(Method::Atm),
            "cvs" => Ok(Method::Cvs),
            _ => anyhow::bail!("charges.methods: `{name}` is none of card, atm and cvs"),
        });
        methods.collect::<Result<_>>().map(Some)
    }

    pub(super) fn resolve(self) -> Result<ChargesConfig> {
        let defaults = ChargesConfig::default();
        let credit_price: Price = match &self.credit_price {
            None => defaults.credit_price,
            Some(price) => {
                let text = price
                    .as_str()
                    .map_or_else(|| price.to_string(), str::to_owned);
                let price = text.parse().map_err(anyhow::Error::msg);
                price.context("charges.credit_price")?
            }
        };
        ensure!(
            credit_price.thousandths() > 0,
            "charges.credit_price: credit is not given away"
        );
        let expire_after = match self.expire_hours {
            Some(hours) => seconds_of(hours * 3600.0, "charges.expire_hours")?,
            None => defaults.expire_after,
        };
        ensure!(
            !expire_after.is_zero() && expire_after <= LONGEST,
            "charges.expire_hours: more than 0, and at most 168"
        );
        Ok(ChargesConfig {
            credit_price,
            expire_after,
            bank_account: self.bank_account.filter(|text| !text.trim().is_empty()),
        })
    }
}
