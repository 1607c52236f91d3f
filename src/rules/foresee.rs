//! What would become of something, its e-mails included, for whoever only asks: cases, `explain`,
//! `coverage` and `impact`. Nothing is created and nothing is sent.

use serde_json::Map;

use crate::domain::demande::{NewDemande, Uid};
use crate::domain::instant;
use crate::domain::signalement::Signalement;
use crate::domain::statut::StatutEvent;
use crate::rules::compile::Generation;
use crate::rules::decide::{self, Decision, MailContext, Occasion, StatutDecision, Undecided};
use crate::rules::script::{AccuseMessage, ScriptError};
use crate::rules::template::{Rendered, TemplateError, TemplateValue};
use crate::rules::trace::Trace;
use crate::rules::view::Seen;

/// The instant of every signalement that nobody sent.
const HARMLESS_DATE: &str = "2026-01-15T10:00:00+01:00";

/// A decision with everything that would follow from it.
#[derive(Debug)]
pub struct Foreseen<D> {
    /// What would be decided.
    pub decision: D,
    /// The e-mails that would be sent.
    pub mails: Vec<ForeseenMail>,
    /// Why the script that asks for e-mails failed, where it did.
    pub unasked: Option<ScriptError>,
    /// How it was decided.
    pub trace: Trace,
}

/// An e-mail that would be sent.
#[derive(Debug)]
pub struct ForeseenMail {
    message: AccuseMessage,
    rendered: Result<Rendered, TemplateError>,
}

impl ForeseenMail {
    /// The name of its template.
    #[must_use]
    pub fn modele(&self) -> &str {
        &self.message.modele
    }

    /// Whether it says the same to the same person.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        self.message.a == other.message.a && self.rendered == other.rendered
    }
}

impl<D> Foreseen<D> {
    /// What would keep an e-mail from being written; it never keeps a demande from being created.
    pub fn unwritten(&self) -> impl Iterator<Item = Undecided> {
        let unrendered = self
            .mails
            .iter()
            .filter_map(|it| it.rendered.as_ref().err());
        let unrendered = unrendered.cloned().map(Undecided::from);
        self.unasked
            .clone()
            .map(Undecided::from)
            .into_iter()
            .chain(unrendered)
    }
}

/// A UID for a demande that nobody creates.
#[must_use]
pub fn uid() -> Uid {
    Uid::new("(à venir)".into())
}

/// What would become of a signalement.
#[must_use]
pub fn signalement(
    generation: &Generation,
    signalement: &Signalement,
) -> Foreseen<Result<Decision, Undecided>> {
    let (decision, mut trace) = decide::signalement(generation, signalement);
    let uid = uid();
    let occasion = match &decision {
        Ok(Decision::Transmettre(demande)) => Some(Occasion::Transmis { uid: &uid, demande }),
        Ok(Decision::Ecarter { motif }) => Some(Occasion::Ecarte { motif }),
        Err(_) => None,
    };
    let (mails, unasked) = mails(generation, signalement, occasion, &mut trace);
    Foreseen {
        decision,
        mails,
        unasked,
        trace,
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
    let canal = event.canal.as_deref().unwrap_or(&demande.canal);
    let (decision, mut trace) = decide::statut(&generation.rules, event, canal);
    let after = decide::after(event, demande);
    let occasion = Occasion::of_statut(event, &decision, &after);
    let (mails, unasked) = mails(generation, signalement, occasion, &mut trace);
    Foreseen {
        decision,
        mails,
        unasked,
        trace,
    }
}

fn mails(
    generation: &Generation,
    signalement: &Signalement,
    occasion: Option<Occasion<'_>>,
    trace: &mut Trace,
) -> (Vec<ForeseenMail>, Option<ScriptError>) {
    let Some(occasion) = occasion else {
        return (Vec::new(), None);
    };
    let (messages, unasked) = decide::accuses(generation, signalement, occasion, trace);
    let context = MailContext::new(generation, signalement, occasion);
    let write = |message: AccuseMessage| {
        let values = |name: &str| {
            let own = || message.values.get(name).map(TemplateValue::json);
            context.value(name).or_else(own)
        };
        let rendered = generation.rules.templates.mail(&message.modele, &values);
        ForeseenMail { message, rendered }
    };
    (messages.into_iter().map(write).collect(), unasked)
}

/// A signalement that nobody sent: a known code for each, the first in the alphabet, and values
/// without importance for the rest.
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
            .map(|it| it.code.as_str())
            .min()
            .unwrap_or_default()
            .to_owned(),
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
