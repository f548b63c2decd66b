//! Applications, files, containers and certificates as a host sees them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test stops at the first surprise"
)]
#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "every unsafe block is one call with arguments as the standard prescribes"
)]

mod stage;

use std::ffi::c_void;

use skf_sys::FileAttribute;
use stage::*;
use ukeyhub_artefacts::isolated;
use ukeyhub_softkey::crypto::sm2;
use ukeyhub_softkey::entry::*;
use ukeyhub_softkey::store::{Key, Kind, Limits, Role, Usage};
use ukeyhub_softkey::views::ULONG;

fn create_application(device: *mut c_void, name: &str, user: &str, tries: ULONG) -> Result<*mut c_void, u32> {
    handle(|out| unsafe { SKF_CreateApplication(device, c(name), c(ADMIN), tries, c(user), tries, 0xFF, out) })
}

fn applications(device: *mut c_void) -> Vec<String> {
    names(&output(|list, size| unsafe { SKF_EnumApplication(device, list, size) }).unwrap())
}

#[test]
fn applications_are_created_listed_opened_and_deleted() {
    isolated(|| {
        let stage = stage();
        stage.key("key");
        let device = connect("key").unwrap();
        assert_eq!(applications(device), [APPLICATION]);
        assert_eq!(create_application(device, "新应用", USER, 4), Err(SAR_USER_NOT_LOGGED_IN));
        assert_eq!(authenticate(device, AUTH_KEY), Ok(()));
        let application = create_application(device, "新应用", USER, 4).unwrap();
        assert_eq!(applications(device), [APPLICATION, "新应用"]);
        assert_eq!(create_application(device, "新应用", USER, 4), Err(SAR_APPLICATION_EXISTS));
        assert_eq!(create_application(device, "", USER, 4), Err(SAR_APPLICATION_NAME_INVALID));
        assert_eq!(create_application(device, &"n".repeat(33), USER, 4), Err(SAR_APPLICATION_NAME_INVALID));
        assert_eq!(create_application(device, &"n".repeat(999), USER, 4), Err(SAR_APPLICATION_NAME_INVALID));
        assert_eq!(create_application(device, "third", "short", 4), Err(SAR_PIN_LEN_RANGE));
        assert_eq!(create_application(device, "third", USER, 0), Err(SAR_INVALIDPARAMERR));
        assert_eq!(verify(application, 1, USER).0, Ok(()));

        assert_eq!(open_application(device, "third"), Err(SAR_APPLICATION_NOT_EXISTS));
        let again = open_application(device, "新应用").unwrap();
        assert_eq!(ok(unsafe { SKF_CreateFile(again, c("f"), 1, 0xFF, 0xFF) }), Ok(()));
        assert_eq!(ok(unsafe { SKF_CloseApplication(again) }), Ok(()));
        assert_eq!(ok(unsafe { SKF_CloseApplication(again) }), Err(SAR_INVALIDHANDLEERR));
        assert_eq!(ok(unsafe { SKF_DeleteApplication(device, c("新应用")) }), Ok(()));
        assert_eq!(ok(unsafe { SKF_DeleteApplication(device, c("新应用")) }), Err(SAR_APPLICATION_NOT_EXISTS));
        assert_eq!(applications(device), [APPLICATION]);
        // One of the same name is another: the old handle reaches it, the old login does not.
        assert_eq!(verify(application, 1, USER).0, Err(SAR_APPLICATION_NOT_EXISTS));
        create_application(device, "新应用", USER, 4).unwrap();
        let made = handle(|out| unsafe { SKF_CreateContainer(application, c("box"), out) });
        assert_eq!(made, Err(SAR_USER_NOT_LOGGED_IN));
    });
}

fn write(application: *mut c_void, name: &str, offset: ULONG, data: &[u8]) -> Result<(), u32> {
    let len = ULONG::try_from(data.len()).unwrap();
    ok(unsafe { SKF_WriteFile(application, c(name), offset, data.as_ptr(), len) })
}

fn read(application: *mut c_void, name: &str, offset: ULONG, size: ULONG) -> Result<Vec<u8>, u32> {
    output(|out, len| unsafe { SKF_ReadFile(application, c(name), offset, size, out, len) })
}

fn create_file(application: *mut c_void, name: &str, size: ULONG, read: ULONG, write: ULONG) -> Result<(), u32> {
    ok(unsafe { SKF_CreateFile(application, c(name), size, read, write) })
}

