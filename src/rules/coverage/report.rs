//! Turns the results of the combinations into gaps that a person can correct.

use std::collections::BTreeSet;

use super::causes::{Found, GroupKey, Groups};
use super::comparison::AllExceptions;
use super::exceptions::{self, Condition};
use super::gap::Gap;
use super::group::Group;
use super::patience::{self, Effort};
use super::varied::{Breadth, Extent};
use super::when::when;
use super::{Combinations, Coverage, FLAGS, left_after};
use crate::rules::compile::TRANSMISSION;
use crate::rules::diagnostic::Diagnostic;
use crate::rules::trace::Place;

/// The part of a search in which something was found.
#[derive(Clone, Copy)]
struct Part<'f> {
    breadth: Breadth,
    /// The numbers of residences and qualifications that it tried.
    totals: (usize, usize),
    /// Whether scripts at a limit ended the search early, in this part or a later one.
    ended: bool,
    /// What was tried on signalements that fail without a variation, if those are what this part found.
    exceptions: Option<&'f AllExceptions>,
}

impl<'g> Combinations<'g> {
    /// `varied` are the results of the variations, each with the extent to which they were tried.
    pub(super) fn report(&self, found: Found, varied: [(Found, Extent); 2]) -> Coverage {
        let left = left_after(self.whole(), &[&found, &varied[0].0, &varied[1].0]);
        let ended = left.at_limit == 0;
        let cut = self.cut_of(&found, &varied);
        let untried = self.untried(&varied, ended);
        let types = self.asked(&found.forwarded).len();
        let never = self.never_forwarded(&found);
        let gaps = |parts: Vec<(Groups, Part<'_>)>| {
            let mut gaps = Vec::new();
            for (groups, part) in parts {
                for (key, group) in groups {
                    let groups = group.by_conditions().into_iter();
                    gaps.extend(groups.map(|it| self.gap(key.clone(), it, types, part)));
                }
            }
            gaps.sort_by_key(|gap| std::cmp::Reverse(gap.combinations));
            gaps
        };
        let mut spent = Effort::default();
        let (mut decisions, mut of_holes, mut of_remarks) = (0, Vec::new(), Vec::new());
        let mut exceptions = AllExceptions::new();
        let varied = varied.map(|(mut found, it)| {
            for (key, some) in std::mem::take(&mut found.exceptions) {
                exceptions.entry(key).or_default().join(some);
            }
            (found, it.breadth)
        });
        let mut of_usual = Some(&exceptions);
        for (found, breadth) in [(found, Breadth::ALL)].into_iter().chain(varied) {
            decisions += found.decisions;
            spent = spent.plus(found.spent);
            let part = Part {
                breadth,
                totals: if spent.uses_up(self.whole()) {
                    found.tried.each_ref().map(BTreeSet::len).into()
                } else {
                    self.totals()
                },
                ended,
                exceptions: of_usual.take(),
            };
            of_holes.push((found.holes, part));
            of_remarks.push((found.remarks, part));
        }
        let mut remarks = gaps(of_remarks);
        remarks.extend(never);
        Coverage {
            decisions,
            holes: gaps(of_holes),
            remarks,
            untried,
            cut,
            narrowed: None,
        }
    }

    /// The remark if the operations allowed were not enough for all combinations, or for each variation alone. Pairs of
    /// variations are left out even of searches without such a limit.
    fn cut_of(
        &self,
        found: &Found,
        [(of_singles, singles), _]: &[(Found, Extent); 2],
    ) -> Option<Diagnostic> {
        let after = |parts: &[&Found]| left_after(self.whole(), parts);
        let is_cut = after(&[found, of_singles]).operations == 0
            || after(&[found]).at_limit > 0 && self.leaves_out_singles(singles);
        is_cut.then(|| self.cut(found))
    }

    /// The qualifications for which no signalement was forwarded; `None` if not all were tried.
    fn never_forwarded(&self, found: &Found) -> Option<Gap> {
        let is_whole = !found.spent.uses_up(self.whole()) && !self.residences.is_empty();
        // A qualification for which every decision fails is already a hole.
        let failing = found.holes.values().flat_map(|it| &it.qualifications);
        let failing: BTreeSet<&str> = failing.map(String::as_str).collect();
        let never = |it: &&str| !found.forwarded.contains(*it) && !failing.contains(*it);
        let never = self.qualifications.iter().copied().filter(never);
        let never: Vec<String> = never.map(str::to_owned).collect();
        (is_whole && !never.is_empty()).then(|| Gap {
            place: Place::line(TRANSMISSION, 0),
            cause: "jamais transmises au CRM".into(),
            combinations: never.len() as u64,
            residences: Vec::new(),
            qualifications: never,
            statuts: Vec::new(),
            only_when: Vec::new(),
            except_when: Vec::new(),
            totals: self.totals(),
            ends_search: false,
        })
    }

