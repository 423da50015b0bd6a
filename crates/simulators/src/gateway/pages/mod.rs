//! The pages that a buyer sees: the hosted payment page, the 3-D page, and the way back to the shop.

mod views;
mod words;

use super::Gateway;
use super::cards::{Card, CardFault, Presence};
use super::charge::pay_by_card;
use super::invoice;
use super::notify::{self, Event};
use super::protocol::{Failure, UPP, enveloped, read_form, text};
use super::repo;
use super::trade::{Method, PayNumber, Trade, TradeStatus};
use askama::Template;
use axum::Router;
use axum::body::Body;
use axum::extract::{RawPathParams, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use kernel::Locale;
use payuni::fields::Fields;
use views::{Back, Challenge, Frame, Number, Pay, Problem, ResultPage};

const STYLE: &str = include_str!("../../../assets/gateway.css");
const SUBMIT: &str = include_str!("../../../assets/submit.js");
/// The query of a result page whose form for the shop sends itself. The script takes it out of the address before
/// it does, so that the browser's way back from the shop does not lead there again.
const GO_BACK: &str = "go";
/// What a convenience store's number starts with.
const CVS_PREFIX: &str = "CVS";

/// The pages and what they need. The hosted page is opened by `POST /api/upp`.
pub fn routes() -> Router<Gateway> {
    let style = [(header::CONTENT_TYPE, "text/css; charset=utf-8")];
    let script = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")];
    Router::new()
        .route("/pay/{trade_no}", get(show).post(pay))
        .route("/3d/{trade_no}", get(show).post(answer_challenge))
        .route("/assets/gateway.css", get((style, STYLE)))
        .route("/assets/submit.js", get((script, SUBMIT)))
}

/// `POST /api/upp`: the shop's page sends the buyer here.
pub async fn open(State(gateway): State<Gateway>, headers: HeaderMap, body: Body) -> Response {
    let visit = Visit::new(&gateway, &headers);
    let opened = match gateway.open(&UPP, body).await {
        Ok(inner) => gateway.upp(inner).await,
        Err(failure) => Err(failure),
    };
    match opened {
        Ok(trade) => Redirect::to(&visit.path("pay", &trade)).into_response(),
        Err(failure) => visit.problem(failure),
    }
}

async fn show(
    State(gateway): State<Gateway>,
    headers: HeaderMap,
    uri: Uri,
    params: RawPathParams,
) -> Response {
    let visit = Visit::new(&gateway, &headers);
    let go_back = uri.query() == Some(GO_BACK);
    let trade_no = trade_no(&params);
    let found = gateway.shared.db.read(move |tx| repo::trade(tx, &trade_no));
    match found.await {
        Ok(Some(trade)) => visit.page_of(&trade, None, go_back),
        Ok(None) => visit.missing(),
        Err(error) => visit.problem(error.into()),
    }
}

/// A button of the hosted page: pay by card, get a number, or play the payer of a number.
async fn pay(
    State(gateway): State<Gateway>,
    headers: HeaderMap,
    params: RawPathParams,
    body: Body,
) -> Response {
    let visit = Visit::new(&gateway, &headers);
    let form = read_form(body).await;
    let paid = gateway.pay_on_page(trade_no(&params), form).await;
    visit.after(paid)
}

async fn answer_challenge(
    State(gateway): State<Gateway>,
    headers: HeaderMap,
    params: RawPathParams,
    body: Body,
) -> Response {
    let visit = Visit::new(&gateway, &headers);
    let form = read_form(body).await;
    let approved = text(&form, "answer") == Some("approve");
    let answered = gateway.settle_challenge(trade_no(&params), approved).await;
    visit.after(answered.map(|trade| trade.map(|trade| (trade, None))))
}

/// A trade, and what is wrong with the card that was typed for it.
type Paid = Option<(Trade, Option<CardFault>)>;

impl Gateway {
    async fn pay_on_page(&self, trade_no: String, form: Fields) -> Result<Paid, Failure> {
        let around = self.circumstances();
        let paid = self
            .shared
            .db
            .write(move |tx| {
                let Some(mut trade) = repo::lock_trade(tx, &trade_no)? else {
                    return Ok(None);
                };
                let choice = text(&form, "method");
                let method = match choice {
                    Some("card") => Method::Card,
                    Some("atm") => Method::Atm,
                    _ => Method::Cvs,
                };
                let may_choose = trade.is_open(around.now) && trade.methods.contains(&method);
                if choice == Some("simulate") {
                    if trade.status(around.now) == TradeStatus::Numbered {
                        trade.outcome = TradeStatus::Paid;
                        trade.decided_at = Some(around.now);
                        notify::queue(tx, &around.shop, &trade, Event::Decided, around.now)?;
                        invoice::issue(tx, &trade, &around, around.now)?;
                    }
                } else if may_choose && method == Method::Card {
                    let typed = |name| text(&form, name).unwrap_or_default();
                    let (expiry, cvc) = (typed("card_expiry"), typed("card_cvc"));
                    let card = match Card::read(typed("card_number"), expiry, cvc, around.now) {
                        Ok(card) => card,
                        Err(fault) => return Ok(Some((trade, Some(fault)))),
                    };
                    if trade.binding.is_optional() && text(&form, "keep").is_none() {
                        trade.binding.use_token_type = None;
                    }
                    pay_by_card(tx, &mut trade, &card, Presence::Typed, &around)?;
                } else if may_choose {
                    issue_number(&mut trade, method, &around.draw.pay_number);
                    notify::queue(tx, &around.shop, &trade, Event::NumberIssued, around.now)?;
                }
                repo::update_trade(tx, &trade)?;
                Ok::<Paid, Failure>(Some((trade, None)))
            })
            .await?;
        self.deliver_soon();
        Ok(paid)
    }

    async fn settle_challenge(
        &self,
        trade_no: String,
        approved: bool,
    ) -> Result<Option<Trade>, Failure> {
        let around = self.circumstances();
        let settled = self
            .shared
            .db
            .write(move |tx| {
                let Some(mut trade) = repo::lock_trade(tx, &trade_no)? else {
                    return Ok(None);
                };
                if let Some(card) = trade
                    .card
                    .clone()
                    .filter(|_| trade.is_challenged(around.now))
                {
                    let presence = match approved {
                        true => Presence::Approved,
                        false => Presence::Refused,
                    };
                    pay_by_card(tx, &mut trade, &card, presence, &around)?;
                    repo::update_trade(tx, &trade)?;
                }
                Ok::<_, Failure>(Some(trade))
            })
            .await?;
        self.deliver_soon();
        Ok(settled)
    }
}

fn issue_number(trade: &mut Trade, method: Method, digits: &str) {
    let (bank, number) = match method {
        Method::Atm => (trade.atm_bank.clone(), digits.to_owned()),
        Method::Card | Method::Cvs => (String::new(), format!("{CVS_PREFIX}{}", &digits[3..])),
    };
    trade.method = Some(method);
    trade.outcome = TradeStatus::Numbered;
    trade.expires_at = trade.number_expires_at;
    trade.number = Some(PayNumber { bank, number });
}

fn trade_no(params: &RawPathParams) -> String {
    let mut values = params.iter();
    let found = values.find(|(name, _)| *name == "trade_no");
    found.map_or_else(String::new, |(_, value)| value.to_owned())
}

/// One request for a page.
struct Visit<'a> {
    gateway: &'a Gateway,
    locale: Locale,
}

