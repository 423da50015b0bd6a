//! What `invoicing` refuses, in the codes of the API and under the names of its fields.

use crate::Error;
use catalogue::PlatformError;
use catalogue::platform::{
    FieldError, Format, InvoiceObstacle, InvoiceRefusal, InvoiceState, Property,
};
use einvoice::invoice::{
    Draft, DraftReceive, Field, Limit, LineField, MAX_LINES, Problem, Violation,
};
use einvoice::rules::amount::MAX_TOTAL;
use invoicing::model::Status;
use invoicing::{Failure, NotCreated, Reason, Unoffered, WrongStatus};

/// Which operation was refused.
#[derive(Clone, Copy)]
pub enum Step {
    Create,
    Issue,
    Void,
    Get,
    Print,
}

/// What depends on the request in the names of fields and their formats.
#[derive(Clone, Copy, Default)]
pub struct Names {
    certificate: bool,
    amount: bool,
}

impl Names {
    /// For a draft.
    pub const fn of(draft: &Draft) -> Self {
        Self {
            certificate: matches!(draft.receive, DraftReceive::CitizenCertificate(_)),
            amount: false,
        }
    }

    /// For what was sent as an `amount`, not as `items`.
    pub const fn of_amount() -> Self {
        Self {
            certificate: false,
            amount: true,
        }
    }
}

/// The code of a refusal.
pub fn of(error: invoicing::Error, step: Step, names: &Names) -> Error {
    use invoicing::Error as E;
    match error {
        E::NotFound => PlatformError::InvoiceNotFound.into(),
        E::Invalid(violations) => PlatformError::fields(fields_of(&violations, names)).into(),
        E::Unoffered(Unoffered::Receive) => {
            PlatformError::InvoiceProviderNotAllowInvoiceReceiveType.into()
        }
        E::Unoffered(Unoffered::Tax) => PlatformError::InvoiceProviderNotAllowInvoiceTaxType.into(),
        E::NotCreated(obstacle) => {
            let reason = match obstacle {
                NotCreated::AlreadyInvoiced => InvoiceObstacle::AlreadyInvoiced,
                NotCreated::NoAmount => InvoiceObstacle::NoAmount,
                NotCreated::NotConfigured => InvoiceObstacle::NotConfigured,
            };
            PlatformError::CreateInvoiceFailed { reason }.into()
        }
        E::WrongStatus(wrong) => {
            let state = match wrong {
                WrongStatus::Is(Status::Draft) => InvoiceState::Draft,
                WrongStatus::Is(Status::Issued) => InvoiceState::Issued,
                WrongStatus::Is(Status::IssueFailed) => InvoiceState::IssueFailed,
                WrongStatus::Is(Status::Void) => InvoiceState::Void,
                WrongStatus::UnderWay => InvoiceState::UnderWay,
                WrongStatus::Open => InvoiceState::Open,
            };
            PlatformError::InvoiceStatusIncorrect { state }.into()
        }
        E::Provider(failure) => {
            let reason = reason(&failure);
            match step {
                Step::Issue => PlatformError::IssueInvoiceFailed { reason },
                Step::Void => PlatformError::VoidInvoiceFailed { reason },
                Step::Create | Step::Get => PlatformError::GetInvoiceFailed { reason },
                Step::Print => PlatformError::GetInvoicePrintUrlFailed { reason },
            }
            .into()
        }
        error @ (E::Store(_) | E::Broken(_)) => Error::Failed(error.to_string()),
    }
}

fn reason(failure: &Failure) -> InvoiceRefusal {
    match failure.reason {
        Reason::NumbersUsedUp => InvoiceRefusal::NumbersUsedUp,
        Reason::UnknownCarrier => InvoiceRefusal::UnknownCarrier,
        Reason::Account => InvoiceRefusal::Account,
        Reason::NotFound => InvoiceRefusal::NotFound,
        Reason::HasAllowance => InvoiceRefusal::HasAllowance,
        Reason::TooLate => InvoiceRefusal::TooLate,
        Reason::TooEarly => InvoiceRefusal::TooEarly,
        Reason::TooMuch => InvoiceRefusal::TooMuch,
        Reason::NotPrintable => InvoiceRefusal::NotPrintable,
        Reason::Refused => InvoiceRefusal::Refused,
        Reason::NotOffered => InvoiceRefusal::NotOffered,
        Reason::NotConfigured => InvoiceRefusal::NotConfigured,
        Reason::VoidedElsewhere => InvoiceRefusal::VoidedElsewhere,
        Reason::NoAnswer => InvoiceRefusal::NoAnswer,
        Reason::Mismatch => InvoiceRefusal::Mismatch,
    }
}

