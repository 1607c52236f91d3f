//! The keys that say how a partner authenticates our calls.

use super::call::CALL;
use crate::rules::connector::keys::{Form, Key, key, required};

pub(super) const AUTHENTIFICATION: Key = key(
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
                    Form::Keys(&CALL),
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
