//! What stands written out in rules, in a script or in a template: the names that they ask for, and the constants that
//! they may compare those with. It says what is worth trying, not what is asked of what.

use std::collections::BTreeSet;

/// All of it, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// The names of fields that are read, as in `signalement.photos`, whatever they are read of.
    pub fields: BTreeSet<String>,
    /// The functions and filters that are called.
    pub functions: BTreeSet<String>,
    /// The texts.
    pub texts: BTreeSet<String>,
    /// The whole numbers.
    pub numbers: BTreeSet<i64>,
    /// The names that are asked of `autres`.
    pub autres: BTreeSet<String>,
    /// What is asked for together.
    pub together: Vec<Together>,
}

/// What stands in one condition, with the conditions that hold around it.
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
    /// Takes in what another has.
    pub fn add(&mut self, other: Self) {
        self.fields.extend(other.fields);
        self.functions.extend(other.functions);
        self.texts.extend(other.texts);
        self.numbers.extend(other.numbers);
        self.autres.extend(other.autres);
        self.together.extend(other.together);
    }

    /// Whether a field by this name is read.
    #[must_use]
    pub fn reads(&self, field: &str) -> bool {
        self.fields.contains(field)
    }

    /// Whether one of these functions or filters is called.
    #[must_use]
    pub fn calls(&self, functions: &[&str]) -> bool {
        functions.iter().any(|it| self.functions.contains(*it))
    }
}
