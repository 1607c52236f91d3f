//! How domain values are stored in columns: as words, JSON texts and milliseconds.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::domain::demande::{Fichier, NewDemande};
use crate::domain::livraison::{Content, Courriel, PhotoPush, StatutPush, UidPush};
use crate::domain::motif::{Detail, Motif};
use crate::domain::ports::StoreError;
use crate::domain::reason::Reason;
use crate::domain::referentiel::Gestionnaire;
use crate::domain::signalement::Etat;

/// An instant as milliseconds since 1970.
pub(super) fn millis(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

/// Milliseconds since 1970 as an instant.
pub(super) fn instant(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or(DateTime::UNIX_EPOCH)
}

/// A text from partners or rules, as PostgreSQL can store it: NUL becomes U+FFFD. JSON columns do not need this:
/// JSON escapes NUL.
pub(super) fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The error for a stored word that the code does not know.
pub(super) fn unreadable(column: &str) -> StoreError {
    StoreError::Fault(format!("unreadable value in column {column}"))
}

/// A motif as stored.
///
/// `motif` is the whole text, and all that earlier versions of the program read and write: where the other columns do
/// not fit it, one of them has written it since.
#[derive(Default)]
pub(super) struct MotifColumns {
    pub(super) motif: Option<String>,
    /// Its beginning, which anyone may read.
    pub(super) motif_for_all: Option<String>,
    /// Its end, if this is a reason.
    pub(super) motif_reason: Option<String>,
}

impl MotifColumns {
    pub(super) fn write(motif: &Motif) -> Self {
        let stored = |text: &str| Some(storable(text).into_owned());
        Self {
            motif: stored(&motif.to_string()),
            motif_for_all: match &motif.detail {
                Some(Detail::Instead(_)) => None,
                _ => stored(&motif.for_all),
            },
            motif_reason: match &motif.detail {
                Some(Detail::Reason(reason)) => stored(&reason.to_string()),
                _ => None,
            },
        }
    }

    /// The motif of a signalement in this state; `None` if it has none.
    pub(super) fn read(self, etat: Etat) -> Option<Motif> {
        let whole = self.motif?;
        let Some(for_all) = self.motif_for_all.filter(|it| whole.starts_with(it)) else {
            return Some(match etat {
                // In the words of the rules, which SoWell also gets in the answer.
                Etat::Ecarte => Motif::for_all(whole),
                _ => Motif::unparted(whole),
            });
        };
        let rest = whole[for_all.len()..].to_owned();
        let motif = Motif::for_all(for_all);
        let reason = rest.strip_prefix(" : ");
        Some(if rest.is_empty() {
            motif
        } else if let Some(reason) = reason.filter(|it| self.motif_reason.as_deref() == Some(it)) {
            motif.because(Reason::told(reason))
        } else {
            motif.and_for_staff(rest.trim_start())
        })
    }
}

#[derive(Serialize, Deserialize)]
struct GestionnaireRow {
    r#type: String,
    identifiant: String,
    nom: String,
    email: String,
}

impl From<Gestionnaire> for GestionnaireRow {
    fn from(it: Gestionnaire) -> Self {
        Self {
            r#type: it.r#type,
            identifiant: it.identifiant,
            nom: it.nom,
            email: it.email,
        }
    }
}

impl From<GestionnaireRow> for Gestionnaire {
    fn from(row: GestionnaireRow) -> Self {
        Self {
            r#type: row.r#type,
            identifiant: row.identifiant,
            nom: row.nom,
            email: row.email,
        }
    }
}

pub(super) fn write_gestionnaire(it: &Gestionnaire) -> String {
    write_json(&GestionnaireRow::from(it.clone()))
}

pub(super) fn read_gestionnaire(text: &str) -> Result<Gestionnaire, StoreError> {
    let row: GestionnaireRow =
        serde_json::from_str(text).map_err(|_| unreadable("gestionnaire"))?;
    Ok(row.into())
}

/// A demande that has no row of its own yet.
#[derive(Serialize, Deserialize)]
struct DemandeRow {
    statut: String,
    statut_sowell: Option<String>,
    canal: String,
    qualification: String,
    workflow: String,
    residence: String,
    bien: Option<String>,
    priorite: String,
    gestionnaire_concerne: GestionnaireRow,
    acteur_en_charge: GestionnaireRow,
    auteur: String,
    email_auteur: String,
    contexte: String,
    lien_sowell: String,
}

pub(super) fn write_demande(it: &NewDemande) -> String {
    let it = it.clone();
    write_json(&DemandeRow {
        statut: it.statut,
        statut_sowell: it.statut_sowell,
        canal: it.canal,
        qualification: it.qualification,
        workflow: it.workflow,
        residence: it.residence,
        bien: it.bien,
        priorite: it.priorite,
        gestionnaire_concerne: it.gestionnaire_concerne.into(),
        acteur_en_charge: it.acteur_en_charge.into(),
        auteur: it.auteur,
        email_auteur: it.email_auteur,
        contexte: it.contexte,
        lien_sowell: it.lien_sowell,
    })
}

pub(super) fn read_demande(text: &str) -> Result<NewDemande, StoreError> {
    let row: DemandeRow = serde_json::from_str(text).map_err(|_| unreadable("demande"))?;
    Ok(NewDemande {
        statut: row.statut,
        statut_sowell: row.statut_sowell,
        canal: row.canal,
        qualification: row.qualification,
        workflow: row.workflow,
        residence: row.residence,
        bien: row.bien,
        priorite: row.priorite,
        gestionnaire_concerne: row.gestionnaire_concerne.into(),
        acteur_en_charge: row.acteur_en_charge.into(),
        auteur: row.auteur,
        email_auteur: row.email_auteur,
        contexte: row.contexte,
        lien_sowell: row.lien_sowell,
    })
}

pub(super) fn write_texts(texts: &[String]) -> String {
    write_json(&texts)
}

pub(super) fn read_texts(text: &str) -> Result<Vec<String>, StoreError> {
    serde_json::from_str(text).map_err(|_| unreadable("avertissements"))
}

#[derive(Serialize, Deserialize)]
enum ContentRow {
    #[serde(rename = "statut")]
    Statut {
        uid: String,
        statut: String,
        statut_crm: String,
        date: String,
        commentaire: Option<String>,
        lien_sowell: String,
    },
    #[serde(rename = "uid")]
    Uid {
        id: String,
        uid: String,
        statut: Option<String>,
        statut_crm: String,
        lien_sowell: String,
    },
    #[serde(rename = "courriel")]
    Courriel {
        a: String,
        modele: String,
        context: Box<RawValue>,
    },
    #[serde(rename = "photo")]
    Photo {
        uid: String,
        nom: String,
        r#type: String,
        taille: u64,
        sha256: String,
    },
}

pub(super) fn write_content(content: &Content) -> String {
    let row = match content.clone() {
        Content::Courriel(mail) => return write_courriel(&mail),
        Content::Statut(push) => ContentRow::Statut {
            uid: push.uid,
            statut: push.statut,
            statut_crm: push.statut_crm,
            date: push.date,
            commentaire: push.commentaire,
            lien_sowell: push.lien_sowell,
        },
        Content::Uid(push) => ContentRow::Uid {
            id: push.id,
            uid: push.uid,
            statut: push.statut,
            statut_crm: push.statut_crm,
            lien_sowell: push.lien_sowell,
        },
        Content::Photo(PhotoPush { uid, fichier }) => ContentRow::Photo {
            uid,
            nom: fichier.nom,
            r#type: fichier.r#type,
            taille: fichier.taille,
            sha256: fichier.sha256,
        },
    };
    write_json(&row)
}

/// Produces what [`ContentRow::Courriel`] reads. The context is already JSON and is inserted as it is: it is large,
/// and a `RawValue` would have to parse it again.
fn write_courriel(mail: &Courriel) -> String {
    let (a, modele) = (write_json(&mail.a), write_json(&mail.modele));
    let context = &mail.context;
    format!(r#"{{"courriel":{{"a":{a},"modele":{modele},"context":{context}}}}}"#)
}

pub(super) fn read_content(text: &str) -> Result<Content, StoreError> {
    let row = serde_json::from_str(text).map_err(|_| unreadable("content"))?;
    Ok(match row {
        ContentRow::Statut {
            uid,
            statut,
            statut_crm,
            date,
            commentaire,
            lien_sowell,
        } => Content::Statut(StatutPush {
            uid,
            statut,
            statut_crm,
            date,
            commentaire,
            lien_sowell,
        }),
        ContentRow::Uid {
            id,
            uid,
            statut,
            statut_crm,
            lien_sowell,
        } => Content::Uid(UidPush {
            id,
            uid,
            statut,
            statut_crm,
            lien_sowell,
        }),
        ContentRow::Courriel { a, modele, context } => {
            let context = Box::<str>::from(context).into();
            Content::Courriel(Courriel { a, modele, context })
        }
        ContentRow::Photo {
            uid,
            nom,
            r#type,
            taille,
            sha256,
        } => Content::Photo(PhotoPush {
            uid,
            fichier: Fichier {
                nom,
                r#type,
                taille,
                sha256,
            },
        }),
    })
}

fn write_json(row: &impl Serialize) -> String {
    // Only strings, options and JSON values, which always serialise.
    serde_json::to_string(row).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reason::Phrase;
    use serde_json::json;

    #[test]
    fn contents_are_read_back_as_written() {
        let contents = [
            Content::Statut(StatutPush {
                uid: "D".into(),
                statut: "Traité".into(),
                statut_crm: "Clôturée".into(),
                date: "2026-01-01T00:00:00Z".into(),
                commentaire: None,
                lien_sowell: "https://x.example".into(),
            }),
            Content::Courriel(Courriel {
                a: "x@y.fr".into(),
                modele: "m".into(),
                context: json!({"é": [1, null]}).to_string().into(),
            }),
            Content::Uid(UidPush {
                id: "s".into(),
                uid: "D".into(),
                statut: None,
                statut_crm: "Transférée".into(),
                lien_sowell: "https://x.example".into(),
            }),
            Content::Photo(PhotoPush {
                uid: "D".into(),
                fichier: Fichier {
                    nom: "photo-1.png".into(),
                    r#type: "image/png".into(),
                    taille: 3,
                    sha256: "abc".into(),
                },
            }),
        ];
        for content in contents {
            assert_eq!(read_content(&write_content(&content)).unwrap(), content);
        }
    }

    #[test]
    fn motifs_are_read_back_as_written() {
        let refused = || Motif::for_all("refusé");
        for motif in [
            refused(),
            refused().and_for_staff(": answered 5"),
            refused().because(Phrase::NoUid.into()),
            Motif::unparted("refusé : answered 5"),
        ] {
            let read = MotifColumns::write(&motif).read(Etat::Echec);
            assert_eq!(read, Some(motif));
        }
        assert_eq!(MotifColumns::default().read(Etat::Recu), None);
        let odd = refused().because(Reason::told(" a\0b"));
        let read = MotifColumns::write(&odd).read(Etat::Echec).unwrap();
        assert_eq!(read, refused().because(Reason::told(" a\u{fffd}b")));
    }

    /// By an earlier version, which knows no other column.
    #[test]
    fn a_motif_that_was_overwritten_is_for_the_staff() {
        let stored =
            || MotifColumns::write(&Motif::for_all("refusé").because(Phrase::NoUid.into()));
        for (overwritten, for_all) in [
            ("refusé : answered 5", "refusé"),
            (
                "le CRM dit : answered 5",
                "la raison est connue du bailleur",
            ),
        ] {
            let motif = Some(overwritten.to_owned());
            let read = MotifColumns { motif, ..stored() }
                .read(Etat::Echec)
                .unwrap();
            assert_eq!(
                (read.to_string(), &*read.for_all),
                (overwritten.into(), for_all)
            );
            assert!(!matches!(read.detail, Some(Detail::Reason(_))));
        }
        let motif = Some("le mode « auteur » n'accepte pas".to_owned());
        let by_rules = MotifColumns {
            motif,
            ..MotifColumns::default()
        };
        assert_eq!(
            by_rules.read(Etat::Ecarte).unwrap().for_all,
            "le mode « auteur » n'accepte pas"
        );
    }
}
