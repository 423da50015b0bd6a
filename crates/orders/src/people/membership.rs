//! Organizations as their members see them: what they say of themselves, who belongs to them, their keys.

use crate::model::{
    Account, AccountId, OrganizationId, PrivateKey, PrivateKeyId, SessionHolder, hash_of_key,
    new_key,
};
use crate::odata::ListQuery;
use crate::repo::{accounts, organizations, profiles};
use crate::{Error, Orders, Result, uploads};
use catalogue::PlatformError;
use catalogue::platform::{FieldError, Subject};
use files::{File, FileId, Owner};
use kernel::{Secret, Timestamp};
use store::{StoreError, Tx, params};

pub use crate::repo::profiles::OrganizationDetail;

/// What an organization is made of. All of it has been checked, but for the file.
#[derive(Clone, Debug)]
pub struct NewOrganization {
    /// 1 to 64 characters.
    pub name: String,
    /// Where it gets mail.
    pub contact_email: String,
    /// In E.164.
    pub contact_phone: String,
    /// Its uniform number.
    pub tax_id: Option<String>,
    /// Its logo: a temporary file of whoever makes it.
    pub logo_file_id: Option<FileId>,
}

/// What is changed of an organization; `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// 1 to 64 characters.
    pub name: Option<String>,
    /// Where it gets mail.
    pub contact_email: Option<String>,
    /// In E.164.
    pub contact_phone: Option<String>,
    /// Its uniform number; `Some(None)`: it has none any more.
    pub tax_id: Option<Option<String>>,
    /// Its logo: a temporary file of its own or of whoever changes it; `Some(None)`: it has none any more.
    pub logo_file_id: Option<Option<FileId>>,
}

impl Orders {
    /// Makes an organization whose only member is the account.
    pub async fn found(&self, by: AccountId, new: NewOrganization) -> Result<OrganizationDetail> {
        let now = self.now();
        let detail = OrganizationDetail {
            organization_id: self.new_id(now),
            name: new.name,
            enable: true,
            contact_email: Some(new.contact_email),
            contact_phone: Some(new.contact_phone),
            tax_id: new.tax_id,
            logo_file_id: new.logo_file_id,
            create_date_time: now,
            update_date_time: None,
        };
        let row = detail.clone();
        self.db()
            .write(move |tx| {
                let id = row.organization_id;
                if let Some(logo) = row.logo_file_id
                    && let Err(refused) = attach_logo(tx, id, by, logo, now)
                {
                    return Ok::<_, StoreError>(Err(refused));
                }
                organizations::insert(tx, &row.organization())?;
                profiles::update(tx, &row)?;
                accounts::join(tx, id, by, now)?;
                Ok(Ok(()))
            })
            .await??;
        Ok(detail)
    }

    /// The organizations of an account that a query asks for, and how many there are in all. An operator has every one.
    pub async fn organizations_of(
        &self,
        who: SessionHolder,
        query: ListQuery,
    ) -> Result<(Vec<OrganizationDetail>, i64)> {
        let scan = self.db().scan(move |tx| profiles::list(tx, who, &query));
        Ok(scan.await?)
    }

    /// An organization that the account may act for.
    pub async fn organization_of(
        &self,
        who: SessionHolder,
        id: OrganizationId,
    ) -> Result<OrganizationDetail> {
        self.db()
            .read(move |tx| admit(tx, who, id))
            .await
            .map_err(Error::from)?
    }

