//! When a failure of the sample signalement does not happen, in French: « entre 0:30 et 11:30 » if only a morning fails,
//! « sauf en août » if only August does not.

use std::collections::{BTreeMap, BTreeSet};

use super::comparison::Exceptions;
use super::moments;
use super::pairs;
use super::shapes::Bound;
use super::variations::{self, Variation};
use super::when::{self, alone};
use crate::domain::signalement::Signalement;

/// How a condition begins that prevents a failure.
pub(super) const BUT: &str = "sauf ";

/// The variations of one field, or of one name in `autres`.
#[derive(Default)]
struct Topic<'v> {
    fails: Vec<&'v Variation>,
    passes: Vec<&'v Variation>,
    /// Whether other codes decide about one of them too.
    is_mixed: bool,
}

/// The conditions on which the sample fails, from what was tried. Those that begin with [`BUT`] prevent the failure.
pub(super) fn conditions(
    found: &Exceptions,
    all: &[&[Variation]],
    usual: &Signalement,
) -> Vec<String> {
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
            told.push(format!("{BUT}dans certains cas, selon {what}"));
        } else if !topic.passes.is_empty() {
            told.extend(topic.conditions(field, name, usual));
        }
    }
    if told.is_empty() {
        let only = found.passes.difference(&found.fails).copied();
        let only: BTreeSet<u32> = only.collect();
        let both = when::when(&only, &BTreeSet::new(), all);
        told.extend(both.map(|it| format!("{BUT}{it}")));
    }
    told
}

impl<'v> Topic<'v> {
    fn conditions(&self, field: &str, name: &str, usual: &Signalement) -> Vec<String> {
        let one = match field {
            "date_creation" => self.of_dates(),
            "description" => return self.of_descriptions(&usual.description),
            "photos" => self.of_usual(&Variation::Photos(usual.photos)),
            "auteur" => self.of_usual(&Variation::Auteur(usual.auteur.clone())),
            "email_auteur" => self.of_usual(&Variation::Email(usual.email_auteur.clone())),
            _ if !self.fails.is_empty() && self.passes.len() <= when::MOST_TOLD => {
                self.but(&self.all())
            }
            _ if self.fails.is_empty() => Some(format!("sans autres.{name}")),
            _ => Some(format!("pour certaines valeurs de autres.{name}")),
        };
        Vec::from_iter(one)
    }

    fn all(&self) -> Vec<&'v Variation> {
        self.fails.iter().chain(&self.passes).copied().collect()
    }

    /// The condition that prevents the failure.
    fn but(&self, all: &[&Variation]) -> Option<String> {
        let told = alone(&self.passes, all);
        told.map(|it| format!("{BUT}{it}"))
    }

    fn of_dates(&self) -> Option<String> {
        let all = self.all();
        let is_clear = |it: &String| !it.ends_with(moments::ANOTHER);
        let fails = alone(&self.fails, &all).filter(is_clear);
        let passes = self.but(&all).filter(is_clear);
        let told = fails
            .into_iter()
            .chain(passes)
            .min_by_key(|it| it.chars().count());
        told.or_else(|| Some("à certaines dates".to_owned()))
    }

    /// The shorter one of the condition of the failure and of the one that prevents it; `usual` is the value of the
    /// sample, which fails.
    fn of_usual(&self, usual: &Variation) -> Option<String> {
        let also = |some: &[&'v Variation]| -> Vec<Variation> {
            let mut found = vec![usual.clone()];
            found.extend(some.iter().copied().cloned());
            found.dedup_by_key(|it| format!("{it:?}"));
            found
        };
        let (fails, all) = (also(&self.fails), also(&self.all()));
        let [fails, all] = [&fails, &all].map(|it| it.iter().collect::<Vec<_>>());
        let told = alone(&fails, &all).into_iter().chain(self.but(&all));
        told.min_by_key(|it| it.chars().count())
    }

    fn of_descriptions(&self, usual: &str) -> Vec<String> {
        let is_length = |it: &&&Variation| matches!(it, Variation::Length(_));
        let texts = |from: &[&Variation]| -> Vec<String> {
            let from = from.iter();
            from.filter_map(|it| variations::description_of(&[(*it).clone()]))
                .collect()
        };
        let lengths = |from: &[&'v Variation]| -> Vec<&'v Variation> {
            from.iter().filter(is_length).copied().collect()
        };
        let but_words = |words: &[&Variation]| {
            let told = alone(words, &self.all());
            told.map(|it| format!("{BUT}{it}"))
        };
        if lengths(&self.passes).is_empty() {
            return Vec::from_iter(but_words(&self.passes));
        }
        let with_usual = |mut texts: Vec<String>| {
            texts.push(usual.to_owned());
            texts
        };
        let (fails, passes) = (with_usual(texts(&self.fails)), texts(&self.passes));
        if let Some(bound) = Bound::between(&fails, &passes) {
            return vec![bound.described()];
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
                let told = [bound.described()].into_iter();
                told.chain(but_words(&odd)).collect()
            }
            _ => vec!["avec certaines descriptions".to_owned()],
        }
    }
}
