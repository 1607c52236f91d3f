//! Every combination that can come, decided: where the rules fail, before a tenant meets it.
//!
//! Signalements: every qualification × residence × priority × forwarding flag, without a bien and
//! with one. Statuses: every CRM status × known value of `selon`. What fails is a *hole*; what
//! works by a fallback, or never reaches the CRM, is a *remark*. Both are grouped as a person would
//! mend them: one entry for one cause, with the codes that it touches.

mod causes;
mod gap;

use std::collections::{BTreeSet, HashMap, HashSet};

use rayon::prelude::*;

use crate::domain::demande::NewDemande;
use crate::domain::referentiel::Residence;
use crate::domain::signalement::Signalement;
use crate::domain::statut::StatutEvent;
use crate::rules::compile::{Generation, STATUTS, TRANSMISSION, Target};
use crate::rules::decide::{Decision, StatutDecision};
use crate::rules::foresee;
use crate::rules::referentiel::GESTIONNAIRES;
use crate::rules::trace::{Place, Trace};

use causes::{Found, Group, GroupKey, Groups};

pub use gap::Gap;

pub(super) use causes::generalise;

/// The two forwarding flags, `(transmettre_auteur, transmettre_manager)`. All at once first: what
/// is forwarded at all, is forwarded then.
const FLAGS: [(bool, bool); 4] = [(true, true), (true, false), (false, true), (false, false)];

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// How many decisions were made.
    pub decisions: u64,
    /// What fails for some combination.
    pub holes: Vec<Gap>,
    /// What works, and is worth a look.
    pub remarks: Vec<Gap>,
}

impl Coverage {
    /// The holes that an earlier coverage did not have.
    #[must_use]
    pub fn added_since(&self, earlier: &Self) -> Vec<&Gap> {
        let known = |hole: &Gap| earlier.holes.iter().any(|it| hole.is_within(it));
        self.holes.iter().filter(|hole| !known(hole)).collect()
    }
}

/// How many of the combinations are decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// All of them.
    All,
    /// Every residence with one qualification of each kind, every qualification with one residence of
    /// each kind, and the rest for one residence: what a large landlord can afford at each edit.
    Kinds,
}

/// What rules can tell residences apart by, but for their names: the types of which they have a
/// manager, and what is left blank.
type Kind<'g> = (Vec<(&'g str, [bool; 3])>, [bool; 2]);

fn kind(it: &Residence) -> Kind<'_> {
    let managers = it.gestionnaires.iter().map(|(kind, who)| {
        let blank = [&who.identifiant, &who.nom, &who.email].map(String::is_empty);
        (kind, blank)
    });
    let blank = [&it.nom, &it.adresse].map(String::is_empty);
    (managers.collect(), blank)
}

/// Every combination of one generation.
pub struct Combinations<'g> {
    generation: &'g Generation,
    residences: Vec<&'g Residence>,
    qualifications: Vec<&'g str>,
    /// The first qualification that asks for each type of manager.
    one_of_each_kind: Vec<&'g str>,
    priorites: Vec<&'g str>,
    /// The first bien of each residence that has one.
    biens: HashMap<&'g str, &'g str>,
}

impl<'g> Combinations<'g> {
    /// Lists what there is.
    #[must_use]
    pub fn of(generation: &'g Generation) -> Self {
        let rules = &generation.rules;
        let mut residences: Vec<&Residence> = generation.referentiel.residences().collect();
        residences.sort_unstable_by(|a, b| a.code.cmp(&b.code));
        let mut qualifications: Vec<&str> =
            rules.qualifications.keys().map(String::as_str).collect();
        qualifications.sort_unstable();
        let mut types = HashSet::new();
        let asks = |code: &&&str| types.insert(&rules.qualifications[**code].type_gestionnaire);
        let one_of_each_kind = qualifications.iter().filter(asks).copied().collect();
        let mut biens: HashMap<&str, &str> = HashMap::new();
        for bien in generation.referentiel.biens() {
            let first = biens.entry(bien.residence).or_insert(bien.code);
            *first = (*first).min(bien.code);
        }
        Self {
            generation,
            residences,
            qualifications,
            one_of_each_kind,
            priorites: rules.priorites.keys().map(String::as_str).collect(),
            biens,
        }
    }

