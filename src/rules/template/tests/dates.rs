//! Comparisons with the hour, the day or the month of a date, and dates that are misread.

use super::known::{one, remarks};
use super::*;

#[rstest]
#[case(
    "signalement.date_creation | heure_de >= \"20\"",
    47,
    "écrivez 20 sans guillemets"
)]
#[case(
    "\"7\" > signalement.date_creation | heure_de",
    7,
    "écrivez 7 sans guillemets"
)]
#[case(
    "signalement.date_creation|heure_de == '20:00'",
    45,
    "un nombre de 0 à 23, sans guillemets"
)]
#[case(
    "signalement.date_creation | heure_de in ['22', '23']",
    48,
    "écrivez 22 sans guillemets"
)]
#[case(
    "signalement.date_creation | jour_de_semaine == \"Samedi\"",
    54,
    "écrivez « samedi »"
)]
#[case(
    "signalement.date_creation | jour_de_semaine not in [\"samedi\", \"dimnache\"]",
    69,
    "écrivez « dimanche »"
)]
#[case(
    "signalement.date_creation | jour_de_semaine == 6",
    54,
    "donne un mot, et jamais un nombre : « lundi »"
)]
#[case(
    "signalement.date_creation | mois_de == \"Août\"",
    46,
    "écrivez 8 sans guillemets"
)]
#[case(
    "signalement.date_creation | mois_de == \"08\"",
    46,
    "écrivez 8 sans guillemets"
)]
fn an_impossible_hour_day_or_month_is_reported(
    #[case] condition: &str,
    #[case] column: u32,
    #[case] words: &str,
) {
    one(
        &format!("{{% if {condition} %}}a{{% endif %}}"),
        column,
        words,
    );
}

#[rstest]
#[case("signalement.date_creation | heure_de >= 20 or signalement.date_creation | heure_de < 7")]
#[case("signalement.date_creation | heure_de in [22, 23]")]
#[case("signalement.date_creation | heure_de | string == \"20\"")]
#[case("signalement.date_creation | heure == \"08:05\"")]
#[case("signalement.date_creation | jour_de_semaine in [\"samedi\", \"dimanche\"]")]
#[case("signalement.date_creation | jour_de_semaine in \"samedi dimanche\"")]
#[case("signalement.date_creation | jour_de_semaine | title == \"Samedi\"")]
#[case("\"samedi\" == signalement.date_creation | jour_de_semaine")]
#[case("signalement.date_creation | mois_de in [7, 8] and signalement.priorite == \"high\"")]
#[case("signalement.date_creation | mois_de == 8 and \"gaz\" in signalement.description")]
fn a_possible_hour_day_or_month_is_not_reported(#[case] condition: &str) {
    assert_eq!(
        remarks(&format!("{{% if {condition} %}}a{{% endif %}}")),
        []
    );
}

#[rstest]
#[case(
    "{{ signalement.date_creation[11:16] }}",
    4,
    "pas toujours celle de Paris : écrivez « signalement.date_creation | heure »",
    "{{ signalement.date_creation | heure }}"
)]
#[case(
    "{% if signalement.date_creation[11:13] == \"20\" %}a{% endif %}",
    7,
    "écrivez « signalement.date_creation | heure_de », qui est un nombre de 0 à 23",
    "{% if signalement.date_creation | heure_de == 20 %}a{% endif %}"
)]
#[case(
    "{% if signalement.date_creation | date > \"01/12/2026\" %}a{% endif %}",
    42,
    "« date » met le jour avant le mois, et l'ordre de tels textes n'est pas celui des dates : écrivez « signalement.date_creation | date_iso », à comparer avec \"2026-12-01\"",
    "{% if signalement.date_creation | date_iso > \"2026-12-01\" %}a{% endif %}"
)]
#[case(
    "{% if signalement.date_creation >= \"24/12/2026\" %}a{% endif %}",
    36,
    "commence par l'année : écrivez « signalement.date_creation | date_iso », à comparer avec \"2026-12-24\"",
    "{% if signalement.date_creation | date_iso >= \"2026-12-24\" %}a{% endif %}"
)]
#[case(
    "{% if signalement.date_creation | heure < \"7:00\" %}a{% endif %}",
    43,
    "l'heure sur deux chiffres : écrivez \"07:00\"",
    "{% if signalement.date_creation | heure < \"07:00\" %}a{% endif %}"
)]
fn a_misread_date_is_reported(
    #[case] text: &str,
    #[case] column: u32,
    #[case] words: &str,
    #[case] remedy: &str,
) {
    one(text, column, words);
    assert_eq!(remarks(remedy), []);
}

