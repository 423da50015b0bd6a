//! `Idempotency-Key`: a method that changes something is carried out once for each.

use super::call::{Answer, Call};
use super::passed::PassedThrough;
use crate::claim::Claim;
use crate::face::Data;
use crate::{Error, Forms, Result};
use catalogue::openapi_v2::Problem;
use http::{Method, StatusCode};
use httpkit::{Refusal, idempotency};
use kernel::Locale;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::time::Duration;
use store::idempotency::{self as idempotency_keys, Found, Key};

/// How long whoever claimed a key has to carry it out, before it counts as dead: longer than any client is kept waiting.
const CLAIM: Duration = Duration::from_secs(60);
/// Methods that find what they did before under the same key, and answer the same.
const REPEATABLE: [&str; 2] = ["record/addRecord", "record/verifyCertificate"];
/// What is shown once, and not stored.
const SECRETS: [&str; 2] = ["authorization_code", "secret"];

impl Call {
    /// The key under which the answer is kept, in the scope of organization and method.
    pub(super) fn idempotency_key(&self) -> Result<Option<Key>> {
        if !self.method.writes {
            return Ok(None);
        }
        let name = self.method.name;
        // A key's own: what one key was answered is none of another's business, though they be one organization's.
        let scope = format!("forms:{}:{name}", self.holder.key.api_key_id);
        idempotency::key(&self.headers, &scope, &Method::POST, name, &self.body)
            .map_err(|_| at_key(Problem::Malformed))
    }
}

fn at_key(problem: Problem) -> Error {
    Error::at("Idempotency-Key", problem)
}

impl Forms {
    /// Carries something out, unless it has been under the same key: then it is answered as before. A server that dies on the
    /// way leaves a claim, which says whether the change was made: another may take it over if it was not.
    pub(super) async fn once(
        &self,
        key: Key,
        method: &str,
        locale: Locale,
        run: impl Future<Output = Result<Data>>,
    ) -> Result<Answer, Refusal> {
        let (claimed, now) = (key.clone(), self.now());
        let dead = now.minus(CLAIM);
        let found = self.db().write(move |tx| {
            let found = idempotency_keys::claim(tx, &claimed, None, now)?;
            let Some(Found::Unanswered { reference }) = found else {
                return Ok::<_, Error>(found);
            };
            if idempotency_keys::take_over(tx, &claimed, dead, now)? {
                return Ok(None);
            }
            // Its answer may come at any moment.
            let is_dead = idempotency_keys::claimed_before(tx, &claimed, dead)?;
            let reference = reference.filter(|_| is_dead);
            Ok(Some(Found::Unanswered { reference }))
        });
        let is_repeatable = REPEATABLE.contains(&method);
        match found.await? {
            None => {
                let claim = Claim {
                    key: key.clone(),
                    at: now,
                };
                let outcome = claim.hold(run).await.map_err(Refusal::from);
                self.keep(key, &outcome, locale).await?;
                Ok(outcome.into())
            }
            Some(Found::Unanswered { reference: Some(_) }) if is_repeatable => {
                let outcome = run.await.map_err(Refusal::from);
                self.keep(key, &outcome, locale).await?;
                Ok(outcome.into())
            }
            Some(Found::Unanswered { reference: Some(_) }) => {
                Err(at_key(Problem::KeyCarriedOut).into())
            }
            Some(Found::Answered { status, body }) => Ok(Answer {
                outcome: kept(status, body)?,
                replayed: true,
            }),
            Some(Found::OtherRequest) => Err(at_key(Problem::KeyReused).into()),
            Some(Found::Unanswered { .. }) => Err(at_key(Problem::KeyInUse).into()),
        }
    }

    /// Stores an answer under its key. A fault of ours is none: the request may be sent again.
    async fn keep(&self, key: Key, outcome: &Result<Data, Refusal>, locale: Locale) -> Result<()> {
        let answer = match outcome {
            Ok(data) => Some((StatusCode::OK, without_secrets(data))),
            Err(Refusal::Coded(error)) => {
                let reply = error.render(locale, "");
                let body = String::from_utf8_lossy(&reply.body).into_owned();
                Some((reply.status, body))
            }
            Err(_) => None,
        };
        self.db()
            .write(move |tx| {
                match &answer {
                    Some((status, body)) => {
                        idempotency_keys::answer(tx, &key, status.as_u16(), body)?;
                    }
                    None => idempotency_keys::release(tx, &key)?,
                }
                Ok(())
            })
            .await
    }
}

/// An answer that was kept.
fn kept(status: u16, body: String) -> Result<Result<Data, Refusal>> {
    let corrupt = || Error::Failed("an answer that was kept cannot be read".into());
    let status = StatusCode::from_u16(status).map_err(|_| corrupt())?;
    if status.is_success() {
        return Ok(Ok(RawValue::from_string(body).map_err(|_| corrupt())?));
    }
    let refusal = PassedThrough::read(status, body.as_bytes()).ok_or_else(corrupt)?;
    Ok(Err(refusal.into()))
}

/// `data` as it is kept to be answered again.
fn without_secrets(data: &Data) -> String {
    let members: Result<BTreeMap<&str, &RawValue>, _> = serde_json::from_str(data.get());
    match members {
        Ok(mut members) if SECRETS.iter().any(|name| members.contains_key(name)) => {
            for name in SECRETS {
                members
                    .entry(name)
                    .and_modify(|value| *value = RawValue::NULL);
            }
            serde_json::to_string(&members).unwrap_or_else(|_| "null".into())
        }
        _ => data.get().to_owned(),
    }
}
