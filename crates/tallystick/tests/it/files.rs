//! Files that organizations and people send.

use crate::process::{Server, eventually, send_now};
use crate::support::{Answer, Engine, Scratch, Shop, TestApp, both};
use kernel::{Clock as _, Secret, SystemClock};
use reqwest::Method;
use serde_json::json;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use store::{StoreError, Tx};
use tallystick::config::StorageConfig;
use tallystick::seed;
use tokio::task::JoinSet;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR and the rest of a picture";
const BOUNDARY: &str = "5e1f";
const HOUR: Duration = Duration::from_secs(3600);

/// A part of a form.
fn part(name: &str, file_name: &str, content_type: &str, content: &[u8]) -> Vec<u8> {
    let head = format!(
        "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\n\
         content-type: {content_type}\r\n\r\n"
    );
    [head.as_bytes(), content, b"\r\n"].concat()
}

fn form(parts: &[Vec<u8>]) -> Vec<u8> {
    let end = format!("--{BOUNDARY}--\r\n");
    [&parts.concat()[..], end.as_bytes()].concat()
}

fn kind() -> String {
    format!("multipart/form-data; boundary={BOUNDARY}")
}

/// The files below a folder, unfinished ones included.
fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => below(&path),
            false => vec![path],
        })
        .collect()
}

impl TestApp {
    fn upload(&self, shop: &Shop, body: Vec<u8>) -> reqwest::RequestBuilder {
        let request = self.request(Method::POST, "/platform/file");
        request
            .header("x-api-key", &shop.key)
            .header("content-type", kind())
            .body(body)
    }

    async fn send_file(&self, shop: &Shop, name: &str, kind: &str, content: &[u8]) -> Answer {
        let body = form(&[part("file", name, kind, content)]);
        self.send(self.upload(shop, body)).await
    }

    fn objects(&self) -> usize {
        below(self.files.path()).len()
    }

    /// Why a file was refused.
    fn reason(answer: &Answer) -> String {
        assert_eq!(
            (answer.status, &*answer.code()),
            (400, "failed_to_upload_file"),
            "{answer:?}"
        );
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        let (_, reason) = message.split_once(": ").unwrap();
        reason.trim_end_matches('.').to_owned()
    }

    async fn nothing_is_left(&self) {
        assert_eq!((self.count("files").await, self.objects()), (0, 0));
    }
}

fn id_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["file_id"].as_str().unwrap().to_owned()
}

