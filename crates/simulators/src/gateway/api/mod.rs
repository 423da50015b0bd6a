//! The API: one file per group of operations.

mod bind;
mod card_form;
mod credit;
mod manage;
mod query;
mod upp;

use super::Gateway;
use super::charge::{self, Circumstances};
use super::faults::{GatewayFault, Quirk};
use super::invoice::Wish;
use super::protocol::{self, Answer, Failure, Operation, Refusal, Reply, address, text};
use super::repo;
use super::trade::{Binding, Capture, Channel, Refund, Trade, TradeStatus};
use super::{cards, pages};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::routing::{MethodRouter, post};
use payuni::fields::Fields;
use store::Tx;

const LONGEST_PRODUCT: usize = 550;
const LONGEST_TOKEN: usize = 200;

/// Everything under `/api`.
pub fn routes() -> Router<Gateway> {
    [
        (protocol::UPP.path, post(pages::open)),
        operation(&protocol::CREDIT, Gateway::credit),
        operation(&protocol::TRADE_QUERY, Gateway::trade_query),
        operation(&protocol::TRADE_CLOSE, Gateway::trade_close),
        operation(&protocol::TRADE_CANCEL, Gateway::trade_cancel),
        operation(&protocol::BIND_QUERY, Gateway::bind_query),
        operation(&protocol::BIND_CANCEL, Gateway::bind_cancel),
        operation(&protocol::TOKEN_GET, Gateway::token_get),
        operation(&protocol::MERCHANT_TRADE, Gateway::merchant_trade),
    ]
    .into_iter()
    .fold(Router::new(), |router, (path, handler)| {
        router.route(path, handler)
    })
}

/// The route of an operation that `run` carries out, given the inner fields of the request.
fn operation<F, R>(operation: &'static Operation, run: F) -> (&'static str, MethodRouter<Gateway>)
where
    F: Fn(Gateway, Fields) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<Reply, Failure>> + Send,
{
    let handler = async move |State(gateway): State<Gateway>, body: Body| {
        let fault = gateway.fault();
        if fault == Some(GatewayFault::Html) {
            return Answer::Html;
        }
        let outcome = match gateway.open(operation, body).await {
            Ok(inner) => run(gateway.clone(), inner).await,
            Err(failure) => Err(failure),
        };
        if let Ok(Reply {
            quirk: Some(Quirk::Slow),
            ..
        }) = outcome
        {
            tokio::time::sleep(gateway.shared.config.slow_answer).await;
        }
        let answer = Answer::of(operation, &gateway.shared.config.shop, outcome);
        match fault {
            Some(GatewayFault::LostAnswer) => Answer::Lost,
            Some(GatewayFault::BadHash) => answer.with_bad_hash(),
            Some(GatewayFault::SlowAnswer(wait)) => {
                tokio::time::sleep(wait).await;
                answer
            }
            _ => answer,
        }
    };
    (operation.path, post(handler))
}

impl Gateway {
    /// The inner fields of a request.
    pub(super) async fn open(&self, operation: &Operation, body: Body) -> Result<Fields, Failure> {
        let outer = protocol::read_form(body).await;
        let enabled = self.is_shop_enabled().await?;
        Ok(operation.open(&outer, &self.shared.config.shop, enabled)?)
    }

    /// Has the notifies of a charge sent, and answers it.
    pub(super) async fn conclude(&self, trade: &Trade) -> Result<Reply, Failure> {
        let quirk = trade.card.as_ref().and_then(cards::Card::quirk);
        if quirk == Some(Quirk::NotifyFirst) {
            self.deliver_notifies().await?;
        } else {
            self.deliver_soon();
        }
        let now = self.now();
        let mer_id = self.shared.config.shop.mer_id();
        if trade.is_challenged(now) {
            return Ok(self
                .done("建立幕後3D成功")
                .with("MerTradeNo", &trade.mer_trade_no)
                .with("TradeNo", &trade.trade_no)
                .with("URL", self.challenge_url(trade))
                .into());
        }
        Ok(Reply {
            fields: trade.fields(mer_id, now),
            quirk,
        })
    }

    /// The beginning of a successful answer.
    fn done(&self, message: &str) -> Fields {
        Fields::new()
            .with("Status", "SUCCESS")
            .with("Message", message)
            .with("MerID", self.shared.config.shop.mer_id())
    }
}

