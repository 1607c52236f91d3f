//! Why there is no demande, as it is told: the CRM's words, what is wrong with the connector, other signalements and
//! what to do are only for the landlord's staff.

use std::sync::Arc;
use std::time::Duration;

use passerelle::domain::demande::Uid;
use passerelle::domain::ports::DuplicateGuard;
use rstest::rstest;

use super::{becomes, id_of, is_later, with};
use crate::cli::{lines, on};
use crate::harness::{Builder, Daemon, signalement, until};
use crate::remote_crm::{Goes, RemoteCrm};

/// The motif of a signalement, as SoWell and as the staff read it.
async fn told(daemon: &Daemon, number: u32) -> (String, String) {
    let path = format!("/api/v1/signalements/{}", id_of(number).as_str());
    let mut seen = Vec::new();
    for client in ["sowell", "crm", "admin"] {
        let view = daemon.get(&path, client).await.json();
        seen.push(view["motif"].as_str().unwrap_or_default().to_owned());
    }
    let [sowell, crm, admin] = <[String; 3]>::try_from(seen).unwrap();
    assert_eq!(crm, admin);
    (sowell, admin)
}

/// SoWell is told this, and the staff the same with something behind it.
async fn assert_told(daemon: &Daemon, number: u32, sowell: &str, behind: &str) {
    let wanted = (sowell.to_owned(), format!("{sowell}{behind}"));
    assert_eq!(told(daemon, number).await, wanted);
}

/// Deferring, and trying nothing again by itself.
async fn patient(crm: &Arc<RemoteCrm>) -> Daemon {
    Builder::new()
        .crm(crm.clone())
        .set("CRM__WHEN_UNAVAILABLE", "defer")
        .set("DELIVERY__FIRST_RETRY", "1h")
        .set("DELIVERY__MAX_RETRY", "1h")
        .start()
        .await
}

#[rstest]
#[case::refused(
    Goes::Refused,
    "le CRM refuse la demande (statut 422)",
    " : champ manquant"
)]
#[case::connector(
    Goes::Broken,
    "le connecteur du CRM échoue",
    " : crm.base_url n'est pas réglé"
)]
#[case::unreadable(
    Goes::Unreadable,
    "le CRM répond, mais sa réponse est illisible",
    " : la réponse n'a pas de « uid »"
)]
#[case::photos(
    Goes::NoPhoto,
    "les photos ne peuvent pas être relues",
    " ; si elles sont perdues, remettez-les en place à partir d'une sauvegarde"
)]
#[case::away(Goes::Away, "le CRM est injoignable", "")]
#[case::credentials(Goes::Unauthorized, "le CRM refuse nos identifiants", "")]
#[case::in_doubt(
    Goes::Lost,
    "le CRM n'a pas confirmé : on ne sait pas s'il a créé la demande",
    ""
)]
#[tokio::test(flavor = "multi_thread")]
async fn of_a_call_that_failed_sowell_is_told_only_how(
    #[case] goes: Goes,
    #[case] sowell: &str,
    #[case] behind: &str,
) {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    let crm = crm.with(|it| it.longest_work = Duration::from_hours(1));
    crm.creates([goes]);
    let daemon = patient(&crm).await;
    daemon.post(&signalement(1)).await;
    assert_told(&daemon, 1, sowell, behind).await;
}

