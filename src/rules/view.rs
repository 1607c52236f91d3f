//! What scripts and templates see of a signalement and its surroundings: one shape for both, as
//! section 5 of the contract names it.

use serde_json::{Value, json};

use crate::domain::demande::{NewDemande, Uid};
use crate::domain::referentiel::{Bien, Gestionnaire, Residence};
use crate::domain::signalement::Signalement;
use crate::rules::compile::Qualification;
use crate::rules::decide::Occasion;

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

/// What a view can be built as: JSON for what is stored, and what the engines of scripts and
/// templates read. Each is built directly, since a decision builds several.
pub trait Seen: Sized {
    /// What is not there.
    fn nothing() -> Self;
    /// A text.
    fn text(text: &str) -> Self;
    /// Yes or no.
    fn flag(flag: bool) -> Self;
    /// How many.
    fn count(count: usize) -> Self;
    /// What nobody knows the shape of.
    fn json(value: &Value) -> Self;
    /// Named fields.
    fn fields<'a>(fields: impl IntoIterator<Item = (&'a str, Self)>) -> Self;

    /// A text that may be missing.
    fn maybe(text: Option<&str>) -> Self {
        text.map_or_else(Self::nothing, Self::text)
    }
}

impl Seen for Value {
    fn nothing() -> Self {
        Self::Null
    }

    fn text(text: &str) -> Self {
        Self::String(text.to_owned())
    }

    fn flag(flag: bool) -> Self {
        Self::Bool(flag)
    }

    fn count(count: usize) -> Self {
        Self::from(count)
    }

    fn json(value: &Value) -> Self {
        value.clone()
    }

    fn fields<'a>(fields: impl IntoIterator<Item = (&'a str, Self)>) -> Self {
        let owned = fields.into_iter();
        Self::Object(owned.map(|(name, it)| (name.to_owned(), it)).collect())
    }
}

/// Every key of section 1 is present, null where the request left it out.
#[must_use]
pub fn signalement<V: Seen>(it: &Signalement) -> V {
    let others = it
        .autres
        .iter()
        .map(|(key, it)| (key.as_str(), V::json(it)));
    V::fields([
        ("qualification", V::text(&it.qualification)),
        ("residence", V::text(&it.residence)),
        ("bien", V::maybe(it.bien.as_deref())),
        ("auteur", V::text(&it.auteur)),
        ("email_auteur", V::text(&it.email_auteur)),
        ("date_creation", V::text(&it.date_creation_text)),
        ("priorite", V::text(&it.priorite)),
        ("description", V::text(&it.description)),
        ("photos", V::count(it.photos)),
        ("lien_sowell", V::text(&it.lien_sowell)),
        ("transmettre_auteur", V::flag(it.transmettre_auteur)),
        ("transmettre_manager", V::flag(it.transmettre_manager)),
        ("autres", V::fields(others)),
    ])
}

/// A residence with its managers by type.
#[must_use]
pub fn residence<V: Seen>(it: &Residence) -> V {
    let managers = it.gestionnaires.iter();
    let managers = managers.map(|(kind, who)| (kind, gestionnaire(who)));
    V::fields([
        ("code", V::text(&it.code)),
        ("nom", V::text(&it.nom)),
        ("adresse", V::text(&it.adresse)),
        ("gestionnaires", V::fields(managers)),
    ])
}

/// A manager.
#[must_use]
pub fn gestionnaire<V: Seen>(it: &Gestionnaire) -> V {
    V::fields([
        ("type", V::text(&it.r#type)),
        ("identifiant", V::text(&it.identifiant)),
        ("nom", V::text(&it.nom)),
        ("email", V::text(&it.email)),
    ])
}

/// A bien.
#[must_use]
pub fn bien<V: Seen>(it: Bien<'_>) -> V {
    V::fields([
        ("code", V::text(it.code)),
        ("residence", V::text(it.residence)),
        ("libelle", V::text(it.libelle)),
    ])
}

/// A qualification.
#[must_use]
pub fn qualification<V: Seen>(it: &Qualification) -> V {
    V::fields([
        ("code", V::text(&it.code)),
        ("libelle", V::text(&it.libelle)),
        ("type_gestionnaire", V::text(&it.type_gestionnaire)),
        ("workflow", V::text(&it.workflow)),
    ])
}

/// A demande once its UID is known.
#[must_use]
pub fn demande<V: Seen>(uid: &Uid, it: &NewDemande) -> V {
    V::fields([
        ("uid", V::text(uid.as_str())),
        ("statut", V::text(&it.statut)),
        ("canal", V::text(&it.canal)),
        ("qualification", V::text(&it.qualification)),
        ("workflow", V::text(&it.workflow)),
        ("residence", V::text(&it.residence)),
        ("bien", V::maybe(it.bien.as_deref())),
        ("priorite", V::text(&it.priorite)),
        (
            "gestionnaire_concerne",
            gestionnaire(&it.gestionnaire_concerne),
        ),
        ("acteur_en_charge", gestionnaire(&it.acteur_en_charge)),
        ("auteur", V::text(&it.auteur)),
        ("email_auteur", V::text(&it.email_auteur)),
        ("contexte", V::text(&it.contexte)),
        ("lien_sowell", V::text(&it.lien_sowell)),
    ])
}

/// What `accuses.rhai` is told.
#[must_use]
pub fn evenement<V: Seen>(about: &Signalement, occasion: Occasion<'_>) -> V {
    let whole = [
        ("signalement", signalement(about)),
        ("demande", occasion.demande()),
    ];
    V::fields(news(occasion).into_iter().chain(whole))
}

/// The same without the signalement and the demande, for who has them already.
#[must_use]
pub fn evenement_alone<V: Seen>(occasion: Occasion<'_>) -> V {
    V::fields(news(occasion))
}

fn news<V: Seen>(occasion: Occasion<'_>) -> [(&'static str, V); 4] {
    let (kind, demande, statut_sowell, motif) = match occasion {
        Occasion::Transmis { demande, .. } => {
            let statut_sowell = demande.statut_sowell.as_deref();
            ("transmis", Some(demande), statut_sowell, None)
        }
        Occasion::Ecarte { motif } => ("ecarte", None, None, Some(motif)),
        Occasion::Statut {
            demande,
            statut_sowell,
            ..
        } => ("statut", Some(demande), statut_sowell, None),
    };
    [
        ("type", V::text(kind)),
        ("statut", V::maybe(demande.map(|it| it.statut.as_str()))),
        ("statut_sowell", V::maybe(statut_sowell)),
        ("motif", V::maybe(motif)),
    ]
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
