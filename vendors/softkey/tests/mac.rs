//! MACs as a host sees them: values, pieces, lengths, order of calls.
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

const PLAIN: &str = "aaaaaaaabbbbbbbbccccccccddddddddeeeeeeeeffffffffaaaaaaaabbbbbbbb";
/// The last block of the CBC example of draft-ribose-cfrg-sm4, appendix A.2.
const VALUE_OF_PLAIN: &str = "4cb7016951909226979b0d15dc6a8f6d";

fn init(key: *mut c_void, parameter: &BLOCKCIPHERPARAM) -> Result<*mut c_void, u32> {
    handle(|out| unsafe { SKF_MacInit(key, parameter, out) })
}

fn whole(mac: *mut c_void, data: &[u8]) -> Result<Vec<u8>, u32> {
    output(|out, size| unsafe { SKF_Mac(mac, data.as_ptr(), len(data), out, size) })
}

fn update(mac: *mut c_void, data: &[u8]) -> Result<(), u32> {
    ok(unsafe { SKF_MacUpdate(mac, data.as_ptr(), len(data)) })
}

fn last(mac: *mut c_void) -> Result<Vec<u8>, u32> {
    output(|out, size| unsafe { SKF_MacFinal(mac, out, size) })
}

#[test]
fn a_mac_is_the_last_block_of_cbc() {
    isolated(|| {
        let stage = stage();
        stage.key("key");
        let device = connect("key").unwrap();
        let plain = unhex(PLAIN);
        for alg in [MAC, ECB, CBC] {
            let key = set_key(device, &VALUE, alg).unwrap();
            assert_eq!(whole(init(key, &parameter(&IV, 0)).unwrap(), &plain), Ok(unhex(VALUE_OF_PLAIN)));
        }
        let key = set_key(device, &VALUE, MAC).unwrap();
        for piece in [1, 7, 16, 31] {
            let mac = init(key, &parameter(&IV, 0)).unwrap();
            for piece in plain.chunks(piece) {
                assert_eq!(update(mac, piece), Ok(()));
            }
            assert_eq!(last(mac), Ok(unhex(VALUE_OF_PLAIN)));
        }
        // The rest by Mac; the key's handle may be gone.
        let mac = init(key, &parameter(&IV, 0)).unwrap();
        assert_eq!((update(mac, &plain[..3]), close(key)), (Ok(()), Ok(())));
        assert_eq!(whole(mac, &plain[3..]), Ok(unhex(VALUE_OF_PLAIN)));

        // No IV is a zero IV; with padding any length will do.
        let cipher = set_key(device, &VALUE, CBC).unwrap();
        let of = |parameter, data: &[u8]| whole(init(cipher, &parameter).unwrap(), data);
        assert_eq!(of(parameter(&[], 0), &plain), of(parameter(&[0; 16], 0), &plain));
        for size in [0, 5, 16] {
            let padded = encrypt(cipher, parameter(&IV, 1), &plain[..size]).unwrap();
            assert_eq!(of(parameter(&IV, 1), &plain[..size]).as_deref(), Ok(&padded[padded.len() - 16..]));
        }
    });
}

#[test]
fn calls_come_in_order_and_what_fails_changes_nothing() {
    isolated(|| {
        let stage = stage();
        stage.key_of("key", "standard", &[("device.max-buffer", "64")]);
        let device = connect("key").unwrap();
        let key = set_key(device, &VALUE, MAC).unwrap();
        let plain = unhex(PLAIN);
        let mac = init(key, &parameter(&IV, 0)).unwrap();
        let mut size: ULONG = 15;
        assert_eq!((update(mac, &[1; 65]), whole(mac, &[1; 65])), (Err(SAR_INDATALENERR), Err(SAR_INDATALENERR)));
        assert_eq!(update(mac, &plain[..20]), Ok(()));
        assert_eq!((last(mac), whole(mac, &plain[20..31])), (Err(SAR_INDATALENERR), Err(SAR_INDATALENERR)));
        let mut room = [0xAA_u8; 16];
        let mut call = |out, size: &mut ULONG| ok(unsafe { SKF_Mac(mac, plain[20..].as_ptr(), 12, out, size) });
        assert_eq!((call(room.as_mut_ptr(), &mut size), size), (Err(SAR_BUFFER_TOO_SMALL), 16));
        assert_eq!((call(std::ptr::null_mut(), &mut size), size, room), (Ok(()), 16, [0xAA; 16]));
        assert_eq!((call(room.as_mut_ptr(), &mut size), room.to_vec()), (Ok(()), unhex(VALUE_OF_PLAIN)));
        assert_eq!((update(mac, &plain), last(mac)), (Err(SAR_NOTINITIALIZEERR), Err(SAR_NOTINITIALIZEERR)));
        assert_eq!((whole(mac, &plain), close(mac), last(mac)), (Err(SAR_NOTINITIALIZEERR), Ok(()), Err(SAR_INVALIDHANDLEERR)));

        assert_eq!(init(key, &parameter(&IV[..8], 0)), Err(SAR_INVALIDPARAMERR));
        assert_eq!(handle(|out| unsafe { SKF_MacInit(key, std::ptr::null(), out) }), Err(SAR_INVALIDPARAMERR));
        assert_eq!(init(device, &parameter(&IV, 0)), Err(SAR_INVALIDHANDLEERR));
        assert_eq!(update(key, &plain), Err(SAR_INVALIDHANDLEERR));
    });
}
