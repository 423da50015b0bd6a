use super::*;
use crate::face::params::Params;
use crate::face::{Caller, Data, reads, writes};
use crate::{Error, FormsConfig, Result, WEBHOOKS, delivery};
use axum::body::{Body, Bytes, HttpBody};
use http::{Method as HttpMethod, Request};
use http_body_util::BodyExt as _;
use hyper::body::Frame;
use kernel::{Clock, ManualClock, Rng, Secret, Timestamp};
use serde_json::{Value, json};
use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll};
use std::time::Duration;
use store::{DatabaseUrl, Db};
use testkit::postgres::ScratchDatabase;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tower::ServiceExt as _;
use webhooks::Webhooks;

const SECRET: &str = "what the gateways know";
const LANGUAGE: (&str, &str) = ("accept-language", "zh-TW,zh;q=0.9");

/// Methods with the behaviours that a gateway has to do with.
const METHODS: &[&[Method]] = &[&[
    reads!("test/echo", echo),
    reads!("test/missing", missing),
    reads!("test/fail", fail),
    reads!("test/panic", panics),
    writes!("test/add", add),
    writes!("test/other", add),
    writes!("test/wait", wait),
]];

async fn echo(_: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let say = params.required_text("say", 100);
    params.finish()?;
    let key = caller.scope.api_key_id.is_some();
    face::data(
        &json!({"said": say, "org": caller.scope.org_code.len(), "key": key, "number": 1.50}),
    )
}

async fn missing(_: Forms, _: Caller, _: Params) -> Result<Data> {
    Err(Resource::Code.into())
}

async fn fail(_: Forms, _: Caller, _: Params) -> Result<Data> {
    Err(Error::Failed("a disk at 10.0.0.7 is full".into()))
}

async fn panics(_: Forms, _: Caller, _: Params) -> Result<Data> {
    panic!("at 10.0.0.7")
}

/// Leaves a trace, then fails if it shall.
async fn add(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let name = params.required_text("name", 20);
    params.finish()?;
    if name == "sick" {
        return Err(Error::Failed("the disk is full".into()));
    }
    let project = forms.create_project(caller.scope.org_id, &name).await?;
    match name.as_str() {
        "refuse" => Err(OpenapiV2Error::FormNotFound.into()),
        "fail" => Err(Error::Failed("the disk is full".into())),
        _ => face::data(&json!({
            "project_id": project.project_id,
            "authorization_code": (name == "secret").then_some("s3cret"),
        })),
    }
}

#[derive(Default)]
struct Gate {
    arrived: Notify,
    open: Notify,
}

/// A gate that only this test knows by its name.
fn gate(name: &str) -> Arc<Gate> {
    static GATES: Mutex<Option<HashMap<String, Arc<Gate>>>> = Mutex::new(None);
    let mut gates = GATES.lock().unwrap();
    let gates = gates.get_or_insert_default();
    Arc::clone(gates.entry(name.to_owned()).or_default())
}

async fn wait(forms: Forms, caller: Caller, mut params: Params) -> Result<Data> {
    let name = params.required_text("name", 80);
    params.finish()?;
    let gate = gate(&name);
    gate.arrived.notify_one();
    gate.open.notified().await;
    forms.create_project(caller.scope.org_id, "waited").await?;
    face::data(&json!({}))
}

#[derive(Clone, Copy)]
enum Engine {
    Sqlite,
    Postgres,
}

struct World {
    forms: Forms,
    clock: Arc<ManualClock>,
    org: i64,
    key: String,
    read_only_key: String,
    _scratch: Option<ScratchDatabase>,
}

/// An answer: status, headers, body.
#[derive(Debug)]
struct Seen {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Seen {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The headers that say something about the answer.
    fn all(&self) -> (u16, [Option<&str>; 5], &str) {
        let headers = [
            "content-type",
            "content-language",
            "retry-after",
            "idempotent-replayed",
            "x-request-id",
        ];
        (
            self.status,
            headers.map(|name| self.header(name)),
            &self.text,
        )
    }

    fn refusal(&self) -> (u16, &str) {
        assert_eq!(self.json()["code"], self.status, "{self:?}");
        (self.status, &self.text)
    }
}

impl World {
    async fn new(engine: Engine) -> Self {
        Self::with(
            engine,
            FormsConfig {
                rate_limit: None,
                ..FormsConfig::default()
            },
        )
        .await
    }

