//! The card form: a script for the shop's page, and the frames in which the buyer types.
//!
//! The number never reaches the page. Each field is a frame of its own with an opaque origin, which even a page on
//! the gateway's own origin cannot look into; expiry and CVC go to the number's frame over channels the page does
//! not hold, and that frame sends all three to the gateway.

use super::Gateway;
use super::cards::{Card, CardFault};
use super::protocol::{enveloped, object, read_form, text};
use super::repo::{self, Session};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use kernel::Timestamp;
use payuni::envelope::Shop;
use payuni::fields::Fields;
use serde_json::json;
use store::{StoreError, Tx};

const SCRIPT: &str = include_str!("../../assets/uni-payment.js");
const FIELD_PAGE: &str = include_str!("../../assets/field.html");
const FIELD_SCRIPT: &str = include_str!("../../assets/field.js");
const FIELD_STYLE: &str = include_str!("../../assets/field.css");
/// Where the script's source has the gateway's address.
const ADDRESS: &str = "\"{public_url}\"";

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const ENVELOPE_VERSION: &str = "2.0";
const INSTALMENTS: [&str; 8] = ["1", "3", "6", "9", "12", "18", "24", "30"];

/// Everything under `/sdk`. Pages of any origin may use it.
pub fn routes() -> Router<Gateway> {
    Router::new()
        .route("/sdk/uni-payment.js", get(script))
        .route("/sdk/field", get(field_page))
        .route("/sdk/field.js", get(asset(FIELD_SCRIPT, JAVASCRIPT)))
        .route(
            "/sdk/field.css",
            get(asset(FIELD_STYLE, "text/css; charset=utf-8")),
        )
        .route("/sdk/session", post(session))
        .route("/sdk/open", post(open))
        .route("/sdk/bind", post(bind))
        .layer(map_response(for_everybody))
}

