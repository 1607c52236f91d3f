//! The keys of each operation: those of its call, and where its answers hold what the daemon reads.

use super::call::{CALL, LIRE, PREPARED};
use super::joined;
use crate::rules::connector::keys::{Form, Key, key, required};

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
const SEULEMENT_SI: Key = key(
    "seulement_si",
    Form::Text,
    "Une expression sur ce que les préalables ont lu : fausse, rien n'a changé et l'appel n'est pas fait.",
);
const PAGE: Key = key(
    "page",
    Form::Keys(&[
        key(
            "taille",
            Form::Count,
            "Le nombre d'éléments à demander par page ; les pages sont lues jusqu'à la première qui est vide.",
        ),
        key(
            "suivante",
            Form::Extract,
            "Où est l'adresse de la page suivante, entière ou relative à celle de la page ; sans adresse, la page est la dernière.",
        ),
        key(
            "curseur",
            Form::Extract,
            "Où est le curseur de la page suivante, connu alors sous {{ page.curseur }}.",
        ),
    ]),
    "Comment demander la page suivante : {{ page.numero }}, {{ page.decalage }}, {{ page.taille }}, {{ page.curseur }}.",
);
const RECOUVREMENT: Key = key(
    "recouvrement",
    Form::Duration,
    "De combien revenir en arrière à chaque fois ; sans cela 5m, ou 65m si {{ depuis }} est écrit avec zone='Paris'.",
);

/// What is read about the status of a demande.
const CHANGEMENT: [Key; 6] = [STATUT, DATE, RESULTAT, COMMENTAIRE, CANAL, EVENEMENT];

pub(super) const CHERCHER: [Key; 10] = joined(&[&PREPARED, &[ELEMENTS, GARDER, UID]]);
pub(super) const CREER: [Key; 8] = joined(&[&PREPARED, &[UID]]);
pub(super) const ECRIRE: [Key; 7] = PREPARED;
pub(super) const TELEVERSER: [Key; 7] = joined(&[&CALL, &[LIRE]]);
pub(super) const LIRE_STATUT: [Key; 13] = joined(&[&PREPARED, &CHANGEMENT]);
pub(super) const CHANGEMENTS: [Key; 19] = joined(&[
    &PREPARED,
    &[SEULEMENT_SI, ELEMENTS, GARDER, UID],
    &CHANGEMENT,
    &[PAGE, RECOUVREMENT],
]);
pub(super) const GESTIONNAIRES: [Key; 13] = joined(&[
    &PREPARED,
    &[
        ELEMENTS,
        GARDER,
        required("type", Form::Extract, "Où est le type du gestionnaire."),
        required("identifiant", Form::Extract, "Où est son identifiant."),
        key("nom", Form::Extract, "Où est son nom."),
        key("email", Form::Extract, "Où est son adresse e-mail."),
    ],
]);