#[test]
fn files_are_read_and_written_by_those_who_may() {
    isolated(|| {
        let stage = stage();
        stage.key("key");
        let (_, application) = open("key");
        let list = || names(&output(|list, size| unsafe { SKF_EnumFiles(application, list, size) }).unwrap());
        assert_eq!(create_file(application, "seal", 8, 0xFF, 0x10), Err(SAR_USER_NOT_LOGGED_IN));
        assert_eq!(output(|list, size| unsafe { SKF_EnumFiles(application, list, size) }), Ok(b"\0".to_vec()));
        log_in(application);
        assert_eq!(create_file(application, "seal", 8, 0xFF, 0x10), Ok(()));
        assert_eq!(create_file(application, "admins", 8, 0x01, 0x01), Ok(()));
        assert_eq!(create_file(application, "nobodys", 8, 0, 0), Ok(()));
        assert_eq!(create_file(application, "seal", 8, 0xFF, 0x10), Err(SAR_FILE_ALREADY_EXIST));
        assert_eq!(create_file(application, "", 8, 0xFF, 0x10), Err(SAR_NAMELENERR));
        assert_eq!(create_file(application, &"n".repeat(33), 8, 0xFF, 0x10), Err(SAR_NAMELENERR));
        assert_eq!(create_file(application, "huge", 0x1_0001, 0xFF, 0x10), Err(SAR_INVALIDPARAMERR));
        assert_eq!(list(), ["seal", "admins", "nobodys"]);

        assert_eq!(write(application, "seal", 2, b"abc"), Ok(()));
        assert_eq!(read(application, "seal", 0, 100), Ok(b"\0\0abc\0\0\0".to_vec()));
        assert_eq!(read(application, "seal", 3, 2), Ok(b"bc".to_vec()));
        assert_eq!(write(application, "seal", 6, b"abc"), Err(SAR_INDATALENERR));
        assert_eq!(write(application, "seal", 9, b""), Err(SAR_INVALIDPARAMERR));
        assert_eq!(read(application, "seal", 9, 1), Err(SAR_INVALIDPARAMERR));
        assert_eq!(
            (read(application, "none", 0, 1), write(application, "none", 0, b"")),
            (Err(SAR_FILE_NOT_EXIST), Err(SAR_FILE_NOT_EXIST))
        );
        let mut small = [0xAA_u8; 2];
        let mut len: ULONG = 2;
        let code = unsafe { SKF_ReadFile(application, c("seal"), 0, 3, small.as_mut_ptr(), &mut len) };
        assert_eq!((ok(code), len, small), (Err(SAR_BUFFER_TOO_SMALL), 3, [0xAA; 2]));

        let mut info = std::mem::MaybeUninit::<FileAttribute>::zeroed();
        assert_eq!(ok(unsafe { SKF_GetFileInfo(application, c("seal"), info.as_mut_ptr()) }), Ok(()));
        let info = unsafe { info.assume_init() };
        assert_eq!((&info.file_name[..5], { info.file_size }), (&b"seal\0"[..], 8));
        assert_eq!(({ info.read_rights }, { info.write_rights }), (0xFF, 0x10));
        let none = unsafe { SKF_GetFileInfo(application, c("none"), std::ptr::from_ref(&info).cast_mut()) };
        assert_eq!(ok(none), Err(SAR_FILE_NOT_EXIST));

        for name in ["admins", "nobodys"] {
            assert_eq!(
                (read(application, name, 0, 8), write(application, name, 0, b"x")),
                (Err(SAR_USER_NOT_LOGGED_IN), Err(SAR_USER_NOT_LOGGED_IN))
            );
        }
        assert_eq!(verify(application, 0, ADMIN).0, Ok(()));
        assert_eq!((read(application, "admins", 0, 1), write(application, "admins", 0, b"x")), (Ok(vec![0]), Ok(())));
        assert_eq!(read(application, "nobodys", 0, 8), Err(SAR_USER_NOT_LOGGED_IN));

        assert_eq!(ok(unsafe { SKF_ClearSecureState(application) }), Ok(()));
        assert_eq!(read(application, "seal", 2, 3), Ok(b"abc".to_vec()));
        assert_eq!(write(application, "seal", 0, b"x"), Err(SAR_USER_NOT_LOGGED_IN));
        assert_eq!(ok(unsafe { SKF_DeleteFile(application, c("seal")) }), Err(SAR_USER_NOT_LOGGED_IN));
        log_in(application);
        assert_eq!(ok(unsafe { SKF_DeleteFile(application, c("seal")) }), Ok(()));
        assert_eq!(ok(unsafe { SKF_DeleteFile(application, c("seal")) }), Err(SAR_FILE_NOT_EXIST));
        assert_eq!(list(), ["admins", "nobodys"]);
    });
}

#[test]
fn a_full_key_takes_no_more_and_keeps_what_it_has() {
    isolated(|| {
        let stage = stage();
        stage.key("key");
        let (_, application) = open("key");
        log_in(application);
        let made = (0..)
            .map(|n| create_file(application, &format!("f{n}"), 0x1_0000, 0xFF, 0xFF))
            .take_while(Result::is_ok)
            .count();
        assert!((1..10).contains(&made));
        assert_eq!(create_file(application, "more", 0x1_0000, 0xFF, 0xFF), Err(SAR_NO_ROOM));
        let list = names(&output(|list, size| unsafe { SKF_EnumFiles(application, list, size) }).unwrap());
        assert_eq!(list.len(), made);
    });
}

