//! Test support: the one place that answers "where is the built X", runs a test in a process of its own, and makes
//! throw-away SoftHSM stores and configuration files. Nothing that ships may depend on this crate.
//!
//! Whatever is missing fails here with the reason; nothing is ever skipped.
//!
//! # `UKEYHUB_ARTEFACTS`
//! When this variable names a folder, every artefact is taken from there and nothing is built. The folder holds one
//! build, so the profile a test asks for is then the choice of whoever filled it. File names:
//!
//! | Artefact | Linux | Windows | macOS |
//! |---|---|---|---|
//! | [`Artefact::Module`] | `libukeyhub_pkcs11.so` | `ukeyhub_pkcs11.dll` | `libukeyhub_pkcs11.dylib` |
//! | [`Artefact::Mock`] | `libukeyhub_mock.so` | `ukeyhub_mock.dll` | `libukeyhub_mock.dylib` |
//! | [`Artefact::Command`] | `ukeyhub` | `ukeyhub.exe` | `ukeyhub` |
// A test-support crate reports by panicking, and shows the output of a failed child on stderr.
#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used, clippy::print_stderr)]

mod build;
mod configuration;
mod isolated;
pub mod softhsm;

use std::path::PathBuf;

pub use build::{Artefact, Profile, artefact};
pub use configuration::{ConfigFile, config};
pub use isolated::{Isolation, is_isolated, isolated, isolated_with_env, set_env};

/// The PKCS#11 module as a shared library, in the profile of the calling test.
pub fn module() -> PathBuf {
    artefact(Artefact::Module, Profile::of_this_build())
}

/// The command `ukeyhub`, in the profile of the calling test.
pub fn command() -> PathBuf {
    artefact(Artefact::Command, Profile::of_this_build())
}

/// The mock PKCS#11 library (see `provider/mock/README.md`), in the profile of the calling test.
pub fn mock() -> PathBuf {
    artefact(Artefact::Mock, Profile::of_this_build())
}
