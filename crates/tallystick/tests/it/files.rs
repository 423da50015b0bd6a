//! Files that organizations send.

use crate::support::{Answer, Engine, Shop, TestApp, both};
use reqwest::Method;
use std::path::Path;
use std::time::Duration;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR and the rest of a picture";
const BOUNDARY: &str = "5e1f";

/// A part of a form.
fn part(name: &str, file_name: &str, content_type: &str, content: &[u8]) -> Vec<u8> {
    let head = format!(
        "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\n\
         content-type: {content_type}\r\n\r\n"
    );
    [head.as_bytes(), content, b"\r\n"].concat()
}

fn form(parts: &[Vec<u8>]) -> Vec<u8> {
    [
        &parts.concat()[..],
        format!("--{BOUNDARY}--\r\n").as_bytes(),
    ]
    .concat()
}

impl TestApp {
    fn upload(&self, shop: &Shop, body: Vec<u8>) -> reqwest::RequestBuilder {
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        let request = self.request(Method::POST, "/platform/file");
        request
            .header("x-api-key", &shop.key)
            .header("content-type", kind)
            .body(body)
    }

    async fn send_file(&self, shop: &Shop, name: &str, kind: &str, content: &[u8]) -> Answer {
        let body = form(&[part("file", name, kind, content)]);
        self.send(self.upload(shop, body)).await
    }

    /// The objects in the storage, and what is left of unfinished ones.
    fn objects(&self) -> usize {
        fn count(folder: &Path) -> usize {
            let entries = std::fs::read_dir(folder).unwrap();
            entries
                .map(|entry| entry.unwrap().path())
                .map(|path| if path.is_dir() { count(&path) } else { 1 })
                .sum()
        }
        count(self.files.path())
    }
}

both! {
    async fn a_file_is_kept_until_its_time_is_over(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(0).await;
        let sent = app.send_file(&shop, "收據.png", "image/png", PNG).await;
        assert_eq!(sent.status, 200, "{sent:?}");
        let id = sent.json()["file_id"].as_str().unwrap().to_owned();
        insta::allow_duplicates! {
            insta::assert_snapshot!(sent.text.replace(&id, "<id>"), @"");
        }
        let again = app.get(&shop, &format!("/platform/file/{id}")).await;
        assert_eq!((again.status, &again.text), (200, &sent.text));
        let content = app.get(&shop, &format!("/platform/file/{id}/content")).await;
        assert_eq!(content.status, 200);
        for (header, value) in [
            ("content-type", "image/png"),
            ("content-disposition", "attachment; filename=\"__.png\"; filename*=UTF-8''%E6%94%B6%E6%93%9A.png"),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "default-src 'none'; sandbox"),
        ] {
            assert_eq!(content.headers[header], value);
        }
        assert_eq!(app.objects(), 1);

        app.pass(Duration::from_secs(24 * 3600 - 1)).await;
        assert_eq!(app.get(&shop, &format!("/platform/file/{id}")).await.status, 200);
        app.pass(Duration::from_secs(1)).await;
        let gone = app.get(&shop, &format!("/platform/file/{id}")).await;
        assert_eq!((gone.status, &*gone.code()), (400, "data_not_exist"));
        app.pass(Duration::from_secs(600)).await;
        assert_eq!((app.count("files").await, app.objects()), (0, 0));
        app.stop().await;
    }
}
