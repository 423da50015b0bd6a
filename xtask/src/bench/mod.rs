//! How fast the server places orders, next to what its database can do at all.
//!
//! The figures of a shared machine drift, so the server and the bare database take turns, and what counts is
//! the ratio between them. Everything is as in production: durable commits, request log, all of the product's checks.

mod client;
mod engine;
mod machine;
mod pgbench;
mod raw_sqlite;
mod report;
mod scratch;
mod server;

use crate::steps;
use anyhow::{Context, Result, bail, ensure};
use client::{Client, Outcome, Request};
use engine::Engine;
use report::{Figures, Line, RawLine, Report};
use scratch::Scratch;
use server::{Organization, Server};
use std::{
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

/// How often the server and the bare database take turns.
const ROUNDS: usize = 3;

#[derive(clap::Args)]
pub struct Options {
    /// sqlite, postgres (a private server, with durable commits) or postgres://USER:PASSWORD@HOST/DATABASE, where
    /// two databases are made and dropped again
    #[arg(long, default_value = "sqlite", value_name = "ENGINE|URL")]
    database: String,
    /// How long the longest measurement takes; the others are shorter by fixed parts
    #[arg(long, default_value_t = 8.0, value_name = "N")]
    seconds: f64,
    /// Keep-alive connections
    #[arg(long, default_value_t = 64, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    connections: u16,
    /// Organizations that take turns in ordering
    #[arg(long, default_value_t = 16, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_000))]
    organizations: u16,
    /// Append the figures to bench/RESULTS.md
    #[arg(long)]
    write_results: bool,
    /// The date that stands over them [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<String>,
}

pub fn orders(options: &Options) -> Result<()> {
    ensure!(
        options.seconds.is_finite() && (0.5..=3600.0).contains(&options.seconds),
        "--seconds takes a number between 0.5 and 3600"
    );
    if cfg!(debug_assertions) {
        // A slow load generator would measure itself.
        return again_in_release();
    }
    steps::cargo("build --release --locked --package tallystick".split(' '))?;
    let this = std::env::current_exe()?;
    let binary = this.with_file_name("tallystick");
    ensure!(
        binary.is_file(),
        "cargo built no tallystick beside this tool"
    );
    let target = this
        .ancestors()
        .nth(2)
        .context("the target folder")?
        .to_owned();

    let scratch = Scratch::new(&target)?;
    let mut report = Report::new(options.date.clone())?;
    say("measuring a flush of the disk");
    report.flush = machine::flush_time(scratch.folder())?;
    let engine = Engine::start(&options.database, &scratch)?;
    report.engine = engine.version()?;
    report.binary_bytes = server::stripped_size(&binary, &scratch)?;

    Run {
        options,
        seconds: Duration::from_secs_f64(options.seconds),
        binary,
        scratch: &scratch,
        engine,
        acknowledged: 0,
    }
    .all(&mut report)?;

    println!("\n{report}");
    if options.write_results {
        report.append(&steps::root().join("bench/RESULTS.md"))?;
        say("written to bench/RESULTS.md");
    }
    Ok(())
}

fn again_in_release() -> Result<()> {
    steps::cargo(
        "run --release --locked --quiet --package xtask --"
            .split(' ')
            .map(Into::into)
            .chain(std::env::args_os().skip(1)),
    )
}

fn say(text: &str) {
    println!("bench: {text}");
}

struct Run<'a> {
    options: &'a Options,
    seconds: Duration,
    binary: PathBuf,
    scratch: &'a Scratch,
    engine: Engine,
    /// Orders that the server has answered with 200.
    acknowledged: u64,
}

impl<'a> Run<'a> {
    fn all(mut self, report: &mut Report) -> Result<()> {
        say("migrating and seeding the database");
        let url = self.engine.server_url();
        let mut migrate = Command::new(&self.binary);
        migrate.args(["migrate", "--database", &url]);
        server::quiet(migrate, "tallystick migrate")?;
        let server = self.serve()?;
        let organizations: Vec<Organization> = (0..self.options.organizations)
            .map(|_| server.organization())
            .collect::<Result<_>>()?;
        server.stop()?;
        let ids = organizations.iter().map(|o| o.id.clone()).collect();
        self.engine
            .copy_for_raw(ids, organizations[0].product.clone())?;
        let before = self.engine.count_orders()?;

        let server = self.serve()?;
        self.measure(&server, &organizations, report)?;
        say("stopping the server");
        server.stop()?;

        say("checking the books");
        self.engine
            .check(before + self.acknowledged)
            .context("after the load the database is not as it should be")?;
        say(&format!(
            "{} orders acknowledged, all of them stored; every balance is the sum of its postings",
            self.acknowledged
        ));
        say("starting the server on the loaded database");
        let mut starts = Vec::new();
        for _ in 0..3 {
            let server = self.serve()?;
            starts.push(server.started_in);
            // It is ready before it listens to signals.
            std::thread::sleep(Duration::from_millis(100));
            server.stop()?;
        }
        report.start = median(&mut starts);
        report.orders = before + self.acknowledged;
        Ok(())
    }

