//! The operations of people: accounts, sessions, organizations, members, keys.

use super::operations::{CallerKind, Example, Input, Operation};
use super::refusals::{
    Sample, body_is_no_object, call_of, conflict, empty, field, invalid, not_there, outside,
    required, together,
};
use super::schemas::{
    Named, date_time, described, flag, list, nullable, paged, record, record_with, request, text,
    uuid, values,
};
use super::values::{CHANGED, ORGANIZATION, PLACED, page, values as rows};
use crate::face::fields::MOST_IDS;
use crate::face::limits::{LARGEST_BODY, LONGEST_LABEL, LONGEST_ROBOT_TOKEN, NAME, PASSWORD};
use crate::odata::ListQuery;
use crate::repo::profiles;
use catalogue::PlatformError as E;
use catalogue::platform::{Conflict, Credential, Format, Subject, SupportReason};
use httpkit::Transport;
use serde_json::{Value, json};
use std::ops::RangeInclusive;
use std::time::Duration;

const ACCOUNT: &str = "Account";
const MEMBERSHIP: &str = "Organizations of a person";
const PERSON: CallerKind = CallerKind::Person;
const ANYBODY: CallerKind = CallerKind::Anybody;

/// What the tags are.
pub const TAGS: [(&str, &str); 2] = [
    (
        ACCOUNT,
        "Accounts of people. Who registers, logs in or asks for a code shows that they are no robot: `robot_token` is the solution of a \
         challenge (`GET /account/robot-challenge`), or what the captcha service that the operator has configured gave the page. It is \
         looked at before the other fields and counts once.",
    ),
    (
        MEMBERSHIP,
        "What the members of an organization do for it: what it says of itself, who belongs to it, its private keys.",
    ),
];

const fn body(schema: &'static str, examples: &'static [Example]) -> Input {
    Input::Body {
        schema,
        required: true,
        examples,
    }
}

