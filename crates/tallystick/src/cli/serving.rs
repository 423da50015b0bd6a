use super::{
    DEFAULT_DATABASE, ensure_exists, open_database, open_migrated, open_orders, print, server_url,
    start_log,
};
use crate::app::{App, Parts, SandboxOptions};
use crate::config::{CaptchaConfig, Config, Flags, ServeFlags};
use crate::{openapi_v2, serve};
use anyhow::{Context, Result};
use forms::repo::Affairs;
use kernel::{Clock, Rng, SystemClock};
use orders::repo::charges;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use store::{Db, Tx, jobs, params};
use vouchers::Voucher;

#[derive(clap::Args)]
pub struct Serve {
    #[command(flatten)]
    serve: ServeFlags,
    /// For trying out and for tests: use the simulated supplier and open /sandbox, where anybody who reaches this server can set up
    /// fixtures
    #[arg(long)]
    sandbox: bool,
    /// Serve the module of codes, forms and certificates, and nothing else, to gateways (see `tallystick gateway --help`)
    ///
    /// Needs forms.module_secret, the same as the gateways'. Nothing but gateways should reach it. Set public_url to
    /// where browsers reach your installation: the addresses of codes begin with it. Background jobs are left to a
    /// server without this flag.
    #[arg(long, conflicts_with = "sandbox")]
    module_only: bool,
}

