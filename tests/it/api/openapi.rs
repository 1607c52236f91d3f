//! The document that describes the API says what is sent and answered.

use passerelle::domain::ports::DuplicateGuard;
use rstest::rstest;
use serde_json::{Value, json};

use crate::harness::{Answer, Builder, signalement};
use crate::remote_crm::{Goes, RemoteCrm};

#[tokio::test(flavor = "multi_thread")]
async fn the_openapi_document_is_made_from_the_code() {
    let daemon = Builder::new().start().await;
    let document = daemon.get("/api/v1/openapi.json", "").await.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
    paths.sort();
    assert_eq!(
        paths,
        [
            "/api/v1/admin/regles",
            "/api/v1/admin/regles/recharger",
            "/api/v1/demandes/{uid}",
            "/api/v1/demandes/{uid}/fichiers/{nom}",
            "/api/v1/demandes/{uid}/statut",
            "/api/v1/signalements",
            "/api/v1/signalements/{id}",
            "/healthz",
            "/metrics",
            "/readyz",
        ]
    );
    let schema = &document["components"]["schemas"]["SignalementRecu"];
    let mut documented: Vec<&str> = schema["properties"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    documented.sort_unstable();
    let mut read = passerelle::domain::signalement::KEYS;
    read.sort_unstable();
    assert_eq!(documented, read);
    let mut references = Vec::new();
    collect_references(&document, &mut references);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(
            document.pointer(pointer).is_some(),
            "{reference} leads nowhere"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_may_be_signed_instead_of_bearing_a_token() {
    let daemon = Builder::new().start().await;
    let document = daemon.get("/api/v1/openapi.json", "").await.json();
    let paths = document["paths"].as_object().unwrap();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().unwrap() {
            let ways = operation["security"].as_array().into_iter().flatten();
            let ways: Vec<&str> = ways
                .flat_map(|it| it.as_object().unwrap().keys().map(String::as_str))
                .collect();
            for way in &ways {
                let scheme = &document["components"]["securitySchemes"][way];
                assert!(scheme.is_object(), "{way} is not described");
            }
            let is_statut = path.ends_with("/statut");
            assert_eq!(ways.contains(&"signature"), is_statut, "{method} {path}");
            assert!(!is_statut || ways.contains(&"jeton"));
        }
    }
    let signature = &document["components"]["securitySchemes"]["signature"];
    assert_eq!(signature["name"], "webhook-signature");
    assert_eq!(signature["in"], "header");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_and_answered_is_what_the_openapi_document_says() {
    let daemon = Builder::new().start().await;
    let document = daemon.get("/api/v1/openapi.json", "").await.json();
    let fits = |schema: &Value, value: &Value| {
        let mut schema = schema.clone();
        schema["components"] = document["components"].clone();
        jsonschema::draft202012::is_valid(&schema, value)
    };
    let kind = &document["components"]["schemas"]["Probleme"]["properties"]["type"];
    let refused = daemon.post(&json!({})).await.json();
    assert_eq!(kind["example"], refused["type"]);
    let create = &document["paths"]["/api/v1/signalements"]["post"];
    let answer =
        |status: &str| &create["responses"][status]["content"]["application/json"]["schema"];
    let body = signalement(1);
    let sent = &create["requestBody"]["content"]["application/json"]["schema"];
    assert!(fits(sent, &body));
    for blank in ["", " \u{a0}", "a\0b"] {
        let mut other = body.clone();
        other["auteur"] = blank.into();
        assert!(!fits(sent, &other), "{blank:?}");
    }
    let created = daemon.post(&body).await.json();
    assert!(fits(answer("201"), &created));
    assert!(fits(answer("200"), &daemon.post(&body).await.json()));
    daemon
        .edit("rules/transmission.yaml", "modes: [manager]\n")
        .await;
    let kept = daemon.post(&signalement(2)).await.json();
    assert_eq!(kept["transmis"], false);
    assert!(fits(answer("200"), &kept) && !fits(answer("201"), &kept));
}

#[rstest]
#[case::signalement("/api/v1/signalements", "/api/v1/signalements", "sowell", 8)]
#[case::statut(
    "/api/v1/demandes/{uid}/statut",
    "/api/v1/demandes/absent/statut",
    "crm",
    5
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_text_may_be_as_long_as_its_description_says(
    #[case] described: &str,
    #[case] path: &str,
    #[case] client: &str,
    #[case] least: usize,
) {
    let daemon = Builder::new().start().await;
    let document = daemon.get("/api/v1/openapi.json", "").await.json();
    let content = &document["paths"][described]["post"]["requestBody"]["content"];
    let reference = content["application/json"]["schema"]["$ref"].as_str();
    let schema = document.pointer(&reference.unwrap()[1..]).unwrap();
    let mut found = 0;
    for (key, property) in schema["properties"].as_object().unwrap() {
        let Some(most) = property["maxLength"].as_u64() else {
            continue;
        };
        found += 1;
        let most = usize::try_from(most).unwrap();
        for (chars, too_long) in [(most, false), (most + 1, true)] {
            let body = json!({key.as_str(): "é".repeat(chars)});
            let request = daemon.request("POST", path, client).json(&body);
            let answer = daemon.send(request).await.json();
            let faults = answer["erreurs"].as_array().unwrap();
            let told = faults.iter().any(|it| {
                it["pointeur"] == format!("/{key}")
                    && it["detail"].as_str().unwrap().contains("caractères")
            });
            assert_eq!(told, too_long, "{key}, {chars}: {answer}");
        }
    }
    assert!(found >= least, "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_header_of_an_answer_is_described() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    crm.creates([Goes::Away]);
    let daemon = Builder::new().crm(crm).set("LIMITS__RATE", "5/h");
    let daemon = daemon.start().await;
    let document = daemon.get("/api/v1/openapi.json", "").await.json();
    let described = |path: &str, method: &str, answer: &Answer| {
        let responses = &document["paths"][path][method]["responses"];
        let response = &responses[answer.status.to_string()];
        let headers = response["headers"].as_object();
        let named: Vec<String> = headers
            .into_iter()
            .flat_map(|it| it.keys().map(|name| name.to_lowercase()))
            .collect();
        for name in answer.headers.keys() {
            let of_http = ["content-type", "content-length", "date", "connection"];
            let name = name.as_str();
            assert!(
                of_http.contains(&name) || named.iter().any(|it| it == name),
                "{name} of {} at {path}",
                answer.status
            );
        }
        answer.status
    };

    let path = "/api/v1/signalements";
    let post = || daemon.request("POST", path, "sowell").json(&signalement(1));
    let coded = post().header("content-encoding", "gzip");
    let unknown = daemon.request("POST", path, "");
    let mut seen = Vec::new();
    let mut uid = String::new();
    for request in [unknown, coded, post(), post(), post(), post(), post()] {
        let answer = daemon.send(request).await;
        seen.push(described(path, "post", &answer));
        if answer.status == 201 {
            answer.json()["uid"].as_str().unwrap().clone_into(&mut uid);
        }
    }
    assert_eq!(seen, [401, 415, 503, 201, 200, 200, 429]);

    let demande = daemon.get(&format!("/api/v1/demandes/{uid}"), "crm").await;
    described("/api/v1/demandes/{uid}", "get", &demande);
    let url = demande.json()["fichiers"][0]["url"].clone();
    let photo = daemon.get(url.as_str().unwrap(), "crm").await;
    let path = "/api/v1/demandes/{uid}/fichiers/{nom}";
    assert_eq!(described(path, "get", &photo), 200);
}

fn collect_references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                found.push(reference.clone());
            }
            map.values().for_each(|it| collect_references(it, found));
        }
        Value::Array(items) => items.iter().for_each(|it| collect_references(it, found)),
        _ => {}
    }
}
