//! The body of `POST /api/v1/signalements`, and its stored form, as domain values.
//!
//! Every fault is collected with its pointer, so that one wrong field does not hide others.

pub mod buffers;
mod photo;

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset};
use email_address::{EmailAddress, Options};
use serde::{Serialize, Serializer};
use serde_json::Map;
use url::Url;

use crate::adapters::json::{self, Json, Object, Unreadable};
use crate::adapters::submission::buffers::Buffer;
use crate::adapters::submission::photo::Encoded;
use crate::domain::demande::Fichier;
use crate::domain::fault::Fault;
use crate::domain::instant;
use crate::domain::ports::{Client, StoredSubmission};
use crate::domain::signalement::{KEYS, Signalement, fingerprint};
use crate::flows::inbound::{Submission, SubmittedContent, SubmittedPhotos};
use crate::rules::decide::Codes;
use crate::settings::Limits;

const CODE_CHARS: usize = 64;
const AUTEUR_CHARS: usize = 200;
const EMAIL_CHARS: usize = 254;
const LIEN_CHARS: usize = 2_000;
const DESCRIPTION_CHARS: usize = 20_000;
/// If a signalement has more photos than the limit, they are still read up to this number, so that a repeat is
/// recognised.
const MOST_PHOTOS: usize = 1_000;

/// Parses a received body.
///
/// # Errors
/// Why it is not a JSON object.
pub fn read(
    client: Client,
    key: Option<String>,
    body: Buffer,
    limits: &Limits,
) -> Result<Submission, Unreadable> {
    let json = Json::parse(&body)?;
    let mut object = Object::received(&json)?;
    let fields = object.fields();
    let (encoded, too_many) = object.photos(&body, limits);
    let codes = fields.codes();
    let signalement = fields.complete(object.autres(), encoded.len());
    let (avertissements, payload) = (object.avertissements(), object.payload());
    let canonical = object.canonical_autres();
    let mut faults = object.faults;
    // From here on, the body is no longer what was received: photos are decoded in place.
    let mut faults_of_photos = Vec::new();
    let photos = photo::decode(body, encoded, limits, &mut faults_of_photos);
    let content = signalement
        .filter(|_| faults.is_empty() && faults_of_photos.is_empty())
        .map(|it| SubmittedContent {
            fingerprint: fingerprint(&it, &photos, &canonical),
            payload,
            signalement: it,
            photos: SubmittedPhotos::Received(photos),
        });
    let (content, only_as_repeat) = match too_many {
        Some(_) => (None, content),
        None => (content, None),
    };
    faults.extend(too_many.map_or(faults_of_photos, |it| vec![it]));
    Ok(Submission {
        client,
        key,
        codes,
        faults,
        avertissements,
        content,
        only_as_repeat,
        again: false,
    })
}

/// Parses a stored body, so that it can be decided again.
#[must_use]
pub fn read_stored(stored: &StoredSubmission) -> Option<Submission> {
    let json = Json::parse(stored.payload.as_bytes()).ok()?;
    let mut object = Object::of(&json)?;
    let fields = object.fields();
    let codes = fields.codes();
    let fichiers: &[Fichier] = &stored.fichiers;
    let signalement = fields.complete(object.autres(), fichiers.len())?;
    Some(Submission {
        client: stored.client,
        key: None,
        codes,
        avertissements: object.avertissements(),
        faults: object.faults,
        content: Some(SubmittedContent {
            signalement,
            photos: SubmittedPhotos::Stored(fichiers.to_vec()),
            fingerprint: stored.fingerprint.clone(),
            payload: stored.payload.clone(),
        }),
        only_as_repeat: None,
        again: true,
    })
}

/// The signalement of a stored body, which came with this number of photos.
#[must_use]
pub fn stored_signalement(payload: &str, photos: usize) -> Option<Signalement> {
    let json = Json::parse(payload.as_bytes()).ok()?;
    let mut object = Object::of(&json)?;
    let fields = object.fields();
    fields.complete(object.autres(), photos)
}

/// The fields, as far as each is well formed.
#[derive(Default)]
struct Fields {
    qualification: Option<String>,
    residence: Option<String>,
    bien: Option<String>,
    auteur: Option<String>,
    email_auteur: Option<String>,
    date_creation: Option<(String, DateTime<FixedOffset>)>,
    priorite: Option<String>,
    description: Option<String>,
    lien_sowell: Option<String>,
    transmettre_auteur: bool,
    transmettre_manager: bool,
}

impl Fields {
    fn codes(&self) -> Codes {
        Codes {
            qualification: self.qualification.clone(),
            residence: self.residence.clone(),
            bien: self.bien.clone(),
            priorite: self.priorite.clone(),
        }
    }

    fn complete(
        self,
        autres: Map<String, serde_json::Value>,
        photos: usize,
    ) -> Option<Signalement> {
        let (date_creation_text, date_creation) = self.date_creation?;
        Some(Signalement {
            qualification: self.qualification?,
            residence: self.residence?,
            bien: self.bien,
            auteur: self.auteur?,
            email_auteur: self.email_auteur?,
            date_creation,
            date_creation_text,
            priorite: self.priorite?,
            description: self.description?,
            lien_sowell: self.lien_sowell?,
            transmettre_auteur: self.transmettre_auteur,
            transmettre_manager: self.transmettre_manager,
            autres,
            photos,
        })
    }
}

