//! The console, in a real browser where a person would use one.

mod alarms;
mod demande;
mod pages;
mod trial;
mod trial_statut;

use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use rstest::rstest;
use serde_json::json;

use crate::browser::Browser;
use crate::harness::{
    Builder, Daemon, FakeSowell, is_accepted, is_refused, signalement, token, until,
};
use crate::postgres::Backend;
use crate::process::Process;

fn url(daemon: &Daemon) -> String {
    format!("http://{}/", daemon.address)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_lags_is_seen() {
    let (Some(builder), Some(browser)) =
        (Builder::on(Backend::Postgres).await, Browser::open().await)
    else {
        return;
    };
    let database = builder
        .environment()
        .into_iter()
        .rfind(|(name, _)| name.ends_with("DATABASE_URL"));
    let database = database.unwrap().1;
    let first = builder.start().await;
    // Another machine: its own folder, the same database.
    let folder = Builder::new().set("DATABASE_URL", &database);
    let second = Process::start(folder.folder().path(), &[("DATABASE_URL", &database)]);
    let all =
        |count| move |it: &serde_json::Value| it["repliques"].as_array().unwrap().len() == count;
    first.regles_when("both are seen", all(2)).await;
    browser.sign_in(&url(&first)).await;
    let rows = browser
        .texts("section[aria-labelledby=repliques] tbody tr")
        .await;
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows.iter().all(|it| it.contains("à jour")), "{rows:?}");

    let text = format!("{}\n# vu\n", first.read("rules/priorites.yaml"));
    assert!(is_accepted(
        &first.edit("rules/priorites.yaml", &text).await
    ));
    // Cookies ignore the port, so any replica's page is open to someone who signed in at one of them.
    for page in [url(&first), format!("{}/", second.url)] {
        until("one lags", || async {
            browser.load(&page).await;
            let rows = browser
                .texts("section[aria-labelledby=repliques] tbody tr")
                .await;
            let late = rows.iter().filter(|it| it.contains("en retard")).count();
            (rows.len() == 2 && late == 1).then_some(())
        })
        .await;
        let alarms = browser.text(".alarms").await;
        assert!(
            alarms.contains("Une réplique a d'autres règles en vigueur"),
            "{alarms}"
        );
    }
    browser.close("console-replicas.png").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_is_refused_says_where_and_why() {
    let Some(browser) = Browser::open().await else {
        return;
    };
    let daemon = Builder::new().start().await;
    browser.sign_in(&url(&daemon)).await;
    assert_eq!(
        browser.text("section[aria-labelledby=alarmes] p").await,
        "Rien à signaler."
    );
    let sent = browser.text("section[aria-labelledby=livraisons]").await;
    assert!(sent.contains("en attente d'une adresse"), "{sent}");
    let good = daemon.read("rules/transmission.yaml");
    let wrong = "modes: [categories]\ncategorie: [ASC]\n";
    assert!(is_refused(
        &daemon.edit("rules/transmission.yaml", wrong).await
    ));
    browser.press("Relire les fichiers maintenant").await;
    let found = browser.text("section[aria-labelledby=regles]").await;
    for words in [
        "refusée",
        "transmission.yaml",
        "2",
        "vouliez-vous dire « categories »",
    ] {
        assert!(found.contains(words), "{words}: {found}");
    }
    assert!(
        browser
            .text(".alarms")
            .await
            .contains("des exports est refusée")
    );
    // Corrected and read again before anyone noticed.
    daemon.save("rules/transmission.yaml", &good);
    browser.press("Relire les fichiers maintenant").await;
    assert!(
        browser
            .text("section[aria-labelledby=regles] dl")
            .await
            .contains("acceptée")
    );
    browser.close("console-rules.png").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_sent_again() {
    let Some(browser) = Browser::open().await else {
        return;
    };
    let sowell = FakeSowell::start().await;
    let daemon = Builder::new().sowell(&sowell).start().await;
    let uid = daemon.created(&signalement(1)).await;
    sowell.next(422, Vec::new());
    daemon
        .statut(&uid, &json!({"statut": "CRC en cours"}))
        .await;
    browser.sign_in(&url(&daemon)).await;
    let dead = "section[aria-labelledby=livraisons] table:nth-of-type(2) tbody tr";
    until("it is dead", || async {
        browser.load(&url(&daemon)).await;
        let rows = browser.texts(dead).await;
        (rows.len() == 1 && rows[0].contains(&uid)).then_some(())
    })
    .await;
    assert!(
        browser
            .text(".alarms")
            .await
            .contains("SoWell : une livraison abandonnée.")
    );
    browser.press("Renvoyer").await;
    assert_eq!(
        browser.text("[role=status]").await,
        "La livraison est de nouveau en attente : ce qu'elle devient se voit dans un instant."
    );
    sowell.wait_for(2).await;
    assert_eq!(sowell.delivered(), ["En cours de traitement"]);
    until("none is dead", || async {
        browser.load(&url(&daemon)).await;
        browser.texts(dead).await.is_empty().then_some(())
    })
    .await;
    browser.press("Se déconnecter").await;
    assert_eq!(browser.texts("#jeton").await.len(), 1);
    browser.close("console-sign-in.png").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_person_is_named() {
    let Some(browser) = Browser::open().await else {
        return;
    };
    let daemon = Builder::new().start().await;
    for (number, statut) in [
        (1, "CRC en cours"),
        (2, "Statut inconnu"),
        (3, "Statut inconnu"),
    ] {
        let uid = daemon.created(&signalement(number)).await;
        daemon.statut(&uid, &json!({"statut": statut})).await;
    }
    browser.sign_in(&url(&daemon)).await;
    let alarms = browser.text(".alarms").await;
    assert!(
        alarms.contains(
            "SoWell : une livraison attend que l'adresse de SoWell soit réglée (sowell.base_url)."
        ),
        "{alarms}"
    );
    assert!(alarms.contains("« Statut inconnu » (2)"), "{alarms}");
    browser.close("console-waiting.png").await;
}

/// A client without a browser's protections.
fn bare() -> Client {
    Client::builder().redirect(Policy::none()).build().unwrap()
}

#[rstest]
#[case::of_nobody("wrong")]
#[case::of_sowell("token-of-sowell-in-the-tests")]
#[case::of_the_crm("token-of-crm-in-the-tests")]
#[tokio::test(flavor = "multi_thread")]
async fn any_other_token_is_refused(#[case] token: &str) {
    let daemon = Builder::new().start().await;
    let form = format!("jeton={token}");
    let answer = bare()
        .post(format!("{}console/connexion", url(&daemon)))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert!(!answer.headers().contains_key("set-cookie"));
    let html = answer.text().await.unwrap().replace("&#39;", "'");
    assert!(html.contains("pas celui de l'administration"), "{html}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_shown_or_done_without_signing_in() {
    let daemon = Builder::new().start().await;
    let url = url(&daemon);
    let page = daemon.get("/", "").await;
    let policy = page.header("content-security-policy").unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    let html = String::from_utf8(page.bytes).unwrap();
    assert!(html.contains("Jeton") && !html.contains("Règles"), "{html}");
    assert!(
        !html.contains("http://") && !html.contains("https://"),
        "nothing from elsewhere"
    );

    let signed_in = bare()
        .post(format!("{url}console/connexion"))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-forwarded-proto", "https")
        .body(format!("jeton={}", token("admin")))
        .send()
        .await
        .unwrap();
    assert_eq!(signed_in.status(), StatusCode::SEE_OTHER);
    let cookie = signed_in.headers()["set-cookie"]
        .to_str()
        .unwrap()
        .to_owned();
    for attribute in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let before = daemon.regles().await["derniere_tentative"]["le"].clone();
    let reload = |cookie: &str, site: &str| {
        bare()
            .post(format!("{url}console/regles/recharger"))
            .header("cookie", cookie)
            .header("sec-fetch-site", site)
            .send()
    };
    let strange = reload("passerelle_console=d3Jvbmc", "same-origin")
        .await
        .unwrap();
    assert_eq!(
        (strange.status(), &strange.headers()["location"]),
        (StatusCode::SEE_OTHER, &"/?fait=deconnecte".parse().unwrap())
    );
    let foreign = reload(&cookie, "same-site").await.unwrap();
    assert_eq!(foreign.status(), StatusCode::FORBIDDEN);
    assert_eq!(daemon.regles().await["derniere_tentative"]["le"], before);
    let own = reload(&cookie, "same-origin").await.unwrap();
    assert_eq!(own.headers()["location"], "/?fait=relu");
    assert_ne!(daemon.regles().await["derniere_tentative"]["le"], before);
}
