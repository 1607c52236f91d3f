//! The secrets that a file names. They are defined in the settings, which are not visible here.

use std::collections::BTreeSet;

use crate::rules::diagnostic::{Diagnostic, Listed, code, suggestion_of};

use super::{Connector, Partner};

/// The names of the secrets in the settings, and the partners that are called with them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecretNames {
    /// The names of the secrets.
    pub names: BTreeSet<String>,
    /// The names of those that cannot sign a call: they are not base64.
    pub no_keys: BTreeSet<String>,
    /// The partners that are called; the connectors of others may name any secret.
    pub called: BTreeSet<Partner>,
}

impl Connector {
    /// The names of the secrets that it uses.
    #[must_use]
    pub fn secrets(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        self.visit(&mut |_, text, _| {
            let used = text.text.names();
            let secrets = used.iter().filter_map(|it| it.strip_prefix("secrets."));
            names.extend(secrets.map(|it| it.split('.').next().unwrap_or(it).to_owned()));
        });
        names
    }

    /// Reports each secret that is not in `known`: without it, every call would fail.
    pub fn check_secrets(&self, known: &BTreeSet<String>, faults: &mut Vec<Diagnostic>) {
        let mut found = BTreeSet::new();
        self.visit(&mut |_, text, _| {
            for used in text.text.names() {
                let Some(name) = used.strip_prefix("secrets.") else {
                    continue;
                };
                let name = name.split('.').next().unwrap_or(name);
                if !known.contains(name) {
                    found.insert((text.line, text.column, name.to_owned()));
                }
            }
        });
        for (line, column, name) in found {
            let near = suggestion_of(Listed::Names, &name, known.iter().map(String::as_str));
            let message = format!("le secret « {name} » n'est pas dans les réglages ; {near}");
            let file = self.partner.file();
            faults.push(Diagnostic::at(code::SECRET, file, line, column, message));
        }
    }

    /// Reports a signature with a secret among `no_keys`: no call could be signed.
    #[must_use]
    pub fn note_signature(&self, no_keys: &BTreeSet<String>) -> Option<Diagnostic> {
        let text = self.signature.as_ref()?;
        let name = text.text.inner()?.trim().strip_prefix("secrets.")?;
        if !no_keys.contains(name) {
            return None;
        }
        let message = format!(
            "le secret « {name} » ne peut rien signer, et aucun appel ne partira : un secret de signature est « whsec_ » suivi de base64, tel que l'API le donne"
        );
        let file = self.partner.file();
        let remark = Diagnostic::at(code::SECRET, file, text.line, text.column, message);
        Some(remark.as_warning())
    }
}
