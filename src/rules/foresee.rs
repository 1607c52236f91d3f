//! What the rules would do, e-mails included, for callers that only ask: cases, `explain`, `coverage` and `impact`.
//! Nothing is created and nothing is sent.

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

/// Date used in every sample signalement.
const HARMLESS_DATE: &str = "2026-01-15T10:00:00+01:00";

/// A decision and the e-mails that the rules ask for, none of them rendered yet.
#[derive(Debug)]
pub struct Asked<D> {
    /// The decision.
    pub decision: D,
    /// The e-mails asked for.
    pub messages: Vec<AccuseMessage>,
    /// Why the script that asks for e-mails failed, if it did.
    pub unasked: Option<ScriptError>,
}

/// A decision with everything that would follow from it.
#[derive(Debug)]
pub struct Foreseen<D> {
    /// The decision.
    pub decision: D,
    /// The e-mails that would be sent.
    pub mails: Vec<ForeseenMail>,
    /// Why the script that asks for e-mails failed, if it did.
    pub unasked: Option<ScriptError>,
}

/// An e-mail that would be sent.
#[derive(Debug)]
pub struct ForeseenMail {
    message: AccuseMessage,
    /// The e-mail, or why it could not be sent.
    written: Result<Rendered, Undecided>,
}

impl ForeseenMail {
    /// The name of its template.
    #[must_use]
    pub fn modele(&self) -> &str {
        &self.message.modele
    }

    /// Its addressee, as the script gave it.
    #[must_use]
    pub fn a(&self) -> &str {
        &self.message.a
    }

    /// Whether it could be sent.
    #[must_use]
    pub fn can_go(&self) -> bool {
        self.written.is_ok()
    }

    /// What it would say; `None` if it could not be sent.
    #[must_use]
    pub fn written(&self) -> Option<&Rendered> {
        self.written.as_ref().ok()
    }
}

impl<D> Foreseen<D> {
    /// Everything that would prevent an e-mail from being written; none of it prevents the creation of the demande.
    pub fn unwritten(&self) -> impl Iterator<Item = Undecided> {
        let unwritten = self.mails.iter();
        let unwritten = unwritten.filter_map(|it| it.written.as_ref().err().cloned());
        let unasked = self.unasked.clone().map(Undecided::from);
        unasked.into_iter().chain(unwritten)
    }
}

/// The UID of a demande that is never created.
#[must_use]
pub fn uid() -> Uid {
    Uid::new("(à venir)".into())
}

/// What the rules would do with a signalement; the steps of the decision are added to the trace.
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

/// What the rules would do about a status change of this demande; the steps are added to the trace.
#[must_use]
pub fn statut(
    generation: &Generation,
    event: &StatutEvent,
    signalement: &Signalement,
    demande: &NewDemande,
    trace: &mut Trace,
) -> Foreseen<StatutDecision> {
    let after = decide::after(event, demande);
    let asked = ask_of_statut(generation, event, signalement, demande, &after, trace);
    let occasion = Occasion::of_statut(event, &asked.decision, &after);
    let mails = mails(generation, signalement, occasion, asked.messages);
    Foreseen {
        mails,
        unasked: asked.unasked,
        decision: asked.decision,
    }
}

/// What would be decided about a signalement, and which e-mails the rules would ask for.
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

/// Like [`ask`], for a status change; `after` is the demande with its new status, see [`decide::after`].
#[must_use]
pub fn ask_of_statut(
    generation: &Generation,
    event: &StatutEvent,
    signalement: &Signalement,
    demande: &NewDemande,
    after: &NewDemande,
    trace: &mut Trace,
) -> Asked<StatutDecision> {
    let canal = decide::channel(&generation.rules, event, &demande.canal);
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

/// Renders an e-mail that was asked for.
///
/// # Errors
/// When it cannot be sent: its template is missing or fails, it has no subject, or its addressee is invalid.
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
        written: write(generation, &context, &message),
        message,
    };
    messages.into_iter().map(write).collect()
}

/// A sample demande whose status can change, and its signalement, which every mode of `transmission.yaml` accepts:
/// otherwise there would be no status to report.
///
/// # Errors
/// Why the rules make no demande of it, in French.
pub fn sample_demande(generation: &Generation) -> Result<(Signalement, NewDemande), String> {
    let mut signalement = harmless(generation);
    signalement.transmettre_auteur = true;
    signalement.transmettre_manager = true;
    if let Some(code) = generation.rules.transmission.categories.keys().next() {
        signalement.qualification.clone_from(code);
    }
    let why = match decide::signalement(generation, &signalement).0 {
        Ok(Decision::Transmettre(demande)) => return Ok((signalement, *demande)),
        Ok(Decision::Ecarter { motif }) => motif,
        Err(error) => error.to_string(),
    };
    Err(format!("la demande d'essai ne peut pas être créée : {why}"))
}

/// A sample signalement: for each code, the first known one in alphabetical order, and neutral values for the rest. The
/// residence is the one with the most kinds of managers: a new residence without managers must not make unrelated
/// checks fail.
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
