//! How domain values are written into a column: words, JSON texts and milliseconds.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::livraison::{Content, Courriel, StatutPush};
use crate::domain::ports::StoreError;
use crate::domain::referentiel::Gestionnaire;

/// An instant as milliseconds since 1970.
pub(super) fn millis(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

/// Milliseconds since 1970 as an instant.
pub(super) fn instant(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or(DateTime::UNIX_EPOCH)
}

/// A partner's text without what PostgreSQL cannot keep in one.
pub(super) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// A stored word that the code no longer knows.
pub(super) fn unreadable(column: &str) -> StoreError {
    StoreError::Fault(format!("unreadable value in column {column}"))
}

#[derive(Serialize, Deserialize)]
struct GestionnaireRow {
    r#type: String,
    identifiant: String,
    nom: String,
    email: String,
}

pub(super) fn write_gestionnaire(it: &Gestionnaire) -> String {
    let row = GestionnaireRow {
        r#type: it.r#type.clone(),
        identifiant: it.identifiant.clone(),
        nom: it.nom.clone(),
        email: it.email.clone(),
    };
    write_json(&row)
}

pub(super) fn read_gestionnaire(text: &str) -> Result<Gestionnaire, StoreError> {
    let row: GestionnaireRow =
        serde_json::from_str(text).map_err(|_| unreadable("gestionnaire"))?;
    Ok(Gestionnaire {
        r#type: row.r#type,
        identifiant: row.identifiant,
        nom: row.nom,
        email: row.email,
    })
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
    #[serde(rename = "courriel")]
    Courriel {
        a: String,
        modele: String,
        context: Value,
    },
}

pub(super) fn write_content(content: &Content) -> String {
    let row = match content.clone() {
        Content::Statut(push) => ContentRow::Statut {
            uid: push.uid,
            statut: push.statut,
            statut_crm: push.statut_crm,
            date: push.date,
            commentaire: push.commentaire,
            lien_sowell: push.lien_sowell,
        },
        Content::Courriel(mail) => ContentRow::Courriel {
            a: mail.a,
            modele: mail.modele,
            context: mail.context,
        },
    };
    write_json(&row)
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
        ContentRow::Courriel { a, modele, context } => {
            Content::Courriel(Courriel { a, modele, context })
        }
    })
}

fn write_json(row: &impl Serialize) -> String {
    // Strings, options and JSON values only: none of them can fail to print.
    serde_json::to_string(row).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_written_is_read_back() {
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
                context: json!({"é": [1, null]}),
            }),
        ];
        for content in contents {
            assert_eq!(read_content(&write_content(&content)).unwrap(), content);
        }
    }
}
