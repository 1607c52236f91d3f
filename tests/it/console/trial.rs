//! The pages that try the rules without sending anything.

use passerelle::domain::ports::DuplicateGuard;
use reqwest::StatusCode;
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use super::{bare, url};
use crate::browser::Browser;
use crate::cli::on;
use crate::harness::{
    Answer, Builder, Daemon, is_accepted, signalement, signalement_with, token, until,
};
use crate::process::Process;
use crate::remote_crm::{Goes, RemoteCrm};

/// A form that a signed-in person sends, and its answer.
pub(super) async fn send(daemon: &Daemon, path: &str, fields: &[(&str, &str)]) -> Answer {
    let cookie = daemon.signed_in().await;
    let body = Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = daemon
        .request("POST", path, "")
        .header("cookie", cookie)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body);
    daemon.send(request).await
}

/// What a page says, without its tags and with single spaces.
pub(super) fn words(html: &str) -> String {
    let mut text = String::new();
    let mut tag = false;
    for sign in html.chars() {
        match sign {
            '<' => {
                tag = true;
                text.push(' ');
            }
            '>' => tag = false,
            _ if tag => {}
            sign => text.push(sign),
        }
    }
    for (entity, sign) in [
        ("&#39;", "'"),
        ("&#34;", "\""),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#38;", "&"),
    ] {
        text = text.replace(entity, sign);
    }
    without_gaps(&text)
}

/// Tags stand between words and signs that are written together.
fn without_gaps(text: &str) -> String {
    text.split_whitespace().collect()
}

pub(super) fn says(page: &str, text: &str) -> bool {
    page.contains(&without_gaps(text))
}

pub(super) async fn page(daemon: &Daemon, path: &str, fields: &[(&str, &str)]) -> String {
    let answer = send(daemon, path, fields).await;
    let html = String::from_utf8(answer.bytes).unwrap();
    assert_eq!(answer.status, 200, "{html}");
    words(&html)
}

/// The fields of the form for this signalement of SoWell.
fn fields(signalement: &Value) -> Vec<(&str, &str)> {
    let fields = signalement.as_object().unwrap().iter();
    let fields = fields.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
    fields.collect()
}

/// What someone who is not signed in gets for a page: the form to sign in, without an alarm.
pub(super) async fn signs_in(daemon: &Daemon, path: &str) -> String {
    let answer = daemon.get(path, "").await;
    let html = String::from_utf8(answer.bytes).unwrap();
    assert_eq!(answer.status, 200, "{html}");
    assert!(html.contains("name=\"jeton\""), "{html}");
    assert!(!html.contains("role=\"alert\""), "{html}");
    html
}

pub(super) async fn nothing_was_kept(daemon: &Daemon) {
    assert_eq!(daemon.state.store.count_past(None).await.unwrap(), (0, 0));
    assert!(
        daemon
            .state
            .store
            .count_livraisons()
            .await
            .unwrap()
            .is_empty()
    );
    let files = std::fs::read_dir(daemon.path("data/courriels"));
    assert_eq!(files.map_or(0, Iterator::count), 0);
}

const ESSAI: &str = "/console/essai";

