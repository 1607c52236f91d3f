//! What became of a demande's deliveries: that a decision asked for an e-mail is only half of the story.

use chrono::{DateTime, Utc};

use super::printable;
use crate::adapters::french::french;
use crate::domain::livraison::{Content, Destination, LivraisonEtat, LivraisonView};
use crate::rules::addressee;
use crate::rules::decide::lacking_field;

/// What is delivered, e.g. `e-mail accuse-reception`.
#[must_use]
pub fn what(it: &LivraisonView) -> String {
    let text = match &it.content {
        // While it is held, its word for SoWell is not known.
        Some(Content::Statut(push)) if push.statut.is_empty() => {
            format!("statut {}", push.statut_crm)
        }
        Some(Content::Statut(push)) => format!("statut {} ({})", push.statut, push.statut_crm),
        Some(Content::Uid(push)) => format!("référence {}", push.uid),
        Some(Content::Courriel(courriel)) => format!("e-mail {}", courriel.modele),
        Some(Content::Photo(push)) => format!("photo {}", push.fichier.nom),
        None => "contenu illisible".to_owned(),
    };
    printable(Some(&text))
}

/// Its recipient.
#[must_use]
pub fn whom(it: &LivraisonView) -> String {
    match &it.content {
        Some(Content::Courriel(courriel)) => printable(Some(&courriel.a)),
        _ => match it.summary.destination {
            Destination::Sowell => "SoWell".to_owned(),
            Destination::Crm => "le CRM".to_owned(),
            Destination::Courriel => "un destinataire inconnu".to_owned(),
        },
    }
}

/// What is delivered and to whom, in a sentence's words.
#[must_use]
pub fn what_to_whom(it: &LivraisonView) -> String {
    let what = what(it);
    match &it.content {
        Some(Content::Courriel(courriel)) if addressee::is_absent(&courriel.a) => {
            format!("{what}, sans adresse")
        }
        Some(Content::Courriel(_)) => format!("{what}, à {}", whom(it)),
        _ => format!("{what}, pour {}", whom(it)),
    }
}

/// The French word for its state.
#[must_use]
pub fn word(etat: LivraisonEtat) -> &'static str {
    match etat {
        LivraisonEtat::EnAttente => "en attente",
        LivraisonEtat::Livree => "livrée",
        LivraisonEtat::Morte => "abandonnée",
        LivraisonEtat::Depassee => "dépassée",
        LivraisonEtat::Retenue => "retenue",
    }
}

/// Why it has not been sent, if that is known; `time` writes an instant.
#[must_use]
pub fn reason(it: &LivraisonView, time: fn(DateTime<Utc>) -> String) -> Option<String> {
    let error = it.summary.last_error.as_deref();
    let failed = || error.map(|it| french(&printable(Some(it))));
    match it.summary.etat {
        LivraisonEtat::Livree => None,
        LivraisonEtat::Morte => failed(),
        LivraisonEtat::EnAttente => {
            let next = time(it.summary.due_at);
            failed().map(|failed| format!("{failed} ; prochain essai le {next}"))
        }
        LivraisonEtat::Depassee => Some("un statut plus récent est parti avant".to_owned()),
        LivraisonEtat::Retenue => Some(held_because(it.motif.as_deref())),
    }
}

/// Why a delivery is held, and what to do about it; `motif` is the rules' reason when its event was received, which later
/// rules may have made untrue.
fn held_because(motif: Option<&str>) -> String {
    match motif.and_then(lacking_field) {
        Some(field) => format!(
            "à sa réception, le CRM n'a pas donné {}, dont dépend ce que SoWell affiche : {}",
            field_of_the_crm(field),
            remedy_of_lacking(field)
        ),
        None => "à sa réception, statuts.yaml ne traduisait pas ce statut, ou son résultat : s'il n'a toujours pas de \
                 ligne, ajoutez-en une, et l'envoi part"
            .to_owned(),
    }
}

/// What a field of an event is called, with its article.
#[must_use]
pub fn field_of_the_crm(field: &str) -> &'static str {
    match field {
        "commentaire" => "le commentaire",
        "canal" => "le canal",
        _ => "le résultat",
    }
}

/// What to do about a status whose event lacks the field on which its translation depends.
#[must_use]
pub fn remedy_of_lacking(field: &str) -> String {
    format!(
        "remplissez-le dans le CRM, qui doit annoncer de nouveau le statut avec son champ « {field} »"
    )
}
