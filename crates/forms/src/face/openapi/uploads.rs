//! `uploads`.

use super::operations::Operation;
use super::refusals;
use super::shapes::{UPLOAD_ID, filled, iso, seconds, up_to};
use crate::uploads::LARGEST;
use catalogue::openapi_v2::Problem;
use files::kind::TYPES;
use httpkit::schema::{Named, integer, object, one_of, reference, said, text, url};
use serde_json::{Value, json};

/// One white pixel.
const PIXEL: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj2FAAAAABJRU5ErkJggg==";

pub fn operations() -> Vec<Operation> {
    let unlike = "content_type";
    vec![
        Operation::new("uploads/create", "Send a file")
            .about(
                "For a field of a form that takes files: name the upload there by its id. One that no submission names goes after a time (24 hours unless set otherwise; \
                 then 100310).",
            )
            .takes(
                &["name", "content"],
                vec![
                    ("name", filled(255, "现场.png")),
                    (
                        "content_type",
                        said("Must agree with what the content is. Default: what it is.", up_to(200, "image/png")),
                    ),
                    ("content", content()),
                ],
            )
            .answers(reference("Upload"))
            .refused([
                refusals::parameter("content", Problem::TooLarge { limit: LARGEST }),
                refusals::parameter("content", Problem::NotOneOf { allowed: TYPES.to_vec() }),
                refusals::contradicts(unlike, "content"),
            ]),
    ]
}

fn content() -> Value {
    json!({
        "type": "string",
        "contentEncoding": "base64",
        "description": format!("The file in Base64, {LARGEST} bytes at most: {}.", TYPES.join(", ")),
        "examples": [PIXEL],
    })
}

pub fn schemas() -> Vec<Named> {
    let upload = object(
        "A file that was sent.",
        vec![
            ("upload_id", text(UPLOAD_ID)),
            (
                "url",
                url("https://qr.example.com/f/uploads/uT5n8Wq2Zr4Kx7Bm9"),
            ),
            (
                "expire_at",
                said("When it goes unless a submission names it.", seconds()),
            ),
            ("expire_at_iso", iso()),
            ("size", said("Bytes.", integer(67))),
            ("content_type", one_of(TYPES, "image/png")),
        ],
    );
    vec![("Upload", upload)]
}
