//! Mails and text messages: enqueued with what makes them necessary, sent by jobs.

use crate::support::{Engine, TestApp, both};
use kernel::{Clock as _, Id};
use messages::{Mail, Text, enqueue_mail, enqueue_text};
use serde_json::Value;
use std::time::Duration;
use store::{StoreError, Tx, jobs};
use tallystick::runner;

const MINUTES: Duration = Duration::from_secs(60);

impl TestApp {
    /// Has a text message sent, in a transaction that ends as `commit` says.
    async fn enqueue(&self, body: &str, useful_for: Duration, commit: bool) {
        let text = Text::new("+886912345678", body).unwrap();
        let (now, id) = (self.clock.now(), Id::new(self.clock.now(), &self.app.rng));
        let enqueue = move |tx: &mut Tx<'_>| {
            enqueue_text(tx, id, &text, useful_for, now)?;
            if commit {
                Ok(())
            } else {
                Err(StoreError::corrupt("the rest of the transaction"))
            }
        };
        assert_eq!(self.app.orders.db().write(enqueue).await.is_ok(), commit);
    }

    fn sent(&self, extension: &str) -> Vec<String> {
        let folder = std::fs::read_dir(self.outbox.path());
        let files = folder
            .into_iter()
            .flatten()
            .map(|file| file.unwrap().path());
        let mut files: Vec<_> = files
            .filter(|file| file.extension().is_some_and(|e| e == extension))
            .collect();
        files.sort();
        files
            .iter()
            .map(|file| std::fs::read_to_string(file).unwrap())
            .collect()
    }

    async fn waiting(&self) -> i64 {
        let now = self.clock.now();
        let count = move |tx: &mut Tx<'_>| jobs::count(tx, now);
        let (jobs, _) = self.app.orders.db().read(count).await.unwrap();
        jobs
    }
}

both! {
    /// What is rolled back is not sent.
    async fn a_message_is_sent_when_its_transaction_is_committed(engine: Engine) {
        let app = TestApp::start(engine).await;
        let before = app.waiting().await;
        app.enqueue("Your code is 111111", 10 * MINUTES, false).await;
        app.enqueue("Your code is 222222", 10 * MINUTES, true).await;
        let mail = Mail::new("mei@example.com", Some("Mei 林"), "Welcome", "Hello,\nMei.\n").unwrap();
        let (now, id) = (app.clock.now(), Id::new(app.clock.now(), &app.app.rng));
        let enqueue = move |tx: &mut Tx<'_>| enqueue_mail(tx, id, &mail, 10 * MINUTES, now);
        app.app.orders.db().write(enqueue).await.unwrap();
        assert_eq!(app.waiting().await, before + 2);

        runner::run_due(&app.app).await.unwrap();

        let [text] = &app.sent("json")[..] else { panic!("{:?}", app.sent("json")) };
        let text: Value = serde_json::from_str(text).unwrap();
        assert_eq!(text["to"], "+886912345678");
        assert_eq!(text["text"], "Your code is 222222");
        let [mail] = &app.sent("eml")[..] else { panic!("{:?}", app.sent("eml")) };
        assert!(mail.contains("Subject: Welcome\r\n"), "{mail}");
        assert!(mail.ends_with("\r\n\r\nHello,\r\nMei.\r\n"), "{mail}");
        assert_eq!(app.waiting().await, before);
    }

    /// Even if that is the disk: the folder's place is taken by a file.
    async fn a_message_waits_until_whoever_delivers_it_is_there_again(engine: Engine) {
        let app = TestApp::start(engine).await;
        let before = app.waiting().await;
        std::fs::remove_dir(app.outbox.path()).unwrap();
        std::fs::write(app.outbox.path(), "in the way").unwrap();
        app.enqueue("Your code is 333333", 10 * MINUTES, true).await;
        runner::run_due(&app.app).await.unwrap();
        assert_eq!(app.waiting().await, before + 1);

        std::fs::remove_file(app.outbox.path()).unwrap();
        runner::run_due(&app.app).await.unwrap();
        assert_eq!(app.sent("json").len(), 0, "it is not its turn yet");
        app.clock.advance(Duration::from_secs(2));
        runner::run_due(&app.app).await.unwrap();
        assert_eq!(app.sent("json").len(), 1);
        assert_eq!(app.waiting().await, before);
    }

    async fn a_message_is_given_up_when_it_is_of_no_use_any_more(engine: Engine) {
        let app = TestApp::start(engine).await;
        let before = app.waiting().await;
        app.enqueue("Your code is 444444", 10 * MINUTES, true).await;
        app.enqueue("Your order is late", 100 * 24 * 60 * MINUTES, true).await;
        app.clock.advance(10 * MINUTES);
        runner::run_due(&app.app).await.unwrap();
        let [text] = &app.sent("json")[..] else { panic!("{:?}", app.sent("json")) };
        assert!(text.contains("Your order is late"));
        assert_eq!(app.waiting().await, before);
    }
}
