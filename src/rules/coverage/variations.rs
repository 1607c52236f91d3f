//! Variations of the parts of a signalement that the rules read: a different date, other words, more photos. Parts that
//! the rules do not read are left unchanged.

use std::collections::BTreeSet;

use serde_json::Value;

use super::moments::{self, Moment};
use crate::domain::instant;
use crate::domain::signalement::Signalement;
use crate::rules::compared::{Asked, Compared};
use crate::rules::written::{Origin, Written};

/// Maximum number of texts in the rules that are tried as words of a description, or as a name.
const MOST_WORDS: usize = 60;
/// Minimum number of letters of a word.
const FEWEST_LETTERS: usize = 3;
/// Maximum length of a description, in characters.
const LONGEST_DESCRIPTION: usize = 20_000;
/// Maximum length of a description that is combined with each word, in characters.
const LONGEST_WITH_WORD: usize = 5_000;
/// What descriptions of a given length consist of.
const FILLER: &str = "Essai ";
/// Default limit on the photos of a signalement.
pub(super) const MOST_PHOTOS: usize = 20;
/// Maximum number of numbers in the rules that are tried for values that can be any number.
const MOST_NUMBERS: usize = 8;
/// Maximum number of names in `autres` that are tried.
const MOST_AUTRES: usize = 10;
/// Maximum number of texts that are tried for each of them.
const MOST_TEXTS_OF_AUTRES: usize = 15;
/// A value in `autres` that no rule is likely to name.
const OTHER_TEXT: &str = "Essai";
/// Names of authors unlike the sample's first and last name: of one word, of three, and with a hyphen.
const AUTHORS: [&str; 3] = ["Zoé", "Anne Marie Durand", "Jean-Luc Martin"];
/// An address without a dot before the `@`, unlike the sample's.
const SIMPLE_ADDRESS: &str = "zoe@locataire.example";
/// The part before the `@` of an address.
const LOCAL_PART: &str = "camille.durand";

/// Applies these variations.
pub(super) fn apply(changes: &[Variation], signalement: &mut Signalement) {
    for it in changes {
        it.apply(signalement);
    }
    if let Some(description) = description_of(changes) {
        signalement.description = description;
    }
}

/// The description with these variations: it gets all of the words, and then the length; `None` if they leave it
/// unchanged.
pub(super) fn description_of(changes: &[Variation]) -> Option<String> {
    if let [Variation::Word(one), other] = changes {
        match other {
            Variation::Word(other) => return Some(format!("{one} {other}")),
            Variation::Length(length) => {
                let padded = one.chars().chain([' ']).chain(FILLER.chars().cycle());
                return Some(padded.take(*length).collect());
            }
            _ => {}
        }
    }
    changes.iter().find_map(|it| match it {
        Variation::Word(text) | Variation::Description(text) | Variation::Shape(text) => {
            Some(text.clone())
        }
        Variation::Length(length) => Some(FILLER.chars().cycle().take(*length).collect()),
        _ => None,
    })
}

/// A text of the same shape without the words: as many letters, digits and signs, at the same positions.
pub(super) fn shape_of(text: &str) -> String {
    let alike = text.chars().map(|it| match it {
        it if it.is_uppercase() => 'Q',
        it if it.is_alphabetic() => 'q',
        it if it.is_numeric() => '0',
        it => it,
    });
    alike.collect()
}

/// A text of which sometimes only the shape matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shaped {
    Description,
    Email,
}

/// One difference from the sample signalement.
#[derive(Debug, Clone)]
pub(super) enum Variation {
    /// `date_creation`.
    Date(Moment),
    /// A description with this word, which may be combined with others.
    Word(String),
    /// A description equal to this text, because the rules compare it as a whole.
    Description(String),
    /// A description of this many characters.
    Length(usize),
    /// A description with the shape of this text, whose words do not matter. It only describes what was found.
    Shape(String),
    /// An address with the shape of this one, whose letters do not matter. It only describes what was found.
    EmailShape(String),
    /// This many photos.
    Photos(usize),
    /// `auteur`.
    Auteur(String),
    /// `email_auteur`.
    Email(String),
    /// A value under this name in `autres`.
    Autre(String, Value),
}

