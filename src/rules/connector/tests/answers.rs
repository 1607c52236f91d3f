//! How a file reads answers.

use super::*;

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
// A success that does not give the created object.
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
    let text = include_str!("../../../../rules/connecteurs/sowell.yaml");
    let connector = Connector::compile(Partner::Sowell, text, &mut Vec::new()).unwrap();
    let access = connector.sample_access().unwrap();
    let operation = Operation::SignalerStatut;
    let values = sample(operation);
    let read = connector.interpret(operation, Step::Main, &values, &access, &answer(case.0, ""));
    assert_eq!(read.err().map_or(Meaning::Success, |it| it.meaning), case.1);
    // The length does not matter, because nothing is read in it.
    let mut cut = answer(case.0, "");
    cut.whole = false;
    let read = connector.interpret(operation, Step::Main, &values, &access, &cut);
    assert_eq!(read.err().map_or(Meaning::Success, |it| it.meaning), case.1);
}

#[test]
fn a_search_accepts_only_a_complete_list() {
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
        // A result that is not ours may have no id.
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
    assert!(found.announces_page());
    values["page"] = api.page(Operation::Changements, page_after(&found));
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
    // It is the last, as far as it tells; the next call shows it.
    assert!(!found.announces_page());
    values["page"] = api.page(Operation::Changements, page_after(&found));
    assert_eq!(values["page"]["decalage"], 3);
}

fn page_after(found: &Extracted) -> Option<&str> {
    found.next.as_ref().map(|it| it.page.as_str())
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
fn an_absent_value_is_not_the_text_none() {
    let text = API
        .replace("uid: /issue/id", "uid: \"{{ reponse.json.self|replace('/x/', '') }}\"")
        .replace(
            "uid: /id\n    statut: /status/name",
            "uid: \"{{ 'D' ~ element.id }}\"\n    evenement: \"{{ element.id ~ '-' ~ element.journal }}\"\n    commentaire: \"{{ element.com|tronquer(200) }}\"\n    resultat: \"{{ element.a ~ element.b }}\"\n    statut: /status/name",
        );
    let (connector, faults) = compile(&text);
    assert_eq!(faults, []);
    let connector = connector.unwrap();
    let access = connector.sample_access().unwrap();
    let created = connector.interpret(
        Operation::Creer,
        Step::Main,
        &creation(),
        &access,
        &answer(201, r#"{"self": null}"#),
    );
    let failure = created.unwrap_err();
    assert_eq!(failure.meaning, Meaning::InDoubt);
    assert!(failure.reason.contains("« uid »"), "{failure:?}");
    let changes = |body: &Json| {
        let operation = Operation::Changements;
        let answer = answer(200, &json!({"issues": [body]}).to_string());
        let found =
            connector.interpret(operation, Step::Main, &sample(operation), &access, &answer);
        found.unwrap()
    };
    let mut change = json!({
        "id": 701, "journal": null, "com": null, "a": "x", "b": null,
        "status": {"name": "Ouverte"}, "updated": "2026-01-02 03:04:05",
    });
    let item = changes(&change).items.remove(0);
    assert_eq!(item["uid"], "D701");
    assert_eq!(
        (item.get("evenement"), item.get("commentaire")),
        (None, None)
    );
    assert_eq!(item["resultat"], "x");
    change["journal"] = json!(9);
    assert_eq!(changes(&change).items[0]["evenement"], "701-9");
    change["id"] = Json::Null;
    let found = changes(&change);
    assert!(
        found.items.is_empty() && found.faults[0].contains("« uid »"),
        "{found:?}"
    );
}

#[test]
fn the_last_page_has_no_address_with_an_absent_value() {
    let text = API.replace(
        "page: {taille: 2}",
        "page: {suivante: \"{{ '/issues.json?c=' ~ reponse.json.next }}\"}",
    );
    let connector = compile(&text).0.unwrap();
    let access = connector.sample_access().unwrap();
    let operation = Operation::Changements;
    let next = |next: Json| {
        let answer = answer(200, &json!({"issues": [], "next": next}).to_string());
        let found =
            connector.interpret(operation, Step::Main, &sample(operation), &access, &answer);
        found.unwrap().next
    };
    assert!(next(json!("b")).unwrap().page.contains("c=b"));
    assert_eq!(next(Json::Null), None);
}

#[rstest]
#[case("2026-11-29T19:20:00Z", true)]
#[case("2026-11-29 19:20:00+01:00", true)]
#[case("2026-11-29 19:20:00", false)]
#[case("2026-11-29", false)]
#[case("1795980000", false)]
fn a_date_is_judged_as_the_daemon_does(#[case] date: &str, #[case] right: bool) {
    let text = API.replace(
        "date: \"{{ element.updated|lire_date('%Y-%m-%d %H:%M:%S') }}\"",
        "date: /updated",
    );
    let connector = compile(&text).0.unwrap();
    let access = connector.sample_access().unwrap();
    let operation = Operation::Changements;
    let issue = json!({"id": 1, "status": {"name": "Ouverte"}, "updated": date});
    let answer = answer(200, &json!({"issues": [issue]}).to_string());
    let found = connector.interpret(operation, Step::Main, &sample(operation), &access, &answer);
    let judged = found.unwrap().of_real_answer(operation);
    assert_eq!(judged.is_ok(), right, "{judged:?}");
    if let Err(failure) = judged {
        assert!(failure.reason.contains("lire_date"), "{failure:?}");
        assert!(!failure.reason.contains(date), "{failure:?}");
    }
}

#[rstest]
#[case(201, r#"{"issue": {"id": null}}"#, true)]
#[case(201, "", true)]
#[case(200, "OK", true)]
#[case(200, "<html>Connexion</html>", false)]
#[case(200, "\n<!DOCTYPE HTML><title>x</title>", false)]
#[case(500, r#"{"issue": {}}"#, false)]
#[case(200, r#"{"error": "no"}"#, false)]
fn a_success_without_a_uid_still_confirms_the_creation(
    #[case] status: u16,
    #[case] text: &str,
    #[case] confirms: bool,
) {
    let failure = read(Operation::Creer, Step::Main, &answer(status, text)).unwrap_err();
    assert_eq!(failure.confirms, confirms, "{failure:?}");
    let mut cut = answer(status, text);
    cut.whole = false;
    let failure = read(Operation::Creer, Step::Main, &cut).unwrap_err();
    assert!(!failure.confirms, "{failure:?}");
    let of_search = read(Operation::Chercher, Step::Main, &answer(200, "{}"));
    assert!(!of_search.unwrap_err().confirms);
}
