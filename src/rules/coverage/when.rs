//! The inputs that trigger something, in French: « à partir de 23 h », « quand la description contient « gaz » ».

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::moments::{self, Moment, listed};
use super::shapes::{self, Bound};
use super::variations::{self, Shaped, Variation};

/// Maximum number of words and names listed; a rule that distinguishes more asks for something else.
pub(super) const MOST_TOLD: usize = 6;

/// Minimum number of values in `autres` of which it can be said that it happens with all of them, or all but a few.
const FEWEST_OF_MOST: usize = 3;
/// Maximum number of values in `autres` that are named as exceptions.
const MOST_OTHERS: usize = 2;

/// Maximum number of alternative combinations listed.
const MOST_ALTERNATIVES: usize = 3;

/// The condition, derived from all inputs tried and those with which it happens; `None` if there is no condition. An
/// input is two variations if they were tried together, otherwise one. The words of `shapes` do not matter.
pub(super) fn when(
    inputs: &BTreeSet<u32>,
    shapes: &BTreeSet<(u32, Shaped)>,
    all: &[&[Variation]],
) -> Option<String> {
    let known = inputs
        .iter()
        .filter_map(|it| Some((it, *all.get(*it as usize)?)));
    let at: Vec<Vec<Variation>> = known
        .map(|(it, changes)| {
            let mut changes = changes.to_vec();
            if shapes.contains(&(*it, Shaped::Description)) {
                changes = with_shape(&changes);
            }
            if shapes.contains(&(*it, Shaped::Email)) {
                changes = changes.into_iter().map(with_email_shape).collect();
            }
            changes
        })
        .collect();
    let at: Vec<&[Variation]> = at.iter().map(Vec::as_slice).collect();
    let mut told = Vec::new();
    told.extend(alone(&singles(&at), &singles(all)));
    told.extend(together(&at, all));
    (!told.is_empty()).then(|| told.join(", ou "))
}

/// The same changes, with only the shape of the description.
fn with_shape(changes: &[Variation]) -> Vec<Variation> {
    let Some(text) = variations::description_of(changes) else {
        return changes.to_vec();
    };
    let mut found: Vec<Variation> = Vec::new();
    for it in changes {
        if it.field() != "description" {
            found.push(it.clone());
        } else if !found.iter().any(|it| matches!(it, Variation::Shape(_))) {
            found.push(Variation::Shape(text.clone()));
        }
    }
    found
}

/// The same change, with only the shape of an address.
fn with_email_shape(change: Variation) -> Variation {
    match change {
        Variation::Email(address) => Variation::EmailShape(address),
        other => other,
    }
}

fn singles<'v>(from: &[&'v [Variation]]) -> Vec<&'v Variation> {
    let singles = from.iter().filter_map(|it| match it {
        [one] => Some(one),
        _ => None,
    });
    singles.collect()
}

/// What happens only if two conditions hold at once: « à partir de 20 h, quand la description contient « gaz » ».
fn together(at: &[&[Variation]], all: &[&[Variation]]) -> Vec<String> {
    // Grouped by the two fields, then by the value of one with all values of the other.
    let mut fields: BTreeMap<_, BTreeMap<String, (&Variation, Vec<&Variation>)>> = BTreeMap::new();
    let mut told = Vec::new();
    let mut words = BTreeSet::new();
    for pair in at {
        match pair {
            [Variation::Word(one), Variation::Word(other)] => {
                words.insert(format!("{} et {}", in_quotes(one), in_quotes(other)));
            }
            [one, other] => {
                let of = fields.entry((one.field(), other.field())).or_default();
                let key = format!("{one:?}");
                of.entry(key).or_insert((one, Vec::new())).1.push(other);
            }
            _ => {}
        }
    }
    if !words.is_empty() {
        let words: Vec<String> = words.into_iter().collect();
        told.push(format!("quand la description contient {}", some_of(&words)));
    }
    for ((one, other), of) in fields {
        let tried = all.iter().filter_map(|it| match it {
            [a, b] if (a.field(), b.field()) == (one, other) => Some((a, b)),
            _ => None,
        });
        let (all_of_one, all_of_other): (Vec<_>, Vec<_>) = tried.unzip();
        let mut alike: BTreeMap<String, (Vec<&Variation>, Vec<&Variation>)> = BTreeMap::new();
        for (one, others) in of.into_values() {
            let same = alike.entry(format!("{others:?}"));
            same.or_insert((Vec::new(), others)).0.push(one);
        }
        for (ones, others) in alike.into_values() {
            let parts = [alone(&ones, &all_of_one), alone(&others, &all_of_other)];
            let parts: Vec<String> = parts.into_iter().flatten().collect();
            told.push(parts.join(", "));
        }
    }
    if told.len() > MOST_ALTERNATIVES {
        told.truncate(MOST_ALTERNATIVES);
        told.push("dans d'autres cas".to_owned());
    }
    told
}

