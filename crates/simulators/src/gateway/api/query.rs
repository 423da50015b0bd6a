//! `trade/query`: what has become of a trade.

use super::{Gateway, Reply};
use crate::gateway::protocol::{Failure, TRADE_QUERY, text};
use crate::gateway::repo;
use crate::gateway::trade::{Method, Trade, TradeStatus, date_time};
use kernel::Timestamp;
use payuni::fields::Fields;

impl Gateway {
    pub(super) async fn trade_query(self, inner: Fields) -> Result<Reply, Failure> {
        if text(&inner, "MerTradeNo").is_none() && text(&inner, "TradeNo").is_none() {
            return Err(TRADE_QUERY
                .refuse(2002, "請提供商店訂單編號或UNi序號")
                .into());
        }
        let found = self
            .shared
            .db
            .read(
                move |tx| match (text(&inner, "TradeNo"), text(&inner, "MerTradeNo")) {
                    (Some(trade_no), _) => repo::trade(tx, trade_no),
                    (None, number) => repo::latest_trade(tx, number.unwrap_or_default()),
                },
            )
            .await?;
        let trade = found.ok_or_else(|| TRADE_QUERY.refuse(3001, "查無符合訂單資料"))?;
        let now = self.now();
        let mut fields = self.done("查詢成功");
        for (name, value) in row(&trade, now).iter() {
            fields.push(format!("Result[0][{name}]"), value);
        }
        Ok(fields.into())
    }
}

/// A row of the result. It has no `CreditHash`: who has lost the notify asks `credit_bind/query`.
fn row(trade: &Trade, now: Timestamp) -> Fields {
    let status = trade.status(now);
    let paid_at = trade.decided_at.filter(|at| *at <= now).map(date_time);
    let complete = status != TradeStatus::Undecided;
    let row = Fields::new()
        .with("MerTradeNo", &trade.mer_trade_no)
        .with("TradeNo", &trade.trade_no)
        .with("TradeAmt", trade.amount.to_string())
        .with("TradeFee", "0")
        .with("TradeStatus", status.code())
        .with("PaymentType", trade.method.map_or("", Method::code))
        .with("PaymentDay", paid_at.unwrap_or_default())
        .with("CreateDay", date_time(trade.created_at))
        .with("Gateway", trade.channel.code())
        .with("DataSource", if complete { "A" } else { "B" });
    let row = match &trade.card {
        Some(card) => row
            .with("Card6No", &card.six)
            .with("Card4No", &card.four)
            .with("CardExp", &card.expiry)
            .with("CardInst", &trade.card_inst)
            .with("AuthCode", if complete { &*trade.auth_code } else { "" })
            .with("AuthType", card.auth_type())
            .with("CardBank", "812"),
        None => row,
    };
    let row = row
        .with("CloseStatus", trade.close_status(now).code())
        .with("CloseAmt", trade.close_amount(now).to_string())
        .with("RemainAmt", trade.remaining(now).to_string());
    match (trade.refund_status(now), trade.refund.requested_at) {
        (Some(refund_status), Some(at)) => row
            .with("RefundStatus", refund_status)
            .with("RefundAmt", trade.refund.total.to_string())
            .with("RefundDay", date_time(at))
            .with("RefundType", "1"),
        _ => row,
    }
}
