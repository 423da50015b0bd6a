use super::*;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::body::Frame;
use kernel::{ManualClock, Secret, Timestamp};
use serde_json::{Value, json};
use std::collections::{HashSet, VecDeque};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;
use store::jobs::{self, Job};
use store::{DatabaseUrl, StoreError};
use testkit::postgres::ScratchDatabase;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

/// 2026-01-01T00:00:00Z
const START: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);
const OWNER: &str = "acct_1";
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

const CONTRACT: Contract = Contract {
    job_kind: "test.webhook",
    header_prefix: "X-Test-",
    body,
};

/// Lower case unless the options say `upper`.
fn body(event: &Event, options: &str) -> String {
    let mut data = event.data.clone();
    if options != "upper"
        && let Some(status) = data["status"].as_str()
    {
        data["status"] = status.to_lowercase().into();
    }
    assert_eq!(event.occurred_at, START);
    format!(
        r#"{{"id":"{}","type":"{}","timestamp":"2026-01-01T00:00:00.000Z","data":{data}}}"#,
        event.id, event.kind
    )
}

/// What the consumer does with a request.
enum Reply {
    Status(u16),
    /// Redirects there.
    Redirect(String),
    /// Answers with this body.
    Text(&'static str),
    /// Answers with a body that never ends.
    Endless,
    /// Answers once it is told to.
    When(Arc<Notify>),
}

/// A consumer on the loopback. Without another reply it answers 200.
#[derive(Clone)]
struct Sink {
    url: String,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    received: Arc<Mutex<Vec<(HeaderMap, String)>>>,
    arrivals: mpsc::UnboundedSender<()>,
}

struct Endless;

impl hyper::body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 8192])))))
    }
}

impl Sink {
    async fn start() -> (Self, mpsc::UnboundedReceiver<()>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (arrivals, arrived) = mpsc::unbounded_channel();
        let sink = Self {
            url: format!("http://{}/hook", listener.local_addr().unwrap()),
            replies: Arc::default(),
            received: Arc::default(),
            arrivals,
        };
        let router = Router::new().fallback(receive).with_state(sink.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (sink, arrived)
    }

    fn reply(&self, replies: impl IntoIterator<Item = Reply>) {
        self.replies.lock().unwrap().extend(replies);
    }

    /// The ids of the events received so far, in their order.
    fn ids(&self) -> Vec<String> {
        let received = self.received.lock().unwrap();
        received
            .iter()
            .map(|(headers, _)| headers["x-test-event-id"].to_str().unwrap().to_owned())
            .collect()
    }
}

async fn receive(State(sink): State<Sink>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let text = String::from_utf8(body.to_vec()).unwrap();
    sink.received.lock().unwrap().push((head.headers, text));
    let reply = sink.replies.lock().unwrap().pop_front();
    let _ = sink.arrivals.send(());
    match reply.unwrap_or(Reply::Status(200)) {
        Reply::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Reply::Redirect(to) => (StatusCode::FOUND, [(header::LOCATION, to)]).into_response(),
        Reply::Text(text) => text.into_response(),
        Reply::Endless => Response::new(Body::new(Endless)),
        Reply::When(told) => {
            told.notified().await;
            StatusCode::OK.into_response()
        }
    }
}

struct World {
    hooks: Webhooks,
    clock: Arc<ManualClock>,
    db: Db,
    sink: Sink,
    arrived: mpsc::UnboundedReceiver<()>,
    published: AtomicU32,
    _scratch: Option<ScratchDatabase>,
}

fn config() -> Config {
    Config {
        reach: Reach::AllowPrivate,
        ..Config::default()
    }
}

impl World {
    async fn both() -> [Self; 2] {
        [Self::sqlite().await, Self::postgres().await]
    }

    async fn sqlite() -> Self {
        Self::on(&DatabaseUrl::SqliteMemory, None).await
    }

    async fn postgres() -> Self {
        let starting =
            tokio::task::spawn_blocking(|| testkit::postgres::cluster().create_database());
        let scratch = starting.await.unwrap();
        Self::on(&scratch.url().parse().unwrap(), Some(scratch)).await
    }

    async fn on(url: &DatabaseUrl, scratch: Option<ScratchDatabase>) -> Self {
        let clock = Arc::new(ManualClock::at(START));
        let db = Db::open(url).await.unwrap();
        db.migrate(START).await.unwrap();
        let (sink, arrived) = Sink::start().await;
        Self {
            hooks: webhooks(&db, &clock, config()),
            clock,
            db,
            sink,
            arrived,
            published: AtomicU32::new(0),
            _scratch: scratch,
        }
    }

