//! C_Initialize and C_Finalize ten thousand times: nothing is left behind.

use std::time::Duration;

use cryptoki_sys::*;
use ukeyhub_artefacts::{Isolation, isolated};

use crate::hosts::processes::{open_files, resident_bytes};
use crate::hosts::{Module, libraries, refused};

const ROUNDS: usize = 10_000;
/// What the process may grow by in all rounds after the first thousand: 57 bytes a round.
const GROWTH: usize = 512 * 1024;

/// Runs all rounds and compares what is in use after the first thousand with what is at the end.
fn nothing_is_left(mut round: impl FnMut()) {
    (0..ROUNDS / 10).for_each(|_| round());
    let (files, bytes) = (open_files(), resident_bytes());
    (ROUNDS / 10..ROUNDS).for_each(|_| round());
    assert_eq!(open_files(), files, "file descriptors are left open");
    let grown = resident_bytes().saturating_sub(bytes);
    assert!(grown < GROWTH, "{grown} bytes more after {ROUNDS} rounds");
}

#[test]
fn ten_thousand_times_with_a_library_and_a_session() {
    Isolation::new().limit(Duration::from_secs(240)).run(|| {
        let mock = libraries::one_mock(&[]);
        let module = Module::load();
        nothing_is_left(|| {
            module.initialize().unwrap();
            let session = module.open(module.only_slot()).unwrap();
            assert_eq!(module.session_info(session ^ 1).map(|info| info.state), refused(CKR_SESSION_HANDLE_INVALID));
            module.finalize().unwrap();
        });
        assert_eq!(mock.calls("C_Initialize"), ROUNDS);
        assert_eq!(mock.calls("C_Finalize"), ROUNDS);
    });
}

/// The library is really loaded and unloaded each time, and its own exit handlers come and go with it.
#[test]
fn a_thousand_times_with_a_library_that_is_unloaded() {
    isolated(|| {
        let _store = libraries::one_softhsm();
        let module = Module::load();
        let round = || {
            module.initialize().unwrap();
            module.open(module.slots(true)[0]).unwrap();
            module.finalize().unwrap();
        };
        (0..200).for_each(|_| round());
        let (files, bytes) = (open_files(), resident_bytes());
        (0..800).for_each(|_| round());
        assert_eq!(open_files(), files);
        let grown = resident_bytes().saturating_sub(bytes);
        assert!(grown < 4 * 1024 * 1024, "{grown} bytes more");
    });
}

/// Threads that come and go leave their records to the next ones.
#[test]
fn short_threads_leave_nothing() {
    isolated(|| {
        let _mock = libraries::one_mock(&["quiet"]);
        let module = Module::load();
        module.initialize().unwrap();
        let slot = module.only_slot();
        let round = || {
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| module.close(module.open(slot).unwrap()).unwrap());
                }
            });
        };
        (0..200).for_each(|_| round());
        let bytes = resident_bytes();
        (0..2_000).for_each(|_| round());
        let grown = resident_bytes().saturating_sub(bytes);
        assert!(grown < GROWTH, "{grown} bytes more after 8,000 threads");
        module.finalize().unwrap();
    });
}
