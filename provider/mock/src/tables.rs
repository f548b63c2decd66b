//! The function lists and interfaces that are offered, honest or not. It must not change a list once it is given out:
//! new settings make new lists, and old ones are never freed.

use std::ptr;

use cryptoki_sys::{
    CK_FLAGS, CK_FUNCTION_LIST, CK_FUNCTION_LIST_3_0, CK_FUNCTION_LIST_3_2, CK_INTERFACE, CK_UTF8CHAR, CK_VERSION,
    CKR_FUNCTION_FAILED, CKR_FUNCTION_NOT_SUPPORTED, CKR_GENERAL_ERROR,
};

use crate::arguments::{Answer, Array, Place, Spoil};
use crate::entries::{Function, LIST_2_40, LIST_3_0, LIST_3_2};
use crate::memory;
use crate::state::{self, Settings};

/// A value that must never be called, in the places a 2.0 list does not have.
const POISON: usize = 1;
/// C_WaitForSlotEvent came with 2.01; a 2.0 list has 67 functions.
const FUNCTIONS_2_0: usize = 67;
const NAME: &[u8] = b"PKCS 11\0";

/// What is offered under the present settings.
#[derive(Debug)]
pub struct Tables {
    function_list: *mut CK_FUNCTION_LIST,
    /// The best first; none when C_GetInterface is not offered.
    interfaces: Vec<CK_INTERFACE>,
}

// SAFETY: the pointers lead to memory that is never written again and never freed.
unsafe impl Send for Tables {}
// SAFETY: as above.
unsafe impl Sync for Tables {}

/// The name that C_GetInterface asks for.
#[derive(Debug)]
pub struct Asked {
    /// Whether it is none or "PKCS 11".
    pub known: bool,
    pub version: Option<CK_VERSION>,
}
impl Spoil for Asked {}

/// Reads name and version of C_GetInterface.
///
/// # Safety
/// `name` is null or a C string, `version` is null or points to one.
pub unsafe fn asked(name: *mut CK_UTF8CHAR, version: *mut CK_VERSION) -> Asked {
    // SAFETY: the promise of this function; the comparison ends at the first difference, so at the latest at the null.
    let equal = |name: *mut CK_UTF8CHAR| NAME.iter().enumerate().all(|(at, byte)| unsafe { *name.add(at) } == *byte);
    let known = name.is_null() || equal(name);
    // SAFETY: the promise of this function.
    let version = (!version.is_null()).then(|| unsafe { version.read_unaligned() });
    Asked { known, version }
}

impl Tables {
    /// Makes the lists for `settings`; None when the system has no memory of the kind a lie needs.
    fn new(settings: &Settings) -> Option<&'static Self> {
        let version = settings.version;
        let old = version.major == 2 && version.minor < 40;
        let function_list: *mut CK_FUNCTION_LIST = if settings.header_lies {
            copy(LIST_2_40, CK_VERSION { major: 3, minor: 2 }, settings, true)?
        } else if old {
            copy(poisoned(), version, settings, false)?
        } else {
            copy(LIST_2_40, CK_VERSION { major: 2, minor: 40 }, settings, false)?
        };
        let mut interfaces = Vec::new();
        if settings.header_lies {
            interfaces.push(interface(function_list));
        } else if version.major == 3 {
            if version.minor >= 2 {
                interfaces.push(interface::<CK_FUNCTION_LIST_3_2>(copy(LIST_3_2, version, settings, false)?));
            }
            let middle = CK_VERSION { major: 3, minor: version.minor.min(1) };
            interfaces.push(interface::<CK_FUNCTION_LIST_3_0>(copy(LIST_3_0, middle, settings, false)?));
            interfaces.push(interface(function_list));
        }
        Some(Box::leak(Box::new(Self { function_list, interfaces })))
    }
}

fn interface<T>(list: *mut T) -> CK_INTERFACE {
    CK_INTERFACE { pInterfaceName: NAME.as_ptr().cast_mut(), pFunctionList: list.cast(), flags: 0 }
}

/// The whole length of a 3.2 list, in which no function from number 68 on may be read.
fn poisoned() -> CK_FUNCTION_LIST_3_2 {
    let mut list = LIST_3_2;
    let first = size_of::<CK_FUNCTION_LIST_3_2>() - (Function::COUNT - FUNCTIONS_2_0) * size_of::<usize>();
    for at in (first..size_of::<CK_FUNCTION_LIST_3_2>()).step_by(size_of::<usize>()) {
        // SAFETY: within the list; a function pointer has the size of a usize. The poison is not null, so it is a
        // valid Option<fn> as long as nobody calls it.
        unsafe { ptr::from_mut(&mut list).byte_add(at).cast::<usize>().write_unaligned(POISON) };
    }
    list
}

/// A list with the version and the foreign entry of the settings, at an address of its own.
fn copy<T, U>(list: T, version: CK_VERSION, settings: &Settings, before_a_hole: bool) -> Option<*mut U> {
    let mut list = Box::new(list);
    let start: *mut T = &raw mut *list;
    // SAFETY: every list begins with its version, and `index` is checked against the list's own size.
    unsafe {
        start.cast::<CK_VERSION>().write_unaligned(version);
        if let Some(at) = settings.foreign_entry.map(Function::offset)
            && at < size_of::<T>()
        {
            start.byte_add(at).cast::<usize>().write_unaligned(memory::foreign_function()?);
        }
    }
    if before_a_hole {
        return memory::before_a_hole(&*list).map(|start| start.cast());
    }
    Some(Box::into_raw(list).cast())
}

fn tables() -> Answer<&'static Tables> {
    let mut state = state::lock();
    if state.tables.is_none() {
        state.tables = Tables::new(&state.settings);
    }
    state.tables.ok_or(CKR_GENERAL_ERROR)
}

/// C_GetFunctionList (2.40, 5.4).
pub fn get_function_list(list: Place<*mut CK_FUNCTION_LIST>) -> Answer {
    list.set(tables()?.function_list);
    Ok(())
}

/// C_GetInterfaceList (3.0, 5.4). A 2.40 library has no such function; this one has, and refuses.
pub fn get_interface_list(list: Array<CK_INTERFACE>) -> Answer {
    let tables = tables()?;
    if tables.interfaces.is_empty() {
        return Err(CKR_FUNCTION_NOT_SUPPORTED);
    }
    list.give(&tables.interfaces)
}

/// C_GetInterface (3.0, 5.4).
pub fn get_interface(asked: Asked, chosen: Place<*mut CK_INTERFACE>, flags: CK_FLAGS) -> Answer {
    let tables = tables()?;
    if tables.interfaces.is_empty() {
        return Err(CKR_FUNCTION_NOT_SUPPORTED);
    }
    let fits = |interface: &&CK_INTERFACE| {
        // SAFETY: our own list, which begins with its version.
        let version = unsafe { interface.pFunctionList.cast::<CK_VERSION>().read_unaligned() };
        asked.version.is_none_or(|asked| (asked.major, asked.minor) == (version.major, version.minor))
    };
    let found = tables.interfaces.iter().find(fits).filter(|_| asked.known && flags == 0);
    chosen.set(ptr::from_ref(found.ok_or(CKR_FUNCTION_FAILED)?).cast_mut());
    Ok(())
}
