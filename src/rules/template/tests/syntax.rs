//! Texts that the parser refuses: what is wrong, and the place to correct.

use super::*;

#[test]
fn errors_are_found_before_use() {
    let cases = [
        ("m.txt", "Bonjour\n", 1, "Objet"),
        (
            "m.txt",
            "Objet: x\n\n{{ a|majuscule }}\n",
            3,
            "filtre inconnu",
        ),
        ("m.txt", "Objet: x\n{% if a %}\n", 2, "endif"),
        ("m.txt", "Objet: x\n{{ a\n", 2, "refermée"),
        ("m.txt", "Objet: x\n{% endif %}\n", 2, "ne ferme rien"),
        (
            "m.txt",
            "Objet: x\n{{ maintenant() }}\n",
            2,
            "« maintenant »",
        ),
        ("m.txt", "Objet: x\n{% sii a %}\n", 2, "n'existe pas"),
        (
            "contexte.txt",
            "\n{{ signalement.descripton }}",
            2,
            "« signalement.descripton » n'existe pas",
        ),
    ];
    for (name, text, line, words) in cases {
        let (templates, faults) = compile(&[(name, text)]);
        assert!(templates.is_none(), "{text}");
        assert_eq!(faults[0].line, line, "{faults:?}");
        assert!(faults[0].message.contains(words), "{faults:?}");
    }
}

#[rstest]
#[case("{{ a b }}", "il faut ici « }} », et non un nom")]
#[case("{{ a | }}", "il faut ici un nom, et non « }} »")]
#[case("{{ (a }}", "cette parenthèse n'est pas refermée : il manque « ) »")]
#[case("{{ [1, 2 }}", "ce crochet n'est pas refermé : il manque « ] »")]
#[case("{{ a..b }}", "il faut ici un nom")]
#[case("{% if %}x{% endif %}", "il y a ici « %} » en trop")]
#[case("{% for x on a %}{% endfor %}", "il faut ici « in », et non un nom")]
#[case("{{ 'a }}", "apostrophe")]
#[case("{# a", "commentaire")]
#[case("{% raw %}", "endraw")]
#[case("{{ a ? b }}", "signe inattendu « ? »")]
#[case("{{ “a” }}", "il y a ici un guillemet typographique")]
#[case("{{ 'a' | default(‘b’) }}", "il y a ici une apostrophe typographique")]
#[case("{{ a\u{200b} }}", "il y a ici un caractère invisible")]
#[case("{% set loop = 1 %}", "réservé")]
#[case("{{ 1_ }}", "nombre")]
#[case("{{ 'a\\u12' }}", "barre")]
fn compile_errors_are_in_french(#[case] tag: &str, #[case] words: &str) {
    let (_, faults) = compile(&[("m.txt", &format!("Objet: x\n{tag}"))]);
    assert!(!faults.is_empty(), "{tag}");
    assert!(faults[0].message.contains(words), "{tag}: {faults:?}");
}

