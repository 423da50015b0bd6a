//! What each operation can be refused with: sample errors, answered by the code that answers the real ones.

use crate::face::PlatformFace;
use crate::face::fields::MOST_IDS;
use crate::face::limits::{
    LARGEST_BODY, LARGEST_NUMBER, LONGEST_COMMENTS, LONGEST_LINK, LONGEST_USERNAME,
};
use crate::model::DelayMinutes;
use crate::odata::{Entity, ListQuery};
use catalogue::PlatformError as E;
use catalogue::platform::{
    Conflict, Credential, FieldError, Format, OrderRefusal, Property, Subject, SupportReason,
};
use httpkit::{Face, Transport};
use kernel::{Credits, Locale};
use serde_json::Value;
use std::time::Duration;

/// One refusal as it is sent.
pub struct Sample {
    /// HTTP status.
    pub status: u16,
    /// An `ErrorResponse`.
    pub body: Value,
}

impl Sample {
    /// The answer's own code.
    pub fn code(&self) -> &str {
        self.body["result_code"].as_str().unwrap_or_default()
    }

    /// The fields at fault.
    pub fn items(&self) -> impl Iterator<Item = &Value> {
        let items = self.body["validation_failed_responses"].as_array();
        items.into_iter().flatten()
    }

    /// The codes of the fields at fault.
    pub fn field_codes(&self) -> impl Iterator<Item = &str> {
        self.items().filter_map(|item| item["result_code"].as_str())
    }
}

impl From<E> for Sample {
    fn from(error: E) -> Self {
        let (status, body) = error.respond(Locale::En);
        // An `ErrorResponse` has string keys only: it always serializes.
        let body = serde_json::to_value(body).unwrap_or_default();
        Self { status, body }
    }
}

impl From<Transport> for Sample {
    fn from(transport: Transport) -> Self {
        let reply = PlatformFace.transport(transport).render(Locale::En, "");
        Self {
            status: transport.status().as_u16(),
            body: serde_json::from_slice(&reply.body).unwrap_or_default(),
        }
    }
}

/// What any call that shows a credential can be refused with.
pub(super) fn call_of(what: Credential) -> Vec<Sample> {
    let retry_after = Duration::from_secs(29);
    let incident = "01999d1c-2f60-7c3a-9b52-6e0d4a8f1c77".into();
    vec![
        E::TokenValidationFailed { what }.into(),
        Transport::RateLimited { retry_after }.into(),
        E::UnHandleException { incident }.into(),
        Transport::TimedOut.into(),
    ]
}

/// What any call with a key can be refused with.
pub(super) fn call() -> Vec<Sample> {
    let own = vec![
        E::OrganizationDisable.into(),
        E::OrganizationIdIncorrect.into(),
        invalid("organization_id", Format::Uuid).into(),
    ];
    together([call_of(Credential::PrivateKey), own])
}

/// Reading one thing.
pub fn read() -> Vec<Sample> {
    call()
}

/// Reading a list.
pub fn list(entity: &'static Entity) -> Vec<Sample> {
    let refused = |query| {
        let detail = ListQuery::parse(query, entity).err().unwrap_or_default();
        Sample::from(E::ODataFailed { detail })
    };
    let own = vec![refused("$top=101"), refused("$filter=unknown+eq+1")];
    together([call(), own])
}

/// Anything with a body.
pub(super) fn post() -> Vec<Sample> {
    let limit = LARGEST_BODY;
    let own = vec![
        body_is_no_object().into(),
        invalid("content-type", Format::JsonContentType).into(),
        invalid("idempotency-key", Format::IdempotencyKey).into(),
        conflict(Conflict::IdempotencyKeyReused),
        Transport::BodyIncomplete.into(),
        Transport::BodyTooLarge { limit }.into(),
    ];
    together([call(), own])
}

