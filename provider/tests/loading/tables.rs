//! Function tables of libraries, honest and not. Profiles of one's own need an ordinary user.

use std::path::Path;

use cryptoki_sys::*;
use ukeyhub_artefacts::{isolated, set_env};

use crate::hosts::call;
use crate::hosts::libraries::Libraries;
use crate::hosts::mock::{Mock, open_folder, set_mode};
use crate::hosts::processes::{Ending, become_ordinary, fork, give_to_ordinary};
use crate::hosts::{Module, libraries, refused};
use crate::log_of_run;

const HEAD: &str = "name = \"own\"\nvendor = \"own\"\nkind = \"pkcs11\"\nisolation = \"none\"\n";
const TITLE: &str = "[title]\nzh = \"自\"\nen = \"own\"\n";

/// Runs `body` as an ordinary user whose configuration names the mock with a profile of its own.
fn with_profile(profile: &str, mock: &Path, body: impl FnOnce(&Module, &Path)) {
    let home = open_folder();
    let profiles = home.path().join("ukeyhub/profiles");
    std::fs::create_dir_all(&profiles).unwrap();
    let log = home.path().join("ukeyhub/log");
    let libraries = Libraries::new().line("log-level = \"trace\"").line(&format!("log-file = '{}'", log.display()));
    let text = libraries.library_with("mock", mock, "profile = \"own\"").text();
    let files = [("ukeyhub.toml", text.as_str()), ("profiles/own.toml", profile), ("log", "")];
    for (file, text) in files {
        let file = home.path().join("ukeyhub").join(file);
        std::fs::write(&file, text).unwrap();
        set_mode(&file, 0o644);
        give_to_ordinary(&file);
    }
    set_env("XDG_CONFIG_HOME", home.path());
    let module = Module::load();
    let ending = fork(|| {
        become_ordinary();
        body(&module, &log);
        0
    });
    assert_eq!(ending, Ending::Exit(0));
}

/// A table of version 2.0 ends before C_WaitForSlotEvent, and is followed by what must never be called.
#[test]
fn an_old_table_is_read_no_further_than_its_version() {
    isolated(|| {
        let _mock = libraries::one_mock(&["version=2.0"]);
        let module = Module::load();
        module.initialize().unwrap();
        let session = module.open(module.only_slot()).unwrap();
        assert!(module.session_info(session).is_ok());
        assert_eq!(module.event(), refused(CKR_NO_EVENT));
        let mut flags = 0;
        let answer = call!(module, C_GetSessionValidationFlags, session, 1, &raw mut flags);
        assert_eq!(answer, refused(CKR_FUNCTION_NOT_SUPPORTED));
        module.finalize().unwrap();
    });
}

/// Each version of the table gives what it has: functions above it are not supported.
#[test]
fn each_version_gives_its_functions() {
    isolated(|| {
        for (version, cancel, validation) in [
            ("2.40", Ok(()), refused(CKR_FUNCTION_NOT_SUPPORTED)),
            ("3.0", Ok(()), refused(CKR_FUNCTION_NOT_SUPPORTED)),
            ("3.1", Ok(()), refused(CKR_FUNCTION_NOT_SUPPORTED)),
            ("3.2", Ok(()), Ok(())),
        ] {
            let mock = libraries::one_mock(&[&format!("version={version}")]);
            let module = Module::load();
            module.initialize().unwrap();
            let session = module.open(module.only_slot()).unwrap();
            assert_eq!(call!(module, C_SessionCancel, session, 0), cancel, "{version}");
            assert_eq!(mock.calls("C_SessionCancel"), usize::from(version != "2.40"), "{version}");
            let mut flags = 0;
            assert_eq!(call!(module, C_GetSessionValidationFlags, session, 1, &raw mut flags), validation, "{version}");
            module.finalize().unwrap();
        }
    });
}

