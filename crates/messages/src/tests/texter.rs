use super::{TIMEOUT, is_refused, may_go_later, stamp};
use crate::{Fields, HttpTexter, HttpTexterConfig, SendError, Text, Texter as _};
use kernel::Secret;
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Whose text is made to break out of whatever it is put into.
const SAYS: &str = r#"Code "12" \ {{secret}} a&b=c"#;

/// A provider that answers one request with this; `None`: not at all. Returns its address, and the request as it came.
async fn provider(answer: Option<&'static str>) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let request = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&request).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "));
                if body.len() >= length.unwrap().parse().unwrap() {
                    break;
                }
            }
            let mut more = [0; 4096];
            let read = stream.read(&mut more).await.unwrap();
            request.extend_from_slice(&more[..read]);
        }
        match answer {
            Some(status) => {
                let answer = format!(
                    "HTTP/1.1 {status}\r\ncontent-length: 0\r\nlocation: http://127.0.0.1:1/\r\n\r\n"
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
            None => std::future::pending().await,
        }
        String::from_utf8(request).unwrap()
    });
    (format!("http://{address}/send?token=hidden"), request)
}

fn config(url: String) -> HttpTexterConfig {
    let fields = json!({"to": "{{to}}", "message": {"text": ["{{text}}", 1, null]}, "ref": "sms-{{ id }}", "odd": "{{who}} {{"});
    let fields = serde_json::from_value(fields).unwrap();
    HttpTexterConfig {
        url: Secret::new(url),
        fields: Fields::Json(fields),
        headers: vec![("authorization".into(), "Bearer {{secret}}".into())],
        secret: Some(Secret::new("open sesame".into())),
        timeout: TIMEOUT,
    }
}

async fn send(config: HttpTexterConfig) -> Result<(), SendError> {
    let text = Text::new("+886912345678", SAYS).unwrap();
    HttpTexter::new(config)
        .unwrap()
        .send_text(&text, &stamp())
        .await
}

#[tokio::test]
async fn a_provider_gets_what_the_operator_describes() {
    let (url, request) = provider(Some("202 Accepted")).await;
    assert_eq!(send(config(url)).await, Ok(()));
    let request = request.await.unwrap();
    assert!(
        request.starts_with("POST /send?token=hidden HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(
        request.contains("\r\nauthorization: Bearer open sesame\r\n"),
        "{request}"
    );
    assert!(
        request.contains("\r\ncontent-type: application/json\r\n"),
        "{request}"
    );
    let (_, body) = request.split_once("\r\n\r\n").unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    let expected = json!({
        "to": "+886912345678",
        "message": {"text": [SAYS, 1, null]},
        "ref": "sms-01999d1c-3c00-7e52-b6d1-92aa0c4e8d03",
        "odd": "{{who}} {{",
    });
    assert_eq!(body, expected);

    let (url, request) = provider(Some("200 OK")).await;
    let mut form = config(url);
    let fields = [
        ("to", "{{to}}"),
        ("text", "{{text}}"),
        ("key", "{{secret}}"),
    ];
    form.fields = Fields::Form(fields.map(|(k, v)| (k.into(), v.into())).into());
    assert_eq!(send(form).await, Ok(()));
    let request = request.await.unwrap();
    assert!(
        request.contains("\r\ncontent-type: application/x-www-form-urlencoded\r\n"),
        "{request}"
    );
    assert!(
        request.ends_with("\r\n\r\nto=%2B886912345678&text=Code+%2212%22+%5C+%7B%7Bsecret%7D%7D+a%26b%3Dc&key=open+sesame"),
        "{request}"
    );
}

#[tokio::test]
async fn only_what_is_said_of_the_message_is_for_good() {
    for status in ["400 Bad Request", "422 Unprocessable Content"] {
        let (url, _request) = provider(Some(status)).await;
        let sent = send(config(url)).await;
        assert!(is_refused(&sent), "{status}: {sent:?}");
    }
    // A redirect would take the secret elsewhere.
    for status in [
        "401 Unauthorized",
        "403 Forbidden",
        "404 Not Found",
        "429 Too Many",
        "500 Oops",
        "503 Busy",
        "302 Found",
    ] {
        let (url, _request) = provider(Some(status)).await;
        let sent = send(config(url)).await;
        assert!(may_go_later(&sent), "{status}: {sent:?}");
    }
}

#[tokio::test]
async fn silence_is_tried_later_and_nothing_secret_is_said_of_it() {
    let (silent, _request) = provider(None).await;
    let mut slow = config(silent);
    slow.timeout = Duration::from_millis(200);
    let gone = config("http://127.0.0.1:1/send?token=hidden".into());
    for config in [slow, gone] {
        let shown = format!("{config:?}");
        let sent = send(config).await;
        assert!(may_go_later(&sent), "{sent:?}");
        for text in [shown, format!("{sent:?}")] {
            assert!(
                !text.contains("hidden") && !text.contains("sesame") && !text.contains("12\""),
                "{text}"
            );
        }
    }
}
