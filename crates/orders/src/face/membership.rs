//! `/account/organization`: the organizations of a person, their members and their keys.

use super::call::{PathIds, Post};
use super::fields::{self, Fields, Sent, is_blank};
use super::limits::{LONGEST_LABEL, NAME};
use super::member::Member;
use super::{Page, Values};
use crate::Orders;
use crate::model::{Account, AccountId, OrganizationId, PrivateKey, PrivateKeyId};
use crate::people::{Change, NewOrganization};
use crate::repo::profiles;
use axum::Router;
use axum::extract::State;
use axum::routing::{delete, get, patch};
use httpkit::{Refusal, Reply};
use kernel::Timestamp;
use serde::{Deserialize, Serialize};

const ORGANIZATION: &str = "organization_id";

pub fn routes() -> Router<Orders> {
    Router::new()
        .route("/organization", get(list).post(create))
        .route("/organization/{organization_id}", get(show).patch(change))
        .route("/organization/{organization_id}/status", patch(set_status))
        .route(
            "/organization/{organization_id}/member",
            get(members).post(add_members),
        )
        .route(
            "/organization/{organization_id}/member/{account_id}",
            delete(remove_member),
        )
        .route(
            "/organization/{organization_id}/private-key",
            get(keys).post(create_key),
        )
        .route(
            "/organization/{organization_id}/private-key/{private_key_id}",
            delete(revoke_key),
        )
}

async fn list(State(orders): State<Orders>, member: Member) -> Result<Reply, Refusal> {
    let query = member.list_query(&profiles::ENTITY)?;
    let (value, count) = orders.organizations_of(member.session, query).await?;
    Ok(Reply::ok(&Page { value, count }))
}

#[derive(Deserialize)]
struct Profile<'a> {
    #[serde(borrow)]
    name: Sent<'a>,
    contact_email: Sent<'a>,
    contact_phone: Sent<'a>,
    tax_id: Sent<'a>,
    logo_file_id: Sent<'a>,
}

async fn create(State(orders): State<Orders>, post: Post<Member>) -> Result<Reply, Refusal> {
    let body: Profile<'_> = fields::parse(&post.body)?;
    let mut fields = Fields::default();
    fields.require("name", body.name);
    fields.require("contact_email", body.contact_email);
    fields.require("contact_phone", body.contact_phone);
    let name = fields.line("name", body.name, NAME);
    let contact_email = fields.email("contact_email", body.contact_email);
    let contact_phone = fields.mobile("contact_phone", body.contact_phone);
    let tax_id = fields.tax_id("tax_id", body.tax_id);
    let logo_file_id = fields.uuid("logo_file_id", body.logo_file_id);
    fields.finish()?;
    let new = NewOrganization {
        name: name.unwrap_or_default(),
        contact_email: contact_email.unwrap_or_default(),
        contact_phone: contact_phone.unwrap_or_default(),
        tax_id,
        logo_file_id,
    };
    let detail = orders.found(post.caller.account(), new).await?;
    Ok(Reply::ok(&detail))
}

async fn show(
    State(orders): State<Orders>,
    member: Member,
    ids: PathIds,
) -> Result<Reply, Refusal> {
    let id = ids.id(ORGANIZATION)?;
    Ok(Reply::ok(
        &orders.organization_of(member.session, id).await?,
    ))
}

async fn change(State(orders): State<Orders>, mut post: Post<Member>) -> Result<Reply, Refusal> {
    let id: OrganizationId = post.path_id(ORGANIZATION).await?;
    let body: Profile<'_> = fields::parse(&post.body)?;
    let mut fields = Fields::default();
    let change = Change {
        name: fields.line("name", body.name, NAME),
        contact_email: fields.email("contact_email", body.contact_email),
        contact_phone: fields.mobile("contact_phone", body.contact_phone),
        tax_id: if is_emptied(body.tax_id) {
            Some(None)
        } else {
            fields.tax_id("tax_id", body.tax_id).map(Some)
        },
        logo_file_id: if is_emptied(body.logo_file_id) {
            Some(None)
        } else {
            fields.uuid("logo_file_id", body.logo_file_id).map(Some)
        },
    };
    fields.finish()?;
    let detail = orders.change_organization(post.caller.session, id, change);
    Ok(Reply::ok(&detail.await?))
}

/// Blank text takes a value away; what is absent or null stays.
fn is_emptied(sent: Sent<'_>) -> bool {
    sent.is_some_and(|sent| sent.get() != "null") && is_blank(sent)
}

#[derive(Deserialize)]
struct Status<'a> {
    #[serde(borrow)]
    enable: Sent<'a>,
}

