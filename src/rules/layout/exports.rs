//! Which files in the folder of exports are read, and which names only resemble theirs: an export downloaded again, or
//! a copy next to the real one, would leave the reference data silently unchanged.

use super::documents::{export_of_workbook, message_of_workbook};
use crate::domain::ports::FileSet;
use crate::rules::alike::bare;
use crate::rules::diagnostic::{Diagnostic, code};
use crate::rules::referentiel::FILES;

/// The extension of exports.
const ENDING: &str = ".csv";
/// Words that programs and people add to the name of an export that is meant to be used, besides numbers and dates.
const ADDED: [&str; 13] = [
    "copie",
    "copy",
    "de",
    "of",
    "export",
    "extraction",
    "nouveau",
    "nouvelle",
    "new",
    "final",
    "finale",
    "corrige",
    "corrigee",
];
/// Words that they add to one that is set aside, and to folders of old exports.
const ASIDE: [&str; 12] = [
    "archive",
    "archives",
    "ancien",
    "anciens",
    "ancienne",
    "anciennes",
    "old",
    "bak",
    "backup",
    "sauvegarde",
    "sauvegardes",
    "historique",
];

/// Whether a file in the folder is read.
#[must_use]
pub fn is_export(name: &str) -> bool {
    FILES.contains(&name)
}

/// The export that an unread file was probably meant to be, judging by its name or its name as a copy.
fn meant_export(name: &str) -> Option<&'static str> {
    if is_export(name) || name.starts_with(['.', '~', '#']) {
        return None;
    }
    let own: String = bare(name).collect();
    // Windows hides the extension, so people write it a second time.
    let added = [".txt", ".csv"].map(|it| own.strip_suffix(it));
    let mut known = FILES.into_iter();
    let same = known.find(|it| *it == own || added.contains(&Some(*it)));
    same.or_else(|| meant_copy(own.strip_suffix(ENDING)?))
}

/// Whether a file in the folder is not read but must be reported.
#[must_use]
pub fn is_noted_export(name: &str) -> bool {
    meant_export(name).is_some() || export_of_workbook(name).is_some()
}

/// The export of which a name, without extension and accents, is a copy, such as `biens (1)`.
fn meant_copy(stem: &str) -> Option<&'static str> {
    let mut meant = None;
    for word in words(stem) {
        if let Some(it) = FILES.into_iter().find(|it| is_stem(word, it)) {
            // A name with the names of two exports is a different table.
            if meant.is_some_and(|other| other != it) {
                return None;
            }
            meant = Some(it);
        } else if !is_added(word) {
            return None;
        }
    }
    meant
}

/// Whether a word is the name of an export without its extension, or nearly so.
fn is_stem(word: &str, file: &str) -> bool {
    let stem = file.strip_suffix(ENDING).unwrap_or(file);
    word == stem
        || stem.strip_suffix('s') == Some(word)
        // A short name with a different letter is a different word.
        || stem.len() > 6 && strsim::damerau_levenshtein(word, stem) == 1
}

fn is_added(word: &str) -> bool {
    let number = word.strip_prefix('v').unwrap_or(word);
    ADDED.contains(&word) || number.chars().all(|it| it.is_ascii_digit())
}

fn words(name: &str) -> impl Iterator<Item = &str> {
    let words = name.split(|it: char| !it.is_alphanumeric());
    words.filter(|it| !it.is_empty())
}

/// Whether a subfolder must be reported, judging by its content: its files would be read if they were one level higher,
/// and it is not named as an archive.
#[must_use]
pub fn is_unread_folder_of_exports(
    name: &str,
    mut names: impl Iterator<Item = impl AsRef<str>>,
) -> bool {
    let own: String = bare(name).collect();
    let left = name.starts_with(['.', '~', '#', '_']) || words(&own).any(|it| ASIDE.contains(&it));
    let is_ours = |name: &str| is_export(name) || meant_export(name).is_some();
    !left && names.any(|it| is_ours(it.as_ref()))
}

