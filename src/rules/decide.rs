//! The one idea: a decision is a pure function of the rules, the reference data and the input.
//!
//! The live flows, the admins' cases and every tool that asks "what would happen if" call these
//! functions; there is no second version of them. No clock, no I/O, no global.

use std::iter;

use crate::domain::demande::{NewDemande, Uid};
use crate::domain::fault::Fault;
use crate::domain::livraison::Courriel;
use crate::domain::referentiel::{Bien, Referentiel, Residence};
use crate::domain::signalement::Signalement;
use crate::domain::statut::StatutEvent;
use crate::rules::compile::{
    Generation, Mode, PRIORITES, QUALIFICATIONS, Qualification, RuleSet, STATUTS, TRANSMISSION,
    Target, Transmission, Word,
};
use crate::rules::diagnostic::suggestion;
use crate::rules::extent::Extent;
use crate::rules::referentiel::{BIENS, RESIDENCES};
use crate::rules::script::{self, AccuseMessage, ScriptError};
use crate::rules::template::{self, TemplateError};
use crate::rules::trace::{Place, StepOutcome, Trace};
use crate::rules::view::{self, Shown};

/// What becomes of a signalement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It goes to the CRM as this demande.
    Transmettre(Box<NewDemande>),
    /// It is kept here.
    Ecarter {
        /// Why, in French.
        motif: String,
    },
}

/// Why no decision could be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Undecided {
    /// The signalement names something that the landlord does not know.
    #[error("the signalement names codes that are unknown here")]
    UnknownCodes(Vec<Fault>),
    /// A script failed.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// A template failed.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

/// What SoWell is told of a status change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatutDecision {
    /// This word.
    Translate {
        /// SoWell's word.
        statut_sowell: String,
    },
    /// Nothing.
    Ignore {
        /// Why, in French.
        motif: String,
    },
    /// The table does not know it: kept until it does.
    Unknown(Vec<Fault>),
}

/// The codes of a signalement, of which some may be missing while others can be checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Codes {
    /// `qualification`, where well formed.
    pub qualification: Option<String>,
    /// `residence`, where well formed.
    pub residence: Option<String>,
    /// `bien`, where given and well formed.
    pub bien: Option<String>,
    /// `priorite`, where well formed.
    pub priorite: Option<String>,
}

impl Codes {
    /// The codes of a whole signalement.
    #[must_use]
    pub fn of(signalement: &Signalement) -> Self {
        Self {
            qualification: Some(signalement.qualification.clone()),
            residence: Some(signalement.residence.clone()),
            bien: signalement.bien.clone(),
            priorite: Some(signalement.priorite.clone()),
        }
    }
}

/// Every code that the landlord does not know, each with its pointer.
#[must_use]
pub fn unknown_codes(generation: &Generation, codes: &Codes) -> Vec<Fault> {
    let (rules, referentiel) = (&generation.rules, &generation.referentiel);
    let mut faults = Vec::new();
    if let Some(code) = &codes.qualification
        && !rules.qualifications.contains_key(code)
    {
        faults.push(Fault::invalid(
            "/qualification",
            format!("qualification inconnue : « {code} »"),
        ));
    }
    if let Some(code) = &codes.residence
        && referentiel.residence(code).is_none()
    {
        faults.push(Fault::invalid(
            "/residence",
            format!("résidence inconnue : « {code} »"),
        ));
    }
    if let Some(code) = &codes.bien {
        match referentiel.bien(code) {
            None => faults.push(Fault::invalid(
                "/bien",
                format!("bien inconnu : « {code} »"),
            )),
            Some(bien) => {
                let elsewhere = codes.residence.as_ref().filter(|it| *it != bien.residence);
                if let Some(residence) = elsewhere {
                    faults.push(Fault::invalid(
                        "/bien",
                        format!("le bien « {code} » n'est pas dans la résidence « {residence} »"),
                    ));
                }
            }
        }
    }
    if let Some(word) = &codes.priorite
        && !rules.priorites.contains_key(word)
    {
        let known = rules.priorites.keys().map(String::as_str);
        faults.push(Fault::invalid(
            "/priorite",
            format!(
                "priorité inconnue : « {word} » ; {}",
                suggestion(word, known)
            ),
        ));
    }
    faults
}

