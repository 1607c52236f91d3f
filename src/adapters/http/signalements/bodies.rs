//! The bodies of this API. Doc comments in French are the descriptions of the OpenAPI document.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::referentiel::Gestionnaire;

/// A one-pixel photo, for the example in the API's description.
pub(in crate::adapters::http) const PHOTO: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

/// Un signalement, tel que SoWell l'envoie. Une clé inconnue est conservée et signalée dans
/// `avertissements`.
#[derive(ToSchema)]
#[schema(as = SignalementRecu)]
#[expect(
    dead_code,
    reason = "documents the body, which is read by hand to collect every fault"
)]
pub struct SignalementBody {
    /// Code de la catégorie SoWell.
    #[schema(max_length = 64, pattern = "required line", example = "ASC")]
    qualification: String,
    /// Code de la place SoWell.
    #[schema(max_length = 64, pattern = "required line", example = "MZ-01")]
    residence: String,
    /// Code du spot SoWell.
    #[schema(max_length = 64, pattern = "required line", example = "MZ-01-ASC")]
    bien: Option<String>,
    /// Prénom et nom de l'auteur.
    #[schema(
        max_length = 200,
        pattern = "required line",
        example = "Camille Durand"
    )]
    auteur: String,
    /// E-mail de l'auteur.
    #[schema(
        max_length = 254,
        format = "email",
        example = "camille.durand@locataire.example"
    )]
    email_auteur: String,
    /// Instant ISO 8601 avec fuseau.
    #[schema(format = "date-time", example = "2026-02-28T18:25:43.511+01:00")]
    date_creation: String,
    /// Une des clés de priorites.yaml.
    #[schema(max_length = 64, pattern = "required line", example = "high")]
    priorite: String,
    /// Texte libre.
    #[schema(
        max_length = 20000,
        pattern = "required text",
        example = "L'ascenseur est bloqué au 4ᵉ étage."
    )]
    description: String,
    /// Photos JPEG, PNG, WebP ou HEIC en base64 (RFC 4648), avec ou sans préfixe
    /// `data:image/…;base64,`. Par défaut, 20 au plus (réglage `limits.photos`), chacune de 16 Mio
    /// (`limits.photo`) et 100 millions de pixels (`limits.pixels`) au plus, une fois décodée.
    #[schema(example = json!([PHOTO]))]
    photos: Option<Vec<String>>,
    /// URL du signalement dans l'interface manager de SoWell : elle l'identifie.
    #[schema(
        max_length = 2000,
        format = "uri",
        pattern = "^[Hh][Tt][Tt][Pp][Ss]?://",
        example = "https://manager.sowell.example/signalements/1"
    )]
    lien_sowell: String,
    /// L'auteur a demandé la transmission.
    transmettre_auteur: Option<bool>,
    /// Un manager a demandé la transmission.
    transmettre_manager: Option<bool>,
}

/// Un gestionnaire.
#[derive(Serialize, ToSchema)]
#[schema(as = Gestionnaire)]
pub struct GestionnaireBody<'a> {
    r#type: &'a str,
    identifiant: &'a str,
    nom: &'a str,
    email: &'a str,
}

impl<'a> From<&'a Gestionnaire> for GestionnaireBody<'a> {
    fn from(it: &'a Gestionnaire) -> Self {
        Self {
            r#type: &it.r#type,
            identifiant: &it.identifiant,
            nom: &it.nom,
            email: &it.email,
        }
    }
}

/// Une demande a été créée.
#[derive(Serialize, ToSchema)]
#[schema(as = SignalementTransmis)]
pub struct CreatedBody<'a> {
    /// Identité du signalement dans Passerelle.
    pub(super) id: &'a str,
    /// Identifiant de la demande dans le CRM.
    pub(super) uid: &'a str,
    /// Toujours vrai ici.
    pub(super) transmis: bool,
    /// Statut du CRM.
    pub(super) statut: &'a str,
    /// Statut de SoWell.
    pub(super) statut_sowell: Option<&'a str>,
    /// Canal de la demande.
    pub(super) canal: &'a str,
    pub(super) gestionnaire_concerne: GestionnaireBody<'a>,
    pub(super) acteur_en_charge: GestionnaireBody<'a>,
    /// Remarques, par exemple les clés inconnues.
    pub(super) avertissements: &'a [String],
}

/// Le signalement est conservé sans être transmis au CRM.
#[derive(Serialize, ToSchema)]
#[schema(as = SignalementEcarte)]
pub struct SetAsideBody {
    pub(super) id: String,
    /// Toujours nul ici.
    pub(super) uid: Option<String>,
    /// Toujours faux ici.
    pub(super) transmis: bool,
    /// Pourquoi.
    pub(super) motif: String,
    pub(super) avertissements: Vec<String>,
}

/// Ce qui est répondu sans rien créer : le corps de la première réponse, si la demande existe déjà, ou
/// pourquoi le signalement n'est pas transmis.
#[derive(Serialize, ToSchema)]
#[schema(as = SignalementSansCreation)]
#[serde(untagged)]
#[expect(
    dead_code,
    reason = "documents two bodies, of which one is sent as it was committed"
)]
pub enum NothingCreatedBody<'a> {
    Replayed(CreatedBody<'a>),
    SetAside(SetAsideBody),
}

/// Le CRM est injoignable : la demande sera créée plus tard.
#[derive(Serialize, ToSchema)]
#[schema(as = SignalementDiffere)]
pub struct DeferredBody {
    pub(super) id: String,
    /// Toujours nul ici.
    pub(super) uid: Option<String>,
    /// Toujours nul ici : pas encore.
    pub(super) transmis: Option<bool>,
    /// Où demander ce qu'il devient.
    #[schema(example = "/api/v1/signalements/0b0e…")]
    pub(super) suivi: String,
}

/// Où en est un signalement.
#[derive(Serialize, ToSchema)]
#[schema(as = EtatSignalement)]
pub struct EtatBody {
    pub(super) id: String,
    /// Où il en est.
    #[schema(value_type = PublicEtat)]
    pub(super) etat: &'static str,
    pub(super) uid: Option<String>,
    pub(super) motif: Option<String>,
    pub(super) statuts: Vec<StatutBody>,
}

/// Un changement de statut de la demande.
#[derive(Serialize, ToSchema)]
#[schema(as = StatutSuivi)]
pub struct StatutBody {
    pub(super) statut: String,
    pub(super) statut_sowell: Option<String>,
    #[schema(format = "date-time")]
    pub(super) date: String,
    /// Nul si SoWell n'en est pas informé.
    #[schema(value_type = Option<PublicLivraison>)]
    pub(super) livraison: Option<&'static str>,
}

/// Où en est un signalement : reçu, transmis au CRM, écarté par les règles, différé tant que le CRM est
/// injoignable, en doute parce que le CRM n'a pas confirmé, ou en échec.
#[derive(ToSchema)]
#[schema(as = Etat, rename_all = "snake_case")]
#[expect(
    dead_code,
    reason = "documents the words, which are those of the domain"
)]
enum PublicEtat {
    Recu,
    Transmis,
    Ecarte,
    Differe,
    Inconnu,
    Echec,
}

/// Où en est la livraison d'un statut à SoWell : en attente, livrée, abandonnée, ou dépassée par un statut
/// plus récent.
#[derive(ToSchema)]
#[schema(as = LivraisonStatut, rename_all = "snake_case")]
#[expect(
    dead_code,
    reason = "documents the words, which are those of the domain"
)]
enum PublicLivraison {
    EnAttente,
    Livree,
    Morte,
    Depassee,
}
