//! Which e-mails the rules ask for on an occasion, and what their templates see.

use serde_json::Value;

use super::gone;
use super::signalement::{Decision, Undecided};
use super::statut::StatutDecision;
use crate::domain::demande::{NewDemande, Uid};
use crate::domain::livraison::Courriel;
use crate::domain::referentiel::Referentiel;
use crate::domain::signalement::Signalement;
use crate::domain::statut::StatutEvent;
use crate::rules::addressee;
use crate::rules::compile::{Generation, RuleSet};
use crate::rules::extent::Extent;
use crate::rules::script::{self, A, AccuseMessage, MODELE, ScriptError};
use crate::rules::template::{self, Rendered, TemplateError};
use crate::rules::trace::{Place, StepOutcome, Trace};
use crate::rules::view::{self, Shown};

/// An occasion on which `accuses.rhai` is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion<'a> {
    /// A demande was created.
    Transmis {
        /// Its UID.
        uid: &'a Uid,
        /// The demande as decided.
        demande: &'a NewDemande,
    },
    /// The forwarding rules rejected the signalement.
    Ecarte {
        /// The reason, in French.
        motif: &'a str,
    },
    /// The status of a demande changed.
    Statut {
        /// Its UID.
        uid: &'a Uid,
        /// The demande, with its new status.
        demande: &'a NewDemande,
        /// The status sent to SoWell; `None` if none is sent.
        statut_sowell: Option<&'a str>,
    },
}

impl<'a> Occasion<'a> {
    /// The occasion of a decided signalement, with the UID of its demande; `None` if nothing was decided.
    #[must_use]
    pub fn of_signalement(decision: &'a Result<Decision, Undecided>, uid: &'a Uid) -> Option<Self> {
        match decision {
            Ok(Decision::Transmettre(demande)) => Some(Self::Transmis { uid, demande }),
            Ok(Decision::Ecarter { motif }) => Some(Self::Ecarte { motif }),
            Err(_) => None,
        }
    }

    /// The occasion of a status change; `after` is the demande with its new status, see [`after`]. `None` for a status
    /// that the rules do not know: it is held until they do.
    #[must_use]
    pub fn of_statut(
        event: &'a StatutEvent,
        decision: &'a StatutDecision,
        after: &'a NewDemande,
    ) -> Option<Self> {
        let statut_sowell = match decision {
            StatutDecision::Translate { statut_sowell } => Some(statut_sowell.as_str()),
            StatutDecision::Ignore { .. } => None,
            StatutDecision::Unknown(_) => return None,
        };
        Some(Self::Statut {
            uid: &event.uid,
            demande: after,
            statut_sowell,
        })
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Transmis { .. } => "transmis",
            Self::Ecarte { .. } => "ecarte",
            Self::Statut { .. } => "statut",
        }
    }

    /// The demande of this occasion, if there is one.
    fn content(self) -> Option<&'a NewDemande> {
        match self {
            Self::Transmis { demande, .. } | Self::Statut { demande, .. } => Some(demande),
            Self::Ecarte { .. } => None,
        }
    }

    pub(in crate::rules) fn demande(self, extent: &Extent) -> Shown<'a> {
        match self {
            Self::Transmis { uid, demande } | Self::Statut { uid, demande, .. } => {
                view::demande(uid, demande, extent)
            }
            Self::Ecarte { .. } => Shown::Nothing,
        }
    }
}

/// The demande with the status that an event gives it.
#[must_use]
pub fn after(event: &StatutEvent, demande: &NewDemande) -> NewDemande {
    NewDemande {
        statut: event.statut.clone(),
        ..demande.clone()
    }
}

