//! What a script has to answer, in words: the same of what it answered and of what it has written out.

use super::MAX_MESSAGES;

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