pub static OPERATIONS: &[Operation] = &[
    Operation {
        method: "GET",
        path: "/account/robot-challenge",
        caller: ANYBODY,
        id: "getRobotChallenge",
        tag: ACCOUNT,
        summary: "A challenge to solve",
        description: "Find a `nonce` (up to 32 digits) such that the SHA-256 digest of `challenge:nonce` begins with `difficulty` zero \
            bits, and send `challenge:nonce` as `robot_token`. `data_not_exist`: this server asks a captcha service instead.",
        input: Input::None,
        answer: "RobotChallengeResponse",
        example: || json!({"challenge": "1780375200.6f0c3a1e9b5d4c27.9b1d", "difficulty": 18, "expire_date_time": CHANGED}),
        refusals: || together([visit(), vec![not_there(Subject::Operation).into()]]),
    },
    Operation {
        method: "POST",
        path: "/account/register",
        caller: ANYBODY,
        id: "register",
        tag: ACCOUNT,
        summary: "Make an account",
        description: "The phone must be a mobile one; numbers without a country code are Taiwan's. With `verification_code` \
            (`POST /account/verification-code`) the phone counts as verified from the start; the operator may demand it.",
        input: body(
            "RegisterRequest",
            &[(
                "register",
                || json!({"email": "mei@example.com", "password": "correct horse", "phone": "0912345678", "robot_token": "…"}),
            )],
        ),
        answer: "AccountResponse",
        example: account,
        refusals: || {
            together([
                public(),
                email("email"),
                phone("phone"),
                own_password("password"),
                code(),
                vec![
                    required("email").into(),
                    required("password").into(),
                    required("phone").into(),
                    conflict(Conflict::EmailTaken),
                ],
            ])
        },
    },
    Operation {
        method: "POST",
        path: "/account/login",
        caller: ANYBODY,
        id: "logIn",
        tag: ACCOUNT,
        summary: "Begin a session",
        description: "A wrong address and a wrong password are told apart by nothing. Attempts are limited for each account and each \
            address: HTTP 429 with `Retry-After`.",
        input: body(
            "LoginRequest",
            &[(
                "login",
                || json!({"email": "mei@example.com", "password": "correct horse", "robot_token": "…"}),
            )],
        ),
        answer: "TokenResponse",
        example: || json!({"access_token": "tat_9f2c…", "expire_date_time": CHANGED}),
        refusals: || {
            together([
                public(),
                email("email"),
                vec![
                    required("email").into(),
                    required("password").into(),
                    wrong_length("password", 1..=1024).into(),
                    wrong_password(),
                ],
            ])
        },
    },
    Operation {
        method: "POST",
        path: "/account/verification-code",
        caller: ANYBODY,
        id: "sendVerificationCode",
        tag: ACCOUNT,
        summary: "Send a phone a code",
        description: "Six digits that count for some minutes, in the language of the request. A new code replaces the one before.",
        input: body(
            "VerificationCodeRequest",
            &[(
                "code",
                || json!({"phone": "0912345678", "robot_token": "…"}),
            )],
        ),
        answer: "Done",
        example: || json!({}),
        refusals: || together([public(), phone("phone"), vec![required("phone").into()]]),
    },
    Operation {
        method: "GET",
        path: "/account",
        caller: PERSON,
        id: "getAccount",
        tag: ACCOUNT,
        summary: "Who is logged in",
        description: "The account of the session.",
        input: Input::None,
        answer: "AccountResponse",
        example: account,
        refusals: person,
    },
    Operation {
        method: "POST",
        path: "/account/phone",
        caller: PERSON,
        id: "verifyPhone",
        tag: ACCOUNT,
        summary: "Verify a phone",
        description: "Makes the phone the account's, if the code is the last one sent there. Five wrong codes, and it counts no more.",
        input: body(
            "PhoneRequest",
            &[(
                "phone",
                || json!({"phone": "0912345678", "verification_code": "048213"}),
            )],
        ),
        answer: "AccountResponse",
        example: account,
        refusals: || {
            together([
                write(),
                phone("phone"),
                code(),
                vec![
                    required("phone").into(),
                    required("verification_code").into(),
                ],
            ])
        },
    },
    Operation {
        method: "POST",
        path: "/account/password",
        caller: PERSON,
        id: "changePassword",
        tag: ACCOUNT,
        summary: "Change the password",
        description: "Ends every other session of the account.",
        input: body(
            "PasswordRequest",
            &[(
                "password",
                || json!({"password": "correct horse", "new_password": "battery staple"}),
            )],
        ),
        answer: "Done",
        example: || json!({}),
        refusals: || {
            together([
                write(),
                own_password("new_password"),
                vec![
                    required("password").into(),
                    required("new_password").into(),
                    wrong_length("password", 1..=1024).into(),
                    wrong_password(),
                ],
            ])
        },
    },
    Operation {
        method: "POST",
        path: "/account/password-reset",
        caller: ANYBODY,
        id: "sendPasswordCode",
        tag: ACCOUNT,
        summary: "Mail a code to set the password anew",
        description: "The answer is the same whether there is such an account or not.",
        input: body(
            "PasswordCodeRequest",
            &[(
                "code",
                || json!({"email": "mei@example.com", "robot_token": "…"}),
            )],
        ),
        answer: "Done",
        example: || json!({}),
        refusals: || together([public(), email("email"), vec![required("email").into()]]),
    },
    Operation {
        method: "POST",
        path: "/account/password-reset/confirm",
        caller: ANYBODY,
        id: "setPassword",
        tag: ACCOUNT,
        summary: "Set the password anew",
        description: "With the code last mailed there. Ends every session of the account. Five wrong codes, and it counts no more.",
        input: body(
            "PasswordResetRequest",
            &[(
                "reset",
                || json!({"email": "mei@example.com", "verification_code": "048213", "new_password": "battery staple", "robot_token": "…"}),
            )],
        ),
        answer: "Done",
        example: || json!({}),
        refusals: || {
            together([
                public(),
                email("email"),
                code(),
                own_password("new_password"),
                vec![
                    required("email").into(),
                    required("verification_code").into(),
                    required("new_password").into(),
                ],
            ])
        },
    },
    Operation {
        method: "POST",
        path: "/account/logout",
        caller: PERSON,
        id: "logOut",
        tag: ACCOUNT,
        summary: "End the session",
        description: "The token counts no more, on every node.",
        input: Input::None,
        answer: "Done",
        example: || json!({}),
        refusals: person,
    },
    Operation {
        method: "GET",
        path: "/account/session",
        caller: PERSON,
        id: "listSessions",
        tag: ACCOUNT,
        summary: "The sessions of the account",
        description: "Those that count, the oldest first.",
        input: Input::None,
        answer: "SessionResponseValues",
        example: || {
            rows(&json!({
                "account_session_id": ORGANIZATION, "current": true, "create_date_time": PLACED, "expire_date_time": CHANGED,
            }))
        },
        refusals: person,
    },
    Operation {
        method: "DELETE",
        path: "/account/session/{account_session_id}",
        caller: PERSON,
        id: "endSession",
        tag: ACCOUNT,
        summary: "End a session",
        description: "Of a lost device, say.",
        input: Input::None,
        answer: "Done",
        example: || json!({}),
        refusals: || {
            together([
                person(),
                vec![
                    invalid("account_session_id", Format::Uuid).into(),
                    not_there(Subject::Session).into(),
                ],
            ])
        },
    },
    Operation {
        method: "GET",
        path: "/account/organization",
        caller: PERSON,
        id: "listOrganizations",
        tag: MEMBERSHIP,
        summary: "The person's organizations",
        description: "Those that the person is a member of, the oldest first unless `$orderby` says otherwise; an operator has every one.",
        input: Input::List {
            entity: &profiles::ENTITY,
            filters: &[
                "contains(name,'Studio')",
                "create_date_time ge 2026-06-01T00:00:00Z",
            ],
            orderby: "name",
        },
        answer: "OrganizationDetailResponsePagedResponse",
        example: || page(&organization()),
        refusals: || {
            let refused = |query| {
                let detail = ListQuery::parse(query, &profiles::ENTITY)
                    .err()
                    .unwrap_or_default();
                Sample::from(E::ODataFailed { detail })
            };
            together([
                person(),
                vec![refused("$top=101"), refused("$filter=unknown+eq+1")],
            ])
        },
    },
    Operation {
        method: "POST",
        path: "/account/organization",
        caller: PERSON,
        id: "createOrganization",
        tag: MEMBERSHIP,
        summary: "Make an organization",
        description: "Its only member is the person. It has no credit yet.",
        input: body(
            "OrganizationRequest",
            &[("organization", organization_body)],
        ),
        answer: "OrganizationDetailResponse",
        example: organization,
        refusals: || {
            together([
                write(),
                profile(),
                vec![
                    required("name").into(),
                    required("contact_email").into(),
                    required("contact_phone").into(),
                ],
            ])
        },
    },
    Operation {
        method: "GET",
        path: "/account/organization/{organization_id}",
        caller: PERSON,
        id: "getOrganizationDetail",
        tag: MEMBERSHIP,
        summary: "An organization",
        description: "What it says of itself.",
        input: Input::None,
        answer: "OrganizationDetailResponse",
        example: organization,
        refusals: || together([person(), named()]),
    },
    Operation {
        method: "PATCH",
        path: "/account/organization/{organization_id}",
        caller: PERSON,
        id: "changeOrganization",
        tag: MEMBERSHIP,
        summary: "Change an organization",
        description: "What is absent or `null` stays as it is; a `tax_id` or `logo_file_id` that is empty text is taken away.",
        input: body(
            "OrganizationPatchRequest",
            &[("name", || json!({"name": "Example Studio Ltd."}))],
        ),
        answer: "OrganizationDetailResponse",
        example: organization,
        refusals: || together([write(), named(), profile()]),
    },
    Operation {
        method: "PATCH",
        path: "/account/organization/{organization_id}/status",
        caller: PERSON,
        id: "setOrganizationStatus",
        tag: MEMBERSHIP,
        summary: "Enable or disable an organization",
        description: "For operators: to others, members included, it is `organization_not_belong_account`. The keys of a disabled \
            organization are refused with `organization_disable`.",
        input: body(
            "OrganizationStatusRequest",
            &[("disable", || json!({"enable": false}))],
        ),
        answer: "OrganizationDetailResponse",
        example: organization,
        refusals: || {
            together([
                write(),
                named(),
                vec![
                    required("enable").into(),
                    invalid("enable", Format::Boolean).into(),
                ],
            ])
        },
    },
    Operation {
        method: "GET",
        path: "/account/organization/{organization_id}/member",
        caller: PERSON,
        id: "listMembers",
        tag: MEMBERSHIP,
        summary: "The members",
        description: "The oldest account first.",
        input: Input::None,
        answer: "MemberResponseValues",
        example: members,
        refusals: || together([person(), named()]),
    },
    Operation {
        method: "POST",
        path: "/account/organization/{organization_id}/member",
        caller: PERSON,
        id: "addMembers",
        tag: MEMBERSHIP,
        summary: "Add members",
        description: "All of the accounts, or none if one does not exist. Who is a member already stays one.",
        input: body(
            "MembersRequest",
            &[("members", || json!({"account_ids": [ORGANIZATION]}))],
        ),
        answer: "MemberResponseValues",
        example: members,
        refusals: || {
            together([
                write(),
                named(),
                vec![
                    required("account_ids").into(),
                    empty("account_ids").into(),
                    outside("account_ids", MOST_IDS).into(),
                    invalid("account_ids", Format::List).into(),
                    invalid("account_ids[1]", Format::Uuid).into(),
                    not_there(Subject::Account).into(),
                ],
            ])
        },
    },
    Operation {
        method: "DELETE",
        path: "/account/organization/{organization_id}/member/{account_id}",
        caller: PERSON,
        id: "removeMember",
        tag: MEMBERSHIP,
        summary: "Remove a member",
        description: "The last one stays: `sequence_at_least_one_element`.",
        input: Input::None,
        answer: "MemberResponseValues",
        example: members,
        refusals: || {
            together([
                person(),
                named(),
                vec![
                    invalid("account_id", Format::Uuid).into(),
                    not_there(Subject::Account).into(),
                    empty("account_ids").into(),
                ],
            ])
        },
    },
    Operation {
        method: "GET",
        path: "/account/organization/{organization_id}/private-key",
        caller: PERSON,
        id: "listPrivateKeys",
        tag: MEMBERSHIP,
        summary: "The private keys",
        description: "All that were made, revoked ones included. The keys themselves are not kept.",
        input: Input::None,
        answer: "PrivateKeyResponseValues",
        example: || rows(&key(None)),
        refusals: || together([person(), named()]),
    },
    Operation {
        method: "POST",
        path: "/account/organization/{organization_id}/private-key",
        caller: PERSON,
        id: "createPrivateKey",
        tag: MEMBERSHIP,
        summary: "Make a private key",
        description: "`private_key` is shown this once.",
        input: body(
            "PrivateKeyRequest",
            &[("key", || json!({"label": "web shop"}))],
        ),
        answer: "PrivateKeyResponse",
        example: || key(Some("tsk_3d1f…")),
        refusals: || {
            together([
                write(),
                named(),
                vec![
                    wrong_length("label", 1..=LONGEST_LABEL).into(),
                    invalid("label", Format::Text).into(),
                ],
            ])
        },
    },
    Operation {
        method: "DELETE",
        path: "/account/organization/{organization_id}/private-key/{private_key_id}",
        caller: PERSON,
        id: "revokePrivateKey",
        tag: MEMBERSHIP,
        summary: "Revoke a private key",
        description: "It is refused from now on, on every node. Answers with the organization's keys.",
        input: Input::None,
        answer: "PrivateKeyResponseValues",
        example: || rows(&key(None)),
        refusals: || {
            together([
                person(),
                named(),
                vec![
                    invalid("private_key_id", Format::Uuid).into(),
                    not_there(Subject::PrivateKey).into(),
                ],
            ])
        },
    },
];

