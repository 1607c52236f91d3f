//! `passerelle purge`: deletes now what the daemon would delete within the hour, and photos that it would not
//! remove without an operator's request.

use std::sync::Arc;

use clap::Args;
use strum::IntoEnumIterator;

use crate::adapters::clock::SystemClock;
use crate::app::open_files;
use crate::cli::{existing_store, progress};
use crate::domain::ports::Kept;
use crate::flows::retention::Retention;
use crate::flows::sweep::Sweep;
use crate::settings::{InForce, Settings};

#[derive(Debug, Args)]
pub(super) struct Purge {
    /// Only print how much would be deleted
    #[arg(long)]
    dry_run: bool,
    /// Only photos: assign those here to this database, and delete those that it does not name
    #[arg(long)]
    photos: bool,
}

impl Purge {
    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let store = existing_store(settings).await?;
        if self.photos {
            let sweep = Sweep {
                store,
                files: open_files(settings)?,
                clock: Arc::new(SystemClock),
            };
            let gone = sweep.take_over(self.dry_run).await?;
            let what = if self.dry_run {
                "would be deleted"
            } else {
                "deleted"
            };
            println!("photos: {gone} {what}");
            return Ok(());
        }
        let retention = Retention {
            store,
            clock: Arc::new(SystemClock),
            in_force: InForce::new(settings),
        };
        for what in Kept::iter() {
            let total = retention.count(what).await?;
            if self.dry_run {
                println!("{}: {total} would be deleted", what.as_str());
                continue;
            }
            let bar = progress(total);
            let gone = retention.purge(what, |some| bar.inc(some)).await?;
            bar.finish_and_clear();
            println!("{}: {gone} deleted", what.as_str());
        }
        Ok(())
    }
}
