//! Decides how much of the files on disk takes effect: all of them, one half, or nothing. A start and a reload
//! judge in the same way, and differ only in what was in force before.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::Active;
use super::files::Files;
use super::halves::other_half;
use super::versions::{BootError, add_new, build, keep, recompile};
use crate::domain::ports::{StoreError, StoredVersion, Versions};
use crate::rules::compile::Generation;
use crate::rules::connector::SecretNames;
use crate::rules::diagnostic::Diagnostic;

/// What was there before the files to be judged.
pub(super) enum Before {
    /// The generation in force.
    InForce(Arc<Generation>),
    /// Nothing is in force yet; the most recently accepted version, if any.
    Stored(Option<StoredVersion>),
}

/// What will be in force.
pub(super) enum Judged {
    /// All of the files, or one half of them.
    Taken(Box<Taken>),
    /// The generation already in force, or the most recently accepted one.
    AsBefore(Arc<Generation>),
}

/// The part of the files on disk that takes effect.
pub(super) struct Taken {
    pub(super) files: Files,
    pub(super) generation: Generation,
    /// The remarks about it.
    pub(super) remarks: Vec<Diagnostic>,
    /// The diagnostic to report if it is not all of the files.
    pub(super) half: Option<Diagnostic>,
}

impl Taken {
    /// Stores the version and, if it is only a half, adds the diagnostics about it to `found`.
    ///
    /// # Errors
    /// When the store cannot save it: the version must not take effect.
    pub(super) async fn keep(
        self,
        store: &dyn Versions,
        at: DateTime<Utc>,
        found: &mut Vec<Diagnostic>,
    ) -> Result<Active, StoreError> {
        keep(store, &self.files, &self.generation, at).await?;
        log_accepted(&self.generation.version, &self.remarks);
        if let Some(half) = self.half {
            found.push(half);
            add_new(found, &self.remarks);
        }
        Ok(Active::new(Arc::new(self.generation), at, self.remarks))
    }
}

/// Judges the files, if they could be read, and adds the diagnostics about them to `found`.
///
/// # Errors
/// When the store cannot return what was accepted, or nothing can be put in force.
pub(super) async fn judge(
    store: &dyn Versions,
    files: Option<Files>,
    before: Before,
    secrets: &SecretNames,
    found: &mut Vec<Diagnostic>,
) -> Result<Judged, BootError> {
    let mut refused = None;
    if let Some(files) = files {
        let (previous, accepted) = match &before {
            Before::InForce(generation) => (Some(generation), None),
            Before::Stored(stored) => (None, stored.as_ref().map(|it| it.rules.clone())),
        };
        let (generation, remarks) = build(&files, previous, accepted, Some(secrets.clone())).await;
        found.extend(remarks.iter().cloned());
        if let Some(generation) = generation {
            let taken = Taken {
                files,
                generation,
                remarks,
                half: None,
            };
            return Ok(Judged::Taken(Box::new(taken)));
        }
        refused = Some(files);
    }
    let in_force = match before {
        Before::InForce(generation) => generation,
        Before::Stored(stored) => Arc::new(recompile(stored, found).await?),
    };
    let half = match &refused {
        Some(files) => other_half(store, files, &in_force, secrets).await?,
        None => None,
    };
    Ok(match half {
        Some(half) => Judged::Taken(Box::new(half)),
        None => Judged::AsBefore(in_force),
    })
}

fn log_accepted(version: &str, diagnostics: &[Diagnostic]) {
    tracing::info!(version, remarks = diagnostics.len(), "rules in force");
    for diagnostic in diagnostics {
        tracing::warn!(version, "{diagnostic}");
    }
}
