//! The keys of a call: its request, the meaning of its answers, and the calls made before it.

use super::joined;
use crate::rules::connector::keys::{Form, Key, METHODS, key, required};

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
pub(super) const ENTETES: Key = key("entetes", Form::Fields, "Les en-têtes HTTP.");
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
pub(super) const LIRE: Key = required(
    "lire",
    Form::Extracts,
    "Les valeurs à prendre dans la réponse, par nom.",
);
const PREALABLES: Key = key(
    "prealables",
    Form::List(&PREALABLE),
    "Des appels sans effet faits avant, dont les réponses servent dans la requête.",
);
const PREALABLE: [Key; 8] = joined(&[
    &[required(
        "nom",
        Form::Text,
        "Le nom sous lequel les valeurs lues sont connues ensuite : {{ nom.valeur }}.",
    )],
    &CALL,
    &[LIRE],
]);

/// The keys of each call.
pub(super) const CALL: [Key; 6] = [METHODE, CHEMIN, PARAMETRES, ENTETES, CORPS, REPONSES];
/// The keys of a call that others may precede.
pub(super) const PREPARED: [Key; 7] = joined(&[&CALL, &[PREALABLES]]);
