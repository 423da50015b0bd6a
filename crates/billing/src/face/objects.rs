//! The objects of the contract, as responses and webhooks show them.

use crate::events::instant;
use crate::model::discount::for_period;
use crate::model::{Status, SubscriptionId};
use crate::repo::{
    AppliedCode, Charge, Checkout, Coupon, Customer, Invoice, Order, PaymentLink, Product,
    PromotionCode, Redemption, Refund, Subscription,
};
use catalogue::Param as _;
use catalogue::recur::PaymentFailure;
use kernel::{Locale, Timestamp};
use serde_json::{Value, json};

fn at(time: Option<Timestamp>) -> Value {
    time.map_or(Value::Null, |time| instant(time).into())
}

/// What a failure code means, in English.
pub fn failure_message(code: &str) -> String {
    let failure = PaymentFailure::of_code(code).unwrap_or(PaymentFailure::Unknown);
    failure.text(Locale::En).into_owned()
}

/// What the coupon takes off the next period.
pub fn next_discount(subscription: &Subscription) -> i64 {
    subscription.coupon.0.as_ref().map_or(0, |coupon| {
        for_period(
            coupon,
            subscription.periods_discounted,
            &subscription.product_id.to_string(),
            subscription.plan.0.price,
        )
    })
}

/// When the card is charged next.
pub fn next_billing_date(subscription: &Subscription) -> Option<Timestamp> {
    match subscription.status {
        Status::Trial | Status::Active if !subscription.cancel_at_period_end => {
            Some(subscription.current_period_end)
        }
        Status::PastDue => subscription.next_retry_at,
        _ => None,
    }
}

/// A product.
pub fn product_object(product: &Product) -> Value {
    json!({
        "object": "product",
        "id": product.product_id,
        "name": product.name,
        "slug": product.slug,
        "description": product.description,
        "type": product.product_type,
        "billing_period": billing_period(product),
        "interval": product.interval().map(|i| i.unit().lower()),
        "interval_count": product.interval().map(|i| i.count()),
        "price": product.price,
        "currency": "TWD",
        "trial_days": product.trial_days,
        "grace_period_days": product.grace_days,
        "retry_days": product.retry_days.0,
        "credits": product.credits,
        "metadata": product.metadata.0,
        "product_family": product.product_family,
        "display_order": product.display_order,
        "active": product.active,
        "created_at": instant(product.created_at),
        "updated_at": instant(product.updated_at),
    })
}

fn billing_period(product: &Product) -> &'static str {
    product
        .interval()
        .map_or("ONE_TIME", |interval| interval.billing_period())
}

/// A customer.
pub fn customer_object(customer: &Customer, livemode: bool) -> Value {
    json!({
        "object": "customer",
        "id": customer.customer_id,
        "email": customer.email,
        "name": customer.name,
        "external_id": customer.external_id,
        "email_verified": customer.email_verified,
        "status": customer.status,
        "metadata": customer.metadata.0,
        "created_at": instant(customer.created_at),
        "updated_at": instant(customer.updated_at),
        "livemode": livemode,
    })
}

/// A subscription.
pub fn subscription_object(subscription: &Subscription, product: &Product) -> Value {
    let plan = &subscription.plan.0;
    let coupon = subscription.coupon.0.as_ref();
    json!({
        "object": "subscription",
        "id": subscription.subscription_id,
        "status": subscription.status,
        "customer_id": subscription.customer_id,
        "product_id": subscription.product_id,
        "product_slug": product.slug,
        "product_name": product.name,
        "amount": plan.price,
        "currency": "TWD",
        "interval": plan.interval.unit().lower(),
        "interval_count": plan.interval.count(),
        "current_period_start": instant(subscription.current_period_start),
        "current_period_end": instant(subscription.current_period_end),
        "cancel_at_period_end": subscription.cancel_at_period_end,
        "canceled_at": at(subscription.canceled_at),
        "cancel_reason": subscription.cancel_reason,
        "started_at": at(subscription.started_at),
        "ended_at": at(subscription.ended_at),
        "paused_at": at(subscription.paused_at),
        "trial_ends_at": at(subscription.trial_ends_at),
        "grace_ends_at": at(subscription.grace_ends_at),
        "next_billing_date": at(next_billing_date(subscription)),
        "coupon": coupon.map(|coupon| json!({"id": coupon.coupon_id, "name": coupon.name, "promotion_code": coupon.promotion_code})),
        "coupon_remaining_cycles": coupon.and_then(|coupon| coupon.remaining_cycles(subscription.periods_discounted)),
        "discount_amount": next_discount(subscription),
        "credit_balance": subscription.credit_left,
        "scheduled_change": subscription.scheduled.0.as_ref().map(|scheduled| json!({
            "product_id": scheduled.product_id,
            "switch_type": scheduled.kind,
            "scheduled_for": instant(subscription.current_period_end),
        })),
        "metadata": subscription.metadata.as_ref().map(|m| &m.0),
        "created_at": instant(subscription.created_at),
        "updated_at": instant(subscription.updated_at),
    })
}

