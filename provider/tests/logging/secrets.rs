//! PINs and key material never reach the log: a canary in every argument of every function that takes one.

use std::ptr;

use cryptoki_sys::*;
use ukeyhub_artefacts::isolated;
use ukeyhub_vendors::functions::ROWS;

use crate::Log;
use crate::hosts::attributes::Attributes;
use crate::hosts::call;
use crate::hosts::{Module, plain_mechanism};

const PIN: &[u8; 16] = b"canary-pin-31415";
const MATERIAL: &[u8; 24] = b"canary-key-material-2718";

/// The forms in which bytes might be written down.
fn forms(secret: &[u8]) -> Vec<String> {
    let text = String::from_utf8(secret.to_vec()).unwrap();
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let numbers = |join: &str| secret.iter().map(u8::to_string).collect::<Vec<_>>().join(join);
    vec![text[..10].to_owned(), hex[..16].to_owned(), hex[..16].to_uppercase(), numbers(", "), numbers(" ")]
}

fn no_secret_is_in(text: &str) {
    for form in forms(PIN).into_iter().chain(forms(MATERIAL)) {
        assert!(!text.contains(&form), "{form} is in the log:\n{text}");
    }
}

/// Every function with a view of a PIN, so that a new one is not forgotten here.
const WITH_PIN: [&str; 5] = ["C_InitToken", "C_InitPIN", "C_SetPIN", "C_Login", "C_LoginUser"];

#[test]
fn the_functions_that_take_a_pin_are_these() {
    let with_pin: Vec<_> = ROWS.iter().filter(|row| row.arguments.contains(&"Pin")).map(|row| row.name).collect();
    assert_eq!(with_pin, WITH_PIN);
}

fn pins(module: &Module) {
    let slot = module.only_slot();
    let session = module.open(slot).unwrap();
    let (mut pin, mut label, mut right) = (*PIN, [b' '; 32], *b"1234");
    let (pin, length) = (pin.as_mut_ptr(), PIN.len() as CK_ULONG);
    for user in [CKU_USER, CKU_SO, CKU_CONTEXT_SPECIFIC, 77] {
        assert!(call!(module, C_Login, session, user, pin, length).is_err());
        assert!(call!(module, C_LoginUser, session, user, pin, length, ptr::null_mut(), 0).is_err());
        _ = call!(module, C_LoginUser, session, user, pin, length, pin, length);
    }
    _ = call!(module, C_Logout, session);
    assert!(call!(module, C_InitPIN, session, pin, length).is_err());
    assert!(call!(module, C_SetPIN, session, pin, length, pin, length).is_err());
    // And where it succeeds.
    call!(module, C_SetPIN, session, right.as_mut_ptr(), 4, pin, length).unwrap();
    call!(module, C_Login, session, CKU_USER, pin, length).unwrap();
    call!(module, C_SetPIN, session, pin, length, right.as_mut_ptr(), 4).unwrap();
    assert!(call!(module, C_InitToken, slot, pin, length, label.as_mut_ptr()).is_err());
    module.close(session).unwrap();
    assert!(call!(module, C_InitToken, slot, pin, length, label.as_mut_ptr()).is_err());
    // A handle that nobody knows: the arguments are traced before it is looked up.
    assert!(call!(module, C_Login, session, CKU_USER, pin, length).is_err());
}

