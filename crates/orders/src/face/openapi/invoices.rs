//! The operations about e-invoices.

use super::charges::{charge_named, step};
use super::operations::{CallerKind, Example, Input, Operation};
use super::refusals::{
    Sample, call, conflict, empty, field, invalid, list, outside, required, together,
};
use super::schemas::{
    Named, date_time, described, list as list_of, literals, nullable, organization_id, paged,
    record, record_with, reference, request, text, uuid,
};
use super::values::{CHANGED, PLACED, empty_body, organization_body, page, to_value};
use crate::face::invoice::{CUSTOMS, LINE_TAXES, PRICE, REASON, SPECIAL_RATES, ZERO_RATE_REASONS};
use crate::face::limits::LARGEST_NUMBER;
use crate::invoices::{AllowanceResponse, InvoiceResponse, Item, PrintUrlResponse};
use crate::repo::invoices::ENTITY;
use catalogue::PlatformError as E;
use catalogue::platform::{
    Conflict, FieldError, Format, InvoiceObstacle, InvoiceRefusal, InvoiceState,
};
use einvoice::invoice::MAX_LINES;
use einvoice::rules::amount::MAX_TOTAL;
use invoicing::model::{AllowanceStatus, InvoiceId, ProviderName, ReceiveName, Status, TaxName};
use kernel::Id;
use serde_json::{Value, json};

const NAME: &str = "Invoice";

/// What the tag is.
pub const TAG: (&str, &str) = (
    NAME,
    "E-invoices of Taiwan for charges that are complete. A draft is stored first; what its provider does not offer is refused then, before \
     anybody is asked. Issuing asks the provider. What has no answer is looked up until it is known: an invoice that is `issue_failed` can \
     become `issued` later, and one that is `issued` can become `void` when that was asked for. No invoice is issued twice.",
);

const FOLLOW_UP: Input = Input::Body {
    schema: "InvoiceFollowUpRequest",
    required: false,
    examples: &[("empty", empty_body), ("organization", organization_body)],
};

const fn body(schema: &'static str, examples: &'static [Example]) -> Input {
    Input::Body {
        schema,
        required: true,
        examples,
    }
}

