use anyhow::{Context, Result};
use std::{
    fs,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// Waits for its input to end, which it does however we end; then takes away all that we leave behind.
const GUARD: &str = r#"
trap '' HUP INT TERM PIPE
read -r _
for action in "$1"/at-end/*; do
    [ -f "$action" ] && sh "$action" >/dev/null 2>&1
done
rm -rf "$1"
"#;

/// A folder on a real disk, and processes, that go away with this value, at an error and at Ctrl-C.
pub struct Scratch {
    folder: PathBuf,
    guard: Child,
}

impl Scratch {
    pub fn new(target: &Path) -> Result<Self> {
        let folder = target.join(format!("bench-{}", std::process::id()));
        fs::create_dir_all(folder.join("at-end"))
            .context("cannot make a folder for the databases")?;
        let guard = Command::new("sh")
            .args(["-c", GUARD, "bench-guard"])
            .arg(&folder)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot run sh")?;
        Ok(Self { folder, guard })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Has `script` run at the end, in the order of the names; in place of an earlier one of this name.
    pub fn at_end(&self, name: &str, script: &str) -> Result<()> {
        fs::write(self.folder.join("at-end").join(name), script)
            .context("cannot write a clean-up script")
    }

    /// Nothing of this name is to be done any more.
    pub fn done(&self, name: &str) {
        let _ = fs::remove_file(self.folder.join("at-end").join(name));
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}
