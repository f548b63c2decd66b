//! Function lists, interfaces, C_Initialize, and the lies about them.

use std::ptr;

use cryptoki_sys::{
    CK_C_INITIALIZE_ARGS, CK_FUNCTION_LIST, CK_FUNCTION_LIST_3_2, CK_RV, CK_ULONG, CK_VERSION,
    CKF_LIBRARY_CANT_CREATE_OS_THREADS, CKF_OS_LOCKING_OK, CKR_ARGUMENTS_BAD, CKR_CANT_LOCK,
    CKR_CRYPTOKI_ALREADY_INITIALIZED, CKR_CRYPTOKI_NOT_INITIALIZED, CKR_FUNCTION_FAILED, CKR_FUNCTION_NOT_SUPPORTED,
    CKR_NEED_TO_CREATE_THREADS, CKR_OK,
};
use ukeyhub_artefacts::{isolated, isolated_with_env};

use crate::call;
use crate::library::{Mock, open};

/// The version and the entries of a list, as numbers.
fn read(list: *const CK_FUNCTION_LIST, functions: usize) -> ((u8, u8), Vec<usize>) {
    let first = size_of::<CK_FUNCTION_LIST>() - 68 * size_of::<usize>();
    // SAFETY: the caller says how many functions there are.
    unsafe {
        let version = list.cast::<CK_VERSION>().read_unaligned();
        let entry = |index| list.byte_add(first + index * size_of::<usize>()).cast::<usize>().read_unaligned();
        ((version.major, version.minor), (0..functions).map(entry).collect())
    }
}

#[test]
fn a_2_40_list_and_no_interface_is_the_default() {
    isolated(|| {
        let mock = Mock::load();
        let (version, entries) = read(mock.list_pointer(), 68);
        assert_eq!(version, (2, 40));
        assert!(entries.iter().all(|entry| *entry > 1));
        assert_eq!(mock.interface(None, None, 0).unwrap_err(), CKR_FUNCTION_NOT_SUPPORTED);
    });
}

#[test]
fn interfaces_are_chosen_by_name_version_and_flags() {
    isolated(|| {
        let mock = Mock::load();
        for (offered, versions) in
            [("3.0", vec![(3, 0), (2, 40)]), ("3.1", vec![(3, 1), (2, 40)]), ("3.2", vec![(3, 2), (3, 1), (2, 40)])]
        {
            mock.instruct(&[&format!("version={offered}")]);
            for wanted in [(3, 2), (3, 1), (3, 0), (2, 40)] {
                let found = mock.interface(Some("PKCS 11"), Some(wanted), 0);
                assert_eq!(found.is_ok(), versions.contains(&wanted), "{offered} {wanted:?}");
                if let Ok(found) = found {
                    assert_eq!(read(found.pFunctionList.cast(), 0).0, wanted);
                }
            }
            let best = mock.interface(None, None, 0).unwrap();
            assert_eq!(read(best.pFunctionList.cast(), 0).0, versions[0]);
        }
        assert_eq!(mock.interface(Some("Vendor"), None, 0).unwrap_err(), CKR_FUNCTION_FAILED);
        assert_eq!(mock.interface(None, None, 1).unwrap_err(), CKR_FUNCTION_FAILED);
        assert_eq!(read(mock.list_pointer(), 0).0, (2, 40));
    });
}

#[test]
fn a_2_01_list_has_poison_after_its_67_functions() {
    isolated(|| {
        let mock = Mock::load();
        mock.instruct(&["version=2.0"]);
        let (version, entries) = read(mock.list_pointer(), 104);
        assert_eq!(version, (2, 0));
        assert!(entries[..67].iter().all(|entry| *entry > 1) && entries[67..].iter().all(|entry| *entry == 1));
        mock.start();
    });
}

#[test]
fn a_lying_header_is_over_a_2_40_list() {
    isolated(|| {
        let mock = Mock::load();
        mock.instruct(&["header-lies"]);
        let (version, entries) = read(mock.list_pointer(), 68);
        assert_eq!(version, (3, 2));
        assert!(entries.iter().all(|entry| *entry > 1));
        assert_eq!(
            mock.interface(None, Some((3, 2)), 0).unwrap().pFunctionList.cast_const(),
            mock.list_pointer().cast()
        );
        mock.start();
    });
}

#[cfg(unix)]
#[test]
fn nothing_is_mapped_behind_a_lying_header() {
    use std::os::unix::process::ExitStatusExt;
    let status = ukeyhub_artefacts::Isolation::new().status(|| {
        let mock = Mock::load();
        mock.instruct(&["header-lies"]);
        std::hint::black_box(read(mock.list_pointer(), 69));
    });
    assert_eq!(status.and_then(|status| status.signal()), Some(11));
}

#[cfg(unix)]
#[test]
fn one_entry_may_point_elsewhere() {
    isolated(|| {
        let mock = Mock::load();
        let (_, honest) = read(mock.list_pointer(), 68);
        mock.instruct(&["foreign-entry=C_SignInit"]);
        let list = mock.list();
        let (_, entries) = read(mock.list_pointer(), 68);
        let changed: Vec<_> = (0..68).filter(|index| entries[*index] != honest[*index]).collect();
        let foreign = list.C_SignInit.unwrap() as usize;
        assert_eq!(changed.iter().map(|index| entries[*index]).collect::<Vec<_>>(), [foreign]);
        let this = libloading::os::unix::Library::this();
        // SAFETY: only its address is looked at.
        let libc = unsafe { this.get::<extern "C" fn() -> i32>("getppid") }.unwrap();
        assert_eq!(foreign, *libc as usize);
        assert_eq!(mock.try_instruct("foreign-entry=C_Nothing"), 2);
    });
}

