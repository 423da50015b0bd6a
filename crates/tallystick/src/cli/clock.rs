use super::print;
use super::recur::{Remote, Server, shown};
use anyhow::{Context, Result, bail, ensure};
use billing::model::duration::Advance;
use http::Method;
use kernel::Timestamp;
use serde_json::{Value, json};

#[derive(clap::Subcommand)]
pub enum Clock {
    /// Show the time of the sandbox
    Show {
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        remote: Remote,
    },
    /// Let time pass in the sandbox: everything that falls due on the way happens, in its order
    ///
    /// tallystick clock advance 32d. It cannot be turned back; a merchant of its own has a clock of its own.
    Advance {
        /// How far: 32d, 3h, 1mo, 1y2mo3d4h, or ISO 8601 such as P32D
        #[arg(required_unless_present = "to")]
        by: Option<Advance>,
        /// To when: 2027-01-01T00:00:00+08:00
        #[arg(long, conflicts_with = "by", value_name = "TIME")]
        to: Option<Timestamp>,
        /// Print JSON, at the end
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        remote: Remote,
    },
}

impl Clock {
    pub async fn run(self) -> Result<()> {
        match self {
            Self::Show { json, remote } => {
                let clock = remote.connect()?.get("/v1/test_clock", &[]).await?;
                if json {
                    return print(&format!("{clock:#}"));
                }
                print(&format!(
                    "sandbox  {}\nreal     {}",
                    shown(&clock["now"]),
                    shown(&clock["real_now"])
                ))
            }
            Self::Advance {
                by,
                to,
                json,
                remote,
            } => {
                let server = remote.connect()?;
                let target = match (by, to) {
                    (Some(by), _) => {
                        let clock = server.get("/v1/test_clock", &[]).await?;
                        by.apply(time(&clock["now"])?)
                            .ok()
                            .context("that is beyond the calendar")?
                    }
                    (None, Some(to)) => to,
                    (None, None) => bail!("how far? Say 32d, or --to 2027-01-01T00:00:00+08:00"),
                };
                tokio::select! {
                    advanced = advance(&server, target, json) => advanced,
                    interrupted = tokio::signal::ctrl_c() => {
                        interrupted?;
                        // The server ends the step it is at by itself.
                        bail!("stopped on the way; to go on: tallystick clock advance --to {}", target.utc_millis())
                    }
                }
            }
        }
    }
}

fn time(value: &Value) -> Result<Timestamp> {
    value
        .as_str()
        .and_then(|text| text.parse().ok())
        .context("the server's clock shows no time: is --url right?")
}

async fn advance(server: &Server, target: Timestamp, json: bool) -> Result<()> {
    let body = json!({"to": target.utc_millis()});
    let (mut from, mut count, mut happened) = (Value::Null, 0, Vec::new());
    loop {
        let mut step = server
            .call(Method::POST, "/v1/test_clock/advance", &body)
            .await?;
        if from.is_null() {
            from = step["from"].take();
        }
        let done = step["count"].as_i64().unwrap_or(0);
        count += done;
        let listed = match step["happened"].take() {
            Value::Array(listed) => listed,
            _ => Vec::new(),
        };
        let unlisted = done - i64::try_from(listed.len())?;
        let reached = step["reached"] == true;
        if json {
            happened.extend(listed);
        } else {
            let alike = |a: &Value, b: &Value| {
                ["object", "what", "charge"]
                    .iter()
                    .all(|name| a[*name] == b[*name])
            };
            let mut text: String = listed.chunk_by(alike).map(line).collect();
            if unlisted > 0 {
                text += &format!("… and {unlisted} more\n");
            }
            text += &match reached {
                true => format!("{}  reached; {count} things happened", shown(&step["now"])),
                false => format!("{}  on the way …", shown(&step["now"])),
            };
            print(&text)?;
        }
        if reached {
            let now = step["now"].take();
            let answer = json!({"object": "test_clock", "from": from, "now": now, "reached": true, "count": count, "happened": happened});
            return if json {
                print(&format!("{answer:#}"))
            } else {
                Ok(())
            };
        }
        ensure!(
            done > 0,
            "the clock stays at {}: the cause is in the server's log",
            shown(&step["now"])
        );
    }
}

/// What happened to one object, once or several times on end.
fn line(alike: &[Value]) -> String {
    let [first, rest @ ..] = alike else {
        return String::new();
    };
    let charge = first["charge"].as_str().map(|charge| format!(": {charge}"));
    let more = rest
        .last()
        .map(|last| format!(", {} times until {}", alike.len(), shown(&last["at"])));
    format!(
        "{}  {}  {}{}{}\n",
        shown(&first["at"]),
        shown(&first["object"]),
        shown(&first["what"]),
        charge.unwrap_or_default(),
        more.unwrap_or_default()
    )
}
