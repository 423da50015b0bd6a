//! The integration tests, in one binary: what takes long is linked once.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

mod billing;
mod billing_einvoices;
mod billing_faults;
mod billing_value;
mod charges;
mod cli;
mod crash;
mod files;
mod forms_bulk;
mod forms_cli;
mod forms_pages;
mod forms_walkthrough;
mod forms_webhooks;
mod hostile;
mod house;
mod http;
mod invoices;
mod lists;
mod messages;
mod my_pages;
mod nodes;
mod orders;
mod pages;
mod people;
mod process;
mod promises;
mod recur_cli;
mod recur_openapi;
mod recur_resources;
mod robots;
mod sdk;
mod store;
mod tenants;
mod vouchers;
