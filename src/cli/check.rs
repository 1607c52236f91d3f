//! `passerelle check [DIR]`: what the daemon would say of the files, before they are its own.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;

use crate::cli::Format;
use crate::cli::edited::Edited;
use crate::cli::report::{print_json, render, told_once};
use crate::domain::ports::FileSet;
use crate::flows::reload::unreadable;
use crate::rules::compile::{Known, compile, version};
use crate::rules::diagnostic::{Severity, any_error};
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(super) struct Check {
    /// A folder of rules, or one that `init` made [default: rules_dir of the settings]
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// How to print what was found
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Check {
    /// Compiles the rules and the reference data and runs the cases, as a reload does.
    pub(super) fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let secrets = settings.secret_names();
        let known = Known {
            secrets: Some(&secrets),
            ..Known::default()
        };
        let mut read_from = None;
        let (files, version, mut diagnostics) = match Edited::read(settings, self.folder.as_deref())
        {
            Ok(Edited {
                folder,
                rules,
                exports,
            }) => {
                read_from = folder;
                let (_, diagnostics) = compile(&rules, &exports, known);
                let version = version(&rules, &exports);
                let files = rules.into_iter().chain(exports).collect();
                (files, Some(version), diagnostics)
            }
            Err(error) => (FileSet::new(), None, vec![unreadable(&error)]),
        };
        if self.format == Format::Json {
            print_json(version.as_deref(), &diagnostics);
        } else {
            diagnostics = told_once(&diagnostics);
            for diagnostic in &diagnostics {
                println!("{}\n", render(diagnostic, &files));
            }
            if !any_error(&diagnostics) {
                match read_from {
                    Some(folder) => {
                        println!("Les règles du dossier {} sont bonnes.", folder.display());
                    }
                    None => println!("Les règles livrées avec Passerelle sont bonnes."),
                }
            }
        }
        let errors = diagnostics
            .iter()
            .filter(|it| it.severity == Severity::Error)
            .count();
        if errors > 0 {
            bail!("erreurs à corriger : {errors}");
        }
        Ok(())
    }
}
