//! The key file as bytes: read whole, replaced whole. It must not know what the bytes mean.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

use super::error::{Action, StoreError};

/// Everything that a key holds.
pub(super) const KEY_FILE: &str = "key.json";
/// The next state, until it is complete. One left behind by a kill is overwritten by the next change.
pub(super) const NEW_FILE: &str = "key.json.new";
/// A larger file is not a key; it is not read.
const MAX_LEN: u64 = 64 << 20;

/// All bytes of the key file.
pub(super) fn read(folder: &Path) -> Result<Vec<u8>, StoreError> {
    let path = folder.join(KEY_FILE);
    let failed = |error| StoreError::io(Action::Read, &path, error);
    let file = File::open(&path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(MAX_LEN + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_LEN {
        return Err(StoreError::broken(&path, format!("larger than {MAX_LEN} bytes")));
    }
    Ok(bytes)
}

/// Puts `bytes` in place of the key file. Whoever reads, or is killed, sees the old file or the new one. When this
/// returns, the new one is on disk. The caller holds the store lock.
pub(super) fn replace(folder: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let (new, path) = (folder.join(NEW_FILE), folder.join(KEY_FILE));
    let failed = |error| StoreError::io(Action::Write, &new, error);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    drop(file);
    std::fs::rename(&new, &path).map_err(|error| StoreError::io(Action::Write, &path, error))?;
    sync_folder(folder)
}

/// The rename itself reaches the disk.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    let synced = File::open(folder).and_then(|file| file.sync_all());
    synced.map_err(|error| StoreError::io(Action::Write, folder, error))
}

/// Windows has no call for a folder; NTFS keeps its own journal.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> Result<(), StoreError> {
    Ok(())
}

/// Makes a folder that only its owner may enter, and the folders above it.
pub(super) fn make_folder(folder: &Path) -> Result<(), StoreError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| StoreError::io(Action::Write, folder, error))
}
