//! Detects changes in the landlord's folders and in the settings file.
//!
//! Notifications from the operating system make an edit take effect at once; checking the folders every second
//! makes it certain: if there are no notifications (network shares), if they overflow, and if a whole folder is
//! swapped by a symbolic link.

use std::time::Duration;

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use crate::adapters::edited::{EditedFolder, Stamp};

/// How often the folders are checked.
const POLL: Duration = Duration::from_secs(1);
/// How many checks after a change give a hint whatever they find: if a file is saved twice within one tick of the
/// file system's clock, two seconds at worst, the second save may not be visible.
const LOOKS_AFTER_A_CHANGE: u32 = 3;

/// Sends a hint for each change until the receiver is dropped.
pub async fn watch(folders: Vec<EditedFolder>, hints: mpsc::Sender<()>) {
    let tell = hints.clone();
    let mut looks = Looks::new(&folders, move |folder| notices(folder, tell.clone()));
    while !hints.is_closed() {
        if looks.take(stamps(&folders).await) {
            // A full channel already contains a hint, which is just as good.
            let _ = hints.try_send(());
        }
        tokio::time::sleep(POLL).await;
    }
}

/// The results of the checks so far, and the watchers that report changes between them.
struct Looks<'a, W, L> {
    folders: &'a [EditedFolder],
    before: Vec<Stamp>,
    /// Hints still to be given.
    owed: u32,
    watchers: Vec<Option<W>>,
    listen: L,
}

impl<'a, W, L: Fn(&EditedFolder) -> notify::Result<W>> Looks<'a, W, L> {
    fn new(folders: &'a [EditedFolder], listen: L) -> Self {
        Self {
            folders,
            before: Vec::new(),
            owed: 0,
            watchers: folders.iter().map(|_| None).collect(),
            listen,
        }
    }

    /// Records one check of the folders; returns whether it gives a hint.
    fn take(&mut self, now: Vec<Stamp>) -> bool {
        let places = self.folders.iter().zip(&mut self.watchers).zip(&now);
        for (place, ((folder, watcher), stamp)) in places.enumerate() {
            let moved = self.before.get(place).map(Stamp::root) != Some(stamp.root());
            if !moved && watcher.is_some() {
                continue;
            }
            // A watcher follows a folder that is moved away, not the one that replaces it.
            *watcher = match (self.listen)(folder) {
                Ok(watcher) => Some(watcher),
                Err(error) => {
                    if moved {
                        let folder = folder.path().display();
                        tracing::warn!(%folder, %error, "no change notices from the system; polling every second");
                    }
                    None
                }
            };
        }
        // This includes the first check: nothing else notices what was saved between the start's own reading and
        // now.
        if now != self.before {
            self.owed = 1 + LOOKS_AFTER_A_CHANGE;
            self.before = now;
        }
        let hint = self.owed > 0;
        self.owed = self.owed.saturating_sub(1);
        hint
    }
}

async fn stamps(folders: &[EditedFolder]) -> Vec<Stamp> {
    let folders = folders.to_vec();
    let look = move || folders.iter().map(EditedFolder::stamp).collect();
    tokio::task::spawn_blocking(look).await.unwrap_or_default()
}

fn notices(folder: &EditedFolder, hints: mpsc::Sender<()>) -> notify::Result<RecommendedWatcher> {
    let watched = folder.clone();
    let mut watcher = notify::recommended_watcher(move |event| {
        if let Ok(event) = &event {
            note_writers(&watched, event);
        }
        if tells_of_a_change(&event) && event.map_or(true, |event| concerns(&watched, &event)) {
            let _ = hints.try_send(());
        }
    })?;
    let mode = if folder.is_deep() {
        RecursiveMode::Recursive
    } else {
        RecursiveMode::NonRecursive
    };
    watcher.watch(folder.path(), mode)?;
    Ok(watcher)
}

/// A copy over a slow connection has pauses: a file is complete once it is closed.
fn note_writers(folder: &EditedFolder, event: &Event) {
    for path in &event.paths {
        match event.kind {
            EventKind::Modify(ModifyKind::Data(_)) => folder.note_writing(path),
            EventKind::Access(AccessKind::Close(AccessMode::Write))
            | EventKind::Modify(ModifyKind::Name(_))
            | EventKind::Remove(_) => folder.note_written(path),
            _ => {}
        }
    }
}

/// Whether an event is a reason to check. Reading is not a change, and checking the files is itself reading;
/// everything else is one, including errors and overflows.
fn tells_of_a_change(event: &notify::Result<Event>) -> bool {
    match event {
        Ok(event) => match event.kind {
            EventKind::Access(how) => how == AccessKind::Close(AccessMode::Write),
            _ => true,
        },
        Err(_) => true,
    }
}

