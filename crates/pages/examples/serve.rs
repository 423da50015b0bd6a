//! Serves the error reference on a free port of the loopback interface, to look at it.

#[tokio::main]
#[expect(
    clippy::print_stdout,
    reason = "the port is what the caller wants to know"
)]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:0");
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("http://{}/docs/errors", listener.local_addr()?);
    axum::serve(listener, tallystick_pages::router::<()>()).await
}
