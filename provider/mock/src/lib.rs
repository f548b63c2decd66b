//! A PKCS#11 library for tests: it does what a test asks of it, right or wrong, and reports what it has seen. Also the
//! library that does nothing, which benches measure against. THERE IS NO CRYPTOGRAPHY IN IT (see `toy.rs`), and it
//! shares no code with the module it tests. The instructions are those of `README.md`, which follows.
#![doc = include_str!("../README.md")]
// Bodies and fields are plain; what they do is the standard's, named by clause where they stand.
#![allow(missing_docs)]
// C functions keep their C names, also as variants.
#![allow(non_snake_case, non_camel_case_types)]
// A CK_ULONG is 32 bits wide on some targets, and casts that are idle on one are needed on another.
#![allow(clippy::unnecessary_cast, clippy::useless_conversion)]

mod arguments;
mod entries;
mod faults;
mod guard;
mod instruct;
mod keys;
mod memory;
mod messages;
mod objects;
mod operations;
mod quiet;
mod report;
mod sessions;
mod slots;
mod state;
mod tables;
mod toy;
mod words;

use std::ffi::{CStr, c_char, c_ulong};

use cryptoki_sys::{CK_FLAGS, CK_FUNCTION_LIST, CK_INTERFACE, CK_RV, CK_ULONG, CK_UTF8CHAR, CK_VERSION};

// The three exports call inner functions of other names, so that a host which exports C_GetFunctionList itself cannot
// put its own function into our lists.

/// C_GetFunctionList (2.40, 5.4).
///
/// # Safety
/// `list` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetFunctionList(list: *mut *mut CK_FUNCTION_LIST) -> CK_RV {
    // SAFETY: the caller's promise.
    unsafe { entries::C_GetFunctionList(list) }
}

/// C_GetInterfaceList (3.0, 5.4).
///
/// # Safety
/// `count` is null or writable, `list` is null or has room for as many.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetInterfaceList(list: *mut CK_INTERFACE, count: *mut CK_ULONG) -> CK_RV {
    // SAFETY: the caller's promise.
    unsafe { entries::C_GetInterfaceList(list, count) }
}

/// C_GetInterface (3.0, 5.4).
///
/// # Safety
/// `name` is null or a C string, `version` is null or readable, `interface` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetInterface(
    name: *mut CK_UTF8CHAR,
    version: *mut CK_VERSION,
    interface: *mut *mut CK_INTERFACE,
    flags: CK_FLAGS,
) -> CK_RV {
    // SAFETY: the caller's promise.
    unsafe { entries::C_GetInterface(name, version, interface, flags) }
}

/// Carries out one instruction line. 0: done. 1: null or not UTF-8. 2: refused, with the reason on stderr.
///
/// # Safety
/// `line` is null or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ukeyhub_mock_instruct(line: *const c_char) -> c_ulong {
    if line.is_null() {
        return 1;
    }
    // SAFETY: the caller's promise.
    let Ok(line) = unsafe { CStr::from_ptr(line) }.to_str() else { return 1 };
    match instruct::apply(line, faults::Source::Test) {
        Ok(()) => 0,
        Err(reason) => {
            guard::complain(&format!("{line}: {reason}"));
            2
        }
    }
}
