//! The organizations of a person: their balance, where credit came from and went.

use super::charge::ChargeRow;
use super::frame::{Frame, Words, html, trouble};
use super::session::{Person, enter};
use super::words::HomeWords;
use crate::ask::Ask;
use crate::billing::text;
use crate::forms::text::time;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use orders::model::OrganizationId;
use orders::odata::ListQuery;
use orders::people::OrganizationDetail;
use orders::repo::{profiles, records};
use orders::{Error, Orders};

/// So many organizations on the page, and so many of each one's records and charges.
const MOST_ORGANIZATIONS: &str = "$orderby=name&$top=20";
const MOST_RECORDS: &str = "$top=8";
const MOST_CHARGES: i64 = 8;

#[derive(Template)]
#[template(path = "my/home.html")]
struct Page {
    frame: Frame,
    words: &'static HomeWords,
    organizations: Vec<Organization>,
    /// How many there are besides.
    more: Option<String>,
}

struct Organization {
    id: OrganizationId,
    name: String,
    enabled: bool,
    balance: String,
    top_up: String,
    records: Vec<Record>,
    charges: Vec<ChargeRow>,
}

struct Record {
    number: String,
    at: String,
    what: &'static str,
    amount: String,
    increase: bool,
}

/// The first page.
pub async fn page(State(orders): State<Orders>, ask: Ask) -> Response {
    let person = match enter(&orders, &ask).await {
        Ok(person) => person,
        Err(response) => return response,
    };
    match show(&orders, &ask, &person).await {
        Ok(page) => html(StatusCode::OK, &page.frame, &page),
        Err(error) => trouble(&ask, Some(&person), &error),
    }
}

async fn show(orders: &Orders, ask: &Ask, person: &Person) -> orders::Result<Page> {
    let words = Words::to(ask);
    let query = list_query(MOST_ORGANIZATIONS, &profiles::ENTITY)?;
    let (details, count) = orders.organizations_of(person.session, query).await?;
    let shown = i64::try_from(details.len()).unwrap_or(count);
    let mut organizations = Vec::new();
    for detail in details {
        organizations.push(organization(orders, ask, detail).await?);
    }
    Ok(Page {
        frame: Frame::new(ask, Some(person), words.home.title),
        words: &words.home,
        organizations,
        more: (count > shown).then(|| (words.home.more)(&(count - shown).to_string())),
    })
}

async fn organization(
    orders: &Orders,
    ask: &Ask,
    detail: OrganizationDetail,
) -> orders::Result<Organization> {
    let words = &Words::to(ask).home;
    let id = detail.organization_id;
    let balance = orders.balance(id).await?;
    let balance = balance.ok_or_else(|| Error::Failed("the credit account is missing".into()))?;
    let query = list_query(MOST_RECORDS, &records::ENTITY)?;
    let find = move |tx: &mut store::Tx<'_>| records::list(tx, id, &query);
    let (records, _) = orders.db().scan(find).await.map_err(Error::from)?;
    let charges = orders.charges_of(id, MOST_CHARGES).await?;
    Ok(Organization {
        id,
        name: detail.name,
        enabled: detail.enable,
        balance: text::grouped(balance.get()),
        top_up: ask.link(&format!("/my/{id}/top-up")),
        records: records
            .into_iter()
            .map(|record| Record {
                number: record.organization_credit_record_number,
                at: time(record.create_date_time),
                what: if record.order.is_some() {
                    words.order
                } else if record.quantity.get() > 0 {
                    words.increase
                } else {
                    words.decrease
                },
                amount: text::signed(record.quantity.get()),
                increase: record.quantity.get() > 0,
            })
            .collect(),
        charges: charges
            .iter()
            .map(|charge| ChargeRow::new(ask, charge))
            .collect(),
    })
}

fn list_query(text: &str, entity: &'static orders::odata::Entity) -> orders::Result<ListQuery> {
    ListQuery::parse(text, entity).map_err(Error::Failed)
}
