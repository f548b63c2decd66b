//! Session keys as a host sees them: set, exported, imported, closed.
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

mod keys;
mod stage;

use std::cell::Cell;
use std::ffi::c_void;

use keys::*;
use skf_sys::{EccPublicKeyBlob, RsaPublicKeyBlob};
use stage::*;
use ukeyhub_artefacts::isolated;
use ukeyhub_softkey::crypto::encryption::Cipher;
use ukeyhub_softkey::entry::*;
use ukeyhub_softkey::store::Usage;
use ukeyhub_softkey::views::{ULONG, WIDTH, ulong};

const PLAIN: &[u8] = b"sixteen bytes ..";

fn import(container: *mut c_void, alg: u32, wrapped: &[u8]) -> Result<*mut c_void, u32> {
    handle(|out| unsafe { SKF_ImportSessionKey(container, ulong(alg), wrapped.as_ptr(), len(wrapped), out) })
}

fn export_ecc(container: *mut c_void, alg: u32, key: &EccPublicKeyBlob) -> Result<(Vec<u8>, *mut c_void), u32> {
    let mut wrapped = vec![0xAA_u8; Cipher::blob_len(16, WIDTH)];
    let key = handle(|out| unsafe {
        SKF_ECCExportSessionKey(container, ulong(alg), key, wrapped.as_mut_ptr().cast(), out)
    })?;
    Ok((wrapped, key))
}

fn export_rsa(container: *mut c_void, alg: u32, key: &RsaPublicKeyBlob) -> Result<(Vec<u8>, *mut c_void), u32> {
    let made = Cell::new(NOWHERE);
    let wrapped = output(|out, size| unsafe {
        SKF_RSAExportSessionKey(container, ulong(alg), key, out, size, made.as_ptr())
    })?;
    Ok((wrapped, made.get()))
}

#[test]
fn a_key_in_the_clear_encrypts_as_its_number_says() {
    isolated(|| {
        let stage = stage();
        stage.key("key");
        let device = connect("key").unwrap();
        // GB/T 32907, A.1
        let key = set_key(device, &VALUE, ECB).unwrap();
        assert_eq!(
            encrypt(key, parameter(&[], 0), &VALUE).unwrap(),
            unhex("681edf34d206965e86b3e94f536e4246")
        );
        // SM1, SSF33, ZUC and nonsense
        for alg in [0x101, 0x102, 0x201, 0x801, 0, 0x400, 0x403, 0xFFFF_FFFF] {
            assert_eq!(set_key(device, &VALUE, alg), Err(SAR_NOTSUPPORTYETERR), "{alg:x}");
        }
        let null = handle(|out| unsafe { SKF_SetSymmKey(device, std::ptr::null(), ulong(ECB), out) });
        assert_eq!(null, Err(SAR_INVALIDPARAMERR));
        let nowhere = unsafe { SKF_SetSymmKey(device, VALUE.as_ptr(), ulong(ECB), std::ptr::null_mut()) };
        assert_eq!(ok(nowhere), Err(SAR_INVALIDPARAMERR));
        assert_eq!(set_key(key, &VALUE, ECB), Err(SAR_INVALIDHANDLEERR));
    });
}

#[test]
fn a_wrapped_sm2_key_comes_back_by_the_encryption_pair() {
    isolated(|| {
        let stage = stage();
        let key = stage.key("key");
        let (device, application) = open("key");
        log_in(application);
        let container = create_container(application, "box");
        assert_eq!(import(container, ECB, &[0; 180]), Err(SAR_KEYNOTFOUNTERR));
        let signing = put_sm2(&key, "box", Usage::Signing).to_blob();
        assert_eq!(import(container, ECB, &[0; 180]), Err(SAR_KEYNOTFOUNTERR));
        let encryption = put_sm2(&key, "box", Usage::Encryption).to_blob();

        let (wrapped, made) = export_ecc(container, CBC, &encryption).unwrap();
        let taken = import(container, CBC, &wrapped).unwrap();
        let parameter = parameter(&IV, 1);
        let cipher = encrypt(made, parameter, b"any length").unwrap();
        assert_eq!(decrypt(taken, parameter, &cipher).unwrap(), b"any length");
        // Each is a new one.
        let (_, other) = export_ecc(container, CBC, &encryption).unwrap();
        assert_ne!(encrypt(other, parameter, b"any length").unwrap(), cipher);

        // What is for the signing pair, or changed, or cut, or no key, is refused.
        let (for_signing, _) = export_ecc(container, ECB, &signing).unwrap();
        assert_eq!(import(container, ECB, &for_signing), Err(SAR_FAIL));
        let mut changed = wrapped.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert_eq!(import(container, ECB, &changed), Err(SAR_FAIL));
        changed[63] ^= 1;
        assert_eq!(import(container, ECB, &changed), Err(SAR_INDATAERR));
        assert_eq!(import(container, ECB, &wrapped[..wrapped.len() - 1]), Err(SAR_INDATALENERR));
        assert_eq!(import(container, ECB, &[]), Err(SAR_INDATALENERR));
        let public = ukeyhub_softkey::crypto::sm2::PublicKey::from_blob(&encryption).unwrap();
        for bytes in [15, 17] {
            let no_key = public.encrypt(&vec![7; bytes]).unwrap().to_blob(WIDTH).unwrap();
            assert_eq!(import(container, ECB, &no_key), Err(SAR_INDATALENERR));
        }
        assert_eq!(import(container, 0x101, &wrapped), Err(SAR_NOTSUPPORTYETERR));
        assert_eq!(export_ecc(container, 0x201, &encryption).err(), Some(SAR_NOTSUPPORTYETERR));
        let mut off_curve = encryption;
        off_curve.y_coordinate[63] ^= 1;
        assert_eq!(export_ecc(container, ECB, &off_curve).err(), Some(SAR_INDATAERR));
        assert_eq!(import(device, ECB, &wrapped), Err(SAR_INVALIDHANDLEERR));

        // To import takes a login, to export does not.
        assert_eq!(ok(unsafe { SKF_ClearSecureState(application) }), Ok(()));
        assert_eq!(import(container, CBC, &wrapped), Err(SAR_USER_NOT_LOGGED_IN));
        assert!(export_ecc(container, CBC, &encryption).is_ok());
    });
}

