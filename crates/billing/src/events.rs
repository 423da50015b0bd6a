//! What webhooks say. `data` is the object itself, names of states in capitals as the API answers them; an endpoint
//! that wants them in lower case gets them so on delivery.

use crate::model::proration::SwitchKind;
use crate::model::{CustomerId, EventKind, InvoiceId, OrderId};
use crate::repo::{Checkout, Customer, Invoice, Order, Product, Refund, Subscription};
use crate::work::Work;
use crate::{Result, face};
use kernel::Timestamp;
use serde_json::{Value, json};
use store::{Tx, params};
use webhooks::{Contract, Event};

/// What the contract says of webhooks.
pub const WEBHOOKS: Contract = Contract {
    job_kind: "billing.webhook",
    header_prefix: "X-Recur-",
    body,
};

/// The option of an endpoint that wants names of states in capitals, as the API answers them.
pub const UPPER_CASE: &str = "upper_case";

/// Fields whose values the contract has in lower case.
const LOWERED: [&str; 5] = ["status", "type", "billing_reason", "switch_type", "reason"];

fn body(event: &Event, options: &str) -> String {
    let mut data = event.data.clone();
    if options != UPPER_CASE
        && let Some(object) = data.as_object_mut()
    {
        for (name, value) in object.iter_mut() {
            if let (true, Some(text)) = (LOWERED.contains(&name.as_str()), value.as_str()) {
                *value = text.to_lowercase().into();
            }
        }
    }
    json!({
        "id": event.id,
        "type": event.kind,
        "timestamp": instant(event.occurred_at),
        "data": data,
    })
    .to_string()
}

/// An instant as the contract writes it: `2026-01-01T00:00:00.000Z`.
pub fn instant(at: Timestamp) -> String {
    at.utc_millis()
}

fn optional(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| instant(at).into())
}

fn customer(tx: &mut Tx<'_>, work: &Work, id: Option<CustomerId>) -> Result<Value> {
    let Some(id) = id else {
        return Ok(Value::Null);
    };
    let found = Customer::first(tx, Customer::BY_ID, params![id, work.account()])?;
    Ok(found.map_or(Value::Null, |customer| {
        json!({
            "id": customer.customer_id,
            "external_id": customer.external_id,
            "email": customer.email,
            "name": customer.name,
        })
    }))
}

/// `checkout.created` and `checkout.completed`.
pub fn checkout(tx: &mut Tx<'_>, work: &Work, kind: EventKind, checkout: &Checkout) -> Result<()> {
    let status = match kind {
        EventKind::CheckoutCompleted => "COMPLETE",
        _ => "PENDING",
    };
    let customer_object = customer(tx, work, checkout.customer_id)?;
    let email = match checkout.customer_id {
        Some(_) => None,
        None => checkout.buyer.0.email.as_deref(),
    };
    let data = json!({
        "id": checkout.checkout_id,
        "session_id": checkout.session_id,
        "status": status,
        "subtotal": checkout.price,
        "discount": (checkout.amount_off > 0).then_some(checkout.amount_off),
        "amount": checkout.amount(),
        "currency": "TWD",
        "product_id": checkout.product_id,
        "customer_id": checkout.customer_id,
        "customer": customer_object,
        "customer_email": email,
        "created_at": instant(checkout.created_at),
        "completed_at": optional(checkout.completed_at),
        "metadata": checkout.metadata.as_ref().map(|m| &m.0),
    });
    Ok(work.emit(tx, kind, &checkout.checkout_id.to_string(), &data)?)
}

/// `order.paid`, and `order.payment_failed` with the failure.
pub fn order(
    tx: &mut Tx<'_>,
    work: &Work,
    kind: EventKind,
    order: &Order,
    failure: Option<&crate::model::Failure>,
) -> Result<()> {
    let product = Product::first(
        tx,
        Product::BY_ID,
        params![order.product_id, work.account()],
    )?;
    let mut data = json!({
        "id": order.order_id,
        "order_id": order.order_id,
        "checkout_id": order.checkout_id,
        "subscription_id": order.subscription_id,
        "product_id": order.product_id,
        "customer": customer(tx, work, Some(order.customer_id))?,
        "billing_reason": order.billing_reason,
        "payment_method": "card",
        "status": order.status,
        "subtotal": order.subtotal,
        "discount": (order.discount > 0).then_some(order.discount),
        "amount": order.amount,
        "currency": "TWD",
        "items": [{"product_id": order.product_id, "product_name": product.map(|p| p.name)}],
        "metadata": order.metadata.as_ref().map(|m| &m.0),
        "created_at": instant(order.created_at),
        "paid_at": optional(order.paid_at),
    });
    if let (Some(failure), Some(object)) = (failure, data.as_object_mut()) {
        object.insert("failure_code".into(), failure.code.clone().into());
        object.insert(
            "failure_message".into(),
            face::failure_message(&failure.code).into(),
        );
    }
    Ok(work.emit(tx, kind, &order.order_id.to_string(), &data)?)
}

