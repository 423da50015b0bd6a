//! What merchants set up: discounts, links, the portal, webhooks, keys.

use super::{ACCOUNT, Auth, CHECKOUT, Operation, PORTAL, PROMOTION, WEBHOOK, choice};
use crate::face::openapi::refusals::{
    bad_request, conflict, declined, duplicate, forbidden, needs_one_of, not_found, promotion,
    state, wrong,
};
use crate::face::openapi::schema::{said, text, within};
use crate::face::openapi::schemas;
use catalogue::recur::{
    BadRequest, Conflict, ForbiddenReason, Problem, PromotionRefusal, Resource, StateRefusal,
};

pub fn operations() -> Vec<Operation> {
    [promotions(), portal(), webhooks(), account()].concat()
}

fn portal() -> Vec<Operation> {
    let session = || not_found(Resource::PortalSession);
    vec![
        Operation::post("/v1/elements/confirm", "confirmElements", CHECKOUT, "ElementsConfirm")
            .plain()
            .about(
                "Pay with the card form that stands alone",
                "Of the browser SDK's `RecurElements`, which calls it under `/api/v1`.",
            )
            .with(Auth::AnyKey)
            .answers("ElementsConfirmed")
            .refused([
                not_found(Resource::CheckoutSession),
                not_found(Resource::Checkout),
                not_found(Resource::Product),
                wrong("productId", Problem::NotAllowedHere),
                declined(),
                duplicate(),
                conflict(Conflict::PaymentInProgress),
                state(StateRefusal::CheckoutExpired),
                state(StateRefusal::CheckoutClosed),
                state(StateRefusal::MaxAttempts),
                state(StateRefusal::NoPaymentMethod),
            ]),
        Operation::post("/v1/portal/sessions", "createPortalSession", PORTAL, "PortalSessionCreate")
            .about("Let a customer into the portal", "Send the customer to `url`, which counts for an hour unless the operator says otherwise.")
            .creates("PortalSession")
            .refused([
                needs_one_of(&["customer_id", "external_id", "email"]),
                bad_request(BadRequest::ReturnUrlMissing),
                not_found(Resource::Customer),
                not_found(Resource::PortalConfiguration),
            ]),
        Operation::get("/v1/portal/sessions/{id}", "getPortalSession", PORTAL)
            .about("A portal session", "Without its address.")
            .answers("PortalSession")
            .refused([session()]),
        Operation::post("/v1/portal/sessions/{id}/revoke", "revokePortalSession", PORTAL, "Empty")
            .plain()
            .about("End a portal session", "")
            .answers("PortalSession")
            .refused([session()]),
        Operation::get("/v1/portal/configuration", "getPortalConfiguration", PORTAL)
            .about("What the portal allows", "")
            .answers("PortalConfiguration"),
        Operation::patch(
            "/v1/portal/configuration",
            ["updatePortalConfiguration", "updatePortalConfigurationByPost"],
            PORTAL,
            "PortalConfigurationUpdate",
        )
        .about("Change what the portal allows", "`logo_url` and `accent_color` show on the checkout page too.")
        .answers("PortalConfiguration"),
    ]
}