fn visit() -> Vec<Sample> {
    let retry_after = Duration::from_secs(29);
    let incident = "01999d1c-2f60-7c3a-9b52-6e0d4a8f1c77".into();
    vec![
        Transport::RateLimited { retry_after }.into(),
        E::UnHandleException { incident }.into(),
        Transport::TimedOut.into(),
    ]
}

fn with_body() -> Vec<Sample> {
    let limit = LARGEST_BODY;
    vec![
        body_is_no_object().into(),
        invalid("content-type", Format::JsonContentType).into(),
        Transport::BodyIncomplete.into(),
        Transport::BodyTooLarge { limit }.into(),
    ]
}

/// Who is not logged in, and has to show that they are no robot.
fn public() -> Vec<Sample> {
    let reason = SupportReason::RobotCheckUnavailable;
    let own = vec![
        required("robot_token").into(),
        wrong_length("robot_token", 1..=LONGEST_ROBOT_TOKEN).into(),
        E::RobotValidationFailed.into(),
        E::ContactCustomerService { reason }.into(),
    ];
    together([visit(), with_body(), own])
}

/// Anything with an access token.
pub fn person() -> Vec<Sample> {
    call_of(Credential::AccessToken)
}

/// Anything with an access token and a body.
pub fn write() -> Vec<Sample> {
    together([person(), with_body()])
}

