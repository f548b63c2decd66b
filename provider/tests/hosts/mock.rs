//! A mock library under a test's control: the same image in memory as the one the module loads, told what to do.

use std::ffi::{CString, c_char, c_ulong};
use std::path::{Path, PathBuf};

use cryptoki_sys::{CK_FLAGS, CK_MECHANISM_TYPE};
use libloading::Library;
use tempfile::TempDir;

/// One mock library. Copies under different names are different libraries.
pub struct Mock {
    pub path: PathBuf,
    library: Library,
    // Removes the copy.
    _folder: TempDir,
}

impl Mock {
    /// A library of its own, loaded, without instructions.
    pub fn new() -> Self {
        let (folder, path) = copy();
        // SAFETY: the mock has no initialisers that could harm.
        let library = unsafe { Library::new(&path) }.unwrap();
        Self { path, library, _folder: folder }
    }

    /// A library of its own that follows these instructions.
    pub fn told(lines: &[&str]) -> Self {
        let mock = Self::new();
        lines.iter().for_each(|line| mock.tell(line));
        mock
    }

    /// Gives one instruction.
    pub fn tell(&self, line: &str) {
        let text = CString::new(line).unwrap();
        // SAFETY: the mock's own declaration.
        let answer = unsafe {
            let instruct = self.library.get::<unsafe extern "C" fn(*const c_char) -> i32>("ukeyhub_mock_instruct");
            instruct.unwrap()(text.as_ptr())
        };
        assert_eq!(answer, 0, "the mock does not understand: {line}");
    }

    /// How often a function has been called.
    pub fn calls(&self, name: &str) -> usize {
        let text = CString::new(name).unwrap();
        // SAFETY: the mock's own declaration.
        let count = unsafe {
            self.library.get::<unsafe extern "C" fn(*const c_char) -> u64>("ukeyhub_mock_calls").unwrap()(text.as_ptr())
        };
        assert_ne!(count, u64::MAX, "the mock knows no {name}");
        count as usize
    }

    /// The most callers inside at one time.
    pub fn concurrent(&self) -> usize {
        self.number("ukeyhub_mock_concurrent")
    }

    /// Open sessions.
    pub fn sessions(&self) -> usize {
        self.number("ukeyhub_mock_sessions")
    }

    fn number(&self, name: &str) -> usize {
        // SAFETY: the mock's own declaration.
        unsafe { self.library.get::<extern "C" fn() -> c_ulong>(name).unwrap()() as usize }
    }

    /// The last mechanism and the raw bytes of its parameter.
    pub fn last(&self) -> (CK_MECHANISM_TYPE, Vec<u8>) {
        self.number_and_bytes("ukeyhub_mock_last")
    }

    /// The flags of the last C_Initialize and the string in pReserved.
    pub fn initialized_with(&self) -> (CK_FLAGS, Vec<u8>) {
        self.number_and_bytes("ukeyhub_mock_initialized_with")
    }

    fn number_and_bytes(&self, name: &str) -> (c_ulong, Vec<u8>) {
        let (mut number, mut buffer) = (0, vec![0; 4096]);
        // SAFETY: the mock's own declaration; the buffer has the length that is stated.
        let length = unsafe {
            let ask = self.library.get::<unsafe extern "C" fn(*mut c_ulong, *mut u8, usize) -> usize>(name);
            ask.unwrap()(&raw mut number, buffer.as_mut_ptr(), buffer.len())
        };
        buffer.truncate(length);
        (number, buffer)
    }
}

/// A copy of the mock that nobody has loaded, in a folder of its own that every user can enter.
pub fn copy() -> (TempDir, PathBuf) {
    let folder = open_folder();
    let path = folder.path().join("mock.so");
    std::fs::copy(ukeyhub_artefacts::mock(), &path).unwrap();
    set_mode(&path, 0o755);
    (folder, path)
}

/// A folder that every user can enter and only this one can change.
pub fn open_folder() -> TempDir {
    let folder = tempfile::Builder::new().prefix("ukeyhub-mock-").tempdir().unwrap();
    set_mode(folder.path(), 0o755);
    folder
}

#[cfg(unix)]
pub fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
pub fn set_mode(_path: &Path, _mode: u32) {}
