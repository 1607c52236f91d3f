//! The page that tries a status of the CRM without telling SoWell.

use passerelle::domain::ports::DuplicateGuard;
use reqwest::StatusCode;
use rstest::rstest;
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};

use super::trial::{nothing_was_kept, page, says, send, signs_in, words};
use super::{bare, url};
use crate::browser::Browser;
use crate::harness::{Builder, Daemon, is_accepted, signalement};
use crate::postgres::Backend;
use crate::remote_crm::{Goes, RemoteCrm};

const STATUT: &str = "/console/essai/statut";

/// Writes a tenant for each status that SoWell is told.
const ACCUSES: &str = "fn accuses(evenement) {
    if evenement.type != \"statut\" { return []; }
    [#{ a: evenement.signalement.email_auteur, modele: \"statut\" }]
}
";

#[rstest]
#[case::plain(
    &[("statut", "Vivest en cours")],
    &["SoWell recevrait le statut « En cours de traitement ».", "correspondances (statuts.yaml, ligne 16) : appliquée"]
)]
#[case::by_its_result(
    &[("statut", " Clôturée "), ("resultat", "Rejeté")],
    &["SoWell recevrait le statut « Rejeté ».", "valeur = Rejeté", "Aucun e-mail ne partirait."]
)]
#[case::another_channel(
    &[("statut", "Ouverte"), ("canal", "Téléphone")],
    &["SoWell ne recevrait rien : le canal de la demande est « Téléphone » et non « SoWell »"]
)]
#[case::unknown(
    &[("statut", "Cloturée")],
    &["SoWell ne recevrait rien pour l'instant : le changement serait conservé, puis envoyé dès que statuts.yaml le traduira.", "Le CRM recevrait un refus (422) :", "vouliez-vous dire « Clôturée » ?"]
)]
#[case::without_its_result(
    &[("statut", "Clôturée")],
    &["/resultat : le statut « Clôturée » demande « resultat » ; valeurs connues : Rejeté, Traité"]
)]
#[case::blank(&[("statut", " ")], &["Le CRM recevrait un refus (422) :", "/statut : champ obligatoire"])]
#[case::nobodys(
    &[("statut", "Ouverte"), ("uid", "DEM-0")],
    &["Le CRM recevrait un refus (404) : aucune demande n'a cet uid"]
)]
#[case::nobodys_on_our_channel(
    &[("statut", "Ouverte"), ("uid", "DEM-0"), ("canal", "SoWell")],
    &["Le CRM recevrait un refus (404) : aucune demande n'a cet uid"]
)]
#[case::someone_elses(
    &[("statut", "Ouverte"), ("uid", "DEM-0"), ("canal", "Téléphone")],
    &[
        "SoWell ne recevrait rien : le canal de la demande est « Téléphone » et non « SoWell ».",
        "Aucun e-mail ne partirait.",
        "canal = Téléphone",
    ]
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_status_is_tried_and_nothing_is_kept(
    #[case] fields: &[(&str, &str)],
    #[case] told: &[&str],
) {
    let daemon = Builder::new().start().await;
    let page = page(&daemon, STATUT, fields).await;
    for text in told {
        assert!(says(&page, text), "{text}: {page}");
    }
    assert!(
        says(&page, "Rien n'est enregistré et rien n'est envoyé"),
        "{page}"
    );
    nothing_was_kept(&daemon).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_the_one_that_the_crm_would_get() {
    let daemon = Builder::new().start().await;
    let uid = daemon.created(&signalement(1)).await;
    let long = "x".repeat(201);
    for event in [
        json!({"statut": "Inconnu"}),
        json!({"statut": "Clôturée", "resultat": "Traite"}),
        json!({"statut": long, "canal": long}),
        json!({"statut": "Ouverte", "commentaire": "x".repeat(20_001)}),
    ] {
        let refused = daemon.statut(&uid, &event).await.json();
        let fields = event.as_object().unwrap().iter();
        let fields: Vec<(&str, &str)> = fields
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
            .collect();
        let page = page(&daemon, STATUT, &fields).await;
        let faults = refused["erreurs"].as_array().unwrap();
        assert!(!faults.is_empty(), "{refused}");
        for fault in faults {
            let text = |key: &str| Value::as_str(&fault[key]).unwrap();
            let told = format!("{} : {}", text("pointeur"), text("detail"));
            assert!(says(&page, &told), "{told}: {page}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_e_mails_of_a_demande_are_those_that_its_tenant_would_get() {
    let daemon = Builder::new()
        .file("rules/accuses.rhai", ACCUSES)
        .file(
            "rules/modeles/statut.txt",
            "Objet: {{ evenement.statut_sowell }}\n\nBonjour {{ signalement.auteur }}\n",
        )
        .start()
        .await;
    let uid = daemon.created(&signalement(1)).await;
    let of_it = page(
        &daemon,
        STATUT,
        &[("statut", "Vivest en cours"), ("uid", &uid)],
    )
    .await;
    let of_any = page(&daemon, STATUT, &[("statut", "Vivest en cours")]).await;
    for (page, author) in [(of_it, "Zoé N'Guyen-Müller"), (of_any, "Camille Durand")] {
        assert!(says(&page, "Objet En cours de traitement"), "{page}");
        assert!(says(&page, &format!("Bonjour {author}")), "{page}");
        assert!(says(&page, "accuses (accuses.rhai, ligne"), "{page}");
    }
    assert!(daemon.courriels().is_empty());
    let events = daemon.state.store.count_past(None).await.unwrap().1;
    assert_eq!(events, 0);
    // No demande can be invented for these rules, and the status is known all the same.
    let nobody = "fn affecter(signalement, residence, qualification) {\n    \
                  throw \"personne \" + signalement.residence\n}\n";
    assert!(is_accepted(
        &daemon.edit("rules/gestionnaire.rhai", nobody).await
    ));
    let page = page(&daemon, STATUT, &[("statut", "Vivest en cours")]).await;
    for text in [
        "« En cours de traitement »",
        "Les e-mails ne peuvent pas être montrés : ",
    ] {
        assert!(says(&page, text), "{text}: {page}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_reference_that_no_demande_can_have_is_nobodys(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[values("DEM\0", "DEM\n1", "..")] uid: &str,
) {
    let Some(builder) = Builder::on(backend).await else {
        return;
    };
    let daemon = builder.start().await;
    let page = page(&daemon, STATUT, &[("statut", "Ouverte"), ("uid", uid)]).await;
    let told = "Le CRM recevrait un refus (404) : aucune demande n'a cet uid";
    assert!(says(&page, told), "{page}");
}

#[rstest]
#[case::no_demande_can_have_it("DEM\0")]
#[case::nobodys("DEM-0")]
#[tokio::test(flavor = "multi_thread")]
async fn the_faults_of_a_status_come_before_its_unknown_reference(#[case] uid: &str) {
    let daemon = Builder::new().start().await;
    let long = "x".repeat(201);
    let fields = [("statut", " "), ("resultat", &long), ("uid", uid)];
    let faulty = page(&daemon, STATUT, &fields).await;
    let api = daemon
        .statut("DEM-0", &json!({"statut": " ", "resultat": long}))
        .await;
    assert_eq!(api.status, 422);
    let faults = api.json()["erreurs"].as_array().unwrap().clone();
    assert_eq!(faults.len(), 2, "{faults:?}");
    for fault in faults {
        let told = format!(
            "{} : {}",
            fault["pointeur"].as_str().unwrap(),
            fault["detail"].as_str().unwrap()
        );
        assert!(says(&faulty, &told), "{told}: {faulty}");
    }
    assert!(!says(&faulty, "refus (404)"), "{faulty}");
    // The message that follows the correction.
    let mended = page(&daemon, STATUT, &[("statut", "Ouverte"), ("uid", uid)]).await;
    assert!(says(&mended, "refus (404)"), "{mended}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_demande_may_be_the_one_whose_creation_is_in_doubt() {
    let crm = RemoteCrm::new(DuplicateGuard::Nothing);
    crm.creates([Goes::Lost]);
    let daemon = Builder::new().crm(crm).start().await;
    assert_eq!(daemon.post(&signalement(1)).await.status, 503);
    let (statut, uid) = (("statut", "Ouverte"), ("uid", "CRM-1"));
    let doubted = page(&daemon, STATUT, &[statut, uid]).await;
    assert!(
        says(&doubted, "Le CRM recevrait un refus (503) :"),
        "{doubted}"
    );
    let foreign = page(&daemon, STATUT, &[statut, uid, ("canal", "Téléphone")]).await;
    assert!(says(&foreign, "SoWell ne recevrait rien : "), "{foreign}");
}

async fn sql(daemon: &Daemon, statement: &'static str) {
    let database = format!("sqlite://{}", daemon.database().display());
    let mut connection = SqliteConnection::connect(&database).await.unwrap();
    sqlx::query(statement)
        .execute(&mut connection)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_e_mails_of_a_demande_whose_signalement_is_purged_are_not_invented() {
    let daemon = Builder::new().start().await;
    let uid = daemon.created(&signalement(1)).await;
    // As the retention does.
    sql(&daemon, "UPDATE signalements SET payload = ''").await;
    let page = page(
        &daemon,
        STATUT,
        &[("statut", "Vivest en cours"), ("uid", &uid)],
    )
    .await;
    for text in [
        "SoWell recevrait le statut « En cours de traitement ».",
        "Les e-mails ne peuvent pas être montrés : ce que SoWell avait envoyé pour cette demande n'est plus conservé.",
    ] {
        assert!(says(&page, text), "{text}: {page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_of_ours_is_not_an_answer_to_the_crm() {
    let daemon = Builder::new().start().await;
    let uid = daemon.created(&signalement(1)).await;
    sql(&daemon, "ALTER TABLE demandes RENAME TO away").await;
    let fields = [("statut", "Ouverte"), ("uid", uid.as_str())];
    let answer = send(&daemon, STATUT, &fields).await;
    assert_eq!(answer.status, 500);
    let html = String::from_utf8(answer.bytes).unwrap();
    assert!(html.contains(&format!("value=\"{uid}\"")), "{html}");
    let told = words(&html);
    assert!(
        says(&told, "l'essai n'a pas été fait. Citez cette référence"),
        "{told}"
    );
    assert!(!says(&told, "recevrait un refus"), "{told}");
    sql(&daemon, "ALTER TABLE away RENAME TO demandes").await;
    let told = page(&daemon, STATUT, &fields).await;
    assert!(!says(&told, "l'essai n'a pas été fait"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_someone_signed_in_may_try() {
    let daemon = Builder::new().start().await;
    signs_in(&daemon, STATUT).await;
    let address = format!("{}console/essai/statut", url(&daemon));
    let answer = bare().post(&address).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(answer.headers()["location"], "/?fait=deconnecte");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fields_of_a_row_are_level() {
    let Some(browser) = Browser::open().await else {
        return;
    };
    let daemon = Builder::new().start().await;
    browser.sign_in(&url(&daemon)).await;
    let uneven = "const top = it => Math.round(it.getBoundingClientRect().top); const rows = {}; \
                  for (const it of document.querySelectorAll('.field:not(:has(.field))')) { \
                    const own = top(it.querySelector('input, select, textarea')); \
                    (rows[top(it)] ??= new Set()).add(own); } \
                  return Object.values(rows).map(it => it.size)";
    for path in ["console/essai/statut", "console/essai"] {
        browser.load(&format!("{}{path}", url(&daemon))).await;
        let rows = browser.evaluate(uneven).await;
        let rows = rows.as_array().unwrap();
        assert!(
            rows.len() > 1 && rows.iter().all(|it| it == 1),
            "{path}: {rows:?}"
        );
    }
    browser.close("console-trial-fields.png").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_chooses_a_status_in_a_browser() {
    let Some(browser) = Browser::open().await else {
        return;
    };
    let daemon = Builder::new().start().await;
    browser.sign_in(&url(&daemon)).await;
    browser
        .load(&format!("{}console/essai/statut", url(&daemon)))
        .await;
    let offered = "return [...document.getElementById('statut').list.options].map(it => it.value)";
    let offered = browser.evaluate(offered).await;
    assert!(
        offered.as_array().unwrap().contains(&json!("Clôturée")),
        "{offered}"
    );
    let fill = "document.getElementById('statut').value = 'Clôturée'; \
                document.getElementById('resultat').value = 'Traité'";
    browser.evaluate(fill).await;
    browser.press("Essayer").await;
    let result = browser.text("#issue").await;
    assert!(
        result.contains("SoWell recevrait le statut « Traité »."),
        "{result}"
    );
    browser.close("console-trial-statut.png").await;
}
