//! Use cases: categories, the folders of codes.

use crate::keys::project_for;
use crate::model::{CodeId, ProjectId};
use crate::repo::{Category, Organization};
use crate::{Error, Forms, Result, Scope};
use catalogue::OpenapiV2Error;
use catalogue::openapi_v2::{Problem, Resource};
use std::borrow::Cow;
use store::{Tx, params};

/// How deep folders may stand in one another.
const DEEPEST: usize = 10;
/// Most folders of an organization.
const MOST: i64 = 10_000;

/// What is to be changed about a folder.
#[derive(Clone, Debug)]
pub(crate) struct CategoryChange {
    /// The folder.
    pub category_id: i64,
    /// Its new name.
    pub name: Option<String>,
    /// Where it is to be; `Some(None)`: in no other folder.
    pub parent_id: Option<Option<i64>>,
}

/// How much went with a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Emptied {
    /// Folders.
    pub categories: u64,
    /// Codes.
    pub codes: u64,
}

impl Forms {
    /// The folders that are seen, each after the one it is in.
    pub(crate) async fn categories(&self, scope: &Scope) -> Result<Vec<Category>> {
        let scope = scope.clone();
        self.read(move |tx| {
            let mut all = Category::all(tx, Category::OF_ORG, params![scope.org_id])?;
            all.retain(|category| scope.sees(category.org_id, category.project_id));
            Ok(all)
        })
        .await
    }

    /// Makes a folder, in another one or in none.
    pub async fn create_category(
        &self,
        scope: &Scope,
        name: &str,
        parent_id: Option<i64>,
        project_id: Option<ProjectId>,
    ) -> Result<Category> {
        let (scope, name) = (scope.clone(), name.to_owned());
        self.write(Self::new_id, move |tx, &category_id| {
            lock_tree(tx, &scope)?;
            if Category::count(tx, scope.org_id)? >= MOST {
                return Err(Error::at("categories", Problem::TooMany { max: MOST }));
            }
            let (project_id, path) = match parent_id {
                Some(parent_id) => {
                    let parent = seen_category(tx, &scope, parent_id)?;
                    if project_id.is_some_and(|named| named != parent.project_id) {
                        return Err(contradicts("parent_id", "project_id"));
                    }
                    (parent.project_id, parent.path)
                }
                None => (project_for(tx, &scope, project_id)?, "/".to_owned()),
            };
            let category = Category {
                category_id,
                org_id: scope.org_id,
                project_id,
                parent_id,
                name: name.clone(),
                path: format!("{path}{category_id}/"),
                created_at: scope.now,
                deleted_at: None,
            };
            check_depth(depth(&category.path))?;
            category.insert(tx)?;
            Ok(category)
        })
        .await
    }

    /// Renames a folder, or moves it with all that is in it.
    pub(crate) async fn update_category(
        &self,
        scope: &Scope,
        change: CategoryChange,
    ) -> Result<Category> {
        let scope = scope.clone();
        self.write(
            |_| (),
            move |tx, ()| {
                lock_tree(tx, &scope)?;
                let mut category = seen_category(tx, &scope, change.category_id)?;
                if let Some(name) = &change.name {
                    category.name.clone_from(name);
                }
                if let Some(parent_id) = change.parent_id
                    && parent_id != category.parent_id
                {
                    relocate(tx, &scope, &mut category, parent_id)?;
                }
                category.save(tx)?;
                Ok(category)
            },
        )
        .await
    }

    /// Deletes a folder, the folders in it and all their codes, for good.
    pub(crate) async fn delete_category(&self, scope: &Scope, category_id: i64) -> Result<Emptied> {
        let scope = scope.clone();
        self.write(
            |_| (),
            move |tx, ()| {
                lock_tree(tx, &scope)?;
                let category = seen_category(tx, &scope, category_id)?;
                // Whoever is about to put a code into one of these waits, and finds it gone.
                let within = params![scope.org_id, &category.path];
                Category::all(tx, Category::LOCK_WITHIN, within)?;
                let (categories, codes) = category.delete_all(tx, scope.now)?;
                Ok(Emptied { categories, codes })
            },
        )
        .await
    }
}

