//! The integration tests, in one binary: what takes long is linked once.

mod support;

mod house;
mod orders;
mod pages;
mod promises;
mod store;
