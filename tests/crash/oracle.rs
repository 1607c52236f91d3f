//! Compares the clients' receipts with what the partners saw and what the daemon answers now. The daemon's own data
//! is only checked for integrity.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::Path;

use futures_util::StreamExt;
use reqwest::Client as Http;
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::{Connection, SqliteConnection};

use crate::clients::Receipt;
use crate::fake_crm::InCrm;
use crate::harness::token;
use crate::partners::{Mail, Mood, Push};

/// No key ever got two UIDs, nor two keys the same one.
pub fn each_has_a_uid_of_its_own(receipts: &[Receipt]) {
    let uids: HashSet<&str> = receipts.iter().map(|it| it.uid.as_str()).collect();
    assert_eq!(uids.len(), receipts.len(), "two signalements share a UID");
}

/// The remote CRM has one demande for each acknowledged signalement, under the UID in the answer, and none that
/// nobody sent.
pub fn the_crm_has_each_demande_once(receipts: &[Receipt], ledger: &[InCrm]) {
    let mut references: HashMap<&str, Vec<&str>> = HashMap::new();
    for demande in ledger {
        let reference = demande.body["reference"].as_str().unwrap();
        references.entry(reference).or_default().push(&demande.id);
    }
    for (reference, ids) in &references {
        assert_eq!(ids.len(), 1, "{reference} is in the CRM as {ids:?}");
    }
    let told: BTreeSet<&str> = receipts.iter().map(|it| it.uid.as_str()).collect();
    let there: BTreeSet<&str> = ledger.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(there, told, "what is in the CRM, and what the clients know");
}

/// How many acknowledged photos the remote CRM does not have yet. It may have one twice if its answer was lost.
pub fn not_attached(receipts: &[Receipt], ledger: &[InCrm]) -> usize {
    let in_crm: HashMap<&str, &InCrm> = ledger.iter().map(|it| (it.id.as_str(), it)).collect();
    let missing = |receipt: &Receipt| {
        let Some(demande) = in_crm.get(receipt.uid.as_str()) else {
            return 1;
        };
        let has = |photo: &Vec<u8>| demande.photos.iter().any(|(_, bytes)| bytes == photo);
        // One of the contents that the client sent is the demande's.
        let of = |content: &Vec<Vec<u8>>| content.iter().filter(|it| !has(it)).count();
        receipt.photos.iter().map(of).min().unwrap_or_default()
    };
    receipts.iter().map(missing).sum()
}

/// How many acknowledged statuses SoWell has not accepted yet.
pub fn not_taken(receipts: &[Receipt], ledger: &[Push]) -> usize {
    let taken: HashSet<&str> = ledger
        .iter()
        .filter(|it| it.mood == Mood::Well)
        .map(|it| it.commentaire.as_str())
        .collect();
    let statuts = receipts.iter().flat_map(|it| &it.statuts);
    statuts
        .filter(|it| !taken.contains(it.commentaire.as_str()))
        .count()
}

/// SoWell saw each acknowledged status under a single key, and each demande's in the order of acknowledgement. In
/// addition, it saw at most what was polled from the CRM before it was notified.
pub fn sowell_saw_each_status_once_and_in_order(receipts: &[Receipt], ledger: &[Push]) {
    let mut seen = HashSet::new();
    let mut keys: HashMap<&str, HashSet<&str>> = HashMap::new();
    let mut order: HashMap<&str, Vec<&Push>> = HashMap::new();
    for push in ledger {
        keys.entry(&push.commentaire).or_default().insert(&push.key);
        if seen.insert(&push.key) {
            order.entry(&push.uid).or_default().push(push);
        }
    }
    for receipt in receipts {
        for statut in &receipt.statuts {
            let keys = &keys[statut.commentaire.as_str()];
            assert_eq!(keys.len(), 1, "{statut:?} went out under {keys:?}");
            if let Some(livraison) = &statut.livraison {
                assert!(keys.contains(livraison.as_str()), "{statut:?} as {keys:?}");
            }
        }
        let mut to_come = receipt.statuts.iter().peekable();
        for push in order.remove(receipt.uid.as_str()).unwrap_or_default() {
            let next = to_come
                .peek()
                .map(|it| (it.statut, it.commentaire.as_str()));
            let read = push.commentaire.is_empty();
            let as_told = next.is_some_and(|(statut, commentaire)| {
                statut == push.statut && (read || commentaire == push.commentaire)
            });
            assert!(as_told, "{push:?} came in place of {next:?}");
            if !read {
                to_come.next();
            }
        }
        let missing: Vec<_> = to_come.collect();
        assert!(missing.is_empty(), "SoWell never saw {missing:?}");
    }
    assert!(order.is_empty(), "of demandes that nobody has: {order:?}");
}

