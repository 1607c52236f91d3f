//! The codes of a case that the landlord does not know, each at its own line.

use crate::domain::fault::Fault;
use crate::rules::alike::plain;
use crate::rules::compile::Generation;
use crate::rules::diagnostic::suggestion;
use crate::rules::place::Located;

use super::{Given, origin};

/// A code of the case with the message about it.
#[derive(Debug)]
pub(super) struct UnknownCode {
    /// The value in the case.
    pub at: Located,
    /// What is wrong, as SoWell would be told.
    pub error: String,
    /// What to write instead, or where the word is written that the error suggests; empty if neither is known.
    pub hint: String,
}

/// The codes that these faults are about; `None` if the case does not give them all itself.
pub(super) fn codes(
    faults: &[Fault],
    given: &Given,
    generation: &Generation,
) -> Option<Vec<UnknownCode>> {
    let found = faults.iter().map(|fault| {
        let key = fault.pointer.strip_prefix('/')?;
        let at = given.texts.get(key)?.clone();
        let has_hint = fault.detail.contains(" ; ");
        let hint = (!has_hint).then(|| hint(key, &at.text, generation));
        let mut hint = hint.flatten().unwrap_or_default();
        hint.extend(origin::of_key(&generation.rules, key, &at.text));
        Some(UnknownCode {
            error: fault.detail.clone(),
            hint,
            at,
        })
    });
    found.collect()
}

/// The code of what has this name, or the known codes if they are few.
fn hint(key: &str, written: &str, generation: &Generation) -> Option<String> {
    let named = |name: &str| plain(name) == plain(written);
    let code_of = |code: &str| format!(" ; c'est le nom de « {code} » : écrivez ce code");
    match key {
        "residence" => {
            let mut all = generation.referentiel.residences();
            let found = all.find(|it| named(&it.nom))?;
            Some(code_of(&found.code))
        }
        "qualification" => {
            let known = &generation.rules.qualifications;
            let found = known.values().find(|it| named(&it.libelle));
            Some(match found {
                Some(it) => code_of(&it.code),
                None => format!(
                    " ; {}",
                    suggestion(written, known.keys().map(String::as_str))
                ),
            })
        }
        _ => None,
    }
}
