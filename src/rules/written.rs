//! The names that a script or a template reads, and the constants that it may compare them with. They show which values
//! are worth trying, not which constant goes with which name.

use std::collections::BTreeSet;

/// What a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// A field of this name, whatever object it belongs to.
    Field(String),
    /// The script or template itself.
    Constant,
    /// Anything: it cannot be seen where it is used.
    Unknown,
}

/// All of them, without duplicates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// The names of fields that are read, as in `signalement.photos`, whatever object they belong to.
    pub fields: BTreeSet<String>,
    /// The functions and filters that are called.
    pub functions: BTreeSet<String>,
    /// The functions and filters that are called, each with the origin of the value it is called on.
    pub applied: BTreeSet<(String, Origin)>,
    /// The texts and whole numbers that are compared, each with the origin of the value it is compared with.
    pub compared: BTreeSet<(String, Origin)>,
    /// The parts that are cut out of texts: the position of the first character, from 0, and the number of characters.
    pub cuts: BTreeSet<(i64, i64)>,
    /// The texts.
    pub texts: BTreeSet<String>,
    /// The whole numbers.
    pub numbers: BTreeSet<i64>,
    /// The names that are read from `autres`.
    pub autres: BTreeSet<String>,
    /// The fields of which more is done than put their value into a message: rules may distinguish such values.
    pub fields_asked: BTreeSet<String>,
    /// The texts that a value written by a person may be compared with, unlike keys and parts of messages.
    pub texts_asked: BTreeSet<String>,
    /// The names and constants that occur together.
    pub together: Vec<Together>,
}

/// The names and constants of one condition, including the conditions around it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Together {
    /// The names of fields that are read, and the functions that are called.
    pub names: BTreeSet<String>,
    /// The texts.
    pub texts: BTreeSet<String>,
    /// The whole numbers.
    pub numbers: BTreeSet<i64>,
}

impl Written {
    /// Adds the contents of another one.
    pub fn add(&mut self, other: Self) {
        self.fields.extend(other.fields);
        self.functions.extend(other.functions);
        self.applied.extend(other.applied);
        self.compared.extend(other.compared);
        self.cuts.extend(other.cuts);
        self.texts.extend(other.texts);
        self.numbers.extend(other.numbers);
        self.autres.extend(other.autres);
        self.fields_asked.extend(other.fields_asked);
        self.texts_asked.extend(other.texts_asked);
        self.together.extend(other.together);
    }

    /// Whether a field of this name is read.
    #[must_use]
    pub fn reads(&self, field: &str) -> bool {
        self.fields.contains(field)
    }

    /// Whether rules may distinguish values of a field of this name.
    #[must_use]
    pub fn asks(&self, field: &str) -> bool {
        self.fields_asked.contains(field)
    }

    /// Whether one of these functions or filters is called.
    #[must_use]
    pub fn calls(&self, functions: &[&str]) -> bool {
        functions.iter().any(|it| self.functions.contains(*it))
    }

    /// The texts and whole numbers that a field of this name is compared with.
    pub fn compared_with(&self, field: &str) -> impl Iterator<Item = &str> {
        let of_field =
            move |origin: &Origin| matches!(origin, Origin::Field(name) if name == field);
        let compared = self.compared.iter().filter(move |(_, it)| of_field(it));
        compared.map(|(constant, _)| constant.as_str())
    }

    /// The origins of the values that a text or a whole number is compared with.
    pub fn origins_of(&self, constant: &str) -> impl Iterator<Item = &Origin> {
        let compared = self.compared.iter();
        compared
            .filter(move |(it, _)| it == constant)
            .map(|(_, origin)| origin)
    }

    /// Whether one of these functions or filters may be called on a field of this name.
    #[must_use]
    pub fn applies(&self, functions: &[&str], field: &str) -> bool {
        self.applied.iter().any(|(function, origin)| {
            let may_be = match origin {
                Origin::Field(name) => name == field,
                Origin::Constant => false,
                Origin::Unknown => true,
            };
            may_be && functions.contains(&function.as_str())
        })
    }
}
