//! Photos, each stored under its SHA-256: in a folder, or in an S3-compatible bucket.
//!
//! Both use the same layout, `ab/abcdef…`, so that one can be copied to the other unchanged.

pub mod folder;
pub mod s3;

use std::fmt;

use crate::domain::digest::sha256_hex;
use crate::domain::ports::FilesError;

/// The file beside the photos that says which database they belong to.
const OWNER: &str = "passerelle-owner";

/// The name in the owner mark; one written by hand ends with a newline.
fn owner_in(mark: &[u8]) -> String {
    String::from_utf8_lossy(mark).trim().to_owned()
}

/// The bytes, if they still match the hash they were stored under.
fn verified(sha256: &str, bytes: Vec<u8>) -> Result<Vec<u8>, FilesError> {
    if sha256_hex(&bytes) == sha256 {
        Ok(bytes)
    } else {
        Err(FilesError(format!(
            "photo {sha256} no longer matches its hash"
        )))
    }
}

/// Runs blocking work away from the threads that serve requests.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FilesError> + Send + 'static,
) -> Result<T, FilesError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(told)?
}

fn told(error: impl fmt::Display) -> FilesError {
    FilesError(error.to_string())
}
