//! The operations about buying credit.

use super::operations::{CallerKind, Example, Input, Operation};
use super::people::{named, person, write};
use super::refusals::{
    Sample, call, conflict, field, invalid, list, not_there, outside, post, required, support,
    together, too_long,
};
use super::schemas::{
    Named, credits, date_time, described, link, literals, nullable, number, number_for_people,
    organization_id, paged, record, reference, request, text, uuid,
};
use super::values::{CHANGED, ORGANIZATION, PLACED, empty_body, organization_body, page};
use crate::charges::{ChargeResponse, PayForm};
use crate::face::charge::PAYABLE;
use crate::face::limits::{LARGEST_NUMBER, LONGEST_LINK};
use crate::model::{ChargeStatus, PaymentType};
use crate::repo::charges::ENTITY;
use crate::uploads::not_temporary;
use catalogue::PlatformError as E;
use catalogue::platform::{Conflict, Format, Subject, SupportReason};
use files::FileId;
use kernel::Id;
use serde_json::{Value, json};

const NAME: &str = "Credit charge";

/// What the tag is.
pub const TAG: (&str, &str) = (
    NAME,
    "Buying credit. A charge is paid over PAYUNi (`pay_uni`) or by transfer (`bank_transfer`), and its `quantity` is added to the balance \
     once, when the money has come: `credit_charge_status` is `complete` then. Whoever pays an attempt that was given up, or after the \
     charge has expired, gets the credit all the same. PAYUNi reports to `POST /callback/pay-uni/notify`.",
);

