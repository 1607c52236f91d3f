//! How the pages look and answer, whatever they show and whoever asks.

use reqwest::StatusCode;
use serde_json::json;

use super::{bare, url};
use crate::browser::Browser;
use crate::harness::{Builder, Daemon, FakeSowell, signalement, signalement_with, token, until};

/// A daemon whose page is hard to read.
async fn crowded(sowell: &FakeSowell) -> Daemon {
    let daemon = Builder::new().sowell(sowell).start().await;
    for (number, code) in [(1, " ASC"), (2, "AS\u{202e}C"), (3, &"X".repeat(64))] {
        let body = signalement_with(number, &json!({"qualification": code, "bien": null}));
        assert_eq!(daemon.post(&body).await.status, 422);
    }
    let uid = daemon.created(&signalement(4)).await;
    sowell.next(422, Vec::new());
    daemon
        .statut(&uid, &json!({"statut": "CRC en cours"}))
        .await;
    until("it is dead", || async {
        let page = daemon.console().await;
        page.contains("Livraisons abandonnées").then_some(())
    })
    .await;
    daemon
}

#[tokio::test(flavor = "multi_thread")]
async fn a_telephone_shows_every_word_without_scrolling_sideways() {
    let Some(browser) = Browser::on_a_telephone().await else {
        return;
    };
    let sowell = FakeSowell::start().await;
    let daemon = crowded(&sowell).await;
    browser.sign_in(&url(&daemon)).await;
    let sideways = "return [document.documentElement, ...document.querySelectorAll('section')]\
                    .filter(it => it.scrollWidth > it.clientWidth + 1).length";
    assert_eq!(browser.evaluate(sideways).await, 0);
    let narrow = "return [...document.querySelectorAll('td.words')]\
                  .filter(it => it.clientWidth < 280).length";
    assert_eq!(browser.evaluate(narrow).await, 0);
    let untitled = "return document.querySelectorAll('td.words:not([data-title])').length";
    assert_eq!(browser.evaluate(untitled).await, 0);
    let tall =
        "return Math.max(...[...document.querySelectorAll('tr')].map(it => it.clientHeight))";
    let tall = browser.evaluate(tall).await;
    assert!(tall.as_f64().unwrap() < 700.0, "{tall}");
    browser.close("console-telephone.png").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_keeps_its_spaces_and_its_text_direction_to_itself() {
    let Some(browser) = Browser::open().await else {
        return;
    };
    let sowell = FakeSowell::start().await;
    let daemon = crowded(&sowell).await;
    browser.sign_in(&url(&daemon)).await;
    let reasons = browser
        .texts("section[aria-labelledby=signalements] td.words")
        .await;
    assert!(
        reasons.iter().any(|it| it.contains("«  ASC »")),
        "{reasons:?}"
    );
    let isolated = "return [...document.querySelectorAll('td.words bdi bdi')]\
                    .map(it => it.textContent)";
    let isolated = browser.evaluate(isolated).await;
    let isolated = isolated.as_array().unwrap();
    assert!(isolated.contains(&json!("AS\u{202e}C")), "{isolated:?}");
    let names = "return [...document.querySelectorAll('table')]\
                 .filter(it => !it.caption && !it.getAttribute('aria-labelledby')).length";
    assert_eq!(browser.evaluate(names).await, 0);
    let label = "return document.querySelector('[action$=renvoyer] button').ariaLabel";
    let label = browser.evaluate(label).await;
    let label = label.as_str().unwrap();
    assert!(
        label.starts_with("Renvoyer à SoWell la livraison de la demande "),
        "{label}"
    );
    browser.close("console-hostile.png").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_list_gives_its_total() {
    let daemon = Builder::new().set("LIMITS__RATE", "1000/min").start().await;
    for number in 1..=22 {
        let body = signalement_with(number, &json!({"qualification": "NON"}));
        assert_eq!(daemon.post(&body).await.status, 422);
        if number == 20 {
            assert!(!daemon.console().await.contains(" sur "));
        }
    }
    let page = daemon.console().await;
    assert!(
        page.contains("En échec ou en doute, les plus récents : 20 sur 22"),
        "{page}"
    );
    assert!(
        page.contains("passerelle signalements list --limit 22"),
        "{page}"
    );
    // Nothing is ever sent to the embedded CRM.
    assert!(!page.contains("scope=\"row\">CRM"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_daemons_of_one_machine_do_not_sign_each_other_out() {
    let one = Builder::new().start().await;
    let two = Builder::new().set("TOKENS__ADMIN", "another-token-of-the-admins-in-the-tests");
    let two = two.start().await;
    let name = |cookie: &str| cookie.split('=').next().unwrap().to_owned();
    let first = one.signed_in().await;
    let answer = bare()
        .post(format!("{}console/connexion", url(&two)))
        .header("content-type", "application/x-www-form-urlencoded")
        .body("jeton=another-token-of-the-admins-in-the-tests")
        .send()
        .await
        .unwrap();
    let second = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert_ne!(name(&first), name(&second));
    // A replica's cookie is valid at all of them, whatever their port.
    let again = Builder::new().start().await;
    assert_eq!(first, again.signed_in().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_that_did_nothing_says_so() {
    let daemon = Builder::new().start().await;
    let request = daemon.request("POST", "/console/regles/recharger", "");
    let page = daemon.send(request).await;
    let html = String::from_utf8(page.bytes).unwrap();
    assert!(
        html.contains("a pas été faite") && html.contains("jeton"),
        "{html}"
    );
    let html = String::from_utf8(daemon.get("/", "").await.bytes).unwrap();
    assert!(!html.contains("a pas été faite"), "{html}");
    assert!(html.contains("<code>tokens.admin</code>"), "{html}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_that_the_form_posts_to_shows_the_form() {
    let daemon = Builder::new().start().await;
    let address = format!("{}console/connexion", url(&daemon));
    let asked = bare().get(&address).send().await.unwrap();
    assert_eq!(
        (asked.status(), &asked.headers()["location"]),
        (StatusCode::SEE_OTHER, &"/".parse().unwrap())
    );
    for body in ["", "jeton=", "autre=1"] {
        let form = "application/x-www-form-urlencoded";
        let answer = bare()
            .post(&address)
            .header("content-type", form)
            .body(body);
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{body}");
        let html = answer.text().await.unwrap();
        assert!(html.contains("Donnez le jeton"), "{html}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_requested_too_often_reloads_by_itself() {
    let daemon = Builder::new().set("LIMITS__RATE", "2/h").start().await;
    let cookie = daemon.signed_in().await;
    let get = || daemon.request("GET", "/", "").header("cookie", &cookie);
    for _ in 0..2 {
        assert_eq!(daemon.send(get()).await.status, 200);
    }
    let answer = daemon.send(get()).await;
    assert_eq!(answer.status, 429);
    let seconds = answer.header("retry-after").unwrap().to_owned();
    assert!(answer.header("content-security-policy").is_some());
    let html = String::from_utf8(answer.bytes).unwrap();
    assert!(
        html.contains(&format!("content=\"{seconds}; url=/\"")),
        "{html}"
    );
    assert!(!token("admin").is_empty() && !html.contains(&token("admin")));
}

/// As when someone comes back to the page.
const COME_BACK: &str = "document.dispatchEvent(new Event('visibilitychange'))";

/// The current text: between two queries, the element may be replaced.
async fn shown(browser: &Browser, selector: &str) -> String {
    let text = format!("return document.querySelector(\"{selector}\").innerText");
    browser.evaluate(&text).await.as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refreshed_page_keeps_the_focus() {
    let Some(browser) = Browser::open().await else {
        return;
    };
    let sowell = FakeSowell::start().await;
    let daemon = crowded(&sowell).await;
    browser.sign_in(&url(&daemon)).await;
    let section = "section[aria-labelledby=livraisons]";
    let at = "const at = document.querySelector('[id^=renvoyer-]'); at.focus(); \
              document.querySelector('main').dataset.kept = 'yes'; return at.id";
    let at = browser.evaluate(at).await;
    let kept = "return document.querySelector('main').dataset.kept ?? ''";
    let place = "return document.activeElement.id";
    assert_eq!(browser.evaluate(place).await, at);
    // From now on, a second dead letter is listed before it.
    let before = shown(&browser, section).await;
    let uid = daemon.created(&signalement(5)).await;
    sowell.next(422, Vec::new());
    daemon
        .statut(&uid, &json!({"statut": "CRC en cours"}))
        .await;
    until("it is read anew", || async {
        browser.evaluate(COME_BACK).await;
        let now = shown(&browser, section).await;
        (now != before && now.contains(&uid)).then_some(())
    })
    .await;
    assert_eq!(browser.evaluate(place).await, at);
    assert_eq!(browser.evaluate(kept).await, "yes", "the rest stays");
    // The focused element disappears: the focus moves to its section.
    browser.evaluate("document.activeElement.id = 'gone'").await;
    let lost = "return document.activeElement.matches('section[aria-labelledby=livraisons]')";
    until("the keyboard stays in its section", || async {
        browser.evaluate(COME_BACK).await;
        (browser.evaluate(lost).await == true).then_some(())
    })
    .await;
    browser.close("console-anew.png").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_cannot_be_refreshed_says_so_until_it_can() {
    let Some(browser) = Browser::open().await else {
        return;
    };
    let daemon = Builder::new().start().await;
    browser.sign_in(&url(&daemon)).await;
    let read = shown(&browser, "footer").await;
    until("it is read anew", || async {
        browser.evaluate(COME_BACK).await;
        (shown(&browser, "footer").await != read).then_some(())
    })
    .await;
    let fresh = "return document.getElementById('perimee').hidden";
    assert_eq!(browser.evaluate(fresh).await, true);
    daemon.stop().await;
    until("it says that it is old", || async {
        browser.evaluate(COME_BACK).await;
        (browser.evaluate(fresh).await == false).then_some(())
    })
    .await;
    browser.close("console-stale.png").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_the_browser_reloads_the_page() {
    let daemon = Builder::new().start().await;
    let page = daemon.console().await;
    let alone = r#"<noscript><meta http-equiv="refresh" content="30; url=/"></noscript>"#;
    assert_eq!(page.matches("http-equiv=\"refresh\"").count(), 1, "{page}");
    assert!(page.contains(alone), "{page}");
}
