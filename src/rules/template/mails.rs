//! The names of the e-mails in the templates folder, including those whose text is faulty.

use std::collections::BTreeSet;

use super::{CONTEXTE, FOLDER, source};

use crate::domain::ports::FileSet;
use crate::rules::diagnostic::{Listed, suggestion_of};
use crate::rules::layout;

/// The names by which scripts and cases refer to e-mails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailNames(BTreeSet<String>);

impl MailNames {
    /// The names in a set of rules.
    #[must_use]
    pub fn of(files: &FileSet) -> Self {
        let own = files
            .keys()
            .filter(|it| *it != CONTEXTE && !source::is_part(it) && layout::is_rule(it));
        let names = own.filter_map(|it| {
            let name = it.strip_prefix(FOLDER)?;
            name.strip_suffix(".txt").or(name.strip_suffix(".html"))
        });
        Self(names.map(str::to_owned).collect())
    }

    /// What is wrong with the name of an e-mail, if there is no such e-mail.
    #[must_use]
    pub fn missing(&self, name: &str) -> Option<String> {
        if self.0.contains(name) {
            return None;
        }
        if format!("{FOLDER}{name}.txt") == CONTEXTE {
            return Some(format!(
                "« {name} » est le texte de la demande ({CONTEXTE}), et non un e-mail : nommez un autre modèle de {FOLDER}"
            ));
        }
        let near = suggestion_of(Listed::Names, name, self.0.iter().map(String::as_str));
        Some(format!(
            "il n'y a pas de modèle « {name} » dans {FOLDER} ; {near}"
        ))
    }
}
