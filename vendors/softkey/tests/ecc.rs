//! SM2 pairs, signatures and encryption as a host sees them.
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
use skf_sys::{EccPublicKeyBlob, EccSignatureBlob};
use stage::*;
use ukeyhub_artefacts::isolated;
use ukeyhub_softkey::crypto::encryption::Cipher;
use ukeyhub_softkey::crypto::sm2;
use ukeyhub_softkey::entry::*;
use ukeyhub_softkey::store::Usage;
use ukeyhub_softkey::views::{ULONG, WIDTH, bytes_of};

const SIGN: ULONG = 0x0002_0100;
const E: [u8; 32] = [0x5A; 32];

fn generate(container: *mut c_void, alg: ULONG) -> Result<EccPublicKeyBlob, u32> {
    filled(|out| unsafe { SKF_GenECCKeyPair(container, alg, out) })
}

fn sign(container: *mut c_void, digest: &[u8]) -> Result<EccSignatureBlob, u32> {
    filled(|out| unsafe { SKF_ECCSignData(container, digest.as_ptr(), len(digest), out) })
}

/// Both verifying functions, which must agree.
fn verify(device: *mut c_void, key: &EccPublicKeyBlob, e: &[u8], signature: &EccSignatureBlob) -> Result<(), u32> {
    let one = ok(unsafe { SKF_ECCVerify(device, key, e.as_ptr(), len(e), signature) });
    let other = ok(unsafe { SKF_ExtECCVerify(device, key, e.as_ptr(), len(e), signature) });
    assert_eq!(one, other);
    one
}

#[test]
fn a_signing_pair_is_generated_and_signs() {
    isolated(|| {
        let stage = stage();
        stage.key("key");
        let (device, application) = open("key");
        log_in(application);
        let container = container(application, BOX);
        assert_eq!(sign(container, &E).err(), Some(SAR_KEYNOTFOUNTERR));
        for wrong in [0x0002_0200, 0x0002_0400, 0x0001_0000, 0] {
            assert_eq!(generate(container, wrong).err(), Some(SAR_INVALIDPARAMERR));
        }
        let first = generate(container, SIGN).unwrap();
        let exported = || output(|out, len| unsafe { SKF_ExportPublicKey(container, 1, out, len) });
        assert_eq!(exported(), Ok(bytes_of(&first)));
        assert_eq!(number(|kind| unsafe { SKF_GetContainerType(container, kind) }), (Ok(()), 2));
        let signature = sign(container, &E).unwrap();
        assert_eq!(verify(device, &first, &E, &signature), Ok(()));
        let checked = sm2::PublicKey::from_blob(&first).unwrap();
        assert_eq!(checked.verify(&E, &sm2::Signature::from_blob(&signature).unwrap()), Ok(()));

        // A new pair takes the place of the old one.
        let second = generate(container, SIGN).unwrap();
        assert_eq!(exported(), Ok(bytes_of(&second)));
        assert_eq!(verify(device, &second, &E, &signature), Err(SAR_FAIL));
        assert_eq!(verify(device, &second, &E, &sign(container, &E).unwrap()), Ok(()));

        for wrong in [&E[..31], &[0x5A; 33], &[]] {
            assert_eq!(sign(container, wrong).err(), Some(SAR_INDATALENERR));
        }
        let null = filled::<EccSignatureBlob>(|out| unsafe { SKF_ECCSignData(container, std::ptr::null(), 32, out) });
        assert_eq!(null.err(), Some(SAR_INVALIDPARAMERR));
        assert_eq!(sign(application, &E).err(), Some(SAR_INVALIDHANDLEERR));
        assert_eq!(ok(unsafe { SKF_ClearSecureState(application) }), Ok(()));
        assert_eq!(sign(container, &E).err(), Some(SAR_USER_NOT_LOGGED_IN));
        assert_eq!(generate(container, SIGN).err(), Some(SAR_USER_NOT_LOGGED_IN));
        assert_eq!(exported(), Ok(bytes_of(&second)));
    });
}