/// What is wrong with the fields of a request.
pub fn fields_of(violations: &[Violation], names: &Names) -> Vec<FieldError> {
    violations
        .iter()
        .map(|violation| {
            let property = property(violation.field, names);
            let error = error(*violation, property.clone(), names);
            FieldError::at(property, error)
        })
        .collect()
}

fn property(field: Field, names: &Names) -> Property {
    if names.amount && matches!(field, Field::Lines | Field::Line(..) | Field::Total) {
        return "amount".into();
    }
    match field {
        // Ours; nothing that is sent can be wrong with them.
        Field::Reference | Field::AllowanceNumber | Field::Pricing => "body".into(),
        Field::Reason => "reason".into(),
        Field::BuyerName => "buyer_name".into(),
        Field::BuyerUbn => "buyer_tax_id".into(),
        Field::BuyerAddress => "buyer_address".into(),
        Field::BuyerPhone => "buyer_phone".into(),
        Field::BuyerEmail => "email".into(),
        Field::ReceiveType => "invoice_receive_type".into(),
        Field::Carrier => "carrier_id".into(),
        Field::LoveCode => "love_code".into(),
        Field::TaxType => "invoice_tax_type".into(),
        Field::Customs => "customs_clearance".into(),
        Field::ZeroRateReason => "zero_tax_rate_reason".into(),
        Field::Remark => "remark".into(),
        Field::Lines | Field::Total => "items".into(),
        Field::Line(index, field) => {
            let field = match field {
                LineField::Name => "name",
                LineField::Count => "count",
                LineField::Unit => "unit",
                LineField::Amount => "price",
                LineField::Tax => "tax_type",
            };
            format!("items[{index}].{field}").into()
        }
    }
}

fn error(violation: Violation, property: Property, names: &Names) -> PlatformError {
    let range = |property, min, max| PlatformError::ValueOutOfRange { property, min, max };
    let format = |property, expected| PlatformError::InvalidFormat { property, expected };
    let whole = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    match (violation.field, violation.problem) {
        (Field::Lines, Problem::Missing) => PlatformError::SequenceAtLeastOneElement { property },
        (_, Problem::Missing) => PlatformError::FieldIsRequired { property },
        (Field::BuyerEmail, Problem::Malformed(_)) => {
            PlatformError::InvalidEmailFormat { property }
        }
        (Field::BuyerUbn, _) => format(property, Format::TaxId),
        (Field::Carrier, _) if names.certificate => format(property, Format::CitizenCertificate),
        (Field::Carrier, _) => format(property, Format::MobileBarcode),
        (Field::LoveCode, _) => format(property, Format::LoveCode),
        (Field::TaxType, _) => format(property, Format::MixedTaxes),
        (_, Problem::Unexpected | Problem::Contradicts(_) | Problem::NotOffered) => {
            format(property, Format::Absent)
        }
        (_, Problem::Malformed(_) | Problem::Checksum) => format(property, Format::PlainText),
        (_, Problem::TooLong(limit)) => {
            let max = match limit {
                Limit::Chars(max) => max,
                // Three bytes are a Chinese character.
                Limit::Bytes(max) => max / 3,
            };
            PlatformError::StringLengthOutOfRange {
                property,
                min: 1,
                max: whole(max),
            }
        }
        (_, Problem::TooMany(max)) => range(property, 1, whole(max.min(MAX_LINES))),
        (_, Problem::TooSmall | Problem::TooLarge) => range(property, 1, MAX_TOTAL),
        (_, Problem::Negative) => range(property, 0, MAX_TOTAL),
    }
}
