//! Session keys, and containers with key pairs, for the tests that need them. It must not check answers: it hands them to the
//! test.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::ffi::c_void;

use ukeyhub_softkey::crypto::{rsa, sm2};
use ukeyhub_softkey::entry::*;
use ukeyhub_softkey::store::{Key, Kind, Limits, Role, Usage};
use ukeyhub_softkey::views::{self, BLOCKCIPHERPARAM, ULONG};

use crate::stage::*;

/// The key of the examples of GB/T 32907.
pub const VALUE: [u8; 16] = 0x0123_4567_89AB_CDEF_FEDC_BA98_7654_3210_u128.to_be_bytes();
pub const IV: [u8; 16] = 0x0001_0203_0405_0607_0809_0A0B_0C0D_0E0F_u128.to_be_bytes();

pub const ECB: u32 = 0x401;
pub const CBC: u32 = 0x402;
pub const CFB: u32 = 0x404;
pub const OFB: u32 = 0x408;
pub const MAC: u32 = 0x410;

pub fn unhex(text: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("two digits");
    (0..text.len()).step_by(2).map(byte).collect()
}

pub fn set_key(device: *mut c_void, value: &[u8; 16], alg: u32) -> Result<*mut c_void, u32> {
    handle(|out| unsafe { SKF_SetSymmKey(device, value.as_ptr(), views::ulong(alg), out) })
}

pub fn parameter(iv: &[u8], padding: u32) -> BLOCKCIPHERPARAM {
    let mut field = [0; 32];
    field[..iv.len()].copy_from_slice(iv);
    let (iv_len, padding_type) = (ULONG::try_from(iv.len()).expect("short"), views::ulong(padding));
    BLOCKCIPHERPARAM { iv: field, iv_len, padding_type, feed_bit_len: 0 }
}

pub fn len(bytes: &[u8]) -> ULONG {
    ULONG::try_from(bytes.len()).expect("a length")
}

/// Encrypts in one go: what a key does tells which key it is.
pub fn encrypt(key: *mut c_void, parameter: BLOCKCIPHERPARAM, data: &[u8]) -> Result<Vec<u8>, u32> {
    ok(unsafe { SKF_EncryptInit(key, parameter) })?;
    output(|out, size| unsafe { SKF_Encrypt(key, data.as_ptr(), len(data), out, size) })
}

pub fn decrypt(key: *mut c_void, parameter: BLOCKCIPHERPARAM, data: &[u8]) -> Result<Vec<u8>, u32> {
    ok(unsafe { SKF_DecryptInit(key, parameter) })?;
    output(|out, size| unsafe { SKF_Decrypt(key, data.as_ptr(), len(data), out, size) })
}

pub fn close(handle: *mut c_void) -> Result<(), u32> {
    ok(unsafe { SKF_CloseHandle(handle) })
}

pub fn create_container(application: *mut c_void, name: &str) -> *mut c_void {
    handle(|out| unsafe { SKF_CreateContainer(application, c(name), out) }).expect("created")
}

fn put_pair(key: &Key, container: &str, usage: Usage, kind: Kind, public: &[u8], private: &[u8]) {
    let limits = Limits::default();
    let secrets = key.verify_pin(APPLICATION.as_bytes(), Role::User, USER.as_bytes(), &limits).expect("the PIN");
    let put = key.change(|model| {
        let application = model.application_mut(APPLICATION.as_bytes())?;
        secrets.put_pair(application, container.as_bytes(), usage, kind, public, private)
    });
    put.expect("a pair");
}

/// Puts a new SM2 pair into a container, as a maker of keys does.
pub fn put_sm2(key: &Key, container: &str, usage: Usage) -> sm2::PublicKey {
    let private = sm2::PrivateKey::generate().expect("a key");
    let public = private.public().to_uncompressed();
    put_pair(key, container, usage, Kind::Ecc, &public, private.to_bytes().as_slice());
    *private.public()
}

/// Puts a new RSA pair into a container, as a maker of keys does.
pub fn put_rsa(key: &Key, container: &str, usage: Usage) -> rsa::PublicKey {
    let private = rsa::PrivateKey::generate(2048).expect("a key");
    let public = views::bytes_of(&private.public().to_blob().expect("a blob"));
    put_pair(key, container, usage, Kind::Rsa, &public, &private.to_pkcs1_der().expect("DER"));
    private.public()
}