impl<'a> Visit<'a> {
    fn new(gateway: &'a Gateway, headers: &HeaderMap) -> Self {
        let accepted = headers.get(header::ACCEPT_LANGUAGE);
        let accepted = accepted.and_then(|value| value.to_str().ok());
        Self {
            gateway,
            locale: Locale::negotiate(accepted.unwrap_or_default()),
        }
    }

    /// A page's path: links that name no host work under every name of this one.
    fn path(&self, page: &str, trade: &Trade) -> String {
        format!("{}/{page}/{}", self.base(), trade.trade_no)
    }

    fn base(&self) -> String {
        let url = reqwest::Url::parse(&self.gateway.shared.config.public_url);
        url.map(|url| url.path().trim_end_matches('/').to_owned())
            .unwrap_or_default()
    }

    fn frame(&self, trade: Option<&Trade>) -> Frame {
        let wished = trade.and_then(|trade| trade.language.as_deref());
        let locale = wished.and_then(Locale::from_tag).unwrap_or(self.locale);
        Frame::new(locale, self.base())
    }

    /// What comes after a button was pressed: a page that can be reloaded.
    fn after(&self, paid: Result<Paid, Failure>) -> Response {
        let trade = match paid {
            Ok(Some((trade, None))) => trade,
            Ok(Some((trade, fault))) => return self.page_of(&trade, fault, false),
            Ok(None) => return self.missing(),
            Err(failure) => return self.problem(failure),
        };
        let next = match trade.status(self.gateway.now()) {
            _ if trade.is_challenged(self.gateway.now()) => self.path("3d", &trade),
            TradeStatus::Numbered | TradeStatus::Unpaid => self.path("pay", &trade),
            _ => format!("{}?{GO_BACK}", self.path("pay", &trade)),
        };
        Redirect::to(&next).into_response()
    }

