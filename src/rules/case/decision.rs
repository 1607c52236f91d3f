//! A case of a decision: a signalement or a status, and what must come out.
//!
//! It runs through the same decision as everything else.

mod read;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::domain::demande::{NewDemande, Uid};
use crate::domain::instant;
use crate::domain::referentiel::{Bien, Referentiel, Residence};
use crate::domain::signalement::{KEYS, Signalement};
use crate::domain::statut::StatutEvent;
use crate::rules::compile::Generation;
use crate::rules::decide::{self, Decision, StatutDecision};
use crate::rules::diagnostic::{Diagnostic, code};
use crate::rules::foresee::{self, Foreseen};
use crate::rules::pasted;
use crate::rules::source::Located;
use crate::rules::template::Templates;
use crate::rules::trace::Trace;

use super::Title;

pub(super) use read::read;

/// Where an outcome says why there is no more of it; no name that a case may expect.
const WHY: &str = "motif";
/// Where it says why no e-mail could be tried; neither.
const WHY_NO_MAIL: &str = "motif des e-mails";
/// A signalement or a status, and what the rules must make of it.
#[derive(Debug, Clone)]
pub(super) struct DecisionCase {
    input: Input,
    /// Residences of its own, so that the case does not change with the exports.
    residences: Vec<Residence>,
    expected: Vec<(Located, Expected)>,
    /// The templates that it names.
    templates: Vec<Located>,
}

#[derive(Debug, Clone)]
enum Input {
    Signalement(Given),
    Statut(BTreeMap<String, Located>),
}

/// What a case says of its signalement.
#[derive(Debug, Clone, Default)]
struct Given {
    texts: BTreeMap<String, Located>,
    /// Keys that the contract does not know, whose values are no texts.
    autres: Map<String, Value>,
}

/// One value of `attendu`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Expected {
    Text(String),
    List(Vec<String>),
}

/// What a case came to, under the names that `attendu` uses.
type Outcome = BTreeMap<&'static str, Expected>;

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

    pub(super) fn run(&self, title: &Title, generation: &Generation) -> Vec<Diagnostic> {
        let generation = self.with_own_residences(generation);
        let outcome = match &self.input {
            Input::Signalement(given) => signalement(title, given, &generation),
            Input::Statut(given) => statut(title, given, &generation),
        };
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(fault) => return vec![fault],
        };
        let mut differences = Vec::new();
        // Where nothing was decided, there is nothing to compare: what is missing is missing for that.
        let decided = outcome.keys().any(|it| *it != "erreur");
        let of_error = self.expected.iter().find(|(key, _)| key.text == "erreur");
        // An error that nobody expected fails the case, whatever else it looked at.
        if let (Some(Expected::Text(error)), None) = (outcome.get("erreur"), of_error) {
            let uncompared = if decided || self.expected.is_empty() {
                ""
            } else {
                " ; rien n'est décidé, et ce que le cas attend n'a pas pu être comparé"
            };
            let fault = title.fault_at(&title.nom, &format!("{error}{uncompared}"));
            differences.push(fault.caused_by(error));
            if !decided {
                return differences;
            }
        }
        let no_error_told = differences.is_empty();
        let another_error = of_error
            .filter(|(_, wanted)| !decided && !matches("erreur", wanted, outcome.get("erreur")));
        // Why there is no demande, or nothing for SoWell: told once, and not for each value that is
        // missing for it.
        let mut why = match outcome.get(WHY) {
            Some(Expected::Text(why)) => Some(why),
            _ => None,
        };
        let kept_here = why.is_some();
        for (key, wanted) in &self.expected {
            if another_error.is_some() && key.text != "erreur" {
                continue;
            }
            let got = outcome.get(key.text.as_str());
            if matches(&key.text, wanted, got) {
                continue;
            }
            // What is missing for an error, or a template that is not there, is told by that alone.
            let untold = no_error_told && self.missing_template(&generation).is_none();
            if key.text == "accuses" && !untold {
                continue;
            }
            if let Some(what) = misspelt_flag(key, wanted) {
                differences.push(title.fault_at(key, &what));
                continue;
            }
            let follows =
                kept_here && (got.is_none() || ["transmis", "ignore"].contains(&&*key.text));
            let because = match (follows, why.take_if(|_| follows)) {
                (true, None) => continue,
                (true, why) => why,
                (false, _) if key.text == "accuses" => match outcome.get(WHY_NO_MAIL) {
                    Some(Expected::Text(why)) => Some(why),
                    _ => None,
                },
                (false, _) => None,
            };
            let because = because.map(|it| format!(" : {it}")).unwrap_or_default();
            let apart = apart(wanted, got);
            let (wanted, got) = (show(Some(wanted)), show(got));
            let what = format!(
                "{} : attendu {wanted}, obtenu {got}{because}{apart}",
                key.text
            );
            differences.push(title.fault_at(key, &what));
        }
        differences
    }

    fn missing_template(&self, generation: &Generation) -> Option<String> {
        let mut named = self.templates.iter();
        named.find_map(|it| generation.rules.templates.missing(&it.text))
    }

    fn with_own_residences(&self, generation: &Generation) -> Generation {
        let Some(first) = self.residences.first() else {
            return generation.clone();
        };
        // A case with residences of its own has the bien that it names in the one that it names.
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
    let mut signalement = harmless(title, &given.texts, generation)?;
    signalement.autres.extend(given.autres.clone());
    let mut outcome = Outcome::new();
    let foreseen = foresee::signalement(generation, &signalement, &mut Trace::unread());
    let mut put = |key, value: &str| outcome.insert(key, Expected::Text(value.to_owned()));
    match &foreseen.decision {
        Ok(Decision::Transmettre(demande)) => {
            put("transmis", "true");
            describe(demande, &mut put);
        }
        Ok(Decision::Ecarter { motif }) => {
            put("transmis", "false");
            put(WHY, motif);
        }
        Err(error) => {
            put("erreur", &explain(error));
            return Ok(outcome);
        }
    }
    put_accuses(&mut outcome, &foreseen);
    Ok(outcome)
}

