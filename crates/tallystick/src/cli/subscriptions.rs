use super::or_none;
use super::recur::{Remote, print_answer, rows, shown};
use anyhow::Result;
use http::Method;
use serde_json::{Value, json};

#[derive(clap::Subcommand)]
pub enum Subscriptions {
    /// List subscriptions, the newest first
    List {
        /// Of the customer with this address
        #[arg(long)]
        email: Option<String>,
        /// Of the customer with this id
        #[arg(long, value_name = "ID")]
        customer: Option<String>,
        /// Of this product, by its id
        #[arg(long, value_name = "ID")]
        product: Option<String>,
        /// Only active, trial, past_due, paused, pending, canceled or expired ones
        #[arg(long)]
        status: Option<String>,
        /// How many
        #[arg(long, default_value_t = 100)]
        limit: usize,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        remote: Remote,
    },
    /// Show a subscription
    Show {
        /// Its id (tallystick subscriptions list)
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        remote: Remote,
    },
    /// Cancel a subscription when its period ends, or now
    Cancel {
        /// Its id
        id: String,
        /// Now: nothing is given back
        #[arg(long)]
        now: bool,
        /// Why, for your records
        #[arg(long)]
        reason: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        remote: Remote,
    },
    /// Withdraw a cancellation, or end a pause; if the paid period is over, a new one begins and is charged now
    Resume {
        /// Its id
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        remote: Remote,
    },
    /// Stop a subscription: it is not renewed and gives no right until it is resumed
    Pause {
        /// Its id
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        remote: Remote,
    },
    /// Switch a subscription to another product: dearer or longer at once, cheaper or shorter when the period ends
    Switch {
        /// Its id
        id: String,
        /// The other product's id or slug
        product: String,
        /// Say what it would cost, and change nothing
        #[arg(long)]
        preview: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        remote: Remote,
    },
}

impl Subscriptions {
    pub async fn run(self) -> Result<()> {
        match self {
            Self::List {
                email,
                customer,
                product,
                status,
                limit,
                json,
                remote,
            } => {
                let wanted = [
                    ("email", email),
                    ("customer_id", customer),
                    ("product_id", product),
                    ("status", status),
                ];
                let query: Vec<(&str, &str)> = wanted
                    .iter()
                    .filter_map(|(name, value)| Some((*name, value.as_deref()?)))
                    .collect();
                let found = rows(&remote.connect()?, "/v1/subscriptions", &query, limit).await?;
                print_answer(&found.into(), json, |found| {
                    let lines = found.as_array().into_iter().flatten().map(line);
                    or_none(lines.collect(), "no subscriptions")
                })
            }
            Self::Show { id, json, remote } => {
                let found = remote.connect()?.get(&path(&id, ""), &[]).await?;
                print_answer(&found, json, card)
            }
            Self::Cancel {
                id,
                now,
                reason,
                json,
                remote,
            } => {
                let body = json!({"cancel_at_period_end": !now, "reason": reason});
                change(&remote, &path(&id, "/cancel"), &body, json).await
            }
            Self::Resume { id, json, remote } => {
                change(&remote, &path(&id, "/resume"), &json!({}), json).await
            }
            Self::Pause { id, json, remote } => {
                change(&remote, &path(&id, "/pause"), &json!({}), json).await
            }
            Self::Switch {
                id,
                product,
                preview,
                json,
                remote,
            } => {
                let field = if product.starts_with("prod_") {
                    "target_product_id"
                } else {
                    "target_product_slug"
                };
                let step = if preview {
                    "/switch/preview"
                } else {
                    "/switch"
                };
                let server = remote.connect()?;
                let switch = server
                    .call(Method::POST, &path(&id, step), &json!({field: product}))
                    .await?;
                print_answer(&switch, json, switched)
            }
        }
    }
}

fn path(id: &str, step: &str) -> String {
    format!("/v1/subscriptions/{id}{step}")
}

async fn change(remote: &Remote, path: &str, body: &Value, json: bool) -> Result<()> {
    let changed = remote.connect()?.call(Method::POST, path, body).await?;
    print_answer(&changed, json, card)
}

fn line(subscription: &Value) -> String {
    let customer = &subscription["customer"]["email"];
    let customer = if customer.is_null() {
        &subscription["customer_id"]
    } else {
        customer
    };
    format!(
        "{}  {:<8}  until {}  {:<20} {}\n",
        shown(&subscription["id"]),
        shown(&subscription["status"]),
        shown(&subscription["current_period_end"]),
        shown(&subscription["product_slug"]),
        shown(customer)
    )
}

fn card(subscription: &Value) -> String {
    let mut text = line(subscription);
    for (name, label) in [
        ("amount", "price NT$"),
        ("next_billing_date", "charged next"),
        ("cancel_at_period_end", "ends with the period"),
        ("trial_ends_at", "trial ends"),
        ("grace_ends_at", "grace ends"),
        ("paused_at", "paused"),
        ("canceled_at", "canceled"),
        ("ended_at", "ended"),
        ("credit_balance", "credit NT$"),
    ] {
        let value = &subscription[name];
        if !value.is_null() && *value != false && *value != 0 {
            text += &format!("  {label:<22} {}\n", shown(value));
        }
    }
    let scheduled = &subscription["scheduled_change"];
    if !scheduled.is_null() {
        text += &format!(
            "  {:<22} {} at {}\n",
            "switches to",
            shown(&scheduled["product_id"]),
            shown(&scheduled["scheduled_for"])
        );
    }
    text
}

fn switched(switch: &Value) -> String {
    let kind = shown(&switch["switch_type"]).to_lowercase();
    match switch["scheduled_for"].as_str() {
        Some(at) => format!("{kind} when the period ends, {at}; nothing is charged now"),
        None => format!(
            "{kind} at once; NT${} charged now",
            shown(&switch["amount_due"])
        ),
    }
}
