//! `passerelle backup DIR`: makes a copy that `restore` can start from.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;

use crate::adapters::clock::SystemClock;
use crate::app::{is_taken, open_files, private_folder};
use crate::cli::output::time;
use crate::cli::{archive, existing_database, progress};
use crate::domain::ports::Clock;
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(super) struct Backup {
    /// An empty folder, or one to be created
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl Backup {
    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let database = archive::sqlite(settings)?;
        // Before anything here creates a new log.
        log_is_there(database).await?;
        // Not opened as a store: its tables may be those of a different version, and are copied unchanged.
        existing_database(settings)?;
        let files = open_files(settings)?;
        private_folder(&self.folder)?;
        let bar = progress(0);
        let made_at = time(SystemClock.now());
        let tell = |done, total| {
            bar.set_length(total);
            bar.set_position(done);
        };
        let made = archive::make(database, files.as_ref(), &self.folder, made_at, &tell);
        let note = made.await.context("no backup was made")?;
        bar.finish_and_clear();
        let whole = note.photos - u64::try_from(note.missing.len())?;
        let whole = archive::counted(whole);
        println!("{}: the database and {whole}", self.folder.display());
        for lost in &note.missing {
            eprintln!("photo {lost}: missing or altered");
        }
        match note.missing.len() {
            0 => Ok(()),
            1 => bail!("1 photo is not in the backup"),
            missing => bail!("{missing} photos are not in the backup"),
        }
    }
}

/// How many times, and at what interval, to check whether a starting daemon has created its log.
const LOOKS: (u32, Duration) = (20, Duration::from_millis(100));

/// Makes sure that everything a running daemon has written is visible: if its log was removed, only the daemon
/// still has it.
async fn log_is_there(database: &Path) -> anyhow::Result<()> {
    let mut log = database.canonicalize().unwrap_or_else(|_| database.into());
    log.as_mut_os_string().push("-wal");
    for _ in 0..LOOKS.0 {
        if log.exists() || !is_taken(database) {
            return Ok(());
        }
        tokio::time::sleep(LOOKS.1).await;
    }
    bail!(
        "the daemon's log {} was removed, and with it what is not in the database yet. Request /readyz from the \
         daemon, which makes it save what it can, restart it, and repeat the backup",
        log.display()
    )
}
