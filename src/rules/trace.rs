//! What a decision looked at, step by step, so that it can be explained later.

use std::fmt;

use serde_json::{Value, json};

/// The longest encoded trace, in bytes (design.md, invariant 9).
pub const MAX_BYTES: usize = 8 * 1024;

/// Where a shown value is cut, in characters.
const MAX_VALUE_CHARS: usize = 200;

/// The file of a rule and its line, 0 for the file as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Path in the folder of rules or of reference data.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
}

impl Place {
    /// A line of a file.
    #[must_use]
    pub fn line(file: &str, line: u32) -> Self {
        Self {
            file: file.to_owned(),
            line,
        }
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

/// How a rule came out; an error is never folded into "no match".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepOutcome {
    /// It applied.
    Matched,
    /// It was looked at and does not apply.
    NotMatched,
    /// It was not looked at: an earlier rule had settled the question.
    NotEvaluated,
    /// It could not be decided.
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

/// One rule that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The rule's name, e.g. `transmission`.
    pub rule: &'static str,
    /// Where it stands.
    pub place: Place,
    /// How it came out.
    pub outcome: StepOutcome,
    /// What it saw: name and value.
    pub seen: Vec<(&'static str, String)>,
    /// What it did, in French.
    pub effect: String,
}

/// All steps of one decision, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    /// The steps.
    pub steps: Vec<Step>,
}

impl Trace {
    /// Adds a step.
    pub fn push(
        &mut self,
        rule: &'static str,
        place: Place,
        outcome: StepOutcome,
        seen: Vec<(&'static str, &str)>,
        effect: impl Into<String>,
    ) {
        self.steps.push(Step {
            rule,
            place,
            outcome,
            seen: seen
                .into_iter()
                .map(|(name, value)| (name, cut(value)))
                .collect(),
            effect: cut(&effect.into()),
        });
    }

    /// The trace as it is stored: JSON of at most [`MAX_BYTES`].
    #[must_use]
    pub fn encode(&self) -> String {
        const TAIL: &str = r#"],"tronquee":true}"#;
        let mut text = String::from(r#"{"etapes":["#);
        for (index, step) in self.steps.iter().enumerate() {
            let step = encode_step(step).to_string();
            if text.len() + step.len() + 1 + TAIL.len() > MAX_BYTES {
                text.push_str(TAIL);
                return text;
            }
            if index > 0 {
                text.push(',');
            }
            text.push_str(&step);
        }
        text.push_str("]}");
        text
    }
}

fn encode_step(step: &Step) -> Value {
    let seen: serde_json::Map<String, Value> = step
        .seen
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str())))
        .collect();
    json!({
        "regle": step.rule,
        "fichier": step.place.file,
        "ligne": step.place.line,
        "resultat": step.outcome.as_str(),
        "vu": seen,
        "effet": step.effect,
    })
}

fn cut(value: &str) -> String {
    match value.char_indices().nth(MAX_VALUE_CHARS) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_trace_stays_valid_json_within_its_limit() {
        let mut trace = Trace::default();
        for _ in 0..200 {
            trace.push(
                "transmission",
                Place::line("transmission.yaml", 1),
                StepOutcome::Matched,
                vec![("valeur", &"é\"".repeat(300))],
                "x",
            );
        }
        let text = trace.encode();
        assert!(text.len() <= MAX_BYTES);
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["tronquee"], true);
        let seen = value["etapes"][0]["vu"]["valeur"].as_str().unwrap();
        assert_eq!(seen.chars().count(), MAX_VALUE_CHARS + 1);
    }
}
