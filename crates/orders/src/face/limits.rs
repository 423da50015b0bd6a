//! The limits of the face: what is enforced is what the OpenAPI document states.

/// Numbers in bodies are 1 to this.
pub const LARGEST_NUMBER: i64 = 10_000_000;
/// Characters of `comments`.
pub const LONGEST_COMMENTS: i64 = 10_000;
/// Characters of `username`.
pub const LONGEST_USERNAME: i64 = 255;
/// Characters of `link`.
pub const LONGEST_LINK: i64 = 2048;
/// Characters of `Idempotency-Key`.
pub const LONGEST_IDEMPOTENCY_KEY: usize = 255;
/// Bytes of a body.
pub const LARGEST_BODY: usize = 256 * 1024;
/// Rows of a page.
pub const LARGEST_PAGE: i64 = 100;
/// Rows to leave out.
pub const LARGEST_SKIP: i64 = i32::MAX as i64;
/// Characters of an organization's name.
pub const NAME: std::ops::RangeInclusive<i64> = 1..=64;
/// Characters of a password.
pub const PASSWORD: std::ops::RangeInclusive<i64> = 8..=128;
/// Characters of a robot token.
pub const LONGEST_ROBOT_TOKEN: i64 = 4096;
/// Characters of what a key is for.
pub const LONGEST_LABEL: i64 = 64;
