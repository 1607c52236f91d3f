//! What an editor knows of the YAML rule files: a JSON Schema for each, made from these types.
//!
//! The daemon reads the files through [`super::source`] and [`super::case`], which tell every
//! fault at its place; these types only describe. `tests/it/schemas.rs` holds both together. The
//! comments on fields are in French because they are what the admins' editors show.

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::rules::connector::{Connector, Partner};

/// Gives the JSON Schema of one file.
#[must_use]
pub fn of<T: JsonSchema>() -> Schema {
    // Draft 7 is what every editor understands; without `$ref` its messages are simpler.
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

/// A connector's file describes itself: its table of keys is what the daemon reads it by.
fn described(partner: Partner) -> Schema {
    match Connector::schema(partner) {
        serde_json::Value::Object(schema) => schema.into(),
        _ => Schema::default(),
    }
}

/// A text that is not blank. A number or `true` is read as it is written, so it is one too.
#[derive(Debug, Clone, Default)]
pub struct Texte(pub String);

impl JsonSchema for Texte {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Texte".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "number", "boolean"], "pattern": "\\S"})
    }
}

/// A key that is not blank.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cle(pub String);

impl JsonSchema for Cle {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Cle".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "\\S"})
    }
}

/// `true` or `false`, quoted or not.
#[derive(Debug, Clone, Default)]
pub struct OuiNon(pub bool);

impl JsonSchema for OuiNon {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "OuiNon".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"enum": [true, false, "true", "false"]})
    }
}

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
// « categories » alone would choose nothing: the list must come with it.
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

/// Les cas : ce qui doit sortir des règles. Ils sont rejoués à chaque modification.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields, title = "cas/*.yaml")]
pub struct Cas {
    /// Un cas par tiret.
    pub cas: Vec<UnCas>,
}

/// A case about a signalement or about a status.
#[derive(Debug)]
pub enum UnCas {
    /// SoWell sends a signalement.
    Signalement(Box<CasDeSignalement>),
    /// The CRM changes a status.
    Statut(Box<CasDeStatut>),
}

impl JsonSchema for UnCas {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "UnCas".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        // Not `anyOf`: an editor would judge a faulty case of one kind by the other.
        json_schema!({
            "if": {"required": ["statut"], "properties": {"statut": {"type": "object"}}},
            "then": generator.subschema_for::<CasDeStatut>(),
            "else": generator.subschema_for::<CasDeSignalement>(),
        })
    }
}

/// Un signalement arrive de SoWell.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct CasDeSignalement {
    /// Ce que le cas vérifie, en une phrase.
    pub nom: Texte,
    /// Le signalement ; les clés qui manquent prennent des valeurs sans importance.
    pub signalement: SignalementDeCas,
    /// Un cas a soit « signalement », soit « statut ».
    #[schemars(default)]
    pub statut: (),
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
    /// Un cas a soit « signalement », soit « statut ».
    #[schemars(default)]
    pub signalement: (),
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
    /// Le nombre de photos.
    pub photos: Option<Texte>,
    /// L'adresse du signalement dans SoWell.
    pub lien_sowell: Option<Texte>,
    /// L'auteur a demandé la transmission.
    pub transmettre_auteur: Option<OuiNon>,
    /// Un manager a demandé la transmission.
    pub transmettre_manager: Option<OuiNon>,
    /// Every other key that SoWell may send.
    #[schemars(flatten)]
    pub autres: BTreeMap<String, Option<Texte>>,
}

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
}

/// Une résidence propre au cas.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ResidenceDeCas {
    /// Le code que le signalement du cas utilise.
    pub code: Texte,
    /// Son nom.
    pub nom: Option<Texte>,
    /// Son adresse.
    pub adresse: Option<Texte>,
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
    /// Son nom.
    pub nom: Option<Texte>,
    /// Son adresse e-mail.
    pub email: Option<Texte>,
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
