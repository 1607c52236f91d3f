//! The mark in a folder whose files are being replaced: as long as it is there, the folder may hold part of one set of
//! files and part of another, and is not read.
//!
//! A network share may be used by several machines. The content of the mark identifies the replacement it
//! belongs to.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::EditedFolder;
use super::listing::is_there;
use super::replace::remove_synced;
use crate::adapters::synced::write_synced;
use crate::crash;
use crate::domain::ports::SourceError;

/// The name of the mark.
pub(super) const UNFINISHED: &str = ".retour-en-cours";

impl EditedFolder {
    /// Whether a replacement was started and not finished.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        self.is_deep() && fs::symlink_metadata(self.unfinished()).is_ok()
    }

    /// The path of the mark of an unfinished replacement.
    pub(super) fn unfinished(&self) -> PathBuf {
        self.root.join(UNFINISHED)
    }

    /// Marks the folder, and returns the content of the mark, which no other replacement uses.
    pub(super) fn mark(&self) -> io::Result<String> {
        let cut_short_before = self.is_unfinished();
        let own = Uuid::now_v7().simple().to_string();
        let marked = write_synced(&self.root, UNFINISHED, own.as_bytes());
        if marked.is_err() && !cut_short_before && self.check_mark(&own).is_ok() {
            // Nothing has been replaced yet. After an earlier interruption, though, the folder still holds its
            // mixture.
            let _ = self.take_mark(&own);
        }
        marked.map(|()| own)
    }

    /// Checks that the mark is `own`.
    pub(super) fn check_mark(&self, own: &str) -> Result<(), SourceError> {
        match fs::read(self.unfinished()) {
            Ok(found) if found == own.as_bytes() => Ok(()),
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(self.failed(&self.unfinished(), &error))
            }
            _ => Err(self.mark_changed()),
        }
    }

    /// Removes the mark if it is `own`, and leaves it otherwise.
    ///
    /// It gets a name of our own before it is read: between reading it and removing it, a different machine could
    /// write its mark there. If it has done so already, its mark is put back. Whoever looks for it meanwhile stops,
    /// as after any change of the mark.
    pub(super) fn take_mark(&self, own: &str) -> Result<(), SourceError> {
        let mark = self.unfinished();
        // Of the form of a staged file, so that it is removed one day if we are killed here.
        let taken = self.root.join(format!(".{UNFINISHED}.{own}"));
        crash::point("rules.unmarked.before");
        let renamed = fs::rename(&mark, &taken);
        crash::point("rules.unmarked.taken");
        match renamed {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(self.mark_changed());
            }
            renamed => renamed.map_err(|error| self.failed(&mark, &error))?,
        }
        if fs::read(&taken).is_ok_and(|found| found == own.as_bytes()) {
            return remove_synced(&taken).map_err(|error| self.failed(&mark, &error));
        }
        put_back(&taken, &mark).map_err(|error| self.failed(&mark, &error))?;
        Err(self.mark_changed())
    }

    fn mark_changed(&self) -> SourceError {
        let reason = "ce fichier a été remplacé ou supprimé pendant le retour, peut-être par un autre retour lancé \
                      depuis une autre machine";
        self.refused(&self.unfinished(), reason.into())
    }
}

/// Gives a mark its name again, unless there is a later one.
fn put_back(taken: &Path, mark: &Path) -> io::Result<()> {
    match fs::hard_link(taken, mark) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists && !is_there(mark) => {
            // Not every file system has hard links.
            crash::point("rules.put-back.before");
            fs::rename(taken, mark)?;
            crash::point("rules.put-back.after");
            Ok(())
        }
        _ => remove_synced(taken),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(root: &Path) -> Vec<String> {
        let names = fs::read_dir(root).unwrap();
        let mut names: Vec<String> = names
            .map(|it| it.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn only_its_own_mark_is_taken_away() {
        let root = tempfile::tempdir().unwrap();
        let folder = EditedFolder::rules(root.path().to_path_buf());
        let ours = folder.mark().unwrap();
        let theirs = folder.mark().unwrap();
        // They wrote it after our last look at it.
        let stopped = folder.take_mark(&ours).unwrap_err();
        assert_eq!(stopped.path, UNFINISHED);
        assert_eq!(names(root.path()), [UNFINISHED]);
        folder.check_mark(&theirs).unwrap();
        folder.take_mark(&theirs).unwrap();
        assert_eq!(names(root.path()), [""; 0]);
        folder.take_mark(&theirs).unwrap_err();
    }

    #[test]
    fn a_mark_is_not_put_back_over_a_later_one() {
        let root = tempfile::tempdir().unwrap();
        let (taken, mark) = (root.path().join("taken"), root.path().join(UNFINISHED));
        fs::write(&taken, "earlier").unwrap();
        put_back(&taken, &mark).unwrap();
        assert_eq!(fs::read_to_string(&mark).unwrap(), "earlier");
        fs::write(&taken, "earlier").unwrap();
        fs::write(&mark, "later").unwrap();
        put_back(&taken, &mark).unwrap();
        assert_eq!(fs::read_to_string(&mark).unwrap(), "later");
        assert_eq!(names(root.path()), [UNFINISHED]);
    }

    #[test]
    fn a_mark_outlasts_all_who_try_to_take_it_at_once() {
        let root = tempfile::tempdir().unwrap();
        let folder = EditedFolder::rules(root.path().to_path_buf());
        let last = folder.mark().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        // Not the content of any mark.
                        folder
                            .take_mark(&Uuid::now_v7().simple().to_string())
                            .unwrap_err();
                    }
                });
            }
        });
        folder.check_mark(&last).unwrap();
        assert_eq!(names(root.path()), [UNFINISHED]);
    }
}
