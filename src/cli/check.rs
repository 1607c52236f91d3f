//! `passerelle check [DIR]`: what the daemon would report about the files, before it loads them.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;

use crate::cli::Format;
use crate::cli::edited::Edited;
use crate::cli::report::report;
use crate::domain::ports::FileSet;
use crate::flows::reload::{holes, unreadable};
use crate::rules::compile::{Known, compile, version};
use crate::rules::connector::SecretNames;
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(super) struct Check {
    /// A folder of rules, or one created by `init` [default: rules_dir of the settings]
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// How to print the findings
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Check {
    /// Compiles the rules and the reference data, runs the cases and looks for what fails, as a reload does.
    /// `secrets` is `None` if it is unknown which secrets exist and which partners are called.
    pub(super) fn run(
        self,
        settings: &Settings,
        secrets: Option<&SecretNames>,
    ) -> anyhow::Result<()> {
        let known = Known {
            secrets,
            ..Known::default()
        };
        let mut read_from = None;
        let (files, version, diagnostics) = match Edited::read(settings, self.folder.as_deref()) {
            Ok(Edited {
                folder,
                rules,
                exports,
                exports_are_examples,
            }) => {
                read_from = folder;
                let (generation, mut diagnostics) = compile(&rules, &exports, known);
                if let Some(generation) = generation.filter(|_| !exports_are_examples) {
                    let called = secrets.map(|it| it.called.clone()).unwrap_or_default();
                    diagnostics.extend(holes(&generation, &called));
                }
                let version = version(&rules, &exports);
                let files = rules.into_iter().chain(exports).collect();
                (files, Some(version), diagnostics)
            }
            Err(error) => (FileSet::new(), None, vec![unreadable(&error)]),
        };
        let errors = report(
            self.format,
            version.as_deref(),
            &diagnostics,
            &files,
            |it| println!("{it}\n"),
        );
        if errors > 0 {
            bail!("erreurs à corriger : {errors}");
        }
        match (self.format, read_from) {
            (Format::Json, _) => {}
            (Format::Table, Some(folder)) => {
                println!("Les règles du dossier {} sont bonnes.", folder.display());
            }
            (Format::Table, None) => println!("Les règles livrées avec Passerelle sont bonnes."),
        }
        Ok(())
    }
}
