//! Notices changes in the landlord's folders and in the settings file.
//!
//! The operating system's notices make an edit live at once; looking at the folders every second
//! is what makes it certain: where there are no notices (network shares), where they overflow,
//! and where a whole folder is swapped by a symbolic link.

use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use crate::adapters::folder::Folder;

/// How often the folders are looked at.
const POLL: Duration = Duration::from_secs(1);

/// Sends a hint for each change until the receiver is gone.
pub async fn watch(folders: Vec<Folder>, hints: mpsc::Sender<()>) {
    let watcher = notices(&folders, hints.clone());
    if let Err(error) = &watcher {
        tracing::warn!(%error, "no change notices from the system; polling every second");
    }
    let mut before = stamps(&folders).await;
    // What was saved between the start's own reading and now has no other witness.
    let _ = hints.try_send(());
    loop {
        tokio::time::sleep(POLL).await;
        let now = stamps(&folders).await;
        if now != before {
            before = now;
            // A full channel already holds a hint, which is as good as this one.
            let _ = hints.try_send(());
        }
        if hints.is_closed() {
            return;
        }
    }
}

async fn stamps(folders: &[Folder]) -> Vec<impl PartialEq + Send + use<>> {
    let folders = folders.to_vec();
    let look = move || folders.iter().map(Folder::stamp).collect();
    tokio::task::spawn_blocking(look).await.unwrap_or_default()
}

fn notices(
    folders: &[Folder],
    hints: mpsc::Sender<()>,
) -> Result<RecommendedWatcher, notify::Error> {
    let watched = folders.to_vec();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // Being read is no change, and looking at the files is itself a reading. Whatever else
        // happened, errors and overflows included, is a reason to look.
        let changed = event.map_or(true, |event| match event.kind {
            EventKind::Access(how) => how == AccessKind::Close(AccessMode::Write),
            _ => true,
        } && concerns(&watched, &event));
        if changed {
            let _ = hints.try_send(());
        }
    })?;
    for folder in folders {
        let mode = if folder.is_deep() {
            RecursiveMode::Recursive
        } else {
            RecursiveMode::NonRecursive
        };
        watcher.watch(folder.path(), mode)?;
    }
    Ok(watcher)
}

/// A settings file may stand beside a busy database: only its own events are hints. Where an
/// event names nothing, or the file is swapped by a link, polling finds it.
fn concerns(folders: &[Folder], event: &Event) -> bool {
    let paths = &event.paths;
    paths.is_empty()
        || folders
            .iter()
            .any(|folder| paths.iter().any(|path| folder.may_hold(path)))
}

#[cfg(test)]
mod tests {
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
        let folders = vec![Folder::rules(folder.path().to_path_buf())];
        let _watcher = notices(&folders, hint).unwrap();
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
        let folders = vec![Folder::settings(&file).unwrap()];
        let _watcher = notices(&folders, hint).unwrap();
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
}
