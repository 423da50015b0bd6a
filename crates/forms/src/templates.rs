//! Use cases: forms.

use crate::model::audit::AuditConfig;
use crate::model::certificate::CertificateConfig;
use crate::model::form::{Definition, FormSettings};
use crate::model::limits::Limits;
use crate::model::{ProjectId, TplId, checks};
use crate::repo::{ApiKey, Listed, Listing, Project, Template, next_number};
use crate::revise::revise;
use crate::{Error, Forms, Result, Scope};
use catalogue::OpenapiV2Error;
use catalogue::openapi_v2::{Issue, Problem};
use std::time::Duration;
use store::record::Json;
use store::{Tx, params};

/// Most characters of a form's name.
pub(crate) const LONGEST_NAME: i64 = 200;
/// What the button says, unless the form says otherwise.
const SUBMIT: &str = "提交";

/// A form to be made. Its parts need ids: [`Forms::new_id`] makes some.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewTemplate {
    /// Its name, 1 to 200 characters.
    pub name: String,
    /// Which project's; `None`: the first that is seen.
    pub project_id: Option<ProjectId>,
    /// For its owner.
    pub note: String,
    /// For whoever fills it in.
    pub description: String,
    /// What the button says; empty: `提交`.
    pub submit_button_title: String,
    /// What it asks for.
    pub definition: Definition,
    /// When, and how often, it may be filled in.
    pub limits: Limits,
    /// How records are approved.
    pub audit: AuditConfig,
    /// Which certificates records get.
    pub certificate: CertificateConfig,
    /// What else it says.
    pub settings: FormSettings,
}

/// What of a form is to change. `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TemplateChange {
    /// Its name, 1 to 200 characters.
    pub name: Option<String>,
    /// For its owner.
    pub note: Option<String>,
    /// For whoever fills it in.
    pub description: Option<String>,
    /// What the button says; empty: `提交`.
    pub submit_button_title: Option<String>,
    /// What it asks for.
    pub definition: Option<Definition>,
    /// When, and how often, it may be filled in.
    pub limits: Option<Limits>,
    /// How records are approved.
    pub audit: Option<AuditConfig>,
    /// Which certificates records get.
    pub certificate: Option<CertificateConfig>,
    /// What else it says.
    pub settings: Option<FormSettings>,
}

impl From<NewTemplate> for TemplateChange {
    fn from(new: NewTemplate) -> Self {
        Self {
            name: Some(new.name),
            note: Some(new.note),
            description: Some(new.description),
            submit_button_title: Some(new.submit_button_title),
            definition: Some(new.definition),
            limits: Some(new.limits),
            audit: Some(new.audit),
            certificate: Some(new.certificate),
            settings: Some(new.settings),
        }
    }
}

impl TemplateChange {
    /// What is wrong with the change by itself.
    fn issues(&self) -> Vec<Issue> {
        let mut issues = Vec::new();
        if let Some(name) = &self.name {
            let length = i64::try_from(name.chars().count()).unwrap_or(i64::MAX);
            let (min, max) = (1, LONGEST_NAME);
            if !(min..=max).contains(&length) {
                issues.push(Issue::at("name", Problem::Length { min, max }));
            }
        }
        if let Some(definition) = &self.definition {
            checks::definition(definition, &mut issues);
        }
        if let Some(limits) = &self.limits {
            checks::limits(limits, &mut issues);
        }
        if let Some(audit) = &self.audit {
            checks::audit(audit, &mut issues);
        }
        if let Some(certificate) = &self.certificate {
            checks::certificate(certificate, &mut issues);
        }
        issues
    }

    /// What is wrong with the change in its organization: verifiers must be its keys.
    fn issues_within(&self, tx: &mut Tx<'_>, scope: &Scope) -> Result<Vec<Issue>> {
        let verifiers = self.certificate.as_ref().map(|config| &config.verifiers);
        let keys = verifiers.map_or(&[][..], |verifiers| &verifiers.api_keys);
        let mut issues = Vec::new();
        for (index, key) in keys.iter().enumerate() {
            let found = ApiKey::first(tx, ApiKey::BY_ID, params![*key, scope.org_id])?;
            if found.is_none() {
                let path = format!("certificate_config.verifiers.api_keys[{index}]");
                issues.push(Issue::at(path, Problem::Unknown));
            }
        }
        Ok(issues)
    }

    fn apply(&self, template: &mut Template) {
        fn set<T: Clone>(place: &mut T, new: Option<&T>) {
            if let Some(new) = new {
                place.clone_from(new);
            }
        }
        set(&mut template.name, self.name.as_ref());
        set(&mut template.note, self.note.as_ref());
        set(&mut template.description, self.description.as_ref());
        let title = self.submit_button_title.as_ref();
        set(&mut template.submit_button_title, title);
        if template.submit_button_title.is_empty() {
            template.submit_button_title = SUBMIT.into();
        }
        set(&mut template.definition.0, self.definition.as_ref());
        set(&mut template.limits.0, self.limits.as_ref());
        set(&mut template.audit.0, self.audit.as_ref());
        set(&mut template.certificate.0, self.certificate.as_ref());
        set(&mut template.settings.0, self.settings.as_ref());
    }
}

/// A form that the scope sees; 100304 when it sees none with this id.
pub(crate) fn seen_template(tx: &mut Tx<'_>, scope: &Scope, tpl_id: TplId) -> Result<Template> {
    let found = Template::first(tx, Template::BY_ID, params![tpl_id, scope.org_id])?;
    seen(found, scope)
}

/// Keeps a form that was read as it is until the transaction ends. What was checked by it is checked again when it has been
/// changed meanwhile.
pub(crate) fn hold(tx: &mut Tx<'_>, template: &Template) -> Result<()> {
    if template.hold(tx)? {
        Ok(())
    } else {
        Err(Error::Raced("the form was changed".into()))
    }
}

