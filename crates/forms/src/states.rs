//! Use cases: groups of states, and the state that a code is in.

use crate::codes::{Listed, STATE_CHANGE, as_text, listed, lock_code, write_down};
use crate::keys::project_for;
use crate::model::code::StateValue;
use crate::model::{CodeId, ProjectId, RecordId};
use crate::repo::State;
use crate::{Error, Forms, Result, Scope};
use catalogue::openapi_v2::{Problem, Resource};
use store::params;
use store::record::Json;

/// Most groups of an organization.
const MOST: i64 = 1000;

/// What came of setting a state.
#[derive(Clone, Debug)]
pub(crate) struct StateSet {
    /// The code.
    pub code: Listed,
    /// The record that tells of the change; `None`: the code was in that state already.
    pub record_id: Option<RecordId>,
}

impl Forms {
    /// The groups of states that are seen.
    pub(crate) async fn states(&self, scope: &Scope) -> Result<Vec<State>> {
        let scope = scope.clone();
        self.read(move |tx| {
            let mut all = State::all(tx, State::OF_ORG, params![scope.org_id])?;
            all.retain(|state| scope.sees(state.org_id, state.project_id));
            Ok(all)
        })
        .await
    }

    /// Makes a group of states. `values`: the words of each, no two the same.
    pub async fn create_state(
        &self,
        scope: &Scope,
        title: &str,
        values: &[String],
        project_id: Option<ProjectId>,
    ) -> Result<State> {
        let (scope, title, values) = (scope.clone(), title.to_owned(), values.to_vec());
        let count = values.len();
        let make = move |forms: &Self| (forms.new_id(), forms.new_ids(count));
        self.write(make, move |tx, (state_id, value_ids)| {
            let others = State::all(tx, State::OF_ORG, params![scope.org_id])?;
            if i64::try_from(others.len()).unwrap_or(i64::MAX) >= MOST {
                return Err(Error::at("states", Problem::TooMany { max: MOST }));
            }
            let choices = value_ids.iter().zip(&values).map(|(id, text)| StateValue {
                id: *id,
                text: text.clone(),
            });
            let state = State {
                state_id: *state_id,
                org_id: scope.org_id,
                project_id: project_for(tx, &scope, project_id)?,
                title: title.clone(),
                choices: Json(choices.collect()),
                created_at: scope.now,
            };
            state.insert(tx)?;
            Ok(state)
        })
        .await
    }

    /// Brings a code into a state, and writes a record of it.
    pub(crate) async fn set_state(
        &self,
        scope: &Scope,
        code_id: CodeId,
        state_id: i64,
        value_id: i64,
    ) -> Result<StateSet> {
        let scope = scope.clone();
        self.write(Self::new_record, move |tx, new_record| {
            let mut code = lock_code(tx, &scope, code_id)?;
            let state = State::first(tx, State::BY_ID, params![state_id, scope.org_id])?
                .filter(|state| state.project_id == code.project_id)
                .ok_or(Resource::State)?;
            let words = |id: i64| state.choices.0.iter().find(|choice| choice.id == id);
            let after =
                words(value_id).ok_or_else(|| Error::at("state_value_id", Problem::Unknown))?;
            let before = code.states.0.insert(state_id.to_string(), value_id);
            if before == Some(value_id) {
                let code = listed(tx, code)?;
                return Ok(StateSet {
                    code,
                    record_id: None,
                });
            }
            code.updated_at = scope.now;
            code.save(tx)?;
            let mut fields = vec![as_text(state_id, &state.title, &after.text)];
            if let Some(before) = before.and_then(words) {
                let title = format!("{}（变更前）", state.title);
                fields.push(as_text(before.id, &title, &before.text));
            }
            let record = write_down(tx, &scope, &code, STATE_CHANGE, new_record, fields)?;
            Ok(StateSet {
                code: listed(tx, code)?,
                record_id: Some(record.record_id),
            })
        })
        .await
    }
}