    async fn with(engine: Engine, config: FormsConfig) -> Self {
        let scratch = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => {
                let make = || testkit::postgres::cluster().create_database();
                Some(tokio::task::spawn_blocking(make).await.unwrap())
            }
        };
        let url = match &scratch {
            None => DatabaseUrl::SqliteMemory,
            Some(scratch) => scratch.url().parse().unwrap(),
        };
        let start: Timestamp = "2026-06-01T12:00:00+08:00".parse().unwrap();
        let clock = Arc::new(ManualClock::at(start));
        let db = Db::open(&url).await.unwrap();
        db.migrate(start).await.unwrap();
        let shared = Arc::clone(&clock) as Arc<dyn Clock>;
        let rng = Arc::new(Rng::seeded(1));
        let hooks = Webhooks::new(
            db.clone(),
            Arc::clone(&shared),
            Arc::clone(&rng),
            WEBHOOKS,
            delivery(),
        );
        let forms = Forms::new(db, shared, rng, hooks.unwrap(), config)
            .await
            .unwrap();
        let made = forms.create_organization("Northwind").await.unwrap();
        let org = made.organization.org_id;
        let key = key(&forms, org, &[Right::Read, Right::Write]).await;
        let read_only_key = key_of(&forms, org).await;
        Self {
            forms,
            clock,
            org,
            key,
            read_only_key,
            _scratch: scratch,
        }
    }

    fn layer(&self, timeout: Duration) -> FaceLayer {
        FaceLayer {
            face: Arc::new(OpenapiV2Face),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            rng: Arc::new(Rng::seeded(2)),
            timeout,
            base_url: "".into(),
        }
    }

    fn in_process(&self) -> Gateway {
        Gateway {
            methods: METHODS,
            ..Gateway::new(self.forms.clone())
        }
    }

    fn remote(&self, config: RemoteConfig) -> Gateway {
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let remote = Remote::new(config, clock).unwrap();
        Gateway {
            methods: METHODS,
            ..Gateway::over(self.forms.clone(), remote)
        }
    }

    /// What clients see of a gateway.
    fn face(&self, gateway: Gateway) -> Face {
        let router = router(gateway, self.layer(Duration::from_secs(20)));
        Face {
            router,
            key: self.key.clone(),
        }
    }

    fn module(&self) -> Router {
        let module = Module::new(self.forms.clone(), &Secret::new(SECRET.into()));
        let module = Module {
            methods: METHODS,
            ..module
        };
        module_router(module, self.layer(Duration::from_secs(20)))
    }

    /// A module on loopback, and the address of it.
    async fn serve_module(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = self.module();
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    /// The faces of a gateway over each transport.
    async fn both(&self) -> [Face; 2] {
        let config =
            RemoteConfig::new(self.serve_module().await, secret(), Duration::from_secs(20));
        [self.in_process(), self.remote(config)].map(|gateway| self.face(gateway))
    }

    /// The names of what was added.
    async fn added(&self) -> Vec<String> {
        let org = self.org;
        let projects = self.forms.read(move |tx| {
            let projects =
                crate::repo::Project::all(tx, crate::repo::Project::OF_ORG, store::params![org])?;
            Ok(projects)
        });
        projects
            .await
            .unwrap()
            .into_iter()
            .skip(1)
            .map(|p| p.name)
            .collect()
    }
}

fn secret() -> Secret<String> {
    Secret::new(SECRET.into())
}

async fn key(forms: &Forms, org: i64, rights: &[Right]) -> String {
    let made = forms.create_key(org, "test", rights, None).await.unwrap();
    made.secret.expose().clone()
}

async fn key_of(forms: &Forms, org: i64) -> String {
    key(forms, org, &[Right::Read]).await
}

#[derive(Clone)]
struct Face {
    router: Router,
    key: String,
}

impl Face {
    fn with(&self, key: &str) -> Self {
        Self {
            key: key.to_owned(),
            ..self.clone()
        }
    }

    async fn send(&self, request: Request<Body>) -> Seen {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.into_body().collect().await.unwrap().to_bytes();
        Seen {
            status,
            headers,
            text: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    async fn raw(&self, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Seen {
        let mut request = Request::post(path).header("x-request-id", "r-1");
        if !self.key.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.key));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    async fn call(&self, method: &str, headers: &[(&str, &str)], body: Value) -> Seen {
        self.raw(&format!("/api/v2/rpc/{method}"), headers, body.to_string())
            .await
    }

    async fn echo(&self) -> Seen {
        self.call("test/echo", &[], json!({"say": "hi"})).await
    }

    async fn add(&self, key: &str, name: &str) -> Seen {
        self.call(
            "test/add",
            &[("idempotency-key", key)],
            json!({"name": name}),
        )
        .await
    }
}

/// What an upstream does with a request once it has read it.
#[derive(Clone)]
enum Play {
    /// Sends this and closes.
    Send(String),
    /// Sends this and keeps the connection open for as long as the client does.
    Hold(String),
}

/// An upstream on loopback that speaks raw bytes: plays its script, the last of which for ever.
#[derive(Clone)]
struct Upstream {
    url: String,
    script: Arc<Mutex<VecDeque<Play>>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Upstream {
    async fn start(script: impl IntoIterator<Item = Play>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let upstream = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            script: Arc::new(Mutex::new(script.into_iter().collect())),
            requests: Arc::default(),
        };
        let served = upstream.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(served.clone().play(stream));
            }
        });
        upstream
    }

