use crate::{shop, vectors};
use payuni::envelope::OpenError;
use payuni::fields::Fields;
use payuni::notify::{NotifyError, parse_notify};

fn form(vector: &vectors::Vector) -> Fields {
    Fields::new()
        .with("Status", "SUCCESS")
        .with("MerID", "TEST001")
        .with("Version", "1.2")
        .with("EncryptInfo", vector.encrypt_info)
        .with("HashInfo", vector.hash_info)
}

fn parse(form: &Fields) -> Result<Fields, NotifyError> {
    parse_notify(form.encode().as_bytes(), &shop("TEST001"))
}

#[test]
fn a_notice_is_its_inside() {
    let notice = parse(&form(&vectors::CHARGED)).unwrap();
    assert_eq!(notice.get("TradeNo"), Some("1768449600123456789"));
    // A forged outer status is not even seen.
    let notice = parse(&form(&vectors::NOT_FOUND)).unwrap();
    assert_eq!(notice.get("Status"), Some("QUERY03001"));
}

#[test]
fn a_form_that_is_no_notice_is_refused() {
    let shop = shop("TEST001");
    assert_eq!(parse_notify(b"", &shop), Err(NotifyError::NoEnvelope));
    assert_eq!(parse_notify(b"\xff", &shop), Err(NotifyError::NotForm));
    assert_eq!(parse_notify(b"a=%ff", &shop), Err(NotifyError::NotForm));
    assert_eq!(
        parse_notify(b"{\"Status\":\"SUCCESS\"}", &shop),
        Err(NotifyError::NoEnvelope)
    );
    let hash = NotifyError::Envelope(OpenError::Hash);
    assert_eq!(
        parse(&form(&vectors::CHARGED).with("HashInfo", "")),
        Err(hash)
    );
    assert_eq!(parse_notify(b"EncryptInfo=00", &shop), Err(hash));
    let other = NotifyError::Envelope(OpenError::OtherShop);
    assert_eq!(
        parse(&form(&vectors::CHARGED).with("MerID", "TEST002")),
        Err(other)
    );
    assert_eq!(parse(&form(&vectors::PUBLISHED_SHORT)), Err(other));
}
