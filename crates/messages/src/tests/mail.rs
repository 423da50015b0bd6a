use super::{from, mail, stamp};
use crate::{InvalidAddress, Mail};

fn headers(mail: &Mail) -> Vec<String> {
    let text = String::from_utf8(mail.message(&from(), &stamp()).unwrap().formatted()).unwrap();
    let (headers, _) = text.split_once("\r\n\r\n").unwrap();
    // A line that begins with a blank belongs to the one before.
    let unfolded = headers.replace("\r\n ", " ").replace("\r\n\t", " ");
    unfolded.split("\r\n").map(str::to_owned).collect()
}

#[test]
fn a_mail_says_the_same_however_often_it_is_sent() {
    assert_eq!(headers(&mail()), headers(&mail()));
    let names: Vec<_> = headers(&mail())
        .iter()
        .map(|line| line.split(':').next().unwrap().to_owned())
        .collect();
    assert_eq!(
        names,
        [
            "From",
            "To",
            "Subject",
            "Date",
            "Message-ID",
            "MIME-Version",
            "Content-Type",
            "Content-Transfer-Encoding"
        ]
    );
    let all = headers(&mail()).join("\n");
    assert!(
        all.contains("Date: Tue, 02 Jun 2026 04:30:00 +0000"),
        "{all}"
    );
    assert!(
        all.contains("<01999d1c-3c00-7e52-b6d1-92aa0c4e8d03@example.com>"),
        "{all}"
    );
}

#[test]
fn nothing_becomes_a_header_of_its_own() {
    for injected in [
        "x\r\nBcc: all@example.com",
        "x\nBcc: all@example.com",
        "x\rBcc: a@b.c",
        "x\0y",
        "x\u{85}Bcc: a@b.c",
    ] {
        let mail = Mail::new("mei@example.net", Some(injected), injected, injected).unwrap();
        let headers = headers(&mail);
        assert_eq!(headers.len(), 8, "{headers:?}");
        assert!(
            !headers.iter().any(|line| line.starts_with("Bcc")),
            "{headers:?}"
        );
        let envelope = mail.message(&from(), &stamp()).unwrap().envelope().clone();
        assert_eq!(envelope.to().len(), 1);
    }
    for address in [
        "mei@example.net\r\nBcc: all@example.com",
        "mei@example.net\nRCPT TO:<all@example.com>",
        "mei@example.net, all@example.com",
        "Mei <mei@example.net>",
        "<mei@example.net>",
        "mei@exa mple.net",
        "mei",
        "",
    ] {
        let mail = Mail::new(address, None, "s", "b");
        assert_eq!(mail, Err(InvalidAddress), "{address:?}");
    }
}

#[test]
fn what_a_message_says_is_in_no_debug_output() {
    assert_eq!(format!("{:?}", mail()), "Mail");
    let text = crate::Text::new("+886912345678", "It is 123456.").unwrap();
    assert_eq!(format!("{text:?}"), "Text");
}
