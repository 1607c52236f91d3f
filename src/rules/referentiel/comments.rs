//! Rows that someone meant to comment out: an export has no comments, so they count.

use crate::rules::diagnostic::{Diagnostic, code};

/// Marks at the beginning of a comment in other files.
const MARKS: [&str; 3] = ["#", "//", "--"];

/// Reports the first code that begins like a comment, by line, with the number of others. If most codes do, this is how
/// the landlord writes them.
pub(super) fn note_comments<'t>(
    file: &str,
    codes: impl Iterator<Item = (u32, &'t str)>,
    faults: &mut Vec<Diagnostic>,
) {
    let mut first = None;
    let (mut count, mut rows): (usize, usize) = (0, 0);
    for (line, code) in codes {
        rows += 1;
        if let Some(mark) = mark(code) {
            count += 1;
            first.get_or_insert((line, code, mark));
        }
    }
    let Some((line, code, mark)) = first.filter(|_| 2 * count <= rows) else {
        return;
    };
    let also = match count {
        1 => String::new(),
        2 => " ; une autre ligne est dans ce cas".to_owned(),
        count => format!(" ; {} autres lignes sont dans ce cas", count - 1),
    };
    let message = format!(
        "« {code} » : un export n'a pas de commentaires, et cette ligne compte comme les autres : retirez-la, ou effacez « {mark} »{also}"
    );
    faults.push(Diagnostic::at(code::EXPORT, file, line, 0, message).as_warning());
}

fn mark(code: &str) -> Option<&'static str> {
    let mark = MARKS.into_iter().find(|it| code.starts_with(*it))?;
    let rest = code[mark.len()..].trim_start();
    // Excel's errors, such as « #REF! », are told as what they are.
    let is_code = rest.starts_with(char::is_alphanumeric) && !rest.ends_with(['!', '?']);
    (is_code && rest != "N/A").then_some(mark)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn told(codes: &[&str]) -> Vec<String> {
        let mut faults = Vec::new();
        note_comments("biens.csv", (2..).zip(codes.iter().copied()), &mut faults);
        faults.iter().map(ToString::to_string).collect()
    }

    #[rstest]
    #[case(&["A", "#WO-02"], "ligne 3 : attention : « #WO-02 » : un export n'a pas de commentaires")]
    #[case(&["A", "// WO-02", "B", "// WO-03"], "effacez « // » ; une autre ligne est dans ce cas")]
    #[case(&["A", "# WO-02"], "retirez-la, ou effacez « # »")]
    fn a_row_that_was_meant_as_a_comment_is_reported(#[case] codes: &[&str], #[case] words: &str) {
        let told = told(codes);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains(words), "{told:?}");
    }

    #[rstest]
    #[case(&["#12", "#13", "14"])]
    #[case(&["A", "#REF!"])]
    #[case(&["A", "#N/A"])]
    #[case(&["A", "WO#2"])]
    #[case(&["A", "WO//2"])]
    #[case(&["A", "-"])]
    #[case(&["A", "--"])]
    #[case(&["A", "-2"])]
    #[case(&[])]
    fn a_code_is_left_alone(#[case] codes: &[&str]) {
        assert_eq!(told(codes), [""; 0]);
    }
}
