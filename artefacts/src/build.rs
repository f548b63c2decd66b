//! Finds an artefact in `UKEYHUB_ARTEFACTS` or has cargo build it and takes the path from cargo's own answer.
//! It must not guess a path below `target/`: a file found by its name alone may be stale.

use std::collections::HashMap;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX, EXE_SUFFIX};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

/// Something the workspace builds and a test loads or runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Artefact {
    /// The PKCS#11 module, a shared library.
    Module,
    /// The mock PKCS#11 library.
    Mock,
    /// The command `ukeyhub`.
    Command,
}

/// How an artefact is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    /// Cargo's `dev`.
    Debug,
    /// Cargo's `release`.
    Release,
}

impl Profile {
    /// The profile this crate, and with it the calling test, was compiled in.
    pub fn of_this_build() -> Self {
        if cfg!(debug_assertions) { Self::Debug } else { Self::Release }
    }
}

impl Artefact {
    fn package(self) -> &'static str {
        match self {
            Self::Module => "ukeyhub-pkcs11",
            Self::Mock => "ukeyhub-mock",
            Self::Command => "ukeyhub",
        }
    }

    /// The name of the file, as `UKEYHUB_ARTEFACTS` must hold it and as cargo writes it.
    pub fn file_name(self) -> String {
        match self {
            Self::Module => format!("{DLL_PREFIX}ukeyhub_pkcs11{DLL_SUFFIX}"),
            Self::Mock => format!("{DLL_PREFIX}ukeyhub_mock{DLL_SUFFIX}"),
            Self::Command => format!("ukeyhub{EXE_SUFFIX}"),
        }
    }

    fn cargo_arguments(self) -> &'static [&'static str] {
        match self {
            Self::Module | Self::Mock => &["--lib"],
            Self::Command => &["--bin", "ukeyhub"],
        }
    }
}

/// The absolute path of an artefact, built if need be. Cargo is asked once per process, artefact and profile.
///
/// # Panics
/// When `UKEYHUB_ARTEFACTS` lacks the file, or cargo cannot build it; the message says which and why.
pub fn artefact(artefact: Artefact, profile: Profile) -> PathBuf {
    static FOUND: Mutex<Option<HashMap<(Artefact, Profile), PathBuf>>> = Mutex::new(None);
    // A panic below leaves the map as it was, so a poisoned lock is still good.
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    found
        .get_or_insert_default()
        .entry((artefact, profile))
        .or_insert_with(|| match std::env::var_os("UKEYHUB_ARTEFACTS") {
            Some(folder) => in_folder(Path::new(&folder), artefact),
            None => build(artefact, profile),
        })
        .clone()
}

fn in_folder(folder: &Path, artefact: Artefact) -> PathBuf {
    let path = folder.join(artefact.file_name());
    path.canonicalize()
        .unwrap_or_else(|error| panic!("UKEYHUB_ARTEFACTS is set, but {} is not usable: {error}", path.display()))
}

fn build(artefact: Artefact, profile: Profile) -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let mut command = Command::new(&cargo);
    command.args(["build", "--quiet", "--message-format=json-render-diagnostics", "--manifest-path", manifest]);
    command.args(["--package", artefact.package()]).args(artefact.cargo_arguments());
    if profile == Profile::Release {
        command.arg("--release");
    }
    if let Some(target) = option_env!("UKEYHUB_CROSS_TARGET") {
        command.args(["--target", target]);
    }
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{artefact:?} must be built, but {} does not run: {error}", cargo.display()));
    let diagnostics = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo cannot build {artefact:?} ({}):\n{diagnostics}", output.status);

    let wanted = artefact.file_name();
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["reason"] == "compiler-artifact")
        .filter_map(|message| message["filenames"].as_array().cloned())
        .flatten()
        .filter_map(|name| name.as_str().map(PathBuf::from))
        .find(|path| path.file_name().is_some_and(|name| name == wanted.as_str()))
        .unwrap_or_else(|| panic!("cargo built {artefact:?} but its answer names no file {wanted}:\n{diagnostics}"))
}
