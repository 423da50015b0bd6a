use super::sink::{AUTHORITY, Mood, Offers, Seen, Sink};
use super::{TIMEOUT, from, is_refused, mail, may_go_later, stamp};
use crate::{Mailer as _, SendError, Smtp, SmtpConfig, Tls};
use kernel::Secret;
use std::time::Duration;

fn config(sink: &Sink, tls: Tls) -> SmtpConfig {
    SmtpConfig {
        host: "localhost".into(),
        port: sink.port,
        tls,
        authority: None,
        credentials: None,
        from: from(),
        timeout: TIMEOUT,
    }
}

async fn send(config: SmtpConfig) -> Result<(), SendError> {
    Smtp::new(config)
        .unwrap()
        .send_mail(&mail(), &stamp())
        .await
}

async fn send_to(mood: Mood) -> (Result<(), SendError>, Seen) {
    let sink = Sink::start(mood, Offers::Nothing).await;
    let sent = send(config(&sink, Tls::None)).await;
    (sent, sink.seen())
}

#[tokio::test]
async fn a_mail_is_handed_over() {
    let (sent, seen) = send_to(Mood::Takes).await;
    assert_eq!(sent, Ok(()));
    assert_eq!(
        seen.commands,
        [
            "EHLO example.com",
            "MAIL FROM:<shop@example.com>",
            "RCPT TO:<mei@example.net>",
            "DATA",
            "QUIT"
        ]
    );
    let [mail] = &seen.mails[..] else {
        panic!("{seen:?}")
    };
    assert!(mail.contains("Subject: Your code\r\n"), "{mail}");
    // Also the line of one dot, which ends a mail.
    assert!(mail.contains("\r\n\r\nIt is 123456.\r\n.\r\n"), "{mail}");
}

#[tokio::test]
async fn only_what_is_said_of_the_mailbox_is_for_good() {
    for (at, answer) in [
        ("RCPT", "550 5.1.1 mei@example.net is unknown"),
        ("RCPT", "551 she has moved"),
        ("RCPT", "553 not a name"),
        ("(mail)", "550 no"),
    ] {
        let (sent, seen) = send_to(Mood::Answers(at, answer)).await;
        assert!(is_refused(&sent), "{answer}: {sent:?}");
        assert!(!format!("{sent:?}").contains("mei"), "{sent:?}");
        assert_eq!(seen.mails, [""; 0]);
    }
    for (at, answer) in [
        ("connect", "421 too busy"),
        ("connect", "554 not here"),
        ("EHLO", "421 too busy"),
        ("MAIL", "530 authenticate first"),
        ("RCPT", "450 4.2.0 greylisted, come back in five minutes"),
        ("RCPT", "452 full"),
        ("DATA", "451 try again"),
        ("(mail)", "451 try again"),
        ("(mail)", "554 5.7.1 looks like spam"),
        ("RCPT", "no number"),
        ("connect", "HTTP/1.1 400 Bad Request"),
    ] {
        let (sent, _) = send_to(Mood::Answers(at, answer)).await;
        assert!(may_go_later(&sent), "{answer}: {sent:?}");
        assert!(!format!("{sent:?}").contains("spam"), "{sent:?}");
    }
}

#[tokio::test]
async fn a_mail_server_that_breaks_off_or_falls_silent_is_tried_later() {
    for at in ["EHLO", "MAIL", "RCPT", "DATA", "(mail)"] {
        let (sent, seen) = send_to(Mood::ClosesAt(at)).await;
        assert!(may_go_later(&sent), "{at}: {sent:?}");
        assert_eq!(seen.mails, [""; 0]);
    }
    for at in ["EHLO", "(mail)"] {
        let sink = Sink::start(Mood::FallsSilentAt(at), Offers::Nothing).await;
        let mut config = config(&sink, Tls::None);
        config.timeout = Duration::from_millis(200);
        let sent = send(config).await;
        assert_eq!(
            sent,
            Err(SendError::NotNow("the mail server took too long".into())),
            "{at}"
        );
    }
    let sink = Sink::start(Mood::Takes, Offers::Nothing).await;
    let mut nobody = config(&sink, Tls::None);
    // Reserved, and nothing listens there.
    nobody.port = 1;
    assert!(may_go_later(&send(nobody).await));
}

#[tokio::test]
async fn a_password_is_sent_when_it_is_configured() {
    let sink = Sink::start(Mood::Takes, Offers::Nothing).await;
    let mut config = config(&sink, Tls::None);
    config.credentials = Some(("shop".into(), Secret::new("open sesame".into())));
    assert!(!format!("{config:?}").contains("sesame"));
    assert_eq!(send(config.clone()).await, Ok(()));
    // \0shop\0open sesame
    assert_eq!(
        sink.seen().commands[1],
        "AUTH PLAIN AHNob3AAb3BlbiBzZXNhbWU="
    );

    let strict = Sink::start(Mood::Answers("AUTH", "535 5.7.8 wrong"), Offers::Nothing).await;
    config.port = strict.port;
    let sent = send(config).await;
    // The password can be mended, and then the mail is sent.
    assert!(may_go_later(&sent), "{sent:?}");
    assert!(!format!("{sent:?}").contains("sesame"));
}

#[tokio::test]
async fn what_shall_be_secret_is_not_sent_in_the_clear() {
    // Somebody in between may have taken STARTTLS away.
    let stripped = Sink::start(Mood::Takes, Offers::Nothing).await;
    let sent = send(config(&stripped, Tls::StartTls)).await;
    assert!(may_go_later(&sent), "{sent:?}");
    assert_eq!(
        stripped.seen(),
        Seen {
            commands: vec!["EHLO example.com".into()],
            mails: vec![]
        }
    );
    // Speaks no TLS.
    let sent = send(config(&stripped, Tls::Wrapped)).await;
    assert!(may_go_later(&sent), "{sent:?}");
    // Nobody we trust has signed its certificate.
    for (tls, offers) in [
        (Tls::StartTls, Offers::StartTls),
        (Tls::Wrapped, Offers::TlsFromTheBeginning),
    ] {
        let sink = Sink::start(Mood::Takes, offers).await;
        let sent = send(config(&sink, tls)).await;
        assert!(may_go_later(&sent), "{sent:?}");
        assert_eq!(sink.seen().mails, [""; 0]);
    }
}

#[tokio::test]
async fn a_mail_goes_over_tls_of_either_kind() {
    for (tls, offers) in [
        (Tls::StartTls, Offers::StartTls),
        (Tls::Wrapped, Offers::TlsFromTheBeginning),
    ] {
        let sink = Sink::start(Mood::Takes, offers).await;
        let mut config = config(&sink, tls);
        config.authority = Some(AUTHORITY.to_vec());
        assert_eq!(send(config.clone()).await, Ok(()));
        let seen = sink.seen();
        let secret = seen
            .commands
            .iter()
            .position(|command| command == "(tls)")
            .unwrap();
        let from = seen
            .commands
            .iter()
            .position(|command| command.starts_with("MAIL"))
            .unwrap();
        assert!(secret < from, "{seen:?}");
        assert_eq!(seen.mails.len(), 1);
        // The certificate is another host's.
        config.host = "127.0.0.1".into();
        assert!(may_go_later(&send(config).await));
        assert_eq!(sink.seen().mails.len(), 1);
    }
}
