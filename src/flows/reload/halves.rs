//! Rules and exports have different hands behind them. Where what one of both folders holds is refused, what the other
//! one holds takes effect all the same, with what is in force of the first: a residence that came overnight must not wait
//! until somebody has mended a script.

use std::sync::Arc;

use super::files::Files;
use super::versions::build;
use crate::domain::ports::Store;
use crate::rules::compile::Generation;
use crate::rules::connector::SecretNames;
use crate::rules::diagnostic::{Diagnostic, code};

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
    /// All of the files.
    pub(super) fn whole(files: Files, generation: Generation, remarks: &[Diagnostic]) -> Self {
        Self {
            files,
            generation,
            remarks: remarks.to_vec(),
            half: None,
        }
    }
}

/// The half of refused files that can take effect beside the other half of what is in force.
pub(super) async fn other_half(
    store: &dyn Store,
    refused: &Files,
    in_force: &Arc<Generation>,
    secrets: &SecretNames,
) -> Option<Taken> {
    let kept = match store.last_version().await {
        Ok(kept) => kept?,
        Err(error) => {
            tracing::error!(%error, "no half of the refused files can take effect");
            return None;
        }
    };
    let kept_by_another = kept.version != in_force.version;
    let kept = Files {
        rules: kept.rules,
        exports: kept.referentiel,
    };
    let halves = if kept_by_another {
        // A replica that looked at the same files has told them apart.
        if kept.exports == refused.exports {
            vec![(Half::Exports, kept)]
        } else if kept.rules == refused.rules {
            vec![(Half::Rules, kept)]
        } else {
            Vec::new()
        }
    } else {
        let exports = Files {
            rules: kept.rules,
            exports: refused.exports.clone(),
        };
        let rules = Files {
            rules: refused.rules.clone(),
            exports: kept.exports,
        };
        vec![(Half::Exports, exports), (Half::Rules, rules)]
    };
    for (half, files) in halves {
        let version = files.version();
        if version == in_force.version || version == refused.version() {
            continue;
        }
        let (generation, remarks) =
            build(&files, Some(in_force), None, Some(secrets.clone())).await;
        if let Some(generation) = generation {
            return Some(Taken {
                files,
                generation,
                remarks,
                half: Some(half.told()),
            });
        }
    }
    None
}

/// The half of the files that takes effect.
enum Half {
    Exports,
    Rules,
}

impl Half {
    fn told(&self) -> Diagnostic {
        let message = match self {
            Self::Exports => "les exports, eux, sont pris en compte, avec les règles d'avant",
            Self::Rules => "les règles, elles, sont prises en compte, avec les exports d'avant",
        };
        Diagnostic::file(code::EXPORT, "", message).as_warning()
    }
}
