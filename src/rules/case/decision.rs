//! A case of a decision: a signalement or a status, and the expected result.
//!
//! It runs through the same decision as the live flows.

mod origin;
mod outcome;
mod read;
mod unknown;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::domain::demande::{NewDemande, Uid};
use crate::domain::fault;
use crate::domain::instant;
use crate::domain::referentiel::{Bien, Referentiel, Residence};
use crate::domain::signalement::Signalement;
use crate::domain::statut::StatutEvent;
use crate::rules::compile::Generation;
use crate::rules::decide::{self, Decision, StatutDecision, Undecided};
use crate::rules::diagnostic::{Diagnostic, code};
use crate::rules::foresee;
use crate::rules::place::Located;
use crate::rules::template::Templates;
use crate::rules::trace::Trace;

use super::Title;
use outcome::{ACCUSES, ERREUR, Outcome};

pub(super) use read::read;

/// A signalement or a status, and the expected result of the rules.
#[derive(Debug, Clone)]
pub(super) struct DecisionCase {
    input: Input,
    /// The case's own residences, which keep it independent of the exports.
    residences: Vec<Residence>,
    expected: Vec<(Located, Expected)>,
    /// The templates that it names.
    templates: Vec<Located>,
}

/// A demande whose status can change, and its signalement, or why the rules make none.
type Sample = Result<(Signalement, NewDemande), String>;

/// The sample demandes of status cases, made once for all cases with the same residences: if a script reaches a limit,
/// making one takes as long as hundreds of cases.
#[derive(Debug, Default)]
pub(super) struct Samples<'c>(Vec<(&'c [Residence], Sample)>);

impl<'c> Samples<'c> {
    /// The sample for a case with these residences of its own; `generation` has them already.
    fn of(&mut self, own: &'c [Residence], generation: &Generation) -> &Sample {
        let known = self.0.iter().position(|(it, _)| *it == own);
        let at = known.unwrap_or_else(|| {
            self.0.push((own, foresee::sample_demande(generation)));
            self.0.len() - 1
        });
        &self.0[at].1
    }
}

#[derive(Debug, Clone)]
enum Input {
    Signalement(Given),
    Statut(BTreeMap<String, Located>),
}

/// The keys that a case gives of its signalement.
#[derive(Debug, Clone, Default)]
struct Given {
    texts: BTreeMap<String, Located>,
    /// The keys outside the contract, with values of any type.
    autres: Map<String, Value>,
}

/// One value of `attendu`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Expected {
    Text(String),
    List(Vec<String>),
}

impl DecisionCase {
    pub(super) fn check_names(
        &self,
        title: &Title,
        templates: &Templates,
        faults: &mut Vec<Diagnostic>,
    ) {
        for named in &self.templates {
            if let Some(message) = templates.missing(&named.text) {
                faults.push(Diagnostic::at(
                    code::TEMPLATE,
                    &title.file,
                    named.line,
                    named.column,
                    message,
                ));
            }
        }
    }

