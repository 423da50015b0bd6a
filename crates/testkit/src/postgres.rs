//! A PostgreSQL of the tests' own, from the binaries of the distribution.
//!
//! [`cluster()`] starts one per process when a test first asks for it: fresh data in a temporary folder,
//! loopback only, durability switched off. A supervisor shell holds the other end of a pipe and takes
//! server and folder away when the process ends, however it ends.
//!
//! ```text
//! let database = testkit::postgres::cluster().create_database();
//! connect(database.url());
//! ```

use std::{
    collections::HashMap,
    env, fmt, fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread,
};
use tempfile::TempDir;

/// Where to look for `initdb` before anywhere else.
pub const BIN_VARIABLE: &str = "TALLYSTICK_PG_BIN";

const MISSING: &str = "the binaries of a PostgreSQL server (initdb, pg_ctl, postgres) are not here.\n\
    Run the tests with `cargo xtask test`, which installs them where it can, or `apt-get install postgresql`,\n\
    or set TALLYSTICK_PG_BIN to the folder that holds them.";

const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
max_connections = 300
shared_buffers = 64MB
# The data need not outlive the machine, only a crash of the server.
fsync = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
# A worker inside a template would hold up its copies.
autovacuum = off
jit = off
timezone = 'UTC'
";

/// Obeys one line at a time, answers each; at the end of its input, takes everything away.
/// Arguments: the cluster's folder, the folder of the binaries, the superuser, the command that drops privileges.
const SUPERVISOR: &str = r#"
trap '' HUP INT TERM PIPE
dir=$1 bin=$2 user=$3 run=$4
while read -r verb port; do
    case $verb in
        init) $run "$bin/initdb" -D "$dir/data" -U "$user" -A trust -E UTF8 --locale=C --no-sync ;;
        start) $run "$bin/pg_ctl" -D "$dir/data" -l "$dir/server.log" -o "-p $port" -w -t 60 start ;;
        stop) $run "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop ;;
    esac </dev/null >>"$dir/supervisor.log" 2>&1 && echo done || echo failed
done
$run "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop </dev/null >/dev/null 2>&1
rm -rf "$dir"
"#;

/// The cluster that the tests of this process share.
///
/// # Panics
/// When it cannot be started; the text says what to do.
pub fn cluster() -> &'static Cluster {
    static SHARED: OnceLock<Result<Cluster, String>> = OnceLock::new();
    match SHARED.get_or_init(|| Cluster::launch(true)) {
        Ok(cluster) => cluster,
        Err(error) => panic!("{error}"),
    }
}

/// The folder with `initdb`, `pg_ctl` and `postgres`: `$TALLYSTICK_PG_BIN`, what `pg_config` says,
/// the highest version under `/usr/lib/postgresql`, or the `PATH`; else a text that says how to get them.
pub fn binaries() -> Result<PathBuf, String> {
    let complete = |folder: &PathBuf| {
        ["initdb", "pg_ctl", "postgres"]
            .iter()
            .all(|name| folder.join(name).is_file())
    };
    if let Some(folder) = env::var_os(BIN_VARIABLE).map(PathBuf::from) {
        return if complete(&folder) {
            Ok(folder)
        } else {
            Err(format!(
                "{BIN_VARIABLE} is {}, which lacks one of initdb, pg_ctl and postgres",
                folder.display()
            ))
        };
    }
    let configured = Command::new("pg_config")
        .arg("--bindir")
        .stderr(Stdio::null())
        .output()
        .ok()
        .filter(|output| output.status.success())
        .map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    let mut packaged: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|version| {
            let number = version.file_name().to_str()?.parse().ok()?;
            Some((number, version.path().join("bin")))
        })
        .collect();
    packaged.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    let path = env::var_os("PATH").unwrap_or_default();
    configured
        .into_iter()
        .chain(packaged.into_iter().map(|(_, folder)| folder))
        .chain(env::split_paths(&path))
        .find(complete)
        .ok_or_else(|| MISSING.to_owned())
}

/// A running PostgreSQL server with its data.
#[derive(Debug)]
pub struct Cluster {
    supervisor: Mutex<Supervisor>,
    folder: PathBuf,
    user: String,
    port: u16,
    shared: bool,
    creating: Admin,
    dropping: Admin,
    /// How to copy a database quickest.
    strategy: &'static str,
    databases: AtomicU32,
    templates: Mutex<HashMap<String, Arc<OnceLock<()>>>>,
}

impl Cluster {
    /// A cluster that nobody else uses: for tests that stop the server.
    ///
    /// # Panics
    /// When it cannot be started; the text says what to do.
    pub fn private() -> Self {
        Self::launch(false).unwrap_or_else(|error| panic!("{error}"))
    }

