//! What is printed on a paper proof beside the words: a Code 39 barcode and a pair of QR codes, by the
//! specification of the Ministry of Finance (version 1.9).

use super::amount::MAX_TOTAL;
use super::number::{InvoiceNumber, RandomCode};
use super::period::Date;
use super::ubn::{SellerUbn, Ubn};
use crate::cipher::Aes128Cbc;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::Secret;
use std::fmt;

/// The same for everybody, by the specification.
const IV: [u8; 16] = [
    0x0e, 0xdf, 0x25, 0xc9, 0x3a, 0x28, 0xd7, 0xb5, 0xff, 0x5e, 0x45, 0xda, 0x42, 0xf8, 0xa1, 0xb8,
];
/// Ten places for the seller's own use.
const SELLER_S_OWN: &str = "**********";
/// How the texts are encoded: `1` is UTF-8.
const UTF_8: &str = "1";
/// Where the right code begins.
const RIGHT: &str = "**";

/// The seller's key for the QR code, which the tax authority gives out as 32 hexadecimal digits.
#[derive(Clone)]
pub struct QrKey(Aes128Cbc);

/// A QR key is not 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a QR key has 32 hexadecimal digits")]
pub struct QrKeyError;

impl QrKey {
    /// The key written as 32 hexadecimal digits.
    pub fn new(hex: &Secret<String>) -> Result<Self, QrKeyError> {
        let bytes = crate::cipher::unhex(hex.expose()).ok_or(QrKeyError)?;
        let key = bytes.try_into().map_err(|_| QrKeyError)?;
        Ok(Self(Aes128Cbc::new(key, IV)))
    }

    /// 24 characters that only somebody with the key can make or check.
    fn seal(&self, number: &InvoiceNumber, random: &RandomCode) -> String {
        STANDARD.encode(self.0.encrypt(format!("{number}{random}").as_bytes()))
    }
}

impl fmt::Debug for QrKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QrKey")
    }
}

/// What a paper proof says, as far as machines read it.
///
/// ```
/// use einvoice::rules::period::Date;
/// use einvoice::rules::proof::{Proof, ProofLine, QrKey};
/// use kernel::Secret;
///
/// let proof = Proof {
///     number: "AB11223344".parse()?,
///     date: Date::of("2026-01-15T12:00:00+08:00".parse()?),
///     random: "9999".parse()?,
///     net: 285,
///     total: 299,
///     buyer: None,
///     seller: "12345675".parse()?,
///     lines: vec![ProofLine { name: "One month".into(), count: 1, price: 299 }],
/// };
/// assert_eq!(proof.barcode(), "11502AB112233449999");
/// let key = QrKey::new(&Secret::new("00112233445566778899aabbccddeeff".into()))?;
/// let [left, right] = proof.qr(&key, 250).expect("an amount");
/// assert!(left.starts_with("AB11223344115011599990000011d0000012b00000000"));
/// assert_eq!(right, "**");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The invoice's number.
    pub number: InvoiceNumber,
    /// The day it was issued.
    pub date: Date,
    /// Its random code.
    pub random: RandomCode,
    /// Sales without tax in whole TWD; 0 where tax is not told apart.
    pub net: i64,
    /// The total in whole TWD.
    pub total: i64,
    /// The buyer's business number.
    pub buyer: Option<Ubn>,
    /// The seller's.
    pub seller: SellerUbn,
    /// What was sold.
    pub lines: Vec<ProofLine>,
}

/// A line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofLine {
    /// What was sold.
    pub name: String,
    /// How many.
    pub count: i64,
    /// The price of one in whole TWD.
    pub price: i64,
}

impl Proof {
    /// The 19 characters of the barcode: period, number and random code.
    pub fn barcode(&self) -> String {
        format!("{}{}{}", self.date.period(), self.number, self.random)
    }