    async fn endpoint(&self) -> Endpoint {
        let new = NewEndpoint {
            url: self.sink.url.clone(),
            events: Kinds::All,
            options: String::new(),
        };
        self.hooks.create_endpoint(OWNER, new).await.unwrap().0
    }

    /// Publishes `order.paid` about an object; returns the event's id.
    async fn publish(&self, object: &str) -> String {
        let id = format!("evt_{}", self.published.fetch_add(1, Ordering::SeqCst));
        self.publish_as(&id, object, "order.paid", json!({})).await;
        id
    }

    async fn publish_as(&self, id: &str, object: &str, kind: &'static str, data: Value) {
        let (id, object, now) = (id.to_owned(), object.to_owned(), self.clock.now());
        let published: Result<(), StoreError> = self
            .db
            .write(move |tx| {
                let event = NewEvent {
                    id: &id,
                    owner: OWNER,
                    kind,
                    object_id: &object,
                    data: &data,
                    at: START,
                };
                publish(tx, &CONTRACT, &event, now)
            })
            .await;
        published.unwrap();
    }

    async fn lease(&self, node: &'static str, most: i64) -> Vec<Job> {
        let now = self.clock.now();
        let leased: Result<Vec<Job>, StoreError> = self
            .db
            .write(move |tx| jobs::lease(tx, node, now, most))
            .await;
        leased.unwrap()
    }

    /// Carries out all due jobs, one after the other.
    async fn run_due(&self) {
        loop {
            let leased = self.lease("a", 16).await;
            if leased.is_empty() {
                return;
            }
            for job in leased {
                self.hooks.run_job(job).await;
            }
        }
    }

    async fn pass(&self, time: Duration) {
        self.clock.advance(time);
        self.run_due().await;
    }

    async fn deliveries(&self, endpoint: EndpointId) -> Vec<Delivery> {
        let page = DeliveryPage {
            status: None,
            before: None,
            limit: 100,
        };
        self.hooks.deliveries(OWNER, endpoint, page).await.unwrap()
    }

    /// The only delivery there is.
    async fn delivery(&self, endpoint: EndpointId) -> DeliveryRecord {
        let deliveries = self.deliveries(endpoint).await;
        assert_eq!(deliveries.len(), 1);
        self.hooks.delivery(OWNER, deliveries[0].id).await.unwrap()
    }

