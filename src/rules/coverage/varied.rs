//! Signalements that hold something else than the one that nobody sent, one thing at a time: decided for one residence
//! and one qualification of each kind, and where that fails, for all that are alike.

use std::collections::BTreeMap;

use super::biens::Biens;
use super::causes::{At, Found, GroupKey};
use super::kinds;
use super::statuts::Examples;
use super::variations::{self, Variation};
use super::{Combinations, FLAGS};
use crate::domain::referentiel::Residence;
use crate::domain::signalement::Signalement;
use crate::rules::compile::Generation;
use crate::rules::foresee;
use crate::rules::written::Written;

/// Decisions about variations that `passerelle coverage` makes before it tries fewer things together.
pub(super) const MOST: u64 = 300_000;
/// The same beside a daemon's traffic.
pub(super) const MOST_ASIDE: u64 = 20_000;
/// Decisions about others that are alike, for one cause.
const MOST_ALIKE: usize = 5_000;

/// What there is to vary, and for whom.
pub(super) struct Varied<'g> {
    variations: Vec<Tried>,
    residences: Vec<Vec<&'g Residence>>,
    qualifications: Vec<Vec<&'g str>>,
    /// What the rules read besides.
    read: Breadth,
    /// What nobody sent.
    usual: Signalement,
}

struct Tried {
    variation: Variation,
    /// Whether an e-mail, or the script that asks for it, reads of it: then it counts at each status as well.
    in_mails: bool,
}

/// What is tried together with each variation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Breadth {
    /// Each priority.
    pub(super) priorites: bool,
    /// With a bien, and without.
    pub(super) biens: bool,
    /// Each pair of flags.
    pub(super) flags: bool,
}

impl Breadth {
    /// Everything.
    pub(super) const ALL: Self = Self {
        priorites: true,
        biens: true,
        flags: true,
    };
}

/// One signalement, but for its codes.
#[derive(Clone, Copy)]
struct Case {
    at: At,
    with_bien: bool,
    /// Which variation it has.
    number: usize,
}

/// What failed for the first of those that are alike, once for each cause.
#[derive(Default)]
struct Failing {
    /// By the kind of qualifications.
    signalements: BTreeMap<(usize, GroupKey), Case>,
    statuts: BTreeMap<GroupKey, Case>,
}

impl<'g> Varied<'g> {
    /// Looks up what these rules read, and tells apart what they can tell apart.
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
        let mut written: Written = scripts.written_in_gestionnaire().clone();
        written.add(templates.contexte);
        written.add(in_mails.clone());
        let of_templates = rules.templates.compared();
        let compared: Vec<_> = scripts.compared().chain(&of_templates).collect();
        let variations = variations::all(&written, &compared);
        if variations.is_empty() {
            return Self::none(generation);
        }
        let texts: Vec<String> = written.texts.iter().cloned().collect();
        Self {
            variations: variations
                .into_iter()
                .take(usize::from(u16::MAX))
                .map(|variation| Tried {
                    in_mails: in_mails.reads(variation.field()),
                    variation,
                })
                .collect(),
            residences: kinds::of_residences(residences, biens, &texts),
            qualifications: kinds::of_qualifications(qualifications, &rules.qualifications, &texts),
            read: Breadth {
                priorites: written.reads("priorite"),
                biens: written.reads("bien"),
                flags: ["transmettre_auteur", "transmettre_manager"]
                    .iter()
                    .any(|it| written.reads(it)),
            },
            usual: foresee::harmless(generation),
        }
    }

    fn none(generation: &Generation) -> Self {
        Self {
            variations: Vec::new(),
            residences: Vec::new(),
            qualifications: Vec::new(),
            read: Breadth::ALL,
            usual: foresee::harmless(generation),
        }
    }

    pub(super) fn variations(&self) -> impl Iterator<Item = &Variation> {
        self.variations.iter().map(|it| &it.variation)
    }

    /// How many kinds of residences there are to try, none where nothing varies.
    pub(super) fn kinds(&self) -> usize {
        self.residences.len()
    }
}