    /// The texts of the left and the right QR code, each of at most `capacity` bytes (134 fit in version 6 at
    /// level L; the head alone takes about 100). Lines that do not fit are left out, from the first of them on; the left
    /// code says how many are there and how many there should be.
    ///
    /// `None` for an invoice without an amount, which has no codes, and for amounts that do not fit in eight
    /// hexadecimal digits.
    pub fn qr(&self, key: &QrKey, capacity: usize) -> Option<[String; 2]> {
        let fits = |amount: &i64| (0..=MAX_TOTAL).contains(amount);
        if self.total == 0 || ![self.net, self.total].iter().all(fits) {
            return None;
        }
        let head = self.head(key);
        let all = self.lines.len();
        let lines: Vec<_> = self.lines.iter().map(ProofLine::text).collect();
        // The count of lines is not known before they are placed, and is never longer than that of all.
        let taken = |shown: usize| format!("{head}:{SELLER_S_OWN}:{shown}:{all}:{UTF_8}:").len();
        let mut shown = 0;
        let mut left = String::new();
        if let Some(line) = lines.first()
            && taken(all) + line.len() < capacity
        {
            left = format!("{line}:");
            shown = 1;
        }
        let mut right = RIGHT.to_owned();
        if shown == 1 {
            for line in &lines[1..] {
                let colon = usize::from(right.len() > RIGHT.len());
                if right.len() + colon + line.len() > capacity {
                    break;
                }
                if colon == 1 {
                    right.push(':');
                }
                right.push_str(line);
                shown += 1;
            }
        }
        let left = format!("{head}:{SELLER_S_OWN}:{shown}:{all}:{UTF_8}:{left}");
        Some([left, right])
    }

    /// The first 77 characters of the left code.
    fn head(&self, key: &QrKey) -> String {
        let Self {
            number,
            random,
            net,
            total,
            seller,
            ..
        } = self;
        let buyer = self.buyer.as_ref().map_or("00000000", Ubn::as_str);
        let date = self.date.roc();
        let seal = key.seal(number, random);
        format!("{number}{date}{random}{net:08x}{total:08x}{buyer}{seller}{seal}")
    }
}

