//! What admins are shown about their templates, and how templates render.

mod dates;
mod headers;
mod known;
mod parts;
mod remedies;
mod strays;
mod syntax;
mod vain;
mod values;

use super::*;
use rstest::rstest;
use serde_json::json;

fn compile(extra: &[(&str, &str)]) -> (Option<Templates>, Vec<Diagnostic>) {
    let mut files: FileSet = FileSet::new();
    files.insert(CONTEXTE.into(), b"{{ signalement.description }}".to_vec());
    for (name, text) in extra {
        files.insert(format!("{FOLDER}{name}"), text.as_bytes().to_vec());
    }
    let mut faults = Vec::new();
    (Templates::compile(&files, &mut faults), faults)
}

/// Asserts that a template has one diagnostic, at this place and with these words.
fn assert_one_told(text: &str, place: (u32, u32), words: &str) {
    let told = told(text);
    assert_eq!(told.len(), 1, "{text}: {told:?}");
    assert_eq!((told[0].0, told[0].1), place, "{text}: {told:?}");
    assert!(told[0].2.contains(words), "{text}: {told:?}");
}

/// The diagnostics of a template: line, column, message.
fn told(text: &str) -> Vec<(u32, u32, String)> {
    let (_, faults) = compile(&[("contexte.txt", text)]);
    let places = faults.into_iter();
    places.map(|it| (it.line, it.column, it.message)).collect()
}

#[test]
fn text_is_verbatim_and_html_is_escaped() {
    let text = "Objet : {{ signalement.description }}\n\nBonjour {{ signalement.description }}\n";
    let (templates, faults) = compile(&[("m.txt", text), ("m.html", text)]);
    assert_eq!(faults, []);
    let context = json!({"signalement": {"description": "<b>L'été</b>\n& \"🚨\""}});
    let mail = templates.unwrap().mail("m", &values_of(&context)).unwrap();
    assert_eq!(mail.subject, "<b>L'été</b> & \"🚨\"");
    assert_eq!(mail.text.unwrap(), "Bonjour <b>L'été</b>\n& \"🚨\"");
    assert!(
        mail.html
            .unwrap()
            .starts_with("Bonjour &lt;b&gt;L&#x27;été")
    );
}

#[rstest]
#[case("{% if bien %}{{ demande.uid }}{% endif %}", 1, "demande")]
#[case("{{ evenement.type }}", 1, "evenement")]
fn a_contexte_is_written_before_there_is_a_demande(
    #[case] contexte: &str,
    #[case] line: u32,
    #[case] named: &str,
) {
    let (templates, faults) = compile(&[("contexte.txt", contexte)]);
    assert!(templates.is_none());
    assert_eq!((faults.len(), faults[0].line), (1, line), "{faults:?}");
    assert!(faults[0].message.contains(named), "{faults:?}");
}

#[rstest]
#[case(
    "{% if priorite == \"x\" %}\n{{ priorite | heures }}{% endif %}",
    2,
    15
)]
#[case(
    "{%- if bien -%}{% else %}{{ priorite|majuscules }}{%- endif %}",
    1,
    38
)]
#[case("{% if bien %}{% elif priorite|petit %}{% endif %}", 1, 31)]
#[case(
    "{% if not bien %}{% for it in [1] %}{{ tour(it) }}{% endfor %}{% endif %}",
    1,
    40
)]
fn branches_that_no_sample_takes_are_tried_too(
    #[case] text: &str,
    #[case] line: u32,
    #[case] column: u32,
) {
    let mail = format!("Objet: x\n{text}");
    let (_, faults) = compile(&[("contexte.txt", text), ("m.txt", &mail)]);
    let mut places: Vec<_> = faults.iter().map(|it| (it.line, it.column)).collect();
    places.sort_unstable();
    assert_eq!(places, [(line, column), (line + 1, column)], "{faults:?}");
}

