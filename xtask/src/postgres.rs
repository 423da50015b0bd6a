//! Sees to it that the binaries of a PostgreSQL server are there.

use crate::packages::{install, output};
use anyhow::{Result, bail};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
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
    if env::var_os("TALLYSTICK_PG_BIN").is_some() {
        bail!(HELP);
    }
    let script = r#"mkdir -p "${1%/*}" && echo "create_main_cluster = false" > "$1""#;
    let configure = ["sh", "-c", script, "sh", CLUSTER_CONFIG];
    let before = (!Path::new(CLUSTER_CONFIG).exists()).then_some(&configure[..]);
    if let Err(error) = install(&["postgresql"], before) {
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
