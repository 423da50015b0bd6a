use super::{
    Buyer, Draft, DraftLine, DraftReceive, Field, Invoice, Limit, Line, LineField, MAX_LINES,
    Problem, Violation,
};
use crate::rules::amount::{AmountError, Amounts, Pricing};
use crate::rules::carrier::Receive;
use crate::rules::tax::{LineTax, TaxType};
use crate::rules::ubn::{Ubn, UbnError};
use std::str::FromStr;

const LONGEST_REMARK: Limit = Limit::Chars(200);

/// Collects what is wrong, so that everything is told at once.
#[derive(Default)]
pub(super) struct Checker {
    violations: Vec<Violation>,
}

impl Checker {
    pub(super) fn complain(&mut self, field: Field, problem: Problem) {
        self.violations.push(Violation { field, problem });
    }

    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, Vec<Violation>> {
        match value {
            Some(value) if self.violations.is_empty() => Ok(value),
            _ => Err(self.violations),
        }
    }

    /// A text that must be there.
    pub(super) fn needed(&mut self, field: Field, text: &str) -> Option<String> {
        let found = self.optional(field, Some(text));
        if found.is_none() && text.trim().is_empty() {
            self.complain(field, Problem::Missing);
        }
        found
    }

    /// A text without control characters; an empty one is none.
    fn optional(&mut self, field: Field, text: Option<&str>) -> Option<String> {
        let text = text.map(str::trim).filter(|text| !text.is_empty())?;
        if text.chars().any(char::is_control) {
            self.complain(field, Problem::Malformed("text without control characters"));
            return None;
        }
        Some(text.to_owned())
    }

    fn parsed<T>(&mut self, field: Field, text: &str) -> Option<T>
    where
        T: FromStr<Err = crate::rules::Malformed>,
    {
        if text.is_empty() {
            self.complain(field, Problem::Missing);
            return None;
        }
        text.parse()
            .map_err(|error: T::Err| self.complain(field, Problem::Malformed(error.0)))
            .ok()
    }

    fn buyer(&mut self, draft: &Draft) -> Option<Buyer> {
        let before = self.violations.len();
        let raw = &draft.buyer;
        let ubn = raw.ubn.as_deref().filter(|ubn| !ubn.is_empty());
        let buyer = Buyer {
            name: self.optional(Field::BuyerName, raw.name.as_deref()),
            ubn: ubn.and_then(|ubn| self.ubn(ubn)),
            address: self.optional(Field::BuyerAddress, raw.address.as_deref()),
            phone: self.optional(Field::BuyerPhone, raw.phone.as_deref()),
            email: self.optional(Field::BuyerEmail, raw.email.as_deref()),
        };
        if ubn.is_some()
            && raw
                .name
                .as_deref()
                .is_none_or(|name| name.trim().is_empty())
        {
            self.complain(Field::BuyerName, Problem::Missing);
        }
        if ubn.is_some() && matches!(draft.receive, DraftReceive::Donation(_)) {
            self.complain(Field::ReceiveType, Problem::Contradicts(Field::BuyerUbn));
        }
        if buyer.email.as_deref().is_some_and(|email| !is_email(email)) {
            self.complain(Field::BuyerEmail, Problem::Malformed("a mail address"));
        }
        (self.violations.len() == before).then_some(buyer)
    }

    fn ubn(&mut self, text: &str) -> Option<Ubn> {
        let problem = match text.parse() {
            Ok(ubn) => return Some(ubn),
            Err(UbnError::Checksum) => Problem::Checksum,
            Err(UbnError::Form | UbnError::Zeros) => {
                Problem::Malformed("a business number: eight digits, not all zero")
            }
        };
        self.complain(Field::BuyerUbn, problem);
        None
    }

