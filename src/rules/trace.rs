//! The steps of a decision, recorded so that it can be explained later.

use std::borrow::Cow;
use std::fmt;

/// The longest encoded trace, in bytes.
pub const MAX_BYTES: usize = 8 * 1024;

/// Initial capacity, in bytes, enough for most decisions.
const USUAL_BYTES: usize = 2 * 1024;

/// Maximum length of a recorded value, in characters.
const MAX_VALUE_CHARS: usize = 200;

/// The file of a rule and its line, 0 for the file as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Path in the folder of rules or of reference data.
    pub file: Cow<'static, str>,
    /// Line, from 1; 0 for the file as a whole.
    pub line: u32,
}

impl Place {
    /// A line of a file.
    #[must_use]
    pub fn line(file: impl Into<Cow<'static, str>>, line: u32) -> Self {
        let file = file.into();
        Self { file, line }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}, ligne {line}", self.file),
        }
    }
}

/// The outcome of a rule; an error is never treated as "no match".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepOutcome {
    /// It applied.
    Matched,
    /// It was evaluated and does not apply.
    NotMatched,
    /// It was not evaluated: an earlier rule had settled the question.
    NotEvaluated,
    /// It failed.
    Error,
}

impl StepOutcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Matched => "applique",
            Self::NotMatched => "non_applique",
            Self::NotEvaluated => "non_evalue",
            Self::Error => "erreur",
        }
    }
}

/// All steps of one decision, in order, as they are stored: JSON of at most [`MAX_BYTES`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    /// The steps, separated by commas.
    steps: Vec<u8>,
    /// Whether some steps were dropped because the limit was reached.
    cut: bool,
    /// Whether steps are discarded, because the trace is never read.
    unread: bool,
}

impl Trace {
    /// A trace that is never read: it discards its steps.
    #[must_use]
    pub fn unread() -> Self {
        Self {
            unread: true,
            ..Self::default()
        }
    }

