//! Numbers of invoices, and the random code printed beside them.

use super::text::{is_letters_and_digits, text_of_a_form};

text_of_a_form! {
    /// The number of an invoice: two letters, which the tax authority allots for a [`Period`](super::period::Period),
    /// and eight digits.
    ///
    /// ```
    /// use einvoice::rules::number::InvoiceNumber;
    ///
    /// let number: InvoiceNumber = "AB11223344".parse()?;
    /// assert_eq!(number.track(), "AB");
    /// assert!("AB-11223344".parse::<InvoiceNumber>().is_err());
    /// # Ok::<(), einvoice::rules::Malformed>(())
    /// ```
    pub struct InvoiceNumber: "an invoice number: two letters and eight digits",
        |text| is_letters_and_digits(text, 2, 8);
}

text_of_a_form! {
    /// Four random digits that prove that somebody has seen the invoice.
    pub struct RandomCode: "a random code: four digits", |text| is_letters_and_digits(text, 0, 4);
}

/// How many numbers a book has: its first ends in 00 or 50, its last in 49 or 99.
pub const BOOK: u32 = 50;

impl InvoiceNumber {
    /// The two letters.
    pub fn track(&self) -> &str {
        self.as_str().get(..2).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_form() {
        assert!("AB00000000".parse::<InvoiceNumber>().is_ok());
        for bad in [
            "",
            "ab11223344",
            "AB1122334",
            "AB112233445",
            "A111223344",
            "中中11223344",
        ] {
            assert!(bad.parse::<InvoiceNumber>().is_err(), "{bad}");
        }
        assert!("0007".parse::<RandomCode>().is_ok());
        for bad in ["", "007", "00007", "000a"] {
            assert!(bad.parse::<RandomCode>().is_err(), "{bad}");
        }
    }
}
