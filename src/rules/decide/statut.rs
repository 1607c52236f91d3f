//! Which status SoWell receives for a status change: a word from the landlord's table, or none.

use crate::domain::fault::Fault;
use crate::domain::statut::{SELON_FIELDS, StatutEvent};
use crate::rules::compile::{Correspondance, RuleSet, STATUTS, Statuts, Target};
use crate::rules::diagnostic::suggestion;
use crate::rules::trace::{Place, StepOutcome, Trace};

/// The decision about a status change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatutDecision {
    /// SoWell receives a status.
    Translate {
        /// The status in SoWell's words.
        statut_sowell: String,
    },
    /// SoWell receives nothing.
    Ignore {
        /// The reason, in French.
        motif: String,
    },
    /// The table does not know the status: the change is held until it does.
    Unknown(Vec<Fault>),
}

/// Decides which status SoWell receives for a status change.
#[must_use]
pub fn statut(rules: &RuleSet, event: &StatutEvent, canal: &str) -> (StatutDecision, Trace) {
    let mut trace = Trace::default();
    let decision = statut_with(rules, event, canal, &mut trace);
    (decision, trace)
}

/// The channel by which an event is judged. That of the demande was ours when it was created, even if an edit has
/// renamed the channel since.
#[must_use]
pub fn channel<'a>(rules: &'a RuleSet, event: &'a StatutEvent, created_on: &str) -> &'a str {
    let ours = &rules.statuts.canal;
    match event.canal.as_deref() {
        None => ours,
        Some(canal) if canal == created_on => ours,
        Some(canal) => canal,
    }
}

/// The event's comment, empty if it has none, if the landlord's table chooses the SoWell status by the comment.
#[must_use]
pub fn deciding_comment(rules: &RuleSet, event: &StatutEvent) -> Option<String> {
    match &rules.statuts.table.get(&event.statut)?.target {
        Target::Selon { field, .. } if field == "commentaire" => {
            Some(event.commentaire.clone().unwrap_or_default())
        }
        _ => None,
    }
}

/// Like [`statut`], adding to the caller's trace.
pub(in crate::rules) fn statut_with(
    rules: &RuleSet,
    event: &StatutEvent,
    canal: &str,
    trace: &mut Trace,
) -> StatutDecision {
    let statuts = &rules.statuts;
    if let Some(motif) = motif_of_channel(statuts, canal, trace)
        .or_else(|| motif_of_ignored_statut(statuts, event, trace))
    {
        return StatutDecision::Ignore { motif };
    }
    match statuts.table.get(&event.statut) {
        Some(correspondance) => translate(correspondance, event, trace),
        None => {
            let known = statuts.table.keys().chain(statuts.ignorer.keys());
            let known: Vec<&str> = known.map(String::as_str).collect();
            let fault = Fault::invalid(
                "/statut",
                format!(
                    "statut inconnu des règles : « {} » ; {}",
                    event.statut,
                    suggestion(&event.statut, known)
                ),
            );
            unknown_statut(fault, &Place::line(STATUTS, 0), event, trace)
        }
    }
}

/// The reason, in French, to ignore the status if the demande came through a different channel.
fn motif_of_channel(statuts: &Statuts, canal: &str, trace: &mut Trace) -> Option<String> {
    if canal == statuts.canal {
        return None;
    }
    let motif = format!(
        "le canal de la demande est « {canal} » et non « {} » : rien n'est transmis à SoWell",
        statuts.canal
    );
    trace.push(
        "canal",
        &Place::line(STATUTS, 0),
        StepOutcome::NotMatched,
        &[("canal", canal)],
        &motif,
    );
    Some(motif)
}

/// The reason, in French, to ignore the status if the landlord lists it under `ignorer`.
fn motif_of_ignored_statut(
    statuts: &Statuts,
    event: &StatutEvent,
    trace: &mut Trace,
) -> Option<String> {
    let line = statuts.ignorer.get(&event.statut)?;
    let motif = format!("le statut « {} » n'est pas transmis à SoWell", event.statut);
    trace.push(
        "ignorer",
        &Place::line(STATUTS, *line),
        StepOutcome::Matched,
        &[("statut", &event.statut)],
        &motif,
    );
    Some(motif)
}

