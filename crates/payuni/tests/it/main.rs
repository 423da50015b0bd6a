//! The crate as its users see it, over loopback where it calls.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(
    clippy::disallowed_methods,
    reason = "the tests make their own HTTP clients"
)]

mod client;
mod envelope;
mod notify;
mod server;
mod status;
mod vectors;

use kernel::Secret;
use payuni::envelope::Shop;
use vectors::{IV, KEY};

fn shop(mer_id: &str) -> Shop {
    Shop::new(mer_id, Secret::new(KEY.into()), Secret::new(IV.into())).unwrap()
}
