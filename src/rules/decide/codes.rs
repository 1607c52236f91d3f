//! Codes that the landlord does not know: reported all at once, each with its pointer, before any decision.

use crate::domain::fault::Fault;
use crate::domain::signalement::Signalement;
use crate::rules::alike::nearest_code;
use crate::rules::compile::Generation;
use crate::rules::diagnostic::suggestion;

/// The codes of a signalement; some may be missing while the others can already be checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Codes {
    /// `qualification`, if well formed.
    pub qualification: Option<String>,
    /// `residence`, if well formed.
    pub residence: Option<String>,
    /// `bien`, if given and well formed.
    pub bien: Option<String>,
    /// `priorite`, if well formed.
    pub priorite: Option<String>,
}

impl Codes {
    /// The codes of a complete signalement.
    #[must_use]
    pub fn of(signalement: &Signalement) -> Self {
        Self {
            qualification: Some(signalement.qualification.clone()),
            residence: Some(signalement.residence.clone()),
            bien: signalement.bien.clone(),
            priorite: Some(signalement.priorite.clone()),
        }
    }
}

/// A suggestion of the code that was meant, if a known one is near; otherwise an empty text.
fn near_code_hint<'k>(code: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    let near = nearest_code(code, known);
    let near = near.map(|it| format!(" ; vouliez-vous dire « {it} » ?"));
    near.unwrap_or_default()
}

/// All codes that the landlord does not know, as faults with their pointers.
#[must_use]
pub fn unknown_codes(generation: &Generation, codes: &Codes) -> Vec<Fault> {
    let (rules, referentiel) = (&generation.rules, &generation.referentiel);
    let mut faults = Vec::new();
    if let Some(code) = &codes.qualification
        && !rules.qualifications.contains_key(code)
    {
        faults.push(Fault::invalid(
            "/qualification",
            format!(
                "qualification inconnue : « {code} »{}",
                near_code_hint(code, rules.qualifications.keys().map(String::as_str))
            ),
        ));
    }
    if let Some(code) = &codes.residence
        && referentiel.residence(code).is_none()
    {
        faults.push(Fault::invalid(
            "/residence",
            format!(
                "résidence inconnue : « {code} »{}",
                near_code_hint(code, referentiel.residences().map(|it| it.code.as_str()))
            ),
        ));
    }
    if let Some(code) = &codes.bien {
        match referentiel.bien(code) {
            None => faults.push(Fault::invalid(
                "/bien",
                format!("bien inconnu : « {code} »"),
            )),
            Some(bien) => {
                // If the residence itself is unknown, only that is reported.
                let known = codes.residence.as_ref();
                let known = known.filter(|it| referentiel.residence(it).is_some());
                let elsewhere = known.filter(|it| **it != bien.residence);
                if let Some(residence) = elsewhere {
                    faults.push(Fault::invalid(
                        "/bien",
                        format!("le bien « {code} » n'est pas dans la résidence « {residence} »"),
                    ));
                }
            }
        }
    }
    if let Some(word) = &codes.priorite
        && !rules.priorites.contains_key(word)
    {
        let known = rules.priorites.keys().map(String::as_str);
        faults.push(Fault::invalid(
            "/priorite",
            format!(
                "priorité inconnue : « {word} » ; {}",
                suggestion(word, known)
            ),
        ));
    }
    faults
}
