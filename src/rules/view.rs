//! What scripts and templates see of a signalement and its surroundings: one shape for both, as
//! section 5 of the contract names it.

use serde_json::{Value, json};

use crate::domain::demande::{NewDemande, Uid};
use crate::domain::referentiel::{Bien, Gestionnaire, Residence};
use crate::domain::signalement::Signalement;
use crate::rules::compile::Qualification;
use crate::rules::decide::Occasion;
use crate::rules::extent::Extent;

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

/// What every template of an e-mail may rely on.
pub const OF_MAIL: [&str; 7] = [
    "signalement",
    "residence",
    "bien",
    "qualification",
    "priorite",
    "demande",
    "evenement",
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
    /// Fields whose names are known.
    fn fields(fields: impl IntoIterator<Item = (&'static str, Self)>) -> Self;
    /// Values under names that are data.
    fn entries<'a>(entries: impl IntoIterator<Item = (&'a str, Self)>) -> Self;

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

    fn fields(fields: impl IntoIterator<Item = (&'static str, Self)>) -> Self {
        Self::entries(fields)
    }

    fn entries<'a>(entries: impl IntoIterator<Item = (&'a str, Self)>) -> Self {
        let owned = entries.into_iter();
        Self::Object(owned.map(|(name, it)| (name.to_owned(), it)).collect())
    }
}

/// A field, and what makes its value.
type Field<'a, V> = (&'static str, &'a dyn Fn(&Extent) -> V);