both! {
    /// Sent at once, too, no more bytes wait than may.
    async fn what_waits_is_limited(engine: Engine) {
        let app = TestApp::with(engine, |config| config.files.most_waiting = 3 * PNG.len() as u64).await;
        let shop = app.shop(0).await;
        let sent = futures_util::future::join_all((0..8).map(|_| app.send_file(&shop, "a.png", "image/png", PNG))).await;
        let (taken, refused): (Vec<_>, Vec<_>) = sent.iter().partition(|answer| answer.status == 200);
        assert_eq!((taken.len(), app.count("files").await, app.objects()), (3, 3, 3));
        for answer in refused {
            TestApp::reason(answer);
        }
        app.stop().await;
    }

    async fn a_file_is_kept_until_its_time_is_over(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(0).await;
        let sent = app.send_file(&shop, "收據.png", "image/png", PNG).await;
        let id = id_of(&sent);
        insta::allow_duplicates! {
            insta::assert_snapshot!(sent.text.replace(&id, "<id>"), @r#"{"file_id":"<id>","file_name":"收據.png","file_type":"temp","content_type":"image/png","size":42,"expire_date_time":"2026-06-03T12:30:00+08:00"}"#);
        }
        let path = format!("/platform/file/{id}");
        let again = app.get(&shop, &path).await;
        assert_eq!((again.status, &again.text), (200, &sent.text));
        let content = app.request(Method::GET, &format!("{path}/content"));
        let content = content.header("x-api-key", &shop.key).send().await.unwrap();
        assert_eq!(content.status(), 200);
        for (header, value) in [
            ("content-type", "image/png"),
            ("content-disposition", "attachment; filename=\"__.png\"; filename*=UTF-8''%E6%94%B6%E6%93%9A.png"),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "default-src 'none'; sandbox"),
        ] {
            assert_eq!(content.headers()[header], value);
        }
        assert_eq!(content.bytes().await.unwrap(), PNG);
        assert_eq!(app.objects(), 1);

        app.pass(24 * HOUR - Duration::from_secs(1)).await;
        assert_eq!(app.get(&shop, &path).await.status, 200);
        app.clock.advance(Duration::from_secs(1));
        for path in [path.clone(), format!("{path}/content")] {
            let gone = app.get(&shop, &path).await;
            assert_eq!((gone.status, &*gone.code()), (400, "data_not_exist"));
        }
        app.pass(HOUR).await;
        app.nothing_is_left().await;
        app.stop().await;
    }

    async fn what_is_no_paper_or_picture_is_refused(engine: Engine) {
        let app = TestApp::with(engine, |config| config.files.largest = 300_000).await;
        let shop = app.shop(0).await;
        let other_kind = "only PNG, JPEG, GIF, WebP and PDF are taken";
        let disagrees = "the content type that was sent is not that of the content";
        let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
        for (name, kind, content, reason) in [
            ("logo.png", "image/png", &svg[..], other_kind),
            ("logo.svg", "image/svg+xml", svg, other_kind),
            ("logo.svg", "image/svg+xml", PNG, disagrees),
            ("a.html", "text/html", b"<!doctype html><script>alert(1)</script>", other_kind),
            ("a.txt", "text/plain", b"just text", other_kind),
            ("bomb.zip", "application/zip", b"PK\x03\x04 and so on, many times over", other_kind),
            ("a.pdf", "application/pdf", b"PK\x03\x04 [Content_Types].xml word/document.xml", other_kind),
            // Neither kind of a file that is two: only the beginning counts, and it must be right.
            ("both.pdf", "application/pdf", b"<svg/>%PDF-1.7 and so on", other_kind),
            ("a.mp4", "video/mp4", b"\0\0\0\x20ftypisom....", other_kind),
            ("a.jpg", "image/jpeg", PNG, disagrees),
            ("a.exe", "application/octet-stream", b"MZ\x90\x00 and so on", other_kind),
            ("a.png", "image/png", b"", "the file is empty"),
            ("a.png", "image/png", b"\x89PNG", other_kind),
        ] {
            let answer = app.send_file(&shop, name, kind, content).await;
            assert_eq!(TestApp::reason(&answer), reason, "{name} as {kind}");
        }
        let large = [PNG, &vec![7; 300_000]].concat();
        let answer = app.send_file(&shop, "a.png", "image/png", &large).await;
        assert_eq!(TestApp::reason(&answer), "the file has more than 300000 bytes");
        app.nothing_is_left().await;

        // A picture that is a page as well, for a reader who wants it to be, is stored as what it begins with, under such a name.
        let polyglot = [&b"GIF89a/*"[..], b"*/=1;</script><script>alert(1)</script>"].concat();
        let answer = app.send_file(&shop, "page.html", "image/gif", &polyglot).await;
        assert_eq!(answer.json()["file_name"], "page.html.gif");
        let whole = [PNG, &vec![7; 300_000 - PNG.len()]].concat();
        let answer = app.send_file(&shop, "a.png", "", &whole).await;
        assert_eq!(answer.json()["size"], 300_000);
        app.stop().await;
    }

    async fn what_is_no_form_with_one_file_is_refused(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(0).await;
        let file = part("file", "a.png", "image/png", PNG);
        let text = |name: &str, text: &str| {
            format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n").into_bytes()
        };
        let broken = "the body is broken or did not arrive in full";
        let no_file = "there is no part named file";
        let many = "the form has too many parts besides the file, or too long ones";
        let mut unfinished = form(std::slice::from_ref(&file));
        unfinished.truncate(unfinished.len() - 10);
        for (body, reason) in [
            (form(&[part("document", "a.png", "image/png", PNG)]), no_file),
            (form(&[text("note", "hello")]), no_file),
            (form(&[]), no_file),
            (form(&[file.clone(), file.clone()]), "there is more than one part named file"),
            (form(&[vec![text("n", "x"); 20].concat(), file.clone()]), many),
            (form(&[text("n", &"x".repeat(3000)), file.clone()]), many),
            (unfinished, broken),
            (file.clone(), broken),
            (b"--other\r\n".to_vec(), broken),
            (Vec::new(), broken),
            ([&b"--5e1f\r\n"[..], &b"x".repeat(100_000)].concat(), broken),
        ] {
            let answer = app.send(app.upload(&shop, body)).await;
            assert_eq!(TestApp::reason(&answer), reason);
        }
        for kind in ["application/json", "multipart/form-data", "text/plain", "multipart/mixed; boundary=5e1f"] {
            let request = app.request(Method::POST, "/platform/file");
            let request = request.header("x-api-key", &shop.key).header("content-type", kind);
            let answer = app.send(request.body(form(std::slice::from_ref(&file)))).await;
            assert_eq!(TestApp::reason(&answer), "the body is not multipart/form-data with a boundary");
        }
        let other = app.shop(0).await;
        for (organization, code) in [
            (other.id.to_string(), "organization_id_incorrect"),
            ("x".into(), "data_validation_failed"),
        ] {
            let body = form(&[file.clone(), text("organization_id", &organization)]);
            assert_eq!(app.send(app.upload(&shop, body)).await.code(), code);
        }
        app.nothing_is_left().await;
        let body = form(&[text("organization_id", &shop.id.to_string()), file, text("note", "hello")]);
        id_of(&app.send(app.upload(&shop, body)).await);
        app.stop().await;
    }

    async fn files_are_their_owners_only(engine: Engine) {
        let app = TestApp::start(engine).await;
        let (shop, other) = (app.shop(0).await, app.shop(0).await);
        let id = id_of(&app.send_file(&shop, "a.png", "image/png", PNG).await);
        let person = seed::people::account(&app.app.orders, "mei").await.unwrap();
        let token = person.variables().into_iter().find(|(name, _)| name == "access_token").unwrap().1;
        for path in [format!("/file/{id}"), format!("/file/{id}/content")] {
            assert_eq!(app.get(&shop, &format!("/platform{path}")).await.status, 200);
            let answer = app.get(&other, &format!("/platform{path}")).await;
            assert_eq!((answer.status, &*answer.code()), (400, "data_not_exist"));
            let own = app.request(Method::GET, &format!("/account{path}")).bearer_auth(&token);
            assert_eq!(app.send(own).await.code(), "data_not_exist");
        }
        for (path, code) in [
            ("/platform/file/x", "data_validation_failed"),
            ("/platform/file/00000000-0000-7000-8000-000000000000", "data_not_exist"),
        ] {
            assert_eq!(app.get(&shop, path).await.code(), code);
        }
        let nobody = app.request(Method::POST, "/platform/file").header("content-type", kind());
        let body = form(&[part("file", "a.png", "image/png", PNG)]);
        assert_eq!(app.send(nobody.body(body)).await.status, 401);
        let wrong_method = app.request(Method::PUT, "/platform/file").header("x-api-key", &shop.key);
        assert_eq!(app.send(wrong_method).await.status, 405);
        app.stop().await;
    }

    /// The key is for the file, not for the bytes of the body: each form has a boundary of its own.
    async fn a_file_that_is_sent_again_under_its_key_is_one_file(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(0).await;
        let mut sent = JoinSet::new();
        for n in 0..6 {
            let kind = format!("multipart/form-data; boundary=b{n}");
            let head = format!(
                "--b{n}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.png\"\r\ncontent-type: image/png\r\n\r\n"
            );
            let body = [head.as_bytes(), PNG, format!("\r\n--b{n}--\r\n").as_bytes()].concat();
            let request = app.request(Method::POST, "/platform/file");
            let request = request
                .header("x-api-key", &shop.key)
                .header("idempotency-key", "k1")
                .header("content-type", kind)
                .body(body);
            sent.spawn(async move { send_now(request).await.unwrap() });
        }
        let answers = sent.join_all().await;
        let replayed = answers.iter().filter(|answer| answer.headers.contains_key("idempotent-replayed"));
        assert_eq!(replayed.count(), 5);
        assert!(answers.iter().all(|answer| id_of(answer) == id_of(&answers[0])));
        assert_eq!((app.count("files").await, app.objects()), (1, 1));
        let other = form(&[part("file", "b.png", "image/png", PNG)]);
        let other = app.send(app.upload(&shop, other).header("idempotency-key", "k1")).await;
        assert_eq!(other.code(), "conflicting_parameters");
        assert_eq!((app.count("files").await, app.objects()), (1, 1));
        app.stop().await;
    }

    async fn only_so_much_waits_to_be_attached(engine: Engine) {
        let waits = 2 * PNG.len() as u64;
        let app = TestApp::with(engine, |config| config.files.most_waiting = waits).await;
        let (shop, other) = (app.shop(0).await, app.shop(0).await);
        for _ in 0..2 {
            id_of(&app.send_file(&shop, "a.png", "image/png", PNG).await);
        }
        let answer = app.send_file(&shop, "a.png", "image/png", PNG).await;
        assert_eq!(TestApp::reason(&answer), "too many files wait to be attached to something");
        assert_eq!(app.objects(), 2);
        id_of(&app.send_file(&other, "a.png", "image/png", PNG).await);
        app.pass(25 * HOUR).await;
        id_of(&app.send_file(&shop, "a.png", "image/png", PNG).await);
        app.stop().await;
    }

    /// Of requests that attach one file at the same time one does, whatever they attach it to.
    async fn a_file_is_attached_once(engine: Engine) {
        let app = TestApp::start(engine).await;
        let person = seed::people::account(&app.app.orders, "mei").await.unwrap();
        let token = person.variables().into_iter().find(|(name, _)| name == "access_token").unwrap().1;
        let mut organizations = Vec::new();
        for _ in 0..6 {
            let made = seed::people::organization(&app.app.orders, &person, "Studio").await.unwrap();
            organizations.push(made.0);
        }
        let request = app.request(Method::POST, "/account/file").bearer_auth(&token);
        let body = form(&[part("file", "logo.png", "image/png", PNG)]);
        let file = id_of(&app.send(request.header("content-type", kind()).body(body)).await);
        let mut sent = JoinSet::new();
        for organization in &organizations {
            let path = format!("/account/organization/{organization}");
            let request = app.request(Method::PATCH, &path).bearer_auth(&token);
            let request = request.json(&json!({ "logo_file_id": file }));
            sent.spawn(async move { send_now(request).await.unwrap() });
        }
        let answers = sent.join_all().await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!(won.len(), 1, "{answers:?}");
        assert_eq!(won[0].json()["logo_file_id"], file);
        assert!(lost.iter().all(|answer| answer.code() == "data_not_exist"));
        assert_eq!(app.sum("SELECT COUNT(*) FROM organizations WHERE logo_file_id IS NOT NULL").await, 1);

        // It stays.
        app.pass(48 * HOUR).await;
        assert_eq!((app.count("files").await, app.objects()), (1, 1));
        app.stop().await;
    }

    async fn a_client_who_hangs_up_leaves_nothing(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(0).await;
        let content = [PNG, &vec![7; 2_000_000]].concat();
        let body = form(&[part("file", "a.png", "image/png", &content)]);
        let stream = raw(&app.base_url, &shop, body.len(), &body[..1_000_000]);
        // The file is on its way: a part of it is in the folder.
        eventually("a part is written", async || (app.objects() == 1).then_some(())).await;
        assert_eq!(app.count("files").await, 0);
        drop(stream);
        eventually("nothing is left", async || (app.objects() == 0).then_some(())).await;
        app.nothing_is_left().await;
        app.stop().await;
    }

    /// The answer comes at once, while the client has all but nothing sent.
    async fn a_body_of_two_gigabytes_is_not_read(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(0).await;
        let start = &part("file", "a.png", "image/png", PNG);
        let answer = |length: usize, sent: &[u8]| {
            let mut stream = raw(&app.base_url, &shop, length, sent);
            let mut answer = vec![0; 4096];
            let length = stream.read(&mut answer).unwrap();
            String::from_utf8_lossy(&answer[..length]).into_owned()
        };
        let announced = answer(2_000_000_000, start);
        assert!(announced.starts_with("HTTP/1.1 400 "), "{announced}");
        assert!(announced.contains("more than 10485760 bytes"), "{announced}");
        app.nothing_is_left().await;
        app.stop().await;
    }

    /// The folder cannot be written to: something else is in its place.
    async fn a_storage_that_does_not_take_it_is_no_fault_of_the_client(engine: Engine) {
        let app = TestApp::start(engine).await;
        let shop = app.shop(0).await;
        let folder = app.files.path();
        std::fs::remove_dir(folder).unwrap();
        std::fs::write(folder, "in the way").unwrap();
        for size in [10, 1_000_000] {
            let content = [PNG, &vec![7; size]].concat();
            let answer = app.send_file(&shop, "a.png", "image/png", &content).await;
            assert_eq!(TestApp::reason(&answer), "it could not be stored");
        }
        assert_eq!(app.count("files").await, 0);
        std::fs::remove_file(folder).unwrap();
        std::fs::create_dir(folder).unwrap();
        id_of(&app.send_file(&shop, "a.png", "image/png", PNG).await);
        app.stop().await;
    }

    /// The process dies when the file is written and its row is not: nobody has the file, and it goes.
    async fn a_file_without_a_row_is_swept_away(engine: Engine) {
        let scratch = Scratch::new(engine);
        let folder = tempfile::tempdir().unwrap();
        let environment = [("TALLYSTICK_FILES", folder.path().to_str().unwrap())];
        let server = Server::with(&scratch.url(), &["--sandbox"], &environment).await;
        let shop = server.shop(0).await;
        let send = |server: &Server, content: &[u8]| {
            let body = form(&[part("file", "a.png", "image/png", content)]);
            let request = server.request(Method::POST, &shop, "/platform/file");
            request.header("content-type", kind()).body(body)
        };
        let kept = id_of(&send_now(send(&server, PNG)).await.unwrap());
        // Nobody else may write rows of files from here on.
        let db = scratch.open().await;
        let (locked, is_locked) = tokio::sync::oneshot::channel();
        let (release, released) = std::sync::mpsc::channel::<()>();
        let mut held = Some((locked, released));
        let holder = db.clone();
        let holding = tokio::spawn(async move {
            let hold = move |tx: &mut Tx<'_>| {
                let lock = match engine {
                    Engine::Sqlite => "DELETE FROM files WHERE file_id = ''",
                    Engine::Postgres => "LOCK TABLE files IN EXCLUSIVE MODE",
                };
                tx.query_dynamic(lock, &[], |_| Ok(()))?;
                if let Some((locked, released)) = held.take() {
                    let _ = locked.send(());
                    let _ = released.recv();
                }
                Ok::<_, StoreError>(())
            };
            holder.write(hold).await
        });
        is_locked.await.unwrap();
        let waiting = tokio::spawn(send_now(send(&server, &[PNG, &vec![7; 600_000]].concat())));
        let written = async || {
            let objects = below(folder.path());
            let whole = objects.iter().all(|path| !path.to_string_lossy().contains('#'));
            (objects.len() == 2 && whole).then_some(())
        };
        eventually("the object is there", written).await;
        server.kill();
        waiting.await.unwrap().unwrap_err();
        drop(release);
        holding.await.unwrap().unwrap();
        db.close().await;
        // And what a process leaves that dies earlier.
        let place = below(folder.path())[0].parent().unwrap().to_owned();
        let unfinished = place.join(format!("{}#1", kernel::Id::<()>::new(SystemClock.now(), &kernel::Rng::seeded(1))));
        std::fs::write(unfinished, "the beginning").unwrap();

        let app = TestApp::over_at(scratch, SystemClock.now(), |config| {
            config.storage = StorageConfig::Folder(Some(folder.path().to_owned()));
        })
        .await;
        app.run_jobs().await;
        assert_eq!((app.count("files").await, below(folder.path()).len()), (1, 3));
        app.pass(7 * HOUR).await;
        assert_eq!(app.count("files").await, 1);
        let left = below(folder.path());
        assert!(matches!(&left[..], [only] if only.ends_with(&kept)), "{left:?}");
        app.stop().await;
    }

    /// In a bucket, everything is as in a folder: large files in several requests, and nothing of those that break off.
    async fn files_can_be_in_a_bucket(engine: Engine) {
        let moto = Moto::start().await;
        let app = TestApp::with(engine, |config| config.storage = moto.storage()).await;
        let shop = app.shop(0).await;
        let small = id_of(&app.send_file(&shop, "a.png", "image/png", PNG).await);
        let content: Vec<u8> = PNG.iter().copied().cycle().take(9_000_000).collect();
        let large = id_of(&app.send_file(&shop, "b.png", "image/png", &content).await);
        for (id, expected) in [(&small, PNG), (&large, &content[..])] {
            let request = app.request(Method::GET, &format!("/platform/file/{id}/content"));
            let answer = request.header("x-api-key", &shop.key).send().await.unwrap();
            assert!(answer.bytes().await.unwrap() == expected);
        }
        assert_eq!(moto.keys().await.len(), 2);

        let body = form(&[part("file", "c.png", "image/png", &content)]);
        let stream = raw(&app.base_url, &shop, body.len(), &body[..7_000_000]);
        eventually("an upload has begun", async || (moto.uploads().await == 1).then_some(())).await;
        drop(stream);
        eventually("it is taken back", async || (moto.uploads().await == 0).then_some(())).await;
        assert_eq!((moto.keys().await.len(), app.count("files").await), (2, 2));

        // Without its row an object goes; those of others in the bucket stay.
        let forget = |tx: &mut Tx<'_>| tx.query_dynamic("DELETE FROM files WHERE size > 1000", &[], |_| Ok(()));
        let forgotten: Result<Vec<()>, StoreError> = app.app.orders.db().write(forget).await;
        forgotten.unwrap();
        moto.put("somebody/else").await;
        app.pass(7 * HOUR).await;
        let keys = moto.keys().await;
        assert!(keys.iter().any(|key| key.ends_with(&small)), "{keys:?}");
        assert!(keys.iter().any(|key| key == "somebody/else"), "{keys:?}");
        assert_eq!(keys.len(), 2);
        app.pass(24 * HOUR).await;
        assert_eq!(moto.keys().await, ["somebody/else"]);

        drop(moto);
        let answer = app.send_file(&shop, "a.png", "image/png", PNG).await;
        assert_eq!(TestApp::reason(&answer), "it could not be stored");
        assert_eq!(app.count("files").await, 0);
        app.stop().await;
    }
}

