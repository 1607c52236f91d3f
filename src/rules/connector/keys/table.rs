//! The table itself: the keys of each partner's file, from the parts common to all calls to the operations of a single
//! partner.

use super::{Form, GUARDS, Key, METHODS, key, required};
use crate::rules::connector::Partner;

/// The keys of a partner's file.
pub(super) fn keys_of(partner: Partner) -> &'static [Key] {
    match partner {
        Partner::Crm => &CRM,
        Partner::Sowell => &SOWELL,
    }
}

const METHODE: Key = key(
    "methode",
    Form::Word(&METHODS),
    "La méthode HTTP ; sans elle, GET pour lire et POST pour écrire.",
);
const CHEMIN: Key = required(
    "chemin",
    Form::Text,
    "Le chemin, ajouté à l'adresse des réglages ; les valeurs y sont encodées. Une adresse http(s):// complète vise un autre serveur.",
);
const PARAMETRES: Key = key(
    "parametres",
    Form::Fields,
    "Les paramètres après le « ? ». Une liste répète le paramètre.",
);
const ENTETES: Key = key("entetes", Form::Fields, "Les en-têtes HTTP.");
const CORPS: Key = key(
    "corps",
    Form::OneOf(&[
        key("json", Form::Free, "Un corps JSON, écrit en YAML."),
        key(
            "formulaire",
            Form::Fields,
            "Un formulaire application/x-www-form-urlencoded. Un ensemble de clés devient un texte JSON.",
        ),
        key(
            "multipart",
            Form::Fields,
            "Un formulaire multipart/form-data : un texte, {texte, type}, {json, type} ou {fichier, nom, type} par champ.",
        ),
        key(
            "texte",
            Form::Keys(&[
                required("contenu", Form::Text, "Le texte."),
                required("type", Form::Text, "Son type, par exemple text/xml."),
            ]),
            "Un corps en texte libre, XML par exemple.",
        ),
        key(
            "fichier",
            Form::Keys(&[
                required("contenu", Form::Text, "La photo : \"{{ fichier }}\"."),
                key(
                    "type",
                    Form::Text,
                    "Le type à annoncer ; sans lui, celui de la photo.",
                ),
            ]),
            "La photo elle-même, telle quelle.",
        ),
    ]),
    "Le corps de la requête.",
);
const REPONSES: Key = key(
    "reponses",
    Form::Keys(&[
        key(
            "succes",
            Form::Statuses,
            "Les statuts HTTP d'une réussite ; sans cela, 2xx.",
        ),
        key(
            "refus",
            Form::Statuses,
            "L'API a refusé pour de bon et n'a rien fait.",
        ),
        key(
            "indisponible",
            Form::Statuses,
            "L'API n'a rien fait et pourra plus tard.",
        ),
        key(
            "non_autorise",
            Form::Statuses,
            "L'API refuse notre jeton ou nos droits.",
        ),
        key("absent", Form::Statuses, "Il n'y a rien de tel dans l'API."),
        key("doute", Form::Statuses, "On ne sait pas si l'API l'a fait."),
        key(
            "refus_si",
            Form::Text,
            "Une expression sur « reponse » : vraie, c'est un refus, quel que soit le statut HTTP.",
        ),
        key(
            "indisponible_si",
            Form::Text,
            "De même : vraie, l'API n'a rien fait et pourra plus tard.",
        ),
        key(
            "non_autorise_si",
            Form::Text,
            "De même : vraie, l'API refuse notre jeton ou nos droits.",
        ),
        key(
            "absent_si",
            Form::Text,
            "De même : vraie, il n'y a rien de tel.",
        ),
        key(
            "message",
            Form::Extract,
            "Où l'API indique le motif d'un refus.",
        ),
    ]),
    "Ce que veulent dire les réponses, là où ce n'est pas l'usage.",
);
const LIRE: Key = required(
    "lire",
    Form::Extracts,
    "Les valeurs à prendre dans la réponse, par nom.",
);
const PREALABLES: Key = key(
    "prealables",
    Form::List(&[
        required(
            "nom",
            Form::Text,
            "Le nom sous lequel les valeurs lues sont connues ensuite : {{ nom.valeur }}.",
        ),
        METHODE,
        CHEMIN,
        PARAMETRES,
        ENTETES,
        CORPS,
        REPONSES,
        LIRE,
    ]),
    "Des appels sans effet faits avant, dont les réponses servent dans la requête.",
);

