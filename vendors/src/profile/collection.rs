//! All profiles of a process: the embedded ones, then the local ones of each folder, later ones overriding earlier
//! ones by name. A file that is broken or distrusted is left out with its reason.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::{Fault, Profile, text_of};
use crate::places::Places;
use crate::trust::{self, Distrust};

/// The profiles that are part of this build: file name and text.
pub(super) const EMBEDDED: &[(&str, &str)] = &[
    ("generic-pkcs11.toml", include_str!("../../profiles/generic-pkcs11.toml")),
    ("kryoptic.toml", include_str!("../../profiles/kryoptic.toml")),
    ("nss.toml", include_str!("../../profiles/nss.toml")),
    ("opencryptoki.toml", include_str!("../../profiles/opencryptoki.toml")),
    ("opensc.toml", include_str!("../../profiles/opensc.toml")),
    ("softhsm.toml", include_str!("../../profiles/softhsm.toml")),
    ("tpm2.toml", include_str!("../../profiles/tpm2.toml")),
];

/// Why a profile is left out.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The file may not be used.
    #[error(transparent)]
    Distrust(#[from] Distrust),
    /// The file or folder cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// The text is wrong.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// A profile that was left out.
#[derive(Debug)]
pub struct SkippedProfile {
    /// The file, or the folder that could not be listed.
    pub path: PathBuf,
    /// Why.
    pub reason: ProfileError,
}

/// All profiles of a process, by name.
#[derive(Debug, Default)]
pub struct Profiles {
    by_name: BTreeMap<String, Profile>,
    /// The files that were left out, in the order they were met.
    pub skipped: Vec<SkippedProfile>,
}

impl Profiles {
    /// Reads the embedded profiles, then the local ones of all folders. Within a folder files are taken by name.
    #[must_use]
    pub fn load(places: &Places) -> Self {
        let mut profiles = Self::default();
        for (file, text) in EMBEDDED {
            let file = Path::new("built-in").join(file);
            let read = Profile::parse(&file, text).map_err(ProfileError::from);
            profiles.take(file, read);
        }
        for folder in places.profile_folders() {
            match files_of(&folder) {
                Ok(files) => files.into_iter().for_each(|file| {
                    let read = read_local(&file, places.caller);
                    profiles.take(file, read);
                }),
                Err(reason) => profiles.skipped.push(SkippedProfile { path: folder, reason }),
            }
        }
        profiles
    }

    /// The profile of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Profile> {
        self.by_name.get(name)
    }

    /// All profiles, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Profile> {
        self.by_name.values()
    }

    fn take(&mut self, path: PathBuf, read: Result<Profile, ProfileError>) {
        match read {
            Ok(profile) => _ = self.by_name.insert(profile.name.as_str().to_owned(), profile),
            Err(reason) => self.skipped.push(SkippedProfile { path, reason }),
        }
    }
}

/// The profiles of a folder, sorted; a folder that is absent has none. Hidden files are an editor's.
pub(super) fn files_of(folder: &Path) -> Result<Vec<PathBuf>, ProfileError> {
    let failed = |source| ProfileError::Read { path: folder.into(), source };
    let entries = match std::fs::read_dir(folder) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        other => other.map_err(failed)?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let file = entry.map_err(failed)?.path();
        let is_hidden = file.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !is_hidden && file.extension().is_some_and(|extension| extension == "toml") {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

fn read_local(file: &Path, caller: u32) -> Result<Profile, ProfileError> {
    trust::check_for(file, caller)?;
    let text = text_of(file).map_err(|source| ProfileError::Read { path: file.into(), source })?;
    Ok(Profile::parse(file, &text)?)
}
