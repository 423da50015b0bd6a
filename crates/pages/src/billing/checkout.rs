//! The checkout page, and what its script asks for. The last part of the path is what gives access: a session's part of the
//! address, or, for the embedded form, the checkout's client secret.

use super::answer::{self, Trouble, answer, to_the_end};
use super::assets;
use super::frame::{Action, Frame, Notice, Policy, Script, Shop, Tone, html, trouble};
use super::portal::einvoice::{self, AtCheckout};
use super::summary::Summary;
use super::words::{Checkout as CheckoutWords, Words};
use crate::ask::Ask;
use crate::links::web_address;
use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use billing::checkout::Paid;
use billing::face::Fields;
use billing::model::{Buyer, CheckoutStatus, Purpose};
use billing::repo::{Checkout, Product};
use billing::settle::DUPLICATE;
use billing::{Billing, Error, Given, Scope};
use catalogue::RecurError;
use catalogue::recur::{BadRequest, Conflict, Resource, StateRefusal};
use serde_json::{Value, json};

/// How far a checkout is, as its page sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Open,
    UsedUp,
    Pending,
    Challenge,
    Paid,
    Duplicate,
    Closed,
    Expired,
}

impl Stage {
    fn of(checkout: &Checkout, scope: &Scope) -> Self {
        match checkout.status {
            CheckoutStatus::Succeeded => Self::Paid,
            CheckoutStatus::Canceled if is_duplicate(checkout) => Self::Duplicate,
            CheckoutStatus::Canceled => Self::Closed,
            CheckoutStatus::Processing => Self::Pending,
            CheckoutStatus::RequiresAction => Self::Challenge,
            _ if checkout.expires_at <= scope.now => Self::Expired,
            _ if checkout.attempts >= checkout.max_attempts => Self::UsedUp,
            CheckoutStatus::RequiresPaymentMethod | CheckoutStatus::RequiresConfirmation => {
                Self::Open
            }
        }
    }

    /// As the script knows it.
    const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Pending => "pending",
            Self::Challenge => "challenge",
            Self::Paid => "done",
            Self::UsedUp | Self::Duplicate | Self::Closed | Self::Expired => "over",
        }
    }
}

fn is_duplicate(checkout: &Checkout) -> bool {
    checkout
        .refusal
        .0
        .as_ref()
        .is_some_and(|failure| failure.code == DUPLICATE)
}

/// A checkout and what its page says of it.
pub struct Sale {
    scope: Scope,
    checkout: Checkout,
    product: Product,
    shop: Shop,
    script_url: String,
    given: Option<Given>,
    /// Whether what is paid is invoiced for the tax authority.
    invoiced: bool,
}

impl Sale {
    /// Of this checkout.
    pub async fn of(billing: &Billing, checkout: Checkout) -> billing::Result<Self> {
        let account = billing.account(checkout.account_id).await?;
        let product = billing.product_of(&checkout).await?;
        Ok(Self {
            given: billing.given_by(&checkout, &product).await?,
            product,
            scope: billing.scope_at(account.account_id, account.livemode, account.clock_offset),
            shop: Shop::of(billing, &account).await?,
            script_url: billing.gateways().of(account.livemode)?.script_url.clone(),
            invoiced: account.settings.0.einvoices.is_some(),
            checkout,
        })
    }

    /// What the script is told of the sale that is made.
    fn made(&self) -> Value {
        json!({
            "id": self.checkout.checkout_id,
            "status": self.checkout.status,
            "productId": self.checkout.product_id,
            "orderId": self.checkout.order_id,
            "subscriptionId": self.checkout.subscription_id,
            "amount": self.checkout.amount(),
            "currency": "TWD",
        })
    }
}

/// The form in which a buyer pays.
#[derive(Template)]
#[template(path = "billing/checkout.html")]
struct Form<'a> {
    frame: Frame,
    words: &'static CheckoutWords,
    /// HTML.
    summary: String,
    total: String,
    email: &'a str,
    email_settled: bool,
    name: &'a str,
    einvoice: Option<AtCheckout>,
    refusal: Option<String>,
    needs_card: bool,
    pay: &'static str,
    cancel: Option<Action>,
    script_url: &'a str,
    environment: &'static str,
    script: Script,
}

