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
    "« date » met le jour avant le mois, et l'ordre de tels textes n'est pas celui des dates : écrivez « signalement.date_creation[:10] », à comparer avec \"2026-12-01\"",
    "{% if signalement.date_creation[:10] > \"2026-12-01\" %}a{% endif %}"
)]
#[case(
    "{% if signalement.date_creation >= \"24/12/2026\" %}a{% endif %}",
    36,
    "commence par l'année : écrivez « signalement.date_creation[:10] », à comparer avec \"2026-12-24\"",
    "{% if signalement.date_creation[:10] >= \"2026-12-24\" %}a{% endif %}"
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
