//! `/platform/invoice`: e-invoices for credit that was paid for.

use super::Page;
use super::call::{Caller, PathIds, Post};
use super::charge;
use super::fields::{self, Fields, Sent, is_blank};
use super::limits::LARGEST_NUMBER;
use super::order::check_named;
use crate::invoices::{AllowanceResponse, InvoiceResponse, Names, fields_of};
use crate::repo::invoices as repo;
use crate::{Error, Orders};
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{delete, get, post};
use catalogue::PlatformError;
use catalogue::platform::Conflict;
use einvoice::invoice::{Draft, DraftLine, DraftReceive};
use einvoice::rules::tax::{Customs, LineTax, SpecialRate, TaxType, ZeroRateReason};
use httpkit::{Refusal, Reply};
use invoicing::allow::Given;
use invoicing::model::{InvoiceId, ProviderName, ReceiveName, TaxName};
use invoicing::repo::Invoice;
use serde::Deserialize;
use std::ops::RangeInclusive;

/// The id in the path.
const ID: &str = "invoice_id";
/// Characters of the reason for a void. Some providers take less.
pub(super) const REASON: RangeInclusive<i64> = 1..=20;
/// The price of one in whole TWD; a discount is negative.
pub(super) const PRICE: RangeInclusive<i64> = -LARGEST_NUMBER..=LARGEST_NUMBER;
/// Numbers of special rates, as on the tax return.
pub(super) const SPECIAL_RATES: RangeInclusive<i64> = 1..=6;
/// Numbers of the reasons for a zero rate.
pub(super) const ZERO_RATE_REASONS: RangeInclusive<i64> = 71..=79;
/// How zero-rated goods leave the country.
pub(super) const CUSTOMS: [&str; 2] = ["not_through", "through"];
/// What a line of a mixed invoice can be taxed with.
pub(super) const LINE_TAXES: [&str; 3] = [
    TaxName::Taxable.name(),
    TaxName::ZeroTaxRate.name(),
    TaxName::TaxFree.name(),
];

pub fn routes() -> Router<Orders> {
    Router::new()
        .route(
            "/organization/credit/charge/{credit_charge_id}/invoice",
            post(create),
        )
        .route("/invoice", get(list))
        .route("/invoice/{invoice_id}", get(show))
        .route("/invoice/{invoice_id}", delete(discard))
        .route("/invoice/{invoice_id}/issue", post(issue))
        .route("/invoice/{invoice_id}/void", post(void))
        .route("/invoice/{invoice_id}/allowance", post(allowance))
        .route("/invoice/{invoice_id}/print-url", get(print_url))
}

fn shown(invoice: &Invoice) -> Result<Reply, Refusal> {
    let response = InvoiceResponse::of(invoice).map_err(Error::from)?;
    Ok(Reply::ok(&response))
}

async fn list(State(orders): State<Orders>, caller: Caller) -> Result<Reply, Refusal> {
    let query = caller.list_query(&repo::ENTITY)?;
    let organization = caller.organization();
    let (invoices, count) = orders
        .db()
        .scan(move |tx| repo::list(tx, organization, &query))
        .await
        .map_err(Error::from)?;
    let value: Result<Vec<_>, _> = invoices.iter().map(InvoiceResponse::of).collect();
    let value = value.map_err(Error::from)?;
    Ok(Reply::ok(&Page { value, count }))
}

async fn show(
    State(orders): State<Orders>,
    caller: Caller,
    ids: PathIds,
) -> Result<Reply, Refusal> {
    let id = ids.id(ID)?;
    let refresh = caller.flag("refresh")?;
    caller.check_named_organization()?;
    let found = orders.invoice(caller.organization(), id, refresh).await?;
    shown(&found)
}

