//! Sees to it that the browser tests can run: Node.js, Chromium and the npm packages they pin.

use crate::packages::{install, output};
use crate::steps::{program, root, run};
use anyhow::{Result, bail};
use std::env;
use std::path::PathBuf;
use std::process::Command;

/// The oldest Node.js whose test runner and fetch the tests use.
const OLDEST_NODE: u32 = 20;

const HELP: &str = "the browser tests need Node.js (20 or newer), npm and Chromium.\n\
    Install them with your package manager, or set CHROMIUM to a Chromium or Chrome, then run `cargo xtask test` again";

/// Finds what the browser tests need, or installs it.
pub fn ensure() -> Result<()> {
    let missing: Vec<&str> = [
        ("nodejs", node_version().is_some()),
        ("npm", program("npm").is_some()),
        ("chromium", chromium().is_some()),
    ]
    .into_iter()
    .filter_map(|(package, there)| (!there).then_some(package))
    .collect();
    if !missing.is_empty()
        && let Err(error) = install(&missing, None)
    {
        bail!("{error:#}; {HELP}");
    }
    match (node_version(), chromium()) {
        (Some(version), _) if version < OLDEST_NODE => {
            bail!("Node.js {version} is too old; {HELP}")
        }
        (Some(version), Some(chromium)) => {
            println!(
                "xtask: Node.js {version}, Chromium in {}",
                chromium.display()
            );
        }
        _ => bail!(HELP),
    }
    let mut command = Command::new("npm");
    command
        .args([
            "ci",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--loglevel=error",
        ])
        .current_dir(root().join("sdk/compat"));
    run(command)
}

fn node_version() -> Option<u32> {
    let version = output(Command::new("node").arg("--version"))?;
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

fn chromium() -> Option<PathBuf> {
    env::var_os("CHROMIUM")
        .map(PathBuf::from)
        .or_else(|| program("chromium"))
        .or_else(|| program("chromium-browser"))
        .or_else(|| program("google-chrome"))
}