/// How a page is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// By itself.
    Hosted,
    /// In a frame of a merchant's page.
    Embedded,
}

/// The page of a session.
pub async fn page(State(billing): State<Billing>, ask: Ask) -> Response {
    let session = ask.param("session");
    let found = async { Sale::of(&billing, billing.find_session(session).await?).await }.await;
    match found {
        Ok(sale) => show(&billing, &ask, &sale, session, Setting::Hosted),
        Err(error) => trouble(&ask, None, Policy::default(), &error),
    }
}

/// The page of a checkout as it stands; `door` is what gives access to it.
pub fn show(billing: &Billing, ask: &Ask, sale: &Sale, door: &str, setting: Setting) -> Response {
    let words = &ask.words().checkout;
    let checkout = &sale.checkout;
    let embedded = setting == Setting::Embedded;
    let stage = Stage::of(checkout, &sale.scope);
    let policy = Policy {
        gateway: Some(sale.script_url.clone()),
        framed: embedded,
    };
    let frame = |title: String| Frame::new(ask, Some(&sale.shop), title).with(policy.clone());
    let notice =
        |tone, said: &super::words::Said| Notice::new(frame(said.title.to_owned()), tone, said);
    let script = Script {
        hrefs: vec![assets::CARD.href(), assets::CHECKOUT.href()],
        state: stage.name(),
        door: format!("/checkout/{door}"),
        embedded,
        words: script_words(ask.words()),
    };
    let home = checkout
        .cancel_url
        .as_deref()
        .and_then(web_address)
        .filter(|_| !embedded);
    let back = (ask.words().return_to)(&sale.shop.name);
    match stage {
        Stage::Open => {
            let summary = Summary::new(ask.locale(), checkout, &sale.product, sale.scope.now);
            let total = summary.total.clone();
            let Ok(summary) = summary.render() else {
                return trouble(
                    ask,
                    None,
                    policy,
                    &Error::Failed("the summary cannot be written".into()),
                );
            };
            let form = Form {
                frame: frame((words.title)(&sale.shop.name)),
                words,
                summary,
                total,
                email: checkout.buyer.0.email.as_deref().unwrap_or_default(),
                email_settled: checkout.is_buyer_settled() && checkout.buyer.0.email.is_some(),
                name: checkout.buyer.0.name.as_deref().unwrap_or_default(),
                einvoice: (sale.invoiced && checkout.purpose != Purpose::Setup)
                    .then(|| AtCheckout::new(ask.locale())),
                refusal: checkout
                    .refusal
                    .0
                    .as_ref()
                    .map(|failure| answer::declined(ask, failure).0),
                needs_card: checkout.charged > 0,
                pay: if checkout.purpose == Purpose::Setup {
                    words.save_card
                } else {
                    words.pay
                },
                cancel: home.map(|href| Action {
                    label: words.cancel.to_owned(),
                    href: href.to_owned(),
                }),
                script_url: &sale.script_url,
                environment: if sale.shop.livemode { "P" } else { "S" },
                script,
            };
            html(StatusCode::OK, &form.frame, &form)
        }
        Stage::Paid => {
            let thanks = notice(Tone::Good, &words.thanks);
            let email = checkout.buyer.0.email.as_deref();
            let lines = [
                Some(words.thanks.text.to_owned()),
                email.map(words.thanks_to),
            ];
            let success = checkout
                .success_url
                .is_some()
                .then(|| billing.success_url(checkout));
            let success = success
                .as_deref()
                .and_then(web_address)
                .filter(|_| !embedded);
            let thanks = thanks
                .saying(lines.into_iter().flatten())
                .offering(back, success);
            match &sale.given {
                Some(given) => thanks.showing(
                    ask.words().certificate,
                    given.path.as_deref().map(|path| ask.link(path)),
                ),
                None => thanks,
            }
            .answer(StatusCode::OK)
        }
        Stage::Duplicate => {
            let lines = [words.duplicate_refunded, words.duplicate_next].map(str::to_owned);
            let said = super::words::Said {
                title: words.duplicate,
                text: words.duplicate_next,
            };
            notice(Tone::Plain, &said)
                .saying(lines)
                .offering(back, home)
                .answer(StatusCode::OK)
        }
        Stage::Pending => notice(Tone::Wait, &words.pending)
            .running(script)
            .answer(StatusCode::OK),
        Stage::Challenge => notice(Tone::Wait, &words.challenge)
            .running(script)
            .answer(StatusCode::OK),
        Stage::UsedUp => {
            let notice = notice(Tone::Bad, &words.attempts);
            notice.offering(back, home).answer(StatusCode::OK)
        }
        Stage::Closed => notice(Tone::Plain, &words.closed)
            .offering(back, home)
            .answer(StatusCode::GONE),
        Stage::Expired => notice(Tone::Plain, &words.expired)
            .offering(back, home)
            .answer(StatusCode::GONE),
    }
}

