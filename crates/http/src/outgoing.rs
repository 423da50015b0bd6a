//! The one place that makes HTTP clients.

use std::time::Duration;

/// A client for an address that the operator configured. It follows no redirects, uses no proxy from the
/// environment and gives up after `timeout`.
pub fn client(timeout: Duration) -> Result<reqwest::Client, reqwest::Error> {
    // Fails only when a provider is installed already, which is as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    #[expect(clippy::disallowed_methods, reason = "the one constructor")]
    let builder = reqwest::Client::builder();
    builder
        .timeout(timeout)
        .connect_timeout(timeout.min(Duration::from_secs(5)))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .pool_idle_timeout(Duration::from_secs(30))
        .user_agent(concat!("tallystick/", env!("CARGO_PKG_VERSION")))
        .build()
}
