//! Serves a router over HTTP/1.1.

use axum::Router;
use http::HeaderMap;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::net::IpAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tower::ServiceExt as _;

/// Between two requests on one connection, and for a request's headers.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
const MOST_HEADERS: usize = 64;
/// Request line and headers together.
const MOST_HEADER_BYTES: usize = 64 * 1024;

/// The other end of the connection that a request came over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// Where whoever sends a request is: the other end of the connection, or what the proxy there writes last into the
/// header `forwarded`. Of IPv6 the network, which belongs to one subscriber.
pub fn client_address(
    peer: Option<Peer>,
    headers: &HeaderMap,
    forwarded: Option<&str>,
) -> Option<IpAddr> {
    // The proxy may add a line of its own to those that the visitor sent.
    let lines = forwarded.map(|name| headers.get_all(name).iter());
    let last = lines.and_then(|mut lines| lines.next_back()?.to_str().ok());
    let told = last.and_then(|line| line.rsplit(',').next()?.trim().parse().ok());
    let peer = peer.map(|Peer(address)| address);
    Some(match told.or(peer)?.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) >> 64 << 64).into()),
        address => address,
    })
}

/// Serves until `stop` completes, then answers what is under way, for at most `grace`.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()>,
    grace: Duration,
) -> std::io::Result<()> {
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_headers(MOST_HEADERS)
        .max_buf_size(MOST_HEADER_BYTES);
    let connections = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let (stream, peer) = match accepted {
            Ok((stream, address)) => (stream, Peer(address.ip())),
            Err(error) => {
                // Out of file descriptors, mostly: those in use will be closed soon.
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let service = router
            .clone()
            .map_request(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(peer);
                request
            });
        let service = TowerToHyperService::new(service);
        let connection =
            connections.watch(protocol.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "connection ended");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(grace, connections.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("stopped with requests still under way");
    }
    Ok(())
}
