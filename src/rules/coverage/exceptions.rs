//! When a failure of the sample signalement does not happen, in French: « avant 12 h » if only a morning fails,
//! « sauf en août » if only August does not.

use std::collections::{BTreeMap, BTreeSet};

use super::comparison::Exceptions;
use super::gap::EXCEPT;
use super::moments;
use super::pairs;
use super::shapes::Bound;
use super::variations::{self, Variation};
use super::when::{self, alone};
use crate::domain::signalement::Signalement;

/// What decides about a failure, in French.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// It only happens then.
    Only(String),
    /// It does not happen then.
    Except(String),
}

impl Condition {
    /// The number of characters, as it is written.
    fn length(&self) -> usize {
        match self {
            Self::Only(told) => told.chars().count(),
            Self::Except(told) => EXCEPT.chars().count() + told.chars().count(),
        }
    }

    /// Whether it names dates.
    fn is_clear(&self) -> bool {
        let (Self::Only(told) | Self::Except(told)) = self;
        !told.ends_with(moments::ANOTHER)
    }
}

/// The variations of one field, or of one name in `autres`.
#[derive(Default)]
struct Topic<'v> {
    fails: Vec<&'v Variation>,
    passes: Vec<&'v Variation>,
    /// Whether other codes decide about one of them too.
    is_mixed: bool,
}

/// The conditions on which the sample fails, from what was tried.
pub(super) fn conditions(
    found: &Exceptions,
    all: &[&[Variation]],
    usual: &Signalement,
) -> Vec<Condition> {
    let mut topics: BTreeMap<_, Topic<'_>> = BTreeMap::new();
    let tried = found.fails.union(&found.passes);
    for number in tried {
        let Some([one]) = all.get(*number as usize) else {
            continue;
        };
        let name = match one {
            Variation::Autre(name, _) => name,
            _ => "",
        };
        let topic = topics.entry((one.field(), name)).or_default();
        match (found.fails.contains(number), found.passes.contains(number)) {
            (true, true) => topic.is_mixed = true,
            (true, false) => topic.fails.push(one),
            (false, _) => topic.passes.push(one),
        }
    }
    let mut told = Vec::new();
    for ((field, name), topic) in topics {
        if topic.is_mixed {
            let what = match name {
                "" => pairs::called(field),
                name => format!("autres.{name}"),
            };
            let some = format!("dans certains cas, selon {what}");
            told.push(Condition::Except(some));
        } else if !topic.passes.is_empty() {
            told.extend(topic.conditions(field, name, usual));
        }
    }
    if told.is_empty() {
        let only = found.passes.difference(&found.fails).copied();
        let only: BTreeSet<u32> = only.collect();
        let both = when::when(&only, &BTreeSet::new(), all);
        told.extend(both.map(Condition::Except));
    }
    told
}

impl<'v> Topic<'v> {
    fn conditions(&self, field: &str, name: &str, usual: &Signalement) -> Vec<Condition> {
        let one = match field {
            "date_creation" => self.of_dates(),
            "description" => return self.of_descriptions(&usual.description),
            "photos" => self.of_usual(&Variation::Photos(usual.photos)),
            "auteur" => self.of_usual(&Variation::Auteur(usual.auteur.clone())),
            "email_auteur" => self.of_usual(&Variation::Email(usual.email_auteur.clone())),
            _ if !self.fails.is_empty() && self.passes.len() <= when::MOST_TOLD => {
                self.except(&self.all())
            }
            _ if self.fails.is_empty() => Some(Condition::Only(format!("sans autres.{name}"))),
            _ => {
                let some = format!("pour certaines valeurs de autres.{name}");
                Some(Condition::Only(some))
            }
        };
        Vec::from_iter(one)
    }

    fn all(&self) -> Vec<&'v Variation> {
        self.fails.iter().chain(&self.passes).copied().collect()
    }

    /// The condition that prevents the failure.
    fn except(&self, all: &[&Variation]) -> Option<Condition> {
        alone(&self.passes, all).map(Condition::Except)
    }

    fn of_dates(&self) -> Option<Condition> {
        let all = self.all();
        let fails = alone(&self.fails, &all).map(Condition::Only);
        let told = fails.into_iter().chain(self.except(&all));
        let told = told.filter(Condition::is_clear);
        let told = told.min_by_key(Condition::length);
        told.or_else(|| Some(Condition::Only("à certaines dates".to_owned())))
    }

    /// The shorter one of the condition of the failure and of the one that prevents it; `usual` is the value of the
    /// sample, which fails.
    fn of_usual(&self, usual: &Variation) -> Option<Condition> {
        let also = |some: &[&'v Variation]| -> Vec<Variation> {
            let mut found = vec![usual.clone()];
            found.extend(some.iter().copied().cloned());
            found.dedup_by_key(|it| format!("{it:?}"));
            found
        };
        let (fails, all) = (also(&self.fails), also(&self.all()));
        let [fails, all] = [&fails, &all].map(|it| it.iter().collect::<Vec<_>>());
        let fails = alone(&fails, &all).map(Condition::Only);
        let told = fails.into_iter().chain(self.except(&all));
        told.min_by_key(Condition::length)
    }

    fn of_descriptions(&self, usual: &str) -> Vec<Condition> {
        let is_length = |it: &&&Variation| matches!(it, Variation::Length(_));
        let texts = |from: &[&Variation]| -> Vec<String> {
            let from = from.iter();
            from.filter_map(|it| variations::description_of(&[(*it).clone()]))
                .collect()
        };
        let lengths = |from: &[&'v Variation]| -> Vec<&'v Variation> {
            from.iter().filter(is_length).copied().collect()
        };
        let except = |words: &[&Variation]| alone(words, &self.all()).map(Condition::Except);
        if lengths(&self.passes).is_empty() {
            return Vec::from_iter(except(&self.passes));
        }
        let with_usual = |mut texts: Vec<String>| {
            texts.push(usual.to_owned());
            texts
        };
        let (fails, passes) = (with_usual(texts(&self.fails)), texts(&self.passes));
        if let Some(bound) = Bound::between(&fails, &passes) {
            return vec![Condition::Only(bound.described())];
        }
        let of_lengths = [&self.fails, &self.passes].map(|it| texts(&lengths(it)));
        let [fails_by_length, passes_by_length] = of_lengths;
        let bound = Bound::between(&with_usual(fails_by_length), &passes_by_length);
        match bound {
            Some(bound) if fails.iter().all(|it| bound.holds(it)) => {
                let is_odd = |it: &&&Variation| {
                    variations::description_of(&[(**it).clone()]).is_some_and(|it| bound.holds(&it))
                };
                let odd: Vec<&Variation> = self.passes.iter().filter(is_odd).copied().collect();
                let told = [Condition::Only(bound.described())].into_iter();
                told.chain(except(&odd)).collect()
            }
            _ => vec![Condition::Only("avec certaines descriptions".to_owned())],
        }
    }
}
