//! Every mechanism passes, also unknown and vendor-defined ones, with its parameter byte for byte.

use std::ptr;

use cryptoki_sys::*;
use ukeyhub_artefacts::isolated;
use ukeyhub_vendors::error::Outcome;

use crate::hosts::attributes::Attributes;
use crate::hosts::call;
use crate::hosts::mock::Mock;
use crate::hosts::{Module, libraries, plain_mechanism};

fn parameters() -> Vec<Vec<u8>> {
    let odd = |length: usize| (0..length).map(|at| (at * 37 + 11) as u8).collect();
    vec![Vec::new(), odd(1), odd(7), odd(16), odd(33), odd(1021), vec![0; 24], vec![0xFF; 24]]
}

const KINDS: [CK_MECHANISM_TYPE; 7] =
    [CKM_RSA_PKCS, CKM_AES_GCM, CKM_RSA_PKCS_PSS, 0x4242, CKM_VENDOR_DEFINED, CKM_VENDOR_DEFINED | 0x7FFF_FFFF, 0];

/// Calls `start` with each mechanism and parameter, and looks at what reached the mock.
fn pass(mock: &Mock, what: &str, mut start: impl FnMut(*mut CK_MECHANISM) -> Outcome) {
    for kind in KINDS {
        for parameter in parameters() {
            let mut given = parameter.clone();
            let pointer = if given.is_empty() { ptr::null_mut() } else { given.as_mut_ptr().cast() };
            let mut mechanism =
                CK_MECHANISM { mechanism: kind, pParameter: pointer, ulParameterLen: given.len() as CK_ULONG };
            start(&raw mut mechanism).unwrap_or_else(|error| panic!("{what} with {kind:#x}: {error}"));
            assert_eq!(mock.last(), (kind, parameter.clone()), "{what}");
            assert_eq!(given, parameter, "{what} changed the host's parameter");
        }
    }
}

#[test]
fn mechanisms_of_all_operations_reach_the_library_untouched() {
    isolated(|| {
        let mock = libraries::one_mock(&[]);
        let module = Module::load();
        module.initialize().unwrap();
        let session = module.open(module.only_slot()).unwrap();
        module.login(session, CKU_USER, "1234").unwrap();
        let none = Attributes::new();
        let (public, private) = module.generate_pair(session, CKM_EC_KEY_PAIR_GEN, &none, &none).unwrap();
        let mut key = 0;
        let mut generate = plain_mechanism(CKM_AES_KEY_GEN);
        call!(module, C_GenerateKey, session, &raw mut generate, ptr::null_mut(), 0, &raw mut key).unwrap();

        let fresh = || module.open(module.only_slot()).unwrap();
        pass(&mock, "C_EncryptInit", |mechanism| {
            let session = fresh();
            call!(module, C_EncryptInit, session, mechanism, key)?;
            module.close(session)
        });
        pass(&mock, "C_DecryptInit", |mechanism| {
            let session = fresh();
            call!(module, C_DecryptInit, session, mechanism, key)?;
            module.close(session)
        });
        pass(&mock, "C_DigestInit", |mechanism| {
            let session = fresh();
            call!(module, C_DigestInit, session, mechanism)?;
            module.close(session)
        });
        pass(&mock, "C_SignInit", |mechanism| {
            let session = fresh();
            call!(module, C_SignInit, session, mechanism, private)?;
            module.close(session)
        });
        pass(&mock, "C_VerifyInit", |mechanism| {
            let session = fresh();
            call!(module, C_VerifyInit, session, mechanism, public)?;
            module.close(session)
        });
        pass(&mock, "C_SignRecoverInit", |mechanism| {
            let session = fresh();
            call!(module, C_SignRecoverInit, session, mechanism, private)?;
            module.close(session)
        });
        pass(&mock, "C_VerifyRecoverInit", |mechanism| {
            let session = fresh();
            call!(module, C_VerifyRecoverInit, session, mechanism, public)?;
            module.close(session)
        });
        pass(&mock, "C_GenerateKey", |mechanism| {
            let mut made = 0;
            call!(module, C_GenerateKey, session, mechanism, ptr::null_mut(), 0, &raw mut made)
        });
        pass(&mock, "C_DeriveKey", |mechanism| {
            let mut made = 0;
            call!(module, C_DeriveKey, session, mechanism, key, ptr::null_mut(), 0, &raw mut made)
        });
        pass(&mock, "C_WrapKey", |mechanism| {
            let (mut room, mut length) = ([0; 512], 512);
            call!(module, C_WrapKey, session, mechanism, key, key, room.as_mut_ptr(), &raw mut length)
        });
        module.finalize().unwrap();
    });
}

/// A 3.2 library's own functions of 3.0 and 3.2 are used, and get the host's parameters.
#[test]
fn functions_of_a_new_library_are_passed_through() {
    isolated(|| {
        let mock = libraries::one_mock(&["version=3.2"]);
        let module = Module::load();
        module.initialize().unwrap();
        let session = module.open(module.only_slot()).unwrap();
        let (mut pin, mut name) = (*b"1234", *b"someone");
        call!(module, C_LoginUser, session, CKU_USER, pin.as_mut_ptr(), 4, name.as_mut_ptr(), 7).unwrap();
        assert_eq!([mock.calls("C_LoginUser"), mock.calls("C_Login")], [1, 0]);
        let none = Attributes::new();
        let (public, private) = module.generate_pair(session, CKM_EC_KEY_PAIR_GEN, &none, &none).unwrap();

        let fresh = || module.open(module.only_slot()).unwrap();
        pass(&mock, "C_MessageEncryptInit", |mechanism| {
            let session = fresh();
            call!(module, C_MessageEncryptInit, session, mechanism, public)?;
            module.close(session)
        });
        pass(&mock, "C_MessageSignInit", |mechanism| {
            let session = fresh();
            call!(module, C_MessageSignInit, session, mechanism, private)?;
            module.close(session)
        });
        pass(&mock, "C_MessageVerifyInit", |mechanism| {
            let session = fresh();
            call!(module, C_MessageVerifyInit, session, mechanism, public)?;
            module.close(session)
        });
        let (mut room, mut length, mut made) = ([0u8; 512], 512, 0);
        pass(&mock, "C_EncapsulateKey", |mechanism| {
            length = 512;
            let (room, length, made) = (room.as_mut_ptr(), &raw mut length, &raw mut made);
            call!(module, C_EncapsulateKey, session, mechanism, public, ptr::null_mut(), 0, room, length, made)
        });

        // The parameter of one message.
        let mut mechanism = plain_mechanism(CKM_VENDOR_DEFINED | 5);
        call!(module, C_MessageSignInit, session, &raw mut mechanism, private).unwrap();
        let (mut data, mut parameter) = (*b"message", *b"\x01\x00odd parameter\xFF");
        length = 512;
        let (given, size) = (parameter.as_mut_ptr().cast(), parameter.len() as CK_ULONG);
        let (from, output) = (data.as_mut_ptr(), room.as_mut_ptr());
        call!(module, C_SignMessage, session, given, size, from, 7, output, &raw mut length).unwrap();
        assert_eq!(mock.last(), (CKM_VENDOR_DEFINED | 5, b"\x01\x00odd parameter\xFF".to_vec()));
        assert_eq!([mock.calls("C_SignMessage"), mock.calls("C_SignInit"), mock.calls("C_Sign")], [1, 0, 0]);
        assert_eq!(call!(module, C_SessionCancel, session, CKF_MESSAGE_SIGN), Ok(()));
        assert_eq!(mock.calls("C_SessionCancel"), 1);
        module.finalize().unwrap();
    });
}
