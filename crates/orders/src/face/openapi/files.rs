//! The operations of files, of organizations and of people.

use super::operations::{CallerKind, Input, Operation};
use super::people;
use super::refusals::{self, Sample, call, conflict, invalid, not_there, together};
use super::schemas::{Named, date_time, described, literals, nullable, record, reference, uuid};
use super::values::{CHANGED, ORGANIZATION};
use ::files::kind::{LONGEST_NAME, PAPERS};
use ::files::{FileType, FilesConfig};
use catalogue::PlatformError as E;
use catalogue::platform::{Conflict, Format, Subject, UploadRefusal};
use serde_json::{Value, json};

const FILE: &str = "File";

/// What the tag is.
pub const TAG: (&str, &str) = (
    FILE,
    "Files that are sent first and attached to something later. A file is temporary until then and deleted when its time is over; what it \
     is attached to makes it permanent, and nothing else can be attached it to. A file is known by its content, whatever its sender says.",
);

/// The `answer` of an operation that answers with a file's bytes.
pub const BYTES: &str = "";

pub static OPERATIONS: &[Operation] = &[
    Operation {
        method: "POST",
        path: "/platform/file",
        caller: CallerKind::Key,
        id: "uploadFile",
        tag: FILE,
        summary: "Send a file",
        description: SEND,
        input: Input::Form("FileUpload"),
        answer: "FileResponse",
        example: temporary,
        refusals: || together([call(), upload()]),
    },
    Operation {
        method: "GET",
        path: "/platform/file/{file_id}",
        caller: CallerKind::Key,
        id: "getFile",
        tag: FILE,
        summary: "What a file is",
        description: "A file of the organization.",
        input: Input::None,
        answer: "FileResponse",
        example: permanent,
        refusals: || together([refusals::read(), named()]),
    },
    Operation {
        method: "GET",
        path: "/platform/file/{file_id}/content",
        caller: CallerKind::Key,
        id: "getFileContent",
        tag: FILE,
        summary: "A file's content",
        description: "The bytes of a file of the organization, to be saved: browsers do not show them.",
        input: Input::None,
        answer: BYTES,
        example: || Value::Null,
        refusals: || together([refusals::read(), named()]),
    },
    Operation {
        method: "POST",
        path: "/account/file",
        caller: CallerKind::Person,
        id: "uploadOwnFile",
        tag: FILE,
        summary: "Send a file of one's own",
        description: SEND,
        input: Input::Form("FileUpload"),
        answer: "FileResponse",
        example: temporary,
        refusals: || together([people::person(), upload()]),
    },
    Operation {
        method: "GET",
        path: "/account/file/{file_id}",
        caller: CallerKind::Person,
        id: "getOwnFile",
        tag: FILE,
        summary: "What a file of one's own is",
        description: "A file that the person sent.",
        input: Input::None,
        answer: "FileResponse",
        example: permanent,
        refusals: || together([people::person(), named()]),
    },
    Operation {
        method: "GET",
        path: "/account/file/{file_id}/content",
        caller: CallerKind::Person,
        id: "getOwnFileContent",
        tag: FILE,
        summary: "The content of a file of one's own",
        description: "The bytes of a file that the person sent, to be saved: browsers do not show them.",
        input: Input::None,
        answer: BYTES,
        example: || Value::Null,
        refusals: || together([people::person(), named()]),
    },
];

const SEND: &str = "Takes one file, in the part `file` of a form. PNG, JPEG, GIF, WebP and PDF are taken.\n\n\
    With an `Idempotency-Key`, the same file (name, content type and content) sent again is answered as the first time. A refusal is not \
    kept under the key: the body of what is refused is not read to its end.";

fn upload() -> Vec<Sample> {
    let largest = i64::try_from(FilesConfig::default().largest).unwrap_or(i64::MAX);
    let refused = |reason| Sample::from(E::FailedToUploadFile { reason });
    vec![
        refused(UploadRefusal::NoFile),
        refused(UploadRefusal::NoForm),
        refused(UploadRefusal::Malformed),
        refused(UploadRefusal::SeveralFiles),
        refused(UploadRefusal::TooManyParts),
        refused(UploadRefusal::Empty),
        refused(UploadRefusal::TooLarge { largest }),
        refused(UploadRefusal::TypeNotAllowed),
        refused(UploadRefusal::TypeDisagrees),
        refused(UploadRefusal::TooMuchWaiting),
        refused(UploadRefusal::NotStored),
        invalid("idempotency-key", Format::IdempotencyKey).into(),
        conflict(Conflict::IdempotencyKeyReused),
    ]
}

fn named() -> Vec<Sample> {
    vec![
        invalid("file_id", Format::Uuid).into(),
        not_there(Subject::File).into(),
    ]
}

fn temporary() -> Value {
    json!({
        "file_id": ORGANIZATION, "file_name": "receipt.pdf", "file_type": FileType::Temp, "content_type": "application/pdf",
        "size": 48_213, "expire_date_time": CHANGED,
    })
}

fn permanent() -> Value {
    let mut file = temporary();
    file["file_type"] = json!(FileType::Permanent);
    file["expire_date_time"] = Value::Null;
    file
}

/// The schemas of the area.
pub fn schemas() -> Vec<Named> {
    vec![
        (
            "FileType",
            literals(
                "Whether a file waits for being attached to something.",
                FileType::NAMES,
            ),
        ),
        (
            "FileUpload",
            json!({
                "type": "object",
                "required": ["file"],
                "properties": {
                    "file": {"type": "string", "format": "binary", "description": "The file."},
                    "organization_id": described(uuid(), "With a private key: if sent, it must be the organization of the key."),
                },
            }),
        ),
        (
            "FileResponse",
            record(
                "A file.",
                vec![
                    ("file_id", uuid()),
                    (
                        "file_name",
                        json!({"type": "string", "maxLength": LONGEST_NAME, "description": "Its name, with an ending that goes with the type."}),
                    ),
                    ("file_type", reference("FileType")),
                    (
                        "content_type",
                        literals("What it is, by its content.", PAPERS),
                    ),
                    (
                        "size",
                        json!({"type": "integer", "minimum": 1, "description": "In bytes."}),
                    ),
                    (
                        "expire_date_time",
                        described(nullable(date_time()), "When a temporary file is deleted."),
                    ),
                ],
            ),
        ),
    ]
}
