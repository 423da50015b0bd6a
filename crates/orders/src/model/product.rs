use super::{DynamicProbability, IncreaseSpeed, ProductType, ServiceType};
use kernel::{Credits, Id, Timestamp};
use serde::{Serialize, Serializer};
use std::str::FromStr;
use store::{FromColumn, Row, StoreError};

/// The price of one unit, in thousandths of a credit. On the wire: a JSON number in credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Price(i64);

impl Price {
    /// `thousandths` of a credit for one unit.
    pub const fn from_thousandths(thousandths: i64) -> Self {
        Self(thousandths)
    }

    /// Thousandths of a credit.
    pub const fn thousandths(self) -> i64 {
        self.0
    }

    /// What `units` cost: price times units, rounded up to whole credits. An amount beyond what any
    /// account can hold comes out as the largest one.
    pub fn total(self, units: i64) -> Credits {
        let thousandths = i128::from(self.0) * i128::from(units.max(0));
        let credits = (thousandths + 999).div_euclid(1000);
        Credits::new(i64::try_from(credits).unwrap_or(i64::MAX))
    }
}

impl FromStr for Price {
    type Err = String;

    /// Credits for one unit, with up to three decimals.
    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || {
            format!("`{text}` is not a price: write credits with up to three decimals, such as 1.2")
        };
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 3 {
            return Err(refused());
        }
        let whole: i64 = whole.parse().map_err(|_| refused())?;
        let fraction: i64 = format!("{fraction:0<3}").parse().map_err(|_| refused())?;
        let thousandths = whole
            .checked_mul(1000)
            .and_then(|t| t.checked_add(fraction));
        thousandths.map(Self).ok_or_else(refused)
    }
}

impl Serialize for Price {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 % 1000 == 0 {
            serializer.serialize_i64(self.0 / 1000)
        } else {
            // Exact to the thousandth below 2^53.
            serializer.serialize_f64(self.0 as f64 / 1000.0)
        }
    }
}

impl FromColumn for Price {
    fn from_column(row: &Row<'_>, index: usize) -> Result<Self, StoreError> {
        row.get(index).map(Self)
    }
}

/// Something that can be ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Its id.
    pub product_id: ProductId,
    /// For people.
    pub title: String,
    /// For people.
    pub description: String,
    /// Which endpoint orders it.
    pub product_type: ProductType,
    /// `<main>_<thing>`; `instagram_story` is ordered by username instead of link.
    pub product_category: String,
    /// The category's first part.
    pub main_product_category: String,
    /// For one unit.
    pub price: Price,
    /// The smallest quantity.
    pub min: i64,
    /// The largest quantity.
    pub max: i64,
    /// Its place in lists.
    pub order_no: i64,
    /// How much its delivery varies.
    pub dynamic_probability: DynamicProbability,
    /// How fast it is delivered.
    pub increase_speed: IncreaseSpeed,
    /// Who delivers it.
    pub service_type: ServiceType,
    /// Whether it can be ordered.
    pub on_sale: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Option<Timestamp>,
    /// The supplier's service behind it; `None` when it has none.
    pub service: Option<SupplierService>,
    /// Whether it can be delivered in runs.
    pub is_drip_feed: bool,
    /// Whether what was lost can be delivered again.
    pub is_refillable: bool,
    /// Whether an order can be cancelled.
    pub is_cancelable: bool,
}

/// Names a product.
pub type ProductId = Id<Product>;

/// A service in the supplier's own terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupplierService {
    /// The supplier's id of it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The supplier's rate, a decimal.
    pub rate: String,
    /// The supplier's smallest quantity.
    pub min: i64,
    /// The supplier's largest quantity.
    pub max: i64,
}

impl Product {
    /// Whether it is ordered by username instead of link.
    pub fn is_story(&self) -> bool {
        self.product_category == "instagram_story"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn totals_are_rounded_up_to_whole_credits() {
        let price = Price::from_thousandths(1200);
        assert_eq!(price.total(100), Credits::new(120));
        assert_eq!(price.total(1), Credits::new(2));
        assert_eq!(price.total(0), Credits::ZERO);
        assert_eq!(
            Price::from_thousandths(i64::MAX).total(i64::MAX),
            Credits::new(i64::MAX)
        );
        assert_eq!(serde_json::to_string(&price).unwrap(), "1.2");
        assert_eq!("1.2".parse(), Ok(price));
        for bad in ["", "1.2345", "-1", "1,2", ".5", "99999999999999999999"] {
            assert!(bad.parse::<Price>().is_err(), "{bad}");
        }
        assert_eq!(
            serde_json::to_string(&Price::from_thousandths(12_000)).unwrap(),
            "12"
        );
    }

    proptest! {
        /// Splitting an order never makes it cheaper, and by less than a credit dearer.
        #[test]
        fn rounding_is_fair(price in 0i64..1_000_000, a in 0i64..10_000_000, b in 0i64..10_000_000) {
            let price = Price::from_thousandths(price);
            let whole = price.total(a + b).get();
            let parts = price.total(a).get() + price.total(b).get();
            prop_assert!(whole <= parts && parts <= whole + 1);
        }
    }
}
