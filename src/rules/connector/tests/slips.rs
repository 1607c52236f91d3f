//! Faults in a file are reported at their positions.

use super::*;

/// Each fault, with the line at which it must be reported.
#[rstest]
#[case(
    "operations:\n  creer:\n    chemn: /x\n    uid: /id\n",
    3,
    "« chemin »"
)]
#[case("operations:\n  creer: {chemin: /x, uid: id}\n", 2, "pointeur")]
#[case(
    "operations:\n  creer:\n    methode: POSTE\n    chemin: /x\n    uid: /id\n",
    3,
    "« POST »"
)]
#[case("operations:\n  creer:\n    chemin: /x\n    uid: /id\n", 1, "doublons")]
#[case(
    "doublons: upsert\noperations:\n  creer:\n    chemin: /{{ refrence }}\n    uid: /id\n",
    4,
    "« reference »"
)]
#[case(
    "doublons: upsert\noperations:\n  creer:\n    chemin: /{{ reference }}\n    corps: {json: {a: '{{ demande.bein }}'}}\n    uid: /id\n",
    5,
    "« bien »"
)]
#[case(
    "doublons: upsert\noperations:\n  creer:\n    chemin: /{{ reference }}\n    corps: {json: {a?: '{{ demande.bein }}'}}\n    uid: /id\n",
    5,
    "« bien »"
)]
#[case(
    "doublons: upsert\noperations:\n  creer:\n    chemin: /{{ reference|majuscule }}\n    uid: /id\n",
    4,
    "filtre inconnu « majuscule »"
)]
#[case(
    "doublons: upsert\noperations:\n  creer:\n    chemin: /{{ reference\n    uid: /id\n",
    4,
    "refermée"
)]
#[case(
    "doublons: upsert\noperations:\n  creer:\n    chemin: /{{ reference }}\n    corps: {json: {}, formulaire: {}}\n    uid: /id\n",
    5,
    "une seule"
)]
#[case(
    "doublons: upsert\ntables: {p: {haute: 1}}\noperations:\n  creer:\n    chemin: /{{ demande.priorite|table('q') }}\n    uid: /id\n",
    5,
    "pas de table « q »"
)]
#[case(
    "doublons: upsert\noperations:\n  creer:\n    chemin: /x\n    uid: /id\n    reponses: {succes: [2000]}\n",
    6,
    "statut HTTP"
)]
#[case(
    "doublons: upsert\ndelais: {total: 2m}\noperations:\n  creer: {chemin: /x, uid: /id}\n",
    2,
    "45s"
)]
#[case(
    "doublons: recherche\noperations:\n  creer: {chemin: /x, uid: /id}\n",
    1,
    "chercher"
)]
#[case(
    "doublons: upsert\noperations:\n  creer:\n    chemin: /x\n    uid: '{{ element.id|absent }}'\n",
    5,
    "filtre inconnu"
)]
#[case(
    "doublons: upsert\noperations:\n  creer:\n    chemin: /x\n    corps: {fichier: {contenu: '{{ reference }}'}}\n    uid: /id\n",
    5,
    "photo"
)]
fn a_mistake_is_reported_at_its_line(#[case] text: &str, #[case] line: u32, #[case] words: &str) {
    let (connector, faults) = compile(text);
    assert!(connector.is_none(), "{text}");
    let told = faults
        .iter()
        .any(|it| it.line == line && it.message.contains(words));
    assert!(told, "{faults:?}");
}

#[rstest]
#[case(
    "entetes: {Mon entete: a}",
    1,
    11,
    "« Mon entete » n'est pas un nom d'en-tête HTTP : il s'écrit sans espace"
)]
#[case(
    "entetes: {X-Clé?: a}",
    1,
    11,
    "« X-Clé » n'est pas un nom d'en-tête HTTP : « é » n'y est pas permis"
)]
#[case("entetes: {'': a}", 1, 11, "il est vide")]
#[case(
    "authentification: {entetes: {X‑Key: a}}",
    1,
    30,
    "un tiret typographique"
)]
fn an_invalid_header_name_is_refused(
    #[case] extra: &str,
    #[case] line: u32,
    #[case] column: u32,
    #[case] words: &str,
) {
    let api = "\noperations: {creer: {chemin: /a, uid: /id, corps: {json: {r: '{{ reference }}'}}}}\ndoublons: upsert\n";
    let (connector, faults) = compile(&format!("{extra}{api}"));
    assert!(connector.is_none());
    assert_eq!(
        (faults[0].line, faults[0].column),
        (line, column),
        "{faults:?}"
    );
    assert!(faults[0].message.contains(words), "{faults:?}");
}

#[rstest]
#[case(
    "{si: demande.bien ==, alors: a}",
    19,
    "il manque une valeur après « == »"
)]
#[case(
    "{si: 'demande.bien ==', alors: a}",
    20,
    "il manque une valeur après « == »"
)]
#[case("\"é {{ demande.bien b }}\"", 20, "« }} »")]
#[case("'{{ demande.bien == }}'", 18, "il manque une valeur après « == »")]
#[case("'a {{ demande.bien'", 4, "cette balise « {{ » n'est pas refermée")]
fn a_fault_in_an_expression_is_reported_at_its_position(
    #[case] value: &str,
    #[case] column: u32,
    #[case] words: &str,
) {
    let api = format!(
        "doublons: upsert\noperations:\n  creer:\n    chemin: /a\n    uid: /id\n    corps:\n      json:\n        r: {value}\n"
    );
    let (connector, faults) = compile(&api);
    assert!(connector.is_none());
    let before = "        r: ".len();
    let column = column + u32::try_from(before).unwrap();
    assert_eq!(
        (faults[0].line, faults[0].column),
        (8, column),
        "{faults:?}"
    );
    assert!(faults[0].message.contains(words), "{faults:?}");
}

