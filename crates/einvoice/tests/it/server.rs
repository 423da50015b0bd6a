//! A provider on loopback that gives prepared answers, and remembers what it was asked.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::Response;
use reqwest::redirect::Policy;
use std::collections::VecDeque;
use std::future::IntoFuture as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;

pub struct Server {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

#[derive(Clone)]
pub struct Asked {
    pub path: String,
    pub content_type: String,
    pub body: String,
}

impl Server {
    /// Gives `body` with `status` to the one thing that is asked.
    pub async fn answering(status: u16, body: impl Into<Bytes>) -> Self {
        Self::serving([(status, body.into())]).await
    }

    /// Gives one answer after the other.
    pub async fn serving<B: Into<Bytes>>(answers: impl IntoIterator<Item = (u16, B)>) -> Self {
        let answers = answers
            .into_iter()
            .map(|(status, body)| (status, body.into()));
        let answers: VecDeque<(u16, Bytes)> = answers.collect();
        let answers = Arc::new(Mutex::new(answers));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let remember = Arc::clone(&asked);
        let app = Router::new().fallback(move |request: Request| async move {
            let (head, body) = request.into_parts();
            let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
            remember.lock().unwrap().push(Asked {
                path: head.uri.path().to_owned(),
                content_type: head.headers["content-type"].to_str().unwrap().to_owned(),
                body: String::from_utf8(body.to_vec()).unwrap(),
            });
            let (status, body) = answers.lock().unwrap().pop_front().unwrap();
            Response::builder()
                .status(status)
                .body(Body::from(body))
                .unwrap()
        });
        tokio::spawn(axum::serve(listener, app).into_future());
        Self { url, asked }
    }

    /// The one thing that was asked.
    pub fn asked(&self) -> Asked {
        let asked = self.all_asked();
        assert_eq!(asked.len(), 1);
        asked[0].clone()
    }

    pub fn all_asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

pub fn http(timeout: Duration) -> reqwest::Client {
    // Fails only when another test has done it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder()
        .timeout(timeout)
        .no_proxy()
        .redirect(Policy::none());
    http.build().unwrap()
}

/// An address that takes connections and never answers.
pub async fn silence() -> (String, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    (
        format!("http://{}", listener.local_addr().unwrap()),
        listener,
    )
}
