//! A library that someone else in the process uses too: we are its guests.

use std::path::Path;
use std::ptr;

use cryptoki_sys::*;
use libloading::Library;
use ukeyhub_artefacts::{isolated, softhsm};

use crate::hosts::call;
use crate::hosts::libraries::Libraries;
use crate::hosts::mock::Mock;
use crate::hosts::{Module, libraries};

/// A library that the host itself has loaded.
struct Bare {
    list: CK_FUNCTION_LIST,
    _library: Library,
}

impl Bare {
    fn load(path: &Path) -> Self {
        type GetFunctionList = unsafe extern "C" fn(*mut *mut CK_FUNCTION_LIST) -> CK_RV;
        let mut list = ptr::null_mut();
        // SAFETY: as a host does it; the symbol has the standard's type.
        unsafe {
            let library = Library::new(path).unwrap();
            assert_eq!(library.get::<GetFunctionList>("C_GetFunctionList").unwrap()(&raw mut list), CKR_OK);
            Self { list: list.read_unaligned(), _library: library }
        }
    }

    fn first_slot(&self) -> CK_SLOT_ID {
        let (mut slots, mut count) = ([0; 8], 8);
        call!(self, C_GetSlotList, CK_TRUE, slots.as_mut_ptr(), &raw mut count).unwrap();
        slots[0]
    }
}

/// The host uses the library itself before, while and after the module uses it.
fn guests(path: &Path) {
    let host = Bare::load(path);
    call!(host, C_Initialize, ptr::null_mut()).unwrap();
    let mut session = 0;
    let slot = host.first_slot();
    call!(host, C_OpenSession, slot, CKF_SERIAL_SESSION, ptr::null_mut(), None, &raw mut session).unwrap();
    let works = || {
        let mut info = CK_SESSION_INFO::default();
        call!(host, C_GetSessionInfo, session, &raw mut info)
    };
    let module = Module::load();
    for _ in 0..3 {
        module.initialize().unwrap();
        let slot = module.slots(true)[0];
        let ours = module.open(slot).unwrap();
        assert!(module.session_info(ours).is_ok());
        assert_eq!(works(), Ok(()));
        call!(module, C_CloseAllSessions, slot).unwrap();
        assert_eq!(works(), Ok(()), "the host's own session was closed");
        module.open(slot).unwrap();
        module.finalize().unwrap();
        assert_eq!(works(), Ok(()), "the library was ended under the host");
    }
    call!(host, C_Finalize, ptr::null_mut()).unwrap();
}

#[test]
fn a_library_that_the_host_uses_too() {
    isolated(|| {
        let mock = libraries::one_mock(&[]);
        guests(&mock.path);
        assert_eq!([mock.calls("C_Finalize"), mock.sessions()], [1, 0]);
    });
}

#[test]
fn softhsm_that_the_host_uses_too() {
    isolated(|| {
        let _store = libraries::one_softhsm();
        guests(&softhsm::library());
    });
}

/// Sessions that we leave open are closed by us, since nobody else will.
#[test]
fn our_sessions_do_not_stay_in_a_shared_library() {
    isolated(|| {
        let mock = libraries::one_mock(&["initialize=already"]);
        let module = Module::load();
        module.initialize().unwrap();
        let slot = module.only_slot();
        (0..100).for_each(|_| _ = module.open(slot).unwrap());
        assert_eq!(mock.sessions(), 100);
        module.finalize().unwrap();
        assert_eq!([mock.sessions(), mock.calls("C_Finalize")], [0, 0]);
    });
}

/// One file under two names in the configuration is one library in memory; the second is the guest of the first.
#[test]
fn one_file_configured_twice() {
    isolated(|| {
        let mock = Mock::new();
        Libraries::new().library("first", &mock.path).library("second", &mock.path).use_here();
        let module = Module::load();
        for _ in 0..2 {
            module.initialize().unwrap();
            let slots = module.slots(true);
            assert_eq!(slots.len(), 2);
            for slot in slots {
                let session = module.open(slot).unwrap();
                assert!(module.session_info(session).is_ok());
            }
            module.finalize().unwrap();
            assert_eq!(mock.sessions(), 0);
        }
        assert_eq!(mock.calls("C_Finalize"), 2);
    });
}

/// The module itself as one of its libraries: refused or harmless, but no endless loop.
#[test]
fn the_module_behind_itself() {
    isolated(|| {
        let mock = Mock::told(&["slot 0 label=good"]);
        let module = ukeyhub_artefacts::module();
        Libraries::new().library("itself", &module).library("good", &mock.path).use_here();
        let module = Module::load();
        module.initialize().unwrap();
        let labels: Vec<_> = module.slots(true).iter().map(|slot| module.label(*slot)).collect();
        assert!(labels.iter().any(|label| label == "good"), "{labels:?}");
        module.finalize().unwrap();
        module.initialize().unwrap();
        module.finalize().unwrap();
    });
}
