//! Somebody who calls without a key or a token.

use super::call::Principal;
use super::fields::{Fields, Sent};
use super::limits::LONGEST_ROBOT_TOKEN;
use crate::Orders;
use axum::extract::FromRequestParts;
use captcha::Verdict;
use catalogue::PlatformError;
use catalogue::platform::SupportReason;
use http::request::Parts;
use httpkit::Refusal;
use httpkit::server::{Peer, client_address};
use kernel::Locale;
use std::net::IpAddr;

/// A call of nobody in particular.
pub struct Visitor {
    /// Where it comes from, if that is known.
    pub from: Option<IpAddr>,
    /// The language of what is sent to them.
    pub locale: Locale,
}

impl Principal for Visitor {
    fn scope(&self) -> String {
        String::new()
    }
}

impl FromRequestParts<Orders> for Visitor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, orders: &Orders) -> Result<Self, Refusal> {
        let header = orders.accounts_config().client_address_header.as_deref();
        let peer = parts.extensions.get::<Peer>().copied();
        let language = parts.headers.get(http::header::ACCEPT_LANGUAGE);
        let language = language.and_then(|value| value.to_str().ok());
        Ok(Self {
            from: client_address(peer, &parts.headers, header),
            locale: language.map_or(Locale::En, Locale::negotiate),
        })
    }
}

impl Visitor {
    /// Refuses robots. A token that was sent is looked at before the other fields, so that robots learn nothing from those; one
    /// that was not is reported with them.
    pub async fn is_no_robot(
        &self,
        orders: &Orders,
        fields: &mut Fields,
        token: Sent<'_>,
    ) -> Result<(), Refusal> {
        fields.require("robot_token", token);
        let Some(token) = fields.line("robot_token", token, 1..=LONGEST_ROBOT_TOKEN) else {
            return Ok(());
        };
        match orders.robots().check(&token, self.from).await {
            Verdict::Passed => Ok(()),
            Verdict::Refused(_) => Err(PlatformError::RobotValidationFailed.into()),
            Verdict::Unavailable(cause) => {
                tracing::error!(cause, "robots could not be told from people");
                let reason = SupportReason::RobotCheckUnavailable;
                Err(PlatformError::ContactCustomerService { reason }.into())
            }
        }
    }
}
