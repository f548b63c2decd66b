//! The operation state machine and the toy transforms: what is signed verifies, what is encrypted decrypts.

use std::ptr;

use cryptoki_sys::{
    CK_BYTE, CK_FUNCTION_LIST, CK_MECHANISM, CK_ULONG, CKA_ALWAYS_AUTHENTICATE, CKA_VALUE, CKF_END_OF_MESSAGE,
    CKF_SIGN, CKM_ECDSA, CKM_RSA_PKCS, CKM_RSA_PKCS_KEY_PAIR_GEN, CKM_SHA256, CKM_VENDOR_DEFINED, CKR_BUFFER_TOO_SMALL,
    CKR_KEY_HANDLE_INVALID, CKR_OK, CKR_OPERATION_ACTIVE, CKR_OPERATION_NOT_INITIALIZED, CKR_SIGNATURE_INVALID,
    CKR_SIGNATURE_LEN_RANGE, CKR_USER_NOT_LOGGED_IN, CKU_CONTEXT_SPECIFIC,
};
use ukeyhub_artefacts::isolated;

use crate::call;
use crate::library::{Mock, attribute, logged_in, login, mechanism, pair, twice};

const DATA: &[u8] = b"what is to be signed, digested or hidden";

fn input(bytes: &[u8]) -> (*mut CK_BYTE, CK_ULONG) {
    (bytes.as_ptr().cast_mut(), bytes.len() as CK_ULONG)
}

#[test]
fn a_signature_verifies_and_a_changed_one_does_not() {
    isolated(|| {
        let list = Mock::load().start();
        let session = logged_in(&list);
        let (public, private) = pair(&list, session);
        let mut plain = mechanism(CKM_RSA_PKCS, &[]);
        let (data, length) = input(DATA);
        let sign = |out, out_length| call!(list.C_Sign(session, data, length, out, out_length));
        assert_eq!(twice(sign), Err(CKR_OPERATION_NOT_INITIALIZED));
        assert_eq!(call!(list.C_SignInit(session, &raw mut plain, 999)), CKR_KEY_HANDLE_INVALID);
        assert_eq!(call!(list.C_SignInit(session, &raw mut plain, private)), CKR_OK);
        assert_eq!(call!(list.C_SignInit(session, &raw mut plain, private)), CKR_OPERATION_ACTIVE);
        let (mut short, mut short_length) = ([0; 8], 8);
        assert_eq!(sign(short.as_mut_ptr(), &raw mut short_length), CKR_BUFFER_TOO_SMALL);
        let signature = twice(sign).unwrap();
        assert_eq!((signature.len(), twice(sign)), (64, Err(CKR_OPERATION_NOT_INITIALIZED)));

        assert_eq!(call!(list.C_SignInit(session, &raw mut plain, private)), CKR_OK);
        for part in DATA.chunks(7) {
            assert_eq!(call!(list.C_SignUpdate(session, input(part).0, input(part).1)), CKR_OK);
        }
        let final_part = |out, out_length| call!(list.C_SignFinal(session, out, out_length));
        assert_eq!(twice(final_part).unwrap(), signature);

        let verify = |signature: &[u8]| {
            let mut plain = mechanism(CKM_RSA_PKCS, &[]);
            assert_eq!(call!(list.C_VerifyInit(session, &raw mut plain, public)), CKR_OK);
            call!(list.C_Verify(session, data, length, input(signature).0, input(signature).1))
        };
        let mut changed = signature.clone();
        changed[5] ^= 1;
        let answers = [verify(&signature), verify(&changed), verify(&signature[1..])];
        assert_eq!(answers, [CKR_OK, CKR_SIGNATURE_INVALID, CKR_SIGNATURE_LEN_RANGE]);
    });
}

#[test]
fn a_digest_does_not_depend_on_its_parts() {
    isolated(|| {
        let list = Mock::load().start();
        let session = logged_in(&list);
        let mut sha = mechanism(CKM_SHA256, &[]);
        assert_eq!(call!(list.C_DigestInit(session, &raw mut sha)), CKR_OK);
        let (data, length) = input(DATA);
        let whole = twice(|out, out_length| call!(list.C_Digest(session, data, length, out, out_length))).unwrap();
        assert_eq!(call!(list.C_DigestInit(session, &raw mut sha)), CKR_OK);
        assert_eq!(call!(list.C_DigestUpdate(session, data, 9)), CKR_OK);
        let state = twice(|out, out_length| call!(list.C_GetOperationState(session, out, out_length))).unwrap();
        assert_eq!(call!(list.C_DigestInit(session, ptr::null_mut())), CKR_OK);
        assert_eq!(call!(list.C_SetOperationState(session, input(&state).0, input(&state).1, 0, 0)), CKR_OK);
        let rest = input(&DATA[9..]);
        assert_eq!(call!(list.C_DigestUpdate(session, rest.0, rest.1)), CKR_OK);
        let parts = twice(|out, out_length| call!(list.C_DigestFinal(session, out, out_length))).unwrap();
        assert_eq!((whole.len(), parts), (32, whole));
    });
}

