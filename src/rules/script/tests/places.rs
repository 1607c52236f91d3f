//! Mistakes that the parser meets far from where they are, or in code that another place made wrong: where they are
//! reported, and that the remedy leads to a script that compiles.

use rstest::rstest;

use super::{SILENT, compile};

const GESTIONNAIRE: &str = "// Qui s'occupe de la demande ?
fn affecter(signalement, residence, qualification) {
    let responsable = residence.gestionnaires.get(\"responsable_secteur\");
    if responsable == () {
        throw `la résidence ${residence.code} n'en a pas`;
    }

    let concerne = residence.gestionnaires.get(qualification.type_gestionnaire);
    // À défaut, le responsable de secteur.
    if concerne == () {
        concerne = responsable;
    }

    #{
        gestionnaire_concerne: concerne,
        acteur_en_charge: responsable,
    }
}
";

const ACCUSES: &str = "fn accuses(evenement) {
    if evenement.type == \"transmis\" {
        return [
            #{ a: evenement.signalement.email_auteur, modele: \"accuse-reception\" },
        ];
    }
    []
}
";

/// The faults of two scripts, as `line message`.
fn told(gestionnaire: &str, accuses: &str) -> Vec<String> {
    let (_, faults) = compile(gestionnaire, accuses);
    let told = faults.iter();
    told.map(|it| format!("{} {}", it.line, it.message))
        .collect()
}

/// A script with one piece of it written differently.
fn with(script: &str, piece: &str, instead: &str) -> String {
    assert!(script.contains(piece), "{piece}");
    script.replacen(piece, instead, 1)
}

#[rstest]
#[case(
    "responsable == () {",
    "responsable == ()",
    "4 il manque « { » à la fin de cette ligne"
)]
#[case(
    "concerne == () {",
    "concerne == ()",
    "10 il manque « { » à la fin de cette ligne"
)]
#[case(
    "qualification) {",
    "qualification)",
    "2 il manque « { » à la fin de cette ligne"
)]
#[case("#{\n", "#\n", "14 il manque « { » juste derrière « # »")]
#[case(
    "    #{\n",
    "\n",
    "15 il manque « #{ » devant « gestionnaire_concerne »"
)]
#[case(
    "get(\"",
    "get\"",
    "3 il manque « ( » devant « \"responsable_secteur\" »"
)]
#[case("get(qual", "get qual", "8 il manque « ( » devant « qualification »")]
fn a_lost_opening_is_reported_where_it_was(
    #[case] piece: &str,
    #[case] instead: &str,
    #[case] message: &str,
) {
    let wrong = with(GESTIONNAIRE, piece, instead);
    assert_eq!(told(&wrong, SILENT), [message]);
    // Another mistake does not lead away from it.
    let unknown = with(&wrong, "throw `", "throw inconnu + `");
    assert_eq!(told(&unknown, SILENT), [message]);
}

#[rstest]
#[case("return [", "return", "3 il manque « [ » à la fin de cette ligne")]
#[case(
    "\"transmis\" {",
    "\"transmis\"",
    "2 il manque « { » à la fin de cette ligne"
)]
#[case("#{ a", "a", "4 il manque « #{ » devant « a »")]
fn a_lost_opening_of_a_list_is_reported_where_it_was(
    #[case] piece: &str,
    #[case] instead: &str,
    #[case] message: &str,
) {
    let affecter = GESTIONNAIRE;
    assert_eq!(told(affecter, &with(ACCUSES, piece, instead)), [message]);
}
