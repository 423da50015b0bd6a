//! Methods of `categories`.

use super::params::Params;
use super::{Caller, Data, Method, data, reads, times, writes};
use crate::categories::CategoryChange;
use crate::repo::Category;
use crate::{Forms, Result};
use serde::Serialize;
use std::collections::BTreeMap;

pub(super) const METHODS: &[Method] = &[
    reads!("categories/getList", get_list),
    writes!("categories/create", create),
    writes!("categories/update", update),
    writes!("categories/delete", delete),
];

/// Most characters of a name.
const LONGEST_NAME: i64 = 64;

/// A folder of codes.
#[derive(Serialize)]
struct Shown {
    id: i64,
    parent_id: Option<i64>,
    name: String,
    project_id: i64,
    created_at: i64,
    created_at_iso: String,
}

/// A folder with the folders in it.
#[derive(Serialize)]
struct Node {
    #[serde(flatten)]
    category: Shown,
    children: Vec<Node>,
}

#[derive(Serialize)]
struct One {
    category: Shown,
}

#[derive(Serialize)]
struct Tree {
    tree: Vec<Node>,
}

#[derive(Serialize)]
struct Deleted {
    deleted_categories: u64,
    deleted_codes: u64,
}

impl Shown {
    fn of(category: Category) -> Self {
        let (created_at, created_at_iso) = times::both(category.created_at);
        Self {
            id: category.category_id,
            parent_id: category.parent_id,
            name: category.name,
            project_id: category.project_id,
            created_at,
            created_at_iso,
        }
    }
}

/// The folders in one, each with its own; oldest first.
fn nodes(inside: &mut BTreeMap<Option<i64>, Vec<Category>>, parent: Option<i64>) -> Vec<Node> {
    let mut children = inside.remove(&parent).unwrap_or_default();
    children.sort_by_key(|category| category.category_id);
    let nodes = children.into_iter().map(|category| Node {
        children: nodes(inside, Some(category.category_id)),
        category: Shown::of(category),
    });
    nodes.collect()
}

async fn get_list(forms: Forms, caller: Caller, params: Params) -> Result<Data> {
    params.finish()?;
    let mut inside: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for category in forms.categories(&caller.scope).await? {
        inside.entry(category.parent_id).or_default().push(category);
    }
    data(&Tree {
        tree: nodes(&mut inside, None),
    })
}

async fn create(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let name = params.required_text("name", LONGEST_NAME);
    let parent_id = params.id_or_none("parent_id").flatten();
    let project_id = params.id("project_id");
    params.finish()?;
    let made = forms.create_category(&caller.scope, &name, parent_id, project_id);
    data(&One {
        category: Shown::of(made.await?),
    })
}

async fn update(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let change = CategoryChange {
        category_id: params.required_id("id"),
        name: params
            .has("name")
            .then(|| params.required_text("name", LONGEST_NAME)),
        parent_id: params.id_or_none("parent_id"),
    };
    params.finish()?;
    let changed = forms.update_category(&caller.scope, change).await?;
    data(&One {
        category: Shown::of(changed),
    })
}

async fn delete(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let category_id = params.required_id("id");
    params.finish()?;
    let emptied = forms.delete_category(&caller.scope, category_id).await?;
    data(&Deleted {
        deleted_categories: emptied.categories,
        deleted_codes: emptied.codes,
    })
}
