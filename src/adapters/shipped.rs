//! The shipped rules, sample reference data and settings, inside the binary: for `init`, and for a
//! start outside the repository.

use rust_embed::Embed;

use crate::domain::ports::{FileSet, Source, SourceError};

#[derive(Embed)]
#[folder = "rules/"]
struct Rules;

#[derive(Embed)]
#[folder = "examples/referentiel/"]
struct Referentiel;

/// The annotated settings file that `init` writes.
pub const SETTINGS: &str = include_str!("../../examples/passerelle.yaml");

/// One of the two shipped folders.
#[derive(Debug, Clone, Copy)]
pub enum Shipped {
    /// The rules.
    Rules,
    /// The sample reference data.
    Referentiel,
}

impl Shipped {
    /// Its files.
    #[must_use]
    pub fn files(self) -> FileSet {
        match self {
            Self::Rules => collect::<Rules>(),
            Self::Referentiel => collect::<Referentiel>(),
        }
    }
}

impl Source for Shipped {
    fn read(&self) -> Result<FileSet, SourceError> {
        Ok(self.files())
    }

    fn name(&self) -> String {
        match self {
            Self::Rules => "the shipped rules".into(),
            Self::Referentiel => "the shipped reference data".into(),
        }
    }
}

fn collect<E: Embed>() -> FileSet {
    E::iter()
        .filter_map(|name| {
            let file = E::get(&name)?;
            Some((name.into_owned(), file.data.into_owned()))
        })
        .collect()
}
