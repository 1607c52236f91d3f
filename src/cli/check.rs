//! `passerelle check [DIR]`: what the daemon would say of the files, before they are its own.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use serde_json::json;

use crate::cli::Format;
use crate::cli::edited::Edited;
use crate::cli::report::{render, to_json};
use crate::domain::ports::FileSet;
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
        let Edited { rules, exports } = Edited::read(settings, self.folder.as_deref())?;
        let secrets = settings.live.secret_names();
        let known = Known {
            secrets: Some(&secrets),
            ..Known::default()
        };
        let (_, diagnostics) = compile(&rules, &exports, known);
        let accepted = !any_error(&diagnostics);
        if self.format == Format::Json {
            let all: Vec<_> = diagnostics.iter().map(to_json).collect();
            let version = version(&rules, &exports);
            println!(
                "{}",
                json!({"version": version, "acceptee": accepted, "diagnostics": all})
            );
        } else {
            let files: FileSet = rules.into_iter().chain(exports).collect();
            for diagnostic in &diagnostics {
                println!("{}\n", render(diagnostic, &files));
            }
            if accepted {
                println!("Les règles sont bonnes.");
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
