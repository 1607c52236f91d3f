//! What a recorded case keeps, and what it removes.

use super::*;
use crate::rules::case::tests::told;

const CONNECTOR: &str = "
doublons: recherche
operations:
  chercher:
    chemin: /tickets
    parametres: {ref: '{{ reference }}'}
    elements: /liste
    uid: /id
  creer:
    prealables: [{nom: lieu, chemin: /lieux, lire: {id: /0/id}}]
    chemin: /tickets
    corps: {json: {ref: '{{ reference }}', lieu: '{{ lieu.id }}', photos: '{{ fichiers }}'}}
    reponses: {message: /erreurs/0}
    uid: {entete: Location, motif: '([0-9]+)$'}
  lire_statut:
    chemin: /tickets/{{ uid }}
    statut: /etat/nom
    date: /modifie
    commentaire: /notes/0/texte
    resultat: \"{{ (reponse.json.champs|selectattr('id', 'eq', 11)|first).valeur }}\"
";

fn recorded(
    operation: Operation,
    change: impl FnOnce(&mut Json),
    answer: (u16, &[(&str, &str)], Json),
) -> String {
    let connector = Connector::compile(Partner::Crm, CONNECTOR, &mut Vec::new()).unwrap();
    let mut values = connector.example(operation);
    change(&mut values);
    let (status, headers, body) = answer;
    let headers = headers.iter();
    let headers = headers.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let exchange = Exchange {
        nom: "un",
        partner: Partner::Crm,
        operation,
        step: Step::Main,
        values: &values,
        answer: &Answer {
            status,
            headers: headers.collect(),
            body: body.to_string().into_bytes(),
            whole: true,
        },
    };
    let case = record(&connector, &exchange).unwrap();
    let text = file(&[case]).unwrap();
    // The recorded case passes.
    let found = told(&[(Partner::Crm.file(), CONNECTOR), ("cas/a.yaml", &text)]);
    let found: Vec<_> = found.iter().filter(|it| it.0 == "cas/a.yaml").collect();
    assert!(found.is_empty(), "{found:?}\n{text}");
    text
}

#[test]
fn only_values_that_are_read_are_kept_and_no_person_is_named() {
    let ticket = json!({
        "id": 42, "etat": {"id": 7, "nom": "Clôturée", "par": "Jeanne Martin"},
        "modifie": "2026-03-01T09:30:00Z", "auteur": {"nom": "Camille Durand", "tel": "0601020304"},
        "notes": [{"texte": "Madame Durand est absente", "de": "j@bailleur.example"}, {"texte": "b"}],
        "champs": [{"id": 3, "valeur": "c@locataire.example"}, {"id": 11, "valeur": "Rejeté"}],
    });
    let text = recorded(
        Operation::LireStatut,
        |values| values["uid"] = "42".into(),
        (200, &[("server", "nginx"), ("set-cookie", "a=b")], ticket),
    );
    for kept in ["Clôturée", "Rejeté", "2026-03-01T09:30:00Z", "/tickets/42"] {
        assert!(text.contains(kept), "{kept} in {text}");
    }
    for gone in [
        "Durand", "Jeanne", "example", "0601", "nginx", "cookie", "auteur",
    ] {
        assert!(!text.contains(gone), "{gone} in {text}");
    }
    assert!(
        text.contains("commentaire: \"***\"") || text.contains("commentaire: '***'"),
        "{text}"
    );
}

#[test]
fn values_from_an_answer_and_headers_that_are_read_are_kept() {
    let text = recorded(
        Operation::Creer,
        |values| {
            values["lieu"]["id"] = 12.into();
            values["fichiers"] = json!([]);
        },
        (
            201,
            &[("location", "https://crm.example/tickets/42")],
            json!({"le": "x"}),
        ),
    );
    assert!(text.contains("uid:"), "{text}");
    assert!(text.contains("lieu: 12"), "{text}");
}

#[test]
fn a_refusal_keeps_its_message_without_addresses() {
    let text = recorded(
        Operation::Creer,
        |_| {},
        (
            422,
            &[],
            json!({"erreurs": ["z@locataire.example est inconnu"], "trace": "secret"}),
        ),
    );
    assert!(
        text.contains("*** est inconnu") && text.contains("issue: refus"),
        "{text}"
    );
    assert!(!text.contains("trace"), "{text}");
}

#[test]
fn a_long_list_is_cut() {
    let list: Vec<Json> = (0..50).map(|it| json!({"id": it, "titre": "t"})).collect();
    let text = recorded(
        Operation::Chercher,
        |_| {},
        (200, &[], json!({"liste": list})),
    );
    assert!(!text.contains("titre") && !text.contains("49"), "{text}");
}
