//! Pointless comparisons in one text of a connector.

use serde_json::Value as Json;

use crate::rules::finding::Finding;
use crate::rules::template::Text;
use crate::rules::template::lint::never_true;
use crate::rules::template::syntax::tags;

impl Text {
    /// Its pointless comparisons; `sample` has a value for each name except those in `locals`.
    #[must_use]
    pub fn in_vain(&self, sample: &Json, locals: &[&str]) -> Vec<Finding<usize>> {
        let source = self.source();
        let is_given = |name: &str| locals.contains(&name) || tags::gives(source, name);
        let tags = self.tokens();
        let all = tags
            .iter()
            .flat_map(|it| never_true::vain_comparisons(source, it, sample));
        all.filter(|it| !it.root.as_deref().is_some_and(is_given))
            .map(|it| it.why)
            .collect()
    }
}
