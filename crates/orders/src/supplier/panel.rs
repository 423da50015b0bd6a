//! The protocol of wholesale panels: one address, `POST` forms with `key` and `action`, JSON answers.

use super::{
    Answer, NewOrder, PerOrder, Progress, Refusal, Service, State, Supplier, SupplierError,
};
use crate::model::{DelayMinutes, ProductType};
use catalogue::platform::OrderRefusal;
use kernel::Secret;
use serde_json::Value;
use std::time::Duration;

/// Answers larger than this are not read: 100 orders take a few kilobytes, a list of services a few hundred.
const LARGEST_ANSWER: usize = 8 * 1024 * 1024;

/// How to reach a panel.
#[derive(Clone, Debug)]
pub struct PanelConfig {
    /// Its address, `https://…/api/v2`.
    pub url: String,
    /// Our key there.
    pub key: Secret<String>,
    /// How long an answer may take.
    pub timeout: Duration,
    /// The form field under which the panel takes our reference, if it recognizes references.
    pub reference_field: Option<String>,
}

/// A connector to a panel.
pub struct Panel {
    config: PanelConfig,
    client: reqwest::Client,
}

type Form<'a> = Vec<(&'a str, String)>;

impl Panel {
    /// A connector. It connects when it is first used.
    pub fn new(config: PanelConfig) -> Result<Self, reqwest::Error> {
        let client = httpkit::outgoing::client(config.timeout)?;
        Ok(Self { config, client })
    }

    async fn call(&self, action: &str, mut form: Form<'_>) -> Result<Value, SupplierError> {
        form.push(("key", self.config.key.expose().clone()));
        form.push(("action", action.to_owned()));
        let sent = self.client.post(&self.config.url).form(&form).send().await;
        let mut response = sent.map_err(|error| {
            let why = without_url(error);
            if why.is_connect() {
                SupplierError::NotReached(why.to_string())
            } else {
                SupplierError::Unknown(why.to_string())
            }
        })?;
        if !response.status().is_success() {
            return Err(SupplierError::Unknown(format!(
                "HTTP {}",
                response.status()
            )));
        }
        let mut body = Vec::new();
        loop {
            let chunk = response.chunk().await;
            let Some(chunk) =
                chunk.map_err(|e| SupplierError::Unknown(without_url(e).to_string()))?
            else {
                break;
            };
            if body.len() + chunk.len() > LARGEST_ANSWER {
                return Err(SupplierError::Unknown("the answer is too large".into()));
            }
            body.extend_from_slice(&chunk);
        }
        let answer: Value = serde_json::from_slice(&body)
            .map_err(|_| SupplierError::Unknown("the answer is not JSON".into()))?;
        match error_of(&answer) {
            // An order that has a number was taken, whatever else is said of it.
            Some(error) if answer.get("order").is_none() => {
                Err(SupplierError::Refused(refusal(error)))
            }
            _ => Ok(answer),
        }
    }
}

impl Supplier for Panel {
    fn add<'a>(&'a self, order: &'a NewOrder, reference: &'a str) -> Answer<'a, String> {
        Box::pin(async move {
            let mut form = order_form(order);
            if let Some(field) = &self.config.reference_field {
                form.push((field, reference.to_owned()));
            }
            let answer = self.call("add", form).await?;
            number(answer.get("order"))
                .ok_or_else(|| SupplierError::Unknown("the answer has no order number".into()))
        })
    }

    fn status<'a>(&'a self, orders: &'a [String]) -> Answer<'a, PerOrder<Progress>> {
        Box::pin(async move {
            let answer = self
                .call("status", vec![("orders", orders.join(","))])
                .await?;
            Ok(orders
                .iter()
                .map(|order| (order.clone(), progress(answer.get(order))))
                .collect())
        })
    }

    fn refill<'a>(&'a self, orders: &'a [String]) -> Answer<'a, PerOrder<String>> {
        Box::pin(async move {
            let answer = self
                .call("refill", vec![("orders", orders.join(","))])
                .await?;
            each(&answer, orders, "refill", number)
        })
    }

    fn cancel<'a>(&'a self, orders: &'a [String]) -> Answer<'a, PerOrder<()>> {
        Box::pin(async move {
            let answer = self
                .call("cancel", vec![("orders", orders.join(","))])
                .await?;
            each(&answer, orders, "cancel", |done| number(done).map(drop))
        })
    }

    fn services(&self) -> Answer<'_, Vec<Service>> {
        Box::pin(async move {
            let answer = self.call("services", Vec::new()).await?;
            let list = answer.as_array();
            let list = list.ok_or_else(|| SupplierError::Unknown("services is no list".into()))?;
            Ok(list.iter().filter_map(service).collect())
        })
    }

    fn recognizes_references(&self, _: &str) -> bool {
        self.config.reference_field.is_some()
    }
}

