//! Messages about what a script must return, shared by the checks of actual results and of literal ones.

use rhai::Dynamic;

use super::{MAX_MESSAGES, words};

/// The result expected of `affecter`.
pub(super) const MANAGERS: &str = "#{gestionnaire_concerne: …, acteur_en_charge: …}";
/// Each of its two managers.
pub(super) const MANAGER: &str = "un gestionnaire #{type, identifiant, nom, email}";
/// The result expected of `accuses`.
pub(super) const MESSAGES: &str = "une liste de messages #{a: …, modele: …}";

/// What the result must be.
pub(super) fn result(wanted: &str) -> String {
    format!("le résultat doit être {wanted}")
}

/// A key of a result that nothing reads.
pub(super) fn unknown_key(key: &str) -> String {
    format!("clé inconnue dans le résultat : « {key} »")
}

/// What a key of `affecter`'s result must hold.
pub(super) fn manager(key: &str) -> String {
    format!("« {key} » doit être {MANAGER}")
}

/// Names a field of a manager in that result.
pub(super) fn field(key: &str, field: &str) -> String {
    format!("« {key}.{field} »")
}

/// Names a key of a message.
pub(super) fn of_message(key: &str) -> String {
    format!("« {key} » d'un message")
}

/// A value that is not a string.
pub(super) fn text(what: &str) -> String {
    format!("{what} doit être un texte")
}

/// A blank string.
pub(super) fn empty(what: &str) -> String {
    format!("{what} est vide")
}

/// More messages than one event may cause.
pub(super) fn too_many() -> String {
    format!("plus de {MAX_MESSAGES} messages")
}

/// What was found instead of a manager, and the remedy.
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

/// What was found instead of the list of messages, and the remedy.
pub(super) fn instead_of_messages(got: &Dynamic) -> &'static str {
    if got.is_unit() {
        "et non rien : pour les événements sans e-mail, terminez la fonction par une ligne « [] »"
    } else if got.is_map() {
        "et non un objet : mettez-le entre crochets « [ ] »"
    } else {
        "et non autre chose"
    }
}

/// What was found instead of a string in a message, and the remedy.
pub(super) fn instead_of_text(got: &Dynamic) -> String {
    if got.is_unit() {
        "et non rien".to_owned()
    } else if got.is_map() {
        "et non un objet : l'adresse d'un gestionnaire est son champ « .email », et celle de l'auteur « evenement.signalement.email_auteur »".to_owned()
    } else {
        format!("et non {}", words::of_kind(got.type_name()))
    }
}
