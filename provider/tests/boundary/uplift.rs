//! What a host may use of PKCS#11 3.x over a library of 2.40 (design D8).

use std::ptr;

use cryptoki_sys::*;
use ukeyhub_artefacts::isolated;
use ukeyhub_vendors::functions::{Class, Since};

use crate::hosts::attributes::{Attributes, p256_pair};
use crate::hosts::call;
use crate::hosts::{Module, libraries, plain_mechanism, refused};
use crate::signatures::{Scratch, of_list};

/// Functions of 3.x that software can stand in for.
const STOOD_IN_FOR: [&str; 12] = [
    "C_LoginUser",
    "C_SessionCancel",
    "C_MessageSignInit",
    "C_SignMessage",
    "C_SignMessageBegin",
    "C_SignMessageNext",
    "C_MessageSignFinal",
    "C_MessageVerifyInit",
    "C_VerifyMessage",
    "C_VerifyMessageBegin",
    "C_VerifyMessageNext",
    "C_MessageVerifyFinal",
];

fn everything_else_is_not_supported(module: &Module, session: CK_SESSION_HANDLE) {
    // SAFETY: the 3.2 list has 104 functions.
    let functions = unsafe { of_list((&raw const module.list).cast(), 104) };
    let mut asked = 0;
    for function in functions {
        let row = function.row;
        if row.since == Since::v2_40 || row.class != Class::Session || STOOD_IN_FOR.contains(&row.name) {
            continue;
        }
        let (_memory, words) = Scratch::for_call(&function);
        assert_eq!(function.call(session as usize, &words), refused(CKR_FUNCTION_NOT_SUPPORTED), "{}", row.name);
        asked += 1;
    }
    assert_eq!(asked, 104 - 68 - 2 - STOOD_IN_FOR.len());
}

#[test]
fn functions_that_nothing_stands_in_for_are_not_supported() {
    isolated(|| {
        let _mock = libraries::one_mock(&[]);
        let module = Module::load();
        module.initialize().unwrap();
        everything_else_is_not_supported(&module, module.open(module.only_slot()).unwrap());
        module.finalize().unwrap();
    });
}

#[test]
fn functions_that_nothing_stands_in_for_are_not_supported_over_softhsm() {
    isolated(|| {
        let _store = libraries::one_softhsm();
        let module = Module::load();
        module.initialize().unwrap();
        everything_else_is_not_supported(&module, module.open(module.slots(true)[0]).unwrap());
        module.finalize().unwrap();
    });
}

#[test]
fn login_by_name_is_login_where_the_name_is_empty() {
    isolated(|| {
        let mock = libraries::one_mock(&[]);
        let module = Module::load();
        module.initialize().unwrap();
        let session = module.open(module.only_slot()).unwrap();
        let login = |pin: &mut [u8], name: &mut [u8]| {
            let name_start = if name.is_empty() { ptr::null_mut() } else { name.as_mut_ptr() };
            let (pin_length, name_length) = (pin.len() as CK_ULONG, name.len() as CK_ULONG);
            call!(module, C_LoginUser, session, CKU_USER, pin.as_mut_ptr(), pin_length, name_start, name_length)
        };
        let (mut right, mut wrong) = (*b"1234", *b"4321");
        assert_eq!(login(&mut right, &mut b"someone".to_owned()), refused(CKR_FUNCTION_NOT_SUPPORTED));
        assert_eq!(mock.calls("C_Login"), 0, "a PIN try was spent");
        assert_eq!(login(&mut wrong, &mut []), refused(CKR_PIN_INCORRECT));
        assert_eq!(login(&mut right, &mut []), Ok(()));
        assert_eq!(login(&mut right, &mut []), refused(CKR_USER_ALREADY_LOGGED_IN));
        assert_eq!(module.session_info(session).map(|info| info.state), Ok(CKS_RW_USER_FUNCTIONS));
        module.finalize().unwrap();
    });
}

