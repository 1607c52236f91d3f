//! How values are printed, and how missing ones are reported.

use super::*;

/// The body of an e-mail with this text, for a signalement that names no bien.
fn written(ending: &str, text: &str) -> Result<String, TemplateError> {
    let text = format!("Objet: x\n\n{text}");
    let (templates, _) = compile(&[(&format!("m.{ending}"), &text)]);
    let context = json!({
        "signalement": {"bien": null, "auteur": "Léa & co", "transmettre_auteur": true, "photos": 0, "description": "", "autres": {}},
        "bien": null, "demande": null,
    });
    let mail = templates.unwrap().mail("m", &values_of(&context))?;
    Ok(mail.text.or(mail.html).unwrap())
}

#[rstest]
#[case("a{{ signalement.bien }}b", "ab")]
#[case("a{{ bien }}b", "ab")]
#[case("{{ signalement.transmettre_auteur }}", "oui")]
#[case("{{ not signalement.transmettre_auteur }}", "non")]
#[case("{{ signalement.photos }}", "0")]
#[case("{{ signalement.bien | default(\"aucun\") }}", "aucun")]
#[case("{{ signalement.bien | default }}!", "!")]
#[case("{{ signalement.bien | d('aucun') }}", "aucun")]
#[case("{{ signalement.auteur | default('aucun') }}", "Léa & co")]
#[case("{{ signalement.photos | default(7) }}", "0")]
#[case("{{ signalement.description | default('rien') }}!", "!")]
#[case("{{ signalement.description | default('rien', true) }}", "rien")]
#[case("a{{ signalement.bien | upper }}b", "ab")]
#[case("{{ signalement.transmettre_auteur | upper }}", "OUI")]
#[case("a{{ signalement.bien | replace('o', 'a') | trim }}b", "ab")]
#[case("{{ signalement.auteur | replace('é', 'e') }}", "Lea & co")]
#[case("{{ 'aaa' | replace('a', 'b', 2) }}", "bba")]
#[case("{{ 'aaa' | replace('a', 'b', count=1) }}", "baa")]
#[case("a{{ signalement.bien | e }}{{ signalement.bien | safe }}b", "ab")]
#[case(
    "a{{ [signalement.bien, signalement.transmettre_auteur] | join('/') }}b",
    "a/ouib"
)]
#[case("{{ ['x', 2] | join }}{{ 'ab' | join('-') }}", "x2a-b")]
#[case("{{ [{'a': 'x'}, {'a': 'y'}] | join(', ', attribute='a') }}", "x, y")]
#[case("{{ signalement.bien is none }}", "oui")]
#[case("{% if signalement.transmettre_auteur == true %}x{% endif %}", "x")]
fn absent_values_are_printed_as_nothing(#[case] text: &str, #[case] wanted: &str) {
    assert_eq!(written("txt", text).unwrap(), wanted);
}

#[test]
fn values_are_still_escaped_in_html() {
    let text = "{{ signalement.auteur }}{{ signalement.bien }}{{ signalement.auteur | safe }}";
    let html = written("html", text).unwrap();
    assert_eq!(html, "Léa &amp; coLéa & co");
    let text = "{{ signalement.auteur | e | replace('é', '<br>'|safe) | upper }}";
    assert_eq!(written("html", text).unwrap(), "L<BR>A &AMP; CO");
}

#[rstest]
#[case("{{ etage }}")]
#[case("{{ etage | upper }}")]
#[case("{{ signalement.autres.etage | trim }}")]
fn undefined_values_are_still_errors(#[case] text: &str) {
    let error = written("txt", text).unwrap_err();
    assert!(error.message.contains("n'existe pas"), "{error}");
    let name = text.trim_matches(['{', '}', ' ']).split(" |").next();
    assert!(error.message.contains(name.unwrap()), "{error}");
}

#[test]
fn a_default_also_replaces_undefined_values() {
    assert_eq!(
        written("txt", "{{ etage | default('aucun') }}").unwrap(),
        "aucun"
    );
}

