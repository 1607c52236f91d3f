//! Which cases let an edit pass, and what is reported about the others.

mod given;
mod limits;
mod rules;

use super::*;
use crate::domain::ports::FileSet;
use crate::rules::compile::{Known, compile};

pub(crate) fn shipped() -> (FileSet, FileSet) {
    use crate::rules::template;
    let files: [(&str, &str); 8] = [
        (
            "priorites.yaml",
            include_str!("../../../rules/priorites.yaml"),
        ),
        (
            "qualifications.yaml",
            include_str!("../../../rules/qualifications.yaml"),
        ),
        (
            "transmission.yaml",
            include_str!("../../../rules/transmission.yaml"),
        ),
        ("statuts.yaml", include_str!("../../../rules/statuts.yaml")),
        (
            "gestionnaire.rhai",
            include_str!("../../../rules/gestionnaire.rhai"),
        ),
        ("accuses.rhai", include_str!("../../../rules/accuses.rhai")),
        (
            template::CONTEXTE,
            include_str!("../../../rules/modeles/contexte.txt"),
        ),
        (
            "modeles/accuse-reception.txt",
            include_str!("../../../rules/modeles/accuse-reception.txt"),
        ),
    ];
    let exports: [(&str, &str); 3] = [
        ("residences.csv", "code;nom;adresse\nR;Lilas;x\n"),
        (
            "gestionnaires.csv",
            "residence;type;identifiant;nom;email\nR;responsable_secteur;RS;n;e@x.fr\nR;technique;TEC;n;e@x.fr\nR;gardien;GAR;n;e@x.fr\nR;proprete;PRO;n;e@x.fr\n",
        ),
        ("biens.csv", "code;residence;libelle\nR-1;R;Appartement\n"),
    ];
    let set = |files: &[(&str, &str)]| {
        let owned = files.iter();
        owned
            .map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()))
            .collect()
    };
    (set(&files), set(&exports))
}

/// The diagnostics about one file of cases.
fn gate(cases: &str) -> Vec<Diagnostic> {
    let (mut rules, exports) = shipped();
    rules.insert("cas/a.yaml".into(), cases.as_bytes().to_vec());
    let (generation, diagnostics) = compile(&rules, &exports, Known::default());
    assert_eq!(
        generation.is_some(),
        diagnostics.is_empty(),
        "{diagnostics:?}"
    );
    diagnostics
}

/// The diagnostics about an edit of these files: file, line, column, message.
pub(super) fn told(edits: &[(&str, &str)]) -> Vec<(String, u32, u32, String)> {
    let (mut rules, exports) = shipped();
    for (name, text) in edits {
        rules.insert((*name).to_owned(), text.as_bytes().to_vec());
    }
    let (_, found) = compile(&rules, &exports, Known::default());
    found
        .into_iter()
        .map(|it| (it.file, it.line, it.column, it.message))
        .collect()
}

#[test]
fn a_passing_case_lets_the_edit_pass() {
    let cases = "cas:
  - nom: un
    signalement: {qualification: ASC, residence: R, priorite: high}
    attendu: {transmis: true, priorite: haute, gestionnaire_concerne: TEC, acteur_en_charge: RS, accuses: [accuse-reception]}
  - nom: deux
    residences: [{code: Z, gestionnaires: {technique: {identifiant: T}}}]
    signalement: {residence: Z, qualification: ASC}
    attendu: {erreur: pas de responsable}
  - nom: trois
    statut: {statut: Clôturée, resultat: Rejeté}
    attendu: {statut_sowell: Rejeté, ignore: false, accuses: []}
";
    assert_eq!(gate(cases), []);
}

#[test]
fn a_missing_title_of_residences_is_reported_with_its_place() {
    let told = |text| {
        let mut faults = Vec::new();
        let _ = read("cas/a.yaml", text, &mut faults);
        let told = faults
            .into_iter()
            .map(|it| (it.line, it.column, it.message));
        told.collect::<Vec<_>>()
    };
    let residence = "- code: R\n        gestionnaires: {}\n    signalement: {}\n    attendu: {transmis: true}\n";
    let message = "il manque la ligne « residences: » au-dessus de celle-ci, alignée sur « nom »";
    let wrong = format!("cas:\n  - nom: un\n      {residence}");
    assert_eq!(told(&wrong), [(3, 7, message.to_owned())]);
    let mended = format!("cas:\n  - nom: un\n    residences:\n      {residence}");
    assert_eq!(told(&mended), []);
}

