//! fork(): a child is uninitialised, can start anew, and does not disturb its parent.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use cryptoki_sys::*;
use ukeyhub_artefacts::{Isolation, isolated, set_env, softhsm};

use crate::hosts::attributes::{Attributes, rsa_pair};
use crate::hosts::call;
use crate::hosts::libraries::Libraries;
use crate::hosts::mock::Mock;
use crate::hosts::processes::{Ending, fork, start_fork, wait};
use crate::hosts::{Module, libraries, refused};

const UNINITIALISED: CK_RV = CKR_CRYPTOKI_NOT_INITIALIZED;

#[test]
fn a_child_is_uninitialised() {
    isolated(|| {
        let _mock = libraries::one_mock(&[]);
        let module = Module::load();
        module.initialize().unwrap();
        let slot = module.only_slot();
        let session = module.open(slot).unwrap();
        let ending = fork(|| {
            assert_eq!(module.session_info(session).map(|info| info.state), refused(UNINITIALISED));
            assert_eq!(module.open(slot), refused(UNINITIALISED));
            assert_eq!(module.event(), refused(UNINITIALISED));
            assert_eq!(module.close(session), refused(UNINITIALISED));
            assert_eq!(module.finalize(), refused(UNINITIALISED));
            assert_eq!(module.slot_info(slot).map(|info| info.flags), refused(UNINITIALISED));
            0
        });
        assert_eq!(ending, Ending::Exit(0));
        assert!(module.session_info(session).is_ok(), "the parent's session is gone");
        module.finalize().unwrap();
    });
}

/// As nginx and Apache do it: the parent logs in, its children start anew and sign.
fn children_sign(module: &Module, slot: CK_SLOT_ID, mechanism: CK_MECHANISM_TYPE, pair: (Attributes, Attributes)) {
    let session = module.open(slot).unwrap();
    module.login(session, CKU_USER, "1234").unwrap();
    let (_, key) = module.generate_pair(session, CKM_RSA_PKCS_KEY_PAIR_GEN, &pair.0, &pair.1).unwrap();
    let sign = |session, key| {
        module.sign_init(session, mechanism, key)?;
        module.sign(session, b"data")
    };
    let wanted = sign(session, key).unwrap();
    for _ in 0..3 {
        let ending = fork(|| {
            module.initialize().unwrap();
            assert_eq!(module.initialize(), refused(CKR_CRYPTOKI_ALREADY_INITIALIZED));
            assert_eq!(module.slots(true)[0], slot, "the slot has another id in the child");
            let state = module.session_info(session).map(|info| info.state);
            assert_eq!(state, refused(CKR_SESSION_HANDLE_INVALID), "the parent's handle works in the child");
            let own = module.open(slot).unwrap();
            assert_ne!(own, session);
            // The library is a copy of the parent's, with its login.
            if let Err(error) = module.login(own, CKU_USER, "1234") {
                assert_eq!(error.code(), CKR_USER_ALREADY_LOGGED_IN);
            }
            assert_eq!(sign(own, key).unwrap(), wanted);
            assert_eq!(module.session_info(session).map(|info| info.state), refused(CKR_SESSION_HANDLE_INVALID));
            module.close(own).unwrap();
            module.finalize().unwrap();
            assert_eq!(module.session_info(own).map(|info| info.state), refused(UNINITIALISED));
            // A grandchild too, and the child once more.
            let ending = fork(|| {
                module.initialize().unwrap();
                module.open(slot).unwrap();
                module.finalize().unwrap();
                0
            });
            assert_eq!(ending, Ending::Exit(0));
            module.initialize().unwrap();
            module.open(slot).unwrap();
            0
        });
        assert_eq!(ending, Ending::Exit(0));
        assert_eq!(sign(session, key).unwrap(), wanted, "the parent was disturbed");
    }
    module.finalize().unwrap();
}