/// On the command line, where reasons are in English, and in the console.
#[tokio::test(flavor = "multi_thread")]
async fn the_staff_read_all_of_it_wherever_it_is_shown() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    crm.creates([Goes::Broken]);
    let daemon = with(&crm).await;
    assert_eq!(daemon.post(&signalement(1)).await.status, 500);
    let listed = lines(&on(&daemon, &["signalements", "list", "--format", "json"]));
    let whole = "le connecteur du CRM échoue : crm.base_url is not set";
    assert_eq!(listed[0]["motif"], whole);
    let table = on(&daemon, &["signalements", "list"]).stdout;
    assert!(String::from_utf8(table).unwrap().contains(whole));
    let cookie = daemon.signed_in().await;
    let demande = format!("/console/demande?uid={}", id_of(1).as_str());
    for page in ["/", &demande] {
        let request = daemon.request("GET", page, "").header("cookie", &cookie);
        let shown = String::from_utf8(daemon.send(request).await.bytes).unwrap();
        let shown = shown.replace("&#39;", "'");
        assert!(shown.contains("crm.base_url n'est pas réglé"), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_to_do_about_an_unguarded_doubt_is_for_the_staff() {
    let crm = RemoteCrm::new(DuplicateGuard::Nothing);
    let crm = crm.with(|it| it.longest_work = Duration::from_hours(1));
    crm.creates([Goes::Lost]);
    let daemon = with(&crm).await;
    assert!(is_later(&daemon.post(&signalement(1)).await));
    let behind = " et n'offre rien contre les doublons : cherchez-y la demande, puis adoptez-la ou relancez la création";
    assert_told(&daemon, 1, "le CRM n'a pas confirmé la création", behind).await;
    let creations = &daemon.state.inbound.creations;
    creations.take_up(&id_of(1)).await.unwrap();
    let (sowell, staff) = told(&daemon, 1).await;
    assert!(sowell.starts_with("le CRM peut encore créer la demande jusqu'au "));
    assert!(sowell.ends_with(" (UTC)"), "{sowell}");
    let behind =
        " : cherchez-y la demande passé cette heure, puis adoptez-la ou relancez la création";
    assert_eq!(staff, format!("{sowell}{behind}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_to_do_about_a_repeat_that_the_crm_refuses_is_for_the_staff() {
    let crm = RemoteCrm::new(DuplicateGuard::IdempotencyKey);
    crm.creates([Goes::DoneInSilence, Goes::Refused]);
    let daemon = patient(&crm).await;
    assert!(is_later(&daemon.post(&signalement(1)).await));
    let creations = &daemon.state.inbound.creations;
    creations.take_up(&id_of(1)).await.unwrap();
    let behind = " : champ manquant ; un appel précédent est resté sans réponse : cherchez-y la demande, puis \
                  adoptez-la ou relancez la création";
    assert_told(&daemon, 1, "le CRM refuse la demande (statut 422)", behind).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_demandes_and_signalements_are_for_the_staff() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    let daemon = with(&crm).await;
    daemon.created(&signalement(1)).await;
    crm.creates([Goes::DoneTwice]);
    assert!(is_later(&daemon.post(&signalement(2)).await));
    until("it says why it waits", || async {
        let (_, staff) = told(&daemon, 2).await;
        staff.contains("plusieurs").then_some(())
    })
    .await;
    let sowell = "plusieurs demandes du CRM portent ce signalement";
    assert_told(&daemon, 2, sowell, " : CRM-2, CRM-3").await;
    let creations = &daemon.state.inbound.creations;
    let first = Uid::new("CRM-1".into());
    creations.adopt(&id_of(2), first).await.unwrap();
    let other = id_of(1);
    let behind = format!(" : CRM-1, qui est celui du signalement {}", other.as_str());
    let sowell = "le CRM donne l'uid d'une autre demande";
    assert_told(&daemon, 2, sowell, &behind).await;
}

/// The connector or the settings changed while a creation was in doubt.
#[tokio::test(flavor = "multi_thread")]
async fn what_to_do_about_a_doubt_that_nothing_resolves_any_more_is_for_the_staff() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    crm.creates([Goes::Lost]);
    crm.finds([Goes::Away]);
    let daemon = patient(&crm).await;
    assert!(is_later(&daemon.post(&signalement(1)).await));
    let creations = &daemon.state.inbound.creations;
    creations.take_up(&id_of(1)).await.unwrap();
    assert_told(&daemon, 1, "le CRM est injoignable", "").await;
    drop(crm.clone().with(|it| it.guard = DuplicateGuard::Nothing));
    // Now the CRM answers again.
    daemon.created(&signalement(2)).await;
    let sowell = "on ne sait pas si le CRM a créé la demande";
    until("it says why it waits", || async {
        let (told, _) = told(&daemon, 1).await;
        (told == sowell).then_some(())
    })
    .await;
    let behind = " : sa réponse manque, ou n'a pas pu être notée, et il n'offre rien contre les doublons ; cherchez-y \
                  la demande, puis adoptez-la ou relancez la création";
    assert_told(&daemon, 1, sowell, behind).await;

    let (folder, environment) = daemon.stop().await;
    let daemon = Builder::again(&folder, environment).start().await;
    let creations = &daemon.state.inbound.creations;
    creations.take_up(&id_of(1)).await.unwrap();
    let sowell =
        "on ne sait pas si le CRM distant, qui n'est plus celui des réglages, a créé la demande";
    assert_told(&daemon, 1, sowell, " : cherchez-y la demande").await;
    // Once the operator has found it, there is no motif any more.
    let found = Uid::new("CRM-9".into());
    let creations = &daemon.state.inbound.creations;
    creations.adopt(&id_of(1), found).await.unwrap();
    becomes(&daemon, 1, "transmis").await;
    assert_told(&daemon, 1, "", "").await;
}
