//! How much of a value a script or a template reads, so that nothing else is made for it.

use std::collections::BTreeMap;

/// All of a value, or some of its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extent {
    /// All of it, or more than can be told.
    Whole,
    /// These fields, each as far as it is read.
    Fields(BTreeMap<String, Extent>),
}

impl Extent {
    /// Nothing at all.
    pub const NOTHING: Self = Self::Fields(BTreeMap::new());

    /// Adds what stands at the end of this path, whole; the value itself where the path is empty.
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

    /// How much of a field is read; `None` for nothing.
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
    fn what_is_read_whole_hides_what_is_read_of_it() {
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
