//! What is reported about the mistakes in a case of a decision, each once.

use rstest::rstest;

use crate::rules::case::tests::told;

const UNKNOWN_FIELD: &str = "fn accuses(evenement) {\n    if evenement.signalement.description == \"X\" { [].x } else { [] }\n}";

#[rstest]
#[case(
    "signalement: {}",
    "{transmis: oui}",
    1,
    "transmis : écrivez true, et non « oui »"
)]
#[case(
    "statut: {statut: Ouverte}",
    "{ignore: Non}",
    1,
    "ignore : écrivez false, et non « Non »"
)]
#[case(
    "signalement: {}",
    "{transmis: peut-être}",
    1,
    "écrivez true ou false, et non"
)]
#[case(
    "signalement: {transmettre_auteur: oui}",
    "{transmis: true}",
    1,
    "« transmettre_auteur » : écrivez true"
)]
#[case("signalement: {}", "{}", 1, "ce cas n'attend rien")]
#[case(
    "signalement: {}",
    "{accuses: [accuse-receptoin]}",
    1,
    "il n'y a pas de modèle"
)]
#[case(
    "signalement: {description: X}",
    "{accuses: [accuse-reception]}",
    1,
    "cas « un » : accuses.rhai"
)]
#[case(
    "signalement: {}",
    "{statut: Transfe\u{301}re\u{301}e}",
    1,
    "dans ce qui est attendu, il y a un accent séparé"
)]
#[case("signalement: {photos: []}", "{transmis: true}", 0, "")]
#[case(
    "signalement: {date: 2026-01-31}",
    "{transmis: true}",
    1,
    "« date » n'est pas une clé connue du signalement : écrivez « date_creation » ; si SoWell envoie aussi « date », mettez-la sous « autres »"
)]
#[case(
    "signalement: {email: a@x.fr}",
    "{transmis: true}",
    1,
    "écrivez « email_auteur »"
)]
#[case(
    "signalement: {transmettre: true}",
    "{transmis: true}",
    1,
    "écrivez « transmettre_auteur » ou « transmettre_manager »"
)]
#[case(
    "signalement: {autres: {date: x, email: y, transmettre: z}}",
    "{transmis: true}",
    0,
    ""
)]
#[case(
    "signalement: {email: b@x.fr, email_auteur: a@x.fr, transmettre: true, transmettre_auteur: true}",
    "{transmis: true}",
    0,
    ""
)]
#[case(
    "signalement: {photos: [a, b], autres: {gps: {x: 1}}, lieu: [a]}",
    "{transmis: true}",
    0,
    ""
)]
#[case(
    "signalement: {priorite: [a]}",
    "{transmis: true}",
    1,
    "il faut ici un texte"
)]
#[case(
    "signalement: {qualification:ASC, residence: R}",
    "{transmis: true}",
    1,
    "il manque une espace après les deux-points : « qualification: ASC »"
)]
#[case(
    "signalement: {autres: {\"gps:lat\": , 'gps:lon': }}",
    "{transmis: true}",
    0,
    ""
)]
#[case(
    "signalement: {residence: R, bien:R-1}",
    "{transmis: true}",
    1,
    "« bien: R-1 »"
)]
#[case(
    "signalement: {autres: {etage:2}}",
    "{transmis: true}",
    1,
    "« etage: 2 »"
)]
#[case(
    "signalement: {autres: {\"a:b\": 1}, bien: , zzz: }",
    "{transmis: true}",
    0,
    ""
)]
#[case(
    "residences: [{code: R-9, gestionnaires: {technique: {identifiant T-1}}}]\n    signalement: {residence: R-9}",
    "{transmis: true}",
    1,
    "il manque les deux-points : écrivez « identifiant: T-1 »"
)]
#[case(
    "statut: {statut: Clôturée, resultat; Traité}",
    "{statut_sowell: Traité}",
    1,
    "il manque les deux-points : écrivez « resultat: Traité »"
)]
#[case(
    "signalement: {residence: R, qualification ASC}",
    "{transmis: true}",
    1,
    "il manque les deux-points : écrivez « qualification: ASC »"
)]
#[case(
    "signalement: {}",
    "{transmis: }",
    1,
    "il faut ici « true » ou « false », et non rien"
)]
#[case(
    "statut: {statut: Ouverte}",
    "{ignore: }",
    1,
    "il faut ici « true » ou « false »"
)]
#[case(
    "signalement: {etage}",
    "{transmis: true}",
    1,
    "il manque les deux-points entre le nom et la valeur"
)]
#[case(
    "signalement: {description: Fuite, urgent}",
    "{transmis: true}",
    1,
    "une virgule coupe le texte"
)]
fn a_mistake_in_a_case_is_reported_once(
    #[case] input: &str,
    #[case] attendu: &str,
    #[case] count: usize,
    #[case] words: &str,
) {
    let case = format!("cas:\n  - nom: un\n    {input}\n    attendu: {attendu}\n");
    let mut edits = vec![("cas/a.yaml", case.as_str())];
    if input.contains("description") {
        edits.push(("accuses.rhai", UNKNOWN_FIELD));
    }
    let mut told = told(&edits);
    told.retain(|it| it.0 == "cas/a.yaml");
    assert_eq!(told.len(), count, "{told:?}");
    assert!(told.iter().all(|it| it.3.contains(words)), "{told:?}");
}

