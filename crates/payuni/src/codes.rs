//! The gateway's codes. They are per endpoint: `QUERY02001` of `trade/query` is not `QUERY02001` of `credit_bind/query`.

mod table;

use std::fmt;

/// What can be called, or for [`Upp`](Self::Upp) posted to by a browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// The hosted payment page.
    Upp,
    /// A charge from server to server.
    Credit,
    /// A token for the card fields embedded in a page.
    IframeTokenGet,
    /// The charge of a card entered in those fields.
    IframeMerchantTrade,
    /// What became of a trade.
    TradeQuery,
    /// Capture, refund, and undoing either.
    TradeClose,
    /// Voiding an authorization.
    TradeCancel,
    /// The stored cards of a payer.
    CreditBindQuery,
    /// Forgetting a stored card.
    CreditBindCancel,
}

/// A status that is not `SUCCESS`, as the endpoint answered it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Code {
    /// Who answered.
    pub endpoint: Endpoint,
    /// Such as `CREDIT02025`.
    pub code: String,
}

/// Why a card was not charged, in terms common to all issuers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CardFailure {
    /// The issuer says no, without a reason we know.
    Declined,
    /// No such card.
    InvalidCard,
    /// The issuer does not take this amount.
    InvalidAmount,
    /// Reported lost or stolen.
    LostOrStolen,
    /// Not enough money.
    InsufficientFunds,
    /// The card has expired.
    Expired,
    /// Wrong PIN.
    WrongPin,
    /// This kind of transaction is not permitted with this card.
    NotPermitted,
    /// Suspected fraud, by the issuer or by the gateway.
    SuspectedFraud,
    /// Over the card's limit.
    OverLimit,
    /// The issuer did not answer.
    IssuerUnavailable,
    /// The gateway does not know the stored card.
    UnknownStoredCard,
}

impl Endpoint {
    /// Below the base address.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Upp => "upp",
            Self::Credit => "credit",
            Self::IframeTokenGet => "iframe/token_get",
            Self::IframeMerchantTrade => "iframe/merchant_trade",
            Self::TradeQuery => "trade/query",
            Self::TradeClose => "trade/close",
            Self::TradeCancel => "trade/cancel",
            Self::CreditBindQuery => "credit_bind/query",
            Self::CreditBindCancel => "credit_bind/cancel",
        }
    }

    /// The version of requests.
    pub const fn version(self) -> &'static str {
        match self {
            Self::Upp | Self::TradeQuery => "2.0",
            Self::Credit => "1.3",
            Self::IframeTokenGet => "3.0",
            Self::IframeMerchantTrade
            | Self::TradeClose
            | Self::TradeCancel
            | Self::CreditBindQuery
            | Self::CreditBindCancel => "1.0",
        }
    }

    const fn tables(self) -> &'static [table::Table] {
        match self {
            Self::Upp => &[table::UPP],
            Self::Credit => &[table::CREDIT],
            Self::IframeTokenGet => &[table::TOKEN],
            Self::IframeMerchantTrade => &[table::IFTRADE, table::TRADE, table::CREDIT],
            Self::TradeQuery => &[table::QUERY],
            Self::TradeClose => &[table::CLOSE],
            Self::TradeCancel => &[table::CANCEL],
            Self::CreditBindQuery => &[table::BIND_QUERY],
            Self::CreditBindCancel => &[table::BIND_CANCEL],
        }
    }
}

impl Code {
    /// The status `code` as `endpoint` answered it.
    pub fn new(endpoint: Endpoint, code: impl Into<String>) -> Self {
        Self {
            endpoint,
            code: code.into(),
        }
    }

    /// What the code means, in English, where that is published.
    ///
    /// ```
    /// use payuni::codes::{Code, Endpoint};
    ///
    /// let code = Code::new(Endpoint::TradeQuery, "QUERY03001");
    /// assert_eq!(code.meaning(), Some("no such trade"));
    /// ```
    pub fn meaning(&self) -> Option<&'static str> {
        let tables = [table::API, table::DEF].into_iter();
        let mut entries = tables.chain(self.endpoint.tables().iter().copied());
        entries.find_map(|table| {
            let number = self.code.strip_prefix(table.prefix)?.parse::<u32>().ok()?;
            let entry = table.entries.iter();
            let mut entry = entry.filter(|(first, last, _)| (*first..=*last).contains(&number));
            entry.next().map(|(_, _, meaning)| *meaning)
        })
    }

    /// Whether the code says for certain that what was asked has not been done. Where it is not, a query tells.
    pub fn is_final(&self) -> bool {
        if matches!(self.code.as_str(), "UNAPPROVED" | "Unapproved") {
            return true;
        }
        let uncertain = UNCERTAIN.contains(&self.code.as_str())
            || self.code.ends_with("00000")
            || self.is_repeated();
        !uncertain && (self.meaning().is_some() || matches!(self.stage(), Some("01" | "02" | "05")))
    }

    /// Whether the code says that a trade of this number exists: an earlier attempt may have been carried out.
    pub fn is_repeated(&self) -> bool {
        matches!(
            self.code.as_str(),
            "CREDIT04001" | "IFTRADE01006" | "TOKEN01006" | "UPP01007"
        )
    }

    /// What the code says about the card, if anything.
    pub fn card_failure(&self) -> Option<CardFailure> {
        match self.code.as_str() {
            "CREDIT02025" => Some(CardFailure::UnknownStoredCard),
            "TRADE02003" | "TRADE02004" | "TRADE02005" => Some(CardFailure::InvalidCard),
            "TRADE02008" => Some(CardFailure::Expired),
            "UNAPPROVED" | "Unapproved" => Some(CardFailure::Declined),
            _ if self.stage() == Some("05") && !self.code.starts_with("IFTRADE") => {
                Some(CardFailure::SuspectedFraud)
            }
            _ => None,
        }
    }

    /// The first two of the five digits: `01` before decrypting, `02` parameters, `03` processing, `04` abnormal, `05` risk.
    fn stage(&self) -> Option<&str> {
        let digits = self
            .code
            .trim_start_matches(|c: char| c.is_ascii_uppercase());
        let is_code = digits.len() == 5 && digits.bytes().all(|b| b.is_ascii_digit());
        (is_code && digits.len() < self.code.len()).then(|| &digits[..2])
    }
}

