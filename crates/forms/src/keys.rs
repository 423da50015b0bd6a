//! Organizations, their projects and keys.

use crate::model::{KeyState, OrgId, ProjectId, Right};
use crate::repo::{ApiKey, KeyHolder, Organization, Project};
use crate::{Error, Forms, Result, Scope, coding, digest};
use catalogue::openapi_v2::{Problem, Resource};
use kernel::Secret;
use std::net::IpAddr;
use std::time::Duration;
use store::quota::Exhausted;
use store::record::Json;
use store::{Tx, params};

/// What keys begin with.
const KEY_PREFIX: &str = "tk_";

/// An organization that was made, with a first project.
#[derive(Clone, Debug)]
pub struct NewOrganization {
    /// It.
    pub organization: Organization,
    /// The project.
    pub project: Project,
}

/// A key that was made.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// What is kept of it.
    pub key: ApiKey,
    /// It, never shown again.
    pub secret: Secret<String>,
}

impl Forms {
    /// Makes an organization.
    pub async fn create_organization(&self, name: &str) -> Result<NewOrganization> {
        let name: String = name.chars().take(64).collect();
        let now = self.now();
        let make = move |forms: &Self| {
            let organization = Organization {
                org_id: forms.new_id(),
                org_code: coding::random(forms.rng(), 'o', 8),
                name: name.clone(),
                created_at: now,
            };
            let project = Project {
                project_id: forms.new_id(),
                org_id: organization.org_id,
                name: "Default".into(),
                created_at: now,
            };
            NewOrganization {
                organization,
                project,
            }
        };
        self.write(make, |tx, made| {
            made.organization.insert(tx)?;
            made.project.insert(tx)?;
            Ok(made.clone())
        })
        .await
    }

    /// Makes another project of an organization.
    pub async fn create_project(&self, org_id: OrgId, name: &str) -> Result<Project> {
        let (name, now) = (name.to_owned(), self.now());
        let make = move |forms: &Self| Project {
            project_id: forms.new_id(),
            org_id,
            name: name.clone(),
            created_at: now,
        };
        self.write(make, |tx, project| {
            project.insert(tx)?;
            Ok(project.clone())
        })
        .await
    }

    /// Every organization.
    pub async fn organizations(&self) -> Result<Vec<Organization>> {
        self.read(|tx| Ok(Organization::all(tx, Organization::LIST, params![])?))
            .await
    }

    /// Makes a key. `project_ids`: what it sees; `None`: everything.
    pub async fn create_key(
        &self,
        org_id: OrgId,
        name: &str,
        rights: &[Right],
        project_ids: Option<Vec<ProjectId>>,
    ) -> Result<NewKey> {
        let (secret, token_hash) = coding::token(self.rng(), KEY_PREFIX);
        let tail = secret.get(secret.len() - 4..).unwrap_or_default();
        let now = self.now();
        let key = ApiKey {
            api_key_id: self.new_id(),
            org_id,
            name: name.to_owned(),
            token_hash,
            hint: format!("{KEY_PREFIX}…{tail}"),
            rights: Json(rights.to_vec()),
            project_ids: Json(project_ids),
            state: KeyState::Enabled,
            created_at: now,
            updated_at: now,
        };
        let make = move |forms: &Self| ApiKey {
            api_key_id: forms.new_id(),
            ..key.clone()
        };
        let key = self
            .write(make, |tx, key| {
                key.insert(tx)?;
                Ok(key.clone())
            })
            .await?;
        Ok(NewKey {
            key,
            secret: Secret::new(secret),
        })
    }

    /// The keys of an organization.
    pub async fn keys(&self, org_id: OrgId) -> Result<Vec<ApiKey>> {
        self.read(move |tx| Ok(ApiKey::all(tx, ApiKey::OF_ORG, params![org_id])?))
            .await
    }

    /// Enables, disables or revokes a key. One that was revoked stays so.
    pub async fn set_key_state(
        &self,
        org_id: OrgId,
        api_key_id: i64,
        state: KeyState,
    ) -> Result<()> {
        let now = self.now();
        self.write(
            |_| (),
            move |tx, ()| {
                if ApiKey::set_state(tx, api_key_id, org_id, state, now)? {
                    Ok(())
                } else {
                    Err(Resource::ApiKey.into())
                }
            },
        )
        .await
    }

    /// Whose a key is, whatever its state; `None` when it is nobody's.
    pub async fn key_holder(&self, secret: &str) -> Result<Option<KeyHolder>> {
        let hash = digest(secret);
        let load = async || {
            let hash = hash.clone();
            self.read(move |tx| Ok(KeyHolder::of_token(tx, &hash)?))
                .await
        };
        self.inner.keys.get_or_load(self.db(), &hash, load).await
    }

    /// Whose a key is, by its id.
    pub async fn key_by_id(&self, api_key_id: i64) -> Result<Option<KeyHolder>> {
        let load = async || {
            self.read(move |tx| Ok(KeyHolder::of_id(tx, api_key_id)?))
                .await
        };
        let name = api_key_id.to_string();
        self.inner.keys.get_or_load(self.db(), &name, load).await
    }

    /// Counts a request of a key against its limit.
    pub async fn count_request(&self, holder: &KeyHolder) -> Result<Result<(), Exhausted>> {
        let Some(limit) = self.config().rate_limit else {
            return Ok(Ok(()));
        };
        let quota = quota_of(holder);
        let taken = self
            .inner
            .quotas
            .take_in(self.db(), &quota, limit, RATE_WINDOW, self.now())
            .await?;
        Ok(taken)
    }
}

impl Forms {
    /// Counts a form that a public page sends from an address against the limit of addresses.
    pub async fn count_visit(&self, address: IpAddr) -> Result<Result<(), Exhausted>> {
        let Some(limit) = self.config().public_rate_limit else {
            return Ok(Ok(()));
        };
        let quota = format!("forms.visit:{address}");
        let (quotas, now) = (&self.inner.quotas, self.now());
        Ok(quotas.take(self.db(), &quota, limit, now).await?)
    }
}

/// The project that is meant for something new: the one that is named, or the first that is seen.
pub(crate) fn project_for(
    tx: &mut Tx<'_>,
    scope: &Scope,
    named: Option<ProjectId>,
) -> Result<ProjectId> {
    let projects = Project::all(tx, Project::OF_ORG, params![scope.org_id])?;
    let meant = projects.iter().find(|project| {
        scope.sees(project.org_id, project.project_id)
            && named.is_none_or(|named| named == project.project_id)
    });
    meant
        .map(|project| project.project_id)
        .ok_or_else(|| Error::at("project_id", Problem::Unknown))
}

impl Forms {
    /// Counts as many requests of a key as it may make in this window and the next, so that a request that comes while one
    /// ends and the other begins is refused too. For sandboxes.
    pub async fn use_up_quota(&self, secret: &str) -> Result<()> {
        let (Some(holder), Some(limit)) =
            (self.key_holder(secret).await?, self.config().rate_limit)
        else {
            return Ok(());
        };
        let quota = quota_of(&holder);
        // The ones before it are used up with it.
        let then = self.now().plus(RATE_WINDOW);
        for _ in 0..=limit {
            let (quotas, db) = (&self.inner.quotas, self.db());
            let _ = quotas.take_in(db, &quota, limit, RATE_WINDOW, then).await?;
        }
        Ok(())
    }
}

fn quota_of(holder: &KeyHolder) -> String {
    format!("forms:{}", holder.key.api_key_id)
}

/// The time in which a key may make its requests.
const RATE_WINDOW: Duration = Duration::from_secs(2);
