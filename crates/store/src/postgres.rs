//! The PostgreSQL driver: a few threads, each with a connection, run one transaction at a time.
//!
//! Every thread drives its connection itself (a runtime of its own), so that an answer from the
//! server wakes no second thread. Round trips are the cost here: `BEGIN` travels with the first statement, queued
//! statements with the next one, and the last of them with `COMMIT`.

use crate::db::{Shared, Task, Verdict};
use crate::dialect;
use crate::queue::{TaskQueue, lock, spawn};
use crate::tx::TxDriver;
use crate::{Param, Row, Statement, StoreError, Tx};
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, Config};

const CONNECTIONS: usize = 10;
const MOST_ATTEMPTS: u32 = 12;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long other nodes' changes may go unnoticed when the connection for them dies.
const LISTEN_CHECK: Duration = Duration::from_secs(2);
/// How long the network may swallow what is sent before a connection counts as lost.
const TCP_TIMEOUT: Duration = Duration::from_secs(15);
const CHANNEL: &str = "tallystick_caches";

pub struct PostgresDriver {
    queue: TaskQueue,
    threads: Mutex<Vec<JoinHandle<()>>>,
    listener: tokio::task::AbortHandle,
}

impl PostgresDriver {
    /// Connects once, so that a wrong address is reported at the start.
    pub async fn open(url: &str, shared: Arc<Shared>) -> Result<Self, StoreError> {
        let mut config: Config = url
            .parse()
            .map_err(|e: tokio_postgres::Error| StoreError::Unavailable(e.to_string()))?;
        config
            .application_name("tallystick")
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_user_timeout(TCP_TIMEOUT)
            .keepalives_idle(Duration::from_secs(30));
        drop(connect(&config).await?);
        let (queue, tasks) = TaskQueue::new();
        let tasks = Arc::new(Mutex::new(tasks));
        let mut threads = Vec::new();
        for n in 0..CONNECTIONS {
            let worker = Worker {
                config: config.clone(),
                shared: Arc::clone(&shared),
                connection: None,
            };
            let tasks = Arc::clone(&tasks);
            threads.push(spawn(format!("store-{n}"), move || worker.run(&tasks))?);
        }
        shared.hears_other_nodes.store(false, Ordering::Release);
        let listener = tokio::spawn(listen(config, shared)).abort_handle();
        Ok(Self {
            queue,
            threads: Mutex::new(threads),
            listener,
        })
    }

    pub fn submit(&self, task: Box<dyn Task>) {
        self.queue.submit(task);
    }

    /// Waits until everything submitted has been committed, then closes the connections.
    pub fn close(&self) {
        self.listener.abort();
        self.queue.close();
        for thread in lock(&self.threads).drain(..) {
            let _ = thread.join();
        }
    }
}

