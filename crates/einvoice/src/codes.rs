//! The providers' codes, and what they come to in terms common to all.

use crate::provider::ProviderId;
use crate::{amego, ecpay, ezpay, payuni};
use std::fmt;

/// A code with which a provider has refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Code {
    /// Who answered.
    pub provider: ProviderId,
    /// As answered, such as `LIB10003` or `3040171`.
    pub code: String,
}

/// Why a provider refuses, in terms common to all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The merchant's reference was used before.
    DuplicateReference,
    /// No such invoice or allowance.
    NotFound,
    /// It has been voided already.
    AlreadyVoided,
    /// The invoice has an allowance, and cannot be voided.
    HasAllowance,
    /// It is too late for that.
    TooLate,
    /// It is too early for that: the tax authority does not have it yet.
    TooEarly,
    /// More is given back than there is.
    TooMuch,
    /// The numbers of this period, or the provider's quota, are used up.
    NumbersUsedUp,
    /// The tax authority does not know the mobile barcode or love code.
    UnknownCarrier,
    /// It cannot be printed: on a carrier, donated, or without an amount.
    NotPrintable,
    /// Wrong keys, signature or time.
    Credentials,
    /// The seller is unknown, suspended, or has not subscribed to it.
    Account,
    /// A field or an amount is wrong.
    Invalid,
    /// The provider, or the tax authority behind it, cannot at the moment. It may have been done all the same.
    Unavailable,
    /// Something else.
    Other,
}

/// A row of a provider's table of codes.
pub(crate) struct Entry {
    pub code: &'static str,
    pub cause: Cause,
    pub meaning: &'static str,
}

/// A row.
pub(crate) const fn entry(code: &'static str, cause: Cause, meaning: &'static str) -> Entry {
    Entry {
        code,
        cause,
        meaning,
    }
}

impl Code {
    /// The code `code` of `provider`.
    pub fn new(provider: ProviderId, code: impl Into<String>) -> Self {
        Self {
            provider,
            code: code.into(),
        }
    }

    /// What it means, in English, where that is known.
    ///
    /// ```
    /// use einvoice::codes::Code;
    /// use einvoice::provider::ProviderId;
    ///
    /// let code = Code::new(ProviderId::Amego, "3040171");
    /// assert_eq!(code.meaning(), Some("the reference was used before"));
    /// ```
    pub fn meaning(&self) -> Option<&'static str> {
        self.entry().map(|entry| entry.meaning)
    }

    /// What it comes to, where that is known.
    pub fn cause(&self) -> Option<Cause> {
        self.entry().map(|entry| entry.cause)
    }

    fn entry(&self) -> Option<&'static Entry> {
        let table = match self.provider {
            ProviderId::Ecpay => ecpay::CODES,
            ProviderId::Ezpay => ezpay::CODES,
            ProviderId::Amego => amego::CODES,
            ProviderId::Payuni => payuni::CODES,
        };
        table.iter().find(|entry| entry.code == self.code)
    }
}

impl fmt::Display for Code {
    /// For the operator: with the meaning.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.provider, self.code)?;
        self.meaning()
            .map_or(Ok(()), |meaning| write!(f, " ({meaning})"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_stands_once_in_its_table() {
        for table in [ecpay::CODES, ezpay::CODES, amego::CODES, payuni::CODES] {
            for entry in table {
                let times = table.iter().filter(|other| other.code == entry.code);
                assert_eq!(times.count(), 1, "{}", entry.code);
            }
        }
    }

    #[test]
    fn one_code_means_different_things_at_different_providers() {
        let [ecpay, amego] = [ProviderId::Ecpay, ProviderId::Amego].map(|p| Code::new(p, "2"));
        assert_eq!(ecpay.cause(), Some(Cause::NotFound));
        assert_eq!(amego.cause(), None);
        assert_eq!(amego.to_string(), "Amego 2");
    }
}
