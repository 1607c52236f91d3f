//! Conditions that are always or never true, and values that leave a gap.

use super::known::{compared, remarks};
use super::*;

/// Asserts that the text has one remark, on the third line.
fn one(text: &str, column: u32, words: &str) {
    let found = remarks(text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].0, found[0].1), (3, column), "{found:?}");
    assert!(found[0].2.contains(words), "{found:?}");
}

#[rstest]
#[case(
    "{% if residence.code == \"MZ-01\" or \"MZ-03\" %}a{% endif %}",
    36,
    "toujours vraie : écrivez « residence.code in [\"MZ-01\", \"MZ-03\"] »"
)]
#[case(
    "{% if residence.code != 'A' or 'B' or 'C' %}a{% endif %}",
    32,
    "« residence.code not in ['A', 'B', 'C'] »"
)]
#[case(
    "{% if bien and (residence.code == 'A' or 'B') %}a{% endif %}",
    42,
    "in ['A', 'B']"
)]
#[case(
    "{% if residence.code == 'A' and 'B' %}a{% endif %}",
    33,
    "in ['A', 'B']"
)]
#[case(
    "{{ 'x' if 'A' == residence['code'] or 'B' else 'y' }}",
    39,
    "« residence['code'] in ['A', 'B'] »"
)]
#[case(
    "{% if 'A' in residence.code or 'B' %}a{% endif %}",
    32,
    "écrivez la comparaison en entier"
)]
fn a_string_used_as_a_condition_is_reported(
    #[case] text: &str,
    #[case] column: u32,
    #[case] words: &str,
) {
    one(text, column, words);
}

#[rstest]
#[case("{{ signalement.autres.x or 'aucun' }}{{ bien.libelle if bien else 'aucun' }}")]
#[case(
    "{{ (residence.code == 'A' and 'un') or 'deux' }}{{ residence.code == 'A' and 'un' or 'deux' }}"
)]
#[case("{% if residence.code in ['A', 'B'] or priorite == 'haute' %}a{% endif %}")]
#[case("{% if residence.code == 'A' or residence.code == 'B' %}a{% endif %}")]
#[case("{% set x = signalement.autres.x or 'aucun' %}{{ x }}")]
#[case("{% if priorite == 'haute' or 'gaz' in signalement.description %}a{% endif %}")]
fn a_string_used_as_a_value_is_not_reported(#[case] text: &str) {
    assert_eq!(remarks(text), []);
}

#[rstest]
#[case(
    "{% if priorite == \"haute\" and priorite == \"normal\" %}a{% endif %}",
    31,
    "« priorite » ne vaut jamais à la fois « haute » et « normal » : pour l'un ou l'autre, écrivez « or »"
)]
#[case(
    "{% if priorite != 'a' or bien or 'b' != priorite %}a{% endif %}",
    34,
    "toujours vraie : « priorite » ne peut pas être à la fois « a » et « b » ; pour exclure les deux, écrivez « and »"
)]
#[case(
    "{% if bien or (priorite == 'a' and bien and priorite == 'b') %}a{% endif %}",
    45,
    "jamais à la fois"
)]
fn a_contradiction_is_reported(#[case] text: &str, #[case] column: u32, #[case] words: &str) {
    one(text, column, words);
}

#[rstest]
#[case("{% if priorite == 'a' or priorite == 'b' %}a{% endif %}")]
#[case("{% if priorite != 'a' and priorite != 'b' %}a{% endif %}")]
#[case("{% if priorite == 'a' and bien or priorite == 'b' and bien %}a{% endif %}")]
#[case("{% if priorite == 'a' and demande.priorite == 'b' %}a{% endif %}")]
#[case("{% if not priorite == 'a' and priorite == 'b' %}a{% endif %}")]
#[case("{% if priorite != 'a' and bien or priorite != 'b' %}a{% endif %}")]
#[case("{{ 'x' if priorite == 'a' else 'y' if priorite == 'b' }}")]
#[case("{% if priorite == 'a' and priorite == \"a\" %}a{% endif %}")]
fn a_condition_that_may_be_true_is_not_reported(#[case] text: &str) {
    assert_eq!(remarks(text), []);
}

