use serde::Serialize;

/// The languages people read us in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub enum Locale {
    /// English, the default.
    #[default]
    #[serde(rename = "en")]
    En,
    /// Traditional Chinese as used in Taiwan.
    #[serde(rename = "zh-TW")]
    ZhTw,
    /// Simplified Chinese as used in mainland China.
    #[serde(rename = "zh-CN")]
    ZhCn,
}

impl Locale {
    /// Every locale, in the order in which translations are listed.
    pub const ALL: [Self; 3] = [Self::En, Self::ZhTw, Self::ZhCn];

    /// The BCP 47 tag.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::ZhTw => "zh-TW",
            Self::ZhCn => "zh-CN",
        }
    }

    /// The position in [`Locale::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The locale for a BCP 47 language range such as `zh-Hant-HK`; `None` for other languages.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let mut parts = tag.trim().split(['-', '_']);
        let language = parts.next()?;
        if language.eq_ignore_ascii_case("en") {
            return Some(Self::En);
        }
        if !language.eq_ignore_ascii_case("zh") {
            return None;
        }
        let traditional = parts.any(|part| {
            ["hant", "tw", "hk", "mo"]
                .iter()
                .any(|t| part.eq_ignore_ascii_case(t))
        });
        Some(if traditional { Self::ZhTw } else { Self::ZhCn })
    }

    /// The best match for an `Accept-Language` header (RFC 9110 §12.5.4); English when nothing matches.
    pub fn negotiate(accept_language: &str) -> Self {
        let mut best = (0.0, Self::default());
        for range in accept_language.split(',').take(32) {
            let mut parts = range.split(';');
            let Some(locale) = parts.next().and_then(Self::from_tag) else {
                continue;
            };
            let quality = parts
                .filter_map(|p| p.trim().strip_prefix("q="))
                .find_map(|q| q.parse::<f32>().ok())
                .unwrap_or(1.0);
            if quality > best.0 {
                best = (quality, locale);
            }
        }
        best.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_quality_that_we_speak_wins() {
        assert_eq!(Locale::negotiate(""), Locale::En);
        assert_eq!(Locale::negotiate("fr, de;q=0.9"), Locale::En);
        assert_eq!(Locale::negotiate("en;q=0.5, zh-TW"), Locale::ZhTw);
        assert_eq!(Locale::negotiate("zh-Hant-HK,zh;q=0.8"), Locale::ZhTw);
        assert_eq!(Locale::negotiate("zh-Hans-CN"), Locale::ZhCn);
        assert_eq!(Locale::negotiate("zh;q=0.2, en;q=0.1"), Locale::ZhCn);
        assert_eq!(Locale::negotiate("zh;q=0"), Locale::En);
    }
}
