//! Whether the database still is the file of its name.
//!
//! A file that is moved or removed under a process goes on taking writes through the handles that are
//! open: they would be confirmed, and found by nobody after the next start.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The file that was opened.
#[derive(Clone)]
pub(super) struct DatabaseFile {
    path: PathBuf,
    /// Its device and its number there, which no other file has while it is open.
    file: (u64, u64),
}

impl DatabaseFile {
    /// The file that has this name now.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            file: which(path)?,
        })
    }

    /// # Errors
    /// When the name is that of no file or of another one now.
    pub(super) fn check(&self) -> io::Result<()> {
        let path = self.path.display();
        let away = |why: &str| format!("the database was moved away from {path} ({why})");
        match which(&self.path) {
            Ok(found) if found == self.file => Ok(()),
            Ok(_) => Err(io::Error::other(away("another file has its name"))),
            Err(error) => Err(io::Error::new(error.kind(), away(&error.to_string()))),
        }
    }
}

fn which(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = path.metadata()?;
    Ok((metadata.dev(), metadata.ino()))
}
