//! RSA pairs, signatures and raw operations as a host sees them.
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
use skf_sys::{RsaPrivateKeyBlob, RsaPublicKeyBlob};
use stage::*;
use ukeyhub_artefacts::isolated;
use ukeyhub_softkey::crypto::rsa;
use ukeyhub_softkey::entry::*;
use ukeyhub_softkey::store::Usage;
use ukeyhub_softkey::views::{ULONG, bytes_of};

fn generate(container: *mut c_void, bits: ULONG) -> Result<RsaPublicKeyBlob, u32> {
    filled(|out| unsafe { SKF_GenRSAKeyPair(container, bits, out) })
}

fn sign(container: *mut c_void, data: &[u8]) -> Result<Vec<u8>, u32> {
    output(|out, size| unsafe { SKF_RSASignData(container, data.as_ptr(), len(data), out, size) })
}

fn verify(device: *mut c_void, key: &RsaPublicKeyBlob, data: &[u8], signature: &[u8]) -> Result<(), u32> {
    let (data, data_len) = (data.as_ptr(), len(data));
    ok(unsafe { SKF_RSAVerify(device, key, data, data_len, signature.as_ptr(), len(signature)) })
}

#[test]
fn a_signing_pair_is_generated_and_signs() {
    isolated(|| {
        let stage = stage();
        let key = stage.key("key");
        let (device, application) = open("key");
        log_in(application);
        let container = container(application, BOX);
        assert_eq!(sign(container, b"data").err(), Some(SAR_KEYNOTFOUNTERR));
        for wrong in [1024, 2047, 4096, 0] {
            assert_eq!(generate(container, wrong).err(), Some(SAR_RSAMODULUSLENERR));
        }
        let public = generate(container, 2048).unwrap();
        let exported = output(|out, len| unsafe { SKF_ExportPublicKey(container, 1, out, len) });
        assert_eq!(exported, Ok(bytes_of(&public)));
        assert_eq!(({ public.alg_id }, { public.bit_len }, { public.public_exponent }), (0x1_0000, 2048, [0, 1, 0, 1]));
        assert_eq!(number(|kind| unsafe { SKF_GetContainerType(container, kind) }), (Ok(()), 1));
        let signature = sign(container, b"data").unwrap();
        assert_eq!(verify(device, &public, b"data", &signature), Ok(()));
        assert_eq!(verify(device, &public, b"Data", &signature), Err(SAR_FAIL));
        assert_eq!(rsa::PublicKey::from_blob(&public).unwrap().verify(b"data", &signature), Ok(()));
        assert_eq!(ok(unsafe { SKF_ClearSecureState(application) }), Ok(()));
        assert_eq!(generate(container, 2048).err(), Some(SAR_USER_NOT_LOGGED_IN));
        assert_eq!(sign(container, b"data").err(), Some(SAR_USER_NOT_LOGGED_IN));

        log_in(application);
        let sm2 = pairs::container(application, "sm2");
        put_sm2(&key, "sm2", Usage::Signing);
        assert_eq!(generate(sm2, 2048).err(), Some(SAR_KEYINFOTYPEERR));
        assert_eq!(sign(sm2, b"data").err(), Some(SAR_KEYINFOTYPEERR));
    });
}

