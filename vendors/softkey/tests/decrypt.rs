//! Decryption with private keys of containers, in each of the shapes that products have.
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

mod pairs;
mod stage;

use std::ffi::c_void;

use pairs::*;
use stage::*;
use ukeyhub_artefacts::isolated;
use ukeyhub_softkey::crypto::sm2;
use ukeyhub_softkey::entry::*;
use ukeyhub_softkey::store::Usage;
use ukeyhub_softkey::views::ULONG;

const ALL: &str = "SKF_PrvKeyDecrypt/5, SKF_ECCPrvKeyDecrypt/4, SKF_ECCDecrypt/4, SKF_RSAPrvKeyDecrypt/5, SKF_PriRsaDecrypt/6, SKF_RSADecrypt/5";

/// A word that the function must not look at.
const UNSET: *mut c_void = std::ptr::without_provenance_mut(usize::MAX);

fn word<T>(pointer: *const T) -> *mut c_void {
    pointer.cast_mut().cast()
}

fn flag(value: usize) -> *mut c_void {
    std::ptr::without_provenance_mut(value)
}

#[test]
fn the_pair_is_the_one_that_the_arguments_name() {
    isolated(|| {
        let stage = stage();
        let key = stage.key_of("key", "standard", &[("functions.private-decrypt", ALL)]);
        let (_, application) = open("key");
        log_in(application);
        let container = container(application, BOX);
        let encryption = put_sm2(&key, BOX, Usage::Encryption);
        let cipher = |key: &sm2::PrivateKey| cipher_blob(&key.public().encrypt(b"message").unwrap());
        let to_encryption = cipher(&encryption);
        let by_kind = |kind: usize, blob: &[u8]| {
            output(|out, len| unsafe {
                SKF_PrvKeyDecrypt(container, flag(kind), word(blob.as_ptr()), out.cast(), word(len))
            })
        };
        let plain =
            |blob: &[u8]| output(|out, len| unsafe { SKF_ECCPrvKeyDecrypt(container, blob.as_ptr().cast(), out, len) });
        let short = |blob: &[u8]| {
            output(|out, len| unsafe { SKF_ECCDecrypt(container, word(blob.as_ptr()), out.cast(), word(len), UNSET) })
        };
        let message = Ok(b"message".to_vec());
        assert_eq!((by_kind(1, &to_encryption), plain(&to_encryption)), (message.clone(), message.clone()));
        assert_eq!(short(&to_encryption), message);
        assert_eq!(by_kind(2, &to_encryption), Err(SAR_KEYNOTFOUNTERR));
        let signing = put_sm2(&key, BOX, Usage::Signing);
        let to_signing = cipher(&signing);
        assert_eq!(by_kind(2, &to_signing), message);
        assert_eq!((by_kind(1, &to_signing), by_kind(2, &to_encryption)), (Err(SAR_FAIL), Err(SAR_FAIL)));
        assert_eq!(
            (by_kind(0, &to_signing), by_kind(3, &to_signing)),
            (Err(SAR_INVALIDPARAMERR), Err(SAR_INVALIDPARAMERR))
        );
        assert_eq!(plain(&to_signing), Err(SAR_FAIL));
        let mut small = [0xAA_u8; 6];
        let mut room: ULONG = 6;
        let blob = to_encryption.as_ptr().cast();
        let code = unsafe { SKF_ECCPrvKeyDecrypt(container, blob, small.as_mut_ptr(), &mut room) };
        assert_eq!((ok(code), room, small), (Err(SAR_BUFFER_TOO_SMALL), 7, [0xAA; 6]));
        let long = cipher_blob(&encryption.public().encrypt(&[0; 1025]).unwrap());
        assert_eq!(plain(&long), Err(SAR_INDATALENERR));
        assert_eq!(ok(unsafe { SKF_ClearSecureState(application) }), Ok(()));
        assert_eq!(
            (plain(&to_encryption), short(&to_encryption)),
            (Err(SAR_USER_NOT_LOGGED_IN), Err(SAR_USER_NOT_LOGGED_IN))
        );
    });
}

