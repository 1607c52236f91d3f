//! The values of texts and expressions, and what is reported about those that fail.

use super::*;
use serde_json::json;

fn value(source: &str) -> Result<Option<Json>, String> {
    let context = json!({
        "n": 3, "list": [1, "a", null], "t": "a/b é?", "nothing": null, "d": "2026-02-28T23:30:00Z",
        "tables": {"p": {"haute": 6, "1": "un"}}, "p": "haute",
    });
    let text = Text::compile(source).map_err(|it| it.message)?;
    text.value(&Scope::of(&context))
}

#[test]
fn a_single_expression_keeps_its_type() {
    for (source, wanted) in [
        ("{{ n }}", json!(3)),
        (" {{ n + 1 }} ", json!(4)),
        ("{{ list }}", json!([1, "a", null])),
        ("{{ nothing }}", json!(null)),
        ("{{ n > 2 }}", json!(true)),
        ("n° {{ n }}", json!("n° 3")),
        ("{{ n }}{{ n }}", json!("33")),
        ("{% if n %}oui{% endif %}", json!("oui")),
        ("{{ p|table('p') }}", json!(6)),
        ("{{ 1|table('p') }}", json!("un")),
        ("{{ 'x'|table('p', 'y') }}", json!("y")),
        ("{{ 'x'|table('p', none) }}", json!(null)),
        ("{{ t|base64 }}", json!("YS9iIMOpPw==")),
        ("{{ 'id=42;'|motif('id=([0-9]+)') }}", json!("42")),
        ("{{ 'x'|motif('[0-9]') }}", json!(null)),
        ("{{ t|tronquer(3) }}", json!("a/b")),
        ("{{ d|horodatage }}", json!(1_772_321_400)),
        (
            "{{ d|format_date('%Y%m%d', zone='Paris') }}",
            json!("20260301"),
        ),
        (
            "{{ d|format_date('%Y-%m-%d %H:%M') }}",
            json!("2026-02-28 23:30"),
        ),
        (
            "{{ '2026-07-01 10:00:00'|lire_date('%Y-%m-%d %H:%M:%S', zone='Paris') }}",
            json!("2026-07-01T08:00:00Z"),
        ),
        (
            "{{ '2026-07-01 10:00:00.250'|lire_date('%Y-%m-%d %H:%M:%S%.f', zone='Paris') }}",
            json!("2026-07-01T08:00:00.250Z"),
        ),
        (
            "{{ '2026-07-01T10:00:00.007+0200'|lire_date('%Y-%m-%dT%H:%M:%S%.f%z') }}",
            json!("2026-07-01T08:00:00.007Z"),
        ),
        (
            "{{ '2026-11-29+0100'|lire_date('%Y-%m-%d%z', zone='Paris') }}",
            json!("2026-11-28T23:00:00Z"),
        ),
        (
            "{{ '29/11/2026 19h'|lire_date('%d/%m/%Y %Hh', zone='Paris') }}",
            json!("2026-11-29T18:00:00Z"),
        ),
        (
            "{{ '29/11/2026'|lire_date('%d/%m/%Y', zone='Paris') }}",
            json!("2026-11-28T23:00:00Z"),
        ),
        (
            "{{ '29/11/2026 07:20 PM CET'|lire_date('%d/%m/%Y %I:%M %p %Z', zone='Paris') }}",
            json!("2026-11-29T18:20:00Z"),
        ),
        (
            "{{ '1772321400'|lire_date('%s') }}",
            json!("2026-02-28T23:30:00Z"),
        ),
        (
            "{{ 1772321400|depuis_horodatage }}",
            json!("2026-02-28T23:30:00Z"),
        ),
        (
            "{{ '1772321400.5'|depuis_horodatage }}",
            json!("2026-02-28T23:30:00.500Z"),
        ),
        (
            "{{ 1772321400007|depuis_horodatage }}",
            json!("2026-02-28T23:30:00.007Z"),
        ),
        ("plain", json!("plain")),
    ] {
        assert_eq!(value(source), Ok(Some(wanted)), "{source}");
    }
    assert_eq!(value("{{ list[7] }}"), Ok(None));
}

#[test]
fn a_value_is_one_segment_of_a_path() {
    let scope = Scope::of(&json!({"t": "a/../b?c é"}));
    let path = |source: &str| Text::compile(source).unwrap().path(&scope).unwrap();
    assert_eq!(
        path("/issues/{{ t }}.json"),
        "/issues/a%2F..%2Fb%3Fc%20%C3%A9.json"
    );
    assert_eq!(path("{{ t|safe }}"), "a/../b?c é");
}

#[test]
fn errors_are_in_french() {
    for (source, words) in [
        ("{{ n", "refermée"),
        ("{{ x.y }}", "« x"),
        ("a {{ x }}", "« x » n'existe pas"),
        ("{{ n|majuscule }}", "filtre inconnu"),
        ("{{ 'hot'|table('p') }}", "n'a pas « hot »"),
        ("{{ p|table('q') }}", "pas de table « q »"),
        ("{{ d|format_date('%Q') }}", "format de date"),
    ] {
        let error = value(source).unwrap_err();
        assert!(error.contains(words), "{source}: {error}");
    }
}

#[test]
fn compile_errors_have_their_position() {
    for (source, at, words) in [
        ("commentaire ==", 12, "il manque une valeur après « == »"),
        ("{{ n + }}", 5, "il manque une valeur après « + »"),
        ("(n", 1, "il manque"),
        ("n n", 2, "en trop"),
        ("n == \"a", 5, "le guillemet ouvert ici n'est pas refermé"),
        ("é == 1", 0, "signe inattendu « é »"),
        ("a {{ n", 2, "cette balise « {{ » n'est pas refermée"),
        ("a {{ n + }}", 9, "« }} »"),
    ] {
        let compiled = match source.strip_prefix("a ") {
            Some(_) => Text::compile(source),
            None => Text::expression(source),
        };
        let broken = compiled.unwrap_err();
        assert_eq!(broken.at, at, "{source}: {broken:?}");
        assert!(broken.message.contains(words), "{source}: {broken:?}");
    }
}

