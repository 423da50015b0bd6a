//! Ids as the contract writes them: a prefix and 26 characters, `prod_06d2…`. Later ids sort later.

use kernel::{Id, Rng, Timestamp};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;
use store::record::Column;
use store::{FromColumn, Param, Row, StoreError};

/// Crockford's alphabet in lower case: no letter that is taken for a digit.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH: usize = 26;

/// What ids of a kind begin with.
pub trait Prefix: 'static {
    /// Ends in `_`.
    const PREFIX: &'static str;
}

/// Names one thing of kind `T`.
pub struct Key<T>(u128, PhantomData<fn() -> T>);

impl<T: Prefix> Key<T> {
    /// A new id, from the time and randomness given.
    pub fn new(now: Timestamp, rng: &Rng) -> Self {
        Self(Id::<T>::new(now, rng).to_u128(), PhantomData)
    }

    /// The id with this number: for fixed ids.
    pub const fn from_u128(value: u128) -> Self {
        Self(value, PhantomData)
    }

    /// The number.
    pub const fn to_u128(self) -> u128 {
        self.0
    }
}

/// The text is not an id of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseKeyError;

impl fmt::Display for ParseKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an id of this kind")
    }
}

impl std::error::Error for ParseKeyError {}

impl<T: Prefix> fmt::Display for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0_u8; LENGTH];
        let mut rest = self.0;
        for place in text.iter_mut().rev() {
            *place = ALPHABET[usize::try_from(rest & 31).unwrap_or(0)];
            rest >>= 5;
        }
        f.write_str(T::PREFIX)?;
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl<T: Prefix> FromStr for Key<T> {
    type Err = ParseKeyError;

    fn from_str(text: &str) -> Result<Self, ParseKeyError> {
        let digits = text.strip_prefix(T::PREFIX).ok_or(ParseKeyError)?;
        if digits.len() != LENGTH {
            return Err(ParseKeyError);
        }
        digits
            .bytes()
            .try_fold(0_u128, |value, byte| {
                let digit = ALPHABET.iter().position(|c| *c == byte)?;
                // The first of 26 characters holds three bits only.
                value
                    .checked_mul(32)?
                    .checked_add(u128::try_from(digit).ok()?)
            })
            .map(|value| Self(value, PhantomData))
            .ok_or(ParseKeyError)
    }
}

impl<T: Prefix> fmt::Debug for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<T: Prefix> serde::Serialize for Key<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, T: Prefix> serde::Deserialize<'de> for Key<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl<T: Prefix> FromColumn for Key<T> {
    fn from_column(row: &Row<'_>, index: usize) -> Result<Self, StoreError> {
        row.get::<String>(index)?
            .parse()
            .map_err(StoreError::corrupt)
    }
}

impl<T: Prefix> Column for Key<T> {
    fn param(&self) -> Param<'_> {
        Param::from(self.to_string())
    }
}

impl<T: Prefix> From<Key<T>> for Param<'_> {
    fn from(key: Key<T>) -> Self {
        Self::from(key.to_string())
    }
}

impl<T> Clone for Key<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Key<T> {}
impl<T> PartialEq for Key<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<T> Eq for Key<T> {}
impl<T> PartialOrd for Key<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Key<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<T> Hash for Key<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $tag:ident $prefix:literal;)*) => {$(
        #[doc(hidden)]
        #[derive(Debug)]
        pub enum $tag {}
        impl Prefix for $tag {
            const PREFIX: &'static str = $prefix;
        }
        $(#[$doc])*
        pub type $name = Key<$tag>;
    )*};
}

ids! {
    /// Names a merchant.
    MerchantId = MerchantTag "mer_";
    /// Names an account: one environment of a merchant.
    AccountId = AccountTag "acct_";
    /// Names an API key.
    KeyId = KeyTag "key_";
    /// Names a product.
    ProductId = ProductTag "prod_";
    /// Names a customer.
    CustomerId = CustomerTag "cus_";
    /// Names a card kept for later charges.
    CardId = CardTag "card_";
    /// Names a coupon.
    CouponId = CouponTag "cpn_";
    /// Names a promotion code.
    PromotionCodeId = PromotionCodeTag "promo_";
    /// Names a redemption of a promotion code.
    RedemptionId = RedemptionTag "red_";
    /// Names a payment link.
    PaymentLinkId = PaymentLinkTag "pl_";
    /// Names a checkout.
    CheckoutId = CheckoutTag "chk_";
    /// Names a subscription.
    SubscriptionId = SubscriptionTag "sub_";
    /// Names an order.
    OrderId = OrderTag "ord_";
    /// Names an invoice.
    InvoiceId = InvoiceTag "inv_";
    /// Names a charge.
    ChargeId = ChargeTag "ch_";
    /// Names a refund.
    RefundId = RefundTag "re_";
    /// Names a portal session.
    PortalSessionId = PortalSessionTag "portal_session_";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back() {
        let rng = Rng::seeded(7);
        for at in 0..50 {
            let id = ProductId::new(Timestamp::from_micros(at * 1_000_000_007), &rng);
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        assert_eq!(
            ProductId::from_u128(u128::MAX).to_string(),
            "prod_7zzzzzzzzzzzzzzzzzzzzzzzzz"
        );
    }

    #[test]
    fn what_is_not_an_id_is_refused() {
        for text in [
            "",
            "prod_",
            "cus_00000000000000000000000000",
            "prod_8zzzzzzzzzzzzzzzzzzzzzzzzz",
            "prod_0000000000000000000000000l",
            "prod_000000000000000000000000000",
        ] {
            assert_eq!(text.parse::<ProductId>(), Err(ParseKeyError), "{text}");
        }
    }
}
