//! E-mails through a real SMTP server: what arrives, and what happens to what it refuses.

use passerelle::adapters::store::sqlite::SqliteStore;
use passerelle::domain::livraison::{Destination, LivraisonEtat, LivraisonSummary};
use passerelle::domain::ports::{IfOvertaken, Outbox};
use rstest::rstest;
use serde_json::json;

use crate::delivery::smtp::{SmtpServer, Tls, header};
use crate::harness::{Builder, Daemon, ready_when, signalement, signalement_with, until};

const LOGIN: &str = "passerelle:s3cr%C3%A9t";
const LOGIN_IN_CLEAR: &str = "passerelle:s3crét";
const FILE: &str = "passerelle.yaml";
const FROM: &str = "Régie de l'Été <ne-pas-repondre@vivest.example>";

/// A daemon that answers each signalement with one e-mail, text and HTML, to its author.
fn builder() -> Builder {
    Builder::new()
        .set("SMTP__FROM", FROM)
        .file(
            "rules/modeles/accuse-reception.txt",
            "Objet: Reçu : {{ signalement.description }}\n\nÀ bientôt, {{ signalement.auteur }} — « {{ demande.uid }} »\n",
        )
        .file(
            "rules/modeles/accuse-reception.html",
            "Objet: Reçu : {{ signalement.description }}\n\n<p>À bientôt, {{ signalement.auteur }}</p>\n",
        )
}

