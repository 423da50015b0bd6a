//! `Idempotency-Key`: a method that changes something is carried out once for each.

use super::call::{Answer, Call};
use super::passed::PassedThrough;
use crate::face::Data;
use crate::{Error, Forms, Result};
use catalogue::openapi_v2::Problem;
use http::{Method, StatusCode};
use httpkit::{Refusal, idempotency};
use kernel::Locale;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use store::idempotency::{Found, Key};

/// What is shown once, and not stored.
const SECRETS: [&str; 2] = ["authorization_code", "secret"];

impl Call {
    /// The key under which the answer is kept, in the scope of organization and method.
    pub(super) fn idempotency_key(&self) -> Result<Option<Key>> {
        if !self.method.writes {
            return Ok(None);
        }
        let name = self.method.name;
        let scope = format!("forms:{}:{name}", self.holder.key.org_id);
        idempotency::key(&self.headers, &scope, &Method::POST, name, &self.body)
            .map_err(|_| at_key(Problem::Malformed))
    }
}

fn at_key(problem: Problem) -> Error {
    Error::at("Idempotency-Key", problem)
}

impl Forms {
    /// Carries something out, unless it has been under the same key: then it is answered as before.
    pub(super) async fn once(
        &self,
        key: Key,
        locale: Locale,
        run: impl Future<Output = Result<Data>>,
    ) -> Result<Answer, Refusal> {
        let (claimed, now) = (key.clone(), self.now());
        let found = self.db().write(move |tx| {
            let found = store::idempotency::claim(tx, &claimed, None, now)?;
            Ok::<_, Error>(found)
        });
        match found.await? {
            None => {
                let outcome = run.await.map_err(Refusal::from);
                self.keep(key, &outcome, locale).await?;
                Ok(outcome.into())
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
                        store::idempotency::answer(tx, &key, status.as_u16(), body)?;
                    }
                    None => store::idempotency::release(tx, &key)?,
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