/// A hosted checkout session.
pub fn session_object(checkout: &Checkout, url: &str, livemode: bool, now: Timestamp) -> Value {
    json!({
        "id": checkout.session_id,
        "object": "checkout.session",
        "status": checkout.session_status(now),
        "mode": checkout.purpose,
        "url": url,
        "checkout_id": checkout.checkout_id,
        "product_id": checkout.product_id,
        "subtotal": checkout.price,
        "discount": checkout.amount_off,
        "amount": checkout.amount(),
        "currency": "TWD",
        "customer_id": checkout.customer_id,
        "customer_email": checkout.buyer.0.email,
        "subscription_id": checkout.subscription_id,
        "order_id": checkout.order_id,
        "success_url": checkout.success_url,
        "cancel_url": checkout.cancel_url,
        "metadata": checkout.metadata.as_ref().map(|m| &m.0),
        "livemode": livemode,
        "created_at": instant(checkout.created_at),
        "completed_at": at(checkout.completed_at),
        "expires_at": instant(checkout.expires_at),
    })
}

/// What a code gives at a checkout, spelled as the browser SDK reads it.
pub fn discount_object(checkout: &Checkout, applied: &AppliedCode, product: &Product) -> Value {
    let terms = &applied.terms;
    json!({
        "code": terms.promotion_code,
        "couponName": terms.name,
        "discountType": terms.effect.discount_type(),
        "discountAmount": checkout.amount_off,
        "duration": terms.duration.duration_type(),
        "durationMonths": terms.duration.periods(),
        "bonusTrialDays": terms.bonus_trial_days,
        "bonusMonths": terms.bonus_months,
        "productInterval": product.interval_unit.map(|unit| unit.name()),
        "productIntervalCount": product.interval_count,
        "productPrice": product.price,
    })
}

/// An order.
pub fn order_object(order: &Order) -> Value {
    json!({
        "object": "order",
        "id": order.order_id,
        "checkout_id": order.checkout_id,
        "subscription_id": order.subscription_id,
        "customer_id": order.customer_id,
        "product_id": order.product_id,
        "billing_reason": order.billing_reason,
        "payment_method": "card",
        "status": order.status,
        "subtotal": order.subtotal,
        "discount": order.discount,
        "amount": order.amount,
        "refunded_amount": order.refunded_amount,
        "currency": "TWD",
        "metadata": order.metadata.as_ref().map(|m| &m.0),
        "created_at": instant(order.created_at),
        "paid_at": at(order.paid_at),
    })
}

/// An invoice.
pub fn invoice_object(invoice: &Invoice) -> Value {
    json!({
        "object": "invoice",
        "id": invoice.invoice_id,
        "invoice_number": invoice.number,
        "subscription_id": invoice.subscription_id,
        "customer_id": invoice.customer_id,
        "product_id": invoice.product_id,
        "billing_reason": invoice.billing_reason,
        "status": invoice.status,
        "subtotal": invoice.subtotal,
        "discount": invoice.discount,
        "credit_applied": invoice.credit_applied,
        "amount": invoice.amount,
        "refunded_amount": invoice.refunded_amount,
        "currency": "TWD",
        "period_start": instant(invoice.period_start),
        "period_end": instant(invoice.period_end),
        "attempt_count": invoice.attempt_count,
        "next_retry_at": at(invoice.next_retry_at),
        "created_at": instant(invoice.created_at),
        "paid_at": at(invoice.paid_at),
    })
}

/// A charge.
pub fn charge_object(charge: &Charge) -> Value {
    let failure = charge.failure.0.as_ref();
    json!({
        "object": "charge",
        "id": charge.charge_id,
        "status": charge.status,
        "amount": charge.amount,
        "refunded_amount": charge.refunded_amount,
        "currency": "TWD",
        "failure_code": failure.map(|failure| &failure.code),
        "failure_message": failure.map(|failure| failure_message(&failure.code)),
        "created_at": instant(charge.created_at),
    })
}

