use super::check::Checker;
use super::{Buyer, DraftLine, Field, Invoice, Line, Problem, Violation};
use crate::provider::Issued;
use crate::rules::amount::{Amounts, Pricing};
use crate::rules::tax::TaxType;

/// Money given back on an issued invoice (折讓), in part or in whole. Made by [`Allowance::new`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    pub(crate) number: String,
    pub(crate) invoice: Issued,
    pub(crate) buyer: Buyer,
    pub(crate) tax_type: TaxType,
    pub(crate) pricing: Pricing,
    pub(crate) lines: Vec<Line>,
    pub(crate) amounts: Amounts,
}

impl Allowance {
    /// Gives `lines` of `invoice` back, which was issued as `issued`. `number` is the merchant's own; only some providers
    /// keep it. The lines are taxed and priced like the invoice's, and come to no more than its total.
    pub fn new(
        number: &str,
        invoice: &Invoice,
        issued: &Issued,
        lines: &[DraftLine],
    ) -> Result<Self, Vec<Violation>> {
        let mut checker = Checker::default();
        let number = checker.needed(Field::AllowanceNumber, number);
        let lines = checker.lines(invoice.tax_type, lines);
        let amounts = lines
            .as_deref()
            .and_then(|lines| checker.amounts(invoice.tax_type, invoice.pricing, lines));
        if let Some(amounts) = &amounts {
            if amounts.total > issued.total {
                checker.complain(Field::Total, Problem::TooLarge);
            } else if amounts.total < 1 {
                checker.complain(Field::Total, Problem::TooSmall);
            }
        }
        let allowance = (|| {
            Some(Self {
                number: number?,
                invoice: issued.clone(),
                buyer: invoice.buyer.clone(),
                tax_type: invoice.tax_type,
                pricing: invoice.pricing,
                lines: lines?,
                amounts: amounts?,
            })
        })();
        checker.finish(allowance)
    }

    /// The merchant's own number of it.
    pub fn number(&self) -> &str {
        &self.number
    }

    /// The invoice as it was issued.
    pub const fn invoice(&self) -> &Issued {
        &self.invoice
    }

    /// What is given back, in whole TWD.
    pub const fn amounts(&self) -> &Amounts {
        &self.amounts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invoice::Draft;

    fn invoice() -> (Invoice, Issued) {
        let mut draft = Draft::new("PB1");
        draft.lines = vec![DraftLine::new("a", 2, 299)];
        let issued = Issued {
            reference: "PB1".into(),
            number: "AB11223344".parse().unwrap(),
            issued_at: "2026-01-15T12:00:00+08:00".parse().unwrap(),
            random: "0007".parse().unwrap(),
            total: 598,
            printed: None,
        };
        (draft.check().unwrap(), issued)
    }

    #[test]
    fn a_part_is_given_back() {
        let (invoice, issued) = invoice();
        let allowance =
            Allowance::new("AL1", &invoice, &issued, &[DraftLine::new("a", 1, 299)]).unwrap();
        assert_eq!(
            (allowance.amounts().taxable, allowance.amounts().tax),
            (285, 14)
        );
        assert_eq!(allowance.number(), "AL1");
        assert_eq!(allowance.invoice(), &issued);
    }

    #[test]
    fn no_more_than_there_was_is_given_back_and_something() {
        let (invoice, issued) = invoice();
        let wrong = |number: &str, lines: &[DraftLine]| {
            Allowance::new(number, &invoice, &issued, lines)
                .unwrap_err()
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            wrong("AL1", &[DraftLine::new("a", 3, 299)]),
            ["total: too large"]
        );
        assert_eq!(
            wrong("AL1", &[DraftLine::new("a", 1, 0)]),
            ["total: less than 1"]
        );
        assert_eq!(
            wrong("", &[]),
            [
                "allowance number: missing",
                "lines: missing",
                "total: less than 1"
            ]
        );
    }
}
