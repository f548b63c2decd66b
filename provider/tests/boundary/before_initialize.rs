//! Every function before C_Initialize, after C_Finalize, through every list and through the exported symbols.

use std::ffi::c_void;

use cryptoki_sys::*;
use ukeyhub_artefacts::isolated;
use ukeyhub_vendors::functions::ROWS;

use crate::hosts::{Module, interface, libraries, refused};
use crate::signatures::{Function, Scratch, of_list};

/// The module's lists with their lengths.
const LISTS: [((u8, u8), usize); 4] = [((2, 40), 68), ((3, 0), 92), ((3, 1), 92), ((3, 2), 104)];

fn functions_of(module: &Module, version: (u8, u8), count: usize) -> Vec<Function> {
    let interface = interface(&module.library, None, Some(version), 0).unwrap();
    // SAFETY: an interface of this version has a list of this length.
    unsafe { of_list(interface.pFunctionList.cast_const(), count) }
}

fn exported(module: &Module) -> Vec<Function> {
    ROWS.iter()
        .map(|row| {
            // SAFETY: only the address is taken.
            let address = unsafe { *module.library.get::<*const c_void>(row.name).unwrap() };
            Function::new(row, address as usize)
        })
        .collect()
}

fn all_refuse(functions: &[Function], what: &str) {
    for function in functions.iter().filter(|function| !function.is_always_there()) {
        let (_memory, words) = Scratch::for_call(function);
        for handle in [0, 1, usize::MAX >> 1] {
            let answer = function.call(handle, &words);
            assert_eq!(answer, refused(CKR_CRYPTOKI_NOT_INITIALIZED), "{} of {what}", function.row.name);
        }
        // The state counts before the arguments.
        if function.row.name != "C_Finalize" {
            let nulls = vec![0; words.len()];
            let answer = function.call(1, &nulls);
            assert_eq!(answer, refused(CKR_CRYPTOKI_NOT_INITIALIZED), "{} of {what}, null", function.row.name);
        }
    }
}

fn everything_refuses(module: &Module) {
    for (version, count) in LISTS {
        let functions = functions_of(module, version, count);
        assert_eq!(functions.len(), count);
        all_refuse(&functions, &format!("list {version:?}"));
    }
    all_refuse(&exported(module), "the exported symbols");
}

#[test]
fn every_function_wants_initialisation() {
    isolated(|| {
        let module = Module::load();
        everything_refuses(&module);
    });
}

#[test]
fn every_function_wants_initialisation_again_after_the_end() {
    isolated(|| {
        let mock = libraries::one_mock(&[]);
        let module = Module::load();
        module.initialize().unwrap();
        let slot = module.only_slot();
        module.open(slot).unwrap();
        module.finalize().unwrap();
        everything_refuses(&module);
        assert_eq!(mock.calls("C_Finalize"), 1);
    });
}

/// The 2.40 list of C_GetFunctionList is the list of the 2.40 interface.
#[test]
fn the_function_list_is_there_before_initialisation() {
    isolated(|| {
        type GetFunctionList = unsafe extern "C" fn(*mut *mut CK_FUNCTION_LIST) -> CK_RV;
        let module = Module::load();
        let mut list = std::ptr::null_mut();
        // SAFETY: the symbol has the standard's type.
        let answer = unsafe { module.library.get::<GetFunctionList>("C_GetFunctionList").unwrap()(&raw mut list) };
        assert_eq!(answer, CKR_OK);
        let of_interface = interface(&module.library, None, Some((2, 40)), 0).unwrap().pFunctionList;
        assert_eq!(list.cast(), of_interface);
        // SAFETY: a list of the module.
        let version = unsafe { list.read_unaligned() }.version;
        assert_eq!((version.major, version.minor), (2, 40));
    });
}
