//! A daemon with a landlord, in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::landlord::Landlord;
use super::program::{Program, folder, free_address};

/// SoWell's token.
pub const SOWELL: &str = "bench-sowell-0123456789abcdef0123456789abcdef";
/// The CRM's token.
pub const CRM: &str = "bench-crm-0123456789abcdef0123456789abcdef";
/// The admins' token.
pub const ADMIN: &str = "bench-admin-0123456789abcdef0123456789abcdef";

/// What survives the daemon's process: its rules, reference data and database.
pub struct Site {
    binary: PathBuf,
    folder: TempDir,
    environment: Vec<(String, String)>,
}

impl Site {
    /// A new one, with an empty database.
    pub fn new(binary: &Path, landlord: Landlord) -> Self {
        let folder = folder();
        landlord.write(folder.path());
        let site = Self {
            binary: binary.to_path_buf(),
            folder,
            environment: Vec::new(),
        };
        site.set("TOKENS__SOWELL", SOWELL)
            .set("TOKENS__CRM", CRM)
            .set("TOKENS__ADMIN", ADMIN)
            .set("RULES_DIR", "rules")
            .set("REFERENTIEL_DIR", "referentiel")
            .set("LIMITS__RATE", "100000000/min")
    }

    /// The folder, with everything the daemon left in it.
    pub fn into_folder(self) -> TempDir {
        self.folder
    }

    /// Changes a setting for later starts.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        let name = format!("PASSERELLE_{name}");
        self.environment.push((name, value.to_owned()));
        self
    }

    /// Starts the daemon.
    pub fn start(&self) -> Program {
        let address = free_address();
        let mut command = self.command();
        command.env("PASSERELLE_LISTEN", address.to_string());
        Program::start(&mut command, address, "/readyz", &self.path().join("log"))
    }

    /// The binary, with only the settings in its environment.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command.current_dir(self.path()).env_clear();
        command.envs(self.environment.iter().cloned());
        command
    }

    /// Its folder: `rules`, `referentiel`, `data`.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}
