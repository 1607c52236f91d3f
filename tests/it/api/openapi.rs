//! The OpenAPI document describes what is sent and answered.

use std::collections::BTreeSet;

use passerelle::domain::livraison::LivraisonEtat;
use passerelle::domain::ports::DuplicateGuard;
use passerelle::domain::signalement::Etat;
use rstest::rstest;
use serde_json::{Value, json};
use strum::VariantNames;

use crate::harness::{Answer, Builder, signalement, signalement_with};
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

/// Which texts each key of a signalement refuses.
#[tokio::test(flavor = "multi_thread")]
async fn the_description_of_a_signalement_refuses_the_texts_that_are_refused() {
    let daemon = Builder::new().start().await;
    let document = daemon.get("/api/v1/openapi.json", "").await.json();
    let properties = &document["components"]["schemas"]["SignalementRecu"]["properties"];
    let keys = [
        "qualification",
        "residence",
        "bien",
        "auteur",
        "priorite",
        "description",
    ];
    for key in keys {
        for text in [
            "un\ndeux", "un\0deux", "un deux", "", " ", "\u{a0}\t",
            // Blank for Unicode, but not for the patterns of JavaScript.
            "\u{85}", "\r\n\t",
        ] {
            let described = jsonschema::draft202012::is_valid(&properties[key], &json!(text));
            let answer = daemon.post(&json!({key: text})).await.json();
            assert_eq!(described, !has_fault(&answer, key), "{key}: {text:?}");
        }
    }
}

/// Whether an answer reports this key's text, and not only that it is the code of nothing.
fn has_fault(answer: &Value, key: &str) -> bool {
    let mut faults = answer["erreurs"].as_array().into_iter().flatten();
    faults.any(|it| {
        let is_unknown = it["detail"].as_str().unwrap().contains("inconnu");
        it["pointeur"] == format!("/{key}") && !is_unknown
    })
}

