//! The server under load, as a process of its own.

use super::client::{Caller, Object, get, post};
use super::scratch::Scratch;
use super::{machine, wait_until};
use anyhow::{Context, Result, bail, ensure};
use std::{
    cell::RefCell,
    fs::{self, File, OpenOptions},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Requests are not counted: it is the server that is measured, not its limits.
const CONFIGURATION: &str = "rate_limit = \"off\"\n[billing]\nsandbox_rate_limit = \"off\"\n[forms]\nrate_limit = \"off\"\n";

/// A running server. Dropped, it is killed.
pub struct Server<'s> {
    process: RefCell<Child>,
    pub port: u16,
    /// From its start to its being ready.
    pub started_in: Duration,
    scratch: &'s Scratch,
}

impl<'s> Server<'s> {
    /// Starts it on the database at `url`, with these further arguments.
    pub fn start(binary: &Path, url: &str, args: &[&str], scratch: &'s Scratch) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(scratch.folder().join("server.log"))?;
        fs::write(scratch.folder().join("tallystick.toml"), CONFIGURATION)?;
        let mut command = Command::new(binary);
        clean(&mut command)
            .args([
                "serve",
                "--sandbox",
                "--listen",
                &format!("127.0.0.1:{port}"),
            ])
            .args(args)
            .args(["--database", url])
            .current_dir(scratch.folder())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let begun = Instant::now();
        let process = command.spawn().context("cannot run tallystick")?;
        scratch.at_end("1-server", &format!("kill -9 {}", process.id()))?;
        let mut server = Self {
            process: RefCell::new(process),
            port,
            started_in: Duration::ZERO,
            scratch,
        };
        wait_until(
            "tallystick should be ready",
            Duration::from_secs(60),
            || {
                if let Some(status) = server.process.borrow_mut().try_wait()? {
                    bail!("tallystick ended ({status}):\n{}", server.end_of_log());
                }
                let ready = Caller::connect(port).and_then(|mut c| c.call(&get("/readyz", &[])));
                Ok(matches!(ready, Ok((200, _))))
            },
        )?;
        server.started_in = begun.elapsed();
        Ok(server)
    }

    pub fn pid(&self) -> u32 {
        self.process.borrow().id()
    }

    /// Resident memory now, and at its highest.
    pub fn memory(&self) -> Result<(u64, u64)> {
        machine::memory(self.pid())
    }

    /// Sets up a fixture; the answer is its variables.
    pub fn given(&self, fixture: &str) -> Result<Object> {
        let body = format!(r#"{{"given":["{fixture}"]}}"#);
        let request = post("/sandbox/given", &[], "application/json", &body);
        Caller::connect(self.port)?.object(&request, 200)
    }

    /// Stops it as an operator would.
    pub fn stop(self) -> Result<()> {
        let pid = i32::try_from(self.pid())
            .ok()
            .and_then(rustix::process::Pid::from_raw)
            .context("a process id")?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        let mut status = None;
        wait_until("tallystick should stop", Duration::from_secs(60), || {
            status = self.process.borrow_mut().try_wait()?;
            Ok(status.is_some())
        })?;
        match status {
            Some(status) if status.success() => Ok(()),
            _ => bail!(
                "tallystick did not end well ({status:?}):\n{}",
                self.end_of_log()
            ),
        }
    }

    fn end_of_log(&self) -> String {
        let log = fs::read(self.scratch.folder().join("server.log")).unwrap_or_default();
        let tail = &log[log.len().saturating_sub(4000)..];
        String::from_utf8_lossy(tail).into_owned()
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        let process = self.process.get_mut();
        let _ = process.kill();
        let _ = process.wait();
        self.scratch.done("1-server");
    }
}

/// Keeps settings of the surroundings away from the server.
fn clean(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("TALLYSTICK_") || text == "DATABASE_URL" {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a command whose output matters only when it fails.
pub fn quiet(mut command: Command, what: &str) -> Result<String> {
    let output = clean(&mut command)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {what}"))?;
    ensure!(
        output.status.success(),
        "{what} failed ({}):\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The size of a program without its symbols.
pub fn stripped_size(binary: &Path, scratch: &Scratch) -> Result<u64> {
    let stripped = scratch.folder().join("stripped");
    let mut strip = Command::new("strip");
    strip.arg("-o").arg(&stripped).arg(binary);
    // Without binutils, the program as it is.
    let file = match quiet(strip, "strip") {
        Ok(_) => File::open(&stripped)?,
        Err(_) => File::open(binary)?,
    };
    Ok(file.metadata()?.len())
}