fn told(value: &str) -> Vec<(bool, String)> {
    let text = format!(
        "doublons: upsert\ntables: {{etats: {{1: Ouverte}}}}\noperations:\n  creer:\n    chemin: /a\n    uid: /id\n    corps: {{json: {{r: '{{{{ reference }}}}', p: '{{{{ fichiers|map(attribute=\"base64\")|list }}}}', v: {value}}}}}\n"
    );
    let (_, faults) = compile(&text);
    let told = faults.into_iter();
    told.map(|it| (it.severity == Severity::Error, it.message))
        .collect()
}

#[rstest]
#[case(
    "{si: \"demande.bien != ''\", alors: a}",
    "écrivez « demande.bien », sans rien derrière"
)]
#[case(
    "{si: \"demande.qualification == 'ASC' or 'CHAUF'\", alors: a}",
    "écrivez « demande.qualification in ['ASC', 'CHAUF'] »"
)]
#[case(
    "\"{{ 1 if demande.priorite == 'haute' and demande.priorite == 'normal' else 2 }}\"",
    "jamais à la fois"
)]
#[case(
    "{si: \"demande.priorite >= 'normal'\", alors: a}",
    "l'ordre alphabétique"
)]
fn a_condition_that_never_holds_is_reported(#[case] value: &str, #[case] words: &str) {
    let told = told(value);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(!told[0].0 && told[0].1.contains(words), "{told:?}");
}

#[rstest]
#[case("{si: demande.bien, alors: a}")]
#[case("{si: '{{ demande.bien }}', alors: a}")]
#[case("{si: \"demande.bien is not none\", alors: a}")]
#[case("{si: \"demande.qualification in ['ASC', 'CHAUF']\", alors: a}")]
#[case("\"{{ demande.bien or 'aucun' }}\"")]
#[case(
    "{pour: demande, dans: '{{ fichiers }}', faire: {si: \"demande.type >= 'image'\", alors: a}}"
)]
fn a_condition_that_may_hold_is_not_reported(#[case] value: &str) {
    assert_eq!(told(value), []);
}

#[rstest]
#[case(
    "statut: \"{{ element.etat|table('statuts') }}\"",
    "pas de table « statuts »"
)]
#[case("uid: \"{{ element.id|table('ids', '') }}\"", "pas de table « ids »")]
#[case(
    "date: \"{{ element.d|lire_date('%d/%m/%Y', zone='Metz') }}\"",
    "zone inconnue « Metz »"
)]
#[case(
    "date: \"{{ element.d|lire_date('%d/%m/%Q') }}\"",
    "n'est pas un format de date"
)]
#[case(
    "date: \"{{ element.d|lire_date('%d/%m/%Y %H:%M %Z') }}\"",
    "ajoutez zone='Paris'"
)]
fn an_expression_that_fails_for_any_answer_is_refused(#[case] line: &str, #[case] words: &str) {
    let mut lines = vec!["uid: /id", "statut: /s", "date: /d"];
    let key = line.split(':').next().unwrap();
    lines.retain(|it| !it.starts_with(key));
    lines.push(line);
    let text = format!(
        "doublons: upsert\ntables: {{etats: {{1: Ouverte}}}}\noperations:\n  creer: {{chemin: /d, uid: /id}}\n  changements:\n    chemin: /l\n    parametres: {{d: '{{{{ depuis }}}}'}}\n    {}\n",
        lines.join("\n    ")
    );
    let (connector, faults) = compile(&text);
    assert!(connector.is_none());
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].message.contains(words), "{faults:?}");
    let right = text
        .replace("'statuts'", "'etats'")
        .replace("'ids'", "'etats'")
        .replace("Metz", "Paris")
        .replace("%Q", "%Y")
        .replace("%Z')", "%Z', zone='Paris')");
    assert!(compile(&right).0.is_some(), "{right}");
}

#[rstest]
#[case("lire_date('%d/%m/%Y %H:%M %Z', zone='UTC')")]
#[case("lire_date('%d/%m/%Y %H:%M %Z', zone=tables.etats.x)")]
#[case("lire_date('%d/%m/%Y %H:%M %z')")]
#[case("lire_date('%d/%m/%Y %%Z')")]
#[case("format_date('%d/%m/%Y %H:%M %Z')")]
fn a_zone_that_is_told_is_accepted(#[case] filter: &str) {
    let text = format!(
        "doublons: upsert\ntables: {{etats: {{x: UTC}}}}\noperations:\n  creer: {{chemin: /d, uid: /id}}\n  lire_statut:\n    chemin: '/l/{{{{ uid }}}}'\n    statut: /s\n    date: \"{{{{ element.d|{filter} }}}}\"\n"
    );
    let (connector, faults) = compile(&text);
    assert!(connector.is_some(), "{faults:?}");
}

#[rstest]
#[case("secret: 'a{{ secrets.nom }}'", false)]
#[case("secret: \"{{ 'a' ~ secrets.nom }}\"", true)]
#[case("secret: '{{- secrets.nom -}}'", true)]
fn a_secret_combined_with_a_different_value_is_one_expression(
    #[case] secret: &str,
    #[case] right: bool,
) {
    let text = format!(
        "doublons: upsert\nauthentification:\n  oauth2: {{url: /o, client: moi, envoi: basique, {secret}}}\noperations:\n  creer: {{chemin: '/d/{{{{ reference }}}}', uid: /id}}\n"
    );
    let (connector, faults) = compile(&text);
    assert_eq!(connector.is_some(), right, "{faults:?}");
    let told = faults
        .iter()
        .any(|it| it.line == 3 && it.message.contains("envoi: basique"));
    assert_eq!(told, !right, "{faults:?}");
}
