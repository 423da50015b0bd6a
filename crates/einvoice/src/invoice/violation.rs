//! What is wrong with an invoice, field by field.

use std::fmt;

/// One thing that is wrong with one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct Violation {
    /// Where.
    pub field: Field,
    /// What.
    pub problem: Problem,
}

/// The fields of an invoice, an allowance or a void.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// The merchant's reference.
    Reference,
    /// The number of an allowance.
    AllowanceNumber,
    /// Why something is voided.
    Reason,
    /// The buyer's name.
    BuyerName,
    /// The buyer's business number.
    BuyerUbn,
    /// The buyer's postal address.
    BuyerAddress,
    /// The buyer's phone number.
    BuyerPhone,
    /// The buyer's mail address.
    BuyerEmail,
    /// How the buyer gets the invoice.
    ReceiveType,
    /// The mobile barcode or certificate.
    Carrier,
    /// The love code.
    LoveCode,
    /// What the invoice is taxed with.
    TaxType,
    /// Whether prices contain the tax.
    Pricing,
    /// How goods leave the country.
    Customs,
    /// Why something is zero-rated.
    ZeroRateReason,
    /// The remark.
    Remark,
    /// The lines as a whole.
    Lines,
    /// A field of the line with this index, from 0.
    Line(usize, LineField),
    /// The total.
    Total,
}

/// The fields of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LineField {
    /// What is sold.
    Name,
    /// How many.
    Count,
    /// Of what.
    Unit,
    /// Price times count.
    Amount,
    /// What it is taxed with.
    Tax,
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Problem {
    /// It is needed and not there.
    Missing,
    /// It is there where it means nothing.
    Unexpected,
    /// It does not have the form it should have, which is named here.
    Malformed(&'static str),
    /// Its checksum is wrong.
    Checksum,
    /// It has more than this.
    TooLong(Limit),
    /// There are more than so many.
    TooMany(usize),
    /// It is less than 1.
    TooSmall,
    /// It is more than there is room for, or than there is to give.
    TooLarge,
    /// It is less than nothing.
    Negative,
    /// It does not go with this other field.
    Contradicts(Field),
    /// The provider does not offer it.
    NotOffered,
}

/// How long a text may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// In characters.
    Chars(usize),
    /// In bytes of UTF-8.
    Bytes(usize),
}

impl Limit {
    /// Whether a text is within it.
    pub fn allows(self, text: &str) -> bool {
        match self {
            Self::Chars(max) => text.chars().count() <= max,
            Self::Bytes(max) => text.len() <= max,
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reference => "reference",
            Self::AllowanceNumber => "allowance number",
            Self::Reason => "reason",
            Self::BuyerName => "buyer's name",
            Self::BuyerUbn => "buyer's business number",
            Self::BuyerAddress => "buyer's address",
            Self::BuyerPhone => "buyer's phone",
            Self::BuyerEmail => "buyer's mail address",
            Self::ReceiveType => "receive type",
            Self::Carrier => "carrier",
            Self::LoveCode => "love code",
            Self::TaxType => "tax type",
            Self::Pricing => "pricing",
            Self::Customs => "customs mark",
            Self::ZeroRateReason => "reason for the zero rate",
            Self::Remark => "remark",
            Self::Lines => "lines",
            Self::Line(index, field) => {
                let field = match field {
                    LineField::Name => "name",
                    LineField::Count => "count",
                    LineField::Unit => "unit",
                    LineField::Amount => "amount",
                    LineField::Tax => "tax",
                };
                return write!(f, "{field} of line {}", index + 1);
            }
            Self::Total => "total",
        })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("missing"),
            Self::Unexpected => f.write_str("means nothing here"),
            Self::Malformed(form) => write!(f, "not {form}"),
            Self::Checksum => f.write_str("wrong checksum"),
            Self::TooLong(Limit::Chars(max)) => write!(f, "more than {max} characters"),
            Self::TooLong(Limit::Bytes(max)) => write!(f, "more than {max} bytes"),
            Self::TooMany(max) => write!(f, "more than {max}"),
            Self::TooSmall => f.write_str("less than 1"),
            Self::TooLarge => f.write_str("too large"),
            Self::Negative => f.write_str("negative"),
            Self::Contradicts(other) => write!(f, "does not go with the {other}"),
            Self::NotOffered => f.write_str("the provider does not offer it"),
        }
    }
}
