//! What became of a demande's deliveries, on a terminal and as JSON.

use serde_json::{Value, json};

use crate::adapters::explanation::sent::{reason, what, what_to_whom, whom, word};
use crate::cli::output::time;
use crate::domain::livraison::{LivraisonEtat, LivraisonView};

pub(super) fn print(sent: &[LivraisonView]) {
    if sent.is_empty() {
        println!("Aucun envoi n'est noté pour cette demande.");
        return;
    }
    println!("Ce qui devait partir :\n");
    for (number, it) in (1..).zip(sent) {
        let etat = it.summary.etat;
        println!("{number:>2}. {} : {}", what_to_whom(it), word(etat));
        if etat != LivraisonEtat::Livree {
            println!("      id = {}", it.summary.id);
        }
        if let Some(reason) = reason(it, time) {
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
        "raison": reason(it, time),
        "tentatives": summary.attempts,
        "le": time(summary.created_at),
    })
}
