//! Encryption and decryption with session keys as a host sees them: modes, pieces, padding, lengths, order of calls.
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

use std::ffi::c_void;

use keys::*;
use stage::*;
use ukeyhub_artefacts::isolated;
use ukeyhub_softkey::entry::*;
use ukeyhub_softkey::views::{BLOCKCIPHERPARAM, ULONG};

/// Two blocks, as in draft-ribose-cfrg-sm4, appendix A.2.
const PLAIN: &str = "aaaaaaaabbbbbbbbccccccccddddddddeeeeeeeeffffffffaaaaaaaabbbbbbbb";

fn encrypt_init(key: *mut c_void, parameter: BLOCKCIPHERPARAM) -> Result<(), u32> {
    ok(unsafe { SKF_EncryptInit(key, parameter) })
}

fn decrypt_init(key: *mut c_void, parameter: BLOCKCIPHERPARAM) -> Result<(), u32> {
    ok(unsafe { SKF_DecryptInit(key, parameter) })
}

/// All bytes that update and final give, in pieces of this size.
fn in_pieces(
    data: &[u8],
    piece: usize,
    update: impl Fn(&[u8], *mut u8, *mut ULONG) -> ULONG,
    last: impl Fn(*mut u8, *mut ULONG) -> ULONG,
) -> Result<Vec<u8>, u32> {
    let mut all = Vec::new();
    for piece in data.chunks(piece) {
        all.extend(output(|out, size| update(piece, out, size))?);
    }
    all.extend(output(last)?);
    Ok(all)
}

fn encrypt_pieces(key: *mut c_void, parameter: BLOCKCIPHERPARAM, data: &[u8], piece: usize) -> Result<Vec<u8>, u32> {
    encrypt_init(key, parameter)?;
    let update = |piece: &[u8], out, size| unsafe { SKF_EncryptUpdate(key, piece.as_ptr(), len(piece), out, size) };
    in_pieces(data, piece, update, |out, size| unsafe { SKF_EncryptFinal(key, out, size) })
}

fn decrypt_pieces(key: *mut c_void, parameter: BLOCKCIPHERPARAM, data: &[u8], piece: usize) -> Result<Vec<u8>, u32> {
    decrypt_init(key, parameter)?;
    let update = |piece: &[u8], out, size| unsafe { SKF_DecryptUpdate(key, piece.as_ptr(), len(piece), out, size) };
    in_pieces(data, piece, update, |out, size| unsafe { SKF_DecryptFinal(key, out, size) })
}

#[test]
fn modes_give_the_published_values_whole_and_in_pieces() {
    isolated(|| {
        let stage = stage();
        stage.key("key");
        let device = connect("key").unwrap();
        let plain = unhex(PLAIN);
        let values = [
            (ECB, "5ec8143de509cff7b5179f8f474b86192f1d305a7fb17df985f81c8482192304"),
            (CBC, "78ebb11cc40b0a48312aaeb2040244cb4cb7016951909226979b0d15dc6a8f6d"),
            (CFB, "ac3236cb861dd316e6413b4e3c7524b769d4c54ed433b9a0346009beb37b2b3f"),
            (OFB, "ac3236cb861dd316e6413b4e3c7524b71d01aca2487ca582cbf5463e6698539b"),
        ];
        for (alg, value) in values {
            let key = set_key(device, &VALUE, alg).unwrap();
            let iv: &[u8] = if alg == ECB { &[] } else { &IV };
            let parameter = parameter(iv, 0);
            let cipher = unhex(value);
            assert_eq!(encrypt(key, parameter, &plain), Ok(cipher.clone()), "{alg:x}");
            assert_eq!(decrypt(key, parameter, &cipher), Ok(plain.clone()), "{alg:x}");
            for piece in [1, 5, 16, 17, 32] {
                assert_eq!(encrypt_pieces(key, parameter, &plain, piece), Ok(cipher.clone()), "{alg:x}");
                assert_eq!(decrypt_pieces(key, parameter, &cipher, piece), Ok(plain.clone()), "{alg:x}");
            }
        }
    });
}

