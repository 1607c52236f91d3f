//! A *signalement*: an issue that a tenant or caretaker reported in SoWell.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use chrono::{DateTime, FixedOffset, Utc};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use strum::{EnumString, IntoStaticStr, VariantNames};
use uuid::Uuid;

use crate::domain::demande::Fichier;
use crate::domain::digest::sha256_hex;

/// The keys that the contract defines, in its order.
pub const KEYS: [&str; 12] = [
    "qualification",
    "residence",
    "bien",
    "auteur",
    "email_auteur",
    "date_creation",
    "priorite",
    "description",
    "photos",
    "lien_sowell",
    "transmettre_auteur",
    "transmettre_manager",
];

/// A signalement whose fields are all well formed.
///
/// Its codes may still be unknown to the landlord: the rules decide that.
#[derive(Debug, Clone, PartialEq)]
pub struct Signalement {
    /// Code of the SoWell category.
    pub qualification: String,
    /// Code of the SoWell place.
    pub residence: String,
    /// Code of the SoWell spot.
    pub bien: Option<String>,
    /// First and last name of the author, kept verbatim.
    pub auteur: String,
    /// E-mail of the author, kept verbatim.
    pub email_auteur: String,
    /// When it was created in SoWell.
    pub date_creation: DateTime<FixedOffset>,
    /// `date_creation` as SoWell wrote it.
    pub date_creation_text: String,
    /// SoWell's word for the priority, a key of `priorites.yaml`.
    pub priorite: String,
    /// Free text, kept verbatim.
    pub description: String,
    /// URL in SoWell's manager interface: the natural key.
    pub lien_sowell: String,
    /// The author asked that it be forwarded.
    pub transmettre_auteur: bool,
    /// A manager asked that it be forwarded.
    pub transmettre_manager: bool,
    /// Keys that the contract does not define, kept as received.
    pub autres: Map<String, Value>,
    /// How many photos came with it.
    pub photos: usize,
}

/// A photo that has been decoded and recognised, but not yet stored.
#[derive(Debug, Clone)]
pub struct Photo {
    /// The kind, as recognised from the file's own bytes.
    pub kind: ImageKind,
    /// Hexadecimal SHA-256 of `bytes`; also its address in the store of files.
    pub sha256: String,
    /// The decoded file.
    pub bytes: Bytes,
}

impl Photo {
    /// Takes the decoded bytes of a picture and computes their address.
    #[must_use]
    pub fn new(kind: ImageKind, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let sha256 = sha256_hex(&bytes);
        Self {
            kind,
            sha256,
            bytes,
        }
    }
}

/// The image formats that a signalement may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
pub enum ImageKind {
    /// JPEG.
    #[strum(serialize = "image/jpeg")]
    Jpeg,
    /// PNG.
    #[strum(serialize = "image/png")]
    Png,
    /// WebP.
    #[strum(serialize = "image/webp")]
    Webp,
    /// HEIC, as produced by iPhones.
    #[strum(serialize = "image/heic")]
    Heic,
}

impl ImageKind {
    /// The format with this MIME type; `None` for any other.
    #[must_use]
    pub fn of_mime(mime: &str) -> Option<Self> {
        mime.parse().ok()
    }

    /// The MIME type given to the CRM and the console.
    #[must_use]
    pub fn mime(self) -> &'static str {
        self.into()
    }

    /// The file name extension, without the dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Heic => "heic",
        }
    }
}

/// The identity of a signalement in the daemon.
///
/// It is computed from `lien_sowell` alone, so that every repeat of a signalement, whoever sends it and after
/// any crash, meets the same row: the primary key *is* the idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SignalementId(String);

impl SignalementId {
    /// The identity of the signalement behind this link.
    #[must_use]
    pub fn of_lien(lien_sowell: &str) -> Self {
        let digest = Sha256::digest(lien_sowell.as_bytes());
        let mut head = [0_u8; 16];
        head.copy_from_slice(&digest[..16]);
        Self(Uuid::new_v8(head).to_string())
    }

