//! The card gateway: PAYUNi, or its simulator, which speaks the same wire.

use crate::model::Failure;
use crate::repo::Charge;
use crate::{Error, Result};
use catalogue::RecurError;
use catalogue::recur::{ForbiddenReason, PaymentFailure};
use kernel::{Secret, Timestamp};
use payuni::client::{
    self, BindKey, Client, CloseType, Consent, MerchantTrade, TokenScope, TokenUse,
};
use payuni::codes::{CardFailure, Endpoint};
use payuni::fields::Fields;
use payuni::status::{self, CallError, Decision};
use payuni::trade::{CloseStatus, TradeReply, TradeStatus};
use std::time::Duration;

/// How long the card form's token counts.
pub const SDK_TOKEN_LIFE: Duration = Duration::from_secs(600);

/// One gateway and what its pages need.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// Calls.
    pub client: Client,
    /// The address of the card form's script.
    pub script_url: String,
    /// Whether buyers shall pass 3-D Secure.
    pub three_d: bool,
}

/// The gateways of the two environments.
#[derive(Clone, Debug)]
pub struct Gateways {
    /// Of the sandbox.
    pub sandbox: Gateway,
    /// Of production; `None`: none is configured.
    pub live: Option<Gateway>,
}

impl Gateways {
    /// The gateway of an environment.
    pub fn of(&self, livemode: bool) -> Result<&Gateway> {
        if livemode {
            let missing = || Error::Failed("no card gateway is configured for production".into());
            self.live.as_ref().ok_or_else(missing)
        } else {
            Ok(&self.sandbox)
        }
    }
}

/// A card that may be kept.
#[derive(Clone, Debug)]
pub struct NewCard {
    /// What it is charged by.
    pub token: Secret<String>,
    /// Its first six digits.
    pub first_six: String,
    /// Its last four digits.
    pub last_four: String,
    /// `MMYY`.
    pub expires: Option<String>,
}

/// What became of a charge.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The money is taken.
    Paid {
        /// The gateway's number.
        trade_no: String,
        /// The card, if it may be kept.
        card: Option<NewCard>,
    },
    /// No money is taken.
    Failed(Failure),
    /// No card was typed into the form.
    NoCard,
    /// The buyer's browser must go there first.
    ThreeD {
        /// Where to.
        url: String,
    },
    /// Nobody knows yet.
    Undecided(String),
    /// The gateway has no such trade.
    NotFound,
}

/// What became of giving money back.
#[derive(Clone, Debug)]
pub enum RefundOutcome {
    /// It is given back.
    Done,
    /// The gateway refuses.
    Refused(Failure),
    /// The gateway was asked to capture the money first: try again later.
    Capturing,
    /// Nobody knows yet.
    Undecided(String),
}

/// Where the gateway reports to.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// Where the buyer's browser posts the result.
    pub return_url: String,
    /// Where the gateway posts the result.
    pub notify_url: String,
}

impl Gateway {
    /// A token for a card form on a page of `origin`. The card can be kept under the name `credit_token`.
    pub async fn sdk_token(
        &self,
        origin: &str,
        credit_token: &str,
        keep: bool,
        now: Timestamp,
    ) -> Result<String> {
        let credit_token = credit_token.to_owned().parse();
        let store = TokenUse {
            consent: if keep {
                Consent::Required
            } else {
                Consent::Asked
            },
            credit_token: credit_token.map_err(|e| Error::Failed(format!("{e}")))?,
            scope: TokenScope::Shop,
        };
        let token = self
            .client
            .token_get(origin, keep.then_some(&store), now)
            .await
            .map_err(|error| match error {
                // The gateway has no card forms on pages of such an origin.
                CallError::Refused { code, .. } if code.code.starts_with("TOKEN02") => {
                    let reason = ForbiddenReason::OriginNotAllowed;
                    RecurError::Forbidden { reason }.into()
                }
                error => Error::Failed(format!("the card form's token: {error}")),
            })?;
        Ok(token.token.expose().clone())
    }