    pub(super) fn run<'c>(
        &'c self,
        title: &Title,
        generation: &Generation,
        samples: &mut Samples<'c>,
    ) -> Vec<Diagnostic> {
        let generation = self.with_own_residences(generation);
        let outcome = match &self.input {
            Input::Signalement(given) => signalement(title, given, &generation),
            Input::Statut(given) => statut(title, given, &generation, || {
                samples.of(&self.residences, &generation)
            }),
        };
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(fault) => return vec![fault],
        };
        let mut of_error = self.expected.iter().filter(|(key, _)| key.text == ERREUR);
        let of_error = of_error.next();
        // An unexpected error fails the case, whatever else it compares.
        let unexpected = outcome.error.as_ref().filter(|_| of_error.is_none());
        let mut differences: Vec<Diagnostic> = unexpected
            .map(|error| self.unexpected(title, error, &outcome))
            .unwrap_or_default();
        // If nothing was decided, there is nothing to compare: all values are missing for the same reason.
        let only_error = !outcome.is_decided()
            && match of_error {
                Some((key, wanted)) => outcome.difference(key, wanted).is_some(),
                None => unexpected.is_some(),
            };
        // Missing e-mails are not reported if an unexpected error or a missing template explains them.
        let mails_told = unexpected.is_some() || self.missing_template(&generation).is_some();
        let mut why_told = false;
        for (key, wanted) in &self.expected {
            let untold = only_error && key.text != ERREUR || mails_told && key.text == ACCUSES;
            let Some(what) = outcome.difference(key, wanted).filter(|_| !untold) else {
                continue;
            };
            if let Some(what) = misspelt_flag(key, wanted) {
                differences.push(title.fault_at(key, &what));
                continue;
            }
            // The reason is reported once, not for each value that is missing because of it.
            let follows = outcome.follows_from_why(&key.text);
            if follows && why_told {
                continue;
            }
            why_told |= follows;
            differences.push(title.fault_at(key, &what));
        }
        differences
    }

    /// The faults to report for an error that the case does not expect: one for each code that is not known, otherwise
    /// a single one.
    fn unexpected(&self, title: &Title, error: &str, outcome: &Outcome) -> Vec<Diagnostic> {
        let uncompared = if outcome.is_decided() || self.expected.is_empty() {
            ""
        } else {
            " ; rien n'est décidé, et ce que le cas attend n'a pas pu être comparé"
        };
        let origin = outcome.origin.as_deref().unwrap_or_default();
        if outcome.unknown.is_empty() {
            let fault = title.fault_at(&title.nom, &format!("{error}{origin}{uncompared}"));
            return vec![fault.caused_by(error)];
        }
        let codes = outcome.unknown.iter().map(|it| {
            let fault = title.fault_at(&it.at, &format!("{}{}{uncompared}", it.error, it.hint));
            fault.caused_by(&it.error)
        });
        codes.collect()
    }

    fn missing_template(&self, generation: &Generation) -> Option<String> {
        let mut named = self.templates.iter();
        named.find_map(|it| generation.rules.templates.missing(&it.text))
    }

    fn with_own_residences(&self, generation: &Generation) -> Generation {
        let Some(first) = self.residences.first() else {
            return generation.clone();
        };
        // A case with its own residences gets the bien that it names, in the residence that it names.
        let bien = match &self.input {
            Input::Signalement(Given { texts: given, .. }) => given.get("bien").map(|bien| Bien {
                code: &bien.text,
                residence: given.get("residence").map_or(&first.code, |it| &it.text),
                libelle: &bien.text,
                line: 0,
            }),
            Input::Statut(_) => None,
        };
        let own = Referentiel::new(self.residences.iter().cloned(), bien);
        generation.with_referentiel(Arc::new(own))
    }
}

fn signalement(
    title: &Title,
    given: &Given,
    generation: &Generation,
) -> Result<Outcome, Diagnostic> {
    let signalement = harmless(title, given, generation)?;
    let mut outcome = Outcome::default();
    let foreseen = foresee::signalement(generation, &signalement, &mut Trace::unread());
    match &foreseen.decision {
        Ok(Decision::Transmettre(demande)) => {
            outcome.put("transmis", "true");
            describe(demande, &mut outcome);
        }
        Ok(Decision::Ecarter { motif }) => {
            outcome.put("transmis", "false");
            outcome.why = Some(motif.clone());
        }
        Err(error) => {
            outcome.error = Some(error.to_string());
            outcome.origin = origin::of_signalement(&generation.rules, &signalement);
            if let Undecided::UnknownCodes(faults) = error {
                outcome.unknown = unknown::codes(faults, given, generation).unwrap_or_default();
            }
            return Ok(outcome);
        }
    }
    outcome.put_accuses(&foreseen);
    Ok(outcome)
}

fn statut<'s>(
    title: &Title,
    given: &BTreeMap<String, Located>,
    generation: &Generation,
    sample: impl FnOnce() -> &'s Sample,
) -> Result<Outcome, Diagnostic> {
    let text = |key: &str| given.get(key).map(|it| it.text.clone());
    let rules = &generation.rules;
    let uid = Uid::new("DEM-1".into());
    // A status without a channel belongs to the channel of the demande.
    let canal = text("canal").unwrap_or_else(|| rules.statuts.canal.clone());
    let event = StatutEvent {
        uid: uid.clone(),
        statut: text("statut")
            .ok_or_else(|| title.fault_at(&title.nom, "la clé « statut » manque"))?,
        date: text("date"),
        resultat: text("resultat"),
        commentaire: text("commentaire"),
        canal: Some(canal.clone()),
        evenement: text("evenement"),
        message: None,
    };
    let (decision, _) = decide::statut(rules, &event, &canal);
    let mut outcome = Outcome::default();
    match decision {
        StatutDecision::Translate { statut_sowell } => {
            outcome.put("statut_sowell", &statut_sowell);
            outcome.put("ignore", "false");
        }
        StatutDecision::Ignore { motif } => {
            outcome.put("ignore", "true");
            outcome.why = Some(motif);
        }
        StatutDecision::Unknown(faults) => {
            outcome.error = Some(fault::joined(&faults));
            outcome.origin = origin::of_statut(rules, &event);
            return Ok(outcome);
        }
    }
    // E-mails about a status need a demande.
    match sample() {
        Ok((signalement, demande)) => {
            let trace = &mut Trace::unread();
            let foreseen = foresee::statut(generation, &event, signalement, demande, trace);
            outcome.put_accuses(&foreseen);
        }
        Err(why) => outcome.why_no_mail = Some(why.clone()),
    }
    Ok(outcome)
}

