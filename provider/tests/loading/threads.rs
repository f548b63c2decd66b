//! How many threads may be inside a library at once (design D5).

use std::thread;
use std::time::Duration;

use cryptoki_sys::*;
use ukeyhub_artefacts::isolated;

use crate::hosts::mock::Mock;
use crate::hosts::{Module, libraries};

/// Four threads call at once; answers how many were inside the library at the same time.
fn concurrency(mock: &Mock, module: &Module) -> usize {
    let slot = module.only_slot();
    let sessions: Vec<_> = (0..4).map(|_| module.open(slot).unwrap()).collect();
    mock.tell("call=C_GetSessionInfo do=delay:30");
    mock.tell("reset-counts");
    thread::scope(|scope| {
        for session in &sessions {
            scope.spawn(|| {
                for _ in 0..2 {
                    module.session_info(*session).unwrap();
                    module.token_info(slot).unwrap();
                    module.close(module.open(slot).unwrap()).unwrap();
                }
            });
        }
        for _ in 0..4 {
            module.slots(true);
            _ = module.event();
            thread::sleep(Duration::from_millis(10));
        }
    });
    assert_eq!(mock.calls("C_GetSessionInfo"), 8);
    mock.concurrent()
}

#[test]
fn a_library_that_locks_is_called_by_several_threads() {
    isolated(|| {
        let mock = libraries::one_mock(&[]);
        let module = Module::load();
        module.initialize().unwrap();
        assert!(concurrency(&mock, &module) > 1);
        module.finalize().unwrap();
    });
}

#[test]
fn a_library_that_cannot_lock_is_called_by_one_thread_at_a_time() {
    isolated(|| {
        let mock = libraries::one_mock(&["initialize=cant-lock"]);
        let module = Module::load();
        module.initialize().unwrap();
        assert_eq!(mock.initialized_with().0, 0);
        assert_eq!(concurrency(&mock, &module), 1);
        module.finalize().unwrap();
        assert_eq!(mock.calls("C_Finalize"), 1);
    });
}

#[test]
fn a_library_that_wants_threads_is_called_by_one_at_a_time() {
    isolated(|| {
        let mock = libraries::one_mock(&["initialize=need-threads"]);
        let module = Module::load();
        module.initialize_with(CKF_OS_LOCKING_OK | CKF_LIBRARY_CANT_CREATE_OS_THREADS).unwrap();
        assert_eq!(concurrency(&mock, &module), 1);
        module.finalize().unwrap();
        // A host that allows threads gets all of them.
        module.initialize().unwrap();
        mock.tell("clear");
        assert!(concurrency(&mock, &module) > 1);
        module.finalize().unwrap();
    });
}

/// The module starts no thread of its own, whatever is waited for.
#[test]
fn the_module_starts_no_thread() {
    isolated(|| {
        let _mock = libraries::one_mock(&["slots=2", "wait-for-slot-event=unsupported"]);
        let threads = || std::fs::read_dir("/proc/self/task").unwrap().count();
        let before = threads();
        let module = Module::load();
        module.initialize_with(CKF_OS_LOCKING_OK | CKF_LIBRARY_CANT_CREATE_OS_THREADS).unwrap();
        module.slots(true);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| module.wait_for_event());
            thread::sleep(Duration::from_millis(300));
            assert_eq!(threads(), before + 1, "one for the test's own waiting thread");
            module.finalize().unwrap();
            assert!(waiting.join().unwrap().is_err());
        });
    });
}
