//! Serves the simulated gateway alone, with its books in memory: `cargo run -p tallystick-simulators --example gateway`.
//! The address to listen on can be given.

use kernel::{Clock, Rng, Secret, SystemClock};
use payuni::envelope::Shop;
use std::sync::Arc;
use std::time::Duration;
use store::{DatabaseUrl, Db};
use tallystick_simulators::{Gateway, GatewayConfig};

const MER_ID: &str = "SANDBOX";
const HASH_KEY: &str = "12345678901234567890123456789012";
const HASH_IV: &str = "1234567890123456";
const PATH: &str = "/simulators/payuni";

#[tokio::main]
#[expect(
    clippy::print_stdout,
    reason = "the address and the keys are what the caller wants to know"
)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1);
    let listener =
        tokio::net::TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:0")).await?;
    let url = format!("http://{}{PATH}", listener.local_addr()?);

    let db = Db::open(&DatabaseUrl::SqliteMemory).await?;
    db.migrate(SystemClock.now()).await?;
    let secret = |text: &str| Secret::new(text.to_owned());
    let shop = Shop::new(MER_ID, secret(HASH_KEY), secret(HASH_IV))?;
    let gateway = Gateway::new(
        db,
        Arc::new(SystemClock),
        Arc::new(Rng::from_system()),
        httpkit::outgoing::client(Duration::from_secs(10))?,
        GatewayConfig::new(shop, &url),
    );
    let router = axum::Router::new().nest(PATH, gateway.router());

    tokio::spawn(async move {
        let mut due = tokio::time::interval(Duration::from_secs(5));
        loop {
            due.tick().await;
            // The next round tries again.
            let _ = gateway.deliver_notifies().await;
        }
    });
    println!("{url}\nMerID {MER_ID}\nHashKey {HASH_KEY}\nHashIV {HASH_IV}");
    axum::serve(listener, router).await?;
    Ok(())
}
