//! Where an invoice goes instead of on paper: carriers (載具), and donation by love code (愛心碼).

use super::text::{is_letters_and_digits, text_of_a_form};

text_of_a_form! {
    /// A carrier on a phone (手機條碼): `/` and seven of `0-9 A-Z . + -`, such as `/ABC1234`. Only the tax
    /// authority knows whether it is registered.
    ///
    /// ```
    /// use einvoice::rules::carrier::MobileBarcode;
    ///
    /// assert!("/AB+.-12".parse::<MobileBarcode>().is_ok());
    /// assert!("/abc1234".parse::<MobileBarcode>().is_err());
    /// ```
    pub struct MobileBarcode: "a mobile barcode: / and seven of 0-9 A-Z . + -", is_mobile_barcode;
}

text_of_a_form! {
    /// A citizen digital certificate (自然人憑證): two letters and fourteen digits.
    pub struct CitizenCertificate: "a citizen digital certificate: two letters and fourteen digits",
        |text| is_letters_and_digits(text, 2, 14);
}

text_of_a_form! {
    /// The code of an organization that receives donated invoices: three to seven digits, of which leading
    /// zeros count.
    pub struct LoveCode: "a love code: three to seven digits",
        |text| (3..=7).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
}

fn is_mobile_barcode(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_digit() || b.is_ascii_uppercase() || b".+-".contains(&b);
    text.strip_prefix('/')
        .is_some_and(|rest| rest.len() == 7 && rest.bytes().all(allowed))
}

/// How the buyer gets the invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receive {
    /// As a printed proof. With a buyer's business number it is the company's invoice.
    Paper,
    /// In the buyer's account with the provider, found by mail address.
    Member,
    /// On a phone.
    MobileBarcode(MobileBarcode),
    /// On a citizen digital certificate.
    CitizenCertificate(CitizenCertificate),
    /// Not at all: it is donated.
    Donation(LoveCode),
}

/// The kinds of [`Receive`], with that of companies told apart: what providers offer or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReceiveType {
    /// A printed proof for a consumer.
    Paper,
    /// The provider's own carrier.
    Member,
    /// A phone.
    MobileBarcode,
    /// A citizen digital certificate.
    CitizenCertificate,
    /// A donation.
    Donation,
    /// A company's invoice: with a business number, and no carrier.
    Company,
}

impl ReceiveType {
    /// Every one.
    pub const ALL: [Self; 6] = [
        Self::Paper,
        Self::Member,
        Self::MobileBarcode,
        Self::CitizenCertificate,
        Self::Donation,
        Self::Company,
    ];
}

impl Receive {
    /// Its kind, given whether there is a buyer's business number.
    pub const fn kind(&self, company: bool) -> ReceiveType {
        match self {
            Self::Paper if company => ReceiveType::Company,
            Self::Paper => ReceiveType::Paper,
            Self::Member => ReceiveType::Member,
            Self::MobileBarcode(_) => ReceiveType::MobileBarcode,
            Self::CitizenCertificate(_) => ReceiveType::CitizenCertificate,
            Self::Donation(_) => ReceiveType::Donation,
        }
    }

    /// Whether it goes on a carrier.
    pub const fn is_carrier(&self) -> bool {
        matches!(
            self,
            Self::Member | Self::MobileBarcode(_) | Self::CitizenCertificate(_)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carriers_have_one_form() {
        for good in ["/ABC1234", "/0000000", "/A.+-9ZZ"] {
            assert!(good.parse::<MobileBarcode>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "/",
            "ABC12345",
            "/ABC123",
            "/ABC12345",
            "/abc1234",
            "/ABC 123",
            "/ABC12é",
        ] {
            assert!(bad.parse::<MobileBarcode>().is_err(), "{bad}");
        }
        assert!("AB12345678901234".parse::<CitizenCertificate>().is_ok());
        for bad in [
            "",
            "A",
            "AB1234567890123",
            "AB123456789012345",
            "ab12345678901234",
            "A112345678901234",
            "中12345678901234",
        ] {
            assert!(bad.parse::<CitizenCertificate>().is_err(), "{bad}");
        }
    }

    #[test]
    fn love_codes_keep_their_zeros() {
        let code: LoveCode = "0012345".parse().unwrap();
        assert_eq!(code.as_str(), "0012345");
        assert!("168".parse::<LoveCode>().is_ok());
        for bad in ["", "12", "12345678", "12a", "１２３"] {
            assert!(bad.parse::<LoveCode>().is_err(), "{bad}");
        }
        let error = "12".parse::<LoveCode>().unwrap_err();
        assert_eq!(error.to_string(), "not a love code: three to seven digits");
    }

    #[test]
    fn paper_with_a_business_number_is_the_company_s() {
        assert_eq!(Receive::Paper.kind(true), ReceiveType::Company);
        assert_eq!(Receive::Paper.kind(false), ReceiveType::Paper);
        assert_eq!(Receive::Member.kind(true), ReceiveType::Member);
        assert!(Receive::Member.is_carrier() && !Receive::Paper.is_carrier());
    }
}