    /// How many decisions about signalements there are to make.
    #[must_use]
    pub fn count(&self) -> u64 {
        let with_bien = |it: &&&Residence| self.biens.contains_key(it.code.as_str());
        let places = self.residences.len() + self.residences.iter().filter(with_bien).count();
        let each = self.qualifications.len() * self.priorites.len() * FLAGS.len();
        (places * each) as u64
    }

    /// Decides them all, on every core; `tick` is told of each handful of decisions.
    pub fn decide(&self, tick: &(dyn Fn(u64) + Sync)) -> Coverage {
        let found = self
            .residences
            .par_iter()
            .map(|residence| {
                let found = self.residence(residence, &self.qualifications, Reach::All);
                tick(found.decisions);
                found
            })
            .reduce(Found::default, Found::join);
        self.report(found)
    }

    /// Decides them on this thread alone, beside a daemon's traffic, for as long as `go_on` says;
    /// `None` when it ended that.
    pub fn decide_aside(&self, reach: Reach, go_on: impl Fn() -> bool) -> Option<Coverage> {
        let mut found = Found::default();
        let mut first = true;
        let mut kinds = HashSet::new();
        for residence in &self.residences {
            if !go_on() {
                return None;
            }
            found = found.join(if first || reach == Reach::All {
                self.residence(residence, &self.qualifications, Reach::All)
            } else if kinds.insert(kind(residence)) {
                self.residence(residence, &self.qualifications, reach)
            } else {
                self.residence(residence, &self.one_of_each_kind, reach)
            });
            first = false;
        }
        Some(self.report(found))
    }

    fn residence(&self, residence: &Residence, qualifications: &[&str], reach: Reach) -> Found {
        let mut found = Found::default();
        let mut signalement = Signalement {
            residence: residence.code.clone(),
            ..foresee::harmless(self.generation)
        };
        let own = self.biens.get(residence.code.as_str());
        let whole = reach == Reach::All;
        let few = |all: usize| if whole { all } else { 1 };
        for qualification in qualifications {
            (*qualification).clone_into(&mut signalement.qualification);
            for bien in [None].into_iter().chain(own.filter(|_| whole).map(Some)) {
                signalement.bien = bien.map(|code| (*code).to_owned());
                for (flags, (auteur, manager)) in (0..).zip(FLAGS).take(few(FLAGS.len())) {
                    signalement.transmettre_auteur = auteur;
                    signalement.transmettre_manager = manager;
                    let priorites = self.priorites.iter().take(few(self.priorites.len()));
                    for (priorite, word) in (0..).zip(priorites) {
                        (*word).clone_into(&mut signalement.priorite);
                        let at = whole.then_some((flags, priorite));
                        self.decide_one(&signalement, at, &mut found);
                    }
                }
            }
        }
        found
    }

    fn decide_one(&self, signalement: &Signalement, at: Option<(u8, u8)>, found: &mut Found) {
        let foreseen = foresee::signalement(self.generation, signalement, &mut Trace::unread());
        found.decisions += 1;
        let touched = |group: &mut Group| group.touch(signalement, at);
        match &foreseen.decision {
            Err(error) => touched(found.hole(error, signalement)),
            Ok(Decision::Ecarter { .. }) => {}
            Ok(Decision::Transmettre(demande)) => {
                found.forwarded.insert(signalement.qualification.clone());
                let rules = &self.generation.rules;
                let asked = &rules.qualifications[&signalement.qualification].type_gestionnaire;
                let got = &demande.gestionnaire_concerne.r#type;
                if got != asked {
                    let cause = format!("pas de gestionnaire « {asked} », « {got} » à la place");
                    touched(found.remark(GESTIONNAIRES, cause));
                }
                if found.example.is_none() {
                    let demande = NewDemande::clone(demande);
                    found.example = Some(Box::new((signalement.clone(), demande)));
                }
            }
        }
        for error in foreseen.unwritten() {
            touched(found.hole(&error, signalement));
        }
    }

