//! Commands that call a running server's subscription billing, and the products they manage.

use super::{or_none, print};
use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use std::time::Duration;

/// A call may have to wait for a bank, and advancing a clock works for 20 seconds and more.
const PATIENCE: Duration = Duration::from_secs(150);

/// Where the server is, and who calls.
#[derive(Clone, clap::Args)]
pub struct Remote {
    /// The server
    #[arg(
        long,
        env = "TALLYSTICK_URL",
        default_value = "http://127.0.0.1:8080",
        value_name = "URL",
        help_heading = "Server"
    )]
    url: String,
    /// A secret key: sk_test_… for the sandbox, sk_live_… for production (tallystick merchants key)
    #[arg(
        long,
        env = "TALLYSTICK_KEY",
        hide_env_values = true,
        value_name = "KEY",
        help_heading = "Server"
    )]
    key: Option<String>,
}

/// Why a call was not answered with success.
#[derive(Debug)]
pub enum CallError {
    /// The server could not be reached, or its answer not be read.
    Unreachable(String),
    /// It refused.
    Refused {
        /// HTTP status.
        status: StatusCode,
        /// `error.code`.
        code: String,
        /// `error.message`, with the fields at fault.
        message: String,
    },
}

impl std::error::Error for CallError {}

impl std::fmt::Display for CallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreachable(why) => f.write_str(why),
            Self::Refused { code, message, .. } => {
                let next = match code.as_str() {
                    "unauthorized" => {
                        "give a valid secret key with --key or TALLYSTICK_KEY (tallystick merchants key)"
                    }
                    "forbidden" => "use a key that may: tallystick explain recur/forbidden",
                    "rate_limit_exceeded" => "wait a minute",
                    "internal_server_error" => "the cause is in the server's log",
                    _ => {
                        return write!(
                            f,
                            "{message} ({code})\nMore: tallystick explain recur/{code}"
                        );
                    }
                };
                write!(f, "{message} ({code})\nNext: {next}")
            }
        }
    }
}

/// A server to call.
pub struct Server {
    client: reqwest::Client,
    url: String,
    key: String,
}

impl Remote {
    /// The server, which has not been called yet.
    pub fn connect(&self) -> Result<Server> {
        let key = self
            .key
            .as_deref()
            .map(str::trim)
            .filter(|key| !key.is_empty());
        let key = key.context("which key? Give a secret key with --key or TALLYSTICK_KEY (tallystick merchants key MERCHANT)")?;
        ensure!(
            !key.starts_with("pk_"),
            "this is a publishable key; commands need a secret key (sk_…)"
        );
        Ok(Server {
            client: httpkit::outgoing::client(PATIENCE)?,
            url: super::server_url(&self.url)?,
            key: key.to_owned(),
        })
    }
}

impl Server {
    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// An answer of success.
    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, CallError> {
        self.send(self.client.get(format!("{}{path}", self.url)).query(query))
            .await
    }

