use crate::shop;
use crate::vectors::{self, IV, KEY};
use aes_gcm::aead::Aead as _;
use aes_gcm::aead::consts::U16;
use aes_gcm::aes::Aes256;
use aes_gcm::{AesGcm, KeyInit as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::Secret;
use payuni::envelope::{KeyError, OpenError, Shop};
use payuni::fields::Fields;
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hash(encrypt_info: &str) -> String {
    hex(&Sha256::digest(format!("{KEY}{encrypt_info}{IV}"))).to_uppercase()
}

/// Opens `text` as the inside of an envelope whose hash is right.
fn open_text(text: &str) -> Result<Fields, OpenError> {
    let encrypt_info = hex(text.as_bytes());
    shop("AAA").open(&encrypt_info, &hash(&encrypt_info))
}

#[test]
fn known_messages_are_sealed_and_opened() {
    for vector in vectors::ALL {
        let fields = Fields::decode(vector.plaintext).unwrap();
        assert_eq!(fields.encode(), vector.plaintext, "{}", vector.name);
        let shop = shop(fields.get("MerID").unwrap_or("TEST001"));
        let sealed = shop.seal(&fields);
        assert_eq!(sealed.encrypt_info, vector.encrypt_info, "{}", vector.name);
        assert_eq!(sealed.hash_info, vector.hash_info, "{}", vector.name);
        let opened = shop.open(vector.encrypt_info, vector.hash_info);
        assert_eq!(opened, Ok(fields), "{}", vector.name);
    }
}

#[test]
fn a_hash_must_match_to_the_letter() {
    let vector = vectors::PUBLISHED_SHORT;
    let lower = vector.hash_info.to_lowercase();
    let padded = format!("{} ", vector.hash_info);
    for wrong in ["", "0", &lower, &padded, vectors::CHARGED.hash_info] {
        let opened = shop("AAA").open(vector.encrypt_info, wrong);
        assert_eq!(opened, Err(OpenError::Hash), "{wrong}");
    }
}

#[test]
fn a_right_hash_does_not_excuse_the_rest() {
    let zz = "zz".repeat(20);
    assert_eq!(shop("AAA").open(&zz, &hash(&zz)), Err(OpenError::Hex));
    assert_eq!(shop("AAA").open("474", &hash("474")), Err(OpenError::Hex));
    assert_eq!(shop("AAA").open("é", &hash("é")), Err(OpenError::Hex));
    assert_eq!(shop("AAA").open("ff", &hash("ff")), Err(OpenError::Base64));
    assert_eq!(shop("AAA").open("", &hash("")), Err(OpenError::Separator));
    assert_eq!(open_text("AAAA"), Err(OpenError::Separator));
    assert_eq!(open_text("AAAA:::AAAA:::AAAA"), Err(OpenError::Separator));
    assert_eq!(open_text("AA*A:::AAAA"), Err(OpenError::Base64));
    assert_eq!(open_text("AAAA:::AAA"), Err(OpenError::Base64));
    assert_eq!(open_text("AAAA:::AAAA"), Err(OpenError::Tag));
    assert_eq!(open_text(":::"), Err(OpenError::Tag));
}

#[test]
fn a_changed_ciphertext_fails_its_tag_even_with_a_new_hash() {
    let changed = vectors::PUBLISHED_SHORT
        .encrypt_info
        .replacen("47", "48", 1);
    let opened = shop("AAA").open(&changed, &hash(&changed));
    assert_eq!(opened, Err(OpenError::Tag));
}

#[test]
fn the_content_must_be_utf_8_and_ours() {
    let cipher = AesGcm::<Aes256, U16>::new_from_slice(KEY.as_bytes()).unwrap();
    let seal = |plain: &[u8]| {
        let nonce = IV.as_bytes().try_into().unwrap();
        let mut sealed = cipher.encrypt(nonce, plain).unwrap();
        let tag = sealed.split_off(plain.len());
        format!("{}:::{}", STANDARD.encode(sealed), STANDARD.encode(tag))
    };
    assert_eq!(open_text(&seal(b"a=\xff")), Err(OpenError::Utf8));
    assert_eq!(open_text(&seal(b"a=%ff")), Err(OpenError::Utf8));
    assert_eq!(open_text(&seal(b"MerID=BBB")), Err(OpenError::OtherShop));
    assert!(open_text(&seal(b"MerID=AAA")).is_ok());
    assert!(open_text(&seal(b"Status=SUCCESS")).is_ok());
}

#[test]
fn keys_have_their_lengths_and_no_spaces() {
    let new = |key: &str, iv: &str| {
        Shop::new("A", Secret::new(key.into()), Secret::new(iv.into())).map(|_| ())
    };
    assert_eq!(new(KEY, IV), Ok(()));
    for key in [
        "",
        &KEY[1..],
        &format!("{KEY}1"),
        &format!(" {}", &KEY[1..]),
        &"é".repeat(16),
    ] {
        assert_eq!(new(key, IV), Err(KeyError::HashKey), "{key}");
    }
    for iv in [
        "",
        &IV[1..],
        &format!("{IV}1"),
        &format!("{}\n", &IV[1..]),
        &"é".repeat(8),
    ] {
        assert_eq!(new(KEY, iv), Err(KeyError::HashIv), "{iv}");
    }
}

#[test]
fn debug_shows_no_keys_and_no_envelopes() {
    let shop = shop("AAA");
    assert_eq!(format!("{shop:?}"), r#"Shop("AAA")"#);
    assert_eq!(format!("{:?}", shop.seal(&Fields::new())), "Sealed");
}

proptest! {
    #[test]
    fn what_is_sealed_is_opened(values: Vec<String>) {
        let mut fields = Fields::new();
        for (number, value) in values.into_iter().enumerate() {
            fields.push(format!("f{number}"), value);
        }
        let sealed = shop("AAA").seal(&fields);
        prop_assert_eq!(shop("AAA").open(&sealed.encrypt_info, &sealed.hash_info), Ok(fields));
    }

    #[test]
    fn any_changed_byte_is_refused(
        value: String,
        place: prop::sample::Index,
        byte in 0_u8..128,
        rehash: bool,
    ) {
        let shop = shop("AAA");
        let sealed = shop.seal(&Fields::new().with("v", value));
        let mut changed = sealed.encrypt_info.clone().into_bytes();
        let place = place.index(changed.len());
        // The same digit in upper case stands for the same byte: only the hash sees that.
        let same_digit = rehash && changed[place].eq_ignore_ascii_case(&byte);
        prop_assume!(changed[place] != byte && !same_digit);
        changed[place] = byte;
        let changed = String::from_utf8(changed).unwrap();
        let hash_info = if rehash { hash(&changed) } else { sealed.hash_info };
        prop_assert!(shop.open(&changed, &hash_info).is_err());
    }

    #[test]
    fn any_text_under_a_right_hash_is_refused(text in ".*") {
        prop_assert!(shop("AAA").open(&text, &hash(&text)).is_err());
        prop_assert!(open_text(&text).is_err());
    }
}
