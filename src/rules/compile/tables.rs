//! Checks what the words of the YAML tables mean together: codes that a different file must know, modes, the table of
//! statuses.

use std::collections::{BTreeMap, HashMap};

use strum::VariantNames;

use super::generation::{
    Correspondance, Mode, QUALIFICATIONS, Qualification, STATUTS, Statuts, TRANSMISSION, Target,
    Transmission, Word,
};
use super::{ignored, remarks, twins};
use crate::domain::statut::SELON_FIELDS;
use crate::rules::diagnostic::{Diagnostic, any_error, code, suggestion};
use crate::rules::place::Located;
use crate::rules::source::{
    NOTHING_EXCLUDED, RawCorrespondance, RawQualification, RawStatuts, RawTransmission,
};

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
        .map(|raw| {
            let qualification = Qualification {
                code: raw.code.text.clone(),
                libelle: raw.libelle,
                type_at: (raw.type_gestionnaire.line, raw.type_gestionnaire.column),
                type_gestionnaire: raw.type_gestionnaire.text,
                workflow_line: raw.workflow.line,
                workflow: raw.workflow.text,
                line: raw.code.line,
            };
            (raw.code.text, qualification)
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
    let modes = known_modes(&raw.modes, faults);
    if let Some(known) = qualifications {
        check_categories(&raw.categories, known, faults);
    }
    if well_formed && raw.categories.is_empty() {
        check_categories_are_listed(&modes, faults);
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

/// The modes with their lines; a word that is not a mode is a fault.
fn known_modes(words: &[Located], faults: &mut Vec<Diagnostic>) -> Vec<(Mode, u32)> {
    let mut modes = Vec::new();
    for word in words {
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
                    both_modes(&word.text)
                        .or_else(|| without_comma(&word.text, is_mode))
                        .unwrap_or_else(|| suggestion(&word.text, Mode::VARIANTS.iter().copied()))
                ),
            )),
        }
    }
    modes
}

fn is_mode(word: &str) -> bool {
    Mode::VARIANTS.contains(&word)
}

/// The message about modes that are joined so that all of them would have to accept, which the rules do not support.
fn both_modes(word: &str) -> Option<String> {
    let joined = word.replace(['&', '+'], " et ");
    let parts: Vec<&str> = joined.split_whitespace().collect();
    let (signs, modes): (Vec<&str>, Vec<&str>) = parts.into_iter().partition(|it| *it == "et");
    let several = !signs.is_empty() && modes.len() > 1 && modes.iter().all(|it| is_mode(it));
    several.then(|| {
        format!(
            "les règles ne savent pas demander plusieurs modes à la fois (« et ») ; [{}] transmet ce que l'un ou l'autre accepte",
            modes.join(", ")
        )
    })
}

/// The message about several known words of a list that nothing separates.
fn without_comma(word: &str, is_known: impl Fn(&str) -> bool) -> Option<String> {
    let parts = word.split([';', ' ', '/', '+']).filter(|it| !it.is_empty());
    let parts: Vec<&str> = parts.filter(|it| *it != "et").collect();
    let several = parts.len() > 1 && parts.iter().all(|it| is_known(it));
    several.then(|| {
        format!(
            "écrivez-les séparément : [{}], ou un tiret par ligne",
            parts.join(", ")
        )
    })
}

fn check_categories(
    categories: &[Located],
    known: &HashMap<String, Qualification>,
    faults: &mut Vec<Diagnostic>,
) {
    for code in categories {
        if known.contains_key(&code.text) {
            continue;
        }
        faults.push(Diagnostic::at(
            code::WORD_UNKNOWN,
            TRANSMISSION,
            code.line,
            code.column,
            format!(
                "la catégorie « {} » n'est pas dans {QUALIFICATIONS} ; {}",
                code.text,
                excluded(&code.text, |it| known.contains_key(it))
                    .or_else(|| without_comma(&code.text, |it| known.contains_key(it)))
                    .unwrap_or_else(|| suggestion(&code.text, known.keys().map(String::as_str)))
            ),
        ));
    }
}

/// The message about a known category that was meant to be excluded.
fn excluded(word: &str, is_known: impl Fn(&str) -> bool) -> Option<String> {
    let marks = ["!", "-", "sauf ", "pas ", "non ", "not "];
    let mut without = marks.iter().filter_map(|it| word.strip_prefix(it));
    let is_excluded = without.any(|it| is_known(it.trim()));
    is_excluded.then(|| NOTHING_EXCLUDED.to_owned())
}

/// Checks that no mode needs the list of categories, which is missing.
fn check_categories_are_listed(modes: &[(Mode, u32)], faults: &mut Vec<Diagnostic>) {
    let wants_categories = modes.iter().find(|(mode, _)| *mode == Mode::Categories);
    if let Some((_, line)) = wants_categories {
        faults.push(Diagnostic::at(
            code::RULE,
            TRANSMISSION,
            *line,
            0,
            "le mode « categories » demande une liste « categories: [codes] »",
        ));
    }
}

/// `before` is the number of faults in earlier files.
pub(super) fn statuts(
    raw: RawStatuts,
    before: usize,
    faults: &mut Vec<Diagnostic>,
) -> Option<Statuts> {
    let table = correspondances(raw.correspondances, faults);
    let ignorer = ignored(raw.ignorer, &table, faults);
    if any_error(&faults[before..]) {
        return None;
    }
    note_initial_without_target(&raw.initial, &table, faults);
    ignored::note_ignored_plurals(&ignorer, &table, faults);
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

/// The targets by status; a `selon` with an unknown field is a fault.
fn correspondances(
    raw: Vec<(Located, RawCorrespondance)>,
    faults: &mut Vec<Diagnostic>,
) -> BTreeMap<String, Correspondance> {
    let mut table = BTreeMap::new();
    for (statut, target) in raw {
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
        let line = statut.line;
        table.insert(statut.text, Correspondance { line, target });
    }
    table
}

/// The ignored statuses with their lines; one that also has a target is a fault.
fn ignored(
    raw: Vec<Located>,
    table: &BTreeMap<String, Correspondance>,
    faults: &mut Vec<Diagnostic>,
) -> BTreeMap<String, u32> {
    remarks::note_repeated(STATUTS, &raw, faults);
    let mut ignored = BTreeMap::new();
    for statut in raw {
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
        ignored.insert(statut.text, statut.line);
    }
    ignored
}

/// Tells of an initial status that no fixed target translates: nothing could be sent at creation.
fn note_initial_without_target(
    initial: &Located,
    table: &BTreeMap<String, Correspondance>,
    faults: &mut Vec<Diagnostic>,
) {
    let name = &initial.text;
    let own = table.get(name).map(|it| &it.target);
    if matches!(own, Some(Target::Fixed(_))) {
        return;
    }
    let others = table.iter().filter(|(statut, _)| *statut != name);
    let others = others.map(|(statut, other)| (statut.as_str(), other.line));
    let twin = twins::twin_of_statut(name, others);
    let twin = twin.map(|hint| format!(" ; {hint}")).unwrap_or_default();
    let remark = format!(
        "le statut initial « {name} » n'a pas de correspondance simple : SoWell ne recevra pas de statut à la création{twin}"
    );
    faults.push(
        Diagnostic::at(code::RULE, STATUTS, initial.line, initial.column, remark).as_warning(),
    );
}