#[rstest]
#[case("{% if signalement.gps is defined %}{{ signalement.gps|upper }}{% endif %}")]
#[case("{% if not bien %}{{ bien.etage.numero|int + 1 }}{% endif %}")]
#[case("{# {% else %} #}{% raw %}{% if x|y %}{% endif %}{% endraw %}{{ '{% if x|y %}' }}")]
#[case("{# {% if bien %}x{% else %}{{ bien.code | ancien }}{% endif %} #}y")]
#[case("{% for it in [] %}a{% else %}b{% endfor %}{% if bien.code %}c{% endif %}")]
fn values_that_only_some_signalements_have_may_be_tested(#[case] text: &str) {
    let (templates, faults) = compile(&[("contexte.txt", text)]);
    assert!(templates.is_some(), "{faults:?}");
}

#[test]
fn dates_are_french_and_in_paris() {
    let (templates, _) = compile(&[(
        "m.txt",
        "Objet: x\n{{ d|date }}|{{ d|heure }}|{{ d|date_heure }}|{{ d|date_longue }}|{{ d|date_iso }}",
    )]);
    let context = json!({"d": "2026-02-28T23:30:00Z"});
    let mail = templates.unwrap().mail("m", &values_of(&context)).unwrap();
    assert_eq!(
        mail.text.unwrap(),
        "01/03/2026|00:30|01/03/2026 à 00:30|dimanche 1er mars 2026|2026-03-01"
    );
}

#[rstest]
#[case("é {{ priorité }}", 1, 13, "signe inattendu « é »")]
#[case("é {{ priorite\u{a0}}}", 1, 14, "une espace insécable")]
#[case(
    "{% if priorite == haute %}a{% endif %}",
    1,
    19,
    "« haute » n'existe pas ; si c'est un texte, mettez-le entre guillemets : \"haute\""
)]
#[case("a\n{{ titre | date_heure }}", 2, 4, "« titre » n'existe pas")]
#[case("{{ \"titre\" ~ titre }}", 1, 14, "« titre » n'existe pas")]
#[case(
    "{% for x in bien.pieces %}{% endfor %}",
    1,
    13,
    "« bien.pieces » n'existe pas"
)]
#[case("{% set x = titre %}\n{{ x }}", 1, 12, "« titre » n'existe pas")]
#[case("{{ bien.code.a.b }}", 1, 4, "« bien.code.a » n'existe pas")]
fn an_unknown_value_is_reported_where_it_is_written(
    #[case] text: &str,
    #[case] line: u32,
    #[case] column: u32,
    #[case] words: &str,
) {
    assert_one_told(text, (line, column), words);
}

#[rstest]
#[case("{{ signalement.description[:3] }}", "L'é")]
#[case(
    "{% autoescape signalement.auteur == 'x' %}{{ priorite[1:] }}{% endautoescape %}",
    "aute"
)]
#[case(
    "{{ (signalement.description|upper)[2:5] }}{{ detail[::-1] }}",
    "ÉTÉba"
)]
fn a_part_of_a_text_can_be_taken(#[case] text: &str, #[case] wanted: &str) {
    let (templates, faults) = compile(&[("m.txt", &format!("Objet: x\n\n{text}"))]);
    assert_eq!(faults, []);
    let context = json!({
        "signalement": {"description": "L'été", "auteur": "Zoé"}, "priorite": "haute", "detail": "ab",
    });
    let mail = templates.unwrap().mail("m", &values_of(&context)).unwrap();
    assert_eq!(mail.text.unwrap(), wanted);
}

#[rstest]
#[case("{{ signalement.auteur.upper() }}", "un filtre s'écrit « | upper »")]
#[case("{{ signalement.auteur() }}", "ne s'écrit pas avec des parenthèses")]
#[case("{{ signalement.auteur | upper(1) }}", "trop de valeurs")]
#[case("{{ signalement.auteur | replace('a') }}", "il manque une valeur")]
#[case("{{ signalement.auteur + 1 }}", "se collent avec « ~ »")]
#[case("{{ 1 | length }}", "pas de longueur")]
#[case("{% for x in 1 %}{% endfor %}", "pas une liste")]
#[case("{{ 'a' | int }}", "pas un nombre")]
#[case("{{ 'a' in 1 }}", "« in »")]
#[case("{{ 1 // 0 }}", "pas de résultat")]
#[case("{{ signalement.auteur | date }}", "date ISO 8601")]
#[case(
    "{{ signalement.date_creation | date(\"d/m/Y\") }}",
    "« date » s'écrit sans parenthèses"
)]
#[case(
    "{% include '_pied.txt' %}",
    "modèle introuvable « _pied.txt » : un texte que des modèles reprennent est un fichier dont le nom commence par « _ », comme « modeles/_pied.txt »"
)]
#[case("{% set a, b = [1] %}", "autant d'éléments")]
fn rendering_errors_are_in_french(#[case] text: &str, #[case] words: &str) {
    let (_, faults) = compile(&[("contexte.txt", text)]);
    assert!(!faults.is_empty(), "{text}");
    assert!(faults[0].message.contains(words), "{text}: {faults:?}");
}

