//! `trade/close` and `trade/cancel`: taking the money, giving it back, and not taking it at all.

use super::{Gateway, Reply};
use crate::gateway::cards::is_digits;
use crate::gateway::protocol::{Failure, Refusal, TRADE_CANCEL, TRADE_CLOSE, text};
use crate::gateway::repo;
use crate::gateway::trade::{CloseStatus, Method, Refund, Trade, TradeStatus, date_time};
use kernel::Timestamp;
use payuni::fields::Fields;

impl Gateway {
    pub(super) async fn trade_close(self, inner: Fields) -> Result<Reply, Failure> {
        let refuse = |number, message: &str| TRADE_CLOSE.refuse(number, message);
        let trade_no = text(&inner, "TradeNo").ok_or_else(|| refuse(2002, "無UNi序號"))?;
        let change: Change = match text(&inner, "CloseType") {
            Some("1") => capture,
            Some("2") => refund,
            Some("-1") => undo_capture,
            Some("-2") => undo_refund,
            _ => return Err(refuse(2009, "請退款類型錯誤").into()),
        };
        let amount = text(&inner, "TradeAmt").ok_or_else(|| refuse(2010, "無請退款金額"))?;
        let amount = Some(amount).filter(|amount| is_digits(amount));
        let amount: i64 = amount
            .and_then(|amount| amount.parse().ok())
            .filter(|amount| *amount > 0)
            .ok_or_else(|| refuse(2011, "請退款金額錯誤"))?;
        let reply = self
            .done("處理成功")
            .with("TradeNo", trade_no)
            .with("CloseType", text(&inner, "CloseType").unwrap_or_default());
        let trade_no = trade_no.to_owned();
        let now = self.now();
        let step = u64::try_from(self.shared.config.capture_step.as_micros()).unwrap_or(u64::MAX);
        self.shared
            .db
            .write(move |tx| {
                let mut trade = repo::lock_trade(tx, &trade_no)?
                    .filter(|trade| {
                        trade.status(now) == TradeStatus::Paid && trade.method == Some(Method::Card)
                    })
                    .ok_or_else(|| refused("查無已授權之訂單"))?;
                trade.capture.step = step;
                change(&mut trade, amount, now)?;
                Ok::<_, Failure>(repo::update_trade(tx, &trade)?)
            })
            .await?;
        Ok(reply.into())
    }

    pub(super) async fn trade_cancel(self, inner: Fields) -> Result<Reply, Failure> {
        let refuse = |number, message: &str| TRADE_CANCEL.refuse(number, message);
        let trade_no = text(&inner, "TradeNo").ok_or_else(|| refuse(2002, "無UNi序號"))?;
        let trade_no = trade_no.to_owned();
        let reply = self.done("取消授權成功").with("TradeNo", &trade_no);
        let now = self.now();
        self.shared
            .db
            .write(move |tx| {
                let mut trade = repo::lock_trade(tx, &trade_no)?
                    .filter(|trade| {
                        trade.status(now) == TradeStatus::Paid && trade.method == Some(Method::Card)
                    })
                    .ok_or_else(|| TRADE_CANCEL.refuse(3001, "訂單未付款"))?;
                if let CloseStatus::Processing | CloseStatus::Captured = trade.close_status(now) {
                    let at = trade.captured_at().map(date_time).unwrap_or_default();
                    let message = format!("訂單已請款，請款時間：{at}");
                    return Err(TRADE_CANCEL.refuse(3001, message).into());
                }
                trade.outcome = TradeStatus::Cancelled;
                trade.decided_at = Some(now);
                Ok::<_, Failure>(repo::update_trade(tx, &trade)?)
            })
            .await?;
        Ok(reply.into())
    }
}

type Change = fn(&mut Trade, i64, Timestamp) -> Result<(), Refusal>;

fn refused(message: impl Into<String>) -> Refusal {
    TRADE_CLOSE.refuse(3001, message)
}

fn capture(trade: &mut Trade, amount: i64, now: Timestamp) -> Result<(), Refusal> {
    match trade.close_status(now) {
        CloseStatus::NotRequested | CloseStatus::Undone if amount <= trade.amount => {
            trade.capture.requested_at = Some(now);
            trade.capture.amount = amount;
            Ok(())
        }
        CloseStatus::NotRequested | CloseStatus::Undone => Err(refused(format!(
            "請款金額({amount})大於授權金額({})",
            trade.amount
        ))),
        _ => Err(refused("訂單已請款")),
    }
}

fn undo_capture(trade: &mut Trade, _: i64, now: Timestamp) -> Result<(), Refusal> {
    if trade.close_status(now) != CloseStatus::Requested {
        return Err(refused("訂單無法取消請款"));
    }
    trade.capture.requested_at = None;
    trade.capture.undone = true;
    Ok(())
}

fn refund(trade: &mut Trade, amount: i64, now: Timestamp) -> Result<(), Refusal> {
    let captured = trade.close_amount(now);
    let total = trade.refund.total;
    let status = trade.close_status(now);
    let taken = matches!(status, CloseStatus::Processing | CloseStatus::Captured);
    if !taken || amount > trade.remaining(now) {
        return Err(refused(format!(
            "退款失敗，退款金額({amount})，請款金額({captured})，已退款金額({total})"
        )));
    }
    trade.refund = Refund {
        total: total + amount,
        latest: amount,
        requested_at: Some(now),
        undone: false,
    };
    Ok(())
}

fn undo_refund(trade: &mut Trade, _: i64, now: Timestamp) -> Result<(), Refusal> {
    if trade.refund_status(now) != Some("1") {
        return Err(refused("訂單無法取消退款"));
    }
    trade.refund.total -= trade.refund.latest;
    trade.refund.latest = 0;
    trade.refund.undone = true;
    Ok(())
}