fn create(application: *mut c_void, name: &str) -> Result<*mut c_void, u32> {
    handle(|out| unsafe { SKF_CreateContainer(application, c(name), out) })
}

fn open_container(application: *mut c_void, name: &str) -> Result<*mut c_void, u32> {
    handle(|out| unsafe { SKF_OpenContainer(application, c(name), out) })
}

fn import(container: *mut c_void, sign: i32, certificate: &[u8]) -> Result<(), u32> {
    let len = ULONG::try_from(certificate.len()).unwrap();
    ok(unsafe { SKF_ImportCertificate(container, sign, certificate.as_ptr(), len) })
}

fn export(container: *mut c_void, sign: i32) -> Result<Vec<u8>, u32> {
    output(|out, len| unsafe { SKF_ExportCertificate(container, sign, out, len) })
}

#[test]
fn containers_are_created_listed_opened_and_deleted() {
    isolated(|| {
        let stage = stage();
        stage.key("key");
        let (_, application) = open("key");
        let list = || names(&output(|list, size| unsafe { SKF_EnumContainer(application, list, size) }).unwrap());
        log_in(application);
        let container = create(application, "box").unwrap();
        assert_eq!(create(application, "box"), Err(SAR_FILE_ALREADY_EXIST));
        assert_eq!(create(application, ""), Err(SAR_NAMELENERR));
        assert_eq!(create(application, &"n".repeat(65)), Err(SAR_NAMELENERR));
        assert_eq!(create(application, &"n".repeat(999)), Err(SAR_NAMELENERR));
        assert!(create(application, &"n".repeat(64)).is_ok());
        assert_eq!(number(|kind| unsafe { SKF_GetContainerType(container, kind) }), (Ok(()), 0));
        // Names are bytes: GBK is as good as any.
        let gbk = handle(|out| unsafe { SKF_CreateContainer(application, c_bytes(&[0xB2, 0xE2]), out) });
        assert!(gbk.is_ok());
        let bytes = output(|list, size| unsafe { SKF_EnumContainer(application, list, size) }).unwrap();
        assert!(bytes.ends_with(b"\0\xB2\xE2\0\0"));
        assert_eq!(ok(unsafe { SKF_DeleteContainer(application, c_bytes(&[0xB2, 0xE2])) }), Ok(()));
        assert_eq!(ok(unsafe { SKF_DeleteContainer(application, c(&"n".repeat(64))) }), Ok(()));
        for n in 1..16 {
            assert!(create(application, &format!("n{n}")).is_ok());
        }
        assert_eq!(create(application, "more"), Err(SAR_REACH_MAX_CONTAINER_COUNT));
        assert_eq!(ok(unsafe { SKF_ClearSecureState(application) }), Ok(()));

        assert_eq!(open_container(application, "none"), Err(SAR_KEYNOTFOUNTERR));
        let again = open_container(application, "box").unwrap();
        assert_eq!(ok(unsafe { SKF_CloseContainer(again) }), Ok(()));
        assert_eq!(ok(unsafe { SKF_CloseContainer(again) }), Err(SAR_INVALIDHANDLEERR));
        assert_eq!(ok(unsafe { SKF_DeleteContainer(application, c("box")) }), Err(SAR_USER_NOT_LOGGED_IN));
        log_in(application);
        assert_eq!(ok(unsafe { SKF_DeleteContainer(application, c("box")) }), Ok(()));
        assert_eq!(ok(unsafe { SKF_DeleteContainer(application, c("box")) }), Err(SAR_KEYNOTFOUNTERR));
        assert_eq!(export(container, 1), Err(SAR_KEYNOTFOUNTERR));
        assert_eq!(list().len(), 15);
        assert_eq!(ok(unsafe { SKF_CloseApplication(application) }), Ok(()));
        assert_eq!(ok(unsafe { SKF_CloseContainer(container) }), Err(SAR_INVALIDHANDLEERR));
    });
}