#[test]
fn a_failing_case_shows_the_expected_and_the_actual_value() {
    let cases = "cas:
  - nom: un
    signalement: {qualification: ASC, residence: R}
    attendu:
      gestionnaire_concerne: RS
  - nom: deux
    statut: {statut: Ouverte}
    attendu: {statut_sowell: Fermé}
";
    let seen: Vec<(u32, String)> = gate(cases)
        .into_iter()
        .map(|it| (it.line, it.message))
        .collect();
    assert_eq!(
        seen,
        [
            (
                5,
                "cas « un » : gestionnaire_concerne : attendu « RS », obtenu « TEC »".into()
            ),
            (
                8,
                "cas « deux » : statut_sowell : attendu « Fermé », obtenu « En attente »".into()
            ),
        ]
    );
}

#[test]
fn all_residences_of_a_name_are_suggested() {
    let (mut rules, mut exports) = shipped();
    let residences = "code;nom;adresse\nR;Lilas;x\nT;Lilas;y\nU;Roses;z\n";
    exports.insert("residences.csv".into(), residences.as_bytes().to_vec());
    let case = "cas: [{nom: un, signalement: {residence: lilas, qualification: ASC}, attendu: {transmis: true}}]";
    rules.insert("cas/a.yaml".into(), case.as_bytes().to_vec());
    let (_, told) = compile(&rules, &exports, Known::default());
    let words = "c'est le nom de « R » et « T » : écrivez l'un de ces codes";
    let told: Vec<_> = told.iter().filter(|it| it.file == "cas/a.yaml").collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].message.contains(words), "{told:?}");
}