    /// Adds a step: the name of the rule, e.g. `transmission`, its position, its outcome, the values it used (name and
    /// value) and its effect, in French.
    pub fn push(
        &mut self,
        rule: &'static str,
        place: &Place,
        outcome: StepOutcome,
        seen: &[(&'static str, &str)],
        effect: &str,
    ) {
        debug_assert!(
            (1..seen.len()).all(|at| seen[..at].iter().all(|it| it.0 != seen[at].0)),
            "a name stands once in an object: {seen:?}"
        );
        if self.unread {
            return;
        }
        if self.steps.is_empty() {
            self.steps.reserve(USUAL_BYTES);
        }
        let before = self.steps.len();
        if before > 0 {
            self.steps.push(b',');
        }
        // Texts and numbers written to a buffer: printing cannot fail.
        let printed = print(&mut self.steps, rule, place, outcome, seen, effect);
        if self.cut || printed.is_err() || self.steps.len() + FRAME > MAX_BYTES {
            self.steps.truncate(before);
            self.cut = true;
        }
    }

    /// Resumes a stored trace; empty if the text is not one.
    #[must_use]
    pub fn resume(stored: &str) -> Self {
        let steps = stored.strip_prefix(HEAD);
        let cut = steps.and_then(|it| it.strip_suffix(TAIL));
        let steps = match cut {
            Some(steps) => Some(steps),
            None => steps.and_then(|it| it.strip_suffix(END)),
        };
        Self {
            steps: steps.unwrap_or_default().into(),
            cut: cut.is_some(),
            unread: false,
        }
    }

    /// Stored in place of a trace that could not be written.
    pub const LOST: &str = r#"{"etapes":[],"tronquee":true}"#;

    /// The trace in its stored form.
    #[must_use]
    pub fn encode(&self) -> String {
        // `from_utf8_lossy` would check it byte by byte.
        let Ok(steps) = str::from_utf8(&self.steps) else {
            return Self::LOST.to_owned();
        };
        let tail = if self.cut { TAIL } else { END };
        [HEAD, steps, tail].concat()
    }
}

const HEAD: &str = r#"{"etapes":["#;
const END: &str = "]}";
const TAIL: &str = r#"],"tronquee":true}"#;
/// Length of the JSON around the steps, in bytes.
const FRAME: usize = HEAD.len() + TAIL.len();

/// Adds one step. Rule names, value names and borrowed file names are the program's own text, which never needs
/// escaping.
fn print(
    into: &mut Vec<u8>,
    rule: &'static str,
    place: &Place,
    outcome: StepOutcome,
    seen: &[(&'static str, &str)],
    effect: &str,
) -> serde_json::Result<()> {
    put(into, &[r#"{"regle":""#, rule, r#"","fichier":"#]);
    match &place.file {
        Cow::Borrowed(file) => put(into, &["\"", file, "\""]),
        Cow::Owned(file) => serde_json::to_writer(&mut *into, file)?,
    }
    put(into, &[r#","ligne":"#]);
    serde_json::to_writer(&mut *into, &place.line)?;
    put(into, &[r#","resultat":""#, outcome.as_str(), r#"","vu":{"#]);
    for (position, (name, value)) in seen.iter().enumerate() {
        let comma = if position == 0 { "" } else { "," };
        put(into, &[comma, "\"", name, "\":"]);
        serde_json::to_writer(&mut *into, &cut(value))?;
    }
    put(into, &[r#"},"effet":"#]);
    serde_json::to_writer(&mut *into, &cut(effect))?;
    put(into, &["}"]);
    Ok(())
}

/// Appends texts unescaped: formatting them would cost as much as escaping the values.
fn put(into: &mut Vec<u8>, texts: &[&str]) {
    for text in texts {
        into.extend_from_slice(text.as_bytes());
    }
}

fn cut(value: &str) -> Cow<'_, str> {
    // The number of characters never exceeds the number of bytes.
    if value.len() <= MAX_VALUE_CHARS {
        return Cow::Borrowed(value);
    }
    match value.char_indices().nth(MAX_VALUE_CHARS) {
        Some((end, _)) => Cow::Owned(format!("{}…", &value[..end])),
        None => Cow::Borrowed(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn a_long_trace_stays_valid_json_within_its_limit() {
        let mut trace = Trace::default();
        for _ in 0..200 {
            trace.push(
                "transmission",
                &Place::line("transmission.yaml", 1),
                StepOutcome::Matched,
                &[("valeur", &"é\"".repeat(300))],
                "x",
            );
        }
        let text = trace.encode();
        assert!(text.len() <= MAX_BYTES);
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["tronquee"], true);
        let seen = value["etapes"][0]["vu"]["valeur"].as_str().unwrap();
        assert_eq!(seen.chars().count(), MAX_VALUE_CHARS + 1);
        assert_eq!(Trace::resume(&text), trace);
    }

    #[test]
    fn a_stored_trace_resumes_where_it_ended() {
        let step = |trace: &mut Trace, effect: &str| {
            let place = Place::line("statuts.yaml", 3);
            trace.push("statut", &place, StepOutcome::Matched, &[], effect);
        };
        let mut whole = Trace::default();
        assert_eq!(Trace::resume(&whole.encode()), whole);
        step(&mut whole, "a");
        let mut resumed = Trace::resume(&whole.encode());
        step(&mut resumed, "b");
        step(&mut whole, "b");
        assert_eq!(resumed, whole);
    }

    #[test]
    fn a_step_records_everything_about_it() {
        let mut trace = Trace::default();
        let place = Place::line("modeles/l'\"accusé\".txt".to_owned(), 12);
        let seen = [("champ", "\u{1}\n"), ("valeur", "« é »")];
        trace.push("codes", &place, StepOutcome::Error, &seen, "\\");
        trace.push("canal", &place, StepOutcome::NotMatched, &[], "");
        let value: Value = serde_json::from_str(&trace.encode()).unwrap();
        let expected = serde_json::json!({"etapes": [
            {
                "regle": "codes", "fichier": "modeles/l'\"accusé\".txt", "ligne": 12,
                "resultat": "erreur", "vu": {"champ": "\u{1}\n", "valeur": "« é »"}, "effet": "\\",
            },
            {
                "regle": "canal", "fichier": "modeles/l'\"accusé\".txt", "ligne": 12,
                "resultat": "non_applique", "vu": {}, "effet": "",
            },
        ]});
        assert_eq!(value, expected);
    }

    #[test]
    fn an_unread_trace_stays_empty() {
        let mut trace = Trace::unread();
        let place = Place::line("statuts.yaml", 3);
        trace.push("statut", &place, StepOutcome::Matched, &[], "");
        assert_eq!(trace.encode(), Trace::default().encode());
    }
}
