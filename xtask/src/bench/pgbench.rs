//! PostgreSQL with durable commits, and what it can do itself, by pgbench.

use super::{
    bare::{Bare, first_number},
    machine,
    report::RawLine,
    scratch::Scratch,
    server::quiet,
};
use crate::postgres;
use anyhow::{Context, Result, bail, ensure};
use std::{
    fs::{self, OpenOptions},
    io::Write,
    net::TcpListener,
    path::PathBuf,
    process::Command,
    time::Duration,
};

/// Durability is the default, and said all the same.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = on
synchronous_commit = on
full_page_writes = on
shared_buffers = 512MB
max_wal_size = 8GB
max_connections = 100
timezone = 'UTC'
";

/// For how many transactions of each client a second things are prepared.
const MOST_A_SECOND: f64 = 5_000.0;

pub struct Postgres {
    bin: PathBuf,
    folder: PathBuf,
    /// A database to give commands from.
    admin: String,
    server: String,
    raw: String,
    /// The server's process, where it is ours.
    pid: Option<u32>,
}

impl Postgres {
    /// A server of our own, on the disk.
    pub fn private(scratch: &Scratch) -> Result<Self> {
        super::say("starting a PostgreSQL server");
        let bin = binaries()?;
        let folder = scratch.folder().join("postgres");
        fs::create_dir(&folder)?;
        // PostgreSQL refuses to run as root.
        let privileged = rustix::process::getuid().is_root();
        let prefix: &[&str] = if privileged {
            &[
                "setpriv",
                "--reuid=postgres",
                "--regid=postgres",
                "--clear-groups",
                "--",
            ]
        } else {
            &["env"]
        };
        if privileged {
            let mut chown = Command::new("chown");
            chown.arg("postgres").arg(&folder);
            quiet(chown, "chown")?;
        }
        let run = |program: &str| {
            let mut command = Command::new(prefix[0]);
            command
                .args(&prefix[1..])
                .arg(bin.join(program))
                .env("LC_ALL", "C")
                .current_dir("/");
            command
        };
        let data = folder.join("data");
        let mut init = run("initdb");
        init.arg("-D").arg(&data);
        init.args([
            "-U",
            "tallystick",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
        ]);
        quiet(init, "initdb")?;
        OpenOptions::new()
            .append(true)
            .open(data.join("postgresql.conf"))?
            .write_all(SETTINGS.as_bytes())?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        scratch.at_end(
            "2-postgres",
            &format!(
                "cd / && {} '{}' -D '{}' -m immediate -w stop",
                prefix.join(" "),
                bin.join("pg_ctl").display(),
                data.display()
            ),
        )?;
        let mut start = run("pg_ctl");
        start.arg("-D").arg(&data).arg("-l").arg(folder.join("log"));
        start.args(["-o", &format!("-p {port}"), "-w", "-t", "60", "start"]);
        // Not to a pipe, whose other end the server would keep.
        let status = start
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .status()?;
        ensure!(
            status.success(),
            "PostgreSQL does not start:\n{}",
            fs::read_to_string(folder.join("log")).unwrap_or_default()
        );
        let pid = fs::read_to_string(data.join("postmaster.pid"))?;
        let url = |name: &str| format!("postgres://tallystick@127.0.0.1:{port}/{name}");
        let this = Self {
            bin,
            folder: scratch.folder().to_owned(),
            admin: url("postgres"),
            server: url("bench_server"),
            raw: url("bench_raw"),
            pid: pid.lines().next().and_then(|line| line.parse().ok()),
        };
        this.sql(
            &this.admin,
            "CREATE DATABASE bench_server TEMPLATE template0",
        )?;
        Ok(this)
    }

    /// A server that runs already; its settings are as they are.
    pub fn at(url: &str, scratch: &Scratch) -> Result<Self> {
        let (address, options) = url.split_once('?').unwrap_or((url, ""));
        let authority = address.find("://").map_or(0, |at| at + 3);
        let base = match address[authority..].find('/') {
            Some(slash) => &address[..authority + slash],
            None => address,
        };
        let named = |name: &str| {
            let name = format!("tallystick_bench_{}_{name}", std::process::id());
            let question = if options.is_empty() { "" } else { "?" };
            format!("{base}/{name}{question}{options}")
        };
        let this = Self {
            bin: binaries()?,
            folder: scratch.folder().to_owned(),
            admin: url.to_owned(),
            server: named("server"),
            raw: named("raw"),
            pid: None,
        };
        let drop = |database: &str| {
            format!(
                "'{}' '{url}' -c 'DROP DATABASE IF EXISTS {} WITH (FORCE)'\n",
                this.bin.join("psql").display(),
                name_in(database)
            )
        };
        scratch.at_end("2-postgres", &(drop(&this.server) + &drop(&this.raw)))?;
        let create = format!(
            "CREATE DATABASE {} TEMPLATE template0",
            name_in(&this.server)
        );
        this.sql(&this.admin, &create)?;
        Ok(this)
    }

