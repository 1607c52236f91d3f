//! The results of the combinations, one entry for each cause: the codes that happened to be tried are removed from the
//! message and recorded beside it.

use std::collections::{BTreeMap, BTreeSet};

use super::Combinations;
use super::biens::Biens;
use super::comparison::AllExceptions;
use super::moments::listed;
use super::patience::Effort;
use super::words::{generalise, is_like, without_words};
use crate::domain::signalement::Signalement;
use crate::rules::compile::QUALIFICATIONS;
use crate::rules::connector::{Fault, Partner};
use crate::rules::decide::Undecided;
use crate::rules::meter;

/// Maximum number of biens that are named in a condition.
const MOST_BIENS: usize = 3;

pub(super) type GroupKey = (String, u32, String);
/// A kind of residences, a kind of qualifications, and the index of a bien.
type PartKey = (u32, u32, Option<u32>);
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

/// The combinations with one cause.
#[derive(Default)]
pub(super) struct Group {
    pub(super) combinations: u64,
    pub(super) residences: BTreeSet<String>,
    pub(super) qualifications: BTreeSet<String>,
    pub(super) statuts: BTreeSet<String>,
    /// The types of manager asked for in the demandes for which an e-mail of a status fails.
    pub(super) types: BTreeSet<String>,
    /// The managers that the rules chose instead of the one asked for.
    pub(super) managers: BTreeSet<String>,
    pub(super) priorites: BTreeSet<u8>,
    pub(super) flags: BTreeSet<u8>,
    pub(super) without_bien: bool,
    /// The biens for which it happens.
    pub(super) biens: BTreeSet<String>,
    /// Whether it only happens for biens that were tried for their codes.
    pub(super) is_of_biens: bool,
    /// Whether a script reached a limit.
    pub(super) at_limit: bool,
    /// The variations needed for it to happen; empty if it happens without any.
    pub(super) inputs: BTreeSet<u32>,
    /// Those of them whose words do not matter: it also happens with a description of the same shape.
    pub(super) shapes: BTreeSet<u32>,
    /// The same group split by kinds of residences and of qualifications, if only one of each kind is tried, and by
    /// biens that were tried for their codes.
    parts: BTreeMap<PartKey, Group>,
}

impl Group {
    /// `at` gives the flags and the priority, if all of them are tried, and the variation.
    pub(super) fn touch(&mut self, signalement: &Signalement, at: Option<At>) {
        self.combinations += 1;
        if !self.residences.contains(&signalement.residence) {
            self.residences.insert(signalement.residence.clone());
        }
        if !self.qualifications.contains(&signalement.qualification) {
            self.qualifications
                .insert(signalement.qualification.clone());
        }
        if let Some(at) = at {
            self.flags.insert(at.flags);
            self.priorites.insert(at.priorite);
            self.inputs.extend(at.input);
            self.without_bien |= signalement.bien.is_none();
            self.biens.extend(signalement.bien.clone());
            if let Some((residences, qualifications)) = at.kinds {
                let key = (residences, qualifications, at.of_bien);
                let at = At { kinds: None, ..at };
                let part = self.parts.entry(key).or_default();
                part.at_limit = self.at_limit;
                part.is_of_biens = at.of_bien.is_some();
                part.touch(signalement, Some(at));
            }
        }
    }

    /// Records that the words of this variation do not matter.
    pub(super) fn blame_shape(&mut self, input: u32) {
        self.shapes.insert(input);
        self.parts.values_mut().for_each(|it| it.blame_shape(input));
    }

    /// Splits the group by conditions, so that each part only states what is true of all its codes.
    pub(super) fn by_conditions(mut self) -> Vec<Self> {
        let of_biens = self.parts.keys().any(|(.., bien)| bien.is_some());
        if self.parts.len() < 2 && !of_biens || !self.statuts.is_empty() {
            return vec![self];
        }
        let parts = std::mem::take(&mut self.parts).into_iter();
        let (mut parts, of_biens): (BTreeMap<_, _>, Vec<_>) = {
            let (usual, of_biens): (Vec<_>, Vec<_>) =
                parts.partition(|((.., bien), _)| bien.is_none());
            (usual.into_iter().collect(), of_biens)
        };
        for ((residences, qualifications, bien), part) in of_biens {
            // It also happens without this bien: then the bien is no condition.
            let usual = (residences, qualifications, None);
            match parts.get_mut(&usual) {
                Some(usual) if usual.has_conditions_of(&part) => usual.join(part),
                _ => _ = parts.insert((residences, qualifications, bien), part),
            }
        }
        let mut alike: BTreeMap<_, Self> = BTreeMap::new();
        for part in parts.into_values() {
            let key = (
                part.inputs.clone(),
                part.priorites.clone(),
                part.flags.clone(),
                part.is_of_biens,
            );
            let group = alike.entry(key).or_default();
            group.is_of_biens = part.is_of_biens;
            group.join(part);
        }
        let managers = &self.managers;
        let with_managers = alike.into_values().map(|it| Self {
            managers: managers.clone(),
            ..it
        });
        with_managers.collect()
    }