impl Variation {
    /// The field that it changes.
    pub(super) fn field(&self) -> &'static str {
        match self {
            Self::Date(_) => "date_creation",
            Self::Word(_) | Self::Description(_) | Self::Length(_) | Self::Shape(_) => {
                "description"
            }
            Self::Photos(_) => "photos",
            Self::Auteur(_) => "auteur",
            Self::Email(_) | Self::EmailShape(_) => "email_auteur",
            Self::Autre(..) => "autres",
        }
    }

    /// The text, if the varied value is one that a person writes.
    pub(super) fn words(&self) -> Option<&String> {
        match self {
            Self::Word(words)
            | Self::Description(words)
            | Self::Auteur(words)
            | Self::Autre(_, Value::String(words)) => Some(words),
            _ => None,
        }
    }

    /// Whether a description can have this word, followed by others, and this length.
    pub(super) fn fits(word: &str, length: usize) -> bool {
        (word.chars().count() + 2..=LONGEST_WITH_WORD).contains(&length)
    }

    /// Whether the type of the real value is unknown.
    pub(super) fn is_guessed(&self) -> bool {
        matches!(self, Self::Autre(..))
    }

    /// Applies the variation, unless it is one of the description.
    fn apply(&self, signalement: &mut Signalement) {
        match self {
            Self::Date(moment) => {
                if let Some(at) = instant::parse(&moment.text) {
                    signalement.date_creation = at;
                    signalement.date_creation_text.clone_from(&moment.text);
                }
            }
            Self::Word(_) | Self::Description(_) | Self::Length(_) | Self::Shape(_) => {}
            Self::Photos(count) => signalement.photos = *count,
            Self::Auteur(name) => signalement.auteur.clone_from(name),
            Self::Email(address) | Self::EmailShape(address) => {
                signalement.email_auteur.clone_from(address);
            }
            Self::Autre(name, value) => {
                signalement.autres.insert(name.clone(), value.clone());
            }
        }
    }
}

/// Everything worth trying for these rules. `compared` are the comparisons in them.
pub(super) fn all(written: &Written, compared: &[&Compared]) -> Vec<Variation> {
    let mut all = Vec::new();
    if written.reads("date_creation") {
        all.extend(moments::all(written).into_iter().map(Variation::Date));
    }
    let words = words(written);
    if written.reads("description") {
        all.extend(words.into_iter().map(|it| description(it, compared)));
        all.extend(lengths(written).into_iter().map(Variation::Length));
    }
    if written.reads("photos") {
        all.extend((1..=MOST_PHOTOS).map(Variation::Photos));
    }
    let of = |field: &'static str| {
        let of_field = move |it: &&&Compared| it.value.rsplit('.').next() == Some(field);
        compared.iter().filter(of_field).map(|it| it.word.clone())
    };
    if written.reads("auteur") {
        let asked = written.asks("auteur");
        all.extend(
            AUTHORS
                .iter()
                .filter(|_| asked)
                .map(|it| Variation::Auteur((*it).to_owned())),
        );
        let names: BTreeSet<String> = of("auteur").collect();
        let names = names.into_iter().filter(|it| !it.trim().is_empty());
        all.extend(names.take(MOST_WORDS).map(Variation::Auteur));
    }
    if written.reads("email_auteur") {
        let domains = written.texts.iter().filter(|it| is_of_address(it)).cloned();
        let addresses: BTreeSet<String> = domains
            .chain(of("email_auteur"))
            .filter_map(|it| address(&it))
            .collect();
        let simple = written
            .asks("email_auteur")
            .then(|| SIMPLE_ADDRESS.to_owned());
        let addresses = addresses.into_iter().take(MOST_WORDS).chain(simple);
        all.extend(addresses.map(Variation::Email));
    }
    if written.reads("autres") {
        let values = values(written);
        for name in written.autres.iter().take(MOST_AUTRES) {
            let each = values.iter().cloned();
            all.extend(each.map(|value| Variation::Autre(name.clone(), value)));
        }
    }
    all
}

/// A description that contains this word, or equals it if the rules only compare the whole description with it.
fn description(word: String, compared: &[&Compared]) -> Variation {
    let of_description = |it: &&&Compared| it.value.rsplit('.').next() == Some("description");
    let of_word = compared.iter().filter(|it| it.word == word);
    let mut asked = of_word.filter(of_description).map(|it| it.asked).peekable();
    if asked.peek().is_some() && asked.all(|it| it == Asked::Whole) {
        Variation::Description(word)
    } else {
        Variation::Word(word)
    }
}

/// Texts that could be words of a person, and not only names of fields.
fn words(written: &Written) -> Vec<String> {
    let of_people = |it: &&String| {
        let letters = it.chars().filter(|it| it.is_alphabetic()).count();
        letters >= FEWEST_LETTERS && !written.reads(it) && !it.trim().is_empty()
    };
    let words = written.texts.iter().filter(of_people);
    let short = words.filter(|it| it.chars().count() <= 100);
    short.take(MOST_WORDS).cloned().collect()
}

