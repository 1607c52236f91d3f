//! A fault that the caller can correct: what is wrong in its request, and where.

/// One fault of a request, worded in French for SoWell's developers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// RFC 6901 pointer into the request's body, e.g. `/photos/2`; empty for the whole body.
    pub pointer: String,
    /// What is wrong, in French; never holds the value of a personal field.
    pub detail: String,
    /// Decides the status of the answer.
    pub kind: FaultKind,
}

/// The kind of a fault; the strongest kind among all faults decides the status of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// A field that is missing, malformed or unknown to the landlord (422).
    Invalid,
    /// Something larger or more numerous than the settings allow (413).
    TooLarge,
}

impl Fault {
    /// A field that is missing, malformed or unknown.
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            detail: detail.into(),
            kind: FaultKind::Invalid,
        }
    }

    /// Something over a limit of the settings.
    pub fn too_large(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            detail: detail.into(),
            kind: FaultKind::TooLarge,
        }
    }
}

/// Escapes one segment of an RFC 6901 pointer and prefixes it with a slash.
#[must_use]
pub fn pointer_to(segment: &str) -> String {
    format!("/{}", segment.replace('~', "~0").replace('/', "~1"))
}

/// Joins the details, without their pointers, into one text. After a question mark, the next detail starts a
/// new sentence.
#[must_use]
pub fn joined(faults: &[Fault]) -> String {
    let mut text = String::new();
    for fault in faults {
        if text.ends_with('?') {
            text.push(' ');
            let mut letters = fault.detail.chars();
            text.extend(letters.next().into_iter().flat_map(char::to_uppercase));
            text.push_str(letters.as_str());
            continue;
        }
        if !text.is_empty() {
            text.push_str(" ; ");
        }
        text.push_str(&fault.detail);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_told_in_sentences_and_a_question_ends_one() {
        let told = |details: &[&str]| {
            let faults = details.iter().map(|it| Fault::invalid("/x", *it));
            joined(&faults.collect::<Vec<_>>())
        };
        assert_eq!(told(&["un", "deux"]), "un ; deux");
        assert_eq!(
            told(&["« A » ; vouliez-vous dire « B » ?", "état inconnu", "deux"]),
            "« A » ; vouliez-vous dire « B » ? État inconnu ; deux"
        );
        assert_eq!(told(&[]), "");
    }
}