#[test]
fn what_is_encrypted_decrypts() {
    isolated(|| {
        let list = Mock::load().start();
        let session = logged_in(&list);
        let (public, private) = pair(&list, session);
        let mut any = mechanism(CKM_VENDOR_DEFINED | 7, b"parameter");
        let (data, length) = input(DATA);
        assert_eq!(call!(list.C_EncryptInit(session, &raw mut any, public)), CKR_OK);
        let hidden = twice(|out, out_length| call!(list.C_Encrypt(session, data, length, out, out_length))).unwrap();
        assert_ne!(hidden, DATA);
        assert_eq!(call!(list.C_DecryptInit(session, &raw mut any, private)), CKR_OK);
        let mut shown = Vec::new();
        for part in hidden.chunks(11) {
            let (part, length) = input(part);
            let update = |out, out_length| call!(list.C_DecryptUpdate(session, part, length, out, out_length));
            shown.extend(twice(update).unwrap());
        }
        let end = |out, out_length| call!(list.C_DecryptFinal(session, out, out_length));
        assert_eq!((twice(end), shown.as_slice()), (Ok(Vec::new()), DATA));
        assert_eq!(twice(end), Err(CKR_OPERATION_NOT_INITIALIZED));
    });
}

#[test]
fn a_key_may_ask_for_the_pin_each_time() {
    isolated(|| {
        let list = Mock::load().start();
        let session = logged_in(&list);
        let mut generation = mechanism(CKM_RSA_PKCS_KEY_PAIR_GEN, &[]);
        let mut always = [attribute(CKA_ALWAYS_AUTHENTICATE, &[1])];
        let (mut public, mut private) = (0, 0);
        let (none, always) = (ptr::null_mut(), always.as_mut_ptr());
        let made = call!(list.C_GenerateKeyPair(
            session,
            &raw mut generation,
            none,
            0,
            always,
            1,
            &raw mut public,
            &raw mut private
        ));
        assert_eq!(made, CKR_OK);
        assert_eq!(login(&list, session, CKU_CONTEXT_SPECIFIC, "1234"), CKR_OPERATION_NOT_INITIALIZED);
        let mut plain = mechanism(CKM_ECDSA, &[]);
        assert_eq!(call!(list.C_SignInit(session, &raw mut plain, private)), CKR_OK);
        let (data, length) = input(DATA);
        let sign = |out, out_length| call!(list.C_Sign(session, data, length, out, out_length));
        assert_eq!(twice(sign), Err(CKR_USER_NOT_LOGGED_IN));
        assert_eq!(login(&list, session, CKU_CONTEXT_SPECIFIC, "1234"), CKR_OK);
        assert!(twice(sign).is_ok());
    });
}

#[test]
fn wrapped_and_recovered_values_are_the_same() {
    isolated(|| {
        let list = Mock::load().start();
        let session = logged_in(&list);
        let (public, private) = pair(&list, session);
        let mut any = mechanism(1, &[]);
        let (mut key, mut again, none) = (0, 0, ptr::null_mut());
        assert_eq!(call!(list.C_GenerateKey(session, &raw mut any, none, 0, &raw mut key)), CKR_OK);
        let wrap = |out, length| {
            let mut any = mechanism(1, &[]);
            call!(list.C_WrapKey(session, &raw mut any, public, key, out, length))
        };
        let wrapped = twice(wrap).unwrap();
        let (bytes, length) = input(&wrapped);
        let unwrapped = call!(list.C_UnwrapKey(session, &raw mut any, private, bytes, length, none, 0, &raw mut again));
        assert_eq!(unwrapped, CKR_OK);
        assert_eq!(value(&list, session, key), value(&list, session, again));

        assert_eq!(call!(list.C_SignRecoverInit(session, &raw mut any, private)), CKR_OK);
        let (data, length) = input(DATA);
        let sign = |out, out_length| call!(list.C_SignRecover(session, data, length, out, out_length));
        let signature = twice(sign).unwrap();
        assert_eq!(call!(list.C_VerifyRecoverInit(session, &raw mut any, public)), CKR_OK);
        let (bytes, length) = input(&signature);
        let recover = |out, out_length| call!(list.C_VerifyRecover(session, bytes, length, out, out_length));
        assert_eq!(twice(recover).unwrap(), DATA);
    });
}