#[derive(clap::Args)]
pub struct Gateway {
    /// Where the module is, or what balances load over several
    #[arg(long, env = "TALLYSTICK_UPSTREAM", value_name = "URL", value_parser = server_url)]
    upstream: String,
    /// Address to listen on
    #[arg(long, env = "TALLYSTICK_LISTEN", value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

impl Gateway {
    pub async fn run(self, flags: &Flags) -> Result<()> {
        let serve = ServeFlags {
            listen: self.listen,
            ..ServeFlags::default()
        };
        let config = Config::load(flags, &serve, DEFAULT_DATABASE)?;
        start_log(&config.log, config.log_format)?;
        let stop = serve::stop_signal();
        let listener = serve::listen(config.listen).await?;
        let address = listener.local_addr()?;
        let parts = parts(open_migrated(&config).await?);
        let db = parts.db.clone();
        let upstream = self.upstream;
        let router = openapi_v2::gateway(parts, &config, address, upstream.clone()).await?;
        tracing::info!(%address, database = %config.database, upstream, "serving as a gateway");
        serve::run_router(router, db, listener, &config, stop).await
    }
}

/// What a server runs on whose time is the machine's.
pub fn parts(db: Db) -> Parts {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Parts {
        db,
        clock: Arc::clone(&clock),
        simulator_clock: clock,
        rng: Arc::new(Rng::from_system()),
    }
}

impl Serve {
    pub async fn run(self, flags: &Flags) -> Result<()> {
        let config = Config::load(flags, &self.serve, DEFAULT_DATABASE)?;
        start_log(&config.log, config.log_format)?;
        if !self.sandbox && !self.module_only {
            for (what, finding, next) in config.unused() {
                tracing::warn!("{what} is {finding}; {next}");
            }
        }
        let stop = serve::stop_signal();
        let listener = serve::listen(config.listen).await?;
        let address = listener.local_addr()?;
        let parts = parts(open_database(&config).await?);
        if self.module_only {
            let db = parts.db.clone();
            let router = openapi_v2::module(parts, &config, address).await?;
            tracing::info!(%address, database = %config.database, "serving as a module");
            return serve::run_router(router, db, listener, &config, stop).await;
        }
        let sandbox = self.sandbox.then(SandboxOptions::default);
        let app = App::build(parts, &config, address, sandbox).await?;
        tracing::info!(%address, database = %config.database, sandbox = self.sandbox, "serving");
        serve::run(app, listener, &config, stop).await
    }
}

pub async fn migrate(flags: &Flags) -> Result<()> {
    let config = Config::load(flags, &ServeFlags::default(), DEFAULT_DATABASE)?;
    start_log(flags.log.as_deref().unwrap_or("warn"), config.log_format)?;
    let db = Db::open(&config.database)
        .await
        .with_context(|| format!("opening {}", config.database))?;
    let report = db.migrate(SystemClock.now()).await?;
    db.close().await;
    print(&match report.applied.as_slice() {
        [] => format!(
            "{}: up to date, at version {}",
            config.database,
            report.present.len()
        ),
        applied => format!(
            "{}: now at version {}",
            config.database,
            report.present.len() + applied.len()
        ),
    })
}

/// Looks at everything that a server needs. The exit code is 1 when something is wrong.
pub async fn doctor(flags: &Flags) -> Result<ExitCode> {
    let mut report = Report::default();
    let config = match Config::load(flags, &ServeFlags::default(), DEFAULT_DATABASE) {
        Ok(config) => config,
        Err(error) => {
            report.bad(
                "configuration",
                &format!("{error:#}"),
                "see `tallystick config example`",
            );
            return report.finish();
        }
    };
    report.good("configuration", &format!("listens on {}", config.listen));
    if let Err(error) = ensure_exists(&config.database) {
        report.bad("database", &error.to_string(), "run `tallystick migrate`");
        return report.finish();
    }
    let db = match Db::open(&config.database).await {
        Ok(db) => db,
        Err(error) => {
            let next = "check the address, that the server runs, and that the folder exists";
            report.bad("database", &format!("{}: {error}", config.database), next);
            return report.finish();
        }
    };
    let pending = db.pending_migrations().await.unwrap_or_default();
    if !pending.is_empty() {
        let what = format!("{}: migrations {pending:?} are missing", config.database);
        report.bad("database", &what, "run `tallystick migrate`");
        return report.finish();
    }
    report.good(
        "database",
        &format!("{} ({})", config.database, db.engine()),
    );
    let unbalanced = db.scan(ledger::unbalanced).await?;
    if unbalanced.is_empty() {
        report.good("ledger", "every balance is the sum of its postings");
    } else {
        let what =
            format!("accounts whose balance is not the sum of their postings: {unbalanced:?}");
        report.bad("ledger", &what, "restore a backup, and report this");
    }
    let now = SystemClock.now();
    let minute_ago = kernel::Timestamp::from_micros(now.micros() - 60_000_000);
    let (waiting, overdue) = db.read(move |tx| jobs::count(tx, minute_ago)).await?;
    if overdue == 0 {
        report.good("jobs", &format!("{waiting} waiting, none overdue"));
    } else {
        let what = format!("{overdue} of {waiting} should have run more than a minute ago");
        report.bad("jobs", &what, "is a server with --jobs on running?");
    }
    let unconfirmed = db.read(orders::repo::orders::count_unconfirmed).await?;
    if unconfirmed == 0 {
        report.good("orders", "none was sent without an answer");
    } else {
        let what = format!("{unconfirmed} were sent and refunded without the supplier's answer");
        report.note("orders", &what, "settle them with the supplier");
    }
    charges_report(&mut report, &db).await?;
    invoices_report(&mut report, &db).await?;
    forms_report(&mut report, &db, &config).await?;
    db.close().await;
    for (what, finding, next) in config.unused() {
        report.note(what, finding, next);
    }
    if let Some(payuni) = &config.payuni {
        let shop = payuni.shop.mer_id();
        report.good("payuni", &format!("{shop} at {}, not asked", payuni.url));
        if config.public_url.is_none() {
            report.bad(
                "public_url",
                "buyers and PAYUNi would be sent to an address of this machine",
                "set public_url to the https address of the server",
            );
        }
    }
    messages_report(&mut report, &config);
    if config.supplier.is_some() {
        let orders = open_orders(flags).await?;
        match orders.supplier().services().await {
            Ok(services) => {
                report.good("supplier", &format!("offers {} services", services.len()));
            }
            Err(error) => {
                let next = "check supplier.url and supplier.key";
                report.bad("supplier", &error.to_string(), next);
            }
        }
        orders.db().close().await;
    }
    report.finish()
}

/// Credit that was paid for.
async fn charges_report(report: &mut Report, db: &Db) -> Result<()> {
    let now = SystemClock.now();
    let read = move |tx: &mut Tx<'_>| charges::attention(tx, now);
    let found: Result<_, store::StoreError> = db.read(read).await;
    let found = found?;
    if found == charges::Attention::default() {
        report.good("charges", "no payment is in doubt");
    }
    if found.to_return > 0 {
        let what = format!("{} payments that no credit was given for", found.to_return);
        report.note(
            "charges",
            &what,
            "give them back: tallystick charges surplus",
        );
    }
    if found.undecided > 0 {
        let what = format!(
            "PAYUNi never said what became of {} payments",
            found.undecided
        );
        report.note(
            "charges",
            &what,
            "look at its console: tallystick charges list",
        );
    }
    if found.remitted > 0 {
        let what = format!("{} transfers wait to be confirmed", found.remitted);
        report.note("charges", &what, "tallystick charges list --remitted");
    }
    Ok(())
}

/// E-invoices that wait for an answer, or for somebody.
async fn invoices_report(report: &mut Report, db: &Db) -> Result<()> {
    let before = SystemClock.now().minus(invoicing::LONG);
    let read = move |tx: &mut Tx<'_>| invoicing::repo::state(tx, before);
    let found: Result<_, store::StoreError> = db.read(read).await;
    let state = found?;
    if state.undecided > 0 {
        let what = format!(
            "of {} it is not known for an hour whether they were issued or voided",
            state.undecided
        );
        let next =
            "tallystick invoices list --open says why; tallystick invoices reconcile asks again";
        report.bad("invoices", &what, next);
    }
    if state.failed > 0 {
        let what = format!("{} were refused by their provider", state.failed);
        let next = "tallystick invoices list --status issue_failed says why";
        report.note("invoices", &what, next);
    }
    if state.undecided == 0 && state.failed == 0 {
        report.good("invoices", "none is in doubt");
    }
    Ok(())
}

/// Codes, forms and certificates, and what was sold that is one.
async fn forms_report(report: &mut Report, db: &Db, config: &Config) -> Result<()> {
    let now = SystemClock.now();
    let read = move |tx: &mut Tx<'_>| {
        let state = Affairs::at(tx, now)?;
        let waiting = Voucher::all(tx, Voucher::REFUSED, params![])?;
        Ok::<_, store::StoreError>((state, waiting.len()))
    };
    let (state, waiting) = db.read(read).await?;
    if state.organizations > 0 && config.public_url.is_none() {
        report.note(
            "public_url",
            "the addresses in QR codes are those of this machine",
            "set public_url to the https address of the server before codes are printed",
        );
    }
    if state.endpoints_off > 0 {
        let what = format!(
            "{} webhook endpoints were switched off",
            state.endpoints_off
        );
        let next = "see webhooks/getList; webhooks/update switches one on again";
        report.note("forms", &what, next);
    }
    if state.stalled > 0 {
        let what = format!(
            "{} imports, exports and the like have stood still for an hour",
            state.stalled
        );
        report.bad(
            "forms",
            &what,
            "is a server with --jobs on running? Its log says why it failed",
        );
    } else {
        let what = format!(
            "{} organizations, {} keys that can be used",
            state.organizations, state.keys
        );
        report.good("forms", &what);
    }
    if waiting > 0 {
        let what = format!("{waiting} payments could not be given their certificate so far");
        report.bad("vouchers", &what, "tallystick vouchers waiting says why");
    }
    Ok(())
}