    /// Changes what an organization says of itself.
    pub async fn change_organization(
        &self,
        who: SessionHolder,
        id: OrganizationId,
        change: Change,
    ) -> Result<OrganizationDetail> {
        let now = self.now();
        self.write_as(who, id, move |tx, detail| {
            // The one it has may be named again.
            let new_logo = change.logo_file_id.flatten();
            if let Some(logo) = new_logo.filter(|logo| Some(*logo) != detail.logo_file_id)
                && let Err(refused) = attach_logo(tx, id, who.account_id, logo, now)
            {
                return Ok(Err(refused));
            }
            let named = change.logo_file_id.unwrap_or(detail.logo_file_id);
            if let Some(replaced) = detail.logo_file_id.filter(|_| named != detail.logo_file_id) {
                File::let_go(tx, Owner::organization(id), replaced, now)?;
            }
            let changed = OrganizationDetail {
                name: change.name.clone().unwrap_or(detail.name),
                contact_email: change.contact_email.clone().or(detail.contact_email),
                contact_phone: change.contact_phone.clone().or(detail.contact_phone),
                tax_id: change.tax_id.clone().unwrap_or(detail.tax_id),
                logo_file_id: named,
                update_date_time: Some(now),
                ..detail
            };
            tx.invalidate_caches()?;
            profiles::update(tx, &changed)?;
            Ok(Ok(changed))
        })
        .await
    }

    /// The members of an organization.
    pub async fn members(&self, who: SessionHolder, id: OrganizationId) -> Result<Vec<Account>> {
        let find = move |tx: &mut Tx<'_>| {
            Ok::<_, StoreError>(match admit(tx, who, id)? {
                Ok(_) => Ok(Account::all(tx, Account::MEMBERS, params![id])?),
                Err(refused) => Err(refused),
            })
        };
        self.db().read(find).await?
    }

    /// Makes accounts members of an organization: all of them, or none if one does not exist.
    pub async fn add_members(
        &self,
        who: SessionHolder,
        id: OrganizationId,
        members: Vec<AccountId>,
    ) -> Result<Vec<Account>> {
        let now = self.now();
        self.write_as(who, id, move |tx, _| {
            for member in &members {
                if Account::first(tx, Account::BY_ID, params![*member])?.is_none() {
                    return Ok(Err(not_there(Subject::Account)));
                }
            }
            for member in &members {
                accounts::join(tx, id, *member, now)?;
            }
            Ok(Ok(Account::all(tx, Account::MEMBERS, params![id])?))
        })
        .await
    }

    /// Ends a membership. The last member stays: an organization is never nobody's.
    pub async fn remove_member(
        &self,
        who: SessionHolder,
        id: OrganizationId,
        member: AccountId,
    ) -> Result<Vec<Account>> {
        self.write_as(who, id, move |tx, _| {
            if !accounts::is_member(tx, id, member)? {
                return Ok(Err(not_there(Subject::Account)));
            }
            if !accounts::leave(tx, id, member)? {
                let error = PlatformError::SequenceAtLeastOneElement {
                    property: "account_ids".into(),
                };
                let fields = PlatformError::fields(vec![FieldError::at("account_ids", error)]);
                return Ok(Err(fields.into()));
            }
            Ok(Ok(Account::all(tx, Account::MEMBERS, params![id])?))
        })
        .await
    }

    /// The members of an organization, for the operator.
    pub async fn all_members(&self, id: OrganizationId) -> Result<Vec<Account>> {
        let find = move |tx: &mut Tx<'_>| Account::all(tx, Account::MEMBERS, params![id]);
        Ok(self.db().read(find).await?)
    }

    /// Makes an account a member of an organization, for the operator. Both exist.
    pub async fn join(&self, id: OrganizationId, account: AccountId) -> Result<()> {
        let now = self.now();
        let join = move |tx: &mut Tx<'_>| accounts::join(tx, id, account, now);
        Ok(self.db().write(join).await?)
    }

    /// Ends a membership, also the last one, for the operator; `false` when there was none.
    pub async fn expel(&self, id: OrganizationId, account: AccountId) -> Result<bool> {
        let expel = move |tx: &mut Tx<'_>| accounts::expel(tx, id, account);
        Ok(self.db().write(expel).await?)
    }

    /// Makes a key. It is returned this once; only its hash is kept.
    pub async fn create_members_key(
        &self,
        who: SessionHolder,
        id: OrganizationId,
        label: String,
    ) -> Result<(PrivateKey, Secret<String>)> {
        let now = self.now();
        let secret = new_key(&self.inner.rng);
        let text = secret.expose();
        let key = PrivateKey {
            private_key_id: self.new_id(now),
            organization_id: id,
            created_by: Some(who.account_id),
            label,
            hint: text[text.len() - 4..].to_owned(),
            created_at: now,
            expires_at: None,
            revoked_at: None,
        };
        let (row, hash) = (key, hash_of_key(text));
        let key = self.write_as(who, id, move |tx, _| {
            organizations::insert_key(tx, &row, &hash)?;
            Ok(Ok(row.clone()))
        });
        Ok((key.await?, secret))
    }

    /// The keys of an organization, the oldest first.
    pub async fn members_keys(
        &self,
        who: SessionHolder,
        id: OrganizationId,
    ) -> Result<Vec<PrivateKey>> {
        let find = move |tx: &mut Tx<'_>| {
            Ok::<_, StoreError>(match admit(tx, who, id)? {
                Ok(_) => Ok(organizations::keys_of(tx, id)?),
                Err(refused) => Err(refused),
            })
        };
        self.db().read(find).await?
    }

    /// Revokes a key of an organization, on every node.
    pub async fn revoke_members_key(
        &self,
        who: SessionHolder,
        id: OrganizationId,
        key: PrivateKeyId,
    ) -> Result<()> {
        let now = self.now();
        self.write_as(who, id, move |tx, _| {
            let keys = organizations::keys_of(tx, id)?;
            if !keys.iter().any(|k| k.private_key_id == key) {
                return Ok(Err(not_there(Subject::PrivateKey)));
            }
            // Revoked before is revoked, too.
            organizations::revoke_key(tx, key, now)?;
            Ok(Ok(()))
        })
        .await
    }

    /// Enables or disables an organization; for operators.
    pub async fn set_enabled_by(
        &self,
        who: SessionHolder,
        id: OrganizationId,
        enable: bool,
    ) -> Result<OrganizationDetail> {
        self.write_as(who, id, move |tx, detail| {
            if !who.is_operator {
                return Ok(Err(PlatformError::OrganizationNotBelongAccount.into()));
            }
            organizations::set_enabled(tx, id, enable)?;
            Ok(Ok(OrganizationDetail { enable, ..detail }))
        })
        .await
    }

    /// Writes on behalf of a member, or of an operator.
    async fn write_as<T: Send + 'static>(
        &self,
        who: SessionHolder,
        id: OrganizationId,
        write: impl Fn(&mut Tx<'_>, OrganizationDetail) -> Result<Result<T>, StoreError>
        + Send
        + 'static,
    ) -> Result<T> {
        self.db()
            .write(move |tx| match admit(tx, who, id)? {
                // Its members see it, and that is all until it is enabled again.
                Ok(detail) if !detail.enable && !who.is_operator => {
                    Ok(Err(PlatformError::OrganizationDisable.into()))
                }
                Ok(detail) => write(tx, detail),
                Err(refused) => Ok(Err(refused)),
            })
            .await?
    }
}

