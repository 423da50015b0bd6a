//! The vendor's own SDK, unmodified, runs against the server: `sdk/compat`, in node and in a browser.
//! `cargo xtask test` installs what it needs.

use crate::support::{Engine, Scratch, both};
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

/// One browser at a time.
static BROWSER: Mutex<()> = Mutex::new(());

both! {
    async fn the_vendors_sdk_runs_against_this_server(engine: Engine) {
        let scratch = Scratch::new(engine);
        let url = scratch.url();
        let ran = tokio::task::spawn_blocking(move || {
            let _one = BROWSER.lock();
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk/compat");
            assert!(folder.join("node_modules").is_dir(), "run `cargo xtask test`, which installs what the SDK's tests need");
            Command::new("node")
                .current_dir(&folder)
                .args(["run.mjs", "--server", env!("CARGO_BIN_EXE_tallystick"), "--database", &url])
                .output()
                .unwrap()
        })
        .await
        .unwrap();
        let said = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success(), "{said}\n{}", String::from_utf8_lossy(&ran.stderr));
    }
}