fn statut(
    title: &Title,
    given: &BTreeMap<String, Located>,
    generation: &Generation,
) -> Result<Outcome, Diagnostic> {
    let text = |key: &str| given.get(key).map(|it| it.text.clone());
    let rules = &generation.rules;
    let uid = Uid::new("DEM-1".into());
    let event = StatutEvent {
        uid: uid.clone(),
        statut: text("statut")
            .ok_or_else(|| title.fault_at(&title.nom, "la clé « statut » manque"))?,
        date: text("date"),
        resultat: text("resultat"),
        commentaire: text("commentaire"),
        canal: text("canal"),
        evenement: None,
    };
    let canal = event.canal.as_deref().unwrap_or(&rules.statuts.canal);
    let (decision, _) = decide::statut(rules, &event, canal);
    let mut outcome = Outcome::new();
    match decision {
        StatutDecision::Translate { statut_sowell } => {
            outcome.insert("statut_sowell", Expected::Text(statut_sowell));
            outcome.insert("ignore", Expected::Text("false".into()));
        }
        StatutDecision::Ignore { motif } => {
            outcome.insert("ignore", Expected::Text("true".into()));
            outcome.insert(WHY, Expected::Text(motif));
        }
        StatutDecision::Unknown(faults) => {
            let details: Vec<String> = faults.into_iter().map(|it| it.detail).collect();
            outcome.insert("erreur", Expected::Text(details.join(" ; ")));
            return Ok(outcome);
        }
    }
    // E-mails about a status see a demande: that of a harmless signalement, one that the modes
    // let pass, since there would be no status to tell otherwise.
    let mut signalement = harmless(title, &BTreeMap::new(), generation)?;
    signalement.transmettre_auteur = true;
    signalement.transmettre_manager = true;
    if let Some(code) = rules.transmission.categories.keys().next() {
        signalement.qualification.clone_from(code);
    }
    let (decision, _) = decide::signalement(generation, &signalement);
    let why = match decision {
        Ok(Decision::Transmettre(demande)) => {
            let foreseen = foresee::statut(generation, &event, &signalement, &demande);
            put_accuses(&mut outcome, &foreseen);
            return Ok(outcome);
        }
        Ok(Decision::Ecarter { motif }) => motif,
        Err(error) => explain(&error),
    };
    let why = format!("la demande d'essai ne peut pas être faite : {why}");
    outcome.insert(WHY_NO_MAIL, Expected::Text(why));
    Ok(outcome)
}