impl Combinations<'_> {
    /// How many decisions about variations there are to make at this breadth, but for those of statuses and of others that
    /// are alike.
    pub(super) fn count_varied(&self, breadth: Breadth) -> u64 {
        let varied = &self.varied;
        let signalements = varied.residences.len() * varied.qualifications.len();
        (signalements * varied.variations.len() * self.cases(breadth).count()) as u64
    }

    /// What is tried together where so many decisions may be made: of what the rules read, as much as that allows.
    pub(super) fn breadth(&self, most: u64) -> Breadth {
        let mut breadth = self.varied.read;
        for narrowed in [
            |it: &mut Breadth| it.flags = false,
            |it: &mut Breadth| it.biens = false,
            |it: &mut Breadth| it.priorites = false,
        ] {
            if self.count_varied(breadth) <= most {
                break;
            }
            narrowed(&mut breadth);
        }
        breadth
    }

    /// Decides everything that varies for one kind of residences, and finds what is not known to happen anyway.
    pub(super) fn vary(&self, kind: usize, breadth: Breadth, known: &Found) -> Found {
        let varied = &self.varied;
        let (mut found, mut failing) = (Found::default(), Failing::default());
        let Some(first) = varied.residences[kind].first() else {
            return found;
        };
        let without_bien = self.biens.of_residence(&first.code).is_empty();
        for number in 0..varied.variations.len() {
            let mut examples = Examples::new();
            for (of, codes) in varied.qualifications.iter().enumerate() {
                for case in self.cases(breadth) {
                    if case.with_bien && without_bien {
                        continue;
                    }
                    let case = self.with_input(case, number);
                    let mut one = Found::default();
                    let signalement = self.varied_signalement(first, codes[0], case);
                    self.decide_one(&signalement, Some(case.at), &mut examples, &mut one);
                    let one = one.beyond(known);
                    for key in one.holes.keys().chain(one.remarks.keys()) {
                        let key = (of, key.clone());
                        failing.signalements.entry(key).or_insert(case);
                    }
                    found = found.join(one);
                }
            }
            if varied.variations[number].in_mails
                && let Some(case) = self.cases(breadth).next()
            {
                let case = self.with_input(case, number);
                let (mut one, at) = (Found::default(), Some(case.at));
                self.statuts
                    .decide(self.generation, &examples, at, &mut one);
                let one = one.beyond(known);
                for key in one.holes.keys() {
                    failing.statuts.entry(key.clone()).or_insert(case);
                }
                found = found.join(one);
            }
        }
        self.vary_alike(kind, failing, &mut found);
        found.beyond(known)
    }

    /// Decides what failed for all that are alike: the one that was tried stands for them, and each is to be told.
    fn vary_alike(&self, kind: usize, failing: Failing, found: &mut Found) {
        let varied = &self.varied;
        let residences = &varied.residences[kind];
        for ((of, _), case) in failing.signalements {
            let codes = &varied.qualifications[of];
            let alike = residences.iter();
            let alike = alike.flat_map(|it| codes.iter().map(move |code| (it, code)));
            for (residence, code) in alike.skip(1).take(MOST_ALIKE) {
                let signalement = self.varied_signalement(residence, code, case);
                let at = Some(case.at);
                self.decide_one(&signalement, at, &mut Examples::new(), found);
            }
        }
        for case in failing.statuts.into_values() {
            for residence in residences.iter().skip(1).take(MOST_ALIKE) {
                let (mut examples, at) = (Examples::new(), Some(case.at));
                for codes in &varied.qualifications {
                    let it = self.varied_signalement(residence, codes[0], case);
                    self.decide_one(&it, at, &mut examples, &mut Found::default());
                }
                self.statuts.decide(self.generation, &examples, at, found);
            }
        }
    }

    /// What is tried together at this breadth, of nothing that varies yet. The first is what is usual.
    fn cases(&self, breadth: Breadth) -> impl Iterator<Item = Case> {
        let all = |is_tried: bool, count: usize| if is_tried { count } else { count.min(1) };
        let priorites = 0_u8..;
        let priorites = priorites.take(all(breadth.priorites, self.priorites.len()));
        let flags = all(breadth.flags, FLAGS.len());
        let biens = [false, true].into_iter().take(all(breadth.biens, 2));
        biens.flat_map(move |with_bien| {
            let priorites = priorites.clone();
            (0_u8..).take(flags).flat_map(move |flags| {
                priorites.clone().map(move |priorite| Case {
                    at: At {
                        flags,
                        priorite,
                        input: None,
                        guessed: false,
                    },
                    with_bien,
                    number: 0,
                })
            })
        })
    }

    fn with_input(&self, case: Case, number: usize) -> Case {
        let guessed = self.varied.variations[number].variation.is_guessed();
        let input = u16::try_from(number).ok();
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

    fn varied_signalement(
        &self,
        residence: &Residence,
        qualification: &str,
        case: Case,
    ) -> Signalement {
        let (transmettre_auteur, transmettre_manager) = FLAGS[usize::from(case.at.flags)];
        let priorite = self.priorites.get(usize::from(case.at.priorite));
        let bien = self.biens.of_residence(&residence.code).first();
        let mut signalement = Signalement {
            residence: residence.code.clone(),
            qualification: qualification.to_owned(),
            bien: bien.filter(|_| case.with_bien).map(|it| (*it).to_owned()),
            priorite: priorite.map(|it| (*it).to_owned()).unwrap_or_default(),
            transmettre_auteur,
            transmettre_manager,
            ..self.varied.usual.clone()
        };
        self.varied.variations[case.number]
            .variation
            .apply(&mut signalement);
        signalement
    }
}
