//! Decisions and what follows from them, told in French: `explain` and the console say the same words.

pub mod recall;
pub mod sent;

use std::fmt;

use serde_json::Value;

use crate::adapters::http::Problem;
use crate::rules::decide::{Decision, Undecided};
use crate::rules::trace::{Place, StepOutcome};

/// The steps of a decision.
#[derive(Debug, Default)]
pub struct Steps {
    /// In the order in which they were taken.
    pub steps: Vec<Step>,
    /// Whether later steps were not kept.
    pub cut: bool,
}

/// One step, ready to be shown.
#[derive(Debug)]
pub struct Step {
    /// The name of the rule.
    pub rule: String,
    /// Its file and line.
    pub place: String,
    /// Its outcome.
    pub outcome: StepOutcome,
    /// The values that it used, by name.
    pub seen: Vec<(String, String)>,
    /// What it did.
    pub effect: String,
}

impl Steps {
    /// The steps of a trace in its stored form.
    ///
    /// # Errors
    /// When it is not one.
    pub fn read(trace: &str) -> serde_json::Result<Self> {
        Ok(Self::of(&serde_json::from_str(trace)?))
    }

    /// The steps of an encoded trace.
    #[must_use]
    pub fn of(trace: &Value) -> Self {
        let steps = trace["etapes"].as_array();
        Self {
            steps: steps.into_iter().flatten().map(Step::of).collect(),
            cut: trace["tronquee"] == true,
        }
    }
}

impl Step {
    fn of(step: &Value) -> Self {
        let text = |key: &str| printable(step[key].as_str());
        let line = step["ligne"].as_u64().unwrap_or(0);
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        let seen = step["vu"].as_object().into_iter().flatten();
        Self {
            rule: text("regle"),
            place: Place::line(text("fichier"), line).to_string(),
            outcome: match step["resultat"].as_str() {
                Some("applique") => StepOutcome::Matched,
                Some("non_applique") => StepOutcome::NotMatched,
                Some("non_evalue") => StepOutcome::NotEvaluated,
                _ => StepOutcome::Error,
            },
            seen: seen
                .map(|(name, value)| (name.clone(), printable(value.as_str())))
                .collect(),
            effect: text("effet"),
        }
    }

    /// Whether the rule failed.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.outcome == StepOutcome::Error
    }

    /// Its outcome in French.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        match self.outcome {
            StepOutcome::Matched => "appliquée",
            StepOutcome::NotMatched => "ne s'applique pas",
            StepOutcome::NotEvaluated => "pas regardée",
            StepOutcome::Error => "erreur",
        }
    }
}

/// As numbered lines.
impl fmt::Display for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in (1..).zip(&self.steps) {
            let (rule, place, outcome) = (&step.rule, &step.place, step.outcome());
            writeln!(f, "{number:>2}. {rule} ({place}) : {outcome}")?;
            for (name, value) in &step.seen {
                writeln!(f, "      {name} = {value}")?;
            }
            writeln!(f, "      → {}", step.effect)?;
        }
        if self.cut {
            writeln!(f, "    … la suite n'a pas été conservée")?;
        }
        Ok(())
    }
}

/// What happens to a signalement.
#[must_use]
pub fn outcome(decision: &Result<Decision, Undecided>) -> String {
    match decision {
        Ok(Decision::Transmettre(_)) => "Le signalement est transmis au CRM.".to_owned(),
        Ok(Decision::Ecarter { motif }) => {
            format!("Le signalement est conservé, sans être transmis : {motif}.")
        }
        Err(Undecided::UnknownCodes(faults)) => {
            let status = Problem::faults(faults.clone()).status();
            format!("Aucune décision : SoWell recevrait un refus ({status}).")
        }
        Err(error) => format!("Aucune décision : {error}."),
    }
}

/// What is said of an e-mail that would fail.
#[must_use]
pub fn unwritten(error: &Undecided) -> String {
    format!("Un e-mail ne pourrait pas être écrit : {error}.")
}

/// Makes outside text safe to show: replaces control characters, but keeps tabs and line breaks. Those of Windows become
/// plain ones, since a return by itself would let a terminal overwrite the line.
#[must_use]
pub fn printable(text: Option<&str>) -> String {
    let steers = |sign: char| sign.is_control() && !matches!(sign, '\n' | '\t');
    let text = text.unwrap_or_default().replace("\r\n", "\n");
    text.replace(steers, "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::trace::Trace;

    #[rstest]
    #[case::lines_of_windows("Bonjour,\r\n\r\n\tmerci\r\n", "Bonjour,\n\n\tmerci\n")]
    #[case::lines("a\nb", "a\nb")]
    #[case::overwriting("a\rb\r\r\n", "a\u{fffd}b\u{fffd}\n")]
    #[case::steering("\u{1b}[31m\0\u{9b}", "\u{fffd}[31m\u{fffd}\u{fffd}")]
    fn a_text_keeps_its_lines_and_steers_nothing(#[case] text: &str, #[case] shown: &str) {
        assert_eq!(printable(Some(text)), shown);
    }

    #[test]
    fn no_part_of_a_step_steers_a_terminal() {
        let mut trace = Trace::default();
        let place = Place::line("statuts.yaml", 3);
        let seen = [("statut", "a\u{1b}[31m")];
        let effect = "inconnu : « a\u{1b}[31m »";
        trace.push("statut", &place, StepOutcome::Error, &seen, effect);
        let read = serde_json::from_str(&trace.encode()).unwrap();
        assert_eq!(
            Steps::of(&read).to_string(),
            " 1. statut (statuts.yaml, ligne 3) : erreur\n      statut = a\u{fffd}[31m\n      \
             → inconnu : « a\u{fffd}[31m »\n"
        );
    }
}
