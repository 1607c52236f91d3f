//! What the requests of an operation ask of the photos: their bytes, what an upload of each gave, or neither.

use std::sync::LazyLock;

use regex_lite::Regex;

use super::shape::Located;
use super::{BodyShape, Call, Connector, Operation};
use crate::rules::template::Text;

/// The names under which operations know the photos.
const PHOTOS: [&str; 2] = ["fichier", "fichiers"];

/// How many there are, which sends none of them.
static COUNTED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\bfichiers\s*\|\s*(?:length|count)\b").ok());

impl Connector {
    /// Whether the photos' bytes must be known to render this operation.
    #[must_use]
    pub fn needs_bytes(&self, operation: Operation) -> bool {
        self.asks_of_photos(operation, "base64")
    }

    /// Whether the photos themselves go along with the creation, and not only their number or their names.
    #[must_use]
    pub fn creates_with_photos(&self) -> bool {
        let creer = Operation::Creer;
        let described = self.operations.get(&creer);
        described.is_some_and(|it| it.call.carries_files())
            || self.needs_bytes(creer)
            || self.uploads_for(creer)
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
    /// Whether its body has place for photos as they are, and names them there.
    fn carries_files(&self) -> bool {
        let mut named = false;
        match &self.body {
            BodyShape::File { content, .. } => named = names_photos(content),
            BodyShape::Multipart { parts, .. } => {
                parts.visit(&mut Vec::new(), &mut |text, _| named |= names_photos(text));
            }
            BodyShape::Empty | BodyShape::Json(_) | BodyShape::Form(_) | BodyShape::Text { .. } => {
            }
        }
        named
    }
}

/// Whether a text asks for this field of a photo; `locals` are the names that repetitions bring.
pub(super) fn asks_of_a_photo(text: &Located, locals: &[&str], field: &str) -> bool {
    text.text.names().iter().any(|name| {
        let mut steps = name.split('.');
        let root = steps.next().unwrap_or_default();
        let mut steps = steps.peekable();
        let is_photo = PHOTOS.contains(&root) || locals.contains(&root);
        is_photo
            && match steps.peek() {
                Some(_) => steps.any(|it| it == field),
                // The fields that a loop, a filter or brackets of the text's own ask for are among no names.
                None => text.text.source().contains(field),
            }
    })
}

/// Whether a text names them, but for their number.
fn names_photos(text: &Located) -> bool {
    let named = |text: &Text| {
        let names = text.names();
        let mut roots = names.iter().filter_map(|it| it.split('.').next());
        roots.any(|it| PHOTOS.contains(&it))
    };
    let source = text.text.source();
    let uncounted = COUNTED.as_ref().map(|it| it.replace_all(source, "0"));
    match uncounted.filter(|it| *it != source) {
        None => named(&text.text),
        Some(rest) => Text::expression(&rest)
            .or_else(|_| Text::compile(&rest))
            .map_or(true, |it| named(&it)),
    }
}
