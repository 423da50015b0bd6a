//! The table of operations.

use super::charges;
use super::files;
use super::invoices;
use super::people;
use super::refusals::{self, Sample, Wish};
use super::values;
use crate::odata::Entity;
use crate::repo::{orders, products, records};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// One operation of the face.
#[derive(Clone, Copy)]
pub struct Operation {
    /// `GET`, `POST`, `PATCH` or `DELETE`.
    pub method: &'static str,
    /// The whole path, with its parameters in braces.
    pub path: &'static str,
    /// Who may call it.
    pub caller: CallerKind,
    /// For generated clients.
    pub(super) id: &'static str,
    pub(super) tag: &'static str,
    pub(super) summary: &'static str,
    pub(super) description: &'static str,
    pub(super) input: Input,
    /// The schema of the 200 answer.
    pub(super) answer: &'static str,
    pub(super) example: fn() -> Value,
    pub(super) refusals: fn() -> Vec<Sample>,
}

/// Who may call an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerKind {
    /// An organization, by its private key.
    Key,
    /// A person, by the access token of a session.
    Person,
    /// Anybody.
    Anybody,
}

/// A name and what makes the value.
pub(super) type Example = (&'static str, fn() -> Value);

/// What an operation takes besides its path.
#[derive(Clone, Copy)]
pub(super) enum Input {
    /// Nothing.
    None,
    /// A list query.
    List {
        entity: &'static Entity,
        /// `$filter` values that work.
        filters: &'static [&'static str],
        /// An `$orderby` value that works.
        orderby: &'static str,
    },
    /// Whether somebody else is asked first.
    Refresh,
    /// A JSON body.
    Body {
        schema: &'static str,
        required: bool,
        examples: &'static [Example],
    },
    /// A form with a file; its schema.
    Form(&'static str),
}

impl Operation {
    /// Whether it takes an `Idempotency-Key`.
    pub(super) fn is_repeatable(&self) -> bool {
        match self.input {
            Input::Form(_) => true,
            Input::Body { .. } => self.caller == CallerKind::Key,
            Input::None | Input::Refresh | Input::List { .. } => false,
        }
    }

    /// The codes that can be the answer's own `result_code`.
    pub fn result_codes(&self) -> BTreeSet<String> {
        let samples = (self.refusals)();
        samples.iter().map(|s| s.code().to_owned()).collect()
    }

    /// The codes that can stand in an item of `validation_failed_responses`.
    pub fn field_codes(&self) -> BTreeSet<String> {
        let samples = (self.refusals)();
        let codes = samples.iter().flat_map(Sample::field_codes);
        codes.map(str::to_owned).collect()
    }

    /// Whether a request with this method and path is answered by this operation.
    fn answers(&self, method: &str, path: &str) -> bool {
        let segments = |path| str::split(path, '/');
        let fits = |(template, segment): (&str, &str)| {
            template == segment || (template.starts_with('{') && !segment.is_empty())
        };
        self.method.eq_ignore_ascii_case(method)
            && segments(self.path).count() == segments(path).count()
            && segments(self.path).zip(segments(path)).all(fits)
    }
}

/// Every operation of the face.
pub fn operations() -> &'static [Operation] {
    &ALL
}

/// The operations of each area, in the order of the document.
static ALL: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    [
        OPERATIONS,
        charges::OPERATIONS,
        invoices::OPERATIONS,
        people::OPERATIONS,
        files::OPERATIONS,
    ]
    .concat()
});

/// Whether the document lists `code` for the operation that answers `method` and `path`, as the answer's own code or as
/// a field's. `path` is a template or a real path, with or without a query.
pub fn lists(method: &str, path: &str, code: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let operation = operations().iter().find(|o| o.answers(method, path));
    operation.is_some_and(|o| o.result_codes().contains(code) || o.field_codes().contains(code))
}

