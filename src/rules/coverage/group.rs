//! The combinations with one cause: the codes that they have, and the conditions that they share.

use std::collections::{BTreeMap, BTreeSet};

use super::biens::Biens;
use super::causes::At;
use super::moments::listed;
use super::variations::Shaped;
use crate::domain::signalement::Signalement;

/// Maximum number of biens that are named in a condition.
const MOST_BIENS: usize = 3;

/// A kind of residences, a kind of qualifications, and the index of a bien.
type PartKey = (u32, u32, Option<u32>);

/// The combinations with one cause.
#[derive(Default)]
pub(super) struct Group {
    pub(super) combinations: u64,
    /// How many of them were tried for few other values, without recording these.
    unrecorded: u64,
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
    /// Those of them whose words do not matter: it also happens with a text of the same shape.
    pub(super) shapes: BTreeSet<(u32, Shaped)>,
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
        } else {
            self.unrecorded += 1;
        }
    }

    /// Records that the words of this variation do not matter.
    pub(super) fn blame_shape(&mut self, shape: (u32, Shaped)) {
        self.shapes.insert(shape);
        self.parts.values_mut().for_each(|it| it.blame_shape(shape));
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
            && (few || self.covers_biens(other))
    }

    fn covers_biens(&self, other: &Self) -> bool {
        // Not each residence was tried with its biens.
        let some = self.unrecorded > 0 && !self.biens.is_empty();
        some || self.biens.is_superset(&other.biens)
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

    pub(super) fn join(&mut self, other: Self) {
        self.combinations += other.combinations;
        self.unrecorded += other.unrecorded;
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