impl Drop for PostgresDriver {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

async fn connect(
    config: &Config,
) -> Result<
    (
        Client,
        tokio_postgres::Connection<
            tokio_postgres::Socket,
            <tokio_postgres_rustls::MakeRustlsConnect as MakeTlsConnect<tokio_postgres::Socket>>::Stream,
        >,
    ),
    StoreError,
>{
    let roots = rustls::RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(
        rustls::crypto::ring::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .map_err(|e| StoreError::Failed(e.to_string()))?
    .with_root_certificates(roots)
    .with_no_client_auth();
    Ok(config
        .connect(tokio_postgres_rustls::MakeRustlsConnect::new(tls))
        .await?)
}

/// Hears of other nodes' commits. While it does not, caches are not trusted.
async fn listen(config: Config, shared: Arc<Shared>) {
    loop {
        let lost = listen_once(&config, &shared).await;
        shared.hears_other_nodes.store(false, Ordering::Release);
        if let Err(error) = lost {
            tracing::warn!(%error, "not hearing other nodes; caches are off");
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn listen_once(config: &Config, shared: &Shared) -> Result<(), StoreError> {
    let (client, mut connection) = connect(config).await?;
    let (heard, mut messages) = tokio::sync::mpsc::unbounded_channel();
    let driving = tokio::spawn(async move {
        loop {
            let message = std::future::poll_fn(|cx| connection.poll_message(cx)).await;
            match message {
                Some(Ok(AsyncMessage::Notification(_))) if heard.send(()).is_err() => break,
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break,
            }
        }
    });
    client.batch_execute(&format!("LISTEN {CHANNEL}")).await?;
    shared.cache_epoch.fetch_add(1, Ordering::AcqRel);
    shared.hears_other_nodes.store(true, Ordering::Release);
    // A connection can die without a word: it is asked now and then.
    loop {
        match tokio::time::timeout(LISTEN_CHECK, messages.recv()).await {
            Ok(Some(())) => {
                shared.cache_epoch.fetch_add(1, Ordering::AcqRel);
            }
            Ok(None) => break,
            Err(_) => {
                let alive = tokio::time::timeout(LISTEN_CHECK, client.simple_query("SELECT 1"));
                if !matches!(alive.await, Ok(Ok(_))) {
                    break;
                }
            }
        }
    }
    driving.abort();
    Err(StoreError::Unavailable(
        "the listening connection was lost".into(),
    ))
}

struct Worker {
    config: Config,
    shared: Arc<Shared>,
    connection: Option<PostgresConnection>,
}

impl Worker {
    fn run(mut self, tasks: &Mutex<mpsc::Receiver<Box<dyn Task>>>) {
        loop {
            let next = lock(tasks).recv();
            let Ok(mut task) = next else { return };
            let outcome = self.run_task(task.as_mut());
            task.finish(outcome);
        }
    }

    fn run_task(&mut self, task: &mut dyn Task) -> Result<(), StoreError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let error = match self.attempt(task) {
                Ok(()) => return Ok(()),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Transient(error)) => error,
            };
            if attempt == MOST_ATTEMPTS {
                return Err(error);
            }
            tracing::debug!(%error, attempt, "transaction is run again");
            std::thread::sleep(Duration::from_millis(1 << attempt.min(7)));
        }
    }

    fn attempt(&mut self, task: &mut dyn Task) -> Result<(), Failure> {
        let mut connection = match self.connection.take() {
            Some(connection) if !connection.client.is_closed() => connection,
            _ => PostgresConnection::open(&self.config).map_err(Failure::Transient)?,
        };
        let mut tx = Tx::new(TxDriver::Postgres(PostgresTx {
            connection: &mut connection,
            begun: false,
            queued: Vec::new(),
        }));
        let verdict = task.run(&mut tx);
        let (driver, failure, signals) = tx.into_parts();
        let TxDriver::Postgres(mut tx) = driver else {
            return Err(Failure::Final(StoreError::Failed("not PostgreSQL".into())));
        };
        if let Some(error) = failure {
            tx.roll_back();
            let healthy = !matches!(error, StoreError::Unavailable(_));
            if healthy {
                self.connection = Some(connection);
            }
            return Err(if error.is_transient() {
                Failure::Transient(error)
            } else {
                task.fail(error.clone());
                Failure::Final(error)
            });
        }
        if verdict == Verdict::Undo {
            tx.roll_back();
            self.connection = Some(connection);
            return Ok(());
        }
        match tx.commit() {
            Ok(()) => {
                self.shared.signal(signals);
                self.connection = Some(connection);
                Ok(())
            }
            Err(Failure::Transient(error @ StoreError::Contention(_))) => {
                self.connection = Some(connection);
                Err(Failure::Transient(error))
            }
            Err(failure) => Err(failure),
        }
    }
}

enum Failure {
    Final(StoreError),
    /// Nothing was committed, and the next attempt may succeed.
    Transient(StoreError),
}

struct PostgresConnection {
    runtime: tokio::runtime::Runtime,
    client: Client,
    /// Prepared statements, by the address of the declared text.
    statements: HashMap<usize, tokio_postgres::Statement>,
}

impl PostgresConnection {
    fn open(config: &Config) -> Result<Self, StoreError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| StoreError::Unavailable(e.to_string()))?;
        let (client, connection) = runtime.block_on(connect(config))?;
        runtime.spawn(connection);
        Ok(Self {
            runtime,
            client,
            statements: HashMap::new(),
        })
    }

    fn prepared(&mut self, statement: Statement) -> Result<tokio_postgres::Statement, StoreError> {
        let key = statement.sql().as_ptr() as usize;
        if let Some(prepared) = self.statements.get(&key) {
            return Ok(prepared.clone());
        }
        let sql = dialect::for_postgres(statement.sql());
        let prepared = self.runtime.block_on(self.client.prepare(&sql))?;
        self.statements.insert(key, prepared.clone());
        Ok(prepared)
    }
}

/// A transaction on PostgreSQL.
pub struct PostgresTx<'c> {
    connection: &'c mut PostgresConnection,
    begun: bool,
    queued: Vec<(tokio_postgres::Statement, Vec<Param<'static>>)>,
}

