//! Key pairs that get into containers past the C functions, as a maker of keys puts them, and structures of a host. It must
//! not check answers: it hands them to the test.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::ffi::c_void;
use std::process::Command;

use ukeyhub_softkey::crypto::encryption::Cipher;
use ukeyhub_softkey::crypto::{rsa, sm2};
use ukeyhub_softkey::entry::*;
use ukeyhub_softkey::store::{Key, Kind, Limits, Role, Usage};
use ukeyhub_softkey::views::{Plain, ULONG, WIDTH, bytes_of};

use crate::stage::{APPLICATION, USER, c, handle, ok};

/// The name of the one container that most tests need.
pub const BOX: &str = "box";

pub fn container(application: *mut c_void, name: &str) -> *mut c_void {
    handle(|out| unsafe { SKF_CreateContainer(application, c(name), out) }).expect("a container")
}

fn put(key: &Key, container: &str, usage: Usage, kind: Kind, public: &[u8], private: &[u8]) {
    let application = APPLICATION.as_bytes();
    let secrets = key.verify_pin(application, Role::User, USER.as_bytes(), &Limits::default()).expect("logged in");
    let put = key.change(|model| {
        secrets.put_pair(model.application_mut(application)?, container.as_bytes(), usage, kind, public, private)
    });
    put.expect("a pair");
}

/// A new SM2 pair in a container.
pub fn put_sm2(key: &Key, container: &str, usage: Usage) -> sm2::PrivateKey {
    let private = sm2::PrivateKey::generate().expect("a key");
    let public = private.public().to_uncompressed();
    put(key, container, usage, Kind::Ecc, &public, private.to_bytes().as_slice());
    private
}

/// A new RSA pair in a container.
pub fn put_rsa(key: &Key, container: &str, usage: Usage, bits: u32) -> rsa::PrivateKey {
    let private = rsa_key(bits);
    let public = private.public().to_blob().expect("a blob");
    put(key, container, usage, Kind::Rsa, &bytes_of(&public), &private.to_pkcs1_der().expect("DER"));
    private
}

/// A new RSA key. The command `openssl` finds one much faster than our code does without optimisation.
pub fn rsa_key(bits: u32) -> rsa::PrivateKey {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = |arguments: &[&str]| {
        let done = Command::new("openssl").args(arguments).current_dir(folder.path()).output();
        assert!(done.expect("this test needs the command openssl, version 3").status.success(), "{arguments:?}");
    };
    run(&["genrsa", "-out", "pem", &bits.to_string()]);
    run(&["rsa", "-in", "pem", "-traditional", "-outform", "DER", "-out", "der"]);
    let der = std::fs::read(folder.path().join("der")).expect("a key in DER");
    rsa::PrivateKey::from_pkcs1_der(&der).expect("an RSA key")
}

/// Calls with an address for a structure, and gives the structure.
pub fn filled<T: Plain>(call: impl FnOnce(*mut T) -> ULONG) -> Result<T, u32> {
    let mut room = std::mem::MaybeUninit::<T>::zeroed();
    ok(call(room.as_mut_ptr())).map(|()| unsafe { room.assume_init() })
}

/// ECCCIPHERBLOB of this build.
pub fn cipher_blob(cipher: &Cipher) -> Vec<u8> {
    cipher.to_blob(WIDTH).expect("a blob")
}

pub fn len(bytes: &[u8]) -> ULONG {
    ULONG::try_from(bytes.len()).expect("a length")
}
