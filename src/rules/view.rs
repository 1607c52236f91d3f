//! The data that scripts and templates see of a signalement and its context: the same shape for both, as documented in
//! `docs/guide-administrateur.md`.

pub mod sample;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::domain::demande::{NewDemande, Uid};
use crate::domain::referentiel::{Bien, Gestionnaire, Residence};
use crate::domain::signalement::Signalement;
use crate::rules::compile::Qualification;
use crate::rules::decide::Occasion;
use crate::rules::extent::Extent;

/// The fields of [`residence`].
pub const RESIDENCE: [&str; 4] = ["code", "nom", "adresse", "gestionnaires"];
/// The fields of [`gestionnaire`].
pub const GESTIONNAIRE: [&str; 4] = ["type", "identifiant", "nom", "email"];
/// The fields of [`bien`].
pub const BIEN: [&str; 3] = ["code", "residence", "libelle"];
/// The fields of [`qualification`].
pub const QUALIFICATION: [&str; 4] = ["code", "libelle", "type_gestionnaire", "workflow"];

/// Values that exist only once there is a demande, and so not yet when its *contexte* is written.
pub const OF_DEMANDE: [&str; 2] = ["demande", "evenement"];

/// Values that every template of an e-mail may rely on.
pub const OF_MAIL: [&str; 7] = [
    "signalement",
    "residence",
    "bien",
    "qualification",
    "priorite",
    "demande",
    "evenement",
];

/// A value as scripts and templates see it, borrowed from its source. Their engines build their own values from it, and
/// it is serialized as JSON for storage.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown<'a> {
    /// A missing value.
    Nothing,
    /// A text.
    Text(&'a str),
    /// Yes or no.
    Flag(bool),
    /// A number of things.
    Count(usize),
    /// JSON of unknown shape.
    Json(&'a Value),
    /// Fields with fixed names.
    Fields(Vec<(&'static str, Shown<'a>)>),
    /// Values under names that come from the data.
    Entries(Vec<(&'a str, Shown<'a>)>),
}

impl<'a> Shown<'a> {
    /// A text, or nothing if it is missing.
    fn maybe(text: Option<&'a str>) -> Self {
        text.map_or(Self::Nothing, Self::Text)
    }
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nothing => serializer.serialize_unit(),
            Self::Text(it) => serializer.serialize_str(it),
            Self::Flag(it) => serializer.serialize_bool(*it),
            Self::Count(it) => it.serialize(serializer),
            Self::Json(it) => it.serialize(serializer),
            Self::Fields(all) => serializer.collect_map(all.iter().map(|(name, it)| (name, it))),
            Self::Entries(all) => serializer.collect_map(all.iter().map(|(name, it)| (name, it))),
        }
    }
}

/// The name of a field and the function that builds its value.
type Field<'f, 'a> = (&'static str, &'f dyn Fn(&Extent) -> Shown<'a>);

/// Builds the fields that are read.
fn fields<'a>(extent: &Extent, all: &[Field<'_, 'a>]) -> Shown<'a> {
    let whole = || {
        let all = all.iter();
        Shown::Fields(
            all.map(|(name, value)| (*name, value(&Extent::Whole)))
                .collect(),
        )
    };
    let Extent::Fields(read) = extent else {
        return whole();
    };
    let found = |(name, extent): (&String, &Extent)| {
        let (name, value) = all.iter().find(|(it, _)| it == name)?;
        Some((*name, value(extent)))
    };
    let some: Option<Vec<_>> = read.iter().map(found).collect();
    // An unknown name may be a function of the language, such as `keys`, which sees all fields.
    some.map_or_else(whole, Shown::Fields)
}

/// A signalement. Every key that SoWell may send is present, null if the request omitted it.
#[must_use]
pub fn signalement<'a>(it: &'a Signalement, extent: &Extent) -> Shown<'a> {
    let others = || {
        let others = it.autres.iter();
        Shown::Entries(
            others
                .map(|(key, it)| (key.as_str(), Shown::Json(it)))
                .collect(),
        )
    };
    let all: [Field<'_, 'a>; 13] = [
        ("qualification", &|_| Shown::Text(&it.qualification)),
        ("residence", &|_| Shown::Text(&it.residence)),
        ("bien", &|_| Shown::maybe(it.bien.as_deref())),
        ("auteur", &|_| Shown::Text(&it.auteur)),
        ("email_auteur", &|_| Shown::Text(&it.email_auteur)),
        ("date_creation", &|_| Shown::Text(&it.date_creation_text)),
        ("priorite", &|_| Shown::Text(&it.priorite)),
        ("description", &|_| Shown::Text(&it.description)),
        ("photos", &|_| Shown::Count(it.photos)),
        ("lien_sowell", &|_| Shown::Text(&it.lien_sowell)),
        ("transmettre_auteur", &|_| {
            Shown::Flag(it.transmettre_auteur)
        }),
        ("transmettre_manager", &|_| {
            Shown::Flag(it.transmettre_manager)
        }),
        ("autres", &|_| others()),
    ];
    fields(extent, &all)
}

/// A residence, with its managers by type.
#[must_use]
pub fn residence<'a>(it: &'a Residence, extent: &Extent) -> Shown<'a> {
    let managers = || {
        let managers = it.gestionnaires.iter();
        let all = managers.map(|(kind, who)| (kind, gestionnaire(who, &Extent::Whole)));
        Shown::Entries(all.collect())
    };
    let all: [Field<'_, 'a>; 4] = [
        ("code", &|_| Shown::Text(&it.code)),
        ("nom", &|_| Shown::Text(&it.nom)),
        ("adresse", &|_| Shown::Text(&it.adresse)),
        ("gestionnaires", &|_| managers()),
    ];
    fields(extent, &all)
}

