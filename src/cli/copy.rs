//! `passerelle copy`: moves to PostgreSQL, for a landlord that has outgrown one machine.

use anyhow::{Context, bail};
use clap::Args;

use crate::adapters::store::copy::Copy as Copying;
use crate::app::stand_alone;
use crate::cli::{progress, waiting};
use crate::settings::Database;

/// Copies every row into an empty database and compares them one by one. The daemon must be stopped; the source
/// is not changed.
#[derive(Debug, Args)]
pub(super) struct Copy {
    /// The existing database: sqlite://PATH
    #[arg(long)]
    from: String,
    /// An empty database: postgres://USER@HOST/NAME; prefer PGPASSWORD for the password
    #[arg(long, env = "PASSERELLE_COPY_TO", hide_env_values = true)]
    to: String,
}

impl Copy {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let from = Database::parse(&self.from).map_err(anyhow::Error::msg);
        let to = Database::parse(&self.to).map_err(anyhow::Error::msg);
        let (Database::Sqlite(path), Database::Postgres(to)) =
            (from.context("--from")?, to.context("--to")?)
        else {
            bail!("copies from sqlite://PATH to postgres://USER@HOST/NAME");
        };
        if !path.is_file() {
            bail!("there is no database at {}", path.display());
        }
        let alone = stand_alone(&path, waiting).await?;
        let copy = Copying::prepare(&path, to.expose()).await?;
        let bar = progress(copy.steps());
        let rows = copy.run(|done| bar.inc(done)).await;
        bar.finish_and_clear();
        println!("{} rows copied, each compared with its source", rows?);
        println!("photos are not in the database: they stay where files_url says");
        drop(alone);
        Ok(())
    }
}
