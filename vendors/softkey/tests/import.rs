//! Import of wrapped encryption pairs as a host sees it.
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
use skf_sys::constants::*;
use stage::*;
use ukeyhub_artefacts::isolated;
use ukeyhub_softkey::crypto::block::{Direction, Mode, Padding, Parameters, Stream};
use ukeyhub_softkey::crypto::sm2;
use ukeyhub_softkey::entry::*;
use ukeyhub_softkey::store::Usage;
use ukeyhub_softkey::views::{ULONG, bytes_of, ulong};

const SESSION: [u8; 16] = *b"a session's key.";

fn sm4(plain: &[u8], padding: Padding) -> Vec<u8> {
    let parameters = Parameters { iv: Vec::new(), padding, feed_bits: 0 };
    Stream::new(&SESSION, Mode::Ecb, Direction::Encrypt, &parameters).unwrap().whole(plain).unwrap()
}

/// What a CA puts into an envelope, each part to be spoilt.
struct Parts {
    version: u32,
    algorithm: u32,
    bits: u32,
    field: [u8; 64],
    public: Vec<u8>,
    wrapped: Vec<u8>,
}

impl Parts {
    /// The pair for the holder of the signing key, its last 32 bytes encrypted or the whole field.
    fn new(signing: &sm2::PublicKey, private: &sm2::PrivateKey, is_whole: bool) -> Parts {
        let mut field = [0; 64];
        field[32..].copy_from_slice(private.to_bytes().as_slice());
        let start = if is_whole { 0 } else { 32 };
        let encrypted = sm4(&field[start..], Padding::None);
        field[start..].copy_from_slice(&encrypted);
        Parts {
            version: 1,
            algorithm: SGD_SM4_ECB,
            bits: 256,
            field,
            public: bytes_of(&private.public().to_blob()),
            wrapped: cipher_blob(&signing.encrypt(&SESSION).unwrap()),
        }
    }

    fn import(&self, container: *mut c_void) -> Result<(), u32> {
        let head = [self.version, self.algorithm, self.bits].map(|number| ulong(number).to_ne_bytes());
        let blob = [head.as_flattened(), &self.field, &self.public, &self.wrapped].concat();
        ok(unsafe { SKF_ImportECCKeyPair(container, blob.as_ptr().cast()) })
    }
}

fn exported(container: *mut c_void) -> Result<Vec<u8>, u32> {
    output(|out, len| unsafe { SKF_ExportPublicKey(container, 0, out, len) })
}

#[test]
fn an_sm2_pair_comes_in_either_form() {
    isolated(|| {
        let stage = stage();
        let options = &[("functions.private-decrypt", "SKF_ECCPrvKeyDecrypt/4")];
        let key = stage.key_of("key", "standard", options);
        let (_, application) = open("key");
        log_in(application);
        let container = container(application, BOX);
        let stranger = sm2::PrivateKey::generate().unwrap();
        let unwanted = Parts::new(stranger.public(), &stranger, false);
        assert_eq!(unwanted.import(container), Err(SAR_KEYNOTFOUNTERR));
        let signing = put_sm2(&key, BOX, Usage::Signing);
        for is_whole in [false, true] {
            let private = sm2::PrivateKey::generate().unwrap();
            let parts = Parts::new(signing.public(), &private, is_whole);
            assert_eq!(parts.import(container), Ok(()));
            assert_eq!(exported(container), Ok(bytes_of(&private.public().to_blob())));
            let blob = cipher_blob(&private.public().encrypt(b"to the new key").unwrap());
            let plain = output(|out, len| unsafe { SKF_ECCPrvKeyDecrypt(container, blob.as_ptr().cast(), out, len) });
            assert_eq!(plain.unwrap(), b"to the new key");
        }
        let before = exported(container);
        let good = || Parts::new(signing.public(), &stranger, false);
        assert_eq!(ok(unsafe { SKF_ClearSecureState(application) }), Ok(()));
        assert_eq!(good().import(container), Err(SAR_USER_NOT_LOGGED_IN));
        log_in(application);
        assert_eq!(unwanted.import(container), Err(SAR_FAIL));
        for algorithm in [SGD_SM1_ECB, SGD_SSF33_ECB, SGD_SM4_CBC, 0] {
            assert_eq!(Parts { algorithm, ..good() }.import(container), Err(SAR_NOTSUPPORTYETERR));
        }
        assert_eq!(Parts { version: 2, ..good() }.import(container), Err(SAR_INDATAERR));
        assert_eq!(Parts { bits: 192, ..good() }.import(container), Err(SAR_INDATAERR));
        let other = bytes_of(&signing.public().to_blob());
        assert_eq!(Parts { public: other, ..good() }.import(container), Err(SAR_INDATAERR));
        for at in [0, 31, 32, 63] {
            let mut parts = good();
            parts.field[at] ^= 1;
            assert_eq!(parts.import(container), Err(SAR_INDATAERR), "byte {at}");
        }
        let long_key = cipher_blob(&signing.public().encrypt(&[1; 24]).unwrap());
        assert_eq!(Parts { wrapped: long_key, ..good() }.import(container), Err(SAR_INDATALENERR));
        assert_eq!(ok(unsafe { SKF_ImportECCKeyPair(container, std::ptr::null()) }), Err(SAR_INVALIDPARAMERR));
        assert_eq!(exported(container), before, "a refused pair changes nothing");
        assert_eq!(good().import(container), Ok(()));
        // The signing pair stays.
        let there = output(|out, len| unsafe { SKF_ExportPublicKey(container, 1, out, len) });
        assert_eq!(there, Ok(bytes_of(&signing.public().to_blob())));
    });
}