/// What names an organization in its path.
pub fn named() -> Vec<Sample> {
    vec![
        invalid("organization_id", Format::Uuid).into(),
        E::OrganizationIdIncorrect.into(),
        E::OrganizationNotBelongAccount.into(),
    ]
}

fn profile() -> Vec<Sample> {
    let own = vec![
        invalid("logo_file_id", Format::Uuid).into(),
        field("logo_file_id", |property| E::FileTypeMustBeTemp {
            property,
        })
        .into(),
        not_there(Subject::File).into(),
        invalid("tax_id", Format::TaxId).into(),
        wrong_length("name", NAME).into(),
    ];
    together([email("contact_email"), phone("contact_phone"), own])
}

fn email(property: &'static str) -> Vec<Sample> {
    vec![
        invalid(property, Format::Text).into(),
        field(property, |property| E::InvalidEmailFormat { property }).into(),
    ]
}

fn phone(property: &'static str) -> Vec<Sample> {
    vec![
        field(property, |property| E::PhoneNumberInvalid { property }).into(),
        field(property, |property| E::MobilePhoneOnly { property }).into(),
    ]
}

fn own_password(property: &'static str) -> Vec<Sample> {
    vec![wrong_length(property, PASSWORD).into()]
}

fn code() -> Vec<Sample> {
    vec![invalid("verification_code", Format::VerificationCode).into()]
}

