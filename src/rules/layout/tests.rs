//! Which names are those of rules, and what is reported about the others.

use super::*;
use rstest::rstest;

fn told(path: &str) -> Option<String> {
    let mut faults = Vec::new();
    note_unread(&FileSet::from([(path.to_owned(), Vec::new())]), &mut faults);
    faults.pop().map(|it| format!("{} {}", it.file, it.message))
}

#[rstest]
#[case("statuts.YAML", "statuts.yaml")]
#[case("statuts.yaml.txt", "statuts.yaml")]
#[case("statuts.txt", "statuts.yaml")]
#[case("gestionnaire.rhai.txt", "gestionnaire.rhai")]
#[case("transmission.ymal", "transmission.yaml")]
#[case("cas/x.yaml.txt", "cas/x.yaml")]
#[case("cas/x.txt", "cas/x.yaml")]
#[case("cas/x.Yml", "cas/x.yml")]
#[case("modeles/a.TXT", "modeles/a.txt")]
#[case("modeles/a.htm", "modeles/a.html")]
#[case("modeles/a.html.txt", "modeles/a.html")]
#[case("modeles/contexte.txt.txt", "modeles/contexte.txt")]
#[case("connecteurs/crm.YAML", "connecteurs/crm.yaml")]
fn a_misnamed_file_is_reported_with_the_right_name(#[case] path: &str, #[case] right: &str) {
    assert!(is_misnamed(path) && !is_rule(path));
    let told = told(path).unwrap();
    assert_eq!(
        told,
        format!("{path} ce fichier n'est pas lu : son nom doit être « {right} »")
    );
}

#[rstest]
#[case("Cas/x.yaml", "Cas", "cas")]
#[case("Modèles/a.txt", "Modèles", "modeles")]
#[case("modele/a.txt", "modele", "modeles")]
#[case("connecteur/crm.yaml", "connecteur", "connecteurs")]
fn a_misnamed_folder_is_reported_with_the_right_name(
    #[case] path: &str,
    #[case] folder: &str,
    #[case] right: &str,
) {
    let (parent, name) = split(path);
    assert!(is_unread_folder(folder, [name].into_iter()) && is_misnamed(path));
    for path in [path, parent] {
        let told = told(path).unwrap();
        assert_eq!(
            told,
            format!("{folder} ce dossier n'est pas lu : son nom doit être « {right} »")
        );
    }
}

#[rstest]
#[case("cas2/x.yaml")]
#[case("cas_old/x.yml")]
#[case("tests/x.YAML")]
#[case("Mes cas/x.yaml")]
#[case("cas - Copie/x.yaml")]
#[case("cas.old/x.yaml")]
#[case("cas.2026/x.yaml")]
#[case("archives/accuses.rhai")]
#[case("modeles2/x.txt")]
#[case("Modèles - Copie/x.HTML")]
#[case("connecteur_old/x.txt")]
#[case("docs/exemple.yaml")]
fn an_unknown_folder_is_reported_with_those_that_are_read(#[case] path: &str) {
    let (parent, name) = split(path);
    let folder = parent.trim_end_matches('/');
    assert!(is_unread_folder(folder, [name].into_iter()) && !is_misnamed(path));
    assert_eq!(
        told(parent).unwrap(),
        format!(
            "{folder} ce dossier n'est pas lu : seuls le sont « modeles », « cas », « connecteurs »"
        )
    );
}

#[rstest]
#[case("cas/.git/x.yaml")]
#[case(".git/x.yaml")]
#[case("..data/x.yaml")]
#[case("cas~/x.yaml")]
#[case("#cas#/x.yaml")]
#[case("cas.bak/x.yaml")]
#[case("referentiel/biens.csv")]
#[case("schemas/cas.json")]
#[case("data/passerelle.db")]
#[case("notes/lisez-moi.docx")]
#[case("archives/~$x.txt")]
#[case("docs/notes.txt")]
#[case("documentation/index.html")]
#[case("archives/accuse.txt")]
#[case("cas/docs/index.html")]
#[case("connecteurs/anciens/crm.yaml")]
#[case("cas/x.yaml")]
fn a_folder_without_rules_or_set_aside_is_not_reported(#[case] path: &str) {
    let (parent, name) = split(path);
    let folder = parent.trim_end_matches('/');
    assert!(!is_unread_folder(folder, [name].into_iter()));
}

#[rstest]
#[case("cas/\u{fffd}t\u{fffd}.yaml")]
#[case("modeles/accus\u{fffd}.txt")]
#[case("r\u{fffd}gles.yaml")]
fn a_name_with_invalid_characters_is_reported(#[case] path: &str) {
    assert!(!is_rule(path) && is_misnamed(path));
    let told = told(path).unwrap();
    assert!(
        told.starts_with(path) && told.ends_with("renommez-le"),
        "{told}"
    );
}

#[rstest]
#[case("cas/ete/x.yaml", "cas/ete", "cas")]
#[case("modeles/2026/a.txt", "modeles/2026", "modeles")]
fn a_subfolder_is_reported_with_the_place_for_its_files(
    #[case] path: &str,
    #[case] folder: &str,
    #[case] right: &str,
) {
    let (parent, name) = split(path);
    assert!(is_unread_folder(folder, [name].into_iter()) && !is_rule(path));
    for path in [path, parent] {
        let told = told(path).unwrap();
        assert_eq!(
            told,
            format!(
                "{folder} ce dossier n'est pas lu : ses fichiers doivent être directement dans « {right} »"
            )
        );
    }
}

#[test]
fn a_wrong_name_of_a_rule_is_reported_with_the_nearest_one() {
    let told = told("transmission.yml").unwrap();
    assert!(
        told.contains("vouliez-vous dire « transmission.yaml »"),
        "{told}"
    );
}

#[rstest]
#[case("passerelle.yaml")]
#[case("priorites.yaml~")]
#[case(".priorites.yaml.swp")]
#[case("priorites.yaml.bak")]
#[case("priorites.yaml.orig")]
#[case("notes.txt")]
#[case("n\u{fffd}tes.txt")]
#[case("cas/\u{fffd}t\u{fffd}.docx")]
#[case("cas/.\u{fffd}.yaml.swp")]
#[case("notes.docx")]
#[case("modeles/#contexte.txt#")]
#[case("modeles/.contexte.TXT")]
#[case("cas/~$x.yaml.txt")]
#[case("cas/~$s-cas.yaml")]
#[case("modeles/~$cuse-reception.txt")]
#[case("modeles/~$x.html")]
#[case("connecteurs/~$m.yaml")]
#[case("~$iorites.yaml")]
#[case("modeles/~$cuse-reception.TXT")]
#[case("cas/x.yaml.1")]
#[case("cas/4913")]
#[case("..data/x.yaml")]
#[case("cas/..data/x.yaml")]
#[case("cas/ete/notes.docx")]
#[case("cas/ete/2026/x.yaml")]
#[case("connecteurs/anciens/crm.yaml")]
fn files_of_editors_and_notes_are_left_alone(#[case] path: &str) {
    assert!(!is_rule(path) && !is_misnamed(path));
}
