//! `/account`: making an account, logging in and out, verifying a phone.

use super::call::{PathIds, Post};
use super::fields::{self, Fields, Sent};
use super::limits::PASSWORD;
use super::member::Member;
use super::visitor::Visitor;
use crate::Orders;
use crate::model::{Account, AccountId, AccountSession, AccountSessionId};
use crate::people::NewAccount;
use axum::Router;
use axum::extract::State;
use axum::routing::{delete, get, post};
use catalogue::PlatformError;
use catalogue::platform::{Credential, Subject};
use httpkit::{Refusal, Reply};
use kernel::Timestamp;
use serde::{Deserialize, Serialize};

/// Characters of a code in a text message, with some to spare.
const CODE: std::ops::RangeInclusive<i64> = 1..=16;

pub fn routes() -> Router<Orders> {
    Router::new()
        .route("/", get(account))
        .route("/robot-challenge", get(robot_challenge))
        .route("/register", post(register))
        .route("/login", post(log_in))
        .route("/logout", post(log_out))
        .route("/verification-code", post(send_code))
        .route("/phone", post(verify_phone))
        .route("/password", post(change_password))
        .route("/password-reset", post(send_password_code))
        .route("/password-reset/confirm", post(set_password))
        .route("/session", get(sessions))
        .route("/session/{account_session_id}", delete(end_session))
}

#[derive(Serialize)]
struct AccountResponse<'a> {
    account_id: AccountId,
    email: &'a str,
    phone: &'a str,
    phone_verified: bool,
    create_date_time: Timestamp,
}

impl<'a> From<&'a Account> for AccountResponse<'a> {
    fn from(account: &'a Account) -> Self {
        Self {
            account_id: account.account_id,
            email: &account.email,
            phone: &account.phone,
            phone_verified: account.phone_verified_at.is_some(),
            create_date_time: account.created_at,
        }
    }
}

/// Nothing.
#[derive(Serialize)]
struct Done {}

async fn robot_challenge(State(orders): State<Orders>) -> Result<Reply, Refusal> {
    let challenge = orders.robots().challenge().await;
    let challenge = challenge.map_err(Refusal::internal)?;
    Ok(Reply::ok(&challenge.ok_or(
        PlatformError::DataNotExist {
            what: Subject::Operation,
        },
    )?))
}

#[derive(Deserialize)]
struct Register<'a> {
    #[serde(borrow)]
    email: Sent<'a>,
    password: Sent<'a>,
    phone: Sent<'a>,
    verification_code: Sent<'a>,
    robot_token: Sent<'a>,
}

async fn register(State(orders): State<Orders>, post: Post<Visitor>) -> Result<Reply, Refusal> {
    let body: Register<'_> = fields::parse(&post.body)?;
    let mut fields = Fields::default();
    let visitor = &post.caller;
    visitor
        .is_no_robot(&orders, &mut fields, body.robot_token)
        .await?;
    fields.require("email", body.email);
    fields.require("password", body.password);
    fields.require("phone", body.phone);
    if orders.accounts_config().verify_phones {
        fields.require("verification_code", body.verification_code);
    }
    let email = fields.email("email", body.email);
    let password = fields.secret("password", body.password, PASSWORD);
    let phone = fields.mobile("phone", body.phone);
    let verification_code = fields.line("verification_code", body.verification_code, CODE);
    fields.finish()?;
    let new = NewAccount {
        email: email.unwrap_or_default(),
        phone: phone.unwrap_or_default(),
        password: password.unwrap_or_default(),
        verification_code,
    };
    let account = orders.register(new, visitor.from).await?;
    Ok(Reply::ok(&AccountResponse::from(&account)))
}

#[derive(Deserialize)]
struct LogIn<'a> {
    #[serde(borrow)]
    email: Sent<'a>,
    password: Sent<'a>,
    robot_token: Sent<'a>,
}

#[derive(Serialize)]
struct TokenResponse<'a> {
    access_token: &'a str,
    expire_date_time: Timestamp,
}

async fn log_in(State(orders): State<Orders>, post: Post<Visitor>) -> Result<Reply, Refusal> {
    let body: LogIn<'_> = fields::parse(&post.body)?;
    let mut fields = Fields::default();
    let visitor = &post.caller;
    visitor
        .is_no_robot(&orders, &mut fields, body.robot_token)
        .await?;
    fields.require("email", body.email);
    fields.require("password", body.password);
    let email = fields.email("email", body.email);
    // Of whatever length: the rule for new ones may have been another when it was chosen.
    let password = fields.secret("password", body.password, 1..=1024);
    fields.finish()?;
    let (email, password) = (email.unwrap_or_default(), password.unwrap_or_default());
    let begun = orders.log_in(&email, &password, visitor.from).await?;
    Ok(Reply::ok(&TokenResponse {
        access_token: begun.access_token.expose(),
        expire_date_time: begun.session.expires_at,
    }))
}

async fn log_out(State(orders): State<Orders>, member: Member) -> Result<Reply, Refusal> {
    let session = member.session.account_session_id;
    orders.end_session(member.account(), session).await?;
    Ok(Reply::ok(&Done {}))
}

#[derive(Deserialize)]
struct SendCode<'a> {
    #[serde(borrow)]
    phone: Sent<'a>,
    robot_token: Sent<'a>,
}

