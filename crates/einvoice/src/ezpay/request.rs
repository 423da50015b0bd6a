//! What is asked, as form fields in the documented order. Fields of lines are joined by `|`.

use crate::invoice::{Allowance, Invoice, Line, Untaxed, untaxed};
use crate::provider::Wanted;
use crate::rules::carrier::{Receive, ReceiveType};
use crate::rules::tax::{Customs, TaxKind, TaxType};
use crate::transport::seconds;
use kernel::Timestamp;

pub(super) type Fields = Vec<(&'static str, String)>;

/// The characters of a line's name.
pub(super) const LONGEST_NAME: usize = 30;
/// Of what, where nobody says.
const UNIT: &str = "式";
/// Who buys, where nobody says.
const CONSUMER: &str = "消費者";

fn head(version: &str, now: Timestamp) -> Fields {
    vec![
        ("RespondType", "JSON".into()),
        ("Version", version.into()),
        ("TimeStamp", seconds(now).to_string()),
    ]
}

/// `None` when the lines come to nothing but the invoice does not, which no invoice does.
pub(super) fn issue(invoice: &Invoice, now: Timestamp) -> Option<Fields> {
    let (buyer, amounts) = (invoice.buyer(), invoice.amounts());
    let company = invoice.is_company();
    let mixed = invoice.tax_type() == TaxType::Mixed;
    let mut fields = head("1.5", now);
    let mut put = |name, value: String| fields.push((name, value));
    put("MerchantOrderNo", invoice.reference().into());
    put("Status", "1".into());
    put("Category", if company { "B2B" } else { "B2C" }.into());
    put(
        "BuyerName",
        buyer.name.as_deref().unwrap_or(CONSUMER).into(),
    );
    let optional = [
        ("BuyerUBN", buyer.ubn.as_ref().map(ToString::to_string)),
        ("BuyerAddress", buyer.address.clone()),
        ("BuyerEmail", buyer.email.clone()),
    ];
    for (name, value) in optional {
        value.into_iter().for_each(|value| put(name, value));
    }
    let carrier = match invoice.receive() {
        Receive::Paper | Receive::Donation(_) => None,
        Receive::MobileBarcode(barcode) => Some(("0", barcode.to_string())),
        Receive::CitizenCertificate(certificate) => Some(("1", certificate.to_string())),
        Receive::Member => Some(("2", buyer.email.clone().unwrap_or_default())),
    };
    if let Some((kind, number)) = carrier {
        put("CarrierType", kind.into());
        put("CarrierNum", number);
    }
    if let Receive::Donation(code) = invoice.receive() {
        put("LoveCode", code.to_string());
    }
    let printed = matches!(
        invoice.receive_type(),
        ReceiveType::Paper | ReceiveType::Company
    );
    put("PrintFlag", if printed { "Y" } else { "N" }.into());
    put("TaxType", invoice.tax_type().kind().digit().into());
    put("TaxRate", invoice.tax_type().percent().to_string());
    if let Some(customs) = invoice.customs.map(Customs::digit) {
        put("CustomsClearance", customs.into());
    }
    put("Amt", amounts.net().to_string());
    if mixed {
        put("AmtSales", amounts.taxable.to_string());
        put("AmtZero", amounts.zero_rated.to_string());
        put("AmtFree", amounts.exempt.to_string());
    }
    put("TaxAmt", amounts.tax.to_string());
    put("TotalAmt", amounts.total.to_string());
    let lines = match company {
        true => companys(invoice.lines(), &untaxed(invoice.lines(), amounts)?),
        false => invoice.lines().to_vec(),
    };
    for (name, value) in joined(&lines) {
        put(name, value);
    }
    if mixed {
        put("ItemTaxType", join(&lines, |line| line.tax.digit().into()));
    }
    if let Some(remark) = &invoice.remark {
        put("Comment", remark.clone());
    }
    Some(fields)
}

/// Lines of companies' invoices have prices without tax, and each price times its count must be its amount. Where the
/// share of a line cannot be divided by its count, it becomes one of them, and its name tells how many there were.
fn companys(lines: &[Line], shares: &[Untaxed]) -> Vec<Line> {
    let lines = lines.iter().zip(shares).map(|(line, share)| {
        let whole = share.amount % line.count == 0;
        let (name, count) = match whole {
            true => (line.name.clone(), line.count),
            false => (counted(&line.name, line.count), 1),
        };
        Line {
            name,
            count,
            price: share.amount / count,
            amount: share.amount,
            ..line.clone()
        }
    });
    lines.collect()
}

/// The name with the count, cut so that it does not become too long by that.
fn counted(name: &str, count: i64) -> String {
    let suffix = format!(" x{count}");
    let room = LONGEST_NAME.saturating_sub(suffix.len());
    let kept: String = name.chars().take(room).collect();
    kept + &suffix
}

fn joined(lines: &[Line]) -> [(&'static str, String); 5] {
    [
        ("ItemName", join(lines, |line| line.name.clone())),
        ("ItemCount", join(lines, |line| line.count.to_string())),
        (
            "ItemUnit",
            join(lines, |line| line.unit.as_deref().unwrap_or(UNIT).into()),
        ),
        ("ItemPrice", join(lines, |line| line.price.to_string())),
        ("ItemAmt", join(lines, |line| line.amount.to_string())),
    ]
}

fn join<T>(items: &[T], text: impl Fn(&T) -> String) -> String {
    items.iter().map(text).collect::<Vec<_>>().join("|")
}

pub(super) fn search(wanted: &Wanted, now: Timestamp) -> Fields {
    let mut fields = head("1.3", now);
    fields.extend([
        // By the merchant's reference and the total.
        ("SearchType", "1".into()),
        ("MerchantOrderNo", wanted.reference.clone()),
        ("TotalAmt", wanted.total.to_string()),
    ]);
    fields
}

pub(super) fn void(number: &str, reason: &str, now: Timestamp) -> Fields {
    let mut fields = head("1.0", now);
    fields.extend([
        ("InvoiceNumber", number.into()),
        ("InvalidReason", reason.into()),
    ]);
    fields
}

/// `None` as with [`issue`].
pub(super) fn allowance(allowance: &Allowance, now: Timestamp) -> Option<Fields> {
    let shares = untaxed(&allowance.lines, &allowance.amounts)?;
    let mut fields = head("1.3", now);
    fields.extend([
        ("InvoiceNo", allowance.invoice.number.to_string()),
        ("MerchantOrderNo", allowance.invoice.reference.clone()),
    ]);
    fields.extend(joined(&companys(&allowance.lines, &shares)));
    fields.push(("ItemTaxAmt", join(&shares, |share| share.tax.to_string())));
    if allowance.tax_type.kind() == TaxKind::Mixed {
        let kind = allowance.lines.first().map(|line| line.tax.digit());
        fields.push(("TaxTypeForMixed", kind.unwrap_or("1").into()));
    }
    fields.push(("TotalAmt", allowance.amounts.total.to_string()));
    if let Some(email) = &allowance.buyer.email {
        fields.push(("BuyerEmail", email.clone()));
    }
    // Agreed to: it takes effect at once.
    fields.push(("Status", "1".into()));
    Some(fields)
}

pub(super) fn void_allowance(number: &str, reason: &str, now: Timestamp) -> Fields {
    let mut fields = head("1.0", now);
    fields.extend([
        ("AllowanceNo", number.into()),
        ("InvalidReason", reason.into()),
    ]);
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_its_count_is_no_longer_than_a_name() {
        assert_eq!(counted("乙", 3), "乙 x3");
        let long = counted(&"乙".repeat(LONGEST_NAME), 12);
        assert_eq!(long.chars().count(), LONGEST_NAME);
        assert!(long.ends_with("乙 x12"));
    }
}
