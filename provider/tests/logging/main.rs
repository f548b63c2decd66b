//! The module's log, as files show it: what is in it, what never is, and that nothing is said anywhere else.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "integration tests")]

#[path = "../hosts/mod.rs"]
mod hosts;

mod contents;
mod file;
mod secrets;

use std::path::PathBuf;

use ukeyhub_artefacts::set_env;

use hosts::libraries::Libraries;
use hosts::mock::Mock;

/// A log file in a folder of its own, at the most talkative level, over one mock.
struct Log {
    path: PathBuf,
    mock: Mock,
    _folder: tempfile::TempDir,
}

impl Log {
    fn new(lines: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ukeyhub.log");
        let mock = Mock::told(lines);
        set_env("UKEYHUB_LOG_FILE", &path);
        Libraries::new().line("log-level = \"trace\"").library("mock", &mock.path).use_here();
        Self { path, mock, _folder: folder }
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.path).unwrap()
    }
}
