//! What the module loads and what it refuses, and into which hosts it can be loaded.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "integration tests")]

#[path = "../hosts/mod.rs"]
mod hosts;

mod configuration;
mod programs;
mod refusals;
mod shared;
mod tables;
mod threads;

use std::path::PathBuf;

use ukeyhub_artefacts::set_env;

use hosts::Module;
use hosts::libraries::Libraries;
use hosts::mock::Mock;

/// A run over `libraries` and one good mock behind them: the good one must always work. Answers the log.
fn log_of_run(libraries: Libraries) -> String {
    log_of_run_with(libraries, &Module::load())
}

fn log_of_run_with(libraries: Libraries, module: &Module) -> String {
    let good = Mock::told(&["slot 0 label=good"]);
    let (_folder, log) = new_log();
    libraries.library("good", &good.path).use_here();
    assert_eq!(module.initialize(), Ok(()), "a library that cannot be used fails the host");
    let labels: Vec<_> = module.slots(true).iter().map(|slot| module.label(*slot)).collect();
    assert_eq!(labels, ["good"]);
    let session = module.open(module.only_slot()).unwrap();
    assert!(module.session_info(session).is_ok());
    module.finalize().unwrap();
    std::fs::read_to_string(&log).unwrap_or_default()
}

fn new_log() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    set_env("UKEYHUB_LOG_FILE", &log);
    (folder, log)
}