/// What the scripts say by themselves.
pub fn script_words(words: &Words) -> String {
    json!({
        "busy": words.busy,
        "network": words.network,
        "loading": words.card.loading,
        "unavailable": words.card.unavailable,
        "renewed": words.card.renewed,
        "wrong": words.card.wrong,
        "verifying": words.checkout.verifying.text,
        "go": words.checkout.challenge_go,
    })
    .to_string()
}

/// The page that a window of the bank's check ends on. It closes itself.
pub async fn window_closed(ask: Ask) -> Response {
    let said = &ask.words().window_closed;
    let script = Script {
        hrefs: vec![assets::CLOSED.href()],
        state: "closed",
        door: String::new(),
        embedded: false,
        words: String::from("{}"),
    };
    let frame = Frame::new(&ask, None, said.title);
    Notice::new(frame, Tone::Good, said)
        .running(script)
        .answer(StatusCode::OK)
}

/// The checkout that the path gives access to.
async fn enter(billing: &Billing, ask: &Ask) -> Result<(Scope, Checkout), Error> {
    let door = ask.param("session");
    let checkout = if door.starts_with("cs_") {
        billing.find_session(door).await?
    } else {
        billing.open_secret(door).await?
    };
    Ok((billing.scope(checkout.account_id).await?, checkout))
}

/// How far the checkout is.
pub async fn status(State(billing): State<Billing>, ask: Ask) -> Response {
    let result = async {
        let (scope, checkout) = enter(&billing, &ask).await?;
        standing(&billing, &ask, &scope, checkout).await
    };
    answer(&ask, result.await.map_err(Trouble::Billing))
}

/// `state`, and with it what the script does next.
async fn standing(
    billing: &Billing,
    ask: &Ask,
    scope: &Scope,
    checkout: Checkout,
) -> billing::Result<Value> {
    let stage = Stage::of(&checkout, scope);
    let mut value = match (stage, &checkout.refusal.0) {
        (Stage::Paid, _) => {
            let redirect = billing.success_url(&checkout);
            let redirect = web_address(&redirect).map(str::to_owned);
            json!({"done": true, "redirect": redirect, "data": Sale::of(billing, checkout).await?.made()})
        }
        (Stage::Duplicate, _) => conflict(ask, true),
        (Stage::Open | Stage::UsedUp, Some(failure)) => answer::failure(ask, failure),
        _ => json!({}),
    };
    value["state"] = stage.name().into();
    Ok(value)
}

/// That the buyer has a subscription already.
fn conflict(ask: &Ask, paid: bool) -> Value {
    let words = &ask.words().checkout;
    let what = if paid {
        words.duplicate_refunded
    } else {
        words.duplicate_untouched
    };
    let lines = [what, words.duplicate_next];
    json!({"conflict": {"title": words.duplicate, "lines": lines, "refunded": paid}})
}

/// Keeps who buys.
pub async fn set_buyer(State(billing): State<Billing>, ask: Ask, body: Body) -> Response {
    let result = async {
        let mut fields = Fields::of_body(ask.json(&billing.config().public_url, body).await?);
        let (scope, checkout) = enter(&billing, &ask).await?;
        if checkout.buyer.0.email.is_none() {
            fields.required_text("email");
        }
        let buyer = Buyer {
            email: fields.email("email"),
            name: fields.text_within("name", 200),
            external_id: None,
        };
        let choice = einvoice::chosen(&mut fields);
        fields.finish()?;
        let checkout = billing
            .set_buyer(&scope, checkout.checkout_id, buyer)
            .await?;
        if let Some(choice) = choice {
            let id = checkout.checkout_id;
            if let Err(wrong) = billing.choose_einvoice_at(&scope, id, choice).await? {
                einvoice::refuse(&mut fields, &wrong);
                fields.finish()?;
            }
        }
        Ok(json!({"email": checkout.buyer.0.email, "name": checkout.buyer.0.name}))
    };
    answer(&ask, result.await)
}

