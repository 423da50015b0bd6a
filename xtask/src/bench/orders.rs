//! Placing orders.

use super::{
    bare::{Access, Bare, Transaction},
    client::{Client, Outcome, PLACEHOLDER, Request, get, post},
    engine::Check,
    lab::{self, Lab, memory_note},
    median,
    report::{Line, Report, grouped, mebibytes},
    say,
    server::Server,
};
use anyhow::{Context, Result};
use rusqlite::{Connection, params};

const CREDITS: u64 = 1_000_000_000;
/// Orders are accepted, and nobody sends them.
const ARGS: [&str; 4] = ["--verdict-wait", "0", "--jobs", "off"];

#[derive(clap::Args)]
pub struct Options {
    #[command(flatten)]
    common: lab::Common,
    /// Organizations that take turns in ordering
    #[arg(long, default_value_t = 16, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_000))]
    organizations: u16,
}

pub fn run(options: &Options) -> Result<()> {
    lab::run(&options.common, "orders", "orders", |lab, report| {
        measure(lab, options.organizations, report)
    })
}

/// Who orders.
#[derive(Clone)]
struct Organization {
    id: String,
    key: String,
    /// What it orders.
    product: String,
}

fn organization(server: &Server) -> Result<Organization> {
    let variables = server.given(&format!("an organization with {CREDITS} credits"))?;
    Ok(Organization {
        id: variables.text("/organization_id")?,
        key: variables.text("/private_key")?,
        product: variables.text("/product.default")?,
    })
}

fn measure(mut lab: Lab, organizations: u16, report: &mut Report) -> Result<()> {
    let server = lab.serve(&ARGS)?;
    let organizations: Vec<Organization> = (0..organizations)
        .map(|_| organization(&server))
        .collect::<Result<_>>()?;
    server.stop()?;
    lab.engine.copy_for_raw("")?;
    let before = lab.engine.number("SELECT COUNT(*) FROM orders")?;

    let server = lab.serve(&ARGS)?;
    let acknowledged = apply(&mut lab, &server, &organizations, report)?;
    say("stopping the server");
    server.stop()?;

    say("checking the books");
    let orders = before + acknowledged;
    lab.engine
        .check(&checks(orders))
        .context("after the load the database is not as it should be")?;
    say("starting the server on the loaded database");
    let mut starts = Vec::new();
    for _ in 0..3 {
        let server = lab.serve(&ARGS)?;
        starts.push(server.started_in);
        // It is ready before it listens to signals.
        std::thread::sleep(std::time::Duration::from_millis(100));
        server.stop()?;
    }
    report.notes.push(format!(
        "Ready {:.0} ms after its start, on this database with {} orders. Binary: {} stripped.",
        median(&mut starts).as_secs_f64() * 1e3,
        grouped(orders as f64),
        mebibytes(lab.stripped_size()?),
    ));
    report.notes.push(
        "Afterwards every acknowledged order was there, and every balance was the sum of its postings."
            .into(),
    );
    Ok(())
}

