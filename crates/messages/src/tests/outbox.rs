use super::{from, mail, stamp};
use crate::{Mailer as _, Outbox, Text, Texter as _};
use std::fs;

#[tokio::test]
async fn a_message_is_one_file_that_only_the_server_reads() {
    let parent = tempfile::tempdir().unwrap();
    let outbox = Outbox::new(parent.path().join("a/b"), from());
    // Sent twice, it is there once.
    for _ in 0..2 {
        outbox.send_mail(&mail(), &stamp()).await.unwrap();
        let text = Text::new("+886912345678", "It is \"123456\".").unwrap();
        outbox.send_text(&text, &stamp()).await.unwrap();
    }
    let mut names: Vec<_> = fs::read_dir(outbox.folder())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let id = stamp().id;
    assert_eq!(names, [format!("{id}.eml"), format!("{id}.json")]);
    let text = fs::read_to_string(outbox.folder().join(&names[1])).unwrap();
    let text: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        text,
        serde_json::json!({
            "to": "+886912345678",
            "text": "It is \"123456\".",
            "written_at": "2026-06-02T12:30:00+08:00",
        })
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(outbox.folder()) & 0o777, 0o700);
        assert_eq!(mode(&outbox.folder().join(&names[1])) & 0o777, 0o600);
    }
}

#[tokio::test]
async fn what_cannot_be_written_can_be_sent_later() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let outbox = Outbox::new(file.path().into(), from());
    assert!(super::may_go_later(
        &outbox.send_mail(&mail(), &stamp()).await
    ));
}
