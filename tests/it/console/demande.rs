//! The page that tells why a demande is what it is.

use ::url::form_urlencoded::Serializer;
use reqwest::StatusCode;
use rstest::rstest;
use serde_json::json;
use sqlx::{Connection, SqliteConnection};

use super::trial::{says, signs_in, words};
use super::{bare, url};
use crate::browser::Browser;
use crate::cli::on;
use crate::harness::{
    Answer, Builder, Daemon, FakeSowell, signalement, signalement_with, token, until,
};

/// What a signed-in person gets for a reference.
async fn ask(daemon: &Daemon, reference: &str) -> Answer {
    let query = ::url::form_urlencoded::byte_serialize(reference.as_bytes());
    let path = format!("/console/demande?uid={}", query.collect::<String>());
    let cookie = daemon.signed_in().await;
    daemon
        .send(daemon.request("GET", &path, "").header("cookie", cookie))
        .await
}

fn html(answer: &Answer) -> String {
    String::from_utf8(answer.bytes.clone()).unwrap()
}

/// A demande with a dead delivery for SoWell, its UID.
async fn with_a_dead_letter(daemon: &Daemon, sowell: &FakeSowell) -> String {
    let uid = daemon.created(&signalement(1)).await;
    sowell.next(422, Vec::new());
    daemon
        .statut(&uid, &json!({"statut": "CRC en cours"}))
        .await;
    until("all is settled", || async {
        let page = words(&html(&ask(daemon, &uid).await));
        (says(&page, ": abandonnée") && says(&page, ": livrée")).then_some(())
    })
    .await;
    uid
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_says_the_same_as_explain() {
    let sowell = FakeSowell::start().await;
    let daemon = Builder::new().sowell(&sowell).start().await;
    let uid = with_a_dead_letter(&daemon, &sowell).await;
    let explained = on(&daemon, &["explain", "--uid", &uid]).stdout;
    let explained = String::from_utf8(explained).unwrap();
    let id = daemon
        .get(&format!("/api/v1/signalements/{uid}"), "sowell")
        .await;
    let id = id.json()["id"].as_str().unwrap().to_owned();
    let lien = signalement(1)["lien_sowell"].as_str().unwrap().to_owned();
    for reference in [uid.as_str(), &id, &lien, &format!(" {uid} ")] {
        let answer = ask(&daemon, reference).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        let page = words(&html(&answer));
        for line in explained.lines() {
            // The page gives instants in the time of Paris, and numbers its lists itself.
            let line = line.split(", le 20").next().unwrap();
            let line = line.trim_start_matches(|it: char| it.is_ascii_digit() || " .".contains(it));
            let line = line.trim_end_matches([':', ' ']);
            assert!(says(&page, line), "{line}: {page}");
        }
        assert!(says(&page, &format!("Demande {uid}")), "{page}");
        assert!(
            says(&page, "gestionnaire concerné : TEC-1 (technique)"),
            "{page}"
        );
        assert!(says(&page, "réponse 422"), "{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signalement_without_a_demande_says_why() {
    let daemon = Builder::new().start().await;
    let body = signalement_with(1, &json!({"qualification": "NON"}));
    assert_eq!(daemon.post(&body).await.status, 422);
    let page = daemon.console().await;
    let link = page.split("href=\"/console/demande?uid=").nth(1).unwrap();
    let id = link.split('"').next().unwrap();
    let answer = ask(&daemon, id).await;
    let page = words(&html(&answer));
    for text in [
        "Signalement sans demande",
        "État en échec",
        "qualification inconnue : « NON »",
        "codes (qualifications.yaml) : erreur",
    ] {
        assert!(says(&page, text), "{text}: {page}");
    }
    assert!(!says(&page, "Ce qui devait partir"), "{page}");
}

#[rstest]
#[case::nobodys("DEM-0")]
#[case::of_another_link("https://manager.sowell.example/signalements/2")]
#[case::nul("DEM\0")]
#[case::long(&"x".repeat(2_001))]
#[case::hostile("\"><script>alert(1)</script>")]
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_reference_is_not_found(#[case] reference: &str) {
    let daemon = Builder::new().start().await;
    daemon.created(&signalement(1)).await;
    let answer = ask(&daemon, reference).await;
    assert_eq!(answer.status, 404);
    let html = html(&answer);
    assert!(!html.contains("<script"), "{html}");
    let page = words(&html);
    assert!(
        says(
            &page,
            "Aucune demande et aucun signalement n'ont cette référence."
        ),
        "{page}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_reference_it_asks_for_one() {
    let daemon = Builder::new().start().await;
    for reference in ["", " "] {
        let answer = ask(&daemon, reference).await;
        assert_eq!(answer.status, 200);
        let html = html(&answer);
        assert!(
            html.contains("name=\"uid\"") && !html.contains("role=\"alert\""),
            "{html}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bookmark_leads_to_its_page_after_signing_in() {
    let daemon = Builder::new().start().await;
    let asked = "/console/demande?uid=DEM%201&autre=%C3%A9";
    let html = signs_in(&daemon, asked).await;
    let vers = "name=\"vers\" value=\"/console/demande?uid=DEM%201&#38;autre=%C3%A9\"";
    assert!(html.contains(vers), "{html}");
    let sign_in = |jeton: String, vers: &str| {
        let fields = [("jeton", jeton.as_str()), ("vers", vers)];
        let body = Serializer::new(String::new()).extend_pairs(fields).finish();
        bare()
            .post(format!("{}console/connexion", url(&daemon)))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
    };
    let wrong = sign_in("wrong".into(), asked).await.unwrap();
    assert_eq!(wrong.status(), StatusCode::FORBIDDEN);
    let html = wrong.text().await.unwrap();
    assert!(html.contains(vers), "{html}");
    for (vers, next) in [
        (asked, asked),
        ("", "/"),
        ("https://example.org/console/demande", "/"),
        ("//example.org/console/demande", "/"),
    ] {
        let answer = sign_in(token("admin"), vers).await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        assert_eq!(answer.headers()["location"], next, "{vers}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_that_cannot_be_read_is_not_called_erased() {
    let daemon = Builder::new().start().await;
    let uid = daemon.created(&signalement(1)).await;
    let (erased, unreadable) = ("La trace a été effacée.", "La trace est illisible.");
    for (trace, told, other) in [
        (Some("{\"etapes\":["), unreadable, erased),
        (None, erased, unreadable),
    ] {
        let database = format!("sqlite://{}", daemon.database().display());
        let mut connection = SqliteConnection::connect(&database).await.unwrap();
        sqlx::query("UPDATE signalements SET trace = $1")
            .bind(trace)
            .execute(&mut connection)
            .await
            .unwrap();
        let page = words(&html(&ask(&daemon, &uid).await));
        assert!(says(&page, told) && !says(&page, other), "{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_leads_to_its_decision() {
    let Some(browser) = Browser::on_a_telephone().await else {
        return;
    };
    let sowell = FakeSowell::start().await;
    let daemon = Builder::new().sowell(&sowell).start().await;
    let uid = with_a_dead_letter(&daemon, &sowell).await;
    browser.sign_in(&url(&daemon)).await;
    let link = "return document.querySelector('[id^=demande-]').href";
    let link = browser.evaluate(link).await.as_str().unwrap().to_owned();
    assert!(
        link.ends_with(&format!("/console/demande?uid={uid}")),
        "{link}"
    );
    let enter = format!("document.getElementById('uid').value = ' {uid}'");
    browser.evaluate(&enter).await;
    browser.press("Pourquoi ?").await;
    let sent = browser.text("section[aria-labelledby=envois]").await;
    assert!(
        sent.contains("e-mail accuse-reception, à zoe@locataire.example : livrée"),
        "{sent}"
    );
    let sideways = "return [document.documentElement, ...document.querySelectorAll('section')]\
                    .filter(it => it.scrollWidth > it.clientWidth + 1).length";
    assert_eq!(browser.evaluate(sideways).await, 0);
    browser.close("console-demande.png").await;
}
