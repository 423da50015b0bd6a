//! Selling, and what becomes of what was sold.

use super::{Auth, CHECKOUT, CUSTOMER, Operation, PAYMENT, PRODUCT, SUBSCRIPTION, choice};
use crate::face::openapi::refusals::{
    bad_request, conflict, declined, duplicate, forbidden, needs_one_of, not_found, promotion,
    state, wrong,
};
use crate::face::openapi::schema::{boolean, email, said, text};
use crate::face::openapi::schemas;
use crate::model::{CustomerStatus, ProductType, Status};
use catalogue::RecurError;
use catalogue::recur::{
    BadRequest, Conflict, ForbiddenReason, PaymentFailure, Problem, PromotionRefusal, Resource,
    StateRefusal,
};

pub fn operations() -> Vec<Operation> {
    [
        checkouts(),
        products(),
        subscriptions(),
        customers(),
        accounting(),
    ]
    .concat()
}

/// What beginning a checkout of any kind can be refused with.
fn begin() -> Vec<RecurError> {
    vec![
        forbidden(ForbiddenReason::MetadataNeedsSecretKey),
        not_found(Resource::Product),
        duplicate(),
        state(StateRefusal::ProductType),
        state(StateRefusal::CustomerBanned),
        promotion(PromotionRefusal::NotFound),
        promotion(PromotionRefusal::Expired),
    ]
}

fn missing(field: &str) -> RecurError {
    bad_request(BadRequest::MissingFields(vec![field.to_owned()]))
}

fn checkouts() -> Vec<Operation> {
    vec![
        Operation::post("/v1/checkout/sessions", "createCheckoutSession", CHECKOUT, "CheckoutSessionCreate")
            .about(
                "Begin a hosted checkout",
                "Send the buyer to `url`. After paying, the buyer comes back to `success_url`. If `customer_email` is given and this customer \
                 has a valid subscription to the product already, that is a `conflict`.",
            )
            .with(Auth::AnyKey)
            .creates("CheckoutSessionCreated")
            .refused(begin())
            .refused([missing("product_id")]),
        Operation::get("/v1/checkout/sessions/{id}", "getCheckoutSession", CHECKOUT)
            .about("A hosted checkout", "How far it is.")
            .answers("CheckoutSession")
            .refused([not_found(Resource::CheckoutSession)]),
        Operation::post("/v1/checkouts", "createCheckout", CHECKOUT, "CheckoutCreate")
            .about(
                "Begin a checkout on your own page",
                "What the browser SDKs call. `sdk_token` opens the gateway's card form on the page that the `Origin` header names; when the buyer has \
                 typed the card there, the checkout is paid with `POST /v1/checkouts/{id}/pay`.",
            )
            .with(Auth::AnyKey)
            .creates("CheckoutBegun")
            .refused(begin())
            .refused([missing("product_id")]),
        Operation::get("/v1/checkouts/{id}", "getCheckout", CHECKOUT)
            .about("A checkout and its last charge", "")
            .with(Auth::AnyKey)
            .query(vec![("client_secret", said("From the answer that began it.", text(schemas::CLIENT_SECRET)))])
            .answers("CheckoutShown")
            .refused([not_found(Resource::Checkout)]),
        Operation::get("/v1/checkouts/{id}/status", "getCheckoutStatus", CHECKOUT)
            .about("How far a checkout is", "For polling while the buyer passes 3-D Secure.")
            .with(Auth::AnyKey)
            .query(vec![("client_secret", said("From the answer that began it.", text(schemas::CLIENT_SECRET)))])
            .answers("CheckoutStatusShown")
            .refused([not_found(Resource::Checkout)]),
        Operation::post("/v1/checkouts/{id}/pay", "payCheckout", CHECKOUT, "CheckoutPay")
            .plain()
            .about(
                "Charge the card that was typed into the form",
                "Repeated after success, it answers the same and charges nothing. After a decline it may be tried again, as often as `max_attempts` says. \
                 A decline is 402, but 200 with `success: false` to `X-Recur-SDK-Type: react`, as that SDK expects.",
            )
            .with(Auth::AnyKey)
            .answers("CheckoutPaid")
            .refused([
                not_found(Resource::Checkout),
                not_found(Resource::Product),
                declined(),
                duplicate(),
                conflict(Conflict::PaymentInProgress),
                state(StateRefusal::CheckoutExpired),
                state(StateRefusal::CheckoutNotPayable),
                state(StateRefusal::CheckoutClosed),
                state(StateRefusal::MaxAttempts),
                state(StateRefusal::NoPaymentMethod),
                state(StateRefusal::CustomerBanned),
                promotion(PromotionRefusal::RedemptionLimit),
            ]),
        Operation::post("/v1/checkouts/{id}/coupon", "applyCode", CHECKOUT, "CodeTyped")
            .plain()
            .about("Apply a promotion code", "It replaces another code. No key: the checkout's id cannot be guessed.")
            .with(Auth::None)
            .answers("DiscountShown")
            .refused([
                not_found(Resource::Checkout),
                promotion(PromotionRefusal::NotFound),
                promotion(PromotionRefusal::Expired),
                promotion(PromotionRefusal::OtherProduct),
                state(StateRefusal::CheckoutExpired),
                state(StateRefusal::CheckoutNotPayable),
                state(StateRefusal::CheckoutClosed),
            ]),
        Operation::delete("/v1/checkouts/{id}/coupon", "removeCode", CHECKOUT)
            .about("Take the promotion code back", "No key: the checkout's id cannot be guessed.")
            .with(Auth::None)
            .answers("DiscountRemoved")
            .refused([
                not_found(Resource::Checkout),
                state(StateRefusal::NoCoupon),
                state(StateRefusal::CheckoutExpired),
                state(StateRefusal::CheckoutNotPayable),
                state(StateRefusal::CheckoutClosed),
            ]),
        Operation::post("/v1/checkouts/{id}/refresh-token", "refreshCardForm", CHECKOUT, "ClientSecret")
            .plain()
            .about("A new token for the card form", "The gateway's tokens live for ten minutes and serve one payment.")
            .with(Auth::AnyKey)
            .answers("CardForm")
            .refused([
                not_found(Resource::Checkout),
                state(StateRefusal::CheckoutExpired),
                state(StateRefusal::CheckoutClosed),
            ]),
    ]
}

