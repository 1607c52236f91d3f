//! `passerelle purge`: forgets now what the daemon would forget within the hour.

use std::sync::Arc;

use clap::Args;
use strum::IntoEnumIterator;

use crate::adapters::clock::SystemClock;
use crate::cli::{existing_store, progress};
use crate::domain::ports::Kept;
use crate::flows::retention::Retention;
use crate::settings::{InForce, Settings};

#[derive(Debug, Args)]
pub(super) struct Purge {
    /// Only tell how much would go
    #[arg(long)]
    dry_run: bool,
}

impl Purge {
    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let retention = Retention {
            store: existing_store(settings).await?,
            clock: Arc::new(SystemClock),
            in_force: InForce::new(settings),
        };
        for what in Kept::iter() {
            let total = retention.count(what).await?;
            if self.dry_run {
                println!("{}: {total} would go", what.as_str());
                continue;
            }
            let bar = progress(total);
            let gone = retention.purge(what, |some| bar.inc(some)).await?;
            bar.finish_and_clear();
            println!("{}: {gone} gone", what.as_str());
        }
        Ok(())
    }
}