const FOLLOW_UP: Input = Input::Body {
    schema: "CreditChargeFollowUpRequest",
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

const NEW: Input = body(
    "CreditChargeRequest",
    &[
        (
            "pay_uni",
            || json!({"quantity": 500, "payment_type": "pay_uni", "return_url": "https://shop.example/topped-up"}),
        ),
        (
            "bank_transfer",
            || json!({"quantity": 500, "payment_type": "bank_transfer"}),
        ),
    ],
);

pub static OPERATIONS: &[Operation] = &[
    Operation {
        method: "POST",
        path: "/platform/organization/credit/charge",
        caller: CallerKind::Key,
        id: "createCreditCharge",
        tag: NAME,
        summary: "Buy credit",
        description: "Makes a charge that waits to be paid. `total` is the price of `quantity` credits in whole TWD, rounded up. A charge over \
            PAYUNi is paid with `POST …/pay`; for a transfer, `bank_account` says where to, and `POST …/remittance` takes the proof. \
            After the payment the payer's browser goes to `return_url`, to which `credit_charge_id` is added, or to our own page.",
        input: NEW,
        answer: "CreditChargeResponse",
        example: waiting,
        refusals: || together([post(), new()]),
    },
    Operation {
        method: "GET",
        path: "/platform/organization/credit/charge",
        caller: CallerKind::Key,
        id: "listCreditCharges",
        tag: NAME,
        summary: "The charges",
        description: "The organization's charges, the newest first unless `$orderby` says otherwise.",
        input: Input::List {
            entity: &ENTITY,
            filters: &[
                "credit_charge_status eq 'wait_payment'",
                "payment_type eq 'pay_uni' and create_date_time ge 2026-06-01T00:00:00Z",
                "id eq 01999d1c-5e00-7a41-8c2b-3f9e60d1b708",
            ],
            orderby: "create_date_time desc",
        },
        answer: "CreditChargeResponsePagedResponse",
        example: || page(&paid()),
        refusals: || list(&ENTITY),
    },
    Operation {
        method: "GET",
        path: "/platform/organization/credit/charge/{credit_charge_id}",
        caller: CallerKind::Key,
        id: "getCreditCharge",
        tag: NAME,
        summary: "A charge",
        description: "As it stands here; `POST …/sync` asks PAYUNi.",
        input: Input::None,
        answer: "CreditChargeResponse",
        example: paid,
        refusals: || together([call(), theirs(E::CreditChargeNotBelongOrganization)]),
    },
    Operation {
        method: "POST",
        path: "/platform/organization/credit/charge/{credit_charge_id}/pay",
        caller: CallerKind::Key,
        id: "payCreditCharge",
        tag: NAME,
        summary: "Pay a charge over PAYUNi",
        description: "Begins an attempt: have the payer's browser post the four fields to `url` as a form. An attempt counts for ten minutes; \
            the next one needs another call. The charge must be `pay_uni` and `wait_payment`.",
        input: FOLLOW_UP,
        answer: "PayUniFormResponse",
        example: form,
        refusals: || together([about(), wrong_type(), wrong_status(), attempts()]),
    },
    Operation {
        method: "POST",
        path: "/platform/organization/credit/charge/{credit_charge_id}/remittance",
        caller: CallerKind::Key,
        id: "remitCreditCharge",
        tag: NAME,
        summary: "Send the proof of a transfer",
        description: "`file_id` is a file uploaded before, `last_five` the last five digits of the bank account that the money came from. The \
            operator compares both with the bank's statement. A later proof replaces the one before. The charge must be \
            `bank_transfer` and `wait_payment`.",
        input: body(
            "CreditChargeRemittanceRequest",
            &[("proof", || json!({"file_id": FILE, "last_five": "04821"}))],
        ),
        answer: "CreditChargeResponse",
        example: remitted,
        refusals: || {
            let own = vec![
                required("file_id").into(),
                required("last_five").into(),
                invalid("file_id", Format::Uuid).into(),
                invalid("last_five", Format::FiveDigits).into(),
                E::fields(vec![not_temporary("file_id")]).into(),
                not_there(Subject::File).into(),
            ];
            together([about(), wrong_type(), wrong_status(), own])
        },
    },
    Operation {
        method: "POST",
        path: "/platform/organization/credit/charge/{credit_charge_id}/cancel",
        caller: CallerKind::Key,
        id: "cancelCreditCharge",
        tag: NAME,
        summary: "Give a charge up",
        description: "The charge must be `wait_payment`.",
        input: FOLLOW_UP,
        answer: "CreditChargeResponse",
        example: given_up,
        refusals: || together([about(), wrong_status()]),
    },
    Operation {
        method: "POST",
        path: "/platform/organization/credit/charge/{credit_charge_id}/sync",
        caller: CallerKind::Key,
        id: "syncCreditCharge",
        tag: NAME,
        summary: "Bring a charge up to date",
        description: "Asks PAYUNi what became of the attempts, and answers with the charge as it stands then. The charge must be `pay_uni`; \
            `pay_uni_order_not_found`: PAYUNi knows of no attempt, which is so until a payer's browser has sent the form.",
        input: FOLLOW_UP,
        answer: "CreditChargeResponse",
        example: paid,
        refusals: || {
            let own = vec![
                E::PayUniOrderNotFound.into(),
                support(SupportReason::NoPaymentGateway).into(),
                support(SupportReason::PaymentGatewayUnavailable).into(),
            ];
            together([about(), wrong_type(), own])
        },
    },
    Operation {
        method: "POST",
        path: "/account/organization/{organization_id}/credit-charge",
        caller: CallerKind::Person,
        id: "createAccountCreditCharge",
        tag: NAME,
        summary: "Buy credit for an organization",
        description: "As an organization does with its key, for somebody who is a member.",
        input: NEW,
        answer: "CreditChargeResponse",
        example: waiting,
        refusals: || together([write(), named(), vec![E::OrganizationDisable.into()], new()]),
    },
    Operation {
        method: "GET",
        path: "/account/credit-charge/{credit_charge_id}",
        caller: CallerKind::Person,
        id: "getAccountCreditCharge",
        tag: NAME,
        summary: "A charge of one's own",
        description: "For the person who made it.",
        input: Input::None,
        answer: "CreditChargeResponse",
        example: paid,
        refusals: own,
    },
    Operation {
        method: "POST",
        path: "/account/credit-charge/{credit_charge_id}/pay",
        caller: CallerKind::Person,
        id: "payAccountCreditCharge",
        tag: NAME,
        summary: "Pay a charge of one's own over PAYUNi",
        description: "As an organization does with its key.",
        input: Input::None,
        answer: "PayUniFormResponse",
        example: form,
        refusals: || together([own(), wrong_type(), wrong_status(), attempts()]),
    },
    Operation {
        method: "POST",
        path: "/account/credit-charge/{credit_charge_id}/cancel",
        caller: CallerKind::Person,
        id: "cancelAccountCreditCharge",
        tag: NAME,
        summary: "Give a charge of one's own up",
        description: "The charge must be `wait_payment`.",
        input: Input::None,
        answer: "CreditChargeResponse",
        example: given_up,
        refusals: || together([own(), wrong_status()]),
    },
];

/// What the body of a new charge can be refused with.
fn new() -> Vec<Sample> {
    let not_payable = field("payment_type", |property| E::NotAllowedEnumValues {
        property,
        allowed: PAYABLE.join(", "),
    });
    vec![
        required("quantity").into(),
        required("payment_type").into(),
        invalid("quantity", Format::Integer).into(),
        outside("quantity", LARGEST_NUMBER).into(),
        outside("quantity", 199_999).into(),
        invalid("payment_type", Format::Text).into(),
        not_payable.into(),
        invalid("return_url", Format::Url).into(),
        too_long("return_url", LONGEST_LINK).into(),
        E::CreditChargePaymentTypeIncorrect.into(),
    ]
}

/// What names a charge in its path.
fn theirs(others: E) -> Vec<Sample> {
    vec![
        invalid("credit_charge_id", Format::Uuid).into(),
        not_there(Subject::Charge).into(),
        others.into(),
    ]
}

/// What an organization names in the path of a step.
pub fn charge_named() -> Vec<Sample> {
    let wrong = E::CreditChargeStatusIncorrect.into();
    together([theirs(E::CreditChargeNotBelongOrganization), vec![wrong]])
}

/// Anything with effects elsewhere.
pub fn step() -> Vec<Sample> {
    let in_use = vec![conflict(Conflict::IdempotencyKeyInUse)];
    together([post(), in_use])
}

/// Anything sent about a charge by its organization.
fn about() -> Vec<Sample> {
    together([step(), theirs(E::CreditChargeNotBelongOrganization)])
}

/// Anything about a charge by the person who made it.
fn own() -> Vec<Sample> {
    together([person(), theirs(E::CreditChargeNotBelongAccount)])
}

fn wrong_type() -> Vec<Sample> {
    vec![E::CreditChargePaymentTypeIncorrect.into()]
}

fn wrong_status() -> Vec<Sample> {
    vec![E::CreditChargeStatusIncorrect.into()]
}

fn attempts() -> Vec<Sample> {
    vec![
        support(SupportReason::NoPaymentGateway).into(),
        support(SupportReason::TooManyPayments).into(),
    ]
}

const FILE: FileId = Id::from_u128(0x0199_9d1c_6f00_7c52_9d3c_4a0f_71e2_c809);

fn charge() -> ChargeResponse {
    ChargeResponse {
        credit_charge_id: Id::from_u128(0x0199_9d1c_5e00_7a41_8c2b_3f9e_60d1_b708),
        credit_charge_number: "CC-202606020001".into(),
        organization_id: ORGANIZATION,
        account_id: None,
        quantity: 500,
        total: 500,
        payment_type: PaymentType::PayUni,
        credit_charge_status: ChargeStatus::WaitPayment,
        pay_uni_trade_no: None,
        bank_account: None,
        last_five: None,
        file_id: None,
        expire_date_time: CHANGED,
        create_date_time: PLACED,
        update_date_time: None,
    }
}

fn shown(charge: &ChargeResponse) -> Value {
    // Wire types have string keys and finite numbers: they always serialize.
    serde_json::to_value(charge).unwrap_or_default()
}

fn waiting() -> Value {
    shown(&charge())
}

fn paid() -> Value {
    shown(&ChargeResponse {
        credit_charge_status: ChargeStatus::Complete,
        pay_uni_trade_no: Some("1780374660123456".into()),
        update_date_time: Some(CHANGED),
        ..charge()
    })
}

fn given_up() -> Value {
    shown(&ChargeResponse {
        credit_charge_status: ChargeStatus::Cancel,
        update_date_time: Some(CHANGED),
        ..charge()
    })
}

fn remitted() -> Value {
    shown(&ChargeResponse {
        payment_type: PaymentType::BankTransfer,
        bank_account: Some("Bank 812, account 1234-5678-9012, Example Ltd.".into()),
        last_five: Some("04821".into()),
        file_id: Some(FILE),
        update_date_time: Some(CHANGED),
        ..charge()
    })
}

fn form() -> Value {
    let form = PayForm {
        url: "https://api.payuni.com.tw/api/upp".into(),
        mer_id: "EXAMPLE".into(),
        version: "2.0".into(),
        encrypt_info: "6a1f…".into(),
        hash_info: "9B2C…".into(),
    };
    serde_json::to_value(form).unwrap_or_default()
}

/// The schemas of the area.
pub fn schemas() -> Vec<Named> {
    let dollars =
        || json!({"type": "integer", "format": "int64", "minimum": 1, "description": "Whole TWD."});
    let five = || described(text(), "5 digits.");
    vec![
        (
            "CreditChargeStatus",
            literals(
                "How far a charge is. `complete` is final; the others become `complete` when money comes all the same.",
                ChargeStatus::NAMES,
            ),
        ),
        (
            "CreditChargeResponse",
            record(
                "A purchase of credit.",
                vec![
                    ("credit_charge_id", uuid()),
                    ("credit_charge_number", number_for_people("CC")),
                    ("organization_id", uuid()),
                    (
                        "account_id",
                        described(
                            nullable(uuid()),
                            "The person who made it, or the key it was made with.",
                        ),
                    ),
                    ("quantity", credits()),
                    ("total", dollars()),
                    ("payment_type", reference("PaymentType")),
                    ("credit_charge_status", reference("CreditChargeStatus")),
                    (
                        "pay_uni_trade_no",
                        described(nullable(text()), "PAYUNi's number of the payment."),
                    ),
                    (
                        "bank_account",
                        described(
                            nullable(text()),
                            "Where to transfer the total to, in words for people.",
                        ),
                    ),
                    (
                        "last_five",
                        described(
                            nullable(five()),
                            "The last digits of the bank account that the transfer came from.",
                        ),
                    ),
                    (
                        "file_id",
                        described(nullable(uuid()), "The proof of the transfer."),
                    ),
                    ("expire_date_time", date_time()),
                    ("create_date_time", date_time()),
                    ("update_date_time", nullable(date_time())),
                ],
            ),
        ),
        (
            "CreditChargeResponsePagedResponse",
            paged("CreditChargeResponse"),
        ),
        (
            "CreditChargeRequest",
            request(
                &["quantity", "payment_type"],
                vec![
                    organization_id(),
                    ("quantity", described(number(), "Credits.")),
                    ("payment_type", literals("How it will be paid.", &PAYABLE)),
                    ("return_url", nullable(link())),
                ],
            ),
        ),
        (
            "CreditChargeRemittanceRequest",
            request(
                &["file_id", "last_five"],
                vec![
                    organization_id(),
                    ("file_id", uuid()),
                    ("last_five", five()),
                ],
            ),
        ),
        (
            "CreditChargeFollowUpRequest",
            request(&[], vec![organization_id()]),
        ),
        (
            "PayUniFormResponse",
            record(
                "A form that the payer's browser posts to `url`; the other properties are its fields.",
                vec![
                    ("url", text()),
                    ("MerID", text()),
                    ("Version", text()),
                    ("EncryptInfo", text()),
                    ("HashInfo", text()),
                ],
            ),
        ),
    ]
}