/// Everything that a signalement's codes point at, looked up once.
struct Subject<'g> {
    signalement: &'g Signalement,
    priorite: &'g Word,
    qualification: &'g Qualification,
    residence: &'g Residence,
    bien: Option<Bien<'g>>,
}

impl<'g> Subject<'g> {
    fn look_up(generation: &'g Generation, signalement: &'g Signalement) -> Option<Self> {
        let bien = match &signalement.bien {
            Some(code) => {
                let bien = generation.referentiel.bien(code)?;
                Some(bien).filter(|it| it.residence == signalement.residence)?;
                Some(bien)
            }
            None => None,
        };
        Some(Self {
            signalement,
            priorite: generation.rules.priorites.get(&signalement.priorite)?,
            qualification: generation
                .rules
                .qualifications
                .get(&signalement.qualification)?,
            residence: generation.referentiel.residence(&signalement.residence)?,
            bien,
        })
    }

    /// What templates see under a name, without what only an e-mail has.
    fn value(&self, name: &str, extent: &Extent) -> Option<Shown<'g>> {
        Some(match name {
            "signalement" => view::signalement(self.signalement, extent),
            "residence" => view::residence(self.residence, extent),
            "bien" => self
                .bien
                .map_or(Shown::Nothing, |bien| view::bien(bien, extent)),
            "qualification" => view::qualification(self.qualification, extent),
            "priorite" => Shown::Text(&self.priorite.text),
            _ => return None,
        })
    }
}

/// Decides what becomes of a signalement; the trace is there whatever comes out.
pub fn signalement(
    generation: &Generation,
    signalement: &Signalement,
) -> (Result<Decision, Undecided>, Trace) {
    let mut trace = Trace::default();
    let decision = signalement_with(generation, signalement, &mut trace);
    (decision, trace)
}

/// The same with a trace that the caller has.
pub(super) fn signalement_with(
    generation: &Generation,
    signalement: &Signalement,
    trace: &mut Trace,
) -> Result<Decision, Undecided> {
    let rules = &generation.rules;
    let Some(subject) = Subject::look_up(generation, signalement) else {
        let faults = unknown_codes(generation, &Codes::of(signalement));
        for fault in &faults {
            trace.push(
                "codes",
                &Place::line(file_of_code(&fault.pointer), 0),
                StepOutcome::Error,
                &[("champ", fault.pointer.as_str())],
                &fault.detail,
            );
        }
        return Err(Undecided::UnknownCodes(faults));
    };
    trace_codes(&subject, trace);
    if !forwarded(&rules.transmission, signalement, trace) {
        return Ok(Decision::Ecarter {
            motif: "les règles de transmission ne l'envoient pas au CRM".into(),
        });
    }
    let affectation = affectation(rules, &subject, trace)?;
    let contexte = rules
        .templates
        .contexte(&|name, extent| subject.value(name, extent));
    let contexte = contexte.inspect_err(|error| {
        trace.push(
            "contexte",
            &Place::line(error.file.clone(), error.line.unwrap_or(0)),
            StepOutcome::Error,
            &[],
            &error.message,
        );
    })?;
    trace.push(
        "contexte",
        &Place::line(template::CONTEXTE, 0),
        StepOutcome::Matched,
        &[],
        "le contexte de la demande est écrit",
    );
    let initial = &rules.statuts.initial;
    let statut_sowell = match rules.statuts.table.get(&initial.text).map(|it| &it.target) {
        Some(Target::Fixed(word)) => Some(word.clone()),
        _ => None,
    };
    trace.push(
        "statut initial",
        &Place::line(STATUTS, initial.line),
        StepOutcome::Matched,
        &[("statut", &initial.text)],
        &format!(
            "statut SoWell : {}",
            statut_sowell.as_deref().unwrap_or("aucun")
        ),
    );
    Ok(Decision::Transmettre(Box::new(NewDemande {
        statut: initial.text.clone(),
        statut_sowell,
        canal: rules.statuts.canal.clone(),
        qualification: subject.qualification.code.clone(),
        workflow: subject.qualification.workflow.clone(),
        residence: subject.residence.code.clone(),
        bien: signalement.bien.clone(),
        priorite: subject.priorite.text.clone(),
        gestionnaire_concerne: affectation.gestionnaire_concerne,
        acteur_en_charge: affectation.acteur_en_charge,
        auteur: signalement.auteur.clone(),
        email_auteur: signalement.email_auteur.clone(),
        contexte,
        lien_sowell: signalement.lien_sowell.clone(),
    })))
}

