//! `[files]`.

use super::{env, http_url, seconds_of};
use ::files::{FilesConfig, S3Config};
use anyhow::{Context as _, Result};
use kernel::Secret;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use store::DatabaseUrl;

/// The folder when nobody says.
const FOLDER: &str = "files";
const MEGABYTE: f64 = 1024.0 * 1024.0;
/// Larger files would take longer to arrive than is waited for.
const LARGEST_MB: f64 = 200.0;

/// Where the bytes of files are.
#[derive(Clone, Debug)]
pub enum StorageConfig {
    /// In a folder; `None`: a temporary one.
    Folder(Option<PathBuf>),
    /// In a bucket.
    S3(S3Config),
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct FilesSection {
    folder: Option<PathBuf>,
    largest_mb: Option<f64>,
    temp_hours: Option<f64>,
    waiting_mb: Option<f64>,
    s3_bucket: Option<String>,
    s3_region: Option<String>,
    s3_endpoint: Option<String>,
    s3_access_key_id: Option<String>,
    s3_secret_access_key: Option<String>,
    s3_allow_http: Option<bool>,
}

impl FilesSection {
    pub(super) fn limits(&self) -> Result<FilesConfig> {
        let defaults = FilesConfig::default();
        let largest = bytes(self.largest_mb, "files.largest_mb", defaults.largest)?;
        anyhow::ensure!(
            largest as f64 <= LARGEST_MB * MEGABYTE,
            "files.largest_mb: at most {LARGEST_MB}"
        );
        Ok(FilesConfig {
            largest,
            temp_life: match self.temp_hours {
                Some(hours) => seconds_of(hours * 3600.0, "files.temp_hours")?,
                None => defaults.temp_life,
            },
            most_waiting: bytes(self.waiting_mb, "files.waiting_mb", defaults.most_waiting)?,
        })
    }

    /// A bucket if one is named, otherwise a folder: by default beside the database, or for one on another machine in the working
    /// folder; if the database goes away with the process, the files may too.
    pub(super) fn storage(self, database: &DatabaseUrl) -> Result<StorageConfig> {
        let bucket = env("TALLYSTICK_S3_BUCKET").or(self.s3_bucket);
        let Some(bucket) = bucket else {
            let configured = env("TALLYSTICK_FILES").map(PathBuf::from).or(self.folder);
            return Ok(StorageConfig::Folder(configured.or_else(
                || match database {
                    DatabaseUrl::SqliteFile(path) => {
                        Some(path.parent().unwrap_or(Path::new("")).join(FOLDER))
                    }
                    DatabaseUrl::SqliteMemory => None,
                    DatabaseUrl::Postgres(_) => Some(FOLDER.into()),
                },
            )));
        };
        let endpoint = env("TALLYSTICK_S3_ENDPOINT").or(self.s3_endpoint);
        let endpoint = endpoint.map(|url| http_url(&url, "files.s3_endpoint"));
        let endpoint = endpoint.transpose()?;
        let allow_http = self.s3_allow_http.unwrap_or(false);
        let plain = endpoint
            .as_ref()
            .is_some_and(|url| url.starts_with("http:"));
        anyhow::ensure!(
            allow_http || !plain,
            "files.s3_endpoint is an http address: say files.s3_allow_http = true if nobody can listen on the way there"
        );
        Ok(StorageConfig::S3(S3Config {
            bucket,
            region: env("TALLYSTICK_S3_REGION")
                .or(self.s3_region)
                .unwrap_or_else(|| "us-east-1".into()),
            endpoint,
            access_key_id: env("TALLYSTICK_S3_ACCESS_KEY_ID")
                .or(self.s3_access_key_id)
                .context("files.s3_bucket needs files.s3_access_key_id (or TALLYSTICK_S3_ACCESS_KEY_ID)")?,
            secret_access_key: Secret::new(
                env("TALLYSTICK_S3_SECRET_ACCESS_KEY")
                    .or(self.s3_secret_access_key)
                    .context("files.s3_bucket needs files.s3_secret_access_key (or TALLYSTICK_S3_SECRET_ACCESS_KEY)")?,
            ),
            allow_http,
        }))
    }
}

fn bytes(megabytes: Option<f64>, name: &str, default: u64) -> Result<u64> {
    let Some(megabytes) = megabytes else {
        return Ok(default);
    };
    anyhow::ensure!(
        (0.001..=1e9).contains(&megabytes),
        "{name}: {megabytes} is not a number of megabytes"
    );
    Ok((megabytes * MEGABYTE) as u64)
}