    /// Asks for the money of a charge: of the card typed into the form, or of a kept one.
    pub async fn take(
        &self,
        charge: &Charge,
        card: Option<&Secret<String>>,
        description: &str,
        addresses: &Addresses,
        now: Timestamp,
    ) -> Outcome {
        let number = match charge.mer_trade_no.parse() {
            Ok(number) => number,
            Err(error) => return Outcome::Undecided(format!("{error}")),
        };
        let mut order = client::Order::new(number, charge.amount, description);
        order.notify_url = Some(addresses.notify_url.clone());
        let decision = match (card, &charge.sdk_token) {
            (Some(card), _) => {
                let charge = client::Charge::new(order, card.clone());
                self.client.credit(&charge, now).await
            }
            (None, Some(token)) => {
                order.return_url = Some(addresses.return_url.clone());
                let mut trade = MerchantTrade::new(order, Secret::new(token.clone()));
                trade.three_d = self.three_d;
                self.client.merchant_trade(&trade, now).await
            }
            (None, None) => return Outcome::Failed(no_card()),
        };
        outcome(decision)
    }

    /// Asks what became of a charge. `credit_token` is the name under which its card was to be kept.
    pub async fn find(
        &self,
        charge: &Charge,
        credit_token: Option<&str>,
        now: Timestamp,
    ) -> Outcome {
        let number = match charge.mer_trade_no.parse() {
            Ok(number) => number,
            Err(error) => return Outcome::Undecided(format!("{error}")),
        };
        let row = match self.client.trade_query(&number, now).await {
            Ok(Some(row)) => row,
            Ok(None) => return Outcome::NotFound,
            Err(error) => return Outcome::Undecided(error.to_string()),
        };
        match row.trade_status {
            TradeStatus::Paid if row.amount != charge.amount => {
                Outcome::Undecided("the gateway knows this trade with another amount".into())
            }
            TradeStatus::Paid => {
                let card = match credit_token {
                    Some(token) => match self.kept_card(token, now).await {
                        Ok(card) => card,
                        // The answer to the charge names the card only once: without it the right could not be renewed.
                        Err(error) => return Outcome::Undecided(error),
                    },
                    None => None,
                };
                Outcome::Paid {
                    trade_no: row.trade_no,
                    card,
                }
            }
            TradeStatus::Failed | TradeStatus::Cancelled | TradeStatus::Expired => {
                Outcome::Failed(failure(PaymentFailure::PayuniDeclined, "trade/query"))
            }
            TradeStatus::NumberIssued | TradeStatus::AwaitingConfirmation | TradeStatus::Unpaid => {
                Outcome::Undecided(format!("{:?}", row.trade_status))
            }
        }
    }

    async fn kept_card(
        &self,
        credit_token: &str,
        now: Timestamp,
    ) -> Result<Option<NewCard>, String> {
        let token = credit_token
            .to_owned()
            .parse()
            .map_err(|e| format!("{e}"))?;
        let key = BindKey::Token(token);
        let bound = self
            .client
            .credit_bind_query(&key, Some(TokenScope::Shop), now)
            .await
            .map_err(|e| e.to_string())?;
        Ok(bound.into_iter().next().map(|card| NewCard {
            token: card.credit_hash,
            first_six: card.card6.unwrap_or_default(),
            last_four: card.card4.unwrap_or_default(),
            expires: card.expires,
        }))
    }

    /// What a notice, or what the buyer's browser brings back, says of a charge: its trade number and the outcome.
    pub fn read_notice(&self, body: &[u8]) -> Option<(String, i64, Outcome)> {
        let fields: Fields = payuni::notify::parse_notify(body, self.client.shop()).ok()?;
        let number = fields.get("MerTradeNo")?.to_owned();
        let amount = fields
            .get("TradeAmt")
            .and_then(|text| text.parse().ok())
            .unwrap_or(0);
        let decision = status::decide_sealed(Endpoint::IframeMerchantTrade, &fields);
        Some((number, amount, outcome(decision)))
    }

