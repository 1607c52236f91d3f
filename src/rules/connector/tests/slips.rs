//! What is wrong with a file is told where it stands.

use super::*;

/// Each fault with the line that it must be told at.
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
fn a_slip_is_told_at_its_line(#[case] text: &str, #[case] line: u32, #[case] words: &str) {
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
    "« X-Clé » n'est pas un nom d'en-tête HTTP : « é » n'y va pas"
)]
#[case("entetes: {'': a}", 1, 11, "il est vide")]
#[case(
    "authentification: {entetes: {X‑Key: a}}",
    1,
    30,
    "un tiret typographique"
)]
fn a_name_that_no_header_can_have_is_refused(
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
fn an_expression_is_told_of_at_the_faulty_place(
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
