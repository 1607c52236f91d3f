//! A JSON object whose keys are read one by one: each fault is recorded with its pointer, so that one wrong key
//! does not hide others.

use std::borrow::Cow;

use super::{Json, Unreadable};
use crate::domain::fault::{Fault, pointer_to};
use crate::rules::diagnostic::nearest;

/// The most characters of an unknown key that are reported, as it may be as long as the body.
const NAME_CHARS: usize = 200;
/// The characters that begin a new line wherever a text is shown (Unicode, annex 14, classes BK, CR, LF and NL).
pub const LINE_BREAKS: [char; 7] = [
    '\n', '\u{b}', '\u{c}', '\r', '\u{85}', '\u{2028}', '\u{2029}',
];
/// How many unknown keys are reported by name; the others are only counted. Bounds memory: no sender means that many.
const NAMED_UNKNOWN: usize = 1_000;

/// An object being read, and the faults found in it.
pub struct Object<'j> {
    /// Its keys and values as received.
    pub entries: &'j [(Cow<'j, str>, Json<'j>)],
    /// The faults found so far.
    pub faults: Vec<Fault>,
}

impl<'j> Object<'j> {
    /// The object that a body holds; repeated keys are recorded as faults.
    ///
    /// # Errors
    /// Why it is not an object.
    pub fn received(json: &'j Json<'j>) -> Result<Self, Unreadable> {
        let mut object = Self::of(json).ok_or_else(|| match json {
            Json::List(_) => Unreadable::List,
            Json::Text(it) if it.trim_start().starts_with('{') => Unreadable::TwiceEncoded,
            _ => Unreadable::NotAnObject,
        })?;
        for pointer in json.repeated_keys() {
            object.fault(&pointer, "cette clé est donnée deux fois".into());
        }
        Ok(object)
    }

    /// An object that was already received, whose repeated keys are not reported again; `None` for any other value.
    pub fn of(json: &'j Json<'j>) -> Option<Self> {
        let Json::Object(entries) = json else {
            return None;
        };
        Some(Self {
            entries,
            faults: Vec::new(),
        })
    }

    /// Records a fault of the value at this pointer.
    pub fn fault(&mut self, pointer: &str, detail: String) {
        self.faults.push(Fault::invalid(pointer, detail));
    }

    /// The value of a key; `null` counts as absent.
    pub fn get(&self, key: &str) -> Option<&'j Json<'j>> {
        let found = self.entries.iter().find(|(name, _)| name == key);
        found
            .map(|(_, value)| value)
            .filter(|value| **value != Json::Null)
    }

    /// A text that must be present and not blank, with `max_chars` characters at most; `None` after recording a
    /// fault.
    pub fn required(&mut self, key: &str, max_chars: usize, several_lines: bool) -> Option<String> {
        let details = match self.get(key) {
            None => vec!["champ obligatoire".to_owned()],
            Some(Json::Text(text)) if text.trim().is_empty() => {
                vec!["ne doit pas être vide".to_owned()]
            }
            Some(Json::Text(text)) => {
                let details = check_text(text, max_chars, several_lines);
                if details.is_empty() {
                    return Some(text.clone().into_owned());
                }
                details
            }
            Some(_) => vec!["doit être un texte".to_owned()],
        };
        for detail in details {
            self.fault(&pointer_to(key), detail);
        }
        None
    }

    /// The same for a text on a single line that may be absent.
    pub fn optional(&mut self, key: &str, max_chars: usize) -> Option<String> {
        self.get(key)?;
        self.required(key, max_chars, false)
    }

    /// The same, except that a blank text counts as absent: forms send an empty field that way.
    pub fn optional_or_blank(
        &mut self,
        key: &str,
        max_chars: usize,
        several_lines: bool,
    ) -> Option<String> {
        match self.get(key)? {
            Json::Text(text) if text.trim().is_empty() => None,
            _ => self.required(key, max_chars, several_lines),
        }
    }

