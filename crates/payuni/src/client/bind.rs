use super::{Client, seconds};
use crate::codes::Endpoint;
use crate::fields::Fields;
use crate::status::{CallError, Undecided, accept};
use crate::trade::text;
use kernel::{Secret, Timestamp};
use std::str::FromStr;

/// The merchant's name for a payer whose card is stored: 1 to 150 of `A-Z a-z 0-9 @ . # $ % _ -`. An e-mail address
/// with a `+` is none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CreditToken(String);

/// The text cannot be a [`CreditToken`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a card token has 1 to 150 of the characters A-Z, a-z, 0-9, @ . # $ % _ and -")]
pub struct InvalidCreditToken;

/// Where a stored card can be used. A card stored for one shop is found only if this is said again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenScope {
    /// In all shops of the PAYUNi member.
    Member,
    /// In this shop.
    Shop,
}

/// What to find stored cards by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BindKey {
    /// One card.
    Hash(Secret<String>),
    /// The cards of a payer.
    Token(CreditToken),
}

/// Whether a stored card is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BindStatus {
    /// 1
    Usable,
    /// 3
    Deleted,
    /// 4
    Expired,
}

/// A stored card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// To charge it with.
    pub credit_hash: Secret<String>,
    /// The merchant's name for the payer.
    pub credit_token: Option<String>,
    /// Whether it is good.
    pub status: BindStatus,
    /// Until when it is stored: MMYY.
    pub expires: Option<String>,
    /// The first six digits of the card.
    pub card6: Option<String>,
    /// The last four digits of the card.
    pub card4: Option<String>,
    /// The card's own expiry, as the gateway writes it.
    pub card_expires: Option<String>,
}

impl CreditToken {
    /// The name as it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CreditToken {
    type Err = InvalidCreditToken;

    fn from_str(text: &str) -> Result<Self, InvalidCreditToken> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"@.#$%_-".contains(&b);
        if (1..=150).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidCreditToken)
        }
    }
}

impl TokenScope {
    pub(super) const fn number(self) -> &'static str {
        match self {
            Self::Member => "1",
            Self::Shop => "2",
        }
    }
}

impl Binding {
    fn read(row: &Fields) -> Option<Self> {
        Some(Self {
            credit_hash: text(row, "CreditHash").map(Secret::new)?,
            credit_token: text(row, "CreditToken"),
            status: match row.get("CreditTokenStatus")? {
                "1" => BindStatus::Usable,
                "3" => BindStatus::Deleted,
                "4" => BindStatus::Expired,
                _ => return None,
            },
            expires: text(row, "CreditTokenExpired"),
            card6: text(row, "Card6No"),
            card4: text(row, "Card4No"),
            card_expires: text(row, "CardExpiredDT"),
        })
    }
}

impl Client {
    /// The stored cards (`credit_bind/query`); none when nothing is stored. `scope` must be the one they were stored with.
    pub async fn credit_bind_query(
        &self,
        key: &BindKey,
        scope: Option<TokenScope>,
        now: Timestamp,
    ) -> Result<Vec<Binding>, CallError> {
        let endpoint = Endpoint::CreditBindQuery;
        let fields = match key {
            BindKey::Hash(hash) => self.fields().with("CreditHash", hash.expose()),
            BindKey::Token(token) => self.fields().with("CreditToken", token.as_str()),
        };
        let fields = fields
            .with_some("CreditTokenType", scope.map(TokenScope::number))
            .with("Timestamp", seconds(now));
        let fields = match accept(endpoint, self.post(endpoint, &fields).await?) {
            Err(CallError::Refused { code, .. }) if code.code == "QUERY03001" => {
                return Ok(Vec::new());
            }
            other => other?,
        };
        let rows = fields.rows("Result");
        let cards: Option<Vec<_>> = rows.iter().map(Binding::read).collect();
        Ok(cards.ok_or(Undecided::Incomplete)?)
    }

    /// Forgets stored cards (`credit_bind/cancel`); well done, too, when nothing is stored. `scope` must be the one they
    /// were stored with.
    pub async fn credit_bind_cancel(
        &self,
        key: &BindKey,
        scope: Option<TokenScope>,
        now: Timestamp,
    ) -> Result<(), CallError> {
        let endpoint = Endpoint::CreditBindCancel;
        let (kind, value) = match key {
            BindKey::Hash(hash) => ("1", hash.expose().as_str()),
            BindKey::Token(token) => ("2", token.as_str()),
        };
        let fields = self
            .fields()
            .with("UseTokenType", kind)
            .with("BindVal", value)
            .with_some("CreditTokenType", scope.map(TokenScope::number))
            .with("Timestamp", seconds(now));
        match accept(endpoint, self.post(endpoint, &fields).await?) {
            Err(CallError::Refused { code, .. }) if code.code == "CANCEL03001" => Ok(()),
            other => other.map(|_| ()),
        }
    }
}
