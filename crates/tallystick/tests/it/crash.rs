//! What survives when a process dies at any moment: everything that was acknowledged, once.

use crate::process::{DEADLINE, Server, Wholesaler, eventually, furnished, rows, send_now};
use crate::support::{Answer, Engine, Scratch, Shop, TestApp, both};
use kernel::{Clock, ManualClock, Rng, SystemClock};
use simulators::Fault;
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use store::Db;
use store::jobs::LEASE_TIME;
use tallystick::app::{App, Parts};
use tallystick::config::{Config, Flags, ServeFlags};
use tallystick::{runner, seed};
use tokio::sync::watch;
use tokio::task::JoinSet;

const CLIENTS: usize = 16;
const ENOUGH: usize = 200;
const CREDIT: i64 = 10_000_000;
const HOUR: Duration = Duration::from_secs(3600);

/// An order that a client sent, and the answer if there was one.
struct Attempt {
    shop: Shop,
    key: String,
    link: String,
    answer: Option<Answer>,
}

/// How the simulated supplier will treat an order, by its link; how the order ends, what it costs, and how
/// often the supplier has it.
const KINDS: [(&str, &str, i64, usize); 4] = [
    ("https://example.com/", "complete", 120, 1),
    ("https://supplier.test/refused/", "fail", 0, 0),
    ("https://supplier.test/partial/", "partial", 60, 1),
    ("https://supplier.test/lost/", "complete", 120, 1),
];

fn kind(link: &str) -> (&'static str, i64, usize) {
    let found = KINDS.iter().find(|(start, ..)| link.starts_with(start));
    let (_, status, cost, upstream) = found.unwrap();
    (status, *cost, *upstream)
}

/// Clients who each send one order after the other until one is not answered.
struct Load {
    clients: JoinSet<Vec<Attempt>>,
    answered: watch::Receiver<usize>,
}

impl Load {
    fn start(server: &Arc<Server>, shops: &[Shop], round: &str, link: fn(usize) -> usize) -> Self {
        let (answers, answered) = watch::channel(0);
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            let (server, answers) = (Arc::clone(server), answers.clone());
            let (shop, round) = (shops[client % shops.len()].clone(), round.to_owned());
            clients.spawn(async move {
                let mut attempts = Vec::new();
                for n in 0.. {
                    let key = format!("{round}-{client}-{n}");
                    let link = format!("{}{key}", KINDS[link(n)].0);
                    let request = server.order(&shop, &link).header("idempotency-key", &key);
                    let answer = send_now(request).await.ok();
                    let over = answer.is_none();
                    attempts.push(Attempt {
                        shop: shop.clone(),
                        key,
                        link,
                        answer,
                    });
                    if over {
                        break;
                    }
                    answers.send_modify(|n| *n += 1);
                }
                attempts
            });
        }
        Self { clients, answered }
    }

    async fn until_answered(&mut self, enough: usize) {
        let answered = self.answered.wait_for(|n| *n >= enough);
        let answered = tokio::time::timeout(DEADLINE, answered).await;
        answered.expect("orders are answered").unwrap();
    }

    async fn end(self) -> Vec<Attempt> {
        self.clients
            .join_all()
            .await
            .into_iter()
            .flatten()
            .collect()
    }
}

/// An order as the database has it.
struct Standing {
    id: String,
    status: String,
    payment: String,
    link: String,
    dispatch: String,
}

async fn orders_by_link(db: &Db) -> HashMap<String, Vec<Standing>> {
    let sql = "SELECT o.order_id, o.order_status, o.payment_status, d.link, d.dispatch_state \
        FROM orders o JOIN order_details d ON d.order_id = o.order_id";
    let all = rows(db, sql, |row| {
        Ok(Standing {
            id: row.get(0)?,
            status: row.get(1)?,
            payment: row.get(2)?,
            link: row.get(3)?,
            dispatch: row.get(4)?,
        })
    });
    let mut by_link = HashMap::<_, Vec<_>>::new();
    for order in all.await {
        by_link.entry(order.link.clone()).or_default().push(order);
    }
    by_link
}

