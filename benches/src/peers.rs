//! Who is compared, and on what: three ways to reach a native library, and two native libraries.
//! The names are parts of the ids of the benches and must not change.

use std::path::{Path, PathBuf};

use crate::Failure;

/// A way from the host to the native library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// The host calls the library itself.
    Bare,
    /// Through the module of this workspace, in process.
    Ukeyhub,
    /// Through p11-kit-proxy, in process.
    P11KitProxy,
}

impl Peer {
    /// All, the bare library first: it says what the right answers are.
    pub const ALL: [Self; 3] = [Self::Bare, Self::Ukeyhub, Self::P11KitProxy];

    /// Its name in ids.
    pub fn id(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Ukeyhub => "ukeyhub",
            Self::P11KitProxy => "p11-kit-proxy",
        }
    }
}

/// A native library that does the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Native {
    /// The mock library on its quiet path: it does next to nothing, so what is left is the way to it.
    Mock,
    /// SoftHSM2.
    SoftHsm,
}

impl Native {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Mock, Self::SoftHsm];

    /// Its name in ids.
    pub fn id(self) -> &'static str {
        match self {
            Self::Mock => "mock",
            Self::SoftHsm => "softhsm",
        }
    }

    /// The profile with which the module loads it.
    pub fn profile(self) -> &'static str {
        match self {
            Self::Mock => "generic-pkcs11",
            Self::SoftHsm => "softhsm",
        }
    }
}

/// Folders in which distributions put p11-kit-proxy.
const FOLDERS: [&str; 6] = [
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib64/pkcs11",
    "/usr/lib",
    "/usr/lib/pkcs11",
];

/// p11-kit-proxy of this machine.
///
/// # Errors
/// When there is none: a comparison without the peer would be no comparison.
pub fn p11_kit_proxy() -> Result<PathBuf, Failure> {
    let candidates = FOLDERS.iter().map(|folder| Path::new(folder).join("p11-kit-proxy.so"));
    candidates.into_iter().find(|path| path.is_file()).ok_or_else(|| {
        Failure::Setup(format!("p11-kit-proxy.so is in none of {FOLDERS:?}: apt install p11-kit p11-kit-modules"))
    })
}
