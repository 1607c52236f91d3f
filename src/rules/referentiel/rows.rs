//! Slips in single rows of `gestionnaires.csv`, which only the other rows reveal: an identifier spelt differently, a
//! type and an identifier in each other's place.

use std::collections::HashMap;

use super::GESTIONNAIRES;
use super::table::Row;
use crate::rules::alike::{Letters, Slip};
use crate::rules::diagnostic::{Diagnostic, code};

/// Maximum number of identifiers of one person that are compared; if there are more, it is a service.
const MOST_IDENTIFIERS: usize = 20;
/// Minimum number of letters in a row around a difference at which it counts as a typo.
const LONG: usize = 4;

/// Reports the first slip of each kind, with the number of similar ones.
pub(super) fn note_slips<'t>(
    rows: impl Iterator<Item = Row<'t, 5>> + Clone,
    faults: &mut Vec<Diagnostic>,
) {
    let mut told = |found: Vec<(u32, String)>| {
        let mut found = found.into_iter();
        let Some((line, message)) = found.next() else {
            return;
        };
        let also = match found.len() {
            0 => String::new(),
            1 => " ; une autre ligne est dans ce cas".to_owned(),
            count => format!(" ; {count} autres lignes sont dans ce cas"),
        };
        let message = format!("{message}{also}");
        faults.push(Diagnostic::at(code::EXPORT, GESTIONNAIRES, line, 0, message).as_warning());
    };
    told(misspelt(rows.clone()));
    told(exchanged(rows));
}

/// An identifier of one person, with the line of its first row.
struct Identifier<'t> {
    text: &'t str,
    line: u32,
    count: usize,
}

/// Identifiers in a single row that differ by a typo from the one that the same person has in others.
fn misspelt<'t>(rows: impl Iterator<Item = Row<'t, 5>>) -> Vec<(u32, String)> {
    let mut by_person: HashMap<(&str, &str), Vec<Identifier<'_>>> = HashMap::new();
    for row in rows {
        let [_, _, text, nom, email] = row.values;
        if text.is_empty() || nom.is_empty() || email.is_empty() {
            continue;
        }
        let all = by_person.entry((nom, email)).or_default();
        if let Some(known) = all.iter_mut().find(|it| it.text == text) {
            known.count += 1;
        } else if all.len() <= MOST_IDENTIFIERS {
            let line = row.line;
            all.push(Identifier {
                text,
                line,
                count: 1,
            });
        }
    }
    let people = by_person.iter();
    let people = people.filter(|(_, all)| all.len() > 1 && all.len() <= MOST_IDENTIFIERS);
    let mut found = Vec::new();
    for ((nom, _), all) in people {
        for once in all.iter().filter(|it| it.count == 1) {
            let mut often = all.iter().filter(|it| it.count > 1);
            if let Some(usual) = often.find(|it| is_typo(once.text, it.text)) {
                let message = format!(
                    "« {nom} » n'a l'identifiant « {} » qu'ici, et « {} » à la ligne {} : est-ce le bon ?",
                    once.text, usual.text, usual.line
                );
                found.push((once.line, message));
            }
        }
    }
    found.sort_unstable();
    found
}

/// Whether two identifiers or addresses differ by capitals or by one letter inside a word. A letter at the end of a word
/// may number several services, and a digit always does.
pub(super) fn is_typo(once: &str, usual: &str) -> bool {
    let [one, other] = [once, usual].map(Letters::of);
    let is_inside = |slip: Slip<'_>| {
        let mut around = slip.letters_around().into_iter();
        !slip.is_at_a_digit() && around.any(|(before, after)| after > 1 && before + after >= LONG)
    };
    one == other || one.slip(&other).is_some_and(is_inside)
}

