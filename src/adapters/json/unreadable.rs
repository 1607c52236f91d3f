//! Why a text cannot be read as JSON, in French.

use std::fmt;

use crate::rules::place::place_of;

/// Why a body, or a file in its place, cannot be read. Positions are line and column in characters, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// Empty, or only spaces.
    Empty,
    /// In UTF-16.
    Utf16,
    /// Not in UTF-8, from this position on.
    NotUtf8((u32, u32)),
    /// JSON with more content than is kept: the sentence without its subject.
    TooMuch(String, (u32, u32)),
    /// Not JSON from this position on, and the remedy, if it is known.
    NotJson((u32, u32), Option<String>),
    /// A list instead of an object.
    List,
    /// A JSON text that itself contains JSON.
    TwiceEncoded,
    /// A text, a number or a similar value.
    NotAnObject,
}

impl Unreadable {
    /// Not JSON from this byte on.
    pub(super) fn not_json(text: &str, (at, remedy): (usize, Option<String>)) -> Self {
        Self::NotJson(place_of(text, at), remedy)
    }

    /// The sentence in French; `whole` is its subject: « le corps », « ce fichier ».
    #[must_use]
    pub fn told_of(&self, whole: &str) -> String {
        let place = |(line, column): &(u32, u32)| format!("(ligne {line}, colonne {column})");
        match self {
            Self::Empty => format!("{whole} est vide"),
            Self::Utf16 => format!("{whole} doit être en UTF-8 : il est en UTF-16"),
            Self::NotUtf8(at) => {
                let at = place(at);
                format!("{whole} doit être en UTF-8 : un caractère est dans un autre codage {at}")
            }
            Self::TooMuch(what, at) => format!("{whole} {what} {}", place(at)),
            Self::NotJson(at, None) => {
                format!("{whole} n'est pas du JSON valide {}", place(at))
            }
            Self::NotJson(at, Some(remedy)) => {
                format!("{whole} n'est pas du JSON valide {} : {remedy}", place(at))
            }
            Self::List => format!("{whole} doit être un objet JSON, et non une liste"),
            Self::TwiceEncoded => format!(
                "{whole} doit être un objet JSON, et non un texte qui en contient un : il est encodé deux fois"
            ),
            Self::NotAnObject => format!("{whole} doit être un objet JSON"),
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told_of("le corps"))
    }
}

impl std::error::Error for Unreadable {}

impl From<Unreadable> for String {
    fn from(why: Unreadable) -> Self {
        why.to_string()
    }
}