fn file_of_code(pointer: &str) -> &'static str {
    match pointer {
        "/qualification" => QUALIFICATIONS,
        "/priorite" => PRIORITES,
        "/bien" => BIENS,
        _ => RESIDENCES,
    }
}

fn trace_codes(subject: &Subject<'_>, trace: &mut Trace) {
    trace.push(
        "priorite",
        &Place::line(PRIORITES, subject.priorite.line),
        StepOutcome::Matched,
        &[("priorite", &subject.signalement.priorite)],
        &format!("priorité du CRM : {}", subject.priorite.text),
    );
    let qualification = subject.qualification;
    trace.push(
        "qualification",
        &Place::line(QUALIFICATIONS, qualification.line),
        StepOutcome::Matched,
        &[("qualification", &qualification.code)],
        &format!(
            "workflow {}, gestionnaire de type {}",
            qualification.workflow, qualification.type_gestionnaire
        ),
    );
    trace.push(
        "residence",
        &Place::line(RESIDENCES, subject.residence.line),
        StepOutcome::Matched,
        &[("residence", &subject.residence.code)],
        &subject.residence.nom,
    );
    if let Some(bien) = subject.bien {
        trace.push(
            "bien",
            &Place::line(BIENS, bien.line),
            StepOutcome::Matched,
            &[("bien", bien.code)],
            bien.libelle,
        );
    }
}

/// Looks at every mode in turn; after one that accepts, the others are only noted.
fn forwarded(rules: &Transmission, signalement: &Signalement, trace: &mut Trace) -> bool {
    let mut accepted = false;
    for (mode, line) in &rules.modes {
        let flag = |it: bool| if it { "true" } else { "false" };
        let (matches, seen) = match mode {
            Mode::Tous => (true, None),
            Mode::Categories => (
                rules.categories.contains_key(&signalement.qualification),
                Some(("qualification", signalement.qualification.as_str())),
            ),
            Mode::Auteur => (
                signalement.transmettre_auteur,
                Some(("transmettre_auteur", flag(signalement.transmettre_auteur))),
            ),
            Mode::Manager => (
                signalement.transmettre_manager,
                Some(("transmettre_manager", flag(signalement.transmettre_manager))),
            ),
        };
        let seen: Vec<_> = iter::once(("mode", mode.as_str())).chain(seen).collect();
        let (outcome, effect) = match (accepted, matches) {
            (true, _) => (StepOutcome::NotEvaluated, "déjà accepté"),
            (false, true) => (StepOutcome::Matched, "transmis au CRM"),
            (false, false) => (StepOutcome::NotMatched, "ne transmet pas"),
        };
        trace.push(
            "transmission",
            &Place::line(TRANSMISSION, *line),
            outcome,
            &seen,
            effect,
        );
        accepted |= matches;
    }
    accepted
}

fn affectation(
    rules: &RuleSet,
    subject: &Subject<'_>,
    trace: &mut Trace,
) -> Result<script::Affectation, ScriptError> {
    let result = rules
        .scripts
        .affecter(|[signalement, residence, qualification]| {
            [
                view::signalement(subject.signalement, signalement),
                view::residence(subject.residence, residence),
                view::qualification(subject.qualification, qualification),
            ]
        });
    let asked = &subject.qualification.type_gestionnaire;
    match &result {
        Ok(found) => trace.push(
            "affectation",
            &Place::line(script::GESTIONNAIRE, rules.scripts.gestionnaire_line()),
            StepOutcome::Matched,
            &[
                ("residence", &subject.residence.code),
                ("type_gestionnaire", asked),
            ],
            &assigned(found, asked),
        ),
        Err(error) => trace.push(
            "affectation",
            &Place::line(error.file, error.line.unwrap_or(0)),
            StepOutcome::Error,
            &[
                ("residence", &subject.residence.code),
                ("type_gestionnaire", asked),
            ],
            &error.message,
        ),
    }
    result
}

fn assigned(found: &script::Affectation, asked: &str) -> String {
    let (concerne, acteur) = (&found.gestionnaire_concerne, &found.acteur_en_charge);
    // The script alone knows why; that it went another way than asked is worth saying.
    let instead = if concerne.r#type == asked {
        String::new()
    } else {
        format!(", et non « {asked} »")
    };
    format!(
        "gestionnaire concerné : {} ({}{instead}) ; acteur en charge : {} ({})",
        concerne.identifiant, concerne.r#type, acteur.identifiant, acteur.r#type
    )
}

