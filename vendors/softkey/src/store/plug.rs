//! The plug folder: a key is plugged in when an entry here leads to its folder. An entry is a symbolic link or, where
//! those need rights (Windows), a small file with the path on one line. It must not look into a key beyond its presence.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::disk;
use super::error::{Action, StoreError};
use super::key::Key;

/// Longest device name in bytes.
const MAX_NAME: usize = 128;
/// Longest path that an entry file may hold.
const MAX_TARGET: u64 = 32 << 10;

/// The folder whose entries are the keys plugged in. Nothing is kept open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plug {
    folder: PathBuf,
}

/// Which keys were plugged in at one moment; equal while nothing came or went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fingerprint(BTreeMap<String, Stamp>);

/// A key came or went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlugEvent {
    /// The key of this device name came.
    In(String),
    /// The key of this device name went.
    Out(String),
}

/// What distinguishes one entry from a later one of the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    target: PathBuf,
    modified: Option<SystemTime>,
    node: u64,
}

/// The entry through which a key was opened.
#[derive(Debug)]
pub(super) struct PlugEntry {
    path: PathBuf,
    stamp: Stamp,
}

impl PlugEntry {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn is_still_there(&self) -> bool {
        Stamp::of(&self.path).as_ref() == Some(&self.stamp)
    }
}

impl Plug {
    /// The folder need not exist: then no key is plugged in.
    pub fn new(folder: impl Into<PathBuf>) -> Plug {
        Plug { folder: folder.into() }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Device names, sorted. Entries that lead nowhere, or have names that no device can have, are not keys.
    pub fn list(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.fingerprint()?.0.into_keys().collect())
    }

    /// Plugs a key in under a device name. Whatever has that name already, even if it leads nowhere, is
    /// `StoreError::Exists`.
    pub fn plug(&self, key_folder: &Path, name: &str) -> Result<(), StoreError> {
        let path = self.entry_path(name)?;
        let key = Key::open(key_folder)?;
        disk::make_folder(&self.folder)?;
        let made = make_entry(key.folder(), &path);
        made.map_err(|error| StoreError::io(Action::Write, &path, error))
    }

    /// Removes an entry. `StoreError::Gone` when there is none. The key itself is not touched.
    pub fn unplug(&self, name: &str) -> Result<(), StoreError> {
        let path = self.entry_path(name)?;
        fs::remove_file(&path).map_err(|error| StoreError::io(Action::Write, &path, error))
    }

    /// Opens a plugged key. It answers SAR_DEVICE_REMOVED from the moment that this entry goes.
    pub fn open(&self, name: &str) -> Result<Key, StoreError> {
        let path = self.entry_path(name)?;
        let stamp = Stamp::of(&path).ok_or_else(|| StoreError::Gone(path.clone()))?;
        let folder = stamp.folder(&self.folder);
        let key = Key::open_at(&folder, Some(PlugEntry { path, stamp }))?;
        key.check_present()?;
        Ok(key)
    }

    /// Who is there now. Costs one look at the folder and two at each entry: made for polling.
    pub fn fingerprint(&self) -> Result<Fingerprint, StoreError> {
        let failed = |error| StoreError::io(Action::Read, &self.folder, error);
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Fingerprint::default()),
            other => other.map_err(failed)?,
        };
        let mut present = BTreeMap::new();
        for entry in entries {
            let Ok(name) = entry.map_err(failed)?.file_name().into_string() else { continue };
            let Ok(path) = self.entry_path(&name) else { continue };
            let Some(stamp) = Stamp::of(&path) else { continue };
            if stamp.folder(&self.folder).join(disk::KEY_FILE).is_file() {
                present.insert(name, stamp);
            }
        }
        Ok(Fingerprint(present))
    }

    fn entry_path(&self, name: &str) -> Result<PathBuf, StoreError> {
        let forbidden = |c: char| c.is_control() || matches!(c, '/' | '\\' | ':');
        if name.is_empty() || name.len() > MAX_NAME || name.starts_with('.') || name.contains(forbidden) {
            return Err(StoreError::BadName(name.to_owned()));
        }
        Ok(self.folder.join(name))
    }
}

impl Fingerprint {
    /// What happened between `before` and this, departures first. A key that was pulled and plugged in again between
    /// the two is both.
    pub fn events_since(&self, before: &Fingerprint) -> Vec<PlugEvent> {
        let gone = before.0.iter().filter(|(name, stamp)| self.0.get(*name) != Some(stamp));
        let new = self.0.iter().filter(|(name, stamp)| before.0.get(*name) != Some(stamp));
        let gone = gone.map(|(name, _)| PlugEvent::Out(name.clone()));
        gone.chain(new.map(|(name, _)| PlugEvent::In(name.clone()))).collect()
    }
}

impl Stamp {
    /// `None` when nothing is there, or something that is not an entry.
    fn of(path: &Path) -> Option<Stamp> {
        let data = fs::symlink_metadata(path).ok()?;
        let target = match data.file_type() {
            kind if kind.is_symlink() => fs::read_link(path).ok()?,
            kind if kind.is_file() && data.len() <= MAX_TARGET => {
                // The line's end proves that the file is complete.
                PathBuf::from(fs::read_to_string(path).ok()?.strip_suffix('\n')?)
            }
            _ => return None,
        };
        Some(Stamp { target, modified: data.modified().ok(), node: node(&data) })
    }

    fn folder(&self, plug: &Path) -> PathBuf {
        plug.join(&self.target)
    }
}

#[cfg(unix)]
fn node(data: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(data)
}

#[cfg(windows)]
fn node(data: &fs::Metadata) -> u64 {
    std::os::windows::fs::MetadataExt::creation_time(data)
}

#[cfg(unix)]
fn make_entry(target: &Path, path: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

#[cfg(windows)]
fn make_entry(target: &Path, path: &Path) -> std::io::Result<()> {
    make_entry_file(target, path)
}

#[cfg(any(windows, test))]
pub(super) fn make_entry_file(target: &Path, path: &Path) -> std::io::Result<()> {
    use std::io::{Error, Write};
    let target = target.to_str().ok_or_else(|| Error::new(ErrorKind::InvalidInput, "the path is not Unicode"))?;
    let mut file = fs::File::create_new(path)?;
    file.write_all(format!("{target}\n").as_bytes())
}
