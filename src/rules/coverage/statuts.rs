//! Statuses: the status sent to SoWell does not depend on the residence, but the e-mails for it do. So each status is
//! tried with the demandes of a residence, one for each type of manager that its qualifications ask for.

use std::collections::BTreeMap;

use super::causes::{At, Found};
use super::patience::Effort;
use crate::domain::demande::NewDemande;
use crate::domain::signalement::Signalement;
use crate::domain::statut::StatutEvent;
use crate::rules::compile::{Generation, STATUTS, Target};
use crate::rules::decide::StatutDecision;
use crate::rules::foresee;
use crate::rules::trace::Trace;

/// By the type of manager asked for: a forwarded signalement and its demande.
pub(super) type Examples<'g> = BTreeMap<&'g str, (Signalement, NewDemande)>;

/// Every status that the rules know, with each known value of the field that it depends on.
pub(super) struct Statuts {
    /// The events, each with its line in the table.
    events: Vec<(StatutEvent, u32)>,
}

impl Statuts {
    pub(super) fn of(generation: &Generation) -> Self {
        let statuts = &generation.rules.statuts;
        let mut events = Vec::new();
        for (statut, correspondance) in &statuts.table {
            let line = correspondance.line;
            match &correspondance.target {
                Target::Fixed(_) => events.push((event(statut, None), line)),
                Target::Selon { field, values } => {
                    let each = values.keys().map(|value| Some((field.as_str(), value)));
                    events.extend(each.map(|value| (event(statut, value), line)));
                }
            }
        }
        let ignored = statuts.ignorer.iter();
        events.extend(ignored.map(|(statut, line)| (event(statut, None), *line)));
        Self { events }
    }

    /// The number of events.
    pub(super) fn count(&self) -> usize {
        self.events.len()
    }

    /// Decides each event for each of these demandes, until what is left is spent; `at` describes how the signalements
    /// were varied.
    pub(super) fn decide(
        &self,
        generation: &Generation,
        examples: &Examples<'_>,
        at: Option<At>,
        left: Effort,
        found: &mut Found,
    ) {
        for (asked, (signalement, demande)) in examples {
            for (event, line) in &self.events {
                if found.spent.uses_up(left) {
                    return;
                }
                let foreseen = found.decide(|| {
                    let trace = &mut Trace::unread();
                    foresee::statut(generation, event, signalement, demande, trace)
                });
                let statut = &event.statut;
                if let StatutDecision::Unknown(faults) = &foreseen.decision {
                    for fault in faults {
                        let key = (STATUTS.to_owned(), *line, fault.detail.clone());
                        found.holes.entry(key).or_default().touch_statut(statut);
                    }
                }
                for error in foreseen.unwritten().filter(|it| At::counts(at, it)) {
                    let hole = found.hole(&error, signalement);
                    hole.touch_mail(statut, signalement, asked);
                    hole.inputs.extend(at.and_then(|it| it.input));
                }
            }
        }
    }
}

fn event(statut: &str, value: Option<(&str, &String)>) -> StatutEvent {
    let of = |name: &str| {
        let given = value.filter(|(field, _)| *field == name);
        given.map(|(_, value)| value.clone())
    };
    StatutEvent {
        uid: foresee::uid(),
        statut: statut.to_owned(),
        date: None,
        resultat: of("resultat"),
        commentaire: of("commentaire"),
        canal: of("canal"),
        evenement: None,
        message: None,
    }
}