/// The condition, if one is enough.
pub(super) fn alone(at: &[&Variation], all: &[&Variation]) -> Option<String> {
    let mut told = Vec::new();
    let of_dates = |from: &[&Variation]| -> Vec<Moment> {
        let moments = from.iter().filter_map(|it| match it {
            Variation::Date(moment) => Some(moment.clone()),
            _ => None,
        });
        moments.collect()
    };
    let (dates, all_dates) = (of_dates(at), of_dates(all));
    if !dates.is_empty() {
        let [dates, all_dates] = [&dates, &all_dates].map(|it| it.iter().collect::<Vec<_>>());
        told.push(moments::when(&dates, &all_dates));
    }
    told.extend(description(at, all));
    let photos: BTreeSet<usize> = at.iter().filter_map(|it| photos(it)).collect();
    told.extend(of_photos(&photos, all));
    let quoted = |of: fn(&Variation) -> Option<&str>| {
        let texts: Vec<String> = at.iter().filter_map(|it| of(it)).map(in_quotes).collect();
        (!texts.is_empty()).then(|| some_of(&texts))
    };
    let names = quoted(|it| match it {
        Variation::Auteur(name) => Some(name),
        _ => None,
    });
    told.extend(names.map(|it| format!("quand l'auteur est {it}")));
    let addresses = quoted(|it| match it {
        Variation::Email(address) => Some(address),
        _ => None,
    });
    told.extend(addresses.map(|it| format!("quand l'adresse de l'auteur est comme {it}")));
    let shapes = quoted(|it| match it {
        Variation::EmailShape(address) => Some(address),
        _ => None,
    });
    told.extend(shapes.map(|it| format!("quand l'adresse de l'auteur a la forme de {it}")));
    told.extend(of_autres(at, all));
    (!told.is_empty()).then(|| told.join(", ou "))
}

fn in_quotes(text: &str) -> String {
    format!("« {text} »")
}

/// The first few, with a note if there are more.
fn some_of(all: &[String]) -> String {
    match all.len().checked_sub(MOST_TOLD) {
        None | Some(0) => listed(all, "ou"),
        Some(_) => format!("{}, ou autre", all[..MOST_TOLD].join(", ")),
    }
}

/// Words and lengths of the description; a word may matter only because it is too short or too long.
fn description(at: &[&Variation], all: &[&Variation]) -> Vec<String> {
    let lengths: BTreeSet<usize> = at.iter().filter_map(|it| length(it)).collect();
    let tried: BTreeSet<usize> = all.iter().filter_map(|it| length(it)).collect();
    let mut told = Vec::new();
    let (first, last) = (tried.first().copied(), tried.last().copied());
    let ends = |other: Option<usize>| other.is_some_and(|it| lengths.contains(&it));
    let run = |from: usize, to: usize| tried.range(from..=to).all(|it| lengths.contains(it));
    if !tried.is_empty() && lengths == tried {
        return vec!["avec une autre description".to_owned()];
    }
    let bound = of_shapes(at, all);
    told.extend(bound.clone());
    let (shapes, mut short) = (shape_texts(at), None);
    if bound.is_some() {
        // It also describes the lengths.
    } else if let (Some(shortest), Some(longest)) =
        (lengths.first().copied(), lengths.last().copied())
    {
        told.push(if ends(last) && run(shortest, longest) {
            format!("avec une description de {shortest} caractères ou plus")
        } else if ends(first) && run(shortest, longest) {
            short = Some(longest);
            let plural = if longest > 1 { "s" } else { "" };
            format!("avec une description de {longest} caractère{plural} ou moins")
        } else {
            let all: Vec<String> = lengths.iter().map(usize::to_string).collect();
            format!("avec une description de {} caractères", some_of(&all))
        });
    } else {
        told.extend(shapes::common(&shapes));
    }
    let too_short = |it: &str| short.is_some_and(|most| it.chars().count() <= most);
    let words = at.iter().filter_map(|it| word(it));
    let words: Vec<String> = words.filter(|it| !too_short(it)).map(in_quotes).collect();
    if !words.is_empty() {
        told.push(format!("quand la description contient {}", some_of(&words)));
    }
    let wholes = at.iter().filter_map(|it| match it {
        Variation::Description(text) => Some(in_quotes(text)),
        _ => None,
    });
    let wholes: Vec<String> = wholes.collect();
    if !wholes.is_empty() {
        told.push(format!("quand la description est {}", some_of(&wholes)));
    }
    told
}

