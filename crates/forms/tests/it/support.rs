//! A module with its gateway over a fresh database of either kind, and a clock that stands still.

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use httpkit::face::FaceLayer;
use kernel::{Clock, ManualClock, Rng, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use store::record::Json;
use store::{DatabaseUrl, Db, StoreError, Tx};
use tallystick_forms::gateway::{Gateway, OpenapiV2Face, router};
use tallystick_forms::model::Right;
use tallystick_forms::model::audit::{AuditConfig, Stage};
use tallystick_forms::model::certificate::CertificateConfig;
use tallystick_forms::model::code::{CodeStatus, Element, FILL_FORM, Operation};
use tallystick_forms::model::form::{
    Definition, Field, FieldType, FormSettings, Group, Rules, Settings,
};
use tallystick_forms::model::limits::Limits;
use tallystick_forms::repo::{Code, Organization, Project, Template};
use tallystick_forms::{Forms, FormsConfig, NewKey, Scope, WEBHOOKS, delivery, qr, uploads};
use testkit::postgres::ScratchDatabase;
use tower::ServiceExt as _;
use webhooks::{Reach, Webhooks};

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// Declares a test that runs on both databases.
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
pub(crate) use both;

/// Where the server under test is reached.
pub const PUBLIC_URL: &str = "https://qr.test";

/// When every test begins.
pub fn start() -> Timestamp {
    "2026-06-02T12:30:00+08:00".parse().unwrap()
}

/// An organization with a project and two keys.
pub struct World {
    pub forms: Forms,
    pub clock: Arc<ManualClock>,
    /// Of the organization, with every right.
    pub key: String,
    /// Of the organization, with the right to read.
    pub read_only_key: String,
    pub org: Organization,
    pub project: Project,
    router: Router,
    _scratch: Option<ScratchDatabase>,
}

impl World {
    /// An organization with a project and two keys.
    pub async fn new(engine: Engine) -> Self {
        Self::with(engine, |_| {}).await
    }

    /// The same, with other settings.
    pub async fn with(engine: Engine, change: impl FnOnce(&mut FormsConfig)) -> Self {
        let (url, scratch) = match engine {
            Engine::Sqlite => (DatabaseUrl::SqliteMemory, None),
            Engine::Postgres => {
                let create = || {
                    let cluster = testkit::postgres::cluster();
                    cluster.create_template("forms", migrate);
                    cluster.create_database_from("forms")
                };
                let scratch = tokio::task::spawn_blocking(create).await.unwrap();
                (scratch.url().parse().unwrap(), Some(scratch))
            }
        };
        let clock = Arc::new(ManualClock::at(start()));
        let shared = Arc::clone(&clock) as Arc<dyn Clock>;
        let rng = Arc::new(Rng::seeded(1));
        let db = Db::open(&url).await.unwrap();
        if engine == Engine::Sqlite {
            db.migrate(start()).await.unwrap();
        }
        let mut config = FormsConfig {
            public_url: PUBLIC_URL.into(),
            rate_limit: None,
            ..FormsConfig::default()
        };
        change(&mut config);
        let forms = {
            let (clock, rng) = (Arc::clone(&shared), Arc::clone(&rng));
            let delivery = webhooks::Config {
                reach: Reach::AllowPrivate,
                ..delivery()
            };
            let hooks = Webhooks::new(
                db.clone(),
                Arc::clone(&clock),
                Arc::clone(&rng),
                WEBHOOKS,
                delivery,
            );
            let forms = Forms::new(db, clock, rng, hooks.unwrap(), config).await;
            forms.unwrap()
        };
        let layer = FaceLayer {
            face: Arc::new(OpenapiV2Face),
            clock: shared,
            rng,
            timeout: Duration::from_secs(60),
            base_url: PUBLIC_URL.into(),
        };
        let made = forms.create_organization("Test").await.unwrap();
        let org_id = made.organization.org_id;
        let key = async |rights: &[Right]| {
            let made = forms.create_key(org_id, "test", rights, None).await;
            secret(made.unwrap())
        };
        Self {
            key: key(&[Right::Read, Right::Write, Right::Reverse]).await,
            read_only_key: key(&[Right::Read]).await,
            router: router(Gateway::new(forms.clone()), layer)
                .merge(qr::routes(forms.clone()))
                .merge(uploads::routes(forms.clone())),
            org: made.organization,
            project: made.project,
            forms,
            clock,
            _scratch: scratch,
        }
    }

    /// A key of the organization that sees these projects only.
    pub async fn key_of(&self, project_ids: &[i64]) -> String {
        let rights = [Right::Read, Right::Write];
        let projects = Some(project_ids.to_vec());
        let org_id = self.org.org_id;
        let made = self.forms.create_key(org_id, "part", &rights, projects);
        secret(made.await.unwrap())
    }

    /// Another organization: it, a project of its, a key with every right.
    pub async fn other_organization(&self) -> (Organization, Project, String) {
        let made = self.forms.create_organization("Other").await.unwrap();
        let org_id = made.organization.org_id;
        let rights = [Right::Read, Right::Write, Right::Reverse];
        let key = self.forms.create_key(org_id, "other", &rights, None).await;
        (made.organization, made.project, secret(key.unwrap()))
    }

    /// Calls a method with a key.
    pub async fn call(&self, key: &str, method: &str, body: &Value) -> (u16, Value) {
        self.call_once(key, method, "", body).await
    }

    /// The same under an `Idempotency-Key`, unless it is empty.
    pub async fn call_once(
        &self,
        key: &str,
        method: &str,
        once: &str,
        body: &Value,
    ) -> (u16, Value) {
        let mut request = Request::post(format!("/api/v2/rpc/{method}"))
            .header("authorization", format!("Bearer {key}"));
        if !once.is_empty() {
            request = request.header("idempotency-key", once);
        }
        let request = request.body(Body::from(body.to_string())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    /// What the key that has every right sees now.
    pub fn scope(&self) -> Scope {
        Scope {
            org_id: self.org.org_id,
            org_code: self.org.org_code.clone(),
            api_key_id: None,
            project_ids: None,
            now: self.forms.now(),
        }
    }

    /// Gets a public page.
    pub async fn get(&self, path: &str) -> (StatusCode, HeaderMap, Vec<u8>) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (parts.status, parts.headers, body.to_vec())
    }

    /// `data` of a call with the key that has every right, which must succeed.
    pub async fn ok(&self, method: &str, body: Value) -> Value {
        let (status, mut answer) = self.call(&self.key, method, &body).await;
        assert_eq!(status, 200, "{method}: {answer}");
        assert_eq!(answer["code"], 0, "{method}: {answer}");
        answer["data"].take()
    }

    /// The code and the detail of a call with the key that has every right, which must be refused.
    pub async fn refused(&self, method: &str, body: Value) -> (i64, String) {
        refusal(self.call(&self.key, method, &body).await)
    }

    /// Stores something without a method.
    pub async fn store(
        &self,
        put: impl Fn(&mut Tx<'_>) -> Result<(), StoreError> + Send + 'static,
    ) {
        self.forms.db().write(move |tx| put(tx)).await.unwrap();
    }

    /// A form of the project with these fields, which `change` may change before it is stored.
    pub async fn form(&self, fields: Vec<Field>, change: impl FnOnce(&mut Template)) -> Template {
        let tpl_id = self.forms.new_id();
        let group = Group {
            group_id: 1,
            fields,
            ..Group::default()
        };
        let mut template = Template {
            tpl_id,
            org_id: self.org.org_id,
            project_id: self.project.project_id,
            number: format!("D{tpl_id}"),
            name: "巡检表".into(),
            note: String::new(),
            description: String::new(),
            submit_button_title: String::new(),
            definition: Json(Definition {
                groups: vec![group],
            }),
            limits: Json(Limits::default()),
            audit: Json(AuditConfig::default()),
            certificate: Json(CertificateConfig::default()),
            settings: Json(FormSettings::default()),
            created_at: start(),
            updated_at: start(),
            active_at: None,
            deleted_at: None,
        };
        change(&mut template);
        let stored = template.clone();
        self.store(move |tx| stored.insert(tx)).await;
        template
    }

    /// A code of the project with which these forms can be filled in, which `change` may change before it is stored.
    pub async fn code(&self, tpl_ids: &[i64], change: impl FnOnce(&mut Code)) -> Code {
        let code_id = self.forms.new_id();
        let mut code = Code {
            code_id,
            org_id: self.org.org_id,
            project_id: self.project.project_id,
            category_id: None,
            coding: format!("q{code_id}"),
            title: "1号灭火器".into(),
            content: Json(Vec::new()),
            operations: Json(tpl_ids.iter().map(|id| operation(*id)).collect()),
            states: Json(std::collections::BTreeMap::new()),
            status: CodeStatus::Enabled,
            expire_at: None,
            created_at: start(),
            updated_at: start(),
        };
        change(&mut code);
        let stored = code.clone();
        self.store(move |tx| stored.insert(tx)).await;
        code
    }

    /// A number that is read from the database.
    pub async fn number(&self, sql: &'static str) -> i64 {
        let read = move |tx: &mut Tx<'_>| tx.query_dynamic(sql, &[], |row| row.get::<i64>(0));
        let found: Result<Vec<i64>, StoreError> = self.forms.db().read(read).await;
        found.unwrap()[0]
    }
}

fn migrate(url: &str) {
    let url: DatabaseUrl = url.parse().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let db = Db::open(&url).await.unwrap();
        db.migrate(start()).await.unwrap();
        db.close().await;
    });
}

fn secret(made: NewKey) -> String {
    made.secret.expose().clone()
}

/// The code (`error_code`, or `code` where there is none) and the detail of a refusal.
pub fn refusal((status, answer): (u16, Value)) -> (i64, String) {
    assert_eq!(answer["code"], status, "{answer}");
    assert_ne!(status, 200, "{answer}");
    let code = answer["error_code"].as_i64().unwrap_or(i64::from(status));
    (code, answer["message_detail"].as_str().unwrap().to_owned())
}

/// A field with nothing but its title.
pub fn field(field_id: i64, title: &str, field_type: FieldType) -> Field {
    Field {
        field_id,
        field_title: title.into(),
        field_desc: String::new(),
        field_type,
        field_short_name: String::new(),
        settings: Settings::default(),
        rules: Rules::default(),
    }
}

/// The same, each value once.
pub fn unique(mut field: Field) -> Field {
    field.settings.is_unique = true;
    field
}

/// An operation that has a form filled in.
pub fn operation(tpl_id: i64) -> Operation {
    Operation {
        name: "填写".into(),
        description: String::new(),
        elements: vec![Element {
            element_type: FILL_FORM,
            element_value: tpl_id,
        }],
        allowed_state_values: std::collections::BTreeMap::new(),
    }
}

/// Approval with these stages: id and title, by level.
pub fn audit(stages: &[(i64, &str)]) -> AuditConfig {
    let stages = stages.iter().zip(1..).map(|((id, title), level)| Stage {
        id: *id,
        title: (*title).into(),
        level,
    });
    AuditConfig {
        enabled: true,
        stages: stages.collect(),
    }
}

/// Certificates as a form has them unless it says otherwise.
pub fn certificates() -> CertificateConfig {
    CertificateConfig {
        enabled: true,
        ..CertificateConfig::default()
    }
}

/// The body of `record/addRecord` with one text field.
pub fn submission(code: &Code, template: &Template, name: &str) -> Value {
    json!({
        "code_id": code.code_id,
        "tpl_id": template.tpl_id,
        "fields": [{"field_id": 1, "field_type": "text", "field_value": name}],
    })
}
