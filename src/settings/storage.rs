//! Where the daemon stores its data, and where the landlord's files are.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

use crate::settings::{Secret, compile};

/// The daemon's database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// A file used by a single daemon.
    Sqlite(PathBuf),
    /// A server that several replicas share; its address may contain a password.
    Postgres(Secret),
}

impl Database {
    /// Parses an address; a relative path starts at the current folder.
    ///
    /// # Errors
    /// When it is neither for SQLite nor for PostgreSQL.
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

/// The store of photos.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhotoStorage {
    /// A folder, which several replicas may mount.
    Folder(PathBuf),
    /// An S3-compatible bucket.
    S3(Box<S3Settings>),
}

/// An S3-compatible bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Settings {
    /// Its name.
    pub bucket: String,
    /// Prefix of every object's name, decoded and without surrounding slashes; may be empty.
    pub prefix: String,
    /// The server of the bucket.
    pub server: S3Server,
}

/// An S3-compatible server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Server {
    /// Its address; `None` for AWS.
    pub endpoint: Option<Url>,
    /// The region; `None` for the one given by the environment or the client's default.
    pub region: Option<String>,
    /// The key to sign with; `None` to look for one as the AWS tools do.
    pub key: Option<S3Key>,
    /// Whether it may be called without TLS.
    pub allow_http: bool,
    /// Additional trusted authorities, as PEM.
    pub ca: Option<Secret>,
    /// Time limit for storing or reading a photo.
    pub timeout: Duration,
}

/// An access key of the bucket's server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Key {
    /// Identifier of the key.
    pub id: Secret,
    /// The secret key.
    pub secret: Secret,
}

/// A folder that the landlord edits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Folder {
    /// A folder on disk.
    Disk(PathBuf),
    /// The copy built into the binary, for use outside the repository.
    Shipped,
}
