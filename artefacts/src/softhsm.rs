//! Throw-away SoftHSM2 token stores. It must not touch a store that it has not made itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::configuration::private_folder;

/// The security officer's PIN of every token made here; public, the tokens are thrown away.
pub const SO_PIN: &str = "12345678";
/// The user's PIN of every token made here; public, the tokens are thrown away.
pub const USER_PIN: &str = "1234";
/// The label of the token of [`Store::new`].
pub const LABEL: &str = "ukeyhub";

const HINT: &str = "install the package softhsm2 (apt install softhsm2)";
const LIBRARIES: [&str; 6] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
];

/// The SoftHSM2 library of this machine.
///
/// # Panics
/// When there is none; the message names the package.
pub fn library() -> PathBuf {
    LIBRARIES
        .iter()
        .map(PathBuf::from)
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("libsofthsm2.so is in none of {LIBRARIES:?}: {HINT}"))
}

/// A token store in a folder of its own; both are removed when the value is dropped.
#[derive(Debug)]
pub struct Store {
    folder: TempDir,
    config: PathBuf,
}

impl Store {
    /// A store with one initialised token labelled [`LABEL`], PINs [`SO_PIN`] and [`USER_PIN`].
    ///
    /// # Panics
    /// When SoftHSM2 is not installed or refuses.
    #[expect(clippy::new_without_default, reason = "it runs programs and writes files; a default should not")]
    pub fn new() -> Self {
        Self::with_tokens(&[LABEL])
    }

    /// A store with one initialised token for each label (at most 32 bytes each). No label: an empty store, in which
    /// SoftHSM shows one uninitialised token.
    ///
    /// # Panics
    /// When SoftHSM2 is not installed or refuses.
    pub fn with_tokens(labels: &[&str]) -> Self {
        let folder = private_folder("ukeyhub-softhsm-");
        let tokens = folder.path().join("tokens");
        fs::create_dir(&tokens).unwrap_or_else(|error| panic!("cannot make {}: {error}", tokens.display()));
        let config = folder.path().join("softhsm2.conf");
        let text = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n",
            tokens.display()
        );
        fs::write(&config, text).unwrap_or_else(|error| panic!("cannot write {}: {error}", config.display()));
        let store = Self { folder, config };
        for label in labels {
            store.util(&["--init-token", "--free", "--label", label, "--so-pin", SO_PIN, "--pin", USER_PIN]);
        }
        store
    }

    /// The configuration file, for `SOFTHSM2_CONF`.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// The folder that holds the configuration and the tokens.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs `softhsm2-util` on this store and returns what it printed on stdout.
    ///
    /// # Panics
    /// When the program is missing or fails.
    pub fn util(&self, arguments: &[&str]) -> String {
        let output = Command::new("softhsm2-util")
            .args(arguments)
            .env("SOFTHSM2_CONF", &self.config)
            .output()
            .unwrap_or_else(|error| panic!("softhsm2-util does not run ({error}): {HINT}"));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "softhsm2-util {} failed ({}):\n{said}{complaint}",
            arguments.first().unwrap_or(&""),
            output.status
        );
        said
    }
}
