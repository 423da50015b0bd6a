use crate::model::AccountId;
use einvoice::invoice::DraftReceive;
use kernel::Timestamp;
use store::record;
use store::record::Json;

record! {
    /// How somebody gets e-invoices.
    pub struct EinvoiceBuyer in "billing_einvoice_buyers" key subject {
        /// Who: a customer, or a checkout whose buyer is no customer yet.
        subject: String,
        /// In which account.
        account_id: AccountId,
        /// How.
        receive: Json<DraftReceive>,
        /// The name on them, if it is another than the customer's.
        name: Option<String>,
        /// A company's business number.
        ubn: Option<String>,
        /// The postal address: some providers send paper there.
        address: Option<String>,
        /// When it was said.
        updated_at: Timestamp,
    }
    select {
        /// `$1` customer or checkout, `$2` account.
        OF = "WHERE subject = $1 AND account_id = $2";
    }
}
