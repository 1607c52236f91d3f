//! What a case of a connector checks, and how it reports differences.

use rstest::rstest;

use crate::rules::case::tests::told;
use crate::rules::connector::Partner;

const CONNECTOR: &str = "
doublons: recherche
authentification:
  session:
    connexion: {chemin: /login, corps: {formulaire: {cle: '{{ secrets.cle }}'}}}
    jeton: /session
    entetes: {Session: '{{ jeton }}'}
operations:
  chercher:
    chemin: /tickets
    parametres: {ref: '{{ reference }}', etat: [ouvert, clos]}
    elements: /liste
    uid: /id
  televerser:
    chemin: /photos
    corps: {multipart: {photo: {fichier: '{{ fichier }}'}, meta: {json: {n: '{{ fichier.numero }}'}}}}
    lire: {jeton: /jeton}
  creer:
    prealables: [{nom: lieu, chemin: '/lieux/{{ demande.residence }}', lire: {id: /id}}]
    chemin: /tickets
    corps:
      json:
        ref: '{{ reference }}'
        lieu: '{{ lieu.id }}'
        bien?: '{{ demande.bien }}'
        photos: {pour: p, dans: '{{ fichiers }}', faire: '{{ p.envoi.jeton }}'}
        le: '{{ maintenant }}'
    reponses: {refus_si: reponse.json.code != 0, message: /motif}
    uid: {entete: Location, motif: '([0-9]+)$'}
  changements:
    chemin: /tickets
    parametres: {debut: '{{ page.decalage }}', depuis: '{{ depuis }}'}
    elements: /liste
    uid: /id
    statut: /statut
    date: /date
    page: {taille: 50}
";

/// The diagnostics about these cases: line, column, message.
fn gate(cases: &str) -> Vec<(u32, u32, String)> {
    let found = told(&[(Partner::Crm.file(), CONNECTOR), ("cas/a.yaml", cases)]);
    let found = found.into_iter().filter(|it| it.0 == "cas/a.yaml");
    found.map(|it| (it.1, it.2, it.3)).collect()
}

#[rstest]
#[case::login(
    "connecteur: crm
operation: creer
etape: connexion
reponse: {statut: 200, json: {session: abc}}
attendu:
  requete: {methode: POST, chemin: /login, corps: {formulaire: {cle: '***cle***'}}}
  lu: {jeton: abc}
"
)]
#[case::step_before(
    "connecteur: crm
operation: creer
etape: lieu
valeurs: {demande: {residence: a/b}}
reponse: {statut: 200, json: {id: 12}}
attendu: {requete: {chemin: /lieux/a%2Fb, corps: {}}, lu: {id: 12}}
"
)]
#[case::query_and_headers(
    "connecteur: crm
operation: chercher
valeurs: {reference: R-7}
reponse: {statut: 200, json: {liste: []}}
attendu:
  requete:
    parametres: {ref: R-7, etat: [ouvert, clos]}
    entetes: {session: '***jeton***', Authorization: }
  elements: []
"
)]
#[case::photo(
    "connecteur: crm
operation: televerser
attendu:
  requete: {corps: {multipart: {photo: {fichier: 1, nom: photo-1.jpg, type: image/jpeg}, meta: {json: {n: 1}}}}}
"
)]
#[case::creation(
    "connecteur: crm
operation: creer
valeurs:
  maintenant: 2026-01-01T00:00:00Z
  demande: {bien: null}
  lieu: {id: 12}
  fichiers: [{envoi: {jeton: a}}, {}, {envoi: {jeton: 3}}]
reponse: {statut: 200, entetes: {Location: /tickets/42}, json: {code: 0}}
attendu:
  requete:
    corps:
      json:
        ref: 2ab2cbcf-4350-8d21-bcbb-aada8bb677c6
        lieu: 12
        photos: [a, '(lu : jeton)', 3]
        le: 2026-01-01T00:00:00Z
  uid: 42
"
)]
#[case::refusal_with_status_200(
    "connecteur: crm
operation: creer
reponse: {statut: 200, json: {code: 3, motif: plein}}
attendu: {issue: refus, message: plein}
"
)]
#[case::page(
    "connecteur: crm
