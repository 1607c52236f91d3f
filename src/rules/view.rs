//! What scripts and templates see of a signalement and its surroundings: one shape for both, as
//! section 5 of the contract names it.

use serde_json::{Value, json};

use crate::domain::demande::{NewDemande, Uid};
use crate::domain::ports::JsonObject;
use crate::domain::referentiel::{Bien, Gestionnaire, Residence};
use crate::domain::signalement::Signalement;
use crate::rules::compile::Qualification;

/// The fields of [`signalement`].
pub const SIGNALEMENT: [&str; 13] = [
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
    "autres",
];
/// The fields of [`residence`].
pub const RESIDENCE: [&str; 4] = ["code", "nom", "adresse", "gestionnaires"];
/// The fields of [`qualification`].
pub const QUALIFICATION: [&str; 4] = ["code", "libelle", "type_gestionnaire", "workflow"];
/// The fields of [`evenement`].
pub const EVENEMENT: [&str; 6] = [
    "type",
    "signalement",
    "demande",
    "statut",
    "statut_sowell",
    "motif",
];

/// Every key of section 1 is present, null where the request left it out.
#[must_use]
pub fn signalement(it: &Signalement) -> Value {
    json!({
        "qualification": it.qualification,
        "residence": it.residence,
        "bien": it.bien,
        "auteur": it.auteur,
        "email_auteur": it.email_auteur,
        "date_creation": it.date_creation_text,
        "priorite": it.priorite,
        "description": it.description,
        "photos": it.photos,
        "lien_sowell": it.lien_sowell,
        "transmettre_auteur": it.transmettre_auteur,
        "transmettre_manager": it.transmettre_manager,
        "autres": it.autres,
    })
}

/// A residence with its managers by type.
#[must_use]
pub fn residence(it: &Residence) -> Value {
    let gestionnaires: JsonObject = it
        .gestionnaires
        .iter()
        .map(|(kind, who)| (kind.clone(), gestionnaire(who)))
        .collect();
    json!({
        "code": it.code,
        "nom": it.nom,
        "adresse": it.adresse,
        "gestionnaires": gestionnaires,
    })
}

/// A manager.
#[must_use]
pub fn gestionnaire(it: &Gestionnaire) -> Value {
    json!({
        "type": it.r#type,
        "identifiant": it.identifiant,
        "nom": it.nom,
        "email": it.email,
    })
}

/// A bien.
#[must_use]
pub fn bien(it: &Bien) -> Value {
    json!({"code": it.code, "residence": it.residence, "libelle": it.libelle})
}

/// A qualification.
#[must_use]
pub fn qualification(it: &Qualification) -> Value {
    json!({
        "code": it.code,
        "libelle": it.libelle,
        "type_gestionnaire": it.type_gestionnaire,
        "workflow": it.workflow,
    })
}

/// A demande once its UID is known.
#[must_use]
pub fn demande(uid: &Uid, it: &NewDemande) -> Value {
    json!({
        "uid": uid.as_str(),
        "statut": it.statut,
        "canal": it.canal,
        "qualification": it.qualification,
        "workflow": it.workflow,
        "residence": it.residence,
        "bien": it.bien,
        "priorite": it.priorite,
        "gestionnaire_concerne": gestionnaire(&it.gestionnaire_concerne),
        "acteur_en_charge": gestionnaire(&it.acteur_en_charge),
        "auteur": it.auteur,
        "email_auteur": it.email_auteur,
        "contexte": it.contexte,
        "lien_sowell": it.lien_sowell,
    })
}

/// A complete, harmless context: templates are tried on it before an edit takes effect.
#[must_use]
pub fn sample_context() -> Value {
    let who = json!({"type": "technique", "identifiant": "TEC-1", "nom": "Équipe technique", "email": "technique@bailleur.example"});
    let signalement = json!({
        "qualification": "ASC", "residence": "R-01", "bien": "R-01-A", "auteur": "Camille Durand",
        "email_auteur": "camille@locataire.example", "date_creation": "2026-02-28T23:59:59.511+01:00",
        "priorite": "high", "description": "L'ascenseur est en panne.", "photos": 1,
        "lien_sowell": "https://manager.sowell.example/signalements/1",
        "transmettre_auteur": true, "transmettre_manager": false, "autres": {},
    });
    let demande = json!({
        "uid": "DEM-1", "statut": "Transférée", "canal": "SoWell", "qualification": "ASC",
        "workflow": "INTERVENTION", "residence": "R-01", "bien": "R-01-A", "priorite": "haute",
        "gestionnaire_concerne": who, "acteur_en_charge": who, "auteur": "Camille Durand",
        "email_auteur": "camille@locataire.example", "contexte": "Contexte",
        "lien_sowell": "https://manager.sowell.example/signalements/1",
    });
    json!({
        "signalement": signalement,
        "residence": {"code": "R-01", "nom": "Les Tilleuls", "adresse": "1 rue des Tilleuls",
            "gestionnaires": {"technique": who, "responsable_secteur": who}},
        "bien": {"code": "R-01-A", "residence": "R-01", "libelle": "Ascenseur A"},
        "qualification": {"code": "ASC", "libelle": "Ascenseur en panne",
            "type_gestionnaire": "technique", "workflow": "INTERVENTION"},
        "priorite": "haute",
        "demande": demande,
        "evenement": {"type": "transmis", "signalement": signalement, "demande": demande,
            "statut": "Transférée", "statut_sowell": "En attente", "motif": ""},
    })
}
