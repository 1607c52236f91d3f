//! Words that are nearly identical.

use super::*;

const QUALIFICATIONS_WITH: &str = "qualifications:\n  ASC:\n    libelle: L\n    type_gestionnaire: technique\n    workflow: INTERVENTION\n  EAU: {libelle: L, type_gestionnaire: technique, workflow: INTERVENTION}\n  GAZ: {libelle: L, type_gestionnaire: technique, workflow: AUTRE}\n";

#[rstest]
#[case(
    "statuts.yaml",
    "initial: A\ncanal: SoWell\ncorrespondances:\n  A: En attente\n  B: En attente\n  C: En Attente\n",
    "statuts.yaml:6 « En Attente » et « En attente » (ligne 4) ne diffèrent que par une majuscule"
)]
#[case(
    "statuts.yaml",
    "initial: A\ncanal: SoWell\ncorrespondances:\n  A: En cours de traitement\n  B: En cours de traitement\n  C: En cours de traitment\n",
    "statuts.yaml:6 « En cours de traitment » n'est écrit qu'ici : vouliez-vous dire « En cours de traitement », comme à la ligne 4 ?"
)]
#[case(
    "statuts.yaml",
    "initial: A\ncanal: SoWell\ncorrespondances:\n  A: En attente\n  C: {selon: resultat, valeurs: {Traité: Clos, Traite: Clos}}\n",
    "« Traite » "
)]
#[case(
    "statuts.yaml",
    "initial: Transférée\ncanal: SoWell\ncorrespondances:\n  Ouverte: En attente\n  Transferée: En attente\n",
    "à la création ; « Transférée » et « Transferée » (ligne 5) ne diffèrent que par une majuscule, un accent"
)]
#[case(
    "statuts.yaml",
    "initial: Fermée\ncanal: SoWell\ncorrespondances:\n  Ouverte: En attente\n",
    "à la création"
)]
#[case(
    "qualifications.yaml",
    "  gaz: {libelle: L, type_gestionnaire: technique, workflow: AUTRE}\n",
    "qualifications.yaml:8 « gaz » et « GAZ » (ligne 7) ne diffèrent que par une majuscule, un accent ou une espace : est-ce le même code ?"
)]
#[case(
    "priorites.yaml",
    "priorites:\n  low: Haute\n  normal: normal\n  high: haute\n",
    "priorites.yaml:4 « haute » et « Haute » (ligne 2)"
)]
#[case(
    "qualifications.yaml",
    "  PLB:\n    libelle: L\n    type_gestionnaire: technique\n    workflow: INTERVENTON\n",
    "qualifications.yaml:11 « INTERVENTON » n'est écrit qu'ici : vouliez-vous dire « INTERVENTION », comme à la ligne 5 ?"
)]
#[case(
    "qualifications.yaml",
    "  PLB:\n    libelle: L\n    type_gestionnaire: technique\n    workflow: INTERVENTION,\n",
    "qualifications.yaml:11 « INTERVENTION, » finit par une virgule, qui compte dans le mot : écrivez « INTERVENTION »"
)]
#[case(
    "qualifications.yaml",
    "  PLB:\n    libelle: L\n    type_gestionnaire: technique\n    workflow: SEUL;\n",
    "« SEUL; » finit par un point-virgule, qui compte dans le mot : écrivez « SEUL »"
)]
#[case(
    "priorites.yaml",
    "priorites:\n  low: basse\n  normal: haute\n  urgent: hautte\n",
    "priorites.yaml:4 « hautte » et « haute » (ligne 3) ne diffèrent que par une lettre doublée : est-ce le même mot ?"
)]
#[case(
    "priorites.yaml",
    "priorites:\n  low: faible\n  normal: normal\n  high: haute\n  urgent: hute\n",
    "priorites.yaml:5 « hute » et « haute » (ligne 4) ne diffèrent que par une lettre : est-ce le même mot ?"
)]
#[case(
    "priorites.yaml",
    "priorites:\n  low: hute\n  normal: haute\n  high: haute\n",
    "priorites.yaml:2 « hute » et « haute » (ligne 3) ne diffèrent que par une lettre"
)]
#[case(
    "priorites.yaml",
    "priorites:\n  low: faible\n  normal: normal\n  high: haute\n  urgent: huate\n",
    "« huate » et « haute » (ligne 4)"
)]
#[case(
    "priorites.yaml",
    "priorites:\n  low: faible\n  normal: normal\n  high: haute\n  High: urgente\n",
    "priorites.yaml:5 « High » et « high » (ligne 4) ne diffèrent que par une majuscule"
)]
#[case(
    "priorites.yaml",
    "priorites:\n  low: faible\n  urgent, très urgent: haute\n",
    "priorites.yaml:3 « urgent, très urgent » compte pour une seule priorité"
)]
#[case(
    "priorites.yaml",
    "priorites:\n  low: faible\n  urgent: haute#nouveau\n",
    "« haute # nouveau »"
)]
#[case(
    "priorites.yaml",
    "priorites:\n  low: faible\n  normal: normal\n  high: haute\n  urgent,: urgente\n",
    "priorites.yaml:5 « urgent, » finit par une virgule"
)]
#[case(
    "qualifications.yaml",
    "  PLB: {libelle: L, type_gestionnaire: technique, workflow: ENTRETIEN}\n  MEN: {libelle: L, type_gestionnaire: technique, workflow: ENTRETEIN}\n",
    "qualifications.yaml:9 « ENTRETEIN » et « ENTRETIEN » (ligne 8) ne diffèrent que par une lettre : est-ce le même mot ?"
)]
fn near_identical_words_are_reported(#[case] file: &str, #[case] text: &str, #[case] words: &str) {
    let text = match file {
        "qualifications.yaml" => format!("{QUALIFICATIONS_WITH}{text}"),
        _ => text.to_owned(),
    };
    let (_, told) = compiled(&[(file, &text)]);
    let told: Vec<_> = told.iter().filter(|it| it.starts_with(file)).collect();
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].contains(words), "{told:#?}");
}