/// The descriptions whose words do not matter.
fn shape_texts(at: &[&Variation]) -> Vec<String> {
    let texts = at.iter().filter_map(|it| match it {
        Variation::Shape(text) => Some(text.clone()),
        _ => None,
    });
    texts.collect()
}

/// The limit on the length or the number of words, if words do not matter and nothing else distinguishes them.
fn of_shapes(at: &[&Variation], all: &[&Variation]) -> Option<String> {
    let text = |it: &Variation| variations::description_of(std::slice::from_ref(it));
    let mut these = shape_texts(at);
    if these.is_empty() {
        return None;
    }
    let lengths = at.iter().filter(|it| length(it).is_some());
    these.extend(lengths.filter_map(|it| text(it)));
    let failing: BTreeSet<String> = at.iter().filter_map(|it| text(it)).collect();
    let others = all.iter().filter_map(|it| text(it));
    let others: Vec<String> = others.filter(|it| !failing.contains(it)).collect();
    Bound::between(&these, &others).map(Bound::described)
}

fn word(it: &Variation) -> Option<&str> {
    match it {
        Variation::Word(word) => Some(word),
        _ => None,
    }
}

fn length(it: &Variation) -> Option<usize> {
    match it {
        Variation::Length(length) => Some(*length),
        _ => None,
    }
}

fn photos(it: &Variation) -> Option<usize> {
    match it {
        Variation::Photos(count) => Some(*count),
        _ => None,
    }
}

/// « avec 4 photos ou plus »
fn of_photos(counts: &BTreeSet<usize>, all: &[&Variation]) -> Option<String> {
    let (first, last) = (*counts.first()?, *counts.last()?);
    let tried: BTreeSet<usize> = all.iter().filter_map(|it| photos(it)).collect();
    let most = tried.last().copied();
    let plural = |count: usize| if count > 1 { "s" } else { "" };
    let run = tried.range(first..=last).all(|it| counts.contains(it));
    if last == 0 {
        return Some("sans photo".to_owned());
    }
    Some(match counts.len() {
        _ if run && first == 0 && Some(last) != most => {
            format!("avec {last} photo{} ou moins", plural(last))
        }
        1 if Some(last) != most || tried.len() < 2 => {
            format!("avec {first} photo{}", plural(first))
        }
        _ if run && Some(last) == most => format!("avec {first} photo{} ou plus", plural(first)),
        _ if run => format!("avec {first} à {last} photos"),
        _ => {
            let all: Vec<String> = counts.iter().map(usize::to_string).collect();
            format!("avec {} photos", some_of(&all))
        }
    })
}

/// « quand autres.etage vaut 4 », « quand autres.etage est renseigné »
fn of_autres(at: &[&Variation], all: &[&Variation]) -> Vec<String> {
    let (happens, tried) = (values_by_name(at), values_by_name(all));
    let told = happens.into_iter().map(|(name, values)| {
        let others: Vec<String> = tried
            .get(name)
            .into_iter()
            .flatten()
            .filter(|it| !values.contains(it))
            .cloned()
            .collect();
        let is_most = values.len() >= FEWEST_OF_MOST;
        if is_most && others.is_empty() {
            format!("quand autres.{name} est renseigné")
        } else if is_most && others.len() <= MOST_OTHERS {
            let others = listed(&others, "ou");
            format!("quand autres.{name} vaut autre chose que {others}")
        } else {
            format!("quand autres.{name} vaut {}", some_of(&values))
        }
    });
    told.collect()
}