async fn print_url(
    State(orders): State<Orders>,
    caller: Caller,
    ids: PathIds,
) -> Result<Reply, Refusal> {
    let id = ids.id(ID)?;
    caller.check_named_organization()?;
    let url = orders.invoice_print_url(caller.organization(), id).await?;
    Ok(Reply::ok(&url))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct InvoiceBody<'a> {
    #[serde(borrow)]
    organization_id: Sent<'a>,
    invoice_provider: Sent<'a>,
    invoice_receive_type: Sent<'a>,
    invoice_tax_type: Sent<'a>,
    special_tax_rate: Sent<'a>,
    customs_clearance: Sent<'a>,
    zero_tax_rate_reason: Sent<'a>,
    buyer_name: Sent<'a>,
    buyer_tax_id: Sent<'a>,
    buyer_address: Sent<'a>,
    buyer_phone: Sent<'a>,
    email: Sent<'a>,
    carrier_id: Sent<'a>,
    love_code: Sent<'a>,
    remark: Sent<'a>,
    items: Sent<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ItemBody<'a> {
    #[serde(borrow)]
    name: Sent<'a>,
    count: Sent<'a>,
    unit: Sent<'a>,
    price: Sent<'a>,
    tax_type: Sent<'a>,
}

/// Every field of what is sent about an invoice later; each operation reads its own.
#[derive(Deserialize, Default)]
#[serde(default)]
struct StepBody<'a> {
    #[serde(borrow)]
    organization_id: Sent<'a>,
    reason: Sent<'a>,
    items: Sent<'a>,
    amount: Sent<'a>,
}

async fn create(State(orders): State<Orders>, mut post: Post) -> Result<Response, Refusal> {
    let charge = post.path_id(charge::ID).await?;
    let organization = post.caller.organization();
    let (provider, draft) = {
        let body: InvoiceBody<'_> = fields::parse(&post.body)?;
        let mut fields = Fields::default();
        let named = fields.uuid("organization_id", body.organization_id);
        let wanted = read_draft(fields, &body)?;
        check_named(named, organization)?;
        wanted
    };
    post.once_or_again(&orders, async || {
        let made = orders.create_invoice(organization, charge, provider, draft);
        shown(&made.await?)
    })
    .await
}

/// Reads what is wanted on an invoice; everything that is wrong with it by the rules for all providers is said at once.
fn read_draft(
    mut fields: Fields,
    body: &InvoiceBody<'_>,
) -> Result<(ProviderName, Draft), PlatformError> {
    for (property, sent) in [
        ("invoice_provider", body.invoice_provider),
        ("invoice_receive_type", body.invoice_receive_type),
        ("invoice_tax_type", body.invoice_tax_type),
    ] {
        fields.require(property, sent);
    }
    let provider = fields.one_of(
        "invoice_provider",
        body.invoice_provider,
        ProviderName::of,
        ProviderName::NAMES,
    );
    let receive = fields.one_of(
        "invoice_receive_type",
        body.invoice_receive_type,
        ReceiveName::of,
        ReceiveName::NAMES,
    );
    let tax = fields.one_of(
        "invoice_tax_type",
        body.invoice_tax_type,
        TaxName::of,
        TaxName::NAMES,
    );
    let carrier = fields.plain("carrier_id", body.carrier_id);
    let love_code = fields.plain("love_code", body.love_code);
    let mut draft = Draft::new("-");
    draft.buyer.name = fields.plain("buyer_name", body.buyer_name);
    draft.buyer.ubn = fields.plain("buyer_tax_id", body.buyer_tax_id);
    draft.buyer.address = fields.plain("buyer_address", body.buyer_address);
    draft.buyer.phone = fields.plain("buyer_phone", body.buyer_phone);
    draft.buyer.email = fields.email("email", body.email);
    draft.remark = fields.plain("remark", body.remark);
    draft.customs = fields.one_of(
        "customs_clearance",
        body.customs_clearance,
        |name| match name {
            "not_through" => Some(Customs::NotThrough),
            "through" => Some(Customs::Through),
            _ => None,
        },
        &CUSTOMS,
    );
    let reason = fields.whole(
        "zero_tax_rate_reason",
        body.zero_tax_rate_reason,
        ZERO_RATE_REASONS,
    );
    draft.zero_rate_reason = reason.and_then(|number| {
        let number = number.to_string();
        let mut all = ZeroRateReason::ALL.into_iter();
        all.find(|reason| reason.number() == number)
    });
    let rate = fields.whole("special_tax_rate", body.special_tax_rate, SPECIAL_RATES);
    let rate = rate.and_then(|number| {
        let mut all = SpecialRate::ALL.into_iter();
        all.find(|rate| i64::from(rate.number()) == number)
    });
    if tax == Some(TaxName::Special) {
        fields.require("special_tax_rate", body.special_tax_rate);
    }
    if receive == Some(ReceiveName::Company) {
        fields.require("buyer_tax_id", body.buyer_tax_id);
    }
    let lines = read_items(&mut fields, body.items);
    draft.tax_type = tax_type(tax, rate);
    draft.receive = receive_of(receive, carrier.as_deref(), love_code.as_deref());
    // A list that cannot be read is said once.
    draft.lines = match &lines {
        Some(lines) => lines.clone(),
        None => vec![DraftLine::new("-", 1, 1)],
    };
    let conflict = conflict(receive, &draft, carrier.is_some(), love_code.is_some());
    let wrong = draft.check().err().unwrap_or_default();
    fields.extend(
        fields_of(&wrong, &Names::of(&draft))
            .into_iter()
            .filter(|wrong| {
                let property = wrong.property.as_deref().unwrap_or_default();
                // A donation to a company is a conflict of parameters, and without a tax nothing follows from it.
                property != "invoice_receive_type" && (tax.is_some() || !depends_on_tax(property))
            }),
    );
    fields.finish()?;
    if let Some(conflict) = conflict {
        return Err(PlatformError::ConflictingParameters { conflict });
    }
    let provider = provider.ok_or(PlatformError::FieldIsRequired {
        property: "invoice_provider".into(),
    })?;
    Ok((provider, draft))
}

