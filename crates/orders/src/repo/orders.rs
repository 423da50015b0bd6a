//! Orders and their lines.

use crate::model::{
    DelayMinutes, Detail, DispatchState, Order, OrderId, OrderStatus, OrganizationId,
    PaymentStatus, PaymentType, ProductType, Specification,
};
use crate::odata::{Collection, Entity, Field, Kind, ListQuery};
use crate::repo::records::page;
use kernel::{Id, Timestamp};
use std::collections::HashMap;
use store::{Param, Row, StoreError, Tx, params, statements};

macro_rules! order_columns {
    () => {
        "o.order_id, o.order_number, o.payment_type, o.order_status, o.payment_status, o.total, o.created_at, o.updated_at"
    };
}

macro_rules! detail_columns {
    () => {
        "d.order_id, d.order_detail_id, d.product_id, d.title, d.product_type, d.price, d.subtotal, d.quantity, d.link, \
         d.username, d.comments, d.runs, d.interval_minutes, d.min_quantity, d.max_quantity, d.delay_minutes, \
         d.new_post_count, d.old_post_count, d.expiry_date, d.start_count, d.remains"
    };
}

macro_rules! line_columns {
    () => {
        concat!(
            detail_columns!(),
            ", d.organization_id, d.units, d.dispatch_state, d.supplier_service_id, d.supplier_order_id, \
             d.checked_times, o.order_status, p.min, p.max, p.is_refillable, p.is_cancelable"
        )
    };
}

macro_rules! line_source {
    () => {
        " FROM order_details d \
         JOIN orders o ON o.organization_id = d.organization_id AND o.order_id = d.order_id \
         JOIN products p ON p.product_id = d.product_id "
    };
}

statements! {
    INSERT = "INSERT INTO orders (organization_id, order_id, order_number, payment_type, order_status, payment_status, total, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    INSERT_DETAIL = "INSERT INTO order_details (order_id, order_detail_id, organization_id, product_id, title, product_type, \
        price, subtotal, units, quantity, link, username, comments, runs, interval_minutes, min_quantity, max_quantity, \
        delay_minutes, new_post_count, old_post_count, expiry_date, dispatch_state, supplier_service_id) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)";
    FIND = concat!("SELECT ", order_columns!(), " FROM orders o WHERE o.organization_id = $1 AND o.order_id = $2");
    LINE_OF = concat!("SELECT ", line_columns!(), line_source!(), "WHERE d.order_id = $1");
    LINE = concat!("SELECT ", line_columns!(), line_source!(), "WHERE d.organization_id = $1 AND d.order_id = $2");
    TO_CHECK = concat!("SELECT ", line_columns!(), line_source!(),
        "WHERE d.check_at IS NOT NULL AND d.check_at <= $1 ORDER BY d.check_at LIMIT $2");
    SET_DISPATCH = "UPDATE order_details SET dispatch_state = $4 WHERE order_id = $1 AND order_detail_id = $2 AND dispatch_state = $3";
    SET_SENT = "UPDATE order_details SET dispatch_state = 'sent', supplier_order_id = $3, check_at = $4 \
        WHERE order_id = $1 AND order_detail_id = $2 AND dispatch_state = 'sending'";
    SET_PROGRESS = "UPDATE order_details SET start_count = $3, remains = $4, check_at = $5, checked_times = checked_times + 1, \
        dispatch_state = CASE WHEN CAST($5 AS BIGINT) IS NULL THEN 'ended' ELSE dispatch_state END \
        WHERE order_id = $1 AND order_detail_id = $2 AND dispatch_state = 'sent'";
    SET_CHECK = "UPDATE order_details SET check_at = $3, checked_times = checked_times + 1 \
        WHERE order_id = $1 AND order_detail_id = $2 AND dispatch_state = 'sent'";
    SET_STATUS = "UPDATE orders SET order_status = $3, payment_status = $4, updated_at = $5 \
        WHERE organization_id = $1 AND order_id = $2 AND order_status <> $3 \
        AND order_status NOT IN ('complete', 'partial', 'cancel', 'fail')";
    NEXT_CHECK = "SELECT check_at FROM order_details WHERE check_at IS NOT NULL ORDER BY check_at LIMIT 1";
    INSERT_REFILL = "INSERT INTO refills (refill_id, organization_id, order_id, supplier_refill_id, created_at) VALUES ($1, $2, $3, $4, $5)";
    UNCONFIRMED = "SELECT COUNT(*) FROM order_details WHERE dispatch_state = 'unconfirmed'";
}