#[rstest]
#[case(
    "{% if signalement.bien != \"\" %}a{% endif %}",
    7,
    "toujours vraie",
    "« signalement.bien »"
)]
#[case(
    "{% if signalement.bien is defined %}a{% endif %}",
    7,
    "toujours vraie",
    "« signalement.bien »"
)]
#[case(
    "{% if bien is not undefined %}a{% endif %}",
    7,
    "toujours vraie",
    "« bien »"
)]
#[case(
    "{% if '' == demande.bien %}a{% endif %}",
    13,
    "n'est jamais vraie",
    "« not demande.bien »"
)]
#[case(
    "{% if not demande.bien != '' %}a{% endif %}",
    11,
    "n'est jamais vraie",
    "« not demande.bien »"
)]
#[case(
    "{{ 'x' if evenement.demande.bien is not defined }}",
    11,
    "jamais",
    "« not evenement.demande.bien »"
)]
fn a_wrong_test_for_an_absent_bien_is_reported(
    #[case] text: &str,
    #[case] column: u32,
    #[case] holds: &str,
    #[case] instead: &str,
) {
    let instead = format!("écrivez {instead}, sans rien derrière");
    one(text, column, holds);
    one(text, column, &instead);
}

#[rstest]
#[case("{% if signalement.bien %}a{% endif %}{% if not signalement.bien %}a{% endif %}")]
#[case("{% if signalement.bien is not none and signalement.bien != '' %}a{% endif %}")]
#[case("{% if signalement.bien and signalement.bien != '' %}a{% endif %}")]
#[case("{% if bien is defined and bien %}a{% endif %}")]
#[case("{% if signalement.bien | default('') != '' %}a{% endif %}")]
#[case("{% if signalement.bien != none %}a{% endif %}")]
#[case("{% if residence.adresse is defined and residence.adresse != '' %}a{% endif %}")]
#[case("{% set bien = cle %}{% if bien != '' %}a{% endif %}")]
#[case("{% if signalement.bien != 'R-01-A' %}a{% endif %}")]
fn a_correct_test_for_a_bien_is_not_reported(#[case] text: &str) {
    assert_eq!(remarks(text), []);
}

#[rstest]
#[case(
    "{% if signalement.date_creation | heure > 20 %}a{% endif %}",
    43,
    "écrivez « heure_de », qui est un nombre, 20 de 20:00 à 20:59"
)]
#[case(
    "{% if 8 > signalement.date_creation | heure %}a{% endif %}",
    7,
    "écrivez « heure_de », qui est un nombre, 8 de 08:00 à 08:59"
)]
#[case("{% if residence.code == 12 %}a{% endif %}", 25, "écrivez \"12\"")]
#[case(
    "{% if residence.code | upper == 12 %}a{% endif %}",
    33,
    "« upper » donne un texte"
)]
#[case(
    "{% if priorite >= 'normal' %}a{% endif %}",
    19,
    "écrivez « priorite in ['normal', …] »"
)]
fn an_unintended_comparison_is_reported(
    #[case] text: &str,
    #[case] column: u32,
    #[case] words: &str,
) {
    one(text, column, words);
}

#[rstest]
#[case("{% if signalement.date_creation | heure > \"20:00\" %}a{% endif %}")]
#[case("{% if signalement.date_creation > '2026-01-01' %}a{% endif %}")]
#[case("{% if signalement.autres.etage == 3 or residence.nom | length > 20 %}a{% endif %}")]
#[case("{% if signalement.photos > 1 or residence.code | int == 12 %}a{% endif %}")]
#[case("{% if residence.code > 'MZ-05' %}a{% endif %}")]
#[case("{% if signalement.date_creation | heure_de > 20 %}a{% endif %}")]
#[case("{% if 8 > signalement.date_creation | heure_de %}a{% endif %}")]
#[case("{% if demande.priorite >= '3' or priorite <= 'P2' %}a{% endif %}")]
fn an_intended_comparison_is_not_reported(#[case] text: &str) {
    assert_eq!(remarks(text), []);
}

