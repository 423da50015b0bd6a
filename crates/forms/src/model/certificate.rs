//! What becomes of a certificate: statuses and the steps between them.

use super::Person;
use serde::{Deserialize, Serialize};

/// The action that names the status aimed at.
pub const SET: &str = "set_certificate_status";
/// The action that goes on to the next status.
pub const SET_NEXT: &str = "set_next_certificate_status";

/// Whether records of a form get certificates, and how these are verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CertificateConfig {
    /// Whether records get certificates.
    pub enabled: bool,
    /// Whether these can be verified.
    pub verifiable: bool,
    /// Which actions: [`SET`], [`SET_NEXT`].
    pub methods: Vec<String>,
    /// One is initial, at least one final.
    pub statuses: Vec<Status>,
    /// Who may verify.
    pub verifiers: Verifiers,
    /// Whether a verification must say who verifies: name and phone.
    pub require_identity: bool,
    /// What the certificate is headed.
    pub title: String,
    /// What it says.
    pub body: String,
}

/// A status of a form's certificates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Its name, of no other status of the form.
    pub name: String,
    /// Whether certificates begin with it.
    #[serde(default)]
    pub is_initial: bool,
    /// Whether nothing comes after it.
    #[serde(default)]
    pub is_final: bool,
    /// The names of what may come after it; the first is the next one.
    #[serde(default)]
    pub next: Vec<String>,
}

/// Who may verify. When nothing is listed, every key with the right to write.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Verifiers {
    /// People, by phone.
    pub members: Vec<Person>,
    /// Keys.
    pub api_keys: Vec<i64>,
    /// Whoever presents an authorization code.
    pub allow_authorization_code: bool,
}

impl Default for CertificateConfig {
    fn default() -> Self {
        let status = |name: &str, is_final: bool, next: &[&str]| Status {
            name: name.into(),
            is_initial: !is_final,
            is_final,
            next: next.iter().map(|name| (*name).to_owned()).collect(),
        };
        Self {
            enabled: false,
            verifiable: true,
            methods: vec![SET.into(), SET_NEXT.into()],
            statuses: vec![
                status("待核销", false, &["已核销"]),
                status("已核销", true, &[]),
            ],
            verifiers: Verifiers::default(),
            require_identity: false,
            title: String::new(),
            body: String::new(),
        }
    }
}

impl CertificateConfig {
    /// The status that certificates begin with.
    pub fn initial(&self) -> Option<&Status> {
        self.statuses.iter().find(|status| status.is_initial)
    }

    /// Whether nothing comes after the status with this name.
    pub fn is_final(&self, name: &str) -> bool {
        self.status(name).is_some_and(|status| status.is_final)
    }

    /// A status by its name.
    pub fn status(&self, name: &str) -> Option<&Status> {
        self.statuses.iter().find(|status| status.name == name)
    }
}
