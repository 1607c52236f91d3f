//! Signalements with one or two variations: decided for one residence and one qualification of each kind, and on
//! failure for all others of the kind.

mod extent;

use std::collections::BTreeSet;

use super::alike::Failing;
use super::biens::Biens;
use super::budget::Budget;
use super::causes::{At, Found};
use super::comparison::Usual;
use super::facets;
use super::kinds;
use super::pairs::{self, Fields, Pairs};
use super::statuts::Examples;
use super::variations::{self, Variation};
use super::{Combinations, FLAGS};
use crate::domain::referentiel::Residence;
use crate::domain::signalement::Signalement;
use crate::rules::compile::Generation;
use crate::rules::foresee;
use crate::rules::written::Written;

use extent::Names;

pub(super) use extent::{
    Breadth, Extent, MOST, MOST_ASIDE, MOST_BY_NAME, MOST_OF_PAIRS, MOST_OF_PAIRS_ASIDE,
};

/// The variations, and the codes they are tried with.
pub(super) struct Varied<'g> {
    /// The single variations, followed by the pairs; pairs read by one condition come first.
    variations: Vec<Tried>,
    /// The number of single variations.
    singles: usize,
    /// The pairs of fields with more values than were kept.
    left_out: BTreeSet<Fields>,
    /// Sentences on what the rules distinguish and was not tried, or not together.
    untried: Vec<String>,
    residences: Kinds<&'g Residence>,
    qualifications: Kinds<&'g str>,
    /// The other values that the rules read.
    read: Breadth,
    /// The sample signalement.
    usual: Signalement,
}

/// Residences or qualifications, grouped by kind.
struct Kinds<T> {
    /// Distinguished also by their names.
    by_name: Vec<Vec<T>>,
    /// Whatever their names.
    by_look: Vec<Vec<T>>,
}

struct Tried {
    /// One or two variations.
    changes: Vec<Variation>,
    /// Whether an e-mail template or the e-mail script reads one of the varied values: then it is also tried for each
    /// status.
    in_mails: bool,
}

/// A signalement without its codes.
#[derive(Clone, Copy)]
pub(super) struct Case {
    pub(super) at: At,
    /// Index of the bien among those of the residence that are varied; `None` without one.
    pub(super) bien: Option<usize>,
    /// The index of its variation.
    pub(super) number: usize,
}

impl Case {
    /// The case for these kinds of residences and of qualifications.
    fn of_kinds(self, residences: usize, qualifications: usize) -> Self {
        let kinds = u32::try_from(residences).ok();
        let kinds = kinds.zip(u32::try_from(qualifications).ok());
        let at = At { kinds, ..self.at };
        Self { at, ..self }
    }
}

