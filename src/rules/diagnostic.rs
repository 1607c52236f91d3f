//! A fault in a file that the landlord's staff edits, described in their words.

use std::fmt;

use crate::rules::pasted;

/// Whether a diagnostic prevents an edit from taking effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The edit is refused.
    Error,
    /// The edit takes effect, but someone should check it.
    Warning,
}

impl Severity {
    /// The label shown to people before the message.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Error => "erreur",
            Self::Warning => "attention",
        }
    }

    /// The word used in output for programs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "erreur",
            Self::Warning => "avertissement",
        }
    }
}

/// The kinds of faults, for programs; once released, a code keeps its meaning.
pub mod code {
    /// A file is missing.
    pub const FILE_MISSING: &str = "fichier-manquant";
    /// A file or folder cannot be read, or is not UTF-8.
    pub const UNREADABLE: &str = "illisible";
    /// A failure of the program or its database, not of a file.
    pub const INTERNAL: &str = "interne";
    /// A file that is never read.
    pub const NOT_READ: &str = "non-lu";
    /// Not YAML.
    pub const YAML: &str = "yaml";
    /// A key given twice.
    pub const KEY_TWICE: &str = "cle-double";
    /// A key that is not known there.
    pub const KEY_UNKNOWN: &str = "cle-inconnue";
    /// A key that is required.
    pub const KEY_MISSING: &str = "cle-manquante";
    /// A value of the wrong type, such as a list instead of a text.
    pub const SHAPE: &str = "forme";
    /// A word or code that is not known.
    pub const WORD_UNKNOWN: &str = "mot-inconnu";
    /// Two rules that contradict each other, or one that lacks something it needs.
    pub const RULE: &str = "regle";
    /// A secret that is missing from the settings.
    pub const SECRET: &str = "secret-inconnu";
    /// A script that does not compile.
    pub const SCRIPT: &str = "script";
    /// A template that does not compile or render.
    pub const TEMPLATE: &str = "modele";
    /// A case that fails.
    pub const CASE: &str = "cas";
    /// An export that is broken.
    pub const EXPORT: &str = "export";
    /// Rules that fail for some possible combination.
    pub const HOLE: &str = "trou";
    /// A row that refers to a missing row of a different file.
    pub const ORPHAN: &str = "ligne-orpheline";
}

/// One fault to correct, with its position.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// Path of the file in its folder, e.g. `modeles/contexte.txt`.
    pub file: String,
    /// Line, from 1; 0 for the file as a whole.
    pub line: u32,
    /// Column in characters, from 1; 0 for the line as a whole.
    pub column: u32,
    /// Whether it prevents the edit from taking effect.
    pub severity: Severity,
    /// Names the kind of fault for programs; stable, see [`code`].
    pub code: &'static str,
    /// What is wrong, in French, for someone who is not a programmer.
    pub message: String,
    /// Why a case fails, if the reason may be shared by other cases: correcting it fixes them all.
    pub cause: Option<String>,
}

impl Diagnostic {
    /// A fault of a whole file.
    pub fn file(code: &'static str, file: impl Into<String>, message: impl Into<String>) -> Self {
        Self::at(code, file, 0, 0, message)
    }

    /// A fault at a position.
    pub fn at(
        code: &'static str,
        file: impl Into<String>,
        line: u32,
        column: u32,
        message: impl Into<String>,
    ) -> Self {
        Self {
            file: file.into(),
            line,
            column,
            severity: Severity::Error,
            code,
            message: message.into(),
            cause: None,
        }
    }

    /// Sets the shared cause of a failing case.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Turns it into a remark, which does not refuse the edit.
    #[must_use]
    pub fn as_warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = self.severity.label();
        match (self.line, self.column) {
            (0, _) => write!(f, "{} : {severity} : {}", self.file, self.message),
            (line, 0) => write!(
                f,
                "{}, ligne {line} : {severity} : {}",
                self.file, self.message
            ),
            (line, column) => write!(
                f,
                "{}, ligne {line}, colonne {column} : {severity} : {}",
                self.file, self.message
            ),
        }
    }
}

/// Whether any of these prevents the edit from taking effect.
#[must_use]
pub fn any_error(diagnostics: &[Diagnostic]) -> bool {
    diagnostics
        .iter()
        .any(|diagnostic| diagnostic.severity == Severity::Error)
}

