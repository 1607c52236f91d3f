//! Signalements that are never sent twice, and their photos.

use std::sync::atomic::{AtomicU64, Ordering};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

/// Placeholder for a number that makes a request or a photo unique.
const MARK: &str = "@@@@@@@@";
/// Its position in a photo's base64: well past the header, within the picture.
const PLACE_IN_PHOTO: usize = 4_000;
const DESCRIPTION: &str = "L'ascenseur du bâtiment B est bloqué au troisième étage depuis hier soir \
    et la lumière du couloir ne fonctionne plus. Plusieurs habitants disent que c'est dangereux la \
    nuit ; merci de passer vite, près du logement 312 (« aile bleue »).\nPrévenir la gardienne avant.";

/// A body, split where its numbers go.
pub struct Payload {
    pieces: Vec<String>,
}

impl Payload {
    /// A signalement of about 1 KB with this many photos of this size in bytes.
    pub fn new(photos: usize, photo_bytes: usize) -> Self {
        let photo = |number: usize| {
            let photo = jpeg(number as u64, photo_bytes);
            let mut text = base64_simd::STANDARD.encode_to_string(photo);
            text.replace_range(PLACE_IN_PHOTO..PLACE_IN_PHOTO + MARK.len(), MARK);
            text
        };
        let body = json!({
            "qualification": "Q1",
            "residence": "R1",
            "bien": "R1-1",
            "auteur": "Camille Durand",
            "email_auteur": "camille.durand@locataire.example",
            "date_creation": "2026-03-04T10:22:31.000+01:00",
            "priorite": "normal",
            "description": DESCRIPTION.repeat(2),
            "photos": (0..photos).map(photo).collect::<Vec<_>>(),
            "lien_sowell": format!("https://manager.sowell.example/signalements/{MARK}"),
        });
        let pieces = body.to_string();
        Self {
            pieces: pieces.split(MARK).map(str::to_owned).collect(),
        }
    }

    /// Length of the body, in bytes.
    pub fn bytes(&self) -> usize {
        let pieces: usize = self.pieces.iter().map(String::len).sum();
        pieces + (self.pieces.len() - 1) * MARK.len()
    }

    /// The body with this number, see [`fresh`], in parts to be sent one after the other, so that a large body
    /// is never copied.
    pub fn parts<'a>(&'a self, number: &'a str) -> impl Iterator<Item = &'a str> {
        let (last, before) = self.pieces.split_last().unwrap();
        let before = before.iter().flat_map(move |it| [it.as_str(), number]);
        before.chain([last.as_str()])
    }

    /// The same in one piece.
    pub fn body(&self, number: &str) -> String {
        self.parts(number).collect()
    }
}

/// A number for a payload, unique within this process. Digits are valid base64, and do not produce the byte
/// 0xFF there.
pub fn fresh() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{number:0width$}", width = MARK.len())
}

/// A file with the structure of a JPEG of 1,600 by 1,200 pixels. Its picture is noise, which cannot be
/// compressed and should not be decoded.
pub fn jpeg(seed: u64, bytes: usize) -> Vec<u8> {
    let mut photo = vec![0xff, 0xd8];
    let mut segment = |marker: u8, content: &[u8]| {
        let length = u16::try_from(content.len() + 2).unwrap();
        photo.extend([0xff, marker]);
        photo.extend(length.to_be_bytes());
        photo.extend(content);
    };
    segment(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    segment(0xdb, &[[0].as_slice(), &[1; 64]].concat());
    segment(0xc0, &[8, 4, 176, 6, 64, 1, 1, 0x11, 0]);
    segment(0xc4, &[[0, 1].as_slice(), &[0; 15], &[0]].concat());
    segment(0xda, &[1, 1, 0, 0, 63, 0]);
    let noise = StdRng::seed_from_u64(seed).random_iter::<u8>();
    let rest = bytes.saturating_sub(photo.len() + 2);
    photo.extend(noise.filter(|byte| *byte != 0xff).take(rest));
    photo.extend([0xff, 0xd9]);
    photo
}
