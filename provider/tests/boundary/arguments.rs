//! Null pointers for every pointer of every function, after C_Initialize: a defined answer, and never a crash.

use std::ffi::c_void;

use cryptoki_sys::*;
use ukeyhub_artefacts::isolated;
use ukeyhub_vendors::error::Outcome;
use ukeyhub_vendors::functions::Class;
use ukeyhub_vendors::names::RETURN_VALUES;

use crate::hosts::{Module, libraries, refused};
use crate::signatures::{Function, Kind, Scratch, of_list};

/// Functions whose working call would end the walk's own session or the module.
const KEPT_APART: [&str; 5] = ["C_Initialize", "C_Finalize", "C_CloseSession", "C_CloseAllSessions", "C_InitToken"];

fn functions(module: &Module) -> Vec<Function> {
    // SAFETY: the 3.2 list has 104 functions.
    unsafe { of_list((&raw const module.list).cast::<c_void>(), 104) }
}

fn is_defined(answer: Outcome) -> bool {
    answer.map_or_else(|error| RETURN_VALUES.get(error.code()).is_some(), |()| true)
}

/// One call for each pointer that a function takes, with that pointer null and all others good.
fn walk(module: &Module, slot: CK_SLOT_ID) {
    let mut walked = 0;
    for function in functions(module) {
        let name = function.row.name;
        if KEPT_APART.contains(&name) && function.arguments.iter().all(|kind| *kind != Kind::Needed) {
            continue;
        }
        for at in 0..function.arguments.len() {
            let kind = function.arguments[at];
            let must_refuse = matches!(kind, Kind::Needed | Kind::Counted);
            let may_be_null = kind == Kind::Optional && !KEPT_APART.contains(&name);
            if !must_refuse && !may_be_null {
                continue;
            }
            let session = module.open(slot).unwrap();
            let handle = if function.row.class == Class::Slot { slot } else { session } as usize;
            let (_memory, mut words) = Scratch::for_call(&function);
            words[at] = 0;
            if name == "C_WaitForSlotEvent" {
                words[0] = CKF_DONT_BLOCK as usize;
            }
            let answer = function.call(handle, &words);
            assert!(is_defined(answer), "{name}, argument {at} null: {answer:?}");
            if must_refuse {
                assert_eq!(answer, refused(CKR_ARGUMENTS_BAD), "{name}, argument {at} null");
            }
            walked += 1;
            assert_eq!(module.close(session), Ok(()), "after {name}, argument {at} null");
        }
        // All at once, the lengths too.
        if !KEPT_APART.contains(&name) {
            let session = module.open(slot).unwrap();
            let handle = if function.row.class == Class::Slot { slot } else { session } as usize;
            let mut words = vec![0; function.arguments.len()];
            if name == "C_WaitForSlotEvent" {
                words[0] = CKF_DONT_BLOCK as usize;
            }
            let answer = function.call(handle, &words);
            assert!(is_defined(answer), "{name}, all null: {answer:?}");
            if function.arguments.contains(&Kind::Needed) {
                assert_eq!(answer, refused(CKR_ARGUMENTS_BAD), "{name}, all null");
            }
            assert_eq!(module.close(session), Ok(()), "after {name}, all null");
        }
    }
    assert!(walked > 150, "only {walked} pointers were tried");
}

#[test]
fn null_pointers_over_an_old_library() {
    isolated(|| {
        let _mock = libraries::one_mock(&[]);
        let module = Module::load();
        module.initialize().unwrap();
        walk(&module, module.only_slot());
        module.finalize().unwrap();
    });
}

#[test]
fn null_pointers_over_a_new_library() {
    isolated(|| {
        let _mock = libraries::one_mock(&["version=3.2"]);
        let module = Module::load();
        module.initialize().unwrap();
        walk(&module, module.only_slot());
        module.finalize().unwrap();
    });
}

#[test]
fn null_pointers_over_softhsm() {
    isolated(|| {
        let _store = libraries::one_softhsm();
        let module = Module::load();
        module.initialize().unwrap();
        let slot = module.slots(true)[0];
        walk(&module, slot);
        module.finalize().unwrap();
    });
}

/// Arguments of the module's own, beyond null.
#[test]
fn a_length_beyond_the_address_space_is_refused() {
    isolated(|| {
        let mock = libraries::one_mock(&[]);
        let module = Module::load();
        module.initialize().unwrap();
        let session = module.open(module.only_slot()).unwrap();
        if size_of::<CK_ULONG>() == size_of::<usize>() {
            let mut byte = 0u8;
            let data = &raw mut byte;
            mock.tell("reset-counts");
            assert_eq!(module_digest(&module, session, data, CK_ULONG::MAX), refused(CKR_ARGUMENTS_BAD));
            assert_eq!(mock.calls("C_DigestUpdate"), 0);
        }
        module.finalize().unwrap();
    });
}

fn module_digest(module: &Module, session: CK_SESSION_HANDLE, data: *mut u8, length: CK_ULONG) -> Outcome {
    crate::hosts::call!(module, C_DigestUpdate, session, data, length)
}

/// The walk over all slot functions with a slot that is not there.
#[test]
fn unknown_slots_and_sessions_are_refused_by_every_function() {
    isolated(|| {
        let _mock = libraries::one_mock(&["version=3.2"]);
        let module = Module::load();
        module.initialize().unwrap();
        let slot = module.only_slot();
        let session = module.open(slot).unwrap();
        let [unknown_slot, unknown_session] = [slot ^ 1, session ^ (1 << 20)];
        for function in functions(&module) {
            let (_memory, words) = Scratch::for_call(&function);
            match function.row.class {
                Class::Global => {}
                Class::Slot if function.row.name == "C_OpenSession" => {
                    let mut words = words;
                    words[0] = CKF_SERIAL_SESSION as usize;
                    assert_eq!(function.call(unknown_slot as usize, &words), refused(CKR_SLOT_ID_INVALID));
                }
                Class::Slot => {
                    let answer = function.call(unknown_slot as usize, &words);
                    assert_eq!(answer, refused(CKR_SLOT_ID_INVALID), "{}", function.row.name);
                }
                Class::Session => {
                    let answer = function.call(unknown_session as usize, &words);
                    assert_eq!(answer, refused(CKR_SESSION_HANDLE_INVALID), "{}", function.row.name);
                }
            }
        }
        assert_eq!(module.session_info(session).map(|info| info.slotID), Ok(slot));
        module.finalize().unwrap();
    });
}