/// The amounts posted for each order and kind.
async fn postings(db: &Db) -> HashMap<(String, String), Vec<i64>> {
    let sql = "SELECT reference, kind, amount FROM postings";
    let all = rows(db, sql, |row| {
        Ok(((row.get(0)?, row.get(1)?), row.get::<i64>(2)?))
    });
    let mut by_order = HashMap::<_, Vec<_>>::new();
    for (key, amount) in all.await {
        by_order.entry(key).or_default().push(amount);
    }
    by_order
}

/// Orders under load, the process killed twice; then time passes on a server of ours over the same database.
async fn killed_under_load(engine: Engine, wait: Option<Duration>, link: fn(usize) -> usize) {
    let scratch = Scratch::new(engine);
    let mut args = vec!["--sandbox", "--rate-limit", "off"];
    if wait.is_none() {
        args.extend(["--verdict-wait", "0"]);
    }
    let mut shops = Vec::new();
    let mut attempts = Vec::new();
    for round in ["first", "second"] {
        let server = Arc::new(Server::start(&scratch.url(), &args).await);
        if shops.is_empty() {
            shops = vec![server.shop(CREDIT).await, server.shop(CREDIT).await];
        }
        let mut load = Load::start(&server, &shops, round, link);
        load.until_answered(ENOUGH).await;
        server.kill();
        attempts.extend(load.end().await);
    }

    let app = TestApp::over_at(scratch, SystemClock.now(), |config| {
        config.orders.verdict_wait = wait.unwrap_or_default();
    })
    .await;
    settle(app, &shops, &mut attempts).await;
}

/// Lets the time pass that dead nodes' leases and the supplier take.
async fn settle(app: TestApp, shops: &[Shop], attempts: &mut [Attempt]) {
    // Before anybody has taken the dead processes' jobs over, and after: a repeated request makes nothing new.
    replay(&app, attempts).await;
    app.pass(LEASE_TIME + Duration::from_secs(1)).await;
    replay(&app, attempts).await;
    app.pass(HOUR).await;
    app.pass(HOUR).await;
    all_is_settled(&app, shops, attempts).await;
    app.stop().await;
}

/// Sends all orders again. Those that were answered are answered as before; those that were not are now.
async fn replay(app: &TestApp, attempts: &mut [Attempt]) {
    let mut sent = JoinSet::new();
    for (n, attempt) in attempts.iter().enumerate() {
        let body =
            serde_json::json!({"product_id": seed::DEFAULT, "link": attempt.link, "quantity": 100});
        let request = app
            .request(reqwest::Method::POST, "/platform/order/ch2/default")
            .header("x-api-key", &attempt.shop.key)
            .header("idempotency-key", &attempt.key)
            .json(&body);
        sent.spawn(async move { (n, send_now(request).await.unwrap()) });
    }
    for (n, answer) in sent.join_all().await {
        let attempt = &mut attempts[n];
        if let Some(before) = &attempt.answer {
            assert_eq!((answer.status, &answer.text), (before.status, &before.text));
            assert_eq!(answer.headers["idempotent-replayed"], "true");
        } else {
            // Carried out before or now, and the supplier may have refused it.
            assert!(matches!(answer.status, 200 | 400), "{answer:?}");
        }
    }
}