#[test]
fn every_function_answers_before_c_initialize_and_survives_null() {
    isolated(|| {
        type Any = extern "C" fn(usize, usize, usize, usize, usize, usize, usize, usize, usize, usize) -> CK_RV;
        let mock = Mock::load();
        mock.instruct(&["version=3.2", "wait-for-slot-event=unsupported"]);
        let list = mock.interface(None, None, 0).unwrap().pFunctionList;
        let (_, entries) = read(list.cast(), 104);
        // SAFETY: with the C calling convention a callee ignores further arguments, and all of these are zero.
        let call = |entry: &usize| unsafe { std::mem::transmute::<usize, Any>(*entry) }(0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        let early: Vec<usize> = (0..104).filter(|at| ![0, 3, 68, 69].contains(at)).collect();
        for index in &early {
            assert_eq!(call(&entries[*index]), CKR_CRYPTOKI_NOT_INITIALIZED, "function number {index}");
        }
        // SAFETY: a 3.2 list.
        let list = unsafe { list.cast::<CK_FUNCTION_LIST_3_2>().read_unaligned() };
        assert_eq!(call!(list.C_Initialize(ptr::null_mut())), CKR_OK);
        // C_Finalize (1) and C_CloseAllSessions (14) take nothing but zeros.
        for index in early.iter().filter(|index| ![1, 14].contains(*index)) {
            assert_ne!(call(&entries[*index]), CKR_OK, "function number {index}");
        }
        assert_eq!(call(&entries[1]), CKR_OK);
    });
}

fn with_arguments(list: &CK_FUNCTION_LIST, flags: CK_ULONG, reserved: Option<&std::ffi::CStr>) -> CK_RV {
    let mut arguments = CK_C_INITIALIZE_ARGS { flags, ..Default::default() };
    arguments.pReserved = reserved.map_or(ptr::null_mut(), |text| text.as_ptr().cast_mut().cast());
    call!(list.C_Initialize((&raw mut arguments).cast()))
}

#[test]
fn c_initialize_does_what_it_is_told() {
    isolated(|| {
        let mock = Mock::load();
        let list = mock.list();
        let finalize = || assert_eq!(call!(list.C_Finalize(ptr::null_mut())), CKR_OK);
        assert_eq!(with_arguments(&list, 0, Some(c"text")), CKR_ARGUMENTS_BAD);
        mock.instruct(&["initialize=cant-lock"]);
        assert_eq!(with_arguments(&list, CKF_OS_LOCKING_OK, None), CKR_CANT_LOCK);
        assert_eq!(with_arguments(&list, 0, None), CKR_OK);
        assert_eq!(with_arguments(&list, 0, None), CKR_CRYPTOKI_ALREADY_INITIALIZED);
        finalize();
        mock.instruct(&["initialize=need-threads"]);
        assert_eq!(with_arguments(&list, CKF_LIBRARY_CANT_CREATE_OS_THREADS, None), CKR_NEED_TO_CREATE_THREADS);
        assert_eq!(with_arguments(&list, CKF_OS_LOCKING_OK, None), CKR_OK);
        assert_eq!(mock.seen("ukeyhub_mock_initialized_with"), (CKF_OS_LOCKING_OK as _, Vec::new()));
        finalize();
        mock.instruct(&["initialize=takes-string"]);
        assert_eq!(with_arguments(&list, 0, Some(c"configDir=x")), CKR_OK);
        assert_eq!(mock.seen("ukeyhub_mock_initialized_with"), (0, b"configDir=x".to_vec()));
        finalize();
        mock.instruct(&["initialize=already"]);
        assert_eq!(with_arguments(&list, 0, None), CKR_CRYPTOKI_ALREADY_INITIALIZED);
        assert!(open(&list, 0).is_ok());
    });
}

#[test]
fn the_environment_is_obeyed_from_the_first_call() {
    let lines = "version=3.0; slots=2 tokens=0,1 # comment; at=1 call=C_GetInfo do=return:0x30";
    isolated_with_env(&[("UKEYHUB_MOCK", lines)], || {
        let mock = Mock::load();
        assert_eq!(read(mock.interface(None, None, 0).unwrap().pFunctionList.cast(), 0).0, (3, 0));
        let list = mock.start();
        assert!(open(&list, 0).is_err() && open(&list, 1).is_ok());
        assert_eq!(call!(list.C_GetInfo(ptr::null_mut())), 0x30);
    });
}

#[test]
fn a_wrong_environment_is_loud() {
    isolated_with_env(&[("UKEYHUB_MOCK", "slots=none")], || {
        let mock = Mock::load();
        let get = mock.export::<unsafe extern "C" fn(*mut *mut CK_FUNCTION_LIST) -> CK_RV>("C_GetFunctionList");
        let mut list = ptr::null_mut();
        // SAFETY: memory for one pointer.
        assert_eq!(unsafe { get(&raw mut list) }, 0xCD4F_434B);
    });
}

#[test]
fn a_file_of_instructions_is_read_again_when_it_changes() {
    isolated(|| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("instructions");
        std::fs::write(&file, "# none yet\n").unwrap();
        ukeyhub_artefacts::set_env("UKEYHUB_MOCK_FILE", &file);
        let mock = Mock::load();
        let list = mock.start();
        assert!(open(&list, 0).is_ok());
        std::fs::write(&file, "call=C_OpenSession do=return:0x32\n").unwrap();
        assert_eq!(open(&list, 0), Err(0x32));
        std::fs::write(&file, "\n").unwrap();
        assert!(open(&list, 0).is_ok());
    });
}