/// The list of orders, as OData sees it.
pub static ENTITY: Entity = Entity {
    name: "OrderResponse",
    fields: &[
        Field::new("id", "o.order_id", Kind::Guid).filter_only(),
        Field::new("order_number", "o.order_number", Kind::String).filter_only(),
        Field::new(
            "payment_type",
            "o.payment_type",
            Kind::Enum {
                type_name: "PaymentType",
                values: PaymentType::LITERALS,
            },
        ),
        Field::new(
            "order_status",
            "o.order_status",
            Kind::Enum {
                type_name: "OrderStatus",
                values: OrderStatus::LITERALS,
            },
        ),
        Field::new(
            "payment_status",
            "o.payment_status",
            Kind::Enum {
                type_name: "PaymentStatus",
                values: PaymentStatus::LITERALS,
            },
        ),
        Field::new("create_date_time", "o.created_at", Kind::DateTime),
    ],
    collections: &[Collection {
        name: "order_detail",
        from: "order_details d",
        on: "d.order_id = o.order_id",
        entity: &DETAIL_ENTITY,
    }],
};

static DETAIL_ENTITY: Entity = Entity {
    name: "OrderDetail",
    fields: &[
        Field::new("id", "d.order_detail_id", Kind::Guid).filter_only(),
        Field::new("product_id", "d.product_id", Kind::Guid).filter_only(),
        Field::new("title", "d.title", Kind::String).filter_only(),
        Field::new(
            "product_type",
            "d.product_type",
            Kind::Enum {
                type_name: "ProductType",
                values: ProductType::LITERALS,
            },
        )
        .filter_only(),
        Field::new("price", "d.price", Kind::Decimal { scale: 3 }).filter_only(),
        Field::new("subtotal", "d.subtotal", Kind::Int64).filter_only(),
        Field::new("quantity", "d.quantity", Kind::Int32)
            .filter_only()
            .nullable(),
        Field::new("link", "d.link", Kind::String)
            .filter_only()
            .nullable(),
        Field::new("username", "d.username", Kind::String)
            .filter_only()
            .nullable(),
        Field::new("runs", "d.runs", Kind::Int32)
            .filter_only()
            .nullable(),
        Field::new("interval_minutes", "d.interval_minutes", Kind::Int32)
            .filter_only()
            .nullable(),
        Field::new("min_quantity", "d.min_quantity", Kind::Int32)
            .filter_only()
            .nullable(),
        Field::new("max_quantity", "d.max_quantity", Kind::Int32)
            .filter_only()
            .nullable(),
        Field::new("new_post_count", "d.new_post_count", Kind::Int32)
            .filter_only()
            .nullable(),
        Field::new("old_post_count", "d.old_post_count", Kind::Int32)
            .filter_only()
            .nullable(),
        Field::new("expiry_date", "d.expiry_date", Kind::DateTime)
            .filter_only()
            .nullable(),
        Field::new("start_count", "d.start_count", Kind::Int64)
            .filter_only()
            .nullable(),
        Field::new("remains", "d.remains", Kind::Int64)
            .filter_only()
            .nullable(),
    ],
    collections: &[],
};

/// A line of an order with all that dispatching and following it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Whose order it is.
    pub organization: OrganizationId,
    /// The order.
    pub order: OrderId,
    /// The line as clients see it.
    pub detail: Detail,
    /// How many units were charged.
    pub units: i64,
    /// What the supplier knows of it.
    pub dispatch: DispatchState,
    /// The supplier's service when it was ordered.
    pub supplier_service: Option<String>,
    /// The supplier's number for it.
    pub supplier_order: Option<String>,
    /// How often the supplier was asked about it.
    pub checked_times: i64,
    /// How far the order is.
    pub status: OrderStatus,
    /// The product's smallest quantity.
    pub min: i64,
    /// The product's largest quantity.
    pub max: i64,
    /// Whether the product can be delivered again.
    pub is_refillable: bool,
    /// Whether the product can be cancelled.
    pub is_cancelable: bool,
}

