//! The table of operations: one for each method of the face.

use super::refusals;
use super::{bulk, certificates, codes, forms, records, uploads, webhooks};
use crate::face;
use catalogue::OpenapiV2Error;
use httpkit::schema::{Named, request};
use serde_json::Value;
use std::collections::BTreeSet;

/// One method, described.
#[derive(Clone, Debug)]
pub struct Operation {
    /// `record/getRecord`.
    pub name: &'static str,
    /// Whether the key needs the right to write.
    pub writes: bool,
    pub(super) summary: &'static str,
    pub(super) description: &'static str,
    /// The schema of the body.
    pub(super) request: Value,
    /// The schema of `data`.
    pub(super) answer: Value,
    /// What it can be refused with beyond what its key, body and parameters can be.
    pub(super) refusals: Vec<OpenapiV2Error>,
}

impl Operation {
    pub(super) fn new(name: &'static str, summary: &'static str) -> Self {
        Self {
            name,
            writes: face::method(name).is_some_and(|method| method.writes),
            summary,
            description: "",
            request: request("No parameters.", &[], Vec::new()),
            answer: Value::Null,
            refusals: Vec::new(),
        }
    }

    pub(super) fn about(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    /// Its parameters, of which `required` must be there.
    pub(super) fn takes(mut self, required: &[&str], parameters: Vec<Named>) -> Self {
        self.request = request("The parameters.", required, parameters);
        self
    }

    pub(super) fn answers(mut self, data: Value) -> Self {
        self.answer = data;
        self
    }

    pub(super) fn refused(mut self, refusals: impl IntoIterator<Item = OpenapiV2Error>) -> Self {
        self.refusals.extend(refusals);
        self
    }

    /// The whole path.
    pub fn path(&self) -> String {
        format!("/api/v2/rpc/{}", self.name)
    }

    /// The codes that it can answer: `401`, `100301`.
    pub fn codes(&self) -> BTreeSet<String> {
        let samples = refusals::of(self);
        samples.iter().map(refusals::Sample::code).collect()
    }

    /// `record`.
    pub(super) fn module(&self) -> &'static str {
        self.name.split('/').next().unwrap_or_default()
    }

    /// `recordGetRecord`.
    pub(super) fn id(&self) -> String {
        let (module, method) = self.name.split_once('/').unwrap_or_default();
        let mut letters = method.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        let rest = letters.as_str();
        format!(
            "{module}{}{rest}",
            first.map(String::from).unwrap_or_default()
        )
    }
}

/// Every method of the face.
pub fn operations() -> Vec<Operation> {
    let all = [
        records::operations(),
        certificates::operations(),
        bulk::operations(),
        forms::operations(),
        codes::operations(),
        uploads::operations(),
        webhooks::operations(),
    ];
    all.into_iter().flatten().collect()
}

/// The method with this name: `record/getRecord`.
pub fn operation(name: &str) -> Option<Operation> {
    let mut operations = operations().into_iter();
    operations.find(|operation| operation.name == name)
}
