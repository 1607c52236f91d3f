//! What Excel may leave in place of a code: a formula, a shortened number, an error, the apostrophe that marks a text,
//! a line break, an invisible character.

use std::sync::LazyLock;

use regex_lite::Regex;

use crate::rules::diagnostic::{Diagnostic, code};
use crate::rules::pasted;

/// `="0012"`, which keeps the zeros of a code, but only inside Excel.
static FORMULA: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("^=\"?([^\"]*)\"?$").ok());
/// `1,23E+05`, whose last digits are lost.
static SHORTENED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^\d([.,]\d+)?[Ee]\+\d+$").ok());
/// `#REF!` or `#N/A`, with the French and the English names.
static ERROR: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^#(REF!|N/A|NOM\?|NAME\?|VALEUR!|VALUE!|DIV/0!|NUL!|NULL!|NOMBRE!|NUM!)$").ok()
});

/// Reports the first of these values, by line, that is not a code of the landlord's, with the number of similar rows.
pub(super) fn note_remains<'t>(
    file: &str,
    column: &str,
    values: impl Iterator<Item = (u32, &'t str)>,
    faults: &mut Vec<Diagnostic>,
) {
    let mut first = None;
    let mut count: usize = 0;
    for (line, value) in values {
        // Cheap tests rule out most values: there may be 100,000.
        let suspect = value.starts_with(['=', '#', '\''])
            || value.contains("E+")
            || value.contains("e+")
            || value.contains(['\n', '\r'])
            || !value.is_ascii() && pasted::describe_invisible(value).is_some();
        if let Some(why) = suspect.then(|| why(value)).flatten() {
            count += 1;
            first.get_or_insert((line, value, why));
        }
    }
    let Some((line, value, why)) = first else {
        return;
    };
    let also = match count {
        1 => String::new(),
        2 => " ; une autre ligne est dans ce cas".to_owned(),
        count => format!(" ; {} autres lignes sont dans ce cas", count - 1),
    };
    let shown = value.split_whitespace().collect::<Vec<_>>().join(" ");
    let message = format!("colonne « {column} » : « {shown} » {why}{also}");
    faults.push(Diagnostic::at(code::EXPORT, file, line, 0, message).as_warning());
}

fn why(value: &str) -> Option<String> {
    let is = |pattern: &LazyLock<Option<Regex>>| {
        let pattern = pattern.as_ref();
        pattern.is_some_and(|it| it.is_match(value))
    };
    if is(&ERROR) {
        return Some(
            "est une erreur d'Excel : corrigez la formule, puis exportez de nouveau".into(),
        );
    }
    if is(&SHORTENED) {
        let why = "est un nombre qu'Excel a abrégé : mettez la colonne au format Texte, puis exportez de nouveau";
        return Some(why.into());
    }
    if value.contains(['\n', '\r']) {
        let why = "est écrit sur plusieurs lignes, et ne sera reconnu nulle part : dans Excel, remettez la cellule sur une seule ligne, puis exportez de nouveau";
        return Some(why.into());
    }
    if let Some(sign) = pasted::describe_invisible(value) {
        return Some(format!("a {sign}"));
    }
    if let Some(meant) = value.strip_prefix('\'') {
        let meant = meant.strip_suffix('\'').unwrap_or(meant);
        return (!meant.is_empty()).then(|| {
            format!(
                "commence par l'apostrophe qui, dans Excel, annonce un texte, et n'est pas le code « {meant} » : enlevez-la, puis exportez de nouveau"
            )
        });
    }
    let meant = FORMULA.as_ref()?.captures(value)?.get(1)?.as_str();
    Some(format!(
        "est une formule d'Excel et n'est pas le code « {meant} » : mettez la colonne au format Texte, puis exportez de nouveau"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(values: &[&str]) -> Vec<String> {
        let mut faults = Vec::new();
        note_remains("f", "code", (2..).zip(values.iter().copied()), &mut faults);
        faults.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn remains_of_excel_are_reported_once_for_a_column() {
        assert_eq!(
            told(&["A", "=\"0012\"", "1,23E+05", "#N/A"]),
            [
                "f, ligne 3 : attention : colonne « code » : « =\"0012\" » est une formule d'Excel et n'est pas le code « 0012 » : mettez la colonne au format Texte, puis exportez de nouveau ; 2 autres lignes sont dans ce cas"
            ]
        );
        assert!(told(&["1.2E+10"])[0].contains("abrégé"));
        assert!(told(&["#REF!"])[0].contains("erreur d'Excel"));
        assert_eq!(
            told(&["TEC-METZ", "'TEC-METZ"]),
            [
                "f, ligne 3 : attention : colonne « code » : « 'TEC-METZ » commence par l'apostrophe qui, dans Excel, annonce un texte, et n'est pas le code « TEC-METZ » : enlevez-la, puis exportez de nouveau"
            ]
        );
        assert_eq!(
            told(&["MZ-01\u{200b}"]),
            [
                "f, ligne 2 : attention : colonne « code » : « MZ-01\u{200b} » a un caractère invisible (U+200B) : effacez-le"
            ]
        );
        assert!(told(&["G1\nbis"])[0].contains("« G1 bis » est écrit sur plusieurs lignes"));
    }

    #[test]
    fn codes_are_left_alone() {
        assert_eq!(
            told(&[
                "0012",
                "#12",
                "LOGE+1",
                "2E5",
                "E+",
                "12E+A",
                "#N",
                "L'HERMITAGE",
                "gérant",
                "agent\u{a0}technique",
                "BÂT A’",
                "'",
            ]),
            [""; 0]
        );
    }
}