operation: changements
valeurs: {page: {numero: 3}}
reponse: {statut: 200, json: {liste: [{id: 1, statut: a, date: 2026-03-01T09:30:00Z}]}}
attendu:
  requete: {parametres: {debut: 100, depuis: '2026-02-28T22:59:59Z'}}
  elements: [{uid: 1, statut: a, resultat: null}]
  page_suivante: false
"
)]
#[case::unreadable_answer(
    "connecteur: crm
operation: creer
reponse: {statut: 200, json: {code: 0}}
attendu: {erreur: 'pas de « uid »'}
"
)]
#[case::html_page(
    "connecteur: crm
operation: creer
reponse: {statut: 200, texte: <html>}
attendu: {issue: doute, erreur: JSON}
"
)]
fn a_case_that_holds_pins_request_and_answer(#[case] case: &str) {
    let case = case.replace('\n', "\n    ");
    assert_eq!(gate(&format!("cas:\n  - nom: un\n    {case}\n")), []);
}

/// Each case, with the beginning of each message.
#[rstest]
#[case::number_and_text(
    "valeurs: {lieu: {id: 12}, fichiers: []}, attendu: {requete: {corps: {json: {ref: r, lieu: '12', photos: [], bien: R-01-A, le: '2026-02-28T22:59:59Z'}}}}",
    &["requete/corps/json/ref : attendu « r », obtenu « 2ab2cbcf-4350-8d21-bcbb-aada8bb677c6 »",
      "requete/corps/json/lieu : attendu « 12 », obtenu 12"]
)]
#[case::more_and_less(
    "attendu: {requete: {corps: {json: {ref: 2ab2cbcf-4350-8d21-bcbb-aada8bb677c6, lieu: '(lu : id)', photos: ['(lu : jeton)'], le: '2026-02-28T22:59:59Z', neuf: 1}}}}",
    &["requete/corps/json/photos/1 : attendu rien, obtenu « (lu : jeton) »",
      "requete/corps/json/neuf : attendu 1, obtenu rien",
      "requete/corps/json/bien : attendu rien, obtenu « R-01-A »"]
)]
#[case::another_form(
    "attendu: {requete: {methode: PUT, corps: {texte: a}}}",
    &["requete/methode : attendu « PUT », obtenu « POST »", "requete/corps/texte : attendu « a », obtenu rien", "requete/corps/json : attendu rien, obtenu {"]
)]
#[case::header(
    "attendu: {requete: {entetes: {Session: }}}",
    &["requete/entetes/Session : attendu null, obtenu « ***jeton*** »"]
)]
#[case::unexpected_failure(
    "reponse: {statut: 500}, attendu: {}",
    &["doute : réponse 500"]
)]
#[case::meaning(
    "reponse: {statut: 404, json: {code: 0}}, attendu: {issue: doute}",
    &["issue : attendu « doute », obtenu « refus »"]
)]
#[case::no_answer("attendu: {uid: 42}", &["« uid » ne s'attend qu'avec « reponse »"])]
#[case::slip_in_a_value(
    "valeurs: {demande: {bein: x}}, attendu: {}",
    &["valeur inconnue « bein » : vouliez-vous dire « bien » ?"]
)]
#[case::unknown_step(
    "etape: liex, attendu: {}",
    &["étape inconnue « liex » : vouliez-vous dire « lieu » ?"]
)]
fn a_difference_is_reported(#[case] case: &str, #[case] words: &[&str]) {
    let cases = format!("cas:\n  - {{nom: un, connecteur: crm, operation: creer, {case}}}\n");
    let told = gate(&cases);
    assert_eq!(told.len(), words.len(), "{told:?}");
    for (words, (line, _, told)) in words.iter().zip(&told) {
        assert_eq!(*line, 2);
        let told = told.strip_prefix("cas « un » : ").unwrap();
        assert!(told.starts_with(words), "{told}");
    }
}

#[test]
fn a_difference_is_reported_at_its_line() {
    let cases = "cas:
  - nom: un
    connecteur: crm
    operation: chercher
    attendu:
      requete:
        chemin: /ticket
        parametres:
          ref: 2ab2cbcf-4350-8d21-bcbb-aada8bb677c6
          etat: [ouvert, fermé]
";
    let places: Vec<(u32, u32)> = gate(cases).into_iter().map(|it| (it.0, it.1)).collect();
    assert_eq!(places, [(7, 17), (10, 26)]);
}