static OPERATIONS: &[Operation] = &[
    Operation {
        method: "GET",
        path: "/platform/organization",
        caller: CallerKind::Key,
        id: "getOrganization",
        tag: ORGANIZATION,
        summary: "The organization of the key",
        description: "Names the organization that the private key belongs to.",
        input: Input::None,
        answer: "OrganizationResponse",
        example: values::organization,
        refusals: refusals::read,
    },
    Operation {
        method: "GET",
        path: "/platform/organization/credit/balance",
        caller: CallerKind::Key,
        id: "getCreditBalance",
        tag: ORGANIZATION,
        summary: "The credit balance",
        description: "The credits that the organization can spend now. Orders are debited when they are placed.",
        input: Input::None,
        answer: "OrganizationCreditBalanceResponse",
        example: values::balance,
        refusals: refusals::read,
    },
    Operation {
        method: "GET",
        path: "/platform/organization/credit/record",
        caller: CallerKind::Key,
        id: "listCreditRecords",
        tag: ORGANIZATION,
        summary: "The credit records",
        description: "Every movement of the organization's credit, the newest first unless `$orderby` says otherwise. \
            `quantity` is negative for a `decrease`. A record that belongs to an order carries it in `order`, without its lines.",
        input: Input::List {
            entity: &records::ENTITY,
            filters: &[
                "type eq 'decrease'",
                "quantity lt -100 and create_date_time ge 2026-06-01T00:00:00Z",
            ],
            orderby: "create_date_time desc",
        },
        answer: "OrganizationCreditRecordResponsePagedResponse",
        example: values::records,
        refusals: || refusals::list(&records::ENTITY),
    },
    Operation {
        method: "GET",
        path: "/platform/product",
        caller: CallerKind::Key,
        id: "listProducts",
        tag: PRODUCT,
        summary: "The products on sale",
        description: "What can be ordered, by `order_no` unless `$orderby` says otherwise. `product_type` names the operation \
            that orders a product: `ch2_default` is ordered with `POST /platform/order/ch2/default`, and so on. \
            `price` is for one unit.",
        input: Input::List {
            entity: &products::ENTITY,
            filters: &[
                "main_product_category eq 'instagram' and price le 2.5",
                "increase_speed in ('medium','fast')",
                "contains(product_category,'story')",
            ],
            orderby: "price,order_no desc",
        },
        answer: "ProductResponsePagedResponse",
        example: values::products,
        refusals: || refusals::list(&products::ENTITY),
    },
    Operation {
        method: "GET",
        path: "/platform/order",
        caller: CallerKind::Key,
        id: "listOrders",
        tag: ORDER,
        summary: "The orders",
        description: "The organization's orders with their lines, the newest first unless `$orderby` says otherwise. \
            One order: `$filter=id eq <order_id>`. The state is the one last heard from the supplier; \
            `POST /platform/order/{order_id}/sync` asks for it now.",
        input: Input::List {
            entity: &orders::ENTITY,
            filters: &[
                "id eq 01999d1c-3c00-7e52-b6d1-92aa0c4e8d03",
                "order_status in ('establish','processing','in_progress')",
                "order_detail/any(d: contains(d/link,'example.com'))",
                "contains(cast(id,'Edm.String'),'9c07')",
            ],
            orderby: "create_date_time desc",
        },
        answer: "OrderResponsePagedResponse",
        example: values::orders,
        refusals: || refusals::list(&orders::ENTITY),
    },
    Operation {
        method: "POST",
        path: "/platform/order/ch2/default",
        caller: CallerKind::Key,
        id: "createCh2DefaultOrder",
        tag: ORDER,
        summary: "Order a quantity for a link or an account",
        description: "Orders a product of type `ch2_default`.\n\n\
            - Products of category `instagram_story` take `username`, all others take `link`; never both.\n\
            - `runs` and `interval_minutes` go together and need a product with `is_drip_feed`: `quantity` is delivered `runs` times, \
            `interval_minutes` apart.\n\
            - `quantity` lies between the product's `min` and `max`.\n\
            - Units: `quantity` × `runs` (1 if absent).",
        input: Input::Body {
            schema: "Ch2DefaultOrderRequest",
            required: true,
            examples: &[
                ("at_once", values::at_once_body),
                ("in_runs", values::in_runs_body),
                ("story", values::story_body),
            ],
        },
        answer: "OrderResponse",
        example: values::placed,
        refusals: refusals::place_default,
    },
    Operation {
        method: "POST",
        path: "/platform/order/ch2/comment-likes",
        caller: CallerKind::Key,
        id: "createCh2CommentLikesOrder",
        tag: ORDER,
        summary: "Order likes for an account's comment",
        description: "Orders a product of type `ch2_comment_likes`: likes for the comment that `username` left on the post at `link`.\n\n\
            - `quantity` lies between the product's `min` and `max`.\n\
            - Units: `quantity`.",
        input: Input::Body {
            schema: "Ch2CommentLikesOrderRequest",
            required: true,
            examples: &[("comment_likes", values::comment_likes_body)],
        },
        answer: "OrderResponse",
        example: values::placed,
        refusals: refusals::place_comment_likes,
    },
    Operation {
        method: "POST",
        path: "/platform/order/ch2/custom-comments",
        caller: CallerKind::Key,
        id: "createCh2CustomCommentsOrder",
        tag: ORDER,
        summary: "Order comments in your own words",
        description: "Orders a product of type `ch2_custom_comments`: `comments` has one comment a line.\n\n\
            - The number of lines that are not blank lies between the product's `min` and `max`.\n\
            - Units: the lines that are not blank.\n\
            - When overlong `comments` are the only fault, `string_length_out_of_range` is the answer's own code; beside other faults it \
            stands among the fields at fault.",
        input: Input::Body {
            schema: "Ch2CustomCommentsOrderRequest",
            required: true,
            examples: &[("custom_comments", values::custom_comments_body)],
        },
        answer: "OrderResponse",
        example: values::placed,
        refusals: refusals::place_custom_comments,
    },
    Operation {
        method: "POST",
        path: "/platform/order/ch2/subscriptions",
        caller: CallerKind::Key,
        id: "createCh2SubscriptionsOrder",
        tag: ORDER,
        summary: "Order deliveries to an account's posts",
        description: "Orders a product of type `ch2_subscriptions`: each post of `username` gets `min_quantity` to `max_quantity`, \
            `delay_minutes` after it appears, until the posts are used up or `expiry_date` is reached.\n\n\
            - `new_post_count`, `old_post_count` or both say for how many posts; without `old_post_count`, `new_post_count` is required.\n\
            - `min_quantity` is not larger than `max_quantity`; both lie between the product's `min` and `max`.\n\
            - `expiry_date` lies in the future.\n\
            - Units: `max_quantity` × (`new_post_count` + `old_post_count`).",
        input: Input::Body {
            schema: "Ch2SubscriptionsOrderRequest",
            required: true,
            examples: &[("subscriptions", values::subscriptions_body)],
        },
        answer: "OrderResponse",
        example: values::placed,
        refusals: refusals::place_subscriptions,
    },
    Operation {
        method: "POST",
        path: "/platform/order/refill",
        caller: CallerKind::Key,
        id: "refillOrders",
        tag: FOLLOW_UP,
        summary: "Refill several orders",
        description: "Has the supplier deliver again what was lost. The products must be refillable (`is_refillable`) and the orders complete.",
        input: BATCH,
        answer: "RefillResponseValues",
        example: values::refilled_many,
        refusals: || refusals::many(Wish::Refill),
    },
    Operation {
        method: "POST",
        path: "/platform/order/cancel",
        caller: CallerKind::Key,
        id: "cancelOrders",
        tag: FOLLOW_UP,
        summary: "Cancel several orders",
        description: "Has the supplier stop the orders. What was not delivered is given back as credit: the orders become `cancel`, \
            or `partial` when something had been delivered. The products must be cancelable (`is_cancelable`) and the orders still running.",
        input: BATCH,
        answer: "CancelResponseValues",
        example: values::cancelled_many,
        refusals: || refusals::many(Wish::Cancel),
    },
    Operation {
        method: "POST",
        path: "/platform/order/sync",
        caller: CallerKind::Key,
        id: "syncOrders",
        tag: FOLLOW_UP,
        summary: "Bring several orders up to date",
        description: "Asks the supplier how far the orders are, and answers with the orders as they stand then.",
        input: BATCH,
        answer: "OrderResponseValues",
        example: values::synced_many,
        refusals: || refusals::many(Wish::Sync),
    },
    Operation {
        method: "POST",
        path: "/platform/order/{order_id}/refill",
        caller: CallerKind::Key,
        id: "refillOrder",
        tag: FOLLOW_UP,
        summary: "Refill an order",
        description: "Has the supplier deliver again what was lost. The product must be refillable (`is_refillable`) and the order complete.",
        input: ONE,
        answer: "RefillResponse",
        example: values::refilled_one,
        refusals: || refusals::one(Wish::Refill),
    },
    Operation {
        method: "POST",
        path: "/platform/order/{order_id}/cancel",
        caller: CallerKind::Key,
        id: "cancelOrder",
        tag: FOLLOW_UP,
        summary: "Cancel an order",
        description: "Has the supplier stop the order. What was not delivered is given back as credit: the order becomes `cancel`, \
            or `partial` when something had been delivered. The product must be cancelable (`is_cancelable`) and the order still running.",
        input: ONE,
        answer: "CancelResponse",
        example: values::cancelled_one,
        refusals: || refusals::one(Wish::Cancel),
    },
    Operation {
        method: "POST",
        path: "/platform/order/{order_id}/sync",
        caller: CallerKind::Key,
        id: "syncOrder",
        tag: FOLLOW_UP,
        summary: "Bring an order up to date",
        description: "Asks the supplier how far the order is, and answers with the order as it stands then.",
        input: ONE,
        answer: "OrderResponse",
        example: values::synced_one,
        refusals: || refusals::one(Wish::Sync),
    },
];

