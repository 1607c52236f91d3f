//! The codes of a case that the landlord does not know, each at its own line.

use crate::domain::fault::Fault;
use crate::rules::alike::{nearest_code, plain};
use crate::rules::compile::Generation;
use crate::rules::diagnostic::suggestion;
use crate::rules::place::Located;

use super::{Given, origin};

/// A code of the case with the message about it.
#[derive(Debug)]
pub(super) struct UnknownCode {
    /// The value in the case.
    pub at: Located,
    /// What is wrong, in the words of the answer to SoWell.
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
        let mut hint = hint(key, &at.text, generation).unwrap_or_default();
        hint.extend(origin::of_key(&generation.rules, key, &at.text));
        Some(UnknownCode {
            error: fault.detail.clone(),
            hint,
            at,
        })
    });
    found.collect()
}

/// The codes of what has this name, or the known codes if they are few; `None` if the error names a near code itself.
fn hint(key: &str, written: &str, generation: &Generation) -> Option<String> {
    let is_named = |name: &str| plain(name) == plain(written);
    match key {
        "residence" => {
            let all = || generation.referentiel.residences();
            if nearest_code(written, all().map(|it| it.code.as_str())).is_some() {
                return None;
            }
            let named = all().filter(|it| is_named(&it.nom));
            of_name(named.map(|it| it.code.as_str()).collect())
        }
        "qualification" => {
            let known = &generation.rules.qualifications;
            let codes = known.keys().map(String::as_str);
            if nearest_code(written, codes.clone()).is_some() {
                return None;
            }
            let named = known.values().filter(|it| is_named(&it.libelle));
            let hint = of_name(named.map(|it| it.code.as_str()).collect());
            hint.or_else(|| Some(format!(" ; {}", suggestion(written, codes))))
        }
        _ => None,
    }
}

/// The codes to write instead of the name that they share.
fn of_name(mut codes: Vec<&str>) -> Option<String> {
    codes.sort_unstable();
    let (last, others) = codes.split_last()?;
    Some(if others.is_empty() {
        format!(" ; c'est le nom de « {last} » : écrivez ce code")
    } else {
        let others = others.join(" », « ");
        format!(" ; c'est le nom de « {others} » et « {last} » : écrivez l'un de ces codes")
    })
}
