//! How values are written, and what is asked of those that are not there.

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
#[case("{{ signalement.bien is none }}", "oui")]
#[case("{% if signalement.transmettre_auteur == true %}x{% endif %}", "x")]
fn what_is_absent_is_written_as_nothing(#[case] text: &str, #[case] wanted: &str) {
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
fn what_is_undefined_is_still_an_error(#[case] text: &str) {
    let error = written("txt", text).unwrap_err();
    assert!(error.message.contains("n'existe pas"), "{error}");
    let name = text.trim_matches(['{', '}', ' ']).split(" |").next();
    assert!(error.message.contains(name.unwrap()), "{error}");
}

#[test]
fn a_default_stands_for_what_is_undefined_too() {
    assert_eq!(
        written("txt", "{{ etage | default('aucun') }}").unwrap(),
        "aucun"
    );
}
