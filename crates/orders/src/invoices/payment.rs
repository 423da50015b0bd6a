//! Invoices that the payment gateway issues with its payments.

use super::owner;
use crate::repo::charges::{Charge, Trade};
use crate::{Error, Orders, Result};
use catalogue::PlatformError;
use einvoice::outcome::Outcome;
use einvoice::payuni::{Notice, payment_fields};
use store::{StoreError, params};

impl Orders {
    /// The fields of a payment that ask for the invoice which was drafted for the charge; none when none was.
    pub(crate) async fn invoice_fields(
        &self,
        charge: &Charge,
    ) -> Result<Vec<(&'static str, String)>> {
        let owner = owner(charge.organization_id);
        let sale = charge.credit_charge_id.to_string();
        let draft = self.invoicing().to_come_with_payment(&owner, &sale).await?;
        let Some(draft) = draft else {
            return Ok(Vec::new());
        };
        // What the gateway does not offer was refused when the draft was stored.
        payment_fields(&draft.content()?).map_err(|wrong| Error::Failed(format!("{wrong:?}")))
    }

    /// Takes what the gateway tells of the invoice that came with a trade.
    pub(crate) async fn take_invoice_notice(
        &self,
        mer_trade_no: &str,
        notice: Outcome<Notice>,
    ) -> Result<()> {
        let number = mer_trade_no.to_owned();
        let find =
            move |tx: &mut store::Tx<'_>| Trade::first(tx, Trade::BY_NUMBER, params![&number]);
        let found: Result<Option<Trade>, StoreError> = self.db().read(find).await;
        let trade = found?.ok_or(PlatformError::PayUniOrderNotFound)?;
        let owner = owner(trade.organization_id);
        let sale = trade.credit_charge_id.to_string();
        self.invoicing().take_notice(&owner, &sale, notice).await?;
        Ok(())
    }
}
