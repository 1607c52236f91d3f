//! `passerelle restore DIR`: restores what `backup` wrote.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use crate::app::{open_files, stand_alone};
use crate::cli::archive::{self, BackupError};
use crate::cli::{progress, waiting};
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// A folder written by `backup`
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl Restore {
    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let database = archive::sqlite(settings)?;
        // No daemon may run on a database about to be moved away, or start on a half-restored one.
        let alone = stand_alone(database, waiting).await?;
        if database.exists() {
            let in_the_way = BackupError::InTheWay(database.to_path_buf());
            return Err(in_the_way).context("move the data away first");
        }
        let files = open_files(settings)?;
        let bar = progress(0);
        let tell = |done, total| {
            bar.set_length(total);
            bar.set_position(done);
        };
        let restored = archive::restore(&self.folder, database, files.as_ref(), &tell);
        let note = restored.await.context("nothing was restored")?;
        drop(alone);
        bar.finish_and_clear();
        println!(
            "{}: as it was at {}, with {}",
            database.display(),
            note.made_at,
            archive::counted(note.photos)
        );
        for lost in &note.missing {
            eprintln!("photo {lost}: was missing when the backup was made");
        }
        Ok(())
    }
}