/// Starts searches, digests and verifications in every phase and cancels them; then each can be started again.
fn operations_are_cancelled(
    module: &Module,
    slot: CK_SLOT_ID,
    mechanism: CK_MECHANISM_TYPE,
    pair: (Attributes, Attributes),
) {
    let session = module.open(slot).unwrap();
    module.login(session, CKU_USER, "1234").unwrap();
    let generate = if mechanism == CKM_ECDSA_SHA256 { CKM_EC_KEY_PAIR_GEN } else { CKM_RSA_PKCS_KEY_PAIR_GEN };
    let (public, private) = module.generate_pair(session, generate, &pair.0, &pair.1).unwrap();
    let mut part = *b"part";
    let start = part.as_mut_ptr();
    let cancel = |flags| call!(module, C_SessionCancel, session, flags);
    let begin_search = || call!(module, C_FindObjectsInit, session, ptr::null_mut(), 0);
    let begin_digest = || {
        let mut mechanism = plain_mechanism(CKM_SHA256);
        call!(module, C_DigestInit, session, &raw mut mechanism)
    };
    let begin_verify = || {
        let mut mechanism = plain_mechanism(mechanism);
        call!(module, C_VerifyInit, session, &raw mut mechanism, public)
    };

    assert_eq!(cancel(CKF_FIND_OBJECTS | CKF_DIGEST | CKF_VERIFY), Ok(()), "nothing runs");
    assert_eq!(cancel(0), Ok(()));
    for _ in 0..2 {
        begin_search().unwrap();
        assert_eq!(begin_search(), refused(CKR_OPERATION_ACTIVE));
        assert_eq!(cancel(CKF_FIND_OBJECTS), Ok(()));
        begin_digest().unwrap();
        assert_eq!(cancel(CKF_DIGEST), Ok(()));
        begin_digest().unwrap();
        call!(module, C_DigestUpdate, session, start, 4).unwrap();
        assert_eq!(cancel(CKF_DIGEST), Ok(()));
        begin_verify().unwrap();
        assert_eq!(cancel(CKF_VERIFY), Ok(()));
        begin_verify().unwrap();
        call!(module, C_VerifyUpdate, session, start, 4).unwrap();
        assert_eq!(cancel(CKF_VERIFY), Ok(()));
    }
    begin_search().unwrap();
    assert_eq!(cancel(CKF_FIND_OBJECTS | CKF_DIGEST | CKF_VERIFY), Ok(()));
    begin_search().unwrap();
    cancel(CKF_FIND_OBJECTS).unwrap();

    // A signature is never made to end one.
    module.sign_init(session, mechanism, private).unwrap();
    for flags in [CKF_SIGN, CKF_ENCRYPT, CKF_DECRYPT, CKF_SIGN_RECOVER, CKF_SIGN | CKF_DIGEST, CKF_MESSAGE_ENCRYPT] {
        assert_eq!(cancel(flags), refused(CKR_OPERATION_CANCEL_FAILED), "{flags:#x}");
    }
    assert!(module.sign(session, b"data").is_ok(), "the operation runs on");
    module.close(session).unwrap();
}

#[test]
fn operations_without_a_secret_can_be_cancelled() {
    isolated(|| {
        let mock = libraries::one_mock(&[]);
        let module = Module::load();
        module.initialize().unwrap();
        let none = Attributes::new();
        operations_are_cancelled(&module, module.only_slot(), CKM_ECDSA_SHA256, (none.clone(), none));
        assert_eq!(mock.calls("C_SessionCancel"), 0);
        assert_eq!(mock.calls("C_Sign"), 1);
        module.finalize().unwrap();
    });
}

#[test]
fn operations_without_a_secret_can_be_cancelled_over_softhsm() {
    isolated(|| {
        let _store = libraries::one_softhsm();
        let module = Module::load();
        module.initialize().unwrap();
        let slot = module.slots(true)[0];
        operations_are_cancelled(&module, slot, CKM_SHA256_RSA_PKCS, crate::hosts::attributes::rsa_pair());
        let session = module.open(slot).unwrap();
        module.login(session, CKU_USER, "1234").unwrap();
        let (public, private) = p256_pair();
        assert!(module.generate_pair(session, CKM_EC_KEY_PAIR_GEN, &public, &private).is_ok());
        module.finalize().unwrap();
    });
}
