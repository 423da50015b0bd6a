use catalogue::OpenapiV2Error;
use kernel::Locale;
use serde::{Deserialize, Serialize};

/// A refusal as it is kept: in every language, for whoever asks later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The HTTP status that it would have as an answer.
    pub code: u16,
    /// The module's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<u32>,
    /// In the order of [`Locale::ALL`].
    words: Vec<Words>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Words {
    message: String,
    detail: String,
}

impl Told {
    /// The documented message and what exactly is wrong.
    pub fn words(&self, locale: Locale) -> (&str, &str) {
        let place = Locale::ALL.iter().position(|known| *known == locale);
        let words = place.and_then(|place| self.words.get(place));
        words.map_or(("", ""), |words| (&words.message, &words.detail))
    }
}

impl From<&OpenapiV2Error> for Told {
    fn from(error: &OpenapiV2Error) -> Self {
        let words = Locale::ALL.map(|locale| {
            let (_, body) = error.respond(locale);
            Words {
                message: body.message,
                detail: body.message_detail,
            }
        });
        let (code, body) = error.respond(Locale::En);
        Self {
            code,
            error_code: body.error_code,
            words: words.into(),
        }
    }
}
