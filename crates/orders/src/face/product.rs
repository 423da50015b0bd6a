//! `/platform/product`: what can be ordered.

use super::Page;
use super::call::Caller;
use crate::model::{
    DynamicProbability, IncreaseSpeed, Price, Product, ProductId, ProductType, ServiceType,
};
use crate::repo::products;
use crate::{Error, Orders};
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use httpkit::{Refusal, Reply};
use kernel::Timestamp;
use serde::Serialize;

pub fn routes() -> Router<Orders> {
    Router::new().route("/product", get(list))
}

#[derive(Serialize)]
struct ProductResponse<'a> {
    product_id: ProductId,
    title: &'a str,
    description: &'a str,
    product_type: ProductType,
    product_category: &'a str,
    main_product_category: &'a str,
    price: Price,
    min: i64,
    max: i64,
    order_no: i64,
    dynamic_probability: DynamicProbability,
    increase_speed: IncreaseSpeed,
    service_type: ServiceType,
    create_date_time: Timestamp,
    update_date_time: Option<Timestamp>,
    ch2_product: Option<Ch2Product<'a>>,
    ch1_product: Option<()>,
}

#[derive(Serialize)]
struct Ch2Product<'a> {
    name: &'a str,
    rate: &'a str,
    min: i64,
    max: i64,
    is_drip_feed: bool,
    is_refillable: bool,
    is_cancelable: bool,
}

impl<'a> From<&'a Product> for ProductResponse<'a> {
    fn from(p: &'a Product) -> Self {
        Self {
            product_id: p.product_id,
            title: &p.title,
            description: &p.description,
            product_type: p.product_type,
            product_category: &p.product_category,
            main_product_category: &p.main_product_category,
            price: p.price,
            min: p.min,
            max: p.max,
            order_no: p.order_no,
            dynamic_probability: p.dynamic_probability,
            increase_speed: p.increase_speed,
            service_type: p.service_type,
            create_date_time: p.created_at,
            update_date_time: p.updated_at,
            ch2_product: p.service.as_ref().map(|service| Ch2Product {
                name: &service.name,
                rate: &service.rate,
                min: service.min,
                max: service.max,
                is_drip_feed: p.is_drip_feed,
                is_refillable: p.is_refillable,
                is_cancelable: p.is_cancelable,
            }),
            ch1_product: None,
        }
    }
}

async fn list(State(orders): State<Orders>, caller: Caller) -> Result<Reply, Refusal> {
    let query = caller.list_query(&products::ENTITY)?;
    let (found, count) = orders
        .db()
        .scan(move |tx| products::list(tx, &query))
        .await
        .map_err(Error::from)?;
    let value: Vec<ProductResponse<'_>> = found.iter().map(ProductResponse::from).collect();
    Ok(Reply::ok(&Page { value, count }))
}