/// The e-mails that the rules ask for on an occasion. One without an address is included: it becomes a dead letter,
/// which operators see.
///
/// An error affects neither the demande nor the other e-mails: it becomes a step of the trace and is returned for the
/// log.
#[must_use]
pub fn accuses(
    generation: &Generation,
    signalement: &Signalement,
    occasion: Occasion<'_>,
    trace: &mut Trace,
) -> (Vec<AccuseMessage>, Option<ScriptError>) {
    let scripts = &generation.rules.scripts;
    let seen = [("evenement", occasion.kind())];
    let place = Place::line(script::ACCUSES, scripts.accuses_line());
    let (messages, error) =
        scripts.accuses(|extent| view::evenement(signalement, occasion, extent));
    let names: Vec<&str> = messages.iter().map(|it| it.modele.as_str()).collect();
    let (outcome, effect) = match names.as_slice() {
        [] => (StepOutcome::NotMatched, "aucun e-mail".to_owned()),
        [name] => (StepOutcome::Matched, format!("e-mail {name}")),
        names => (
            StepOutcome::Matched,
            format!("e-mails {}", names.join(", ")),
        ),
    };
    if error.is_none() || !messages.is_empty() {
        trace.push("accuses", &place, outcome, &seen, &effect);
    }
    for it in &messages {
        if addressee::is_absent(&it.a) {
            let effect = format!("e-mail {} : il n'a pas d'adresse", it.modele);
            trace.push("accuses", &place, StepOutcome::Error, &seen, &effect);
        }
    }
    if let Some(error) = &error {
        let place = Place::line(error.file, error.line.unwrap_or(0));
        trace.push("accuses", &place, StepOutcome::Error, &seen, &error.message);
    }
    (messages, error)
}

/// Renders an e-mail from its parsed stored context. A value that was unknown when the context was stored is looked up
/// in the current data, so that a dead letter can be sent once the data is corrected; if it is still unknown, the
/// values stored in the demande are used.
///
/// # Errors
/// When its template is missing or fails.
pub fn write_stored(
    generation: &Generation,
    courriel: &Courriel,
    context: &Value,
) -> Result<Rendered, TemplateError> {
    let code = |name: &str| context["signalement"][name].as_str();
    let known = |name: &str, extent: &Extent| of_landlord(generation, name, code(name)?, extent);
    let values = |name: &str, extent: &Extent| {
        // These two are not part of the context.
        if let Some(of_message) = of_message(name, &courriel.a, &courriel.modele) {
            return Some(of_message);
        }
        let stored = template::values_of(context)(name, extent)?;
        if stored != Shown::Json(&Value::Null) {
            return Some(stored);
        }
        let kept = |field: &str| context["demande"][field].as_str();
        let stand_in = || gone::stand_in(name, code(name)?, kept);
        Some(known(name, extent).or_else(stand_in).unwrap_or(stored))
    };
    let is_gone = |name: &str| context[name].is_null() && known(name, &Extent::NOTHING).is_none();
    let written = generation.rules.templates.mail(&courriel.modele, &values);
    written.map_err(|it| gone::explained(it, |name| code(name).filter(|_| is_gone(name))))
}

/// A message's own `a` and `modele`, under the names that the script uses.
fn of_message<'a>(name: &str, a: &'a str, modele: &'a str) -> Option<Shown<'a>> {
    match name {
        A => Some(Shown::Text(a)),
        MODELE => Some(Shown::Text(modele)),
        _ => None,
    }
}

/// The current value for a code; `None` if the code is unknown or no longer known.
fn of_landlord<'a>(
    generation: &'a Generation,
    name: &str,
    code: &str,
    extent: &Extent,
) -> Option<Shown<'a>> {
    let Generation {
        rules, referentiel, ..
    } = generation;
    match name {
        "residence" => {
            let found = referentiel.residence(code)?;
            Some(view::residence(found, extent))
        }
        "bien" => Some(view::bien(referentiel.bien(code)?, extent)),
        "qualification" => {
            let found = rules.qualifications.get(code)?;
            Some(view::qualification(found, extent))
        }
        "priorite" => Some(Shown::Text(&rules.priorites.get(code)?.text)),
        _ => None,
    }
}

/// What the template of an e-mail sees besides the keys of the message itself.
pub struct MailContext<'a> {
    generation: &'a Generation,
    signalement: &'a Signalement,
    occasion: Occasion<'a>,
}

impl<'a> MailContext<'a> {
    /// The context of an occasion.
    #[must_use]
    pub fn new(
        generation: &'a Generation,
        signalement: &'a Signalement,
        occasion: Occasion<'a>,
    ) -> Self {
        Self {
            generation,
            signalement,
            occasion,
        }
    }

