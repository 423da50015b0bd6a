//! A gateway on loopback that gives one prepared answer, and remembers what it was asked.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::response::Response;
use payuni::client::Client;
use payuni::fields::Fields;
use reqwest::redirect::Policy;
use std::future::IntoFuture as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;

pub struct Gateway {
    client: Client,
    asked: Arc<Mutex<Vec<Asked>>>,
}

#[derive(Clone)]
pub struct Asked {
    pub path: String,
    pub headers: HeaderMap,
    pub form: Fields,
}

impl Gateway {
    /// Gives `body` with `status` to whatever is asked.
    pub async fn answering(status: u16, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/api/", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let remember = Arc::clone(&asked);
        let app = Router::new().fallback(move |request: Request| async move {
            let (head, form) = request.into_parts();
            let form = axum::body::to_bytes(form, 1 << 20).await.unwrap();
            remember.lock().unwrap().push(Asked {
                path: head.uri.path().to_owned(),
                headers: head.headers,
                form: Fields::decode(str::from_utf8(&form).unwrap()).unwrap(),
            });
            let answer = Response::builder().status(status);
            answer.body(Body::from(body)).unwrap()
        });
        tokio::spawn(axum::serve(listener, app).into_future());
        let client = client(&base_url, Duration::from_secs(30));
        Self { client, asked }
    }

    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// The one thing that was asked.
    pub fn asked(&self) -> Asked {
        let asked = self.asked.lock().unwrap();
        assert_eq!(asked.len(), 1);
        asked[0].clone()
    }
}

pub fn client(base_url: &str, timeout: Duration) -> Client {
    // Fails only when another test has done it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder()
        .timeout(timeout)
        .no_proxy()
        .redirect(Policy::none());
    Client::new(http.build().unwrap(), base_url, crate::shop("TEST001"))
}