#[test]
fn an_rsa_container_takes_no_sm2_pair() {
    isolated(|| {
        let stage = stage();
        let key = stage.key("key");
        let (_, application) = open("key");
        log_in(application);
        let container = container(application, BOX);
        put_rsa(&key, BOX, Usage::Signing, 1024);
        let before = output(|out, len| unsafe { SKF_ExportPublicKey(container, 1, out, len) }).unwrap();
        assert_eq!(generate(container, SIGN).err(), Some(SAR_KEYINFOTYPEERR));
        assert_eq!(sign(container, &E).err(), Some(SAR_KEYINFOTYPEERR));
        assert_eq!(output(|out, len| unsafe { SKF_ExportPublicKey(container, 1, out, len) }), Ok(before));
    });
}

#[test]
fn a_signature_that_does_not_fit_is_told_from_a_malformed_one() {
    isolated(|| {
        let stage = stage();
        stage.key("key");
        let device = connect("key").unwrap();
        let private = sm2::PrivateKey::generate().unwrap();
        let public = private.public().to_blob();
        let blob = private.to_blob();
        let sign = |e: &[u8]| {
            filled::<EccSignatureBlob>(|out| unsafe { SKF_ExtECCSign(device, &blob, e.as_ptr(), len(e), out) })
        };
        let good = sign(&E).unwrap();
        assert_eq!(verify(device, &public, &E, &good), Ok(()));
        assert_eq!(sign(&E[..20]).err(), Some(SAR_INDATALENERR));
        assert_eq!(verify(device, &public, &E[..31], &good), Err(SAR_INDATALENERR));
        assert_eq!(verify(device, &public, &[0x5B; 32], &good), Err(SAR_FAIL));
        for at in [32, 63] {
            let (mut r, mut s) = (good, good);
            r.r[at] ^= 1;
            s.s[at] ^= 1;
            assert_eq!(
                (verify(device, &public, &E, &r), verify(device, &public, &E, &s)),
                (Err(SAR_FAIL), Err(SAR_FAIL))
            );
        }
        let (mut unaligned, mut off_curve, mut short) = (good, public, public);
        unaligned.r[0] = 1;
        off_curve.y_coordinate[63] ^= 1;
        short.bit_len = 192;
        assert_eq!(verify(device, &public, &E, &unaligned), Err(SAR_INDATAERR));
        assert_eq!(verify(device, &off_curve, &E, &good), Err(SAR_INDATAERR));
        assert_eq!(verify(device, &short, &E, &good), Err(SAR_INDATAERR));
        let null = unsafe { SKF_ECCVerify(device, std::ptr::null(), E.as_ptr(), 32, &good) };
        assert_eq!(ok(null), Err(SAR_INVALIDPARAMERR));
        let null = unsafe { SKF_ExtECCVerify(device, &public, E.as_ptr(), 32, std::ptr::null()) };
        assert_eq!(ok(null), Err(SAR_INVALIDPARAMERR));
        let mut zero = blob;
        zero.private_key = [0; 64];
        let refused = filled::<EccSignatureBlob>(|out| unsafe { SKF_ExtECCSign(device, &zero, E.as_ptr(), 32, out) });
        assert_eq!(refused.err(), Some(SAR_INDATAERR));
        assert_eq!(ok(unsafe { SKF_ECCVerify(NOWHERE, &public, E.as_ptr(), 32, &good) }), Err(SAR_INVALIDHANDLEERR));
    });
}

fn encrypt(device: *mut c_void, key: &EccPublicKeyBlob, plain: &[u8]) -> Result<Vec<u8>, u32> {
    let mut blob = vec![0xAA; Cipher::blob_len(plain.len(), WIDTH) + 1];
    ok(unsafe { SKF_ExtECCEncrypt(device, key, plain.as_ptr(), len(plain), blob.as_mut_ptr().cast()) })?;
    assert_eq!(blob.pop(), Some(0xAA), "written beyond the ciphertext");
    Ok(blob)
}