    fn sql(&self, database: &str, sql: &str) -> Result<String> {
        let mut psql = Command::new(self.bin.join("psql"));
        psql.args([
            database,
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            sql,
        ]);
        quiet(psql, "psql")
    }

    /// What a query on the server's database answers.
    pub fn ask(&self, sql: &str) -> Result<String> {
        self.sql(&self.server, sql)
    }

    /// Changes the copy that is measured without a server.
    pub fn change_copy(&self, sql: &str) -> Result<()> {
        self.sql(&self.raw, sql).map(drop)
    }

    pub fn version(&self) -> Result<String> {
        let setting = |name: &str| self.sql(&self.admin, &format!("SHOW {name}"));
        let version = setting("server_version")?;
        let version = version.split(' ').next().unwrap_or_default();
        Ok(format!(
            "PostgreSQL {version}, fsync={}, synchronous_commit={}, shared_buffers={}",
            setting("fsync")?,
            setting("synchronous_commit")?,
            setting("shared_buffers")?
        ))
    }

    pub fn server_url(&self) -> String {
        self.server.clone()
    }

    pub fn copy_for_raw(&self) -> Result<()> {
        let (from, to) = (name_in(&self.server), name_in(&self.raw));
        self.sql(
            &self.admin,
            &format!("CREATE DATABASE {to} TEMPLATE {from}"),
        )?;
        // As autovacuum would have found out by itself.
        self.change_copy("ANALYZE")
    }

    pub fn cpu_time(&self) -> Result<Duration> {
        match self.pid {
            Some(pid) => machine::cpu_time_with_children(pid),
            None => Ok(Duration::ZERO),
        }
    }

    /// Units of work through pgbench.
    pub fn run(
        &self,
        bare: &mut Bare,
        time: Duration,
        clients: u32,
        pipelined: bool,
    ) -> Result<RawLine> {
        bare.runs += 1;
        let seconds = time.as_secs_f64().ceil().max(1.0);
        if let Some(before) = bare.before {
            let count = (seconds * MOST_A_SECOND) as u64 / bare.sqlite.len() as u64;
            for client in 0..clients {
                self.change_copy(&before(first_number(bare.runs, client) + 1, count))?;
            }
        }
        let mut pgbench = Command::new(self.bin.join("pgbench"));
        pgbench
            .args(["-n", "-M", "prepared", "-D", "n=0", "-D"])
            .arg(format!("run={}", bare.runs))
            .arg(format!("--client={clients}"))
            .arg(format!("--time={seconds}"));
        let scripts = if pipelined {
            &bare.pipelined
        } else {
            &bare.pgbench
        };
        for (n, script) in scripts.iter().enumerate() {
            let path = self.folder.join(format!("script-{n}.sql"));
            fs::write(&path, script)?;
            pgbench.arg("-f").arg(path);
        }
        pgbench.arg(&self.raw);
        let said = quiet(pgbench, "pgbench")?;
        let field = |name: &str| -> Option<f64> {
            let line = said.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse().ok()
        };
        let failed = field("number of failed transactions: ").unwrap_or(0.0);
        let (Some(per_second), 0.0) = (field("tps = "), failed) else {
            bail!("pgbench says:\n{said}");
        };
        let way = if pipelined { ", pipelined" } else { "" };
        let plural = if clients == 1 { "" } else { "s" };
        Ok(RawLine {
            what: format!("pgbench, {clients} client{plural}{way}"),
            per_second,
            // Its processes have ended, and their share is no longer known apart.
            cpu_micros: f64::NAN,
        })
    }
}

fn binaries() -> Result<PathBuf> {
    postgres::ensure()?;
    let bin = postgres::binaries().context("PostgreSQL")?;
    for program in ["psql", "pgbench"] {
        ensure!(
            bin.join(program).is_file(),
            "{program} is not beside the other binaries of PostgreSQL: install the client's package too"
        );
    }
    Ok(bin)
}

fn name_in(url: &str) -> &str {
    let path = url.split('?').next().unwrap_or_default();
    path.rsplit('/').next().unwrap_or_default()
}