impl PostgresTx<'_> {
    pub fn execute(
        &mut self,
        statement: Statement,
        params: &[Param<'_>],
    ) -> Result<u64, StoreError> {
        let prepared = self.connection.prepared(statement)?;
        self.pipeline(async |client| {
            Ok(client
                .execute_raw(&prepared, params.iter().map(|p| p as &dyn ToSql))
                .await?)
        })
    }

    pub fn enqueue(
        &mut self,
        statement: Statement,
        params: &[Param<'_>],
    ) -> Result<(), StoreError> {
        let prepared = self.connection.prepared(statement)?;
        let params = params.iter().cloned().map(Param::into_owned).collect();
        self.queued.push((prepared, params));
        Ok(())
    }

    pub fn query<T>(
        &mut self,
        statement: Statement,
        params: &[Param<'_>],
        map: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let prepared = self.connection.prepared(statement)?;
        self.query_prepared(&prepared, params, map)
    }

    pub fn query_dynamic<T>(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        map: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let connection = &self.connection;
        let prepared = connection
            .runtime
            .block_on(connection.client.prepare(sql))?;
        self.query_prepared(&prepared, params, map)
    }

    fn query_prepared<T>(
        &mut self,
        prepared: &tokio_postgres::Statement,
        params: &[Param<'_>],
        mut map: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let references: Vec<&(dyn ToSql + Sync)> = params.iter().map(|p| p as _).collect();
        let rows = self.pipeline(async |client| Ok(client.query(prepared, &references).await?))?;
        rows.iter().map(|row| map(&Row::Postgres(row))).collect()
    }

    pub fn prepare(&mut self, statement: Statement) -> Result<(), StoreError> {
        self.connection.prepared(statement).map(drop)
    }

    pub fn run_script(&mut self, sql: &str) -> Result<(), StoreError> {
        self.pipeline(async |client| Ok(client.batch_execute(sql).await?))
    }

    pub fn notify_other_nodes(&mut self) -> Result<(), StoreError> {
        self.run_script(&format!("NOTIFY {CHANNEL}"))
    }

    pub fn limit_statements(&mut self, limit: Duration) -> Result<(), StoreError> {
        self.run_script(&format!(
            "SET LOCAL statement_timeout = {}",
            limit.as_millis()
        ))
    }

    /// Sends `BEGIN` if it is due, what is queued, and `last`, without waiting in between.
    fn pipeline<T>(
        &mut self,
        last: impl AsyncFnOnce(&Client) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let begin = !std::mem::replace(&mut self.begun, true);
        let queued = std::mem::take(&mut self.queued);
        let client = &self.connection.client;
        // Requests go out in the order in which the futures are first polled.
        let begun = async {
            if begin {
                client.batch_execute("BEGIN").await?;
            }
            Ok::<_, StoreError>(())
        };
        let sent = in_order(queued.iter().map(|(statement, params)| async move {
            client
                .execute_raw(statement, params.iter().map(|p| p as &dyn ToSql))
                .await?;
            Ok::<_, StoreError>(())
        }));
        let (begun, sent, result) = self
            .connection
            .runtime
            .block_on(async { tokio::join!(biased; begun, sent, last(client)) });
        begun?;
        sent?;
        result
    }

    fn commit(&mut self) -> Result<(), Failure> {
        if !self.begun && self.queued.is_empty() {
            return Ok(());
        }
        let committed = self.pipeline(async |client| Ok(client.batch_execute("COMMIT").await));
        match committed {
            // The answer to COMMIT was lost: it may have happened, so it is not run again.
            Ok(Err(error)) => {
                let error = StoreError::from(error);
                Err(match error {
                    StoreError::Contention(_) => Failure::Transient(error),
                    _ => Failure::Final(error),
                })
            }
            Ok(Ok(())) => Ok(()),
            // A queued statement failed, so PostgreSQL took the COMMIT for a ROLLBACK.
            Err(error @ StoreError::Contention(_)) => Err(Failure::Transient(error)),
            Err(error) => Err(Failure::Final(error)),
        }
    }

    fn roll_back(&mut self) {
        if self.begun {
            self.queued.clear();
            let _ = self.run_script("ROLLBACK");
        }
    }
}

/// Runs all at once, polled first in the order given; the first failure in that order counts.
async fn in_order<F: Future<Output = Result<(), StoreError>>>(
    futures: impl Iterator<Item = F>,
) -> Result<(), StoreError> {
    let mut pending: Vec<_> = futures.map(Box::pin).collect();
    let mut results: Vec<Option<Result<(), StoreError>>> = pending.iter().map(|_| None).collect();
    std::future::poll_fn(|cx| {
        for (future, result) in pending.iter_mut().zip(&mut results) {
            if result.is_none()
                && let std::task::Poll::Ready(ready) = future.as_mut().poll(cx)
            {
                *result = Some(ready);
            }
        }
        if results.iter().all(Option::is_some) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    results.into_iter().flatten().collect()
}