#[rstest]
#[case("signalement.date_creation | date == \"01/12/2026\"")]
#[case("\"01/12/2026\" != signalement.date_creation | date")]
#[case("signalement.date_creation > \"2026-12-01\"")]
#[case("signalement.date_creation[:10] == \"2026-12-01\"")]
#[case("signalement.date_creation[:4] == \"2026\" or signalement.date_creation[5:7] == \"12\"")]
#[case("signalement.date_creation | heure >= \"20:00\"")]
#[case("signalement.date_creation | heure < \"07:00\"")]
#[case("signalement.description[11:16] == \"abcde\"")]
#[case("\"décembre\" in signalement.date_creation | date_longue")]
#[case("signalement.date_creation | heure_de < 7")]
fn a_correctly_read_date_is_not_reported(#[case] condition: &str) {
    assert_eq!(
        remarks(&format!("{{% if {condition} %}}a{{% endif %}}")),
        []
    );
}

#[rstest]
#[case("{{ signalement.date_creation }}", 4)]
#[case("le {{- evenement.signalement.date_creation -}}.", 8)]
#[case("{% if bien %}{{ signalement.date_creation }}{% endif %}", 17)]
fn a_date_printed_as_sowell_writes_it_is_reported(#[case] text: &str, #[case] column: u32) {
    one(text, column, "date_creation | date »");
    let remedy = text.replace("date_creation", "date_creation | date");
    assert_eq!(remarks(&remedy), []);
}

#[rstest]
#[case("{{ signalement.date_creation | date }} {{ signalement.date_creation[:4] }}")]
#[case("<time datetime=\"{{ signalement.date_creation }}\">hier</time>")]
#[case("https://vivest.example/?le={{ signalement.date_creation }}")]
#[case("{% set d = signalement.date_creation %}{{ d | date }}")]
#[case("{% set d %}{{ signalement.date_creation }}{% endset %}{{ d | date }}")]
#[case("{% filter date %}{{ signalement.date_creation }}{% endfilter %}")]
#[case("{# {{ signalement.date_creation }} #}{% raw %}{{ signalement.date_creation }}{% endraw %}")]
fn a_date_in_a_form_for_programs_is_not_reported(#[case] text: &str) {
    assert_eq!(remarks(text), []);
}

#[test]
fn the_contexte_may_have_a_date_as_sowell_writes_it() {
    assert_eq!(told("{{ signalement.date_creation }}"), []);
}