    async fn jobs(&self) -> i64 {
        let now = self.clock.now();
        let count: Result<_, StoreError> = self.db.read(move |tx| jobs::count(tx, now)).await;
        count.unwrap().0
    }
}

fn webhooks(db: &Db, clock: &Arc<ManualClock>, config: Config) -> Webhooks {
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    Webhooks::new(
        db.clone(),
        clock,
        Arc::new(Rng::seeded(7)),
        CONTRACT,
        config,
    )
    .unwrap()
}

/// The signature is what `openssl dgst -sha256 -hmac` and Python's `hmac` make of the body.
#[test]
fn the_signature_is_the_one_that_others_compute() {
    let body = r#"{"id":"evt_bc4114517b94e6aa2a4f2693a6ac3df7","type":"order.paid","timestamp":"2026-01-01T00:00:00.000Z","data":{"amount":999,"id":"ord_1","name":"王小明","status":"paid"}}"#;
    let secret = Secret::new("whsec_c2VjcmV0LW9mLXRoaXMtZW5kcG9pbnQ".to_owned());
    assert_eq!(
        sign(&secret, body.as_bytes()),
        "1dcncOj2QvxVhmdtKRhMD+Wbv3iA7YRd6Vw+sr2ViOc="
    );
}

#[tokio::test]
async fn a_request_is_exactly_what_the_contract_says() {
    for world in World::both().await {
        let id = "evt_bc4114517b94e6aa2a4f2693a6ac3df7";
        let new = |options: &str| NewEndpoint {
            url: world.sink.url.clone(),
            events: Kinds::Only(vec!["order.paid".into()]),
            options: options.into(),
        };
        let (_, lower) = world.hooks.create_endpoint(OWNER, new("")).await.unwrap();
        let (upper, _) = world
            .hooks
            .create_endpoint(OWNER, new("upper"))
            .await
            .unwrap();
        let upper_secret = world.hooks.rotate_secret(OWNER, upper.id).await.unwrap();
        assert_ne!(lower, upper_secret);
        for secret in [&lower, &upper_secret] {
            let random = secret.expose().strip_prefix("whsec_").unwrap();
            assert_eq!(random.len(), 32);
        }
        world
            .publish_as("evt_other", "ord_1", "order.created", json!({}))
            .await;
        let data = json!({"id": "ord_1", "status": "PAID", "name": "王小明", "amount": 999});
        world.publish_as(id, "ord_1", "order.paid", data).await;
        world.clock.advance(Duration::from_millis(1500));
        world.run_due().await;

        let received = world.sink.received.lock().unwrap();
        assert_eq!(received.len(), 2);
        for (headers, body) in &*received {
            let (status, secret) = match body.contains("PAID") {
                true => ("PAID", &upper_secret),
                false => ("paid", &lower),
            };
            let expected = format!(
                r#"{{"id":"{id}","type":"order.paid","timestamp":"2026-01-01T00:00:00.000Z","data":{{"amount":999,"id":"ord_1","name":"王小明","status":"{status}"}}}}"#
            );
            assert_eq!(*body, expected);
            assert_eq!(headers["content-type"], "application/json");
            assert_eq!(headers["x-test-event-id"], id);
            assert_eq!(headers["x-test-event-type"], "order.paid");
            assert_eq!(headers["x-test-timestamp"], "1767225601500");
            assert_eq!(headers["x-test-signature"], sign(secret, body.as_bytes()));
        }
        assert_ne!(received[0].1, received[1].1);
    }
}

#[tokio::test]
async fn failed_attempts_follow_the_schedule_and_then_the_delivery_has_failed() {
    for world in World::both().await {
        let endpoint = world.endpoint().await.id;
        world.sink.reply((0..6).map(|_| Reply::Status(500)));
        let id = world.publish("ord_1").await;
        world.run_due().await;
        for (wait, attempts) in config().retry_after.into_iter().zip(1..) {
            let found = world.delivery(endpoint).await;
            assert_eq!(found.delivery.status, DeliveryStatus::Pending);
            assert_eq!(found.delivery.attempts, attempts);
            assert_eq!(found.delivery.last_status, Some(500));
            let due = found.delivery.next_attempt_at.unwrap();
            let waits = due.since(world.clock.now());
            assert!(waits >= wait * 9 / 10 && waits <= wait * 11 / 10);
            world.pass(waits - Duration::from_micros(1)).await;
            assert_eq!(
                i64::try_from(world.sink.ids().len()),
                Ok(attempts),
                "not before it is due"
            );
            world.pass(Duration::from_micros(1)).await;
        }
        let found = world.delivery(endpoint).await;
        assert_eq!(found.delivery.status, DeliveryStatus::Failed);
        assert_eq!(found.delivery.completed_at, Some(world.clock.now()));
        assert_eq!(found.attempts.len(), 6);
        assert_eq!(
            found.attempts[5].error.as_deref(),
            Some("answered 500 Internal Server Error")
        );
        assert_eq!(world.sink.ids(), vec![id; 6]);
        assert_eq!(world.jobs().await, 0);
    }
}

#[tokio::test]
async fn first_attempts_for_one_object_are_made_in_order_and_retries_keep_nobody_waiting() {
    for mut world in World::both().await {
        world.endpoint().await;
        let told = Arc::new(Notify::new());
        world.sink.reply([Reply::When(Arc::clone(&told))]);
        world.sink.reply([Reply::Status(503)]);
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.push(world.publish("ord_1").await);
        }
        // All three are tried at once; the second and the third have to wait.
        let mut running = JoinSet::new();
        for job in world.lease("a", 16).await.into_iter().rev() {
            let hooks = world.hooks.clone();
            running.spawn(async move { hooks.run_job(job).await });
        }
        world.arrived.recv().await.unwrap();
        for _ in 0..2 {
            running.join_next().await.unwrap().unwrap();
        }
        world.run_due().await;
        assert_eq!(world.sink.ids(), ids[..1]);
        // Another object does not.
        let other = world.publish("ord_2").await;
        world
            .sink
            .replies
            .lock()
            .unwrap()
            .push_front(Reply::Status(200));
        world.run_due().await;
        assert_eq!(world.sink.ids(), [&ids[0], &other].map(Clone::clone));

        told.notify_one();
        running.join_next().await.unwrap().unwrap();
        // The second fails, and the third is sent all the same.
        world.run_due().await;
        assert_eq!(world.sink.ids()[2..], ids[1..]);
        world.pass(2 * MINUTE).await;
        assert_eq!(world.sink.ids()[4..], ids[1..2]);
        assert_eq!(world.jobs().await, 0);
    }
}