#[rstest]
#[case(
    "statuts.yaml",
    "initial: A\ncanal: SoWell\ncorrespondances:\n  A: Clôturé\n  B: Clôturé\n  C: Clôturée\n  D: En attente 1\n  E: En attente 1\n  F: En attente 2\n"
)]
#[case(
    "priorites.yaml",
    "priorites:\n  low: urgence1\n  normal: urgence1\n  high: urgence2\n"
)]
#[case(
    "qualifications.yaml",
    "qualifications:\n  A: {libelle: L, type_gestionnaire: technique, workflow: PLOMBERIE_A}\n  B: {libelle: L, type_gestionnaire: technique, workflow: PLOMBERIE_A}\n  C: {libelle: L, type_gestionnaire: technique, workflow: PLOMBERIE_B}\n"
)]
#[case(
    "priorites.yaml",
    "priorites:\n  low: FERME\n  normal: FERMEE\n  high: phase II\n  urgent: phase III\n  a: BASE\n  b: basse\n  c: P1, P2\n"
)]
#[case(
    "statuts.yaml",
    "initial: A\ncanal: SoWell\ncorrespondances:\n  A: LOT C\n  B: LOT CC\n  C: En attente (1; 2)\n  D: En attente, suite\n"
)]
#[case(
    "priorites.yaml",
    "priorites:\n  low: faible\n  normal: normal\n  high: haute\n  High: haute\n  HIGH: haute\n  urgent: haute\n  Normale: normale\n"
)]
#[case(
    "priorites.yaml",
    "priorites:\n  low: mineure\n  normal: majeure\n  high: haut\n  urgent: haute\n  a: base\n  b: bise\n  c: P1\n  d: P11\n  e: forte\n"
)]
#[case(
    "qualifications.yaml",
    "qualifications:\n  A: {libelle: L, type_gestionnaire: technique, workflow: LOT_A}\n  B: {libelle: L, type_gestionnaire: technique, workflow: LOT_B}\n  C: {libelle: L, type_gestionnaire: technique, workflow: PORTE}\n  D: {libelle: L, type_gestionnaire: technique, workflow: POSTE}\n  E: {libelle: L, type_gestionnaire: technique, workflow: PORTES}\n"
)]
#[case(
    "priorites.yaml",
    "priorites:\n  \"urgent, très urgent\": haute\n  Haute, à voir: haute\n  low: faible\n  bas et très bas: faible\n"
)]
fn different_words_are_left_alone(#[case] file: &str, #[case] text: &str) {
    let (generation, told) = compiled(&[(file, text)]);
    assert!(generation.is_some(), "{told:#?}");
    let told: Vec<_> = told.iter().filter(|it| it.starts_with(file)).collect();
    assert!(told.is_empty(), "{told:#?}");
}
