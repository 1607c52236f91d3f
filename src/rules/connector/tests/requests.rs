//! The request that a file makes of values.

use super::*;

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
fn each_step_of_an_operation_is_a_separate_request() {
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
    // Without a token, there is no Authorization header.
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
fn oauth_is_a_session() {
    let text = "
authentification: {oauth2: {url: 'https://login.example/token', client: moi, secret: '{{ secrets.oauth }}', portee: a b, envoi: basique}}
doublons: upsert
operations:
  creer: {methode: PATCH, chemin: '/x/{{ reference }}', corps: {formulaire: {fichier: '{{ fichiers[0].base64 }}'}}, uid: /id}
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
    let text = include_str!("../../../../rules/connecteurs/sowell.yaml");
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

#[test]
fn nothing_is_sent_to_an_address_with_an_absent_value() {
    let text = API.replace(
        "chemin: /projects/{{ demande.residence }}/issues.json",
        "chemin: '/lieux/{{ lieu.id }}/t'",
    );
    let connector = compile(&text).0.unwrap();
    let access = connector.sample_access().unwrap();
    let mut values = creation();
    let url = |values: &Json| {
        let made = connector.render(Operation::Creer, Step::Main, values, &access);
        made.map(|it| it.url.to_string())
    };
    assert_eq!(url(&values).unwrap(), "https://api.example/lieux/5/t");
    values["lieu"]["id"] = Json::Null;
    assert!(url(&values).unwrap_err().message.contains("valeur absente"));
}

#[test]
fn an_absent_value_is_sent_as_nothing() {
    let text = "
doublons: possibles
operations:
  creer:
    chemin: /d
    parametres: {a: '{{ demande.bien }}', b: 'x{{ demande.bien }}'}
    entetes: {X-A: '{{ demande.bien|lower }}', X-B: 'b {{ demande.bien }}.'}
    corps:
      json:
        c?: '{{ demande.bien|tronquer(500) }}'
        d: 'Logement {{ demande.bien }} fin'
        e: '{{ demande.bien|lower }}'
        f: \"{{ demande.residence ~ '/' ~ demande.bien }}\"
        p: '{{ fichiers|map(attribute=\"base64\")|list }}'
    uid: /id
";
    let (connector, faults) = compile(text);
    assert_eq!(faults, []);
    let connector = connector.unwrap();
    let access = connector.sample_access().unwrap();
    let mut values = sample(Operation::Creer);
    values["demande"]["bien"] = Json::Null;
    values["fichiers"] = json!([]);
    let request = connector.render(Operation::Creer, Step::Main, &values, &access);
    let request = request.unwrap_or_else(|it| panic!("{it}"));
    assert_eq!(request.url.as_str(), "https://api.example/d?b=x");
    let header = |name: &str| {
        let mut all = request.headers.iter();
        all.find(|it| it.0 == name).map(|it| it.1.as_str())
    };
    assert_eq!((header("X-A"), header("X-B")), (None, Some("b .")));
    assert_eq!(
        body(&request),
        json!({"d": "Logement  fin", "e": null, "f": "R-01/", "p": []})
    );
}

#[rstest]
#[case("'{{ depuis }}'", "", 5)]
#[case("\"{{ depuis|format_date('%d/%m/%Y %H:%M') }}\"", "", 5)]
#[case("\"{{ depuis|format_date('%d/%m/%Y %H:%M', zone='Paris') }}\"", "", 65)]
#[case(
    "\"depuis {{ depuis|format_date('%H:%M', zone='Europe/Paris') }}\"",
    "",
    65
)]
#[case(
    "\"{{ depuis|format_date('%H:%M', zone='Paris') }}\"",
    "recouvrement: 10m",
    10
)]
fn local_times_are_read_again_over_the_hour_that_comes_twice(
    #[case] since: &str,
    #[case] overlap: &str,
    #[case] minutes: u64,
) {
    let text = format!(
        "doublons: upsert\noperations:\n  creer: {{chemin: /d, uid: /id}}\n  changements:\n    chemin: /l\n    parametres: {{d: {since}}}\n    uid: /id\n    statut: /s\n    date: \"{{{{ element.d|lire_date('%d', zone='Paris') }}}}\"\n    {overlap}\n"
    );
    let (connector, faults) = compile(&text);
    let connector = connector.unwrap_or_else(|| panic!("{faults:?}"));
    assert_eq!(connector.overlap, Duration::from_mins(minutes));
}
