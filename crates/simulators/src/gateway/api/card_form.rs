//! `iframe/token_get` and `iframe/merchant_trade`: the server's side of the card form.

use super::{Channel, Gateway, Order, Reply, binding, insert, new_trade, product};
use crate::gateway::cards::Presence;
use crate::gateway::charge::{self, pay_by_card};
use crate::gateway::protocol::{Failure, MERCHANT_TRADE, Refusal, TOKEN_GET, text};
use crate::gateway::repo::{self, Session};
use crate::gateway::trade::{Method, TradeStatus, date_time};
use payuni::fields::Fields;
use std::time::Duration;

const TOKEN_LIFE: Duration = Duration::from_secs(600);
const DUPLICATE: u16 = 1006;

impl Gateway {
    pub(super) async fn token_get(self, inner: Fields) -> Result<Reply, Failure> {
        let domain =
            text(&inner, "IFrameDomain").ok_or_else(|| TOKEN_GET.refuse(2022, "無IFrameDomain"))?;
        if !is_origin(domain) {
            return Err(TOKEN_GET.refuse(2023, "IFrameDomain格式錯誤").into());
        }
        let session = Session {
            token: charge::hex(&self.shared.rng.bytes::<16>()),
            domain: domain.into(),
            binding: binding(&TOKEN_GET, &inner, [2016, 2017, 2018, 2019, 2020])?,
            expires_at: self.now().plus(TOKEN_LIFE),
            card: None,
            card_inst: "1".into(),
            keeps_card: true,
            used: false,
        };
        let reply = self
            .done("取得成功")
            .with("Token", &session.token)
            .with("TokenExpired", date_time(session.expires_at));
        self.shared
            .db
            .write(move |tx| repo::insert_session(tx, &session))
            .await?;
        Ok(reply.into())
    }

    /// Charges the card that the buyer has bound to a token. Unless the card is declined, the token is used up.
    pub(super) async fn merchant_trade(self, inner: Fields) -> Result<Reply, Failure> {
        let refuse = |number, message: &str| MERCHANT_TRADE.refuse(number, message);
        let token = text(&inner, "Token").ok_or_else(|| refuse(2004, "無Token"))?;
        let token = token.to_owned();
        let order = Order {
            mer_trade_no: MERCHANT_TRADE.mer_trade_no(&inner, (2006, 2007, 2008))?,
            amount: MERCHANT_TRADE.amount(&inner, (2009, 2010, 2011), Method::Card.amounts())?,
            product: product(&inner).ok_or_else(|| refuse(2018, "無商品說明"))?,
            channel: Channel::CardForm,
        };
        let around = self.circumstances();
        let trade = self
            .shared
            .db
            .write(move |tx| {
                let mut trade = new_trade(
                    tx,
                    &MERCHANT_TRADE,
                    DUPLICATE,
                    order.clone(),
                    &inner,
                    &around,
                )?;
                // That a token is used up has no code of its own.
                let mut session = repo::lock_session(tx, &token)?
                    .filter(|session| !session.used && session.expires_at > around.now)
                    .ok_or_else(|| MERCHANT_TRADE.refuse(4001, "Token已失效"))?;
                let card = session.card.clone().ok_or_else(no_card)?;
                if session.keeps_card {
                    trade.binding = session.binding.clone();
                }
                trade.card_inst = session.card_inst.clone();
                pay_by_card(tx, &mut trade, &card, Presence::Typed, &around)?;
                insert(tx, &MERCHANT_TRADE, DUPLICATE, &trade)?;
                // A declined card can be replaced by another in the same form; what else came of it uses the token up. PAYUNi
                // does not say what a decline does to a token.
                session.used = trade.status(around.now) != TradeStatus::Failed;
                session.card = None;
                repo::update_session(tx, &session)?;
                Ok::<_, Failure>(trade)
            })
            .await?;
        self.conclude(&trade).await
    }
}

fn no_card() -> Refusal {
    MERCHANT_TRADE.refuse(4002, "無交易設定")
}

/// `https://host[:port]` and nothing else. Without TLS only on this machine.
fn is_origin(text: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(text) else {
        return false;
    };
    let loopback = url.host_str().is_some_and(crate::gateway::sdk::is_loopback);
    let scheme = url.scheme() == "https" || (url.scheme() == "http" && loopback);
    scheme && url.origin().ascii_serialization() == text.to_ascii_lowercase()
}