/// Returns how many orders were acknowledged.
fn apply(
    lab: &mut Lab,
    server: &Server,
    organizations: &[Organization],
    report: &mut Report,
) -> Result<u64> {
    let (half, quarter) = (lab.seconds / 2, lab.seconds / 4);
    let connections = lab.connections;
    let mut client = Client::connect(server.port, connections)?;
    let mut acknowledged = 0;
    let mut closed = |client: &mut Client, request: &Request, connections, time| {
        let outcome = client.closed_loop(request, connections, time)?;
        acknowledged += outcome.answered;
        outcome.fail_if_wrong()?;
        Ok::<Outcome, anyhow::Error>(outcome)
    };
    std::thread::sleep(std::time::Duration::from_millis(300));
    let idle = server.memory()?.0;
    let order = order(organizations, false);
    let mut bare = bare(organizations);

    say("warming up");
    closed(&mut client, &order, connections, quarter)?;
    lab.engine.raw(&mut bare, quarter)?;

    let turns = lab.in_turns("orders", server, &mut bare, quarter, |_| {
        closed(&mut client, &order, connections, half)
    })?;
    let peak = turns.line.per_second;
    report.notes.push(format!(
        "Ratio: the server placed {} times as many orders a second as {}, in turns.",
        turns.ratio, turns.raw.what
    ));
    let loaded = memory_note(idle, server)?;
    report.lines.push(turns.line);
    report.raw.push(turns.raw);

    let keyed = self::order(organizations, true);
    let what = "orders, each with an Idempotency-Key";
    report.lines.push(lab.once(what, server, connections, || {
        closed(&mut client, &keyed, connections, half)
    })?);
    report
        .lines
        .push(lab.once("orders", server, 1, || closed(&mut client, &order, 1, half))?);
    let rate = peak / 2.0;
    let what = "orders at half of the peak, fixed schedule";
    let mut on_schedule = 0;
    report.lines.push(lab.once(what, server, connections, || {
        let outcome = client.open_loop(&order, rate, lab.seconds)?;
        on_schedule = outcome.answered;
        outcome.fail_if_wrong()?;
        Ok(outcome)
    })?);
    let mut unchanged = |what: &str, request: &Request| -> Result<Line> {
        lab.once(what, server, connections, || {
            let outcome = client.closed_loop(request, connections, half)?;
            outcome.fail_if_wrong()?;
            Ok(outcome)
        })
    };
    report
        .lines
        .push(unchanged("balance (one read)", &balance(organizations))?);
    report.lines.push(unchanged(
        "order refused: below_minimum_quantity",
        &refused(organizations),
    )?);
    report.notes.push(loaded);
    say("the bare database in other ways");
    report
        .raw
        .extend(lab.engine.raw_variants(&mut bare, quarter)?);
    Ok(acknowledged + on_schedule)
}

/// An order of 100 units; `keyed`: with an idempotency key of its own.
fn order(organizations: &[Organization], keyed: bool) -> Request {
    Request::repeated(orders(organizations, 100, keyed), 200, "\"order_id\"")
}

/// An order of 5 units, which is too few.
fn refused(organizations: &[Organization]) -> Request {
    Request::repeated(
        orders(organizations, 5, false),
        400,
        "below_minimum_quantity",
    )
}

fn balance(organizations: &[Organization]) -> Request {
    let texts = organizations.iter().map(|organization| {
        let key = [("x-api-key", organization.key.as_str())];
        get("/platform/organization/credit/balance", &key)
    });
    Request::repeated(texts, 200, "\"balance\"")
}

fn orders(organizations: &[Organization], quantity: u32, keyed: bool) -> Vec<String> {
    let idempotency_key = format!("order-{PLACEHOLDER}");
    let text = |organization: &Organization| {
        let body = format!(
            r#"{{"product_id":"{}","link":"https://example.com/p/{PLACEHOLDER}","quantity":{quantity}}}"#,
            organization.product
        );
        let headers = [
            ("x-api-key", organization.key.as_str()),
            ("idempotency-key", &idempotency_key),
        ];
        let headers = if keyed { &headers[..] } else { &headers[..1] };
        post(
            "/platform/order/ch2/default",
            headers,
            "application/json",
            &body,
        )
    };
    organizations.iter().map(text).collect()
}

/// What must hold after so many orders.
fn checks(orders: u64) -> [Check; 5] {
    let check = |what, sql: &str, wanted| Check {
        what,
        sql: sql.to_owned(),
        wanted,
    };
    [
        check("orders", "SELECT COUNT(*) FROM orders", orders),
        check("order lines", "SELECT COUNT(*) FROM order_details", orders),
        check(
            "postings for orders",
            "SELECT COUNT(*) FROM postings WHERE kind = 'order'",
            orders,
        ),
        check(
            "jobs that send orders",
            "SELECT COUNT(*) FROM jobs WHERE kind = 'orders.dispatch'",
            orders,
        ),
        check(
            "accounts whose balance is not the sum of their postings",
            "SELECT COUNT(*) FROM credit_accounts a WHERE a.balance <> (SELECT COALESCE(SUM(p.amount), 0) FROM postings p WHERE p.account_id = a.account_id)",
            0,
        ),
    ]
}

