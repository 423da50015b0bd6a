//! The integration tests, in one binary: what takes long is linked once.

mod house;
mod promises;