/// As many of all the fields as are read.
fn fields<V: Seen>(extent: &Extent, all: &[Field<'_, V>]) -> V {
    let whole = || {
        V::fields(
            all.iter()
                .map(|(name, value)| (*name, value(&Extent::Whole))),
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
    // A name that is no field may be that of a function of the language, which sees all of them.
    some.map_or_else(whole, V::fields)
}

/// Every key of section 1 is present, null where the request left it out.
#[must_use]
pub fn signalement<V: Seen>(it: &Signalement, extent: &Extent) -> V {
    let others = || {
        let others = it.autres.iter();
        V::entries(others.map(|(key, it)| (key.as_str(), V::json(it))))
    };
    let all: [Field<'_, V>; 13] = [
        ("qualification", &|_| V::text(&it.qualification)),
        ("residence", &|_| V::text(&it.residence)),
        ("bien", &|_| V::maybe(it.bien.as_deref())),
        ("auteur", &|_| V::text(&it.auteur)),
        ("email_auteur", &|_| V::text(&it.email_auteur)),
        ("date_creation", &|_| V::text(&it.date_creation_text)),
        ("priorite", &|_| V::text(&it.priorite)),
        ("description", &|_| V::text(&it.description)),
        ("photos", &|_| V::count(it.photos)),
        ("lien_sowell", &|_| V::text(&it.lien_sowell)),
        ("transmettre_auteur", &|_| V::flag(it.transmettre_auteur)),
        ("transmettre_manager", &|_| V::flag(it.transmettre_manager)),
        ("autres", &|_| others()),
    ];
    fields(extent, &all)
}

/// A residence with its managers by type.
#[must_use]
pub fn residence<V: Seen>(it: &Residence, extent: &Extent) -> V {
    let managers = || {
        let managers = it.gestionnaires.iter();
        V::entries(managers.map(|(kind, who)| (kind, gestionnaire(who, &Extent::Whole))))
    };
    let all: [Field<'_, V>; 4] = [
        ("code", &|_| V::text(&it.code)),
        ("nom", &|_| V::text(&it.nom)),
        ("adresse", &|_| V::text(&it.adresse)),
        ("gestionnaires", &|_| managers()),
    ];
    fields(extent, &all)
}

/// A manager.
#[must_use]
pub fn gestionnaire<V: Seen>(it: &Gestionnaire, extent: &Extent) -> V {
    let all: [Field<'_, V>; 4] = [
        ("type", &|_| V::text(&it.r#type)),
        ("identifiant", &|_| V::text(&it.identifiant)),
        ("nom", &|_| V::text(&it.nom)),
        ("email", &|_| V::text(&it.email)),
    ];
    fields(extent, &all)
}

/// A bien.
#[must_use]
pub fn bien<V: Seen>(it: Bien<'_>, extent: &Extent) -> V {
    let all: [Field<'_, V>; 3] = [
        ("code", &|_| V::text(it.code)),
        ("residence", &|_| V::text(it.residence)),
        ("libelle", &|_| V::text(it.libelle)),
    ];
    fields(extent, &all)
}

/// A qualification.
#[must_use]
pub fn qualification<V: Seen>(it: &Qualification, extent: &Extent) -> V {
    let all: [Field<'_, V>; 4] = [
        ("code", &|_| V::text(&it.code)),
        ("libelle", &|_| V::text(&it.libelle)),
        ("type_gestionnaire", &|_| V::text(&it.type_gestionnaire)),
        ("workflow", &|_| V::text(&it.workflow)),
    ];
    fields(extent, &all)
}

/// A demande once its UID is known.
#[must_use]
pub fn demande<V: Seen>(uid: &Uid, it: &NewDemande, extent: &Extent) -> V {
    let (concerne, acteur) = (&it.gestionnaire_concerne, &it.acteur_en_charge);
    let all: [Field<'_, V>; 14] = [
        ("uid", &|_| V::text(uid.as_str())),
        ("statut", &|_| V::text(&it.statut)),
        ("canal", &|_| V::text(&it.canal)),
        ("qualification", &|_| V::text(&it.qualification)),
        ("workflow", &|_| V::text(&it.workflow)),
        ("residence", &|_| V::text(&it.residence)),
        ("bien", &|_| V::maybe(it.bien.as_deref())),
        ("priorite", &|_| V::text(&it.priorite)),
        ("gestionnaire_concerne", &|it| gestionnaire(concerne, it)),
        ("acteur_en_charge", &|it| gestionnaire(acteur, it)),
        ("auteur", &|_| V::text(&it.auteur)),
        ("email_auteur", &|_| V::text(&it.email_auteur)),
        ("contexte", &|_| V::text(&it.contexte)),
        ("lien_sowell", &|_| V::text(&it.lien_sowell)),
    ];
    fields(extent, &all)
}

/// What `accuses.rhai` is told.
#[must_use]
pub fn evenement<V: Seen>(about: &Signalement, occasion: Occasion<'_>, extent: &Extent) -> V {
    let [kind, statut, statut_sowell, motif] = news(occasion);
    let all: [Field<'_, V>; 6] = [
        ("type", &|_| V::maybe(kind)),
        ("signalement", &|it| signalement(about, it)),
        ("demande", &|it| occasion.demande(it)),
        ("statut", &|_| V::maybe(statut)),
        ("statut_sowell", &|_| V::maybe(statut_sowell)),
        ("motif", &|_| V::maybe(motif)),
    ];
    fields(extent, &all)
}

/// The same without the signalement and the demande, for who has them already.
#[must_use]
pub fn evenement_alone<V: Seen>(occasion: Occasion<'_>) -> V {
    let names = ["type", "statut", "statut_sowell", "motif"];
    V::fields(names.into_iter().zip(news(occasion).map(V::maybe)))
}

/// The type, `statut`, `statut_sowell` and `motif`.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_view_is_as_the_whole_has_it() {
        let who = Gestionnaire {
            r#type: "technique".into(),
            identifiant: "TEC-1".into(),
            nom: "Équipe".into(),
            email: String::new(),
        };
        let whole: Value = gestionnaire(&who, &Extent::Whole);
        let mut extent = Extent::NOTHING;
        assert_eq!(gestionnaire::<Value>(&who, &extent), json!({}));
        extent.add(&["nom"]);
        extent.add(&["identifiant", "len"]);
        let part: Value = gestionnaire(&who, &extent);
        assert_eq!(
            part,
            json!({"identifiant": whole["identifiant"], "nom": whole["nom"]})
        );
        // It may be a function of the map.
        extent.add(&["keys"]);
        assert_eq!(gestionnaire::<Value>(&who, &extent), whole);
    }
}