/// A host that is this very machine.
pub fn is_loopback(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

/// Why the card form does not do what it is asked: a code for the page.
enum Refusal {
    Code(&'static str),
    Store(StoreError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Code(code) => json_response(StatusCode::BAD_REQUEST, &json!({ "code": code })),
            Self::Store(error) => {
                tracing::error!(%error, "the simulated gateway cannot use its database");
                StatusCode::SERVICE_UNAVAILABLE.into_response()
            }
        }
    }
}

async fn for_everybody(mut response: Response) -> Response {
    let headers = [
        (
            header::ACCESS_CONTROL_ALLOW_ORIGIN,
            HeaderValue::from_static("*"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("cross-origin"),
        ),
    ];
    response.headers_mut().extend(headers);
    response
}

const fn asset(
    body: &'static str,
    kind: &'static str,
) -> ([(HeaderName, &'static str); 1], &'static str) {
    ([(header::CONTENT_TYPE, kind)], body)
}

async fn script(State(gateway): State<Gateway>) -> impl IntoResponse {
    let address = json!(gateway.shared.config.public_url).to_string();
    let kind = [(header::CONTENT_TYPE, JAVASCRIPT)];
    (kind, SCRIPT.replace(ADDRESS, &address))
}

async fn field_page(State(gateway): State<Gateway>) -> impl IntoResponse {
    // The opaque origin is not what 'self' means to every browser. Who may embed the field is
    // decided at `start()`: a page inside another page, which the policy cannot express, is as good as one alone.
    let own = origin(&gateway.shared.config.public_url).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; script-src {own}; style-src {own}; connect-src {own}; \
         base-uri 'none'; form-action 'none'; sandbox allow-scripts"
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
    ];
    (headers, FIELD_PAGE)
}

/// `start()`, first step: looks at the token and the page, and hands out a sealed session for the fields.
async fn session(
    State(gateway): State<Gateway>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let form = read_form(body).await;
    let token = form.get("token").unwrap_or_default();
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if token.len() != 32 || !token.bytes().all(hex) {
        return Err(Refusal::Code("OBJ01002"));
    }
    let found = gateway.usable(token.to_owned()).await?;
    let page = headers.get(header::ORIGIN).and_then(|o| o.to_str().ok());
    if !page.is_some_and(|page| is_same_site(page, &found.domain)) {
        return Err(Refusal::Code("1007"));
    }
    let shop = &gateway.shared.config.shop;
    let inner = Fields::new()
        .with("MerID", shop.mer_id())
        .with("Token", token)
        .with(
            "Timestamp",
            (gateway.now().micros() / 1_000_000).to_string(),
        );
    let sealed = shop.seal(&inner);
    let answer = json!({
        "MerID": shop.mer_id(),
        "EncryptInfo": sealed.encrypt_info,
        "HashInfo": sealed.hash_info,
        "useTokenType": found.binding.use_token_type.unwrap_or_default(),
    });
    Ok(json_response(StatusCode::OK, &answer))
}

/// `start()`, last step: the fields are there, and show their session.
async fn open(State(gateway): State<Gateway>, body: Body) -> Result<Response, Refusal> {
    let form = read_form(body).await;
    let shop = &gateway.shared.config.shop;
    let token = unsealed(&form, shop).ok_or(Refusal::Code("DEF01001"))?;
    gateway.usable(token).await?;
    Ok(json_response(StatusCode::OK, &json!({})))
}

/// `getTradeResult()`: puts what was typed to the token, which `merchant_trade` will charge.
async fn bind(State(gateway): State<Gateway>, body: Body) -> Result<Response, Refusal> {
    let form = read_form(body).await;
    let shop = gateway.shared.config.shop.clone();
    let token = unsealed(&form, &shop).ok_or(Refusal::Code("DEF01002"))?;
    gateway.usable(token.clone()).await?;

    let typed = ["CardNo", "CardExp", "CardCvc"].map(|name| text(&form, name).unwrap_or_default());
    if typed.iter().all(|value| value.is_empty()) {
        return Err(Refusal::Code("IFTRADE04002"));
    }
    let [number, expiry, cvc] = typed;
    let now = gateway.now();
    let card = Card::read(number, expiry, cvc, now).map_err(card_refusal)?;
    let card_inst = text(&form, "cardInst").unwrap_or("1").to_owned();
    if !INSTALMENTS.contains(&&*card_inst) {
        return Err(Refusal::Code("1003"));
    }
    let wish = text(&form, "useTokenType").map(str::to_owned);
    let reply = Fields::new()
        .with("Status", "SUCCESS")
        .with("Message", "設定成功")
        .with("MerID", shop.mer_id())
        .with("Token", &token);
    gateway.keep_card(token, card, card_inst, wish).await?;
    let envelope = enveloped(&shop, ENVELOPE_VERSION, &reply);
    Ok(json_response(StatusCode::OK, &object(&envelope)))
}

impl Gateway {
    /// What a buyer does who types a card into the form with this token, and keeps everything ticked. `false`: the form
    /// would refuse the token or the card.
    pub async fn type_card(&self, token: &str, number: &str) -> Result<bool, StoreError> {
        let Ok(card) = Card::read(number, "1299", "123", self.now()) else {
            return Ok(false);
        };
        match self
            .keep_card(token.to_owned(), card, "1".into(), None)
            .await
        {
            Ok(()) => Ok(true),
            Err(Refusal::Store(error)) => Err(error),
            Err(_) => Ok(false),
        }
    }

    async fn keep_card(
        &self,
        token: String,
        card: Card,
        card_inst: String,
        wish: Option<String>,
    ) -> Result<(), Refusal> {
        let now = self.now();
        self.shared
            .db
            .write(move |tx| {
                let mut session = live(repo::lock_session(tx, &token)?, now)?;
                session.keeps_card = wish.is_none() || wish == session.binding.use_token_type;
                session.card = Some(card.clone());
                session.card_inst.clone_from(&card_inst);
                Ok::<_, Refusal>(repo::update_session(tx, &session)?)
            })
            .await
    }

    /// The session of a token that can be used now.
    async fn usable(&self, token: String) -> Result<Session, Refusal> {
        let mer_id = self.shared.config.shop.mer_id().to_owned();
        let now = self.now();
        self.shared
            .db
            .read(move |tx: &mut Tx<'_>| {
                let session = live(repo::session(tx, &token)?, now)?;
                match repo::is_shop_enabled(tx, &mer_id)? {
                    true => Ok(session),
                    false => Err(Refusal::Code("OBJ01005")),
                }
            })
            .await
    }
}

fn live(session: Option<Session>, now: Timestamp) -> Result<Session, Refusal> {
    match session {
        None => Err(Refusal::Code("OBJ01001")),
        Some(session) if session.used => Err(Refusal::Code("OBJ01004")),
        Some(session) if session.expires_at <= now => Err(Refusal::Code("OBJ01003")),
        Some(session) => Ok(session),
    }
}

/// The token in a sealed session that is as it was handed out.
fn unsealed(form: &Fields, shop: &Shop) -> Option<String> {
    if form.get("MerID") != Some(shop.mer_id()) {
        return None;
    }
    let (encrypted, hash) = (form.get("EncryptInfo")?, form.get("HashInfo")?);
    let inner = shop.open(encrypted, hash).ok()?;
    inner.get("Token").map(str::to_owned)
}

const fn card_refusal(fault: CardFault) -> Refusal {
    Refusal::Code(match fault {
        CardFault::Number => "TRADE02003",
        CardFault::Length => "TRADE02005",
        CardFault::Expiry => "TRADE02007",
        CardFault::Expired => "TRADE02008",
        CardFault::Cvc => "TRADE02009",
    })
}

/// Whether a page may use a token for `domain`. On this machine ports come and go.
fn is_same_site(page: &str, domain: &str) -> bool {
    let loopback = |url: &str| {
        reqwest::Url::parse(url).is_ok_and(|url| url.host_str().is_some_and(is_loopback))
    };
    page.eq_ignore_ascii_case(domain) || (loopback(page) && loopback(domain))
}

fn origin(url: &str) -> Option<String> {
    let url = reqwest::Url::parse(url).ok()?;
    Some(url.origin().ascii_serialization())
}

fn json_response(status: StatusCode, body: &serde_json::Value) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (status, kind, body.to_string()).into_response()
}
