//! Photos, each under its SHA-256: in a folder, or in a bucket that speaks S3.
//!
//! Both lay them out alike, `ab/abcdef…`, so that one can be copied to the other as it is.

pub mod folder;
pub mod s3;

use std::fmt;

use crate::domain::digest::sha256_hex;
use crate::domain::ports::FilesError;

/// Beside the photos, what says whose they are: the name of a database.
const OWNER: &str = "passerelle-owner";

/// The name that the mark holds; whoever wrote it by hand ended the line.
fn owner_in(mark: &[u8]) -> String {
    String::from_utf8_lossy(mark).trim().to_owned()
}

/// The bytes, if they are still those that were stored under this name.
fn verified(sha256: &str, bytes: Vec<u8>) -> Result<Vec<u8>, FilesError> {
    if sha256_hex(&bytes) == sha256 {
        Ok(bytes)
    } else {
        Err(FilesError(format!(
            "photo {sha256} is no longer what it was"
        )))
    }
}

/// Runs what keeps a thread busy away from those that serve requests.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FilesError> + Send + 'static,
) -> Result<T, FilesError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(told)?
}

fn told(error: impl fmt::Display) -> FilesError {
    FilesError(error.to_string())
}
