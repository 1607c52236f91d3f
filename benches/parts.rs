//! The cost of handling a signalement, except for the decision: reading its body, storing its photos, claiming
//! from the outbox.
//!
//! `cargo bench --bench parts`

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark that cannot begin has nothing to report"
)]

mod load;

use std::sync::LazyLock;

use chrono::{DateTime, TimeDelta, Utc};
use divan::Bencher;
use divan::counter::BytesCount;
use load::payload::{Payload, fresh, jpeg};
use load::program::folder;
use passerelle::adapters::files::folder::FilesOnDisk;
use passerelle::adapters::store::sqlite::SqliteStore;
use passerelle::adapters::submission;
use passerelle::domain::livraison::{Content, Courriel, Destination, NewLivraison};
use passerelle::domain::ports::{Client, Files, NewRecord, Outbox, Signalements, Upkeep};
use passerelle::domain::signalement::{Etat, ImageKind, Photo, SignalementId};
use passerelle::settings::{Limits, Settings};
use serde_json::json;
use tokio::runtime::Runtime;

/// Sizes of a photo, in bytes: as reduced by SoWell, and as taken by a phone.
const PHOTOS: [usize; 2] = [200_000, 2_000_000];
/// Maximum deliveries per claim, as requested by the worker.
const CLAIMED: u32 = 32;
/// Deliveries in one write, while the outbox is filled.
const TOGETHER: u32 = 1_000;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

fn main() {
    divan::main();
}

fn limits() -> Limits {
    Settings::load(None, Vec::new()).unwrap().live.limits
}

/// Reads a body without photos, from bytes to a submission.
#[divan::bench]
fn body_without_photo(bencher: Bencher) {
    read(bencher, &Payload::new(0, 0));
}

/// The same with one photo: decoded from base64, recognised, hashed.
#[divan::bench(args = PHOTOS)]
fn body_with_a_photo(bencher: Bencher, bytes: usize) {
    read(bencher, &Payload::new(1, bytes));
}

fn read(bencher: Bencher, payload: &Payload) {
    let (limits, body) = (limits(), payload.body(&fresh()));
    let submission = || {
        submission::read(
            Client::Sowell,
            None,
            body.clone().into_bytes().into(),
            &limits,
        )
        .unwrap()
    };
    assert_eq!(submission().faults, []);
    bencher
        .counter(BytesCount::new(body.len()))
        .bench(submission);
}

/// The decoding alone, which no other implementation could avoid.
#[divan::bench(args = PHOTOS)]
fn photo_decoded(bencher: Bencher, bytes: usize) {
    let text = base64_simd::STANDARD.encode_to_string(jpeg(0, bytes));
    bencher
        .counter(BytesCount::new(text.len()))
        .bench(|| base64_simd::STANDARD.decode_to_vec(text.as_bytes()));
}

/// The SHA-256 alone.
#[divan::bench(args = PHOTOS)]
fn photo_hashed(bencher: Bencher, bytes: usize) {
    let photo = jpeg(0, bytes);
    bencher
        .counter(BytesCount::new(bytes))
        .with_inputs(|| photo.clone())
        .bench_values(|photo| Photo::new(ImageKind::Jpeg, photo));
}

/// Writing and syncing it, with its folder.
#[divan::bench(args = PHOTOS)]
fn photo_stored(bencher: Bencher, bytes: usize) {
    let place = folder();
    let files = FilesOnDisk::open(place.path()).unwrap();
    let mut seeds = 0..;
    bencher
        .counter(BytesCount::new(bytes))
        .with_inputs(|| Photo::new(ImageKind::Jpeg, jpeg(seeds.next().unwrap(), bytes)))
        .bench_local_values(|photo| RUNTIME.block_on(files.put(photo)).unwrap());
}

/// A committed claim of 32, while this many deliveries wait, each in its own queue.
#[divan::bench(args = [100, 100_000], sample_count = 50, sample_size = 1)]
fn outbox_claimed(bencher: Bencher, waiting: u32) {
    let place = folder();
    let store = RUNTIME
        .block_on(SqliteStore::open(&place.path().join("outbox.sqlite")))
        .unwrap();
    let now = Utc::now();
    for first in (0..waiting).step_by(TOGETHER as usize) {
        let some = first..waiting.min(first + TOGETHER);
        RUNTIME.block_on(store.record(mails(some, now))).unwrap();
    }
    bencher
        .with_inputs(|| RUNTIME.block_on(store.release_claims()).unwrap())
        .bench_local_values(|()| {
            let claims = store.claim(
                Destination::Courriel,
                CLAIMED,
                now.into(),
                TimeDelta::hours(1),
            );
            let claims = RUNTIME.block_on(claims).unwrap();
            assert_eq!(claims.len(), CLAIMED as usize);
            claims
        });
}

/// A signalement whose decision asked for these e-mails.
fn mails(numbers: std::ops::Range<u32>, now: DateTime<Utc>) -> NewRecord {
    let lien = format!(
        "https://manager.sowell.example/signalements/{}",
        numbers.start
    );
    let mail = |number: u32| NewLivraison {
        id: number.to_string(),
        queue: number.to_string(),
        content: Content::Courriel(Courriel {
            a: "camille.durand@locataire.example".into(),
            modele: "accuse-reception".into(),
            context: json!({"numero": number}).to_string().into(),
        }),
    };
    NewRecord {
        id: SignalementId::of_lien(&lien),
        lien_sowell: lien,
        client: Client::Sowell,
        key: None,
        fingerprint: String::new(),
        payload: "{}".into(),
        etat: Etat::Ecarte,
        motif: None,
        version: String::new(),
        trace: "{}".into(),
        fichiers: Vec::new(),
        creation: None,
        livraisons: numbers.map(mail).collect(),
        received_at: now,
    }
}