fn products() -> Vec<Operation> {
    let found = || not_found(Resource::Product);
    vec![
        Operation::get("/v1/products", "listProducts", PRODUCT)
            .about(
                "Everything on sale",
                "In the order of `display_order`; in one piece, as the SDKs ask for no pages.",
            )
            .with(Auth::AnyKey)
            .query(vec![
                ("type", choice("Only those.", ProductType::NAMES)),
                (
                    "include_inactive",
                    said(
                        "With a secret key: also what is not on sale.",
                        boolean(false),
                    ),
                ),
            ])
            .answers("ProductList")
            .refused([forbidden(ForbiddenReason::SecretKeyRequired)]),
        Operation::post("/v1/products", "createProduct", PRODUCT, "ProductCreate")
            .about(
                "Sell something new",
                "Without a `slug` it gets one made of its name.",
            )
            .creates("Product")
            .refused([
                missing("billing_period"),
                missing("credits"),
                conflict(Conflict::Taken("slug")),
            ]),
        Operation::get("/v1/products/{id}", "getProduct", PRODUCT)
            .about("A product", "By its id or its slug.")
            .with(Auth::AnyKey)
            .answers("Product")
            .refused([found()]),
        Operation::patch(
            "/v1/products/{id}",
            ["updateProduct", "updateProductByPost"],
            PRODUCT,
            "ProductUpdate",
        )
        .about(
            "Change a product",
            "By its id or its slug. Its type stays; subscriptions that run keep their terms.",
        )
        .answers("Product")
        .refused([
            found(),
            wrong("type", Problem::NotAllowedHere),
            conflict(Conflict::Taken("slug")),
        ]),
    ]
}

