//! Whether the database and its log are still the files at their paths.
//!
//! A file that is moved or removed under a process still accepts writes through open handles: they would be
//! confirmed, but missing after the next start.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Paths of files, with the identity of each.
type Files = Vec<(PathBuf, (u64, u64))>;

/// The files that were opened.
#[derive(Clone)]
pub(super) struct DatabaseFile {
    path: PathBuf,
    /// Its device and inode, which no other file has while it is open.
    file: (u64, u64),
    /// The log and its index, which SQLite leaves in place while a connection is open.
    log: Files,
}

impl DatabaseFile {
    /// The file now at this path, with its log. It has already been read or written.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            file: which(path)?,
            log: log_of(path)?,
        })
    }

    /// # Errors
    /// When its path now leads to no file or to a different one.
    pub(super) fn check(&self) -> io::Result<()> {
        let path = self.path.display();
        let away = |why: &str| format!("the database was moved away from {path} ({why})");
        match which(&self.path) {
            Ok(found) if found == self.file => Ok(()),
            Ok(_) => Err(io::Error::other(away("another file has its name"))),
            Err(error) => Err(io::Error::new(error.kind(), away(&error.to_string()))),
        }
    }

    /// # Errors
    /// When the path of the log, or of its index, now leads to no file or to a different one.
    pub(super) fn check_log(&self) -> io::Result<()> {
        let stray = |(path, file): &&(PathBuf, _)| which(path).ok() != Some(*file);
        match self.log.iter().find(stray) {
            None => Ok(()),
            Some((path, _)) => Err(io::Error::other(format!(
                "the database's log was removed from {}",
                path.display()
            ))),
        }
    }

    /// Records that a connection was opened when there may have been none left: the last one to close deletes the
    /// log.
    pub(super) fn reopened(&mut self) {
        if let Ok(log) = log_of(&self.path) {
            self.log = log;
        }
    }

    /// Whether the log was removed while the file is in place, and no other log is there. What is in the log can
    /// then still be copied into the file by the process that has it open, and by nothing else later.
    pub(super) fn lacks_only_its_log(&self) -> bool {
        let vacant = |path: &Path| path.metadata().map_or(true, |it| it.len() == 0);
        let is_index = |path: &Path| path.as_os_str().as_encoded_bytes().ends_with(b"-shm");
        let mut logs = self.log.iter().filter(|(path, _)| !is_index(path));
        self.check().is_ok()
            && self.check_log().is_err()
            && logs.all(|(path, file)| which(path).ok() == Some(*file) || vacant(path))
    }
}

/// The log of a database and its index, if they exist.
fn log_of(database: &Path) -> io::Result<Files> {
    // SQLite puts them beside the file itself, not beside a link to it.
    let real = database.canonicalize()?;
    let found = ["-wal", "-shm"].map(|ending| beside(&real, ending));
    let found = found.into_iter().filter_map(|it| {
        let file = which(&it).ok()?;
        Some((it, file))
    });
    Ok(found.collect())
}

/// The path of a database's log, or of its index.
fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

fn which(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = path.metadata()?;
    Ok((metadata.dev(), metadata.ino()))
}