const UID: Key = required("uid", Form::Extract, "Où est l'identifiant de la demande.");
const STATUT: Key = required("statut", Form::Extract, "Où est le statut de la demande.");
const DATE: Key = required(
    "date",
    Form::Extract,
    "Où est la date du dernier changement ; ISO 8601, sinon avec le filtre lire_date.",
);
const RESULTAT: Key = key(
    "resultat",
    Form::Extract,
    "Où est le résultat de la clôture.",
);
const COMMENTAIRE: Key = key(
    "commentaire",
    Form::Extract,
    "Où est le mot pour le locataire.",
);
const CANAL: Key = key("canal", Form::Extract, "Où est le canal de la demande.");
const EVENEMENT: Key = key(
    "evenement",
    Form::Extract,
    "Où est l'identifiant du changement, si l'API en a un.",
);
const ELEMENTS: Key = key(
    "elements",
    Form::Extract,
    "Où est la liste ; sans cela, la réponse entière. Les clés qui suivent se lisent dans chaque élément.",
);
const GARDER: Key = key(
    "garder_si",
    Form::Text,
    "Une expression sur « element » : les autres éléments ne comptent pas.",
);

const CHERCHER: [Key; 10] = [
    METHODE, CHEMIN, PARAMETRES, ENTETES, CORPS, REPONSES, PREALABLES, ELEMENTS, GARDER, UID,
];
const CREER: [Key; 8] = [
    METHODE, CHEMIN, PARAMETRES, ENTETES, CORPS, REPONSES, PREALABLES, UID,
];
const ECRIRE: [Key; 7] = [
    METHODE, CHEMIN, PARAMETRES, ENTETES, CORPS, REPONSES, PREALABLES,
];
const TELEVERSER: [Key; 7] = [METHODE, CHEMIN, PARAMETRES, ENTETES, CORPS, REPONSES, LIRE];
const LIRE_STATUT: [Key; 13] = [
    METHODE,
    CHEMIN,
    PARAMETRES,
    ENTETES,
    CORPS,
    REPONSES,
    PREALABLES,
    STATUT,
    DATE,
    RESULTAT,
    COMMENTAIRE,
    CANAL,
    EVENEMENT,
];
const CHANGEMENTS: [Key; 19] = [
    METHODE,
    CHEMIN,
    PARAMETRES,
    ENTETES,
    CORPS,
    REPONSES,
    PREALABLES,
    key(
        "seulement_si",
        Form::Text,
        "Une expression sur ce que les préalables ont lu : fausse, rien n'a changé et l'appel n'est pas fait.",
    ),
    ELEMENTS,
    GARDER,
    UID,
    STATUT,
    DATE,
    RESULTAT,
    COMMENTAIRE,
    CANAL,
    EVENEMENT,
    key(
        "page",
        Form::Keys(&[
            key(
                "taille",
                Form::Count,
                "Le nombre d'éléments d'une page pleine : une page moins pleine est la dernière.",
            ),
            key(
                "suivante",
                Form::Extract,
                "Où est l'adresse de la page suivante ; sans adresse, la page est la dernière.",
            ),
            key(
                "curseur",
                Form::Extract,
                "Où est le curseur de la page suivante, connu alors sous {{ page.curseur }}.",
            ),
        ]),
        "Comment demander la page suivante : {{ page.numero }}, {{ page.decalage }}, {{ page.taille }}, {{ page.curseur }}.",
    ),
    key(
        "recouvrement",
        Form::Duration,
        "De combien revenir en arrière à chaque fois ; sans cela 5m.",
    ),
];
const GESTIONNAIRES: [Key; 13] = [
    METHODE,
    CHEMIN,
    PARAMETRES,
    ENTETES,
    CORPS,
    REPONSES,
    PREALABLES,
    ELEMENTS,
    GARDER,
    required("type", Form::Extract, "Où est le type du gestionnaire."),
    required("identifiant", Form::Extract, "Où est son identifiant."),
    key("nom", Form::Extract, "Où est son nom."),
    key("email", Form::Extract, "Où est son adresse e-mail."),
];