/// The address has no place in logs: some panels take their key in it.
fn without_url(error: reqwest::Error) -> reqwest::Error {
    error.without_url()
}

fn order_form(order: &NewOrder) -> Form<'_> {
    let s = &order.specification;
    let mut form: Form<'_> = vec![("service", order.service.clone())];
    let mut text = |name, value: Option<&str>| {
        if let Some(value) = value {
            form.push((name, value.to_owned()));
        }
    };
    match order.product_type {
        ProductType::Ch1Default | ProductType::Ch2Default => {
            text("link", s.link.as_deref().or(s.username.as_deref()));
        }
        ProductType::Ch2CommentLikes => {
            text("link", s.link.as_deref());
            text("username", s.username.as_deref());
        }
        ProductType::Ch2CustomComments => {
            text("link", s.link.as_deref());
            text("comments", s.comments.as_deref());
        }
        ProductType::Ch2Subscriptions => {
            text("username", s.username.as_deref());
            // Panels require it.
            let delay = s.delay_minutes.unwrap_or(DelayMinutes::Min0);
            text("delay", Some(delay.minutes()));
            let expiry = s.expiry_date.map(|at| {
                let day = at.day().to_string();
                format!("{}/{}/{}", &day[6..8], &day[4..6], &day[..4])
            });
            text("expiry", expiry.as_deref());
        }
    }
    // To panels, no number of posts means any number.
    let posts = match order.product_type {
        ProductType::Ch2Subscriptions => s.new_post_count.or(Some(0)),
        _ => None,
    };
    for (name, value) in [
        ("quantity", s.quantity),
        ("runs", s.runs),
        ("interval", s.interval_minutes),
        ("min", s.min_quantity),
        ("max", s.max_quantity),
        ("posts", posts),
        ("old_posts", s.old_post_count),
    ] {
        if let Some(value) = value {
            form.push((name, value.to_string()));
        }
    }
    form
}

fn refusal(error: &Value) -> Refusal {
    let text = error.as_str().unwrap_or_default();
    let new_order = |reason| Refusal::NewOrder(reason);
    match text {
        "error.incorrect_service_id"
        | "neworder.error.incorrect_service_id"
        | "Incorrect service ID" => Refusal::Service,
        "error.incorrect_order_id" | "Incorrect order ID" => Refusal::Order,
        "neworder.error.min_quantity" => Refusal::BelowMinimum,
        "neworder.error.max_quantity" => Refusal::AboveMaximum,
        "neworder.error.not_enough_funds" | "Not enough funds on balance" => Refusal::OutOfFunds,
        "Invalid API key" => Refusal::Key,
        "neworder.error.link" => new_order(OrderRefusal::LinkRefused),
        "neworder.error.link_duplicate" => new_order(OrderRefusal::LinkDuplicate),
        "neworder.error.comment" => new_order(OrderRefusal::CommentRefused),
        _ if text.starts_with("neworder.error.") => new_order(OrderRefusal::SupplierRefused),
        _ => Refusal::Other(text.chars().take(200).collect()),
    }
}

/// Some panels send `"error": null` with what went well.
fn error_of(answer: &Value) -> Option<&Value> {
    answer.get("error").filter(|error| match error {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        _ => true,
    })
}

/// A number by which the supplier knows something: a JSON integer, or a short plain text.
fn number(value: Option<&Value>) -> Option<String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    match value? {
        Value::Number(number) => number.as_u64().map(|n| n.to_string()),
        Value::String(text) if (1..=64).contains(&text.len()) && text.bytes().all(plain) => {
            Some(text.clone())
        }
        _ => None,
    }
}

/// A decimal as text: prices come as JSON numbers or as text.
fn decimal(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) if (1..=32).contains(&text.len()) => Some(text.clone()),
        _ => None,
    }
}

/// A whole number, also when it is written `50.00`.
fn integer(value: Option<&Value>) -> Option<i64> {
    let text = decimal(value)?;
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let is_whole = fraction.bytes().all(|b| b == b'0');
    whole.parse().ok().filter(|_| is_whole)
}