/// Placing an order of any kind.
fn place() -> Vec<Sample> {
    let own = vec![
        required("product_id").into(),
        invalid("product_id", Format::Uuid).into(),
        not_there(Subject::Product).into(),
        failed(OrderRefusal::OffSale).into(),
        failed(OrderRefusal::WrongProductType).into(),
        failed(OrderRefusal::SupplierRefused).into(),
        E::BelowMinimumQuantity { min: 10 }.into(),
        E::ExceedsMaximumQuantity { max: 100_000 }.into(),
        E::CreditNotEnough {
            needed: Credits::new(1200),
            available: Credits::new(50),
        }
        .into(),
        E::IncorrectServiceId.into(),
        support(SupportReason::SupplierAccount).into(),
        support(SupportReason::SupplierUnavailable).into(),
    ];
    together([post(), own])
}

/// `/order/ch2/default`.
pub fn place_default() -> Vec<Sample> {
    let own = vec![
        required("quantity").into(),
        required("interval_minutes").into(),
        required("link").into(),
        required("username").into(),
        invalid("quantity", Format::Integer).into(),
        invalid("link", Format::Url).into(),
        invalid("username", Format::Text).into(),
        outside("quantity", LARGEST_NUMBER).into(),
        outside("runs", LARGEST_NUMBER).into(),
        too_long("link", LONGEST_LINK).into(),
        too_long("username", LONGEST_USERNAME).into(),
        conflict(Conflict::LinkAndUsername),
        failed(OrderRefusal::NoDripFeed).into(),
        failed(OrderRefusal::LinkRefused).into(),
        failed(OrderRefusal::LinkDuplicate).into(),
    ];
    together([place(), own])
}

/// `/order/ch2/comment-likes`.
pub fn place_comment_likes() -> Vec<Sample> {
    let own = vec![
        required("quantity").into(),
        required("link").into(),
        required("username").into(),
        invalid("quantity", Format::Integer).into(),
        invalid("link", Format::Url).into(),
        invalid("username", Format::Text).into(),
        outside("quantity", LARGEST_NUMBER).into(),
        too_long("link", LONGEST_LINK).into(),
        too_long("username", LONGEST_USERNAME).into(),
        failed(OrderRefusal::LinkRefused).into(),
        failed(OrderRefusal::LinkDuplicate).into(),
    ];
    together([place(), own])
}

/// `/order/ch2/custom-comments`.
pub fn place_custom_comments() -> Vec<Sample> {
    let own = vec![
        required("comments").into(),
        required("link").into(),
        invalid("comments", Format::Text).into(),
        invalid("link", Format::Url).into(),
        too_long("comments", LONGEST_COMMENTS).into(),
        too_long("link", LONGEST_LINK).into(),
        failed(OrderRefusal::CommentRefused).into(),
        failed(OrderRefusal::LinkRefused).into(),
        failed(OrderRefusal::LinkDuplicate).into(),
    ];
    together([place(), own])
}

/// `/order/ch2/subscriptions`.
pub fn place_subscriptions() -> Vec<Sample> {
    let own = vec![
        required("username").into(),
        required("min_quantity").into(),
        required("max_quantity").into(),
        required("new_post_count").into(),
        invalid("username", Format::Text).into(),
        invalid("max_quantity", Format::Integer).into(),
        invalid("delay_minutes", Format::Text).into(),
        invalid("expiry_date", Format::DateTime).into(),
        outside("max_quantity", LARGEST_NUMBER).into(),
        outside("min_quantity", 20).into(),
        not_a_delay().into(),
        too_long("username", LONGEST_USERNAME).into(),
        E::InvalidExpiryDate.into(),
    ];
    together([place(), own])
}

/// What may be asked of orders later, and what else each wish can be refused for.
#[derive(Clone, Copy, Debug)]
pub enum Wish {
    /// Deliver again what was lost.
    Refill,
    /// Stop.
    Cancel,
    /// Say how far it is.
    Sync,
}

