//! Checks of templates that do not need the values of a real signalement.

use super::*;

pub(super) fn remarks(text: &str) -> Vec<(u32, u32, String)> {
    let (templates, faults) = compile(&[("m.txt", &format!("Objet: x\n\n{text}"))]);
    assert!(templates.is_some(), "{faults:?}");
    let all = faults.into_iter();
    all.map(|it| (it.line, it.column, it.message)).collect()
}

/// Asserts that the text has one remark, on the third line.
pub(super) fn one(text: &str, column: u32, words: &str) {
    let found = remarks(text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].0, found[0].1), (3, column), "{found:?}");
    assert!(found[0].2.contains(words), "{found:?}");
}

#[rstest]
#[case("{{ bien.libelle }}", 4, "« bien.libelle »")]
#[case("é {{ bien.libelle | upper }}", 6, "écrivez « {% if bien %} »")]
#[case("{{ bien['libelle'] }}", 4, "« bien")]
#[case("{% if bien.code %}a{% endif %}", 7, "« bien.code »")]
fn a_bien_that_may_be_absent_is_reported(
    #[case] text: &str,
    #[case] column: u32,
    #[case] words: &str,
) {
    let found = remarks(text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].0, found[0].1), (3, column), "{found:?}");
    assert!(found[0].2.contains(words), "{found:?}");
    assert!(
        found[0].2.contains("peut ne pas nommer de bien"),
        "{found:?}"
    );
    let contexte = compile(&[("contexte.txt", text)]).1;
    assert_eq!((contexte[0].line, contexte[0].column), (1, column));
}

#[rstest]
#[case("{% if bien %}{{ bien.libelle }}{% endif %}")]
#[case("{% if not bien %}a{% else %}{{ bien.libelle }}{% endif %}")]
#[case("{% if bien is not none %}{{ bien.libelle }}{% endif %}")]
#[case("{% if demande.bien is not none %}{{ bien.libelle }}{% endif %}")]
#[case("{{ bien.libelle if demande.bien != none else '-' }}")]
#[case("{{ bien.libelle | default('') }}{{ bien.libelle if bien }}")]
#[case("{{ bien.libelle if bien else 'la résidence' }}")]
#[case("{% if bien and bien.libelle %}{{ bien.libelle }}{% endif %}")]
#[case("{% if signalement.bien %}{{ bien.libelle }}{% endif %}")]
#[case("{{ signalement.bien }} {{ demande.bien | upper }}")]
#[case("{% for bien in ['a'] %}{{ bien.libelle }}{% endfor %}")]
#[case("{% if bien.libelle is defined %}{{ bien.libelle }}{% endif %}")]
fn a_bien_that_is_tested_first_is_not_reported(#[case] text: &str) {
    assert_eq!(remarks(text), []);
}

#[rstest]
#[case(
    "é {{ signalement.telephone | default(\"\") }}",
    6,
    "« signalement.telephone » n'existe jamais, et « default » le cache : ce qui va après « signalement. » : "
)]
#[case(
    "{{ residence.nomm|d('x') | upper }}",
    4,
    "vouliez-vous dire « residence.nom » ?"
)]
#[case(
    "{% if demande.resultat | default(false) %}{% endif %}",
    7,
    "« demande.resultat »"
)]
fn a_field_that_never_exists_is_reported_despite_a_default(
    #[case] text: &str,
    #[case] column: u32,
    #[case] words: &str,
) {
    let found = remarks(text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].0, found[0].1), (3, column), "{found:?}");
    assert!(found[0].2.contains(words), "{found:?}");
}

#[test]
fn a_filter_with_a_surplus_argument_is_reported_in_an_unused_email() {
    let found = remarks("{{ signalement.date_creation | date('d/m/Y') }}");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].2.contains("« date » s'écrit sans parenthèses"),
        "{found:?}"
    );
}