async fn send_code(State(orders): State<Orders>, post: Post<Visitor>) -> Result<Reply, Refusal> {
    let body: SendCode<'_> = fields::parse(&post.body)?;
    let mut fields = Fields::default();
    let visitor = &post.caller;
    visitor
        .is_no_robot(&orders, &mut fields, body.robot_token)
        .await?;
    fields.require("phone", body.phone);
    let phone = fields.mobile("phone", body.phone);
    fields.finish()?;
    orders
        .send_code(&phone.unwrap_or_default(), visitor.locale, visitor.from)
        .await?;
    Ok(Reply::ok(&Done {}))
}

#[derive(Deserialize)]
struct VerifyPhone<'a> {
    #[serde(borrow)]
    phone: Sent<'a>,
    verification_code: Sent<'a>,
}

async fn verify_phone(State(orders): State<Orders>, post: Post<Member>) -> Result<Reply, Refusal> {
    let body: VerifyPhone<'_> = fields::parse(&post.body)?;
    let mut fields = Fields::default();
    fields.require("phone", body.phone);
    fields.require("verification_code", body.verification_code);
    let phone = fields.mobile("phone", body.phone);
    let code = fields.line("verification_code", body.verification_code, CODE);
    fields.finish()?;
    let (phone, code) = (phone.unwrap_or_default(), code.unwrap_or_default());
    orders
        .verify_phone(post.caller.account(), &phone, &code)
        .await?;
    account(State(orders), post.caller).await
}

#[derive(Deserialize)]
struct ChangePassword<'a> {
    #[serde(borrow)]
    password: Sent<'a>,
    new_password: Sent<'a>,
}

async fn change_password(
    State(orders): State<Orders>,
    post: Post<Member>,
) -> Result<Reply, Refusal> {
    let body: ChangePassword<'_> = fields::parse(&post.body)?;
    let mut fields = Fields::default();
    fields.require("password", body.password);
    fields.require("new_password", body.new_password);
    let old = fields.secret("password", body.password, 1..=1024);
    let new = fields.secret("new_password", body.new_password, PASSWORD);
    fields.finish()?;
    let session = &post.caller.session;
    orders
        .change_password(
            session.account_id,
            Some(session.account_session_id),
            &old.unwrap_or_default(),
            &new.unwrap_or_default(),
        )
        .await?;
    Ok(Reply::ok(&Done {}))
}

#[derive(Deserialize)]
struct SendPasswordCode<'a> {
    #[serde(borrow)]
    email: Sent<'a>,
    robot_token: Sent<'a>,
}

async fn send_password_code(
    State(orders): State<Orders>,
    post: Post<Visitor>,
) -> Result<Reply, Refusal> {
    let body: SendPasswordCode<'_> = fields::parse(&post.body)?;
    let mut fields = Fields::default();
    let visitor = &post.caller;
    visitor
        .is_no_robot(&orders, &mut fields, body.robot_token)
        .await?;
    fields.require("email", body.email);
    let email = fields.email("email", body.email);
    fields.finish()?;
    orders
        .send_password_code(&email.unwrap_or_default(), visitor.locale, visitor.from)
        .await?;
    Ok(Reply::ok(&Done {}))
}

#[derive(Deserialize)]
struct SetPassword<'a> {
    #[serde(borrow)]
    email: Sent<'a>,
    verification_code: Sent<'a>,
    new_password: Sent<'a>,
    robot_token: Sent<'a>,
}

async fn set_password(State(orders): State<Orders>, post: Post<Visitor>) -> Result<Reply, Refusal> {
    let body: SetPassword<'_> = fields::parse(&post.body)?;
    let mut fields = Fields::default();
    post.caller
        .is_no_robot(&orders, &mut fields, body.robot_token)
        .await?;
    fields.require("email", body.email);
    fields.require("verification_code", body.verification_code);
    fields.require("new_password", body.new_password);
    let email = fields.email("email", body.email);
    let code = fields.line("verification_code", body.verification_code, CODE);
    let password = fields.secret("new_password", body.new_password, PASSWORD);
    fields.finish()?;
    orders
        .set_password_by_code(
            &email.unwrap_or_default(),
            &code.unwrap_or_default(),
            &password.unwrap_or_default(),
        )
        .await?;
    Ok(Reply::ok(&Done {}))
}

async fn account(State(orders): State<Orders>, member: Member) -> Result<Reply, Refusal> {
    let found = orders.account(member.account()).await?;
    let account = found.ok_or(PlatformError::TokenValidationFailed {
        what: Credential::AccessToken,
    })?;
    Ok(Reply::ok(&AccountResponse::from(&account)))
}

#[derive(Serialize)]
struct SessionResponse {
    account_session_id: AccountSessionId,
    current: bool,
    create_date_time: Timestamp,
    expire_date_time: Timestamp,
}

async fn sessions(State(orders): State<Orders>, member: Member) -> Result<Reply, Refusal> {
    let current = member.session.account_session_id;
    let response = |session: &AccountSession| SessionResponse {
        account_session_id: session.account_session_id,
        current: session.account_session_id == current,
        create_date_time: session.created_at,
        expire_date_time: session.expires_at,
    };
    let sessions = orders.sessions(member.account()).await?;
    Ok(Reply::ok(&super::Values {
        value: sessions.iter().map(response).collect(),
    }))
}

async fn end_session(
    State(orders): State<Orders>,
    member: Member,
    ids: PathIds,
) -> Result<Reply, Refusal> {
    let session = ids.id("account_session_id")?;
    let ended = orders.end_session(member.account(), session).await?;
    if !ended {
        let what = Subject::Session;
        return Err(PlatformError::DataNotExist { what }.into());
    }
    Ok(Reply::ok(&Done {}))
}
