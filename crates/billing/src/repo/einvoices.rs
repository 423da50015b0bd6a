use crate::model::{AccountId, CustomerId};
use einvoice::invoice::DraftReceive;
use kernel::Timestamp;
use store::record;
use store::record::Json;

record! {
    /// How a customer gets e-invoices.
    pub struct EinvoiceBuyer in "billing_einvoice_buyers" key customer_id {
        /// Who.
        customer_id: CustomerId,
        /// In which account.
        account_id: AccountId,
        /// How.
        receive: Json<DraftReceive>,
        /// The name on them, if it is another than the customer's.
        name: Option<String>,
        /// A company's business number.
        ubn: Option<String>,
        /// When it was said.
        updated_at: Timestamp,
    }
    select {
        /// `$1` customer, `$2` account.
        OF_CUSTOMER = "WHERE customer_id = $1 AND account_id = $2";
    }
}
