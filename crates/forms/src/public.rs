//! Use cases: what people in front of public pages see and may do.

use crate::codes::code_of_text;
use crate::formats::content;
use crate::model::code::{FILL_FORM, UPDATE_STATE};
use crate::model::{OrgId, TplId};
use crate::repo::{Code, Organization, State, Template, used};
use crate::submit::{check_fillable, forbidding, out_of_use};
use crate::templates::seen_template;
use crate::{Error, Forms, Result, Scope, coding};
use catalogue::OpenapiV2Error;
use catalogue::openapi_v2::CodeProblem;
use store::{Tx, params};

/// A code as its page shows it.
#[derive(Clone, Debug)]
pub struct CodeView {
    /// It.
    pub code: Code,
    /// Its states: title and words of the current value.
    pub states: Vec<(String, String)>,
    /// What can be done with it.
    pub operations: Vec<OperationView>,
    /// Why it is not in use.
    pub problem: Option<CodeProblem>,
}

/// What can be done with a code.
#[derive(Clone, Debug)]
pub struct OperationView {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The forms to be filled in: id and name.
    pub forms: Vec<(TplId, String)>,
    /// The titles of the states that it changes.
    pub states: Vec<String>,
    /// Whether the code's states allow it.
    pub is_allowed: bool,
}

/// A form that can be filled in for a code.
#[derive(Clone, Debug)]
pub struct Fillable {
    /// The code.
    pub code: Code,
    /// The form.
    pub template: Template,
    /// Why not now: 100306, 100313 or 100314.
    pub refusal: Option<OpenapiV2Error>,
}

impl Forms {
    /// The organization with this code, and the scope of somebody in front of one of its public pages.
    pub async fn public_organization(
        &self,
        org_code: &str,
    ) -> Result<Option<(Organization, Scope)>> {
        let named = org_code.to_owned();
        let found = self.read(move |tx| {
            let by_code = params![&named];
            Ok(Organization::first(tx, Organization::BY_CODE, by_code)?)
        });
        Ok(found.await?.map(|organization| {
            let scope = Scope {
                org_id: organization.org_id,
                org_code: organization.org_code.clone(),
                api_key_id: None,
                project_ids: None,
                now: self.now(),
            };
            (organization, scope)
        }))
    }

    /// The scope of somebody in front of a public page of an organization; `None`: there is none.
    pub async fn public_scope(&self, org_code: &str) -> Result<Option<Scope>> {
        let found = self.public_organization(org_code).await?;
        Ok(found.map(|(_, scope)| scope))
    }

    /// A code with what its page shows. 404 when the scope sees none.
    pub async fn code_view(&self, scope: &Scope, coding: &str) -> Result<CodeView> {
        let (scope, coding) = (scope.clone(), coding.to_owned());
        self.read(move |tx| code_view(tx, &scope, &coding)).await
    }

    /// The content of a code as Markdown. 404 when the scope sees none.
    pub async fn code_markdown(&self, scope: &Scope, coding: &str) -> Result<String> {
        let code = self.code_of_text(scope, coding).await?;
        let url = self.public_url(&scope.org_code, &code.coding);
        Ok(content::markdown(&code.title, &url, &code.content.0))
    }

    /// A code and a form that is to be filled in for it. 404 and 100304 when the scope does not see them.
    pub async fn fillable(&self, scope: &Scope, coding: &str, tpl_id: TplId) -> Result<Fillable> {
        let (scope, coding) = (scope.clone(), coding.to_owned());
        self.read(move |tx| {
            let code = code_of_text(tx, &scope, &coding)?;
            let template = seen_template(tx, &scope, tpl_id)?;
            let refusal = match check_fillable(tx, &scope, &code, &template) {
                Ok(()) => full(tx, &scope, &code, &template)?,
                Err(Error::Refused(refusal)) => Some(refusal),
                Err(failed) => return Err(failed),
            };
            Ok(Fillable {
                code,
                template,
                refusal,
            })
        })
        .await
    }

    /// What tells one visitor of public pages from others, or one showing of a page from others: 22 characters of
    /// `[0-9A-Za-z]` that nobody can guess.
    pub fn new_ticket(&self) -> String {
        coding::random(self.rng(), 't', 21)
    }
}

fn code_view(tx: &mut Tx<'_>, scope: &Scope, coding: &str) -> Result<CodeView> {
    let code = code_of_text(tx, scope, coding)?;
    let mut states = Vec::new();
    for (state_id, value_id) in &code.states.0 {
        let state = match state_id.parse() {
            Ok(id) => state(tx, scope.org_id, id)?,
            Err(_) => None,
        };
        let Some(state) = state else { continue };
        let mut choices = state.choices.0.into_iter();
        let current = choices.find(|choice| choice.id == *value_id);
        states.extend(current.map(|current| (state.title, current.text)));
    }
    let mut operations = Vec::new();
    for operation in &code.operations.0 {
        let (mut forms, mut changed) = (Vec::new(), Vec::new());
        for element in &operation.elements {
            let id = element.element_value;
            match element.element_type {
                FILL_FORM => {
                    let found = Template::first(tx, Template::BY_ID, params![id, scope.org_id])?;
                    forms.extend(found.map(|form| (form.tpl_id, form.name)));
                }
                UPDATE_STATE => {
                    let found = state(tx, scope.org_id, id)?;
                    changed.extend(found.map(|state| state.title));
                }
                _ => {}
            }
        }
        operations.push(OperationView {
            name: operation.name.clone(),
            description: operation.description.clone(),
            forms,
            states: changed,
            is_allowed: forbidding(operation, &code).is_none(),
        });
    }
    Ok(CodeView {
        problem: out_of_use(&code, scope),
        states,
        operations,
        code,
    })
}

/// Whether the form takes no more submissions for the code.
fn full(
    tx: &mut Tx<'_>,
    scope: &Scope,
    code: &Code,
    template: &Template,
) -> Result<Option<OpenapiV2Error>> {
    let Some(total) = &template.limits.0.total else {
        return Ok(None);
    };
    let (of, period) = ((template.tpl_id, code.code_id), total.period.key(scope.now));
    let is_full = used(tx, of, "", &period)? >= total.count;
    Ok(is_full.then(|| OpenapiV2Error::FormLimitReached {
        limit: total.count,
        period: total.period.period(),
    }))
}

fn state(tx: &mut Tx<'_>, org_id: OrgId, state_id: i64) -> Result<Option<State>> {
    Ok(State::first(tx, State::BY_ID, params![state_id, org_id])?)
}