fn depends_on_tax(property: &str) -> bool {
    property.ends_with("tax_type")
        || ["customs_clearance", "zero_tax_rate_reason"].contains(&property)
}

fn tax_type(name: Option<TaxName>, rate: Option<SpecialRate>) -> TaxType {
    match name {
        Some(TaxName::ZeroTaxRate) => TaxType::ZeroRated,
        Some(TaxName::TaxFree) => TaxType::Exempt,
        Some(TaxName::Special) => TaxType::Special(rate.unwrap_or(SpecialRate::FinanceOther)),
        Some(TaxName::Mixed) => TaxType::Mixed,
        Some(TaxName::Taxable) | None => TaxType::Taxable,
    }
}

fn receive_of(
    name: Option<ReceiveName>,
    carrier: Option<&str>,
    love_code: Option<&str>,
) -> DraftReceive {
    let carrier = || carrier.unwrap_or_default().to_owned();
    match name {
        Some(ReceiveName::MobileBarcode) => DraftReceive::MobileBarcode(carrier()),
        Some(ReceiveName::CitizenCertificate) => DraftReceive::CitizenCertificate(carrier()),
        Some(ReceiveName::MemberCarrier) => DraftReceive::Member,
        Some(ReceiveName::Donate) => {
            DraftReceive::Donation(love_code.unwrap_or_default().to_owned())
        }
        Some(ReceiveName::Print | ReceiveName::Company) | None => DraftReceive::Paper,
    }
}

/// What excludes what.
fn conflict(
    receive: Option<ReceiveName>,
    draft: &Draft,
    carrier: bool,
    love_code: bool,
) -> Option<Conflict> {
    let donates = receive == Some(ReceiveName::Donate);
    let on_carrier = matches!(
        receive,
        Some(ReceiveName::MobileBarcode | ReceiveName::CitizenCertificate)
    );
    if (donates && (carrier || draft.buyer.ubn.is_some())) || (love_code && !donates) {
        return Some(Conflict::DonationAndOther);
    }
    (carrier && !on_carrier).then_some(Conflict::CarrierWithoutUse)
}

