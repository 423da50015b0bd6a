//! Sees to it that the binaries of a PostgreSQL server are there.

use crate::steps::{program, run};
use anyhow::{Result, bail};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const HELP: &str = "the tests need the binaries of a PostgreSQL server (initdb, pg_ctl, postgres).\n\
    Install one with your package manager (Debian and Ubuntu: apt-get install postgresql; macOS: brew install postgresql),\n\
    or set TALLYSTICK_PG_BIN to the folder that holds them, then run `cargo xtask test` again";

/// The Debian package would otherwise make and start a server that nobody here uses.
const CLUSTER_CONFIG: &str = "/etc/postgresql-common/createcluster.conf";

/// Finds the binaries, or installs them.
pub fn ensure() -> Result<()> {
    if let Some(folder) = binaries() {
        println!("xtask: PostgreSQL in {}", folder.display());
        return Ok(());
    }
    if env::var_os("TALLYSTICK_PG_BIN").is_some() || program("apt-get").is_none() {
        bail!(HELP);
    }
    let root = output(Command::new("id").arg("-u")).is_some_and(|id| id == "0");
    if !root && program("sudo").is_none() {
        bail!("cannot install PostgreSQL: you are not root and there is no sudo; {HELP}");
    }
    println!("xtask: no PostgreSQL server here, installing one");
    let privileged = |words: &[&str]| {
        let mut command = Command::new(if root { "env" } else { "sudo" });
        if !root {
            command.arg("env");
        }
        command.arg("DEBIAN_FRONTEND=noninteractive").args(words);
        run(command)
    };
    let installed = || -> Result<()> {
        if !Path::new(CLUSTER_CONFIG).exists() {
            let script = r#"mkdir -p "${1%/*}" && echo "create_main_cluster = false" > "$1""#;
            privileged(&["sh", "-c", script, "sh", CLUSTER_CONFIG])?;
        }
        privileged(&["apt-get", "update"])?;
        privileged(&[
            "apt-get",
            "install",
            "-y",
            "--no-install-recommends",
            "postgresql",
        ])
    };
    if let Err(error) = installed() {
        bail!("{error:#}; {HELP}");
    }
    match binaries() {
        Some(folder) => {
            println!("xtask: PostgreSQL in {}", folder.display());
            Ok(())
        }
        None => bail!("apt-get installed a PostgreSQL that cannot be found; {HELP}"),
    }
}

/// Where `testkit::postgres::binaries` looks, too: this tool builds without the rest of the workspace.
pub fn binaries() -> Option<PathBuf> {
    let complete = |folder: &PathBuf| {
        ["initdb", "pg_ctl", "postgres"]
            .iter()
            .all(|name| folder.join(name).is_file())
    };
    if let Some(folder) = env::var_os("TALLYSTICK_PG_BIN") {
        return Some(PathBuf::from(folder)).filter(complete);
    }
    let packaged = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let path = env::var_os("PATH").unwrap_or_default();
    output(Command::new("pg_config").arg("--bindir"))
        .map(PathBuf::from)
        .into_iter()
        .chain(packaged.flatten().map(|version| version.path().join("bin")))
        .chain(env::split_paths(&path))
        .find(complete)
}

fn output(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