#[rstest]
#[case(
    "signalement.date_creation == \"2026-12-31\"",
    36,
    "contient aussi l'heure : écrivez « signalement.date_creation | date_iso », à comparer avec \"2026-12-31\"",
    "signalement.date_creation | date_iso == \"2026-12-31\""
)]
#[case(
    "signalement.date_creation <= \"2026-12-31\"",
    36,
    "contient aussi l'heure",
    "signalement.date_creation | date_iso <= \"2026-12-31\""
)]
#[case(
    "\"2026-12-31\" >= signalement.date_creation",
    7,
    "contient aussi l'heure",
    "\"2026-12-31\" >= signalement.date_creation | date_iso"
)]
#[case(
    "signalement.date_creation >= \"2026-12-1\"",
    36,
    "« 2026-01-31T10:00:00 » : écrivez « signalement.date_creation | date_iso », à comparer avec \"2026-12-01\"",
    "signalement.date_creation | date_iso >= \"2026-12-01\""
)]
#[case(
    "signalement.date_creation >= \"2026-31-12\"",
    36,
    "à comparer avec \"2026-12-31\"",
    "signalement.date_creation | date_iso >= \"2026-12-31\""
)]
#[case(
    "signalement.date_creation >= 2026-12-01",
    36,
    "à comparer avec \"2026-12-01\", guillemets compris",
    "signalement.date_creation | date_iso >= \"2026-12-01\""
)]
#[case(
    "signalement.date_creation >= 01/12/2026",
    36,
    "à comparer avec \"2026-12-01\", guillemets compris",
    "signalement.date_creation | date_iso >= \"2026-12-01\""
)]
#[case(
    "signalement.date_creation | date == \"1/12/2026\"",
    43,
    "écrivez \"01/12/2026\"",
    "signalement.date_creation | date == \"01/12/2026\""
)]
#[case(
    "signalement.date_creation | date == \"2026-12-01\"",
    43,
    "écrivez \"01/12/2026\"",
    "signalement.date_creation | date == \"01/12/2026\""
)]
#[case(
    "signalement.date_creation | date_iso == \"1/12/2026\"",
    47,
    "écrivez \"2026-12-01\"",
    "signalement.date_creation | date_iso == \"2026-12-01\""
)]
#[case(
    "signalement.date_creation | date_longue == \"1er décembre 2026\"",
    50,
    "écrivez \"mardi 1er décembre 2026\"",
    "signalement.date_creation | date_longue == \"mardi 1er décembre 2026\""
)]
#[case(
    "signalement.date_creation | mois_de == 13",
    46,
    "« == 13 » n'est jamais vrai : « mois_de » donne un nombre de 1 à 12",
    "signalement.date_creation | mois_de == 12"
)]
#[case(
    "signalement.date_creation | heure_de == 24",
    47,
    "« == 24 » n'est jamais vrai : « heure_de » donne un nombre de 0 à 23, minuit étant 0",
    "signalement.date_creation | heure_de in [22, 0]"
)]
#[case(
    "signalement.date_creation | heure_de >= 24",
    47,
    "« >= 24 » n'est jamais vrai",
    "signalement.date_creation | heure_de >= 23"
)]
#[case(
    "23 < signalement.date_creation | heure_de",
    7,
    "« > 23 » n'est jamais vrai",
    "22 < signalement.date_creation | heure_de"
)]
#[case(
    "signalement.date_creation | mois_de > 12",
    45,
    "« > 12 » n'est jamais vrai : « mois_de » donne un nombre de 1 à 12",
    "signalement.date_creation | mois_de >= 12"
)]
#[case(
    "signalement.date_creation | mois_de < 1",
    45,
    "« < 1 » n'est jamais vrai",
    "signalement.date_creation | mois_de <= 1"
)]
#[case(
    "signalement.description in \"ascenseur\"",
    34,
    "écrivez « \"ascenseur\" in signalement.description »",
    "\"ascenseur\" in signalement.description"
)]
#[case(
    "signalement.description not in \"ascenseur\"",
    38,
    "écrivez « \"ascenseur\" not in signalement.description »",
    "\"ascenseur\" not in signalement.description"
)]
#[case(
    "signalement.description in \"gaz, eau\"",
    34,
    "écrivez « (\"gaz\" in signalement.description or \"eau\" in signalement.description) »",
    "(\"gaz\" in signalement.description or \"eau\" in signalement.description)"
)]
#[case(
    "residence.code == \"A\" and signalement.description not in \"gaz, eau\"",
    64,
    "écrivez « not (\"gaz\" in signalement.description or \"eau\" in signalement.description) »",
    "residence.code == \"A\" and not (\"gaz\" in signalement.description or \"eau\" in signalement.description)"
)]
fn a_date_that_never_matches_as_meant_is_reported(
    #[case] condition: &str,
    #[case] column: u32,
    #[case] words: &str,
    #[case] remedy: &str,
) {
    one(
        &format!("{{% if {condition} %}}a{{% endif %}}"),
        column,
        words,
    );
    assert_eq!(remarks(&format!("{{% if {remedy} %}}a{{% endif %}}")), []);
}

#[rstest]
#[case(
    "signalement.date_creation >= \"2026-12-21\" and signalement.date_creation < \"2027-01-03\""
)]
#[case("signalement.date_creation <= \"2026-11-31\" or signalement.date_creation >= \"2026\"")]
#[case(
    "\"2026-12-21\" <= signalement.date_creation and \"2027-01-03\" > signalement.date_creation"
)]
#[case("signalement.date_creation[:10] == \"2026-12-31\"")]
#[case(
    "signalement.date_creation[:4] == \"2026\" or signalement.date_creation is startingwith \"2026-12\""
)]
#[case("signalement.date_creation <= \"2026-12-31T23:59:59\"")]
#[case(
    "signalement.date_creation | date == \"25/12/2026\" or (signalement.date_creation | date)[:5] == \"25/12\""
)]
#[case("signalement.date_creation | date_iso in [\"2026-12-24\", \"2026-12-25\"]")]
#[case("signalement.date_creation | date_longue == \"vendredi 25 décembre 2026\"")]
#[case("signalement.date_creation | heure_de < 24 and signalement.date_creation | mois_de <= 12")]
#[case("signalement.date_creation | heure_de > 22 or signalement.date_creation | mois_de < 2")]
#[case("signalement.date_creation | heure_de <= 0 or signalement.date_creation | mois_de >= 12")]
#[case("24 > signalement.date_creation | heure_de and 0 <= signalement.date_creation | heure_de")]
#[case("signalement.date_creation | heure_de != 24 or 13 != signalement.date_creation | mois_de")]
#[case("signalement.date_creation == demande.uid or signalement.description == \"2026-12-31\"")]
#[case("signalement.photos == 2026-12-01 or \"2026-12-1\" in signalement.description")]
fn a_date_that_may_match_is_not_reported(#[case] condition: &str) {
    assert_eq!(
        remarks(&format!("{{% if {condition} %}}a{{% endif %}}")),
        []
    );
}