const AUTHENTIFICATION: Key = key(
    "authentification",
    Form::OneOf(&[
        key("aucune", Form::Keys(&[]), "Rien : {aucune: {}}."),
        key(
            "porteur",
            Form::Text,
            "Authorization: Bearer … ; c'est l'usage, avec le jeton des réglages.",
        ),
        key(
            "basique",
            Form::Keys(&[
                required("utilisateur", Form::Text, "Le nom."),
                required(
                    "mot_de_passe",
                    Form::Text,
                    "Le mot de passe : \"{{ secrets.nom }}\".",
                ),
            ]),
            "Authorization: Basic …",
        ),
        key(
            "entetes",
            Form::Fields,
            "Une clé dans un en-tête, ou plusieurs.",
        ),
        key("parametres", Form::Fields, "Une clé dans l'adresse."),
        key(
            "oauth2",
            Form::Keys(&[
                required(
                    "url",
                    Form::Text,
                    "Où demander le jeton : un chemin, ou une adresse permise par network.allow.",
                ),
                required("client", Form::Text, "L'identifiant du client."),
                required("secret", Form::Text, "Son secret : \"{{ secrets.nom }}\"."),
                key("portee", Form::Text, "La portée (scope)."),
                key("audience", Form::Text, "L'audience."),
                key(
                    "envoi",
                    Form::Word(&["corps", "basique"]),
                    "Où vont l'identifiant et le secret ; sans cela dans le corps.",
                ),
            ]),
            "OAuth 2, client credentials.",
        ),
        key(
            "session",
            Form::Keys(&[
                required(
                    "connexion",
                    Form::Keys(&[METHODE, CHEMIN, PARAMETRES, ENTETES, CORPS, REPONSES]),
                    "L'appel qui donne le jeton.",
                ),
                required("jeton", Form::Extract, "Où est le jeton dans sa réponse."),
                key(
                    "duree",
                    Form::Duration,
                    "Combien de temps il vaut ; sans cela 30m.",
                ),
                key(
                    "entetes",
                    Form::Fields,
                    "Comment le porter : {Session-Token: \"{{ jeton }}\"}.",
                ),
                key("parametres", Form::Fields, "De même, dans l'adresse."),
            ]),
            "Un jeton obtenu par un appel de connexion, renouvelé à temps.",
        ),
    ]),
    "Comment l'API nous reconnaît. Les secrets viennent des réglages, par leur nom.",
);
const DELAIS: Key = key(
    "delais",
    Form::Keys(&[
        key(
            "connexion",
            Form::Duration,
            "Pour se connecter ; sans cela 5s.",
        ),
        key(
            "reponse",
            Form::Duration,
            "Pour commencer à répondre ; sans cela 20s.",
        ),
        key(
            "total",
            Form::Duration,
            "Pour tout l'appel, 45s au plus ; sans cela 30s.",
        ),
    ]),
    "Combien de temps on attend l'API.",
);
const NOM: Key = key("nom", Form::Text, "Le nom de l'API, pour les messages.");
const TABLES: Key = key(
    "tables",
    Form::Tables,
    "Des tables de mots : {{ demande.priorite|table('priorites') }}.",
);
const SIGNATURE: Key = key(
    "signature",
    Form::Text,
    "Signer nos appels (Standard Webhooks) avec ce secret : \"{{ secrets.nom }}\".",
);

const CRM: [Key; 9] = [
    NOM,
    AUTHENTIFICATION,
    ENTETES,
    TABLES,
    DELAIS,
    SIGNATURE,
    key(
        "doublons",
        Form::Word(&GUARDS),
        "Ce que le CRM offre contre les doublons. upsert : créer deux fois sous la même référence ne fait qu'une demande ; cle_idempotence : il reconnaît une requête répétée ; recherche : « chercher » retrouve nos demandes ; possibles : rien de tout cela, une personne tranche les doutes.",
    ),
    key(
        "traitement_max",
        Form::Duration,
        "Le temps après lequel une requête restée sans réponse ne peut plus aboutir ; sans cela 2m.",
    ),
    required(
        "operations",
        Form::Keys(&[
            key(
                "chercher",
                Form::Keys(&CHERCHER),
                "Retrouver les demandes qui portent notre référence.",
            ),
            required("creer", Form::Keys(&CREER), "Créer une demande."),
            key(
                "joindre",
                Form::Keys(&ECRIRE),
                "Joindre une photo à une demande créée.",
            ),
            key(
                "televerser",
                Form::Keys(&TELEVERSER),
                "Envoyer une photo avant de la joindre ; ce qui est lu est connu ensuite sous {{ fichier.envoi.nom }}.",
            ),
            key(
                "lire_statut",
                Form::Keys(&LIRE_STATUT),
                "Lire le statut d'une demande.",
            ),
            key(
                "changements",
                Form::Keys(&CHANGEMENTS),
                "Lister les demandes changées depuis {{ depuis }}.",
            ),
            key(
                "gestionnaires",
                Form::Keys(&GESTIONNAIRES),
                "Lister les gestionnaires de la résidence {{ residence }}.",
            ),
        ]),
        "Ce que l'on demande au CRM.",
    ),
];
const SOWELL: [Key; 7] = [
    NOM,
    AUTHENTIFICATION,
    ENTETES,
    TABLES,
    DELAIS,
    SIGNATURE,
    required(
        "operations",
        Form::Keys(&[
            required(
                "signaler_statut",
                Form::Keys(&ECRIRE),
                "Dire à SoWell le nouveau statut d'une demande.",
            ),
            key(
                "signaler_uid",
                Form::Keys(&ECRIRE),
                "Dire à SoWell l'identifiant d'une demande créée après coup.",
            ),
        ]),
        "Ce que l'on transmet à SoWell.",
    ),
];
