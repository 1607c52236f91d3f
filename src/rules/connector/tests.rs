//! The requests that a connector's file makes and how it reads answers, without any call.

mod answers;
mod creation;
mod literals;
mod pages;
mod photos;
mod requests;
mod slips;

use serde_json::{Value as Json, json};

use super::*;
use crate::rules::diagnostic::Severity;
use rstest::rstest;

/// An API that uses most features of the language.
const API: &str = "
nom: Essai
authentification: {entetes: {X-Key: '{{ secrets.cle }}'}}
tables: {priorites: {haute: 6, faible: 2}}
operations:
  chercher:
    chemin: /issues.json
    parametres: {ref: '{{ reference }}', statut: [a, b], rien?: '{{ demande.nom }}'}
    elements: /issues
    garder_si: element.ref == reference
    uid: /id
  televerser:
    chemin: /uploads.json
    parametres: {filename: '{{ fichier.nom }}'}
    corps: {fichier: {contenu: '{{ fichier }}', type: application/octet-stream}}
    lire: {jeton: /upload/token}
  creer:
    prealables:
      - nom: lieu
        chemin: /places
        parametres: {code: '{{ demande.residence }}'}
        lire: {id: /0/id}
    chemin: /projects/{{ demande.residence }}/issues.json
    corps:
      json:
        issue:
          subject: '{{ demande.qualification }} : {{ demande.auteur|tronquer(3) }}'
          priority_id: \"{{ demande.priorite|table('priorites') }}\"
          place: '{{ lieu.id }}'
          private: false
          number: '12'
          bien?: '{{ demande.bien }}'
          custom:
            - {id: 1, value: '{{ reference }}'}
            - {si: 'demande.bien', alors: {id: 2, value: '{{ demande.bien }}'}}
          uploads:
            pour: fichier
            dans: '{{ fichiers }}'
            faire: {token: '{{ fichier.envoi.jeton }}', filename: '{{ fichier.nom }}'}
    uid: /issue/id
    reponses: {refus_si: 'reponse.json.error', message: /error, indisponible: [429, 503]}
  changements:
    chemin: /issues.json
    parametres: {updated_on: '>={{ depuis }}', offset: '{{ page.decalage }}', limit: '{{ page.taille }}'}
    elements: /issues
    uid: /id
    statut: /status/name
    date: \"{{ element.updated|lire_date('%Y-%m-%d %H:%M:%S') }}\"
    page: {taille: 2}
";

fn compile(text: &str) -> (Option<Connector>, Vec<Diagnostic>) {
    let text = text.replace("{{ demande.nom }}", "{{ demande.bien }}");
    let mut faults = Vec::new();
    let connector = Connector::compile(Partner::Crm, &text, &mut faults);
    (connector, faults)
}

fn api() -> Connector {
    let (connector, faults) = compile(API);
    assert_eq!(faults, []);
    connector.unwrap()
}

fn body(request: &Request) -> Json {
    match &request.body {
        Body::Text(text) => serde_json::from_str(text).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn answer(status: u16, body: &str) -> Answer {
    Answer {
        status,
        headers: std::collections::BTreeMap::from([(
            "location".to_owned(),
            "https://api.example/issues/77".to_owned(),
        )]),
        body: body.as_bytes().to_vec(),
        whole: true,
    }
}

fn read(operation: Operation, step: Step, answer: &Answer) -> Result<Extracted, Failure> {
    let api = api();
    let access = api.sample_access().unwrap();
    api.interpret(operation, step, &sample(operation), &access, answer)
}

fn creation() -> Json {
    let mut values = sample(Operation::Creer);
    values["lieu"] = json!({"id": 5});
    for at in [0, 1] {
        values["fichiers"][at]["envoi"] = json!({"jeton": format!("t{at}")});
    }
    values
}
