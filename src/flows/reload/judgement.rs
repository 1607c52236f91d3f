//! What takes effect of the files on the disk: all of them, one half of them, or nothing. A start and a reload judge in
//! one way, and differ in what there was before.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::Active;
use super::files::Files;
use super::halves::other_half;
use super::versions::{BootError, build, keep, recompile};
use crate::domain::ports::{Store, StoreError, StoredVersion};
use crate::rules::compile::Generation;
use crate::rules::connector::SecretNames;
use crate::rules::diagnostic::Diagnostic;

/// What there was before the files that are judged.
pub(super) enum Before {
    /// This is in force.
    InForce(Arc<Generation>),
    /// Nothing is in force yet; the version that was accepted last.
    Stored(Option<StoredVersion>),
}

/// What is in force from now on.
pub(super) enum Judged {
    /// What the files hold, or one half of it.
    Taken(Box<Taken>),
    /// What was in force before, or was accepted last.
    AsBefore(Arc<Generation>),
}

/// What takes effect of the files on the disk.
pub(super) struct Taken {
    pub(super) files: Files,
    pub(super) generation: Generation,
    /// What is to be said of it.
    pub(super) remarks: Vec<Diagnostic>,
    /// What is to be said where it is not all of the files.
    pub(super) half: Option<Diagnostic>,
}

impl Taken {
    /// Keeps the version, and adds what is to be said of a half to what was found in the files.
    ///
    /// # Errors
    /// When the store does not keep it: it is not to take effect.
    pub(super) async fn keep(
        self,
        store: &dyn Store,
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

/// Judges the files, where they could be read, and adds to `found` what is to be said of them.
///
/// # Errors
/// When the store does not tell what was accepted, or nothing can be in force.
pub(super) async fn judge(
    store: &dyn Store,
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

/// Adds what is not told yet.
fn add_new(told: &mut Vec<Diagnostic>, more: &[Diagnostic]) {
    for it in more {
        if !told.contains(it) {
            told.push(it.clone());
        }
    }
}

fn log_accepted(version: &str, diagnostics: &[Diagnostic]) {
    tracing::info!(version, remarks = diagnostics.len(), "rules in force");
    for diagnostic in diagnostics {
        tracing::warn!(version, "{diagnostic}");
    }
}
