use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use tokio_postgres::config::Host;

/// Where the database is: `sqlite:PATH`, `sqlite::memory:` or `postgres://…`.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A SQLite file. It is created when it does not exist; its folder must exist.
    SqliteFile(PathBuf),
    /// A SQLite database that is gone when the process ends.
    SqliteMemory,
    /// A PostgreSQL database; the whole URL.
    Postgres(String),
}

/// The address is not one of a database we can use; the text says why and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UrlError(String);

const ACCEPTED: &str =
    "accepted are sqlite:PATH, sqlite::memory: and postgres://USER:PASSWORD@HOST/DATABASE";

impl FromStr for DatabaseUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let refuse = |why: &str| Err(UrlError(format!("{why}; {ACCEPTED}")));
        if let Some(rest) = text.strip_prefix("sqlite:") {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            return match path {
                ":memory:" => Ok(Self::SqliteMemory),
                "" => refuse("the path of the SQLite file is missing"),
                _ if path.contains('?') => refuse("options after '?' are not supported for SQLite"),
                _ if path.ends_with('/') => refuse("the path of the SQLite file is a folder"),
                _ => Ok(Self::SqliteFile(path.into())),
            };
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return match text.parse::<tokio_postgres::Config>() {
                Ok(_) => Ok(Self::Postgres(text.to_owned())),
                Err(error) => refuse(&format!("the PostgreSQL address cannot be read ({error})")),
            };
        }
        match text.split_once(':') {
            None if text.is_empty() => refuse("the database address is empty"),
            None => refuse("the database address has no scheme (a file is written sqlite:PATH)"),
            Some((scheme, _)) => refuse(&format!("'{scheme}' is not a database we can use")),
        }
    }
}

impl fmt::Display for DatabaseUrl {
    /// Where it is, without user and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SqliteFile(path) => write!(f, "sqlite:{}", path.display()),
            Self::SqliteMemory => f.write_str("sqlite::memory:"),
            Self::Postgres(url) => {
                let config: tokio_postgres::Config = url.parse().map_err(|_| fmt::Error)?;
                let host = config.get_hosts().first();
                let host = host.map_or_else(String::new, |host| match host {
                    Host::Tcp(name) => name.clone(),
                    #[cfg(unix)]
                    Host::Unix(path) => path.display().to_string(),
                });
                let port = config.get_ports().first().copied().unwrap_or(5432);
                let name = config.get_dbname().unwrap_or_default();
                write!(f, "postgres://{host}:{port}/{name}")
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_database_is_refused_with_the_reason() {
        for (bad, reason) in [
            ("", "empty"),
            ("shop.db", "no scheme"),
            ("mysql://root@localhost/shop", "'mysql' is not"),
            ("sqlite:", "missing"),
            ("sqlite:shop.db?mode=ro", "options"),
            ("sqlite:data/", "folder"),
            ("postgres://host:notaport/db", "cannot be read"),
        ] {
            let error = bad.parse::<DatabaseUrl>().unwrap_err().to_string();
            assert!(
                error.contains(reason) && error.contains("accepted are"),
                "{bad}: {error}"
            );
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        for url in [
            "postgres://shop:s3cret@db.example/shop",
            "postgres://shop@db.example/shop?password=s3cret",
            "postgres://db.example/shop?user=shop&password=s3cret",
        ] {
            let url: DatabaseUrl = url.parse().unwrap();
            assert_eq!(format!("{url} {url:?}").matches("s3cret").count(), 0);
            assert_eq!(url.to_string(), "postgres://db.example:5432/shop");
        }
        assert_eq!(
            "sqlite::memory:".parse::<DatabaseUrl>(),
            Ok(DatabaseUrl::SqliteMemory)
        );
        assert_eq!(
            "sqlite:a/b.db".parse::<DatabaseUrl>(),
            Ok(DatabaseUrl::SqliteFile("a/b.db".into()))
        );
    }
}
