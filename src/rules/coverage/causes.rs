//! The results of the combinations, one entry for each cause: the codes that happened to be tried are removed from the
//! message and recorded beside it.

use std::collections::{BTreeMap, BTreeSet};

use super::Combinations;
use super::comparison::AllExceptions;
use super::group::Group;
use super::patience::Effort;
use super::words::{generalise, is_like, without_words};
use crate::domain::signalement::Signalement;
use crate::rules::compile::QUALIFICATIONS;
use crate::rules::connector::{Fault, Partner};
use crate::rules::decide::Undecided;
use crate::rules::meter;

pub(super) type GroupKey = (String, u32, String);
pub(super) type Groups = BTreeMap<GroupKey, Group>;

/// The results of some of the combinations.
#[derive(Default)]
pub(super) struct Found {
    pub(super) decisions: u64,
    pub(super) holes: Groups,
    pub(super) remarks: Groups,
    pub(super) forwarded: BTreeSet<String>,
    pub(super) spent: Effort,
    /// What was tried on signalements that fail without a variation.
    pub(super) exceptions: AllExceptions,
    /// Whether an error did not count, see [`At::counts`].
    pub(super) is_unsure: bool,
    /// The index of the first variation that some kind of residences was not tried with, because the decisions allowed
    /// were spent.
    pub(super) left_out_from: Option<usize>,
    /// The residences and the qualifications for which a signalement was decided.
    pub(super) tried: [BTreeSet<String>; 2],
}

impl Found {
    /// Makes one decision and counts what it takes.
    pub(super) fn decide<T>(&mut self, decide: impl FnOnce() -> T) -> T {
        let (decision, work) = meter::measure(decide);
        self.decisions += 1;
        self.spent.operations += work.operations;
        decision
    }

    pub(super) fn hole(&mut self, error: &Undecided, signalement: &Signalement) -> &mut Group {
        let (file, line, message) = match error {
            Undecided::Script(it) => (it.file.to_owned(), it.line, it.message.clone()),
            Undecided::Template(it) => (it.file.clone(), it.line, it.message.clone()),
            Undecided::UnknownCodes(_) => (QUALIFICATIONS.to_owned(), None, error.to_string()),
        };
        let key = (file, line.unwrap_or(0), generalise(message, signalement));
        let at_limit = matches!(error, Undecided::Script(it) if it.at_limit);
        self.spent.at_limit += u64::from(at_limit);
        let group = self.holes.entry(key).or_default();
        group.at_limit |= at_limit;
        group
    }

    /// Counts what other decisions took, but not their results.
    pub(super) fn count(&mut self, other: &Self) {
        self.decisions += other.decisions;
        self.spent = self.spent.plus(other.spent);
    }

    /// Records that a signalement with these codes was decided.
    pub(super) fn try_codes(&mut self, signalement: &Signalement) {
        let codes = [&signalement.residence, &signalement.qualification];
        for (tried, code) in self.tried.iter_mut().zip(codes) {
            if !tried.contains(code) {
                tried.insert(code.clone());
            }
        }
    }

    /// A demande for which no request to the CRM can be made; only a remark if the CRM is not called.
    pub(super) fn broken_request(
        &mut self,
        fault: &Fault,
        signalement: &Signalement,
        called: bool,
    ) -> &mut Group {
        // The suggestions after the message differ from one code to the next.
        let what = fault.message.split(" ; ").next().unwrap_or_default();
        let mut message = format!("la demande ne peut pas partir au CRM : {what}");
        if !called {
            message.push_str(" ; sans effet tant que les réglages gardent le CRM intégré");
        }
        let file = Partner::Crm.file().to_owned();
        let key = (file, fault.line, generalise(message, signalement));
        let groups = if called {
            &mut self.holes
        } else {
            &mut self.remarks
        };
        groups.entry(key).or_default()
    }

    pub(super) fn remark(&mut self, file: &str, line: u32, cause: String) -> &mut Group {
        let key = (file.to_owned(), line, cause);
        self.remarks.entry(key).or_default()
    }

    /// The results that are not already known.
    pub(super) fn beyond(mut self, known: &[&Self]) -> Self {
        for known in known {
            for (mine, theirs) in [
                (&mut self.holes, &known.holes),
                (&mut self.remarks, &known.remarks),
            ] {
                mine.retain(|key, group| theirs.get(key).is_none_or(|it| !it.covers(group)));
            }
        }
        self
    }