fn wrong_password() -> Sample {
    let what = Credential::Password;
    E::TokenValidationFailed { what }.into()
}

fn wrong_length(property: &'static str, range: RangeInclusive<i64>) -> E {
    let (min, max) = range.into_inner();
    field(property, |property| E::StringLengthOutOfRange {
        property,
        min,
        max,
    })
}

fn account() -> Value {
    json!({
        "account_id": ORGANIZATION, "email": "mei@example.com", "phone": "+886912345678", "phone_verified": true,
        "create_date_time": PLACED,
    })
}

fn organization_body() -> Value {
    json!({
        "name": "Example Studio", "contact_email": "studio@example.com", "contact_phone": "0912345678", "tax_id": "04595257",
    })
}

fn organization() -> Value {
    json!({
        "organization_id": ORGANIZATION, "name": "Example Studio", "enable": true, "contact_email": "studio@example.com",
        "contact_phone": "+886912345678", "tax_id": "04595257", "logo_file_id": null, "create_date_time": PLACED,
        "update_date_time": null,
    })
}

fn members() -> Value {
    rows(&json!({"account_id": ORGANIZATION, "email": "mei@example.com"}))
}

fn key(private_key: Option<&str>) -> Value {
    let mut key = json!({
        "private_key_id": ORGANIZATION, "label": "web shop", "hint": "9c07", "create_date_time": PLACED, "revoke_date_time": null,
    });
    if let Some(private_key) = private_key {
        key["private_key"] = json!(private_key);
    }
    key
}

