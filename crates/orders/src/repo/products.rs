//! Products.

use crate::model::{DynamicProbability, IncreaseSpeed, Product, ProductId, SupplierService};
use crate::odata::{Entity, Field, Kind, ListQuery};
use crate::repo::records::page;
use store::{Row, StoreError, Tx, params, statements};

macro_rules! columns {
    () => {
        "p.product_id, p.title, p.description, p.product_type, p.product_category, p.main_product_category, p.price, \
         p.min, p.max, p.order_no, p.dynamic_probability, p.increase_speed, p.service_type, p.on_sale, p.created_at, \
         p.updated_at, p.supplier_service_id, p.supplier_name, p.supplier_rate, p.supplier_min, p.supplier_max, \
         p.is_drip_feed, p.is_refillable, p.is_cancelable"
    };
}

statements! {
    FIND = concat!("SELECT ", columns!(), " FROM products p WHERE p.product_id = $1");
    ALL = concat!("SELECT ", columns!(), " FROM products p ORDER BY p.order_no, p.product_id");
    UPSERT = "INSERT INTO products (product_id, title, description, product_type, product_category, main_product_category, price, \
        min, max, order_no, dynamic_probability, increase_speed, service_type, on_sale, created_at, updated_at, \
        supplier_service_id, supplier_name, supplier_rate, supplier_min, supplier_max, is_drip_feed, is_refillable, is_cancelable) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24) \
        ON CONFLICT (product_id) DO UPDATE SET title = excluded.title, description = excluded.description, \
        product_type = excluded.product_type, product_category = excluded.product_category, \
        main_product_category = excluded.main_product_category, price = excluded.price, min = excluded.min, max = excluded.max, \
        order_no = excluded.order_no, dynamic_probability = excluded.dynamic_probability, increase_speed = excluded.increase_speed, \
        service_type = excluded.service_type, on_sale = excluded.on_sale, updated_at = excluded.updated_at, \
        supplier_service_id = excluded.supplier_service_id, supplier_name = excluded.supplier_name, \
        supplier_rate = excluded.supplier_rate, supplier_min = excluded.supplier_min, supplier_max = excluded.supplier_max, \
        is_drip_feed = excluded.is_drip_feed, is_refillable = excluded.is_refillable, is_cancelable = excluded.is_cancelable";
}

/// The list of products, as OData sees it.
pub static ENTITY: Entity = Entity {
    name: "ProductResponse",
    fields: &[
        Field::new("id", "p.product_id", Kind::Guid).filter_only(),
        Field::new("price", "p.price", Kind::Decimal { scale: 3 }),
        Field::new(
            "main_product_category",
            "p.main_product_category",
            Kind::String,
        )
        .filter_only(),
        Field::new("product_category", "p.product_category", Kind::String).filter_only(),
        Field::new(
            "dynamic_probability",
            "p.dynamic_probability",
            Kind::Enum {
                type_name: "DynamicProbability",
                values: DynamicProbability::LITERALS,
            },
        )
        .filter_only(),
        Field::new(
            "increase_speed",
            "p.increase_speed",
            Kind::Enum {
                type_name: "IncreaseSpeed",
                values: IncreaseSpeed::LITERALS,
            },
        )
        .filter_only(),
        Field::new("min", "p.min", Kind::Int32).sort_only(),
        Field::new("max", "p.max", Kind::Int32).sort_only(),
        Field::new("order_no", "p.order_no", Kind::Int32).sort_only(),
    ],
    collections: &[],
};

/// A product, on sale or not.
pub fn find(tx: &mut Tx<'_>, id: ProductId) -> Result<Option<Product>, StoreError> {
    tx.query_opt(FIND, params![id], product)
}

/// Every product, on sale or not.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<Product>, StoreError> {
    tx.query(ALL, &[], product)
}

/// The products on sale that a query asks for, and how many there are in all.
pub fn list(tx: &mut Tx<'_>, query: &ListQuery) -> Result<(Vec<Product>, i64), StoreError> {
    page(
        tx,
        query,
        columns!(),
        "products p WHERE p.on_sale = 1",
        &[],
        "p.order_no, p.product_id",
        product,
    )
}

/// Stores a product, or changes the one with its id.
pub fn upsert(tx: &mut Tx<'_>, p: &Product) -> Result<(), StoreError> {
    let service = p.service.as_ref();
    tx.invalidate_caches()?;
    tx.execute(
        UPSERT,
        params![
            p.product_id,
            &p.title,
            &p.description,
            p.product_type.literal(),
            &p.product_category,
            &p.main_product_category,
            p.price.thousandths(),
            p.min,
            p.max,
            p.order_no,
            p.dynamic_probability.literal(),
            p.increase_speed.literal(),
            p.service_type.literal(),
            p.on_sale,
            p.created_at,
            p.updated_at,
            service.map(|s| s.id.as_str()),
            service.map(|s| s.name.as_str()),
            service.map(|s| s.rate.as_str()),
            service.map(|s| s.min),
            service.map(|s| s.max),
            p.is_drip_feed,
            p.is_refillable,
            p.is_cancelable,
        ],
    )
    .map(drop)
}

fn product(row: &Row<'_>) -> Result<Product, StoreError> {
    let service = match row.get::<Option<String>>(16)? {
        Some(id) => Some(SupplierService {
            id,
            name: row.get(17)?,
            rate: row.get(18)?,
            min: row.get(19)?,
            max: row.get(20)?,
        }),
        None => None,
    };
    Ok(Product {
        product_id: row.get(0)?,
        title: row.get(1)?,
        description: row.get(2)?,
        product_type: row.get(3)?,
        product_category: row.get(4)?,
        main_product_category: row.get(5)?,
        price: row.get(6)?,
        min: row.get(7)?,
        max: row.get(8)?,
        order_no: row.get(9)?,
        dynamic_probability: row.get(10)?,
        increase_speed: row.get(11)?,
        service_type: row.get(12)?,
        on_sale: row.get(13)?,
        created_at: row.get(14)?,
        updated_at: row.get(15)?,
        service,
        is_drip_feed: row.get(21)?,
        is_refillable: row.get(22)?,
        is_cancelable: row.get(23)?,
    })
}