    fn serve(&self) -> Result<Server<'a>> {
        Server::start(&self.binary, &self.engine.server_url(), self.scratch)
    }

    fn measure(
        &mut self,
        server: &Server,
        organizations: &[Organization],
        report: &mut Report,
    ) -> Result<()> {
        let (half, quarter) = (self.seconds / 2, self.seconds / 4);
        let connections = usize::from(self.options.connections);
        let order = Request::order(organizations, false);
        let mut client = Client::connect(server.port, connections)?;
        std::thread::sleep(Duration::from_millis(300));
        report.idle_memory = server.memory()?.0;

        say("warming up");
        self.closed(&mut client, &order, connections, quarter)?;
        self.engine.raw(quarter)?;

        let mut rates = Vec::new();
        let mut ratios = Vec::new();
        let mut total = Figures::default();
        let mut raws = vec![self.raw_once(quarter)?];
        for round in 1..=ROUNDS {
            say(&format!(
                "orders, {connections} connections, round {round} of {ROUNDS}"
            ));
            let used = self.used(server)?;
            let outcome = self.closed(&mut client, &order, connections, half)?;
            total.add(&outcome, &self.used(server)?.since(&used));
            rates.push(outcome.per_second());
            say(&format!("{:.0} orders/s", outcome.per_second()));
            raws.push(self.raw_once(quarter)?);
            let around = (raws[round - 1].per_second + raws[round].per_second) / 2.0;
            ratios.push(outcome.per_second() / around);
        }
        let peak = median(&mut rates);
        report.ratio = median(&mut ratios);
        report.loaded_memory = server.memory()?.0;
        report.lines.push(Line {
            per_second: peak,
            ..total.line("orders", &format!("{connections}"))
        });
        let mut raw_rates: Vec<f64> = raws.iter().map(|raw| raw.per_second).collect();
        raws[0].per_second = median(&mut raw_rates);
        report.raw.push(raws.swap_remove(0));

        say("orders with an idempotency key each");
        let keyed = Request::order(organizations, true);
        let line = self.line(server, "orders, each with an Idempotency-Key", |run| {
            run.closed(&mut client, &keyed, connections, half)
        })?;
        report.lines.push(Line {
            connections: format!("{connections}"),
            ..line
        });

        say("orders, one connection");
        let line = self.line(server, "orders", |run| {
            run.closed(&mut client, &order, 1, half)
        })?;
        report.lines.push(Line {
            connections: "1".into(),
            ..line
        });

        let rate = peak / 2.0;
        say(&format!("orders, {rate:.0} a second on a fixed schedule"));
        let seconds = self.seconds;
        let line = self.line(
            server,
            "orders at half of the peak, fixed schedule",
            |run| {
                let outcome = client.open_loop(&order, rate, seconds)?;
                run.acknowledged += outcome.answered;
                outcome.fail_if_wrong()?;
                Ok(outcome)
            },
        )?;
        report.lines.push(Line {
            connections: format!("{connections}"),
            ..line
        });

        for (what, request) in [
            ("balance (one read)", Request::balance(organizations)),
            (
                "order refused: below_minimum_quantity",
                Request::refused(organizations),
            ),
        ] {
            say(what);
            let line = self.line(server, what, |_| {
                let outcome = client.closed_loop(&request, connections, half)?;
                outcome.fail_if_wrong()?;
                Ok(outcome)
            })?;
            report.lines.push(Line {
                connections: format!("{connections}"),
                ..line
            });
        }
        report.peak_memory = server.memory()?.1;
        say("the bare database in other ways");
        report.raw.extend(self.engine.raw_variants(quarter)?);
        Ok(())
    }

    fn closed(
        &mut self,
        client: &mut Client,
        order: &Request,
        connections: usize,
        time: Duration,
    ) -> Result<Outcome> {
        let outcome = client.closed_loop(order, connections, time)?;
        self.acknowledged += outcome.answered;
        outcome.fail_if_wrong()?;
        Ok(outcome)
    }

    fn raw_once(&mut self, time: Duration) -> Result<RawLine> {
        let raw = self.engine.raw(time)?;
        say(&format!("{}: {:.0} orders/s", raw.what, raw.per_second));
        Ok(raw)
    }

    fn line(
        &mut self,
        server: &Server,
        what: &str,
        run: impl FnOnce(&mut Self) -> Result<Outcome>,
    ) -> Result<Line> {
        let used = self.used(server)?;
        let outcome = run(self)?;
        let mut figures = Figures::default();
        figures.add(&outcome, &self.used(server)?.since(&used));
        let line = figures.line(what, "");
        say(&format!("{:.0}/s", line.per_second));
        Ok(line)
    }

    fn used(&self, server: &Server) -> Result<report::Used> {
        Ok(report::Used {
            server: machine::cpu_time(server.pid())?,
            database: self.engine.cpu_time()?,
            client: machine::cpu_time(std::process::id())?,
        })
    }
}

fn median<T: PartialOrd + Copy>(values: &mut [T]) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    values[values.len() / 2]
}

/// Calls `probe` until it is true.
fn wait_until(what: &str, limit: Duration, mut probe: impl FnMut() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + limit;
    while !probe()? {
        if Instant::now() > deadline {
            bail!("waited {limit:?} in vain: {what}");
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}
