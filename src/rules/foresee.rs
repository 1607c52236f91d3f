//! What would become of something, its e-mails included, for whoever only asks: cases, `explain`,
//! `coverage` and `impact`. Nothing is created and nothing is sent.

use std::cmp::Reverse;

use serde_json::Map;

use crate::domain::demande::{NewDemande, Uid};
use crate::domain::instant;
use crate::domain::signalement::Signalement;
use crate::domain::statut::StatutEvent;
use crate::rules::compile::Generation;
use crate::rules::decide::{self, Decision, MailContext, Occasion, StatutDecision, Undecided};
use crate::rules::script::{AccuseMessage, ScriptError};
use crate::rules::template::Rendered;
use crate::rules::trace::Trace;

/// The instant of every signalement that nobody sent.
const HARMLESS_DATE: &str = "2026-01-15T10:00:00+01:00";

/// A decision, and the e-mails that the rules ask for on its occasion, none of them written yet.
#[derive(Debug)]
pub struct Asked<D> {
    /// What would be decided.
    pub decision: D,
    /// The e-mails.
    pub messages: Vec<AccuseMessage>,
    /// Why the script that asks for e-mails failed, where it did.
    pub unasked: Option<ScriptError>,
}

/// A decision with everything that would follow from it.
#[derive(Debug)]
pub struct Foreseen<D> {
    /// What would be decided.
    pub decision: D,
    /// The e-mails that would be sent.
    pub mails: Vec<ForeseenMail>,
    /// Why the script that asks for e-mails failed, where it did.
    pub unasked: Option<ScriptError>,
}

/// An e-mail that would be sent.
#[derive(Debug)]
pub struct ForeseenMail {
    message: AccuseMessage,
    /// Why it could not be sent, where it could not.
    unwritten: Option<Undecided>,
}

impl ForeseenMail {
    /// The name of its template.
    #[must_use]
    pub fn modele(&self) -> &str {
        &self.message.modele
    }

    /// Whom it would go to.
    #[must_use]
    pub fn a(&self) -> &str {
        &self.message.a
    }

    /// Whether it could be sent.
    #[must_use]
    pub fn can_go(&self) -> bool {
        self.unwritten.is_none()
    }
}

impl<D> Foreseen<D> {
    /// What would keep an e-mail from being written; it never keeps a demande from being created.
    pub fn unwritten(&self) -> impl Iterator<Item = Undecided> {
        let unwritten = self.mails.iter().filter_map(|it| it.unwritten.clone());
        let unasked = self.unasked.clone().map(Undecided::from);
        unasked.into_iter().chain(unwritten)
    }
}

/// A UID for a demande that nobody creates.
#[must_use]
pub fn uid() -> Uid {
    Uid::new("(à venir)".into())
}

/// What would become of a signalement; how it was decided is added to the trace.
#[must_use]
pub fn signalement(
    generation: &Generation,
    signalement: &Signalement,
    trace: &mut Trace,
) -> Foreseen<Result<Decision, Undecided>> {
    let asked = ask(generation, signalement, trace);
    let uid = uid();
    let occasion = Occasion::of_signalement(&asked.decision, &uid);
    let mails = mails(generation, signalement, occasion, asked.messages);
    Foreseen {
        mails,
        unasked: asked.unasked,
        decision: asked.decision,
    }
}

/// What would become of a status change of this demande.
#[must_use]
pub fn statut(
    generation: &Generation,
    event: &StatutEvent,
    signalement: &Signalement,
    demande: &NewDemande,
) -> Foreseen<StatutDecision> {
    let after = decide::after(event, demande);
    let asked = ask_of_statut(generation, event, signalement, demande, &after);
    let occasion = Occasion::of_statut(event, &asked.decision, &after);
    let mails = mails(generation, signalement, occasion, asked.messages);
    Foreseen {
        mails,
        unasked: asked.unasked,
        decision: asked.decision,
    }
}