    /// The page for a trade as it is now.
    fn page_of(&self, trade: &Trade, fault: Option<CardFault>, go_back: bool) -> Response {
        let now = self.gateway.now();
        let frame = self.frame(Some(trade));
        if trade.is_open(now) {
            let status = match fault {
                Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
                None => StatusCode::OK,
            };
            return html(status, &Pay::new(frame, trade, fault), "'self'");
        }
        if trade.is_challenged(now) {
            return html(StatusCode::OK, &Challenge::new(frame, trade), "'self'");
        }
        match (&trade.number, trade.status(now)) {
            (Some(number), TradeStatus::Numbered) => {
                let page = Number::new(frame, trade, number, self.way_back(trade));
                html(StatusCode::OK, &page, ANYWHERE)
            }
            _ => self.result(trade, go_back),
        }
    }

    fn result(&self, trade: &Trade, go_back: bool) -> Response {
        let status = trade.status(self.gateway.now());
        let back = self.way_back(trade);
        let page = ResultPage::new(self.frame(Some(trade)), trade, status, back, go_back);
        html(StatusCode::OK, &page, ANYWHERE)
    }

    /// The form that tells the shop, through the browser, what has become of the trade.
    fn way_back(&self, trade: &Trade) -> Option<Back> {
        let url = trade.return_url.clone()?;
        let shop = &self.gateway.shared.config.shop;
        let inner = trade.fields(shop.mer_id(), self.gateway.now());
        let fields = enveloped(shop, trade.channel.version(), &inner);
        Some(Back { url, fields })
    }

    fn missing(&self) -> Response {
        let frame = self.frame(None);
        let text = frame.words.not_found;
        html(
            StatusCode::NOT_FOUND,
            &Problem::new(frame, text, ""),
            "'self'",
        )
    }

    fn problem(&self, failure: Failure) -> Response {
        let refusal = match failure {
            Failure::Refused(refusal) => refusal,
            Failure::Store(error) => {
                tracing::error!(%error, "the simulated gateway cannot use its database");
                return StatusCode::SERVICE_UNAVAILABLE.into_response();
            }
        };
        let frame = self.frame(None);
        let text = frame.words.problem;
        let detail = format!("{} {}", refusal.code, refusal.message);
        html(
            StatusCode::BAD_REQUEST,
            &Problem::new(frame, text, &detail),
            "'self'",
        )
    }
}

/// Forms that go to the shop, and to wherever the shop redirects them.
const ANYWHERE: &str = "'self' http: https:";

fn html(status: StatusCode, page: &impl Template, forms_go_to: &str) -> Response {
    let Ok(page) = page.render() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let policy = format!(
        "default-src 'none'; style-src 'self'; script-src 'self'; form-action {forms_go_to}; \
         base-uri 'none'; frame-ancestors 'none'"
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy.as_str()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, Html(page)).into_response()
}
