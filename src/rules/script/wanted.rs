//! What a script has to answer, in words: the same of what it answered and of what it has written out.

use rhai::Dynamic;

use super::{MAX_MESSAGES, words};

/// What `affecter` answers.
pub(super) const MANAGERS: &str = "#{gestionnaire_concerne: …, acteur_en_charge: …}";
/// The one and the other of these.
pub(super) const MANAGER: &str = "un gestionnaire #{type, identifiant, nom, email}";
/// What `accuses` answers.
pub(super) const MESSAGES: &str = "une liste de messages #{a: …, modele: …}";

/// What a result has to be.
pub(super) fn result(wanted: &str) -> String {
    format!("le résultat doit être {wanted}")
}

/// A key that a result has and that nothing reads.
pub(super) fn unknown_key(key: &str) -> String {
    format!("clé inconnue dans le résultat : « {key} »")
}

/// What stands under a key of the result of `affecter`.
pub(super) fn manager(key: &str) -> String {
    format!("« {key} » doit être {MANAGER}")
}

/// A field of such a manager.
pub(super) fn field(key: &str, field: &str) -> String {
    format!("« {key}.{field} »")
}

/// A key of a message.
pub(super) fn of_message(key: &str) -> String {
    format!("« {key} » d'un message")
}

/// A value that is none.
pub(super) fn text(what: &str) -> String {
    format!("{what} doit être un texte")
}

/// A text that says nothing.
pub(super) fn empty(what: &str) -> String {
    format!("{what} est vide")
}

/// More messages than one event may cause.
pub(super) fn too_many() -> String {
    format!("plus de {MAX_MESSAGES} messages")
}

/// What a result has in the place of a manager, and what to do.
pub(super) fn instead_of_manager(got: &Dynamic) -> &'static str {
    if got.is_unit() {
        "et non rien : une résidence peut ne pas avoir ce gestionnaire ; ajoutez « ?? » et un remplaçant, comme « … ?? responsable »"
    } else if got.is_string() {
        "et non un texte : prenez le gestionnaire entier dans residence.gestionnaires, sans « .nom » ni autre champ derrière"
    } else if got.is_map() {
        "et non un objet sans ces champs : de residence.gestionnaires, prenez-en un avec « .get(\"…\") »"
    } else {
        "et non autre chose : prenez-le dans residence.gestionnaires avec « .get(\"…\") »"
    }
}

/// What stands in the place of the list of messages, and what to do.
pub(super) fn instead_of_messages(got: &Dynamic) -> &'static str {
    if got.is_unit() {
        "et non rien : pour les événements sans e-mail, terminez la fonction par une ligne « [] »"
    } else if got.is_map() {
        "et non un objet : mettez-le entre crochets « [ ] »"
    } else {
        "et non autre chose"
    }
}

/// What stands in the place of a text of a message, and what to do.
pub(super) fn instead_of_text(got: &Dynamic) -> String {
    if got.is_unit() {
        "et non rien".to_owned()
    } else if got.is_map() {
        "et non un objet : l'adresse d'un gestionnaire est son champ « .email », et celle de l'auteur « evenement.signalement.email_auteur »".to_owned()
    } else {
        format!("et non {}", words::of_kind(got.type_name()))
    }
}