    fn launch(shared: bool) -> Result<Self, String> {
        let bin = binaries()?;
        let owner = Owner::find()?;
        let folder = owner.folder()?;
        let suffix = folder.path().extension().unwrap_or_default();
        let user = format!(
            "tallystick_{}",
            suffix.to_string_lossy().to_ascii_lowercase()
        );
        let mut supervisor = Supervisor::spawn(folder.path(), &bin, &user, &owner.command)?;
        // From here on the supervisor takes the folder away.
        let folder = folder.keep();

        supervisor.order("init", &folder)?;
        let settings = format!(
            "{SETTINGS}unix_socket_directories = '{}'\n",
            folder.display()
        );
        fs::OpenOptions::new()
            .append(true)
            .open(folder.join("data/postgresql.conf"))
            .and_then(|mut file| file.write_all(settings.as_bytes()))
            .map_err(|error| format!("cannot write postgresql.conf: {error}"))?;
        let version = fs::read_to_string(folder.join("data/PG_VERSION")).unwrap_or_default();
        // Before 15 it was the only one and had no name.
        let strategy = match version.trim().parse::<u32>() {
            Ok(15..) => "STRATEGY file_copy",
            _ => "",
        };
        // Somebody may take a free port before the server does.
        let mut attempt = 0;
        let port = loop {
            let port = free_port()?;
            match supervisor.order(&format!("start {port}"), &folder) {
                Ok(()) => break port,
                Err(error) if attempt == 4 => return Err(error),
                Err(_) => attempt += 1,
            }
        };
        let address = format!("postgres://{user}@127.0.0.1:{port}/postgres");
        Ok(Self {
            supervisor: Mutex::new(supervisor),
            folder,
            user,
            port,
            shared,
            creating: Admin::spawn(address.clone()),
            dropping: Admin::spawn(address),
            strategy,
            databases: AtomicU32::new(0),
            templates: Mutex::default(),
        })
    }

    /// The TCP port on 127.0.0.1. It stays the same over [`stop`](Self::stop) and [`start`](Self::start).
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The folder of the Unix socket: the `host` of a connection that does not go over TCP.
    pub fn socket_folder(&self) -> &Path {
        &self.folder
    }

    /// The address of a database: `postgres://user@127.0.0.1:port/name`.
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgres://{}@127.0.0.1:{}/{database}",
            self.user, self.port
        )
    }

    /// An empty database with a name of its own.
    ///
    /// # Panics
    /// When PostgreSQL refuses.
    pub fn create_database(&self) -> ScratchDatabase {
        self.create_database_from("template0")
    }

    /// A copy of a [template](Self::create_template).
    ///
    /// # Panics
    /// When PostgreSQL refuses, as when there is no such template.
    pub fn create_database_from(&self, template: &str) -> ScratchDatabase {
        assert_plain(template);
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.creating.execute(format!(
            "CREATE DATABASE {name} TEMPLATE {template} {}",
            self.strategy
        ));
        ScratchDatabase {
            url: self.url(&name),
            name,
            dropping: self.dropping.clone(),
        }
    }

    /// Makes the database `name` once, lets `prepare` fill it, and closes it: from then on it can only be copied.
    /// `prepare` gets the address and runs on a thread of its own, so it may start a runtime and block on it.
    ///
    /// # Panics
    /// When PostgreSQL refuses, or `prepare` panics; then the next call begins anew.
    pub fn create_template(&self, name: &str, prepare: impl FnOnce(&str) + Send) {
        assert_plain(name);
        let template = Arc::clone(
            self.templates
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .entry(name.to_owned())
                .or_default(),
        );
        template.get_or_init(|| {
            self.creating
                .execute(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
            self.creating
                .execute(format!("CREATE DATABASE {name} TEMPLATE template0"));
            let url = self.url(name);
            thread::scope(|scope| scope.spawn(|| prepare(&url)).join())
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            self.creating
                .execute(format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
            self.creating.execute(format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            ));
        });
    }

    /// Crashes the server (`pg_ctl stop -m immediate`): every connection breaks, new ones are refused.
    ///
    /// # Panics
    /// On the shared cluster, or when the server does not stop.
    pub fn stop(&self) {
        assert!(
            !self.shared,
            "other tests use this cluster: stop a Cluster::private()"
        );
        self.order("stop");
    }

    /// Starts the server after [`stop`](Self::stop): same port, same data; what was committed is there.
    ///
    /// # Panics
    /// When the server does not start.
    pub fn start(&self) {
        self.order(&format!("start {}", self.port));
    }

    fn order(&self, order: &str) {
        self.supervisor
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .order(order, &self.folder)
            .unwrap_or_else(|error| panic!("{error}"));
    }
}