#[tokio::test(flavor = "multi_thread")]
async fn a_signalement_is_tried_and_nothing_is_kept() {
    let daemon = Builder::new().start().await;
    let mut body = signalement(1);
    body["photos"] = json!("2");
    body["date_creation"] = json!("2026-02-28T23:59");
    let page = page(&daemon, ESSAI, &fields(&body)).await;
    for text in [
        "Rien n'est enregistré et rien n'est envoyé",
        "Le signalement est transmis au CRM.",
        "Statut Transférée (dans SoWell : En attente)",
        "Workflow INTERVENTION",
        "Priorité haute",
        "Gestionnaire concerné Équipe Technique Metz (TEC-1, technique), tec@bailleur.example",
        "Acteur en charge Secteur MZ-01 (RS-MZ-01, responsable_secteur)",
        // The context, then the e-mail.
        "Bloqué au 4ᵉ <b>étage</b> & \"bruit\" 🚨 Deuxième ligne",
        "À zoe@locataire.example",
        "Objet Votre signalement a bien été transmis ((à venir))",
        "du samedi 28 février 2026 à 23:59",
        "bien (biens.csv, ligne 3) : appliquée",
    ] {
        assert!(says(&page, text), "{text}: {page}");
    }
    nothing_was_kept(&daemon).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_says_the_same_as_explain() {
    let daemon = Builder::new().start().await;
    // Only the second of two modes accepts.
    let modes = "modes: [auteur, manager, categories]\ncategories: [ASC]\n";
    daemon.edit("rules/transmission.yaml", modes).await;
    let body = signalement_with(1, &json!({"transmettre_manager": true, "inconnu": 5}));
    daemon.save("essai.json", &body.to_string());
    let explained = String::from_utf8(on(&daemon, &["explain", "essai.json"]).stdout).unwrap();
    assert!(explained.contains("pas regardée"), "{explained}");
    let page = page(&daemon, ESSAI, &[("json", &body.to_string())]).await;
    let mut compared = 0;
    for line in explained.lines().skip(1) {
        // A list numbers its items itself.
        let line = line.trim_start_matches(|it: char| it.is_ascii_digit() || " .".contains(it));
        // The page shows the e-mail itself.
        if line.starts_with("E-mail ") {
            continue;
        }
        assert!(says(&page, line), "{line}: {page}");
        compared += 1;
    }
    assert!(compared > 20, "{explained}");
    nothing_was_kept(&daemon).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_the_one_that_sowell_would_get() {
    let daemon = Builder::new().start().await;
    for changes in [
        json!({"residence": "MZ-99"}),
        json!({"bien": "TH-07-B-3"}),
        json!({"email_auteur": "zoe", "auteur": "", "lien_sowell": "ftp://x"}),
        json!({"residence": "SANS", "description": " "}),
        json!({"qualification": "NON", "priorite": "<b>"}),
        json!({"photos": ["AAAA"]}),
    ] {
        let body = signalement_with(1, &changes);
        let refused = daemon.post(&body).await.json();
        let faults = refused["erreurs"].as_array().unwrap();
        assert!(!faults.is_empty(), "{refused}");
        let pasted = page(&daemon, ESSAI, &[("json", &body.to_string())]).await;
        let filled = fields(&body);
        let filled = page(&daemon, ESSAI, &filled).await;
        for (page, fields_only) in [(pasted, false), (filled, true)] {
            if fields_only && changes.get("photos").is_some() {
                continue;
            }
            let status = format!("un refus ({})", refused["status"]);
            assert!(says(&page, &status), "{page}");
            for fault in faults {
                let (pointer, detail) = (&fault["pointeur"], &fault["detail"]);
                let told = format!(
                    "{} : {}",
                    pointer.as_str().unwrap(),
                    detail.as_str().unwrap()
                );
                assert!(says(&page, &told), "{told}: {page}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_description_with_lines_of_windows_is_shown_as_it_would_be_read() {
    let mail = "Objet: Essai\n\n{{ signalement.description }}\n";
    let daemon = Builder::new()
        .file("rules/modeles/accuse-reception.txt", mail)
        .start()
        .await;
    let body = signalement_with(1, &json!({"description": "Fuite :\r\n\tcuisine\r\nMerci"}));
    let answer = send(&daemon, ESSAI, &[("json", &body.to_string())]).await;
    let html = String::from_utf8(answer.bytes).unwrap();
    assert!(!html.contains('\u{fffd}') && !html.contains('\r'), "{html}");
    // The context and the e-mail.
    assert_eq!(
        html.matches("Fuite :\n\tcuisine\nMerci").count(),
        2,
        "{html}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn json_that_cannot_be_read_is_refused_as_sowells_would_be() {
    let daemon = Builder::new().start().await;
    for json in ["", "{\"a\": 1,}", "[]", "\"x\""] {
        let request = daemon.request("POST", "/api/v1/signalements", "sowell");
        let request = request.header("content-type", "application/json");
        let refused = daemon.send(request.body(json)).await.json();
        let detail = refused["detail"].as_str().unwrap();
        let page = page(&daemon, ESSAI, &[("json", json)]).await;
        assert!(says(&page, detail), "{detail}: {page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_never_becomes_part_of_the_page() {
    let daemon = Builder::new().start().await;
    let hostile = "</textarea>\"><script>alert(1)</script>";
    let body = signalement_with(1, &json!({"description": hostile, "auteur": hostile}));
    let json = body.to_string();
    for sent in [
        fields(&body),
        vec![("json", json.as_str())],
        vec![("residence", hostile)],
    ] {
        let answer = send(&daemon, ESSAI, &sent).await;
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'"), "{policy}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let html = String::from_utf8(answer.bytes).unwrap();
        assert!(!html.contains("<script"), "{html}");
        assert_eq!(html.matches("</textarea>").count(), 2, "{html}");
        assert!(html.contains("alert(1)"), "{html}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_cannot_be_read_says_so() {
    let daemon = Builder::new().start().await;
    let long = "x".repeat(600 * 1024);
    let answer = send(&daemon, ESSAI, &[("json", &long)]).await;
    assert_eq!(answer.status, 413);
    let html = String::from_utf8(answer.bytes).unwrap();
    assert!(
        says(
            &words(&html),
            "Ce formulaire dépasse 512 Kio : retirez les photos de votre JSON"
        ),
        "{html}"
    );
    let page = page(&daemon, ESSAI, &[("photos", "beaucoup")]).await;
    assert!(
        says(&page, "Le nombre de photos est un nombre entier"),
        "{page}"
    );
    assert!(!says(&page, "Résultat"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_fail_are_named() {
    let daemon = Builder::new().start().await;
    // Without a manager to be in charge of it.
    let body = signalement_with(1, &json!({"residence": "SANS", "bien": null}));
    let page = page(&daemon, ESSAI, &fields(&body)).await;
    assert!(says(&page, "Aucune décision : "), "{page}");
    assert!(
        says(&page, "affectation (gestionnaire.rhai, ligne"),
        "{page}"
    );
    assert!(says(&page, ") : erreur"), "{page}");
    assert!(!says(&page, "Aucun e-mail ne partirait"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_e_mail_that_would_fail_is_told_beside_the_decision() {
    let daemon = Builder::new().start().await;
    let accuses = "fn accuses(evenement) {\n    \
                   [#{ a: evenement.signalement.description, modele: \"accuse-reception\" }]\n}\n";
    assert!(is_accepted(
        &daemon.edit("rules/accuses.rhai", accuses).await
    ));
    let page = page(&daemon, ESSAI, &fields(&signalement(1))).await;
    assert!(says(&page, "Le signalement est transmis au CRM."), "{page}");
    assert!(
        says(&page, "Un e-mail ne pourrait pas être écrit : "),
        "{page}"
    );
    assert!(
        says(&page, "« a » d'un message doit être une adresse e-mail"),
        "{page}"
    );
}

/// An answer of the daemon's own binary to a signed-in person.
async fn answer_of(daemon: &Process, method: &str, path: &str) -> (u16, String) {
    let form = "application/x-www-form-urlencoded";
    let signed_in = bare()
        .post(format!("{}/console/connexion", daemon.url))
        .header("content-type", form)
        .body(format!("jeton={}", token("admin")))
        .send()
        .await
        .unwrap();
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap();
    let answer = bare()
        .request(method.parse().unwrap(), format!("{}{path}", daemon.url))
        .header("cookie", cookie.split(';').next().unwrap())
        .header("content-type", form)
        .body("statut=Ouverte")
        .send()
        .await
        .unwrap();
    let kind = answer.headers()["content-type"].to_str().unwrap();
    assert_eq!(kind, "text/html; charset=utf-8", "{method} {path}");
    let policy = answer.headers()["content-security-policy"].to_str();
    assert!(policy.unwrap().contains("default-src 'none'"));
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_a_bug_prevents_is_a_page_that_says_so() {
    let builder = Builder::new();
    let folder = builder.folder();
    let daemon = Process::start(folder.path(), &[("PANIC", "trial")]);
    for path in [ESSAI, "/console/essai/statut"] {
        for method in ["GET", "POST"] {
            let (status, html) = answer_of(&daemon, method, path).await;
            assert_eq!(status, 500, "{method} {path}");
            let told = words(&html);
            assert!(
                says(&told, "Une erreur de notre côté : la page n'a pas pu"),
                "{told}"
            );
            assert!(html.contains("href=\"/\""), "{html}");
            let reference = html.split("le journal la porte aussi : ").nth(1).unwrap();
            let reference = reference.split('.').next().unwrap();
            let logged = || async { daemon.logged(reference).then_some(()) };
            until("its reason is logged", logged).await;
        }
    }
    let (status, html) = answer_of(&daemon, "GET", "/").await;
    assert_eq!(status, 200, "{html}");
    daemon.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_without_a_page_answers_with_a_page_in_the_console_only() {
    let daemon = Builder::new().start().await;
    let cookie = daemon.signed_in().await;
    let ask = |method: &str, path: &str| {
        let request = daemon.request(method, path, "");
        daemon.send(request.header("cookie", &cookie))
    };
    for (method, path, status, told) in [
        (
            "GET",
            "/console/essais",
            404,
            "Il n'y a pas de page à cette adresse.",
        ),
        ("GET", "/console/deconnexion", 405, "rien n'a été fait"),
        ("POST", "/", 405, "rien n'a été fait"),
        (
            "POST",
            "/console/livraisons/%FF/renvoyer",
            404,
            "Il n'y a pas de page à cette adresse.",
        ),
    ] {
        let answer = ask(method, path).await;
        assert_eq!(answer.status, status, "{method} {path}");
        let html = String::from_utf8(answer.bytes).unwrap();
        assert!(says(&words(&html), told), "{html}");
        assert!(html.contains("href=\"/\""), "{html}");
    }
    for (method, path, status) in [
        ("GET", "/consoles", 404),
        ("DELETE", "/api/v1/signalements", 405),
    ] {
        let answer = ask(method, path).await;
        assert_eq!(answer.json()["status"], status, "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_someone_signed_in_may_try() {
    let daemon = Builder::new().start().await;
    let address = format!("{}console/essai", url(&daemon));
    let form = "application/x-www-form-urlencoded";
    let posted = || {
        bare()
            .post(&address)
            .header("content-type", form)
            .body("residence=MZ-01")
    };
    signs_in(&daemon, ESSAI).await;
    let answer = posted().send().await.unwrap();
    assert_eq!(
        (answer.status(), &answer.headers()["location"]),
        (StatusCode::SEE_OTHER, &"/?fait=deconnecte".parse().unwrap())
    );
    let foreign = posted().header("cookie", daemon.signed_in().await);
    let foreign = foreign.header("sec-fetch-site", "cross-site");
    let foreign = foreign.send().await.unwrap();
    assert_eq!(foreign.status(), StatusCode::FORBIDDEN);
    let told = words(&foreign.text().await.unwrap());
    assert!(
        says(&told, "depuis un autre site : rien n'a été fait"),
        "{told}"
    );
}

/// Types into a field, in place of what it holds.
async fn type_into(browser: &Browser, field: &str, text: &str) {
    let script = format!("document.getElementById('{field}').value = {}", json!(text));
    browser.evaluate(&script).await;
}

const SIDEWAYS: &str = "return [document.documentElement, ...document.querySelectorAll('section')]\
                        .filter(it => it.scrollWidth > it.clientWidth + 1).length";
const UNNAMED: &str = "return [...document.querySelectorAll('input, select, textarea')]\
                       .filter(it => !it.labels.length).length";

#[tokio::test(flavor = "multi_thread")]
async fn a_residence_is_found_by_a_word_and_tried_on_a_telephone() {
    let Some(browser) = Browser::on_a_telephone().await else {
        return;
    };
    let daemon = Builder::new().start().await;
    browser.sign_in(&url(&daemon)).await;
    browser
        .load(&format!("{}console/essai", url(&daemon)))
        .await;
    assert_eq!(browser.evaluate(UNNAMED).await, 0);
    type_into(&browser, "residence", "roses thionville").await;
    browser.press("Essayer").await;
    let result = browser.text("#issue").await;
    assert!(
        result.contains("résidence inconnue : « roses thionville »"),
        "{result}"
    );
    let choices = browser
        .texts("fieldset label.choice:has([name=choix])")
        .await;
    assert_eq!(
        choices,
        ["TH-07 : Côte des Roses, 2 place Marie, Thionville"]
    );
    assert_eq!(browser.evaluate(UNNAMED).await, 0);
    browser
        .evaluate("document.querySelector('[name=choix]').click()")
        .await;
    browser.press("Essayer").await;
    let residence = "return document.getElementById('residence').value";
    assert_eq!(browser.evaluate(residence).await, "TH-07");
    let result = browser.text("#issue").await;
    assert!(
        result.contains("Le signalement est transmis au CRM."),
        "{result}"
    );
    assert_eq!(browser.evaluate(SIDEWAYS).await, 0);
    nothing_was_kept(&daemon).await;
    browser.close("console-trial.png").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn managers_that_only_the_crm_knows_are_asked_for() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp).with(|it| it.knows_managers = true);
    crm.manages(Goes::Away);
    let daemon = Builder::new().crm(crm.clone()).start().await;
    let body = signalement_with(1, &json!({"residence": "SANS", "bien": null}));
    let away = page(&daemon, ESSAI, &fields(&body)).await;
    assert!(says(&away, "SoWell recevrait un refus (503)"), "{away}");
    let known = page(&daemon, ESSAI, &fields(&body)).await;
    assert!(says(&known, "(technique-SANS, technique)"), "{known}");
    // Nothing else was asked of the CRM.
    assert_eq!((crm.count("managers"), crm.count("create")), (2, 0));
    nothing_was_kept(&daemon).await;
}
