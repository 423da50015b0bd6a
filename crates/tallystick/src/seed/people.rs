//! People of a sandbox.

use kernel::{Secret, Timestamp};
use orders::Orders;
use orders::model::{AccountId, OrganizationId};
use orders::people::{NewAccount, NewOrganization};

/// Somebody who is logged in.
#[derive(Clone, Debug)]
pub struct Person {
    /// The account.
    pub account_id: AccountId,
    /// Its address.
    pub email: String,
    /// Its password, which opens nothing but the sandbox.
    pub password: Secret<String>,
    /// A session's token.
    pub access_token: Secret<String>,
    /// When the session ends.
    pub expires_at: Timestamp,
}

impl Person {
    /// As scenarios name what there is.
    pub fn variables(&self) -> [(String, String); 4] {
        [
            ("account_id".into(), self.account_id.to_string()),
            ("account.email".into(), self.email.clone()),
            ("account.password".into(), self.password.expose().clone()),
            ("access_token".into(), self.access_token.expose().clone()),
        ]
    }
}

/// Makes an account and logs it in. Its address begins with `name`.
pub async fn account(orders: &Orders, name: &str) -> orders::Result<Person> {
    let unique: kernel::Id<Person> = orders.fresh_id();
    let email = format!("{name}-{unique}@example.com");
    let password = Secret::new(format!("sandbox-{unique}"));
    let new = NewAccount {
        email: email.clone(),
        phone: "+886912345678".into(),
        password: password.clone(),
        verification_code: None,
    };
    let account = orders.register(new, None).await?;
    let begun = orders.begin_session(account.account_id).await?;
    Ok(Person {
        account_id: account.account_id,
        email,
        password,
        access_token: begun.access_token,
        expires_at: begun.session.expires_at,
    })
}

/// Makes an organization whose member somebody is, with a key that they made.
pub async fn organization(
    orders: &Orders,
    person: &Person,
    name: &str,
) -> orders::Result<(OrganizationId, Secret<String>)> {
    let new = NewOrganization {
        name: name.into(),
        contact_email: person.email.clone(),
        contact_phone: "+886912345678".into(),
        tax_id: None,
        logo_file_id: None,
    };
    let id = orders.found(person.account_id, new).await?.organization_id;
    let token = person.access_token.expose();
    let holder = orders.session_holder(token).await?;
    let holder = holder.ok_or_else(|| orders::Error::Failed("the session has ended".into()))?;
    let (_, key) = orders
        .create_members_key(holder, id, "sandbox".into())
        .await?;
    Ok((id, key))
}
