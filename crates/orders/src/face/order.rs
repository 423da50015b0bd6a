//! `/platform/order`: placing orders, listing them, and what may be asked of them later.

use super::call::{Caller, Outcome, Post};
use super::fields::{self, Fields, Sent, is_blank};
use super::{Page, Values};
use crate::follow_up::BatchError;
use crate::model::{OrderId, OrganizationId, ProductType, Specification};
use crate::place::{PlaceOrder, Placed};
use crate::repo::orders as repo;
use crate::{Error, Orders};
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use catalogue::PlatformError;
use catalogue::platform::Conflict;
use httpkit::{Refusal, Reply};
use serde::{Deserialize, Serialize};

pub fn routes() -> Router<Orders> {
    Router::new()
        .route("/order", get(list))
        .route("/order/ch2/default", post(default))
        .route("/order/ch2/comment-likes", post(comment_likes))
        .route("/order/ch2/custom-comments", post(custom_comments))
        .route("/order/ch2/subscriptions", post(subscriptions))
        .route("/order/refill", post(refill_many))
        .route("/order/cancel", post(cancel_many))
        .route("/order/sync", post(sync_many))
        .route("/order/{order_id}/refill", post(refill_one))
        .route("/order/{order_id}/cancel", post(cancel_one))
        .route("/order/{order_id}/sync", post(sync_one))
}

async fn list(State(orders): State<Orders>, caller: Caller) -> Result<Reply, Refusal> {
    let query = caller.list_query(&repo::ENTITY)?;
    let organization = caller.organization();
    let public_url = orders.public_url().to_owned();
    let (value, count) = orders
        .db()
        .scan(move |tx| repo::list(tx, organization, &query, &public_url))
        .await
        .map_err(Error::from)?;
    Ok(Reply::ok(&Page { value, count }))
}

/// Every field of the four bodies; each endpoint reads its own.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Body<'a> {
    #[serde(borrow)]
    organization_id: Sent<'a>,
    product_id: Sent<'a>,
    quantity: Sent<'a>,
    link: Sent<'a>,
    username: Sent<'a>,
    comments: Sent<'a>,
    runs: Sent<'a>,
    interval_minutes: Sent<'a>,
    min_quantity: Sent<'a>,
    max_quantity: Sent<'a>,
    delay_minutes: Sent<'a>,
    new_post_count: Sent<'a>,
    old_post_count: Sent<'a>,
    expiry_date: Sent<'a>,
}