#[test]
fn unknown_codes_are_reported_at_their_own_lines() {
    let cases = "cas:
  - nom: un
    signalement:
      qualification: ASCX
      residence: lilas
    attendu: {transmis: true}
  - nom: deux
    signalement: {qualification: Ascenseur en panne, residence: S}
    attendu: {transmis: true}
  - nom: trois
    signalement: {qualification: FUITE}
    attendu: {transmis: true}
  - nom: quatre
    signalement: {residence: T}
    attendu: {erreur: \"résidence inconnue : « T »\"}
";
    let told: Vec<(u32, u32, String)> = gate(cases)
        .into_iter()
        .map(|it| (it.line, it.column, it.message))
        .collect();
    let wanted = [
        (
            4,
            22,
            "qualification inconnue : « ASCX » ; vouliez-vous dire « ASC » ?",
        ),
        (
            5,
            18,
            "résidence inconnue : « lilas » ; c'est le nom de « R » : écrivez ce code",
        ),
        (
            8,
            34,
            "qualification inconnue : « Ascenseur en panne » ; c'est le nom de « ASC » : écrivez ce code",
        ),
        (8, 65, "résidence inconnue : « S »"),
        (
            11,
            34,
            "qualification inconnue : « FUITE » ; valeurs connues : ASC, CHAUF",
        ),
    ];
    assert_eq!(told.len(), wanted.len(), "{told:?}");
    for (told, (line, column, words)) in told.iter().zip(wanted) {
        assert_eq!((told.0, told.1), (line, column), "{told:?}");
        assert!(told.2.contains(words), "{told:?}");
    }
}

#[test]
fn the_emails_of_a_status_do_not_depend_on_the_modes() {
    let (mut rules, exports) = shipped();
    let case = "cas: [{nom: un, statut: {statut: Ouverte}, attendu: {accuses: []}}]";
    rules.insert("cas/a.yaml".into(), case.as_bytes().to_vec());
    for modes in [
        "modes: [categories]\ncategories: [PROP]",
        "modes: [auteur]",
        "modes: [manager]",
    ] {
        rules.insert("transmission.yaml".into(), modes.as_bytes().to_vec());
        let (_, diagnostics) = compile(&rules, &exports, Known::default());
        assert_eq!(diagnostics, [], "{modes}");
    }
}

#[test]
fn an_export_that_makes_a_case_fail_is_only_a_remark() {
    let (mut rules, mut exports) = shipped();
    let case = "cas: [{nom: un, signalement: {residence: R, qualification: ASC}, attendu: {gestionnaire_concerne: TEC}}]";
    rules.insert("cas/a.yaml".into(), case.as_bytes().to_vec());
    let (before, _) = compile(&rules, &exports, Known::default());
    let other = "residence;type;identifiant;nom;email\nR;responsable_secteur;RS;n;e@x.fr\nR;technique;TEC-2;n;e@x.fr\nR;gardien;GAR;n;e@x.fr\nR;proprete;PRO;n;e@x.fr\n";
    exports.insert("gestionnaires.csv".into(), other.as_bytes().to_vec());
    // An entry that only causes a remark is not an edit.
    rules.insert("archives/".into(), Vec::new());
    for known in [
        Known {
            previous: before.as_ref(),
            ..Known::default()
        },
        Known {
            accepted_rules: Some(&rules),
            ..Known::default()
        },
    ] {
        let (after, remarks) = compile(&rules, &exports, known);
        assert!(after.is_some());
        assert_eq!(remarks.len(), 2, "{remarks:?}");
    }
    assert!(compile(&rules, &exports, Known::default()).0.is_none());
}

#[test]
fn an_error_is_reported_instead_of_the_values_missing_because_of_it() {
    let cases = "cas:
  - nom: un
    residences: [{code: Z, gestionnaires: {technique: {identifiant: T}}}]
    signalement: {residence: Z, qualification: ASC}
    attendu: {accuses: [], workflow: W, transmis: true, priorite: haute}
  - nom: deux
    residences: [{code: Z, gestionnaires: {technique: {identifiant: T}}}]
    signalement: {residence: Z, qualification: ASC}
    attendu: {accuses: [], erreur: pas de responsable}
  - nom: trois
    residences: [{code: Z, gestionnaires: {technique: {identifiant: T}}}]
    signalement: {residence: Z, qualification: ASC}
    attendu: {erreur: autre chose, workflow: W}
";
    let told = gate(cases);
    // A rule's failure may be shared by other cases; what a case expects is its own.
    let causes: Vec<Option<&str>> = told.iter().map(|it| it.cause.as_deref()).collect();
    let of_the_rule = causes[0].is_some_and(|it| it.starts_with("gestionnaire.rhai"));
    assert!(of_the_rule && causes[1..] == [None], "{causes:?}");
    let told: Vec<(u32, String)> = told.into_iter().map(|it| (it.line, it.message)).collect();
    assert_eq!(told[0].0, 2);
    assert!(
        told[0].1.starts_with("cas « un » : gestionnaire.rhai"),
        "{told:?}"
    );
    assert!(
        told[0]
            .1
            .ends_with("ce que le cas attend n'a pas pu être comparé"),
        "{told:?}"
    );
    assert!(
        told[1].1.contains("erreur : attendu « autre chose »"),
        "{told:?}"
    );
}

#[test]
fn a_signalement_that_is_not_forwarded_is_reported_once_with_its_reason() {
    let (mut rules, exports) = shipped();
    rules.insert("transmission.yaml".into(), b"modes: [auteur]\n".to_vec());
    let cases = "cas:
  - nom: une panne
    signalement: {qualification: ASC}
    attendu: {priorite: normal, workflow: X, statut: Y, transmis: true}
  - nom: un autre canal
    statut: {statut: Ouverte, canal: Courrier}
    attendu: {statut_sowell: En attente, ignore: false}
";
    rules.insert("cas/a.yaml".into(), cases.as_bytes().to_vec());
    let (_, diagnostics) = compile(&rules, &exports, Known::default());
    let errors = diagnostics.iter().filter(|it| it.file == "cas/a.yaml");
    let messages: Vec<&str> = errors.map(|it| it.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "cas « une panne » : priorite : attendu « normal », obtenu rien : les règles de transmission ne l'envoient pas au CRM",
            "cas « un autre canal » : statut_sowell : attendu « En attente », obtenu rien : le canal de la demande est « Courrier » et non « SoWell » : rien n'est transmis à SoWell",
        ]
    );
}
