//! Dates compared in a way that does not mean what was intended, and right comparisons, which get no remark.

use rstest::rstest;

use super::never::of_affecter;

const DATE: &str = "signalement.date_creation";

/// Replaces `D` with the date of the signalement.
fn told(condition: &str) -> Vec<String> {
    let condition = condition
        .replace("D.", &format!("{DATE}."))
        .replace("D)", &format!("{DATE})"));
    let condition = condition.replace("D ", &format!("{DATE} "));
    of_affecter(&match condition.rsplit_once("; ") {
        Some((before, condition)) => format!("{before}; if {condition} {{ throw 1 }}"),
        None => format!("if {condition} {{ throw 1 }}"),
    })
}

/// Each wrong condition, the remark, and the condition after doing what the remark says.
#[rstest]
#[case(
    "D >= 01/12/2026",
    "« 01/12/2026 » sans guillemets est un calcul, et non une date : écrivez « \"2026-12-01\" »",
    "D >= \"2026-12-01\""
)]
#[case(
    "D >= 2026-12-01",
    "« 2026-12-01 » sans guillemets est un calcul, et non une date : écrivez « \"2026-12-01\" »",
    "D >= \"2026-12-01\""
)]
#[case(
    "let debut = 2026-12-01; D >= debut",
    "« 2026-12-01 » sans guillemets est un calcul, et non une date : écrivez « \"2026-12-01\" »",
    "let debut = \"2026-12-01\"; D >= debut"
)]
#[case(
    "D >= \"2026-12-1\"",
    "les dates de SoWell s'écrivent comme « 2026-01-31T10:00:00 » : écrivez « 2026-12-01 »",
    "D >= \"2026-12-01\""
)]
#[case(
    "let debut = \"2026-12-5\"; D >= debut",
    "les dates de SoWell s'écrivent comme « 2026-01-31T10:00:00 » : écrivez « 2026-12-05 »",
    "let debut = \"2026-12-05\"; D >= debut"
)]
#[case(
    "D >= \"2026-12-21 18:00\"",
    "les dates de SoWell s'écrivent comme « 2026-01-31T10:00:00 » : écrivez « 2026-12-21T18:00 »",
    "D >= \"2026-12-21T18:00\""
)]
#[case(
    "D <= \"2027-01-03\"",
    "« signalement.date_creation » contient aussi l'heure, et « <= \"2027-01-03\" » exclut tout ce jour : pour l'inclure, écrivez « signalement.date_creation < \"2027-01-04\" », sinon « signalement.date_creation < \"2027-01-03\" »",
    "D < \"2027-01-04\""
)]
#[case(
    "\"2026-12\" >= D && 1 == 1",
    "« signalement.date_creation » contient aussi l'heure, et « <= \"2026-12\" » exclut tout ce mois : pour l'inclure, écrivez « signalement.date_creation < \"2027-01\" », sinon « signalement.date_creation < \"2026-12\" »",
    "D < \"2027-01\""
)]
#[case(
    "D in [\"2026-12-21\", \"2026-12-22\"]",
    "« signalement.date_creation » contient aussi l'heure, et n'est jamais dans cette liste : écrivez « signalement.date_creation.sub_string(0, 10) in [\"2026-12-21\", \"2026-12-22\"] »",
    "D.sub_string(0, 10) in [\"2026-12-21\", \"2026-12-22\"]"
)]
#[case(
    "D in [\"21/12/2026\"]",
    "« signalement.date_creation » contient aussi l'heure, et n'est jamais dans cette liste : écrivez « signalement.date_creation.sub_string(0, 10) in [\"2026-12-21\"] »",
    "D.sub_string(0, 10) in [\"2026-12-21\"]"
)]
#[case(
    "D >= \"2026-31-12\"",
    "« 2026-31-12 » n'est pas une date, il n'y a pas de mois 31 : après l'année vient le mois, puis le jour ; écrivez « 2026-12-31 »",
    "D >= \"2026-12-31\""
)]
#[case(
    "D.starts_with(\"2026-11-31\")",
    "« 2026-11-31 » n'est pas une date : novembre n'a que 30 jours",
    "D.starts_with(\"2026-11-30\")"
)]
#[case(
    "D.starts_with(\"2026-3\")",
    "les dates de SoWell s'écrivent comme « 2026-01-31T10:00:00 » : écrivez « 2026-03 »",
    "D.starts_with(\"2026-03\")"
)]
#[case(
    "D.sub_string(0, 10) == \"21/12/2026\"",
    "une date de SoWell commence par l'année : écrivez « 2026-12-21 »",
    "D.sub_string(0, 10) == \"2026-12-21\""
)]
#[case(
    "D.sub_string(0, 10) in [\"2026-12-21\", \"2026-12-35\"]",
    "« 2026-12-35 » n'est pas une date : décembre n'a que 31 jours",
    "D.sub_string(0, 10) in [\"2026-12-21\", \"2026-12-31\"]"
)]
#[case(
    "let jour = D.sub_string(0, 10); jour >= \"2026-12-1\"",
    "les dates de SoWell s'écrivent comme « 2026-01-31T10:00:00 » : écrivez « 2026-12-01 »",
    "let jour = D.sub_string(0, 10); jour >= \"2026-12-01\""
)]
#[case(
    "D.sub_string(5, 5) == \"24/12\"",
    "cette partie de la date a le mois, puis le jour, comme « 01-31 » : écrivez « 12-24 »",
    "D.sub_string(5, 5) == \"12-24\""
)]
#[case(
    "D.sub_string(5, 5) == \"24-12\"",
    "cette partie de la date a le mois, puis le jour, comme « 01-31 » : écrivez « 12-24 »",
    "D.sub_string(5, 5) == \"12-24\""
)]
#[case(
    "D.sub_string(5, 2) == \"13\"",
    "cette partie de la date ne vaut jamais « 13 » : elle s'écrit comme « 01 »",
    "D.sub_string(5, 2) == \"01\""
)]
#[case(
    "heure_de(D) >= 18.5",
    "« heure_de » donne un nombre entier, et jamais 18.5 : écrivez « >= 18 » ou « >= 19 »",
    "heure_de(D) >= 18"
)]
#[case(
    "let h = heure_de(D); 7.5 > h",
    "« heure_de » donne un nombre entier, et jamais 7.5 : écrivez « < 7 » ou « < 8 »",
    "let h = heure_de(D); h < 8"
)]
#[case(
    "D > \"2027-01-03\" && D < \"2026-12-21\"",
    "« signalement.date_creation » n'est jamais à la fois « > \"2027-01-03\" » et « < \"2026-12-21\" » : pour l'un ou l'autre, écrivez « || » ; pour un jour entre les deux, « signalement.date_creation >= \"2026-12-21\" && signalement.date_creation < \"2027-01-04\" »",
    "D >= \"2026-12-21\" && D < \"2027-01-04\""
)]
#[case(
    "D >= \"2026-12-21\" || D < \"2027-01-04\"",
    "cette condition est toujours vraie : « signalement.date_creation » est toujours « >= \"2026-12-21\" » ou « < \"2027-01-04\" » ; pour une date entre les deux, écrivez « && »",
    "D >= \"2026-12-21\" && D < \"2027-01-04\""
)]
#[case(
    "D >= 20261221",
    "« signalement.date_creation » est un texte, et ne se compare jamais à un nombre : écrivez la date entre guillemets, comme « \"2026-12-21\" »",
    "D >= \"2026-12-21\""
)]
#[case(
    "D >= 2027",
    "« signalement.date_creation » est un texte, et ne se compare jamais à un nombre : écrivez la date entre guillemets, comme « \"2027\" »",
    "D >= \"2027\""
)]
#[case(
    "D >= 18",
    "« signalement.date_creation » est un texte, et ne se compare jamais à un nombre : l'heure est « heure_de(signalement.date_creation) », qui est un nombre",
    "heure_de(D) >= 18"
)]
#[case(
    "heure_de(D) >= \"18:30\"",
    "un nombre et un texte ne se comparent pas : le résultat est toujours false ; « heure_de » donne l'heure, sans les minutes : écrivez 18, sans guillemets",
    "heure_de(D) >= 18"
)]
#[case(
    "signalement.photos == \"\"",
    "un nombre et un texte ne sont jamais égaux ; un nombre n'est jamais vide : pour « aucun », comparez « signalement.photos » avec 0",
    "signalement.photos == 0"
)]
fn a_date_that_means_something_else_is_reported(
    #[case] wrong: &str,
    #[case] message: &str,
    #[case] right: &str,
) {
    assert_eq!(told(wrong), [message]);
    assert_eq!(told(right), [""; 0]);
}

