//! Where the daemon keeps things, and where the landlord keeps his.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

use crate::settings::{Secret, compile};

/// Where the daemon's memory is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// A file that one daemon has for itself.
    Sqlite(PathBuf),
    /// A server that several replicas share; its address may hold a password.
    Postgres(Secret),
}

impl Database {
    /// Understands an address; a relative path starts at the current folder.
    ///
    /// # Errors
    /// When it is neither SQLite nor PostgreSQL.
    pub fn parse(text: &str) -> Result<Self, String> {
        compile::database(Path::new(""), text)
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Postgres(url) => {
                let url = Url::parse(url.expose()).ok();
                let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
                let name = url.as_ref().map(Url::path).unwrap_or_default();
                write!(f, "PostgreSQL {host}{name}")
            }
        }
    }
}

/// Where photos are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhotoStorage {
    /// In a folder, which several replicas may mount.
    Folder(PathBuf),
    /// In a bucket that speaks S3.
    S3(Box<S3Settings>),
}

/// A bucket that speaks S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Settings {
    /// Its name.
    pub bucket: String,
    /// What stands before the name of each object, as it is in the bucket, without slashes around it; may be empty.
    pub prefix: String,
    /// Who keeps it.
    pub server: S3Server,
}

/// A server that speaks S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Server {
    /// Its address; `None` for AWS'.
    pub endpoint: Option<Url>,
    /// The region; `None` for the one that the environment or the client knows.
    pub region: Option<String>,
    /// The key to sign with; `None` to look for one as AWS' own tools do.
    pub key: Option<S3Key>,
    /// Whether it may be called without TLS.
    pub allow_http: bool,
    /// Authorities to trust beside the public ones, as PEM.
    pub ca: Option<Secret>,
    /// How long a photo may take, there or back.
    pub timeout: Duration,
}

/// A key of a bucket's server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Key {
    /// Its name.
    pub id: Secret,
    /// The key itself.
    pub secret: Secret,
}

/// A folder that the landlord edits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Folder {
    /// On the disk.
    Disk(PathBuf),
    /// The copy inside the binary, for a start outside the repository.
    Shipped,
}