/// How many acknowledged signalements have an author without an e-mail yet.
pub fn not_written_to(receipts: &[Receipt], mails: &[Mail]) -> usize {
    let written_to: HashSet<&str> = mails.iter().map(|it| it.to.as_str()).collect();
    receipts
        .iter()
        .filter(|it| !written_to.contains(it.email.as_str()))
        .count()
}

/// Each author got the acknowledgement, however many times, as one and the same e-mail.
pub fn each_author_got_one_email(receipts: &[Receipt], mails: &[Mail]) {
    let mut ids: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for mail in mails {
        ids.entry(&mail.to).or_default().insert(&mail.id);
    }
    for (to, ids) in &ids {
        assert_eq!(ids.len(), 1, "{to} got {ids:?}");
    }
    assert_eq!(ids.len(), receipts.len(), "e-mails that nobody is to get");
}

/// The e-mails that were written as files.
pub fn mails_in(folder: &Path) -> Vec<Mail> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.map(|it| it.unwrap().path());
    let whole = paths.filter(|it| it.extension().is_some_and(|it| it == "eml"));
    whole
        .map(|it| Mail::read(&fs::read_to_string(it).unwrap()))
        .collect()
}

/// How many acknowledged statuses the daemon does not yet know to be delivered: one that died after SoWell's answer
/// leaves that open until its claim has ended.
pub async fn not_delivered(url: &str, receipts: &[Receipt]) -> usize {
    let http = Http::new();
    let waiting = receipts.iter().map(|receipt| async {
        let path = format!("{url}/api/v1/signalements/{}", receipt.uid);
        let found: Value = serde_json::from_slice(&get(&http, &path).await).unwrap();
        let statuts = found["statuts"].as_array().unwrap();
        assert!(statuts.len() >= receipt.statuts.len(), "{found}");
        statuts
            .iter()
            .filter(|it| it["livraison"] != "livree")
            .count()
    });
    let waiting = futures_util::stream::iter(waiting).buffer_unordered(16);
    waiting.fold(0, async |sum, it| sum + it).await
}

/// Checks that every acknowledged signalement is complete, and returns the SHA-256 of its photos.
pub async fn everything_is_there(url: &str, receipts: &[Receipt]) -> BTreeSet<String> {
    let http = Http::new();
    let checks = receipts.iter().map(|receipt| is_there(&http, url, receipt));
    futures_util::stream::iter(checks)
        .buffer_unordered(16)
        .collect::<Vec<_>>()
        .await
        .into_iter()
        .flatten()
        .collect()
}

async fn is_there(http: &Http, url: &str, receipt: &Receipt) -> Vec<String> {
    let uid = &receipt.uid;
    let found = get(http, &format!("{url}/api/v1/signalements/{uid}")).await;
    let found: Value = serde_json::from_slice(&found).unwrap();
    assert_eq!(found["etat"], "transmis", "{found}");
    let demande = get(http, &format!("{url}/api/v1/demandes/{uid}")).await;
    let demande: Value = serde_json::from_slice(&demande).unwrap();
    assert_eq!(demande["email_auteur"], receipt.email.as_str());
    let mut photos = Vec::new();
    for fichier in demande["fichiers"].as_array().unwrap() {
        let path = fichier["url"].as_str().unwrap();
        photos.push(get(http, &format!("{url}{path}")).await);
    }
    assert!(
        receipt.photos.contains(&photos),
        "{uid} has other photos than were sent"
    );
    photos
        .iter()
        .map(|it| hex::encode(Sha256::digest(it)))
        .collect()
}

async fn get(http: &Http, url: &str) -> Vec<u8> {
    let response = http
        .get(url)
        .bearer_auth(token("crm"))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200, "{url}");
    response.bytes().await.unwrap().to_vec()
}

/// The names of all files under the folder.
pub fn files_in(folder: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_dir() {
            names.extend(files_in(&entry.path()));
        } else if entry.file_name() != "passerelle-owner" {
            names.insert(entry.file_name().into_string().unwrap());
        }
    }
    names
}

/// Checks the database's integrity.
pub async fn database_is_whole(database: &Path) {
    let url = format!("sqlite://{}", database.display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    let integrity: String = sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(integrity, "ok");
    let dangling = sqlx::query("PRAGMA foreign_key_check")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    assert!(dangling.is_empty());
    connection.close().await.unwrap();
}
