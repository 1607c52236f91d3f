//! Why a comparison in a script or in a template is pointless, in French: the sentences that both have in common.

use crate::rules::calendar::{HEURE_DE, MOIS_DE};

/// Why an hour cut out of a date may be wrong.
pub const HOUR_OF_THE_SENDER: &str =
    "c'est l'heure du fuseau où SoWell a écrit la date, pas toujours celle de Paris";
/// What is wrong with a date written day first.
pub const DAY_FIRST: &str = "une date de SoWell commence par l'année";
/// What is wrong with a date without its zeros, or with other signs in it.
pub const NOT_AS_SOWELL_WRITES: &str =
    "les dates de SoWell s'écrivent comme « 2026-01-31T10:00:00 »";

/// The numbers that a date function returns.
#[derive(Debug, Clone, Copy)]
pub struct Counted {
    /// The function, or filter.
    pub function: &'static str,
    /// Smallest number.
    pub first: i64,
    /// Largest number.
    pub last: i64,
    /// Added to a message if the limit is not obvious.
    because: &'static str,
}

const COUNTED: [Counted; 2] = [
    Counted {
        function: HEURE_DE,
        first: 0,
        last: 23,
        because: ", minuit étant 0",
    },
    Counted {
        function: MOIS_DE,
        first: 1,
        last: 12,
        because: "",
    },
];

impl Counted {
    /// The numbers that a function returns; `None` unless it returns an hour or a month.
    #[must_use]
    pub fn by(function: &str) -> Option<Self> {
        COUNTED.into_iter().find(|it| it.function == function)
    }

    /// Why comparing one of these numbers with `number` is never true, in French; `None` if it may be. The sign is the
    /// one in front of the number.
    #[must_use]
    pub fn never(self, sign: &str, number: i64) -> Option<String> {
        let Self {
            function,
            first,
            last,
            because,
        } = self;
        let holds = match sign {
            "==" => (first..=last).contains(&number),
            ">" => last > number,
            ">=" => last >= number,
            "<" => first < number,
            "<=" => first <= number,
            _ => true,
        };
        (!holds).then(|| {
            format!(
                "« {sign} {number} » n'est jamais vrai : « {function} » donne un nombre de {first} à {last}{because}"
            )
        })
    }
}

/// Separators of the words in a string that was meant as a list.
const BETWEEN: [char; 3] = [',', ';', '|'];

/// A value required to equal two words at once; `or` is the operator that was meant.
#[must_use]
pub fn never_both(value: &str, [one, other]: [&str; 2], or: &str) -> String {
    format!(
        "« {value} » ne vaut jamais à la fois « {one} » et « {other} » : pour l'un ou l'autre, écrivez « {or} »"
    )
}

/// A value required to differ from one of two words; `and` is the operator that was meant.
#[must_use]
pub fn always_one_or_the_other(value: &str, [one, other]: [&str; 2], and: &str) -> String {
    format!(
        "cette condition est toujours vraie : « {value} » ne peut pas être à la fois « {one} » et « {other} » ; pour exclure les deux, écrivez « {and} »"
    )
}

/// A string of several words in which a value is searched for as in a list; `None` if it is one word.
#[must_use]
pub fn text_for_list(text: &str) -> Option<String> {
    let list = quoted_words(text).join(", ");
    text.contains(BETWEEN).then(|| {
        format!(
            "« {text} » est un seul texte, où la valeur est cherchée n'importe où : une liste s'écrit « [{list}] »"
        )
    })
}

/// The words in such a string, each in quotes.
#[must_use]
pub fn quoted_words(text: &str) -> Vec<String> {
    let words = text.split(BETWEEN).map(str::trim);
    let words = words.filter(|it| !it.is_empty());
    words.map(|it| format!("\"{it}\"")).collect()
}
