//! What the operator sees of charges and does about them.

use crate::model::{ChargeId, ChargeStatus};
use crate::repo::charges::{self, Charge, Notice, Trade};
use crate::{Error, Orders, Result};
use store::{StoreError, Tx, params};

impl Orders {
    /// The newest charges of all organizations, or of those in one status; for the operator.
    pub async fn newest_charges(
        &self,
        status: Option<ChargeStatus>,
        most: i64,
    ) -> Result<Vec<Charge>> {
        let find = move |tx: &mut Tx<'_>| match status {
            Some(status) => Charge::all(tx, Charge::NEWEST_IN, params![status.name(), most]),
            None => Charge::all(tx, Charge::NEWEST, params![most]),
        };
        let found: Result<_, StoreError> = self.db().read(find).await;
        Ok(found?)
    }

    /// Transfers whose proof waits to be confirmed, the longest waiting first.
    pub async fn remitted_charges(&self, most: i64) -> Result<Vec<Charge>> {
        let find = move |tx: &mut Tx<'_>| Charge::all(tx, Charge::REMITTED, params![most]);
        let found: Result<_, StoreError> = self.db().read(find).await;
        Ok(found?)
    }

    /// A charge with its attempts, the oldest first, and what was last reported about it; for the operator.
    pub async fn charge_history(
        &self,
        id: ChargeId,
        most: i64,
    ) -> Result<Option<(Charge, Vec<Trade>, Vec<Notice>)>> {
        let find = move |tx: &mut Tx<'_>| {
            let Some(charge) = Charge::first(tx, Charge::BY_ID, params![id])? else {
                return Ok(None);
            };
            let trades = Trade::all(tx, Trade::OF_CHARGE, params![id])?;
            let notices = Notice::all(tx, Notice::OF_CHARGE, params![id, most])?;
            Ok(Some((charge, trades, notices)))
        };
        let found: Result<_, StoreError> = self.db().read(find).await;
        Ok(found?)
    }

    /// What about charges the operator has to know.
    pub async fn charges_attention(&self) -> Result<charges::Attention> {
        let now = self.now();
        let found: Result<_, StoreError> =
            self.db().read(move |tx| charges::attention(tx, now)).await;
        Ok(found?)
    }

    /// Payments that no credit was given for and that were not given back.
    pub async fn payments_to_return(&self) -> Result<Vec<Trade>> {
        let find = |tx: &mut Tx<'_>| Trade::all(tx, Trade::TO_RETURN, &[]);
        let found: Result<_, StoreError> = self.db().read(find).await;
        Ok(found?)
    }

    /// The operator has given such a payment back, at the gateway; `false`: there is none of this number.
    pub async fn payment_returned(&self, mer_trade_no: &str) -> Result<bool> {
        let now = self.now();
        let number = mer_trade_no.to_owned();
        self.db()
            .write(move |tx| {
                let to_return = Trade::all(tx, Trade::TO_RETURN, &[])?;
                let mut found = to_return.into_iter().filter(|t| t.mer_trade_no == number);
                let Some(mut trade) = found.next() else {
                    return Ok(false);
                };
                trade.handled_at = Some(now);
                trade.save(tx)?;
                Ok::<_, Error>(true)
            })
            .await
    }
}
