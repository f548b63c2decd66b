//! Hashes as a host sees them: published values, the identity prefix, pieces, lengths, order of calls.
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
use skf_sys::EccPublicKeyBlob;
use stage::*;
use ukeyhub_artefacts::isolated;
use ukeyhub_softkey::crypto::sm2;
use ukeyhub_softkey::entry::*;
use ukeyhub_softkey::views::{ULONG, ulong};

const SM3: u32 = 1;
const SM3_ABC: &str = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";

fn init(device: *mut c_void, alg: u32, key: Option<&EccPublicKeyBlob>, id: &[u8]) -> Result<*mut c_void, u32> {
    let key = key.map_or(std::ptr::null(), std::ptr::from_ref);
    handle(|out| unsafe { SKF_DigestInit(device, ulong(alg), key, id.as_ptr(), len(id), out) })
}

fn digest(hash: *mut c_void, data: &[u8]) -> Result<Vec<u8>, u32> {
    output(|out, size| unsafe { SKF_Digest(hash, data.as_ptr(), len(data), out, size) })
}

fn update(hash: *mut c_void, data: &[u8]) -> Result<(), u32> {
    ok(unsafe { SKF_DigestUpdate(hash, data.as_ptr(), len(data)) })
}

fn last(hash: *mut c_void) -> Result<Vec<u8>, u32> {
    output(|out, size| unsafe { SKF_DigestFinal(hash, out, size) })
}

#[test]
fn hashes_give_the_published_values_whole_and_in_pieces() {
    isolated(|| {
        let stage = stage();
        stage.key("key");
        let device = connect("key").unwrap();
        let values = [
            (SM3, SM3_ABC),
            (2, "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (4, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ];
        for (alg, value) in values {
            let hash = init(device, alg, None, &[]).unwrap();
            assert_eq!(digest(hash, b"abc"), Ok(unhex(value)));
            assert_eq!(close(hash), Ok(()));
            let hash = init(device, alg, None, &[]).unwrap();
            let other = init(device, alg, None, &[]).unwrap();
            assert_eq!((update(hash, b"a"), update(other, b"ab"), update(hash, b"")), (Ok(()), Ok(()), Ok(())));
            assert_eq!((update(hash, b"bc"), last(hash)), (Ok(()), Ok(unhex(value))));
            // Digest takes the rest.
            assert_eq!(digest(other, b"c"), Ok(unhex(value)));
        }
        for alg in [0, 3, 8, 0x401] {
            assert_eq!(init(device, alg, None, &[]), Err(SAR_NOTSUPPORTYETERR), "{alg:x}");
        }
    });
}

/// GM/T 0003.5, A.2: key, id, message and e of the signature example.
#[test]
fn with_key_and_id_the_hash_is_what_is_signed() {
    isolated(|| {
        let stage = stage();
        stage.key("key");
        let device = connect("key").unwrap();
        let x = "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020";
        let y = "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13";
        let coordinate = |text: &str| unhex(text).try_into().unwrap();
        let blob = sm2::PublicKey::from_coordinates(coordinate(x), coordinate(y)).unwrap().to_blob();
        let hash = init(device, SM3, Some(&blob), b"1234567812345678").unwrap();
        assert_eq!(
            digest(hash, b"message digest"),
            Ok(unhex("f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640"))
        );
        // Without an id, and for other hashes, there is no prefix, whatever the key says.
        let mut off_curve = blob;
        off_curve.x_coordinate[63] ^= 1;
        for (alg, id, value) in [(SM3, &b""[..], SM3_ABC), (2, b"id", "a9993e364706816aba3e25717850c26c9cd0d89d")] {
            let hash = init(device, alg, Some(&off_curve), id).unwrap();
            assert_eq!(digest(hash, b"abc"), Ok(unhex(value)));
        }
        assert_eq!(init(device, SM3, Some(&off_curve), b"id"), Err(SAR_INDATAERR));
        assert_eq!(init(device, SM3, None, b"id"), Err(SAR_INVALIDPARAMERR));
        assert_eq!(init(device, SM3, Some(&blob), &[0; 8192]), Err(SAR_INVALIDPARAMERR));
    });
}

#[test]
fn asking_and_too_little_room_change_nothing() {
    isolated(|| {
        let stage = stage();
        stage.key_of("key", "standard", &[("device.max-buffer", "64")]);
        let device = connect("key").unwrap();
        let hash = init(device, SM3, None, &[]).unwrap();
        assert_eq!((update(hash, &[1; 65]), update(hash, b"ab")), (Err(SAR_INDATALENERR), Ok(())));
        let (mut room, mut size): (_, ULONG) = ([0xAA_u8; 32], 31);
        let whole = |data: &[u8], out, size: &mut ULONG| ok(unsafe { SKF_Digest(hash, data.as_ptr(), len(data), out, size) });
        assert_eq!((whole(b"c", room.as_mut_ptr(), &mut size), size), (Err(SAR_BUFFER_TOO_SMALL), 32));
        assert_eq!((whole(b"c", std::ptr::null_mut(), &mut size), size), (Ok(()), 32));
        assert_eq!((whole(&[1; 65], room.as_mut_ptr(), &mut size), room), (Err(SAR_INDATALENERR), [0xAA; 32]));
        size = 31;
        assert_eq!(ok(unsafe { SKF_DigestFinal(hash, room.as_mut_ptr(), &mut size) }), Err(SAR_BUFFER_TOO_SMALL));
        assert_eq!((whole(b"c", room.as_mut_ptr(), &mut size), room.to_vec()), (Ok(()), unhex(SM3_ABC)));
        assert_eq!((update(hash, b"a"), last(hash)), (Err(SAR_NOTINITIALIZEERR), Err(SAR_NOTINITIALIZEERR)));
        assert_eq!((digest(hash, b"a"), close(hash)), (Err(SAR_NOTINITIALIZEERR), Ok(())));
        assert_eq!(digest(device, b"a"), Err(SAR_INVALIDHANDLEERR));
        assert_eq!(digest(set_key(device, &VALUE, ECB).unwrap(), b"a"), Err(SAR_INVALIDHANDLEERR));
    });
}
