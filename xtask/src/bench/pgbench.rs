//! PostgreSQL with durable commits, and what it can do itself, by pgbench.

use super::{engine::checks, machine, report::RawLine, scratch::Scratch, server::quiet};
use crate::postgres;
use anyhow::{Context, Result, bail, ensure};
use std::{
    fs::{self, OpenOptions},
    io::Write,
    net::TcpListener,
    path::{Path, PathBuf},
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

pub struct Postgres {
    bin: PathBuf,
    folder: PathBuf,
    /// A database to give orders from.
    admin: String,
    server: String,
    raw: String,
    /// The server's process, where it is ours.
    pid: Option<u32>,
    scripts: Vec<PathBuf>,
    runs: u32,
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
            scripts: Vec::new(),
            runs: 0,
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
            scripts: Vec::new(),
            runs: 0,
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

    fn number(&self, database: &str, sql: &str) -> Result<u64> {
        let text = self.sql(database, sql)?;
        text.parse()
            .with_context(|| format!("`{sql}` answered {text}"))
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

    pub fn copy_for_raw(&mut self, organizations: &[String], product: &str) -> Result<()> {
        let (from, to) = (name_in(&self.server), name_in(&self.raw));
        self.sql(
            &self.admin,
            &format!("CREATE DATABASE {to} TEMPLATE {from}"),
        )?;
        for (n, organization) in organizations.iter().enumerate() {
            for pipelined in [false, true] {
                let path = script_path(&self.folder, n, pipelined);
                fs::write(&path, script(organization, product, pipelined))?;
            }
            self.scripts.push(script_path(&self.folder, n, false));
        }
        Ok(())
    }

    pub fn count_orders(&self) -> Result<u64> {
        self.number(&self.server, "SELECT COUNT(*) FROM orders")
    }

    pub fn cpu_time(&self) -> Result<Duration> {
        match self.pid {
            Some(pid) => machine::cpu_time_with_children(pid),
            None => Ok(Duration::ZERO),
        }
    }

    /// Orders through pgbench. `pipelined`: all statements after the first one travel together.
    pub fn run(&mut self, time: Duration, clients: u32, pipelined: bool) -> Result<RawLine> {
        self.runs += 1;
        let seconds = time.as_secs_f64().ceil().max(1.0);
        let mut pgbench = Command::new(self.bin.join("pgbench"));
        pgbench
            .args(["-n", "-M", "prepared", "-D", "n=0", "-D"])
            .arg(format!("run={}", self.runs))
            .arg(format!("--client={clients}"))
            .arg(format!("--time={seconds}"));
        for n in 0..self.scripts.len() {
            pgbench
                .arg("-f")
                .arg(script_path(&self.folder, n, pipelined));
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

    pub fn check(&self, orders: u64) -> Result<()> {
        for (name, sql, wanted) in checks(orders) {
            let found = self.number(&self.server, sql)?;
            ensure!(found == wanted, "{name}: {found}, not {wanted}");
        }
        Ok(())
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

fn script_path(folder: &Path, n: usize, pipelined: bool) -> PathBuf {
    folder.join(format!(
        "order-{n}{}.sql",
        if pipelined { "-pipelined" } else { "" }
    ))
}

/// The server's statements for an order. Ids have 36 characters and grow, as the server's do.
fn script(organization: &str, product: &str, pipelined: bool) -> String {
    let (start, end) = if pipelined {
        ("\\startpipeline\n", "\\endpipeline\n")
    } else {
        ("", "")
    };
    format!(
        r#"\set n :n + 1
\set id 1000000000000000 + (:run * 100 + :client_id) * 1000000000 + :n
\set now 1800000000000000 + :n
BEGIN;
UPDATE credit_accounts SET balance = balance + -120 WHERE account_id = '{organization}' AND balance + -120 >= 0 RETURNING balance \gset
{start}INSERT INTO postings (account_id, posting_id, number, amount, kind, reference, balance_after, created_at) VALUES ('{organization}', '01950000-0000-7000-8' || :id, 'CR-' || :id, -120, 'order', '01950000-0000-7000-8' || :id, :balance, :now);
INSERT INTO orders (organization_id, order_id, order_number, payment_type, order_status, payment_status, total, created_at) VALUES ('{organization}', '01950000-0000-7000-8' || :id, 'ORD-' || :id, 'credit', 'establish', 'complete', 120, :now);
INSERT INTO order_details (order_id, order_detail_id, organization_id, product_id, title, product_type, price, subtotal, units, quantity, link, username, comments, runs, interval_minutes, min_quantity, max_quantity, delay_minutes, new_post_count, old_post_count, expiry_date, dispatch_state, supplier_service_id) VALUES ('01950000-0000-7000-8' || :id, '01950000-0000-7000-8' || :id, '{organization}', '{product}', 'Audience growth, standard', 'ch2_default', 1200, 120, 100, 100, 'https://example.com/p/' || :n, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'queued', '101');
INSERT INTO jobs (job_id, kind, dedupe_key, payload, run_at, attempts, lease_owner, created_at) VALUES ('01950000-0000-7000-8' || :id, 'orders.dispatch', NULL, '{{"organization_id":"{organization}","order_id":"01950000-0000-7000-8' || :id || '"}}', :now, 0, NULL, :now) ON CONFLICT (dedupe_key) DO NOTHING;
COMMIT;
{end}"#
    )
}
