//! What became of a demande's deliveries: that a decision asked for an e-mail is only half of the story.

use serde_json::{Value, json};

use crate::adapters::french::french;
use crate::cli::output::{printable, time};
use crate::domain::livraison::{Content, Destination, LivraisonEtat, LivraisonView};
use crate::rules::addressee;

pub(super) fn print(sent: &[LivraisonView]) {
    if sent.is_empty() {
        println!("Aucun envoi n'est noté pour cette demande.");
        return;
    }
    println!("Ce qui devait partir :\n");
    for (number, it) in (1..).zip(sent) {
        let etat = it.summary.etat;
        let to = match &it.content {
            Some(Content::Courriel(courriel)) if addressee::is_absent(&courriel.a) => {
                "sans adresse".to_owned()
            }
            Some(Content::Courriel(_)) => format!("à {}", whom(it)),
            _ => format!("pour {}", whom(it)),
        };
        println!("{number:>2}. {}, {to} : {}", what(it), word(etat));
        if etat != LivraisonEtat::Livree {
            println!("      id = {}", it.summary.id);
        }
        if let Some(reason) = reason(it) {
            println!("      → {reason}");
        }
    }
}

pub(super) fn to_json(it: &LivraisonView) -> Value {
    let summary = &it.summary;
    json!({
        "id": summary.id,
        "destination": summary.destination.as_str(),
        "contenu": what(it),
        "pour": whom(it),
        "etat": summary.etat.as_str(),
        "raison": reason(it),
        "tentatives": summary.attempts,
        "le": time(summary.created_at),
    })
}

fn what(it: &LivraisonView) -> String {
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

fn whom(it: &LivraisonView) -> String {
    match &it.content {
        Some(Content::Courriel(courriel)) => printable(Some(&courriel.a)),
        _ => match it.summary.destination {
            Destination::Sowell => "SoWell".to_owned(),
            Destination::Crm => "le CRM".to_owned(),
            Destination::Courriel => "un destinataire inconnu".to_owned(),
        },
    }
}

fn word(etat: LivraisonEtat) -> &'static str {
    match etat {
        LivraisonEtat::EnAttente => "en attente",
        LivraisonEtat::Livree => "livrée",
        LivraisonEtat::Morte => "morte",
        LivraisonEtat::Depassee => "dépassée",
        LivraisonEtat::Retenue => "retenue",
    }
}

/// Why it has not been sent, if that is known.
fn reason(it: &LivraisonView) -> Option<String> {
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
        LivraisonEtat::Retenue => {
            Some("statuts.yaml ne traduit pas ce statut, ou son résultat".to_owned())
        }
    }
}
