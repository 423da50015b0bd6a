use super::{Client, names_another, seconds};
use crate::codes::Endpoint;
use crate::fields::Fields;
use crate::status::{CallError, Undecided, accept};
use crate::trade::{MerTradeNo, QueryRow};
use kernel::Timestamp;

/// What to do with the money of a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseType {
    /// Take it. The gateway does so by itself unless the shop is set up otherwise.
    Capture,
    /// Give it back, within 180 days of the capture. Instalments and UnionPay cannot be refunded in part.
    Refund,
    /// Take back a request for capture.
    UndoCapture,
    /// Take back a request for refund.
    UndoRefund,
}

impl CloseType {
    const fn number(self) -> &'static str {
        match self {
            Self::Capture => "1",
            Self::Refund => "2",
            Self::UndoCapture => "-1",
            Self::UndoRefund => "-2",
        }
    }
}

impl Client {
    /// What became of a trade (`trade/query`); `None` when the gateway has none of this number. Shortly after a charge
    /// whose answer was lost, that can still change.
    pub async fn trade_query(
        &self,
        mer_trade_no: &MerTradeNo,
        now: Timestamp,
    ) -> Result<Option<QueryRow>, CallError> {
        let endpoint = Endpoint::TradeQuery;
        let fields = self
            .fields()
            .with("MerTradeNo", mer_trade_no.as_str())
            .with("Timestamp", seconds(now));
        let fields = match accept(endpoint, self.post(endpoint, &fields).await?) {
            Err(CallError::Refused { code, .. }) if code.code == "QUERY03001" => return Ok(None),
            other => other?,
        };
        let rows = fields.rows("Result");
        let row = rows.first().ok_or(Undecided::Incomplete)?;
        let row = QueryRow::read(row).ok_or(Undecided::Incomplete)?;
        if row.mer_trade_no != mer_trade_no.as_str() {
            return Err(Undecided::Mismatch.into());
        }
        Ok(Some(row))
    }

    /// Captures, refunds, or undoes either (`trade/close`). `trade_no` is the gateway's number; `amount` is in whole TWD.
    pub async fn trade_close(
        &self,
        trade_no: &str,
        close_type: CloseType,
        amount: i64,
        now: Timestamp,
    ) -> Result<(), CallError> {
        let fields = self
            .fields()
            .with("TradeNo", trade_no)
            .with("CloseType", close_type.number())
            .with("TradeAmt", amount.to_string())
            .with("Timestamp", seconds(now));
        let answer = self.settle(Endpoint::TradeClose, trade_no, &fields).await?;
        if names_another(&answer, "CloseType", close_type.number()) {
            return Err(Undecided::Mismatch.into());
        }
        Ok(())
    }

    /// Voids an authorization that is not captured (`trade/cancel`). `trade_no` is the gateway's number.
    pub async fn trade_cancel(&self, trade_no: &str, now: Timestamp) -> Result<(), CallError> {
        let fields = self
            .fields()
            .with("TradeNo", trade_no)
            .with("Timestamp", seconds(now));
        self.settle(Endpoint::TradeCancel, trade_no, &fields)
            .await?;
        Ok(())
    }

    async fn settle(
        &self,
        endpoint: Endpoint,
        trade_no: &str,
        fields: &Fields,
    ) -> Result<Fields, CallError> {
        let fields = accept(endpoint, self.post(endpoint, fields).await?)?;
        if names_another(&fields, "TradeNo", trade_no) {
            return Err(Undecided::Mismatch.into());
        }
        Ok(fields)
    }
}
