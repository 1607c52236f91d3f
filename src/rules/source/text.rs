//! Decodes the bytes of a rule file.

use crate::domain::ports::FileSet;
use crate::rules::diagnostic::{Diagnostic, code};
use crate::rules::garbled;
use crate::rules::place::line_of;

/// The remedy for a text in a different encoding.
pub const NOT_UTF8: &str = "ce fichier n'est pas en UTF-8 : enregistrez-le avec cet encodage (dans le Bloc-notes : « Enregistrer sous », puis « Encodage »)";
/// The remedy for a NUL, which editors do not show; a text in UTF-16 is full of them.
const NUL: &str = "un caractère invisible (NUL) se trouve dans cette ligne : effacez-la et retapez-la, puis enregistrez le fichier en UTF-8";
/// The remedy for letters spoilt by a wrong encoding.
const SPOILT: &str = "ce texte a été lu dans un autre encodage que le sien, puis enregistré : retapez cette lettre et les autres lettres abîmées, ou reprenez le fichier précédent";

/// The first bytes of documents that are not texts, and the names of their formats.
const DOCUMENTS: [(&[u8], &str); 8] = [
    // Documents of Word, Excel and LibreOffice are ZIP archives.
    (b"PK\x03\x04", OFFICE),
    (b"\xd0\xcf\x11\xe0", OFFICE),
    (b"{\\rtf", "un document de traitement de texte (RTF)"),
    (b"%PDF", "un document PDF"),
    (b"\x89PNG", "une image"),
    (b"\xff\xd8\xff", "une image"),
    (b"GIF8", "une image"),
    (b"\x1f\x8b", "une archive"),
];
const OFFICE: &str = "un document Word, Excel ou LibreOffice";

/// The text of a file; reports if it is missing or not in UTF-8.
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
    if let Some(message) = document(bytes) {
        faults.push(Diagnostic::file(code::UNREADABLE, name, message));
        return None;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            if let Some(at) = text.find('\0') {
                let line = line_of(text, at);
                faults.push(Diagnostic::at(code::UNREADABLE, name, line, 0, NUL));
                return None;
            }
            let text = text.strip_prefix('\u{feff}').unwrap_or(text).to_owned();
            faults.extend(spoilt(name, &text));
            Some(text)
        }
        Err(error) => {
            let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let line = line_of(&before, before.len());
            faults.push(Diagnostic::at(code::UNREADABLE, name, line, 0, NOT_UTF8));
            None
        }
    }
}

/// The message about a file that is not a text, whatever its name.
#[must_use]
pub fn document(bytes: &[u8]) -> Option<String> {
    let mut known = DOCUMENTS.iter();
    let (_, what) = known.find(|(begin, _)| bytes.starts_with(begin))?;
    Some(format!(
        "ce fichier n'est pas un texte, c'est {what} : copiez son texte dans le Bloc-notes, puis enregistrez-le en UTF-8 sous ce nom"
    ))
}

/// Reports the first letter spoilt by a wrong encoding.
fn spoilt(name: &str, text: &str) -> Option<Diagnostic> {
    let found = garbled::first_in_rules(text)?;
    let (line, column) = found.place;
    let message = format!("{} : {SPOILT}", found.sentence());
    Some(Diagnostic::at(code::UNREADABLE, name, line, column, message).as_warning())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::diagnostic::{Severity, any_error};
    use rstest::rstest;

    fn read(bytes: &[u8]) -> (Option<String>, Vec<Diagnostic>) {
        let files = FileSet::from([("modeles/a.txt".to_owned(), bytes.to_vec())]);
        let mut faults = Vec::new();
        (text(&files, "modeles/a.txt", &mut faults), faults)
    }

    #[rstest]
    #[case(b"PK\x03\x04\x14\0\xff", "c'est un document Word")]
    #[case(b"\xd0\xcf\x11\xe0\xa1\xb1", "c'est un document Word")]
    #[case(b"{\\rtf1\\ansi Bonjour}", "(RTF)")]
    #[case(b"%PDF-1.7\n", "PDF")]
    #[case(b"Objet: r\xe9f\xe9rence\n", "n'est pas en UTF-8")]
    #[case(b"Objet: re\0u\n", "(NUL)")]
    #[case(b"O\0b\0j\0e\0t\0:\0 \0x\0", "en UTF-8")]
    fn a_document_is_reported_with_its_format(#[case] bytes: &[u8], #[case] words: &str) {
        let (text, faults) = read(bytes);
        assert_eq!((text, faults.len()), (None, 1));
        assert!(faults[0].message.contains(words), "{faults:?}");
    }

    #[test]
    fn a_nul_is_reported_at_its_line() {
        let (text, faults) = read(b"Objet: x\n\nbon\0jour\n");
        assert_eq!((text, faults[0].line), (None, 3));
        // The remedy that it names is enough.
        let mended = b"Objet: x\n\nbonjour\n";
        assert_eq!(read(mended).1, vec![]);
    }

    #[test]
    fn letters_spoilt_by_an_encoding_are_a_remark() {
        let (text, faults) = read("Objet: reçu\n\nla rÃ©fÃ©rence Ã  10:00\n".as_bytes());
        assert!(text.is_some() && !any_error(&faults));
        assert_eq!((faults.len(), faults[0].severity), (1, Severity::Warning));
        assert_eq!((faults[0].line, faults[0].column), (3, 5));
        assert!(faults[0].message.starts_with("« Ã© » tient lieu de « é »"));
        for right in ["Objet: déjà reçu à 10:00\n", "{rtf} %PDF PK\n"] {
            assert_eq!(read(right.as_bytes()), (Some(right.to_owned()), vec![]));
        }
    }
}
