//! An answer with each code, made by the code that makes the real ones; for codes that never stand in an answer, what
//! the page in the browser gets.

use catalogue::openapi_v2::{
    self, ActionProblem, AuthorizationProblem, CertificateProblem, CodeProblem, FieldIssue,
    FieldProblem, Issue, KeyProblem, MissingRight, OpenapiV2Error, Period, Problem, StatusProblem,
    TargetProblem, TimeProblem, UpstreamFault, ValueForm, VerificationProblem,
};
use catalogue::platform::{
    Conflict, Credential, FieldError, Format, InvoiceObstacle, InvoiceRefusal, InvoiceState,
    OrderRefusal, PlatformError, Property, Subject, SupportReason, UploadRefusal,
};
use catalogue::recur::{self, RecurError};
use catalogue::{Entry, Face};
use kernel::{Credits, Locale};

/// Where a code stands.
pub struct Example {
    /// Of an answer.
    pub status: Option<u16>,
    /// Of an answer, indented JSON; otherwise what the browser's console shows.
    pub body: String,
}

impl Example {
    /// `None` for a code of which no sample has been written.
    pub fn of(entry: &Entry, locale: Locale) -> Option<Self> {
        let (status, body) = match entry.face {
            Face::Platform => {
                let (status, body) = platform(entry.code)?.respond(locale);
                (Some(status), serde_json::to_string_pretty(&body).ok()?)
            }
            Face::Recur => {
                let (status, body) = recur(entry.code)?.respond(locale, "");
                (Some(status), serde_json::to_string_pretty(&body).ok()?)
            }
            Face::CardForm => (None, card_form(entry)),
            Face::OpenapiV2 => {
                let (status, body) = openapi_v2(entry.code)?.respond(locale);
                (Some(status), serde_json::to_string_pretty(&body).ok()?)
            }
        };
        Some(Self { status, body })
    }
}

fn field(property: &'static str, error: impl FnOnce(Property) -> PlatformError) -> PlatformError {
    PlatformError::fields(vec![FieldError::at(property, error(property.into()))])
}