#[test]
fn all_unknown_words_of_a_template_are_reported_together() {
    let text = "{{ signalement.descripton }}\n{{ titre | majuscule }} {{ bien.libele | majuscule }}\n{% if priorite is haute %}{{ maintenant() }}{% endif %}";
    let (_, faults) = compile(&[("contexte.txt", text)]);
    let seen: Vec<(u32, &str)> = faults
        .iter()
        .map(|it| (it.line, it.message.as_str()))
        .collect();
    assert_eq!(
        seen,
        [
            (
                1,
                "« signalement.descripton » n'existe pas : vouliez-vous dire « signalement.description » ?"
            ),
            (
                2,
                "filtre inconnu « majuscule » : vouliez-vous dire « upper » ?"
            ),
            (
                2,
                "« titre » n'existe pas : les noms connus sont signalement, residence, bien, qualification, priorite"
            ),
            (
                2,
                "« bien.libele » n'existe pas : vouliez-vous dire « bien.libelle » ?"
            ),
            (3, "test inconnu « haute »"),
            (3, "fonction inconnue « maintenant »"),
        ]
    );
}

#[test]
fn a_template_in_a_wrong_encoding_gets_advice_on_saving() {
    let mut files = FileSet::from([(CONTEXTE.to_owned(), b"un\nd\xe9j\xe0\n".to_vec())]);
    files.insert("modeles/_p.txt".to_owned(), "{{ a | x }}".into());
    let mut faults = Vec::new();
    assert!(Templates::compile(&files, &mut faults).is_none());
    assert_eq!(faults[0].line, 2);
    assert!(faults[0].message.contains("enregistrez-le"), "{faults:?}");
}

#[test]
fn redefining_a_name_does_not_hide_its_value() {
    let text = "Objet: x\n{% set priorite = priorite | upper %}{{ priorite }}, {% with bien = bien %}{{ bien.libelle }}{% endwith %}, {% filter upper %}{{ signalement.auteur }}{% endfilter %}";
    let (templates, faults) = compile(&[("m.txt", text)]);
    assert_eq!(faults, []);
    let context =
        json!({"priorite": "haute", "bien": {"libelle": "Cave"}, "signalement": {"auteur": "Léa"}});
    let mail = templates.unwrap().mail("m", &values_of(&context)).unwrap();
    assert_eq!(mail.text.unwrap(), "HAUTE, Cave, LÉA");
}

#[test]
fn a_template_is_given_what_it_reads() {
    let asked = |text: &str, name: &str| {
        let (templates, faults) = compile(&[("m.txt", &format!("Objet: x\n{text}"))]);
        assert_eq!(faults, []);
        templates.unwrap().read["modeles/m.txt"].get(name).cloned()
    };
    let mut some = Extent::NOTHING;
    some.add(&["demande", "uid"]);
    some.add(&["type"]);
    let text = "{{ evenement.demande.uid }}{{ evenement.type }}";
    assert_eq!(asked(text, "evenement"), Some(some));
    assert_eq!(asked(text, "demande"), None);
    for whole in [
        "{% if bien %}{{ bien.libelle }}{% endif %}",
        "{{ bien['libelle'] if bien }}",
        "{% for cle in bien %}{{ cle }}{% endfor %}",
        "{{ bien | tojson }}",
        "{% include 'modeles/contexte.txt' %}",
    ] {
        assert_eq!(asked(whole, "bien"), Some(Extent::Whole), "{whole}");
    }
}

#[test]
fn a_missing_template_is_an_error() {
    let (templates, _) = compile(&[]);
    let error = templates.unwrap().mail("absent", &|_, _| None).unwrap_err();
    assert_eq!(error.file, "modeles/absent.txt");
}
