//! What a sandbox has on its shelves.

pub mod forms;
pub mod people;
pub mod recur;
pub mod tickets;

use kernel::{Credits, Secret, Timestamp};
use orders::Orders;
use orders::model::{
    DynamicProbability, IncreaseSpeed, OrganizationId, Price, Product, ProductId, ProductType,
    ServiceType, SupplierService,
};
use simulators::{Service, ServiceKind, Supplier};

const fn id(n: u128) -> ProductId {
    ProductId::from_u128(0x0195_0000_0000_7000_8000_0000_0000_0000 + n)
}

/// 100 units cost 120 credits.
pub const DEFAULT: ProductId = id(1);
/// Ordered by username.
pub const STORY: ProductId = id(2);
/// Likes for a comment.
pub const COMMENT_LIKES: ProductId = id(3);
/// Comments in the client's words.
pub const CUSTOM_COMMENTS: ProductId = id(4);
/// Delivered to posts to come.
pub const SUBSCRIPTIONS: ProductId = id(5);
/// Not on sale.
pub const OFF_SALE: ProductId = id(6);
/// On sale, but the supplier has withdrawn its service.
pub const WITHDRAWN: ProductId = id(7);
/// Without runs, refill and cancel.
pub const FIXED: ProductId = id(8);

/// The products by the names under which scenarios know them.
pub fn products() -> [(&'static str, ProductId); 8] {
    [
        ("default", DEFAULT),
        ("story", STORY),
        ("comment_likes", COMMENT_LIKES),
        ("custom_comments", CUSTOM_COMMENTS),
        ("subscriptions", SUBSCRIPTIONS),
        ("off_sale", OFF_SALE),
        ("withdrawn", WITHDRAWN),
        ("fixed", FIXED),
    ]
}

struct Shelf {
    id: ProductId,
    service: i64,
    kind: ServiceKind,
    title: &'static str,
    category: &'static str,
    thousandths: i64,
    rate: &'static str,
    min: i64,
    max: i64,
    flexible: bool,
    on_sale: bool,
}

#[rustfmt::skip]
const SHELVES: [Shelf; 8] = [
    Shelf { id: DEFAULT, service: 101, kind: ServiceKind::Default, title: "Audience growth, standard", category: "instagram_fans", thousandths: 1200, rate: "900.00", min: 10, max: 100_000, flexible: true, on_sale: true },
    Shelf { id: STORY, service: 102, kind: ServiceKind::Default, title: "Story reach", category: "instagram_story", thousandths: 500, rate: "350.00", min: 10, max: 50_000, flexible: true, on_sale: true },
    Shelf { id: COMMENT_LIKES, service: 103, kind: ServiceKind::CommentLikes, title: "Comment endorsements", category: "instagram_comment", thousandths: 2000, rate: "1500.00", min: 5, max: 10_000, flexible: true, on_sale: true },
    Shelf { id: CUSTOM_COMMENTS, service: 104, kind: ServiceKind::CustomComments, title: "Moderated comments", category: "instagram_comment", thousandths: 15_000, rate: "11000.00", min: 1, max: 500, flexible: true, on_sale: true },
    Shelf { id: SUBSCRIPTIONS, service: 105, kind: ServiceKind::Subscriptions, title: "Reach for new posts", category: "instagram_subscription", thousandths: 300, rate: "210.00", min: 10, max: 100_000, flexible: true, on_sale: true },
    Shelf { id: OFF_SALE, service: 106, kind: ServiceKind::Default, title: "Audience growth, retired", category: "instagram_fans", thousandths: 1000, rate: "800.00", min: 10, max: 100_000, flexible: true, on_sale: false },
    Shelf { id: WITHDRAWN, service: 107, kind: ServiceKind::Default, title: "Audience growth, withdrawn upstream", category: "instagram_fans", thousandths: 1000, rate: "800.00", min: 10, max: 100_000, flexible: true, on_sale: true },
    Shelf { id: FIXED, service: 108, kind: ServiceKind::Default, title: "Page views, one delivery", category: "youtube_view", thousandths: 80, rate: "55.00", min: 100, max: 1_000_000, flexible: false, on_sale: true },
];

impl Shelf {
    fn product_type(&self) -> ProductType {
        match self.kind {
            ServiceKind::Default => ProductType::Ch2Default,
            ServiceKind::CommentLikes => ProductType::Ch2CommentLikes,
            ServiceKind::CustomComments => ProductType::Ch2CustomComments,
            ServiceKind::Subscriptions => ProductType::Ch2Subscriptions,
        }
    }

    fn main_category(&self) -> &'static str {
        self.category.split('_').next().unwrap_or_default()
    }

    fn service(&self) -> Service {
        Service {
            service: self.service,
            name: self.title.into(),
            kind: self.kind,
            category: self.main_category().into(),
            rate: self.rate.into(),
            min: self.min,
            max: self.max,
            dripfeed: self.flexible,
            refill: self.flexible,
            cancel: self.flexible,
        }
    }

    fn product(&self, now: Timestamp) -> Product {
        Product {
            product_id: self.id,
            title: self.title.into(),
            description: format!("{}. Part of the sandbox.", self.title),
            product_type: self.product_type(),
            product_category: self.category.into(),
            main_product_category: self.main_category().into(),
            price: Price::from_thousandths(self.thousandths),
            min: self.min,
            max: self.max,
            order_no: self.service - 100,
            dynamic_probability: DynamicProbability::Medium,
            increase_speed: IncreaseSpeed::Fast,
            service_type: ServiceType::Channel2,
            on_sale: self.on_sale,
            created_at: now,
            updated_at: None,
            service: Some(SupplierService {
                id: self.service.to_string(),
                name: self.title.into(),
                rate: self.rate.into(),
                min: self.min,
                max: self.max,
            }),
            is_drip_feed: self.flexible,
            is_refillable: self.flexible,
            is_cancelable: self.flexible,
        }
    }
}

/// Fills the shelves. Doing it again changes nothing.
pub async fn fill(orders: &Orders, supplier: &Supplier, now: Timestamp) -> orders::Result<()> {
    let services: Vec<Service> = SHELVES.iter().map(Shelf::service).collect();
    supplier.seed_services(&services).await?;
    supplier.withdraw_service(107, true).await?;
    for shelf in &SHELVES {
        orders.put_product(shelf.product(now)).await?;
    }
    Ok(())
}

/// Makes an organization with credit and a key.
pub async fn organization(
    orders: &Orders,
    name: &str,
    credit: Credits,
) -> orders::Result<(OrganizationId, Secret<String>)> {
    let organization = orders.create_organization(name).await?;
    let id = organization.organization_id;
    if credit > Credits::ZERO {
        orders.grant_credit(id, credit).await?;
    }
    let (_, key) = orders.create_key(id, "sandbox", None).await?;
    Ok((id, key))
}