    async fn play(self, mut stream: tokio::net::TcpStream) {
        let Some(request) = read_request(&mut stream).await else {
            return;
        };
        self.requests.lock().unwrap().push(request);
        let play = {
            let mut script = self.script.lock().unwrap();
            let next = script.front().cloned().unwrap();
            if script.len() > 1 {
                script.pop_front();
            }
            next
        };
        let (Play::Send(text) | Play::Hold(text)) = &play;
        // The client may have gone already.
        let _ = stream.write_all(text.as_bytes()).await;
        match play {
            Play::Send(_) => {
                let _ = stream.shutdown().await;
            }
            Play::Hold(_) => {
                let _ = stream.read_to_end(&mut Vec::new()).await;
            }
        }
    }

    fn set(&self, play: Play) {
        *self.script.lock().unwrap() = VecDeque::from([play]);
    }

    fn requests(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    fn config(&self) -> RemoteConfig {
        RemoteConfig {
            largest_answer: 64 * 1024,
            failures: 100,
            ..RemoteConfig::new(self.url.clone(), secret(), Duration::from_secs(20))
        }
    }
}

async fn read_request(stream: &mut tokio::net::TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
            return Some(text);
        }
    }
}

fn answer(status: u16, content_type: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn json_answer(status: u16, body: &str) -> Play {
    Play::Send(answer(status, "application/json", body))
}

fn ok() -> Play {
    json_answer(200, r#"{"code":0,"message":"ok","data":{"n":1.50}}"#)
}

const CUT_OFF: Play = Play::Send(String::new());

fn bad_gateway(detail: &str) -> (u16, String) {
    let text = format!(
        r#"{{"code":502,"message":"Upstream service temporarily unavailable","message_detail":"{detail}"}}"#
    );
    (502, text)
}

const UNREACHABLE: &str = "The upstream cannot be reached";
const TIMED_OUT: &str = "The upstream did not answer in time";
const UNREADABLE: &str = "The upstream's answer could not be read";
const RESTING: &str = "The upstream has failed repeatedly and is not asked at present";

fn expect(seen: &Seen, (status, text): (u16, String)) {
    assert_eq!((seen.status, &*seen.text), (status, &*text), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_misbehaving_upstream_is_a_documented_answer() {
    let world = World::new(Engine::Sqlite).await;
    let json = |body: &str| Play::Send(answer(200, "application/json", body));
    let html = |status, body: &str| Play::Send(answer(status, "text/html", body));
    let unreadable = || bad_gateway(UNREADABLE);
    let success = r#"{"code":0,"message":"ok","data":{"n":1.50}}"#;
    let cases = [
        // A connection that ends too soon.
        (CUT_OFF, unreadable()),
        (Play::Send("HTTP/1.1 200".into()), unreadable()),
        (Play::Send("nonsense\r\n\r\n".into()), unreadable()),
        (
            Play::Send("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{\"code\":0".into()),
            unreadable(),
        ),
        (
            Play::Send("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"cod".into()),
            unreadable(),
        ),
        // A body that is none.
        (json(r#"{"code":0,"data":{"#), unreadable()),
        (json_answer(500, r#"{"code":400,"error_code":1003"#), unreadable()),
        (html(500, "<h1>Internal Server Error</h1>"), unreadable()),
        (html(503, ""), unreadable()),
        (html(400, "Bad Request"), unreadable()),
        (html(200, "<h1>Welcome</h1>"), unreadable()),
        (json(""), unreadable()),
        (html(200, success), unreadable()),
        (json(&format!(r#"{{"code":0,"data":"{}"}}"#, "x".repeat(70_000))), unreadable()),
        (json_answer(400, r#"{"code":400,"error_code":"100301","message":"m"}"#), unreadable()),
        (
            Play::Send("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".into()),
            unreadable(),
        ),
    ];
    for (play, expected) in cases {
        let Play::Send(sent) = &play else {
            unreachable!()
        };
        let sent = sent.chars().take(120).collect::<String>();
        let upstream = Upstream::start([play]).await;
        let face = world.face(world.remote(upstream.config()));
        let seen = face.echo().await;
        assert_eq!(
            (seen.status, &*seen.text),
            (expected.0, &*expected.1),
            "{sent}"
        );
        assert_eq!(upstream.requests(), 2, "asked again, once: {sent}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_can_be_read_pass_and_are_final() {
    let world = World::new(Engine::Sqlite).await;
    let not_found = r#"{"code":404,"message":"Resource not found or no permission","message_detail":"The upstream answered 404"}"#;
    let cases = [
        (ok(), 200, r#"{"code":0,"message":"ok","data":{"n":1.50}}"#),
        (
            Play::Send(answer(
                200,
                "Application/JSON; charset=utf-8",
                r#"{"code":0,"message":""}"#,
            )),
            200,
            r#"{"code":0,"message":"ok","data":null}"#,
        ),
        (
            Play::Send(answer(404, "text/html", "<h1>Not Found</h1>")),
            404,
            not_found,
        ),
        (Play::Send(answer(404, "text/html", "")), 404, not_found),
        (
            json_answer(
                500,
                r#"{"code":400,"error_code":100322,"message":"尚未審核","message_detail":"d"}"#,
            ),
            400,
            r#"{"code":400,"error_code":100322,"message":"尚未審核","message_detail":"d"}"#,
        ),
        (
            json_answer(
                200,
                r#"{"code":0,"error_code":100316,"message":"m","data":{}}"#,
            ),
            403,
            r#"{"code":403,"error_code":100316,"message":"m","message_detail":""}"#,
        ),
        (
            json_answer(
                409,
                r#"{"code":409,"error_code":200001,"message":"new","message_detail":"d"}"#,
            ),
            409,
            r#"{"code":409,"error_code":200001,"message":"new","message_detail":"d"}"#,
        ),
    ];
    for (play, status, text) in cases {
        let upstream = Upstream::start([play]).await;
        let face = world.face(world.remote(upstream.config()));
        expect(&face.echo().await, (status, text.to_owned()));
        assert_eq!(upstream.requests(), 1, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_is_late_or_away_is_502() {
    let world = World::new(Engine::Sqlite).await;
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{\"co";
    for late in ["", "HTTP/1.1 200 OK\r\n", head] {
        let upstream = Upstream::start([Play::Hold(late.into())]).await;
        let config = RemoteConfig {
            timeout: Duration::from_millis(150),
            ..upstream.config()
        };
        let face = world.face(world.remote(config));
        expect(&face.echo().await, bad_gateway(TIMED_OUT));
        assert_eq!(upstream.requests(), 1, "no time is left for a second");
    }
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    let face = world.face(world.remote(RemoteConfig::new(url, secret(), Duration::from_secs(20))));
    expect(&face.echo().await, bad_gateway(UNREACHABLE));
    let seen = face.call("test/echo", &[LANGUAGE], json!({})).await;
    expect(
        &seen,
        (502, r#"{"code":502,"message":"上游服務暫時無法使用","message_detail":"無法連線至上游服務"}"#.into()),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_upstream_is_cheap() {
    let world = World::new(Engine::Sqlite).await;
    let upstream = Upstream::start([CUT_OFF]).await;
    let config = RemoteConfig {
        failures: 3,
        pause: Duration::from_secs(5),
        ..upstream.config()
    };
    let face = world.face(world.remote(config));
    for expected in [UNREADABLE, UNREADABLE, RESTING, RESTING, RESTING] {
        expect(&face.echo().await, bad_gateway(expected));
    }
    assert_eq!(upstream.requests(), 3);

    // After the pause one call decides.
    world.clock.advance(Duration::from_secs(5));
    for expected in [UNREADABLE, RESTING] {
        expect(&face.echo().await, bad_gateway(expected));
    }
    assert_eq!(upstream.requests(), 4);

    upstream.set(ok());
    expect(&face.echo().await, bad_gateway(RESTING));
    world.clock.advance(Duration::from_secs(5));
    for _ in 0..3 {
        assert_eq!(face.echo().await.status, 200);
    }
    assert_eq!(upstream.requests(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_answers_nonsense_is_not_dead() {
    let world = World::new(Engine::Sqlite).await;
    let upstream = Upstream::start([Play::Send(answer(500, "text/html", "<h1>"))]).await;
    let config = RemoteConfig {
        failures: 2,
        ..upstream.config()
    };
    let face = world.face(world.remote(config));
    for _ in 0..5 {
        expect(&face.echo().await, bad_gateway(UNREADABLE));
    }
    assert_eq!(upstream.requests(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_are_sent_again_only_with_a_key() {
    let world = World::new(Engine::Sqlite).await;
    for broken in [CUT_OFF, Play::Send(answer(500, "text/html", "<h1>"))] {
        let upstream = Upstream::start([broken.clone()]).await;
        let face = world.face(world.remote(upstream.config()));
        let seen = face.call("test/add", &[], json!({"name": "a"})).await;
        expect(&seen, bad_gateway(UNREADABLE));
        assert_eq!(upstream.requests(), 1);

        let upstream = Upstream::start([broken, ok()]).await;
        let face = world.face(world.remote(upstream.config()));
        assert_eq!(face.add("k-1", "a").await.status, 200);
        let requests = upstream.requests.lock().unwrap();
        assert_eq!(requests.len(), 2);
        assert!(
            requests
                .iter()
                .all(|r| r.contains("\r\nidempotency-key: k-1\r\n"))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_module_is_told_what_it_needs_and_not_the_clients_key() {
    let world = World::new(Engine::Sqlite).await;
    let upstream = Upstream::start([ok()]).await;
    let face = world.face(world.remote(upstream.config()));
    let cookie = ("cookie", "a=b");
    face.call("test/echo", &[LANGUAGE, cookie], json!({"say": "hi"}))
        .await;
    let request = upstream.requests.lock().unwrap().remove(0);
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert_eq!(body, r#"{"say":"hi"}"#);
    assert!(
        head.starts_with("POST /module/test/echo HTTP/1.1\r\n"),
        "{head}"
    );
    let headers: HashMap<_, _> = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .collect();
    assert_eq!(headers["authorization"], format!("Bearer {SECRET}"));
    assert_eq!(headers["accept-language"], LANGUAGE.1);
    assert_eq!(headers["x-request-id"], "r-1");
    let holder = world.forms.key_holder(&world.key).await.unwrap().unwrap();
    assert_eq!(headers["x-api-key-id"], holder.key.api_key_id.to_string());
    assert!((1..=20_000).contains(&headers["x-time-left-ms"].parse::<u64>().unwrap()));
    assert!(
        !head.contains(&world.key) && !headers.contains_key("cookie"),
        "{head}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_cannot_tell_where_the_module_is() {
    let world = World::new(Engine::Sqlite).await;
    let disabled = world
        .forms
        .create_key(world.org, "off", &[Right::Read], None)
        .await
        .unwrap();
    let id = disabled.key.api_key_id;
    world
        .forms
        .set_key_state(world.org, id, crate::model::KeyState::Disabled)
        .await
        .unwrap();
    let [here, there] = world.both().await;
    let hi = json!({"say": "hi"});
    let calls = [
        (&*world.key, "test/echo", hi.clone(), 200),
        (&world.key, "test/echo", json!({}), 400),
        (&world.key, "test/echo", json!([1]), 400),
        (&world.key, "test/missing", json!({}), 404),
        (&world.key, "test/fail", json!({}), 502),
        (&world.key, "test/panic", json!({}), 502),
        (&world.key, "test/nothing", json!({}), 404),
        ("", "test/echo", hi.clone(), 401),
        ("tk_unknown", "test/echo", hi.clone(), 401),
        (disabled.secret.expose(), "test/echo", hi, 401),
        (&world.read_only_key, "test/add", json!({"name": "a"}), 403),
    ];
    for (key, method, body, status) in calls {
        for headers in [&[] as &[_], &[LANGUAGE], &[("accept-language", "zh-CN")]] {
            let [a, b] = [&here, &there].map(|face| face.with(key));
            let a = a.call(method, headers, body.clone()).await;
            let b = b.call(method, headers, body.clone()).await;
            assert_eq!(a.all(), b.all());
            assert_eq!(a.status, status, "{a:?}");
            assert!(!a.text.contains("10.0.0.7"), "{a:?}");
        }
    }
    let [a, b] = [
        here.raw("/api/v2/rpc/test/echo", &[LANGUAGE], "{").await,
        there.raw("/api/v2/rpc/test/echo", &[LANGUAGE], "{").await,
    ];
    assert_eq!(a.all(), b.all());
    let expected = r#"{"code":400,"error_code":100301,"message":"請求參數無效","message_detail":"body 不是有效的 JSON"}"#;
    assert_eq!(a.refusal(), (400, expected));
    let a = here.call("test/fail", &[], json!({})).await;
    let expected =
        r#"{"code":502,"error_code":100300,"message":"System error","message_detail":"r-1"}"#;
    assert_eq!(a.refusal(), (502, expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_of_a_key_holds_for_both() {
    let config = FormsConfig {
        rate_limit: Some(1),
        ..FormsConfig::default()
    };
    let world = World::with(Engine::Sqlite, config).await;
    let [here, there] = world.both().await;
    let other = key_of(&world.forms, world.org).await;
    let (here, there) = (here.with(&other), there.with(&world.read_only_key));
    let mut seen = Vec::new();
    for face in [&here, &there] {
        assert_eq!(face.echo().await.status, 200);
        seen.push(face.call("test/echo", &[LANGUAGE], json!({})).await);
    }
    assert_eq!(seen[0].all(), seen[1].all());
    let expected = r#"{"code":429,"message":"請求過於頻繁","message_detail":""}"#;
    assert_eq!(seen[0].refusal(), (429, expected));
    let seconds: u64 = seen[0].header("retry-after").unwrap().parse().unwrap();
    assert!((1..=3).contains(&seconds));
    world.clock.advance(Duration::from_secs(2));
    assert_eq!(here.echo().await.status, 200);
}

/// As sandboxes have it: refused for as long as it takes to see it, and no other key.
#[tokio::test(flavor = "multi_thread")]
async fn a_quota_that_is_used_up_is_there_again_in_a_moment() {
    let world = World::with(Engine::Sqlite, FormsConfig::default()).await;
    let [here, _] = world.both().await;
    let other = key_of(&world.forms, world.org).await;
    let (other, here) = (here.with(&other), here.with(&world.read_only_key));
    world
        .forms
        .use_up_quota(&world.read_only_key)
        .await
        .unwrap();
    for seconds in [0, 1, 1] {
        world.clock.advance(Duration::from_secs(seconds));
        assert_eq!(here.echo().await.status, 429);
        assert_eq!(other.echo().await.status, 200);
    }
    world.clock.advance(Duration::from_secs(2));
    assert_eq!(here.echo().await.status, 200);
}

/// A body that breaks off.
struct Broken;

impl HttpBody for Broken {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(Some(Err(std::io::Error::other("gone"))))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_call_is_answered_in_the_contracts_words() {
    let world = World::new(Engine::Sqlite).await;
    let no_method = r#"{"code":404,"message":"Resource not found or no permission","message_detail":"There is no such method"}"#;
    for face in world.both().await {
        let paths = [
            "/api/v2",
            "/api/v2/",
            "/api/v2?x=1",
            "/api/v2/rpc",
            "/api/v2/rpc/",
            "/api/v2/rpc/test",
            "/api/v2/rpc/test/",
            "/api/v2/rpc/test/echo/",
            "/api/v2/rpc/test/echo/more",
            "/api/v2/rpc//test/echo",
            "/api/v2//rpc/test/echo",
            "/api/v2/rpc/Test/Echo",
            "/api/v2/rpc/test/nothing",
            "/api/v2/rpc/test%2Fecho/x",
            "/api/v2/rpc/%ff/%00",
            "/api/v2/rpc/../rpc/test/echo",
            "/api/v2/module/test/echo",
        ];
        for path in paths {
            let seen = face.raw(path, &[], "{}").await;
            assert_eq!(seen.refusal(), (404, no_method), "{path}");
        }
        for method in [
            "GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW",
        ] {
            for path in [
                "/api/v2/rpc/test/echo",
                "/api/v2",
                "/api/v2/",
                "/api/v2/rpc/x",
            ] {
                let method: HttpMethod = method.parse().unwrap();
                let request = Request::builder().method(&method).uri(path);
                let seen = face.send(request.body(Body::from("{}")).unwrap()).await;
                if method == HttpMethod::HEAD {
                    assert_eq!(seen.status, 404);
                } else {
                    assert_eq!(seen.refusal(), (404, no_method), "{method} {path}");
                }
            }
        }

        let large = " ".repeat(LARGEST_BODY + 1);
        let seen = face.raw("/api/v2/rpc/test/echo", &[], large).await;
        let too_large = r#"{"code":400,"error_code":100301,"message":"Invalid request parameters","message_detail":"body is larger than 1048576 bytes"}"#;
        assert_eq!(seen.refusal(), (400, too_large));
        let full = format!(r#"{{"say":"hi"{}}}"#, " ".repeat(LARGEST_BODY - 12));
        assert_eq!(
            face.raw("/api/v2/rpc/test/echo", &[], full).await.status,
            200
        );

        let seen = face
            .raw("/api/v2/rpc/test/echo", &[], Body::new(Broken))
            .await;
        let incomplete = r#"{"code":400,"error_code":100301,"message":"Invalid request parameters","message_detail":"body did not arrive completely"}"#;
        assert_eq!(seen.refusal(), (400, incomplete));

        let seen = face.call("test/echo", &[LANGUAGE], json!({"say": 1})).await;
        let wrong = r#"{"code":400,"error_code":100301,"message":"請求參數無效","message_detail":"say 須為字串"}"#;
        assert_eq!(seen.refusal(), (400, wrong));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_takes_too_long_is_502_and_ends_all_the_same() {
    let world = World::new(Engine::Sqlite).await;
    let router = router(world.in_process(), world.layer(Duration::from_millis(100)));
    let face = Face {
        router,
        key: world.key.clone(),
    };
    let seen = face.call("test/wait", &[], json!({"name": "slow"})).await;
    assert_eq!((502, seen.text.clone()), bad_gateway(TIMED_OUT));
    assert_eq!(seen.status, 502);
    ends(&world, "slow").await;
}

/// Opens the gate and waits until what waited behind it is done.
async fn ends(world: &World, name: &str) {
    gate(name).arrived.notified().await;
    assert!(world.added().await.is_empty());
    gate(name).open.notify_one();
    while world.added().await.is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.added().await, ["waited"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_serves_its_gateways_only() {
    let world = World::new(Engine::Sqlite).await;
    let id = world
        .forms
        .key_holder(&world.key)
        .await
        .unwrap()
        .unwrap()
        .key
        .api_key_id
        .to_string();
    let module = Face {
        router: world.module(),
        key: String::new(),
    };
    let bearer = format!("Bearer {SECRET}");
    let trusted = ("authorization", &*bearer);
    let key_id = ("x-api-key-id", &*id);
    let echo = |headers: Vec<(&'static str, String)>| {
        let module = module.clone();
        async move {
            let headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
            module
                .raw("/module/test/echo", &headers, r#"{"say":"hi"}"#)
                .await
        }
    };
    for wrong in [
        "",
        "Bearer ",
        "Bearer x",
        "Bearer what the gateways kno",
        "Basic what the gateways know",
    ] {
        let seen = echo(vec![
            ("authorization", wrong.into()),
            ("x-api-key-id", id.clone()),
        ])
        .await;
        assert_eq!((seen.status, &*seen.text), (403, "the secret is wrong\n"));
    }
    assert_eq!(echo(vec![("x-api-key-id", id.clone())]).await.status, 403);
    let unknown =
        r#"{"code":401,"message":"Invalid API key","message_detail":"Nobody has this API key"}"#;
    for id in ["", "x", "7", "99999999999999999999"] {
        let seen = module
            .raw("/module/test/echo", &[trusted, ("x-api-key-id", id)], "{}")
            .await;
        assert_eq!(seen.refusal(), (401, unknown), "{id}");
    }
    let seen = module
        .raw("/module/test/echo", &[trusted, key_id], r#"{"say":"hi"}"#)
        .await;
    let expected =
        r#"{"code":0,"message":"ok","data":{"key":true,"number":1.5,"org":9,"said":"hi"}}"#;
    assert_eq!((seen.status, &*seen.text), (200, expected));
    for path in [
        "/module",
        "/module/",
        "/module/test",
        "/module/test/nothing",
        "/module/test/echo/",
    ] {
        let seen = module.raw(path, &[trusted, key_id], "{}").await;
        assert_eq!(seen.status, 404, "{path}");
    }

    // A gateway with another secret is refused, which is no client's fault.
    let config = RemoteConfig::new(
        world.serve_module().await,
        Secret::new("old".into()),
        Duration::from_secs(20),
    );
    expect(
        &world.face(world.remote(config)).echo().await,
        bad_gateway(UNREADABLE),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_gives_up_when_the_gateway_has() {
    let world = World::new(Engine::Sqlite).await;
    let id = world
        .forms
        .key_holder(&world.key)
        .await
        .unwrap()
        .unwrap()
        .key
        .api_key_id
        .to_string();
    let module = Face {
        router: world.module(),
        key: String::new(),
    };
    let bearer = format!("Bearer {SECRET}");
    let headers = |left| {
        [
            ("authorization", &*bearer),
            ("x-api-key-id", &*id),
            ("x-time-left-ms", left),
        ]
    };
    let seen = module
        .raw("/module/test/add", &headers("0"), r#"{"name":"a"}"#)
        .await;
    expect(&seen, bad_gateway(TIMED_OUT));
    assert!(world.added().await.is_empty(), "it was not begun");

    let seen = module
        .raw(
            "/module/test/wait",
            &headers("100"),
            r#"{"name":"gives up"}"#,
        )
        .await;
    expect(&seen, bad_gateway(TIMED_OUT));
    ends(&world, "gives up").await;

    for left in ["x", "-1", "99999999999999999999", "18446744073709551615"] {
        let seen = module
            .raw("/module/test/echo", &headers(left), r#"{"say":"a"}"#)
            .await;
        assert_eq!(seen.status, 200, "{left}");
    }

    // The whole way: the gateway's time is the module's.
    let config = RemoteConfig::new(
        world.serve_module().await,
        secret(),
        Duration::from_millis(150),
    );
    let face = world.face(world.remote(config));
    let seen = face
        .call("test/wait", &[], json!({"name": "the whole way"}))
        .await;
    expect(&seen, bad_gateway(TIMED_OUT));
    gate("the whole way").arrived.notified().await;
}

macro_rules! both {
    ($($(#[$meta:meta])* async fn $name:ident($engine:ident: Engine) $body:block)*) => {$(
        $(#[$meta])*
        mod $name {
            use super::*;

            async fn run($engine: Engine) $body

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                run(Engine::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                run(Engine::Postgres).await;
            }
        }
    )*};
}

fn at_key(problem: &str) -> String {
    format!(
        r#"{{"code":400,"error_code":100301,"message":"Invalid request parameters","message_detail":"Idempotency-Key {problem}"}}"#
    )
}

both! {
    async fn the_same_request_is_answered_again(engine: Engine) {
        let world = World::new(engine).await;
        let [here, there] = world.both().await;
        let first = here.add("k-1", "a").await;
        assert_eq!((first.status, first.header("idempotent-replayed")), (200, None));
        // By either way.
        for face in [here.clone(), there.clone()] {
            let again = face.add("k-1", "a").await;
            assert_eq!((again.status, &again.text), (200, &first.text));
            assert_eq!(again.header("idempotent-replayed"), Some("true"));
            let reused = face.add("k-1", "b").await;
            let expected = at_key("was used for another request");
            assert_eq!(reused.refusal(), (400, &*expected));
            assert_eq!(reused.header("idempotent-replayed"), None);
        }
        assert_eq!(world.added().await, ["a"]);

        // A key counts for one method of one organization.
        let body = json!({"name": "a"});
        let seen = there.call("test/other", &[("idempotency-key", "k-1")], body).await;
        assert_eq!((seen.status, seen.header("idempotent-replayed")), (200, None));
        let stranger = world.forms.create_organization("Harbour").await.unwrap();
        let stranger = key(&world.forms, stranger.organization.org_id, &[Right::Write]).await;
        let seen = there.with(&stranger).add("k-1", "a").await;
        assert_eq!((seen.status, seen.header("idempotent-replayed")), (200, None));
        assert_eq!(world.added().await, ["a", "a"]);

        // Without a key every request counts, and who only asks needs none.
        for _ in 0..2 {
            there.call("test/add", &[], json!({"name": "b"})).await;
            let seen = there.call("test/echo", &[("idempotency-key", " ")], json!({"say": "x"})).await;
            assert_eq!((seen.status, seen.header("idempotent-replayed")), (200, None));
        }
        assert_eq!(world.added().await, ["a", "a", "b", "b"]);
    }

    async fn refusals_are_kept_and_faults_are_not(engine: Engine) {
        let world = World::new(engine).await;
        let [here, there] = world.both().await;
        let body = || json!({"name": "refuse"});
        let header = ("idempotency-key", "k-1");
        let first = there.call("test/add", &[header, LANGUAGE], body()).await;
        let expected = r#"{"code":404,"error_code":100304,"message":"找不到表單","message_detail":""}"#;
        assert_eq!(first.refusal(), (404, expected));
        for face in [&here, &there] {
            let again = face.call("test/add", &[header], body()).await;
            assert_eq!(again.refusal(), (404, expected), "in the words of the first");
            assert_eq!(again.header("idempotent-replayed"), Some("true"));
            assert_eq!(again.header("content-type"), Some("application/json"));
        }
        assert_eq!(world.added().await, ["refuse"]);

        for face in [&here, &there] {
            let failed = face.add("k-2", "sick").await;
            assert_eq!(failed.json()["error_code"], 100_300);
            assert_eq!(failed.header("idempotent-replayed"), None);
        }
        assert_eq!(world.added().await, ["refuse"], "nothing was done, so it is tried again");
        assert_eq!(here.add("k-3", "fail").await.json()["error_code"], 100_300);
        let open = at_key("belongs to a request that is still being carried out");
        assert_eq!(there.add("k-3", "fail").await.refusal(), (400, &*open));
        assert_eq!(world.added().await, ["refuse", "fail"], "it was done, so it is not done again");
    }

    async fn malformed_keys_are_refused(engine: Engine) {
        let world = World::new(engine).await;
        let long = "x".repeat(256);
        for face in world.both().await {
            for wrong in ["", " ", "a b", "ü", &long] {
                let request = Request::post("/api/v2/rpc/test/add")
                    .header("authorization", format!("Bearer {}", world.key))
                    .header("idempotency-key", http::HeaderValue::from_bytes(wrong.as_bytes()).unwrap())
                    .body(Body::from(r#"{"name":"a"}"#));
                let seen = face.send(request.unwrap()).await;
                assert_eq!(seen.refusal(), (400, &*at_key("is malformed")), "{wrong}");
            }
            let twice = [("idempotency-key", "a"), ("idempotency-key", "b")];
            let seen = face.call("test/add", &twice, json!({"name": "a"})).await;
            assert_eq!(seen.refusal(), (400, &*at_key("is malformed")));
        }
        assert!(world.added().await.is_empty());
    }

    async fn a_key_is_in_use_while_the_request_runs(engine: Engine) {
        let world = World::new(engine).await;
        for (face, name) in world.both().await.into_iter().zip(["here", "there"]) {
            let name = match engine {
                Engine::Sqlite => format!("in use {name}, SQLite"),
                Engine::Postgres => format!("in use {name}, PostgreSQL"),
            };
            let header = [("idempotency-key", &*name.replace([' ', ','], "-"))].map(|(n, v)| (n, v.to_owned()));
            let call = || {
                let (face, name, header) = (face.clone(), name.clone(), header.clone());
                async move {
                    let header = header.each_ref().map(|(n, v)| (*n, v.as_str()));
                    face.call("test/wait", &header, json!({"name": name})).await
                }
            };
            let running = tokio::spawn(call());
            gate(&name).arrived.notified().await;
            let expected = at_key("belongs to a request that is still being carried out");
            assert_eq!(call().await.refusal(), (400, &*expected));
            gate(&name).open.notify_one();
            let first = running.await.unwrap();
            assert_eq!(first.status, 200);
            assert_eq!(call().await.text, first.text);
        }
    }

    async fn of_many_at_once_one_is_carried_out(engine: Engine) {
        let world = World::new(engine).await;
        let faces = world.both().await;
        let running: Vec<_> = (0..16)
            .map(|n| {
                let face = faces[n % 2].clone();
                tokio::spawn(async move { face.add("k-1", "a").await })
            })
            .collect();
        let mut first = 0;
        for running in running {
            let seen = running.await.unwrap();
            match seen.status {
                200 if seen.header("idempotent-replayed").is_none() => first += 1,
                200 => {}
                _ => assert_eq!(
                    seen.refusal(),
                    (400, &*at_key("belongs to a request that is still being carried out"))
                ),
            }
        }
        assert_eq!(first, 1);
        assert_eq!(world.added().await, ["a"]);
    }

    async fn what_is_shown_once_is_not_kept(engine: Engine) {
        let world = World::new(engine).await;
        let [here, _] = world.both().await;
        let first = here.add("k-1", "secret").await.json();
        let mut again = here.add("k-1", "secret").await.json();
        assert_eq!(first["data"]["authorization_code"], "s3cret");
        assert_eq!(again["data"]["authorization_code"].take(), Value::Null);
        assert_eq!(again["data"]["project_id"], first["data"]["project_id"]);
    }
}