pub static OPERATIONS: &[Operation] = &[
    Operation {
        method: "POST",
        path: "/platform/organization/credit/charge/{credit_charge_id}/invoice",
        caller: CallerKind::Key,
        id: "createInvoice",
        tag: NAME,
        summary: "Draft an invoice for a charge",
        description: "Stores what is to be on the invoice. The charge must be `complete` and have no invoice but `void` ones; `items`, whose \
            prices contain the tax, come to its `total`.\n\n\
            - `mobile_barcode` and `citizen_certificate` take `carrier_id`, `donate` takes `love_code`, `company` takes `buyer_tax_id` and \
            `buyer_name`.\n\
            - `print` and `company` with `ec_pay` need `buyer_name`, `buyer_address`, and `email` or `buyer_phone`; `member_carrier` needs `email`.\n\
            - `zero_tax_rate` needs `customs_clearance` and `zero_tax_rate_reason`, `special` needs `special_tax_rate`, `mixed` needs \
            `tax_type` in every item.\n\
            - `pay_uni` issues invoices with its payments only: draft it while the charge is `wait_payment`, and `POST …/pay` asks for it.",
        input: body(
            "InvoiceRequest",
            &[
                ("mobile_barcode", mobile_body),
                ("company", company_body),
                ("donation", donation_body),
            ],
        ),
        answer: "InvoiceResponse",
        example: drafted,
        refusals: new,
    },
    Operation {
        method: "GET",
        path: "/platform/invoice",
        caller: CallerKind::Key,
        id: "listInvoices",
        tag: NAME,
        summary: "The invoices",
        description: "The organization's invoices as they are stored, the newest first unless `$orderby` says otherwise.",
        input: Input::List {
            entity: &ENTITY,
            filters: &[
                "invoice_status eq 'issued'",
                "credit_charge_id eq 01999d1c-5e00-7a41-8c2b-3f9e60d1b708",
                "invoice_number eq 'EH00000050'",
            ],
            orderby: "create_date_time desc",
        },
        answer: "InvoiceResponsePagedResponse",
        example: || page(&issued()),
        refusals: || list(&ENTITY),
    },
    Operation {
        method: "GET",
        path: "/platform/invoice/{invoice_id}",
        caller: CallerKind::Key,
        id: "getInvoice",
        tag: NAME,
        summary: "An invoice",
        description: "As it is stored; with `refresh=true` the provider is asked first, and what happened there is taken over. What contradicts \
            what is stored is refused with `get_invoice_failed`, and nothing is changed.",
        input: Input::Refresh,
        answer: "InvoiceResponse",
        example: issued,
        refusals: || {
            let reason = InvoiceRefusal::NoAnswer;
            let own = vec![
                invalid("refresh", Format::Boolean).into(),
                E::GetInvoiceFailed { reason }.into(),
            ];
            together([call(), named(), own])
        },
    },
    Operation {
        method: "DELETE",
        path: "/platform/invoice/{invoice_id}",
        caller: CallerKind::Key,
        id: "discardInvoice",
        tag: NAME,
        summary: "Give a draft up",
        description: "A draft, or an invoice that was refused, becomes `void` without a number, and its charge may be invoiced anew. One of which \
            it is not known yet whether it was issued stays.",
        input: Input::None,
        answer: "InvoiceResponse",
        example: discarded,
        refusals: || together([call(), named(), wrong_state(InvoiceState::Issued)]),
    },
    Operation {
        method: "POST",
        path: "/platform/invoice/{invoice_id}/issue",
        caller: CallerKind::Key,
        id: "issueInvoice",
        tag: NAME,
        summary: "Issue an invoice",
        description: "Has the provider issue a `draft`, or one that is `issue_failed`. Two requests at once issue it once.",
        input: FOLLOW_UP,
        answer: "InvoiceResponse",
        example: issued,
        refusals: || {
            let failed = |reason| E::IssueInvoiceFailed { reason }.into();
            let own = vec![
                failed(InvoiceRefusal::NumbersUsedUp),
                failed(InvoiceRefusal::NoAnswer),
            ];
            together([about(), wrong_state(InvoiceState::Issued), own])
        },
    },
    Operation {
        method: "POST",
        path: "/platform/invoice/{invoice_id}/void",
        caller: CallerKind::Key,
        id: "voidInvoice",
        tag: NAME,
        summary: "Void an invoice",
        description: "Has the provider void an invoice that is `issued`: until some day of the month after its two-month period, and while nothing \
            was given back on it. `reason` has up to 20 characters; `ez_pay` takes 20 bytes.",
        input: body(
            "InvoiceVoidRequest",
            &[("reason", || json!({"reason": "重複開立"}))],
        ),
        answer: "InvoiceResponse",
        example: voided,
        refusals: || {
            let (min, max) = REASON.into_inner();
            let length = field("reason", |property| E::StringLengthOutOfRange {
                property,
                min,
                max,
            });
            let own = vec![
                required("reason").into(),
                invalid("reason", Format::Text).into(),
                length.into(),
            ];
            together([about(), wrong_state(InvoiceState::Draft), own, taken_back()])
        },
    },
    Operation {
        method: "POST",
        path: "/platform/invoice/{invoice_id}/allowance",
        caller: CallerKind::Key,
        id: "createInvoiceAllowance",
        tag: NAME,
        summary: "Give money back on an invoice",
        description: "Has the provider make an allowance on an invoice that is `issued`: of an `amount` with tax, or of `items` priced like the \
            invoice's. All allowances together come to no more than its `total`. An invoice with an allowance cannot be voided. A refusal of the \
            provider is `void_invoice_failed`.",
        input: body(
            "InvoiceAllowanceRequest",
            &[
                ("amount", || json!({"amount": 100})),
                (
                    "items",
                    || json!({"items": [{"name": "Credit", "count": 100, "price": 1}]}),
                ),
            ],
        ),
        answer: "AllowanceResponse",
        example: allowance,
        refusals: || {
            let own = vec![
                required("amount").into(),
                invalid("amount", Format::Integer).into(),
                outside("amount", LARGEST_NUMBER).into(),
            ];
            together([
                about(),
                wrong_state(InvoiceState::Draft),
                own,
                items(),
                taken_back(),
            ])
        },
    },
    Operation {
        method: "GET",
        path: "/platform/invoice/{invoice_id}/print-url",
        caller: CallerKind::Key,
        id: "getInvoicePrintUrl",
        tag: NAME,
        summary: "Where an invoice can be printed",
        description: "An address for a browser, for a while (`ec_pay` an hour, `amego` ten minutes), of an invoice that is `issued` on paper. Whoever \
            has it sees the invoice. `ez_pay` and `pay_uni` give none.",
        input: Input::None,
        answer: "PrintUrlResponse",
        example: print_url,
        refusals: || {
            let failed = |reason| E::GetInvoicePrintUrlFailed { reason }.into();
            let own = vec![
                failed(InvoiceRefusal::NotPrintable),
                failed(InvoiceRefusal::NotOffered),
            ];
            together([call(), named(), wrong_state(InvoiceState::Draft), own])
        },
    },
];

