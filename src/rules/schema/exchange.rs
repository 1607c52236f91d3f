//! What editors know about a case of a connector.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::Value;
use strum::VariantNames;

use crate::rules::connector::{self, METHODS, Meaning, Partner};

use super::{OuiNon, Texte};

/// Un connecteur fait une requête et lit une réponse. Rien n'est envoyé.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct CasDeConnecteur {
    /// Ce que le cas vérifie, en une phrase.
    pub nom: Texte,
    /// Le connecteur : crm ou sowell.
    pub connecteur: Connecteur,
    /// L'opération, comme dans le fichier du connecteur.
    pub operation: Operation,
    /// Une étape préalable : « connexion », ou le nom d'un préalable.
    pub etape: Option<Texte>,
    /// Ce que les expressions voient, à la place des valeurs de l'exemple.
    pub valeurs: Option<Champs>,
    /// La réponse que l'API donnerait.
    pub reponse: Option<ReponseDeCas>,
    /// Ce qui doit partir et être compris ; n'écrivez que ce qui compte.
    pub attendu: AttenduDeConnecteur,
}

/// A partner.
#[derive(Debug, Default, JsonSchema)]
#[schemars(with = "Value", description = "", extend("enum" = Partner::VARIANTS))]
pub struct Connecteur;

/// An operation of a connector.
#[derive(Debug, Default, JsonSchema)]
#[schemars(with = "Value", description = "", extend("enum" = connector::Operation::VARIANTS))]
pub struct Operation;

/// A possible meaning of an answer.
#[derive(Debug, Default, JsonSchema)]
#[schemars(with = "Value", description = "", extend("enum" = Meaning::VARIANTS))]
pub struct Issue;

/// An HTTP method.
#[derive(Debug, Default, JsonSchema)]
#[schemars(with = "Value", description = "", extend("enum" = METHODS))]
pub struct Methode;

/// Names with values of any type.
#[derive(Debug, Default, JsonSchema)]
#[schemars(with = "Value", description = "", extend("type" = "object"))]
pub struct Champs;

/// An HTTP status.
#[derive(Debug, Default, JsonSchema)]
#[schemars(with = "Value", description = "", extend("anyOf" = [
    {"type": "integer", "minimum": 100, "maximum": 599},
    {"type": "string", "pattern": "^[1-5][0-9]{2}$"},
]))]
pub struct StatutHttp;

/// Une réponse de l'API.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
#[schemars(extend("not" = {"required": ["json", "texte"]}))]
pub struct ReponseDeCas {
    /// Le statut HTTP.
    pub statut: StatutHttp,
    /// Les en-têtes qui comptent.
    pub entetes: Option<BTreeMap<String, Option<Texte>>>,
    /// Le corps, si c'est du JSON, écrit en YAML.
    #[schemars(default)]
    pub json: Value,
    /// Le corps, si c'est autre chose.
    pub texte: Option<Texte>,
}

/// Ce qui doit partir et être compris.
#[derive(Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields, default)]
pub struct AttenduDeConnecteur {
    /// La requête ; chaque clé écrite est comparée en entier, « entetes » en-tête par en-tête.
    pub requete: RequeteDeCas,
    /// Ce que veut dire la réponse, aux mots de « reponses » du connecteur.
    pub issue: Issue,
    /// Le message de l'API en cas de refus.
    pub message: Texte,
    /// L'identifiant de la demande.
    pub uid: Texte,
    /// Le statut de la demande.
    pub statut: Texte,
    /// La date du dernier changement.
    pub date: Texte,
    /// Le résultat de la clôture.
    pub resultat: Texte,
    /// Le mot pour le locataire.
    pub commentaire: Texte,
    /// Le canal de la demande.
    pub canal: Texte,
    /// L'identifiant du changement.
    pub evenement: Texte,
    /// Les éléments d'une liste, tous et dans l'ordre.
    pub elements: Vec<ElementDeCas>,
    /// Ce qui est lu sous un nom du connecteur (« lire », le jeton d'une connexion).
    pub lu: Champs,
    /// Y a-t-il une page suivante ?
    pub page_suivante: OuiNon,
    /// Une partie du message d'erreur attendu.
    pub erreur: Texte,
}

/// Une requête.
#[derive(Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RequeteDeCas {
    /// La méthode HTTP.
    pub methode: Option<Methode>,
    /// Le chemin sous l'adresse des réglages, encodé comme il part ; l'adresse entière d'un autre serveur.
    pub chemin: Option<Texte>,
    /// Tous les paramètres, décodés.
    pub parametres: Option<Champs>,
    /// Les en-têtes qui comptent ; rien pour celui qui ne doit pas partir.
    pub entetes: Option<Champs>,
    /// Le corps ; {} pour une requête sans corps.
    pub corps: Option<CorpsDeCas>,
}

/// Un corps, sous une seule de ces formes.
#[derive(Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields, default)]
#[schemars(extend("maxProperties" = 1))]
pub struct CorpsDeCas {
    /// Du JSON, écrit en YAML.
    pub json: Value,
    /// Un formulaire.
    pub formulaire: Value,
    /// Un formulaire multipart : un texte, {texte, type}, {json} ou {fichier, nom, type} par champ.
    pub multipart: Value,
    /// Un texte.
    pub texte: Value,
    /// Le numéro de la photo.
    pub fichier: Value,
}

/// Un élément d'une liste.
#[derive(Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ElementDeCas {
    /// L'identifiant de la demande.
    pub uid: Option<Texte>,
    /// Le statut de la demande.
    pub statut: Option<Texte>,
    /// La date du dernier changement.
    pub date: Option<Texte>,
    /// Le résultat de la clôture.
    pub resultat: Option<Texte>,
    /// Le mot pour le locataire.
    pub commentaire: Option<Texte>,
    /// Le canal de la demande.
    pub canal: Option<Texte>,
    /// L'identifiant du changement.
    pub evenement: Option<Texte>,
    /// Le type du gestionnaire.
    pub r#type: Option<Texte>,
    /// Son identifiant.
    pub identifiant: Option<Texte>,
    /// Son nom.
    pub nom: Option<Texte>,
    /// Son adresse e-mail.
    pub email: Option<Texte>,
}