/// A manager.
#[must_use]
pub fn gestionnaire<'a>(it: &'a Gestionnaire, extent: &Extent) -> Shown<'a> {
    let all: [Field<'_, 'a>; 4] = [
        ("type", &|_| Shown::Text(&it.r#type)),
        ("identifiant", &|_| Shown::Text(&it.identifiant)),
        ("nom", &|_| Shown::Text(&it.nom)),
        ("email", &|_| Shown::Text(&it.email)),
    ];
    fields(extent, &all)
}

/// A bien.
#[must_use]
pub fn bien<'a>(it: Bien<'a>, extent: &Extent) -> Shown<'a> {
    let all: [Field<'_, 'a>; 3] = [
        ("code", &|_| Shown::Text(it.code)),
        ("residence", &|_| Shown::Text(it.residence)),
        ("libelle", &|_| Shown::Text(it.libelle)),
    ];
    fields(extent, &all)
}

/// A qualification.
#[must_use]
pub fn qualification<'a>(it: &'a Qualification, extent: &Extent) -> Shown<'a> {
    let all: [Field<'_, 'a>; 4] = [
        ("code", &|_| Shown::Text(&it.code)),
        ("libelle", &|_| Shown::Text(&it.libelle)),
        ("type_gestionnaire", &|_| Shown::Text(&it.type_gestionnaire)),
        ("workflow", &|_| Shown::Text(&it.workflow)),
    ];
    fields(extent, &all)
}

/// A demande once its UID is known.
#[must_use]
pub fn demande<'a>(uid: &'a Uid, it: &'a NewDemande, extent: &Extent) -> Shown<'a> {
    let (concerne, acteur) = (&it.gestionnaire_concerne, &it.acteur_en_charge);
    let all: [Field<'_, 'a>; 14] = [
        ("uid", &|_| Shown::Text(uid.as_str())),
        ("statut", &|_| Shown::Text(&it.statut)),
        ("canal", &|_| Shown::Text(&it.canal)),
        ("qualification", &|_| Shown::Text(&it.qualification)),
        ("workflow", &|_| Shown::Text(&it.workflow)),
        ("residence", &|_| Shown::Text(&it.residence)),
        ("bien", &|_| Shown::maybe(it.bien.as_deref())),
        ("priorite", &|_| Shown::Text(&it.priorite)),
        ("gestionnaire_concerne", &|it| gestionnaire(concerne, it)),
        ("acteur_en_charge", &|it| gestionnaire(acteur, it)),
        ("auteur", &|_| Shown::Text(&it.auteur)),
        ("email_auteur", &|_| Shown::Text(&it.email_auteur)),
        ("contexte", &|_| Shown::Text(&it.contexte)),
        ("lien_sowell", &|_| Shown::Text(&it.lien_sowell)),
    ];
    fields(extent, &all)
}

/// The argument of `accuses.rhai`.
#[must_use]
pub fn evenement<'a>(about: &'a Signalement, occasion: Occasion<'a>, extent: &Extent) -> Shown<'a> {
    let [kind, statut, statut_sowell, motif] = news(occasion);
    let all: [Field<'_, 'a>; 6] = [
        ("type", &|_| Shown::maybe(kind)),
        ("signalement", &|it| signalement(about, it)),
        ("demande", &|it| occasion.demande(it)),
        ("statut", &|_| Shown::maybe(statut)),
        ("statut_sowell", &|_| Shown::maybe(statut_sowell)),
        ("motif", &|_| Shown::maybe(motif)),
    ];
    fields(extent, &all)
}

/// Like [`evenement`] without the signalement and the demande, for callers that already have them.
#[must_use]
pub fn evenement_alone(occasion: Occasion<'_>) -> Shown<'_> {
    let names = ["type", "statut", "statut_sowell", "motif"];
    Shown::Fields(
        names
            .into_iter()
            .zip(news(occasion).map(Shown::maybe))
            .collect(),
    )
}

/// The values of `type`, `statut`, `statut_sowell` and `motif`.
fn news(occasion: Occasion<'_>) -> [Option<&str>; 4] {
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
    let statut = demande.map(|it| it.statut.as_str());
    [Some(kind), statut, statut_sowell, motif]
}

/// A complete, neutral context, on which templates are tried before an edit takes effect.
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

/// The types of occasions on which `accuses` is called.
pub const OCCASIONS: [&str; 3] = ["transmis", "ecarte", "statut"];

/// The sample context on one of the occasions, as the template of an e-mail sees it.
#[must_use]
pub fn sample_occasion(kind: &str) -> Value {
    let mut context = sample_context();
    context["evenement"]["type"] = kind.into();
    if kind == "ecarte" {
        context["demande"] = Value::Null;
        context["evenement"]["demande"] = Value::Null;
    }
    context
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partial_view_agrees_with_the_whole() {
        let who = Gestionnaire {
            r#type: "technique".into(),
            identifiant: "TEC-1".into(),
            nom: "Équipe".into(),
            email: String::new(),
        };
        let seen = |extent: &Extent| serde_json::to_value(gestionnaire(&who, extent)).unwrap();
        let whole = seen(&Extent::Whole);
        let mut extent = Extent::NOTHING;
        assert_eq!(seen(&extent), json!({}));
        extent.add(&["nom"]);
        extent.add(&["identifiant", "len"]);
        let part = seen(&extent);
        assert_eq!(
            part,
            json!({"identifiant": whole["identifiant"], "nom": whole["nom"]})
        );
        // It may be a function of maps.
        extent.add(&["keys"]);
        assert_eq!(seen(&extent), whole);
    }
}