/// What names an invoice in its path.
fn named() -> Vec<Sample> {
    vec![
        invalid("invoice_id", Format::Uuid).into(),
        E::InvoiceNotFound.into(),
    ]
}

/// Anything sent about an invoice.
fn about() -> Vec<Sample> {
    together([step(), named()])
}

fn wrong_state(state: InvoiceState) -> Vec<Sample> {
    [state, InvoiceState::UnderWay, InvoiceState::Open]
        .map(|state| E::InvoiceStatusIncorrect { state }.into())
        .into()
}

fn taken_back() -> Vec<Sample> {
    [InvoiceRefusal::HasAllowance, InvoiceRefusal::NoAnswer]
        .map(|reason| E::VoidInvoiceFailed { reason }.into())
        .into()
}

fn at(property: &'static str, error: impl FnOnce(catalogue::platform::Property) -> E) -> Sample {
    E::fields(vec![FieldError::at(property, error(property.into()))]).into()
}

/// What lines can be refused with.
fn items() -> Vec<Sample> {
    let (least, most) = PRICE.into_inner();
    let name = |property, allowed: &[&str]| {
        let allowed = allowed.join(", ");
        at(property, |property| E::NotAllowedEnumValues {
            property,
            allowed,
        })
    };
    vec![
        invalid("items", Format::List).into(),
        empty("items").into(),
        invalid("items[0]", Format::JsonObject).into(),
        required("items[0].name").into(),
        required("items[0].count").into(),
        required("items[0].price").into(),
        invalid("items[0].name", Format::Text).into(),
        invalid("items[0].name", Format::PlainText).into(),
        invalid("items[0].count", Format::Integer).into(),
        outside("items[0].count", LARGEST_NUMBER).into(),
        at("items[0].price", |property| E::ValueOutOfRange {
            property,
            min: least,
            max: most,
        }),
        name("items[0].tax_type", &LINE_TAXES),
        outside("items", MAX_TOTAL).into(),
    ]
}

