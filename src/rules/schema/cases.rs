//! What editors know about the admins' cases, `cas/*.yaml`.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::exchange::CasDeConnecteur;
use super::{Cle, OuiNon, Texte, TexteOuVide};

/// Les cas : ce qui doit sortir des règles. Ils sont rejoués à chaque modification.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields, title = "cas/*.yaml")]
pub struct Cas {
    /// Un cas par tiret.
    pub cas: Vec<UnCas>,
}

/// A case about a signalement, about a status or about a connector.
#[derive(Debug, JsonSchema)]
#[schemars(schema_with = "one_case", description = "")]
pub enum UnCas {
    /// SoWell sends a signalement.
    Signalement(CasDeSignalement),
    /// The CRM changes a status.
    Statut(CasDeStatut),
    /// A connector makes a request and reads an answer.
    Connecteur(CasDeConnecteur),
}

fn one_case(generator: &mut SchemaGenerator) -> Schema {
    // Not `anyOf`: an editor would report the faults of a case against the wrong kind.
    json_schema!({
        "if": {"required": ["connecteur"], "properties": {"connecteur": {"not": {"type": "null"}}}},
        "then": generator.subschema_for::<CasDeConnecteur>(),
        "else": {
            "if": {"required": ["statut"], "properties": {"statut": {"type": "object"}}},
            "then": generator.subschema_for::<CasDeStatut>(),
            "else": generator.subschema_for::<CasDeSignalement>(),
        },
    })
}

/// Un signalement arrive de SoWell.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct CasDeSignalement {
    /// Ce que le cas vérifie, en une phrase.
    pub nom: Texte,
    /// Le signalement ; les clés qui manquent prennent des valeurs sans importance.
    pub signalement: SignalementDeCas,
    /// Un cas a soit « signalement », soit « statut », soit « connecteur ».
    #[schemars(default)]
    pub statut: (),
    /// Un cas a soit « signalement », soit « statut », soit « connecteur ».
    #[schemars(default)]
    pub connecteur: (),
    /// Les résidences du cas, pour qu'il ne change pas avec les exports.
    pub residences: Option<Vec<ResidenceDeCas>>,
    /// Ce qui doit sortir ; n'écrivez que ce qui compte.
    pub attendu: AttenduDeSignalement,
}

/// Le CRM change un statut.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct CasDeStatut {
    /// Ce que le cas vérifie, en une phrase.
    pub nom: Texte,
    /// Le changement de statut.
    pub statut: StatutDeCas,
    /// Un cas a soit « signalement », soit « statut », soit « connecteur ».
    #[schemars(default)]
    pub signalement: (),
    /// Un cas a soit « signalement », soit « statut », soit « connecteur ».
    #[schemars(default)]
    pub connecteur: (),
    /// Les résidences du cas, pour qu'il ne change pas avec les exports.
    pub residences: Option<Vec<ResidenceDeCas>>,
    /// Ce qui doit sortir ; n'écrivez que ce qui compte.
    pub attendu: AttenduDeStatut,
}

/// Un signalement, en partie ; une autre clé est gardée telle quelle.
#[derive(Debug, JsonSchema)]
pub struct SignalementDeCas {
    /// Le code de la catégorie, comme dans qualifications.yaml.
    pub qualification: Option<Texte>,
    /// Le code de la résidence.
    pub residence: Option<Texte>,
    /// Le code du bien.
    pub bien: Option<Texte>,
    /// Le prénom et le nom de l'auteur.
    pub auteur: Option<Texte>,
    /// L'adresse e-mail de l'auteur.
    pub email_auteur: Option<Texte>,
    /// La date, par exemple 2026-01-15T10:00:00+01:00.
    pub date_creation: Option<Texte>,
    /// Le mot de SoWell, comme dans priorites.yaml.
    pub priorite: Option<Texte>,
    /// Le texte du signalement.
    pub description: Option<Texte>,
    /// Le nombre de photos, ou leur liste.
    pub photos: Option<Photos>,
    /// L'adresse du signalement dans SoWell.
    pub lien_sowell: Option<Texte>,
    /// L'auteur a demandé la transmission.
    pub transmettre_auteur: Option<OuiNon>,
    /// Un manager a demandé la transmission.
    pub transmettre_manager: Option<OuiNon>,
    /// Any other key that SoWell may send.
    #[schemars(flatten)]
    pub autres: BTreeMap<String, Option<Libre>>,
}

