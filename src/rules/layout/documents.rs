//! Documents of a word processor or a spreadsheet that were meant to be rules or exports: they are never read.

use super::{NAMED, split};
use crate::domain::ports::FileSet;
use crate::rules::alike::bare;
use crate::rules::referentiel::FILES;
use crate::rules::{script, template};

/// Extensions of word-processor files.
const TEXTS: [&str; 5] = ["docx", "doc", "odt", "rtf", "pages"];
/// Extensions of workbooks.
const WORKBOOKS: [&str; 6] = ["xlsx", "xls", "xlsm", "xlsb", "ods", "numbers"];

/// Whether a path in the folder of rules is that of a document that may have been meant as a rule: a template, or a
/// file with a fixed name.
pub(super) fn is_document(path: &str) -> bool {
    let (folder, name) = split(path);
    let Some((stem, ending)) = stem_of(name) else {
        return false;
    };
    let is_text = TEXTS.contains(&ending.as_str());
    let is_known = is_text || WORKBOOKS.contains(&ending.as_str());
    match folder {
        template::FOLDER => is_text,
        "" => is_known && named(stem).is_some(),
        _ => false,
    }
}

/// What is reported about such a document; `None` for one that has nothing to do with the rules beside it.
pub(super) fn message(path: &str, files: &FileSet) -> Option<String> {
    let (folder, name) = split(path);
    let (stem, _) = stem_of(name)?;
    if folder.is_empty() {
        let meant = named(stem)?;
        return Some(format!(
            "ce document n'est pas lu : les règles sont dans « {meant} », un fichier de texte ; recopiez-y ce qui est nouveau, puis retirez ce document d'ici"
        ));
    }
    let beside = ["txt", "html"].map(|it| format!("{folder}{stem}.{it}"));
    let found = beside.iter().find(|it| files.contains_key(*it));
    let is_asked = || {
        let quoted = format!("\"{stem}\"");
        let scripts = [script::GESTIONNAIRE, script::ACCUSES].into_iter();
        let mut texts = scripts.filter_map(|it| std::str::from_utf8(files.get(it)?).ok());
        beside[0] == template::CONTEXTE || texts.any(|text| text.contains(&quoted))
    };
    let meant = found.or_else(|| is_asked().then(|| &beside[0]))?;
    Some(format!(
        "ce document n'est pas lu : un modèle est un fichier de texte ; recopiez ce qui est nouveau dans « {meant} », puis retirez ce document d'ici"
    ))
}

/// The export that a workbook beside the exports contains, judging by its name.
pub(super) fn export_of_workbook(name: &str) -> Option<&'static str> {
    let (stem, ending) = stem_of(name)?;
    let own: String = bare(stem).collect();
    let is_own = |it: &&str| it.strip_suffix(".csv") == Some(own.as_str());
    let mut known = FILES.into_iter();
    WORKBOOKS
        .contains(&ending.as_str())
        .then(|| known.find(is_own))
        .flatten()
}

/// What is reported about such a workbook.
pub(super) fn message_of_workbook(meant: &str, files: &FileSet) -> String {
    if files.contains_key(meant) {
        return format!(
            "ce classeur n'est pas lu, seul l'est « {meant} » : après une modification, enregistrez-le aussi au format CSV, sous ce nom ; pour ne plus voir cette remarque, rangez le classeur dans un autre dossier, par exemple « archives »"
        );
    }
    format!(
        "ce classeur n'est pas lu : dans votre tableur, enregistrez-le au format CSV, sous le nom « {meant} », puis rangez le classeur dans un autre dossier, par exemple « archives »"
    )
}

/// The name without its extension, and the extension in lower case; `None` for a file left behind by a program.
fn stem_of(name: &str) -> Option<(&str, String)> {
    let (stem, ending) = name.rsplit_once('.')?;
    let is_left = name.starts_with(['.', '~', '#']);
    (!is_left && !stem.is_empty()).then(|| (stem, ending.to_lowercase()))
}