fn material(module: &Module) {
    let session = module.open(module.only_slot()).unwrap();
    module.login(session, CKU_USER, "1234").unwrap();
    let template = Attributes::new()
        .number(CKA_CLASS, CKO_SECRET_KEY)
        .number(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
        .bytes(CKA_VALUE, MATERIAL)
        .bytes(CKA_LABEL, MATERIAL)
        .bytes(CKA_PRIVATE_EXPONENT, MATERIAL)
        .bytes(0x8000_4242, MATERIAL);
    let mut list = template.list();
    let (start, count) = (list.as_mut_ptr(), list.len() as CK_ULONG);
    let mut bytes = *MATERIAL;
    let (data, length) = (bytes.as_mut_ptr(), MATERIAL.len() as CK_ULONG);
    let mut mechanism = CK_MECHANISM { mechanism: CKM_AES_GCM, pParameter: data.cast(), ulParameterLen: length };
    let mechanism = &raw mut mechanism;
    let (mut key, mut other, mut room, mut size) = (0, 0, [0; 512], 512);
    call!(module, C_CreateObject, session, start, count, &raw mut key).unwrap();
    _ = call!(module, C_CopyObject, session, key, start, count, &raw mut other);
    _ = call!(module, C_SetAttributeValue, session, key, start, count);
    _ = call!(module, C_GetAttributeValue, session, key, start, count);
    list = template.list();
    let start = list.as_mut_ptr();
    _ = call!(module, C_FindObjectsInit, session, start, count);
    _ = call!(module, C_FindObjectsFinal, session);
    _ = call!(module, C_GenerateKey, session, mechanism, start, count, &raw mut other);
    _ = call!(module, C_GenerateKeyPair, session, mechanism, start, count, start, count, &raw mut other, &raw mut key);
    _ = call!(module, C_UnwrapKey, session, mechanism, key, data, length, start, count, &raw mut other);
    _ = call!(module, C_DeriveKey, session, mechanism, key, start, count, &raw mut other);
    _ = call!(module, C_WrapKey, session, mechanism, key, key, room.as_mut_ptr(), &raw mut size);
    _ = call!(module, C_SeedRandom, session, data, length);
    _ = call!(module, C_DigestInit, session, mechanism);
    size = 512;
    _ = call!(module, C_Digest, session, data, length, room.as_mut_ptr(), &raw mut size);
    for _ in 0..2 {
        _ = call!(module, C_EncryptInit, session, mechanism, key);
        size = 512;
        _ = call!(module, C_Encrypt, session, data, length, room.as_mut_ptr(), &raw mut size);
        _ = call!(module, C_DecryptInit, session, mechanism, key);
        size = 512;
        _ = call!(module, C_Decrypt, session, data, length, room.as_mut_ptr(), &raw mut size);
    }
    _ = call!(module, C_MessageEncryptInit, session, mechanism, key);
    size = 512;
    let (given, output) = (data.cast(), room.as_mut_ptr());
    _ = call!(module, C_EncryptMessage, session, given, length, data, length, data, length, output, &raw mut size);
    _ = call!(
        module,
        C_UnwrapKeyAuthenticated,
        session,
        mechanism,
        key,
        data,
        length,
        start,
        count,
        data,
        length,
        &raw mut other
    );
    _ = call!(module, C_DecapsulateKey, session, mechanism, key, start, count, data, length, &raw mut other);
    let mut plain = plain_mechanism(CKM_AES_KEY_GEN);
    _ = call!(module, C_GenerateKey, session, &raw mut plain, start, count, &raw mut other);
}

fn nothing_secret_with(version: &str) {
    let log = Log::new(&[&format!("version={version}")]);
    let module = Module::load();
    module.initialize().unwrap();
    pins(&module);
    material(&module);
    module.finalize().unwrap();
    let text = log.text();
    for name in WITH_PIN.iter().chain(&["C_CreateObject", "C_UnwrapKey", "C_GenerateKey", "C_Encrypt", "C_Decrypt"]) {
        assert!(text.contains(&format!("{name} ")), "{name} is not in the log, so this proves nothing:\n{text}");
    }
    assert!(text.contains("CKA_VALUE") && text.contains("CKA_PRIVATE_EXPONENT"), "{text}");
    no_secret_is_in(&text);
}

#[test]
fn no_secret_over_an_old_library() {
    isolated(|| nothing_secret_with("2.40"));
}

#[test]
fn no_secret_over_a_new_library() {
    isolated(|| nothing_secret_with("3.2"));
}

/// The forms that are looked for are those in which a careless log would show bytes.
#[test]
fn the_search_for_secrets_finds_them() {
    for shown in
        [format!("{PIN:?}"), format!("{PIN:02x?}").replace(", ", ""), String::from_utf8_lossy(PIN).into_owned()]
    {
        assert!(std::panic::catch_unwind(|| no_secret_is_in(&shown)).is_err(), "{shown}");
    }
}
