//! Sees to it that the tests against S3 have a server: moto, in a virtual environment of its own under target/.

use crate::packages::install;
use crate::steps::{program, root, run};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const HELP: &str = "the tests against S3 need Python 3.10 or newer with venv and pip, and moto from PyPI.\n\
    Install Python with your package manager (Debian and Ubuntu: apt-get install python3-venv), or set TALLYSTICK_MOTO to a moto_server, \
    then run `cargo xtask test` again";

/// What is installed, with every version.
const WANTED: &str = include_str!("../moto.txt");

/// Finds the server, or installs it.
pub fn ensure() -> Result<()> {
    if let Some(server) = env::var_os("TALLYSTICK_MOTO") {
        let server = PathBuf::from(server);
        if !server.is_file() {
            bail!(
                "TALLYSTICK_MOTO is {}, which is no file; {HELP}",
                server.display()
            );
        }
        println!("xtask: moto in {}", server.display());
        return Ok(());
    }
    let folder = root().join("target/moto");
    let (server, installed) = (folder.join("bin/moto_server"), folder.join("installed.txt"));
    let is_current = fs::read_to_string(&installed).is_ok_and(|text| text == WANTED);
    if !is_current || !server.is_file() {
        if let Err(error) = make(&folder) {
            bail!("{error:#}; {HELP}");
        }
        fs::write(&installed, WANTED).context("noting what was installed")?;
    }
    println!("xtask: moto in {}", server.display());
    Ok(())
}

fn make(folder: &Path) -> Result<()> {
    let make = || {
        let mut command = Command::new("python3");
        command.args(["-m", "venv", "--clear"]).arg(folder);
        run(command)
    };
    if program("python3").is_none() || make().is_err() {
        install(&["python3-venv"], None)?;
        make()?;
    }
    let mut pip = Command::new(folder.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", "-r"])
        .arg(root().join("xtask/moto.txt"));
    run(pip)
}
