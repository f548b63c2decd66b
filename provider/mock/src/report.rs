//! What the mock has seen: calls per function, callers at one time, the last mechanism, the arguments of C_Initialize.
//! It must not influence any answer.

use std::ffi::{CStr, c_char, c_ulong};
use std::ptr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cryptoki_sys::{CK_FLAGS, CK_MECHANISM_TYPE};

use crate::entries::Function;
use crate::state;

static CALLS: [AtomicU64; Function::COUNT] = [const { AtomicU64::new(0) }; Function::COUNT];
static INSIDE: AtomicUsize = AtomicUsize::new(0);
static MOST_INSIDE: AtomicUsize = AtomicUsize::new(0);
static SEEN: Mutex<Seen> = Mutex::new(Seen { mechanism: 0, parameter: Vec::new(), flags: 0, reserved: Vec::new() });

struct Seen {
    mechanism: CK_MECHANISM_TYPE,
    parameter: Vec<u8>,
    flags: CK_FLAGS,
    reserved: Vec<u8>,
}

fn seen() -> MutexGuard<'static, Seen> {
    SEEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A caller inside the library; counted until dropped.
#[derive(Debug)]
pub struct Inside(());

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Counts a call and its caller.
pub fn arrive(function: Function) -> Inside {
    CALLS[function as usize].fetch_add(1, Ordering::Relaxed);
    let inside = INSIDE.fetch_add(1, Ordering::Relaxed) + 1;
    MOST_INSIDE.fetch_max(inside, Ordering::Relaxed);
    Inside(())
}

/// Keeps a mechanism for `ukeyhub_mock_last`.
pub fn note_mechanism(kind: CK_MECHANISM_TYPE, parameter: &[u8]) {
    let mut seen = seen();
    seen.mechanism = kind;
    seen.parameter = parameter.to_vec();
}

/// Keeps the parameter of a message function for `ukeyhub_mock_last`; the mechanism stays.
pub fn note_parameter(parameter: &[u8]) {
    seen().parameter = parameter.to_vec();
}

/// Keeps what C_Initialize was given.
pub fn note_initialize(flags: CK_FLAGS, reserved: Vec<u8>) {
    let mut seen = seen();
    seen.flags = flags;
    seen.reserved = reserved;
}

/// Sets all counts to zero.
pub fn reset() {
    CALLS.iter().for_each(|count| count.store(0, Ordering::Relaxed));
    MOST_INSIDE.store(INSIDE.load(Ordering::Relaxed), Ordering::Relaxed);
}

/// How often a function has been called since loading or `reset-counts`; all ones for an unknown name.
/// The five functions of the quiet path are not counted while it is on.
///
/// # Safety
/// `name` is null or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ukeyhub_mock_calls(name: *const c_char) -> u64 {
    if name.is_null() {
        return u64::MAX;
    }
    // SAFETY: the caller's promise.
    let name = unsafe { CStr::from_ptr(name) }.to_string_lossy();
    Function::named(&name).map_or(u64::MAX, |function| CALLS[function as usize].load(Ordering::Relaxed))
}

/// The most callers that were inside the library at one time since loading or `reset-counts`.
#[unsafe(no_mangle)]
pub extern "C" fn ukeyhub_mock_concurrent() -> c_ulong {
    MOST_INSIDE.load(Ordering::Relaxed) as c_ulong
}

/// The number of open sessions; those of the quiet path are not known.
#[unsafe(no_mangle)]
pub extern "C" fn ukeyhub_mock_sessions() -> c_ulong {
    state::lock().sessions.len() as c_ulong
}

/// The last mechanism seen: its type into `kind`, the first `capacity` raw bytes of its parameter (or of the last
/// message parameter) into `buffer`. Returns the whole length of the parameter. Both pointers may be null.
///
/// # Safety
/// `kind` is null or writable, `buffer` is null or has room for `capacity` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ukeyhub_mock_last(kind: *mut c_ulong, buffer: *mut u8, capacity: usize) -> usize {
    let seen = seen();
    // SAFETY: the caller's promise.
    unsafe {
        if !kind.is_null() {
            kind.write_unaligned(seen.mechanism);
        }
        copy(&seen.parameter, buffer, capacity)
    }
}

/// What the last C_Initialize was given: its flags (0 without arguments) into `flags`, and after
/// `initialize=takes-string` the text of pReserved into `buffer`. Returns the whole length of the text.
///
/// # Safety
/// `flags` is null or writable, `buffer` is null or has room for `capacity` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ukeyhub_mock_initialized_with(flags: *mut c_ulong, buffer: *mut u8, capacity: usize) -> usize {
    let seen = seen();
    // SAFETY: the caller's promise.
    unsafe {
        if !flags.is_null() {
            flags.write_unaligned(seen.flags);
        }
        copy(&seen.reserved, buffer, capacity)
    }
}

/// # Safety
/// `buffer` is null or has room for `capacity` bytes.
unsafe fn copy(bytes: &[u8], buffer: *mut u8, capacity: usize) -> usize {
    if !buffer.is_null() {
        // SAFETY: no more than either side holds.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), buffer, bytes.len().min(capacity)) };
    }
    bytes.len()
}