/// A database that goes away with this value.
#[derive(Debug)]
pub struct ScratchDatabase {
    name: String,
    url: String,
    dropping: Admin,
}

impl ScratchDatabase {
    /// `postgres://user@127.0.0.1:port/name`
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for ScratchDatabase {
    fn drop(&mut self) {
        // Nobody waits for it, and a stopped server may refuse it: the whole cluster goes soon.
        self.dropping.submit(Statement {
            sql: format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name),
            answer: None,
        });
    }
}

/// Names go into statements as they are.
fn assert_plain(name: &str) {
    assert!(
        !name.is_empty()
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'),
        "a database name of a-z, 0-9 and _, not {name:?}"
    );
}

/// A free port below those that the system hands to outgoing connections: one of these must not
/// take it while a server is stopped.
fn free_port() -> Result<u16, String> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    const RANGE: u32 = 12_000;
    let start = std::process::id().wrapping_mul(37);
    (0..RANGE)
        .map(|_| start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % RANGE)
        .filter_map(|offset| u16::try_from(20_000 + offset).ok())
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .ok_or_else(|| "no free TCP port on 127.0.0.1 between 20000 and 32000".to_owned())
}

/// Whether a folder has two gigabytes free: a container's `/dev/shm` often has but 64 megabytes.
fn roomy(folder: &Path) -> bool {
    let output = Command::new("df")
        .args(["-P", "-k"])
        .arg(folder)
        .stderr(Stdio::null())
        .output();
    output.is_ok_and(|output| {
        String::from_utf8_lossy(&output.stdout)
            .lines()
            .nth(1)
            .and_then(|line| line.split_whitespace().nth(3)?.parse::<u64>().ok())
            .is_some_and(|free| free > 2 * 1024 * 1024)
    })
}

/// Whom the server's files and processes belong to.
struct Owner {
    ids: Option<(u32, u32)>,
    /// What to put before a command; empty when we are not root.
    command: String,
}

impl Owner {
    /// PostgreSQL refuses to run as root: root's servers run as `postgres`, else `nobody`.
    fn find() -> Result<Self, String> {
        let probe = tempfile::tempfile()
            .and_then(|file| file.metadata())
            .map_err(|error| format!("cannot write to the temporary folder: {error}"))?;
        if probe.uid() != 0 {
            return Ok(Self {
                ids: None,
                command: String::new(),
            });
        }
        let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let ids = |wanted: &str| {
            accounts.lines().find_map(|line| {
                let mut fields = line.split(':');
                (fields.next()? == wanted).then_some(())?;
                let uid: u32 = fields.nth(1)?.parse().ok()?;
                Some((wanted.to_owned(), uid, fields.next()?.parse::<u32>().ok()?))
            })
        };
        let (name, uid, gid) = ids("postgres")
            .or_else(|| ids("nobody"))
            .ok_or("PostgreSQL refuses to run as root, and there is no user postgres or nobody")?;
        let commands = [
            format!("setpriv --reuid={uid} --regid={gid} --clear-groups --"),
            format!("runuser -u {name} --"),
        ];
        let works = |command: &String| {
            Command::new("sh")
                .args(["-c", &format!("exec {command} true")])
                .current_dir("/")
                .stdin(Stdio::null())
                .output()
                .is_ok_and(|output| output.status.success())
        };
        let command = commands.into_iter().find(works).ok_or_else(|| {
            format!("PostgreSQL refuses to run as root, and neither setpriv nor runuser can switch to {name}")
        })?;
        Ok(Self {
            ids: Some((uid, gid)),
            command,
        })
    }

    /// A new folder of the owner's, at an address short enough for a socket in it.
    fn folder(&self) -> Result<TempDir, String> {
        let reachable = |base: &PathBuf| {
            let open = |folder: &Path| {
                fs::metadata(folder).is_ok_and(|data| data.permissions().mode() & 0o001 != 0)
            };
            base.as_os_str().len() < 60 && (self.ids.is_none() || base.ancestors().all(open))
        };
        // In memory, making a database takes a tenth of the time.
        let base = [PathBuf::from("/dev/shm"), env::temp_dir()]
            .into_iter()
            .find(|base| reachable(base) && (!base.starts_with("/dev/shm") || roomy(base)))
            .unwrap_or_else(|| PathBuf::from("/tmp"));
        let folder = tempfile::Builder::new()
            .prefix("tallystick-pg.")
            .tempdir_in(&base)
            .map_err(|error| format!("cannot make a folder in {}: {error}", base.display()))?;
        if let Some((uid, gid)) = self.ids {
            chown(folder.path(), Some(uid), Some(gid)).map_err(|error| {
                format!("cannot give {} away: {error}", folder.path().display())
            })?;
        }
        Ok(folder)
    }
}