/// Applies a promotion code.
pub async fn apply_code(State(billing): State<Billing>, ask: Ask, body: Body) -> Response {
    let result = async {
        let mut fields = Fields::of_body(ask.json(&billing.config().public_url, body).await?);
        let code = fields.required_text("code");
        fields.finish()?;
        let (scope, checkout) = enter(&billing, &ask).await?;
        let (checkout, product) = billing
            .apply_code(&scope, checkout.checkout_id, &code)
            .await?;
        Ok(priced(&ask, &scope, &checkout, &product)?)
    };
    answer(&ask, result.await)
}

/// Takes the promotion code off.
pub async fn remove_code(State(billing): State<Billing>, ask: Ask, body: Body) -> Response {
    let result = async {
        ask.json(&billing.config().public_url, body).await?;
        let (scope, checkout) = enter(&billing, &ask).await?;
        let checkout = billing.remove_code(&scope, checkout.checkout_id).await?;
        let product = billing.product_of(&checkout).await?;
        Ok(priced(&ask, &scope, &checkout, &product)?)
    };
    answer(&ask, result.await)
}

fn priced(
    ask: &Ask,
    scope: &Scope,
    checkout: &Checkout,
    product: &Product,
) -> billing::Result<Value> {
    let summary = Summary::new(ask.locale(), checkout, product, scope.now);
    let total = summary.total.clone();
    let summary = summary
        .render()
        .map_err(|error| Error::Failed(error.to_string()))?;
    Ok(json!({"summary": summary, "total": total, "needs_card": checkout.charged > 0}))
}

/// A new token for the card form.
pub async fn renew_token(State(billing): State<Billing>, ask: Ask, body: Body) -> Response {
    let result = async {
        ask.json(&billing.config().public_url, body).await?;
        let (scope, checkout) = enter(&billing, &ask).await?;
        let checkout = billing
            .refresh_sdk_token(&scope, checkout.checkout_id, own_origin(&billing))
            .await?;
        Ok(json!({"token": checkout.sdk_token}))
    };
    answer(&ask, result.await)
}

/// Where our own pages are: the card form works there only.
pub fn own_origin(billing: &Billing) -> &str {
    let url = &billing.config().public_url;
    crate::links::origin(url).unwrap_or(url)
}

/// Pays with the card that was typed into the form.
pub async fn pay(State(billing): State<Billing>, ask: Ask, body: Body) -> Response {
    let result = async {
        ask.json(&billing.config().public_url, body).await?;
        let (scope, checkout) = enter(&billing, &ask).await?;
        let id = checkout.checkout_id;
        if checkout.buyer.0.email.is_none()
            && checkout.status == CheckoutStatus::RequiresPaymentMethod
        {
            let reason = BadRequest::MissingFields(vec!["email".into()]);
            return Err(RecurError::BadRequest { reason }.into());
        }
        let cashier = billing.clone();
        let paid = to_the_end(async move { cashier.pay(&scope, id).await }).await;
        let now = async || standing(&billing, &ask, &scope, billing.find_checkout(id).await?).await;
        Ok(match paid {
            Ok(Paid::RequiresAction { url }) => json!({"redirect_3d": url}),
            Ok(Paid::Done { .. } | Paid::Declined(_))
            | Err(Error::Refused(RecurError::Conflict {
                conflict: Conflict::PaymentInProgress,
            })) => now().await?,
            Err(Error::Refused(RecurError::Conflict {
                conflict: Conflict::DuplicateSubscription { .. },
            })) => conflict(&ask, is_duplicate(&billing.find_checkout(id).await?)),
            Err(Error::Refused(RecurError::BadRequest {
                reason:
                    BadRequest::State(
                        StateRefusal::CheckoutExpired
                        | StateRefusal::CheckoutClosed
                        | StateRefusal::MaxAttempts,
                    ),
            }))
            | Err(Error::Refused(RecurError::NotFound {
                what: Resource::Product,
            })) => json!({"state": "over"}),
            Err(error) => return Err(error.into()),
        })
    };
    answer(&ask, result.await)
}