/// Codes that leave it open whether something was done, besides `00000`, the system error of every prefix.
const UNCERTAIN: &[&str] = &[
    "API00008",
    "API00009",
    "QUERY01006",
    "QUERY04001",
    "QUERY04002",
    "TRADE00001",
    "UPP01001",
    "UPP03002",
    "UPP03003",
    "UPP03004",
    "UPP03005",
    "UPP03006",
    "UPP03007",
    "UPP03008",
];

impl fmt::Display for Code {
    /// For the operator: with the meaning.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.code, self.endpoint.path())?;
        self.meaning()
            .map_or(Ok(()), |meaning| write!(f, " ({meaning})"))
    }
}

impl CardFailure {
    /// From the issuer's two-digit `ResCode`; `None` for `00`, which is no failure, and for nothing at all.
    pub fn from_res_code(res_code: &str) -> Option<Self> {
        Some(match res_code {
            "" | "00" => return None,
            "13" => Self::InvalidAmount,
            "14" => Self::InvalidCard,
            "41" | "43" => Self::LostOrStolen,
            "51" => Self::InsufficientFunds,
            "54" => Self::Expired,
            "55" => Self::WrongPin,
            "12" | "57" | "58" | "62" => Self::NotPermitted,
            "59" => Self::SuspectedFraud,
            "61" => Self::OverLimit,
            "91" => Self::IssuerUnavailable,
            _ => Self::Declined,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(endpoint: Endpoint, code: &str) -> Code {
        Code::new(endpoint, code)
    }

    #[test]
    fn one_code_means_different_things_at_different_endpoints() {
        let meaning = |endpoint, text| code(endpoint, text).meaning();
        assert_ne!(
            meaning(Endpoint::TradeQuery, "QUERY02001"),
            meaning(Endpoint::CreditBindQuery, "QUERY02001")
        );
        assert_ne!(
            meaning(Endpoint::TradeCancel, "CANCEL03001"),
            meaning(Endpoint::CreditBindCancel, "CANCEL03001")
        );
        assert_eq!(meaning(Endpoint::Credit, "QUERY02001"), None);
        assert_eq!(
            meaning(Endpoint::Credit, "DEF01007"),
            meaning(Endpoint::Upp, "DEF01007")
        );
        assert_eq!(meaning(Endpoint::Credit, "SUCCESS"), None);
        assert_eq!(
            code(Endpoint::Credit, "API00009").to_string(),
            "API00009 of credit (the same data is being processed)"
        );
    }

    #[test]
    fn only_codes_that_exclude_a_charge_are_final() {
        for text in [
            "CREDIT02025",
            "CREDIT02999",
            "CREDIT05001",
            "DEF01007",
            "API00003",
            "UNAPPROVED",
        ] {
            assert!(code(Endpoint::Credit, text).is_final(), "{text}");
        }
        for text in [
            "CREDIT04001",
            "CREDIT03099",
            "CREDIT04099",
            "API00009",
            "ERROR",
            "UNKNOWN",
            "02001",
            "CREDIT0200",
            "",
        ] {
            assert!(!code(Endpoint::Credit, text).is_final(), "{text}");
        }
        assert!(code(Endpoint::IframeMerchantTrade, "IFTRADE04001").is_final());
        for text in ["IFTRADE01006", "IFTRADE00000", "TRADE00001"] {
            assert!(!code(Endpoint::IframeMerchantTrade, text).is_final());
        }
    }

    #[test]
    fn cards_fail_for_common_reasons() {
        assert_eq!(CardFailure::from_res_code("00"), None);
        assert_eq!(
            CardFailure::from_res_code("51"),
            Some(CardFailure::InsufficientFunds)
        );
        assert_eq!(
            CardFailure::from_res_code("05"),
            Some(CardFailure::Declined)
        );
        assert_eq!(
            CardFailure::from_res_code("Z9"),
            Some(CardFailure::Declined)
        );
        let stored = code(Endpoint::Credit, "CREDIT02025");
        assert_eq!(stored.card_failure(), Some(CardFailure::UnknownStoredCard));
    }
}
