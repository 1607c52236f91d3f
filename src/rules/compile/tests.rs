//! What is reported about files that are valid one by one but do not fit together. The rules are the shipped ones with
//! some files changed.

mod impossible;
mod managers;
mod twins;
mod words;

use std::collections::BTreeSet;

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
        photos: "{{ fichiers|map(attribute='base64')|list }}"
        priorite: "{{ demande.priorite|table('priorites') }}"
  lire_statut:
    chemin: /tickets/{{ uid }}
    statut: "{{ reponse.json.etat|table('etats') }}"
    date: /date
    resultat: /resultat
"#;

/// Compiles the shipped rules with these files replaced.
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
fn a_word_missing_from_a_table_of_the_crm_is_reported_and_is_a_hole() {
    let edits = [("connecteurs/crm.yaml", CRM), ("priorites.yaml", URGENT)];
    let (generation, told) = compiled(&edits);
    assert_eq!(
        told,
        [
            "priorites.yaml:5 les demandes qui portent « urgente » ne pourraient pas partir (connecteurs/crm.yaml, ligne 13) : la table « priorites » n'a pas « urgente » ; valeurs connues : faible, haute, normal"
        ]
    );
    let generation = generation.unwrap();
    let nobody = Combinations::of(&generation).where_called(&BTreeSet::new());
    let found = nobody.decide(&|_| ());
    assert_eq!(found.holes, []);
    let told = found.remarks.iter().filter(|it| {
        it.cause
            .ends_with("« urgente » ; sans effet tant que les réglages gardent le CRM intégré")
    });
    assert_eq!(told.count(), 1, "{:?}", found.remarks);
    let called = BTreeSet::from([Partner::Crm]);
    let combinations = Combinations::of(&generation).where_called(&called);
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
fn a_word_that_the_connector_provides_for_is_not_missing(#[case] from: &str, #[case] to: &str) {
    let crm = CRM.replace(from, to);
    let (generation, told) =
        compiled(&[("connecteurs/crm.yaml", &crm), ("priorites.yaml", URGENT)]);
    assert_eq!(told, Vec::<String>::new());
    let generation = generation.unwrap();
    let found = Combinations::of(&generation).decide(&|_| ());
    assert_eq!(found.holes, []);
}

#[rstest]
#[case("signalement.bien.ends_with(\"-PKG\")", "un bien comme")]
#[case("signalement.bien.contains(`-PKG`)", "un bien comme")]
#[case("\"PKG\" in signalement.bien", "un bien comme")]
#[case("signalement.bien in [\"R-2-PKG\", \"R-9\"]", "le bien")]
#[case(
    "switch signalement.bien { \"R-2-PKG\" => true, _ => false }",
    "le bien"
)]
#[case("!signalement.bien.starts_with(\"R-1\")", "un bien comme")]
fn a_bien_that_scripts_test_for_is_tried(#[case] condition: &str, #[case] which: &str) {
    let (mut rules, mut exports) = shipped();
    let script = include_str!("../../../rules/gestionnaire.rhai");
    let body = "residence, qualification) {\n";
    let guard = format!(
        "{body}    if signalement.bien != () && ({condition}) {{ throw \"pas de gardien\"; }}\n"
    );
    let script = script.replace(body, &guard);
    rules.insert(script::GESTIONNAIRE.into(), script.into_bytes());
    let biens = b"code;residence;libelle\nR-1;R;x\nR-2-PKG;R;x\nR-3-PKG;R;x\n".to_vec();
    exports.insert("biens.csv".into(), biens);
    let (generation, told) = compile(&rules, &exports, Known::default());
    let generation = generation.unwrap_or_else(|| panic!("{told:?}"));
    let holes = Combinations::of(&generation).decide(&|_| ()).holes;
    assert_eq!(holes.len(), 1, "{holes:?}");
    assert_eq!(holes[0].only_when, [format!("pour {which} R-2-PKG")]);
}

#[test]
fn files_that_only_cause_remarks_do_not_change_the_version() {
    let (rules, exports) = shipped();
    let known = version(&rules, &exports);
    let mut told = rules.clone();
    told.insert("archives/".into(), Vec::new());
    told.insert("cas/a.yaml.txt".into(), b"x".to_vec());
    assert_eq!(version(&told, &exports), known);
    let (generation, found) = compile(&told, &exports, Known::default());
    assert_eq!(generation.unwrap().version, known);
    let files: Vec<&str> = found.iter().map(|it| it.file.as_str()).collect();
    assert_eq!(files, ["archives", "cas/a.yaml.txt"]);
    let mut other = rules;
    other.insert("modeles/a.txt".into(), b"Objet: a\n".to_vec());
    assert_ne!(version(&other, &exports), known);
}