#[test]
fn padding_fills_the_last_block_and_is_checked() {
    isolated(|| {
        let stage = stage();
        stage.key("key");
        let device = connect("key").unwrap();
        let key = set_key(device, &VALUE, CBC).unwrap();
        let padded = parameter(&IV, 1);
        for size in 0..34_usize {
            let data: Vec<u8> = (0..size).map(|byte| byte as u8).collect();
            let cipher = encrypt(key, padded, &data).unwrap();
            assert_eq!(cipher.len(), size / 16 * 16 + 16);
            assert_eq!(decrypt(key, padded, &cipher), Ok(data.clone()));
            assert_eq!(encrypt_pieces(key, padded, &data, 7), Ok(cipher.clone()));
            assert_eq!(decrypt_pieces(key, padded, &cipher, 7), Ok(data));
        }
        // Encrypted without padding, the last byte of the plaintext is no padding.
        let cipher = encrypt(key, parameter(&IV, 0), &[0; 16]).unwrap();
        assert_eq!(decrypt(key, padded, &cipher), Err(SAR_DECRYPTPADERR));
        assert_eq!(decrypt(key, padded, &[]), Err(SAR_INDATALENERR));
        assert_eq!(decrypt(key, padded, &cipher[1..]), Err(SAR_INDATALENERR));
        assert_eq!(encrypt(key, parameter(&IV, 0), &[0; 15]), Err(SAR_INDATALENERR));
    });
}

#[test]
fn asking_and_too_little_room_change_nothing() {
    isolated(|| {
        let stage = stage();
        stage.key("key");
        let device = connect("key").unwrap();
        let key = set_key(device, &VALUE, CBC).unwrap();
        let expected = encrypt(key, parameter(&IV, 1), &[5; 40]).unwrap();
        encrypt_init(key, parameter(&IV, 1)).unwrap();
        let mut got = Vec::new();
        let update = |out, size: &mut ULONG| ok(unsafe { SKF_EncryptUpdate(key, [5; 20].as_ptr(), 20, out, size) });
        for told in [16, 16] {
            let (mut small, mut size): (_, ULONG) = ([0xAA_u8; 32], 15);
            assert_eq!(update(small.as_mut_ptr(), &mut size), Err(SAR_BUFFER_TOO_SMALL));
            assert_eq!((small, size), ([0xAA; 32], told));
            assert_eq!((update(std::ptr::null_mut(), &mut size), size), (Ok(()), told));
            assert_eq!((update(small.as_mut_ptr(), &mut size), size), (Ok(()), told));
            assert_eq!(small[16..], [0xAA; 16]);
            got.extend(&small[..16]);
        }
        let last = |out, size: &mut ULONG| ok(unsafe { SKF_EncryptFinal(key, out, size) });
        let (mut small, mut size): (_, ULONG) = ([0xAA_u8; 16], 15);
        assert_eq!((last(small.as_mut_ptr(), &mut size), size), (Err(SAR_BUFFER_TOO_SMALL), 16));
        assert_eq!((last(std::ptr::null_mut(), &mut size), size), (Ok(()), 16));
        assert_eq!((last(small.as_mut_ptr(), &mut size), size), (Ok(()), 16));
        got.extend(&small);
        assert_eq!(got, expected);
        assert_eq!(last(small.as_mut_ptr(), &mut size), Err(SAR_NOTINITIALIZEERR));

        // The same for Decrypt, which knows the length of the plaintext beforehand.
        decrypt_init(key, parameter(&IV, 1)).unwrap();
        let whole = |out, size: &mut ULONG| ok(unsafe { SKF_Decrypt(key, expected.as_ptr(), 48, out, size) });
        let (mut room, mut size): (_, ULONG) = ([0xAA_u8; 40], 39);
        assert_eq!((whole(room.as_mut_ptr(), &mut size), size), (Err(SAR_BUFFER_TOO_SMALL), 40));
        assert_eq!(room, [0xAA; 40]);
        assert_eq!((whole(std::ptr::null_mut(), &mut size), size), (Ok(()), 40));
        assert_eq!((whole(room.as_mut_ptr(), &mut size), room), (Ok(()), [5; 40]));
        assert_eq!(whole(room.as_mut_ptr(), &mut size), Err(SAR_NOTINITIALIZEERR));
        assert_eq!(whole(room.as_mut_ptr(), &mut size), Err(SAR_NOTINITIALIZEERR));
        let null = unsafe { SKF_Encrypt(key, room.as_ptr(), 40, room.as_mut_ptr(), std::ptr::null_mut()) };
        assert_eq!(ok(null), Err(SAR_INVALIDPARAMERR));
        let null = unsafe { SKF_Encrypt(key, std::ptr::null(), 40, room.as_mut_ptr(), &mut size) };
        assert_eq!(ok(null), Err(SAR_INVALIDPARAMERR));
    });
}