#[rstest]
#[case("{{ signalement.autres.etage | default('') }}")]
#[case("{{ residence.gestionnaires.gardien.nom | default('') }}")]
#[case("{{ bien.libelle | default('') }}{{ cle | default('') }}{{ cle.nom | default('') }}")]
#[case("{% for bien in [{'etage': 1}] %}{{ bien.etage | default('') }}{% endfor %}")]
#[case("{{ signalement['telephone'] | default('') }}")]
#[case("{{ 'signalement.telephone | default' }}{# signalement.telephone | d #}")]
fn values_that_may_exist_are_not_reported(#[case] text: &str) {
    assert_eq!(remarks(text), []);
}

pub(super) fn compared(text: &str) -> Vec<(String, String)> {
    let (templates, faults) = compile(&[("m.txt", &format!("Objet: x\n{text}"))]);
    let found = templates.unwrap_or_else(|| panic!("{faults:?}")).compared();
    let found = found.into_iter();
    found.map(|it| (it.value, it.word)).collect()
}

#[rstest]
#[case("{% if priorite == \"haute\" %}{% endif %}", Some(("priorite", "haute")))]
#[case("{%- if not 'a' != demande.statut -%}{% endif %}", Some(("demande.statut", "a")))]
#[case("{{ 'x' if evenement.demande.statut == 'a' else 'y' }}", Some(("evenement.demande.statut", "a")))]
#[case("{% if x and (priorite == 'a' or y) %}{% endif %}", Some(("priorite", "a")))]
#[case("{% if priorite | upper == 'A' %}{% endif %}", None)]
#[case("{% if priorite == 'A' | lower %}{% endif %}", None)]
#[case("{% if priorite == 'a' ~ cle %}{% endif %}", None)]
#[case("{% if cle ~ priorite == 'a' %}{% endif %}", None)]
#[case("{% if bien['code'] == 'a' %}{% endif %}", None)]
#[case("{% if 'a' == bien['code'] %}{% endif %}", None)]
#[case("{% if priorite == demande.priorite %}{% endif %}", None)]
#[case("{% set priorite = 'b' %}{% if priorite == 'a' %}{% endif %}", None)]
#[case(
    "{% for priorite in ['a'] %}{% if priorite == 'a' %}{% endif %}{% endfor %}",
    None
)]
#[case("{{ 'priorite == \"a\"' }}{# priorite == 'a' #}", None)]
fn comparisons_with_strings_are_found(#[case] text: &str, #[case] wanted: Option<(&str, &str)>) {
    let found = compared(text);
    let found: Vec<_> = found
        .iter()
        .map(|(value, word)| (value.as_str(), word.as_str()))
        .collect();
    assert_eq!(found, wanted.into_iter().collect::<Vec<_>>());
}

#[test]
fn managers_named_as_literals_are_found() {
    let text = "Objet: x
{{ residence.gestionnaires.un.nom }}{{ residence.gestionnaires.un.email | default('') }}
{% if 'deux' in residence.gestionnaires and residence.gestionnaires[\"trois\"] %}a{% endif %}
{% if 'quatre' not in residence.gestionnaires %}{{ residence.gestionnaires | length }}{% endif %}
{% for g in residence.gestionnaires %}{{ residence.gestionnaires[g].nom }}{% endfor %}
{{ 'nom' in residence.gestionnaires['trois'] }}{{ residence.gestionnaires.items() }}";
    let (templates, faults) = compile(&[("m.txt", text)]);
    let found = templates
        .unwrap_or_else(|| panic!("{faults:?}"))
        .named_managers();
    let found: Vec<(&str, u32, u32)> = found
        .iter()
        .map(|(_, it)| (it.text.as_str(), it.line, it.column))
        .collect();
    let wanted = [
        ("un", 2, 28),
        ("deux", 3, 7),
        ("trois", 3, 69),
        ("quatre", 4, 7),
    ];
    assert_eq!(found, wanted);
    let own = "Objet: x\n{% set residence = cle %}{{ residence.gestionnaires.un }}";
    assert_eq!(compile(&[("m.txt", own)]).0.unwrap().named_managers(), []);
}

#[rstest]
#[case(
    "{% if \"Gaz\" in signalement.description | lower %}a{% endif %}",
    7,
    "« Gaz » ne s'y trouve jamais : « lower » ne laisse que des minuscules ; écrivez « gaz »"
)]
#[case(
    "{% if 'Gaz' not in signalement.description | lower %}a{% endif %}",
    7,
    "« Gaz » ne s'y trouve jamais : « lower » ne laisse que des minuscules ; écrivez « gaz »"
)]
#[case(
    "{{ 'a' if priorite | upper == 'haute' else 'b' }}",
    31,
    "« haute » ne s'y trouve jamais : « upper » ne laisse que des majuscules ; écrivez « HAUTE »"
)]
#[case(
    "{% if qualification.code in \"ASC, CHAUF\" %}a{% endif %}",
    29,
    "« ASC, CHAUF » est un seul texte, où la valeur est cherchée n'importe où : une liste s'écrit « [\"ASC\", \"CHAUF\"] »"
)]
#[case(
    "{% if signalement.photos > \"1\" %}a{% endif %}",
    28,
    "« signalement.photos » est un nombre : écrivez 1 sans guillemets"
)]
#[case(
    "{% if bien and '1' == evenement.signalement.photos %}a{% endif %}",
    16,
    "« evenement.signalement.photos » est un nombre : écrivez 1 sans guillemets"
)]
#[case(
    "{% if signalement.photos == 'oui' %}a{% endif %}",
    29,
    "« signalement.photos » est un nombre, et jamais le texte « oui »"
)]
fn a_pointless_comparison_is_reported(
    #[case] text: &str,
    #[case] column: u32,
    #[case] message: &str,
) {
    assert_eq!(remarks(text), [(3, column, message.to_owned())]);
}