#[test]
fn other_products_have_another_number_of_arguments() {
    isolated(|| {
        let stage = stage();
        let shapes = "SKF_PrvKeyDecrypt/4, SKF_ECCDecrypt/5";
        let options = &[("functions.private-decrypt", shapes), ("errors.ecc-failed", "0x0B000038")];
        let key = stage.key_of("key", "standard", options);
        let (_, application) = open("key");
        log_in(application);
        let container = container(application, BOX);
        let (encryption, signing) = (put_sm2(&key, BOX, Usage::Encryption), put_sm2(&key, BOX, Usage::Signing));
        let cipher = |key: &sm2::PrivateKey| cipher_blob(&key.public().encrypt(b"message").unwrap());
        let (to_encryption, to_signing) = (cipher(&encryption), cipher(&signing));
        let short = |blob: &[u8]| {
            output(|out, len| unsafe {
                SKF_PrvKeyDecrypt(container, word(blob.as_ptr()), out.cast(), word(len), UNSET)
            })
        };
        let by_flag = |sign: usize, blob: &[u8]| {
            output(|out, len| unsafe {
                SKF_ECCDecrypt(container, flag(sign), word(blob.as_ptr()), out.cast(), word(len))
            })
        };
        let message = Ok(b"message".to_vec());
        assert_eq!((short(&to_encryption), short(&to_signing)), (message.clone(), Err(0x0B00_0038)));
        assert_eq!((by_flag(0, &to_encryption), by_flag(1, &to_signing)), (message.clone(), message));
        assert_eq!((by_flag(1, &to_encryption), by_flag(0, &to_signing)), (Err(0x0B00_0038), Err(0x0B00_0038)));
        // What the product has not, answers so.
        let blob = to_encryption.as_ptr().cast();
        let plain = output(|out, len| unsafe { SKF_ECCPrvKeyDecrypt(container, blob, out, len) });
        assert_eq!(plain, Err(SAR_NOTSUPPORTYETERR));
    });
}

#[test]
fn rsa_messages_are_decrypted() {
    isolated(|| {
        let stage = stage();
        let options = &[
            ("functions.private-decrypt", ALL),
            ("errors.padding", "0x0B000001"),
            ("errors.encryption-key-missing", "SAR_FILE_NOT_EXIST"),
        ];
        let key = stage.key_of("key", "standard", options);
        let (_, application) = open("key");
        log_in(application);
        let container = container(application, BOX);
        let signing = put_rsa(&key, BOX, Usage::Signing, 1024);
        // Names without a kind mean the encryption pair.
        let all = |cipher: &[u8]| {
            let (at, count) = (cipher.as_ptr(), len(cipher));
            let one = output(|out, size| unsafe { SKF_RSAPrvKeyDecrypt(container, at, count, out, size) });
            let two = output(|out, size| unsafe { SKF_RSADecrypt(container, at, count, out, size) });
            let three = output(|out, size| unsafe { SKF_PriRsaDecrypt(container, 1, at, count, out, size) });
            assert_eq!((&one, &one), (&two, &three));
            one
        };
        let by_kind = |kind: ULONG, cipher: &[u8]| {
            let (at, count) = (cipher.as_ptr(), len(cipher));
            output(|out, size| unsafe { SKF_PriRsaDecrypt(container, kind, at, count, out, size) })
        };
        let to_signing = signing.public().encrypt(b"signing").unwrap();
        assert_eq!(all(&to_signing), Err(SAR_FILE_NOT_EXIST));
        let encryption = put_rsa(&key, BOX, Usage::Encryption, 2048);
        let longest = vec![9; 245];
        for message in [&b"m"[..], b"", &longest] {
            assert_eq!(all(&encryption.public().encrypt(message).unwrap()).unwrap(), message);
        }
        assert_eq!(by_kind(2, &to_signing).unwrap(), b"signing");
        assert_eq!(
            (by_kind(0, &to_signing), by_kind(3, &to_signing)),
            (Err(SAR_INVALIDPARAMERR), Err(SAR_INVALIDPARAMERR))
        );
        assert_eq!(all(&to_signing), Err(SAR_INDATALENERR));
        assert_eq!(all(&[]), Err(SAR_INDATALENERR));
        assert_eq!(all(&[0xFF; 256]), Err(SAR_INDATAERR));
        assert_eq!(all(&encryption.public().raw(&[1; 256]).unwrap()), Err(0x0B00_0001));

        let cipher = encryption.public().encrypt(b"message").unwrap();
        let mut small = [0xAA_u8; 6];
        let mut room: ULONG = 6;
        let code = unsafe { SKF_RSADecrypt(container, cipher.as_ptr(), 256, small.as_mut_ptr(), &mut room) };
        assert_eq!((ok(code), room, small), (Err(SAR_BUFFER_TOO_SMALL), 7, [0xAA; 6]));
        let blob = cipher_blob(&sm2::PrivateKey::generate().unwrap().public().encrypt(b"m").unwrap());
        let wrong = output(|out, len| unsafe { SKF_ECCPrvKeyDecrypt(container, blob.as_ptr().cast(), out, len) });
        assert_eq!(wrong, Err(SAR_KEYINFOTYPEERR));
        assert_eq!(ok(unsafe { SKF_ClearSecureState(application) }), Ok(()));
        assert_eq!(all(&cipher), Err(SAR_USER_NOT_LOGGED_IN));
    });
}