fn progress(entry: Option<&Value>) -> Result<Progress, SupplierError> {
    let entry = entry.ok_or_else(|| SupplierError::Unknown("the order was left out".into()))?;
    if let Some(error) = error_of(entry) {
        return Err(SupplierError::Refused(refusal(error)));
    }
    let status = entry.get("status").and_then(Value::as_str);
    let state = match status.unwrap_or_default().to_ascii_lowercase().as_str() {
        "pending" | "awaiting" => State::Pending,
        "processing" => State::Processing,
        "in progress" | "inprogress" | "active" | "paused" => State::InProgress,
        "completed" | "expired" => State::Completed,
        "partial" => State::Partial,
        "canceled" | "cancelled" | "refunded" | "fail" | "failed" | "error" => State::Canceled,
        _ => return Err(SupplierError::Unknown(format!("the status is {status:?}"))),
    };
    let remains = integer(entry.get("remains"));
    if state == State::Partial && remains.is_none() {
        return Err(SupplierError::Unknown(
            "partly delivered, but not how far".into(),
        ));
    }
    Ok(Progress {
        state,
        start_count: integer(entry.get("start_count")),
        remains,
    })
}

/// Reads `[{"order": 1, "<what>": value or {"error": …}}]`.
fn each<T>(
    answer: &Value,
    orders: &[String],
    what: &str,
    read: impl Fn(Option<&Value>) -> Option<T>,
) -> Result<PerOrder<T>, SupplierError> {
    let list = answer
        .as_array()
        .ok_or_else(|| SupplierError::Unknown(format!("{what} answered no list")))?;
    Ok(orders
        .iter()
        .map(|order| {
            let entry = list
                .iter()
                .find(|e| number(e.get("order")).as_ref() == Some(order));
            let value = entry.and_then(|e| e.get(what));
            let result = match value.and_then(error_of) {
                Some(error) => Err(SupplierError::Refused(refusal(error))),
                None => read(value)
                    .ok_or_else(|| SupplierError::Unknown("the order was left out".into())),
            };
            (order.clone(), result)
        })
        .collect())
}

fn service(entry: &Value) -> Option<Service> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str).map(str::to_owned);
    let flag = |name: &str| match entry.get(name) {
        Some(Value::Bool(flag)) => *flag,
        other => integer(other).is_some_and(|n| n != 0),
    };
    Some(Service {
        id: number(entry.get("service"))?,
        name: text("name")?,
        kind: text("type")?,
        category: text("category").unwrap_or_default(),
        rate: decimal(entry.get("rate"))?,
        min: integer(entry.get("min"))?.max(1),
        max: integer(entry.get("max"))?,
        drip_feed: flag("dripfeed"),
        refill: flag("refill"),
        cancel: flag("cancel"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_error_that_is_none_is_no_refusal() {
        for none in [
            json!({"error": null}),
            json!({"error": ""}),
            json!({"error": false}),
            json!({}),
        ] {
            assert_eq!(error_of(&none), None, "{none}");
        }
        assert!(error_of(&json!({"error": "Incorrect order ID"})).is_some());
        let progress = progress(Some(&json!({"status": "Completed", "error": null})));
        assert_eq!(progress.unwrap().state, State::Completed);
    }

    #[test]
    fn a_number_can_be_asked_about_later() {
        assert_eq!(number(Some(&json!(23501))), Some("23501".into()));
        assert_eq!(number(Some(&json!("a-1_B"))), Some("a-1_B".into()));
        for bad in [
            json!(23501.5),
            json!(-1),
            json!("5101,5102"),
            json!(""),
            json!(null),
            json!(1e30),
        ] {
            assert_eq!(number(Some(&bad)), None, "{bad}");
        }
    }

    /// An order is never ended on a partial delivery of unknown size: the refund depends on it.
    #[test]
    fn a_partial_delivery_needs_its_size() {
        let remains = |remains: Value| {
            progress(Some(&json!({"status": "Partial", "remains": remains}))).map(|p| p.remains)
        };
        assert_eq!(remains(json!("50")), Ok(Some(50)));
        assert_eq!(remains(json!("50.00")), Ok(Some(50)));
        assert_eq!(remains(json!(50.0)), Ok(Some(50)));
        for bad in [json!(null), json!("1,000"), json!("50.5"), json!([])] {
            assert!(matches!(remains(bad), Err(SupplierError::Unknown(_))));
        }
    }

    #[test]
    fn states_are_known_however_they_are_written() {
        let state = |status: &str| progress(Some(&json!({"status": status}))).map(|p| p.state);
        assert_eq!(state("In Progress"), Ok(State::InProgress));
        assert_eq!(state("COMPLETED"), Ok(State::Completed));
        assert_eq!(state("Refunded"), Ok(State::Canceled));
        assert!(matches!(state("Lunch"), Err(SupplierError::Unknown(_))));
    }
}
