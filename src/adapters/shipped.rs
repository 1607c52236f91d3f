//! The shipped rules, sample reference data, settings, and their schemas, embedded in the binary: for `init`, and
//! for a start outside the repository.

use rust_embed::Embed;

use crate::domain::ports::{FileSet, Source, SourceError};

#[derive(Embed)]
#[folder = "rules/"]
struct Rules;

#[derive(Embed)]
#[folder = "examples/referentiel/"]
struct Referentiel;

#[derive(Embed)]
#[folder = "schemas/"]
struct Schemas;

/// The annotated settings file that `init` writes.
pub const SETTINGS: &str = include_str!("../../examples/passerelle.yaml");

/// One of the shipped folders.
#[derive(Debug, Clone, Copy)]
pub enum Shipped {
    /// The shipped rules.
    Rules,
    /// The sample reference data.
    Referentiel,
    /// The JSON schemas of the rule files and the settings, for editors.
    Schemas,
}

impl Shipped {
    /// The folder's files.
    #[must_use]
    pub fn files(self) -> FileSet {
        match self {
            Self::Rules => collect::<Rules>(),
            Self::Referentiel => collect::<Referentiel>(),
            Self::Schemas => collect::<Schemas>(),
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
            Self::Schemas => "the shipped schemas".into(),
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
