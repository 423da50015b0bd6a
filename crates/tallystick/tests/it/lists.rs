//! The three lists over HTTP, on real rows: every field, operator and function, pages, and what is refused.

use crate::support::{Answer, Engine, Shop, TestApp, both};
use orders::model::{DynamicProbability, IncreaseSpeed, Price, Product};
use reqwest::Method;
use serde_json::{Value, json};
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::time::Duration;
use tallystick::seed;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

const ORDERS: &str = "/platform/order";
const RECORDS: &str = "/platform/organization/credit/record";
const PRODUCTS: &str = "/platform/product";
const LISTS: [&str; 3] = [ORDERS, RECORDS, PRODUCTS];

/// A filter and which rows it should find.
type Case<'a> = (&'a str, &'a dyn Fn(&Value) -> bool);

/// The rows of a list as they come without options, at most a page.
async fn rows(app: &TestApp, shop: &Shop, path: &str) -> Vec<Value> {
    let all = app.get(shop, path).await.json();
    let rows = all["value"].as_array().unwrap().clone();
    assert_eq!(all["@odata.count"], rows.len(), "{all}");
    rows
}

/// Every filter finds the rows that it should, in the order of the list, and counts them.
async fn finds(app: &TestApp, shop: &Shop, path: &str, cases: &[Case<'_>]) {
    let rows = rows(app, shop, path).await;
    for (filter, holds) in cases {
        let expected: Vec<&Value> = rows.iter().filter(|row| holds(row)).collect();
        let answer = app.list(shop, path, &[("$filter", filter)]).await;
        assert_eq!(answer.status, 200, "{path} {filter}: {}", answer.text);
        let found = answer.json();
        let ids = |rows: &[&Value]| {
            rows.iter()
                .map(|row| id(row).to_owned())
                .collect::<Vec<_>>()
        };
        let values: Vec<&Value> = found["value"].as_array().unwrap().iter().collect();
        assert_eq!(ids(&values), ids(&expected), "{path} {filter}");
        assert_eq!(values, expected, "{path} {filter}");
        assert_eq!(found["@odata.count"], expected.len(), "{path} {filter}");

        // The count is that of all that was found, whatever the page.
        let page = [("$filter", *filter), ("$top", "1"), ("$skip", "1")];
        let page = app.list(shop, path, &page).await.json();
        assert_eq!(page["@odata.count"], expected.len(), "{path} {filter}");
        let second: Vec<&Value> = page["value"].as_array().unwrap().iter().collect();
        assert_eq!(
            ids(&second),
            ids(&expected.iter().skip(1).take(1).copied().collect::<Vec<_>>()),
            "{path} {filter}"
        );
    }
    // A list of filters that all find everything, or nothing, would test little.
    let telling = cases.iter().filter(|(_, holds)| {
        let found = rows.iter().filter(|row| holds(row)).count();
        found > 0 && found < rows.len()
    });
    assert!(
        telling.count() * 2 > cases.len(),
        "most filters should tell rows apart"
    );
}

fn id(row: &Value) -> &str {
    let id = ["order_id", "organization_credit_record_id", "product_id"]
        .iter()
        .find_map(|key| row[key].as_str());
    id.unwrap_or_else(|| panic!("{row}"))
}

/// Follows the pages of a list to the end.
async fn pages(
    app: &TestApp,
    shop: &Shop,
    path: &str,
    options: &[(&str, &str)],
    top: usize,
) -> Vec<Value> {
    let mut all = Vec::new();
    loop {
        let (top_text, skip) = (top.to_string(), all.len().to_string());
        let mut options = options.to_vec();
        options.extend([("$top", top_text.as_str()), ("$skip", skip.as_str())]);
        let page = app.list(shop, path, &options).await.json();
        let count = usize::try_from(page["@odata.count"].as_u64().unwrap()).unwrap();
        let rows = page["value"].as_array().unwrap();
        assert_eq!(rows.len(), top.min(count - all.len()), "{path} {options:?}");
        all.extend(rows.iter().cloned());
        if all.len() == count {
            return all;
        }
    }
}

/// Orders of every kind and fate, one a minute or later.
async fn varied_orders(app: &TestApp) -> Shop {
    let shop = app.shop(100_000).await;
    let link = "https://example.com/p/1";
    let default = |link: &str, quantity: i64| json!({"product_id": seed::DEFAULT, "link": link, "quantity": quantity});
    for (path, body) in [
        ("default", default("https://supplier.test/refused", 100)),
        ("default", default(link, 100)),
        ("default", default("https://supplier.test/partial", 200)),
        ("default", default("https://supplier.test/canceled", 100)),
        (
            "default",
            json!({"product_id": seed::STORY, "username": "O'Hara", "quantity": 50, "runs": 2, "interval_minutes": 30}),
        ),
        (
            "comment-likes",
            json!({"product_id": seed::COMMENT_LIKES, "link": link, "username": "u", "quantity": 7}),
        ),
        (
            "custom-comments",
            json!({"product_id": seed::CUSTOM_COMMENTS, "link": link, "comments": "a\nb"}),
        ),
        (
            "subscriptions",
            json!({"product_id": seed::SUBSCRIPTIONS, "username": "u", "min_quantity": 50, "max_quantity": 100,
            "new_post_count": 3, "old_post_count": 1, "delay_minutes": "min30", "expiry_date": "2026-07-01T00:00:00+08:00"}),
        ),
        ("", Value::Null),
        ("default", default("https://supplier.test/never", 300)),
        ("default", default("https://example.com/100%_\\", 100)),
        ("default", default(link, 100_000)),
    ] {
        if path.is_empty() {
            // What has been ordered so far ends.
            app.pass(48 * HOUR).await;
            app.pass(HOUR).await;
            continue;
        }
        let answer = app
            .post(&shop, &format!("/platform/order/ch2/{path}"), body)
            .await;
        assert!(matches!(answer.status, 200 | 400), "{}", answer.text);
        app.pass(MINUTE).await;
    }
    // A last one that has not been looked after yet.
    app.order(&shop, "https://example.com/last").await;
    shop
}

/// A text of a row's only line.
fn line<'a>(row: &'a Value, field: &str) -> &'a Value {
    assert_eq!(row["order_detail"].as_array().unwrap().len(), 1);
    &row["order_detail"][0][field]
}

fn at(text: &str) -> kernel::Timestamp {
    text.parse().unwrap()
}

fn created(row: &Value) -> kernel::Timestamp {
    at(row["create_date_time"].as_str().unwrap())
}

fn is_some(value: &Value, holds: impl Fn(i64) -> bool) -> bool {
    value.as_i64().is_some_and(holds)
}

