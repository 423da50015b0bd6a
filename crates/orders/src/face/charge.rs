//! `/platform/organization/credit/charge`: buying credit.

use super::Page;
use super::call::{Caller, Outcome, PathIds, Post};
use super::fields::{self, Fields, Sent};
use super::order::check_named;
use crate::charges::{Made, NewCharge, Owner, Proof};
use crate::model::{AccountId, ChargeId, OrganizationId, PaymentType};
use crate::repo::charges as repo;
use crate::{Error, Orders};
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use httpkit::{Refusal, Reply};
use serde::Deserialize;

/// The id in the path.
pub(super) const ID: &str = "credit_charge_id";
/// How a charge can be paid; credit is not bought with credit, which has a refusal of its own.
pub(super) const PAYABLE: [&str; 2] = [
    PaymentType::PayUni.literal(),
    PaymentType::BankTransfer.literal(),
];

pub fn routes() -> Router<Orders> {
    Router::new()
        .route("/organization/credit/charge", get(list))
        .route("/organization/credit/charge", post(create))
        .route("/organization/credit/charge/{credit_charge_id}", get(show))
        .route(
            "/organization/credit/charge/{credit_charge_id}/pay",
            post(pay),
        )
        .route(
            "/organization/credit/charge/{credit_charge_id}/remittance",
            post(remit),
        )
        .route(
            "/organization/credit/charge/{credit_charge_id}/cancel",
            post(cancel),
        )
        .route(
            "/organization/credit/charge/{credit_charge_id}/sync",
            post(sync),
        )
}

async fn list(State(orders): State<Orders>, caller: Caller) -> Result<Reply, Refusal> {
    let query = caller.list_query(&repo::ENTITY)?;
    let organization = caller.organization();
    let (charges, count) = orders
        .db()
        .scan(move |tx| repo::list(tx, organization, &query))
        .await
        .map_err(Error::from)?;
    let value = charges.iter().map(|c| orders.charge_response(c)).collect();
    Ok(Reply::ok(&Page { value, count }))
}

async fn show(
    State(orders): State<Orders>,
    caller: Caller,
    ids: PathIds,
) -> Result<Reply, Refusal> {
    let id = ids.id(ID)?;
    caller.check_named_organization()?;
    let owner = Owner::Organization(caller.organization());
    let charge = orders.charge(owner, id).await?;
    Ok(Reply::ok(&orders.charge_response(&charge)))
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct ChargeBody<'a> {
    #[serde(borrow)]
    organization_id: Sent<'a>,
    quantity: Sent<'a>,
    payment_type: Sent<'a>,
    return_url: Sent<'a>,
    file_id: Sent<'a>,
    last_five: Sent<'a>,
}

/// What the body of a new charge asks for.
pub(super) fn new_charge(
    orders: &Orders,
    body: &ChargeBody<'_>,
    mut fields: Fields,
    organization: OrganizationId,
    account: Option<AccountId>,
) -> Result<NewCharge, Refusal> {
    fields.require("quantity", body.quantity);
    fields.require("payment_type", body.payment_type);
    let quantity = fields.int32("quantity", body.quantity);
    let of = PaymentType::from_literal;
    let payment_type = fields.one_of("payment_type", body.payment_type, of, &PAYABLE);
    if payment_type == Some(PaymentType::PayUni) {
        fields.within("quantity", quantity, orders.payable_quantities());
    }
    let return_url = fields.link("return_url", body.return_url);
    fields.finish()?;
    let (Some(quantity), Some(payment_type)) = (quantity, payment_type) else {
        return Err(Refusal::internal("a required field went missing"));
    };
    Ok(NewCharge {
        organization,
        account,
        quantity,
        payment_type,
        return_url,
    })
}

async fn create(State(orders): State<Orders>, post: Post) -> Result<Response, Refusal> {
    let organization = post.caller.organization();
    let new = {
        let body: ChargeBody<'_> = fields::parse(&post.body)?;
        let mut fields = Fields::default();
        let named = fields.uuid("organization_id", body.organization_id);
        let account = post.caller.holder.created_by;
        let new = new_charge(&orders, &body, fields, organization, account)?;
        check_named(named, organization)?;
        new
    };
    let orders = &orders;
    post.once_in_transaction(orders, "", async |key| {
        Ok(match orders.create_charge_once(new, key.clone()).await? {
            Made::Now(charge) => Outcome {
                reply: Reply::ok(&orders.charge_response(&charge)),
                stored: true,
                replayed: false,
            },
            Made::Before(found) => {
                let key = key.ok_or_else(|| Refusal::internal("found without a key"))?;
                Outcome {
                    reply: orders.answer_of(found, &key, organization).await?,
                    stored: true,
                    replayed: true,
                }
            }
        })
    })
    .await
}

/// Reads what is sent about the charge in the path, by its organization.
async fn about<T>(
    post: &mut Post,
    read: impl FnOnce(&mut Fields, &ChargeBody<'_>) -> T,
) -> Result<(Owner, ChargeId, T), Refusal> {
    let id = post.path_id(ID).await?;
    let organization = post.caller.organization();
    let body: ChargeBody<'_> = fields::parse(&post.body)?;
    let mut fields = Fields::default();
    let sent = read(&mut fields, &body);
    let named = fields.uuid("organization_id", body.organization_id);
    fields.finish()?;
    check_named(named, organization)?;
    Ok((Owner::Organization(organization), id, sent))
}

async fn pay(State(orders): State<Orders>, mut post: Post) -> Result<Response, Refusal> {
    let (owner, id, ()) = about(&mut post, |_, _| ()).await?;
    post.once_or_again(&orders, async || {
        Ok(Reply::ok(&orders.pay_charge(owner, id).await?))
    })
    .await
}

async fn remit(State(orders): State<Orders>, mut post: Post) -> Result<Response, Refusal> {
    let (owner, id, (file_id, last_five)) = about(&mut post, |fields, body| {
        fields.require("file_id", body.file_id);
        fields.require("last_five", body.last_five);
        (
            fields.uuid("file_id", body.file_id),
            fields.five_digits("last_five", body.last_five),
        )
    })
    .await?;
    let (Some(file_id), Some(last_five)) = (file_id, last_five) else {
        return Err(Refusal::internal("a required field went missing"));
    };
    let proof = Proof { file_id, last_five };
    post.once_or_again(&orders, async || {
        let charge = orders.remit_charge(owner, id, proof).await?;
        Ok(Reply::ok(&orders.charge_response(&charge)))
    })
    .await
}

async fn cancel(State(orders): State<Orders>, mut post: Post) -> Result<Response, Refusal> {
    let (owner, id, ()) = about(&mut post, |_, _| ()).await?;
    post.once_or_again(&orders, async || {
        let charge = orders.cancel_charge(owner, id).await?;
        Ok(Reply::ok(&orders.charge_response(&charge)))
    })
    .await
}

async fn sync(State(orders): State<Orders>, mut post: Post) -> Result<Response, Refusal> {
    let (owner, id, ()) = about(&mut post, |_, _| ()).await?;
    post.once_or_again(&orders, async || {
        let charge = orders.sync_charge(owner, id).await?;
        Ok(Reply::ok(&orders.charge_response(&charge)))
    })
    .await
}