impl<'g> Varied<'g> {
    /// Determines what the rules read, and distinguishes what they can distinguish.
    pub(super) fn of(
        generation: &'g Generation,
        residences: &[&'g Residence],
        qualifications: &[&'g str],
        biens: &Biens<'_>,
    ) -> Self {
        let rules = &generation.rules;
        let (scripts, templates) = (&rules.scripts, rules.templates.written());
        let mut in_mails = scripts.written_in_accuses().clone();
        in_mails.add(templates.mails);
        let untried = facets::untried(
            [
                scripts.written_in_gestionnaire(),
                &templates.contexte,
                &in_mails,
            ],
            &facets::Names::of(rules),
        );
        let mut written: Written = scripts.written_in_gestionnaire().clone();
        written.add(templates.contexte);
        written.add(in_mails.clone());
        let read = Breadth::read_by(&written, biens);
        let of_templates = rules.templates.compared();
        let compared: Vec<_> = scripts.compared().chain(&of_templates).collect();
        let variations = variations::all(&written, &compared);
        if variations.is_empty() {
            return Self::none(generation, untried);
        }
        let texts: Vec<String> = written.texts.iter().cloned().collect();
        let (singles, pairs) = (variations.len(), pairs::all(&written, &variations));
        let Pairs {
            all: pairs,
            left_out,
        } = pairs;
        let changes = variations.into_iter().map(|it| vec![it]);
        let changes = changes.chain(pairs.into_iter().map(Vec::from));
        let tried = changes.map(|changes| Tried {
            in_mails: changes.iter().all(|it| in_mails.reads(it.field())),
            changes,
        });
        Self {
            variations: tried.collect(),
            singles,
            left_out,
            untried,
            residences: Kinds {
                by_name: kinds::of_residences(residences, biens, &texts),
                by_look: kinds::of_residences(residences, biens, &[]),
            },
            qualifications: Kinds {
                by_name: kinds::of_qualifications(qualifications, &rules.qualifications, &texts),
                by_look: kinds::of_qualifications(qualifications, &rules.qualifications, &[]),
            },
            read,
            usual: foresee::harmless(generation),
        }
    }

    fn none(generation: &Generation, untried: Vec<String>) -> Self {
        Self {
            variations: Vec::new(),
            singles: 0,
            left_out: BTreeSet::new(),
            untried,
            residences: Kinds {
                by_name: Vec::new(),
                by_look: Vec::new(),
            },
            qualifications: Kinds {
                by_name: Vec::new(),
                by_look: Vec::new(),
            },
            read: Breadth::ALL,
            usual: foresee::harmless(generation),
        }
    }

    /// The variations tried, each one or two at once.
    pub(super) fn variations(&self) -> impl Iterator<Item = &[Variation]> {
        self.variations.iter().map(|it| it.changes.as_slice())
    }

    /// The changes of one variation.
    pub(super) fn changes(&self, number: usize) -> &[Variation] {
        &self.variations[number].changes
    }

    /// The sample signalement.
    pub(super) fn usual(&self) -> &Signalement {
        &self.usual
    }

    /// The kinds of residences tried at this breadth; none if nothing varies.
    pub(super) fn residences(&self, breadth: Breadth) -> &[Vec<&'g Residence>] {
        match breadth.names {
            Names::All => &self.residences.by_name,
            Names::OfQualifications | Names::None => &self.residences.by_look,
        }
    }

    /// The kinds of qualifications tried at this breadth.
    pub(super) fn qualifications(&self, breadth: Breadth) -> &[Vec<&'g str>] {
        match breadth.names {
            Names::All | Names::OfQualifications => &self.qualifications.by_name,
            Names::None => &self.qualifications.by_look,
        }
    }
}

impl Combinations<'_> {
    /// Decides the variations for one kind of residences, as far as the budget allows, and returns results that are not
    /// known to happen anyway; `None` if the search must stop.
    pub(super) fn vary(
        &self,
        kind: usize,
        tried: &Extent,
        known: &[&Found],
        budget: &mut Budget<'_>,
    ) -> Option<Found> {
        let (varied, breadth) = (&self.varied, tried.breadth);
        let (mut found, mut failing) = (Found::default(), Failing::default());
        let mut usual = Usual::new();
        let Some(first) = varied.residences(breadth)[kind].first() else {
            return Some(found);
        };
        for number in tried.numbers.clone() {
            if budget.left.is_used_up() {
                break;
            }
            if budget.signalements == 0 {
                found.left_out_from = Some(number);
                break;
            }
            let mut examples = Examples::new();
            for (of, codes) in varied.qualifications(breadth).iter().enumerate() {
                let mut decisions = 0;
                for case in self.cases_of(first, breadth, number) {
                    if budget.left.is_used_up() {
                        break;
                    }
                    let (case, code) = (case.of_kinds(kind, of), (of, codes[0]));
                    let one =
                        self.decide_varied(first, code, case, known, &mut usual, &mut examples);
                    budget.take(one.spent);
                    for key in one.holes.keys().chain(one.remarks.keys()) {
                        let key = (of, key.clone());
                        failing.signalements.entry(key).or_insert(case);
                    }
                    decisions += one.decisions;
                    found = found.join(one);
                }
                budget.spend(decisions)?;
            }
            if varied.variations[number].in_mails
                && budget.besides > 0
                && let Some(case) = self.cases_of(first, breadth, number).next()
            {
                let (mut one, at) = (Found::default(), Some(case.at));
                let left = budget.left;
                self.statuts
                    .decide(self.generation, &examples, at, left, &mut one);
                budget.take(one.spent);
                let one = one.without_words(self, number, known);
                for key in one.holes.keys() {
                    failing.statuts.entry(key.clone()).or_insert(case);
                }
                budget.spend_besides(one.decisions)?;
                found = found.join(one);
            }
        }
        let alike = self.vary_alike(kind, breadth, failing, known, budget)?;
        Some(found.join(alike).beyond(known))
    }

    /// The same cases with this variation; those with a bien are left out if the residence has none.
    fn cases_of(
        &self,
        residence: &Residence,
        breadth: Breadth,
        number: usize,
    ) -> impl Iterator<Item = Case> {
        let cases = self.cases_for(residence, breadth);
        cases.map(move |case| self.with_input(case, number))
    }

    /// The combinations tried for this residence, without a variation.
    pub(super) fn cases_for(
        &self,
        residence: &Residence,
        breadth: Breadth,
    ) -> impl Iterator<Item = Case> {
        let biens = self.biens.varied(&residence.code).len();
        let cases = self.cases(breadth);
        let possible = cases.filter(move |case| biens > 0 || case.bien.is_none());
        let each = if breadth.each_bien {
            usize::from(breadth.biens)..biens
        } else {
            0..0
        };
        possible.chain(each.map(|bien| Case {
            at: At {
                of_bien: u32::try_from(bien).ok(),
                ..At::FIRST
            },
            bien: Some(bien),
            number: 0,
        }))
    }

    /// The combinations tried at this breadth, without a variation. The first is the usual one.
    fn cases(&self, breadth: Breadth) -> impl Iterator<Item = Case> {
        let all = |is_tried: bool, count: usize| if is_tried { count } else { count.min(1) };
        let priorites = 0_u8..;
        let priorites = priorites.take(all(breadth.priorites, self.priorites.len()));
        let flags = all(breadth.flags, FLAGS.len());
        let biens = [None, Some(0)].into_iter().take(all(breadth.biens, 2));
        biens.flat_map(move |bien| {
            let priorites = priorites.clone();
            (0_u8..).take(flags).flat_map(move |flags| {
                priorites.clone().map(move |priorite| Case {
                    at: At {
                        flags,
                        priorite,
                        ..At::FIRST
                    },
                    bien,
                    number: 0,
                })
            })
        })
    }

    fn with_input(&self, case: Case, number: usize) -> Case {
        let changes = &self.varied.variations[number].changes;
        let guessed = changes.iter().any(Variation::is_guessed);
        let input = u32::try_from(number).ok();
        Case {
            at: At {
                input,
                guessed,
                ..case.at
            },
            number,
            ..case
        }
    }

    /// The texts of the sample signalement that a person would write, without and with this variation: the longest
    /// first, then their parts.
    pub(super) fn written_in(&self, number: usize) -> (Vec<String>, Vec<String>) {
        let usual = &self.varied.usual;
        let changes = &self.varied.variations[number].changes;
        let mut varied = usual.clone();
        variations::apply(changes, &mut varied);
        let whole = |it: &Signalement| vec![it.description.clone(), it.auteur.clone()];
        let parts = changes.iter().filter_map(Variation::words).cloned();
        (
            whole(usual),
            whole(&varied).into_iter().chain(parts).collect(),
        )
    }

    pub(super) fn varied_signalement(
        &self,
        residence: &Residence,
        qualification: &str,
        case: Case,
    ) -> Signalement {
        let mut signalement = self.usual_signalement(residence, qualification, case);
        variations::apply(self.varied.changes(case.number), &mut signalement);
        signalement
    }

    /// The signalement of a case without its variation.
    pub(super) fn usual_signalement(
        &self,
        residence: &Residence,
        qualification: &str,
        case: Case,
    ) -> Signalement {
        let (transmettre_auteur, transmettre_manager) = FLAGS[usize::from(case.at.flags)];
        let priorite = self.priorites.get(usize::from(case.at.priorite));
        let biens = self.biens.varied(&residence.code);
        let bien = case.bien.and_then(|it| biens.get(it));
        Signalement {
            residence: residence.code.clone(),
            qualification: qualification.to_owned(),
            bien: bien.map(|it| (*it).to_owned()),
            priorite: priorite.map(|it| (*it).to_owned()).unwrap_or_default(),
            transmettre_auteur,
            transmettre_manager,
            ..self.varied.usual.clone()
        }
    }
}