#[test]
fn a_version_keeps_its_name() {
    // The store keeps it under that name.
    let set = |name: &str, text: &str| FileSet::from([(name.to_owned(), text.into())]);
    let rules = set("statuts.yaml", "initial: Neuve\n");
    assert_eq!(version(&rules, &set("biens.csv", "code\n")), "63a90c473cbc");
}

#[test]
fn removing_all_cases_is_a_remark() {
    let (without, exports) = shipped();
    let mut with = without.clone();
    let case = "cas: [{nom: un, signalement: {}, attendu: {transmis: true}}]";
    with.insert("cas/a.yaml".into(), case.as_bytes().to_vec());
    let (before, _) = compile(&with, &exports, Known::default());
    let before_without = compile(&without, &exports, Known::default()).0;
    let told = |rules, previous: &Option<Generation>, accepted_rules| {
        let known = Known {
            previous: previous.as_ref(),
            accepted_rules,
            ..Known::default()
        };
        let (generation, found) = compile(rules, &exports, known);
        assert!(generation.is_some(), "{found:?}");
        let mut told = found.iter().map(ToString::to_string);
        told.any(|it| it.contains("il n'y a plus aucun cas"))
    };
    assert!(told(&without, &before, None));
    assert!(told(&without, &None, Some(&with)));
    assert!(!told(&without, &before_without, None));
    assert!(!told(&without, &None, Some(&without)));
    assert!(!told(&without, &None, None));
    assert!(!told(&with, &before, Some(&with)));
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
fn words_of_a_connector_are_checked_against_the_tables(
    #[case] from: &str,
    #[case] to: &str,
    #[case] wanted: Option<&str>,
) {
    let told = with_crm(from, to);
    assert_eq!(told.len(), usize::from(wanted.is_some()), "{told:#?}");
    let words = wanted.unwrap_or_default();
    assert!(told.iter().all(|it| it.contains(words)), "{told:#?}");
}

#[test]
fn a_misnamed_export_is_reported_before_the_missing_one() {
    let (rules, mut exports) = shipped();
    let residences = exports.remove("residences.csv").unwrap();
    exports.insert("Residences.csv".into(), residences);
    let (_, faults) = compile(&rules, &exports, Known::default());
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "Residences.csv : attention : ce fichier n'est pas lu : son nom doit être « residences.csv »",
            "residences.csv : erreur : ce fichier manque",
        ]
    );
}

#[test]
fn a_copy_beside_an_export_is_reported_and_does_not_change_the_version() {
    let (rules, mut exports) = shipped();
    let (before, _) = compile(&rules, &exports, Known::default());
    let before = before.unwrap();
    exports.insert("biens (1).csv".into(), b"x".to_vec());
    let known = Known {
        previous: Some(&before),
        ..Known::default()
    };
    let (after, faults) = compile(&rules, &exports, known);
    assert_eq!(after.unwrap().version, before.version);
    let told: Vec<&str> = faults.iter().map(|it| it.file.as_str()).collect();
    assert_eq!(told, ["biens (1).csv"]);
    assert_eq!(faults[0].severity, Severity::Warning);
}

#[test]
fn a_field_that_a_status_depends_on_and_the_crm_s_connector_does_not_read_is_reported() {
    let told = with_crm("    resultat: /resultat\n", "");
    assert_eq!(
        told,
        [
            "statuts.yaml:18 le statut « Clôturée » demande « resultat », que « lire_statut » ne lit pas (connecteurs/crm.yaml) : ajoutez-y une ligne « resultat: » qui dit où le trouver, sinon ce statut reste en attente quand il est lu par « lire_statut »"
        ]
    );
    let listing = "  changements: {chemin: /t, elements: /e, uid: /u, statut: /s, date: /d}\n";
    let told = with_crm("    resultat: /resultat\n", listing);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("que ni « lire_statut » ni « changements » ne lisent (connecteurs/crm.yaml) : ajoutez à chacune une ligne « resultat: » qui dit où le trouver, sinon ce statut reste en attente quand il est lu par l'une d'elles"),
        "{told:?}"
    );
}

#[rstest]
// The table never gives the status.
#[case("2: Clôturée", "2: Transférée")]
// It may be a different word for each result.
#[case("{{ reponse.json.etat|table('etats') }}", "{{ reponse.json.etat }}")]
fn a_field_that_no_read_status_depends_on_is_not_required(#[case] from: &str, #[case] to: &str) {
    let crm = CRM.replace(from, to);
    assert_ne!(crm, CRM);
    let crm = crm.replace("    resultat: /resultat\n", "");
    let told = compiled(&[("connecteurs/crm.yaml", &crm)]).1;
    assert_eq!(told, Vec::<String>::new());
}