/// Which texts each key of a status change refuses.
#[tokio::test(flavor = "multi_thread")]
async fn the_description_of_a_status_refuses_the_texts_that_are_refused() {
    let daemon = Builder::new().start().await;
    let document = daemon.get("/api/v1/openapi.json", "").await.json();
    let properties = &document["components"]["schemas"]["ChangementStatut"]["properties"];
    let keys = ["statut", "resultat", "commentaire", "canal", "evenement"];
    for key in keys {
        for text in [
            "un\ndeux",
            "un\u{2028}deux",
            "un\0deux",
            "un deux",
            "Clôturée (n° 2)",
            "",
            " ",
            "\u{a0}\t",
            "\u{85}",
            "\u{feff}",
            "\u{feff} ",
            "\u{200b}",
        ] {
            let described = jsonschema::draft202012::is_valid(&properties[key], &json!(text));
            let path = "/api/v1/demandes/absent/statut";
            let request = daemon.request("POST", path, "crm");
            let answer = daemon.send(request.json(&json!({key: text}))).await.json();
            assert_eq!(described, !has_fault(&answer, key), "{key}: {text:?}");
        }
    }
    let text = document.to_string();
    for name in ["line", "text", "required line", "required text"] {
        assert!(!text.contains(&format!("\"pattern\":\"{name}\"")), "{name}");
    }
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

/// What the API's page sends by default: the example of each property, or a value of its type.
fn sent_by_the_page(document: &Value, path: &str) -> Value {
    let content = &document["paths"][path]["post"]["requestBody"]["content"];
    let reference = content["application/json"]["schema"]["$ref"].as_str();
    let schema = document.pointer(&reference.unwrap()[1..]).unwrap();
    let of = |property: &Value| match &property["example"] {
        Value::Null if property["type"].to_string().contains("boolean") => json!(true),
        Value::Null if property["type"].to_string().contains("array") => json!(["string"]),
        Value::Null => json!("string"),
        example => example.clone(),
    };
    let properties = schema["properties"].as_object().unwrap().iter();
    properties.map(|(key, it)| (key.clone(), of(it))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_example_of_the_document_is_taken() {
    let daemon = Builder::new().start().await;
    let document = daemon.get("/api/v1/openapi.json", "").await.json();
    let body = sent_by_the_page(&document, "/api/v1/signalements");
    let created = daemon.post(&body).await;
    assert_eq!(created.status, 201, "{}", created.json());
    assert_eq!(created.json()["avertissements"], json!([]));
    let body = sent_by_the_page(&document, "/api/v1/demandes/{uid}/statut");
    let uid = created.json()["uid"].as_str().unwrap().to_owned();
    let told = daemon.statut(&uid, &body).await;
    assert_eq!(told.status, 202, "{}", told.json());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_words_of_a_state_are_those_of_the_document() {
    let daemon = Builder::new().start().await;
    let document = daemon.get("/api/v1/openapi.json", "").await.json();
    let words = |schema: &str| {
        let words = document["components"]["schemas"][schema]["enum"].as_array();
        let mut words: Vec<String> = words
            .unwrap()
            .iter()
            .map(|it| it.as_str().unwrap().to_owned())
            .collect();
        words.sort();
        words
    };
    let mut etats = Etat::VARIANTS.to_vec();
    etats.sort_unstable();
    assert_eq!(words("Etat"), etats);
    let livraisons = LivraisonEtat::VARIANTS.iter();
    let livraisons: BTreeSet<&str> = livraisons
        .map(|it| it.parse::<LivraisonEtat>().unwrap().public())
        .collect();
    assert_eq!(words("LivraisonStatut"), Vec::from_iter(livraisons));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_an_http_address_in_upper_or_lower_case() {
    let daemon = Builder::new().start().await;
    let document = daemon.get("/api/v1/openapi.json", "").await.json();
    let schema = &document["components"]["schemas"]["SignalementRecu"]["properties"]["lien_sowell"];
    for (number, link, good) in [
        (1, "HTTPS://manager.sowell.example/1", true),
        (2, "http://manager.sowell.example/2", true),
        (3, "ftp://manager.sowell.example/3", false),
    ] {
        let body = signalement_with(number, &json!({"lien_sowell": link}));
        let status = daemon.post(&body).await.status;
        assert_eq!(status == 201, good, "{link}");
        let fits = jsonschema::draft202012::is_valid(schema, &json!(link));
        assert_eq!(fits, good, "{link}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_a_default_limit_says_so() {
    let daemon = Builder::new().start().await;
    let document = daemon.get("/api/v1/openapi.json", "").await.json();
    let text = document["info"]["description"].as_str().unwrap();
    for words in ["64 Mio", "16 Mio", "20 photos", "600 requêtes par minute"] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_a_status_that_nobody_knows_is_named_in_the_answer() {
    let daemon = Builder::new().start().await;
    let uid = daemon.created(&signalement(1)).await;
    let event = json!({"statut": "CRC en cours", "evenment": "E-1"});
    let told = daemon.statut(&uid, &event).await;
    assert_eq!(told.status, 202);
    let remark = "champ inconnu « evenment » : sans effet ; vouliez-vous dire « evenement » ?";
    assert_eq!(told.json()["avertissements"], json!([remark]));
    // Without anything to remark on, the answer is unchanged.
    let event = json!({"statut": "Vivest en cours", "evenement": "E-1"});
    let told = daemon.statut(&uid, &event).await.json();
    let keys: Vec<&String> = told.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["livraison", "statut_sowell"]);
}

/// The descriptions and summaries in a document, each with its position.
fn collect_descriptions(value: &Value, place: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) => {
            for (key, it) in map {
                let place = format!("{place}/{key}");
                match it {
                    Value::String(text) if key == "description" || key == "summary" => {
                        found.push((place, text.clone()));
                    }
                    _ => collect_descriptions(it, &place, found),
                }
            }
        }
        Value::Array(items) => {
            for (number, it) in items.iter().enumerate() {
                collect_descriptions(it, &format!("{place}/{number}"), found);
            }
        }
        _ => {}
    }
}

/// Whether a text contains one of the short words found in almost every English sentence.
fn is_english(text: &str) -> bool {
    let words = [
        "the", "of", "is", "are", "that", "which", "with", "why", "whether", "when", "and", "not",
        "to",
    ];
    let text = text.to_lowercase();
    text.split(|it: char| !it.is_alphanumeric() && !"_./-".contains(it))
        .any(|it| words.contains(&it))
}

#[tokio::test(flavor = "multi_thread")]
async fn all_descriptions_are_in_french() {
    let daemon = Builder::new().start().await;
    let document = daemon.get("/api/v1/openapi.json", "").await.json();
    let mut found = Vec::new();
    collect_descriptions(&document, "", &mut found);
    assert!(found.len() > 100, "{}", found.len());
    found.retain(|(_, text)| is_english(text));
    assert!(found.is_empty(), "{found:#?}");
}

/// The page shows a summary on one line, and its signs as they are.
#[tokio::test(flavor = "multi_thread")]
async fn each_summary_is_one_short_sentence() {
    let daemon = Builder::new().start().await;
    let document = daemon.get("/api/v1/openapi.json", "").await.json();
    let mut seen = 0;
    for path in document["paths"].as_object().unwrap().values() {
        for operation in path.as_object().unwrap().values() {
            let summary = operation["summary"].as_str().unwrap();
            assert!(
                summary.len() < 100 && summary.matches('.').count() == 1,
                "{summary}"
            );
            assert!(!summary.contains('`'), "{summary}");
            seen += 1;
        }
    }
    assert!(seen >= 9, "{seen}");
    let reload = &document["paths"]["/api/v1/admin/regles/recharger"]["post"];
    let description = reload["description"].as_str().unwrap();
    assert!(description.contains("`suite`"), "{description}");
}

#[rstest]
#[case::a_sentence("Whether the daemon can serve.", true)]
#[case::a_field("`ok`, or why the database does not answer.", true)]
#[case::an_operation("Gives the metrics in Prometheus' text format.", true)]
#[case::french("`ok`, ou la raison pour laquelle le CRM ne répond pas.", false)]
#[case::a_key("Si `crm.when_unavailable` vaut `defer`, la réponse est 202.", false)]
#[case::a_standard("La signature du corps selon Standard Webhooks.", false)]
fn an_english_description_is_recognised(#[case] text: &str, #[case] english: bool) {
    assert_eq!(is_english(text), english);
}
