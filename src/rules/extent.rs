//! How much of a value a script or a template reads, so that the rest need not be built.

use std::collections::BTreeMap;

/// All of a value, or some of its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extent {
    /// All of it, or an extent that cannot be determined.
    Whole,
    /// Only these fields, each to its own extent.
    Fields(BTreeMap<String, Extent>),
}

impl Extent {
    /// Nothing at all.
    pub const NOTHING: Self = Self::Fields(BTreeMap::new());

    /// Adds everything under this path; with an empty path, the whole value.
    pub fn add(&mut self, path: &[&str]) {
        match (self, path) {
            (Self::Whole, _) => {}
            (it @ Self::Fields(_), []) => *it = Self::Whole,
            (Self::Fields(fields), [first, rest @ ..]) => fields
                .entry((*first).to_owned())
                .or_insert(Self::NOTHING)
                .add(rest),
        }
    }

    /// How much of a field is read; `None` if it is not read.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Whole => Some(self),
            Self::Fields(fields) => fields.get(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_a_whole_value_includes_its_fields() {
        let mut extent = Extent::NOTHING;
        extent.add(&["demande", "uid"]);
        extent.add(&["signalement", "auteur"]);
        extent.add(&["signalement"]);
        extent.add(&["signalement", "bien"]);
        assert_eq!(extent.field("signalement"), Some(&Extent::Whole));
        let demande = extent.field("demande").unwrap();
        assert_eq!(demande.field("uid"), Some(&Extent::Whole));
        assert_eq!(demande.field("statut"), None);
        extent.add(&[]);
        assert_eq!(extent.field("residence"), Some(&Extent::Whole));
    }
}
