//! Faults of the shape of `statuts.yaml`.

use crate::rules::diagnostic::Severity;
use crate::rules::source::*;
use rstest::rstest;

#[test]
fn a_status_may_depend_on_a_field() {
    let mut faults = Vec::new();
    let text = "initial: Transférée\ncanal: SoWell\ncorrespondances:\n  Ouverte: En attente\n  Clôturée: {selon: resultat, valeurs: {Traité: Traité}}\n";
    let raw = statuts("statuts.yaml", text, &mut faults).unwrap();
    assert_eq!(faults, []);
    assert!(matches!(
        &raw.correspondances[1].1,
        RawCorrespondance::Selon { field, .. } if field.text == "resultat"
    ));
}

#[rstest]
#[case(
    "initial: I\ncanal: S\n\n# Une note.\n  I: a\n  J: b\n",
    (5, 3),
    "« correspondances: » au-dessus de celle-ci, tout à gauche",
    "initial: I\ncanal: S\n\n# Une note.\ncorrespondances:\n  I: a\n  J: b\n"
)]
#[case(
    "initial: I\ncanal: S\ncorrespondances:\n  I:\n    selon: resultat\n      Traité: T\n",
    (6, 7),
    "« valeurs: » au-dessus de celle-ci, alignée sur « selon »",
    "initial: I\ncanal: S\ncorrespondances:\n  I:\n    selon: resultat\n    valeurs:\n      Traité: T\n"
)]
fn a_missing_title_is_reported_with_its_place(
    #[case] wrong: &str,
    #[case] at: (u32, u32),
    #[case] words: &str,
    #[case] mended: &str,
) {
    let mut faults = Vec::new();
    statuts("statuts.yaml", wrong, &mut faults);
    let told: Vec<_> = faults.iter().map(|it| (it.line, it.column)).collect();
    assert_eq!(told, [at], "{faults:?}");
    let words = format!("il manque la ligne {words}");
    assert_eq!(faults.remove(0).message, words);
    statuts("statuts.yaml", mended, &mut faults);
    assert_eq!(faults, []);
}

#[test]
fn a_choice_on_the_level_of_its_status_is_reported_once() {
    let mut faults = Vec::new();
    let text = "initial: Ouverte\ncanal: SoWell\ncorrespondances:\n  Ouverte: En attente\n  Clôturée:\n  selon: resultat\n  valeurs: {Traité: Traité}\n";
    statuts("s.yaml", text, &mut faults);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!((faults[0].line, faults[0].column), (6, 3));
    let words = "décalez ces lignes sous « Clôturée » : selon, valeurs";
    assert_eq!(faults[0].message, words);
}

#[test]
fn a_status_with_separate_accents_is_a_remark() {
    let mut faults = Vec::new();
    let text = "initial: Transfe\u{301}re\u{301}e\ncanal: SoWell\ncorrespondances:\n  Ouverte: En attente\nautre: x\n";
    statuts("s.yaml", text, &mut faults);
    let told: Vec<_> = faults.iter().map(|it| (it.line, it.severity)).collect();
    assert_eq!(told, [(5, Severity::Error), (1, Severity::Warning)]);
    assert!(faults[1].message.contains("(U+0301)"), "{faults:?}");
    assert!(
        faults[0]
            .message
            .contains("« correspondances » ; sinon, clés connues")
    );
}

const STATUTS: &str = "initial: I\ncanal: SoWell\ncorrespondances:\n  I: En attente\n";

fn told_of_statuts(more: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let raw = statuts("s.yaml", &format!("{STATUTS}{more}"), &mut faults);
    assert!(raw.is_some(), "{faults:?}");
    faults.iter().map(ToString::to_string).collect()
}

#[rstest]
#[case(
    "ignorer: [En relecture\n  En pause]\n",
    "ligne 5, colonne 11 : attention : « En relecture En pause » tient sur"
)]
#[case(
    "ignorer:\n  - En relecture\n    En pause\n",
    "ligne 6, colonne 5 : attention : « En relecture En pause »"
)]
#[case(
    "  Nouvelle, Réouverte: En cours\n",
    "ligne 5, colonne 3 : attention : « Nouvelle, Réouverte » compte pour un seul statut"
)]
#[case("  \"*\": En cours\n", "« * » ne vaut que pour « * » même")]
#[case(
    "  Close: {selon: resultat, valeurs: {Traité: T, sinon: R}}\n",
    "« sinon » ne vaut que pour"
)]
#[case(
    "  Défaut: En cours\n",
    "et donnez-en une à chacun (ou mettez-le entre guillemets s'il s'appelle ainsi)"
)]
#[case(
    "  Close:\n    selon: resultat\n    valeurs:\n      Refus, Abandon: T\n",
    "compte pour une seule valeur"
)]
fn a_comma_or_a_default_in_a_key_is_a_remark(#[case] more: &str, #[case] words: &str) {
    let told = told_of_statuts(more);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains(words), "{told:?}");
}

#[rstest]
#[case("ignorer: [En relecture,\n  En pause]\n")]
#[case("ignorer: [En relecture, # une note\n  \"En pause\"]\n")]
#[case("ignorer:\n  - En relecture # une note\n  - 'En\n    pause'\n")]
#[case("ignorer:\n  - >-\n    En\n    pause\n")]
#[case("  Refusée, sans suite: En cours\n")]
#[case("  \"Nouvelle, Réouverte\": En cours\n")]
#[case("  \"Défaut\": En cours\n")]
#[case("  Close: {selon: resultat, valeurs: {Traité: T, \"sinon\": R}}\n")]
#[case("  'Close, Fermée': En cours\n  Autre: En cours\n  12, rue: En cours\n")]
#[case("  Close: {selon: resultat, valeurs: {Traité: T, Autre: R, \"Oui, Non\": R}}\n")]
fn legitimate_commas_and_lines_are_not_reported(#[case] more: &str) {
    assert_eq!(told_of_statuts(more), [""; 0]);
}

#[rstest]
#[case("  En relecture:: En attente\n", "écrivez « En relecture: »")]
#[case("  // En relecture: En attente\n", "mettez « # » à sa place")]
#[case(
    "  Close: {selon: resultat, valeurs: {Fait:: Traité}}\n",
    "écrivez « Fait: »"
)]
#[case("  \"En relecture:\": En attente\n", "")]
#[case("  '// En relecture': En attente\n", "")]
#[case("  -- Aucun --: En attente\n", "")]
#[case("  (Sans suite): Rejeté\n", "")]
#[case("  Close.: Traité\n", "")]
#[case("  'Close ': Traité\n", "")]
#[case("  Étape 1:2: Traité\n", "")]
fn a_statut_with_a_sign_that_was_meant_as_syntax_is_a_remark(
    #[case] line: &str,
    #[case] words: &str,
) {
    let told = told_of_statuts(line);
    assert_eq!(told.len(), usize::from(!words.is_empty()), "{told:?}");
    assert!(told.iter().all(|it| it.contains(words)), "{told:?}");
}
