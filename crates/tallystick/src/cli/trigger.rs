use super::explain::no_scenario;
use super::{print, start_log};
use crate::app::{App, Parts, SandboxOptions};
use crate::config::{Config, Flags, LogFormat, ServeFlags};
use crate::scenario::{Run, Scenario};
use crate::serve;
use anyhow::{Context, Result, bail};
use catalogue::{Entry, Level};
use kernel::{Clock, Locale, Rng, SystemClock};
use serde_json::json;
use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

const EMITTED: &str = "emitted";
const IN_BROWSER: &str = "in a browser";

#[derive(clap::Args)]
pub struct Trigger {
    /// The code, as code or face/code; or --all
    #[arg(required_unless_present = "all")]
    code: Option<String>,
    /// Every code that can be reached
    #[arg(long, conflicts_with = "code")]
    all: bool,
    /// A running server with its sandbox open (tallystick demo); without it, one is started for the purpose
    #[arg(long)]
    url: Option<String>,
    /// Print JSON: {face, code, status, emitted, cause} for each code
    #[arg(long)]
    json: bool,
}

impl Trigger {
    pub async fn run(self) -> Result<ExitCode> {
        start_log("off", LogFormat::Text)?;
        let entries: Vec<&Entry> = match &self.code {
            Some(code) => match catalogue::find(code) {
                Ok(entry) => vec![entry],
                Err(near) => bail!(super::no_such_code(code, &near)),
            },
            None => catalogue::entries().collect(),
        };
        let base_url = match self.url {
            Some(url) => super::server_url(&url)?,
            None => start_server().await?,
        };
        let client = httpkit::outgoing::client(Duration::from_secs(30))?;
        let mut all_emitted = true;
        let mut rows = Vec::new();
        let mut text = String::new();
        for entry in entries {
            let page = entry.page();
            let run = match page.scenario {
                Some(scenario) => Some(
                    Scenario::parse(scenario)?
                        .run(&client, &base_url)
                        .await
                        .with_context(|| entry.path())?,
                ),
                None => None,
            };
            let emitted = run.as_ref().is_some_and(|run| run.emitted(entry.code));
            // What only a browser sees has no scenario; asked for by name, that is a failure.
            all_emitted &= emitted || (entry.level == Level::ClientSide && self.all);
            rows.push(json!({
                "face": entry.face,
                "code": entry.code,
                "status": run.as_ref().map(Run::status).or_else(|| entry.http_status()),
                "emitted": emitted,
                "cause": page.cause(Locale::En),
            }));
            if self.all {
                summarize(&mut text, entry, run.as_ref(), emitted);
            } else {
                show(&mut text, entry, run.as_ref(), emitted);
            }
        }
        if self.all {
            let count = |state: &str| text.lines().filter(|l| l.starts_with(state)).count();
            let (emitted, in_browser) = (count(EMITTED), count(IN_BROWSER));
            let failed = rows.len() - emitted - in_browser;
            let _ = writeln!(
                text,
                "\n{emitted} emitted, {in_browser} in a browser only, {failed} failed"
            );
        }
        if self.json {
            print(&format!("{:#}", json!(rows)))?;
        } else {
            print(&text)?;
        }
        Ok(if all_emitted {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

fn summarize(text: &mut String, entry: &Entry, run: Option<&Run>, emitted: bool) {
    let state = match (run, emitted) {
        (None, _) if entry.level == Level::ClientSide => IN_BROWSER,
        (_, true) => EMITTED,
        (_, false) => "NOT EMITTED",
    };
    let status = run.map(Run::status).or_else(|| entry.http_status());
    let status = status.map(|status| status.to_string()).unwrap_or_default();
    let _ = writeln!(text, "{state:<18} {status:<3} {}", entry.path());
    if let Some(failure) = run.and_then(|run| run.failure.as_ref()) {
        let _ = writeln!(text, "{:<18} {failure}", "");
    }
}

fn show(text: &mut String, entry: &Entry, run: Option<&Run>, emitted: bool) {
    let _ = writeln!(
        text,
        "{}\n\nCause: {}\n",
        entry.path(),
        entry.page().cause(Locale::En)
    );
    let Some(run) = run else {
        let _ = writeln!(text, "{}", no_scenario(entry));
        return;
    };
    for exchange in &run.exchanges {
        for line in exchange.request.lines() {
            let shown: String = line.chars().take(200).collect();
            let _ = writeln!(text, "> {shown}");
        }
        let _ = writeln!(text, "< {}", exchange.status);
        let _ = writeln!(text, "< {}", exchange.response);
        text.push('\n');
    }
    match (&run.failure, emitted) {
        (Some(failure), _) => {
            let _ = writeln!(text, "Not as documented: {failure}");
        }
        (None, true) => text.push_str("Emitted, as documented.\n"),
        (None, false) => text.push_str("NOT EMITTED.\n"),
    }
}

/// A server of its own, in memory, on a free port of this machine.
async fn start_server() -> Result<String> {
    let flags = Flags {
        config: Some("/dev/null".into()),
        database: Some("sqlite::memory:".into()),
        ..Flags::default()
    };
    let serve_flags = ServeFlags {
        listen: Some(([127, 0, 0, 1], 0).into()),
        ..ServeFlags::default()
    };
    let config = Config::load(&flags, &serve_flags, "sqlite::memory:")?;
    let listener = serve::listen(config.listen).await?;
    let address = listener.local_addr()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let parts = Parts {
        db: super::open_database(&config).await?,
        clock: Arc::clone(&clock),
        simulator_clock: Arc::clone(&clock),
        rng: Arc::new(Rng::from_system()),
    };
    let app = App::build(parts, &config, address, Some(SandboxOptions::default())).await?;
    tokio::spawn(async move { serve::run(app, listener, &config, std::future::pending()).await });
    Ok(format!("http://{address}"))
}