#[tokio::test]
async fn a_consumer_who_hangs_is_given_up_on_and_holds_few_workers() {
    let mut world = World::sqlite().await;
    world.hooks = webhooks(
        &world.db,
        &world.clock,
        Config {
            timeout: Duration::from_millis(300),
            at_once_to_one: 2,
            ..config()
        },
    );
    let endpoint = world.endpoint().await.id;
    let never = Arc::new(Notify::new());
    world
        .sink
        .reply((0..9).map(|_| Reply::When(Arc::clone(&never))));
    for object in ["ord_1", "ord_2", "ord_3", "ord_4"] {
        world.publish(object).await;
    }
    let mut running = JoinSet::new();
    for job in world.lease("a", 16).await {
        let hooks = world.hooks.clone();
        running.spawn(async move { hooks.run_job(job).await });
    }
    running.join_all().await;
    assert_eq!(world.sink.ids().len(), 2);
    let deliveries = world.deliveries(endpoint).await;
    let tried: Vec<_> = deliveries.iter().filter(|d| d.attempts == 1).collect();
    assert_eq!(tried.len(), 2);
    for delivery in tried {
        assert_eq!(delivery.last_error.as_deref(), Some("no answer in time"));
        assert_eq!(delivery.last_status, None);
    }
    // It is known to fail now: one at a time.
    let failing = world.hooks.endpoint(OWNER, endpoint).await.unwrap();
    assert_eq!(failing.failing_since, Some(START));
    world.clock.advance(Duration::from_secs(2));
    let mut running = JoinSet::new();
    for job in world.lease("a", 16).await {
        let hooks = world.hooks.clone();
        running.spawn(async move { hooks.run_job(job).await });
    }
    running.join_all().await;
    assert_eq!(world.sink.ids().len(), 3);
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    for world in World::both().await {
        let endpoint = world.endpoint().await.id;
        world.sink.reply([Reply::Endless, Reply::Text("a\0é")]);
        world.publish("ord_1").await;
        let started = Instant::now();
        world.run_due().await;
        assert!(started.elapsed() < config().timeout / 2);
        let found = world.delivery(endpoint).await;
        assert_eq!(found.delivery.status, DeliveryStatus::Succeeded);
        assert_eq!(found.attempts[0].response, Some("x".repeat(1024)));
        world.hooks.resend(OWNER, found.delivery.id).await.unwrap();
        world.run_due().await;
        let found = world.delivery(endpoint).await;
        assert_eq!(found.attempts[1].response.as_deref(), Some("a\u{fffd}é"));
    }
}

#[tokio::test]
async fn redirects_are_failures() {
    let world = World::sqlite().await;
    let endpoint = world.endpoint().await.id;
    let (inside, _arrived) = Sink::start().await;
    world.sink.reply([
        Reply::Redirect(inside.url.clone()),
        Reply::Redirect("http://169.254.169.254/".into()),
    ]);
    world.publish("ord_1").await;
    world.run_due().await;
    world.pass(2 * MINUTE).await;
    let found = world.delivery(endpoint).await;
    assert_eq!(
        found.delivery.last_error.as_deref(),
        Some("answered 302 Found")
    );
    assert_eq!(found.delivery.attempts, 2);
    assert!(inside.ids().is_empty());
}

#[tokio::test]
async fn addresses_inside_are_refused_when_stored_and_when_called() {
    let world = World::sqlite().await;
    let guarded = webhooks(&world.db, &world.clock, Config::default());
    let endpoint = world.endpoint().await.id;
    let inside = |url: &str| NewEndpoint {
        url: url.into(),
        events: Kinds::All,
        options: String::new(),
    };
    for (url, refusal) in [
        ("http://example.com/", UrlRefusal::NotHttps),
        ("https://169.254.169.254/", UrlRefusal::NotPublic),
        ("nonsense", UrlRefusal::Malformed),
    ] {
        let refused = guarded.create_endpoint(OWNER, inside(url)).await;
        assert_eq!(refused.unwrap_err(), Error::Url(refusal));
        let change = EndpointChange {
            url: Some(url.into()),
            ..EndpointChange::default()
        };
        let refused = guarded.update_endpoint(OWNER, endpoint, change).await;
        assert_eq!(refused.unwrap_err(), Error::Url(refusal));
    }
    world.publish("ord_1").await;
    for job in world.lease("a", 16).await {
        guarded.run_job(job).await;
    }
    let found = world.delivery(endpoint).await.delivery;
    assert_eq!(found.attempts, 1);
    assert_eq!(found.last_error, Some(UrlRefusal::NotHttps.to_string()));
    assert!(world.sink.ids().is_empty());
}

