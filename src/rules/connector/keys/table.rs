//! The table itself: the keys of each partner's file, from the parts common to all calls to the operations of a single
//! partner.

mod auth;
mod call;
mod operations;

use self::auth::AUTHENTIFICATION;
use self::call::ENTETES;
use self::operations::{
    CHANGEMENTS, CHERCHER, CREER, ECRIRE, GESTIONNAIRES, LIRE_STATUT, TELEVERSER,
};
use super::{Form, GUARDS, Key, key, required};
use crate::rules::connector::Partner;

/// The keys of a partner's file.
pub(super) fn keys_of(partner: Partner) -> &'static [Key] {
    match partner {
        Partner::Crm => &CRM,
        Partner::Sowell => &SOWELL,
    }
}

/// The keys of these groups, of which there are `N`, in their order.
const fn joined<const N: usize>(groups: &[&[Key]]) -> [Key; N] {
    let mut all = [key("", Form::Free, ""); N];
    let (mut filled, mut group) = (0, 0);
    while group < groups.len() {
        let mut at = 0;
        while at < groups[group].len() {
            all[filled] = groups[group][at];
            (filled, at) = (filled + 1, at + 1);
        }
        group += 1;
    }
    assert!(filled == N, "N must be the number of keys");
    all
}

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

/// The keys of every partner's file.
const PARTNER: [Key; 6] = [NOM, AUTHENTIFICATION, ENTETES, TABLES, DELAIS, SIGNATURE];
const CRM: [Key; 9] = joined(&[
    &PARTNER,
    &[
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
    ],
]);
const SOWELL: [Key; 7] = joined(&[
    &PARTNER,
    &[required(
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
    )],
]);
