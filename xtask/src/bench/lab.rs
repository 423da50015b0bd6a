//! What every measurement needs: the server's program, a database, and the two in turns.

use super::{
    again_in_release,
    bare::Bare,
    client::Outcome,
    engine::Engine,
    machine, median,
    report::{Figures, Line, Ratio, RawLine, Report, Used, mebibytes},
    say,
    scratch::Scratch,
    server::{self, Server},
};
use crate::steps;
use anyhow::{Context, Result, ensure};
use std::{path::PathBuf, process::Command, time::Duration};

/// How often the server and the bare database take turns.
pub const ROUNDS: usize = 3;

/// What may be set for every measurement.
#[derive(clap::Args)]
pub struct Common {
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
    /// Measure this program instead of building one, to compare versions
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Append the figures to bench/RESULTS.md
    #[arg(long)]
    write_results: bool,
    /// The date that stands over them [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<String>,
}

pub struct Lab<'a> {
    pub seconds: Duration,
    pub connections: usize,
    pub engine: Engine,
    binary: PathBuf,
    scratch: &'a Scratch,
}

/// Runs a measurement and reports it. `title`: of what; `unit`: what the bare database does.
pub fn run(
    options: &Common,
    title: &'static str,
    unit: &'static str,
    measure: impl FnOnce(Lab, &mut Report) -> Result<()>,
) -> Result<()> {
    ensure!(
        options.seconds.is_finite() && (0.5..=3600.0).contains(&options.seconds),
        "--seconds takes a number between 0.5 and 3600"
    );
    if cfg!(debug_assertions) {
        // A slow load generator would measure itself.
        return again_in_release();
    }
    let this = std::env::current_exe()?;
    let binary = match &options.binary {
        Some(binary) => binary.canonicalize().context("--binary")?,
        None => {
            steps::cargo("build --release --locked --package tallystick".split(' '))?;
            this.with_file_name("tallystick")
        }
    };
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
    let built_here = options.binary.is_none();
    let mut report = Report::new(title, unit, options.date.clone(), built_here)?;
    say("measuring a flush of the disk");
    report.flush = machine::flush_time(scratch.folder())?;
    let engine = Engine::start(&options.database, &scratch)?;
    report.engine = engine.version()?;
    let lab = Lab {
        seconds: Duration::from_secs_f64(options.seconds),
        connections: usize::from(options.connections),
        engine,
        binary,
        scratch: &scratch,
    };
    say("migrating the database");
    let mut migrate = Command::new(&lab.binary);
    migrate.args(["migrate", "--database", &lab.engine.server_url()]);
    server::quiet(migrate, "tallystick migrate")?;
    measure(lab, &mut report)?;

    println!("\n{report}");
    if options.write_results {
        report.append(&steps::root().join("bench/RESULTS.md"))?;
        say("written to bench/RESULTS.md");
    }
    Ok(())
}

/// What came of the server and the bare database in turns.
pub struct Turns {
    pub line: Line,
    pub raw: RawLine,
    pub ratio: Ratio,
}

impl<'a> Lab<'a> {
    /// Starts the server with these further arguments.
    pub fn serve(&self, args: &[&str]) -> Result<Server<'a>> {
        Server::start(&self.binary, &self.engine.server_url(), args, self.scratch)
    }

    pub fn stripped_size(&self) -> Result<u64> {
        server::stripped_size(&self.binary, self.scratch)
    }

    /// Applies a load to the server, and the bare database's work for `time`, in turns. The bare database has the first
    /// turn and the last, and a round of the server is compared to the two turns beside it.
    pub fn in_turns(
        &mut self,
        what: &str,
        server: &Server,
        bare: &mut Bare,
        time: Duration,
        mut load: impl FnMut(&Self) -> Result<Outcome>,
    ) -> Result<Turns> {
        let mut rates = Vec::new();
        let mut ratios = Vec::new();
        let mut total = Figures::default();
        let mut raws = vec![self.raw(bare, time)?];
        for round in 1..=ROUNDS {
            let used = self.used(server)?;
            let outcome = load(self)?;
            total.add(&outcome, &self.used(server)?.since(&used));
            let rate = outcome.per_second();
            say(&format!("{what}, round {round} of {ROUNDS}: {rate:.0}/s"));
            rates.push(rate);
            raws.push(self.raw(bare, time)?);
            ratios.push(rate * 2.0 / (raws[round - 1].per_second + raws[round].per_second));
        }
        let line = Line {
            per_second: median(&mut rates),
            ..total.line(what, self.connections)
        };
        let mut raw_rates: Vec<f64> = raws.iter().map(|raw| raw.per_second).collect();
        let raw = RawLine {
            per_second: median(&mut raw_rates),
            ..raws.swap_remove(0)
        };
        Ok(Turns {
            line,
            raw,
            ratio: Ratio::of(ratios),
        })
    }

    fn raw(&mut self, bare: &mut Bare, time: Duration) -> Result<RawLine> {
        let raw = self.engine.raw(bare, time)?;
        say(&format!("{}: {:.0}/s", raw.what, raw.per_second));
        Ok(raw)
    }

    /// Applies a load to the server once.
    pub fn once(
        &self,
        what: &str,
        server: &Server,
        connections: usize,
        load: impl FnOnce() -> Result<Outcome>,
    ) -> Result<Line> {
        say(what);
        let used = self.used(server)?;
        let outcome = load()?;
        let mut figures = Figures::default();
        figures.add(&outcome, &self.used(server)?.since(&used));
        let line = figures.line(what, connections);
        say(&format!("{:.0}/s", line.per_second));
        Ok(line)
    }

    fn used(&self, server: &Server) -> Result<Used> {
        Ok(Used {
            server: machine::cpu_time(server.pid())?,
            database: self.engine.cpu_time()?,
            client: machine::cpu_time(std::process::id())?,
        })
    }
}

/// How much memory the server had, before a load, after it and at most.
pub fn memory_note(idle: u64, server: &Server) -> Result<String> {
    let (now, most) = server.memory()?;
    Ok(format!(
        "Memory: {} idle, {} under load, {} at most.",
        mebibytes(idle),
        mebibytes(now),
        mebibytes(most)
    ))
}