/// The schemas of the area.
pub fn schemas() -> Vec<Named> {
    let email = || described(text(), "An e-mail address.");
    let phone = || {
        described(
            text(),
            "A mobile number; without a country code it is Taiwan's.",
        )
    };
    let robot = || {
        (
            "robot_token",
            described(text(), "Shows that no robot sends this. Counts once."),
        )
    };
    let password = || described(text(), "8 to 128 characters.");
    let code = || described(text(), "The code last sent to the phone.");
    let e164 = || described(text(), "In E.164.");
    let profile = || {
        vec![
            ("name", described(nullable(text()), "1 to 64 characters.")),
            ("contact_email", nullable(email())),
            ("contact_phone", nullable(phone())),
            (
                "tax_id",
                described(nullable(text()), "A uniform number of 8 digits."),
            ),
            (
                "logo_file_id",
                described(
                    nullable(uuid()),
                    "A temporary file (`POST /account/file`), which becomes the organization's.",
                ),
            ),
        ]
    };
    vec![
        ("Done", record("It is done.", Vec::new())),
        (
            "RobotChallengeResponse",
            record(
                "A proof of work to do.",
                vec![
                    ("challenge", text()),
                    (
                        "difficulty",
                        described(
                            json!({"type": "integer", "minimum": 0, "maximum": 64}),
                            "Zero bits that the digest begins with.",
                        ),
                    ),
                    ("expire_date_time", date_time()),
                ],
            ),
        ),
        (
            "AccountResponse",
            record(
                "A person.",
                vec![
                    ("account_id", uuid()),
                    ("email", email()),
                    ("phone", e164()),
                    (
                        "phone_verified",
                        described(flag(), "Whether a code sent there was typed back."),
                    ),
                    ("create_date_time", date_time()),
                ],
            ),
        ),
        (
            "RegisterRequest",
            request(
                &["email", "password", "phone", "robot_token"],
                vec![
                    ("email", email()),
                    ("password", password()),
                    ("phone", phone()),
                    ("verification_code", nullable(code())),
                    robot(),
                ],
            ),
        ),
        (
            "LoginRequest",
            request(
                &["email", "password", "robot_token"],
                vec![("email", email()), ("password", text()), robot()],
            ),
        ),
        (
            "TokenResponse",
            record(
                "A session.",
                vec![
                    (
                        "access_token",
                        described(text(), "For `Authorization: Bearer`. Not shown again."),
                    ),
                    ("expire_date_time", date_time()),
                ],
            ),
        ),
        (
            "VerificationCodeRequest",
            request(&["phone", "robot_token"], vec![("phone", phone()), robot()]),
        ),
        (
            "PhoneRequest",
            request(
                &["phone", "verification_code"],
                vec![("phone", phone()), ("verification_code", code())],
            ),
        ),
        (
            "PasswordRequest",
            request(
                &["password", "new_password"],
                vec![("password", text()), ("new_password", password())],
            ),
        ),
        (
            "PasswordCodeRequest",
            request(&["email", "robot_token"], vec![("email", email()), robot()]),
        ),
        (
            "PasswordResetRequest",
            request(
                &["email", "verification_code", "new_password", "robot_token"],
                vec![
                    ("email", email()),
                    (
                        "verification_code",
                        described(text(), "The code last mailed there."),
                    ),
                    ("new_password", password()),
                    robot(),
                ],
            ),
        ),
        (
            "SessionResponse",
            record(
                "A session that counts.",
                vec![
                    ("account_session_id", uuid()),
                    (
                        "current",
                        described(flag(), "Whether it is the one that asks."),
                    ),
                    ("create_date_time", date_time()),
                    ("expire_date_time", date_time()),
                ],
            ),
        ),
        ("SessionResponseValues", values("SessionResponse")),
        (
            "OrganizationDetailResponse",
            record(
                "An organization as its members see it.",
                vec![
                    ("organization_id", uuid()),
                    ("name", text()),
                    ("enable", described(flag(), "Whether its keys are let in.")),
                    ("contact_email", nullable(email())),
                    ("contact_phone", nullable(e164())),
                    ("tax_id", nullable(text())),
                    ("logo_file_id", nullable(uuid())),
                    ("create_date_time", date_time()),
                    ("update_date_time", nullable(date_time())),
                ],
            ),
        ),
        (
            "OrganizationDetailResponsePagedResponse",
            paged("OrganizationDetailResponse"),
        ),
        (
            "OrganizationRequest",
            request(&["name", "contact_email", "contact_phone"], profile()),
        ),
        ("OrganizationPatchRequest", request(&[], profile())),
        (
            "OrganizationStatusRequest",
            request(&["enable"], vec![("enable", flag())]),
        ),
        (
            "MemberResponse",
            record(
                "A member.",
                vec![("account_id", uuid()), ("email", email())],
            ),
        ),
        ("MemberResponseValues", values("MemberResponse")),
        (
            "MembersRequest",
            request(&["account_ids"], vec![("account_ids", list(uuid()))]),
        ),
        (
            "PrivateKeyResponse",
            record_with(
                vec![(
                    "private_key",
                    described(text(), "The key itself, when it has just been made."),
                )],
                "A private key.",
                vec![
                    ("private_key_id", uuid()),
                    ("label", described(text(), "What it is for.")),
                    ("hint", described(text(), "Its last four characters.")),
                    ("create_date_time", date_time()),
                    ("revoke_date_time", nullable(date_time())),
                ],
            ),
        ),
        ("PrivateKeyResponseValues", values("PrivateKeyResponse")),
        (
            "PrivateKeyRequest",
            request(
                &[],
                vec![(
                    "label",
                    described(nullable(text()), "What it is for: 1 to 64 characters."),
                )],
            ),
        ),
    ]
}
