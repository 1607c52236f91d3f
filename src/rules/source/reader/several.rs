//! Reports a word that was meant as several, or as a default for all others.

use super::Reader;
use crate::rules::alike::plain;
use crate::rules::diagnostic::code;
use crate::rules::place::Located;
use crate::rules::yaml::Key;

/// Words that people use as a default, without accents and spaces.
const DEFAULTS: [&str; 8] = [
    "*",
    "_",
    "sinon",
    "defaut",
    "pardefaut",
    "default",
    "else",
    "otherwise",
];

/// Whether a key names several things. After a comma inside a single name, the text continues in lower case, with other
/// words: « Refusée, sans suite ».
fn are_several(key: &str) -> bool {
    if joined_by_et(key) {
        return true;
    }
    let parts: Vec<&str> = key.split([',', ';']).map(str::trim).collect();
    let capital = |it: &&str| it.starts_with(char::is_uppercase);
    let filled = parts.iter().all(|it| it.starts_with(char::is_alphanumeric));
    let word =
        |part: &&str| !part.contains(' ') && !part.starts_with(|sign: char| sign.is_ascii_digit());
    let alike = parts.iter().all(capital) || parts.iter().all(word) || share_a_word(&parts);
    parts.len() > 1 && filled && alike
}

/// Whether all of these contain the same word, as in « urgent, très urgent ».
fn share_a_word(parts: &[&str]) -> bool {
    const SHORTEST: usize = 4;
    let [first, others @ ..] = parts else {
        return false;
    };
    let mut words = first.split(' ').filter(|it| it.chars().count() >= SHORTEST);
    words.any(|word| others.iter().all(|it| it.split(' ').any(|it| it == word)))
}

/// Whether « et » joins several names, as in « Relue et Archivée » or « ASC et CHAUF »: inside a single one, only proper
/// names have a capital, as in « CRC et Vivest en cours » or « Transmis à Metz et Nancy ».
fn joined_by_et(name: &str) -> bool {
    let parts: Vec<&str> = name.split(" et ").map(str::trim).collect();
    let capital = |it: &str| it.starts_with(char::is_uppercase);
    let acronym = |it: &str| it.chars().count() > 1 && it.chars().all(char::is_uppercase);
    let first = |part: &&str| part.split(' ').next().is_some_and(acronym);
    let plain =
        |part: &&str| capital(part) && !first(part) && !part.split(' ').skip(1).any(capital);
    parts.len() > 1 && (parts.iter().all(plain) || parts.iter().all(|it| acronym(it)))
}

impl Reader<'_> {
    /// Reports several words that « et » joins into a single one of a list, unless they are quoted.
    pub(in crate::rules::source) fn note_joined_by_et(&mut self, word: &Located) {
        if joined_by_et(&word.text) && self.is_written(word) {
            let several = word.text.replace(" et ", ", ");
            let message = format!(
                "« {} » compte pour un seul : s'il y en a plusieurs, écrivez-les séparément : [{several}], ou un tiret par ligne (ou mettez-le entre guillemets si c'en est bien un seul)",
                word.text
            );
            self.remark(code::RULE, word.line, word.column, message);
        }
    }

    /// Reports a key that was meant for several things, or as a default. `kind` describes one of them, as in « un seul
    /// statut ».
    pub(in crate::rules::source) fn note_several(&mut self, key: &Key, kind: &str) {
        let name = plain(&key.name);
        // Quotes mark it as a name, except for `*`, which must be quoted.
        let message = if DEFAULTS.contains(&name.as_str()) && (!key.quoted || key.name == "*") {
            let otherwise = if key.quoted {
                ""
            } else {
                " (ou mettez-le entre guillemets s'il s'appelle ainsi)"
            };
            format!(
                "« {0} » ne vaut que pour « {0} » même : il n'existe pas de ligne par défaut ici ; retirez cette ligne, et donnez-en une à chacun{otherwise}",
                key.name
            )
        } else if !key.quoted && are_several(&key.name) {
            format!(
                "« {} » compte pour {kind} : donnez une ligne à chacun, ou mettez le tout entre guillemets si c'en est bien un seul",
                key.name
            )
        } else {
            return;
        };
        self.remark(code::RULE, key.line, key.column, message);
    }
}
