//! What happens to a signalement: whether it is sent to the CRM, and as which demande.

use std::iter;

use super::codes::{Codes, unknown_codes};
use crate::domain::demande::NewDemande;
use crate::domain::fault::{self, Fault};
use crate::domain::referentiel::{Bien, Residence};
use crate::domain::signalement::Signalement;
use crate::rules::compile::{
    Generation, Mode, PRIORITES, QUALIFICATIONS, Qualification, RuleSet, STATUTS, TRANSMISSION,
    Target, Transmission, Word,
};
use crate::rules::extent::Extent;
use crate::rules::referentiel::{BIENS, RESIDENCES};
use crate::rules::script::{self, ScriptError};
use crate::rules::template::{self, TemplateError};
use crate::rules::trace::{Place, StepOutcome, Trace};
use crate::rules::view::{self, Shown};

/// What happens to a signalement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is sent to the CRM as this demande.
    Transmettre(Box<NewDemande>),
    /// It is not sent to the CRM.
    Ecarter {
        /// The reason, in French.
        motif: String,
    },
}

/// Why no decision could be made; displayed in French, for admins.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Undecided {
    /// The signalement contains codes that the landlord does not know.
    #[error("{}", fault::joined(.0))]
    UnknownCodes(Vec<Fault>),
    /// A script failed.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// A template failed.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

/// Everything that the codes of a signalement refer to, looked up once.
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

    /// The value that templates see under a name; `None` for values that exist only in e-mails.
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

/// Decides what happens to a signalement. A trace is returned whatever the outcome.
pub fn signalement(
    generation: &Generation,
    signalement: &Signalement,
) -> (Result<Decision, Undecided>, Trace) {
    let mut trace = Trace::default();
    let decision = signalement_with(generation, signalement, &mut trace);
    (decision, trace)
}

/// Like [`signalement`], adding to the caller's trace.
pub(in crate::rules) fn signalement_with(
    generation: &Generation,
    signalement: &Signalement,
    trace: &mut Trace,
) -> Result<Decision, Undecided> {
    let rules = &generation.rules;
    let Some(subject) = Subject::look_up(generation, signalement) else {
        let faults = unknown_codes(generation, &Codes::of(signalement));
        trace_unknown_codes(&faults, trace);
        return Err(Undecided::UnknownCodes(faults));
    };
    trace_codes(&subject, trace);
    if !forwarded(&rules.transmission, signalement, trace) {
        return Ok(Decision::Ecarter {
            motif: "les règles de transmission ne l'envoient pas au CRM".into(),
        });
    }
    let affectation = affectation(rules, &subject, trace)?;
    let contexte = contexte(rules, &subject, trace)?;
    let statut_sowell = initial_statut_sowell(rules, trace);
    Ok(Decision::Transmettre(Box::new(NewDemande {
        statut: rules.statuts.initial.text.clone(),
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

fn trace_unknown_codes(faults: &[Fault], trace: &mut Trace) {
    for fault in faults {
        trace.push(
            "codes",
            &Place::line(file_of_code(&fault.pointer), 0),
            StepOutcome::Error,
            &[("champ", fault.pointer.as_str())],
            &fault.detail,
        );
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

/// Evaluates the modes in order; once one has accepted, the others are only recorded in the trace.
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
    // Only the script knows why; if it chose a different type than the category asks for, the trace shows that.
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

/// The text that tells the CRM's staff about the signalement.
fn contexte(
    rules: &RuleSet,
    subject: &Subject<'_>,
    trace: &mut Trace,
) -> Result<String, TemplateError> {
    let contexte = rules
        .templates
        .contexte(&|name, extent| subject.value(name, extent));
    match &contexte {
        Ok(_) => trace.push(
            "contexte",
            &Place::line(template::CONTEXTE, 0),
            StepOutcome::Matched,
            &[],
            "le contexte de la demande est écrit",
        ),
        Err(error) => trace.push(
            "contexte",
            &Place::line(error.file.clone(), error.line.unwrap_or(0)),
            StepOutcome::Error,
            &[],
            &error.message,
        ),
    }
    contexte
}

/// The status that SoWell receives for a new demande; `None` if the table has no fixed one.
fn initial_statut_sowell(rules: &RuleSet, trace: &mut Trace) -> Option<String> {
    let initial = &rules.statuts.initial;
    let target = rules.statuts.table.get(&initial.text).map(|it| &it.target);
    let word = match target {
        Some(Target::Fixed(word)) => Some(word.clone()),
        _ => None,
    };
    trace.push(
        "statut initial",
        &Place::line(STATUTS, initial.line),
        StepOutcome::Matched,
        &[("statut", &initial.text)],
        &format!("statut SoWell : {}", word.as_deref().unwrap_or("aucun")),
    );
    word
}
