//! Compares the two sides by name. A difference must be listed here with its reason; one that is listed and no longer
//! occurs fails too.

use crate::Answers;
use crate::record::ENDED_EARLY;

/// A difference that is meant. How both texts begin is fixed, so that another difference in its place is noticed.
pub struct Difference {
    name: String,
    bare: &'static str,
    module: String,
    reason: &'static str,
}

/// Fails unless the sides differ in just the listed ways.
pub fn check(bare: &Answers, module: &Answers, expected: &[Difference]) {
    let mut faults = Vec::new();
    for (name, text) in bare.iter().chain(module) {
        if name.starts_with(ENDED_EARLY) {
            faults.push(format!("{name}: {text}"));
        }
    }
    let missing = "(no such result)";
    for name in bare.keys().chain(module.keys().filter(|name| !bare.contains_key(*name))) {
        let here = bare.get(name).map_or(missing, String::as_str);
        let there = module.get(name).map_or(missing, String::as_str);
        match expected.iter().find(|difference| difference.name == *name) {
            None if here == there => {}
            None => faults.push(format!("{name}\n    bare:   {here}\n    module: {there}")),
            Some(listed) if here.starts_with(listed.bare) && there.starts_with(&listed.module) => {
                eprintln!("expected: {name} ({}): {here} -> {there}", listed.reason);
            }
            Some(listed) => faults.push(format!(
                "{name}: a difference is listed ({}), but not this\n    bare:   {here}\n    module: {there}",
                listed.reason
            )),
        }
    }
    for listed in expected.iter().filter(|listed| !bare.contains_key(&listed.name)) {
        faults.push(format!("{}: listed as a difference, but no result has this name", listed.name));
    }
    assert!(faults.is_empty(), "{} faults in {} results:\n{}", faults.len(), bare.len(), faults.join("\n"));
    eprintln!("{} results, {} expected differences", bare.len(), expected.len());
}

fn difference(name: &str, bare: &'static str, module: &str, reason: &'static str) -> Difference {
    Difference { name: name.to_owned(), bare, module: module.to_owned(), reason }
}

/// Who the library says it is.
fn library_info(what: &str) -> Difference {
    difference(
        &format!("Pkcs11::get_library_info, {what}"),
        "Info { cryptoki_version: Version { major: 2, minor: 40 }, manufacturer_id: \"SoftHSM\"",
        "Info { cryptoki_version: Version { major: 3, minor: 2 }, manufacturer_id: \"ukeyhub\"",
        "the module speaks for itself, in the version of the interface it was asked through",
    )
}

/// What differs when the library was loaded before the host began.
pub fn of_a_preloaded_library() -> Vec<Difference> {
    vec![library_info("preloaded")]
}

/// What differs in a host's life over a library of 2.40.
pub fn of_a_whole_life() -> Vec<Difference> {
    let mut all = vec![
        library_info("initialised"),
        difference(
            "Pkcs11::is_fn_supported, 3.0",
            "0 of 24:",
            "24 of 24:",
            "the module offers every version's functions",
        ),
        difference(
            "Pkcs11::is_fn_supported, 3.2",
            "0 of 12:",
            "12 of 12:",
            "the module offers every version's functions",
        ),
        difference(
            "Pkcs11::wait_for_slot_event, until C_Finalize",
            "Pkcs11(FunctionNotSupported, WaitForSlotEvent)",
            "Pkcs11(CryptokiNotInitialized, WaitForSlotEvent)",
            "SoftHSM cannot wait; the module looks by itself until C_Finalize",
        ),
    ];
    for (method, function) in VERSION_THREE {
        all.push(difference(
            &format!("Session::{method}, {}", crate::version_three::WHAT),
            "NullFunctionPointer",
            &format!("Pkcs11(FunctionNotSupported, {function})"),
            "bare, cryptoki refuses by itself; the module has the function and says what the library cannot do",
        ));
    }
    all
}

/// Methods over functions of 3.0 and 3.2.
const VERSION_THREE: [(&str, &str); 17] = [
    ("message_encrypt_init", "MessageEncryptInit"),
    ("encrypt_message", "EncryptMessage"),
    ("encrypt_message_begin", "EncryptMessageBegin"),
    ("encrypt_message_next", "EncryptMessageNext"),
    ("message_encrypt_final", "MessageEncryptFinal"),
    ("message_decrypt_init", "MessageDecryptInit"),
    ("decrypt_message", "DecryptMessage"),
    ("decrypt_message_begin", "DecryptMessageBegin"),
    ("decrypt_message_next", "DecryptMessageNext"),
    ("message_decrypt_final", "MessageDecryptFinal"),
    ("encapsulate_key", "EncapsulateKey"),
    ("decapsulate_key", "DecapsulateKey"),
    ("verify_signature_init", "VerifySignatureInit"),
    ("verify_signature", "VerifySignature"),
    ("verify_signature_update", "VerifySignatureUpdate"),
    ("verify_signature_final", "VerifySignatureFinal"),
    ("get_validation_flags", "GetSessionValidationFlags"),
];
