//! What a remote CRM's API can do wrong, over real connections: in each case there is one demande, complete.

use std::time::Duration;

use rstest::rstest;
use serde_json::json;

use crate::fake_crm::{FakeCrm, Mood, connected};
use crate::harness::{Answer, Builder, Daemon, FakeSowell, signalement, until};

async fn daemon(crm: &FakeCrm, sowell: &FakeSowell) -> Daemon {
    connected(Builder::new(), crm).sowell(sowell).start().await
}

/// Posts it until it is no longer in doubt, as SoWell does.
async fn settled(daemon: &Daemon, number: u32) -> Answer {
    until("the demande is known", || async {
        let answer = daemon.post(&signalement(number)).await;
        if answer.status == 503 {
            assert!(answer.header("retry-after").is_some());
            return None;
        }
        Some(answer)
    })
    .await
}

/// One demande, under the UID in the answer, with both photos.
async fn is_whole(crm: &FakeCrm, answer: &Answer) {
    let demandes = until("both photos arrived", || async {
        let demandes = crm.demandes();
        let names: Vec<&str> = demandes[0].photos.iter().map(|it| it.0.as_str()).collect();
        let both = names.contains(&"photo-1.png") && names.contains(&"photo-2.png");
        both.then_some(demandes)
    })
    .await;
    assert_eq!(demandes.len(), 1);
    assert_eq!(answer.json()["uid"], demandes[0].id.as_str());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_creation_that_was_carried_out_is_never_repeated(
    #[values(
        Mood::DoesAndHangs,
        Mood::DoesAndResets,
        Mood::DoesAndFails,
        Mood::DoesAndBreaksOff,
        Mood::DoesLate(Duration::from_secs(2))
    )]
    mood: Mood,
) {
    let (crm, sowell) = (FakeCrm::start().await, FakeSowell::start().await);
    let daemon = daemon(&crm, &sowell).await;
    crm.next("POST /demandes", mood);
    assert_eq!(daemon.post(&signalement(1)).await.status, 503);
    let answer = settled(&daemon, 1).await;
    is_whole(&crm, &answer).await;
    assert_eq!(crm.demandes()[0].photos.len(), 2);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_creation_that_was_not_carried_out_is_made_later(
    #[values(Mood::Page, Mood::TooMany(1), Mood::TokenEnds)] mood: Mood,
) {
    let (crm, sowell) = (FakeCrm::start().await, FakeSowell::start().await);
    let daemon = daemon(&crm, &sowell).await;
    crm.next("POST /demandes", mood);
    let answer = settled(&daemon, 1).await;
    is_whole(&crm, &answer).await;
    assert_eq!(crm.demandes()[0].photos.len(), 2);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn only_the_photo_that_failed_is_tried_again(
    #[values(
        Mood::DoesAndHangs,
        Mood::DoesAndResets,
        Mood::DoesAndFails,
        Mood::DoesLate(Duration::from_secs(2)),
        Mood::TooMany(1),
        Mood::TokenEnds
    )]
    mood: Mood,
) {
    let (crm, sowell) = (FakeCrm::start().await, FakeSowell::start().await);
    let daemon = daemon(&crm, &sowell).await;
    crm.next("POST /demandes/C-1/fichiers?nom=photo-2", mood);
    let answer = settled(&daemon, 1).await;
    is_whole(&crm, &answer).await;
    let second = "POST /demandes/C-1/fichiers?nom=photo-2";
    until("the second photo is tried again", || async {
        (crm.calls(second).len() == 2).then_some(())
    })
    .await;
    // A token may also expire during the other photo's call.
    let most = if mood == Mood::TokenEnds { 2 } else { 1 };
    let first = crm.calls("POST /demandes/C-1/fichiers?nom=photo-1").len();
    assert!(first <= most, "{first}");
    assert_eq!(crm.calls("POST /demandes").len(), first + 3);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_changes_that_fails_loses_and_doubles_none(
    #[values(
        Mood::DoesAndHangs,
        Mood::DoesAndResets,
        Mood::DoesAndFails,
        Mood::DoesAndBreaksOff,
        Mood::Page,
        Mood::TooMany(1),
        Mood::TokenEnds
    )]
    mood: Mood,
) {
    let (crm, sowell) = (FakeCrm::start().await, FakeSowell::start().await);
    let daemon = daemon(&crm, &sowell).await;
    // Three changes make two pages.
    for number in 1..=3 {
        settled(&daemon, number).await;
    }
    crm.next("GET /demandes?depuis", mood);
    for id in ["C-1", "C-2", "C-3"] {
        crm.change(id, "Vivest en cours", None);
    }
    sowell.wait_for(3).await;
    crm.change("C-2", "Clôturée", Some("Traité"));
    sowell.wait_for(4).await;
    let mut told: Vec<_> = sowell
        .calls()
        .into_iter()
        .map(|it| (it.path, it.body["statut"].clone()))
        .collect();
    told.sort_by_key(|it| it.0.clone());
    let of = |uid: &str, statut: &str| (format!("/signalements/{uid}"), json!(statut));
    assert_eq!(
        told,
        [
            of("C-1", "En cours de traitement"),
            of("C-2", "En cours de traitement"),
            of("C-2", "Traité"),
            of("C-3", "En cours de traitement"),
        ]
    );
}
