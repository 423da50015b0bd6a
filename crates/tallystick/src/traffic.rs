//! Live traffic for the demo: organizations of its own order things now and then, over HTTP.

use crate::seed;
use kernel::{Credits, Rng, Secret};
use orders::Orders;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

const PAUSE: Duration = Duration::from_millis(1500);
const CREDIT: Credits = Credits::new(1_000_000);

/// Orders from two organizations until the process ends. Some of the orders are refused, as in life.
pub async fn run(orders: Orders, rng: Arc<Rng>, base_url: String) {
    let Ok(client) = httpkit::outgoing::client(Duration::from_secs(15)) else {
        return;
    };
    let mut keys = Vec::new();
    for name in ["Northwind Studio", "Harbour Media"] {
        match seed::organization(&orders, name, CREDIT).await {
            Ok((_, key)) => keys.push(key),
            Err(error) => tracing::warn!(?error, "no live traffic"),
        }
    }
    loop {
        for key in &keys {
            tokio::time::sleep(PAUSE).await;
            let (path, body) = order(&rng);
            send(&client, key, &format!("{base_url}{path}"), &body).await;
        }
    }
}

async fn send(client: &reqwest::Client, key: &Secret<String>, url: &str, body: &serde_json::Value) {
    let sent = client
        .post(url)
        .header("x-api-key", key.expose())
        .json(body)
        .send()
        .await;
    if let Err(error) = sent {
        tracing::debug!(%error, "live traffic");
    }
}

fn order(rng: &Rng) -> (&'static str, serde_json::Value) {
    let page = rng.below(10_000);
    let link = format!("https://example.com/p/{page}");
    let quantity = 10 + rng.below(20) * 10;
    match rng.below(8) {
        0 => (
            "/platform/order/ch2/comment-likes",
            json!({"product_id": seed::COMMENT_LIKES, "link": link, "username": "harbour", "quantity": quantity}),
        ),
        1 => (
            "/platform/order/ch2/custom-comments",
            json!({"product_id": seed::CUSTOM_COMMENTS, "link": link, "comments": "Nice work!\nThank you\nWell done"}),
        ),
        2 => (
            "/platform/order/ch2/default",
            json!({"product_id": seed::STORY, "username": "northwind", "quantity": quantity}),
        ),
        3 => (
            "/platform/order/ch2/default",
            json!({"product_id": seed::DEFAULT, "link": "https://supplier.test/refused", "quantity": quantity}),
        ),
        _ => (
            "/platform/order/ch2/default",
            json!({"product_id": seed::DEFAULT, "link": link, "quantity": quantity}),
        ),
    }
}