/// Rows whose type is found nowhere else, and whose identifier is a type everywhere else.
fn exchanged<'t>(rows: impl Iterator<Item = Row<'t, 5>> + Clone) -> Vec<(u32, String)> {
    let mut kinds: HashMap<&str, usize> = HashMap::new();
    for row in rows.clone() {
        *kinds.entry(row.values[1]).or_default() += 1;
    }
    let is_kind = |it: &str| kinds.get(it).is_some_and(|count| *count > 1);
    let suspect = |row: &Row<'t, 5>| {
        let [_, kind, identifiant, ..] = row.values;
        !kind.is_empty() && !is_kind(kind) && is_kind(identifiant)
    };
    let suspects: Vec<_> = rows.clone().filter(suspect).collect();
    if suspects.is_empty() {
        return Vec::new();
    }
    // A service may be called like a type.
    let names: Vec<&str> = rows
        .filter(|row| is_kind(row.values[1]) && is_kind(row.values[2]))
        .map(|row| row.values[2])
        .collect();
    let exchanged = suspects.into_iter();
    let exchanged = exchanged.filter(|row| !names.contains(&row.values[2]));
    exchanged
        .map(|row| {
            let [_, kind, identifiant, ..] = row.values;
            let message = format!(
                "le type est ici « {kind} », et l'identifiant « {identifiant} », qui est un type sur les autres lignes : échangez-les"
            );
            (row.line, message)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    /// The messages about these rows, of residences of their own.
    fn told(rows: &[[&'static str; 4]]) -> Vec<String> {
        let rows = (2..).zip(rows).map(|(line, row)| {
            let [kind, identifiant, nom, email] = *row;
            let values = ["A", kind, identifiant, nom, email];
            Row { line, values }
        });
        let mut faults = Vec::new();
        note_slips(rows, &mut faults);
        faults.iter().map(ToString::to_string).collect()
    }

    const TEAM: [&str; 4] = ["technique", "TEC-METZ", "Équipe", "t@x.fr"];

    #[rstest]
    #[case("TEC-MTEZ")]
    #[case("TEC-MEZ")]
    #[case("TEC-MEETZ")]
    #[case("tec-metz")]
    fn an_identifier_that_one_row_misspells_is_reported(#[case] wrong: &'static str) {
        let told = told(&[TEAM, ["technique", wrong, "Équipe", "t@x.fr"], TEAM]);
        let wanted = format!(
            "gestionnaires.csv, ligne 3 : attention : « Équipe » n'a l'identifiant « {wrong} » qu'ici, et « TEC-METZ » à la ligne 2 : est-ce le bon ?"
        );
        assert_eq!(told, [wanted]);
    }

    #[rstest]
    #[case(["technique", "PRO-METZ", "Équipe", "t@x.fr"])]
    #[case(["technique", "TEC-METZ2", "Équipe", "t@x.fr"])]
    #[case(["technique", "TEC-2METZ", "Équipe", "t@x.fr"])]
    #[case(["technique", "TEC-METZB", "Équipe", "t@x.fr"])]
    #[case(["technique", "TEC-MTEZ", "Autre", "t@x.fr"])]
    #[case(["technique", "TEC-MTEZ", "Équipe", "u@x.fr"])]
    #[case(["technique", "TEC-MTEZ", "Équipe", ""])]
    #[case(["technique", "TEC-NANCY", "Équipe", "t@x.fr"])]
    fn an_identifier_of_another_is_left_alone(#[case] row: [&'static str; 4]) {
        assert_eq!(told(&[TEAM, row, TEAM]), [""; 0]);
    }

    #[test]
    fn numbered_services_are_left_alone() {
        let row = |identifiant| ["technique", identifiant, "Équipe", "t@x.fr"];
        let one = ["RS-1", "RS-2", "LOGE-A", "LOGE-B", "LOGEA", "LOGEB"].map(row);
        let two = ["RS-1", "LOGE-A", "LOGEA"].map(row);
        assert_eq!(told(&[&one[..], &two[..]].concat()), [""; 0]);
    }

    #[test]
    fn a_type_and_an_identifier_in_each_other_s_place_are_reported() {
        let right = ["gardien", "GAR-1", "", ""];
        let wrong = ["GAR-2", "gardien", "", ""];
        let message = |line| {
            format!(
                "gestionnaires.csv, ligne {line} : attention : le type est ici « GAR-2 », et l'identifiant « gardien », qui est un type sur les autres lignes : échangez-les"
            )
        };
        assert_eq!(told(&[right, right, wrong]), [message(4)]);
        let other = ["GAR-3", "gardien", "", ""];
        let both = told(&[wrong, right, other, right]);
        assert_eq!(both, [message(2) + " ; une autre ligne est dans ce cas"]);
        assert_eq!(told(&[right, right, ["gardien", "GAR-2", "", ""]]), [""; 0]);
    }

    #[rstest]
    #[case(&[["technique", "technique", "", ""], ["technique", "technique", "", ""]])]
    #[case(&[["technique", "technique", "", ""], ["technique", "technique", "", ""], ["chauffage", "technique", "", ""]])]
    #[case(&[["gardien", "G", "", ""], ["chauffage", "C", "", ""]])]
    #[case(&[["gardien", "G", "", ""], ["G", "gardien", "", ""]])]
    fn a_service_called_like_a_type_is_left_alone(#[case] rows: &[[&'static str; 4]]) {
        assert_eq!(told(rows), [""; 0]);
    }
}