    /// Wraps an identity that was stored or received; it need not exist.
    #[must_use]
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The identity as the API shows it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A hash of SoWell's content, used to distinguish a repeat from a change.
///
/// It covers the parsed values: key order, white space, a `data:` prefix on a photo and the two `transmettre_…`
/// flags do not count. `autres` holds the unknown keys with their values in canonical form: its numbers may have
/// more digits than [`Signalement::autres`] keeps.
#[must_use]
pub fn fingerprint(
    signalement: &Signalement,
    photos: &[Photo],
    autres: &BTreeMap<String, String>,
) -> String {
    let mut hash = Sha256::new();
    let mut field = |text: &str| {
        // The length prefix keeps neighbouring fields from running together.
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    };
    field(&signalement.qualification);
    field(&signalement.residence);
    field(if signalement.bien.is_some() { "1" } else { "0" });
    field(signalement.bien.as_deref().unwrap_or_default());
    field(&signalement.auteur);
    field(&signalement.email_auteur);
    let instant = signalement.date_creation.with_timezone(&Utc);
    field(&instant.timestamp().to_string());
    field(&instant.timestamp_subsec_nanos().to_string());
    field(&signalement.priorite);
    field(&signalement.description);
    field(&signalement.lien_sowell);
    for photo in photos {
        field(&photo.sha256);
    }
    for (key, value) in autres {
        field(key);
        field(value);
    }
    hex::encode(hash.finalize())
}

/// The keys whose content differs between two signalements, as compared by [`fingerprint`]; each signalement
/// comes with its photos. Numbers with more digits than a JSON value keeps are compared only as far as it keeps
/// them.
#[must_use]
pub fn differing(
    one: (&Signalement, &[Fichier]),
    other: (&Signalement, &[Fichier]),
) -> Vec<String> {
    let ((one, photos), (other, other_photos)) = (one, other);
    let hashes =
        |photos: &[Fichier]| -> Vec<String> { photos.iter().map(|it| it.sha256.clone()).collect() };
    let known = [
        ("qualification", one.qualification == other.qualification),
        ("residence", one.residence == other.residence),
        ("bien", one.bien == other.bien),
        ("auteur", one.auteur == other.auteur),
        ("email_auteur", one.email_auteur == other.email_auteur),
        ("date_creation", one.date_creation == other.date_creation),
        ("priorite", one.priorite == other.priorite),
        ("description", one.description == other.description),
        ("photos", hashes(photos) == hashes(other_photos)),
        ("lien_sowell", one.lien_sowell == other.lien_sowell),
    ];
    let known = known.into_iter().filter(|(_, same)| !same);
    let autres: BTreeSet<&String> = one.autres.keys().chain(other.autres.keys()).collect();
    let autres = autres
        .into_iter()
        .filter(|key| one.autres.get(*key) != other.autres.get(*key));
    known
        .map(|(key, _)| key.to_owned())
        .chain(autres.cloned())
        .collect()
}

/// State of a signalement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum Etat {
    /// Received; a remote CRM has not answered yet.
    Recu,
    /// A demande exists in the CRM.
    Transmis,
    /// The forwarding rules say not to forward it.
    Ecarte,
    /// The CRM is unavailable; the demande will be created later.
    Differe,
    /// The CRM did not answer: we do not know whether it has the demande.
    Inconnu,
    /// Refused or failed: an admin can correct the cause.
    Echec,
}

impl Etat {
    /// Every state without a demande.
    pub const APART: [Self; 5] = [
        Self::Recu,
        Self::Ecarte,
        Self::Differe,
        Self::Inconnu,
        Self::Echec,
    ];

    /// Whether its creation is under way, in doubt or deferred.
    #[must_use]
    pub fn is_pending(self) -> bool {
        matches!(self, Self::Recu | Self::Inconnu | Self::Differe)
    }

    /// The word in the API and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Signalement {
        Signalement {
            qualification: "ASC".into(),
            residence: "MZ-01".into(),
            bien: None,
            auteur: "Zoé".into(),
            email_auteur: "zoe@locataire.example".into(),
            date_creation: DateTime::parse_from_rfc3339("2026-02-28T23:59:59.511+01:00").unwrap(),
            date_creation_text: "2026-02-28T23:59:59.511+01:00".into(),
            priorite: "high".into(),
            description: "Bloqué 🚨".into(),
            lien_sowell: "https://manager.sowell.example/1".into(),
            transmettre_auteur: false,
            transmettre_manager: false,
            autres: Map::new(),
            photos: 0,
        }
    }

    fn print(signalement: &Signalement) -> String {
        fingerprint(signalement, &[], &BTreeMap::new())
    }

    #[test]
    fn the_flags_and_the_writing_of_the_date_do_not_count() {
        let mut other = sample();
        other.transmettre_auteur = true;
        other.date_creation = DateTime::parse_from_rfc3339("2026-02-28T22:59:59.511Z").unwrap();
        assert_eq!(print(&sample()), print(&other));
    }

    #[test]
    fn every_other_difference_counts() {
        let photo = Photo::new(ImageKind::Png, vec![1, 2, 3]);
        let reference = print(&sample());
        let mut described = sample();
        described.description.push('!');
        let mut placed = sample();
        placed.bien = Some(String::new());
        for changed in [described, placed] {
            assert_ne!(reference, print(&changed));
        }
        let none = BTreeMap::new();
        assert_ne!(reference, fingerprint(&sample(), &[photo], &none));
        let grown = BTreeMap::from([("gps".to_owned(), "[1,2]".to_owned())]);
        assert_ne!(reference, fingerprint(&sample(), &[], &grown));
    }

    #[test]
    fn an_identity_depends_on_the_link_alone() {
        let one = SignalementId::of_lien("https://a.example/1");
        assert_eq!(one, SignalementId::of_lien("https://a.example/1"));
        assert_ne!(one, SignalementId::of_lien("https://a.example/2"));
    }
}
