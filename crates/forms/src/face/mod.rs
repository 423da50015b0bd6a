//! The methods: what they read and answer. One file per module of the contract.

mod bulk;
mod categories;
mod certificates;
mod forms;
mod openapi;
pub mod params;
mod qrcodes;
mod records;
mod states;
pub(crate) mod times;
mod uploads;
mod v1;
mod webhooks;

pub use openapi::{Operation, document, operation, operations};
pub use v1::routes as v1_routes;

use crate::{Error, Forms, Result, Scope};
use catalogue::OpenapiV2Error;
use catalogue::openapi_v2::{JsonType, Problem};
use kernel::Locale;
use params::Params;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::pin::Pin;

/// Who calls a method.
#[derive(Clone, Debug)]
pub struct Caller {
    /// On whose behalf, and what that one sees.
    pub scope: Scope,
    /// Whether it may set verifications back.
    pub may_reverse: bool,
    /// The language that it is answered in.
    pub locale: Locale,
    /// Names the request, if it has an `Idempotency-Key`: of no other key and method.
    pub once: Option<String>,
}

/// What a method answers: `data` of the envelope.
pub type Data = Box<RawValue>;

type Running = Pin<Box<dyn Future<Output = Result<Data>> + Send>>;

/// A method of the contract.
pub struct Method {
    /// `record/getRecord`.
    pub name: &'static str,
    /// Whether the key needs the right to write.
    pub writes: bool,
    /// Carries it out.
    pub run: fn(Forms, Caller, Params) -> Running,
}

impl std::fmt::Debug for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// A method that asks.
macro_rules! reads {
    ($name:literal, $run:path) => {
        $crate::face::Method {
            name: $name,
            writes: false,
            run: |forms, caller, params| Box::pin($run(forms, caller, params)),
        }
    };
}

/// A method that changes.
macro_rules! writes {
    ($name:literal, $run:path) => {
        $crate::face::Method {
            name: $name,
            writes: true,
            run: |forms, caller, params| Box::pin($run(forms, caller, params)),
        }
    };
}
pub(crate) use {reads, writes};

/// Every method, by module.
pub const METHODS: &[&[Method]] = &[
    records::METHODS,
    forms::METHODS,
    qrcodes::METHODS,
    categories::METHODS,
    states::METHODS,
    certificates::METHODS,
    uploads::METHODS,
    webhooks::METHODS,
    bulk::METHODS,
];

/// The method with this name.
pub fn method(name: &str) -> Option<&'static Method> {
    find(METHODS, name)
}

/// The one of these methods with this name.
pub(crate) fn find(methods: &[&'static [Method]], name: &str) -> Option<&'static Method> {
    methods
        .iter()
        .flat_map(|methods| methods.iter())
        .find(|method| method.name == name)
}

/// What a method answers.
pub(crate) fn data(value: &impl Serialize) -> Result<Data> {
    serde_json::value::to_raw_value(value).map_err(|error| Error::Failed(error.to_string()))
}

/// Reads `version`: `v1` is the only one there is.
pub(crate) fn check_version(params: &Params) -> Result<()> {
    match params.value("version") {
        None => Ok(()),
        Some(version) if version == "v1" => Ok(()),
        Some(Value::String(version)) => {
            let version = version.chars().take(32).collect();
            Err(OpenapiV2Error::UnsupportedVersion { version }.into())
        }
        Some(_) => {
            let expected = JsonType::Text;
            Err(Error::at("version", Problem::InvalidType { expected }))
        }
    }
}
