//! Beginning checkouts and paying them. The card gateway is the simulated one: it runs in the server's process, is called
//! over HTTP as the real one would be, and keeps its books in the same database, so the figures are of both.

use super::{
    bare::{Access, Bare, Row, TURNS, filler},
    client::{Caller, Client, PLACEHOLDER, Request, post},
    engine::{Check, Engine},
    lab::{self, Lab, ROUNDS, memory_note},
    report::{RawLine, Report, grouped},
    say,
    server::Server,
};
use anyhow::{Context, Result, ensure};
use std::{
    thread,
    time::{Duration, Instant},
};

/// Merchants that take turns: events of one merchant have an order, so they are written one after the other.
const MERCHANTS: u64 = TURNS;
/// Where the card form stands.
const ORIGIN: &str = "https://shop.example";
/// For a round of payments, and for their notices.
const PATIENCE: Duration = Duration::from_secs(120);
const FORM: &str = "application/x-www-form-urlencoded";
/// A card that is always charged.
const CARD: &str = "CardNo=4147631000000001&CardExp=1299&CardCvc=123";
/// What the ids in the bare database begin with; a number of 16 digits follows.
const STEM: &str = "01m80dq8jg";
/// The same for checkouts that are only begun.
const STEM_BEGUN: &str = "01m80dq8jf";

#[derive(clap::Args)]
pub struct Options {
    #[command(flatten)]
    common: lab::Common,
    /// Checkouts paid in a round
    #[arg(long, default_value_t = 500, value_name = "N", value_parser = clap::value_parser!(u32).range(64..=1_000_000))]
    payments: u32,
}

pub fn run(options: &Options) -> Result<()> {
    lab::run(&options.common, "checkout", "checkouts", |lab, report| {
        measure(lab, usize::try_from(options.payments)?, report)
    })
}

struct Merchant {
    /// The header that says who calls: with a publishable key, as a browser would.
    bearer: String,
    /// What is bought, once and for all.
    product: String,
}

impl Merchant {
    /// A request that begins a checkout of a buyer whom nobody knows.
    fn begin(&self, buyer: &str) -> String {
        let headers = [("authorization", self.bearer.as_str()), ("origin", ORIGIN)];
        let body = format!(
            r#"{{"productId":"{}","customerEmail":"{buyer}@example.com"}}"#,
            self.product
        );
        post("/v1/checkouts", &headers, "application/json", &body)
    }

    fn pay(&self, checkout: &str) -> String {
        let headers = [("authorization", self.bearer.as_str()), ("origin", ORIGIN)];
        let path = format!("/v1/checkouts/{checkout}/pay");
        post(&path, &headers, "application/json", "{}")
    }

    /// Begins a checkout and types a card into its form; returns the request that pays it.
    fn prepare(&self, caller: &mut Caller, buyer: &str) -> Result<String> {
        let begun = caller.object(&self.begin(buyer), 201)?;
        let token = format!("token={}", begun.text("/sdk_token")?);
        let origin = [("origin", ORIGIN)];
        let open = post("/simulators/payuni/sdk/session", &origin, FORM, &token);
        let session = caller.object(&open, 200)?;
        // Hexadecimal, and so as it is in a form.
        let form = format!(
            "MerID={}&EncryptInfo={}&HashInfo={}&{CARD}",
            session.text("/MerID")?,
            session.text("/EncryptInfo")?,
            session.text("/HashInfo")?
        );
        caller.object(
            &post("/simulators/payuni/sdk/bind", &origin, FORM, &form),
            200,
        )?;
        Ok(self.pay(&begun.text("/checkout/id")?))
    }
}

fn measure(mut lab: Lab, payments: usize, report: &mut Report) -> Result<()> {
    let server = lab.serve(&[])?;
    let merchants: Vec<Merchant> = (0..MERCHANTS)
        .map(|_| {
            let variables = server.given("a merchant")?;
            Ok(Merchant {
                bearer: format!("Bearer {}", variables.text("/publishable_key")?),
                product: variables.text("/product.one_time")?,
            })
        })
        .collect::<Result<_>>()?;
    wait_for_notices(&lab.engine)?;
    server.stop()?;
    lab.engine.copy_for_raw(&sellers())?;
    let before = counts(&lab.engine)?;

    let server = lab.serve(&[])?;
    let made = apply(&mut lab, &server, &merchants, payments, report)?;
    say("stopping the server");
    server.stop()?;
    say("checking the books");
    lab.engine
        .check(&checks(&before, &made))
        .context("after the load the database is not as it should be")?;
    report.notes.push(format!(
        "Afterwards every acknowledged checkout was there ({} begun, {} paid), each paid one with one customer, one paid order, \
         one charge, one trade of the gateway and one notice taken.",
        grouped(made.begun as f64),
        grouped(made.paid as f64)
    ));
    Ok(())
}

