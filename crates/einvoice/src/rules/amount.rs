//! Amounts in whole TWD, and how tax is rounded: once for an invoice, never line by line.

use super::tax::{LineTax, TaxType};
use serde::{Deserialize, Serialize};

/// The largest total: what the paper proof's QR code has room for, eight hexadecimal digits.
pub const MAX_TOTAL: i64 = 0xffff_ffff;

/// Whether prices contain the tax.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pricing {
    /// They do (`含稅`).
    #[default]
    Inclusive,
    /// It is added to them (`未稅`).
    Exclusive,
}

/// The amounts of an invoice in whole TWD: `taxable + zero_rated + exempt + tax = total`, none of them negative.
///
/// ```
/// use einvoice::rules::amount::{Amounts, Pricing};
/// use einvoice::rules::tax::{LineTax, TaxType};
///
/// let amounts = Amounts::of(TaxType::Taxable, Pricing::Inclusive, [(LineTax::Taxable, 299)])?;
/// assert_eq!((amounts.taxable, amounts.tax, amounts.total), (285, 14, 299));
/// # Ok::<(), einvoice::rules::amount::AmountError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// Taxable sales without tax. At a special rate the receipts are taxed whole, and tax is not told apart.
    pub taxable: i64,
    /// Zero-rated sales.
    pub zero_rated: i64,
    /// Exempt sales.
    pub exempt: i64,
    /// The tax.
    pub tax: i64,
    /// What the buyer pays.
    pub total: i64,
}

/// Why lines make no amounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// More than [`MAX_TOTAL`].
    #[error("the total is too large")]
    TooLarge,
    /// The lines of one tax come to less than nothing.
    #[error("an amount is negative")]
    Negative,
}

impl Amounts {
    /// The amounts of an invoice whose lines come to these amounts, of which single ones may be negative.
    pub fn of(
        tax_type: TaxType,
        pricing: Pricing,
        lines: impl IntoIterator<Item = (LineTax, i64)>,
    ) -> Result<Self, AmountError> {
        let (mut taxable, mut zero_rated, mut exempt) = (0_i64, 0_i64, 0_i64);
        for (tax, amount) in lines {
            let sum = match tax {
                LineTax::Taxable => &mut taxable,
                LineTax::ZeroRated => &mut zero_rated,
                LineTax::Exempt => &mut exempt,
            };
            *sum = sum.checked_add(amount).ok_or(AmountError::TooLarge)?;
        }
        if [taxable, zero_rated, exempt].iter().any(|sum| *sum < 0) {
            return Err(AmountError::Negative);
        }
        if taxable > MAX_TOTAL {
            return Err(AmountError::TooLarge);
        }
        let (taxable, tax) = match (tax_type, pricing) {
            (TaxType::Special(_), _) => (taxable, 0),
            (_, Pricing::Inclusive) => without_tax(taxable),
            (_, Pricing::Exclusive) => (taxable, tax_on(taxable)),
        };
        let parts = [taxable, zero_rated, exempt, tax].into_iter();
        let total = parts.into_iter().try_fold(0_i64, i64::checked_add);
        let total = total.filter(|total| *total <= MAX_TOTAL);
        Ok(Self {
            taxable,
            zero_rated,
            exempt,
            tax,
            total: total.ok_or(AmountError::TooLarge)?,
        })
    }

    /// All sales without tax.
    pub const fn net(&self) -> i64 {
        self.total - self.tax
    }
}

/// A price that contains 5 % tax as `(without tax, tax)`, both rounded to the nearest; the sum is the price.
const fn without_tax(total: i64) -> (i64, i64) {
    let net = (40 * total + 21) / 42;
    (net, total - net)
}

/// 5 % on sales, rounded to the nearest, half up.
const fn tax_on(sales: i64) -> i64 {
    (10 * sales + 100) / 200
}