/// Each order that was sent exists once, was paid once, has come to its end once.
async fn all_is_settled(app: &TestApp, shops: &[Shop], attempts: &[Attempt]) {
    let db = app.app.orders.db();
    let by_link = orders_by_link(db).await;
    let posted = postings(db).await;
    let mut upstream = HashMap::<_, Vec<_>>::new();
    for order in app.app.supplier.as_ref().unwrap().orders().await.unwrap() {
        upstream.entry(order.link.clone()).or_default().push(order);
    }
    assert_eq!(by_link.len(), attempts.len());
    let mut spent = HashMap::<_, i64>::new();
    for attempt in attempts {
        let (status, cost, times) = kind(&attempt.link);
        let [order] = &by_link[&attempt.link][..] else {
            panic!("{}: {} orders", attempt.link, by_link[&attempt.link].len());
        };
        assert_eq!(order.status, status, "{}", attempt.link);
        let payment = if cost == 0 { "refund" } else { "complete" };
        assert_eq!(order.payment, payment, "{}", attempt.link);
        let amounts = |kind: &str| {
            let key = (order.id.clone(), kind.to_owned());
            posted.get(&key).cloned().unwrap_or_default()
        };
        assert_eq!(amounts("order"), [-120], "{}", attempt.link);
        let refunds: Vec<i64> = (cost < 120).then_some(120 - cost).into_iter().collect();
        assert_eq!(amounts("refund"), refunds, "{}", attempt.link);
        let sent = upstream.get(&attempt.link).map_or(0, Vec::len);
        assert_eq!(sent, times, "{}", attempt.link);
        if let Some(answer) = &attempt.answer {
            let refused = answer.code() == "create_order_failed" && cost == 0;
            let stands = answer.status == 200 && answer.json()["order_id"] == order.id.as_str();
            assert!(refused || stands, "{answer:?}");
        }
        *spent.entry(attempt.shop.id).or_default() += cost;
    }
    for shop in shops {
        assert_eq!(app.balance(shop).await, CREDIT - spent[&shop.id]);
    }
    app.assert_balanced().await;
    let jobs = "SELECT COUNT(*) FROM jobs WHERE kind = 'orders.dispatch'";
    assert_eq!(rows(db, jobs, |row| row.get::<i64>(0)).await, [0]);
}

both! {
    async fn a_killed_server_loses_and_doubles_nothing(engine: Engine) {
        let wait = Some(Duration::from_millis(500));
        killed_under_load(engine, wait, |n| [0, 0, 1, 0, 2][n % 5]).await;
    }

    async fn a_server_killed_while_its_jobs_send_loses_and_doubles_nothing(engine: Engine) {
        killed_under_load(engine, None, |n| [0, 3, 1, 0, 2][n % 5]).await;
    }

    /// A supplier that does not know our references gets no order twice. Those it may have are refunded,
    /// and left to the operator.
    async fn what_was_being_sent_when_the_server_died_is_not_sent_again(engine: Engine) {
        let wholesaler = Wholesaler::open().await;
        let (scratch, shop) = furnished(engine, &wholesaler, CREDIT).await;
        // However long it takes until every client waits: none of them has an answer by then.
        let args = ["--rate-limit", "off", "--verdict-wait", "25"];
        let server = Server::with(&scratch.url(), &args, &wholesaler.environment()).await;
        let server = Arc::new(server);
        let mut load = Load::start(&server, std::slice::from_ref(&shop), "only", |_| 0);
        load.until_answered(ENOUGH).await;
        // From here on the supplier takes orders, but its answers are late: every client comes to wait.
        wholesaler.books.set_fault(Some(Fault::Slow(DEADLINE)));
        eventually("every client waits", async || {
            let taken = wholesaler.books.orders().await.unwrap().len();
            (taken == *load.answered.borrow() + CLIENTS).then_some(())
        })
        .await;
        server.kill();
        let attempts = load.end().await;
        wholesaler.books.set_fault(None);

        let db = scratch.open().await;
        let orders = orders_over(db.clone(), &scratch, &wholesaler).await;
        orders.clock.advance(LEASE_TIME + Duration::from_secs(1));
        runner::run_due(&orders.app).await.unwrap();
        let by_link = orders_by_link(&db).await;
        let posted = postings(&db).await;
        let upstream = wholesaler.books.orders().await.unwrap();
        assert_eq!((upstream.len(), by_link.len()), (attempts.len(), attempts.len()));
        assert!(upstream.iter().all(|order| by_link[&order.link].len() == 1));
        for attempt in &attempts {
            let order = &by_link[&attempt.link][0];
            let refund = posted.get(&(order.id.clone(), "refund".into()));
            match &attempt.answer {
                Some(answer) => {
                    assert_eq!(answer.status, 200, "{answer:?}");
                    assert_eq!((order.dispatch.as_str(), refund), ("sent", None));
                }
                None => {
                    assert_eq!(order.dispatch, "unconfirmed");
                    assert_eq!((order.status.as_str(), order.payment.as_str()), ("fail", "refund"));
                    assert_eq!(refund, Some(&vec![120]));
                }
            }
        }
        assert_eq!(db.read(orders::repo::orders::count_unconfirmed).await.unwrap(), CLIENTS as i64);
        assert!(db.scan(ledger::unbalanced).await.unwrap().is_empty());
        db.close().await;
    }
}

