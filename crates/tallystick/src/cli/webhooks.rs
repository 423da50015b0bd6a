//! Webhooks: endpoints and deliveries, and a follower that passes events on to a program under development.

use super::recur::{CallError, Remote, Server, given, print_answer, rows, shown};
use super::{or_none, print};
use anyhow::{Context, Result, ensure};
use billing::WEBHOOKS;
use billing::model::EventKind;
use http::{Method, StatusCode, header};
use kernel::{Clock, Rng, Secret, SystemClock};
use serde_json::{Value, json};
use std::time::Duration;
use webhooks::{Event, sign};

/// How long a program may take to answer an event.
const PROGRAM_TIMEOUT: Duration = Duration::from_secs(20);
/// How long the server is given between attempts to reach it again, at most.
const LONGEST_BREAK: Duration = Duration::from_secs(30);

#[derive(clap::Subcommand)]
pub enum Webhooks {
    /// List endpoints
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        remote: Remote,
    },
    /// Have events sent to an address; the secret that signs them is shown this once
    Add {
        /// https and public, unless the operator allows otherwise
        address: String,
        /// Which events: invoice.paid,subscription.renewed [default: all]
        #[arg(long, value_delimiter = ',', value_parser = event_kind)]
        events: Vec<String>,
        /// Write names of states in capitals, as the API answers them
        #[arg(long)]
        upper_case: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        remote: Remote,
    },
    /// List the deliveries to an endpoint, the newest first
    Deliveries {
        /// The endpoint's id (tallystick webhooks list)
        endpoint: String,
        /// Only pending, succeeded or failed ones
        #[arg(long)]
        status: Option<String>,
        /// How many
        #[arg(long, default_value_t = 20)]
        limit: usize,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        remote: Remote,
    },
    /// Send a delivery again, now
    Resend {
        /// The delivery's id (tallystick webhooks deliveries)
        delivery: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        remote: Remote,
    },
    /// Send an event that did not happen to an endpoint
    Test {
        /// The endpoint's id (tallystick webhooks list)
        endpoint: String,
        /// Which event to pretend [default: checkout.completed]
        #[arg(long = "type", value_name = "EVENT", value_parser = event_kind)]
        kind: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        remote: Remote,
    },
    /// Pass events on to a program on this machine as they happen, signed as webhooks are
    ///
    /// tallystick webhooks listen --forward-to http://localhost:3000/webhooks. It needs no endpoint and no public address. What the program
    /// refuses is not sent again. Ctrl-C ends it.
    Listen(Listen),
}

#[derive(clap::Args)]
pub struct Listen {
    /// Where the program listens
    #[arg(long, value_name = "ADDRESS")]
    forward_to: String,
    /// Which events: invoice.paid,subscription.renewed [default: all]
    #[arg(long, value_delimiter = ',', value_parser = event_kind)]
    events: Vec<String>,
    /// The secret that signs [default: a new one, shown at the start]
    #[arg(
        long,
        env = "TALLYSTICK_WEBHOOK_SECRET",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    secret: Option<String>,
    #[command(flatten)]
    remote: Remote,
}

fn event_kind(text: &str) -> Result<String, String> {
    match EventKind::of(text) {
        Some(kind) => Ok(kind.name().to_owned()),
        None => Err(format!(
            "there is no such event; there are {}",
            EventKind::NAMES.join(", ")
        )),
    }
}

impl Webhooks {
    pub async fn run(self) -> Result<()> {
        match self {
            Self::List { json, remote } => {
                let answer = remote.connect()?.get("/v1/webhook-endpoints", &[]).await?;
                print_answer(&answer["data"], json, |endpoints| {
                    let lines = endpoints
                        .as_array()
                        .into_iter()
                        .flatten()
                        .map(endpoint_line);
                    or_none(
                        lines.collect(),
                        "no endpoints: tallystick webhooks add ADDRESS",
                    )
                })
            }
            Self::Add {
                address,
                events,
                upper_case,
                json,
                remote,
            } => {
                let events = if events.is_empty() {
                    Value::Null
                } else {
                    json!(events)
                };
                let body = given([
                    ("url", json!(address)),
                    ("events", events),
                    ("upper_case", json!(upper_case)),
                ]);
                let made = remote
                    .connect()?
                    .call(Method::POST, "/v1/webhook-endpoints", &body)
                    .await?;
                print_answer(&made, json, |made| {
                    format!(
                        "{}secret, not shown again:\n{}",
                        endpoint_line(made),
                        shown(&made["secret"])
                    )
                })
            }
            Self::Deliveries {
                endpoint,
                status,
                limit,
                json,
                remote,
            } => {
                let query: Vec<(&str, &str)> = status
                    .iter()
                    .map(|status| ("status", status.as_str()))
                    .collect();
                let path = format!("/v1/webhook-endpoints/{endpoint}/deliveries");
                let found = rows(&remote.connect()?, &path, &query, limit).await?;
                print_answer(&found.into(), json, |found| {
                    let lines = found.as_array().into_iter().flatten().map(delivery_line);
                    or_none(
                        lines.collect(),
                        "no deliveries: tallystick webhooks test ENDPOINT",
                    )
                })
            }
            Self::Resend {
                delivery,
                json,
                remote,
            } => {
                let path = format!("/v1/webhook-deliveries/{delivery}/resend");
                let sent = remote
                    .connect()?
                    .call(Method::POST, &path, &json!({}))
                    .await?;
                print_answer(&sent, json, delivery_line)
            }
            Self::Test {
                endpoint,
                kind,
                json,
                remote,
            } => {
                let path = format!("/v1/webhook-endpoints/{endpoint}/test");
                let body = given([("type", json!(kind))]);
                let sent = remote.connect()?.call(Method::POST, &path, &body).await?;
                print_answer(&sent, json, |sent| {
                    format!(
                        "{}What came of it: tallystick webhooks deliveries {endpoint}",
                        delivery_line(sent)
                    )
                })
            }
            Self::Listen(listen) => listen.run().await,
        }
    }
}