/// What would be decided about a signalement, and which e-mails be asked for.
#[must_use]
pub fn ask(
    generation: &Generation,
    signalement: &Signalement,
    trace: &mut Trace,
) -> Asked<Result<Decision, Undecided>> {
    let decision = decide::signalement_with(generation, signalement, trace);
    let uid = uid();
    let occasion = Occasion::of_signalement(&decision, &uid);
    let asked = occasion.map(|it| decide::accuses(generation, signalement, it, trace));
    let (messages, unasked) = asked.unwrap_or_default();
    Asked {
        decision,
        messages,
        unasked,
    }
}

/// The same about a status change of this demande, which is then as `after` says, see [`decide::after`].
#[must_use]
pub fn ask_of_statut(
    generation: &Generation,
    event: &StatutEvent,
    signalement: &Signalement,
    demande: &NewDemande,
    after: &NewDemande,
) -> Asked<StatutDecision> {
    let canal = event.canal.as_deref().unwrap_or(&demande.canal);
    let trace = &mut Trace::unread();
    let decision = decide::statut_with(&generation.rules, event, canal, trace);
    let occasion = Occasion::of_statut(event, &decision, after);
    let asked = occasion.map(|it| decide::accuses(generation, signalement, it, trace));
    let (messages, unasked) = asked.unwrap_or_default();
    Asked {
        decision,
        messages,
        unasked,
    }
}

/// The text of an e-mail that was asked for.
///
/// # Errors
/// When it cannot be sent: its template is missing or fails, it has no subject, or its addressee is none.
pub fn write(
    generation: &Generation,
    context: &MailContext<'_>,
    message: &AccuseMessage,
) -> Result<Rendered, Undecided> {
    if let Some(misaddressed) = generation.rules.scripts.misaddressed(message) {
        return Err(misaddressed.into());
    }
    let written = context.write(message)?;
    match written.without_subject(&message.modele) {
        Some(blank) => Err(blank.into()),
        None => Ok(written),
    }
}

fn mails(
    generation: &Generation,
    signalement: &Signalement,
    occasion: Option<Occasion<'_>>,
    messages: Vec<AccuseMessage>,
) -> Vec<ForeseenMail> {
    let Some(occasion) = occasion else {
        return Vec::new();
    };
    let context = MailContext::new(generation, signalement, occasion);
    let write = |message: AccuseMessage| ForeseenMail {
        unwritten: write(generation, &context, &message).err(),
        message,
    };
    messages.into_iter().map(write).collect()
}

/// A signalement that nobody sent: a known code for each, the first in the alphabet, and values
/// without importance for the rest. The residence is one with all kinds of managers, if there is:
/// one that is new and has none yet must not fail what is about something else.
#[must_use]
pub fn harmless(generation: &Generation) -> Signalement {
    let rules = &generation.rules;
    let residences = generation.referentiel.residences();
    let priorites = &rules.priorites;
    let priorite = priorites.keys().find(|word| *word == "normal");
    let priorite = priorite.or(priorites.keys().next());
    Signalement {
        qualification: rules
            .qualifications
            .keys()
            .min()
            .cloned()
            .unwrap_or_default(),
        residence: residences
            .min_by_key(|it| (Reverse(it.gestionnaires.len()), it.code.as_str()))
            .map(|it| it.code.clone())
            .unwrap_or_default(),
        bien: None,
        auteur: "Camille Durand".into(),
        email_auteur: "camille.durand@locataire.example".into(),
        date_creation: instant::parse(HARMLESS_DATE).unwrap_or_default(),
        date_creation_text: HARMLESS_DATE.into(),
        priorite: priorite.cloned().unwrap_or_default(),
        description: "Essai".into(),
        lien_sowell: "https://manager.sowell.example/signalements/1".into(),
        transmettre_auteur: false,
        transmettre_manager: false,
        autres: Map::new(),
        photos: 0,
    }
}