/// Short and long lengths, and those around each number in the rules.
fn lengths(written: &Written) -> BTreeSet<usize> {
    let mut all = BTreeSet::from([1, 300, LONGEST_DESCRIPTION]);
    for number in around(written) {
        let length = usize::try_from(number).ok();
        all.extend(length.filter(|it| (1..=LONGEST_DESCRIPTION).contains(it)));
    }
    all
}

/// Each number in the rules, and those next to it.
pub(super) fn around(written: &Written) -> BTreeSet<i64> {
    let numbers = written.numbers.iter().take(MOST_NUMBERS);
    let near = numbers.flat_map(|it| [it.saturating_sub(1), *it, it.saturating_add(1)]);
    near.collect()
}

/// The values tried under a name in `autres`: among the texts, those that rules may compare with it, and one that they
/// do not write.
fn values(written: &Written) -> Vec<Value> {
    let of_autres = |origin: &Origin| match origin {
        Origin::Field(name) => name == "autres" || written.autres.contains(name),
        Origin::Constant | Origin::Unknown => true,
    };
    let texts = written.texts.iter().filter(|text| {
        let mut compared = written.origins_of(text).peekable();
        match compared.peek() {
            Some(_) => compared.any(of_autres),
            None => written.texts_asked.contains(*text),
        }
    });
    let texts = texts.take(MOST_TEXTS_OF_AUTRES).cloned();
    let texts = texts.chain([OTHER_TEXT.to_owned()]).map(Value::String);
    let numbers = around(written).into_iter().map(Value::from);
    let flags = [true, false].map(Value::Bool);
    texts.chain(numbers).chain(flags).collect()
}

/// Whether a text looks like a domain or an address.
fn is_of_address(text: &str) -> bool {
    let sign = |it: char| it.is_ascii_alphanumeric() || ".-_@+".contains(it);
    let dotted = text.trim_matches('.').contains('.');
    text.chars().all(sign) && (dotted || text.starts_with('@')) && text.len() > 2
}

/// An address that contains this part.
fn address(part: &str) -> Option<String> {
    let whole = match part.split_once('@') {
        Some(("", domain)) if domain.contains('.') => format!("{LOCAL_PART}@{domain}"),
        Some(("", domain)) => format!("{LOCAL_PART}@{domain}.example"),
        Some((local, "")) => format!("{local}@locataire.example"),
        Some(_) => part.to_owned(),
        None if part.trim_matches('.').contains('.') => {
            format!("{LOCAL_PART}@{}", part.trim_start_matches('.'))
        }
        None if part.starts_with('.') => format!("{LOCAL_PART}@locataire{part}"),
        None => format!("{part}@{part}.example"),
    };
    (!part.is_empty() && !whole.contains(char::is_whitespace)).then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn parts_that_the_rules_do_not_read_cost_nothing() {
        let written = Written {
            texts: ["gaz", "@vivest.fr"].map(str::to_owned).into(),
            numbers: [3].into(),
            fields: ["qualification".to_owned()].into(),
            ..Written::default()
        };
        assert!(all(&written, &[]).is_empty());
    }

    #[test]
    fn an_address_without_a_dot_is_tried_even_beside_many_others() {
        let email = || ["email_auteur".to_owned()].into();
        let written = Written {
            texts: (0..100).map(|it| format!("@a{it}.fr")).collect(),
            fields: email(),
            fields_asked: email(),
            ..Written::default()
        };
        let all = all(&written, &[]);
        let is_simple = |it: &Variation| matches!(it, Variation::Email(it) if it == SIMPLE_ADDRESS);
        assert_eq!(all.len(), MOST_WORDS + 1);
        assert!(all.iter().any(is_simple));
    }

    #[rstest]
    #[case("@vivest.fr", "camille.durand@vivest.fr")]
    #[case("vivest.fr", "camille.durand@vivest.fr")]
    #[case(".fr", "camille.durand@locataire.fr")]
    #[case("gardien@", "gardien@locataire.example")]
    #[case("a@b.fr", "a@b.fr")]
    #[case("vivest", "vivest@vivest.example")]
    fn an_address_contains_the_requested_part(#[case] part: &str, #[case] wanted: &str) {
        let found = address(part).unwrap();
        assert_eq!(found, wanted);
        assert!(found.contains(part));
    }
}