#[rstest]
#[case("{% if residence.code in [\"A\", 'B'] %}{% endif %}", &["A", "B"])]
#[case("{% if not (residence.code not in ('A', 'B')) %}{% endif %}", &["A", "B"])]
#[case("{% set l = ['A', 'B'] %}{% if residence.code in l %}{% endif %}{% if residence.code in l %}{% endif %}", &["A", "B"])]
#[case("{{ {'A': 'un', 'B': {'x': 'y'}}[residence.code] | default('') }}", &["A", "B"])]
#[case("{% set t = {'A': 'un'} %}{{ t[residence.code] }}", &["A"])]
#[case("{% if residence.code in ['A', cle] %}{% endif %}", &[])]
#[case("{% if residence.code in ['A'] + l %}{% endif %}", &[])]
#[case("{% for x in ['A'] %}{% if residence.code in x %}{% endif %}{% endfor %}", &[])]
#[case("{% set l = ['A'] %}{% set l = ['B'] %}{% if residence.code in l %}{% endif %}", &[])]
#[case("{{ ['A'][residence.code] }}{{ a.t[residence.code] }}", &[])]
fn strings_of_lists_and_tables_count_as_compared(#[case] text: &str, #[case] wanted: &[&str]) {
    let found = compared(text);
    let words: Vec<&str> = found.iter().map(|(_, word)| word.as_str()).collect();
    assert_eq!(words, wanted);
    assert!(found.iter().all(|(value, _)| value == "residence.code"));
}

#[rstest]
#[case("Logement : {{ signalement.bien }}.", 15, "default(\"aucun\")")]
#[case("Résidence ({{ demande.bien }})", 15, "{% if demande.bien %}")]
#[case(
    "{{ \"Logement \" ~ signalement.bien }}",
    18,
    "« signalement.bien | default(\"\") »"
)]
#[case("{% set x = signalement.bien ~ '!' %}{{ x }}", 12, "le mot « None »")]
#[case(
    "{{ \"n°\" ~ signalement.bien if residence else \"\" }}",
    11,
    "« None »"
)]
fn a_gap_is_reported(#[case] text: &str, #[case] column: u32, #[case] words: &str) {
    one(text, column, words);
}

#[rstest]
#[case("{% if signalement.bien %}Logement : {{ signalement.bien }}.{% endif %}")]
#[case("{% if bien %}Logement : {{ signalement.bien }}.{% endif %}")]
#[case("{% if not bien %}Aucun.{% else %}({{ signalement.bien }}){% endif %}")]
#[case("Logement : {{ signalement.bien | default(\"aucun\") }}.")]
#[case("Logement : {{ signalement.bien }}\nRésidence : {{ residence.nom }}.")]
#[case("{{ \"Logement \" ~ signalement.bien | default(\"\") }}.")]
#[case("{{ \"Logement \" ~ signalement.bien if signalement.bien else \"\" }}.")]
#[case("{{ \"Logement \" ~ signalement.bien if bien else \"\" }}.")]
#[case("{{ \"Aucun\" if not bien else \"Logement \" ~ signalement.bien }}.")]
#[case("{% if bien and \"n°\" ~ signalement.bien == \"n°R-1\" %}a{% endif %}")]
#[case("{{ \"Logement \" ~ residence.nom }}.")]
fn a_text_without_a_gap_is_not_reported(#[case] text: &str) {
    assert_eq!(remarks(text), []);
}

#[test]
fn the_remedy_for_a_joined_value_prints_no_none() {
    let text =
        "Objet: x\n{{ \"a\" ~ signalement.bien }}|{{ \"a\" ~ signalement.bien | default(\"\") }}";
    let (templates, _) = compile(&[("m.txt", text)]);
    let context = json!({"signalement": {"bien": null}});
    let mail = templates.unwrap().mail("m", &values_of(&context)).unwrap();
    assert_eq!(mail.text.unwrap(), "aNone|a");
}

