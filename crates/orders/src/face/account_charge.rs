//! `/account/credit-charge`: credit that a person buys for an organization, and the person's own view of it.

use super::call::{PathIds, Post};
use super::charge::{ChargeBody, ID, new_charge};
use super::fields::{self, Fields};
use super::member::Member;
use crate::Orders;
use crate::charges::Owner;
use crate::model::{ChargeId, OrganizationId};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use catalogue::PlatformError;
use httpkit::{Refusal, Reply};

pub fn routes() -> Router<Orders> {
    Router::new()
        .route(
            "/organization/{organization_id}/credit-charge",
            post(create),
        )
        .route("/credit-charge/{credit_charge_id}", get(show))
        .route("/credit-charge/{credit_charge_id}/pay", post(pay))
        .route("/credit-charge/{credit_charge_id}/cancel", post(cancel))
}

async fn create(State(orders): State<Orders>, mut post: Post<Member>) -> Result<Reply, Refusal> {
    let organization: OrganizationId = post.path_id("organization_id").await?;
    let body: ChargeBody<'_> = fields::parse(&post.body)?;
    let account = Some(post.caller.account());
    let new = new_charge(&orders, &body, Fields::default(), organization, account)?;
    let detail = orders.organization_of(post.caller.session, organization);
    if !detail.await?.enable {
        return Err(PlatformError::OrganizationDisable.into());
    }
    let charge = orders.create_charge(new).await?;
    Ok(Reply::ok(&orders.charge_response(&charge)))
}

/// The charge in the path, by whoever calls.
fn named(member: &Member, ids: &PathIds) -> Result<(Owner, ChargeId), PlatformError> {
    Ok((Owner::Account(member.account()), ids.id(ID)?))
}

async fn show(
    State(orders): State<Orders>,
    member: Member,
    ids: PathIds,
) -> Result<Reply, Refusal> {
    let (owner, id) = named(&member, &ids)?;
    let charge = orders.charge(owner, id).await?;
    Ok(Reply::ok(&orders.charge_response(&charge)))
}

async fn pay(State(orders): State<Orders>, member: Member, ids: PathIds) -> Result<Reply, Refusal> {
    let (owner, id) = named(&member, &ids)?;
    Ok(Reply::ok(&orders.pay_charge(owner, id).await?))
}

async fn cancel(
    State(orders): State<Orders>,
    member: Member,
    ids: PathIds,
) -> Result<Reply, Refusal> {
    let (owner, id) = named(&member, &ids)?;
    let charge = orders.cancel_charge(owner, id).await?;
    Ok(Reply::ok(&orders.charge_response(&charge)))
}
