//! Session handles of the module: stale, closed, forged ones find nothing, never another session.

use cryptoki_sys::*;
use ukeyhub_artefacts::isolated;

use crate::hosts::call;
use crate::hosts::{Module, libraries, refused};

const INVALID: CK_RV = CKR_SESSION_HANDLE_INVALID;

#[test]
fn closed_and_forged_handles_find_nothing() {
    isolated(|| {
        let mock = libraries::one_mock(&[]);
        let module = Module::load();
        module.initialize().unwrap();
        let slot = module.only_slot();
        let [closed, open] = [module.open(slot).unwrap(), module.open(slot).unwrap()];
        module.close(closed).unwrap();
        assert_eq!(module.close(closed), refused(INVALID));
        mock.tell("reset-counts");
        let bits = (0..CK_SESSION_HANDLE::BITS).map(|bit| open ^ (1 << bit));
        for forged in [0, 1, 2, CK_SESSION_HANDLE::MAX, closed].into_iter().chain(bits) {
            assert_eq!(module.session_info(forged).map(|info| info.slotID), refused(INVALID), "{forged:#x}");
            assert_eq!(module.close(forged), refused(INVALID), "{forged:#x}");
            assert_eq!(call!(module, C_Logout, forged), refused(INVALID), "{forged:#x}");
        }
        assert_eq!([mock.calls("C_GetSessionInfo"), mock.calls("C_CloseSession"), mock.calls("C_Logout")], [0; 3]);
        assert_eq!(module.session_info(open).map(|info| info.slotID), Ok(slot));
        module.finalize().unwrap();
    });
}

/// A handle is not given again soon, however often sessions come and go.
#[test]
fn a_closed_handle_stays_invalid_while_its_place_is_used_again() {
    isolated(|| {
        let _mock = libraries::one_mock(&["quiet"]);
        let module = Module::load();
        module.initialize().unwrap();
        let slot = module.only_slot();
        let first = module.open(slot).unwrap();
        module.close(first).unwrap();
        let mut places = std::collections::HashSet::new();
        for _ in 0..20_000 {
            let session = module.open(slot).unwrap();
            assert_ne!(session, first);
            places.insert(session & 0x3FFF);
            assert!(module.session_info(session).is_ok());
            module.close(session).unwrap();
        }
        assert!(places.len() < 1_000, "places are not used again: {}", places.len());
        assert!(module.session_info(first).is_err());
        module.finalize().unwrap();
    });
}

#[test]
fn a_handle_of_an_earlier_initialisation_is_invalid() {
    isolated(|| {
        let _mock = libraries::one_mock(&[]);
        let module = Module::load();
        let mut earlier = Vec::new();
        for _ in 0..50 {
            module.initialize().unwrap();
            let slot = module.only_slot();
            let session = module.open(slot).unwrap();
            for handle in &earlier {
                assert_ne!(*handle, session);
                assert_eq!(module.session_info(*handle).map(|info| info.state), refused(INVALID));
                assert_eq!(module.close(*handle), refused(INVALID));
            }
            earlier.push(session);
            module.finalize().unwrap();
        }
    });
}

/// The library closes sessions by itself when a token goes: the host gets the library's answer, and can clean up.
#[test]
fn a_session_that_the_library_ended_can_be_closed() {
    isolated(|| {
        let mock = libraries::one_mock(&[]);
        let module = Module::load();
        module.initialize().unwrap();
        let session = module.open(module.only_slot()).unwrap();
        mock.tell("slot 0 token=remove");
        assert_eq!(module.session_info(session).map(|info| info.state), refused(INVALID));
        assert_eq!(module.close(session), refused(INVALID));
        mock.tell("reset-counts");
        assert_eq!(module.close(session), refused(INVALID));
        assert_eq!(mock.calls("C_CloseSession"), 0, "the session is still routed");
        module.finalize().unwrap();
    });
}

/// A library that would not close a session keeps it, and so does the module.
#[test]
fn a_session_that_the_library_keeps_stays_open() {
    isolated(|| {
        let mock = libraries::one_mock(&[]);
        let module = Module::load();
        module.initialize().unwrap();
        let session = module.open(module.only_slot()).unwrap();
        mock.tell("at=1 call=C_CloseSession do=return:0x30");
        assert_eq!(module.close(session), refused(CKR_DEVICE_ERROR));
        assert!(module.session_info(session).is_ok());
        assert_eq!(module.close(session), Ok(()));
        assert_eq!(mock.sessions(), 0);
        module.finalize().unwrap();
    });
}

#[test]
fn every_place_can_be_filled_and_one_more_is_refused() {
    isolated(|| {
        let _mock = libraries::one_mock(&["quiet"]);
        let module = Module::load();
        module.initialize().unwrap();
        let slot = module.only_slot();
        let mut sessions = Vec::new();
        let last = loop {
            match module.open(slot) {
                Ok(session) => sessions.push(session),
                Err(error) => break error,
            }
        };
        assert_eq!(last.code(), CKR_SESSION_COUNT);
        assert!(sessions.len() >= 16_384, "only {}", sessions.len());
        module.close(sessions[77]).unwrap();
        assert!(module.open(slot).is_ok(), "a closed session makes room");
        assert_eq!(call!(module, C_CloseAllSessions, slot), Ok(()));
        assert!(module.open(slot).is_ok());
        module.finalize().unwrap();
    });
}
