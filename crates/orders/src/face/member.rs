//! A person who calls: `Authorization: Bearer` with the access token of a session.

use super::call::{LONGEST_KEY, Principal};
use crate::Orders;
use crate::model::{AccountId, SessionHolder};
use crate::odata::{Entity, ListQuery};
use axum::extract::FromRequestParts;
use catalogue::PlatformError;
use catalogue::platform::Credential;
use http::header::AUTHORIZATION;
use http::request::Parts;
use httpkit::Refusal;

/// A call with the access token of a session that counts.
pub struct Member {
    /// Whom the token stands for.
    pub session: SessionHolder,
    query: String,
}

impl Member {
    /// The person.
    pub const fn account(&self) -> AccountId {
        self.session.account_id
    }

    /// The list query.
    pub fn list_query(&self, entity: &'static Entity) -> Result<ListQuery, PlatformError> {
        ListQuery::parse(&self.query, entity)
            .map_err(|detail| PlatformError::ODataFailed { detail })
    }
}

impl Principal for Member {
    fn scope(&self) -> String {
        self.account().to_string()
    }
}

impl FromRequestParts<Orders> for Member {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, orders: &Orders) -> Result<Self, Refusal> {
        // Of two tokens, which one would count?
        let mut values = parts.headers.get_all(AUTHORIZATION).iter();
        let token = values
            .next()
            .filter(|_| values.next().is_none())
            .and_then(|value| value.to_str().ok())
            .and_then(bearer)
            .filter(|token| (1..=LONGEST_KEY).contains(&token.len()));
        let holder = match token {
            Some(token) => orders.session_holder(token).await?,
            None => None,
        };
        let session = holder.ok_or(PlatformError::TokenValidationFailed {
            what: Credential::AccessToken,
        })?;
        let person = session.account_id.to_string();
        orders.count_request(&person).await?;
        let query = parts.uri.query().unwrap_or_default().to_owned();
        Ok(Self { session, query })
    }
}

/// The token after `Bearer`, in any case.
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim_start())
}
