//! The face over real databases: methods are called through the router, answers compared whole.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

extern crate tallystick_forms as forms;

mod bulk;
mod certificates;
mod codes;
mod once;
mod openapi;
mod public;
mod records;
mod review;
mod revise;
mod submit;
mod support;
mod templates;
mod webhooks;

use support::{Engine, World, both};

both! {
    async fn every_statement_is_known_to_the_database(engine: Engine) {
        let world = World::new(engine).await;
        world.store(|tx| {
            let statements = tallystick_forms::statements();
            statements.into_iter().try_for_each(|statement| tx.prepare(statement))
        }).await;
    }
}
