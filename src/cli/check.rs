//! `passerelle check [DIR]`: what the daemon would report about the files, before it loads them.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;
use clap::Args;
use tokio::time::timeout;

use crate::cli::edited::Edited;
use crate::cli::report::report;
use crate::cli::{Format, existing_store};
use crate::domain::ports::FileSet;
use crate::flows::reload::{holes, unreadable};
use crate::rules::compile::{Known, compile, version};
use crate::rules::connector::SecretNames;
use crate::rules::diagnostic::{Severity, code};
use crate::rules::layout;
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

/// What the daemon does about failing cases if only the exports changed.
const ONLY_EXPORTS: &str = "Ces règles sont celles en vigueur : ce sont les exports qui ont changé. La passerelle les applique quand même, avec un \
     avertissement. Mais elle refusera la prochaine modification des règles tant qu'un cas échoue.";

/// How long the database may take to tell which rules are in force.
const PATIENCE: Duration = Duration::from_secs(3);

/// Whether these rules are those in force, as far as is known: without the daemon's database, or permission to read it,
/// they count as changed.
async fn are_in_force(settings: &Settings, rules: &FileSet) -> bool {
    let last = async {
        existing_store(settings)
            .await
            .ok()?
            .last_version()
            .await
            .ok()?
    };
    let last = timeout(PATIENCE, last).await.ok().flatten();
    let read = |files: &FileSet| {
        let mut files = files.clone();
        files.retain(|name, _| layout::is_rule(name));
        files
    };
    last.is_some_and(|last| read(&last.rules) == read(rules))
}

impl Check {
    /// Compiles the rules and the reference data, runs the cases and looks for what fails, as a reload does.
    /// `secrets` is `None` if it is unknown which secrets exist and which partners are called.
    pub(super) async fn run(
        self,
        settings: &Settings,
        secrets: Option<&SecretNames>,
    ) -> anyhow::Result<()> {
        let known = Known {
            secrets,
            ..Known::default()
        };
        let mut read_from = None;
        // With the daemon's exports; others cannot have changed in the daemon.
        let mut rules_read = None;
        let (files, version, diagnostics) = match Edited::read(settings, self.folder.as_deref()) {
            Ok(Edited {
                folder,
                rules,
                exports,
                exports_are_examples,
                exports_are_daemons,
            }) => {
                read_from = folder;
                let (generation, mut diagnostics) = compile(&rules, &exports, known);
                if let Some(generation) = generation.filter(|_| !exports_are_examples) {
                    let called = secrets.map(|it| it.called.clone()).unwrap_or_default();
                    diagnostics.extend(holes(&generation, &called));
                }
                let version = version(&rules, &exports);
                rules_read = exports_are_daemons.then(|| rules.clone());
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
        let mut all = diagnostics
            .iter()
            .filter(|it| it.severity == Severity::Error);
        if let (Format::Table, Some(rules)) = (self.format, &rules_read)
            && errors > 0
            && all.all(|it| it.code == code::CASE)
            && are_in_force(settings, rules).await
        {
            println!("{ONLY_EXPORTS}\n");
        }
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
