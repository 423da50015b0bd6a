//! A folder in place of the outside world: every message becomes a file that people and programs can read.

use crate::{Mail, Mailer, SendError, Sending, Stamp, Text, Texter};
use lettre::message::Mailbox;
use serde_json::json;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Writes mails to `ID.eml` and text messages to `ID.json` (`{"to", "text", "written_at"}`), readable by the server's user only, since
/// they may hold codes. The folder is made when it is first needed. A file is there whole or not at all.
#[derive(Clone, Debug)]
pub struct Outbox {
    folder: PathBuf,
    from: Mailbox,
}

impl Outbox {
    /// An outbox in `folder` for mails from `from`.
    pub const fn new(folder: PathBuf, from: Mailbox) -> Self {
        Self { folder, from }
    }

    /// Where the files are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    async fn write(&self, name: String, content: Vec<u8>) -> Result<(), SendError> {
        let folder = self.folder.clone();
        let written = tokio::task::spawn_blocking(move || write(&folder, &name, &content)).await;
        written
            .map_err(|error| error.to_string())
            .and_then(|written| written.map_err(|error| error.to_string()))
            .map_err(|error| SendError::NotNow(format!("{}: {error}", self.folder.display())))
    }
}

impl Mailer for Outbox {
    fn send_mail<'a>(&'a self, mail: &'a Mail, stamp: &'a Stamp) -> Sending<'a> {
        Box::pin(async move {
            let message = mail.message(&self.from, stamp)?;
            self.write(format!("{}.eml", stamp.id), message.formatted())
                .await
        })
    }
}

impl Texter for Outbox {
    fn send_text<'a>(&'a self, text: &'a Text, stamp: &'a Stamp) -> Sending<'a> {
        let content = json!({
            "to": text.to(),
            "text": text.body(),
            "written_at": stamp.written_at,
        });
        Box::pin(self.write(
            format!("{}.json", stamp.id),
            format!("{content:#}\n").into_bytes(),
        ))
    }
}

fn write(folder: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
        builder.mode(0o700);
        options.mode(0o600);
    }
    builder.create(folder)?;
    let unfinished = folder.join(format!(".{name}.part"));
    let mut file = options.open(&unfinished)?;
    file.write_all(content)?;
    file.sync_all()?;
    drop(file);
    fs::rename(unfinished, folder.join(name))
}