impl Wish {
    fn refusals(self) -> &'static [OrderRefusal] {
        match self {
            Self::Refill => &[OrderRefusal::NotRefillable, OrderRefusal::NotCompleted],
            Self::Cancel => &[OrderRefusal::NotCancelable, OrderRefusal::AlreadyEnded],
            Self::Sync => &[],
        }
    }
}

/// Something asked of orders that were placed before.
fn follow_up() -> Vec<Sample> {
    let own = vec![
        conflict(Conflict::IdempotencyKeyInUse),
        failed(OrderRefusal::SupplierRefused).into(),
        support(SupportReason::SupplierAccount).into(),
        support(SupportReason::SupplierUnavailable).into(),
    ];
    together([post(), own])
}

/// A wish about several orders.
pub fn many(wish: Wish) -> Vec<Sample> {
    let mut reasons = vec![
        not_there(Subject::Order),
        E::IncorrectOrderId,
        support(SupportReason::SupplierUnavailable),
        failed(OrderRefusal::SupplierRefused),
    ];
    reasons.extend(wish.refusals().iter().copied().map(failed));
    let items = reasons
        .into_iter()
        .enumerate()
        .map(|(place, error)| FieldError::at(format!("order_ids[{place}]"), error))
        .collect();
    let own = vec![
        required("order_ids").into(),
        empty("order_ids").into(),
        outside("order_ids", MOST_IDS).into(),
        invalid("order_ids", Format::List).into(),
        invalid("order_ids[1]", Format::Uuid).into(),
        E::BatchOperationFailed { items }.into(),
    ];
    together([follow_up(), own])
}

/// A wish about the order in the path.
pub fn one(wish: Wish) -> Vec<Sample> {
    let own = vec![
        invalid("order_id", Format::Uuid).into(),
        not_there(Subject::Order).into(),
        E::IncorrectOrderId.into(),
    ];
    let reasons = wish.refusals().iter().map(|r| failed(*r).into()).collect();
    together([follow_up(), own, reasons])
}

pub(super) fn together<const N: usize>(groups: [Vec<Sample>; N]) -> Vec<Sample> {
    groups.into_iter().flatten().collect()
}

pub(super) fn field(property: &'static str, error: impl FnOnce(Property) -> E) -> E {
    E::fields(vec![FieldError::at(property, error(property.into()))])
}

pub(super) fn required(property: &'static str) -> E {
    field(property, |property| E::FieldIsRequired { property })
}

pub(super) fn invalid(property: &'static str, expected: Format) -> E {
    field(property, |property| E::InvalidFormat { property, expected })
}

pub(super) fn outside(property: &'static str, max: i64) -> E {
    let min = 1;
    field(property, |property| E::ValueOutOfRange {
        property,
        min,
        max,
    })
}

pub(super) fn too_long(property: &'static str, max: i64) -> E {
    let min = 1;
    field(property, |property| E::StringLengthOutOfRange {
        property,
        min,
        max,
    })
}

pub(super) fn empty(property: &'static str) -> E {
    field(property, |property| E::SequenceAtLeastOneElement {
        property,
    })
}

pub(super) fn not_a_delay() -> E {
    let allowed = DelayMinutes::LITERALS.join(", ");
    field("delay_minutes", |property| E::NotAllowedEnumValues {
        property,
        allowed,
    })
}

pub(super) fn body_is_no_object() -> E {
    E::fields(vec![FieldError {
        property: None,
        error: E::InvalidFormat {
            property: "body".into(),
            expected: Format::JsonObject,
        },
    }])
}

pub(super) fn not_there(what: Subject) -> E {
    E::DataNotExist { what }
}

pub(super) fn failed(reason: OrderRefusal) -> E {
    E::CreateOrderFailed { reason }
}

pub(super) fn support(reason: SupportReason) -> E {
    E::ContactCustomerService { reason }
}

pub(super) fn conflict(conflict: Conflict) -> Sample {
    E::ConflictingParameters { conflict }.into()
}