fn webhooks() -> Vec<Operation> {
    let endpoint = || not_found(Resource::WebhookEndpoint);
    let delivery = || not_found(Resource::Delivery);
    let unsafe_url = || wrong("url", Problem::UnsafeUrl);
    vec![
        Operation::get("/v1/webhook-endpoints", "listWebhookEndpoints", WEBHOOK)
            .about("Webhook endpoints", "All of them, 32 at most.")
            .answers("WebhookEndpointList"),
        Operation::post("/v1/webhook-endpoints", "createWebhookEndpoint", WEBHOOK, "WebhookEndpointCreate")
            .about("Be told what happens", "Keep `secret`: it signs every body, and is not shown again.")
            .creates("WebhookEndpointWithSecret")
            .refused([unsafe_url()]),
        Operation::get("/v1/webhook-endpoints/{id}", "getWebhookEndpoint", WEBHOOK)
            .about("A webhook endpoint", "With how its deliveries have gone.")
            .answers("WebhookEndpointShown")
            .refused([endpoint()]),
        Operation::patch(
            "/v1/webhook-endpoints/{id}",
            ["updateWebhookEndpoint", "updateWebhookEndpointByPost"],
            WEBHOOK,
            "WebhookEndpointUpdate",
        )
        .about("Change a webhook endpoint", "Disabling it makes what is under way fail.")
        .answers("WebhookEndpoint")
        .refused([endpoint(), unsafe_url()]),
        Operation::delete("/v1/webhook-endpoints/{id}", "deleteWebhookEndpoint", WEBHOOK)
            .about("Remove a webhook endpoint", "With its deliveries, those under way included.")
            .answers("WebhookEndpointDeleted")
            .refused([endpoint()]),
        Operation::post("/v1/webhook-endpoints/{id}/rotate-secret", "rotateWebhookSecret", WEBHOOK, "Empty")
            .about("A new secret", "The old one counts no more.")
            .answers("WebhookEndpointWithSecret")
            .refused([endpoint()]),
        Operation::post("/v1/webhook-endpoints/{id}/test", "testWebhookEndpoint", WEBHOOK, "WebhookTest")
            .about("Send an event that did not happen", "To this endpoint only, whichever events it wants.")
            .creates("WebhookDeliveryShown")
            .refused([endpoint(), state(StateRefusal::WebhookEndpointDisabled)]),
        Operation::get("/v1/webhook-endpoints/{id}/deliveries", "listWebhookDeliveries", WEBHOOK)
            .about("The deliveries to an endpoint", "The newest first.")
            .paged()
            .query(vec![("status", choice("Only those.", &["pending", "succeeded", "failed"]))])
            .answers("WebhookDeliveryList")
            .refused([endpoint(), delivery()]),
        Operation::get("/v1/webhook-deliveries/{id}", "getWebhookDelivery", WEBHOOK)
            .about("A delivery", "With its attempts and its body.")
            .answers("WebhookDeliveryShown")
            .refused([delivery()]),
        Operation::post("/v1/webhook-deliveries/{id}/resend", "resendWebhookDelivery", WEBHOOK, "Empty")
            .about("Send a delivery again, now", "Whatever has become of it.")
            .answers("WebhookDeliveryShown")
            .refused([delivery(), state(StateRefusal::WebhookEndpointDisabled)]),
        Operation::get("/v1/events", "listEvents", WEBHOOK)
            .about(
                "What has happened",
                "The newest first. With `after`, what came after that event, in its order: to follow events without an endpoint, ask again and again with                  the last `id` and `wait=20`.",
            )
            .paged()
            .query(vec![
                ("after", said("An event's id; empty: from the oldest that is kept.", text(schemas::EVENT))),
                ("wait", said("With `after`: how many seconds to wait if there is nothing yet.", within(0, 25, 20))),
            ])
            .answers("EventList")
            .refused([not_found(Resource::Event)]),
        Operation::get("/v1/events/{id}", "getEvent", WEBHOOK)
            .about("An event", "")
            .answers("Event")
            .refused([not_found(Resource::Event)]),
    ]
}

fn account() -> Vec<Operation> {
    let right = || forbidden(ForbiddenReason::KeyLacksRight);
    let sandbox = || forbidden(ForbiddenReason::SandboxOnly);
    vec![
        Operation::get("/v1/api-keys", "listApiKeys", ACCOUNT)
            .about("The keys of this environment", "Without the keys themselves.")
            .paged()
            .answers("ApiKeyList"),
        Operation::post("/v1/api-keys", "createApiKey", ACCOUNT, "ApiKeyCreate")
            .about("Make a key", "With a key that may: `manages_keys`.")
            .creates("ApiKeyCreated")
            .refused([right(), wrong("expires_at", Problem::NotAfter { field: "now" })]),
        Operation::delete("/v1/api-keys/{id}", "revokeApiKey", ACCOUNT)
            .about("Revoke a key", "On every node, at once. With a key that may: `manages_keys`.")
            .answers("ApiKey")
            .refused([right(), not_found(Resource::ApiKey)]),
        Operation::get("/v1/test_clock", "getTestClock", ACCOUNT)
            .about("The time of the sandbox", "")
            .answers("TestClock")
            .refused([sandbox()]),
        Operation::post("/v1/test_clock/advance", "advanceTestClock", ACCOUNT, "TestClockAdvance")
            .about(
                "Let time pass in the sandbox",
                "Everything that falls due on the way happens, in its order. A call works for about 20 seconds; if `reached` is `false`, repeat it with `to`.                  Without an `Idempotency-Key`, or with another one each time.",
            )
            .answers("TestClockAdvanced")
            .refused([
                needs_one_of(&["by", "to"]),
                sandbox(),
                state(StateRefusal::ClockBackwards),
                conflict(Conflict::ClockAdvancing),
                wrong("by", Problem::InvalidCharacters),
            ]),
    ]
}