#[tokio::test]
async fn an_endpoint_that_keeps_failing_is_disabled_until_it_is_enabled_again() {
    for world in World::both().await {
        let endpoint = world.endpoint().await.id;
        world.sink.reply((0..300).map(|_| Reply::Status(500)));
        for n in 0..10 {
            world.publish(&format!("ord_{n}")).await;
            world.run_due().await;
            for _ in 0..6 {
                world.pass(2 * HOUR).await;
            }
        }
        let found = world.hooks.endpoint(OWNER, endpoint).await.unwrap();
        assert_eq!((found.disabled, found.failing_since), (None, Some(START)));
        assert_eq!(world.hooks.wanted(OWNER).await.unwrap().len(), 1);
        world.publish("ord_1").await;
        world.run_due().await;
        let found = world.hooks.endpoint(OWNER, endpoint).await.unwrap();
        assert_eq!(found.disabled, Some(DisabledReason::Failing));
        assert_eq!(world.hooks.wanted(OWNER).await.unwrap().len(), 0);
        let deliveries = world.deliveries(endpoint).await;
        assert_eq!(deliveries.len(), 11);
        for delivery in &deliveries {
            assert_eq!(delivery.status, DeliveryStatus::Failed);
        }
        let summary = world.hooks.summary(OWNER, endpoint).await.unwrap();
        assert_eq!((summary.failed, summary.pending), (11, 0));
        assert_eq!(summary.last_completed_at, Some(world.clock.now()));

        // Nothing is sent while it is disabled.
        let sent = world.sink.ids().len();
        world.publish("ord_2").await;
        world.pass(48 * HOUR).await;
        assert_eq!(world.sink.ids().len(), sent);
        assert_eq!(world.jobs().await, 0);
        let newest = deliveries[0].id;
        let refused = world.hooks.resend(OWNER, newest).await;
        assert_eq!(refused, Err(Error::Disabled));

        world.sink.replies.lock().unwrap().clear();
        let enable = EndpointChange {
            enabled: Some(true),
            ..EndpointChange::default()
        };
        let found = world.hooks.update_endpoint(OWNER, endpoint, enable).await;
        let found = found.unwrap();
        assert_eq!((found.disabled, found.failing_since), (None, None));
        world.hooks.resend(OWNER, newest).await.unwrap();
        world.publish("ord_3").await;
        world.run_due().await;
        assert_eq!(world.sink.ids().len(), sent + 2);
        let again = world.hooks.delivery(OWNER, newest).await.unwrap();
        assert_eq!(again.delivery.status, DeliveryStatus::Succeeded);
    }
}

#[tokio::test]
async fn a_success_in_between_is_forgiveness() {
    let world = World::sqlite().await;
    let endpoint = world.endpoint().await.id;
    world.sink.reply([Reply::Status(500)]);
    world.publish("ord_1").await;
    world.run_due().await;
    world.pass(2 * MINUTE).await;
    world.sink.reply([Reply::Status(500)]);
    world.publish("ord_1").await;
    world.pass(6 * 24 * HOUR).await;
    let found = world.hooks.endpoint(OWNER, endpoint).await.unwrap();
    assert_eq!(found.disabled, None);
    assert_eq!(found.failing_since, Some(world.clock.now()));
}

#[tokio::test]
async fn disabling_an_endpoint_makes_what_is_under_way_fail() {
    for world in World::both().await {
        let endpoint = world.endpoint().await.id;
        world.publish("ord_1").await;
        let disable = EndpointChange {
            enabled: Some(false),
            ..EndpointChange::default()
        };
        let updated = world.hooks.update_endpoint(OWNER, endpoint, disable).await;
        assert_eq!(updated.unwrap().disabled, Some(DisabledReason::Owner));
        world.run_due().await;
        let found = world.delivery(endpoint).await.delivery;
        assert_eq!(found.status, DeliveryStatus::Failed);
        assert_eq!(
            found.last_error.as_deref(),
            Some("the endpoint is disabled")
        );
        assert_eq!((world.sink.ids().len(), world.jobs().await), (0, 0));
    }
}