    /// The same of a call that changes something.
    pub async fn call(&self, method: Method, path: &str, body: &Value) -> Result<Value, CallError> {
        let request = self.client.request(method, format!("{}{path}", self.url));
        self.send(request.json(body)).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Value, CallError> {
        let answer = request
            .bearer_auth(&self.key)
            .send()
            .await
            .map_err(|error| self.unreachable(&error))?;
        let status = answer.status();
        let text = answer
            .text()
            .await
            .map_err(|error| self.unreachable(&error))?;
        let body: Value = serde_json::from_str(&text).map_err(|_| {
            CallError::Unreachable(format!(
                "{} answered {status}, but not as tallystick does: is --url right?",
                self.url
            ))
        })?;
        if status.is_success() {
            return Ok(body);
        }
        Err(CallError::Refused {
            status,
            code: body["error"]["code"]
                .as_str()
                .unwrap_or("unknown")
                .to_owned(),
            message: message(&body["error"]),
        })
    }

    fn unreachable(&self, error: &reqwest::Error) -> CallError {
        CallError::Unreachable(if error.is_timeout() {
            format!("{} does not answer", self.url)
        } else {
            format!(
                "cannot reach {}: is the server running there? (tallystick serve, tallystick demo; --url says where)",
                self.url
            )
        })
    }
}

fn message(error: &Value) -> String {
    let mut text = error["message"]
        .as_str()
        .unwrap_or("the server refused")
        .to_owned();
    for detail in error["details"].as_array().into_iter().flatten() {
        if let (Some(path), Some(what)) = (detail["path"].as_str(), detail["message"].as_str()) {
            let _ = write!(text, "; {path}: {what}");
        }
    }
    text
}

/// What stands at a place of an answer, for people.
pub fn shown(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The rows of a list that are asked for: `limit` of them, page by page.
pub async fn rows(
    server: &Server,
    path: &str,
    query: &[(&str, &str)],
    limit: usize,
) -> Result<Vec<Value>> {
    let mut rows = Vec::new();
    let mut after = String::new();
    while rows.len() < limit {
        let size = (limit - rows.len()).min(100).to_string();
        let mut page = query.to_vec();
        page.push(("limit", &size));
        if !after.is_empty() {
            page.push(("starting_after", &after));
        }
        let mut answer = server.get(path, &page).await?;
        let Value::Array(data) = answer["data"].take() else {
            bail!("{path} answered no list: is --url right?");
        };
        rows.extend(data);
        match answer["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut after),
            None => break,
        }
    }
    Ok(rows)
}

/// Prints an answer: as JSON, or as `text` says it.
pub fn print_answer(answer: &Value, json: bool, text: impl FnOnce(&Value) -> String) -> Result<()> {
    if json {
        print(&format!("{answer:#}"))
    } else {
        print(&text(answer))
    }
}

/// Products of subscription billing.
#[derive(clap::Subcommand)]
pub enum RecurProducts {
    /// List products
    List {
        /// Also those that are not on sale
        #[arg(long)]
        all: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        remote: Remote,
    },
    /// Sell something new
    ///
    /// tallystick products recur add "Pro" --price 299 --period monthly --trial-days 14
    Add {
        /// Its name, as buyers see it
        name: String,
        /// Whole New Taiwan dollars, from 30 on
        #[arg(long)]
        price: i64,
        /// How often it is paid; without it, once
        #[arg(long)]
        period: Option<BillingPeriod>,
        /// Its name in addresses and code: letters, digits and hyphens [default: made of the name]
        #[arg(long)]
        slug: Option<String>,
        /// How many days are free at first
        #[arg(long, requires = "period")]
        trial_days: Option<u32>,
        /// How many credits one purchase gives: makes it a pack of credits
        #[arg(long, conflicts_with = "period")]
        credits: Option<i64>,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        remote: Remote,
    },
    /// Change a product; subscriptions that run keep their terms
    Set {
        /// Its id or slug
        product: String,
        /// Its name, as buyers see it
        #[arg(long)]
        name: Option<String>,
        /// Whole New Taiwan dollars, from 30 on
        #[arg(long)]
        price: Option<i64>,
        /// Whether it is on sale
        #[arg(long)]
        on_sale: Option<bool>,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        remote: Remote,
    },
}

/// How often a subscription is paid.
#[derive(Clone, Copy, ValueEnum)]
pub enum BillingPeriod {
    /// Each week
    Weekly,
    /// Each month
    Monthly,
    /// Every three months
    Quarterly,
    /// Each year
    Yearly,
}

impl BillingPeriod {
    const fn name(self) -> &'static str {
        match self {
            Self::Weekly => "WEEKLY",
            Self::Monthly => "MONTHLY",
            Self::Quarterly => "QUARTERLY",
            Self::Yearly => "YEARLY",
        }
    }
}

impl RecurProducts {
    /// Runs the command.
    pub async fn run(self) -> Result<()> {
        match self {
            Self::List { all, json, remote } => {
                let query: &[_] = if all {
                    &[("include_inactive", "true")]
                } else {
                    &[]
                };
                let answer = remote.connect()?.get("/v1/products", query).await?;
                print_answer(&answer["products"], json, |products| {
                    let lines = products.as_array().into_iter().flatten().map(line);
                    or_none(
                        lines.collect(),
                        "no products: tallystick products recur add NAME --price 299 --period monthly",
                    )
                })
            }
            Self::Add {
                name,
                price,
                period,
                slug,
                trial_days,
                credits,
                json,
                remote,
            } => {
                let kind = credits.map(|_| "CREDITS");
                let period = period.map(BillingPeriod::name);
                let body = given([
                    ("name", json!(name)),
                    ("price", json!(price)),
                    ("billing_period", json!(period)),
                    ("type", json!(kind)),
                    ("slug", json!(slug)),
                    ("trial_days", json!(trial_days)),
                    ("credits", json!(credits)),
                ]);
                let product = remote
                    .connect()?
                    .call(Method::POST, "/v1/products", &body)
                    .await?;
                print_answer(&product, json, line)
            }
            Self::Set {
                product,
                name,
                price,
                on_sale,
                json,
                remote,
            } => {
                let body = given([
                    ("name", json!(name)),
                    ("price", json!(price)),
                    ("active", json!(on_sale)),
                ]);
                ensure!(
                    body != json!({}),
                    "nothing to change: give --name, --price or --on-sale"
                );
                let path = format!("/v1/products/{product}");
                let product = remote.connect()?.call(Method::PATCH, &path, &body).await?;
                print_answer(&product, json, line)
            }
        }
    }
}

/// An object of what is not `null`.
pub fn given<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
    fields
        .map(|(name, value)| (name.to_owned(), value))
        .collect::<Map<_, _>>()
        .into()
}

fn line(product: &Value) -> String {
    let state = if product["active"] == true {
        "on sale "
    } else {
        "off sale"
    };
    let period = match (
        product["interval"].as_str(),
        product["interval_count"].as_i64(),
    ) {
        (Some(unit), Some(1)) => format!("a {unit}"),
        (Some(unit), Some(count)) => format!("for {count} {unit}s"),
        _ => "once".into(),
    };
    format!(
        "{}  {state}  NT${:<7} {period:<13} {:<20} {}\n",
        shown(&product["id"]),
        shown(&product["price"]),
        shown(&product["slug"]),
        shown(&product["name"])
    )
}
