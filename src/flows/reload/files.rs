//! The files on disk, read until two consecutive reads agree.

use std::sync::Arc;

use crate::domain::ports::{FileSet, Source, SourceError};
use crate::flows::debounce;
use crate::rules::compile;
use crate::rules::diagnostic::{Diagnostic, code};
use crate::rules::layout;

/// The files from one read of both folders.
#[derive(PartialEq, Eq)]
pub(super) struct Files {
    pub(super) rules: FileSet,
    pub(super) exports: FileSet,
}

impl Files {
    pub(super) fn version(&self) -> String {
        compile::version(&self.rules, &self.exports)
    }

    /// The names of unread files, which are only reported and not part of the version.
    pub(super) fn unread(&self) -> Vec<String> {
        let exports = self.exports.keys().filter(|it| !layout::is_export(it));
        let all = layout::unread_names(&self.rules).chain(exports);
        all.cloned().collect()
    }
}

/// Both folders and their files, read while the database opens, so that a start does not wait for one after the
/// other.
pub struct Settled {
    pub(super) rules: Arc<dyn Source>,
    pub(super) exports: Arc<dyn Source>,
    pub(super) files: Result<Files, SourceError>,
}

impl Settled {
    /// Reads both folders once two consecutive reads agree. Folders that cannot be read are no error yet: an earlier
    /// version may serve.
    pub async fn read(rules: Arc<dyn Source>, exports: Arc<dyn Source>) -> Self {
        let files = read_settled(&rules, &exports).await;
        Self {
            rules,
            exports,
            files,
        }
    }
}

pub(super) async fn read(
    rules: &Arc<dyn Source>,
    exports: &Arc<dyn Source>,
) -> Result<Files, SourceError> {
    let (rules, exports) = (Arc::clone(rules), Arc::clone(exports));
    let name = rules.name();
    let work = move || {
        Ok(Files {
            rules: rules.read()?,
            exports: exports.read()?,
        })
    };
    let read = tokio::task::spawn_blocking(work).await;
    read.unwrap_or_else(|error| {
        Err(SourceError {
            path: name,
            reason: error.to_string(),
        })
    })
}

/// Reads both folders once two consecutive reads agree. A file being renamed is briefly unreadable; this is an
/// error only if it persists.
pub(super) async fn read_settled(
    rules: &Arc<dyn Source>,
    exports: &Arc<dyn Source>,
) -> Result<Files, SourceError> {
    let look = || read(rules, exports);
    let settled = debounce::seen_twice(look, PartialEq::eq).await;
    settled.unwrap_or_else(|| Err(unsettled(rules)))
}

pub(super) fn unsettled(rules: &Arc<dyn Source>) -> SourceError {
    SourceError {
        path: rules.name(),
        reason: "les fichiers ne cessent de changer".into(),
    }
}

/// The diagnostic for files that could not be read.
#[must_use]
pub fn unreadable(error: &SourceError) -> Diagnostic {
    Diagnostic::file(
        code::UNREADABLE,
        &error.path,
        format!("lecture impossible ({})", error.reason),
    )
}
