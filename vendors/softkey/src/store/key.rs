//! One key folder: opened, read, changed. Each read is of the newest state on disk; each change is alone, whole or not at
//! all. It must not decide whether a change is allowed.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use skf_sys::codes;

use super::bytes::Bytes;
use super::disk;
use super::error::{Action, StoreError};
use super::lock::{DEVICE_LOCK, FileLock, STORE_LOCK};
use super::model::{Device, Model};
use super::plug::PlugEntry;
use crate::sar::Sar;

/// A key folder. Any number of these, in any number of threads and processes, may stand for one folder.
#[derive(Debug)]
pub struct Key {
    folder: PathBuf,
    /// How it is plugged in; `None` when it was opened by its own folder.
    entry: Option<PlugEntry>,
    id: Bytes,
    /// The last state read. Bytes that did not change are not parsed again.
    last: Mutex<Option<Last>>,
}

#[derive(Debug)]
struct Last {
    bytes: Vec<u8>,
    model: Arc<Model>,
}

impl Key {
    /// Makes a key without applications. The folder may exist, but not hold a key (`StoreError::Exists`).
    pub fn create(folder: &Path, device: Device) -> Result<Key, StoreError> {
        disk::make_folder(folder)?;
        let folder = canonical(folder)?;
        let _lock = FileLock::exclusive(&folder.join(STORE_LOCK))?;
        let path = folder.join(disk::KEY_FILE);
        if path.try_exists().map_err(|error| StoreError::io(Action::Read, &path, error))? {
            return Err(StoreError::Exists(path));
        }
        let model = Model::new(device).map_err(|_| StoreError::NoRandom)?;
        disk::replace(&folder, &to_bytes(&model, &path)?)?;
        Ok(Key { folder, entry: None, id: model.id, last: Mutex::default() })
    }

    /// Opens a key by its own folder: it is present as long as that folder is.
    pub fn open(folder: &Path) -> Result<Key, StoreError> {
        Key::open_at(folder, None)
    }

    pub(super) fn open_at(folder: &Path, entry: Option<PlugEntry>) -> Result<Key, StoreError> {
        let folder = canonical(folder)?;
        let bytes = read_bytes(&folder)?;
        let model = parse(&bytes, &folder.join(disk::KEY_FILE))?;
        let id = model.id.clone();
        let last = Some(Last { bytes, model: Arc::new(model) });
        Ok(Key { folder, entry, id, last: Mutex::new(last) })
    }

    /// The folder, without symbolic links.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether the key is still there: its folder exists and, if opened through the plug folder, it has not been
    /// unplugged since, even if it was plugged in again.
    pub fn is_present(&self) -> bool {
        self.check_present().is_ok()
    }

    pub(super) fn check_present(&self) -> Result<(), StoreError> {
        match &self.entry {
            Some(entry) if !entry.is_still_there() => Err(StoreError::Gone(entry.path().to_owned())),
            _ if !self.folder.join(disk::KEY_FILE).is_file() => Err(StoreError::Gone(self.folder.clone())),
            _ => Ok(()),
        }
    }

    /// The newest state, with the reason in words when there is none.
    pub fn load(&self) -> Result<Arc<Model>, StoreError> {
        self.check_present()?;
        let bytes = read_bytes(&self.folder)?;
        self.accept(bytes)
    }

    /// The newest state, read once.
    pub fn read<T>(&self, look: impl FnOnce(&Model) -> Result<T, Sar>) -> Result<T, Sar> {
        look(&*self.load()?)
    }

    /// Changes the newest state, alone among all threads and processes. An error of the closure discards the change.
    /// It must not use this key again inside: it would wait for itself.
    ///
    /// SAR_NO_ROOM when the result needs more than the device's total space, SAR_DEVICE_REMOVED, SAR_FILEERR and the
    /// like when the folder cannot be used, SAR_FAIL when the closure breaks a rule of the model.
    pub fn change<T>(&self, change: impl FnOnce(&mut Model) -> Result<T, Sar>) -> Result<T, Sar> {
        let mut begun = self.begin()?;
        let value = change(&mut begun.model)?;
        begun.write()?;
        Ok(value)
    }