/// The shell that outlives this process.
#[derive(Debug)]
struct Supervisor {
    process: Child,
    /// `None` only while dropping.
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Supervisor {
    fn spawn(folder: &Path, bin: &Path, user: &str, owner: &str) -> Result<Self, String> {
        let mut command = Command::new("sh");
        command
            .args(["-c", SUPERVISOR, "postgres-for-tests"])
            .args([folder, bin])
            .args([user, owner])
            // A folder that the owner may enter.
            .current_dir(folder)
            .env("LC_ALL", "C")
            // The interrupt of a terminal is not for it: it has to clean up.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        let mut process = command
            .spawn()
            .map_err(|error| format!("cannot run sh: {error}"))?;
        let (Some(orders), Some(answers)) = (process.stdin.take(), process.stdout.take()) else {
            return Err("sh has no pipes".to_owned());
        };
        Ok(Self {
            process,
            orders: Some(orders),
            answers: BufReader::new(answers),
        })
    }

    fn order(&mut self, order: &str, folder: &Path) -> Result<(), String> {
        let mut answer = String::new();
        let sent = self
            .orders
            .as_mut()
            .map(|orders| orders.write_all(format!("{order}\n").as_bytes()));
        if matches!(sent, Some(Ok(())))
            && self.answers.read_line(&mut answer).is_ok()
            && answer.trim_end() == "done"
        {
            return Ok(());
        }
        let tail = |file: &str| {
            let text = fs::read_to_string(folder.join(file)).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            lines[lines.len().saturating_sub(15)..].join("\n")
        };
        Err(format!(
            "PostgreSQL for tests: `{order}` failed.\n{}\n{}",
            tail("supervisor.log"),
            tail("server.log")
        ))
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.orders = None;
        // It may still be starting the server.
        let _ = self.process.wait();
    }
}

struct Statement {
    sql: String,
    answer: Option<mpsc::Sender<Result<(), String>>>,
}

/// A connection with a thread of its own, so that tests can use it from inside any runtime or none.
#[derive(Clone)]
struct Admin(mpsc::Sender<Statement>);

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Admin")
    }
}

impl Admin {
    fn spawn(url: String) -> Self {
        let (sender, statements) = mpsc::channel::<Statement>();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            let mut client = None;
            for statement in statements {
                let outcome = runtime.block_on(run(&mut client, &url, &statement.sql));
                if let Some(answer) = statement.answer {
                    let _ = answer.send(outcome);
                }
            }
        });
        Self(sender)
    }

    fn submit(&self, statement: Statement) {
        let _ = self.0.send(statement);
    }

    fn execute(&self, sql: String) {
        let (answer, outcome) = mpsc::channel();
        let text = sql.clone();
        self.submit(Statement {
            sql,
            answer: Some(answer),
        });
        match outcome.recv() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => panic!("{text}: {error}"),
            Err(_) => panic!("{text}: the connection's thread has ended"),
        }
    }
}

async fn run(
    connected: &mut Option<tokio_postgres::Client>,
    url: &str,
    sql: &str,
) -> Result<(), String> {
    // An old connection may have been broken by a restart: only a new one's failure counts.
    if let Some(client) = connected {
        match client.batch_execute(sql).await {
            Ok(()) => return Ok(()),
            Err(error) if !client.is_closed() => return Err(describe(&error)),
            Err(_) => {}
        }
    }
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .map_err(|error| describe(&error))?;
    tokio::spawn(connection);
    let outcome = client.batch_execute(sql).await;
    *connected = Some(client);
    outcome.map_err(|error| describe(&error))
}