/// Stores a new order and its line.
pub fn insert(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    order: &Order,
    detail: &Detail,
    units: i64,
    dispatch: DispatchState,
    supplier_service: &str,
) -> Result<(), StoreError> {
    tx.enqueue(
        INSERT,
        params![
            organization,
            order.order_id,
            &order.order_number,
            order.payment_type.literal(),
            order.order_status.literal(),
            order.payment_status.literal(),
            order.total,
            order.create_date_time,
        ],
    )?;
    let s = &detail.specification;
    tx.enqueue(
        INSERT_DETAIL,
        params![
            order.order_id,
            detail.order_detail_id,
            organization,
            detail.product_id,
            &detail.title,
            detail.product_type.literal(),
            detail.price.thousandths(),
            detail.subtotal,
            units,
            s.quantity,
            s.link.as_deref(),
            s.username.as_deref(),
            s.comments.as_deref(),
            s.runs,
            s.interval_minutes,
            s.min_quantity,
            s.max_quantity,
            s.delay_minutes.map(DelayMinutes::literal),
            s.new_post_count,
            s.old_post_count,
            s.expiry_date,
            dispatch.literal(),
            supplier_service,
        ],
    )
}

/// An order of an organization, without its lines.
pub fn find(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    id: OrderId,
) -> Result<Option<Order>, StoreError> {
    tx.query_opt(FIND, params![organization, id], |row| order(row, 0))
}

/// The line of an order of an organization.
pub fn line(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    id: OrderId,
) -> Result<Option<Line>, StoreError> {
    tx.query_opt(LINE, params![organization, id], read_line)
}

/// The line of whoever's order this is.
pub fn line_of(tx: &mut Tx<'_>, id: OrderId) -> Result<Option<Line>, StoreError> {
    tx.query_opt(LINE_OF, params![id], read_line)
}

/// The lines that the supplier should be asked about by `now`, the longest due first.
pub fn lines_to_check(tx: &mut Tx<'_>, now: Timestamp, most: i64) -> Result<Vec<Line>, StoreError> {
    tx.query(TO_CHECK, params![now, most], read_line)
}

/// When the supplier should next be asked about any order.
pub fn next_check(tx: &mut Tx<'_>) -> Result<Option<Timestamp>, StoreError> {
    tx.query_opt(NEXT_CHECK, &[], |row| row.get(0))
}

/// Check-and-set of what the supplier knows; `false` when it was not `from`.
pub fn set_dispatch(
    tx: &mut Tx<'_>,
    line: &Line,
    from: DispatchState,
    to: DispatchState,
) -> Result<bool, StoreError> {
    let changed = tx.execute(
        SET_DISPATCH,
        params![
            line.order,
            line.detail.order_detail_id,
            from.literal(),
            to.literal(),
        ],
    )?;
    Ok(changed == 1)
}

/// The supplier took the order under this number; `false` when it was not being sent.
pub fn set_sent(
    tx: &mut Tx<'_>,
    line: &Line,
    supplier_order: &str,
    check_at: Timestamp,
) -> Result<bool, StoreError> {
    let changed = tx.execute(
        SET_SENT,
        params![
            line.order,
            line.detail.order_detail_id,
            supplier_order,
            check_at,
        ],
    )?;
    Ok(changed == 1)
}

/// What the supplier said of a line. Without `check_at` it has finished with it.
pub fn set_progress(
    tx: &mut Tx<'_>,
    line: &Line,
    start_count: Option<i64>,
    remains: Option<i64>,
    check_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    tx.enqueue(
        SET_PROGRESS,
        params![
            line.order,
            line.detail.order_detail_id,
            start_count,
            remains,
            check_at,
        ],
    )
}

/// When to ask about a line again, of which nothing was learned.
pub fn set_check(tx: &mut Tx<'_>, line: &Line, check_at: Timestamp) -> Result<(), StoreError> {
    tx.enqueue(
        SET_CHECK,
        params![line.order, line.detail.order_detail_id, check_at],
    )
}

/// Moves an order on; `false` when it has ended or is there already.
pub fn set_status(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    order: OrderId,
    status: OrderStatus,
    payment: PaymentStatus,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let changed = tx.execute(
        SET_STATUS,
        params![
            organization,
            order,
            status.literal(),
            payment.literal(),
            now,
        ],
    )?;
    Ok(changed == 1)
}

/// Marks the type of refill ids.
#[derive(Debug)]
pub enum RefillTag {}

/// Records that the supplier accepted a refill.
pub fn insert_refill(
    tx: &mut Tx<'_>,
    id: Id<RefillTag>,
    line: &Line,
    supplier_refill: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.enqueue(
        INSERT_REFILL,
        params![id, line.organization, line.order, supplier_refill, now],
    )
}