#[rstest]
#[case(
    "é {{ bien.code\nBonjour {{ priorite }}\n",
    1,
    3,
    "cette balise « {{ » n'est pas refermée : il manque « }} »"
)]
#[case(
    "a\n é {{ bien.code }\nBonjour {{ priorite }}\n",
    2,
    4,
    "il manque « }} », et non « } »"
)]
#[case(
    "a {{ bien.code\n« Bonjour » {{ priorite }}\n",
    1,
    3,
    "« {{ » n'est pas refermée"
)]
#[case("a\n{{ bien.code\nBonjour\n", 2, 1, "« {{ » n'est pas refermée")]
#[case(
    "{% if bien \nBonjour {{ priorite }}{% endif %}\n",
    1,
    1,
    "« {% » n'est pas refermée"
)]
#[case(
    "a\n{{ bien.code %}\nb",
    2,
    1,
    "commence par « {{ » et finit par « %} » : il faut « }} »"
)]
#[case(
    "a\n{% if bien }}b{% endif %}",
    2,
    1,
    "commence par « {% » et finit par « }} »"
)]
#[case(
    "a\nb {% if bien %}c\n\nd\n",
    2,
    3,
    "« {% if bien %} » n'est pas refermé : il manque « {% endif %} »"
)]
#[case(
    "a\n{%- for x in [1] -%}c\n\nd\n",
    2,
    1,
    "« {% for x in [1] %} » n'est pas refermé : il manque « {% endfor %} »"
)]
#[case(
    "{% if bien %}\n{% for x in [1] %}\n{% endif %}",
    2,
    1,
    "il manque « {% endfor %} » avant « {% endif %} » de la ligne 3"
)]
#[case(
    "{% if bien %}\n{% endfor %}",
    2,
    1,
    "« {% endfor %} » ne ferme rien : « {% if %} » de la ligne 1 se ferme par « {% endif %} »"
)]
#[case("a\n{% else %}", 2, 1, "« {% else %} » ne va qu'entre")]
#[case(
    "{% if bien %}a{% endif %}\n{% if bien %}b{% else %}c",
    2,
    1,
    "« {% if bien %} » n'est pas refermé"
)]
#[case(
    "é {{ bien.code | default(\"a) }}\n\nl'{{ priorite }} \"\n",
    1,
    26,
    "le guillemet ouvert ici n'est pas refermé"
)]
#[case(
    "é {{ bien.code | default('a) }}\n\nl'eau {{ priorite }}\n",
    1,
    26,
    "l'apostrophe ouverte ici n'est pas refermée"
)]
#[case(
    "é {{ bien.code | default(\"a”) }}\n\n{{ priorite }}\n",
    1,
    26,
    "n'est pas refermé : il y a ici un guillemet typographique"
)]
#[case("a\n{# b\nc", 2, 1, "ce commentaire « {# … #} » n'est pas refermé")]
#[case("a\n{% raw %}\nc", 2, 1, "il manque « {% endraw %} »")]
fn an_unclosed_part_is_reported_where_it_opens(
    #[case] text: &str,
    #[case] line: u32,
    #[case] column: u32,
    #[case] words: &str,
) {
    assert_one_told(text, (line, column), words);
}

#[test]
fn an_open_tag_before_a_long_text_is_reported_where_it_opens() {
    let told = told(&format!(
        "a\n {{{{ bien.code\n{}",
        "encore un mot ".repeat(400)
    ));
    assert_eq!((told[0].0, told[0].1), (2, 2), "{told:?}");
    assert!(told[0].2.contains("n'est pas refermée"), "{told:?}");
}

#[rstest]
#[case("{% if priorite == 'Fuite d'eau' %}", 19, "l'apostrophe suivante")]
#[case("{{ priorite | default(\"l\"eau\") }}", 23, "guillemet suivant")]
#[case("{% if {{ bien }} %}a{% endif %}", 7, "ne va pas dans une autre")]
fn a_slip_in_a_tag_is_not_reported_as_an_open_tag(
    #[case] text: &str,
    #[case] column: u32,
    #[case] words: &str,
) {
    let (_, faults) = compile(&[("contexte.txt", text)]);
    assert_eq!((faults.len(), faults[0].column), (1, column), "{faults:?}");
    assert!(faults[0].message.contains(words), "{faults:?}");
}

#[rstest]
#[case("Objet\u{a0}: x", 1, "Objet: …")]
#[case("Objet:  \nx", 1, "l'objet de cet e-mail est vide")]
#[case("Objet: é {{ priorité }}\nx", 20, "signe inattendu")]
#[case("  Objet : a {{ bien.code | majuscule }}\nx", 28, "filtre inconnu")]
fn errors_in_a_subject_have_their_position(
    #[case] text: &str,
    #[case] column: u32,
    #[case] words: &str,
) {
    let (templates, faults) = compile(&[("m.txt", text)]);
    if text.starts_with("Objet\u{a0}") {
        // In French, a space precedes the colon; any kind of space will do.
        assert!(templates.is_some(), "{faults:?}");
        return;
    }
    assert!(templates.is_none());
    assert_eq!(
        (faults[0].line, faults[0].column),
        (1, column),
        "{faults:?}"
    );
    assert!(faults[0].message.contains(words), "{faults:?}");
}
