//! The function lists and interfaces that hosts are given: statics built from the same table as the exports.
//! It must not hold a function of its own but C_GetInfo, which answers with the version of the list it was reached through.

use std::ffi::CStr;

use cryptoki_sys::*;
use ukeyhub_vendors::abi::View;
use ukeyhub_vendors::entry_points;
use ukeyhub_vendors::functions::Function;

use crate::api;
use crate::arguments::Info;
use crate::calls::{Inside, Place};
use crate::entry::*;
use crate::guard;

macro_rules! versioned_info {
    ($($name:ident, $major:literal, $minor:literal;)*) => {$(
        unsafe extern "C" fn $name(info: CK_INFO_PTR) -> CK_RV {
            guard::run(Function::C_GetInfo, || {
                let inside = Inside::enter(Place::MODULE)?;
                // SAFETY: the host passes null or a CK_INFO, valid for the call.
                let info = unsafe { Info::take((info,)) }?;
                api::versioned_info(&inside, info, CK_VERSION { major: $major, minor: $minor })
            })
        }
    )*};
}

versioned_info! {
    info_of_3_0, 3, 0;
    info_of_3_1, 3, 1;
    info_of_3_2, 3, 2;
}

/// The lists: the longer ones repeat the rows of the shorter.
macro_rules! lists {
    ({} $first:ident { $($row2:tt)* } $second:ident { $($row3:tt)* } $third:ident { $($row32:tt)* }) => {
        /// PKCS#11 2.40: 68 functions.
        pub static LIST_2_40: CK_FUNCTION_LIST = list!(CK_FUNCTION_LIST, (2, 40), C_GetInfo; $($row2)*);
        static LIST_3_0: CK_FUNCTION_LIST_3_0 = list!(CK_FUNCTION_LIST_3_0, (3, 0), info_of_3_0; $($row2)* $($row3)*);
        /// 3.1 has the functions of 3.0 under its own version.
        static LIST_3_1: CK_FUNCTION_LIST_3_0 = list!(CK_FUNCTION_LIST_3_0, (3, 1), info_of_3_1; $($row2)* $($row3)*);
        static LIST_3_2: CK_FUNCTION_LIST_3_2 =
            list!(CK_FUNCTION_LIST_3_2, (3, 2), info_of_3_2; $($row2)* $($row3)* $($row32)*);
    };
}

macro_rules! list {
    ($list:ident, ($major:literal, $minor:literal), $info:ident; $($by:ident $class:ident $c:ident = $method:ident($($arguments:tt)*) $login:ident $output:ident;)*) => {{
        let mut list = $list { version: CK_VERSION { major: $major, minor: $minor }, $($c: Some($c)),* };
        list.C_GetInfo = Some($info);
        list
    }};
}

entry_points!(lists);

/// The name of the standard's interface (PKCS#11 3.0, 5.4.5).
const NAME: &CStr = c"PKCS 11";

/// An interface of the module. The wrapper makes it shareable: it points to statics only.
struct Interface(CK_INTERFACE);

// SAFETY: name and list are statics that nobody writes to.
unsafe impl Sync for Interface {}

const fn interface<T>(list: &'static T) -> Interface {
    Interface(CK_INTERFACE {
        pInterfaceName: NAME.as_ptr().cast_mut().cast(),
        pFunctionList: std::ptr::from_ref(list).cast_mut().cast(),
        flags: 0,
    })
}

/// The default first: the highest version. Flags are 0: a forked child must initialise anew.
static INTERFACES: [Interface; 4] =
    [interface(&LIST_3_2), interface(&LIST_3_1), interface(&LIST_3_0), interface(&LIST_2_40)];

const VERSIONS: [(u8, u8); 4] = [(3, 2), (3, 1), (3, 0), (2, 40)];

/// All interfaces, the default first.
pub fn interfaces() -> [CK_INTERFACE; 4] {
    INTERFACES.each_ref().map(|interface| interface.0)
}

/// The interface of a name and version (PKCS#11 3.0, 5.4.6): no name stands for the default, no version for the highest.
pub fn find(name: Option<&CStr>, version: Option<(u8, u8)>) -> Option<*const CK_INTERFACE> {
    if name.is_some_and(|name| name != NAME) {
        return None;
    }
    let at = match version {
        None => 0,
        Some(version) => VERSIONS.iter().position(|each| *each == version)?,
    };
    Some(&raw const INTERFACES[at].0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_full_and_state_their_versions() {
        for (at, interface) in interfaces().iter().enumerate() {
            let count = [104, 92, 92, 68][at];
            let list = interface.pFunctionList.cast::<u8>();
            // SAFETY: each list begins with its version, and pointers follow, packed or aligned.
            unsafe {
                let version = list.cast::<CK_VERSION>().read_unaligned();
                assert_eq!((version.major, version.minor), VERSIONS[at]);
                let first = list.add(std::mem::offset_of!(CK_FUNCTION_LIST, C_Initialize)).cast::<*const u8>();
                assert!((0..count).all(|entry| !first.add(entry).read_unaligned().is_null()));
            }
        }
    }

    #[test]
    fn an_interface_is_chosen_by_the_rules_of_the_standard() {
        let version = |found: Option<*const CK_INTERFACE>| {
            // SAFETY: a static interface whose list begins with its version.
            found.map(|interface| unsafe {
                let version = (*interface).pFunctionList.cast::<CK_VERSION>().read_unaligned();
                (version.major, version.minor)
            })
        };
        assert_eq!(version(find(None, None)), Some((3, 2)));
        assert_eq!(version(find(Some(NAME), None)), Some((3, 2)));
        assert_eq!(version(find(None, Some((3, 0)))), Some((3, 0)));
        assert_eq!(version(find(Some(NAME), Some((2, 40)))), Some((2, 40)));
        assert_eq!(version(find(Some(NAME), Some((9, 9)))), None);
        assert_eq!(version(find(Some(c"Vendor NSS Module Interface"), None)), None);
    }
}