#[test]
fn children_start_anew_and_sign() {
    isolated(|| {
        let mock = libraries::one_mock(&[]);
        let module = Module::load();
        module.initialize().unwrap();
        let none = Attributes::new();
        children_sign(&module, module.only_slot(), CKM_SHA256_RSA_PKCS, (none.clone(), none));
        assert_eq!([mock.calls("C_Initialize"), mock.calls("C_Finalize")], [1, 1]);
    });
}

#[test]
fn children_start_anew_and_sign_over_softhsm() {
    isolated(|| {
        let _store = libraries::one_softhsm();
        let module = Module::load();
        module.initialize().unwrap();
        children_sign(&module, module.slots(true)[0], CKM_SHA256_RSA_PKCS, rsa_pair());
    });
}

/// The parent initialised the library; a child never ends it, since the parent's other children share its state on disk.
#[test]
fn a_child_never_ends_what_its_parent_began() {
    isolated(|| {
        let mock = libraries::one_mock(&[]);
        let module = Module::load();
        module.initialize().unwrap();
        let ending = fork(|| {
            module.initialize().unwrap();
            let session = module.open(module.only_slot()).unwrap();
            assert_eq!(mock.sessions(), 1);
            assert!(module.session_info(session).is_ok());
            module.finalize().unwrap();
            assert_eq!(mock.calls("C_Finalize"), 0, "ended");
            assert_eq!(mock.sessions(), 0, "our own session stays open in the library");
            0
        });
        assert_eq!(ending, Ending::Exit(0));
        module.finalize().unwrap();
        assert_eq!(mock.calls("C_Finalize"), 1);
    });
}

#[test]
fn a_thread_that_has_never_called_may_fork() {
    isolated(|| {
        let _mock = libraries::one_mock(&[]);
        let module = Module::load();
        module.initialize().unwrap();
        let slot = module.only_slot();
        let session = module.open(slot).unwrap();
        let child = || {
            assert_eq!(module.session_info(session).map(|info| info.state), refused(UNINITIALISED));
            module.initialize().unwrap();
            let own = module.open(slot).unwrap();
            assert!(module.session_info(own).is_ok());
            module.finalize().unwrap();
            0
        };
        let ending = thread::scope(|scope| scope.spawn(|| fork(child)).join().unwrap());
        assert_eq!(ending, Ending::Exit(0));
        assert!(module.session_info(session).is_ok());
        module.finalize().unwrap();
    });
}

/// Other threads of the parent are inside calls when it forks; in the child they are nowhere.
#[test]
fn a_child_does_not_wait_for_its_parents_threads() {
    isolated(|| {
        let mock = libraries::one_mock(&["call=C_GetSessionInfo do=hang"]);
        let module = Module::load();
        module.initialize().unwrap();
        let slot = module.only_slot();
        let session = module.open(slot).unwrap();
        thread::scope(|scope| {
            let stuck = scope.spawn(|| module.session_info(session).map(|info| info.slotID));
            while mock.calls("C_GetSessionInfo") == 0 {
                thread::sleep(Duration::from_millis(1));
            }
            let ending = fork(|| {
                module.initialize().unwrap();
                let own = module.open(slot).unwrap();
                module.close(own).unwrap();
                let start = std::time::Instant::now();
                module.finalize().unwrap();
                assert!(start.elapsed() < Duration::from_secs(1), "waited for a thread that does not exist");
                0
            });
            assert_eq!(ending, Ending::Exit(0));
            mock.tell("release");
            assert_eq!(stuck.join().unwrap(), Ok(slot));
        });
        module.finalize().unwrap();
    });
}

