//! The table of operations.

mod keeping;
mod selling;

use super::refusals;
use super::schema::{Named, one_of, said, text, within};
use super::schemas;
use catalogue::RecurError;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Which key an operation needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// A secret key.
    SecretKey,
    /// A secret or a publishable key.
    AnyKey,
    /// None: what it names cannot be guessed.
    None,
}

/// One operation of the face.
#[derive(Clone, Debug)]
pub struct Operation {
    /// `GET`, `POST`, `PATCH`, `PUT` or `DELETE`.
    pub method: &'static str,
    /// The whole path, with its parameters in braces.
    pub path: &'static str,
    pub(super) id: &'static str,
    pub(super) tag: &'static str,
    pub(super) summary: &'static str,
    pub(super) description: &'static str,
    pub(super) auth: Auth,
    pub(super) query: Vec<Named>,
    /// The schema of the body.
    pub(super) body: Option<&'static str>,
    pub(super) idempotent: bool,
    /// The status and the schema of the answer.
    pub(super) answer: (u16, &'static str),
    /// What it can be refused with beyond what its key, body, query and idempotency key can be.
    pub(super) refusals: Vec<RecurError>,
    /// The same under another method, and its operation id.
    also: Option<(&'static str, &'static str)>,
}

impl Operation {
    fn new(method: &'static str, path: &'static str, id: &'static str, tag: &'static str) -> Self {
        Self {
            method,
            path,
            id,
            tag,
            summary: "",
            description: "",
            auth: Auth::SecretKey,
            query: Vec::new(),
            body: None,
            idempotent: false,
            answer: (200, ""),
            refusals: Vec::new(),
            also: None,
        }
    }

    fn get(path: &'static str, id: &'static str, tag: &'static str) -> Self {
        Self::new("GET", path, id, tag)
    }

    /// With a body, repeatable under an `Idempotency-Key`.
    fn post(path: &'static str, id: &'static str, tag: &'static str, body: &'static str) -> Self {
        let mut operation = Self::new("POST", path, id, tag);
        operation.body = Some(body);
        operation.idempotent = true;
        operation
    }

    /// A change, under `PATCH` and `POST`.
    fn patch(
        path: &'static str,
        [id, by_post]: [&'static str; 2],
        tag: &'static str,
        body: &'static str,
    ) -> Self {
        let mut operation = Self::new("PATCH", path, id, tag);
        operation.body = Some(body);
        operation.also = Some(("POST", by_post));
        operation
    }

    fn delete(path: &'static str, id: &'static str, tag: &'static str) -> Self {
        Self::new("DELETE", path, id, tag)
    }

    fn about(mut self, summary: &'static str, description: &'static str) -> Self {
        (self.summary, self.description) = (summary, description);
        self
    }

    fn with(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    fn query(mut self, query: Vec<Named>) -> Self {
        self.query.extend(query);
        self
    }

    /// `limit` and `starting_after`.
    fn paged(self) -> Self {
        self.query(vec![
            ("limit", said("How many. Default: 10.", within(1, 100, 10))),
            (
                "starting_after",
                said(
                    "The `next_cursor` of the page before.",
                    text(schemas::CUSTOMER),
                ),
            ),
        ])
    }

    /// Not repeatable under an `Idempotency-Key`.
    fn plain(mut self) -> Self {
        self.idempotent = false;
        self
    }

    fn answers(mut self, schema: &'static str) -> Self {
        self.answer = (200, schema);
        self
    }

    fn creates(mut self, schema: &'static str) -> Self {
        self.answer = (201, schema);
        self
    }

    fn refused(mut self, refusals: impl IntoIterator<Item = RecurError>) -> Self {
        self.refusals.extend(refusals);
        self
    }

    /// The codes that it can answer.
    pub fn codes(&self) -> BTreeSet<String> {
        self.codes_with(&schemas::schemas())
    }

    pub(super) fn codes_with(&self, schemas: &Map<String, Value>) -> BTreeSet<String> {
        let samples = refusals::of(self, schemas);
        samples
            .iter()
            .map(|sample| sample.code().to_owned())
            .collect()
    }

    /// The names in braces.
    pub(super) fn path_parameters(&self) -> impl Iterator<Item = &'static str> {
        self.path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }

    fn is_for(&self, method: &str, path: &str) -> bool {
        let segments = |path| str::split(path, '/');
        let fits = |(template, segment): (&str, &str)| {
            template == segment || (template.starts_with('{') && !segment.is_empty())
        };
        self.method.eq_ignore_ascii_case(method)
            && segments(self.path).count() == segments(path).count()
            && segments(self.path).zip(segments(path)).all(fits)
    }

    fn and_alias(self) -> impl Iterator<Item = Self> {
        let alias = self.also.map(|(method, id)| Self {
            method,
            id,
            also: None,
            ..self.clone()
        });
        [self].into_iter().chain(alias)
    }
}

/// Every operation of the face.
pub fn operations() -> Vec<Operation> {
    let all = [selling::operations(), keeping::operations()];
    all.into_iter()
        .flatten()
        .flat_map(Operation::and_alias)
        .collect()
}

/// Whether the document lists `code` for the operation that answers `method` and `path`: a template or a real path, under
/// either prefix, with or without a query.
pub fn lists(method: &str, path: &str, code: &str) -> bool {
    operation(method, path).is_some_and(|operation| operation.codes().contains(code))
}

/// The operation that answers `method` and `path`; names come before what stands in braces.
pub fn operation(method: &str, path: &str) -> Option<Operation> {
    let path = path.split('?').next().unwrap_or_default();
    let path = path.strip_prefix("/api").unwrap_or(path);
    let fitting = operations()
        .into_iter()
        .filter(|operation| operation.is_for(method, path));
    fitting.min_by_key(|operation| operation.path_parameters().count())
}

/// The tags, in the order of the document.
pub const TAGS: &[(&str, &str)] = &[
    (
        CHECKOUT,
        "Selling: on the hosted page, on your own page, by link.",
    ),
    (PRODUCT, "What is sold."),
    (SUBSCRIPTION, "What customers have subscribed to."),
    (CUSTOMER, "Who buys, what they may use, their credits."),
    (
        PORTAL,
        "Where customers look after their subscriptions themselves.",
    ),
    (PAYMENT, "Orders, invoices, charges and refunds."),
    (PROMOTION, "Coupons, promotion codes and payment links."),
    (WEBHOOK, "What happened, and who is told."),
    (ACCOUNT, "Keys, settings, and the sandbox's clock."),
];

const CHECKOUT: &str = "checkout";
const PRODUCT: &str = "product";
const SUBSCRIPTION: &str = "subscription";
const CUSTOMER: &str = "customer";
const PORTAL: &str = "portal";
const PAYMENT: &str = "payment";
const PROMOTION: &str = "promotion";
const WEBHOOK: &str = "webhook";
const ACCOUNT: &str = "account";

/// A filter by one of some names.
fn choice(description: &str, names: &[&str]) -> Value {
    said(
        description,
        one_of(names, names.first().copied().unwrap_or_default()),
    )
}