async fn only_delivery(
    daemon: &Daemon,
    wanted: impl Fn(&LivraisonSummary) -> bool,
) -> LivraisonSummary {
    let store = SqliteStore::open(&daemon.database()).await.unwrap();
    until("the e-mail stands as wanted", || async {
        let found = store.list_livraisons(None, 10).await.unwrap();
        assert_eq!(found.len(), 1);
        found.into_iter().find(&wanted)
    })
    .await
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_email_arrives_whole_over_tls(#[values(Tls::Starttls, Tls::Implicit)] tls: Tls) {
    let Some(server) = SmtpServer::start(tls, Some(LOGIN_IN_CLEAR)) else {
        return;
    };
    let daemon = builder()
        .set("SMTP__URL", &server.url(Some(LOGIN)))
        .set("SMTP__CA_FILE", &server.authority().display().to_string())
        .start()
        .await;
    let description =
        "Été à Noël, cœur brisé — l'ascenseur est bloqué au 4ᵉ étage depuis très longtemps déjà 🚨";
    let body = signalement_with(1, &json!({"description": description}));
    let uid = daemon.created(&body).await;
    let message = server.wait_for(1).await.remove(0);
    assert_eq!(message["faults"], json!([]), "{message}");
    assert_eq!(message["tls"], true);
    assert_eq!(message["login"], "passerelle");
    assert_eq!(message["sender"], "ne-pas-repondre@vivest.example");
    assert_eq!(message["recipients"], json!(["zoe@locataire.example"]));
    assert_eq!(
        header(&message, "Subject"),
        [format!("Reçu : {description}")]
    );
    assert_eq!(header(&message, "From"), [FROM]);
    assert_eq!(header(&message, "To"), ["zoe@locataire.example"]);
    assert_eq!(header(&message, "Auto-Submitted"), ["auto-generated"]);
    assert_eq!(header(&message, "Date").len(), 1);
    let id = only_delivery(&daemon, |it| it.etat == LivraisonEtat::Livree)
        .await
        .id;
    assert_eq!(
        header(&message, "Message-ID"),
        [format!("<{id}@vivest.example>")]
    );
    let text = format!("À bientôt, Zoé N'Guyen-Müller — « {uid} »");
    assert_eq!(message["text"].as_str().unwrap().trim(), text);
    let html = message["html"].as_str().unwrap().trim();
    assert_eq!(html, "<p>À bientôt, Zoé N&#x27;Guyen-Müller</p>");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_an_unknown_authority_gets_nothing_until_it_is_trusted() {
    let Some(server) = SmtpServer::start(Tls::Starttls, None) else {
        return;
    };
    let url = server.url(None);
    let daemon = builder()
        .set("DELIVERY__FIRST_RETRY", "1h")
        .set("DELIVERY__MAX_RETRY", "1h")
        .file(FILE, &format!("smtp: {{url: \"{url}\"}}\n"))
        .start()
        .await;
    daemon.created(&signalement(1)).await;
    let waits = only_delivery(&daemon, |it| it.attempts == 1).await;
    assert_eq!(waits.etat, LivraisonEtat::EnAttente);
    let error = waits.last_error.unwrap();
    assert!(error.contains("UnknownIssuer"), "{error}");
    assert!(server.messages().is_empty());
    let authority = server.authority();
    let named = format!(
        "smtp: {{url: \"{url}\", ca_file: {}}}\n",
        authority.display()
    );
    daemon.edit_settings(&named).await;
    server.wait_for(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_temporary_refusal_is_retried_as_the_same_message() {
    let Some(mut server) = SmtpServer::start(Tls::None, None) else {
        return;
    };
    server.next("RCPT", "450 4.2.1 greylisted").await;
    server.next("DATA", "451 4.3.0 later").await;
    // Lost between the message and the reply to it: there is no telling whether it was accepted.
    server.next("DATA", "drop").await;
    let daemon = builder().set("SMTP__URL", &server.url(None)).start().await;
    daemon.created(&signalement(1)).await;
    let messages = server.wait_for(3).await;
    assert_eq!(server.refusals().len(), 1);
    let delivered = only_delivery(&daemon, |it| it.etat == LivraisonEtat::Livree).await;
    assert_eq!(delivered.attempts, 4);
    assert_eq!(messages.len(), 3);
    for message in &messages {
        assert_eq!(
            header(message, "Message-ID"),
            [format!("<{}@vivest.example>", delivered.id)]
        );
        assert_eq!(message["text"], messages[0]["text"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permanent_refusal_is_a_dead_letter_that_can_be_sent_again() {
    let Some(mut server) = SmtpServer::start(Tls::None, None) else {
        return;
    };
    server
        .next("RCPT", "550 5.1.1 <zoe@locataire.example> unknown")
        .await;
    let daemon = builder().set("SMTP__URL", &server.url(None)).start().await;
    daemon.created(&signalement(1)).await;
    let dead = only_delivery(&daemon, |it| it.etat == LivraisonEtat::Morte).await;
    assert_eq!(dead.attempts, 1);
    let error = dead.last_error.unwrap();
    assert_eq!(error, "the SMTP server answered 550 5.1.1");
    let store = SqliteStore::open(&daemon.database()).await.unwrap();
    let now = chrono::Utc::now();
    store
        .retry_livraison(&dead.id, IfOvertaken::Stay, now)
        .await
        .unwrap();
    server.wait_for(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_account_loses_no_email_and_is_fixed_by_an_edit() {
    let Some(server) = SmtpServer::start(Tls::Starttls, Some(LOGIN_IN_CLEAR)) else {
        return;
    };
    let settings = |login| {
        let (url, authority) = (server.url(Some(login)), server.authority());
        format!(
            "smtp: {{url: \"{url}\", ca_file: {}}}\n",
            authority.display()
        )
    };
    let daemon = builder()
        // Any e-mail that failed by itself would be dead at once.
        .set("DELIVERY__GIVE_UP_AFTER", "1ms")
        .file(FILE, &settings("passerelle:wrong"))
        .start()
        .await;
    daemon.created(&signalement(1)).await;
    let refused = only_delivery(&daemon, |it| it.attempts >= 2).await;
    assert_eq!(refused.etat, LivraisonEtat::EnAttente);
    let error = refused.last_error.unwrap();
    assert_eq!(error, "the SMTP server answered 535 5.7.8");
    assert!(server.refusals().len() >= 2);
    daemon.edit_settings(&settings(LOGIN)).await;
    server.wait_for(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fixed_account_is_used_as_soon_as_the_daemon_starts() {
    let Some(server) = SmtpServer::start(Tls::Starttls, Some(LOGIN_IN_CLEAR)) else {
        return;
    };
    let authority = server.authority().display().to_string();
    let daemon = builder()
        .set("DELIVERY__FIRST_RETRY", "1h")
        .set("DELIVERY__MAX_RETRY", "1h")
        .set("SMTP__CA_FILE", &authority)
        .set("SMTP__URL", &server.url(Some("passerelle:wrong")))
        .start()
        .await;
    daemon.created(&signalement(1)).await;
    let store = daemon.state.store.clone();
    until("the account is refused", || async {
        store.pause(Destination::Courriel).await.unwrap()
    })
    .await;
    drop(store);
    let (folder, environment) = daemon.stop().await;
    let again = Builder::again(&folder, environment).unset("SMTP__URL");
    let again = again.set("SMTP__URL", &server.url(Some(LOGIN)));
    let _daemon = again.start().await;
    server.wait_for(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_received_can_add_a_header_or_a_recipient() {
    let Some(server) = SmtpServer::start(Tls::None, None) else {
        return;
    };
    let daemon = builder().set("SMTP__URL", &server.url(None)).start().await;
    let description = "Panne\r\nBcc: pirate@exemple.fr\r\nSubject: autre\r\n\r\nAutre corps";
    let auteur = "Zoé <pirate@exemple.fr>, Max";
    let body = signalement_with(1, &json!({"description": description, "auteur": auteur}));
    daemon.created(&body).await;
    let message = server.wait_for(1).await.remove(0);
    assert_eq!(message["recipients"], json!(["zoe@locataire.example"]));
    assert_eq!(header(&message, "To"), ["zoe@locataire.example"]);
    assert!(header(&message, "Bcc").is_empty(), "{message}");
    let subject = "Reçu : Panne Bcc: pirate@exemple.fr Subject: autre Autre corps";
    assert_eq!(header(&message, "Subject"), [subject]);
    assert!(
        message["text"]
            .as_str()
            .unwrap()
            .starts_with("À bientôt, Zoé <pirate@exemple.fr>, Max")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_the_server_cannot_take_is_a_dead_letter() {
    let Some(server) = SmtpServer::start(Tls::None, None) else {
        return;
    };
    let script = "fn accuses(evenement) { [#{ a: \"zoé@locataire.example\", modele: \"accuse-reception\" }] }";
    let daemon = builder()
        .file("rules/accuses.rhai", script)
        .set("SMTP__URL", &server.url(None))
        .start()
        .await;
    daemon.created(&signalement(1)).await;
    let dead = only_delivery(&daemon, |it| it.etat == LivraisonEtat::Morte).await;
    let error = dead.last_error.unwrap();
    assert!(error.contains("accents"), "{error}");
    assert!(server.messages().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_needs_quotes_gets_its_email() {
    let Some(server) = SmtpServer::start(Tls::None, None) else {
        return;
    };
    let daemon = builder().set("SMTP__URL", &server.url(None)).start().await;
    let address = "\"zoe et max\"@locataire.example";
    let body = signalement_with(1, &json!({"email_auteur": address}));
    daemon.created(&body).await;
    let message = server.wait_for(1).await.remove(0);
    assert_eq!(message["recipients"], json!([address]));
}

/// An answer that arrives after its attempt was abandoned must not be taken for another e-mail's: it must not turn
/// a refused e-mail of a different signalement into a delivered one, or the other way round.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_answer_is_not_taken_for_that_to_another_email() {
    let Some(mut server) = SmtpServer::start(Tls::None, None) else {
        return;
    };
    let daemon = builder()
        .set("SMTP__URL", &server.url(None))
        .set("DELIVERY__ATTEMPT", "2s")
        .set("DELIVERY__FIRST_RETRY", "1h")
        .set("DELIVERY__MAX_RETRY", "1h")
        .start()
        .await;
    server.hold("DATA", "250 2.0.0 kept, and late").await;
    daemon.created(&signalement(1)).await;
    let late = only_delivery(&daemon, |it| it.attempts == 1).await;
    assert_eq!(late.etat, LivraisonEtat::EnAttente);
    assert!(server.holds());
    server.release().await;
    // It has arrived once its server reports it.
    server.wait_for(1).await;

    server.next("DATA", "554 5.7.1 refused as spam").await;
    daemon.created(&signalement(2)).await;
    server.wait_for(2).await;
    let store = SqliteStore::open(&daemon.database()).await.unwrap();
    let other = until("the second was tried", || async {
        let found = store.list_livraisons(None, 10).await.unwrap();
        let mut others = found.into_iter().filter(|it| it.id != late.id);
        others.find(|it| it.attempts > 0)
    })
    .await;
    assert_eq!(other.etat, LivraisonEtat::Morte, "{:?}", other.last_error);

    daemon.created(&signalement(3)).await;
    let third = until("the third left", || async {
        let found = store.list_livraisons(None, 10).await.unwrap();
        let known = [&late.id, &other.id];
        let mut others = found.into_iter().filter(|it| !known.contains(&&it.id));
        others.find(|it| it.attempts > 0)
    })
    .await;
    assert_eq!(third.etat, LivraisonEtat::Livree, "{:?}", third.last_error);
}

/// The server accepted it just when the database was unavailable: this is recorded once the database is back, and
/// nothing is sent twice.
#[tokio::test(flavor = "multi_thread")]
async fn an_email_that_left_while_the_database_was_away_goes_once() {
    let Some(mut server) = SmtpServer::start(Tls::None, None) else {
        return;
    };
    server.hold("DATA", "250 2.0.0 kept").await;
    let daemon = builder().set("SMTP__URL", &server.url(None)).start().await;
    daemon.created(&signalement(1)).await;
    until("the server was given it", || async {
        server.holds().then_some(())
    })
    .await;
    let (database, away) = (daemon.database(), daemon.path("away.sqlite"));
    std::fs::rename(&database, &away).unwrap();
    server.release().await;
    server.wait_for(1).await;
    // This follows the write about the e-mail, since the writer takes turns.
    ready_when(&daemon.url(), false).await;
    std::fs::rename(&away, &database).unwrap();
    let delivered = only_delivery(&daemon, |it| it.etat == LivraisonEtat::Livree).await;
    assert_eq!(delivered.attempts, 1);
    assert_eq!(server.messages().len(), 1);
}