#[rstest]
#[case(
    "é {{ demande.gestionnaire_concerne }}",
    6,
    "« demande.gestionnaire_concerne » est un ensemble : écrivez par exemple « demande.gestionnaire_concerne.nom »"
)]
#[case("{{ residence }}", 4, "par exemple « residence.nom »")]
#[case("{{- bien -}}", 5, "par exemple « bien.libelle »")]
#[case("{{ signalement }}", 4, "par exemple « signalement.auteur »")]
#[case("{{ qualification }}", 4, "par exemple « qualification.libelle »")]
#[case("{{ demande }}", 4, "par exemple « demande.uid »")]
#[case(
    "{{ residence.gestionnaires }}",
    4,
    "par exemple « residence.gestionnaires.responsable_secteur.nom »"
)]
#[case(
    "{{ signalement.autres }}",
    4,
    "écrivez « signalement.autres. » suivi d'un nom"
)]
fn printing_a_whole_object_is_reported(
    #[case] text: &str,
    #[case] column: u32,
    #[case] words: &str,
) {
    let (templates, faults) = compile(&[("m.txt", &format!("Objet: x\n\n{text}"))]);
    assert!(templates.is_some(), "{faults:?}");
    let places: Vec<_> = faults.iter().map(|it| (it.line, it.column)).collect();
    assert_eq!(places, [(3, column)], "{faults:?}");
    assert!(faults[0].message.contains(words), "{faults:?}");
}

#[rstest]
#[case("{{ residence.nom }} {{ priorite }} {{ cle }}")]
#[case("{% set residence = residence.nom %}{{ residence }}")]
#[case(
    "{% for bien in ['a'] %}{{ bien }}{% endfor %}{% with demande = 1 %}{{ demande }}{% endwith %}"
)]
#[case("{{ residence | tojson }}{# {{ residence }} #}{% raw %}{{ residence }}{% endraw %}")]
fn printing_other_values_is_not_reported(#[case] text: &str) {
    let (_, faults) = compile(&[("m.txt", &format!("Objet: x\n\n{text}"))]);
    assert_eq!(faults, []);
}

#[rstest]
#[case("{{ signalement.nom_auteur }}", "« signalement.auteur »")]
#[case(
    "{% if evenement.type == 'statut' %}{{ demande.resultat }}{% endif %}",
    "« demande.resultat » n'existe pas"
)]
#[case("{{ nom }} {{ signalement.nom_auteur }}", "« signalement.auteur »")]
#[case(
    "{{ evenement.demande.acteur_charge.nom }}",
    "« evenement.demande.acteur_en_charge »"
)]
#[case("{{ priorite.libelle }}", "« priorite.libelle » n'existe pas")]
fn an_unused_email_is_checked(#[case] text: &str, #[case] words: &str) {
    let (templates, faults) = compile(&[("m.txt", &format!("Objet: x\n\n{text}"))]);
    assert!(templates.is_some(), "{faults:?}");
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!(faults[0].line, 3, "{faults:?}");
    assert!(faults[0].message.contains(words), "{faults:?}");
}

#[rstest]
#[case("{{ nom }} {{ cle.x }} {{ liste[0].y | date }}")]
#[case("{{ signalement.autres.etage }} {{ residence.gestionnaires.gardien.nom }}")]
#[case(
    "{% if evenement.type == 'ecarte' %}{{ evenement.motif }}{% else %}{{ demande.uid }}{% endif %}"
)]
#[case("{% if signalement.nom is defined %}{{ signalement.nom }}{% endif %}")]
#[case("{{ debut | date }} {{ duree + 1 }}")]
#[case("{{ signalement.bien | int }}")]
#[case("{% for demande in liste %}{{ demande.rue }}{% endfor %}")]
#[case("{% set bien = {'etage': 2} %}{{ bien.etage }}")]
fn values_that_a_message_may_provide_are_not_reported(#[case] text: &str) {
    let (_, faults) = compile(&[("m.txt", &format!("Objet: x\n\n{text}"))]);
    assert_eq!(faults, []);
}

#[test]
fn a_part_is_reported_once_and_only_if_included() {
    let part = (
        "_pied.txt",
        "{{ demande.uid }} {{ pied }} {{ residence.ville }}",
    );
    let mail = "Objet: x\n\n{% include \"modeles/_pied.txt\" %}";
    let (_, faults) = compile(&[part, ("m.txt", mail), ("n.txt", mail)]);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!(faults[0].file, "modeles/_pied.txt");
    let (_, faults) = compile(&[part]);
    assert_eq!(faults, []);
}

#[rstest]
#[case("{{ noms[residence.code] }}", "« noms »")]
#[case("{{ noms[residence.code].nom['x'][0] }} !", "« noms »")]
#[case("{{ noms.par_code[\"]\"] }}", "« noms »")]
#[case(
    "{% set noms = {\"MZ-99\": \"Paul\"} %}{{ noms[residence.code] }}",
    "« noms[residence.code] »"
)]
fn a_lookup_in_an_unknown_value_is_reported_once(#[case] text: &str, #[case] words: &str) {
    let text = format!("Objet: x\n\n{text}");
    let templates = compile(&[("m.txt", &text)]).0.unwrap();
    let found = templates.faults_of_mail("m", &crate::rules::view::sample_occasion("transmis"));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].message.contains(words), "{found:?}");
}