    pub(super) fn touch_statut(&mut self, statut: &str) {
        self.combinations += 1;
        self.statuts.insert(statut.to_owned());
    }

    /// Adds an e-mail for a status of a demande whose qualification asks for this type of manager.
    pub(super) fn touch_mail(&mut self, statut: &str, signalement: &Signalement, asked: &str) {
        self.touch_statut(statut);
        self.residences.insert(signalement.residence.clone());
        self.types.insert(asked.to_owned());
    }

    pub(super) fn touch_manager(&mut self, identifiant: &str) {
        if !self.managers.contains(identifiant) {
            self.managers.insert(identifiant.to_owned());
        }
    }

    /// The cause, with the chosen manager in place of its `…` if it is the same one everywhere.
    pub(super) fn named(&self, cause: String) -> String {
        match (self.managers.first(), self.managers.len()) {
            (Some(identifiant), 1) => cause.replacen('…', identifiant, 1),
            _ => cause,
        }
    }

    /// Whether it does not affect new signalements.
    pub(super) fn is_of_statuts(&self) -> bool {
        self.qualifications.is_empty()
    }

    /// Whether it affects everything that the other affects.
    pub(super) fn covers(&self, other: &Self) -> bool {
        // If not all flags are tried, none are recorded.
        let few = self.flags.is_empty();
        self.residences.is_superset(&other.residences)
            && self.qualifications.is_superset(&other.qualifications)
            && self.statuts.is_superset(&other.statuts)
            && (few || self.flags.is_superset(&other.flags))
            && (few || self.priorites.is_superset(&other.priorites))
            && (few || self.without_bien || !other.without_bien)
            && (few || self.biens.is_superset(&other.biens))
    }

    /// Whether it happens with each variation, priority and pair of flags with which the other one does.
    fn has_conditions_of(&self, other: &Self) -> bool {
        self.inputs.is_superset(&other.inputs)
            && self.priorites.is_superset(&other.priorites)
            && self.flags.is_superset(&other.flags)
    }

    /// The biens for which it happens, in French, if a different one of these residences was tried with success.
    pub(super) fn only_biens(&self, biens: &Biens<'_>) -> Option<String> {
        let mut tried = self.residences.iter().flat_map(|it| biens.varied(it));
        if tried.all(|it| self.biens.contains(*it)) {
            return None;
        }
        let names = |code: &String| self.residences.iter().any(|it| biens.names(it, code));
        let named = self.biens.len() <= MOST_BIENS && self.biens.iter().all(names);
        let some: Vec<String> = self.biens.iter().take(MOST_BIENS).cloned().collect();
        let list = listed(&some, "et");
        Some(match (named, self.biens.len()) {
            (true, 1) => format!("pour le bien {list}"),
            (true, _) => format!("pour les biens {list}"),
            (false, 1) => format!("pour un bien comme {list}"),
            (false, _) => format!("pour des biens comme {list}"),
        })
    }

    pub(super) fn could_have_bien(&self, biens: &Biens<'_>) -> bool {
        let mut residences = self.residences.iter();
        residences.any(|it| !biens.of_residence(it).is_empty())
    }

    fn join(&mut self, other: Self) {
        self.combinations += other.combinations;
        self.residences.extend(other.residences);
        self.qualifications.extend(other.qualifications);
        self.statuts.extend(other.statuts);
        self.types.extend(other.types);
        self.managers.extend(other.managers);
        self.priorites.extend(other.priorites);
        self.flags.extend(other.flags);
        self.without_bien |= other.without_bien;
        self.biens.extend(other.biens);
        self.at_limit |= other.at_limit;
        self.inputs.extend(other.inputs);
        self.shapes.extend(other.shapes);
        for (kinds, part) in other.parts {
            self.parts.entry(kinds).or_default().join(part);
        }
    }
}