fn endpoint_line(endpoint: &Value) -> String {
    let state = match endpoint["disabled_reason"].as_str() {
        None => "enabled",
        Some("failing") => "disabled, failing",
        Some(_) => "disabled",
    };
    let events: Vec<String> = endpoint["events"]
        .as_array()
        .into_iter()
        .flatten()
        .map(shown)
        .collect();
    format!(
        "{}  {state}  {}  {}\n",
        shown(&endpoint["id"]),
        shown(&endpoint["url"]),
        events.join(",")
    )
}

fn delivery_line(delivery: &Value) -> String {
    let outcome = match delivery["error"].as_str() {
        Some(error) => error.to_owned(),
        None => shown(&delivery["response_status"]),
    };
    format!(
        "{}  {}  {:<9}  {} attempts  {}  {outcome}\n",
        shown(&delivery["id"]),
        shown(&delivery["created_at"]),
        shown(&delivery["status"]),
        shown(&delivery["attempt_count"]),
        shown(&delivery["event_type"])
    )
}

impl Listen {
    async fn run(self) -> Result<()> {
        let program = reqwest::Url::parse(&self.forward_to).ok();
        let program = program
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .with_context(|| {
                format!(
                    "`{}` is not an address such as http://localhost:3000/webhooks",
                    self.forward_to
                )
            })?;
        let server = self.remote.connect()?;
        let secret = self.secret.unwrap_or_else(new_secret);
        ensure!(secret.starts_with("whsec_"), "a secret begins with whsec_");
        let newest = server.get("/v1/events", &[("limit", "1")]).await?;
        let after = newest["data"][0]["id"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        print(&format!(
            "listening to {}, passing on to {program}\nsecret {secret}\n",
            server.url()
        ))?;
        let forwarder = Forwarder {
            client: httpkit::outgoing::client(PROGRAM_TIMEOUT)?,
            program,
            secret: Secret::new(secret),
            events: self.events,
        };
        tokio::select! {
            stopped = follow(&server, after, &forwarder) => stopped,
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                print("stopped")
            }
        }
    }
}

fn new_secret() -> String {
    let random = httpkit::idempotency::hex(&Rng::from_system().bytes::<16>());
    format!("whsec_{random}")
}

/// Passes on what happens after an event, until the key is refused.
async fn follow(server: &Server, mut after: String, forwarder: &Forwarder) -> Result<()> {
    let mut pause = Duration::from_secs(1);
    loop {
        let query = [("after", after.as_str()), ("wait", "20"), ("limit", "100")];
        let page = match server.get("/v1/events", &query).await {
            Ok(page) => page,
            Err(error) if is_passing(&error) => {
                print(&format!("{error}\ntrying again in {} s", pause.as_secs()))?;
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_BREAK);
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        pause = Duration::from_secs(1);
        for event in page["data"].as_array().into_iter().flatten() {
            let event = read(event)
                .context("the server tells of an event that cannot be read: is --url right?")?;
            forwarder.pass_on(&event).await?;
            after = event.id;
        }
    }
}

fn is_passing(error: &CallError) -> bool {
    match error {
        CallError::Unreachable(_) => true,
        CallError::Refused { status, .. } => {
            status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS
        }
    }
}

/// An event as the API shows it.
fn read(event: &Value) -> Option<Event> {
    let text = |name: &str| event[name].as_str().map(str::to_owned);
    let occurred_at = event["timestamp"].as_str()?.parse().ok()?;
    Some(Event {
        id: text("id")?,
        owner: String::new(),
        seq: 0,
        kind: text("type")?,
        object_id: text("object_id")?,
        data: event["data"].clone(),
        occurred_at,
        created_at: occurred_at,
    })
}

struct Forwarder {
    client: reqwest::Client,
    program: reqwest::Url,
    secret: Secret<String>,
    /// Only those; all if there are none.
    events: Vec<String>,
}

impl Forwarder {
    async fn pass_on(&self, event: &Event) -> Result<()> {
        if !self.events.is_empty() && !self.events.contains(&event.kind) {
            return Ok(());
        }
        let body = (WEBHOOKS.body)(event, "");
        let name = |name: &str| format!("{}{name}", WEBHOOKS.header_prefix);
        let sent = self
            .client
            .post(self.program.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header(name("Signature"), sign(&self.secret, body.as_bytes()))
            .header(name("Event-Id"), &event.id)
            .header(name("Event-Type"), &event.kind)
            .header(name("Timestamp"), SystemClock.now().micros() / 1000)
            .body(body)
            .send()
            .await;
        let answer = match sent {
            Ok(answer) => answer.status().to_string(),
            Err(error) if error.is_timeout() => "no answer in time".into(),
            Err(error) if error.is_connect() => "nothing listens there".into(),
            Err(_) => "no answer".into(),
        };
        print(&format!(
            "{}  {:<40} {}  {}  -> {answer}",
            event.occurred_at.utc_millis(),
            event.kind,
            event.object_id,
            event.id
        ))
    }
}