/// Threads write to the log without a pause; every child must still be able to.
#[test]
fn forking_while_other_threads_log() {
    Isolation::new().limit(Duration::from_secs(100)).run(|| {
        let mock = Mock::told(&["quiet"]);
        let folder = tempfile::tempdir().unwrap();
        set_env("UKEYHUB_LOG_FILE", folder.path().join("log"));
        Libraries::new().line("log-level = \"trace\"").library("mock", &mock.path).use_here();
        let module = Module::load();
        module.initialize().unwrap();
        let slot = module.only_slot();
        let session = module.open(slot).unwrap();
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        module.session_info(session).unwrap();
                        assert!(module.session_info(session ^ 1).is_err());
                    }
                });
            }
            for round in 0..150 {
                let ending = fork(|| {
                    assert_eq!(module.session_info(session).map(|info| info.state), refused(UNINITIALISED));
                    module.initialize().unwrap();
                    let own = module.open(slot).unwrap();
                    module.session_info(own).unwrap();
                    module.finalize().unwrap();
                    0
                });
                if ending != Ending::Exit(0) {
                    stop.store(true, Ordering::Relaxed);
                }
                assert_eq!(ending, Ending::Exit(0), "child {round}");
            }
            stop.store(true, Ordering::Relaxed);
        });
        module.finalize().unwrap();
        let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
        let own = format!(" {} ", std::process::id());
        assert!(log.lines().any(|line| line.contains("C_GetSessionInfo") && !line.contains(&own)), "no child logged");
        assert!(log.lines().all(|line| line.starts_with("20")), "a line is torn");
    });
}

/// Another thread is inside C_Initialize or C_Finalize, at any point of it.
#[test]
fn forking_while_another_thread_starts_and_ends() {
    Isolation::new().limit(Duration::from_secs(100)).run(|| {
        let folder = tempfile::tempdir().unwrap();
        set_env("UKEYHUB_LOG_FILE", folder.path().join("log"));
        Libraries::new().line("log-level = \"trace\"").use_here();
        let module = Module::load();
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    module.initialize().unwrap();
                    module.finalize().unwrap();
                }
            });
            for round in 0..150 {
                thread::sleep(Duration::from_micros(round * 7 % 400));
                let ending = fork(|| {
                    module.initialize().unwrap();
                    assert!(module.slots(false).is_empty());
                    module.finalize().unwrap();
                    0
                });
                if ending != Ending::Exit(0) {
                    stop.store(true, Ordering::Relaxed);
                }
                assert_eq!(ending, Ending::Exit(0), "child {round}");
            }
            stop.store(true, Ordering::Relaxed);
        });
    });
}

/// The very first C_Initialize of the process, with all that happens only once, is interrupted by fork().
#[test]
fn forking_during_the_first_initialisation() {
    isolated(|| {
        let mock = libraries::one_mock(&["at=1 call=C_Initialize do=delay:400"]);
        let module = Module::load();
        thread::scope(|scope| {
            let starting = scope.spawn(|| module.initialize());
            while mock.calls("C_Initialize") == 0 {
                thread::sleep(Duration::from_millis(1));
            }
            let child = start_fork(|| {
                module.initialize().unwrap();
                let session = module.open(module.only_slot()).unwrap();
                assert!(module.session_info(session).is_ok());
                module.finalize().unwrap();
                0
            });
            assert_eq!(wait(child, Duration::from_secs(10)), Ending::Exit(0));
            assert_eq!(starting.join().unwrap(), Ok(()));
        });
        let session = module.open(module.only_slot()).unwrap();
        assert!(module.session_info(session).is_ok());
        module.finalize().unwrap();
    });
}

/// A child that ends with exit() runs exit handlers; they must not touch the parent's libraries.
#[test]
fn a_child_may_exit() {
    isolated(|| {
        let store = softhsm::Store::new();
        set_env("SOFTHSM2_CONF", store.config());
        let mock = Mock::new();
        Libraries::new().library("softhsm", &softhsm::library()).library("mock", &mock.path).use_here();
        let module = Module::load();
        module.initialize().unwrap();
        let slot = module.slots(true)[0];
        let session = module.open(slot).unwrap();
        for anew in [false, true] {
            let child = start_fork(|| {
                if anew {
                    module.initialize().unwrap();
                    module.open(slot).unwrap();
                }
                // SAFETY: what a C program does; this thread is the only one.
                unsafe { libc::exit(7) }
            });
            assert_eq!(wait(child, Duration::from_secs(10)), Ending::Exit(7), "anew: {anew}");
            assert!(module.session_info(session).is_ok());
        }
        assert_eq!(call!(module, C_CloseAllSessions, slot), Ok(()));
        module.finalize().unwrap();
    });
}