/// Decides what SoWell is told of a status change.
#[must_use]
pub fn statut(rules: &RuleSet, event: &StatutEvent, canal: &str) -> (StatutDecision, Trace) {
    let mut trace = Trace::default();
    let decision = statut_with(rules, event, canal, &mut trace);
    (decision, trace)
}

/// The same with a trace that the caller has.
pub(super) fn statut_with(
    rules: &RuleSet,
    event: &StatutEvent,
    canal: &str,
    trace: &mut Trace,
) -> StatutDecision {
    let statuts = &rules.statuts;
    if canal != statuts.canal {
        let motif = format!(
            "le canal de la demande est « {canal} » et non « {} » : rien à dire à SoWell",
            statuts.canal
        );
        trace.push(
            "canal",
            &Place::line(STATUTS, 0),
            StepOutcome::NotMatched,
            &[("canal", canal)],
            &motif,
        );
        return StatutDecision::Ignore { motif };
    }
    if let Some(line) = statuts.ignorer.get(&event.statut) {
        let motif = format!("le statut « {} » n'est pas transmis à SoWell", event.statut);
        trace.push(
            "ignorer",
            &Place::line(STATUTS, *line),
            StepOutcome::Matched,
            &[("statut", &event.statut)],
            &motif,
        );
        return StatutDecision::Ignore { motif };
    }
    let Some(correspondance) = statuts.table.get(&event.statut) else {
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
        return unknown_statut(fault, &Place::line(STATUTS, 0), event, trace);
    };
    let place = Place::line(STATUTS, correspondance.line);
    match &correspondance.target {
        Target::Fixed(word) => translated(word, &place, &[("statut", &event.statut)], trace),
        Target::Selon { field, values } => {
            let pointer = format!("/{field}");
            let Some(value) = event.field(field) else {
                let known = values.keys().cloned().collect::<Vec<_>>().join(", ");
                let fault = Fault::invalid(
                    pointer,
                    format!(
                        "le statut « {} » demande « {field} » ; valeurs connues : {known}",
                        event.statut
                    ),
                );
                return unknown_statut(fault, &place, event, trace);
            };
            match values.get(value) {
                Some(word) => translated(
                    &word.text,
                    &Place::line(STATUTS, word.line),
                    &[("statut", &event.statut), ("valeur", value)],
                    trace,
                ),
                None => {
                    let known = values.keys().map(String::as_str);
                    let fault = Fault::invalid(
                        pointer,
                        format!(
                            "« {field} » vaut « {} », inconnu pour le statut « {} » ; {}",
                            excerpt(value),
                            event.statut,
                            suggestion(value, known)
                        ),
                    );
                    unknown_statut(fault, &place, event, trace)
                }
            }
        }
    }
}

/// `commentaire` may be a page long; nobody needs all of it in a fault.
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

/// What `accuses.rhai` is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion<'a> {
    /// A demande was created.
    Transmis {
        /// Its UID.
        uid: &'a Uid,
        /// What was decided.
        demande: &'a NewDemande,
    },
    /// The forwarding rules kept the signalement.
    Ecarte {
        /// Why.
        motif: &'a str,
    },
    /// The status of a demande changed.
    Statut {
        /// Its UID.
        uid: &'a Uid,
        /// The demande, with its new status.
        demande: &'a NewDemande,
        /// SoWell's word; `None` where SoWell is told nothing.
        statut_sowell: Option<&'a str>,
    },
}

impl<'a> Occasion<'a> {
    /// What became of a signalement, whose demande, if any, has this UID; `None` where nothing did.
    #[must_use]
    pub fn of_signalement(decision: &'a Result<Decision, Undecided>, uid: &'a Uid) -> Option<Self> {
        match decision {
            Ok(Decision::Transmettre(demande)) => Some(Self::Transmis { uid, demande }),
            Ok(Decision::Ecarter { motif }) => Some(Self::Ecarte { motif }),
            Err(_) => None,
        }
    }

    /// A status change after which the demande is as `after` says, see [`after`]; `None` for a
    /// status that is held, whose turn comes once the rules know it.
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

    pub(super) fn demande(self, extent: &Extent) -> Shown<'a> {
        match self {
            Self::Transmis { uid, demande } | Self::Statut { uid, demande, .. } => {
                view::demande(uid, demande, extent)
            }
            Self::Ecarte { .. } => Shown::Nothing,
        }
    }
}

