//! Installs packages of the system, where there is apt-get.

use crate::steps::{program, run};
use anyhow::{Result, bail};
use std::process::{Command, Stdio};

/// Installs Debian packages, as root or through sudo. `before` is run first, with the same rights.
pub fn install(packages: &[&str], before: Option<&[&str]>) -> Result<()> {
    if program("apt-get").is_none() {
        bail!("there is no apt-get here");
    }
    let root = output(Command::new("id").arg("-u")).is_some_and(|id| id == "0");
    if !root && program("sudo").is_none() {
        bail!(
            "cannot install {}: you are not root and there is no sudo",
            packages.join(", ")
        );
    }
    println!("xtask: installing {}", packages.join(", "));
    let privileged = |words: &[&str]| {
        let mut command = Command::new(if root { "env" } else { "sudo" });
        if !root {
            command.arg("env");
        }
        command.arg("DEBIAN_FRONTEND=noninteractive").args(words);
        run(command)
    };
    if let Some(before) = before {
        privileged(before)?;
    }
    privileged(&["apt-get", "update"])?;
    let install = ["apt-get", "install", "-y", "--no-install-recommends"];
    privileged(&[&install, packages].concat())
}

/// What a command prints, if it succeeds.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
