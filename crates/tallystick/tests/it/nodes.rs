//! Several processes on one PostgreSQL database are one server; one process and the command line are one on SQLite
//! too; and a process that is asked to stop finishes what it has begun.

use crate::process::{Server, Wholesaler, eventually, furnished, rows, run, send_now};
use crate::support::{Answer, Engine, Scratch, Shop, both};
use kernel::{Clock, SystemClock};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use simulators::Fault;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;
use store::Db;
use tallystick::seed;
use tokio::task::JoinSet;

const UNLIMITED: [&str; 3] = ["--sandbox", "--rate-limit", "off"];
const MINUTE: i64 = 60_000_000;

/// Three nodes on one database.
struct Nodes {
    nodes: [Server; 3],
    scratch: Scratch,
}

impl Nodes {
    async fn start(args: &[&str]) -> Self {
        Self::each([args, args, args]).await
    }

    async fn each(args: [&[&str]; 3]) -> Self {
        let scratch = Scratch::new(Engine::Postgres);
        let url = scratch.url();
        let [a, b, c] = args.map(|args| Server::start(&url, args));
        let (a, b, c) = tokio::join!(a, b, c);
        Self {
            nodes: [a, b, c],
            scratch,
        }
    }

    fn node(&self, n: usize) -> &Server {
        &self.nodes[n % 3]
    }

    /// The same balance, whichever node is asked.
    async fn balance(&self, shop: &Shop) -> i64 {
        let balance = self.node(0).balance(shop).await;
        for node in &self.nodes {
            assert_eq!(node.balance(shop).await, balance);
        }
        balance
    }

    async fn stop(self) {
        for node in self.nodes {
            node.stop().await;
        }
    }
}