/// How many the server has answered.
#[derive(Default)]
struct Made {
    begun: u64,
    paid: u64,
}

fn apply(
    lab: &mut Lab,
    server: &Server,
    merchants: &[Merchant],
    payments: usize,
    report: &mut Report,
) -> Result<Made> {
    let (half, quarter) = (lab.seconds / 2, lab.seconds / 4);
    let connections = lab.connections;
    let mut made = Made::default();
    let mut client = Client::connect(server.port, connections)?;
    thread::sleep(Duration::from_millis(300));
    let idle = server.memory()?.0;

    let begin = merchants
        .iter()
        .map(|m| m.begin(&format!("b{PLACEHOLDER}")));
    let begin = Request::repeated(begin, 201, "\"sdk_token\":\"");
    let mut begins = |connections, time| {
        let outcome = client.closed_loop(&begin, connections, time)?;
        made.begun += outcome.answered;
        outcome.fail_if_wrong()?;
        Ok::<_, anyhow::Error>(outcome)
    };
    let mut bare_begin = bare_begin();
    say("warming up");
    begins(connections, quarter)?;
    lab.engine.raw(&mut bare_begin, quarter)?;
    let begun = lab.in_turns("checkouts begun", server, &mut bare_begin, quarter, |_| {
        begins(connections, half)
    })?;
    report
        .lines
        .push(lab.once("checkouts begun", server, 1, || begins(1, quarter))?);

    let single = payments / 8;
    let prepared = prepare(server.port, merchants, payments * (ROUNDS + 1) + single)?;
    made.begun += prepared.len() as u64;
    let mut prepared = prepared.into_iter();
    let mut settled = (0, Duration::ZERO);
    let mut pays = |lab: &Lab, connections, count| {
        let requests = prepared.by_ref().take(count);
        let request = Request::once_each(requests, 200, "\"status\":\"SUCCEEDED\"");
        let outcome = client.closed_loop(&request, connections, PATIENCE)?;
        made.paid += outcome.answered;
        outcome.fail_if_wrong()?;
        let waited = wait_for_notices(&lab.engine)?;
        if connections > 1 {
            settled = (
                settled.0 + outcome.answered,
                settled.1 + outcome.time + waited,
            );
        }
        Ok::<_, anyhow::Error>(outcome)
    };
    let mut bare_pay = bare_pay();
    say("warming up");
    pays(lab, connections, payments)?;
    lab.engine.raw(&mut bare_pay, quarter)?;
    let paid = lab.in_turns("checkouts paid", server, &mut bare_pay, quarter, |lab| {
        pays(lab, connections, payments)
    })?;
    let alone = lab.once("checkouts paid", server, 1, || pays(lab, 1, single))?;

    report.notes.push(format!(
        "Ratio: the server began {} times and paid {} times as many checkouts a second as {} wrote the same rows, in turns.",
        begun.ratio, paid.ratio, begun.raw.what
    ));
    report.notes.push(
        "The simulated card gateway is part of this: in the server's process, called over HTTP, with its books in the same \
         database. Beginning asks it for the card form's token; paying has it charge the card, and it then tells the server by a \
         notice of its own. The card was typed into the form beforehand. The bare database writes the gateway's rows too: 2 \
         transactions to begin, 5 to pay."
            .into(),
    );
    report.notes.push(format!(
        "Counted until the server had taken the gateway's last notice, {:.0} a second were paid. Nobody waits for notices, \
         but their work is part of the processor time above.",
        settled.0 as f64 / settled.1.as_secs_f64()
    ));
    report.notes.push(memory_note(idle, server)?);
    report.lines.insert(0, begun.line);
    report.lines.push(paid.line);
    report.lines.push(alone);
    say("the bare database in other ways");
    let named = |what: &'static str| {
        move |raw: RawLine| RawLine {
            what: format!("{what}: {}", raw.what),
            ..raw
        }
    };
    let more = lab.engine.raw_variants(&mut bare_begin, quarter)?;
    report
        .raw
        .extend([begun.raw].into_iter().chain(more).map(named("begin")));
    let more = lab.engine.raw_variants(&mut bare_pay, quarter)?;
    report
        .raw
        .extend([paid.raw].into_iter().chain(more).map(named("pay")));
    Ok(made)
}

