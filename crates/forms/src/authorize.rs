//! Codes that let whoever has them verify certificates of a form.

use crate::model::{Person, TplId};
use crate::repo::{Authorization, Template};
use crate::{Error, Forms, Result, Scope, digest};
use catalogue::OpenapiV2Error;
use catalogue::openapi_v2::{AuthorizationProblem, Resource};
use kernel::{Rng, Secret, Timestamp};
use store::record::Json;
use store::{Tx, params};

/// What codes are written with: no two letters look alike, and each is worth five bits.
const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// Letters of a code, in groups of four.
const LENGTH: usize = 12;

/// What an authorization code is to be.
#[derive(Clone, Debug)]
pub struct NewAuthorization {
    /// For which form.
    pub tpl_id: TplId,
    /// When it ends to count.
    pub expire_at: Option<Timestamp>,
    /// How often it may be used.
    pub max_uses: Option<i64>,
    /// Who gets it.
    pub holder: Person,
}

impl Authorization {
    /// Why the code does not count.
    pub fn problem(&self, now: Timestamp) -> Option<AuthorizationProblem> {
        if self.revoked_at.is_some() {
            Some(AuthorizationProblem::Revoked)
        } else if self.expire_at.is_some_and(|end| end <= now) {
            Some(AuthorizationProblem::Expired)
        } else if self.max_uses.is_some_and(|most| self.uses >= most) {
            Some(AuthorizationProblem::UsedUp)
        } else {
            None
        }
    }
}

impl Forms {
    /// Makes an authorization code, which is shown this once. 100304 when the scope sees no such form.
    pub async fn authorize(
        &self,
        scope: &Scope,
        new: NewAuthorization,
    ) -> Result<(Authorization, Secret<String>)> {
        let scope = scope.clone();
        let make = |forms: &Self| (forms.new_id(), new_code(forms.rng()));
        self.write(make, move |tx, (authorization_id, code)| {
            check_form(tx, &scope, new.tpl_id)?;
            let authorization = Authorization {
                authorization_id: *authorization_id,
                org_id: scope.org_id,
                tpl_id: new.tpl_id,
                code_hash: code_hash(code),
                hint: code.chars().skip(code.len() - 4).collect(),
                holder: Json(new.holder.clone()),
                expire_at: new.expire_at,
                max_uses: new.max_uses,
                uses: 0,
                revoked_at: None,
                created_at: scope.now,
            };
            authorization.insert(tx)?;
            Ok((authorization, Secret::new(code.clone())))
        })
        .await
    }

    /// The authorization codes of a form, newest first. 100304 when the scope sees no such form.
    pub async fn authorizations(&self, scope: &Scope, tpl_id: TplId) -> Result<Vec<Authorization>> {
        let scope = scope.clone();
        self.read(move |tx| {
            check_form(tx, &scope, tpl_id)?;
            let of_form = params![tpl_id, scope.org_id];
            Ok(Authorization::all(tx, Authorization::OF_TEMPLATE, of_form)?)
        })
        .await
    }

    /// Takes an authorization code back. 404 when the scope sees no such one; taking it back twice is no error.
    pub async fn revoke_authorization(
        &self,
        scope: &Scope,
        authorization_id: i64,
    ) -> Result<Authorization> {
        let scope = scope.clone();
        let run = move |tx: &mut Tx<'_>, (): &()| {
            let known = params![authorization_id, scope.org_id];
            let found = Authorization::first(tx, Authorization::BY_ID, known)?;
            let mut found = found.ok_or(Resource::Authorization)?;
            check_form(tx, &scope, found.tpl_id).map_err(|error| match error {
                Error::Refused(_) => Resource::Authorization.into(),
                failed => failed,
            })?;
            Authorization::revoke(tx, authorization_id, scope.org_id, scope.now)?;
            found.revoked_at = found.revoked_at.or(Some(scope.now));
            Ok(found)
        };
        self.write(|_| (), run).await
    }
}

fn check_form(tx: &mut Tx<'_>, scope: &Scope, tpl_id: TplId) -> Result<()> {
    let known = params![tpl_id, scope.org_id];
    let form = Template::first(tx, Template::BY_ID, known)?;
    let seen = form.filter(|form| scope.sees(form.org_id, form.project_id));
    seen.map(drop)
        .ok_or_else(|| OpenapiV2Error::FormNotFound.into())
}

/// `7KQM-2F9D-XW4H`.
fn new_code(rng: &Rng) -> String {
    let mut code = String::with_capacity(LENGTH + 2);
    for (at, byte) in rng.bytes::<LENGTH>().into_iter().enumerate() {
        if at % 4 == 0 && at > 0 {
            code.push('-');
        }
        code.push(char::from(LETTERS[usize::from(byte) % LETTERS.len()]));
    }
    code
}

/// What is kept of a code: case, dashes and blanks do not count.
pub(crate) fn code_hash(code: &str) -> String {
    let letters = code.chars().filter(char::is_ascii_alphanumeric);
    digest(
        &letters
            .map(|letter| letter.to_ascii_uppercase())
            .collect::<String>(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_may_be_typed_in_any_way() {
        let code = new_code(&Rng::seeded(1));
        insta::assert_snapshot!(code, @"3SJM-6UAT-CBFE");
        let typed = format!(" {} ", code.to_lowercase().replace('-', " "));
        assert_eq!(code_hash(&code), code_hash(&typed));
        assert_ne!(code_hash(&code), code_hash(&code[1..]));
    }
}
