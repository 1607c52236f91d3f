//! Whether the database and its log still are the files of their names.
//!
//! A file that is moved or removed under a process goes on taking writes through the handles that are
//! open: they would be confirmed, and found by nobody after the next start.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Names of files, and which they are.
type Files = Vec<(PathBuf, (u64, u64))>;

/// The files that were opened.
#[derive(Clone)]
pub(super) struct DatabaseFile {
    path: PathBuf,
    /// Its device and its number there, which no other file has while it is open.
    file: (u64, u64),
    /// The log and its index, which SQLite leaves in their place for as long as one connection is open.
    log: Files,
}

impl DatabaseFile {
    /// The file that has this name now, with its log. Something has been read or written there already.
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

    /// # Errors
    /// When the name of the log, or of its index, is that of no file or of another one now.
    pub(super) fn check_log(&self) -> io::Result<()> {
        let stray = |(path, file): &&(PathBuf, _)| which(path).ok() != Some(*file);
        match self.log.iter().find(stray) {
            None => Ok(()),
            Some((path, _)) => Err(io::Error::other(format!(
                "the database's log was taken away from {}",
                path.display()
            ))),
        }
    }

    /// A connection was opened where perhaps none was left: the last one that closes takes the log away itself.
    pub(super) fn reopened(&mut self) {
        if let Ok(log) = log_of(&self.path) {
            self.log = log;
        }
    }

    /// Whether the log was taken away and the file is where it was, with nothing of anybody else: what is in the log
    /// can still be copied into the file by who has it open, and by nobody after that.
    pub(super) fn lacks_only_its_log(&self) -> bool {
        let vacant = |path: &Path| path.metadata().map_or(true, |it| it.len() == 0);
        let is_index = |path: &Path| path.as_os_str().as_encoded_bytes().ends_with(b"-shm");
        let mut logs = self.log.iter().filter(|(path, _)| !is_index(path));
        self.check().is_ok()
            && self.check_log().is_err()
            && logs.all(|(path, file)| which(path).ok() == Some(*file) || vacant(path))
    }
}

/// The log of a database and its index, as far as they are there.
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

/// The log, or its index, of a database.
fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

fn which(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = path.metadata()?;
    Ok((metadata.dev(), metadata.ino()))
}