fn promotions() -> Vec<Operation> {
    let coupon = || not_found(Resource::Coupon);
    let code = || not_found(Resource::PromotionCode);
    let link = || not_found(Resource::PaymentLink);
    vec![
        Operation::get("/v1/coupons", "listCoupons", PROMOTION)
            .about("Coupons", "")
            .paged()
            .answers("CouponList"),
        Operation::post("/v1/coupons", "createCoupon", PROMOTION, "CouponCreate")
            .about(
                "Make a coupon",
                "The rule of a discount. Buyers get it by a promotion code.",
            )
            .creates("Coupon")
            .refused([
                not_found(Resource::Product),
                wrong("duration_months", Problem::NotAllowedHere),
            ]),
        Operation::get("/v1/coupons/{id}", "getCoupon", PROMOTION)
            .about("A coupon", "")
            .answers("Coupon")
            .refused([coupon()]),
        Operation::patch(
            "/v1/coupons/{id}",
            ["updateCoupon", "updateCouponByPost"],
            PROMOTION,
            "CouponUpdate",
        )
        .about(
            "Change a coupon",
            "Its rule stays: codes have been given out for it.",
        )
        .answers("Coupon")
        .refused([coupon(), wrong("discount_amount", Problem::NotAllowedHere)]),
        Operation::delete("/v1/coupons/{id}", "deactivateCoupon", PROMOTION)
            .about("Switch a coupon off", "Subscriptions that have it keep it.")
            .answers("Coupon")
            .refused([coupon()]),
        Operation::get("/v1/promotion-codes", "listPromotionCodes", PROMOTION)
            .about("Promotion codes", "")
            .paged()
            .answers("PromotionCodeList"),
        Operation::post(
            "/v1/promotion-codes",
            "createPromotionCode",
            PROMOTION,
            "PromotionCodeCreate",
        )
        .about("Make a promotion code", "")
        .creates("PromotionCodeAnswer")
        .refused([
            coupon(),
            not_found(Resource::Customer),
            state(StateRefusal::CouponInactive),
            wrong(
                "valid_until",
                Problem::NotAfter {
                    field: "valid_from",
                },
            ),
            conflict(Conflict::Taken("code")),
        ]),
        Operation::post(
            "/v1/promotion-codes/validate",
            "validatePromotionCode",
            PROMOTION,
            "PromotionCodeValidate",
        )
        .plain()
        .about(
            "What a code would do",
            "Changes nothing. A code that cannot be used is `bad_request`, with the reason.",
        )
        .with(Auth::AnyKey)
        .answers("PromotionCodeOffer")
        .refused([
            not_found(Resource::Product),
            promotion(PromotionRefusal::NotFound),
            promotion(PromotionRefusal::Expired),
            promotion(PromotionRefusal::NotYetValid),
            promotion(PromotionRefusal::Inactive),
            promotion(PromotionRefusal::RedemptionLimit),
            promotion(PromotionRefusal::CustomerLimit),
            promotion(PromotionRefusal::OtherProduct),
            promotion(PromotionRefusal::NotEligible),
            promotion(PromotionRefusal::BelowMinimumAmount),
        ]),
        Operation::get("/v1/promotion-codes/{id}", "getPromotionCode", PROMOTION)
            .about("A promotion code", "")
            .answers("PromotionCodeAnswer")
            .refused([code()]),
        Operation::patch(
            "/v1/promotion-codes/{id}",
            ["updatePromotionCode", "updatePromotionCodeByPost"],
            PROMOTION,
            "PromotionCodeUpdate",
        )
        .about(
            "Change a promotion code",
            "The code itself, its coupon and whom it is for stay.",
        )
        .answers("PromotionCodeAnswer")
        .refused([
            code(),
            wrong("code", Problem::NotAllowedHere),
            wrong(
                "valid_until",
                Problem::NotAfter {
                    field: "valid_from",
                },
            ),
        ]),
        Operation::delete(
            "/v1/promotion-codes/{id}",
            "disablePromotionCode",
            PROMOTION,
        )
        .about("Switch a promotion code off", "")
        .answers("PromotionCodeAnswer")
        .refused([code()]),
        Operation::get(
            "/v1/promotion-codes/{id}/redemptions",
            "listRedemptions",
            PROMOTION,
        )
        .about("The uses of a promotion code", "")
        .paged()
        .answers("RedemptionList")
        .refused([code()]),
        Operation::get("/v1/payment-links", "listPaymentLinks", PROMOTION)
            .about("Payment links", "")
            .paged()
            .answers("PaymentLinkList"),
        Operation::post(
            "/v1/payment-links",
            "createPaymentLink",
            PROMOTION,
            "PaymentLinkCreate",
        )
        .about(
            "Make a payment link",
            "A permanent address; each visit begins a checkout.",
        )
        .creates("PaymentLink")
        .refused([
            not_found(Resource::Product),
            promotion(PromotionRefusal::NotFound),
        ]),
        Operation::get("/v1/payment-links/{id}", "getPaymentLink", PROMOTION)
            .about(
                "A payment link",
                "With how often it was seen, opened and paid.",
            )
            .answers("PaymentLink")
            .refused([link()]),
        Operation::patch(
            "/v1/payment-links/{id}",
            ["updatePaymentLink", "updatePaymentLinkByPost"],
            PROMOTION,
            "PaymentLinkUpdate",
        )
        .about("Change a payment link", "What it sells stays.")
        .answers("PaymentLink")
        .refused([link(), wrong("product_id", Problem::NotAllowedHere)]),
    ]
}
