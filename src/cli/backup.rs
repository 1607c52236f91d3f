//! `passerelle backup DIR`: a copy to start anew from.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;

use crate::adapters::clock::SystemClock;
use crate::app::{open_files, private_folder};
use crate::cli::output::time;
use crate::cli::{archive, existing_database, progress};
use crate::domain::ports::Clock;
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(super) struct Backup {
    /// An empty folder, or one to be made
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl Backup {
    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let database = archive::sqlite(settings)?;
        // Not opened as a store: its tables may be another version's, and are copied as they are.
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
            eprintln!("photo {lost}: missing, or not what it was");
        }
        match note.missing.len() {
            0 => Ok(()),
            1 => bail!("1 photo is not in the backup"),
            missing => bail!("{missing} photos are not in the backup"),
        }
    }
}