#[test]
fn messages_are_encrypted_and_decrypted_with_keys_of_the_host() {
    isolated(|| {
        let stage = stage();
        stage.key_of("key", "standard", &[("device.max-ecc-buffer", "100")]);
        let device = connect("key").unwrap();
        let private = sm2::PrivateKey::generate().unwrap();
        let (public, key) = (private.public().to_blob(), private.to_blob());
        let decrypt =
            |blob: &[u8]| output(|out, len| unsafe { SKF_ExtECCDecrypt(device, &key, blob.as_ptr().cast(), out, len) });
        for size in [1, 31, 32, 33, 100] {
            let message: Vec<u8> = (0..size).collect();
            let blob = encrypt(device, &public, &message).unwrap();
            assert_eq!(*private.decrypt(&Cipher::from_blob(&blob, WIDTH).unwrap()).unwrap(), message);
            assert_eq!(decrypt(&blob), Ok(message));
        }
        assert_eq!(encrypt(device, &public, &[]).err(), Some(SAR_INDATALENERR));
        assert_eq!(encrypt(device, &public, &[0; 101]).err(), Some(SAR_INDATALENERR));
        assert_eq!(decrypt(&cipher_blob(&private.public().encrypt(&[0; 101]).unwrap())), Err(SAR_INDATALENERR));

        let cipher = private.public().encrypt(b"message").unwrap();
        let blob = cipher_blob(&cipher);
        let mut small = [0xAA_u8; 6];
        let mut room: ULONG = 6;
        let code = unsafe { SKF_ExtECCDecrypt(device, &key, blob.as_ptr().cast(), small.as_mut_ptr(), &mut room) };
        assert_eq!((ok(code), room, small), (Err(SAR_BUFFER_TOO_SMALL), 7, [0xAA; 6]));
        let mut changed = cipher.clone();
        changed.data[0] ^= 1;
        assert_eq!(decrypt(&cipher_blob(&changed)), Err(SAR_FAIL));
        let mut off_curve = cipher;
        off_curve.x[31] ^= 1;
        assert_eq!(decrypt(&cipher_blob(&off_curve)), Err(SAR_INDATAERR));
    });
}

#[test]
fn numbers_and_codes_are_those_of_the_product() {
    isolated(|| {
        let stage = stage();
        let options = &[
            ("functions.sm2-family", "b"),
            ("errors.sm2-id", "SAR_NOTSUPPORTYETERR"),
            ("errors.verify-failed", "0x0B000001"),
            ("errors.ecc-failed", "0x0B000038"),
            ("errors.signing-key-missing", "SAR_FILE_NOT_EXIST"),
            ("errors.container-kind", "0x0B000059"),
        ];
        let key = stage.key_of("key", "standard", options);
        let (device, application) = open("key");
        log_in(application);
        let container = container(application, BOX);
        assert_eq!(generate(container, SIGN).err(), Some(SAR_NOTSUPPORTYETERR));
        assert_eq!(sign(container, &E).err(), Some(SAR_FILE_NOT_EXIST));
        let public = generate(container, 0x0002_0200).unwrap();
        let signature = sign(container, &E).unwrap();
        assert_eq!(verify(device, &public, &[0; 32], &signature), Err(0x0B00_0001));
        let (one, other) = (sm2::PrivateKey::generate().unwrap(), sm2::PrivateKey::generate().unwrap());
        let (blob, wrong) = (cipher_blob(&one.public().encrypt(b"message").unwrap()), other.to_blob());
        let plain = output(|out, len| unsafe { SKF_ExtECCDecrypt(device, &wrong, blob.as_ptr().cast(), out, len) });
        assert_eq!(plain, Err(0x0B00_0038));
        let rsa = pairs::container(application, "rsa");
        put_rsa(&key, "rsa", Usage::Signing, 1024);
        assert_eq!(generate(rsa, 0x0002_0200).err(), Some(0x0B00_0059));
    });
}
