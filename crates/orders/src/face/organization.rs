//! `/platform/organization`: who the key belongs to, its credit, its credit records.

use super::Page;
use super::call::Caller;
use crate::model::OrganizationId;
use crate::repo::records;
use crate::{Error, Orders};
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use httpkit::{Refusal, Reply};
use kernel::Credits;
use serde::Serialize;

pub fn routes() -> Router<Orders> {
    Router::new()
        .route("/organization", get(organization))
        .route("/organization/credit/balance", get(balance))
        .route("/organization/credit/record", get(list_records))
}

#[derive(Serialize)]
struct OrganizationResponse<'a> {
    organization_id: OrganizationId,
    name: &'a str,
}

async fn organization(caller: Caller) -> Result<Reply, Refusal> {
    caller.check_named_organization()?;
    Ok(Reply::ok(&OrganizationResponse {
        organization_id: caller.organization(),
        name: &caller.holder.name,
    }))
}

#[derive(Serialize)]
struct OrganizationCreditBalanceResponse {
    balance: Credits,
}

async fn balance(State(orders): State<Orders>, caller: Caller) -> Result<Reply, Refusal> {
    caller.check_named_organization()?;
    let balance = orders.balance(caller.organization()).await?;
    let balance = balance.ok_or_else(|| Refusal::internal("the credit account is missing"))?;
    Ok(Reply::ok(&OrganizationCreditBalanceResponse { balance }))
}

async fn list_records(State(orders): State<Orders>, caller: Caller) -> Result<Reply, Refusal> {
    let query = caller.list_query(&records::ENTITY)?;
    let organization = caller.organization();
    let (value, count) = orders
        .db()
        .scan(move |tx| records::list(tx, organization, &query))
        .await
        .map_err(Error::from)?;
    Ok(Reply::ok(&Page { value, count }))
}
