//! Public addresses: `https://…/oEuE2E/qB4k8Tn`, or their last part alone.

use catalogue::OpenapiV2Error;

/// What an address names, or a coding alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The organization's code: `o…`.
    pub org_code: Option<String>,
    /// The coding of a code, record or certificate: `q…`, `r…`, `v…`.
    pub coding: String,
}

impl Address {
    /// Takes `https://host/o…/r…` apart, with or without scheme, query, fragment and `.md`; or `r…`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let path = text.split(['?', '#']).next()?;
        let (host, path) = match path.split_once("://") {
            Some((_, rest)) => rest
                .split_once('/')
                .map(|(host, path)| (!host.is_empty(), path))?,
            None => (false, path),
        };
        let mut parts = path.trim_matches('/').rsplit('/');
        let last = parts.next()?;
        let coding = last.strip_suffix(".md").unwrap_or(last);
        let org_code = parts.next();
        let is_plain =
            |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric());
        let org_is_right = org_code.is_none_or(|code| code.starts_with('o') && is_plain(code));
        if !is_plain(coding) || !org_is_right || (host && org_code.is_none()) {
            return None;
        }
        Some(Self {
            org_code: org_code.map(str::to_owned),
            coding: coding.to_owned(),
        })
    }

    /// 100316 when the address names another organization than this one.
    pub fn check_organization(&self, org_code: &str) -> Result<(), OpenapiV2Error> {
        match &self.org_code {
            Some(named) if named != org_code => Err(OpenapiV2Error::OrganizationMismatch),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_are_taken_apart() {
        let parse = |text| {
            let address = Address::parse(text)?;
            Some((address.org_code.unwrap_or_default(), address.coding))
        };
        let found = |org: &str, coding: &str| Some((org.to_owned(), coding.to_owned()));
        assert_eq!(parse("rB4k8Tn"), found("", "rB4k8Tn"));
        for text in [
            "https://qr.test/oEuE2E/rB4k8Tn",
            " http://qr.test:8080/base/oEuE2E/rB4k8Tn/?a=/b#/c ",
            "qr.test/oEuE2E/rB4k8Tn",
            "oEuE2E/rB4k8Tn",
        ] {
            assert_eq!(parse(text), found("oEuE2E", "rB4k8Tn"), "{text}");
        }
        for text in [
            "",
            "/",
            "https://qr.test",
            "https://qr.test/rB4k8Tn",
            "r B",
            "a/rB",
            "oA/r-b",
            "://",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in any::<String>()) {
            let _ = Address::parse(&text);
        }

        #[test]
        fn what_is_written_is_read(org in "o[0-9A-Za-z]{8}", coding in "[qrv][0-9A-Za-z]{8,30}") {
            let text = format!("https://qr.example/{org}/{coding}.md");
            let address = Address::parse(&text).unwrap();
            prop_assert_eq!(address.check_organization(&org), Ok(()));
            prop_assert_eq!(address.check_organization("o"), Err(OpenapiV2Error::OrganizationMismatch));
            prop_assert_eq!(address.coding, coding);
        }
    }
}