/// What the three ways to pay have in common.
#[derive(Clone)]
struct Order {
    mer_trade_no: String,
    amount: i64,
    product: String,
    channel: Channel,
}

impl Order {
    /// A trade of it that nobody has paid.
    fn trade(self, inner: &Fields, attempt: i64, around: &Circumstances) -> Trade {
        Trade {
            trade_no: around.draw.trade_no.clone(),
            mer_trade_no: self.mer_trade_no,
            attempt,
            channel: self.channel,
            amount: self.amount,
            product: self.product,
            methods: Vec::new(),
            method: None,
            wants_3d: text(inner, "API3D") == Some("1"),
            card_inst: text(inner, "CardInst").unwrap_or("1").into(),
            binding: Binding::default(),
            notify_url: address(inner, "NotifyURL"),
            return_url: address(inner, "ReturnURL"),
            back_url: address(inner, "BackURL"),
            language: text(inner, "Lang").map(str::to_owned),
            atm_bank: text(inner, "AtmBankType").unwrap_or("822").into(),
            number_expires_at: None,
            created_at: around.now,
            expires_at: None,
            outcome: TradeStatus::Unpaid,
            decided_at: None,
            card: None,
            res_code: String::new(),
            auth_code: String::new(),
            number: None,
            bound: None,
            capture: Capture::default(),
            refund: Refund::default(),
            invoice: Wish::of(inner),
        }
    }
}

/// `ProdDesc`, cut to the length that is kept.
fn product(inner: &Fields) -> Option<String> {
    Some(
        text(inner, "ProdDesc")?
            .chars()
            .take(LONGEST_PRODUCT)
            .collect(),
    )
}

/// The wish to charge the card again, with `codes` for a wrong `UseTokenType`, a `CreditToken` that is missing, too
/// long or of other characters, and a wrong `CreditTokenType`.
fn binding(operation: &Operation, inner: &Fields, codes: [u16; 5]) -> Result<Binding, Refusal> {
    let [bad_type, missing, long, format, bad_kind] = codes;
    let Some(use_token_type) = text(inner, "UseTokenType") else {
        return Ok(Binding::default());
    };
    if !["1", "2", "3"].contains(&use_token_type) {
        return Err(operation.refuse(bad_type, "約定類型錯誤"));
    }
    let token =
        text(inner, "CreditToken").ok_or_else(|| operation.refuse(missing, "無約定Token"))?;
    if token.len() > LONGEST_TOKEN {
        return Err(operation.refuse(long, "約定Token過長"));
    }
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"@.#$%_-".contains(&b);
    if !token.bytes().all(allowed) {
        return Err(operation.refuse(format, "約定Token格式錯誤"));
    }
    let kind = text(inner, "CreditTokenType").unwrap_or("1");
    if !["1", "2"].contains(&kind) {
        return Err(operation.refuse(bad_kind, "約定Token類型錯誤"));
    }
    Ok(Binding {
        use_token_type: Some(use_token_type.into()),
        credit_token: token.into(),
        credit_token_type: kind.into(),
        expires: text(inner, "CreditTokenExpired")
            .filter(|month| cards::is_month(month))
            .map(str::to_owned),
    })
}

/// The next trade with the order's number, unless that is taken; `duplicate` is the code that says so.
fn new_trade(
    tx: &mut Tx<'_>,
    operation: &Operation,
    duplicate: u16,
    order: Order,
    inner: &Fields,
    around: &Circumstances,
) -> Result<Trade, Failure> {
    match charge::next_attempt(tx, &order.mer_trade_no, around.now)? {
        Some(attempt) => Ok(order.trade(inner, attempt, around)),
        None => Err(taken(operation, duplicate).into()),
    }
}

/// Puts a new trade in the books.
fn insert(
    tx: &mut Tx<'_>,
    operation: &Operation,
    duplicate: u16,
    trade: &Trade,
) -> Result<(), Failure> {
    match repo::insert_trade(tx, trade)? {
        true => Ok(()),
        false => Err(taken(operation, duplicate).into()),
    }
}

fn taken(operation: &Operation, duplicate: u16) -> Refusal {
    operation.refuse(duplicate, "商店訂單編號重複")
}
