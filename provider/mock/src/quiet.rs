//! The quiet path: five functions that do next to nothing, so that a bench measures the caller and not the mock.
//! It takes no lock, counts nothing, checks nothing and knows no instruction about calls.

use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use cryptoki_sys::{
    CK_BYTE, CK_FLAGS, CK_MECHANISM, CK_NOTIFY, CK_OBJECT_HANDLE, CK_RV, CK_SESSION_HANDLE, CK_SESSION_INFO,
    CK_SLOT_ID, CK_ULONG, CKF_RW_SESSION, CKF_SERIAL_SESSION, CKR_ARGUMENTS_BAD, CKR_BUFFER_TOO_SMALL, CKR_OK,
    CKS_RW_USER_FUNCTIONS,
};

use crate::toy::SIGNATURE_LENGTH;

static ON: AtomicBool = AtomicBool::new(false);
static OPENED: AtomicU32 = AtomicU32::new(0);

/// Session handles of the quiet path: this bit, 22 bits of a counter, 8 bits of the slot id.
const HANDLE_BIT: CK_SESSION_HANDLE = 1 << 30;
const COUNTER_MASK: u32 = (1 << 22) - 1;

/// Whether the quiet path is taken.
#[inline]
pub fn on() -> bool {
    ON.load(Ordering::Relaxed)
}

/// Turns the path on or off.
pub fn set(on: bool) {
    ON.store(on, Ordering::Relaxed);
}

/// The slot of a handle that the quiet C_OpenSession has given; other functions make a session of it when first used.
pub fn slot_of(handle: CK_SESSION_HANDLE) -> Option<CK_SLOT_ID> {
    (on() && handle & HANDLE_BIT != 0).then_some(handle & 0xFF)
}

pub unsafe extern "C" fn open_session(
    slot: CK_SLOT_ID,
    _flags: CK_FLAGS,
    _application: *mut c_void,
    _notify: CK_NOTIFY,
    session: *mut CK_SESSION_HANDLE,
) -> CK_RV {
    if session.is_null() {
        return CKR_ARGUMENTS_BAD;
    }
    let counter = OPENED.fetch_add(1, Ordering::Relaxed) & COUNTER_MASK;
    // SAFETY: the host gives memory for one handle.
    unsafe { session.write_unaligned(HANDLE_BIT | (CK_ULONG::from(counter) << 8) | (slot & 0xFF)) };
    CKR_OK
}

pub extern "C" fn close_session(_session: CK_SESSION_HANDLE) -> CK_RV {
    CKR_OK
}

pub unsafe extern "C" fn get_session_info(session: CK_SESSION_HANDLE, info: *mut CK_SESSION_INFO) -> CK_RV {
    if info.is_null() {
        return CKR_ARGUMENTS_BAD;
    }
    let answer = CK_SESSION_INFO {
        slotID: session & 0xFF,
        state: CKS_RW_USER_FUNCTIONS,
        flags: CKF_SERIAL_SESSION | CKF_RW_SESSION,
        ulDeviceError: 0,
    };
    // SAFETY: the host gives memory for one CK_SESSION_INFO.
    unsafe { info.write_unaligned(answer) };
    CKR_OK
}

pub extern "C" fn sign_init(
    _session: CK_SESSION_HANDLE,
    _mechanism: *mut CK_MECHANISM,
    _key: CK_OBJECT_HANDLE,
) -> CK_RV {
    CKR_OK
}

pub unsafe extern "C" fn sign(
    _session: CK_SESSION_HANDLE,
    _data: *mut CK_BYTE,
    _data_length: CK_ULONG,
    signature: *mut CK_BYTE,
    length: *mut CK_ULONG,
) -> CK_RV {
    if length.is_null() {
        return CKR_ARGUMENTS_BAD;
    }
    // SAFETY: the host gives a length, and a buffer of that length unless it asks for the length only.
    unsafe {
        let offered = length.read_unaligned();
        length.write_unaligned(SIGNATURE_LENGTH as CK_ULONG);
        if signature.is_null() {
            return CKR_OK;
        }
        if offered < SIGNATURE_LENGTH as CK_ULONG {
            return CKR_BUFFER_TOO_SMALL;
        }
        signature.write_bytes(0x5A, SIGNATURE_LENGTH);
    }
    CKR_OK
}