/// The given keys, and harmless values for the rest.
fn harmless(
    title: &Title,
    given: &BTreeMap<String, Located>,
    generation: &Generation,
) -> Result<Signalement, Diagnostic> {
    let mut harmless = foresee::harmless(generation);
    // A bien that is given alone is in its own residence, and not in one that nobody wrote.
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
        title.fault_at(at, "« date_creation » n'est pas une date ISO 8601 avec fuseau, par exemple 2026-01-15T10:00:00+01:00")
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
        autres: autres(given),
        photos,
    })
}

fn describe(demande: &NewDemande, put: &mut impl FnMut(&'static str, &str) -> Option<Expected>) {
    put("priorite", &demande.priorite);
    put("workflow", &demande.workflow);
    put("statut", &demande.statut);
    put("canal", &demande.canal);
    put(
        "gestionnaire_concerne",
        &demande.gestionnaire_concerne.identifiant,
    );
    put("acteur_en_charge", &demande.acteur_en_charge.identifiant);
    if let Some(word) = &demande.statut_sowell {
        put("statut_sowell", word);
    }
}

fn put_accuses<D>(outcome: &mut Outcome, foreseen: &Foreseen<D>) {
    let names = foreseen.mails.iter().map(|it| it.modele().to_owned());
    outcome.insert("accuses", Expected::List(names.collect()));
    if let Some(error) = foreseen.unwritten().next() {
        outcome.insert("erreur", Expected::Text(error.to_string()));
    }
}

fn explain(error: &decide::Undecided) -> String {
    match error {
        decide::Undecided::UnknownCodes(faults) => {
            let details: Vec<&str> = faults.iter().map(|it| it.detail.as_str()).collect();
            details.join(" ; ")
        }
        other => other.to_string(),
    }
}

/// Keys of a case's signalement that the contract does not know.
fn autres(given: &BTreeMap<String, Located>) -> Map<String, Value> {
    given
        .iter()
        .filter(|(key, _)| !KEYS.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), Value::from(value.text.as_str())))
        .collect()
}

/// Equal, but an error need only contain the expected words, and lists of e-mails have no order.
fn matches(key: &str, wanted: &Expected, got: Option<&Expected>) -> bool {
    match (wanted, got) {
        (Expected::Text(wanted), Some(Expected::Text(got))) if key == "erreur" => {
            got.contains(wanted)
        }
        (Expected::List(wanted), Some(Expected::List(got))) => {
            let (mut wanted, mut got) = (wanted.clone(), got.clone());
            wanted.sort();
            got.sort();
            wanted == got
        }
        // Without a decision, no e-mail goes out.
        (Expected::List(wanted), None) => wanted.is_empty(),
        (wanted, got) => Some(wanted) == got,
    }
}

/// What to write where neither true nor false is expected of what can only be one of them.
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

/// What to write in the place of a word that is neither.
fn true_or_false(word: &str) -> String {
    let instead = match word.to_lowercase().as_str() {
        "oui" | "vrai" | "yes" | "true" | "1" => "true",
        "non" | "faux" | "no" | "false" | "0" => "false",
        _ => "true ou false",
    };
    format!("écrivez {instead}, et non « {word} »")
}

/// What differs between two texts that look the same.
fn apart(wanted: &Expected, got: Option<&Expected>) -> String {
    let note = match (wanted, got) {
        (Expected::Text(wanted), Some(Expected::Text(got))) => pasted::note_apart(wanted, got),
        _ => None,
    };
    note.map(|it| format!(" ; {it}")).unwrap_or_default()
}

fn show(value: Option<&Expected>) -> String {
    match value {
        None => "rien".into(),
        Some(Expected::Text(text)) => format!("« {text} »"),
        Some(Expected::List(names)) if names.is_empty() => "aucun e-mail".into(),
        Some(Expected::List(names)) => format!("[{}]", names.join(", ")),
    }
}

#[cfg(test)]
mod tests;