/// The answer to `COMMIT` never arrives: the client is told of a fault, the order stands, and whoever asks
/// again learns so. The server goes on as if nothing had happened.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_whose_commit_was_not_confirmed_stands_once() {
    const LINK: &str = "https://example.com/commit-unconfirmed";
    let scratch = Scratch::new(Engine::Postgres);
    let url = forgetful_proxy(&scratch.url(), LINK);
    let args = ["--sandbox", "--rate-limit", "off", "--verdict-wait", "0.5"];
    let server = Server::start(&url, &args).await;
    let shop = server.shop(CREDIT).await;
    let mut attempts = Vec::new();
    for n in 0..20 {
        let key = format!("key-{n}");
        let unconfirmed = n == 5;
        let link = if unconfirmed {
            LINK.to_owned()
        } else {
            format!("https://example.com/{n}")
        };
        let request = server.order(&shop, &link).header("idempotency-key", &key);
        let answer = send_now(request).await.unwrap();
        let expected = if unconfirmed { 500 } else { 200 };
        assert_eq!(answer.status, expected, "{n}: {answer:?}\n{}", server.log());
        attempts.push(Attempt {
            shop: shop.clone(),
            key,
            link,
            answer: (answer.status == 200).then_some(answer),
        });
    }
    let again = server.order(&shop, LINK).header("idempotency-key", "key-5");
    let again = send_now(again).await.unwrap();
    assert_eq!(
        (again.status, &again.json()["order_status"]),
        (200, &"establish".into())
    );
    server.stop().await;
    let app = TestApp::over_at(scratch, SystemClock.now(), |config| {
        config.orders.verdict_wait = Duration::from_millis(500);
    })
    .await;
    settle(app, &[shop], &mut attempts).await;
}

