//! C_Initialize and C_Finalize: arguments and states.

use std::ffi::c_void;
use std::ptr;

use cryptoki_sys::*;
use ukeyhub_artefacts::isolated;

use crate::hosts::call;
use crate::hosts::{Module, libraries, plain_arguments, refused};

unsafe extern "C" fn create(_place: *mut *mut c_void) -> CK_RV {
    CKR_OK
}

unsafe extern "C" fn use_mutex(_mutex: *mut c_void) -> CK_RV {
    CKR_OK
}

fn initialize(module: &Module, mut arguments: CK_C_INITIALIZE_ARGS) -> ukeyhub_vendors::error::Outcome {
    call!(module, C_Initialize, (&raw mut arguments).cast())
}

#[test]
fn a_second_initialisation_is_told_apart() {
    isolated(|| {
        let mock = libraries::one_mock(&[]);
        let module = Module::load();
        assert_eq!(call!(module, C_Initialize, ptr::null_mut()), Ok(()));
        assert_eq!(module.initialize(), refused(CKR_CRYPTOKI_ALREADY_INITIALIZED));
        assert_eq!(call!(module, C_Initialize, ptr::null_mut()), refused(CKR_CRYPTOKI_ALREADY_INITIALIZED));
        assert_eq!(mock.calls("C_Initialize"), 1);
        module.finalize().unwrap();
        assert_eq!(module.finalize(), refused(CKR_CRYPTOKI_NOT_INITIALIZED));
        assert_eq!(module.initialize(), Ok(()));
        assert_eq!(mock.calls("C_Initialize"), 2);
        module.finalize().unwrap();
    });
}

#[test]
fn malformed_arguments_are_refused() {
    isolated(|| {
        let mock = libraries::one_mock(&[]);
        let module = Module::load();
        let mut reserved = 0u8;
        let with_reserved = CK_C_INITIALIZE_ARGS { pReserved: (&raw mut reserved).cast(), ..plain_arguments(0) };
        assert_eq!(initialize(&module, with_reserved), refused(CKR_ARGUMENTS_BAD));
        for flags in [0, CKF_OS_LOCKING_OK] {
            for given in 1u32..15 {
                let arguments = CK_C_INITIALIZE_ARGS {
                    CreateMutex: (given & 1 != 0).then_some(create),
                    DestroyMutex: (given & 2 != 0).then_some(use_mutex),
                    LockMutex: (given & 4 != 0).then_some(use_mutex),
                    UnlockMutex: (given & 8 != 0).then_some(use_mutex),
                    ..plain_arguments(flags)
                };
                assert_eq!(initialize(&module, arguments), refused(CKR_ARGUMENTS_BAD), "callbacks {given:04b}");
            }
        }
        assert_eq!(mock.calls("C_Initialize"), 0);
        module.initialize().unwrap();
        module.finalize().unwrap();
    });
}

/// What the host says about threads reaches the library; its own locks only where it did not allow the system's.
#[test]
fn flags_and_mutexes_reach_the_library() {
    isolated(|| {
        let mock = libraries::one_mock(&[]);
        let module = Module::load();
        let mutexes = |flags| CK_C_INITIALIZE_ARGS {
            CreateMutex: Some(create),
            DestroyMutex: Some(use_mutex),
            LockMutex: Some(use_mutex),
            UnlockMutex: Some(use_mutex),
            ..plain_arguments(flags)
        };
        const NO_THREADS: CK_FLAGS = CKF_LIBRARY_CANT_CREATE_OS_THREADS;
        for (arguments, seen) in [
            (plain_arguments(0), CKF_OS_LOCKING_OK),
            (plain_arguments(CKF_OS_LOCKING_OK), CKF_OS_LOCKING_OK),
            (plain_arguments(CKF_OS_LOCKING_OK | NO_THREADS), CKF_OS_LOCKING_OK | NO_THREADS),
            (mutexes(0), 0),
            (mutexes(NO_THREADS), NO_THREADS),
            (mutexes(CKF_OS_LOCKING_OK), CKF_OS_LOCKING_OK),
        ] {
            initialize(&module, arguments).unwrap();
            assert_eq!(mock.initialized_with().0, seen);
            module.finalize().unwrap();
        }
    });
}

#[test]
fn finalisation_with_a_reserved_pointer_changes_nothing() {
    isolated(|| {
        let mock = libraries::one_mock(&[]);
        let module = Module::load();
        let mut reserved = 0u8;
        let pointer: *mut c_void = (&raw mut reserved).cast();
        assert_eq!(call!(module, C_Finalize, pointer), refused(CKR_CRYPTOKI_NOT_INITIALIZED));
        module.initialize().unwrap();
        let session = module.open(module.only_slot()).unwrap();
        assert_eq!(call!(module, C_Finalize, pointer), refused(CKR_ARGUMENTS_BAD));
        assert_eq!(mock.calls("C_Finalize"), 0);
        assert!(module.session_info(session).is_ok());
        module.finalize().unwrap();
    });
}

#[test]
fn other_reserved_pointers_and_parallel_sessions_are_refused() {
    isolated(|| {
        let _mock = libraries::one_mock(&[]);
        let module = Module::load();
        module.initialize().unwrap();
        let slot = module.only_slot();
        let (mut event, mut reserved, mut session) = (0, 0u8, 0);
        let pointer: *mut c_void = (&raw mut reserved).cast();
        let answer = call!(module, C_WaitForSlotEvent, CKF_DONT_BLOCK, &raw mut event, pointer);
        assert_eq!(answer, refused(CKR_ARGUMENTS_BAD));
        let answer = call!(module, C_OpenSession, slot, CKF_RW_SESSION, ptr::null_mut(), None, &raw mut session);
        assert_eq!(answer, refused(CKR_SESSION_PARALLEL_NOT_SUPPORTED));
        assert_eq!(call!(module, C_CloseAllSessions, slot ^ 1), refused(CKR_SLOT_ID_INVALID));
        assert_eq!(call!(module, C_CloseAllSessions, slot), Ok(()));
        module.finalize().unwrap();
    });
}

/// A broken library costs itself only, also when it is the only one.
#[test]
fn initialisation_succeeds_without_any_library() {
    isolated(|| {
        libraries::Libraries::new().use_here();
        let module = Module::load();
        module.initialize().unwrap();
        assert!(module.slots(false).is_empty());
        assert_eq!(module.event(), refused(CKR_NO_EVENT));
        module.finalize().unwrap();
    });
}