/// A refund; `charged` and `refunded` are of its charge.
pub fn refund_object(refund: &Refund, charged: i64, refunded: i64) -> Value {
    let failure = refund.failure.0.as_ref();
    json!({
        "object": "refund",
        "id": refund.refund_id,
        "refund_number": refund.number,
        "charge_id": refund.charge_id,
        "order_id": refund.order_id,
        "invoice_id": refund.invoice_id,
        "subscription_id": refund.subscription_id,
        "customer_id": refund.customer_id,
        "amount": refund.amount,
        "currency": "TWD",
        "status": refund.status,
        "reason": refund.reason,
        "reason_detail": refund.reason_detail,
        "original_amount": charged,
        "refunded_amount": refunded,
        "failure_code": failure.map(|failure| &failure.code),
        "failure_message": failure.map(|failure| &failure.detail),
        "created_at": instant(refund.created_at),
        "settled_at": at(refund.settled_at),
    })
}

/// A coupon.
pub fn coupon_object(coupon: &Coupon) -> Value {
    json!({
        "object": "coupon",
        "id": coupon.coupon_id,
        "name": coupon.name,
        "discount_type": coupon.discount_type,
        "discount_amount": coupon.discount_amount,
        "duration": coupon.duration,
        "duration_months": coupon.duration_periods,
        "bonus_trial_days": coupon.bonus_trial_days,
        "bonus_months": coupon.bonus_months,
        "minimum_amount": coupon.minimum_amount,
        "product_ids": coupon.product_ids.0,
        "active": coupon.active,
        "metadata": coupon.metadata.0,
        "created_at": instant(coupon.created_at),
        "updated_at": instant(coupon.updated_at),
    })
}

/// A promotion code.
pub fn promotion_code_object(code: &PromotionCode) -> Value {
    json!({
        "id": code.promotion_code_id,
        "code": code.code,
        "coupon_id": code.coupon_id,
        "active": code.active,
        "valid_from": at(code.valid_from),
        "valid_until": at(code.valid_until),
        "max_redemptions": code.max_redemptions,
        "max_redemptions_per_customer": code.max_redemptions_per_customer,
        "current_redemptions": code.current_redemptions,
        "minimum_amount": code.minimum_amount,
        "customer_eligibility": code.customer_eligibility,
        "restricted_to_customer_id": code.restricted_to_customer_id,
        "metadata": code.metadata.as_ref().map(|m| &m.0),
        "created_at": instant(code.created_at),
        "updated_at": instant(code.updated_at),
    })
}

/// A use of a promotion code.
pub fn redemption_object(redemption: &Redemption) -> Value {
    json!({
        "id": redemption.redemption_id,
        "promotion_code_id": redemption.promotion_code_id,
        "customer_id": redemption.customer_id,
        "checkout_id": redemption.checkout_id,
        "discount_amount": redemption.amount_off,
        "created_at": instant(redemption.created_at),
    })
}

/// A payment link.
pub fn payment_link_object(
    link: &PaymentLink,
    product: &Product,
    url: &str,
    livemode: bool,
) -> Value {
    json!({
        "id": link.payment_link_id,
        "object": "payment_link",
        "url": url,
        "url_id": link.url_id,
        "active": link.active,
        "product_id": link.product_id,
        "product": {
            "id": product.product_id,
            "name": product.name,
            "slug": product.slug,
            "price": product.price,
            "currency": "TWD",
            "type": product.product_type,
        },
        "promotion_code": link.promotion_code,
        "collect_payment_method": link.collect_payment_method,
        "success_url": link.success_url,
        "max_completions": link.max_completions,
        "metadata": link.metadata.as_ref().map(|m| &m.0),
        "environment": if livemode { "PRODUCTION" } else { "SANDBOX" },
        "view_count": link.view_count,
        "session_count": link.session_count,
        "completed_count": link.completed_count,
        "created_at": instant(link.created_at),
        "updated_at": instant(link.updated_at),
    })
}

/// The grants of one customer.
pub fn grant(
    product: &Product,
    status: &'static str,
    source: (&'static str, String),
    granted_at: Timestamp,
    expires_at: Option<Timestamp>,
    subscription: Option<SubscriptionId>,
    certificate: Option<Value>,
) -> Value {
    let mut grant = json!({
        "product": product.slug,
        "product_id": product.product_id,
        "status": status,
        "source": source.0,
        "source_id": source.1,
        "granted_at": instant(granted_at),
        "expires_at": at(expires_at),
    });
    let extra = [
        (
            "subscription_id",
            subscription.map(|id| id.to_string().into()),
        ),
        ("certificate", certificate),
    ];
    if let Some(object) = grant.as_object_mut() {
        let extra = extra.into_iter();
        object.extend(extra.filter_map(|(name, value)| Some((name.into(), value?))));
    }
    grant
}