/// Who delivers messages and who tells robots. None of them is asked: that would be a message, or a person.
fn messages_report(report: &mut Report, config: &Config) {
    if let Some(mail) = &config.mail {
        let server = format!("{}:{}, not asked", mail.host, mail.port);
        report.good("mail", &server);
    }
    if config.sms.is_some() {
        report.good("sms", "configured, not asked");
    }
    match &config.captcha {
        CaptchaConfig::SiteVerify(service) => {
            report.good("captcha", &format!("{}, not asked", service.url));
        }
        CaptchaConfig::ProofOfWork(work) => {
            let what = format!("proof of work, {} bits", work.difficulty);
            report.good("captcha", &what);
        }
    }
}

#[derive(Default)]
struct Report {
    text: String,
    wrong: bool,
}

impl Report {
    fn good(&mut self, what: &str, finding: &str) {
        let _ = writeln!(self.text, "  ok    {what:<14} {finding}");
    }

    fn note(&mut self, what: &str, finding: &str, next: &str) {
        let _ = writeln!(
            self.text,
            "  note  {what:<14} {finding}\n        {:<14} -> {next}",
            ""
        );
    }

    fn bad(&mut self, what: &str, finding: &str, next: &str) {
        self.wrong = true;
        let _ = writeln!(
            self.text,
            "  WRONG {what:<14} {finding}\n        {:<14} -> {next}",
            ""
        );
    }

    fn finish(self) -> Result<ExitCode> {
        print(&self.text)?;
        Ok(if self.wrong {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        })
    }
}
