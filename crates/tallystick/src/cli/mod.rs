//! The command line.

mod accounts;
mod charges;
mod clock;
mod demo;
mod explain;
mod forms;
mod invoices;
mod manage;
mod merchants;
mod recur;
mod serving;
mod subscriptions;
mod trigger;
mod verify;
mod vouchers;
mod webhooks;

use crate::app::{Parts, public_url};
use crate::config::{EXAMPLE, Flags, LogFormat};
use crate::einvoices::Einvoices;
use anyhow::{Context, Result};
use clap::{CommandFactory, Parser, Subcommand};
use kernel::{Clock, SystemClock};
use orders::Orders;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use store::{DatabaseUrl, Db};

/// Where data goes when nobody says.
const DEFAULT_DATABASE: &str = "sqlite:tallystick.db";

/// Sells on prepaid credit, speaks the published contract, and has a page for every error code.
///
/// To look around: `tallystick demo`. To run it for real: `tallystick config example`, `tallystick migrate`, then for the order platform
/// `tallystick organizations create` and `tallystick keys create`, for subscription billing `tallystick merchants create`, for codes, forms
/// and certificates `tallystick forms organizations create` and `tallystick forms keys create`, and `tallystick serve`.
#[derive(Parser)]
#[command(name = "tallystick", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve everything, seeded, in a temporary database: the quickest way to try it
    Demo(demo::Demo),
    /// Serve
    Serve(serving::Serve),
    /// Serve codes, forms and certificates as a gateway only, in front of a module elsewhere
    ///
    /// Clients call the gateway. It checks API keys, rights and rate limits, which it finds in the
    /// same database as the module (--database), and passes each call on to the module (--upstream).
    /// As many gateways and modules can run as are needed. What only asks, or has an
    /// Idempotency-Key, is sent a second time if the first goes wrong. A module that keeps failing is
    /// left alone for a few seconds, and clients are answered 502.
    ///
    /// For example, on two machines with one PostgreSQL:
    ///
    ///   export DATABASE_URL=postgres://... TALLYSTICK_MODULE_SECRET=...
    ///   tallystick migrate
    ///   tallystick serve --module-only --listen 10.0.0.2:8080
    ///   tallystick gateway --upstream http://10.0.0.2:8080 --listen 0.0.0.0:8080
    ///
    /// Both need the same secret; `openssl rand -hex 32` makes a good one. How long a gateway waits
    /// is forms.upstream_timeout_seconds (see `tallystick config example`).
    #[command(verbatim_doc_comment)]
    Gateway(serving::Gateway),
    /// Bring the database's schema up to date
    Migrate,
    /// Check configuration, database, ledger, jobs and supplier, and say what to do about what is wrong
    Doctor,
    /// Say what an error code means, what causes it and how to fix it
    Explain(explain::Explain),
    /// List every error code
    Errors(explain::Errors),
    /// Make a real server emit an error code, and show the request and the answer
    Trigger(trigger::Trigger),
    /// Print a face's OpenAPI document
    Openapi(explain::Openapi),
    /// Create, list and revoke private keys
    #[command(subcommand)]
    Keys(manage::Keys),
    /// Create and list organizations, enable and disable them, give them credit
    #[command(subcommand)]
    Organizations(manage::Organizations),
    /// Products: of the order platform list, import, set; of subscription billing all under `recur`
    #[command(subcommand)]
    Products(manage::Products),
    /// Create and list the merchants of subscription billing, and their keys
    #[command(subcommand)]
    Merchants(merchants::Merchants),
    /// Look after subscriptions on a running server
    #[command(subcommand)]
    Subscriptions(subscriptions::Subscriptions),
    /// Let time pass in the sandbox of a running server
    #[command(subcommand)]
    Clock(clock::Clock),
    /// Webhooks of a running server: endpoints, deliveries, and events passed on to a program on this machine
    #[command(subcommand)]
    Webhooks(webhooks::Webhooks),
    /// Codes, forms and certificates: create and list organizations, projects and API keys
    ///
    /// Works on the configured database; running servers notice at once. To let a program call in:
    ///
    ///   tallystick forms organizations create "City Museum"
    ///   tallystick forms keys create ORG_ID --name "front desk"
    ///   curl -X POST http://127.0.0.1:8080/api/v2/rpc/record/getFormList -H "authorization: Bearer tk_..."
    ///
    /// What can be called: tallystick openapi openapi_v2.
    #[command(subcommand, verbatim_doc_comment)]
    Forms(forms::FormsCommand),
    #[command(verbatim_doc_comment)]
    Verify(verify::Verify),
    /// Products that are had by showing a certificate
    ///
    /// A form issues the certificates. When an order or a payment of such a product is made, the form is filled in
    /// for the buyer: its field for a name, and those with the short names product, reference, email, name
    /// and quantity. Verifying the certificate to its end delivers the order, or marks the entitlement as
    /// used; paying back or cancelling revokes it. For example:
    ///
    ///   tallystick vouchers sell "Concert ticket" --price 300 --form TPL_ID --code CODE_ID
    ///   tallystick vouchers attach prod_... --form TPL_ID --code CODE_ID
    #[command(subcommand, verbatim_doc_comment)]
    Vouchers(vouchers::Vouchers),
    /// People of the order platform: create, list, password, operator, enable, disable
    #[command(subcommand)]
    Accounts(accounts::Accounts),
    /// Credit that organizations pay for: list, show, reconcile with PAYUNi, confirm and reject transfers
    ///
    /// Works on the configured database. For example, to see to the transfers of the day:
    ///
    ///   tallystick charges list --remitted
    ///   tallystick charges confirm CHARGE_ID
    #[command(subcommand, verbatim_doc_comment)]
    Charges(charges::Charges),
    /// E-invoices for credit that was paid for: list, show, issue, void, allowance, decide, reconcile
    ///
    /// Works on the configured database, and asks the providers configured under [einvoice]. What a
    /// provider was asked for without that its answer is known is "open", and is looked up until it
    /// is known; no invoice is issued twice. To find out why some are not issued:
    ///
    ///   tallystick invoices list --status issue_failed
    ///   tallystick invoices show INVOICE
    ///   tallystick invoices issue INVOICE
    #[command(subcommand, verbatim_doc_comment)]
    Invoices(invoices::Invoices),
    /// Copy a SQLite database, while it is in use, to a new file
    Backup(manage::Backup),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Configuration
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Print a commented tallystick.toml with every key and its default
    Example,
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode> {
    let flags = cli.flags;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting the runtime")?;
    runtime.block_on(async {
        match cli.command {
            Command::Demo(demo) => demo.run(&flags).await?,
            Command::Serve(serve) => serve.run(&flags).await?,
            Command::Gateway(gateway) => gateway.run(&flags).await?,
            Command::Migrate => serving::migrate(&flags).await?,
            Command::Doctor => return serving::doctor(&flags).await,
            Command::Explain(explain) => explain.run()?,
            Command::Errors(errors) => errors.run()?,
            Command::Trigger(trigger) => return trigger.run().await,
            Command::Openapi(openapi) => openapi.run()?,
            Command::Keys(keys) => keys.run(&flags).await?,
            Command::Organizations(organizations) => organizations.run(&flags).await?,
            Command::Products(products) => products.run(&flags).await?,
            Command::Merchants(merchants) => merchants.run(&flags).await?,
            Command::Subscriptions(subscriptions) => subscriptions.run().await?,
            Command::Clock(clock) => clock.run().await?,
            Command::Webhooks(webhooks) => webhooks.run().await?,
            Command::Forms(forms) => forms.run(&flags).await?,
            Command::Verify(verify) => return verify.run().await,
            Command::Vouchers(vouchers) => vouchers.run(&flags).await?,
            Command::Accounts(accounts) => accounts.run(&flags).await?,
            Command::Charges(charges) => charges.run(&flags).await?,
            Command::Invoices(invoices) => invoices.run(&flags).await?,
            Command::Backup(backup) => backup.run(&flags).await?,
            Command::Completions { shell } => {
                let mut script = Vec::new();
                clap_complete::generate(shell, &mut Cli::command(), "tallystick", &mut script);
                print(&String::from_utf8_lossy(&script))?;
            }
            Command::Config(ConfigCommand::Example) => print(EXAMPLE)?,
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// What to say of a code that does not exist.
fn no_such_code(code: &str, near: &[&catalogue::Entry]) -> String {
    let mut text = format!("there is no code `{code}`");
    if near.is_empty() {
        text.push_str("\nEvery code: tallystick errors");
    } else {
        text.push_str("\nDid you mean:");
        for entry in near {
            text.push_str(&format!("\n  {}", entry.path()));
        }
    }
    text
}

/// Writes to standard output.
fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Sends log lines to standard error.
fn start_log(filter: &str, format: LogFormat) -> Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_new(filter)
        .with_context(|| format!("`{filter}` is no log filter (try info, or debug,store=trace)"))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // A log that cannot be written, to a full disk or a closed pipe, must not stop the work.
        .log_internal_errors(false)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // A second start, in tests, changes nothing.
    let _ = match format {
        LogFormat::Text => log.try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
    Ok(())
}

/// Opens the configured database, with its schema up to date.
async fn open_database(config: &crate::config::Config) -> Result<Db> {
    let db = Db::open(&config.database)
        .await
        .with_context(|| format!("opening {}", config.database))?;
    db.migrate(SystemClock.now())
        .await
        .with_context(|| format!("migrating {}", config.database))?;
    Ok(db)
}

/// A mistyped path must not pass for an empty database.
fn ensure_exists(database: &DatabaseUrl) -> Result<()> {
    match database {
        DatabaseUrl::SqliteFile(path) if !path.exists() => anyhow::bail!(
            "there is no database at {}: check the path (--database), or make one with `tallystick migrate`",
            path.display()
        ),
        _ => Ok(()),
    }
}

/// Opens the configured database, which must be there with its schema up to date.
async fn open_migrated(config: &crate::config::Config) -> Result<Db> {
    ensure_exists(&config.database)?;
    let db = Db::open(&config.database)
        .await
        .with_context(|| format!("opening {}", config.database))?;
    anyhow::ensure!(
        db.pending_migrations().await?.is_empty(),
        "the schema of {} is not up to date: run `tallystick migrate`",
        config.database
    );
    Ok(db)
}

/// The address of a server, without a slash at the end.
fn server_url(text: &str) -> Result<String> {
    let url = reqwest::Url::parse(text).ok();
    anyhow::ensure!(
        url.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some()),
        "`{text}` is not the address of a server, such as http://127.0.0.1:8080"
    );
    Ok(text.trim_end_matches('/').to_owned())
}

/// What to print when there is nothing to print.
fn or_none(text: String, none: &str) -> String {
    if text.is_empty() {
        none.to_owned()
    } else {
        text
    }
}

/// The order platform over the configured database, for commands that serve nothing.
async fn open_orders(flags: &Flags) -> Result<Orders> {
    let config = crate::config::Config::load(
        flags,
        &crate::config::ServeFlags::default(),
        DEFAULT_DATABASE,
    )?;
    start_log(flags.log.as_deref().unwrap_or("warn"), config.log_format)?;
    let parts = Parts {
        db: open_migrated(&config).await?,
        clock: Arc::new(SystemClock),
        simulator_clock: Arc::new(SystemClock),
        rng: Arc::new(kernel::Rng::from_system()),
    };
    let public_url = public_url(&config, config.listen);
    let einvoices = Einvoices::build(&parts, &config, config.listen, &public_url, false)?;
    let invoicing = einvoices.invoicing;
    crate::platform::orders(&parts, &config, config.listen, &public_url, None, invoicing)
}
