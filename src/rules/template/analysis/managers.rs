//! The manager types that templates name as literals.

use minijinja::Environment;

use super::parts::Parts;
use crate::rules::place::{Located, place_of};
use crate::rules::template::syntax::tokens::{self, Path, unquoted};

/// Path of a residence's managers.
const MANAGERS: &str = "residence.gestionnaires";

/// Every manager type that a template names as a literal, with the file: each once per file, where it comes first.
pub(in crate::rules::template) fn managers(
    environment: &Environment<'static>,
) -> Vec<(String, Located)> {
    let parts = Parts::of(environment);
    let mut found: Vec<(String, Located)> = Vec::new();
    if parts.give("residence") {
        return found;
    }
    for (file, source, words) in parts.tags() {
        for path in tokens::paths(&words) {
            let Some((at, name)) = kind(&words, &path) else {
                continue;
            };
            let (line, column) = place_of(source, at);
            if !found.iter().any(|(of, it)| of == file && it.text == name) {
                let name = name.to_owned();
                found.push((
                    file.to_owned(),
                    Located {
                        line,
                        column,
                        text: name,
                    },
                ));
            }
        }
    }
    found
}

/// The manager type that is named, and where: `residence.gestionnaires.gardien`, `residence.gestionnaires["gardien"]`
/// or `"gardien" in residence.gestionnaires`.
fn kind<'s>(words: &[(usize, &'s str)], path: &Path) -> Option<(usize, &'s str)> {
    let fields = path.text.strip_prefix(MANAGERS)?;
    let behind = &words[path.end..];
    if let [(_, "["), (at, text), (_, "]"), ..] = behind {
        return Some((*at, unquoted(text).filter(|_| fields.is_empty())?));
    }
    if !fields.is_empty() {
        let (_, deeper) = fields.strip_prefix('.')?.split_once('.').unzip();
        let is_function = deeper.is_none() && matches!(behind, [(_, "("), ..]);
        // After "residence", "gestionnaires" and their dots.
        let (at, name) = words[path.begin + 4];
        return (!is_function).then_some((at, name));
    }
    let (at, text) = match &words[..path.begin] {
        [.., text, (_, "not"), (_, "in")] | [.., text, (_, "in")] => *text,
        _ => return None,
    };
    Some((at, unquoted(text)?))
}
