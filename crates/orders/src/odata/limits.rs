//! How much a client may ask for.

/// Bytes in the value of one option, after decoding.
pub(super) const OPTION_BYTES: usize = 8 * 1024;
/// Nodes in the syntax tree of a filter.
pub(super) const NODES: usize = 100;
/// Parentheses, calls and `not` around one expression.
pub(super) const DEPTH: usize = 64;
/// `any` and `all` inside one another.
pub(super) const LAMBDA_DEPTH: usize = 1;
/// Keys of `$orderby`.
pub(super) const SORT_KEYS: usize = 5;
/// The most rows of one page, and what a client gets that asks for no number.
pub(super) const TOP: i64 = 100;
/// The most rows to leave out.
pub(super) const SKIP: i64 = i32::MAX as i64;