    /// Gives money back, unless the gateway has done so already.
    pub async fn give_back(
        &self,
        charge: &Charge,
        amount: i64,
        refunded_before: i64,
        now: Timestamp,
    ) -> RefundOutcome {
        let (Ok(number), Some(trade_no)) = (charge.mer_trade_no.parse(), &charge.trade_no) else {
            return RefundOutcome::Undecided("the charge has no trade".into());
        };
        let row = match self.client.trade_query(&number, now).await {
            Ok(Some(row)) => row,
            Ok(None) => {
                return RefundOutcome::Undecided("the gateway does not find the trade".into());
            }
            Err(error) => return RefundOutcome::Undecided(error.to_string()),
        };
        if row.trade_status == TradeStatus::Cancelled
            || row.refund_amount.unwrap_or(0) >= refunded_before.saturating_add(amount)
        {
            return RefundOutcome::Done;
        }
        let mut captured = row.close_status == Some(CloseStatus::Captured);
        if !captured && amount < charge.amount {
            // A part can be given back only of what has been taken.
            if row.close_status == Some(CloseStatus::NotRequested) {
                let asked = self
                    .client
                    .trade_close(trade_no, CloseType::Capture, charge.amount, now)
                    .await;
                if let Err(error) = asked {
                    return RefundOutcome::Undecided(error.to_string());
                }
            }
            let again = self.client.trade_query(&number, now).await;
            captured =
                matches!(again, Ok(Some(row)) if row.close_status == Some(CloseStatus::Captured));
            if !captured {
                return RefundOutcome::Capturing;
            }
        }
        let done = if captured {
            self.client
                .trade_close(trade_no, CloseType::Refund, amount, now)
                .await
        } else {
            self.client.trade_cancel(trade_no, now).await
        };
        match done {
            Ok(()) => RefundOutcome::Done,
            Err(CallError::Refused { code, message }) => RefundOutcome::Refused(Failure {
                code: PaymentFailure::PayuniDeclined.code().into(),
                detail: format!("{code}: {message}"),
            }),
            Err(undecided) => RefundOutcome::Undecided(undecided.to_string()),
        }
    }
}

/// There is no card to charge.
pub fn no_card() -> Failure {
    failure(PaymentFailure::InvalidCard, "there is no card")
}

fn failure(code: PaymentFailure, detail: impl Into<String>) -> Failure {
    Failure {
        code: code.code().into(),
        detail: detail.into(),
    }
}

fn outcome(decision: Decision) -> Outcome {
    match decision {
        Decision::Succeeded(trade) => paid(*trade),
        Decision::Failed(refused) if refused.code.code == "IFTRADE04002" => Outcome::NoCard,
        Decision::Failed(refused) => {
            let detail = format!("{}: {}", refused.code, refused.message);
            let code = match refused.card {
                Some(CardFailure::InsufficientFunds | CardFailure::OverLimit) => {
                    PaymentFailure::InsufficientFunds
                }
                Some(CardFailure::Expired) => PaymentFailure::ExpiredCard,
                Some(
                    CardFailure::InvalidCard
                    | CardFailure::UnknownStoredCard
                    | CardFailure::WrongPin,
                ) => PaymentFailure::InvalidCard,
                Some(CardFailure::IssuerUnavailable) => PaymentFailure::Timeout,
                Some(
                    CardFailure::Declined
                    | CardFailure::LostOrStolen
                    | CardFailure::NotPermitted
                    | CardFailure::SuspectedFraud
                    | CardFailure::InvalidAmount,
                ) => PaymentFailure::CardDeclined,
                None => PaymentFailure::PayuniDeclined,
            };
            Outcome::Failed(failure(code, detail))
        }
        Decision::Undecided(reason) => Outcome::Undecided(reason.to_string()),
        Decision::Requires3D { url } => Outcome::ThreeD { url },
    }
}

fn paid(trade: TradeReply) -> Outcome {
    Outcome::Paid {
        trade_no: trade.trade_no,
        card: trade.credit_hash.map(|token| NewCard {
            token,
            first_six: trade.card6.unwrap_or_default(),
            last_four: trade.card4.unwrap_or_default(),
            expires: trade.credit_life,
        }),
    }
}