    fn receive(&mut self, raw: &DraftReceive) -> Option<Receive> {
        Some(match raw {
            DraftReceive::Paper => Receive::Paper,
            DraftReceive::Member => Receive::Member,
            DraftReceive::MobileBarcode(text) => {
                Receive::MobileBarcode(self.parsed(Field::Carrier, text)?)
            }
            DraftReceive::CitizenCertificate(text) => {
                Receive::CitizenCertificate(self.parsed(Field::Carrier, text)?)
            }
            DraftReceive::Donation(text) => Receive::Donation(self.parsed(Field::LoveCode, text)?),
        })
    }

    pub(super) fn lines(&mut self, tax_type: TaxType, raw: &[DraftLine]) -> Option<Vec<Line>> {
        if raw.is_empty() {
            self.complain(Field::Lines, Problem::Missing);
        }
        if raw.len() > MAX_LINES {
            self.complain(Field::Lines, Problem::TooMany(MAX_LINES));
            return None;
        }
        let lines: Vec<_> = raw
            .iter()
            .enumerate()
            .map(|(index, line)| self.line(tax_type, index, line))
            .collect();
        lines.into_iter().collect()
    }

    fn line(&mut self, tax_type: TaxType, index: usize, raw: &DraftLine) -> Option<Line> {
        let field = |field| Field::Line(index, field);
        let name = self.needed(field(LineField::Name), &raw.name);
        let unit = self.optional(field(LineField::Unit), raw.unit.as_deref());
        if raw.count < 1 {
            self.complain(field(LineField::Count), Problem::TooSmall);
        }
        let amount = raw.count.checked_mul(raw.price);
        if amount.is_none() {
            self.complain(field(LineField::Amount), Problem::TooLarge);
        }
        let tax = match (tax_type.of_lines(), raw.tax) {
            (None, None) => {
                self.complain(field(LineField::Tax), Problem::Missing);
                None
            }
            (Some(all), Some(own)) if all != own => {
                let problem = Problem::Contradicts(Field::TaxType);
                self.complain(field(LineField::Tax), problem);
                None
            }
            (all, own) => own.or(all),
        };
        Some(Line {
            name: name?,
            count: raw.count,
            unit,
            price: raw.price,
            amount: amount?,
            tax: tax?,
        })
    }

    /// What a zero rate needs, and what may be mixed.
    fn taxes(&mut self, draft: &Draft) {
        let has = |tax| {
            let of_all = draft.tax_type.of_lines();
            of_all == Some(tax) || draft.lines.iter().any(|l| of_all.or(l.tax) == Some(tax))
        };
        if draft.tax_type == TaxType::Mixed {
            let [taxable, zero_rated, exempt] =
                [LineTax::Taxable, LineTax::ZeroRated, LineTax::Exempt].map(has);
            if zero_rated && exempt {
                self.complain(Field::TaxType, Problem::Contradicts(Field::Lines));
            } else if !(taxable && (zero_rated || exempt)) {
                self.complain(
                    Field::TaxType,
                    Problem::Malformed("mixed: the lines are all taxed alike"),
                );
            }
        }
        let marks = [
            (Field::Customs, draft.customs.is_some()),
            (Field::ZeroRateReason, draft.zero_rate_reason.is_some()),
        ];
        for (field, given) in marks {
            match (has(LineTax::ZeroRated), given) {
                (true, false) => self.complain(field, Problem::Missing),
                // Some providers want the customs mark on every mixed invoice.
                (false, true) if draft.tax_type != TaxType::Mixed => {
                    self.complain(field, Problem::Unexpected);
                }
                _ => {}
            }
        }
    }

    pub(super) fn amounts(
        &mut self,
        tax_type: TaxType,
        pricing: Pricing,
        lines: &[Line],
    ) -> Option<Amounts> {
        let lines = lines.iter().map(|line| (line.tax, line.amount));
        Amounts::of(tax_type, pricing, lines)
            .map_err(|error| {
                let problem = match error {
                    AmountError::TooLarge => Problem::TooLarge,
                    AmountError::Negative => Problem::Negative,
                };
                self.complain(Field::Total, problem);
            })
            .ok()
    }
}