/// A body without its photos, which are stored as files.
struct WithoutPhotos<'j>(&'j [(Cow<'j, str>, Json<'j>)]);

impl Serialize for WithoutPhotos<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rest = self.0.iter().filter(|(key, _)| key != "photos");
        serializer.collect_map(rest.map(|(key, value)| (key, value)))
    }
}

impl Object<'_> {
    fn fields(&mut self) -> Fields {
        Fields {
            qualification: self.required("qualification", CODE_CHARS, false),
            residence: self.required("residence", CODE_CHARS, false),
            bien: self.optional("bien", CODE_CHARS),
            auteur: self.required("auteur", AUTEUR_CHARS, false),
            email_auteur: self.email(),
            date_creation: self.date(),
            priorite: self.required("priorite", CODE_CHARS, false),
            description: self.required("description", DESCRIPTION_CHARS, true),
            lien_sowell: self.lien(),
            transmettre_auteur: self.flag("transmettre_auteur"),
            transmettre_manager: self.flag("transmettre_manager"),
        }
    }

    fn email(&mut self) -> Option<String> {
        let text = self.required("email_auteur", EMAIL_CHARS, false)?;
        let bare = Options::default().without_display_text();
        // The parser takes an empty name for no name at all, although the brackets are not part of the address.
        let named = text.contains(" <");
        if !named && EmailAddress::parse_with_options(&text, bare).is_ok() {
            return Some(text);
        }
        self.fault("/email_auteur", "n'est pas une adresse e-mail".into());
        None
    }

    fn date(&mut self) -> Option<(String, DateTime<FixedOffset>)> {
        let text = self.required("date_creation", CODE_CHARS, false)?;
        if let Some(date) = instant::parse(&text) {
            return Some((text, date));
        }
        self.fault("/date_creation", instant::why_not(&text).into());
        None
    }

    fn lien(&mut self) -> Option<String> {
        let text = self.required("lien_sowell", LIEN_CHARS, false)?;
        // The parser repairs what browsers tolerate, but a key must not have several spellings.
        let authority = text.split_once("://").and_then(|(scheme, rest)| {
            let known = ["http", "https"];
            let known = known.iter().any(|it| scheme.eq_ignore_ascii_case(it));
            known.then_some(rest)
        });
        let plain = authority.is_some_and(|rest| !rest.starts_with('/'))
            && !text.contains(|it: char| it.is_whitespace() || it.is_control());
        let valid = plain && Url::parse(&text).is_ok_and(|url| url.has_host());
        if valid {
            return Some(text);
        }
        self.fault("/lien_sowell", "n'est pas une adresse http ou https".into());
        None
    }

    /// The positions of the photos in the body, and the fault if there are more than the limit.
    fn photos(
        &mut self,
        body: &[u8],
        limits: &Limits,
    ) -> (Vec<Result<Encoded, Fault>>, Option<Fault>) {
        let items = match self.get("photos") {
            None => return (Vec::new(), None),
            Some(Json::List(items)) => items,
            Some(_) => {
                self.fault("/photos", "doit être un tableau de textes".into());
                return (Vec::new(), None);
            }
        };
        let count = items.len();
        let too_many = (count > limits.photos).then(|| {
            let word = if count > 1 { "photos" } else { "photo" };
            let detail = format!("{count} {word} : la limite est de {}", limits.photos);
            Fault::too_large("/photos", detail)
        });
        if too_many.is_some() && count > MOST_PHOTOS {
            self.faults.extend(too_many);
            return (Vec::new(), None);
        }
        let find = |(index, item): (usize, &Json<'_>)| match item {
            Json::Text(text) => photo::find(index, text, body),
            _ => Err(photo::fault(index, "doit être un texte en base64")),
        };
        (items.iter().enumerate().map(find).collect(), too_many)
    }

    fn autres(&self) -> Map<String, serde_json::Value> {
        self.unknown(&KEYS)
            .map(|(key, value)| (json::without_nul(key), value.to_value()))
            .collect()
    }

    /// The same values as canonical texts, by which repeated submissions are compared.
    fn canonical_autres(&self) -> BTreeMap<String, String> {
        self.unknown(&KEYS)
            .map(|(key, value)| (json::without_nul(key), value.canonical()))
            .collect()
    }

    fn avertissements(&self) -> Vec<String> {
        self.remarks(&KEYS, |name| {
            let place = match name {
                "autres" => "« autres.autres » ; les champs placés à la racine du signalement, et non dans « autres », sont visibles sous « autres »",
                _ => "« autres »",
            };
            format!("champ inconnu « {name} » : conservé, et visible des règles sous {place}")
        })
    }

    /// The received body without its photos.
    fn payload(&self) -> String {
        // Only strings, numbers and lists, which always serialise.
        serde_json::to_string(&WithoutPhotos(self.entries)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