/// Sends all of them at once; the answers in their order.
async fn at_once(requests: impl IntoIterator<Item = RequestBuilder>) -> Vec<Answer> {
    let mut sent = JoinSet::new();
    for (n, request) in requests.into_iter().enumerate() {
        sent.spawn(async move { (n, send_now(request).await.unwrap()) });
    }
    let mut answers = sent.join_all().await;
    answers.sort_by_key(|(n, _)| *n);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// How many orders there are for each link.
async fn orders_by_link(db: &Db) -> HashMap<String, i64> {
    let sql = "SELECT link, COUNT(*) FROM order_details GROUP BY link";
    let counted = rows(db, sql, |row| Ok((row.get(0)?, row.get(1)?)));
    counted.await.into_iter().collect()
}

/// How many order lines are in each state of dispatch.
async fn dispatches(db: &Db) -> Vec<(String, i64)> {
    let sql = "SELECT dispatch_state, COUNT(*) FROM order_details GROUP BY dispatch_state";
    rows(db, sql, |row| Ok((row.get(0)?, row.get(1)?))).await
}

async fn until_all_sent(db: &Db, orders: i64) {
    let all = [("sent".to_owned(), orders)];
    eventually("all orders are sent", async || {
        (dispatches(db).await == all).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_of_three_nodes_have_numbers_and_balances_in_common() {
    let nodes = Nodes::start(&UNLIMITED).await;
    let shop = nodes.node(0).shop(90 * 120).await;
    let orders = (0..90).map(|n| {
        let link = format!("https://example.com/{n}");
        nodes.node(n).order(&shop, &link)
    });
    let answers = at_once(orders).await;
    assert!(answers.iter().all(|a| a.status == 200), "{answers:?}");
    let of = |name: &str| -> BTreeSet<String> {
        let value = |a: &Answer| a.json()[name].as_str().unwrap().to_owned();
        answers.iter().map(value).collect()
    };
    assert_eq!((of("order_number").len(), of("order_id").len()), (90, 90));
    assert_eq!(nodes.balance(&shop).await, 0);

    let poor = nodes.node(1).shop(1200).await;
    let orders = (0..64).map(|n| {
        let link = format!("https://example.com/poor/{n}");
        nodes.node(n).order(&poor, &link)
    });
    let (mut accepted, mut refused) = (0, 0);
    for answer in at_once(orders).await {
        match (answer.status, answer.code().as_str()) {
            (200, _) => accepted += 1,
            (400, "credit_not_enough") => refused += 1,
            _ => panic!("{answer:?}"),
        }
    }
    assert_eq!((accepted, refused, nodes.balance(&poor).await), (10, 54, 0));
    let db = nodes.scratch.open().await;
    assert!(db.scan(ledger::unbalanced).await.unwrap().is_empty());
    db.close().await;
    nodes.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_is_one_on_all_nodes() {
    const KEYS: usize = 25;
    let nodes = Nodes::start(&UNLIMITED).await;
    let shop = nodes.node(0).shop(1_000_000).await;
    let order = |node: usize, key: usize, link: &str| {
        let request = nodes.node(node).order(&shop, link);
        request.header("idempotency-key", format!("key-{key}"))
    };
    let same = |key: usize| format!("https://example.com/same/{key}");
    let requests = (0..KEYS * 3).map(|n| order(n, n / 3, &same(n / 3)));
    let answers = at_once(requests).await;
    for (key, three) in answers.chunks(3).enumerate() {
        let texts: BTreeSet<_> = three.iter().map(|a| (a.status, &a.text)).collect();
        assert_eq!((texts.len(), three[0].status), (1, 200), "{three:?}");
        let replays = three
            .iter()
            .filter(|a| a.headers.contains_key("idempotent-replayed"));
        assert!(replays.count() <= 2, "{three:?}");
        let other = order(key, key, "https://example.com/other");
        let other = send_now(other).await.unwrap();
        assert_eq!(
            (other.status, other.code()),
            (400, "conflicting_parameters".into())
        );
    }

    // Three different requests at once under one key: one is carried out, and its answer is the key's.
    let different = |key: usize, node: usize| format!("https://example.com/different/{key}/{node}");
    let requests = (0..KEYS * 3).map(|n| order(n, KEYS + n / 3, &different(n / 3, n % 3)));
    let answers = at_once(requests).await;
    for (key, three) in answers.chunks(3).enumerate() {
        for (node, first) in three.iter().enumerate() {
            // Of another node than the first time.
            let again = order(node + 1, KEYS + key, &different(key, node));
            let again = send_now(again).await.unwrap();
            assert_eq!((first.status, &first.text), (again.status, &again.text));
            let is_replay = again.headers.contains_key("idempotent-replayed");
            assert_eq!(
                (is_replay, first.code().as_str()),
                match first.status {
                    200 => (true, ""),
                    _ => (false, "conflicting_parameters"),
                }
            );
        }
        assert_eq!(
            three.iter().filter(|a| a.status == 200).count(),
            1,
            "{three:?}"
        );
    }

    let db = nodes.scratch.open().await;
    let by_link = orders_by_link(&db).await;
    assert!(by_link.values().all(|count| *count == 1), "{by_link:?}");
    let orders = i64::try_from(by_link.len()).unwrap();
    assert_eq!(
        (by_link.len(), nodes.balance(&shop).await),
        (KEYS * 2, 1_000_000 - orders * 120)
    );
    db.close().await;
    nodes.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_limit_holds_over_all_nodes() {
    const LIMIT: usize = 20;
    let nodes = Nodes::start(&["--sandbox", "--rate-limit", "20"]).await;
    let minute = || SystemClock.now().micros().div_euclid(MINUTE);
    let answers = loop {
        let shop = nodes.node(0).shop(0).await;
        let before = minute();
        let path = "/platform/organization/credit/balance";
        let requests = (0..LIMIT * 3).map(|n| nodes.node(n).request(Method::GET, &shop, path));
        let answers = at_once(requests).await;
        // In two minutes there may be twice as many.
        if minute() == before {
            break answers;
        }
    };
    let (served, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|a| a.status == 200);
    assert_eq!(
        (served.len(), refused.len()),
        (LIMIT, LIMIT * 2),
        "{answers:?}"
    );
    for answer in refused {
        assert_eq!(answer.status, 429, "{answer:?}");
        let wait = answer.headers["retry-after"].to_str().unwrap();
        assert!((1..=60).contains(&wait.parse().unwrap()), "{wait}");
    }
    nodes.stop().await;
}

/// Whoever has its jobs switched on sends what the others accepted, and another one when it dies.
#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_carried_out_by_whichever_node_can() {
    let off = [&UNLIMITED[..], &["--verdict-wait", "0", "--jobs", "off"]].concat();
    let on = [&UNLIMITED[..], &["--verdict-wait", "0", "--jobs", "on"]].concat();
    let nodes = Nodes::each([&off, &off, &on]).await;
    let Nodes {
        nodes: [a, b, worker],
        scratch,
    } = nodes;
    let db = scratch.open().await;
    let shop = a.shop(1_000_000).await;
    let order = |n: usize| {
        let node = if n.is_multiple_of(2) { &a } else { &b };
        node.order(&shop, &format!("https://example.com/{n}"))
    };
    let answers = at_once((0..40).map(order)).await;
    assert!(answers.iter().all(|a| a.status == 200), "{answers:?}");
    until_all_sent(&db, 40).await;

    worker.kill();
    let answers = at_once((40..60).map(order)).await;
    assert!(answers.iter().all(|a| a.status == 200), "{answers:?}");
    let mut states = dispatches(&db).await;
    states.sort_unstable();
    assert_eq!(states, [("queued".into(), 20), ("sent".into(), 40)]);
    let successor = Server::start(&scratch.url(), &on).await;
    until_all_sent(&db, 60).await;
    let received = "SELECT COUNT(*) FROM simulator_orders GROUP BY link";
    let once = rows(&db, received, |row| row.get::<i64>(0)).await;
    assert_eq!(once, [1; 60]);
    db.close().await;
    for node in [a, b, successor] {
        node.stop().await;
    }
}

/// What the command line changes in another process, nodes notice that had it in their caches.
async fn changes_are_noticed(scratch: &Scratch, nodes: &[Server]) {
    let url = scratch.url();
    let answers = async |shop: &Shop| {
        let path = "/platform/organization";
        at_once(
            nodes
                .iter()
                .map(|node| node.request(Method::GET, shop, path)),
        )
        .await
    };
    let all_say = async |shop: &Shop, status: u16, code: &str| {
        eventually(code, async || {
            let answers = answers(shop).await;
            let all = answers
                .iter()
                .all(|a| (a.status, a.code().as_str()) == (status, code));
            all.then_some(())
        })
        .await;
        // Nobody falls back on something older.
        for answer in answers(shop).await {
            assert_eq!((answer.status, answer.code().as_str()), (status, code));
        }
    };
    let served = async |shop: &Shop| {
        for answer in answers(shop).await {
            assert_eq!(answer.status, 200, "{answer:?}");
        }
    };
    let (revoked, disabled) = (nodes[0].shop(1000).await, nodes[0].shop(1000).await);
    for shop in [&revoked, &disabled] {
        served(shop).await;
        served(shop).await;
    }

    let keys = run(&url, &["keys", "list", "--json"]).await;
    let keys: Value = serde_json::from_str(&keys).unwrap();
    let of_revoked = |key: &&Value| key["organization_id"] == json!(revoked.id);
    let key = keys.as_array().unwrap().iter().find(of_revoked).unwrap();
    run(
        &url,
        &["keys", "revoke", key["private_key_id"].as_str().unwrap()],
    )
    .await;
    all_say(&revoked, 401, "token_validation_failed").await;
    served(&disabled).await;

    let id = disabled.id.to_string();
    run(&url, &["organizations", "disable", &id]).await;
    all_say(&disabled, 400, "organization_disable").await;
    run(&url, &["organizations", "enable", &id]).await;
    all_say(&disabled, 200, "").await;

    // A price, too: 100 units for 240 credits instead of 120.
    let total = async |node: &Server| {
        let answer = send_now(node.order(&disabled, "https://example.com/1")).await;
        answer.unwrap().json()["total"].as_i64().unwrap_or_default()
    };
    assert_eq!(total(&nodes[0]).await, 120);
    let product = seed::DEFAULT.to_string();
    run(&url, &["organizations", "credit", &id, "1000000"]).await;
    run(&url, &["products", "set", &product, "--price", "2.4"]).await;
    for node in nodes {
        eventually("the price", async || {
            (total(node).await == 240).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_nodes_notice_what_the_command_line_changes() {
    let nodes = Nodes::start(&UNLIMITED).await;
    changes_are_noticed(&nodes.scratch, &nodes.nodes).await;
    nodes.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_on_sqlite_notices_what_the_command_line_changes() {
    let scratch = Scratch::new(Engine::Sqlite);
    let server = Server::start(&scratch.url(), &UNLIMITED).await;
    changes_are_noticed(&scratch, std::slice::from_ref(&server)).await;
    server.stop().await;
}

both! {
    /// A client that waits gets its answer, an order that is being sent is written down as sent, and then the
    /// process ends. Whoever waits for the supplier: the client, nobody any more, a job.
    async fn a_stop_lets_orders_under_way_end(engine: Engine) {
        for wait in ["30", "0.05", "0"] {
            let wholesaler = Wholesaler::open().await;
            let (scratch, shop) = furnished(engine, &wholesaler, 1000).await;
            let args = ["--rate-limit", "off", "--verdict-wait", wait];
            let server = Server::with(&scratch.url(), &args, &wholesaler.environment()).await;
            wholesaler.books.set_fault(Some(Fault::Slow(Duration::from_millis(1500))));
            let order = tokio::spawn(send_now(server.order(&shop, "https://example.com/1")));
            eventually("the supplier has the order", async || {
                let books = wholesaler.books.orders().await.unwrap();
                (!books.is_empty()).then_some(())
            })
            .await;
            server.terminate();
            let answer = order.await.unwrap().unwrap();
            assert_eq!(answer.status, 200, "{answer:?}");
            let status = server.ended().await;
            assert!(status.success(), "{status}:\n{}", server.log());
            let db = scratch.open().await;
            assert_eq!(dispatches(&db).await, [("sent".into(), 1)], "--verdict-wait {wait}");
            assert_eq!(wholesaler.books.orders().await.unwrap().len(), 1);
            db.close().await;
        }
    }

    /// A stop does not wait for connections on which nothing is asked.
    async fn a_stop_is_quick_when_nothing_is_under_way(engine: Engine) {
        let scratch = Scratch::new(engine);
        let server = Server::start(&scratch.url(), &UNLIMITED).await;
        let shop = server.shop(1000).await;
        assert_eq!(server.balance(&shop).await, 1000);
        let asked = std::time::Instant::now();
        server.terminate();
        assert!(server.ended().await.success(), "{}", server.log());
        let (took, grace) = (asked.elapsed(), Duration::from_secs(20));
        assert!(took < grace, "{took:?}");
        assert!(!server.log().contains("still under way"), "{}", server.log());
    }
}