#[test]
fn what_is_signed_fits_the_key_and_the_signature_the_buffer() {
    isolated(|| {
        let stage = stage();
        let key = stage.key_of("key", "standard", &[("errors.verify-failed", "0x0A00001A")]);
        let (device, application) = open("key");
        log_in(application);
        let container = container(application, BOX);
        for bits in [1024_u32, 2048] {
            let public = put_rsa(&key, BOX, Usage::Signing, bits).public().to_blob().unwrap();
            let size = usize::try_from(bits).unwrap() / 8;
            let longest = vec![7; size - 11];
            let signature = sign(container, &longest).unwrap();
            assert_eq!((signature.len(), verify(device, &public, &longest, &signature)), (size, Ok(())));
            let too_long = vec![7; size - 10];
            assert_eq!(sign(container, &too_long), Err(SAR_INDATALENERR));
            assert_eq!(sign(container, &[]), Err(SAR_INDATALENERR));
            assert_eq!(verify(device, &public, &too_long, &signature), Err(SAR_INDATALENERR));
            assert_eq!(verify(device, &public, &longest, &signature[1..]), Err(SAR_INDATALENERR));
            let mut changed = signature.clone();
            changed[size - 1] ^= 1;
            assert_eq!(verify(device, &public, &longest, &changed), Err(SAR_HASHNOTEQUALERR));
            let mut small = vec![0xAA_u8; size - 1];
            let mut room = len(&small);
            let code = unsafe { SKF_RSASignData(container, longest.as_ptr(), 1, small.as_mut_ptr(), &mut room) };
            assert_eq!((ok(code), room), (Err(SAR_BUFFER_TOO_SMALL), len(&signature)));
            assert!(small.iter().all(|byte| *byte == 0xAA));

            let (mut odd_size, mut other, mut even) = (public, public, public);
            odd_size.bit_len = 1536;
            other.alg_id = 0x0002_0100;
            even.modulus[255] &= 0xFE;
            assert_eq!(verify(device, &odd_size, &longest, &signature), Err(SAR_RSAMODULUSLENERR));
            assert_eq!(verify(device, &other, &longest, &signature), Err(SAR_INDATAERR));
            assert_eq!(verify(device, &even, &longest, &signature), Err(SAR_INDATAERR));
        }
    });
}

#[test]
fn raw_operations_are_each_others_inverse() {
    isolated(|| {
        let stage = stage();
        stage.key("key");
        let device = connect("key").unwrap();
        let generate = |bits| filled::<RsaPrivateKeyBlob>(|out| unsafe { SKF_GenExtRSAKey(device, bits, out) });
        assert_eq!(generate(1024).err(), Some(SAR_RSAMODULUSLENERR));
        let generated = generate(2048).unwrap();
        for private in [generated, rsa_key(1024).to_blob().unwrap()] {
            let public = rsa::PrivateKey::from_blob(&private).unwrap().public();
            let (size, key) = (public.size(), public.to_blob().unwrap());
            let public = |input: &[u8]| {
                let (at, count) = (input.as_ptr(), len(input));
                output(|out, size| unsafe { SKF_ExtRSAPubKeyOperation(device, &key, at, count, out, size) })
            };
            let secret = |input: &[u8]| {
                let (at, count) = (input.as_ptr(), len(input));
                output(|out, size| unsafe { SKF_ExtRSAPriKeyOperation(device, &private, at, count, out, size) })
            };
            let mut number = vec![0x31; size];
            number[0] = 0;
            assert_eq!(public(&secret(&number).unwrap()).unwrap(), number);
            assert_eq!(secret(&public(&number).unwrap()).unwrap(), number);
            assert_eq!((public(&number[1..]), secret(&number[1..])), (Err(SAR_INDATALENERR), Err(SAR_INDATALENERR)));
            let too_great = vec![0xFF; size];
            assert_eq!((public(&too_great), secret(&too_great)), (Err(SAR_INDATAERR), Err(SAR_INDATAERR)));
            let mut small = [0xAA_u8; 100];
            let mut room: ULONG = 100;
            let code = unsafe {
                SKF_ExtRSAPriKeyOperation(
                    device,
                    &private,
                    number.as_ptr(),
                    len(&number),
                    small.as_mut_ptr(),
                    &mut room,
                )
            };
            assert_eq!((ok(code), room, small), (Err(SAR_BUFFER_TOO_SMALL), len(&number), [0xAA; 100]));
            let mut broken = private;
            broken.prime1[127] ^= 4;
            let mut room: ULONG = 256;
            let code = unsafe {
                let null = std::ptr::null_mut();
                SKF_ExtRSAPriKeyOperation(device, &broken, number.as_ptr(), len(&number), null, &mut room)
            };
            assert_eq!(ok(code), Err(SAR_INDATAERR));
        }
    });
}
