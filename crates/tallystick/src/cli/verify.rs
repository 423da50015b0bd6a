//! Checking certificates without the server that issued them.

use super::{print, server_url};
use anyhow::{Context, Result, bail, ensure};
use forms::offline::{Claims, OfflineProblem, verify_offline};
use kernel::Timestamp;
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

/// Where servers publish the keys that their certificates are signed with.
const WELL_KNOWN: &str = "/.well-known/tallystick-certificates.json";
const PATIENCE: Duration = Duration::from_secs(20);
/// What cannot be told without the server.
const UNKNOWN: [&str; 3] = ["used", "revoked", "deleted"];
/// The exit code when nothing could be said.
const UNDECIDED: u8 = 2;

/// Check a certificate by the text of its QR code, without the server
///
/// The text carries what the certificate says, signed. With the issuer's public key that can be
/// checked anywhere; get the key once, from the server's
/// /.well-known/tallystick-certificates.json, and keep it:
///
///   tallystick verify 'https://qr.example.com/o.../v...#s=...' --url https://qr.example.com
///   tallystick verify 'https://qr.example.com/o.../v...#s=...' --key 1X8Cb...
///
/// It proves that the certificate was issued and what it says. Whether it was used or revoked
/// since, only the server knows (record/getCertificate, record/verifyCertificate).
///
/// Exit codes: 0 valid, 1 not valid, 2 could not be checked.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Verify {
    /// The text of the QR code
    text: String,
    /// The issuer's public key, in Base64
    #[arg(long, value_name = "BASE64", conflicts_with = "url")]
    key: Option<String>,
    /// The issuer's server, which is asked for its public key
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub async fn run(self) -> Result<ExitCode> {
        let keys = match self.keys().await {
            Ok(keys) => keys,
            Err(error) => {
                writeln!(std::io::stderr(), "error: {error:#}")?;
                return Ok(ExitCode::from(UNDECIDED));
            }
        };
        match check(&self.text, &keys) {
            Ok(claims) => {
                print(&valid(&claims, self.json))?;
                Ok(ExitCode::SUCCESS)
            }
            Err(problem) => {
                print(&not_valid(problem, self.json))?;
                Ok(ExitCode::FAILURE)
            }
        }
    }

    /// The keys that the certificate may be signed with.
    async fn keys(&self) -> Result<Vec<String>> {
        let keys = match (&self.key, &self.url) {
            (Some(key), _) => vec![key.trim().trim_end_matches('=').to_owned()],
            (None, Some(url)) => published(url).await?,
            // The address in the text is no help: whoever forges a certificate writes it.
            (None, None) => bail!(
                "which key? Give the issuer's with --key, or with --url the issuer's server, which publishes it at {WELL_KNOWN}"
            ),
        };
        for key in &keys {
            let checked = verify_offline("#s=.", key);
            ensure!(
                checked != Err(OfflineProblem::BadKey),
                "`{key}` is no public key: those of Ed25519 have 43 characters of Base64 (URL-safe, without padding)"
            );
        }
        Ok(keys)
    }
}

/// The keys that a server publishes.
async fn published(url: &str) -> Result<Vec<String>> {
    let url = server_url(url)?;
    let not_published = || format!("{url} publishes no keys of certificates: is --url right?");
    let answer = httpkit::outgoing::client(PATIENCE)?
        .get(format!("{url}{WELL_KNOWN}"))
        .send()
        .await
        .map_err(|_| {
            anyhow::anyhow!(
                "cannot reach {url}: check --url, or give the key with --key, which needs no network"
            )
        })?;
    ensure!(answer.status().is_success(), not_published());
    let text = answer.text().await.with_context(not_published)?;
    let body: Value = serde_json::from_str(&text).with_context(not_published)?;
    let keys = body["keys"].as_array().into_iter().flatten();
    let keys = keys.filter(|key| key["alg"] == "Ed25519");
    let keys: Vec<String> = keys
        .filter_map(|key| Some(key["public_key"].as_str()?.to_owned()))
        .collect();
    ensure!(!keys.is_empty(), not_published());
    Ok(keys)
}

/// What one of the keys signed, or why none did.
fn check(text: &str, keys: &[String]) -> Result<Claims, OfflineProblem> {
    let mut problem = OfflineProblem::BadKey;
    for key in keys {
        match verify_offline(text.trim(), key) {
            Ok(claims) => return Ok(claims),
            Err(found) => problem = found,
        }
    }
    Err(problem)
}

fn valid(claims: &Claims, json: bool) -> String {
    let issued_at = Timestamp::from_micros(claims.issued_at.saturating_mul(1_000_000));
    if json {
        let answer = json!({
            "valid": true,
            "certificate_code": claims.coding,
            "org_code": claims.org_code,
            "tpl_id": claims.tpl_id,
            "record_number": claims.record_number,
            "issued_at": claims.issued_at,
            "title": claims.title,
            "not_known_offline": UNKNOWN,
        });
        return format!("{answer:#}");
    }
    format!(
        "valid: the holder of this key issued it\n\n\
         title         {}\nrecord        {}\nissued at     {issued_at}\norganization  {}\nform          {}\ncertificate   {}\n\n\
         Not known without the server: whether it was used, was revoked, or its record was deleted.\n\
         record/getCertificate tells, and record/verifyCertificate uses it up.",
        plain(&claims.title),
        plain(&claims.record_number),
        claims.org_code,
        claims.tpl_id,
        claims.coding,
    )
}

fn not_valid(problem: OfflineProblem, json: bool) -> String {
    let (name, what) = match problem {
        OfflineProblem::Unsigned => (
            "unsigned",
            "the text carries no signature. Give the whole text of the QR code, with what follows #s=; a certificate's code alone can only be checked by the server",
        ),
        OfflineProblem::BadSignature => (
            "bad_signature",
            "the signature is not of this key: the text was changed, or another server issued it",
        ),
        OfflineProblem::OtherCertificate => (
            "other_certificate",
            "what is signed belongs to another certificate than the address names: do not accept it",
        ),
        OfflineProblem::BadPayload | OfflineProblem::BadKey => (
            "bad_payload",
            "what is signed cannot be read: it may be of a later version than this program",
        ),
    };
    if json {
        return format!(
            "{:#}",
            json!({"valid": false, "problem": name, "message": what})
        );
    }
    format!("not valid: {what}")
}

/// A text that moves no cursor.
fn plain(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).collect()
}
