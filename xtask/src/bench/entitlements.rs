//! Asking what customers may use.

use super::{
    bare::{Access, BASE, Bare},
    client::{Client, Outcome, Request, get},
    engine::Check,
    lab::{self, Lab, memory_note},
    report::{Report, grouped},
    say,
    server::Server,
};
use anyhow::{Context, Result};

/// What the ids of the customers and subscriptions that we make begin with; a number of 16 digits follows.
const STEM: &str = "01m80dq8jg";

#[derive(clap::Args)]
pub struct Options {
    #[command(flatten)]
    common: lab::Common,
    /// Customers of the merchant, each with a subscription
    #[arg(long, default_value_t = 10_000, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    customers: u64,
}

pub fn run(options: &Options) -> Result<()> {
    lab::run(&options.common, "entitlements", "reads", |lab, report| {
        measure(lab, options.customers, report)
    })
}

fn measure(mut lab: Lab, customers: u64, report: &mut Report) -> Result<()> {
    let server = lab.serve(&[])?;
    let merchant = server.given("a merchant")?;
    server.stop()?;
    let model = merchant.text("/customer.id")?;
    say(&format!(
        "making {} customers, each with a subscription",
        grouped(customers as f64)
    ));
    lab.engine.change(&copies(&model, customers))?;
    let account = lab.engine.ask(&format!(
        "SELECT account_id FROM billing_customers WHERE customer_id = '{model}'"
    ))?;
    lab.engine.copy_for_raw("")?;
    let server = lab.serve(&[])?;
    let key = merchant.text("/secret_key")?;
    let bare = bare(&account, &merchant.text("/product.monthly")?, customers);
    apply(&mut lab, &server, &key, customers, bare, report)?;
    server.stop()?;
    let subscriptions =
        format!("SELECT COUNT(*) FROM billing_subscriptions WHERE account_id = '{account}'");
    lab.engine
        .check(&[Check {
            what: "subscriptions",
            sql: subscriptions,
            wanted: customers + 1,
        }])
        .context("reading has changed something")
}

fn apply(
    lab: &mut Lab,
    server: &Server,
    key: &str,
    customers: u64,
    mut bare: Bare,
    report: &mut Report,
) -> Result<()> {
    let (half, quarter) = (lab.seconds / 2, lab.seconds / 4);
    let connections = lab.connections;
    let mut client = Client::connect(server.port, connections)?;
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str())];
    // Each answer names the subscription that grants something; in no order of the keys.
    let texts = (0..customers).map(|n| {
        let id = BASE + n * 7919 % customers;
        let path = format!("/v1/customers/entitlements?customer_id=cus_{STEM}{id}");
        get(&path, &headers)
    });
    let request = Request::repeated(
        texts,
        200,
        "\"status\":\"active\",\"subscription_id\":\"sub_",
    );
    let mut closed = |connections, time| -> Result<Outcome> {
        let outcome = client.closed_loop(&request, connections, time)?;
        outcome.fail_if_wrong()?;
        Ok(outcome)
    };
    std::thread::sleep(std::time::Duration::from_millis(300));
    let idle = server.memory()?.0;
    say("warming up");
    closed(connections, quarter)?;
    lab.engine.raw(&mut bare, quarter)?;

    let turns = lab.in_turns("entitlements", server, &mut bare, quarter, |_| {
        closed(connections, half)
    })?;
    report.notes.push(format!(
        "Ratio: the server answered {} times as often a second as {} read the same rows, in turns.",
        turns.ratio, turns.raw.what
    ));
    report.notes.push(format!(
        "{} customers of one merchant, each with a subscription, asked for by id in no order.",
        grouped(customers as f64)
    ));
    report.lines.push(turns.line);
    report.raw.push(turns.raw);
    report
        .lines
        .push(lab.once("entitlements", server, 1, || closed(1, half))?);
    report.notes.push(memory_note(idle, server)?);
    say("the bare database in other ways");
    report
        .raw
        .extend(lab.engine.raw_variants(&mut bare, quarter)?);
    Ok(())
}

/// Customers like `model`, each with a subscription like the one it has.
fn copies(model: &str, customers: u64) -> String {
    let series = format!(
        "WITH RECURSIVE series (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM series WHERE n + 1 < {customers})"
    );
    format!(
        "INSERT INTO billing_customers (customer_id, account_id, email, email_key, name, external_id, status, email_verified, \
            metadata, created_at, updated_at) \
         {series} SELECT 'cus_{STEM}' || ({BASE} + n), account_id, 'c' || n || '@example.com', 'c' || n || '@example.com', name, \
            'user_c' || n, status, email_verified, metadata, created_at, updated_at \
         FROM billing_customers CROSS JOIN series WHERE customer_id = '{model}'; \
         INSERT INTO billing_subscriptions (subscription_id, account_id, customer_id, product_id, checkout_id, card_id, status, \
            plan, anchor, next_period, current_period_start, current_period_end, period_paid, trial_ends_at, trial_noticed, \
            coupon, periods_discounted, credit_left, credited, cancel_at_period_end, cancel_reason, canceled_at, ended_at, \
            past_due_since, next_retry_at, grace_ends_at, paused_at, scheduled, open_invoice_id, collecting, next_action_at, \
            metadata, started_at, created_at, updated_at) \
         {series} SELECT 'sub_{STEM}' || ({BASE} + n), account_id, 'cus_{STEM}' || ({BASE} + n), product_id, checkout_id, card_id, \
            status, plan, anchor, next_period, current_period_start, current_period_end, period_paid, trial_ends_at, \
            trial_noticed, coupon, periods_discounted, credit_left, credited, cancel_at_period_end, cancel_reason, canceled_at, \
            ended_at, past_due_since, next_retry_at, grace_ends_at, paused_at, scheduled, open_invoice_id, collecting, \
            next_action_at, metadata, started_at, created_at, updated_at \
         FROM billing_subscriptions CROSS JOIN series WHERE customer_id = '{model}'"
    )
}

/// The reads of an answer.
fn bare(account: &str, product: &str, customers: u64) -> Bare {
    let id = format!("'cus_{STEM}' || :pick");
    let statements = vec![
        format!(
            "SELECT * FROM billing_customers WHERE customer_id = {id} AND account_id = '{account}'"
        ),
        format!(
            "SELECT * FROM billing_subscriptions WHERE customer_id = {id} ORDER BY subscription_id DESC LIMIT 1000"
        ),
        format!(
            "SELECT * FROM billing_products WHERE product_id = '{product}' AND account_id = '{account}'"
        ),
        format!(
            "SELECT * FROM billing_orders WHERE customer_id = {id} AND billing_reason = 'PURCHASE' \
             AND status IN ('PAID', 'PARTIALLY_REFUNDED') ORDER BY order_id DESC LIMIT 1000"
        ),
    ];
    Bare::of(Access::Read, &[statements], customers)
}