#[test]
fn names_are_known_without_values() {
    let text = Text::compile("{% for it in list %}{{ it.x }} {{ demande.bien }}{% endfor %}");
    let names = text.unwrap().names();
    assert_eq!(
        names,
        BTreeSet::from(["demande.bien".into(), "list".into()])
    );
}

#[test]
fn an_absent_value_writes_nothing() {
    for (source, wanted) in [
        ("<c>{{ nothing }}</c>", json!("<c></c>")),
        ("Logement {{ nothing|lower }} fin", json!("Logement  fin")),
        ("{{ nothing|tronquer(500) }}", json!(null)),
        ("{{ nothing|lower|trim }}", json!(null)),
        ("{{ nothing|replace('a', 'b') }}", json!(null)),
        ("{{ nothing|urlencode }}", json!(null)),
        ("{{ nothing|lire_date('%d/%m/%Y') }}", json!(null)),
        ("{{ nothing|default('sans') }}", json!("sans")),
        ("{{ nothing|lower|default('sans') }}", json!("sans")),
        ("{{ t|replace('a', nothing) }}", json!("/b é?")),
        ("{{ n ~ '-' ~ nothing }}", json!("3-")),
        ("{{ nothing ~ n * 2 ~ nothing|lower ~ 'x' }}", json!("6x")),
        ("{{ (nothing ~ 'x')|upper }}", json!("X")),
        ("{{ '~' ~ [nothing][0] }}", json!("~")),
        ("{{ 'x' ~ nothing is none }}", json!("xTrue")),
        ("{{ 'x' ~ (n if n > 5 else nothing) }}", json!("x")),
        (
            "a {{ n ~ nothing }}{% if t ~ nothing == t %}b{% endif %}",
            json!("a 3b"),
        ),
        ("{{ list|join('-') }}", json!("1-a-")),
        ("{{ '%s.'|format(nothing) }}", json!(".")),
        ("{{ nothing|tojson }}", json!("null")),
        ("{{ true }}, {{ 'None' ~ false }}", json!("True, NoneFalse")),
    ] {
        assert_eq!(value(source), Ok(Some(wanted)), "{source}");
    }
}

#[test]
fn an_identifier_without_one_of_its_parts_is_absent() {
    let scope = Scope::of(&json!({"n": 3, "nothing": null})).identifying();
    let identifier = |source: &str| Text::expression(source).unwrap().value(&scope);
    for source in [
        "n ~ '-' ~ nothing",
        "{{ nothing ~ n }}",
        "{{ (n ~ nothing|lower)|upper }}",
        "[n, nothing]|join('-')",
        "'%s-%s'|format(n, nothing)",
        "(n ~ '-' ~ nothing)|sha256",
    ] {
        assert_eq!(identifier(source), Ok(None), "{source}");
    }
    assert_eq!(identifier("n ~ '-' ~ n"), Ok(Some(json!("3-3"))));
    let guarded = identifier("n ~ ('-' ~ nothing if nothing else '')");
    assert_eq!(guarded, Ok(Some(json!("3"))));
}

#[test]
fn a_condition_can_ask_about_an_absent_value() {
    let scope = Scope::of(&json!({"nothing": null, "some": "ASC"}));
    let holds = |source: &str| Text::expression(source).unwrap().holds(&scope);
    for (source, wanted) in [
        ("'a' in nothing|lower", false),
        ("'a' in some|lower", true),
        ("nothing|upper == ''", true),
        ("nothing", false),
    ] {
        assert_eq!(holds(source), Ok(wanted), "{source}");
    }
}

#[test]
fn an_absent_key_signs_nothing() {
    let scope = Scope::of(&json!({"nothing": null}));
    let signed = |source: &str| Text::expression(source).unwrap().value(&scope);
    signed("'a'|hmac_sha256(nothing)").unwrap_err();
    assert!(signed("'a'|hmac_sha256('k')").unwrap().is_some());
}

#[test]
fn a_path_with_an_absent_value_is_none() {
    let scope = Scope::of(&json!({"n": 3, "nothing": null}));
    let path = |source: &str| Text::compile(source).unwrap().path(&scope);
    for source in [
        "/lieux/{{ nothing }}/t",
        "/lieux/{{ nothing|lower }}",
        "/lieux/D{{ nothing }}",
        "/lieux/{{ 'D' ~ nothing }}/t?x=1",
        "{{ nothing|safe }}",
    ] {
        let error = path(source).unwrap_err();
        assert!(error.contains("default("), "{source}: {error}");
    }
    for (source, wanted) in [
        (
            "/lieux/{{ n }}?x={{ nothing }}&y={{ n ~ nothing }}",
            "/lieux/3?x=&y=3",
        ),
        ("/lieux{{ nothing|default('') }}", "/lieux"),
        ("/lieux/{{ nothing|default('aucun') }}", "/lieux/aucun"),
        ("/lieux{{ '/' ~ nothing if nothing else '' }}", "/lieux"),
    ] {
        assert_eq!(path(source).as_deref(), Ok(wanted), "{source}");
    }
}

#[test]
fn a_message_shows_the_text_as_it_is_written() {
    let error = value("{{ n ~ absent ~ n }}").unwrap_err();
    assert!(error.contains("absent") && !error.contains('_'), "{error}");
}