#[tokio::test]
async fn deliveries_are_sent_again_on_request() {
    for world in World::both().await {
        let endpoint = world.endpoint().await.id;
        let id = world.publish("ord_1").await;
        world.run_due().await;
        let delivery = world.delivery(endpoint).await.delivery;
        assert_eq!(delivery.status, DeliveryStatus::Succeeded);
        // One that succeeded; it fails now, and follows the schedule from there.
        world.sink.reply([Reply::Status(500)]);
        world.hooks.resend(OWNER, delivery.id).await.unwrap();
        world.run_due().await;
        let found = world.delivery(endpoint).await.delivery;
        assert_eq!((found.status, found.attempts), (DeliveryStatus::Pending, 2));
        // One that waits for its next attempt.
        world.hooks.resend(OWNER, delivery.id).await.unwrap();
        world.hooks.resend(OWNER, delivery.id).await.unwrap();
        world.run_due().await;
        let found = world.delivery(endpoint).await;
        assert_eq!(found.delivery.status, DeliveryStatus::Succeeded);
        assert_eq!(found.attempts.len(), 3);
        assert_eq!(world.sink.ids(), vec![id; 3]);
        assert_eq!(found.body, world.sink.received.lock().unwrap()[2].1);
        assert_eq!(world.jobs().await, 0);
    }
}

#[tokio::test]
async fn test_events_go_to_one_endpoint_whatever_it_wants() {
    let world = World::sqlite().await;
    let deaf = NewEndpoint {
        url: world.sink.url.clone(),
        events: Kinds::Only(Vec::new()),
        options: String::new(),
    };
    let (deaf, _) = world.hooks.create_endpoint(OWNER, deaf).await.unwrap();
    world.endpoint().await;
    let send = |owner: &'static str| {
        let (id, now) = (deaf.id, world.clock.now());
        world.db.write(move |tx| {
            let event = NewEvent {
                id: "evt_test",
                owner,
                kind: "order.paid",
                object_id: "ord_1",
                data: &json!({}),
                at: START,
            };
            publish_to(tx, &CONTRACT, id, &event, now)
        })
    };
    assert_eq!(send("acct_2").await, Err(Error::NotFound));
    let id = send(OWNER).await.unwrap();
    world.run_due().await;
    assert_eq!(world.sink.ids(), ["evt_test"]);
    assert_eq!(world.delivery(deaf.id).await.delivery.id, id);
}

#[tokio::test]
async fn two_nodes_deliver_each_event_once() {
    for world in World::both().await {
        let endpoint = world.endpoint().await.id;
        let mut expected = HashSet::new();
        for n in 0..40 {
            expected.insert(world.publish(&format!("ord_{}", n % 10)).await);
        }
        let other = webhooks(&world.db, &world.clock, config());
        let run = async |hooks: &Webhooks, node| {
            loop {
                let leased = world.lease(node, 8).await;
                if leased.is_empty() {
                    return;
                }
                let mut running = JoinSet::new();
                for job in leased {
                    let hooks = hooks.clone();
                    running.spawn(async move { hooks.run_job(job).await });
                }
                running.join_all().await;
            }
        };
        while world.jobs().await > 0 {
            tokio::join!(run(&world.hooks, "a"), run(&other, "b"));
            // No lease runs out: nothing is under way while time passes.
            world.clock.advance(MINUTE);
        }
        let ids = world.sink.ids();
        assert_eq!(ids.len(), 40);
        assert_eq!(ids.iter().cloned().collect::<HashSet<_>>(), expected);
        for object in 0..10 {
            let of_object: Vec<_> = (0..4).map(|n| format!("evt_{}", n * 10 + object)).collect();
            let received: Vec<_> = ids.iter().filter(|id| of_object.contains(id)).collect();
            assert_eq!(received, of_object.iter().collect::<Vec<_>>());
        }
        let summary = world.hooks.summary(OWNER, endpoint).await.unwrap();
        assert_eq!(summary.succeeded, 40);
    }
}

