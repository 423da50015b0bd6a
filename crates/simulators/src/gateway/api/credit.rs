//! `credit`: a card is charged from the shop's server.

use super::{Channel, Gateway, Order, Reply, binding, insert, new_trade, product};
use crate::gateway::cards::{self, Card, CardFault, Presence};
use crate::gateway::charge::pay_by_card;
use crate::gateway::protocol::{CREDIT, Failure, Refusal, text};
use crate::gateway::repo;
use crate::gateway::trade::{Method, TradeStatus};
use kernel::Timestamp;
use payuni::fields::Fields;
use store::Tx;

const DUPLICATE: u16 = 4001;

impl Gateway {
    pub(super) async fn credit(self, inner: Fields) -> Result<Reply, Failure> {
        let order = Order {
            mer_trade_no: CREDIT.mer_trade_no(&inner, (2002, 2003, 2004))?,
            amount: CREDIT.amount(&inner, (2005, 2006, 2007), Method::Card.amounts())?,
            product: product(&inner).unwrap_or_default(),
            channel: Channel::Background,
        };
        let around = self.circumstances();
        let wish = binding(&CREDIT, &inner, [2016, 2017, 2018, 2019, 2020])?;
        let trade = self
            .shared
            .db
            .write(move |tx| {
                let (card, presence) = card(tx, &inner, around.now)?;
                let mut trade = new_trade(tx, &CREDIT, DUPLICATE, order.clone(), &inner, &around)?;
                if presence == Presence::Typed {
                    trade.binding = wish.clone();
                }
                pay_by_card(tx, &mut trade, &card, presence, &around)?;
                insert(tx, &CREDIT, DUPLICATE, &trade)?;
                Ok::<_, Failure>(trade)
            })
            .await?;
        self.conclude(&trade).await
    }
}

/// The card that is meant, by its hash or by its data.
fn card(tx: &mut Tx<'_>, inner: &Fields, now: Timestamp) -> Result<(Card, Presence), Failure> {
    if let Some(hash) = text(inner, "CreditHash") {
        let chargeable = repo::card(tx, hash)?
            .map(|bound| bound.state)
            .filter(|card| !card.deleted && card.bound_at <= now)
            .filter(|card| !cards::has_passed(&card.life, now));
        return match chargeable {
            Some(card) => Ok((card.card, Presence::Bound)),
            None => Err(CREDIT
                .refuse(2025, "查無約定資料")
                .with("MerTradeNo", text(inner, "MerTradeNo").unwrap_or_default())
                .with("TradeStatus", TradeStatus::Failed.code())
                .into()),
        };
    }
    let number = text(inner, "CardNo").ok_or_else(|| CREDIT.refuse(2011, "無信用卡資料"))?;
    let expiry = text(inner, "CardExpired").unwrap_or_default();
    let cvc = text(inner, "CardCVC").unwrap_or_default();
    let card = Card::read(number, expiry, cvc, now).map_err(refusal)?;
    Ok((card, Presence::Typed))
}

fn refusal(fault: CardFault) -> Refusal {
    match fault {
        CardFault::Number | CardFault::Length => CREDIT.refuse(2012, "卡號格式錯誤"),
        CardFault::Expiry => CREDIT.refuse(2013, "有效年月格式錯誤"),
        CardFault::Expired => CREDIT.refuse(2014, "卡片過期"),
        CardFault::Cvc => CREDIT.refuse(2015, "末三碼格式錯誤"),
    }
}
