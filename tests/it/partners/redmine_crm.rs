//! A real CRM from end to end: Redmine, through the connector in `examples/crm-redmine/`.

use base64_simd::STANDARD;
use serde_json::{Value, json};

use crate::harness::{Builder, FakeSowell, PNG, copy, signalement, until};
use crate::partners::redmine::{Redmine, Way, field};

/// A daemon whose CRM is the Redmine at this address.
fn builder(redmine: &Redmine, url: &str, sowell: &FakeSowell) -> Builder {
    let builder = Builder::new();
    let rules = builder.folder().path().join("rules");
    copy("examples/crm-redmine/rules".as_ref(), &rules);
    // The time that Redmine may take in production is shortened: a test does not wait that long after a doubt.
    let file = rules.join("connecteurs/crm.yaml");
    let connector = std::fs::read_to_string(&file).unwrap();
    let hurried = connector.replace("traitement_max: 30s", "traitement_max: 100ms");
    assert_ne!(connector, hurried);
    std::fs::write(&file, hurried).unwrap();
    builder
        .set("CRM__KIND", "rest")
        .set("CRM__BASE_URL", url)
        .set("CRM__TOKEN", &redmine.key("passerelle"))
        .set("CRM__POLL", "1s")
        .sowell(sowell)
}

/// An issue, once both photos are attached to it.
async fn with_photos(redmine: &Redmine, uid: &str) -> Value {
    until("both photos are in Redmine", || async {
        let path = format!("/issues/{uid}.json?include=attachments");
        let issue = redmine.get(&path).await["issue"].take();
        let photos = issue["attachments"].as_array().unwrap().len();
        (photos == 2).then_some(issue)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signalement_lives_in_redmine_and_its_status_comes_back() {
    let Some(redmine) = Redmine::start().await else {
        return;
    };
    let sowell = FakeSowell::start().await;
    let url = format!("http://{}", redmine.address);
    let daemon = builder(&redmine, &url, &sowell).start().await;
    let body = signalement(1);
    let uid = daemon.created(&body).await;

    let issue = with_photos(&redmine, &uid).await;
    assert_eq!(issue["project"]["name"], "Signalements");
    assert_eq!(issue["status"]["name"], "Transférée");
    assert_eq!(issue["priority"]["name"], "haute");
    assert_eq!(issue["subject"], "ASC à MZ-01");
    let context = issue["description"].as_str().unwrap();
    let description = body["description"].as_str().unwrap();
    assert!(
        context.replace("\r\n", "\n").contains(description),
        "{context}"
    );
    for (name, value) in [
        ("Canal", "SoWell"),
        ("Gestionnaire concerné", "Équipe Technique Metz"),
        ("Acteur en charge", "Secteur MZ-01"),
        ("Auteur", "Zoé N'Guyen-Müller"),
        ("E-mail auteur", "zoe@locataire.example"),
        ("Lien SoWell", body["lien_sowell"].as_str().unwrap()),
        ("Résidence", "MZ-01"),
        ("Bien", "MZ-01-ASC"),
        ("Qualification", "ASC"),
        ("Workflow", "INTERVENTION"),
    ] {
        assert_eq!(field(&issue, name), value, "{name}");
    }
    // They arrive in any order.
    let mut photos = issue["attachments"].as_array().unwrap().clone();
    photos.sort_by_key(|it| it["filename"].to_string());
    for (photo, name) in photos.iter().zip(["photo-1.png", "photo-2.png"]) {
        assert_eq!(photo["filename"], name);
        assert_eq!(photo["content_type"], "image/png");
        let bytes = STANDARD.decode_to_vec(PNG).unwrap();
        assert_eq!(redmine.download(photo).await, bytes);
    }

    // Vivest en cours; then Clôturée, which Redmine accepts only with a result.
    redmine.change(&uid, &json!({"status_id": 6})).await;
    sowell.wait_for(1).await;
    let closed = json!({"status_id": 7, "custom_fields": [{"id": 11, "value": "Rejeté"}]});
    redmine.change(&uid, &closed).await;
    let calls = sowell.wait_for(2).await;
    assert_eq!(calls[0].path, format!("/signalements/{uid}"));
    assert_eq!(calls[0].body["lien_sowell"], body["lien_sowell"]);
    // Nothing else was sent: neither the status in the answer, nor the arrival of photos.
    assert_eq!(sowell.delivered(), ["En cours de traitement", "Rejeté"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_lost_after_redmine_committed_makes_no_second_issue() {
    let Some(redmine) = Redmine::start().await else {
        return;
    };
    let sowell = FakeSowell::start().await;
    let way = Way::to(redmine.address).await;
    let daemon = builder(&redmine, &way.url, &sowell).start().await;
    way.cut("POST /issues.json", 1);
    let body = signalement(1);
    let answer = daemon.post(&body).await;
    assert_eq!(answer.status, 503);
    assert!(answer.header("retry-after").is_some());
    assert_eq!(way.lost(), 1);
    assert_eq!(redmine.issues().await.len(), 1);

    // SoWell retries, as it should, until the daemon knows.
    let answer = until("the issue is adopted", || async {
        let answer = daemon.post(&body).await;
        (answer.status != 503).then_some(answer)
    })
    .await;
    assert_eq!(answer.status, 200);
    let issues = redmine.issues().await;
    assert_eq!(issues.len(), 1);
    let uid = answer.json()["uid"].as_str().unwrap().to_owned();
    assert_eq!(issues[0]["id"].to_string(), uid);
    with_photos(&redmine, &uid).await;

    redmine.change(&uid, &json!({"status_id": 6})).await;
    sowell.wait_for(1).await;
    assert_eq!(sowell.delivered(), ["En cours de traitement"]);
}