fn platform(code: &str) -> Option<PlatformError> {
    use PlatformError as E;
    Some(match code {
        "un_handle_exception" => E::UnHandleException {
            incident: "01999d1c-2f60-7c3a-9b52-6e0d4a8f1c77".into(),
        },
        "data_validation_failed" | "field_is_required" => {
            field("product_id", |property| E::FieldIsRequired { property })
        }
        "o_data_failed" => E::ODataFailed {
            detail: "$top must be between 1 and 100.".into(),
        },
        "token_validation_failed" => E::TokenValidationFailed {
            what: Credential::PrivateKey,
        },
        "data_not_exist" => E::DataNotExist {
            what: Subject::Product,
        },
        "robot_validation_failed" => E::RobotValidationFailed,
        "not_allowed_enum_values" => field("delay_minutes", |property| {
            E::NotAllowedEnumValues {
            property,
            allowed: "min0, min5, min10, min15, min30, min60, min90, min120, min150, min180, min210, min240, min270, min300, min360, min420, min480, min540, min600".into(),
        }
        }),
        "value_out_of_range" => field("quantity", |property| E::ValueOutOfRange {
            property,
            min: 1,
            max: 10_000_000,
        }),
        "failed_to_upload_file" => E::FailedToUploadFile {
            reason: UploadRefusal::NoFile,
        },
        "organization_disable" => E::OrganizationDisable,
        "organization_id_incorrect" => E::OrganizationIdIncorrect,
        "sequence_at_least_one_element" => field("order_ids", |property| {
            E::SequenceAtLeastOneElement { property }
        }),
        "credit_not_enough" => E::CreditNotEnough {
            needed: Credits::new(1200),
            available: Credits::new(50),
        },
        "create_order_failed" => E::CreateOrderFailed {
            reason: OrderRefusal::OffSale,
        },
        "string_length_out_of_range" => field("comments", |property| E::StringLengthOutOfRange {
            property,
            min: 1,
            max: 10_000,
        }),
        "invalid_email_format" => field("email", |property| E::InvalidEmailFormat { property }),
        "invalid_format" => field("link", |property| E::InvalidFormat {
            property,
            expected: Format::Url,
        }),
        "file_type_must_be_temp" => field("file_id", |property| E::FileTypeMustBeTemp { property }),
        "organization_not_belong_account" => E::OrganizationNotBelongAccount,
        "mobile_phone_only" => field("phone", |property| E::MobilePhoneOnly { property }),
        "phone_number_invalid" => field("phone", |property| E::PhoneNumberInvalid { property }),
        "get_invoice_failed" => E::GetInvoiceFailed {
            reason: InvoiceRefusal::NoAnswer,
        },
        "invoice_provider_not_allow_invoice_receive_type" => {
            E::InvoiceProviderNotAllowInvoiceReceiveType
        }
        "invoice_provider_not_allow_invoice_tax_type" => E::InvoiceProviderNotAllowInvoiceTaxType,
        "create_invoice_failed" => E::CreateInvoiceFailed {
            reason: InvoiceObstacle::AlreadyInvoiced,
        },
        "invoice_not_found" => E::InvoiceNotFound,
        "invoice_status_incorrect" => E::InvoiceStatusIncorrect {
            state: InvoiceState::Draft,
        },
        "issue_invoice_failed" => E::IssueInvoiceFailed {
            reason: InvoiceRefusal::NumbersUsedUp,
        },
        "void_invoice_failed" => E::VoidInvoiceFailed {
            reason: InvoiceRefusal::HasAllowance,
        },
        "get_invoice_print_url_failed" => E::GetInvoicePrintUrlFailed {
            reason: InvoiceRefusal::NotPrintable,
        },
        "credit_charge_payment_type_incorrect" => E::CreditChargePaymentTypeIncorrect,
        "credit_charge_status_incorrect" => E::CreditChargeStatusIncorrect,
        "credit_charge_not_belong_organization" => E::CreditChargeNotBelongOrganization,
        "credit_charge_not_belong_account" => E::CreditChargeNotBelongAccount,
        "batch_operation_failed" => E::BatchOperationFailed {
            items: vec![FieldError::at(
                "order_ids[0]",
                E::DataNotExist {
                    what: Subject::Order,
                },
            )],
        },
        "invalid_expiry_date" => E::InvalidExpiryDate,
        "conflicting_parameters" => E::ConflictingParameters {
            conflict: Conflict::LinkAndUsername,
        },
        "below_minimum_quantity" => E::BelowMinimumQuantity { min: 10 },
        "exceeds_maximum_quantity" => E::ExceedsMaximumQuantity { max: 100_000 },
        "contact_customer_service" => E::ContactCustomerService {
            reason: SupportReason::SupplierUnavailable,
        },
        "incorrect_service_id" => E::IncorrectServiceId,
        "incorrect_order_id" => E::IncorrectOrderId,
        "pay_uni_order_not_found" => E::PayUniOrderNotFound,
        _ => return None,
    })
}

fn recur(code: &str) -> Option<RecurError> {
    use RecurError as E;
    Some(match code {
        "bad_request" => E::BadRequest {
            reason: recur::BadRequest::MissingFields(
                ["sessionId", "productId", "email"]
                    .map(str::to_owned)
                    .to_vec(),
            ),
        },
        "unauthorized" => E::Unauthorized {
            reason: recur::UnauthorizedReason::Invalid,
        },
        "payment_required" => E::PaymentRequired {
            failure: recur::PaymentFailure::CardDeclined,
        },
        "forbidden" => E::Forbidden {
            reason: recur::ForbiddenReason::Resource,
        },
        "not_found" => E::NotFound {
            what: recur::Resource::Product,
        },
        "conflict" => E::Conflict {
            conflict: recur::Conflict::DuplicateSubscription {
                existing_subscription_id: "sub_xxxxx".into(),
                status: "ACTIVE",
            },
        },
        "validation_error" => E::ValidationError {
            issues: vec![recur::Issue::at("email", recur::Problem::InvalidEmail)],
        },
        "rate_limit_exceeded" => E::RateLimitExceeded,
        "internal_server_error" => E::InternalServerError {
            incident: "01999d1c-2f60-7c3a-9b52-6e0d4a8f1c77".into(),
        },
        _ => return None,
    })
}

/// `start()` throws errors of the token; `getTradeResult()` resolves to a result with the others. PAYUNi speaks Chinese.
fn card_form(entry: &Entry) -> String {
    let code = entry.code;
    if code.starts_with("OBJ") {
        return format!("Error: Token Error (Code: {code})");
    }
    let message = entry.message(Locale::ZhTw);
    format!("{{\n  \"Status\": \"{code}\",\n  \"Message\": \"{message}\"\n}}")
}

