//! Lines without the tax, for wires that want them so.

use super::Line;
use crate::rules::amount::{Amounts, apportion};
use crate::rules::tax::LineTax;

/// The share of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Untaxed {
    /// Without tax, in whole TWD.
    pub amount: i64,
    /// The tax on it.
    pub tax: i64,
}

/// The shares of all lines: without tax they come to [`Amounts::net`], and their tax to the invoice's.
pub(crate) fn untaxed(lines: &[Line], amounts: &Amounts) -> Option<Vec<Untaxed>> {
    let taxable = lines.iter().filter(|line| line.tax == LineTax::Taxable);
    let taxable: Vec<_> = taxable.map(|line| line.amount).collect();
    let mut nets = apportion(amounts.taxable, &taxable)?.into_iter();
    let mut taxes = apportion(amounts.tax, &taxable)?.into_iter();
    let shares = lines.iter().map(|line| {
        Some(match line.tax {
            LineTax::Taxable => Untaxed {
                amount: nets.next()?,
                tax: taxes.next()?,
            },
            LineTax::ZeroRated | LineTax::Exempt => Untaxed {
                amount: line.amount,
                tax: 0,
            },
        })
    });
    shares.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invoice::{Draft, DraftLine};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn shares_come_to_the_invoice_s_amounts(
            prices in proptest::collection::vec((1..50_i64, 0..100_000_i64), 1..20),
            exempt in 1..1000_i64,
        ) {
            let mut draft = Draft::new("a");
            draft.tax_type = crate::rules::tax::TaxType::Mixed;
            draft.lines = prices.into_iter().map(|(count, price)| DraftLine {
                tax: Some(LineTax::Taxable),
                ..DraftLine::new("a", count, price)
            }).collect();
            draft.lines.push(DraftLine { tax: Some(LineTax::Exempt), ..DraftLine::new("b", 1, exempt) });
            let invoice = draft.check().unwrap();
            let shares = untaxed(invoice.lines(), invoice.amounts()).unwrap();
            let (net, tax) = shares.iter().fold((0, 0), |(net, tax), s| (net + s.amount, tax + s.tax));
            prop_assert_eq!(net, invoice.amounts().net());
            prop_assert_eq!(tax, invoice.amounts().tax);
            prop_assert_eq!(shares.last().unwrap().amount, exempt);
        }
    }
}