#[rstest]
#[case("D >= \"2026-12-21\" && D < \"2027-01-04\"")]
#[case("D >= \"2026-12-21\" && D.starts_with(\"2026\")")]
#[case("D < \"2026-12-21\" || D >= \"2027-01-04\"")]
#[case("D > \"2026-12-20\"")]
#[case("D >= \"2026-01-01\" && D <= \"9999-12-31\"")]
#[case("D <= \"9999\"")]
#[case("D >= \"2026-12-21T\"")]
#[case("D < \"2026-12-21T\"")]
#[case("D.sub_string(0, 11) == \"2026-12-21T\"")]
#[case("D.sub_string(9, 1) in [\"0\", \"2\", \"4\", \"6\", \"8\"]")]
#[case("D.sub_string(6, 1) == \"0\"")]
#[case("D.sub_string(5, 1) == \"1\" || D.sub_string(8, 1) == \"3\"")]
#[case("D >= \"2026-12-21T18:00\" && D <= \"2026-12-21T23:59:59\"")]
#[case("D < \"2026-11-31\"")]
#[case("D >= \"2026-12\" && D < \"2027\"")]
#[case("D != \"\"")]
#[case("D.starts_with(\"2026-1\")")]
#[case("D.starts_with(\"2026-12-2\")")]
#[case("D.starts_with(\"2026-12-21T\")")]
#[case("D.contains(\"-12-25T\")")]
#[case("D.contains(\"12-25\")")]
#[case("D.sub_string(0, 10) in [\"2026-12-21\", \"2026-12-22\"]")]
#[case("D.sub_string(0, 10) <= \"2026-12-31\"")]
#[case("D.sub_string(0, 7) == \"2026-12\"")]
#[case("D.sub_string(0, 4) == \"2026\"")]
#[case("D.sub_string(5, 5) >= \"12-20\" || D.sub_string(5, 5) <= \"01-05\"")]
#[case("D.sub_string(5, 5) == \"02-29\"")]
#[case("D.sub_string(5, 2) in [\"02\", \"11\"] || D.sub_string(8, 2) in [\"30\", \"31\"]")]
#[case("D.sub_string(11, 5) >= \"18:30\"")]
#[case("heure_de(D) >= 18.0")]
#[case("let minutes = heure_de(D) * 60; minutes >= 18.5 * 60")]
#[case("heure_de(D) / 2.0 > 8.5")]
#[case("signalement.photos > 2026 - 12 - 1")]
#[case("signalement.photos > 10-2-1")]
#[case("signalement.photos > 100/10/2")]
#[case("let debut = \"2026-12-01\"; let fin = \"2027-01-01\"; D >= debut && D < fin")]
#[case("parse_int(D.sub_string(0, 4)) == 2026")]
#[case("jour_de_semaine(D) == \"lundi\" && mois_de(D) == 12")]
fn a_date_compared_correctly_is_not_reported(#[case] condition: &str) {
    assert_eq!(told(condition), [""; 0]);
}