#[tokio::test]
async fn nothing_is_left_of_a_transaction_that_fails() {
    for world in World::both().await {
        let endpoint = world.endpoint().await.id;
        let undone: Result<(), StoreError> = world
            .db
            .write(|tx| {
                let event = NewEvent {
                    id: "evt_undone",
                    owner: OWNER,
                    kind: "order.paid",
                    object_id: "ord_1",
                    data: &json!({}),
                    at: START,
                };
                publish(tx, &CONTRACT, &event, START)?;
                Err(StoreError::Failed("no".into()))
            })
            .await;
        assert!(undone.is_err());
        world.run_due().await;
        assert!(world.sink.ids().is_empty());
        assert!(world.deliveries(endpoint).await.is_empty());
        let events = world.hooks.events_after(OWNER, None, 10).await.unwrap();
        assert!(events.is_empty());
        assert_eq!(world.jobs().await, 0);
    }
}

#[tokio::test]
async fn an_attempt_whose_process_dies_is_made_again_under_the_same_id() {
    for mut world in World::both().await {
        let endpoint = world.endpoint().await.id;
        let never = Arc::new(Notify::new());
        world.sink.reply([Reply::When(never)]);
        let id = world.publish("ord_1").await;
        let job = world.lease("a", 1).await.remove(0);
        let hooks = world.hooks.clone();
        let dying = tokio::spawn(async move { hooks.run_job(job).await });
        world.arrived.recv().await.unwrap();
        dying.abort();
        assert!(dying.await.unwrap_err().is_cancelled());

        world.run_due().await;
        assert_eq!(world.sink.ids().len(), 1, "the lease has not run out");
        world.pass(LEASE_TIME).await;
        assert_eq!(world.sink.ids(), vec![id; 2]);
        let found = world.delivery(endpoint).await;
        assert_eq!(found.delivery.status, DeliveryStatus::Succeeded);
        assert_eq!(found.attempts.len(), 1);
    }
}

#[tokio::test]
async fn a_node_that_lost_its_lease_stores_nothing() {
    for mut world in World::both().await {
        let endpoint = world.endpoint().await.id;
        let told = [(); 2].map(|()| Arc::new(Notify::new()));
        world.sink.reply(told.clone().map(Reply::When));
        world.publish("ord_1").await;
        let mut attempts = Vec::new();
        for node in ["a", "b"] {
            let job = world.lease(node, 1).await.remove(0);
            let hooks = world.hooks.clone();
            attempts.push(tokio::spawn(async move { hooks.run_job(job).await }));
            world.arrived.recv().await.unwrap();
            world.clock.advance(LEASE_TIME);
        }
        let before = world.delivery(endpoint).await;
        told[0].notify_one();
        attempts.remove(0).await.unwrap();
        assert_eq!(world.delivery(endpoint).await, before);
        told[1].notify_one();
        attempts.remove(0).await.unwrap();
        let after = world.delivery(endpoint).await;
        assert_eq!(after.delivery.status, DeliveryStatus::Succeeded);
        assert_eq!((before.attempts.len(), after.attempts.len()), (0, 1));
    }
}

#[tokio::test]
async fn owners_see_and_change_what_is_theirs_only() {
    for world in World::both().await {
        let endpoint = world.endpoint().await.id;
        let id = world.publish("ord_1").await;
        let delivery = world.delivery(endpoint).await.delivery.id;
        let (hooks, other) = (&world.hooks, "acct_2");
        let page = DeliveryPage {
            status: None,
            before: None,
            limit: 10,
        };
        assert!(hooks.endpoints(other).await.unwrap().is_empty());
        assert!(hooks.events_after(other, None, 9).await.unwrap().is_empty());
        for refused in [
            hooks.endpoint(other, endpoint).await.err(),
            hooks.summary(other, endpoint).await.err(),
            hooks.rotate_secret(other, endpoint).await.err(),
            hooks.delete_endpoint(other, endpoint).await.err(),
            hooks
                .update_endpoint(other, endpoint, EndpointChange::default())
                .await
                .err(),
            hooks.deliveries(other, endpoint, page).await.err(),
            hooks.delivery(other, delivery).await.err(),
            hooks.resend(other, delivery).await.err(),
            hooks.event(other, &id).await.err(),
            hooks.events_after(other, Some(&id), 9).await.err(),
            hooks.recent_events(other, Some(&id), 9).await.err(),
        ] {
            assert_eq!(refused, Some(Error::NotFound));
        }
        assert_eq!(hooks.endpoints(OWNER).await.unwrap()[0].id, endpoint);
    }
}