    /// What was not tried, in French, one sentence each.
    fn untried(&self, varied: &[(Found, Extent); 2], ended: bool) -> Vec<String> {
        if ended {
            let most = patience::MOST;
            return vec![format!(
                "Recherche arrêtée après {most} décisions où un script va jusqu'à une limite : le reste n'a pas été essayé ; corrigez d'abord ce script, puis relancez."
            )];
        }
        let [(of_singles, singles), (of_pairs, pairs)] = varied;
        let mut untried = Vec::from_iter(self.not_for_each(singles.breadth));
        untried.extend(self.not_for_each_pair(singles.breadth, pairs));
        untried.extend(self.biens_left_out());
        untried.extend(self.not_at_all(of_singles.left_out_from));
        untried.extend(self.not_together(pairs, of_pairs.left_out_from));
        untried
    }

    /// The types of manager that these qualifications ask for.
    fn asked(&self, qualifications: &BTreeSet<String>) -> BTreeSet<&'g str> {
        let known = &self.generation.rules.qualifications;
        let types = qualifications.iter().filter_map(|it| known.get(it));
        types.map(|it| it.type_gestionnaire.as_str()).collect()
    }

    fn totals(&self) -> (usize, usize) {
        (self.residences.len(), self.qualifications.len())
    }

    /// `types` is the number of types of manager asked for in forwarded signalements.
    fn gap(&self, key: GroupKey, group: Group, types: usize, part: Part<'_>) -> Gap {
        let tried = part.breadth;
        let (mut only_when, mut except_when) = (Vec::new(), Vec::new());
        let variations: Vec<&[_]> = self.varied.variations().collect();
        only_when.extend(when(&group.inputs, &group.shapes, &variations));
        if let Some(found) = part.exceptions.and_then(|it| it.get(&key)) {
            let usual = self.varied.usual();
            for condition in exceptions::conditions(found, &variations, usual) {
                match condition {
                    Condition::Only(told) => only_when.push(told),
                    Condition::Except(told) => except_when.push(told),
                }
            }
        }
        let (file, line, cause) = key;
        if group.is_of_statuts() && (1..types).contains(&group.types.len()) {
            let words: Vec<&str> = group.types.iter().map(String::as_str).collect();
            only_when.push(format!("type_gestionnaire {}", words.join(" ou ")));
        }
        if !group.flags.is_empty() {
            if tried.priorites && !group.is_of_biens && group.priorites.len() < self.priorites.len()
            {
                let words = group
                    .priorites
                    .iter()
                    .filter_map(|at| self.priorites.get(usize::from(*at)));
                let words: Vec<&str> = words.copied().collect();
                only_when.push(format!("priorité {}", words.join(" ou ")));
            }
            match (!group.biens.is_empty(), group.without_bien) {
                (true, false) => {
                    // Elsewhere only one of them was tried.
                    let all_tried = tried.each_bien.then_some(&self.biens);
                    let biens = all_tried.and_then(|it| group.only_biens(it));
                    only_when.push(biens.unwrap_or_else(|| "avec un bien".to_owned()));
                }
                (false, true)
                    if (tried.biens || tried.each_bien) && group.could_have_bien(&self.biens) =>
                {
                    only_when.push("sans bien".into());
                }
                _ => {}
            }
            if tried.flags && !group.is_of_biens {
                let flags = &group.flags;
                only_when.extend(flag_condition(flags, "transmettre_auteur", |it| it.0));
                only_when.extend(flag_condition(flags, "transmettre_manager", |it| it.1));
            }
        }
        Gap {
            place: Place::line(file, line),
            cause: group.named(cause),
            combinations: group.combinations,
            residences: group.residences.into_iter().collect(),
            qualifications: group.qualifications.into_iter().collect(),
            statuts: group.statuts.into_iter().collect(),
            only_when,
            except_when,
            totals: part.totals,
            ends_search: part.ended && group.at_limit,
        }
    }
}

/// `transmettre_auteur: true`, if it is the same in every combination of the group.
fn flag_condition(seen: &BTreeSet<u8>, name: &str, of: fn((bool, bool)) -> bool) -> Option<String> {
    let mut values = seen.iter().map(|at| of(FLAGS[usize::from(*at)]));
    let first = values.next()?;
    values
        .all(|it| it == first)
        .then(|| format!("{name} {first}"))
}