#[rstest]
#[case("Bonjour «signalement.auteur»,", 9, "« {{ signalement.auteur }} »")]
#[case("Bonjour [[ signalement.auteur ]],", 9, "« {{ signalement.auteur }} »")]
#[case("Bonjour %demande.uid%", 9, "« {{ demande.uid }} »")]
#[case("Bonjour <<demande.uid>>", 9, "« <<demande.uid>> » part tel quel")]
#[case("Bonjour [demande.uid]", 9, "« [demande.uid] » part tel quel")]
#[case(
    "Bonjour <%= signalement.auteur %>,",
    9,
    "« <%= signalement.auteur %> » part tel quel : une valeur s'écrit « {{ signalement.auteur }} »"
)]
#[case("Bonjour <% demande.uid %>", 9, "« <% demande.uid %> » part tel quel")]
fn a_mail_merge_value_is_reported(#[case] text: &str, #[case] column: u32, #[case] words: &str) {
    one(text, column, words);
}

#[rstest]
#[case("Bonjour signalement.auteur,", 9, "« {{ signalement.auteur }} »")]
#[case("signalement.auteur", 1, "« {{ signalement.auteur }} »")]
#[case("Sous la référence demande.uid.", 19, "« {{ demande.uid }} »")]
#[case(
    "Merci, signalement.auteur ! {{ demande.uid }}",
    8,
    "« {{ signalement.auteur }} »"
)]
fn a_value_without_braces_is_reported(
    #[case] text: &str,
    #[case] column: u32,
    #[case] words: &str,
) {
    one(text, column, words);
    let value = words.trim_matches(['«', '»', ' ']);
    let path = value.trim_matches(['{', '}', ' ']);
    assert_eq!(remarks(&text.replacen(path, value, 1)), []);
}

#[rstest]
#[case("Bonjour {{ signalement.auteur }}, {% if demande.uid %}a{% endif %}")]
#[case("Écrivez à residence.nom@vivest.example ou sur https://vivest.example/residence.nom")]
#[case("Voir www.residence.nom et demande.autre, residence.nom.html")]
#[case("demande.uid : {{ demande.uid }}, signalement.priorite={{ signalement.priorite }}")]
#[case("{# signalement.auteur #}{% raw %}demande.uid{% endraw %}")]
#[case("<style>.demande.uid { color: red }</style>")]
#[case("<a href=\"demande.uid\" id='demande.uid'>")]
#[case("La demande. Uid, le signalement.Auteur et le bien.")]
#[case("demande, residence, signalement, qualification, bien")]
#[case("(demande.uid)")]
fn other_words_without_braces_are_not_reported(#[case] text: &str) {
    assert_eq!(remarks(text), []);
}

#[rstest]
#[case("Le « bien » est à 50 % ou 60 %, [voir note], <b>vite</b>, [[x]], <% vite %>")]
#[case("« {{ signalement.auteur }} » [{{ demande.uid }}] <{{ signalement.email_auteur }}>")]
#[case("« demande.autre » {# «demande.uid» #}{% raw %}[demande.uid]{% endraw %}")]
fn other_words_in_such_signs_are_not_reported(#[case] text: &str) {
    assert_eq!(remarks(text), []);
}

#[rstest]
#[case(
    "{{ signalement.date_creation | date longue }}",
    "d'un seul tenant : « date_longue »"
)]
#[case(
    "{% if residence.code is not \"MZ-01\" %}{% endif %}",
    "« is not \"MZ-01\" » s'écrit « != \"MZ-01\" »"
)]
#[case(
    "{% if residence.code is 'MZ-01' %}{% endif %}",
    "« is 'MZ-01' » s'écrit « == 'MZ-01' »"
)]
#[case("l'heure {{ signalement.nom }} d'été", "« signalement.nom »")]
fn the_intended_form_is_proposed(#[case] text: &str, #[case] words: &str) {
    let (_, faults) = compile(&[("contexte.txt", text)]);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].message.contains(words), "{faults:?}");
    assert!(faults[0].column > 0, "{faults:?}");
}

#[test]
fn the_text_of_the_demande_is_no_e_mail() {
    let (templates, _) = compile(&[("m.txt", "Objet: x\n")]);
    let missing = templates.unwrap().missing("contexte").unwrap();
    assert!(missing.contains("et non un e-mail"), "{missing}");
}

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