/// The lines of an invoice or an allowance; `None` when they cannot be read.
fn read_items(fields: &mut Fields, sent: Sent<'_>) -> Option<Vec<DraftLine>> {
    let elements = fields.elements("items", sent)?;
    let mut lines = Vec::new();
    for (place, element) in elements.into_iter().enumerate() {
        let at = |name: &str| format!("items[{place}].{name}");
        let item = fields.object::<ItemBody<'_>>(format!("items[{place}]"), element)?;
        for (name, sent) in [
            ("name", item.name),
            ("count", item.count),
            ("price", item.price),
        ] {
            fields.require(at(name), sent);
        }
        let name = fields.plain(at("name"), item.name);
        let count = fields.whole(at("count"), item.count, 1..=LARGEST_NUMBER);
        let price = fields.whole(at("price"), item.price, PRICE);
        lines.push(DraftLine {
            // What is wrong has its error already.
            name: name.unwrap_or_else(|| "-".into()),
            count: count.unwrap_or(1),
            unit: fields.plain(at("unit"), item.unit),
            price: price.unwrap_or(1),
            tax: fields.one_of(at("tax_type"), item.tax_type, line_tax, &LINE_TAXES),
        });
    }
    Some(lines)
}

fn line_tax(name: &str) -> Option<LineTax> {
    Some(match TaxName::of(name)? {
        TaxName::Taxable => LineTax::Taxable,
        TaxName::ZeroTaxRate => LineTax::ZeroRated,
        TaxName::TaxFree => LineTax::Exempt,
        TaxName::Special | TaxName::Mixed => return None,
    })
}

/// Reads what is sent about the invoice in the path.
async fn about<T>(
    post: &mut Post,
    read: impl FnOnce(&mut Fields, &StepBody<'_>) -> T,
) -> Result<(InvoiceId, T), Refusal> {
    let id = post.path_id(ID).await?;
    let body: StepBody<'_> = fields::parse(&post.body)?;
    let mut fields = Fields::default();
    let sent = read(&mut fields, &body);
    let named = fields.uuid("organization_id", body.organization_id);
    fields.finish()?;
    check_named(named, post.caller.organization())?;
    Ok((id, sent))
}

async fn issue(State(orders): State<Orders>, mut post: Post) -> Result<Response, Refusal> {
    let (id, ()) = about(&mut post, |_, _| ()).await?;
    let who = post.caller.organization();
    post.once_or_again(&orders, async || {
        shown(&orders.issue_invoice(who, id).await?)
    })
    .await
}

async fn void(State(orders): State<Orders>, mut post: Post) -> Result<Response, Refusal> {
    let (id, reason) = about(&mut post, |fields, body| {
        fields.require("reason", body.reason);
        fields.line("reason", body.reason, REASON)
    })
    .await?;
    let (who, reason) = (post.caller.organization(), reason.unwrap_or_default());
    post.once_or_again(&orders, async || {
        shown(&orders.void_invoice(who, id, &reason).await?)
    })
    .await
}

async fn discard(
    State(orders): State<Orders>,
    caller: Caller,
    ids: PathIds,
) -> Result<Reply, Refusal> {
    let id = ids.id(ID)?;
    caller.check_named_organization()?;
    shown(&orders.discard_invoice(caller.organization(), id).await?)
}

async fn allowance(State(orders): State<Orders>, mut post: Post) -> Result<Response, Refusal> {
    let (id, given) = about(&mut post, |fields, body| {
        if is_blank(body.items) {
            // Either says what is given back.
            fields.require("amount", body.amount);
            let amount = fields.int32("amount", body.amount);
            return Given::Amount(amount.unwrap_or_default());
        }
        Given::Lines(read_items(fields, body.items).unwrap_or_default())
    })
    .await?;
    let who = post.caller.organization();
    // Given again, it would be given twice.
    post.once(&orders, async || {
        let made = orders.give_allowance(who, id, given).await?;
        Ok(Reply::ok(&AllowanceResponse::of(&made)))
    })
    .await
}