/// Whether an event concerns a file of the folder: a settings file may be beside a busy database, whose events are
/// no hints. If an event names no file, or the file is swapped by a link, polling finds the change.
fn concerns(folder: &EditedFolder, event: &Event) -> bool {
    event.paths.is_empty() || event.paths.iter().any(|path| folder.may_hold(path))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use notify::event::Flag;

    use super::*;

    /// Waits for one hint; `false` if none arrives within the time of two checks.
    async fn hinted(hints: &mut mpsc::Receiver<()>) -> bool {
        tokio::time::timeout(POLL * 2, hints.recv()).await.is_ok()
    }

    #[tokio::test]
    async fn reading_is_not_a_change_and_writing_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("priorites.yaml");
        std::fs::write(&file, "a: 1").unwrap();
        let (hint, mut hints) = mpsc::channel(8);
        let _watcher = notices(&EditedFolder::rules(folder.path().to_path_buf()), hint).unwrap();
        std::fs::read(&file).unwrap();
        assert!(!hinted(&mut hints).await, "reading it is not an edit");
        std::fs::write(&file, "a: 2").unwrap();
        assert!(hinted(&mut hints).await, "the system reports an edit");
    }

    #[tokio::test]
    async fn a_file_written_beside_the_settings_gives_no_hint() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("passerelle.yaml");
        std::fs::write(&file, "a: 1").unwrap();
        let (hint, mut hints) = mpsc::channel(8);
        let settings = EditedFolder::settings(&file).unwrap();
        let _watcher = notices(&settings, hint).unwrap();
        std::fs::write(folder.path().join("passerelle.sqlite-wal"), "x").unwrap();
        assert!(!hinted(&mut hints).await, "the database is not a setting");
        let beside = folder.path().join(".new");
        std::fs::write(&beside, "a: 2").unwrap();
        std::fs::rename(&beside, &file).unwrap();
        assert!(
            hinted(&mut hints).await,
            "a file renamed over it is an edit"
        );
    }

    #[test]
    fn an_overflow_or_an_error_of_the_watcher_is_a_reason_to_check() {
        let overflow = Event::new(EventKind::Other).set_flag(Flag::Rescan);
        assert!(tells_of_a_change(&Ok(overflow)));
        assert!(tells_of_a_change(&Err(notify::Error::generic("lost"))));
        let opened = EventKind::Access(AccessKind::Open(AccessMode::Read));
        assert!(!tells_of_a_change(&Ok(Event::new(opened))));
    }

    fn stamped(folders: &[EditedFolder]) -> Vec<Stamp> {
        folders.iter().map(EditedFolder::stamp).collect()
    }

    #[test]
    fn without_notifications_an_edit_gives_hints_and_no_edit_gives_none() {
        let parent = tempfile::tempdir().unwrap();
        let root = parent.path().join("rules");
        std::fs::create_dir(&root).unwrap();
        let folders = [EditedFolder::rules(root.clone())];
        let deaf = |_: &EditedFolder| Err::<(), _>(notify::Error::generic("no inotify here"));
        let mut looks = Looks::new(&folders, deaf);
        let edits: [(&str, &dyn Fn()); 5] = [
            ("the start", &|| {}),
            ("a new file", &|| {
                std::fs::write(root.join("a.yaml"), "1").unwrap();
            }),
            ("a renamed file", &|| {
                std::fs::rename(root.join("a.yaml"), root.join("b.yaml")).unwrap();
            }),
            ("a removed folder", &|| {
                std::fs::remove_dir_all(&root).unwrap();
            }),
            ("a folder created again", &|| {
                std::fs::create_dir(&root).unwrap();
            }),
        ];
        for (what, edit) in edits {
            edit();
            for _ in 0..=LOOKS_AFTER_A_CHANGE {
                assert!(looks.take(stamped(&folders)), "{what}");
            }
            assert!(!looks.take(stamped(&folders)), "after {what}");
        }
    }

    #[test]
    fn a_folder_that_replaces_another_is_watched_in_turn() {
        let parent = tempfile::tempdir().unwrap();
        let root = parent.path().join("rules");
        std::fs::create_dir(&root).unwrap();
        let folders = [EditedFolder::rules(root.clone())];
        let asked = Cell::new(0);
        let mut looks = Looks::new(&folders, |_: &EditedFolder| {
            asked.set(asked.get() + 1);
            Ok(())
        });
        looks.take(stamped(&folders));
        std::fs::write(root.join("a.yaml"), "1").unwrap();
        looks.take(stamped(&folders));
        assert_eq!(asked.get(), 1, "an edit leaves the folder where it is");
        std::fs::rename(&root, parent.path().join("rules.old")).unwrap();
        std::fs::create_dir(&root).unwrap();
        looks.take(stamped(&folders));
        assert_eq!(asked.get(), 2);
        std::fs::remove_dir(&root).unwrap();
        std::fs::create_dir(&root).unwrap();
        looks.take(stamped(&folders));
        assert_eq!(asked.get(), 3);
    }
}