/// The status from one line of the table, or from the line below it chosen by a different field of the event.
fn translate(
    correspondance: &Correspondance,
    event: &StatutEvent,
    trace: &mut Trace,
) -> StatutDecision {
    let place = Place::line(STATUTS, correspondance.line);
    let (field, values) = match &correspondance.target {
        Target::Fixed(word) => {
            return translated(word, &place, &[("statut", &event.statut)], trace);
        }
        Target::Selon { field, values } => (field, values),
    };
    let given = event.field(field);
    if let Some((value, word)) = given.and_then(|value| Some((value, values.get(value)?))) {
        let place = Place::line(STATUTS, word.line);
        let seen = [("statut", event.statut.as_str()), ("valeur", value)];
        return translated(&word.text, &place, &seen, trace);
    }
    let detail = match given {
        None => {
            let known = values.keys().cloned().collect::<Vec<_>>().join(", ");
            format!(
                "le statut « {} » demande « {field} » ; valeurs connues : {known}",
                event.statut
            )
        }
        Some(value) => format!(
            "« {field} » vaut « {} », inconnu pour le statut « {} » ; {}",
            excerpt(value),
            event.statut,
            suggestion(value, values.keys().map(String::as_str))
        ),
    };
    let fault = Fault::invalid(format!("/{field}"), detail);
    unknown_statut(fault, &place, event, trace)
}

/// The field that an event lacks, if that is why it is held; `motif` is the text of its fault, as stored.
#[must_use]
pub fn lacking_field(motif: &str) -> Option<&'static str> {
    let (_, rest) = motif.split_once(" » demande « ")?;
    let (name, _) = rest.split_once(" » ; valeurs connues")?;
    SELON_FIELDS.into_iter().find(|it| *it == name)
}

/// A comment may be a page long; a fault quotes only its beginning.
fn excerpt(value: &str) -> String {
    value.chars().take(80).collect()
}

fn translated(
    word: &str,
    place: &Place,
    seen: &[(&'static str, &str)],
    trace: &mut Trace,
) -> StatutDecision {
    trace.push(
        "correspondances",
        place,
        StepOutcome::Matched,
        seen,
        &format!("statut SoWell : {word}"),
    );
    StatutDecision::Translate {
        statut_sowell: word.to_owned(),
    }
}

fn unknown_statut(
    fault: Fault,
    place: &Place,
    event: &StatutEvent,
    trace: &mut Trace,
) -> StatutDecision {
    trace.push(
        "correspondances",
        place,
        StepOutcome::Error,
        &[("statut", &event.statut)],
        &fault.detail,
    );
    StatutDecision::Unknown(vec![fault])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::demande::Uid;
    use crate::domain::fault;
    use crate::rules::case::tests::shipped;
    use crate::rules::compile::{Known, compile};
    use rstest::rstest;

    #[rstest]
    #[case("Clôturée", None, Some("resultat"))]
    #[case("Clôturée", Some("Sans suite"), None)]
    #[case("En expertise", None, None)]
    #[case("x » demande « y » ; valeurs connues", None, None)]
    fn the_field_that_an_event_lacks_is_known_from_its_fault(
        #[case] statut: &str,
        #[case] resultat: Option<&str>,
        #[case] lacking: Option<&str>,
    ) {
        let (rules, exports) = shipped();
        let (generation, _) = compile(&rules, &exports, Known::default());
        let event = StatutEvent {
            uid: Uid::new("DEM-1".into()),
            statut: statut.into(),
            date: None,
            resultat: resultat.map(str::to_owned),
            commentaire: None,
            canal: None,
            evenement: None,
            message: None,
        };
        let (decision, _) = super::statut(&generation.unwrap().rules, &event, "SoWell");
        let StatutDecision::Unknown(faults) = decision else {
            panic!("{decision:?}");
        };
        assert_eq!(lacking_field(&fault::joined(&faults)), lacking);
    }
}