#[test]
fn a_long_text_is_shown_from_its_first_difference() {
    let long = "a".repeat(300);
    let cases = format!(
        "cas:
  - {{nom: un, connecteur: crm, operation: televerser, valeurs: {{fichier: {{nom: {long}b}}}},
     attendu: {{requete: {{corps: {{multipart: {{photo: {{fichier: 1, nom: {long}c, type: image/jpeg}}, meta: {{json: {{n: 1}}}}}}}}}}}}}}
"
    );
    let told = &gate(&cases)[0].2;
    let same = "a".repeat(20);
    assert!(
        told.ends_with(&format!("attendu « …{same}c », obtenu « …{same}b »")),
        "{told}"
    );
}

#[test]
fn an_operation_that_is_not_described_is_reported() {
    let case = |partner: &str, operation: &str| {
        let cases = format!(
            "cas:\n  - {{nom: un, connecteur: {partner}, operation: {operation}, attendu: {{}}}}\n"
        );
        gate(&cases).remove(0).2
    };
    assert_eq!(
        case("crm", "joindre"),
        "cas « un » : connecteurs/crm.yaml ne décrit pas l'opération « joindre » : noms connus : changements, chercher, creer, televerser"
    );
    assert_eq!(
        case("crm", "cree"),
        "mot inconnu « cree » : vouliez-vous dire « creer » ?"
    );
    let without = told(&[(
        "cas/a.yaml",
        "cas: [{nom: un, connecteur: crm, operation: creer, attendu: {}}]",
    )]);
    assert_eq!(
        without[0].3,
        "cas « un » : il n'y a pas de connecteurs/crm.yaml"
    );
}

#[rstest]
#[case(
    "{methode: , chemin: /tickets}",
    "« methode » est vide et n'est donc pas comparé"
)]
#[case("{chemin: }", "« chemin » est vide")]
#[case(
    "{entetes: {Session:abc}}",
    "il manque une espace après les deux-points : « Session: abc »"
)]
#[case(
    "{entetes: {Session abc}}",
    "il manque les deux-points : écrivez « Session: abc »"
)]
#[case("{parametres: {ref; R-7}}", "écrivez « ref: R-7 »")]
#[case(
    "{parametres: {page 2}}",
    "« page 2 » n'a pas de valeur, et le cas attend donc que rien ne soit envoyé sous ce nom : il manque les deux-points : écrivez « page: 2 »"
)]
#[case("{entetes: {Session: '***jeton***', Authorization: }}", "")]
#[case("{methode: GET}", "")]
#[case("{}", "")]
fn a_part_that_is_not_compared_is_a_remark(#[case] requete: &str, #[case] words: &str) {
    let cases = format!(
        "cas:\n  - nom: un\n    connecteur: crm\n    operation: chercher\n    attendu: {{requete: {requete}}}\n"
    );
    let told: Vec<String> = gate(&cases).into_iter().map(|it| it.2).collect();
    assert!(
        told.iter().any(|it| it.contains(words)) || words.is_empty(),
        "{told:?}"
    );
    if words.is_empty() {
        assert_eq!(told, [""; 0]);
    }
}

#[test]
fn a_line_of_the_connector_is_told_with_its_file() {
    let uid = "uid: {entete: Location, motif: '([0-9]+)$'}";
    let connector = CONNECTOR.replace(uid, "uid: '{{ reponse.json.ticket.id }}'");
    assert_ne!(connector, CONNECTOR);
    let line = connector.lines().position(|it| it.contains("ticket.id"));
    let cases = "cas:\n  - nom: un\n    connecteur: crm\n    operation: creer\n    reponse: {statut: 200, json: {code: 0}}\n    attendu: {requete: {methode: POST}}\n";
    let found = told(&[(Partner::Crm.file(), &connector), ("cas/a.yaml", cases)]);
    let told: Vec<_> = found.iter().filter(|it| it.0 == "cas/a.yaml").collect();
    assert_eq!(told.len(), 1, "{told:?}");
    let words = format!(
        " : connecteurs/crm.yaml, ligne {} : ",
        line.unwrap_or_default() + 1
    );
    assert!(told[0].3.contains(&words), "{told:?}");
}