/// The rows of an order.
fn bare(organizations: &[Organization]) -> Bare {
    let who = organizations.to_vec();
    let transaction: Transaction = Box::new(move |db, n| {
        let turn = usize::try_from(n)? % who.len();
        write(db, n, &who[turn].id, &who[turn].product)
    });
    let scripts = |pipelined| {
        let script = |who: &Organization| script(&who.id, &who.product, pipelined);
        organizations.iter().map(script).collect()
    };
    let mut bare = Bare::new(Access::Write, vec![transaction]);
    bare.pgbench = scripts(false);
    bare.pipelined = scripts(true);
    bare
}

const MOVE: &str = "UPDATE credit_accounts SET balance = balance + ?2 WHERE account_id = ?1 AND balance + ?2 >= 0 RETURNING balance";
const POSTING: &str = "INSERT INTO postings (account_id, posting_id, number, amount, kind, reference, balance_after, created_at) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
const ORDER: &str = "INSERT INTO orders (organization_id, order_id, order_number, payment_type, order_status, payment_status, total, created_at) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
const DETAIL: &str = "INSERT INTO order_details (order_id, order_detail_id, organization_id, product_id, title, product_type, \
    price, subtotal, units, quantity, link, username, comments, runs, interval_minutes, min_quantity, max_quantity, \
    delay_minutes, new_post_count, old_post_count, expiry_date, dispatch_state, supplier_service_id) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23)";
const JOB: &str = "INSERT INTO jobs (job_id, kind, dedupe_key, payload, run_at, attempts, lease_owner, created_at) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (dedupe_key) DO NOTHING";

fn write(db: &Connection, n: u64, organization: &str, product: &str) -> Result<()> {
    let now = 1_800_000_000_000_000 + i64::try_from(n)?;
    let (order, posting) = (id(n, 1), id(n, 2));
    let balance: i64 = db
        .prepare_cached(MOVE)?
        .query_row(params![organization, -120], |row| row.get(0))
        .context("the credit is used up")?;
    db.prepare_cached(POSTING)?.execute(params![
        organization,
        posting,
        format!("CR-2027-01-01{n:04}"),
        -120,
        "order",
        order,
        balance,
        now,
    ])?;
    db.prepare_cached(ORDER)?.execute(params![
        organization,
        order,
        format!("ORD-2027-01-01{n:04}"),
        "credit",
        "establish",
        "complete",
        120,
        now,
    ])?;
    let none = None::<i64>;
    db.prepare_cached(DETAIL)?.execute(params![
        order,
        id(n, 3),
        organization,
        product,
        "Audience growth, standard",
        "ch2_default",
        1200,
        120,
        100,
        100,
        format!("https://example.com/p/{n:010}"),
        none,
        none,
        none,
        none,
        none,
        none,
        none,
        none,
        none,
        none,
        "queued",
        "101",
    ])?;
    let payload = format!(r#"{{"organization_id":"{organization}","order_id":"{order}"}}"#);
    db.prepare_cached(JOB)?.execute(params![
        id(n, 4),
        "orders.dispatch",
        none,
        payload,
        now,
        0,
        none,
        now
    ])?;
    Ok(())
}

/// Like a UUID v7: later ones sort later, those of the same millisecond in no order.
fn id(n: u64, kind: u64) -> String {
    let mut random = (n << 3 | kind).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    random ^= random >> 29;
    random = random.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let millis = 1_800_000_000_000 + n / 20;
    format!(
        "{:08x}-{:04x}-7{:03x}-8{:03x}-{:012x}",
        millis >> 16,
        millis & 0xffff,
        random >> 52,
        (random >> 40) & 0xfff,
        random & 0xffff_ffff_ffff,
    )
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

#[cfg(test)]
mod tests {
    use super::id;
    use std::collections::HashSet;

    #[test]
    fn ids_differ_and_sort_by_time() {
        let all: HashSet<String> = (0..10_000)
            .flat_map(|n| (1..=4).map(move |kind| id(n, kind)))
            .collect();
        assert_eq!(all.len(), 40_000);
        assert!(all.iter().all(|id| id.len() == 36));
        assert!(id(100, 1) < id(200, 1));
    }
}
