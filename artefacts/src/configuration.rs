//! A `ukeyhub.toml` in a private folder, for one test. It must not check what is written in it: broken files are
//! tested too.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A configuration file that lives as long as this value. Put its path into `UKEYHUB_CONFIG`.
#[derive(Debug)]
pub struct ConfigFile {
    path: PathBuf,
    // Removes the folder when dropped.
    _folder: TempDir,
}

impl ConfigFile {
    /// The absolute path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Writes `text` as `ukeyhub.toml` (mode 0600) in a new folder (mode 0700).
///
/// # Panics
/// When the file system refuses.
pub fn config(text: &str) -> ConfigFile {
    let folder = private_folder("ukeyhub-config-");
    let path = folder.path().join("ukeyhub.toml");
    fs::write(&path, text).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
    set_mode(&path, 0o600);
    ConfigFile { path, _folder: folder }
}

/// A new folder that only this user can enter; removed when dropped.
pub(crate) fn private_folder(prefix: &str) -> TempDir {
    let folder = tempfile::Builder::new()
        .prefix(prefix)
        .tempdir()
        .unwrap_or_else(|error| panic!("cannot make a temporary folder: {error}"));
    set_mode(folder.path(), 0o700);
    folder
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .unwrap_or_else(|error| panic!("cannot set the mode of {}: {error}", path.display()));
}

#[cfg(not(unix))]
fn set_mode(_path: &Path, _mode: u32) {
    // The user's own temporary folder is private on Windows.
}