impl ProofLine {
    fn text(&self) -> String {
        // A colon separates: the full-width one reads the same.
        let name = self.name.replace(':', "：");
        format!("{name}:{}:{}", self.count, self.price)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> QrKey {
        QrKey::new(&Secret::new("00112233445566778899aabbccddeeff".into())).unwrap()
    }

    fn line(name: &str, count: i64, price: i64) -> ProofLine {
        ProofLine {
            name: name.into(),
            count,
            price,
        }
    }

    fn proof(number: &str, day: &str, random: &str) -> Proof {
        Proof {
            number: number.parse().unwrap(),
            date: Date::of(format!("{day}T12:00:00+08:00").parse().unwrap()),
            random: random.parse().unwrap(),
            net: 285,
            total: 299,
            buyer: None,
            seller: "12345675".parse().unwrap(),
            lines: Vec::new(),
        }
    }

    #[test]
    fn barcodes_are_those_of_known_proofs() {
        for (number, day, random, barcode) in [
            ("UZ17690872", "2015-04-01", "0122", "10404UZ176908720122"),
            ("AB11223344", "2026-01-15", "9999", "11502AB112233449999"),
            ("AA26513024", "2026-06-17", "7081", "11506AA265130247081"),
        ] {
            assert_eq!(proof(number, day, random).barcode(), barcode);
        }
    }

    #[test]
    fn the_head_is_that_of_known_proofs() {
        let computed = proof("AB11223344", "2026-01-15", "9999").head(&key());
        assert_eq!(
            computed,
            "AB11223344115011599990000011d0000012b00000000123456756zO/cdeDHhL4YJghoVKqTg=="
        );
        assert_eq!(computed.len(), 77);
        let published = Proof {
            net: 324,
            total: 340,
            seller: "01234567".parse().unwrap(),
            ..proof("AB11223344", "2013-10-23", "9999")
        };
        let head = published.head(&key());
        assert!(head.starts_with("AB1122334410210239999000001440000015400000000"));
        assert_eq!(&head[45..53], "01234567");
        let live = Proof {
            net: 100,
            total: 105,
            buyer: Some("28080623".parse().unwrap()),
            seller: "12345678".parse().unwrap(),
            ..proof("AA26513024", "2026-06-17", "7081")
        };
        let head = live.head(&key());
        assert!(head.starts_with("AA265130241150617708100000064000000692808062312345678"));
    }

    #[test]
    fn lines_are_shared_by_the_two_codes() {
        let published = Proof {
            lines: vec![
                line("乾電池", 1, 105),
                line("口罩", 1, 210),
                line("牛奶", 1, 25),
            ],
            ..proof("AB11223344", "2013-10-23", "9999")
        };
        let [left, right] = published.qr(&key(), 134).unwrap();
        assert_eq!(&left[77..], ":**********:3:3:1:乾電池:1:105:");
        assert_eq!(right, "**口罩:1:210:牛奶:1:25");
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        let long = Proof {
            lines: (0..40).map(|n| line("一個很長的商品名稱", n, 1)).collect(),
            ..proof("AB11223344", "2026-01-15", "9999")
        };
        let [left, right] = long.qr(&key(), 134).unwrap();
        assert!(
            left[77..].starts_with(":**********:5:40:1:一個很長的商品名稱:0:1:"),
            "{left}"
        );
        assert_eq!(right.matches("一個很長的商品名稱").count(), 4);
        let [left, right] = long.qr(&key(), 100).unwrap();
        assert!(left.ends_with(":0:40:1:"));
        assert_eq!(right, "**");
    }

    #[test]
    fn nothing_paid_has_no_codes() {
        let free = Proof {
            net: 0,
            total: 0,
            ..proof("AB11223344", "2026-01-15", "9999")
        };
        assert_eq!(free.qr(&key(), 134), None);
        let huge = Proof {
            total: MAX_TOTAL + 1,
            ..proof("AB11223344", "2026-01-15", "9999")
        };
        assert_eq!(huge.qr(&key(), 134), None);
    }

    #[test]
    fn keys_are_hexadecimal_and_hidden() {
        for bad in [
            "",
            "00",
            "zz112233445566778899aabbccddeeff",
            "00112233445566778899aabbccddeeff00",
        ] {
            assert!(QrKey::new(&Secret::new(bad.into())).is_err(), "{bad}");
        }
        assert_eq!(format!("{:?}", key()), "QrKey");
    }

    proptest! {
        #[test]
        fn codes_fit_and_count_their_lines(
            names in proptest::collection::vec("\\PC{0,20}", 0..30),
            capacity in 110..400_usize,
            total in 1..=MAX_TOTAL,
        ) {
            let any = Proof {
                net: total,
                total,
                lines: names.iter().map(|name| line(name, 1, 1)).collect(),
                ..proof("AB11223344", "2026-01-15", "9999")
            };
            let [left, right] = any.qr(&key(), capacity).unwrap();
            prop_assert!(left.len() <= capacity && right.len() <= capacity);
            prop_assert!(right.starts_with("**"));
            let tail = &left[77..];
            let mut parts = tail.split(':');
            let (shown, all) = (parts.nth(2).unwrap(), parts.next().unwrap());
            prop_assert_eq!(all.parse::<usize>().unwrap(), names.len());
            let lines = |text: &str| text.matches(':').count();
            // Two colons in a line, one between lines; five before the lines of the left code, one after each.
            let in_left = (lines(tail) - 5) / 3;
            let in_right = if right.len() > 2 { (lines(&right) + 1) / 3 } else { 0 };
            prop_assert_eq!(shown.parse::<usize>().unwrap(), in_left + in_right);
            prop_assert_eq!(any.barcode().len(), 19);
        }
    }
}
