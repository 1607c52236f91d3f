//! Decides every possible combination, to find where the rules fail before a tenant does.
//!
//! Signalements: every qualification × residence × priority × forwarding flags, without a bien and with one, and with
//! each bien that a text in the scripts distinguishes from it. Each forwarded combination is also rendered as a request
//! to the CRM, if a file describes one. Statuses: every CRM status × known value of `selon`, for every residence
//! because of the e-mails they cause. In addition, every other part of a signalement that the rules read is varied
//! (date, words, photos): one at a time, and two at a time if one condition reads both. A failure is a *hole*; anything
//! that works only by a fallback, or never reaches the CRM, is a *remark*. Both are grouped by cause, the way a person
//! would correct them, with the codes affected.

mod alike;
mod biens;
mod budget;
mod causes;
mod comparison;
mod cost;
mod creation;
mod exceptions;
mod facets;
mod gap;
mod group;
mod kinds;
mod moments;
mod pairs;
mod patience;
mod pieces;
mod report;
mod shapes;
mod statuts;
mod supposed;
mod variations;
mod varied;
mod when;
mod words;

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::domain::demande::NewDemande;
use crate::domain::referentiel::Residence;
use crate::domain::signalement::Signalement;
use crate::rules::compile::Generation;
use crate::rules::connector::Partner;
use crate::rules::decide::Decision;
use crate::rules::diagnostic::Diagnostic;
use crate::rules::foresee;
use crate::rules::referentiel::GESTIONNAIRES;
use crate::rules::script::GESTIONNAIRE;
use crate::rules::trace::Trace;

use biens::Biens;
use budget::Budget;
use causes::{At, Found};
use creation::Creations;
use group::Group;
use kinds::{Kind, kind};
use patience::Effort;
use pieces::side_by_side;
use statuts::{Examples, Statuts};
use varied::{Extent, Varied};

pub use gap::Gap;
pub use supposed::with_managers_of_the_crm;

pub(super) use words::generalise;

/// The forwarding flags, `(transmettre_auteur, transmettre_manager)`. Both set comes first: a signalement that is ever
/// forwarded is forwarded then.
const FLAGS: [(bool, bool); 4] = [(true, true), (true, false), (false, true), (false, false)];

/// The result of a search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// The number of decisions made.
    pub decisions: u64,
    /// Failures for some combination.
    pub holes: Vec<Gap>,
    /// Combinations that work but are worth a look.
    pub remarks: Vec<Gap>,
    /// What the rules read that was not tried for every combination, or not together, in French, one sentence each;
    /// empty if nothing was left out.
    pub untried: Vec<String>,
    /// The remark that a search ended or tried fewer values because scripts take too long or there are too many
    /// combinations; `None` if it did not. What it left out for that reason is not in `untried`.
    pub cut: Option<Diagnostic>,
    /// The remark that a search after an edit tried one residence and one qualification of each kind only; `None` if it
    /// tried all combinations, or was cut.
    pub narrowed: Option<Diagnostic>,
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
    /// Every residence with one qualification of each kind, every qualification and every status with one residence of
    /// each kind, and the rest for one residence: affordable at each edit even for a large landlord.
    Kinds,
}

/// Every combination of one generation.
pub struct Combinations<'g> {
    generation: &'g Generation,
    residences: Vec<&'g Residence>,
    qualifications: Vec<&'g str>,
    /// The first qualification for each type of manager.
    one_of_each_kind: Vec<&'g str>,
    priorites: Vec<&'g str>,
    biens: Biens<'g>,
    statuts: Statuts,
    varied: Varied<'g>,
    creations: Option<Creations<'g>>,
    /// Whether the CRM described by the connector file is called.
    calls_crm: bool,
    /// The number of operations of scripts and templates that a search may take.
    operations: u64,
}