/// The demande once an event has changed its status.
#[must_use]
pub fn after(event: &StatutEvent, demande: &NewDemande) -> NewDemande {
    NewDemande {
        statut: event.statut.clone(),
        ..demande.clone()
    }
}

/// The e-mails that the landlord wants for an occasion.
///
/// An error never stands in the way of the demande: it becomes a step of the trace, and is
/// returned beside an empty list for the log.
#[must_use]
pub fn accuses(
    generation: &Generation,
    signalement: &Signalement,
    occasion: Occasion<'_>,
    trace: &mut Trace,
) -> (Vec<AccuseMessage>, Option<ScriptError>) {
    let scripts = &generation.rules.scripts;
    let kind = occasion.kind();
    match scripts.accuses(|extent| view::evenement(signalement, occasion, extent)) {
        Ok(messages) => {
            let names: Vec<&str> = messages.iter().map(|it| it.modele.as_str()).collect();
            let (outcome, effect) = match names.len() {
                0 => (StepOutcome::NotMatched, "aucun e-mail".to_owned()),
                1 => (StepOutcome::Matched, format!("e-mail {}", names[0])),
                _ => (
                    StepOutcome::Matched,
                    format!("e-mails {}", names.join(", ")),
                ),
            };
            trace.push(
                "accuses",
                &Place::line(script::ACCUSES, scripts.accuses_line()),
                outcome,
                &[("evenement", kind)],
                &effect,
            );
            (messages, None)
        }
        Err(error) => {
            trace.push(
                "accuses",
                &Place::line(error.file, error.line.unwrap_or(0)),
                StepOutcome::Error,
                &[("evenement", kind)],
                &error.message,
            );
            (Vec::new(), Some(error))
        }
    }
}

/// What the template of an e-mail sees beside the message's own keys.
pub struct MailContext<'a> {
    generation: &'a Generation,
    signalement: &'a Signalement,
    occasion: Occasion<'a>,
}

impl<'a> MailContext<'a> {
    /// What is known on an occasion.
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

    /// Whether every template sees the same of both.
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

    /// The value under a name; nothing for what the landlord no longer knows.
    #[must_use]
    pub fn value(&self, name: &str, extent: &Extent) -> Option<Shown<'a>> {
        let Generation {
            rules, referentiel, ..
        } = self.generation;
        let it = self.signalement;
        let found = match name {
            "signalement" => Some(view::signalement(it, extent)),
            "residence" => {
                let found = referentiel.residence(&it.residence);
                found.map(|it| view::residence(it, extent))
            }
            "bien" => {
                let found = it.bien.as_deref().and_then(|code| referentiel.bien(code));
                found.map(|it| view::bien(it, extent))
            }
            "qualification" => {
                let found = rules.qualifications.get(&it.qualification);
                found.map(|it| view::qualification(it, extent))
            }
            "priorite" => {
                let found = rules.priorites.get(&it.priorite);
                found.map(|word| Shown::Text(&word.text))
            }
            "demande" => Some(self.occasion.demande(extent)),
            "evenement" => Some(view::evenement(it, self.occasion, extent)),
            _ => return None,
        };
        Some(found.unwrap_or(Shown::Nothing))
    }

    /// The e-mails to be sent, each with all that its template may need, whatever the template
    /// will be by then.
    #[must_use]
    pub fn courriels(&self, messages: Vec<AccuseMessage>) -> Vec<Courriel> {
        if messages.is_empty() {
            return Vec::new();
        }
        let known = view::OF_MAIL.map(|name| {
            let value = match name {
                // Its signalement and its demande stand beside it; `template::values_of` joins
                // them again.
                "evenement" => Some(view::evenement_alone(self.occasion)),
                name => self.value(name, &Extent::Whole),
            };
            (name, value.unwrap_or(Shown::Nothing))
        });
        let write = |message: AccuseMessage| {
            // The message's own keys never hide what every template may rely on.
            let own = message.values.iter();
            let own = own.filter(|(name, _)| !view::OF_MAIL.contains(&name.as_str()));
            let own = own.map(|(name, it)| (name.as_str(), Shown::Json(it)));
            let context = Shown::Entries(known.iter().cloned().chain(own).collect());
            // Names and texts only: none of them can fail to print.
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