    /// A flag that is false unless set.
    pub fn flag(&mut self, key: &str) -> bool {
        match self.get(key) {
            None => false,
            Some(Json::Bool(it)) => *it,
            Some(_) => {
                self.fault(&pointer_to(key), "doit être true ou false".into());
                false
            }
        }
    }

    /// The keys that are not among these.
    pub fn unknown(&self, known: &[&str]) -> impl Iterator<Item = &'j (Cow<'j, str>, Json<'j>)> {
        self.entries
            .iter()
            .filter(move |(key, _)| !known.contains(&key.as_ref()))
    }

    /// Remarks on the keys that are not among these, with the known key that each was probably meant to be.
    pub fn without_effect(&self, known: &[&str]) -> Vec<String> {
        self.remarks(known, |name| {
            let near = nearest(name, known.iter().copied());
            let near = near.map(|it| format!(" ; vouliez-vous dire « {it} » ?"));
            let near = near.unwrap_or_default();
            format!("champ inconnu « {name} » : sans effet{near}")
        })
    }

    /// A remark for each key that is not among these: the first [`NAMED_UNKNOWN`] by name, the others as a count.
    pub fn remarks(&self, known: &[&str], say: impl Fn(&str) -> String) -> Vec<String> {
        let named = self.unknown(known).take(NAMED_UNKNOWN).map(|(key, _)| {
            match key.char_indices().nth(NAME_CHARS) {
                Some((end, _)) => say(&format!("{}…", &key[..end])),
                None => say(key),
            }
        });
        let mut all: Vec<String> = named.collect();
        if let Some(more) = self.unknown(known).count().checked_sub(NAMED_UNKNOWN + 1) {
            all.push(match more + 1 {
                1 => "… et 1 autre champ inconnu".to_owned(),
                more => format!("… et {more} autres champs inconnus"),
            });
        }
        all
    }
}

/// The contract's rules for texts that this text breaks, in French.
fn check_text(text: &str, max_chars: usize, several_lines: bool) -> Vec<String> {
    let mut faults = Vec::new();
    // The number of bytes is at least that of characters, so counting is almost never needed.
    if text.len() > max_chars && text.chars().count() > max_chars {
        faults.push(format!("plus de {max_chars} caractères"));
    }
    if text.contains('\0') {
        faults.push("caractère NUL interdit".to_owned());
    }
    if !several_lines && text.contains(LINE_BREAKS) {
        faults.push("retour à la ligne interdit ici".to_owned());
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of the keys of an object: their names.
    fn named(keys: &[String]) -> Vec<String> {
        let keys: Vec<String> = keys.iter().map(|it| format!("\"{it}\":0")).collect();
        let text = format!("{{{}}}", keys.join(","));
        let json = Json::parse(text.as_bytes()).unwrap();
        let object = Object::received(&json).unwrap();
        object.remarks(&["connu"], str::to_owned)
    }

    #[test]
    fn each_unknown_key_is_named_and_of_too_many_the_rest_is_counted() {
        let keys: Vec<String> = (0..=NAMED_UNKNOWN + 1).map(|it| format!("k{it}")).collect();
        assert_eq!(named(&keys[..NAMED_UNKNOWN]), &keys[..NAMED_UNKNOWN]);
        for (more, told) in [
            (1, "… et 1 autre champ inconnu"),
            (2, "… et 2 autres champs inconnus"),
        ] {
            let all = named(&keys[..NAMED_UNKNOWN + more]);
            assert_eq!(all.len(), NAMED_UNKNOWN + 1);
            assert_eq!(all.last().unwrap(), told);
        }
    }

    #[test]
    fn a_name_that_is_cut_shows_it() {
        let longest = "é".repeat(NAME_CHARS);
        let cut = format!("{longest}…");
        let keys = [longest.clone(), format!("{longest}a"), "connu".to_owned()];
        assert_eq!(named(&keys), [longest, cut]);
    }
}
