//! What goes wrong with the files themselves, in words for people, and the return code that the C interface gives for it.
//! Refusals that the standard has a code for (a wrong PIN, a name taken) are `Sar` from the start.

use std::io;
use std::path::{Path, PathBuf};

use skf_sys::codes;

use crate::sar::Sar;

/// A fault of the key folder or the plug folder.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// No key there: never was, removed, unplugged, or another key has taken its place.
    #[error("{0}: there is no key here")]
    Gone(PathBuf),
    /// A key, or a plug entry, is already there.
    #[error("{0}: already exists")]
    Exists(PathBuf),
    /// A name that cannot be a device name.
    #[error("{0:?} cannot be a device name: 1 to 128 bytes, no leading dot, no / \\ : and no control characters")]
    BadName(String),
    /// The key file is there but does not hold a key that this version reads.
    #[error("{path}: {reason}")]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The system refused.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried, as a verb.
        action: Action,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The system gave no random bytes.
    #[error("the system gives no random bytes")]
    NoRandom,
}

/// What was tried on a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Reading.
    Read,
    /// Writing, creating, renaming or deleting.
    Write,
    /// Locking.
    Lock,
}

impl std::fmt::Display for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Action::Read => "read",
            Action::Write => "write",
            Action::Lock => "lock",
        })
    }
}

impl StoreError {
    /// The error of a system call on `path`; a path that is not there is `Gone`.
    pub(super) fn io(action: Action, path: &Path, source: io::Error) -> StoreError {
        match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => StoreError::Gone(path.to_owned()),
            io::ErrorKind::AlreadyExists => StoreError::Exists(path.to_owned()),
            _ => StoreError::Io { action, path: path.to_owned(), source },
        }
    }

    pub(super) fn broken(path: &Path, reason: impl ToString) -> StoreError {
        StoreError::Broken { path: path.to_owned(), reason: reason.to_string() }
    }

    /// The code for the C interface.
    pub fn sar(&self) -> Sar {
        Sar(match self {
            StoreError::Gone(_) => codes::SAR_DEVICE_REMOVED,
            StoreError::Exists(_) => codes::SAR_FILE_ALREADY_EXIST,
            StoreError::BadName(_) => codes::SAR_NAMELENERR,
            StoreError::Broken { .. } => codes::SAR_FILEERR,
            StoreError::NoRandom => codes::SAR_GENRANDERR,
            StoreError::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => codes::SAR_NO_ROOM,
            StoreError::Io { action, .. } => match action {
                Action::Read => codes::SAR_READFILEERR,
                Action::Write => codes::SAR_WRITEFILEERR,
                Action::Lock => codes::SAR_FILEERR,
            },
        })
    }
}

impl From<StoreError> for Sar {
    fn from(error: StoreError) -> Sar {
        error.sar()
    }
}
