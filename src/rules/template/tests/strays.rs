//! Signs of tags that stand alone and are printed as they are.

use super::known::{one, remarks};
use super::*;

#[rstest]
#[case(
    "é bien.code | upper }} b",
    3,
    "« bien.code | upper » part tel quel : il manque « {{ »"
)]
#[case("é le texte }} b", 12, "« }} » part tel quel")]
#[case("é if bien %} b", 11, "« %} » part tel quel")]
#[case("é { include 'a' %} b", 3, "« {% include 'a' %} »")]
#[case("{{ priorite }} }}", 16, "« }} » part tel quel")]
#[case("{{ priorite }}}", 15, "une accolade en trop")]
fn a_sign_that_closes_nothing_is_reported(
    #[case] text: &str,
    #[case] column: u32,
    #[case] words: &str,
) {
    let (templates, faults) = compile(&[("contexte.txt", text)]);
    assert!(templates.is_some(), "{faults:?}");
    let places: Vec<_> = faults.iter().map(|it| it.column).collect();
    assert_eq!(places, [column], "{faults:?}");
    assert!(faults[0].message.contains(words), "{faults:?}");
}

#[rstest]
#[case("<style>@media print{a{width:50%}}</style>{{ priorite }}")]
#[case("<style>a { {% if bien %}width: 50%}{% else %}width: 60%}{% endif %}</style>")]
#[case("<style>a {width: 50%} b{c:d}</style>")]
#[case("var a = {b: {c: 1}};")]
#[case("{% raw %}a }} b %}{% endraw %}{# a %} #}{{ \"}}\" }}{{ {'a': {'b': 1}} | tojson }}")]
fn matching_braces_are_not_reported(#[case] text: &str) {
    let (_, faults) = compile(&[("contexte.txt", text)]);
    assert_eq!(faults, []);
}

#[test]
fn values_in_single_braces_are_reported() {
    let text = "Objet: x\nBonjour {signalement.auteur}, {x} {priorite}\n";
    let (templates, remarks) = compile(&[("m.txt", text)]);
    assert!(templates.is_some());
    let seen: Vec<_> = remarks.iter().map(ToString::to_string).collect();
    assert_eq!(
        seen,
        [
            "modeles/m.txt, ligne 2, colonne 9 : attention : « {signalement.auteur} » part tel quel : une valeur s'écrit « {{ signalement.auteur }} »",
            "modeles/m.txt, ligne 2, colonne 35 : attention : « {priorite} » part tel quel : une valeur s'écrit « {{ priorite }} »",
        ]
    );
    let (templates, remarks) = compile(&[("m.txt", "Objet: x\n\n{ priorite }} b\n")]);
    assert!(templates.is_some());
    assert_eq!((remarks[0].line, remarks[0].column), (3, 1), "{remarks:?}");
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
#[case("Bonjour ((residence.nom))", 9, "« ((residence.nom)) » part tel quel")]
#[case("Bonjour $residence.nom,", 9, "« $residence.nom » part tel quel")]
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
#[case("((le bien)) ((demande.autre)) $demande 50 $ (residence.nom) $autre.nom")]
#[case("« demande.autre » {# «demande.uid» #}{% raw %}[demande.uid]{% endraw %}")]
fn other_words_in_such_signs_are_not_reported(#[case] text: &str) {
    assert_eq!(remarks(text), []);
}

#[rstest]
#[case(
    "{{ \"signalement.photos\" }}",
    4,
    "écrivez signalement.photos sans guillemets"
)]
#[case(
    "Bonjour {{ 'residence.nom' | upper }}",
    12,
    "écrivez residence.nom sans"
)]
#[case("{{ 'à ' ~ \"residence.nom\" }}", 11, "écrivez residence.nom sans")]
#[case(
    "{{ 'un' if \"signalement.auteur\" == 'Léa' else 'deux' }}",
    12,
    "écrivez signalement.auteur sans"
)]
fn a_value_in_quotes_is_reported(#[case] text: &str, #[case] column: u32, #[case] words: &str) {
    one(text, column, words);
    let path = words.split(' ').nth(1).unwrap();
    let remedy = text.replace(&format!("\"{path}\""), path);
    assert_eq!(remarks(&remedy.replace(&format!("'{path}'"), path)), []);
}

#[rstest]
#[case("{{ 'signalement.autre' }} {{ \"bien\" }} {{ 'Les photos' }} {{ 'vivest.example' }}")]
#[case("{{ signalement.autres['residence.nom'] | default('residence.nom') }}")]
#[case("{% if 'residence.nom' in signalement.autres %}a{% endif %}")]
#[case("{% if signalement.auteur == 'residence.nom' %}a{% endif %}")]
#[case("{# {{ 'residence.nom' }} #}{% raw %}{{ 'residence.nom' }}{% endraw %}")]
#[case("{{ 'Écrivez signalement.photos' }}")]
#[case("{% set nom = 'residence.nom' %}{{ nom }}")]
fn other_texts_in_quotes_are_not_reported(#[case] text: &str) {
    assert_eq!(remarks(text), []);
}
