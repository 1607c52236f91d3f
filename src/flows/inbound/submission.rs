//! A received signalement, as far as it could be read.

use crate::domain::demande::Fichier;
use crate::domain::fault::Fault;
use crate::domain::ports::Client;
use crate::domain::signalement::{Photo, Signalement};
use crate::rules::compile::Generation;
use crate::rules::decide::{self, Codes};

/// A request, as far as it could be read.
#[derive(Debug)]
pub struct Submission {
    /// The client that sent it.
    pub client: Client,
    /// `Idempotency-Key`, if sent.
    pub key: Option<String>,
    /// The well-formed codes, even if other fields are not.
    pub codes: Codes,
    /// What is wrong with its format.
    pub faults: Vec<Fault>,
    /// Warnings for the answer, in French.
    pub avertissements: Vec<String>,
    /// The complete content, if its format is correct.
    pub content: Option<SubmittedContent>,
    /// The content, if its only fault is the number of its photos: the limit may have been lowered since it was
    /// created. If it was created, the stored answer is returned; otherwise it is refused.
    pub only_as_repeat: Option<SubmittedContent>,
    /// It is decided again for the operators: SoWell was answered before, without a UID.
    pub again: bool,
}

impl Submission {
    /// Why SoWell is refused one whose format is wrong: its codes are checked too, so that all is said at once.
    #[must_use]
    pub fn all_faults(self, generation: &Generation) -> Vec<Fault> {
        let mut faults = self.faults;
        faults.extend(decide::unknown_codes(generation, &self.codes));
        faults
    }
}

/// A well-formed signalement and what came with it.
#[derive(Debug)]
pub struct SubmittedContent {
    /// The signalement.
    pub signalement: Signalement,
    /// Its photos.
    pub photos: SubmittedPhotos,
    /// [`crate::domain::signalement::fingerprint`] of its content.
    pub fingerprint: String,
    /// The received JSON without its photos.
    pub payload: String,
}

/// Photos that came with a request, or were stored by an earlier one.
#[derive(Debug)]
pub enum SubmittedPhotos {
    /// Decoded, still to be stored.
    Received(Vec<Photo>),
    /// Already stored.
    Stored(Vec<Fichier>),
}
