//! Compiles files into a generation, off the threads that serve requests, and keeps the accepted versions, so
//! that the last one can be restored.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::files::Files;
use crate::domain::ports::{FileSet, StoreError, StoredVersion, Versions};
use crate::rules::compile::{self, Generation, Known};
use crate::rules::connector::SecretNames;
use crate::rules::diagnostic::{Diagnostic, Severity, code};
use crate::rules::layout;

/// Why no rules can be put in force.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// The files are refused, and no accepted version can replace them.
    #[error("the rules are refused, and no accepted version can serve in their place:\n{}", list(.0))]
    Refused(Vec<Diagnostic>),
    /// The last accepted version no longer compiles, and neither do the files. Nothing older is served unasked: its
    /// decisions would surprise everyone.
    #[error("this release refuses the rules accepted last, version {version}, and no files can take their place:\n{}\n\
             Correct the files, or look for an earlier version with `passerelle rules list` and write it to rules_dir \
             with `passerelle rules rollback VERSION`; then start the daemon", list(.diagnostics))]
    LastRefused {
        /// The name of that version.
        version: String,
        /// What is wrong with the files and with that version, each once.
        diagnostics: Vec<Diagnostic>,
    },
    /// None was ever accepted: no daemon has started on this database.
    #[error("no version of the rules was accepted yet: start the daemon first")]
    NoneAccepted,
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn list(diagnostics: &[Diagnostic]) -> String {
    let lines: Vec<String> = diagnostics.iter().map(|it| format!("  {it}")).collect();
    lines.join("\n")
}

pub(super) async fn build(
    files: &Files,
    previous: Option<&Arc<Generation>>,
    accepted_rules: Option<FileSet>,
    secrets: Option<SecretNames>,
) -> (Option<Generation>, Vec<Diagnostic>) {
    let (rules, exports) = (files.rules.clone(), files.exports.clone());
    let previous = previous.map(Arc::clone);
    let work = move || {
        let known = Known {
            previous: previous.as_deref(),
            accepted_rules: accepted_rules.as_ref(),
            secrets: secrets.as_ref(),
        };
        compile::compile(&rules, &exports, known)
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(built) => built,
        Err(error) => {
            let message = format!("la compilation des règles a échoué ({error})");
            (None, vec![Diagnostic::file(code::INTERNAL, "", message)])
        }
    }
}

pub(super) async fn keep(
    store: &dyn Versions,
    files: &Files,
    generation: &Generation,
    accepted_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (mut rules, mut referentiel) = (files.rules.clone(), files.exports.clone());
    rules.retain(|name, _| layout::is_rule(name));
    referentiel.retain(|name, _| layout::is_export(name));
    store
        .save_version(StoredVersion {
            version: generation.version.clone(),
            accepted_at,
            rules,
            referentiel,
        })
        .await
}

/// Adds the diagnostics that are not yet in the list.
pub(super) fn add_new(told: &mut Vec<Diagnostic>, more: &[Diagnostic]) {
    for it in more {
        if !told.contains(it) {
            told.push(it.clone());
        }
    }
}

/// Adds to each failing case that it fails already with the files in force, whose remarks these are: undoing the edit
/// would not help.
pub(super) fn note_failing_already(found: &mut [Diagnostic], in_force: &[Diagnostic]) {
    const ALREADY: &str = " ; ce cas échoue déjà avec les règles et les exports en vigueur : corrigez-le pour qu'une modification des règles soit acceptée";
    for it in found {
        let same = |other: &Diagnostic| {
            other.code == code::CASE && other.file == it.file && other.message == it.message
        };
        if it.severity == Severity::Error && in_force.iter().any(same) {
            it.message.push_str(ALREADY);
        }
    }
}

/// The most recently accepted version, compiled again from its stored files.
///
/// # Errors
/// When there is none, or it no longer compiles.
pub async fn last_accepted(store: &dyn Versions) -> Result<Generation, BootError> {
    match store.last_version().await? {
        Some(stored) => recompile(Some(stored), &[]).await,
        None => Err(BootError::NoneAccepted),
    }
}

pub(super) async fn recompile(
    stored: Option<StoredVersion>,
    refused: &[Diagnostic],
) -> Result<Generation, BootError> {
    let Some(stored) = stored else {
        return Err(BootError::Refused(refused.to_vec()));
    };
    let files = Files {
        rules: stored.rules,
        exports: stored.referentiel,
    };
    let accepted = files.rules.clone();
    match build(&files, None, Some(accepted), None).await {
        (Some(generation), _) => Ok(generation),
        (None, also_refused) => {
            let mut diagnostics = refused.to_vec();
            add_new(&mut diagnostics, &also_refused);
            Err(BootError::LastRefused {
                version: stored.version,
                diagnostics,
            })
        }
    }
}