/// A 3.2 header over a 2.40 table exists in the wild; only a profile can know.
#[test]
fn a_profile_makes_a_lying_header_harmless() {
    isolated(|| {
        let mock = Mock::told(&["header-lies"]);
        let profile = format!("{HEAD}max-version = \"2.40\"\n{TITLE}");
        with_profile(&profile, &mock.path, |module, _| {
            module.initialize().unwrap();
            let session = module.open(module.only_slot()).unwrap();
            assert!(module.session_info(session).is_ok());
            let mut flags = 0;
            let answer = call!(module, C_GetSessionValidationFlags, session, 1, &raw mut flags);
            assert_eq!(answer, refused(CKR_FUNCTION_NOT_SUPPORTED));
            module.finalize().unwrap();
        });
    });
}

#[test]
fn a_profile_can_lower_an_honest_version() {
    isolated(|| {
        let mock = Mock::told(&["version=3.2"]);
        let profile = format!("{HEAD}max-version = \"3.1\"\n{TITLE}");
        with_profile(&profile, &mock.path, |module, _| {
            module.initialize().unwrap();
            let session = module.open(module.only_slot()).unwrap();
            let mut flags = 0;
            let answer = call!(module, C_GetSessionValidationFlags, session, 1, &raw mut flags);
            assert_eq!(answer, refused(CKR_FUNCTION_NOT_SUPPORTED));
            assert_eq!(call!(module, C_SessionCancel, session, 0), Ok(()));
            assert_eq!(mock.calls("C_SessionCancel"), 1);
            module.finalize().unwrap();
        });
    });
}

#[test]
fn a_table_that_points_outside_the_library_is_refused() {
    isolated(|| {
        let bad = Mock::told(&["foreign-entry=C_Sign"]);
        let log = log_of_run(Libraries::new().library("bad", &bad.path));
        assert!(log.contains("library skipped") && log.contains("C_Sign") && log.contains("allow-foreign"), "{log}");
        assert_eq!(bad.calls("C_Initialize"), 0);
    });
}

#[test]
fn a_profile_may_allow_a_table_that_points_outside() {
    isolated(|| {
        let mock = Mock::told(&["foreign-entry=C_SignRecover"]);
        let profile = format!("{HEAD}allow-foreign-entries = true\n{TITLE}");
        with_profile(&profile, &mock.path, |module, _| {
            module.initialize().unwrap();
            assert!(module.open(module.only_slot()).is_ok());
            module.finalize().unwrap();
        });
    });
}

/// A broken profile costs the libraries that name it, with file, line and key in the log, and nothing else.
#[test]
fn a_broken_profile_is_skipped_with_its_reason() {
    isolated(|| {
        let mock = Mock::new();
        let profile = format!("{HEAD}max-versoin = \"3.0\"\n{TITLE}");
        with_profile(&profile, &mock.path, |module, log| {
            assert_eq!(module.initialize(), Ok(()));
            assert!(module.slots(false).is_empty());
            module.finalize().unwrap();
            let said = std::fs::read_to_string(log).unwrap();
            for words in [["profile skipped", "max-versoin"], ["library skipped", "own.toml:5"]] {
                assert!(said.lines().any(|line| words.iter().all(|word| line.contains(word))), "{words:?}\n{said}");
            }
        });
    });
}

/// The threading rule of a profile.
#[test]
fn a_profile_may_say_one_thread_at_a_time() {
    isolated(|| {
        let mock = Mock::new();
        let profile = format!("{HEAD}threads = \"none\"\n{TITLE}");
        with_profile(&profile, &mock.path, |module, _| {
            module.initialize().unwrap();
            assert_eq!(mock.initialized_with().0, 0, "the library is told of threads");
            let slot = module.only_slot();
            mock.tell("call=C_OpenSession do=delay:20");
            mock.tell("reset-counts");
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| module.open(slot).unwrap());
                }
            });
            assert_eq!(mock.concurrent(), 1);
            module.finalize().unwrap();
        });
    });
}
