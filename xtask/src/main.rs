//! The chores of this repository: `cargo xtask --help`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool"
)]

#[cfg(target_os = "linux")]
mod bench;
mod browser;
mod moto;
mod packages;
mod postgres;
mod steps;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::{ffi::OsString, process::ExitCode, time::Instant};

/// The chores of this repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run all tests, after installing what they need: a PostgreSQL server, Node.js, Chromium and moto
    ///
    /// The tests start private PostgreSQL servers and browsers of their own and need nothing but the programs; those that are
    /// missing are installed with apt-get (through sudo unless you are root), moto from PyPI under target/. What follows is passed on to `cargo test`.
    #[command(
        after_long_help = "Examples:\n  cargo xtask test\n  cargo xtask test -p tallystick --test it house\n  cargo xtask test -- --nocapture"
    )]
    Test {
        /// Arguments of `cargo test --workspace --locked --no-fail-fast`; with `-p`, only that package is tested
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Check the format (rustfmt) and the lints (clippy, warnings denied)
    Check,
    /// What the pipeline runs: check, then test
    Ci,
    /// Measure how fast the server is, next to what its database can do at all
    #[cfg(target_os = "linux")]
    #[command(subcommand)]
    Bench(Bench),
}

#[cfg(target_os = "linux")]
#[derive(Subcommand)]
enum Bench {
    /// Place orders over HTTP, all of the product switched on, on SQLite or PostgreSQL with durable commits
    ///
    /// The server and the bare database take turns: what counts is the ratio between them. All files are made
    /// under target/ and taken away again.
    #[command(
        after_long_help = "Examples:\n  cargo xtask bench orders\n  cargo xtask bench orders --database postgres --write-results"
    )]
    Orders(bench::orders::Options),
    /// Begin checkouts and pay them over HTTP, with the simulated card gateway in the same process and database
    #[command(
        after_long_help = "Examples:\n  cargo xtask bench checkout\n  cargo xtask bench checkout --database postgres --write-results"
    )]
    Checkout(bench::checkout::Options),
    /// Ask over HTTP what customers may use
    #[command(
        after_long_help = "Examples:\n  cargo xtask bench entitlements\n  cargo xtask bench entitlements --customers 100000"
    )]
    Entitlements(bench::entitlements::Options),
    /// Fill a form in over HTTP: checked, numbered, certified and found by its text
    #[command(
        after_long_help = "Examples:\n  cargo xtask bench submit\n  cargo xtask bench submit --database postgres --write-results"
    )]
    Submit(bench::submit::Options),
    /// Verify certificates over HTTP, each once
    #[command(
        after_long_help = "Examples:\n  cargo xtask bench verify\n  cargo xtask bench verify --database postgres --verifications 4000"
    )]
    Verify(bench::verify::Options),
}

fn main() -> ExitCode {
    let started = Instant::now();
    let outcome = run(Cli::parse().task);
    let seconds = started.elapsed().as_secs_f32();
    match outcome {
        Ok(()) => {
            println!("xtask: done in {seconds:.1} s");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("xtask: {error:#} (after {seconds:.1} s)");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    match task {
        Task::Test { args } => test(passed_on(args)),
        Task::Check => check(),
        Task::Ci => {
            check()?;
            test(Vec::new())
        }
        #[cfg(target_os = "linux")]
        Task::Bench(bench) => match bench {
            Bench::Orders(options) => bench::orders::run(&options),
            Bench::Checkout(options) => bench::checkout::run(&options),
            Bench::Entitlements(options) => bench::entitlements::run(&options),
            Bench::Submit(options) => bench::submit::run(&options),
            Bench::Verify(options) => bench::verify::run(&options),
        },
    }
}

fn check() -> Result<()> {
    steps::cargo(["fmt", "--all", "--check"])?;
    steps::cargo("clippy --workspace --all-targets --locked -- -D warnings".split(' '))
}

fn test(args: Vec<OsString>) -> Result<()> {
    postgres::ensure()?;
    browser::ensure()?;
    moto::ensure()?;
    let package = |arg: &OsString| {
        let arg = arg.to_string_lossy();
        arg == "--package" || arg.starts_with("--package=") || arg.starts_with("-p")
    };
    let ours = args.iter().take_while(|arg| *arg != "--").any(package);
    let scope = if ours {
        None
    } else {
        Some("--workspace".into())
    };
    steps::cargo(
        ["test".into()]
            .into_iter()
            .chain(scope)
            .chain(["--locked".into(), "--no-fail-fast".into()])
            .chain(args),
    )
}

/// Clap takes a leading `--` for its own, but it is `cargo test`'s.
fn passed_on(args: Vec<OsString>) -> Vec<OsString> {
    let leading = std::env::args_os().nth(2).is_some_and(|arg| arg == "--");
    leading
        .then(|| "--".into())
        .into_iter()
        .chain(args)
        .collect()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_makes_sense() {
        super::Cli::command().debug_assert();
    }
}