/// What a new invoice can be refused with.
fn new() -> Vec<Sample> {
    let name = |property, allowed: &[&str]| {
        let allowed = allowed.join(", ");
        at(property, |property| E::NotAllowedEnumValues {
            property,
            allowed,
        })
    };
    let range = |property, range: std::ops::RangeInclusive<i64>| {
        let (min, max) = range.into_inner();
        at(property, |property| E::ValueOutOfRange {
            property,
            min,
            max,
        })
    };
    let obstacle = InvoiceObstacle::AlreadyInvoiced;
    let missing = InvoiceObstacle::NotConfigured;
    let own = vec![
        required("invoice_provider").into(),
        required("invoice_receive_type").into(),
        required("invoice_tax_type").into(),
        name("invoice_provider", ProviderName::NAMES),
        name("invoice_receive_type", ReceiveName::NAMES),
        name("invoice_tax_type", TaxName::NAMES),
        name("customs_clearance", &CUSTOMS),
        range("zero_tax_rate_reason", ZERO_RATE_REASONS),
        range("special_tax_rate", SPECIAL_RATES),
        required("buyer_name").into(),
        required("buyer_tax_id").into(),
        invalid("buyer_tax_id", Format::TaxId).into(),
        invalid("carrier_id", Format::MobileBarcode).into(),
        invalid("carrier_id", Format::CitizenCertificate).into(),
        invalid("love_code", Format::LoveCode).into(),
        invalid("invoice_tax_type", Format::MixedTaxes).into(),
        invalid("customs_clearance", Format::Absent).into(),
        at("email", |property| E::InvalidEmailFormat { property }),
        at("buyer_name", |property| E::StringLengthOutOfRange {
            property,
            min: 1,
            max: 60,
        }),
        conflict(Conflict::DonationAndOther),
        conflict(Conflict::CarrierWithoutUse),
        E::InvoiceProviderNotAllowInvoiceReceiveType.into(),
        E::InvoiceProviderNotAllowInvoiceTaxType.into(),
        range("items", 500..=500),
        E::CreateInvoiceFailed { reason: obstacle }.into(),
        E::CreateInvoiceFailed { reason: missing }.into(),
    ];
    together([step(), charge_named(), own, items()])
}

const INVOICE: InvoiceId = Id::from_u128(0x0199_9d1c_8a00_7b63_9e4d_5c1b_82f3_d90a);

fn mobile_body() -> Value {
    json!({
        "invoice_provider": "ec_pay", "invoice_receive_type": "mobile_barcode", "invoice_tax_type": "taxable",
        "carrier_id": "/ABC1234", "email": "buyer@example.com",
        "items": [{"name": "Credit", "count": 500, "price": 1}],
    })
}

fn company_body() -> Value {
    json!({
        "invoice_provider": "ez_pay", "invoice_receive_type": "company", "invoice_tax_type": "taxable",
        "buyer_tax_id": "04595257", "buyer_name": "Example Ltd.",
        "items": [{"name": "Credit", "count": 1, "price": 500}],
    })
}

fn donation_body() -> Value {
    json!({
        "invoice_provider": "amego", "invoice_receive_type": "donate", "invoice_tax_type": "taxable", "love_code": "919",
        "items": [{"name": "Credit", "count": 1, "price": 500}],
    })
}

fn draft() -> InvoiceResponse {
    InvoiceResponse {
        invoice_id: INVOICE,
        credit_charge_id: "01999d1c-5e00-7a41-8c2b-3f9e60d1b708".into(),
        invoice_number: None,
        random_code: None,
        invoice_provider: ProviderName::EcPay,
        invoice_receive_type: ReceiveName::MobileBarcode,
        invoice_tax_type: TaxName::Taxable,
        invoice_status: Status::Draft,
        total: 500,
        tax_amount: 24,
        allowance_total: 0,
        buyer_name: None,
        buyer_tax_id: None,
        email: Some("buyer@example.com".into()),
        carrier_id: Some("/ABC1234".into()),
        love_code: None,
        items: vec![Item {
            name: "Credit".into(),
            count: 500,
            price: 1,
            tax_type: None,
        }],
        void_reason: None,
        issue_date_time: None,
        void_date_time: None,
        create_date_time: PLACED,
        update_date_time: None,
    }
}

fn in_force() -> InvoiceResponse {
    InvoiceResponse {
        invoice_number: Some("EH00000050".into()),
        random_code: Some("0142".into()),
        invoice_status: Status::Issued,
        issue_date_time: Some(CHANGED),
        update_date_time: Some(CHANGED),
        ..draft()
    }
}

fn drafted() -> Value {
    to_value(&draft())
}

