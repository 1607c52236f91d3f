//! What an editor knows about the YAML rule files: a JSON Schema for each, generated from these types.
//!
//! The daemon reads the files through [`super::source`] and [`super::case`], which report every fault with its
//! position; these types only describe the files. `tests/it/edits/schemas.rs` checks that both agree. The comments on
//! fields are in French because editors show them to the admins.

#![expect(
    clippy::zero_sized_map_values,
    reason = "nobody makes a value of these types: they describe those of a file"
)]

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::Value;

use crate::rules::connector::{Connector, Partner};

mod cases;
mod exchange;

pub use cases::Cas;

/// Gives the JSON Schema of one file.
#[must_use]
pub fn of<T: JsonSchema>() -> Schema {
    // Every editor supports draft 7; without `$ref`, error messages are simpler.
    let settings = SchemaSettings::draft07().with(|it| it.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<T>()
}

/// The schema of each kind of rule file, by its name without `.schema.json`.
#[must_use]
pub fn rule_files() -> [(&'static str, Schema); 7] {
    [
        ("priorites", of::<Priorites>()),
        ("qualifications", of::<Qualifications>()),
        ("transmission", of::<Transmission>()),
        ("statuts", of::<Statuts>()),
        ("cas", of::<Cas>()),
        ("connecteur-crm", described(Partner::Crm)),
        ("connecteur-sowell", described(Partner::Sowell)),
    ]
}

/// The schema of a connector's file is generated from the table of keys that the daemon itself reads it with.
fn described(partner: Partner) -> Schema {
    match Connector::schema(partner) {
        Value::Object(schema) => schema.into(),
        _ => Schema::default(),
    }
}

// Types for single values write their schema out. Their comments are in English, which editors must not show to admins:
// hence the empty descriptions.

/// A text that is not blank. A number or `true` counts as one, since it is read as it is written.
#[derive(Debug, Default, JsonSchema)]
#[schemars(with = "Value", description = "", extend("type" = ["string", "number", "boolean"], "pattern" = "\\S"))]
pub struct Texte;

/// A text that may be empty in an export.
#[derive(Debug, JsonSchema)]
#[schemars(with = "Value", description = "", extend("type" = ["string", "number", "boolean"]))]
pub struct TexteOuVide;

/// A key that is not blank.
#[derive(Debug, JsonSchema)]
#[schemars(with = "Value", description = "", extend("type" = "string", "pattern" = "\\S"))]
pub struct Cle;

/// `true` or `false`, quoted or not.
#[derive(Debug, Default, JsonSchema)]
#[schemars(with = "Value", description = "", extend("enum" = [true, false, "true", "false"]))]
pub struct OuiNon;

/// Le niveau de priorité : le mot de SoWell et celui du CRM.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields, title = "priorites.yaml")]
pub struct Priorites {
    /// À gauche le mot de SoWell, à droite le mot du CRM.
    #[schemars(extend("minProperties" = 1))]
    pub priorites: BTreeMap<Cle, Texte>,
}

/// Les qualifications : une par catégorie de SoWell.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields, title = "qualifications.yaml")]
pub struct Qualifications {
    /// À gauche le code de la catégorie dans SoWell.
    #[schemars(extend("minProperties" = 1))]
    pub qualifications: BTreeMap<Cle, Qualification>,
}

/// Une catégorie de SoWell : son nom, qui elle concerne, la procédure du CRM.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Qualification {
    /// Le nom lu par les équipes.
    pub libelle: Texte,
    /// Qui est concerné : un des types de la colonne « type » de gestionnaires.csv.
    pub type_gestionnaire: Texte,
    /// La procédure que le CRM applique.
    pub workflow: Texte,
}

/// Quels signalements partent dans le CRM ?
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields, title = "transmission.yaml")]
// « categories » alone would forward nothing: the list is required with it.
#[schemars(extend(
    "if" = {"required": ["modes"], "properties": {"modes": {"contains": {"const": "categories"}}}},
    "then" = {"required": ["categories"], "properties": {"categories": {"type": "array", "minItems": 1}}}
))]
pub struct Transmission {
    /// Une ou plusieurs réponses ; il suffit que l'une accepte.
    pub modes: Vec<Mode>,
    /// Les codes des catégories à transmettre, pour le mode « categories ».
    pub categories: Option<Vec<Texte>>,
}

/// Un mode de transmission.
#[derive(Debug, JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum Mode {
    /// Tous les signalements.
    Tous,
    /// Ceux des catégories listées sous « categories ».
    Categories,
    /// Ceux dont l'auteur a demandé la transmission.
    Auteur,
    /// Ceux pour lesquels un manager l'a demandé dans SoWell.
    Manager,
}

/// Les statuts : ce que SoWell affiche pour chaque statut du CRM.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields, title = "statuts.yaml")]
pub struct Statuts {
    /// Le statut d'une demande qui vient d'être créée dans le CRM.
    pub initial: Texte,
    /// Seules les demandes de ce canal sont suivies dans SoWell.
    pub canal: Texte,
    /// À gauche le statut du CRM, à droite ce que SoWell affiche.
    #[schemars(extend("minProperties" = 1))]
    pub correspondances: BTreeMap<Cle, Correspondance>,
    /// Les statuts du CRM dont SoWell n'est pas informé.
    pub ignorer: Option<Vec<Texte>>,
}

/// Ce que SoWell affiche : un mot, ou un mot selon un autre champ.
#[derive(Debug, JsonSchema)]
#[schemars(untagged)]
pub enum Correspondance {
    /// Toujours ce mot.
    Toujours(Texte),
    /// Un mot pour chaque valeur d'un autre champ.
    Selon(Selon),
}

/// Un mot pour chaque valeur d'un autre champ du changement de statut.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Selon {
    /// Le champ dont le mot dépend.
    pub selon: Champ,
    /// À gauche la valeur du champ, à droite ce que SoWell affiche.
    #[schemars(extend("minProperties" = 1))]
    pub valeurs: BTreeMap<Cle, Texte>,
}

/// Un champ du changement de statut.
#[derive(Debug, JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum Champ {
    /// Le résultat de la clôture.
    Resultat,
    /// Le commentaire pour le locataire.
    Commentaire,
    /// Le canal de la demande.
    Canal,
}
