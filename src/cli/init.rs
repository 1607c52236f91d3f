//! `passerelle init [DIR]`: a folder to start from.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use crate::adapters::shipped::{SETTINGS, Shipped};
use crate::settings::DEFAULT_FILE;

#[derive(Debug, Args)]
pub(super) struct Init {
    /// Where to write
    #[arg(default_value = ".", value_name = "DIR")]
    folder: PathBuf,
}

impl Init {
    /// Writes every file that is not there yet; an existing one is never touched.
    pub(super) fn run(self) -> anyhow::Result<()> {
        // In the repository the example stands in a folder of its own, here beside the schemas.
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
            let written =
                write_new(&path, &bytes).with_context(|| format!("{}", path.display()))?;
            let word = if written { "written" } else { "kept   " };
            println!("{word}  {}", path.display());
        }
        let settings = self.folder.join(DEFAULT_FILE);
        println!("\nStart with: passerelle --config {}", settings.display());
        Ok(())
    }
}

fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<bool> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => file.write_all(bytes).map(|()| true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}