#[test]
fn calls_come_in_order() {
    isolated(|| {
        let stage = stage();
        stage.key_of("key", "standard", &[("device.max-buffer", "64")]);
        let device = connect("key").unwrap();
        let key = set_key(device, &VALUE, CBC).unwrap();
        let plain = parameter(&IV, 0);
        let data = [3_u8; 65];
        let mut room = [0_u8; 128];
        let mut call = |which: u8, data: &[u8]| {
            let (at, len, out, mut size): (_, _, _, ULONG) = (data.as_ptr(), len(data), room.as_mut_ptr(), 128);
            ok(match which {
                0 => unsafe { SKF_Encrypt(key, at, len, out, &mut size) },
                1 => unsafe { SKF_EncryptUpdate(key, at, len, out, &mut size) },
                2 => unsafe { SKF_EncryptFinal(key, out, &mut size) },
                3 => unsafe { SKF_Decrypt(key, at, len, out, &mut size) },
                4 => unsafe { SKF_DecryptUpdate(key, at, len, out, &mut size) },
                _ => unsafe { SKF_DecryptFinal(key, out, &mut size) },
            })
        };
        for which in 0..6 {
            assert_eq!(call(which, &data[..16]), Err(SAR_NOTINITIALIZEERR), "{which}");
        }
        // The two directions do not disturb each other.
        assert_eq!(encrypt_init(key, plain), Ok(()));
        assert_eq!(call(4, &data[..16]), Err(SAR_NOTINITIALIZEERR));
        assert_eq!(decrypt_init(key, plain), Ok(()));
        assert_eq!(call(1, &data[..15]), Ok(()));
        assert_eq!(call(4, &data[..32]), Ok(()));
        // An end that fails ends nothing: one byte is still missing.
        assert_eq!(call(2, &[]), Err(SAR_INDATALENERR));
        assert_eq!(call(0, &data[..2]), Err(SAR_INDATALENERR));
        assert_eq!(call(0, &data[..1]), Ok(()));
        assert_eq!(call(2, &[]), Err(SAR_NOTINITIALIZEERR));
        assert_eq!((call(5, &[]), call(5, &[])), (Ok(()), Err(SAR_NOTINITIALIZEERR)));

        // A new Init forgets what the first one held.
        assert_eq!((encrypt_init(key, plain), call(1, &data[..3])), (Ok(()), Ok(())));
        assert_eq!((encrypt_init(key, plain), call(2, &[])), (Ok(()), Ok(())));

        // More than DEVINFO says the device takes.
        assert_eq!(encrypt_init(key, parameter(&IV, 1)), Ok(()));
        assert_eq!((call(1, &data), call(0, &data)), (Err(SAR_INDATALENERR), Err(SAR_INDATALENERR)));
        assert_eq!((call(1, &data[..64]), call(0, &data[..64])), (Ok(()), Ok(())));

        for bad in [parameter(&IV[..15], 0), parameter(&[], 0), parameter(&IV, 2)] {
            assert_eq!(encrypt_init(key, bad), Err(SAR_INVALIDPARAMERR));
            assert_eq!(decrypt_init(key, bad), Err(SAR_INVALIDPARAMERR));
        }
        let mut long = plain;
        long.iv_len = 33;
        assert_eq!(encrypt_init(key, long), Err(SAR_INVALIDPARAMERR));
        let mac = set_key(device, &VALUE, MAC).unwrap();
        assert_eq!(encrypt_init(mac, plain), Err(SAR_KEYUSAGEERR));
        assert_eq!(encrypt_init(device, plain), Err(SAR_INVALIDHANDLEERR));
    });
}

#[test]
fn encryption_in_place_reads_before_it_writes() {
    isolated(|| {
        let stage = stage();
        stage.key("key");
        let key = set_key(connect("key").unwrap(), &VALUE, ECB).unwrap();
        let mut buffer = [0_u8; 33];
        buffer[..32].copy_from_slice(&unhex(PLAIN));
        encrypt_init(key, parameter(&[], 0)).unwrap();
        let (at, mut size): (_, ULONG) = (buffer.as_mut_ptr(), 32);
        assert_eq!(ok(unsafe { SKF_Encrypt(key, at, 32, at.add(1), &mut size) }), Ok(()));
        assert_eq!(buffer[1..], unhex("5ec8143de509cff7b5179f8f474b86192f1d305a7fb17df985f81c8482192304"));
    });
}
