//! Which configuration counts, and what a broken one costs.

use cryptoki_sys::*;
use ukeyhub_artefacts::{isolated, set_env};

use crate::hosts::libraries::Libraries;
use crate::hosts::mock::{Mock, set_mode};
use crate::hosts::{Module, refused};
use crate::new_log;

/// C_Initialize must answer CKR_GENERAL_ERROR and the log must say these words; then a good file works.
fn broken(text: &str, words: &[&str]) {
    let (_folder, log) = new_log();
    let file = ukeyhub_artefacts::config(text);
    set_env("UKEYHUB_CONFIG", file.path());
    let module = Module::load();
    assert_eq!(module.initialize(), refused(CKR_GENERAL_ERROR), "{text}");
    let mut count = 0;
    let listed = crate::hosts::call!(module, C_GetSlotList, CK_FALSE, std::ptr::null_mut(), &raw mut count);
    assert_eq!(listed, refused(CKR_CRYPTOKI_NOT_INITIALIZED));
    let said = std::fs::read_to_string(&log).unwrap();
    for word in words {
        assert!(said.contains(word), "\"{word}\" is not in the log of\n{text}\n{said}");
    }
    Libraries::new().use_here();
    assert_eq!(module.initialize(), Ok(()));
    module.finalize().unwrap();
}

#[test]
fn a_broken_file_fails_the_host_with_the_reason() {
    isolated(|| {
        let library = "[[library]]\nname = \"a\"\npath = \"/a.so\"\n";
        broken("discover = maybe\n", &[":1", "ERROR"]);
        broken("discover = false\nunknown = 1\n", &[":2", "unknown"]);
        broken("discover = false\ndiscover = true\n", &[":2", "discover"]);
        broken(&format!("{library}{library}"), &[":5", "name", "line 2"]);
        broken("[[library]]\nname = \"a\"\npath = \"relative.so\"\n", &[":3", "path"]);
        broken("[[library]]\nname = \"a\"\n", &["path"]);
        broken(&format!("{library}isolation = \"none\"\nenv = {{ A = \"b\" }}\n"), &[":5", "env"]);
        broken("\u{0}", &["ERROR"]);
    });
}

#[test]
fn a_file_that_is_not_there_or_not_ours() {
    isolated(|| {
        let (_folder, log) = new_log();
        let module = Module::load();
        let open = ukeyhub_artefacts::config("discover = false\n");
        set_mode(open.path(), 0o666);
        let attempts = [
            ("/nonexistent/ukeyhub.toml".to_owned(), "does not exist"),
            ("relative.toml".to_owned(), "not an absolute path"),
            (open.path().display().to_string(), "everyone may write"),
            ("/etc".to_owned(), "not a regular file"),
        ];
        for (path, words) in attempts {
            set_env("UKEYHUB_CONFIG", &path);
            assert_eq!(module.initialize(), refused(CKR_GENERAL_ERROR), "{path}");
            let said = std::fs::read_to_string(&log).unwrap();
            assert!(said.lines().any(|line| line.contains(&path) && line.contains(words)), "{path}:\n{said}");
        }
    });
}

/// A new configuration counts from the next C_Initialize on.
#[test]
fn a_changed_file_counts_at_the_next_start() {
    isolated(|| {
        let (first, second) = (Mock::told(&["slot 0 label=first"]), Mock::told(&["slot 0 label=second"]));
        let module = Module::load();
        for (mock, label) in [(&first, "first"), (&second, "second"), (&first, "first")] {
            Libraries::new().library("library", &mock.path).use_here();
            module.initialize().unwrap();
            assert_eq!(module.label(module.only_slot()), label);
            module.finalize().unwrap();
        }
    });
}

#[test]
fn an_init_string_reaches_the_library() {
    isolated(|| {
        let mock = Mock::told(&["initialize=takes-string"]);
        let text = "configdir='/some where' flags=readOnly";
        let lines = format!("init-string = \"{text}\"");
        Libraries::new().library_with("mock", &mock.path, &lines).use_here();
        let module = Module::load();
        module.initialize_with(CKF_OS_LOCKING_OK | CKF_LIBRARY_CANT_CREATE_OS_THREADS).unwrap();
        let flags = CKF_OS_LOCKING_OK | CKF_LIBRARY_CANT_CREATE_OS_THREADS;
        assert_eq!(mock.initialized_with(), (flags, text.as_bytes().to_vec()));
        module.finalize().unwrap();
        // Without one pReserved is null.
        Libraries::new().library("mock", &mock.path).use_here();
        module.initialize().unwrap();
        assert_eq!(mock.initialized_with(), (CKF_OS_LOCKING_OK, Vec::new()));
        module.finalize().unwrap();
    });
}