fn value(list: &CK_FUNCTION_LIST, session: CK_ULONG, key: CK_ULONG) -> Vec<u8> {
    let mut value = vec![0; 32];
    let mut template = [attribute(CKA_VALUE, &[])];
    template[0].pValue = value.as_mut_ptr().cast();
    template[0].ulValueLen = 32;
    assert_eq!(call!(list.C_GetAttributeValue(session, key, template.as_mut_ptr(), 1)), CKR_OK);
    value
}

#[test]
fn messages_and_the_functions_of_3_2_work() {
    isolated(|| {
        let mock = Mock::load();
        let list = mock.list_3_2();
        let old = mock.list();
        let session = logged_in(&old);
        let (public, private) = pair(&old, session);
        let mut any: CK_MECHANISM = mechanism(3, &[]);
        let (data, length) = input(DATA);
        let mut nonce = *b"nonce";
        let nonce_at = nonce.as_mut_ptr().cast();

        assert_eq!(call!(list.C_MessageEncryptInit(session, &raw mut any, public)), CKR_OK);
        let hidden = twice(|out, out_length| {
            call!(list.C_EncryptMessage(session, nonce_at, 5, ptr::null_mut(), 0, data, length, out, out_length))
        });
        let hidden = hidden.unwrap();
        assert_eq!(mock.seen("ukeyhub_mock_last").1, b"nonce");
        assert_eq!(call!(list.C_MessageEncryptFinal(session)), CKR_OK);
        assert_eq!(call!(list.C_MessageDecryptInit(session, &raw mut any, private)), CKR_OK);
        assert_eq!(call!(list.C_DecryptMessageBegin(session, nonce_at, 5, ptr::null_mut(), 0)), CKR_OK);
        let mut shown = vec![0; DATA.len()];
        for (at, flags) in [(0, 0), (20, CKF_END_OF_MESSAGE)] {
            let mut out_length = 20;
            let (part, out) = (hidden[at..].as_ptr().cast_mut(), shown[at..].as_mut_ptr());
            let length = if at == 0 { 20 } else { (DATA.len() - 20) as CK_ULONG };
            let next =
                call!(list.C_DecryptMessageNext(session, nonce_at, 5, part, length, out, &raw mut out_length, flags));
            assert_eq!(next, CKR_OK);
        }
        assert_eq!(shown, DATA);

        assert_eq!(call!(list.C_MessageSignInit(session, &raw mut any, private)), CKR_OK);
        let sign = |out, out_length| call!(list.C_SignMessage(session, nonce_at, 5, data, length, out, out_length));
        let (one, two) = (twice(sign).unwrap(), twice(sign).unwrap());
        assert_eq!(one, two);
        assert_eq!(call!(list.C_MessageVerifyInit(session, &raw mut any, public)), CKR_OK);
        let (bytes, bytes_length) = input(&one);
        let verified = call!(list.C_VerifyMessage(session, nonce_at, 5, data, length, bytes, bytes_length));
        assert_eq!(verified, CKR_OK);

        assert_eq!(call!(list.C_SignInit(session, &raw mut any, private)), CKR_OK);
        let signature = twice(|out, out_length| call!(list.C_Sign(session, data, length, out, out_length))).unwrap();
        let (bytes, bytes_length) = input(&signature);
        let begun = call!(list.C_VerifySignatureInit(session, &raw mut any, public, bytes, bytes_length));
        assert_eq!(begun, CKR_OK);
        assert_eq!(call!(list.C_VerifySignature(session, data, length)), CKR_OK);

        let (mut sent_key, mut received_key, none) = (0, 0, ptr::null_mut());
        let (mut sent, mut sent_length) = ([0; 64], 64);
        let encapsulated = call!(list.C_EncapsulateKey(
            session,
            &raw mut any,
            public,
            none,
            0,
            sent.as_mut_ptr(),
            &raw mut sent_length,
            &raw mut sent_key
        ));
        assert_eq!(encapsulated, CKR_OK);
        let decapsulated = call!(list.C_DecapsulateKey(
            session,
            &raw mut any,
            private,
            none,
            0,
            sent.as_mut_ptr(),
            sent_length,
            &raw mut received_key
        ));
        assert_eq!(decapsulated, CKR_OK);
        assert_eq!(value(&old, session, sent_key), value(&old, session, received_key));

        assert_eq!(call!(list.C_SignInit(session, &raw mut any, private)), CKR_OK);
        assert_eq!(call!(list.C_SessionCancel(session, CKF_SIGN)), CKR_OK);
        assert_eq!(call!(list.C_SignUpdate(session, data, length)), CKR_OPERATION_NOT_INITIALIZED);
    });
}
