//! A signalement, and the reference data with which tests decide it.

use serde_json::{Value, json};

/// A PNG of one pixel.
pub const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

/// A signalement like those of SoWell, with its own link.
pub fn signalement(number: u32) -> Value {
    json!({
        "qualification": "ASC",
        "residence": "MZ-01",
        "bien": "MZ-01-ASC",
        "auteur": "Zoé N'Guyen-Müller",
        "email_auteur": "zoe@locataire.example",
        "date_creation": "2026-02-28T23:59:59.511+01:00",
        "priorite": "high",
        "description": "Bloqué au 4ᵉ <b>étage</b> & \"bruit\" 🚨\nDeuxième ligne",
        "photos": [PNG, format!("data:image/png;base64,{PNG}")],
        "lien_sowell": format!("https://manager.sowell.example/signalements/{number}"),
    })
}

/// The same with some keys changed; `null` removes one.
pub fn signalement_with(number: u32, changes: &Value) -> Value {
    let mut body = signalement(number);
    let map = body.as_object_mut().unwrap();
    for (key, value) in changes.as_object().unwrap() {
        if value.is_null() {
            map.remove(key);
        } else {
            map.insert(key.clone(), value.clone());
        }
    }
    body
}

pub(super) const RESIDENCES: &str = "code;nom;adresse\nMZ-01;Les Tilleuls;1 rue des Tilleuls, Metz\nMZ-02;Bellecroix;9 bd Paixhans, Metz\nTH-07;Côte des Roses;2 place Marie, Thionville\nSANS;Sans responsable;3 rue Vide, Metz\n";
pub(super) const GESTIONNAIRES: &str = "residence;type;identifiant;nom;email\nMZ-01;responsable_secteur;RS-MZ-01;Secteur MZ-01;rs1@bailleur.example\nMZ-02;responsable_secteur;RS-MZ-02;Secteur MZ-02;rs2@bailleur.example\nTH-07;responsable_secteur;RS-TH-07;Secteur TH-07;rs7@bailleur.example\nMZ-01;technique;TEC-1;Équipe Technique Metz;tec@bailleur.example\nMZ-01;gardien;GAR-1;Loge Tilleuls;loge@bailleur.example\nTH-07;gardien;GAR-7;Loge Roses;loge7@bailleur.example\n";
pub(super) const BIENS: &str = "code;residence;libelle\nMZ-01-A-12;MZ-01;Appartement 12, bâtiment A\nMZ-01-ASC;MZ-01;Ascenseur A\nTH-07-B-3;TH-07;Appartement 3\n";
pub(super) const QUALIFICATIONS: &str = "qualifications:
  ASC: {libelle: Ascenseur en panne, type_gestionnaire: technique, workflow: INTERVENTION}
  PROP: {libelle: Propreté des communs, type_gestionnaire: gardien, workflow: ENTRETIEN}
  VOIS: {libelle: Trouble de voisinage, type_gestionnaire: responsable_secteur, workflow: MEDIATION}
";