/// A folder that is seen.
pub(crate) fn seen_category(tx: &mut Tx<'_>, scope: &Scope, category_id: i64) -> Result<Category> {
    let found = Category::first(tx, Category::BY_ID, params![category_id, scope.org_id])?;
    seen(scope, found)
}

/// A folder that is seen, to put a code into: it is not deleted until the transaction ends.
pub(crate) fn lock_category(tx: &mut Tx<'_>, scope: &Scope, category_id: i64) -> Result<Category> {
    let found = Category::first(tx, Category::LOCK, params![category_id, scope.org_id])?;
    seen(scope, found)
}

/// The codes that a folder stands for: in it and, if they are wanted, in the folders in it. None (100317) and more than `most`
/// (100318) are refused.
pub(crate) fn codes_within(
    tx: &mut Tx<'_>,
    scope: &Scope,
    category_id: i64,
    include_children: bool,
    most: i64,
) -> Result<Vec<CodeId>> {
    let found = Category::first(tx, Category::BY_ID, params![category_id, scope.org_id])?;
    let category = seen(scope, found).map_err(|_| OpenapiV2Error::NoCodesInCategory)?;
    let codes = category.codes(tx, include_children, most.saturating_add(1))?;
    match i64::try_from(codes.len()).unwrap_or(i64::MAX) {
        0 => Err(OpenapiV2Error::NoCodesInCategory.into()),
        count if count > most => Err(OpenapiV2Error::TooManyCodes { limit: most }.into()),
        _ => Ok(codes),
    }
}

fn seen(scope: &Scope, found: Option<Category>) -> Result<Category> {
    found
        .filter(|category| scope.sees(category.org_id, category.project_id))
        .ok_or_else(|| Resource::Category.into())
}

/// The tree of an organization is changed by one at a time: of two moves that would make a circle, the second finds the first.
fn lock_tree(tx: &mut Tx<'_>, scope: &Scope) -> Result<()> {
    Organization::first(tx, Organization::LOCK, params![scope.org_id])?;
    Ok(())
}

fn relocate(
    tx: &mut Tx<'_>,
    scope: &Scope,
    category: &mut Category,
    parent_id: Option<i64>,
) -> Result<()> {
    let base = match parent_id {
        Some(parent_id) => {
            let parent = seen_category(tx, scope, parent_id)?;
            if parent.path.starts_with(&category.path) {
                return Err(contradicts("parent_id", "id"));
            }
            if parent.project_id != category.project_id {
                return Err(contradicts("parent_id", "project_id"));
            }
            parent.path
        }
        None => "/".to_owned(),
    };
    let within = params![scope.org_id, &category.path];
    let moved = Category::all(tx, Category::WITHIN, within)?;
    let deepest = moved.iter().map(|inner| depth(&inner.path)).max();
    let height = deepest.unwrap_or_default() - depth(&category.path);
    let path = format!("{base}{}/", category.category_id);
    check_depth(depth(&path) + height)?;
    category.move_to(tx, &path)?;
    category.path = path;
    category.parent_id = parent_id;
    Ok(())
}

/// How many folders a path names.
fn depth(path: &str) -> usize {
    path.matches('/').count().saturating_sub(1)
}

fn check_depth(depth: usize) -> Result<()> {
    if depth <= DEEPEST {
        return Ok(());
    }
    let max = i64::try_from(DEEPEST).unwrap_or(i64::MAX);
    Err(Error::at("depth", Problem::OutOfRange { min: 1, max }))
}

fn contradicts(path: &'static str, other: &'static str) -> Error {
    let other = Cow::Borrowed(other);
    Error::at(path, Problem::Contradicts { other })
}