both! {
    async fn orders_are_found_by_every_field(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = varied_orders(&app).await;
        let all = rows(&app, &shop, ORDERS).await;
        let third = all[2].clone();
        let (third_id, third_time) = (id(&third).to_owned(), third["create_date_time"].as_str().unwrap().to_owned());
        let statuses: BTreeSet<&str> = all.iter().map(|row| row["order_status"].as_str().unwrap()).collect();
        assert!(["cancel", "complete", "establish", "fail", "in_progress", "partial"].iter().all(|s| statuses.contains(s)), "{statuses:?}");

        let part = &third_id[20..];
        let id_is = format!("id eq {third_id}");
        let id_upper = format!("id eq {}", third_id.to_ascii_uppercase());
        let id_not = format!("id ne {third_id}");
        let id_in = format!("id in ({third_id}, {})", id(&all[5]));
        let id_part = format!("contains(cast(id,'Edm.String'),'{part}')");
        let fifth = id(&all[5]).to_owned();
        let time = at(&third_time);
        let utc = "2026-06-02T04:31:00Z";
        let times: Vec<String> = ["eq", "ne", "gt", "ge", "lt", "le"].iter().map(|op| format!("create_date_time {op} {third_time}")).collect();
        let in_times = format!("create_date_time in ({third_time}, {utc})");
        let between = format!("create_date_time gt {utc} and create_date_time lt {third_time}");
        let flipped = format!("{third_time} gt create_date_time");
        let both_ways = format!("(order_status eq 'complete' or id eq {third_id}) and not (payment_status eq 'refund')");
        finds(&app, &shop, ORDERS, &[
            (&id_is, &|row| id(row) == third_id),
            (&id_upper, &|row| id(row) == third_id),
            (&id_not, &|row| id(row) != third_id),
            (&id_in, &|row| id(row) == third_id || id(row) == fifth),
            (&id_part, &|row| id(row).contains(part)),
            ("order_number eq 'ORD-202606020003'", &|row| row["order_number"] == "ORD-202606020003"),
            ("order_number ne 'ORD-202606020003'", &|row| row["order_number"] != "ORD-202606020003"),
            ("order_number gt 'ORD-202606020003'", &|row| row["order_number"].as_str() > Some("ORD-202606020003")),
            ("order_number ge 'ORD-202606020003'", &|row| row["order_number"].as_str() >= Some("ORD-202606020003")),
            ("order_number lt 'ORD-202606020003'", &|row| row["order_number"].as_str() < Some("ORD-202606020003")),
            ("order_number le 'ORD-202606020003'", &|row| row["order_number"].as_str() <= Some("ORD-202606020003")),
            ("order_number in ('ORD-202606020003','ORD-202606020001','x')", &|row| ["ORD-202606020003", "ORD-202606020001"].contains(&row["order_number"].as_str().unwrap())),
            ("contains(order_number,'-202606040')", &|row| row["order_number"].as_str().unwrap().contains("-202606040")),
            ("contains(order_number,'ord-')", &|_| false),
            ("contains(order_number,'%')", &|_| false),
            ("contains(order_number,'ORD_2026')", &|_| false),
            ("contains(order_number,'')", &|_| true),
            ("payment_type eq 'credit'", &|_| true),
            ("payment_type ne 'credit'", &|_| false),
            ("payment_type in ('pay_uni','bank_transfer')", &|_| false),
            ("contains(cast(payment_type,'Edm.String'),'red')", &|_| true),
            ("order_status eq 'complete'", &|row| row["order_status"] == "complete"),
            ("order_status ne 'complete'", &|row| row["order_status"] != "complete"),
            ("order_status in ('partial','cancel','fail')", &|row| ["partial", "cancel", "fail"].contains(&row["order_status"].as_str().unwrap())),
            ("not (order_status in ('partial','cancel','fail'))", &|row| !["partial", "cancel", "fail"].contains(&row["order_status"].as_str().unwrap())),
            ("contains(cast(order_status,'Edm.String'),'c')", &|row| row["order_status"].as_str().unwrap().contains('c')),
            ("order_status eq 'processing'", &|_| false),
            ("payment_status eq 'refund'", &|row| row["payment_status"] == "refund"),
            ("payment_status ne 'refund'", &|row| row["payment_status"] != "refund"),
            ("'refund' eq payment_status", &|row| row["payment_status"] == "refund"),
            (&times[0], &|row| created(row) == time),
            (&times[1], &|row| created(row) != time),
            (&times[2], &|row| created(row) > time),
            (&times[3], &|row| created(row) >= time),
            (&times[4], &|row| created(row) < time),
            (&times[5], &|row| created(row) <= time),
            (&in_times, &|row| created(row) == time || created(row) == at(utc)),
            (&between, &|row| created(row) > at(utc) && created(row) < time),
            (&flipped, &|row| created(row) < time),
            // How tight the operators bind.
            ("order_status eq 'fail' or order_status eq 'complete' and payment_status eq 'refund'", &|row| row["order_status"] == "fail"),
            ("(order_status eq 'fail' or order_status eq 'complete') and payment_status eq 'complete'", &|row| row["order_status"] == "complete"),
            ("not (order_status eq 'fail') and payment_status eq 'refund'", &|row| row["order_status"] == "cancel"),
            (&both_ways, &|row| (row["order_status"] == "complete" || id(row) == third_id) && row["payment_status"] != "refund"),
            ("order_status eq 'fail' eq true", &|row| row["order_status"] == "fail"),
            ("(order_status eq 'fail') eq (payment_status eq 'refund')", &|row| (row["order_status"] == "fail") == (row["payment_status"] == "refund")),
            ("id ne null and order_status eq 'fail'", &|row| row["order_status"] == "fail"),
            ("id eq null or order_status eq 'fail'", &|row| row["order_status"] == "fail"),
            ("NOT (order_status EQ 'fail')", &|row| row["order_status"] != "fail"),
            (" \t order_status\u{3000}eq\n'fail' ", &|row| row["order_status"] == "fail"),
            ("true", &|_| true),
            ("false or null", &|_| false),
        ]).await;
        app.stop().await;
    }

    async fn orders_are_found_by_their_lines(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = varied_orders(&app).await;
        let all = rows(&app, &shop, ORDERS).await;
        let detail = line(&all[3], "order_detail_id").as_str().unwrap().to_owned();
        let by_id = format!("order_detail/any(d: d/id eq {detail})");
        let by_product = format!("order_detail/any(d: d/product_id eq {})", seed::DEFAULT);
        let product = json!(seed::DEFAULT);
        let outside = "order_detail/any(d: d/quantity eq 100 and order_status eq 'establish')";
        finds(&app, &shop, ORDERS, &[
            (&by_id, &|row| *line(row, "order_detail_id") == detail),
            (&by_product, &|row| *line(row, "product_id") == product),
            ("order_detail/any()", &|_| true),
            ("not order_detail/any()", &|_| false),
            ("order_detail/any(d: contains(d/title,'growth'))", &|row| line(row, "title").as_str().unwrap().contains("growth")),
            ("order_detail/any(d: d/title eq 'Story reach')", &|row| line(row, "title") == "Story reach"),
            ("order_detail/any(d: d/product_type eq 'ch2_default')", &|row| line(row, "product_type") == "ch2_default"),
            ("order_detail/all(d: d/product_type ne 'ch2_default')", &|row| line(row, "product_type") != "ch2_default"),
            ("order_detail/any(d: d/price eq 1.2)", &|row| *line(row, "price") == json!(1.2)),
            ("order_detail/any(d: d/price lt 1.2)", &|row| line(row, "price").as_f64() < Some(1.2)),
            ("order_detail/any(d: d/price gt 1.1999999999999999999)", &|row| line(row, "price").as_f64() >= Some(1.2)),
            ("order_detail/any(d: d/price in (15, 0.5))", &|row| [json!(15), json!(0.5)].contains(line(row, "price"))),
            ("order_detail/any(d: d/subtotal ge 120)", &|row| is_some(line(row, "subtotal"), |n| n >= 120)),
            ("order_detail/any(d: d/subtotal lt 120.5)", &|row| is_some(line(row, "subtotal"), |n| n <= 120)),
            ("order_detail/any(d: d/quantity gt 100)", &|row| is_some(line(row, "quantity"), |n| n > 100)),
            ("order_detail/any(d: d/quantity lt 1e3)", &|row| is_some(line(row, "quantity"), |n| n < 1000)),
            ("order_detail/any(d: d/quantity ne 100)", &|row| *line(row, "quantity") != json!(100)),
            ("order_detail/all(d: d/quantity gt 0)", &|row| is_some(line(row, "quantity"), |n| n > 0)),
            ("order_detail/any(d: not (d/quantity gt 100))", &|row| !is_some(line(row, "quantity"), |n| n > 100)),
            ("order_detail/any(d: d/quantity eq null)", &|row| line(row, "quantity").is_null()),
            ("order_detail/any(d: d/quantity in (7, null))", &|row| line(row, "quantity").is_null() || *line(row, "quantity") == json!(7)),
            ("order_detail/any(d: contains(cast(d/quantity,'Edm.String'),'0'))", &|row| line(row, "quantity").to_string().contains('0')),
            ("order_detail/any(d: contains(d/link,'supplier.test'))", &|row| line(row, "link").as_str().is_some_and(|l| l.contains("supplier.test"))),
            ("order_detail/any(d: contains(d/link,'100%_\\'))", &|row| line(row, "link").as_str().is_some_and(|l| l.contains("100%_\\"))),
            ("order_detail/all(d: contains(d/link,'example'))", &|row| line(row, "link").as_str().is_some_and(|l| l.contains("example"))),
            ("order_detail/any(d: not contains(d/link,'example'))", &|row| line(row, "link").as_str().is_some_and(|l| !l.contains("example"))),
            ("order_detail/any(d: d/link ne null)", &|row| !line(row, "link").is_null()),
            ("order_detail/any(d: d/username eq 'O''Hara')", &|row| line(row, "username") == "O'Hara"),
            ("order_detail/any(d: d/username eq null)", &|row| line(row, "username").is_null()),
            ("order_detail/all(d: d/username ne 'u')", &|row| line(row, "username") != "u"),
            ("order_detail/any(d: d/runs eq 2)", &|row| *line(row, "runs") == json!(2)),
            ("order_detail/any(d: d/interval_minutes ge 30)", &|row| is_some(line(row, "interval_minutes"), |n| n >= 30)),
            ("order_detail/any(d: d/min_quantity le 50)", &|row| is_some(line(row, "min_quantity"), |n| n <= 50)),
            ("order_detail/any(d: d/max_quantity gt d/min_quantity)", &|row| line(row, "product_type") == "ch2_subscriptions"),
            ("order_detail/any(d: d/new_post_count eq 3 and d/old_post_count eq 1)", &|row| line(row, "product_type") == "ch2_subscriptions"),
            ("order_detail/any(d: d/expiry_date gt 2026-06-30T15:59:59Z)", &|row| !line(row, "expiry_date").is_null()),
            ("order_detail/any(d: d/expiry_date eq 2026-06-30T16:00:00Z)", &|row| !line(row, "expiry_date").is_null()),
            ("order_detail/any(d: d/start_count ge 0)", &|row| !line(row, "start_count").is_null()),
            ("order_detail/any(d: d/remains eq 0)", &|row| *line(row, "remains") == json!(0)),
            ("order_detail/any(d: d/remains gt 0 and d/remains lt d/quantity)", &|row| {
                let quantity = line(row, "quantity").as_i64().unwrap_or(0);
                is_some(line(row, "remains"), |n| n > 0 && n < quantity)
            }),
            (outside, &|row| row["order_status"] == "establish" && *line(row, "quantity") == json!(100)),
            ("order_detail/any(d: d/subtotal gt 100) and order_detail/all(o: o/price lt 1)", &|row| {
                is_some(line(row, "subtotal"), |n| n > 100) && line(row, "price").as_f64() < Some(1.0)
            }),
        ]).await;
        app.stop().await;
    }

    async fn records_are_found_by_every_field(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = varied_orders(&app).await;
        let all = rows(&app, &shop, RECORDS).await;
        let quantity = |row: &Value| row["quantity"].as_i64().unwrap();
        for row in &all {
            let kind = if quantity(row) < 0 { "decrease" } else { "increase" };
            assert_eq!(row["type"], kind);
        }
        let time = all[4]["create_date_time"].as_str().unwrap();
        let times: Vec<String> = ["eq", "ne", "gt", "ge", "lt", "le"].iter().map(|op| format!("create_date_time {op} {time}")).collect();
        let time = at(time);
        finds(&app, &shop, RECORDS, &[
            ("quantity eq -120", &|row| quantity(row) == -120),
            ("quantity ne -120", &|row| quantity(row) != -120),
            ("quantity gt -120", &|row| quantity(row) > -120),
            ("quantity ge -120", &|row| quantity(row) >= -120),
            ("quantity lt -120", &|row| quantity(row) < -120),
            ("quantity le -120", &|row| quantity(row) <= -120),
            ("quantity lt -120.5", &|row| quantity(row) < -120),
            ("quantity gt -1.2e2", &|row| quantity(row) > -120),
            ("quantity eq -120.0", &|row| quantity(row) == -120),
            ("quantity eq -120.5", &|_| false),
            ("quantity in (-120, 100000, 0.5)", &|row| [-120, 100_000].contains(&quantity(row))),
            ("quantity lt 99999999999999999999999999", &|_| true),
            ("contains(cast(quantity,'Edm.String'),'-1')", &|row| quantity(row).to_string().contains("-1")),
            ("type eq 'decrease'", &|row| row["type"] == "decrease"),
            ("type ne 'decrease'", &|row| row["type"] == "increase"),
            ("type in ('increase')", &|row| row["type"] == "increase"),
            ("contains(cast(type,'Edm.String'),'de')", &|row| row["type"] == "decrease"),
            ("type eq 'increase' and quantity lt 1000", &|row| row["type"] == "increase" && quantity(row) < 1000),
            (&times[0], &|row| created(row) == time),
            (&times[1], &|row| created(row) != time),
            (&times[2], &|row| created(row) > time),
            (&times[3], &|row| created(row) >= time),
            (&times[4], &|row| created(row) < time),
            (&times[5], &|row| created(row) <= time),
        ]).await;
        app.stop().await;
    }

    async fn products_are_found_by_every_field(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(1000).await;
        let template = app.app.orders.product(seed::DEFAULT).await.unwrap().unwrap();
        for (number, thousandths, category, probability, speed) in [
            (1, 1, "threads_fans", DynamicProbability::Low, IncreaseSpeed::Slow),
            (2, 999, "網路_粉絲", DynamicProbability::High, IncreaseSpeed::Medium),
            (3, 1201, "it's_100%", DynamicProbability::Medium, IncreaseSpeed::Fast),
            (4, 9_007_199_254_740_993, "\u{1F4A3}_\u{202e}x", DynamicProbability::High, IncreaseSpeed::Slow),
        ] {
            app.app.orders.put_product(Product {
                product_id: format!("01950000-0000-7000-8000-{:012}", 100 + number).parse().unwrap(),
                price: Price::from_thousandths(thousandths),
                product_category: category.into(),
                main_product_category: category.split('_').next().unwrap().into(),
                dynamic_probability: probability,
                increase_speed: speed,
                min: number,
                max: 1000 - number,
                order_no: 50 - number,
                ..Product::clone(&template)
            }).await.unwrap();
        }
        let price = |row: &Value| row["price"].as_f64().unwrap();
        let text = |row: &Value, field: &str| row[field].as_str().unwrap().to_owned();
        let default = seed::DEFAULT.to_string();
        let id_is = format!("id eq {default}");
        let id_not = format!("id ne {default}");
        let id_in = format!("id in ({default}, {})", seed::OFF_SALE);
        finds(&app, &shop, PRODUCTS, &[
            (&id_is, &|row| id(row) == default),
            (&id_not, &|row| id(row) != default),
            (&id_in, &|row| id(row) == default),
            ("contains(cast(id,'Edm.String'),'0000000010')", &|row| id(row).contains("0000000010")),
            ("price eq 1.2", &|row| price(row) == 1.2),
            ("price eq 1.200", &|row| price(row) == 1.2),
            ("price ne 1.2", &|row| price(row) != 1.2),
            ("price gt 1.2", &|row| price(row) > 1.2),
            ("price ge 1.2", &|row| price(row) >= 1.2),
            ("price lt 1.2", &|row| price(row) < 1.2),
            ("price le 1.2", &|row| price(row) <= 1.2),
            ("price gt 1.2004", &|row| price(row) > 1.2),
            ("price eq 1.2004", &|_| false),
            ("price eq 0.001", &|row| price(row) == 0.001),
            ("price lt 1e-2", &|row| price(row) < 0.01),
            ("price eq 9007199254740.993", &|row| price(row) > 1e12),
            ("price eq 9007199254740.992", &|_| false),
            ("price in (2, 15, 0.999)", &|row| [2.0, 15.0, 0.999].contains(&price(row))),
            ("main_product_category eq 'instagram'", &|row| row["main_product_category"] == "instagram"),
            ("main_product_category eq 'Instagram'", &|_| false),
            ("main_product_category ne 'instagram'", &|row| row["main_product_category"] != "instagram"),
            ("main_product_category gt 'instagram'", &|row| text(row, "main_product_category").as_str() > "instagram"),
            ("main_product_category in ('youtube','網路')", &|row| ["youtube", "網路"].contains(&text(row, "main_product_category").as_str())),
            ("product_category eq '網路_粉絲'", &|row| row["product_category"] == "網路_粉絲"),
            ("contains(product_category,'粉')", &|row| text(row, "product_category").contains('粉')),
            ("product_category eq 'it''s_100%'", &|row| row["product_category"] == "it's_100%"),
            ("contains(product_category,'%')", &|row| text(row, "product_category").contains('%')),
            ("contains(product_category,'s_f')", &|row| text(row, "product_category").contains("s_f")),
            ("contains(product_category,'\u{1F4A3}')", &|row| text(row, "product_category").contains('\u{1F4A3}')),
            ("contains(product_category,'\u{202e}x')", &|row| text(row, "product_category").contains('\u{202e}')),
            ("contains(product_category,main_product_category)", &|_| true),
            ("contains('youtube_view,threads_fans',product_category)", &|row| ["youtube_view", "threads_fans"].contains(&text(row, "product_category").as_str())),
            ("product_category ne main_product_category and product_category lt 'j'", &|row| text(row, "product_category").as_str() < "j"),
            ("dynamic_probability eq 'high'", &|row| row["dynamic_probability"] == "high"),
            ("dynamic_probability ne 'medium'", &|row| row["dynamic_probability"] != "medium"),
            ("dynamic_probability in ('low','high')", &|row| row["dynamic_probability"] != "medium"),
            ("increase_speed eq 'slow'", &|row| row["increase_speed"] == "slow"),
            ("increase_speed ne 'fast'", &|row| row["increase_speed"] != "fast"),
            ("contains(cast(increase_speed,'Edm.String'),'s')", &|row| text(row, "increase_speed").contains('s')),
            ("increase_speed eq 'slow' and dynamic_probability eq 'high'", &|row| row["increase_speed"] == "slow" && row["dynamic_probability"] == "high"),
        ]).await;

        // What is off sale is in no list, whatever is asked.
        let all = rows(&app, &shop, PRODUCTS).await;
        assert_eq!(all.len(), 11);
        assert!(all.iter().all(|row| id(row) != seed::OFF_SALE.to_string()));
        app.stop().await;
    }

    async fn every_sortable_field_sorts(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = varied_orders(&app).await;
        for (path, fields) in [
            (ORDERS, &["payment_type", "order_status", "payment_status", "create_date_time"][..]),
            (RECORDS, &["quantity", "type", "create_date_time"]),
            (PRODUCTS, &["price", "min", "max", "order_no"]),
        ] {
            let all = rows(&app, &shop, path).await;
            assert_eq!(all, in_order(&all, &[], path), "{path}: the order without $orderby");
            let mut options: Vec<Vec<(&str, bool)>> = Vec::new();
            for (n, field) in fields.iter().enumerate() {
                options.extend([vec![(*field, false)], vec![(*field, true)]]);
                let other = fields[(n + 1) % fields.len()];
                options.extend([vec![(*field, true), (other, false)], vec![(*field, false), (other, true)]]);
            }
            options.push(fields.iter().map(|field| (*field, true)).collect());
            for keys in options {
                let clauses: Vec<String> = keys.iter().map(|(field, down)| format!("{field}{}", if *down { " desc" } else { "" })).collect();
                for text in [clauses.join(","), clauses.join(" , ").replace(" desc", "  DESC")] {
                    let found = app.list(&shop, path, &[("$orderby", &text)]).await.json();
                    let found = found["value"].as_array().unwrap_or_else(|| panic!("{path} {text}: {found}"));
                    assert_eq!(*found, in_order(&all, &keys, path), "{path} {text}");
                }
            }
            let plain = app.list(&shop, path, &[("$orderby", fields[0])]).await.text;
            let asc = app.list(&shop, path, &[("$orderby", &format!("{} asc", fields[0]))]).await.text;
            assert_eq!(plain, asc);
        }
        app.stop().await;
    }

    async fn pages_have_neither_gaps_nor_doubles(engine: Engine) {
        let app = TestApp::with(engine, |config| config.orders.verdict_wait = Duration::ZERO).await;
        let (shop, stranger) = (app.shop(1_000_000).await, app.shop(1_000_000).await);
        let mut at_once = tokio::task::JoinSet::new();
        // All at one instant, so that most keys are the same for all rows.
        for n in 0..230 {
            let body = json!({"product_id": seed::DEFAULT, "link": "https://example.com/p", "quantity": 100 + n % 3});
            let request = app.request(Method::POST, "/platform/order/ch2/default").header("x-api-key", &shop.key).json(&body);
            at_once.spawn(async move { request.send().await.unwrap().status().as_u16() });
            if at_once.len() == 16 {
                assert_eq!(at_once.join_next().await.unwrap().unwrap(), 200);
            }
        }
        assert!(at_once.join_all().await.iter().all(|status| *status == 200));
        app.order(&stranger, "https://example.com/p").await;
        let template = app.app.orders.product(seed::DEFAULT).await.unwrap().unwrap();
        for n in 0..223 {
            let product_id = format!("01950000-0000-7000-8000-{:012}", 100 + n).parse().unwrap();
            app.app.orders.put_product(Product { product_id, ..Product::clone(&template) }).await.unwrap();
        }
        for (path, count, filter, filtered, sorts) in [
            (ORDERS, 230, "order_detail/any(d: d/quantity eq 101)", 77, ["payment_type", "create_date_time desc,order_status"]),
            (RECORDS, 231, "quantity lt -121", 153, ["type desc", "create_date_time,quantity"]),
            (PRODUCTS, 230, "product_category eq 'instagram_fans'", 225, ["price", "max desc,min,order_no desc"]),
        ] {
            // Without $top: a hundred.
            let first = app.get(&shop, path).await.json();
            assert_eq!((first["value"].as_array().unwrap().len(), &first["@odata.count"]), (100, &json!(count)), "{path}");
            let by_hundred = pages(&app, &shop, path, &[], 100).await;
            assert_eq!(first["value"].as_array().unwrap()[..], by_hundred[..100], "{path}");
            for (top, options) in [(7, vec![]), (99, vec![("$orderby", sorts[0])]), (33, vec![("$orderby", sorts[1])]), (64, vec![("$filter", filter)])] {
                let expected = if options.first().is_some_and(|(name, _)| *name == "$filter") { filtered } else { count };
                let all = pages(&app, &shop, path, &options, top).await;
                let ids: BTreeSet<&str> = all.iter().map(id).collect();
                assert_eq!((all.len(), ids.len()), (expected, expected), "{path} {options:?}");
                if options.is_empty() {
                    assert_eq!(all, by_hundred, "{path}");
                }
            }
            for (skip, left) in [(count - 1, 1), (count, 0), (count + 1, 0), (2_147_483_647, 0)] {
                let page = app.list(&shop, path, &[("$skip", &skip.to_string())]).await.json();
                assert_eq!((page["value"].as_array().unwrap().len(), &page["@odata.count"]), (left, &json!(count)), "{path} {skip}");
            }
            for (option, value) in [("$skip", "0"), ("$top", "100"), ("$top", " 100 "), ("$skip", "+0"), ("other", "$top"), ("top", "1"), ("", "")] {
                let page = app.get(&shop, &format!("{path}?{option}={value}")).await.json();
                assert_eq!(page, first, "{path} {option}={value}");
            }
        }
        app.stop().await;
    }

    async fn dates_are_read_with_a_plus_however_it_is_written(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(1000).await;
        app.order(&shop, "https://example.com/1").await;
        app.clock.advance(MINUTE);
        app.order(&shop, "https://example.com/2").await;
        for path in [ORDERS, RECORDS] {
            // The order of 12:31, and one record: the others are of 12:30.
            for moment in [
                "2026-06-02T12:30:00%2B08:00", "2026-06-02T12:30:00+08:00", "2026-06-02T12:30:00%2b08:00", "2026-06-02T04:30:00Z",
                "2026-06-02T12:30%2B08:00", "2026-06-02T12:30+08:00", "2026-06-01T20:30:00-08:00", "2026-06-02T12:30:00.000%2B08:00",
                "2026-06-02T12:30:59.999999%2B08:00", "2026-06-02T12%3A30%3A59%2B08%3A00", "2026-06-02t04:30:00z",
            ] {
                for filter in [
                    format!("create_date_time%20gt%20{moment}"), format!("create_date_time+gt+{moment}"),
                    format!("create_date_time%20gt%20{moment}%20and%20true"), format!("(create_date_time+gt+{moment})"),
                    format!("create_date_time+gt+{moment}+and+true"), format!("{moment}+lt+create_date_time"),
                ] {
                    let found = app.get(&shop, &format!("{path}?$filter={filter}")).await;
                    assert_eq!((found.status, &found.json()["@odata.count"]), (200, &json!(1)), "{filter} {}", found.text);
                    let encoded = app.get(&shop, &format!("{path}?%24filter={filter}")).await;
                    assert_eq!(encoded.text, found.text);
                }
            }
            for no_moment in ["2026-06-02", "2026-06-02T12:30:00", "2026-06-31T00:00:00Z", "2026-06-02T24:00:00Z", "'2026-06-02T12:30:00Z'", "1780374600"] {
                let refused = app.get(&shop, &format!("{path}?$filter=create_date_time+gt+{no_moment}")).await;
                assert_eq!((refused.status, refused.code()), (400, "o_data_failed".into()), "{no_moment} {}", refused.text);
            }
        }
        app.stop().await;
    }

    async fn what_a_query_must_not_be_is_said_to_the_letter(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(1000).await;
        app.order(&shop, "https://example.com/1").await;
        let before = (app.count("orders").await, app.count("postings").await, app.count("products").await);
        let functions = "property on EnableQueryAttribute or QueryValidationSettings.";
        let top = |value: &str| format!("Invalid value '{value}' for $top query option found. The $top query option requires a non-negative integer value.");
        let skip = |value: &str| format!("Invalid value '{value}' for $skip query option found. The $skip query option requires a non-negative integer value.");
        let not_text = |name: &str| format!("The value for OData query '{name}' is not valid percent-encoded UTF-8 or contains a NUL character.");
        let refused = |kind: &str| format!("Query option '{kind}' is not allowed. To allow it, set the 'AllowedQueryOptions' {functions}");
        let empty = |name: &str| format!("The value for OData query '{name}' cannot be empty.");
        let twice = |name: &str| format!("Query option '{name}' was specified more than once, but it must be specified at most once.");
        let deep = "Recursion depth exceeded limit.".to_owned();
        let nodes = "The node count limit of '100' has been exceeded. To increase the limit, set the 'MaxNodeCount' property on EnableQueryAttribute or ODataValidationSettings.".to_owned();
        let many_nodes = vec!["1+eq+1"; 34].join("+and+");
        let many_keys = ["create_date_time"; 6].join(",");
        let (open, nots) = ("(".repeat(10_000 / 2), "not+".repeat(2000));
        let parentheses = format!("{}1+eq+1{}", "(".repeat(1000), ")".repeat(1000));
        let long = format!("order_number+eq+'{}'", "x".repeat(8200));
        let list = format!("order_number+in+({})", vec!["''"; 101].join(","));
        // Of all lists.
        let common: Vec<(String, String)> = [
            ("$filter=nope+eq+1", "Could not find a property named 'nope' on type '{type}'.".to_owned()),
            ("$orderby=nope", "Could not find a property named 'nope' on type '{type}'.".to_owned()),
            ("$filter=startswith(nope,'x')", format!("Function 'startswith' is not allowed. To allow it, set the 'AllowedFunctions' {functions}")),
            ("$filter=tolower('X')+eq+'x'", format!("Function 'tolower' is not allowed. To allow it, set the 'AllowedFunctions' {functions}")),
            ("$filter=year(2026-06-02T00:00:00Z)+eq+2026", format!("Function 'year' is not allowed. To allow it, set the 'AllowedFunctions' {functions}")),
            ("$filter=nap(10)", "An unknown function with name 'nap' was found. This may also be a function import or a key lookup on a navigation property, which is not allowed.".to_owned()),
            ("$filter=contains(1,'x')", "No function signature for the function with name 'contains' matches the specified arguments. The function signatures considered are: contains(Edm.String Nullable=true, Edm.String Nullable=true).".to_owned()),
            ("$filter=contains('x')", "No function signature for the function with name 'contains' matches the specified arguments. The function signatures considered are: contains(Edm.String Nullable=true, Edm.String Nullable=true).".to_owned()),
            ("$select=id", refused("Select")), ("$expand=order_detail", refused("Expand")), ("$count=true", refused("Count")),
            ("$count=false", refused("Count")), ("$search=x", refused("Search")), ("$apply=aggregate($count+as+n)", refused("Apply")),
            ("$format=xml", refused("Format")), ("$compute=1", refused("Compute")), ("$skiptoken=1", refused("SkipToken")),
            ("$deltatoken=1", refused("DeltaToken")), ("$index=1", refused("Index")), ("%24count=true", refused("Count")),
            ("$x=1", "Custom query option '$x' that starts with '$' is not supported.".into()),
            ("$Filter=1+eq+1", "Custom query option '$Filter' that starts with '$' is not supported.".into()),
            ("$filter", empty("$filter")), ("$filter=", empty("$filter")), ("$filter=+%20%09", empty("$filter")), ("$orderby=", empty("$orderby")),
            ("$top=", empty("$top")), ("$skip=", empty("$skip")),
            ("$top=1&$top=1", twice("$top")), ("$skip=0&%24skip=0", twice("$skip")), ("$filter=true&$filter=true", twice("$filter")),
            ("$top=101", "The limit of '100' for Top query has been exceeded. The value from the incoming request is '101'.".into()),
            ("$top=2147483647", "The limit of '100' for Top query has been exceeded. The value from the incoming request is '2147483647'.".into()),
            ("$top=0", top("0")), ("$top=-1", top("-1")), ("$top=x", top("x")), ("$top=1.0", top("1.0")), ("$top=1e1", top("1e1")),
            ("$top=2147483648", top("2147483648")), ("$top=99999999999999999999", top("99999999999999999999")),
            ("$top=1;DROP+TABLE+orders", top("1;DROP TABLE orders")), ("$top=%EF%BC%91", top("１")),
            ("$skip=-1", skip("-1")), ("$skip=x", skip("x")), ("$skip=2147483648", skip("2147483648")), ("$skip=0+UNION+SELECT+1", skip("0 UNION SELECT 1")),
            ("$filter=1+eq", "Expression expected at position 4 in '1 eq'.".into()),
            ("$filter=)", "Expression expected at position 0 in ')'.".into()),
            ("$filter=1+eq+1)", "Syntax error at position 6 in '1 eq 1)'.".into()),
            ("$filter=(1+eq+1", "')' or operator expected at position 7 in '(1 eq 1'.".into()),
            ("$filter=1+=+1", "Syntax error at position 2 in '1 = 1'.".into()),
            ("$filter=1+eq+1;--", "Syntax error at position 6 in '1 eq 1;--'.".into()),
            ("$filter='網'+eq+'路", "There is an unterminated string literal at position 9 in ''網' eq '路'.".into()),
            ("$filter=1+in+1", "'(' expected at position 5 in '1 in 1'.".into()),
            ("$filter=1+eq+'x'", "A binary operator with incompatible types was detected. Found operand types 'Edm.Int32' and 'Edm.String' for operator kind 'Equal'.".into()),
            ("$filter=create_date_time+gt+5", "A binary operator with incompatible types was detected. Found operand types 'Edm.DateTimeOffset' and 'Edm.Int32' for operator kind 'GreaterThan'.".into()),
            ("$filter=1+and+true", "A binary operator with incompatible types was detected. Found operand types 'Edm.Int32' and 'Edm.Boolean' for operator kind 'And'.".into()),
            ("$filter=not+1", "A unary operator with an incompatible type was detected. Found operand type 'Edm.Int32' for operator kind 'Not'.".into()),
            ("$filter=1", "The $filter expression must evaluate to a single boolean value.".into()),
            ("$filter='true'", "The $filter expression must evaluate to a single boolean value.".into()),
            ("$filter=1+add+1+eq+2", format!("Arithmetic operator 'Add' is not allowed. To allow it, set the 'AllowedArithmeticOperators' {functions}")),
            ("$filter=1+has+1", format!("Logical operator 'Has' is not allowed. To allow it, set the 'AllowedLogicalOperators' {functions}")),
            ("$orderby=create_date_time+down", "Syntax error at position 17 in 'create_date_time down'.".into()),
            ("$orderby=create_date_time,", "Expression expected at position 17 in 'create_date_time,'.".into()),
            ("$orderby=1", "Expression expected at position 0 in '1'.".into()),
            ("$orderby=create_date_time;DROP+TABLE+orders", "Syntax error at position 16 in 'create_date_time;DROP TABLE orders'.".into()),
            ("$filter=%", not_text("$filter")), ("$filter=%zz", not_text("$filter")), ("$filter=%ff", not_text("$filter")),
            ("$filter='%00'+eq+'x'", not_text("$filter")), ("$filter='%c0%af'+eq+'x'", not_text("$filter")), ("$filter='%ed%a0%80'+eq+'x'", not_text("$filter")),
            ("$orderby=%f", not_text("$orderby")), ("$top=%00", not_text("$top")),
            ("%ff=1", "The name of a query option is not valid percent-encoded UTF-8.".into()),
        ].into_iter().map(|(query, text)| (query.to_owned(), text)).chain([
            (format!("$filter={many_nodes}"), nodes.clone()),
            (format!("$orderby={many_keys}"), "The number of clauses in $orderby query option exceeded the maximum number allowed. The maximum number of $orderby clauses allowed is 5.".into()),
            (format!("$filter={open}"), deep.clone()), (format!("$filter={nots}true"), deep.clone()), (format!("$filter={parentheses}"), deep),
            (format!("$filter={long}"), "The value for OData query '$filter' is longer than 8192 bytes.".into()),
            (format!("$orderby={}", "x".repeat(8193)), "The value for OData query '$orderby' is longer than 8192 bytes.".into()),
            (format!("$filter={}1+eq+1{}", "(".repeat(5000), ")".repeat(5000)), "The value for OData query '$filter' is longer than 8192 bytes.".into()),
            (format!("$filter={}", "%28".repeat(10_000)), "The value for OData query '$filter' is longer than 8192 bytes.".into()),
            (format!("$filter={list}"), nodes),
        ]).collect();
        for (path, name) in [(ORDERS, "OrderResponse"), (RECORDS, "OrganizationCreditRecordResponse"), (PRODUCTS, "ProductResponse")] {
            for (query, text) in &common {
                // Products have no date-time to ask for.
                if path == PRODUCTS && query.contains("create_date_time") && !text.contains("Syntax") && !text.contains("expected") && !text.contains("clauses") {
                    continue;
                }
                let answer = app.get(&shop, &format!("{path}?{query}")).await;
                refused_with(path, query, &answer, &text.replace("{type}", name));
            }
        }
        let unusable = |name: &str, option: &str| format!("The property '{name}' cannot be used in the {option} query option.");
        for (path, query, text) in [
            (PRODUCTS, "$filter=min+eq+1", unusable("min", "$filter")),
            (PRODUCTS, "$filter=max+eq+1", unusable("max", "$filter")),
            (PRODUCTS, "$filter=order_no+eq+1", unusable("order_no", "$filter")),
            (PRODUCTS, "$orderby=id", unusable("id", "$orderby")),
            (PRODUCTS, "$orderby=product_category", unusable("product_category", "$orderby")),
            (PRODUCTS, "$orderby=main_product_category", unusable("main_product_category", "$orderby")),
            (PRODUCTS, "$orderby=dynamic_probability", unusable("dynamic_probability", "$orderby")),
            (PRODUCTS, "$orderby=increase_speed", unusable("increase_speed", "$orderby")),
            (PRODUCTS, "$filter=title+eq+'x'", "Could not find a property named 'title' on type 'ProductResponse'.".into()),
            (PRODUCTS, "$filter=product_id+eq+null", "Could not find a property named 'product_id' on type 'ProductResponse'.".into()),
            (PRODUCTS, "$filter=price+eq+'1'", "A binary operator with incompatible types was detected. Found operand types 'Edm.Decimal' and 'Edm.String' for operator kind 'Equal'.".into()),
            (PRODUCTS, "$filter=id+eq+'01950000-0000-7000-8000-000000000001'", "A binary operator with incompatible types was detected. Found operand types 'Edm.Guid' and 'Edm.String' for operator kind 'Equal'.".into()),
            (PRODUCTS, "$filter=increase_speed+eq+'FAST'", "The string 'FAST' is not a valid enumeration type constant.".into()),
            (PRODUCTS, "$filter=increase_speed+gt+'fast'", "A binary operator with incompatible types was detected. Found operand types 'IncreaseSpeed' and 'Edm.String' for operator kind 'GreaterThan'.".into()),
            (PRODUCTS, "$filter=contains(id,'x')", "No function signature for the function with name 'contains' matches the specified arguments. The function signatures considered are: contains(Edm.String Nullable=true, Edm.String Nullable=true).".into()),
            (PRODUCTS, "$filter=cast(price,'Edm.String')+eq+'1.2'", "No function signature for the function with name 'cast' matches the specified arguments. The function signatures considered are: cast(Edm.Guid, Edm.String); cast(Edm.String, Edm.String); cast(Edm.Int32, Edm.String); cast(Edm.Int64, Edm.String); cast(an enumeration, Edm.String).".into()),
            (PRODUCTS, "$orderby=price,price+desc", "Duplicate property named 'price' is not supported in '$orderby'.".into()),
            (PRODUCTS, "$filter=price/x+eq+1", "Could not find a property named 'x' on type 'Edm.Decimal'.".into()),
            (RECORDS, "$filter=create_date_time/year+eq+1", "Could not find a property named 'year' on type 'Edm.DateTimeOffset'.".into()),
            (RECORDS, "$filter=order+eq+null", "Could not find a property named 'order' on type 'OrganizationCreditRecordResponse'.".into()),
            (RECORDS, "$filter=type+eq+'refund'", "The string 'refund' is not a valid enumeration type constant.".into()),
            (RECORDS, "$orderby=quantity,type,quantity", "Duplicate property named 'quantity' is not supported in '$orderby'.".into()),
            (ORDERS, "$orderby=id", unusable("id", "$orderby")),
            (ORDERS, "$orderby=order_number", unusable("order_number", "$orderby")),
            (ORDERS, "$orderby=order_detail", unusable("order_detail", "$orderby")),
            (ORDERS, "$filter=order_detail+eq+null", unusable("order_detail", "$filter")),
            (ORDERS, "$filter=total+gt+1", "Could not find a property named 'total' on type 'OrderResponse'.".into()),
            (ORDERS, "$filter=organization_id+eq+null", "Could not find a property named 'organization_id' on type 'OrderResponse'.".into()),
            (ORDERS, "$filter=order_status+eq+'done'", "The string 'done' is not a valid enumeration type constant.".into()),
            (ORDERS, "$filter=order_status+in+('complete','done')", "The string 'done' is not a valid enumeration type constant.".into()),
            (ORDERS, "$filter=order_number/any(d:+d+eq+1)", "Any/All may only be used following a collection.".into()),
            (ORDERS, "$filter=order_detail/any(d:+d/nope+eq+1)", "Could not find a property named 'nope' on type 'OrderDetail'.".into()),
            (ORDERS, "$filter=order_detail/any(d:+d/comments+eq+null)", "Could not find a property named 'comments' on type 'OrderDetail'.".into()),
            (ORDERS, "$filter=order_detail/any(d:+d/quantity)", "Any/All expression must evaluate to a single boolean value.".into()),
            (ORDERS, "$filter=order_detail/any(d:+order_detail/any(e:+true))", "The Any/All nesting limit of '1' has been exceeded. 'MaxAnyAllExpressionDepth' can be configured on ODataQuerySettings or EnableQueryAttribute.".into()),
            (ORDERS, "$filter=order_detail/quantity+eq+1", "The parent value for a property access of a property 'quantity' is not a single value. Property access can only be applied to a single value.".into()),
            (ORDERS, "$filter=order_detail/all()", "Expression expected at position 17 in 'order_detail/all()'.".into()),
        ] {
            refused_with(path, query, &app.get(&shop, &format!("{path}?{query}")).await, &text);
        }
        // In every language, the text stays the same; and what is fine elsewhere stays so.
        let request = app.request(Method::GET, &format!("{ORDERS}?$top=0")).header("x-api-key", &shop.key).header("accept-language", "zh-TW");
        assert_eq!(app.send(request).await.json()["odata"], top("0"));
        let after = (app.count("orders").await, app.count("postings").await, app.count("products").await);
        assert_eq!(after, before);
        app.stop().await;
    }

    async fn sql_in_a_query_stays_text(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(1000).await;
        app.order(&shop, "https://example.com/1").await;
        let before = (app.count("orders").await, app.count("postings").await, app.count("products").await);
        for hostile in [
            "'", "''", "' OR 1=1 --", "'; DROP TABLE orders; --", "'); DELETE FROM postings; --", "\\' OR 1=1 --", "\\", "\"", "$1", "$2::text", "?1", ":a", "@a",
            "%' OR '%'='", "/* */", "--", "x' UNION SELECT private_key_id FROM private_keys --", "\u{2019} OR 1=1", "\u{ff07} OR 1=1", "\u{202e}", "e\u{301}",
            "\u{1F4A3}", "{0}", "{{7*7}}", "%s%n", "NULL", "\n", "\t",
        ] {
            let quoted = format!("'{}'", hostile.replace('\'', "''"));
            for (path, field) in [(ORDERS, "order_number"), (PRODUCTS, "product_category")] {
                for filter in [format!("{field} eq {quoted}"), format!("contains({field},{quoted})"), format!("{field} in ({quoted},'y')")] {
                    let answer = app.list(&shop, path, &[("$filter", &filter)]).await;
                    assert_eq!((answer.status, &answer.json()["@odata.count"]), (200, &json!(0)), "{filter}: {}", answer.text);
                }
                // The same text where no text may stand.
                for (option, value) in [("$filter", format!("{field} eq {hostile}")), ("$orderby", format!("create_date_time {hostile}")), ("$top", format!("1{hostile}")), ("$skip", format!("0{hostile}"))] {
                    let answer = app.list(&shop, path, &[(option, &value)]).await;
                    let harmless = hostile.trim().is_empty() || (hostile == "''" || hostile == "NULL") && option == "$filter";
                    if !harmless {
                        assert_eq!((answer.status, answer.code()), (400, "o_data_failed".into()), "{option} {value}: {}", answer.text);
                    }
                    assert!((200..500).contains(&answer.status), "{option} {value}: {}", answer.text);
                }
            }
            // As a name, too.
            let answer = app.list(&shop, ORDERS, &[(hostile, hostile), ("$top", "1")]).await;
            let expected = if hostile.starts_with('$') { 400 } else { 200 };
            assert_eq!(answer.status, expected, "{hostile}: {}", answer.text);
        }
        assert_eq!(app.list(&shop, ORDERS, &[("$filter", "order_number eq 'x'' or ''1'' eq ''1'")]).await.json()["@odata.count"], 0);
        let after = (app.count("orders").await, app.count("postings").await, app.count("products").await);
        assert_eq!(after, before);
        app.stop().await;
    }

    async fn a_filter_widens_nothing_beyond_the_tenant(engine: Engine) {
        let app = TestApp::start(engine).await;
        let (shop, other) = (app.shop(10_000).await, app.shop(10_000).await);
        for n in 0..3 {
            app.order(&shop, &format!("https://example.com/shop/{n}")).await;
        }
        for n in 0..5 {
            app.order(&other, &format!("https://example.com/other/{n}")).await;
        }
        for path in [ORDERS, RECORDS] {
            let own: BTreeSet<String> = rows(&app, &shop, path).await.iter().map(|row| id(row).to_owned()).collect();
            let others = rows(&app, &other, path).await;
            assert!(others.iter().all(|row| !own.contains(id(row))));
            let named = others[0].clone();
            let number = if path == ORDERS { named["order_number"].as_str().unwrap() } else { "" };
            let mut filters = vec![
                "true".to_owned(), "1 eq 1".into(), "true or false".into(), "not false".into(), "null eq null".into(), "1 eq 1 or create_date_time eq null".into(),
                "create_date_time ge 1970-01-01T00:00:00Z".into(), "create_date_time ne null or true".into(), "not (create_date_time eq null)".into(),
                "(1 eq 1) or (1 eq 1)".into(), "false or true and true or false".into(),
            ];
            if path == ORDERS {
                filters.extend([
                    format!("id eq {} or true", id(&named)), format!("order_number eq '{number}' or order_number ne '{number}'"),
                    "order_detail/any()".into(), "order_detail/all(d: true)".into(), "order_detail/all(d: false) or true".into(),
                    "order_detail/any(d: d/subtotal gt 0) or order_detail/all(d: d/subtotal lt 0)".into(),
                    "not order_detail/any(d: false)".into(), "order_detail/any(d: contains(d/link,'/other/')) or true".into(),
                ]);
            }
            for filter in &filters {
                for (option, value) in [("$top", "100"), ("$orderby", "create_date_time desc")] {
                    let found = app.list(&shop, path, &[("$filter", filter), (option, value)]).await.json();
                    let ids: BTreeSet<String> = found["value"].as_array().unwrap_or_else(|| panic!("{filter}: {found}")).iter().map(|row| id(row).to_owned()).collect();
                    assert_eq!((&ids, &found["@odata.count"]), (&own, &json!(own.len())), "{path} {filter}");
                }
            }
        }
        let others = rows(&app, &other, ORDERS).await;
        for filter in [
            format!("id eq {}", id(&others[0])), format!("id in ({}, {})", id(&others[0]), id(&others[1])),
            format!("order_number eq '{}'", others[0]["order_number"].as_str().unwrap()), "order_detail/any(d: contains(d/link,'/other/'))".into(),
            format!("order_detail/any(d: d/id eq {})", line(&others[0], "order_detail_id").as_str().unwrap()),
        ] {
            let found = app.list(&shop, ORDERS, &[("$filter", &filter)]).await;
            assert_eq!(found.text, r#"{"value":[],"@odata.count":0}"#, "{filter}");
            assert_ne!(app.list(&other, ORDERS, &[("$filter", &filter)]).await.json()["@odata.count"], 0, "{filter}");
        }
        for path in LISTS {
            let named = app.get(&shop, &format!("{path}?organization_id={}", other.id)).await;
            assert_eq!((named.status, named.code()), (400, "organization_id_incorrect".into()), "{path}");
            let own = app.get(&shop, &format!("{path}?organization_id={}&$top=1", shop.id)).await;
            assert_eq!(own.status, 200, "{path}");
        }
        app.stop().await;
    }
}

/// The query is refused with exactly this text, and nothing else.
fn refused_with(path: &str, query: &str, answer: &Answer, text: &str) {
    let query: String = query.chars().take(200).collect();
    let expected = json!({
        "message": answer.json()["message"],
        "result_code": "o_data_failed",
        "validation_failed_responses": null,
        "odata": text,
    });
    assert_eq!(
        (answer.status, answer.json()),
        (400, expected),
        "{path}?{query}"
    );
}

/// By the keys, and then as a list comes without: the newest first, products by their number and id.
fn in_order(rows: &[Value], keys: &[(&str, bool)], path: &str) -> Vec<Value> {
    let mut keys = keys.to_vec();
    if path == PRODUCTS {
        keys.push(("order_no", false));
    }
    keys.push(("", path != PRODUCTS));
    sorted(rows, &keys)
}

/// By some fields, each descending or not; the empty name stands for the id.
fn sorted(rows: &[Value], keys: &[(&str, bool)]) -> Vec<Value> {
    let mut rows = rows.to_vec();
    rows.sort_by(|a, b| {
        let by = |(field, down): &(&str, bool)| {
            let ordering = if field.is_empty() {
                id(a).cmp(id(b))
            } else {
                compare(&a[field], &b[field])
            };
            if *down { ordering.reverse() } else { ordering }
        };
        keys.iter()
            .map(by)
            .find(|ordering| ordering.is_ne())
            .unwrap_or(Ordering::Equal)
    });
    rows
}

fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()).unwrap(),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        _ => panic!("{a} and {b}"),
    }
}
