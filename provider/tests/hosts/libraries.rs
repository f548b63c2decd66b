//! Configurations for the module: which libraries it shall find.

use std::path::{Path, PathBuf};

use ukeyhub_artefacts::{ConfigFile, config, set_env};

use super::mock::Mock;

/// A configuration in the making.
#[derive(Clone, Debug)]
pub struct Libraries {
    head: String,
    text: String,
}

impl Default for Libraries {
    fn default() -> Self {
        Self { head: "discover = false\n".to_owned(), text: String::new() }
    }
}

impl Libraries {
    pub fn new() -> Self {
        Self::default()
    }

    /// A line before the first library.
    pub fn line(mut self, line: &str) -> Self {
        self.head.push_str(line);
        self.head.push('\n');
        self
    }

    pub fn library(self, name: &str, path: &Path) -> Self {
        self.library_with(name, path, "")
    }

    /// A library with further lines of its entry.
    pub fn library_with(mut self, name: &str, path: &Path, lines: &str) -> Self {
        // A literal string: paths of Windows hold backslashes.
        self.text.push_str(&format!("[[library]]\nname = \"{name}\"\npath = '{}'\n{lines}\n", path.display()));
        self
    }

    pub fn text(&self) -> String {
        format!("{}{}", self.head, self.text)
    }

    pub fn file(&self) -> ConfigFile {
        config(&self.text())
    }

    /// Makes this the configuration of the process. It lasts until the process ends, so the file is not removed before.
    pub fn use_here(&self) -> PathBuf {
        let file = Box::leak(Box::new(self.file()));
        set_env("UKEYHUB_CONFIG", file.path());
        file.path().to_owned()
    }
}

/// One new mock library, configured alone.
pub fn one_mock(lines: &[&str]) -> Mock {
    let mock = Mock::told(lines);
    Libraries::new().library("mock", &mock.path).use_here();
    mock
}

/// SoftHSM with a store of its own, configured alone.
pub fn one_softhsm() -> ukeyhub_artefacts::softhsm::Store {
    let store = ukeyhub_artefacts::softhsm::Store::new();
    set_env("SOFTHSM2_CONF", store.config());
    let library = ukeyhub_artefacts::softhsm::library();
    Libraries::new().library_with("softhsm", &library, "profile = \"softhsm\"").use_here();
    store
}
