//! `passerelle init [DIR]`: creates a folder to start from.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use crate::adapters::shipped::{SETTINGS, Shipped};
use crate::adapters::synced::{folder_of, write_new};
use crate::settings::DEFAULT_FILE;

#[derive(Debug, Args)]
pub(super) struct Init {
    /// The folder to write to
    #[arg(default_value = ".", value_name = "DIR")]
    folder: PathBuf,
}

impl Init {
    /// Writes every file that does not exist yet; an existing one is never changed.
    pub(super) fn run(self) -> anyhow::Result<()> {
        // In the repository, the example has a folder of its own; here it is next to the schemas.
        let settings = SETTINGS.replace("$schema=../schemas/", "$schema=schemas/");
        let mut files = vec![(PathBuf::from(DEFAULT_FILE), settings.into_bytes())];
        for (folder, shipped) in [
            ("rules", Shipped::Rules),
            ("referentiel", Shipped::Referentiel),
            ("schemas", Shipped::Schemas),
        ] {
            let all = shipped.files().into_iter();
            files.extend(all.map(|(name, bytes)| (Path::new(folder).join(name), bytes)));
        }
        for (name, bytes) in files {
            let path = self.folder.join(&name);
            let made = std::fs::create_dir_all(folder_of(&path));
            let written = made.and_then(|()| write_new(&path, &bytes));
            let written = written.with_context(|| path.display().to_string())?;
            let word = if written { "written" } else { "kept   " };
            println!("{word}  {}", path.display());
        }
        let settings = self.folder.join(DEFAULT_FILE);
        println!("\nStart with: passerelle --config {}", settings.display());
        Ok(())
    }
}
