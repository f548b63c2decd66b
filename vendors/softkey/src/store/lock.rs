//! Locks between processes: the short one around each change and the long one of SKF_LockDev. The system releases both
//! when their process dies. It must not touch the key file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

use skf_sys::{codes, constants};

use super::error::{Action, StoreError};
use super::key::Key;
use crate::sar::Sar;

/// Held while a change is made.
pub(super) const STORE_LOCK: &str = "store.lock";
/// Held between SKF_LockDev and SKF_UnlockDev.
pub(super) const DEVICE_LOCK: &str = "device.lock";

/// Between two tries for the device lock. The wait is a poll, so that it can end by time and by removal of the key.
const POLL: Duration = Duration::from_millis(5);

/// An open file whose lock this process holds.
pub(super) struct FileLock {
    file: File,
    process: u32,
}

impl FileLock {
    fn holding(file: File) -> FileLock {
        FileLock { file, process: std::process::id() }
    }

    /// Waits for the lock of everyone else, threads of this process included.
    pub(super) fn exclusive(path: &Path) -> Result<FileLock, StoreError> {
        Self::wait(path, File::lock)
    }

    /// Waits until nobody changes; others may read.
    pub(super) fn shared(path: &Path) -> Result<FileLock, StoreError> {
        Self::wait(path, File::lock_shared)
    }

    fn wait(path: &Path, lock: impl Fn(&File) -> std::io::Result<()>) -> Result<FileLock, StoreError> {
        let file = open(path)?;
        loop {
            match lock(&file) {
                Ok(()) => return Ok(FileLock::holding(file)),
                // A signal handler of the host ran.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(StoreError::io(Action::Lock, path, error)),
            }
        }
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // A forked child has a copy of the descriptor: it must not unlock for its parent, and its copy must not keep the
        // lock after the parent's end of work. So the owner unlocks by itself. Should that fail, closing does it.
        if std::process::id() == self.process {
            let _ = self.file.unlock();
        }
    }
}

fn open(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| StoreError::io(Action::Lock, path, error))
}

/// The device is locked against other processes, and other handles of this one, until this is dropped or the process
/// dies. It locks nothing else: who calls without asking [`Key::is_device_locked`] is not stopped.
pub struct DeviceLock {
    _lock: FileLock,
}

impl std::fmt::Debug for DeviceLock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DeviceLock")
    }
}

impl Key {
    /// SKF_LockDev: waits at most `milliseconds`, 0xFFFFFFFF for ever.
    /// SAR_TIMEOUTERR, SAR_DEVICE_REMOVED (also while waiting).
    pub fn lock_device(&self, milliseconds: u32) -> Result<DeviceLock, Sar> {
        let path = self.folder().join(DEVICE_LOCK);
        self.check_present()?;
        let file = open(&path)?;
        let end = match milliseconds {
            constants::INFINITE => None,
            _ => Some(Instant::now() + Duration::from_millis(milliseconds.into())),
        };
        loop {
            match file.try_lock() {
                Ok(()) => {
                    let lock = FileLock::holding(file);
                    self.check_present()?;
                    return Ok(DeviceLock { _lock: lock });
                }
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Interrupted => continue,
                Err(TryLockError::Error(error)) => return Err(StoreError::io(Action::Lock, &path, error).into()),
            }
            self.check_present()?;
            let left = end.map_or(POLL, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Err(Sar(codes::SAR_TIMEOUTERR));
            }
            std::thread::sleep(left.min(POLL));
        }
    }

    /// Whether anyone, this process included, holds the device lock now.
    pub fn is_device_locked(&self) -> Result<bool, Sar> {
        let path = self.folder().join(DEVICE_LOCK);
        self.check_present()?;
        let file = open(&path)?;
        match file.try_lock_shared() {
            // Closing the file lets go.
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(StoreError::io(Action::Lock, &path, error).into()),
        }
    }
}