    /// The results that are not already known, without the words that this variation put into the messages: a script
    /// that quotes the description has one cause, not one for each description tried.
    pub(super) fn without_words(
        self,
        combinations: &Combinations<'_>,
        number: usize,
        known: &[&Self],
    ) -> Self {
        let beyond = self.beyond(known);
        if beyond.holes.is_empty() && beyond.remarks.is_empty() {
            return beyond;
        }
        let (usual, varied) = combinations.written_in(number);
        let renamed = |groups: Groups, known: &[&Groups]| {
            let mut general = Groups::new();
            for (key, group) in groups {
                let key = without_words(key, &usual, &varied, known);
                general.entry(key).or_default().join(group);
            }
            general
        };
        let holes: Vec<&Groups> = known.iter().map(|it| &it.holes).collect();
        let remarks: Vec<&Groups> = known.iter().map(|it| &it.remarks).collect();
        Self {
            holes: renamed(beyond.holes, &holes),
            remarks: renamed(beyond.remarks, &remarks),
            ..beyond
        }
        .beyond(known)
    }

    /// The causes of the holes, named as in [`Self::without_words`].
    pub(super) fn causes(
        &self,
        combinations: &Combinations<'_>,
        number: usize,
        known: &[&Self],
    ) -> BTreeSet<GroupKey> {
        let (usual, varied) = combinations.written_in(number);
        let known: Vec<&Groups> = known.iter().map(|it| &it.holes).collect();
        let keys = self.holes.keys().cloned();
        keys.map(|key| without_words(key, &usual, &varied, &known))
            .collect()
    }

    /// Merges causes whose messages contain a tried word by chance: it was only removed from the message where this
    /// word was tried.
    pub(super) fn with_one_of_each(mut self, combinations: &Combinations<'_>) -> Self {
        let with_gaps = self.holes.keys().filter(|(_, _, it)| it.contains('…'));
        for general in with_gaps.cloned().collect::<Vec<_>>() {
            let Some(group) = self.holes.get(&general) else {
                continue;
            };
            let like = self.holes.keys().filter(|whole| {
                let mut inputs = group.inputs.iter();
                is_like(whole, &general) && inputs.all(|it| combinations.writes(*it, &whole.2))
            });
            if let [whole] = like.cloned().collect::<Vec<_>>().as_slice()
                && let Some(group) = self.holes.remove(&general)
            {
                self.holes.entry(whole.clone()).or_default().join(group);
            }
        }
        self
    }

    /// Whether an e-mail for a status fails.
    pub(super) fn fails_a_mail_of_a_statut(&self) -> bool {
        self.holes.values().any(|it| !it.types.is_empty())
    }

    pub(super) fn join(mut self, other: Self) -> Self {
        self.decisions += other.decisions;
        self.forwarded.extend(other.forwarded);
        self.spent = self.spent.plus(other.spent);
        self.is_unsure |= other.is_unsure;
        let left_out = [self.left_out_from, other.left_out_from].into_iter();
        self.left_out_from = left_out.flatten().min();
        for (key, exceptions) in other.exceptions {
            self.exceptions.entry(key).or_default().join(exceptions);
        }
        for (mine, theirs) in self.tried.iter_mut().zip(other.tried) {
            mine.extend(theirs);
        }
        for (mine, theirs) in [
            (&mut self.holes, other.holes),
            (&mut self.remarks, other.remarks),
        ] {
            for (key, group) in theirs {
                mine.entry(key).or_default().join(group);
            }
        }
        self
    }
}

/// Which of the tried values a signalement has.
#[derive(Debug, Clone, Copy)]
pub(super) struct At {
    /// Index of the pair of flags.
    pub(super) flags: u8,
    /// Index of the priority.
    pub(super) priorite: u8,
    /// Index of the variation; `None` without one.
    pub(super) input: Option<u32>,
    /// The kind of residences and the kind of qualifications, if only one of each kind is tried.
    pub(super) kinds: Option<(u32, u32)>,
    /// Index of the bien, if it is tried for its code: then neither the flags nor the priority vary.
    pub(super) of_bien: Option<u32>,
    /// The type of a varied value is only guessed: the real one is unknown.
    pub(super) guessed: bool,
}

impl At {
    /// The first value of each, without a variation.
    pub(super) const FIRST: Self = Self {
        flags: 0,
        priorite: 0,
        input: None,
        kinds: None,
        of_bien: None,
        guessed: false,
    };

    /// Whether an error lies in the rules, and not in a value that was only guessed.
    pub(super) fn counts(at: Option<Self>, error: &Undecided) -> bool {
        let of_a_kind = match error {
            Undecided::Script(it) => it.unfit,
            Undecided::Template(it) => it.unknown.is_none(),
            Undecided::UnknownCodes(_) => false,
        };
        !(of_a_kind && at.is_some_and(|it| it.guessed))
    }
}