/// PostgreSQL crashes under load and comes back. Clients who send their orders again until they are
/// answered have ordered once.
#[tokio::test(flavor = "multi_thread")]
async fn orders_outlive_a_crash_of_the_database() {
    let cluster = testkit::postgres::Cluster::private();
    let scratch = Scratch::Postgres(cluster.create_database());
    // The simulated supplier needs the database too: clients do not wait for its verdict.
    let args = ["--sandbox", "--rate-limit", "off", "--verdict-wait", "0"];
    let server = Arc::new(Server::start(&scratch.url(), &args).await);
    let shop = server.shop(CREDIT).await;
    let (answers, mut answered) = watch::channel(0);
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let (server, shop, answers) = (Arc::clone(&server), shop.clone(), answers.clone());
        clients.spawn(async move {
            let mut attempts = Vec::new();
            let mut ticks = tokio::time::interval(Duration::from_millis(20));
            while attempts.len() < 20 {
                ticks.tick().await;
                let key = format!("{client}-{}", attempts.len());
                let link = format!("https://example.com/{key}");
                let request = server.order(&shop, &link).header("idempotency-key", &key);
                let answer = send_now(request).await.unwrap();
                if answer.status != 500 {
                    assert_eq!(answer.status, 200, "{answer:?}");
                    answers.send_modify(|n| *n += 1);
                    attempts.push((key, link));
                }
            }
            attempts
        });
    }
    for enough in [50, 150] {
        let answered = answered.wait_for(|n| *n >= enough);
        let answered = tokio::time::timeout(DEADLINE, answered).await;
        drop(answered.expect("orders are answered").unwrap());
        tokio::task::block_in_place(|| {
            cluster.stop();
            cluster.start();
        });
    }
    let all = tokio::time::timeout(DEADLINE, clients.join_all()).await;
    let all = all.expect("all orders are answered").into_iter().flatten();
    // The answer to an order that was in doubt says how the order stands, which changes.
    let mut attempts: Vec<_> = all
        .map(|(key, link)| Attempt {
            shop: shop.clone(),
            key,
            link,
            answer: None,
        })
        .collect();
    Arc::into_inner(server).unwrap().stop().await;
    let app = TestApp::over_at(scratch, SystemClock.now(), |config| {
        config.orders.verdict_wait = Duration::ZERO;
    })
    .await;
    settle(app, &[shop], &mut attempts).await;
}

/// A way to a PostgreSQL server on which the answer to one `COMMIT` is lost: that of the first transaction
/// that says `mark`.
fn forgetful_proxy(url: &str, mark: &'static str) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let (credentials, rest) = url.split_once('@').unwrap();
    let (server, database) = rest.split_once('/').unwrap();
    let server = server.to_owned();
    let proxied = format!(
        "{credentials}@{}/{database}",
        listener.local_addr().unwrap()
    );
    let lost = Arc::new(AtomicBool::new(false));
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let server = TcpStream::connect(&server).unwrap();
            let losing = Arc::new(AtomicBool::new(false));
            let (from_client, to_server) =
                (client.try_clone().unwrap(), server.try_clone().unwrap());
            let (lost, starts) = (Arc::clone(&lost), Arc::clone(&losing));
            std::thread::spawn(move || {
                pass_on(from_client, to_server, |said| {
                    if says(said, mark) && !lost.swap(true, Ordering::SeqCst) {
                        starts.store(true, Ordering::SeqCst);
                    }
                    Fate::PassOn
                });
            });
            std::thread::spawn(move || {
                pass_on(server, client, |said| match losing.load(Ordering::SeqCst) {
                    true if says(said, "COMMIT\0") => Fate::HangUp,
                    _ => Fate::PassOn,
                });
            });
        }
    });
    proxied
}

enum Fate {
    PassOn,
    HangUp,
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, mut fate: impl FnMut(&[u8]) -> Fate) {
    let mut buffer = vec![0; 256 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let said = &buffer[..length];
        if matches!(fate(said), Fate::HangUp) || to.write_all(said).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

fn says(said: &[u8], text: &str) -> bool {
    said.windows(text.len()).any(|part| part == text.as_bytes())
}

struct Successor {
    app: App,
    clock: Arc<ManualClock>,
}

/// The platform in this process, with a clock that can be moved, over the database and the supplier of a
/// process that has died.
async fn orders_over(db: Db, scratch: &Scratch, wholesaler: &Wholesaler) -> Successor {
    let flags = Flags {
        config: Some("/dev/null".into()),
        database: Some(scratch.url()),
        ..Flags::default()
    };
    let mut config = Config::load(&flags, &ServeFlags::default(), "sqlite::memory:").unwrap();
    config.supplier = Some(wholesaler.panel());
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let parts = Parts {
        db,
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        simulator_clock: Arc::clone(&clock) as Arc<dyn Clock>,
        rng: Arc::new(Rng::seeded(8)),
    };
    let app = App::build(parts, &config, ([127, 0, 0, 1], 1).into(), None)
        .await
        .unwrap();
    Successor { app, clock }
}