impl<'g> Combinations<'g> {
    /// Lists the combinations of a generation.
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
        let scripts = [
            rules.scripts.written_in_gestionnaire(),
            rules.scripts.written_in_accuses(),
        ];
        let texts = scripts.iter().flat_map(|it| it.texts.iter().cloned());
        let texts: Vec<String> = texts.collect();
        let named = scripts.iter().flat_map(|it| it.compared_with("bien"));
        let named = named.map(str::to_owned).collect();
        let asks = scripts.iter().any(|it| it.asks("bien"));
        let biens = Biens::of(&generation.referentiel, &texts, asks.then_some(&named));
        Self {
            varied: Varied::of(generation, &residences, &qualifications, &biens),
            generation,
            residences,
            qualifications,
            one_of_each_kind,
            priorites: rules.priorites.keys().map(String::as_str).collect(),
            biens,
            statuts: Statuts::of(generation),
            creations: Creations::of(rules),
            calls_crm: true,
            operations: u64::MAX,
        }
    }

    /// Restricts it to the partners that are called: a demande that cannot be sent to a CRM that is not called yet is
    /// only a remark.
    #[must_use]
    pub fn where_called(mut self, called: &BTreeSet<Partner>) -> Self {
        self.calls_crm = called.contains(&Partner::Crm);
        self
    }

    /// The number of decisions to make, except those that only a hole triggers.
    #[must_use]
    pub fn count(&self) -> u64 {
        let breadth = self.breadth(varied::MOST, varied::MOST_BY_NAME);
        let pairs = self.pairs(breadth, varied::MOST_OF_PAIRS);
        self.count_usual() + self.count_singles(breadth) + self.count_pairs(&pairs)
    }

    /// The maximum number of decisions to make without variations.
    #[must_use]
    pub fn count_usual(&self) -> u64 {
        let biens = |it: &&Residence| self.biens.of_residence(&it.code).len();
        let places = self.residences.len() + self.residences.iter().map(biens).sum::<usize>();
        let each = self.qualifications.len() * self.priorites.len() * FLAGS.len();
        let statuts = self.residences.len() * self.one_of_each_kind.len() * self.statuts.count();
        (places * each + statuts) as u64
    }

    /// Decides all of them on all cores; `tick` receives the number of each batch of decisions.
    pub fn decide(&self, tick: &(dyn Fn(u64) + Sync)) -> Coverage {
        let found = side_by_side(self.residences.len(), self.whole(), tick, |at, left| {
            let residence = self.residences[at];
            self.residence(residence, &self.qualifications, Reach::All, true, left)
        });
        let affordable = self.affordable_after(&[&found]);
        let most = [varied::MOST, varied::MOST_BY_NAME].map(|it| it.min(affordable));
        let breadth = self.breadth(most[0], most[1]);
        let varied = |tried: &Extent, known: &[&Found]| {
            let kinds = self.varied.residences(tried.breadth).len();
            let left = left_after(self.whole(), known);
            side_by_side(kinds, left, tick, |kind, left| {
                let mut budget = Budget::new(u64::MAX, left, &|| true);
                let found = self.vary(kind, tried, known, &mut budget);
                found.unwrap_or_default()
            })
            .with_one_of_each(self)
        };
        let singles = self.singles(breadth, affordable);
        let of_singles = varied(&singles, &[&found]);
        let affordable = self.affordable_after(&[&found, &of_singles]);
        let pairs = self.pairs(breadth, varied::MOST_OF_PAIRS.min(affordable));
        let of_pairs = varied(&pairs, &[&found, &of_singles]);
        self.report(found, [(of_singles, singles), (of_pairs, pairs)])
    }

    /// Decides them on this thread only, so as not to disturb the daemon's traffic; `None` if `go_on` returned false.
    pub fn decide_aside(&self, reach: Reach, go_on: impl Fn() -> bool) -> Option<Coverage> {
        let mut found = Found::default();
        let mut first = true;
        // Whether an e-mail for a status fails there: then the whole kind is tried.
        let mut kinds: HashMap<Kind<'_>, bool> = HashMap::new();
        for residence in &self.residences {
            if !go_on() {
                return None;
            }
            if found.spent.uses_up(self.whole()) {
                break;
            }
            let kind = kind(residence);
            let known = kinds.get(&kind).copied();
            let whole = first || reach == Reach::All;
            let (qualifications, reach) = match known {
                _ if whole => (&self.qualifications, Reach::All),
                None => (&self.qualifications, reach),
                Some(_) => (&self.one_of_each_kind, reach),
            };
            let statuts = whole || known != Some(false);
            let left = self.whole().minus(found.spent);
            let here = self.residence(residence, qualifications, reach, statuts, left);
            if known.is_none() {
                kinds.insert(kind, here.fails_a_mail_of_a_statut());
            }
            found = found.join(here);
            first = false;
        }
        let affordable = self.affordable_after(&[&found]);
        let most = varied::MOST_ASIDE.min(affordable);
        let breadth = self.breadth(most, most);
        let varied = |tried: &Extent, known: &[&Found], most| {
            let mut found = Found::default();
            let left = left_after(self.whole(), known);
            let mut budget = Budget::new(most, left, &go_on);
            for kind in 0..self.varied.residences(tried.breadth).len() {
                if found.spent.uses_up(left) {
                    break;
                }
                budget.left = left.minus(found.spent);
                found = found.join(self.vary(kind, tried, known, &mut budget)?);
            }
            Some(found.with_one_of_each(self))
        };
        let singles = self.singles(breadth, affordable);
        let of_singles = varied(&singles, &[&found], varied::MOST_ASIDE)?;
        let known = [&found, &of_singles];
        let affordable = self.affordable_after(&known);
        let pairs = self.pairs(breadth, varied::MOST_OF_PAIRS_ASIDE.min(affordable));
        let of_pairs = varied(&pairs, &known, varied::MOST_OF_PAIRS_ASIDE)?;
        Some(self.report(found, [(of_singles, singles), (of_pairs, pairs)]))
    }

    fn residence(
        &self,
        residence: &Residence,
        qualifications: &[&str],
        reach: Reach,
        statuts: bool,
        left: Effort,
    ) -> Found {
        let mut found = Found::default();
        let mut examples = Examples::new();
        let mut signalement = Signalement {
            residence: residence.code.clone(),
            ..foresee::harmless(self.generation)
        };
        let own = self.biens.of_residence(&residence.code);
        let whole = reach == Reach::All;
        let few = |all: usize| if whole { all } else { 1 };
        for qualification in qualifications {
            (*qualification).clone_into(&mut signalement.qualification);
            let biens = own.iter().filter(|_| whole).map(Some);
            for bien in [None].into_iter().chain(biens) {
                signalement.bien = bien.map(|code| (*code).to_owned());
                for (flags, (auteur, manager)) in (0..).zip(FLAGS).take(few(FLAGS.len())) {
                    signalement.transmettre_auteur = auteur;
                    signalement.transmettre_manager = manager;
                    let priorites = self.priorites.iter().take(few(self.priorites.len()));
                    for (priorite, word) in (0..).zip(priorites) {
                        if found.spent.uses_up(left) {
                            return found;
                        }
                        (*word).clone_into(&mut signalement.priorite);
                        let at = whole.then_some(At {
                            flags,
                            priorite,
                            ..At::FIRST
                        });
                        self.decide_one(&signalement, at, &mut examples, &mut found);
                    }
                }
            }
        }
        if statuts {
            self.statuts
                .decide(self.generation, &examples, None, left, &mut found);
        }
        found
    }

    fn decide_one(
        &self,
        signalement: &Signalement,
        at: Option<At>,
        examples: &mut Examples<'g>,
        found: &mut Found,
    ) {
        let decide = || foresee::signalement(self.generation, signalement, &mut Trace::unread());
        let foreseen = found.decide(decide);
        found.try_codes(signalement);
        let touched = |group: &mut Group| group.touch(signalement, at);
        match &foreseen.decision {
            Err(error) if At::counts(at, error) => touched(found.hole(error, signalement)),
            Err(_) => found.is_unsure = true,
            Ok(Decision::Ecarter { .. }) => {}
            Ok(Decision::Transmettre(demande)) => {
                found.forwarded.insert(signalement.qualification.clone());
                let rules = &self.generation.rules;
                let asked = &rules.qualifications[&signalement.qualification].type_gestionnaire;
                if demande.gestionnaire_concerne.r#type != *asked {
                    touched(self.other_manager(signalement, asked, demande, found));
                }
                let fault = self.creations.as_ref().and_then(|it| it.fault(demande));
                if let Some(fault) = fault {
                    touched(found.broken_request(&fault, signalement, self.calls_crm));
                }
                let example = || (signalement.clone(), (**demande).clone());
                examples.entry(asked).or_insert_with(example);
            }
        }
        for error in foreseen.unwritten() {
            if At::counts(at, &error) {
                touched(found.hole(&error, signalement));
            } else {
                found.is_unsure = true;
            }
        }
    }

    /// The remark on a manager of a different type than the one asked for: either the residence has none of that type,
    /// which a change to the export corrects, or the rules chose differently.
    fn other_manager<'f>(
        &self,
        signalement: &Signalement,
        asked: &str,
        demande: &NewDemande,
        found: &'f mut Found,
    ) -> &'f mut Group {
        let Generation {
            rules, referentiel, ..
        } = self.generation;
        let got = &demande.gestionnaire_concerne;
        let residence = referentiel.residence(&signalement.residence);
        if residence.is_none_or(|it| it.gestionnaires.get(asked).is_none()) {
            let kind = &got.r#type;
            let cause = format!("pas de gestionnaire « {asked} », « {kind} » à la place");
            return found.remark(GESTIONNAIRES, 0, cause);
        }
        let kind = &got.r#type;
        let cause = format!("les règles prennent … ({kind}) plutôt que « {asked} »");
        let group = found.remark(GESTIONNAIRE, rules.scripts.gestionnaire_line(), cause);
        group.touch_manager(&got.identifiant);
        group
    }
}

/// What is left of a search's effort after these parts of it.
fn left_after(whole: Effort, parts: &[&Found]) -> Effort {
    parts.iter().fold(whole, |left, it| left.minus(it.spent))
}

#[cfg(test)]
mod tests;