fn subscriptions() -> Vec<Operation> {
    let found = || not_found(Resource::Subscription);
    let busy = || conflict(Conflict::PaymentInProgress);
    let switching = || {
        vec![
            found(),
            not_found(Resource::Product),
            missing("target_product_id"),
            state(StateRefusal::ProductType),
            state(StateRefusal::SubscriptionCanceled),
            state(StateRefusal::SubscriptionNotActive),
            state(StateRefusal::SameProduct),
            state(StateRefusal::OtherSubscription),
            busy(),
        ]
    };
    vec![
        Operation::get("/v1/subscriptions", "listSubscriptions", SUBSCRIPTION)
            .about(
                "Subscriptions",
                "Of one customer if one is named (`customer_id` before `external_id` before `email`), of all otherwise, then each with its customer. \
                 An unknown customer has none.",
            )
            .paged()
            .query(vec![
                ("customer_id", text(schemas::CUSTOMER)),
                ("external_id", text("user_1")),
                ("email", email()),
                ("product_id", text(schemas::PRODUCT)),
                ("product_slug", text("pro-monthly")),
                ("active", said("Only `ACTIVE`, `TRIAL` and `PAST_DUE`.", boolean(true))),
                ("status", choice("Only those.", Status::NAMES)),
            ])
            .answers("SubscriptionList"),
        Operation::post("/v1/subscriptions", "createSubscription", SUBSCRIPTION, "SubscriptionCreate")
            .about("Begin a subscription on your own page", "As `POST /v1/checkouts`, for a subscription.")
            .with(Auth::AnyKey)
            .creates("CheckoutBegun")
            .refused(begin())
            .refused([missing("product_id")]),
        Operation::get("/v1/subscriptions/{id}", "getSubscription", SUBSCRIPTION)
            .about("A subscription", "With its customer.")
            .answers("Subscription")
            .refused([found()]),
        Operation::delete("/v1/subscriptions/{id}", "cancelSubscriptionNow", SUBSCRIPTION)
            .about("Cancel now", "It ends at once; nothing is given back.")
            .answers("Subscription")
            .refused([found(), state(StateRefusal::SubscriptionCanceled)]),
        Operation::post("/v1/subscriptions/{id}/cancel", "cancelSubscription", SUBSCRIPTION, "SubscriptionCancel")
            .about("Cancel", "At the period's end unless told otherwise: what is paid for can be used until then.")
            .answers("Subscription")
            .refused([found(), state(StateRefusal::SubscriptionCanceled)]),
        Operation::post("/v1/subscriptions/{id}/resume", "resumeSubscription", SUBSCRIPTION, "Empty")
            .about(
                "Go on",
                "Withdraws a cancellation at the period's end, or ends a pause. If the paid period is over, a new one begins now and is charged first.",
            )
            .answers("Subscription")
            .refused([
                found(),
                state(StateRefusal::SubscriptionNotCanceled),
                state(StateRefusal::SubscriptionNotActive),
                state(StateRefusal::OtherSubscription),
                declined(),
                busy(),
            ]),
        Operation::post("/v1/subscriptions/{id}/pause", "pauseSubscription", SUBSCRIPTION, "Empty")
            .about("Pause", "It is not renewed and gives no right until it is resumed.")
            .answers("Subscription")
            .refused([
                found(),
                state(StateRefusal::SubscriptionPaused),
                state(StateRefusal::SubscriptionNotActive),
                busy(),
            ]),
        Operation::post("/v1/subscriptions/{id}/switch", "switchSubscription", SUBSCRIPTION, "SubscriptionSwitch")
            .about(
                "Switch to another product",
                "Dearer, equal, or longer: at once, charged at once. Cheaper or shorter: when the period ends.",
            )
            .answers("Switched")
            .refused(switching())
            .refused([state(StateRefusal::NoPaymentMethod), declined()]),
        Operation::post("/v1/subscriptions/{id}/switch/preview", "previewSwitch", SUBSCRIPTION, "SubscriptionSwitch")
            .plain()
            .about("What a switch would mean", "Changes nothing.")
            .answers("SwitchPreview")
            .refused(switching()),
        Operation::delete("/v1/subscriptions/{id}/schedule", "unscheduleSwitch", SUBSCRIPTION)
            .about("Withdraw a switch that waits for the period's end", "")
            .answers("Subscription")
            .refused([found(), state(StateRefusal::NothingScheduled)]),
    ]
}