/// An organization, if the account may act for it.
pub(crate) fn admit(
    tx: &mut Tx<'_>,
    who: SessionHolder,
    id: OrganizationId,
) -> Result<Result<OrganizationDetail>, StoreError> {
    let Some(detail) = profiles::find(tx, id)? else {
        return Ok(Err(PlatformError::OrganizationIdIncorrect.into()));
    };
    if !who.is_operator && !accounts::is_member(tx, id, who.account_id)? {
        return Ok(Err(PlatformError::OrganizationNotBelongAccount.into()));
    }
    Ok(Ok(detail))
}

/// Makes a file the organization's logo: one of its own, or one of a member, who gives it to the organization.
fn attach_logo(
    tx: &mut Tx<'_>,
    id: OrganizationId,
    by: AccountId,
    logo: FileId,
    now: Timestamp,
) -> Result<()> {
    let (own, theirs) = (Owner::organization(id), Owner::account(by));
    let is_own = File::find(tx, own, logo, now)?.is_some();
    let owner = if is_own { own } else { theirs };
    uploads::attach(tx, owner, "logo_file_id", logo, &format!("logo:{id}"), now)?;
    Ok(File::hand_over(tx, owner, logo, own)?)
}

fn not_there(what: Subject) -> Error {
    PlatformError::DataNotExist { what }.into()
}
