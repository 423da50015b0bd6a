//! `/products`: what is sold.

use super::call::Caller;
use super::objects::product_object;
use crate::model::ProductType;
use crate::repo::Product;
use crate::{Billing, Error, Result};
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use httpkit::{Refusal, Reply};
use serde_json::{Value, json};
use store::{StoreError, params};

pub fn routes() -> Router<Billing> {
    Router::new().route("/products", get(list))
}

/// What is on sale, all of it: the SDKs ask for no pages.
async fn list(State(billing): State<Billing>, caller: Caller) -> Result<Reply, Refusal> {
    let mut fields = caller.fields();
    let kind = fields.choice("type", ProductType::NAMES, ProductType::of);
    fields.finish()?;
    let account = caller.scope().account_id;
    let kind = kind.map_or("", ProductType::name);
    let products: Result<Vec<Product>, StoreError> = billing
        .db()
        .read(move |tx| Product::all(tx, Product::ON_SALE, params![account, kind]))
        .await;
    let products: Vec<Value> = products.map_err(Error::from)?.iter().map(product_object).collect();
    Ok(Reply::ok(&json!({ "products": products })))
}
