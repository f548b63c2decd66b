//! Reads a vendor's function tables into one normal form, the 3.2 list with empty places. Boundary file: vendor pointers.
//! A table is read no further than its stated version, and a profile can lower that (design D10).

use std::ffi::c_void;
use std::{mem, ptr};

use cryptoki_sys::*;

use super::load::{LoadError, Opened};
use crate::error::{Error, outcome};
use crate::functions::ROWS;

/// The functions of a library. Empty places are functions it lacks.
pub struct Functions {
    /// The table as the 3.2 list; its version field is the stated version of what was read.
    pub list: CK_FUNCTION_LIST_3_2,
    /// The version read: 2.x, 3.0, 3.1 or 3.2.
    pub version: CK_VERSION,
}

/// The highest table that both sides know. `limit` is the profile's `max-version`.
pub fn read(opened: &Opened, limit: Option<(u8, u8)>, allow_foreign: bool) -> Result<Functions, LoadError> {
    let limit = limit.unwrap_or((3, 2));
    let chosen = if limit >= (3, 0) { best_interface(opened, limit) } else { None };
    let (table, version) = match chosen {
        Some(found) => found,
        None => function_list(opened)?,
    };
    let functions = copy(table, version);
    if !allow_foreign {
        own_entries_only(opened, &functions)?;
    }
    Ok(functions)
}

/// The best "PKCS 11" interface within `limit`, if the library has interfaces.
fn best_interface(opened: &Opened, limit: (u8, u8)) -> Option<(*const c_void, CK_VERSION)> {
    type GetInterfaceList = unsafe extern "C" fn(*mut CK_INTERFACE, *mut CK_ULONG) -> CK_RV;
    let get = opened.symbol::<GetInterfaceList>("C_GetInterfaceList")?;
    let mut count: CK_ULONG = 0;
    // SAFETY: the symbol has the standard's type; a null list asks for the number.
    outcome(unsafe { get(ptr::null_mut(), &raw mut count) }).ok()?;
    if count == 0 || count > 64 {
        return None;
    }
    let empty = CK_INTERFACE { pInterfaceName: ptr::null_mut(), pFunctionList: ptr::null_mut(), flags: 0 };
    let mut interfaces = vec![empty; count as usize];
    // SAFETY: as above, with room for `count` interfaces.
    outcome(unsafe { get(interfaces.as_mut_ptr(), &raw mut count) }).ok()?;
    interfaces
        .iter()
        .take(count as usize)
        .filter(|interface| {
            let (name, list) = (interface.pInterfaceName, interface.pFunctionList);
            // SAFETY: the standard makes the name a NUL-terminated string that lives as long as the library.
            !list.is_null() && !name.is_null() && unsafe { std::ffi::CStr::from_ptr(name.cast()) } == c"PKCS 11"
        })
        .map(|interface| {
            let list = interface.pFunctionList;
            // SAFETY: every function list of the standard begins with its version.
            (list.cast_const(), unsafe { list.cast::<CK_VERSION>().read_unaligned() })
        })
        .filter(|(_, version)| matches!(version.major, 2 | 3) && (version.major, version.minor) <= limit)
        .max_by_key(|(_, version)| (version.major, version.minor))
}

/// The table of C_GetFunctionList: a 2.40 list or an older one, whatever newer version it may state (PKCS#11 3.0, 5.4.4).
fn function_list(opened: &Opened) -> Result<(*const c_void, CK_VERSION), LoadError> {
    type GetFunctionList = unsafe extern "C" fn(*mut *mut CK_FUNCTION_LIST) -> CK_RV;
    let get = opened.symbol::<GetFunctionList>("C_GetFunctionList").ok_or(LoadError::NotPkcs11)?;
    let mut list: *mut CK_FUNCTION_LIST = ptr::null_mut();
    // SAFETY: the symbol has the standard's type and gets a place for one pointer.
    outcome(unsafe { get(&raw mut list) }).map_err(LoadError::NoTable)?;
    if list.is_null() {
        return Err(LoadError::NoTable(Error::internal()));
    }
    // SAFETY: every function list of the standard begins with its version.
    let stated = unsafe { list.cast::<CK_VERSION>().read_unaligned() };
    let newest = CK_VERSION { major: 2, minor: 40 };
    let version = if (stated.major, stated.minor) > (2, 40) { newest } else { stated };
    Ok((list.cast_const().cast(), version))
}

