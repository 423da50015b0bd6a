//! Organizations of codes, forms and certificates, their projects and keys.

use super::{or_none, print};
use crate::config::{Config, Flags, ServeFlags};
use crate::openapi_v2;
use anyhow::{Context, Result, bail, ensure};
use forms::model::{KeyState, OrgId, ProjectId, Right};
use forms::repo::{ApiKey, Organization, Project};
use forms::{Error, Forms};
use serde_json::{Value, json};
use std::fmt::Write as _;
use store::{StoreError, params};

const LONGEST_NAME: usize = 64;

#[derive(clap::Subcommand)]
pub enum FormsCommand {
    /// Create and list organizations: each has codes, forms, records and keys of its own
    #[command(subcommand)]
    Organizations(Organizations),
    /// Create and list projects: parts of an organization that a key can be restricted to
    #[command(subcommand)]
    Projects(Projects),
    /// Create and list API keys; disable, enable and revoke them
    #[command(subcommand)]
    Keys(Keys),
}

#[derive(clap::Subcommand)]
pub enum Organizations {
    /// Create an organization, with a first project
    Create {
        /// Its name, 1 to 64 characters
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List organizations
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(clap::Subcommand)]
pub enum Projects {
    /// Create another project
    Create {
        /// The organization's id (tallystick forms organizations list)
        org_id: OrgId,
        /// Its name, 1 to 64 characters
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the projects of an organization
    List {
        /// The organization's id (tallystick forms organizations list)
        org_id: OrgId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(clap::Subcommand)]
pub enum Keys {
    /// Create an API key; it is shown this once
    ///
    /// A key may read and write, unless told otherwise. For example:
    ///
    ///   tallystick forms keys create ORG_ID --name "website"
    ///   tallystick forms keys create ORG_ID --name "dashboard" --read-only
    ///   tallystick forms keys create ORG_ID --name "supervisor" --reverse
    ///   tallystick forms keys create ORG_ID --name "branch" --project ID --project ID
    #[command(verbatim_doc_comment)]
    Create {
        /// The organization's id (tallystick forms organizations list)
        org_id: OrgId,
        /// What tells it apart from others, 1 to 64 characters
        #[arg(long)]
        name: String,
        /// It may read only: calls that change something are refused with 403
        #[arg(long, conflicts_with = "reverse")]
        read_only: bool,
        /// It may also take verifications back
        #[arg(long)]
        reverse: bool,
        /// It sees this project only; can be given several times [default: every project]
        #[arg(long = "project", value_name = "ID")]
        projects: Vec<ProjectId>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the keys of an organization
    List {
        /// The organization's id (tallystick forms organizations list)
        org_id: OrgId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Have a key refused (401, error code 100315), until it is enabled again
    Disable(Named),
    /// Let a key that was disabled work again
    Enable(Named),
    /// Have a key refused for good
    Revoke(Named),
}

#[derive(clap::Args)]
pub struct Named {
    /// The organization's id (tallystick forms organizations list)
    org_id: OrgId,
    /// The key's id (tallystick forms keys list)
    key_id: i64,
}

impl FormsCommand {
    pub async fn run(self, flags: &Flags) -> Result<()> {
        let forms = open(flags).await?;
        let done = match self {
            Self::Organizations(organizations) => organizations.run(&forms).await,
            Self::Projects(projects) => projects.run(&forms).await,
            Self::Keys(keys) => keys.run(&forms).await,
        };
        forms.db().close().await;
        done
    }
}

impl Organizations {
    async fn run(self, forms: &Forms) -> Result<()> {
        match self {
            Self::Create { name, json } => {
                let made = forms.create_organization(checked(&name)?).await?;
                let (organization, project) = (made.organization, made.project);
                if json {
                    return print(&format!("{:#}", json_of(&organization, &[project])));
                }
                let id = organization.org_id;
                print(&format!(
                    "organization  {id}\ncode          {}\nproject       {}\n\n\
                     The addresses of its codes have its code in them.\n\
                     Next: tallystick forms keys create {id} --name \"my program\"",
                    organization.org_code, project.project_id
                ))
            }
            Self::List { json } => {
                let mut found = Vec::new();
                for organization in forms.organizations().await? {
                    let projects = projects_of(forms, organization.org_id).await?;
                    found.push((organization, projects));
                }
                if json {
                    let rows: Vec<Value> = found.iter().map(|(o, p)| json_of(o, p)).collect();
                    return print(&format!("{:#}", json!(rows)));
                }
                let lines = found
                    .iter()
                    .map(|(o, _)| format!("{}  {}  {}\n", o.org_id, o.org_code, o.name));
                print(&or_none(
                    lines.collect(),
                    "no organizations: tallystick forms organizations create NAME",
                ))
            }
        }
    }
}

fn json_of(organization: &Organization, projects: &[Project]) -> Value {
    let projects: Vec<Value> = projects.iter().map(project_json).collect();
    json!({
        "org_id": organization.org_id,
        "org_code": organization.org_code,
        "name": organization.name,
        "created_at": organization.created_at,
        "projects": projects,
    })
}

fn project_json(project: &Project) -> Value {
    json!({"project_id": project.project_id, "name": project.name})
}

impl Projects {
    async fn run(self, forms: &Forms) -> Result<()> {
        match self {
            Self::Create { org_id, name, json } => {
                exists(forms, org_id).await?;
                let made = forms.create_project(org_id, checked(&name)?).await?;
                if json {
                    return print(&format!("{:#}", project_json(&made)));
                }
                let id = made.project_id;
                print(&format!(
                    "project  {id}\n\n\
                     Next, a key that sees nothing else: tallystick forms keys create {org_id} --name \"branch\" --project {id}"
                ))
            }
            Self::List { org_id, json } => {
                exists(forms, org_id).await?;
                let found = projects_of(forms, org_id).await?;
                if json {
                    let rows: Vec<Value> = found.iter().map(project_json).collect();
                    return print(&format!("{:#}", json!(rows)));
                }
                let lines = found
                    .iter()
                    .map(|project| format!("{}  {}\n", project.project_id, project.name));
                print(&or_none(
                    lines.collect(),
                    "no projects: tallystick forms projects create ORG_ID NAME",
                ))
            }
        }
    }
}

impl Keys {
    async fn run(self, forms: &Forms) -> Result<()> {
        match self {
            Self::Create {
                org_id,
                name,
                read_only,
                reverse,
                projects,
                json,
            } => {
                let rights: &[Right] = match (read_only, reverse) {
                    (true, _) => &[Right::Read],
                    (false, false) => &[Right::Read, Right::Write],
                    (false, true) => &[Right::Read, Right::Write, Right::Reverse],
                };
                create(forms, org_id, checked(&name)?, rights, projects, json).await
            }
            Self::List { org_id, json } => list(forms, org_id, json).await,
            Self::Disable(named) => set(forms, &named, KeyState::Disabled, "disabled").await,
            Self::Enable(named) => set(forms, &named, KeyState::Enabled, "enabled").await,
            Self::Revoke(named) => set(forms, &named, KeyState::Revoked, "revoked").await,
        }
    }
}

async fn create(
    forms: &Forms,
    org_id: OrgId,
    name: &str,
    rights: &[Right],
    mut projects: Vec<ProjectId>,
    json: bool,
) -> Result<()> {
    exists(forms, org_id).await?;
    let known = projects_of(forms, org_id).await?;
    projects.sort_unstable();
    projects.dedup();
    for id in &projects {
        ensure!(
            known.iter().any(|project| project.project_id == *id),
            "the organization has no project with the id {id}: tallystick forms projects list {org_id}"
        );
    }
    let seen = (!projects.is_empty()).then_some(projects);
    let made = forms.create_key(org_id, name, rights, seen).await?;
    let (id, secret) = (made.key.api_key_id, made.secret.expose());
    if json {
        let mut key = key_json(&made.key);
        key["api_key"] = secret.as_str().into();
        return print(&format!("{key:#}"));
    }
    print(&format!(
        "{secret}\n\nid {id}, may {}. The key is not shown again.\n\
         Next, with the server running (tallystick serve): curl -X POST http://127.0.0.1:8080/api/v2/rpc/record/getFormList -H \"authorization: Bearer {secret}\"",
        may(&made.key)
    ))
}

/// What a key may do, in words.
fn may(key: &ApiKey) -> String {
    let names: Vec<&str> = key.rights.0.iter().map(|right| right.name()).collect();
    names.join(", ")
}

fn key_json(key: &ApiKey) -> Value {
    json!({
        "api_key_id": key.api_key_id,
        "org_id": key.org_id,
        "name": key.name,
        "hint": key.hint,
        "rights": key.rights.0,
        "project_ids": key.project_ids.0,
        "state": key.state,
        "created_at": key.created_at,
    })
}

async fn list(forms: &Forms, org_id: OrgId, json: bool) -> Result<()> {
    exists(forms, org_id).await?;
    let found = forms.keys(org_id).await?;
    if json {
        let rows: Vec<Value> = found.iter().map(key_json).collect();
        return print(&format!("{:#}", json!(rows)));
    }
    let mut text = String::new();
    for key in found {
        let sees = match &key.project_ids.0 {
            None => String::new(),
            Some(projects) => format!("  {} projects", projects.len()),
        };
        let _ = writeln!(
            text,
            "{}  {}  {:<8}  {}{sees}  {}",
            key.api_key_id,
            key.hint,
            key.state.name(),
            may(&key),
            key.name
        );
    }
    print(&or_none(
        text,
        "no keys: tallystick forms keys create ORG_ID --name NAME",
    ))
}

async fn set(forms: &Forms, named: &Named, state: KeyState, done: &str) -> Result<()> {
    let Named { org_id, key_id } = *named;
    exists(forms, org_id).await?;
    let changed = forms.set_key_state(org_id, key_id, state).await;
    match changed {
        Ok(()) => print(done),
        Err(Error::Refused(_)) => {
            let keys = forms.keys(org_id).await?;
            let known = keys.iter().any(|key| key.api_key_id == key_id);
            ensure!(
                known,
                "the organization has no key with the id {key_id}: tallystick forms keys list {org_id}"
            );
            bail!(
                "the key was revoked, which is for good: make another with tallystick forms keys create {org_id} --name NAME"
            )
        }
        Err(error) => Err(error.into()),
    }
}

/// A name as it is stored.
fn checked(name: &str) -> Result<&str> {
    let name = name.trim();
    ensure!(
        (1..=LONGEST_NAME).contains(&name.chars().count()),
        "a name has 1 to {LONGEST_NAME} characters"
    );
    Ok(name)
}

async fn exists(forms: &Forms, org_id: OrgId) -> Result<()> {
    let known = forms.organizations().await?;
    ensure!(
        known.iter().any(|o| o.org_id == org_id),
        "there is no organization with the id {org_id}: tallystick forms organizations list"
    );
    Ok(())
}

async fn projects_of(forms: &Forms, org_id: OrgId) -> Result<Vec<Project>> {
    let projects: Result<_, StoreError> = forms
        .db()
        .read(move |tx| Project::all(tx, Project::OF_ORG, params![org_id]))
        .await;
    Ok(projects?)
}

/// The module over the configured database, for commands that serve nothing.
pub(super) async fn open(flags: &Flags) -> Result<Forms> {
    let config = Config::load(flags, &ServeFlags::default(), super::DEFAULT_DATABASE)?;
    super::start_log(flags.log.as_deref().unwrap_or("warn"), config.log_format)?;
    let parts = super::serving::parts(super::open_migrated(&config).await?);
    let public_url = config.public_url.clone().unwrap_or_default();
    openapi_v2::forms(&parts, &config, &public_url)
        .await
        .context("codes, forms and certificates")
}
