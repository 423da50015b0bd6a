use super::{Client, Order, TokenUse, seconds};
use crate::codes::Endpoint;
use crate::status::{CallError, Decision, Undecided, accept};
use crate::trade::text;
use kernel::{Secret, Timestamp};

/// A token that starts the card fields in a page. It lives for ten minutes and is good for one purchase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SdkToken {
    /// For the page, and for [`MerchantTrade`].
    pub token: Secret<String>,
    /// When it expires, as the gateway writes it. The form is not published: count ten minutes.
    pub expires: Option<String>,
}

/// A charge of the card that the payer has entered in the page.
#[derive(Clone, Debug)]
pub struct MerchantTrade {
    /// What is paid for.
    pub order: Order,
    /// The token the page was started with.
    pub token: Secret<String>,
    /// Whether the payer shall confirm with the issuer: the answer is then an address for the browser.
    pub three_d: bool,
    /// The payer's IP address.
    pub user_ip: Option<String>,
}

impl MerchantTrade {
    /// A charge without 3-D.
    pub const fn new(order: Order, token: Secret<String>) -> Self {
        Self {
            order,
            token,
            three_d: false,
            user_ip: None,
        }
    }
}

impl Client {
    /// Asks for a token for card fields in pages of `domain`, an https origin without a slash at the end
    /// (`iframe/token_get`). With `store`, the card can be stored.
    pub async fn token_get(
        &self,
        domain: &str,
        store: Option<&TokenUse>,
        now: Timestamp,
    ) -> Result<SdkToken, CallError> {
        let endpoint = Endpoint::IframeTokenGet;
        let mut fields = self
            .fields()
            .with("Timestamp", seconds(now))
            .with("IFrameDomain", domain);
        if let Some(store) = store {
            fields = store.write(fields);
        }
        let fields = accept(endpoint, self.post(endpoint, &fields).await?)?;
        Ok(SdkToken {
            token: Secret::new(text(&fields, "Token").ok_or(Undecided::Incomplete)?),
            expires: text(&fields, "TokenExpired"),
        })
    }

    /// Charges the card that the payer has entered (`iframe/merchant_trade`).
    pub async fn merchant_trade(&self, trade: &MerchantTrade, now: Timestamp) -> Decision {
        let order = &trade.order;
        let fields = self
            .fields()
            .with("MerTradeNo", order.mer_trade_no.as_str())
            .with("Token", trade.token.expose())
            .with("TradeAmt", order.amount.to_string())
            .with("Timestamp", seconds(now))
            .with("ProdDesc", &order.description);
        let fields = order
            .addresses(fields)
            .with_some("API3D", trade.three_d.then_some("1"))
            .with_some("UserIP", trade.user_ip.as_deref());
        self.charge(Endpoint::IframeMerchantTrade, order, &fields)
            .await
    }
}