const BATCH: Input = Input::Body {
    schema: "OrderBatchRequest",
    required: true,
    examples: &[("batch", values::batch_body)],
};

const ONE: Input = Input::Body {
    schema: "OrderFollowUpRequest",
    required: false,
    examples: &[
        ("empty", values::empty_body),
        ("organization", values::organization_body),
    ],
};

const ORGANIZATION: &str = "Organization";
const PRODUCT: &str = "Product";
const ORDER: &str = "Order";
const FOLLOW_UP: &str = "Order follow-up";

/// What the tags are, in the order of the document.
pub(super) const TAGS: [(&str, &str); 9] = [
    people::TAGS[0],
    people::TAGS[1],
    files::TAG,
    (
        ORGANIZATION,
        "Whose key it is, its credit and where the credit went.",
    ),
    charges::TAG,
    invoices::TAG,
    (PRODUCT, "What can be ordered."),
    (
        ORDER,
        "Placing orders and listing them. An order is checked against its product, debited and stored at once: its total is `price` × \
         units, rounded up to whole credits. If the supplier refuses it while the request waits, the whole amount is given back before \
         the answer. `order_detail` is empty in the answer to an order; lists and sync fill it.",
    ),
    (
        FOLLOW_UP,
        "What may be asked of orders later. A batch is all or nothing as far as can be known beforehand: if any of its orders cannot be \
         processed, `batch_operation_failed` names each of them with its own reason.",
    ),
];