fn seen(found: Option<Template>, scope: &Scope) -> Result<Template> {
    found
        .filter(|template| scope.sees(template.org_id, template.project_id))
        .ok_or_else(|| OpenapiV2Error::FormNotFound.into())
}

/// The project that a thing is made in: the one named, or the first that is seen.
fn project_for(
    tx: &mut Tx<'_>,
    scope: &Scope,
    wanted: Option<ProjectId>,
) -> Result<Option<ProjectId>> {
    let projects = Project::all(tx, Project::OF_ORG, params![scope.org_id])?;
    let mut seen = projects
        .iter()
        .filter(|project| scope.sees(project.org_id, project.project_id))
        .map(|project| project.project_id);
    Ok(seen.find(|project| wanted.is_none_or(|wanted| wanted == *project)))
}

/// What was found wrong twice is told once: where reading failed, what follows from it is left out.
fn merge(mut read: Vec<Issue>, checked: Vec<Issue>) -> Vec<Issue> {
    let within = |inner: &str, outer: &str| {
        let rest = inner.strip_prefix(outer);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let known: Vec<_> = read.iter().map(|issue| issue.path.clone()).collect();
    let follows = |issue: &Issue| {
        let mut known = known.iter();
        known.any(|known| within(known, &issue.path) || within(&issue.path, known))
    };
    read.extend(checked.into_iter().filter(|issue| !follows(issue)));
    read
}

impl Forms {
    /// A form; 100304 when the scope sees none with this id.
    pub async fn template(&self, scope: &Scope, tpl_id: TplId) -> Result<Template> {
        let scope = scope.clone();
        self.read(move |tx| seen_template(tx, &scope, tpl_id)).await
    }

    /// The forms that the scope sees: how many there are of those wanted, and one page of them.
    pub(crate) async fn templates(
        &self,
        scope: &Scope,
        mut wanted: Listing,
    ) -> Result<(i64, Vec<Listed>)> {
        wanted.project_ids.clone_from(&scope.project_ids);
        let org_id = scope.org_id;
        self.read(move |tx| Ok(wanted.find(tx, org_id)?)).await
    }

    /// Makes a form.
    pub async fn create_template(&self, scope: &Scope, new: NewTemplate) -> Result<Template> {
        let project_id = new.project_id;
        self.create_template_of(scope, project_id, new.into(), Vec::new())
            .await
    }

    /// Makes a form of what was read, if nothing was `wrong` with it.
    pub(crate) async fn create_template_of(
        &self,
        scope: &Scope,
        project_id: Option<ProjectId>,
        parts: TemplateChange,
        wrong: Vec<Issue>,
    ) -> Result<Template> {
        let wrong = merge(wrong, parts.issues());
        let scope = scope.clone();
        self.write(Self::new_id, move |tx, tpl_id| {
            let mut issues = wrong.clone();
            issues.extend(parts.issues_within(tx, &scope)?);
            let project_id = project_for(tx, &scope, project_id)?;
            let Some(project_id) = project_id.filter(|_| issues.is_empty()) else {
                if project_id.is_none() {
                    issues = merge(issues, vec![Issue::at("project_id", Problem::Unknown)]);
                }
                return Err(Error::from(issues));
            };
            let number = next_number(tx, scope.org_id, "D")?;
            let mut template = Template {
                tpl_id: *tpl_id,
                org_id: scope.org_id,
                project_id,
                number: format!("D{number}"),
                name: String::new(),
                note: String::new(),
                description: String::new(),
                submit_button_title: String::new(),
                definition: Json::default(),
                limits: Json::default(),
                audit: Json::default(),
                certificate: Json::default(),
                settings: Json::default(),
                created_at: scope.now,
                updated_at: scope.now,
                active_at: None,
                deleted_at: None,
            };
            parts.apply(&mut template);
            template.insert(tx)?;
            Ok(template)
        })
        .await
    }

    /// Changes a form, if nothing was `wrong` with what was read.
    pub(crate) async fn update_template(
        &self,
        scope: &Scope,
        tpl_id: TplId,
        change: TemplateChange,
        wrong: Vec<Issue>,
    ) -> Result<Template> {
        let wrong = merge(wrong, change.issues());
        let scope = scope.clone();
        let reversible_since = scope.now.minus(self.config().reversal_time);
        self.write(
            |_| (),
            move |tx, ()| {
                let mut issues = wrong.clone();
                issues.extend(change.issues_within(tx, &scope)?);
                if !issues.is_empty() {
                    return Err(issues.into());
                }
                let found = Template::first(tx, Template::LOCK, params![tpl_id, scope.org_id])?;
                let before = seen(found, &scope)?;
                let mut template = before.clone();
                change.apply(&mut template);
                // Later each time, so that it tells one form of it from another.
                let later = before.updated_at.plus(Duration::from_micros(1));
                template.updated_at = scope.now.max(later);
                revise(tx, &before, &template, reversible_since)?;
                template.save(tx)?;
                Ok(template)
            },
        )
        .await
    }

    /// Deletes a form. Its records stay, and its number is not given out again.
    pub(crate) async fn delete_template(&self, scope: &Scope, tpl_id: TplId) -> Result<()> {
        let scope = scope.clone();
        self.write(
            |_| (),
            move |tx, ()| {
                let found = Template::first(tx, Template::LOCK, params![tpl_id, scope.org_id])?;
                let mut template = seen(found, &scope)?;
                template.deleted_at = Some(scope.now);
                template.save(tx)?;
                Ok(())
            },
        )
        .await
    }
}