#[test]
fn a_wrapped_rsa_key_comes_back_by_the_encryption_pair() {
    isolated(|| {
        let stage = stage();
        let key = stage.key("key");
        let (_, application) = open("key");
        log_in(application);
        let container = create_container(application, "box");
        let public = put_rsa(&key, "box", Usage::Encryption);
        let blob = public.to_blob().unwrap();
        let (wrapped, made) = export_rsa(container, ECB, &blob).unwrap();
        assert_eq!(wrapped.len(), 256);
        let taken = import(container, ECB, &wrapped).unwrap();
        let cipher = encrypt(made, parameter(&[], 0), PLAIN).unwrap();
        assert_eq!(decrypt(taken, parameter(&[], 0), &cipher).unwrap(), PLAIN);

        // Asking for the length, or too little room, makes no key.
        for (mut buffer, code) in [(None, Ok(())), (Some([0xAA; 255]), Err(SAR_BUFFER_TOO_SMALL))] {
            let (mut size, mut made): (ULONG, _) = (255, NOWHERE);
            let at = buffer.as_mut().map_or(std::ptr::null_mut(), |buffer| buffer.as_mut_ptr());
            let answer = unsafe { SKF_RSAExportSessionKey(container, ulong(ECB), &blob, at, &mut size, &mut made) };
            assert_eq!((ok(answer), size, made), (code, 256, NOWHERE));
            assert!(buffer.is_none_or(|buffer| buffer == [0xAA; 255]));
        }

        assert_eq!(import(container, ECB, &wrapped[1..]), Err(SAR_INDATALENERR));
        assert_eq!(import(container, ECB, &[0xFF; 256]), Err(SAR_INDATAERR));
        // A block that is no wrapped key: 1 to the power of d is 1, which is no block of type 2.
        let mut one = [0; 256];
        one[255] = 1;
        assert_eq!(import(container, ECB, &one), Err(SAR_DECRYPTPADERR));
        let no_key = public.encrypt(&[7; 17]).unwrap();
        assert_eq!(import(container, ECB, &no_key), Err(SAR_INDATALENERR));
        let mut bad = blob;
        bad.bit_len = 512;
        assert_eq!(export_rsa(container, ECB, &bad).err(), Some(SAR_RSAMODULUSLENERR));
        assert_eq!(export_rsa(container, 0x101, &blob).err(), Some(SAR_NOTSUPPORTYETERR));
        assert_eq!(ok(unsafe { SKF_ClearSecureState(application) }), Ok(()));
        assert_eq!(import(container, ECB, &wrapped), Err(SAR_USER_NOT_LOGGED_IN));
        assert!(export_rsa(container, ECB, &blob).is_ok());
    });
}

#[test]
fn objects_end_by_close_handle_or_with_their_connection() {
    isolated(|| {
        let stage = stage();
        let key = stage.key("key");
        let (device, application) = open("key");
        log_in(application);
        let container = create_container(application, "box");
        let public = put_sm2(&key, "box", Usage::Encryption).to_blob();
        for wrong in [device, application, container, NOWHERE] {
            assert_eq!(close(wrong), Err(SAR_INVALIDHANDLEERR));
        }
        let init = |key| ok(unsafe { SKF_EncryptInit(key, parameter(&[], 0)) });
        let first = set_key(device, &VALUE, ECB).unwrap();
        let second = set_key(device, &VALUE, ECB).unwrap();
        assert_ne!(first, second);
        assert_eq!(close(first), Ok(()));
        assert_eq!((close(first), init(first), init(second)), (Err(SAR_INVALIDHANDLEERR), Err(SAR_INVALIDHANDLEERR), Ok(())));

        // A key outlives the container it came through, but not the connection.
        let (_, exported) = export_ecc(container, ECB, &public).unwrap();
        assert_eq!(ok(unsafe { SKF_CloseContainer(container) }), Ok(()));
        assert_eq!(ok(unsafe { SKF_CloseApplication(application) }), Ok(()));
        assert_eq!(init(exported), Ok(()));
        let (other, _) = open("key");
        let elsewhere = set_key(other, &VALUE, ECB).unwrap();
        assert_eq!(ok(unsafe { SKF_DisConnectDev(device) }), Ok(()));
        assert_eq!((init(exported), init(second)), (Err(SAR_INVALIDHANDLEERR), Err(SAR_INVALIDHANDLEERR)));
        assert_eq!(init(elsewhere), Ok(()));

        // With the key gone, nothing works, and all can be closed.
        stage.unplug("key");
        assert_eq!(init(elsewhere), Err(SAR_DEVICE_REMOVED));
        assert_eq!(close(elsewhere), Ok(()));
    });
}
