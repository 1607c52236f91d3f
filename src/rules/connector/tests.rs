//! What a connector's file makes of values and of answers, without any call.

use serde_json::{Value as Json, json};

use super::*;
use crate::rules::diagnostic::Severity;
use rstest::rstest;

/// An API with most of what the language knows.
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

fn read(operation: Operation, step: Step, answer: &Answer) -> Result<Found, Failure> {
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

#[test]
fn a_creation_is_rendered_with_its_types() {
    let api = api();
    let access = api.sample_access().unwrap();
    let mut values = creation();
    let request = api
        .render(Operation::Creer, Step::Main, &values, &access)
        .unwrap_or_else(|it| panic!("{it}"));
    assert_eq!(request.method, "POST");
    assert_eq!(
        request.url.as_str(),
        "https://api.example/projects/R-01/issues.json"
    );
    assert!(
        request
            .headers
            .contains(&("X-Key".into(), "***cle***".into()))
    );
    let reference = values["reference"].clone();
    assert_eq!(
        body(&request),
        json!({"issue": {
            "subject": "ASC : Cam", "priority_id": 6, "place": 5, "private": false, "number": "12",
            "bien": "R-01-A",
            "custom": [{"id": 1, "value": reference}, {"id": 2, "value": "R-01-A"}],
            "uploads": [{"token": "t0", "filename": "photo-1.jpg"}, {"token": "t1", "filename": "photo-2.jpg"}],
        }})
    );
    values["demande"]["bien"] = Json::Null;
    let request = api
        .render(Operation::Creer, Step::Main, &values, &access)
        .unwrap_or_else(|it| panic!("{it}"));
    let issue = &body(&request)["issue"];
    assert!(issue.get("bien").is_none());
    assert_eq!(issue["custom"].as_array().unwrap().len(), 1);
}

#[test]
fn the_steps_of_an_operation_are_requests_of_their_own() {
    let api = api();
    let access = api.sample_access().unwrap();
    assert_eq!(api.steps_before(Operation::Creer), 1);
    assert_eq!(api.name_before(Operation::Creer, 0), Some("lieu"));
    assert!(api.uploads_for(Operation::Creer) && !api.uploads_for(Operation::Joindre));
    let before = api
        .render(Operation::Creer, Step::Before(0), &creation(), &access)
        .unwrap_or_else(|it| panic!("{it}"));
    assert_eq!(
        (before.method.as_str(), before.url.as_str()),
        ("GET", "https://api.example/places?code=R-01")
    );
    let values = sample(Operation::Televerser);
    let upload = api
        .render(Operation::Televerser, Step::Main, &values, &access)
        .unwrap_or_else(|it| panic!("{it}"));
    assert_eq!(upload.body, Body::File(1));
    assert!(
        upload
            .headers
            .contains(&("Content-Type".into(), "application/octet-stream".into()))
    );
    let search = api
        .render(
            Operation::Chercher,
            Step::Main,
            &sample(Operation::Chercher),
            &access,
        )
        .unwrap_or_else(|it| panic!("{it}"));
    assert!(
        search
            .url
            .query()
            .unwrap()
            .ends_with("&statut=a&statut=b&rien=R-01-A"),
        "{}",
        search.url
    );
}

#[rstest]
#[case(201, r#"{"issue": {"id": 12}}"#, Ok("12"))]
#[case(200, r#"{"error": "no"}"#, Err(Meaning::Refused))]
#[case(400, "", Err(Meaning::Refused))]
#[case(401, "<html>", Err(Meaning::Unauthorized))]
#[case(404, "", Err(Meaning::Refused))]
#[case(429, "", Err(Meaning::Unavailable))]
#[case(503, "", Err(Meaning::Unavailable))]
#[case(500, "", Err(Meaning::InDoubt))]
#[case(502, "<html>", Err(Meaning::InDoubt))]
#[case(302, "", Err(Meaning::Refused))]
// A success that does not say what it made.
#[case(200, "<html>OK</html>", Err(Meaning::InDoubt))]
#[case(201, r#"{"issue": {"#, Err(Meaning::InDoubt))]
#[case(201, r#"{"issue": {"id": null}}"#, Err(Meaning::InDoubt))]
#[case(204, "", Err(Meaning::InDoubt))]
fn each_answer_to_a_creation_has_its_meaning(
    #[case] status: u16,
    #[case] text: &str,
    #[case] wanted: Result<&str, Meaning>,
) {
    let got = read(Operation::Creer, Step::Main, &answer(status, text));
    let got = got.map(|it| it.items[0]["uid"].clone());
    match (got, wanted) {
        (Ok(uid), Ok(wanted)) => assert_eq!(uid, wanted),
        (Err(failure), Err(wanted)) => assert_eq!(failure.meaning, wanted, "{failure:?}"),
        other => panic!("{other:?}"),
    }
}

#[rstest]
fn each_answer_of_sowell_has_its_consequence(
    #[values(
        (200, Meaning::Success), (204, Meaning::Success), (301, Meaning::Refused),
        (302, Meaning::Refused), (400, Meaning::Refused), (401, Meaning::Unauthorized),
        (403, Meaning::Unauthorized), (404, Meaning::Refused), (408, Meaning::Unavailable),
        (409, Meaning::Refused), (422, Meaning::Refused), (425, Meaning::Unavailable),
        (429, Meaning::Unavailable), (500, Meaning::Unavailable), (503, Meaning::Unavailable)
    )]
    case: (u16, Meaning),
) {
    let text = include_str!("../../../rules/connecteurs/sowell.yaml");
    let connector = Connector::compile(Partner::Sowell, text, &mut Vec::new()).unwrap();
    let access = connector.sample_access().unwrap();
    let operation = Operation::SignalerStatut;
    let values = sample(operation);
    let read = connector.interpret(operation, Step::Main, &values, &access, &answer(case.0, ""));
    assert_eq!(read.err().map_or(Meaning::Success, |it| it.meaning), case.1);
}