/// The known word that someone probably meant, if one is near enough.
#[must_use]
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let word = pasted::as_typed(&word.to_lowercase());
    let word = word.trim_matches(['"', '\'', ' ']);
    known
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(word, &pasted::as_typed(&candidate.to_lowercase())),
                candidate,
            )
        })
        // Up to a third of the letters may differ in a typo; beyond that it is a different word.
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count() / 3).max(1))
        .min()
        .map(|(_, candidate)| candidate)
}

/// The kind of words that suggestions are listed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// Values allowed in a place.
    Values,
    /// Names of files, fields and parts.
    Names,
    /// Keys of a YAML file.
    Keys,
}

impl Listed {
    /// How a list of the known ones begins, and the text to show if there are none.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Values => ("valeurs connues", "aucune valeur n'est connue"),
            Self::Names => ("noms connus", "aucun nom n'est connu"),
            Self::Keys => ("clés connues", "aucune clé n'est connue"),
        }
    }
}

/// `« x » : vouliez-vous dire « y » ?`, or the known values if none is near.
#[must_use]
pub fn suggestion<'k>(word: &str, known: impl IntoIterator<Item = &'k str> + Clone) -> String {
    suggestion_of(Listed::Values, word, known)
}

/// Like [`suggestion`], for other kinds of words than values.
#[must_use]
pub fn suggestion_of<'k>(
    listed: Listed,
    word: &str,
    known: impl IntoIterator<Item = &'k str> + Clone,
) -> String {
    let near = nearest(word, known.clone());
    let foreign: String = word
        .chars()
        .filter(|it| near.is_none_or(|near| !near.contains(*it)))
        .collect();
    let note = pasted::note(&foreign).or_else(|| {
        let own = |it: &char| !word.contains(*it);
        let near = near?;
        let hidden = pasted::note_hidden(&near.chars().filter(own).collect::<String>())?;
        let what = hidden.strip_prefix("il y a ici ").unwrap_or(&hidden);
        Some(format!("il y a, là où « {near} » est défini, {what}"))
    });
    let note = note.map(|it| format!("{it} ; ")).unwrap_or_default();
    if let Some(near) = near {
        return format!("{note}vouliez-vous dire « {near} » ?");
    }
    let mut all: Vec<&str> = known.into_iter().collect();
    all.sort_unstable();
    all.dedup();
    let more = all.len().saturating_sub(8);
    all.truncate(8);
    let (begin, none) = listed.words();
    if all.is_empty() {
        return format!("{note}{none}");
    }
    let all = all.join(", ");
    match more {
        0 => format!("{note}{begin} : {all}"),
        1 => format!("{note}{begin} : {all}… et 1 autre"),
        more => format!("{note}{begin} : {all}… et {more} autres"),
    }
}

/// A number of things, with a plural `s` from two on.
#[must_use]
pub fn counted(count: usize, thing: &str) -> String {
    let s = if count < 2 { "" } else { "s" };
    format!("{count} {thing}{s}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_finds_its_word() {
        assert_eq!(
            nearest("categorie", ["modes", "categories"]),
            Some("categories")
        );
        assert_eq!(
            nearest("Cloturée", ["Clôturée", "Ouverte"]),
            Some("Clôturée")
        );
        assert_eq!(nearest("zzz", ["modes", "categories"]), None);
    }

    #[test]
    fn a_word_from_a_word_processor_finds_its_word() {
        assert_eq!(
            suggestion("“tous”", ["tous", "auteur"]),
            "il y a ici un guillemet typographique (“) : tapez le guillemet droit (\") ; vouliez-vous dire « tous » ?"
        );
        assert_eq!(
            suggestion("L’eaux", ["L’eau"]),
            "vouliez-vous dire « L’eau » ?"
        );
        let accent = "un accent séparé de sa lettre (U+0302) : retapez la lettre accentuée";
        assert_eq!(
            suggestion("Clo\u{302}t", ["Clôt"]),
            format!("il y a ici {accent} ; vouliez-vous dire « Clôt » ?")
        );
        assert_eq!(
            suggestion("Clôt", ["Clo\u{302}t"]),
            format!(
                "il y a, là où « Clo\u{302}t » est défini, {accent} ; vouliez-vous dire « Clo\u{302}t » ?"
            )
        );
    }

    #[test]
    fn a_diagnostic_reads_as_a_sentence() {
        let text =
            Diagnostic::at(code::KEY_UNKNOWN, "statuts.yaml", 3, 7, "clé inconnue").to_string();
        assert_eq!(
            text,
            "statuts.yaml, ligne 3, colonne 7 : erreur : clé inconnue"
        );
    }
}