fn issued() -> Value {
    to_value(&in_force())
}

fn voided() -> Value {
    to_value(&InvoiceResponse {
        invoice_status: Status::Void,
        void_reason: Some("重複開立".into()),
        void_date_time: Some(CHANGED),
        ..in_force()
    })
}

fn discarded() -> Value {
    to_value(&InvoiceResponse {
        invoice_status: Status::Void,
        void_date_time: Some(CHANGED),
        update_date_time: Some(CHANGED),
        ..draft()
    })
}

fn allowance() -> Value {
    to_value(&AllowanceResponse {
        allowance_id: Id::from_u128(0x0199_9d1c_9b00_7c74_8f5e_6d2c_93a4_ea0b),
        invoice_id: INVOICE,
        allowance_number: "2026060212345678".into(),
        allowance_status: AllowanceStatus::Made,
        total: 100,
        items: vec![Item {
            name: "折讓".into(),
            count: 1,
            price: 100,
            tax_type: None,
        }],
        create_date_time: CHANGED,
    })
}

fn print_url() -> Value {
    to_value(&PrintUrlResponse {
        url: "https://einvoice.ecpay.com.tw/print/5b1c".into(),
        expire_date_time: CHANGED,
    })
}

/// The schemas of the area.
pub fn schemas() -> Vec<Named> {
    let dollars = |description| json!({"type": "integer", "format": "int64", "minimum": 0, "description": description});
    let maybe = |description| described(nullable(text()), description);
    let range = |range: std::ops::RangeInclusive<i64>, description| {
        let (min, max) = range.into_inner();
        json!({"type": "integer", "format": "int64", "minimum": min, "maximum": max, "description": description})
    };
    let items = || json!({"type": "array", "minItems": 1, "maxItems": MAX_LINES, "items": reference("InvoiceItemRequest")});
    let limited = |max: i64| json!({"type": "string", "minLength": 1, "maxLength": max});
    vec![
        (
            "InvoiceProvider",
            literals("Who transmits the invoice.", ProviderName::NAMES),
        ),
        (
            "InvoiceReceiveType",
            literals("How the buyer gets it.", ReceiveName::NAMES),
        ),
        (
            "InvoiceTaxType",
            literals("What it is taxed with.", TaxName::NAMES),
        ),
        (
            "InvoiceStatus",
            literals(
                "How far it is. `issue_failed`: refused, or without an answer so far. `void`: it does not count; without a number it never did.",
                Status::NAMES,
            ),
        ),
        (
            "InvoiceItem",
            record_with(
                vec![("tax_type", reference("InvoiceTaxType"))],
                "A line.",
                vec![
                    ("name", text()),
                    ("count", range(1..=LARGEST_NUMBER, "How many.")),
                    ("price", range(PRICE, "Of one, with tax, in whole TWD.")),
                ],
            ),
        ),
        (
            "InvoiceResponse",
            record(
                "An e-invoice.",
                vec![
                    ("invoice_id", uuid()),
                    ("credit_charge_id", uuid()),
                    (
                        "invoice_number",
                        maybe("Two letters and eight digits, once it is issued."),
                    ),
                    ("random_code", maybe("The four digits beside it.")),
                    ("invoice_provider", reference("InvoiceProvider")),
                    ("invoice_receive_type", reference("InvoiceReceiveType")),
                    ("invoice_tax_type", reference("InvoiceTaxType")),
                    ("invoice_status", reference("InvoiceStatus")),
                    ("total", dollars("Whole TWD.")),
                    ("tax_amount", dollars("The tax in it, whole TWD.")),
                    (
                        "allowance_total",
                        dollars("What was given back on it, whole TWD."),
                    ),
                    ("buyer_name", nullable(text())),
                    ("buyer_tax_id", nullable(text())),
                    ("email", nullable(text())),
                    ("carrier_id", nullable(text())),
                    ("love_code", nullable(text())),
                    ("items", list_of(reference("InvoiceItem"))),
                    ("void_reason", maybe("Why it was voided, or is to be.")),
                    ("issue_date_time", nullable(date_time())),
                    ("void_date_time", nullable(date_time())),
                    ("create_date_time", date_time()),
                    ("update_date_time", nullable(date_time())),
                ],
            ),
        ),
        ("InvoiceResponsePagedResponse", paged("InvoiceResponse")),
        (
            "InvoiceItemRequest",
            request(
                &["name", "count", "price"],
                vec![
                    ("name", text()),
                    ("count", range(1..=LARGEST_NUMBER, "How many.")),
                    ("unit", described(nullable(text()), "Of what.")),
                    (
                        "price",
                        range(
                            PRICE,
                            "Of one, with tax, in whole TWD; negative for a discount.",
                        ),
                    ),
                    (
                        "tax_type",
                        nullable(literals(
                            "What the line is taxed with: on mixed invoices, and needed there.",
                            &LINE_TAXES,
                        )),
                    ),
                ],
            ),
        ),
        (
            "InvoiceRequest",
            request(
                &[
                    "invoice_provider",
                    "invoice_receive_type",
                    "invoice_tax_type",
                    "items",
                ],
                vec![
                    organization_id(),
                    ("invoice_provider", reference("InvoiceProvider")),
                    ("invoice_receive_type", reference("InvoiceReceiveType")),
                    ("invoice_tax_type", reference("InvoiceTaxType")),
                    (
                        "special_tax_rate",
                        nullable(range(
                            SPECIAL_RATES,
                            "The number of the rate on the tax return, for `special`.",
                        )),
                    ),
                    (
                        "customs_clearance",
                        nullable(literals(
                            "How zero-rated goods leave the country.",
                            &CUSTOMS,
                        )),
                    ),
                    (
                        "zero_tax_rate_reason",
                        nullable(range(
                            ZERO_RATE_REASONS,
                            "The tax authority's number of the reason for a zero rate.",
                        )),
                    ),
                    ("buyer_name", nullable(text())),
                    (
                        "buyer_tax_id",
                        described(nullable(text()), "A business number of 8 digits."),
                    ),
                    ("buyer_address", nullable(text())),
                    ("buyer_phone", nullable(text())),
                    (
                        "email",
                        nullable(json!({"type": "string", "format": "email"})),
                    ),
                    (
                        "carrier_id",
                        described(
                            nullable(text()),
                            "`/` and seven of `0-9 A-Z . + -`, or two letters and 14 digits.",
                        ),
                    ),
                    ("love_code", described(nullable(text()), "3 to 7 digits.")),
                    ("remark", nullable(limited(200))),
                    ("items", items()),
                ],
            ),
        ),
        (
            "InvoiceFollowUpRequest",
            request(&[], vec![organization_id()]),
        ),
        (
            "InvoiceVoidRequest",
            request(
                &["reason"],
                vec![organization_id(), ("reason", limited(*REASON.end()))],
            ),
        ),
        (
            "InvoiceAllowanceRequest",
            request(
                &[],
                vec![
                    organization_id(),
                    (
                        "amount",
                        nullable(range(
                            1..=LARGEST_NUMBER,
                            "With tax, in whole TWD; needed without `items`.",
                        )),
                    ),
                    ("items", nullable(items())),
                ],
            ),
        ),
        (
            "AllowanceResponse",
            record(
                "Money given back on an invoice.",
                vec![
                    ("allowance_id", uuid()),
                    ("invoice_id", uuid()),
                    ("allowance_number", text()),
                    (
                        "allowance_status",
                        literals("How far it is.", AllowanceStatus::NAMES),
                    ),
                    ("total", dollars("Whole TWD.")),
                    ("items", list_of(reference("InvoiceItem"))),
                    ("create_date_time", date_time()),
                ],
            ),
        ),
        (
            "PrintUrlResponse",
            record(
                "Where an invoice can be printed.",
                vec![("url", text()), ("expire_date_time", date_time())],
            ),
        ),
    ]
}