fn customers() -> Vec<Operation> {
    let found = || not_found(Resource::Customer);
    vec![
        Operation::get("/v1/customers", "listCustomers", CUSTOMER)
            .about("Customers", "")
            .paged()
            .query(vec![
                ("email", email()),
                ("status", choice("Only those.", CustomerStatus::NAMES)),
            ])
            .answers("CustomerList"),
        Operation::post(
            "/v1/customers",
            "createCustomer",
            CUSTOMER,
            "CustomerCreate",
        )
        .about("Make a customer", "Buyers become customers by themselves.")
        .creates("Customer")
        .refused([
            conflict(Conflict::Taken("email")),
            conflict(Conflict::Taken("external_id")),
        ]),
        Operation::get("/v1/customers/{id}", "getCustomer", CUSTOMER)
            .about("A customer", "")
            .answers("Customer")
            .refused([found()]),
        Operation::patch(
            "/v1/customers/{id}",
            ["updateCustomer", "updateCustomerByPost"],
            CUSTOMER,
            "CustomerUpdate",
        )
        .about("Change a customer", "The address cannot be changed.")
        .answers("Customer")
        .refused([
            found(),
            wrong("email", Problem::NotAllowedHere),
            conflict(Conflict::Taken("external_id")),
        ]),
        Operation::get("/v1/customers/entitlements", "listEntitlements", CUSTOMER)
            .about(
                "What a customer may use now",
                "Name the customer: `customer_id` counts before `external_id` before `email`.",
            )
            .with(Auth::AnyKey)
            .query(vec![
                ("customer_id", text(schemas::CUSTOMER)),
                ("external_id", text("user_1")),
                ("email", email()),
            ])
            .answers("Entitlements")
            .refused([needs_one_of(&["customer_id", "external_id", "email"])]),
        Operation::get("/v1/customers/{id}/credits", "getCredits", CUSTOMER)
            .about("The credits of a customer", "")
            .answers("Credits")
            .refused([found()]),
        Operation::post(
            "/v1/customers/{id}/credits/deduct",
            "deductCredits",
            CUSTOMER,
            "CreditsDeduct",
        )
        .about(
            "Take credits that were used",
            "Send an `Idempotency-Key`: credits taken twice are gone.",
        )
        .answers("Credits")
        .refused([
            found(),
            RecurError::PaymentRequired {
                failure: PaymentFailure::InsufficientCredits,
            },
        ]),
    ]
}

fn accounting() -> Vec<Operation> {
    let by_customer = || vec![("customer_id", text(schemas::CUSTOMER))];
    let of_subscription = vec![("subscription_id", text(schemas::SUBSCRIPTION))];
    vec![
        Operation::get("/v1/orders", "listOrders", PAYMENT)
            .about("Orders", "One-time purchases and the first payments of subscriptions.")
            .paged()
            .query(by_customer())
            .answers("OrderList"),
        Operation::get("/v1/orders/{id}", "getOrder", PAYMENT)
            .about("An order", "")
            .answers("Order")
            .refused([not_found(Resource::Order)]),
        Operation::get("/v1/invoices", "listInvoices", PAYMENT)
            .about("Invoices", "Renewals and switches.")
            .paged()
            .query(by_customer())
            .query(of_subscription)
            .answers("InvoiceList"),
        Operation::get("/v1/invoices/{id}", "getInvoice", PAYMENT)
            .about("An invoice", "")
            .answers("Invoice")
            .refused([not_found(Resource::Invoice)]),
        Operation::get("/v1/charges/{id}", "getCharge", PAYMENT)
            .about("A charge", "")
            .answers("Charge")
            .refused([not_found(Resource::Charge)]),
        Operation::get("/v1/refunds", "listRefunds", PAYMENT)
            .about("Refunds", "")
            .paged()
            .query(by_customer())
            .answers("RefundList"),
        Operation::post("/v1/refunds", "createRefund", PAYMENT, "RefundCreate")
            .about(
                "Give money back",
                "Of an order, an invoice or a charge; all that is left unless `amount` says otherwise. The answer may be `PROCESSING`: \
                 the webhooks `refund.succeeded` and `refund.failed` tell the end.",
            )
            .creates("Refund")
            .refused([
                needs_one_of(&["order_id", "invoice_id", "charge_id"]),
                not_found(Resource::Order),
                not_found(Resource::Invoice),
                not_found(Resource::Charge),
                state(StateRefusal::RefundTooLarge),
                state(StateRefusal::NotRefundable),
                conflict(Conflict::PaymentInProgress),
            ]),
        Operation::get("/v1/refunds/{id}", "getRefund", PAYMENT)
            .about("A refund", "")
            .answers("Refund")
            .refused([not_found(Resource::Refund)]),
    ]
}
