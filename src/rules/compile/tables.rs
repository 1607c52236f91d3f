//! Checks what the words of the YAML tables mean together: codes that a different file must know, modes, the table of
//! statuses.

use std::collections::{BTreeMap, HashMap};

use strum::VariantNames;

use super::generation::{
    Correspondance, Mode, QUALIFICATIONS, Qualification, STATUTS, Statuts, TRANSMISSION, Target,
    Transmission, Word,
};
use super::{remarks, twins};
use crate::domain::statut::SELON_FIELDS;
use crate::rules::diagnostic::{Diagnostic, any_error, code, suggestion};
use crate::rules::place::Located;
use crate::rules::source::{RawCorrespondance, RawQualification, RawStatuts, RawTransmission};

pub(super) fn words(raw: Vec<(Located, String)>) -> BTreeMap<String, Word> {
    raw.into_iter()
        .map(|(key, text)| {
            let line = key.line;
            (key.text, Word { text, line })
        })
        .collect()
}

pub(super) fn qualifications(raw: Vec<RawQualification>) -> HashMap<String, Qualification> {
    raw.into_iter()
        .map(|it| {
            let qualification = Qualification {
                code: it.code.text.clone(),
                libelle: it.libelle,
                type_at: (it.type_gestionnaire.line, it.type_gestionnaire.column),
                type_gestionnaire: it.type_gestionnaire.text,
                workflow_line: it.workflow.line,
                workflow: it.workflow.text,
                line: it.code.line,
            };
            (it.code.text, qualification)
        })
        .collect()
}

/// `before` is the number of faults in earlier files: if this file already has some, a missing part may only be
/// misspelt.
pub(super) fn transmission(
    raw: RawTransmission,
    qualifications: Option<&HashMap<String, Qualification>>,
    before: usize,
    faults: &mut Vec<Diagnostic>,
) -> Option<Transmission> {
    let well_formed = !any_error(&faults[before..]);
    let mut modes = Vec::new();
    for word in &raw.modes {
        match word.text.parse::<Mode>() {
            Ok(mode) => modes.push((mode, word.line)),
            Err(_) => faults.push(Diagnostic::at(
                code::WORD_UNKNOWN,
                TRANSMISSION,
                word.line,
                word.column,
                format!(
                    "mode inconnu « {} » : {}",
                    word.text,
                    suggestion(&word.text, Mode::VARIANTS.iter().copied())
                ),
            )),
        }
    }
    for code in &raw.categories {
        let unknown = qualifications.filter(|known| !known.contains_key(&code.text));
        if let Some(known) = unknown {
            faults.push(Diagnostic::at(
                code::WORD_UNKNOWN,
                TRANSMISSION,
                code.line,
                code.column,
                format!(
                    "la catégorie « {} » n'est pas dans {QUALIFICATIONS} ; {}",
                    code.text,
                    suggestion(&code.text, known.keys().map(String::as_str))
                ),
            ));
        }
    }
    let wants_categories = modes.iter().find(|(mode, _)| *mode == Mode::Categories);
    let no_category = well_formed && raw.categories.is_empty();
    if let (Some((_, line)), true) = (wants_categories, no_category) {
        faults.push(Diagnostic::at(
            code::RULE,
            TRANSMISSION,
            *line,
            0,
            "le mode « categories » demande une liste « categories: [codes] »",
        ));
    }
    if any_error(&faults[before..]) {
        return None;
    }
    remarks::note_repeated(TRANSMISSION, &raw.modes, faults);
    remarks::note_repeated(TRANSMISSION, &raw.categories, faults);
    remarks::note_idle_modes(&modes, &raw.categories, faults);
    Some(Transmission {
        modes,
        categories: raw
            .categories
            .into_iter()
            .map(|code| (code.text, code.line))
            .collect(),
    })
}

/// `before` is the number of faults in earlier files.
pub(super) fn statuts(
    raw: RawStatuts,
    before: usize,
    faults: &mut Vec<Diagnostic>,
) -> Option<Statuts> {
    let mut table = BTreeMap::new();
    for (statut, target) in raw.correspondances {
        let line = statut.line;
        let target = match target {
            RawCorrespondance::Fixed(word) => Target::Fixed(word),
            RawCorrespondance::Selon { field, values } => {
                if !SELON_FIELDS.contains(&field.text.as_str()) {
                    faults.push(Diagnostic::at(
                        code::WORD_UNKNOWN,
                        STATUTS,
                        field.line,
                        field.column,
                        format!(
                            "« selon » ne connaît pas le champ « {} » : {}",
                            field.text,
                            suggestion(&field.text, SELON_FIELDS)
                        ),
                    ));
                }
                Target::Selon {
                    field: field.text,
                    values: words(values),
                }
            }
        };
        table.insert(statut.text, Correspondance { line, target });
    }
    remarks::note_repeated(STATUTS, &raw.ignorer, faults);
    let mut ignorer = BTreeMap::new();
    for statut in raw.ignorer {
        if let Some(other) = table.get(&statut.text) {
            faults.push(Diagnostic::at(
                code::RULE,
                STATUTS,
                statut.line,
                statut.column,
                format!(
                    "« {} » est à la fois ignoré et dans les correspondances (ligne {})",
                    statut.text, other.line
                ),
            ));
        }
        remarks::note_joined(&statut, faults);
        ignorer.insert(statut.text, statut.line);
    }
    if any_error(&faults[before..]) {
        return None;
    }
    if !matches!(table.get(&raw.initial.text), Some(it) if matches!(it.target, Target::Fixed(_))) {
        let initial = &raw.initial.text;
        let others = table.iter().filter(|(it, _)| *it != initial);
        let others = others.map(|(it, other)| (it.as_str(), other.line));
        let twin = twins::twin_of_statut(initial, others);
        let twin = twin.map(|it| format!(" ; {it}")).unwrap_or_default();
        let remark = format!(
            "le statut initial « {initial} » n'a pas de correspondance simple : SoWell ne recevra pas de statut à la création{twin}"
        );
        faults.push(
            Diagnostic::at(
                code::RULE,
                STATUTS,
                raw.initial.line,
                raw.initial.column,
                remark,
            )
            .as_warning(),
        );
    }
    Some(Statuts {
        initial: Word {
            text: raw.initial.text,
            line: raw.initial.line,
        },
        canal: raw.canal,
        table,
        ignorer,
    })
}
