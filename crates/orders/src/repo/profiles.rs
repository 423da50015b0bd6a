//! What organizations say of themselves.

use super::records::page;
use crate::model::{Organization, OrganizationId, SessionHolder};
use crate::odata::{Entity, Field, Kind, ListQuery};
use files::FileId;
use kernel::Timestamp;
use serde::Serialize;
use store::{Param, Row, StoreError, Tx, params, statements};

statements! {
    FIND = "SELECT organization_id, name, enabled, contact_email, contact_phone, tax_id, logo_file_id, created_at, updated_at \
        FROM organizations WHERE organization_id = $1";
    UPDATE = "UPDATE organizations SET name = $2, contact_email = $3, contact_phone = $4, tax_id = $5, logo_file_id = $6, \
        updated_at = $7 WHERE organization_id = $1";
}

/// An organization as its members see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OrganizationDetail {
    /// Its id.
    pub organization_id: OrganizationId,
    /// 1 to 64 characters.
    pub name: String,
    /// Whether its keys are let in.
    pub enable: bool,
    /// Where it gets mail.
    pub contact_email: Option<String>,
    /// In E.164.
    pub contact_phone: Option<String>,
    /// Its uniform number.
    pub tax_id: Option<String>,
    /// Its logo.
    pub logo_file_id: Option<FileId>,
    /// When it was made.
    pub create_date_time: Timestamp,
    /// When it was last changed.
    pub update_date_time: Option<Timestamp>,
}

/// The list of organizations, as OData sees it.
pub static ENTITY: Entity = Entity {
    name: "OrganizationDetailResponse",
    fields: &[
        Field::new("id", "o.organization_id", Kind::Guid).filter_only(),
        Field::new("name", "o.name", Kind::String),
        Field::new("create_date_time", "o.created_at", Kind::DateTime),
    ],
    collections: &[],
};

impl OrganizationDetail {
    /// The organization as its keys know it.
    pub fn organization(&self) -> Organization {
        Organization {
            organization_id: self.organization_id,
            name: self.name.clone(),
            enabled: self.enable,
            created_at: self.create_date_time,
        }
    }
}

fn detail(row: &Row<'_>) -> Result<OrganizationDetail, StoreError> {
    Ok(OrganizationDetail {
        organization_id: row.get(0)?,
        name: row.get(1)?,
        enable: row.get(2)?,
        contact_email: row.get(3)?,
        contact_phone: row.get(4)?,
        tax_id: row.get(5)?,
        logo_file_id: row.get(6)?,
        create_date_time: row.get(7)?,
        update_date_time: row.get(8)?,
    })
}

/// An organization; `None` when there is none.
pub fn find(tx: &mut Tx<'_>, id: OrganizationId) -> Result<Option<OrganizationDetail>, StoreError> {
    tx.query_opt(FIND, params![id], detail)
}

/// Stores what an organization says of itself.
pub fn update(tx: &mut Tx<'_>, detail: &OrganizationDetail) -> Result<(), StoreError> {
    tx.execute(
        UPDATE,
        params![
            detail.organization_id,
            &detail.name,
            detail.contact_email.as_deref(),
            detail.contact_phone.as_deref(),
            detail.tax_id.as_deref(),
            detail.logo_file_id,
            detail.update_date_time,
        ],
    )
    .map(drop)
}

/// The organizations of an account that a query asks for, and how many there are in all. An operator has every one.
pub fn list(
    tx: &mut Tx<'_>,
    who: SessionHolder,
    query: &ListQuery,
) -> Result<(Vec<OrganizationDetail>, i64), StoreError> {
    let columns = "o.organization_id, o.name, o.enabled, o.contact_email, o.contact_phone, o.tax_id, o.logo_file_id, o.created_at, o.updated_at";
    page(
        tx,
        query,
        columns,
        "organizations o WHERE ($1 = 1 OR o.organization_id IN \
         (SELECT m.organization_id FROM organization_members m WHERE m.account_id = $2))",
        &[
            Param::Int(i64::from(who.is_operator)),
            Param::from(who.account_id),
        ],
        "o.created_at, o.organization_id",
        detail,
    )
}