#[tokio::test]
async fn lists_are_read_page_by_page() {
    for world in World::both().await {
        let endpoint = world.endpoint().await.id;
        world.sink.reply([Reply::Status(500)]);
        let mut ids = Vec::new();
        for n in 0..5 {
            ids.push(world.publish(&format!("ord_{n}")).await);
            world.run_due().await;
        }
        let hooks = &world.hooks;
        let of = |events: Vec<Event>| events.into_iter().map(|e| e.id).collect::<Vec<_>>();
        let events = hooks.events_after(OWNER, None, 2).await.unwrap();
        assert_eq!(of(events), ids[..2]);
        let events = hooks.events_after(OWNER, Some(&ids[1]), 9).await.unwrap();
        assert_eq!(of(events), ids[2..]);
        let events = hooks.recent_events(OWNER, None, 1).await.unwrap();
        assert_eq!(of(events), ids[4..]);
        let events = hooks.recent_events(OWNER, Some(&ids[1]), 9).await.unwrap();
        assert_eq!(of(events), ids[..1]);
        assert_eq!(hooks.event(OWNER, &ids[3]).await.unwrap().seq, 5);

        let list = async |status, before, limit| {
            let page = DeliveryPage {
                status,
                before,
                limit,
            };
            hooks.deliveries(OWNER, endpoint, page).await.unwrap()
        };
        let newest = list(None, None, 2).await;
        assert_eq!(newest[1].event_id, ids[3]);
        let older = list(None, Some(newest[1].id), 9).await;
        assert_eq!(older.len(), 3);
        let waiting = list(Some(DeliveryStatus::Pending), None, 9).await;
        assert_eq!(waiting.len(), 1);
        assert_eq!(waiting[0].event_id, ids[0]);

        let later = world.clock.advance(HOUR);
        let forgotten = world.db.write(move |tx| forget(tx, later, 3)).await;
        assert_eq!(forgotten, Ok::<_, StoreError>(3));
        let forgotten = world.db.write(move |tx| forget(tx, later, 3)).await;
        assert_eq!(forgotten, Ok::<_, StoreError>(1), "one is under way");
        hooks.delete_endpoint(OWNER, endpoint).await.unwrap();
        world.run_due().await;
        assert_eq!(world.sink.ids().len(), 5);
        assert_eq!(world.jobs().await, 0);
        assert!(hooks.endpoints(OWNER).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn an_owner_has_so_many_endpoints_at_most() {
    let world = World::sqlite().await;
    for _ in 0..32 {
        world.endpoint().await;
    }
    let one_more = NewEndpoint {
        url: world.sink.url.clone(),
        events: Kinds::All,
        options: String::new(),
    };
    let refused = world.hooks.create_endpoint(OWNER, one_more.clone()).await;
    assert_eq!(refused.unwrap_err(), Error::TooManyEndpoints);
    assert!(
        world
            .hooks
            .create_endpoint("acct_2", one_more)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn what_is_wanted_is_known_and_follows_every_change() {
    for world in World::both().await {
        let other = webhooks(&world.db, &world.clock, config());
        let wanted = async || {
            let [ours, others] = [&world.hooks, &other].map(|hooks| hooks.wanted(OWNER));
            let (ours, others) = (ours.await.unwrap(), others.await.unwrap());
            assert_eq!(ours, others);
            ours.to_vec()
        };
        let change = |change: EndpointChange, id| world.hooks.update_endpoint(OWNER, id, change);
        assert_eq!(wanted().await, []);
        let endpoint = world.endpoint().await.id;
        assert_eq!(wanted().await, [Kinds::All]);
        let only = Kinds::Only(vec!["order.paid".into()]);
        let events = EndpointChange {
            events: Some(only.clone()),
            ..EndpointChange::default()
        };
        change(events, endpoint).await.unwrap();
        assert_eq!(wanted().await, std::slice::from_ref(&only));
        for (enabled, count) in [(false, 0), (true, 1)] {
            let enabled = EndpointChange {
                enabled: Some(enabled),
                ..EndpointChange::default()
            };
            change(enabled, endpoint).await.unwrap();
            assert_eq!(wanted().await.len(), count);
        }
        assert_eq!(world.hooks.wanted("acct_2").await.unwrap().len(), 0);
        world.hooks.delete_endpoint(OWNER, endpoint).await.unwrap();
        assert_eq!(wanted().await, []);
    }
}

#[tokio::test]
async fn every_statement_is_understood_by_both_databases() {
    for world in World::both().await {
        for statement in statements() {
            let prepared: Result<(), StoreError> =
                world.db.write(move |tx| tx.prepare(statement)).await;
            assert_eq!(prepared, Ok(()), "{}", statement.name());
        }
    }
}
