//! Rows that someone meant to comment out: an export has no comments, so they count.

use std::collections::HashSet;

use super::table::Table;
use super::{BIENS, GESTIONNAIRES, RESIDENCES};
use crate::rules::diagnostic::{Diagnostic, code};

/// Marks at the beginning of a comment in other files.
const MARKS: [&str; 3] = ["#", "//", "--"];

/// A code that begins like a comment.
struct Marked<'t> {
    line: u32,
    code: &'t str,
    mark: &'static str,
    /// The code without the mark.
    rest: &'t str,
}

/// Reports the rows that begin like a comment, once for each file. A code that other rows confirm is written like that
/// by the landlord.
pub(super) fn note_comments(
    residences: &Table<3>,
    gestionnaires: &Table<5>,
    biens: &Table<3>,
    faults: &mut Vec<Diagnostic>,
) {
    let mut found = marked(residences.column(0));
    if !found.is_empty() {
        let named = gestionnaires.column(0).chain(biens.column(1));
        let named: HashSet<&str> = named.map(|(_, it)| it).collect();
        found.retain(|it| !named.contains(it.code));
        let is_taken = |it: &Marked<'_>| has(residences, it.rest);
        report(RESIDENCES, &found, is_taken, faults);
    }
    let mut found = marked(gestionnaires.column(0));
    if !found.is_empty() {
        let known: HashSet<&str> = residences.column(0).map(|(_, it)| it).collect();
        found.retain(|it| known.contains(it.rest) && !known.contains(it.code));
        // Their residence is not missing.
        let lines: HashSet<u32> = found.iter().map(|it| it.line).collect();
        faults.retain(|it| {
            it.code != code::ORPHAN || it.file != GESTIONNAIRES || !lines.contains(&it.line)
        });
        let is_taken = |it: &Marked<'_>| {
            let own = gestionnaires.rows().find(|row| row.line == it.line);
            let own = own.map(|row| row.values[1]);
            let mut rows = gestionnaires.rows();
            rows.any(|row| row.values[0] == it.rest && Some(row.values[1]) == own)
        };
        report(GESTIONNAIRES, &found, is_taken, faults);
    }
    let mut found = marked(biens.column(0));
    if found.len() > 1 {
        // Car parks are often numbered like this.
        let known: HashSet<&str> = biens.column(0).map(|(_, it)| it).collect();
        found.retain(|it| known.contains(it.rest));
    }
    report(BIENS, &found, |it| has(biens, it.rest), faults);
}

fn has<const N: usize>(table: &Table<N>, code: &str) -> bool {
    table.column(0).any(|(_, it)| it == code)
}

/// The codes that begin like a comment; none if most do, since this is then how the landlord writes them.
fn marked<'t>(codes: impl Iterator<Item = (u32, &'t str)>) -> Vec<Marked<'t>> {
    let mut rows = 0;
    let codes = codes.inspect(|_| rows += 1);
    let found: Vec<_> = codes
        .filter_map(|(line, code)| {
            let (mark, rest) = mark(code)?;
            Some(Marked {
                line,
                code,
                mark,
                rest,
            })
        })
        .collect();
    if 2 * found.len() > rows {
        return Vec::new();
    }
    found
}