#[test]
fn a_search_believes_only_a_whole_list() {
    let reference = sample(Operation::Chercher)["reference"]
        .as_str()
        .unwrap()
        .to_owned();
    let two =
        json!({"issues": [{"id": 1, "ref": reference}, {"id": 2, "ref": "other"}]}).to_string();
    let found = read(Operation::Chercher, Step::Main, &answer(200, &two)).unwrap();
    assert_eq!(found.items.len(), 1);
    assert_eq!(found.items[0]["uid"], "1");
    let none = read(
        Operation::Chercher,
        Step::Main,
        &answer(200, r#"{"issues": null}"#),
    )
    .unwrap();
    assert!(none.items.is_empty());
    for wrong in [
        "{}",
        "<html>",
        "",
        r#"{"issues": 3}"#,
        r#"{"issues": [{"ref": "x"}]}"#,
    ] {
        let failure = read(Operation::Chercher, Step::Main, &answer(200, wrong));
        // One that is not ours may well have no id.
        if wrong.contains("ref") {
            assert!(failure.is_ok());
        } else {
            assert_eq!(
                failure.unwrap_err().meaning,
                Meaning::Unavailable,
                "{wrong}"
            );
        }
    }
    let mut cut = answer(200, &two);
    cut.whole = false;
    assert!(read(Operation::Chercher, Step::Main, &cut).is_err());
}

#[test]
fn changes_are_listed_page_by_page() {
    let api = api();
    let access = api.sample_access().unwrap();
    let mut values = sample(Operation::Changements);
    values["page"] = api.page(Operation::Changements, None);
    let issue = |id: u32| json!({"id": id, "status": {"name": "Ouverte"}, "updated": "2026-01-02 03:04:05"});
    let full = json!({"issues": [issue(1), issue(2)]}).to_string();
    let found = api
        .interpret(
            Operation::Changements,
            Step::Main,
            &values,
            &access,
            &answer(200, &full),
        )
        .unwrap();
    assert_eq!(found.items[1]["statut"], "Ouverte");
    assert_eq!(found.items[1]["date"], "2026-01-02T03:04:05Z");
    values["page"] = api.page(Operation::Changements, found.next.as_deref());
    assert_eq!(values["page"]["decalage"], 2);
    let last = json!({"issues": [issue(3)]}).to_string();
    let found = api
        .interpret(
            Operation::Changements,
            Step::Main,
            &values,
            &access,
            &answer(200, &last),
        )
        .unwrap();
    assert_eq!(found.next, None);
}

#[test]
fn a_next_page_never_leads_to_another_host() {
    let text = API.replace("page: {taille: 2}", "page: {suivante: /next}");
    let (connector, faults) = compile(&text);
    assert_eq!(faults, []);
    let connector = connector.unwrap();
    let access = connector.sample_access().unwrap();
    let mut values = sample(Operation::Changements);
    let mut go = |next: &str| {
        let next = json!({"suivante": next}).to_string();
        values["page"] = connector.page(Operation::Changements, Some(&next));
        let made = connector.render(Operation::Changements, Step::Main, &values, &access);
        made.map(|it| it.url.to_string())
    };
    assert_eq!(
        go("/issues?page=2").unwrap(),
        "https://api.example/issues?page=2"
    );
    assert!(go("https://elsewhere.example/").is_err());
    assert!(go("http://api.example/").is_err());
}

#[test]
fn a_uid_may_stand_in_a_header() {
    let text = API.replace(
        "uid: /issue/id",
        "uid: {entete: Location, motif: '([0-9]+)$'}",
    );
    let connector = compile(&text).0.unwrap();
    let access = connector.sample_access().unwrap();
    let found = connector.interpret(
        Operation::Creer,
        Step::Main,
        &creation(),
        &access,
        &answer(201, ""),
    );
    assert_eq!(found.unwrap().items[0]["uid"], "77");
}

#[test]
fn a_multipart_body_carries_texts_json_and_photos() {
    let text = "
doublons: possibles
operations:
  creer: {chemin: /tickets, corps: {json: {}}, uid: /id}
  joindre:
    methode: PUT
    chemin: /tickets/{{ uid }}/files
    corps:
      multipart:
        titre: '{{ fichier.nom }}'
        meta: {json: {input: {name: '{{ fichier.nom }}'}}}
        'file[]': {fichier: '{{ fichier }}'}
";
    let (connector, faults) = compile(text);
    assert!(
        faults.iter().all(|it| it.severity == Severity::Warning),
        "{faults:?}"
    );
    let connector = connector.unwrap();
    let access = connector.sample_access().unwrap();
    let mut values = sample(Operation::Joindre);
    values["uid"] = "a/b".into();
    let request = connector
        .render(Operation::Joindre, Step::Main, &values, &access)
        .unwrap_or_else(|it| panic!("{it}"));
    assert_eq!(request.url.path(), "/tickets/a%2Fb/files");
    assert_eq!(request.files(), [1]);
    let Body::Multipart(parts) = request.body else {
        panic!("no parts")
    };
    let parts: Vec<_> = parts
        .iter()
        .map(|it| {
            (
                it.name.as_str(),
                it.kind.as_deref(),
                it.file_name.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        parts,
        [
            ("titre", None, None),
            ("meta", Some("application/json"), None),
            ("file[]", Some("image/jpeg"), Some("photo-1.jpg")),
        ]
    );
    // Without a token there is no Authorization at all.
    let access = Access {
        token: None,
        ..access
    };
    let request = connector
        .render(Operation::Joindre, Step::Main, &values, &access)
        .unwrap_or_else(|it| panic!("{it}"));
    assert!(
        request
            .headers
            .iter()
            .all(|(name, _)| name != "Authorization")
    );
    values["uid"] = "..".into();
    assert!(
        connector
            .render(Operation::Joindre, Step::Main, &values, &access)
            .is_err()
    );
}

#[test]
fn oauth_is_a_session_of_its_own() {
    let text = "
authentification: {oauth2: {url: 'https://login.example/token', client: moi, secret: '{{ secrets.oauth }}', portee: a b, envoi: basique}}
doublons: upsert
operations:
  creer: {methode: PATCH, chemin: '/x/{{ reference }}', corps: {formulaire: {fichier: '{{ fichiers }}'}}, uid: /id}
";
    let (connector, faults) = compile(text);
    assert_eq!(faults, []);
    let connector = connector.unwrap();
    assert_eq!(connector.guard, DuplicateGuard::Upsert);
    assert_eq!(
        connector.secrets().into_iter().collect::<Vec<_>>(),
        ["oauth"]
    );
    let mut access = connector.sample_access().unwrap();
    access.secrets.insert("oauth".into(), "s3".into());
    let values = sample(Operation::Creer);
    let login = connector
        .render(Operation::Creer, Step::Login, &values, &access)
        .unwrap_or_else(|it| panic!("{it}"));
    assert_eq!(login.url.as_str(), "https://login.example/token");
    assert_eq!(
        login.body,
        Body::Text("grant_type=client_credentials&scope=a+b".into())
    );
    assert!(
        login
            .headers
            .contains(&("Authorization".into(), "Basic bW9pOnMz".into()))
    );
    let given = answer(200, r#"{"access_token": "tok", "expires_in": 3600}"#);
    let found = connector
        .interpret(Operation::Creer, Step::Login, &values, &access, &given)
        .unwrap();
    assert_eq!(found.values["jeton"], "tok");
    assert_eq!(found.values["duree"], 3600);
    access.jeton = Some("tok".into());
    let request = connector
        .render(Operation::Creer, Step::Main, &values, &access)
        .unwrap_or_else(|it| panic!("{it}"));
    assert!(
        request
            .headers
            .contains(&("Authorization".into(), "Bearer tok".into()))
    );
}

#[test]
fn the_shipped_call_to_sowell_is_that_of_the_contract() {
    let mut faults = Vec::new();
    let text = include_str!("../../../rules/connecteurs/sowell.yaml");
    let connector = Connector::compile(Partner::Sowell, text, &mut faults).unwrap();
    assert_eq!(faults, []);
    let access = Access {
        token: Some("t".into()),
        ..connector.sample_access().unwrap()
    };
    let mut values = sample(Operation::SignalerStatut);
    values["commentaire"] = Json::Null;
    let request = connector
        .render(Operation::SignalerStatut, Step::Main, &values, &access)
        .unwrap_or_else(|it| panic!("{it}"));
    assert_eq!(
        (request.method.as_str(), request.url.path()),
        ("PATCH", "/signalements/DEM-1")
    );
    let livraison = values["livraison"].as_str().unwrap().to_owned();
    for header in [
        ("Idempotency-Key", livraison.as_str()),
        ("Authorization", "Bearer t"),
        ("Content-Type", "application/json"),
    ] {
        assert!(
            request
                .headers
                .iter()
                .any(|(name, value)| (name.as_str(), value.as_str()) == header)
        );
    }
    assert_eq!(
        body(&request),
        json!({
            "uid": "DEM-1", "statut": "En cours de traitement", "statut_crm": "Vivest en cours",
            "date": values["date"], "commentaire": null, "lien_sowell": values["lien_sowell"],
        })
    );
}

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
