//! The server: configuration, wiring, jobs, the sandbox, and the runner of the error pages' scenarios.

pub mod app;
pub mod cli;
pub mod config;
pub mod einvoices;
pub mod openapi_v2;
pub mod outward;
pub mod platform;
pub mod recur;
pub mod runner;
pub mod sandbox;
pub mod scenario;
pub mod seed;
pub mod serve;
pub mod traffic;