pub(super) fn draft(draft: &Draft) -> Result<Invoice, Vec<Violation>> {
    let mut checker = Checker::default();
    let reference = checker.needed(Field::Reference, &draft.reference);
    let buyer = checker.buyer(draft);
    let receive = checker.receive(&draft.receive);
    checker.taxes(draft);
    let lines = checker.lines(draft.tax_type, &draft.lines);
    let amounts = lines
        .as_deref()
        .and_then(|lines| checker.amounts(draft.tax_type, draft.pricing, lines));
    let remark = checker.optional(Field::Remark, draft.remark.as_deref());
    if remark.as_deref().is_some_and(|r| !LONGEST_REMARK.allows(r)) {
        checker.complain(Field::Remark, Problem::TooLong(LONGEST_REMARK));
    }
    let invoice = (|| {
        Some(Invoice {
            reference: reference?,
            buyer: buyer?,
            receive: receive?,
            tax_type: draft.tax_type,
            pricing: draft.pricing,
            lines: lines?,
            customs: draft.customs,
            zero_rate_reason: draft.zero_rate_reason,
            remark,
            amounts: amounts?,
        })
    })();
    checker.finish(invoice)
}

/// Whether mail could go there: an `@` with something on both sides, and no spaces.
fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.is_empty()
            && !domain.contains('@')
            && !text.contains(char::is_whitespace)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tax::{Customs, SpecialRate, ZeroRateReason};
    use proptest::prelude::*;

    fn good() -> Draft {
        Draft {
            lines: vec![DraftLine::new("月租方案", 2, 299)],
            ..Draft::new("PB1")
        }
    }

    fn wrong(draft: &Draft) -> Vec<String> {
        let violations = draft.check().unwrap_err();
        violations.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_good_draft_becomes_an_invoice() {
        let mut draft = good();
        draft.buyer.name = Some("  ".into());
        draft.buyer.email = Some(" a@b.example ".into());
        let invoice = draft.check().unwrap();
        assert_eq!(invoice.lines()[0].amount, 598);
        assert_eq!(invoice.amounts().total, 598);
        assert_eq!(invoice.buyer().name, None);
        assert_eq!(invoice.buyer().email.as_deref(), Some("a@b.example"));
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let mut draft = Draft::new(" ");
        draft.buyer.ubn = Some("12345678".into());
        draft.buyer.email = Some("nobody".into());
        draft.receive = DraftReceive::Donation("1".into());
        draft.customs = Some(Customs::Through);
        draft.remark = Some("x".repeat(201));
        draft.lines = vec![
            DraftLine::new("", 0, 1),
            DraftLine::new("a", i64::MAX, 2),
            DraftLine {
                tax: Some(LineTax::Exempt),
                ..DraftLine::new("a\nb", 1, 1)
            },
        ];
        assert_eq!(
            wrong(&draft),
            [
                "reference: missing",
                "buyer's business number: wrong checksum",
                "buyer's name: missing",
                "receive type: does not go with the buyer's business number",
                "buyer's mail address: not a mail address",
                "love code: not a love code: three to seven digits",
                "customs mark: means nothing here",
                "name of line 1: missing",
                "count of line 1: less than 1",
                "amount of line 2: too large",
                "name of line 3: not text without control characters",
                "tax of line 3: does not go with the tax type",
                "remark: more than 200 characters",
            ]
        );
    }

    #[test]
    fn lines_are_needed_and_come_to_something() {
        let mut draft = good();
        draft.lines.clear();
        assert_eq!(wrong(&draft), ["lines: missing"]);
        draft.lines = vec![DraftLine::new("a", 1, 1); MAX_LINES + 1];
        assert_eq!(wrong(&draft), ["lines: more than 9999"]);
        draft.lines = vec![
            DraftLine::new("a", 1, 10),
            DraftLine::new("discount", 1, -11),
        ];
        assert_eq!(wrong(&draft), ["total: negative"]);
        draft.lines[1].price = -10;
        assert_eq!(draft.check().unwrap().amounts().total, 0);
        draft.lines[0].price = 0x1_0000_0010;
        assert_eq!(wrong(&draft), ["total: too large"]);
    }

    #[test]
    fn carriers_are_needed_and_have_their_form() {
        let mut draft = good();
        draft.receive = DraftReceive::MobileBarcode(String::new());
        assert_eq!(wrong(&draft), ["carrier: missing"]);
        draft.receive = DraftReceive::CitizenCertificate("AB1".into());
        assert_eq!(
            wrong(&draft),
            ["carrier: not a citizen digital certificate: two letters and fourteen digits"]
        );
        draft.receive = DraftReceive::Member;
        assert!(draft.check().is_ok());
    }

    #[test]
    fn a_zero_rate_needs_its_marks() {
        let mut draft = good();
        draft.tax_type = TaxType::ZeroRated;
        assert_eq!(
            wrong(&draft),
            ["customs mark: missing", "reason for the zero rate: missing"]
        );
        draft.customs = Some(Customs::NotThrough);
        draft.zero_rate_reason = Some(ZeroRateReason::ExportedServices);
        let invoice = draft.check().unwrap();
        assert_eq!(
            (invoice.amounts().zero_rated, invoice.amounts().tax),
            (598, 0)
        );
    }

    #[test]
    fn mixed_invoices_have_taxable_lines_and_one_other_kind() {
        let mixed = |taxes: &[Option<LineTax>]| Draft {
            tax_type: TaxType::Mixed,
            lines: taxes
                .iter()
                .map(|tax| DraftLine {
                    tax: *tax,
                    ..DraftLine::new("a", 1, 105)
                })
                .collect(),
            ..good()
        };
        let (taxable, zero, exempt) = (
            Some(LineTax::Taxable),
            Some(LineTax::ZeroRated),
            Some(LineTax::Exempt),
        );
        let invoice = mixed(&[taxable, exempt]).check().unwrap();
        assert_eq!((invoice.amounts().tax, invoice.amounts().exempt), (5, 105));
        let alike = "tax type: not mixed: the lines are all taxed alike";
        assert_eq!(wrong(&mixed(&[taxable, taxable])), [alike]);
        assert_eq!(wrong(&mixed(&[exempt])), [alike]);
        assert_eq!(
            wrong(&mixed(&[taxable, zero, exempt]))[0],
            "tax type: does not go with the lines"
        );
        assert_eq!(
            wrong(&mixed(&[taxable, exempt, None])),
            ["tax of line 3: missing"]
        );
        assert_eq!(
            wrong(&mixed(&[taxable, zero])),
            ["customs mark: missing", "reason for the zero rate: missing"]
        );
    }

    #[test]
    fn special_rates_are_not_split() {
        let mut draft = good();
        draft.tax_type = TaxType::Special(SpecialRate::NightClub);
        assert_eq!(draft.check().unwrap().amounts().tax, 0);
    }

    proptest! {
        #[test]
        fn any_draft_is_checked_without_panic(
            reference: String, ubn: Option<String>, email: Option<String>, code: String,
            lines in proptest::collection::vec((any::<String>(), any::<i64>(), any::<i64>()), 0..5),
        ) {
            let mut draft = Draft::new(reference);
            draft.buyer.ubn = ubn;
            draft.buyer.email = email;
            draft.receive = DraftReceive::MobileBarcode(code);
            draft.lines = lines.into_iter().map(|(name, count, price)| DraftLine::new(name, count, price)).collect();
            if let Err(violations) = draft.check() {
                prop_assert!(!violations.is_empty());
            }
        }
    }
}
