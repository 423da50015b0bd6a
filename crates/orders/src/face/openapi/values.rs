//! Sample values for successful answers. Where the face sends a type of the model, so does the sample.

use crate::follow_up::{Cancelled, Refilled};
use crate::model::{
    Detail, DynamicProbability, IncreaseSpeed, Order, OrderId, OrderStatus, OrganizationId,
    PaymentStatus, PaymentType, Price, ProductId, ProductType, ServiceType, Specification,
};
use crate::repo::records::CreditRecord;
use kernel::{Credits, Id, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

pub(super) const ORGANIZATION: OrganizationId =
    Id::from_u128(0x0199_9d1c_1a00_7c3a_9b52_6e0d_4a8f_1c01);
const PRODUCT: ProductId = Id::from_u128(0x0199_9d1c_2b00_7d11_8a4e_13f0_77c2_5b02);
const STORY_PRODUCT: ProductId = Id::from_u128(0x0199_9d1c_2b00_7d12_9c5f_24e1_88d3_6c07);
const ORDER: OrderId = Id::from_u128(0x0199_9d1c_3c00_7e52_b6d1_92aa_0c4e_8d03);
pub(super) const PLACED: Timestamp = Timestamp::from_micros(1_780_374_600_000_000);
pub(super) const CHANGED: Timestamp = Timestamp::from_micros(1_780_376_400_000_000);
const LINK: &str = "https://example.com/p/1";
const USERNAME: &str = "example_account";

pub(super) fn to_value(value: &impl Serialize) -> Value {
    // Wire types have string keys and finite numbers: they always serialize.
    serde_json::to_value(value).unwrap_or_default()
}

pub(super) fn page(row: &Value) -> Value {
    json!({"value": [row], "@odata.count": 1})
}

pub(super) fn values(row: &impl Serialize) -> Value {
    json!({"value": [row]})
}

pub fn organization() -> Value {
    json!({"organization_id": ORGANIZATION, "name": "Example Studio"})
}

pub fn balance() -> Value {
    json!({"balance": Credits::new(880)})
}

/// An order as the answer to the order itself shows it.
fn new_order() -> Order {
    Order {
        order_id: ORDER,
        order_number: "ORD-202606020001".into(),
        payment_type: PaymentType::Credit,
        order_status: OrderStatus::Establish,
        payment_status: PaymentStatus::Complete,
        total: Credits::new(120),
        order_detail: Vec::new(),
        create_date_time: PLACED,
        update_date_time: None,
    }
}

/// The same order later.
fn running_order() -> Order {
    let detail = Detail {
        order_detail_id: Id::from_u128(0x0199_9d1c_3c00_7f90_a2c8_55d6_1b3f_7e04),
        product_id: PRODUCT,
        title: "Followers, fast".into(),
        product_type: ProductType::Ch2Default,
        price: Price::from_thousandths(1200),
        subtotal: Credits::new(120),
        specification: Specification {
            quantity: Some(100),
            link: Some(LINK.into()),
            ..Specification::default()
        },
        start_count: Some(512),
        remains: Some(40),
        certificate_url: None,
    };
    Order {
        order_status: OrderStatus::InProgress,
        order_detail: vec![detail],
        update_date_time: Some(CHANGED),
        ..new_order()
    }
}

pub fn records() -> Value {
    page(&to_value(&CreditRecord {
        organization_credit_record_id: Id::from_u128(0x0199_9d1c_3c00_7a37_9f15_c01d_62e8_4a05),
        organization_credit_record_number: "CR-202606020001".into(),
        quantity: Credits::new(-120),
        r#type: "decrease",
        order: Some(new_order()),
        create_date_time: PLACED,
    }))
}

pub fn products() -> Value {
    page(&json!({
        "product_id": PRODUCT,
        "title": "Followers, fast",
        "description": "Instagram Fans",
        "product_type": ProductType::Ch2Default,
        "product_category": "instagram_fans",
        "main_product_category": "instagram",
        "price": Price::from_thousandths(1200),
        "min": 10,
        "max": 100_000,
        "order_no": 1,
        "dynamic_probability": DynamicProbability::Medium,
        "increase_speed": IncreaseSpeed::Fast,
        "service_type": ServiceType::Channel2,
        "create_date_time": PLACED,
        "update_date_time": null,
        "ch2_product": {
            "name": "Followers",
            "rate": "12",
            "min": 10,
            "max": 100_000,
            "is_drip_feed": true,
            "is_refillable": true,
            "is_cancelable": true,
        },
        "ch1_product": null,
    }))
}

pub fn orders() -> Value {
    page(&to_value(&running_order()))
}

pub fn placed() -> Value {
    to_value(&new_order())
}

pub fn refilled_one() -> Value {
    to_value(&refilled())
}

pub fn refilled_many() -> Value {
    values(&refilled())
}

fn refilled() -> Refilled {
    Refilled {
        order_id: ORDER,
        refill_id: Id::from_u128(0x0199_9d1c_4d00_7b64_8e2f_4f9b_d370_1c06),
    }
}

pub fn cancelled_one() -> Value {
    to_value(&cancelled())
}

pub fn cancelled_many() -> Value {
    values(&cancelled())
}

fn cancelled() -> Cancelled {
    Cancelled {
        order_id: ORDER,
        order_status: OrderStatus::Cancel,
    }
}

pub fn synced_one() -> Value {
    to_value(&running_order())
}

pub fn synced_many() -> Value {
    values(&running_order())
}

pub fn at_once_body() -> Value {
    json!({"product_id": PRODUCT, "link": LINK, "quantity": 100})
}

pub fn in_runs_body() -> Value {
    json!({"product_id": PRODUCT, "link": LINK, "quantity": 50, "runs": 2, "interval_minutes": 60})
}

pub fn story_body() -> Value {
    json!({"product_id": STORY_PRODUCT, "username": USERNAME, "quantity": 100})
}

pub fn comment_likes_body() -> Value {
    json!({"product_id": PRODUCT, "link": LINK, "username": USERNAME, "quantity": 100})
}

pub fn custom_comments_body() -> Value {
    json!({"product_id": PRODUCT, "link": LINK, "comments": "Well done!\nGreat shot."})
}

pub fn subscriptions_body() -> Value {
    json!({
        "product_id": PRODUCT,
        "username": USERNAME,
        "min_quantity": 100,
        "max_quantity": 200,
        "new_post_count": 5,
        "delay_minutes": "min30",
        "expiry_date": "2030-06-02T12:30:00+08:00",
    })
}

pub fn batch_body() -> Value {
    json!({"order_ids": [ORDER]})
}

pub fn empty_body() -> Value {
    json!({})
}

pub fn organization_body() -> Value {
    json!({"organization_id": ORGANIZATION})
}