/// The error with what the server said, which its `Display` leaves out.
fn describe(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(said) => said.to_string(),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Cluster, cluster};
    use std::{
        env, fs,
        io::{BufRead, BufReader},
        net::TcpStream,
        path::Path,
        process::{Command, Stdio},
        thread,
        time::{Duration, Instant},
    };

    /// Each statement over a connection of its own: the first column of the first row.
    fn query(url: &str, sql: &str) -> Result<Option<String>, tokio_postgres::Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
            tokio::spawn(connection);
            let rows = client.simple_query(sql).await?;
            Ok(rows.iter().find_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                _ => None,
            }))
        })
    }

    fn soon(what: &str, happens: impl Fn() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !happens() {
            assert!(Instant::now() < deadline, "{what}: not within 20 seconds");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn postmaster(folder: &Path) -> Option<String> {
        let file = fs::read_to_string(folder.join("data/postmaster.pid")).ok()?;
        file.lines().next().map(str::to_owned)
    }

    fn runs(pid: &str, port: u16) -> bool {
        // Empty for a process that has ended and waits to be reaped.
        let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        !arguments.is_empty() || TcpStream::connect(("127.0.0.1", port)).is_ok()
    }

    #[test]
    fn databases_are_separate_and_go_away() {
        let (a, b) = (cluster().create_database(), cluster().create_database());
        query(a.url(), "CREATE TABLE t (x TEXT)").unwrap();
        assert!(query(b.url(), "SELECT x FROM t").is_err());
        let settings = "SELECT concat_ws(' ', current_setting('server_encoding'), datcollate, \
            current_setting('max_connections')) FROM pg_database WHERE datname = current_database()";
        assert_eq!(query(a.url(), settings).unwrap().unwrap(), "UTF8 C 300");
        let gone = a.url().to_owned();
        drop(a);
        soon("the database is dropped", || {
            query(&gone, "SELECT 1").is_err()
        });
        query(b.url(), "SELECT 1").unwrap();
    }

    #[test]
    fn a_template_is_prepared_once_and_copied() {
        let prepare = |url: &str| {
            query(url, "CREATE TABLE t (x TEXT); INSERT INTO t VALUES ('券')").unwrap();
        };
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    cluster().create_template("once", prepare);
                    let copy = cluster().create_database_from("once");
                    let x = query(copy.url(), "DELETE FROM t RETURNING x").unwrap();
                    assert_eq!(x.as_deref(), Some("券"));
                });
            }
        });
    }

    #[test]
    fn a_template_that_failed_begins_anew() {
        let broken = thread::spawn(|| {
            cluster().create_template("anew", |url| {
                query(url, "CREATE TABLE t (x TEXT)").unwrap();
                panic!("on purpose");
            });
        });
        assert!(broken.join().is_err());
        cluster().create_template("anew", |url| {
            query(url, "CREATE TABLE t (x TEXT)").unwrap();
        });
        cluster().create_database_from("anew");
    }

    #[test]
    fn a_crash_keeps_what_was_committed() {
        let cluster = Cluster::private();
        let database = cluster.create_database();
        query(
            database.url(),
            "CREATE TABLE t (x TEXT); INSERT INTO t VALUES ('kept')",
        )
        .unwrap();
        cluster.stop();
        assert!(query(database.url(), "SELECT 1").is_err());
        cluster.start();
        let x = query(database.url(), "SELECT x FROM t").unwrap();
        assert_eq!(x.as_deref(), Some("kept"));
        // The connections of the cluster itself have come back too.
        let another = cluster.create_database();
        query(another.url(), "SELECT 1").unwrap();

        let folder = cluster.socket_folder().to_owned();
        drop(cluster);
        assert!(!folder.exists(), "{} is left behind", folder.display());
    }

    #[test]
    fn the_socket_answers_too() {
        let database = cluster().create_database();
        let config = format!(
            "host={} port={} user={} dbname={}",
            cluster().socket_folder().display(),
            cluster().port(),
            cluster().user,
            database.name()
        );
        query(&config, "SELECT 1").unwrap();
    }

    #[test]
    fn nothing_is_left_of_a_killed_process() {
        let mut child = Command::new(env::current_exe().unwrap())
            .args([
                "--exact",
                "postgres::tests::victim",
                "--nocapture",
                "--test-threads=1",
            ])
            .env("TALLYSTICK_TEST_VICTIM", "1")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("cluster ").map(str::to_owned))
            .expect("the child says where its cluster is");
        let (port, folder) = said.split_once(' ').unwrap();
        let (port, folder) = (port.parse().unwrap(), Path::new(folder));
        let pid = postmaster(folder).expect("a server");
        assert!(runs(&pid, port));
        child.kill().unwrap();
        child.wait().unwrap();
        soon("the server stops", || !runs(&pid, port));
        soon("the folder is removed", || !folder.exists());
    }

    /// Not a test of its own: the process that the test above kills.
    #[test]
    fn victim() {
        if env::var_os("TALLYSTICK_TEST_VICTIM").is_some() {
            let folder = cluster().socket_folder().display();
            println!("\ncluster {} {folder}", cluster().port());
            loop {
                thread::park();
            }
        }
    }
}
