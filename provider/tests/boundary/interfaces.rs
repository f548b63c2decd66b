//! C_GetInterface and C_GetInterfaceList by the rules of PKCS#11 3.0, 5.4.5 and 5.4.6; C_GetInfo's version by interface.

use std::ffi::CStr;
use std::ptr;

use cryptoki_sys::*;
use ukeyhub_artefacts::isolated;

use crate::hosts::call;
use crate::hosts::{Module, interface, libraries, refused};

const NAME: &CStr = c"PKCS 11";
const VERSIONS: [(u8, u8); 4] = [(3, 2), (3, 1), (3, 0), (2, 40)];

fn version(interface: CK_INTERFACE) -> (u8, u8) {
    // SAFETY: every list begins with its version.
    let version = unsafe { interface.pFunctionList.cast::<CK_VERSION>().read_unaligned() };
    (version.major, version.minor)
}

fn name(interface: CK_INTERFACE) -> String {
    // SAFETY: a name of the module's own.
    unsafe { CStr::from_ptr(interface.pInterfaceName.cast()) }.to_string_lossy().into_owned()
}

#[test]
fn an_interface_is_chosen_by_name_and_version() {
    isolated(|| {
        let module = Module::load();
        let library = &module.library;
        for each in [None, Some(NAME)] {
            assert_eq!(interface(library, each, None, 0).map(version), Ok((3, 2)));
            for wanted in VERSIONS {
                let found = interface(library, each, Some(wanted), 0).unwrap();
                let flags = found.flags;
                assert_eq!((version(found), name(found), flags), (wanted, "PKCS 11".to_owned(), 0));
            }
            for unknown in [(2, 20), (2, 0), (3, 3), (4, 0), (0, 0), (255, 255)] {
                assert!(interface(library, each, Some(unknown), 0).is_err(), "{unknown:?}");
            }
        }
        for unknown in [c"", c"PKCS", c"PKCS 11 ", c"pkcs 11", c"Vendor NSS Module Interface"] {
            assert_eq!(interface(library, Some(unknown), None, 0).map(version), refused(CKR_ARGUMENTS_BAD));
        }
    });
}

#[test]
fn no_interface_has_flags() {
    isolated(|| {
        let module = Module::load();
        for flags in [CKF_INTERFACE_FORK_SAFE, 2, CKF_INTERFACE_FORK_SAFE | 2, CK_FLAGS::MAX] {
            for wanted in [None, Some((2, 40)), Some((3, 2))] {
                let answer = interface(&module.library, Some(NAME), wanted, flags).map(version);
                assert_eq!(answer, refused(CKR_ARGUMENTS_BAD), "flags {flags:#x}");
            }
        }
        let nothing = call!(module, C_GetInterface, ptr::null_mut(), ptr::null_mut(), ptr::null_mut(), 0);
        assert_eq!(nothing, refused(CKR_ARGUMENTS_BAD));
    });
}

#[test]
fn the_interface_list_follows_the_length_convention() {
    isolated(|| {
        let module = Module::load();
        let empty = CK_INTERFACE { pInterfaceName: ptr::null_mut(), pFunctionList: ptr::null_mut(), flags: 7 };
        let mut count = 99;
        assert_eq!(call!(module, C_GetInterfaceList, ptr::null_mut(), &raw mut count), Ok(()));
        assert_eq!(count, 4);
        let mut list = [empty; 5];
        count = 3;
        let short = call!(module, C_GetInterfaceList, list.as_mut_ptr(), &raw mut count);
        assert_eq!((short, count), (refused(CKR_BUFFER_TOO_SMALL), 4));
        assert!(list.iter().all(|each| each.pFunctionList.is_null()), "something was written");
        count = 5;
        assert_eq!(call!(module, C_GetInterfaceList, list.as_mut_ptr(), &raw mut count), Ok(()));
        assert_eq!(count, 4);
        assert!(list[4].pFunctionList.is_null());
        for (each, wanted) in list.iter().zip(VERSIONS) {
            let flags = each.flags;
            assert_eq!((version(*each), name(*each), flags), (wanted, "PKCS 11".to_owned(), 0));
            let asked = interface(&module.library, None, Some(wanted), 0).unwrap();
            assert_eq!({ asked.pFunctionList }, { each.pFunctionList });
        }
        assert_eq!(call!(module, C_GetInterfaceList, list.as_mut_ptr(), ptr::null_mut()), refused(CKR_ARGUMENTS_BAD));
    });
}

/// Hosts of the 2.x time test for major version 2; those that took a 3.x interface expect its version.
#[test]
fn information_states_the_version_it_was_reached_through() {
    isolated(|| {
        libraries::Libraries::new().use_here();
        let module = Module::load();
        module.initialize().unwrap();
        assert_eq!(module.stated_version(), (3, 2));
        for wanted in VERSIONS {
            let found = interface(&module.library, None, Some(wanted), 0).unwrap();
            // SAFETY: every list begins like the one of 2.40.
            let list = unsafe { found.pFunctionList.cast::<CK_FUNCTION_LIST>().read_unaligned() };
            assert_eq!(stated(list.C_GetInfo.unwrap()), wanted);
        }
        // SAFETY: the symbol has the standard's type.
        let exported = unsafe { *module.library.get::<GetInfo>("C_GetInfo").unwrap() };
        assert_eq!(stated(exported), (2, 40));
        module.finalize().unwrap();
    });
}

type GetInfo = unsafe extern "C" fn(*mut CK_INFO) -> CK_RV;

fn stated(get: GetInfo) -> (u8, u8) {
    // SAFETY: integers and byte arrays.
    let mut info: CK_INFO = unsafe { std::mem::zeroed() };
    // SAFETY: a structure of ours.
    assert_eq!(unsafe { get(&raw mut info) }, CKR_OK);
    assert_eq!(crate::hosts::text(&info.manufacturerID), "ukeyhub");
    assert!(!info.libraryDescription.contains(&0), "text is padded with blanks");
    (info.cryptokiVersion.major, info.cryptokiVersion.minor)
}