/// `subscription.*`.
pub fn subscription(
    tx: &mut Tx<'_>,
    work: &Work,
    kind: EventKind,
    subscription: &Subscription,
    switch: Option<SwitchKind>,
) -> Result<()> {
    let discount = face::next_discount(subscription);
    let plan = &subscription.plan.0;
    let mut data = json!({
        "id": subscription.subscription_id,
        "customer": customer(tx, work, Some(subscription.customer_id))?,
        "product_id": subscription.product_id,
        "status": subscription.status,
        "original_amount": plan.price,
        "discount": (discount > 0).then_some(discount),
        "amount": plan.price - discount,
        "currency": "TWD",
        "interval": plan.interval.unit().lower(),
        "interval_count": plan.interval.count(),
        "next_billing_date": face::next_billing_date(subscription).map(instant),
        "trial_ends_at": optional(subscription.trial_ends_at),
        "current_period_start": instant(subscription.current_period_start),
        "current_period_end": instant(subscription.current_period_end),
        "cancel_at_period_end": subscription.cancel_at_period_end,
        "canceled_at": optional(subscription.canceled_at),
        "reason": subscription.cancel_reason,
        "metadata": subscription.metadata.as_ref().map(|m| &m.0),
        "created_at": instant(subscription.created_at),
        "updated_at": instant(subscription.updated_at),
    });
    if let Some(object) = data.as_object_mut() {
        if let Some(switch) = switch {
            object.insert("switch_type".into(), switch.name().into());
        }
        if let Some(scheduled) = &subscription.scheduled.0 {
            object.insert(
                "scheduled_product_id".into(),
                scheduled.product_id.to_string().into(),
            );
            object.insert(
                "scheduled_for".into(),
                instant(subscription.current_period_end).into(),
            );
        }
    }
    Ok(work.emit(tx, kind, &subscription.subscription_id.to_string(), &data)?)
}

/// `invoice.*`.
pub fn invoice(tx: &mut Tx<'_>, work: &Work, kind: EventKind, invoice: &Invoice) -> Result<()> {
    let mut data = face::invoice_object(invoice);
    let customer = customer(tx, work, Some(invoice.customer_id))?;
    if let Some(object) = data.as_object_mut() {
        object.insert("customer".into(), customer);
    }
    // Of one subscription's object: its invoices and its own events arrive in order.
    Ok(work.emit(tx, kind, &invoice.subscription_id.to_string(), &data)?)
}

/// `refund.*`.
pub fn refund(
    tx: &mut Tx<'_>,
    work: &Work,
    kind: EventKind,
    refund: &Refund,
    charged: i64,
    refunded: i64,
) -> Result<()> {
    let data = face::refund_object(refund, charged, refunded);
    Ok(work.emit(tx, kind, &refund.refund_id.to_string(), &data)?)
}

/// `einvoice.*`, named after the order or invoice: the contract has no `id` of its own there.
pub fn einvoice(
    tx: &mut Tx<'_>,
    work: &Work,
    kind: EventKind,
    einvoice: &invoicing::repo::Invoice,
) -> Result<()> {
    let mut data = about(&einvoice.sale, einvoice.total);
    let failure = (kind == EventKind::EinvoiceIssueFailed).then_some(&einvoice.failure);
    let more = json!({
        "status": einvoice.status.name().to_uppercase(),
        "invoice_number": einvoice.invoice_number,
        "random_code": einvoice.random_code,
        "receive_type": einvoice.receive_type.name(),
        "refunded_amount": einvoice.credited,
        "failure_message": failure,
        "issued_at": optional(einvoice.issued_at),
        "voided_at": optional(einvoice.voided_at),
    });
    if let (Some(data), Value::Object(more)) = (data.as_object_mut(), more) {
        data.extend(more);
    }
    Ok(work.emit(tx, kind, &einvoice.sale, &data)?)
}

/// `einvoice.issue_failed` of one that was not even asked for.
pub fn einvoice_refused(
    tx: &mut Tx<'_>,
    work: &Work,
    sale: &str,
    amount: i64,
    failure: &str,
) -> Result<()> {
    let mut data = about(sale, amount);
    data["status"] = "ISSUE_FAILED".into();
    data["failure_message"] = failure.into();
    Ok(work.emit(tx, EventKind::EinvoiceIssueFailed, sale, &data)?)
}

fn about(sale: &str, amount: i64) -> Value {
    json!({
        "order_id": sale.parse::<OrderId>().ok(),
        "invoice_id": sale.parse::<InvoiceId>().ok(),
        "amount": amount,
        "currency": "TWD",
    })
}

/// `customer.*`.
pub fn customer_changed(
    tx: &mut Tx<'_>,
    work: &Work,
    kind: EventKind,
    customer: &Customer,
) -> Result<()> {
    let data = face::customer_object(customer, work.scope.livemode);
    Ok(work.emit(tx, kind, &customer.customer_id.to_string(), &data)?)
}

/// `product.*`.
pub fn product(tx: &mut Tx<'_>, work: &Work, kind: EventKind, product: &Product) -> Result<()> {
    let data = face::product_object(product);
    Ok(work.emit(tx, kind, &product.product_id.to_string(), &data)?)
}