/// Splits `whole` over `parts` in proportion, so that the shares come to exactly `whole`: each is what the sum up to
/// it is rounded to, less what went before. `None` if the parts come to nothing while there is something to split, or
/// on overflow.
pub(crate) fn apportion(whole: i64, parts: &[i64]) -> Option<Vec<i64>> {
    let sum: i128 = parts.iter().copied().map(i128::from).sum();
    if sum == 0 {
        return (whole == 0).then(|| vec![0; parts.len()]);
    }
    let (mut upto, mut given) = (0_i128, 0_i128);
    let shares = parts.iter().map(|part| {
        upto += i128::from(*part);
        let target = (2 * i128::from(whole) * upto + sum).div_euclid(2 * sum);
        let share = target - given;
        given = target;
        i64::try_from(share).ok()
    });
    shares.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn taxable(pricing: Pricing, amount: i64) -> Amounts {
        Amounts::of(TaxType::Taxable, pricing, [(LineTax::Taxable, amount)]).unwrap()
    }

    #[test]
    fn tax_is_taken_out_of_prices_that_contain_it() {
        for (total, net, tax) in [
            (0, 0, 0),
            (1, 1, 0),
            (105, 100, 5),
            (299, 285, 14),
            (1000, 952, 48),
            (9999, 9523, 476),
        ] {
            let amounts = taxable(Pricing::Inclusive, total);
            assert_eq!(
                (amounts.taxable, amounts.tax, amounts.total),
                (net, tax, total)
            );
        }
    }

    #[test]
    fn tax_is_added_half_up() {
        for (sales, tax) in [
            (10, 1),
            (30, 2),
            (50, 3),
            (110, 6),
            (299, 15),
            (9, 0),
            (0, 0),
        ] {
            let amounts = taxable(Pricing::Exclusive, sales);
            assert_eq!((amounts.tax, amounts.total), (tax, sales + tax), "{sales}");
        }
    }

    #[test]
    fn only_the_taxable_part_is_taxed() {
        let lines = [
            (LineTax::Taxable, 105),
            (LineTax::Exempt, 50),
            (LineTax::Taxable, -5),
        ];
        let amounts = Amounts::of(TaxType::Mixed, Pricing::Inclusive, lines).unwrap();
        assert_eq!((amounts.taxable, amounts.exempt, amounts.tax), (95, 50, 5));
        assert_eq!((amounts.net(), amounts.total), (145, 150));
        let rate = TaxType::Special(crate::rules::tax::SpecialRate::NightClub);
        let special = Amounts::of(rate, Pricing::Inclusive, [(LineTax::Taxable, 115)]).unwrap();
        assert_eq!((special.taxable, special.tax, special.total), (115, 0, 115));
    }

    #[test]
    fn amounts_have_limits() {
        let of =
            |pricing, amount| Amounts::of(TaxType::Taxable, pricing, [(LineTax::Taxable, amount)]);
        assert_eq!(of(Pricing::Inclusive, -1), Err(AmountError::Negative));
        assert_eq!(of(Pricing::Inclusive, MAX_TOTAL).unwrap().total, MAX_TOTAL);
        assert_eq!(
            of(Pricing::Exclusive, MAX_TOTAL),
            Err(AmountError::TooLarge)
        );
        assert_eq!(of(Pricing::Inclusive, i64::MAX), Err(AmountError::TooLarge));
        let twice = [(LineTax::Exempt, i64::MAX), (LineTax::Exempt, 1)];
        let twice = Amounts::of(TaxType::Exempt, Pricing::Inclusive, twice);
        assert_eq!(twice, Err(AmountError::TooLarge));
    }

    fn lines() -> impl Strategy<Value = Vec<(LineTax, i64)>> {
        let tax = prop_oneof![
            Just(LineTax::Taxable),
            Just(LineTax::ZeroRated),
            Just(LineTax::Exempt)
        ];
        proptest::collection::vec((tax, 0..10_000_000_i64), 0..20)
    }

    proptest! {
        #[test]
        fn the_parts_come_to_the_total(lines in lines(), exclusive: bool) {
            let pricing = if exclusive { Pricing::Exclusive } else { Pricing::Inclusive };
            let sum: i64 = lines.iter().map(|(_, amount)| amount).sum();
            let amounts = Amounts::of(TaxType::Mixed, pricing, lines).unwrap();
            let Amounts { taxable, zero_rated, exempt, tax, total } = amounts;
            prop_assert_eq!(taxable + zero_rated + exempt + tax, total);
            prop_assert_eq!(total, if exclusive { sum + tax } else { sum });
            prop_assert!(tax >= 0 && taxable >= 0);
            // The tax is 5 % of the sales to within half a dollar.
            prop_assert!((20 * tax - taxable).abs() <= 11);
        }

        #[test]
        fn integers_round_as_decimals_do(total in 0..2_000_000_i64) {
            let (net, _) = without_tax(total);
            #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "small numbers")]
            let decimal = (total as f64 / 1.05 + 0.5).floor() as i64;
            prop_assert_eq!(net, decimal);
        }

        #[test]
        fn shares_come_to_the_whole(whole in 0..1_000_000_000_i64, parts in proptest::collection::vec(0..1_000_000_i64, 1..30)) {
            prop_assume!(parts.iter().any(|part| *part > 0));
            let shares = apportion(whole, &parts).unwrap();
            prop_assert_eq!(shares.iter().sum::<i64>(), whole);
            prop_assert!(shares.iter().all(|share| *share >= 0));
        }

        #[test]
        fn any_lines_are_added_without_panic(amounts: Vec<i64>, exclusive: bool) {
            let pricing = if exclusive { Pricing::Exclusive } else { Pricing::Inclusive };
            let _ = Amounts::of(TaxType::Mixed, pricing, amounts.into_iter().map(|a| (LineTax::Taxable, a)));
        }
    }
}
