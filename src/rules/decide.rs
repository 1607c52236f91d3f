//! The one idea: a decision is a pure function of the rules, the reference data and the input.
//!
//! The live flows, the admins' cases and every tool that asks "what would happen if" call these
//! functions; there is no second version of them. No clock, no I/O, no global.

use serde_json::{Value, json};

use crate::domain::demande::{NewDemande, Uid};
use crate::domain::fault::Fault;
use crate::domain::livraison::Courriel;
use crate::domain::referentiel::{Bien, Residence};
use crate::domain::signalement::Signalement;
use crate::domain::statut::StatutEvent;
use crate::rules::compile::{
    Generation, Mode, PRIORITES, QUALIFICATIONS, Qualification, RuleSet, STATUTS, TRANSMISSION,
    Target, Transmission, Word,
};
use crate::rules::diagnostic::suggestion;
use crate::rules::referentiel::{BIENS, RESIDENCES};
use crate::rules::script::{self, ScriptError};
use crate::rules::template::{self, TemplateError};
use crate::rules::trace::{Place, StepOutcome, Trace};
use crate::rules::view;

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
                let elsewhere = codes.residence.as_ref().filter(|it| **it != bien.residence);
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
    bien: Option<&'g Bien>,
}

impl<'g> Subject<'g> {
    fn look_up(generation: &'g Generation, signalement: &'g Signalement) -> Option<Self> {
        let bien = match &signalement.bien {
            Some(code) => Some(generation.referentiel.bien(code)?),
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

    /// What templates see, without what only an e-mail has.
    fn context(&self) -> Value {
        json!({
            "signalement": view::signalement(self.signalement),
            "residence": view::residence(self.residence),
            "bien": self.bien.map(view::bien),
            "qualification": view::qualification(self.qualification),
            "priorite": self.priorite.text,
        })
    }
}

/// Decides what becomes of a signalement; the trace is there whatever comes out.
pub fn signalement(
    generation: &Generation,
    signalement: &Signalement,
) -> (Result<Decision, Undecided>, Trace) {
    let mut trace = Trace::default();
    let decision = decide_signalement(generation, signalement, &mut trace);
    (decision, trace)
}

fn decide_signalement(
    generation: &Generation,
    signalement: &Signalement,
    trace: &mut Trace,
) -> Result<Decision, Undecided> {
    let rules = &generation.rules;
    let faults = unknown_codes(generation, &Codes::of(signalement));
    let subject = Subject::look_up(generation, signalement).filter(|_| faults.is_empty());
    let Some(subject) = subject else {
        for fault in &faults {
            trace.push(
                "codes",
                Place::line(file_of_code(&fault.pointer), 0),
                StepOutcome::Error,
                vec![("champ", fault.pointer.as_str())],
                fault.detail.clone(),
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
    let contexte = rules.templates.contexte(&subject.context());
    let contexte = contexte.inspect_err(|error| {
        trace.push(
            "contexte",
            Place::line(&error.file, error.line.unwrap_or(0)),
            StepOutcome::Error,
            vec![],
            error.message.clone(),
        );
    })?;
    trace.push(
        "contexte",
        Place::line(template::CONTEXTE, 0),
        StepOutcome::Matched,
        vec![],
        "le contexte de la demande est écrit",
    );
    let initial = &rules.statuts.initial;
    let statut_sowell = match rules.statuts.table.get(&initial.text).map(|it| &it.target) {
        Some(Target::Fixed(word)) => Some(word.clone()),
        _ => None,
    };
    trace.push(
        "statut initial",
        Place::line(STATUTS, initial.line),
        StepOutcome::Matched,
        vec![("statut", &initial.text)],
        format!(
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
        Place::line(PRIORITES, subject.priorite.line),
        StepOutcome::Matched,
        vec![("priorite", &subject.signalement.priorite)],
        format!("priorité du CRM : {}", subject.priorite.text),
    );
    let qualification = subject.qualification;
    trace.push(
        "qualification",
        Place::line(QUALIFICATIONS, qualification.line),
        StepOutcome::Matched,
        vec![("qualification", &qualification.code)],
        format!(
            "workflow {}, gestionnaire de type {}",
            qualification.workflow, qualification.type_gestionnaire
        ),
    );
    trace.push(
        "residence",
        Place::line(RESIDENCES, 0),
        StepOutcome::Matched,
        vec![("residence", &subject.residence.code)],
        subject.residence.nom.clone(),
    );
    if let Some(bien) = subject.bien {
        trace.push(
            "bien",
            Place::line(BIENS, 0),
            StepOutcome::Matched,
            vec![("bien", &bien.code)],
            bien.libelle.clone(),
        );
    }
}

/// Looks at every mode in turn; after one that accepts, the others are only noted.
fn forwarded(rules: &Transmission, signalement: &Signalement, trace: &mut Trace) -> bool {
    let mut accepted = false;
    for (mode, line) in &rules.modes {
        let (matches, name, value) = match mode {
            Mode::Tous => (true, "mode", "tous".to_owned()),
            Mode::Categories => (
                rules.categories.contains_key(&signalement.qualification),
                "qualification",
                signalement.qualification.clone(),
            ),
            Mode::Auteur => (
                signalement.transmettre_auteur,
                "transmettre_auteur",
                signalement.transmettre_auteur.to_string(),
            ),
            Mode::Manager => (
                signalement.transmettre_manager,
                "transmettre_manager",
                signalement.transmettre_manager.to_string(),
            ),
        };
        let (outcome, effect) = match (accepted, matches) {
            (true, _) => (StepOutcome::NotEvaluated, "déjà accepté"),
            (false, true) => (StepOutcome::Matched, "transmis au CRM"),
            (false, false) => (StepOutcome::NotMatched, "ne transmet pas"),
        };
        trace.push(
            "transmission",
            Place::line(TRANSMISSION, *line),
            outcome,
            vec![("mode", mode.as_str()), (name, &value)],
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
    let result = rules.scripts.affecter(
        &view::signalement(subject.signalement),
        &view::residence(subject.residence),
        &view::qualification(subject.qualification),
    );
    let asked = &subject.qualification.type_gestionnaire;
    match &result {
        Ok(found) => trace.push(
            "affectation",
            Place::line(script::GESTIONNAIRE, 0),
            StepOutcome::Matched,
            vec![
                ("residence", &subject.residence.code),
                ("type_gestionnaire", asked),
            ],
            format!(
                "gestionnaire concerné : {} ({}) ; acteur en charge : {} ({})",
                found.gestionnaire_concerne.identifiant,
                found.gestionnaire_concerne.r#type,
                found.acteur_en_charge.identifiant,
                found.acteur_en_charge.r#type,
            ),
        ),
        Err(error) => trace.push(
            "affectation",
            Place::line(error.file, error.line.unwrap_or(0)),
            StepOutcome::Error,
            vec![
                ("residence", &subject.residence.code),
                ("type_gestionnaire", asked),
            ],
            error.message.clone(),
        ),
    }
    result
}

/// Decides what SoWell is told of a status change.
#[must_use]
pub fn statut(rules: &RuleSet, event: &StatutEvent, canal: &str) -> (StatutDecision, Trace) {
    let mut trace = Trace::default();
    let decision = decide_statut(rules, event, canal, &mut trace);
    (decision, trace)
}

fn decide_statut(
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
            Place::line(STATUTS, 0),
            StepOutcome::NotMatched,
            vec![("canal", canal)],
            motif.clone(),
        );
        return StatutDecision::Ignore { motif };
    }
    if let Some(line) = statuts.ignorer.get(&event.statut) {
        let motif = format!("le statut « {} » n'est pas transmis à SoWell", event.statut);
        trace.push(
            "ignorer",
            Place::line(STATUTS, *line),
            StepOutcome::Matched,
            vec![("statut", &event.statut)],
            motif.clone(),
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
        return unknown_statut(fault, Place::line(STATUTS, 0), event, trace);
    };
    let place = Place::line(STATUTS, correspondance.line);
    match &correspondance.target {
        Target::Fixed(word) => translated(word, place, vec![("statut", &event.statut)], trace),
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
                return unknown_statut(fault, place, event, trace);
            };
            match values.get(value) {
                Some(word) => translated(
                    &word.text,
                    Place::line(STATUTS, word.line),
                    vec![("statut", &event.statut), ("valeur", value)],
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
                    unknown_statut(fault, place, event, trace)
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
    place: Place,
    seen: Vec<(&'static str, &str)>,
    trace: &mut Trace,
) -> StatutDecision {
    trace.push(
        "correspondances",
        place,
        StepOutcome::Matched,
        seen,
        format!("statut SoWell : {word}"),
    );
    StatutDecision::Translate {
        statut_sowell: word.to_owned(),
    }
}

fn unknown_statut(
    fault: Fault,
    place: Place,
    event: &StatutEvent,
    trace: &mut Trace,
) -> StatutDecision {
    trace.push(
        "correspondances",
        place,
        StepOutcome::Error,
        vec![("statut", &event.statut)],
        fault.detail.clone(),
    );
    StatutDecision::Unknown(vec![fault])
}

/// What `accuses.rhai` is told of.
#[derive(Debug, Clone, Copy)]
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
) -> (Vec<Courriel>, Option<ScriptError>) {
    let seen = view::signalement(signalement);
    let (kind, demande, statut, statut_sowell, motif) = match occasion {
        Occasion::Transmis { uid, demande } => (
            "transmis",
            Some(view::demande(uid, demande)),
            Some(demande.statut.as_str()),
            demande.statut_sowell.as_deref(),
            None,
        ),
        Occasion::Ecarte { motif } => ("ecarte", None, None, None, Some(motif)),
        Occasion::Statut {
            uid,
            demande,
            statut_sowell,
        } => (
            "statut",
            Some(view::demande(uid, demande)),
            Some(demande.statut.as_str()),
            statut_sowell,
            None,
        ),
    };
    let evenement = json!({
        "type": kind,
        "signalement": seen,
        "demande": demande,
        "statut": statut,
        "statut_sowell": statut_sowell,
        "motif": motif,
    });
    let messages = match generation.rules.scripts.accuses(&evenement) {
        Ok(messages) => messages,
        Err(error) => {
            trace.push(
                "accuses",
                Place::line(error.file, error.line.unwrap_or(0)),
                StepOutcome::Error,
                vec![("evenement", kind)],
                error.message.clone(),
            );
            return (Vec::new(), Some(error));
        }
    };
    let names: Vec<&str> = messages.iter().map(|it| it.modele.as_str()).collect();
    trace.push(
        "accuses",
        Place::line(script::ACCUSES, 0),
        if messages.is_empty() {
            StepOutcome::NotMatched
        } else {
            StepOutcome::Matched
        },
        vec![("evenement", kind)],
        format!("{} e-mail(s) {}", messages.len(), names.join(", ")),
    );
    let base = mail_context(generation, signalement, evenement);
    let courriels = messages
        .into_iter()
        .map(|message| {
            // The message's own keys never hide what every template may rely on.
            let mut context = message.values;
            context.extend(base.clone());
            Courriel {
                a: message.a,
                modele: message.modele,
                context: Value::Object(context),
            }
        })
        .collect();
    (courriels, None)
}

/// The e-mails that the landlord wants for a status change of this demande; none for a status that
/// is held, whose turn comes once the rules know it.
#[must_use]
pub fn accuses_of_statut(
    generation: &Generation,
    event: &StatutEvent,
    decision: &StatutDecision,
    (signalement, demande): (&Signalement, &NewDemande),
    trace: &mut Trace,
) -> (Vec<Courriel>, Option<ScriptError>) {
    let statut_sowell = match decision {
        StatutDecision::Translate { statut_sowell } => Some(statut_sowell.as_str()),
        StatutDecision::Ignore { .. } => None,
        StatutDecision::Unknown(_) => return (Vec::new(), None),
    };
    let after = NewDemande {
        statut: event.statut.clone(),
        ..demande.clone()
    };
    let occasion = Occasion::Statut {
        uid: &event.uid,
        demande: &after,
        statut_sowell,
    };
    accuses(generation, signalement, occasion, trace)
}

fn mail_context(
    generation: &Generation,
    signalement: &Signalement,
    evenement: Value,
) -> serde_json::Map<String, Value> {
    let referentiel = &generation.referentiel;
    let rules = &generation.rules;
    let residence = referentiel.residence(&signalement.residence);
    let bien = signalement
        .bien
        .as_deref()
        .and_then(|code| referentiel.bien(code));
    let qualification = rules.qualifications.get(&signalement.qualification);
    let priorite = rules.priorites.get(&signalement.priorite);
    let entries = [
        ("signalement", evenement["signalement"].clone()),
        ("residence", residence.map(view::residence).into()),
        ("bien", bien.map(view::bien).into()),
        (
            "qualification",
            qualification.map(view::qualification).into(),
        ),
        ("priorite", priorite.map(|it| it.text.clone()).into()),
        ("demande", evenement["demande"].clone()),
        ("evenement", evenement),
    ];
    entries
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
