//! Two variations at once, of values that the rules read and distinguish; those read in one condition come first.

use std::collections::BTreeSet;

use super::moments::{self, Moment};
use super::variations::{MOST_PHOTOS, Variation, around};
use crate::rules::calendar::DAYS;
use crate::rules::written::{Together, Written};

/// Maximum number of pairs kept; more than any search may try.
const MOST: usize = 40_000;
/// The functions and filters that return the length of a text.
pub(super) const OF_LENGTHS: [&str; 2] = ["len", "length"];
/// The fields of a signalement that rules can read and that are varied, with their names in French.
const FIELDS: [(&str, &str); 6] = [
    ("date_creation", "la date"),
    ("description", "la description"),
    ("photos", "le nombre de photos"),
    ("auteur", "l'auteur"),
    ("email_auteur", "l'adresse de l'auteur"),
    ("autres", "les champs « autres »"),
];

/// The names of two fields.
pub(super) type Fields = (&'static str, &'static str);

/// Pairs of variations.
#[derive(Default)]
pub(super) struct Pairs {
    /// The pairs; those read by one condition come first.
    pub(super) all: Vec<[Variation; 2]>,
    /// The pairs of fields with more values than were kept.
    pub(super) left_out: BTreeSet<Fields>,
}

/// Everything worth trying together, out of the single variations.
pub(super) fn all(written: &Written, singles: &[Variation]) -> Pairs {
    let dates = moments::few(written).into_iter().map(Variation::Date);
    let photos = photos(written);
    let by_length = written.calls(&OF_LENGTHS);
    let others = singles.iter().filter(|it| match it {
        Variation::Date(_) => false,
        Variation::Length(_) => by_length,
        Variation::Photos(count) => photos.contains(count),
        _ => true,
    });
    let dates: Vec<Variation> = dates.filter(|_| written.reads("date_creation")).collect();
    let values: Vec<&Variation> = dates.iter().chain(others).collect();
    let conditions: Vec<BTreeSet<usize>> = values
        .iter()
        .map(|value| {
            let of = written.together.iter().enumerate();
            let of = of.filter(|(_, it)| asks_for(it, value));
            of.map(|(at, _)| at).collect()
        })
        .collect();
    let (mut near, mut far) = (Vec::new(), Vec::new());
    for (at, one) in values.iter().enumerate() {
        for (further, other) in values.iter().enumerate().skip(at + 1) {
            if !can_meet(one, other) {
                continue;
            }
            if conditions[at].is_disjoint(&conditions[further]) {
                far.push([*one, *other]);
            } else {
                near.push([*one, *other]);
            }
        }
    }
    near.extend(far);
    let beyond = near.iter().skip(MOST);
    let left_out = beyond
        .map(|[one, other]| (one.field(), other.field()))
        .collect();
    near.truncate(MOST);
    let all = near.into_iter().map(|pair| pair.map(Clone::clone));
    Pairs {
        all: all.collect(),
        left_out,
    }
}

/// Whether a signalement can have both.
fn can_meet(one: &Variation, other: &Variation) -> bool {
    match (one, other) {
        (Variation::Word(one), Variation::Word(other)) => {
            !one.contains(other.as_str()) && !other.contains(one.as_str())
        }
        (Variation::Word(word), Variation::Length(length)) => Variation::fits(word, *length),
        (Variation::Autre(one, _), Variation::Autre(other, _)) => one != other,
        _ => one.field() != other.field(),
    }
}

/// One, many, and the numbers around each number in the rules.
fn photos(written: &Written) -> BTreeSet<usize> {
    let near = around(written).into_iter();
    let near = near.filter_map(|it| usize::try_from(it).ok());
    near.chain([1, MOST_PHOTOS]).collect()
}

/// Whether a condition contains what this value was made from.
fn asks_for(condition: &Together, value: &Variation) -> bool {
    let near = |number: i64| condition.numbers.iter().any(|it| it.abs_diff(number) <= 1);
    let near_count = |count: usize| i64::try_from(count).is_ok_and(near);
    let part_of = |text: &str| {
        let parts = condition.texts.iter();
        parts
            .filter(|it| it.len() > 2)
            .any(|it| text.contains(it.as_str()))
    };
    match value {
        Variation::Date(Moment {
            text,
            hour,
            weekday,
            month,
            written,
            ..
        }) => {
            near((*hour).into())
                || near((*month).into())
                || condition.texts.contains(DAYS[*weekday])
                || condition.texts.contains(written)
                || part_of(text)
        }
        Variation::Word(text)
        | Variation::Description(text)
        | Variation::Shape(text)
        | Variation::Auteur(text) => condition.texts.contains(text),
        Variation::Length(count) | Variation::Photos(count) => near_count(*count),
        Variation::Email(address) | Variation::EmailShape(address) => part_of(address),
        Variation::Autre(name, value) => {
            let known = condition.names.contains(name) || condition.texts.contains(name);
            known
                && match (value.as_str(), value.as_i64()) {
                    (Some(text), _) => condition.texts.contains(text),
                    (None, Some(number)) => near(number),
                    (None, None) => true,
                }
        }
    }
}

/// A sentence saying that the values of these fields were not all tried together.
pub(super) fn left_out(fields: &BTreeSet<Fields>) -> Option<String> {
    let both = fields.iter().map(|(one, other)| {
        if one == other {
            format!("{} et une autre de ses valeurs", called(one))
        } else {
            format!("{} avec {}", called(one), called(other))
        }
    });
    let both: Vec<String> = both.collect();
    let told = format!(
        "Les règles lisent trop de valeurs pour les croiser toutes. N'ont pas été croisées entièrement : {}.",
        both.join(", ")
    );
    (!both.is_empty()).then_some(told)
}

/// The name of a field in French.
pub(super) fn called(field: &str) -> String {
    let known = FIELDS.iter().find(|(it, _)| *it == field);
    known.map_or_else(|| field.to_owned(), |(_, called)| (*called).to_owned())
}