/// The number of photos, or a list of them.
#[derive(Debug, JsonSchema)]
#[schemars(with = "Value", description = "", extend("type" = ["string", "number", "boolean", "array"], "pattern" = "\\S"))]
pub struct Photos;

/// A text that is not blank, a list, or keys with values.
#[derive(Debug, JsonSchema)]
#[schemars(with = "Value", description = "", extend("type" = ["string", "number", "boolean", "array", "object"], "pattern" = "\\S"))]
pub struct Libre;

/// Un changement de statut dans le CRM.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct StatutDeCas {
    /// Le statut du CRM.
    pub statut: Texte,
    /// Le résultat de la clôture.
    pub resultat: Option<Texte>,
    /// Le commentaire pour le locataire.
    pub commentaire: Option<Texte>,
    /// Le canal de la demande ; sans lui, celui de statuts.yaml.
    pub canal: Option<Texte>,
    /// La date du changement.
    pub date: Option<Texte>,
    /// L'identifiant que le CRM donne à ce changement.
    pub evenement: Option<Texte>,
}

/// Une résidence propre au cas.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ResidenceDeCas {
    /// Le code que le signalement du cas utilise.
    pub code: Texte,
    /// Son nom ; "" là où l'export n'en a pas.
    pub nom: Option<TexteOuVide>,
    /// Son adresse ; "" là où l'export n'en a pas.
    pub adresse: Option<TexteOuVide>,
    /// À gauche le type (technique, gardien…), à droite le gestionnaire.
    pub gestionnaires: BTreeMap<Cle, GestionnaireDeCas>,
}

/// Un gestionnaire propre au cas.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct GestionnaireDeCas {
    /// Son type ; sans lui, celui qui est écrit à gauche.
    pub r#type: Option<Texte>,
    /// Son identifiant, celui que « attendu » nomme.
    pub identifiant: Texte,
    /// Son nom ; "" là où l'export n'en a pas.
    pub nom: Option<TexteOuVide>,
    /// Son adresse e-mail ; "" là où l'export n'en a pas.
    pub email: Option<TexteOuVide>,
}

/// Ce qui doit sortir d'un signalement.
#[derive(Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields, default)]
pub struct AttenduDeSignalement {
    /// Le signalement part-il dans le CRM ?
    pub transmis: OuiNon,
    /// Le mot du CRM pour la priorité.
    pub priorite: Texte,
    /// La procédure du CRM.
    pub workflow: Texte,
    /// Le statut de la demande dans le CRM.
    pub statut: Texte,
    /// Ce que SoWell affiche.
    pub statut_sowell: Texte,
    /// Le canal de la demande.
    pub canal: Texte,
    /// L'identifiant du gestionnaire concerné.
    pub gestionnaire_concerne: Texte,
    /// L'identifiant de l'acteur en charge.
    pub acteur_en_charge: Texte,
    /// Les modèles des e-mails qui partent ; [] pour aucun.
    pub accuses: Vec<Texte>,
    /// Une partie du message d'erreur attendu.
    pub erreur: Texte,
}

/// Ce qui doit sortir d'un changement de statut.
#[derive(Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields, default)]
pub struct AttenduDeStatut {
    /// Ce que SoWell affiche.
    pub statut_sowell: Texte,
    /// SoWell n'en est pas informé.
    pub ignore: OuiNon,
    /// Les modèles des e-mails qui partent ; [] pour aucun.
    pub accuses: Vec<Texte>,
    /// Une partie du message d'erreur attendu.
    pub erreur: Texte,
}
