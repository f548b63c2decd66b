//! A plug folder with keys for one test process, and the C functions called as a host does. It must not check answers:
//! it hands them to the test.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::collections::BTreeMap;
use std::ffi::{CString, c_void};
use std::path::PathBuf;

use tempfile::TempDir;
use ukeyhub_softkey::entry::*;
use ukeyhub_softkey::process;
use ukeyhub_softkey::store::{Device, Key, Limits, NewApplication, NewPin, Plug};
use ukeyhub_softkey::views::ULONG;

pub use skf_sys::codes::*;

pub const AUTH_KEY: &[u8; 16] = b"1234567812345678";
pub const ADMIN: &str = "87654321";
pub const USER: &str = "12345678";
pub const APPLICATION: &str = "TESTAPP";
pub const NOWHERE: *mut c_void = std::ptr::null_mut();

/// The plug folder of this process, and where its keys lie.
pub struct Stage {
    folder: TempDir,
    pub plug: Plug,
}

/// To be called in an isolated body, before the library is called.
pub fn stage() -> Stage {
    let stage = Stage::of_processes();
    ukeyhub_artefacts::set_env(process::PLUG, stage.plug.folder());
    stage
}

impl Stage {
    /// A plug folder for processes that get it in their environment.
    pub fn of_processes() -> Stage {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let plug = folder.path().join("plug");
        std::fs::create_dir(&plug).expect("the plug folder");
        Stage { folder, plug: Plug::new(plug) }
    }

    pub fn key_folder(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A standard key with one application, plugged in.
    pub fn key(&self, name: &str) -> Key {
        self.key_of(name, "standard", &[])
    }

    /// A key of this personality with these options and one application, plugged in.
    pub fn key_of(&self, name: &str, personality: &str, options: &[(&str, &str)]) -> Key {
        let options: BTreeMap<_, _> =
            options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let device = Device {
            personality: personality.to_owned(),
            serial: format!("SN-{name}").as_str().into(),
            label: "LABEL".into(),
            manufacturer: None,
            issuer: None,
            dev_auth_key: AUTH_KEY.as_slice().into(),
            total_space: 0x4_0000,
            options,
        };
        let key = Key::create(&self.key_folder(name), device).expect("a key");
        let pin = |pin: &'static str, max_tries| NewPin { pin: pin.as_bytes(), max_tries, is_default: true };
        let new = NewApplication {
            name: APPLICATION.as_bytes(),
            admin: pin(ADMIN, 5),
            user: pin(USER, 3),
            create_file_rights: 0x10,
            iterations: Some(1),
        };
        key.change(|model| model.create_application(&new, &Limits::default())).expect("an application");
        self.plug_in(name);
        key
    }

    pub fn plug_in(&self, name: &str) {
        self.plug.plug(&self.key_folder(name), name).expect("plugged in");
    }

    pub fn unplug(&self, name: &str) {
        self.plug.unplug(name).expect("unplugged");
    }
}

/// A C string that lives to the end of the process.
pub fn c(text: &str) -> *const u8 {
    c_bytes(text.as_bytes())
}

pub fn c_bytes(bytes: &[u8]) -> *const u8 {
    CString::new(bytes).expect("no NUL inside").into_raw().cast_const().cast()
}

/// Asks for a length, then for the bytes; the code of whichever failed.
pub fn output(call: impl Fn(*mut u8, *mut ULONG) -> ULONG) -> Result<Vec<u8>, u32> {
    let mut size: ULONG = 0;
    ok(call(std::ptr::null_mut(), &mut size))?;
    let mut buffer = vec![0xAA; usize::try_from(size).expect("a length")];
    ok(call(buffer.as_mut_ptr(), &mut size))?;
    buffer.truncate(usize::try_from(size).expect("a length"));
    Ok(buffer)
}

/// The names of a list that ends with an empty one.
pub fn names(list: &[u8]) -> Vec<String> {
    let names = list.split(|byte| *byte == 0).map(|name| String::from_utf8_lossy(name).into_owned());
    names.take_while(|name| !name.is_empty()).collect()
}

#[allow(clippy::useless_conversion, reason = "ULONG has 32 or 64 bits")]
pub fn ok(code: ULONG) -> Result<(), u32> {
    match u32::try_from(code).expect("codes have 32 bits") {
        SAR_OK => Ok(()),
        code => Err(code),
    }
}

/// Calls with an address for a handle, and gives the handle.
pub fn handle(call: impl FnOnce(*mut *mut c_void) -> ULONG) -> Result<*mut c_void, u32> {
    let mut handle = NOWHERE;
    ok(call(&mut handle)).map(|()| handle)
}

/// Calls with an address for a number, and gives code and number; 99 when none was written.
pub fn number(call: impl FnOnce(*mut ULONG) -> ULONG) -> (Result<(), u32>, ULONG) {
    let mut number = 99;
    let code = ok(call(&mut number));
    (code, number)
}

// SAFETY (of all calls below): arguments are as the standard prescribes; handles may be wrong, which the library checks.

pub fn connect(name: &str) -> Result<*mut c_void, u32> {
    handle(|out| unsafe { SKF_ConnectDev(c(name), out) })
}

pub fn open_application(device: *mut c_void, name: &str) -> Result<*mut c_void, u32> {
    handle(|out| unsafe { SKF_OpenApplication(device, c(name), out) })
}

/// A connection and its application.
pub fn open(name: &str) -> (*mut c_void, *mut c_void) {
    let device = connect(name).expect("connected");
    (device, open_application(device, APPLICATION).expect("opened"))
}

/// Code and tries left.
pub fn verify(application: *mut c_void, pin_type: ULONG, pin: &str) -> (Result<(), u32>, ULONG) {
    number(|left| unsafe { SKF_VerifyPIN(application, pin_type, c(pin), left) })
}

pub fn log_in(application: *mut c_void) {
    assert_eq!(verify(application, 1, USER).0, Ok(()));
}

/// Device authentication as a host does it, with this key.
pub fn authenticate(device: *mut c_void, key: &[u8; 16]) -> Result<(), u32> {
    let mut block = [0; 16];
    ok(unsafe { SKF_GenRandom(device, block.as_mut_ptr(), 8) })?;
    let answer = ukeyhub_softkey::crypto::block::encrypt_one(key, &block);
    ok(unsafe { SKF_DevAuth(device, answer.as_ptr(), 16) })
}