fn openapi_v2(code: &str) -> Option<OpenapiV2Error> {
    use OpenapiV2Error as E;
    let field = |field: &str, problem| {
        vec![FieldIssue {
            field: field.into(),
            problem,
        }]
    };
    Some(match code {
        "400" => E::BadRequest {
            message: "Bad request".into(),
        },
        "401" => E::Unauthorized {
            problem: KeyProblem::Missing,
        },
        "403" => E::Forbidden {
            right: MissingRight::Write,
        },
        "404" => E::NotFound {
            what: openapi_v2::Resource::Code,
        },
        "429" => E::TooManyRequests,
        "502" => E::BadGateway {
            fault: UpstreamFault::TimedOut,
        },
        "100300" => E::SystemError {
            incident: "01999d1c-2f60-7c3a-9b52-6e0d4a8f1c77".into(),
        },
        "100301" => E::InvalidRequestParameters {
            issues: vec![
                Issue::at("tpl_id", Problem::Required),
                Issue::at("page_size", Problem::OutOfRange { min: 1, max: 50 }),
            ],
        },
        "100302" => E::UnsupportedVersion {
            version: "v3".into(),
        },
        "100303" => E::RecordNotFound,
        "100304" => E::FormNotFound,
        "100305" => E::UnsupportedOutputFormat {
            allowed: vec!["json", "json-ld", "markdown"],
        },
        "100306" => E::FormNotAssigned,
        "100307" => E::DuplicateSubmission {
            issues: field("Mobile", FieldProblem::Duplicate),
        },
        "100308" => E::RequiredFieldEmpty {
            issues: field("Name", FieldProblem::Empty),
        },
        "100309" => E::FieldValidationFailed {
            issues: field(
                "Mobile",
                FieldProblem::Format {
                    expected: ValueForm::Mobile,
                },
            ),
        },
        "100310" => E::ResourceExpired {
            issues: field("Photo", FieldProblem::UploadExpired),
        },
        "100311" => E::UserLimitReached {
            limit: 1,
            period: Period::Day,
        },
        "100312" => E::FormLimitReached {
            limit: 100,
            period: Period::Total,
        },
        "100313" => E::NotAtThisTime {
            problem: TimeProblem::OutsideHours,
        },
        "100314" => E::NotInThisCodeState {
            problem: CodeProblem::Disabled,
        },
        "100315" => E::ApiKeyDisabled {
            state: openapi_v2::KeyState::Disabled,
        },
        "100316" => E::OrganizationMismatch,
        "100317" => E::NoCodesInCategory,
        "100318" => E::TooManyCodes { limit: 1000 },
        "100319" => E::VerificationFailed {
            problem: VerificationProblem::Overtaken,
        },
        "100320" => E::InvalidCertificateCode {
            problem: CertificateProblem::NoCertificate,
        },
        "100321" => E::VerificationNotEnabled,
        "100322" => E::RecordNotApproved {
            status: "pending".into(),
        },
        "100323" => E::ScopeMismatch {
            parameters: vec!["tpl_id"],
        },
        "100324" => E::NotInThisStatus {
            problem: StatusProblem::Final {
                status: "已核销".into(),
            },
        },
        "100325" => E::InvalidAction {
            problem: ActionProblem::Unknown,
        },
        "100326" => E::InvalidTargetStatus {
            problem: TargetProblem::Unknown {
                status: "已退款".into(),
            },
        },
        "100327" => E::InvalidAuthorizationCode {
            problem: AuthorizationProblem::Expired,
        },
        "100328" => E::NoPermissionToVerify,
        "100329" => E::IdentityRequired {
            fields: vec!["operator.name", "operator.phone"],
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_stands_in_its_example() {
        for entry in catalogue::entries() {
            for locale in Locale::ALL {
                let example = Example::of(entry, locale);
                let example = example.unwrap_or_else(|| panic!("no example of {}", entry.path()));
                let code = match entry.face {
                    Face::Platform => format!("\"result_code\": \"{}\"", entry.code),
                    Face::Recur => format!("\"code\": \"{}\"", entry.code),
                    Face::CardForm => entry.code.to_owned(),
                    Face::OpenapiV2 => format!("code\": {}", entry.code),
                };
                assert!(example.body.contains(&code), "{}", example.body);
                assert_eq!(example.status, entry.http_status(), "{}", entry.path());
            }
        }
    }
}
