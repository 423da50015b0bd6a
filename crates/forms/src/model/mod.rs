//! Types and pure rules.

pub mod audit;
pub mod certificate;
pub mod checks;
pub mod code;
pub mod form;
pub mod limits;
pub mod value;

/// Names an organization.
pub type OrgId = i64;
/// Names a project: what a key sees is a set of these.
pub type ProjectId = i64;
/// Names a code.
pub type CodeId = i64;
/// Names a form.
pub type TplId = i64;
/// Names a record.
pub type RecordId = i64;

store::text_enum! {
    /// What a key may do.
    pub enum Right {
        /// Ask.
        Read = "read",
        /// Change.
        Write = "write",
        /// Set a verification back.
        Reverse = "reverse",
    }
}

store::text_enum! {
    /// Whether a key counts.
    pub enum KeyState {
        /// It does.
        Enabled = "enabled",
        /// Not at present.
        Disabled = "disabled",
        /// Never again.
        Revoked = "revoked",
    }
}

store::text_enum! {
    /// How far the approval of a record is.
    pub enum AuditStatus {
        /// The form has none.
        None = "none",
        /// Somebody has to decide.
        Pending = "pending",
        /// Every stage passed it.
        Approved = "approved",
        /// A stage rejected it.
        Rejected = "rejected",
    }
}

store::text_enum! {
    /// What webhooks tell of.
    pub enum EventKind {
        /// A form was filled in.
        Submit = "FORM_DATA_SUBMIT",
        /// A record was edited.
        Edited = "FORM_DATA_EDITED",
        /// A stage of approval decided about a record.
        Review = "FORM_DATA_REVIEW",
        /// A certificate was issued, verified, set back or revoked.
        CertificateStatus = "CERTIFICATE_STATUS",
    }
}

impl AuditStatus {
    /// Whether the record counts: it needs no approval, or has it.
    pub const fn is_good(self) -> bool {
        matches!(self, Self::None | Self::Approved)
    }
}

/// Who filled a form in, approves or verifies, as far as is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Person {
    /// The caller's own id of that person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The phone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}
