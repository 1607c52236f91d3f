//! What is said of files that are right one by one and do not fit together, and of words that look alike. The rules
//! are the shipped ones with some files changed.

use super::*;
use crate::rules::case::tests::shipped;
use crate::rules::coverage::Combinations;
use crate::rules::diagnostic::Severity;
use rstest::rstest;

const CRM: &str = r#"doublons: upsert
tables:
  priorites: {haute: 3, normal: 2, faible: 1}
  etats: {1: Ouverte, 2: Clôturée}
operations:
  creer:
    chemin: /tickets
    uid: /id
    corps:
      json:
        reference: "{{ reference }}"
        photos: "{{ fichiers|length }}"
        priorite: "{{ demande.priorite|table('priorites') }}"
  lire_statut:
    chemin: /tickets/{{ uid }}
    statut: "{{ reponse.json.etat|table('etats') }}"
    date: /date
"#;

/// The shipped rules once these files say something else.
fn compiled(edits: &[(&str, &str)]) -> (Option<Generation>, Vec<String>) {
    let (mut rules, exports) = shipped();
    for (file, text) in edits {
        rules.insert((*file).to_owned(), text.as_bytes().to_vec());
    }
    let (generation, found) = compile(&rules, &exports, Known::default());
    let told = found.iter().map(|it| {
        let sign = if it.severity == Severity::Error {
            "!"
        } else {
            ""
        };
        format!("{sign}{}:{} {}", it.file, it.line, it.message)
    });
    (generation, told.collect())
}

fn with_crm(from: &str, to: &str) -> Vec<String> {
    assert!(CRM.contains(from), "{from}");
    compiled(&[("connecteurs/crm.yaml", &CRM.replace(from, to))]).1
}

const URGENT: &str =
    "priorites:\n  low: faible\n  normal: normal\n  high: haute\n  urgent: urgente\n";

#[test]
fn a_word_that_a_table_of_the_crm_lacks_is_told_and_is_a_hole() {
    let edits = [("connecteurs/crm.yaml", CRM), ("priorites.yaml", URGENT)];
    let (generation, told) = compiled(&edits);
    assert_eq!(
        told,
        [
            "priorites.yaml:5 les demandes qui portent « urgente » ne pourraient pas partir (connecteurs/crm.yaml, ligne 13) : la table « priorites » n'a pas « urgente » ; valeurs connues : faible, haute, normal"
        ]
    );
    let generation = generation.unwrap();
    let combinations = Combinations::of(&generation);
    let holes = combinations.decide(&|_| ()).holes;
    let holes: Vec<_> = holes.iter().map(|it| it.as_warning().to_string()).collect();
    assert_eq!(
        holes,
        [
            "connecteurs/crm.yaml, ligne 13 : attention : partout : la demande ne peut pas partir au CRM : la table « priorites » n'a pas « urgente » (seulement priorité urgent)"
        ]
    );
}

#[rstest]
#[case("table('priorites')", "table('priorites', 0)")]
#[case(
    "\"{{ demande.priorite|table('priorites') }}\"",
    "{si: \"demande.priorite != 'urgente'\", alors: \"{{ demande.priorite|table('priorites') }}\", sinon: 9}"
)]
#[case(
    "{{ demande.priorite|table('priorites') }}",
    "{{ 9 if demande.priorite == 'urgente' else demande.priorite|table('priorites') }}"
)]
fn a_word_that_the_file_provides_for_is_none_that_lacks(#[case] from: &str, #[case] to: &str) {
    let crm = CRM.replace(from, to);
    let (generation, told) =
        compiled(&[("connecteurs/crm.yaml", &crm), ("priorites.yaml", URGENT)]);
    assert_eq!(told, Vec::<String>::new());
    let generation = generation.unwrap();
    let found = Combinations::of(&generation).decide(&|_| ());
    assert_eq!(found.holes, []);
}

#[test]
fn the_words_of_a_sample_need_not_be_the_landlords() {
    let crm = CRM.replace("{haute: 3, normal: 2, faible: 1}", "{P1: 3, P2: 2}");
    let crm = crm.replace(
        "/tickets\n    uid",
        "/{{ demande.residence|table('lieux') }}\n    uid",
    );
    let crm = crm.replace("tables:", "tables:\n  lieux: {R: 7}");
    let priorites = "priorites:\n  low: P2\n  high: P1\n";
    let edits = [
        ("connecteurs/crm.yaml", crm.as_str()),
        ("priorites.yaml", priorites),
    ];
    let (generation, told) = compiled(&edits);
    assert_eq!(told, Vec::<String>::new());
    assert!(generation.is_some());
}

#[rstest]
#[case(
    "{1: Ouverte, 2: Clôturée}",
    "{1: Ouverte, 2: Fermée}",
    Some(
        "crm.yaml:4 la table « etats » donne le statut « Fermée », qui n'est pas dans statuts.yaml ; valeurs connues"
    )
)]
#[case(
    "{1: Ouverte, 2: Clôturée}",
    "{1: ouverte, 2: Clôturée}",
    Some("vouliez-vous dire « Ouverte » ?")
)]
#[case("|table('etats')", "|table('etats')|upper", None)]
#[case(
    "demande.priorite|table('priorites')",
    "'x' if demande.priorite == 'high' else 'y'",
    Some("crm.yaml:13 « high » n'est pas une valeur connue de « demande.priorite »")
)]
#[case(
    "demande.priorite|table('priorites')",
    "'x' if 'high' == demande.priorite else 'y'",
    Some("« high »")
)]
#[case(
    "demande.priorite|table('priorites')",
    "'x' if demande.priorite != 'haute' and demande.bien == 'x' else 'y'",
    None
)]
#[case(
    "demande.priorite|table('priorites')",
    "'x' if demande.priorite|upper == 'HAUTE' else 'y'",
    None
)]
#[case(
    "table('priorites')",
    "table('prioritées')",
    Some("!connecteurs/crm.yaml:13 il n'y a pas de table « prioritées »")
)]
fn words_of_a_connector_are_held_against_the_tables(
    #[case] from: &str,
    #[case] to: &str,
    #[case] wanted: Option<&str>,
) {
    let told = with_crm(from, to);
    assert_eq!(told.len(), usize::from(wanted.is_some()), "{told:#?}");
    let words = wanted.unwrap_or_default();
    assert!(told.iter().all(|it| it.contains(words)), "{told:#?}");
}
