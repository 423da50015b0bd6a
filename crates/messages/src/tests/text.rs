use crate::Text;

#[test]
fn only_numbers_in_the_form_of_e164_are_written_to() {
    for good in ["+886912345678", "+14155552671", "+123456789012345"] {
        assert!(Text::new(good, "hello").is_ok(), "{good}");
    }
    for bad in [
        "0912345678",
        "886912345678",
        "+",
        "+12",
        "+1234567890123456",
        "+8869a",
        "+886 912",
        "+886\r\n",
        "",
    ] {
        assert!(Text::new(bad, "hello").is_err(), "{bad}");
    }
}