/// Reads the part of a body that one endpoint uses.
type Read = fn(&mut Fields, &Body<'_>) -> Specification;

async fn default(State(orders): State<Orders>, post: Post) -> Result<Response, Refusal> {
    place(&orders, post, ProductType::Ch2Default, |fields, body| {
        fields.require("quantity", body.quantity);
        // A drip-feed needs to know how often and how far apart.
        if is_blank(body.runs) != is_blank(body.interval_minutes) {
            fields.require("runs", body.runs);
            fields.require("interval_minutes", body.interval_minutes);
        }
        Specification {
            quantity: fields.int32("quantity", body.quantity),
            runs: fields.int32("runs", body.runs),
            interval_minutes: fields.int32("interval_minutes", body.interval_minutes),
            link: fields.link("link", body.link),
            username: fields.username("username", body.username),
            ..Specification::default()
        }
    })
    .await
}

async fn comment_likes(State(orders): State<Orders>, post: Post) -> Result<Response, Refusal> {
    place(
        &orders,
        post,
        ProductType::Ch2CommentLikes,
        |fields, body| {
            fields.require("quantity", body.quantity);
            fields.require("link", body.link);
            fields.require("username", body.username);
            Specification {
                quantity: fields.int32("quantity", body.quantity),
                link: fields.link("link", body.link),
                username: fields.username("username", body.username),
                ..Specification::default()
            }
        },
    )
    .await
}

async fn custom_comments(State(orders): State<Orders>, post: Post) -> Result<Response, Refusal> {
    place(
        &orders,
        post,
        ProductType::Ch2CustomComments,
        |fields, body| {
            fields.require("comments", body.comments);
            fields.require("link", body.link);
            Specification {
                comments: fields.comments("comments", body.comments),
                link: fields.link("link", body.link),
                ..Specification::default()
            }
        },
    )
    .await
}

async fn subscriptions(State(orders): State<Orders>, post: Post) -> Result<Response, Refusal> {
    place(
        &orders,
        post,
        ProductType::Ch2Subscriptions,
        |fields, body| {
            fields.require("username", body.username);
            fields.require("min_quantity", body.min_quantity);
            fields.require("max_quantity", body.max_quantity);
            // Without posts to deliver to there is nothing to order.
            if is_blank(body.old_post_count) {
                fields.require("new_post_count", body.new_post_count);
            }
            let (min, max) = (
                fields.int32("min_quantity", body.min_quantity),
                fields.int32("max_quantity", body.max_quantity),
            );
            fields.at_most("min_quantity", min, max);
            Specification {
                username: fields.username("username", body.username),
                min_quantity: min,
                max_quantity: max,
                delay_minutes: fields.delay("delay_minutes", body.delay_minutes),
                new_post_count: fields.int32("new_post_count", body.new_post_count),
                old_post_count: fields.int32("old_post_count", body.old_post_count),
                expiry_date: fields.date_time("expiry_date", body.expiry_date),
                ..Specification::default()
            }
        },
    )
    .await
}

async fn place(
    orders: &Orders,
    post: Post,
    endpoint: ProductType,
    read: Read,
) -> Result<Response, Refusal> {
    let request = {
        let body: Body<'_> = fields::parse(&post.body)?;
        let mut fields = Fields::default();
        fields.require("product_id", body.product_id);
        let product_id = fields.uuid("product_id", body.product_id);
        let named_organization = fields.uuid("organization_id", body.organization_id);
        let specification = read(&mut fields, &body);
        fields.finish()?;
        if endpoint == ProductType::Ch2Default
            && specification.link.is_some()
            && specification.username.is_some()
        {
            return Err(PlatformError::ConflictingParameters {
                conflict: Conflict::LinkAndUsername,
            }
            .into());
        }
        PlaceOrder {
            order_id: orders.new_id(orders.now()),
            organization: post.caller.organization(),
            named_organization,
            endpoint,
            product_id: product_id.ok_or_else(|| Refusal::internal("product_id went missing"))?,
            specification,
        }
    };
    let order_id = request.order_id.to_string();
    post.once_in_transaction(orders, &order_id, async |key| {
        Ok(match orders.place(request, key).await? {
            Placed::Now { order, answered } => Outcome {
                reply: Reply::ok(&order),
                stored: answered,
                replayed: false,
            },
            Placed::Before(reply) => Outcome {
                reply,
                stored: true,
                replayed: true,
            },
        })
    })
    .await
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Batch<'a> {
    #[serde(borrow)]
    organization_id: Sent<'a>,
    order_ids: Sent<'a>,
}

/// Reads `order_ids`, does something to all of them or to none.
async fn many<T: Serialize>(
    orders: &Orders,
    post: Post,
    run: impl AsyncFnOnce(OrganizationId, &[OrderId]) -> Result<Vec<T>, BatchError>,
) -> Result<Response, Refusal> {
    let ids: Vec<OrderId> = {
        let body: Batch<'_> = fields::parse(&post.body)?;
        let mut fields = Fields::default();
        let ids = fields.uuids("order_ids", body.order_ids);
        let named = fields.uuid("organization_id", body.organization_id);
        fields.finish()?;
        check_named(named, post.caller.organization())?;
        ids
    };
    let organization = post.caller.organization();
    // An order that is named twice is meant once.
    let mut once = Vec::new();
    for id in &ids {
        if !once.contains(id) {
            once.push(*id);
        }
    }
    post.once(orders, async || match run(organization, &once).await {
        Ok(value) => Ok(Reply::ok(&Values { value })),
        Err(error) => Err(error.of_many("order_ids", &ids).into()),
    })
    .await
}

/// Does something to the order in the path.
async fn one<T: Serialize>(
    orders: &Orders,
    mut post: Post,
    run: impl AsyncFnOnce(OrganizationId, &[OrderId]) -> Result<Vec<T>, BatchError>,
) -> Result<Response, Refusal> {
    let id: OrderId = post.path_id("order_id").await?;
    {
        let body: Batch<'_> = fields::parse(&post.body)?;
        let mut fields = Fields::default();
        let named = fields.uuid("organization_id", body.organization_id);
        fields.finish()?;
        check_named(named, post.caller.organization())?;
    }
    let organization = post.caller.organization();
    post.once(orders, async || match run(organization, &[id]).await {
        Ok(mut done) => match done.pop() {
            Some(value) => Ok(Reply::ok(&value)),
            None => Err(Refusal::internal("nothing came back for the order")),
        },
        Err(error) => Err(error.of_one().into()),
    })
    .await
}

pub(super) fn check_named(
    named: Option<OrganizationId>,
    own: OrganizationId,
) -> Result<(), PlatformError> {
    if named.is_some_and(|named| named != own) {
        return Err(PlatformError::OrganizationIdIncorrect);
    }
    Ok(())
}

async fn refill_many(State(orders): State<Orders>, post: Post) -> Result<Response, Refusal> {
    many(&orders, post, async |who, ids| {
        orders.refill(who, ids).await
    })
    .await
}

async fn cancel_many(State(orders): State<Orders>, post: Post) -> Result<Response, Refusal> {
    many(&orders, post, async |who, ids| {
        orders.cancel(who, ids).await
    })
    .await
}

async fn sync_many(State(orders): State<Orders>, post: Post) -> Result<Response, Refusal> {
    many(&orders, post, async |who, ids| orders.sync(who, ids).await).await
}

async fn refill_one(State(orders): State<Orders>, post: Post) -> Result<Response, Refusal> {
    one(&orders, post, async |who, ids| {
        orders.refill(who, ids).await
    })
    .await
}

async fn cancel_one(State(orders): State<Orders>, post: Post) -> Result<Response, Refusal> {
    one(&orders, post, async |who, ids| {
        orders.cancel(who, ids).await
    })
    .await
}

async fn sync_one(State(orders): State<Orders>, post: Post) -> Result<Response, Refusal> {
    one(&orders, post, async |who, ids| orders.sync(who, ids).await).await
}
