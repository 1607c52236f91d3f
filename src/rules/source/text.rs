//! From the bytes of a rule file to its text.

use crate::domain::ports::FileSet;
use crate::rules::diagnostic::{Diagnostic, code};
use crate::rules::place::line_of;

/// What to do about a text in another encoding.
const NOT_UTF8: &str = "ce fichier n'est pas en UTF-8 : enregistrez-le avec cet encodage (dans le Bloc-notes : « Enregistrer sous », puis « Encodage »)";

/// The text of a file that is there and is in UTF-8.
pub(in crate::rules) fn text(
    files: &FileSet,
    name: &str,
    faults: &mut Vec<Diagnostic>,
) -> Option<String> {
    let Some(bytes) = files.get(name) else {
        faults.push(Diagnostic::file(
            code::FILE_MISSING,
            name,
            "ce fichier manque",
        ));
        return None;
    };
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned()),
        Err(error) => {
            let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let line = line_of(&before, before.len());
            faults.push(Diagnostic::at(code::UNREADABLE, name, line, 0, NOT_UTF8));
            None
        }
    }
}
