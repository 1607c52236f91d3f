//! Notices changes in the landlord's folders and in the settings file.
//!
//! The operating system's notices make an edit live at once; looking at the folders every second
//! is what makes it certain: where there are no notices (network shares), where they overflow,
//! and where a whole folder is swapped by a symbolic link.

use std::time::Duration;

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use crate::adapters::edited::{EditedFolder, Stamp};

/// How often the folders are looked at.
const POLL: Duration = Duration::from_secs(1);
/// Looks after a change that give a hint whatever they show: a file saved twice within one tick
/// of its file system's clock, two seconds at worst, may show nothing the second time.
const LOOKS_AFTER_A_CHANGE: u32 = 3;

/// Sends a hint for each change until the receiver is gone.
pub async fn watch(folders: Vec<EditedFolder>, hints: mpsc::Sender<()>) {
    let tell = hints.clone();
    let mut looks = Looks::new(&folders, move |folder| notices(folder, tell.clone()));
    while !hints.is_closed() {
        if looks.take(stamps(&folders).await) {
            // A full channel already holds a hint, which is as good as this one.
            let _ = hints.try_send(());
        }
        tokio::time::sleep(POLL).await;
    }
}

/// What the looks at the folders have shown, and who tells of changes between two of them.
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

    /// Takes in one look at the folders; tells whether it gives a hint.
    fn take(&mut self, now: Vec<Stamp>) -> bool {
        let places = self.folders.iter().zip(&mut self.watchers).zip(&now);
        for (place, ((folder, watcher), stamp)) in places.enumerate() {
            let moved = self.before.get(place).map(Stamp::root) != Some(stamp.root());
            if !moved && watcher.is_some() {
                continue;
            }
            // Notices follow a folder that is moved away, not the one that takes its place.
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
        // True of the first look as well: what was saved between the start's own reading and now
        // has no other witness.
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

/// A copy that comes in over a slow line makes pauses: a file is whole once it is closed.
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

/// Being read is no change, and looking at the files is itself a reading. Whatever else happened,
/// errors and overflows included, is a reason to look.
fn tells_of_a_change(event: &notify::Result<Event>) -> bool {
    match event {
        Ok(event) => match event.kind {
            EventKind::Access(how) => how == AccessKind::Close(AccessMode::Write),
            _ => true,
        },
        Err(_) => true,
    }
}

/// A settings file may stand beside a busy database: only its own events are hints. Where an
/// event names nothing, or the file is swapped by a link, polling finds it.
fn concerns(folder: &EditedFolder, event: &Event) -> bool {
    event.paths.is_empty() || event.paths.iter().any(|path| folder.may_hold(path))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use notify::event::Flag;

    use super::*;

    /// Waits for one hint; `false` when none comes before the folders were looked at twice.
    async fn hinted(hints: &mut mpsc::Receiver<()>) -> bool {
        tokio::time::timeout(POLL * 2, hints.recv()).await.is_ok()
    }

    #[tokio::test]
    async fn a_reader_is_no_change_and_a_writer_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("priorites.yaml");
        std::fs::write(&file, "a: 1").unwrap();
        let (hint, mut hints) = mpsc::channel(8);
        let _watcher = notices(&EditedFolder::rules(folder.path().to_path_buf()), hint).unwrap();
        std::fs::read(&file).unwrap();
        assert!(!hinted(&mut hints).await, "reading it is not an edit");
        std::fs::write(&file, "a: 2").unwrap();
        assert!(hinted(&mut hints).await, "the system tells of an edit");
    }

    #[tokio::test]
    async fn what_is_written_beside_the_settings_is_no_hint() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("passerelle.yaml");
        std::fs::write(&file, "a: 1").unwrap();
        let (hint, mut hints) = mpsc::channel(8);
        let settings = EditedFolder::settings(&file).unwrap();
        let _watcher = notices(&settings, hint).unwrap();
        std::fs::write(folder.path().join("passerelle.sqlite-wal"), "x").unwrap();
        assert!(!hinted(&mut hints).await, "the database is no setting");
        let beside = folder.path().join(".new");
        std::fs::write(&beside, "a: 2").unwrap();
        std::fs::rename(&beside, &file).unwrap();
        assert!(
            hinted(&mut hints).await,
            "a file renamed over it is an edit"
        );
    }

    #[test]
    fn an_overflow_and_an_error_of_the_watcher_are_reasons_to_look() {
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
    fn without_notices_every_edit_gives_hints_and_their_absence_none() {
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
            ("a folder made anew", &|| {
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
    fn notices_are_asked_for_again_when_another_folder_takes_the_place() {
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