/// Copies as much of a table as its version promises.
fn copy(table: *const c_void, version: CK_VERSION) -> Functions {
    let size = match (version.major, version.minor) {
        // C_WaitForSlotEvent, the last of the 2.x list, came with 2.01.
        (0..=1, _) | (2, 0) => size_of::<CK_FUNCTION_LIST>() - size_of::<*const c_void>(),
        (2, _) => size_of::<CK_FUNCTION_LIST>(),
        (3, 0 | 1) => size_of::<CK_FUNCTION_LIST_3_0>(),
        _ => size_of::<CK_FUNCTION_LIST_3_2>(),
    };
    // SAFETY: a version and nullable function pointers; all zeros is a value of each.
    let mut list: CK_FUNCTION_LIST_3_2 = unsafe { mem::zeroed() };
    // SAFETY: the library states a table of this version, whose size the standard fixes; the lists share their prefix.
    unsafe { ptr::copy_nonoverlapping(table.cast::<u8>(), (&raw mut list).cast::<u8>(), size) };
    list.version = version;
    Functions { list, version }
}

/// Refuses a table with an entry outside the library: a hijacked symbol, or a table that was read too far.
fn own_entries_only(opened: &Opened, functions: &Functions) -> Result<(), LoadError> {
    let list = &raw const functions.list;
    // SAFETY: the field stands within `functions.list`; no reference to it is made, since Windows packs the list.
    let mut entry = unsafe { &raw const (*list).C_Initialize }.cast::<*const c_void>();
    for row in ROWS {
        // SAFETY: the 3.2 list is one function pointer per row of the table, in its order (tested below).
        let address = unsafe { entry.read_unaligned() };
        if !address.is_null() && !opened.contains(address) {
            return Err(LoadError::ForeignEntry(row.name));
        }
        // SAFETY: at most one past the last entry.
        entry = unsafe { entry.add(1) };
    }
    Ok(())
}

const _: () = assert!(
    size_of::<CK_FUNCTION_LIST_3_2>() - mem::offset_of!(CK_FUNCTION_LIST_3_2, C_Initialize)
        == 104 * size_of::<*const c_void>()
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::Since;

    fn count(since: Since) -> usize {
        ROWS.iter().filter(|row| row.since <= since).count()
    }

    macro_rules! offsets {
        ({} $($edition:ident { $($by:ident $class:ident $c:ident = $method:ident($($arguments:tt)*) $login:ident $output:ident;)* })*) => {
            &[$($((stringify!($c), mem::offset_of!(CK_FUNCTION_LIST_3_2, $c)),)*)*]
        };
    }

    #[test]
    fn the_table_has_the_order_of_the_standards_lists() {
        let offsets: &[(&str, usize)] = crate::entry_points!(offsets);
        let first = mem::offset_of!(CK_FUNCTION_LIST_3_2, C_Initialize);
        for (at, (name, offset)) in offsets.iter().enumerate() {
            assert_eq!(*offset, first + at * size_of::<usize>(), "{name}");
        }
        for (size, since) in [
            (size_of::<CK_FUNCTION_LIST>(), Since::v2_40),
            (size_of::<CK_FUNCTION_LIST_3_0>(), Since::v3_0),
            (size_of::<CK_FUNCTION_LIST_3_2>(), Since::v3_2),
        ] {
            assert_eq!(size, first + count(since) * size_of::<usize>());
        }
    }

    #[test]
    fn an_old_table_is_read_no_further_than_its_version() {
        // The version, 67 functions, and nothing after them: Miri or a sanitizer sees a read beyond.
        let mut table = vec![0x1000usize; 1 + 67];
        table[0] = 2;
        let functions = copy(table.as_ptr().cast(), CK_VERSION { major: 2, minor: 0 });
        let last = functions.list.C_WaitForSlotEvent;
        assert!(last.is_none());
    }
}
