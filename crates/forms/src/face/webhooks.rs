//! Methods of `webhooks`: who is told what happens. Endpoints are told of everything in an organization, so a key that sees
//! some projects only finds none of this.

use super::{Caller, Data, Method, check_version, data, reads, times, writes};
use crate::events::owner;
use crate::face::params::Params;
use crate::model::EventKind;
use crate::{Error, Forms, Result, Scope};
use catalogue::openapi_v2::{Problem, Resource};
use kernel::Id;
use serde::Serialize;
use webhooks::{
    Attempt, Delivery, DeliveryId, DeliveryPage, DeliveryStatus, Endpoint, EndpointChange,
    EndpointId, Kinds, MOST_ENDPOINTS, NewEndpoint, UrlRefusal,
};

pub(super) const METHODS: &[Method] = &[
    writes!("webhooks/create", create),
    reads!("webhooks/getList", get_list),
    writes!("webhooks/update", update),
    writes!("webhooks/delete", delete),
    reads!("webhooks/getDeliveries", get_deliveries),
    writes!("webhooks/resend", resend),
];

/// Most characters of an address.
const LONGEST_URL: i64 = 2048;
/// Characters of an id.
const ID: i64 = 36;
/// Most deliveries on a page.
const LARGEST_PAGE: i64 = 50;

#[derive(Serialize)]
struct EndpointJson {
    endpoint_id: EndpointId,
    url: String,
    events: Vec<String>,
    enabled: bool,
    /// `owner` or `failing`.
    disabled_reason: Option<&'static str>,
    /// When the first of the attempts failed that have all failed since.
    failing_since: Option<i64>,
    failing_since_iso: Option<String>,
    created_at: i64,
    created_at_iso: String,
    updated_at: i64,
    updated_at_iso: String,
}

