//! Methods of `states`.

use super::params::Params;
use super::{Caller, Data, Method, data, reads, times, writes};
use crate::model::code::StateValue;
use crate::repo::State;
use crate::{Forms, Result};
use catalogue::openapi_v2::Problem;
use serde::Serialize;

pub(super) const METHODS: &[Method] = &[
    reads!("states/getList", get_list),
    writes!("states/create", create),
];

/// Most values of a group.
const MOST_VALUES: usize = 50;
/// Most characters of a title or value.
const LONGEST: i64 = 64;

/// A group of states.
#[derive(Serialize)]
struct Shown {
    id: i64,
    title: String,
    project_id: i64,
    values: Vec<StateValue>,
    created_at: i64,
    created_at_iso: String,
}

#[derive(Serialize)]
struct One {
    state: Shown,
}

#[derive(Serialize)]
struct Many {
    list: Vec<Shown>,
}

impl Shown {
    fn of(state: State) -> Self {
        let (created_at, created_at_iso) = times::both(state.created_at);
        Self {
            id: state.state_id,
            title: state.title,
            project_id: state.project_id,
            values: state.choices.0,
            created_at,
            created_at_iso,
        }
    }
}

async fn get_list(forms: Forms, caller: Caller, params: Params) -> Result<Data> {
    params.finish()?;
    let states = forms.states(&caller.scope).await?;
    data(&Many {
        list: states.into_iter().map(Shown::of).collect(),
    })
}

async fn create(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let title = params.required_text("title", LONGEST);
    let project_id = params.id("project_id");
    let values = values(&mut params);
    params.finish()?;
    let made = forms.create_state(&caller.scope, &title, &values, project_id);
    data(&One {
        state: Shown::of(made.await?),
    })
}

/// `values`: a list of `{text}`.
fn values(params: &mut Params) -> Vec<String> {
    let is_empty = |list: &serde_json::Value| list.as_array().is_some_and(Vec::is_empty);
    let none_given = params.value("values").is_none_or(is_empty);
    let items = params.objects("values", MOST_VALUES);
    let mut texts: Vec<String> = Vec::new();
    for mut item in items.unwrap_or_default() {
        let text = item.required_text("text", LONGEST);
        if !text.is_empty() && texts.contains(&text) {
            item.issue("text", Problem::Taken);
        }
        params.absorb(item);
        texts.push(text);
    }
    if none_given {
        params.issue("values", Problem::Required);
    }
    texts
}
