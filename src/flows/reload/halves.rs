//! Rules and exports are edited by different people. If the content of one folder is refused, that of the other
//! still takes effect, together with what is in force of the first: a residence added overnight must not wait
//! until someone has corrected a script.

use std::sync::Arc;

use super::files::Files;
use super::judgement::Taken;
use super::versions::build;
use crate::domain::ports::{StoreError, Versions};
use crate::rules::compile::Generation;
use crate::rules::connector::SecretNames;
use crate::rules::diagnostic::{Diagnostic, code};

/// The half of the refused files that can take effect together with the other half of what was last accepted,
/// by us or by a replica that reads the same files.
///
/// # Errors
/// When the store cannot return what that is.
pub(super) async fn other_half(
    store: &dyn Versions,
    refused: &Files,
    in_force: &Arc<Generation>,
    secrets: &SecretNames,
) -> Result<Option<Taken>, StoreError> {
    let Some(kept) = store.last_version().await? else {
        return Ok(None);
    };
    let exports = Files {
        rules: kept.rules,
        exports: refused.exports.clone(),
    };
    let rules = Files {
        rules: refused.rules.clone(),
        exports: kept.referentiel,
    };
    for (half, files) in [(Half::Exports, exports), (Half::Rules, rules)] {
        let version = files.version();
        if version == in_force.version || version == refused.version() {
            continue;
        }
        let (generation, remarks) =
            build(&files, Some(in_force), None, Some(secrets.clone())).await;
        if let Some(generation) = generation {
            return Ok(Some(Taken {
                files,
                generation,
                remarks,
                half: Some(half.told()),
            }));
        }
    }
    Ok(None)
}

/// Which half of the files takes effect.
enum Half {
    Exports,
    Rules,
}

impl Half {
    fn told(&self) -> Diagnostic {
        let (code, message) = match self {
            Self::Exports => (
                code::EXPORT,
                "les exports, eux, sont pris en compte, avec les règles précédentes",
            ),
            Self::Rules => (
                code::RULE,
                "les règles, elles, sont prises en compte, avec les exports précédents",
            ),
        };
        Diagnostic::file(code, "", message).as_warning()
    }
}