/// Reports the first of these codes, with the number of others. `is_taken` tells whether another row already has the
/// code without its mark.
fn report(
    file: &str,
    found: &[Marked<'_>],
    is_taken: impl Fn(&Marked<'_>) -> bool,
    faults: &mut Vec<Diagnostic>,
) {
    let Some(first) = found.first() else {
        return;
    };
    let Marked {
        line, code, mark, ..
    } = first;
    let otherwise = if is_taken(first) {
        String::new()
    } else {
        format!(" ; si « {mark} » est de trop, effacez-le")
    };
    let also = match found.len() {
        1 => String::new(),
        2 => " ; une autre ligne est dans ce cas".to_owned(),
        count => format!(" ; {} autres lignes sont dans ce cas", count - 1),
    };
    let message = format!(
        "« {code} » : un export n'a pas de commentaires, et cette ligne compte comme les autres : si c'est un commentaire, retirez la ligne{otherwise}{also}"
    );
    faults.push(Diagnostic::at(code::EXPORT, file, *line, 0, message).as_warning());
}

/// The mark at the beginning of a code, and the code without it.
fn mark(code: &str) -> Option<(&'static str, &str)> {
    let mark = MARKS.into_iter().find(|it| code.starts_with(*it))?;
    let rest = code[mark.len()..].trim_start();
    // Excel's errors, such as « #REF! », are told as what they are.
    let is_code = rest.starts_with(char::is_alphanumeric) && !rest.ends_with(['!', '?']);
    (is_code && rest != "N/A").then_some((mark, rest))
}

#[cfg(test)]
mod tests {
    use super::super::{FILES, read};
    use crate::domain::ports::FileSet;
    use rstest::rstest;

    /// The remarks on exports with these rows of residences, managers and biens, beside those of three residences.
    fn told(residences: &[&str], managers: &[&str], biens: &[&str]) -> Vec<String> {
        let rows = |codes: &[&str], rest: &str| -> String {
            let rows: Vec<String> = codes.iter().map(|it| format!("{it};{rest}\n")).collect();
            rows.concat()
        };
        let texts = [
            format!("code;nom;adresse\nA;;\nB;;\nC;;\n{}", rows(residences, ";")),
            format!(
                "residence;type;identifiant;nom;email\nA;t;I;;\nB;t;I;;\nC;t;I;;\n{}",
                rows(managers, "g;I;;")
            ),
            format!(
                "code;residence;libelle\nA-1;A;\nA-2;A;\nB-1;B;\nC-1;C;\n{}",
                rows(biens, "A;")
            ),
        ];
        let texts = texts.map(String::into_bytes);
        let files: FileSet = FILES.map(str::to_owned).into_iter().zip(texts).collect();
        let (_, faults) = read(&files);
        faults.iter().map(ToString::to_string).collect()
    }

    const COMMENT: &str = "si c'est un commentaire, retirez la ligne";

    #[rstest]
    #[case(
        &["#WO-02"], &[], &[],
        "residences.csv, ligne 5 : attention : « #WO-02 » : un export n'a pas de commentaires, et cette ligne compte comme les autres : si c'est un commentaire, retirez la ligne ; si « # » est de trop, effacez-le"
    )]
    #[case(&["// WO-02", "// WO-03"], &[], &[], "si « // » est de trop, effacez-le ; une autre ligne est dans ce cas")]
    #[case(&[], &["#B"], &[], "gestionnaires.csv, ligne 5 : attention : « #B »")]
    #[case(&[], &["# B", "#C"], &[], "effacez-le ; une autre ligne est dans ce cas")]
    #[case(&[], &[], &["-- A-3"], "si « -- » est de trop, effacez-le")]
    #[case(&[], &[], &["#A-1", "#P12"], "« #A-1 » : un export")]
    fn a_row_that_was_meant_as_a_comment_is_reported_once(
        #[case] residences: &[&str],
        #[case] managers: &[&str],
        #[case] biens: &[&str],
        #[case] words: &str,
    ) {
        let told = told(residences, managers, biens);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].contains(words) && told[0].contains(COMMENT),
            "{told:?}"
        );
    }

    #[test]
    fn a_mark_is_not_erased_where_that_would_repeat_a_code() {
        for told in [
            told(&["#A"], &[], &[]),
            told(&[], &["B", "#B"], &[]),
            told(&[], &[], &["#A-1"]),
        ] {
            assert_eq!(told.len(), 1, "{told:?}");
            assert!(told[0].ends_with(COMMENT), "{told:?}");
        }
    }

    #[rstest]
    // Car parks.
    #[case(&[], &[], &["#P12", "#P13"])]
    // A residence that another export names.
    #[case(&["#WO"], &["#WO"], &[])]
    #[case(&["WO#2", "WO//2", "-", "--", "-2"], &[], &[])]
    #[case(&["#1", "#2", "#3", "#4"], &[], &[])]
    #[case(&[], &[], &[])]
    fn a_code_is_left_alone(
        #[case] residences: &[&str],
        #[case] managers: &[&str],
        #[case] biens: &[&str],
    ) {
        assert_eq!(told(residences, managers, biens), [""; 0]);
    }

    #[rstest]
    #[case("#REF!")]
    #[case("#N/A")]
    fn an_error_of_excel_is_not_called_a_comment(#[case] code: &str) {
        let told = told(&[code], &[], &[]);
        assert!(told.iter().all(|it| !it.contains(COMMENT)), "{told:?}");
    }

    #[test]
    fn a_row_of_a_missing_residence_is_an_orphan_only() {
        let told = told(&[], &["#P12"], &[]);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].contains("« #P12 » n'est pas dans residences.csv"),
            "{told:?}"
        );
    }
}