fn import_rsa(container: *mut c_void, alg: u32, wrapped: &[u8], encrypted: &[u8]) -> Result<(), u32> {
    let (at, count): (_, ULONG) = (encrypted.as_ptr(), len(encrypted));
    ok(unsafe { SKF_ImportRSAKeyPair(container, ulong(alg), wrapped.as_ptr(), len(wrapped), at, count) })
}

#[test]
fn an_rsa_pair_comes_with_any_padding() {
    isolated(|| {
        let stage = stage();
        let key = stage.key_of("key", "standard", &[("functions.private-decrypt", "SKF_RSAPrvKeyDecrypt/5")]);
        let (_, application) = open("key");
        log_in(application);
        let container = container(application, BOX);
        let private = rsa_key(2048);
        let der = private.to_pkcs1_der().unwrap();
        let mut zeros = der.to_vec();
        zeros.resize(der.len().next_multiple_of(16), 0);
        let good = sm4(&der, Padding::Pkcs5);
        assert_eq!(import_rsa(container, SGD_SM4_ECB, &[0; 256], &good), Err(SAR_KEYNOTFOUNTERR));
        let signing = put_rsa(&key, BOX, Usage::Signing, 2048);
        let wrapped = signing.public().encrypt(&SESSION).unwrap();
        for encrypted in [&good, &sm4(&zeros, Padding::None)] {
            assert_eq!(import_rsa(container, SGD_SM4_ECB, &wrapped, encrypted), Ok(()));
            assert_eq!(exported(container), Ok(bytes_of(&private.public().to_blob().unwrap())));
        }
        let cipher = private.public().encrypt(b"to the new key").unwrap();
        let plain =
            output(|out, size| unsafe { SKF_RSAPrvKeyDecrypt(container, cipher.as_ptr(), len(&cipher), out, size) });
        assert_eq!(plain.unwrap(), b"to the new key");

        let before = exported(container);
        for alg in [SGD_SM1_ECB, SGD_SSF33_ECB, SGD_SM4_CBC] {
            assert_eq!(import_rsa(container, alg, &wrapped, &good), Err(SAR_NOTSUPPORTYETERR));
        }
        let no_block = signing.public().raw(&[1; 256]).unwrap();
        assert_eq!(import_rsa(container, SGD_SM4_ECB, &no_block, &good), Err(SAR_DECRYPTPADERR));
        assert_eq!(import_rsa(container, SGD_SM4_ECB, &wrapped[1..], &good), Err(SAR_INDATALENERR));
        assert_eq!(import_rsa(container, SGD_SM4_ECB, &wrapped, &good[1..]), Err(SAR_INDATALENERR));
        assert_eq!(import_rsa(container, SGD_SM4_ECB, &wrapped, &[]), Err(SAR_INDATALENERR));
        assert_eq!(import_rsa(container, SGD_SM4_ECB, &wrapped, &vec![0; 4112]), Err(SAR_INDATALENERR));
        let long_key = signing.public().encrypt(&[1; 24]).unwrap();
        assert_eq!(import_rsa(container, SGD_SM4_ECB, &long_key, &good), Err(SAR_INDATALENERR));
        assert_eq!(import_rsa(container, SGD_SM4_ECB, &wrapped, &good[..good.len() - 32]), Err(SAR_INDATAERR));
        let mut spoilt = good.clone();
        spoilt[100] ^= 1;
        assert_eq!(import_rsa(container, SGD_SM4_ECB, &wrapped, &spoilt), Err(SAR_INDATAERR));
        assert_eq!(exported(container), before, "a refused pair changes nothing");
        assert_eq!(ok(unsafe { SKF_ClearSecureState(application) }), Ok(()));
        assert_eq!(import_rsa(container, SGD_SM4_ECB, &wrapped, &good), Err(SAR_USER_NOT_LOGGED_IN));

        log_in(application);
        let sm2 = pairs::container(application, "sm2");
        let public = *put_sm2(&key, "sm2", Usage::Signing).public();
        assert_eq!(import_rsa(sm2, SGD_SM4_ECB, &wrapped, &good), Err(SAR_KEYINFOTYPEERR));
        let pair = sm2::PrivateKey::generate().unwrap();
        assert_eq!(Parts::new(&public, &pair, false).import(container), Err(SAR_KEYINFOTYPEERR));
        assert_eq!(Parts::new(&public, &pair, false).import(sm2), Ok(()));
    });
}