#[derive(Serialize)]
struct One {
    endpoint: EndpointJson,
    /// What bodies are signed with: shown when it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

#[derive(Serialize)]
struct Many {
    list: Vec<EndpointJson>,
}

#[derive(Serialize)]
struct DeliveryJson {
    delivery_id: DeliveryId,
    endpoint_id: EndpointId,
    event_id: String,
    event: String,
    record_id: Option<i64>,
    status: &'static str,
    attempts: i64,
    response_status: Option<i64>,
    error: Option<String>,
    created_at: i64,
    created_at_iso: String,
    next_attempt_at: Option<i64>,
    next_attempt_at_iso: Option<String>,
    completed_at: Option<i64>,
    completed_at_iso: Option<String>,
}

#[derive(Serialize)]
struct Deliveries {
    list: Vec<DeliveryJson>,
    page_size: i64,
    has_more: bool,
    next_page_token: Option<DeliveryId>,
}

#[derive(Serialize)]
struct AttemptJson {
    attempt: i64,
    response_status: Option<i64>,
    /// The start of it.
    response_body: Option<String>,
    error: Option<String>,
    duration_ms: u64,
    attempted_at: i64,
    attempted_at_iso: String,
}

/// A delivery with what is known of it.
#[derive(Serialize)]
struct Resent {
    delivery: DeliveryJson,
    attempts: Vec<AttemptJson>,
    request_body: String,
}

impl From<Endpoint> for EndpointJson {
    fn from(endpoint: Endpoint) -> Self {
        let (created_at, created_at_iso) = times::both(endpoint.created_at);
        let (updated_at, updated_at_iso) = times::both(endpoint.updated_at);
        let (failing_since, failing_since_iso) = times::maybe(endpoint.failing_since);
        let all = || EventKind::NAMES.iter().map(|name| (*name).to_owned());
        Self {
            endpoint_id: endpoint.id,
            url: endpoint.url,
            events: match endpoint.events {
                Kinds::All => all().collect(),
                Kinds::Only(kinds) => kinds,
            },
            enabled: endpoint.disabled.is_none(),
            disabled_reason: endpoint.disabled.map(webhooks::DisabledReason::name),
            failing_since,
            failing_since_iso,
            created_at,
            created_at_iso,
            updated_at,
            updated_at_iso,
        }
    }
}

impl From<Delivery> for DeliveryJson {
    fn from(delivery: Delivery) -> Self {
        let (created_at, created_at_iso) = times::both(delivery.created_at);
        let (next_attempt_at, next_attempt_at_iso) = times::maybe(delivery.next_attempt_at);
        let (completed_at, completed_at_iso) = times::maybe(delivery.completed_at);
        Self {
            delivery_id: delivery.id,
            endpoint_id: delivery.endpoint,
            event_id: delivery.event_id,
            event: delivery.kind,
            record_id: delivery.object_id.parse().ok(),
            status: delivery.status.name(),
            attempts: delivery.attempts,
            response_status: delivery.last_status,
            error: delivery.last_error,
            created_at,
            created_at_iso,
            next_attempt_at,
            next_attempt_at_iso,
            completed_at,
            completed_at_iso,
        }
    }
}

impl From<Attempt> for AttemptJson {
    fn from(attempt: Attempt) -> Self {
        let (attempted_at, attempted_at_iso) = times::both(attempt.attempted_at);
        Self {
            attempt: attempt.attempt,
            response_status: attempt.status,
            response_body: attempt.response,
            error: attempt.error,
            duration_ms: u64::try_from(attempt.duration.as_millis()).unwrap_or(u64::MAX),
            attempted_at,
            attempted_at_iso,
        }
    }
}

/// The organization, as the webhooks know it, for a key that sees all of it.
fn owner_of(scope: &Scope) -> Result<String> {
    match scope.project_ids {
        None => Ok(owner(scope.org_id)),
        Some(_) => Err(Resource::WholeOrganization.into()),
    }
}

/// What a refusal of the webhooks means for a request about `what`.
fn refused(what: Resource) -> impl Fn(webhooks::Error) -> Error {
    move |error| match error {
        webhooks::Error::NotFound => what.into(),
        webhooks::Error::Disabled => {
            let state = "disabled".into();
            Error::at("delivery_id", Problem::WrongState { state })
        }
        webhooks::Error::Url(refusal) => Error::at("url", wrong(refusal)),
        webhooks::Error::TooManyEndpoints => {
            let max = i64::try_from(MOST_ENDPOINTS).unwrap_or(i64::MAX);
            Error::at("endpoints", Problem::TooMany { max })
        }
        webhooks::Error::Store(error) => error.into(),
    }
}

/// What is wrong with an address.
const fn wrong(refusal: UrlRefusal) -> Problem {
    match refusal {
        UrlRefusal::Malformed => Problem::Malformed,
        UrlRefusal::TooLong => Problem::Length {
            min: 1,
            max: LONGEST_URL,
        },
        _ => Problem::UnsafeUrl,
    }
}

/// Ends the reading: what is wrong with parameters is told before a wrong version.
fn finish(params: Params) -> Result<()> {
    let version = check_version(&params);
    params.finish()?;
    version
}

/// Notes what is wrong with an address.
fn check(forms: &Forms, params: &mut Params, url: &str) {
    if let Err(webhooks::Error::Url(refusal)) = forms.webhooks().check_url(url) {
        params.issue("url", wrong(refusal));
    }
}

/// `events`: a list of their names. An empty one stands for all, those to come included.
fn events(params: &mut Params) -> Option<Kinds> {
    let names = params.texts("events", EventKind::ALL.len(), 64)?;
    for (index, name) in names.iter().enumerate() {
        if !name.is_empty() && EventKind::of(name).is_none() {
            let allowed = EventKind::NAMES.to_vec();
            params.issue(&format!("events[{index}]"), Problem::NotOneOf { allowed });
        }
    }
    Some(if names.is_empty() {
        Kinds::All
    } else {
        Kinds::Only(names)
    })
}

/// An id that need not be there.
fn id<T>(params: &mut Params, name: &str) -> Option<Id<T>> {
    let text = params.text(name, ID).filter(|text| !text.is_empty())?;
    let id = text.parse().ok();
    if id.is_none() {
        params.issue(name, Problem::Malformed);
    }
    id
}

/// An id that must be there; nobody's when it is not, which [`finish`] tells.
fn required_id<T>(params: &mut Params, name: &str) -> Id<T> {
    let text = params.required_text(name, ID);
    let id = text.parse();
    if id.is_err() && !text.is_empty() {
        params.issue(name, Problem::Malformed);
    }
    id.unwrap_or_else(|_| Id::from_u128(0))
}

async fn create(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let url = params.required_text("url", LONGEST_URL);
    if !url.is_empty() {
        check(&forms, &mut params, &url);
    }
    let events = events(&mut params).unwrap_or(Kinds::All);
    finish(params)?;
    let new = NewEndpoint {
        url,
        events,
        options: String::new(),
    };
    let owner = owner_of(&caller.scope)?;
    let made = forms.webhooks().create_endpoint(&owner, new).await;
    let (endpoint, secret) = made.map_err(refused(Resource::WebhookEndpoint))?;
    data(&One {
        endpoint: endpoint.into(),
        secret: Some(secret.expose().clone()),
    })
}

async fn get_list(forms: Forms, caller: Caller, params: Params) -> Result<Data> {
    finish(params)?;
    let owner = owner_of(&caller.scope)?;
    let endpoints = forms.webhooks().endpoints(&owner).await;
    let endpoints = endpoints.map_err(refused(Resource::WebhookEndpoint))?;
    data(&Many {
        list: endpoints.into_iter().map(EndpointJson::from).collect(),
    })
}

async fn update(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let endpoint_id = required_id(&mut params, "endpoint_id");
    let url = params
        .has("url")
        .then(|| params.required_text("url", LONGEST_URL));
    if let Some(url) = url.as_ref().filter(|url| !url.is_empty()) {
        check(&forms, &mut params, url);
    }
    let change = EndpointChange {
        url,
        events: events(&mut params),
        options: None,
        enabled: params.flag("enabled"),
    };
    finish(params)?;
    let owner = owner_of(&caller.scope)?;
    let hooks = forms.webhooks();
    let changed = hooks.update_endpoint(&owner, endpoint_id, change).await;
    let endpoint = changed.map_err(refused(Resource::WebhookEndpoint))?;
    data(&One {
        endpoint: endpoint.into(),
        secret: None,
    })
}

async fn delete(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let endpoint_id = required_id(&mut params, "endpoint_id");
    finish(params)?;
    let owner = owner_of(&caller.scope)?;
    let deleted = forms.webhooks().delete_endpoint(&owner, endpoint_id).await;
    deleted.map_err(refused(Resource::WebhookEndpoint))?;
    data(&serde_json::json!({}))
}

async fn get_deliveries(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let endpoint_id = required_id(&mut params, "endpoint_id");
    let status = params.one_of("status", DeliveryStatus::NAMES);
    let page_size = params.integer("page_size", 1, LARGEST_PAGE).unwrap_or(10);
    let before: Option<DeliveryId> = id(&mut params, "page_token");
    finish(params)?;
    let (owner, hooks) = (owner_of(&caller.scope)?, forms.webhooks());
    let refused = refused(Resource::WebhookEndpoint);
    let endpoint = hooks.endpoint(&owner, endpoint_id).await;
    endpoint.map_err(&refused)?;
    let page = DeliveryPage {
        status: status.and_then(DeliveryStatus::of),
        before,
        limit: page_size + 1,
    };
    let found = hooks.deliveries(&owner, endpoint_id, page).await;
    let mut found = found.map_err(|error| match error {
        webhooks::Error::NotFound => Error::at("page_token", Problem::Unknown),
        other => refused(other),
    })?;
    let size = usize::try_from(page_size).unwrap_or(usize::MAX);
    let has_more = found.len() > size;
    found.truncate(size);
    let last = found.last().filter(|_| has_more);
    data(&Deliveries {
        next_page_token: last.map(|last| last.id),
        page_size,
        has_more,
        list: found.into_iter().map(DeliveryJson::from).collect(),
    })
}

async fn resend(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let delivery_id = required_id(&mut params, "delivery_id");
    finish(params)?;
    let (owner, hooks) = (owner_of(&caller.scope)?, forms.webhooks());
    let refused = refused(Resource::WebhookDelivery);
    let resent = hooks.resend(&owner, delivery_id).await;
    resent.map_err(&refused)?;
    let record = hooks.delivery(&owner, delivery_id).await;
    let record = record.map_err(&refused)?;
    data(&Resent {
        delivery: record.delivery.into(),
        attempts: record.attempts.into_iter().map(AttemptJson::from).collect(),
        request_body: record.body,
    })
}