#[test]
fn certificates_come_out_as_they_went_in() {
    isolated(|| {
        let stage = stage();
        stage.key_of("key", "standard", &[("errors.container-empty", "0x0A0000C0")]);
        let (_, application) = open("key");
        log_in(application);
        let container = create(application, "box").unwrap();
        assert_eq!((export(container, 1), export(container, 0)), (Err(0x0A00_00C0), Err(0x0A00_00C0)));
        assert_eq!(import(container, 1, b"signing"), Ok(()));
        assert_eq!(export(container, 0), Err(SAR_CERTNOTFOUNTERR));
        assert_eq!(import(container, 0, b"encryption"), Ok(()));
        assert_eq!(import(container, 1, b""), Err(SAR_INDATALENERR));
        assert_eq!(ok(unsafe { SKF_ImportCertificate(container, 1, std::ptr::null(), 5) }), Err(SAR_INVALIDPARAMERR));
        assert_eq!(ok(unsafe { SKF_ClearSecureState(application) }), Ok(()));
        assert_eq!(import(container, 1, b"other"), Err(SAR_USER_NOT_LOGGED_IN));
        assert_eq!((export(container, 1), export(container, 0)), (Ok(b"signing".to_vec()), Ok(b"encryption".to_vec())));
        let mut small = [0xAA_u8; 6];
        let mut len: ULONG = 6;
        let code = unsafe { SKF_ExportCertificate(container, 1, small.as_mut_ptr(), &mut len) };
        assert_eq!((ok(code), len, small), (Err(SAR_BUFFER_TOO_SMALL), 7, [0xAA; 6]));
    });
}

/// Puts a pair of each usage into a container, as a maker of keys does.
fn put_sm2_pair(key: &Key, container: &str, usage: Usage) -> sm2::PrivateKey {
    let secrets = key.verify_pin(APPLICATION.as_bytes(), Role::User, USER.as_bytes(), &Limits::default()).unwrap();
    let private = sm2::PrivateKey::generate().unwrap();
    let public = private.public().to_uncompressed();
    let put = key.change(|model| {
        let application = model.application_mut(APPLICATION.as_bytes())?;
        secrets.put_pair(application, container.as_bytes(), usage, Kind::Ecc, &public, private.to_bytes().as_slice())
    });
    put.unwrap();
    private
}

#[test]
fn public_keys_come_as_the_blob_of_their_algorithm() {
    isolated(|| {
        let stage = stage();
        let key = stage.key("key");
        let (_, application) = open("key");
        log_in(application);
        let container = create(application, "box").unwrap();
        let export = |sign| output(|out, len| unsafe { SKF_ExportPublicKey(container, sign, out, len) });
        assert_eq!((export(1), export(0)), (Err(SAR_KEYNOTFOUNTERR), Err(SAR_KEYNOTFOUNTERR)));
        let private = put_sm2_pair(&key, "box", Usage::Encryption);
        assert_eq!(export(1), Err(SAR_KEYNOTFOUNTERR));
        let blob = export(0).unwrap();
        assert_eq!((blob.len(), &blob[..4]), (132, &256_u32.to_ne_bytes()[..]));
        assert_eq!((&blob[36..68], &blob[100..]), (&private.public().x()[..], &private.public().y()[..]));
        assert_eq!((&blob[4..36], &blob[68..100]), (&[0; 32][..], &[0; 32][..]));
        assert_eq!(number(|kind| unsafe { SKF_GetContainerType(container, kind) }), (Ok(()), 2));
    });
}

#[test]
fn quirks_of_containers_are_data() {
    isolated(|| {
        let stage = stage();
        let options = &[
            ("container.type-answer", "always-rsa"),
            ("container.trailing-bytes", "16"),
            ("container.name-limit", "39"),
            ("container.max-count", "2"),
            ("errors.container-missing", "SAR_APPLICATION_NOT_EXISTS"),
            ("errors.container-exists", "0x0A000037"),
            ("errors.encryption-key-missing", "SAR_FILE_NOT_EXIST"),
        ];
        let key = stage.key_of("key", "standard", options);
        let (_, application) = open("key");
        log_in(application);
        assert_eq!(open_container(application, "box"), Err(SAR_APPLICATION_NOT_EXISTS));
        assert_eq!(create(application, &"n".repeat(40)), Err(SAR_NAMELENERR));
        let container = create(application, "box").unwrap();
        assert_eq!(create(application, "box"), Err(0x0A00_0037));
        assert_eq!(number(|kind| unsafe { SKF_GetContainerType(container, kind) }), (Ok(()), 0));
        put_sm2_pair(&key, "box", Usage::Signing);
        assert_eq!(number(|kind| unsafe { SKF_GetContainerType(container, kind) }), (Ok(()), 1));
        let public = |sign| output(|out, len| unsafe { SKF_ExportPublicKey(container, sign, out, len) });
        assert_eq!((public(1).map(|blob| blob.len()), public(0)), (Ok(132), Err(SAR_FILE_NOT_EXIST)));
        assert_eq!(import(container, 1, b"certificate"), Ok(()));
        assert_eq!(export(container, 1).unwrap(), b"certificate\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
        create(application, "second").unwrap();
        assert_eq!(create(application, "third"), Err(SAR_REACH_MAX_CONTAINER_COUNT));
    });
}