/// Begins checkouts and types a card into the form of each; returns the requests that pay them.
fn prepare(port: u16, merchants: &[Merchant], count: usize) -> Result<Vec<String>> {
    say(&format!("typing {} cards", grouped(count as f64)));
    let each = |n: usize| -> Result<Vec<String>> {
        let mut caller = Caller::connect(port)?;
        let merchant = merchants.get(n).context("a merchant")?;
        (n..count)
            .step_by(merchants.len())
            .map(|n| merchant.prepare(&mut caller, &format!("p{n}")))
            .collect()
    };
    let of_each: Vec<Vec<String>> = thread::scope(|scope| {
        let each = &each;
        let threads: Vec<_> = (0..merchants.len())
            .map(|n| scope.spawn(move || each(n)))
            .collect();
        threads
            .into_iter()
            .map(|thread| match thread.join() {
                Ok(prepared) => prepared,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect::<Result<_>>()
    })?;
    // Neighbours are of different merchants.
    let longest = of_each.iter().map(Vec::len).max().unwrap_or(0);
    let mut of_each: Vec<_> = of_each.into_iter().map(Vec::into_iter).collect();
    let mixed: Vec<String> = (0..longest)
        .flat_map(|_| {
            of_each
                .iter_mut()
                .filter_map(Iterator::next)
                .collect::<Vec<_>>()
        })
        .collect();
    ensure!(mixed.len() == count, "a checkout was not prepared");
    Ok(mixed)
}

/// Waits until the server has taken every notice of the gateway, and says how long that was.
fn wait_for_notices(engine: &Engine) -> Result<Duration> {
    let begun = Instant::now();
    while engine.number("SELECT COUNT(*) FROM gateway_notifies WHERE due_at IS NOT NULL")? > 0 {
        ensure!(
            begun.elapsed() < PATIENCE,
            "the gateway's notices were not taken within {PATIENCE:?}"
        );
        thread::sleep(Duration::from_millis(50));
    }
    Ok(begun.elapsed())
}

/// What there is one of for each checkout that is paid.
const PAID: [(&str, &str); 6] = [
    ("customers", "billing_customers"),
    ("paid orders", "billing_orders WHERE status = 'PAID'"),
    ("charges", "billing_charges WHERE status = 'SUCCEEDED'"),
    ("trades", "gateway_trades"),
    (
        "notices taken",
        "gateway_notifies WHERE delivered_at IS NOT NULL",
    ),
    (
        "events that tell of it",
        "webhook_events WHERE kind = 'checkout.completed'",
    ),
];
const BEGUN: (&str, &str) = ("checkouts", "billing_checkouts");

fn count(rows: &str) -> String {
    format!("SELECT COUNT(*) FROM {rows}")
}

/// How many there are of [`BEGUN`] and [`PAID`].
fn counts(engine: &Engine) -> Result<Vec<u64>> {
    [BEGUN]
        .iter()
        .chain(&PAID)
        .map(|(_, rows)| engine.number(&count(rows)))
        .collect()
}

fn checks(before: &[u64], made: &Made) -> Vec<Check> {
    let more = [made.begun].into_iter().chain([made.paid; PAID.len()]);
    [BEGUN]
        .into_iter()
        .chain(PAID)
        .zip(before.iter().zip(more))
        .map(|((what, rows), (before, more))| Check {
            what,
            sql: count(rows),
            wanted: before + more,
        })
        .collect()
}

/// The merchants of the bare database, and what they sell.
fn sellers() -> String {
    (0..MERCHANTS)
        .map(|turn| {
            format!(
                "INSERT INTO merchants (merchant_id, name, created_at) VALUES ('merchant_{turn}', 'Bare', 0); \
                 INSERT INTO billing_accounts (account_id, merchant_id, livemode, clock_offset, settings, created_at) \
                 VALUES ('acct_{turn}', 'merchant_{turn}', 0, 0, '{{}}', 0); \
                 INSERT INTO billing_products (product_id, account_id, slug, name, product_type, price, grace_days, retry_days, \
                 display_order, metadata, active, created_at, updated_at) VALUES ('prod_{turn}', 'acct_{turn}', 'handbook', \
                 'Handbook', 'ONE_TIME', 590, 3, '[1,2,3]', 0, '{{}}', 1, 0, 0); "
            )
        })
        .collect()
}

/// An event in the order of its merchant. `mark`: a letter of its own.
fn event(kind: &str, mark: char, object: &str) -> [String; 2] {
    [
        "INSERT INTO sequences (name, next) VALUES ('webhook-events of acct_' || :turn, 2) \
         ON CONFLICT (name) DO UPDATE SET next = sequences.next + 1 RETURNING next"
            .into(),
        format!(
            "INSERT INTO webhook_events (event_id, owner, seq, kind, object_id, data, occurred_at, created_at) \
             VALUES ('evt_0123456789abcde{mark}' || :id, 'acct_' || :turn, :next - 1, '{kind}', '{object}_{STEM}' || :id, \
             '{}', :now, :now)",
            filler(340)
        ),
    ]
}

/// What beginning a checkout writes: the gateway's token, and the checkout; for ids that begin with `stem`.
fn token_row(stem: &str) -> Row {
    Row::new(
        "gateway_tokens (token, session)",
        format!("'{stem}abcdef' || :id, '{}'", filler(280)),
    )
}

fn checkout_row(stem: &str) -> Row {
    Row::new(
        "billing_checkouts (checkout_id, account_id, session_id, number, client_secret_hash, product_id, purpose, status, price, \
         plan, amount_off, charged, coupon, buyer, buyer_known, customer_id, subscription_id, order_id, payment_link_id, success_url, \
         cancel_url, metadata, origin, sdk_token, sdk_token_expires_at, credit_token, attempts, max_attempts, refusal, \
         expires_at, created_at, completed_at)",
        format!(
            "'chk_{stem}' || :id, 'acct_' || :turn, NULL, 'CHK{stem}' || :id, '{}', 'prod_' || :turn, 'PAYMENT', \
             'REQUIRES_PAYMENT_METHOD', 590, 'null', 0, 590, 'null', '{}', 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{ORIGIN}', \
             '{stem}abcdef' || :id, :now, 'chk_{stem}' || :id, 0, 5, 'null', :now, :now, NULL",
            filler(64),
            filler(66)
        ),
    )
}

fn bare_begin() -> Bare {
    let token = token_row(STEM_BEGUN).insert();
    let checkout = checkout_row(STEM_BEGUN).insert();
    let event = event("checkout.created", 'a', "chk");
    let second = [vec![checkout], event.to_vec()].concat();
    Bare::of(Access::Write, &[vec![token], second], 1)
}

/// The checkouts that [`bare_pay`] pays.
fn begun(first: u64, count: u64) -> String {
    token_row(STEM).series(first, count) + &checkout_row(STEM).series(first, count)
}

/// What paying one writes: customer, order and charge; the gateway's trade and notice; its attempt at the notice; what
/// follows from the payment; the notice's end.
fn bare_pay() -> Bare {
    let customer = format!(
        "INSERT INTO billing_customers (customer_id, account_id, email, email_key, name, external_id, status, email_verified, \
         metadata, created_at, updated_at) VALUES ('cus_{STEM}' || :id, 'acct_' || :turn, 'p' || :id || '@example.com', \
         'p' || :id || '@example.com', NULL, NULL, 'ACTIVE', 0, '{{}}', :now, :now)"
    );
    let order = format!(
        "INSERT INTO billing_orders (order_id, account_id, checkout_id, subscription_id, customer_id, product_id, \
         billing_reason, status, subtotal, discount, amount, refunded_amount, metadata, created_at, paid_at) \
         VALUES ('ord_{STEM}' || :id, 'acct_' || :turn, 'chk_{STEM}' || :id, NULL, 'cus_{STEM}' || :id, 'prod_' || :turn, \
         'PURCHASE', 'PENDING', 590, 0, 590, 0, NULL, :now, NULL)"
    );
    let charge = format!(
        "INSERT INTO billing_charges (charge_id, account_id, mer_trade_no, purpose, reference, customer_id, card_id, sdk_token, \
         amount, refunded_amount, status, trade_no, failure, three_d_url, checks, check_at, created_at, settled_at) \
         VALUES ('ch_{STEM}' || :id, 'acct_' || :turn, '1m80dq8jg' || :id, 'CHECKOUT', 'chk_{STEM}' || :id, \
         'cus_{STEM}' || :id, NULL, '{STEM}abcdef' || :id, 590, 0, 'PENDING', NULL, 'null', NULL, 0, :now, :now, NULL)"
    );
    // Fails where there is no such checkout.
    let begin = format!(
        "UPDATE billing_checkouts SET status = 'PROCESSING', attempts = 1, customer_id = 'cus_{STEM}' || :id, \
         order_id = 'ord_{STEM}' || :id WHERE checkout_id = 'chk_{STEM}' || :id RETURNING attempts AS next"
    );
    let notice = format!(
        "INSERT INTO gateway_notifies (notify_id, trade_no, url, body, attempts, due_at) VALUES ('179' || :id || '-decided', \
         '179' || :id, 'http://localhost/callback/recur/sandbox/notify', '{}', 0, :now)",
        filler(1150)
    );
    let trade = format!(
        "INSERT INTO gateway_trades (trade_no, mer_trade_no, attempt, trade) VALUES ('179' || :id, '1m80dq8jg' || :id, 1, '{}')",
        filler(960)
    );
    let token = format!(
        "UPDATE gateway_tokens SET session = '{}' WHERE token = '{STEM}abcdef' || :id",
        filler(280)
    );
    let attempt = "UPDATE gateway_notifies SET attempts = 1, due_at = :now WHERE notify_id = '179' || :id || '-decided'";
    let charged = format!(
        "UPDATE billing_charges SET status = 'SUCCEEDED', trade_no = '179' || :id, sdk_token = NULL, checks = 1, \
         check_at = NULL, settled_at = :now WHERE charge_id = 'ch_{STEM}' || :id"
    );
    let paid = format!(
        "UPDATE billing_orders SET status = 'PAID', paid_at = :now WHERE order_id = 'ord_{STEM}' || :id"
    );
    let completed = format!(
        "UPDATE billing_checkouts SET status = 'SUCCEEDED', completed_at = :now WHERE checkout_id = 'chk_{STEM}' || :id"
    );
    let taken = "UPDATE gateway_notifies SET due_at = NULL, delivered_at = :now WHERE notify_id = '179' || :id || '-decided'";
    let transactions = [
        [
            vec![customer],
            event("customer.created", 'b', "cus").to_vec(),
            vec![order, charge, begin],
        ]
        .concat(),
        vec![notice, trade, token],
        vec![attempt.into()],
        [
            vec![charged, paid],
            event("order.paid", 'c', "ord").to_vec(),
            vec![completed],
            event("checkout.completed", 'd', "chk").to_vec(),
        ]
        .concat(),
        vec![taken.into()],
    ];
    Bare {
        before: Some(begun),
        ..Bare::of(Access::Write, &transactions, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bare_database_has_every_row_of_a_paid_checkout() {
        let db = rusqlite::Connection::open_in_memory().unwrap();
        for schema in [
            include_str!("../../../crates/store/migrations/0001_platform.sql"),
            include_str!("../../../crates/store/migrations/0002_billing.sql"),
            include_str!("../../../crates/store/migrations/0003_gateway.sql"),
            include_str!("../../../crates/store/migrations/0004_webhooks.sql"),
        ] {
            db.execute_batch(schema).unwrap();
        }
        db.execute_batch(&sellers()).unwrap();
        for _ in 0..2 {
            db.execute_batch(&begun(1, 2)).unwrap();
        }
        let (begin, pay) = (bare_begin(), bare_pay());
        assert_eq!((begin.sqlite.len(), pay.sqlite.len()), (2, 5));
        let transactions = || begin.sqlite.iter().chain(&pay.sqlite);
        for n in [1, 2] {
            for transaction in transactions() {
                transaction(&db, n).unwrap();
            }
        }
        let found = |rows: &str| -> i64 {
            let query = count(rows);
            db.query_row(&query, [], |row| row.get(0)).unwrap()
        };
        assert_eq!(found(BEGUN.1), 4);
        for (what, rows) in PAID {
            assert_eq!(found(rows), 2, "{what}");
        }
        assert!(pay.sqlite[0](&db, 3).is_err(), "nobody began this one");
    }

    #[test]
    fn pgbench_knows_every_variable() {
        bare_begin().assert_known_variables();
        bare_pay().assert_known_variables();
    }
}