/// The different values of each name in `autres`, as they are shown.
fn values_by_name<'v>(from: &[&'v Variation]) -> BTreeMap<&'v str, Vec<String>> {
    let mut by_name: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for it in from {
        if let Variation::Autre(name, value) = it {
            let shown = match value {
                Value::String(text) => in_quotes(text),
                other => other.to_string(),
            };
            let values = by_name.entry(name).or_default();
            if !values.contains(&shown) {
                values.push(shown);
            }
        }
    }
    by_name
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn told(all: &[Variation], holds: impl Fn(&Variation) -> bool) -> Option<String> {
        let inputs = (0_u32..).zip(all).filter(|(_, it)| holds(it));
        let inputs = inputs.map(|(number, _)| number).collect();
        let all: Vec<&[Variation]> = all.iter().map(std::slice::from_ref).collect();
        when(&inputs, &BTreeSet::new(), &all)
    }

    #[rstest]
    #[case(&|count| count > 3, "avec 4 photos ou plus")]
    #[case(&|count| count > 0, "avec 1 photo ou plus")]
    #[case(&|count| count == 1, "avec 1 photo")]
    #[case(&|count| (2..5).contains(&count), "avec 2 à 4 photos")]
    #[case(&|count| count == 2 || count == 7, "avec 2 ou 7 photos")]
    fn a_number_of_photos_is_described(
        #[case] holds: &dyn Fn(usize) -> bool,
        #[case] wanted: &str,
    ) {
        let all: Vec<Variation> = (1..=20).map(Variation::Photos).collect();
        let found = told(&all, |it| photos(it).is_some_and(holds));
        assert_eq!(found.as_deref(), Some(wanted));
    }

    #[rstest]
    #[case(&|text: &str| text.contains("gaz"), "quand la description contient « gaz »")]
    #[case(
        &|text: &str| text.contains("gaz") || text.contains("eaux"),
        "quand la description contient « eaux » ou « gaz »"
    )]
    #[case(&|text: &str| text.len() < 4, "avec une description de 3 caractères ou moins")]
    #[case(&|text: &str| text.len() > 200, "avec une description de 201 caractères ou plus")]
    #[case(
        &|text: &str| text.len() < 4 || text.contains("eaux"),
        "avec une description de 3 caractères ou moins, ou quand la description contient « eaux »"
    )]
    #[case(&|text: &str| text == "Fuite", "quand la description est « Fuite »")]
    fn a_description_is_described_by_its_words_or_its_length(
        #[case] holds: &dyn Fn(&str) -> bool,
        #[case] wanted: &str,
    ) {
        let words = ["eaux", "gaz"].map(|it| Variation::Word(it.to_owned()));
        let lengths = [1, 3, 4, 5, 199, 200, 201, 300, 20_000].map(Variation::Length);
        let whole = Variation::Description("Fuite".to_owned());
        let all: Vec<Variation> = words.into_iter().chain(lengths).chain([whole]).collect();
        let found = told(&all, |it| match it {
            Variation::Word(word) | Variation::Description(word) => holds(word),
            Variation::Length(length) => holds(&"x".repeat(*length)),
            _ => false,
        });
        assert_eq!(found.as_deref(), Some(wanted));
    }

    #[rstest]
    #[case(&["oui"], "quand autres.urgence vaut « oui »")]
    #[case(&["oui", "non"], "quand autres.urgence vaut « non » ou « oui »")]
    #[case(&["oui", "non", "Essai"], "quand autres.urgence vaut autre chose que true ou false")]
    #[case(&["oui", "Essai", "true", "false"], "quand autres.urgence vaut autre chose que « non »")]
    #[case(&["oui", "non", "Essai", "true", "false"], "quand autres.urgence est renseigné")]
    fn a_value_is_only_named_if_it_matters(#[case] fails: &[&str], #[case] wanted: &str) {
        let texts = ["non", "oui", "Essai"].map(Value::from);
        let values = texts.into_iter().chain([true, false].map(Value::from));
        let all: Vec<Variation> = values
            .map(|it| Variation::Autre("urgence".to_owned(), it))
            .collect();
        let found = told(&all, |it| match it {
            Variation::Autre(_, Value::String(text)) => fails.contains(&text.as_str()),
            Variation::Autre(_, value) => fails.contains(&value.to_string().as_str()),
            _ => false,
        });
        assert_eq!(found.as_deref(), Some(wanted));
    }

    #[test]
    fn each_field_is_an_alternative() {
        let all = [
            Variation::Photos(1),
            Variation::Auteur("Zoé".into()),
            Variation::Email("a@vivest.fr".into()),
            Variation::Autre("etage".into(), 4.into()),
            Variation::Autre("etage".into(), "4".into()),
        ];
        assert_eq!(told(&all, |_| false), None);
        assert_eq!(
            told(&all, |_| true).as_deref(),
            Some(
                "avec 1 photo, ou quand l'auteur est « Zoé », ou quand l'adresse de l'auteur est comme « a@vivest.fr », ou quand autres.etage vaut 4 ou « 4 »"
            )
        );
    }
}
