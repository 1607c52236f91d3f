//! Where settings were read from, so that an edit can be read in the same way and compared.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::settings::written::{Environment, Written};
use crate::settings::{CrmKind, DEFAULT_FILE, Settings, SettingsError, compile};

/// Settings used only to call a remote CRM. Those that authenticate its calls to us always apply.
const OF_A_REMOTE_CRM: [&str; 6] = [
    "crm.base_url",
    "crm.token",
    "crm.when_unavailable",
    "crm.poll",
    "crm.ca_file",
    "crm.identity_file",
];

/// Where settings were read from, so that they can be read again.
#[derive(Clone, Default)]
pub struct Origin {
    file: Option<PathBuf>,
    /// The file's text; empty without a file.
    text: String,
    environment: Environment,
    /// Whether a named folder may be missing.
    pub(super) may_lack_folders: bool,
    /// All texts together, to determine which keys an edit changed.
    pub(super) written: Written,
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The texts contain secrets.
        f.debug_struct("Origin")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

impl Origin {
    /// A file, if there is one, and an environment, neither of them read yet.
    pub(super) fn new(file: Option<PathBuf>, environment: Environment) -> Self {
        Self {
            file,
            environment,
            ..Self::default()
        }
    }

    /// The settings file; `None` if the daemon was started without one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The text of the file when these settings were read.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Parses a new text of the same file, with the same environment.
    ///
    /// # Errors
    /// Every fault in its structure and every value that is not valid.
    pub fn read_again(&self, text: String) -> Result<Settings, SettingsError> {
        let name = self.file.as_deref().unwrap_or(Path::new(DEFAULT_FILE));
        let (mut written, faults) = Written::parse(&name.display().to_string(), &text);
        written.overlay(&self.environment);
        let origin = Self {
            file: self.file.clone(),
            text,
            environment: self.environment.clone(),
            may_lack_folders: self.may_lack_folders,
            written,
        };
        compile::compile(origin, faults)
    }

    /// Keys that are set but have no effect with this CRM.
    #[must_use]
    pub fn idle_keys(&self, crm: CrmKind) -> Vec<&'static str> {
        match crm {
            CrmKind::Embedded => self.written.set_among(&OF_A_REMOTE_CRM),
            CrmKind::Rest => Vec::new(),
        }
    }

    /// Keys that differ in `edited` and only take effect after a restart.
    #[must_use]
    pub fn restart_keys(&self, edited: &Self) -> Vec<&'static str> {
        self.written.restart_keys(&edited.written)
    }
}