/// Reports the files and folders that are not read because of their names.
pub fn note_unread_exports(files: &FileSet, faults: &mut Vec<Diagnostic>) {
    for name in files.keys() {
        let message = if let Some(folder) = name.strip_suffix('/') {
            format!(
                "le dossier « {folder} » n'est pas lu : les exports vont à côté de lui (pour garder d'anciens exports, appelez-le « archives »)"
            )
        } else if let Some(meant) = export_of_workbook(name) {
            message_of_workbook(meant, files)
        } else if let Some(meant) = meant_export(name) {
            if files.contains_key(meant) {
                format!(
                    "ce fichier n'est pas lu, seul l'est « {meant} » : donnez-lui ce nom s'il doit compter, sinon retirez-le"
                )
            } else {
                format!("ce fichier n'est pas lu : son nom doit être « {meant} »")
            }
        } else {
            continue;
        };
        let name = name.trim_end_matches('/');
        faults.push(Diagnostic::file(code::NOT_READ, name, message).as_warning());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("Residences.csv", "residences.csv")]
    #[case("résidences.csv", "residences.csv")]
    #[case("BIENS.CSV", "biens.csv")]
    #[case("biens.csv.txt", "biens.csv")]
    #[case("residences.csv.csv", "residences.csv")]
    #[case("Biens.CSV.csv", "biens.csv")]
    #[case("gestionnaires (1).csv", "gestionnaires.csv")]
    #[case("gestionnaires - Copie.csv", "gestionnaires.csv")]
    #[case("Copie de Gestionnaires (2).CSV", "gestionnaires.csv")]
    #[case("residence.csv", "residences.csv")]
    #[case("résidence_2026-11-28.csv", "residences.csv")]
    #[case("residences_2026.csv", "residences.csv")]
    #[case("export-biens-v2.csv", "biens.csv")]
    #[case("gestionaires.csv", "gestionnaires.csv")]
    fn a_copy_of_an_export_is_reported_with_the_right_name(
        #[case] name: &str,
        #[case] right: &str,
    ) {
        assert_eq!(meant_export(name), Some(right));
        let own = |text: &str| (text.to_owned(), Vec::new());
        for (files, words) in [
            (FileSet::from([own(name)]), "son nom doit être"),
            (FileSet::from([own(name), own(right)]), "seul l'est"),
        ] {
            let mut faults = Vec::new();
            note_unread_exports(&files, &mut faults);
            assert_eq!((faults.len(), faults[0].file.as_str()), (1, name));
            assert!(faults[0].message.contains(words), "{faults:?}");
            assert!(faults[0].message.contains(right), "{faults:?}");
        }
    }

    #[rstest]
    #[case("residences.csv")]
    #[case("residences.xlsx")]
    #[case("residences.csv.bak")]
    #[case("residences_old.csv")]
    #[case("residences_ancien.csv")]
    #[case("archives residences 2025.csv")]
    #[case("gestionnaires_absents.csv")]
    #[case("types de gestionnaires.csv")]
    #[case("residents.csv")]
    #[case("references.csv")]
    #[case("presences.csv")]
    #[case("questionnaires.csv")]
    #[case("actionnaires.csv")]
    #[case("gestionnaires_residences.csv")]
    #[case("biens_residences_2026.csv")]
    #[case("lien.csv")]
    #[case("secteurs.csv")]
    #[case("2026.csv")]
    #[case("autre.csv")]
    #[case("~$sidences.csv")]
    #[case("~$residences.csv")]
    #[case(".~lock.residences.csv#")]
    #[case("residences.csv.part")]
    fn an_unrelated_file_beside_the_exports_is_left_alone(#[case] name: &str) {
        assert_eq!(meant_export(name), None);
    }

    #[test]
    fn a_folder_of_exports_is_reported_unless_it_is_an_archive() {
        let told = |folder, file| is_unread_folder_of_exports(folder, [file].into_iter());
        assert!(told("2026-11", "residences.csv") && told("nouveaux", "biens (1).csv"));
        for folder in ["archives", "Anciens exports", "old", ".git", "_avant"] {
            assert!(!told(folder, "residences.csv"), "{folder}");
        }
        assert!(!told("photos", "plan.pdf"));
        let files = FileSet::from([("2026-11/".to_owned(), Vec::new())]);
        let mut faults = Vec::new();
        note_unread_exports(&files, &mut faults);
        assert_eq!((faults.len(), faults[0].file.as_str()), (1, "2026-11"));
        assert!(!told("archives", "residences.csv"));
    }
}