    /// Statuses do not depend on the residence: one demande stands for all.
    fn statuts(&self, signalement: &Signalement, demande: &NewDemande, found: &mut Found) {
        for (statut, correspondance) in &self.generation.rules.statuts.table {
            let values: Vec<Option<(&str, &str)>> = match &correspondance.target {
                Target::Fixed(_) => vec![None],
                Target::Selon { field, values } => values
                    .keys()
                    .map(|value| Some((field.as_str(), value.as_str())))
                    .collect(),
            };
            for value in values {
                let of = |name: &str| {
                    let given = value.filter(|(field, _)| *field == name);
                    given.map(|(_, value)| value.to_owned())
                };
                let event = StatutEvent {
                    uid: foresee::uid(),
                    statut: statut.clone(),
                    date: None,
                    resultat: of("resultat"),
                    commentaire: of("commentaire"),
                    canal: of("canal"),
                    evenement: None,
                };
                let foreseen = foresee::statut(self.generation, &event, signalement, demande);
                found.decisions += 1;
                if let StatutDecision::Unknown(faults) = &foreseen.decision {
                    for fault in faults {
                        let key = (
                            STATUTS.to_owned(),
                            correspondance.line,
                            fault.detail.clone(),
                        );
                        found.holes.entry(key).or_default().touch_statut(statut);
                    }
                }
                for error in foreseen.unwritten() {
                    found.hole(&error, signalement).touch_statut(statut);
                }
            }
        }
    }

    fn report(&self, mut found: Found) -> Coverage {
        if let Some(example) = found.example.take() {
            let (signalement, demande) = *example;
            self.statuts(&signalement, &demande, &mut found);
        }
        let gaps = |groups: Groups| {
            let gaps = groups.into_iter().map(|(key, group)| self.gap(key, group));
            let mut gaps: Vec<Gap> = gaps.collect();
            gaps.sort_by_key(|gap| std::cmp::Reverse(gap.combinations));
            gaps
        };
        let mut remarks = gaps(found.remarks);
        let never: Vec<String> = self
            .qualifications
            .iter()
            .filter(|code| !found.forwarded.contains(**code))
            .map(|code| (*code).to_owned())
            .collect();
        // A qualification whose every decision fails is a hole already.
        let failing: BTreeSet<&String> = found
            .holes
            .values()
            .flat_map(|it| &it.qualifications)
            .collect();
        let never: Vec<String> = never
            .into_iter()
            .filter(|it| !failing.contains(it))
            .collect();
        if !never.is_empty() && !self.residences.is_empty() {
            remarks.push(Gap {
                place: Place::line(TRANSMISSION, 0),
                cause: "jamais transmises au CRM".into(),
                combinations: never.len() as u64,
                residences: Vec::new(),
                qualifications: never,
                statuts: Vec::new(),
                conditions: Vec::new(),
                totals: self.totals(),
            });
        }
        Coverage {
            decisions: found.decisions,
            holes: gaps(found.holes),
            remarks,
        }
    }

    fn totals(&self) -> (usize, usize) {
        (self.residences.len(), self.qualifications.len())
    }

    fn gap(&self, (file, line, cause): GroupKey, group: Group) -> Gap {
        let mut conditions = Vec::new();
        if !group.flags.is_empty() {
            let all = self.priorites.len();
            if group.priorites.len() < all {
                let words = group
                    .priorites
                    .iter()
                    .filter_map(|at| self.priorites.get(usize::from(*at)));
                let words: Vec<&str> = words.copied().collect();
                conditions.push(format!("priorité {}", words.join(" ou ")));
            }
            match (group.with_bien, group.without_bien) {
                (true, false) => conditions.push("avec un bien".into()),
                (false, true) if group.could_have_bien(&self.biens) => {
                    conditions.push("sans bien".into());
                }
                _ => {}
            }
            conditions.extend(flag_condition(&group.flags, "transmettre_auteur", |it| {
                it.0
            }));
            conditions.extend(flag_condition(&group.flags, "transmettre_manager", |it| {
                it.1
            }));
        }
        Gap {
            place: Place::line(file, line),
            cause,
            combinations: group.combinations,
            residences: group.residences.into_iter().collect(),
            qualifications: group.qualifications.into_iter().collect(),
            statuts: group.statuts.into_iter().collect(),
            conditions,
            totals: self.totals(),
        }
    }
}

/// `transmettre_auteur: true`, where every combination of the group has the same.
fn flag_condition(seen: &BTreeSet<u8>, name: &str, of: fn((bool, bool)) -> bool) -> Option<String> {
    let mut values = seen.iter().map(|at| of(FLAGS[usize::from(*at)]));
    let first = values.next()?;
    values
        .all(|it| it == first)
        .then(|| format!("{name} {first}"))
}
