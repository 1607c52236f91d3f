//! What the requests of an operation need of the photos: their bytes, the result of each upload, or neither.

use super::shape::Shape;
use super::text::LocatedText;
use super::{BodyShape, Call, Connector, Operation};

/// The names under which operations see the photos.
const PHOTOS: [&str; 2] = ["fichier", "fichiers"];

impl Connector {
    /// Whether the photos' bytes are needed to render this operation.
    #[must_use]
    pub fn needs_bytes(&self, operation: Operation) -> bool {
        self.asks_of_photos(operation, "base64")
    }

    /// Whether the photos themselves are sent with the creation or a call before it, and not only their number or
    /// names.
    #[must_use]
    pub fn creates_with_photos(&self) -> bool {
        let creer = Operation::Creer;
        let carried = self.operations.get(&creer).is_some_and(|creation| {
            let before = creation.before.iter().map(|before| &before.call);
            before.chain([&creation.call]).any(Call::carries_files)
        });
        carried || self.needs_bytes(creer) || self.uploads_for(creer)
    }

    /// Whether each photo is uploaded before this operation.
    #[must_use]
    pub fn uploads_for(&self, operation: Operation) -> bool {
        self.has(Operation::Televerser) && self.asks_of_photos(operation, "envoi")
    }

    fn asks_of_photos(&self, operation: Operation, field: &str) -> bool {
        let mut asked = false;
        if let Some(described) = self.operations.get(&operation) {
            described.visit(&mut |text, locals| asked |= asks_of_a_photo(text, locals, field));
        }
        asked
    }
}

impl Call {
    /// Whether its body contains a photo as a file. A value in that place that is not a photo is rejected when the
    /// request is made.
    fn carries_files(&self) -> bool {
        match &self.body {
            BodyShape::File { .. } => true,
            BodyShape::Multipart {
                parts: Shape::Map(fields),
                ..
            } => fields.iter().any(|it| has_file_part(&it.value)),
            BodyShape::Multipart { .. }
            | BodyShape::Empty
            | BodyShape::Json(_)
            | BodyShape::Form(_)
            | BodyShape::Text { .. } => false,
        }
    }
}

/// Whether a multipart field produces a photo: an object with the key `fichier`.
fn has_file_part(field: &Shape) -> bool {
    match field {
        Shape::Literal(_) => false,
        Shape::Text(text) => text.text.builds("fichier"),
        Shape::List(items) => items.iter().any(has_file_part),
        Shape::Map(entries) => entries
            .iter()
            .any(|it| it.key.text.literal().is_none_or(|key| key == "fichier")),
        Shape::Each { body, .. } => has_file_part(body),
        Shape::When {
            then, otherwise, ..
        } => has_file_part(then) || otherwise.as_deref().is_some_and(has_file_part),
    }
}

/// Whether a text uses this field of a photo; `locals` are the names bound by repetitions.
pub(super) fn asks_of_a_photo(text: &LocatedText, locals: &[&str], field: &str) -> bool {
    text.text.names().iter().any(|name| {
        let mut steps = name.split('.');
        let root = steps.next().unwrap_or_default();
        let mut steps = steps.peekable();
        let is_photo = PHOTOS.contains(&root) || locals.contains(&root);
        is_photo
            && match steps.peek() {
                Some(_) => steps.any(|it| it == field),
                // Fields used through a loop, a filter or brackets in the text are not among its names.
                None => text.text.source().contains(field),
            }
    })
}