/// Announces a body of `length` bytes and sends its beginning.
fn raw(base_url: &str, shop: &Shop, length: usize, beginning: &[u8]) -> TcpStream {
    let address = base_url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "POST /platform/file HTTP/1.1\r\nhost: {address}\r\nx-api-key: {}\r\ncontent-type: {}\r\ncontent-length: {length}\r\n\r\n",
        shop.key,
        kind()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(beginning).unwrap();
    stream
}

/// An S3 server of its own, with one bucket.
struct Moto {
    process: Child,
    url: String,
    client: reqwest::Client,
}

impl Moto {
    async fn start() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(2)
            .unwrap();
        let program = match std::env::var_os("TALLYSTICK_MOTO") {
            Some(program) => PathBuf::from(program),
            None => root.join("target/moto/bin/moto_server"),
        };
        let mut process = Command::new(&program)
            .args(["-H", "127.0.0.1", "-p", "0"])
            .env("PYTHONUNBUFFERED", "1")
            .env_remove("WERKZEUG_SERVER_FD")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!(
                    "{}: {error}; `cargo xtask test` installs it",
                    program.display()
                )
            });
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let url = tokio::task::spawn_blocking(move || {
            let said = lines.by_ref().map_while(Result::ok);
            let found =
                said.filter_map(|line| Some(line.split_once("http://")?.1.trim().to_owned()));
            let url = found.into_iter().next().expect("moto says where it is");
            // It goes on talking.
            std::thread::spawn(move || lines.for_each(drop));
            format!("http://{url}")
        });
        let moto = Self {
            process,
            url: url.await.unwrap(),
            client: httpkit::outgoing::client(Duration::from_secs(30)).unwrap(),
        };
        moto.ask(Method::PUT, "/files", "").await;
        moto
    }

    fn storage(&self) -> StorageConfig {
        StorageConfig::S3(::files::S3Config {
            bucket: "files".into(),
            region: "us-east-1".into(),
            endpoint: Some(self.url.clone()),
            access_key_id: "id".into(),
            secret_access_key: Secret::new("secret".into()),
            allow_http: true,
        })
    }

    async fn ask(&self, method: Method, path: &str, body: &'static str) -> String {
        let request = self.client.request(method, format!("{}{path}", self.url));
        let signed = "AWS4-HMAC-SHA256 Credential=id/20260602/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=none";
        let answer = request.header("authorization", signed).body(body).send();
        answer.await.unwrap().text().await.unwrap()
    }

    async fn keys(&self) -> Vec<String> {
        let listed = self.ask(Method::GET, "/files?list-type=2", "").await;
        texts(&listed, "Key")
    }

    async fn uploads(&self) -> usize {
        let listed = self.ask(Method::GET, "/files?uploads", "").await;
        texts(&listed, "UploadId").len()
    }

    async fn put(&self, key: &str) {
        self.ask(Method::PUT, &format!("/files/{key}"), "theirs")
            .await;
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What stands in the elements of this name.
fn texts(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let parts = xml.split(&open).skip(1);
    parts
        .map(|part| part.split(&close).next().unwrap().to_owned())
        .collect()
}