/// The signalement of a case: the given keys, and neutral values for the rest.
fn harmless(
    title: &Title,
    given: &Given,
    generation: &Generation,
) -> Result<Signalement, Diagnostic> {
    let Given {
        texts: given,
        autres,
    } = given;
    let mut harmless = foresee::harmless(generation);
    // A bien given without a residence is in its own residence, not in a default one.
    let bien = given.get("bien").map(|it| it.text.as_str());
    if let Some(bien) = bien.and_then(|code| generation.referentiel.bien(code)) {
        bien.residence.clone_into(&mut harmless.residence);
    }
    let text =
        |key: &str, otherwise: String| given.get(key).map_or(otherwise, |it| it.text.clone());
    let flag = |key: &str| match given.get(key).map(|it| it.text.as_str()) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(word) => {
            let what = format!("« {key} » : {}", true_or_false(word));
            Err(title.fault_at(&given[key], &what))
        }
    };
    let date_creation_text = text("date_creation", harmless.date_creation_text);
    let date_creation = instant::parse(&date_creation_text).ok_or_else(|| {
        let at = given.get("date_creation").unwrap_or(&title.nom);
        let why = instant::why_not(&date_creation_text);
        title.fault_at(at, &format!("« date_creation » {why}"))
    })?;
    let photos = text("photos", "0".into()).parse().map_err(|_| {
        let at = given.get("photos").unwrap_or(&title.nom);
        title.fault_at(at, "« photos » est ici le nombre de photos")
    })?;
    Ok(Signalement {
        qualification: text("qualification", harmless.qualification),
        residence: text("residence", harmless.residence),
        bien: given.get("bien").map(|it| it.text.clone()),
        auteur: text("auteur", harmless.auteur),
        email_auteur: text("email_auteur", harmless.email_auteur),
        date_creation,
        date_creation_text,
        priorite: text("priorite", harmless.priorite),
        description: text("description", harmless.description),
        lien_sowell: text("lien_sowell", harmless.lien_sowell),
        transmettre_auteur: flag("transmettre_auteur")?,
        transmettre_manager: flag("transmettre_manager")?,
        autres: autres.clone(),
        photos,
    })
}

fn describe(demande: &NewDemande, outcome: &mut Outcome) {
    outcome.put("priorite", &demande.priorite);
    outcome.put("workflow", &demande.workflow);
    outcome.put("statut", &demande.statut);
    outcome.put("canal", &demande.canal);
    outcome.put(
        "gestionnaire_concerne",
        &demande.gestionnaire_concerne.identifiant,
    );
    outcome.put("acteur_en_charge", &demande.acteur_en_charge.identifiant);
    if let Some(word) = &demande.statut_sowell {
        outcome.put("statut_sowell", word);
    }
}

/// What to write if the case expects a word other than true or false of a boolean.
fn misspelt_flag(key: &Located, wanted: &Expected) -> Option<String> {
    let Expected::Text(word) = wanted else {
        return None;
    };
    let is_flag = ["transmis", "ignore"].contains(&key.text.as_str());
    if !is_flag || ["true", "false"].contains(&word.as_str()) {
        return None;
    }
    Some(format!("{} : {}", key.text, true_or_false(word)))
}

/// What to write instead of a word that is neither true nor false.
fn true_or_false(word: &str) -> String {
    let instead = match word.to_lowercase().as_str() {
        "oui" | "vrai" | "yes" | "true" | "1" => "true",
        "non" | "faux" | "no" | "false" | "0" => "false",
        _ => "true ou false",
    };
    format!("écrivez {instead}, et non « {word} »")
}

#[cfg(test)]
mod tests;