/// The file with a fixed name that has this name without its extension.
fn named(stem: &str) -> Option<&'static str> {
    let own: String = bare(stem).collect();
    let mut known = NAMED.into_iter();
    known.find(|it| it.rsplit_once('.').is_some_and(|(it, _)| it == own))
}

#[cfg(test)]
mod tests {
    use super::super::{is_misnamed, is_noted_export, note_unread, note_unread_exports};
    use super::*;
    use rstest::rstest;

    fn set(files: &[(&str, &str)]) -> FileSet {
        let files = files.iter();
        files
            .map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()))
            .collect()
    }

    fn told(files: &[(&str, &str)]) -> Vec<String> {
        let mut faults = Vec::new();
        note_unread(&set(files), &mut faults);
        faults.into_iter().map(|it| it.to_string()).collect()
    }

    #[rstest]
    #[case("modeles/a.docx", ("modeles/a.txt", ""), "« modeles/a.txt »")]
    #[case("modeles/a.ODT", ("modeles/a.html", ""), "« modeles/a.html »")]
    #[case("modeles/a.doc", ("accuses.rhai", "modele: \"a\""), "« modeles/a.txt »")]
    #[case("modeles/contexte.rtf", ("accuses.rhai", ""), "« modeles/contexte.txt »")]
    #[case("statuts.xlsx", ("statuts.yaml", ""), "« statuts.yaml »")]
    #[case("Priorités.docx", ("statuts.yaml", ""), "« priorites.yaml »")]
    #[case("gestionnaire.docx", ("statuts.yaml", ""), "« gestionnaire.rhai »")]
    fn a_document_in_place_of_a_rule_is_reported(
        #[case] path: &str,
        #[case] beside: (&str, &str),
        #[case] words: &str,
    ) {
        assert!(is_misnamed(path));
        let told = told(&[(path, ""), beside]);
        assert_eq!(told.len(), 1, "{told:?}");
        let begin = format!("{path} : attention : ce document n'est pas lu : ");
        assert!(
            told[0].starts_with(&begin) && told[0].contains(words),
            "{told:?}"
        );
    }

    #[rstest]
    #[case("modeles/charte.docx")]
    #[case("modeles/~$a.docx")]
    #[case("modeles/a.pdf")]
    #[case("modeles/tarifs.xlsx")]
    #[case("notes.docx")]
    #[case("cas/a.docx")]
    #[case("gestionnaires.xlsx")]
    #[case("modeles/brouillons/a.docx")]
    fn other_documents_are_left_alone(#[case] path: &str) {
        let files = [
            ("modeles/a.txt", ""),
            ("accuses.rhai", "modele: \"a\""),
            (path, ""),
        ];
        let counted = if is_misnamed(path) {
            &files[..]
        } else {
            &files[..2]
        };
        assert_eq!(told(counted), [""; 0]);
    }

    #[rstest]
    #[case("residences.xlsx", "residences.csv")]
    #[case("Résidences.XLSX", "residences.csv")]
    #[case("biens.ods", "biens.csv")]
    #[case("gestionnaires.xls", "gestionnaires.csv")]
    fn a_workbook_in_place_of_an_export_is_reported(#[case] name: &str, #[case] meant: &str) {
        assert!(is_noted_export(name));
        for (files, words) in [
            (set(&[(name, "")]), "ce classeur n'est pas lu : dans votre"),
            (
                set(&[(name, ""), (meant, "")]),
                "ce classeur n'est pas lu, seul l'est",
            ),
        ] {
            let mut faults = Vec::new();
            note_unread_exports(&files, &mut faults);
            assert_eq!((faults.len(), faults[0].file.as_str()), (1, name));
            assert!(faults[0].message.starts_with(words), "{faults:?}");
            assert!(
                faults[0].message.contains(&format!("« {meant} »")),
                "{faults:?}"
            );
        }
    }

    #[rstest]
    #[case("~$residences.xlsx")]
    #[case("residences 2025.xlsx")]
    #[case("loyers.xlsx")]
    #[case("residences.pdf")]
    #[case("residences.docx")]
    fn other_workbooks_are_left_alone(#[case] name: &str) {
        assert!(!is_noted_export(name));
    }
}