/// How many lines were sent without our learning what became of them: for the operator to settle
/// with the supplier.
pub fn count_unconfirmed(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    tx.query_one(UNCONFIRMED, &[], |row| row.get(0))
}

/// The orders of an organization that a query asks for, with their lines, and how many there are in all.
pub fn list(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    query: &ListQuery,
    public_url: &str,
) -> Result<(Vec<Order>, i64), StoreError> {
    let (mut orders, count) = page(
        tx,
        query,
        order_columns!(),
        "orders o WHERE o.organization_id = $1",
        &[Param::from(organization)],
        "o.order_id DESC",
        |row| order(row, 0),
    )?;
    attach_details(tx, &mut orders, public_url)?;
    Ok((orders, count))
}

/// Fills in the lines of orders, as they are shown at `public_url`.
pub fn attach_details(
    tx: &mut Tx<'_>,
    orders: &mut [Order],
    public_url: &str,
) -> Result<(), StoreError> {
    if orders.is_empty() {
        return Ok(());
    }
    let params: Vec<Param<'_>> = orders.iter().map(|o| Param::from(o.order_id)).collect();
    let places: Vec<String> = (1..=params.len()).map(|n| format!("${n}")).collect();
    let sql = format!(
        concat!(
            "SELECT ",
            detail_columns!(),
            ", v.path FROM order_details d LEFT JOIN vouchers v ON v.seller = 'orders' AND v.payment = d.order_id \
             WHERE d.order_id IN ({}) ORDER BY d.order_detail_id"
        ),
        places.join(", ")
    );
    let found = tx.query_dynamic(&sql, &params, |row| {
        let path: Option<String> = row.get(21)?;
        let certificate_url = path.map(|path| format!("{public_url}{path}"));
        let detail = Detail {
            certificate_url,
            ..detail(row)?
        };
        Ok((row.get::<OrderId>(0)?, detail))
    })?;
    let mut by_order: HashMap<OrderId, Vec<Detail>> = HashMap::new();
    for (order, detail) in found {
        by_order.entry(order).or_default().push(detail);
    }
    for order in orders {
        order.order_detail = by_order.remove(&order.order_id).unwrap_or_default();
    }
    Ok(())
}

/// Reads an order whose columns begin at `first`.
pub fn order(row: &Row<'_>, first: usize) -> Result<Order, StoreError> {
    Ok(Order {
        order_id: row.get(first)?,
        order_number: row.get(first + 1)?,
        payment_type: row.get(first + 2)?,
        order_status: row.get(first + 3)?,
        payment_status: row.get(first + 4)?,
        total: row.get(first + 5)?,
        order_detail: Vec::new(),
        create_date_time: row.get(first + 6)?,
        update_date_time: row.get(first + 7)?,
    })
}

fn detail(row: &Row<'_>) -> Result<Detail, StoreError> {
    Ok(Detail {
        order_detail_id: row.get(1)?,
        product_id: row.get(2)?,
        title: row.get(3)?,
        product_type: row.get(4)?,
        price: row.get(5)?,
        subtotal: row.get(6)?,
        specification: Specification {
            quantity: row.get(7)?,
            link: row.get(8)?,
            username: row.get(9)?,
            comments: row.get(10)?,
            runs: row.get(11)?,
            interval_minutes: row.get(12)?,
            min_quantity: row.get(13)?,
            max_quantity: row.get(14)?,
            delay_minutes: row.get(15)?,
            new_post_count: row.get(16)?,
            old_post_count: row.get(17)?,
            expiry_date: row.get(18)?,
        },
        start_count: row.get(19)?,
        remains: row.get(20)?,
        certificate_url: None,
    })
}

fn read_line(row: &Row<'_>) -> Result<Line, StoreError> {
    Ok(Line {
        order: row.get(0)?,
        detail: detail(row)?,
        organization: row.get(21)?,
        units: row.get(22)?,
        dispatch: row.get(23)?,
        supplier_service: row.get(24)?,
        supplier_order: row.get(25)?,
        checked_times: row.get(26)?,
        status: row.get(27)?,
        min: row.get(28)?,
        max: row.get(29)?,
        is_refillable: row.get(30)?,
        is_cancelable: row.get(31)?,
    })
}
