//! The list of e-invoices.

use crate::model::OrganizationId;
use crate::odata::{Entity, Field, Kind, ListQuery};
use crate::repo::records::page;
use invoicing::model::{ProviderName, ReceiveName, Seller, Status, TaxName};
use invoicing::repo::Invoice;
use store::{Param, StoreError, Tx};

/// The list of invoices, as OData sees it.
pub static ENTITY: Entity = Entity {
    name: "InvoiceResponse",
    fields: &[
        Field::new("id", "invoice_id", Kind::Guid).filter_only(),
        Field::new("credit_charge_id", "sale", Kind::Guid).filter_only(),
        Field::new("invoice_number", "invoice_number", Kind::String)
            .filter_only()
            .nullable(),
        Field::new("total", "total", Kind::Int64),
        Field::new(
            "invoice_provider",
            "provider",
            Kind::Enum {
                type_name: "InvoiceProvider",
                values: ProviderName::NAMES,
            },
        ),
        Field::new(
            "invoice_receive_type",
            "receive_type",
            Kind::Enum {
                type_name: "InvoiceReceiveType",
                values: ReceiveName::NAMES,
            },
        ),
        Field::new(
            "invoice_tax_type",
            "tax_type",
            Kind::Enum {
                type_name: "InvoiceTaxType",
                values: TaxName::NAMES,
            },
        ),
        Field::new(
            "invoice_status",
            "status",
            Kind::Enum {
                type_name: "InvoiceStatus",
                values: Status::NAMES,
            },
        ),
        Field::new("create_date_time", "created_at", Kind::DateTime),
    ],
    collections: &[],
};

/// The invoices of an organization that a query asks for, and how many there are in all.
pub fn list(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    query: &ListQuery,
) -> Result<(Vec<Invoice>, i64), StoreError> {
    page(
        tx,
        query,
        Invoice::COLUMNS,
        "einvoices WHERE seller = $1 AND owner = $2",
        &[
            Param::from(Seller::Orders.name()),
            Param::from(organization),
        ],
        "invoice_id DESC",
        Invoice::read,
    )
}