    /// Whether every template would see the same values in both contexts.
    #[must_use]
    pub fn shows_the_same_as(&self, other: &Self) -> bool {
        let it = self.signalement;
        let [one, two] = [self, other].map(|it| (&it.generation.rules, &it.generation.referentiel));
        let priorite = |rules: &'a RuleSet| {
            let word = rules.priorites.get(&it.priorite);
            word.map(|word| &word.text)
        };
        let bien = |all: &'a Referentiel| it.bien.as_deref().and_then(|code| all.bien(code));
        it == other.signalement
            && self.occasion == other.occasion
            && priorite(one.0) == priorite(two.0)
            && one.0.qualifications.get(&it.qualification)
                == two.0.qualifications.get(&it.qualification)
            && one.1.residence(&it.residence) == two.1.residence(&it.residence)
            && bien(one.1) == bien(two.1)
    }

    /// The code in the signalement for the value of this name.
    fn code(&self, name: &str) -> Option<&'a str> {
        let it = self.signalement;
        match name {
            "residence" => Some(&it.residence),
            "bien" => it.bien.as_deref(),
            "qualification" => Some(&it.qualification),
            "priorite" => Some(&it.priorite),
            _ => None,
        }
    }

    /// The value of this name; `None` if its code is no longer known.
    fn known(&self, name: &str, extent: &Extent) -> Option<Shown<'a>> {
        let it = self.signalement;
        match name {
            "signalement" => Some(view::signalement(it, extent)),
            "demande" => Some(self.occasion.demande(extent)),
            "evenement" => Some(view::evenement(it, self.occasion, extent)),
            name => of_landlord(self.generation, name, self.code(name)?, extent),
        }
    }

    /// Renders one of the e-mails.
    ///
    /// # Errors
    /// When its template is missing or fails.
    pub fn write(&self, message: &AccuseMessage) -> Result<Rendered, TemplateError> {
        let kept = |field: &str| match (self.occasion.content()?, field) {
            (demande, "priorite") => Some(demande.priorite.as_str()),
            (demande, "residence") => Some(demande.residence.as_str()),
            (demande, "workflow") => Some(demande.workflow.as_str()),
            _ => None,
        };
        let values = |name: &str, extent: &Extent| {
            if !view::OF_MAIL.contains(&name) {
                let of_message = of_message(name, &message.a, &message.modele);
                return of_message.or_else(|| message.values.get(name).map(Shown::Json));
            }
            let stand_in = || gone::stand_in(name, self.code(name)?, kept);
            let known = self.known(name, extent).or_else(stand_in);
            Some(known.unwrap_or(Shown::Nothing))
        };
        let written = self
            .generation
            .rules
            .templates
            .mail(&message.modele, &values);
        let is_gone = |name: &str| self.known(name, &Extent::NOTHING).is_none();
        written.map_err(|it| gone::explained(it, |name| self.code(name).filter(|_| is_gone(name))))
    }

    /// The e-mails to send, each with everything that its template may need, since the template may change before then.
    #[must_use]
    pub fn courriels(&self, messages: Vec<AccuseMessage>) -> Vec<Courriel> {
        if messages.is_empty() {
            return Vec::new();
        }
        let known = view::OF_MAIL.map(|name| {
            let value = match name {
                // The signalement and the demande are stored beside the context; `template::values_of` joins them
                // again.
                "evenement" => Some(view::evenement_alone(self.occasion)),
                // A value that is gone is stored as missing: its code may be known again by the time the e-mail is
                // written.
                name => self.known(name, &Extent::Whole),
            };
            (name, value.unwrap_or(Shown::Nothing))
        });
        let write = |message: AccuseMessage| {
            // A message's own keys never hide the values that every template may rely on.
            let own = message.values.iter();
            let own = own.filter(|(name, _)| !view::OF_MAIL.contains(&name.as_str()));
            let own = own.map(|(name, it)| (name.as_str(), Shown::Json(it)));
            let context = Shown::Entries(known.iter().cloned().chain(own).collect());
            // Only names and texts: they always serialize.
            let context = serde_json::to_string(&context).unwrap_or_default();
            Courriel {
                a: message.a,
                modele: message.modele,
                context: context.into(),
            }
        };
        messages.into_iter().map(write).collect()
    }
}

#[cfg(test)]
mod tests;
