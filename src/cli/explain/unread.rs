//! What is wrong with a file from which no signalement can be read, explained for its author.

use crate::adapters::json::Unreadable;
use crate::rules::source::NOT_UTF8;

/// The name of the file in sentences.
const FILE: &str = "ce fichier";

/// What is wrong, and what to do about it.
pub(super) fn told(why: &Unreadable) -> String {
    let said = why.told_of(FILE);
    match why {
        Unreadable::Empty => {
            format!("{said} : mettez-y un signalement, tel que SoWell l'envoie, de « {{ » à « }} »")
        }
        Unreadable::Utf16 => NOT_UTF8.to_owned(),
        Unreadable::NotUtf8((line, _)) => format!("{NOT_UTF8} ; voyez la ligne {line}"),
        Unreadable::List => {
            format!("{said} : gardez-en un seul signalement, sans les crochets « [ » et « ] »")
        }
        Unreadable::TooMuch(..)
        | Unreadable::NotJson(..)
        | Unreadable::TwiceEncoded
        | Unreadable::NotAnObject => said,
    }
}

/// The message about a file longer than SoWell may send; the limit is in bytes.
pub(super) fn too_large(limit: usize) -> String {
    format!("{FILE} dépasse {limit} octets, le plus que SoWell puisse envoyer (limits.body)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::json::{Json, Object};
    use rstest::rstest;

    #[rstest]
    #[case(b"", "ce fichier est vide : mettez-y un signalement")]
    #[case(b"\n \n", "ce fichier est vide : mettez-y un signalement")]
    #[case(
        b"{\n\"auteur\": \"Zo\xe9\"}",
        "ce fichier n'est pas en UTF-8 : enregistrez-le avec cet encodage (dans le Bloc-notes : « Enregistrer sous », puis « Encodage ») ; voyez la ligne 2"
    )]
    #[case(b"\xff\xfe{\0}\0", "ce fichier n'est pas en UTF-8 : enregistrez-le")]
    #[case(
        b"[{}]",
        "ce fichier doit être un objet JSON, et non une liste : gardez-en un seul"
    )]
    #[case(
        b"{\"a\": 1,}",
        "ce fichier n'est pas du JSON valide (ligne 1, colonne 8) : la virgule avant « } » est en trop"
    )]
    #[case(
        b"\"{\\\"a\\\": 1}\"",
        "ce fichier doit être un objet JSON, et non un texte qui en contient un"
    )]
    fn a_message_about_a_file_calls_it_a_file(#[case] bytes: &[u8], #[case] words: &str) {
        let read = Json::parse(bytes);
        let read = read.and_then(|json| Object::received(&json).map(|_| ()));
        let told = told(&read.unwrap_err());
        assert!(told.starts_with(words), "{told}");
        assert!(!told.contains("corps"), "{told}");
    }
}