#[rstest]
#[case(
    ("gestionnaire.rhai", "fn affecter(signalement, residence, qualification) {\n    throw \"panne\";\n}"),
    "panne"
)]
#[case(("transmission.yaml", "modes: []\n"), "la demande d'essai ne peut pas être créée")]
#[case(("modeles/contexte.txt", "{{ bien.libelle }}"), "contexte.txt")]
fn a_case_of_a_status_reports_why_there_is_no_demande(
    #[case] edit: (&str, &str),
    #[case] words: &str,
) {
    let case = "cas:\n  - nom: un\n    statut: {statut: Ouverte}\n    attendu: {accuses: [accuse-reception]}\n";
    let mut told = told(&[("cas/a.yaml", case), edit]);
    told.retain(|it| it.0 == "cas/a.yaml");
    assert_eq!(told.len(), 1, "{told:?}");
    let message = &told[0].3;
    assert!(
        message.contains("obtenu rien : la demande d'essai"),
        "{message}"
    );
    assert!(message.contains(words), "{message}");
}

#[test]
fn scripts_see_the_other_keys_of_a_signalement() {
    let accuses = "fn accuses(evenement) {\n    let s = evenement.signalement;\n    if s.photos == 2 && s.autres.gps.x == 1 && s.autres.lieu.len == 1 { [] } else { throw \"non\" }\n}";
    let case = "cas:\n  - nom: un\n    signalement: {photos: [a, b], autres: {gps: {x: 1}}, lieu: [a]}\n    attendu: {accuses: []}\n";
    let mut told = told(&[("cas/a.yaml", case), ("accuses.rhai", accuses)]);
    told.retain(|it| it.0 == "cas/a.yaml");
    assert_eq!(told, []);
}

#[test]
fn an_extra_dash_is_reported_once() {
    let case = "cas:\n  - nom: un\n  - signalement: {}\n  - attendu: {transmis: true}\n";
    let told = told(&[("cas/a.yaml", case)]);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((told[0].1, told[0].2), (3, 5));
    assert!(
        told[0]
            .3
            .contains("retirez le tiret devant « signalement »")
    );
}

#[rstest]
#[case(
    "statuts.yaml",
    "initial: Ouverte\ncanal: SoWell\ncorrespondances:\n  Ouverte: En attente\n  Vivest en rteour: En attente\n",
    "statut: {statut: Vivest en retour}",
    " » ? ; « Vivest en rteour » est écrit dans statuts.yaml, ligne 5 : corrigez celui des deux qui a la faute"
)]
#[case(
    "statuts.yaml",
    "initial: Ouverte\ncanal: SoWell\ncorrespondances:\n  Ouverte:\n    selon: resultat\n    valeurs:\n      Triaté: Traité\n",
    "statut: {statut: Ouverte, resultat: Traité}",
    " ; « Triaté » est écrit dans statuts.yaml, ligne 7 :"
)]
#[case(
    "priorites.yaml",
    "priorites:\n  hihg: haute\n  low: faible\n  normal: normal\n",
    "signalement: {priorite: high}",
    " ; « hihg » est écrit dans priorites.yaml, ligne 2 :"
)]
#[case(
    "qualifications.yaml",
    "qualifications:\n  CHAUFF: {libelle: L, type_gestionnaire: technique, workflow: W}\n",
    "signalement: {qualification: CHAUF}",
    " ; « CHAUFF » est écrit dans qualifications.yaml, ligne 2 :"
)]
fn the_table_that_has_the_suggested_word_is_named(
    #[case] file: &str,
    #[case] text: &str,
    #[case] given: &str,
    #[case] words: &str,
) {
    let case = format!("cas:\n  - nom: un\n    {given}\n    attendu: {{accuses: []}}\n");
    let told = told(&[(file, text), ("cas/a.yaml", &case)]);
    let told: Vec<_> = told.into_iter().filter(|it| it.0 == "cas/a.yaml").collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].3.contains(words), "{told:?}");
}

#[test]
fn the_tables_of_both_unknown_words_are_named() {
    let qualifications =
        "qualifications:\n  CHAUFF: {libelle: L, type_gestionnaire: technique, workflow: W}\n";
    let priorites = "priorites:\n  hihg: haute\n  low: faible\n";
    let case = "cas:\n  - nom: un\n    signalement: {qualification: CHAUF, priorite: high}\n    attendu: {accuses: []}\n";
    let told = told(&[
        ("qualifications.yaml", qualifications),
        ("priorites.yaml", priorites),
        ("cas/a.yaml", case),
    ]);
    let told: Vec<_> = told.into_iter().filter(|it| it.0 == "cas/a.yaml").collect();
    assert_eq!(told.len(), 2, "{told:?}");
    for (told, words) in told.iter().zip([
        "« CHAUFF » est écrit dans qualifications.yaml, ligne 2",
        "« hihg » est écrit dans priorites.yaml, ligne 2",
    ]) {
        assert!(told.3.contains(words), "{told:?}");
        assert_eq!(told.3.matches("est écrit dans").count(), 1, "{told:?}");
    }
}

#[rstest]
#[case("statut: {statut: Tout autre}")]
#[case("statut: {statut: Clôturée}")]
#[case("signalement: {residence: R-9}")]
fn no_table_is_named_without_a_near_word(#[case] given: &str) {
    let case = format!("cas:\n  - nom: un\n    {given}\n    attendu: {{accuses: []}}\n");
    let told = told(&[("cas/a.yaml", &case)]);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(!told[0].3.contains("est écrit dans"), "{told:?}");
}