#[rstest]
#[case("{% if \"gaz\" in signalement.description | lower %}a{% endif %}")]
#[case("{% if \"gaz\" in signalement.description | lower | replace('g', 'G') %}a{% endif %}")]
#[case("{% if priorite | upper == 'HAUTE' or priorite | lower == 'Haute' | lower %}a{% endif %}")]
#[case("{% if 'Gaz' in signalement.description %}a{% endif %}")]
#[case("{% if qualification.code in ['ASC, CHAUF'] %}a{% endif %}")]
#[case("{% if qualification.code in 'ASC, CHAUF' | split(', ') %}a{% endif %}")]
#[case("{% for mot in 'a,b' %}{{ mot }}{% endfor %}")]
#[case("{% if signalement.photos > 1 and signalement.photos ~ '' == '2' %}a{% endif %}")]
#[case("{% if signalement.photos > '1' | int %}a{% endif %}")]
#[case("{% set photos = '1' %}{% if photos == '1' %}a{% endif %}")]
#[case("{{ '\"Gaz\" in priorite | lower' }}")]
fn a_comparison_that_may_be_true_is_not_reported(#[case] text: &str) {
    assert_eq!(remarks(text), []);
}

#[rstest]
#[case("context.txt")]
#[case("Contexte.txt")]
#[case("contexte (1).txt")]
fn a_contexte_under_a_different_name_is_reported_once(#[case] name: &str) {
    let files = FileSet::from([(
        format!("{FOLDER}{name}"),
        b"{{ signalement.description }}".to_vec(),
    )]);
    let mut faults = Vec::new();
    assert!(Templates::compile(&files, &mut faults).is_none());
    assert_eq!(faults.len(), 1, "{faults:?}");
    let remedy = format!("renommez modeles/{name} en modeles/contexte.txt");
    assert!(faults[0].message.contains(&remedy), "{faults:?}");
}

#[rstest]
#[case("contact.txt", "Bonjour")]
#[case("contexte-refus.txt", "Bonjour")]
#[case("context.txt", "Objet: x\nBonjour")]
#[case("_contexte.txt", "Bonjour")]
fn another_file_is_not_taken_for_the_contexte(#[case] name: &str, #[case] text: &str) {
    let files = FileSet::from([(format!("{FOLDER}{name}"), text.as_bytes().to_vec())]);
    let mut faults = Vec::new();
    assert!(Templates::compile(&files, &mut faults).is_none());
    let missing = faults.iter().find(|it| it.file == CONTEXTE);
    assert_eq!(missing.unwrap().message, "ce fichier manque");
}