async fn set_status(
    State(orders): State<Orders>,
    mut post: Post<Member>,
) -> Result<Reply, Refusal> {
    let id: OrganizationId = post.path_id(ORGANIZATION).await?;
    let body: Status<'_> = fields::parse(&post.body)?;
    let mut fields = Fields::default();
    fields.require("enable", body.enable);
    let enable = fields.flag("enable", body.enable);
    fields.finish()?;
    let enable = enable.unwrap_or_default();
    let detail = orders.set_enabled_by(post.caller.session, id, enable);
    Ok(Reply::ok(&detail.await?))
}

#[derive(Serialize)]
struct MemberResponse<'a> {
    account_id: AccountId,
    email: &'a str,
}

fn member_list(members: &[Account]) -> Reply {
    let value = members
        .iter()
        .map(|member| MemberResponse {
            account_id: member.account_id,
            email: &member.email,
        })
        .collect();
    Reply::ok(&Values { value })
}

async fn members(
    State(orders): State<Orders>,
    member: Member,
    ids: PathIds,
) -> Result<Reply, Refusal> {
    let id = ids.id(ORGANIZATION)?;
    Ok(member_list(&orders.members(member.session, id).await?))
}

#[derive(Deserialize)]
struct AddMembers<'a> {
    #[serde(borrow)]
    account_ids: Sent<'a>,
}

async fn add_members(
    State(orders): State<Orders>,
    mut post: Post<Member>,
) -> Result<Reply, Refusal> {
    let id: OrganizationId = post.path_id(ORGANIZATION).await?;
    let body: AddMembers<'_> = fields::parse(&post.body)?;
    let mut fields = Fields::default();
    let accounts = fields.uuids("account_ids", body.account_ids);
    fields.finish()?;
    let members = orders.add_members(post.caller.session, id, accounts);
    Ok(member_list(&members.await?))
}

async fn remove_member(
    State(orders): State<Orders>,
    member: Member,
    ids: PathIds,
) -> Result<Reply, Refusal> {
    let id = ids.id(ORGANIZATION)?;
    let leaving = ids.id("account_id")?;
    let members = orders.remove_member(member.session, id, leaving);
    Ok(member_list(&members.await?))
}

#[derive(Serialize)]
struct PrivateKeyResponse<'a> {
    private_key_id: PrivateKeyId,
    /// The key itself, when it has just been made.
    #[serde(skip_serializing_if = "Option::is_none")]
    private_key: Option<&'a str>,
    label: &'a str,
    hint: &'a str,
    create_date_time: Timestamp,
    revoke_date_time: Option<Timestamp>,
}

impl<'a> PrivateKeyResponse<'a> {
    fn new(key: &'a PrivateKey, private_key: Option<&'a str>) -> Self {
        Self {
            private_key_id: key.private_key_id,
            private_key,
            label: &key.label,
            hint: &key.hint,
            create_date_time: key.created_at,
            revoke_date_time: key.revoked_at,
        }
    }
}

async fn keys(
    State(orders): State<Orders>,
    member: Member,
    ids: PathIds,
) -> Result<Reply, Refusal> {
    let id = ids.id(ORGANIZATION)?;
    let keys = orders.members_keys(member.session, id).await?;
    Ok(Reply::ok(&Values {
        value: keys
            .iter()
            .map(|key| PrivateKeyResponse::new(key, None))
            .collect(),
    }))
}

#[derive(Deserialize)]
struct CreateKey<'a> {
    #[serde(borrow)]
    label: Sent<'a>,
}

async fn create_key(
    State(orders): State<Orders>,
    mut post: Post<Member>,
) -> Result<Reply, Refusal> {
    let id: OrganizationId = post.path_id(ORGANIZATION).await?;
    let body: CreateKey<'_> = fields::parse(&post.body)?;
    let mut fields = Fields::default();
    let label = fields.line("label", body.label, 1..=LONGEST_LABEL);
    fields.finish()?;
    let made = orders.create_members_key(post.caller.session, id, label.unwrap_or_default());
    let (key, secret) = made.await?;
    Ok(Reply::ok(&PrivateKeyResponse::new(
        &key,
        Some(secret.expose()),
    )))
}

async fn revoke_key(
    State(orders): State<Orders>,
    member: Member,
    ids: PathIds,
) -> Result<Reply, Refusal> {
    let id = ids.id(ORGANIZATION)?;
    let key = ids.id("private_key_id")?;
    orders.revoke_members_key(member.session, id, key).await?;
    keys(State(orders), member, ids).await
}
