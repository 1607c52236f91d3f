//! Comparisons in scripts with words that no table and no export has.

use super::*;

const AFFECTER: &str = "fn affecter(signalement, residence, qualification) {
    let r = residence.gestionnaires.responsable_secteur;
    if CONDITION { throw \"x\"; }
    #{ gestionnaire_concerne: r, acteur_en_charge: r }
}
";

#[rstest]
#[case(
    "\"gardienne\" in residence.gestionnaires",
    "aucune résidence n'a de gestionnaire de type « gardienne » ; vouliez-vous dire « gardien » ?"
)]
#[case(
    "residence.gestionnaires.contains(\"gardienne\")",
    "aucune résidence n'a de gestionnaire de type « gardienne » ; vouliez-vous dire « gardien » ?"
)]
#[case(
    "qualification.libelle == \"Ascenceur en panne\"",
    "« Ascenceur en panne » n'est pas une valeur connue de « qualification.libelle » ; vouliez-vous dire « Ascenseur en panne » ?"
)]
#[case(
    "signalement.bien == \"R-12\"",
    "« R-12 » n'est pas une valeur connue de « signalement.bien » ; vouliez-vous dire « R-1 » ?"
)]
#[case(
    "residence.code.starts_with(\"MZ_\")",
    "aucune valeur connue de « residence.code » ne commence par « MZ_ » ; valeurs connues : R"
)]
#[case(
    "qualification.workflow.ends_with(\"-URGENTE\")",
    "aucune valeur connue de « qualification.workflow » ne finit par « -URGENTE » ; vouliez-vous dire « _URGENTE » ?"
)]
#[case(
    "residence.adresse.contains(\"X\")",
    "aucune valeur connue de « residence.adresse » ne contient « X » ; vouliez-vous dire « x » ?"
)]
#[case(
    "residence.gestionnaires.technique.identifiant == \"TECH\"",
    "« TECH » n'est pas une valeur connue de « residence.gestionnaires.technique.identifiant » ; vouliez-vous dire « TEC » ?"
)]
#[case(
    "residence.code in #{\"r\": 1}",
    "« r » n'est pas une valeur connue de « residence.code » ; vouliez-vous dire « R » ?"
)]
#[case(
    "est_urgent(signalement)",
    "« hight » n'est pas une valeur connue de « signalement.priorite » ; vouliez-vous dire « high » ?"
)]
fn an_impossible_comparison_is_reported(#[case] condition: &str, #[case] message: &str) {
    let script =
        AFFECTER.replace("CONDITION", condition) + "fn est_urgent(it) { it.priorite == \"hight\" }";
    let told = compiled(&[("gestionnaire.rhai", &script)]).1;
    // A function that is never called may contain any comparison.
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains(message), "{told:?}");
}

#[rstest]
#[case("\"gardien\" in residence.gestionnaires && !residence.gestionnaires.contains(\"proprete\")")]
#[case(
    "qualification.libelle == \"Ascenseur en panne\" || qualification.libelle.contains(\"panne\")"
)]
#[case("signalement.bien == \"R-1\" || signalement.bien == ()")]
#[case(
    "residence.code.starts_with(\"R\") || residence.code.ends_with(\"R\") || residence.code.contains(\"R\")"
)]
#[case("qualification.workflow.starts_with(\"INTERVENTION\")")]
#[case("signalement.description.starts_with(\"MZ_\") || residence.adresse.contains(\"x\")")]
fn a_possible_comparison_is_not_reported(#[case] condition: &str) {
    let script = AFFECTER.replace("CONDITION", condition);
    assert_eq!(
        compiled(&[("gestionnaire.rhai", &script)]).1,
        [] as [&str; 0]
    );
}
