use super::{Client, Order, seconds};
use crate::codes::Endpoint;
use crate::status::Decision;
use kernel::{Secret, Timestamp};

/// A charge of a stored card, without the payer.
#[derive(Clone, Debug)]
pub struct Charge {
    /// What is paid for.
    pub order: Order,
    /// The stored card, from the reply to the first payment.
    pub credit_hash: Secret<String>,
    /// Whether the payer shall confirm with the issuer: the answer is then an address for the browser.
    pub three_d: bool,
    /// The payer's IP address.
    pub user_ip: Option<String>,
}

impl Charge {
    /// A charge that asks the payer nothing.
    pub const fn new(order: Order, credit_hash: Secret<String>) -> Self {
        Self {
            order,
            credit_hash,
            three_d: false,
            user_ip: None,
        }
    }
}

impl Client {
    /// Charges a stored card (`credit`).
    pub async fn credit(&self, charge: &Charge, now: Timestamp) -> Decision {
        let order = &charge.order;
        let fields = self
            .fields()
            .with("MerTradeNo", order.mer_trade_no.as_str())
            .with("TradeAmt", order.amount.to_string())
            .with("Timestamp", seconds(now))
            .with("ProdDesc", &order.description)
            .with("CreditHash", charge.credit_hash.expose());
        let fields = order
            .addresses(fields)
            .with_some("API3D", charge.three_d.then_some("1"))
            .with_some("UserIP", charge.user_ip.as_deref());
        self.charge(Endpoint::Credit, order, &fields).await
    }
}