    pub(super) fn begin(&self) -> Result<Change<'_>, Sar> {
        self.check_present()?;
        let lock = FileLock::exclusive(&self.folder.join(STORE_LOCK))?;
        self.check_present()?;
        let base = self.accept(disk::read(&self.folder)?)?;
        Ok(Change { key: self, model: Model::clone(&base), base, _lock: lock })
    }

    /// Deletes the key's own files, then the folder if nothing else is in it. Everyone who has it open sees it removed.
    pub fn delete(self) -> Result<(), StoreError> {
        self.check_present()?;
        let lock = FileLock::exclusive(&self.folder.join(STORE_LOCK))?;
        self.accept(disk::read(&self.folder)?)?;
        // The key file first: without it there is no key, whatever else is left by a kill.
        remove(&self.folder.join(disk::KEY_FILE))?;
        drop(lock);
        for rest in [disk::NEW_FILE, DEVICE_LOCK, STORE_LOCK] {
            remove(&self.folder.join(rest))?;
        }
        match std::fs::remove_dir(&self.folder) {
            Err(error) if error.kind() != std::io::ErrorKind::DirectoryNotEmpty => {
                Err(StoreError::io(Action::Write, &self.folder, error))
            }
            _ => Ok(()),
        }
    }

    /// The model in these bytes, if it is of this key.
    fn accept(&self, bytes: Vec<u8>) -> Result<Arc<Model>, StoreError> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = last.as_ref().filter(|last| last.bytes == bytes) {
            return Ok(Arc::clone(&last.model));
        }
        let model = parse(&bytes, &self.folder.join(disk::KEY_FILE))?;
        if model.id != self.id {
            return Err(StoreError::Gone(self.folder.clone()));
        }
        let model = Arc::new(model);
        *last = Some(Last { bytes, model: Arc::clone(&model) });
        Ok(model)
    }
}

/// A change under way: the store lock is held. It can be written more than once.
pub(super) struct Change<'key> {
    key: &'key Key,
    base: Arc<Model>,
    pub(super) model: Model,
    _lock: FileLock,
}

impl Change<'_> {
    /// Writes the model if it differs from what is on disk.
    pub(super) fn write(&mut self) -> Result<(), Sar> {
        if self.model == *self.base {
            return Ok(());
        }
        self.model.check().map_err(|_| Sar(codes::SAR_FAIL))?;
        let used = self.model.used_space();
        if used > u64::from(self.model.device.total_space) && used > self.base.used_space() {
            return Err(Sar(codes::SAR_NO_ROOM));
        }
        // An unplugged key takes no more writes.
        self.key.check_present()?;
        // It wraps only in a file written by hand.
        self.model.generation = self.base.generation.wrapping_add(1);
        let bytes = to_bytes(&self.model, &self.key.folder)?;
        disk::replace(&self.key.folder, &bytes)?;
        self.base = Arc::new(self.model.clone());
        let mut last = self.key.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some(Last { bytes, model: Arc::clone(&self.base) });
        Ok(())
    }
}

/// Windows may refuse to rename over a file that someone reads, so readers there hold off writers.
fn read_bytes(folder: &Path) -> Result<Vec<u8>, StoreError> {
    let _lock = match cfg!(windows) && folder.join(disk::KEY_FILE).is_file() {
        true => Some(FileLock::shared(&folder.join(STORE_LOCK))?),
        false => None,
    };
    disk::read(folder)
}

fn canonical(folder: &Path) -> Result<PathBuf, StoreError> {
    std::fs::canonicalize(folder).map_err(|error| StoreError::io(Action::Read, folder, error))
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(StoreError::io(Action::Write, path, error)),
        _ => Ok(()),
    }
}

fn parse(bytes: &[u8], path: &Path) -> Result<Model, StoreError> {
    // The format first: a later version may have fields that this one would call unknown.
    #[derive(serde::Deserialize)]
    struct Head {
        format: u32,
    }
    let head: Head = serde_json::from_slice(bytes).map_err(|error| StoreError::broken(path, error))?;
    if head.format != super::model::FORMAT {
        let reason = format!("format {}, this version reads format {}", head.format, super::model::FORMAT);
        return Err(StoreError::broken(path, reason));
    }
    let model: Model = serde_json::from_slice(bytes).map_err(|error| StoreError::broken(path, error))?;
    model.check().map_err(|reason| StoreError::broken(path, reason))?;
    Ok(model)
}

fn to_bytes(model: &Model, path: &Path) -> Result<Vec<u8>, StoreError> {
    let mut bytes = serde_json::to_vec_pretty(model).map_err(|error| StoreError::broken(path, error))?;
    bytes.push(b'\n');
    Ok(bytes)
}
